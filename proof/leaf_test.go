package proof

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func fullLeaf() Leaf {
	c := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	return Leaf{
		Version: 1, Time: 1_795_449_600_000_000, Action: "reveal", Decision: "allowed", Reason: "gate.no_call", ActorKind: "staff",
		Actor: "stf_1", Role: "agent", Session: "ses_1", Client: "cli_1", Policy: "5f3c", Purpose: "pur_1", Interaction: "itx_1",
		Controller: "ctl_1", Ground: "interaction:itx_1", Channel: "phone", Level: 2, Fields: []string{"phone_mobile", "name"},
		Refused: []string{"nik"}, Count: 3, Ref: "a/b", SubjectCommitment: c(1), DetailCommitment: c(2), SealedCommitment: c(3),
		Covers:   []Cover{{Origin: "dep/main/1", Runs: []Run{{From: 0, Count: 2}, {From: 5, Count: 70000}}}},
		Previous: &Previous{Origin: "dep/main/0", Size: 77, Root: c(4)}, Skew: 5,
	}
}

// The CDDL file and the struct say the same: keys, optionality, names and types.
func TestTheLeafIsTheOneInTheCDDL(t *testing.T) {
	block, _, _ := strings.Cut(CDDL[strings.Index(CDDL, "leaf = {"):], "\n}")
	line := regexp.MustCompile(`(?m)^\s*(\? )?(\d+) => ([^;]+?),\s*; (\w+)`)
	found := map[int]struct {
		optional   bool
		kind, name string
	}{}
	for _, m := range line.FindAllStringSubmatch(block, -1) {
		k, _ := strconv.Atoi(m[2])
		found[k] = struct {
			optional   bool
			kind, name string
		}{m[1] != "", m[3], m[4]}
	}
	types := map[string]string{
		"uint": "int64", "token": "string", "[+ token]": "[]string", "commitment": "[]uint8", "[+ cover]": "[]proof.Cover", "previous": "*proof.Previous", "1": "uint64",
	}
	typ := reflect.TypeFor[Leaf]()
	if typ.NumField() != len(found) {
		t.Errorf("%d fields, %d keys in the CDDL", typ.NumField(), len(found))
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		k, rest, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		n, err := strconv.Atoi(k)
		c, ok := found[n]
		if err != nil || !ok || n != i+1 {
			t.Errorf("%s has key %q", f.Name, k)
			continue
		}
		if c.optional != strings.Contains(rest, "omit") {
			t.Errorf("%s: optional in one and not in the other", f.Name)
		}
		if types[c.kind] != f.Type.String() {
			t.Errorf("%s is %s, the CDDL says %s", f.Name, f.Type, c.kind)
		}
		snake := strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(f.Name, "${1}_$2"))
		if snake != c.name && !strings.Contains(CDDL, "; "+snake) {
			t.Errorf("%s is called %s in the CDDL", f.Name, c.name)
		}
	}
	// The token of the CDDL is the token of the code.
	re := regexp.MustCompile(`^` + regexp.MustCompile(`regexp "(.+)"`).FindStringSubmatch(CDDL)[1] + `$`)
	for c := range 256 {
		if s := string([]byte{byte(c)}); IsToken(s) != re.MatchString(s) {
			t.Errorf("byte %d", c)
		}
	}
	if IsToken("") || IsToken(strings.Repeat("a", 129)) || !IsToken(strings.Repeat("a", 128)) {
		t.Error("length of a token")
	}
}

func TestALeafReadsBackAsItWasWritten(t *testing.T) {
	for _, l := range []Leaf{fullLeaf(), {Version: 1, Action: "a", Decision: "done"}} {
		b, err := l.Append([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseLeaf(b[len("before"):])
		if err != nil || !reflect.DeepEqual(got, l) {
			t.Errorf("%+v\n%+v\n%v", got, l, err)
		}
		var light Leaf
		var tokens texts
		if err := light.parse(b[len("before"):], &tokens, false); err != nil || light.Time != l.Time || light.Fields != nil || string(tokens[keyActor]) != l.Actor {
			t.Errorf("%+v %v", light, err)
		}
	}
}

// A vector for other implementations.
func TestTheEncodingStaysTheSame(t *testing.T) {
	l := Leaf{Version: 1, Time: 1000000, Action: "reveal", Decision: "allowed", Level: 2, Fields: []string{"name"}}
	b, err := l.Append(nil)
	if err != nil || hex.EncodeToString(b) != "a60101021a000f4240036672657665616c0467616c6c6f7765641102128164"+hex.EncodeToString([]byte("name")) {
		t.Errorf("%x %v", b, err)
	}
}

func TestLeavesOutsideTheFormatAreNotWritten(t *testing.T) {
	for name, change := range map[string]func(*Leaf){
		"version":    func(l *Leaf) { l.Version = 2 },
		"time":       func(l *Leaf) { l.Time = -1 },
		"no action":  func(l *Leaf) { l.Action = "" },
		"text":       func(l *Leaf) { l.Actor = "Budi Santoso" },
		"field":      func(l *Leaf) { l.Fields = []string{"a b"} },
		"commitment": func(l *Leaf) { l.DetailCommitment = []byte{1} },
		"no runs":    func(l *Leaf) { l.Covers = []Cover{{Origin: "a"}} },
		"runs touch": func(l *Leaf) {
			l.Covers = []Cover{{Origin: "a", Runs: []Run{{From: 1, Count: 1}, {From: 2, Count: 1}}}}
		},
		"run of none":      func(l *Leaf) { l.Covers = []Cover{{Origin: "a", Runs: []Run{{From: 1}}}} },
		"cover of nothing": func(l *Leaf) { l.Covers = []Cover{{Runs: []Run{{From: 1, Count: 1}}}} },
		"previous":         func(l *Leaf) { l.Previous = &Previous{Origin: "a"} },
		"size":             func(l *Leaf) { l.Fields = strings.Split(strings.Repeat("field_name ", 400)+"x", " ") },
	} {
		l := fullLeaf()
		change(&l)
		if b, err := l.Append([]byte("kept")); !errors.Is(err, ErrMalformed) || string(b) != "kept" {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
}

// item builds CBOR by hand, right or wrong.
func item(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOnlyOneTextOfALeafIsRead(t *testing.T) {
	const base = "0101 0200 036161 04 64 646f6e65" // version 1, time 0, action "a", decision "done"
	if _, err := ParseLeaf(item(t, "a4"+base)); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"nothing":                  "",
		"no map":                   "84" + base,
		"ends early":               "a5" + base,
		"trailing bytes":           "a4" + base + "00",
		"indefinite map":           "bf" + base + "ff",
		"long head":                "b804" + base,
		"long integer":             "a4 0101 021800 036161 0464646f6e65",
		"long integer of 2 bytes":  "a4 0101 02190010 036161 0464646f6e65",
		"long integer of 4 bytes":  "a4 0101 021a00001000 036161 0464646f6e65",
		"long integer of 8 bytes":  "a4 0101 021b0000000000001000 036161 0464646f6e65",
		"integer cut short":        "a4 0101 021b00",
		"integer past 63 bits":     "a4 0101 021bffffffffffffffff 036161 0464646f6e65",
		"reserved length":          "a4 0101 021c",
		"negative integer":         "a4 0101 0220 036161 0464646f6e65",
		"float":                    "a4 0101 02f90000 036161 0464646f6e65",
		"tag":                      "a4 0101 02c100 036161 0464646f6e65",
		"keys not ascending":       "a4 0200 0101 036161 0464646f6e65",
		"key twice":                "a5 0101 0200 036161 036161 0464646f6e65",
		"required key missing":     "a3 0101 0200 036161",
		"required key skipped":     "a3 0101 036161 0464646f6e65",
		"unknown key":              "a5" + base + "181c00",
		"key that is text":         "a5" + base + "616100",
		"version 2":                "a4 0102 0200 036161 0464646f6e65",
		"indefinite text":          "a4 0101 0200 037f6161ff 0464646f6e65",
		"text longer than data":    "a4 0101 0200 037a7fffffff61",
		"no token":                 "a4 0101 0200 036120 0464646f6e65",
		"empty token":              "a4 0101 0200 0360 0464646f6e65",
		"text not UTF-8":           "a4 0101 0200 0361ff 0464646f6e65",
		"bytes for text":           "a4 0101 0200 034161 0464646f6e65",
		"zero level":               "a5" + base + "1100",
		"zero count":               "a5" + base + "1400",
		"zero skew":                "a5" + base + "181b00",
		"empty list":               "a5" + base + "1280",
		"list longer than data":    "a5" + base + "129affffffff",
		"list of numbers":          "a5" + base + "128101",
		"short commitment":         "a5" + base + "164101",
		"commitment that is text":  "a5" + base + "166161",
		"no covers":                "a5" + base + "181980",
		"cover of three":           "a5" + base + "181981 83 6161 818200 01 00",
		"cover without runs":       "a5" + base + "181981 82 6161 80",
		"run of three":             "a5" + base + "181981 82 6161 8183000101",
		"run of none":              "a5" + base + "181981 82 6161 81820000",
		"runs that touch":          "a5" + base + "181981 82 6161 8282000182 0101",
		"previous with short root": "a5" + base + "181a83 6161 00 4101",
		"deep nesting":             "a5" + base + "1819" + strings.Repeat("81", 2000),
		"too large":                "a5" + base + "1512" + strings.Repeat("00", 4096),
	} {
		if l, err := ParseLeaf(item(t, s)); !errors.Is(err, ErrMalformed) || err.Error() == "" {
			t.Errorf("%s: read as %+v, %v", name, l, err)
		}
	}
}

func TestWhatIsReadIsWhatWouldBeWritten(t *testing.T) {
	token := rapid.StringMatching(`[0-9A-Za-z_.:/@-]{1,20}`)
	maybe := func(rt *rapid.T, name string) string {
		if rapid.Bool().Draw(rt, "has "+name) {
			return token.Draw(rt, name)
		}
		return ""
	}
	rapid.Check(t, func(rt *rapid.T) {
		l := Leaf{Version: 1, Time: rapid.Int64Range(0, 1<<62).Draw(rt, "time"), Action: token.Draw(rt, "action"), Decision: token.Draw(rt, "decision")}
		for k := uint64(5); k <= 21; k++ {
			if p := l.tokens()[k]; p != nil {
				*p = maybe(rt, strconv.FormatUint(k, 10))
			}
		}
		l.Level, l.Count, l.Skew = rapid.Int64Range(0, 3).Draw(rt, "level"), rapid.Int64Range(0, 1<<40).Draw(rt, "count"), rapid.Int64Range(0, 1<<40).Draw(rt, "skew")
		if f := rapid.SliceOfN(token, 0, 5).Draw(rt, "fields"); len(f) > 0 {
			l.Fields = f
		}
		b, err := l.Append(nil)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := ParseLeaf(b)
		if err != nil || !reflect.DeepEqual(got, l) {
			rt.Fatalf("%+v %+v %v", got, l, err)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	l := fullLeaf()
	b, _ := l.Append(nil)
	f.Add(b)
	f.Add([]byte{0xa4, 1, 1, 2, 0, 3, 0x61, 0x61, 4, 0x61, 0x61})
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLeaf(b)
		if err != nil {
			return
		}
		again, err := l.Append(nil)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is read and written as %x (%v)", b, again, err)
		}
	})
}

func FuzzParseSides(f *testing.F) {
	s := Side{Index: 3, Salt: make([]byte, 32), Subject: "sub_a", N: 4, Sealed: []byte("x")}
	f.Add(s.Append(s.Append(nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseSides(b, nil)
		if err != nil {
			return
		}
		var again []byte
		for i := range list {
			again = list[i].Append(again)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%x is read and written as %x", b, again)
		}
	})
}

func TestSidesReadBackAsTheyWereWritten(t *testing.T) {
	list := []Side{
		{Index: 0, Salt: bytes.Repeat([]byte{1}, 32), Subject: "sub_a", N: 1},
		{Index: 1 << 39, Salt: bytes.Repeat([]byte{2}, 32), Subject: "sub_b", N: 70000, Sealed: []byte("x"), Detail: []byte("y")},
	}
	var b []byte
	for i := range list {
		b = list[i].Append(b)
	}
	got, err := ParseSides(b, nil)
	if err != nil || !reflect.DeepEqual(got, list) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := ParseSides(append(b, 0x00), nil); err == nil || len(got) != 2 {
		t.Errorf("%+v %v", got, err)
	}
}

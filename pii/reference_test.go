package pii

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/pii/internal/region"
)

// The slow reference finds with regular expressions what has a form or a check of its own, in text whose pieces stand apart.
var (
	slowEmail  = regexp.MustCompile(`[A-Za-z0-9_][A-Za-z0-9._%+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}`)
	slowDigits = regexp.MustCompile(`\b(?:\d{16}|\d{4} \d{4} \d{4} \d{4}|\d{4}-\d{4}-\d{4}-\d{4})\b`)
	slowIPv4   = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	slowMobile = regexp.MustCompile(`(?:\+62|62|\b0)8\d{8,11}\b`)
	slowPrefix = regexp.MustCompile(`^(?:\+62|62|0)8(?:1[1-9]|2[1238]|3[1238]|5[1-9]|7[789]|8[1-9]|9[5-9])\d{6,9}$`)
	slowZeros  = regexp.MustCompile(`^(?:\+62|62|0)8..0{7,}$`)
	slowCardID = regexp.MustCompile(`^(?:4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|6011|64[4-9]|65|35(?:2[89]|[3-8])|62|30[0-59]|3[89])`)
)

func slowScan(text string) (out []string) {
	add := func(t Type, at []int) { out = append(out, fmt.Sprint(at[0], "-", at[1], " ", t)) }
	for _, at := range slowEmail.FindAllStringIndex(text, -1) {
		add(Email, at)
	}
	table := region.Load()
	for _, at := range slowDigits.FindAllStringIndex(text, -1) {
		d := strings.NewReplacer(" ", "", "-", "").Replace(text[at[0]:at[1]])
		code, day := 0, 0
		fmt.Sscanf(d[:6], "%d", &code)
		fmt.Sscanf(d[6:8], "%d", &day)
		if day > 40 {
			day -= 40
		}
		month, year := 0, 0
		fmt.Sscanf(d[8:10], "%d", &month)
		fmt.Sscanf(d[10:12], "%d", &year)
		long := []int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
		if year%4 == 0 {
			long[2] = 29
		}
		switch {
		case d[0] != '0' && table.District(code) && month >= 1 && month <= 12 && day >= 1 && day <= long[month] && d[12:] != "0000":
			add(NIK, at)
		case slowLuhn(d) && slowCardID.MatchString(d) && strings.Trim(d, d[:1]) != "":
			add(Card, at)
		}
	}
	for _, at := range slowIPv4.FindAllStringIndex(text, -1) {
		if _, err := netip.ParseAddr(text[at[0]:at[1]]); err == nil {
			add(IP, at)
		}
	}
	for _, at := range slowMobile.FindAllStringIndex(text, -1) {
		if m := text[at[0]:at[1]]; slowPrefix.MatchString(m) && (at[0] == 0 || text[at[0]-1] == ' ') && !slowZeros.MatchString(m) {
			add(Phone, at)
		}
	}
	slices.Sort(out)
	return out
}

func TestTheScannerAgreesWithASlowReferenceOnWhatNeedsNoWords(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 34))
	neutral := strings.Fields("pagi cuaca bagus sekali makan soto bareng teman lama sore hujan deras payung biru langit cerah")
	piece := func() string {
		switch r.IntN(9) {
		case 0:
			return identifiers[0].make(r)
		case 1:
			return identifiers[1].make(r)
		case 2:
			return identifiers[2].make(r)
		case 3:
			return digits(r, 16)
		case 4:
			s := identifiers[r.IntN(2)*2].make(r)
			sep := []string{" ", "-"}[r.IntN(2)]
			return s[:4] + sep + s[4:8] + sep + s[8:12] + sep + s[12:]
		case 5:
			return fmt.Sprintf("%d.%d.%d.%d", r.IntN(300), r.IntN(300), r.IntN(300), r.IntN(300))
		case 6:
			return neutral[r.IntN(len(neutral))] + fmt.Sprint(r.IntN(100)) + "@" + neutral[r.IntN(len(neutral))] + []string{".com", ".co.id", ".x", "", ".io"}[r.IntN(5)]
		case 7:
			return []string{"+62", "62", "0"}[r.IntN(3)] + "8" + digits(r, 6+r.IntN(7))
		default:
			return digits(r, 1+r.IntN(3))
		}
	}
	s := New(Options{Types: []Type{NIK, Card, Phone, Email, IP}})
	rounds, found := 60_000, 0
	if testing.Short() {
		rounds = 5_000
	}
	for range rounds {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(neutral[r.IntN(len(neutral))] + " " + neutral[r.IntN(len(neutral))] + " ")
			b.WriteString(piece() + " ")
		}
		text := b.String() + neutral[r.IntN(len(neutral))]
		var have []string
		for _, f := range s.Scan(nil, []byte(text)) {
			have = append(have, fmt.Sprint(f.Start, "-", f.End, " ", f.Type))
		}
		slices.Sort(have)
		if want := slowScan(text); !slices.Equal(have, want) {
			t.Fatalf("%q:\n  the scanner   %q\n  the reference %q", text, have, want)
		}
		found += len(have)
	}
	if found < rounds/2 {
		t.Errorf("only %d findings in %d texts", found, rounds)
	}
}

func FuzzScan(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Asked), []byte(v.Text))
	}
	for _, h := range hostile {
		f.Add([]byte(h), []byte(strings.Repeat(h, 5)))
	}
	s := New(Options{Least: 0.01})
	f.Fuzz(func(t *testing.T, asked, text []byte) {
		before := string(text)
		got := s.Scan(nil, text)
		last := 0
		for _, x := range got {
			if x.Start < last || x.End <= x.Start || x.End > len(text) || x.Type.String() == "" {
				t.Fatalf("%+v after %d", x, last)
			}
			last = x.End
			s.Value(nil, text, x)
			_ = x.Reason()
		}
		again, _ := streamed(s, text, func() int { return 3 })
		if !slices.Equal(got, again) {
			t.Fatalf("in pieces %v, in whole %v", again, got)
		}
		s.ScanAfter(nil, asked, text)
		if string(text) != before {
			t.Fatal("the text was changed")
		}
	})
}

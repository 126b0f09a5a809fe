package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func testKey(seed byte) ed25519.PrivateKey {
	b := make([]byte, ed25519.SeedSize)
	b[0] = seed
	return ed25519.NewKeyFromSeed(b)
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func raw(k ed25519.PrivateKey) func([]byte) ([]byte, error) {
	return func(m []byte) ([]byte, error) { return ed25519.Sign(k, m), nil }
}

func testLogSigner(name string, seed byte) note.Signer {
	return LogSigner(name, public(testKey(seed)), raw(testKey(seed)))
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testWitnessSigner(name string, seed byte) note.Signer {
	return WitnessSigner(name, public(testKey(seed)), raw(testKey(seed)), func() time.Time { return noon })
}

func signed(t testing.TB, c Checkpoint, signers ...note.Signer) []byte {
	t.Helper()
	msg, err := note.Sign(&note.Note{Text: c.Text()}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func policy(t testing.TB, lines ...string) *Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(strings.Join(lines, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func logLine(seed byte) string { return "log " + VerifierKey("dep", public(testKey(seed))) }

func witnessLine(name string, seed byte) string {
	return "witness " + name + " " + WitnessKey(name+".example", public(testKey(seed))) + " https://" + name + ".example/"
}

func TestACheckpointReadsBackAsItWasWritten(t *testing.T) {
	c := Checkpoint{Origin: "dep/main/1", Size: 77, Root: Hash{1, 2}}
	got, err := ParseCheckpoint(c.Text())
	if err != nil || got != c {
		t.Errorf("%+v %v", got, err)
	}
	root := c.Root.String()
	for _, bad := range []string{
		"", "a\n", "a\n1\n", "a\n1\n" + root, "\n1\n" + root + "\n", "a\n01\n" + root + "\n", "a\n-1\n" + root + "\n", "a\n+1\n" + root + "\n",
		"a\n1\nAAAA\n", "a\n1\n" + root[:43] + "\n", "a\n1\n" + root[:42] + "B=\n", "a\n1\n" + root + "\nextension\n", "a\n1099511627777\n" + root + "\n",
	} {
		if c, err := ParseCheckpoint(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %+v %v", bad, c, err)
		}
	}
}

func TestOnlyTrustedKeysOpenACheckpoint(t *testing.T) {
	c := Checkpoint{Origin: "dep/main/1", Size: 7}
	p := policy(t, logLine(1), "quorum none")
	for _, name := range []string{"dep", "dep/main/1"} {
		if s, err := p.Open(signed(t, c, testLogSigner(name, 1))); err != nil || s.Checkpoint != c || s.Key != name || !s.Quorum {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
	if _, err := p.Open(signed(t, c, testLogSigner("dep", 2))); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	if _, err := p.Open(signed(t, Checkpoint{Origin: "elsewhere", Size: 7}, testLogSigner("dep", 1))); !errors.Is(err, ErrOrigin) {
		t.Error(err)
	}
	if _, err := p.Open(signed(t, Checkpoint{Origin: "deputy/1", Size: 7}, testLogSigner("dep", 1))); !errors.Is(err, ErrOrigin) {
		t.Error(err)
	}
	msg := signed(t, c, testLogSigner("dep", 1))
	if _, err := p.Open(bytes.Replace(msg, []byte("\n7\n"), []byte("\n8\n"), 1)); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	for _, bad := range []string{"", "dep\n7\n", "x\n\n— dep AAAA\n"} {
		if _, err := p.Open([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// A witness alone does not make a checkpoint.
	w := policy(t, logLine(1), witnessLine("a", 10), "quorum a")
	if _, err := w.Open(signed(t, c, testWitnessSigner("a.example", 10))); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	empty := policy(t, "quorum none")
	if _, err := empty.Open(msg); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
}

// The key and the signature are those of C2SP signed-note, which x/mod implements.
func TestKeysAreThoseOfSignedNotes(t *testing.T) {
	k := VerifierKey("dep", public(testKey(1)))
	want, err := note.NewEd25519VerifierKey("dep", public(testKey(1)))
	if err != nil || k != want {
		t.Errorf("%s, want %s", k, want)
	}
	v, err := note.NewVerifier(k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed(t, Checkpoint{Origin: "dep"}, testLogSigner("dep", 1)), note.VerifierList(v)); err != nil {
		t.Error(err)
	}
	parsed, err := ParseKey(k)
	if err != nil || parsed.String() != k || parsed.Name() != "dep" || parsed.KeyHash() != v.KeyHash() || parsed.Witness() {
		t.Errorf("%+v %v", parsed, err)
	}
	w, err := ParseKey(WitnessKey("w.example", public(testKey(10))))
	if err != nil || !w.Witness() || w.String() != WitnessKey("w.example", public(testKey(10))) {
		t.Errorf("%+v %v", w, err)
	}
	if w.Verify([]byte("x"), make([]byte, 64)) {
		t.Error("a cosignature without a time")
	}
	name, rest, _ := strings.Cut(k, "+")
	id, key, _ := strings.Cut(rest, "+")
	for _, bad := range []string{
		"", name, name + "+" + id, "+" + id + "+" + key, name + "+" + id + "+!", name + "+zzzzzzzz+" + key, name + "+00000000+" + key,
		name + "+" + id[:7] + "+" + key, "two words+" + id + "+" + key, name + "+" + id + "+" + key[:40],
		name + "+" + id + "+" + base64.StdEncoding.EncodeToString(append([]byte{9}, public(testKey(1))...)),
	} {
		if _, err := ParseKey(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q was read", bad)
		}
	}
}

// The example of C2SP tlog-cosignature is checked in form: header, time, note text.
func TestACosignatureIsOverTimeAndText(t *testing.T) {
	c := Checkpoint{Origin: "dep/main/1", Size: 7}
	text := c.Text()
	want := "cosignature/v1\ntime 1795435200\n" + text
	sig, err := testWitnessSigner("a.example", 10).Sign([]byte(text))
	if err != nil || len(sig) != 72 || !ed25519.Verify(public(testKey(10)), []byte(want), sig[8:]) {
		t.Errorf("%x %v", sig, err)
	}
	p := policy(t, logLine(1), witnessLine("a", 10), witnessLine("b", 11), witnessLine("c", 12), "group two 2 a b c", "quorum two")
	msg := signed(t, c, testLogSigner("dep", 1), testWitnessSigner("a.example", 10))
	s, err := p.Open(msg)
	if err != nil || s.Quorum || len(s.Cosignatures) != 1 || s.Cosignatures[0] != (Cosignature{"a.example", noon}) {
		t.Errorf("%+v %v", s, err)
	}
	msg = signed(t, c, testLogSigner("dep", 1), testWitnessSigner("a.example", 10), testWitnessSigner("c.example", 12))
	if s, err := p.Open(msg); err != nil || !s.Quorum {
		t.Errorf("%+v %v", s, err)
	}
	// A false cosignature of a known witness is no good sign.
	if _, err := p.Open(signed(t, c, testLogSigner("dep", 1), WitnessSigner("a.example", public(testKey(10)), raw(testKey(13)), func() time.Time { return noon }))); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	// A witness's answer, alone.
	_, lines, _ := bytes.Cut(signed(t, c, testWitnessSigner("a.example", 10)), []byte("\n\n"))
	w := p.Witnesses()[0]
	if at, ok := w.Key.CosignedAt(signed(t, c, testLogSigner("dep", 1)), lines); !ok || !at.Equal(noon) {
		t.Error(at, ok)
	}
	if _, ok := w.Key.CosignedAt([]byte("no note"), lines); ok {
		t.Error("cosigned nothing")
	}
	if _, ok := w.Key.CosignedAt(signed(t, Checkpoint{Origin: "other"}, testLogSigner("dep", 1)), lines); ok {
		t.Error("cosigned another checkpoint")
	}
}

func TestPoliciesAreReadAsSpecified(t *testing.T) {
	p := policy(t, "# a comment", "", "  \t", logLine(1)+" https://log.example/", "\t"+witnessLine("a", 10), witnessLine("b", 11), witnessLine("c", 12),
		witnessLine("d", 13), "group x all a b", "group y any c d", "group z 2 x y", "quorum z")
	for _, c := range []struct {
		have string
		want bool
	}{{"abc", true}, {"abd", true}, {"ab", false}, {"acd", false}, {"", false}} {
		have := map[string]bool{}
		for _, w := range c.have {
			have[string(w)] = true
		}
		if p.satisfied(have) != c.want {
			t.Errorf("%q", c.have)
		}
	}
	if w := p.Witnesses(); len(w) != 4 || w[0].Name != "a" || w[0].URL != "https://a.example/" || w[0].Key.Name() != "a.example" || !p.NeedsWitnesses() {
		t.Errorf("%+v", w)
	}
	for _, bad := range []string{
		"", "log x\nquorum none", logLine(1) + "\n" + logLine(1) + "\nquorum none", "log " + WitnessKey("w", public(testKey(1))) + "\nquorum none",
		"witness a x\nquorum none", "witness a " + VerifierKey("w", public(testKey(1))) + "\nquorum none", witnessLine("none", 10) + "\nquorum none",
		witnessLine("a", 10) + "\n" + witnessLine("a", 11) + "\nquorum none", witnessLine("a", 10) + "\n" + witnessLine("b", 10) + "\nquorum none",
		"quorum a", "quorum none\nquorum none", "quorum", "group g all a\nquorum none", witnessLine("a", 10) + "\ngroup a any a\nquorum none",
		witnessLine("a", 10) + "\ngroup none any a\nquorum none", witnessLine("a", 10) + "\ngroup g any a a\nquorum none",
		witnessLine("a", 10) + "\ngroup g 2 a\nquorum none", witnessLine("a", 10) + "\ngroup g 0 a\nquorum none", witnessLine("a", 10) + "\ngroup g x a\nquorum none",
		"quorum none\x00", "quorum none\r", "words\nquorum none",
	} {
		if _, err := ParsePolicy([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q was read", bad)
		}
	}
	if _, err := TrustKey("nonsense"); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	q, err := p.With(VerifierKey("dep", public(testKey(2))))
	if err != nil || len(q.logs) != 2 || len(p.logs) != 1 {
		t.Error(err)
	}
	if q, err = q.With(VerifierKey("dep", public(testKey(2)))); err != nil || len(q.logs) != 2 {
		t.Error("added twice", err)
	}
	if _, err := p.With("x"); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	p, err := ParsePolicy([]byte(logLine(1) + "\n" + witnessLine("a", 10) + "\nquorum a\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed(f, Checkpoint{Origin: "dep/1", Size: 3}, testLogSigner("dep", 1), testWitnessSigner("a.example", 10)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := p.Open(b); err == nil && s.Origin != "dep/1" {
			t.Errorf("%q was believed", b)
		}
		_, _ = p.OpenManifest(b)
		_, _ = ParsePolicy(b)
		_, _ = ParseKey(string(b))
	})
}

func TestAnInclusionFileReadsBackAndStandsAlone(t *testing.T) {
	g := grow(300)
	c := Checkpoint{Origin: "dep/1", Size: 300, Root: g.Root()}
	msg := signed(t, c, testLogSigner("dep", 1))
	p := policy(t, logLine(1), "quorum none")
	i := Inclusion{Extra: []byte("29 29"), Index: 29, Checkpoint: msg} // grow hashes size and i
	var err error
	if i.Hashes, err = tlog.ProveRecord(300, 29, NewHashes(300, g.read)); err != nil {
		t.Fatal(err)
	}
	text, err := i.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseInclusion(text)
	if err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := got.Verify(nil, p); err != nil {
		t.Error(err)
	}
	if _, err := got.Verify([]byte("29 30"), p); !errors.Is(err, ErrNotIncluded) {
		t.Error(err)
	}
	if _, err := got.Verify(nil, policy(t, logLine(2), "quorum none")); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	if _, err := got.Verify(nil, policy(t, logLine(1), witnessLine("a", 10), "quorum a")); !errors.Is(err, ErrUnwitnessed) {
		t.Error(err)
	}
	i.Extra = nil
	bare, _ := i.MarshalText()
	if got, err := ParseInclusion(bare); err != nil || got.Extra != nil {
		t.Error(err)
	}
	const head = "c2sp.org/tlog-proof@v1\n"
	hash := Hash{}.String()
	for _, bad := range []string{
		"", "x\n\n", head + "index 1\n", head + "\n\n", head + "extra !\nindex 1\n\n", head + "extra AAAA\n\n", head + "index 01\n\n", head + "index x\n\n",
		head + "index 1\nx\n\n", head + "index 1\n" + strings.Repeat(hash+"\n", 64) + "\n",
	} {
		if _, err := ParseInclusion([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestAWitnessRequestReadsBack(t *testing.T) {
	a := AddCheckpoint{Old: 5, Hashes: []Hash{{1}, {2}}, Checkpoint: []byte("x\n")}
	text, _ := a.MarshalText()
	got, err := ParseAddCheckpoint(text)
	if err != nil || !reflect.DeepEqual(got, a) {
		t.Errorf("%+v %v", got, err)
	}
	hash := Hash{}.String()
	for _, bad := range []string{"", "old 1\n", "new 1\n\nx", "old 01\n\nx", "old 1\nx\n\nx", "old 1\n" + strings.Repeat(hash+"\n", 64) + "\nx"} {
		if _, err := ParseAddCheckpoint([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzParseAddCheckpoint(f *testing.F) {
	f.Add([]byte("old 5\n" + Hash{}.String() + "\n\nx"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 1\n\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := ParseAddCheckpoint(b); err == nil {
			if again, _ := a.MarshalText(); !bytes.Equal(again, b) {
				t.Errorf("%q is read and written as %q", b, again)
			}
		}
		if i, err := ParseInclusion(b); err == nil && len(i.Extra) == 0 {
			if again, _ := i.MarshalText(); !bytes.Equal(again, b) && !bytes.Contains(b, []byte("extra ")) {
				t.Errorf("%q is read and written as %q", b, again)
			}
		}
		if m, err := ParseManifest(string(b)); err == nil && m.Text() != string(b) {
			t.Errorf("%q is read and written as %q", b, m.Text())
		}
	})
}

func TestConsistencyNeedsNoProofFromNothing(t *testing.T) {
	if !Consistent(0, Hash{}, 5, Hash{1}, nil) || Consistent(0, Hash{}, 5, Hash{1}, []Hash{{}}) || Consistent(6, Hash{}, 5, Hash{}, nil) ||
		!Consistent(5, Hash{1}, 5, Hash{1}, nil) || Consistent(5, Hash{1}, 5, Hash{2}, nil) || Consistent(5, Hash{1}, 5, Hash{1}, []Hash{{}}) {
		t.Error("consistency")
	}
}

package pii

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// everyVector is the texts of all vectors, one after the other, some of them often.
func everyVector(t testing.TB, times int) []byte {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(7, 7))
	all := vectors(t)
	for range times {
		for range all {
			b.WriteString(all[r.IntN(len(all))].Text)
			b.WriteString(strings.Repeat("\n", 1+r.IntN(2)))
		}
	}
	return b.Bytes()
}

func streamed(s *Scanner, text []byte, sizes func() int) (out []Finding, found []string) {
	st := s.Stream(func(f Finding, b []byte) { out, found = append(out, f), append(found, string(b)) })
	for len(text) > 0 {
		n := min(len(text), sizes())
		st.Write(text[:n])
		text = text[n:]
	}
	st.Close()
	return out, found
}

func TestAStreamGivesTheSameFindingsHoweverItIsCut(t *testing.T) {
	s := New(Options{})
	text := everyVector(t, 40)
	long := bytes.Repeat([]byte("kata demi kata tanpa ganti baris hp 081234567890 dan "), 8000)                  // no line ends at all
	solid := bytes.Repeat([]byte("x1"), 200_000)                                                                 // not even spaces
	again := bytes.Repeat([]byte("agen: nol delapan satu dua lima lima lima nol nol empat satu dua ya\n"), 3000) // read back without end
	for name, text := range map[string][]byte{"vectors": text, "read back": again, "one long line": long, "one long word": solid, "short": []byte("hp 081234567890")} {
		want := s.Scan(nil, text)
		r := rand.New(rand.NewPCG(1, 2))
		for _, sizes := range []func() int{
			func() int { return 1 << 30 },
			func() int { return 4096 },
			func() int { return 1 + r.IntN(300_000) },
			func() int { return 1 + r.IntN(7) },
		} {
			got, found := streamed(s, text, sizes)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %d findings in pieces, %d in whole", name, len(got), len(want))
			}
			for i, f := range want {
				if found[i] != string(text[f.Start:f.End]) {
					t.Fatalf("%s: finding %d came with %q", name, i, found[i])
				}
			}
		}
	}
}

func TestAWarmScannerAllocatesNothing(t *testing.T) {
	s := New(Options{})
	var texts [][]byte
	for _, v := range vectors(t) {
		texts = append(texts, []byte(v.Text))
	}
	texts = append(texts, everyVector(t, 3))
	asked, hits := []byte("boleh nomor rekeningnya?"), make([]Finding, 0, 4096)
	all := func() {
		for _, text := range texts {
			hits = s.Scan(hits[:0], text)
			hits = s.ScanAfter(hits[:0], asked, text)
		}
	}
	all()
	if n := testing.AllocsPerRun(20, all); n != 0 {
		t.Errorf("%v allocations in a run over %d texts", n, len(texts))
	}
}

func TestFindingsAreInOrderAndDoNotOverlap(t *testing.T) {
	s := New(Options{})
	last := 0
	text := everyVector(t, 10)
	for _, f := range s.Scan(nil, text) {
		if f.Start < last || f.End <= f.Start || f.End > len(text) || f.Confidence <= 0 || f.Confidence > 1 || f.Type.String() == "" || f.Reason() == "" && f.Type != Custom {
			t.Fatalf("%+v after %d", f, last)
		}
		last = f.End
	}
}

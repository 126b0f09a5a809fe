package shingle

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func newIndex(t testing.TB) *Index {
	t.Helper()
	x, err := New([]byte("sixteen bytes ok"))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func name(n int) (d Document) {
	copy(d[:], fmt.Sprintf("document %d", n))
	return d
}

// prose is text of words that hardly repeat.
func prose(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]string, n)
	for i := range out {
		word := make([]byte, 3+i%4)
		for j := range word {
			word[j] = byte('a' + r.IntN(26))
		}
		out[i] = string(word)
	}
	return out
}

func text(words []string) []byte { return []byte(strings.Join(words, " ")) }

func add(t testing.TB, x *Index, n int, words []string) {
	t.Helper()
	if err := x.Add(name(n), text(words)); err != nil {
		t.Fatal(err)
	}
}

func TestADocumentIsFoundWholeInPartAndRewritten(t *testing.T) {
	x := newIndex(t)
	contract, script := prose(1, 900), prose(2, 300)
	add(t, x, 1, contract)
	add(t, x, 2, script)
	whole := x.Match(nil, text(contract))
	if len(whole) != 1 || whole[0].Document != name(1) || whole[0].Contained != 1 || whole[0].Share < 0.99 || whole[0].Start > 100 || whole[0].End < len(text(contract))-100 {
		t.Errorf("%+v", whole)
	}
	// Upper case, other punctuation and line ends are the same words.
	shouted := []byte(strings.ToUpper(strings.Join(contract, ";\r\n  ")))
	if got := x.Match(nil, shouted); len(got) != 1 || got[0].Contained != 1 {
		t.Errorf("%+v", got)
	}
	// A third of it between other words.
	part := slices.Concat(prose(3, 200), contract[300:600], prose(4, 400))
	got := x.Match(nil, text(part))
	if len(got) != 1 || got[0].Contained < 0.28 || got[0].Contained > 0.38 || got[0].Share < 0.28 || got[0].Share > 0.38 {
		t.Errorf("%+v", got)
	}
	begin, end := len(text(part[:200])), len(text(part[:500]))
	if got[0].Start < begin || got[0].Start > begin+100 || got[0].End > end || got[0].End < end-100 {
		t.Errorf("from %d to %d, which stand at %d to %d", got[0].Start, got[0].End, begin, end)
	}
	// Parts of both, the larger first.
	both := x.Match(nil, text(slices.Concat(contract[:100], script)))
	if len(both) != 2 || both[0].Document != name(2) || both[1].Contained > 0.2 {
		t.Errorf("%+v", both)
	}
	if got := x.Match(nil, text(prose(5, 2000))); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := x.Match(nil, nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	// What is repeated counts once.
	if got := x.Match(nil, text(slices.Concat(script, script, script))); len(got) != 1 || got[0].Contained != 1 || got[0].Share > 0.4 {
		t.Errorf("%+v", got)
	}
}

func TestAnyTwelveWordsInARowAreFound(t *testing.T) {
	x := newIndex(t)
	document := prose(7, 500)
	add(t, x, 1, document)
	const enough = words + window - 1
	for i := 0; i+enough <= len(document); i++ {
		piece := slices.Concat(prose(uint64(1000+i), 20), document[i:i+enough], prose(uint64(2000+i), 20))
		if got := x.Match(nil, text(piece)); len(got) != 1 {
			t.Fatalf("words %d to %d: %+v", i, i+enough, got)
		}
	}
	short := 0
	for i := 0; i+words <= len(document); i++ {
		short += len(x.Match(nil, text(slices.Concat(prose(uint64(1000+i), 20), document[i:i+words-1]))))
	}
	if short != 0 {
		t.Errorf("four words were found %d times", short)
	}
}

func TestShortDocumentsAreKnownByTheirSmallestShingle(t *testing.T) {
	x := newIndex(t)
	for n := words; n < words+window; n++ {
		document := prose(uint64(n), n)
		add(t, x, n, document)
		if got := x.Match(nil, text(document)); len(got) != 1 || got[0].Contained != 1 {
			t.Errorf("%d words: %+v", n, got)
		}
	}
}

func TestEveryFingerprintIsTheSmallestOfAWindow(t *testing.T) {
	n := &winnower{}
	x := newIndex(t)
	words := prose(3, 400)
	var all, kept []uint64
	n.walk(x.sip, text(words), func(p mark) { kept = append(kept, p.hash) })
	for i := range len(words) - 4 {
		n.walk(x.sip, text(words[i:i+5]), func(p mark) { all = append(all, p.hash) })
	}
	var want []uint64
	last := -1
	for i := 0; i+window <= len(all); i++ {
		least := i
		for j := i; j < i+window; j++ {
			if all[j] <= all[least] {
				least = j
			}
		}
		if least != last {
			want, last = append(want, all[least]), least
		}
	}
	if !slices.Equal(kept, want) {
		t.Errorf("%d kept, %d by the plain way", len(kept), len(want))
	}
	if share := float64(len(kept)) / float64(len(all)); share < 0.18 || share > 0.27 {
		t.Errorf("%.2f of the shingles are kept", share)
	}
}

func TestARemovedDocumentLeavesNothing(t *testing.T) {
	x := newIndex(t)
	first, second := prose(1, 300), prose(2, 300)
	add(t, x, 1, slices.Concat(first, second)) // they share a half
	add(t, x, 2, second)
	prints := x.documents[x.numbers[name(1)]].prints
	if !x.Remove(name(1)) || x.Remove(name(1)) {
		t.Error("removed wrongly")
	}
	if got := x.Match(nil, text(slices.Concat(first, second))); len(got) != 1 || got[0].Document != name(2) || got[0].Contained != 1 {
		t.Errorf("%+v", got)
	}
	if slices.ContainsFunc(prints, func(h uint64) bool { return h != 0 }) {
		t.Error("the fingerprints were left in memory")
	}
	x.Remove(name(2))
	if len(x.prints) != 0 || x.used != 0 || len(x.numbers) != 0 {
		t.Errorf("%d fingerprints left", len(x.prints))
	}
	add(t, x, 3, first)
	if len(x.documents) != 2 {
		t.Error("the number of a removed document is not used again")
	}
}

func TestAnIndexRefusesWhatItHasNoRoomFor(t *testing.T) {
	if _, err := New([]byte("short")); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
	x, err := NewSize([]byte("sixteen bytes ok"), 100)
	if err != nil {
		t.Fatal(err)
	}
	add(t, x, 1, prose(1, 300))
	for _, c := range []struct {
		n    int
		text []byte
		want error
	}{{1, text(prose(9, 9)), ErrKnown}, {2, text(prose(2, 4)), ErrShort}, {2, nil, ErrShort}, {2, text(prose(2, 300)), ErrFull}, {2, text(prose(2, 30)), nil}} {
		before := x.used
		if err := x.Add(name(c.n), c.text); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, not %v", c.n, err, c.want)
		} else if err != nil && x.used != before {
			t.Errorf("%v, and something is kept", err)
		}
	}
}

func TestMatchingAllocatesNothingOnceWarm(t *testing.T) {
	x := newIndex(t)
	add(t, x, 1, prose(1, 900))
	message := text(slices.Concat(prose(1, 900)[:400], prose(8, 400)))
	found := make([]Found, 0, 8)
	if n := testing.AllocsPerRun(50, func() { found = x.Match(found[:0], message) }); n != 0 || len(found) != 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestAFingerprintOfManyDocumentsIsCountedOnceForEach(t *testing.T) {
	x := newIndex(t)
	head := prose(1, 40)
	for i := range 5000 {
		add(t, x, i, slices.Concat(head, prose(uint64(100+i), 15)))
	}
	found := x.Match(nil, []byte(strings.Repeat(string(text(head))+" ", 200)))
	if len(found) != 5000 || found[0].Prints > 20 {
		t.Errorf("%d found, with %d prints", len(found), found[0].Prints)
	}
	add(t, x, 9999, prose(9999, 60000))
	if got := x.Match(nil, text(prose(9999, 60000))); len(got) != 1 || got[0].Contained != 1 {
		t.Errorf("%+v", got)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte("satu dua tiga empat lima enam"), []byte("enam lima \xff"))
	f.Fuzz(func(t *testing.T, document, other []byte) {
		x := newIndex(t)
		err := x.Add(name(1), document)
		if err != nil && !errors.Is(err, ErrShort) {
			t.Fatal(err)
		}
		if got := x.Match(nil, document); err == nil && (len(got) != 1 || got[0].Contained != 1) {
			t.Fatalf("a document is not found in itself: %+v", got)
		}
		for _, found := range x.Match(nil, other) {
			if found.Start < 0 || found.End > len(other) || found.Start >= found.End || found.Contained > 1 || found.Share > 1 {
				t.Fatalf("%+v", found)
			}
		}
		x.Remove(name(1))
		if len(x.prints) != 0 {
			t.Fatal("something is left")
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	x := newIndex(b)
	for i := range 200 {
		add(b, x, i, prose(uint64(i), 5000))
	}
	message := text(slices.Concat(prose(3, 5000)[:500], prose(1000, 20000)))
	var found []Found
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		found = x.Match(found[:0], message)
	}
}

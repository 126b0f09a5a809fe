package name

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/vault/name/nametest"
)

// named is one person's normalised name.
type named struct {
	subject string
	name    string
}

func (n named) change() Change { return Change{Subject: n.subject, Name: &n.name} }

func putAll(ix *Index, people []named) {
	for part := range slices.Chunk(people, 4096) {
		changes := make([]Change, len(part))
		for i, p := range part {
			changes[i] = p.change()
		}
		ix.Put(changes...)
	}
}

func people(t testing.TB) int {
	n := 20_000
	if s := os.Getenv("AMANAH_BENCH_PEOPLE"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func filled(t testing.TB, m *nametest.Maker, n int) (*Index, []named) {
	t.Helper()
	all := make([]named, n)
	now := time.UnixMilli(1_700_000_000_000)
	for i := range all {
		all[i] = named{subject: id.NewAt(id.Subject, now.Add(time.Duration(i)*time.Millisecond)), name: m.Name()}
	}
	ix := New()
	putAll(ix, all)
	return ix, all
}

// found reports whether the person is among the hits, or so many of the same name that
// the caller must be asked for more than a name.
func found(hits []Hit, person named, byID map[string]string) bool {
	same := 0
	for _, h := range hits {
		if h.Subject == person.subject {
			return true
		}
		if byID[h.Subject] == person.name {
			same++
		}
	}
	return same >= 3
}

func TestANameWithOneTypingErrorIsAmongTheFirstTen(t *testing.T) {
	m := nametest.New(1, 5_000)
	ix, all := filled(t, m, 20_000)
	byID := map[string]string{}
	for _, p := range all {
		byID[p.subject] = p.name
	}
	hitsOf, tries := 0, 1_000
	var missed []string
	for range tries {
		p := all[m.R.IntN(len(all))]
		typed := m.Mistype(p.name)
		hits, _ := ix.Search(typed, 0, 10)
		if found(hits, p, byID) {
			hitsOf++
		} else {
			missed = append(missed, fmt.Sprintf("%q typed %q", p.name, typed))
		}
	}
	if recall := float64(hitsOf) / float64(tries); recall < 0.98 {
		t.Errorf("recall %.3f; missed:\n%s", recall, strings.Join(missed, "\n"))
	}
}

func TestBesideAFullMatchWhoSharesOneWordOnlyIsNoHit(t *testing.T) {
	ix := New()
	names := []string{"dewi kusumawardani", "agus kusumawardani", "dewi kusumawati", "ratna dewi", "budi santoso", "santoso", "eko santoso wijaya", "sri hartati", "tri hartati"}
	called := map[string]string{}
	for _, n := range names {
		p := named{id.New(id.Subject), n}
		called[p.subject] = n
		ix.Put(p.change())
	}
	for typed, want := range map[string][]string{
		"dewi kusumawardani":  {"dewi kusumawardani"},
		"dewi kusumawardhani": {"dewi kusumawardani"}, // with a slip, the best is still met whole
		"budi santoso":        {"budi santoso"},
		"tri hartati":         {"tri hartati", "sri hartati"}, // one letter: whoever typed may have meant the other
		"santoso":             {"santoso", "budi santoso", "eko santoso wijaya"},
		"joko santoso":        {"budi santoso", "eko santoso wijaya", "santoso"}, // nobody is called so: what is near is all there is
	} {
		hits, _ := ix.Search(typed, 0, 10)
		var got []string
		for _, h := range hits {
			got = append(got, called[h.Subject])
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
	}
}

func BenchmarkNameSearch(b *testing.B) {
	n := people(b)
	m := nametest.New(2, 60_000)
	var before, after runtime.MemStats
	all := make([]named, n)
	for i := range all {
		all[i] = named{subject: id.New(id.Subject), name: m.Name()}
	}
	byID := make(map[string]string, n)
	for _, p := range all {
		byID[p.subject] = p.name
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	ix := New()
	putAll(ix, all)
	built := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	var took []time.Duration
	hitsOf, exact := 0, 0
	b.ResetTimer()
	for b.Loop() {
		p := all[m.R.IntN(n)]
		typed := m.Mistype(p.name)
		at := time.Now()
		hits, _ := ix.Search(typed, 0, 10)
		took = append(took, time.Since(at))
		exact++
		if found(hits, p, byID) {
			hitsOf++
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "us-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "us-p99")
	b.ReportMetric(float64(hitsOf)/float64(exact), "recall@10")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-index")
	b.ReportMetric(built.Seconds(), "s-build")
	b.ReportMetric(float64(len(ix.words)), "words")
	runtime.KeepAlive(ix)
}

func TestTheIndexEqualsItsHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix := New()
		names := []string{"", "siti", "siti aminah", "budi santoso", "muhammad rizki", "a", "nur hayati", "nurhayati"}
		ids := make([]string, 8)
		for i := range ids {
			ids[i] = id.New(id.Subject)
		}
		truth := map[string]string{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			who := ids[rapid.IntRange(0, len(ids)-1).Draw(t, "who")]
			name := rapid.SampledFrom(names).Draw(t, "name")
			ix.Put(named{who, name}.change())
			truth[who] = name
		}
		alive := 0
		for who, name := range truth {
			if name == "" {
				continue
			}
			alive++
			hits, _ := ix.Search(name, 0, 10)
			if name != "a" && !slices.ContainsFunc(hits, func(h Hit) bool { return h.Subject == who && h.Score == 100 }) {
				t.Fatalf("%s is not found by %q: %v", who, name, hits)
			}
			for _, h := range hits {
				if truth[h.Subject] == "" {
					t.Fatalf("%q finds somebody who is gone", name)
				}
			}
		}
		if ix.Size() != alive {
			t.Fatalf("size %d, want %d", ix.Size(), alive)
		}
		for i, w := range ix.words {
			if (w == "") != (len(ix.postings[i]) == 0) {
				t.Fatal("a word that nobody carries is still known")
			}
		}
	})
}

func TestNamesOfManyShapes(t *testing.T) {
	ix := New()
	ids := map[string]string{}
	for _, name := range []string{"nur hayati", "nurhayati", "budi s", "muhamad rizki pratama", "adi", "siti", "i gede putu", "andi"} {
		ids[name] = id.New(id.Subject)
		ix.Put(named{ids[name], name}.change())
	}
	for typed, want := range map[string]string{
		"nurhayati":          "nurhayati",
		"nur hayati":         "nur hayati",
		"nurhayti":           "nurhayati",
		"budi santoso":       "budi s",
		"rizki muhamad":      "muhamad rizki pratama",
		"muhammad riski":     "muhamad rizki pratama",
		"rizk":               "muhamad rizki pratama",
		"gede putu":          "i gede putu",
		"asi":                "adi",
		"a b c d e f g siti": "",
	} {
		hits, _ := ix.Search(typed, 0, 3)
		got := ""
		if len(hits) > 0 {
			for name, who := range ids {
				if who == hits[0].Subject {
					got = name
				}
			}
		}
		if got != want {
			t.Errorf("%q finds %q first, want %q (%v)", typed, got, want, hits)
		}
	}
	for _, nothing := range []string{"", "x", "   ", "zzzzzzzz"} {
		if hits, _ := ix.Search(nothing, 0, 3); len(hits) != 0 {
			t.Errorf("%q finds %v", nothing, hits)
		}
	}
	if hits, _ := ix.Search("siti", 0, 0); hits != nil {
		t.Error("no room, but hits")
	}
	ix.Put(named{"no id", "siti"}.change())
	if ix.Size() != len(ids) {
		t.Error("something that is no subject was taken in")
	}
}

func TestMoreIsSaidExactlyWhenFurtherPeopleMeetWhatWasTypedAsWell(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 8, 20, 49, 50, 60, 255, 256, 257, 1000} {
		ix := New()
		for range n {
			ix.Put(named{id.New(id.Subject), "siti aminah"}.change())
		}
		for _, typed := range []string{"siti", "siti aminah", "siti amina", "aminah siti"} {
			for _, k := range []int{3, 10} {
				if hits, more := ix.Search(typed, 0, k); len(hits) != min(n, k) || more != (n > k) {
					t.Errorf("%q among %d: %d hits of at most %d, more %v", typed, n, len(hits), k, more)
				}
			}
		}
	}
	ix := New()
	for _, name := range []string{"siti", "siti rahma", "siti nur aminah", "siti dewi nur kartika sari"} {
		ix.Put(named{id.New(id.Subject), name}.change())
	}
	for typed, more := range map[string]bool{
		"siti":       true,  // the fourth is called so too, whatever else she is called
		"siti rahma": false, // one is called so, and nobody else is near
	} {
		if hits, said := ix.Search(typed, 0, 3); said != more {
			t.Errorf("%q: %v, more %v", typed, hits, said)
		}
	}
	ix = New()
	for _, name := range []string{"tri hartati", "tri hartati", "tri hartati", "sri hartati"} {
		ix.Put(named{id.New(id.Subject), name}.change())
	}
	if hits, more := ix.Search("tri hartati", 0, 3); len(hits) != 3 || more {
		t.Errorf("all who are called so are shown, and one who is only near is not: %v, more %v", hits, more)
	}
	if _, more := ix.Search("tri hartati", 0, 2); !more {
		t.Error("two of three are shown and nothing is said of the third")
	}
}

func TestDistances(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		limit int
		want  int
	}{
		{"siti", "siti", 1, 0}, {"siti", "sitti", 1, 1}, {"siti", "isti", 1, 1}, {"siti", "sita", 1, 1}, {"siti", "budi", 1, 2},
		{"siti", "s", 1, 2}, {"", "ab", 2, 2}, {"abcdef", "fedcba", 2, 3},
	} {
		if got := distance(c.a, c.b, c.limit); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	long := string(make([]byte, 200))
	if distance(long, long, 2) != 3 {
		t.Error("a word past the limit is compared")
	}
}

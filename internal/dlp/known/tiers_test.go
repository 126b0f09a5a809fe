package known

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/names"
)

// chat is the chat of pii's development set.
func chat(b *testing.B) (texts [][]byte) {
	b.Helper()
	for _, name := range []string{"calls", "calls_held", "names", "names_second"} {
		f, err := os.Open(filepath.Join("..", "..", "..", "pii", "testdata", "dev", name+".jsonl"))
		if err != nil {
			b.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var m struct{ Channel, Text string }
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				b.Fatal(err)
			}
			if m.Channel == "chat" {
				texts = append(texts, []byte(m.Text))
			}
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return texts
}

// processor is what this process has computed.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAllTiers measures all three tiers on mixed chat: shapes, whose values they are among 125,000 customers, names of persons and
// places that nobody knows. They take turns with the floor, a loop over a table for the same bytes; times are of the processor.
func BenchmarkAllTiers(b *testing.B) {
	h := build(b, dbtest.Open(b, schemas()...), filepath.Join(b.TempDir(), "kms.key"))
	h.build()
	s := h.shelf(h.ctl)
	for _, m := range people(125_000) {
		fields := map[string][]string{}
		for p := range slices.Chunk(m.values(), 2) {
			fields[p[0]] = []string{p[1]}
		}
		h.put(s, id.New(id.Subject), fields)
	}
	h.must(s.renew())
	texts := chat(b)
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	var table [256]uint8
	for i := range table {
		table[i] = uint8(i >> 5)
	}
	scanner := pii.New(pii.Options{})
	var found []pii.Finding
	var spans []names.Span
	sum := 0
	runs := []func(t []byte){
		func(t []byte) {
			for _, c := range t {
				sum += int(table[c])
			}
		},
		func(t []byte) { found = scanner.Scan(found[:0], t) },
		func(t []byte) {
			if _, _, err := h.Whose(h.ctl, t); err != nil {
				b.Fatal(err)
			}
		},
		func(t []byte) { spans = names.Find(spans[:0], t, names.Options{}) },
	}
	took := make([]time.Duration, len(runs))
	rounds := 0
	for b.Loop() {
		rounds++
		for i, run := range runs {
			at := processor(b)
			for range 20 {
				for _, t := range texts {
					run(t)
				}
			}
			took[i] += processor(b) - at
		}
	}
	runtime.KeepAlive(sum)
	rate := func(d ...time.Duration) float64 {
		var all time.Duration
		for _, one := range d {
			all += one
		}
		return float64(size) * 20 * float64(rounds) / 1e6 / all.Seconds()
	}
	b.ReportMetric(rate(took[0]), "floor-MB/s")
	b.ReportMetric(rate(took[1]), "tier1-MB/s")
	b.ReportMetric(rate(took[2]), "tier2-MB/s")
	b.ReportMetric(rate(took[3]), "tier3-MB/s")
	b.ReportMetric(rate(took[1:]...), "all-MB/s")
	b.ReportMetric(rate(took[1:]...)/rate(took[0]), "of-floor")
}

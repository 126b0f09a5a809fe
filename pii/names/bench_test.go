//go:build unix

package names

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"
)

// classes is the floor: one look at a table for each byte.
var classes = func() (t [256]byte) {
	for c := range 256 {
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			t[c] = 1
		}
	}
	return t
}()

func letters(text []byte) (n int) {
	for _, c := range text {
		n += int(classes[c])
	}
	return n
}

func benchmarkTexts(b *testing.B) (chat, news [][]byte) {
	for _, m := range readMessages(b, "../testdata/dev/names.jsonl") {
		chat = append(chat, []byte(m.Text))
	}
	for _, s := range readNews(b, "ner_nergrit_valid.conll") {
		news = append(news, s.text)
	}
	return chat, news
}

// reportCPU says how many megabytes a second of processor time were read; on a busy machine the clock says less.
func reportCPU(b *testing.B, size float64) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	from := used()
	return func() { b.ReportMetric(size*float64(b.N)/1e6/(used()-from).Seconds(), "MB/cpu-s") }
}

// BenchmarkFind reads messages and news one by one. The floor of the same run is what a table of classes costs over the same bytes.
func BenchmarkFind(b *testing.B) {
	chat, news := benchmarkTexts(b)
	plain := [][]byte{bytes.TrimSpace([]byte(strings.Repeat("mohon maaf atas ketidaknyamanannya, pesanan sudah kami kirim dan sedang dalam perjalanan ", 4)))}
	for _, c := range []struct {
		name  string
		texts [][]byte
	}{{"messages", chat}, {"news", news}, {"ordinary", plain}} {
		size := 0
		for _, t := range c.texts {
			size += len(t)
		}
		b.Run(c.name+"/floor", func(b *testing.B) {
			b.SetBytes(int64(size))
			defer reportCPU(b, float64(size))()
			n := 0
			for b.Loop() {
				for _, t := range c.texts {
					n += letters(t)
				}
			}
			if n == 0 {
				b.Fatal("nothing read")
			}
		})
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			defer reportCPU(b, float64(size))()
			var dst []Span
			for b.Loop() {
				for _, t := range c.texts {
					dst = Find(dst[:0], t, Options{})
				}
			}
		})
	}
}

//go:build unix

package tagger

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkTagger says how many tokens a second the tagger reads when no gate spares it any.
func BenchmarkTagger(b *testing.B) {
	text, err := os.ReadFile("../../train/testdata/ner_nergrit_valid.conll")
	if err != nil {
		b.Fatal(err)
	}
	var lines [][]byte
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var words []string
		for line := range strings.SplitSeq(block, "\n") {
			word, _, _ := strings.Cut(line, "\t")
			words = append(words, word)
		}
		lines = append(lines, []byte(strings.Join(words, " ")))
	}
	m := Trained()
	var (
		tokens    []Token
		emissions []Emission
		labels    []uint8
		path      Path
	)
	used := func() time.Duration { // processor time: on a busy machine the clock says less
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	n := 0
	b.ReportAllocs()
	from := used()
	for b.Loop() {
		for _, line := range lines {
			tokens = Tokens(tokens[:0], line)
			m.Classify(tokens, line)
			See(tokens)
			emissions = m.Emit(emissions[:0], tokens)
			labels = m.Best(labels[:0], &path, emissions)
			n += len(tokens)
		}
	}
	b.ReportMetric(float64(n)/(used()-from).Seconds()/1e6, "Mtokens/cpu-s")
}

package terminal

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestFromAPipeEachQuestionGetsItsOwnLine(t *testing.T) {
	in := strings.NewReader("first\r\nsecond\nlast without end")
	for _, want := range []string{"first", "second", "last without end"} {
		got, err := Secret(in, io.Discard, "? ")
		if err != nil || got != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	if _, err := Secret(in, io.Discard, "? "); !errors.Is(err, io.EOF) {
		t.Errorf("nobody to ask: %v", err)
	}
	if got, _ := Secret(strings.NewReader(strings.Repeat("x", 5000)), io.Discard, ""); len(got) != 4096 {
		t.Errorf("a line without end: %d bytes", len(got))
	}
}

func TestProgressIsDrawnOnATerminalOnly(t *testing.T) {
	if Progress(io.Discard, time.Now, func(int64, int64) string { return "" }) != nil {
		t.Error("drawn into a pipe")
	}
}

func TestTheBarFillsAndNeverOverflows(t *testing.T) {
	for _, c := range []struct {
		done, size int64
		want       string
	}{
		{0, 10, "\r[..............................] label"}, {5, 10, "\r[###############...............] label"},
		{10, 10, "\r[##############################] label"}, {12, 10, "\r[##############################] label"},
		{0, 0, "\r[..............................] label"}, {7, -1, "\rlabel"},
	} {
		if got := bar(c.done, c.size, "label"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

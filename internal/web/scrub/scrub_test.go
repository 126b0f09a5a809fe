package scrub

import (
	"strings"
	"testing"
)

func TestTextsOfForeignErrorsAreCleanedForTheLog(t *testing.T) {
	for in, want := range map[string]string{
		"connection refused":                      "connection refused",
		`near "3273012345670004": syntax error`:   "near […] syntax error",
		"no row for a@b.id in table x":            "no row for […] in table x",
		"value 081234567890 out of range":         "value […] out of range",
		"it's gone":                               "[…] gone",
		`row (name)=("Siti Nur Rahayu") is there`: "row […] is there",
		`near 'Siti Nur Rahayu' at 7`:             "near […] at 7",
		"column `a b c` of t":                     "column […] of t",
		`near "Siti \" Nur Rahayu" at 7`:          "near […] at 7",
		`it's near "Siti Nur`:                     "[…] near […]",
		`two "a b" and "c d e" of them`:           "two […] and […] of them",
		strings.Repeat("a", 395) + " 32730\xff1":  strings.Repeat("a", 395) + " […]",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestAPlaceOfOursIsFoundInAStack(t *testing.T) {
	stack := "goroutine 1 [running]:\nruntime/debug.Stack()\npanic({0x1, 0x2})\n\t/usr/lib/go/src/runtime/panic.go:1 +0x1\nx.y()\n\t/home/somebody/internal/desk/http.go:12 +0x5\n"
	if got := Place([]byte(stack)); got != "internal/desk/http.go:12" {
		t.Error(got)
	}
	if got := Place([]byte("no panic here")); got != "?" {
		t.Error(got)
	}
}

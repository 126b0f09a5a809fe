package kin

import (
	"testing"

	"github.com/amanah-id/amanah/pii/internal/word"
)

func TestANameInQuotesMayEndTheText(t *testing.T) {
	r := Reader{Dict: word.New()}
	for text, want := range map[string]string{`"Siti Aminah"`: "Siti Aminah", `"Siti Aminah" `: "Siti Aminah", `"`: "", "": ""} {
		var room [2]Place
		found, _ := r.Around(room[:0], []byte(text), len(text), len(text), 0, len(text))
		got := ""
		for _, at := range found {
			got += text[at.Start:at.End]
		}
		if got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

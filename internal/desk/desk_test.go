package desk

import (
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "desk", "page") }

func TestAFreeTextHoldsSomethingThatCanBeSeen(t *testing.T) {
	for in, want := range map[string]string{
		" menyapa ": "menyapa", "a\r\nb": "a\nb", "12": "12", "?": "?", strings.Repeat("é", 10): strings.Repeat("é", 10), "李": "李", "a\u202e": "a\u202e",
	} {
		if got, ok := tidy(in, 10); !ok || got != want {
			t.Errorf("%q became %q, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", " \n\t ", "\u202e", "\u200b\u200d\ufeff", "\u00a0", "\u00ad", "a\x00", "a\x7f", "a\rb", "\xff", strings.Repeat("a", 11)} {
		if got, ok := tidy(in, 10); ok {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
}

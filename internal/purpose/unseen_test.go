package purpose

import (
	"strings"
	"testing"
)

func TestATextOfThePurposeHoldsNothingUnseen(t *testing.T) {
	for name, text := range map[string]string{"a NUL": "a\x00b", "an escape": "a\x1b[31mb", "right to left": "a\u202eb", "an isolate": "a\u2066b", "delete": "a\x7fb"} {
		if both("notice", map[string]string{"id": text, "en": "b"}, maxNotice) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := both("notice", map[string]string{"id": "satu\n\tdua\r\n", "en": strings.Repeat("é", 10)}, maxNotice); err != nil {
		t.Error(err)
	}
}

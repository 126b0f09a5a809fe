package crowd

import (
	"testing"

	"github.com/amanah-id/amanah/pii"
)

func TestHowManyPeopleATextTellsOf(t *testing.T) {
	for text, want := range map[string]int{
		"":                        0,
		"a@toko.example":          1,
		"a@x.example A@x.example": 1,
		"a@x.example b@x.example c@x.example, telepon 081234567890": 3,
	} {
		scanner := pii.New(pii.Options{})
		if got := Of(scanner, []byte(text), scanner.Scan(nil, []byte(text))); got != want {
			t.Errorf("%q: %d, not %d", text, got, want)
		}
	}
}

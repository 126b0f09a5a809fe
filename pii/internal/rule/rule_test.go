package rule

import (
	"testing"

	"github.com/amanah-id/amanah/pii/internal/region"
)

func TestARuleMatchesItsLiteralsAndItsShapeWithItsCheck(t *testing.T) {
	table := region.Load()
	for _, c := range []struct {
		rule Rule
		text string
		want int
	}{
		{Rule{Literals: []string{"Proyek Elang"}}, "proyek elang!", 12},
		{Rule{Literals: []string{"Proyek Elang"}}, "proyek elangku", 0},
		{Rule{Shape: "CIF-99999999"}, "CIF-00123456", 12},
		{Rule{Shape: "CIF-99999999"}, "CIF-0012345x", 0},
		{Rule{Shape: "CIF-99999999"}, "CIX-00123456", 0},
		{Rule{Shape: "CIF-99999999"}, "CIF-001234567", 0},
		{Rule{Shape: "AA99**"}, "kz12a3 b", 6},
		{Rule{Shape: "AA99**"}, "k112a3", 0},
		{Rule{Shape: "AA99**"}, "kz12a-", 0},
		{Rule{Shape: "9999 9999 9999 9999", Check: "luhn"}, "4200 3322 4538 3234", 19},
		{Rule{Shape: "9999 9999 9999 9999", Check: "luhn"}, "4200 3322 4538 3235", 0},
		{Rule{Shape: "9999999999999999", Check: "nik"}, "3273011205900001", 16},
		{Rule{Shape: "9999999999999999", Check: "nik"}, "9999991205900001", 0},
		{Rule{Shape: "99.999.999.9-999.999", Check: "npwp"}, "07.895.254.6-407.000", 20},
		{Rule{Shape: "99.999.999.9-999.999", Check: "npwp"}, "07.895.254.7-407.000", 0},
		{Rule{}, "anything", 0},
	} {
		if got := c.rule.Match([]byte(c.text), 0, table); got != c.want {
			t.Errorf("%+v on %q: %d, not %d", c.rule, c.text, got, c.want)
		}
	}
}

func TestARuleWithWordsNeedsOneOfThemNear(t *testing.T) {
	r := Rule{Words: []string{"nasabah", "Customer"}}
	for text, want := range map[string]bool{"nasabah X": true, "CUSTOMER: X": true, "nasabahku X": false, "xnasabah X": false, "halo X": false, "X nasabah": true} {
		at := len(text) - 1
		if text[0] == 'X' {
			at = 0
		}
		if got := r.Near([]byte(text), at, at+1); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

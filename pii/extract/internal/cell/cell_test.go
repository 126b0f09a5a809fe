package cell

import (
	"slices"
	"testing"
)

func TestACellSaysWhatAPersonSees(t *testing.T) {
	texts := new(Texts)
	for _, text := range []string{"Rukmini", "Samsul", "Wayan"} {
		texts.Add(text)
	}
	dates := []bool{false, true}
	for _, c := range []struct{ raw, kind, style, want string }{
		{"1", "s", "", "Samsul"}, {"7", "s", "", ""}, {"-1", "s", "", ""}, {"x", "s", "", ""},
		{"halo", "str", "", "halo"}, {"3.273014708870017E15", "", "", "3273014708870017"}, {"31998", "n", "1", "1987-08-09"}, {"31998", "n", "0", "31998"}, {"1.5", "", "", "1.5"}, {"NaN", "", "", "NaN"},
	} {
		if got := Value(c.raw, c.kind, c.style, texts, dates); got != c.want {
			t.Errorf("%q of kind %q and style %q: %q, not %q", c.raw, c.kind, c.style, got, c.want)
		}
	}
	if left := texts.Left(); !slices.Equal(left, []string{"Rukmini", "Wayan"}) {
		t.Errorf("left: %q", left)
	}
}

func TestAPlaceIsReadOrNot(t *testing.T) {
	for place, want := range map[string][3]int{"A1": {0, 1, 1}, "B7": {1, 7, 1}, "AA100": {26, 100, 1}, "7": {}, "B": {}, "ABCDE1": {}, "": {}} {
		column, row, ok := Parse(place)
		if ok != (want[2] == 1) || ok && (column != want[0] || row != want[1]) {
			t.Errorf("%q: column %d, row %d, %v", place, column, row, ok)
		}
	}
}

package fold

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// tokens are the normal forms, with a bar between.
func tokens(text string) string {
	var out []string
	for i := 0; ; {
		t := Next([]byte(text), i, nil)
		switch t.Kind {
		case None:
			return strings.Join(out, "|")
		case Long:
			out = append(out, "long")
		default:
			out = append(out, string(t.Norm))
		}
		i = t.End
	}
}

func TestOneValueInSeveralWritingsHasTheSameTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		" ,. ":                           "",
		"Budi SANTOSO":                   "budi|santoso",
		"B1234XYZ":                       "b|1234|xyz",
		"Ma'ruf Ma\u2019ruf Maruf":       "maruf|maruf|maruf",
		"Nur'aini's Budi's 'rock' n'":    "nuraini|s|budi|s|rock|n",
		"O'S":                            "o|s",
		"O'Sé o's\u200bx o's\u200b1 o's": "ose|osx|o|s|1|o|s",
		"1'2":                            "1|2",
		"José Jose\u0301 JOSÉ":           "jose|jose|jose",
		"Straße ẞ Æon œuvre Þor":         "strasse|ss|aeon|oeuvre|thor",
		"Łódź Ørsted Đặng Nguyễn \u212b": "lodz|orsted|dang|nguyen|a",
		"Ｂｕｄｉ ＡＢ １２":                     "budi|ab|12",
		"٠١٢ ०१२ 𝟘𝟙𝟚 𝟗":                  "012|012|012|9",
		"12\u200b34\u00ad56 a\u200db":    "123456|ab",
		"Иван ИВАН":                      "иван|иван",
		"a\xffb \xc3":                    "a|b",
		"×÷":                             "",
		strings.Repeat("a", 64):          strings.Repeat("a", 64),
		"x " + strings.Repeat("A", 65):   "x|long",
		strings.Repeat("1", 100) + " y":  "long|y",
		strings.Repeat("é", 70):          "long",
	} {
		if got := tokens(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestASpanHoldsTheTokenAndNotWhatIsAroundIt(t *testing.T) {
	text := "  Jose\u0301\u200b, 12\u200b-"
	a := Next([]byte(text), 0, nil)
	b := Next([]byte(text), a.End, nil)
	if got := text[a.Start:a.End]; got != "Jose" && got != "Jose\u0301" {
		t.Errorf("%q", got)
	}
	if got := text[b.Start:b.End]; got != "12" || b.Kind != Digits {
		t.Errorf("%q", got)
	}
}

func TestTheTablesOfLatinLettersAreWhole(t *testing.T) {
	if len(latin) != 0x250-latinFrom || len(latin2) != 0x1f00-latinFrom2 {
		t.Errorf("%d and %d letters", len(latin), len(latin2))
	}
	for r, want := range map[rune]byte{'7': 7, 0x1d7d8: 0, 0x1d7e1: 9} {
		if value, ok := Digit(r); value != want || !ok {
			t.Errorf("%q is %d, %v", r, value, ok)
		}
	}
	if value, ok := Digit('x'); value != 0 || ok {
		t.Errorf("%d, %v", value, ok)
	}
}

func FuzzNext(f *testing.F) {
	f.Add([]byte("Budi's 12\u200b3 \xff Jose\u0301"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for i := 0; ; {
			k := Next(text, i, nil)
			if k.Kind == None {
				return
			}
			if k.Start < i || k.End <= k.Start || k.End > len(text) {
				t.Fatalf("from %d: %d to %d", i, k.Start, k.End)
			}
			if k.Kind != Long {
				// The normal form is its own normal form.
				again := Next(k.Norm, 0, nil)
				if again.Kind != k.Kind || !bytes.Equal(again.Norm, k.Norm) || len(k.Norm) == 0 {
					t.Fatalf("%q, and again %q", k.Norm, again.Norm)
				}
				// Cutting the piece out changes nothing.
				if piece := Next(slices.Clone(text[k.Start:k.End]), 0, nil); !bytes.Equal(piece.Norm, k.Norm) {
					t.Fatalf("%q alone is %q", k.Norm, piece.Norm)
				}
			}
			i = k.End
		}
	})
}

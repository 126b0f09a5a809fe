package token

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/pii/internal/word"
)

// The bytes near the end of a text are read in another way than those before.
func TestTheEndOfATextIsReadAsItsMiddle(t *testing.T) {
	dict := word.New()
	var near, far List
	notes := 0
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"nik", "nomor", "rekening", "KARTU", "ketenagakerjaan", "pertanggungjawaban", "x", "081234567890", "rt03", "7", " ", ", ", ".", "\n", "@", "'", "é", "-", "alamatnya", "zzzzzzzzzzzzzzzz", "mobilenumber"}
	for range 20000 {
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))])
			if r.IntN(2) == 0 {
				b.WriteByte(' ')
			}
		}
		text := b.String()
		a, c := near.Read(dict, []byte(text)), far.Read(dict, []byte(text+strings.Repeat(" ", 32)))
		if a != c || !slices.Equal(near.Tokens, far.Tokens) {
			t.Fatalf("%q: %v %v, with spaces behind it %v %v", text, near.Tokens, a, far.Tokens, c)
		}
		notes += len(near.Tokens)
	}
	if notes < 20000 {
		t.Fatal(notes)
	}
}

// Package fold cuts text into tokens in a normal form, so that one value written in several ways gives the same tokens: runs of
// letters in lower case and without diacritics, and runs of digits as ASCII digits, whatever script they were in.
//
// What lies invisibly inside a run (zero-width characters, soft hyphens, combining marks) is dropped, and so is an apostrophe
// between letters: "Ma'ruf" and "Maruf" are one token, while the possessive of "Budi's" stands apart. Letters and digits never
// share a token: "B1234XYZ" is three, as "B 1234 XYZ" is. The spans are those of the original bytes.
//
// Any bytes may come: what is not UTF-8 is no letter. The work is linear in the input and nothing is allocated; a token of more
// than Max bytes is reported as Long, without its text, because no stored value has one.
package fold

import (
	"unicode"
	"unicode/utf8"
)

// Kind says what a token is made of.
type Kind uint8

// The kinds. None is the end of the text.
const (
	None Kind = iota
	Letters
	Digits
	Long // letters or digits, more than Max bytes in normal form
)

// Max is the length of the longest token with a text.
const Max = 64

// Token is a token: its span in the text, and its normal form, which lives in the buffer given.
type Token struct {
	Kind       Kind
	Start, End int
	Norm       []byte
}

type class uint8

const (
	other class = iota
	letter
	digit
	joiner     // dropped inside a token
	apostrophe // dropped between letters
)

// ascii is what an ASCII byte is to a token.
var ascii = func() (table [utf8.RuneSelf]struct {
	class class
	norm  byte
}) {
	for b := range table {
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z':
			table[b].class, table[b].norm = letter, byte(b|0x20)
		case '0' <= b && b <= '9':
			table[b].class, table[b].norm = digit, byte(b)
		case b == '\'':
			table[b].class = apostrophe
		}
	}
	return table
}()

// classOf reads one character: its class, its length in bytes, and its normal form (as a rune, or two letters).
func classOf(text []byte, i int) (c class, size int, norm rune, second byte) {
	b := text[i]
	if b < utf8.RuneSelf {
		return ascii[b].class, 1, rune(ascii[b].norm), 0
	}
	r, size := utf8.DecodeRune(text[i:])
	c, norm, second = classOfRune(r)
	return c, size, norm, second
}

func classOfRune(r rune) (class, rune, byte) {
	switch r {
	case utf8.RuneError:
		return other, 0, 0
	case 0x2018, 0x2019, 0x02bb, 0x02bc:
		return apostrophe, 0, 0
	case 0xad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2060, 0xfeff:
		return joiner, 0, 0
	case 'ß', 'ẞ':
		return letter, 's', 's'
	case 'æ', 'Æ':
		return letter, 'a', 'e'
	case 'œ', 'Œ':
		return letter, 'o', 'e'
	case 'þ', 'Þ':
		return letter, 't', 'h'
	}
	if r >= latinFrom && r < latinFrom+rune(len(latin)) {
		if b := latin[r-latinFrom]; b != '.' {
			return letter, rune(b), 0
		}
	}
	if r >= latinFrom2 && r < latinFrom2+rune(len(latin2)) {
		if b := latin2[r-latinFrom2]; b != '.' {
			return letter, rune(b), 0
		}
	}
	switch {
	case r >= 0xff21 && r <= 0xff3a: // full width
		return letter, r - 0xff21 + 'a', 0
	case r >= 0xff41 && r <= 0xff5a:
		return letter, r - 0xff41 + 'a', 0
	case unicode.IsMark(r):
		return joiner, 0, 0
	case unicode.IsLetter(r):
		if low := unicode.ToLower(r); low != r {
			return classOfRune(low) // which may have a diacritic: the Ångström sign is an å
		}
		return letter, r, 0
	}
	if value, ok := Digit(r); ok {
		return digit, '0' + rune(value), 0
	}
	return other, 0, 0
}

// Digit is the value of a decimal digit of any script. Unicode keeps each script's ten together, from zero to nine.
func Digit(r rune) (value byte, ok bool) {
	if !unicode.IsDigit(r) {
		return 0, false
	}
	for _, block := range unicode.Nd.R16 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return byte((r - rune(block.Lo)) % 10), true
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return byte((r - rune(block.Lo)) % 10), true
		}
	}
	return 0, false
}

// Next returns the first token that begins at or after i. The normal form is written over buf, which holds Max bytes or grows.
func Next(text []byte, i int, buf []byte) Token {
	kind := None
	for ; i < len(text); i++ {
		if b := text[i]; b < utf8.RuneSelf {
			if kind = kindOf(ascii[b].class); kind != None {
				break
			}
			continue
		}
		c, size, _, _ := classOf(text, i)
		if c == letter || c == digit {
			kind = kindOf(c)
			break
		}
		i += size - 1
	}
	if kind == None {
		return Token{Start: len(text), End: len(text)}
	}
	t := Token{Kind: kind, Start: i, End: i, Norm: buf[:0]}
	for i < len(text) {
		if b := text[i]; b < utf8.RuneSelf && kindOf(ascii[b].class) == kind && len(t.Norm) < Max {
			t.Norm = append(t.Norm, ascii[b].norm)
			i++
			t.End = i
			continue
		}
		c, size, norm, second := classOf(text, i)
		switch {
		case kindOf(c) == kind:
			i += size
			t.End = i
			if len(t.Norm) > Max {
				continue
			}
			t.Norm = utf8.AppendRune(t.Norm, norm)
			if second != 0 {
				t.Norm = append(t.Norm, second)
			}
			continue
		case c == joiner, c == apostrophe && kind == Letters && joins(text, i+size):
			i += size
			continue
		}
		break
	}
	if len(t.Norm) > Max {
		t.Kind, t.Norm = Long, nil
	}
	return t
}

func kindOf(c class) Kind {
	switch c {
	case letter:
		return Letters
	case digit:
		return Digits
	}
	return None
}

// joins reports whether what follows an apostrophe belongs to the word before: a letter, unless it is the possessive s.
func joins(text []byte, i int) bool {
	if i >= len(text) {
		return false
	}
	if c, _, _, _ := classOf(text, i); c != letter {
		return false
	}
	if text[i]|0x20 != 's' {
		return true
	}
	for i++; i < len(text); {
		c, size, _, _ := classOf(text, i)
		if c != joiner {
			return c == letter
		}
		i += size
	}
	return false
}

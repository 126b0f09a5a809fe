// Package tagger gives every token of a text its place in the name of a person, a place or something else.
//
// It is a linear-chain conditional random field whose weights a program (folder train of package names) learned and made small:
// one byte a weight. Text is cut into tokens (Tokens), each looked up once in the word lists (Classify) and asked what its letters'
// case says in its line (See); its features are hashes, never strings (Extract), each one read of one block of a table; and the best
// sequence of labels is chosen by dynamic programming (Best). Training and use share this code, so that they cannot see
// different things. It refuses bytes that are no model, accepts any bytes as text, and its sums cannot run over.
package tagger

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// Shape is the coarse look of a token.
type Shape uint8

// The shapes. Punctuation is told apart by the token's hash.
const (
	Lower Shape = iota
	Title
	Upper // two letters or more
	Initial
	Mixed
	Alnum
	Digits
	Punct
	Break   // the end of a line
	Address // e-mail, link or handle: never a name
	outside // before the first and after the last token
	lowerAmongCapitals
)

// Token is one token of a text, with everything that features are made of. Hashes ignore the case of ASCII letters.
type Token struct {
	Start, End uint32
	Shape      Shape
	Seen       Shape // the shape that features see: in text without mixed case it says nothing, and is Lower
	Byte       byte  // of punctuation
	Class      Class // what the lists say
	Service    bool  // messages of service have the word, news have not
	Register   uint8 // how many words of service its line has, up to two
	Strange    uint8 // how many of the words of its line are on no list, and how long the line is, in steps
	Hash       uint32
	pre2, pre3 uint32
	pre4       uint32
	suf2, suf3 uint32
	suf4       uint32
}

// Word says whether the token is made of letters.
func (t *Token) Word() bool { return t.Shape <= Mixed }

// Known says whether the word was met in the training outside names, and is on no list of names or places.
func (t *Token) Known() bool { return t.Class == Ordinary }

// News says whether the line of the token reads like news: it has more than a dozen words, and none that only messages of service have.
func (t *Token) News() bool { return t.Register == 0 && t.Strange >= longLine }

const (
	letter = 1 << iota
	capital
	digit
	space
	newline
	other // 0x80 and above
)

var kinds = func() (t [256]byte) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z':
			t[c] = letter
		case c >= 'A' && c <= 'Z':
			t[c] = letter | capital
		case c >= '0' && c <= '9':
			t[c] = digit
		case c == '\n' || c == '\r':
			t[c] = newline
		case c <= ' ' || c == 0x7f:
			t[c] = space
		case c >= 0x80:
			t[c] = other
		}
	}
	return t
}()

const (
	mult = 0x9E3779B97F4A7C15
	low  = 0x2020202020202020
)

func mix(a, b uint64) uint64 {
	x := (a ^ b) * mult
	return x ^ x>>29
}

// wide reads the rune at i, which begins with a byte of 0x80 or above, and says whether it belongs to a word.
func wide(text []byte, i int) (n int, word, blank bool) {
	r, n := utf8.DecodeRune(text[i:])
	switch {
	case r == utf8.RuneError && n <= 1:
		return 1, false, false
	case unicode.IsLetter(r), unicode.IsMark(r), r == 0x200c, r == 0x200d:
		return n, true, false
	case unicode.IsSpace(r), r == 0x200b, r == 0x2060, r == 0xfeff:
		return n, false, true
	}
	return n, false, false
}

// curly is how many bytes the apostrophe at i has, when it is the curly one.
func curly(text []byte, i int) int {
	if text[i] == 0xe2 && i+2 < len(text) && text[i+1] == 0x80 && text[i+2] == 0x99 {
		return 3
	}
	return 0
}

// goesOn says whether a word goes on behind an apostrophe: with a letter, but not with the "s" of a possessive.
func goesOn(text []byte, i int) bool {
	if i >= len(text) || kinds[text[i]]&letter == 0 {
		return false
	}
	return text[i]|0x20 != 's' || i+1 < len(text) && kinds[text[i+1]]&(letter|digit|other) != 0
}

// Tokens appends the tokens of text to dst. Spans begin and end on the borders of characters.
func Tokens(dst []Token, text []byte) []Token {
	for i := 0; i < len(text); {
		c := text[i]
		k := kinds[c]
		if k&space != 0 {
			i++
			continue
		}
		start := i
		if k&newline != 0 {
			for i < len(text) && kinds[text[i]]&(newline|space) != 0 {
				i++
			}
			dst = append(dst, Token{Start: uint32(start), End: uint32(i), Shape: Break, Byte: '\n', Hash: '\n'})
			continue
		}
		letters, capitals, digits := 0, 0, 0
		first := k&capital != 0
		var wideLetters bool
		j := i
	word:
		for j < len(text) {
			k := kinds[text[j]]
			switch {
			case k&letter != 0:
				letters++
				if k&capital != 0 {
					capitals++
				}
				j++
			case k&digit != 0:
				digits++
				j++
			case k&other != 0:
				n, word, _ := wide(text, j)
				if !word {
					if a := curly(text, j); a > 0 && letters > 0 && goesOn(text, j+a) {
						j += a
						continue
					}
					break word
				}
				letters++
				wideLetters = true
				if r, _ := utf8.DecodeRune(text[j:]); unicode.IsUpper(r) {
					capitals++
					if j == i {
						first = true
					}
				}
				j += n
			case text[j] == '\'' || text[j] == '`':
				if letters == 0 || !goesOn(text, j+1) {
					break word
				}
				j++
			case text[j] == '@' && j > i && j+1 < len(text) && kinds[text[j+1]]&(letter|digit) != 0:
				j = runEnd(text, j)
				dst = append(dst, Token{Start: uint32(start), End: uint32(j), Shape: Address, Byte: '@', Hash: '@'})
				i = j
				break word
			case (text[j] == '.' || text[j] == '_' || text[j] == '+' || text[j] == '-') && j > i && mailAhead(text, j):
				j = runEnd(text, j)
				dst = append(dst, Token{Start: uint32(start), End: uint32(j), Shape: Address, Byte: '@', Hash: '@'})
				i = j
				break word
			case text[j] == ':' && j > i && j+2 < len(text) && text[j+1] == '/' && text[j+2] == '/':
				j = runEnd(text, j)
				dst = append(dst, Token{Start: uint32(start), End: uint32(j), Shape: Address, Byte: '@', Hash: '@'})
				i = j
				break word
			default:
				break word
			}
		}
		if i == j && i > start { // an address was taken
			continue
		}
		if j == i { // punctuation, or a symbol
			n := 1
			if k&other != 0 {
				var blank bool
				if n, _, blank = wide(text, i); blank {
					i += n
					continue
				}
			} else if c == '@' && i+1 < len(text) && kinds[text[i+1]]&(letter|digit) != 0 && (i == 0 || kinds[text[i-1]]&(letter|digit) == 0) {
				j = runEnd(text, i)
				dst = append(dst, Token{Start: uint32(start), End: uint32(j), Shape: Address, Byte: '@', Hash: '@'})
				i = j
				continue
			}
			i += n
			dst = append(dst, Token{Start: uint32(start), End: uint32(i), Shape: Punct, Byte: c, Hash: uint32(c) | 0x100})
			continue
		}
		i = j
		t := Token{Start: uint32(start), End: uint32(j)}
		switch {
		case letters == 0:
			t.Shape = Digits
		case digits > 0:
			t.Shape = Alnum
		case capitals == 0:
			t.Shape = Lower
		case letters == 1:
			t.Shape = Initial
		case capitals == letters:
			t.Shape = Upper
		case first && capitals == 1:
			t.Shape = Title
		default:
			t.Shape = Mixed
		}
		if t.Shape == Digits {
			t.Hash = uint32(0x200 + min(digits, 8))
		} else {
			t.word(text[start:j], wideLetters)
		}
		dst = append(dst, t)
	}
	return dst
}

// mailAhead says whether the run of address characters at i goes on to an "@" with something behind it.
func mailAhead(text []byte, i int) bool {
	for end := min(len(text), i+64); i < end; i++ {
		switch c := text[i]; {
		case kinds[c]&(letter|digit) != 0, c == '.', c == '_', c == '+', c == '-':
		case c == '@':
			return i+1 < len(text) && kinds[text[i+1]]&(letter|digit) != 0
		default:
			return false
		}
	}
	return false
}

// runEnd is the end of the address whose inside is at i, without punctuation that closes a sentence.
func runEnd(text []byte, i int) int {
	j := i
	for j < len(text) && kinds[text[j]]&(space|newline|other) == 0 && text[j] != ',' && text[j] != ')' && text[j] != '>' && text[j] != '"' && text[j] != ';' {
		j++
	}
	for j > i+1 && (text[j-1] == '.' || text[j-1] == '!' || text[j-1] == '?' || text[j-1] == ':' || text[j-1] == '\'') {
		j--
	}
	return j
}

func short(b []byte) uint32 { // up to four bytes, lower case
	var x uint32
	for _, c := range b {
		x = x<<8 | uint32(c|0x20)
	}
	return x
}

// word fills the hashes of a word.
func (t *Token) word(b []byte, wideLetters bool) {
	h := uint64(len(b)) * mult
	n := len(b)
	i := 0
	fold := uint64(low)
	if wideLetters {
		fold = 0 // 0x20 would join different characters; case is kept in words beyond ASCII
	}
	for ; i+8 <= n; i += 8 {
		h = mix(h, binary.LittleEndian.Uint64(b[i:])|fold)
	}
	if i < n {
		var x uint64
		if n >= 8 {
			x = binary.LittleEndian.Uint64(b[n-8:]) | fold
		} else {
			for _, c := range b[i:] {
				x = x<<8 | uint64(c) | fold&0xff
			}
		}
		h = mix(h, x)
	}
	h ^= h >> 32
	t.Hash = uint32(h) | 0x8000_0000
	if n >= 2 {
		t.pre2, t.suf2 = short(b[:2]), short(b[n-2:])
	}
	if n >= 3 {
		t.pre3, t.suf3 = short(b[:3]), short(b[n-3:])
	}
	if n >= 4 {
		t.pre4, t.suf4 = short(b[:4]), short(b[n-4:])
	}
}

// HashOf is the hash that a word has as a token.
func HashOf(word string) uint32 {
	b := []byte(word)
	wideLetters := false
	for _, c := range b {
		wideLetters = wideLetters || c >= 0x80
	}
	var t Token
	t.word(b, wideLetters)
	return t.Hash
}

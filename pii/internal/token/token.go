// Package token turns text into notes: where numbers stand, which words of the dictionary, which signs that matter, where lines end.
//
// It is the one pass over the bytes that every text gets. Words that are not in the dictionary leave no note, but are counted, so
// that two notes tell how many words apart they are. A note is sixteen bytes and the list is used again for the next text, so a warm
// tokeniser allocates nothing. Each byte is looked at a bounded number of times.
//
// The pass also asks whether anything in the text is disguised: then the caller makes the normalised copy and tokenises that one
// instead. What a note means is decided later, by who reads the notes.
package token

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/shadow"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Kind is what a note is about.
type Kind uint8

// The kinds.
const (
	Number Kind = iota // digits
	Word               // a word of the dictionary
	Mixed              // letters and digits in one piece
	Break              // end of a line
	At                 // @
	Colon              // a colon between hexadecimal digits
	Dotted             // a sign in three fours or six pairs of hexadecimal digits
	Scheme             // ://
	Armour             // -----BEGIN
)

// Flags of a token.
const (
	Alike  uint8 = 1 << iota // a number with letters that look like digits
	Hidden                   // part of a speaker's label: no part of what is said
	Parted                   // a number with a letter between all its digits
)

// Token is a note about a place in the text. Words that are not in the dictionary leave no note, but are counted by Ord.
type Token struct {
	Start, End int32
	Ord        int32 // which word, number or mixed piece of the text this is
	Kind       Kind
	Flags      uint8
	ID         uint16 // of the dictionary
}

// Line is one line of the text.
type Line struct {
	Start, End int32 // bytes
	From, To   int32 // tokens
	First      int32 // Ord of the first piece that is said, after a label
	Label      int32 // where the label ends; 0 when there is none
	Numbered   bool  // there is a number of more than four digits
}

// List holds the notes of one text.
type List struct {
	Tokens  []Token
	Lines   []Line
	encoded bool
}

type class uint8

const (
	cOther class = iota
	cLetter
	cDigit
	cNewline
	cSign // looked at one by one
	cHigh
)

var classes = func() (t [256]class) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			t[c] = cLetter
		case c >= '0' && c <= '9':
			t[c] = cDigit
		case c == '\n':
			t[c] = cNewline
		case c == '@' || c == ':' || c == '-' || c == '.' || c == '%' || c == '=' || c == '&' || c == '\\' || c == '[' || c == '(' || c == '{' || c == '<':
			t[c] = cSign
		case c >= 0x80:
			t[c] = cHigh
		}
	}
	return t
}()

// IsLetter and its sisters are about ASCII.
func IsLetter(c byte) bool { return classes[c] == cLetter }

// IsDigit is about 0 to 9.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }

// IsAlnum is about letters and digits.
func IsAlnum(c byte) bool { return classes[c] == cLetter || classes[c] == cDigit }

// IsHex is about hexadecimal digits.
func IsHex(c byte) bool { return IsDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// IsUpper is about capital letters.
func IsUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// note adds a token. It is filled in where it stands: one that is made elsewhere and copied there costs the processor a wait, as it is written in
// small pieces and read in large ones.
func note(tokens []Token, start, end int, ord int32, kind Kind) []Token {
	tokens = append(tokens, Token{})
	t := &tokens[len(tokens)-1]
	t.Start, t.End, t.Ord, t.Kind = int32(start), int32(end), ord, kind
	return tokens
}

// load is eight bytes of the text from i on, with zeroes behind its end.
func load(text []byte, i int) uint64 {
	if i+8 <= len(text) {
		return binary.LittleEndian.Uint64(text[i : i+8 : i+8])
	}
	if len(text) >= 8 && i < len(text) {
		return binary.LittleEndian.Uint64(text[len(text)-8:]) >> (8 * uint(i+8-len(text)))
	}
	w := uint64(0)
	for j := len(text) - 1; j >= i; j-- {
		w = w<<8 | uint64(text[j])
	}
	return w
}

// words notes the words from i on that have spaces between them, eight bytes at a time, up to what is no such word. It reports false when that is a
// longer word, or one that touches a digit. A letter stands at i. What a byte is, is asked once.
func words(dict *word.Dictionary, tokens []Token, text []byte, i int, ord int32) ([]Token, int, int32, bool) {
	for c := cLetter; c == cLetter; {
		var k word.Spelling
		x, n := load(text, i), 0
		if no := word.NotLetters(x); no != 0 {
			n = bits.TrailingZeros64(no) >> 3
			k = word.Short(x, n)
		} else {
			y := load(text, i+8)
			if no = word.NotLetters(y); no == 0 {
				return tokens, i, ord, false
			}
			n = bits.TrailingZeros64(no) >> 3
			k = word.Medium(x, y, n)
			n += 8
		}
		end := i + n
		if c = cNewline; end < len(text) {
			if c = classes[text[end]]; c == cDigit {
				return tokens, i, ord, false
			}
		}
		if h, may := dict.May(k, n); may {
			if id := dict.Sure(k, h); id != 0 {
				tokens = note(tokens, i, end, ord, Word)
				tokens[len(tokens)-1].ID = id
			}
		}
		ord++
		for i = end; c == cOther; c = classes[text[i]] {
			if i++; i == len(text) {
				break
			}
		}
	}
	return tokens, i, ord, true
}

// Read notes what matters in the text. It reports whether something in it asks for the normalised copy.
func (s *List) Read(dict *word.Dictionary, text []byte) (suspicious bool) {
	tokens, lines := s.Tokens[:0], s.Lines[:0]
	var ord int32
	cur := Line{}
	s.encoded = false
	n := len(text)
	for i := 0; i < n; {
		c := text[i]
		if c == ' ' {
			if i++; i == n {
				break
			}
			c = text[i]
		}
		switch classes[c] {
		case cOther:
			i++
		case cLetter:
			var plain bool
			if tokens, i, ord, plain = words(dict, tokens, text, i, ord); plain {
				continue
			}
			start := i
			for i++; i < n && classes[text[i]] == cLetter; i++ {
			}
			if i < n && classes[text[i]] == cDigit {
				tokens, i = s.mixed(dict, tokens, text, start, i, ord)
				ord++
				continue
			}
			if id := dict.Look(word.Spell(text[start:i]), i-start); id != 0 {
				tokens = note(tokens, start, i, ord, Word)
				tokens[len(tokens)-1].ID = id
			} else if i-start >= 16 {
				if more, ok := digitWords(dict, tokens, text, start, i, ord); ok {
					tokens = more
				} else if i-start >= 20 {
					suspicious = suspicious || shadow.Encoded(text[start:i])
				}
			}
			ord++
		case cDigit:
			start := i
			for i++; i < n && classes[text[i]] == cDigit; i++ {
			}
			if i < n && classes[text[i]] == cLetter {
				tokens, i = s.mixed(dict, tokens, text, start, start, ord)
				ord++
				continue
			}
			if i-start >= 20 {
				suspicious = suspicious || shadow.Encoded(text[start:i])
			}
			if i-start == 4 && start > 1 && text[start-1] == '+' && text[start-2] == 'U' {
				suspicious = suspicious || shadow.Listed(text, start-2)
			}
			tokens = note(tokens, start, i, ord, Number)
			cur.Numbered = cur.Numbered || i-start > 4
			ord++
		case cNewline:
			cur.End, cur.To = int32(i), int32(len(tokens))
			lines = append(lines, cur)
			tokens = note(tokens, i, i+1, ord, Break)
			i++
			cur = Line{Start: int32(i), From: int32(len(tokens)), First: ord}
		case cSign:
			switch c {
			case '@':
				if i > 0 && i+2 < n && text[i-1]|0x20 == 'p' && text[i+1]|0x20 == 's' && text[i+2]|0x20 == 's' { // p@ssword
					tokens = note(tokens, i-1, WordEnd(text, i+1), ord, Word)
					tokens[len(tokens)-1].ID = dict.Look(word.Spell("password"), 8)
				} else {
					tokens = note(tokens, i, i+1, ord, At)
				}
			case ':':
				if i+2 < n && text[i+1] == '/' && text[i+2] == '/' {
					tokens = note(tokens, i, i+3, ord, Scheme)
				} else if i+1 < n && (text[i+1] == ':' || IsHex(text[i+1])) && (i == 0 || text[i-1] == ':' || IsHex(text[i-1]) || text[i+1] == ':') {
					if last := len(tokens) - 1; last < 0 || tokens[last].Kind != Colon || int(tokens[last].End) <= i {
						tokens = note(tokens, i, i+1, ord, Colon)
					}
				}
			case '-':
				suspicious = suspicious || shadow.Beeps(text, i)
				if i >= 2 && i+14 < n && text[i+3] == '-' && text[i+6] == '-' && Lettered(text[i-2:i+15]) && check.MAC(text[i-2:]) > 0 {
					tokens = note(tokens, i, i+1, ord, Dotted)
				}
				if i+11 < n && text[i+1] == '-' && text[i+2] == '-' && text[i+5] == 'B' && string(text[i:i+11]) == "-----BEGIN " {
					tokens = note(tokens, i, i+11, ord, Armour)
				}
			case '.':
				suspicious = suspicious || shadow.Beeps(text, i)
				if i >= 4 && i+5 < n && text[i+5] == '.' && IsHex(text[i-1]) && IsHex(text[i-4]) && IsHex(text[i+1]) && check.MAC(text[i-4:]) > 0 && Lettered(text[i-4:i+10]) {
					tokens = note(tokens, i, i+1, ord, Dotted)
				}
			case '[', '(', '{', '<':
				suspicious = suspicious || i > 1 && (IsAlnum(text[i-1]) || IsAlnum(text[i-2])) && shadow.Escaped(text, i)
			case '%', '=', '&', '\\':
				suspicious = suspicious || c == '=' && i > 0 && IsLetter(text[i-1]) && padded(text, i)
				if c == '\\' && i+1 < n && (text[i+1] == 'n' || text[i+1] == 't' || text[i+1] == 'r') {
					i += 2 // the end of a line inside a quoted string
					continue
				}
				suspicious = suspicious || shadow.Escaped(text, i)
			}
			i++
		case cHigh:
			if !suspicious {
				r, _ := utf8.DecodeRune(text[i:])
				switch shadow.Class(r) {
				case shadow.Disguise:
					suspicious = true
				case shadow.Gap: // it matters where it stands between digits, or before the name of a sign
					suspicious = i > 0 && (IsDigit(text[i-1]) || i > 1 && text[i-1] == ' ' && IsDigit(text[i-2]) || n-i > 5 && (EqualFold(text[i+3:i+5], "at") || EqualFold(text[i+3:i+6], "dot")))
				}
			}
			for i++; i < n && text[i] >= 0x80 && text[i] < 0xC0; i++ {
			}
		}
	}
	cur.End, cur.To = int32(n), int32(len(tokens))
	s.Tokens, s.Lines = tokens, append(lines, cur)
	return suspicious || s.encoded
}

// padded reports whether what ends at the place, before its padding, is encoded.
func padded(text []byte, at int) bool {
	b := at
	for b > 0 && at-b < 64 && IsAlnum(text[b-1]) {
		b--
	}
	return at-b > 10 && shadow.Encoded(text[b:at])
}

// LooksLike are the letters that stand for a digit to a reader; 0 for the others.
var LooksLike = [256]byte{'O': '0', 'o': '0', 'I': '1', 'l': '1', 'i': '1', 'S': '5', 's': '5', 'B': '8', 'Z': '2', 'z': '2'}

// mixed notes a piece of letters and digits that begins at start; at is where its first digit was met.
func (s *List) mixed(dict *word.Dictionary, tokens []Token, text []byte, start, at int, ord int32) ([]Token, int) {
	i, digits, others, changes := start, 0, 0, 0
	for ; i < len(text) && IsAlnum(text[i]); i++ {
		if IsDigit(text[i]) {
			digits++
		} else if LooksLike[text[i]] == 0 {
			others++
		}
		if i > start && IsDigit(text[i]) != IsDigit(text[i-1]) {
			changes++
		}
	}
	if changes == 1 { // a word and a number that lack their space: rt03, 50ribu
		turn := at
		if turn == start {
			turn = start + digits
		}
		name, number := Token{Start: int32(start), End: int32(turn), Ord: ord, Kind: Word}, Token{Start: int32(turn), End: int32(i), Ord: ord, Kind: Number}
		if IsDigit(text[start]) {
			name, number = number, name
			name.Kind, number.Kind = Word, Number
		}
		if name.ID = dict.Find(text, int(name.Start), int(name.End)); name.ID != 0 && splits(dict, text, name, number, i) {
			if name.Start < number.Start {
				return append(tokens, name, number), i
			}
			return append(tokens, number, name), i
		}
	}
	if changes > 0 && i-start >= 3 && i-start <= 10 {
		if id := spelt(dict, text[start:i]); id != 0 {
			tokens = note(tokens, start, i, ord, Word)
			tokens[len(tokens)-1].ID = id
			return tokens, i
		}
	}
	if digits >= 9 && changes > 3 && changes == 2*(i-start-digits) && parted(text[start:i], digits) || changes == i-start-1 && digits >= 9 && IsDigit(text[start]) && parted(text[start:i], digits) {
		return append(tokens, Token{Start: int32(start), End: int32(i), Ord: ord, Kind: Number, Flags: Parted}), i
	}
	if changes > 1 && i-start <= 96 {
		if more, ok := glued(dict, tokens, text, start, i, ord); ok {
			return more, i
		}
	}
	if others == 0 && i-start >= 2 && (digits*2 >= i-start || i-start >= 8 && digits*5 >= 2*(i-start) || i-start <= 6 && zeros(text[start:i])) {
		return append(tokens, Token{Start: int32(start), End: int32(i), Ord: ord, Kind: Number, Flags: Alike}), i
	}
	if i-start == 4 && !s.encoded {
		s.encoded = shadow.Listed(text, start)
	}
	if i-start >= 11 && !s.encoded {
		s.encoded = shadow.Encoded(text[start:i])
	}
	return append(tokens, Token{Start: int32(start), End: int32(i), Ord: ord, Kind: Mixed}), i
}

// like are the letters that digits stand for in a word: d3lapan, p4ssw0rd; otherwise those that some of them stand for as well: tu7uh, sem6ilan.
var (
	like      = [10]byte{'o', 'i', 'z', 'e', 'a', 's', 'g', 't', 'b', 'g'}
	otherwise = [10]byte{'o', 'l', 'z', 'e', 'a', 's', 'b', 'j', 'b', 'g'}
)

// disguisable are the cues of words that are worth a disguise.
const disguisable = word.NIK | word.Family | word.Tax | word.Card | word.Phone | word.Account | word.PIN | word.OTP | word.CVV | word.Password | word.Email

// spelt is the word that a piece is when its digits are read as letters: a digit that is said, or what announces a value.
func spelt(dict *word.Dictionary, piece []byte) uint16 {
	var b [10]byte
	for i, as := range [...]*[10]byte{&like, &otherwise} {
		letters, differs := 0, false
		for k, c := range piece {
			if IsDigit(c) {
				b[k], differs = as[c-'0'], differs || like[c-'0'] != otherwise[c-'0']
				continue
			}
			letters++
			b[k] = c | 0x20
		}
		if letters < 2 || i > 0 && !differs {
			return 0
		}
		id := dict.Find(b[:len(piece)], 0, len(piece))
		if e := dict.Entry(id); id != 0 && (e.Part == word.Digit || e.Part == word.Dot || e.Cues&disguisable != 0 && e.Cues&word.Bank == 0) {
			return id
		}
	}
	return 0
}

// zeros reports whether all letters of a piece stand for zeros: OOO55.
func zeros(piece []byte) bool {
	for _, c := range piece {
		if !IsDigit(c) && c|0x20 != 'o' {
			return false
		}
	}
	return true
}

// parted reports whether letters only part the digits of a piece: one and the same, 0x8x1x2, or single ones in a telephone number, 0812a555b77c41.
func parted(piece []byte, digits int) bool {
	letter := byte(0)
	for i, c := range piece {
		if IsDigit(c) {
			continue
		}
		if i > 0 && !IsDigit(piece[i-1]) {
			return false
		}
		if letter == 0 {
			letter = c
		} else if letter != c {
			letter = 1
		}
	}
	at := bytes.IndexAny(piece[1:], "0123456789") + 1
	return letter > 1 || digits >= 10 && digits <= 13 && piece[0] == '0' && piece[at] == '8'
}

// digitWords notes the words for digits that a long word is made of: noldelapansatudua.
func digitWords(dict *word.Dictionary, tokens []Token, text []byte, start, end int, ord int32) ([]Token, bool) {
	first := len(tokens)
	for p := start; p < end; {
		e := min(end, p+9)
		for ; e > p+2; e-- {
			if id := dict.Find(text, p, e); dict.Part(id) == word.Digit {
				tokens = append(tokens, Token{Start: int32(p), End: int32(e), Ord: ord, Kind: Word, ID: id})
				break
			}
		}
		if e <= p+2 {
			return tokens[:first], false
		}
		p = e
	}
	return tokens, true
}

// glued notes spoken and written digits that lack their spaces: nol8satu2.
func glued(dict *word.Dictionary, tokens []Token, text []byte, start, end int, ord int32) ([]Token, bool) {
	first := len(tokens)
	for i := start; i < end; {
		from, digits := i, IsDigit(text[i])
		for i++; i < end && IsDigit(text[i]) == digits; i++ {
		}
		t := Token{Start: int32(from), End: int32(i), Ord: ord, Kind: Number}
		if !digits {
			if t.ID = dict.Find(text, from, i); dict.Entry(t.ID).Part != word.Digit && dict.Entry(t.ID).Part != word.Whole {
				return tokens[:first], false
			}
			t.Kind = Word
		}
		tokens = append(tokens, t)
	}
	return tokens, true
}

// splits reports whether a word of the dictionary that a number touches is a word of its own, and not the head of a code.
func splits(dict *word.Dictionary, text []byte, name, number Token, end int) bool {
	e := dict.Entry(name.ID)
	if e.Cues&^(word.Stop|word.Ack|word.Speaker) == 0 && (e.Part == 0 || e.Part == word.Domain) {
		return false
	}
	if name.End-name.Start == 2 && name.Start < number.Start && IsUpper(text[name.Start]) && IsUpper(text[name.Start+1]) {
		if n := check.IBANLength(text[name.Start], text[name.Start+1]); n != 0 && (n == end-int(name.Start) || number.End-number.Start == 2 && end+4 < len(text) && text[end] == ' ' && IsAlnum(text[end+4])) {
			return false
		}
	}
	return true
}

// Lettered reports whether there is a letter among the bytes.
func Lettered(b []byte) bool {
	for _, c := range b {
		if IsLetter(c) {
			return true
		}
	}
	return false
}

// Lower is the small letter of a capital, and any other byte as it is.
func Lower(c byte) byte {
	if IsUpper(c) {
		return c | 0x20
	}
	return c
}

// EqualFold reports whether the bytes are the text, without regard to case. Most that are asked for differ in
// length, which costs no call.
func EqualFold(b []byte, s string) bool {
	return len(b) == len(s) && equalFold(b, s)
}

func equalFold(b []byte, s string) bool {
	for i := range len(s) {
		if Lower(b[i]) != Lower(s[i]) {
			return false
		}
	}
	return true
}

// WordEnd returns where the run of letters that begins at p ends, of a longer one than 96 where these end. An apostrophe may stand inside.
func WordEnd(text []byte, p int) int {
	e := p
	for e < len(text) && e-p < 96 && (IsLetter(text[e]) || text[e] == '\'' && e > p && e+1 < len(text) && IsLetter(text[e+1])) {
		e++
	}
	return e
}

// Package shadow makes the copy of a text in which what was disguised stands plain, with a map back to the bytes it came from.
//
// People hide numbers from filters: with digits of other scripts, with letters that look alike, with signs that have no
// width, with escapes of URLs, mail and HTML, in base64 and in hexadecimal. The copy undoes all of these in one pass. Every byte
// of the copy knows which bytes of the text it stands for, so that what is found in the copy can be shown, and replaced, in
// the text. Making it costs more than scanning, so the scanner asks first, byte by byte and cheaply, whether anything in the
// text looks disguised: Class for what is not ASCII, Escaped for escapes, Encoded for long pieces of letters and digits.
//
// The copy is as faithful as can be: what is not recognised is copied as it stands, an escape that decodes to no printable
// sign stays an escape, and a piece that merely could be base64 stays as it is unless it decodes to readable text.
package shadow

import (
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/internal/fold"
)

// Kind is what a rune is to a reader of numbers.
type Kind uint8

// The kinds.
const (
	Plain    Kind = iota
	Gap           // a dash, a space, a bullet, an emoji: it stands between
	Disguise      // a digit or letter of another dress, or nothing that can be seen
)

// Class tells the kind of a rune outside ASCII.
func Class(r rune) Kind {
	c, k := asciiOf(r)
	if k == Disguise && c == 0 && (r == 0x200D || r >= 0xFE00 && r <= 0xFE0F || r == 0x20E3) {
		return Gap // they belong to emoji; only beside digits do they hide something
	}
	return k
}

// latin are letters of Greek and Cyrillic that look like Latin ones, small capitals, and the digits of Chinese.
var latin = map[rune]byte{
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'у': 'y', 'х': 'x', 'і': 'i', 'ѕ': 's', 'ј': 'j', 'к': 'k', 'м': 'm', 'т': 't', 'п': 'n', 'г': 'r', 'ԁ': 'd', 'ɡ': 'g', 'ı': 'i', 'ո': 'n',
	'А': 'A', 'В': 'B', 'Е': 'E', 'К': 'K', 'М': 'M', 'Н': 'H', 'О': 'O', 'Р': 'P', 'С': 'C', 'н': 'n', 'л': 'l', 'д': 'd', 'в': 'v', 'Т': 'T', 'У': 'Y', 'Х': 'X', 'І': 'I', 'Ѕ': 'S', 'З': '3', 'з': '3', 'б': '6',
	'〇': '0', '零': '0', '一': '1', '二': '2', '三': '3', '四': '4', '五': '5', '六': '6', '七': '7', '八': '8', '九': '9', '壹': '1', '贰': '2', '叁': '3', '肆': '4', '伍': '5', '陆': '6', '柒': '7', '捌': '8', '玖': '9', '两': '2',
	'ᴀ': 'a', 'ʙ': 'b', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ꜰ': 'f', 'ɢ': 'g', 'ʜ': 'h', 'ɪ': 'i', 'ᴊ': 'j', 'ᴋ': 'k', 'ʟ': 'l', 'ᴍ': 'm', 'ɴ': 'n', 'ᴏ': 'o', 'ᴘ': 'p', 'ǫ': 'q', 'ʀ': 'r', 'ꜱ': 's', 'ᴛ': 't', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ʏ': 'y', 'ᴢ': 'z',
	'α': 'a', 'ο': 'o', 'ρ': 'p', 'ν': 'v', 'ι': 'i', 'κ': 'k', 'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X',
}

// unseen are signs that show nothing, or only change the one before: of direction, of joining, fillers, variants, accents that combine.
func unseen(r rune) bool {
	switch {
	case r < 0x300:
		return r == 0xAD
	case r <= 0x36F, r >= 0x483 && r <= 0x489, r == 0x61C, r >= 0x115F && r <= 0x1160, r >= 0x17B4 && r <= 0x17B5, r >= 0x180B && r <= 0x180F, r >= 0x1AB0 && r <= 0x1AFF, r >= 0x1DC0 && r <= 0x1DFF:
		return true
	case r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F, r >= 0x20D0 && r <= 0x20FF, r == 0x3164:
		return true
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xFE20 && r <= 0xFE2F, r == 0xFEFF, r == 0xFFA0, r >= 0xFFF9 && r <= 0xFFFB, r >= 0x1D173 && r <= 0x1D17A, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return false
}

// asciiOf gives the ASCII byte that a rune stands for; 0 with Disguise means that it stands for nothing.
func asciiOf(r rune) (byte, Kind) {
	switch {
	case r >= 0xE0020 && r <= 0xE007E: // tags, which no person sees and a program that is asked reads as ASCII
		return byte(r - 0xE0000), Disguise
	case unseen(r):
		return 0, Disguise
	case r == 0x3002 || r == 0xFF61 || r == 0x2024 || r == 0xFE52: // full stops
		return '.', Disguise
	case r == 0xFE6B:
		return '@', Disguise
	case r >= 0x3008 && r <= 0x3011 || r >= 0x3014 && r <= 0x301B: // brackets, in pairs
		return "[]"[r&1], Gap
	case r == 0xA0 || r >= 0x2000 && r <= 0x200A || r == 0x202F || r == 0x205F || r == 0x3000 || r == 0x2028 || r == 0x85:
		return ' ', Gap
	case r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0xFE63 || r == 0xFF0D || r == 0x2043:
		return '-', Gap
	case r >= 0xFF01 && r <= 0xFF5E: // full width
		return byte(r - 0xFF01 + '!'), Disguise
	case r >= 0x1D400 && r <= 0x1D6A3: // mathematical letters
		n := byte((r - 0x1D400) % 52)
		if n < 26 {
			return 'A' + n, Disguise
		}
		return 'a' + n - 26, Disguise
	case r >= 0x24B6 && r <= 0x24CF:
		return byte(r-0x24B6) + 'A', Disguise
	case r >= 0x1F130 && r <= 0x1F149 || r >= 0x1F150 && r <= 0x1F169 || r >= 0x1F170 && r <= 0x1F189: // squared and circled letters
		return byte((r-0x1F130)&0x1F) + 'A', Disguise
	case r >= 0x1F1E6 && r <= 0x1F1FF: // letters that make flags
		return byte(r-0x1F1E6) + 'A', Disguise
	case r >= 0x249C && r <= 0x24B5:
		return byte(r-0x249C) + 'a', Disguise
	case r >= 0x24D0 && r <= 0x24E9:
		return byte(r-0x24D0) + 'a', Disguise
	case r >= 0x2460 && r <= 0x2468:
		return byte(r-0x2460) + '1', Disguise
	case r >= 0x2474 && r <= 0x247C || r >= 0x2488 && r <= 0x2490: // in brackets, with a full stop
		return byte((r-0x2474)%20) + '1', Disguise
	case r >= 0x24F5 && r <= 0x24FD:
		return byte(r-0x24F5) + '1', Disguise
	case r >= 0x2776 && r <= 0x277E:
		return byte(r-0x2776) + '1', Disguise
	case r >= 0x2780 && r <= 0x2788:
		return byte(r-0x2780) + '1', Disguise
	case r >= 0x278A && r <= 0x2792:
		return byte(r-0x278A) + '1', Disguise
	case r == 0x24EA || r == 0x24FF:
		return '0', Disguise
	case r == 0xB9:
		return '1', Disguise
	case r == 0xB2 || r == 0xB3:
		return byte(r-0xB2) + '2', Disguise
	case r == 0x2070 || r >= 0x2074 && r <= 0x2079:
		return byte(r-0x2070) + '0', Disguise
	case r >= 0x2080 && r <= 0x2089:
		return byte(r-0x2080) + '0', Disguise
	}
	if c := latin[r]; c != 0 {
		return c, Disguise
	}
	if v, ok := fold.Digit(r); ok {
		return '0' + v, Disguise
	}
	if unicode.IsSymbol(r) || unicode.IsPunct(r) {
		return ' ', Gap
	}
	return 0, Plain
}

// Text is the plain copy. It is made again and again in the same memory.
type Text struct {
	Bytes    []byte
	from, to []int32
	runs     [][2]int32 // of the copy: what was encoded as a whole
}

// Span turns a span of the copy into the span of the text that it stands for.
func (t *Text) Span(start, end int) (int, int) { return int(t.from[start]), int(t.to[end-1]) }

// Run is the part of the copy that begins at or after the place and before the end, and was encoded as a whole; to is 0 when there is none.
func (t *Text) Run(at, end int) (from, to int) {
	for _, r := range t.runs {
		if int(r[0]) >= at && int(r[0]) < end {
			return int(r[0]), int(r[1])
		}
	}
	return 0, 0
}

// Around is the part of the copy around the span that was encoded as a whole; to is 0 when there is none.
func (t *Text) Around(start, end int) (from, to int) {
	for _, r := range t.runs {
		if int(r[0]) <= start && end <= int(r[1]) {
			return int(r[0]), int(r[1])
		}
	}
	return 0, 0
}

// Inside is the part of the copy that stands for what lies within the span of the text.
func (t *Text) Inside(start, end int) []byte {
	a := 0
	for a < len(t.Bytes) && int(t.from[a]) < start {
		a++
	}
	b := a
	for b < len(t.Bytes) && int(t.to[b]) <= end {
		b++
	}
	return t.Bytes[a:b]
}

func (t *Text) put(c byte, from, to int) {
	t.Bytes = append(t.Bytes, c)
	t.from = append(t.from, int32(from))
	t.to = append(t.to, int32(to))
}

// Make writes the plain copy of the text.
func (t *Text) Make(text []byte) {
	t.Bytes, t.from, t.to, t.runs = t.Bytes[:0], t.from[:0], t.to[:0], t.runs[:0]
	escaped := -1 // where the last escape ended
	tried := 0    // where the last run ended that was tried as base64 in vain: one trial a run keeps the time linear
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x80 {
			r, n := utf8.DecodeRune(text[i:])
			switch b, k := asciiOf(r); {
			case k == Plain:
				for j := range n {
					t.put(text[i+j], i+j, i+j+1)
				}
			case b != 0:
				t.put(b, i, i+n)
			case (r == 0x20E3 || r >= 0xFE00 && r <= 0xFE0F || r >= 0x0300 && r <= 0x036F) && len(t.to) > 0:
				t.to[len(t.to)-1] = int32(i + n) // a mark on the sign before it
			}
			i += n
			continue
		}
		if isAlnum(c) {
			start := i
			for i < len(text) && isAlnum(text[i]) {
				i++
			}
			if end := t.listed(text, start, i); end > 0 {
				i = end
				continue
			}
			if (i-start >= least || i-start > 10 && figures(text[start:i])) && start >= tried {
				first := len(t.Bytes)
				end, done := t.decode(text, start, i)
				if done {
					t.runs = append(t.runs, [2]int32{int32(first), int32(len(t.Bytes))})
					i = end
					continue
				}
				tried = end
			}
			for j := start; j < i; j++ {
				t.put(text[j], j, j+1)
			}
			continue
		}
		if (c == '-' || c == '.') && Beeps(text, i) {
			for ; i < len(text) && beeps(text, i) >= 0; i += 6 {
				t.put(byte('0'+beeps(text, i)), i, i+5)
			}
			i--
			continue
		}
		if b, n := escape(text, i, escaped == i); n > 0 {
			if b != 0 {
				t.put(b, i, i+n)
			}
			i += n
			escaped = i
			continue
		}
		t.put(c, i, i+1)
		i++
	}
}

// byteSign is the sign that a piece like 0x30 stands for; 0 for something else.
func byteSign(text []byte, i int) byte {
	if i+6 <= len(text) && text[i] == 'U' && text[i+1] == '+' && text[i+2] == '0' && text[i+3] == '0' {
		if v := pair(text, i+4); printable(v) {
			return byte(v)
		}
	}
	if i+4 > len(text) || text[i] != '0' || text[i+1]|0x20 != 'x' || i+4 < len(text) && isAlnum(text[i+4]) {
		return 0
	}
	if v := pair(text, i+2); printable(v) {
		return byte(v)
	}
	return 0
}

// width is how long a piece for one sign is that begins so: 0x30, U+0030.
func width(c byte) int {
	if c == 'U' {
		return 6
	}
	return 4
}

// Listed reports whether signs are listed by their numbers from i on: 0x30 0x38 0x31 and more.
func Listed(text []byte, i int) bool {
	for range 6 {
		if byteSign(text, i) == 0 {
			return false
		}
		for i += width(text[i]); i < len(text) && (text[i] == ' ' || text[i] == ','); i++ {
		}
	}
	return true
}

// listed writes the signs of a list that begins at start. It returns where the list ends, or 0.
func (t *Text) listed(text []byte, start, end int) int {
	if end-start != 4 && (end-start != 1 || text[start] != 'U') || !Listed(text, start) {
		return 0
	}
	for i, c := start, byte(0); ; {
		if c = byteSign(text, i); c == 0 {
			return end
		}
		t.put(c, i, i+width(text[i]))
		for end, i = i+width(text[i]), i+width(text[i]); i < len(text) && (text[i] == ' ' || text[i] == ','); i++ {
		}
	}
}

// Again makes the plain copy of a plain copy, for what was disguised twice. The map goes back to the text of the first.
func (t *Text) Again(first *Text) {
	t.Make(first.Bytes)
	t.runs = t.runs[:0] // twice encoded is no run of the text
	for i := range t.Bytes {
		t.from[i], t.to[i] = first.from[t.from[i]], first.to[t.to[i]-1]
	}
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func nibble(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func pair(text []byte, i int) int {
	if i+1 >= len(text) || nibble(text[i]) < 0 || nibble(text[i+1]) < 0 {
		return -1
	}
	return nibble(text[i])<<4 | nibble(text[i+1])
}

func printable(c int) bool { return c >= 0x20 && c < 0x7F }

var entities = []struct {
	name string
	sign byte
}{{"&nbsp;", ' '}, {"&commat;", '@'}, {"&period;", '.'}, {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&hyphen;", '-'}, {"&dash;", '-'}, {"&ndash;", '-'}, {"&mdash;", '-'}, {"&shy;", 0}, {"&zwnj;", 0}, {"&zwj;", 0}}

// escape reads the escape that begins at i: the sign it stands for (0 for none at all) and its length (0: no escape). An
// escape is likelier after another, which matters where a sign has other uses too.
func escape(text []byte, i int, after bool) (byte, int) {
	switch text[i] {
	case '%':
		if v := pair(text, i+1); printable(v) && (after || i == 0 || text[i-1] < '0' || text[i-1] > '9' || i+3 < len(text) && text[i+3] == '%' && printable(pair(text, i+4)) || escapes(text, i)) {
			return byte(v), 3
		}
		return many(text, i)
	case '=':
		if i+1 < len(text) && text[i+1] == '\n' {
			return 0, 2
		}
		if i+2 < len(text) && text[i+1] == '\r' && text[i+2] == '\n' {
			return 0, 3
		}
		if v := pair(text, i+1); printable(v) && (after || i+3 < len(text) && text[i+3] == '=' && printable(pair(text, i+4)) || escapes(text, i) || v == '@' && i > 0 && isAlnum(text[i-1]) && named(text, i+3)) {
			return byte(v), 3
		}
		return many(text, i)
	case '<':
		return tags(text, i)
	case '[', '(', '{':
		return bracketed(text, i)
	case '\\':
		if v, n := braced(text, i); n > 0 {
			return v, n
		}
		if i+5 < len(text) && text[i+1]|0x20 == 'u' && pair(text, i+2) == 0 {
			if v := pair(text, i+4); printable(v) {
				return byte(v), 6
			}
		}
		if i+3 < len(text) && text[i+1] == 'x' {
			if v := pair(text, i+2); printable(v) {
				return byte(v), 4
			}
		}
	case '&':
		if i+3 < len(text) && text[i+1] == '#' {
			return numbered(text, i)
		}
		for _, e := range entities {
			if i+len(e.name) <= len(text) && string(text[i:i+len(e.name)]) == e.name {
				return e.sign, len(e.name)
			}
		}
	}
	return 0, 0
}

// signEscape reports whether an escape of a sign that is no letter or digit begins at i.
func signEscape(text []byte, i int) bool {
	v := pair(text, i+1)
	return printable(v) && !isAlnum(byte(v))
}

// escapes reports whether the escape at i is of a sign, as another is in the same piece: 4000%200055%205000, budi=2Esantoso=40contoh.
func escapes(text []byte, i int) bool {
	if !signEscape(text, i) {
		return false
	}
	inside := func(c byte) bool { return isAlnum(c) || c == '.' || c == '-' || c == '_' || c == text[i] }
	for j := i + 1; j < min(len(text), i+24) && inside(text[j]); j++ {
		if text[j] == text[i] && signEscape(text, j) {
			return true
		}
	}
	for j := i - 1; j >= max(0, i-24) && inside(text[j]); j-- {
		if text[j] == text[i] && signEscape(text, j) {
			return true
		}
	}
	return false
}

// named reports whether what begins at i may be the name of a domain: letters, a point that may be disguised, letters.
func named(text []byte, i int) bool {
	j := i
	for j < min(len(text), i+32) && (isAlnum(text[j]) || text[j] == '-') {
		j++
	}
	if j+3 < len(text) && text[j] == ' ' && text[j+1] == '.' {
		j++
	}
	if j-i < 2 || j+2 >= len(text) {
		return false
	}
	switch text[j] {
	case '.', '[', '(', '{':
		return isAlnum(text[j+1]) || text[j] != '.' || text[j+1] == ' ' && isAlnum(text[j+2])
	}
	return false
}

// beeps reads five short or long signs of Morse that stand apart: the digit they are, or -1.
func beeps(text []byte, i int) int {
	if i > 0 && text[i-1] > ' ' || i+5 > len(text) || i+5 < len(text) && text[i+5] > ' ' {
		return -1
	}
	long, turns := 0, 0
	for k, c := range text[i : i+5] {
		if c != '-' && c != '.' {
			return -1
		}
		if c == '-' {
			long++
		}
		if k > 0 && c != text[i+k-1] {
			turns++
		}
	}
	switch {
	case turns > 1:
		return -1
	case text[i] == '-':
		return (5 + long) % 10
	}
	return 5 - long
}

// Beeps reports whether digits in Morse begin at i: four of them at least.
func Beeps(text []byte, i int) bool {
	for range 4 {
		if i >= len(text) || beeps(text, i) < 0 {
			return false
		}
		i += 6
	}
	return true
}

var closing = [256]byte{'[': ']', '(': ')', '{': '}'}

// braced reads \u{30}, and \060 beside another such.
func braced(text []byte, i int) (byte, int) {
	if i+4 < len(text) && text[i+1] == 'u' && text[i+2] == '{' {
		j, v := i+3, 0
		for ; j < min(len(text), i+9) && nibble(text[j]) >= 0; j++ {
			v = v<<4 | nibble(text[j])
		}
		if j > i+3 && j < len(text) && text[j] == '}' && printable(v) {
			return byte(v), j + 1 - i
		}
	}
	octal := func(i int) int {
		if i < 0 || i+4 > len(text) || text[i] != '\\' || text[i+1] != '0' {
			return 0
		}
		v := 0
		for _, c := range text[i+1 : i+4] {
			if c < '0' || c > '7' {
				return 0
			}
			v = v<<3 | int(c-'0')
		}
		return v
	}
	if v := octal(i); printable(v) && (octal(i+4) > 0 || octal(i-4) > 0) {
		return byte(v), 4
	}
	return 0, 0
}

// bracketed reads a sign in brackets, which nobody writes but to hide an address: budi[@]contoh[.]id, budi(a)contoh.id.
func bracketed(text []byte, i int) (byte, int) {
	if i == 0 || i+4 >= len(text) || text[i+2] != closing[text[i]] {
		return 0, 0
	}
	if c := text[i+1]; (c == 'a' || c == 'A') && i > 1 && text[i-1] == ' ' && text[i+3] == ' ' && isAlnum(text[i-2]) && named(text, i+4) {
		return '@', 3
	}
	if !isAlnum(text[i-1]) || !isAlnum(text[i+3]) {
		return 0, 0
	}
	switch c := text[i+1]; c {
	case '.', '@':
		return c, 3
	case 'a', 'A':
		if named(text, i+3) {
			return '@', 3
		}
	}
	return 0, 0
}

// tags reads the marks of HTML that stand inside a number, where as many open as close: 0812<b></b>5550, 0812<br>5550.
func tags(text []byte, i int) (byte, int) {
	if i == 0 || text[i-1] < '0' || text[i-1] > '9' {
		return 0, 0
	}
	j, sign, open := i, byte(0), 0
	for range 4 {
		end := j
		for end < min(len(text), j+48) && text[end] != '>' && text[end] != '\n' {
			end++
		}
		if end-j < 2 || end == len(text) || text[end] != '>' || text[j+1] != '/' && text[j+1] != '!' && text[j+1]|0x20 < 'a' {
			return 0, 0
		}
		switch t := text[j+1] | 0x20; {
		case text[j+1] == '/':
			open--
		case t == 'b' && text[j+2]|0x20 == 'r':
			sign = ' '
		case text[j+1] != '!' && text[end-1] != '/':
			open++
		}
		if j = end + 1; j == len(text) || text[j] != '<' {
			break
		}
	}
	if open != 0 || j == len(text) || text[j] < '0' || text[j] > '9' {
		return 0, 0
	}
	return sign, j - i
}

// many reads the escapes of one sign of several bytes: %EF%BC%90.
func many(text []byte, i int) (byte, int) {
	var b [utf8.UTFMax]byte
	n := 0
	for ; n < len(b) && i+3*n < len(text) && text[i+3*n] == text[i]; n++ {
		v := pair(text, i+3*n+1)
		if v < 0x80 {
			break
		}
		b[n] = byte(v)
	}
	if n < 2 {
		return 0, 0
	}
	r, size := utf8.DecodeRune(b[:n])
	c, k := asciiOf(r)
	if r == utf8.RuneError || k == Plain {
		return 0, 0
	}
	return c, 3 * size
}

// numbered reads &#48; and &#x30;, with or without the semicolon.
func numbered(text []byte, i int) (byte, int) {
	j, base, v := i+2, 10, 0
	if text[j]|0x20 == 'x' {
		j, base = j+1, 16
	}
	start := j
	for j < len(text) && j < start+7 {
		n := nibble(text[j])
		if n < 0 || n >= base {
			break
		}
		v = v*base + n
		j++
	}
	if j == start {
		return 0, 0
	}
	if j < len(text) && text[j] == ';' {
		j++
	}
	if printable(v) {
		return byte(v), j - i
	}
	if b, k := asciiOf(rune(v)); v >= 0x80 && k != Plain {
		return b, j - i
	}
	return 0, 0
}

// Escaped reports whether an escape begins at i.
func Escaped(text []byte, i int) bool {
	_, n := escape(text, i, false)
	return n > 0
}

// least is how long a piece must be before it is tried as an encoding.
const least = 16

// Encoded reports whether a piece of letters and digits begins as base64 or hexadecimal of readable text.
func Encoded(piece []byte) bool {
	if len(piece) < least {
		return figures(piece)
	}
	return len(piece) >= least && (base64(piece[:least], nil, 0) || len(piece) >= 20 && hexadecimal(piece, nil, 0))
}

var values64 = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = int8(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

// readable are bytes that a text may have: printable ASCII and line ends.
func readable(v int) bool { return printable(v) || v == '\n' || v == '\r' || v == '\t' }

// base64 reports whether the piece decodes to readable text; with t it writes what it decodes to.
func base64(piece []byte, t *Text, at int) bool {
	bits, n := 0, 0
	for i, c := range piece {
		v := int(values64[c])
		if v < 0 {
			return false
		}
		bits = bits<<6 | v
		if n += 6; n >= 8 {
			n -= 8
			b := bits >> n & 0xFF
			if !readable(b) {
				return false
			}
			if t != nil {
				from := at + i - 1
				t.put(byte(b), from, at+i+1)
			}
		}
	}
	return true
}

// figures reports whether a short piece is base64 of digits.
func figures(piece []byte) bool {
	bits, n, out := 0, 0, 0
	for _, c := range piece {
		v := int(values64[c])
		if v < 0 {
			return false
		}
		bits = bits<<6 | v
		if n += 6; n >= 8 {
			n -= 8
			b := byte(bits >> n)
			if b < '0' || b > '9' || out == 12 {
				return false
			}
			out++
		}
	}
	return out >= 8
}

func hexadecimal(piece []byte, t *Text, at int) bool {
	if len(piece)%2 != 0 {
		return false
	}
	for i := 0; i < len(piece); i += 2 {
		v := pair(piece, i)
		if !readable(v) {
			return false
		}
		if t != nil {
			t.put(byte(v), at+i, at+i+2)
		}
	}
	return true
}

// decode writes what an encoded piece stands for. It returns where the piece and its run end, and whether it was one.
func (t *Text) decode(text []byte, start, end int) (int, bool) {
	if end-start >= 20 && hexadecimal(text[start:end], nil, 0) {
		hexadecimal(text[start:end], t, start)
		return end, true
	}
	for end < len(text) && values64[text[end]] >= 0 {
		end++
	}
	if !base64(text[start:end], nil, 0) || string(text[start:start+3]) == "eyJ" { // a JSON web token is a finding of its own
		return end, false
	}
	base64(text[start:end], t, start)
	for end < len(text) && text[end] == '=' {
		end++
	}
	t.to[len(t.to)-1] = int32(end) // the padding belongs to it
	return end, true
}

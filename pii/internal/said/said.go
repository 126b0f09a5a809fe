// Package said reads what a voice says and somebody writes down: numbers in words, letters by their names, e-mail addresses.
//
// A number is said digit by digit, in tens and hundreds, or doubled, in Indonesian, English and the languages of the regions, often
// in two of them at once. A letter is said by its name in either language, by a word of the alphabet of radio, or by an example ("C
// seperti Charlie"). Plates, passports and accounts of other countries mix both. An address of e-mail is said with words for its signs.
//
// What something is, is not decided here but where its form says so (a sum that is right, six pairs of hexadecimal signs); the scanner asks
// the words beside it. Each function looks at a bounded number of words on one line. It allocates nothing.
package said

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Reader reads the notes of one text.
type Reader struct {
	Dict *word.Dictionary
	List *token.List
}

// part is the part that the word of token i has in a number that began with token first, and its value.
func (r Reader) part(first, i int) (word.Part, byte) {
	tokens := r.List.Tokens
	if i >= len(tokens) || tokens[i].Kind != token.Word || i > first && tokens[i].Ord != tokens[i-1].Ord+1 {
		return word.NoPart, 0
	}
	e := r.Dict.Entry(tokens[i].ID)
	return e.Part, e.Value
}

// Number reads one spoken number from token u: a digit, a number below a thousand, a digit said to be double. It appends its digits
// and returns the token after it.
func (r Reader) Number(digits, text []byte, u int) ([]byte, int) {
	tokens, first := r.List.Tokens, u
	p, v := r.part(first, u)
	if p == word.Digit && v >= 2 && v <= 6 && r.is(u+1, "kali", "times") && r.follows(u+1) {
		if r.is(u+2, "angka", "digit") && r.follows(u+2) {
			if q, d := r.part(first, u+3); q == word.Digit { // enam kali angka sembilan
				for range v {
					digits = append(digits, '0'+d)
				}
				return digits, u + 4
			}
		}
		if q, d := r.part(first, u+2); q == word.Digit && !(d == 0 && r.eight(first, u+3)) { // tiga kali nol, and not: called three times, 08…
			for range v {
				digits = append(digits, '0'+d)
			}
			return digits, u + 3
		}
		if len(digits) > 0 { // nol tiga kali
			for range v - 1 {
				digits = append(digits, digits[len(digits)-1])
			}
			return digits, u + 2
		}
	}
	if p == word.Digit && v >= 2 && v <= 6 && r.follows(u+1) {
		if d, ok := plural(r.Dict.Entry(tokens[u+1].ID).Text); ok { // three zeros
			for range v {
				digits = append(digits, '0'+d)
			}
			return digits, u + 2
		}
	}
	if p == word.Digit && v < 10 {
		if n, next := r.counted(text, u); n > 0 {
			for range n {
				digits = append(digits, '0'+v)
			}
			return digits, next
		}
	}
	times := 1
	for p == word.Repeat {
		times = int(v)
		u++
		if p, v = r.part(first, u); p == word.NoPart && u < len(tokens) && tokens[u].Kind == token.Number && tokens[u].End-tokens[u].Start == 1 && tokens[u].Ord == tokens[u-1].Ord+1 {
			for range times {
				digits = append(digits, text[tokens[u].Start])
			}
			return digits, u + 1
		}
	}
	hundreds := -1
	switch p {
	case word.HundredOf:
		hundreds = 1
		u++
		p, v = r.part(first, u)
	case word.Digit:
		if q, _ := r.part(first, u+1); q == word.Hundred {
			hundreds = int(v)
			u += 2
			if u+1 < len(tokens) && tokens[u].Kind == token.Word && r.Dict.Entry(tokens[u].ID).Text == "and" {
				if q, _ := r.part(first, u+1); q == word.Digit || q == word.Whole { // eight hundred and twelve
					u++
				}
			}
			p, v = r.part(first, u)
		}
	}
	low, width := 0, 0
	switch p {
	case word.Digit:
		switch q, _ := r.part(first, u+1); q {
		case word.Teen:
			low, width = 10+int(v), 2
			u += 2
		case word.Tens:
			low, width = 10*int(v), 2
			u += 2
			low, u = r.ones(text, first, low, u)
		default:
			low, width = int(v), 1
			if v == 9 && r.Dict.Entry(tokens[u].ID).Text == "salapan" && r.minang(u) {
				low = 8
			}
			u++
		}
	case word.Whole:
		low, width = int(v), 2
		u++
		if v >= 20 {
			low, u = r.ones(text, first, low, u)
		}
	default:
		if hundreds < 0 { // "double" before something else
			return digits, u
		}
	}
	if hundreds >= 0 {
		return append(digits, byte('0'+hundreds), byte('0'+low/10), byte('0'+low%10)), u
	}
	for range times {
		if width == 2 {
			digits = append(digits, byte('0'+low/10))
		}
		digits = append(digits, byte('0'+low%10))
	}
	return digits, u
}

// plural is the digit that an English word means more than one of.
func plural(w string) (byte, bool) {
	switch w {
	case "zeros", "zeroes", "ohs":
		return 0, true
	case "ones":
		return 1, true
	case "fives":
		return 5, true
	case "sevens":
		return 7, true
	case "eights":
		return 8, true
	case "nines":
		return 9, true
	}
	return 0, false
}

// Counts reports whether the word at token u is a digit that has "nya" on it or behind it, so that it may be said how often it stands there:
// nolnya dua, lima nya tiga kali.
func (r Reader) Counts(text []byte, u int) bool {
	tokens := r.List.Tokens
	end := int(tokens[u].End)
	if w := r.Dict.Entry(tokens[u].ID).Text; len(w) >= 6 && w[len(w)-3:] == "nya" {
		return true
	}
	return end+5 < len(text) && (text[end] == ' ' || text[end] == '-') && token.EqualFold(text[end+1:end+4], "nya") && text[end+4] == ' '
}

// counted reads how often the digit at token u stands there, when Counts says that this may follow. It returns 0 when it does not.
func (r Reader) counted(text []byte, u int) (n byte, next int) {
	tokens := r.List.Tokens
	if next = u + 1; !r.Counts(text, u) || next >= len(tokens) || tokens[next].Kind != token.Word || tokens[next].Ord > tokens[u].Ord+2 {
		return 0, 0
	}
	if r.is(next, "ada") && r.follows(next) && next+1 < len(tokens) && tokens[next+1].Kind == token.Word {
		next++
	}
	e := r.Dict.Entry(tokens[next].ID)
	if e.Part != word.Digit || e.Value < 2 || e.Value > 5 || r.Counts(text, next) {
		return 0, 0
	}
	if next++; r.is(next, "kali", "times", "lagi") && r.follows(next) {
		next++
	}
	return e.Value, next
}

// eight reports whether token u is the digit that mobile numbers go on with behind their zero.
func (r Reader) eight(first, u int) bool {
	p, v := r.part(first, u)
	return p == word.Digit && v == 8
}

// minang reports whether a word of Minangkabau stands near token u: there "salapan" is eight, in Sunda nine.
func (r Reader) minang(u int) bool {
	for i := max(0, u-8); i < min(len(r.List.Tokens), u+9); i++ {
		switch r.Dict.Entry(r.List.Tokens[i].ID).Text {
		case "ciek", "duo", "tigo", "ampek", "tujuah", "sambilan":
			return true
		}
	}
	return false
}

// ones adds the ones that follow the tens: dua puluh satu. A digit that opens another number stays with that one.
func (r Reader) ones(text []byte, first, low, u int) (int, int) {
	p, v := r.part(first, u)
	if p != word.Digit || v == 0 || Pauses(text[r.List.Tokens[u-1].End:r.List.Tokens[u].Start]) {
		return low, u
	}
	if q, _ := r.part(first, u+1); q == word.Teen || q == word.Tens || q == word.Hundred {
		return low, u
	}
	return low + int(v), u + 1
}

// Large reads a number as Number does, and one of thousands too: dua ribu satu, seribu delapan ratus.
func (r Reader) Large(digits, text []byte, u int) ([]byte, int) {
	var room [8]byte
	tokens, head := r.List.Tokens, room[:0]
	var next int
	if e := r.Dict.Entry(tokens[u].ID); e.Text == "seribu" {
		head, next = append(head, '1'), u+1
	} else {
		digits, next = r.Number(digits, text, u)
		if n := next - u; n != 1 || next >= len(tokens) || tokens[next].Ord != tokens[next-1].Ord+1 {
			return digits, next
		}
		if w := r.Dict.Entry(tokens[next].ID).Text; w != "ribu" && w != "thousand" || tokens[u].Kind != token.Word || r.Dict.Part(tokens[u].ID) != word.Digit {
			return digits, next
		}
		head, digits, next = append(head, digits[len(digits)-1]), digits[:len(digits)-1], next+1
	}
	rest := head[1:1]
	if next < len(tokens) && tokens[next].Ord == tokens[next-1].Ord+1 && tokens[next].Kind == token.Word {
		if p := r.Dict.Part(tokens[next].ID); p == word.Digit || p == word.Whole || p == word.HundredOf {
			var low [8]byte
			rest, next = r.Number(low[:0], text, next)
		}
	}
	if len(rest) > 3 {
		rest = rest[:3]
	}
	digits = append(digits, head[0])
	for range 3 - len(rest) {
		digits = append(digits, '0')
	}
	return append(digits, rest...), next
}

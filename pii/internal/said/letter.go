package said

import (
	"strings"

	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// alphabetic tells for a first letter how long the words of the alphabet of radio are that begin so, as a look before the look.
var alphabetic = func() (t [26][9]bool) {
	for w := range strings.FieldsSeq("alfa alpha bravo charlie charly carli delta echo foxtrot golf hotel india juliet juliett kilo mike november oscar oskar papa queue quebec romeo sierra tango uniform victor viktor whiskey whisky xray yankee yengki zulu aitch") {
		t[w[0]-'a'][len(w)] = true
	}
	return t
}()

// Letter is the letter that a word stands for when something is spelt: itself, its name in either language, a word of the alphabet of
// radio. It is 0 for other words.
func Letter(w []byte) byte {
	var b [8]byte
	if len(w) == 0 || len(w) > len(b) {
		return 0
	}
	for i, c := range w {
		if !token.IsLetter(c) {
			return 0
		}
		b[i] = token.Lower(c)
	}
	if len(w) == 1 {
		return b[0] &^ 0x20
	}
	if n := len(w); n > 3 && !alphabetic[b[0]-'a'][n] {
		return 0
	}
	switch string(b[:len(w)]) {
	case "alfa", "alpha", "ay":
		return 'A'
	case "be", "bee", "bravo", "beh":
		return 'B'
	case "ce", "see", "cee", "charlie", "charly", "carli", "ceh":
		return 'C'
	case "de", "dee", "delta", "deh":
		return 'D'
	case "ee", "echo", "eko":
		return 'E'
	case "ef", "eff", "foxtrot":
		return 'F'
	case "ge", "gee", "golf", "geh":
		return 'G'
	case "ha", "aitch", "hotel":
		return 'H'
	case "india":
		return 'I'
	case "je", "jay", "juliet", "juliett":
		return 'J'
	case "ka", "kay", "kilo":
		return 'K'
	case "el", "ell":
		return 'L'
	case "em", "mike":
		return 'M'
	case "en", "november":
		return 'N'
	case "oscar", "oskar":
		return 'O'
	case "pe", "pee", "papa":
		return 'P'
	case "ki", "qu", "cue", "kyu", "queue", "quebec":
		return 'Q'
	case "er", "ar", "romeo":
		return 'R'
	case "es", "ess", "sierra":
		return 'S'
	case "te", "tee", "tango":
		return 'T'
	case "you", "uniform":
		return 'U'
	case "ve", "vee", "victor", "viktor", "fe":
		return 'V'
	case "we", "whiskey", "whisky":
		return 'W'
	case "eks", "ex", "ix", "xray", "iks":
		return 'X'
	case "ye", "why", "yankee", "yengki":
		return 'Y'
	case "zet", "ze", "zed", "zee", "set", "zulu":
		return 'Z'
	}
	return 0
}

// sized reports whether a word says how big a letter is, or that it is one: b besar, huruf c.
func sized(w []byte) bool {
	if len(w) < 4 || len(w) > 9 {
		return false
	}
	for _, s := range [...]string{"besar", "kecil", "gede", "kapital", "capital", "huruf", "letter", "uppercase", "upper", "lower"} {
		if w[0]|0x20 == s[0] && token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// likens reports whether a word says that the next is an example of a letter: C seperti Charlie.
func likens(w []byte) bool {
	if len(w) < 2 || len(w) > 7 {
		return false
	}
	for _, s := range [...]string{"seperti", "for", "as", "like", "untuk", "dari", "kaya", "kayak", "buat"} {
		if w[0]|0x20 == s[0] && token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// parts reports whether a word is said for a sign between letters and digits: a ce titik dua lima delapan.
func parts(w []byte) bool {
	for _, s := range [...]string{"titik", "colon", "strip", "dash", "spasi", "space", "dot"} {
		if w[0]|0x20 == s[0] && token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// Lettered reports whether a word that may be a letter stands right before a number from start to end, or right after it: then Spelt may
// find more.
func Lettered(text []byte, start, end int) bool {
	if b, e := WordBefore(text, start, max(0, start-20)); b < start {
		w := text[b:e]
		if Letter(w) != 0 || len(w) <= 3 && capitals(w) || len(w) == 2 && hexes(w) || sized(w) || token.EqualFold(w, "seribu") {
			return true
		}
		if pb, pe := WordBefore(text, b, max(0, b-12)); pb < b && (likens(text[pb:pe]) || token.EqualFold(text[pb:pe], "in") || parts(w) && Letter(text[pb:pe]) != 0) {
			return true
		}
	}
	if end+1 < len(text) && text[end] == ' ' && token.IsLetter(text[end+1]) {
		e := end + 1
		for e < len(text) && e-end < 12 && token.IsLetter(text[e]) {
			e++
		}
		c := Letter(text[end+1 : e])
		return c >= 'A' && c <= 'F' // of a hardware address: all else that is spelt begins with letters
	}
	return false
}

// Signs are letters and digits that were said one after another, each with its place in the text.
type Signs struct {
	N    int
	Sign [48]byte
	at   [48][2]int32
}

func (s *Signs) add(c byte, start, end int) {
	if s.N < len(s.Sign) {
		s.Sign[s.N], s.at[s.N] = c, [2]int32{int32(start), int32(end)}
		s.N++
	}
}

// Span is where the signs from i to j, the last excluded, stand in the text.
func (s *Signs) Span(i, j int) (start, end int) { return int(s.at[i][0]), int(s.at[j-1][1]) }

// aside are signs that may stand between letters that are spelt.
var aside = [256]bool{' ': true, ',': true, '-': true, '.': true, ':': true, '_': true, '*': true, '/': true, '|': true, '~': true}

// WordBefore is the word that ends before p with at most three other signs between; b is p when there is none.
func WordBefore(text []byte, p, lo int) (b, e int) {
	e = p
	for e > lo && p-e < 3 && aside[text[e-1]] {
		e--
	}
	b = e
	for b > lo && e-b < 16 && token.IsLetter(text[b-1]) {
		b--
	}
	if b == e || b > lo && token.IsAlnum(text[b-1]) {
		return p, p
	}
	return b, e
}

// opening is where the letters begin that are said right before the place; the place itself when there are none.
func opening(text []byte, p, lo int) int {
	begin := p
	for words := 0; words < 8; words++ {
		b, e := WordBefore(text, p, lo)
		if b == p {
			break
		}
		w := text[b:e]
		pb, pe := WordBefore(text, b, lo)
		if token.EqualFold(text[pb:pe], "in") { // B as in Bali
			if qb, qe := WordBefore(text, pb, lo); qb < pb && likens(text[qb:qe]) {
				pb, pe = qb, qe
			}
		}
		if pb < b && likens(text[pb:pe]) {
			if qb, qe := WordBefore(text, pb, lo); qb < pb && token.EqualFold(text[qb:qe], "such") {
				break
			}
			p = pb // the example and its word
			continue
		}
		if Letter(w) != 0 || len(w) <= 3 && capitals(w) {
			begin, p = b, b
			continue
		}
		if !sized(w) && !token.EqualFold(w, "seribu") && !(len(w) == 2 && hexes(w)) && !(parts(w) && words == 0) {
			break
		}
		if p = b; len(w) == 2 && hexes(w) {
			begin = b
		}
	}
	return begin
}

// Spelt reports whether letters are said right before token t, or right after its number. Then it reads all that is spelt there.
func (r Reader) Spelt(signs *Signs, text []byte, t, lo, hi int) bool {
	tokens := r.List.Tokens
	p := opening(text, int(tokens[t].Start), lo)
	signs.N = 0
	for words, letters := 0, 0; p < hi && signs.N < len(signs.Sign) && words < 64; words++ {
		from := p
		for p < hi && p-from < 3 && aside[text[p]] {
			p++
		}
		if p == hi || !token.IsAlnum(text[p]) {
			break
		}
		for t > 0 && int(tokens[t-1].Start) >= p {
			t--
		}
		for t < len(tokens) && int(tokens[t].Start) < p {
			t++
		}
		if t < len(tokens) && int(tokens[t].Start) == p {
			if tokens[t].Kind == token.Number {
				if tokens[t].End-tokens[t].Start > 6 {
					break
				}
				for _, c := range text[p:tokens[t].End] {
					signs.add(c, p, int(tokens[t].End))
				}
				p = int(tokens[t].End)
				continue
			}
			if w := wye(text, p, hi); w > 0 {
				signs.add('W', p, w)
				letters++
				p = w
				continue
			}
			if part := r.Dict.Part(tokens[t].ID); tokens[t].Kind == token.Word && (part >= word.Digit && part <= word.Repeat || part == word.Magnitude && r.Dict.Entry(tokens[t].ID).Text == "seribu") {
				var room [24]byte
				digits, u := r.Large(room[:0], text, t)
				if len(digits) == 0 {
					break
				}
				for _, c := range digits {
					signs.add(c, p, int(tokens[u-1].End))
				}
				p = int(tokens[u-1].End)
				continue
			} else if tokens[t].Kind == token.Word && (part == word.Dot || part == word.Dash) {
				p = int(tokens[t].End)
				if f := token.WordEnd(text, min(p+1, hi)); f <= hi && f == p+4 && token.EqualFold(text[p+1:f], "dua") && part == word.Dot && letters > 0 {
					p = f // a colon
				}
				continue
			}
		}
		e := p
		for e < hi && token.IsAlnum(text[e]) {
			e++
		}
		w := text[p:e]
		switch c := Letter(w); {
		case len(w) > 1 && len(w) <= 4 && capitals(w), len(w) == 2 && c == 0 && hexes(w):
			for _, c := range w {
				signs.add(c&^(0x20&(c>>1)), p, e)
			}
			letters++
		case c != 0 && len(w) > 3 && signs.N > 0 && signs.Sign[signs.N-1] == c && e-p > 1 && signs.at[signs.N-1][1]-signs.at[signs.N-1][0] == 1 && int(signs.at[signs.N-1][1]) == p-1:
			signs.at[signs.N-1][1] = int32(e) // K Kilo
		case c != 0:
			signs.add(c, p, e)
			letters++
		case sized(w):
			if signs.N > 0 && letters > 0 { // be besar
				signs.at[signs.N-1][1] = int32(e)
			}
		case likens(w) && letters > 0 && e+1 < hi && text[e] == ' ':
			if e = token.WordEnd(text, e+1); e+1 < hi && text[e] == ' ' && token.EqualFold(text[max(p, e-3):e], " in") {
				e = token.WordEnd(text, e+1) // B as in Bali
			}
			b := e
			for b > p && token.IsLetter(text[b-1]) {
				b--
			}
			if last := signs.N - 1; e > b && text[b]&^0x20 == signs.Sign[last] {
				signs.at[last][1] = int32(e) // the example belongs to it
			}
		case letters > 0 && token.IsLetter(signs.Sign[signs.N-1]) && token.EqualFold(w, "ku"):
			signs.add('Q', p, e) // es ku zet
		default:
			return letters > 0
		}
		p = e
	}
	for _, c := range signs.Sign[:signs.N] {
		if token.IsLetter(c) {
			return true
		}
	}
	return false
}

// wye returns where "double you" ends, the letter W as it is said; 0 for something else.
func wye(text []byte, p, hi int) int {
	e := token.WordEnd(text[:hi], p)
	if e+1 >= hi || text[e] != ' ' || text[p]|0x20 != 'd' {
		return 0
	}
	f := token.WordEnd(text[:hi], e+1)
	for _, s := range [...]string{"you", "u", "yu", "yoo"} {
		if token.EqualFold(text[e+1:f], s) {
			return f
		}
	}
	return 0
}

func capitals(w []byte) bool {
	for _, c := range w {
		if !token.IsUpper(c) {
			return false
		}
	}
	return true
}

func hexes(w []byte) bool {
	for _, c := range w {
		if !token.IsHex(c) {
			return false
		}
	}
	return true
}

// run is where letters, or digits, that begin at i end, at most so many.
func (s *Signs) run(i, most int, letters bool) int {
	j := i
	for j < s.N && j-i < most && token.IsLetter(s.Sign[j]) == letters {
		j++
	}
	return j
}

// IBAN finds an account number whose check sum is right.
func (s *Signs) IBAN() (i, j int) {
	for i = 0; i+15 <= s.N && i < 8; i++ {
		if s.run(i, 2, true) != i+2 || token.IsLetter(s.Sign[i+2]) {
			continue
		}
		n := check.IBANLength(s.Sign[i], s.Sign[i+1])
		if n > 0 && i+n <= s.N && check.IBAN(s.Sign[i:i+n]) {
			return i, i + n
		}
	}
	return 0, 0
}

// MAC reports whether all the signs together are a hardware address with letters and digits.
func (s *Signs) MAC() bool {
	letters := 0
	for _, c := range s.Sign[:s.N] {
		if !token.IsHex(c) {
			return false
		}
		if token.IsLetter(c) {
			letters++
		}
	}
	return s.N == 12 && letters > 0 && letters < 12
}

// Passport finds one or two letters with six or seven digits.
func (s *Signs) Passport() (i, j int) {
	for k := 1; k < s.N && k < 6; k++ {
		if token.IsLetter(s.Sign[k]) || !token.IsLetter(s.Sign[k-1]) {
			continue
		}
		j = s.run(k, 9, false)
		if i = k - 1; k == 2 && token.IsLetter(s.Sign[0]) {
			i = 0
		}
		if n := j - k; n >= 6 && n <= 8 && (j == s.N || !token.IsLetter(s.Sign[j])) {
			return i, j
		}
	}
	return 0, 0
}

// Plate finds in what was spelt in the text the letters of a region, one to four digits, and one to three letters.
func (s *Signs) Plate(text []byte) (i, j int) {
	for k := 1; k < s.N && k < 6; k++ {
		if token.IsLetter(s.Sign[k]) || !token.IsLetter(s.Sign[k-1]) {
			continue
		}
		d := s.run(k, 5, false)
		j = s.run(d, 4, true)
		if d-k > 4 || s.Sign[k] == '0' || j == d || j-d > 3 {
			continue
		}
		if last := s.at[j-1]; j-d > 1 && last[1]-last[0] == 1 && (s.Sign[j-1] == 'A' || s.Sign[j-1] == 'I') && s.at[j-2][1]-s.at[j-2][0] > 1 && int(last[1]) < len(text) && text[last[1]] == ' ' {
			j-- // foxtrot bravo, a white van
		}
		if i = k - 2; i >= 0 && check.Plate(s.Sign[i:k]) {
			return i, j
		}
		if i = k - 1; check.Plate(s.Sign[i:k]) {
			return i, j
		}
	}
	return 0, 0
}

// Sure reports whether a plate needs no word beside it: all that was spelt is the plate, its letters are said by their names, it has three digits
// or four and two letters behind them at least.
func (s *Signs) Sure(i, j int) bool {
	if j == 0 || i > 0 || j < s.N {
		return false
	}
	digits, behind := 0, 0
	for k, c := range s.Sign[i:j] {
		switch {
		case token.IsDigit(c):
			digits++
		case s.at[i+k][1]-s.at[i+k][0] < 2:
			return false
		case digits > 0:
			behind++
		}
	}
	return digits >= 3 && behind >= 2
}

// accented is the letter that a word stands for, also as English letters are said in Indonesia: si vi vi.
func accented(w []byte) byte {
	if len(w) > 3 {
		return 0
	}
	if len(w) == 2 {
		switch string([]byte{w[0] | 0x20, w[1] | 0x20}) {
		case "si":
			return 'C'
		case "vi":
			return 'V'
		case "bi":
			return 'B'
		case "di":
			return 'D'
		case "pi":
			return 'P'
		case "ti":
			return 'T'
		case "ai":
			return 'I'
		case "ou":
			return 'O'
		case "in":
			return 'N'
		}
	}
	return Letter(w)
}

// Initial reports whether a single letter stands right before the place, or before the "nya" there.
func Initial(text []byte, p, lo int) bool {
	for p > lo && aside[text[p-1]] {
		p--
	}
	if p < lo+2 || !token.IsLetter(text[p-1]) || token.IsLetter(text[p-2]) && text[p-2]|0x20 != 'y' {
		return false
	}
	b, e := WordBefore(text, p, lo)
	if token.EqualFold(text[b:e], "nya") {
		b, e = WordBefore(text, b, lo)
	}
	return e-b == 1
}

// Acronym looks for three to six letters that are said one by one before the place, over at most five other words: k p j saya. It
// returns the word that they are, in room.
func Acronym(room *[6]byte, text []byte, p, lo int) []byte {
	n := 0
	for words := 0; words < 6; {
		b, e := WordBefore(text, p, lo)
		if b == p {
			break
		}
		c := accented(text[b:e])
		if c == 0 {
			if n >= 3 || n == 2 && room[0] == 'K' && room[1] == 'K' {
				break
			}
			n = 0
			words++
		} else {
			if n == len(room) {
				return nil
			}
			copy(room[1:n+1], room[:n])
			room[0] = c
			n++
		}
		p = b
	}
	if n < 2 || n == 2 && (room[0] != 'K' || room[1] != 'K') {
		return nil
	}
	return room[:n]
}

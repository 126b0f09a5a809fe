// Package piece puts a number together from its pieces: digits in groups, digits that are said, one digit a line, parts that words join, turns of a
// conversation.
//
// A piece is a run of digits or one number in words. What stands between two pieces is kept with the second, for it tells later where one number may end
// and another begin. Words that fill a pause are passed over; so is what the listener says while a number is dictated to him, by turns with whoever
// dictates it. A number that was said with read-backs or slips can be told in other ways, of which whoever judges it chooses.
//
// What the number is, is not asked here. Each step looks at a bounded number of words; nothing is kept from one number to the next.
package piece

import (
	"bytes"
	"slices"

	"github.com/amanah-id/amanah/pii/internal/said"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Row is the pieces of one number, or of several in a row.
type Row struct {
	Dict   *word.Dictionary
	List   *token.List
	Said   said.Reader
	Atoms  []Atom
	Told   []Atom // as they stood before they were told in another way
	Digits []byte
	Line   int  // where the last piece stands
	Whole  bool // all that is read is one number
	Dotted bool // a word for a point stands between two pieces
	Steps  int

	text    []byte
	mended  bool // what comes next replaces what was said
	anew    bool // somebody takes back what he said, in so many words
	joined  bool // words join two parts
	letters int  // how many signs it has, when they only look like digits
	glued   int  // where the next piece begins, when it is a word made of digits' words
}

// Gap is what stands between two pieces of a number.
type Gap uint8

// The gaps.
const (
	Apart   Gap = iota // they do not belong together
	Touch              // nothing, or nothing but filler words
	Space              // one space
	Hyphen             // one hyphen
	Point              // one point
	Single             // one other sign
	Several            // up to three of these
	Pause              // a comma or a full stop between spoken digits
	Newline            // another line
	Turn               // another turn of whoever says the number
)

// Atom is a piece of a number: a run of digits, or one spoken number.
type Atom struct {
	First, Next int32 // tokens, the last excluded
	Start, End  int32
	From, To    int32 // digits
	ord         int32 // of its last word
	Line        int32
	Gap         Gap // before it
	Spoken      bool
	Alike       bool // letters stand for digits
	mended      bool // it comes after a word that takes back what was said
}

// Longest is how many digits any identifier has at most.
const Longest = 22

const groupLimit = 96 // digits of one group; a longer one is cut

// separators are the signs that may stand inside a number.
var separators = [256]bool{' ': true, '-': true, '.': true, '/': true, '_': true, '|': true, '*': true, '~': true, '(': true, ')': true, '+': true, '\t': true, '\'': true, '\\': true, '#': true, '=': true, '>': true, '<': true, '[': true, ']': true, '"': true, '`': true, '^': true, '!': true, '&': true, '{': true, '}': true}

// between tells what stands between two runs of digits on one line.
func between(text []byte, from, to int32) Gap {
	switch n := to - from; {
	case n == 1:
		switch c := text[from]; {
		case c == ' ' || c == '\t':
			return Space
		case c == '-':
			return Hyphen
		case c == '.':
			return Point
		case separators[c]:
			return Single
		case c == ',':
			return Pause
		}
	case n <= 5:
		comma := false
		for k, c := range text[from:to] {
			if c == '*' && k > 0 && text[from+int32(k)-1] == '*' && !alone(text, from, to) {
				return Apart // a mask
			}
			if c == ',' || c == ';' {
				comma = true
			} else if !separators[c] {
				return Apart
			}
		}
		if comma {
			return Pause
		}
		return Several
	}
	return Apart
}

// alone reports whether single digits stand on both sides of what lies between.
func alone(text []byte, from, to int32) bool {
	return (from < 2 || !token.IsDigit(text[from-2])) && (int(to)+1 >= len(text) || !token.IsDigit(text[to+1]))
}

// SpokenPart reports whether a word is part of a spoken number.
func SpokenPart(p word.Part) bool { return p >= word.Digit && p <= word.Repeat }

// OpensSpoken reports whether a spoken number may begin with the word.
func OpensSpoken(p word.Part) bool {
	return p == word.Digit || p == word.Whole || p == word.HundredOf || p == word.Repeat
}

// Gather puts together the pieces that follow each other from token t. It returns the token after the last.
func (r *Row) Gather(text []byte, t, line int) int {
	r.Atoms, r.Digits = r.Atoms[:0], r.Digits[:0]
	r.text = text
	r.Line, r.mended, r.glued, r.Dotted, r.joined, r.anew = line, false, 0, false, false, false
	u := t
	join := Touch
	for len(r.Digits) < groupLimit {
		r.Atoms = append(r.Atoms, Atom{})
		a := &r.Atoms[len(r.Atoms)-1] // filled in where it stands, as a token is
		a.First, a.From, a.Gap, a.Line, a.mended = int32(u), int32(len(r.Digits)), join, int32(r.Line), r.mended
		if r.glued > 0 && r.letters > 0 {
			a.Start, a.End, a.ord, a.Alike = int32(r.glued), int32(r.glued+r.letters), r.Atoms[len(r.Atoms)-2].ord+1, true
			r.Digits = undisguised(r.Digits, text[a.Start:a.End], token.Alike)
			u = r.past(u, a.End)
		} else if r.glued > 0 {
			a.Start, a.End, a.ord, a.Spoken = int32(r.glued), int32(token.WordEnd(text, r.glued)), r.Atoms[len(r.Atoms)-2].ord+1, true
			r.Digits = r.Said.Glued(r.Digits, text[a.Start:a.End])
			u = r.past(u, a.End) // a long word has notes of its own
		} else {
			tok := &r.List.Tokens[u]
			if tok.Kind == token.Number {
				if from := text[tok.Start:min(tok.End, tok.Start+groupLimit-a.From)]; tok.Flags&(token.Alike|token.Parted) == 0 {
					r.Digits = append(r.Digits, from...)
				} else {
					r.Digits, a.Alike = undisguised(r.Digits, from, tok.Flags), true
				}
				u++
			} else {
				if e := r.Dict.Entry(tok.ID); e.Part == word.Digit && e.Value != 9 && !r.compound(u+1) && !mayCount(text, int(tok.End)) { // most numbers are said digit by digit
					r.Digits = append(r.Digits, '0'+e.Value)
					u++
				} else if len(r.Atoms) > 1 && r.thousands(u) {
					r.Digits, u = r.Said.Large(r.Digits, text, u)
				} else {
					r.Digits, u = r.Said.Number(r.Digits, text, u)
				}
				a.Spoken = true
			}
			a.Start, a.End, a.ord = tok.Start, r.List.Tokens[u-1].End, r.List.Tokens[u-1].Ord
		}
		a.Next, a.To = int32(u), int32(len(r.Digits))
		r.mended, r.glued, r.letters = false, 0, 0
		var next int
		if next, join = r.follows(text, u); join == Apart {
			if size := a.To - a.From; !a.Spoken && (size > 8 || size < 3 && len(r.Atoms) == 1) && !r.Whole {
				break // nothing goes on behind so long a piece, or so short a one
			}
			if next, join = r.farther(text, u); join == Apart {
				break
			}
		}
		u = next
	}
	return u
}

// past is the first token from u on that begins at or after the end.
func (r *Row) past(u int, end int32) int {
	for u < len(r.List.Tokens) && r.List.Tokens[u].Start < end {
		u++
	}
	return u
}

// thousands reports whether the digit at token u is of thousands that end a number of pieces: tiga ribu enam ratus dua belas.
func (r *Row) thousands(u int) bool {
	if u+2 >= len(r.List.Tokens) || r.Atoms[0].To-r.Atoms[0].From > 4 {
		return false
	}
	next := &r.List.Tokens[u+1]
	return r.Dict.Part(next.ID) == word.Magnitude && next.Kind == token.Word && next.Ord == r.List.Tokens[u].Ord+1 && r.Dict.Entry(next.ID).Text == "ribu" && r.follower(u+2, word.Digit, word.Whole, word.HundredOf)
}

// mayCount reports whether a word for a digit that ends at the place may be said so often: it has "nya" on it or behind it.
func mayCount(text []byte, end int) bool {
	return text[end-2]|0x20 == 'y' || end+1 < len(text) && text[end+1]|0x20 == 'n'
}

// undisguised appends the digits of a piece in which letters look like digits or stand between them.
func undisguised(digits, piece []byte, flags uint8) []byte {
	for _, c := range piece {
		if l := token.LooksLike[c]; l != 0 && flags&token.Alike != 0 {
			c = l
		}
		if token.IsDigit(c) {
			digits = append(digits, c)
		}
	}
	return digits
}

// farther finds the next piece where it does not simply follow.
func (r *Row) farther(text []byte, u int) (int, Gap) {
	last := &r.Atoms[len(r.Atoms)-1]
	if len(r.Atoms) == 1 && last.To-last.From <= 2 && u < len(r.List.Tokens) && r.List.Tokens[u].Ord == last.ord+1 && r.counted(u) {
		return u, Apart // sixteen digits
	}
	if last.Spoken || last.To-last.From <= 4 && len(r.Atoms) > 1 {
		if r.glued = r.Said.GluedAt(text, int(last.End), int(r.List.Lines[r.Line].End)); r.glued > 0 {
			return u, Touch
		}
	}
	if !last.Spoken && int(last.End)+1 < len(text) && (token.LooksLike[text[last.End+1]] != 0 || token.IsDigit(text[last.End+1])) {
		if n := alike(text, int(last.End), int(r.List.Lines[r.Line].End), last.Alike); n > 0 {
			r.glued, r.letters = int(last.End)+1, n
			return u, between(text, last.End, last.End+1)
		}
	}
	if u == len(r.List.Tokens) {
		return u, Apart
	}
	if last.Spoken || said.MayJoin(text, int(last.End)) || r.Whole {
		if next, join := r.over(text, u); join != Apart {
			return next, join
		}
	}
	if !last.Spoken && r.List.Tokens[u].Kind != token.Break && !r.Whole {
		return u, Apart
	}
	return r.later(text, u)
}

// alike returns how many signs a piece has that stands behind a separator at the place and only looks like digits: 0812-ooo-SS12, 6-2-8-I-2. Letters
// alone must be one between the same separators, or zeroes, or stand between two hyphens behind a piece that is disguised so: O8I2-SSSO-O4I2.
func alike(text []byte, p, limit int, disguised bool) int {
	if p+2 >= limit || text[p] != '-' && text[p] != ' ' && text[p] != '_' && text[p] != '.' {
		return 0
	}
	e, digits, zeroes := p+1, 0, 0
	for ; e < limit && token.IsAlnum(text[e]); e++ {
		switch c := text[e]; {
		case token.IsDigit(c):
			digits++
		case token.LooksLike[c] == 0:
			return 0
		case c|0x20 == 'o':
			zeroes++
		}
	}
	n := e - p - 1
	switch {
	case n == 0 || n > 6 || digits == n:
	case n == 1 && e < limit && text[e] == text[p] && text[p] != ' ', digits > 0 && n > 2, zeroes == n && n > 1 && (e == limit || !token.IsLetter(text[e])), disguised && text[p] == '-' && e < limit && text[e] == '-':
		return n
	}
	return 0
}

// over finds the next piece behind a few words that join the parts of a number, or that take back what was said: 0812, belakangnya 5550; dua,
// eh salah, tiga.
func (r *Row) over(text []byte, u int) (int, Gap) {
	last := &r.Atoms[len(r.Atoms)-1]
	for ; u < len(r.List.Tokens) && r.List.Tokens[u].Ord <= last.ord+7; u++ {
		r.Steps++
		tok := &r.List.Tokens[u]
		if tok.Kind == token.Word && OpensSpoken(r.Dict.Part(tok.ID)) && u+1 < len(r.List.Tokens) && r.counted(u+1) {
			continue // delapan angka pertama
		}
		if tok.Kind == token.Number || tok.Kind == token.Word && OpensSpoken(r.Dict.Part(tok.ID)) {
			switch r.Said.Bridge(text, int(last.End), int(tok.Start)) {
			case said.Joined:
				if last.To-last.From <= 8 && tok.End-tok.Start <= 8 {
					r.joined = true
					return u, Pause
				}
			case said.Also:
				if last.Spoken && tok.Kind == token.Word {
					return u, Pause
				}
			case said.Aside:
				if last.Spoken && tok.Kind == token.Word && r.follower(u+1, word.Digit, word.Teen, word.Tens, word.Hundred, word.Whole, word.Repeat) {
					return u, Pause
				}
			case said.Mended:
				r.anew = last.Spoken
				if r.mended = last.Spoken; last.Spoken && (tok.Kind == token.Word || tok.End-tok.Start <= 6) {
					return u, Pause
				}
			}
			break
		}
		if tok.Kind != token.Word || r.Dict.Cues(tok.ID)&word.Interesting&^word.Back != 0 {
			break
		}
	}
	return u, Apart
}

// later finds the next piece in a later turn of whoever says the number, behind what the other says to it: a read-back, a word that he listens.
func (r *Row) later(text []byte, u int) (int, Gap) {
	first, last := &r.Atoms[0], &r.Atoms[len(r.Atoms)-1]
	own := r.List.Speaker(text, int(first.Line))
	if len(own) == 0 && !r.Whole {
		return u, Apart
	}
	line, from := r.Line, last.ord+1
	speaks := r.Whole || line == int(first.Line) || bytes.Equal(own, r.List.Speaker(text, line))
	for ; u < len(r.List.Tokens); u++ {
		r.Steps++
		tok := &r.List.Tokens[u]
		piece := tok.Kind == token.Number || tok.Kind == token.Word && OpensSpoken(r.Dict.Part(tok.ID))
		switch {
		case tok.Flags&token.Hidden != 0:
		case tok.Kind == token.Break:
			if words := tok.Ord - from; !r.Whole && (words > 10 || speaks && (words > 0 && !last.Spoken || text[tok.Start-1] == '?')) {
				return u, Apart
			}
			if line++; line-r.Line > 6 {
				return u, Apart
			}
			from = r.List.Lines[line].First
			speaks = r.Whole || bytes.Equal(own, r.List.Speaker(text, line))
		case piece && (line > r.Line || r.Whole):
			if tok.Kind == token.Number && tok.End-tok.Start > 8 || tok.Ord-from > 3 && !r.Whole {
				return u, Apart
			}
			if tok.Kind == token.Word && r.Dict.Entry(tok.ID).Text == "oh" && !r.follower(u+1, word.Digit, word.Whole, word.Repeat) {
				return u, Apart // oh, sorry
			}
			if !speaks && r.count(u) {
				continue // fourteen digits
			}
			if !speaks && (tok.Kind == token.Word) == last.Spoken && !r.follower(u+1, word.Digit, word.Teen, word.Tens, word.Hundred, word.Whole, word.Repeat) {
				continue // three more digits?
			}
			r.Line = line
			return u, Turn
		case r.Whole:
		case tok.Kind != token.Word || r.Dict.Cues(tok.ID)&word.Interesting&^word.Back != 0:
			return u, Apart
		}
	}
	return u, Apart
}

// follows finds the piece that goes on after token u-1, over filler words and, for spoken and lonely digits, over line ends.
func (r *Row) follows(text []byte, u int) (int, Gap) {
	last := &r.Atoms[len(r.Atoms)-1]
	ord := last.ord
	join := Touch
	words, line, waits := 0, r.Line, false
	most := int32(4) // digits of a piece beside words; more where the word is a sign
	from := last.End
	for ; u < len(r.List.Tokens); u++ {
		r.Steps++
		tok := &r.List.Tokens[u]
		if tok.Flags&token.Hidden != 0 {
			continue
		}
		switch tok.Kind {
		case token.Break:
			if line++; line-r.Line > 6 || !last.Spoken && (last.To-last.From > 6 || words > 0 && line == r.Line+1 || words > 2) || r.List.Lines[r.Atoms[0].Line].Label > 0 {
				return u, Apart // a turn ends, or the number
			}
			if tok.Ord != ord+1 && !r.aside(text, u, ord, last.Spoken && line > r.Line) {
				return u, Apart // words that nobody knows stand at the end of the line
			}
			ord = r.List.Lines[line].First - 1
			join = Newline
			continue
		case token.Number:
			if tok.Ord != ord+1 && !(tok.Ord == ord && tok.Start == r.List.Tokens[u-1].End) {
				return u, Apart
			}
			if line > r.Line { // also behind a word that asks to wait
				if last.Spoken && tok.End-tok.Start <= 6 || !last.Spoken && r.lonely(text, line, last, tok) {
					r.Line = line
					return u, Newline
				}
				return u, Apart
			}
			if last.Spoken {
				if tok.End-tok.Start > 6 || bytes.IndexByte(text[from:tok.Start], ':') >= 0 {
					return u, Apart
				}
				return u, Touch
			}
			if words > 0 {
				if limit := most; tok.End-tok.Start > limit || last.To-last.From > limit {
					return u, Apart
				}
				return u, Pause
			}
			if size := tok.End - tok.Start; size <= 2 && last.To-last.From > 6 && r.follower(u+1, word.Magnitude) {
				return u, Apart // 1234567890 3 bulan terakhir
			}
			g := between(text, from, tok.Start)
			if max(tok.End-tok.Start, last.To-last.From) > 6 && (g == Several && bytes.IndexByte(text[from:tok.Start], '|') >= 0 || g == Space && text[from] == '\t' && last.To-last.From > 8) {
				return u, Apart // another cell
			}
			if size := tok.End - tok.Start; g == Pause && (size > 2 || last.To-last.From > 2) && (size != 4 || last.To-last.From != 4 || tok.Start != from+1) {
				return u, Apart
			}
			return u, g
		case token.Word:
			if last.Spoken && words == 0 && join == Touch && tok.Ord == ord+1 && tok.Start == from+1 && text[from] == ' ' && r.Dict.Part(tok.ID) == word.Digit {
				r.Line = line
				return u, Touch // nearly all that is said is said so, and asks nothing of what follows
			}
			e := r.Dict.Entry(tok.ID)
			if waits && last.Spoken && tok.Ord <= ord+6 {
				ord = tok.Ord - 1 // wait, I get my glasses
				join = Pause
			}
			if tok.Ord != ord+1 && !(tok.Ord == ord && tok.Start == r.List.Tokens[u-1].End) && !r.aside(text, u, ord, last.Spoken && line > r.Line) {
				return u, Apart
			}
			if OpensSpoken(e.Part) {
				if e.Text == "oh" && !last.Spoken && !r.follower(u+1, word.Digit, word.Whole, word.Repeat) {
					return u, Apart // 1 1 0 9, oh no
				}
				if !last.Spoken && (last.To-last.From > 6 || len(r.Digits) >= 13 && tok.Start > from && !slices.ContainsFunc(r.Atoms, func(a Atom) bool { return a.Spoken })) || e.Part == word.Repeat && !r.repeats(u) {
					return u, Apart
				}
				if join == Touch && said.Pauses(text[from:tok.Start]) {
					join = Pause
				}
				r.Line = line
				return u, join
			}
			if words == 0 && len(r.Atoms) == 1 && (e.Text == "digit" || e.Text == "digits" || e.Text == "angka") {
				return u, Apart // sixteen digits
			}
			filler := e.Part == word.Filler || e.Part == word.Dash || e.Part == word.Dot || e.Cues&(word.Ack|word.Speaker) != 0
			if waits = waits || said.Waiting(e.Text); waits && last.Spoken && e.Cues&word.Interesting == 0 {
				filler = true
			}
			if size := last.To - last.From; words == 0 && len(r.Atoms) == 1 && last.Spoken && size > 0 && size <= 2 && r.Digits[last.From] != '0' && r.Digits[last.From] < '9' && join == Touch && (e.Text == "digit" || e.Text == "digits" || e.Text == "angka") && !said.Pauses(text[from:tok.Start]) {
				return u, Apart // enam belas digit: so many follow
			}
			if words++; !filler || words > 8 {
				return u, Apart
			}
			if e.Text == "the" && join == Touch {
				join = Pause // and the three digits on the back
			}
			r.mended = r.mended || e.Text == "eh"
			if ord = tok.Ord; e.Part == word.Dash || e.Part == word.Dot {
				most = 8
			}
			r.Dotted = r.Dotted || e.Part == word.Dot || e.Text == "koma"
		default:
			return u, Apart
		}
	}
	return u, Apart
}

// compound reports whether token u can make a longer number of the digit before it: dua puluh.
func (r *Row) compound(u int) bool {
	if u >= len(r.List.Tokens) || r.List.Tokens[u].Kind != token.Word {
		return false
	}
	p := r.Dict.Part(r.List.Tokens[u].ID)
	return p == word.Teen || p == word.Tens || p == word.Hundred || p == word.Magnitude || p == word.Plural
}

// codes are the ways in which signs for digits are written by their numbers: how many digits each has, and the number of the sign 0.
var codes = [...]struct {
	size int32
	zero int
	base int
}{{2, 0x30, 16}, {2, 48, 10}, {3, 0o60, 8}, {8, 0b00110000, 2}}

// Uncoded turns atoms that are the numbers of signs for digits, 30 38 31 32, into the digits. It reports whether they were that.
func (r *Row) Uncoded() bool {
	if len(r.Atoms) < 9 {
		return false
	}
	for _, c := range codes {
		if r.Atoms[0].To-r.Atoms[0].From != c.size || !r.coded(c.size, c.zero, c.base) {
			continue
		}
		for k := range r.Atoms {
			a := &r.Atoms[k]
			r.Digits[k] = byte('0' + number(r.Digits[a.From:a.To], c.base) - c.zero)
			a.From, a.To = int32(k), int32(k+1)
		}
		r.Digits = r.Digits[:len(r.Atoms)]
		return true
	}
	return false
}

// coded reports whether all atoms have the size and stand for digits.
func (r *Row) coded(size int32, zero, base int) bool {
	for k := range r.Atoms {
		a := &r.Atoms[k]
		if a.To-a.From != size || a.Spoken || base == 10 && k > 0 && a.Gap == Pause && (r.Atoms[0].Start == 0 || r.text[r.Atoms[0].Start-1] != '(') {
			return false
		}
		if v := number(r.Digits[a.From:a.To], base) - zero; v < 0 || v > 9 {
			return false
		}
	}
	return true
}

// number reads digits in a base; what is no digit of the base makes it too large.
func number(d []byte, base int) int {
	n := 0
	for _, c := range d {
		if int(c-'0') >= base {
			return 1 << 20
		}
		n = n*base + int(c-'0')
	}
	return n
}

// aside reports whether only a few words that nobody knows stand before token u, on a line after the number's: of whoever listens, or before
// the number goes on.
func (r *Row) aside(text []byte, u int, ord int32, later bool) bool {
	tok := &r.List.Tokens[u]
	return later && tok.Ord-ord <= 3 && bytes.IndexByte(text[r.List.Tokens[u-1].End:tok.Start], '.') < 0
}

// counted reports whether token u is a word for digits.
func (r *Row) counted(u int) bool {
	if r.List.Tokens[u].Kind != token.Word {
		return false
	}
	switch r.Dict.Entry(r.List.Tokens[u].ID).Text {
	case "digit", "digits", "angka", "angkanya", "digitnya", "numbers":
		return true
	}
	return false
}

// count reports whether the number at token u says how many digits there are.
func (r *Row) count(u int) bool {
	for past := u + 4; u < min(past, len(r.List.Tokens)); u++ {
		tok := &r.List.Tokens[u]
		if tok.Kind == token.Word && !SpokenPart(r.Dict.Part(tok.ID)) {
			return r.counted(u)
		}
		if tok.Kind != token.Word {
			return false
		}
	}
	return false
}

// follower reports whether token u is a word with one of these parts, right after the token before it.
func (r *Row) follower(u int, parts ...word.Part) bool {
	return u < len(r.List.Tokens) && r.List.Tokens[u].Kind == token.Word && r.List.Tokens[u].Ord == r.List.Tokens[u-1].Ord+1 && slices.Contains(parts, r.Dict.Part(r.List.Tokens[u].ID))
}

// repeats reports whether the word "double" at u is followed by what it doubles.
func (r *Row) repeats(u int) bool {
	if u+1 >= len(r.List.Tokens) || r.List.Tokens[u+1].Ord != r.List.Tokens[u].Ord+1 {
		return false
	}
	t := &r.List.Tokens[u+1]
	if text := r.text[r.List.Tokens[u].End:t.Start]; said.Pauses(text) {
		return false
	}
	return t.Kind == token.Number && t.End-t.Start == 1 || t.Kind == token.Word && r.Dict.Entry(t.ID).Part == word.Digit
}

// lonely reports whether a number stands alone on its line and is as short as the one on the line before.
func (r *Row) lonely(text []byte, line int, last *Atom, tok *token.Token) bool {
	n := tok.End - tok.Start
	if n != last.End-last.Start && n > 4 || n > 6 {
		return false
	}
	l := &r.List.Lines[line]
	for _, c := range text[l.Start:tok.Start] {
		if !separators[c] && c != '\r' {
			return false
		}
	}
	for _, c := range text[tok.End:min(l.End, tok.End+8)] {
		if !separators[c] && c != '\r' && c != ',' {
			return false
		}
	}
	return true
}

// Telling is a way to understand a number that was said in several turns or with a slip.
type Telling uint8

// The ways.
const (
	Again   Telling = iota // a line that says again what was just said is a read-back
	Plain                  // all of it belongs to the number
	Partly                 // also a line that says again the end of it
	Anew                   // what was said before a word like "salah" is no part of it
	Swapped                // the part that was said last comes first
	Mended                 // what follows a word like "salah" replaces what was said before it
)

// Begins reports whether the zero and the eight of a telephone number are said again behind a pause, with enough behind them for a number of their own.
func (r *Row) Begins(i, j int) bool {
	last := r.Atoms[len(r.Atoms)-1].To
	for k := i + 2; k < j; k++ {
		if a := &r.Atoms[k]; a.Spoken && a.Gap >= Pause && last-a.From >= 10 && r.Digits[a.From] == '0' && r.Digits[a.From+1] == '8' && r.Digits[r.Atoms[i].From] == '0' {
			return true
		}
	}
	return false
}

// Retells reports whether the number can be told in another way: it goes over lines, or somebody corrects himself.
func (r *Row) Retells() bool {
	if r.joined {
		return true
	}
	for i := range r.Atoms {
		if r.Atoms[i].mended || r.Atoms[i].Line != r.Atoms[0].Line {
			return true
		}
	}
	return false
}

// Retell puts the atoms together from those in spare as they are understood in one way. It reports whether that makes a difference.
func (r *Row) Retell(t Telling) bool {
	r.Atoms = r.Atoms[:0]
	if t == Swapped {
		return r.swap()
	}
	if t == Anew {
		k := len(r.Told) - 1
		for ; k > 0 && !r.Told[k].mended; k-- {
		}
		r.Atoms = append(r.Atoms, r.Told[k:]...)
		return r.anew && k > 0
	}
	dropped := t == Plain
	base := len(r.Digits)
	p0, p1 := base, base // what was said on the line before
	for i, j := 0, 0; i < len(r.Told); i = j {
		for j = i + 1; j < len(r.Told) && r.Told[j].Line == r.Told[i].Line && !(t == Mended && r.Told[j].mended); j++ {
		}
		if t == Mended && r.Told[i].mended {
			p0, dropped = r.takeBack(i, j), true
			r.Digits = r.Digits[:p0]
		} else if t == Again || t == Partly {
			said := r.Digits[r.Told[i].From:r.Told[j-1].To]
			if n := len(said); n >= 2 && n < 9 && (string(said) == string(r.Digits[p0:p1]) || string(said) == string(r.Digits[base:]) || t == Partly && bytes.HasSuffix(r.Digits[p0:p1], said)) {
				dropped = true
				continue
			}
		}
		p0 = len(r.Digits)
		for _, a := range r.Told[i:j] {
			d0 := len(r.Digits)
			r.Digits = append(r.Digits, r.Digits[a.From:a.To]...)
			a.From, a.To = int32(d0), int32(len(r.Digits))
			r.Atoms = append(r.Atoms, a)
		}
		p1 = len(r.Digits)
	}
	return dropped
}

// swap puts the last part of a number of two parts first. The atoms keep their places in the text, so that they span both.
func (r *Row) swap() bool {
	cut := 0
	for k := 1; k < len(r.Told); k++ {
		if r.Told[k].Gap == Pause {
			if cut > 0 {
				return false
			}
			cut = k
		}
	}
	if !r.joined || cut == 0 {
		return false
	}
	base := len(r.Digits)
	for _, part := range [...][]Atom{r.Told[cut:], r.Told[:cut]} {
		for _, a := range part {
			r.Digits = append(r.Digits, r.Digits[a.From:a.To]...)
		}
	}
	r.Atoms = append(r.Atoms, r.Told...)
	for k, at := 0, base; k < len(r.Atoms); k++ { // pieces of the same number of digits as those they stand for matter to nobody
		a := &r.Atoms[k]
		size := int(a.To - a.From)
		a.From, a.To = int32(at), int32(at+size)
		at += size
	}
	return true
}

// takeBack drops the last atoms that what stands in spare from i to j replaces: the group that was said last, or as many as are said now. It
// returns where their digits began.
func (r *Row) takeBack(i, j int) int {
	for k := i + 1; k < j; k++ {
		if g := r.Told[k].Gap; g == Pause || g == Newline || g == Turn {
			j = k
			break
		}
	}
	from := len(r.Atoms)
	for from > 0 && len(r.Atoms)-from < j-i {
		if from--; r.Atoms[from].Gap == Pause {
			break
		}
	}
	if from == len(r.Atoms) {
		return len(r.Digits)
	}
	at := int(r.Atoms[from].From)
	r.Atoms = r.Atoms[:from]
	return at
}

// Size is how many digits the atoms have.
func (r *Row) Size() int {
	n := 0
	for i := range r.Atoms {
		n += int(r.Atoms[i].To - r.Atoms[i].From)
	}
	return n
}

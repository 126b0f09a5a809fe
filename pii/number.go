package pii

import (
	"bytes"
	"slices"

	"github.com/amanah-id/amanah/pii/internal/said"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// gap is what stands between two pieces of a number.
type gap uint8

const (
	apart   gap = iota // they do not belong together
	touch              // nothing, or nothing but filler words
	space              // one space
	hyphen             // one hyphen
	point              // one point
	single             // one other sign
	several            // up to three of these
	pause              // a comma or a full stop between spoken digits
	newline            // another line
)

// atom is a piece of a number: a run of digits, or one spoken number.
type atom struct {
	t0, t1     int32 // tokens, the last excluded
	Start, End int32
	d0, d1     int32 // digits
	gap        gap   // before it
	spoken     bool
	alike      bool
	line       int32
}

const (
	longest    = 22 // digits that any identifier has
	groupLimit = 96 // digits of one group; a longer one is cut
)

// separators are the signs that may stand inside a number.
var separators = [256]bool{' ': true, '-': true, '.': true, '/': true, '_': true, '|': true, '*': true, '~': true, '(': true, ')': true, '+': true, '\t': true, '\'': true, '\\': true, '#': true, '=': true, '>': true, '<': true, '[': true, ']': true, '"': true, '`': true}

// between tells what stands between two runs of digits on one line.
func between(text []byte, from, to int32) gap {
	switch n := to - from; {
	case n == 1:
		switch c := text[from]; {
		case c == ' ' || c == '\t':
			return space
		case c == '-':
			return hyphen
		case c == '.':
			return point
		case separators[c]:
			return single
		case c == ',':
			return pause
		}
	case n <= 5:
		comma := false
		for k, c := range text[from:to] {
			if c == '*' && k > 0 && text[from+int32(k)-1] == '*' {
				return apart // a mask
			}
			if c == ',' || c == ';' {
				comma = true
			} else if !separators[c] {
				return apart
			}
		}
		if comma {
			return pause
		}
		return several
	}
	return apart
}

// spokenPart reports whether a word is part of a spoken number.
func spokenPart(p word.Part) bool { return p >= word.Digit && p <= word.Repeat }

// opensSpoken reports whether a spoken number may begin with the word.
func opensSpoken(p word.Part) bool {
	return p == word.Digit || p == word.Whole || p == word.HundredOf || p == word.Repeat
}

// gather puts together the pieces that follow each other from token t. It returns the token after the last.
func (s *Scanner) gather(text []byte, t int) int {
	s.atoms, s.digits = s.atoms[:0], s.digits[:0]
	s.atomLine = s.lineAt
	u := t
	join := touch
	for u < len(s.list.Tokens) && len(s.digits) < groupLimit {
		tok := &s.list.Tokens[u]
		s.atoms = append(s.atoms, atom{})
		a := &s.atoms[len(s.atoms)-1] // filled in where it stands, as a token is
		a.t0, a.Start, a.d0, a.gap, a.line = int32(u), tok.Start, int32(len(s.digits)), join, int32(s.atomLine)
		switch tok.Kind {
		case token.Number:
			s.digits = append(s.digits, text[tok.Start:min(tok.End, tok.Start+groupLimit-a.d0)]...)
			if a.alike = tok.Flags&token.Alike != 0; a.alike {
				for k, c := range s.digits[a.d0:] {
					if l := token.LooksLike[c]; l != 0 {
						s.digits[int(a.d0)+k] = l
					}
				}
			}
			u++
		default:
			if e := s.dict.Entry(tok.ID); e.Part == word.Digit && e.Value != 9 && !s.compound(u+1) { // most numbers are said digit by digit
				s.digits = append(s.digits, '0'+e.Value)
				u++
			} else {
				s.digits, u = s.said.Number(s.digits, text, u)
			}
			a.spoken = true
		}
		a.t1, a.End, a.d1 = int32(u), s.list.Tokens[u-1].End, int32(len(s.digits))
		var next int
		if next, join = s.follows(text, u); join == apart {
			return u
		}
		u = next
	}
	return u
}

// follows finds the piece that goes on after token u-1, over filler words and, for spoken and lonely digits, over line ends.
func (s *Scanner) follows(text []byte, u int) (int, gap) {
	last := &s.atoms[len(s.atoms)-1]
	ord := s.list.Tokens[u-1].Ord
	join := touch
	words, line, waits := 0, s.atomLine, false
	most := int32(4) // digits of a piece beside words; more where the word is a sign
	from := last.End
	for ; u < len(s.list.Tokens); u++ {
		s.steps++
		tok := &s.list.Tokens[u]
		if tok.Flags&token.Hidden != 0 {
			continue
		}
		switch tok.Kind {
		case token.Break:
			if line++; line-s.atomLine > 6 || !last.spoken && (last.d1-last.d0 > 6 || words > 0) {
				return u, apart
			}
			if tok.Ord != ord+1 && !s.aside(text, u, ord, last.spoken && line > s.atomLine) {
				return u, apart // words that nobody knows stand at the end of the line
			}
			ord = s.list.Lines[line].First - 1
			join = newline
			continue
		case token.Number:
			if tok.Ord != ord+1 && !(tok.Ord == ord && tok.Start == s.list.Tokens[u-1].End) {
				return u, apart
			}
			if join == newline {
				if last.spoken && tok.End-tok.Start <= 6 || !last.spoken && s.lonely(text, line, last, tok) {
					s.atomLine = line
					return u, newline
				}
				return u, apart
			}
			if last.spoken {
				if tok.End-tok.Start > 6 || bytes.IndexByte(text[from:tok.Start], ':') >= 0 {
					return u, apart
				}
				return u, touch
			}
			if words > 0 {
				if limit := most; tok.End-tok.Start > limit || last.d1-last.d0 > limit {
					return u, apart
				}
				return u, pause
			}
			if size := tok.End - tok.Start; size <= 2 && last.d1-last.d0 > 6 && s.follower(u+1, word.Magnitude) {
				return u, apart // 1234567890 3 bulan terakhir
			}
			g := between(text, from, tok.Start)
			if g == several && max(tok.End-tok.Start, last.d1-last.d0) > 6 && bytes.IndexByte(text[from:tok.Start], '|') >= 0 {
				return u, apart // another cell
			}
			if g == pause && (tok.End-tok.Start > 2 || last.d1-last.d0 > 2) {
				return u, apart
			}
			return u, g
		case token.Word:
			e := s.dict.Entry(tok.ID)
			if waits && last.spoken && tok.Ord <= ord+6 {
				ord = tok.Ord - 1 // wait, I get my glasses
				join = pause
			}
			if tok.Ord != ord+1 && !(tok.Ord == ord && tok.Start == s.list.Tokens[u-1].End) && !s.aside(text, u, ord, last.spoken && line > s.atomLine) {
				return u, apart
			}
			if opensSpoken(e.Part) {
				if e.Text == "oh" && !last.spoken && !s.follower(u+1, word.Digit, word.Whole, word.Repeat) {
					return u, apart // 1 1 0 9, oh no
				}
				if !last.spoken && (last.d1-last.d0 > 6 || len(s.digits) >= 13 && tok.Start > from && !slices.ContainsFunc(s.atoms, func(a atom) bool { return a.spoken })) || e.Part == word.Repeat && !s.repeats(u) {
					return u, apart
				}
				if join == touch && said.Pauses(text[from:tok.Start]) {
					join = pause
				}
				s.atomLine = line
				return u, join
			}
			if words == 0 && len(s.atoms) == 1 && (e.Text == "digit" || e.Text == "digits" || e.Text == "angka") {
				return u, apart // sixteen digits
			}
			filler := e.Part == word.Filler || e.Part == word.Dash || e.Part == word.Dot || e.Cues&(word.Ack|word.Speaker) != 0
			if waits = waits || said.Waiting(e.Text); waits && last.spoken && e.Cues&word.Interesting == 0 {
				filler = true
			}
			if words == 0 && len(s.atoms) == 1 && last.spoken && last.d1-last.d0 <= 2 && s.digits[last.d0] != '0' && s.digits[last.d0] < '9' && join == touch && (e.Text == "digit" || e.Text == "digits" || e.Text == "angka") && !said.Pauses(text[from:tok.Start]) {
				return u, apart // enam belas digit: so many follow
			}
			if words++; !filler || words > 8 {
				return u, apart
			}
			if e.Text == "the" && join == touch {
				join = pause // and the three digits on the back
			}
			if ord = tok.Ord; e.Part == word.Dash || e.Part == word.Dot {
				most = 8
			}
		default:
			return u, apart
		}
	}
	return u, apart
}

// compound reports whether token u can make a longer number of the digit before it: dua puluh.
func (s *Scanner) compound(u int) bool {
	if u >= len(s.list.Tokens) || s.list.Tokens[u].Kind != token.Word {
		return false
	}
	p := s.dict.Part(s.list.Tokens[u].ID)
	return p == word.Teen || p == word.Tens || p == word.Hundred || p == word.Magnitude
}

// unhexed turns atoms that are the signs for digits in hexadecimal, 30 38 31 32, into the digits. It reports whether they were that.
func (s *Scanner) unhexed() bool {
	if len(s.atoms) < 9 {
		return false
	}
	for k := range s.atoms {
		if a := &s.atoms[k]; a.d1-a.d0 != 2 || s.digits[a.d0] != '3' || a.spoken {
			return false
		}
	}
	for k := range s.atoms {
		a := &s.atoms[k]
		s.digits[k] = s.digits[a.d0+1]
		a.d0, a.d1 = int32(k), int32(k+1)
	}
	s.digits = s.digits[:len(s.atoms)]
	return true
}

// aside reports whether only a few words that nobody knows stand before token u, on a line after the number's: of whoever listens, or before
// the number goes on.
func (s *Scanner) aside(text []byte, u int, ord int32, later bool) bool {
	tok := &s.list.Tokens[u]
	return later && tok.Ord-ord <= 3 && bytes.IndexByte(text[s.list.Tokens[u-1].End:tok.Start], '.') < 0
}

// follower reports whether token u is a word with one of these parts, right after the token before it.
func (s *Scanner) follower(u int, parts ...word.Part) bool {
	return u < len(s.list.Tokens) && s.list.Tokens[u].Kind == token.Word && s.list.Tokens[u].Ord == s.list.Tokens[u-1].Ord+1 && slices.Contains(parts, s.dict.Part(s.list.Tokens[u].ID))
}

// repeats reports whether the word "double" at u is followed by what it doubles.
func (s *Scanner) repeats(u int) bool {
	if u+1 >= len(s.list.Tokens) || s.list.Tokens[u+1].Ord != s.list.Tokens[u].Ord+1 {
		return false
	}
	t := &s.list.Tokens[u+1]
	return t.Kind == token.Number && t.End-t.Start == 1 || t.Kind == token.Word && s.dict.Entry(t.ID).Part == word.Digit
}

// lonely reports whether a number stands alone on its line and is as short as the one on the line before.
func (s *Scanner) lonely(text []byte, line int, last *atom, tok *token.Token) bool {
	n := tok.End - tok.Start
	if n != last.End-last.Start && n > 4 || n > 6 {
		return false
	}
	l := &s.list.Lines[line]
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

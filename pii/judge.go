package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
)

// may reports whether a number may end, and another begin, between atoms k-1 and k.
func (s *Scanner) may(k int) bool {
	if k == 0 || k == len(s.atoms) {
		return true
	}
	a, b := &s.atoms[k-1], &s.atoms[k]
	la, lb := a.d1-a.d0, b.d1-b.d0
	switch {
	case a.spoken && b.spoken:
		return b.gap == newline || b.gap == pause
	case a.spoken != b.spoken:
		return la >= 5 || lb >= 5 || b.gap == newline
	case b.gap == newline, b.gap == touch:
		return false
	case b.gap == pause:
		return true
	case la == 1 && lb == 1:
		return b.gap == several
	default:
		return true
	}
}

// judge finds the identifiers among the atoms: every row of atoms that may stand alone is asked what it can be.
func (s *Scanner) judge(text []byte) {
	first := len(s.found)
	s.edge = 0
	var two [2]reading
	best, other := &two[0], &two[1]
	for i := range s.atoms {
		if !s.may(i) {
			continue
		}
		best.typ, best.conf = 0, 0
		end := 0
		for j := i; j < len(s.atoms) && s.atoms[j].d1-s.atoms[i].d0 <= longest; j++ {
			if s.atoms[j].d1-s.atoms[i].d0 < 3 || !s.may(j+1) {
				continue
			}
			if s.classify(other, text, i, j) && other.conf >= best.conf {
				best, other, end = other, best, j
			}
		}
		if best.typ == 0 {
			continue
		}
		s.found = append(s.found, Finding{})
		f := &s.found[len(s.found)-1]
		s.span(f, text, best, i, end)
		if last := len(s.found) - 2; last >= first {
			switch before := &s.found[last]; {
			case f.Start >= before.End:
				s.lastType = before.Type
			case f.Confidence > before.Confidence:
				*before = *f
				s.found = s.found[:last+1]
			default:
				s.found = s.found[:last+1]
				continue
			}
		}
		s.edge = end + 1
	}
	if last := len(s.found) - 1; last >= first {
		s.lastType = s.found[last].Type
	}
	for k := len(s.found) - 1; k >= first; k-- {
		if t := s.found[k].Type; t == PIN || t == OTP || t == CVV {
			s.siblings(text, s.found[k])
		}
	}
}

// span gives a reading its place in the text: a telephone number has its plus and its bracket.
func (s *Scanner) span(f *Finding, text []byte, r *reading, i, j int) {
	start, end := int(s.atoms[i].Start), int(s.atoms[j].End)
	if r.typ == Phone && start > 0 {
		inner := text[start:end]
		switch c := text[start-1]; {
		case c == '+':
			start--
			if start > 0 && text[start-1] == '(' && closes(inner) {
				start--
			}
		case c == '(' && closes(inner):
			start--
		case s.atoms[i].spoken && start > 5 && s.digits[s.atoms[i].d0] == '6' && token.EqualFold(text[start-5:start], "plus "):
			start -= 5
		}
		if end < len(text) && text[end] == ')' && bytes.LastIndexByte(inner, '(') > bytes.LastIndexByte(inner, ')') {
			end++
		}
	}
	if r.typ == OTP && start > 2 && text[start-1] == '-' {
		start = token.Prefix(text, start)
	}
	if r.typ == Passport && s.atoms[i].spoken {
		if at := token.Spelt(text, start); at >= 0 {
			start = at
		}
	}
	f.Type, f.Start, f.End, f.Confidence, f.why = r.typ, start, end, r.conf, r.why
}

// closes reports whether a bracket closes in the text that none opens.
func closes(b []byte) bool {
	for _, c := range b {
		if c == '(' {
			return false
		}
		if c == ')' {
			return true
		}
	}
	return false
}

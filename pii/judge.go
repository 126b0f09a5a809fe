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
	var pending Finding
	have := false
	s.edge = 0
	for i := range s.atoms {
		if !s.may(i) {
			continue
		}
		var best reading
		end := 0
		for j := i; j < len(s.atoms) && s.atoms[j].d1-s.atoms[i].d0 <= longest; j++ {
			if !s.may(j + 1) {
				continue
			}
			r, ok := s.classify(text, i, j)
			if ok && r.conf >= best.conf {
				best, end = r, j
			}
		}
		if best.typ == 0 {
			continue
		}
		f := s.span(text, best, i, end)
		switch {
		case !have:
			pending, have, s.edge = f, true, end+1
		case f.Start >= pending.End:
			s.keep(pending)
			pending, s.edge = f, end+1
		case f.Confidence > pending.Confidence:
			pending, s.edge = f, end+1
		}
	}
	if have {
		s.keep(pending)
	}
}

func (s *Scanner) keep(f Finding) {
	s.found = append(s.found, f)
	s.lastType = f.Type
}

// span gives a reading its place in the text: a telephone number has its plus and its bracket.
func (s *Scanner) span(text []byte, r reading, i, j int) Finding {
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
	if r.typ == Passport && s.atoms[i].spoken {
		if at := token.Spelt(text, start); at >= 0 {
			start = at
		}
	}
	return Finding{Type: r.typ, Start: start, End: end, Confidence: r.conf, why: r.why}
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

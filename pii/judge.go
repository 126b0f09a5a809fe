package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/code"
	"github.com/amanah-id/amanah/pii/internal/piece"
	"github.com/amanah-id/amanah/pii/internal/sign"
	"github.com/amanah-id/amanah/pii/internal/token"
)

// judge finds the identifiers among the atoms: every row of atoms that may stand alone is asked what it can be.
func (s *Scanner) judge(text []byte) {
	if s.row.Amount(text) {
		return
	}
	first := len(s.found)
	s.edge = 0
	var two [2]reading
	best, other := &two[0], &two[1]
	for i := range s.row.Atoms {
		if s.row.Breath(i) || !s.row.May(i) || s.row.Labelled(text, i) {
			continue
		}
		if last := len(s.found) - 1; last >= first && s.found[last].End <= int(s.row.Atoms[i].Start) {
			s.lastType = s.found[last].Type
		}
		best.typ, best.conf = 0, 0
		end := 0
		for j := i; j < len(s.row.Atoms) && s.row.Atoms[j].To-s.row.Atoms[i].From <= piece.Longest; j++ {
			if s.row.Atoms[j].To-s.row.Atoms[i].From < 3 || s.row.Breath(j+1) || !s.row.May(j+1) {
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
			case f.Confidence > before.Confidence:
				*before = *f
				s.found = s.found[:last+1]
			default:
				s.found = s.found[:last+1]
				continue
			}
		}
		s.edge = end + 1
		s.lastType = s.found[len(s.found)-1].Type
	}
	if last := len(s.found) - 1; last >= first {
		s.lastType = s.found[last].Type
	}
	for k := len(s.found) - 1; k >= first; k-- {
		switch f := &s.found[k]; f.Type {
		case PIN, OTP, CVV, Account:
			s.siblings(text, *f)
		case Card:
			if from, to := code.Behind(text, f.End); to > 0 {
				s.add(reading{CVV, 0.85, why{facts: fFormat, digits: uint8(to - from)}}, from, to)
			}
		}
	}
}

// span gives a reading its place in the text: a telephone number has its plus and its bracket.
func (s *Scanner) span(f *Finding, text []byte, r *reading, i, j int) {
	start, end := int(s.row.Atoms[i].Start), int(s.row.Atoms[j].End)
	if r.typ == Phone && start > 0 {
		inner := text[start:end]
		switch c := text[start-1]; {
		case c == '+':
			start--
			if start > 0 && text[start-1] == '(' && sign.Closes(inner) {
				start--
			}
		case c == '(' && sign.Closes(inner):
			start--
		case s.row.Atoms[i].Spoken && start > 5 && s.row.Digits[s.row.Atoms[i].From] == '6' && token.EqualFold(text[start-5:start], "plus "):
			start -= 5
		}
		if end < len(text) && text[end] == ')' && bytes.LastIndexByte(inner, '(') > bytes.LastIndexByte(inner, ')') {
			end++
		}
	}
	if r.typ == Account {
		start, end = sign.Checked(text, start, end)
	}
	start, end = sign.Boxed(text, start, end)
	if r.typ == OTP && start > 2 && text[start-1] == '-' {
		start = token.Prefix(text, start)
	}
	if r.typ == Passport && s.row.Atoms[i].Spoken {
		if at := token.Spelt(text, start); at >= 0 {
			start = at
		}
	}
	f.Type, f.Start, f.End, f.Confidence, f.why = r.typ, start, end, r.conf, r.why
}

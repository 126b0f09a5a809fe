package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
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

// labels finds what stands before speech on each line: a time, a speaker's name and a colon. It is no part of what is said.
func (s *Scanner) labels(text []byte) {
	for i := range s.list.Lines {
		l := &s.list.Lines[i]
		if l.From == l.To {
			continue
		}
		end := s.label(text, l)
		if end == l.Start {
			continue
		}
		for t := int(l.From); t < int(l.To) && s.list.Tokens[t].Start < end; t++ {
			s.list.Tokens[t].Flags |= token.Hidden
		}
		l.First = firstOrd(text, l, end)
	}
}

// firstOrd is the number of the first piece at or after the place: pieces before it are counted again.
func firstOrd(text []byte, l *token.Line, end int32) int32 {
	n := l.First
	inside := false
	for _, c := range text[l.Start:end] {
		if token.IsAlnum(c) != inside {
			if inside = !inside; inside {
				n++
			}
		}
	}
	return n
}

// label returns where the label of a line ends.
func (s *Scanner) label(text []byte, l *token.Line) int32 {
	limit := min(l.End, l.Start+64)
	s.steps += int(limit - l.Start)
	if bytes.IndexByte(text[l.Start:limit], ':') < 0 {
		return l.Start
	}
	p := l.Start
	// A time or a date: digits and signs, at most with a letter for the half of the day.
	timed := p
	colons := 0
	for p < limit && (token.IsDigit(text[p]) || text[p] == '[' || text[p] == '(' || text[p] == ':' || text[p] == '.' || text[p] == '/' || text[p] == ',' || text[p] == '-' || text[p] == ' ' || text[p] == ']' || text[p] == ')') {
		if text[p] == ':' && p > l.Start && token.IsDigit(text[p-1]) && (p < l.Start+3 || !token.IsDigit(text[p-2]) || !token.IsDigit(text[p-3])) && p+1 < limit && token.IsDigit(text[p+1]) {
			colons++
		}
		p++
		if text[p-1] == ']' {
			break
		}
	}
	if colons > 0 && p-l.Start <= 26 && (p == l.End || !token.IsDigit(text[p-1]) && text[p-1] != ':' && text[p-1] != '.') {
		timed = p
		for p < limit && (text[p] == ' ' || text[p] == '-') {
			p++
		}
	} else {
		p = l.Start
		for p < limit && text[p] == ' ' {
			p++
		}
	}
	// A name and a colon.
	words := 0
	q := p
	for q < limit && text[q] != ':' {
		if token.IsLetter(text[q]) {
			e := int32(token.WordEnd(text[:limit], int(q)))
			if words++; words > 4 {
				return timed
			}
			if en := s.dict.Entry(s.dict.Find(text, int(q), int(e))); en.Cues&interesting != 0 && en.Cues&word.Speaker == 0 || en.Part != word.NoPart && en.Part != word.Filler {
				return timed
			}
			q = e
			continue
		}
		if c := text[q]; c != ' ' && c != '.' && c != '(' && c != ')' && c != '_' && c != '-' && c != '*' && !(token.IsDigit(c) && q-p < 24 && words > 0) {
			return timed
		}
		q++
	}
	if q >= limit || words == 0 || q+1 < l.End && text[q+1] != ' ' && text[q+1] != '\t' && text[q+1] != '*' {
		return timed
	}
	return q + 1
}

// said is where the speech on a line begins.
func (s *Scanner) said(text []byte, l int) int {
	p := int(s.label(text, &s.list.Lines[l]))
	for p < int(s.list.Lines[l].End) && (text[p] == ' ' || text[p] == '\t') {
		p++
	}
	return p
}

// head is one cell of the first line of a table.
type head struct {
	bits word.Cue
	ID   uint16
}

// colCursor counts columns along a line without counting twice.
type colCursor struct {
	line, at, column int
}

// delimiters of tables, the likeliest first.
var delimiters = []byte("\t|;,")

// column gives the cue at the head of the column that the place stands in, when the line is a row of a table.
func (s *Scanner) column(text []byte, at, line int) (word.Cue, uint16) {
	l := &s.list.Lines[line]
	if line == 0 || l.End-l.Start > 4096 {
		return 0, 0
	}
	if s.headLine != line {
		s.tableAt(text, line)
		s.headLine = line
	}
	if len(s.heads) == 0 {
		return 0, 0
	}
	if s.colAt.line != line || s.colAt.at > at {
		s.colAt = colCursor{line: line, at: int(l.Start)}
	}
	s.steps += at - s.colAt.at
	for ; s.colAt.at < at; s.colAt.at++ {
		if text[s.colAt.at] == s.delimiter[0] {
			s.colAt.column++
		}
	}
	if s.colAt.column < len(s.heads) {
		h := s.heads[s.colAt.column]
		return h.bits, h.ID
	}
	return 0, 0
}

// tableAt keeps the heads that are in force on the line: those of the line before it, or of the first line of its table.
func (s *Scanner) tableAt(text []byte, line int) {
	if s.headOf > 0 && s.headOf <= line && s.rows(text, line) {
		return
	}
	s.heads, s.headOf = s.heads[:0], 0
	prev := &s.list.Lines[line-1]
	if prev.End-prev.Start > 4096 || prev.From == prev.To {
		return
	}
	row := &s.list.Lines[line]
	s.rowSize = 0
	s.steps += int(prev.End - prev.Start + row.End - row.Start)
	for i := range len(delimiters) {
		d := delimiters[i : i+1]
		if n := bytes.Count(text[prev.Start:prev.End], d); (n >= 2 || n == 1 && d[0] != ',') && n == bytes.Count(text[row.Start:row.End], d) {
			s.delimiter, s.rowSize = d, n
			break
		}
	}
	if s.rowSize == 0 {
		return
	}
	t := int(prev.From)
	at := int(prev.Start)
	cues := 0
	for at <= int(prev.End) {
		end := at
		for end < int(prev.End) && text[end] != s.delimiter[0] {
			end++
		}
		var h head
		for ; t < int(prev.To) && int(s.list.Tokens[t].Start) < end; t++ {
			if s.list.Tokens[t].Kind == token.Number && s.list.Tokens[t].End-s.list.Tokens[t].Start > 4 {
				s.heads = s.heads[:0]
				return
			}
			if s.list.Tokens[t].Kind != token.Word {
				continue
			}
			if bits := s.dict.Cues(s.list.Tokens[t].ID); bits&interesting != 0 && !s.void(t, bits) {
				h = head{h.bits | bits, s.list.Tokens[t].ID}
				cues++
			}
		}
		if len(s.heads) < 64 {
			s.heads = append(s.heads, h)
		}
		at = end + 1
	}
	if cues == 0 {
		s.heads = s.heads[:0]
		return
	}
	s.headOf = line
}

// rows reports whether the line is a row of the table in force.
func (s *Scanner) rows(text []byte, line int) bool {
	l := &s.list.Lines[line]
	return bytes.Count(text[l.Start:l.End], s.delimiter) == s.rowSize
}

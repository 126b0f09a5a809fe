// Package table tells what stands at the head of the column in which a number stands.
//
// A table is a line of heads and the lines after it that have as many of the same delimiter: a tab, a bar, a semicolon, a
// comma. A line is one of heads when at least one of its cells has a word that speaks of something and none has a long number. So the
// exports and pasted sheets that call centers live with are read with their heads as context, without being told that they are tables.
//
// Columns are counted along a line from where the last question left off, and lines longer than four kilobytes are none of a
// table, so that reading stays linear. Nothing is kept from one text to the next.
package table

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// head is one cell of the first line of a table.
type head struct {
	bits word.Cue
	id   uint16
}

// colCursor counts columns along a line without counting twice.
type colCursor struct {
	line, at, column int
}

// delimiters of tables, the likeliest first.
var delimiters = []byte("\t|;,")

// Heads are the heads of the table that is being read.
type Heads struct {
	heads     []head
	first     int // the first line of its rows; 0: there is no table
	asked     int // the line that was last asked about; 0: none
	delimiter []byte
	rowSize   int
	cursor    colCursor
	Steps     int // bytes looked at
}

// Reset begins another text.
func (s *Heads) Reset() { *s = Heads{heads: s.heads[:0]} }

// Column gives the cue at the head of the column that the place stands in, when the line is a row of a table.
func (s *Heads) Column(dict *word.Dictionary, list *token.List, text []byte, at, line int) (word.Cue, uint16) {
	l := &list.Lines[line]
	if line == 0 || l.End-l.Start > 4096 {
		return 0, 0
	}
	if s.asked != line {
		s.table(dict, list, text, line)
		s.asked = line
	}
	if len(s.heads) == 0 {
		return 0, 0
	}
	if s.cursor.line != line || s.cursor.at > at {
		s.cursor = colCursor{line: line, at: int(l.Start)}
	}
	s.Steps += at - s.cursor.at
	for ; s.cursor.at < at; s.cursor.at++ {
		if text[s.cursor.at] == s.delimiter[0] {
			s.cursor.column++
		}
	}
	if s.cursor.column < len(s.heads) {
		h := s.heads[s.cursor.column]
		return h.bits, h.id
	}
	return 0, 0
}

// table keeps the heads that are in force on the line: those of the line before it, or of the first line of its table.
func (s *Heads) table(dict *word.Dictionary, list *token.List, text []byte, line int) {
	if s.first > 0 && s.first <= line && s.row(list, text, line) {
		return
	}
	s.heads, s.first = s.heads[:0], 0
	prev := &list.Lines[line-1]
	if prev.End-prev.Start > 4096 || prev.From == prev.To {
		return
	}
	row := &list.Lines[line]
	s.rowSize = 0
	s.Steps += int(prev.End - prev.Start + row.End - row.Start)
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
		for ; t < int(prev.To) && int(list.Tokens[t].Start) < end; t++ {
			if list.Tokens[t].Kind == token.Number && list.Tokens[t].End-list.Tokens[t].Start > 4 {
				s.heads = s.heads[:0]
				return
			}
			if list.Tokens[t].Kind != token.Word {
				continue
			}
			if bits := dict.Cues(list.Tokens[t].ID); bits&word.Interesting != 0 && !list.Void(dict, text, t, bits) {
				h = head{h.bits | bits, list.Tokens[t].ID}
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
	s.first = line
}

// row reports whether the line is a row of the table in force.
func (s *Heads) row(list *token.List, text []byte, line int) bool {
	l := &list.Lines[line]
	return bytes.Count(text[l.Start:l.End], s.delimiter) == s.rowSize
}

// Cell is where a cell of a row stands, without the spaces and quotes around it.
type Cell struct{ Start, End int }

// mostColumns is how far to the right a head may stand for Under.
const mostColumns = 12

// Under lists the cells below the head that stands at the place, of the next cap(dst) rows: what is under "Sandi" is one, whatever it looks like.
// A line whose cells are long or have digits is none of heads, and neither is one below another line of the table: there, "lupa sandi" is what
// somebody complains of.
func Under(dst []Cell, list *token.List, text []byte, at, line int) (cells []Cell, looked int) {
	l := &list.Lines[line]
	if cells = dst; line+1 >= len(list.Lines) || l.End-l.Start > 400 || bytes.ContainsAny(text[l.Start:l.End], "0123456789?!.:") {
		return cells, 0
	}
	head := text[l.Start:l.End]
	looked = at - int(l.Start)
	for i := range delimiters {
		d := delimiters[i]
		column := bytes.Count(text[l.Start:at], delimiters[i:i+1])
		if column >= mostColumns {
			return cells, looked
		}
		n := bytes.Count(head, delimiters[i:i+1])
		if n < 2 && !(n == 1 && bytes.IndexByte(head, '_') >= 0) { // one: a field and its value
			continue
		}
		looked += len(head)
		for cell := range bytes.SplitSeq(head, delimiters[i:i+1]) {
			if len(cell) > 28 {
				return cells, looked
			}
		}
		if line > 0 && rowOf(text, &list.Lines[line-1], d, n) {
			return cells, looked
		}
		for row := line + 1; row < min(len(list.Lines), line+1+cap(dst)); row++ {
			r := &list.Lines[row]
			if r.End-r.Start > 400 || bytes.Count(text[r.Start:r.End], delimiters[i:i+1]) != n {
				break
			}
			looked += int(r.End - r.Start)
			p := int(r.Start)
			for range column {
				p += bytes.IndexByte(text[p:r.End], d) + 1
			}
			end := int(r.End)
			if k := bytes.IndexByte(text[p:end], d); k >= 0 {
				end = p + k
			}
			for p < end && (text[p] == ' ' || text[p] == '"') {
				p++
			}
			for end > p && (text[end-1] == ' ' || text[end-1] == '"' || text[end-1] == '\r') {
				end--
			}
			if end > p && text[p] != '-' {
				cells = append(cells, Cell{p, end})
			}
		}
		return cells, looked
	}
	return cells, looked
}

// rowOf reports whether a line has n delimiters and more than one cell that is not empty, which a title above the heads has not.
func rowOf(text []byte, l *token.Line, d byte, n int) bool {
	if l.End-l.Start > 400 {
		return false
	}
	filled, some := 0, false
	for _, c := range text[l.Start:l.End] {
		switch {
		case c == d:
			n--
			some = false
		case c != ' ' && c != '"' && c != '\r' && !some:
			some = true
			filled++
		}
	}
	return n == 0 && filled > 1
}

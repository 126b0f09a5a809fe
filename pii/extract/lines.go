package extract

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

const (
	rowsFlush  = 32 << 10 // text of a table is handed over in about such pieces
	longValue  = 64 << 10 // a longer value is handed over as windows of its own
	headLength = 64       // a longer cell is no head of a column
)

// lines writes values one a line, each behind the head of its column, so that what a column is called stands beside each of its
// values wherever the table is cut.
type lines struct {
	emit   func(*Segment) error
	origin Origin
	text   []byte
	marks  []Mark
}

func newLines(origin Origin, emit func(*Segment) error) *lines {
	return &lines{emit: emit, origin: origin}
}

// add writes a value. m has its place; Start and End are set here.
func (l *lines) add(value string, m Mark) error {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	if len(value) > longValue {
		if err := l.flush(); err != nil {
			return err
		}
		m.Source = Span{}
		w := newWindows(l.origin, false, l.emit)
		w.mark, w.line = &m, 0
		if _, err := w.Write([]byte(value)); err != nil {
			return err
		}
		return w.Close()
	}
	if m.Header != "" {
		l.text = append(append(l.text, m.Header...), ": "...)
	}
	m.Start = len(l.text)
	l.text = append(l.text, value...)
	m.End = len(l.text)
	l.text = append(l.text, '\n')
	l.marks = append(l.marks, m)
	return nil
}

// bound is add of one of many that are no rows.
func (l *lines) bound(value string, m Mark) error {
	if len(l.text) > rowsFlush {
		if err := l.flush(); err != nil {
			return err
		}
	}
	return l.add(value, m)
}

// end ends a row.
func (l *lines) end() error {
	if len(l.text) >= rowsFlush {
		return l.flush()
	}
	if n := len(l.text); n > 0 && (n < 2 || l.text[n-2] != '\n') {
		l.text = append(l.text, '\n')
	}
	return nil
}

func (l *lines) flush() error {
	if len(l.marks) == 0 {
		l.text = l.text[:0]
		return nil
	}
	s := Segment{Origin: l.origin, Text: l.text, To: len(l.text), Offset: -1, Marks: l.marks}
	err := l.emit(&s)
	l.text, l.marks = l.text[:0], l.marks[:0]
	return err
}

// grid writes the cells of a table row by row. The heads of the columns are in the first row that holds several words and no data;
// until one comes, a first row of a single word will do.
type grid struct {
	out   *lines
	names []string
	found headRow
	row   int // from 1
	cells []gridCell
}

// headRow says how sure the heads are.
type headRow int

const (
	noHeads headRow = iota
	oneHead         // the head of a single column, or a title
	allHeads
)

type gridCell struct {
	column int
	value  string
	mark   Mark
}

// cell writes a cell; a new number of a row ends the row before.
func (g *grid) cell(column, row int, value string, m Mark) error {
	if row != g.row {
		if err := g.endRow(); err != nil {
			return err
		}
		g.row = row
	}
	if strings.TrimSpace(value) != "" {
		g.cells = append(g.cells, gridCell{column, value, m})
	}
	return nil
}

func (g *grid) endRow() error {
	if len(g.cells) == 0 {
		return nil
	}
	now := noHeads
	if g.found < allHeads {
		words := 0
		for _, c := range g.cells {
			if isHead(c.value) {
				words++
			}
		}
		switch {
		case words >= 2 && words*2 > len(g.cells):
			now = allHeads
		case words == 1 && len(g.cells) == 1 && g.found == noHeads:
			now = oneHead
		}
		if now > g.found {
			g.found, g.names = now, g.names[:0]
		}
	}
	for _, c := range g.cells {
		if now != noHeads {
			for len(g.names) <= c.column && len(g.names) < maxColumns {
				g.names = append(g.names, "")
			}
			if c.column < len(g.names) && isHead(c.value) {
				g.names[c.column] = sniff.Spaced(c.value)
			}
		} else if c.column < len(g.names) {
			c.mark.Header = g.names[c.column]
		}
		c.mark.Place = sniff.CellName(c.column, g.row)
		if err := g.out.add(c.value, c.mark); err != nil {
			return err
		}
	}
	g.cells = g.cells[:0]
	return g.out.end()
}

func (g *grid) close() error { return errors.Join(g.endRow(), g.out.flush()) }

// maxColumns is how many columns Excel has.
const maxColumns = 16384

// isHead says whether a cell could be the head of a column: words, no number of any length, no address.
func isHead(s string) bool {
	if s == "" || len(s) > headLength || !utf8.ValidString(s) || strings.ContainsAny(s, "@\n") {
		return false
	}
	letters, digits := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	return letters >= 2 && digits <= 3
}

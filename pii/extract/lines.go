package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
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

// heads keeps the heads of a table's columns.
type heads []string

// learn takes the first row as heads: those of its cells that look like one.
func (h *heads) learn(column int, cell string) {
	for len(*h) <= column && len(*h) < 16384 {
		*h = append(*h, "")
	}
	if column < len(*h) && isHead(cell) {
		(*h)[column] = spaced(cell)
	}
}

func (h heads) of(column int) string {
	if column < len(h) {
		return h[column]
	}
	return ""
}

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

// cellName is a spreadsheet's name of a cell: B7.
func cellName(column, row int) string {
	var b [20]byte
	i := len(b)
	for row > 0 {
		i--
		b[i] = byte('0' + row%10)
		row /= 10
	}
	for column++; column > 0; column = (column - 1) / 26 {
		i--
		b[i] = byte('A' + (column-1)%26)
	}
	return string(b[i:])
}

package sniff

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"unicode"
)

// Delimiter finds what separates the cells of a table; 0 when the text is none. Named .csv or .tsv, one separator in the first
// row is enough; else three rows must have the same number of at least two.
func Delimiter(head []byte, ext string) byte {
	var rows [][]byte
	rest := head
	for len(rows) < 5 {
		row, n := rawRow(rest)
		if n == 0 {
			break
		}
		rows = append(rows, row)
		rest = rest[n:]
	}
	named := ext == ".csv" || ext == ".tsv"
	if named && len(rows) == 0 {
		rows = append(rows, head)
	}
	best, most := byte(0), 0
	for _, d := range []byte{'\t', ';', ',', '|'} {
		counts := make([]int, len(rows))
		same := true
		for i, row := range rows {
			counts[i] = len(Split(row, d)) - 1
			same = same && counts[i] == counts[0]
		}
		if len(rows) == 0 || counts[0] <= most {
			continue
		}
		if named || same && len(rows) >= 3 && counts[0] >= 2 {
			best, most = d, counts[0]
		}
	}
	return best
}

// rawRow returns the first row with its line end, which quotes may hold off; n is 0 when there is no whole row.
func rawRow(b []byte) (row []byte, n int) {
	quoted := false
	for i, c := range b {
		switch c {
		case '"':
			quoted = !quoted
		case '\n':
			if !quoted {
				return b[:i+1], i + 1
			}
		}
	}
	return nil, 0
}

// Cell is a piece of a row: its value, and where it stands in the row.
type Cell struct {
	Value      []byte
	Start, End int
	Exact      bool // the value is those bytes
}

// Split splits a row into its cells. Quotes may stand anywhere; nothing is an error.
func Split(row []byte, delim byte) []Cell {
	row = bytes.TrimRight(row, "\r\n")
	var cells []Cell
	for i := 0; ; i++ {
		c := Cell{Start: i, Exact: true}
		if i < len(row) && row[i] == '"' {
			c.Start = i + 1
			for i++; i < len(row); i++ {
				if row[i] != '"' {
					continue
				}
				if i+1 == len(row) || row[i+1] != '"' {
					break
				}
				c.Exact = false // a doubled quote stands for one
				i++
			}
			c.End = min(i, len(row))
			c.Value = row[c.Start:c.End]
			if !c.Exact {
				c.Value = bytes.ReplaceAll(c.Value, []byte(`""`), []byte(`"`))
			}
			for i < len(row) && row[i] != delim {
				i++
			}
		} else {
			for i < len(row) && row[i] != delim {
				i++
			}
			c.Value, c.End = row[c.Start:i], i
		}
		cells = append(cells, c)
		if i >= len(row) {
			return cells
		}
	}
}

// rowSize bounds a row of a table; a longer one is no row, and the rest is scanned as text.
const rowSize = 1 << 20

// ErrLongRow is a row over that.
var ErrLongRow = errors.New("row too long")

// ReadRow reads a row with its line end, at most rowSize bytes of it.
func ReadRow(r *bufio.Reader, row []byte) ([]byte, error) {
	quoted := false
	for {
		piece, err := r.ReadSlice('\n')
		row = append(row, piece...)
		if bytes.Count(piece, []byte(`"`))%2 == 1 {
			quoted = !quoted
		}
		switch {
		case len(row) > rowSize:
			return row, ErrLongRow
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return row, err
		case !quoted:
			return row, nil
		}
	}
}

// CellName is a spreadsheet's name of a cell: B7.
func CellName(column, row int) string {
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

// Spaced makes words of a name: no_ktp and noKTP become no ktp and no KTP.
func Spaced(name string) string {
	var b strings.Builder
	before := ' '
	for _, r := range name {
		if r == '_' || r == '-' || r == '.' || unicode.IsSpace(r) {
			r = ' '
		}
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		if r != ' ' || before != ' ' {
			b.WriteRune(r)
		}
		before = r
	}
	return strings.TrimSpace(b.String())
}

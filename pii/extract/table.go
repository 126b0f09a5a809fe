package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// rowSize bounds a row of a table; a longer one is no row, and the rest is scanned as text.
const rowSize = 1 << 20

// table reads a table row by row.
func (w *walk) table(at Origin, r *bufio.Reader, name string) error {
	head, _ := r.Peek(sniff.Size)
	text, exact := decoded(r)
	if !exact {
		r = bufio.NewReaderSize(text, 64<<10)
		head, _ = r.Peek(sniff.Size)
	}
	delim := sniff.Delimiter(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), sniff.Extension(name))
	if delim == 0 {
		return w.plain(at, r, exact, 1, 0)
	}
	out := &grid{out: newLines(at, w.segment)}
	var offset int64
	line := 1
	var row []byte
	for n := 1; ; n++ {
		var err error
		row, err = readRow(r, row[:0])
		if err != nil && len(row) == 0 {
			return errors.Join(out.close(), w.failed(at, err))
		}
		if errors.Is(err, errLongRow) {
			if err := out.close(); err != nil {
				return err
			}
			return w.plain(at, io.MultiReader(bytes.NewReader(row), r), exact, line, offset)
		}
		from := 0
		if n == 1 && bytes.HasPrefix(row, []byte("\xef\xbb\xbf")) {
			from = 3
		}
		for i, c := range sniff.Split(row[from:], delim) {
			m := Mark{Line: line}
			if exact {
				m.Source = Span{Start: offset + int64(from+c.Start), End: offset + int64(from+c.End), Exact: c.Exact}
			}
			if err := out.cell(i, n, string(c.Value), m); err != nil {
				return err
			}
		}
		line += bytes.Count(row, []byte("\n"))
		offset += int64(len(row))
		if err != nil {
			return errors.Join(out.close(), w.failed(at, err))
		}
	}
}

var errLongRow = errors.New("row too long")

// readRow reads a row with its line end, at most rowSize bytes of it.
func readRow(r *bufio.Reader, row []byte) ([]byte, error) {
	quoted := false
	for {
		piece, err := r.ReadSlice('\n')
		row = append(row, piece...)
		if bytes.Count(piece, []byte(`"`))%2 == 1 {
			quoted = !quoted
		}
		switch {
		case len(row) > rowSize:
			return row, errLongRow
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return row, err
		case !quoted:
			return row, nil
		}
	}
}

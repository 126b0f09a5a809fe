package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

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
		row, err = sniff.ReadRow(r, row[:0])
		if err != nil && len(row) == 0 {
			return errors.Join(out.close(), w.failed(at, err))
		}
		if errors.Is(err, sniff.ErrLongRow) {
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

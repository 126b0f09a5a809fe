package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// limits of a customer file. They are far above what a customer record needs and far
// below what would hurt.
const (
	MaxRecord  = 1 << 18 // bytes of one record
	MaxColumns = 512
)

// record is one record of a file. Its columns are valid until the next read.
type record struct {
	Line    int // line on which it begins, from 1
	Columns []string
}

// fault is a record that cannot be read. Reading goes on after it.
type fault struct {
	Line int // on which the record begins; of a wrong quote, on which that was opened
	Last int // the last line that was taken with it
	Code string
}

func (f *fault) Error() string { return f.Code }

// The codes of unreadable records.
const (
	codeTooLong  = "intake.record_too_long"
	codeTooMany  = "intake.too_many_columns"
	codeEncoding = "intake.encoding"
	codeQuote    = "intake.quote"
	codeOpen     = "intake.quote_open" // the lines after it were taken for a part of the value
)

// reader reads comma or semicolon separated values (RFC 4180, with the liberties that
// spreadsheets take: LF or CRLF or CR, a byte order mark, empty lines between records).
// Unlike encoding/csv it bounds what one record may take, so a quote that is never
// closed costs one rejected record and not the memory of the machine, and it goes on
// after a record that it cannot read.
type reader struct {
	in        *bufio.Reader
	delimiter byte
	line      int   // of the next byte
	offset    int64 // of the next byte
	fresh     bool  // nothing of this line has been read yet
	raw       []byte
	ends      []int // ends of the columns in raw
	columns   []string
}

var bom = []byte("\xef\xbb\xbf")

// newReader starts at the beginning of a file. With delimiter 0 the first line tells:
// whichever of ; , and tab occurs most outside quotes.
func newReader(in io.Reader, delimiter byte) (*reader, error) {
	r := &reader{in: bufio.NewReaderSize(in, 64<<10), delimiter: delimiter, line: 1}
	head, err := r.in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, errs.Wrap(errs.Unavailable, "intake.read", err)
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return nil, errs.New(errs.Invalid, "intake.utf16")
	}
	if bytes.HasPrefix(head, bom) {
		_, _ = r.in.Discard(len(bom))
		r.offset += int64(len(bom))
		head = head[len(bom):]
	}
	if r.delimiter == 0 {
		r.delimiter = guessDelimiter(head)
	}
	return r, nil
}

func guessDelimiter(head []byte) byte {
	var counts [256]int
	quoted := false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			if c == '\n' || c == '\r' {
				break
			}
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

func (r *reader) next() (byte, error) {
	c, err := r.in.ReadByte()
	if err == nil {
		r.offset++
		r.fresh = c == '\n' || c == '\r'
	}
	return c, err
}

// skipLF takes the LF of a CRLF.
func (r *reader) skipLF() {
	if after, err := r.in.Peek(1); err == nil && after[0] == '\n' {
		_, _ = r.next()
	}
}

// read returns the next record, a *fault for one that is not readable, or io.EOF.
func (r *reader) read() (record, error) {
	for {
		rec, err := r.readOne()
		if err != nil || len(rec.Columns) > 1 || rec.Columns[0] != "" {
			return rec, err
		}
		// an empty line is no record
	}
}

func (r *reader) readOne() (record, error) {
	const (
		atStart = iota // of a column
		plain
		quoted
		closed // after a closing quote
	)
	rec := record{Line: r.line}
	r.raw, r.ends = r.raw[:0], r.ends[:0]
	state, code, size := atStart, "", 0
	opened := rec.Line // line of the last quote that opened a value
	for {
		c, err := r.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return rec, errs.Wrap(errs.Unavailable, "intake.read", err)
			}
			if size == 0 {
				return rec, io.EOF
			}
			if state == quoted && code == "" {
				code = codeQuote
				if r.line > opened {
					code = codeOpen
				}
			}
			break
		}
		size++
		if code == "" && size > MaxRecord {
			code = codeTooLong
			if state == quoted && r.line > opened {
				code = codeOpen
			}
		}
		if code != "" { // only looking for the end of an unreadable record
			if c == '\r' {
				r.skipLF()
			}
			if c == '\n' || c == '\r' {
				r.line++
				break
			}
			continue
		}
		if c == '\n' || c == '\r' {
			if c == '\r' {
				r.skipLF()
			}
			r.line++
			if state != quoted {
				break
			}
			r.raw = append(r.raw, '\n')
			continue
		}
		switch {
		case state == quoted:
			if c == '"' {
				state = closed
			} else {
				r.raw = append(r.raw, c)
			}
		case c == r.delimiter:
			r.ends = append(r.ends, len(r.raw))
			state = atStart
			if len(r.ends) >= MaxColumns {
				code = codeTooMany
			}
		case c == '"' && state == closed: // "" inside quotes
			r.raw = append(r.raw, '"')
			state = quoted
		case c == '"' && state == atStart:
			state, opened = quoted, r.line
		case state == closed:
			if c != ' ' && c != '\t' {
				code = codeQuote
				if r.line > opened {
					code = codeOpen
				}
			}
		default:
			r.raw = append(r.raw, c)
			state = plain
		}
	}
	r.ends = append(r.ends, len(r.raw))
	if code == "" && (!utf8.Valid(r.raw) || bytes.IndexByte(r.raw, 0) >= 0) {
		code = codeEncoding
	}
	if code != "" {
		line := rec.Line
		if code == codeQuote || code == codeOpen {
			line = opened
		}
		last := r.line
		if r.fresh {
			last--
		}
		return rec, &fault{Line: line, Last: last, Code: code}
	}
	all := string(r.raw)
	r.columns = r.columns[:0]
	from := 0
	for _, end := range r.ends {
		r.columns = append(r.columns, all[from:end])
		from = end
	}
	rec.Columns = r.columns
	return rec, nil
}

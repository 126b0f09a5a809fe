package client

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
)

// apart reads an answer without its last member, a copy in base64, which it writes to another place as it comes: a copy may be larger than memory.
type apart struct {
	from *bufio.Reader
	to   io.Writer
	rest []byte // read and not yet given
	done bool
}

// copyBegins is how the server writes the member.
const copyBegins = `,"copy":"`

func (a *apart) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		// Inside of a text a quotation mark has a backslash before it, so what begins the member stands in none.
		piece, err := a.from.ReadSlice('"')
		a.rest = append(a.rest[:0], piece...)
		if next, _ := a.from.Peek(len(copyBegins) - 2); err == nil && !a.done && len(a.rest) > 1 && a.rest[len(a.rest)-2] == ',' && string(next) == copyBegins[2:] {
			a.done, a.rest = true, a.rest[:len(a.rest)-2]
			_, _ = a.from.Discard(len(next)) // it was peeked at
			if err := a.copy(); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && len(a.rest) == 0 {
			return 0, err
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *apart) copy() error {
	_, err := io.Copy(a.to, base64.NewDecoder(base64.StdEncoding, &quoted{from: a.from}))
	return err
}

// quoted reads up to a quotation mark. An end before it is none.
type quoted struct {
	from *bufio.Reader
	rest []byte
	done bool
}

func (q *quoted) Read(p []byte) (int, error) {
	for len(q.rest) == 0 {
		if q.done {
			return 0, io.EOF
		}
		piece, err := q.from.ReadSlice('"')
		switch {
		case err == nil:
			q.done, piece = true, piece[:len(piece)-1]
		case errors.Is(err, io.EOF):
			return 0, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return 0, err
		}
		q.rest = piece
	}
	n := copy(p, q.rest)
	q.rest = q.rest[n:]
	return n, nil
}

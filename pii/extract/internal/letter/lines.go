package letter

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// Reader reads a mail line by line.
type Reader struct {
	r      *bufio.Reader
	Bounds []string // of the multiparts around, the outermost first; an empty one is still to be guessed
	Border Border   // what ended the last head or body
	Fault  error    // with which the reader has ended
	inside bool     // of a line
	over   bool
}

// New makes a Reader.
func New(r *bufio.Reader) *Reader { return &Reader{r: r} }

// Border is what ended an entity: a boundary of the multipart at this level, and whether it was the last one. Level -1 is the end.
type Border struct {
	Level int
	Last  bool
	Odd   bool // the line only begins like one
}

// measure is how long the line is that is to be read next, or, when that is longer than the buffer, a piece of it. LF, CR LF and CR end lines.
func (l *Reader) measure() (n int, whole bool) {
	for {
		have := l.r.Buffered()
		text, _ := l.r.Peek(have)
		if i := bytes.IndexAny(text[n:], "\r\n"); i < 0 {
			n = have
		} else if n += i; text[n] == '\n' {
			return n + 1, true
		} else if n+1 < have {
			if text[n+1] == '\n' {
				n++
			}
			return n + 1, true
		}
		if l.over {
			return have, true
		}
		if have == l.r.Size() {
			return n, false
		}
		if _, err := l.r.Peek(have + 1); err != nil {
			l.over, l.Fault = true, err
		}
	}
}

// next reads a line with its end, or a piece of a long one; start says that a line begins with it. Its bytes are good until the next call.
// false: a boundary came, or the end.
func (l *Reader) next() (piece []byte, start, ok bool) {
	start = !l.inside
	n, whole := l.measure()
	if n == 0 {
		l.Border = Border{Level: -1}
		return nil, start, false
	}
	piece, _ = l.r.Peek(n)
	_, _ = l.r.Discard(n) // they are there
	l.inside = !whole
	return piece, start, !start || !l.boundary(piece)
}

// boundary tells whether a line is one. A line that only begins like one is taken for one too, as some programs do.
func (l *Reader) boundary(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("--")) || len(l.Bounds) == 0 {
		return false
	}
	text := string(bytes.TrimRight(line[2:min(len(line), 2+maxBoundary)], " \t\r\n"))
	like := Border{Level: -1}
	for level, b := range slices.Backward(l.Bounds) {
		rest, begins := strings.CutPrefix(text, b)
		switch {
		case b != "" && begins && (rest == "" || rest == "--"):
			l.Border = Border{Level: level, Last: rest != ""}
			return true
		case begins && text != "" && like.Level < 0:
			like = Border{Level: level, Odd: b != ""}
		}
	}
	if like.Level < 0 {
		return false
	}
	if !like.Odd {
		l.Bounds[like.Level] = text
	}
	l.Border = like
	return true
}

// maxBoundary is how much of a line is compared with a boundary, which is to have 70 letters at most.
const maxBoundary = 1000

// Body is what stands up to the next boundary; the line end before it belongs to the boundary.
type Body struct {
	l    *Reader
	done bool
	buf  []byte
	left []byte // of buf, not yet read
	end  []byte // of the line before
}

// Body is what stands next, up to a boundary.
func (l *Reader) Body() *Body { return &Body{l: l} }

// Line gives the next line with its end, or a piece of one.
func (b *Body) Line() ([]byte, bool) {
	if b.done {
		return nil, false
	}
	piece, _, ok := b.l.next()
	b.done = !ok
	return piece, ok
}

// Read reads text without the line end before a boundary.
func (b *Body) Read(p []byte) (int, error) {
	for len(b.left) == 0 {
		piece, ok := b.Line()
		if !ok {
			if f := b.l.Fault; b.l.over && f != nil && !errors.Is(f, io.EOF) {
				return 0, f
			}
			return 0, io.EOF
		}
		text := bytes.TrimRight(piece, "\r\n")
		b.buf = append(append(b.buf[:0], b.end...), text...)
		b.end = append(b.end[:0], piece[len(text):]...)
		b.left = b.buf
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

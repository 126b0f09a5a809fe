package sniff

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// Folds says whether text is a calendar or a card, or has one in it: their lines go on behind a line end and a blank, or behind an equals sign at
// the end.
func Folds(head []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))) {
		line = bytes.TrimLeft(line, " \t\r")
		if bytes.EqualFold(line[:min(len(line), 7)], []byte("BEGIN:V")) {
			return true
		}
	}
	return false
}

// Unfolded gives such text with its lines whole, what is quoted in them (=4A, RFC 2045; \n, RFC 6350 3.4) as a person reads it. A line end within a value is
// a blank, so that a number on both sides of it is one.
func Unfolded(r io.Reader) io.Reader { return &unfolded{r: bufio.NewReader(r)} }

type unfolded struct {
	r      *bufio.Reader
	quoted bool // the value of this line is quoted-printable
	seen   int  // letters of quotes that stand behind one another
}

// quotes is how a card says it.
const quotes = "QUOTED-PRINTABLE"

func (u *unfolded) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c, err := u.r.ReadByte()
		if err != nil {
			return n, err
		}
		next, _ := u.r.Peek(2) // an error comes again
		if skip := fold(c, string(next)); skip > 0 {
			_, _ = u.r.Discard(skip) // they are there
			continue
		}
		if sign, skip := u.meant(c, string(next)); skip > 0 {
			_, _ = u.r.Discard(skip)
			c = sign
		}
		p[n] = c
		n++
	}
	return n, nil
}

// meant is the sign that c and so many bytes behind it stand for; none: c stands for itself.
func (u *unfolded) meant(c byte, next string) (sign byte, skip int) {
	switch {
	case c == '\n' || c == '\r':
		u.quoted, u.seen = false, 0
		return c, 0
	case c&^0x20 == quotes[u.seen]&^0x20:
		u.seen++
	default:
		u.seen = strings.Count(quotes[:1], strings.ToUpper(string(c)))
	}
	if u.seen == len(quotes) {
		u.quoted, u.seen = true, 0
	}
	switch {
	case u.quoted && c == '=' && len(next) == 2:
		high, low := nibble(next[0]), nibble(next[1])
		if high > 15 || low > 15 {
			return c, 0
		}
		return max(high<<4|low, ' '), 2
	case c == '\\' && next != "" && next[0]|0x20 == 'n':
		return ' ', 1
	case c == '\\' && next != "" && strings.IndexByte(`\,;:`, next[0]) >= 0:
		return next[0], 1
	}
	return c, 0
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// fold is how many bytes behind c belong to a fold.
func fold(c byte, next string) int {
	switch {
	case c == '\r' && (next == "\n " || next == "\n\t"), c == '=' && next == "\r\n":
		return 2
	case c == '\n' && next != "" && (next[0] == ' ' || next[0] == '\t'), c == '=' && next != "" && next[0] == '\n':
		return 1
	}
	return 0
}

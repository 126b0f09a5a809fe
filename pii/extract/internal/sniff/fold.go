package sniff

import (
	"bufio"
	"bytes"
	"io"
)

// Folds says whether text is a calendar or a card, whose lines go on behind a line end and a blank, or behind an equals sign at the end.
func Folds(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return bytes.HasPrefix(bytes.ToUpper(head[:min(len(head), 8)]), []byte("BEGIN:V"))
}

// Unfolded gives such text with its lines whole.
func Unfolded(r io.Reader) io.Reader { return &unfolded{bufio.NewReader(r)} }

type unfolded struct{ r *bufio.Reader }

func (u *unfolded) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c, err := u.r.ReadByte()
		if err != nil {
			return n, err
		}
		if c == '\r' || c == '\n' || c == '=' {
			next, _ := u.r.Peek(2) // an error comes again
			if skip := fold(c, string(next)); skip > 0 {
				_, _ = u.r.Discard(skip) // they are there
				continue
			}
		}
		p[n] = c
		n++
	}
	return n, nil
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

package proxy

import (
	"bufio"
	"encoding/base64"
	"io"
	"strings"

	"github.com/amanah-id/amanah/pii/extract"
)

// Files within a text: programs send them to language models as base64 in JSON.

// beginnings are how files begin in base64 that package extract reads (ZIP and Office, PDF, older Office, PNG, JPEG, GIF, gzip, RTF), or says
// that it cannot (bzip2, xz, 7z, RAR, Zstandard).
var beginnings = []string{"UEsDB", "JVBER", "0M8R4KGx", "iVBORw0KGgo", "/9j/", "R0lGOD", "H4sI", "e1xydG", "Qlpo", "/Td6WFo", "N3q8ryc", "UmFyIR", "KLUv/"}

// shortest is how many letters of base64 are taken for a file: fewer can stand in a picture by chance.
const shortest = 24

// announced stands before base64 in an address of data.
const announced = "base64,"

// writeEmbedded writes each file that stands in a text as a part. Other long words (keys, signatures) are left to whoever reads the text.
func (d *document) writeEmbedded(out *parts, text io.Reader, notRead func(extract.Reason)) error {
	in := bufio.NewReaderSize(filling{text}, 64<<10)
	before := make([]byte, 0, len(announced))
	for {
		c, err := in.ReadByte()
		if err == io.EOF { //nolint:errorlint // a wrapped end is no end
			return nil
		}
		if err != nil {
			return err
		}
		if sextet(c) == 0 {
			before = append(before[max(0, len(before)+1-len(announced)):], c)
			continue
		}
		_ = in.UnreadByte() // it was read a moment ago
		word := &run{in: in}
		if string(before) == announced || begins(in) {
			body := &failing{r: base64.NewDecoder(base64.RawStdEncoding, word), notRead: func() { notRead(extract.Damaged) }}
			if err := out.add(filePart+"embedded", body); err != nil {
				return err
			}
		}
		if before, err = word.skip(before[:0]); err != nil {
			return err
		}
	}
}

func begins(in *bufio.Reader) bool {
	head, _ := in.Peek(2 * shortest)
	text := strings.NewReplacer(`\/`, "/", "\r", "", "\n", "", `\r`, "", `\n`, "").Replace(string(head))
	if i := strings.IndexFunc(text, func(r rune) bool { return r > 127 || sextet(byte(r)) == 0 }); i >= 0 && i < shortest {
		return false
	}
	for _, one := range beginnings {
		if strings.HasPrefix(text, one) {
			return true
		}
	}
	return false
}

// sextet is a letter of base64 in its first alphabet; 0 for anything else.
func sextet(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
		return c
	case c == '-':
		return '+'
	case c == '_':
		return '/'
	}
	return 0
}

// run reads letters of base64 up to something else. What JSON and mails write among them is passed over.
type run struct {
	in   *bufio.Reader
	over bool
	last []byte // the letters before its end, as they are written
}

func (r *run) Read(p []byte) (n int, err error) {
	for n < len(p) && !r.over {
		two, _ := r.in.Peek(2)
		switch {
		case len(two) == 0:
			_, err = r.in.ReadByte()
			r.over = true
		case sextet(two[0]) != 0:
			p[n] = sextet(two[0])
			n++
			r.take(1)
		case len(two) == 2 && two[0] == '\\' && strings.IndexByte("/nr", two[1]) >= 0:
			if two[1] == '/' {
				p[n] = '/'
				n++
			}
			r.take(2)
		case two[0] == '\r' || two[0] == '\n':
			r.take(1)
		default:
			r.over = true
		}
	}
	if n > 0 {
		return n, nil
	}
	if err == nil {
		err = io.EOF
	}
	return 0, err
}

func (r *run) take(n int) {
	two, _ := r.in.Peek(n)
	r.last = append(r.last, two...)
	if len(r.last) > 1024 {
		r.last = r.last[:copy(r.last, r.last[len(r.last)-len(announced):])]
	}
	_, _ = r.in.Discard(n) // it was peeked
}

// skip goes to its end and keeps its last letters, which may announce what follows.
func (r *run) skip(into []byte) ([]byte, error) {
	scrap := make([]byte, 4096)
	for {
		if _, err := r.Read(scrap); err == io.EOF { //nolint:errorlint // a wrapped end is no end
			return append(into, r.last[max(0, len(r.last)-len(announced)):]...), nil
		} else if err != nil {
			return nil, err
		}
	}
}

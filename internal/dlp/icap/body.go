package icap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// body is the stream of a message's body. It asks for the rest behind a preview when somebody reads on.
type body struct {
	r     *bufio.Reader
	l     Limits
	goOn  func() error // tells the client to send the rest
	total int64
	left  int64 // of the chunk
	// preview is how many bytes may come before the client waits; -1 once it does not.
	preview   int64
	waits     bool // the preview is over, and the client waits for an answer
	continued bool
	err       error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	for {
		if b.err != nil {
			return 0, b.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		switch {
		case b.waits:
			b.waits, b.continued, b.preview = false, true, -1
			b.err = b.goOn()
		case b.left == 0:
			b.err = b.chunk()
		default:
			n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
			b.left -= int64(n)
			if err == nil && b.left == 0 {
				err = b.lineEnd()
			}
			if err != nil {
				b.err = broken(err, true)
			}
			if n > 0 {
				return n, nil
			}
		}
	}
}

// chunk reads the size of the next chunk. The last one ends the body, or the preview.
func (b *body) chunk() error {
	line, err := readLine(b.r, b.l.Extension)
	if errors.Is(err, io.EOF) {
		err = fault{400, "the body broke off"}
	}
	if err != nil {
		return err
	}
	digits, extension, _ := bytes.Cut(line, []byte(";"))
	size, ok := number(string(bytes.TrimRight(digits, " \t")), 16)
	if !ok {
		return malformed("a chunk has no size")
	}
	if size > 0 {
		if b.total += size; b.total > b.l.Body {
			return ErrTooLarge
		}
		if b.preview >= 0 && b.total > b.preview {
			return malformed("the preview is longer than it says")
		}
		b.left = size
		return nil
	}
	if _, err := readFields(b.r, b.l); err != nil { // trailers
		return err
	}
	whole := strings.EqualFold(string(bytes.Trim(extension, " \t")), "ieof")
	switch {
	case b.preview < 0 && whole:
		return malformed("ieof stands outside of a preview")
	case b.preview < 0, whole:
		return io.EOF
	}
	b.waits = true
	return nil
}

func (b *body) lineEnd() error {
	line, err := readLine(b.r, 0)
	if err == nil && len(line) > 0 {
		err = malformed("a chunk is longer than it says")
	}
	return err
}

// over reports whether the client has nothing more to send for this message.
func (b *body) over() bool { return errors.Is(b.err, io.EOF) || b.waits && b.err == nil }

// drain reads on without asking for the rest of a preview, at most so far, and says whether the next message can follow.
func (b *body) drain(most int64) bool {
	scrap := make([]byte, 16<<10)
	for !b.over() && b.err == nil && most > 0 {
		if b.left == 0 {
			b.err = b.chunk()
			continue
		}
		n, _ := b.Read(scrap)
		most -= int64(n)
	}
	return b.over()
}

// goBeyond makes sure that nothing is asked of the client any more: it reads to the end of a preview and a little behind it.
func (b *body) goBeyond() (read []byte, err error) {
	piece := make([]byte, 4<<10)
	for b.preview >= 0 && b.err == nil {
		n, _ := b.Read(piece)
		read = append(read, piece[:n]...)
	}
	if b.err != nil && !errors.Is(b.err, io.EOF) {
		return nil, b.err
	}
	return read, nil
}

// writeChunk writes one chunk that is not empty.
func writeChunk(w *bufio.Writer, p []byte) error {
	_, err := w.WriteString(strconv.FormatInt(int64(len(p)), 16) + "\r\n")
	if err == nil {
		_, err = w.Write(p)
	}
	if err == nil {
		_, err = w.WriteString("\r\n")
	}
	return err
}

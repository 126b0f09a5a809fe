package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"

	"github.com/amanah-id/amanah/pii/extract/internal/letter"
	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// A window of long text, and how much of it two neighbours share on each side of the border between them. What is found must not
// depend on text farther away than overlap.
const (
	windowSize = 256 << 10
	overlap    = 4 << 10
)

// windows cuts what is written to it into overlapping segments. The cuts depend on the text alone, not on how it is written.
type windows struct {
	emit   func(*Segment) error
	origin Origin
	exact  bool // bytes are the file's
	mark   *Mark
	buf    []byte
	later  bool // not the first window
	offset int64
	line   int
	noise  int // windows with long binary stretches
	// The text holds files that are written in letters and not read.
	encrypted, packed bool
}

func newWindows(origin Origin, exact bool, emit func(*Segment) error) *windows {
	return &windows{emit: emit, origin: origin, exact: exact, buf: make([]byte, 0, 8<<10), line: 1}
}

func (w *windows) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(w.buf) == windowSize {
			if err := w.cut(false); err != nil {
				return 0, err
			}
		}
		k := min(len(p), windowSize-len(w.buf))
		w.buf = append(w.buf, p[:k]...)
		p = p[k:]
	}
	return n, nil
}

// Close hands over the last window.
func (w *windows) Close() error {
	if len(w.buf) == 0 {
		return nil
	}
	return w.cut(true)
}

func (w *windows) cut(last bool) error {
	s := Segment{Origin: w.origin, Text: w.buf, To: len(w.buf), Line: w.line, Offset: -1}
	if w.exact {
		s.Offset = w.offset
	}
	if w.later {
		s.From = overlap
	}
	if !last {
		s.To -= overlap
	}
	if w.mark != nil {
		m := *w.mark
		m.Start, m.End = 0, len(w.buf)
		s.Marks = []Mark{m}
	}
	if !sniff.Textual(w.buf) {
		w.noise++
	}
	encrypted, packed := sniff.Armoured(w.buf)
	w.encrypted, w.packed = w.encrypted || encrypted, w.packed || packed
	if err := w.emit(&s); err != nil {
		return err
	}
	if last {
		w.buf = w.buf[:0]
		return nil
	}
	gone := len(w.buf) - 2*overlap
	w.line += bytes.Count(w.buf[:gone], []byte("\n"))
	w.offset += int64(gone)
	w.buf = append(w.buf[:0], w.buf[gone:]...)
	w.later = true
	return nil
}

// decoded makes text UTF-8. exact says that the bytes are left as they are.
func decoded(r *bufio.Reader) (text io.Reader, exact bool) {
	head, _ := r.Peek(sniff.Size)
	switch sniff.Wide(head) {
	case "utf-16le":
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()), false
	case "utf-16be":
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()), false
	case "utf-32le":
		return transform.NewReader(r, utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewDecoder()), false
	case "utf-32be":
		return transform.NewReader(r, utf32.UTF32(utf32.BigEndian, utf32.UseBOM).NewDecoder()), false
	}
	if !sniff.ValidPrefix(head) {
		return transform.NewReader(r, letter.Western{}), false
	}
	return r, true
}

// labelled reads text in the encoding that a document says it has, unless that is not known here or the text shows that it is wide.
func labelled(r *bufio.Reader, label string) io.Reader {
	e, _ := letter.Charset(label)
	if head, _ := r.Peek(sniff.Size); e == nil || sniff.Wide(head) != "" {
		text, _ := decoded(r)
		return text
	}
	return transform.NewReader(r, e.NewDecoder())
}

// plain scans a stream as text.
func (w *walk) plain(at Origin, r io.Reader, exact bool, line int, offset int64) error {
	out := newWindows(at, exact, w.segment)
	out.line, out.offset = line, offset
	_, err := io.Copy(out, r)
	return w.closed(at, out, err)
}

// closed hands over the last window of a text and says what was wrong with it.
func (w *walk) closed(at Origin, out *windows, err error) error {
	if e := out.Close(); e != nil {
		return e
	}
	for _, fault := range []struct {
		why Reason
		is  bool
	}{{Mixed, out.noise > 0}, {Encrypted, out.encrypted}, {Unsupported, out.packed}} {
		if !fault.is {
			continue
		}
		if e := w.skip(at, fault.why); e != nil {
			return e
		}
	}
	return w.failed(at, err)
}

// failed says that an item could not be read to its end, unless it is the visitor or the caller that wants no more.
func (w *walk) failed(at Origin, err error) error {
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if w.stopped != nil {
		return w.stopped
	}
	return w.skip(at, w.reason(err))
}

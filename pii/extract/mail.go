package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/transform"

	"github.com/amanah-id/amanah/pii/extract/internal/letter"
)

// mail reads a message: its headers, its bodies, what stands between them, and what is attached, each as what it is.
func (w *walk) mail(at Origin, r *bufio.Reader, depth int) error {
	p := &post{walk: w, at: at, r: letter.New(r), depth: depth}
	if err := p.entity("text/plain"); err != nil {
		return err
	}
	return w.failed(at, p.r.Fault)
}

// post is a message that is being read. Programs differ in how they read one that is not made as it should be, so
// what can be read in two ways is read in one, and said to be damaged.
type post struct {
	*walk
	at     Origin
	r      *letter.Reader
	depth  int
	odd    bool
	buffer *bufio.Reader // of the texts, one after the other
}

// headers takes the headers of a message or of a part.
type headers struct {
	p   *post
	at  Origin
	out *lines
	of  *lines // of machines
}

// Add takes one.
func (h *headers) Add(name, value string) error {
	return h.out.bound(value, Mark{Place: name, Header: name})
}

// Trace takes one of a machine, whose name says nothing of its value.
func (h *headers) Trace(name, value string) error {
	if !h.p.Traces {
		return nil
	}
	return h.of.bound(value, Mark{Place: name})
}

// Long takes one in pieces.
func (h *headers) Long(name string) io.WriteCloser {
	out := newWindows(h.at, false, h.p.segment)
	out.mark, out.line = &Mark{Place: name, Header: name}, 0
	return &longHeader{out, h.p}
}

type longHeader struct {
	*windows
	p *post
}

func (h *longHeader) Close() error { return h.p.closed(h.origin, h.windows, nil) }

// entity reads headers and what stands under them, up to the boundary that ends it. usual is what it is where nothing is said.
func (p *post) entity(usual string) error {
	at := p.at
	at.Part = "header"
	out, of := newLines(at, p.segment), newLines(at, p.segment)
	of.origin.Part = Trace
	h, err := p.r.Head(usual, &headers{p, at, out, of})
	if err != nil {
		return err
	}
	if err := errors.Join(out.flush(), of.flush()); err != nil {
		return err
	}
	if h.Unread {
		if err := p.skip(at, Unsupported); err != nil {
			return err
		}
	}
	if h.Odd {
		if err := p.damaged(); err != nil {
			return err
		}
	}
	switch {
	case !h.Body:
		return nil
	case strings.HasPrefix(h.Media, "multipart/"):
		return p.multipart(h)
	}
	b, beside := p.r.Body(), &between{p: p}
	if err := p.single(h, b, beside); err != nil {
		return err
	}
	for more := true; more && p.over == ""; { // what a reader left
		_, more = b.Line()
	}
	return beside.close()
}

// damaged says once of a message that it can be read in two ways.
func (p *post) damaged() error {
	if p.odd {
		return nil
	}
	p.odd = true
	return p.skip(p.at, Damaged)
}

// maxNesting bounds multiparts in multiparts, which are no entries of an archive.
const maxNesting = 30

func (p *post) multipart(h letter.Head) error {
	mine := len(p.r.Bounds)
	if mine >= maxNesting {
		if err := p.aside(); err != nil {
			return err
		}
		return p.skip(p.at, TooDeep)
	}
	why := Reason("")
	switch {
	case h.Media == "multipart/encrypted":
		why = Encrypted
	case h.Boundary == "": // the first line that looks like one is it
		if err := p.damaged(); err != nil {
			return err
		}
	case h.Encoding != "":
		why = Unsupported
	}
	if why != "" {
		if err := p.skip(p.at, why); err != nil {
			return err
		}
	}
	usual := "text/plain"
	if h.Media == "multipart/digest" {
		usual = "message/rfc822"
	}
	p.r.Bounds = append(p.r.Bounds, h.Boundary)
	err, closed := p.aside(), false
	for err == nil && p.r.Border.Level == mine && p.over == "" {
		if p.r.Border.Odd {
			if err = p.damaged(); err != nil {
				return err
			}
		}
		if closed = p.r.Border.Last; closed { // some programs read on behind the last one
			err = p.aside()
		} else {
			err = p.entity(usual)
		}
	}
	if p.r.Bounds = p.r.Bounds[:mine]; err != nil {
		return err
	}
	if !closed && p.over == "" {
		return p.skip(p.at, Truncated)
	}
	return nil
}

// aside reads what stands where programs show nothing.
func (p *post) aside() error {
	b, beside := p.r.Body(), &between{p: p}
	for {
		piece, ok := b.Line()
		if !ok {
			return beside.close()
		}
		if err := beside.write(piece); err != nil {
			return err
		}
	}
}

// single reads a body that is no multipart.
func (p *post) single(h letter.Head, b *letter.Body, beside *between) error {
	at := p.at
	if strings.HasSuffix(h.Media, "/pkcs7-mime") || strings.HasSuffix(h.Media, "/x-pkcs7-mime") {
		return p.skip(at, Encrypted)
	}
	var text io.Reader = b
	switch h.Encoding {
	case "":
	case "base64":
		text = letter.NewBase64(b, beside.write)
	case "quoted-printable":
		text = transform.NewReader(b, letter.Quoted{})
	default:
		if err := p.skip(at, Unsupported); err != nil {
			return err
		}
	}
	if h.Name == "" && (h.Media == "text/plain" || h.Media == "text/html") {
		return p.text(h, text)
	}
	name := h.Name
	if name == "" {
		name = strings.ReplaceAll(h.Media, "/", ".")
	}
	entry := inside(at, name)
	if ok, err := p.entered(at, entry, name, p.depth); !ok || err != nil {
		return err
	}
	ending := ""
	switch h.Media {
	case "message/rfc822", "message/global", "text/rfc822-headers":
		ending = ".eml" // it is one, whatever it is called
	case "message/partial", "message/external-body": // a piece of a mail, and what lies elsewhere
		if err := p.skip(entry, Unsupported); err != nil {
			return err
		}
	}
	in := &counted{r: text}
	return p.item(entry, name+ending, &expanding{w: p.walk, r: in, in: func() int64 { return in.n }}, nil, p.depth+1)
}

// text reads a body that programs show.
func (p *post) text(h letter.Head, r io.Reader) error {
	at := p.at
	at.Part = "body"
	if _, known := letter.Charset(h.Charset); !known && h.Charset != "" {
		if err := p.skip(at, Unsupported); err != nil {
			return err
		}
	}
	if h.Media == "text/html" {
		at.Kind = HTML
		return p.html(at, p.buffered(r), h.Charset)
	}
	return p.plain(at, labelled(p.buffered(r), h.Charset), false, 0, 0)
}

func (p *post) buffered(r io.Reader) *bufio.Reader {
	if p.buffer == nil {
		p.buffer = bufio.NewReaderSize(nil, 64<<10)
	}
	p.buffer.Reset(r)
	return p.buffer
}

// between is text that no program shows and that a person can read all the same.
type between struct {
	p   *post
	out *windows
}

func (t *between) write(text []byte) error {
	if t.out == nil {
		if len(bytes.TrimSpace(text)) == 0 {
			return nil
		}
		at := t.p.at
		at.Part = "between"
		t.out = newWindows(at, false, t.p.segment)
		t.out.line = 0
	}
	_, err := t.out.Write(text)
	return err
}

func (t *between) close() error {
	if t.out == nil {
		return nil
	}
	return t.p.closed(t.out.origin, t.out, nil)
}

// mailbox reads messages that stand one behind the other, each behind a line that begins with From and a blank.
func (w *walk) mailbox(at Origin, r *bufio.Reader, depth int) error {
	for n := 1; ; n++ {
		if _, err := r.Peek(1); err != nil {
			return w.failed(at, err)
		}
		name := "message " + strconv.Itoa(n)
		entry := inside(at, name)
		if ok, err := w.entered(at, entry, name, depth); !ok || err != nil {
			return err
		}
		entry.Kind = Mail
		one := letter.NewMessage(r)
		if err := w.mail(entry, bufio.NewReaderSize(one, 64<<10), depth+1); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, one); err != nil { // what the message's own boundaries left over
			return w.failed(at, err)
		}
	}
}

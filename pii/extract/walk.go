package extract

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// Walker reads files. Documents nil means that documents are parsed in this process.
type Walker struct {
	Limits    Limits
	Tools     Tools
	Documents Documents
	Raw       bool // text of every kind is handed over as it stands in the file
	Traces    bool // what machines write in the heads of mails is handed over too, as the part Trace
}

// walk is the reading of one file.
type walk struct {
	*Walker
	ctx      context.Context //nolint:containedctx // lives as long as one call of Walk
	caller   context.Context //nolint:containedctx // likewise; without the limit of time
	visitor  Visitor
	entries  int
	expanded int64
	opened   int    // pieces in letters that are open now, one in the other
	over     Reason // a limit of the whole walk was reached
	stopped  error  // the visitor or the caller wants no more
}

// Walk reads r, which is called name, and everything in it. It returns the visitor's error or that of the context;
// whatever is wrong with the file is a Skip.
func (w *Walker) Walk(ctx context.Context, name string, r io.Reader, v Visitor) error {
	limited, cancel := ctx, func() {}
	if w.Limits.Time > 0 {
		limited, cancel = context.WithTimeout(ctx, w.Limits.Time)
	}
	defer cancel()
	run := &walk{Walker: w, ctx: limited, caller: ctx, visitor: v}
	at := Origin{File: name}
	return run.failed(at, run.item(at, name, watched{run, r}, r, 0))
}

func (w *walk) segment(s *Segment) error {
	if err := w.alive(); err != nil {
		return err
	}
	if err := w.visitor.Segment(s); err != nil {
		w.stopped = err
		return err
	}
	return w.unpack(s)
}

func (w *walk) skip(at Origin, why Reason) error {
	if err := w.visitor.Skip(Skip{at, why}); err != nil {
		w.stopped = err
		return err
	}
	return nil
}

// alive tells the end of the caller's patience from that of the limit.
func (w *walk) alive() error {
	if err := w.caller.Err(); err != nil {
		w.stopped = err
		return err
	}
	if w.ctx.Err() != nil {
		w.over = TooLong
		return TooLong
	}
	return nil
}

// reason is the word for what went wrong while an item was read.
func (w *walk) reason(err error) Reason {
	var why Reason
	var fault *readError
	switch {
	case errors.As(err, &why):
		return why
	case errors.As(err, &fault):
		return Unreadable
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Truncated
	default:
		return Damaged
	}
}

// readError is an error of the reader that the walk was given, as against one of a format.
type readError struct{ err error }

func (f *readError) Error() string { return f.err.Error() }

// watched ends reading when the time is over.
type watched struct {
	w *walk
	r io.Reader
}

func (s watched) Read(p []byte) (int, error) {
	if err := s.w.alive(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

// expanding counts what comes out of an archive against what went in.
type expanding struct {
	w   *walk
	r   io.Reader
	in  func() int64 // packed bytes so far
	out int64
}

// ratioFloor is how much may come out before the ratio counts: small files may be packed very well.
const ratioFloor = 8 << 20

func (e *expanding) Read(p []byte) (int, error) {
	if err := e.w.alive(); err != nil {
		return 0, err
	}
	n, err := e.r.Read(p)
	e.out += int64(n)
	e.w.expanded += int64(n)
	if e.w.expanded > e.w.Limits.Expanded {
		e.w.over = TooLarge
		return n, TooLarge
	}
	if e.out > ratioFloor && e.out > e.in()*e.w.Limits.Ratio {
		return n, TooDense
	}
	return n, err
}

// counted counts the bytes read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// inside is the origin of an entry of an archive.
func inside(at Origin, entry string) Origin {
	if !utf8.ValidString(entry) {
		entry = strings.ToValidUTF8(entry, "?")
	}
	if at.Entry != "" {
		entry = at.Entry + "!" + entry
	}
	return Origin{File: at.File, Entry: entry}
}

// item reads one file or entry. random is the same bytes for reading anywhere, where the caller has that.
func (w *walk) item(at Origin, name string, r io.Reader, random any, depth int) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	head, err := buffered.Peek(sniff.Size)
	if len(head) == 0 {
		return w.failed(at, err)
	}
	word, reading := sniff.Of(head, name)
	kind := Kind(word)
	at.Kind = kind
	switch reading {
	case sniff.Unread:
		return w.skip(at, Unsupported)
	case sniff.Unknown:
		return w.skip(at, Unknown)
	case sniff.Read:
	}
	if w.Raw && (kind.Textual() || kind == Mail) {
		text, exact := decoded(buffered)
		return w.plain(at, text, exact, 1, 0)
	}
	switch kind {
	case Zip:
		return w.zip(at, buffered, random, depth)
	case Tar:
		return w.tar(at, buffered, depth)
	case Gzip, Bzip2:
		return w.packed(at, name, buffered, depth)
	case Mail:
		return w.mail(at, narrow(buffered, head), depth)
	case Mailbox:
		return w.mailbox(at, narrow(buffered, head), depth)
	case Outlook, PDF, Picture, RTF:
		return w.document(at, kind, buffered, depth)
	case Table:
		return w.table(at, buffered, name)
	case JSON:
		return w.json(at, buffered)
	case HTML, XML:
		return w.html(at, buffered, "")
	default:
		text, exact := decoded(buffered)
		if sniff.Folds(head) {
			text, exact = sniff.Unfolded(text), false
		}
		return w.plain(at, text, exact, 1, 0)
	}
}

// narrow leaves bytes as they are, unless each letter has two or more.
func narrow(r *bufio.Reader, head []byte) *bufio.Reader {
	if sniff.Wide(head) == "" {
		return r
	}
	text, _ := decoded(r)
	return bufio.NewReaderSize(text, 64<<10)
}

// entered counts an entry of an archive and scans its name. false means that the archive is to be left.
func (w *walk) entered(at, entry Origin, name string, depth int) (bool, error) {
	if w.over != "" {
		return false, w.skip(at, w.over)
	}
	if w.entries++; w.entries > w.Limits.Entries {
		w.over = TooMany
		return false, w.skip(at, TooMany)
	}
	if depth >= w.Limits.Depth {
		return false, w.skip(at, TooDeep)
	}
	entry.Kind = Name
	text := []byte(path.Base(strings.ReplaceAll(name, "\\", "/")))
	return true, w.segment(&Segment{Origin: entry, Text: text, To: len(text), Offset: -1})
}

// remark scans what an archive says of itself or of an entry, beside its name.
func (w *walk) remark(at Origin, text string) error {
	if text == "" {
		return nil
	}
	at.Kind = Name
	return w.segment(&Segment{Origin: at, Text: []byte(text), To: len(text), Offset: -1})
}

func (w *walk) tar(at Origin, r io.Reader, depth int) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err != nil {
			return w.failed(at, err)
		}
		entry := inside(at, h.Name)
		if ok, err := w.entered(at, entry, h.Name, depth); !ok || err != nil {
			return err
		}
		if err := w.remark(entry, strings.Trim(h.Linkname+"\n"+h.PAXRecords["comment"], "\n")); err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		packed := h.Size // holes of a sparse file are expanded by the reader
		if err := w.item(entry, h.Name, &expanding{w: w, r: t, in: func() int64 { return packed }}, nil, depth+1); err != nil {
			return err
		}
	}
}

// packed reads what holds one file: gzip and bzip2.
func (w *walk) packed(at Origin, name string, r io.Reader, depth int) error {
	if w.over != "" {
		return w.skip(at, w.over)
	}
	if depth >= w.Limits.Depth {
		return w.skip(at, TooDeep)
	}
	in := &counted{r: r}
	var out io.Reader
	if at.Kind == Gzip {
		z, err := gzip.NewReader(in)
		if err != nil {
			return w.failed(at, noEnd(err))
		}
		if err := w.remark(at, strings.Trim(z.Name+"\n"+z.Comment, "\n")); err != nil {
			return err
		}
		out = z
	} else {
		out = bzip2.NewReader(in)
	}
	inner := strings.TrimSuffix(strings.TrimSuffix(name, path.Ext(name)), ".")
	if ext := sniff.Extension(name); ext == ".tgz" {
		inner += ".tar"
	}
	entry := inside(at, path.Base(inner))
	return w.item(entry, inner, &expanding{w: w, r: out, in: func() int64 { return in.n }}, nil, depth+1)
}

// noEnd makes the end of a stream that should have gone on an error.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// hold reads a document into memory.
func (w *walk) hold(r io.Reader) ([]byte, error) {
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(r, w.Limits.Document+1))
	if err != nil {
		return nil, err
	}
	if n > w.Limits.Document {
		return nil, TooBig
	}
	return buf.Bytes(), nil
}

// document reads an item with the parsers of dangerous formats.
func (w *walk) document(at Origin, kind Kind, r io.Reader, depth int) error {
	data, err := w.hold(r)
	if err != nil {
		return w.failed(at, err)
	}
	return w.parse(at, kind, data, depth)
}

func (w *walk) parse(at Origin, kind Kind, data []byte, depth int) error {
	at.Kind = kind
	ctx, cancel := w.ctx, func() {}
	if w.Limits.DocumentTime > 0 {
		ctx, cancel = context.WithTimeout(w.ctx, w.Limits.DocumentTime)
	}
	defer cancel()
	documents := w.Documents
	if documents == nil {
		documents = Here{}
	}
	in := &gathered{w: w, at: at}
	err := documents.Parse(ctx, Task{Kind: kind, Data: data, Limits: w.Limits, Tools: w.Tools}, in)
	if w.stopped != nil {
		return w.stopped
	}
	if err != nil && ctx.Err() != nil {
		if err := w.alive(); err != nil && w.stopped != nil {
			return err
		}
		err = TooLong
	}
	if err != nil {
		if err := w.failed(at, noEnd(err)); err != nil {
			return err
		}
	}
	for _, p := range in.parts {
		entry := inside(at, p.name)
		if ok, err := w.entered(at, entry, p.name, depth); !ok || err != nil {
			return err
		}
		if err := w.item(entry, p.name, watched{w, bytes.NewReader(p.data)}, bytes.NewReader(p.data), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// gathered completes the origins of what a parser finds, and keeps the files within the document until it is done.
type gathered struct {
	w     *walk
	at    Origin
	parts []part
	size  int64
}

type part struct {
	name string
	data []byte
}

func (g *gathered) complete(o Origin) Origin {
	o.File, o.Entry, o.Kind = g.at.File, g.at.Entry, g.at.Kind
	return o
}

func (g *gathered) Segment(s *Segment) error {
	s.Origin = g.complete(s.Origin)
	return g.w.segment(s)
}

func (g *gathered) Skip(s Skip) error { return g.w.skip(g.complete(s.Origin), s.Reason) }

func (g *gathered) Part(name string, data []byte) error {
	g.size += int64(len(data))
	g.w.expanded += int64(len(data))
	if g.size > g.w.Limits.Document {
		return TooBig
	}
	g.parts = append(g.parts, part{name, bytes.Clone(data)})
	return nil
}

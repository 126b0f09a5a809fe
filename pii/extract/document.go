package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"golang.org/x/net/html/charset"

	"github.com/amanah-id/amanah/pii/extract/internal/cell"
	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// Here parses documents in this process. What a parser does not survive is damaged.
type Here struct{}

// Parse parses one document.
func (Here) Parse(ctx context.Context, task Task, sink Sink) (err error) {
	p := &parser{ctx: ctx, task: task, sink: sink}
	defer func() {
		if fault := recover(); fault != nil {
			err = errors.Join(Damaged, p.failed)
		}
	}()
	switch task.Kind {
	case Word, Slides, Sheet, Open:
		err = p.office()
	case PDF:
		err = p.pdf()
	case Outlook:
		err = p.outlook()
	case RTF:
		err = p.rtf(Origin{}, task.Data)
	case Picture:
		err = p.picture(Origin{}, task.Data)
	default:
		err = Unsupported
	}
	if p.failed != nil {
		return p.failed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// parser is the reading of one document.
type parser struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call of Parse
	task   Task
	sink   Sink
	read   int64 // unpacked bytes so far
	failed error // the sink's own error
}

func (p *parser) segment(s *Segment) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if err := p.sink.Segment(s); err != nil {
		p.failed = err
		return err
	}
	return nil
}

func (p *parser) skip(at Origin, why Reason) error {
	if err := p.sink.Skip(Skip{at, why}); err != nil {
		p.failed = err
		return err
	}
	return nil
}

// text hands over a text whose lines are not those of the file.
func (p *parser) text(at Origin, text string) error {
	w := newWindows(at, false, p.segment)
	w.line = 0
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Close()
}

func (p *parser) part(name string, data []byte) error {
	err := p.sink.Part(name, data)
	if why := Reason(""); err != nil && !errors.As(err, &why) {
		p.failed = err
	}
	return err
}

// unpack reads an entry of the document, within what a document may take.
func (p *parser) unpack(r io.Reader, packed int64) ([]byte, error) {
	var buf bytes.Buffer
	limited := &pacing{p: p, r: r, packed: packed}
	if _, err := io.Copy(&buf, limited); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// pacing ends reading at the limits of a document.
type pacing struct {
	p      *parser
	r      io.Reader
	packed int64
	out    int64
}

func (c *pacing) Read(b []byte) (int, error) {
	if err := c.p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.out += int64(n)
	c.p.read += int64(n)
	if c.p.read > 4*c.p.task.Limits.Document {
		return n, TooBig
	}
	if c.out > ratioFloor && c.out > c.packed*c.p.task.Limits.Ratio {
		return n, TooDense
	}
	return n, err
}

// files are the entries of an Office document, by name.
type files struct {
	p *parser
	z *zip.Reader
}

func (f files) open(name string) (io.Reader, error) {
	for _, e := range f.z.File {
		if e.Name == name {
			return f.entry(e)
		}
	}
	return nil, nil //nolint:nilnil // there is no such file
}

// entry opens one that another may have the name of.
func (f files) entry(e *zip.File) (io.Reader, error) {
	r, err := e.Open()
	if err != nil {
		return nil, Damaged
	}
	return &pacing{p: f.p, r: r, packed: int64(min(e.CompressedSize64, uint64(len(f.p.task.Data))))}, nil //nolint:gosec // the smaller is small
}

func decoder(r io.Reader) *markup {
	d := xml.NewDecoder(r)
	d.Strict = false
	d.CharsetReader = charset.NewReaderLabel
	return &markup{Decoder: d}
}

// markup tells XML that breaks off, and that which brings words of its own, from what can be read to its end.
type markup struct {
	*xml.Decoder
	open int
	odd  bool
}

func (m *markup) RawToken() (xml.Token, error) {
	t, err := m.Decoder.RawToken()
	switch e := t.(type) {
	case xml.StartElement:
		m.open++
	case xml.EndElement:
		m.open--
	case xml.Directive:
		m.odd = m.odd || bytes.Contains(e, []byte("<!ENTITY"))
	}
	if errors.Is(err, io.EOF) && (m.open > 0 || m.odd) {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

// wrong makes an error of XML or zip a reason.
func wrong(err error) error {
	var why Reason
	switch {
	case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case errors.As(err, &why), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		return Damaged
	}
}

// office reads a document that is an archive of XML.
func (p *parser) office() error {
	if err := overfull(bytes.NewReader(p.task.Data), int64(len(p.task.Data)), p.task.Limits); err != nil {
		return wrong(err)
	}
	z, err := zip.NewReader(bytes.NewReader(p.task.Data), int64(len(p.task.Data)))
	if err != nil {
		return Damaged
	}
	f := files{p, z}
	if p.task.Kind == Open {
		if r, err := f.open("META-INF/manifest.xml"); err == nil && r != nil {
			if text, _ := io.ReadAll(r); bytes.Contains(text, []byte("encryption-data")) {
				return Encrypted
			}
		}
	}
	if p.task.Kind == Sheet {
		if err := p.workbook(f); err != nil {
			return err
		}
	}
	var first error
	for _, e := range z.File {
		if err := p.officePart(f, e); err != nil {
			if p.failed != nil || p.ctx.Err() != nil {
				return err
			}
			if first == nil {
				first = err
			}
			if errors.Is(err, TooBig) {
				return err
			}
		}
	}
	return first
}

// officePart reads one entry by what its name says it is.
func (p *parser) officePart(f files, e *zip.File) error {
	name := e.Name
	base, ext := path.Base(name), sniff.Extension(name)
	embedded := strings.Contains(name, "/media/") || strings.Contains(name, "/embeddings/") || strings.HasPrefix(name, "Pictures/") || strings.HasPrefix(name, "media/") ||
		base == "vbaProject.bin" || strings.HasPrefix(name, "Object ") && ext == ".bin"
	at := Origin{Part: strings.TrimSuffix(base, ext)}
	var read func(Origin, io.Reader) error
	switch {
	case ext == ".emf", ext == ".wmf": // pictures made of lines, which may be letters
		if p.task.Tools.Ignore {
			return nil
		}
		return p.skip(at, Unsupported)
	case strings.HasSuffix(name, "/"), base == "thumbnail.jpeg", strings.HasPrefix(name, "Thumbnails/"), strings.HasPrefix(name, "Object Replacements/"):
		return nil
	case embedded:
		return p.whole(f, e, func([]byte) bool { return true })
	case ext == ".rels":
		read = p.targets
	case p.task.Kind == Open && base == "content.xml":
		if at.Part = ""; path.Dir(name) != "." {
			at.Part = path.Dir(name)
		}
		read = p.openText
	case p.task.Kind == Open && (base == "styles.xml" || base == "meta.xml"):
		read = p.openText
	case p.task.Kind == Sheet && (strings.HasPrefix(name, "xl/worksheets/sheet") || name == "xl/sharedStrings.xml" || base == "styles.xml" || base == "workbook.xml" || strings.Contains(name, "/theme/") || base == "calcChain.xml"):
		return nil // by workbook
	case ext != ".xml":
		return p.whole(f, e, func(data []byte) bool { return readable(data, name) })
	case base == "[Content_Types].xml", p.task.Kind == Open, strings.Contains(name, "/theme/"), base == "styles.xml", base == "settings.xml", base == "fontTable.xml",
		base == "webSettings.xml", base == "presProps.xml", base == "viewProps.xml", base == "tableStyles.xml", base == "numbering.xml", strings.Contains(name, "slideLayouts/"), strings.Contains(name, "slideMasters/"):
		return nil
	default:
		if name == "word/document.xml" {
			at.Part = ""
		}
		if n, ok := strings.CutPrefix(at.Part, "slide"); ok && strings.Contains(name, "/slides/") {
			at.Part, at.Page = "", cell.Number(n)
		}
		if n, ok := strings.CutPrefix(at.Part, "notesSlide"); ok {
			at.Part, at.Page = "notes", cell.Number(n)
		}
		read = p.markup
	}
	r, err := f.entry(e)
	if err != nil {
		return err
	}
	return wrong(read(at, r))
}

// whole hands over an entry as a file of its own, if it is one.
func (p *parser) whole(f files, e *zip.File, is func([]byte) bool) error {
	r, err := f.entry(e)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err != nil || !is(data) {
		return wrong(err)
	}
	return p.part(e.Name, data)
}

// readable says whether what is no part of a document as its program writes it is a file all the same: a chunk in another format, which Word shows, or
// one that somebody has put there. Fonts and the settings of printers are none.
func readable(data []byte, name string) bool {
	kind, reading := sniff.Of(data[:min(len(data), sniff.Size)], name)
	return len(data) > 0 && reading == sniff.Read && Kind(kind) != Picture
}

// targets are where the links of a document lead: mail addresses among them.
func (p *parser) targets(at Origin, r io.Reader) error {
	at.Part = "links"
	out := newLines(at, p.segment)
	d := decoder(r)
	for {
		t, err := d.RawToken()
		if err != nil {
			return errors.Join(out.flush(), wrong(err))
		}
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || attribute(e, "TargetMode") != "External" {
			continue
		}
		target := strings.TrimPrefix(strings.TrimPrefix(attribute(e, "Target"), "mailto:"), "tel:")
		if err := out.add(target, Mark{Place: "link"}); err != nil {
			return err
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// markup writes the text of Office XML: all of it, with line ends and tabs where the document has them.
func (p *parser) markup(at Origin, r io.Reader) error {
	out := newWindows(at, false, p.segment)
	out.line = 0
	d := decoder(r)
	machine := false
	for {
		t, err := d.RawToken()
		if err != nil {
			return errors.Join(out.Close(), wrong(err))
		}
		write := ""
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "AppVersion", "Application", "Template": // what the program says about itself
				machine = true
			case "tab", "ptab":
				write = "\t"
			case "br", "cr":
				write = "\n"
			case "noBreakHyphen":
				write = "-"
			case "docPr", "cNvPr": // the words for who cannot see a picture
				if text := attribute(e, "descr"); text != "" {
					write = "\n" + text + "\n"
				}
			}
		case xml.EndElement:
			machine = false
			switch e.Name.Local {
			case "p", "tr", "comment", "title", "subject", "creator", "keywords", "description", "lastModifiedBy", "property", "Company", "Manager":
				write = "\n"
			case "tc":
				write = "\t"
			}
		case xml.CharData:
			write = string(e)
		}
		if write == "" || machine {
			continue
		}
		if _, err := io.WriteString(out, write); err != nil {
			return err
		}
	}
}

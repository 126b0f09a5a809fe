package extract

import (
	"errors"
	"strconv"

	"github.com/amanah-id/amanah/pii/extract/internal/pdf"
	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// pdf reads pages, fields and attachments. Pages with pictures are read by OCR too, when there is one.
func (p *parser) pdf() error {
	doc, err := pdf.Read(p.task.Data, 4*p.task.Limits.Document, p.ctx.Err)
	if err != nil {
		return pdfReason(err)
	}
	out := newLines(Origin{Part: "fields"}, p.segment)
	for _, f := range doc.Fields() {
		m := Mark{Place: "field"}
		if isHead(f.Name) {
			m.Place, m.Header = f.Name, sniff.Spaced(f.Name)
		}
		if err := out.add(f.Value, m); err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	for i := range doc.Pages() {
		if i >= p.task.Limits.Pages {
			return TooManyPages
		}
		if err := p.pdfPage(doc, i); err != nil {
			return pdfReason(err)
		}
	}
	switch {
	case doc.Cut():
		if err := p.skip(Origin{}, Truncated); err != nil {
			return err
		}
	case doc.Pages() == 0:
		if err := p.skip(Origin{}, Damaged); err != nil {
			return err
		}
	}
	for _, outside := range doc.Outside() {
		if err := p.part("outside", outside); err != nil {
			return err
		}
	}
	return pdfReason(doc.Attachments(p.part))
}

func (p *parser) pdfPage(doc *pdf.Document, i int) error {
	page, err := doc.Page(i)
	if err != nil {
		return err
	}
	at := Origin{Page: i + 1}
	if err := p.text(at, page.Text); err != nil {
		return err
	}
	if page.Broken {
		if err := p.skip(at, Damaged); err != nil {
			return err
		}
	}
	unread := page.Unknown*10 > page.Glyphs
	if !unread && !page.Picture {
		return nil
	}
	tools := p.task.Tools
	if tools.Tesseract == "" || tools.Pdftoppm == "" {
		switch {
		case unread:
			return p.skip(at, NoText)
		case tools.Ignore:
			return nil
		}
		return p.skip(at, NoOCR)
	}
	number := strconv.Itoa(i + 1)
	picture, err := p.run(tools.Pdftoppm, p.task.Data, pictureSize, "-r", "200", "-gray", "-f", number, "-l", number, "-singlefile", "-")
	if err != nil {
		return p.unread(at, err)
	}
	return p.unread(at, p.ocr(at, picture))
}

// unread says that a picture could not be read and goes on.
func (p *parser) unread(at Origin, err error) error {
	if err == nil || p.failed != nil {
		return p.failed
	}
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	at.OCR = true
	why := Damaged
	errors.As(err, &why)
	return p.skip(at, why)
}

// pdfReason translates what package pdf says.
func pdfReason(err error) error {
	switch {
	case errors.Is(err, pdf.ErrEncrypted):
		return Encrypted
	case errors.Is(err, pdf.ErrBudget):
		return TooBig
	case errors.Is(err, pdf.ErrDamaged):
		return Damaged
	}
	return err
}

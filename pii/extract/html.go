package extract

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// tagSize bounds one tag or text of HTML; what has a longer one is scanned as text from there on.
const tagSize = 1 << 20

// spoken are attributes that hold text for people, or addresses of them.
var spoken = map[string]bool{"href": true, "alt": true, "title": true, "value": true, "content": true, "placeholder": true, "src": true, "action": true, "srcdoc": true, "aria-label": true}

// html writes the text of HTML and of XML: what stands between the tags, comments and scripts too, and the attributes that can hold
// personal data. Cells of a row are apart by a tab. label is the encoding a mail said.
func (w *walk) html(at Origin, buffered *bufio.Reader, label string) error {
	text, exact := decoded(buffered)
	if label != "" {
		text = labelled(buffered, label)
	} else if exact {
		head, _ := buffered.Peek(1024)
		if e, name, certain := charset.DetermineEncoding(head, ""); certain && name != "utf-8" && e != nil {
			text = e.NewDecoder().Reader(buffered)
		}
	}
	out := newWindows(at, false, w.segment)
	out.line = 0
	p := page{out: out, all: at.Kind == XML, ended: true}
	z := html.NewTokenizer(text)
	z.SetMaxBuf(tagSize)
	for p.err == nil {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if p.end(); p.err == nil && errors.Is(z.Err(), html.ErrBufferExceeded) {
				_, p.err = io.Copy(out, io.MultiReader(strings.NewReader(string(z.Raw())), text))
			} else if p.err == nil {
				p.err = z.Err()
			}
			return w.closed(at, out, p.err)
		case html.TextToken, html.CommentToken:
			if p.hidden || kind == html.CommentToken {
				p.beside(z.Text())
			} else {
				p.write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			p.tag(z, kind == html.StartTagToken)
		case html.DoctypeToken:
		}
	}
	return w.closed(at, out, p.err)
}

// page writes what a page shows, and behind each line what its source holds beside that, so that this parts no number.
type page struct {
	out    io.Writer
	err    error
	all    bool   // XML: each tag ends a line, each attribute counts
	hidden bool   // in a script or a style
	ended  bool   // a line has
	aside  []byte // what is not shown
}

func (p *page) write(b []byte) {
	if p.err == nil && len(b) > 0 {
		_, p.err = p.out.Write(b)
		p.ended = b[len(b)-1] == '\n'
	}
}

func (p *page) end() {
	if !p.ended {
		p.write([]byte("\n"))
	}
	p.write(p.aside)
	p.aside = p.aside[:0]
}

func (p *page) beside(b []byte) {
	p.aside = append(append(append(p.aside, ' '), b...), '\n')
	if p.all || len(p.aside) > windowSize {
		p.end()
	}
}

// tag writes what a tag is worth: a line end or a tab, and its attributes.
func (p *page) tag(z *html.Tokenizer, start bool) {
	name, more := z.TagName()
	n := string(name)
	p.hidden = start && (n == "script" || n == "style")
	switch {
	case n == "td", n == "th":
		p.write([]byte("\t"))
	case p.all, sniff.Block(n):
		p.end()
	}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if k := string(key); len(value) > 0 && (p.all && !strings.HasPrefix(k, "xmlns") || spoken[k] || strings.HasPrefix(k, "data-")) {
			p.beside([]byte(strings.TrimPrefix(strings.TrimPrefix(string(value), "mailto:"), "tel:")))
		}
	}
}

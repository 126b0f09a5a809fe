package extract

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// tagSize bounds one tag or text of HTML; what has a longer one is scanned as text from there on.
const tagSize = 1 << 20

// inline are elements that do not end a line.
var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "big": true, "cite": true, "code": true, "data": true, "em": true, "font": true, "i": true, "ins": true, "kbd": true,
	"label": true, "mark": true, "q": true, "s": true, "samp": true, "small": true, "span": true, "strong": true, "sub": true, "sup": true, "time": true, "tt": true, "u": true, "var": true, "wbr": true,
}

// spoken are attributes that hold text for people, or addresses of them.
var spoken = map[string]bool{"href": true, "alt": true, "title": true, "value": true, "content": true, "placeholder": true, "src": true, "action": true}

// html writes the text of HTML and of XML: what stands between the tags, comments and scripts too, and the attributes that can hold
// personal data. Cells of a row are apart by a tab. label is the encoding a mail said.
func (w *walk) html(at Origin, buffered *bufio.Reader, label string) error {
	text, exact := decoded(buffered)
	if label != "" {
		text, _ = labelled(buffered, label)
	} else if exact {
		head, _ := buffered.Peek(1024)
		if e, name, certain := charset.DetermineEncoding(head, ""); certain && name != "utf-8" && e != nil {
			text = e.NewDecoder().Reader(buffered)
		}
	}
	out := newWindows(at, false, w.segment)
	out.line = 0
	z := html.NewTokenizer(text)
	z.SetMaxBuf(tagSize)
	for {
		kind := z.Next()
		var err error
		switch kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), html.ErrBufferExceeded) {
				_, err = io.Copy(out, io.MultiReader(strings.NewReader(string(z.Raw())), text))
				return w.closed(at, out, err)
			}
			return w.closed(at, out, z.Err())
		case html.TextToken, html.CommentToken:
			_, err = out.Write(z.Text())
			if err == nil && kind == html.CommentToken {
				_, err = io.WriteString(out, "\n")
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			err = tag(out, z, at.Kind == XML)
		case html.DoctypeToken:
		}
		if err != nil {
			return w.closed(at, out, err)
		}
	}
}

// tag writes what a tag is worth: a line end or a tab, and its attributes.
func tag(out io.Writer, z *html.Tokenizer, all bool) error {
	name, more := z.TagName()
	var b []byte
	switch n := string(name); {
	case n == "td", n == "th":
		b = append(b, '\t')
	case !inline[n]:
		b = append(b, '\n')
	}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if k := string(key); len(value) > 0 && (all && !strings.HasPrefix(k, "xmlns") || spoken[k] || strings.HasPrefix(k, "data-")) {
			b = append(append(b, ' '), strings.TrimPrefix(strings.TrimPrefix(string(value), "mailto:"), "tel:")...)
			b = append(b, '\n')
		}
	}
	_, err := out.Write(b)
	return err
}

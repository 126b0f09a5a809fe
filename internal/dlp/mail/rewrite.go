package mail

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// rewriter copies the body of a mail, byte by byte, but for the texts that a person reads: those go through with, and are written
// back in their own encoding and letters. What it does not understand it copies; whoever asked looks at the result again.
type rewriter struct {
	in      *bufio.Reader
	out     *bufio.Writer
	with    func(text []byte) []byte
	bounds  []string // of the multiparts around, the outermost first
	changed bool
}

// rewrite copies in to out. changed reports whether a text became another.
func rewrite(fields []field, in io.Reader, out io.Writer, with func([]byte) []byte) (changed bool, err error) {
	r := &rewriter{in: bufio.NewReaderSize(in, 64<<10), out: bufio.NewWriter(out), with: with}
	head := textproto.MIMEHeader{}
	for _, f := range fields {
		head.Add(f.name, strings.ReplaceAll(f.value, "\n", " "))
	}
	if _, err := r.entity(head); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return r.changed, r.out.Flush()
}

// end is where an entity ended: at a boundary of the multipart at this level, and whether it was the last one.
type end struct {
	level int
	last  bool
}

// boundary tells whether a line is one.
func (r *rewriter) boundary(line []byte) (end, bool) {
	if !bytes.HasPrefix(line, []byte("--")) {
		return end{}, false
	}
	text := strings.TrimRight(string(line[2:]), " \t\r\n")
	for level, b := range slices.Backward(r.bounds) {
		if text == b {
			return end{level: level}, true
		}
		if text == b+"--" {
			return end{level: level, last: true}, true
		}
	}
	return end{}, false
}

// line reads up to the end of a line, or a piece of a long one; start says that a line begins with it. The bytes are good until the next.
func (r *rewriter) line(start bool) (line []byte, whole bool, at end, bound bool, err error) {
	line, err = r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return line, false, end{}, false, nil
	}
	if start {
		at, bound = r.boundary(line)
	}
	return line, true, at, bound, err
}

// copy copies up to the next boundary, with it. io.EOF is the end of the mail.
func (r *rewriter) copy() (end, error) {
	for start := true; ; {
		line, whole, at, bound, err := r.line(start)
		if _, e := r.out.Write(line); e != nil {
			return end{}, e
		}
		if err != nil || bound {
			return at, err
		}
		start = whole
	}
}

// head copies the headers of a part and reads them. bound: a boundary came before they ended.
func (r *rewriter) head() (h textproto.MIMEHeader, at end, bound bool, err error) {
	var text []byte
	for start := true; ; {
		line, whole, at, bound, err := r.line(start)
		if _, e := r.out.Write(line); e != nil {
			return nil, at, false, e
		}
		if err != nil || bound {
			return nil, at, bound, err
		}
		if text = append(text, line...); len(text) > maxHead {
			return textproto.MIMEHeader{"Content-Type": {"application/octet-stream"}}, at, false, nil // what follows is copied
		}
		if start && len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		start = whole
	}
	h, e := textproto.NewReader(bufio.NewReader(bytes.NewReader(text))).ReadMIMEHeader()
	if e != nil {
		h = textproto.MIMEHeader{"Content-Type": {"application/octet-stream"}}
	}
	return h, at, false, nil
}

// entity goes through what stands under a head, up to the boundary that ends it.
func (r *rewriter) entity(h textproto.MIMEHeader) (end, error) {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		media = "text/plain"
		if h.Get("Content-Type") != "" {
			media = "application/octet-stream"
		}
	}
	twofold := len(h.Values("Content-Type")) > 1 || len(h.Values("Content-Transfer-Encoding")) > 1
	switch {
	case twofold, media == "multipart/signed", media == "multipart/encrypted": // a change would break the signature
		return r.copy()
	case strings.HasPrefix(media, "multipart/") && params["boundary"] != "" && len(r.bounds) < maxNesting:
		return r.multipart(params["boundary"])
	case media != "text/plain" && media != "text/html", fileName(h, params) != "":
		return r.copy()
	}
	return r.text(h.Get("Content-Transfer-Encoding"), params["charset"])
}

// fileName makes a part an attachment.
func fileName(h textproto.MIMEHeader, params map[string]string) string {
	_, disposition, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	return disposition["filename"] + params["name"]
}

func (r *rewriter) multipart(boundary string) (end, error) {
	mine := len(r.bounds)
	r.bounds = append(r.bounds, boundary)
	at, err := r.copy()
	for err == nil && at.level == mine && !at.last {
		var h textproto.MIMEHeader
		var bound bool
		if h, at, bound, err = r.head(); err == nil && !bound {
			at, err = r.entity(h)
		}
	}
	r.bounds = r.bounds[:mine]
	if err != nil || at.level < mine {
		return at, err
	}
	if mine == 0 {
		_, err = io.Copy(r.out, r.in) // what stands behind the last part
		return end{}, errors.Join(err, io.EOF)
	}
	return r.copy()
}

// text reads a text, has it changed, and writes it back.
func (r *rewriter) text(encoding, label string) (end, error) {
	var body, mark []byte
	for start := true; ; {
		line, whole, at, bound, err := r.line(start)
		if bound {
			mark = slices.Clone(line)
		} else {
			body = append(body, line...)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return at, err
		}
		if bound || err != nil {
			rest := body[len(body):]
			if bound { // the line end before a boundary belongs to it
				n := len(bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r")))
				body, rest = body[:n], body[n:]
			}
			for _, piece := range [][]byte{r.changedText(body, encoding, label), rest, mark} {
				if _, e := r.out.Write(piece); e != nil {
					return at, e
				}
			}
			return at, err
		}
		if len(body) > maxText {
			if _, err := r.out.Write(body); err != nil {
				return at, err
			}
			return r.copyOn(whole)
		}
		start = whole
	}
}

// copyOn is copy in the middle of a text.
func (r *rewriter) copyOn(start bool) (end, error) {
	for !start {
		line, whole, _, _, err := r.line(false)
		if _, e := r.out.Write(line); e != nil || err != nil {
			return end{}, errors.Join(e, err)
		}
		start = whole
	}
	return r.copy()
}

// changedText is a body with its text changed, or the body itself where nothing changes or where it could not be written back as it was.
func (r *rewriter) changedText(body []byte, encoding, label string) []byte {
	raw, ok := opened(body, encoding)
	if !ok {
		return body
	}
	letters, back, ok := readable(raw, label)
	if !ok {
		return body
	}
	next := r.with(letters)
	if bytes.Equal(next, letters) {
		return body
	}
	raw, ok = back(next)
	if !ok {
		return body
	}
	r.changed = true
	next = closed(raw, encoding)
	if strings.EqualFold(strings.TrimSpace(encoding), "base64") { // whose last line end is not part of the text
		next = append(next, body[len(bytes.TrimRight(body, "\r\n")):]...)
	}
	return next
}

// opened takes a transfer encoding off.
func opened(body []byte, encoding string) ([]byte, bool) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "7bit", "8bit", "binary":
		return body, true
	case "quoted-printable":
		raw, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		return raw, err == nil
	case "base64":
		raw, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(body), nil)))
		return raw, err == nil
	}
	return nil, false
}

// closed puts it on again.
func closed(raw []byte, encoding string) []byte {
	var out bytes.Buffer
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		w := quotedprintable.NewWriter(&out)
		_, _ = w.Write(raw) // a buffer takes everything
		_ = w.Close()
	case "base64":
		text := base64.StdEncoding.EncodeToString(raw)
		for len(text) > 76 {
			out.WriteString(text[:76] + "\r\n")
			text = text[76:]
		}
		out.WriteString(text)
	default:
		return raw
	}
	return out.Bytes()
}

// readable is a text in UTF-8, with the way back into its own letters. false where the way back would change it.
func readable(raw []byte, label string) (text []byte, back func([]byte) ([]byte, bool), ok bool) {
	same := func(b []byte) ([]byte, bool) { return b, true }
	if label == "" && utf8.Valid(raw) {
		return raw, same, true
	}
	if label == "" {
		label = "windows-1252"
	}
	e, name := charset.Lookup(label)
	switch {
	case e == nil || name == "replacement":
		return nil, nil, false
	case name == "utf-8":
		return raw, same, true
	}
	text, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		return nil, nil, false
	}
	back = func(b []byte) ([]byte, bool) {
		out, err := e.NewEncoder().Bytes(b)
		return out, err == nil
	}
	again, ok := back(text)
	return text, back, ok && bytes.Equal(again, raw)
}

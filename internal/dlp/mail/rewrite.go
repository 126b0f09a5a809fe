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
	// aside takes what stands between the parts of a mail, where no reader's program shows it; nil when nobody asks.
	aside func(line []byte)
}

func headOf(fields []field) textproto.MIMEHeader {
	head := textproto.MIMEHeader{}
	for _, f := range fields {
		head.Add(f.name, strings.ReplaceAll(f.value, "\n", " "))
	}
	return head
}

// rewrite copies in to out. changed reports whether a text became another.
func rewrite(fields []field, in io.Reader, out io.Writer, with func([]byte) []byte) (changed bool, err error) {
	r := &rewriter{in: bufio.NewReaderSize(in, 64<<10), out: bufio.NewWriter(out), with: with}
	if _, err := r.entity(headOf(fields)); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return r.changed, r.out.Flush()
}

// maxAside is how much may stand between the parts of a mail: the usual sentence is short.
const maxAside = 64 << 10

// between is what stands in a mail where no program shows it and a person can read it all the same: before the first part and behind the
// last, in the headers of parts, and in the midst of base64. false: it is too much for an honest mail.
func between(fields []field, in io.Reader) (text []byte, ok bool, err error) {
	r := &rewriter{in: bufio.NewReaderSize(in, 64<<10), out: bufio.NewWriter(io.Discard)}
	ok = true
	r.aside = func(line []byte) {
		if ok = ok && len(text)+len(line) <= maxAside; ok {
			text = append(text, line...)
		}
	}
	if _, err := r.entity(headOf(fields)); err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	return text, ok, nil
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

// copy copies up to the next boundary, with it. io.EOF is the end of the mail. shown, where given, says of a line that it belongs to what
// a program shows.
func (r *rewriter) copy(shown func(line []byte) bool) (end, error) {
	for start := true; ; {
		line, whole, at, bound, err := r.line(start)
		if _, e := r.out.Write(line); e != nil {
			return end{}, e
		}
		if r.aside != nil && !bound && !shown(line) {
			r.aside(line)
		}
		if err != nil || bound {
			return at, err
		}
		start = whole
	}
}

// What a program shows of the lines that are copied.
func all([]byte) bool  { return true }
func none([]byte) bool { return false }

// sextets are lines of base64, up to the one that ends it.
func sextets() func([]byte) bool {
	ended := false
	return func(line []byte) bool {
		line = bytes.TrimRight(line, "\r\n")
		for _, c := range bytes.TrimRight(line, "=") {
			if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/') {
				return false
			}
		}
		shown := !ended || len(line) == 0
		ended = ended || bytes.HasSuffix(line, []byte("="))
		return shown
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
	if r.aside != nil {
		for _, line := range bytes.SplitAfter(text, []byte("\n")) {
			if name, _, _ := bytes.Cut(line, []byte(":")); !structural(string(name)) {
				r.aside(line)
			}
		}
	}
	h, e := textproto.NewReader(bufio.NewReader(bytes.NewReader(text))).ReadMIMEHeader()
	if e != nil {
		h = textproto.MIMEHeader{"Content-Type": {"application/octet-stream"}}
	}
	return h, at, false, nil
}

// structural headers say how a part is made. Their values are known words, and names that are looked at where they are used.
func structural(name string) bool {
	return slices.ContainsFunc([]string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id", "Content-Language", "Content-Length", "Content-Class", "Mime-Version"},
		func(s string) bool { return strings.EqualFold(s, name) })
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
	sealed := r.aside == nil && (media == "multipart/signed" || media == "multipart/encrypted") // a change would break it
	encoding := strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding")))
	switch {
	case twofold, sealed:
		return r.copy(all)
	case strings.HasPrefix(media, "multipart/") && params["boundary"] != "" && len(r.bounds) < maxNesting:
		return r.multipart(params["boundary"])
	case r.aside != nil && encoding == "base64":
		return r.copy(sextets())
	case r.aside != nil, media != "text/plain" && media != "text/html", fileName(h, params) != "":
		return r.copy(all)
	}
	return r.text(encoding, params["charset"])
}

// fileName makes a part an attachment.
func fileName(h textproto.MIMEHeader, params map[string]string) string {
	_, disposition, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	return disposition["filename"] + params["name"]
}

func (r *rewriter) multipart(boundary string) (end, error) {
	mine := len(r.bounds)
	r.bounds = append(r.bounds, boundary)
	at, err := r.copy(none)
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
	return r.copy(none) // what stands behind the last part
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
	return r.copy(all)
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

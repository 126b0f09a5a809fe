package proxy

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/dlp/icap"
	"github.com/amanah-id/amanah/pii/extract"
)

// The names of the parts that are ours. A file of the request cannot take them: its name stands behind another one.
const (
	addressPart = "amanah/address.txt"
	queryPart   = "amanah/query.txt"
	bodyPart    = "amanah/body"
	filePart    = "file/"
)

// document is a request as it is examined.
type document struct {
	boundary string // of this process, known to nobody
	target   target
	fields   icap.Fields
	query    []pair
	// text is the body when it is small and its values can be replaced; as says how it is written.
	text  []byte
	as    format
	body  io.Reader        // any other body, as it came; nil when there is none
	again func() io.Reader // the same once more, when it was read
}

// readBody looks at how a body is written. What is read of it for that is read again by whoever examines it.
func (d *document) readBody(body io.Reader) error {
	if body == nil {
		return nil
	}
	as, _ := formatOf(d.fields)
	head, err := io.ReadAll(io.LimitReader(body, small+1))
	if err != nil {
		return err
	}
	whole := len(head) <= small
	d.body = bytes.NewReader(head)
	if !whole {
		d.body = io.MultiReader(d.body, body)
		return nil
	}
	if as == opaque || as == multi {
		return nil
	}
	text := head
	if encoding := encodingOf(d.fields); encoding != "" {
		text, err = io.ReadAll(io.LimitReader(unpack(encoding, bytes.NewReader(head)), unpacked+1))
		if err != nil || len(text) > unpacked {
			return nil //nolint:nilerr // it is examined as the file that it is
		}
	}
	if as == form && sound(text) { // as programs do that do not say that they send JSON
		as = jsonText
	}
	if utf8.Valid(text) && !bytes.ContainsRune(text, 0) && (as != form || bytes.Count(text, []byte("&")) < maxFields) && (as != jsonText || sound(text)) {
		d.text, d.as, d.body = text, as, nil
	}
	return nil
}

// encodingOf is how a body is packed; empty when it is not, and a word that nothing unpacks when it is packed twice.
func encodingOf(f icap.Fields) string {
	encoding := strings.ToLower(strings.TrimSpace(f.Get("Content-Encoding")))
	if encoding == "identity" && f.Count("Content-Encoding") == 1 {
		return ""
	}
	if f.Count("Content-Encoding") > 1 {
		return "several"
	}
	return encoding
}

// unpack reads what gzip or deflate packed; of anything else it reads an error.
func unpack(encoding string, r io.Reader) io.Reader {
	switch encoding {
	case "gzip", "x-gzip":
		return &lazy{open: func() (io.Reader, error) { return gzip.NewReader(r) }}
	case "deflate": // with the frame of zlib, as it should be, or without, as some send it
		return &lazy{open: func() (io.Reader, error) {
			in := bufio.NewReader(r)
			if two, _ := in.Peek(2); len(two) == 2 && two[0]&15 == 8 && (int(two[0])<<8|int(two[1]))%31 == 0 {
				return zlib.NewReader(in)
			}
			return flate.NewReader(in), nil
		}}
	}
	return &lazy{open: func() (io.Reader, error) { return nil, errPacked }}
}

var errPacked = errors.New("proxy: an encoding that is not known")

// lazy opens its reader when it is first read.
type lazy struct {
	open func() (io.Reader, error)
	r    io.Reader
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.r == nil {
		var err error
		if l.r, err = l.open(); err != nil {
			return 0, err
		}
	}
	return l.r.Read(p)
}

// replaceable are the parts in which a value can be replaced.
func (d *document) replaceable(o extract.Origin) bool {
	return strings.HasPrefix(o.Entry, queryPart) || d.body == nil && strings.HasPrefix(o.Entry, bodyPart)
}

// pad is more than anybody looks at to tell a mail from other files, so that a file in it is not taken for its beginning.
var pad = strings.Repeat("-", 16<<10)

// write writes the request as one mail. notRead is told what of it nobody can read.
func (d *document) write(w io.Writer, notRead func(extract.Reason)) error {
	out := &parts{w: w, boundary: d.boundary}
	if _, err := io.WriteString(w, "From: amanah\r\nSubject: web\r\nMIME-Version: 1.0\r\nX-Mailer: "+pad+"\r\n"+fieldsOf(d.fields)+"Content-Type: multipart/mixed; boundary="+d.boundary+"\r\n\r\n"); err != nil {
		return err
	}
	if err := out.add(addressPart, strings.NewReader(d.target.host+"\n"+strings.ReplaceAll(decoded(d.target.path), "/", "\n")+"\n")); err != nil {
		return err
	}
	if len(d.query) > 0 {
		if err := out.add(queryPart, strings.NewReader(linesOf(d.query))); err != nil {
			return err
		}
	}
	if err := d.writeBody(out, notRead); err != nil {
		return err
	}
	if err := d.writeFilesIn(out, notRead); err != nil {
		return err
	}
	_, err := io.WriteString(w, "--"+d.boundary+"--\r\n")
	return err
}

// fieldsOf writes the fields of a request as headers that machines write, each with its name as a word before it.
func fieldsOf(list icap.Fields) string {
	var out strings.Builder
	for _, f := range list {
		if !strings.EqualFold(f.Name, reasonName) && !strings.EqualFold(f.Name, "Host") { // which are looked at by themselves
			out.WriteString("X-Web-Field: " + onLine(f.Name) + ": " + onLine(f.Value) + onLine(claims(f.Value)) + "\r\n")
		}
	}
	return out.String()
}

// onLine is a text without what ends a line or begins an encoded word.
func onLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return strings.ReplaceAll(text, "=?", "= ?")
}

// claims are what the JSON web tokens of a value say. Package pii takes one as a whole.
func claims(value string) string {
	var out strings.Builder
	for rest := value; ; {
		i := strings.Index(rest, "eyJ")
		if i < 0 {
			return out.String()
		}
		rest = rest[i:]
		end := 0
		for end < len(rest) && sextet(rest[end]) != 0 {
			end++
		}
		text, _ := base64.RawURLEncoding.DecodeString(rest[:end]) // as far as it goes
		out.WriteString(" " + string(text))
		rest = rest[end:]
	}
}

func (d *document) writeBody(out *parts, notRead func(extract.Reason)) error {
	switch {
	case d.body == nil && d.text == nil:
		return nil
	case d.body == nil && d.as == form:
		return out.add(bodyPart+".txt", strings.NewReader(linesOf(pairs(string(d.text)))))
	case d.body == nil && d.as == jsonText:
		return out.add(bodyPart+".json", bytes.NewReader(d.text))
	case d.body == nil:
		return out.add(bodyPart+".txt", bytes.NewReader(d.text))
	}
	as, boundary := formatOf(d.fields)
	body, encoding := d.body, encodingOf(d.fields)
	name := path.Base(decoded(d.target.path))
	switch {
	case encoding == "":
	case (encoding == "gzip" || encoding == "x-gzip") && as != multi && as != form:
		return out.add(filePart+name+".gz", body) // opened like any archive
	default:
		body = &failing{r: unpack(encoding, body), notRead: func() { notRead(extract.Unsupported) }}
	}
	switch as {
	case multi:
		return d.writeMulti(out, body, boundary, notRead)
	case form:
		return out.add(bodyPart+".txt", unescapingOf(body))
	default:
		return out.add(filePart+name, body)
	}
}

// writeFilesIn writes the files that stand in the query and in a body of text.
func (d *document) writeFilesIn(out *parts, notRead func(extract.Reason)) error {
	var query strings.Builder
	for _, p := range d.query {
		query.WriteString(p.raw + "&")
	}
	if err := d.writeEmbedded(out, &unescaping{r: bufio.NewReader(strings.NewReader(query.String())), plus: true}, notRead); err != nil {
		return err
	}
	as, _ := formatOf(d.fields)
	var text io.Reader = bytes.NewReader(d.text)
	if d.body != nil {
		text = d.again()
		if encoding := encodingOf(d.fields); encoding != "" {
			text = &failing{r: unpack(encoding, text), notRead: func() {}} // as was said when it was read first
		}
	}
	in := bufio.NewReaderSize(filling{text}, 4<<10)
	if head, _ := in.Peek(4 << 10); as == opaque && !isText(head) {
		return nil // a file
	}
	if as == form {
		return d.writeEmbedded(out, &unescaping{r: in, plus: true}, notRead)
	}
	return d.writeEmbedded(out, in, notRead)
}

// isText reports whether a beginning is text in UTF-8.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(head) // cut within a letter
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
		head = head[n:]
	}
	return true
}

// failing makes the end of what cannot be unpacked an end, and says so.
type failing struct {
	r       io.Reader
	notRead func()
	over    bool
}

func (f *failing) Read(p []byte) (int, error) {
	if f.over {
		return 0, io.EOF
	}
	n, err := f.r.Read(p)
	if err != nil {
		f.over = true
		if err != io.EOF { //nolint:errorlint // a wrapped end is no end
			f.notRead()
		}
		return n, io.EOF
	}
	return n, nil
}

// unescaping reads a form that is too large to be changed as somebody would read it.
type unescaping struct {
	r    *bufio.Reader
	plus bool // stays one, as in base64
}

func unescapingOf(r io.Reader) *unescaping { return &unescaping{r: bufio.NewReader(r)} }

func (u *unescaping) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c, err := u.r.ReadByte()
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		switch c {
		case '+':
			if !u.plus {
				c = ' '
			}
		case '&':
			c = '\n'
		case '=':
			c = ':'
		case '%':
			if two, _ := u.r.Peek(2); len(two) == 2 && hex(two[0]) < 16 && hex(two[1]) < 16 {
				c = hex(two[0])<<4 | hex(two[1])
				_, _ = u.r.Discard(2)
			}
		}
		p[n] = c
		n++
	}
	return n, nil
}

func hex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// writeMulti writes the parts of a form with files. What stands before the first part, behind the last, or is not well formed counts
// as not inspected: another reader may read it.
func (d *document) writeMulti(out *parts, body io.Reader, boundary string, notRead func(extract.Reason)) error {
	in := bufio.NewReaderSize(filling{body}, 64<<10)
	if start, _ := in.Peek(2 + len(boundary)); boundary == "" || string(start) != "--"+boundary {
		notRead(extract.Hidden)
		return out.add(filePart+"body", in)
	}
	end := &ending{r: in, last: "--" + boundary + "--"}
	m := multipart.NewReader(end, boundary)
	for {
		p, err := m.NextRawPart()
		if err == io.EOF { //nolint:errorlint // a wrapped end is the end of the reader, the plain one that of the parts
			break
		}
		if err != nil {
			notRead(extract.Damaged)
			return nil
		}
		if err := d.writePart(out, p, notRead); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, end); err != nil {
		return err
	}
	if end.more {
		notRead(extract.Hidden)
	}
	return nil
}

// filling reads until there is no more room. The parser of forms looks at all that it holds each time some more comes; a body that came
// byte by byte would cost it the square of its length.
type filling struct{ r io.Reader }

func (f filling) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = f.r.Read(p[n:])
		n += more
	}
	return n, err
}

// ending reads a form and sees whether anything but blanks stands behind its last line.
type ending struct {
	r    io.Reader
	last string
	line []byte // the beginning of the line under way, no longer than last and one more
	over bool   // the last line was seen
	more bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	for _, c := range p[:n] {
		switch {
		case e.over:
			e.more = e.more || c > ' '
		case c == '\n':
			e.over = string(bytes.TrimRight(e.line, " \t\r")) == e.last
			e.line = e.line[:0]
		case len(e.line) <= len(e.last) || c <= ' ' && len(e.line) < 4096:
			e.line = append(e.line, c)
		}
	}
	return n, err
}

func (d *document) writePart(out *parts, p *multipart.Part, notRead func(extract.Reason)) error {
	switch strings.ToLower(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding"))) {
	case "", "7bit", "8bit", "binary":
	default:
		notRead(extract.Unsupported) // whoever takes the form may decode it or not
	}
	_, given, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		notRead(extract.Damaged)
	}
	body := bufio.NewReaderSize(&failing{r: p, notRead: func() { notRead(extract.Damaged) }}, 4<<10)
	if err := d.writePartHead(out, p, given); err != nil {
		return err
	}
	media, params, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if strings.HasPrefix(media, "multipart/") {
		notRead(extract.Unsupported)
	}
	if name, isFile := given["filename"]; isFile {
		return out.add(filePart+name, body)
	}
	head, _ := body.Peek(4 << 10)
	if media != "" && media != "text/plain" && media != "application/json" || !readable(params) || !isText(head) {
		return out.add(filePart+given["name"], body)
	}
	return out.add("amanah/field.txt", io.MultiReader(strings.NewReader(given["name"]+": "), body))
}

// writePartHead writes what the head of a part says beyond the name of a field: a value can stand in any line of it.
func (d *document) writePartHead(out *parts, p *multipart.Part, given map[string]string) error {
	if len(p.Header) == 1 && len(given) == 1 && given["name"] != "" {
		return nil
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		lines = append(lines, name)
		lines = append(lines, p.Header[name]...)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		lines = append(lines, given[name])
	}
	return out.add("amanah/field.txt", strings.NewReader(strings.Join(lines, "\n")+"\n"))
}

// parts writes parts of a mail.
type parts struct {
	w        io.Writer
	boundary string
}

func (p *parts) add(name string, body io.Reader) error {
	head := "--" + p.boundary + "\r\nContent-Type: application/octet-stream\r\nContent-Disposition: " +
		mime.FormatMediaType("attachment", map[string]string{"filename": strings.ToValidUTF8(name, "?")}) + "\r\n\r\n"
	if _, err := io.WriteString(p.w, head); err != nil {
		return err
	}
	if _, err := io.Copy(p.w, struct{ io.Reader }{body}); err != nil {
		return err
	}
	_, err := io.WriteString(p.w, "\r\n")
	return err
}

package extract

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// headSizeOfMail bounds the headers of a mail or of one of its parts.
const headSizeOfMail = 1 << 20

// traces are headers that machines write for machines; their numbers and addresses are nobody's.
var traces = []string{
	"Received", "Dkim-Signature", "Arc-", "Message-Id", "References", "In-Reply-To", "Authentication-Results", "Content-", "Mime-Version", "Domainkey-Signature", "Date", "Received-Spf",
	"X-Google-", "X-Ms-Exchange-", "X-Microsoft-", "X-Mailer", "User-Agent", "Thread-", "List-",
}

// mail reads a message: its headers, its bodies, and what is attached, each as what it is.
func (w *walk) mail(at Origin, r *bufio.Reader, depth int) error {
	head, err := readHead(r)
	if err != nil {
		return w.plain(at, io.MultiReader(bytes.NewReader(head), r), false, 1, 0)
	}
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(head))).ReadMIMEHeader()
	if err != nil && len(header) == 0 {
		return w.plain(at, io.MultiReader(bytes.NewReader(head), r), false, 1, 0)
	}
	inHead := at
	inHead.Part = "header"
	out := newLines(inHead, w.segment)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if slices.ContainsFunc(traces, func(t string) bool { return strings.HasPrefix(name, t) }) {
			continue
		}
		for _, value := range header[name] {
			text, err := words.DecodeHeader(value)
			if err != nil || strings.Contains(text, "=?") && strings.Contains(text, "?=") { // other programs may know the letters, or be content with less
				if err := w.skip(inHead, Unsupported); err != nil {
					return err
				}
			}
			if err != nil {
				text = value
			}
			if err := out.add(text, Mark{Place: name, Header: name}); err != nil {
				return err
			}
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	return w.mailPart(at, header, r, depth, 0)
}

// readHead reads up to the empty line.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case len(head) > headSizeOfMail:
			return head, errLongRow
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return append(head, "\r\n\r\n"...), nil
		case err != nil:
			return head, err
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			return head, nil
		}
	}
}

var words = mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) {
	r, known := labelled(in, label)
	if !known {
		return nil, Unsupported
	}
	return r, nil
}}

func decodedWords(s string) string {
	if d, err := words.DecodeHeader(s); err == nil {
		return d
	}
	return s
}

// maxNesting bounds multiparts in multiparts, which are no entries of an archive.
const maxNesting = 30

// makeUp reads how a part is made. false: it says so in a way that other programs may read otherwise, who would see what is not seen here.
func makeUp(header textproto.MIMEHeader) (media string, params map[string]string, encoding string, plain bool) {
	all := map[string][]string{}
	for name, values := range header {
		name = textproto.CanonicalMIMEHeaderKey(strings.TrimRight(name, " ")) // many read over a blank before the colon
		for _, v := range values {
			if !slices.Contains(all[name], v) {
				all[name] = append(all[name], v)
			}
		}
	}
	first := func(name string) string { return strings.TrimSpace(append(all[name], "")[0]) }
	kind := first("Content-Type")
	media, params, err := mime.ParseMediaType(kind)
	plain = (err == nil || media != "" || kind == "") && len(all["Content-Type"]) < 2 && len(all["Content-Transfer-Encoding"]) < 2
	if media == "" {
		media = "text/plain"
	}
	encoding = strings.ToLower(first("Content-Transfer-Encoding"))
	plain = plain && slices.Contains([]string{"", "7bit", "8bit", "binary", "base64", "quoted-printable"}, encoding)
	return media, params, encoding, plain && !(strings.HasPrefix(media, "multipart/") && params["boundary"] == "")
}

// mailPart reads a body with its header.
func (w *walk) mailPart(at Origin, header textproto.MIMEHeader, body io.Reader, depth, nested int) error {
	media, params, encoding, plain := makeUp(header)
	if !plain {
		if err := w.skip(at, Damaged); err != nil {
			return err
		}
	}
	if strings.HasPrefix(media, "multipart/") && params["boundary"] != "" {
		if nested >= maxNesting {
			return w.skip(at, TooDeep)
		}
		if media == "multipart/encrypted" {
			if err := w.skip(at, Encrypted); err != nil {
				return err
			}
		}
		return w.multipart(at, multipart.NewReader(body, params["boundary"]), media == "multipart/digest", depth, nested)
	}
	if media == "message/partial" || media == "message/external-body" { // a piece of a mail, and what lies elsewhere
		return w.skip(at, Unsupported)
	}
	if strings.HasSuffix(media, "/pkcs7-mime") || strings.HasSuffix(media, "/x-pkcs7-mime") {
		return w.skip(at, Encrypted)
	}
	switch encoding {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding.WithPadding(base64.NoPadding), &sextets{r: body})
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	_, disposition, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	name := decodedWords(disposition["filename"])
	if name == "" {
		name = decodedWords(params["name"])
	}
	if name == "" && (media == "text/plain" || media == "text/html") {
		at.Part = "body"
		if _, known := labelled(strings.NewReader(""), params["charset"]); !known {
			if err := w.skip(at, Unsupported); err != nil {
				return err
			}
		}
		if media == "text/html" {
			at.Kind = HTML
			return w.html(at, bufio.NewReaderSize(watched{w, body}, 64<<10), params["charset"])
		}
		text, _ := labelled(watched{w, body}, params["charset"])
		return w.plain(at, text, false, 0, 0)
	}
	if name == "" {
		name = strings.ReplaceAll(media, "/", ".")
	}
	entry := inside(at, name)
	if ok, err := w.entered(at, entry, name, depth); !ok || err != nil {
		return err
	}
	in := &counted{r: body}
	content := &expanding{w: w, r: in, in: func() int64 { return in.n }}
	if media == "message/rfc822" || media == "message/global" { // a mail whatever stands in it
		entry.Kind = Mail
		return w.mail(entry, bufio.NewReaderSize(content, 64<<10), depth+1)
	}
	return w.item(entry, name, content, nil, depth+1)
}

// multipart reads parts. Those of a digest are mails where they do not say otherwise.
func (w *walk) multipart(at Origin, m *multipart.Reader, digest bool, depth, nested int) error {
	for {
		p, err := m.NextRawPart()
		if err != nil {
			return w.failed(at, noFault(err))
		}
		if digest && p.Header.Get("Content-Type") == "" {
			p.Header.Set("Content-Type", "message/rfc822")
		}
		if err := w.mailPart(at, p.Header, p, depth, nested+1); err != nil {
			return err
		}
		if w.over != "" {
			return nil
		}
	}
}

// noFault keeps the faults of the reader and makes the end of a message without its last boundary a truncation.
func noFault(err error) error {
	if errors.Is(err, io.EOF) && err != io.EOF { //nolint:errorlint // a wrapped end is the end of the reader, the plain one that of the parts
		return io.ErrUnexpectedEOF
	}
	return err
}

// sextets passes the letters of base64 alone, and ends at padding that ends the data.
type sextets struct{ r io.Reader }

func (s *sextets) Read(p []byte) (int, error) {
	for {
		n, err := s.r.Read(p)
		k := 0
		for _, c := range p[:n] {
			if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
				p[k] = c
				k++
			}
		}
		if k > 0 || err != nil || len(p) == 0 {
			return k, err
		}
	}
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
		one := &message{r: r, first: true}
		if err := w.mail(entry, bufio.NewReaderSize(one, 64<<10), depth+1); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, one); err != nil { // what the message's own boundaries left over
			return w.failed(at, err)
		}
	}
}

// message ends where the next one of a mailbox begins.
type message struct {
	r       *bufio.Reader
	first   bool // the line of the mailbox is still to come
	inside  bool // of a line
	empty   bool // the line before was
	pending []byte
	end     error
}

func (m *message) Read(p []byte) (int, error) {
	for len(m.pending) == 0 {
		if m.end != nil {
			return 0, m.end
		}
		if start, _ := m.r.Peek(5); m.empty && !m.inside && string(start) == "From " {
			m.end = io.EOF
			return 0, m.end
		}
		line, err := m.r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			m.end = err
		}
		m.empty = !m.inside && len(bytes.TrimRight(line, "\r\n")) == 0
		m.inside = errors.Is(err, bufio.ErrBufferFull)
		if m.first {
			m.first = m.inside
			continue
		}
		m.pending = line
	}
	n := copy(p, m.pending)
	m.pending = m.pending[n:]
	return n, nil
}

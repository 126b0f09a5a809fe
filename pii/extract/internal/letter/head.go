package letter

import (
	"bytes"
	"io"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// traces are headers that machines write for machines; their numbers and addresses are nobody's as a rule, and a writer can fill each of them all
// the same. Those that end with a dash begin a name. X-Web- is for a request to the web that is written as a mail.
var traces = []string{
	"Received", "Dkim-Signature", "Arc-", "Message-Id", "References", "In-Reply-To", "Authentication-Results", "Mime-Version", "Domainkey-Signature", "Date", "Received-Spf",
	"X-Google-", "X-Ms-Exchange-", "X-Microsoft-", "Thread-Index", "List-", "X-Web-",
	"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id", "Content-Language", "Content-Length", "Content-Class",
}

func trace(name string) bool {
	return slices.ContainsFunc(traces, func(t string) bool { return t == name || strings.HasSuffix(t, "-") && strings.HasPrefix(name, t) })
}

// maxField is how much of a header is held; a longer one is read in pieces.
const maxField = 1 << 20

// Head is what headers say about the body.
type Head struct {
	Media    string // text/plain where nothing is said
	Charset  string
	Encoding string // for transfer; empty: none
	Name     string // of the file that it is
	Boundary string
	Body     bool // one follows; false: a boundary or the end came before the empty line
	Odd      bool // what the headers say can be read in two ways
	Unread   bool // a word in them is in letters that are not known here, or is not whole
}

// Out takes headers as a person reads them. A line that is no header has no name.
type Out interface {
	Add(name, value string) error
	Trace(name, value string) error  // for those that machines write for machines
	Long(name string) io.WriteCloser // for one that comes in pieces
}

// field is a header that is being read.
type field struct {
	name string // as it is usually written; empty: the line is none
	text []byte
	long io.WriteCloser // where the beginning of a long one went
}

// heads reads headers.
type heads struct {
	out   Out
	odd   bool
	told  map[string]string
	f     field
	whole bool // every word was read
}

// Head reads headers up to the empty line. usual is what the body is where nothing is said.
func (l *Reader) Head(usual string, out Out) (h Head, err error) {
	hs := &heads{out: out, whole: true, told: map[string]string{}}
	body := false
	for {
		piece, start, ok := l.next()
		text := bytes.TrimRight(piece, "\r\n")
		if body = ok && start && len(text) == 0; body || !ok {
			break
		}
		if err := hs.take(text, start); err != nil {
			return h, err
		}
	}
	if err := hs.finish(); err != nil {
		return h, err
	}
	h, hidden, odd := headOf(hs.told, usual)
	for _, text := range hidden {
		if err := out.Add("", hs.shown(text)); err != nil {
			return h, err
		}
	}
	h.Name = hs.shown(h.Name)
	h.Body, h.Odd, h.Unread = body, hs.odd || odd, !hs.whole
	return h, nil
}

// take takes a line without its end, or a piece of one.
func (hs *heads) take(text []byte, start bool) error {
	folded := start && (text[0] == ' ' || text[0] == '\t')
	if folded && len(bytes.TrimSpace(text)) == 0 { // which some take for the empty line
		hs.odd = true
	}
	if start && !folded {
		if err := hs.finish(); err != nil {
			return err
		}
		hs.begin(text)
	} else {
		hs.f.text = append(hs.f.text, text...)
	}
	if len(hs.f.text) < maxField {
		return nil
	}
	cut := bytes.LastIndexByte(hs.f.text, ' ')
	if cut <= 0 || hs.f.name != "" && trace(hs.f.name) {
		cut, hs.odd = len(hs.f.text), true // an encoded word may be cut in two, or what the body is
	}
	if hs.f.long == nil {
		hs.f.long = hs.out.Long(hs.f.name)
	}
	_, err := io.WriteString(hs.f.long, hs.shown(string(hs.f.text[:cut])))
	hs.f.text = append(hs.f.text[:0], hs.f.text[cut:]...)
	return err
}

func withoutControls(s string) string {
	out := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		if c >= ' ' && c != 0x7f || c == '\t' {
			out = append(out, c)
		}
	}
	return string(out)
}

// begin begins a header with its first line.
func (hs *heads) begin(line []byte) {
	name, value, found := bytes.Cut(line, []byte(":"))
	clean := strings.TrimSpace(withoutControls(string(name)))
	digits := 0
	for _, c := range []byte(clean) {
		if c >= '0' && c <= '9' {
			digits++
		}
		found = found && c > ' ' && c < 0x7f
	}
	switch {
	case !found || clean == "":
		hs.odd = true // the body may begin here
		hs.f = field{text: slices.Clone(line)}
	case digits > 5 || len(clean) > 76 || strings.Contains(clean, "@"): // a name that may be data itself
		hs.f = field{text: slices.Clone(line)}
	default:
		hs.f = field{name: textproto.CanonicalMIMEHeaderKey(clean), text: slices.Clone(bytes.TrimLeft(value, " \t"))}
	}
}

// finish hands the header over.
func (hs *heads) finish() error {
	f := hs.f
	hs.f = field{}
	if f.long != nil {
		if _, err := io.WriteString(f.long, hs.shown(string(f.text))); err != nil {
			return err
		}
		return f.long.Close()
	}
	value := string(f.text)
	if slices.Contains([]string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}, f.name) {
		clean := withoutControls(value)
		if was, twice := hs.told[f.name]; !twice {
			hs.told[f.name] = clean
		} else if was != clean { // read by some as the first and by some as the last
			hs.odd = true
		}
	}
	if f.name != "" && trace(f.name) && !hs.odd {
		return hs.out.Trace(f.name, hs.readable(value))
	}
	return hs.out.Add(f.name, hs.shown(value))
}

// readable is shown of a header that machines write: what is no encoded word in it is none.
func (hs *heads) readable(value string) string {
	was := hs.whole
	defer func() { hs.whole = was }()
	return hs.shown(value)
}

// shown is a header as a person reads it.
func (hs *heads) shown(value string) string {
	value = strings.ReplaceAll(value, "\x00", "")
	if !utf8.ValidString(value) {
		if better, _, err := transform.String(Western{}, value); err == nil {
			value = better
		}
	}
	text, whole := Words(value)
	hs.whole = hs.whole && whole
	return text
}

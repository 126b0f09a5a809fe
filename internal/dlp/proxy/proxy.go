// Package proxy judges what staff send to the web, for a proxy that asks by ICAP: uploads, forms, and prompts to language models.
//
// A request is made one document: its head, its address, its query, its fields and its files, each a part of a mail that exists while it is
// read. dlp examines that as it examines any file, so an archive in a form is opened, persons are counted over all parts together,
// and what cannot be read is a finding. A request in which nothing is found goes as it came and leaves nothing behind.
// For any other the rules decide, and what was decided is entered before the proxy is answered:
//
//   - let go and noticed: as it came (204, or the body once more for a proxy that did not keep it);
//   - masked: values in the query, in JSON, in form fields and in plain text are replaced, and the whole is examined again; where a
//     value stands elsewhere, or is still found, the request is stopped;
//   - ask: a page that says so. A program may say why in the field Amanah-Reason, which is never sent on. There is no form that
//     repeats the request: for that its content would have to be kept, and the page would answer for another site;
//   - hold and block: a page with the reason and the number of the incident, or a problem for programs. Nothing of the request is in it.
//
// It promises: no answer before the last byte was looked at; what breaks off on either side leaves no entry, no incident and no
// file; our own failure stops the request (Open says otherwise, counts it and is an alarm). Memory is bounded: a body that is not small is
// kept, until it is answered, in a file without a name, encrypted under a key in memory. It is looked at once all of it is there, so
// that whoever sends slowly keeps nobody waiting. The person's address is not looked at. Responses are let pass unread: what comes in is not what leaves.
//
// Its limits: in the fields of the head (cookies, credentials) only what package trace says counts, and nothing is replaced; WebSocket, QUIC and connections that the proxy does not
// open are not seen; a body in an encoding other than gzip and deflate counts as not inspected; a value split over several
// requests is not found.
//
// UU PDP art. 35, 36 and 39; procedure I4.
package proxy

import (
	_ "embed"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/dlp/icap"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// The limits.
const (
	small     = 256 << 10 // bytes of a body whose values can be replaced; also how much is kept in memory
	unpacked  = 1 << 20   // bytes of such a body once it is unpacked
	maxReason = 2000      // bytes of Amanah-Reason
	patience  = 10 * time.Minute
	// How many are looked at at a time; the others wait.
	smallAtOnce = 32
	largeAtOnce = 4
	maxFields   = 1000 // of a form whose values can be replaced
	reasonName  = "Amanah-Reason"
)

// Refusals.
var (
	errUnreadable = errs.New(errs.Invalid, "proxy.unreadable")
	errTooLarge   = errs.New(errs.Denied, "proxy.too_large")
	errNoMask     = errs.New(errs.Denied, "proxy.not_masked")
	errFailing    = errs.New(errs.Unavailable, "proxy.failing")
	// ErrAccount is an account of the proxy that does not hold.
	ErrAccount = errs.New(errs.Unavailable, "proxy.no_account")
)

//go:embed models.txt
var models string

// Hosts are names of machines, each with all that end in it.
type Hosts []string

// ReadHosts reads a list of names, in whatever letters they are written; # begins a remark.
func ReadHosts(list []string) (out Hosts) {
	for _, one := range list {
		one, _, _ = strings.Cut(one, "#")
		if one = strings.ToLower(strings.TrimSpace(one)); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// Models are the hosts of language models that this version knows.
func Models() Hosts { return ReadHosts(strings.Split(models, "\n")) }

// Find is the name on the list that a host is or ends in.
func (h Hosts) Find(host string) (string, bool) {
	i := slices.IndexFunc(h, func(one string) bool { return host == one || strings.HasSuffix(host, "."+one) })
	if i < 0 {
		return "", false
	}
	return h[i], true
}

// target is where a request goes.
type target struct {
	method  string
	host    string // in small letters, without its port
	path    string // as it is written
	query   string // likewise
	prefix  string // what stands before the query on the first line
	version string
}

// readTarget reads the first line of a request. The host on it counts; a proxy forwards to that.
func readTarget(h *icap.Head) (t target, err error) {
	words := strings.Split(h.First, " ")
	if len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/") {
		return t, errUnreadable
	}
	t.method, t.version = words[0], words[2]
	if t.method == "CONNECT" {
		t.host, t.prefix = hostOf(words[1]), words[1]
		return t, nil
	}
	t.prefix, t.query, _ = strings.Cut(words[1], "?")
	rest := t.prefix
	if _, behind, absolute := strings.Cut(t.prefix, "://"); absolute {
		authority, path, _ := strings.Cut(behind, "/")
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			authority = authority[i+1:]
		}
		t.host, rest = hostOf(authority), "/"+path
	} else {
		if h.Fields.Count("Host") != 1 {
			return t, errUnreadable
		}
		t.host = hostOf(h.Fields.Get("Host"))
	}
	t.path = rest
	return t, nil
}

func hostOf(authority string) string {
	host := strings.ToLower(authority)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// first is the first line with another query.
func (t target) first(query string) string {
	if query == "" {
		return t.method + " " + t.prefix + " " + t.version
	}
	return t.method + " " + t.prefix + "?" + query + " " + t.version
}

// decoded is a part of an address as it is meant. What is not well formed stays as it is written.
func decoded(text string) string {
	if out, err := url.QueryUnescape(text); err == nil {
		return strings.ToValidUTF8(out, "?")
	}
	return text
}

// pair is a field of a form or a query.
type pair struct {
	raw         string // as it is written
	name, value string // as it is meant
}

// pairs reads a query or a form.
func pairs(text string) (out []pair) {
	for raw := range strings.SplitSeq(text, "&") {
		if raw == "" {
			continue
		}
		name, value, _ := strings.Cut(raw, "=")
		out = append(out, pair{raw, decoded(name), decoded(value)})
	}
	return out
}

// linesOf writes pairs as somebody would read them.
func linesOf(list []pair) string {
	var out strings.Builder
	for _, p := range list {
		out.WriteString(p.name + ": " + p.value + "\n")
	}
	return out.String()
}

// format is how a body is written.
type format int

const (
	opaque format = iota // a file
	form
	multi
	jsonText
	plain
)

// formatOf says how a body is written, by what the request says of it, and the boundary of its parts.
func formatOf(f icap.Fields) (as format, boundary string) {
	if f.Count("Content-Type") > 1 {
		return opaque, ""
	}
	media, params, err := mime.ParseMediaType(f.Get("Content-Type"))
	if err != nil {
		return opaque, ""
	}
	switch {
	case strings.HasPrefix(media, "multipart/"):
		return multi, params["boundary"]
	case !readable(params):
		return opaque, ""
	case media == "application/x-www-form-urlencoded":
		return form, ""
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return jsonText, ""
	case media == "text/plain", media == "text/csv", media == "application/graphql", media == "text/markdown":
		return plain, ""
	}
	return opaque, ""
}

// readable reports whether a text says that its letters are those that we read without asking.
func readable(params map[string]string) bool {
	charset := strings.ToLower(params["charset"])
	return charset == "" || charset == "utf-8" || charset == "us-ascii"
}

// language of the person, by what the browser asks for.
func language(f icap.Fields) i18n.Lang {
	for part := range strings.SplitSeq(f.Get("Accept-Language"), ",") {
		switch tag := strings.ToLower(strings.TrimSpace(part)); {
		case strings.HasPrefix(tag, "id"), strings.HasPrefix(tag, "in"):
			return i18n.ID
		case strings.HasPrefix(tag, "en"):
			return i18n.EN
		}
	}
	return i18n.ID
}

// wantsPage reports whether a person in a browser reads the answer.
func wantsPage(f icap.Fields) bool {
	return strings.Contains(f.Get("Accept"), "text/html") && f.Get("X-Requested-With") == "" && !strings.EqualFold(f.Get("Sec-Fetch-Dest"), "empty")
}

// reasonOf is why the request must go, as a program says.
func reasonOf(f icap.Fields) string {
	text := f.Get(reasonName)
	if len(text) > maxReason || !utf8.ValidString(text) {
		return ""
	}
	return text
}

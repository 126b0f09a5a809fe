package message

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Definition is how one provider of SMS or WhatsApp wants to be asked: data, in a file of the
// deployment, not code. Its holes ({to}, {text}, …) are filled in one pass, so that a value
// that looks like a hole is not filled again, and every value stands where the format of the
// body puts it: a string of the JSON document, a value of the form. Nothing of the customer
// can be put into the address or a header, which proxies and providers write down.
type Definition struct {
	Version   int               `yaml:"version"`
	URL       string            `yaml:"url"`
	Method    string            `yaml:"method"` // POST or PUT; "" means POST
	Headers   map[string]string `yaml:"headers"`
	Format    string            `yaml:"format"` // json or form; "" means json
	Body      any               `yaml:"body"`
	Templates map[string]any    `yaml:"templates"` // bodies for one template of ours each, in place of Body
	Timeout   string            `yaml:"timeout"`   // of one request; "" means 10s
	Success   []int             `yaml:"success"`   // statuses that mean taken; none means 200, 201, 202, 204
	Permanent []int             `yaml:"permanent"` // statuses that will not change; none means 400, 404, 410, 422
	Answer    AnswerPaths       `yaml:"answer"`
	Status    *StatusCall       `yaml:"status"`

	url     *url.URL
	timeout time.Duration
}

// AnswerPaths say where the provider's answer holds what. A path is words and numbers with
// dots between: messages.0.id.
type AnswerPaths struct {
	ID        string   `yaml:"id"`        // the provider's name for the message
	State     string   `yaml:"state"`     // for providers that refuse under status 200
	Accepted  []string `yaml:"accepted"`  // what State must be
	Permanent []string `yaml:"permanent"` // what will not change
}

// StatusCall is how the provider reports what became of a message.
type StatusCall struct {
	Signature string   `yaml:"signature"` // header with the HMAC-SHA-256 of the body
	Prefix    string   `yaml:"prefix"`    // before it, such as sha256=
	Encoding  string   `yaml:"encoding"`  // hex or base64; "" means hex
	Timestamp string   `yaml:"timestamp"` // header with the second of signing; then "second.body" is signed
	Items     string   `yaml:"items"`     // path of the reports; * stands for each of a list; "" is the body itself
	ID        string   `yaml:"id"`        // in a report: our id, or the provider's
	State     string   `yaml:"state"`
	Delivered []string `yaml:"delivered"`
	Failed    []string `yaml:"failed"`
}

const (
	maxDefinition  = 64 << 10
	maxAnswer      = 64 << 10
	defaultTimeout = 10 * time.Second
	// StatusWindow is how far the clock of a signed report may be from ours.
	StatusWindow = 5 * time.Minute
)

// Holes that a definition may have: everywhere in the body, and those of headers.
var (
	bodyHoles   = []string{"to", "digits", "text", "id", "lang", "template", "secret"} // and {arg.NAME}
	headerHoles = []string{"id", "lang", "secret", "basic"}
	headerName  = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	pathForm    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.([A-Za-z0-9_-]+|\*))*$`)
)

// What can be wrong with a definition. Each says where; none quotes a value of the file.
var (
	errDefinition = errs.New(errs.Invalid, "message.gateway_file")
	errURL        = errs.New(errs.Invalid, "message.gateway_url")
	errHeaderOf   = errs.New(errs.Invalid, "message.gateway_header")
	errBody       = errs.New(errs.Invalid, "message.gateway_body")
	errHole       = errs.New(errs.Invalid, "message.gateway_hole")
	errNumber     = errs.New(errs.Invalid, "message.gateway_number")
	errPath       = errs.New(errs.Invalid, "message.gateway_path")
)

// LoadDefinition reads a definition strictly: an unknown word, a hole that does not exist or
// may not stand where it stands, an address that is not encrypted are refused.
func LoadDefinition(text []byte) (*Definition, error) {
	d := &Definition{}
	if len(text) > maxDefinition {
		return nil, errDefinition.With("line", 1)
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(d); err != nil {
		return nil, errDefinition.With("line", place(err))
	}
	for _, check := range []func() error{d.checkURL, d.checkHeaders, d.checkBodies, d.checkNumbers, d.checkPaths} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// place is the line where the syntax ends; 1 when the reader does not say.
func place(err error) int {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		if t := syntax.GetToken(); t != nil && t.Position != nil {
			return t.Position.Line
		}
	}
	return 1
}

func (d *Definition) checkURL() error {
	u, err := url.Parse(d.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(d.URL, "{}") ||
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errURL
	}
	d.url = u
	if d.Method = strings.ToUpper(cmp.Or(d.Method, http.MethodPost)); d.Method != http.MethodPost && d.Method != http.MethodPut {
		return errBody.With("where", "method")
	}
	return nil
}

// reserved are headers that the request itself needs.
var reserved = []string{"Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection"}

func (d *Definition) checkHeaders() error {
	for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
		if !headerName.MatchString(name) || slices.Contains(reserved, http.CanonicalHeaderKey(name)) || header(d.Headers[name]) != nil {
			return errHeaderOf.With("where", "headers."+name)
		}
		if hole := wrongHole(d.Headers[name], headerHoles, false); hole != "" {
			return errHole.With("where", "headers."+name).With("hole", hole)
		}
	}
	return nil
}

func (d *Definition) checkBodies() error {
	if d.Format = cmp.Or(d.Format, "json"); d.Format != "json" && d.Format != "form" {
		return errBody.With("where", "format")
	}
	if d.Body == nil && len(d.Templates) == 0 {
		return errBody.With("where", "body")
	}
	if d.Body != nil {
		if err := d.checkBody("body", d.Body); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Templates)) {
		if err := d.checkBody("templates."+name, d.Templates[name]); err != nil {
			return err
		}
	}
	return nil
}

func (d *Definition) checkBody(where string, body any) error {
	form, isForm := body.(map[string]any)
	if d.Format == "form" && !isForm {
		return errBody.With("where", where)
	}
	for _, v := range form {
		if _, text := v.(string); d.Format == "form" && !text {
			return errBody.With("where", where) // 0812 without quotes is a number
		}
	}
	wrong := ""
	fill(body, func(text string) string {
		wrong = cmp.Or(wrong, wrongHole(text, bodyHoles, true))
		return text
	})
	if wrong != "" {
		return errHole.With("where", where).With("hole", wrong)
	}
	return nil
}

func (d *Definition) checkNumbers() error {
	if d.Version != 1 {
		return errNumber.With("where", "version")
	}
	d.timeout = defaultTimeout
	if d.Timeout != "" {
		t, err := time.ParseDuration(d.Timeout)
		if err != nil || t < time.Second || t > SendTimeout {
			return errNumber.With("where", "timeout")
		}
		d.timeout = t
	}
	if len(d.Success) == 0 {
		d.Success = []int{200, 201, 202, 204}
	}
	if len(d.Permanent) == 0 {
		d.Permanent = []int{400, 404, 410, 422}
	}
	for _, status := range d.Success {
		if status < 200 || status > 299 {
			return errNumber.With("where", "success")
		}
	}
	for _, status := range d.Permanent {
		if status < 300 || status > 599 {
			return errNumber.With("where", "permanent")
		}
	}
	return nil
}

func (d *Definition) checkPaths() error {
	fixed := func(path string) bool { return pathForm.MatchString(path) && !strings.Contains(path, "*") }
	a := d.Answer
	switch {
	case a.ID != "" && !fixed(a.ID):
		return errPath.With("where", "answer.id")
	case a.State != "" && !fixed(a.State):
		return errPath.With("where", "answer.state")
	case (a.State == "") != (len(a.Accepted) == 0):
		return errPath.With("where", "answer.accepted")
	}
	s := d.Status
	if s == nil {
		return nil
	}
	s.Encoding = cmp.Or(s.Encoding, "hex")
	switch {
	case !headerName.MatchString(s.Signature): // a report without a signature is not believed
		return errPath.With("where", "status.signature")
	case s.Timestamp != "" && !headerName.MatchString(s.Timestamp):
		return errPath.With("where", "status.timestamp")
	case s.Encoding != "hex" && s.Encoding != "base64":
		return errPath.With("where", "status.encoding")
	case s.Items != "" && !pathForm.MatchString(s.Items):
		return errPath.With("where", "status.items")
	case !fixed(s.ID):
		return errPath.With("where", "status.id")
	case !fixed(s.State):
		return errPath.With("where", "status.state")
	case len(s.Delivered) == 0:
		return errPath.With("where", "status.delivered")
	case len(s.Failed) == 0:
		return errPath.With("where", "status.failed")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// fill makes a copy of a body with every text in it replaced. Names are left alone.
func fill(body any, put func(string) string) any {
	switch v := body.(type) {
	case string:
		return put(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, one := range v {
			out[k] = fill(one, put)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = fill(one, put)
		}
		return out
	}
	return body // numbers, true and false
}

// holes calls put for each {hole} of a text and literal for what stands between; {{ and }}
// are braces. It reports a brace that has no partner.
func holes(text string, literal func(string), put func(hole string) error) error {
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			literal(text)
			return nil
		}
		literal(text[:i])
		brace, rest := text[i], text[i+1:]
		if rest != "" && rest[0] == brace {
			literal(string(brace))
			text = rest[1:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if brace == '}' || end < 0 {
			return errors.New("a brace without its partner; {{ and }} are braces")
		}
		if err := put(rest[:end]); err != nil {
			return err
		}
		text = rest[end+1:]
	}
	return nil
}

// wrongHole is the first hole of a text that does not exist there, or a brace without its
// partner; "" when there is none.
func wrongHole(text string, known []string, args bool) (wrong string) {
	err := holes(text, func(string) {}, func(hole string) error {
		if wrong == "" && !slices.Contains(known, hole) && (!args || !strings.HasPrefix(hole, "arg.") || hole == "arg.") {
			wrong = "{" + hole + "}"
		}
		return nil
	})
	if err != nil {
		wrong = cmp.Or(wrong, "{")
	}
	return wrong
}

// request makes body and headers for one text.
func (d *Definition) request(t Text, secret string) (body []byte, contentType string, headers map[string]string, err error) {
	of := d.Body
	if own, ok := d.Templates[t.Template]; ok {
		of = own
	}
	if of == nil {
		return nil, "", nil, errNotMade
	}
	var unfilled error
	put := func(text string) string {
		var b strings.Builder
		err := holes(text, func(s string) { b.WriteString(s) }, func(hole string) error {
			value, ok := value(hole, t, secret)
			if !ok {
				return errNotMade
			}
			b.WriteString(value)
			return nil
		})
		if err != nil {
			unfilled = err
		}
		return b.String()
	}
	headers = make(map[string]string, len(d.Headers))
	for name, text := range d.Headers {
		if headers[name] = put(text); header(headers[name]) != nil {
			return nil, "", nil, errNotMade // a secret of several lines
		}
	}
	filled := fill(of, put)
	if unfilled != nil {
		return nil, "", nil, unfilled
	}
	if d.Format == "form" {
		form := url.Values{}
		for name, v := range filled.(map[string]any) {
			form.Set(name, v.(string))
		}
		return []byte(form.Encode()), "application/x-www-form-urlencoded", headers, nil
	}
	body, err = json.Marshal(filled)
	return body, "application/json", headers, err
}

// value is what fills a hole. An argument that the template does not have fills nothing.
func value(hole string, t Text, secret string) (string, bool) {
	switch hole {
	case "to":
		return t.To, true
	case "digits":
		return strings.TrimPrefix(t.To, "+"), true
	case "text":
		return t.Body, true
	case "id":
		return t.ID, true
	case "lang":
		return t.Lang, true
	case "template":
		return t.Template, true
	case "secret":
		return secret, true
	case "basic":
		return base64.StdEncoding.EncodeToString([]byte(secret)), true
	}
	name, ok := strings.CutPrefix(hole, "arg.")
	if !ok {
		return "", false
	}
	v, ok := t.Args[name]
	return v, ok
}

// at reads what stands at a path of a JSON document; "" when there is nothing, or no text
// and no number.
func at(doc any, path string) string {
	found := follow(doc, path)
	if len(found) != 1 {
		return ""
	}
	switch v := found[0].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// follow reads everything that stands at a path, where * is each of a list.
func follow(doc any, path string) []any {
	found := []any{doc}
	if path == "" {
		return found
	}
	for word := range strings.SplitSeq(path, ".") {
		var next []any
		for _, one := range found {
			switch v := one.(type) {
			case map[string]any:
				if inner, ok := v[word]; ok {
					next = append(next, inner)
				}
			case []any:
				if word == "*" {
					next = append(next, v...)
				} else if i, err := strconv.Atoi(word); err == nil && i >= 0 && i < len(v) {
					next = append(next, v[i])
				}
			}
		}
		found = next
	}
	return found
}

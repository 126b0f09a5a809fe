package recorder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Vendor is how one vendor's recorder wants to be asked: data, in a file of the deployment. {contact} is what the vendor calls
// the contact, {staff} our id of who serves it, {secret} the setting telephony.recorder_key; each stands where the format puts
// it: a part of the path, a string of the JSON document, a value of the form. What looks like a telephone number is in no address.
type Vendor struct {
	Version int               `yaml:"version"`
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	Pause   VendorRequest     `yaml:"pause"`
	Resume  VendorRequest     `yaml:"resume"`
	Done    []int             `yaml:"done"`    // statuses that acknowledge; none means 200 and 204
	Working []int             `yaml:"working"` // still working: asked again; none means 202 and 425
	Gone    []int             `yaml:"gone"`    // no such call; none means 404 and 410
}

// VendorRequest is one of the two requests.
type VendorRequest struct {
	Method string            `yaml:"method"` // "" means POST
	JSON   map[string]any    `yaml:"json"`
	Form   map[string]string `yaml:"form"`
}

// maxVendor is the largest file, in bytes.
const maxVendor = 16 << 10

var hole = regexp.MustCompile(`\{[^{}]*\}`)

// callID is what may stand in an address: a vendor's own name for a contact, which is no telephone number.
var (
	callID   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{3,127}$`)
	dialable = regexp.MustCompile(`^[0-9.-]{5,20}$`)
)

// ParseVendor reads a file strictly.
func ParseVendor(text []byte) (Vendor, error) {
	v := Vendor{}
	wrong := func(what string) (Vendor, error) {
		return Vendor{}, errs.New(errs.Invalid, "recorder.vendor").With("what", what)
	}
	if len(text) > maxVendor {
		return wrong("size")
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&v); err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return wrong(line[:min(len(line), 100)])
	}
	u, err := url.Parse(hole.ReplaceAllString(v.URL, "x"))
	switch {
	case v.Version != 1:
		return wrong("version")
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" || hole.MatchString(strings.SplitN(v.URL+"///", "/", 4)[2]):
		return wrong("url")
	}
	holes := hole.FindAllString(v.URL, -1)
	for name, value := range v.Headers {
		if strings.ContainsAny(name+value, "\r\n") || name == "" {
			return wrong("headers")
		}
		for _, h := range hole.FindAllString(value, -1) {
			if h != "{secret}" {
				return wrong(h)
			}
		}
	}
	for _, h := range holes {
		if h != "{contact}" && h != "{staff}" {
			return wrong(h)
		}
	}
	for _, r := range []*VendorRequest{&v.Pause, &v.Resume} {
		if r.Method == "" {
			r.Method = http.MethodPost
		}
		if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, r.Method) {
			return wrong("method")
		}
		if r.JSON != nil && r.Form != nil {
			return wrong("json, form")
		}
		if words := fmt.Sprint(v.URL, *r); !strings.Contains(words, "{contact}") && !strings.Contains(words, "{staff}") {
			return wrong("{contact}") // whose recorder would that be
		}
	}
	if fmt.Sprint(v.Pause) == fmt.Sprint(v.Resume) {
		return wrong("pause, resume") // nobody could tell them apart
	}
	for list, usual := range map[*[]int][]int{&v.Done: {http.StatusOK, http.StatusNoContent}, &v.Working: {http.StatusAccepted, http.StatusTooEarly}, &v.Gone: {http.StatusNotFound, http.StatusGone}} {
		if len(*list) == 0 {
			*list = usual
		}
	}
	return v, nil
}

// request is one of the two, filled. It refuses a contact whose name cannot stand where it is to.
func (v Vendor) request(action string, t Target, secret string) (method, address, media string, body []byte, headers map[string]string, err error) {
	r := v.Pause
	if action == ResumeAction {
		r = v.Resume
	}
	inURL := strings.Contains(v.URL, "{contact}")
	if inURL && (!callID.MatchString(t.Contact) || dialable.MatchString(t.Contact)) || t.Contact == "" && strings.Contains(fmt.Sprint(r), "{contact}") {
		return "", "", "", nil, nil, errNoLeg
	}
	values := strings.NewReplacer("{contact}", t.Contact, "{staff}", t.Staff)
	address = strings.NewReplacer("{contact}", url.PathEscape(t.Contact), "{staff}", url.PathEscape(t.Staff)).Replace(v.URL)
	switch {
	case r.Form != nil:
		form := url.Values{}
		for name, value := range r.Form {
			form.Set(name, values.Replace(value))
		}
		media, body = "application/x-www-form-urlencoded", []byte(form.Encode())
	case r.JSON != nil:
		media = "application/json"
		if body, err = json.Marshal(filled(r.JSON, values)); err != nil {
			return "", "", "", nil, nil, errUnasked
		}
	}
	headers = map[string]string{}
	for name, value := range v.Headers {
		headers[name] = strings.ReplaceAll(value, "{secret}", secret)
	}
	return r.Method, address, media, body, headers, nil
}

// filled is a document with its holes filled once.
func filled(v any, values *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return values.Replace(v)
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			out[name] = filled(one, values)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = filled(one, values)
		}
		return out
	}
	return v
}

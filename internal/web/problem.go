package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/web/read"
)

// statuses is the one map from the kind of a failure to the status of its answer.
var statuses = map[errs.Kind]int{
	errs.Invalid:         http.StatusUnprocessableEntity,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Denied:          http.StatusForbidden,
	errs.NotFound:        http.StatusNotFound,
	errs.Conflict:        http.StatusConflict,
	errs.TooMany:         http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
	errs.Internal:        http.StatusInternalServerError,
}

// Codes of the front desk itself whose status HTTP names more exactly than their kind.
var exact = map[string]int{
	"web.malformed":    http.StatusBadRequest,
	"web.broken_off":   http.StatusBadRequest,
	"web.method":       http.StatusMethodNotAllowed,
	"web.too_large":    http.StatusRequestEntityTooLarge,
	"web.address_long": http.StatusRequestURITooLong,
	"web.media_type":   http.StatusUnsupportedMediaType,
	"web.slow":         http.StatusRequestTimeout,
}

// Status is the HTTP status that answers err.
func Status(err error) int {
	e := errs.Of(err)
	if e == nil {
		return http.StatusOK
	}
	if status, ok := exact[e.Code]; ok {
		return status
	}
	if status, ok := statuses[e.Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Fault is one thing wrong with a request.
type Fault = read.Fault

// FieldError makes the error for one wrong field of a form or operation: kind invalid,
// code web.invalid, with the field's name and a reason word. A room uses it for rules that
// no tag can say.
func FieldError(field, reason string) error {
	return read.Invalid(Fault{Location: field, Reason: reason})
}

// Problem is the body of every error of the API (RFC 9457), with the texts in both
// languages so that an integration can show them to either reader.
type Problem struct {
	Type   string            `json:"type" example:"/problems/web.invalid" doc:"Address of a page about this code; ends in the code"`
	Title  string            `json:"title" doc:"What happened, in the language of the request"`
	Status int               `json:"status" example:"422"`
	Code   string            `json:"code" example:"web.invalid" doc:"One word per problem, the same in the audit trail"`
	Trace  string            `json:"trace_id" doc:"Names this request in the server's log"`
	Titles map[string]string `json:"titles" doc:"What happened, by language (id, en)"`
	Next   map[string]string `json:"next" doc:"What to do now, by language (id, en)"`
	Say    map[string]string `json:"say,omitempty" doc:"The sentence to say to the customer, by language (id, en)"`
	Errors []Fault           `json:"errors,omitempty" doc:"What is wrong with the request, never with a value"`
}

// Reason is why a part of a request was refused, for an answer that gives the rest: what a Problem says of the whole.
type Reason struct {
	Code   string            `json:"code" example:"gate.level_too_low" doc:"One word per reason, the same in the audit trail"`
	Title  string            `json:"title" doc:"What happened, in the language of the request"`
	Titles map[string]string `json:"titles" doc:"What happened, by language (id, en)"`
	Next   map[string]string `json:"next" doc:"What would allow it, by language (id, en)"`
	Say    map[string]string `json:"say,omitempty" doc:"The sentence to say to the customer, by language (id, en)"`
}

// Reason says a refusal in words.
func (c Call) Reason(err error) Reason {
	p := c.server.problem(err, c.Lang, c.Trace)
	return Reason{p.Code, p.Title, p.Titles, p.Next, p.Say}
}

// problemError is a Problem on its way through huma, which takes errors only. It is written
// as the Problem alone.
type problemError struct {
	*Problem

	retry string // Retry-After, in seconds
}

// Error is the code alone.
func (p *problemError) Error() string { return p.Code }

// GetStatus tells huma the status.
func (p *problemError) GetStatus() int { return p.Status }

// ContentType tells huma the media type.
func (p *problemError) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells huma the headers.
func (p *problemError) GetHeaders() http.Header {
	h := http.Header{}
	if p.retry != "" {
		h.Set("Retry-After", p.retry)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="amanah"`)
	}
	return h
}

func (s *Server) problem(err error, l i18n.Lang, trace string) *problemError {
	e := errs.Of(err)
	p := &Problem{
		Type: "/problems/" + e.Code, Status: Status(e), Code: e.Code, Trace: trace,
		Titles: map[string]string{}, Next: map[string]string{}, Errors: read.Faults(e),
	}
	for _, lang := range i18n.Langs() {
		w := s.words(e, s.printers[lang], s.printers[lang])
		p.Titles[string(lang)], p.Next[string(lang)] = w.Title, w.Next
		if w.Say != "" {
			if p.Say == nil {
				p.Say = map[string]string{}
			}
			p.Say[string(lang)] = w.Say
		}
	}
	p.Title = p.Titles[string(l)]
	return &problemError{Problem: p, retry: retryAfter(e)}
}

func retryAfter(e *errs.E) string {
	switch v := e.Args["retry_after"].(type) {
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.Itoa(int(v) + 1)
	}
	if e.Kind == errs.TooMany || e.Kind == errs.Unavailable {
		return "1"
	}
	return ""
}

// words are what a person reads about an error, and says in the language of said. A code without texts, which a test of
// its room would have caught, is spoken of by its kind.
type words struct{ Title, Next, Say string }

func (s *Server) words(e *errs.E, p, said *i18n.Printer) words {
	key := e.Code
	if !p.Has(key) {
		key = "web.kind_" + string(e.Kind)
		if !p.Has(key) {
			key = "web.kind_internal"
		}
	}
	w := words{Title: p.Args(key, e.Args), Next: p.Args(key+".next", e.Args)}
	if said.Has(e.Code + ".say") {
		w.Say = said.Args(e.Code+".say", e.Args)
	}
	return w
}

// Refusal makes the notice for a refusal that stands inside a page: what happened, what to
// do next, and the sentence to say.
func (r *Request) Refusal(err error) Notice {
	w := r.router.server.words(errs.Of(err), r.printer, r.printer)
	return Notice{Tone: Warn, Title: w.Title, Text: w.Next, Say: w.Say}
}

// Faults are what is wrong with the fields of a form, in words by their names; empty for an
// error of another sort.
func (r *Request) Faults(err error) map[string]string {
	out := map[string]string{}
	for _, f := range read.Faults(errs.Of(err)) {
		if field, ok := strings.CutPrefix(f.Location, "form."); ok && field != "?" {
			out[field] = faultText(r.printer, f)
		}
	}
	return out
}

// faultText is a fault as the reader of a form wants it: the label's name is in the page,
// so the reason is enough.
func faultText(p *i18n.Printer, f Fault) string {
	if key := "web.fault_" + f.Reason; p.Has(key) {
		return p.T(key)
	}
	return p.T("web.fault_invalid")
}

// ErrorPage is what a console user sees when a request failed.
type ErrorPage struct {
	Code   string
	Title  string
	Next   string
	Say    string
	In     i18n.Lang // of Say
	Trace  string
	Back   string // where to go from here
	Faults []FaultRow
}

// FaultRow is one wrong field on an ErrorPage.
type FaultRow struct{ Field, Text string }

// fail answers a request with an error: as a problem, a fragment or a page.
func (s *Server) fail(st *state, w http.ResponseWriter, r *http.Request, err error) {
	e := errs.Of(err)
	st.err = e
	status := Status(e)
	printer := s.printers[st.lang]
	req := s.own.request(st, w, r)
	if retry := retryAfter(e); retry != "" {
		w.Header().Set("Retry-After", retry)
	}
	if st.route != nil && st.route.fails != nil {
		st.route.fails(req, status, e)
		return
	}
	if status == http.StatusUnauthorized && (e.Code == "web.second_factor" && s.hold(req) || s.toSignIn(st, w, r, e)) {
		return
	}
	if wantsJSON(r) {
		req.Problem(status, e)
		return
	}
	in := cmp.Or(st.spoken, st.lang)
	words := s.words(e, printer, s.printers[in])
	page := ErrorPage{Code: e.Code, Title: words.Title, Next: words.Next, Say: words.Say, In: in, Trace: st.trace, Back: cmp.Or(s.options.Home[st.visitor.Actor.Role()], "/")}
	for _, f := range read.Faults(e) {
		_, field, _ := strings.Cut(f.Location, ".")
		page.Faults = append(page.Faults, FaultRow{Field: cmp.Or(field, f.Location), Text: faultText(printer, f)})
	}
	var failed error
	if req.Partial() {
		failed = s.fragment(req, status, "problem", page)
	} else {
		failed = s.render(req, status, page)
	}
	if failed != nil { // the error page itself is broken: say so in the plainest way
		st.err = errs.Wrap(errs.Internal, "web.render", failed)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintln(w, words.Title, st.trace)
	}
}

// Problem answers an error as the API does: also what a Foreign route fails with whose callers are machines of no other standard.
func (r *Request) Problem(status int, e *errs.E) {
	p, h := r.router.server.problem(e, r.Lang, r.Trace), r.Writer.Header()
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	h.Set("Content-Type", "application/problem+json")
	r.Writer.WriteHeader(status)
	_ = json.NewEncoder(r.Writer).Encode(p) // the client is gone; there is nobody to tell
}

// toSignIn sends a browser that asked for a page to the page where it can become somebody,
// or show its second factor again. Only a path travels, and only that of a page that can be
// asked for again.
func (s *Server) toSignIn(st *state, w http.ResponseWriter, r *http.Request, e *errs.E) bool {
	to := s.options.SignIn
	if e.Code == "web.second_factor" {
		to = s.options.Fresh
	}
	if to == "" || wantsJSON(r) || r.Header.Get("Amanah-Fragment") != "" || r.URL.Path == to || e.Code != "web.session" && e.Code != "web.second_factor" {
		return false
	}
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.Path != "/" && st.route != nil && ours(st.route.Pattern, r.URL.Path) {
		to += "?next=" + url.QueryEscape(r.URL.Path)
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return true
}

// idForm is the form of an id of ours (kit/id).
var idForm = regexp.MustCompile(`^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$`)

// ours reports whether a path is made of the pattern's own words and ids of ours. Any other part is somebody's text, and
// must not be carried on in an address.
func ours(pattern, path string) bool {
	_, pattern, _ = strings.Cut(pattern, " ")
	return slices.EqualFunc(strings.Split(pattern, "/"), strings.Split(path, "/"), func(word, part string) bool {
		return word == part || strings.HasPrefix(word, "{") && idForm.MatchString(part)
	})
}

// wantsJSON reports whether an error should be a problem: everything under /api, and
// whoever asks for JSON and not for HTML.
func wantsJSON(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/api" {
		return true
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

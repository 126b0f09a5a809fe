package web

import (
	"context"
	"mime"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web/read"
)

// Request is one request to a page, with everything the front desk found out about it.
type Request struct {
	HTTP   *http.Request
	Writer http.ResponseWriter
	Actor  actor.Actor // nobody on public and customer routes without a session
	Lang   i18n.Lang
	Trace  string // "trc_…", in the answer's Amanah-Trace header and in the log

	router  *Router
	visitor Visitor
	printer *i18n.Printer
	state   *state
	role    actor.Role // whose console it is; "" outside of it
}

// Context is for cancellation only.
func (r *Request) Context() context.Context { return r.HTTP.Context() }

// Path is a named part of the route's pattern.
func (r *Request) Path(name string) string { return r.HTTP.PathValue(name) }

// T is the text of key in the language of the request.
func (r *Request) T(key string, pairs ...any) string { return r.printer.T(key, pairs...) }

// Printer writes dates and numbers in the language of the request.
func (r *Request) Printer() *i18n.Printer { return r.printer }

// Partial reports whether the script asks for a fragment in place of a page.
func (r *Request) Partial() bool { return r.HTTP.Header.Get("Amanah-Fragment") != "" }

// StepUp is where the second factor is shown again and whence the reader comes back to this
// page; "" while it is fresh. A page whose forms post to Fresh routes offers it in their
// place: who comes with an old one had better show it before typing. If it grows old
// meanwhile, what was typed is held (see StepUp).
func (r *Request) StepUp() string {
	s := r.router.server
	if fresh(r.Actor, s.options.Clock()) {
		return ""
	}
	return s.options.Fresh + "?next=" + url.QueryEscape(r.HTTP.URL.Path)
}

// Speaks names the language that the customer is spoken to in, where that is another than the reader's: what an error
// page gives to say is in it.
func (r *Request) Speaks(l i18n.Lang) { r.state.spoken = l }

// Address is the client's network address, honouring the trusted proxies of the configuration.
func (r *Request) Address() netip.Addr { return r.router.server.address(r.HTTP) }

// Secure reports whether the client speaks TLS, to us or to a trusted proxy. Cookies of a
// session take their Secure attribute and __Host- name from it.
func (r *Request) Secure() bool { return r.router.server.secure(r.HTTP) }

// Decode fills form, a pointer to a struct with form tags, from the query of a GET and the
// body of a POST. See form.go for the tags. The error lists fields, never values.
func (r *Request) Decode(form any) error { return r.router.server.decode(r, form) }

// Render writes the page whose type names its view, with status 200.
func (r *Request) Render(page any) error { return r.RenderStatus(http.StatusOK, page) }

// RenderStatus writes a page with another status.
func (r *Request) RenderStatus(status int, page any) error {
	return r.router.server.render(r, status, page)
}

// Fragment writes one template of the room, without a layout.
func (r *Request) Fragment(name string, data any) error {
	return r.router.server.fragment(r, http.StatusOK, name, data)
}

// Redirect sends the browser to a path of this server with 303 See Other. A path that is
// not local is refused.
func (r *Request) Redirect(to string) error { return r.router.server.redirect(r, to) }

// Flash shows the text of key once, on the next page. Only the key travels, in a cookie.
func (r *Request) Flash(key string) { r.router.server.setFlash(r, key) }

// Events opens a stream of server-sent events. The handler then runs until the client
// goes, and returns what Run returns.
func (r *Request) Events() (*Stream, error) { return newStream(r) }

func (s *Server) decode(r *Request, form any) error {
	raw := r.HTTP.URL.RawQuery
	if r.HTTP.Method != http.MethodGet && r.HTTP.Method != http.MethodHead {
		if raw != "" && raw != "lang="+string(r.Lang) {
			return read.Invalid(Fault{Location: "query", Reason: "unknown"})
		}
		if ct, _, err := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type")); r.HTTP.ContentLength != 0 && (err != nil || ct != "application/x-www-form-urlencoded") {
			return errs.New(errs.Invalid, "web.media_type")
		}
		body, err := read.All(r.HTTP)
		if err != nil {
			return err
		}
		raw, r.state.body = string(body), body
	}
	return read.Form(raw, form)
}

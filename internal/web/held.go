package web

import (
	"mime"
	"net/http"

	"github.com/amanah-id/amanah/internal/web/held"
	"github.com/amanah-id/amanah/internal/web/read"
)

// StepUp has the room of sign-in answer a form that came with a second factor too old. show writes the page that asks
// for the factor, with held in a hidden field; its post hands held to Resume.
func (rt *Router) StepUp(show func(r *Request, held string) error) {
	rt.server.stepUp = func(r *Request, word string) error {
		there := *r
		there.router = rt
		return show(&there, word)
	}
}

// hold reports whether it has answered a form that waits for the second factor.
func (s *Server) hold(r *Request) bool {
	media, _, _ := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type"))
	if s.stepUp == nil || s.options.Sealer == nil || r.HTTP.Method != http.MethodPost || r.Partial() || wantsJSON(r.HTTP) || r.HTTP.ContentLength != 0 && media != "application/x-www-form-urlencoded" {
		return false
	}
	if r.state.body == nil { // refused before the room read it
		r.HTTP.Body = http.MaxBytesReader(r.Writer, r.HTTP.Body, maxForm)
		var err error
		if r.state.body, err = read.All(r.HTTP); err != nil {
			return false
		}
	}
	word, err := held.Seal(s.options.Sealer, r.Actor.Session(), held.Form{Path: r.HTTP.URL.Path, Body: r.state.body}, s.options.Clock())
	return err == nil && s.stepUp(r, word) == nil
}

// Resume goes on with a held form once the factor was shown; session is the cookie that the session has now.
func (r *Request) Resume(word string, session *http.Cookie) error {
	s := r.router.server
	form, err := held.Open(s.options.Sealer, r.Actor.Session(), word, s.options.Clock())
	if err != nil {
		return err
	}
	r.state.body = nil
	s.mux.ServeHTTP(r.Writer, form.Request(r.HTTP, session))
	return nil
}

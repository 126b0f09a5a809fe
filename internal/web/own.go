package web

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web/asset"
)

//go:embed messages/*.json
var ownMessages embed.FS

//go:embed static/*
var ownStatics embed.FS

// ownWords are the first words besides its own for which the front desk speaks: app.internal
// is what errs.Of makes of a foreign error.
var ownWords = []string{"app"}

func ownModule() Module {
	return Module{Name: "web", Messages: ownMessages, Views: ownViews, Static: ownStatics, Fixtures: ownFixtures}
}

const (
	langCookie  = "amanah_lang"
	themeCookie = "amanah_theme"
	flashCookie = "amanah_flash"
)

func (s *Server) ownRoutes(rt *Router) {
	public := Access{Public: true}
	s.healthRoutes(rt)
	s.register(&route{Route: Route{Room: "web", Method: http.MethodGet, Pattern: "GET /static/{file...}", Access: public}, router: rt, bare: true}, s.serveStatic)
	s.register(&route{Route: Route{Room: "web", Method: http.MethodGet, Pattern: "GET /api/openapi.json", Access: public}, router: rt, bare: true},
		func(_ *state, w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Type", "application/openapi+json;version=3.1")
			_, _ = w.Write(s.document) // the client is gone; there is nobody to tell
			return nil
		})
	// Everything no route takes. It names no path and says with 405 which methods would do.
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		st := stateOf(r.Context())
		if err := s.stranger(r); err != nil {
			s.fail(st, w, r, err)
			return
		}
		if allowed := s.allowed(r); len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			s.fail(st, w, r, errs.New(errs.Invalid, "web.method"))
			return
		}
		s.fail(st, w, r, errs.New(errs.NotFound, "web.not_found"))
	})
	rt.Page("GET /{$}", public, func(r *Request) error {
		if to, ok := s.options.Home[r.Actor.Role()]; ok && r.Actor.IsStaff() {
			return r.Redirect(to)
		}
		if r.Actor.Kind() == actor.Nobody && s.options.SignIn != "" {
			return r.Redirect(s.options.SignIn)
		}
		return r.Render(WelcomePage{})
	})
	rt.Page("POST /preferences", public, func(r *Request) error {
		var form struct {
			Lang  string `form:"lang" choice:"id en"`
			Theme string `form:"theme" choice:"auto light dark"`
			Back  string `form:"back" max:"300"`
		}
		if err := r.Decode(&form); err != nil {
			return err
		}
		if form.Lang != "" {
			s.remember(r, langCookie, form.Lang)
		}
		if form.Theme != "" {
			s.remember(r, themeCookie, form.Theme)
		}
		if !local(form.Back) {
			form.Back = "/"
		}
		return r.Redirect(form.Back)
	})
	rt.Page("GET /problems/{code}", public, func(r *Request) error {
		code := r.Path("code")
		if !r.printer.Has(code) || !r.printer.Has(code+".next") {
			return errs.New(errs.NotFound, "web.not_found")
		}
		page := ProblemPage{Code: code, Title: r.printer.Bare(code), Next: r.printer.Bare(code + ".next")}
		if r.printer.Has(code + ".say") {
			page.Say = r.printer.Bare(code + ".say")
		}
		return r.Render(page)
	})
}

// WelcomePage stands at "/" when there is nowhere to send the visitor.
type WelcomePage struct{}

// ProblemPage explains the code of a problem: the page its type leads to.
type ProblemPage struct{ Code, Title, Next, Say string }

// allowed lists the methods that some route takes at this path.
func (s *Server) allowed(r *http.Request) []string {
	var out []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "" && pattern != "/" {
			out = append(out, method)
		}
	}
	return out
}

// language chooses the language of a request; asking for one in the query is remembered.
func (s *Server) language(w http.ResponseWriter, r *http.Request) i18n.Lang {
	asked := ""
	if strings.Contains(r.URL.RawQuery, "lang=") {
		asked = r.URL.Query().Get("lang")
	}
	kept := ""
	if c, err := r.Cookie(langCookie); err == nil {
		kept = c.Value
	}
	l := i18n.Choose(asked, kept, r.Header.Get("Accept-Language"))
	if asked == string(l) && kept != asked && !wantsJSON(r) {
		http.SetCookie(w, s.cookie(r, langCookie, string(l), 365*24*time.Hour))
	}
	return l
}

func (s *Server) cookie(r *http.Request, name, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode}
}

func (s *Server) remember(r *Request, name, value string) {
	http.SetCookie(r.Writer, s.cookie(r.HTTP, name, value, 365*24*time.Hour))
}

func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return "auto"
}

func (s *Server) setFlash(r *Request, key string) {
	http.SetCookie(r.Writer, s.cookie(r.HTTP, flashCookie, key, time.Minute))
}

// takeFlash reads the message key of the last page's outcome, once. A cookie that names no
// key of ours shows nothing: a stranger who can set cookies can at most choose among our
// own sentences.
func (s *Server) takeFlash(r *Request, status int) string {
	c, err := r.HTTP.Cookie(flashCookie)
	if err != nil || status >= 400 {
		return ""
	}
	http.SetCookie(r.Writer, s.cookie(r.HTTP, flashCookie, "", -time.Second))
	if !r.printer.Has(c.Value) {
		return ""
	}
	return r.T(c.Value)
}

// loadAssets reads every room's static files, keyed room/file.
func loadAssets(modules []Module) (map[string]*asset.File, error) {
	out := map[string]*asset.File{}
	for _, m := range modules {
		if m.Static == nil {
			continue
		}
		files, err := asset.Load(m.Name, m.Static)
		if err != nil {
			return nil, err
		}
		for name, f := range files {
			out[m.Name+"/"+name] = f
		}
	}
	return out, nil
}

func (s *Server) serveStatic(_ *state, w http.ResponseWriter, r *http.Request) error {
	for _, f := range s.statics {
		if f.URL == r.URL.Path {
			f.ServeHTTP(w, r)
			return nil
		}
	}
	return errs.New(errs.NotFound, "web.not_found")
}

// ownFixtures fill the front desk's own pages.
func ownFixtures(p *i18n.Printer) []Fixture {
	hostile := `"><script>alert(1)</script>{{.}}`
	return []Fixture{
		{Name: "empty", Page: WelcomePage{}},
		{Name: "ordinary", Page: ErrorPage{Code: "web.denied", Title: p.T("web.denied"), Next: p.T("web.denied.next"), Trace: "trc_01k9xq3v7me8t0000z9w2h4r6n", Back: "/"}, Role: actor.Agent},
		{Name: "faults", Page: ErrorPage{Code: "web.invalid", Title: p.T("web.invalid"), Next: p.T("web.invalid.next"), Say: p.T("web.denied"), Trace: "trc_01k9xq3v7me8t0000z9w2h4r6n", Back: "/",
			Faults: []FaultRow{{"reason", p.T("web.fault_required")}, {"since", p.T("web.fault_format")}}}, Role: actor.Agent},
		{Name: "hostile", Page: ErrorPage{Code: hostile, Title: hostile, Next: hostile, Say: hostile, Trace: hostile, Back: "javascript:alert(1)", Faults: []FaultRow{{hostile, hostile}}}, Role: actor.Agent, Hostile: []string{hostile}},
		{Name: "ordinary", Page: GalleryPage{Rooms: []GalleryRoom{{Name: "desk", Items: []GalleryItem{{View: "call", Name: "ordinary", Bytes: 12345, Links: []Link{{To: "/page?room=desk", Label: "id"}}}}}}}},
		{Name: "hostile", Page: GalleryPage{Rooms: []GalleryRoom{{Name: "desk", Items: []GalleryItem{{View: hostile, Name: hostile}}}}}, Hostile: []string{hostile}},
		{Name: "ordinary", Page: ProblemPage{Code: "web.denied", Title: p.T("web.denied"), Next: p.T("web.denied.next")}},
		{Name: "hostile", Page: ProblemPage{Code: hostile, Title: hostile, Next: hostile, Say: hostile}, Hostile: []string{hostile}},
	}
}

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web/asset"
	"github.com/amanah-id/amanah/internal/web/idempotency"
	"github.com/amanah-id/amanah/internal/web/limit"
	"github.com/amanah-id/amanah/internal/web/measure"
	"github.com/amanah-id/amanah/internal/web/read"
	"github.com/amanah-id/amanah/internal/web/scrub"
)

// Options is what app gives the front desk. Lookup, Clock and Log are needed; MAC is
// needed by cursors and idempotency, DB and Sealer by operations marked Idempotent.
type Options struct {
	Modules []Module
	Lookup  Lookup
	Clock   func() time.Time
	Log     *slog.Logger
	Zone    *time.Location // of every time on a page; nil is WIB

	DB     *db.DB
	MAC    func(name string, value []byte) []byte // keyring.MAC
	Sealer Sealer

	// Home is where "/" leads by role; SignIn and Fresh are the pages of identity that a
	// page without a session, or without a fresh second factor, sends the browser to
	// (with ?next=/path). SignOut is the POST behind the button in the head of the page.
	Home    map[actor.Role]string
	SignIn  string
	Fresh   string
	SignOut string
	// Return is the page to which a provider of identities sends browsers back, with long answers.
	Return string

	Servers []string // base addresses for the OpenAPI document; empty leaves them out
	Banner  string   // message key of a line above every page, such as "this is a demo"

	// TLS says that the server itself speaks TLS: HSTS is sent and cookies are Secure.
	TLS bool
	// Proxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are believed;
	// empty believes nobody.
	Proxies []netip.Prefix
	// Origins are further origins whose posts are accepted (CrossOriginProtection).
	Origins []string

	ActorLimit   Limits // zero: 20 a second, 60 at once
	AddressLimit Limits // of requests that nobody known sends; zero: 50 a second, 200 at once

	Checks      []Check        // of /readyz
	MetricsFrom []netip.Prefix // who may read /metrics besides this machine
	Registry    *prometheus.Registry
}

// Request limits. A page's form is small; an operation names its own.
const (
	maxForm    = 64 << 10
	maxURL     = 2 << 10
	maxReturn  = 8 << 10
	maxHeaders = 16 << 10
)

// Server is the front desk, made once at start.
type Server struct {
	options  Options
	texts    *i18n.Catalogue
	printers map[i18n.Lang]*i18n.Printer
	mux      *http.ServeMux
	routes   []*route
	api      huma.API
	document []byte
	known    map[string]bool // every name the API's description uses
	pending  *route          // being registered through huma
	own      *Router         // of the front desk's own pages
	views    *views
	statics  map[string]*asset.File
	nav      []NavItem
	rooms    []Module
	cross    *http.CrossOriginProtection
	answers  *idempotency.Keeper
	actors   *limit.Limiter
	anybody  *limit.Limiter
	metrics  *measure.Requests
	stepUp   func(r *Request, held string) error // nil when no room shows the factor again
}

// Router registers the routes of one room.
type Router struct {
	server *Server
	room   string
	errs   []error
}

type route struct {
	Route
	maxBody int64
	router  *Router
	bare    bool                         // no look-up, no limits: health
	unkeyed bool                         // an Idempotency-Key is refused
	raw     bool                         // the body is no JSON
	fails   func(*Request, int, *errs.E) // writes an error in another standard's form; nil is ours
}

// New makes the front desk and registers every module's routes. It fails on a route
// without a policy, a pattern that conflicts, a view that does not parse, and a text that
// does not load: a server that starts has all its pages.
func New(options Options) (*Server, error) {
	if options.Lookup == nil || options.Clock == nil || options.Log == nil {
		return nil, errors.New("web: Lookup, Clock and Log are needed")
	}
	options.Fresh = cmp.Or(options.Fresh, options.SignIn)
	if options.Registry == nil {
		options.Registry = prometheus.NewRegistry()
	}
	s := &Server{options: options, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(),
		answers: &idempotency.Keeper{DB: options.DB, MAC: options.MAC, Sealer: options.Sealer}}
	for _, origin := range options.Origins {
		if err := s.cross.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("web: origin: %w", err)
		}
	}
	s.actors = limit.New(options.ActorLimit, Limits{Rate: 20, Burst: 60})
	s.anybody = limit.New(options.AddressLimit, Limits{Rate: 50, Burst: 200})
	s.metrics = measure.New(options.Registry)

	modules := append([]Module{ownModule()}, options.Modules...)
	s.rooms = modules
	var sources []i18n.Source
	for _, m := range modules {
		source := i18n.Source{Room: m.Name, FS: m.Messages}
		if m.Name == "web" {
			source.Also = ownWords
		}
		sources = append(sources, source)
	}
	var err error
	if s.texts, err = i18n.Load(sources...); err != nil {
		return nil, err
	}
	s.printers = map[i18n.Lang]*i18n.Printer{}
	for _, l := range i18n.Langs() {
		s.printers[l] = s.texts.For(l, options.Zone)
	}
	if s.statics, err = loadAssets(modules); err != nil {
		return nil, err
	}
	if s.views, err = s.loadViews(modules); err != nil {
		return nil, err
	}
	s.api = s.newAPI()
	s.own = &Router{server: s, room: "web"}
	s.ownRoutes(s.own)
	failed := s.own.errs
	for _, m := range options.Modules {
		rt := &Router{server: s, room: m.Name}
		if m.Routes != nil {
			m.Routes(rt)
		}
		failed = append(failed, rt.errs...)
		s.nav = append(s.nav, m.Nav...)
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.nav, func(a, b NavItem) int { return cmp.Compare(a.Order, b.Order) })
	slices.SortFunc(s.routes, func(a, b *route) int { return cmp.Compare(a.Pattern, b.Pattern) })
	s.known = s.names()
	if s.document, err = s.makeDocument(); err != nil {
		return nil, err
	}
	return s, nil
}

// check says what is wrong with an Access as the policy of a route.
func (a Access) check() error {
	kinds := 0
	for _, is := range []bool{a.Public, a.Customer, len(a.Roles) > 0 || a.Scope != ""} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return errors.New("no policy: name Public, Customer, Roles or Scope")
	case kinds > 1:
		return errors.New("more than one of Public, Customer and Roles or Scope")
	case a.Alone && a.Scope == "":
		return errors.New("Alone needs a Scope")
	case a.Fresh && len(a.Roles) == 0:
		return errors.New("Fresh needs Roles")
	case len(a.Roles) == 0 && a.Scope != "" && !a.Alone:
		return errors.New("a Scope without Roles must be Alone")
	}
	for _, r := range a.Roles {
		if !slices.Contains(actor.Roles(), r) {
			return errors.New("unknown role " + string(r))
		}
	}
	return nil
}

// Allows decides whether a may use a route of this Access at the given time. page is true
// for console pages, which an API client never uses. It returns nil or the refusal.
func (a Access) Allows(who actor.Actor, page bool, now time.Time) error {
	if a.Public || a.Customer {
		return nil
	}
	if who.Kind() == actor.Nobody {
		return errs.New(errs.Unauthenticated, "web.session")
	}
	denied := errs.New(errs.Denied, "web.denied")
	switch who.Kind() {
	case actor.Staff:
		if len(a.Roles) == 0 || !who.Is(a.Roles...) {
			return denied
		}
	case actor.OnBehalf:
		// Without a named scope an operation is not for clients at all.
		if page || a.Scope == "" || !who.HasScope(a.Scope) || !who.Is(a.Roles...) {
			return denied
		}
	case actor.Client:
		if page || !a.Alone || !who.HasScope(a.Scope) {
			return denied
		}
		return nil
	default:
		return denied
	}
	if a.Fresh && !fresh(who, now) {
		return errs.New(errs.Unauthenticated, "web.second_factor")
	}
	return nil
}

// fresh reports whether the actor's second factor was shown within SecondFactorFor before now.
func fresh(who actor.Actor, now time.Time) bool {
	at := who.SecondFactorAt()
	return !at.IsZero() && now.Sub(at) <= SecondFactorFor && !at.After(now.Add(time.Minute))
}

func (rt *Router) fail(pattern string, err error) {
	rt.errs = append(rt.errs, fmt.Errorf("routes of %s: %s: %w", rt.room, pattern, err))
}

// recovered turns the panics of ServeMux and huma about a bad registration into an error
// of New, which names the room.
func (rt *Router) recovered(pattern string) {
	if p := recover(); p != nil {
		rt.fail(pattern, fmt.Errorf("%v", p))
	}
}

// Page registers a console page or a form post. pattern is a ServeMux pattern such as
// "POST /calls/{interaction}/reveal"; without a method it is a GET.
func (rt *Router) Page(pattern string, access Access, handle func(*Request) error) {
	defer rt.recovered(pattern)
	method, rest, ok := strings.Cut(pattern, " ")
	if !ok {
		method, rest = http.MethodGet, pattern
		pattern = method + " " + rest
	}
	if strings.HasPrefix(rest, "/api/") {
		rt.fail(pattern, errors.New("under /api there are operations only"))
		return
	}
	ro := &route{Route: Route{Room: rt.room, Method: method, Pattern: pattern, Access: access}, maxBody: maxForm, router: rt}
	if rest == rt.server.options.Fresh {
		ro.maxBody = 2 * maxForm // it may bring another form along
	}
	rt.pages(ro, handle)
}

// Foreign registers a route of another standard (SCIM, signed reports of other systems), for machines: requests, answers
// and errors, those of the desk too, have that standard's form.
func (rt *Router) Foreign(pattern string, access Access, fails func(r *Request, status int, e *errs.E), handle func(*Request) error) {
	defer rt.recovered(pattern)
	method, _, _ := strings.Cut(pattern, " ")
	rt.pages(&route{Route: Route{Room: rt.room, Method: method, Pattern: pattern, Access: access}, maxBody: maxForm, router: rt, fails: fails}, handle)
}

func (rt *Router) pages(ro *route, handle func(*Request) error) {
	rt.server.register(ro, func(st *state, w http.ResponseWriter, r *http.Request) error {
		return handle(rt.request(st, w, r))
	})
}

func (rt *Router) request(st *state, w http.ResponseWriter, r *http.Request) *Request {
	return &Request{HTTP: r, Writer: w, Actor: st.visitor.Actor, Lang: st.lang, Trace: st.trace,
		router: rt, visitor: st.visitor, printer: rt.server.printers[st.lang], state: st, role: consoleOf(st.visitor.Actor, st.route)}
}

// register puts the policy of a route in front of its handler.
func (s *Server) register(ro *route, handle func(*state, http.ResponseWriter, *http.Request) error) {
	if err := ro.Access.check(); err != nil {
		ro.router.fail(ro.Pattern, err)
		return
	}
	s.mux.HandleFunc(ro.Pattern, func(w http.ResponseWriter, r *http.Request) {
		st := stateOf(r.Context())
		st.route = ro
		if err := s.admit(st, ro, w, r); err != nil {
			s.fail(st, w, r, err)
			return
		}
		if err := handle(st, w, r); err != nil {
			s.fail(st, w, r, err)
		}
	})
	s.routes = append(s.routes, ro)
}

// admit finds out who is there and whether the route is theirs.
func (s *Server) admit(st *state, ro *route, w http.ResponseWriter, r *http.Request) error {
	if ro.bare {
		return nil
	}
	// A customer's page has nothing to do with a session that the browser may hold.
	if !ro.Access.Customer {
		v, err := s.options.Lookup(r.Context(), r)
		if err != nil && (errs.KindOf(err) != errs.Unauthenticated || !ro.Access.Public) {
			if counted := s.stranger(r); counted != nil {
				return counted
			}
			return err
		}
		if err == nil {
			st.visitor = v
		}
	}
	if a := st.visitor.Actor; a.Kind() == actor.Nobody {
		if err := s.stranger(r); err != nil {
			return err
		}
	} else {
		v := s.actors.Ask(string(a.Kind())+":"+a.ID(), s.options.Clock())
		if ro.API {
			w.Header().Set("RateLimit-Policy", s.actors.Policy())
			w.Header().Set("RateLimit", v.Header())
		}
		if !v.OK {
			return errs.New(errs.TooMany, "web.too_many").With("retry_after", v.Retry)
		}
	}
	if err := ro.Access.Allows(st.visitor.Actor, !ro.API && ro.fails == nil, s.options.Clock()); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, ro.maxBody)
	return nil
}

// Routes lists every registered route, sorted by pattern.
func (s *Server) Routes() []Route {
	out := make([]Route, len(s.routes))
	for i, ro := range s.routes {
		out[i] = ro.Route
	}
	return out
}

// Texts is the catalogue of all rooms.
func (s *Server) Texts() *i18n.Catalogue { return s.texts }

// Metrics is where the process's other rooms may register theirs; labels hold names of
// ours only.
func (s *Server) Metrics() *prometheus.Registry { return s.options.Registry }

// state is one request on its way through the desk.
type state struct {
	request *http.Request
	writer  *recorder
	route   *route
	trace   string
	lang    i18n.Lang
	spoken  i18n.Lang // with the customer; "" is lang
	visitor Visitor
	body    []byte // of an operation, or of a form that was read
	err     *errs.E
	started time.Time
	stream  bool
}

type stateKey struct{}

// stateOf finds the state in a context of this package's making. It never decides who may
// do what outside this package: rooms get the Actor as an argument.
func stateOf(ctx context.Context) *state { return ctx.Value(stateKey{}).(*state) }

// Trace is the trace id of the request a context belongs to, or "".
func Trace(ctx context.Context) string {
	if st, ok := ctx.Value(stateKey{}).(*state); ok {
		return st.trace
	}
	return ""
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// policy of the content: our own files and nothing else, not even inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const permissions = "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"

// Handler is the whole front desk.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Server) serve(rw http.ResponseWriter, r *http.Request) {
	now := s.options.Clock()
	w := &recorder{ResponseWriter: rw}
	st := &state{writer: w, started: now, trace: id.NewAt(id.Trace, now), lang: i18n.ID}
	r = r.WithContext(context.WithValue(r.Context(), stateKey{}, st))
	st.request = r
	s.metrics.InFlight.Inc()
	defer s.metrics.InFlight.Dec()
	defer s.done(st, r)
	defer s.rescue(st, w, r)
	s.headers(w.Header(), st, r)
	if err := s.receive(st, w, r); err != nil {
		s.fail(st, w, r, err)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) headers(h http.Header, st *state, r *http.Request) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", permissions)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Amanah-Trace", st.trace)
	if s.secure(r) {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// receive refuses what may not come in at all, before anything looks at it.
func (s *Server) receive(st *state, w http.ResponseWriter, r *http.Request) error {
	st.lang = s.language(w, r)
	most := maxURL
	if r.URL.Path == s.options.Return {
		most = maxReturn
	}
	if len(r.RequestURI) > most || len(r.URL.RawQuery) > most {
		return errs.New(errs.Invalid, "web.address_long")
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return errs.New(errs.Invalid, "web.method")
	}
	if p := r.URL.Path; p == "" || p[0] != '/' || path.Clean(p) != p && p != "/" {
		// ServeMux would answer with a redirect that repeats the path.
		return errs.New(errs.NotFound, "web.not_found")
	}
	if !read.Storable(r.URL.Path) {
		return errs.New(errs.NotFound, "web.not_found")
	}
	for name, values := range r.URL.Query() {
		if !read.Storable(name) || !read.Storable(strings.Join(values, "")) {
			return errs.New(errs.Invalid, "web.malformed")
		}
	}
	if err := s.cross.Check(r); err != nil {
		return errs.New(errs.Denied, "web.cross_site")
	}
	return nil
}

// stranger counts a request that nobody known has sent, by the address it comes from. Whoever
// is signed in is counted for himself: a whole call center may sit behind one address.
func (s *Server) stranger(r *http.Request) error {
	if v := s.anybody.Ask(limit.Network(s.address(r)), s.options.Clock()); !v.OK {
		return errs.New(errs.TooMany, "web.too_many").With("retry_after", v.Retry)
	}
	return nil
}

// rescue answers a panic as a defect of ours and keeps the process.
func (s *Server) rescue(st *state, w *recorder, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	// The value of a panic may quote anything; its type and the stack do not.
	err := errs.Wrap(errs.Internal, "app.internal", fmt.Errorf("panic of type %T at %s", p, scrub.Place(debug.Stack())))
	if w.status == 0 {
		s.fail(st, w, r, err)
	}
	st.err = err
}

// statusGone is logged and counted for a request whose client closed the connection before it was answered.
const statusGone = 499

// done writes the one event of a request: ids and our own names, nothing of the request.
func (s *Server) done(st *state, r *http.Request) {
	took := s.options.Clock().Sub(st.started)
	pattern := "unmatched"
	if st.route != nil {
		pattern = st.route.Pattern
	} else if strings.HasPrefix(r.URL.Path, "/static/") {
		pattern = "GET /static/"
	}
	method := r.Method
	if st.route == nil && !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method) {
		method = "other"
	}
	status := st.writer.status
	if status == 0 {
		status = http.StatusOK
	}
	// Whoever went away before the answer has no error of ours. A server that stops ends its requests with another cause.
	if st.err != nil && errors.Is(st.err, context.Canceled) && context.Cause(r.Context()) == context.Canceled { //nolint:errorlint // its own value
		status, st.err = statusGone, nil
	}
	s.metrics.Observe(pattern, method, status, took, st.stream)
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("method", method), slog.String("route", pattern), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int64("bytes", st.writer.bytes),
		slog.String("trace", st.trace),
	}
	if a := st.visitor.Actor; a.Kind() != actor.Nobody {
		attrs = append(attrs, slog.Any("actor", a))
		if c := a.ClientID(); c != "" {
			attrs = append(attrs, slog.String("client", c))
		}
	}
	if st.err != nil {
		attrs = append(attrs, slog.String("code", st.err.Code))
		if status >= 500 {
			level = slog.LevelError
			if st.err.Err != nil {
				attrs = append(attrs, slog.String("cause", scrub.Text(st.err.Err.Error())))
			}
		}
	}
	s.options.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

func (s *Server) address(r *http.Request) netip.Addr { return limit.Address(r, s.options.Proxies) }

func (s *Server) secure(r *http.Request) bool {
	return s.options.TLS || r.TLS != nil || limit.Trusted(limit.Peer(r), s.options.Proxies) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// local makes sure a path leads back to this server: one slash in front, no host, no
// control characters.
func local(to string) bool {
	if to == "" || to[0] != '/' || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return false
	}
	u, err := url.Parse(to)
	return err == nil && u.Host == "" && u.Scheme == "" && u.User == nil
}

// Local reports whether to is a path of this server, fit for Redirect; identity asks it of
// the ?next= it was given.
func Local(to string) bool { return local(to) }

func (s *Server) redirect(r *Request, to string) error {
	if !local(to) {
		return errs.Wrap(errs.Internal, "app.internal", errors.New("web: redirect to another place"))
	}
	r.Writer.Header().Set("Location", to)
	r.Writer.WriteHeader(http.StatusSeeOther)
	return nil
}

// HTTP is an http.Server with the limits and timeouts of the front desk.
func (s *Server) HTTP(address string) *http.Server {
	return &http.Server{
		Addr: address, Handler: s.Handler(),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeaders,
		ErrorLog:       slog.NewLogLogger(scrub.Quiet{Handler: s.options.Log.Handler()}, slog.LevelWarn),
	}
}

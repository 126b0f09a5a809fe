package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

//go:embed views/*.html
var ownViews embed.FS

// views are the parsed templates: one set per language, room and page. Nothing is shared
// between languages, so no reader can get another's.
type views struct {
	pages     map[viewKey]*template.Template
	fragments map[viewKey]*template.Template // with page ""
}

type viewKey struct {
	lang i18n.Lang
	room string
	page string
}

func (s *Server) loadViews(modules []Module) (*views, error) {
	v := &views{pages: map[viewKey]*template.Template{}, fragments: map[viewKey]*template.Template{}}
	for _, lang := range i18n.Langs() {
		for _, m := range modules {
			base, err := template.New("").Funcs(s.funcs(lang, m.Name)).Option("missingkey=error").ParseFS(ownViews, "views/_*.html")
			if err != nil {
				return nil, err
			}
			if err := v.room(lang, m, base); err != nil {
				return nil, fmt.Errorf("views of %s: %w", m.Name, err)
			}
		}
	}
	return v, nil
}

func (v *views) room(lang i18n.Lang, m Module, base *template.Template) error {
	v.fragments[viewKey{lang, m.Name, ""}] = base
	if m.Views == nil {
		return nil
	}
	files, err := fs.Glob(m.Views, "views/*.html")
	if err != nil {
		return err
	}
	components := map[string]*template.Template{}
	for _, t := range base.Templates() {
		components[t.Name()] = t
	}
	parse := func(set *template.Template, file string) error {
		text, err := fs.ReadFile(m.Views, file)
		if err != nil {
			return err
		}
		if _, err = set.Parse(string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return nil
	}
	if m.Name != "web" {
		for _, file := range files {
			if !strings.HasPrefix(path.Base(file), "_") {
				continue
			}
			// A room must not quietly put its own chip in place of everybody's.
			probe := template.Must(template.New("").Funcs(stubs).Parse(""))
			if err := parse(probe, file); err != nil {
				return err
			}
			for _, t := range probe.Templates() {
				if _, taken := components[t.Name()]; taken && t.Name() != "" {
					return fmt.Errorf("%s: template %s is a component of web", file, t.Name())
				}
			}
			if err := parse(base, file); err != nil {
				return err
			}
		}
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if strings.HasPrefix(name, "_") {
			continue
		}
		page, err := base.Clone()
		if err != nil {
			return err
		}
		if err := parse(page, file); err != nil {
			return err
		}
		if page.Lookup("title") == nil || page.Lookup("main") == nil {
			return fmt.Errorf("%s: a page defines \"title\" and \"main\"", file)
		}
		v.pages[viewKey{lang, m.Name, name}] = page
	}
	return nil
}

// stubs are the functions of the views without meaning, for parsing alone.
var stubs = func() template.FuncMap {
	m := (&Server{}).funcs(i18n.ID, "")
	return m
}()

func (s *Server) funcs(lang i18n.Lang, room string) template.FuncMap {
	var p *i18n.Printer
	if s.printers != nil {
		p = s.printers[lang]
	}
	m := template.FuncMap{
		"t":     func(key string, pairs ...any) string { return p.T(key, pairs...) },
		"n":     func(key string, n int, pairs ...any) string { return p.N(key, n, pairs...) },
		"has":   func(key string) bool { return p.Has(key) },
		"lang":  func() string { return string(lang) },
		"date":  func(t time.Time) string { return p.Date(t) },
		"clock": func(t time.Time) string { return p.Time(t) },
		// seconds is for evidence, which is read to the second.
		"seconds":  func(t time.Time) string { return p.Clock(t) },
		"datetime": func(t time.Time) string { return p.DateTime(t) },
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"duration": func(d time.Duration) string { return p.Duration(d) },
		"number":   func(n any) (string, error) { i, err := integer(n); return p.Number(i), err },
		"rupiah":   func(n any) (string, error) { i, err := integer(n); return p.Rupiah(i), err },
		"asset": func(name string) (string, error) {
			for _, of := range []string{room, "web"} {
				if a, ok := s.statics[of+"/"+name]; ok {
					return a.URL, nil
				}
			}
			return "", fmt.Errorf("room %s has no static file %s", room, name)
		},
		"fault": func(reason string) string { return faultText(p, Fault{Reason: reason}) },
	}
	for name, f := range makers {
		m[name] = f
	}
	return m
}

func integer(n any) (int64, error) {
	v := reflect.ValueOf(n)
	switch {
	case v.CanInt():
		return v.Int(), nil
	case v.CanUint():
		return int64(v.Uint()), nil //nolint:gosec // counts of ours, far below the limit
	}
	return 0, fmt.Errorf("%T is no whole number", n)
}

// viewName is the file that shows a page: SubjectTrailPage -> subject_trail.
func viewName(page any) string {
	t := reflect.TypeOf(page)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := strings.TrimSuffix(t.Name(), "Page")
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// frame is what the layout knows; the page itself is in Page.
type frame struct {
	Lang    i18n.Lang
	Theme   string
	Page    any
	Nav     []navEntry
	Name    string
	Role    actor.Role
	Flash   string
	Banner  string
	Back    string // path for the language and theme switch; "" leaves it out
	Other   i18n.Lang
	SignOut string
	Trace   string
	Mark    string
	CSS     string
	JS      string
}

type navEntry struct {
	Text    string
	Path    string
	Key     string
	Current bool
}

func (s *Server) frame(r *Request, status int, page any) frame {
	f := frame{
		Lang: r.Lang, Theme: themeOf(r.HTTP), Page: page, Name: r.visitor.Name, Role: r.role,
		Trace: r.Trace, SignOut: s.options.SignOut,
		Mark: s.statics["web/mark.svg"].URL, CSS: s.statics["web/amanah.css"].URL, JS: s.statics["web/amanah.js"].URL,
	}
	f.Other = i18n.EN
	if r.Lang == i18n.EN {
		f.Other = i18n.ID
	}
	if s.options.Banner != "" {
		f.Banner = r.printer.T(s.options.Banner)
	}
	p := r.HTTP.URL.Path
	// An error page echoes nothing, the path included.
	if status < 400 && r.HTTP.Method == http.MethodGet {
		f.Back = p
	}
	if r.role == "" {
		f.Name = ""
	} else {
		best := -1
		for _, item := range s.nav {
			if !slices.Contains(item.Roles, r.role) {
				continue
			}
			e := navEntry{Text: r.printer.T(item.Key), Path: item.Path}
			if item.Hint != "" {
				e.Key = "g " + item.Hint
			}
			if (p == item.Path || strings.HasPrefix(p, item.Path+"/")) && (best < 0 || len(item.Path) > len(f.Nav[best].Path)) {
				best = len(f.Nav)
			}
			f.Nav = append(f.Nav, e)
		}
		if best >= 0 {
			f.Nav[best].Current = true
		}
	}
	return f
}

// consoleOf is the role whose console a request sees: none on public and customers' pages,
// whatever session the browser may hold.
func consoleOf(a actor.Actor, ro *route) actor.Role {
	if a.Kind() != actor.Staff || ro != nil && (ro.Access.Public || ro.Access.Customer) {
		return ""
	}
	return a.Role()
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// release forgets what a buffer held, which may have been somebody's.
func release(b *bytes.Buffer) {
	clear(b.Bytes())
	b.Reset()
	if b.Cap() <= 256<<10 {
		buffers.Put(b)
	}
}

func (s *Server) render(r *Request, status int, page any) error {
	set, ok := s.views.pages[viewKey{r.Lang, r.router.room, viewName(page)}]
	if !ok {
		return errs.Wrap(errs.Internal, "web.render", fmt.Errorf("room %s has no view %s", r.router.room, viewName(page)))
	}
	f := s.frame(r, status, page)
	f.Flash = s.takeFlash(r, status)
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	if err := set.ExecuteTemplate(b, "layout", f); err != nil {
		return errs.Wrap(errs.Internal, "web.render", err)
	}
	return s.html(r, status, b)
}

func (s *Server) fragment(r *Request, status int, name string, data any) error {
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	if err := s.fragmentInto(b, r, name, data); err != nil {
		return err
	}
	return s.html(r, status, b)
}

func (s *Server) renderFragment(r *Request, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := s.fragmentInto(&b, r, name, data)
	return b.Bytes(), err
}

func (s *Server) fragmentInto(w io.Writer, r *Request, name string, data any) error {
	set := s.views.fragments[viewKey{r.Lang, r.router.room, ""}]
	if set == nil || set.Lookup(name) == nil {
		return errs.Wrap(errs.Internal, "web.render", fmt.Errorf("room %s has no template %s", r.router.room, name))
	}
	if err := set.ExecuteTemplate(w, name, data); err != nil {
		return errs.Wrap(errs.Internal, "web.render", err)
	}
	return nil
}

func (s *Server) html(r *Request, status int, b *bytes.Buffer) error {
	h := r.Writer.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(r.Lang))
	r.Writer.WriteHeader(status)
	_, _ = r.Writer.Write(b.Bytes()) // the client is gone; there is nobody to tell
	return nil
}

// Preview renders a fixture the way its route would, for the tests and the gallery. path
// chooses the entry of the navigation that is current.
func (s *Server) Preview(w io.Writer, room string, f Fixture, lang i18n.Lang, theme, at string) error {
	r, err := http.NewRequest(http.MethodGet, at, nil) //nolint:noctx // no request is made with it
	if err != nil {
		return err
	}
	if theme != "" {
		r.AddCookie(&http.Cookie{Name: themeCookie, Value: theme})
	}
	req := &Request{HTTP: r, Lang: lang, Trace: "trc_00000000000000000000000000", router: &Router{server: s, room: room}, printer: s.printers[lang],
		state: &state{}}
	if f.Role != "" {
		req.role, req.visitor = f.Role, Visitor{Name: "Rina"}
	}
	if f.Fragment != "" {
		return s.fragmentInto(w, req, f.Fragment, f.Page)
	}
	set, ok := s.views.pages[viewKey{lang, room, viewName(f.Page)}]
	if !ok {
		return fmt.Errorf("room %s has no view %s", room, viewName(f.Page))
	}
	return set.ExecuteTemplate(w, "layout", s.frame(req, http.StatusOK, f.Page))
}

// Views lists the page files of a room by name, for the test that every one has fixtures.
func (s *Server) Views(room string) []string {
	var out []string
	for k := range s.views.pages {
		if k.lang == i18n.ID && k.room == room {
			out = append(out, k.page)
		}
	}
	slices.Sort(out)
	return out
}

// ViewName is the name of the file that shows a page.
func ViewName(page any) string { return viewName(page) }

// set fills the named fields of a component from pairs, so that a view can write
// (input "reason" (t "k") "text" "max" 200 "required" true).
func set(target any, pairs []any) error {
	v := reflect.ValueOf(target).Elem()
	if len(pairs)%2 != 0 {
		return errors.New("names and values come in pairs")
	}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok || name == "" {
			return errors.New("a name is missing")
		}
		f := v.FieldByName(strings.ToUpper(name[:1]) + name[1:])
		value := reflect.ValueOf(pairs[i+1])
		if !f.IsValid() || !value.IsValid() || !value.Type().ConvertibleTo(f.Type()) || (f.Kind() == reflect.String) != (value.Kind() == reflect.String) {
			return fmt.Errorf("no field %s that takes a %T", name, pairs[i+1])
		}
		f.Set(value.Convert(f.Type()))
	}
	return nil
}

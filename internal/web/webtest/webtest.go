// Package webtest is how the rooms test their pages: it renders every fixture of a room in
// both languages and asks of each what the house asks of every page.
//
// A room's test is two lines:
//
//	func TestPages(t *testing.T) { webtest.Pages(t, module) }
//	func TestTexts(t *testing.T) { webtest.Texts(t, "trail") }
//
// Pages checks that every page has fixtures named empty, ordinary and hostile (or says so),
// that labels, headings, ids, languages and roles are right (Inspect), that no text is
// missing, that hostile strings come out escaped, and that no page is larger than 60 KB.
// Server makes a front desk around a room for request scenarios, with an actor of the
// test's choosing. Only tests import this package.
package webtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

// MaxPage is the most a page may weigh, in bytes, without the statics.
const MaxPage = 60 << 10

// actorHeader carries the name of the actor of a test request; only a Server of this
// package listens to it.
const actorHeader = "Webtest-Actor"

// Desk is a front desk for tests.
type Desk struct {
	*web.Server
	t      testing.TB
	actors map[string]actor.Actor
	Log    *bytes.Buffer // the structured events, one JSON object a line
	Now    time.Time     // the desk's clock; a test may move it between requests
}

// New makes a front desk around the modules. change may alter the options before.
func New(t testing.TB, change func(*web.Options), modules ...web.Module) *Desk {
	t.Helper()
	d := &Desk{t: t, actors: map[string]actor.Actor{}, Log: new(bytes.Buffer), Now: time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)}
	o := web.Options{
		Modules: modules,
		Clock:   func() time.Time { return d.Now },
		Log:     slog.New(slog.NewJSONHandler(d.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Lookup: func(_ context.Context, r *http.Request) (web.Visitor, error) {
			name := r.Header.Get(actorHeader)
			if name == "" {
				return web.Visitor{}, nil
			}
			a, ok := d.actors[name]
			if !ok {
				return web.Visitor{}, errs.New(errs.Unauthenticated, "web.session")
			}
			return web.Visitor{Actor: a, Name: "Rina"}, nil
		},
		SignIn: "/sign-in", MAC: mac, Sealer: plain{},
	}
	if change != nil {
		change(&o)
	}
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.Server = s
	return d
}

// mac and plain stand in for the keyring's where a test does not look at what is kept under them.
func mac(name string, value []byte) []byte { return append([]byte(name+"\x00"), value...) }

type plain struct{}

func (plain) Seal(_ string, text []byte) ([]byte, error) { return slices.Clone(text), nil }

func (plain) Open(_ string, sealed []byte) ([]byte, error) { return slices.Clone(sealed), nil }

// Actor gives an actor a name for Do.
func (d *Desk) Actor(name string, a actor.Actor) { d.actors[name] = a }

// Staff names a member of staff of a role, with a second factor shown now.
func (d *Desk) Staff(name string, role actor.Role) actor.Actor {
	a := actor.NewStaff("stf_00000000000000000000000001", role, "ses_00000000000000000000000001", nil, d.Now)
	d.Actor(name, a)
	return a
}

// Do sends a request as the named actor ("" is nobody). A body is sent as a form unless
// header says otherwise; header holds names and values by turns.
func (d *Desk) Do(as, method, target, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, in)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if as != "" {
		r.Header.Set(actorHeader, as)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

// Pages renders every fixture of a room in both languages and inspects it. others are
// modules whose texts the room's pages need besides its own and web's.
func Pages(t *testing.T, m web.Module, others ...web.Module) {
	t.Helper()
	all := []web.Module{{Name: m.Name, Messages: m.Messages, Views: m.Views, Static: m.Static, Nav: m.Nav}}
	for _, o := range others {
		all = append(all, web.Module{Name: o.Name, Messages: o.Messages})
	}
	d := New(t, nil, all...)
	if m.Fixtures == nil {
		if len(d.Views(m.Name)) > 0 {
			t.Fatalf("room %s has views and no Fixtures", m.Name)
		}
		return
	}
	Inspected(t, d.Server, m.Name, m.Fixtures)
}

// Inspected is Pages for a front desk that is already there.
func Inspected(t *testing.T, s *web.Server, room string, fixtures func(*i18n.Printer) []web.Fixture) {
	t.Helper()
	shown := map[string][]string{}
	for _, lang := range i18n.Langs() {
		p := s.Texts().For(lang, nil)
		for _, f := range fixtures(p) {
			name := f.Fragment
			if name == "" {
				name = web.ViewName(f.Page)
				if lang == i18n.ID {
					shown[name] = append(shown[name], f.Name)
				}
			}
			t.Run(fmt.Sprintf("%s/%s/%s", name, f.Name, lang), func(t *testing.T) {
				var b bytes.Buffer
				if err := s.Preview(&b, room, f, lang, "", "/"); err != nil {
					t.Fatal(err)
				}
				for _, fault := range Inspect(b.Bytes(), lang, f) {
					t.Error(fault)
				}
			})
		}
	}
	for _, view := range s.Views(room) {
		for _, want := range []string{"ordinary", "hostile"} {
			if !slices.Contains(shown[view], want) && (room != "web" || want == "ordinary") && !static(fixtures, s, view) {
				t.Errorf("page %s of %s has no %s fixture", view, room, want)
			}
		}
	}
}

// static reports whether a page struct has no fields: it can be neither ordinary nor hostile.
func static(fixtures func(*i18n.Printer) []web.Fixture, s *web.Server, view string) bool {
	for _, f := range fixtures(s.Texts().For(i18n.ID, nil)) {
		if f.Fragment == "" && web.ViewName(f.Page) == view && fmt.Sprintf("%v", f.Page) == "{}" {
			return true
		}
	}
	return false
}

// Inspect says what is wrong with a rendered page or fragment, one sentence a fault.
func Inspect(page []byte, lang i18n.Lang, f web.Fixture) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if len(page) > MaxPage {
		fault("weighs %d bytes, more than %d", len(page), MaxPage)
	}
	if i := bytes.Index(page, []byte("⟦")); i >= 0 {
		fault("a text or value is missing: %s", page[i:min(len(page), i+60)])
	}
	for _, marker := range []string{"ZgotmplZ", "%!", "<nil>"} {
		if bytes.Contains(page, []byte(marker)) && f.Name != "hostile" {
			fault("%s stands in the page", marker)
		}
	}
	for _, h := range f.Hostile {
		if strings.ContainsAny(h, `<>"'&`) && bytes.Contains(page, []byte(h)) {
			fault("the hostile text %q came out as it went in", h)
		}
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return append(faults, err.Error())
	}
	in := inspection{fault: fault, ids: map[string]int{}, lang: lang, whole: f.Fragment == ""}
	in.walk(root)
	in.conclude()
	return faults
}

type inspection struct {
	fault    func(string, ...any)
	lang     i18n.Lang
	whole    bool
	ids      map[string]int
	labels   []string // ids that a label is for
	refs     []string // ids that aria attributes name
	controls []control
	headings []int
	mains    int
	title    string
	keys     map[string]int
}

type control struct {
	id      string
	labeled bool
	what    string
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if n.Data == "img" {
		alt, _ := attr(n, "alt")
		return alt
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return b.String()
}

func (in *inspection) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		in.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		in.walk(c)
	}
}

func (in *inspection) element(n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			in.fault("<%s %s>: no script in a page", n.Data, a.Key)
		case a.Key == "style":
			in.fault("<%s style>: no style in a page", n.Data)
		case a.Key == "id":
			if a.Val == "" || strings.ContainsAny(a.Val, " \t\n") {
				in.fault("id %q is no id", a.Val)
			}
			in.ids[a.Val]++
		case a.Key == "aria-describedby" || a.Key == "aria-labelledby" || a.Key == "aria-controls":
			in.refs = append(in.refs, strings.Fields(a.Val)...)
		case (a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction") && !localRef(a.Val) && !leaves(n, a):
			in.fault("<%s %s=%q> leads elsewhere", n.Data, a.Key, a.Val)
		case a.Key == "tabindex" && a.Val != "0" && a.Val != "-1":
			in.fault("tabindex %s changes the order of the keyboard", a.Val)
		case a.Key == "data-swap" && !strings.HasPrefix(a.Val, "#"):
			in.fault("data-swap %q names no #element", a.Val)
		}
	}
	name := strings.TrimSpace(text(n))
	label, hasLabel := attr(n, "aria-label")
	_, hasLabelledBy := attr(n, "aria-labelledby")
	named := name != "" || hasLabel && strings.TrimSpace(label) != "" || hasLabelledBy
	kind, _ := attr(n, "type")
	switch n.Data {
	case "html":
		if l, _ := attr(n, "lang"); in.whole && l != string(in.lang) {
			in.fault("lang is %q, not %s", l, in.lang)
		}
	case "script":
		if _, external := attr(n, "src"); !external || strings.TrimSpace(text(n)) != "" {
			in.fault("a script stands in the page")
		}
	case "style":
		in.fault("a style stands in the page")
	case "iframe", "object", "embed", "base", "marquee", "font", "center":
		in.fault("<%s> has no place here", n.Data)
	case "title":
		in.title = name
	case "main":
		in.mains++
	case "h1", "h2", "h3", "h4", "h5", "h6":
		if name == "" {
			in.fault("<%s> is empty", n.Data)
		}
		in.headings = append(in.headings, int(n.Data[1]-'0'))
	case "img":
		if _, ok := attr(n, "alt"); !ok {
			in.fault("an image has no alt")
		}
	case "button":
		if !named {
			in.fault("a button has no name")
		}
	case "a":
		if _, ok := attr(n, "href"); ok && !named {
			in.fault("a link has no name")
		}
	case "label":
		if id, ok := attr(n, "for"); ok {
			in.labels = append(in.labels, id)
		}
		if name == "" {
			in.fault("a label is empty")
		}
	case "input", "select", "textarea":
		if kind == "hidden" || kind == "submit" {
			break
		}
		id, _ := attr(n, "id")
		field, _ := attr(n, "name")
		c := control{id: id, labeled: hasLabel || hasLabelledBy || within(n, "label"), what: n.Data + " " + field}
		in.controls = append(in.controls, c)
		if kind == "password" {
			if auto, _ := attr(n, "autocomplete"); auto == "" {
				in.fault("a password field does not say what it completes")
			}
		}
	case "table":
		if !hasChild(n, "caption") && !named {
			in.fault("a table has no caption")
		}
	case "th":
		if _, ok := attr(n, "scope"); !ok {
			in.fault("a th has no scope")
		}
	case "fieldset":
		if !hasChild(n, "legend") {
			in.fault("a fieldset has no legend")
		}
	case "form":
		if m, _ := attr(n, "method"); m != "" && m != "post" && m != "get" {
			in.fault("form method %q", m)
		}
	case "nav", "progress", "section":
		if n.Data != "section" && !hasLabel && !hasLabelledBy {
			in.fault("<%s> has no label", n.Data)
		}
	case "li":
		if p := n.Parent; p == nil || p.Type == html.ElementNode && p.Data != "ul" && p.Data != "ol" && p.Data != "menu" && in.whole {
			in.fault("<li> outside a list")
		}
	}
	if k, ok := attr(n, "data-key"); ok {
		if in.keys == nil {
			in.keys = map[string]int{}
		}
		in.keys[k]++
	}
}

func (in *inspection) conclude() {
	for id, n := range in.ids {
		if n > 1 {
			in.fault("id %s is there %d times", id, n)
		}
	}
	for _, id := range append(in.refs, in.labels...) {
		if in.ids[id] == 0 {
			in.fault("id %s is named and not there", id)
		}
	}
	for _, c := range in.controls {
		if !c.labeled && !slices.Contains(in.labels, c.id) {
			in.fault("%s has no label", c.what)
		}
	}
	for k, n := range in.keys {
		if n > 1 && k != "[" && k != "]" {
			in.fault("key %q does %d things", k, n)
		}
	}
	if !in.whole {
		return
	}
	if in.mains != 1 {
		in.fault("%d <main> elements", in.mains)
	}
	if in.title == "" {
		in.fault("no title")
	}
	ones := 0
	for i, level := range in.headings {
		if level == 1 {
			ones++
		}
		if i == 0 && level != 1 || i > 0 && level > in.headings[i-1]+1 {
			in.fault("heading h%d follows %v", level, in.headings[:i])
		}
	}
	if ones != 1 {
		in.fault("%d h1 headings", ones)
	}
}

// leaves reports whether a link says of itself that it leaves the house (rel="external"), to a
// place that answers to its name: the provider where staff sign in, and no other link yet.
func leaves(n *html.Node, href html.Attribute) bool {
	return n.Data == "a" && strings.HasPrefix(href.Val, "https://") && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "rel" && a.Val == "external" })
}

func localRef(v string) bool {
	return v == "" || strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "//") || strings.HasPrefix(v, "#") || strings.HasPrefix(v, "?") || strings.HasPrefix(v, "tel:") || strings.HasPrefix(v, "mailto:")
}

func within(n *html.Node, name string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && p.Data == name {
			return true
		}
	}
	return false
}

func hasChild(n *html.Node, name string) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.Data == name {
			return true
		}
	}
	return false
}

// Texts checks the texts of the room whose folder the test runs in: both languages, every
// error code, no missing and no unused key. elsewhere are further folders, relative to the
// test's, that may use the room's keys.
func Texts(t *testing.T, room string, elsewhere ...string) {
	t.Helper()
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: room}, elsewhere...) {
		t.Error(fault)
	}
}

// Messages checks the texts in a file system alone: for rooms that keep them elsewhere.
func Messages(t *testing.T, room string, messages fs.FS) {
	t.Helper()
	for _, fault := range i18n.Check(i18n.Source{Room: room, FS: messages}) {
		t.Error(fault)
	}
}

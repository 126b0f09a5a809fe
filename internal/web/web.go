// Package web is the front desk: the one way in and out of Amanah over HTTP.
//
// It turns a session into an actor.Actor, refuses what may not come in (cross-site posts,
// oversized or malformed bodies, too many requests, actors without the route's Access),
// chooses language and theme, runs the room's handler, and writes the answer: a page, a
// fragment of one, a problem+json (RFC 9457), or JSON of an Operation. No route exists
// without a policy: registering one takes an Access, and Server.Routes lists them all for
// the tests and the documentation.
//
// What it promises: no error repeats what was submitted, in any position (a form that a room
// shows again with what was typed in it is a page like any other); one structured event per
// request, with the route's pattern and never its URL; no-store on every answer but the
// statics; a Content-Security-Policy without a single exception; a console that works by
// keyboard alone and without JavaScript. What it refuses: markup or script inside a page that
// is not in a file of ours, and a second way to show an error.
//
// # How to write a page (a guide for the rooms)
//
// A page is four things in the room's folder. For the page of one customer's trail in the
// room trail:
//
//  1. A typed struct whose name ends in Page. Its name names its view: SubjectTrailPage is
//     shown by views/subject_trail.html. It holds values, not markup:
//
//     type SubjectTrailPage struct {
//     Subject string
//     Entries []Entry
//     Older   string // cursor of the next page, or ""
//     }
//
//  2. The view. Every page file defines "title" and "main"; dot is the page struct. Files
//     that begin with an underscore (embed them with views/*.html, for a bare views leaves
//     them out) hold templates shared by the room's pages, and are the
//     fragments (see Fragment). All text comes from the catalogue:
//
//     {{define "title"}}{{t "trail.subject_title"}}{{end}}
//     {{define "main"}}
//     <h1>{{t "trail.subject_title"}}</h1>
//     <p>{{n "trail.entries" (len .Entries)}}</p>
//     {{range .Entries}}{{template "trail_entry" .}}{{else}}
//     {{template "empty" (empty (t "trail.none") (t "trail.none_next"))}}{{end}}
//     {{template "pager" (pager .Older)}}
//     {{end}}
//
//     Functions: t and n (texts and plurals; placeholders as pairs: t "trail.by" "role"
//     .Role), date, clock, datetime, iso, number, rupiah, duration, and the makers of the
//     components in components.go: chip, button, action, link, input, choice, empty,
//     notice, pager. Each component is a template of the same name with one typed value,
//     so both {{template "chip" (chip "good" (t "k"))}} and {{template "table" .Table}}
//     work. Never write a style, a script or an on… attribute: the policy of the page
//     forbids them and a test fails.
//
//  3. The messages in messages/id.json and messages/en.json (package i18n), Indonesian
//     first, with `code`, `code.next` and, in calls, `code.say` for every error code.
//
//  4. The route, in the room's module.go:
//
//     func (s *Service) Module() web.Module {
//     return web.Module{Name: "trail", Views: views, Messages: messages, Schema: schema,
//     Routes: func(rt *web.Router) {
//     rt.Page("GET /subjects/{subject}/trail", web.Access{Roles: readers}, s.showSubject(rt))
//     },
//     Nav:      []web.NavItem{{Key: "trail.nav", Path: "/trail", Roles: readers, Order: 40}},
//     Fixtures: fixtures,
//     }
//     }
//
//     func (s *Service) showSubject(rt *web.Router) func(*web.Request) error {
//     return func(r *web.Request) error {
//     var form struct { After string `form:"after" max:"200"` }
//     if err := r.Decode(&form); err != nil { return err }
//     entries, older, err := s.Subject(r.Context(), r.Actor, r.Path("subject"), form.After)
//     if err != nil { return err }
//     return r.Render(SubjectTrailPage{Subject: r.Path("subject"), Entries: entries, Older: older})
//     }
//     }
//
// A handler reads, calls one verb of its service, and renders or redirects; it decides
// nothing. After a POST that changed something, Flash and Redirect. An error is returned,
// never written: its kind chooses the status, its code the words. A refusal of the gate is
// an outcome; return it as the error of the handler only when the whole request fails
// because of it, else put it on the page with the "refusal" component.
//
// A link or form the script should answer in place carries data-swap="#element": the
// request is sent with the header Amanah-Fragment, Request.Partial reports it, and the
// handler answers with Fragment. The same handler without the header renders the page, so
// everything works without the script. The other data- attributes and the keys taken
// everywhere are listed at the head of static/amanah.js, the classes a view may use at the
// head of static/amanah.css.
//
// The test of a room is two lines, and renders every fixture in both languages:
//
//	func TestPages(t *testing.T) { webtest.Pages(t, service.Module()) }
//	func TestTexts(t *testing.T) { webtest.Texts(t, "trail") }
//
// JSON under /api/v1 is registered with Operation in the same Routes function and calls
// the same verbs.
package web

import (
	"context"
	"io/fs"
	"net/http"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web/limit"
)

// Access says who may use a route. A route has exactly one kind: Public, Customer, or
// people and clients named by Roles and Scope.
type Access struct {
	Public   bool         // anybody, without a session (sign-in, health)
	Customer bool         // the holder of a signed link; the room opens the token itself
	Roles    []actor.Role // staff with one of these roles, directly or through an API client
	Scope    string       // what an API client must have been given, such as "interactions"; identity lists them
	Alone    bool         // an API client may use it without a member of staff (import, events)
	Fresh    bool         // the second factor must have been shown lately
}

// NavItem is an entry of the navigation, shown to the roles it names.
type NavItem struct {
	Key   string // message key of its text
	Path  string
	Roles []actor.Role
	Order int    // lower is further up
	Hint  string // keyboard key after `g`, such as "t" for "g t"
}

// Fixture is a page (or a fragment) filled with made-up values, for the tests that render
// everything and for the gallery.
type Fixture struct {
	Name     string     // "empty", "ordinary", "hostile" or a word of the room's own
	Page     any        // a page struct, or the data of the fragment
	Fragment string     // template name when this is a fragment; "" for a page
	Role     actor.Role // whose navigation to show; "" for a page without a session
	Hostile  []string   // strings planted in Page that must come out escaped
}

// Visitor is who stands at the desk. Name is the first name for the head of the page; it
// is personal data of staff and goes nowhere else.
type Visitor struct {
	Actor actor.Actor
	Name  string
}

// Lookup finds out who sent a request: from the session cookie, or from an API key with or
// without a staff session. Nobody (the zero Visitor) is no error. An error of kind
// unauthenticated says that what was presented is no longer good.
type Lookup func(ctx context.Context, r *http.Request) (Visitor, error)

// Route is a registered route, for tests and documentation.
type Route struct {
	Room    string
	Method  string
	Pattern string // as registered, with its {names}; never a URL
	API     bool
	Access  Access
	Summary string // of an Operation
}

// Module is what a room brings to the house.
type Module struct {
	Name     string                  // the room's name: first word of its tables, keys and codes
	Schema   fs.FS                   // schema/NNNN_name.sql
	Messages fs.FS                   // messages/{id,en}.json
	Views    fs.FS                   // views/*.html
	Static   fs.FS                   // static/*: scripts and images of the room, for {{asset "file.js"}}; web's are every room's
	Policy   string                  // Cedar text
	Jobs     map[string]jobs.Handler // by kind
	Routes   func(*Router)
	Nav      []NavItem
	Fixtures func(p *i18n.Printer) []Fixture
}

// Check is one condition of readiness: a short name without personal data, and a question
// that must answer within a second.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
	// Alarm says that somebody must look into a failure and that calls go on meanwhile: it is
	// named and takes no node out of service.
	Alarm bool
}

// Limits of one kind of caller: on average Rate requests a second, Burst at once.
type Limits = limit.Limits

// SecondFactorFor is how long a shown second factor counts as fresh. Rooms that ask on their own
// (identity, approval) take it from here.
const SecondFactorFor = 5 * time.Minute

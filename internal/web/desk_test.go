package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestEveryAnswerCarriesTheHeadersOfThePolicy(t *testing.T) {
	d := desk(t, nil)
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
		"Strict-Transport-Security":    "",
	}
	for _, target := range []string{"/", "/calls/itx_1", "/nowhere", "/api/v1/nowhere", "/api/openapi.json", "/healthz", "/static/nothing.js", "/boom"} {
		w := d.Do("agent", "GET", target, "")
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if !strings.Contains(w.Header().Get("Permissions-Policy"), "microphone=()") || !strings.HasPrefix(w.Header().Get("Amanah-Trace"), "trc_") {
			t.Errorf("%s: permissions or trace missing", target)
		}
	}
	secure := desk(t, func(o *web.Options) { o.TLS = true })
	if got := secure.Do("", "GET", "/healthz", "").Header().Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=63072000") {
		t.Error("no HSTS under TLS:", got)
	}
}

func TestStaticsAreImmutableCompressedAndNamedByTheirContent(t *testing.T) {
	d := desk(t, nil)
	page := d.Do("agent", "GET", "/calls/itx_1", "").Body.String()
	found := regexp.MustCompile(`/static/web/[a-z]+-[0-9a-f]{16}\.(css|js|svg)`).FindAllString(page, -1)
	if len(found) < 3 {
		t.Fatal("statics are missing:", found)
	}
	total := 0
	for _, target := range found {
		plain, packed := d.Do("", "GET", target, ""), d.Do("", "GET", target, "", "Accept-Encoding", "br, gzip;q=0.9")
		if plain.Code != 200 || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || plain.Header().Get("Set-Cookie") != "" {
			t.Error(target, plain.Code, plain.Header())
		}
		if packed.Header().Get("Content-Encoding") == "gzip" {
			total += packed.Body.Len()
			if plain.Body.Len() <= packed.Body.Len() {
				t.Error(target, "is not smaller when compressed")
			}
		}
		if refused := d.Do("", "GET", target, "", "Accept-Encoding", "gzip;q=0"); refused.Header().Get("Content-Encoding") != "" {
			t.Error(target, "is compressed for somebody who refuses it")
		}
	}
	if total > 14<<10 {
		t.Errorf("style and script weigh %d bytes compressed; a telephone on 2G waits", total)
	}
}

func TestTheStyleSheetStaysSmallAndTheScriptShort(t *testing.T) {
	for _, a := range web.Statics(desk(t, nil).Server) {
		switch {
		case strings.HasSuffix(a.URL, ".css") && len(a.Text) >= 25<<10:
			t.Errorf("the style sheet is %d bytes", len(a.Text))
		case strings.HasSuffix(a.URL, ".js"):
			if n := bytes.Count(a.Text, []byte("\n")); n >= 300 {
				t.Errorf("the script is %d lines", n)
			}
			for _, bad := range []string{"eval(", "new Function", "document.write", ".innerHTML +=", "setTimeout(\"", "localStorage", "sessionStorage"} {
				if bytes.Contains(a.Text, []byte(bad)) {
					t.Errorf("the script uses %s", bad)
				}
			}
		}
	}
}

func TestARouteWithoutAPolicyIsRefusedAtTheStart(t *testing.T) {
	page := func(*web.Request) error { return nil }
	agents := []actor.Role{actor.Agent}
	for name, routes := range map[string]func(*web.Router){
		"no policy":                   func(rt *web.Router) { rt.Page("/x", web.Access{}, page) },
		"public and roles":            func(rt *web.Router) { rt.Page("/x", web.Access{Public: true, Roles: agents}, page) },
		"customer and public":         func(rt *web.Router) { rt.Page("/x", web.Access{Public: true, Customer: true}, page) },
		"an unknown role":             func(rt *web.Router) { rt.Page("/x", web.Access{Roles: []actor.Role{"boss"}}, page) },
		"alone without a scope":       func(rt *web.Router) { rt.Page("/x", web.Access{Roles: agents, Alone: true}, page) },
		"a scope alone without Alone": func(rt *web.Router) { rt.Page("/x", web.Access{Scope: "x"}, page) },
		"fresh without roles":         func(rt *web.Router) { rt.Page("/x", web.Access{Public: true, Fresh: true}, page) },
		"the same pattern twice":      func(rt *web.Router) { rt.Page("GET /calls/{call}", web.Access{Roles: agents}, page) },
		"a malformed pattern":         func(rt *web.Router) { rt.Page("GET /{", web.Access{Roles: agents}, page) },
		"a page under /api":           func(rt *web.Router) { rt.Page("GET /api/v1/x", web.Access{Roles: agents}, page) },
		"an operation without a policy": func(rt *web.Router) {
			web.Operation(rt, web.Op{Method: "GET", Path: "/x", Summary: "x"}, func(context.Context, web.Call, *struct{}) (*struct{}, error) { return nil, nil })
		},
		"an operation without a summary": func(rt *web.Router) {
			web.Operation(rt, web.Op{Method: "GET", Path: "/x", Access: web.Access{Public: true}}, func(context.Context, web.Call, *struct{}) (*struct{}, error) { return nil, nil })
		},
		"an idempotent operation without a store": func(rt *web.Router) {
			web.Operation(rt, web.Op{Method: "POST", Path: "/x", Summary: "x", Access: web.Access{Public: true}, Idempotent: true}, func(context.Context, web.Call, *struct{}) (*struct{}, error) { return nil, nil })
		},
		"an input that is no struct": func(rt *web.Router) {
			web.Operation(rt, web.Op{Method: "POST", Path: "/x", Summary: "x", Unkeyed: "x", Access: web.Access{Public: true}}, func(context.Context, web.Call, *int) (*struct{}, error) { return nil, nil })
		},
	} {
		_, err := web.New(web.Options{Modules: []web.Module{sample(routes)}, Clock: time.Now, Log: quietLog(), Lookup: nobody})
		if err == nil || !strings.Contains(err.Error(), "sample") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := web.New(web.Options{}); err == nil {
		t.Error("a desk without a clock starts")
	}
	if _, err := web.New(web.Options{Clock: time.Now, Log: quietLog(), Lookup: nobody, Origins: []string{"not an origin"}}); err == nil {
		t.Error("a malformed origin is taken")
	}
}

func TestAccessDecidesWhoMayUseARoute(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	fresh, stale := now.Add(-web.SecondFactorFor), now.Add(-web.SecondFactorFor-time.Second)
	agent := actor.NewStaff("stf_1", actor.Agent, "ses_1", nil, fresh)
	stalest := actor.NewStaff("stf_1", actor.Agent, "ses_1", nil, stale)
	never := actor.NewStaff("stf_1", actor.Agent, "ses_1", nil, time.Time{})
	ahead := actor.NewStaff("stf_1", actor.Agent, "ses_1", nil, now.Add(time.Hour))
	dpo := actor.NewStaff("stf_2", actor.DPO, "ses_2", nil, fresh)
	behalf := actor.NewOnBehalf("cli_1", []string{"reveal"}, agent)
	behalfOther := actor.NewOnBehalf("cli_1", []string{"import"}, agent)
	behalfDPO := actor.NewOnBehalf("cli_1", []string{"reveal"}, dpo)
	client := actor.NewClient("cli_1", []string{"import", "reveal"}, nil)
	agents := []actor.Role{actor.Agent}
	ok, no, sign, again := "", "web.denied", "web.session", "web.second_factor"
	for _, tc := range []struct {
		name   string
		access web.Access
		page   bool
		who    actor.Actor
		want   string
	}{
		{"anybody on a public page", web.Access{Public: true}, true, actor.Actor{}, ok},
		{"anybody on a customer page", web.Access{Customer: true}, true, actor.Actor{}, ok},
		{"nobody on a staff page", web.Access{Roles: agents}, true, actor.Actor{}, sign},
		{"the role", web.Access{Roles: agents}, true, agent, ok},
		{"another role", web.Access{Roles: agents}, true, dpo, no},
		{"staff where only a client may", web.Access{Scope: "import", Alone: true}, false, agent, no},
		{"staff on an operation with a scope", web.Access{Roles: agents, Scope: "reveal"}, false, agent, ok},
		{"a client on behalf with the scope", web.Access{Roles: agents, Scope: "reveal"}, false, behalf, ok},
		{"a client on behalf without the scope", web.Access{Roles: agents, Scope: "reveal"}, false, behalfOther, no},
		{"a client on behalf of another role", web.Access{Roles: agents, Scope: "reveal"}, false, behalfDPO, no},
		{"a client on behalf where no scope is named", web.Access{Roles: agents}, false, behalf, no},
		{"a client on behalf on a page", web.Access{Roles: agents, Scope: "reveal"}, true, behalf, no},
		{"a client alone where staff must be", web.Access{Roles: agents, Scope: "reveal"}, false, client, no},
		{"a client alone with the scope", web.Access{Scope: "import", Alone: true}, false, client, ok},
		{"a client alone without the scope", web.Access{Scope: "events", Alone: true}, false, client, no},
		{"a client alone on a page", web.Access{Scope: "import", Alone: true}, true, client, no},
		{"a customer on a staff page", web.Access{Roles: agents}, true, actor.NewCustomer("x"), no},
		{"a duty on a staff page", web.Access{Roles: agents}, true, actor.NewDuty("x"), no},
		{"a fresh second factor", web.Access{Roles: agents, Fresh: true}, true, agent, ok},
		{"a stale second factor", web.Access{Roles: agents, Fresh: true}, true, stalest, again},
		{"no second factor", web.Access{Roles: agents, Fresh: true}, true, never, again},
		{"a second factor of tomorrow", web.Access{Roles: agents, Fresh: true}, true, ahead, again},
	} {
		got := ""
		if err := tc.access.Allows(tc.who, tc.page, now); err != nil {
			got = errs.Of(err).Code
		}
		if got != tc.want {
			t.Errorf("%s: %q, not %q", tc.name, got, tc.want)
		}
	}
}

func TestABrowserWithoutASessionIsLedToSignInAndBackByPathAlone(t *testing.T) {
	d := desk(t, func(o *web.Options) { o.Fresh = "/again" })
	for _, tc := range []struct {
		name, as, method, target string
		header                   []string
		status                   int
		location                 string
	}{
		{"a page", "", "GET", "/calls/itx_01k9xq3v7me8t0000z9w2h4r6n?q=" + canaryPhone, nil, 303, "/sign-in?next=%2Fcalls%2Fitx_01k9xq3v7me8t0000z9w2h4r6n"},
		{"an address with somebody's number in it", "", "GET", "/calls/" + canaryPhone, nil, 303, "/sign-in"},
		{"a post", "", "POST", "/calls/itx_1/note", nil, 303, "/sign-in"},
		{"a session that has ended", "ghost", "GET", "/calls/itx_01k9xq3v7me8t0000z9w2h4r6n", nil, 303, "/sign-in?next=%2Fcalls%2Fitx_01k9xq3v7me8t0000z9w2h4r6n"},
		{"a part of a page", "", "GET", "/calls/itx_1", []string{"Amanah-Fragment", "1"}, 401, ""},
		{"the script's JSON", "", "GET", "/calls/itx_1", []string{"Accept", "application/json"}, 401, ""},
		{"an operation", "", "POST", "/api/v1/interactions/itx_1/compare", nil, 401, ""},
		{"home", "", "GET", "/", nil, 303, "/sign-in"},
		{"a public page with a session that has ended", "ghost", "GET", "/problems/web.denied", nil, 200, ""},
	} {
		w := d.Do(tc.as, tc.method, tc.target, "", tc.header...)
		if w.Code != tc.status || w.Header().Get("Location") != tc.location {
			t.Errorf("%s: %d %q", tc.name, w.Code, w.Header().Get("Location"))
		}
		if tc.method == "POST" && tc.status == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", tc.name)
		}
	}
	d.Now = d.Now.Add(11 * time.Minute)
	if w := d.Do("agent", "GET", "/settings", ""); w.Code != 303 || w.Header().Get("Location") != "/again?next=%2Fsettings" {
		t.Error("stale second factor:", w.Code, w.Header().Get("Location"))
	}
}

// A form that comes with a second factor too old goes on from where the factor is shown, for its own session alone; until
// then nothing of it is anywhere. What a script asks for answers as before.
func TestAFormWhoseFactorGrewOldGoesOnOnceItIsShown(t *testing.T) {
	var notes []string
	fresh := web.Access{Roles: []actor.Role{actor.Agent}, Fresh: true}
	desk := func(sealer web.Sealer) *webtest.Desk {
		d := webtest.New(t, func(o *web.Options) { o.Fresh, o.MAC, o.Sealer = "/again", testMAC, sealer }, sample(func(rt *web.Router) {
			take := func(r *web.Request) error {
				var form noteForm
				if err := r.Decode(&form); err != nil {
					return err
				}
				notes = append(notes, form.Note)
				return r.Redirect("/calls/" + r.Path("interaction"))
			}
			rt.Page("POST /calls/{interaction}/keep", fresh, take)
			rt.Page("POST /calls/{interaction}/late", web.Access{Roles: []actor.Role{actor.Agent}}, func(r *web.Request) error {
				if err := r.Decode(&noteForm{}); err != nil { // the room asks by itself, and has read the form
					return err
				}
				return errs.New(errs.Unauthenticated, "web.second_factor")
			})
			rt.StepUp(func(r *web.Request, held string) error {
				return r.RenderStatus(401, CallPage{Purpose: "held:" + held})
			})
			rt.Page("POST /again", web.Access{Roles: []actor.Role{actor.Agent}}, func(r *web.Request) error {
				var form struct {
					Held string `form:"held" max:"100000"`
				}
				if err := r.Decode(&form); err != nil {
					return err
				}
				return r.Resume(form.Held, &http.Cookie{Name: "session", Value: "new"})
			})
		}))
		d.Actor("agent", actor.NewStaff("stf_1", actor.Agent, "ses_1", nil, d.Now.Add(-6*time.Minute)))
		d.Actor("again", actor.NewStaff("stf_1", actor.Agent, "ses_1", nil, d.Now)) // after the factor was shown
		d.Actor("other", actor.NewStaff("stf_2", actor.Agent, "ses_2", nil, d.Now))
		return d
	}
	word := regexp.MustCompile(`held:([A-Za-z0-9_-]+)`)
	d := desk(testSealer{})
	held := func(path, body string) string {
		t.Helper()
		w := d.Do("agent", "POST", path, body)
		leaks(t, d, w)
		found := word.FindStringSubmatch(w.Body.String())
		if w.Code != 401 || found == nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return found[1]
	}
	for _, path := range []string{"/calls/itx_1/keep", "/calls/itx_1/late"} {
		one := held(path, "note="+canaryPhone)
		if len(notes) != 0 {
			t.Fatal("carried out with an old factor")
		}
		if w := d.Do("other", "POST", "/again", "held="+one); w.Code != 409 || !strings.Contains(w.Body.String(), "web.held") || len(notes) != 0 {
			t.Errorf("another session goes on with it: %d", w.Code)
		}
		w := d.Do("again", "POST", "/again", "held="+one)
		leaks(t, d, w)
		switch path {
		case "/calls/itx_1/keep":
			if w.Code != 303 || w.Header().Get("Location") != "/calls/itx_1" || !slices.Equal(notes, []string{canaryPhone}) {
				t.Errorf("%d %q, notes %q", w.Code, w.Header().Get("Location"), notes)
			}
			notes = nil
		default: // decided on anew: this room is never content
			if w.Code != 401 || word.FindStringSubmatch(w.Body.String()) == nil {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	}
	long := "note=x&" + strings.Repeat("field=y&", 300) + "outcome=" + strings.Repeat("%20", 19_000)
	if w := d.Do("again", "POST", "/again", "held="+held("/calls/itx_1/keep", long)); w.Code != 422 { // it arrives, and is refused for what is in it
		t.Errorf("a long form: %d %s", w.Code, w.Body)
	}
	for name, tc := range map[string]struct {
		desk    *webtest.Desk
		method  string
		body    string
		header  []string
		status  int
		address string
	}{
		"a part of a page":     {d, "POST", "note=x", []string{"Amanah-Fragment", "1"}, 401, ""},
		"a script's JSON":      {d, "POST", "note=x", []string{"Accept", "application/json"}, 401, ""},
		"another media type":   {d, "POST", "{}", []string{"Content-Type", "application/json"}, 303, "/again"},
		"too large to be held": {d, "POST", "note=" + strings.Repeat("x", 70_000), nil, 303, "/again"},
		"nothing to seal with": {desk(testSealer{broken: errors.New("no key")}), "POST", "note=x", nil, 303, "/again"},
		"no sealer":            {desk(nil), "POST", "note=x", nil, 303, "/again"},
	} {
		w := tc.desk.Do("agent", tc.method, "/calls/itx_1/keep", tc.body, tc.header...)
		if w.Code != tc.status || w.Header().Get("Location") != tc.address || word.MatchString(w.Body.String()) {
			t.Errorf("%s: %d %q", name, w.Code, w.Header().Get("Location"))
		}
	}
	if len(notes) != 0 {
		t.Errorf("notes %q", notes)
	}
}

func TestACustomersPageKnowsNothingOfAStaffSession(t *testing.T) {
	asked := false
	d := desk(t, func(o *web.Options) {
		inner := o.Lookup
		o.Lookup = func(ctx context.Context, r *http.Request) (web.Visitor, error) { asked = true; return inner(ctx, r) }
	})
	w := d.Do("agent", "GET", "/v/token", "")
	if w.Code != 200 || asked || strings.Contains(w.Body.String(), "Rina") || strings.Contains(w.Body.String(), `class="side"`) {
		t.Error("the staff session is in use:", w.Code, asked)
	}
}

func TestHomeLeadsEachRoleToItsOwnPage(t *testing.T) {
	d := desk(t, func(o *web.Options) { o.Home = map[actor.Role]string{actor.Agent: "/calls/itx_1"} })
	if w := d.Do("agent", "GET", "/", ""); w.Header().Get("Location") != "/calls/itx_1" {
		t.Error(w.Header())
	}
	if w := d.Do("auditor", "GET", "/", ""); w.Code != 200 {
		t.Error("a role without a home is lost:", w.Code)
	}
}

func TestPostsFromOtherSitesAreRefused(t *testing.T) {
	d := desk(t, nil)
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		for _, target := range []string{"/calls/itx_1/note", "/preferences", "/api/v1/interactions/itx_1/compare"} {
			w := d.Do("agent", "POST", target, "note=x", header...)
			if w.Code != 403 || !strings.Contains(w.Body.String(), "web.cross_site") {
				t.Errorf("%v %s: %d", header, target, w.Code)
			}
		}
	}
	if w := d.Do("agent", "GET", "/calls/itx_1", "", "Sec-Fetch-Site", "cross-site"); w.Code != 200 {
		t.Error("a link from elsewhere is refused:", w.Code)
	}
	if w := d.Do("agent", "POST", "/calls/itx_1/note", "note=x", "Sec-Fetch-Site", "same-origin"); w.Code != 303 {
		t.Error("our own form is refused:", w.Code)
	}
	trusting := desk(t, func(o *web.Options) { o.Origins = []string{"https://crm.example"} })
	if w := trusting.Do("agent", "POST", "/calls/itx_1/note", "note=x", "Origin", "https://crm.example", "Sec-Fetch-Site", "cross-site"); w.Code != 303 {
		t.Error("a trusted origin is refused:", w.Code)
	}
}

func TestAFormAnswersWithARedirectAndAMessageShownOnce(t *testing.T) {
	d := desk(t, nil)
	w := d.Do("agent", "POST", "/calls/itx_1/note", "note=halo&level=2&field=a&field=b&agree=on&since=2026-11-01&outcome=done")
	if w.Code != 303 || w.Header().Get("Location") != "/calls/itx_1" {
		t.Fatal(w.Code, w.Body)
	}
	cookie := w.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Value != "sample.flash" {
		t.Errorf("%+v", cookie)
	}
	w = d.Do("agent", "GET", "/calls/itx_1", "", "Cookie", cookie.Name+"="+cookie.Value)
	if !strings.Contains(w.Body.String(), "Catatan tersimpan.") || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Error("the message is not shown or not forgotten")
	}
	w = d.Do("agent", "GET", "/calls/itx_1", "", "Cookie", cookie.Name+"=<b>hello")
	if strings.Contains(w.Body.String(), "hello") {
		t.Error("a stranger's cookie speaks on our page")
	}
	w = d.Do("agent", "POST", "/calls/itx_1/note", "note=x", "Amanah-Fragment", "1")
	if w.Code != 200 || !strings.HasPrefix(strings.TrimSpace(w.Body.String()), "<dl") {
		t.Error("no fragment:", w.Code, w.Body)
	}
}

func TestLanguageAndThemeAreChosenAndRememberedWithoutAScript(t *testing.T) {
	d := desk(t, nil)
	if body := d.Do("agent", "GET", "/calls/itx_1", "").Body.String(); !strings.Contains(body, `<html lang="id" data-theme="auto">`) {
		t.Error("Indonesian is not first")
	}
	if body := d.Do("agent", "GET", "/calls/itx_1", "", "Accept-Language", "en").Body.String(); !strings.Contains(body, `<html lang="en"`) || !strings.Contains(body, "Serving a call") {
		t.Error("English is not offered")
	}
	w := d.Do("agent", "GET", "/calls/itx_1?lang=en", "")
	if c := w.Result().Cookies(); len(c) != 1 || c[0].Name != "amanah_lang" || c[0].Value != "en" {
		t.Error("the language is not remembered:", c)
	}
	w = d.Do("agent", "POST", "/preferences", "theme=dark&lang=en&back=/calls/itx_1")
	if w.Code != 303 || w.Header().Get("Location") != "/calls/itx_1" || len(w.Result().Cookies()) != 2 {
		t.Error(w.Code, w.Header())
	}
	if body := d.Do("agent", "GET", "/calls/itx_1", "", "Cookie", "amanah_theme=dark; amanah_lang=en").Body.String(); !strings.Contains(body, `<html lang="en" data-theme="dark">`) {
		t.Error("the theme is not used")
	}
	for _, back := range []string{"//evil.example", "https://evil.example", "/\\evil.example", "%0d%0aX:y", "javascript:alert(1)", ""} {
		if to := d.Do("", "POST", "/preferences", "theme=dark&back="+back).Header().Get("Location"); to != "/" {
			t.Errorf("%q leads to %q", back, to)
		}
	}
}

func TestNavigationShowsEachRoleItsOwnAndMarksWhereOneIs(t *testing.T) {
	d := desk(t, func(o *web.Options) { o.SignOut, o.Banner = "/sign-out", "sample.flash" })
	body := d.Do("agent", "GET", "/calls/itx_1", "").Body.String()
	for _, must := range []string{`href="/calls" aria-current="page" data-key="g d"`, `href="/trail"`, "Rina", `action="/sign-out"`, `class="banner">Catatan tersimpan.`} {
		if !strings.Contains(body, must) {
			t.Errorf("%s is missing", must)
		}
	}
}

func TestRoutesAreListedWithTheirPolicies(t *testing.T) {
	d := desk(t, nil)
	var patterns []string
	for _, r := range d.Routes() {
		patterns = append(patterns, r.Pattern)
		if r.Pattern == "POST /api/v1/interactions/{interaction}/compare" && (!r.API || r.Access.Scope != "compare" || r.Room != "sample" || r.Summary == "" || r.Method != "POST") {
			t.Errorf("%+v", r)
		}
	}
	if !slices.IsSorted(patterns) || !slices.Contains(patterns, "GET /calls/{interaction}") || !slices.Contains(patterns, "GET /healthz") {
		t.Error(patterns)
	}
}

func TestAMethodThatIsNotThereNamesThoseThatAre(t *testing.T) {
	w := desk(t, nil).Do("agent", "DELETE", "/api/v1/interactions/itx_1/compare", "")
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Error(w.Code, w.Header().Get("Allow"))
	}
}

func TestOneEventPerRequestNamesThePatternAndNeverTheAddress(t *testing.T) {
	d := desk(t, nil)
	d.Do("agent", "GET", "/calls/itx_secret?lang=en", "")
	var event map[string]any
	if err := json.Unmarshal(d.Log.Bytes(), &event); err != nil {
		t.Fatal(err, d.Log)
	}
	if event["route"] != "GET /calls/{interaction}" || event["status"] != 200.0 || event["msg"] != "request" || event["actor"].(map[string]any)["role"] != "agent" || event["trace"] == "" {
		t.Error(event)
	}
	if strings.Contains(d.Log.String(), "itx_secret") || strings.Contains(d.Log.String(), "Rina") || strings.Contains(d.Log.String(), "lang=") {
		t.Error("the address or a name is in the log:", d.Log)
	}
	d.Log.Reset()
	d.Do("agent", "GET", "/secretplace", "")
	if !strings.Contains(d.Log.String(), `"route":"unmatched"`) || !strings.Contains(d.Log.String(), `"code":"web.not_found"`) || strings.Contains(d.Log.String(), "secretplace") {
		t.Error(d.Log)
	}
}

func TestARequestThatItsClientGaveUpIsNoErrorOfOurs(t *testing.T) {
	for name, c := range map[string]struct {
		cause  error
		status float64
		level  string
	}{
		"the browser went away": {nil, 499, "INFO"}, "the server stops": {http.ErrServerClosed, 503, "ERROR"},
	} {
		d := desk(t, func(o *web.Options) {
			o.Lookup = func(ctx context.Context, _ *http.Request) (web.Visitor, error) {
				return web.Visitor{}, errs.Wrap(errs.Unavailable, "db.busy", ctx.Err())
			}
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(c.cause)
		d.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/calls/itx_1", nil))
		var event map[string]any
		if err := json.Unmarshal(d.Log.Bytes(), &event); err != nil || event["status"] != c.status || event["level"] != c.level {
			t.Errorf("%s: %v %v", name, event, err)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = "127.0.0.1:5"
		d.Handler().ServeHTTP(w, r)
		if counted := strings.Contains(w.Body.String(), `class="5xx"`); counted != (c.status >= 500) {
			t.Errorf("%s: counted as an error of ours: %t", name, counted)
		}
	}
}

func TestCallersAreLimitedEachAndToldWhenToComeBack(t *testing.T) {
	d := desk(t, func(o *web.Options) { o.ActorLimit = web.Limits{Rate: 1, Burst: 3} })
	body, kind := `{"field":"phone","answer":"x"}`, []string{"Content-Type", "application/json"}
	for i := range 3 {
		w := d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", body, kind...)
		if w.Code != 200 || w.Header().Get("RateLimit-Policy") != `"caller";q=3;w=3` || !strings.HasPrefix(w.Header().Get("RateLimit"), `"caller";r=`+string(rune('2'-i))) {
			t.Error(i, w.Code, w.Header())
		}
	}
	w := d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", body, kind...)
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "Tunggu 1 detik") {
		t.Error(w.Code, w.Header(), w.Body)
	}
	d.Now = d.Now.Add(time.Second)
	if w = d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", body, kind...); w.Code != 200 {
		t.Error("not forgiven:", w.Code)
	}
	d = desk(t, func(o *web.Options) { o.AddressLimit = web.Limits{Rate: 1, Burst: 2} })
	for _, want := range []int{404, 404, 429} {
		if w := d.Do("", "GET", "/nowhere", ""); w.Code != want {
			t.Error(w.Code, "not", want)
		}
	}
	// Whoever is signed in is counted for himself, and leaves the address to its strangers.
	d = desk(t, func(o *web.Options) { o.AddressLimit = web.Limits{Rate: 1, Burst: 2} })
	for range 5 {
		if w := d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", body, kind...); w.Code != 200 {
			t.Error("a colleague behind one address:", w.Code)
		}
	}
	for _, want := range []int{404, 404, 429} {
		if w := d.Do("", "GET", "/nowhere", ""); w.Code != want {
			t.Error(w.Code, "not", want)
		}
	}
}

// Whoever has IPv6 has 2^64 addresses: to count each for itself would count nobody.
func TestAnIPv6CustomersAddressesAreOneCaller(t *testing.T) {
	d := desk(t, func(o *web.Options) { o.AddressLimit = web.Limits{Rate: 1, Burst: 2} })
	ask := func(from string) int {
		r := httptest.NewRequest("GET", "/nowhere", nil)
		r.RemoteAddr = "[" + from + "]:1"
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		return w.Code
	}
	for _, from := range []string{"2001:db8:1:2::1", "2001:db8:1:2:ffff::7"} {
		if got := ask(from); got != 404 {
			t.Error(got)
		}
	}
	if got := ask("2001:db8:1:2:aaaa:bbbb:cccc:dddd"); got != 429 {
		t.Error("a third address of one network was answered with", got)
	}
	if got := ask("2001:db8:1:3::1"); got != 404 {
		t.Error("the neighbour was answered with", got)
	}
}

func TestForwardedAddressesAreBelievedFromTrustedProxiesOnly(t *testing.T) {
	var got netip.Addr
	var secure bool
	for _, tc := range []struct {
		name, peer, forwarded, proto, want string
		secure                             bool
	}{
		{"a stranger lies", "203.0.113.9:1", "198.51.100.1", "https", "203.0.113.9", false},
		{"a proxy speaks", "10.0.0.1:1", "198.51.100.1", "https", "198.51.100.1", true},
		{"a client lies through a proxy", "10.0.0.1:1", "1.2.3.4, 198.51.100.1", "http", "198.51.100.1", false},
		{"two proxies", "10.0.0.1:1", "198.51.100.1, 10.0.0.2", "", "198.51.100.1", false},
		{"nonsense", "10.0.0.1:1", "x", "", "10.0.0.1", false},
		{"IPv4 in IPv6", "[::ffff:203.0.113.9]:1", "", "", "203.0.113.9", false},
		{"no port", "203.0.113.9", "", "", "203.0.113.9", false},
		{"a socket", "@", "", "", "0.0.0.0", false},
	} {
		d := webtest.New(t, func(o *web.Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }, sample(func(rt *web.Router) {
			rt.Page("GET /who", web.Access{Public: true}, func(r *web.Request) error {
				got, secure = r.Address(), r.Secure()
				return r.Redirect("/")
			})
		}))
		r := httptest.NewRequest("GET", "/who", nil)
		r.RemoteAddr = tc.peer
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		r.Header.Set("X-Forwarded-Proto", tc.proto)
		d.Handler().ServeHTTP(httptest.NewRecorder(), r)
		if got.String() != tc.want || secure != tc.secure {
			t.Errorf("%s: %s %v", tc.name, got, secure)
		}
	}
}

func TestHealthReadinessAndMetricsSayNothingAboutAnybody(t *testing.T) {
	broken := errors.New("disk of " + canaryMail)
	checks := []web.Check{{Name: "store", Ask: func(context.Context) error { return nil }}, {Name: "keys", Ask: func(context.Context) error { return broken }}}
	d := desk(t, func(o *web.Options) { o.Checks = checks })
	if w := d.Do("", "GET", "/healthz", ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
		t.Error(w.Code, w.Body)
	}
	w := d.Do("", "GET", "/readyz", "")
	leaks(t, d, w)
	if w.Code != 503 || strings.TrimSpace(w.Body.String()) != `{"alarms":[],"failed":["keys"],"status":"degraded"}` {
		t.Error(w.Code, w.Body)
	}
	// An alarm is named and keeps nobody from being served; what else fails still counts.
	log := web.Check{Name: "log", Alarm: true, Ask: func(context.Context) error { return broken }}
	for _, tc := range []struct {
		checks []web.Check
		code   int
		body   string
	}{
		{checks[:1], 200, `{"alarms":[],"failed":[],"status":"ok"}`},
		{[]web.Check{checks[0], log}, 200, `{"alarms":["log"],"failed":[],"status":"alarm"}`},
		{[]web.Check{log, checks[1], checks[0]}, 503, `{"alarms":["log"],"failed":["keys"],"status":"degraded"}`},
	} {
		d := desk(t, func(o *web.Options) { o.Checks = tc.checks })
		w := d.Do("", "GET", "/readyz", "")
		leaks(t, d, w)
		if w.Code != tc.code || strings.TrimSpace(w.Body.String()) != tc.body || (w.Header().Get("Retry-After") != "") != (tc.code == 503) {
			t.Error(w.Code, w.Header(), w.Body)
		}
	}
	ended := make(chan struct{})
	defer close(ended)
	checks[1].Ask = func(context.Context) error { <-ended; return nil }
	if w := desk(t, func(o *web.Options) { o.Checks = checks }).Do("", "GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "timeout") {
		t.Error("a check that hangs holds everybody:", w.Code, w.Body)
	}
	d.Do("agent", "GET", "/calls/"+canaryNIK, "")
	ask := func(peer string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = peer
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		return w
	}
	w = ask("127.0.0.1:5")
	leaks(t, d, w)
	for _, must := range []string{`amanah_http_requests_total{class="2xx",method="GET",route="GET /calls/{interaction}"} 1`, `amanah_http_request_seconds_bucket{route="GET /readyz"`, "amanah_http_in_flight 1"} {
		if !strings.Contains(w.Body.String(), must) {
			t.Errorf("%s is missing", must)
		}
	}
	if ask("203.0.113.9:5").Code != 404 || ask("127.0.0.1:5", "X-Forwarded-For", "203.0.113.9").Code != 404 {
		t.Error("a stranger reads the metrics")
	}
}

func TestAPageAboutEveryProblemIsServed(t *testing.T) {
	d := desk(t, nil)
	w := d.Do("", "GET", "/problems/sample.refused", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Mohon maaf") {
		t.Error(w.Code, w.Body)
	}
	if w = d.Do("", "GET", "/problems/web.too_many", ""); strings.Contains(w.Body.String(), "⟦") || !strings.Contains(w.Body.String(), "Tunggu … detik") {
		t.Error("a value is missing")
	}
	if w = d.Do("", "GET", "/problems/"+canaryPhone, ""); w.Code != 404 {
		t.Error(w.Code)
	}
	leaks(t, d, w)
}

func TestTheGalleryShowsEveryFixtureInBothLanguagesAndThemes(t *testing.T) {
	d := desk(t, nil)
	get := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		d.Gallery().ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		return w
	}
	root, err := html.Parse(get("/").Body)
	if err != nil {
		t.Fatal(err)
	}
	var visit func(*html.Node)
	seen := 0
	visit = func(n *html.Node) {
		if n.Data == "a" {
			for _, a := range n.Attr {
				if a.Key == "href" && strings.HasPrefix(a.Val, "/page?") {
					seen++
					if w := get(a.Val); w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "'none'") {
						t.Errorf("%s: %d", a.Val, w.Code)
					}
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(root)
	if seen < 40 {
		t.Errorf("only %d links", seen)
	}
	for _, bad := range []string{"/page?room=none&i=0", "/page?room=sample&i=99", "/page?room=sample&i=x"} {
		if w := get(bad); w.Code != 404 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
	if w := get("/static/x"); w.Code != 404 {
		t.Error(w.Code)
	}
}

package apitest

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

// mark is in everything hostile that is sent, so that an echo is found whatever became of the rest.
const mark = "zq7Hostile3xv"

// hostile are texts that have broken other programs.
var hostile = map[string]string{
	"SQL":            `' or '1'='1'; drop table vault_subject; -- ` + mark,
	"HTML":           `"><script>alert('` + mark + `')</script><img src=x onerror=alert(1)>`,
	"a header":       mark + "\r\nSet-Cookie: amanah=1\r\n\r\n<html>",
	"a CSV formula":  `=HYPERLINK("http://` + mark + `.example","x")`,
	"a CSV command":  `+cmd|' /C calc'!A0` + mark,
	"a log line":     mark + "\n{\"level\":\"ERROR\",\"msg\":\"forged\"}",
	"a path":         `../../../../etc/passwd/` + mark,
	"a template":     `{{.}}${jndi:ldap://x}%s%n%x` + mark,
	"a NUL":          mark + "\x00x",
	"right to left":  "\u202e" + mark + "\u2066\ufeff",
	"an LDAP filter": `*)(uid=*))(|(uid=*` + mark,
	"a long text":    strings.Repeat(mark, 400),
	"an emoji":       strings.Repeat("👩‍👩‍👧‍👧", 20) + mark,
}

// unhurt says what is wrong with the answer to something hostile: it must be no defect of ours, it must not repeat what
// was sent, and a refusal must have a code and a next step in both languages.
func (w *world) unhurt(what string, r response) {
	w.t.Helper()
	if r.status >= 500 {
		w.t.Errorf("%s: %d\n%.600s", what, r.status, r.body)
		return
	}
	if r.status < 400 {
		return
	}
	if strings.Contains(strings.ToLower(r.text()), strings.ToLower(mark)) {
		w.t.Errorf("%s: the answer repeats it: %d\n%.600s", what, r.status, r.text())
	}
	media := r.header.Get("Content-Type")
	switch {
	case media == "application/problem+json":
		var p struct {
			Code   string            `json:"code"`
			Titles map[string]string `json:"titles"`
			Next   map[string]string `json:"next"`
		}
		if err := json.Unmarshal([]byte(r.body), &p); err != nil || p.Code == "" || p.Titles["id"] == "" || p.Titles["en"] == "" || p.Next["id"] == "" || p.Next["en"] == "" {
			w.t.Errorf("%s: a problem without words: %.600s", what, r.body)
		}
	case media == "application/scim+json":
		var e struct{ Status, Detail string }
		if err := json.Unmarshal([]byte(r.body), &e); err != nil || e.Status != strconv.Itoa(r.status) || e.Detail == "" {
			w.t.Errorf("%s: an error without words: %.600s", what, r.body)
		}
	case strings.HasPrefix(media, "text/html"):
		if !strings.Contains(r.body, "<h1") || strings.Contains(r.body, "⟦") {
			_, title, _ := strings.Cut(r.body, "<title>")
			w.t.Errorf("%s: %d, a page without words: %.120s", what, r.status, title)
		}
	case r.status == 431 || r.status == 400:
		// net/http itself, before anything of ours: a bare line
	default:
		w.t.Errorf("%s: %d as %q", what, r.status, media)
	}
	if r.header.Get("Set-Cookie") != "" && strings.Contains(r.header.Get("Set-Cookie"), "amanah=1") {
		w.t.Errorf("%s: a header was injected", what)
	}
}

// unforged checks the server's log: one JSON object a line, none of them ours to write.
func (w *world) unforged() {
	w.t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(w.log.String()), "\n") {
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil || event["msg"] == "forged" {
			w.t.Errorf("the log was written into: %.300s", line)
		}
		if strings.Contains(line, mark) {
			w.t.Errorf("the log holds what was sent: %.300s", line)
		}
	}
}

// desk is a world with an agent in a verified call and somebody for every operation.
type desk struct {
	*world
	agent, dpo, auditor *person
	admin, starter      *person // the starter's calls end one another, as one agent's do
	key                 string  // of an API client with every scope
	itx, subject        string
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	return deskIn(t, open(t, ""))
}

func deskIn(t *testing.T, w *world) *desk {
	t.Helper()
	d := &desk{world: w}
	var machine *client.Client
	machine, d.key = d.machine("all", []string{d.toko}, scopes...)
	d.subject = d.customer(machine, d.toko, 1)
	d.agent = d.agentOf("agent", actor.Agent)
	d.dpo, d.auditor, d.admin = d.agentOf("dpo", actor.DPO), d.agentOf("auditor", actor.Auditor), d.agentOf("admin", actor.Admin)
	d.starter = d.agentOf("starter", actor.Agent)
	d.sleep(31 * time.Second)
	for _, p := range []*person{d.agent, d.dpo, d.auditor, d.admin, d.starter} {
		d.browse(p)
	}
	d.itx = d.serving(d.agent, 1)
	return d
}

func (d *desk) agentOf(name string, role actor.Role) *person { return d.signIn(d.hire(name, role)) }

// bearer is a credential that may use the route.
func (d *desk) bearer(pattern string) string {
	switch rule := rules[pattern]; {
	case rule.open:
		return ""
	case pattern == "POST /api/v1/interactions":
		return d.starter.token
	case rule.alone && rule.roles == "":
		return d.key
	case strings.Contains(rule.roles, "agent"):
		return d.agent.token
	case strings.Contains(rule.roles, "dpo"):
		return d.dpo.token
	}
	return d.auditor.token
}

// tick keeps the call alive and the callers below their limits.
func (d *desk) tick() {
	d.sleep(60 * time.Millisecond)
	if d.from.Load()%40 == 0 {
		d.must(d.agent.Heartbeat(d.t.Context(), d.itx))
	}
}

// target fills a pattern with the ids of things that exist.
func (d *desk) target(pattern string) (method, target string) {
	pattern = strings.NewReplacer("{interaction}", d.itx, "{subject}", d.subject, "{customer}", d.subject, "{purpose}", d.purpose("order_status")).Replace(pattern)
	return path(pattern)
}

// examples are bodies of the API's operations that are right.
func (d *desk) examples() map[string]string {
	out := bodies(d.world, d.subject, d.dpo.id)
	out["POST /api/v1/sessions"] = `{"login":"masuk-agent","password":"salah-sama-sekali","code":"000000"}`
	out["POST /api/v1/customers"] = `{"controller":"` + d.toko + `","purpose":"` + d.purpose("registration") + `","values":[{"field":"name","value":"Ani"}]}`
	out["POST /api/v1/interactions"] = `{"controller":"` + d.toko + `","channel":"phone","direction":"inbound","queue":"q","language":"id","case":"c","from":"+628990000001"}`
	out["POST /api/v1/interactions/events"] = `{"specversion":"1.0","id":"i","source":"s","type":"contact.offered","subject":"c","sequence":1,"data":{"controller":"` + d.toko + `","channel":"phone","direction":"inbound","queue":"q","from":"+628990000001","agent":"x"}}`
	out["POST /api/v1/purposes"] = `{"controller":"` + d.toko + `","slug":"lain","basis":"contract","name":{"id":"Nama","en":"Name"},"fields":{"reveal":["name"]},"script":{"id":"Salam {agent} {company}","en":"Hello {agent} {company}"}}`
	out["POST /desk/start"] = "channel=phone&direction=inbound&number=0899&case=c&controller=" + d.toko
	out["POST /api/v1/approvals/{approval}/approve"] = `{"reason":"baik"}`
	out["POST /api/v1/approvals/{approval}/refuse"] = `{"reason":"tidak"}`
	for pattern := range out {
		// What would end the call is sent with something that is no choice, so that the others can go on.
		if strings.HasSuffix(pattern, "/move") || strings.HasSuffix(pattern, "/seal") || strings.HasSuffix(pattern, "/refuse") && strings.Contains(pattern, "interaction") ||
			strings.HasSuffix(pattern, "/transfer") {
			out[pattern] = strings.NewReplacer("disconnect", "x", "resolved", "x", "suspicious", "x", d.dpo.id, "x").Replace(out[pattern])
		}
	}
	return out
}

// planted gives every variant of a JSON text with one string in it replaced: member values first, then member names.
func planted(text, by string) []string {
	var root any
	if json.Unmarshal([]byte(text), &root) != nil {
		return nil
	}
	var out []string
	emit := func() {
		b, _ := json.Marshal(root)
		out = append(out, string(b))
	}
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for name, below := range v {
				walk(below, func(n any) { v[name] = n })
				delete(v, name)
				v[by] = below
				emit()
				delete(v, by)
				v[name] = below
			}
		case []any:
			for i, below := range v {
				walk(below, func(n any) { v[i] = n })
			}
		}
		set(by)
		emit()
		set(v)
	}
	walk(root, func(n any) { root = n })
	return out
}

func TestHostileTextInEveryPositionOfEveryOperationHurtsNothing(t *testing.T) {
	each(t, hostileEverywhere)
}

func hostileEverywhere(t *testing.T, w *world) {
	d := deskIn(t, w)
	examples, sent := d.examples(), 0
	for _, route := range d.Web.Routes() {
		method, target := d.target(route.Pattern)
		media, header := "application/json", []string{"Authorization", "Bearer " + d.bearer(route.Pattern)}
		if route.Pattern == "POST /api/v1/interactions/events" {
			media = "application/cloudevents+json"
		}
		if rules[route.Pattern].open {
			header = nil
		}
		if !route.API {
			media = "application/x-www-form-urlencoded"
			header = []string{"Cookie", identity.CookieName + "=" + d.cookieFor(route.Pattern), "Sec-Fetch-Site", "same-origin", "Accept", "text/html"}
		}
		if strings.HasSuffix(target, "/events") && method == "GET" || strings.HasPrefix(target, "/sign-out") || method == "DELETE" || strings.Contains(target, "end-others") {
			continue
		}
		for name, text := range hostile {
			// The clock was set forward, which may end the log's lease until it renews it by itself.
			for target == "/readyz" && d.send("GET", target, "").status != http.StatusOK {
				time.Sleep(10 * time.Millisecond)
			}
			what := route.Pattern + " with " + name
			var variants []string
			if route.API {
				variants = planted(examples[route.Pattern], text)
			} else if form, err := url.ParseQuery(examples[route.Pattern]); err == nil {
				for field := range form {
					changed := url.Values{}
					for f, v := range form {
						changed[f] = v
					}
					changed.Set(field, text)
					variants = append(variants, changed.Encode())
				}
			}
			for _, body := range variants {
				sent++
				d.unhurt(what+" in the body", d.send(method, target, body, append([]string{"Content-Type", media}, header...)...))
				d.tick()
			}
			// In the path, the query and the headers, where one route of a kind stands for all.
			if name == "HTML" || name == "SQL" || name == "a path" || name == "a NUL" {
				sent += 2
				d.unhurt(what+" in the query", d.send(method, target+"?q="+url.QueryEscape(text)+"&after="+url.QueryEscape(text), "", header...))
				pattern := route.Pattern
				for strings.Contains(pattern, "{") {
					before, rest, _ := strings.Cut(pattern, "{")
					_, after, _ := strings.Cut(rest, "}")
					pattern = before + url.PathEscape(text) + after
				}
				_, odd, _ := strings.Cut(pattern, " ")
				if pattern != route.Pattern && !strings.HasSuffix(route.Pattern, "{$}") {
					d.unhurt(what+" in the path", d.send(method, odd, examples[route.Pattern], append([]string{"Content-Type", media}, header...)...))
				}
				d.tick()
			}
		}
		d.sleep(time.Second)
		d.must(d.agent.Heartbeat(t.Context(), d.itx))
	}
	for _, name := range []string{"Accept-Language", "Cookie", "X-Forwarded-For", "Idempotency-Key", "Authorization", "Amanah-On-Behalf-Of", "Ce-Id", "Content-Type", "Accept", "If-Match", "User-Agent", "Referer", "Origin"} {
		for what, text := range hostile {
			if strings.ContainsAny(text, "\r\n\x00") {
				continue // no header can hold it
			}
			sent++
			d.unhurt(name+" with "+what, d.send("POST", "/api/v1/customers", examples["POST /api/v1/customers"], "Authorization", "Bearer "+d.key, "Content-Type", "application/json", name, text))
			d.unhurt(name+" with "+what+" on a page", d.send("GET", "/sign-in", "", name, text))
			d.sleep(200 * time.Millisecond)
		}
	}
	t.Logf("%d hostile requests", sent)
	// Nothing of it moved the call.
	if v, err := d.agent.Interaction(t.Context(), d.itx); err != nil || v.State != "serving" || v.Agent != d.agent.id {
		t.Errorf("the call is %+v %v", v, err)
	}
	// What was stored of it comes out escaped.
	for _, page := range []string{"/purposes", "/log", "/outbox", "/staff", "/approvals", "/rules"} {
		r := d.console(d.dpo).do("GET", page, nil)
		if r.status != 200 || strings.Contains(r.body, "<script>alert") || strings.Contains(r.body, "<img src=x") {
			t.Errorf("%s: %d", page, r.status)
		}
	}
	d.unforged()
	d.verified()
}

// cookieFor is the console session of somebody who may use the page.
func (d *desk) cookieFor(pattern string) string {
	roles := rules[pattern].roles
	switch {
	case pattern == "POST /desk/start":
		return d.starter.cookie
	case strings.Contains(roles, "agent"):
		return d.agent.cookie
	case strings.Contains(roles, "dpo"):
		return d.dpo.cookie
	case strings.Contains(roles, "auditor"):
		return d.auditor.cookie
	}
	return d.admin.cookie
}

func TestABodyThatIsNoRequestIsRefusedByEveryOperation(t *testing.T) {
	d := openDesk(t)
	deep := strings.Repeat("[", 100_000)
	bodies := map[string]struct {
		body, media string
		status      []int
	}{
		"cut off":             {`{"a":`, "application/json", []int{400}},
		"no value":            {`nul`, "application/json", []int{400}},
		"two values":          {`{} {}`, "application/json", []int{400}},
		"a list":              {`[1,2]`, "application/json", []int{422, 400}},
		"a text":              {`"` + mark + `"`, "application/json", []int{422, 400}},
		"a comment":           {`{/* ` + mark + ` */}`, "application/json", []int{400}},
		"a name twice":        {`{"` + mark + `":1,"` + mark + `":2}`, "application/json", []int{400}},
		"a name in two cases": {`{"Field":1,"field":2}`, "application/json", []int{400}},
		"nested without end":  {deep, "application/json", []int{400, 413}},
		"nested objects":      {strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200), "application/json", []int{400}},
		"not UTF-8":           {"{\"a\":\"\xff\xfe" + mark + "\"}", "application/json", []int{400}},
		"UTF-16":              {"\xff\xfe{\x00}\x00", "application/json", []int{400}},
		"a byte order mark":   {"\xef\xbb\xbf{}", "application/json", []int{400}},
		"half a surrogate":    {`{"a":"\ud800` + mark + `"}`, "application/json", []int{400, 422}},
		"a huge number":       {`{"a":1e999999}`, "application/json", []int{400, 422}},
		"unknown members":     {`{"` + mark + `":"` + mark + `"}`, "application/json", []int{422}},
		"text/plain":          {`{}`, "text/plain", []int{415}},
		"XML":                 {`<a>` + mark + `</a>`, "application/xml", []int{415}},
		"a form":              {`a=` + mark, "application/x-www-form-urlencoded", []int{415}},
		"multipart":           {"--b\r\n\r\n" + mark + "\r\n--b--", "multipart/form-data; boundary=b", []int{415}},
		"another charset":     {`{}`, "application/json; charset=utf-16", []int{415}},
		"a bad media type":    {`{}`, ";;;" + mark, []int{415}},
		"no media type":       {`{}`, "", []int{415}},
		"too much":            {`{"a":"` + strings.Repeat("x", 2<<20) + `"}`, "application/json", []int{413}},
	}
	sent := 0
	for _, route := range d.Web.Routes() {
		if !route.API || route.Method == "GET" || route.Method == "DELETE" {
			continue
		}
		method, target := d.target(route.Pattern)
		noBody := d.examples()[route.Pattern] == ""
		for what, b := range bodies {
			header := []string{"Authorization", "Bearer " + d.bearer(route.Pattern)}
			if b.media != "" {
				header = append(header, "Content-Type", b.media)
			}
			sent++
			r := d.send(method, target, b.body, header...)
			name := route.Pattern + " with " + what
			d.unhurt(name, r)
			fine := slices.Contains(b.status, r.status) || r.status == 429
			if route.Pattern == "POST /api/v1/interactions/events" {
				fine = fine || r.status == 422 // it reads its body itself
			}
			// An operation without a body does not look at a well-formed one.
			if !fine && !(noBody && r.status < 500) {
				t.Errorf("%s: %d, not %v\n%.300s", name, r.status, b.status, r.body)
			}
			d.tick()
		}
		d.sleep(2 * time.Second)
		d.must(d.agent.Heartbeat(t.Context(), d.itx))
	}
	t.Logf("%d requests", sent)
	// A body of unknown length is no way around the limit.
	r, err := http.NewRequest("POST", d.server.URL+"/api/v1/interactions", io.MultiReader(strings.NewReader(`{"a":"`), strings.NewReader(strings.Repeat("x", 2<<20))))
	d.must(err)
	r.Header.Set("Authorization", "Bearer "+d.agent.token)
	r.Header.Set("Content-Type", "application/json")
	if got := d.roundTrip(r); got.status != 413 {
		t.Errorf("without a length: %d", got.status)
	}
	d.unforged()
	d.verified()
}

func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	d := openDesk(t)
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	byPath := map[string][]string{}
	for _, route := range d.Web.Routes() {
		method, target := d.target(route.Pattern)
		byPath[target] = append(byPath[target], method)
	}
	for target, known := range byPath {
		if strings.HasPrefix(target, "/static/") {
			continue
		}
		for _, method := range methods {
			if slices.Contains(known, method) {
				continue
			}
			r := d.send(method, target, "", "Sec-Fetch-Site", "same-origin")
			d.unhurt(method+" "+target, r)
			// A path may also be of another pattern, such as /interactions/events of /interactions/{interaction}.
			if r.status == 405 && r.header.Get("Allow") == "" || r.status < 400 && r.status != 303 || r.status == 404 && method != "GET" {
				t.Errorf("%s %s: %d, Allow %q", method, target, r.status, r.header.Get("Allow"))
			}
		}
		for _, method := range []string{"TRACE", "PROPFIND", "OPTIONS", strings.ToUpper(mark)} {
			r := d.send(method, target, "")
			d.unhurt(method+" "+target, r)
			if r.status != 405 && r.status != 403 {
				t.Errorf("%s %s: %d", method, target, r.status)
			}
		}
		d.sleep(300 * time.Millisecond)
	}
	d.unforged()
}

func TestNoPathLeadsOutOfTheHouse(t *testing.T) {
	w := open(t, "")
	for _, target := range []string{
		"/static/../../root.key", "/static/%2e%2e/%2e%2e/root.key", "/static/..%2f..%2froot.key", "/static/....//root.key", "/static/web/../../../root.key",
		"/static//etc/passwd", "/static/%5c..%5croot.key", "/static/web/%00.css", "/../root.key", "/%2e%2e/root.key", "//evil.example/", "/api/v1/../../root.key",
		"/api/v1/imports/..%2f..%2froot.key", "/v/..%2f..%2froot.key", "/problems/..%2f..%2froot.key", "/data.db", "/root.key", "/.git/config", "/static/",
		"/sign-in/", "/sign-in//second", "/api", "/api/", "/api/v2/sessions", "/problems/" + mark, "/" + strings.Repeat("a", 3000), "/?" + strings.Repeat("a", 3000),
	} {
		r := w.send("GET", target, "")
		w.unhurt(target, r)
		if r.status < 400 || strings.Contains(r.body, "root:") {
			t.Errorf("%s: %d %s", target, r.status, r.header.Get("Location"))
		}
	}
	for _, next := range []string{"//evil.example", "https://evil.example/", "/\\evil.example", "/%0d%0aSet-Cookie:a=1", "javascript:alert(1)", "/a\r\nb"} {
		r := w.send("GET", "/sign-in?next="+url.QueryEscape(next), "")
		w.unhurt("next="+next, r)
		if strings.Contains(r.body, "evil.example") || strings.Contains(r.body, "javascript:alert") {
			t.Errorf("the sign-in page would lead to %q", next)
		}
		b := w.browser()
		if r := b.do("POST", "/preferences", url.Values{"lang": {"en"}, "back": {next}}); r.status == 303 && strings.Contains(r.header.Get("Location"), "evil") {
			t.Errorf("a redirect to %q", r.header.Get("Location"))
		}
	}
	w.unforged()
}

func TestAPageElsewhereCannotPostInSomebodysName(t *testing.T) {
	d := openDesk(t)
	forms := d.examples()
	asked := 0
	for _, route := range d.Web.Routes() {
		if route.Method == "GET" {
			continue
		}
		method, target := d.target(route.Pattern)
		for what, header := range map[string][]string{
			"by what the browser says": {"Sec-Fetch-Site", "cross-site"},
			"from a sibling":           {"Sec-Fetch-Site", "same-site"},
			"by its origin":            {"Origin", "https://evil.example"},
			"by an opaque origin":      {"Origin", "null"},
		} {
			asked++
			media := "application/x-www-form-urlencoded"
			if route.API {
				media = "application/json"
			}
			r := d.send(method, target, forms[route.Pattern], append([]string{"Cookie", identity.CookieName + "=" + d.cookieFor(route.Pattern), "Content-Type", media}, header...)...)
			if r.status != 403 || !strings.Contains(r.body, "web.cross_site") && !strings.Contains(r.body, "cross") && route.API {
				t.Errorf("%s %s: %d\n%.300s", route.Pattern, what, r.status, r.body)
			}
		}
		d.tick()
	}
	t.Logf("%d posts", asked)
	if s, err := d.agent.Summary(t.Context(), d.itx); err != nil || s.Notes != 0 {
		t.Errorf("something came through: %+v %v", s, err)
	}
	// A console session is no credential of a program and the other way round (checked for every route in access_test.go);
	// no answer allows another origin to read.
	r := d.send("GET", "/api/openapi.json", "", "Origin", "https://evil.example")
	for name := range r.header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Error(name, "is sent")
		}
	}
}

func TestAPlantedSessionIsWorthNothing(t *testing.T) {
	w := open(t, "")
	attacker, victim := w.hire("attacker", actor.Agent), w.hire("victim", actor.Agent)
	w.browse(attacker)
	b := w.browser()
	b.cookies[identity.CookieName] = attacker.cookie
	if r := b.do("POST", "/sign-in", url.Values{"login": {victim.login}, "password": {password}}); r.status != 200 {
		t.Fatal(r.status)
	}
	planted := b.cookies
	step := map[string]string{}
	for name, value := range planted {
		step[name] = value
	}
	if r := b.do("POST", "/sign-in/second", url.Values{"code": {w.code(victim)}}); r.status != 303 {
		t.Fatal(r.status)
	}
	if b.cookies[identity.CookieName] == attacker.cookie || b.cookies[identity.CookieName] == "" {
		t.Error("the planted session became the victim's")
	}
	// The step between the factors is spent too.
	again := w.browser()
	again.cookies = step
	w.sleep(31 * time.Second)
	if r := again.do("POST", "/sign-in/second", url.Values{"code": {w.code(victim)}}); r.status == 303 && again.cookies[identity.CookieName] != "" && again.cookies[identity.CookieName] != attacker.cookie {
		t.Error("a spent step signs in again")
	}
	for _, made := range []string{"", "x", strings.Repeat("A", 43), "amanah_s_" + strings.Repeat("A", 43), attacker.cookie + "x"} {
		r := w.send("GET", "/account", "", "Cookie", identity.CookieName+"="+made)
		if !away(r) {
			t.Errorf("a made-up session of %d characters: %d", len(made), r.status)
		}
	}
}

func TestEventsThatAreReplayedLateOrLostOnlyLowerRights(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	pbx, _ := w.machine("PBX", []string{w.toko}, "events")
	w.customer(importer, w.toko, 1)
	agent := w.agent("agent")
	event := func(id string, sequence int64, kind string) client.Event {
		return client.Event{ID: id, Source: "pbx", Type: kind, Contact: "c1", Sequence: sequence,
			Data: client.EventData{Controller: w.toko, Channel: "phone", Direction: "inbound", From: phone(1), Agent: agent.id}}
	}
	rung, err := pbx.ReportEvent(ctx, event("1", 1, "contact.offered"))
	w.must(err)
	connected, err := pbx.ReportEvent(ctx, event("2", 2, "contact.connected"))
	w.must(err)
	itx := rung.Interaction
	if connected.Interaction != itx {
		t.Fatal("two contacts for one")
	}
	w.must(agent.Heartbeat(ctx, itx))
	w.must(agent.ChoosePurpose(ctx, itx, w.purpose("order_status"), "id"))
	found, err := agent.Search(ctx, itx, "phone", phone(1))
	w.must(err)
	w.must(agent.Identify(ctx, itx, found.Hits[0].Subject))
	one, err := agent.SendLink(ctx, itx, "")
	w.must(err)
	w.confirm(w.link(), one.Number)
	ask := client.Reveal{Fields: []string{"name"}, Reason: "menyapa"}
	if _, err := agent.Reveal(ctx, itx, ask); err != nil {
		t.Fatal(err)
	}
	// The same again, in any order, moves nothing.
	for _, e := range []client.Event{event("2", 2, "contact.connected"), event("1", 1, "contact.offered"), event("2", 2, "contact.connected")} {
		if out, err := pbx.ReportEvent(ctx, e); err != nil || out.Outcome != "duplicate" {
			t.Errorf("a replay: %+v %v", out, err)
		}
	}
	if _, err := agent.Reveal(ctx, itx, ask); err != nil {
		t.Error("a replay took something away:", err)
	}
	// One that jumps a number means that something was lost: what was verified counts for nothing.
	if out, err := pbx.ReportEvent(ctx, event("9", 9, "contact.resumed")); err != nil || out.Outcome == "duplicate" {
		t.Errorf("a gap: %+v %v", out, err)
	}
	_, err = agent.Reveal(ctx, itx, ask)
	refused(t, err, 403, "")
	// Late ones cannot give it back, nor can another client speak for this contact.
	for i, kind := range []string{"contact.connected", "contact.resumed", "contact.offered", "contact.transferred"} {
		out, err := pbx.ReportEvent(ctx, event(fmt.Sprint("late", i), int64(3+i), kind))
		// A transfer is taken however late it is: it can only take somebody off the call.
		if err != nil || out.Outcome == "applied" && kind != "contact.transferred" {
			t.Errorf("late %s: %+v %v", kind, out, err)
		}
		if _, err := agent.Reveal(ctx, itx, ask); err == nil {
			t.Errorf("late %s gave a right back", kind)
		}
	}
	other, _ := w.machine("other PBX", []string{w.toko}, "events")
	if out, err := other.ReportEvent(ctx, event("x", 10, "contact.ended")); err == nil && out.Interaction == itx {
		t.Error("another client ended the contact")
	}
	for what, e := range map[string]client.Event{
		"no type": {ID: "a", Source: "s", Contact: "c", Sequence: 1}, "no source": {ID: "a", Type: "contact.offered", Contact: "c"},
		"a negative number": {ID: "a", Source: "s", Type: "contact.offered", Contact: "c", Sequence: -1},
		"a long id":         {ID: strings.Repeat(mark, 40), Source: "s", Type: "contact.offered", Contact: "c"},
		"no company":        {ID: "b", Source: "s", Type: "contact.offered", Contact: "c2", Data: client.EventData{Controller: "ctl_none"}},
	} {
		if _, err := pbx.ReportEvent(ctx, e); status(err) < 400 || status(err) >= 500 {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.verified()
}

// What net/http would never send goes down the wire as it is.
func TestBrokenHTTPIsRefusedAndLeavesNoTrace(t *testing.T) {
	w := open(t, "")
	host := w.server.Listener.Addr().String()
	for what, raw := range map[string]string{
		"two lengths":         "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\na=" + mark,
		"length and chunks":   "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"no host":             "GET / HTTP/1.1\r\n\r\n",
		"a header split":      "GET / HTTP/1.1\r\nHost: x\r\n" + mark + "\r\n\r\n",
		"a huge header":       "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat(mark, 4000) + "\r\n\r\n",
		"a NUL in a header":   "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=\x00" + mark + "\r\n\r\n",
		"a control in a path": "GET /\x01" + mark + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"an absolute address": "GET http://evil.example/" + mark + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"another protocol":    "SSH-2.0-" + mark + "\r\n",
		"bad chunks":          "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + mark,
	} {
		c, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}) //nolint:gosec // the test's own server
		w.must(err)
		w.must(c.SetDeadline(time.Now().Add(20 * time.Second)))
		_, err = io.WriteString(c, raw)
		w.must(err)
		a, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%s: no answer: %v", what, err)
			_ = c.Close()
			continue
		}
		body, _ := io.ReadAll(io.LimitReader(a.Body, 1<<16))
		if a.StatusCode < 400 || a.StatusCode >= 500 && a.StatusCode != 501 {
			t.Errorf("%s: %d", what, a.StatusCode)
		}
		if strings.Contains(string(body)+fmt.Sprint(a.Header), mark) {
			t.Errorf("%s: repeated\n%.300s", what, body)
		}
		_ = a.Body.Close()
		_ = c.Close()
	}
	w.unforged()
}

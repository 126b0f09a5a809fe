package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func TestTheTextsAreWholeInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "attack", FS: Messages}) {
		t.Error(fault)
	}
	catalogue, err := i18n.Load(i18n.Source{Room: "attack", FS: Messages})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range Rows() {
		if row.Number != i+1 {
			t.Errorf("row %d stands in place %d", row.Number, i+1)
		}
		for _, lang := range i18n.Langs() {
			p := catalogue.For(lang, time.UTC)
			keys := []string{"attack.row_" + row.Name + "_title", "attack.row_" + row.Name + "_control"}
			for _, l := range row.Limits {
				keys = append(keys, "attack.bound_"+l.What)
			}
			if row.Left || len(row.Absent) > 0 {
				keys = append(keys, "attack.row_"+row.Name+"_left")
			}
			for _, key := range keys {
				if !p.Has(key) {
					t.Errorf("%s: %s is missing", lang, key)
				}
			}
		}
	}
	if n := len(Rows()); n != 20 {
		t.Errorf("%d rows", n)
	}
}

// house is an installation with a double in front of its server.
type house struct {
	*Stage
	front *double
	steal func(ctx context.Context, look func(string, []byte)) error
}

// double stands in front of the server. hole gives away what the product refuses; nil lets everything through. It knows the
// values of the newest customers, because it saw them arrive.
type double struct {
	server http.Handler
	mu     sync.Mutex
	deaf   *regexp.Regexp // requests that never reach the server
	hole   func(w http.ResponseWriter, r *http.Request, said *httptest.ResponseRecorder, d *double) bool
	values []string
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	if d.deaf != nil && d.deaf.MatchString(r.Method+" "+r.URL.Path) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	said := httptest.NewRecorder()
	d.server.ServeHTTP(said, r)
	if r.Method == http.MethodPost && r.URL.Path == "/api/v1/customers" {
		var n struct {
			Values []struct{ Field, Value string }
		}
		_ = json.Unmarshal(body, &n)
		d.mu.Lock()
		for _, v := range n.Values {
			if v.Field == "nik" {
				d.values = append(d.values, v.Value)
			}
		}
		d.mu.Unlock()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if d.hole != nil && d.hole(w, r, said, d) {
		return
	}
	answer(w, said, said.Code, said.Body.Bytes())
}

func answer(w http.ResponseWriter, said *httptest.ResponseRecorder, status int, body []byte) {
	for name, values := range said.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func open(t *testing.T) *house {
	t.Helper()
	clock, dir := NewClock(), t.TempDir()
	trial, err := app.NewTrial(t.Context(), app.TrialOptions{Dir: dir, Settings: map[string]string{"tls.off": "true"},
		Controllers: []string{"toko=Toko Nusantara", "bank=Bank Cendana"}, Log: slog.New(slog.DiscardHandler), Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trial.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h := &house{front: &double{server: trial.Web.HTTP("").Handler}}
	server := httptest.NewServer(h.front)
	t.Cleanup(server.Close)
	texts, err := i18n.Load(i18n.Source{Room: "attack", FS: Messages})
	if err != nil {
		t.Fatal(err)
	}
	h.steal = bench.Place{Dir: dir}.Steal
	h.Stage, err = NewStage(t.Context(), Options{Center: trial.Center, Address: server.URL, Clock: clock, Text: texts.For(i18n.EN, time.UTC),
		Steal: func(ctx context.Context, look func(string, []byte)) error { return h.steal(ctx, look) }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// hole is a control switched off: when a request of this form is refused, something is given instead.
type hole struct {
	row    int
	what   string
	route  string // method and path
	status int    // that is given; 0 leaves the answer's
	body   string // that is given; "" leaves the answer's
	edit   func(body string, d *double) string
	whole  bool   // also what was not refused
	code   string // only what was refused with it; "" for all
	never  bool   // the server is not even asked: what it would do is not done
}

const (
	values   = `{"values":[{"id":"val_1","field":"name","text":"Somebody"}],"remask_seconds":20,"reveals_left":40,"receipt":{"leaf":1,"at":"2026-01-01T00:00:00Z"}}`
	match    = `{"match":true,"receipt":{"leaf":1,"at":"2026-01-01T00:00:00Z"}}`
	noMatch  = `{"match":false,"receipt":{"leaf":1,"at":"2026-01-01T00:00:00Z"}}`
	reveal   = `POST /api/v1/interactions/[^/]+/reveal`
	compare  = `POST /api/v1/interactions/[^/]+/compare`
	verified = `GET /api/v1/interactions/[^/]+/verification`
	document = `GET /api/openapi.json`
	papers   = `POST /api/v1/interactions/[^/]+/mandates`
	paper    = `{"id":"man_1","state":"valid"}`
)

// level says another level than there is.
func level(n int) func(string, *double) string {
	form := regexp.MustCompile(`"level":\d`)
	return func(body string, _ *double) string {
		return form.ReplaceAllString(body, fmt.Sprintf(`"level":%d`, n))
	}
}

// path adds a path to the OpenAPI document.
func path(word string) func(string, *double) string {
	return func(body string, _ *double) string {
		return regexp.MustCompile(`"paths":\s*{`).ReplaceAllString(body, `"paths":{"/`+word+`":{"get":{}},`)
	}
}

// holes are the controls that are switched off, at least one for each row.
func holes() []hole {
	return []hole{
		{row: 1, what: "facts raise the level", route: verified, edit: level(2), whole: true},
		{row: 1, what: "an unverified caller's agent sees", route: reveal, status: 200, body: values},
		{row: 1, what: "an agent changes a contact", route: `PATCH /api/v1/customers/.*`, status: 200, body: `{"customer":"sub_1","version":2}`},
		{row: 1, what: "a link goes anywhere", route: `POST /api/v1/interactions/[^/]+/verification/link`, status: 201, body: `{"id":"vrf_1","number":42}`},
		{row: 1, what: "a decision counts at once", route: verified, whole: true, edit: func() func(string, *double) string {
			form := regexp.MustCompile(`"level":3`)
			return func(body string, _ *double) string { return form.ReplaceAllString(body, `"level":4`) }
		}()},
		{row: 1, what: "who asks may decide", route: `POST /api/v1/approvals/.*`, status: 200, body: `{"id":"apr_1","state":"approved"}`},
		{row: 1, what: "nobody is told", route: `GET /demo/inbox`, whole: true, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, "/v/notice/", "/v/none/") }},
		{row: 1, what: "a contact changes below the fourth level", route: `POST /api/v1/interactions/[^/]+/contact-changes`, status: 201, body: `{"id":"chg_1","field":"email","state":"waiting","asked_at":"2026-11-23T08:04:05Z","due_at":"2026-11-24T08:04:05Z"}`},
		{row: 2, what: "a change is made at once", route: `POST /api/v1/interactions/[^/]+/contact-changes`, whole: true, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, `"waiting"`, `"done"`) }},
		{row: 2, what: "the owner is not told of a change", route: `GET /demo/inbox`, whole: true, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, "/v/change/", "/v/none/") }},
		{row: 2, what: "a stopped change is made", route: `POST /v/change/[^/]+/stop`, whole: true, status: 303},
		{row: 2, what: "the new contact is told that it counts", route: `GET /demo/inbox`, whole: true, edit: func(body string, _ *double) string { return body + "maling@surel.example" }},
		{row: 2, what: "guesses are not counted", route: compare, status: 200, body: noMatch},
		{row: 2, what: "a secret is shown", route: reveal, status: 200, body: values},
		{row: 2, what: "repeated calls are not marked", route: `GET /api/v1/interactions/[^/]+`, whole: true, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, "repeat_calls", "none") }},
		{row: 3, what: "another company's call is open", route: reveal, status: 200, body: values},
		{row: 3, what: "a look-up crosses companies", route: `POST /api/v1/interactions/[^/]+/search`, whole: true, edit: func(body string, _ *double) string {
			return strings.Replace(body, `"hits":[]`, `"hits":[{"subject":"sub_1","values":[]}]`, 1)
		}},
		{row: 3, what: "who asks may decide", route: `POST /api/v1/approvals/.*`, status: 200, body: `{"id":"apr_1","state":"approved"}`},
		{row: 4, what: "reveals are not counted", route: reveal, status: 200, body: values},
		{row: 4, what: "searches are not counted", route: `POST /api/v1/interactions/[^/]+/search`, status: 200, body: `{"hits":[],"more":false}`},
		{row: 4, what: "a search browses", route: `POST /api/v1/interactions/[^/]+/search`, whole: true, edit: func(body string, _ *double) string {
			one := `{"subject":"sub_1","values":[]}`
			return strings.Replace(body, `"hits":[`, `"hits":[`+strings.Repeat(one+",", 3), 1)
		}},
		{row: 4, what: "a value stands on the screen without a watermark", route: `POST /calls/[^/]+/reveal`, whole: true, edit: func(body string, _ *double) string {
			return strings.ReplaceAll(body, `class="mark"`, "")
		}},
		{row: 5, what: "an unverified caller's agent sees", route: reveal, status: 200, body: values},
		{row: 5, what: "an agent reads the trail", route: `GET /subjects/.*`, status: 200, body: "<main>trail</main>"},
		{row: 5, what: "all fields are masked before the caller is verified", route: `GET /api/v1/interactions/[^/]+/customer`, whole: true, edit: func(body string, _ *double) string {
			return regexp.MustCompile(`"values":(null|\[\])`).ReplaceAllString(body, `"values":[{"id":"val_1","field":"x","text":"*"}]`)
		}},
		{row: 5, what: "one who is protected is served like anybody", route: verified, edit: func(body string, _ *double) string { return strings.Replace(body, `"level":2`, `"level":3`, 1) }, whole: true},
		{row: 5, what: "one agrees for himself", route: `POST /api/v1/approvals/[^/]+/approve`, status: 200, body: `{"id":"apr_1","state":"approved"}`},
		{row: 4, what: "a canary raises no alert", route: `GET /api/v1/alerts`, whole: true, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, `"canary"`, `"other"`) }},
		{row: 6, what: "a new SIM proves", route: `POST /api/v1/interactions/[^/]+/verification/link`, status: 201, body: `{"id":"vrf_1","number":42}`},
		{row: 6, what: "the level stays after the news", route: verified, edit: level(2), whole: true},
		{row: 7, what: "a made-up link opens", route: `GET /v/A{43}`, status: 200, body: "<main></main>"},
		{row: 7, what: "a forwarded link opens", route: `POST /v/[^/]+/open`, status: 303},
		{row: 7, what: "the page tells the number", route: `GET /v/[^/]+`, whole: true, edit: func(body string, _ *double) string {
			all := ""
			for n := 10; n < 100; n++ {
				all += fmt.Sprintf(" %d", n)
			}
			return body + all
		}},
		{row: 7, what: "a denied call goes on", route: reveal, status: 200, body: values},
		{row: 7, what: "an agent asks for a one-time code", route: `POST /api/v1/interactions/[^/]+/(write|check)`, status: 200, body: `{"receipt":{"leaf":1,"at":"2026-01-01T00:00:00Z"}}`},
		{row: 7, what: "nobody looks into a denial", route: `GET /api/v1/denials`, whole: true, edit: func(string, *double) string { return `{"items":[],"next":""}` }},
		{row: 7, what: "the public page calls anything ours", route: `POST /check`, whole: true, edit: func(string, *double) string { return "Toko Nusantara " + strings.Join(cast, " ") }},
		{row: 7, what: "the public page knows no call", route: `POST /check`, whole: true, edit: func(string, *double) string { return "<main></main>" }},
		{row: 7, what: "a report on the public page ends nothing", route: `POST /check/report`, never: true},
		{row: 8, what: "the number proves", route: verified, edit: level(2), whole: true},
		{row: 8, what: "an unverified caller's agent sees", route: reveal, status: 200, body: values},
		{row: 9, what: "guesses are not counted", route: `POST /api/v1/interactions/[^/]+/verification/answer`, status: 200, body: `{"match":false}`},
		{row: 9, what: "facts raise the level", route: verified, edit: level(2), whole: true},
		{row: 10, what: "any word is a step", route: `POST /api/v1/interactions/[^/]+/move`, status: 204},
		{row: 10, what: "a voice is an answer", route: `POST /api/v1/interactions/[^/]+/verification/answer`, status: 200, body: `{"match":true}`},
		{row: 10, what: "an agent's word that he called is a proof", route: `POST /api/v1/interactions/[^/]+/verification/call-back`, status: 204},
		{row: 10, what: "a colleague is asked about an unverified caller", route: `POST /api/v1/interactions/[^/]+/verification/second`, status: 201, body: `{"request":"apr_1"}`},
		{row: 11, what: "a relayed number is worth more", route: verified, edit: level(3), whole: true},
		{row: 11, what: "everything is seen at once", route: reveal, status: 200, body: values},
		{row: 12, what: "guesses are not counted", route: compare, status: 200, body: noMatch},
		{row: 12, what: "the right answer is heard", route: compare, status: 200, body: match},
		{row: 13, what: "a supervisor sees into the call", route: reveal, status: 200, body: values},
		{row: 13, what: "a supervisor moves the call on", route: `POST /api/v1/interactions/[^/]+/move`, status: 204},
		{row: 13, what: "a refusal says nothing", route: reveal, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, `"say"`, `"not"`) }},
		{row: 13, what: "an alarm holds nothing back", route: reveal, code: "gate.budget_spent", status: 200, body: values},
		{row: 13, what: "an alarm reaches nobody", route: `GET /api/v1/live`, whole: true, edit: func(body string, _ *double) string { return strings.ReplaceAll(body, `"duress"`, `"none"`) }},
		{row: 13, what: "an alarm shows on the agent's page", route: `GET /calls/[^/]+`, whole: true, edit: func(body string, _ *double) string { return body + "Alarm" }},
		{row: 14, what: "a link goes anywhere", route: `POST /api/v1/interactions/[^/]+/verification/link`, status: 201, body: `{"id":"vrf_1","number":42}`},
		{row: 14, what: "a telephone handed over keeps its level", route: verified, edit: level(2), whole: true},
		{row: 14, what: "a child is served alone", route: reveal, code: "gate.guardian_needed", status: 200, body: values},
		{row: 14, what: "a mandate holds secrets", route: papers, code: "mandate.never", status: 201, body: paper},
		{row: 14, what: "a guardian's mandate outlasts the childhood", route: papers, code: "mandate.beyond_adulthood", status: 201, body: paper},
		{row: 14, what: "a forged document is taken again", route: papers, code: "mandate.document_forged", status: 201, body: paper},
		{row: 14, what: "a representative appoints another", route: papers, code: "gate.mandate_appoints", status: 201, body: paper},
		{row: 14, what: "who proposes a mandate agrees to it", route: `POST /api/v1/approvals/.*`, code: "approval.own_request", status: 200, body: `{"id":"apr_1","state":"approved"}`},
		{row: 14, what: "a mandate that does not stand speaks", route: `PUT /api/v1/interactions/[^/]+/speaker`, code: "mandate.not_standing", status: 204},
		{row: 14, what: "another customer's mandate speaks", route: `PUT /api/v1/interactions/[^/]+/speaker`, code: "mandate.unknown", status: 204},
		{row: 14, what: "a representative sees beyond the scope", route: reveal, code: "gate.mandate_scope", status: 200, body: values},
		{row: 14, what: "a representative of the second level is decided on", route: `POST /api/v1/interactions/[^/]+/verification/second`, code: "verification.represented_level", status: 201, body: `{"request":"apr_1"}`},
		{row: 14, what: "a mandate that was revoked gives", route: reveal, code: "gate.mandate_revoked", status: 200, body: values},
		{row: 15, what: "a channel shows what it must not", route: reveal, status: 200, body: values},
		{row: 15, what: "something goes to another customer", route: `POST /api/v1/interactions/[^/]+/resend`, status: 200, body: `{"receipt":{"leaf":1,"at":"2026-01-01T00:00:00Z"}}`},
		{row: 15, what: "a text of the agent's own holds values", route: `POST /api/v1/interactions/[^/]+/write`, status: 200, body: `{"receipt":{"leaf":1,"at":"2026-01-01T00:00:00Z"}}`},
		{row: 15, what: "letters hold values", route: `GET /demo/inbox`, whole: true, edit: func(body string, d *double) string { return body + strings.Join(d.values, " ") }},
		{row: 16, what: "a program alone sees", route: reveal, status: 200, body: values},
		{row: 16, what: "an address gives everything", route: `GET /api/v1/fields`, status: 200, edit: func(_ string, d *double) string { return strings.Join(d.values, " ") }},
		{row: 16, what: "a key opens a page", route: `GET /desk`, status: 200, body: "<main></main>"},
		{row: 17, what: "there are recordings", route: document, whole: true, edit: path("recordings")},
		{row: 18, what: "colleagues read the notes", route: `POST /api/v1/interactions/[^/]+/notes/read`, status: 200, body: `{"notes":[],"reveals_left":3}`},
		{row: 18, what: "reading costs nothing", route: `POST /api/v1/interactions/[^/]+/notes/read`, whole: true, edit: func(body string, _ *double) string {
			return regexp.MustCompile(`"reveals_left":\d+`).ReplaceAllString(body, `"reveals_left":40`)
		}},
		{row: 19, what: "entries are deleted", route: `DELETE /api/v1/log/entries/0`, status: 204},
		{row: 19, what: "the supervisor sees", route: reveal, status: 200, body: values},
		{row: 20, what: "requests are taken", route: document, whole: true, edit: path("requests")},
		{row: 20, what: "the file is given", route: reveal, status: 200, body: values},
		{row: 20, what: "the file is sent", route: `GET /demo/inbox`, whole: true, edit: func() func(string, *double) string {
			asked := 0
			return func(body string, _ *double) string {
				asked++
				return body + strings.Repeat("<article>", asked)
			}
		}()},
	}
}

// punch switches the control off.
func (d *double) punch(h hole) {
	form := regexp.MustCompile("^" + h.route + "$")
	if h.never {
		d.deaf = form
	}
	d.hole = func(w http.ResponseWriter, r *http.Request, said *httptest.ResponseRecorder, d *double) bool {
		refused := said.Code >= 400 || said.Code == 303
		if !form.MatchString(r.Method+" "+r.URL.Path) || !refused && !h.whole || !strings.Contains(said.Body.String(), h.code) {
			return false
		}
		status, body := said.Code, said.Body.String()
		if h.status > 0 {
			status = h.status
			said.Header().Set("Content-Type", "application/json")
		}
		if h.body != "" || h.status > 0 && h.edit == nil {
			body = h.body
		}
		if h.edit != nil {
			body = h.edit(body, d)
		}
		answer(w, said, status, []byte(body))
		return true
	}
}

func row(n int) Row { return Rows()[n-1] }

// Every row holds against the product as it is, and fails as soon as what it is about is switched off.
func TestEveryAttackIsHeldAndIsSeenToSucceedWhenItsControlIsSwitchedOff(t *testing.T) {
	h := open(t)
	want := map[int]Verdict{4: Bounded, 11: Bounded, 18: Bounded, 17: NoSurface, 20: NoSurface}
	results, err := h.Play(t.Context(), Rows(), nil)
	if err != nil || len(results) != 20 {
		t.Fatalf("%d results: %v", len(results), err)
	}
	for _, r := range results {
		w := want[r.Row]
		if w == "" {
			w = Blocked
		}
		if r.Verdict != w {
			t.Errorf("row %d: %s, want %s: %s %q", r.Row, r.Verdict, w, r.Why, r.wrong())
		}
		if len(r.Attempts) == 0 || r.Row != 17 && len(r.Entries) == 0 {
			t.Errorf("row %d: %d attempts, %d entries", r.Row, len(r.Attempts), len(r.Entries))
		}
	}
	if t.Failed() {
		t.FailNow() // what follows would prove nothing
	}
	switched := map[int]bool{}
	for _, hole := range holes() {
		switched[hole.row] = true
		t.Run(fmt.Sprintf("row %d, %s", hole.row, hole.what), func(t *testing.T) {
			h.front.punch(hole)
			defer func() { h.front.hole, h.front.deaf = nil, nil }()
			if hole.route == document {
				before := h.paths
				defer func() { h.paths = before }()
				h.paths = nil
				if err := h.readDocument(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if r := h.play(t.Context(), row(hole.row)); r.Verdict != Failed || r.Why == "" {
				t.Errorf("%s", r.Verdict)
			}
		})
	}
	for _, r := range Rows() {
		if !switched[r.Number] {
			t.Errorf("no control of row %d is switched off: nobody knows whether it can fail", r.Number)
		}
	}
}

// What every row shares is switched off for all of them that have it.
func TestAnEntryThatIsMissingOrNotProvedAndAValueInAnyAnswerFailARow(t *testing.T) {
	h := open(t)
	rows := []int{1, 3, 6, 13}
	fails := func(what string, numbers ...int) {
		t.Helper()
		for _, n := range numbers {
			if r := h.play(t.Context(), row(n)); r.Verdict != Failed {
				t.Errorf("%s: row %d is %s", what, n, r.Verdict)
			}
		}
		h.front.hole = nil
	}
	h.front.punch(hole{route: `GET /api/v1/log/entries`, whole: true, edit: func(string, *double) string { return `{"entries":[]}` }})
	fails("the log lost its entries", rows...)

	proofs := []string{}
	h.front.punch(hole{route: `GET /api/v1/log/entries/\d+`, whole: true, edit: func(body string, _ *double) string {
		var one map[string]any
		if json.Unmarshal([]byte(body), &one) != nil {
			return body
		}
		proofs = append(proofs, fmt.Sprint(one["proof"]))
		one["proof"] = proofs[0] // another entry's, from the second on
		text, _ := json.Marshal(one)
		return string(text)
	}})
	fails("the proof is another entry's", rows...)

	h.front.hole = func(w http.ResponseWriter, r *http.Request, said *httptest.ResponseRecorder, d *double) bool {
		if len(d.values) == 0 || !strings.HasPrefix(r.URL.Path, "/api/v1/interactions/") {
			return false
		}
		said.Header().Set("Amanah-Debug", "%"+fmt.Sprintf("%x", d.values[len(d.values)-1]))
		answer(w, said, said.Code, said.Body.Bytes())
		return true
	}
	fails("a header holds a value, in hex", 1, 2, 4, 5, 11, 14, 18)

	honest := h.steal
	h.steal = func(_ context.Context, look func(string, []byte)) error {
		look("data.db", []byte("x"+h.front.values[len(h.front.values)-1]+"x"))
		return nil
	}
	fails("the files hold a value", 17, 18)
	h.steal = func(context.Context, func(string, []byte)) error { return nil }
	fails("the thief found no files", 17, 18)
	h.steal = honest

	// A bound that the product has outgrown, and one that nobody measured.
	loose := row(12)
	loose.Limits = []Limit{{"tries", 2}, {"facts_gained", 0}}
	if r := h.play(t.Context(), loose); r.Verdict != Failed || !strings.Contains(r.Why, "3") {
		t.Errorf("more than the bound is %s: %s", r.Verdict, r.Why)
	}
	lost := row(12)
	lost.Limits = append(lost.Limits, Limit{"reveals", 40})
	if r := h.play(t.Context(), lost); r.Verdict != Failed {
		t.Errorf("a bound that was not measured is %s", r.Verdict)
	}
}

// A way to prove that the product has and the suite does not play is an attack that nobody tries.
func TestEveryWayToProveIsPlayed(t *testing.T) {
	h := open(t)
	played := map[string]bool{}
	for _, w := range ways() {
		for _, route := range w.routes {
			played[route] = true
		}
	}
	for _, o := range h.paths {
		route := o.method + " " + o.path
		if o.method != http.MethodGet && strings.Contains(o.path, "/verification/") && !played[route] {
			t.Errorf("%s has no row in ways(): say what it proves, whether a deceived customer can be talked into it, and how it is played", route)
		}
		delete(played, route)
	}
	for route := range played {
		t.Errorf("ways() plays %s, which the API does not have", route)
	}
}

func TestTheReportIsWrittenInWordsAsJSONAndAsAPageWithoutScript(t *testing.T) {
	h := open(t)
	results, err := h.Play(t.Context(), []Row{row(17), row(12)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bad := results[1]
	bad.Verdict, bad.Why, bad.Attempts = Failed, `it is "seen" <b>`, append(slices.Clone(bad.Attempts), Attempt{Who: "agent", What: "asks", Answer: "allowed"})
	report := &Report{At: time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC), Engine: "SQLite", Key: h.key, Log: LogState{Entries: 1234, Good: true},
		Counts: map[Verdict]int{NoSurface: 1, Failed: 1}, Results: []Result{results[0], bad}, Language: "en"}
	texts, err := i18n.Load(i18n.Source{Room: "attack", FS: Messages})
	if err != nil {
		t.Fatal(err)
	}
	for lang, words := range map[i18n.Lang][]string{i18n.EN: {"no surface", "FAILED", "What failed:", "1,234 entries"}, i18n.ID: {"belum ada", "GAGAL", "Yang gagal:", "1.234 entri"}} {
		p := texts.For(lang, time.UTC)
		var out strings.Builder
		if err := report.Words(&out, p); err != nil {
			t.Fatal(err)
		}
		html, err := report.Page(p, h.style(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words[:2] {
			if !strings.Contains(string(html), word) {
				t.Errorf("%s: the page lacks %q", lang, word)
			}
		}
		for _, word := range words {
			if !strings.Contains(out.String(), word) {
				t.Errorf("%s: the table lacks %q:\n%s", lang, word, out.String())
			}
		}
		if strings.Contains(out.String()+string(html), "⟦") {
			t.Errorf("%s: a text is missing", lang)
		}
		if strings.Contains(string(html), "<script") || strings.Contains(string(html), "<b>") || !strings.Contains(string(html), "--accent") || strings.Contains(string(html), "src=") {
			t.Errorf("%s: the page has a script, markup of an attacker, something to load, or not the console's style", lang)
		}
	}
	if report.OK() {
		t.Error("a report with a failed row is good")
	}
	if !Known([]int{4, 11}) || Known([]int{21}) || Known([]int{0}) {
		t.Error("the numbers of rows are not known")
	}
}

func TestARunThatIsInterruptedEnds(t *testing.T) {
	h := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	played := 0
	_, err := h.Play(ctx, Rows(), func(Result) {
		played++
		cancel()
	})
	if err == nil || played != 1 {
		t.Errorf("%d rows were played: %v", played, err)
	}
}

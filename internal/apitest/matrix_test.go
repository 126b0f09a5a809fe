package apitest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/app/leak"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/verification/mandate"
	"github.com/amanah-id/amanah/internal/web"
)

// The matrix: every route of the house, asked by everybody, in calls at every level on every channel, about a customer of
// whom a value of every field is kept. An answer holds a raw value of a class only where the catalogue, the purpose and the
// policies say so, and there it does.

// kenari are the values of a customer, by field. Those that only one customer can have end in the number of the customer.
func kenari(n int) map[string]string {
	return map[string]string{
		"name": "Kenariwati Puspitasarini", "phone": fmt.Sprintf("+628998374%04d", 6152+n), "email": "kenariwati.p@rahasia-contoh.example", "birth_date": "1987-03-29",
		"address": "Jalan Flamboyan Ungu No. 83, Kelurahan Wirogunandani", "kk": "3273990503980017", "npwp": "3273995704889107", "mother_maiden_name": "Sulastriningsihwati",
		"card_last_four": "9874", "health_note": "Alergi kenari hijau cakrawangsa", "policy_number": "POL-8392017455",
		"customer_number": fmt.Sprintf("CN8392%04d", 4017+n), "nik": fmt.Sprintf("327399570488%04d", 4017+n), "account_number": fmt.Sprintf("771234%06d", 874017+n),
		"case_reference": "KASUS-KENARI-83920", "note": "cicilan bufet kenari hijau zaitun", "account_history": "transfer lentera cempakawangi",
	}
}

// cell is one of the matrix. level is the call's and -1 where no call is asked about.
type cell struct {
	role    string
	level   int
	channel string
	route   string
	class   catalog.Class
}

// matrix asks and counts.
type matrix struct {
	*world
	policies *policy.Set
	purposes map[string]purpose.Purpose // by slug
	finder   *leak.Finder               // of every customer's values
	crowd    []caller
	cells    map[cell]bool
	shown    map[cell]bool // in which a value was to be seen, and was
	asked    int
	faults   []string
	through  []string                                // fields of the mandate through which calls are served; none: the customer speaks
	front    func(route string, r response) response // a double between the server and the asker; nil for none
}

// contact is a call that is asked about.
type contact struct {
	id, subject, channel, slug string
	level                      int
	owner                      caller
	ownerID                    string
	values                     map[string]string
	through                    []string // fields of the mandate; none: the customer speaks
	finder                     *leak.Finder
}

func newMatrix(t *testing.T, w *world) *matrix {
	t.Helper()
	set, err := policy.New()
	w.must(err)
	m := &matrix{world: w, policies: set, purposes: map[string]purpose.Purpose{}, cells: map[cell]bool{}, shown: map[cell]bool{}}
	w.Desk.Budget, w.Desk.Searches = 1<<30, 1<<30 // how much is shown is another test's question
	w.must(w.DB.Read(t.Context(), func(tx *db.Tx) error {
		for _, slug := range []string{"policy_service", "payment_help", "change_contact"} {
			p, err := w.Purposes.Bearing(tx, w.toko, slug)
			if err != nil {
				return err
			}
			m.purposes[slug] = p
		}
		return nil
	}))
	for _, role := range actor.Roles() {
		w.signIn(w.hire(string(role), role))
	}
	for _, name := range []string{"owner", "second owner"} {
		w.signIn(w.hire(strings.ReplaceAll(name, " ", "-"), map[string]actor.Role{"owner": actor.Agent, "second owner": actor.Supervisor}[name]))
	}
	w.sleep(31 * time.Second) // a code is good once
	for _, p := range w.people {
		w.browse(p)
	}
	for _, role := range actor.Roles() {
		p := w.people[string(role)]
		m.crowd = append(m.crowd, caller{name: string(role), role: string(role), key: p.token, cookie: p.cookie})
	}
	_, key := w.machine("every scope", []string{w.toko}, identity.Scopes()...)
	m.crowd = append(m.crowd, caller{name: "an API client", key: key}, caller{name: "nobody", nobody: true})
	return m
}

// spellings are what is looked for: the values as they were given and as they are kept.
func (m *matrix) spellings(values map[string]string) map[string][]string {
	out := map[string][]string{}
	for field, v := range values {
		out[field] = []string{v}
		if f, ok := m.Catalogue.Field(field); ok {
			if kept, err := f.Normalise(v); err == nil && kept != v {
				out[field] = append(out[field], kept)
			}
		}
	}
	local := strings.TrimPrefix(values["phone"], "+62")
	out["phone"] = append(out["phone"], "0"+local, "0"+local[:3]+"-"+local[3:7]+"-"+local[7:])
	out["birth_date"] = append(out["birth_date"], "29-03-1987", "29/03/1987")
	return out
}

// reachable reports whether the level can be reached on the channel, as the catalogue says: the third needs an answer from
// the account's history, and the fourth a call that we made.
func (m *matrix) reachable(channel string, level int) bool {
	history, _ := m.Catalogue.Field("account_history")
	_, asks := history.Level(channel, "verify")
	return level < 3 || level == 3 && asks || channel == "phone"
}

// begin makes the n-th customer and a call with them at a level.
func (m *matrix) begin(t *testing.T, n int, owner *person, channel, slug string, level int) *contact {
	t.Helper()
	ctx := t.Context()
	c := &contact{channel: channel, slug: slug, level: level, ownerID: owner.id, values: kenari(n),
		owner: caller{name: "the one who serves (" + string(owner.role) + ")", role: string(owner.role), key: owner.token, cookie: owner.cookie}}
	c.finder = leak.New(m.spellings(c.values))
	since := m.now().AddDate(0, -6, 0).UTC().Truncate(time.Second)
	in := client.NewCustomer{Controller: m.toko, Purpose: m.purpose("registration")}
	for _, field := range slices.Sorted(maps.Keys(c.values)) {
		if field == "note" || field == "account_history" || field == "case_reference" {
			continue // they come with the call and with the history
		}
		v := client.NewValue{Field: field, Value: c.values[field]}
		if f, _ := m.Catalogue.Field(field); f.Contact == catalog.Phone || f.Contact == catalog.Email {
			v.RegisteredAt = &since
		}
		in.Values = append(in.Values, v)
	}
	importer, _ := m.machine("CRM "+strconv.Itoa(n), []string{m.toko}, "import")
	made, err := importer.CreateCustomer(ctx, in)
	m.must(err)
	c.subject = made.Customer
	m.must(m.Remember(ctx, m.toko, c.subject, []fiction.Fact{{Kind: "last_order", Date: m.now().AddDate(0, 0, -9), Value: c.values["account_history"]}}))
	opening := client.Opening{Controller: m.toko, Channel: channel, Direction: "inbound", Queue: "layanan", From: c.values["phone"], Case: c.values["case_reference"]}
	if level < 4 {
		c.id, err = owner.StartInteraction(ctx, opening)
		m.must(err)
	} else { // the gravest level wants a call that the exchange made
		opening.Direction = "outbound"
		exchange, _ := m.machine("exchange "+strconv.Itoa(n), []string{m.toko}, "interactions")
		c.id, err = exchange.StartInteraction(ctx, opening)
		m.must(err)
		m.must(owner.Accept(ctx, c.id))
	}
	m.beat(t, c, owner)
	m.must(owner.ChoosePurpose(ctx, c.id, m.purposes[slug].ID, "id"))
	if level == 0 {
		return c
	}
	found, err := owner.Search(ctx, c.id, "customer_number", c.values["customer_number"])
	m.must(err)
	if len(found.Hits) != 1 {
		t.Fatalf("%d hits", len(found.Hits))
	}
	m.must(owner.Identify(ctx, c.id, c.subject))
	if len(m.through) > 0 {
		m.speaks(t, c, owner)
	}
	if level >= 2 && len(m.through) == 0 {
		one, err := owner.SendLink(ctx, c.id, "")
		m.must(err)
		m.look(c, "the customer", "GET /v/{token}", nil, m.confirm(m.link(), one.Number))
	}
	if level >= 3 && len(m.through) == 0 {
		if match, err := owner.Answer(ctx, c.id, "last_order", c.values["account_history"]); err != nil || !match {
			t.Fatalf("the history: %t %v", match, err)
		}
	}
	if level == 1 {
		m.must(owner.Move(ctx, c.id, client.MoveServe))
	}
	if level == 4 {
		m.second(t, c, owner)
	}
	_, err = owner.Note(ctx, c.id, c.values["note"])
	m.must(err)
	m.stands(t, c, owner)
	return c
}

// speaks has an attorney of two months' standing speak in a call and prove as much as the level needs.
func (m *matrix) speaks(t *testing.T, c *contact, owner *person) {
	t.Helper()
	ctx := t.Context()
	c.through, c.owner.name = m.through, c.owner.name+", through a mandate"
	id, err := m.Mandates.Adopt(ctx, actor.NewDuty("matrix"), mandate.Held{Controller: m.toko, Subject: c.subject, Customer: c.values["name"], Since: m.now().AddDate(0, -2, 0), Draft: mandate.Draft{
		Kind: mandate.Attorney, Name: "Bambang Mulyono", Contact: "phone", Value: "+6284900000555", Also: "kuasa@contoh.example", Document: "power_of_attorney", Number: "SK " + c.id,
		Dated: m.now().AddDate(0, -2, 0).Format(time.DateOnly), Until: m.now().AddDate(1, 0, 0).Format(time.DateOnly),
		May: mandate.Scope{Purposes: []string{m.purposes[c.slug].ID}, Verbs: []string{"mask", "compare", "reveal"}, Fields: m.through},
	}})
	m.must(err)
	m.must(owner.Speaker(ctx, c.id, id))
	v, err := owner.Verification(ctx, c.id)
	m.must(err)
	for _, contact := range v.Contacts[:max(0, c.level-1)] {
		one, err := owner.SendLink(ctx, c.id, contact.Value)
		m.must(err)
		m.look(c, "the representative", "GET /v/{token}", nil, m.confirm(m.link(), one.Number))
	}
}

// second has a second member of staff decide, the old contact told, and the call that the exchange made counted.
func (m *matrix) second(t *testing.T, c *contact, owner *person) {
	t.Helper()
	asked, err := owner.AskSecond(t.Context(), c.id, "uji matriks")
	m.must(err)
	_, err = m.people["supervisor"].Approve(t.Context(), asked, "sudah diperiksa")
	m.must(err)
	m.link() // the notice is on its way
	m.must(owner.CallBack(t.Context(), c.id))
}

// breath is what keeps a person who is not in a hurry below the front desk's limits.
const breath = 60 * time.Millisecond

// beat keeps the call alive.
func (m *matrix) beat(t *testing.T, c *contact, owner *person) {
	t.Helper()
	m.sleep(3 * breath)
	m.must(owner.Heartbeat(t.Context(), c.id))
}

// stands makes sure that the call is at the level that its cells are counted for.
func (m *matrix) stands(t *testing.T, c *contact, owner *person) {
	t.Helper()
	m.beat(t, c, owner)
	v, err := owner.Interaction(t.Context(), c.id)
	m.must(err)
	if v.Level != c.level {
		t.Fatalf("the call on %s is at V%d, not V%d", c.channel, v.Level, c.level)
	}
}

// may reports whether the one who serves the call may see a field in the clear: the catalogue's level and class, the
// purpose's list and the policies decide, as they are shipped.
func (m *matrix) may(c *contact, field string) bool {
	f, _ := m.Catalogue.Field(field)
	least, ok := f.Level(c.channel, string(gate.Reveal))
	if !ok {
		least = policy.Never
	}
	p, state, speaker := m.purposes[c.slug], interaction.Serving, "none"
	if len(c.through) > 0 {
		speaker = gate.MandateValid
	}
	if c.level == 0 {
		state = interaction.Connected
	}
	return m.policies.Decide(policy.Request{
		Verb:      string(gate.Reveal),
		Principal: policy.Principal{Kind: string(actor.Staff), Role: c.owner.role, SignedIn: true, Scoped: true, SecondFactorMinutes: 1},
		Resource: policy.Resource{Class: string(f.Class), MinLevel: least, InPurpose: slices.Contains(p.Fields[gate.Reveal], field), Verifies: f.Verifies,
			InScope: len(c.through) == 0 || slices.Contains(c.through, field)},
		Context: policy.Context{Ground: "interaction", Mandate: speaker, Known: true, OwnCall: true, State: string(state), Beating: true, SubjectBound: c.level > 0, Channel: c.channel,
			Level: c.level, PurposeChosen: true, PurposeActive: true, Basis: string(p.Basis), BudgetLeft: 9, CallLeft: 9, Training: "not_built"},
	}).Allowed
}

// look counts the cells of an answer and finds what it must not hold. may are the fields that it may; seen are those that it does.
func (m *matrix) look(c *contact, who, route string, may []string, r response) (seen []string) {
	level, channel, finder := -1, "", m.finder
	if c != nil {
		level, channel, finder = c.level, c.channel, c.finder
	}
	if m.front != nil {
		r = m.front(route, r)
	}
	m.asked++
	for _, f := range m.Catalogue.Fields() {
		m.cells[cell{who, level, channel, route, f.Class}] = true
	}
	for _, hit := range finder.In([]byte(r.text())) {
		f, _ := m.Catalogue.Field(hit.Name)
		if slices.Contains(may, hit.Name) {
			m.shown[cell{who, level, channel, route, f.Class}] = true
			seen = append(seen, hit.Name)
			continue
		}
		m.faults = append(m.faults, fmt.Sprintf("%s by %s at V%d on %s answers %d with the %s (%s, in the form %s)", route, who, level, channel, r.status, hit.Name, f.Class, hit.Form))
	}
	return seen
}

// upsetting are the routes of a call that change where it stands, asked last.
var upsetting = []string{"/refuse", "/seal", "/move", "/transfer", "/purpose", "/accept", "/identify", "/subject", "/disconnect", "/lower", "/link", "/answer", "/consents", "/language", "/verification", "/collect", "/contact-changes", "/awake", "/duress", "/speaker", "/captures", "/captures/end", "/capture/leave"}

// opens is what the routes do that may give a value in the clear; whatever else there is may never.
func opens(pattern string) (verb string, ok bool) {
	for suffix, field := range map[string]string{"/reveal": "", "/notes/read": "note"} {
		if strings.HasSuffix(pattern, suffix) {
			return field, true
		}
	}
	return "", false
}

// about reports whether a route is about a call or a customer.
func about(r web.Route) bool {
	return strings.Contains(r.Pattern, "{interaction}") || strings.Contains(r.Pattern, "{subject}") || strings.Contains(r.Pattern, "{customer}")
}

// put asks a route about a call.
func (m *matrix) put(c *contact, who caller, pattern, body string) response {
	fill := strings.NewReplacer("{interaction}", c.id, "{subject}", c.subject, "{customer}", c.subject)
	method, target, _ := strings.Cut(fill.Replace(pattern), " ")
	if strings.HasPrefix(target, "/api/") {
		who.cookie = ""
	} else {
		who.key = ""
	}
	m.sleep(breath)
	return m.ask(who, method, target, body)
}

// all asks every route about a call: first by the one who serves it, then by everybody, then what upsets it.
func (m *matrix) all(t *testing.T, c *contact, owner *person, everybody bool) {
	t.Helper()
	said := strings.NewReplacer(phone(1), c.values["phone"])
	bodies := bodies(m.world, c.subject, m.people["agent"].id)
	steady, last := []string{}, []string{}
	for _, r := range m.Web.Routes() {
		if !about(r) {
			continue
		}
		if r.Method != "GET" && slices.ContainsFunc(upsetting, func(s string) bool { return strings.HasSuffix(r.Pattern, s) }) {
			last = append(last, r.Pattern)
		} else {
			steady = append(steady, r.Pattern)
		}
	}
	body := func(pattern string) string {
		text := said.Replace(bodies[pattern])
		if strings.HasSuffix(pattern, "/compare") { // what the caller says is said rightly, and must not come back
			if strings.HasPrefix(text, "{") {
				return `{"field":"phone","said":"` + c.values["phone"] + `"}`
			}
			return url.Values{"field": {"phone"}, "said": {c.values["phone"]}}.Encode()
		}
		return text
	}
	crowd := []caller{}
	if everybody {
		crowd = m.crowd
	}
	for _, pattern := range steady {
		if _, ok := opens(pattern); !ok {
			m.look(c, c.owner.name, pattern, nil, m.put(c, c.owner, pattern, body(pattern)))
		}
	}
	m.reveals(t, c, owner)
	m.stands(t, c, owner)
	for _, pattern := range steady {
		m.beat(t, c, owner)
		for _, who := range crowd {
			m.look(c, who.name, pattern, nil, m.put(c, who, pattern, body(pattern)))
		}
	}
	m.stands(t, c, owner)
	for _, who := range append(slices.Clone(crowd), c.owner) {
		for _, pattern := range last {
			m.look(c, who.name, pattern, nil, m.put(c, who, pattern, body(pattern)))
		}
	}
	// A silent alarm holds whoever pressed it in the cells that follow, too.
	m.must(m.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Data.Exec(`update supervision_alert set settled_at = 1 where settled_at = 0`)
		return err
	}))
}

// reveals asks for every field of the catalogue with every route that opens values. What may be seen is seen, and nothing else.
func (m *matrix) reveals(t *testing.T, c *contact, owner *person) {
	t.Helper()
	for _, r := range m.Web.Routes() {
		only, ok := opens(r.Pattern)
		if !ok {
			continue
		}
		for _, f := range m.Catalogue.Fields() {
			if only != "" && f.Name != only || only == "" && f.Name == "note" { // notes have a route of their own
				continue
			}
			m.beat(t, c, owner)
			body := `{"fields":["` + f.Name + `"],"reason":"uji matriks"}`
			switch {
			case only != "":
				body = ""
			case !r.API:
				body = url.Values{"field": {f.Name}, "reason": {"uji matriks"}}.Encode()
			}
			may := []string{}
			if m.may(c, f.Name) {
				may = append(may, f.Name)
			}
			if !r.API { // a browser without the script gets the whole page
				m.look(c, c.owner.name, r.Pattern, may, m.put(c, c.owner, r.Pattern, body))
				m.beat(t, c, owner)
			}
			script := c.owner
			script.script = true
			before := len(m.faults)
			out := m.put(c, script, r.Pattern, body)
			seen := m.look(c, c.owner.name, r.Pattern, may, out)
			kept := c.values[f.Name] != "" && f.Name != "case_reference" // which the call brought, and no record of the customer's holds
			if len(may) > 0 && kept && len(seen) == 0 {
				m.faults = append(m.faults, fmt.Sprintf("%s at V%d on %s answers %d without the %s, which may be seen", r.Pattern, c.level, c.channel, out.status, f.Name))
			}
			if len(may) == 0 && out.status == 200 && before == len(m.faults) {
				m.faults = append(m.faults, fmt.Sprintf("%s at V%d on %s gives the %s", r.Pattern, c.level, c.channel, f.Name))
			}
		}
	}
}

// elsewhere asks every route that is about no call.
func (m *matrix) elsewhere(t *testing.T) {
	t.Helper()
	ending := []string{"POST /sign-out", "DELETE /api/v1/sessions/current", "POST /account/sessions/end-others", "POST /account/password", "POST /account/recovery"}
	for _, r := range m.Web.Routes() {
		if about(r) || slices.Contains(ending, r.Pattern) {
			continue
		}
		var own []string
		if r.Pattern == "GET /demo/inbox" { // the customer's own telephone and mailbox
			own = []string{"phone", "email"}
		}
		method, target := path(r.Pattern)
		for _, who := range m.crowd {
			if r.API {
				who.cookie = ""
			} else {
				who.key = ""
			}
			m.sleep(breath)
			m.look(nil, who.name, r.Pattern, own, m.ask(who, method, target, ""))
		}
	}
	boss := m.people["supervisor"]
	live := m.listen(t, caller{cookie: boss.cookie}, "/live/events")
	live.until(t, 1)
	m.look(nil, string(boss.role), "the events of GET /live/events", nil, response{200, http.Header{}, live.close()})
}

// stream is an event stream that somebody listens to.
type stream struct {
	text *safeBuffer
	come chan struct{} // something came
	stop context.CancelFunc
	done chan struct{}
}

func (m *matrix) listen(t *testing.T, who caller, target string) *stream {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.server.URL+target, http.NoBody)
	m.must(err)
	r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: who.cookie})
	h := m.http()
	h.Timeout = 0
	a, err := h.Do(r) //nolint:bodyclose // below
	m.must(err)
	s := &stream{text: &safeBuffer{}, come: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	_ = a.Header.Write(s.text)
	go func() {
		defer close(s.done)
		defer func() { _ = a.Body.Close() }()
		part := make([]byte, 4096)
		for {
			n, err := a.Body.Read(part)
			_, _ = s.text.Write(part[:n])
			select {
			case s.come <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// until waits until the stream has so many events.
func (s *stream) until(t *testing.T, events int) {
	t.Helper()
	for strings.Count(s.text.String(), "event:") < events {
		select {
		case <-s.come:
		case <-time.After(time.Minute):
			t.Fatal("no event came")
		case <-s.done:
			t.Fatal("the stream ended")
		}
	}
}

func (s *stream) close() string {
	s.stop()
	<-s.done
	return s.text.String()
}

// events listens while a call goes through its life.
func (m *matrix) events(t *testing.T, c *contact, owner *person) {
	t.Helper()
	ctx := t.Context()
	other, _ := m.machine("PBX "+c.id, []string{m.toko}, "interactions")
	of, list := m.listen(t, c.owner, "/calls/"+c.id+"/events"), m.listen(t, c.owner, "/desk/events")
	// What happened after the page was made and before somebody listened is looked for at once, though nothing comes to tell of it.
	of.until(t, 1)
	list.until(t, 1)
	m.beat(t, c, owner)
	m.must(owner.Move(ctx, c.id, client.MoveHold))
	m.must(owner.Move(ctx, c.id, client.MoveResume))
	of.until(t, 2)
	m.sleep(breath)
	_, err := other.StartInteraction(ctx, client.Opening{Controller: m.toko, Channel: c.channel, Direction: "inbound", Queue: "layanan", From: c.values["phone"]})
	m.must(err)
	list.until(t, 2)
	m.look(c, c.owner.name, "the events of GET /calls/{interaction}/events", nil, response{200, http.Header{}, of.close()})
	m.look(c, c.owner.name, "the events of GET /desk/events", nil, response{200, http.Header{}, list.close()})
}

// play goes through all calls of an owner.
func (m *matrix) play(t *testing.T, n int, owner *person, slug string, everybody bool) int {
	t.Helper()
	for _, channel := range []string{"phone", "chat", "email"} {
		for level := range 5 {
			if !m.reachable(channel, level) {
				continue
			}
			n++
			c := m.begin(t, n, owner, channel, slug, level)
			m.events(t, c, owner)
			m.stands(t, c, owner)
			m.all(t, c, owner, everybody)
			waits := m.people["second-owner"] // whose chair is not empty meanwhile
			_, _ = waits.Interaction(t.Context(), c.id)
			m.ask(caller{cookie: waits.cookie}, "GET", "/desk", "")
		}
	}
	return n
}

func TestNoAnswerHoldsAValueThatItsCellMayNotHave(t *testing.T) { each(t, noCellLeaks) }

func noCellLeaks(t *testing.T, w *world) {
	m := newMatrix(t, w)
	all := map[string][]string{}
	for n := range 40 {
		for field, list := range m.spellings(kenari(n)) {
			for _, v := range list {
				if !slices.Contains(all[field], v) {
					all[field] = append(all[field], v)
				}
			}
		}
	}
	m.finder = leak.New(all)
	n := m.play(t, 0, w.people["owner"], "policy_service", true)
	m.play(t, n, w.people["second-owner"], "payment_help", false)
	m.through = []string{"name", "policy_number", "address"} // of what the purpose shows, and a field of a higher class is left out
	for level := range 3 {
		n++
		c := m.begin(t, 100+n, w.people["owner"], "phone", "policy_service", level+1)
		m.all(t, c, w.people["owner"], false)
	}
	m.elsewhere(t)
	for _, fault := range m.faults {
		t.Error(fault)
	}
	if len(m.cells) < 2000 {
		t.Errorf("only %d cells were asked", len(m.cells))
	}
	classes, levels, roles := map[catalog.Class]int{}, map[int]int{}, map[string]int{}
	for c := range m.cells {
		classes[c.class]++
		levels[c.level]++
		roles[c.role]++
	}
	for _, class := range []catalog.Class{catalog.General, catalog.Specific, catalog.Secret} {
		if classes[class] < 500 {
			t.Errorf("%d cells of the class %s", classes[class], class)
		}
	}
	for level := range 5 {
		if levels[level] < 500 {
			t.Errorf("%d cells at V%d", levels[level], level)
		}
	}
	seen := map[catalog.Class]int{}
	for c := range m.shown {
		seen[c.class]++
	}
	if seen[catalog.General] == 0 || seen[catalog.Specific] == 0 || seen[catalog.Secret] > 0 {
		t.Errorf("values were to be seen, and were: %v", seen)
	}
	t.Logf("%d cells, %d requests; by class %v, by level %v, %d roles; values where they may be: %v", len(m.cells), m.asked, classes, levels, len(roles), seen)
	w.verified()
}

// The matrix finds a value that a defect puts into any part of any answer, in any spelling; it finds that too little is
// shown; and it finds nothing where nothing is wrong.
func TestTheMatrixFindsWhatADefectWouldShow(t *testing.T) {
	w := open(t, "")
	m := newMatrix(t, w)
	owner := w.people["owner"]
	c := m.begin(t, 1, owner, "phone", "policy_service", 2)
	m.finder = c.finder
	nik := c.values["nik"]
	reversed := []rune(nik)
	slices.Reverse(reversed)
	quoted, err := json.Marshal(c.values["address"] + ` & "B"`)
	w.must(err)
	const route = "GET /calls/{interaction}"
	honest := m.put(c, c.owner, route, "")
	for what, spoil := range map[string]func(r *response){
		"a body":                 func(r *response) { r.body += nik },
		"digits among others":    func(r *response) { r.body += "x" + nik + "y" },
		"a header":               func(r *response) { r.header.Set("Amanah-Debug", nik) },
		"a cookie":               func(r *response) { r.header.Add("Set-Cookie", "last="+url.QueryEscape(c.values["email"])) },
		"an address":             func(r *response) { r.header.Set("Location", "/desk?q="+url.PathEscape(c.values["name"])) },
		"base64":                 func(r *response) { r.body += base64.StdEncoding.EncodeToString([]byte("ab" + nik + "c")) },
		"base64 for addresses":   func(r *response) { r.body += base64.RawURLEncoding.EncodeToString([]byte(c.values["health_note"])) },
		"hex":                    func(r *response) { r.body += strings.ToUpper(hex.EncodeToString([]byte(nik))) },
		"JSON":                   func(r *response) { r.body += string(quoted) },
		"markup":                 func(r *response) { r.body += html.EscapeString(c.values["address"]) },
		"backwards":              func(r *response) { r.body += string(reversed) },
		"another case":           func(r *response) { r.body += strings.ToUpper(c.values["mother_maiden_name"]) },
		"a number as it is said": func(r *response) { r.body += "0899-8374-6153" },
		"an event":               func(r *response) { r.body = "event: changed\ndata: <p>" + c.values["account_number"] + "</p>\n\n" },
		"a short value":          func(r *response) { r.body += `{"text":"9874"}` },
	} {
		m.front = func(_ string, r response) response {
			r.header = r.header.Clone()
			spoil(&r)
			return r
		}
		m.faults = nil
		m.look(c, c.owner.name, route, nil, honest)
		if len(m.faults) != 1 {
			t.Errorf("%s: %q", what, m.faults)
		}
	}
	// A whole call, with one route that gives one field away to somebody it is closed to.
	m.faults = nil
	m.front = func(route string, r response) response {
		if route == "GET /api/v1/interactions/{interaction}/summary" && r.status >= 400 {
			r.body = strings.Replace(r.body, "{", `{"debug":"`+c.values["customer_number"]+`",`, 1)
		}
		return r
	}
	m.all(t, c, owner, true)
	if len(m.faults) < 3 || slices.ContainsFunc(m.faults, func(f string) bool { return !strings.Contains(f, "summary") }) {
		t.Errorf("%d faults: %.600q", len(m.faults), m.faults)
	}
	// A reveal that shows less than it may is a fault too, and so is one that shows another field.
	d := m.begin(t, 2, owner, "phone", "policy_service", 3)
	for what, spoil := range map[string]func(body string) string{
		"nothing":       func(string) string { return "{}" },
		"another field": func(body string) string { return strings.Replace(body, `"text":"`, `"text":"`+d.values["nik"]+" ", 1) },
	} {
		m.faults, m.shown = nil, map[cell]bool{}
		m.front = func(_ string, r response) response {
			r.body = spoil(r.body)
			return r
		}
		m.reveals(t, d, owner)
		if len(m.faults) == 0 {
			t.Errorf("%s: no fault", what)
		}
	}
	m.front, m.faults = nil, nil
	m.reveals(t, d, owner)
	if len(m.faults) > 0 {
		t.Errorf("as it is: %q", m.faults)
	}
}

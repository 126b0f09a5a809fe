package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/proof"
)

// each runs a test in a world on each engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, "")) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, dbtest.PostgresURL(t))) })
}

func TestACallIsServedFromTheFirstRingToTheProofOfEveryDisclosure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		importer, _ := w.machine("CRM", []string{w.toko}, "import")
		telephony, _ := w.machine("PBX", []string{w.toko}, "events", "interactions")
		subject := w.customer(importer, w.toko, 1)
		agent := w.agent("agent")

		// The call rings.
		event := client.Event{ID: "e1", Source: "pbx-1", Type: "contact.offered", Contact: "sip-77", Sequence: 1,
			Data: client.EventData{Controller: w.toko, Channel: "phone", Direction: "inbound", Queue: "layanan", From: "0899-0000-0001"}}
		rung, err := telephony.ReportEvent(ctx, event)
		w.must(err)
		if again, err := telephony.ReportEvent(ctx, event); err != nil || again.Outcome != "duplicate" || again.Interaction != rung.Interaction {
			t.Errorf("the event twice: %+v %v", again, err)
		}
		itx := rung.Interaction
		list, err := agent.Interactions(ctx)
		w.must(err)
		if len(list) != 1 || list[0].ID != itx || list[0].State != "offered" || list[0].Match != "one" || strings.Contains(list[0].Number, "0000001") {
			t.Fatalf("ringing: %+v", list)
		}
		w.must(agent.Accept(ctx, itx))
		beat := agent.KeepAlive(ctx, itx)
		defer func() { _ = beat.Stop() }()
		w.must(agent.Heartbeat(ctx, itx))

		// Without a purpose there is not even a search.
		_, err = agent.Search(ctx, itx, "phone", phone(1))
		refused(t, err, 403, "gate.no_purpose")
		w.must(agent.ChoosePurpose(ctx, itx, w.purpose("order_status"), "id"))
		found, err := agent.Search(ctx, itx, "phone", "0899 0000 0001")
		w.must(err)
		if len(found.Hits) != 1 || found.Hits[0].Subject != subject || strings.Contains(found.Hits[0].Values[0].Text, "00000001") {
			t.Fatalf("found %+v", found)
		}
		w.must(agent.Identify(ctx, itx, subject))

		// Identified is not verified.
		ask := client.Reveal{Fields: []string{"name"}, Reason: "menyapa pelanggan"}
		_, err = agent.Reveal(ctx, itx, ask)
		e := refused(t, err, 403, "gate.not_serving")
		if e.Say["id"] == "" || e.Say["en"] == "" || e.Next["id"] == "" || e.Trace == "" {
			t.Errorf("a refusal without words: %+v", e)
		}
		status, err := agent.Verification(ctx, itx)
		w.must(err)
		if status.Level != 1 || len(status.Contacts) != 2 {
			t.Errorf("verification %+v", status)
		}
		one, err := agent.SendLink(ctx, itx, "")
		w.must(err)
		shown := w.confirm(w.link(), one.Number)
		if !strings.Contains(shown.body, "Rina") || strings.Contains(shown.body, "Wulandari") {
			t.Error("the customer's page does not say who is on the line by first name")
		}
		if status, err = agent.Verification(ctx, itx); err != nil || status.Level != 2 || status.Until.IsZero() {
			t.Errorf("after the confirmation: %+v %v", status, err)
		}

		// Served.
		view, err := agent.Customer(ctx, itx)
		w.must(err)
		for _, f := range view.Fields {
			for _, v := range f.Values {
				if v.Text == "Siti Rahmawati" || strings.Contains(v.Text, "Melati") {
					t.Errorf("the masked view shows %s", f.Name)
				}
			}
		}
		revealed, err := agent.Reveal(ctx, itx, ask)
		w.must(err)
		if len(revealed.Values) != 1 || revealed.Values[0].Text != "Siti Rahmawati" || revealed.RemaskAfter() != 20*time.Second {
			t.Errorf("revealed %+v", revealed)
		}
		for said, want := range map[string]bool{"17 April 1988": true, "18 April 1988": false} {
			if got, err := agent.Compare(ctx, itx, "birth_date", said); err != nil || got.Match != want {
				t.Errorf("compare %s: %+v %v", said, got, err)
			}
		}
		if _, err := agent.Resend(ctx, itx, "email", ""); err != nil {
			t.Error(err)
		}
		w.must(w.Work(ctx))
		_, err = agent.Note(ctx, itx, "Menanyakan pesanan; kipas angin dikirim besok.")
		w.must(err)
		if notes, err := agent.Notes(ctx, itx); err != nil || len(notes.Notes) != 1 || notes.Notes[0].Text != "Menanyakan pesanan; kipas angin dikirim besok." || notes.RemaskSeconds != 60 {
			t.Errorf("notes %+v %v", notes, err)
		}
		w.must(agent.Move(ctx, itx, client.MoveHold))
		_, err = agent.Reveal(ctx, itx, ask)
		refused(t, err, 403, "gate.call_held")
		w.must(agent.Move(ctx, itx, client.MoveResume))
		w.must(agent.Move(ctx, itx, client.MoveDisconnect))
		summary, err := agent.Summary(ctx, itx)
		w.must(err)
		if summary.Notes != 1 || len(summary.Disclosures) == 0 {
			t.Errorf("summary %+v", summary)
		}
		w.must(agent.Seal(ctx, itx, "resolved"))
		_, err = agent.Reveal(ctx, itx, ask)
		refused(t, err, 403, "")
		if err := beat.Stop(); err != nil && client.Code(err) == "" {
			t.Error("heartbeat:", err)
		}

		// The proof, by somebody who was not there.
		auditor := w.signIn(w.hire("auditor", actor.Auditor))
		w.must(w.Log.Sign(ctx))
		health, err := auditor.LogHealth(ctx)
		w.must(err)
		var reveals []string
		for e, err := range auditor.Entries(ctx, client.EntryQuery{Interaction: itx, PageSize: 3}) {
			w.must(err)
			if e.Action == "reveal" {
				reveals = append(reveals, e.Decision+" "+e.Reason)
			}
			if e.Subject != "" && e.Subject != subject {
				t.Error("an entry of somebody else:", e.Subject)
			}
		}
		// The name and the notes were shown; the rest was refused.
		if !slices.Equal(reveals, []string{"denied gate.call_over", "denied gate.call_held", "allowed ", "allowed ", "denied gate.not_serving"}) {
			t.Errorf("reveals in the log: %q", reveals)
		}
		proved, err := auditor.Entry(ctx, health.Origin, revealed.Receipt.Leaf)
		w.must(err)
		inclusion, err := proof.ParseInclusion([]byte(proved.Proof))
		w.must(err)
		policy, err := proof.TrustKey(health.Verifier)
		w.must(err)
		if _, err := inclusion.Verify(proved.Entry.Leaf, policy); err != nil {
			t.Error("the proof of the disclosure does not hold:", err)
		}
		if leaf, err := proof.ParseLeaf(proved.Entry.Leaf); err != nil || leaf.Action != "reveal" || leaf.Decision != "allowed" || leaf.Interaction != itx || !slices.Equal(leaf.Fields, []string{"name"}) {
			t.Errorf("the leaf is %+v %v", leaf, err)
		}
		w.verified()
	})
}

// Who asks for several fields and gets some is told of each other one which it is, why, and what would allow it.
func TestAPartlyRefusedRevealNamesWhatIsRefusedAndWhy(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	w.customer(importer, w.toko, 1)
	agent := w.agent("first")
	itx := w.serving(agent, 1)
	out, err := agent.Reveal(ctx, itx, client.Reveal{Fields: []string{"nik", "name", "siti_rahmawati", "phone", "case_reference", "extra_canary"}, Reason: "menyapa"})
	w.must(err)
	if len(out.Values) != 1 || out.Values[0].Field != "name" {
		t.Errorf("shown: %+v", out.Values)
	}
	want := []struct{ field, code, next string }{
		{"nik", "gate.field_not_in_purpose", "Change the purpose if what the customer needs has really changed."},
		{"?", "gate.field_not_in_purpose", ""}, {"phone", "gate.level_too_low", "V3: a link to a registered contact and one account-history question."},
		{"case_reference", "desk.field_missing", "Ask the customer"}, {"?", "gate.field_not_in_purpose", ""},
	}
	if len(out.Refused) != len(want) {
		t.Fatalf("refused: %+v", out.Refused)
	}
	for i, r := range out.Refused {
		if r.Field != want[i].field || r.Code != want[i].code || !strings.Contains(r.Next["en"], want[i].next) || r.Next["id"] == "" || r.Titles["id"] == "" || r.Titles["en"] == "" || r.Title == "" {
			t.Errorf("refused %d: %+v, want %+v", i, r, want[i])
		}
	}
	if phone := out.Refused[2]; phone.Titles["en"] != "Verification has reached V2; V3 is needed." || phone.Say["id"] == "" {
		t.Errorf("the phone: %+v", phone)
	}
	sum, err := agent.Summary(ctx, itx)
	w.must(err)
	if i := slices.IndexFunc(sum.Disclosures, func(d client.Disclosure) bool { return d.Verb == "reveal" }); i < 0 || !slices.Equal(sum.Disclosures[i].Fields, []string{"name"}) {
		t.Errorf("disclosed: %+v", sum.Disclosures)
	}
	_, err = agent.Reveal(ctx, itx, client.Reveal{Fields: []string{"name", "phone"}, Value: out.Values[0].ID, Reason: "menyapa"})
	refused(t, err, 422, "desk.fields_invalid") // one value of two fields is nothing
	all, err := agent.Reveal(ctx, itx, client.Reveal{Fields: []string{"name"}, Reason: "menyapa"})
	if err != nil || all.Refused == nil || len(all.Refused) != 0 {
		t.Errorf("nothing was refused: %+v %v", all.Refused, err)
	}
	w.verified()
}

func TestACallIsHandedOverAndItsRightsGoWithIt(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	w.customer(importer, w.toko, 1)
	first, second := w.agent("first"), w.agent("second")
	itx := w.serving(first, 1)
	ask := client.Reveal{Fields: []string{"name"}, Reason: "menyapa"}
	if _, err := first.Reveal(ctx, itx, ask); err != nil {
		t.Fatal(err)
	}
	_, err := second.Reveal(ctx, itx, ask)
	if s := status(err); s != 403 && s != 404 {
		t.Error("the colleague before the transfer:", err)
	}
	w.must(first.Transfer(ctx, itx, second.id))
	w.must(second.Accept(ctx, itx))
	w.must(second.Heartbeat(ctx, itx))
	if r, err := second.Reveal(ctx, itx, ask); err != nil || r.Values[0].Text != "Siti Rahmawati" {
		t.Error("the colleague after the transfer:", err)
	}
	_, err = first.Reveal(ctx, itx, ask)
	if s := status(err); s != 403 && s != 404 {
		t.Error("the first agent after the transfer:", err)
	}
	// A call that is handed over and not taken within a minute has lost what was verified.
	w.must(second.Transfer(ctx, itx, first.id))
	w.sleep(61 * time.Second)
	w.must(first.Accept(ctx, itx))
	w.must(first.Heartbeat(ctx, itx))
	_, err = first.Reveal(ctx, itx, ask)
	refused(t, err, 403, "")
	w.verified()
}

func status(err error) int {
	if e, ok := err.(*client.Error); ok { //nolint:errorlint // it is not wrapped
		return e.Status
	}
	return 0
}

func TestAnAPIClientAloneOpensCallsAndWritesCustomersAndNeverSeesAValue(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	every := []string{"interactions", "events", "import", "audit", "serve", "verify", "approve"}
	alone, key := w.machine("desktop", []string{w.toko}, every...)
	w.customer(alone, w.toko, 1)
	agent := w.agent("agent")
	itx := w.serving(agent, 1)
	ask := client.Reveal{Fields: []string{"name"}, Reason: "menyapa"}

	for what, do := range map[string]func() error{
		"reveal":       func() error { _, err := alone.Reveal(ctx, itx, ask); return err },
		"compare":      func() error { _, err := alone.Compare(ctx, itx, "phone", phone(1)); return err },
		"search":       func() error { _, err := alone.Search(ctx, itx, "phone", phone(1)); return err },
		"view":         func() error { _, err := alone.Customer(ctx, itx); return err },
		"note":         func() error { _, err := alone.Note(ctx, itx, "x"); return err },
		"read notes":   func() error { _, err := alone.Notes(ctx, itx); return err },
		"resend":       func() error { _, err := alone.Resend(ctx, itx, "email", ""); return err },
		"verify":       func() error { _, err := alone.SendLink(ctx, itx, ""); return err },
		"accept":       func() error { return alone.Accept(ctx, itx) },
		"read the log": func() error { _, err := alone.EntryPage(ctx, client.EntryQuery{}, ""); return err },
	} {
		refused(t, do(), 403, "web.denied")
		_ = what
	}
	rung, err := alone.StartInteraction(ctx, client.Opening{Controller: w.toko, Channel: "phone", Direction: "inbound"})
	w.must(err)
	if v, err := alone.Interaction(ctx, rung); err != nil || v.State != "offered" || v.Agent != "" {
		t.Errorf("its own call: %+v %v", v, err)
	}

	// With the agent's session beside the key it may do what the agent may, and no more than its own scopes.
	behalf := alone.As(agent.token)
	if r, err := behalf.Reveal(ctx, itx, ask); err != nil || r.Values[0].Text != "Siti Rahmawati" {
		t.Error("on behalf of the agent:", err)
	}
	if who, err := behalf.WhoAmI(ctx); err != nil || who.Staff != agent.id || who.Client == "" {
		t.Errorf("%+v %v", who, err)
	}
	narrow, _ := w.machine("narrow", []string{w.toko}, "verify")
	_, err = narrow.As(agent.token).Reveal(ctx, itx, ask)
	refused(t, err, 403, "web.denied")
	if _, err := narrow.As(agent.token).Verification(ctx, itx); err != nil {
		t.Error("its own scope:", err)
	}
	elsewhere, _ := w.machine("elsewhere", []string{w.bank}, every...)
	_, err = elsewhere.As(agent.token).Reveal(ctx, itx, ask)
	if s := status(err); s != 403 && s != 404 {
		t.Error("a client of another company on behalf of the agent:", err)
	}
	_, err = elsewhere.CreateCustomer(ctx, client.NewCustomer{Controller: w.toko, Purpose: w.purpose("registration"), Values: w.values(2)})
	if s := status(err); s != 403 && s != 404 {
		t.Error("a client of another company creates a customer:", err)
	}

	// The heartbeat applies to it as to a screen, and the end of the session ends it.
	w.sleep(16 * time.Second)
	_, err = behalf.Reveal(ctx, itx, ask)
	refused(t, err, 403, "gate.heartbeat_lost")
	w.must(agent.SignOut(ctx))
	_, err = behalf.Reveal(ctx, itx, ask)
	refused(t, err, 401, "web.session")
	if strings.Contains(w.log.String(), key) || strings.Contains(w.log.String(), agent.token) {
		t.Error("a credential is in the server's log")
	}
	w.verified()
}

func TestARepeatedRequestDoesItsWorkOnce(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, key := w.machine("CRM", []string{w.toko}, "import")
	other, _ := w.machine("CRM 2", []string{w.toko}, "import")
	n := client.NewCustomer{Controller: w.toko, Purpose: w.purpose("registration"), Values: w.values(1), IdempotencyKey: "order-1"}
	first, err := importer.CreateCustomer(ctx, n)
	w.must(err)
	again, err := importer.CreateCustomer(ctx, n)
	if err != nil || again.Customer != first.Customer {
		t.Errorf("the same key and body: %+v %v", again, err)
	}
	changed := n
	changed.Values = w.values(2)
	_, err = importer.CreateCustomer(ctx, changed)
	refused(t, err, 422, "web.idempotency_reused")
	_, err = other.CreateCustomer(ctx, n)
	refused(t, err, 409, "vault.taken") // another client's key is another key
	// A refused request gives its key back.
	n = client.NewCustomer{Controller: w.toko, Purpose: w.purpose("order_status"), Values: w.values(3), IdempotencyKey: "order-3"}
	_, err = importer.CreateCustomer(ctx, n)
	refused(t, err, 403, "vault.field_not_in_purpose")
	n.Purpose = w.purpose("registration")
	if _, err = importer.CreateCustomer(ctx, n); err != nil {
		t.Error("after a refusal the key is lost:", err)
	}

	// Many at once: one does it, the others get its answer.
	body, err := json.Marshal(client.NewCustomer{Controller: w.toko, Purpose: w.purpose("registration"), Values: w.values(4)})
	w.must(err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses, made := map[int]int{}, map[string]bool{}
	for range 12 {
		wg.Go(func() {
			r := w.send("POST", "/api/v1/customers", string(body), "Authorization", "Bearer "+key, "Content-Type", "application/json", "Idempotency-Key", "order-4")
			var out client.Written
			_ = json.Unmarshal([]byte(r.body), &out)
			mu.Lock()
			defer mu.Unlock()
			statuses[r.status]++
			if r.status == 201 {
				made[out.Customer] = true
			}
		})
	}
	wg.Wait()
	if len(made) != 1 || statuses[201] != 12 {
		t.Errorf("twelve at once: %v, %d customers", statuses, len(made))
	}
	w.verified()
}

func TestEntriesArePagedWithoutGapOrRepetition(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	for n := range 7 {
		w.customer(importer, w.toko, n+1)
	}
	auditor := w.signIn(w.hire("auditor", actor.Auditor))
	q := client.EntryQuery{Action: "customer.create"}
	var whole []uint64
	for e, err := range auditor.Entries(ctx, q) {
		w.must(err)
		whole = append(whole, e.Index)
	}
	q.PageSize = 2
	var paged []uint64
	for e, err := range auditor.Entries(ctx, q) {
		w.must(err)
		paged = append(paged, e.Index)
	}
	if len(whole) != 7 || !slices.Equal(whole, paged) || !slices.IsSortedFunc(paged, func(a, b uint64) int { return int(b) - int(a) }) {
		t.Errorf("%v and %v", whole, paged)
	}
	for _, cursor := range []string{"x", strings.Repeat("A", 150), "-1", "9999999999999999999999", "' or 1=1 --"} {
		_, err := auditor.EntryPage(ctx, q, cursor)
		if s := status(err); s != 422 && s != 400 {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestTooManyRequestsAreToldWhenToComeAgain(t *testing.T) {
	w := open(t, "")
	_, key := w.machine("PBX", []string{w.toko}, "interactions")
	seen := map[int]int{}
	var last response
	for range 400 {
		r := w.send("GET", "/api/v1/sessions/current", "", "Authorization", "Bearer "+key)
		seen[r.status]++
		if r.status == 429 {
			last = r
			break
		}
	}
	if seen[200] < 60 || last.status != 429 {
		t.Fatalf("by one caller: %v", seen)
	}
	wait, err := strconv.Atoi(last.header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 10 || !strings.Contains(last.body, "web.too_many") || last.header.Get("Ratelimit") == "" || last.header.Get("Ratelimit-Policy") == "" {
		t.Errorf("%s\n%s", last.header, last.body)
	}
	w.sleep(time.Duration(wait) * time.Second)
	if r := w.send("GET", "/api/v1/sessions/current", "", "Authorization", "Bearer "+key); r.status != 200 {
		t.Error("after the time that was asked for:", r.status)
	}
	// The client waits by itself.
	patient, err := client.New(client.Options{Address: w.server.URL, Key: key, HTTP: w.http()})
	w.must(err)
	for range 70 {
		if _, err := patient.WhoAmI(context.Background()); err != nil {
			t.Fatal("the client does not wait:", err)
		}
	}
	// And one address that is nobody.
	seen = map[int]int{}
	for range 1000 {
		r := w.send("GET", "/sign-in", "", "X-Forwarded-For", "203.0.113.9")
		if seen[r.status]++; r.status == 429 {
			if r.header.Get("Retry-After") == "" {
				t.Error("no Retry-After for an address")
			}
			break
		}
	}
	if seen[429] == 0 {
		t.Errorf("by one address: %v", seen)
	}
}

func TestAProblemHasOneShapeInBothLanguages(t *testing.T) {
	w := open(t, "")
	agent := w.agent("agent")
	for what, test := range map[string]struct {
		method, target, body string
		header               []string
		status               int
		code                 string
	}{
		"no session":          {"GET", "/api/v1/interactions", "", nil, 401, "web.session"},
		"no such path":        {"GET", "/api/v1/nothing", "", nil, 404, "web.not_found"},
		"a wrong method":      {"DELETE", "/api/v1/interactions", "", nil, 405, "web.method"},
		"malformed":           {"POST", "/api/v1/interactions", "{", []string{"Authorization", "Bearer " + agent.token, "Content-Type", "application/json"}, 400, "web.malformed"},
		"a wrong media type":  {"POST", "/api/v1/interactions", "x=1", []string{"Authorization", "Bearer " + agent.token, "Content-Type", "text/plain"}, 415, "web.media_type"},
		"a missing member":    {"POST", "/api/v1/interactions", "{}", []string{"Authorization", "Bearer " + agent.token, "Content-Type", "application/json"}, 422, "web.invalid"},
		"another's role":      {"GET", "/api/v1/log/entries", "", []string{"Authorization", "Bearer " + agent.token}, 403, "web.denied"},
		"an unknown contact":  {"GET", "/api/v1/interactions/itx_00000000000000000000000000", "", []string{"Authorization", "Bearer " + agent.token}, 404, ""},
		"a wrong password":    {"POST", "/api/v1/sessions", `{"login":"masuk-agent","password":"salah-sama-sekali","code":"123456"}`, []string{"Content-Type", "application/json"}, 401, "identity.wrong_sign_in"},
		"an unknown API key":  {"GET", "/api/v1/interactions", "", []string{"Authorization", "Bearer amanah_key_" + strings.Repeat("a", 43)}, 401, ""},
		"another scheme":      {"GET", "/api/v1/interactions", "", []string{"Authorization", "Basic YTpi"}, 401, ""},
		"a reveal of nothing": {"POST", "/api/v1/interactions/itx_1/reveal", `{"fields":[],"reason":"x"}`, []string{"Authorization", "Bearer " + agent.token, "Content-Type", "application/json"}, 422, "web.invalid"},
	} {
		titles := map[string]string{}
		for _, lang := range []string{"id", "en"} {
			r := w.send(test.method, test.target, test.body, append([]string{"Accept-Language", lang}, test.header...)...)
			var p struct {
				Type   string            `json:"type"`
				Title  string            `json:"title"`
				Status int               `json:"status"`
				Code   string            `json:"code"`
				Trace  string            `json:"trace_id"`
				Titles map[string]string `json:"titles"`
				Next   map[string]string `json:"next"`
			}
			if err := json.Unmarshal([]byte(r.body), &p); err != nil {
				t.Errorf("%s: %v\n%s", what, err, r.body)
				continue
			}
			if r.status != test.status || p.Status != r.status || test.code != "" && p.Code != test.code {
				t.Errorf("%s: %d %s, want %d %s", what, r.status, p.Code, test.status, test.code)
			}
			if r.header.Get("Content-Type") != "application/problem+json" || p.Type != "/problems/"+p.Code || p.Trace == "" || p.Trace != r.header.Get("Amanah-Trace") {
				t.Errorf("%s: %s %+v", what, r.header.Get("Content-Type"), p)
			}
			if p.Titles["id"] == "" || p.Titles["en"] == "" || p.Titles["id"] == p.Titles["en"] || p.Next["id"] == "" || p.Next["en"] == "" || p.Title != p.Titles[lang] {
				t.Errorf("%s: words %+v", what, p)
			}
			if r.status == 401 && r.header.Get("Www-Authenticate") == "" || r.status == 405 && r.header.Get("Allow") == "" {
				t.Errorf("%s: %v", what, r.header)
			}
			if r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept", what)
			}
			titles[lang] = p.Title
			// The page that the type leads to says the same.
			if page := w.send("GET", p.Type, "", "Accept-Language", lang, "Accept", "text/html"); page.status != 200 || !strings.Contains(page.body, p.Code) {
				t.Errorf("%s: its page answers %d", what, page.status)
			}
		}
		if titles["id"] == titles["en"] {
			t.Errorf("%s: one title for two languages: %q", what, titles["id"])
		}
	}
}

func TestWhoGuessesAPasswordBehindAProxySlowsNobodyElseDown(t *testing.T) {
	w := open(t, "")
	w.hire("agent", actor.Agent)
	try := func(from, word, code string) response {
		return w.send("POST", "/api/v1/sessions", `{"login":"masuk-agent","password":"`+word+`","code":"`+code+`"}`, "Content-Type", "application/json", "X-Forwarded-For", from)
	}
	seen := map[int]int{}
	for range 40 {
		seen[try("203.0.113.66", "bukan-sandi-yang-benar", "000000").status]++
	}
	if seen[401] == 0 || seen[429] == 0 {
		t.Errorf("forty guesses: %v", seen)
	}
	if r := try("203.0.113.67", password, w.code(w.people["agent"])); r.status != 201 {
		t.Errorf("the owner from another address: %d %s", r.status, r.body)
	}
}

// The front desk repeats no answer that holds values of customers; a request with a key is refused before anything is opened.
func TestARepeatedRevealIsANewDecisionAndANewEntry(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	w.customer(importer, w.toko, 1)
	agent := w.agent("agent")
	itx := w.serving(agent, 1)
	rows := func(what string) (n int64) {
		w.must(w.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select count(*) from " + what).Scan(&n) }))
		return n
	}
	const leaves, answers = "audit_entry where action = 'reveal'", "idempotency_answer"
	kept := rows(answers)
	ask := func() response {
		return w.send("POST", "/api/v1/interactions/"+itx+"/reveal", `{"fields":["name"],"reason":"menyapa"}`,
			"Authorization", "Bearer "+agent.token, "Content-Type", "application/json")
	}
	for i := range int64(2) {
		if r := ask(); r.status != 200 || !strings.Contains(r.body, "Siti Rahmawati") || r.header.Get("Idempotent-Replay") != "" {
			t.Fatalf("reveal %d: %d %s", i, r.status, r.body)
		}
		if n := rows(leaves); n != i+1 {
			t.Errorf("%d entries after %d reveals", n, i+1)
		}
	}
	w.must(agent.Move(ctx, itx, client.MoveDisconnect))
	if r := ask(); r.status == 200 || strings.Contains(r.body, "Siti") || rows(leaves) != 3 {
		t.Errorf("after the call: %d %s, %d entries", r.status, r.body, rows(leaves))
	}
	if n := rows(answers); n != kept {
		t.Errorf("%d answers were kept", n-kept)
	}
	w.verified()
}

var heldField = regexp.MustCompile(`name="held" value="([^"]*)"`)

// Whoever types so long that the second factor grows old finds the text again: it waits, sealed, in the page that asks for
// the factor, and is in no store, log, cookie or address until it is sent.
func TestWhatIsTypedWhileTheFactorGrowsOldIsNotLost(t *testing.T) {
	w := open(t, "")
	typed := func(name string) string { return "Ibu Sri " + name + " dari Sukamaju meminta ini." }
	dpo, admin := w.browse(w.hire("dpo", actor.DPO)), w.browse(w.hire("admin", actor.Admin))
	other := w.hire("other", actor.Agent)
	at := "/purposes/" + w.purpose("order_status") + "/notices"
	officer, boss := w.console(dpo), w.console(admin)
	w.sleep(6 * time.Minute)
	for _, c := range []struct {
		name   string
		who    *browser
		person *person
		at, to string
		form   url.Values
	}{
		{"Kenanga", officer, dpo, at, strings.TrimSuffix(at, "/notices"), url.Values{"text_id": {strings.Repeat(typed("Kenanga")+"\r\n", 150)}, "text_en": {strings.Repeat("&=%+ é "+typed("Kenanga"), 150)}}},
		{"Seruni", boss, admin, "/staff/" + other.id + "/role", "/staff/" + other.id, url.Values{"role": {"supervisor"}, "controllers": {w.toko, w.bank}, "reason": {typed("Seruni")}}},
	} {
		r := c.who.do("POST", c.at, c.form)
		held := heldField.FindStringSubmatch(r.body)
		if r.status != 401 || held == nil || strings.Contains(r.text(), c.name) || r.header.Get("Location") != "" {
			t.Fatalf("%s: %d\n%.1500s", c.at, r.status, r.body)
		}
		if strings.Contains(w.log.String(), c.name) {
			t.Error("the log holds what was typed")
		}
		w.dump(func(table, column string, value []byte) {
			if bytes.Contains(value, []byte(c.name)) {
				t.Errorf("%s.%s holds what was typed", table, column)
			}
		})
		if r := c.who.do("POST", "/step-up", url.Values{"code": {"000000"}, "held": {held[1]}}); r.status != 401 || !strings.Contains(r.body, held[1]) {
			t.Errorf("a wrong code: %d", r.status)
		}
		if r := c.who.do("POST", "/step-up", url.Values{"code": {w.code(c.person)}, "held": {held[1]}}); r.status != 303 || r.header.Get("Location") != c.to {
			t.Errorf("%s: %d %s\n%.1500s", c.at, r.status, r.header.Get("Location"), r.body)
		}
	}
	if r := officer.do("GET", strings.TrimSuffix(at, "/notices"), nil); !strings.Contains(r.body, "Versi 2") || strings.Count(r.body, "Kenanga") != 300 {
		t.Errorf("the notice: %d times the name\n%.1500s", strings.Count(r.body, "Kenanga"), r.body)
	}
	// Deciding checks the factor in the approval's own transaction, after the form was read.
	w.sleep(6 * time.Minute)
	waiting := regexp.MustCompile(`/approvals/apr_[0-9a-z]+`).FindString(officer.do("GET", "/approvals", nil).body)
	r := officer.do("POST", waiting+"/approve", url.Values{"reason": {typed("Melur")}})
	held := heldField.FindStringSubmatch(r.body)
	if r.status != 401 || held == nil {
		t.Fatalf("%s: %d\n%.1500s", waiting, r.status, r.body)
	}
	if r := officer.do("POST", "/step-up", url.Values{"code": {w.code(dpo)}, "held": {held[1]}}); r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), "/approvals") {
		t.Errorf("the decision: %d %s\n%.1500s", r.status, r.header.Get("Location"), r.body)
	}
	w.verified()
}

// What a customer denies comes to those who look into it, who write down that they did; the program's client does the same.
func TestAContactThatItsCustomerDeniesIsReviewedAndTheReviewIsOnRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		importer, _ := w.machine("CRM", []string{w.toko}, "import")
		w.customer(importer, w.toko, 1)
		agent, security, boss := w.agent("agent"), w.signIn(w.hire("security", actor.Security)), w.signIn(w.hire("boss", actor.Supervisor))
		none, err := security.Denials(ctx, false, "")
		if err != nil || len(none.Items) != 0 {
			t.Fatal(none, err)
		}
		denied := w.denied(agent, 1)
		waiting, err := boss.Denials(ctx, false, "")
		if err != nil || len(waiting.Items) != 1 || waiting.Items[0].ID != denied || waiting.Items[0].Agent != agent.id || waiting.Items[0].State != "frozen" || waiting.Items[0].Channel != "phone" {
			t.Fatalf("%+v %v", waiting, err)
		}
		_, err = agent.Denials(ctx, false, "")
		refused(t, err, 403, "web.denied")
		const found = "Nomor dipalsukan; Siti Rahmawati sudah dihubungi kembali."
		w.must(security.ReviewDenial(ctx, denied, found))
		refused(t, boss.ReviewDenial(ctx, denied, "Saya juga."), 409, "verification.reviewed_already")
		done, err := boss.Denials(ctx, true, "")
		if err != nil || len(done.Items) != 1 || done.Items[0].ReviewedBy != security.id || done.Items[0].Reviewed.IsZero() {
			t.Fatalf("%+v %v", done, err)
		}
		page, err := security.EntryPage(ctx, client.EntryQuery{Action: "verification.reviewed"}, "")
		w.must(err)
		if len(page.Entries) != 1 || page.Entries[0].Decision != "done" || page.Entries[0].Interaction != done.Items[0].Interaction || page.Entries[0].Actor != security.id {
			t.Errorf("on record: %+v", page.Entries)
		}
		w.dump(func(table, column string, value []byte) {
			if bytes.Contains(value, []byte("dipalsukan")) {
				t.Errorf("%s.%s holds what was found", table, column)
			}
		})
		if strings.Contains(w.log.String(), "dipalsukan") {
			t.Error("the program's log holds what was found")
		}
		w.verified()
	})
}

package apitest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/proof"
)

// TestEveryOperationThatChangesSomethingHonoursAnIdempotencyKeyOrRefusesIt sends every request that the document says
// takes a key twice under one, and every other one once: the first have one effect and one answer, the others none.
func TestEveryOperationThatChangesSomethingHonoursAnIdempotencyKeyOrRefusesIt(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, key := w.machine("CRM", []string{w.toko}, "import", "events")
	subject := w.customer(importer, w.toko, 1)
	w.customer(importer, w.toko, 2)
	dpo, agent, other := w.signIn(w.hire("dpo", actor.DPO)), w.agent("agent"), w.agent("other")
	auditor := w.signIn(w.hire("auditor", actor.Auditor))
	denied := w.denied(agent, 2)
	standing, alert := w.watched(agent, dpo)
	itx := w.serving(agent, 1)
	w.customer(importer, w.toko, 3)
	changer := w.agent("changer")
	change := w.fourth(changer, 3)
	capturer := w.agent("capturer")
	w.customer(importer, w.toko, 4)
	capture := w.fourth(capturer, 4)
	rows := func(what string) (n int64) {
		w.must(w.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select count(*) from " + what).Scan(&n) }))
		return n
	}
	draft := func(slug string) string {
		p, err := dpo.ProposePurpose(ctx, client.NewPurpose{Controller: w.toko, Slug: slug, Basis: "contract", Name: map[string]string{"id": "Uji", "en": "Test"},
			Fields: map[string][]string{"reveal": {"name"}}, Script: map[string]string{"id": "Salam.", "en": "Hello."}})
		w.must(err)
		return p.ID
	}
	asText := func(v any) string {
		text, err := json.Marshal(v)
		w.must(err)
		return string(text)
	}
	told, published, retired := draft("told"), draft("published"), draft("retired")
	_, err := dpo.PublishNotice(ctx, published, map[string]string{"id": "Kami memakai data.", "en": "We use data."})
	w.must(err)
	// two mandates to revoke: of an assistant, which gives no rights
	until := w.now().AddDate(0, 1, 0).Format(time.DateOnly)
	helped := func() string {
		made, err := agent.RecordMandate(ctx, itx, client.NewMandate{Kind: "assistant", Name: "Dewi", Until: until, Format: "slow"})
		w.must(err)
		return made.ID
	}
	first, second := helped(), helped()
	// and an attorney whose document nobody has verified, whom the customer of the other call appoints
	attorney, err := changer.RecordMandate(ctx, change, client.NewMandate{Kind: "attorney", Name: "Bambang", Contact: "phone", Value: "081299990001", Document: "power_of_attorney", Number: "SK-12",
		Dated: w.now().Format(time.DateOnly), Until: until, Scope: &client.Scope{Purposes: []string{w.purpose("order_status")}, Verbs: []string{"mask"}, Fields: []string{"name"}}})
	w.must(err)
	_, err = agent.Note(ctx, itx, "NIK 3273014708870017")
	w.must(err)
	texts, err := dpo.TextIncidents(ctx, false)
	w.must(err)
	heldMails := w.heldMails(2)
	w.must(dpo.DecideTextIncident(ctx, heldMails[1], true))
	_, asker := w.machine("Surel", []string{w.toko}, "inspect", "mail")
	if len(texts) != 1 {
		t.Fatalf("%d texts wait for a review", len(texts))
	}
	// What each keyed operation is sent, by whom, and what it leaves behind.
	keyed := map[string]struct{ target, token, body, effect string }{
		"POST /interactions":                                         {"/interactions", other.token, `{"controller":"` + w.toko + `","channel":"phone","direction":"inbound","queue":"layanan"}`, "interaction_contact"},
		"POST /interactions/{interaction}/resend":                    {"/interactions/" + itx + "/resend", agent.token, `{"field":"email"}`, "message_outbox"},
		"POST /interactions/{interaction}/write":                     {"/interactions/" + itx + "/write", agent.token, `{"field":"email","text":"Pesanan dikirim besok."}`, "message_outbox where template = 'message.written'"},
		"POST /interactions/{interaction}/notes":                     {"/interactions/" + itx + "/notes", agent.token, `{"text":"Menanyakan pesanan."}`, "desk_note"},
		"POST /interactions/{interaction}/consents":                  {"/interactions/" + itx + "/consents", agent.token, `{"purpose":"` + w.purpose("marketing") + `","what":"granted"}`, "consent_event"},
		"POST /interactions/{interaction}/collect":                   {"/interactions/" + change + "/collect", changer.token, `{"field":"address","value":"Jalan Melati 7, Bandung"}`, "audit_entry where action = 'act.collect'"},
		"POST /interactions/{interaction}/asks":                      {"/interactions/" + change + "/asks", changer.token, `{"field":"address"}`, "act_ask"},
		"POST /interactions/{interaction}/captures":                  {"/interactions/" + capture + "/captures", capturer.token, `{"field":"nik"}`, "recorder_span"},
		"POST /interactions/{interaction}/contact-changes":           {"/interactions/" + change + "/contact-changes", changer.token, `{"field":"email","value":"baru.sekali@contoh.example"}`, "act_change"},
		"POST /interactions/{interaction}/mandates":                  {"/interactions/" + itx + "/mandates", agent.token, `{"kind":"assistant","name":"Dewi","until":"` + until + `","format":"slow"}`, "mandate_record"},
		"POST /interactions/{interaction}/mandates/{mandate}/revoke": {"/interactions/" + itx + "/mandates/" + first + "/revoke", agent.token, `{"why":"customer_asked"}`, "audit_entry where action = 'mandate.revoke'"},
		"POST /interactions/{interaction}/mandates/{mandate}/verify": {"/interactions/" + change + "/mandates/" + attorney.ID + "/verify", changer.token, `{"reason":"Asli diperlihatkan."}`, "approval_request where kind = 'mandate.verify'"},
		"POST /mandates/{mandate}/revoke":                            {"/mandates/" + second + "/revoke", dpo.token, `{"why":"dispute"}`, "audit_entry where action = 'mandate.revoke'"},
		"POST /denials/{denial}/review":                              {"/denials/" + denied + "/review", dpo.token, `{"reason":"Sudah ditelusuri."}`, "verification_review"},
		"POST /dlp/incidents/{incident}/review":                      {"/dlp/incidents/" + texts[0].ID + "/review", dpo.token, `{"disposition":"habit","advice":"Cukup namanya."}`, "dlp_incident where disposition <> ''"},
		"POST /dlp/incidents/{incident}/decide":                      {"/dlp/incidents/" + heldMails[0] + "/decide", dpo.token, `{"release":false}`, "dlp_incident where held = 'refused'"},
		"POST /dlp/incidents/{incident}/carried":                     {"/dlp/incidents/" + heldMails[1] + "/carried", asker, `{}`, "dlp_incident where carried_at <> 0"},
		"POST /watchlist":                                            {"/watchlist", dpo.token, `{"list":"protected","kind":"phone","controller":"` + w.toko + `","persons":["` + phone(8) + `"],"reason":"tokoh publik","review":"` + w.DB.Now().AddDate(0, 3, 0).Format(time.DateOnly) + `"}`, "watchlist_entry"},
		"POST /watchlist/{entry}/remove":                             {"/watchlist/" + standing + "/remove", dpo.token, `{"reason":"masa jabatan berakhir"}`, "approval_request where kind = 'watchlist.remove'"},
		"POST /alerts/{alert}/review":                                {"/alerts/" + alert + "/review", dpo.token, `{"disposition":"test","note":"uji sendiri"}`, "watchlist_alert where disposition <> ''"},
		"POST /subjects/{subject}/consents":                          {"/subjects/" + subject + "/consents", dpo.token, `{"purpose":"` + w.purpose("marketing") + `","what":"granted","channel":"paper"}`, "consent_event"},
		"POST /customers":                                            {"/customers", key, asText(client.NewCustomer{Controller: w.toko, Purpose: w.purpose("registration"), Values: w.values(7)}), "vault_subject"},
		"PATCH /customers/{customer}":                                {"/customers/" + subject, key, `{"purpose":"` + w.purpose("registration") + `","values":[{"field":"name","value":"Siti Rahmawati Baru"}]}`, "audit_entry where action = 'customer.update'"},
		"POST /purposes":                                             {"/purposes", dpo.token, `{"controller":"` + w.toko + `","slug":"lain","basis":"contract","name":{"id":"Lain","en":"Other"},"fields":{"reveal":["name"]},"script":{"id":"Salam.","en":"Hello."}}`, "purpose_purpose"},
		"POST /purposes/{purpose}/notices":                           {"/purposes/" + told + "/notices", dpo.token, `{"text":{"id":"Kami memakai data.","en":"We use data."}}`, "purpose_notice"},
		"POST /purposes/{purpose}/publish":                           {"/purposes/" + published + "/publish", dpo.token, "", "audit_entry where action = 'purpose.published'"},
		"POST /purposes/{purpose}/retire":                            {"/purposes/" + retired + "/retire", dpo.token, "", "audit_entry where action = 'purpose.retired'"},
	}
	var document struct {
		Paths map[string]map[string]struct {
			Description string
			Parameters  []struct{ Name string }
		}
	}
	w.must(json.Unmarshal([]byte(w.send("GET", "/api/openapi.json", "").body), &document))
	for at, item := range document.Paths {
		for method, op := range item {
			if method == "get" {
				continue
			}
			name := strings.ToUpper(method) + " " + at
			takes := false
			for _, p := range op.Parameters {
				takes = takes || p.Name == "Idempotency-Key"
			}
			refuses := strings.Contains(op.Description, "An Idempotency-Key is refused: ")
			if takes == refuses {
				t.Errorf("%s: the document says neither or both: takes %t, refuses %t", name, takes, refuses)
			}
			r, known := keyed[name]
			if takes != known {
				t.Errorf("%s: takes a key %t, is in the table of this test %t", name, takes, known)
			}
			if takes {
				continue
			}
			w.sleep(100 * time.Millisecond) // for the limit of requests
			for _, token := range []string{agent.token, dpo.token, key} {
				_, target := path(name)
				media := "application/json"
				if strings.HasSuffix(at, "/events") {
					media = "application/cloudevents+json"
				}
				said := w.send(strings.ToUpper(method), "/api/v1"+target, r.body, "Authorization", "Bearer "+token, "Content-Type", media, "Idempotency-Key", "once")
				if said.status != 403 && (said.status != 422 || !strings.Contains(said.body, "web.idempotency_unsupported")) {
					t.Errorf("%s with a key: %d %.300s", name, said.status, said.body)
				}
			}
		}
	}
	for name, r := range keyed {
		method, _, _ := strings.Cut(name, " ")
		w.sleep(time.Second) // for the limit of requests
		w.must(agent.Heartbeat(ctx, itx))
		w.must(changer.Heartbeat(ctx, change))
		w.must(capturer.Heartbeat(ctx, capture))
		before := rows(r.effect)
		ask := func() response {
			return w.send(method, "/api/v1"+r.target, r.body, "Authorization", "Bearer "+r.token, "Content-Type", "application/json", "Idempotency-Key", "key-of-"+strings.ReplaceAll(name, " ", "-"))
		}
		first := ask()
		if first.status/100 != 2 || first.header.Get("Idempotent-Replay") != "" {
			t.Errorf("%s: %d %.300s", name, first.status, first.body)
			continue
		}
		again := ask()
		if again.status != first.status || again.header.Get("Idempotent-Replay") != "true" {
			t.Errorf("%s repeated: %d after %d, replay %q\n%.300s", name, again.status, first.status, again.header.Get("Idempotent-Replay"), again.body)
		}
		if again.body != first.body {
			t.Errorf("%s repeated:\n%.300s\nafter\n%.300s", name, again.body, first.body)
		}
		if strings.HasSuffix(name, "/resend") {
			var said struct{ Receipt client.Receipt }
			w.must(json.Unmarshal([]byte(again.body), &said))
			health, err := auditor.LogHealth(ctx)
			w.must(err)
			proved, err := auditor.Entry(ctx, health.Origin, said.Receipt.Leaf)
			w.must(err)
			leaf, err := proof.ParseLeaf(proved.Entry.Leaf)
			if err != nil || leaf.Action != "act" || leaf.Interaction != itx || said.Receipt.At.IsZero() {
				t.Errorf("%s repeated: the receipt %+v names %+v (%v)", name, said.Receipt, leaf, err)
			}
		}
		if n := rows(r.effect) - before; n != 1 {
			t.Errorf("%s twice under one key: %d effects in %s", name, n, r.effect)
		}
	}
	w.verified()
}

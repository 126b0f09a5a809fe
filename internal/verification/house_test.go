package verification_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/keyring/keytest"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/vault"
	. "github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/check"
	"github.com/amanah-id/amanah/internal/verification/page"
	"github.com/amanah-id/amanah/internal/verification/passkey"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// house is the real rooms around verification: log, keys, gate, vault, interaction,
// message. Only the people and the purposes are made up.
type house struct {
	*Service
	t            *testing.T
	db           *db.DB
	mu           sync.Mutex
	now          time.Time
	log          *recorder
	keys         *keyring.Keyring
	vault        *vault.Vault
	interactions *interaction.Service
	messages     *message.Service
	inbox        *message.Inbox
	worker       *jobs.Worker
	desk         *webtest.Desk
	calls        *check.Service
	passkeyRoom  *passkey.Service
	approvals    *approval.Approvals
	agent, other actor.Actor
	boss         actor.Actor
	ctl, pur     string
	subject      string
}

// recorder notes the entries that were committed on their way into the real log.
type recorder struct {
	log     *audit.Log
	mu      sync.Mutex
	entries []string
}

func (r *recorder) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	p, err := r.log.Append(tx, e)
	if err == nil {
		line := strings.TrimSpace(e.Action + " " + string(e.Decision) + " " + e.Reason)
		tx.AfterCommit(func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.entries = append(r.entries, line)
		})
	}
	return p, err
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.entries
	r.entries = nil
	return out
}

func (h *house) clock() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

// wait moves the clock; the desk goes on beating, as its script does.
func (h *house) wait(d time.Duration, calls ...string) {
	h.t.Helper()
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.desk.Now = h.now
	h.mu.Unlock()
	for _, itx := range calls {
		if err := h.interactions.Heartbeat(context.Background(), h.agent, itx); err != nil {
			h.t.Fatal(err)
		}
	}
}

// cookie is the name of the browser's secret.
const cookie = "__Host-amanah-page"

const mail = "sri.kenanga@contoh.example"

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	run := func(t *testing.T, o db.Options) {
		h := &house{t: t, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
		o.Clock = h.clock
		h.db = dbtest.OpenWith(t, o, audit.Schema(), db.Schema{Room: "keyring", FS: keyring.Schema}, vault.Schema(),
			interaction.Schema(), message.Schema(), approval.Schema(), Schema(), passkey.Schema(), jobs.Schema(), web.Schema())
		h.build()
		test(t, h)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) refused(err error, code string) {
	h.t.Helper()
	if err == nil || errs.Of(err).Code != code {
		h.t.Fatalf("got %v, want %s", err, code)
	}
}

func (h *house) build() {
	h.worker = jobs.New(h.db, jobs.Options{Node: "test"})
	log, keys := keytest.Start(h.t, h.db)
	h.log = &recorder{log: log}
	h.keys = keys
	set, err := policy.New()
	h.must(err)
	c := catalog.Shipped()
	h.ctl, h.pur = id.New(id.Controller), id.New(id.Purpose)
	staff := func() actor.Actor {
		return actor.NewStaff(id.New(id.Staff), actor.Agent, id.New(id.Session), []string{h.ctl}, h.now)
	}
	h.agent, h.other = staff(), staff()
	h.boss = actor.NewStaff(id.New(id.Staff), actor.Supervisor, id.New(id.Session), []string{h.ctl}, h.now)
	people := map[string]actor.Actor{h.agent.ID(): h.agent, h.other.ID(): h.other, h.boss.ID(): h.boss}
	purposeFacts := func(*db.Tx, string) (gate.PurposeFacts, error) {
		return gate.PurposeFacts{Found: true, Active: true, Controller: h.ctl, Basis: "contract", Uses: func(gate.Verb, string) bool { return true }}, nil
	}
	h.vault = vault.New(vault.Options{DB: h.db, Log: log, Keys: keys, Catalogue: c, Duty: actor.NewDuty, Purpose: purposeFacts})
	h.interactions, err = interaction.New(interaction.Options{
		DB: h.db, Log: h.log, Keys: keys,
		Seal: interaction.StaffSeal{
			Seal: func(t, c, r string, b []byte) ([]byte, error) {
				return keys.SealStaff(keyring.Ref{Table: t, Column: c, Row: r, Schema: 1}, b), nil
			},
			Open: func(t, c, r string, b []byte) ([]byte, error) {
				return keys.OpenStaff(keyring.Ref{Table: t, Column: c, Row: r, Schema: 1}, b)
			},
		},
		Purpose: func(_ *db.Tx, p string) (purpose.Purpose, error) {
			return purpose.Purpose{ID: p, Controller: h.ctl, Status: purpose.Active}, nil
		},
		Subject: func(tx *db.Tx, s string) (string, bool, error) {
			one, err := h.vault.Subject(tx, s)
			return one.Controller, err == nil, nil
		},
		Staff: func(_ *db.Tx, s string) (interaction.Colleague, error) {
			_, ok := people[s]
			return interaction.Colleague{Active: ok, Controllers: []string{h.ctl}}, nil
		},
		Match: func(tx *db.Tx, ctl, number string, limit int) (out []string, err error) {
			hits, err := h.vault.Find(tx, ctl, vault.Query{Field: "phone", Value: number}, limit)
			for _, hit := range hits.List {
				out = append(out, hit.Subject)
			}
			return out, err
		},
		Duty: actor.NewDuty("interaction_sweep"),
	})
	h.must(err)
	g := gate.New(h.log, set, gate.Providers{
		Session: func(_ *db.Tx, a actor.Actor) (gate.SessionFacts, error) {
			return gate.SessionFacts{Live: true, Role: a.Role(), Controllers: a.Controllers(), SecondFactorAt: h.clock()}, nil
		},
		Interaction: h.interactions.GateFacts,
		Level:       func(tx *db.Tx, itx, subject string) (int, error) { return h.Level(tx, itx, subject) },
		Purpose:     purposeFacts,
		Consent:     func(*db.Tx, string, string) (bool, error) { return true, nil },
		Mandate:     func(*db.Tx, string, string) (gate.MandateFacts, error) { return gate.MandateFacts{}, nil },
		Budget:      func(*db.Tx, actor.Actor, string) (int, error) { return 5, nil },
		Hits:        func(*db.Tx, string, string) ([]string, error) { return nil, nil }, Owner: h.vault.Owner,
		Field: func(name, channel string, verb gate.Verb) (gate.Field, bool) {
			f, ok := c.Field(name)
			level, may := f.Level(channel, string(verb))
			if !may {
				level = policy.Never
			}
			return gate.Field{Class: string(f.Class), MinLevel: level, Verifies: f.Verifies, Free: f.Free}, ok
		},
	}, append(vault.Duties(c), gate.DutySpec{Name: message.Duty, Fields: message.Fields()}, gate.DutySpec{Name: SIMDuty, Fields: SIMFields()})...)
	h.vault.UseGate(g)
	h.inbox = &message.Inbox{}
	h.messages, err = message.New(message.Options{
		DB: h.db, Log: h.log, Gate: g, Keys: keys, Contacts: h.vault, Inspect: message.NotInspected, Duty: actor.NewDuty(message.Duty),
		Texts:   func(l i18n.Lang) *i18n.Printer { return h.desk.Texts().For(l, nil) },
		Senders: map[message.Channel]message.Sender{message.Email: h.inbox, message.SMS: h.inbox, message.Push: h.inbox},
	})
	h.must(err)
	history, _ := c.Field(vault.HistoryField)
	h.Service, err = New(Options{
		DB: h.db, Log: h.log, Gate: g, Keys: keys, Interactions: h.interactions, Messages: h.messages, Vault: h.vault, Fold: history.Key,
		Staff:   func(_ *db.Tx, staff string) (string, error) { return "Nama " + staff[len(staff)-4:], nil },
		Company: func(*db.Tx, string) (string, error) { return "Bank Contoh", nil },
		Agent:   func(*db.Tx, string) (string, error) { return "Rina", nil },
		Purpose: func(_ *db.Tx, _, in string) (string, error) {
			return map[string]string{"id": "Status pesanan", "en": "Order status"}[in], nil
		},
		Seen:     func(*db.Tx, string, string) ([]string, error) { return []string{"phone"}, nil },
		Customer: actor.NewCustomer, Duty: actor.NewDuty("verification_expire"), SIMActor: actor.NewDuty(SIMDuty), Address: "https://cs.bank.example", Operator: "PT Layanan Kontak",
	})
	h.must(err)
	h.interactions.SetLevel(h.Level)
	h.passkeyRoom, err = passkey.New(keys, "https://cs.bank.example", "Bank Contoh")
	h.must(err)
	h.UsePasskeys(h.passkeyRoom)
	h.calls, err = check.New(check.Options{
		DB: h.db, MAC: keys.MAC, Log: h.log, Open: h.interactions.OpenIDs, Facts: h.interactions.Facts, Report: h.Reported,
		Company: func(*db.Tx, string) (string, error) { return "Bank Contoh", nil },
		Agent:   func(*db.Tx, string) (string, error) { return "Rina", nil },
		Purpose: func(_ *db.Tx, _, in string) (string, error) {
			return map[string]string{"id": "Status pesanan", "en": "Order status"}[in], nil
		},
		Visitor: actor.NewCustomer("check"), Numbers: []string{"+62 21 5000 1234", "1500888"}, Operator: "PT Layanan Kontak",
	})
	h.must(err)
	h.approvals, err = approval.New(h.db, h.log, keys, approval.Options{Active: func(*db.Tx, string) (bool, error) { return true, nil }, Expiry: actor.NewDuty("approval_expire")}, h.Decisions()...)
	h.must(err)
	h.AskWith(h.approvals.Request)
	h.desk = webtest.New(h.t, func(o *web.Options) { o.DB = h.db }, page.Module(h.Service, h.calls), h.messages.Module(), web.Module{Name: "interaction", Messages: interaction.Messages})
	h.desk.Now = h.now
	h.desk.Actor("agent", h.agent)
	h.worker.Use(map[string]jobs.Handler{message.DeliverJob: h.messages.Deliver, ExpireJob: h.Expire, SIMJob: h.CheckSIM}, nil)
	h.subject = h.customer("KNG-1", 60*24*time.Hour)
}

// customer makes somebody with a telephone and an address registered so long ago, and
// three kinds of history.
func (h *house) customer(number string, age time.Duration) string {
	h.t.Helper()
	return h.customerWith(number, age)
}

// customerWith also has what else is given, registered at the same time.
func (h *house) customerWith(number string, age time.Duration, more ...vault.Input) string {
	h.t.Helper()
	ctx := context.Background()
	client := actor.NewClient(id.New(id.Client), []string{vault.Scope}, []string{h.ctl})
	since := h.now.Add(-age)
	if age == 0 {
		since = time.Time{}
	}
	for i := range more {
		more[i].RegisteredAt = since
	}
	out, err := h.vault.Create(ctx, client, vault.NewCustomer{Controller: h.ctl, Purpose: h.pur, Source: client.ID(), Values: append(more, []vault.Input{
		{Field: "name", Value: "Sri Kenanga"}, {Field: "customer_number", Value: number},
		{Field: "phone", Value: "081277774321", RegisteredAt: since}, {Field: "email", Value: mail, RegisteredAt: since},
	}...)})
	h.must(err)
	if out.Refusal != nil {
		h.t.Fatal(out.Refusal)
	}
	var draft *vault.FactDraft
	h.must(h.db.Read(ctx, func(tx *db.Tx) (err error) {
		draft, err = h.vault.DraftFacts(tx, h.ctl, out.Subject, []vault.NewFact{
			{Kind: "last_payment", Date: h.now.AddDate(0, 0, -40), Value: "75000"},
			{Kind: "last_payment", Date: h.now.AddDate(0, 0, -2), Value: "150000"},
			{Kind: "last_payment", Date: h.now.AddDate(0, 0, -70), Value: "20000"},
			{Kind: "last_order", Date: h.now.AddDate(0, 0, -9), Value: "Token Listrik"},
			{Kind: "last_branch", Date: h.now.AddDate(0, -2, 0), Value: "Cabang Menteng"},
		})
		return err
	}))
	h.must(h.db.Write(ctx, func(tx *db.Tx) error { _, err := h.vault.AddFacts(tx, draft, "test"); return err }))
	return out.Subject
}

var truth = map[string]string{"last_payment": "Rp 150.000", "last_order": "token listrik", "last_branch": "cabang menteng"}

// identified is a call with the subject bound and a purpose chosen.
func (h *house) identified(number string) string {
	h.t.Helper()
	return h.identifiedAs(h.agent, h.subject, number)
}

func (h *house) identifiedAs(a actor.Actor, subject, number string) string {
	h.t.Helper()
	return h.identifiedOn(interaction.Phone, a, subject, number)
}

func (h *house) identifiedOn(channel interaction.Channel, a actor.Actor, subject, number string) string {
	h.t.Helper()
	ctx := context.Background()
	exchange := actor.NewClient(id.New(id.Client), []string{"interactions"}, []string{h.ctl})
	itx, err := h.interactions.Offer(ctx, exchange, interaction.Opening{Controller: h.ctl, Channel: channel, Direction: interaction.Inbound, Number: number})
	h.must(err)
	h.must(h.interactions.Accept(ctx, a, itx))
	h.must(h.interactions.ChoosePurpose(ctx, a, itx, h.pur, "id"))
	h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.interactions.Bind(tx, a, itx, subject, "search") }))
	h.log.take()
	return itx
}

func (h *house) level(itx string) (level int) {
	h.t.Helper()
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) (err error) { level, err = h.Level(tx, itx, h.subject); return err }))
	return level
}

func (h *house) state(itx string) interaction.State {
	h.t.Helper()
	var f interaction.Facts
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) (err error) { f, err = h.interactions.Facts(tx, itx); return err }))
	return f.State
}

// deliver runs the jobs that are due.
func (h *house) deliver() {
	h.t.Helper()
	for {
		n, err := h.worker.RunDue(context.Background())
		h.must(err)
		if n == 0 {
			return
		}
	}
}

// link sends a link and returns the path that arrived at the customer.
func (h *house) link(itx string) (Attempt, string) {
	h.t.Helper()
	a, err := h.SendLink(context.Background(), h.agent, itx, "")
	h.must(err)
	h.deliver()
	for _, letter := range h.inbox.List() {
		for word := range strings.FieldsSeq(letter.Body) {
			if rest, ok := strings.CutPrefix(word, "https://cs.bank.example"); ok {
				return a, rest
			}
		}
	}
	h.t.Fatal("no link arrived")
	return a, ""
}

// browser is a customer's browser: it keeps its cookie.
type browser struct {
	h      *house
	cookie string
}

func (b *browser) do(method, target, body string) (int, string) {
	b.h.t.Helper()
	var header []string
	if b.cookie != "" {
		header = []string{"Cookie", cookie + "=" + b.cookie}
	}
	w := b.h.desk.Do("", method, target, body, header...)
	for _, c := range w.Result().Cookies() {
		if c.Name == cookie {
			b.cookie = c.Value
			if !c.Secure || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode {
				b.h.t.Errorf("cookie %+v", c)
			}
		}
	}
	return w.Code, w.Body.String()
}

func (b *browser) open(link string) string {
	b.h.t.Helper()
	if code, body := b.do("POST", link+"/open", ""); code != http.StatusSeeOther {
		b.h.t.Fatalf("open: %d %s", code, body)
	}
	_, body := b.do("GET", link, "")
	return body
}

func has(list []string, line string) bool { return slices.Contains(list, line) }

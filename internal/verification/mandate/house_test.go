package mandate

import (
	"context"
	"slices"
	"strconv"
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
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// house is the real rooms around mandates: log, keys, gate, vault, interaction, message,
// verification, approval. Only the people and the purposes are made up.
type house struct {
	*Service
	t            *testing.T
	db           *db.DB
	mu           sync.Mutex
	now          time.Time
	log          *recorder
	gate         *gate.Gate
	vault        *vault.Vault
	interactions *interaction.Service
	verify       *verification.Service
	inbox        *message.Inbox
	worker       *jobs.Worker
	desk         *webtest.Desk
	approvals    *approval.Approvals
	agent, boss  actor.Actor
	ctl, pur     string
	subject      string
	appointed    int // the level of who appoints; 0: what verification says
	basis        purpose.Basis
	consented    string // the mandate through which the customer agreed; "" for nobody
	meanwhile    func() // happens while the duty reads, between the two transactions of a record
}

// slowKeys lets something happen before a value is opened.
type slowKeys struct {
	Keys
	h *house
}

func (k slowKeys) Open(r gate.Receipt, key keyring.Key, sealed ...keyring.Sealed) ([][]byte, error) {
	if do := k.h.meanwhile; do != nil {
		k.h.meanwhile = nil
		do()
	}
	return k.Keys.Open(r, key, sealed...)
}

// recorder notes the entries that were committed on their way into the real log.
type recorder struct {
	log     *audit.Log
	mu      sync.Mutex
	entries []string
	refs    []string
}

func (r *recorder) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	p, err := r.log.Append(tx, e)
	if err == nil {
		line, ref := strings.TrimSpace(e.Action+" "+string(e.Decision)+" "+e.Reason), e.Action+" "+e.Ref
		tx.AfterCommit(func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.entries, r.refs = append(r.entries, line), append(r.refs, ref)
		})
	}
	return p, err
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.entries
	r.entries, r.refs = nil, nil
	return out
}

func (h *house) clock() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.mu.Unlock()
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	run := func(t *testing.T, o db.Options) {
		h := &house{t: t, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
		o.Clock = h.clock
		h.db = dbtest.OpenWith(t, o, audit.Schema(), db.Schema{Room: "keyring", FS: keyring.Schema}, vault.Schema(),
			interaction.Schema(), message.Schema(), approval.Schema(), verification.Schema(), Schema(), jobs.Schema(), web.Schema())
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

// entered holds the newest entries against what is wanted, in order.
func (h *house) entered(want ...string) {
	h.t.Helper()
	if got := h.log.take(); !slices.Equal(got, want) {
		h.t.Fatalf("entries\n%v\nwant\n%v", got, want)
	}
}

type purposes struct{ h *house }

func (p purposes) Get(_ *db.Tx, name string) (purpose.Purpose, error) {
	if name != p.h.pur {
		return purpose.Purpose{}, errs.New(errs.NotFound, "purpose.unknown")
	}
	return purpose.Purpose{ID: name, Controller: p.h.ctl, Status: purpose.Active, Basis: p.h.basis, Name: map[string]string{"id": "Status pesanan", "en": "Order status"}}, nil
}

func (p purposes) List(tx *db.Tx, _ string) ([]purpose.Purpose, error) {
	one, err := p.Get(tx, p.h.pur)
	return []purpose.Purpose{one}, err
}

func (h *house) build() {
	h.worker = jobs.New(h.db, jobs.Options{Node: "test"})
	log, keys := keytest.Start(h.t, h.db)
	h.log = &recorder{log: log}
	set, err := policy.New()
	h.must(err)
	c := catalog.Shipped()
	h.ctl, h.pur = id.New(id.Controller), id.New(id.Purpose)
	h.agent = actor.NewStaff(id.New(id.Staff), actor.Agent, id.New(id.Session), []string{h.ctl}, h.now)
	h.boss = actor.NewStaff(id.New(id.Staff), actor.Supervisor, id.New(id.Session), []string{h.ctl}, h.now)
	facts := func(*db.Tx, string) (gate.PurposeFacts, error) {
		return gate.PurposeFacts{Found: true, Active: true, Controller: h.ctl, Basis: "contract", Uses: func(gate.Verb, string) bool { return true }}, nil
	}
	h.vault = vault.New(vault.Options{DB: h.db, Log: log, Keys: keys, Catalogue: c, Duty: actor.NewDuty, Purpose: facts})
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
		Purpose: func(tx *db.Tx, p string) (purpose.Purpose, error) { return purposes{h}.Get(tx, p) },
		Subject: h.vault.Owner,
		Staff: func(*db.Tx, string) (interaction.Colleague, error) {
			return interaction.Colleague{Active: true, Controllers: []string{h.ctl}}, nil
		},
		Match: func(*db.Tx, string, string, int) ([]string, error) { return nil, nil },
		Duty:  actor.NewDuty("interaction_sweep"),
	})
	h.must(err)
	h.gate = gate.New(h.log, set, gate.Providers{
		Session: func(_ *db.Tx, a actor.Actor) (gate.SessionFacts, error) {
			return gate.SessionFacts{Live: true, Role: a.Role(), Controllers: a.Controllers(), SecondFactorAt: h.clock()}, nil
		},
		Interaction: h.interactions.GateFacts,
		Level: func(tx *db.Tx, itx, subject string) (int, error) {
			if h.appointed > 0 {
				return h.appointed, nil
			}
			return h.verify.Level(tx, itx, subject)
		},
		Purpose: facts, Consent: func(*db.Tx, string, string) (bool, error) { return true, nil },
		Watch: func(*db.Tx, actor.Actor, string, string, string) (gate.Watched, error) { return gate.Watched{}, nil },
		Mandate: func(tx *db.Tx, itx, subject string) (gate.MandateFacts, error) {
			return h.Service.Facts(tx, itx, subject)
		},
		Budget: func(*db.Tx, actor.Actor, string) (int, error) { return 5, nil },
		Told:   func(*db.Tx, string, int) ([]string, int, error) { return nil, 8, nil },
		Hits:   func(*db.Tx, string, string) ([]string, error) { return nil, nil }, Owner: h.vault.Owner,
		Field: func(name, channel string, verb gate.Verb) (gate.Field, bool) {
			f, ok := c.Field(name)
			level, may := f.Level(channel, string(verb))
			if !may {
				level = policy.Never
			}
			return gate.Field{Class: string(f.Class), MinLevel: level, Verifies: f.Verifies, Free: f.Free}, ok
		},
	}, append(vault.Duties(c), gate.DutySpec{Name: message.Duty, Fields: message.Fields()}, gate.DutySpec{Name: Duty, Fields: DutyFields()})...)
	h.vault.UseGate(h.gate)
	h.inbox = &message.Inbox{}
	messages, err := message.New(message.Options{
		DB: h.db, Log: h.log, Gate: h.gate, Keys: keys, Contacts: h.vault, Inspect: message.NotInspected, Duty: actor.NewDuty(message.Duty),
		Others: func(tx *db.Tx, subject, mandate string) (keyring.Sealed, error) {
			return h.Sealed(tx, subject, mandate)
		},
		Texts:   func(l i18n.Lang) *i18n.Printer { return h.desk.Texts().For(l, nil) },
		Senders: map[message.Channel]message.Sender{message.Email: h.inbox, message.SMS: h.inbox},
	})
	h.must(err)
	company := func(*db.Tx, string) (string, error) { return "Bank Contoh", nil }
	h.Service, err = New(Options{DB: h.db, Log: h.log, Gate: h.gate, Keys: slowKeys{keys, h}, Catalogue: c, Vault: h.vault, Interactions: h.interactions, Messages: messages,
		Purposes: purposes{h}, Company: company, Duty: actor.NewDuty(Duty),
		Consented: func(*db.Tx, string, string) (string, bool, error) { return h.consented, h.consented != "", nil }})
	h.must(err)
	h.vault.UseBorn(h.Born)
	history, _ := c.Field(vault.HistoryField)
	h.verify, err = verification.New(verification.Options{
		DB: h.db, Log: h.log, Gate: h.gate, Keys: keys, Interactions: h.interactions, Messages: messages, Vault: h.vault, Fold: history.Key, Representatives: h.Service,
		Staff: func(*db.Tx, string) (string, error) { return "Rina Ayu", nil }, Company: company, Agent: func(*db.Tx, string) (string, error) { return "Rina", nil },
		Purpose:  func(*db.Tx, string, string) (string, error) { return "Status pesanan", nil },
		Customer: actor.NewCustomer, Duty: actor.NewDuty("verification_expire"), Address: "https://cs.bank.example",
	})
	h.must(err)
	h.interactions.SetLevel(h.verify.Level)
	h.approvals, err = approval.New(h.db, h.log, keys, approval.Options{Expiry: actor.NewDuty("approval_expire"), Active: func(*db.Tx, string) (bool, error) { return true, nil }}, append(h.Decisions(), h.verify.Decisions()...)...)
	h.must(err)
	h.AskWith(h.approvals.Request)
	h.verify.AskWith(h.approvals.Request)
	h.desk = webtest.New(h.t, func(o *web.Options) { o.DB = h.db }, h.Module(), messages.Module(), web.Module{Name: "verification", Messages: verification.Texts})
	h.worker.Use(map[string]jobs.Handler{message.DeliverJob: messages.Deliver, verification.ExpireJob: h.verify.Expire, LapseJob: h.Lapse}, nil)
	h.subject = h.customer("KNG-1", "1990-05-17")
}

// customer makes somebody with a telephone and an address registered two months ago.
func (h *house) customer(number, born string) string {
	h.t.Helper()
	client := actor.NewClient(id.New(id.Client), []string{vault.Scope}, []string{h.ctl})
	since := h.now.AddDate(0, -2, 0)
	values := []vault.Input{{Field: "name", Value: "Sri Kenanga"}, {Field: "customer_number", Value: number},
		{Field: "phone", Value: "081277774321", RegisteredAt: since}, {Field: "email", Value: "sri.kenanga@contoh.example", RegisteredAt: since}}
	if born != "" {
		values = append(values, vault.Input{Field: "birth_date", Value: born})
	}
	out, err := h.vault.Create(context.Background(), client, vault.NewCustomer{Controller: h.ctl, Purpose: h.pur, Source: client.ID(), Values: values})
	h.must(err)
	if out.Refusal != nil {
		h.t.Fatal(out.Refusal)
	}
	return out.Subject
}

// call is one with the customer bound and a purpose chosen.
func (h *house) call(subject string) string {
	h.t.Helper()
	ctx := context.Background()
	exchange := actor.NewClient(id.New(id.Client), []string{"interactions"}, []string{h.ctl})
	itx, err := h.interactions.Offer(ctx, exchange, interaction.Opening{Controller: h.ctl, Channel: interaction.Phone, Direction: interaction.Inbound})
	h.must(err)
	h.must(h.interactions.Accept(ctx, h.agent, itx))
	h.must(h.interactions.ChoosePurpose(ctx, h.agent, itx, h.pur, "id"))
	h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.interactions.Bind(tx, h.agent, itx, subject, "search") }))
	h.log.take()
	return itx
}

func (h *house) level(itx, subject string) (level int) {
	h.t.Helper()
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) (err error) { level, err = h.verify.Level(tx, itx, subject); return err }))
	return level
}

// deliver runs the jobs that are due, and returns the letters that arrived by it.
func (h *house) deliver() []message.Text {
	h.t.Helper()
	before := len(h.inbox.List())
	for {
		n, err := h.worker.RunDue(context.Background())
		h.must(err)
		if n == 0 {
			break
		}
	}
	all := h.inbox.List() // the newest first
	return all[:len(all)-before]
}

// link sends a link to whoever speaks, and returns the attempt and its token as it arrived.
func (h *house) link(itx string) (a verification.Attempt, token string, to string) {
	h.t.Helper()
	a, err := h.verify.SendLink(context.Background(), h.agent, itx, "")
	h.must(err)
	for _, letter := range h.deliver() {
		if _, rest, ok := strings.Cut(letter.Body, "https://cs.bank.example/v/"); ok {
			return a, strings.Fields(rest)[0], letter.To
		}
	}
	h.t.Fatal("no link arrived")
	return a, "", ""
}

// answer answers a link with its number.
func (h *house) answer(a verification.Attempt, token string) error {
	secret, err := h.verify.Enter(context.Background(), strings.TrimRight(token, "."), "")
	if err != nil {
		return err
	}
	return h.verify.Reply(context.Background(), strings.TrimRight(token, "."), secret, strconv.Itoa(a.Number))
}

// draft is an attorney for order status: the name and address, masked and compared.
func (h *house) draft() Draft {
	return Draft{Kind: Attorney, Name: "Bambang Mulyono", Contact: "phone", Value: "081299990001", Document: "power_of_attorney", Number: "SK-12/2026", Dated: "2026-11-20",
		Until: "2027-05-31", May: Scope{[]string{h.pur}, []string{"mask", "compare"}, []string{"name", "address"}}}
}

// appoint records a mandate as a customer at the level who is on the line, and ends the call.
func (h *house) appoint(subject string, n Draft) Recorded {
	h.t.Helper()
	itx := h.call(subject)
	h.appointed = 4
	out, err := h.Record(context.Background(), h.agent, itx, n)
	h.appointed = 0
	h.must(err)
	h.must(h.interactions.Move(context.Background(), h.agent, itx, interaction.Disconnect))
	return out
}

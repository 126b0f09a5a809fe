package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/keyring/keytest"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

const (
	canaryMail = "zubaidah.kenarisari@contoh.example"
	canaryLink = "https://cs.bank.example/v/CANARYTOKEN"
)

// outbox is the real rooms around message, and a sender that does as it is told.
type outbox struct {
	*Service
	t        *testing.T
	db       *db.DB
	dir      string
	mu       sync.Mutex
	now      time.Time
	log      *recorder
	keys     *keyring.Keyring
	worker   *jobs.Worker
	desk     *webtest.Desk
	admin    actor.Actor
	vault    *vault.Vault
	making   string // the controller for which a customer is being made
	bank     string // the controller of the subject
	subject  string
	value    string
	fail     error // what the sender answers
	receipt  string
	verdict  Verdict
	sent     []Text
	inspects int
}

type recorder struct {
	log     *audit.Log
	mu      sync.Mutex
	entries []string
}

func (r *recorder) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	p, err := r.log.Append(tx, e)
	if err == nil {
		line := strings.TrimSpace(e.Action + " " + string(e.Decision) + " " + e.Reason)
		if e.Controller == "" && e.Subject != "" {
			line += ", of a customer of no company"
		}
		tx.AfterCommit(func() { r.mu.Lock(); defer r.mu.Unlock(); r.entries = append(r.entries, line) })
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

func (o *outbox) Send(_ context.Context, t Text) (string, error) {
	o.sent = append(o.sent, t)
	return o.receipt, o.fail
}

func (o *outbox) clock() time.Time     { o.mu.Lock(); defer o.mu.Unlock(); return o.now }
func (o *outbox) wait(d time.Duration) { o.mu.Lock(); defer o.mu.Unlock(); o.now = o.now.Add(d) }
func (o *outbox) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func each(t *testing.T, test func(t *testing.T, o *outbox)) {
	t.Helper()
	run := func(t *testing.T, options db.Options) {
		o := &outbox{t: t, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), verdict: Verdict{Allow: true}, dir: options.Dir}
		options.Clock = o.clock
		o.db = dbtest.OpenWith(t, options, audit.Schema(), db.Schema{Room: "keyring", FS: keyring.Schema}, vault.Schema(), Schema(), jobs.Schema())
		o.build()
		test(t, o)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func (o *outbox) build() {
	o.worker = jobs.New(o.db, jobs.Options{Node: "test"})
	log, keys := keytest.Start(o.t, o.db)
	o.log, o.keys = &recorder{log: log}, keys
	set, err := policy.New()
	o.must(err)
	c := catalog.Shipped()
	o.bank = id.New(id.Controller)
	v := vault.New(vault.Options{DB: o.db, Log: log, Keys: o.keys, Catalogue: c, Duty: actor.NewDuty, Purpose: func(*db.Tx, string) (gate.PurposeFacts, error) {
		return gate.PurposeFacts{Found: true, Active: true, Controller: o.making, Uses: func(gate.Verb, string) bool { return true }}, nil
	}})
	g := gate.New(o.log, set, gate.Providers{Owner: v.Owner, Field: func(name, _ string, _ gate.Verb) (gate.Field, bool) {
		f, ok := c.Field(name)
		return gate.Field{Class: string(f.Class)}, ok
	}}, append(vault.Duties(c), gate.DutySpec{Name: Duty, Fields: Fields()}, gate.DutySpec{Name: ReadDuty, Fields: ReadFields(c)})...)
	v.UseGate(g)
	o.Service, err = New(Options{
		DB: o.db, Log: o.log, Gate: g, Keys: o.keys, Contacts: v, Duty: actor.NewDuty(Duty), Reader: actor.NewDuty(ReadDuty), Catalogue: c,
		Texts:   func(l i18n.Lang) *i18n.Printer { return o.desk.Texts().For(l, nil) },
		Senders: map[Channel]Sender{Email: o},
		Inspect: func(_ context.Context, t Text) (Verdict, error) {
			o.inspects++
			if o.verdict.Code == "broken" {
				return Verdict{}, errors.New("broken " + t.To)
			}
			return o.verdict, nil
		},
	})
	o.must(err)
	o.desk = webtest.New(o.t, nil, o.Module())
	o.admin = o.desk.Staff("admin", actor.Admin)
	o.worker.Use(o.Jobs(), nil)
	o.vault = v
	o.subject, o.value = o.customer(o.bank, "KNR-1")
}

// customer makes one of a controller, and returns who it is and the id of the address.
func (o *outbox) customer(controller, number string) (subject, value string) {
	o.t.Helper()
	ctx := context.Background()
	o.making = controller
	client := actor.NewClient(id.New(id.Client), []string{vault.Scope}, []string{controller})
	out, err := o.vault.Create(ctx, client, vault.NewCustomer{Controller: controller, Purpose: id.New(id.Purpose), Source: client.ID(), Values: []vault.Input{
		{Field: "customer_number", Value: number}, {Field: "email", Value: canaryMail}, {Field: "phone", Value: "081277774321"}}})
	o.must(err)
	if out.Refusal != nil {
		o.t.Fatal(out.Refusal)
	}
	o.must(o.db.Read(ctx, func(tx *db.Tx) error {
		stored, err := o.vault.Values(tx, out.Subject, "email")
		value = stored[0].ID
		return err
	}))
	return out.Subject, value
}

func (o *outbox) queue(change func(*Outgoing)) (string, error) {
	m := Outgoing{Subject: o.subject, Interaction: "itx_00000000000000000000000001", Value: o.value, Contact: "email", Template: "message.verification",
		Lang: "id", Args: map[string]Arg{"company": Company("Bank Contoh"), "link": Link(canaryLink)}}
	if change != nil {
		change(&m)
	}
	var newID string
	err := o.db.Write(context.Background(), func(tx *db.Tx) (err error) { newID, err = o.Queue(tx, o.admin, m); return err })
	return newID, err
}

func (o *outbox) work() {
	o.t.Helper()
	for {
		n, err := o.worker.RunDue(context.Background())
		o.must(err)
		if n == 0 {
			return
		}
	}
}

func (o *outbox) item(messageID string) Item {
	o.t.Helper()
	items, err := o.Outbox(context.Background(), o.admin)
	o.must(err)
	i := slices.IndexFunc(items, func(i Item) bool { return i.ID == messageID })
	if i < 0 {
		o.t.Fatal("not in the outbox")
	}
	return items[i]
}

func TestAMessageIsOpenedOnlyToBeSentWithItsEntryBefore(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		o.log.take()
		m, err := o.queue(nil)
		o.must(err)
		if i := o.item(m); i.State != Queued || len(o.sent) != 0 {
			t.Fatalf("%+v", i)
		}
		o.work()
		if i := o.item(m); i.State != Sent || i.Attempts != 1 || o.inspects != 1 {
			t.Fatalf("%+v", i)
		}
		if len(o.sent) != 1 || o.sent[0].To != canaryMail || o.sent[0].Subject != "Bank Contoh: konfirmasi percakapan Anda" || !strings.Contains(o.sent[0].Body, canaryLink) {
			t.Fatalf("%+v", o.sent)
		}
		if got := o.log.take(); !slices.Equal(got, []string{"message.queue done", "process allowed", "message.sent done"}) {
			t.Fatal(got)
		}
		// A job that runs twice sends once.
		o.must(o.Deliver(context.Background(), jobs.Run{Payload: []byte(`{"message":"` + m + `"}`), Attempt: 1}))
		if len(o.sent) != 1 {
			t.Fatal("sent twice")
		}
	})
}

func TestATextOfAContactThatGoesOnCarriesTheCodeByWhichItIsCheckedWhereThereIsRoom(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		const page, code = "https://cs.bank.example/check", "738 160 284"
		goesOn := true
		o.o.Check = func(_ *db.Tx, itx string) (string, string, error) {
			if itx != "itx_00000000000000000000000001" || !goesOn {
				return "", page, nil
			}
			return code, page, nil
		}
		o.o.Senders[SMS], o.o.Senders[WhatsApp] = o, o
		number := ""
		o.must(o.db.Read(t.Context(), func(tx *db.Tx) error {
			stored, err := o.vault.Values(tx, o.subject, "phone")
			number = stored[0].ID
			return err
		}))
		phone := func(m *Outgoing) { m.Contact, m.Value, o.o.Prefer = "phone", number, SMS }
		long := func(m *Outgoing) {
			phone(m)
			m.Args["link"] = Link("https://cs.bank.example/v/" + strings.Repeat("x", 300))
		}
		for name, c := range map[string]struct {
			change func(*Outgoing)
			there  bool
		}{
			"an e-mail":                        {func(*Outgoing) {}, true},
			"an SMS":                           {phone, true},
			"an SMS that is long already":      {long, false},
			"the same by WhatsApp":             {func(m *Outgoing) { long(m); o.o.Prefer = WhatsApp }, true},
			"a contact that is over":           {func(*Outgoing) { goesOn = false }, false},
			"a message of no contact":          {func(m *Outgoing) { m.Interaction = "" }, false},
			"a text in another alphabet, long": {func(m *Outgoing) { phone(m); m.Args["company"] = Company("Банк " + strings.Repeat("п", 60)) }, false},
		} {
			goesOn, o.sent = true, nil
			m := Outgoing{Subject: o.subject, Interaction: "itx_00000000000000000000000001", Value: o.value, Contact: "email", Template: "message.verification",
				Lang: "id", Args: map[string]Arg{"company": Company("Bank Contoh"), "link": Link(canaryLink)}}
			c.change(&m)
			o.must(o.db.Write(t.Context(), func(tx *db.Tx) (err error) { _, err = o.Queue(tx, o.admin, m); return err }))
			o.work()
			if len(o.sent) != 1 || strings.Contains(o.sent[0].Body, code) != c.there || strings.Contains(o.sent[0].Body, page) != c.there || strings.Contains(o.sent[0].Subject, code) {
				t.Errorf("%s: %+v", name, o.sent)
			}
		}
	})
}

func TestNothingOfAMessageCanBeReadInTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		o.fail = errs.New(errs.Unavailable, "message.smtp_later")
		m, err := o.queue(nil)
		o.must(err)
		o.work()
		o.must(o.db.Read(context.Background(), func(tx *db.Tx) error {
			r, err := read(tx, m)
			if err != nil {
				return err
			}
			list, err := jobs.List(tx, "waiting", 10)
			for _, secret := range []string{canaryMail, "kenarisari", "CANARYTOKEN", "konfirmasi"} {
				if strings.Contains(fmt.Sprintf("%+v %+v", *r, list), secret) || bytes.Contains(r.sealed, []byte(secret)) {
					t.Errorf("%s stands in a row", secret)
				}
			}
			return err
		}))
		if o.dir == "" {
			return
		}
		files, _ := filepath.Glob(filepath.Join(o.dir, "*"))
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err == nil && (bytes.Contains(raw, []byte("kenarisari")) || bytes.Contains(raw, []byte("CANARYTOKEN"))) {
				t.Errorf("%s holds the message", filepath.Base(f))
			}
		}
		w := o.desk.Do("admin", "GET", "/outbox", "")
		if w.Code != 200 || strings.Contains(w.Body.String(), "kenarisari") || !strings.Contains(w.Body.String(), m) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if strings.Contains(o.desk.Log.String(), "kenarisari") {
			t.Error("the log holds the address")
		}
	})
}

func TestAFailureThatMayPassIsTriedAgainAndTheLastOneIsDead(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		o.fail = errs.New(errs.Unavailable, "message.smtp_later")
		m, err := o.queue(nil)
		o.must(err)
		o.work()
		if i := o.item(m); i.State != Queued || i.Reason != "message.smtp_later" || len(o.sent) != 1 {
			t.Fatalf("%+v", i)
		}
		for range MaxAttempts + 2 {
			o.wait(time.Hour)
			o.work()
		}
		if i := o.item(m); i.State != Dead || len(o.sent) != MaxAttempts {
			t.Fatalf("%+v after %d", i, len(o.sent))
		}
		if w := o.desk.Do("admin", "POST", "/outbox/"+m+"/retry", ""); w.Code != 303 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		o.fail = nil
		o.work()
		if i := o.item(m); i.State != Sent {
			t.Fatalf("%+v", i)
		}
		if err := o.Retry(context.Background(), o.admin, m); errs.Of(err).Code != "message.not_dead" {
			t.Fatal(err)
		}
		agent := actor.NewStaff(id.New(id.Staff), actor.Agent, "", nil, time.Time{})
		if err := o.Retry(context.Background(), agent, m); errs.Of(err).Code != "message.not_allowed" {
			t.Fatal(err)
		}
		if _, err := o.Outbox(context.Background(), agent); errs.Of(err).Code != "message.not_allowed" {
			t.Fatal(err)
		}
	})
}

func TestAMessageOfAnotherControllerIsUnknown(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		ctx := context.Background()
		store := id.New(id.Controller)
		subject, value := o.customer(store, "KNR-2")
		o.fail = errs.New(errs.Invalid, "message.smtp_refused")
		mine, err := o.queue(nil)
		o.must(err)
		// The other company writes so much that a list cut before it is looked through would
		// hold nothing of this one.
		var theirs string
		for range 101 {
			o.wait(time.Millisecond)
			theirs, err = o.queue(func(m *Outgoing) { m.Subject, m.Value = subject, value })
			o.must(err)
		}
		o.work()
		staff := func(role actor.Role, controllers ...string) actor.Actor {
			return actor.NewStaff(id.New(id.Staff), role, "", controllers, time.Time{})
		}
		for _, role := range []actor.Role{actor.Supervisor, actor.DPO, actor.Security} {
			items, err := o.Outbox(ctx, staff(role, o.bank))
			if err != nil || len(items) != 1 || items[0].ID != mine {
				t.Errorf("%s is shown %d messages: %v", role, len(items), err)
			}
			if items, err := o.Outbox(ctx, staff(role)); err != nil || len(items) != 0 {
				t.Errorf("%s who serves nobody is shown %d messages: %v", role, len(items), err)
			}
			if items, err := o.Outbox(ctx, staff(role, o.bank, store)); err != nil || len(items) != 100 || items[0].ID != theirs {
				t.Errorf("%s who serves both is shown %d messages: %v", role, len(items), err)
			}
		}
		// The administrator of the machine sees that something is stuck, whoever it is for.
		if items, err := o.Outbox(ctx, o.admin); err != nil || len(items) != 100 {
			t.Errorf("%d %v", len(items), err)
		}
		o.log.take()
		never := o.Retry(ctx, staff(actor.Supervisor, o.bank), id.New(id.Message))
		for name, a := range map[string]actor.Actor{"of another": staff(actor.Supervisor, o.bank), "of none": staff(actor.Supervisor)} {
			if err := o.Retry(ctx, a, theirs); errs.Of(err).Code != "message.unknown" || err.Error() != never.Error() {
				t.Errorf("a supervisor %s: %v, and for what never was: %v", name, err, never)
			}
		}
		if got := o.log.take(); !slices.Equal(got, slices.Repeat([]string{"message.retry denied message.unknown"}, 3)) {
			t.Errorf("entries of the attempts: %q", got)
		}
		sent := len(o.sent)
		o.work()
		if i := o.log.take(); len(i) != 0 || len(o.sent) != sent {
			t.Errorf("something happened all the same: %v", i)
		}
		o.must(o.Retry(ctx, staff(actor.Supervisor, o.bank), mine))
		o.must(o.Retry(ctx, staff(actor.Supervisor, store), theirs))
		if _, err := o.queue(func(m *Outgoing) { m.Subject = id.New(id.Subject) }); errs.KindOf(err) == "" {
			t.Error("a message to nobody is taken")
		}
	})
}

func TestAMessageThatCannotOrMayNotGoIsNotTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		ctx := context.Background()
		end := func(state State, reason string, change func(*Outgoing)) {
			t.Helper()
			before := len(o.sent)
			m, err := o.queue(change)
			o.must(err)
			if state == Expired {
				o.wait(time.Minute)
			}
			o.work()
			o.wait(24 * time.Hour)
			o.work()
			if i := o.item(m); i.State != state || i.Reason != reason || len(o.sent)-before > 1 {
				t.Fatalf("%+v, sent %d", i, len(o.sent)-before)
			}
		}
		o.fail = errs.New(errs.Invalid, "message.smtp_refused")
		end(Dead, "message.smtp_refused", nil)
		o.fail = nil
		end(Expired, "message.too_late", func(m *Outgoing) { m.Expires = o.clock().Add(time.Minute) })
		o.verdict = Verdict{Code: "dlp.card_number"}
		end(Blocked, "message.blocked", nil)
		o.verdict = Verdict{Allow: true}
		end(Dead, "message.contact_gone", func(m *Outgoing) { m.Value = "val_00000000000000000000000000" })
		// An inspection that breaks lets nothing through.
		o.verdict = Verdict{Code: "broken"}
		before := len(o.sent)
		m, err := o.queue(nil)
		o.must(err)
		o.work()
		if i := o.item(m); i.State != Queued || i.Reason != "message.inspection_failed" || len(o.sent) != before {
			t.Fatalf("%+v", i)
		}
		o.must(o.db.Write(ctx, func(tx *db.Tx) error { return o.EraseTx(tx, o.subject) }))
		o.wait(time.Hour)
		o.work()
		if items, _ := o.Outbox(ctx, o.admin); len(items) != 0 || len(o.sent) != before {
			t.Fatalf("%+v", items)
		}
	})
}

func TestAMessageWithoutAWayATextOrItsArgumentsIsRefused(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		for name, c := range map[string]struct {
			change func(*Outgoing)
			code   string
		}{
			"no sender for the channel": {func(m *Outgoing) { m.Contact = "phone" }, "message.no_sender"},
			"no contact at all":         {func(m *Outgoing) { m.Contact = "nik" }, "message.no_sender"},
			"no such template":          {func(m *Outgoing) { m.Template = "message.nothing" }, "message.template_unknown"},
			"an argument missing":       {func(m *Outgoing) { m.Args = map[string]Arg{"company": Company("Bank")} }, "message.template_unfilled"},
			"a header in an argument":   {func(m *Outgoing) { m.Args["company"] = Company("Bank\r\nBcc: x@y.example") }, "message.argument_unusable"},
			"an empty argument":         {func(m *Outgoing) { m.Args["company"] = Company("") }, "message.argument_unusable"},
			"a zero argument":           {func(m *Outgoing) { m.Args["company"] = Arg{} }, "message.argument_unusable"},
			"a time that is none":       {func(m *Outgoing) { m.Args["company"] = At(time.Time{}) }, "message.argument_unusable"},
			"a text nobody cleared":     {func(m *Outgoing) { m.Args["company"] = Written(Cleared{}) }, "message.argument_unusable"},
			"a script as a link":        {func(m *Outgoing) { m.Args["link"] = Link("javascript:alert(1)") }, "message.argument_unusable"},
			"a number as a company":     {func(m *Outgoing) { m.Args["company"] = Company("3273 0147 0887 0017") }, "message.holds_official"},
			"a card as a company":       {func(m *Outgoing) { m.Args["company"] = About("5555-5555-5555-4444") }, "message.holds_card"},
			"a request as a company":    {func(m *Outgoing) { m.Args["company"] = Company("Kirim OTP Anda") }, "message.names_secret"},
		} {
			if _, err := o.queue(c.change); errs.Of(err).Code != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		o.work()
		if items, _ := o.Outbox(context.Background(), o.admin); len(items) != 0 || len(o.sent) != 0 {
			t.Fatalf("%+v", items)
		}
		if o.Carries("phone") || !o.Carries("email") || o.Carries("nik") {
			t.Error("what can be sent to is wrong")
		}
	})
}

func TestTheDemosInboxIsAPageOnlyWhereItIsTheSender(t *testing.T) {
	posted := webtest.New(t, nil, (&Service{Options{Senders: map[Channel]Sender{Email: &SMTP{}}}}).Module())
	if w := posted.Do("", "GET", "/demo/inbox", ""); w.Code != 404 {
		t.Fatalf("outside the demo: %d", w.Code)
	}
	inbox := &Inbox{}
	for i := range inboxSize + 5 {
		_, _ = inbox.Send(context.Background(), Text{Channel: Email, To: "a@b.example", Subject: fmt.Sprint("letter ", i), Body: "http://localhost:8080/v/abc\n"})
	}
	demo := webtest.New(t, nil, (&Service{Options{Senders: map[Channel]Sender{Email: inbox}}}).Module())
	w := demo.Do("", "GET", "/demo/inbox", "")
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `href="/v/abc"`) || !strings.Contains(body, "letter 54") || strings.Contains(body, "letter 4<") {
		t.Fatalf("%d %s", w.Code, body)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a room without an inspection starts")
	}
	if v, err := NotInspected(context.Background(), Text{}); !v.Allow || err != nil {
		t.Error(v, err)
	}
}

package consent

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

type logbook struct {
	entries []audit.Entry
	err     error
}

func (l *logbook) Append(_ *db.Tx, e audit.Entry) (*audit.Pending, error) {
	l.entries = append(l.entries, e)
	return &audit.Pending{}, l.err
}

// register is the purposes of the tests: pur_z of ctl_z, the others of ctl_a.
type register map[string]purpose.Purpose

func (r register) Get(_ *db.Tx, id string) (purpose.Purpose, error) {
	if id == "pur_broken" {
		return purpose.Purpose{}, errStore
	}
	p, ok := r[id]
	if !ok {
		return purpose.Purpose{}, errs.New(errs.NotFound, "purpose.unknown")
	}
	return p, nil
}

// place is a call center with one customer in one call.
type place struct {
	db      *db.DB
	book    *Book
	log     *logbook
	gate    *gate.Gate
	now     time.Time
	call    gate.InteractionFacts
	itx     string
	subject string
	foreign string // another controller's customer
	agent   actor.Actor
	dpo     actor.Actor
	level   int
	fails   string
}

var errStore = errors.New("the store failed")

func open(t testing.TB, d func(db.Options) *db.DB) *place {
	p := &place{
		log: &logbook{}, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), itx: id.New(id.Interaction), subject: id.New(id.Subject), foreign: id.New(id.Subject),
		agent: actor.NewStaff("stf_agent", actor.Agent, "ses_1", []string{"ctl_a"}, time.Time{}),
		dpo:   actor.NewStaff("stf_dpo", actor.DPO, "ses_2", []string{"ctl_a"}, time.Time{}),
	}
	p.level = 3
	p.call = gate.InteractionFacts{Found: true, Controller: "ctl_a", Purpose: "pur_a", Channel: "phone", Subject: p.subject, State: gate.Serving, Agent: "stf_agent", HeartbeatAt: p.now}
	p.db = d(db.Options{Clock: func() time.Time { return p.now }})
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	p.gate = gate.New(p.log, set, gate.Providers{
		Watch: func(*db.Tx, actor.Actor, string, string, string) (gate.Watched, error) { return gate.Watched{}, nil },
		Session: func(_ *db.Tx, a actor.Actor) (gate.SessionFacts, error) {
			return gate.SessionFacts{Live: true, Role: a.Role(), Controllers: []string{"ctl_a"}, SecondFactorAt: p.now}, nil
		},
		Interaction: func(_ *db.Tx, itx string) (gate.InteractionFacts, error) {
			if p.fails == "interaction" {
				return gate.InteractionFacts{}, errStore
			}
			if itx != p.itx {
				return gate.InteractionFacts{}, nil
			}
			return p.call, nil
		},
		Purpose: func(*db.Tx, string) (gate.PurposeFacts, error) {
			return gate.PurposeFacts{Found: true, Active: true, Controller: "ctl_a", Basis: "consent", Uses: func(gate.Verb, string) bool { return true }}, nil
		},
		Consent: func(tx *db.Tx, subject, purpose string) (bool, error) { return p.book.IsGranted(tx, subject, purpose) },
		Level:   func(*db.Tx, string, string) (int, error) { return p.level, nil },
		Mandate: func(*db.Tx, string, string) (gate.MandateFacts, error) { return gate.MandateFacts{}, nil },
		Budget:  func(*db.Tx, actor.Actor, string) (int, error) { return 5, nil },
		Told:    func(*db.Tx, string, int) ([]string, int, error) { return nil, 8, nil },
		Field: func(string, string, gate.Verb) (gate.Field, bool) {
			return gate.Field{Class: "general", Verifies: true}, true
		},
	})
	active := func(c string, notice int, s purpose.Status) purpose.Purpose {
		return purpose.Purpose{Controller: c, Notice: notice, Status: s, Basis: purpose.ByConsent}
	}
	contract := active("ctl_a", 1, purpose.Active)
	contract.Basis = purpose.ByContract
	p.book = New(p.db, p.log, p.gate, register{
		"pur_a": active("ctl_a", 3, purpose.Active), "pur_b": active("ctl_a", 1, purpose.Active),
		"pur_old": active("ctl_a", 1, purpose.Retired), "pur_contract": contract, "pur_z": active("ctl_z", 1, purpose.Active),
	})
	p.book.UseCustomers(func(_ *db.Tx, s string) (string, error) {
		switch {
		case p.fails == "customer":
			return "", errStore
		case s == p.subject:
			return "ctl_a", nil
		case s == p.foreign:
			return "ctl_z", nil
		}
		return "", errs.New(errs.NotFound, "vault.not_found")
	})
	return p
}

func schemas() []db.Schema { return []db.Schema{Schema(), web.Schema()} }

func sqlite(t testing.TB) *place {
	return open(t, func(o db.Options) *db.DB { o.Dir = t.TempDir(); return dbtest.OpenWith(t, o, schemas()...) })
}

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, p *place)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqlite(t)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, open(t, func(o db.Options) *db.DB { o.URL = dbtest.PostgresURL(t); return dbtest.OpenWith(t, o, schemas()...) }))
	})
}

func (p *place) record(a actor.Actor, e Event) (out Event, err error) {
	err = p.db.Write(context.Background(), func(tx *db.Tx) error { out, err = p.book.Record(tx, a, e); return err })
	return out, err
}

func (p *place) granted(t testing.TB, purpose string) (yes bool) {
	t.Helper()
	if err := p.db.Read(context.Background(), func(tx *db.Tx) (err error) { yes, err = p.book.IsGranted(tx, p.subject, purpose); return err }); err != nil {
		t.Fatal(err)
	}
	return yes
}

func (p *place) letter(what What) Event {
	return Event{Subject: p.subject, Purpose: "pur_a", What: what, Channel: "paper", Proof: "scan/letter-12"}
}

func TestAConsentFromGrantToWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		if p.granted(t, "pur_a") {
			t.Error("granted before a word was said")
		}
		e, err := p.record(p.dpo, p.letter(Granted))
		if err != nil {
			t.Fatal(err)
		}
		if !id.Is(id.Consent, e.ID) || e.Notice != 3 || e.RecordedBy != "stf_dpo" || !e.At.Equal(p.now) {
			t.Errorf("%+v", e)
		}
		if !p.granted(t, "pur_a") || p.granted(t, "pur_b") {
			t.Error("a grant holds for its purpose alone")
		}
		if _, err := p.record(p.dpo, p.letter(Withdrawn)); err != nil {
			t.Fatal(err)
		}
		if p.granted(t, "pur_a") {
			t.Error("a withdrawal does not end it")
		}
		if _, err := p.record(p.dpo, p.letter(Withdrawn)); errs.Of(err).Code != "consent.nothing_to_withdraw" {
			t.Errorf("withdrawn twice: %v", err)
		}
		err = p.db.Read(t.Context(), func(tx *db.Tx) error {
			now, err := p.book.Current(tx, p.subject)
			all, err2 := p.book.History(tx, p.subject)
			if len(now) != 1 || now[0].What != Withdrawn || len(all) != 2 || all[1] != e {
				t.Errorf("now %+v, all %+v", now, all)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Error(err)
		}
		if len(p.log.entries) != 2 || p.log.entries[1].Action != "consent.withdrawn" || p.log.entries[1].Subject != p.subject || p.log.entries[1].Channel != "paper" || p.log.entries[1].Detail != nil {
			t.Errorf("entries %+v", p.log.entries)
		}
	})
}

func TestAWithdrawalTakesEffectInItsOwnTransaction(t *testing.T) {
	p := sqlite(t)
	if _, err := p.record(p.dpo, p.letter(Granted)); err != nil {
		t.Fatal(err)
	}
	q := gate.Question{Ground: gate.Interaction(p.itx), Subject: p.subject, Verb: gate.Reveal, Fields: []string{"phone"}}
	err := p.db.Write(t.Context(), func(tx *db.Tx) error {
		before, err := p.gate.Ask(tx, p.agent, q)
		if err != nil {
			return err
		}
		if _, err := p.book.Record(tx, p.dpo, p.letter(Withdrawn)); err != nil {
			return err
		}
		after, err := p.gate.Ask(tx, p.agent, q)
		if before.Refusal != nil || after.Refusal == nil || after.Refusal.Code != "gate.no_consent" || after.Grant != nil {
			t.Errorf("before: %v, after: %v", before.Refusal, after.Refusal)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheLastWordCountsWhateverTheHistory(t *testing.T) {
	p := sqlite(t)
	p.book.UseCustomers(func(*db.Tx, string) (string, error) { return "ctl_a", nil })
	rapid.Check(t, func(rt *rapid.T) {
		p.subject = id.New(id.Subject)
		last := map[string]What{}
		var said []Event
		for range rapid.IntRange(1, 25).Draw(rt, "events") {
			e := Event{
				Subject: p.subject, Purpose: rapid.SampledFrom([]string{"pur_a", "pur_b"}).Draw(rt, "purpose"),
				What: rapid.SampledFrom([]What{Granted, Refused, Withdrawn}).Draw(rt, "what"), Channel: rapid.SampledFrom(Channels()).Draw(rt, "channel"),
			}
			// Time may stand still or go back: order is the order of writing.
			p.now = p.now.Add(time.Duration(rapid.IntRange(-3, 3).Draw(rt, "minutes")) * time.Minute)
			wrong := Next(last[e.Purpose], e.What)
			got, err := p.record(p.dpo, e)
			if (err != nil) != (wrong != nil) {
				rt.Fatalf("%s after %q: %v", e.What, last[e.Purpose], err)
			}
			if err != nil {
				continue
			}
			last[e.Purpose] = e.What
			said = append(said, got)
		}
		for _, purpose := range []string{"pur_a", "pur_b"} {
			if p.granted(t, purpose) != (last[purpose] == Granted) {
				rt.Fatalf("%s: last word %q", purpose, last[purpose])
			}
		}
		var now, all []Event
		err := p.db.Read(t.Context(), func(tx *db.Tx) (err error) {
			if now, err = p.book.Current(tx, p.subject); err == nil {
				all, err = p.book.History(tx, p.subject)
			}
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
		if len(now) != len(last) || len(all) != len(said) {
			rt.Fatalf("%d current, %d in all; want %d, %d", len(now), len(all), len(last), len(said))
		}
		for _, e := range now {
			if e.What != last[e.Purpose] {
				rt.Fatalf("current %+v", e)
			}
		}
		for _, e := range said { // nothing was changed
			if !slices.Contains(all, e) {
				rt.Fatalf("%+v is not in the history any more", e)
			}
		}
	})
}

func TestWhatCannotBeProvenOrIsNotYoursIsRefused(t *testing.T) {
	p := sqlite(t)
	agent := func(e *Event) actor.Actor { return p.agent }
	dpo := func(e *Event) actor.Actor { return p.dpo }
	for name, c := range map[string]struct {
		who   func(e *Event) actor.Actor
		spoil func(e *Event)
		code  string
	}{
		"no subject":                           {dpo, func(e *Event) { e.Subject = "Budi" }, "consent.subject"},
		"a customer who does not exist":        {dpo, func(e *Event) { e.Subject = id.New(id.Subject) }, "consent.subject_unknown"},
		"another controller's customer":        {dpo, func(e *Event) { e.Subject = p.foreign }, "consent.subject_unknown"},
		"no such purpose":                      {dpo, func(e *Event) { e.Purpose = "pur_none" }, "purpose.unknown"},
		"another controller's purpose":         {dpo, func(e *Event) { e.Purpose = "pur_z" }, "purpose.unknown"},
		"a retired purpose granted":            {dpo, func(e *Event) { e.Purpose = "pur_old" }, "consent.purpose_inactive"},
		"a purpose on another basis granted":   {dpo, func(e *Event) { e.Purpose = "pur_contract" }, "consent.other_basis"},
		"a purpose on another basis refused":   {dpo, func(e *Event) { e.Purpose, e.What = "pur_contract", Refused }, "consent.other_basis"},
		"a purpose on another basis withdrawn": {dpo, func(e *Event) { e.Purpose, e.What = "pur_contract", Withdrawn }, "consent.other_basis"},
		"a notice that was never published":    {dpo, func(e *Event) { e.Notice = 4 }, "consent.notice"},
		"a negative notice":                    {dpo, func(e *Event) { e.Notice = -1 }, "consent.notice"},
		"something else than the three":        {dpo, func(e *Event) { e.What = "maybe" }, "consent.what"},
		"no channel":                           {dpo, func(e *Event) { e.Channel = "" }, "consent.channel"},
		"a call that is no id":                 {dpo, func(e *Event) { e.Interaction = "itx" }, "consent.interaction"},
		"a proof that is a sentence":           {dpo, func(e *Event) { e.Proof = "Budi said yes" }, "consent.proof"},
		"a proof that is a phone number":       {dpo, func(e *Event) { e.Proof = "tel:081234567890" }, "consent.proof"},
		"an agent outside a call":              {agent, func(*Event) {}, "consent.needs_interaction"},
		"an admin":                             {func(*Event) actor.Actor { return actor.NewStaff("stf", actor.Admin, "ses", nil, time.Time{}) }, func(*Event) {}, "consent.not_permitted"},
		"nobody":                               {func(*Event) actor.Actor { return actor.Actor{} }, func(*Event) {}, "consent.not_permitted"},
		"a client of another controller":       {func(*Event) actor.Actor { return actor.NewClient("cli", nil, []string{"ctl_z"}) }, func(*Event) {}, "consent.subject_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			e := p.letter(Granted)
			c.spoil(&e)
			if _, err := p.record(c.who(&e), e); err == nil || errs.Of(err).Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
	if p.granted(t, "pur_a") {
		t.Error("something was recorded")
	}
	for name, a := range map[string]actor.Actor{
		"the customer on a link": actor.NewCustomer("ver_1"), "an import by a client": actor.NewClient("cli", nil, []string{"ctl_a"}), "a duty": actor.NewDuty("import"),
	} {
		if _, err := p.record(a, p.letter(Granted)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	old := p.letter(Refused)
	old.Purpose = "pur_old"
	if _, err := p.record(p.dpo, old); err != nil {
		t.Errorf("what is not in force can still be refused: %v", err)
	}
	if _, err := New(p.db, p.log, p.gate, register{}).Record(nil, p.dpo, p.letter(Granted)); errs.Of(err).Code != "consent.subject_unknown" {
		t.Errorf("a book without customers: %v", err)
	}
}

func TestAnEntryOrAFactThatFailsUndoesTheEvent(t *testing.T) {
	p := sqlite(t)
	p.log.err = errStore
	if _, err := p.record(p.dpo, p.letter(Granted)); !errors.Is(err, errStore) {
		t.Error(err)
	}
	p.log.err, p.fails = nil, "customer"
	if _, err := p.record(p.dpo, p.letter(Granted)); !errors.Is(err, errStore) {
		t.Error(err)
	}
	if _, err := p.book.Read(t.Context(), p.dpo, p.subject); !errors.Is(err, errStore) {
		t.Error(err)
	}
	p.fails = "interaction"
	if _, err := p.book.Say(t.Context(), p.agent, p.itx, Event{Purpose: "pur_a", What: Granted}); !errors.Is(err, errStore) {
		t.Error(err)
	}
	if _, err := p.book.OfCall(t.Context(), p.agent, p.itx); !errors.Is(err, errStore) {
		t.Error(err)
	}
	if p.granted(t, "pur_a") {
		t.Error("recorded")
	}
}

type sealer struct{}

func (sealer) Seal(_ string, b []byte) ([]byte, error) { return slices.Clone(b), nil }
func (sealer) Open(_ string, b []byte) ([]byte, error) { return b, nil }

func TestOnlyAVerifiedCallerConsentsAndAnyoneFoundCanRefuseOrWithdraw(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		say := func(level int, purpose string, what What) (Event, error) {
			p.level = level
			return p.book.Say(t.Context(), p.agent, p.itx, Event{Purpose: purpose, What: what})
		}
		for _, c := range []struct {
			name    string
			level   int
			purpose string
			what    What
			code    string // "" when it is recorded
			named   string // purpose in the leaf
		}{
			{"a grant by nobody known", 0, "pur_a", Granted, "consent.not_verified", "pur_a"},
			{"a grant by a caller who is only found", 1, "pur_a", Granted, "consent.not_verified", "pur_a"},
			{"a grant for a purpose that does not exist", 1, "pur_none", Granted, "consent.not_verified", ""},
			{"a grant for another controller's purpose", 1, "pur_z", Granted, "consent.not_verified", ""},
			{"a refusal by nobody known", 0, "pur_a", Refused, "consent.not_verified", "pur_a"},
			{"a refusal by a caller who is only found", 1, "pur_a", Refused, "", "pur_a"},
			{"a grant by a verified caller", 2, "pur_a", Granted, "", "pur_a"},
			{"a withdrawal by nobody known", 0, "pur_a", Withdrawn, "consent.not_verified", "pur_a"},
			{"a withdrawal by a caller who is only found", 1, "pur_a", Withdrawn, "", "pur_a"},
			{"a grant by a strongly verified caller", 3, "pur_a", Granted, "", "pur_a"},
		} {
			before := p.granted(t, "pur_a")
			p.log.entries = nil
			e, err := say(c.level, c.purpose, c.what)
			last := audit.Entry{}
			if n := len(p.log.entries); n > 0 {
				last = p.log.entries[n-1]
			}
			if last.Action != "consent."+string(c.what) || last.Level != c.level || last.Subject != p.subject || last.Interaction != p.itx ||
				last.Purpose != c.named || last.Controller != "ctl_a" || last.Channel != "phone" || last.Detail != nil {
				t.Errorf("%s: entry %+v", c.name, last)
			}
			if c.code == "" {
				if err != nil || e.Level != c.level || last.Decision != audit.Done || p.granted(t, "pur_a") != (c.what == Granted) {
					t.Errorf("%s: %+v %v", c.name, e, err)
				}
				continue
			}
			if errs.CodeOf(err) != c.code || errs.KindOf(err) != errs.Denied {
				t.Errorf("%s: %v", c.name, err)
			}
			if len(p.log.entries) != 1 || last.Decision != audit.Denied || last.Reason != c.code || p.granted(t, "pur_a") != before {
				t.Errorf("%s: %d entries, %+v", c.name, len(p.log.entries), last)
			}
		}
		if _, err := say(1, "pur_broken", Granted); !errors.Is(err, errStore) {
			t.Error(err)
		}
		if _, err := say(0, "pur_a", "maybe"); errs.CodeOf(err) != "consent.what" {
			t.Error(err)
		}
		err := p.db.Read(t.Context(), func(tx *db.Tx) error {
			all, err := p.book.History(tx, p.subject)
			if len(all) != 4 || all[0].Level != 3 || all[1].Level != 1 || all[2].Level != 2 || all[3].Level != 1 {
				t.Errorf("%+v", all)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Under a purpose that rests on consent a caller is verified first, consents, and only then
// something opens.
func TestACallerIsVerifiedBeforeHeConsents(t *testing.T) {
	p := sqlite(t)
	ask := func(v gate.Verb) (code string) {
		err := p.db.Write(t.Context(), func(tx *db.Tx) error {
			ans, err := p.gate.Ask(tx, p.agent, gate.Question{Ground: gate.Interaction(p.itx), Subject: p.subject, Verb: v, Fields: []string{"phone"}})
			if err == nil && ans.Refusal != nil {
				code = ans.Refusal.Code
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	p.level = 1
	if got := ask(gate.Verify); got != "" {
		t.Errorf("verifying before consent: %s", got)
	}
	if got := ask(gate.Reveal); got != "gate.level_too_low" { // which does not tell whether he consented
		t.Errorf("revealing before verification: %q", got)
	}
	p.level = 2
	if got := ask(gate.Reveal); got != "gate.no_consent" {
		t.Errorf("revealing before consent: %q", got)
	}
	if _, err := p.book.Say(t.Context(), p.agent, p.itx, Event{Purpose: "pur_a", What: Granted}); err != nil {
		t.Error(err)
	}
	if got := ask(gate.Reveal); got != "" {
		t.Errorf("revealing after consent: %s", got)
	}
}

func TestConsentsOverHTTP(t *testing.T) {
	p := sqlite(t)
	w := webtest.New(t, func(o *web.Options) {
		o.DB, o.Sealer = p.db, sealer{}
		o.MAC = func(string, []byte) []byte { return make([]byte, 16) }
	}, p.book.Module())
	w.Actor("agent", p.agent)
	w.Actor("other", actor.NewStaff("stf_other", actor.Agent, "ses_3", []string{"ctl_a"}, time.Time{}))
	w.Actor("dpo", p.dpo)
	post := func(as, path, body string) (int, string) {
		got := w.Do(as, "POST", "/api/v1"+path, body, "Content-Type", "application/json")
		return got.Code, got.Body.String()
	}
	call := "/interactions/" + p.itx + "/consents"
	if code, body := post("other", call, `{"purpose":"pur_a","what":"granted"}`); code != http.StatusNotFound || !strings.Contains(body, "gate.not_found") {
		t.Errorf("a colleague records in a call: %d %s", code, body)
	}
	if e := p.log.entries[len(p.log.entries)-1]; e.Decision != audit.Denied || e.Reason != "gate.not_found" {
		t.Errorf("the refusal left no leaf: %+v", e)
	}
	if code, body := post("agent", "/interactions/"+id.New(id.Interaction)+"/consents", `{"purpose":"pur_a","what":"granted"}`); code != http.StatusNotFound {
		t.Errorf("an unknown call: %d %s", code, body)
	}
	if code, body := post("agent", call, `{"purpose":"pur_contract","what":"granted"}`); code != http.StatusConflict || !strings.Contains(body, "consent.other_basis") {
		t.Errorf("a purpose that rests on a contract: %d %s", code, body)
	}
	if code, body := post("agent", call, `{"purpose":"pur_a","what":"granted","notice":2}`); code != http.StatusCreated || !strings.Contains(body, `"channel":"phone"`) || !strings.Contains(body, p.subject) {
		t.Errorf("%d %s", code, body)
	}
	var list struct{ Consents []Event }
	get := w.Do("agent", "GET", "/api/v1"+call, "")
	if err := json.Unmarshal(get.Body.Bytes(), &list); err != nil || len(list.Consents) != 1 || list.Consents[0].Notice != 2 || list.Consents[0].Interaction != p.itx {
		t.Errorf("%v %s", err, get.Body)
	}
	if got := w.Do("other", "GET", "/api/v1"+call, ""); got.Code != http.StatusNotFound {
		t.Errorf("a colleague reads: %d %s", got.Code, got.Body)
	}
	letters := "/subjects/" + p.subject + "/consents"
	if code, body := post("dpo", letters, `{"purpose":"pur_a","what":"withdrawn","channel":"paper","proof":"scan/7"}`); code != http.StatusCreated {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := post("agent", letters, `{"purpose":"pur_a","what":"granted","channel":"paper"}`); code != http.StatusForbidden {
		t.Errorf("an agent records outside a call: %d", code)
	}
	get = w.Do("dpo", "GET", "/api/v1"+letters, "")
	if err := json.Unmarshal(get.Body.Bytes(), &list); err != nil || len(list.Consents) != 2 || list.Consents[0].What != Withdrawn {
		t.Errorf("%v %s", err, get.Body)
	}
	if e := p.log.entries[len(p.log.entries)-1]; e.Action != "consent.read" || e.Subject != p.subject {
		t.Errorf("reading left no entry: %+v", e)
	}
	if got := w.Do("dpo", "GET", "/api/v1/subjects/"+p.foreign+"/consents", ""); got.Code != http.StatusNotFound {
		t.Errorf("another controller's customer: %d", got.Code)
	}
	if _, err := p.book.Read(t.Context(), p.agent, p.subject); errs.KindOf(err) != errs.Denied {
		t.Errorf("an agent reads a history: %v", err)
	}
}

func TestNothingChangesOrDeletesAnEvent(t *testing.T) {
	p := sqlite(t)
	if _, err := p.record(p.dpo, p.letter(Granted)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"update consent_event", "delete from consent_event"} {
		if strings.Contains(sourceText(t), text) {
			t.Errorf("a statement begins with %q", text)
		}
	}
}

func TestTheCountsAreLastWordsByNoticeAndOfOnesOwnController(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.book.UseCustomers(func(*db.Tx, string) (string, error) { return "ctl_a", nil })
		said := func(words ...Event) {
			t.Helper()
			subject := id.New(id.Subject)
			for _, e := range words {
				e.Subject, e.Purpose, e.Channel = subject, "pur_a", "paper"
				if _, err := p.record(p.dpo, e); err != nil {
					t.Fatal(err)
				}
			}
		}
		said(Event{What: Granted, Notice: 1})
		said(Event{What: Granted, Notice: 1}, Event{What: Granted, Notice: 3})
		said(Event{What: Granted}, Event{What: Withdrawn})
		said(Event{What: Refused, Notice: 1})
		said(Event{What: Refused, Notice: 1})
		_, got, err := p.book.Counts(t.Context(), p.dpo, "pur_a")
		if want := []Count{{3, 1, 0, 1}, {1, 1, 2, 0}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v %v, want %+v", got, err, want)
		}
		auditor := actor.NewStaff("stf_auditor", actor.Auditor, "ses_3", []string{"ctl_a"}, time.Time{})
		if _, got, err := p.book.Counts(t.Context(), auditor, "pur_b"); err != nil || len(got) != 0 {
			t.Errorf("nobody was asked: %+v %v", got, err)
		}
		for what, q := range map[string]struct {
			who           actor.Actor
			purpose, code string
		}{
			"an agent":                       {p.agent, "pur_a", "consent.not_permitted"},
			"another controller's purpose":   {p.dpo, "pur_z", "purpose.unknown"},
			"a purpose on another basis":     {p.dpo, "pur_contract", "consent.other_basis"},
			"a purpose that nobody proposed": {p.dpo, "pur_x", "purpose.unknown"},
		} {
			if _, got, err := p.book.Counts(t.Context(), q.who, q.purpose); errs.CodeOf(err) != q.code || got != nil {
				t.Errorf("%s: %+v %v", what, got, err)
			}
		}
	})
}

func TestPages(t *testing.T) { webtest.Pages(t, sqlite(t).book.Module()) }

func TestTexts(t *testing.T) { webtest.Texts(t, "consent") }

func sourceText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"store.go", "service.go", "module.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

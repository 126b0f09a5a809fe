package gate

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/policy"
)

// world is the facts of a good call, which a test then spoils. Its providers count how
// often they are asked.
type world struct {
	now      time.Time
	agent    actor.Actor
	call     string
	subject  string
	stranger string // exists, in another call
	owner    string // whose customer the stranger is
	session  SessionFacts
	facts    InteractionFacts
	purpose  PurposeFacts
	level    int
	budget   int
	searches [2]int // left in the shift, and in the call
	consent  bool
	hits     []string
	watched  Watched
	touches  []Touch
	mandate  MandateFacts
	alert    string
	told     []string
	most     map[int]int
	fails    string // name of the provider that fails
	asked    []string
	entries  []audit.Entry
	log      Log
	p        Providers
}

var errStore = errors.New("the store failed")

func newWorld() *world {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	w := &world{now: now, call: id.New(id.Interaction), subject: id.New(id.Subject), stranger: id.New(id.Subject), owner: "ctl_a", level: 3, budget: 40, searches: [2]int{200, 12}, most: map[int]int{0: 8, 1: 8, 2: 8}}
	staff := id.New(id.Staff)
	w.agent = actor.NewStaff(staff, actor.Agent, id.New(id.Session), nil, now)
	w.session = SessionFacts{Live: true, Role: actor.Agent, Controllers: []string{"ctl_a", "ctl_b"}, SecondFactorAt: now.Add(-time.Hour)}
	w.facts = InteractionFacts{
		Found: true, Controller: "ctl_a", Purpose: "pur_order", Channel: "phone", Direction: "inbound",
		Subject: w.subject, State: Serving, Agent: staff, HeartbeatAt: now.Add(-3 * time.Second),
	}
	w.purpose = PurposeFacts{Found: true, Active: true, Controller: "ctl_a", Slug: "order_status", Basis: "contract",
		Uses: func(v Verb, field string) bool {
			return slices.Contains([]string{"phone", "email", "pin", "extra_size"}, field)
		}}
	count := func(name string) error {
		w.asked = append(w.asked, name)
		if w.fails == name {
			return errStore
		}
		return nil
	}
	w.p = Providers{
		Session: func(_ *db.Tx, _ actor.Actor) (SessionFacts, error) { return w.session, count("session") },
		Interaction: func(_ *db.Tx, itx string) (InteractionFacts, error) {
			if itx != w.call {
				return InteractionFacts{}, count("interaction")
			}
			return w.facts, count("interaction")
		},
		Level:   func(_ *db.Tx, _, _ string) (int, error) { return w.level, count("level") },
		Purpose: func(_ *db.Tx, _ string) (PurposeFacts, error) { return w.purpose, count("purpose") },
		Consent: func(_ *db.Tx, _, _ string) (bool, error) { return w.consent, count("consent") },
		Budget:  func(_ *db.Tx, _ actor.Actor, _ string) (int, error) { return w.budget, count("budget") },
		Searches: func(_ *db.Tx, _ actor.Actor, _ string) (int, int, error) {
			return w.searches[0], w.searches[1], count("searches")
		},
		Mandate: func(_ *db.Tx, _, _ string) (MandateFacts, error) { return w.mandate, count("mandate") },
		Told: func(_ *db.Tx, _ string, level int) ([]string, int, error) {
			return w.told, w.most[level], count("told")
		},
		Watch: func(_ *db.Tx, _ actor.Actor, _, _, _ string) (Watched, error) { return w.watched, count("watch") },
		Touched: func(_ *db.Tx, _ actor.Actor, t Touch) (string, error) {
			w.touches = append(w.touches, t)
			return w.alert, count("touched")
		},
		Hits: func(_ *db.Tx, _, _ string) ([]string, error) { return w.hits, count("hits") },
		Owner: func(_ *db.Tx, s string) (string, bool, error) {
			switch s {
			case w.subject:
				return "ctl_a", true, count("owner")
			case w.stranger:
				return w.owner, true, count("owner")
			}
			return "", false, count("owner")
		},
		Field: func(name, _ string, v Verb) (Field, bool) {
			switch name {
			case "phone":
				return Field{Class: "general", MinLevel: 2, Verifies: true}, true
			case "email":
				return Field{Class: "general", MinLevel: 3, Verifies: true}, true
			case "nik":
				return Field{Class: "specific", MinLevel: 3}, true
			case "pin":
				return Field{Class: "secret", MinLevel: 2}, true
			}
			if strings.HasPrefix(name, "extra_") {
				return Field{Class: "general", MinLevel: 1, Free: true}, true
			}
			return Field{}, false
		},
	}
	w.log = w
	return w
}

// Append is a log that only remembers.
func (w *world) Append(_ *db.Tx, e audit.Entry) (*audit.Pending, error) {
	w.entries = append(w.entries, e)
	return &audit.Pending{}, nil
}

func (w *world) gate(t testing.TB) *Gate {
	t.Helper()
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	return New(w.log, set, w.p, DutySpec{Name: "name_index", Fields: []string{"name"}})
}

// reveal is the question an agent asks about the customer in the call.
func (w *world) reveal(fields ...string) Question {
	return Question{Ground: Interaction(w.call), Subject: w.subject, Verb: Reveal, Fields: fields, Reason: "the courier asks for it"}
}

func (w *world) open(t testing.TB) *db.DB {
	return dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return w.now }})
}

func in(t testing.TB, d *db.DB, fn func(tx *db.Tx) error) error {
	t.Helper()
	return d.Write(context.Background(), fn)
}

// ask asks in a transaction of its own.
func ask(t testing.TB, d *db.DB, g *Gate, a actor.Actor, q Question) (ans Answer, err error) {
	t.Helper()
	err = in(t, d, func(tx *db.Tx) (err error) {
		ans, err = g.Ask(tx, a, q)
		return err
	})
	return ans, err
}

func code(e *errs.E) string {
	if e == nil {
		return ""
	}
	return e.Code
}

func TestAnAgentMayWhatTheCallAllowsAndEveryDecisionIsEntered(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	w.level = 2
	ans, err := ask(t, d, g, w.agent, w.reveal("phone", "email", "nik"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ans.Allowed, []string{"phone"}) || ans.Refusal != nil || ans.Grant == nil {
		t.Fatalf("allowed %v, refusal %v", ans.Allowed, ans.Refusal)
	}
	low := ans.Refused["email"]
	if code(low) != "gate.level_too_low" || low.Args["need"] != 3 || low.Args["have"] != 2 {
		t.Errorf("email: %v %v", low, low.Args)
	}
	if code(ans.Refused["nik"]) != "gate.field_not_in_purpose" {
		t.Errorf("nik: %v", ans.Refused["nik"])
	}
	if ans.Facts.Level != 2 || ans.Facts.BudgetLeft != 40 || ans.Facts.Interaction.Subject != w.subject || ans.Facts.Purpose.Slug != "order_status" {
		t.Errorf("facts %+v", ans.Facts)
	}
	if len(w.entries) != 1 {
		t.Fatalf("%d entries for one question", len(w.entries))
	}
	e := w.entries[0]
	want := audit.Entry{
		Action: "reveal", Decision: audit.Allowed, Actor: w.agent, Policy: g.Policy(), Purpose: "pur_order", Interaction: w.call, Controller: "ctl_a",
		Ground: "interaction:" + w.call, Channel: "phone", Level: 2, Fields: []string{"phone"},
		Refused: []string{"email:gate.level_too_low", "nik:gate.field_not_in_purpose"}, Subject: w.subject,
	}
	if e.Detail["reason"] != "the courier asks for it" || len(e.Detail) != 1 {
		t.Errorf("detail %v", e.Detail)
	}
	same := e.Action == want.Action && e.Decision == want.Decision && e.Reason == "" && e.Actor.ID() == want.Actor.ID() && e.Policy == want.Policy &&
		e.Purpose == want.Purpose && e.Interaction == want.Interaction && e.Controller == want.Controller && e.Ground == want.Ground && e.Channel == want.Channel &&
		e.Level == want.Level && slices.Equal(e.Fields, want.Fields) && slices.Equal(e.Refused, want.Refused) && e.Subject == want.Subject
	if !same {
		t.Errorf("entry\n%+v, want\n%+v", e, want)
	}
}

func TestFieldsToldOverSeveralCallsCountTogetherBelowTheThirdLevel(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	w.level, w.told, w.most = 2, []string{"pin", "email"}, map[int]int{2: 2}
	ans, err := ask(t, d, g, w.agent, w.reveal("phone"))
	if err != nil || code(ans.Refusal) != "gate.facts_spent" || ans.Refusal.Kind != errs.TooMany {
		t.Fatalf("one more than two: %v %v", ans.Refusal, err)
	}
	w.told = []string{"pin", "phone"}
	if ans, err = ask(t, d, g, w.agent, w.reveal("phone")); err != nil || ans.Refusal != nil {
		t.Fatalf("a field that was told today: %v %v", ans.Refusal, err)
	}
	w.most, w.told = map[int]int{2: 1}, nil
	q := w.reveal("extra_size", "phone")
	if ans, err = ask(t, d, g, w.agent, q); err != nil || !slices.Equal(ans.Allowed, []string{"extra_size"}) || code(ans.Refused["phone"]) != "gate.facts_spent" {
		t.Fatalf("two at once with one left: %v %v %v", ans.Allowed, ans.Refused, err)
	}
	w.level, w.most = LedgerLevel, nil
	if ans, err = ask(t, d, g, w.agent, q); err != nil || len(ans.Allowed) != 2 {
		t.Fatalf("at the third level: %v %v", ans.Allowed, err)
	}
}

func TestARevealReadsNoMoreThanSixFacts(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	if _, err := ask(t, d, g, w.agent, w.reveal("phone")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"session", "interaction", "purpose", "level", "mandate", "budget", "watch", "touched"}; !slices.Equal(w.asked, want) {
		t.Errorf("asked %v, want %v", w.asked, want)
	}
}

func TestWhoWatchesIsToldOfEachQuestionAboutACustomerOfTheCallAndOfNoOther(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	w.watched, w.alert = Watched{Canary: true, New: true}, id.New(id.Alert)
	told := func(want ...Touch) {
		t.Helper()
		if !slices.Equal(w.touches, want) {
			t.Errorf("told %+v, want %+v", w.touches, want)
		}
		w.touches = nil
	}
	touch := Touch{Interaction: w.call, Controller: "ctl_a", Purpose: "pur_order", Subject: w.subject, Verb: Reveal, Allowed: true, Watched: w.watched, Bound: true}
	for _, c := range []struct {
		spoil func(w *world, q *Question)
		want  []Touch
	}{
		{func(*world, *Question) {}, []Touch{touch}},
		{func(w *world, _ *Question) { w.level = 0 }, []Touch{{w.call, "ctl_a", "pur_order", w.subject, Reveal, false, w.watched, true}}},
		{func(_ *world, q *Question) { q.Subject = w.stranger }, nil},
		{func(w *world, _ *Question) { w.facts.Agent = "stf_other" }, nil},
		{func(w *world, q *Question) {
			w.facts.Subject, w.hits, q.Verb = "", []string{"phone"}, Mask
		}, []Touch{{w.call, "ctl_a", "pur_order", w.subject, Mask, true, w.watched, false}}},
	} {
		kept := w.facts
		w.level, w.hits = 3, nil
		q := w.reveal("phone")
		c.spoil(w, &q)
		if _, err := ask(t, d, g, w.agent, q); err != nil {
			t.Fatal(err)
		}
		told(c.want...)
		if ref := w.entries[len(w.entries)-1].Ref; (ref == w.alert) != (len(c.want) > 0) {
			t.Errorf("the entry names %q", ref)
		}
		w.facts = kept
	}
}

func TestARefusalIsAnOutcomeWithItsReasonAndItsEntry(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(w *world, q *Question)
		code  string
		kind  errs.Kind
	}{
		{"the session ended", func(w *world, _ *Question) { w.session.Live = false }, "gate.session_ended", errs.Unauthenticated},
		{"the role changed since the request began", func(w *world, _ *Question) { w.session.Role = actor.Supervisor }, "gate.session_ended", errs.Unauthenticated},
		{"no such call", func(w *world, q *Question) { q.Ground = Interaction(id.New(id.Interaction)) }, "gate.not_found", errs.NotFound},
		{"a call of a controller one does not serve", func(w *world, _ *Question) { w.facts.Controller = "ctl_z" }, "gate.not_found", errs.NotFound},
		{"a colleague's call", func(w *world, _ *Question) { w.facts.Agent = "stf_other" }, "gate.not_found", errs.NotFound},
		{"whoever the call is bound to, and nobody is", func(w *world, q *Question) { w.facts.Subject, q.Subject, q.Bound = "", "", true }, "gate.not_found", errs.NotFound},
		{"a silent desk", func(w *world, _ *Question) { w.facts.HeartbeatAt = w.now.Add(-HeartbeatWithin) }, "gate.heartbeat_lost", errs.Denied},
		{"a heartbeat from the future", func(w *world, _ *Question) { w.facts.HeartbeatAt = w.now.Add(time.Minute) }, "gate.heartbeat_lost", errs.Denied},
		{"a held call", func(w *world, _ *Question) { w.facts.State = Held }, "gate.call_held", errs.Denied},
		{"a customer who exists and is not in the call", func(w *world, q *Question) { q.Subject = w.stranger }, "gate.not_found", errs.NotFound},
		{"a customer who does not exist", func(w *world, q *Question) { q.Subject = id.New(id.Subject) }, "gate.not_found", errs.NotFound},
		{"no customer named", func(w *world, q *Question) { q.Subject = "" }, "gate.not_found", errs.NotFound},
		{"nobody bound yet", func(w *world, _ *Question) { w.facts.Subject = "" }, "gate.not_found", errs.NotFound},
		{"no purpose chosen", func(w *world, _ *Question) { w.facts.Purpose = "" }, "gate.no_purpose", errs.Denied},
		{"a purpose that is gone", func(w *world, _ *Question) { w.purpose = PurposeFacts{} }, "gate.purpose_inactive", errs.Denied},
		{"a retired purpose", func(w *world, _ *Question) { w.purpose.Active = false }, "gate.purpose_inactive", errs.Denied},
		{"another controller's purpose", func(w *world, _ *Question) { w.purpose.Controller = "ctl_b" }, "gate.purpose_inactive", errs.Denied},
		{"a field the purpose does not use", func(w *world, _ *Question) { w.purpose.Uses = nil }, "gate.field_not_in_purpose", errs.Denied},
		{"consent not given", func(w *world, _ *Question) { w.purpose.Basis = "consent" }, "gate.no_consent", errs.Denied},
		{"a level too low", func(w *world, _ *Question) { w.level = 1 }, "gate.level_too_low", errs.Denied},
		{"a second factor of yesterday", func(w *world, _ *Question) { w.session.SecondFactorAt = w.now.Add(-13 * time.Hour) }, "gate.second_factor_stale", errs.Unauthenticated},
		{"a second factor never shown", func(w *world, _ *Question) { w.session.SecondFactorAt = time.Time{} }, "gate.second_factor_stale", errs.Unauthenticated},
		{"a second factor from the future", func(w *world, _ *Question) { w.session.SecondFactorAt = w.now.Add(time.Hour) }, "gate.second_factor_stale", errs.Unauthenticated},
		{"a spent budget", func(w *world, _ *Question) { w.budget = 0 }, "gate.budget_spent", errs.TooMany},
		{"a protected person before a second member of staff decides", func(w *world, _ *Question) { w.watched.Guarded = true }, "gate.four_eyes", errs.Denied},
		{"one customer too many in this shift", func(w *world, _ *Question) { w.watched.Broad = true }, "gate.breadth_spent", errs.TooMany},
		{"training that is missing", func(w *world, _ *Question) {
			w.p.Training = func(*db.Tx, actor.Actor, string) (bool, error) { return false, nil }
		}, "gate.training_missing", errs.Denied},
		{"a request, which is not built", func(w *world, q *Question) { q.Ground = Request("x") }, "gate.ground_not_built", errs.Denied},
		{"an agreement, which is not built", func(w *world, q *Question) { q.Ground = Agreement("x") }, "gate.ground_not_built", errs.Denied},
		{"a duty asked by a person", func(w *world, q *Question) { q.Ground = Duty("name_index", id.New(id.Duty)) }, "gate.duty_only_machine", errs.Denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			q := w.reveal("phone")
			c.spoil(w, &q)
			d, g := w.open(t), w.gate(t)
			var preview Answer
			err := d.Read(t.Context(), func(tx *db.Tx) (err error) { preview, err = g.Preview(tx, w.agent, q); return err })
			if err != nil || len(w.entries) != 0 || preview.Grant != nil || preview.Entry != nil {
				t.Fatalf("a preview left a trace or failed: %v", err)
			}
			ans, err := ask(t, d, g, w.agent, q)
			if err != nil {
				t.Fatal(err)
			}
			if code(ans.Refusal) != c.code || ans.Refusal.Kind != c.kind || ans.Grant != nil || len(ans.Allowed) != 0 {
				t.Errorf("refusal %v, grant %v", ans.Refusal, ans.Grant)
			}
			if code(preview.Refusal) != c.code {
				t.Errorf("preview says %v", preview.Refusal)
			}
			if len(w.entries) != 1 || w.entries[0].Decision != audit.Denied || w.entries[0].Reason != c.code || !slices.Equal(w.entries[0].Refused, []string{"phone:" + c.code}) {
				t.Errorf("entries %+v", w.entries)
			}
		})
	}
}

func TestWhatIsNotYoursToKnowLooksLikeWhatDoesNotExist(t *testing.T) {
	answer := func(spoil func(w *world, q *Question)) (Answer, audit.Entry, []string, *world) {
		w := newWorld()
		q := w.reveal("phone")
		q.Detail = map[string]any{"try": "cmp_1"}
		spoil(w, &q)
		ans, err := ask(t, w.open(t), w.gate(t), w.agent, q)
		if err != nil {
			t.Fatal(err)
		}
		return ans, w.entries[0], w.asked, w
	}
	// What a leaf says beside who asked and which call was asked for.
	told := func(e audit.Entry) string {
		return fmt.Sprint(e.Action, e.Decision, e.Reason, e.Controller, e.Purpose, e.Channel, e.Level, e.Subject, e.Detail, e.Ref, e.Fields, e.Refused, e.Count)
	}
	bound := func(q *Question) { q.Subject, q.Bound = "", true }
	for name, about := range map[string]func(q *Question){"whoever is bound": bound, "a customer by name": func(*Question) {}} {
		missing, leaf, reads, w := answer(func(w *world, q *Question) { w.facts = InteractionFacts{}; about(q) })
		if leaf.Interaction != w.call || leaf.Ground != "interaction:"+w.call {
			t.Errorf("who probes is not found by the call that was asked for: %+v", leaf)
		}
		if leaf.Controller != "" || leaf.Subject != "" || leaf.Detail != nil {
			t.Errorf("the leaf of a call that does not exist tells of somebody: %+v", leaf)
		}
		theirs, foreign, readsOfForeign, w := answer(func(w *world, q *Question) { w.facts.Controller = "ctl_z"; about(q) })
		if missing.Refusal.Code != theirs.Refusal.Code || len(missing.Refusal.Args)+len(theirs.Refusal.Args) != 0 || theirs.Facts.Interaction.Found {
			t.Errorf("%s: a foreign call answers %+v, a missing one %+v", name, theirs, missing)
		}
		if !slices.Equal(reads, readsOfForeign) {
			t.Errorf("%s: reads differ: %v, %v", name, reads, readsOfForeign)
		}
		if told(leaf) != told(foreign) || foreign.Interaction != w.call {
			t.Errorf("%s: the leaf of a foreign call is %+v\nof a missing one %+v", name, foreign, leaf)
		}
	}

	// A colleague's call answers the same, and its entry is the company's own: it stands in the customer's trail.
	missing, _, reads, _ := answer(func(w *world, q *Question) { w.facts = InteractionFacts{}; bound(q) })
	theirs, leaf, readsOfTheirs, w := answer(func(w *world, q *Question) { w.facts.Agent = "stf_other"; bound(q) })
	if theirs.Refusal.Code != missing.Refusal.Code || theirs.Refusal.Kind != missing.Refusal.Kind || len(theirs.Refusal.Args) != 0 ||
		theirs.Facts.Interaction != (InteractionFacts{}) || !slices.Equal(reads, readsOfTheirs) {
		t.Errorf("a colleague's call answers %+v after %v, a missing one %+v after %v", theirs, readsOfTheirs, missing, reads)
	}
	if leaf.Subject != w.subject || leaf.Controller != "ctl_a" || leaf.Detail["reason"] == nil || leaf.Detail["try"] == nil {
		t.Errorf("the attempt on a colleague's call is missing in the trail of its customer: %+v", leaf)
	}

	nobody, entryA, readsA, _ := answer(func(w *world, q *Question) { q.Subject = id.New(id.Subject) })
	other, entryB, readsB, _ := answer(func(w *world, q *Question) { q.Subject = w.stranger })
	if nobody.Refusal.Code != other.Refusal.Code || len(nobody.Refusal.Args)+len(other.Refusal.Args) != 0 || !slices.Equal(readsA, readsB) {
		t.Errorf("an existing customer answers %+v %v, a missing one %+v %v", other, readsB, nobody, readsA)
	}
	if entryA.Subject != "" || entryA.Detail != nil {
		t.Error("a customer who does not exist has a trail")
	}
	if entryB.Subject == "" || entryB.Detail["reason"] == nil {
		t.Error("the attempt is missing in the trail of the customer who was asked about")
	}
	// The asker's own company must not read of another's customer in its entries.
	if _, e, _, _ := answer(func(w *world, q *Question) { q.Subject, w.owner = w.stranger, "ctl_z" }); told(e) != told(entryA) {
		t.Errorf("the entry about another company's customer: %+v\nabout nobody: %+v", e, entryA)
	}
}

func TestAskingAboutWhoeverTheCallIsBoundToIsAskingAboutThem(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	q := w.reveal("phone")
	q.Subject, q.Bound = "", true
	ans, err := ask(t, d, g, w.agent, q)
	if err != nil || ans.Refusal != nil || ans.Facts.Interaction.Subject != w.subject || w.entries[0].Subject != w.subject {
		t.Fatalf("%v %v, facts %+v, entry %+v", err, ans.Refusal, ans.Facts, w.entries)
	}
	if ans.Grant.right.subject != w.subject {
		t.Errorf("the grant is for %q", ans.Grant.right.subject)
	}
}

func TestTheMostFundamentalReasonOfSeveralFieldsIsGiven(t *testing.T) {
	w := newWorld()
	w.level = 0
	ans, err := ask(t, w.open(t), w.gate(t), w.agent, w.reveal("email", "pin", "nik", "phone"))
	if err != nil {
		t.Fatal(err)
	}
	if code(ans.Refusal) != "gate.field_not_in_purpose" || len(ans.Refused) != 4 || code(ans.Refused["pin"]) != "gate.secret_never" {
		t.Errorf("%v %v", ans.Refusal, ans.Refused)
	}
}

func TestConsentIsReadInTheSameTransaction(t *testing.T) {
	w := newWorld()
	w.purpose.Basis, w.consent = "consent", true
	d, g := w.open(t), w.gate(t)
	err := in(t, d, func(tx *db.Tx) error {
		before, err := g.Ask(tx, w.agent, w.reveal("phone"))
		if err != nil {
			return err
		}
		w.consent = false
		after, err := g.Ask(tx, w.agent, w.reveal("phone"))
		if before.Refusal != nil || !before.Facts.Consented || code(after.Refusal) != "gate.no_consent" {
			t.Errorf("before %v, after %v", before.Refusal, after.Refusal)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestASearchHitIsMaskedOnTheFieldItWasFoundBy(t *testing.T) {
	w := newWorld()
	w.facts.Subject, w.facts.State, w.level = "", Connected, 0
	w.hits = []string{"phone"}
	q := w.reveal("phone", "email")
	q.Verb = Mask
	ans, err := ask(t, w.open(t), w.gate(t), w.agent, q)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ans.Allowed, []string{"phone"}) || code(ans.Refused["email"]) != "gate.field_not_in_purpose" {
		t.Errorf("%v %v", ans.Allowed, ans.Refused)
	}
	if e := w.entries[0]; e.Subject != w.subject || e.Action != "mask" {
		t.Errorf("the hit is not in the customer's trail: %+v", e)
	}
}

func TestSearchAndNoteHaveNoFields(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	ans, err := ask(t, d, g, w.agent, Question{Ground: Interaction(w.call), Verb: Search})
	if err != nil || ans.Refusal != nil || ans.Grant == nil {
		t.Fatalf("search: %v %v", ans.Refusal, err)
	}
	for _, c := range []struct {
		left [2]int
		code string
	}{{[2]int{0, 12}, "gate.searches_spent"}, {[2]int{200, 0}, "gate.searches_in_call_spent"}, {[2]int{-1, -1}, "gate.searches_in_call_spent"}} {
		w.searches = c.left
		ans, err := ask(t, d, g, w.agent, Question{Ground: Interaction(w.call), Verb: Search})
		if err != nil || code(ans.Refusal) != c.code || ans.Refusal.Kind != errs.TooMany {
			t.Errorf("with %v left: %v %v", c.left, ans.Refusal, err)
		}
		if e := w.entries[len(w.entries)-1]; e.Decision != audit.Denied || e.Reason != c.code {
			t.Errorf("with %v left the entry is %+v", c.left, e)
		}
	}
	ans, err = ask(t, d, g, w.agent, Question{Ground: Interaction(w.call), Verb: Note, Subject: w.subject})
	if err != nil || ans.Refusal != nil {
		t.Fatalf("note: %v %v", ans.Refusal, err)
	}
	w.facts.State = Frozen
	ans, err = ask(t, d, g, w.agent, Question{Ground: Interaction(w.call), Verb: Note, Subject: w.subject})
	if err != nil || code(ans.Refusal) != "gate.call_frozen" {
		t.Fatalf("note in a frozen call: %v %v", ans.Refusal, err)
	}
}

func TestAnAPIClientActsOnBehalfWithinItsScopes(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	for _, c := range []struct {
		verb  Verb
		scope string
		code  string
	}{
		{Reveal, "serve", ""}, {Reveal, "verify", "gate.scope_missing"}, {Verify, "verify", ""}, {Verify, "serve", "gate.scope_missing"},
	} {
		q := w.reveal("phone")
		q.Verb = c.verb
		ans, err := ask(t, d, g, actor.NewOnBehalf("cli_x", []string{c.scope}, w.agent), q)
		if err != nil || code(ans.Refusal) != c.code {
			t.Errorf("%s with scope %s: %v %v", c.verb, c.scope, ans.Refusal, err)
		}
	}
	ans, err := ask(t, d, g, actor.NewClient("cli_x", []string{"serve"}, []string{"ctl_a"}), w.reveal("phone"))
	if err != nil || code(ans.Refusal) != "gate.client_alone" {
		t.Errorf("alone: %v %v", ans.Refusal, err)
	}
}

func TestADutyOpensItsOwnFieldsAndNoOther(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	run := id.New(id.Duty)
	machine := actor.NewDuty("name_index")
	q := Question{Ground: Duty("name_index", run), Verb: Process, Fields: []string{"name"}, Count: 1000}
	ans, err := ask(t, d, g, machine, q)
	if err != nil || ans.Refusal != nil {
		t.Fatalf("%v %v", ans.Refusal, err)
	}
	e := w.entries[0]
	if e.Ground != "duty:name_index" || e.Ref != run || e.Count != 1000 || e.Subject != "" {
		t.Errorf("%+v", e)
	}
	q.Fields = []string{"name", "phone"}
	ans, err = ask(t, d, g, machine, q)
	if err != nil || !slices.Equal(ans.Allowed, []string{"name"}) || code(ans.Refused["phone"]) != "gate.duty_field" {
		t.Errorf("%v %v %v", ans.Allowed, ans.Refused, err)
	}
	for _, other := range []Question{
		{Ground: Duty("unheard_of", run), Verb: Process, Fields: []string{"name"}, Count: 1},
		{Ground: Duty("0812345678901", run), Verb: Process, Fields: []string{"name"}, Count: 1},
	} {
		ans, err = ask(t, d, g, machine, other)
		if err != nil || code(ans.Refusal) != "gate.not_found" {
			t.Errorf("%v %v", ans.Refusal, err)
		}
		if e := w.entries[len(w.entries)-1]; e.Ground != "duty" || e.Ref != "" {
			t.Errorf("what was made up got into the leaf: %+v", e)
		}
	}
	ans, err = ask(t, d, g, actor.NewDuty("backup"), q)
	if err != nil || code(ans.Refusal) != "gate.not_found" {
		t.Errorf("one duty uses another's name: %v %v", ans.Refusal, err)
	}
	one := Question{Ground: Duty("name_index", run), Subject: w.subject, Verb: Process, Fields: []string{"name"}}
	if ans, err = ask(t, d, g, machine, one); err != nil || ans.Refusal != nil || w.entries[len(w.entries)-1].Subject != w.subject {
		t.Errorf("a duty about one customer: %v %v", ans.Refusal, err)
	}
	if e := w.entries[len(w.entries)-1]; e.Controller != "ctl_a" {
		t.Errorf("a duty about one customer is entered for %q", e.Controller)
	}
}

func TestNothingMadeUpReachesTheLeaf(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	ans, err := ask(t, d, g, w.agent, w.reveal("budi_santoso", "siti_aminah", "extra_0812", "extra_size", "phone"))
	if err != nil {
		t.Fatal(err)
	}
	e := w.entries[0]
	if want := []string{"undeclared:gate.field_not_in_purpose"}; !slices.Equal(e.Refused, want) {
		t.Errorf("refused %v, want %v", e.Refused, want)
	}
	if want := []string{"extra_size", "phone"}; !slices.Equal(e.Fields, want) || len(ans.Refused) != 3 {
		t.Errorf("fields %v, refused %v", e.Fields, ans.Refused)
	}
	if _, err := ask(t, d, g, w.agent, Question{Ground: Interaction("Budi Santoso"), Verb: Search}); err != nil {
		t.Fatal(err)
	}
	if e := w.entries[1]; e.Interaction != "" || e.Ground != "interaction" {
		t.Errorf("a made-up id reached the leaf: %+v", e)
	}
}

func TestTheCallersDetailIsKeptAsItIs(t *testing.T) {
	w := newWorld()
	q := w.reveal("phone")
	q.Detail = map[string]any{"screen": "desk"}
	if _, err := ask(t, w.open(t), w.gate(t), w.agent, q); err != nil {
		t.Fatal(err)
	}
	if len(q.Detail) != 1 || len(w.entries[0].Detail) != 2 {
		t.Errorf("asked with %v, entered %v", q.Detail, w.entries[0].Detail)
	}
}

func TestAQuestionThatMakesNoSenseIsAnErrorAndNoEntry(t *testing.T) {
	w := newWorld()
	d, g := w.open(t), w.gate(t)
	many := make([]string, MaxFields+1)
	for i := range many {
		many[i] = "f" + strings.Repeat("a", i+1)
	}
	run := id.New(id.Duty)
	for name, q := range map[string]Question{
		"no verb":                      {Ground: Interaction(w.call), Subject: w.subject, Fields: []string{"phone"}},
		"no ground":                    {Subject: w.subject, Verb: Reveal, Fields: []string{"phone"}},
		"a ground without an id":       {Ground: Interaction(""), Subject: w.subject, Verb: Reveal, Fields: []string{"phone"}},
		"a reveal without fields":      w.reveal(),
		"a search with fields":         {Ground: Interaction(w.call), Verb: Search, Fields: []string{"phone"}},
		"too many fields":              w.reveal(many...),
		"a field twice":                w.reveal("phone", "phone"),
		"an empty field":               w.reveal(""),
		"a field with a space":         w.reveal("phone number"),
		"a field of 65 letters":        w.reveal(strings.Repeat("a", 65)),
		"a subject that is no id":      {Ground: Interaction(w.call), Subject: "Budi", Verb: Reveal, Fields: []string{"phone"}},
		"a duty without a run":         {Ground: Duty("name_index", ""), Verb: Process, Fields: []string{"name"}, Count: 1},
		"a duty over nobody":           {Ground: Duty("name_index", run), Verb: Process, Fields: []string{"name"}},
		"a collect without any fields": {Ground: Interaction(w.call), Subject: w.subject, Verb: Collect},
	} {
		_, err := ask(t, d, g, w.agent, q)
		if errs.Of(err).Code != "gate.bad_question" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ask(t, d, g, actor.Actor{}, w.reveal("phone")); errs.Of(err).Code != "gate.session_ended" {
		t.Errorf("nobody asks: %v", err)
	}
	if len(w.entries) != 0 {
		t.Errorf("%d entries", len(w.entries))
	}
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		ans, err := g.Preview(tx, actor.Actor{}, w.reveal("phone"))
		if code(ans.Refusal) != "gate.session_ended" {
			t.Errorf("nobody previews: %v", ans.Refusal)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAFactThatCannotBeReadEndsTheQuestionWithoutAnAnswer(t *testing.T) {
	for _, name := range []string{"session", "interaction", "purpose", "consent", "hits", "level", "budget", "searches", "told", "owner", "log"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.fails, w.purpose.Basis, w.consent = name, "consent", true
			q := w.reveal("phone")
			switch name {
			case "hits":
				q.Verb = Mask
			case "told":
				w.level = 2
			case "owner":
				q.Subject = w.stranger
			case "searches":
				q.Verb, q.Subject, q.Fields = Search, "", nil
			case "log":
				w.log = brokenLog{}
			}
			ans, err := ask(t, w.open(t), w.gate(t), w.agent, q)
			if !errors.Is(err, errStore) || ans.Grant != nil || ans.Refusal != nil || len(ans.Allowed) != 0 || len(w.entries) != 0 {
				t.Errorf("%+v %v", ans, err)
			}
		})
	}
	for _, ground := range []Ground{Interaction("x"), Request("x"), Agreement("x")} {
		w := newWorld()
		w.p.Request = func(*db.Tx, string) (bool, error) { return false, errStore }
		w.p.Agreement = w.p.Request
		w.p.Training = func(*db.Tx, actor.Actor, string) (bool, error) { return true, errStore }
		q := w.reveal("phone")
		if q.Ground.Kind() != ground.Kind() {
			q.Ground = ground
		}
		if _, err := ask(t, w.open(t), w.gate(t), w.agent, q); !errors.Is(err, errStore) {
			t.Errorf("%s: %v", ground.Kind(), err)
		}
	}
}

type brokenLog struct{}

func (brokenLog) Append(*db.Tx, audit.Entry) (*audit.Pending, error) { return nil, errStore }

func TestAMissingProviderDenies(t *testing.T) {
	for name, c := range map[string]struct {
		remove func(p *Providers)
		code   string
	}{
		"session":     {func(p *Providers) { p.Session = nil }, "gate.session_ended"},
		"interaction": {func(p *Providers) { p.Interaction = nil }, "gate.not_found"},
		"purpose":     {func(p *Providers) { p.Purpose = nil }, "gate.no_purpose"},
		"consent":     {func(p *Providers) { p.Consent = nil }, "gate.no_consent"},
		"level":       {func(p *Providers) { p.Level = nil }, "gate.level_too_low"},
		"budget":      {func(p *Providers) { p.Budget = nil }, "gate.budget_spent"},
		"field":       {func(p *Providers) { p.Field = nil }, "gate.secret_never"},
		"searches":    {func(p *Providers) { p.Searches = nil }, "gate.searches_in_call_spent"},
		"told":        {func(p *Providers) { p.Told = nil }, "gate.facts_spent"},
		"hits":        {func(p *Providers) { p.Hits = nil }, ""},
		"owner":       {func(p *Providers) { p.Owner = nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if name == "consent" {
				w.purpose.Basis, w.consent = "consent", true
			}
			if name == "told" {
				w.level = 2
			}
			c.remove(&w.p)
			g := w.gate(t)
			if got := g.Missing(); !slices.Equal(got, []string{name}) {
				t.Errorf("missing: %v", got)
			}
			q := w.reveal("phone")
			if name == "searches" {
				q.Subject, q.Verb, q.Fields = "", Search, nil
			}
			if c.code == "" { // these two widen nothing; without them a stranger has no hits and no trail
				q.Subject, q.Verb, c.code = w.stranger, Mask, "gate.not_found"
				w.hits = []string{"phone"}
				if name == "owner" {
					w.hits = nil
				}
			}
			ans, err := ask(t, w.open(t), g, w.agent, q)
			if err != nil || code(ans.Refusal) != c.code {
				t.Errorf("%v %v, want %s", ans.Refusal, err, c.code)
			}
		})
	}
	if got := newWorld().gate(t).Missing(); len(got) != 0 {
		t.Errorf("missing: %v", got)
	}
}

func TestTheListOfRoomsNotYetBuiltOnlyShrinks(t *testing.T) {
	most := []string{"training", "request", "agreement"}
	for _, name := range notYetBuilt {
		if !slices.Contains(most, name) {
			t.Errorf("%s was added: a fact that is missing denies, and this list is no way around it", name)
		}
	}
	kept := notYetBuilt
	t.Cleanup(func() { notYetBuilt = kept })
	notYetBuilt = nil // all rooms are there, and app forgot to wire them
	w := newWorld()
	g := w.gate(t)
	if got := g.Missing(); !slices.Equal(got, []string{"agreement", "request", "training"}) {
		t.Errorf("missing: %v", got)
	}
	ans, err := ask(t, w.open(t), g, w.agent, w.reveal("phone"))
	if err != nil || code(ans.Refusal) != "gate.training_missing" {
		t.Errorf("%v %v", ans.Refusal, err)
	}
}

func TestGroundsThatAreBuiltStillNeedAPolicy(t *testing.T) {
	w := newWorld()
	w.p.Training = func(*db.Tx, actor.Actor, string) (bool, error) { return true, nil }
	w.p.Request = func(*db.Tx, string) (bool, error) { return true, nil }
	w.p.Agreement = w.p.Request
	d, g := w.open(t), w.gate(t)
	for _, ground := range []Ground{Request("dsr_1"), Agreement("dsa_1")} {
		q := w.reveal("phone")
		q.Ground = ground
		ans, err := ask(t, d, g, w.agent, q)
		if err != nil || code(ans.Refusal) != "gate.training_missing" && code(ans.Refusal) != policy.CodeNotPermitted {
			t.Errorf("%v %v", ans.Refusal, err)
		}
	}
	if ans, err := ask(t, d, g, w.agent, w.reveal("phone")); err != nil || ans.Refusal != nil {
		t.Errorf("valid training: %v %v", ans.Refusal, err)
	}
	if g := Duty("a", "b"); g.ID() != "a" || g.Run() != "b" {
		t.Error("a ground does not say what it is")
	}
}

func TestABrokenPolicyIsADefectOfOursAndRefuses(t *testing.T) {
	w := newWorld()
	set, err := policy.New(policy.Text{Room: "desk", Cedar: `@id("x") @code("desk.x") @sentence_id("x") @sentence_en("x")
		forbid (principal, action, resource) when { context.channel < 1 };`})
	if err != nil {
		t.Fatal(err)
	}
	ans, err := ask(t, w.open(t), New(w.log, set, w.p), w.agent, w.reveal("phone"))
	if err != nil || code(ans.Refusal) != policy.CodeFailed || ans.Refusal.Kind != errs.Internal {
		t.Errorf("%v %v", ans.Refusal, err)
	}
}

// --- receipts, with the real log

type keys struct{ ed25519.PrivateKey }

func (k keys) Public() ed25519.PublicKey { return k.PrivateKey.Public().(ed25519.PublicKey) }
func (k keys) Sign(msg []byte) ([]byte, error) {
	return ed25519.Sign(k.PrivateKey, msg), nil
}
func (keys) SealDetail(*db.Tx, string) (func(string, []byte) ([]byte, error), error) {
	return func(_ string, plain []byte) ([]byte, error) { return slices.Repeat([]byte{7}, len(plain)), nil }, nil
}

// started is a world with a log that writes.
func started(t testing.TB) (*world, *db.DB, *Gate) {
	t.Helper()
	w := newWorld()
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return w.now }}, audit.Schema())
	log := audit.New(d, audit.Options{Deployment: "test", Actor: actor.NewDuty("log"), SignEvery: -1})
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Start(t.Context(), keys{private}, keys{private}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close(context.Background()) })
	w.log = log
	return w, d, w.gate(t)
}

func is(t *testing.T, err error, want string) {
	t.Helper()
	if got := errs.Of(err); want == "" && err != nil || want != "" && (got == nil || got.Code != want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestNoReceiptWithoutACommittedLeaf(t *testing.T) {
	w, d, g := started(t)
	var ans Answer
	stop := errors.New("stop")
	err := in(t, d, func(tx *db.Tx) error {
		var err error
		if ans, err = g.Ask(tx, w.agent, w.reveal("phone")); err != nil {
			return err
		}
		_, err = ans.Grant.Receipt() // inside the transaction nothing is durable yet
		is(t, err, "gate.not_committed")
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	_, err = ans.Grant.Receipt() // and after a rollback nothing ever will be
	is(t, err, "gate.not_committed")

	ans, err = ask(t, d, g, w.agent, w.reveal("phone"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ans.Grant.Receipt()
	is(t, err, "")
	if want, ok := ans.Entry.Index(); !ok || r.Index() != want || want == 0 {
		t.Errorf("receipt %d, entry %d", r.Index(), want)
	}
	_, err = (*Grant)(nil).Receipt()
	is(t, err, "gate.receipt_void")
}

func TestARefusalsLeafIsKept(t *testing.T) {
	w, d, g := started(t)
	w.level = 0
	ans, err := ask(t, d, g, w.agent, w.reveal("phone"))
	if err != nil || code(ans.Refusal) != "gate.level_too_low" {
		t.Fatal(ans.Refusal, err)
	}
	if _, durable := ans.Entry.Index(); !durable {
		t.Error("the refusal left no durable leaf")
	}
	if ans.Grant != nil {
		t.Error("a refusal grants")
	}
}

func TestAReceiptIsGoodForItsSubjectItsFieldsItsVerbAndOneUse(t *testing.T) {
	w, d, g := started(t)
	receipt := func(q Question) Receipt {
		t.Helper()
		ans, err := ask(t, d, g, w.agent, q)
		if err != nil || ans.Refusal != nil {
			t.Fatal(ans.Refusal, err)
		}
		r, err := ans.Grant.Receipt()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if c := (Receipt{}).Controller(); c != "" {
		t.Errorf("the zero Receipt is %s's", c)
	}
	r := receipt(w.reveal("phone", "email", "nik")) // nik is refused
	if c := r.Controller(); c != "ctl_a" {
		t.Errorf("the controller is %q", c)
	}
	is(t, r.Require(Reveal), "")
	is(t, r.Require(Act), "gate.receipt_mismatch")
	is(t, r.Spend(w.stranger, []string{"phone"}), "gate.receipt_mismatch")
	is(t, r.Spend("", []string{"phone"}), "gate.receipt_mismatch")
	is(t, r.Spend(w.subject, []string{"phone", "nik"}), "gate.receipt_mismatch")
	is(t, r.Spend(w.subject, []string{"pin"}), "gate.receipt_mismatch")
	copied := r
	is(t, r.Spend(w.subject, []string{"phone"}), "")
	is(t, r.Spend(w.subject, []string{"phone"}), "gate.receipt_spent")
	is(t, copied.Spend(w.subject, []string{"email"}), "gate.receipt_spent")

	ans, err := ask(t, d, g, w.agent, w.reveal("phone"))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := ans.Grant.Receipt()
	second, _ := ans.Grant.Receipt()
	is(t, first.Spend(w.subject, []string{"phone"}), "")
	is(t, second.Spend(w.subject, []string{"phone"}), "gate.receipt_spent")

	q := w.reveal("phone")
	q.Verb = Collect
	is(t, receipt(q).Spend(w.subject, []string{"phone"}), "gate.receipt_mismatch") // collecting opens nothing

	var zero Receipt
	is(t, zero.Spend(w.subject, nil), "gate.receipt_void")
	is(t, zero.Require(Reveal), "gate.receipt_void")
	if zero.Index() != 0 {
		t.Error("the zero receipt has an index")
	}
}

func TestAReceiptIsSpentOnceEvenByManyAtOnce(t *testing.T) {
	w, d, g := started(t)
	ans, err := ask(t, d, g, w.agent, w.reveal("phone"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ans.Grant.Receipt()
	if err != nil {
		t.Fatal(err)
	}
	won := make(chan bool)
	for range 16 {
		go func() { won <- r.Spend(w.subject, []string{"phone"}) == nil }()
	}
	n := 0
	for range 16 {
		if <-won {
			n++
		}
	}
	if n != 1 {
		t.Errorf("spent %d times", n)
	}
}

func TestADutysReceiptHasOneUseForEachSubjectOfItsChunk(t *testing.T) {
	w, d, g := started(t)
	ans, err := ask(t, d, g, actor.NewDuty("name_index"), Question{Ground: Duty("name_index", id.New(id.Duty)), Verb: Process, Fields: []string{"name"}, Count: 2})
	if err != nil || ans.Refusal != nil {
		t.Fatal(ans.Refusal, err)
	}
	r, err := ans.Grant.Receipt()
	is(t, err, "")
	is(t, r.Spend(w.subject, []string{"phone"}), "gate.receipt_mismatch")
	is(t, r.Spend(w.subject, []string{"name"}), "")
	is(t, r.Spend(w.stranger, []string{"name"}), "")
	is(t, r.Spend(id.New(id.Subject), []string{"name"}), "gate.receipt_spent")
}

// BenchmarkAsk measures the gate itself: facts from memory, a log that only remembers.
func BenchmarkAsk(b *testing.B) {
	w := newWorld()
	d, g := w.open(b), w.gate(b)
	err := in(b, d, func(tx *db.Tx) error {
		b.ReportAllocs()
		for b.Loop() {
			w.asked, w.entries = w.asked[:0], w.entries[:0]
			ans, err := g.Ask(tx, w.agent, w.reveal("phone", "email"))
			if err == nil && ans.Refusal != nil {
				err = ans.Refusal
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// Whatever a mandate's scope, standing and the moment: what is allowed through it is allowed
// without it, and what it does not cover is not allowed through it.
func TestThroughAMandateNothingIsAllowedThatIsNotAllowedWithoutIt(t *testing.T) {
	var w *world
	base := newWorld()
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return base.now }})
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	verbs := []Verb{Compare, Act, Collect, Reveal, Mask, Search, Note, Consult, Appoint, Propose, Verify}
	fields := []string{"phone", "email", "nik", "pin", "extra_size", "undeclared"}
	through := 0
	one := func(t *rapid.T) {
		w = newWorld()
		w.level = rapid.IntRange(0, 4).Draw(t, "level")
		w.consent = rapid.Bool().Draw(t, "consent")
		w.hits = rapid.SliceOfDistinct(rapid.SampledFrom(fields), rapid.ID[string]).Draw(t, "hits")
		w.purpose.Basis = rapid.SampledFrom([]string{"contract", "consent"}).Draw(t, "basis")
		w.facts.State = rapid.SampledFrom([]State{Serving, Serving, Serving, Serving, Connected, Identified, Verifying, Held, Wrapup, Sealed, Frozen}).Draw(t, "state")
		mayVerb := rapid.SliceOfDistinct(rapid.SampledFrom(verbs), rapid.ID[Verb]).Draw(t, "verbs")
		mayField := rapid.SliceOfDistinct(rapid.SampledFrom(fields), rapid.ID[string]).Draw(t, "fields")
		here := rapid.Bool().Draw(t, "purpose")
		own := rapid.SampledFrom(fields).Draw(t, "own only")
		child := rapid.Bool().Draw(t, "a child")
		w.mandate = MandateFacts{GuardianNeeded: child}
		m := MandateFacts{ID: id.New(id.Mandate), Standing: rapid.SampledFrom([]string{MandateValid, MandateValid, MandateValid, MandateExpired, MandateRevoked, "odd"}).Draw(t, "standing"),
			Covers: func(_ string, verb Verb, field string) bool {
				return here && slices.Contains(mayVerb, verb) && (field == "" || slices.Contains(mayField, field))
			}, OwnOnly: func(field string) bool { return field == own }, GuardianNeeded: child}
		q := Question{Ground: Interaction(w.call), Subject: w.subject, Verb: rapid.SampledFrom(verbs).Draw(t, "verb")}
		if takes, _ := q.Verb.takesFields(); takes {
			q.Fields = fields
		}
		if q.Verb == Search {
			q.Subject = ""
		}
		g := New(w, set, w.p)
		var alone, with Answer
		if err := d.Read(context.Background(), func(tx *db.Tx) (err error) {
			if alone, err = g.Preview(tx, w.agent, q); err != nil {
				return err
			}
			w.mandate = m
			with, err = g.Preview(tx, w.agent, q)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if with.Refusal == nil && alone.Refusal != nil {
			t.Fatalf("%s: allowed through the mandate, refused without it: %v", q.Verb, alone.Refusal)
		}
		for _, f := range with.Allowed {
			through++
			if !slices.Contains(alone.Allowed, f) {
				t.Fatalf("%s of %s: allowed through the mandate alone", q.Verb, f)
			}
			if q.Verb != Verify && (f == own || child && (q.Verb != Mask || !slices.Contains(w.hits, f))) {
				t.Fatalf("%s of %s: allowed though only the customer, or only with the guardian (%t)", q.Verb, f, child)
			}
			if q.Verb != Verify && !m.Covers("", q.Verb, f) || m.Standing != MandateValid {
				t.Fatalf("%s of %s: allowed through a mandate (%s) that does not cover it", q.Verb, f, m.Standing)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 30 {
			one(t)
		}
	})
	if through == 0 {
		t.Fatal("nothing drawn was allowed: the test shows nothing")
	}
}

func TestTheEntryOfWhatWasDoneThroughARepresentativeNamesTheMandate(t *testing.T) {
	w := newWorld()
	w.mandate = MandateFacts{ID: id.New(id.Mandate), Standing: MandateValid, Covers: func(purpose string, verb Verb, field string) bool {
		return purpose == "pur_order" && verb == Reveal && field == "phone"
	}, OwnOnly: func(string) bool { return false }}
	ans, err := ask(t, w.open(t), w.gate(t), w.agent, w.reveal("phone", "email"))
	if err != nil || !slices.Equal(ans.Allowed, []string{"phone"}) || code(ans.Refused["email"]) != "gate.mandate_scope" {
		t.Fatal(ans, err)
	}
	if e := w.entries[0]; e.Ref != w.mandate.ID || !slices.Equal(e.Refused, []string{"email:gate.mandate_scope"}) {
		t.Errorf("%+v", e)
	}
	w.mandate.OwnOnly = nil // nobody can say what a mandate may reach: none does
	if ans, err = ask(t, w.open(t), w.gate(t), w.agent, w.reveal("phone")); err != nil || code(ans.Refusal) != "gate.mandate_own_only" {
		t.Fatal(ans.Refusal, err)
	}
	w.p.Mandate = nil // nobody can say: it denies
	if ans, err = ask(t, w.open(t), w.gate(t), w.agent, w.reveal("phone")); err != nil || code(ans.Refusal) != "gate.mandate_revoked" {
		t.Fatal(ans.Refusal, err)
	}
}

func TestAChildsDataNeedsTheGuardianAndOnlyAVerifiedCallersAgentLearnsIt(t *testing.T) {
	w := newWorld()
	w.mandate = MandateFacts{GuardianNeeded: true}
	w.level = 3
	for _, q := range []Question{w.reveal("phone"), {Ground: Interaction(w.call), Subject: w.subject, Verb: Compare, Fields: []string{"phone"}}, {Ground: Interaction(w.call), Subject: w.subject, Verb: Mask, Fields: []string{"phone"}}} {
		ans, err := ask(t, w.open(t), w.gate(t), w.agent, q)
		if err != nil || code(ans.Refusal) != "gate.guardian_needed" || ans.Refusal.Args != nil {
			t.Errorf("%s: %v %v", q.Verb, ans.Refusal, err)
		}
	}
	w.level = 1
	ans, err := ask(t, w.open(t), w.gate(t), w.agent, Question{Ground: Interaction(w.call), Subject: w.subject, Verb: Compare, Fields: []string{"phone"}})
	if err != nil || code(ans.Refusal) != "gate.level_too_low" {
		t.Errorf("before anybody is verified: %v %v", ans.Refusal, err)
	}
}

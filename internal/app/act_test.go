package app

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/desk/act"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification"
)

// hands is a world with customer 1, whose clock the test moves.
type hands struct {
	*world
	t      *testing.T
	now    atomic.Int64
	writer actor.Actor // of texts
}

func eachHands(t *testing.T, test func(t *testing.T, h *hands)) {
	t.Helper()
	begin := func(t *testing.T, url string) {
		h := &hands{t: t}
		h.now.Store(time.Now().UnixMicro())
		h.world = openWorld(t, db.Options{URL: url, Clock: func() time.Time { return time.UnixMicro(h.now.Load()).UTC() }})
		_, err := h.customer(t.Context(), 1)
		h.must(err)
		test(t, h)
	}
	t.Run("sqlite", func(t *testing.T) { begin(t, "") })
	t.Run("postgres", func(t *testing.T) { begin(t, dbtest.PostgresURL(t)) })
}

func (h *hands) wait(d time.Duration) { h.now.Add(d.Microseconds()) }

func (h *hands) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// fourth has customer n in a call for a change of contact, verified to level 4.
func (h *hands) fourth(n int) (a actor.Actor, itx, subject string) {
	h.t.Helper()
	a, itx, subject = h.first(n)
	h.prove(itx, subject, "link:email@40+history+supervisor+notice:email@40+call_back:phone@40")
	return a, itx, subject
}

// first is the same caller, known and not verified.
func (h *hands) first(n int) (a actor.Actor, itx, subject string) {
	return h.firstFor("change_contact", n)
}

func (h *hands) firstFor(slug string, n int) (a actor.Actor, itx, subject string) {
	h.t.Helper()
	ctx := context.Background()
	a, err := h.staff(ctx, actor.Agent)
	h.must(err)
	itx, err = h.call(ctx, a, slug, n)
	h.must(err)
	h.must(h.Interactions.Move(ctx, a, itx, interaction.Serve))
	return a, itx, h.subject(itx)
}

// subject is the customer in a call.
func (h *hands) subject(itx string) (subject string) {
	h.t.Helper()
	h.must(h.DB.Read(context.Background(), func(tx *db.Tx) error {
		f, err := h.Interactions.Facts(tx, itx)
		subject = f.Subject
		return err
	}))
	return subject
}

// prove writes down that the caller has shown proofs. How they are shown is verification's own test.
func (h *hands) prove(itx, subject, methods string) {
	h.t.Helper()
	h.must(h.DB.Write(context.Background(), func(tx *db.Tx) error {
		now := tx.Now()
		tx.Data.Queue(`insert into verification_grant (id, interaction, subject, level, methods, granted_at, expires_at) values ($1,$2,$3,4,$4,$5,$6)`,
			id.NewAt(id.Verification, now), itx, subject, methods, now.UnixMicro(), now.Add(verification.LevelLasts).UnixMicro())
		return nil
	}))
}

// has reports whether a value of the customer is stored.
func (h *hands) has(subject, field, value string) (there bool) {
	h.t.Helper()
	h.must(h.DB.Read(context.Background(), func(tx *db.Tx) error {
		hits, err := h.Vault.Find(tx, h.controller, vault.Query{Field: field, Value: value}, 5)
		there = slices.ContainsFunc(hits.List, func(hit vault.Hit) bool { return hit.Subject == subject })
		return err
	}))
	return there
}

// changes asks for another e-mail address of the customer in a call.
func (h *hands) changes(a actor.Actor, itx string) act.Change {
	h.t.Helper()
	made, err := h.Acts.ChangeContact(context.Background(), a, itx, "email", "", newMail)
	h.must(err)
	return made
}

// link is the newest link to the page of a notice that arrived anywhere, tokenOf that to a page below path.
func (h *hands) link() string { return h.tokenOf("/v/change/") }

func (h *hands) tokenOf(path string) string {
	h.t.Helper()
	h.must(h.Work(context.Background()))
	for _, m := range h.Inbox.List() {
		for word := range strings.FieldsSeq(m.Body) {
			if _, token, ok := strings.Cut(strings.TrimRight(word, "."), path); ok {
				return token
			}
		}
	}
	h.t.Fatalf("no link to %s arrived", path)
	return ""
}

const (
	newMail  = "baru.sekali@contoh.example"
	newPhone = "+6284900000777"
)

func TestAChangedContactCountsWhenTheTimeToObjectIsOverAndNotBefore(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		before := len(trailOf(t, h.world, itx))
		made := h.changes(a, itx)
		if made.State != act.Waiting || made.Due.Sub(made.Asked) != act.ObjectWithin {
			t.Errorf("%+v", made)
		}
		if diff := cmp.Diff([]string{"collect allowed email", "message.queue done email", "message.queue done phone", "act.change done email"}, trailOf(t, h.world, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		if _, err := h.Acts.ChangeContact(ctx, a, itx, "email", "", "lain@contoh.example"); errs.CodeOf(err) != "act.waiting" {
			t.Errorf("a second change: %v", err)
		}
		o, err := h.Acts.Changes(ctx, a, itx)
		h.must(err)
		if len(o.Waiting) != 1 || o.Waiting[0].ID != made.ID || len(o.Contacts) != 2 {
			t.Errorf("%+v", o)
		}
		h.must(h.Work(ctx))
		h.wait(act.ObjectWithin - time.Microsecond)
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) {
			t.Error("the new contact counts before its time")
		}
		h.wait(time.Microsecond)
		h.must(h.Work(ctx))
		h.must(h.Work(ctx)) // again changes nothing
		if !h.has(subject, "email", newMail) {
			t.Error("the new contact does not count")
		}
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
			vals, err := h.Vault.Values(tx, subject, "email")
			if len(vals) != 1 || !vals[0].RegisteredAt.Equal(made.Due) {
				t.Errorf("%d contacts, registered %v", len(vals), vals[0].RegisteredAt)
			}
			var left int
			if err == nil {
				err = tx.Data.Row(`select count(*) from act_change where length(new_sealed) > 0`).Scan(&left)
			}
			if left != 0 {
				t.Error("the value that waited is still kept beside the customer's")
			}
			return err
		}))
		if !slices.ContainsFunc(h.Inbox.List(), func(m message.Text) bool { return m.To == newMail }) {
			t.Error("the new contact was not told")
		}
		if err := h.Acts.Withdraw(ctx, a, itx, made.ID); err == nil {
			t.Error("taken back after it was made")
		}
		verifyLog(t, h.world)
	})
}

func TestTheOwnerOfTheOldContactStopsAChange(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		h.changes(a, itx)
		token := h.link()
		n, err := h.Acts.Noticed(ctx, token)
		h.must(err)
		if n.State != act.Waiting || n.Company != "Toko Nusantara" {
			t.Errorf("%+v", n)
		}
		before := len(trailOf(t, h.world, itx))
		h.must(h.Acts.Stop(ctx, token))
		h.must(h.Acts.Stop(ctx, token)) // twice is the same
		if diff := cmp.Diff([]string{"act.stop done email", "interaction.freeze done (verification.denied_by_customer)"}, trailOf(t, h.world, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		h.wait(act.ObjectWithin + time.Hour)
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) {
			t.Error("a stopped change was made")
		}
		boss, err := h.staff(ctx, actor.Supervisor)
		h.must(err)
		list, _, err := h.Verification.Denials(ctx, boss, false, verification.Position{})
		h.must(err)
		if len(list) != 1 || list[0].Interaction != itx || list[0].Agent != a.ID() {
			t.Errorf("%+v", list)
		}
		h.must(h.Verification.Review(ctx, boss, list[0].ID, "sudah diperiksa"))
		for _, bad := range []string{"", "x", token + "x", strings.Repeat("a", 600)} {
			if err := h.Acts.Stop(ctx, bad); errs.CodeOf(err) != "act.link" {
				t.Errorf("%.10q: %v", bad, err)
			}
		}
		verifyLog(t, h.world)
	})
}

func TestAChangeIsRefusedBelowV4AndWhereNobodyCanObject(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.first(1)
		change := func(field, old, value string) string {
			t.Helper()
			_, err := h.Acts.ChangeContact(ctx, a, itx, field, old, value)
			return errs.CodeOf(err)
		}
		before := len(trailOf(t, h.world, itx))
		for _, proofs := range []string{"link:phone@40", "link:email@40+history"} {
			if got := change("email", "", newMail); got != "gate.level_too_low" {
				t.Errorf("%s: %s", proofs, got)
			}
			h.prove(itx, subject, proofs)
		}
		if got := change("email", "", newMail); got != "gate.level_too_low" {
			t.Error(got)
		}
		h.prove(itx, subject, "link:email@40+history+supervisor+notice:email@40+call_back:phone@40")
		for _, c := range []struct{ field, old, value, code string }{
			{"name", "", "Siti", "act.no_contact_field"},
			{"email", "", "", "act.value"},
			{"email", "", "bukan surel", "catalog.email"},
			{"phone", "", "0812\r\nX: 1", "catalog.phone"},
			{"email", "val_other", newMail, "act.old_unknown"},
		} {
			if got := change(c.field, c.old, c.value); got != c.code {
				t.Errorf("%s %s %q: %s", c.field, c.old, c.value, got)
			}
		}
		var denied []string
		for _, line := range trailOf(t, h.world, itx)[before:] {
			if strings.Contains(line, "denied") {
				denied = append(denied, line)
			}
		}
		want := []string{"collect denied (gate.level_too_low)", "collect denied (gate.level_too_low)", "collect denied (gate.level_too_low)",
			"act.change denied (catalog.email)", "act.change denied (catalog.phone)", "act.change denied (act.old_unknown)"}
		if diff := cmp.Diff(want, denied); diff != "" {
			t.Error(diff)
		}
		verifyLog(t, h.world)
	})
}

func TestAChangeOfWhichNoNoticeLeftIsNotMade(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		made := h.changes(a, itx)
		h.wait(act.ObjectWithin) // and nothing was sent in all that time
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) {
			t.Error("it was made though nobody was told")
		}
		trail := trailOf(t, h.world, itx)
		if !slices.Contains(trail, "act.effect denied email (act.not_told)") {
			t.Error(trail)
		}
		if _, err := h.Acts.Noticed(ctx, made.ID); errs.CodeOf(err) != "act.link" {
			t.Errorf("an id is no link: %v", err)
		}
	})
}

// Between the asking and the moment itself an operator may have changed the catalogue.
func TestAChangeThatTheCatalogueNoLongerTakesIsDropped(t *testing.T) {
	narrower, err := catalog.Load(bytes.Replace(catalog.ShippedFile(), []byte("    contact: email\n    verifies: true\n"), nil, 1))
	if err != nil {
		t.Fatal(err)
	}
	for reason, effect := range map[string]func(h *hands, made act.Change, subject string) error{
		"catalog.email": func(h *hands, made act.Change, subject string) error {
			err := h.DB.Write(h.t.Context(), func(tx *db.Tx) error {
				sealed, err := h.Keys.Seal(tx, keyring.Ref{Table: "act_change", Column: "new_sealed/email", Row: made.ID, Subject: subject, Schema: 1}, []byte("taken once, and no longer"))
				tx.Data.Queue(`update act_change set new_sealed = $2 where id = $1`, made.ID, sealed)
				return err
			})
			return errors.Join(err, h.Work(h.t.Context()))
		},
		"act.no_contact_field": func(h *hands, made act.Change, _ string) error {
			acts := h.acts(func(o *act.Options) { o.Catalogue = narrower })
			return acts.Effect(h.t.Context(), jobs.Run{Payload: []byte(`{"change":"` + made.ID + `"}`)})
		},
	} {
		t.Run(reason, func(t *testing.T) {
			eachHands(t, func(t *testing.T, h *hands) {
				ctx := t.Context()
				a, itx, subject := h.fourth(1)
				made := h.changes(a, itx)
				h.must(h.Work(ctx))
				h.wait(act.ObjectWithin)
				h.must(effect(h, made, subject))
				h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
					var state string
					err := tx.Data.Row(`select state from act_change where id = $1`, made.ID).Scan(&state)
					if act.State(state) != act.Dropped {
						t.Errorf("the change is %s", state)
					}
					return err
				}))
				if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "act.effect denied email ("+reason+")") {
					t.Error(trail)
				}
				if h.has(subject, "email", newMail) {
					t.Error("it was made all the same")
				}
				verifyLog(t, h.world)
			})
		})
	}
}

// A thief asks for both; the owner finds one of the links.
func TestOneLinkStopsEveryChangeThatWaits(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		h.changes(a, itx)
		_, err := h.Acts.ChangeContact(ctx, a, itx, "phone", "", newPhone)
		h.must(err)
		before := len(trailOf(t, h.world, itx))
		h.must(h.Acts.Stop(ctx, h.link()))
		stopped := slices.DeleteFunc(trailOf(t, h.world, itx)[before:], func(s string) bool { return !strings.HasPrefix(s, "act.stop") })
		slices.Sort(stopped)
		if diff := cmp.Diff([]string{"act.stop done email", "act.stop done phone"}, stopped); diff != "" {
			t.Error(diff)
		}
		h.wait(act.ObjectWithin)
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) || h.has(subject, "phone", newPhone) {
			t.Error("a contact was changed after the owner had stopped it")
		}
		verifyLog(t, h.world)
	})
}

// The owner says it on another page: "I am not in a call with you".
func TestAChangeIsNotMadeWhenTheCustomerDeniedAContactMeanwhile(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		h.changes(a, itx)
		h.must(h.Work(ctx))
		h.must(h.DB.Write(ctx, func(tx *db.Tx) error { return h.Verification.Reported(tx, a, itx, "") }))
		h.wait(act.ObjectWithin)
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) {
			t.Error("it was made though the customer had denied the call")
		}
		if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "act.effect denied email (act.denied)") {
			t.Error(trail)
		}
	})
}

func TestANoticeThatWouldLeaveTooLateDoesNotCount(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		h.changes(a, itx)
		h.wait(act.ObjectWithin / 2) // the senders were down
		h.must(h.Work(ctx))
		h.wait(act.ObjectWithin / 2)
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) {
			t.Error("it was made though the owner had no time to object")
		}
	})
}

// A device's reference is where the company's links go: who writes it by hand gets them.
func TestTheAppIsAContactThatNobodyTakesDown(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, _ := h.fourth(1)
		if err := h.Acts.Collect(ctx, a, itx, "app", "device-0001"); errs.CodeOf(err) != "act.is_contact" {
			t.Errorf("an agent takes it down: %v", err)
		}
		if _, err := h.Acts.AskCustomer(ctx, a, itx, "app", ""); errs.CodeOf(err) != "act.is_contact" {
			t.Errorf("a caller types it: %v", err)
		}
	})
}

// Two customers and the link of one: whose number it is must not be learnt by typing numbers.
func TestWhatBelongsToAnotherCustomerEndsTheQuestionAndSaysNothing(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		_, err := h.customer(ctx, 2)
		h.must(err)
		a, itx, subject := h.firstFor("registration", 1)
		h.prove(itx, subject, "link:email@40+history")
		if err := h.Acts.Collect(ctx, a, itx, "account_history", "cicilan 100"); errs.CodeOf(err) != "act.is_contact" {
			t.Errorf("what is asked for to verify is taken down: %v", err)
		}
		q, err := h.Acts.AskCustomer(ctx, a, itx, "customer_number", "")
		h.must(err)
		token := h.tokenOf("/v/ask/")
		h.must(h.Interactions.Heartbeat(ctx, a, itx))
		if err := h.Acts.Give(ctx, token, bench.Number(2)); errs.CodeOf(err) != "act.ask_over" {
			t.Errorf("another's: %v", err)
		}
		if err := h.Acts.Give(ctx, token, bench.Number(900)); errs.CodeOf(err) != "act.ask_over" {
			t.Errorf("a second try: %v", err)
		}
		if v, err := h.Acts.Asked(ctx, token); err != nil || v.State != act.AskExpired || q.State != act.AskWaiting {
			t.Errorf("%+v, %v", v, err)
		}
		if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "act.received denied (act.taken)") {
			t.Error(trail)
		}
		verifyLog(t, h.world)
	})
}

// What is typed wrongly is said on the customer's own page, in words for the customer.
func TestThePageOfAQuestionStaysWhenNothingOrTooMuchIsTyped(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, a, itx := browsing(t, w, "policy_service", 1)
	h := &hands{t: t, world: w}
	h.prove(itx, h.subject(itx), "link:email@40+history")
	_, err := w.Acts.AskCustomer(t.Context(), a, itx, "health_note", "")
	h.must(err)
	path := "/v/ask/" + h.tokenOf("/v/ask/")
	if page := b.do("GET", path, nil); !strings.Contains(page.Body.String(), `href="`+path+`?lang=en"`) {
		t.Errorf("it is not to be had in the other language: %s", page.Body)
	}
	for _, bad := range []string{"", strings.Repeat("a", 401)} {
		page := b.do("POST", path+"/give", url.Values{"value": {bad}})
		if page.Code != 422 || !strings.Contains(page.Body.String(), `action="`+path+`/give"`) || !strings.Contains(page.Body.String(), "Isi kotak di bawah ini") {
			t.Errorf("%d %s", page.Code, page.Body)
		}
	}
}

func TestACustomerIsNotCalledAllDay(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		acts, calls := h.dialling(func(string, string) error { return nil }), 0
		var itx string
		var err error
		for {
			var a actor.Actor
			a, itx, _ = h.first(1)
			if _, err = acts.Dial(ctx, a, itx, "phone", ""); err != nil || calls > 20 {
				break
			}
			calls++
		}
		if errs.CodeOf(err) != "act.dials_spent" || calls != act.DialsPerDay {
			t.Errorf("%d calls, then %v", calls, err)
		}
		if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "act.dial denied (act.dials_spent)") {
			t.Error(trail)
		}
		h.wait(24 * time.Hour)
		a, itx, _ := h.first(1)
		if _, err := acts.Dial(ctx, a, itx, "phone", ""); err != nil {
			t.Errorf("on the next day: %v", err)
		}
	})
}

func TestAChangeIsTakenBackAtTheDeskByAVerifiedCaller(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.fourth(1)
		made := h.changes(a, itx)
		h.must(h.Interactions.Move(ctx, a, itx, interaction.Disconnect))
		b, later, _ := h.first(1)
		if o, err := h.Acts.Changes(ctx, b, later); err != nil || len(o.Waiting)+len(o.Contacts) != 0 {
			t.Errorf("an unverified caller's agent sees %+v, %v", o, err)
		}
		if err := h.Acts.Withdraw(ctx, b, later, made.ID); errs.CodeOf(err) != "act.level" {
			t.Error(err)
		}
		h.prove(later, subject, "link:email@40+history")
		h.must(h.Acts.Withdraw(ctx, b, later, made.ID))
		h.must(h.Acts.Withdraw(ctx, b, later, made.ID))
		h.wait(act.ObjectWithin)
		h.must(h.Work(ctx))
		if h.has(subject, "email", newMail) {
			t.Error("it was made after it was taken back")
		}
		trail := trailOf(t, h.world, later)
		if !slices.Contains(trail, "act.withdraw denied (act.level)") || !slices.Contains(trail, "act.withdraw done email") {
			t.Error(trail)
		}
	})
}

func TestWhatTheCallerGivesIsCollectedUnseen(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.first(1)
		if err := h.Acts.Collect(ctx, a, itx, "address", "Jalan Melati 7, Bandung"); errs.CodeOf(err) != "gate.level_too_low" {
			t.Error(err)
		}
		h.prove(itx, subject, "link:email@40+history")
		before := len(trailOf(t, h.world, itx))
		h.must(h.Acts.Collect(ctx, a, itx, "address", "Jalan Melati 7, Bandung"))
		for _, c := range []struct{ field, value, code string }{
			{"email", newMail, "act.is_contact"}, {"nik", "3273014708870017", "recorder.not_open"},
			{"address", "", "act.value"}, {"birth_date", "1990-01-01", "gate.field_not_in_purpose"},
		} {
			if err := h.Acts.Collect(ctx, a, itx, c.field, c.value); errs.CodeOf(err) != c.code {
				t.Errorf("%s: %v", c.field, err)
			}
		}
		want := []string{"collect allowed address", "act.collect done address", "collect allowed nik", "act.collect denied (recorder.not_open)", "collect denied (gate.field_not_in_purpose)"}
		if diff := cmp.Diff(want, trailOf(t, h.world, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		if out, err := h.Desk.Compare(ctx, a, itx, "address", "Jalan Melati 7, Bandung"); err == nil && !out.Match {
			t.Error("what was collected is not what is stored")
		}
		failed := errors.New("cut off")
		if err := h.Acts.Collect(ctx, a, itx, "address", "Jalan Lain 1", func(*db.Tx) error { return failed }); !errors.Is(err, failed) {
			t.Error(err)
		}
		verifyLog(t, h.world)
	})
}

func TestTheActsPageOffersWhatIsAllowedAndShowsNoValue(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, _, itx := browsing(t, w, "change_contact", 1)
	page := b.do("GET", "/calls/"+itx+"/acts", nil)
	for _, want := range []string{"Ganti kontak", "Perlu V4", "Tidak ada data yang dapat dicatat"} {
		if page.Code != 200 || !strings.Contains(page.Body.String(), want) {
			t.Errorf("%d without %q", page.Code, want)
		}
	}
	answer := b.do("POST", "/calls/"+itx+"/contact-changes", url.Values{"contact": {"email"}, "value": {newMail}})
	if answer.Code != 403 || strings.Contains(answer.Body.String(), newMail) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	// What was refused is said where it was asked for, with the way back to the call.
	before := trailOf(t, w, itx)
	dial := b.do("POST", "/calls/"+itx+"/dial", url.Values{"field": {"phone"}})
	if body := dial.Body.String(); dial.Code != 503 || !strings.Contains(body, "Tidak ada sentral telepon") || !strings.Contains(body, `href="/calls/`+itx+`"`) {
		t.Errorf("%d %s", dial.Code, body)
	}
	if diff := cmp.Diff([]string{"act allowed phone", "act.dial denied (act.no_exchange)"}, trailOf(t, w, itx)[len(before):]); diff != "" {
		t.Error(diff)
	}
	// A colleague sees nothing of the page, and leaves one entry.
	_, cookie, err := w.Browsing(t.Context(), actor.Agent, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	before = trailOf(t, w, itx)
	dial = browser{w, cookie}.do("POST", "/calls/"+itx+"/dial", url.Values{"field": {"phone"}})
	if body := dial.Body.String(); dial.Code != 404 || strings.Contains(body, "Telepon pelanggan") {
		t.Errorf("%d %s", dial.Code, body)
	}
	if diff := cmp.Diff([]string{"act denied (gate.not_found)"}, trailOf(t, w, itx)[len(before):]); diff != "" {
		t.Error(diff)
	}
}

// acts is the room with something of the test's own.
func (h *hands) acts(change func(*act.Options)) *act.Service {
	o := act.Options{DB: h.DB, Gate: h.Gate, Log: h.Audit, Keyring: h.Keys, Catalogue: h.Catalogue, Vault: h.Vault, Interactions: h.Interactions,
		Verification: h.Verification, Messages: h.Messages, Desk: h.Desk, Customer: actor.NewCustomer, Duty: actor.NewDuty(act.Duty), Recorder: h.Recorder}
	change(&o)
	return act.New(o)
}

// dialling is the room with an exchange of the test's own.
func (h *hands) dialling(call func(channel, number string) error) *act.Service {
	return h.acts(func(o *act.Options) {
		o.Out = func(context.Context, string, string) (act.LineOut, error) {
			return act.LineOut{Line: "link/ami", Source: "asterisk-ami", Call: func(_ context.Context, channel, number string) error { return call(channel, number) }}, nil
		}
	})
}

func TestACustomerIsCalledWithoutAnybodySeeingTheNumber(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.first(1)
		var channel, number string
		acts := h.dialling(func(c, n string) error { channel, number = c, n; return nil })
		before := len(trailOf(t, h.world, itx))
		call, err := acts.Dial(ctx, a, itx, "phone", "")
		h.must(err)
		if !h.has(subject, "phone", number) || !id.Is(id.Dialled, channel) {
			t.Errorf("the exchange was told %q on %q", number, channel)
		}
		if diff := cmp.Diff([]string{"act allowed phone", "act.dial done phone", "interaction.disconnect done (interaction.next_call)"}, trailOf(t, h.world, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
			f, err := h.Interactions.Facts(tx, call)
			if f.Direction != interaction.Outbound || f.Agent != a.ID() || f.Subject != subject || f.CLIMatch || f.State != interaction.Identified {
				t.Errorf("%+v", f)
			}
			if level, err := h.Verification.Level(tx, call, subject); err != nil || level != verification.V1 {
				t.Errorf("V%d, %v", level, err)
			}
			return err
		}))
		// The exchange's events find the contact.
		got, err := h.Interactions.Relay(ctx, actor.NewDuty(interaction.RelayDuty), interaction.Line{Name: "link/ami", Controllers: []string{h.controller}},
			interaction.Event{Source: "asterisk-ami", ID: "1", Sequence: h.now.Load(), Loose: true, Kind: interaction.ContactEnded, Contact: channel})
		h.must(err)
		if got.Interaction != call || got.Outcome != interaction.Applied {
			t.Errorf("%+v", got)
		}
		verifyLog(t, h.world)
	})
}

func TestACallThatTheExchangeDoesNotMakeEndsAndTheOtherGoesOn(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, _ := h.first(1)
		if _, err := h.Acts.Dial(ctx, a, itx, "phone", ""); errs.CodeOf(err) != "act.no_exchange" {
			t.Errorf("without an exchange: %v", err)
		}
		refused := errs.New(errs.Denied, "pbx.refused")
		acts := h.dialling(func(string, string) error { return refused })
		for _, c := range []struct{ field, value, code string }{{"phone", "", "pbx.refused"}, {"email", "", "act.no_phone_field"}, {"phone", "val_other", "act.old_unknown"}} {
			if _, err := acts.Dial(ctx, a, itx, c.field, c.value); errs.CodeOf(err) != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		}
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
			f, err := h.Interactions.Facts(tx, itx)
			if f.State != interaction.Serving {
				t.Errorf("the call in which it was asked for is %s", f.State)
			}
			return err
		}))
		trail := trailOf(t, h.world, itx)
		for _, want := range []string{"act.dial denied (act.no_exchange)", "act.dial denied (pbx.refused)", "act.dial denied (act.old_unknown)"} {
			if !slices.Contains(trail, want) {
				t.Errorf("no %q in %q", want, trail)
			}
		}
		stranger, err := h.staff(ctx, actor.Agent)
		h.must(err)
		if _, err := acts.Dial(ctx, stranger, itx, "phone", ""); errs.CodeOf(err) != "gate.not_found" {
			t.Errorf("a colleague: %v", err)
		}
	})
}

func TestWhatWasAskedForIsNotTakenOnceItsPurposeOrConsentIsGone(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		setup, marketing := actor.NewDuty(purpose.Setup), mustPurpose(t, h.world, "marketing")
		write := func(what func(tx *db.Tx) error) { t.Helper(); h.must(h.DB.Write(ctx, what)) }
		collects := func(fields ...string) {
			t.Helper()
			write(func(tx *db.Tx) error {
				p, err := h.Purposes.Get(tx, marketing)
				if err == nil {
					p.Fields = map[gate.Verb][]string{gate.Compare: {"customer_number"}, gate.Collect: fields}
					_, err = h.Purposes.Revise(tx, setup, p)
				}
				return err
			})
		}
		var subject string
		say := func(what consent.What) {
			t.Helper()
			write(func(tx *db.Tx) error {
				_, err := h.Consents.Record(tx, setup, consent.Event{Subject: subject, Purpose: marketing, What: what, Channel: "paper"})
				return err
			})
		}
		for n, c := range []struct {
			name string
			ends func()
			code string
		}{
			{"nothing ends", func() {}, ""},
			{"the consent is withdrawn", func() { say(consent.Withdrawn) }, "act.ask_over"},
			{"the field is not used any more", func() { collects() }, "act.ask_over"},
			{"the purpose is over", func() { write(func(tx *db.Tx) error { return h.Purposes.Retire(tx, setup, marketing) }) }, "act.ask_over"},
		} {
			_, err := h.customer(ctx, n+2) // the first is there
			h.must(err)
			a, itx, who := h.firstFor("marketing", n+2)
			h.prove(itx, who, "link:email@40+history")
			subject = who
			collects("case_reference")
			say(consent.Granted)
			_, err = h.Acts.AskCustomer(ctx, a, itx, "case_reference", "")
			h.must(err)
			c.ends()
			if err := h.Acts.Give(ctx, h.tokenOf("/v/ask/"), "KASUS-1"); errs.CodeOf(err) != c.code {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

func TestTheCustomerTypesWhatTheAgentMustNotHear(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.firstFor("policy_service", 1)
		h.prove(itx, subject, "link:email@40+history")
		before := len(trailOf(t, h.world, itx))
		const note = "Alergi kacang sejak kecil"
		if err := h.Acts.Collect(ctx, a, itx, "health_note", note); errs.CodeOf(err) != "act.sensitive" {
			t.Errorf("an agent takes it down: %v", err)
		}
		q, err := h.Acts.AskCustomer(ctx, a, itx, "health_note", "")
		h.must(err)
		for _, c := range []struct{ field, contact, code string }{{"health_note", "", "act.asked"}, {"phone", "", "act.is_contact"}, {"case_reference", "val_other", "act.no_way"}, {"kk", "", "gate.field_not_in_purpose"}} {
			if _, err := h.Acts.AskCustomer(ctx, a, itx, c.field, c.contact); errs.CodeOf(err) != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		}
		token := h.tokenOf("/v/ask/")
		v, err := h.Acts.Asked(ctx, token)
		h.must(err)
		if v.State != act.AskWaiting || v.Field != "health_note" || v.Company != "Toko Nusantara" {
			t.Errorf("%+v", v)
		}
		for bad, code := range map[string]string{"": "act.value", strings.Repeat("a", 401): "act.value", "x\x00y": "catalog.text"} {
			if err := h.Acts.Give(ctx, token, bad); errs.CodeOf(err) != code {
				t.Errorf("%.5q: %v, not %s", bad, err, code)
			}
		}
		if err := h.Acts.Give(ctx, token+"x", note); errs.CodeOf(err) != "act.ask_link" {
			t.Errorf("a forged link: %v", err)
		}
		h.must(h.Interactions.Heartbeat(ctx, a, itx))
		h.must(h.Acts.Give(ctx, token, note))
		h.must(h.Acts.Give(ctx, token, "yang lain")) // the page takes nothing more
		o, err := h.Acts.Changes(ctx, a, itx)
		h.must(err)
		if len(o.Asks) != 1 || o.Asks[0].ID != q.ID || o.Asks[0].State != act.AskReceived {
			t.Errorf("%+v", o.Asks)
		}
		shown, err := h.Desk.Reveal(ctx, a, itx, []string{"health_note"}, "", "memeriksa klaim")
		h.must(err)
		if len(shown.Values) != 1 || shown.Values[0].Text != note {
			t.Errorf("%+v", shown.Values)
		}
		want := []string{"collect allowed health_note", "act.collect denied (act.sensitive)", "collect allowed health_note", "message.queue done email", "act.ask done health_note",
			"collect allowed health_note", "act.ask denied (act.asked)", "collect allowed case_reference", "act.ask denied (act.no_way)", "collect denied (gate.field_not_in_purpose)",
			"act.received done health_note", "reveal allowed health_note"}
		got := slices.DeleteFunc(trailOf(t, h.world, itx)[before:], func(s string) bool { return strings.HasPrefix(s, "message.sent") || strings.HasPrefix(s, "process") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		// The time of a link, at its edge; and a call that is over.
		_, err = h.Acts.AskCustomer(ctx, a, itx, "case_reference", "")
		h.must(err)
		token = h.tokenOf("/v/ask/")
		h.must(h.Interactions.Move(ctx, a, itx, interaction.Disconnect))
		if err := h.Acts.Give(ctx, token, "KASUS-1"); errs.CodeOf(err) != "act.ask_over" {
			t.Errorf("after the call: %v", err)
		}
		h.wait(act.AskLasts - time.Second)
		if _, err := h.Acts.Asked(ctx, token); err != nil {
			t.Error(err)
		}
		h.wait(time.Second)
		if _, err := h.Acts.Asked(ctx, token); errs.CodeOf(err) != "act.ask_link" {
			t.Errorf("after its time: %v", err)
		}
		verifyLog(t, h.world)
	})
}

package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/desk/act"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/verification/mandate"
)

const (
	guardianPhone = "+6284900000555"
	guardianMail  = "wali@contoh.example"
)

// child stores person n as somebody who is born on a day.
func (h *hands) child(n int, born time.Time) (subject string) {
	h.t.Helper()
	values := bench.Person(n, h.DB.Now().AddDate(0, -6, 0))
	for i := range values {
		if values[i].Field == "birth_date" {
			values[i].Value = born.Format(time.DateOnly)
		}
	}
	p, err := h.Vault.Prepare(h.controller, values)
	h.must(err)
	d, err := h.Vault.Draft(p, "test")
	h.must(err)
	h.must(h.DB.Write(context.Background(), func(tx *db.Tx) error { return h.Vault.Add(tx, d) }))
	return d.Subject
}

// guarded records a guardian of person n in a call, for a change of contact, and has a second person agree.
func (h *hands) guarded(n int, until time.Time) (mandateID string) {
	h.t.Helper()
	ctx := context.Background()
	a, err := h.staff(ctx, actor.Agent)
	h.must(err)
	itx, err := h.call(ctx, a, "change_contact", n)
	h.must(err)
	h.must(h.verify(ctx, a, itx))
	purpose, err := h.Purpose(ctx, h.controller, "change_contact")
	h.must(err)
	out, err := h.Mandates.Record(ctx, a, itx, mandate.Draft{Kind: mandate.Guardian, Name: "Bambang Mulyono", Contact: "phone", Value: guardianPhone, Also: guardianMail,
		Document: "court_order", Number: "12/Pdt.P/" + strconv.Itoa(n), Dated: h.DB.Now().Format(time.DateOnly), Until: until.Format(time.DateOnly), Reason: "Penetapan asli diperlihatkan.",
		May: mandate.Scope{Purposes: []string{purpose}, Verbs: []string{"mask", "collect"}, Fields: []string{"email"}}})
	h.must(err)
	boss, err := h.staff(ctx, actor.Supervisor)
	h.must(err)
	_, err = h.Approvals.Decide(ctx, boss, out.Request, "Penetapan diperiksa.", true)
	h.must(err)
	h.must(h.Interactions.Move(ctx, a, itx, interaction.Disconnect))
	return out.ID
}

// speaks is a call about person n in which the guardian speaks and answers over both contacts.
func (h *hands) speaks(n int, mandateID string) (a actor.Actor, itx string) {
	h.t.Helper()
	ctx := context.Background()
	a, err := h.staff(ctx, actor.Agent)
	h.must(err)
	itx, err = h.call(ctx, a, "change_contact", n)
	h.must(err)
	h.must(h.Mandates.Speak(ctx, a, itx, mandateID))
	st, err := h.Verification.Status(ctx, a, itx)
	h.must(err)
	for _, way := range st.Links {
		one, err := h.Verification.SendLink(ctx, a, itx, way.Value)
		h.must(err)
		h.must(h.Work(ctx))
		to := map[string]string{"phone": guardianPhone, "email": guardianMail}[way.Contact]
		letters := h.Inbox.List()
		i := slices.IndexFunc(letters, func(m message.Text) bool { return m.To == to && strings.Contains(m.Body, "/v/") })
		_, rest, _ := strings.Cut(letters[i].Body, "/v/")
		token := strings.TrimRight(strings.Fields(rest)[0], ".")
		secret, err := h.Verification.Enter(ctx, token, "")
		h.must(err)
		h.must(h.Verification.Reply(ctx, token, secret, strconv.Itoa(one.Number)))
	}
	return a, itx
}

// A guardian changes a child's address, from the first call to the last: proofs of their own, a second member of staff, both
// sides told, a day for the decision and a day for the change. What is asked for through a mandate that ends is not changed.
func TestAGuardianChangesAChildsContactAndNotAfterTheMandateHasEnded(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		subject := h.child(7, h.DB.Now().AddDate(-10, 0, 0))
		id := h.guarded(7, h.DB.Now().AddDate(1, 6, 0))
		h.wait(8 * 24 * time.Hour)
		a, itx := h.speaks(7, id)
		h.must(h.Interactions.Move(ctx, a, itx, interaction.Disconnect))
		h.wait(31 * 24 * time.Hour)
		a, itx = h.speaks(7, id)
		if _, err := h.Acts.ChangeContact(ctx, a, itx, "email", "", newMail); errs.CodeOf(err) != "gate.level_too_low" {
			t.Fatalf("at V3: %v", err)
		}
		request, err := h.Verification.AskSecond(ctx, a, itx, "wali minta ganti surel anak")
		h.must(err)
		boss, err := h.staff(ctx, actor.Supervisor)
		h.must(err)
		_, err = h.Approvals.Decide(ctx, boss, request, "boleh", true)
		h.must(err)
		h.must(h.Work(ctx))
		h.must(h.Interactions.Move(ctx, a, itx, interaction.Disconnect))
		h.wait(25 * time.Hour)

		a, itx = h.speaks(7, id)
		before := len(trailOf(t, h.world, itx))
		made := h.changes(a, itx)
		if diff := cmp.Diff([]string{"collect allowed email", "message.queue done email", "message.queue done phone", "message.queue done phone", "act.change done email"}, trailOf(t, h.world, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		if _, err := h.Acts.ChangeContact(ctx, a, itx, "phone", "", newPhone); errs.CodeOf(err) != "gate.mandate_scope" {
			t.Errorf("beyond the mandate: %v", err)
		}
		o, err := h.Acts.Changes(ctx, a, itx)
		h.must(err)
		if len(o.Waiting) != 1 || len(o.Contacts) != 1 || o.Contacts[0].Field != "email" {
			t.Errorf("the guardian sees %+v", o)
		}
		h.must(h.Work(ctx))
		told := map[string]bool{}
		for _, m := range h.Inbox.List() {
			if strings.Contains(m.Body, "/v/change/") {
				told[m.To] = true
			}
		}
		if len(told) != 3 || !told[guardianPhone] || !told[bench.Phone(7)] {
			t.Errorf("told: %v", told)
		}
		h.wait(act.ObjectWithin)
		h.must(h.Work(ctx))
		if !h.has(subject, "email", newMail) {
			t.Fatal("the new contact does not count")
		}
		if made.State != act.Waiting {
			t.Error(made)
		}

		// Another change, and the mandate is revoked before its time has come.
		a, itx = h.speaks(7, id)
		_, err = h.Acts.ChangeContact(ctx, a, itx, "email", "", "lain@contoh.example")
		h.must(err)
		h.must(h.Work(ctx))
		h.must(h.Mandates.Revoke(ctx, boss, "", id, "dispute"))
		h.wait(act.ObjectWithin)
		h.must(h.Work(ctx))
		if h.has(subject, "email", "lain@contoh.example") {
			t.Fatal("changed through a mandate that was revoked")
		}
		reason := ""
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Row(`select reason from act_change where state = 'dropped'`).Scan(&reason)
		}))
		if reason != "act.mandate_over" {
			t.Errorf("dropped for %q", reason)
		}
		verifyLog(t, h.world)
	})
}

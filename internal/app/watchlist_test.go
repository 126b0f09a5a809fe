package app

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/watchlist"
)

// person is a member of staff who is there for a moment.
func person(t testing.TB, w *world, role actor.Role) actor.Actor {
	t.Helper()
	a, err := w.staff(t.Context(), role)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// decide lets somebody decide the one request that waits for him.
func decide(t testing.TB, w *world, by actor.Actor, yes bool) {
	t.Helper()
	id := ""
	err := w.DB.Read(t.Context(), func(tx *db.Tx) error {
		list, err := w.Approvals.Waiting(tx, by)
		if len(list) != 1 {
			t.Fatalf("%d requests wait, want one", len(list))
		}
		id = list[0].ID
		return err
	})
	if err == nil {
		_, err = w.Approvals.Decide(t.Context(), by, id, "sudah diperiksa", yes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// list puts persons on a list, with both decisions.
func list(t testing.TB, w *world, l watchlist.List, kind watchlist.Kind, persons ...string) string {
	t.Helper()
	entry, err := w.Watchlist.Propose(t.Context(), person(t, w, actor.DPO), watchlist.Proposal{List: l, Kind: kind, Persons: persons, Controller: w.controller,
		Reason: "tokoh publik", Review: w.DB.Now().Add(90 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	decide(t, w, person(t, w, actor.Security), true)
	return entry
}

func TestAProtectedPersonIsServedOnlyOnceASecondMemberOfStaffHasDecidedInThisContact(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := person(t, w, actor.Supervisor)
		subject, err := w.customer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		entry := list(t, w, watchlist.Protected, watchlist.BySubject, subject)
		a := person(t, w, actor.Agent)
		itx, err := w.call(ctx, a, "order_status", 1) // found and bound: otherwise nobody could serve him
		if err != nil {
			t.Fatal(err)
		}
		if err := w.verify(ctx, a, itx); err != nil {
			t.Fatal(err)
		}
		refused := func(why string, err error) {
			t.Helper()
			if errs.CodeOf(err) != why {
				t.Fatalf("%v, want %s", err, why)
			}
		}
		shut := func(a actor.Actor, itx string) {
			t.Helper()
			refused("gate.four_eyes", w.reveal(ctx, a, itx))
			_, err := w.Desk.Compare(ctx, a, itx, "birth_date", "17 April 1988")
			refused("gate.four_eyes", err)
			_, err = w.Desk.Resend(ctx, a, itx, "email", "", nil)
			refused("gate.four_eyes", err)
			v, err := w.Desk.View(ctx, a, itx)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range v.Fields {
				if f.Field.Name != "customer_number" && errs.CodeOf(asError(f.Why)) != "gate.four_eyes" && errs.CodeOf(asError(f.Why)) != "gate.secret_never" && errs.CodeOf(asError(f.Why)) != "gate.level_too_low" && errs.CodeOf(asError(f.Why)) != "gate.field_not_in_purpose" && errs.CodeOf(asError(f.Why)) != "gate.not_on_channel" {
					t.Errorf("%s is masked: %v", f.Field.Name, f.Why)
				}
			}
		}
		shut(a, itx)
		if _, err := w.Watchlist.Second(ctx, a, itx, "menanyakan pesanan"); err != nil {
			t.Fatal(err)
		}
		_, err = w.Watchlist.Second(ctx, a, itx, "menanyakan pesanan")
		refused("watchlist.waiting", err)
		decide(t, w, boss, false)
		shut(a, itx)
		if _, err := w.Watchlist.Second(ctx, a, itx, "menanyakan pesanan lagi"); err != nil {
			t.Fatal(err)
		}
		decide(t, w, boss, true)
		if err := w.reveal(ctx, a, itx); err != nil {
			t.Fatal(err)
		}
		_, err = w.Watchlist.Second(ctx, a, itx, "lagi")
		refused("watchlist.not_needed", err)
		// In the next contact it is asked again, and who decided is no second one in a contact of his own.
		if err := w.Interactions.Move(ctx, a, itx, "disconnect"); err != nil {
			t.Fatal(err)
		}
		if err := w.Interactions.Seal(ctx, a, itx, "resolved"); err != nil {
			t.Fatal(err)
		}
		next, err := w.call(ctx, a, "order_status", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.verify(ctx, a, next); err != nil {
			t.Fatal(err)
		}
		refused("gate.four_eyes", w.reveal(ctx, a, next))
		// Taken off, by two.
		if err := w.Watchlist.TakeOff(ctx, person(t, w, actor.Security), entry, "masa jabatan berakhir"); err != nil {
			t.Fatal(err)
		}
		refused("gate.four_eyes", w.reveal(ctx, a, next))
		decide(t, w, person(t, w, actor.DPO), true)
		if err := w.reveal(ctx, a, next); err != nil {
			t.Fatal(err)
		}
		var marks int
		if err := w.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(`select count(*) from watchlist_mark`).Scan(&marks) }); err != nil || marks != 0 {
			t.Errorf("%d marks are left of an entry that was taken off (%v)", marks, err)
		}
		verifyLog(t, w)
	})
}

func asError(e *errs.E) error {
	if e == nil {
		return nil
	}
	return e
}

func TestWhoeverIsListedBeforeHeIsACustomerIsWatchedOverFromHisFirstDay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		number := bench.Number(5)
		list(t, w, watchlist.Protected, watchlist.ByNumber, number)
		a := person(t, w, actor.Agent)
		for n, want := range map[int]string{5: "gate.four_eyes", 6: ""} {
			if _, err := w.customer(ctx, n); err != nil {
				t.Fatal(err)
			}
			itx, err := w.call(ctx, a, "order_status", n)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.verify(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if err := w.reveal(ctx, a, itx); errs.CodeOf(err) != want {
				t.Errorf("person %d: %v, want %q", n, err, want)
			}
		}
	})
}

func TestACanaryRaisesAnAlertAtOnceAndNobodyWhoServesCanTellItFromACustomer(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a := person(t, w, actor.Agent)
		for n := range 2 {
			if _, err := w.customer(ctx, n+1); err != nil {
				t.Fatal(err)
			}
		}
		list(t, w, watchlist.Canary, watchlist.ByNumber, bench.Number(2))
		alerts := func() []watchlist.Alert {
			t.Helper()
			out, err := w.Watchlist.AlertList(ctx, person(t, w, actor.Security), false)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		var trails [2][]string
		var calls [2]string
		for n := range 2 {
			itx, err := w.call(ctx, a, "order_status", n+1)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(alerts()); got != n { // the hit alone is a touch
				t.Fatalf("%d alerts after finding customer %d", got, n+1)
			}
			if err := w.verify(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if err := w.reveal(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Desk.View(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			calls[n], trails[n] = itx, trailOf(t, w, itx)
		}
		// The log has one entry more; nothing else differs, and the agent reads no log.
		at := slices.Index(trails[1], "watchlist.alert done (watchlist.alert_canary)")
		if at < 0 {
			t.Fatal("the alert has no entry")
		}
		if diff := cmp.Diff(trails[0], slices.Delete(slices.Clone(trails[1]), at, at+1)); diff != "" {
			t.Error(diff)
		}
		got := alerts()
		if len(got) != 1 || got[0].Kind != watchlist.CanaryTouched || got[0].Staff != a.ID() || got[0].Ref != calls[1] || !slices.Contains(got[0].Acts, "reveal") {
			t.Fatalf("alerts %+v", got)
		}
		// Supervisors are not told either, and nobody but those who keep the lists may look.
		err := w.DB.Read(ctx, func(tx *db.Tx) error {
			out, err := w.Watchlist.Alerts(tx, []string{w.controller})
			if len(out) != 0 {
				t.Errorf("supervisors are told of %+v", out)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range []actor.Role{actor.Agent, actor.Supervisor, actor.Admin, actor.Auditor} {
			if _, err := w.Watchlist.AlertList(ctx, person(t, w, role), false); errs.KindOf(err) != errs.Denied {
				t.Errorf("%s reads alerts: %v", role, err)
			}
		}
		analyst := person(t, w, actor.Security)
		if err := w.Watchlist.Review(ctx, analyst, got[0].ID, "incident", "agen diperiksa"); err != nil {
			t.Fatal(err)
		}
		if err := w.Watchlist.Review(ctx, analyst, got[0].ID, "test", "lagi"); errs.CodeOf(err) != "watchlist.alert_reviewed" {
			t.Errorf("reviewed twice: %v", err)
		}
		if len(alerts()) != 0 {
			t.Error("a reviewed alert waits")
		}
		if err := w.reveal(ctx, a, calls[1]); err != nil { // it goes on
			t.Fatal(err)
		}
		if len(alerts()) != 1 {
			t.Error("an alert that goes on does not wait again")
		}
		verifyLog(t, w)
	})
}

func TestAnAgentOpensOnlySoManyCustomersForAPurposeInAShift(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, boss := person(t, w, actor.Agent), person(t, w, actor.Supervisor)
		serve := func(n int, want string) string {
			t.Helper()
			itx, err := w.call(ctx, a, "order_status", n)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.verify(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if err := w.reveal(ctx, a, itx); errs.CodeOf(err) != want {
				t.Fatalf("customer %d: %v, want %q", n, err, want)
			}
			return itx
		}
		raise := func(itx, want string) {
			t.Helper()
			if _, err := w.Watchlist.Raise(ctx, a, itx, "antrean panjang"); errs.CodeOf(err) != want {
				t.Fatalf("asked for more: %v, want %q", err, want)
			}
		}
		for n := 1; n <= 5; n++ {
			if _, err := w.customer(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		serve(1, "")
		serve(2, "")
		raise(serve(1, ""), "watchlist.not_broad") // opened already, in a new contact too
		third := serve(3, "gate.breadth_spent")
		raise(third, "")
		raise(third, "watchlist.waiting")
		decide(t, w, boss, true)
		if err := w.reveal(ctx, a, third); err != nil {
			t.Fatal(err)
		}
		serve(4, "")
		raise(serve(5, "gate.breadth_spent"), "watchlist.raised")
		verifyLog(t, w)
	}, "desk.customers_per_shift", "2")
}

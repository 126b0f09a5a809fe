package app

import (
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// Starting another call does not bring new searches: the shift has its own number of them.
func TestAnAgentWhoStartsCallAfterCallCannotBrowseTheCustomers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.Desk.Searches = desk.SearchLimit + 3
		a, itx := servingCall(t, w, 1) // one search
		search := func(itx string) string {
			found, err := w.Desk.Search(ctx, a, itx, desk.ByCustomerNumber, bench.Number(1))
			if err != nil && len(found.Hits) > 0 {
				t.Error("a refused search has hits")
			}
			return errs.CodeOf(err)
		}
		for range desk.SearchLimit - 1 {
			if code := search(itx); code != "" {
				t.Fatal(code)
			}
		}
		if code := search(itx); code != "gate.searches_in_call_spent" {
			t.Errorf("one search too many in a call: %q", code)
		}
		if last := trailOf(t, w, itx); !slices.Equal(last[len(last)-1:], []string{"search denied (gate.searches_in_call_spent)"}) {
			t.Errorf("the last entry is %q", last[len(last)-1])
		}
		var next string
		for range 3 {
			var err error
			if next, err = w.call(ctx, a, "order_status", 1); err != nil {
				t.Fatal(err)
			}
		}
		if code := search(next); code != "gate.searches_spent" {
			t.Errorf("a new call brought new searches: %q", code)
		}
		if last := trailOf(t, w, next); last[len(last)-1] != "search denied (gate.searches_spent)" {
			t.Errorf("the last entry is %q", last[len(last)-1])
		}
		// The number of the ring is no way around it, and a colleague has searches of her own.
		if _, err := w.Desk.Callers(ctx, a, next); errs.CodeOf(err) != "gate.searches_spent" {
			t.Errorf("callers: %v", err)
		}
		other, err := w.staff(ctx, actor.Agent)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.call(ctx, other, "order_status", 1); err != nil {
			t.Errorf("a colleague: %v", err)
		}
		// The next shift begins 12 hours after the first search of this one.
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`update desk_search_shift set started_at = $1 where staff = $2`, tx.Now().Add(-desk.Shift).UnixMicro(), a.ID())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if code := search(next); code != "" {
			t.Errorf("in the next shift: %q", code)
		}
		verifyLog(t, w)
	})
}

// Calls come from telephony. Whoever begins them by hand in numbers is refused, and somebody should ask why.
func TestOnlySoManyCallsBeginByHandInAnHour(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, err := w.staff(ctx, actor.Agent)
		if err != nil {
			t.Fatal(err)
		}
		opening := interaction.Opening{Controller: w.controller, Channel: interaction.Chat, Direction: interaction.Inbound, Queue: "test"}
		begin := func(a actor.Actor) error {
			_, err := w.Interactions.Start(ctx, a, opening)
			return err
		}
		for range interaction.DefaultByHand - 1 {
			if err := begin(a); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Interactions.Offer(ctx, a, opening); err != nil { // letting it ring is by hand too
			t.Fatal(err)
		}
		e := errs.Of(begin(a))
		if wait, _ := e.Args["retry_after"].(int); e.Code != "interaction.too_often" || wait < 1 || wait > int(time.Hour/time.Second) {
			t.Errorf("one too many: %v %v", e, e.Args)
		}
		page, err := w.Audit.Search(ctx, actor.NewDuty("test"), audit.Query{Actor: a.ID(), Decision: audit.Denied})
		if err != nil || len(page.Entries) != 1 || page.Entries[0].Leaf.Reason != "interaction.too_often" || page.Entries[0].Leaf.Controller != w.controller {
			t.Errorf("entries %+v, %v", page.Entries, err)
		}
		other, err := w.staff(ctx, actor.Agent)
		if err != nil {
			t.Fatal(err)
		}
		if err := begin(other); err != nil {
			t.Errorf("a colleague: %v", err)
		}
		pbx := actor.NewClient("cli_00000000000000000000000001", []string{"interactions"}, []string{w.controller})
		if _, err := w.Interactions.Offer(ctx, pbx, opening); err != nil {
			t.Errorf("telephony: %v", err)
		}
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`update interaction_by_hand set started_at = $1`, tx.Now().Add(-time.Hour).UnixMicro())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := begin(a); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

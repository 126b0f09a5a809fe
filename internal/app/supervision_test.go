package app

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/supervision"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/watchlist"
)

// floor is a world with an agent in a verified call and two supervisors, on a clock that the test moves.
type floor struct {
	*world
	t           *testing.T
	now         time.Time
	agent       actor.Actor
	itx         string
	boss, other actor.Actor
}

func eachFloor(t *testing.T, test func(f *floor)) {
	t.Helper()
	on := func(o db.Options) func(t *testing.T) {
		return func(t *testing.T) {
			f := &floor{t: t, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
			o.Clock = func() time.Time { return f.now }
			f.world = openWorld(t, o)
			f.agent, f.itx = servingCall(t, f.world, 1)
			var err error
			f.boss, err = f.staff(t.Context(), actor.Supervisor)
			f.must(err)
			f.other, err = f.staff(t.Context(), actor.Supervisor)
			f.must(err)
			test(f)
		}
	}
	t.Run("sqlite", on(db.Options{}))
	t.Run("postgres", func(t *testing.T) { on(db.Options{URL: dbtest.PostgresURL(t)})(t) })
}

func (f *floor) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) wants(err error, code string) {
	f.t.Helper()
	if errs.CodeOf(err) != code {
		f.t.Fatalf("got %v, want %s", err, code)
	}
}

// row is the contact as a supervisor's open list shows it.
func (f *floor) row(a actor.Actor) (supervision.Row, supervision.Board) {
	f.t.Helper()
	b, err := f.Supervision.Watch(f.t.Context(), a, false)
	f.must(err)
	i := slices.IndexFunc(b.Rows, func(r supervision.Row) bool { return r.ID == f.itx })
	if i < 0 {
		f.t.Fatal("the contact is not on the list")
	}
	return b.Rows[i], b
}

// entries are those that somebody wrote with actions of this beginning, oldest first.
func (f *floor) entries(who, action string) (out []string) {
	f.t.Helper()
	page, err := f.Audit.Search(f.t.Context(), actor.NewDuty("test"), audit.Query{Actor: who, Limit: 200})
	f.must(err)
	for _, e := range slices.Backward(page.Entries) {
		if l := e.Leaf; strings.HasPrefix(l.Action, action) {
			out = append(out, strings.TrimSpace(l.Action+" "+l.Decision+" "+l.Reason))
		}
	}
	return out
}

// listeners is how many the contact's agent sees listening.
func (f *floor) listeners(itx string) (n int) {
	f.t.Helper()
	f.must(f.DB.Read(f.t.Context(), func(tx *db.Tx) (err error) { n, err = f.Supervision.Listeners(tx, itx); return err }))
	return n
}

func TestAValueCountsAsOpenAsLongAsItIsOnTheScreen(t *testing.T) {
	if supervision.Shows != desk.RemaskAfter {
		t.Errorf("%v on the list, %v on the screen", supervision.Shows, desk.RemaskAfter)
	}
}

func TestEachOpeningOfTheLiveListIsInTheLog(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		look := func(opening bool) {
			t.Helper()
			_, err := f.Supervision.Watch(ctx, f.boss, opening)
			f.must(err)
		}
		look(true)
		for range 90 { // an open list, a minute and a half long
			f.now = f.now.Add(time.Second)
			look(false)
		}
		if got := f.entries(f.boss.ID(), "supervision.watch"); len(got) != 1 {
			t.Fatalf("one opening has %d entries", len(got))
		}
		f.now = f.now.Add(supervision.Away + time.Second) // closed, and looked at again by way of the fragment
		look(false)
		look(true)
		if got := f.entries(f.boss.ID(), "supervision.watch"); len(got) != 3 {
			t.Fatalf("three openings have %d entries", len(got))
		}
		if _, err := f.Supervision.Watch(ctx, f.agent, true); errs.CodeOf(err) != "supervision.not_allowed" {
			t.Fatalf("an agent watches: %v", err)
		}
		// Whoever looked is on duty, and only for so long.
		relief := func(decider, asker string) (on bool) {
			t.Helper()
			f.must(f.DB.Read(ctx, func(tx *db.Tx) (err error) {
				on, err = f.Supervision.Relief(tx, f.controller, decider, asker)
				return err
			}))
			return on
		}
		if !relief(f.other.ID(), f.agent.ID()) || relief(f.boss.ID(), f.agent.ID()) {
			t.Error("who looks at the list is not who is on duty")
		}
		if relief(f.other.ID(), f.boss.ID()) {
			t.Error("whoever asks is taken for somebody who could decide")
		}
		if f.now = f.now.Add(supervision.OnDuty); relief(f.other.ID(), f.agent.ID()) {
			t.Error("on duty for ever")
		}
		look(true)
		if f.must(f.Identity.Disable(ctx, identity.Terminal(), f.boss.ID())); relief(f.other.ID(), f.agent.ID()) {
			t.Error("who was disabled since is on duty")
		}
	})
}

func TestTheSilentAlarmHoldsWhatWouldBeOpenedAndTellsSupervisorsAlone(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		f.must(f.reveal(ctx, f.agent, f.itx))
		hears, stop := f.Interactions.Hub().Subscribe(f.agent)
		defer stop()
		boss, stopBoss := f.Interactions.Hub().Subscribe(f.boss)
		defer stopBoss()
		f.must(f.Supervision.Alarm(ctx, f.agent, f.itx))
		f.must(f.Supervision.Alarm(ctx, f.agent, f.itx)) // pressed twice
		if len(hears) != 0 || len(boss) != 1 {
			t.Errorf("the agent's desk heard %d times, the supervisor's list %d times", len(hears), len(boss))
		}
		if got := f.entries(f.agent.ID(), "supervision."); len(got) != 1 || got[0] != "supervision.alarm done" {
			t.Errorf("entries %v", got)
		}
		err := f.reveal(ctx, f.agent, f.itx)
		f.wants(err, "gate.budget_spent")
		if _, err := f.Desk.Compare(ctx, f.agent, f.itx, "birth_date", "17 April 1988"); err != nil {
			t.Errorf("the call cannot go on: %v", err)
		}
		row, board := f.row(f.boss)
		if row.Standing != supervision.Alarmed || row.Opened != 1 || len(board.Alerts) != 1 || board.Alerts[0].Kind != supervision.Duress || board.Alerts[0].Staff != f.agent.ID() {
			t.Fatalf("the list shows %+v %+v", row, board.Alerts)
		}
		alert := board.Alerts[0].ID
		f.wants(f.Supervision.Settle(ctx, f.agent, alert, "sudah aman"), "supervision.not_allowed")
		f.wants(f.Supervision.Settle(ctx, f.boss, alert, " "), "supervision.reason")
		f.wants(f.Supervision.Settle(ctx, f.boss, id.New(id.Alert), "sudah aman"), "supervision.alert_unknown")
		stranger := actor.NewStaff(id.New(id.Staff), actor.Supervisor, id.New(id.Session), []string{id.New(id.Controller)}, f.now)
		f.wants(f.Supervision.Settle(ctx, stranger, alert, "sudah aman"), "supervision.alert_unknown")
		f.must(f.Supervision.Settle(ctx, f.boss, alert, "sudah aman"))
		f.wants(f.Supervision.Settle(ctx, f.other, alert, "sudah aman"), "supervision.settled")
		f.must(f.reveal(ctx, f.agent, f.itx))
		// Held for no longer than a shift, and on the list until somebody looked.
		f.must(f.Supervision.Alarm(ctx, f.agent, f.itx))
		f.now = f.now.Add(supervision.AlarmLasts)
		f.must(f.DB.Read(ctx, func(tx *db.Tx) error {
			if alarmed, err := f.Supervision.Alarmed(tx, f.agent.ID()); alarmed || err != nil {
				t.Errorf("held after a shift (%v)", err)
			}
			return nil
		}))
		if _, board := f.row(f.boss); len(board.Alerts) != 1 {
			t.Error("the alarm left the list by itself")
		}
		f.wants(f.Supervision.Alarm(ctx, f.boss, f.itx), "interaction.unknown")
		f.wants(f.Supervision.Alarm(ctx, f.agent, id.New(id.Interaction)), "interaction.unknown")
	})
}

func TestASupervisorDoesNotSettleHisOwnAlarm(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		itx, err := f.Interactions.Start(ctx, f.boss, interaction.Opening{Controller: f.controller, Channel: interaction.Phone, Direction: interaction.Inbound})
		f.must(err)
		f.must(f.Supervision.Alarm(ctx, f.boss, itx))
		_, board := f.row(f.other)
		f.wants(f.Supervision.Settle(ctx, f.boss, board.Alerts[0].ID, "tidak apa-apa"), "supervision.own_alarm")
		f.must(f.Supervision.Settle(ctx, f.other, board.Alerts[0].ID, "sudah ditemui"))
		if diff := cmp.Diff([]string{"supervision.alarm done", "supervision.settle denied supervision.own_alarm"}, f.entries(f.boss.ID(), "supervision.")[:2]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestListeningInIsAnAccessInTheCustomersTrailAndEndsWithTheContact(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		listen := func(a actor.Actor, itx string) error {
			_, err := f.Supervision.Listen(ctx, a, itx, "pelatihan petugas baru")
			return err
		}
		_, err := f.Supervision.Listen(ctx, f.boss, f.itx, "")
		f.wants(err, "supervision.reason")
		f.wants(listen(f.agent, f.itx), "supervision.not_allowed")
		stranger := actor.NewStaff(id.New(id.Staff), actor.Supervisor, id.New(id.Session), []string{id.New(id.Controller)}, f.now)
		f.wants(listen(stranger, f.itx), "interaction.unknown")
		f.wants(listen(f.boss, id.New(id.Interaction)), "interaction.unknown")
		desk, stop := f.Interactions.Hub().Subscribe(f.agent)
		defer stop()
		f.must(listen(f.boss, f.itx))
		f.wants(listen(f.boss, f.itx), "supervision.listens_already")
		if f.listeners(f.itx) != 1 || len(desk) != 1 {
			t.Errorf("%d listen; the agent's desk was told %d times", f.listeners(f.itx), len(desk))
		}
		if row, _ := f.row(f.boss); !row.Listening || row.Listeners != 1 {
			t.Errorf("the list shows %+v", row)
		}
		if row, _ := f.row(f.other); row.Listening || row.Listeners != 1 {
			t.Errorf("a colleague's list shows %+v", row)
		}
		f.wants(f.Supervision.Stop(ctx, f.other, f.itx), "supervision.listens_not")
		f.must(f.Supervision.Stop(ctx, f.boss, f.itx))
		f.must(listen(f.boss, f.itx))
		f.must(f.Interactions.Move(ctx, f.agent, f.itx, interaction.Disconnect))
		if f.listeners(f.itx) != 0 {
			t.Error("somebody listens to a contact that is over")
		}
		f.wants(listen(f.boss, f.itx), "supervision.not_live")
		var got []string
		for _, e := range trailOf(t, f.world, f.itx) {
			if strings.HasPrefix(e, "supervision.") {
				got = append(got, e)
			}
		}
		want := []string{
			"supervision.listen denied (supervision.not_allowed)", "supervision.listen denied (interaction.unknown)",
			"supervision.listen done", "supervision.listen_end done", "supervision.listen done", "supervision.listen_end done",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		page, err := f.Audit.Search(ctx, actor.NewDuty("test"), audit.Query{Interaction: f.itx, Limit: 200})
		f.must(err)
		for _, e := range page.Entries {
			if e.Leaf.Action == "supervision.listen" && e.Leaf.Decision == "done" && (e.Leaf.Purpose == "" || e.Leaf.Actor != f.boss.ID()) {
				t.Errorf("the entry of a listening: %+v", e.Leaf)
			}
		}
		verifyLog(t, f.world)
	})
}

// Who may listen is read where it is decided, and not where the request began.
func TestASupervisorWhoWasDisabledMeanwhileIsNotLetListen(t *testing.T) {
	eachFloor(t, func(f *floor) {
		f.must(f.Identity.Disable(t.Context(), identity.Terminal(), f.boss.ID()))
		_, err := f.Supervision.Listen(t.Context(), f.boss, f.itx, "pelatihan petugas baru")
		f.wants(err, "supervision.not_allowed")
		if got := f.entries(f.boss.ID(), "supervision.listen"); f.listeners(f.itx) != 0 || !slices.Equal(got, []string{"supervision.listen denied supervision.not_allowed"}) {
			t.Errorf("%d listen, entries %q", f.listeners(f.itx), got)
		}
	})
}

func TestAProtectedPersonsContactIsListenedToByTwo(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		itx, err := f.Interactions.Start(ctx, f.agent, interaction.Opening{
			Controller: f.controller, Channel: interaction.Chat, Direction: interaction.Inbound, Risks: []string{"protected_person"},
		})
		f.must(err)
		ask := func() (request string) {
			t.Helper()
			waits, err := f.Supervision.Listen(ctx, f.boss, itx, "keluhan berulang")
			f.must(err)
			if !waits {
				t.Fatal("nobody else was asked")
			}
			f.must(f.DB.Read(ctx, func(tx *db.Tx) error {
				list, err := f.Approvals.Waiting(tx, f.other)
				if len(list) != 1 {
					t.Fatalf("%d requests wait", len(list))
				}
				request = list[0].ID
				return err
			}))
			return request
		}
		request := ask()
		if f.listeners(itx) != 0 {
			t.Fatal("listened to before anybody agreed")
		}
		_, err = f.Approvals.Decide(ctx, f.boss, request, "saya sendiri", true)
		f.wants(err, "approval.own_request")
		_, err = f.Approvals.Decide(ctx, f.other, request, "tidak perlu", false)
		f.must(err)
		if f.listeners(itx) != 0 {
			t.Fatal("listened to after a no")
		}
		_, err = f.Approvals.Decide(ctx, f.other, ask(), "baik", true)
		f.must(err)
		if f.listeners(itx) != 1 {
			t.Fatal("not listened to after a yes")
		}
		f.must(f.Supervision.Stop(ctx, f.boss, itx))
		request = ask()
		f.must(f.Interactions.Move(ctx, f.agent, itx, interaction.Disconnect))
		_, err = f.Approvals.Decide(ctx, f.other, request, "baik", true)
		f.wants(err, "approval.over")
	})
}

func TestOfTwoSupervisorsWhoDecideAtOneMomentOneDecides(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		request, err := f.Verification.AskSecond(ctx, f.agent, f.itx, "alamat akan diubah")
		f.must(err)
		row, board := f.row(f.boss)
		if row.Standing != supervision.Wanted || len(board.Waiting) != 1 || board.Waiting[0].ID != request || board.Waiting[0].Reason != "alamat akan diubah" {
			t.Fatalf("the list shows %+v %+v", row, board.Waiting)
		}
		var wait sync.WaitGroup
		results := make([]error, 2)
		for i, who := range []actor.Actor{f.boss, f.other} {
			wait.Go(func() {
				_, results[i] = f.Approvals.Decide(context.WithoutCancel(ctx), who, request, "sudah diperiksa", i == 0)
			})
		}
		wait.Wait()
		codes := []string{errs.CodeOf(results[0]), errs.CodeOf(results[1])}
		slices.Sort(codes)
		if diff := cmp.Diff([]string{"", "approval.already_decided"}, codes); diff != "" {
			t.Error(diff)
		}
		if row, board := f.row(f.boss); row.Standing == supervision.Wanted || len(board.Waiting) != 0 {
			t.Errorf("still wanted: %+v", row)
		}
	})
}

func TestACallThatTheCustomerDeniedIsOnTheListUntilSomebodyLooked(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		request, err := f.Verification.AskSecond(ctx, f.agent, f.itx, "alamat akan diubah")
		f.must(err)
		f.must(f.DB.Write(ctx, func(tx *db.Tx) error {
			return f.Interactions.Freeze(tx, actor.NewCustomer(id.New(id.Verification)), f.itx, "verification.not_called")
		}))
		b, err := f.Supervision.Watch(ctx, f.boss, true)
		f.must(err)
		if len(b.Waiting) != 0 || len(b.Alerts) != 1 || b.Alerts[0].Kind != supervision.Frozen || b.Alerts[0].Interaction != f.itx {
			t.Fatalf("the list shows %+v %+v", b.Waiting, b.Alerts)
		}
		_, err = f.Approvals.Decide(ctx, f.boss, request, "baik", true)
		f.wants(err, "approval.over")
		f.must(f.Supervision.Settle(ctx, f.boss, b.Alerts[0].ID, "sudah ditinjau"))
		if b, err = f.Supervision.Watch(ctx, f.boss, false); err != nil || len(b.Alerts) != 0 {
			t.Errorf("%+v %v", b.Alerts, err)
		}
	})
}

func TestListeningAloneEndsWhenTheCallerTurnsOutToBeProtected(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		subject, err := f.customer(ctx, 2)
		f.must(err)
		list(t, f.world, watchlist.Protected, watchlist.BySubject, subject)
		itx, err := f.Interactions.Start(ctx, f.agent, interaction.Opening{Controller: f.controller, Channel: interaction.Phone, Direction: interaction.Inbound})
		f.must(err)
		waits, err := f.Supervision.Listen(ctx, f.boss, itx, "pelatihan petugas baru")
		f.must(err)
		if waits {
			t.Fatal("nobody knows yet who calls")
		}
		f.must(f.DB.Write(ctx, func(tx *db.Tx) error { return f.Interactions.Bind(tx, f.agent, itx, subject, "test") }))
		if f.listeners(itx) != 0 {
			t.Fatal("one supervisor alone listens to a protected person")
		}
		if got := trailOf(t, f.world, itx); !slices.Contains(got, "supervision.listen_end done (supervision.protected)") {
			t.Errorf("the trail says %v", got)
		}
		waits, err = f.Supervision.Listen(ctx, f.boss, itx, "keluhan berulang")
		f.must(err)
		if !waits {
			t.Fatal("nobody else was asked")
		}
		decide(t, f.world, f.other, true)
		f.must(f.Interactions.Move(ctx, f.agent, itx, interaction.Hold))
		if f.listeners(itx) != 1 {
			t.Error("what a second supervisor allowed ended with the next move")
		}
	})
}

func TestListeningEndsWhenWhoeverListensTakesTheContactOver(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		for _, who := range []actor.Actor{f.boss, f.other} {
			_, err := f.Supervision.Listen(ctx, who, f.itx, "pelatihan petugas baru")
			f.must(err)
		}
		f.must(f.Interactions.Transfer(ctx, f.agent, f.itx, f.boss.ID()))
		if f.listeners(f.itx) != 2 {
			t.Error("an offer ends the listening")
		}
		f.must(f.Interactions.Accept(ctx, f.boss, f.itx))
		if row, _ := f.row(f.boss); row.Listening || row.Listeners != 1 {
			t.Errorf("who serves the contact listens to it: %+v", row)
		}
		if got := trailOf(t, f.world, f.itx); !slices.Contains(got, "supervision.listen_end done (supervision.own_contact)") {
			t.Errorf("the trail says %v", got)
		}
	})
}

func TestNobodyIsLetListenToAContactThatHeTookOverMeanwhile(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		itx, err := f.Interactions.Start(ctx, f.agent, interaction.Opening{
			Controller: f.controller, Channel: interaction.Chat, Direction: interaction.Inbound, Risks: []string{"protected_person"},
		})
		f.must(err)
		_, err = f.Supervision.Listen(ctx, f.boss, itx, "keluhan berulang")
		f.must(err)
		_, board := f.row(f.other)
		f.must(f.Interactions.Transfer(ctx, f.agent, itx, f.boss.ID()))
		f.must(f.Interactions.Accept(ctx, f.boss, itx))
		_, err = f.Approvals.Decide(ctx, f.other, board.Waiting[0].ID, "baik", true)
		f.wants(err, "approval.over")
	})
}

func TestNoHeapOfOtherAlertsHidesASilentAlarm(t *testing.T) {
	eachFloor(t, func(f *floor) {
		ctx := t.Context()
		f.must(f.DB.Write(ctx, func(tx *db.Tx) error {
			for range 101 {
				tx.Data.Queue(`insert into supervision_alert (id, kind, interaction, controller, staff, at, settled_at, settled_by) values ($1, 'frozen', '', $2, '', $3, 0, '')`,
					id.New(id.Alert), f.controller, f.now.UnixMicro())
			}
			return nil
		}))
		f.now = f.now.Add(time.Second)
		f.must(f.Interactions.Heartbeat(ctx, f.agent, f.itx))
		f.must(f.Supervision.Alarm(ctx, f.agent, f.itx))
		if row, _ := f.row(f.boss); row.Standing != supervision.Alarmed {
			t.Errorf("the list shows %s", row.Standing)
		}
	})
}

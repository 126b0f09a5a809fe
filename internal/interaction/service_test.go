package interaction

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// keys is a keyring for tests: real hashes and signatures under a fixed key.
type keys struct{ children map[string]int }

func (k *keys) MAC(name string, value []byte) []byte {
	m := hmac.New(sha256.New, []byte("test "+name))
	m.Write(value)
	return m.Sum(nil)[:16]
}

type token struct {
	Audience string
	Payload  []byte
	Expires  int64
}

func (k *keys) Token(audience string, payload []byte, expires time.Time) string {
	b, _ := json.Marshal(token{audience, payload, expires.UnixMicro()})
	return base64.RawURLEncoding.EncodeToString(append(k.MAC("token", b), b...))
}

func (k *keys) OpenToken(audience, s string, now time.Time) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	var t token
	if err != nil || len(b) < 16 || !hmac.Equal(b[:16], k.MAC("token", b[16:])) || json.Unmarshal(b[16:], &t) != nil ||
		t.Audience != audience || now.UnixMicro() >= t.Expires {
		return nil, errs.New(errs.Denied, "keyring.token_invalid")
	}
	return t.Payload, nil
}

func (k *keys) NewChild(_ *db.Tx, subject, interaction string) error {
	k.children[subject+interaction]++
	return nil
}

// journal is a log for tests: what was appended and committed.
type journal struct {
	mu      sync.Mutex
	entries []audit.Entry
}

func (j *journal) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	tx.AfterCommit(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.entries = append(j.entries, e)
	})
	return &audit.Pending{}, nil
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, e := range j.entries {
		s := e.Action + " " + string(e.Decision)
		if e.Reason != "" {
			s += " " + e.Reason
		}
		out = append(out, s)
	}
	j.entries = nil
	return out
}

const (
	ctl      = "ctl_00000000000000000000000001"
	otherCtl = "ctl_00000000000000000000000002"
	subA     = "sub_0000000000000000000000000a"
	subB     = "sub_0000000000000000000000000b"
	foreign  = "sub_0000000000000000000000000c"
	pur1     = "pur_00000000000000000000000001"
	pur2     = "pur_00000000000000000000000002"
	purOff   = "pur_00000000000000000000000003"
)

type room struct {
	*Service
	t      *testing.T
	d      *db.DB
	keys   *keys
	log    *journal
	agent  actor.Actor // Rina
	other  actor.Actor // Budi
	boss   actor.Actor
	client actor.Actor
}

func staffID(n int) string { return fmt.Sprintf("stf_%026d", n) }

func newRoom(t *testing.T, d *db.DB, clock *time.Time) *room {
	r := &room{t: t, d: d, keys: &keys{map[string]int{}}, log: &journal{}}
	staff := func(n int, role actor.Role, ctls ...string) actor.Actor {
		return actor.NewStaff(staffID(n), role, fmt.Sprintf("ses_%026d", n), ctls, *clock)
	}
	r.agent, r.other, r.boss = staff(1, actor.Agent, ctl), staff(2, actor.Agent, ctl), staff(3, actor.Supervisor, ctl)
	r.client = actor.NewClient("cli_00000000000000000000000001", []string{"events", "interactions"}, []string{ctl})
	var err error
	r.Service, err = New(Options{
		DB: d, Log: r.log, Keys: r.keys,
		Seal: StaffSeal{
			Seal: func(_, _, row string, plain []byte) ([]byte, error) {
				return []byte("sealed:" + row + ":" + base64.StdEncoding.EncodeToString(plain)), nil
			},
			Open: func(_, _, row string, sealed []byte) ([]byte, error) {
				return base64.StdEncoding.DecodeString(strings.TrimPrefix(string(sealed), "sealed:"+row+":"))
			},
		},
		Purpose: func(_ *db.Tx, p string) (purpose.Purpose, error) {
			switch p {
			case pur1, pur2:
				return purpose.Purpose{ID: p, Controller: ctl, Status: purpose.Active, Notice: 2}, nil
			case purOff:
				return purpose.Purpose{ID: p, Controller: ctl, Status: purpose.Retired}, nil
			}
			return purpose.Purpose{}, errs.New(errs.NotFound, "purpose.unknown")
		},
		Subject: func(_ *db.Tx, s string) (string, bool, error) {
			switch s {
			case subA, subB:
				return ctl, true, nil
			case foreign:
				return otherCtl, true, nil
			}
			return "", false, nil
		},
		Staff: func(_ *db.Tx, s string) (Colleague, error) {
			if s == staffID(1) || s == staffID(2) {
				return Colleague{Active: true, Controllers: []string{ctl}}, nil
			}
			return Colleague{}, errs.New(errs.NotFound, "identity.no_staff")
		},
		Match: func(_ *db.Tx, _, number string, limit int) ([]string, error) {
			switch digits(number) {
			case "6281234564471":
				return []string{subA}, nil
			case "6281234560000":
				return []string{subA, subB}, nil
			}
			return nil, nil
		},
		Duty: actor.NewDuty("interaction_sweep"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// each runs a test on both engines with a clock that the test moves.
func each(t *testing.T, test func(t *testing.T, r *room, clock *time.Time)) {
	t.Helper()
	start := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	open := func(t *testing.T, o db.Options) {
		clock := start
		var mu sync.Mutex
		o.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
		test(t, newRoom(t, dbtest.OpenWith(t, o, Schema()), &clock), &clock)
	}
	t.Run("sqlite", func(t *testing.T) { open(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { open(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func (r *room) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) refused(err error, code string) {
	r.t.Helper()
	if err == nil || errs.Of(err).Code != code {
		r.t.Fatalf("got %v, want %s", err, code)
	}
}

func (r *room) facts(itx string) (f Facts) {
	r.t.Helper()
	r.ok(r.d.Read(context.Background(), func(tx *db.Tx) (err error) { f, err = r.Facts(tx, itx); return err }))
	return f
}

func (r *room) bind(a actor.Actor, itx, subject string) error {
	return r.d.Write(context.Background(), func(tx *db.Tx) error { return r.Bind(tx, a, itx, subject, "search") })
}

func (r *room) call() string {
	r.t.Helper()
	itx, err := r.Start(context.Background(), r.agent, Opening{Controller: ctl, Channel: Phone, Direction: Inbound, Queue: "Kartu"})
	r.ok(err)
	return itx
}

// served is a call in the middle of its work.
func (r *room) served() string {
	r.t.Helper()
	itx := r.call()
	r.ok(r.ChoosePurpose(context.Background(), r.agent, itx, pur1, "id"))
	r.ok(r.bind(r.agent, itx, subA))
	r.ok(r.Move(context.Background(), r.agent, itx, Serve))
	r.log.take()
	return itx
}

func TestACallIsGreetedIdentifiedServedAndSealedWithOneEntryAMove(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		itx := r.call()
		r.ok(r.ChoosePurpose(ctx, r.agent, itx, pur1, "en"))
		r.ok(r.ChoosePurpose(ctx, r.agent, itx, pur1, "en")) // pressed twice
		r.ok(r.bind(r.agent, itx, subA))
		r.ok(r.Move(ctx, r.agent, itx, Verify))
		r.ok(r.Move(ctx, r.agent, itx, Serve))
		r.ok(r.ChoosePurpose(ctx, r.agent, itx, pur2, ""))
		f := r.facts(itx)
		if !f.Live(*clock) || f.Subject != subA || f.Purpose != pur2 || f.Language != "en" || f.Agent != r.agent.ID() {
			t.Fatalf("%+v", f)
		}
		r.ok(r.Move(ctx, r.agent, itx, Disconnect))
		r.ok(r.Seal(ctx, r.agent, itx, "resolved"))
		if f := r.facts(itx); f.State != Sealed || f.Open(*clock) {
			t.Fatalf("%+v", f)
		}
		want := []string{
			"interaction.offer done", "interaction.accept done", "interaction.greet done", "interaction.identify done",
			"interaction.verify done", "interaction.serve done", "interaction.purpose done", "interaction.disconnect done",
			"interaction.seal done interaction.outcome_resolved",
		}
		if got := r.log.take(); !slices.Equal(got, want) {
			t.Fatalf("entries:\n%s", strings.Join(got, "\n"))
		}
		if r.keys.children[subA+itx] != 1 {
			t.Fatalf("child keys: %v", r.keys.children)
		}
	})
}

func TestOnlyWhoServesTheCallMayMoveItAndTheAttemptIsWrittenDown(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		itx := r.served()
		r.refused(r.Move(ctx, r.other, itx, Hold), "interaction.unknown")
		r.refused(r.ChoosePurpose(ctx, r.other, itx, pur2, ""), "interaction.unknown")
		r.refused(r.Transfer(ctx, r.other, itx, r.agent.ID()), "interaction.unknown")
		r.refused(r.Seal(ctx, r.other, itx, "resolved"), "interaction.unknown")
		r.refused(r.Refuse(ctx, r.other, itx, "abuse"), "interaction.unknown")
		r.refused(r.bind(r.other, itx, subB), "interaction.unknown")
		if got := r.log.take(); len(got) != 5 || got[0] != "interaction.hold denied interaction.unknown" {
			t.Fatalf("%v", got)
		}
		stranger := actor.NewStaff(staffID(9), actor.Agent, "ses_9", []string{otherCtl}, time.Time{})
		r.refused(r.Move(ctx, stranger, itx, Hold), "interaction.unknown")
		r.refused(r.Accept(ctx, stranger, itx), "interaction.unknown")
		// The entry belongs to a controller whom the asker serves, or to none: another one's
		// readers learn nothing, and the asker's none that there is such a contact.
		for _, c := range []struct {
			who             actor.Actor
			itx, controller string
		}{{r.other, itx, ctl}, {stranger, itx, ""}, {r.other, "itx_00000000000000000000000009", ""}} {
			r.log.take()
			r.refused(r.Move(ctx, c.who, c.itx, Hold), "interaction.unknown")
			r.refused(r.Heartbeat(ctx, c.who, c.itx), "interaction.unknown")
			r.refused(r.Accept(ctx, c.who, c.itx), "interaction.unknown")
			if e := r.log.entries; len(e) != 3 || e[1].Action != "interaction.heartbeat" || e[2].Action != "interaction.accept" ||
				slices.ContainsFunc(e, func(e audit.Entry) bool {
					return e.Controller != c.controller || e.Interaction != c.itx || e.Subject != ""
				}) {
				t.Errorf("entries %+v", e)
			}
		}
		_, err := r.Get(ctx, stranger, itx)
		r.refused(err, "interaction.unknown")
		_, err = r.Get(ctx, r.other, itx)
		r.refused(err, "interaction.unknown")
		if _, err = r.Get(ctx, r.boss, itx); err != nil {
			t.Fatal(err)
		}
		r.refused(r.Accept(ctx, r.boss, itx), "interaction.taken") // who sees every contact of the company knows that it is served
		r.refused(r.Move(ctx, r.agent, "itx_x' or 1=1", Hold), "interaction.unknown")
		_, err = r.Start(ctx, stranger, Opening{Controller: ctl, Channel: Phone, Direction: Inbound})
		r.refused(err, "interaction.other_controller")
		_, err = r.Start(ctx, r.client, Opening{Controller: ctl, Channel: Phone, Direction: Inbound})
		r.refused(err, "interaction.not_allowed")
		_, err = r.Live(ctx, r.agent)
		r.refused(err, "interaction.not_allowed")
		// A supervisor may lower and cut, never raise.
		r.refused(r.Move(ctx, r.boss, itx, Hold), "interaction.unknown")
		r.ok(r.Move(ctx, r.boss, itx, Lower))
		if f := r.facts(itx); f.State != Identified {
			t.Fatalf("%+v", f)
		}
		r.ok(r.Move(ctx, r.boss, itx, Disconnect))
	})
}

func TestRightsEndWithTheHeartbeatAndTheSweepEndsTheCall(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		itx := r.served()
		*clock = clock.Add(14 * time.Second)
		if !r.facts(itx).Live(*clock) {
			t.Fatal("14 s after the last beat the call is not live")
		}
		r.ok(r.Heartbeat(ctx, r.agent, itx))
		*clock = clock.Add(15 * time.Second)
		if r.facts(itx).Live(*clock) {
			t.Fatal("15 s after the last beat the call is live")
		}
		r.refused(r.bind(r.agent, itx, subA), "interaction.desk_silent")
		if n, err := r.Sweep(ctx); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		*clock = clock.Add(time.Minute)
		if n, err := r.Sweep(ctx); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if f := r.facts(itx); f.State != Wrapup {
			t.Fatalf("%+v", f)
		}
		*clock = clock.Add(WrapupLimit + time.Second)
		_, err := r.Sweep(ctx)
		r.ok(err)
		if f := r.facts(itx); f.State != Sealed {
			t.Fatalf("%+v", f)
		}
		r.refused(r.Heartbeat(ctx, r.agent, itx), "interaction.over")
		ring, err := r.Offer(ctx, r.client, Opening{Controller: ctl, Channel: Phone, Direction: Inbound})
		r.ok(err)
		*clock = clock.Add(RingLimit + time.Second)
		_, err = r.Sweep(ctx)
		r.ok(err)
		if f := r.facts(ring); f.State != Abandoned {
			t.Fatalf("%+v", f)
		}
		// The hashes of events and numbers go when their day is over.
		_, err = r.Receive(ctx, r.client, event(ContactOffered, 1, "old", Data{Controller: ctl, From: "081234564471"}))
		r.ok(err)
		left := func() (n int64) {
			r.ok(r.d.Read(ctx, func(tx *db.Tx) error {
				return tx.Data.Row(`select (select count(*) from interaction_event) + (select count(*) from interaction_ring)`).Scan(&n)
			}))
			return n
		}
		for _, step := range []struct {
			wait time.Duration
			want int64
		}{{0, 2}, {26 * time.Hour, 1}, {7 * 24 * time.Hour, 0}} {
			*clock = clock.Add(step.wait)
			_, err = r.Sweep(ctx)
			r.ok(err)
			if n := left(); n != step.want {
				t.Fatalf("after %v more %d hashes are left, want %d", step.wait, n, step.want)
			}
		}
	})
}

func TestWhoComesLateToWhatRangForEverybodyIsToldSo(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		ring := func() string {
			itx, err := r.Offer(ctx, r.client, Opening{Controller: ctl, Channel: Phone, Direction: Inbound})
			r.ok(err)
			return itx
		}
		stranger := actor.NewStaff(staffID(9), actor.Agent, "ses_9", []string{otherCtl}, time.Time{})
		itx := ring()
		r.refused(r.Accept(ctx, stranger, itx), "interaction.unknown")
		r.ok(r.Accept(ctx, r.agent, itx))
		r.refused(r.Accept(ctx, r.other, itx), "interaction.taken")
		r.refused(r.Accept(ctx, stranger, itx), "interaction.unknown")
		r.refused(r.Heartbeat(ctx, r.other, itx), "interaction.unknown")
		r.ok(r.Seal(ctx, r.agent, itx, "resolved"))
		r.refused(r.Heartbeat(ctx, r.agent, itx), "interaction.over") // it was his
		r.refused(r.Heartbeat(ctx, r.other, itx), "interaction.unknown")
		lost := ring()
		*clock = clock.Add(RingLimit + time.Minute)
		_, err := r.Sweep(ctx)
		r.ok(err)
		r.refused(r.Accept(ctx, r.other, lost), "interaction.over") // nobody has it
	})
}

// Taking one's own contact again is a second press of the button while it is on the line, and a mistake afterwards.
func TestOnesOwnContactIsTakenAgainOnlyWhileItIsOnTheLine(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		itx := r.served()
		r.log.take()
		r.ok(r.Accept(ctx, r.agent, itx))
		for _, step := range []struct {
			do   func() error
			code string
		}{
			{func() error { return r.Move(ctx, r.agent, itx, Hold) }, "interaction.wrong_state"},
			{func() error { return r.Move(ctx, r.agent, itx, Disconnect) }, "interaction.wrong_state"},
			{func() error { return r.Seal(ctx, r.agent, itx, "resolved") }, "interaction.over"},
		} {
			r.ok(step.do())
			r.refused(r.Accept(ctx, r.agent, itx), step.code)
		}
		if got := r.log.take(); len(got) != 3 {
			t.Errorf("entries %q, of three moves", got)
		}
		refused := r.served()
		r.ok(r.Refuse(ctx, r.agent, refused, "abuse"))
		r.refused(r.Accept(ctx, r.agent, refused), "interaction.over")
	})
}

// A screen from which a contact was taken away is woken at once.
func TestWhoeverLosesAContactIsToldToLookAgain(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		itx := r.served()
		r.ok(r.Transfer(ctx, r.agent, itx, r.other.ID()))
		news, cancel := r.Hub().Subscribe(r.agent)
		defer cancel()
		r.ok(r.Accept(ctx, r.other, itx))
		select {
		case n := <-news:
			if n.Kind != "changed" || n.Interaction != itx {
				t.Errorf("%+v", n)
			}
		case <-time.After(10 * time.Second):
			t.Error("the desk that handed it over was told nothing")
		}
	})
}

func TestALongHoldLosesTheLevelAndAShortOneDoesNot(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		for _, c := range []struct {
			hold  time.Duration
			state State
			kept  bool
		}{{HoldLimit, Serving, true}, {HoldLimit + time.Second, Identified, false}} {
			itx := r.served()
			since := r.facts(itx).RightsSince
			*clock = clock.Add(time.Second)
			r.ok(r.Move(ctx, r.agent, itx, Hold))
			*clock = clock.Add(c.hold)
			r.ok(r.Heartbeat(ctx, r.agent, itx))
			r.ok(r.Move(ctx, r.agent, itx, Resume))
			f := r.facts(itx)
			if f.State != c.state || f.RightsSince.Equal(since) != c.kept || !f.HeldSince.IsZero() {
				t.Fatalf("after %v: %+v", c.hold, f)
			}
		}
	})
}

func TestALevelMovesWithATransferForOneMinuteAndToNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		itx := r.served()
		since := r.facts(itx).RightsSince
		r.refused(r.Transfer(ctx, r.agent, itx, r.agent.ID()), "interaction.colleague_unusable")
		r.refused(r.Transfer(ctx, r.agent, itx, id.New(id.Staff)), "interaction.colleague_unusable")
		r.ok(r.Transfer(ctx, r.agent, itx, r.other.ID()))
		if f := r.facts(itx); f.State != Held || f.Agent != r.agent.ID() {
			t.Fatalf("%+v", f)
		}
		waiting, err := r.Waiting(ctx, r.other)
		if err != nil || len(waiting) != 1 || !waiting[0].Handed {
			t.Fatalf("%v %v", waiting, err)
		}
		r.refused(r.Accept(ctx, r.boss, itx), "interaction.taken")
		*clock = clock.Add(59 * time.Second)
		r.ok(r.Accept(ctx, r.other, itx))
		if f := r.facts(itx); f.State != Serving || f.Agent != r.other.ID() || !f.RightsSince.Equal(since) || !f.Fresh(*clock) {
			t.Fatalf("in time: %+v", f)
		}
		r.refused(r.Move(ctx, r.agent, itx, Hold), "interaction.unknown")

		late := r.served()
		*clock = clock.Add(time.Second)
		r.ok(r.Transfer(ctx, r.agent, late, r.other.ID()))
		*clock = clock.Add(TransferLimit)
		r.ok(r.Accept(ctx, r.other, late))
		if f := r.facts(late); f.State != Identified || !f.RightsSince.Equal(*clock) {
			t.Fatalf("too late: %+v", f)
		}

		// Taken back: the colleague has nothing to accept any more.
		back := r.served()
		r.ok(r.Transfer(ctx, r.agent, back, r.other.ID()))
		r.ok(r.Move(ctx, r.agent, back, Resume))
		r.refused(r.Accept(ctx, r.other, back), "interaction.unknown")
	})
}

func TestAnotherSubjectForgetsWhatWasVerifiedAndNobodyIsExchangedInService(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		itx := r.call()
		r.ok(r.bind(r.agent, itx, subA))
		*clock = clock.Add(time.Second)
		r.ok(r.bind(r.agent, itx, subB))
		if f := r.facts(itx); f.Subject != subB || !f.RightsSince.Equal(*clock) {
			t.Fatalf("%+v", f)
		}
		*clock = clock.Add(time.Second)
		r.ok(r.bind(r.agent, itx, subA)) // and back: its key is there already
		if r.keys.children[subA+itx] != 1 {
			t.Fatalf("%v", r.keys.children)
		}
		r.ok(r.Move(ctx, r.agent, itx, Serve))
		r.refused(r.bind(r.agent, itx, subB), "interaction.subject_bound")
		r.ok(r.bind(r.agent, itx, subA))
		*clock = clock.Add(time.Second)
		r.ok(r.Move(ctx, r.agent, itx, Lower))
		if f := r.facts(itx); f.State != Identified || !f.RightsSince.Equal(*clock) {
			t.Fatalf("%+v", f)
		}
		r.ok(r.bind(r.agent, itx, subB))
		for _, s := range []string{foreign, "sub_00000000000000000000000zzz", "x"} {
			r.refused(r.bind(r.agent, itx, s), "interaction.subject_unknown")
		}
		for _, p := range []string{purOff, "pur_00000000000000000000000009", "x"} {
			r.refused(r.ChoosePurpose(ctx, r.agent, itx, p, ""), "interaction.purpose_unusable")
		}
	})
}

func TestTheNextCallEndsAnEarlierOneWhoseEndWasLost(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		first := r.served()
		second := r.call()
		if f := r.facts(first); f.State != Wrapup {
			t.Fatalf("%+v", f)
		}
		if f := r.facts(second); f.State != Connected {
			t.Fatalf("%+v", f)
		}
		if got := r.log.take(); !slices.Contains(got, "interaction.disconnect done interaction.next_call") {
			t.Fatalf("%v", got)
		}
	})
}

func TestAFreezeEndsEverythingAndNothingLeadsBack(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		itx := r.served()
		freeze := func() error {
			return r.d.Write(ctx, func(tx *db.Tx) error {
				return r.Freeze(tx, actor.NewCustomer("ver_1"), itx, "verification.denied_by_customer")
			})
		}
		r.ok(freeze())
		r.ok(freeze()) // twice changes nothing
		f := r.facts(itx)
		if f.State != Frozen || f.Open(*clock) {
			t.Fatalf("%+v", f)
		}
		for _, m := range []Move{Resume, Serve, Lower, Disconnect} {
			r.refused(r.Move(ctx, r.agent, itx, m), "interaction.wrong_state")
		}
		if got := r.log.take(); len(got) != 1 || got[0] != "interaction.freeze done verification.denied_by_customer" {
			t.Fatalf("%v", got)
		}
	})
}

func TestAProofThatComesDuringAHoldServesAfterIt(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		itx := r.call()
		r.ok(r.bind(r.agent, itx, subA))
		r.ok(r.Move(ctx, r.agent, itx, Verify))
		r.ok(r.Move(ctx, r.agent, itx, Hold))
		r.ok(r.d.Write(ctx, func(tx *db.Tx) error { return r.Proven(tx, actor.NewCustomer("ver_1"), itx) }))
		if f := r.facts(itx); f.State != Held || f.Back != Serving {
			t.Fatalf("%+v", f)
		}
		r.ok(r.d.Write(ctx, func(tx *db.Tx) error { return r.Unproven(tx, actor.NewCustomer("ver_1"), itx, "x") }))
		r.ok(r.Move(ctx, r.agent, itx, Resume))
		if f := r.facts(itx); f.State != Serving {
			t.Fatalf("%+v", f)
		}
	})
}

func TestTheCallersNumberIsMaskedMatchedAndForgotten(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		offer := func(number string) View {
			itx, err := r.Offer(ctx, r.client, Opening{Controller: ctl, Channel: Phone, Direction: Inbound, Number: number, Case: "CRM-7"})
			r.ok(err)
			v, err := r.Get(ctx, r.agent, itx)
			r.ok(err)
			return v
		}
		one := offer("0812-3456-4471")
		if one.Number != "+62 8** **** 4471" || one.Match != "one" || len(one.Risks) != 0 {
			t.Fatalf("%+v", one)
		}
		if v := offer("+62 812 3456 0000"); v.Match != "many" {
			t.Fatalf("%+v", v)
		}
		if v := offer("021"); v.Match != "none" || v.Number != "****" {
			t.Fatalf("%+v", v)
		}
		offer("+6281234564471")
		if v := offer("081234564471"); !slices.Contains(v.Risks, "repeat_calls") {
			t.Fatalf("third call of the day: %+v", v)
		}
		r.ok(r.Accept(ctx, r.agent, one.ID))
		var candidates []string
		r.ok(r.d.Read(ctx, func(tx *db.Tx) (err error) { candidates, err = r.Candidates(tx, r.agent, one.ID); return err }))
		if !slices.Equal(candidates, []string{subA}) {
			t.Fatalf("%v", candidates)
		}
		r.ok(r.bind(r.agent, one.ID, subA))
		if !r.facts(one.ID).CLIMatch {
			t.Fatal("the number is the subject's and does not count")
		}
		typed, err := r.Start(ctx, r.agent, Opening{Controller: ctl, Channel: Chat, Direction: Inbound, Number: "081234564471"})
		r.ok(err)
		r.ok(r.bind(r.agent, typed, subA))
		if r.facts(typed).CLIMatch {
			t.Fatal("a number that the agent typed counts as a signal")
		}
		for _, written := range []Channel{Chat, Email} { // where the visitor types the number, into a form or a header
			itx, err := r.Offer(ctx, r.client, Opening{Controller: ctl, Channel: written, Direction: Inbound, Number: "081234564471"})
			r.ok(err)
			r.ok(r.Accept(ctx, r.agent, itx))
			r.ok(r.bind(r.agent, itx, subA))
			if r.facts(itx).CLIMatch {
				t.Fatalf("a number that came with the %s counts as a signal", written)
			}
		}
		var cases []string
		r.ok(r.d.Read(ctx, func(tx *db.Tx) (err error) { cases, err = r.CaseReferences(tx, ctl, " crm-7 "); return err }))
		if !slices.Equal(cases, []string{subA}) {
			t.Fatalf("%v", cases)
		}
		r.ok(r.Seal(ctx, r.agent, one.ID, "resolved"))
		v, err := r.Get(ctx, r.agent, one.ID)
		if err != nil || v.Number != "" {
			t.Fatalf("%+v %v", v, err)
		}
		// Nothing in the tables reads like the number.
		r.ok(r.d.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Rows(`select `+columns+` from interaction_contact`, nil, func(row db.Row) error {
				c, err := scan(row)
				if err == nil && (bytes.Contains([]byte(fmt.Sprintf("%+v", *c)), []byte("4471")) || c.id == one.ID && (c.number != nil || c.candidates != nil)) {
					t.Errorf("the number stands in a row: %+v", *c)
				}
				return err
			})
		}))
	})
}

func event(kind EventKind, sequence int64, contact string, data Data) Event {
	return Event{Source: "pbx", ID: fmt.Sprintf("%s-%d-%s", contact, sequence, kind), Sequence: sequence, Kind: kind, Contact: contact, Data: data}
}

func TestEventsAreTakenOnceAndOnlyLowerWhenInDoubt(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		send := func(e Event, outcome string) string {
			t.Helper()
			got, err := r.Receive(ctx, r.client, e)
			if err != nil || got.Outcome != outcome {
				t.Fatalf("%s %d: %+v %v, want %s", e.Kind, e.Sequence, got, err, outcome)
			}
			return got.Interaction
		}
		offered := event(ContactOffered, 1, "c1", Data{Controller: ctl, Channel: "phone", Direction: "inbound", Queue: "Kartu", From: "+6281234564471"})
		itx := send(offered, Applied)
		if again := send(offered, Duplicate); again != itx {
			t.Fatalf("%s %s", again, itx)
		}
		send(event(ContactConnected, 2, "c1", Data{Agent: r.agent.ID()}), Applied)
		if f := r.facts(itx); f.State != Connected || f.Agent != r.agent.ID() || f.Fresh(*clock) {
			t.Fatalf("connected by the exchange, before the desk beats: %+v", f)
		}
		r.ok(r.Heartbeat(ctx, r.agent, itx))
		r.ok(r.bind(r.agent, itx, subA))
		r.ok(r.Move(ctx, r.agent, itx, Serve))
		since := r.facts(itx).RightsSince
		*clock = clock.Add(time.Second)
		send(event("recording.paused", 3, "c1", Data{}), Ignored)
		send(event(ContactHeld, 4, "c1", Data{}), Applied)
		send(event(ContactResumed, 5, "c1", Data{}), Applied)
		if f := r.facts(itx); f.State != Serving || !f.RightsSince.Equal(since) {
			t.Fatalf("%+v", f)
		}
		send(event("recording.resumed", 7, "c1", Data{Risks: []string{"sim_changed", "made up"}}), Lowered)
		if f := r.facts(itx); !f.RightsSince.Equal(*clock) || !slices.Equal(f.Risks, []string{"sim_changed"}) {
			t.Fatalf("%+v", f)
		}
		send(event(ContactTransferred, 8, "c1", Data{}), Applied)
		if f := r.facts(itx); f.State != Held || f.Agent != "" {
			t.Fatalf("%+v", f)
		}
		r.refused(r.Move(ctx, r.agent, itx, Resume), "interaction.unknown")
		send(event(ContactConnected, 9, "c1", Data{Agent: r.other.ID()}), Applied)
		waiting, err := r.Waiting(ctx, r.other)
		if err != nil || len(waiting) != 1 || waiting[0].ID != itx {
			t.Fatalf("%v %v", waiting, err)
		}
		r.ok(r.Accept(ctx, r.other, itx))
		if f := r.facts(itx); f.State != Identified || f.Agent != r.other.ID() {
			t.Fatalf("%+v", f)
		}
		send(event(ContactEnded, 6, "c1", Data{}), Applied) // late, and still an end
		if f := r.facts(itx); f.State != Wrapup {
			t.Fatalf("%+v", f)
		}
		send(event(ContactEnded, 2, "nobody", Data{}), Ignored)
		// An exchange that does not know us may not open contacts of another controller.
		_, err = r.Receive(ctx, r.client, event(ContactOffered, 1, "c2", Data{Controller: otherCtl}))
		r.refused(err, "interaction.other_controller")
		_, err = r.Receive(ctx, r.agent, offered)
		r.refused(err, "interaction.not_allowed")
		_, err = r.Receive(ctx, r.client, event(ContactOffered, 1, "c3", Data{Controller: ctl, Queue: "<script>"}))
		r.refused(err, "interaction.opening_malformed")
		if lost := send(event(ContactConnected, 2, "c4", Data{Agent: r.agent.ID()}), Applied); r.facts(lost).State != Offered {
			t.Fatal("connected without an offer")
		}
	})
}

func TestTelephonyConfirmsAHandOverAndAnotherTargetVoidsIt(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx := context.Background()
		send := func(kind EventKind, sequence int64, contact, agent string) string {
			t.Helper()
			got, err := r.Receive(ctx, r.client, event(kind, sequence, contact, Data{Controller: ctl, Agent: agent}))
			r.ok(err)
			return got.Interaction
		}
		handed := func(contact string) (string, time.Time) {
			itx := send(ContactOffered, 1, contact, "")
			send(ContactConnected, 2, contact, r.agent.ID())
			r.ok(r.Heartbeat(ctx, r.agent, itx))
			r.ok(r.bind(r.agent, itx, subA))
			r.ok(r.Move(ctx, r.agent, itx, Serve))
			since := r.facts(itx).RightsSince
			*clock = clock.Add(time.Second)
			r.ok(r.Transfer(ctx, r.agent, itx, r.other.ID()))
			send(ContactTransferred, 3, contact, "")
			r.refused(r.Move(ctx, r.agent, itx, Resume), "interaction.unknown")
			return itx, since
		}
		itx, since := handed("c1")
		send(ContactConnected, 4, "c1", r.other.ID())
		r.ok(r.Accept(ctx, r.other, itx))
		if f := r.facts(itx); f.State != Serving || f.Agent != r.other.ID() || !f.RightsSince.Equal(since) {
			t.Fatalf("confirmed: %+v", f)
		}
		itx, since = handed("c2")
		send(ContactConnected, 5, "c2", r.other.ID()) // over a gap: in doubt
		r.ok(r.Accept(ctx, r.other, itx))
		if f := r.facts(itx); f.RightsSince.Equal(since) {
			t.Fatalf("over a gap: %+v", f)
		}
		itx, since = handed("c3")
		send(ContactConnected, 4, "c3", r.agent.ID()) // somebody else than the agent said
		r.refused(r.Accept(ctx, r.other, itx), "interaction.taken")
		r.ok(r.Accept(ctx, r.agent, itx))
		if f := r.facts(itx); f.State != Identified || f.RightsSince.Equal(since) {
			t.Fatalf("another target: %+v", f)
		}
	})
}

func TestAnEventIsReadInBothModesAndNeverQuoted(t *testing.T) {
	structured := http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}}
	binary := http.Header{"Content-Type": {"application/json"}, "Ce-Specversion": {"1.0"}, "Ce-Id": {"e1"}, "Ce-Source": {"pbx"}, "Ce-Type": {"contact.offered"}, "Ce-Subject": {"c1"}, "Ce-Sequence": {"1"}}
	want := Event{Source: "pbx", ID: "e1", Sequence: 1, Kind: ContactOffered, Contact: "c1", Data: Data{Channel: "phone", From: "0812"}}
	for _, c := range []struct {
		h    http.Header
		body string
	}{
		{structured, `{"specversion":"1.0","id":"e1","source":"pbx","type":"contact.offered","subject":"c1","sequence":"1","data":{"channel":"phone","from":"0812","unknown":[1]}}`},
		{structured, `{"specversion":"1.0","id":"e1","source":"pbx","type":"contact.offered","sequence":1,"time":"2026-11-23T00:00:00Z","data":{"channel":"phone","from":"0812","contact":"c1"}}`},
		{binary, `{"channel":"phone","from":"0812"}`},
	} {
		got, err := ParseEvent(c.h, []byte(c.body))
		got.Data.Contact = ""
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v %v", c.body, got, err)
		}
	}
	canary := "0812CANARY"
	for name, c := range map[string]struct {
		h    http.Header
		body string
	}{
		"no json":          {structured, `{"from":"` + canary},
		"another version":  {structured, `{"specversion":"0.3","id":"e","source":"s","type":"t","subject":"c","sequence":"1"}`},
		"no sequence":      {structured, `{"specversion":"1.0","id":"e","source":"s","type":"t","subject":"c"}`},
		"sequence no one":  {structured, `{"specversion":"1.0","id":"e","source":"s","type":"t","subject":"c","sequence":"` + canary + `"}`},
		"negative":         {structured, `{"specversion":"1.0","id":"e","source":"s","type":"t","subject":"c","sequence":-1}`},
		"no id":            {structured, `{"specversion":"1.0","source":"s","type":"t","subject":"c","sequence":"1"}`},
		"long id":          {structured, `{"specversion":"1.0","id":"` + strings.Repeat("x", 257) + `","source":"s","type":"t","subject":"c","sequence":"1"}`},
		"data no object":   {structured, `{"specversion":"1.0","id":"e","source":"s","type":"t","subject":"c","sequence":"1","data":"` + canary + `"}`},
		"two values":       {structured, `{"specversion":"1.0","id":"e","source":"s","type":"t","subject":"c","sequence":"1"} {}`},
		"another type":     {http.Header{"Content-Type": {"text/plain"}}, `{}`},
		"too large":        {structured, strings.Repeat(" ", MaxEvent+1)},
		"nested too deep":  {structured, strings.Repeat(`{"a":`, 20000)},
		"binary, bad data": {binary, `[` + canary},
	} {
		_, err := ParseEvent(c.h, []byte(c.body))
		if errs.KindOf(err) != errs.Invalid || strings.Contains(fmt.Sprintf("%+v %v", err, errors.Unwrap(err)), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpeningsHoldReferencesAndNoSentences(t *testing.T) {
	good := Opening{Controller: ctl, Channel: Phone, Direction: Inbound}
	for name, change := range map[string]func(*Opening){
		"controller": func(o *Opening) { o.Controller = "Bank" }, "channel": func(o *Opening) { o.Channel = "fax" },
		"direction": func(o *Opening) { o.Direction = "" }, "queue": func(o *Opening) { o.Queue = "Bu Sri, \n" },
		"case": func(o *Opening) { o.Case = "Ibu Sri Wahyuni" }, "long": func(o *Opening) { o.Queue = strings.Repeat("x", 65) },
		"language": func(o *Opening) { o.Language = "xx" }, "number": func(o *Opening) { o.Number = strings.Repeat("1", 65) },
		"risk": func(o *Opening) { o.Risks = []string{"black hair"} },
	} {
		o := good
		change(&o)
		if err := o.check(); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := good.check(); err != nil || good.Language != "id" {
		t.Error(err, good.Language)
	}
}

func TestNewsReachesTheDesksItConcernsAndNeverBlocks(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		mine, stop := r.Hub().Subscribe(r.agent)
		others, stopOthers := r.Hub().Subscribe(r.other)
		bosses, stopBosses := r.Hub().Subscribe(r.boss)
		defer stopOthers()
		defer stopBosses()
		itx, err := r.Offer(ctx, r.client, Opening{Controller: ctl, Channel: Phone, Direction: Inbound})
		r.ok(err)
		for name, desk := range map[string]<-chan News{"agent": mine, "other": others, "boss": bosses} {
			if n := <-desk; n.Kind != "ring" || n.Interaction != itx {
				t.Fatalf("%s: %+v", name, n)
			}
		}
		r.ok(r.Accept(ctx, r.agent, itx))
		if n := <-mine; n.Kind != "changed" {
			t.Fatalf("%+v", n)
		}
		select {
		case n := <-others:
			t.Fatalf("another agent hears of a call that is not his: %+v", n)
		default:
		}
		for range 100 { // a desk that does not listen
			r.Hub().Publish(News{Kind: "changed", Agent: r.agent.ID(), Controller: ctl})
		}
		stop()
		stop()
	})
}

func BenchmarkFacts(b *testing.B) {
	d := dbtest.Open(b, Schema())
	s := &Service{}
	itx := id.New(id.Interaction)
	if err := d.Write(context.Background(), func(tx *db.Tx) error {
		insert(tx, &contact{id: itx, Contact: Contact{Position: Position{State: Serving}}}, []byte("x"), nil)
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	_ = d.Read(context.Background(), func(tx *db.Tx) error {
		for b.Loop() {
			if _, err := s.Facts(tx, itx); err != nil {
				b.Fatal(err)
			}
		}
		return nil
	})
}

package jobs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that a test moves.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixMicro())
	return c
}
func (c *clock) now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// each opens both engines on a clock that the test moves.
func each(t *testing.T, test func(t *testing.T, d *db.DB, c *clock)) {
	t.Run("sqlite", func(t *testing.T) {
		c := newClock()
		test(t, dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: c.now}, Schema()), c)
	})
	t.Run("postgres", func(t *testing.T) {
		c := newClock()
		test(t, dbtest.OpenWith(t, db.Options{URL: dbtest.PostgresURL(t), Clock: c.now}, Schema()), c)
	})
}

func insert(t *testing.T, d *db.DB, js ...Job) {
	t.Helper()
	for _, j := range js {
		if err := d.Write(context.Background(), func(tx *db.Tx) error { return Insert(tx, j) }); err != nil {
			t.Fatal(err)
		}
	}
}

func counts(t *testing.T, d *db.DB) map[string]int64 {
	t.Helper()
	var out map[string]int64
	if err := d.Read(context.Background(), func(tx *db.Tx) (err error) { out, err = Counts(tx); return err }); err != nil {
		t.Fatal(err)
	}
	return out
}

func due(t *testing.T, w *Worker) int {
	t.Helper()
	n, err := w.RunDue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type payload struct {
	Interaction string `json:"interaction"`
}

func TestAJobExistsOnlyIfItsTransactionCommits(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *clock) {
		var got []string
		w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": func(_ context.Context, r Run) error {
			var p payload
			if err := r.Decode(&p); err != nil {
				return err
			}
			got = append(got, p.Interaction)
			return nil
		}}})
		boom := errors.New("boom")
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			if err := Insert(tx, Job{Kind: "room.work", Payload: payload{"itx_never"}}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("error %v", err)
		}
		insert(t, d, Job{Kind: "room.work", Payload: payload{"itx_1"}})
		if n := due(t, w); n != 1 || len(got) != 1 || got[0] != "itx_1" {
			t.Errorf("%d runs, payloads %v", n, got)
		}
		if c := counts(t, d); c[Waiting]+c[Running]+c[Dead] != 0 {
			t.Errorf("a job that is done left a row: %v", c)
		}
	})
}

func TestAJobOfTheSameKindAndKeyIsWrittenOnceWhileItLives(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *clock) {
		runs := 0
		w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": func(context.Context, Run) error { runs++; return nil }}})
		j := Job{Kind: "room.work", Key: "k"}
		insert(t, d, j, j, j, Job{Kind: "room.work", Key: "other"}, Job{Kind: "room.work"}, Job{Kind: "room.work"})
		due(t, w)
		if runs != 4 {
			t.Errorf("%d runs, want 4: k once, other once, two without a key", runs)
		}
		insert(t, d, j)
		due(t, w)
		if runs != 5 {
			t.Error("the key is not free again after the job is done")
		}
	})
}

func TestAJobWaitsForItsTime(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		runs := 0
		w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": func(context.Context, Run) error { runs++; return nil }}})
		insert(t, d, Job{Kind: "room.work", RunAt: c.now().Add(time.Hour)})
		if due(t, w) != 0 {
			t.Error("ran too early")
		}
		c.advance(time.Hour)
		if due(t, w) != 1 || runs != 1 {
			t.Error("did not run at its time")
		}
	})
}

func TestAFailingJobIsTriedLaterAndLaterAndThenKeptAsADeadLetter(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		var attempts []int
		fail := true
		w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": func(_ context.Context, r Run) error {
			attempts = append(attempts, r.Attempt)
			if fail {
				return errs.Wrap(errs.Unavailable, "room.down", errors.New("Budi's mailbox is full"))
			}
			return nil
		}}})
		insert(t, d, Job{Kind: "room.work", Key: "k", MaxAttempts: 3})
		for i := 1; i <= 3; i++ {
			if n := due(t, w); n != 1 {
				t.Fatalf("attempt %d: %d runs", i, n)
			}
			if n := due(t, w); n != 0 {
				t.Fatalf("attempt %d was repeated without waiting", i)
			}
			c.advance(Backoff(i))
		}
		if due(t, w) != 0 || len(attempts) != 3 {
			t.Fatalf("attempts %v, want 1 2 3", attempts)
		}
		var dead []Status
		if err := d.Read(context.Background(), func(tx *db.Tx) (err error) { dead, err = List(tx, Dead, 10); return err }); err != nil {
			t.Fatal(err)
		}
		if len(dead) != 1 || dead[0].ErrorCode != "room.down" || dead[0].Attempt != 3 {
			t.Fatalf("dead letters %+v", dead)
		}
		// A dead letter does not hold its key; revived, it runs again from attempt 1.
		fail = false
		if err := d.Write(context.Background(), func(tx *db.Tx) error { return Revive(tx, dead[0].ID) }); err != nil {
			t.Fatal(err)
		}
		if due(t, w) != 1 || attempts[3] != 1 {
			t.Errorf("attempts after the revival: %v", attempts)
		}
		err := d.Write(context.Background(), func(tx *db.Tx) error { return Revive(tx, dead[0].ID) })
		if errs.KindOf(err) != errs.NotFound {
			t.Errorf("reviving what is not dead: %v", err)
		}
	})
}

func TestARevivedJobDoesNotPushAsideALivingOneWithItsKey(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *clock) {
		w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": func(context.Context, Run) error { return Fatal(errs.New(errs.Invalid, "room.never")) }}})
		insert(t, d, Job{Kind: "room.work", Key: "k"})
		due(t, w)
		insert(t, d, Job{Kind: "room.work", Key: "k", RunAt: w.db.Now().Add(time.Hour)})
		var dead []Status
		_ = d.Read(context.Background(), func(tx *db.Tx) (err error) { dead, err = List(tx, Dead, 10); return err })
		if len(dead) != 1 || dead[0].Attempt != 1 {
			t.Fatalf("a fatal error makes a dead letter at the first attempt, got %+v", dead)
		}
		if err := d.Write(context.Background(), func(tx *db.Tx) error { return Revive(tx, dead[0].ID) }); errs.KindOf(err) != errs.Conflict {
			t.Errorf("got %v, want a conflict", err)
		}
		if err := d.Write(context.Background(), func(tx *db.Tx) error { return Discard(tx, dead[0].ID) }); err != nil {
			t.Error(err)
		}
		ok := false
		if err := d.Write(context.Background(), func(tx *db.Tx) (err error) { ok, err = Cancel(tx, "room.work", "k"); return err }); err != nil || !ok {
			t.Errorf("cancel: %v %v", ok, err)
		}
		if c := counts(t, d); c[Waiting]+c[Dead] != 0 {
			t.Errorf("left over: %v", c)
		}
	})
}

func TestAPanicInAHandlerIsAFailureOfThatJobOnly(t *testing.T) {
	d := dbtest.Open(t, Schema())
	w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": func(context.Context, Run) error { panic("no") }}})
	insert(t, d, Job{Kind: "room.work"})
	due(t, w)
	var waiting []Status
	_ = d.Read(context.Background(), func(tx *db.Tx) (err error) { waiting, err = List(tx, Waiting, 10); return err })
	if len(waiting) != 1 || waiting[0].ErrorCode != "jobs.panic" {
		t.Errorf("got %+v", waiting)
	}
}

func TestANodeThatDiesLosesItsLeaseAndNotItsJob(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		dead := New(d, Options{Node: "dead", Handlers: map[string]Handler{"room.work": nil}})
		runs := 0
		alive := New(d, Options{Node: "alive", Handlers: map[string]Handler{"room.work": func(_ context.Context, r Run) error { runs = r.Attempt; return nil }}})
		insert(t, d, Job{Kind: "room.work"})
		batch, err := dead.take(context.Background(), 10) // leases, and is never heard of again
		if err != nil || len(batch) != 1 {
			t.Fatal(err, batch)
		}
		if due(t, alive) != 0 {
			t.Error("a leased job was run by another node")
		}
		c.advance(leaseTime)
		if due(t, alive) != 1 || runs != 2 {
			t.Errorf("attempt %d after the lease ran out", runs)
		}
		// The dead node comes back and wants to settle what is no longer its own.
		insert(t, d, Job{Kind: "room.work", Key: "again"})
		if err := d.Write(context.Background(), func(tx *db.Tx) error { return dead.finish(tx, batch[0], nil) }); err != nil {
			t.Fatal(err)
		}
		if counts(t, d)[Waiting] != 1 {
			t.Error("a lost lease settled a job")
		}
	})
}

func TestAJobThatEndsItsNodeEachTimeBecomesADeadLetter(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		dies := New(d, Options{Node: "dies", Handlers: map[string]Handler{"room.work": nil}})
		insert(t, d, Job{Kind: "room.work", Key: "k", MaxAttempts: 3})
		for i := range 3 {
			if batch, err := dies.take(context.Background(), 10); err != nil || len(batch) != 1 {
				t.Fatalf("attempt %d: %v %v", i+1, batch, err)
			}
			c.advance(leaseTime)
		}
		if batch, err := dies.take(context.Background(), 10); err != nil || len(batch) != 0 {
			t.Errorf("leased a fourth time: %v %v", batch, err)
		}
		var dead []Status
		_ = d.Read(context.Background(), func(tx *db.Tx) (err error) { dead, err = List(tx, Dead, 10); return err })
		if len(dead) != 1 || dead[0].ErrorCode != "jobs.never_settled" {
			t.Errorf("got %+v", dead)
		}
		insert(t, d, Job{Kind: "room.work", Key: "k"})
		if c := counts(t, d); c[Waiting] != 1 {
			t.Errorf("the dead letter holds its key: %v", c)
		}
	})
}

func TestALeaseIsRenewedOnlyByTheNodeThatHoldsIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		a := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.work": nil}})
		b := New(d, Options{Node: "b", Handlers: map[string]Handler{"room.work": nil}})
		insert(t, d, Job{Kind: "room.work"})
		batch, err := a.take(context.Background(), 1)
		if err != nil || len(batch) != 1 {
			t.Fatal(err, batch)
		}
		renew := func(w *Worker) (ok bool) {
			if err := d.Write(context.Background(), func(tx *db.Tx) (err error) { ok, err = w.renew(tx, batch[0].ID, 1); return err }); err != nil {
				t.Fatal(err)
			}
			return ok
		}
		c.advance(leaseTime / 2)
		if !renew(a) || renew(b) {
			t.Error("renewal is not bound to the holder")
		}
		c.advance(leaseTime * 3 / 4)
		if got, _ := b.take(context.Background(), 1); len(got) != 0 {
			t.Error("a renewed lease was taken")
		}
	})
}

func TestAScheduleRunsOncePerPeriodOverAllNodes(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, c *clock) {
		runs := 0
		h := map[string]Handler{"room.sweep": func(context.Context, Run) error { runs++; return nil }, "room.boot": func(context.Context, Run) error { runs += 100; return nil }}
		s := []Schedule{{Kind: "room.sweep", Every: time.Hour}, {Kind: "room.boot", Every: 1000 * time.Hour, AtStart: true}}
		a, b := New(d, Options{Node: "a", Handlers: h, Schedules: s}), New(d, Options{Node: "b", Handlers: h, Schedules: s})
		due(t, a)
		due(t, b)
		if runs != 100 {
			t.Fatalf("at start: %d, want the one that asked for it", runs)
		}
		for range 3 {
			c.advance(time.Hour)
			due(t, a)
			due(t, b)
		}
		if runs != 103 {
			t.Errorf("%d, want 3 more in 3 periods", runs-100)
		}
	})
}

func TestAKindWithoutAHandlerIsKeptAndCountedAndCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *clock) {
		w := New(d, Options{Node: "a", Handlers: map[string]Handler{"room.old": func(context.Context, Run) error { return nil }}})
		none := New(d, Options{Node: "b"})
		for range 3 {
			insert(t, d, Job{Kind: "room.new"})
		}
		insert(t, d, Job{Kind: "room.old"})
		if due(t, w) != 1 || due(t, none) != 0 || counts(t, d)[Waiting] != 3 {
			t.Error("a job of an unknown kind was taken, or one of a known kind was not")
		}
		writes := d.Stats().Writes
		if due(t, w) != 0 || d.Stats().Writes != writes {
			t.Error("a node with nothing to do writes because of jobs that are not its own")
		}
		for node, want := range map[*Worker]int64{w: 3, none: 0} { // a node that takes nothing knows of nobody's work
			err := d.Read(t.Context(), func(tx *db.Tx) error {
				all, err := node.Untaken(tx)
				if all["room.new"] != want || len(all) > 1 {
					t.Errorf("untaken: %v", all)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestBadJobsAreRefused(t *testing.T) {
	d := dbtest.Open(t, Schema())
	for code, j := range map[string]Job{
		"jobs.no_kind":           {},
		"jobs.payload":           {Kind: "k", Payload: func() {}},
		"jobs.payload_too_large": {Kind: "k", Payload: strings.Repeat("x", MaxPayload)},
	} {
		err := d.Write(context.Background(), func(tx *db.Tx) error { return Insert(tx, j) })
		if errs.Of(err).Code != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	var p payload
	var f fatal
	if err := (Run{Payload: []byte("{")}).Decode(&p); !errors.As(err, &f) || errs.Of(err).Code != "jobs.payload" {
		t.Errorf("a payload that cannot be read: %v", err)
	}
}

func TestBackoffDoublesAndStopsAtSixHours(t *testing.T) {
	total := time.Duration(0)
	for i := 1; i < defaultAttempts; i++ {
		total += Backoff(i)
	}
	if Backoff(0) != 5*time.Second || Backoff(1) != 5*time.Second || Backoff(2) != 10*time.Second || Backoff(13) != 5*time.Hour+41*time.Minute+20*time.Second || Backoff(14) != 6*time.Hour || Backoff(1000) != 6*time.Hour {
		t.Error("backoff is not what it promises")
	}
	if total < 20*time.Hour || total > 28*time.Hour {
		t.Errorf("default attempts last %v", total)
	}
}

func TestAWorkerWakesForItsOwnNodesJobsAndStopsCleanly(t *testing.T) {
	d := dbtest.Open(t, Schema())
	var mu sync.Mutex
	done := map[string]bool{}
	all := make(chan struct{})
	w := New(d, Options{Node: "a", Parallel: 3, Handlers: map[string]Handler{"room.work": func(_ context.Context, r Run) error {
		mu.Lock()
		defer mu.Unlock()
		done[r.Key] = true
		if len(done) == 20 {
			close(all)
		}
		return nil
	}}})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { w.Run(ctx); close(stopped) }()
	for i := range 20 {
		insert(t, d, Job{Kind: "room.work", Key: string(rune('a' + i))})
	}
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Error("not all jobs ran")
	}
	cancel()
	<-stopped
	if c := counts(t, d); c[Waiting]+c[Running] != 0 {
		t.Errorf("left over: %v", c)
	}
	idle, stop := context.WithCancel(context.Background())
	stop()
	New(d, Options{Node: "b"}).Run(idle) // a node without handlers only waits
}

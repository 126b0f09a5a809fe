package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

const (
	leaseTime = time.Minute
	// pollTime bounds how late a job of another node, or one whose time has come, is noticed. Jobs
	// written on this node wake the worker at once.
	pollTime = 500 * time.Millisecond
)

// Schedule asks for a job of this kind once per period, over all nodes.
type Schedule struct {
	Kind    string
	Every   time.Duration
	AtStart bool // the first one at the first start of the deployment, instead of one period later
}

// Options say how a worker works.
type Options struct {
	Node      string // names this node in leases
	Handlers  map[string]Handler
	Schedules []Schedule
	Parallel  int // how many jobs at a time; 0 means 4
	Log       *slog.Logger
}

// Worker runs due jobs on one node.
type Worker struct {
	db        *db.DB
	node      string
	handlers  map[string]Handler
	schedules []Schedule
	parallel  int
	log       *slog.Logger
	kinds     []any
	due       string
	woken     chan struct{}
}

// hook is the key under which Insert stages its wish to wake this node's worker.
type hook struct{}

func wake(tx *db.Tx) { tx.Stage(hook{}, nil) }

// New makes a worker. It must be made before the first write to d, because it registers how writes wake it.
// Jobs of a kind that has no handler here are left for a node that has one.
func New(d *db.DB, o Options) *Worker {
	w := &Worker{db: d, node: o.Node, parallel: o.Parallel, log: o.Log, woken: make(chan struct{}, 1)}
	if w.parallel == 0 {
		w.parallel = 4
	}
	if w.log == nil {
		w.log = slog.Default()
	}
	w.Use(o.Handlers, o.Schedules)
	d.BeforeCommit(hook{}, func(tx *db.Tx, _ []any) error {
		tx.AfterCommit(func() {
			select {
			case w.woken <- struct{}{}:
			default:
			}
		})
		return nil
	})
	return w
}

// Use sets what the worker does, for a program that makes its worker before the rooms whose jobs it runs. Call it
// before Run.
func (w *Worker) Use(handlers map[string]Handler, schedules []Schedule) {
	w.handlers, w.schedules, w.kinds = maps.Clone(handlers), schedules, nil
	for _, kind := range slices.Sorted(maps.Keys(w.handlers)) {
		w.kinds = append(w.kinds, kind)
	}
	w.due = dueSQL(len(w.kinds))
}

// Run works until ctx ends, then waits for the handlers that are running; they see ctx ended too.
func (w *Worker) Run(ctx context.Context) {
	if len(w.kinds) == 0 {
		<-ctx.Done()
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, w.parallel)
	timer := time.NewTicker(pollTime)
	defer timer.Stop()
	for ctx.Err() == nil {
		free := w.parallel - len(slots)
		taken := 0
		if free > 0 {
			batch, err := w.take(ctx, free)
			if err != nil && ctx.Err() == nil {
				w.log.Error("jobs cannot be read", slog.String("code", errs.Of(err).Code))
			}
			taken = len(batch)
			for _, l := range batch {
				slots <- struct{}{}
				running.Go(func() {
					defer func() {
						<-slots
						select { // there is a free slot: look again
						case w.woken <- struct{}{}:
						default:
						}
					}()
					w.do(ctx, l)
				})
			}
		}
		if free > 0 && taken == free {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
		case <-w.woken:
		case <-timer.C:
		}
	}
}

// RunDue runs what is due now, one job after the other, until nothing is left, and returns how many runs
// that were. A job that fails waits for its next attempt and is not run again here unless the clock reaches it.
// It serves tests and the seeding of the demonstration.
func (w *Worker) RunDue(ctx context.Context) (int, error) {
	runs := 0
	for len(w.kinds) > 0 {
		batch, err := w.take(ctx, 1)
		if err != nil || len(batch) == 0 {
			return runs, err
		}
		w.do(ctx, batch[0])
		runs++
	}
	return runs, nil
}

// take leases due jobs. It looks with a read first, so that an idle node writes nothing.
func (w *Worker) take(ctx context.Context, limit int) ([]leased, error) {
	idle := true
	err := w.db.Read(ctx, func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		var n int64
		if err := tx.Data.Row(anyDueSQL(len(w.kinds)), append([]any{now}, w.kinds...)...).Scan(&n); err != nil {
			return err
		}
		idle = n == 0
		for _, s := range w.schedules {
			if err := tx.Data.Row(`select count(*) from jobs_schedule where name = $1 and next_at > $2`, s.Kind, now).Scan(&n); err != nil {
				return err
			}
			idle = idle && n == 1
		}
		return nil
	})
	if err != nil || idle {
		return nil, err
	}
	var batch []leased
	err = w.db.Write(ctx, func(tx *db.Tx) (err error) {
		if err = w.tick(tx); err != nil {
			return err
		}
		batch, err = w.lease(tx, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return batch, nil
}

// do runs one job, keeps its lease meanwhile and settles it.
func (w *Worker) do(ctx context.Context, l leased) {
	runCtx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { w.keep(runCtx, cancel, l) })
	err := call(runCtx, w.handlers[l.Kind], l.Run)
	cancel()
	keeping.Wait()
	if err != nil {
		// The code only: the text of a cause may quote what a customer gave.
		w.log.Warn("job failed", slog.String("job", l.ID), slog.String("kind", l.Kind), slog.Int("attempt", l.Attempt),
			slog.Int("of", l.max), slog.String("code", errs.Of(err).Code))
	}
	// Settled even when the node is stopping: a job that is done must not be run again for want of a context.
	if err := w.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error { return w.finish(tx, l, err) }); err != nil {
		w.log.Error("job not settled; it will be run again", slog.String("job", l.ID), slog.String("code", errs.Of(err).Code))
	}
}

// keep renews the lease three times in its life and ends the run when the lease is lost.
func (w *Worker) keep(ctx context.Context, lost context.CancelFunc, l leased) {
	t := time.NewTicker(leaseTime / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		ours := true
		err := w.db.Write(ctx, func(tx *db.Tx) (err error) {
			ours, err = w.renew(tx, l.ID, l.Attempt)
			return err
		})
		if err == nil && !ours {
			w.log.Warn("job's lease lost", slog.String("job", l.ID))
			lost()
			return
		}
	}
}

// call runs a handler and turns its panic into an error, so that a defect in one job does not end the node.
func call(ctx context.Context, h Handler, r Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Wrap(errs.Internal, "jobs.panic", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
	}()
	return h(ctx, r)
}

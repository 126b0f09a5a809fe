package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

const (
	closureBudget = 5 * time.Millisecond
	maxBatch      = 256
	maxReruns     = 5
	warnEvery     = time.Minute // a slow disk is told about, not listed
	redial        = 100 * time.Millisecond
)

type request struct {
	ctx    context.Context
	fn     func(*Tx) error
	alone  func(*session) error // in place of fn: between two batches, outside any transaction
	done   chan error
	queued time.Time
	staged []staged
	after  []func()
	err    error
}

type beforeCommit struct {
	hook any
	fn   func(*Tx, []any) error
}

type writer struct {
	db    *DB
	s     *session
	hooks []beforeCommit
	queue chan *request

	mu      sync.RWMutex // held for reading while a request is being queued
	stopped bool
	ended   chan struct{}

	writes, failed, batches, reruns, slow atomic.Uint64
	commits                               [storeCount]atomic.Uint64
	queueNanos                            atomic.Int64
	warned                                time.Time // of the writer's goroutine alone

	dialled chan *session // of the writer's goroutine: a new session is on its way
	refused time.Time     // when the last one was not to be had
}

func newWriter(d *DB, s *session, depth int) *writer {
	return &writer{db: d, s: s, queue: make(chan *request, depth), ended: make(chan struct{})}
}

func (w *writer) submit(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return errs.Wrap(errs.Unavailable, "db.busy", err)
	}
	return w.enqueue(&request{ctx: ctx, fn: fn, done: make(chan error, 1), queued: time.Now()})
}

func (w *writer) enqueue(r *request) error {
	w.mu.RLock()
	if w.stopped {
		w.mu.RUnlock()
		return errs.New(errs.Unavailable, "db.closed")
	}
	select {
	case w.queue <- r:
		w.mu.RUnlock()
	default:
		w.mu.RUnlock()
		return errs.New(errs.Unavailable, "db.queue_full")
	}
	// From here on the answer is awaited even if the caller's context ends: a caller must
	// know whether its act happened.
	return translate(<-r.done)
}

func (w *writer) stop() {
	w.mu.Lock()
	w.stopped = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	defer func() {
		w.mend()
		w.s.close()
		if w.dialled != nil {
			if s := <-w.dialled; s != nil {
				s.close()
			}
		}
	}()
	batch := make([]*request, 0, maxBatch)
	for r := range w.queue {
		if len(batch) > 1 {
			// The last batch was shared, so others are about to ask: whoever can run does so first, and is in this
			// batch instead of the next. That halves the commits when callers share the processors with the writer.
			runtime.Gosched()
			runtime.Gosched()
		}
		batch = append(batch[:0], r)
	drain:
		for len(batch) < maxBatch {
			select {
			case r, ok := <-w.queue:
				if !ok {
					break drain
				}
				batch = append(batch, r)
			default:
				break drain
			}
		}
		now := time.Now()
		for _, r := range batch {
			w.queueNanos.Add(int64(now.Sub(r.queued)))
		}
		if acts := slices.DeleteFunc(slices.Clone(batch), func(r *request) bool { return r.alone != nil }); len(acts) > 0 {
			w.mend()
			w.run(acts)
		}
		for _, r := range batch {
			if r.alone != nil {
				r.err = r.alone(w.s)
				w.answer(r)
			}
		}
	}
}

// answer tells the callers how their requests ended.
func (w *writer) answer(batch ...*request) {
	for _, r := range batch {
		w.writes.Add(1)
		if r.err != nil {
			w.failed.Add(1)
		}
		r.done <- r.err
	}
}

// run makes a batch durable and answers everyone in it. If the batch as a whole cannot be
// committed, it is run again, and at last each closure alone, so that one bad closure fails
// alone.
func (w *writer) run(batch []*request) {
	careful := len(batch) == 1 // of several one seldom fails, so the first run does not ask whose statement it was
	for attempt := 0; ; attempt++ {
		err := w.try(batch, careful)
		if err == nil {
			return
		}
		if errors.Is(err, errClosure) {
			careful = true
			continue
		}
		w.reruns.Add(1)
		w.renew()
		if errors.Is(err, errUnknown) {
			// Nobody knows whether it was committed: running it again might do it twice.
			for _, r := range batch {
				r.err = err
			}
			w.answer(batch...)
			return
		}
		if retry := isSerialization(err) || errors.Is(err, errLost); retry && attempt < maxReruns {
			continue
		}
		if len(batch) == 1 {
			batch[0].err = err
			w.answer(batch...)
			return
		}
		for _, r := range batch {
			w.run([]*request{r})
		}
		return
	}
}

// alone undoes a batch without savepoints in which a closure failed. A single closure keeps
// its error; of several it must first be found out whose it is.
func (w *writer) alone(tx *Tx, batch []*request) error {
	if len(batch) > 1 {
		return errClosure
	}
	tx.rollback()
	w.answer(batch...)
	return nil
}

// whose is the error of a batch whose statements have travelled together: if it may be that
// of a single closure, the batch is run again with care.
func whose(err error, careful bool) error {
	if careful || isSerialization(err) || errors.Is(err, errLost) {
		return err
	}
	return errClosure
}

// errUnknown says that the connection was lost while the data store was being committed.
var errUnknown = errors.New("db: the outcome of the commit is unknown")

// errClosure says that a closure failed in a batch that was run without care.
var errClosure = errors.New("db: a closure failed")

// renew replaces a session whose connection was lost. A server that does not answer holds
// everyone up for a second once in each try; dialling goes on beside the writer.
func (w *writer) renew() {
	if !w.s.broken() || w.dialled == nil && time.Since(w.refused) < redial {
		return
	}
	wait := time.Duration(0)
	if w.dialled == nil {
		answer := make(chan *session, 1)
		w.dialled, wait = answer, time.Second
		go func() {
			s, _ := w.db.engine.session(context.Background(), false) // nil with an error
			answer <- s
		}()
	}
	select {
	case s := <-w.dialled:
		w.dialled, w.refused = nil, time.Now()
		if s != nil {
			w.s.close()
			w.s, w.refused = w.db.writing(s), time.Time{}
		}
	case <-time.After(wait):
	}
}

// try runs a batch once, and answers everyone if it returns nil; closures' own errors are
// in r.err. It returns an error only if nothing of the batch was committed (or, across
// stores, nothing of the data store). With care, each closure's statements are sent and
// looked at before the next one runs, under a savepoint if there are several; without, what
// is queued travels together.
func (w *writer) try(batch []*request, careful bool) (err error) {
	w.batches.Add(1)
	tx := newTx(context.Background(), w.db, w.s, false)
	tx.careful, tx.saving = careful, careful && len(batch) > 1
	defer func() {
		if err != nil {
			tx.rollback()
		}
	}()
	for _, r := range batch {
		r.err, r.staged, r.after = nil, nil, nil
		if fatal := w.closure(tx, r); fatal != nil {
			return fatal
		}
		if r.err != nil && !tx.saving {
			return w.alone(tx, batch)
		}
	}
	tx.saving = false
	tx.memo, tx.now, tx.after = nil, time.Time{}, nil
	if !careful { // their answers come while the hooks work on the data store
		tx.Index.sendAhead()
		tx.Keys.sendAhead()
	}
	if err := w.extend(tx, batch); err != nil {
		return whose(err, careful)
	}
	if err := tx.flush(tx.handles[:]...); err != nil {
		return whose(err, careful)
	}
	if err := w.commit(tx.Keys, StoreKeys); err != nil {
		return whose(err, careful)
	}
	if err := w.commit(tx.Data, StoreData); err != nil {
		if errors.Is(err, errLost) {
			return errors.Join(errUnknown, err)
		}
		return err
	}
	for _, r := range batch {
		if r.err == nil {
			for _, fn := range r.after {
				fn()
			}
		}
	}
	for _, fn := range tx.after {
		fn()
	}
	w.commitIndex(tx.Index, batch)
	return nil
}

// extend runs the hooks.
func (w *writer) extend(tx *Tx, batch []*request) error {
	for _, h := range w.hooks {
		var items []any
		for _, r := range batch {
			if r.err != nil {
				continue
			}
			for _, s := range r.staged {
				if s.hook == h.hook {
					items = append(items, s.item)
				}
			}
		}
		if len(items) == 0 {
			continue
		}
		if err := protect(func() error { return h.fn(tx, items) }); err != nil {
			return err
		}
	}
	return nil
}

// commit commits one store, if the batch wrote to it, and tells the readers' answers.
func (w *writer) commit(h *Handle, s Store) error {
	if !h.begun {
		return nil
	}
	if h == h.tx.Data {
		w.db.shared.changing(h.keep.touched)
		defer func() {
			w.db.shared.changing(h.keep.touched)
			clear(h.keep.touched)
		}()
	}
	err := h.emit()
	if err == nil {
		err = h.conn.commit()
	}
	if err == nil {
		h.begun = false
		w.commits[s].Add(1)
	}
	return err
}

// commitIndex commits the index and then answers everyone, while the writer takes the next
// batch. Keys and data are durable by now, so this commit cannot undo anything any more: if
// it fails, its rows are owed (owed.go), and saying that nothing happened would be a lie.
func (w *writer) commitIndex(h *Handle, batch []*request) {
	if !h.begun {
		w.answer(batch...)
		return
	}
	h.begun = false
	w.commits[StoreIndex].Add(1)
	h.conn.(*behind).commitBehind(func() { w.answer(batch...) })
}

// closure runs one closure and undoes it if it fails. The returned error means that the
// whole batch must be undone.
func (w *writer) closure(tx *Tx, r *request) (fatal error) {
	tx.ctx, tx.now, tx.memo, tx.staged, tx.after = r.ctx, time.Time{}, nil, nil, nil
	for _, h := range tx.handles {
		h.saved, h.err = false, nil
		if h.keep != nil && !h.keep.across && !h.begun {
			h.keep.forget()
		}
	}
	if err := r.ctx.Err(); err != nil {
		r.err = errs.Wrap(errs.Unavailable, "db.busy", err)
		return nil
	}
	start := time.Now()
	err := protect(func() error { return r.fn(tx) })
	if err == nil {
		err = tx.queued()
	}
	if err == nil && tx.careful {
		err = tx.flush(tx.handles[:]...)
	}
	if took := time.Since(start); took > closureBudget {
		if n := w.slow.Add(1); start.Sub(w.warned) > warnEvery {
			w.warned = start
			slog.Warn("writes over their budget", slog.Duration("took", took), slog.Uint64("since_start", n))
		}
	}
	if err != nil && (isSerialization(err) || errors.Is(err, errLost)) {
		return err
	}
	if err != nil {
		r.err = err
		if !tx.saving {
			return nil
		}
	}
	for _, h := range tx.handles {
		if err != nil {
			h.rows = nil
		}
		if !h.saved {
			continue
		}
		if err != nil {
			if h.keep != nil {
				h.keep.forget()
			}
			if e := h.conn.rollbackTo(); e != nil {
				return e
			}
		} else if e := h.conn.release(); e != nil {
			return e
		}
		h.saved = false
	}
	if err == nil {
		r.staged, r.after = tx.staged, tx.after
	}
	return nil
}

// protect turns a panic into an error, so that one caller's defect fails one closure.
func protect(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Wrap(errs.Internal, "db.panic", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
	}()
	return fn()
}

// Stats returns the writer's counters.
func (d *DB) Stats() Stats {
	w := d.writer
	return Stats{
		Writes: w.writes.Load(), Failed: w.failed.Load(), Batches: w.batches.Load(), Reruns: w.reruns.Load(),
		Waiting: len(w.queue), SlowClosures: w.slow.Load(), QueueTime: time.Duration(w.queueNanos.Load()), IndexBehind: d.owed.n.Load(),
	}
}

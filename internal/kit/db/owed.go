package db

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// The index store is committed last. When its commit fails, keys and data are durable
// already, and saying that nothing happened would be a lie: the callers are told that
// their writes are done, and the rows are owed. Their statements are kept and made again,
// before every batch and every mendEvery, until they are durable. Meanwhile whoever wants
// to write to the index is refused (db.index_behind), because it cannot see what it lacks:
// a value that is to be unique could be given twice. Reading goes on. What a process that
// ends takes with it, the rooms that own the rows repair at the next start.
//
// Rows that were owed are made as they were meant, however late. Another node may have
// erased or changed meanwhile what they are about, so the rooms are told (Mended) and repair.

// mendEvery is how often the writer tries to bring the index store up to date when
// nobody writes.
const mendEvery = time.Second

var errIndexBehind = errs.New(errs.Unavailable, "db.index_behind")

// statement is one that wrote to the index store.
type statement struct {
	sql  string
	args []any
}

// owed is the statements of commits that failed, a list for each, oldest first.
type owed struct {
	n     atomic.Int64 // how many lists
	due   atomic.Bool  // a try is due, even if nobody writes
	mu    sync.Mutex
	lists [][]statement
	since int64        // when the oldest came to be owed
	paid  atomic.Int64 // since when those were owed that were made late; 0 for none
	now   func() time.Time
	later func() // makes a try due
}

func (o *owed) add(list []statement) {
	if len(list) == 0 {
		return
	}
	o.mu.Lock()
	if len(o.lists) == 0 {
		o.since = o.now().UnixMicro()
	}
	o.lists = append(o.lists, list)
	o.n.Store(int64(len(o.lists)))
	o.mu.Unlock()
	slog.Error("index store is behind", slog.Int("statements", len(list)))
	if !o.due.Swap(true) {
		o.later()
	}
}

func (o *owed) first() []statement {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lists) == 0 {
		return nil
	}
	return o.lists[0]
}

func (o *owed) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lists = o.lists[1:]
	o.n.Store(int64(len(o.lists)))
}

// mendLater tries again even if nobody writes.
func (w *writer) mendLater() {
	time.AfterFunc(mendEvery, func() {
		again := false
		err := w.enqueue(&request{ctx: context.Background(), done: make(chan error, 1), queued: time.Now(), alone: func(*session) error {
			w.mend()
			again = w.db.owed.n.Load() > 0
			w.db.owed.due.Store(again)
			return nil
		}})
		if again || errs.CodeOf(err) == "db.queue_full" {
			w.mendLater()
		}
	})
}

// mend makes the owed statements again. It runs on the writer's goroutine, between two
// batches.
func (w *writer) mend() {
	o := w.db.owed
	if o.n.Load() == 0 {
		return
	}
	w.renew()
	c := w.s.conns[StoreIndex].(*behind)
	c.wait()
	for list := o.first(); list != nil; list = o.first() {
		err := again(c.conn, list)
		if err != nil && IsUnique(err) {
			// Either the commit had come through and its answer was lost: then all of its rows
			// are there. Or another node was faster with one of them: then that one is not to
			// be had, and the repair (see Mended) counts the conflict.
			for i := range list {
				if err = again(c.conn, list[i:i+1]); err != nil && !IsUnique(err) {
					break
				}
				err = nil
			}
		}
		if err != nil {
			return
		}
		o.drop()
	}
	c.failed()
	o.paid.CompareAndSwap(0, o.since)
	slog.Info("index store is up to date again")
}

// again makes statements in a transaction of their own.
func again(c conn, list []statement) (err error) {
	if err := c.begin(false); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = c.rollback()
		}
	}()
	for _, s := range list {
		if _, err := c.exec(s.sql, s.args); err != nil {
			return err
		}
	}
	return c.commit()
}

// IndexBehind is nil when the index store has all that was acknowledged, and
// db.index_behind when writes to it wait to be made again: for readiness checks.
func (d *DB) IndexBehind() error {
	if d.owed.n.Load() > 0 {
		return errIndexBehind
	}
	return nil
}

// Mended tells since when rows of the index were owed that have been made late since it was
// last asked; false when there were none.
func (d *DB) Mended() (since time.Time, late bool) {
	at := d.owed.paid.Swap(0)
	return time.UnixMicro(at).UTC(), at > 0
}

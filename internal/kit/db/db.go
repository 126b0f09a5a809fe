// Package db keeps what Amanah knows, in SQLite files or PostgreSQL databases, behind
// two verbs: Read and Write.
//
// There are three stores with three lives (DESIGN 4): data (ciphertext and columns that
// are not personal; backed up to any point in time), keys (wrapped subject keys; latest
// state only, kept at other sites, never in the data's backup stream) and index (blind
// indexes; never backed up, rebuilt). On SQLite they are three files, on PostgreSQL three
// databases, which may live on different servers. A transaction may touch all three.
//
// All writes of a node go through one writer goroutine. Callers hand it closures; it
// drains the queue, runs the closures (under savepoints when one of them has failed), lets
// the hooks of BeforeCommit extend what belongs to the batch (the audit tree), commits once,
// and answers everyone.
// There is no timer: while one batch is being made durable the next one gathers, so
// batches grow exactly as much as commits are slow. That is worth more than any driver.
//
// What follows for a caller: a closure may run twice (a serialization failure reruns the
// batch), so it must have no effect outside its Tx; what is to happen once, after the
// commit is durable, goes to Tx.AfterCommit. When Write returns nil, the effect is on disk.
// When the queue is full, Write refuses (db.queue_full) and has done nothing.
//
// Stores are committed in the order keys, data, index. A crash in between may leave a key
// that nobody uses or an index row too few, never a value whose key is missing; the rooms
// that own those rows repair them at start. When only the commit of the index fails, the
// running process makes its statements again (owed.go), and until then refuses to write
// to it. Destroying goes in the reverse order, in separate transactions (see trust/keyring).
//
// SQL is written by hand in each room, one text for both engines with $1 placeholders.
package db

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Dialect is the engine underneath.
type Dialect string

// The two engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Store names one of the three stores.
type Store int

// The stores, in the order in which they are committed: keys first, so that no
// committed value ever lacks its key.
const (
	StoreKeys Store = iota
	StoreData
	StoreIndex
	storeCount
)

func (s Store) String() string { return [...]string{"keys", "data", "index"}[s] }

// ErrNoRows is returned by Row.Scan when the query selected nothing.
var ErrNoRows = errors.New("db: no rows")

// Options say where the stores are.
type Options struct {
	// Dir is the folder of the SQLite files data.db, keys.db and index.db. It is made
	// with mode 0700 if it does not exist. One process at a time may open it.
	Dir string
	// URL is a PostgreSQL connection string for the data store. When set, Dir is not
	// used. The keys and index stores are the databases of the same server whose names
	// end in _keys and _index, unless KeysURL or IndexURL say otherwise. Databases that
	// do not exist are created if the role may do so.
	URL, KeysURL, IndexURL string
	// Clock is the time that Tx.Now tells; nil means the machine's.
	Clock func() time.Time
	// Readers is the number of read sessions kept open (SQLite) or pooled (PostgreSQL);
	// 0 means 8.
	Readers int
	// Queue is how many writes may wait; one more is refused. 0 means 4096.
	Queue int
	// ReadOnly opens what is there beside a running server, to check it: no lock, no writer.
	// Write is refused (db.closed) and Migrate must not be called.
	ReadOnly bool
	// Fault and ReadFault are for tests only: of the writer's steps, and of the readers'.
	Fault, ReadFault Fault
}

// DB is the three stores of one deployment, opened.
type DB struct {
	dialect     Dialect
	clock       func() time.Time
	engine      engine
	fault       Fault
	readFault   Fault
	readers     *readers
	writer      *writer
	owed        *owed         // rows of the index whose commit failed
	checkpoints *checkpointer // nil on PostgreSQL
	shared      *shared       // answers that readers keep; nil where others write too
	unlock      func()

	closeOnce sync.Once
	closed    atomic.Bool
}

// engine opens what one of the two dialects is made of.
type engine interface {
	// session opens connections to the three stores.
	session(ctx context.Context, readonly bool) (*session, error)
	// migrate applies the migrations of one store.
	migrate(ctx context.Context, s Store, files fs.FS) error
}

// Open opens the stores and starts the writer. It applies no migrations: see Migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{clock: o.Clock, fault: o.Fault, readFault: o.ReadFault, unlock: func() {}}
	d.owed = &owed{now: d.Now, later: func() { d.writer.mendLater() }}
	if d.clock == nil {
		d.clock = time.Now
	}
	o.Readers, o.Queue = cmp.Or(o.Readers, 8), cmp.Or(o.Queue, 4096)
	switch {
	case o.URL != "":
		d.dialect = Postgres
		e, err := newPostgres(ctx, o)
		if err != nil {
			return nil, err
		}
		d.engine = e
	case o.Dir != "":
		d.dialect, d.engine = SQLite, &sqliteEngine{dir: o.Dir}
		if o.ReadOnly {
			break
		}
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, errs.Wrap(errs.Unavailable, "db.folder", err)
		}
		unlock, err := lockFolder(filepath.Join(o.Dir, "lock"))
		if err != nil {
			return nil, err
		}
		d.unlock = unlock
		d.shared = &shared{tables: map[string]*atomic.Uint64{}}
	default:
		return nil, errs.New(errs.Invalid, "db.no_place")
	}
	turns := o.Readers
	if d.dialect == SQLite {
		turns = min(turns, runtime.GOMAXPROCS(0))
	}
	d.readers = &readers{lent: make(chan struct{}, o.Readers), turns: make(chan struct{}, turns)}
	if o.ReadOnly {
		d.writer = newWriter(d, nil, 0)
		d.writer.stopped = true
		close(d.writer.ended)
		return d, nil
	}
	w, err := d.engine.session(ctx, false)
	if err != nil {
		d.unlock()
		return nil, err
	}
	d.writer = newWriter(d, d.writing(w), o.Queue)
	go d.writer.loop()
	if d.dialect == SQLite {
		s, err := d.engine.session(ctx, false)
		if err != nil {
			_ = d.Close()
			return nil, err
		}
		d.checkpoints = &checkpointer{db: d, s: s, stop: make(chan struct{}), done: make(chan struct{})}
		go d.checkpoints.loop()
	}
	return d, nil
}

// writing prepares a session for the writer.
func (d *DB) writing(s *session) *session {
	for i := range s.keepers {
		s.keepers[i] = newKeeper(d.dialect == SQLite, Store(i) != StoreKeys)
	}
	s = withFault(s, d.fault)
	s.conns[StoreIndex] = &behind{conn: s.conns[StoreIndex], notes: d.dialect == Postgres, failed: s.keepers[StoreIndex].forget, owed: d.owed}
	return s
}

// Dialect says which engine is underneath.
func (d *DB) Dialect() Dialect { return d.dialect }

// Now is the injected clock, in UTC.
func (d *DB) Now() time.Time { return d.clock().UTC() }

// Close lets the writes that wait finish, then closes the stores. Writes that come
// later are refused.
func (d *DB) Close() error {
	d.closeOnce.Do(func() {
		d.closed.Store(true)
		if d.checkpoints != nil {
			close(d.checkpoints.stop)
			<-d.checkpoints.done
		}
		d.writer.stop()
		d.readers.close()
		d.unlock()
	})
	return nil
}

// Read runs fn in a read-only transaction that sees one state of each store it touches.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error { return d.read(ctx, false, fn) }

func (d *DB) read(ctx context.Context, single bool, fn func(tx *Tx) error) (err error) {
	if d.closed.Load() {
		return errs.New(errs.Unavailable, "db.closed")
	}
	l, err := d.readers.take(ctx)
	if err != nil {
		return err
	}
	defer func() { d.readers.give(l) }()
	for attempt := 0; ; attempt++ {
		if l.session == nil || l.session.broken() {
			if l.session != nil {
				l.session.close()
				l.session = nil
			}
			if l.session, err = d.engine.session(ctx, true); err != nil {
				return err
			}
			l.session = withFault(l.session, d.readFault)
		}
		tx := newTx(ctx, d, l.session, true)
		tx.single = single
		err = func() error {
			defer tx.rollback() // nothing was written; this only ends the snapshot
			return fn(tx)
		}()
		// A connection that was lost while it lay idle is found out by the first statement;
		// as long as fn has seen no row, a new one can take its place.
		if errors.Is(err, errLost) && !tx.seen && attempt < maxReruns {
			continue
		}
		return translate(err)
	}
}

// readers lends the read sessions. The one that came back last goes out first: its pages
// are at hand, and a session that is seldom needed holds none.
//
// SQLite reads with this process's own processors, so as many sessions read at once as
// there are processors; more get in each other's way (twice as many halve what all of
// them read, and every hundredth waits ten times as long). A reader that has waited for
// patience goes on without its turn: whoever holds it is in a long walk, or waits for the
// disk.
type readers struct {
	lent  chan struct{} // one for each session that is out
	turns chan struct{} // one for each that has its turn
	mu    sync.Mutex
	idle  []*session
}

const patience = time.Millisecond

// lease is a session that is out; a nil session is one that is to be opened.
type lease struct {
	session *session
	turn    bool
}

func (r *readers) take(ctx context.Context) (lease, error) {
	var l lease
	if ctx.Err() != nil { // where both are ready, a select would choose by chance
		return lease{}, errs.Wrap(errs.Unavailable, "db.busy", ctx.Err())
	}
	select {
	case r.turns <- struct{}{}:
		l.turn = true
	default:
		enough := time.NewTimer(patience)
		defer enough.Stop()
		select {
		case r.turns <- struct{}{}:
			l.turn = true
		case <-enough.C:
		case <-ctx.Done():
			return lease{}, errs.Wrap(errs.Unavailable, "db.busy", ctx.Err())
		}
	}
	select {
	case r.lent <- struct{}{}:
	case <-ctx.Done():
		r.pass(l)
		return lease{}, errs.Wrap(errs.Unavailable, "db.busy", ctx.Err())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle); n > 0 {
		l.session, r.idle = r.idle[n-1], r.idle[:n-1]
	}
	return l, nil
}

func (r *readers) give(l lease) {
	if l.session != nil {
		r.mu.Lock()
		r.idle = append(r.idle, l.session)
		r.mu.Unlock()
	}
	<-r.lent
	r.pass(l)
}

// pass gives the turn to the next reader.
func (r *readers) pass(l lease) {
	if l.turn {
		<-r.turns
	}
}

// close waits until every session is back; none is lent again.
func (r *readers) close() {
	for range cap(r.lent) {
		r.lent <- struct{}{}
	}
	for _, s := range r.idle {
		s.close()
	}
}

// Write hands fn to the writer and returns when its effects are durable, or when it is
// certain that there are none. An error that fn returns undoes fn alone and comes back
// as it is. fn may run more than once and must finish within milliseconds: everyone
// waits behind it.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return d.writer.submit(ctx, fn)
}

// BeforeCommit registers what is to run once per batch, after all its closures and
// before the commit, with the items that the closures staged under the same hook key.
// An error rolls the batch back and each closure is then tried on its own. Register
// before the first Write; hooks run in the order of registration.
func (d *DB) BeforeCommit(hook any, fn func(tx *Tx, items []any) error) {
	d.writer.hooks = append(d.writer.hooks, beforeCommit{hook, fn})
}

// Truncate empties a store's write-ahead log into its file, so that bytes which were
// overwritten in the file do not stay behind in the log: after a key is destroyed. A reader
// in a long snapshot can hold it up: then it fails after some seconds (db.busy) and is to be
// tried again. On PostgreSQL there is nothing to do: its log is the server's.
func (d *DB) Truncate(_ context.Context, s Store) error {
	if d.dialect != SQLite {
		return nil
	}
	return d.between(func(w *session) error {
		d.checkpoints.mu.Lock()
		defer d.checkpoints.mu.Unlock()
		var busy, pages, copied int64
		if err := w.conns[s].row("pragma wal_checkpoint(truncate)", nil, []any{&busy, &pages, &copied}); err != nil {
			return err
		}
		if busy != 0 {
			return errs.New(errs.Unavailable, "db.busy")
		}
		return nil
	})
}

// between runs fn on the writer's connections between two batches, outside any transaction.
func (d *DB) between(fn func(w *session) error) error {
	return d.writer.enqueue(&request{ctx: context.Background(), done: make(chan error, 1), queued: time.Now(), alone: fn})
}

// Stats is a snapshot of the writer's counters since start.
type Stats struct {
	Writes, Failed, Batches, Reruns uint64
	Waiting                         int           // closures in the queue now
	IndexBehind                     int64         // commits of the index that failed and are not made again yet
	SlowClosures                    uint64        // closures past their budget of 5 ms
	QueueTime                       time.Duration // total time that closures waited before they ran
}

// Ping reads one row from each store, for readiness checks.
func (d *DB) Ping(ctx context.Context) error {
	return d.Read(ctx, func(tx *Tx) error {
		for _, h := range []*Handle{tx.Data, tx.Keys, tx.Index} {
			var one int64
			if err := h.Row("select 1").Scan(&one); err != nil {
				return err
			}
		}
		return nil
	})
}

// translate gives driver errors that reach a caller the kind they deserve and keeps
// the driver's text, which may quote values, in the cause.
func translate(err error) error {
	var e *errs.E
	switch {
	case err == nil, errors.As(err, &e), errors.Is(err, ErrNoRows):
		return err
	case isFull(err):
		return errs.Wrap(errs.Unavailable, "db.full", err)
	case isGone(err):
		return errs.Wrap(errs.Unavailable, "db.gone", err)
	default:
		return err
	}
}

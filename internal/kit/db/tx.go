package db

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Row is one row of a result.
type Row interface {
	// Scan copies the columns into dest: pointers to string, []byte, int, int64, uint64,
	// bool, float64, or to a pointer to one of those for a column that may be null.
	Scan(dest ...any) error
}

// conn is one connection to one store, in either dialect.
type conn interface {
	exec(sql string, args []any) (int64, error)
	queue(sql string, args []any) error // may only note it down until the next call
	flush() error
	row(sql string, args, dest []any) error
	rows(sql string, args []any, each func(Row) error) error
	begin(readonly bool) error
	commit() error
	commitLater() func() error // what it returns may run on another goroutine while statements are queued
	rollback() error
	undo() error // rollback that leaves alone what is queued since
	savepoint() error
	release() error
	rollbackTo() error
	broken() bool
	close()
}

// session is the connections of one transaction at a time: one per store.
type session struct {
	conns   [storeCount]conn
	keepers [storeCount]*keeper // nil in sessions that only read
}

func (s *session) broken() bool {
	for _, c := range s.conns {
		if c.broken() {
			return true
		}
	}
	return false
}

func (s *session) close() {
	for _, c := range s.conns {
		if c != nil {
			c.close()
		}
	}
}

// Tx is a transaction over the three stores. It lives as long as the closure it was
// given to.
type Tx struct {
	Data, Keys, Index *Handle

	db       *DB
	ctx      context.Context
	readonly bool
	single   bool // one select is all of it, which needs no transaction
	handles  [storeCount]*Handle
	now      time.Time
	memo     map[any]any
	staged   []staged
	after    []func()
	careful  bool     // a closure's statements are sent before the next one runs
	saving   bool     // and closures run under savepoints
	seen     bool     // a row was handed out
	began    uint64   // moment of the shared answers before the snapshot was taken
	named    []string // tables of the kept question that is being read
	namedIn  Store
	asked    bool // and its select has been made
}

type staged struct{ hook, item any }

// Handle is the way to one store inside a transaction.
type Handle struct {
	tx    *Tx
	conn  conn
	keep  *keeper    // nil when nothing is kept
	begun bool       // the transaction on this store has begun
	saved bool       // the current closure has its savepoint on this store
	sent  chan error // what was sent ahead and is not answered yet
	rows  []gathered // rows that are not queued yet
	err   error
}

func newTx(ctx context.Context, d *DB, s *session, readonly bool) *Tx {
	tx := &Tx{db: d, ctx: ctx, readonly: readonly}
	if readonly && d.shared != nil {
		tx.began = d.shared.moment.Load()
	}
	for i := range tx.handles {
		tx.handles[i] = &Handle{tx: tx, conn: s.conns[i], keep: s.keepers[i]}
	}
	tx.Keys, tx.Data, tx.Index = tx.handles[StoreKeys], tx.handles[StoreData], tx.handles[StoreIndex]
	return tx
}

// Now is the injected clock in UTC, the same for the whole closure and rounded to the
// microsecond that a bigint column keeps.
func (tx *Tx) Now() time.Time {
	if tx.now.IsZero() {
		tx.now = tx.db.Now().Truncate(time.Microsecond)
	}
	return tx.now
}

// Dialect says which engine is underneath.
func (tx *Tx) Dialect() Dialect { return tx.db.dialect }

// ReadOnly reports whether this is a transaction of Read.
func (tx *Tx) ReadOnly() bool { return tx.readonly }

// Careful reports whether each closure's statements were sent and looked at before the next
// one ran, so that a hook's error is the hook's own.
func (tx *Tx) Careful() bool { return tx.careful }

// Memo returns what make returned the first time it was asked for key in this closure.
func (tx *Tx) Memo(key any, make_ func() (any, error)) (any, error) {
	if v, ok := tx.memo[key]; ok {
		return v, nil
	}
	v, err := make_()
	if err != nil {
		return nil, err
	}
	if tx.memo == nil {
		tx.memo = map[any]any{}
	}
	tx.memo[key] = v
	return v, nil
}

// Forget drops a memo, for a closure that changed what it was made from.
func (tx *Tx) Forget(key any) { delete(tx.memo, key) }

// Stage leaves an item for the BeforeCommit hook of that key. Items of a closure that
// fails are dropped; the others reach the hook in the order of staging.
func (tx *Tx) Stage(hook, item any) { tx.staged = append(tx.staged, staged{hook, item}) }

// AfterCommit runs fn once after the commit is durable and before Write returns, on the
// writer's goroutine: only quick things that cannot fail. Effects seen by later closures
// of the same batch do not exist yet when those run.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// ready is called before each statement: what was gathered comes first.
func (h *Handle) ready(sql string, writes bool) error {
	err := h.begin(sql, writes)
	if err == nil && h.rows != nil {
		err = h.emit()
	}
	return err
}

// begin begins the transaction on this store if needed, and the closure's savepoint before
// its first write there. Inside Write, a store other than data that is only read needs
// neither: what is read there (a key, an index row) is checked by what it opens or names.
func (h *Handle) begin(sql string, writes bool) error {
	if err := h.arrived(); err != nil {
		return err
	}
	if err := h.tx.holds(h, sql, writes); err != nil {
		return err
	}
	if h.tx.single || !writes && !h.tx.readonly && h != h.tx.Data {
		return nil
	}
	if !h.begun {
		if err := h.conn.begin(h.tx.readonly); err != nil {
			return err
		}
		h.begun = true
		if h.keep != nil && !h.keep.across {
			h.keep.forget() // what was read before the snapshot may be older than it
		}
	}
	if writes && h.keep != nil {
		h.keep.wrote(sql)
	}
	if writes && h.tx.saving && !h.saved {
		if err := h.conn.savepoint(); err != nil {
			return err
		}
		h.saved = true
	}
	return nil
}

// Exec runs a statement and returns how many rows it changed.
func (h *Handle) Exec(sql string, args ...any) (int64, error) {
	if err := h.ready(sql, true); err != nil {
		return 0, err
	}
	return h.conn.exec(sql, args)
}

// Queue runs a statement whose result nobody waits for. On PostgreSQL it travels with
// the next statement instead of making a journey of its own. If it fails, the closure
// fails, at the latest when it ends.
func (h *Handle) Queue(sql string, args ...any) {
	err := h.ready(sql, true)
	if err == nil {
		err = h.conn.queue(sql, args)
	}
	if err != nil && h.err == nil {
		h.err = err
	}
}

// Row runs a query of which the first row is wanted; Scan returns ErrNoRows if there is
// none. The query runs when Scan is called.
func (h *Handle) Row(sql string, args ...any) Row { return lazyRow{h, sql, args} }

type lazyRow struct {
	h    *Handle
	sql  string
	args []any
}

func (r lazyRow) Scan(dest ...any) error {
	if err := r.h.ready(r.sql, !reads(r.sql)); err != nil {
		return err
	}
	err := r.h.conn.row(r.sql, r.args, dest)
	if err == nil || errors.Is(err, ErrNoRows) {
		r.h.tx.seen = true
	}
	return err
}

// Rows calls each for every row of the result, in order. each must not run another
// statement on the same Handle. An error of each ends the query and is returned.
func (h *Handle) Rows(sql string, args []any, each func(Row) error) error {
	if err := h.ready(sql, !reads(sql)); err != nil {
		return err
	}
	return h.conn.rows(sql, args, func(r Row) error {
		h.tx.seen = true
		return each(r)
	})
}

// reads reports whether a statement that returns rows changes nothing: insert, update and
// delete may return rows too, and so may a with that holds one.
func reads(sql string) bool {
	sql = strings.TrimLeft(sql, " \t\n")
	return len(sql) > 6 && strings.EqualFold(sql[:6], "select")
}

// queued returns the first error that a queued statement is already known to have.
func (tx *Tx) queued() error {
	for _, h := range tx.handles {
		if h.err != nil {
			return h.err
		}
	}
	return nil
}

// flush sends what was queued in these stores and returns the first error of a queued
// statement.
func (tx *Tx) flush(handles ...*Handle) error {
	for _, h := range handles {
		if err := h.arrived(); err != nil {
			return err
		}
		if err := h.emit(); err != nil {
			return err
		}
		if h.begun {
			if err := h.conn.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// sendAhead sends what was queued without waiting for the answer.
func (h *Handle) sendAhead() {
	if h.err = h.emit(); h.err != nil || !h.begun || h.tx.db.dialect != Postgres { // on SQLite it has run already
		return
	}
	sent, conn := make(chan error, 1), h.conn
	h.sent = sent
	go func() { sent <- conn.flush() }()
}

// arrived waits for what was sent ahead and returns the first error of a queued statement.
func (h *Handle) arrived() error {
	if h.sent != nil {
		err := <-h.sent
		h.sent = nil
		if h.err == nil {
			h.err = err
		}
	}
	return h.err
}

func (tx *Tx) rollback() {
	for _, h := range tx.handles {
		_ = h.arrived()
		if h.begun {
			_ = h.conn.rollback()
		}
		h.begun, h.saved, h.err, h.rows = false, false, nil, nil
		if h.keep != nil {
			h.keep.forget()
			clear(h.keep.touched)
		}
	}
}

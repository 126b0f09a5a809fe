package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// sqliteEngine speaks to modernc.org/sqlite through its driver.Conn rather than through
// database/sql: the writer is one goroutine with one connection, and a pool's locks and
// conversions would cost more than the statements do.
type sqliteEngine struct{ dir string }

// pragmas are set on every connection and read back; a difference refuses to start,
// because a silently ignored option means another durability than the one promised.
var pragmas = []struct{ name, set, want string }{
	{"journal_mode", "wal", "wal"},
	{"synchronous", "full", "2"},
	{"secure_delete", "on", "1"},
	{"temp_store", "memory", "2"},
	{"foreign_keys", "on", "1"},
	{"trusted_schema", "off", "0"},
	{"busy_timeout", "5000", "5000"},
	{"cache_size", "-8000", "-8000"},         // KiB of pages, of the writer
	{"wal_autocheckpoint", "20000", "20000"}, // pages; a backstop, see checkpointer
}

// readerCache is the cache_size of connections that only read. There are three of them in
// each of the read sessions, and what they miss is in the machine's cache of files.
const readerCache = "-2000"

func (e *sqliteEngine) path(s Store) string { return filepath.Join(e.dir, s.String()+".db") }

func (e *sqliteEngine) session(_ context.Context, readonly bool) (*session, error) {
	s := &session{}
	for i := range s.conns {
		c, err := openSQLite(e.path(Store(i)), readonly)
		if err != nil {
			s.close()
			return nil, damaged(err, Store(i))
		}
		s.conns[i] = c
	}
	return s, nil
}

func openSQLite(path string, readonly bool) (*sqliteConn, error) {
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path}
	dc, err := (&sqlite.Driver{}).Open(dsn.String())
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "db.open", err)
	}
	c := &sqliteConn{dc: dc, stmts: map[string]driver.Stmt{}}
	fail := func(e *errs.E) (*sqliteConn, error) { c.close(); return nil, e }
	_ = os.Chmod(path, 0o600)
	for _, p := range pragmas {
		if p.name == "cache_size" && readonly {
			p.set, p.want = readerCache, readerCache
		}
		if _, err := c.exec("pragma "+p.name+" = "+p.set, nil); err != nil && !errors.Is(err, ErrNoRows) {
			return fail(errs.Wrap(errs.Unavailable, "db.open", err))
		}
		var got string
		if err := c.row("pragma "+p.name, nil, []any{&got}); err != nil || !strings.EqualFold(got, p.want) {
			return fail(errs.Wrap(errs.Unavailable, "db.pragma", fmt.Errorf("%s is %q, want %q: %w", p.name, got, p.want, err)).With("pragma", p.name))
		}
	}
	if readonly {
		if _, err := c.exec("pragma query_only = on", nil); err != nil {
			return fail(errs.Wrap(errs.Unavailable, "db.open", err))
		}
	}
	return c, nil
}

// damaged names the file whose bytes are not those of a database any more; of the index, which can be made anew, apart.
func damaged(err error, s Store) error {
	if code := sqliteCode(err) & 0xff; code != sqlite3.SQLITE_NOTADB && code != sqlite3.SQLITE_CORRUPT {
		return err
	}
	if s == StoreIndex {
		return errs.Wrap(errs.Unavailable, "db.index_damaged", err)
	}
	return errs.Wrap(errs.Unavailable, "db.damaged", err).With("file", s.String()+".db")
}

type sqliteConn struct {
	dc     driver.Conn
	stmts  map[string]driver.Stmt
	values []driver.Value // of the row being read
	named  []driver.NamedValue
}

func (c *sqliteConn) stmt(text string) (driver.Stmt, error) {
	if s, ok := c.stmts[text]; ok {
		return s, nil
	}
	s, err := c.dc.Prepare(unnamed(text))
	if err != nil {
		return nil, err
	}
	if len(c.stmts) > 2000 { // texts are constants, so this is a defect somewhere, not a reason to grow
		for k, old := range c.stmts {
			_ = old.Close()
			delete(c.stmts, k)
		}
	}
	c.stmts[text] = s
	return s, nil
}

var parameter = regexp.MustCompile(`\$\d+`)

// unnamed writes $1, $2, … as ? when they stand in order and once each, which means the
// same and spares the driver a look-up of each parameter's name on every call (a sixth of
// an insert's time). Other texts stay as they are.
func unnamed(text string) string {
	next := 0
	for _, p := range parameter.FindAllString(text, -1) {
		if next++; p != "$"+strconv.Itoa(next) {
			return text
		}
	}
	for i, quoted := range strings.Split(text, "'") {
		if i%2 == 1 && strings.Contains(quoted, "$") {
			return text
		}
	}
	return parameter.ReplaceAllString(text, "?")
}

func (c *sqliteConn) args(args []any) ([]driver.NamedValue, error) {
	c.named = c.named[:0]
	for i, a := range args {
		v, err := toValue(a)
		if err != nil {
			return nil, fmt.Errorf("db: argument %d: %w", i+1, err)
		}
		c.named = append(c.named, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.named, nil
}

func (c *sqliteConn) exec(text string, args []any) (int64, error) {
	s, err := c.stmt(text)
	if err != nil {
		return 0, err
	}
	nv, err := c.args(args)
	if err != nil {
		return 0, err
	}
	res, err := s.(driver.StmtExecContext).ExecContext(context.Background(), nv)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *sqliteConn) queue(text string, args []any) error {
	_, err := c.exec(text, args)
	return err
}

func (c *sqliteConn) flush() error { return nil }

func (c *sqliteConn) query(text string, args []any) (driver.Rows, error) {
	s, err := c.stmt(text)
	if err != nil {
		return nil, err
	}
	nv, err := c.args(args)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtQueryContext).QueryContext(context.Background(), nv)
}

func (c *sqliteConn) row(text string, args, dest []any) error {
	rows, err := c.query(text, args)
	if err != nil {
		return err
	}
	err = c.next(rows)
	if err == nil {
		err = scan(c.values, dest)
	} else if errors.Is(err, io.EOF) {
		err = ErrNoRows
	}
	return errors.Join(err, rows.Close())
}

func (c *sqliteConn) next(rows driver.Rows) error {
	n := len(rows.Columns())
	if cap(c.values) < n {
		c.values = make([]driver.Value, n)
	}
	c.values = c.values[:n]
	return rows.Next(c.values)
}

type sqliteRow struct{ c *sqliteConn }

func (r sqliteRow) Scan(dest ...any) error { return scan(r.c.values, dest) }

func (c *sqliteConn) rows(text string, args []any, each func(Row) error) error {
	rows, err := c.query(text, args)
	if err != nil {
		return err
	}
	for {
		if err = c.next(rows); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			break
		}
		if err = each(sqliteRow{c}); err != nil {
			break
		}
	}
	return errors.Join(err, rows.Close())
}

func (c *sqliteConn) begin(readonly bool) error {
	text := "begin immediate"
	if readonly {
		text = "begin deferred"
	}
	_, err := c.exec(text, nil)
	return err
}

func (c *sqliteConn) commit() error             { _, err := c.exec("commit", nil); return err }
func (c *sqliteConn) commitLater() func() error { return c.commit }

func (c *sqliteConn) rollback() error {
	// SQLite itself rolls back on some errors (a full disk); "rollback" then says that
	// there is no transaction, which is what was wanted.
	_, err := c.exec("rollback", nil)
	return err
}

func (c *sqliteConn) undo() error { return c.rollback() }

func (c *sqliteConn) savepoint() error { _, err := c.exec("savepoint closure", nil); return err }
func (c *sqliteConn) release() error   { _, err := c.exec("release closure", nil); return err }

func (c *sqliteConn) rollbackTo() error {
	if _, err := c.exec("rollback to closure", nil); err != nil {
		return err
	}
	return c.release()
}

func (c *sqliteConn) broken() bool { return false }

func (c *sqliteConn) close() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	_ = c.dc.Close()
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// lockFolder takes the folder for this process alone; the operating system lets go of
// it when the process ends, however it ends.
func lockFolder(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator's own data folder
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "db.folder", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, errs.Wrap(errs.Conflict, "db.folder_in_use", err)
	}
	return func() { _ = f.Close() }, nil
}

func sqliteUnique(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true
	}
	return false
}

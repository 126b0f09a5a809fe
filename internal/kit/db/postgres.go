package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// errLost says that the connection to PostgreSQL was lost; the next transaction gets a
// new one.
var errLost = errors.New("db: connection lost")

const (
	connectTime = 10 * time.Second
	callTime    = 60 * time.Second
)

type postgresEngine struct{ configs [storeCount]*pgx.ConnConfig }

func newPostgres(ctx context.Context, o Options) (*postgresEngine, error) {
	e := &postgresEngine{}
	base, err := pgx.ParseConfig(o.URL)
	if err != nil {
		// pgx's text may quote the connection string, which may hold a password.
		return nil, errs.New(errs.Invalid, "db.url")
	}
	for i, given := range [storeCount]string{StoreKeys: o.KeysURL, StoreIndex: o.IndexURL} {
		c := base.Copy()
		switch {
		case given != "":
			if c, err = pgx.ParseConfig(given); err != nil {
				return nil, errs.New(errs.Invalid, "db.url")
			}
		case Store(i) != StoreData:
			c.Database += "_" + Store(i).String()
		}
		c.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		c.StatementCacheCapacity = 2048
		c.RuntimeParams["application_name"] = "amanah"
		e.configs[i] = c
		if err := createDatabase(ctx, c); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// createDatabase makes a database that does not exist yet.
func createDatabase(ctx context.Context, c *pgx.ConnConfig) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	pc, err := pgx.ConnectConfig(ctx, c)
	if err == nil {
		return pc.Close(ctx)
	}
	if pgCode(err) != "3D000" { // invalid_catalog_name
		return errs.Wrap(errs.Unavailable, "db.gone", err)
	}
	admin := c.Copy()
	admin.Database = "postgres"
	pc, err = pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "db.gone", err)
	}
	defer func() { _ = pc.Close(ctx) }()
	_, err = pc.Exec(ctx, "create database "+pgx.Identifier{c.Database}.Sanitize())
	if err != nil && pgCode(err) != "42P04" { // duplicate_database: another node was quicker
		return errs.Wrap(errs.Unavailable, "db.create_database", err)
	}
	return nil
}

func (e *postgresEngine) session(ctx context.Context, _ bool) (*session, error) {
	s := &session{}
	for i := range s.conns {
		ctx, cancel := context.WithTimeout(ctx, connectTime)
		pc, err := pgx.ConnectConfig(ctx, e.configs[i])
		cancel()
		if err != nil {
			s.close()
			return nil, errs.Wrap(errs.Unavailable, "db.gone", err)
		}
		s.conns[i] = &postgresConn{pc: pc}
	}
	return s, nil
}

// postgresConn keeps statements whose results nobody waits for and sends them together
// with the next one, so that a closure costs as few journeys as it has questions.
type postgresConn struct {
	pc      *pgx.Conn
	waiting *pgx.Batch
}

func (c *postgresConn) lost(err error) error {
	if err != nil && c.pc.IsClosed() {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

func (c *postgresConn) queue(sql string, args []any) error {
	if c.waiting == nil {
		c.waiting = &pgx.Batch{}
	}
	c.waiting.Queue(sql, args...)
	return nil
}

func (c *postgresConn) flush() error {
	if c.waiting == nil {
		return nil
	}
	return c.send(nil)
}

// send sends what waits; last, if given, reads the answer of the last statement.
func (c *postgresConn) send(last func(pgx.BatchResults) error) error {
	b := c.waiting
	c.waiting = nil
	return c.sendBatch(b, last)
}

func (c *postgresConn) sendBatch(b *pgx.Batch, last func(pgx.BatchResults) error) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	n := b.Len()
	if last != nil {
		n--
	}
	res := c.pc.SendBatch(ctx, b)
	for range n {
		if _, err = res.Exec(); err != nil {
			_ = res.Close()
			return c.lost(err)
		}
	}
	if last != nil {
		err = last(res)
	}
	if cerr := res.Close(); err == nil {
		err = cerr
	}
	return c.lost(err)
}

func (c *postgresConn) exec(sql string, args []any) (n int64, err error) {
	_ = c.queue(sql, args)
	err = c.send(func(r pgx.BatchResults) error {
		var tag pgconn.CommandTag
		tag, err := r.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (c *postgresConn) row(sql string, args, dest []any) error {
	_ = c.queue(sql, args)
	return c.send(func(r pgx.BatchResults) error {
		err := r.QueryRow().Scan(dest...)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoRows
		}
		return err
	})
}

func (c *postgresConn) rows(sql string, args []any, each func(Row) error) error {
	_ = c.queue(sql, args)
	return c.send(func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func (c *postgresConn) begin(readonly bool) error {
	if readonly {
		return c.queue("begin isolation level repeatable read read only", nil)
	}
	return c.queue("begin isolation level serializable", nil)
}

func (c *postgresConn) commit() error { return c.commitLater()() }

func (c *postgresConn) commitLater() func() error {
	_ = c.queue("commit", nil)
	b := c.waiting
	c.waiting = nil
	return func() error { return c.sendBatch(b, nil) }
}

func (c *postgresConn) rollback() error {
	c.waiting = nil
	return c.undo()
}

func (c *postgresConn) undo() error { return c.plain("rollback") }

// plain sends a statement alone and unprepared: in a failed transaction PostgreSQL
// prepares nothing, and pgx prepares what a batch needs before it sends the batch.
func (c *postgresConn) plain(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	_, err := c.pc.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return c.lost(err)
}

func (c *postgresConn) savepoint() error { return c.queue("savepoint closure", nil) }
func (c *postgresConn) release() error   { return c.queue("release savepoint closure", nil) }

func (c *postgresConn) rollbackTo() error {
	if b := c.waiting; b != nil { // the savepoint itself may be among what was never sent
		c.waiting = nil
		if at := slices.IndexFunc(b.QueuedQueries, func(q *pgx.QueuedQuery) bool { return q.SQL == "savepoint closure" }); at >= 0 {
			if b.QueuedQueries = b.QueuedQueries[:at]; at > 0 {
				c.waiting = b
			}
			return nil
		}
	}
	return c.plain("rollback to savepoint closure; release savepoint closure")
}

func (c *postgresConn) broken() bool { return c.pc.IsClosed() }

func (c *postgresConn) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.pc.Close(ctx)
}

package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Schema is the migrations of one room.
type Schema struct {
	Room string
	// FS holds schema/NNNN_name.sql, written in PostgreSQL's words, numbered uniquely over
	// all rooms, whose first line names the store: `-- store: data`. Each statement ends
	// with a semicolon at the end of a line.
	FS fs.FS
}

var (
	storeLine = regexp.MustCompile(`^-- store: (keys|data|index)\n`)
	fileName  = regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`)
	// The four words in which the dialects differ. Queries are never rewritten.
	sqliteWords = regexp.MustCompile(`\b(bigint|boolean|bytea|double precision)\b`)
	sqliteTypes = map[string]string{"bigint": "integer", "boolean": "integer", "bytea": "blob", "double precision": "real"}
	createTable = regexp.MustCompile(`(?is)^\s*create table\b`)
	// A table that is all key needs no second tree in SQLite; PostgreSQL reads a comment.
	withoutRowid = "/* sqlite: without rowid */"
	comment      = regexp.MustCompile(`--[^\n]*`)
)

// Migrate brings every store to the schema of this release. It is safe to run from
// several nodes at once and does nothing when nothing is to do. A store that is newer
// than this release is refused.
func (d *DB) Migrate(ctx context.Context, schemas ...Schema) error {
	files, err := gather(schemas, d.dialect)
	if err != nil {
		return err
	}
	for s, store := range files {
		if len(store) == 0 {
			continue
		}
		if err := d.engine.migrate(ctx, Store(s), store); err != nil {
			return damaged(err, Store(s))
		}
	}
	return nil
}

// gather sorts the rooms' files into the three stores, in the words of the dialect.
func gather(schemas []Schema, dialect Dialect) (files [storeCount]fstest.MapFS, err error) {
	seen := map[string]string{}
	for _, s := range schemas {
		names, err := fs.Glob(s.FS, "schema/*.sql")
		if err != nil {
			return files, err
		}
		for _, name := range names {
			base := path.Base(name)
			text, err := fs.ReadFile(s.FS, name)
			if err != nil {
				return files, err
			}
			if !fileName.MatchString(base) {
				return files, fmt.Errorf("db: migration %s/%s: name is not NNNN_name.sql", s.Room, base)
			}
			if other, ok := seen[base[:4]]; ok {
				return files, fmt.Errorf("db: migration number %s in %s and %s", base[:4], other, s.Room)
			}
			seen[base[:4]] = s.Room
			m := storeLine.FindSubmatch(text)
			if m == nil {
				return files, fmt.Errorf("db: migration %s/%s: first line does not name its store", s.Room, base)
			}
			store := map[string]Store{"keys": StoreKeys, "data": StoreData, "index": StoreIndex}[string(m[1])]
			if files[store] == nil {
				files[store] = fstest.MapFS{}
			}
			files[store][base] = &fstest.MapFile{Data: []byte(translateDDL(string(text), dialect)), Mode: 0o444}
		}
	}
	return files, nil
}

func translateDDL(text string, dialect Dialect) string {
	var b strings.Builder
	b.WriteString("-- +goose Up\n")
	for stmt := range strings.SplitSeq(comment.ReplaceAllString(text, ""), ";") {
		if strings.TrimSpace(stmt) == "" {
			continue
		}
		if dialect == SQLite {
			stmt = sqliteWords.ReplaceAllStringFunc(stmt, func(w string) string { return sqliteTypes[w] })
			if createTable.MatchString(stmt) {
				body, bare := strings.CutSuffix(strings.TrimRight(stmt, " \n"), withoutRowid)
				stmt = strings.TrimRight(body, " ") + " strict"
				if bare {
					stmt += ", without rowid"
				}
			}
		}
		b.WriteString(strings.TrimSpace(stmt) + ";\n")
	}
	return b.String()
}

func (e *sqliteEngine) migrate(ctx context.Context, s Store, files fs.FS) error {
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: e.path(s), RawQuery: "_pragma=busy_timeout(5000)&_pragma=secure_delete(1)&_pragma=synchronous(2)"}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return errs.Wrap(errs.Unavailable, "db.migrate", err)
	}
	defer func() { _ = pool.Close() }()
	pool.SetMaxOpenConns(1)
	return up(ctx, goose.DialectSQLite3, pool, files)
}

func (e *postgresEngine) migrate(ctx context.Context, s Store, files fs.FS) error {
	pool := stdlib.OpenDB(*e.configs[s])
	defer func() { _ = pool.Close() }()
	// A lease row rather than an advisory lock: the latter is refused by several engines
	// that speak PostgreSQL's protocol.
	l, err := lock.NewPostgresTableLocker()
	if err != nil {
		return errs.Wrap(errs.Internal, "db.migrate", err)
	}
	return up(ctx, goose.DialectPostgres, pool, files, goose.WithLocker(l))
}

func up(ctx context.Context, dialect goose.Dialect, pool *sql.DB, files fs.FS, opts ...goose.ProviderOption) error {
	p, err := goose.NewProvider(dialect, pool, files, append(opts, goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return errs.Wrap(errs.Internal, "db.migrate", err)
	}
	known := map[int64]bool{}
	for _, s := range p.ListSources() {
		known[s.Version] = true
	}
	applied, err := p.GetDBVersion(ctx)
	if err != nil {
		return errors.Join(translate(err), errs.Wrap(errs.Unavailable, "db.migrate", err)) // a full disk is called that
	}
	if applied > 0 && !known[applied] {
		return errs.New(errs.Conflict, "db.newer").With("version", applied)
	}
	if _, err := p.Up(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return errors.Join(translate(err), errs.Wrap(errs.Unavailable, "db.migrate", err)) // likewise
	}
	return nil
}

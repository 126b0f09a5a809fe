package bench

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// Place is where a command has an installation of its own, which nobody else uses and which is gone afterwards.
type Place struct {
	Dir      string // a folder that did not exist before
	Database string // postgres://… of databases that do not exist yet; "" for SQLite files in Dir
	Engine   string // SQLite or PostgreSQL
	Name     string // what the operator is told: the folder, or the databases
}

// Own makes a place. kind is the command's word, database what was given on its command line: "" or a PostgreSQL server
// and a user who may create databases. remove removes everything that was made there.
func Own(ctx context.Context, kind, database string, text *i18n.Printer) (p Place, remove func(context.Context) error, err error) {
	p = Place{Engine: "SQLite"}
	server, own := database, ""
	if database != "" {
		u, err := url.Parse(database)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return p, nil, errs.New(errs.Invalid, "app.usage").With("problem", text.T("command.wrong_database"))
		}
		own = "amanah_" + kind + "_" + strings.TrimPrefix(id.New("t"), "t_")
		u.Path = "/" + own
		p.Engine, p.Database, p.Name = "PostgreSQL", u.String(), own+"*"
	}
	if p.Dir, err = os.MkdirTemp("", "amanah-"+kind+"-"); err != nil {
		return p, nil, errs.Wrap(errs.Unavailable, "app.output", err).With("file", os.TempDir())
	}
	if own == "" {
		p.Name = p.Dir
	}
	return p, func(ctx context.Context) error {
		err := os.RemoveAll(p.Dir)
		if own != "" {
			err = errors.Join(err, drop(ctx, server, own))
		}
		return err
	}, nil
}

// Steal reads everything that lies there as a thief would who has the files, or the database server: each file, or each
// table, without the root key, which lies elsewhere in life.
func (p Place) Steal(ctx context.Context, look func(name string, text []byte)) error {
	if p.Database == "" {
		return filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "root.key" {
				return err
			}
			text, err := os.ReadFile(path) //nolint:gosec // the command's own folder
			if errors.Is(err, fs.ErrNotExist) {
				return nil // the database puts a log of its own away now and then
			}
			look(d.Name(), text)
			return err
		})
	}
	for _, suffix := range []string{"", "_keys", "_index"} {
		if err := p.copyTables(ctx, suffix, look); err != nil {
			return err
		}
	}
	return nil
}

// copyTables reads every table of one database. Bytes come as hex.
func (p Place) copyTables(ctx context.Context, suffix string, look func(name string, text []byte)) error {
	u, err := url.Parse(p.Database)
	if err != nil {
		return err
	}
	u.Path += suffix
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return errs.Wrap(errs.Unavailable, "db.gone", err)
	}
	defer func() { _ = c.Close(ctx) }()
	rows, err := c.Query(ctx, "select table_schema, table_name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')")
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (name pgx.Identifier, err error) {
		name = pgx.Identifier{"", ""}
		return name, r.Scan(&name[0], &name[1])
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		var text bytes.Buffer
		if _, err := c.PgConn().CopyTo(ctx, &text, "copy "+name.Sanitize()+" to stdout"); err != nil {
			return err
		}
		look(name[1], text.Bytes())
	}
	return nil
}

// drop removes the databases that were made for the run.
func drop(ctx context.Context, server, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "db.gone", err)
	}
	defer func() { _ = c.Close(ctx) }()
	var failed error
	for _, suffix := range []string{"", "_keys", "_index"} {
		_, err := c.Exec(ctx, "drop database if exists "+pgx.Identifier{name + suffix}.Sanitize()+" with (force)")
		failed = errors.Join(failed, err)
	}
	return failed
}

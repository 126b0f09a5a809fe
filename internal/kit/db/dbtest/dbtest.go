// Package dbtest opens databases for tests: SQLite in a temporary folder always,
// PostgreSQL when AMANAH_TEST_POSTGRES holds the URL of a server on which databases may
// be created (in CI it always does). A test that is skipped says why.
//
// Every store test runs through Each, so that both engines keep the same promises.
package dbtest

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// Env is the environment variable that names the PostgreSQL server for tests.
const Env = "AMANAH_TEST_POSTGRES"

// Each runs the test once per engine on fresh, migrated stores.
func Each(t *testing.T, schemas []db.Schema, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Open(t, schemas...)) })
	t.Run("postgres", func(t *testing.T) { test(t, OpenPostgres(t, schemas...)) })
}

// Open returns fresh, migrated SQLite stores that are closed when the test ends.
func Open(t testing.TB, schemas ...db.Schema) *db.DB {
	t.Helper()
	return OpenWith(t, db.Options{Dir: t.TempDir()}, schemas...)
}

// OpenPostgres returns fresh, migrated PostgreSQL stores that are dropped when the test
// ends; without a server the test is skipped.
func OpenPostgres(t testing.TB, schemas ...db.Schema) *db.DB {
	t.Helper()
	return OpenWith(t, db.Options{URL: PostgresURL(t)}, schemas...)
}

// OpenWith opens with given options, for tests that bring a clock or a folder.
func OpenWith(t testing.TB, o db.Options, schemas ...db.Schema) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(context.Background(), schemas...); err != nil {
		t.Fatal(err)
	}
	return d
}

// PostgresURL returns the URL of a database that does not exist yet and whose three
// stores are dropped when the test ends; without a server the test is skipped.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		t.Skip(Env + " is not set: PostgreSQL is not tested here (scripts/postgres starts a private server)")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(Env + " is no URL")
	}
	name := strings.ReplaceAll(id.New("t"), "_", "")
	u.Path = "/" + name
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		c, err := pgx.Connect(ctx, server)
		if err != nil {
			return
		}
		defer func() { _ = c.Close(ctx) }()
		for _, suffix := range []string{"", "_keys", "_index"} {
			_, _ = c.Exec(ctx, "drop database if exists "+pgx.Identifier{name + suffix}.Sanitize()+" with (force)")
		}
	})
	return u.String()
}

package app

import (
	"context"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// BenchmarkTwoWriteActPostgres compares, in turns in one run and with 64 callers, the act of
// two business writes and one log entry (a customer is updated, a disclosure inserted) on
// PostgreSQL: through our writer with leaf, tree and checkpoint, and in the way it is
// usually built, a transaction per act whose entry is chained to the head row that each
// transaction must lock.
func BenchmarkTwoWriteActPostgres(b *testing.B) {
	url := dbtest.PostgresURL(b)
	w := openWorld(b, db.Options{URL: url})
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	const callers, customers, rounds = 64, 1000, 6
	config.MaxConns = callers
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	for _, sql := range []string{
		`create table bench_customer (id bigint primary key, touched bigint not null)`,
		`insert into bench_customer select n, 0 from generate_series(0, 999) n`,
		`create table bench_disclosure (id text primary key, customer bigint not null, field text not null, at bigint not null)`,
		`create table bench_head (one bigint primary key, seq bigint not null, hash bytea not null)`,
		`insert into bench_head values (1, 0, '\x00')`,
		`create table bench_chain (seq bigint primary key, entry bytea not null, hash bytea not null)`,
	} {
		if _, err := pool.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
	entry := make([]byte, 300)
	chained := func(i int) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `update bench_customer set touched = touched + 1 where id = $1`, i%customers); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `insert into bench_disclosure values ($1, $2, 'phone', $3)`, id.New(id.Disclosure), i%customers, i); err != nil {
				return err
			}
			var seq int64
			var hash []byte
			if err := tx.QueryRow(ctx, `select seq, hash from bench_head where one = 1 for update`).Scan(&seq, &hash); err != nil {
				return err
			}
			next := sha256.Sum256(append(hash, entry...))
			if _, err := tx.Exec(ctx, `insert into bench_chain values ($1, $2, $3)`, seq+1, entry, next[:]); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `update bench_head set seq = $1, hash = $2 where one = 1`, seq+1, next[:])
			return err
		})
	}
	ours := func(i int) error {
		return w.DB.Write(ctx, func(tx *db.Tx) error {
			tx.Data.Queue(`update bench_customer set touched = touched + 1 where id = $1`, int64(i%customers))
			tx.Data.Queue(`insert into bench_disclosure values ($1, $2, 'phone', $3)`, id.New(id.Disclosure), int64(i%customers), int64(i))
			_, err := w.Audit.Append(tx, audit.Entry{Action: "reveal", Decision: audit.Allowed, Actor: actor.NewDuty("bench"), Fields: []string{"phone"},
				Ground: "duty:bench", Channel: "phone", Level: 2})
			return err
		})
	}
	per := max(callers, b.N/rounds)
	var ratios []float64
	var chain, writer float64
	b.ResetTimer()
	for range rounds {
		floor, _ := storm(b, callers, per, chained)
		full, _ := storm(b, callers, per, ours)
		ratios = append(ratios, floor.Seconds()/full.Seconds())
		chain += float64(per) / floor.Seconds() / rounds
		writer += float64(per) / full.Seconds() / rounds
	}
	slices.Sort(ratios)
	b.ReportMetric(chain, "locked-head/s")
	b.ReportMetric(writer, "writer/s")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

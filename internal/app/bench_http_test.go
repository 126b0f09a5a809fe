package app

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

// nowhere takes the log of a measurement: its lines are made, as in a house that serves, and go no further.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// engines runs a benchmark on an installation of each engine; url is the PostgreSQL database's, "" on SQLite.
func engines(b *testing.B, run func(b *testing.B, m *bench.Bench)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			o := TrialOptions{Dir: b.TempDir(), Settings: map[string]string{"tls.off": "true"}, Controllers: []string{"toko=Toko Nusantara"},
				Log: slog.New(slog.NewJSONHandler(nowhere{}, nil)), Limits: web.Limits{Rate: 1e9, Burst: 1e9}}
			if engine == "postgres" {
				o.Database = dbtest.PostgresURL(b)
			}
			GiveHeapRoom()
			ctx := context.Background()
			t, err := NewTrial(ctx, o)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = t.Close(ctx) }()
			t.Desk.Budget = 1 << 40
			m := &bench.Bench{Center: t.Center, Controller: t.Controllers["toko"], Rounds: 6}
			m.Calls = max(256, b.N/m.Rounds)
			if m.Seats, err = t.Seats(ctx, m.Controller, 0, 8); err != nil {
				b.Fatal(err)
			}
			if err := t.MakeFloors(ctx, m.Seats); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			run(b, m)
		})
	}
}

func report(b *testing.B, r bench.Result, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(r.Rate, r.Unit+"/s")
	b.ReportMetric(r.Floor, "floor/s")
	b.ReportMetric(r.Ratio, "ratio")
	b.ReportMetric(r.P50, "p50-ms")
	b.ReportMetric(r.P99, "p99-ms")
	if r.Echo > 0 {
		b.ReportMetric(r.Echo, "net-http/s")
		b.ReportMetric(r.Writer, "writer/s")
		b.ReportMetric(r.Both, "both/s")
	}
}

// BenchmarkRevealHTTP measures reveals over loopback with 64 connections against its two floors: net/http alone with the
// same answer, and the business writes alone through the writer.
func BenchmarkRevealHTTP(b *testing.B) {
	engines(b, func(b *testing.B, m *bench.Bench) {
		r, err := m.RevealHTTP(context.Background(), 64)
		report(b, r, err)
	})
}

// BenchmarkCreateHTTP measures the creation of customers over loopback with 16 connections, each with an Idempotency-Key,
// against what people write without us: the same record by 16 connections of PostgreSQL itself, in the clear, in
// turns in the same run, once as one wide row with two unique and two other indexes, once as as many rows as ours.
func BenchmarkCreateHTTP(b *testing.B) {
	engines(b, func(b *testing.B, m *bench.Bench) {
		ctx := context.Background()
		const connections = 16
		config, err := pgxpool.ParseConfig(dbtest.PostgresURL(b))
		if err != nil {
			b.Fatal(err)
		}
		name := config.ConnConfig.Database
		config.ConnConfig.Database = "postgres"
		admin, err := pgx.ConnectConfig(ctx, config.ConnConfig)
		if err != nil {
			b.Fatal(err)
		}
		_, err = admin.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
		_ = admin.Close(ctx)
		if err != nil {
			b.Fatal(err)
		}
		config.ConnConfig.Database, config.MaxConns = name, connections
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		for _, sql := range []string{
			`create table wide (id text primary key, controller text not null, customer_number text not null unique, name text not null, phone text not null,
				email text not null, nik text not null unique, birth_date text not null, created_at bigint not null)`,
			`create index wide_phone on wide (phone)`, `create index wide_email on wide (email)`,
			`create table subject (subject text primary key, controller text not null, version bigint not null, created_at bigint not null)`,
			`create table value (subject text not null, field text not null, ordinal bigint not null, body text not null, primary key (subject, field, ordinal))`,
			`create table uniques (body text primary key, field text not null, subject text not null)`, `create index uniques_subject on uniques (subject)`,
			`create table exacts (body text not null, field text not null, subject text not null, primary key (body, subject, field))`, `create index exacts_subject on exacts (subject)`,
		} {
			if _, err := pool.Exec(ctx, sql); err != nil {
				b.Fatal(err)
			}
		}
		wide := func(i int) error {
			r := bench.Record(i)
			_, err := pool.Exec(ctx, `insert into wide values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id.New(id.Subject), m.Controller,
				r[0].Value, r[1].Value, r[2].Value, r[3].Value, r[4].Value, r[5].Value, int64(i))
			return err
		}
		rows := func(i int) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				subject := id.New(id.Subject)
				var batch pgx.Batch
				batch.Queue(`insert into subject values ($1, $2, 1, $3)`, subject, m.Controller, int64(i))
				for _, v := range bench.Record(i) {
					batch.Queue(`insert into value values ($1, $2, 0, $3)`, subject, v.Field, v.Value)
					switch v.Field {
					case "customer_number", "nik":
						batch.Queue(`insert into uniques values ($1, $2, $3)`, v.Value, v.Field, subject)
					case "phone", "email":
						batch.Queue(`insert into exacts values ($1, $2, $3)`, v.Value, v.Field, subject)
					}
				}
				return tx.SendBatch(ctx, &batch).Close()
			})
		}
		c, err := m.StartCreating(ctx)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Stop()
		var next [2]int
		rates := make([]float64, 3)
		var overWide, overRows []float64
		var all []time.Duration
		for range m.Rounds {
			var took [3]time.Duration
			for k, insert := range []func(int) error{wide, rows} {
				first := next[k]
				next[k] += m.Calls
				if took[k], _, err = bench.Storm(connections, m.Calls, func(i int) error { return insert(first + i + 1) }); err != nil {
					b.Fatal(err)
				}
			}
			var each []time.Duration
			if took[2], each, err = bench.Load(c.Address, connections, m.Calls, http.StatusCreated, c.Request); err != nil {
				b.Fatal(err)
			}
			all = append(all, each...)
			for k := range rates {
				rates[k] += float64(m.Calls) / took[k].Seconds() / float64(m.Rounds)
			}
			overWide, overRows = append(overWide, took[0].Seconds()/took[2].Seconds()), append(overRows, took[1].Seconds()/took[2].Seconds())
		}
		slices.Sort(overWide)
		slices.Sort(overRows)
		b.ReportMetric(rates[2], "customers/s")
		b.ReportMetric(rates[0], "wide-rows/s")
		b.ReportMetric(rates[1], "same-rows/s")
		b.ReportMetric(overWide[len(overWide)/2], "ratio-wide")
		b.ReportMetric(overRows[len(overRows)/2], "ratio-same-rows")
		b.ReportMetric(bench.Percentile(all, 99).Seconds()*1000, "p99-ms")
	})
}

// BenchmarkPages asks for every page of the console and the desk that a role may open, on an installation with a day's
// data, and renders every fixture; it reports the largest page and the slowest, and fails past 60 KB.
func BenchmarkPages(b *testing.B) {
	ctx := context.Background()
	t, err := NewTrial(ctx, TrialOptions{Dir: b.TempDir(), Controllers: []string{"toko=Toko Nusantara"}, Log: slog.New(slog.NewJSONHandler(nowhere{}, nil)),
		Limits: web.Limits{Rate: 1e9, Burst: 1e9}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = t.Close(ctx) }()
	t.Desk.Budget = 1 << 40
	toko := t.Controllers["toko"]
	m := &bench.Bench{Center: t.Center, Controller: toko, Rounds: 1, Calls: 200}
	if m.Seats, err = t.Seats(ctx, toko, 0, 4); err != nil {
		b.Fatal(err)
	}
	if err := t.MakeFloors(ctx, m.Seats); err != nil {
		b.Fatal(err)
	}
	if _, err := m.Fill(ctx, "toko", 500, nil); err != nil {
		b.Fatal(err)
	}
	if _, err := m.Reveal(ctx, 8); err != nil {
		b.Fatal(err)
	}
	order, err := t.Purpose(ctx, toko, "order_status")
	if err != nil {
		b.Fatal(err)
	}
	type page struct {
		role   actor.Role
		path   string
		cookie string
	}
	var pages []page
	for _, role := range actor.Roles() {
		who, cookie, err := t.Browsing(ctx, role, toko)
		if err != nil {
			b.Fatal(err)
		}
		itx := ""
		if role == actor.Agent { // a serving screen of one's own
			if _, err := t.Customer(ctx, toko, 100); err != nil {
				b.Fatal(err)
			}
			if itx, err = t.Call(ctx, who, toko, "order_status", 100); err == nil {
				err = t.Verify(ctx, who, itx)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		fill := strings.NewReplacer("{interaction}", itx, "{purpose}", order, "{subject}", m.Seats[0].Subject, "{staff}", m.Seats[0].Agent.ID(), "{index}", "1", "{leaf}", "1", "{$}", "")
		for _, r := range t.Web.Routes() {
			path := fill.Replace(r.Pattern)
			path = strings.TrimPrefix(path, "GET ")
			if r.API || r.Method != "GET" || strings.ContainsAny(path, "{}") || strings.Contains(path, "//") || strings.HasSuffix(path, "/events") || strings.HasPrefix(r.Pattern, "/metrics") {
				continue
			}
			pages = append(pages, page{role, path, cookie})
		}
	}
	h := t.Web.Handler()
	get := func(p page) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", p.path, nil)
		r.Header.Set("Accept", "text/html")
		r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: p.cookie})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	pages = slices.DeleteFunc(pages, func(p page) bool {
		w := get(p)
		return w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
	})
	type line struct {
		page
		bytes    int
		p50, p95 time.Duration
	}
	var lines []line
	var all []time.Duration
	const times = 40
	b.ResetTimer()
	for _, p := range pages {
		var took []time.Duration
		n := 0
		for range times {
			start := time.Now()
			w := get(p)
			took = append(took, time.Since(start))
			n = w.Body.Len()
		}
		all = append(all, took...)
		lines = append(lines, line{p, n, bench.Percentile(took, 50), bench.Percentile(took, 95)})
		if n > 60<<10 {
			b.Errorf("%s for %s has %d bytes", p.path, p.role, n)
		}
	}
	b.StopTimer()
	slices.SortFunc(lines, func(x, y line) int { return cmp.Compare(y.p95, x.p95) })
	var text strings.Builder
	largest := 0
	for _, l := range lines {
		largest = max(largest, l.bytes)
		fmt.Fprintf(&text, "%-10s %-60s %6d bytes  p50 %7.2f ms  p95 %7.2f ms\n", l.role, strings.NewReplacer(order, "…", m.Seats[0].Subject, "…").Replace(l.path), l.bytes, l.p50.Seconds()*1000, l.p95.Seconds()*1000)
	}
	b.Logf("pages, the slowest first:\n%s", text.String())
	fixtures, largestFixture := 0, 0
	for _, room := range t.house.modules() {
		if room.Fixtures == nil {
			continue
		}
		for _, f := range room.Fixtures(t.Web.Texts().For(i18n.ID, nil)) {
			if f.Name == "hostile" {
				continue // as long as the limits allow: not what anybody waits for
			}
			var w bytes.Buffer
			if err := t.Web.Preview(&w, room.Name, f, i18n.ID, "", "/"); err != nil {
				b.Fatal(err)
			}
			fixtures++
			largestFixture = max(largestFixture, w.Len())
			if w.Len() > 60<<10 {
				b.Errorf("%s of %s has %d bytes", f.Name, room.Name, w.Len())
			}
		}
	}
	b.ReportMetric(float64(len(lines)), "pages")
	b.ReportMetric(float64(largest)/1024, "KB-largest")
	b.ReportMetric(lines[0].p50.Seconds()*1000, "ms-p50-of-slowest")
	b.ReportMetric(lines[0].p95.Seconds()*1000, "ms-p95-of-slowest")
	b.ReportMetric(bench.Percentile(all, 95).Seconds()*1000, "ms-p95-all")
	b.ReportMetric(float64(fixtures), "fixtures")
	b.ReportMetric(float64(largestFixture)/1024, "KB-largest-fixture")
	b.ReportMetric(0, "ns/op")
}

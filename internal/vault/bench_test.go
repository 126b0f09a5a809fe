package vault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/vault/name/nametest"
)

// The benchmarks take their size from AMANAH_BENCH_PEOPLE (20,000 when it is not set) and
// keep what they filled in AMANAH_BENCH_DIR, when that is set, for the next run.

// crowd returns a house with that many customers: name, birth date, number, phone, e-mail,
// NIK each.
func crowd(b *testing.B, n int) *house {
	b.Helper()
	h, have := kept(b, fmt.Sprint(n))
	if have >= n {
		return h
	}
	m := nametest.New(2, 60_000)
	var all [][]Input
	for i := have; i < n; i++ {
		all = append(all, values("name", m.Name(), "birth_date", fmt.Sprintf("19%02d-%02d-%02d", 50+i%50, 1+i%12, 1+i%28),
			"customer_number", fmt.Sprintf("C-%08d", i), "phone", fmt.Sprintf("0812%08d", i), "email", fmt.Sprintf("p%d@contoh.example", i), "nik", nikOf(i)))
	}
	var wg sync.WaitGroup
	chunks := make(chan [][]Input)
	for range 6 {
		wg.Go(func() {
			for part := range chunks {
				if err := addAll(h, part); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for part := range slices.Chunk(all, 32) {
		chunks <- part
	}
	close(chunks)
	wg.Wait()
	return h
}

func people(t testing.TB) int {
	n := 20_000
	if s := os.Getenv("AMANAH_BENCH_PEOPLE"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// kept returns a house in a folder of AMANAH_BENCH_DIR and how many customers it has already.
func kept(b *testing.B, folder string) (h *house, have int) {
	b.Helper()
	dir := os.Getenv("AMANAH_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	} else {
		dir = filepath.Join(dir, folder)
	}
	d := dbtest.OpenWith(b, db.Options{Dir: filepath.Join(dir, "data")}, schemas()...)
	h = build(b, d, filepath.Join(dir, "kms.key"))
	h.read(func(tx *db.Tx) error {
		if err := tx.Data.Row(`select count(*) from vault_subject`).Scan(&have); err != nil || have == 0 {
			return err
		}
		return tx.Data.Row(`select controller from vault_subject limit 1`).Scan(&h.ctl)
	})
	return h, have
}

// nikOf makes some 3 million different well-formed numbers of nobody.
func nikOf(i int) string {
	day := i / 9999
	return fmt.Sprintf("317101%02d%02d%02d%04d", 1+day%28, 1+day/28%12, 60+day/336%40, 1+i%9999)
}

func addAll(h *house, part [][]Input) error {
	drafts := make([]*Draft, len(part))
	for i, in := range part {
		p, err := h.vault.Prepare(h.ctl, in)
		if err == nil {
			drafts[i], err = h.vault.Draft(p, "imp_bench")
		}
		if err != nil {
			return err
		}
	}
	return h.write(func(tx *db.Tx) error {
		for _, d := range drafts {
			if err := h.vault.Add(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// phones returns a house with that many customers of whom there is nothing but the index row of their phone number:
// what a look-up reads, without the time it takes to seal a million records.
func phones(b *testing.B, n int) *house {
	b.Helper()
	h, have := kept(b, fmt.Sprint("phones-", n))
	f, _ := h.vault.catalogue.Field("phone")
	for from := have; from < n; from += 2000 {
		err := h.write(func(tx *db.Tx) error {
			for i := from; i < min(from+2000, n); i++ {
				subject := id.New(id.Subject)
				insertSubject(tx, Subject{ID: subject, Controller: h.ctl, Source: "imp_bench"})
				insertExacts(tx, h.ctl, subject, indexRow{h.vault.mac(h.ctl, f, fmt.Sprintf("+62812%08d", i)), "phone"})
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return h
}

// percentile sorts the list and returns what p of a hundred do not exceed, in milliseconds.
func percentile(took []time.Duration, p int) float64 {
	slices.Sort(took)
	return float64(took[len(took)*p/100].Nanoseconds()) / 1e6
}

// callers makes n calls from so many callers and returns how long each took.
func callers(b *testing.B, callers, n int, one func(i int) error) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				at := time.Now()
				if err := one(i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	return took
}

// BenchmarkFindByPhone looks numbers up with 8 callers at once. Its floor, in turns in the same run, is the same two
// primary-key reads by the same callers through the same pool, without the hash and checks.
func BenchmarkFindByPhone(b *testing.B) {
	n := people(b)
	h := phones(b, n)
	f, _ := h.vault.catalogue.Field("phone")
	macs := make([][]byte, 1000)
	for i := range macs {
		macs[i] = h.vault.mac(h.ctl, f, fmt.Sprintf("+62812%08d", i*(n/1000)))
	}
	read := func(one func(tx *db.Tx, i int) error) func(int) error {
		return func(int) error {
			i := rand.IntN(n)
			return h.db.Read(context.Background(), func(tx *db.Tx) error { return one(tx, i) })
		}
	}
	var ours, floor []time.Duration
	b.ResetTimer()
	const rounds = 8
	for range rounds {
		floor = append(floor, callers(b, 8, max(100, b.N/rounds), read(func(tx *db.Tx, i int) error {
			var subject, controller string
			if err := tx.Index.Row(`select subject from vault_exact where entry_mac = $1`, macs[i%1000]).Scan(&subject); err != nil {
				return err
			}
			return tx.Data.Row(`select controller from vault_subject where subject = $1`, subject).Scan(&controller)
		}))...)
		ours = append(ours, callers(b, 8, max(100, b.N/rounds), read(func(tx *db.Tx, i int) error {
			hits, err := h.vault.Find(tx, h.ctl, Query{Field: "phone", Value: fmt.Sprintf("0812%08d", i)}, 3)
			if err == nil && len(hits.List) != 1 {
				err = fmt.Errorf("%d hits for %d", len(hits.List), i)
			}
			return err
		}))...)
	}
	b.ReportMetric(percentile(ours, 50), "ms-p50")
	b.ReportMetric(percentile(ours, 99), "ms-p99")
	b.ReportMetric(percentile(floor, 50), "floor-ms-p50")
	b.ReportMetric(percentile(floor, 99), "floor-ms-p99")
	b.ReportMetric(percentile(ours, 50)/percentile(floor, 50), "p50-ratio")
}

// BenchmarkBuildNames builds the index in memory from the sealed values, as a start does.
func BenchmarkBuildNames(b *testing.B) {
	n := people(b)
	h := crowd(b, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if err := h.vault.BuildNames(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if s := h.vault.Names(); s.People != int64(n) {
		b.Fatalf("%d people, want %d", s.People, n)
	}
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MB-index")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s-build")
}

// BenchmarkRepair checks a whole index store, as a first start does.
func BenchmarkRepair(b *testing.B) {
	h := crowd(b, people(b))
	for b.Loop() {
		if _, err := h.db.Stats(), h.write(func(tx *db.Tx) error { _, err := tx.Index.Exec(`delete from vault_repair`); return err }); err != nil {
			b.Fatal(err)
		}
		if r, err := h.vault.Repair(context.Background(), false); err != nil || r.Rebuilt > 0 {
			b.Fatal(r, err)
		}
	}
}

// BenchmarkCreate creates customers with 16 callers. Its floor, in turns in the same run, is the same rows in the same
// tables with the values in the clear, through a writer of the same kind.
func BenchmarkCreate(b *testing.B) {
	h, plain := newHouse(b, dbtest.Open(b, schemas()...)), newHouse(b, dbtest.Open(b, schemas()...))
	record := func(i int) []Input {
		return values("name", "Siti Nurhaliza", "birth_date", "1990-01-02", "customer_number", fmt.Sprintf("C-%08d", i),
			"phone", fmt.Sprintf("0812%08d", i), "email", fmt.Sprintf("p%d@contoh.example", i), "nik", nikOf(i))
	}
	const rounds = 8
	per := max(64, b.N/rounds)
	var ratios []float64
	var ours, floor time.Duration
	b.ResetTimer()
	for round := range rounds {
		start := time.Now()
		callers(b, 16, per, func(i int) error {
			return plain.write(func(tx *db.Tx) error { plainRows(tx, plain.ctl, record(round*per+i)); return nil })
		})
		middle := time.Now()
		callers(b, 16, per, func(i int) error {
			_, err := h.vault.Create(context.Background(), h.client, NewCustomer{Controller: h.ctl, Purpose: h.pur, Values: record(round*per + i), Source: "cli_bench"})
			return err
		})
		end := time.Now()
		floor, ours = floor+middle.Sub(start), ours+end.Sub(middle)
		ratios = append(ratios, middle.Sub(start).Seconds()/end.Sub(middle).Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(float64(rounds*per)/ours.Seconds(), "customers/s")
	b.ReportMetric(float64(rounds*per)/floor.Seconds(), "floor/s")
	b.ReportMetric(ratios[rounds/2], "ratio")
}

// plainRows writes a record as a product without protection would: the same tables, rows
// and indexes, no keys, no ciphertext, no entry.
func plainRows(tx *db.Tx, controller string, in []Input) {
	subject := id.New(id.Subject)
	insertSubject(tx, Subject{ID: subject, Controller: controller, Source: "imp_bench"})
	var values []sealedValue
	var uniques, exacts []indexRow
	for i, v := range in {
		values = append(values, sealedValue{id: "val", field: v.Field, ordinal: i, sealed: []byte(v.Value)})
		switch v.Field {
		case "customer_number", "nik":
			uniques = append(uniques, indexRow{[]byte(v.Value), v.Field})
		case "phone", "email":
			exacts = append(exacts, indexRow{[]byte(v.Value), v.Field})
		}
	}
	insertValues(tx, subject, values, "imp_bench")
	insertUniques(tx, controller, subject, uniques...)
	insertExacts(tx, controller, subject, exacts...)
	// the key's slot and life have rows too
	tx.Keys.Queue(`insert into keyring_child (subject, interaction, wrapped_sealed, created_at) values ($1, 'plain', $2, 0)`, subject, []byte("-"))
	tx.Data.Queue(`insert into keyring_life (subject, interaction, state, ref, changed_at) values ($1, 'plain', 'live', '', 0)`, subject)
}

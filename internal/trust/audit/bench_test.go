package audit_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

var machine = actor.NewDuty("audit_log")

// plainSealer stands for the keyring: the log asks for sealed bytes and does not look
// into them.
type plainSealer struct{}

func (plainSealer) SealDetail(_ *db.Tx, subject string) (func(row string, plain []byte) ([]byte, error), error) {
	return func(row string, plain []byte) ([]byte, error) {
		return append([]byte("sealed:"+subject+":"+row+":"), plain...), nil
	}, nil
}

func key(seed byte) audit.KeySigner {
	b := make([]byte, ed25519.SeedSize)
	b[0] = seed
	return audit.KeySigner{Key: ed25519.NewKeyFromSeed(b)}
}

func started(t testing.TB, d *db.DB, o audit.Options) *audit.Log {
	t.Helper()
	if o.Deployment == "" {
		o.Deployment = "dep.example"
	}
	o.Actor = machine
	l := audit.New(d, o)
	if err := l.Start(context.Background(), plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func reveal(subject string) audit.Entry {
	return audit.Entry{
		Action: "reveal", Decision: audit.Allowed, Policy: "5f3c7a9e0b1d2c3f5f3c7a9e0b1d2c3f", Purpose: "pur_01k9xq3v7me8t0000z9w2h4r6n",
		Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n", Controller: "ctl_01k9xq3v7me8t0000z9w2h4r6n", Ground: "interaction:itx_01k9xq3v7me8t0000z9w2h4r6n",
		Channel: "phone", Level: 2, Fields: []string{"phone_mobile"}, Subject: subject,
		Actor: actor.NewStaff("stf_01k9xq3v7me8t0000z9w2h4r6n", actor.Agent, "ses_01k9xq3v7me8t0000z9w2h4r6n", nil, noTime),
	}
}

// BenchmarkAppend measures what the log adds to a write: 64 callers each commit one row of
// their own, first without (the floor) and then with an entry. hook-us/entry is the time
// of the log's own work on the writer's goroutine alone.
func BenchmarkAppend(b *testing.B) {
	subjects := make([]string, 4096)
	for i := range subjects {
		subjects[i] = id.New(id.Subject)
	}
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			d := dbtest.Open(b, audit.Schema(), floorSchema)
			var from time.Time
			var hook, stage time.Duration
			var batches int
			d.BeforeCommit("before", func(*db.Tx, []any) error { from = time.Now(); return nil })
			l := started(b, d, audit.Options{})
			d.BeforeCommit("after", func(*db.Tx, []any) error { hook += time.Since(from); batches++; return nil })
			write := func(tx *db.Tx) error {
				_, err := tx.Data.Exec("insert into floor_row (row, text) values ($1, $2)", id.New("row"), subjects[0])
				return err
			}
			floor := spread(b, callers, func(int) error { return d.Write(context.Background(), write) })
			with := spread(b, callers, func(i int) error {
				return d.Write(context.Background(), func(tx *db.Tx) error {
					if err := write(tx); err != nil {
						return err
					}
					start := time.Now()
					_, err := l.Append(tx, reveal(subjects[i%len(subjects)]))
					stage += time.Since(start)
					tx.Stage("before", nil)
					tx.Stage("after", nil)
					return err
				})
			})
			b.ReportMetric(floor, "floor-us/write")
			b.ReportMetric(with, "us/write")
			b.ReportMetric(floor/with, "of-floor")
			b.ReportMetric(float64(hook.Nanoseconds())/1e3/float64(b.N), "hook-us/entry")
			b.ReportMetric(float64(stage.Nanoseconds())/1e3/float64(b.N), "append-us/entry")
			b.ReportMetric(float64(b.N)/float64(batches), "entries/batch")
		})
	}
}

// spread runs b.N calls over some callers and returns microseconds per call.
func spread(b *testing.B, callers int, call func(i int) error) float64 {
	b.Helper()
	var wg sync.WaitGroup
	next := make(chan int, callers)
	start := time.Now()
	for range callers {
		wg.Go(func() {
			for i := range next {
				if err := call(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
	return float64(time.Since(start).Microseconds()) / float64(b.N)
}

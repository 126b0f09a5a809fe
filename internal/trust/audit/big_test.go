package audit_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

var (
	bigLeaves = flag.Int("audit.leaves", 50_000, "leaves of the big log in BenchmarkBigLog; the published figures are of 10,000,000")
	bigFolder = flag.String("audit.folder", "", "folder that keeps the big log between runs")
)

// BenchmarkBigLog builds a large log the way the product does, entry by entry through the
// writer, and measures on it what must not depend on its size: a start, an inclusion
// proof, a page of a subject's trail; and how long amanah verify takes.
func BenchmarkBigLog(b *testing.B) {
	dir := *bigFolder
	if dir == "" {
		dir = b.TempDir()
	}
	d := dbtest.OpenWith(b, db.Options{Dir: filepath.Join(dir, fmt.Sprint(*bigLeaves))}, schemas...)
	open := func() *audit.Log {
		l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
		if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
			b.Fatal(err)
		}
		return l
	}
	l := open()
	subjects := make([]string, 100_000)
	for i := range subjects {
		subjects[i] = id.New(id.Subject)
	}
	start := time.Now()
	for i := 0; l.Size() < int64(*bigLeaves); i++ {
		err := d.Write(ctx, func(tx *db.Tx) error {
			for j := range 256 {
				if _, err := l.Append(tx, reveal(subjects[(i*7919+j*104729)%len(subjects)])); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("built %d leaves in %v", l.Size(), time.Since(start).Round(time.Second))
	if err := l.Close(ctx); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, fmt.Sprint(*bigLeaves), "data.db")); err == nil {
		b.Logf("%d bytes an entry on disk", info.Size()/int64(*bigLeaves))
	}
	b.Run("start", func(b *testing.B) {
		for range b.N {
			if err := open().Close(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	l = open()
	defer func() { _ = l.Close(ctx) }()
	if err := l.Sign(ctx); err != nil {
		b.Fatal(err)
	}
	size := l.Size()
	policy, _ := proof.TrustKey(l.VerifierKey())
	b.Run("inclusion", func(b *testing.B) {
		var took, floor []time.Duration // the floor is to read one entry of the same log
		for i := range b.N {
			index := uint64(i*2_147_483_647) % uint64(size-1)
			start := time.Now()
			if err := d.Read(ctx, func(tx *db.Tx) error {
				var position int64
				var leaf []byte
				return tx.Data.Row(`select position, leaf from audit_entry where position >= $1 order by position limit 1`, int64(index/2)).Scan(&position, &leaf)
			}); err != nil {
				b.Fatal(err)
			}
			floor = append(floor, time.Since(start))
			start = time.Now()
			p, err := audit.Prove(d, l.Origin(), index)
			took = append(took, time.Since(start))
			if err != nil {
				b.Fatal(err)
			}
			if i%100 == 0 {
				if _, err := p.Verify(nil, policy); err != nil {
					b.Fatal(err)
				}
			}
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
		slices.Sort(floor)
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
		b.ReportMetric(float64(floor[len(floor)/2].Microseconds()), "floor-p50-us")
	})
	b.Run("subject", func(b *testing.B) {
		for i := range b.N {
			if _, err := l.Search(ctx, auditor, audit.Query{Subject: subjects[i%len(subjects)], Limit: 50}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for range b.N {
			start := time.Now()
			r, err := audit.Verify(ctx, d, proof.Options{Policy: policy})
			if err != nil || !r.OK() {
				b.Fatal(r, err)
			}
			b.ReportMetric(float64(r.Logs[0].Size)/time.Since(start).Seconds(), "leaves/s")
		}
	})
}

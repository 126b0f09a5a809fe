package app

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// desks are agents in verified calls, one each.
type seat struct {
	agent       actor.Actor
	interaction string
}

func seats(b *testing.B, w *world, n int) (list []seat) {
	b.Helper()
	for i := range n {
		a, itx := servingCall(b, w, i+1)
		list = append(list, seat{a, itx})
	}
	return list
}

// storm runs do from several callers until n calls are made, and returns the time it took
// and each call's latency.
func storm(b *testing.B, callers, n int, do func(i int) error) (time.Duration, []time.Duration) {
	b.Helper()
	took, each, err := bench.Storm(callers, n, do)
	if err != nil {
		b.Fatal(err)
	}
	return took, each
}

// businessWrites is the floor of a reveal: the rows that the reveal itself would write
// without gate, log and keys: the touch of the interaction, the budget and the disclosure.
func businessWrites(w *world, s seat) error {
	return w.DB.Write(context.Background(), func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		tx.Data.Queue(`update interaction_contact set beat_at = $1 where id = $2`, now, s.interaction)
		tx.Data.Queue(`insert into desk_budget (staff, started_at, used) values ($1, $2, 1)
			on conflict (staff) do update set used = desk_budget.used + 1`, s.agent.ID(), now)
		tx.Data.Queue(`insert into desk_disclosure (id, interaction, subject, staff, verb, fields, purpose, level, at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id.New(id.Disclosure), s.interaction, "sub_00000000000000000000000000", s.agent.ID(),
			"floor", "name", "pur_00000000000000000000000000", 2, now)
		return nil
	})
}

// BenchmarkReveal measures the whole verb, facts read, decided, entered, committed, opened,
// against its own business writes alone through the same writer, in turns in one run.
func BenchmarkReveal(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", engine, callers), func(b *testing.B) {
				o := db.Options{}
				if engine == "postgres" {
					o.URL = dbtest.PostgresURL(b)
				}
				w := openWorld(b, o)
				w.Desk.Budget = 1 << 40
				all := seats(b, w, 8)
				GiveHeapRoom() // as the server does
				ctx := context.Background()
				const rounds = 8
				per := max(64, b.N/rounds)
				var ratios, p50s []float64
				var reveals, floors, batch float64
				var p99 time.Duration
				b.ResetTimer()
				for range rounds {
					for _, s := range all {
						if err := w.Interactions.Heartbeat(ctx, s.agent, s.interaction); err != nil {
							b.Fatal(err)
						}
					}
					floor, floorEach := storm(b, callers, per, func(i int) error { return businessWrites(w, all[i%len(all)]) })
					before := w.DB.Stats()
					full, fullEach := storm(b, callers, per, func(i int) error {
						s := all[i%len(all)]
						return w.reveal(ctx, s.agent, s.interaction)
					})
					after := w.DB.Stats()
					batch += float64(after.Writes-before.Writes) / float64(after.Batches-before.Batches) / rounds
					ratios = append(ratios, floor.Seconds()/full.Seconds())
					p50s = append(p50s, bench.Percentile(fullEach, 50).Seconds()/bench.Percentile(floorEach, 50).Seconds())
					reveals += float64(per) / full.Seconds() / rounds
					floors += float64(per) / floor.Seconds() / rounds
					p99 = max(p99, bench.Percentile(fullEach, 99))
				}
				slices.Sort(ratios)
				slices.Sort(p50s)
				b.ReportMetric(reveals, "reveals/s")
				b.ReportMetric(floors, "floor/s")
				b.ReportMetric(batch, "writes/commit")
				b.ReportMetric(ratios[len(ratios)/2], "ratio")
				b.ReportMetric(p50s[len(p50s)/2], "p50-ratio")
				b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
			})
		}
	}
}

package web_test

import (
	"io"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

// BenchmarkPage is a whole request to an ordinary page: checks, session, page, event. Its floor, in turns in the same
// run, is the template alone.
func BenchmarkPage(b *testing.B) {
	d := desk(b, func(o *web.Options) {
		o.ActorLimit, o.AddressLimit, o.Log = web.Limits{Rate: 1e9, Burst: 1e9}, web.Limits{Rate: 1e9, Burst: 1e9}, quietLog()
	})
	h := d.Handler()
	page := samplePage(d.Texts().For(i18n.ID, nil))
	times, floor := make([]time.Duration, 0, b.N), time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("GET", "/calls/itx_1", nil)
		r.Header.Set("Webtest-Actor", "agent")
		w := httptest.NewRecorder()
		start := time.Now()
		h.ServeHTTP(w, r)
		times = append(times, time.Since(start))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
		start = time.Now()
		if err := d.Preview(io.Discard, "sample", web.Fixture{Page: page, Role: actor.Agent}, i18n.ID, "", "/calls/itx_1"); err != nil {
			b.Fatal(err)
		}
		floor += time.Since(start)
	}
	slices.Sort(times)
	total := time.Duration(0)
	for _, t := range times {
		total += t
	}
	b.ReportMetric(float64(floor.Microseconds())/1000/float64(len(times)), "floor-ms")
	b.ReportMetric(total.Seconds()/floor.Seconds(), "over-floor")
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkRender is the template alone.
func BenchmarkRender(b *testing.B) {
	d := desk(b, nil)
	page := samplePage(d.Texts().For(i18n.ID, nil))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Preview(io.Discard, "sample", web.Fixture{Page: page, Role: actor.Agent}, i18n.ID, "", "/calls/itx_1"); err != nil {
			b.Fatal(err)
		}
	}
}

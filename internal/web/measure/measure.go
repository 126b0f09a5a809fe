// Package measure counts and times the requests of the front desk for Prometheus. Its labels are the patterns of routes,
// methods and classes of status: names of ours, never a part of an address, so that no series is about anybody. Streams
// count as requests and are not timed. Who may read the measures is the front desk's business.
package measure

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Requests are the measures of one server.
type Requests struct {
	InFlight prometheus.Gauge

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// New registers them, with those of the process.
func New(reg *prometheus.Registry) *Requests {
	m := &Requests{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amanah_http_requests_total", Help: "Requests answered, by route pattern and class of status."}, []string{"route", "method", "class"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "amanah_http_request_seconds", Help: "Time to answer, by route pattern; streams are left out.", Buckets: []float64{.001, .0025, .005, .01, .02, .03, .05, .1, .25, 1, 5}}, []string{"route"}),
		InFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "amanah_http_in_flight", Help: "Requests being answered now, streams included."}),
	}
	reg.MustRegister(m.requests, m.seconds, m.InFlight)
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		_ = reg.Register(c) // the caller's registry may already have them
	}
	return m
}

// Observe takes one answered request in.
func (m *Requests) Observe(pattern, method string, status int, took time.Duration, stream bool) {
	m.requests.WithLabelValues(pattern, method, strconv.Itoa(status/100)+"xx").Inc()
	if !stream {
		m.seconds.WithLabelValues(pattern).Observe(took.Seconds())
	}
}

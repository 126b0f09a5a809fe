package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/web/limit"
)

// healthRoutes: /healthz says that the process answers; /readyz asks every Check, names those
// that fail and answers 503 unless these are alarms; /metrics is for this machine and the networks of Options.MetricsFrom.
// None of them says anything about anybody.
func (s *Server) healthRoutes(rt *Router) {
	add := func(pattern string, handle func(*state, http.ResponseWriter, *http.Request) error) {
		s.register(&route{Route: Route{Room: "web", Method: http.MethodGet, Pattern: pattern, Access: Access{Public: true}}, router: rt, bare: true}, handle)
	}
	add("GET /healthz", func(_ *state, w http.ResponseWriter, _ *http.Request) error {
		return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	add("GET /readyz", func(_ *state, w http.ResponseWriter, r *http.Request) error {
		failed, alarms := s.ready(r.Context())
		code, status := http.StatusOK, "ok"
		switch {
		case len(failed) > 0:
			code, status = http.StatusServiceUnavailable, "degraded"
			w.Header().Set("Retry-After", "2")
		case len(alarms) > 0:
			status = "alarm"
		}
		return writeJSON(w, code, map[string]any{"status": status, "failed": failed, "alarms": alarms})
	})
	handler := promhttp.HandlerFor(s.options.Registry, promhttp.HandlerOpts{})
	add("GET /metrics", func(_ *state, w http.ResponseWriter, r *http.Request) error {
		// The peer itself is asked, not who a proxy says it speaks for.
		from := limit.Peer(r)
		forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
		allowed := from.IsLoopback() && !forwarded
		for _, p := range s.options.MetricsFrom {
			allowed = allowed || p.Contains(from)
		}
		if !allowed {
			return errs.New(errs.NotFound, "web.not_found")
		}
		handler.ServeHTTP(w, r)
		return nil
	})
}

// ready asks all checks at once and gives each a second.
func (s *Server) ready(ctx context.Context) (failed, alarms []string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answers := make(chan Check, len(s.options.Checks))
	for _, c := range s.options.Checks {
		go func() {
			if c.Ask(ctx) == nil {
				c = Check{}
			}
			answers <- c
		}()
	}
	failed, alarms = []string{}, []string{}
	for range s.options.Checks {
		select {
		case c := <-answers:
			switch {
			case c.Name == "":
			case c.Alarm:
				alarms = append(alarms, c.Name)
			default:
				failed = append(failed, c.Name)
			}
		case <-ctx.Done():
			// A check that ignores its context must not make the others wait.
			return append(failed, "timeout"), alarms
		}
	}
	slices.Sort(failed)
	slices.Sort(alarms)
	return failed, alarms
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone; there is nobody to tell
	return nil
}

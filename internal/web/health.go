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

// healthRoutes: /healthz says that the process answers; /readyz asks every Check and names
// those that fail; /metrics is for this machine and the networks of Options.MetricsFrom.
// None of them says anything about anybody.
func (s *Server) healthRoutes(rt *Router) {
	add := func(pattern string, handle func(*state, http.ResponseWriter, *http.Request) error) {
		s.register(&route{Route: Route{Room: "web", Method: http.MethodGet, Pattern: pattern, Access: Access{Public: true}}, router: rt, bare: true}, handle)
	}
	add("GET /healthz", func(_ *state, w http.ResponseWriter, _ *http.Request) error {
		return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	add("GET /readyz", func(_ *state, w http.ResponseWriter, r *http.Request) error {
		status, failed := s.ready(r.Context())
		code := http.StatusOK
		if status != "ok" {
			code = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "2")
		}
		return writeJSON(w, code, map[string]any{"status": status, "failed": failed})
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
func (s *Server) ready(ctx context.Context) (status string, failed []string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answers := make(chan string, len(s.options.Checks))
	for _, c := range s.options.Checks {
		go func() {
			if err := c.Ask(ctx); err != nil {
				answers <- c.Name
				return
			}
			answers <- ""
		}()
	}
	failed = []string{}
	for range s.options.Checks {
		select {
		case name := <-answers:
			if name != "" {
				failed = append(failed, name)
			}
		case <-ctx.Done():
			// A check that ignores its context must not make the others wait.
			return "degraded", append(failed, "timeout")
		}
	}
	slices.Sort(failed)
	if len(failed) > 0 {
		return "degraded", failed
	}
	return "ok", failed
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone; there is nobody to tell
	return nil
}

package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/internal/web"
)

// What the server looks after while it runs: its readiness, the log, and the age of its keys.

// checks are the conditions of /readyz. A node that may not write its log can serve nobody. What is wrong with entries of
// the past, or what a witness says, is an alarm: the entries to come are as good as before, and whoever can edit a row must
// not be able to stop the call center with it. So is a keys store that lacks some customers' keys: the others are served.
func (h *House) checks() []web.Check {
	list := []web.Check{
		{Name: "database", Ask: h.DB.Ping},
		{Name: "index", Ask: func(context.Context) error { return h.DB.IndexBehind() }},
		{Name: "keys", Ask: func(ctx context.Context) error { _, err := h.Keys.Status(ctx); return err }},
		{Name: "log", Ask: func(context.Context) error {
			if !h.Audit.Health().Until.After(h.DB.Now()) { // it is not started, or another node may have taken its lease
				return errs.New(errs.Unavailable, "audit.lease_lost")
			}
			return nil
		}},
		{Name: "log", Alarm: true, Ask: func(context.Context) error { return h.Audit.Alarm() }},
		{Name: "recorder", Alarm: true, Ask: h.Recorder.Stands},
		{Name: "known_values", Alarm: true, Ask: func(context.Context) error {
			if h.knownFailed.Load() {
				return errs.New(errs.Unavailable, "app.known_values")
			}
			return nil
		}},
		{Name: "mail", Alarm: true, Ask: h.Mail.Stands},
		{Name: "keys", Alarm: true, Ask: func(context.Context) error {
			if h.lostKeys.Load() > 0 {
				return errs.New(errs.Unavailable, "keyring.slot_lost")
			}
			return nil
		}},
	}
	if h.Malware != nil { // files are refused meanwhile, and calls go on
		list = append(list, web.Check{Name: "malware", Alarm: true, Ask: func(context.Context) error {
			if !h.malwareStands.Load() {
				return errs.New(errs.Unavailable, "malware.no_answer")
			}
			return nil
		}})
	}
	if h.Proxy != nil {
		list = append(list, web.Check{Name: "web_requests", Alarm: true, Ask: h.Proxy.Stands})
	}
	return list
}

// logMetrics are the alarms of the log. A witness's name is that of a machine.
func (h *House) logMetrics(r *prometheus.Registry) {
	gauge := func(name, help string, labels prometheus.Labels, yes func() bool) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "amanah", Name: name, Help: help, ConstLabels: labels}, func() float64 {
			if yes() {
				return 1
			}
			return 0
		}))
	}
	gauge("log_tampered", "1 when the check of all entries has found one that was tampered with.", nil, func() bool {
		found := h.Audit.Health().Found
		return found != nil && found.Fault != nil
	})
	for i, w := range h.Audit.Health().Witnesses {
		for _, state := range append([]string{""}, cosign.Codes()...) {
			label := state
			if state == "" {
				label = "good"
			}
			gauge("witness_state", "1 for the state in which the witness is.", prometheus.Labels{"witness": w.Name, "state": label}, func() bool {
				return h.Audit.Health().Witnesses[i].Code == state
			})
		}
	}
}

// rotateJob begins a new key epoch when the present one is old enough.
const rotateJob = "keyring.rotate"

func (h *House) rotate(ctx context.Context, _ jobs.Run) error {
	r, done, err := h.Keys.RotateWhenDue(ctx, h.Config.Keys.Rotate)
	if done {
		h.Logger.Info("key epoch begun", slog.Int64("epoch", r.Epoch), slog.Int64("moved", r.Moved), slog.Int("destroyed", r.Destroyed))
	}
	return err
}

// followKeys takes notice of the epochs that other nodes begin and end.
func (h *House) followKeys(ctx context.Context) {
	if h.DB.Dialect() == db.SQLite {
		return // this process is alone with its stores
	}
	h.follow(ctx, 5*time.Second, "reading the keys again", h.Keys.Refresh)
}

// followNames takes in whom other nodes, and imports beside the server, have written.
func (h *House) followNames(ctx context.Context) {
	if h.DB.Dialect() == db.SQLite {
		return
	}
	h.follow(ctx, 15*time.Second, "reading the names of others", h.Vault.FollowNames)
}

// followIndex repairs the blind index when rows of it were made late, and tries again until that has succeeded.
func (h *House) followIndex(ctx context.Context) {
	h.follow(ctx, 2*time.Second, "repair of the blind index", func(ctx context.Context) error {
		r, late, err := h.Vault.RepairLate(ctx)
		if late && err == nil {
			h.Logger.Info("blind index repaired after rows came late", slog.Int64("rebuilt", r.Rebuilt), slog.Int64("orphans", r.Orphans), slog.Int64("conflicts", r.Conflicts))
		}
		return err
	})
}

// followMalware asks clamd how it stands. /readyz says what it answered last: one that hangs must not hold that up.
func (h *House) followMalware(ctx context.Context) {
	if h.Malware != nil {
		h.follow(ctx, 30*time.Second, "asking clamd", h.askMalware)
	}
}

func (h *House) askMalware(ctx context.Context) error {
	err := h.Malware.Stands(ctx)
	h.malwareStands.Store(err == nil)
	return err
}

// follow does something again and again until ctx ends.
func (h *House) follow(ctx context.Context, every time.Duration, work string, do func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			h.Logger.Error("background work failed", slog.String("work", work), slog.String("code", errs.Of(err).Code))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

package scrub

import (
	"context"
	"log/slog"
	"strings"
)

// Quiet drops the texts of net/http, which hold remote addresses and pieces of requests.
type Quiet struct{ slog.Handler }

// Handle keeps the sort of failure alone.
func (q Quiet) Handle(ctx context.Context, r slog.Record) error {
	text := r.Message
	r = slog.NewRecord(r.Time, r.Level, "http server", 0)
	if strings.Contains(text, "TLS handshake") {
		r.AddAttrs(slog.String("what", "tls handshake failed"))
	} else {
		r.AddAttrs(slog.String("what", "connection failed"))
	}
	return q.Handler.Handle(ctx, r)
}

package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// How often the index of the vault's own values is looked after.
const (
	knownAgain    = time.Minute      // a build that failed
	knownProgress = 10 * time.Second // a line in the log
	knownFollow   = 15 * time.Second
	knownTidy     = 10 * time.Minute
)

// followKnown builds the index of the vault's own values, by which package dlp tells whose data a text holds, and follows what
// other nodes write. Texts are judged by their shapes meanwhile, and altogether where the operator has no memory for it.
func (h *House) followKnown(ctx context.Context) {
	if !h.Config.DLP.Known || !h.buildKnown(ctx) {
		return
	}
	var both sync.WaitGroup
	if h.DB.Dialect() == db.Postgres { // on SQLite this process is alone with its stores
		both.Go(func() { h.follow(ctx, knownFollow, "reading the values of others", h.Known.Follow) })
	}
	h.follow(ctx, knownTidy, "tidying known values", h.Known.Tidy)
	both.Wait()
}

// buildKnown tries until it has succeeded; false when ctx ended before.
func (h *House) buildKnown(ctx context.Context) bool {
	for {
		began := h.Clock()
		done := make(chan error, 1)
		go func() { done <- h.Known.Build(ctx) }()
		progress := time.NewTicker(knownProgress)
		var err error
		for waiting := true; waiting; {
			select {
			case err = <-done:
				waiting = false
			case <-progress.C:
				h.Logger.Info("values of customers are being read for checking texts", slog.Int64("people", h.Known.State().People))
			}
		}
		progress.Stop()
		GiveHeapRoom()
		h.knownFailed.Store(err != nil && ctx.Err() == nil)
		if err == nil {
			h.Logger.Info("texts are checked for values of customers", slog.Int64("people", h.Known.State().People), slog.Duration("after", h.Clock().Sub(began)))
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		h.Logger.Error("index of known values not built", slog.String("code", errs.Of(err).Code))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(knownAgain):
		}
	}
}

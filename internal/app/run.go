package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/amanah-id/amanah/internal/app/listener"
	"github.com/amanah-id/amanah/internal/dlp/mail"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Run serves on a bound address until ctx ends: HTTP, jobs, and the background work of a start. up is called once
// all of it has begun.
func (h *House) Run(ctx context.Context, l net.Listener, up func(address string) error) error {
	if err := h.beforeRequests(ctx); err != nil {
		if ctx.Err() != nil {
			err = nil // told to stop meanwhile: the next start does it
		}
		return errors.Join(err, l.Close())
	}
	certificate, key := "", ""
	if !h.Config.TLS.Off {
		certificate, key, _ = CertificateFiles(h.Config)
	}
	server, err := listener.New(l, h.Web.HTTP(h.Config.Listen), certificate, key)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	mails, err := h.bindMail(ctx)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	proxies, err := h.bindProxies(ctx)
	if err != nil {
		if mails != nil {
			err = errors.Join(err, mails.Close())
		}
		return errors.Join(err, l.Close())
	}
	working, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { h.Worker.Run(working) })
	background.Go(func() { h.followKeys(working) })
	background.Go(func() { h.followNames(working) })
	background.Go(func() { h.followMalware(working) })
	background.Go(func() { h.followExchanges(working) })
	if mails != nil {
		background.Go(func() { h.followMail(working, mails) })
		background.Go(func() { h.follow(working, mail.EnterEvery, "alarms about mail", h.Mail.Enter) })
	}
	if proxies != nil {
		background.Go(func() { h.followProxies(working, proxies) })
	}
	background.Go(func() {
		h.warmUp(working)
		background.Go(func() { h.followIndex(working) })
		background.Go(func() { h.followKnown(working) })
		h.Audit.Watch(working)
	})
	if address := h.Config.Metrics.Listen; address != "" {
		ml, err := listener.Bind(ctx, address)
		if err != nil {
			stop()
			background.Wait()
			return errors.Join(err, l.Close())
		}
		background.Go(func() {
			listener.Plain(working, ml, promhttp.HandlerFor(h.Web.Metrics(), promhttp.HandlerOpts{}), h.Logger)
		})
	}
	err = up(l.Addr().String())
	if err == nil {
		listener.Notify("READY=1")
		err = server.Run(ctx, h.Config.Stop.Within, h.Logger)
	} else {
		err = errors.Join(err, l.Close())
	}
	stop()
	background.Wait()
	return err
}

// beforeRequests finishes a shredding that was interrupted: no request meets a key that is to be gone. After a restore it
// compares the blind index with the data: it follows what came after the backup.
func (h *House) beforeRequests(ctx context.Context) error {
	n, err := h.Keys.FinishShreddings(ctx)
	if n > 0 {
		h.Logger.Warn("shreddings finished", slog.Int("keys", n))
	}
	if err == nil && h.restored {
		err = h.Vault.Indexed(ctx)
	}
	return err
}

// warmUp builds the index of names, then puts right what else a crash may have left among the keys and in the blind index; calls are served
// meanwhile.
func (h *House) warmUp(ctx context.Context) {
	holdHeapDown()
	defer GiveHeapRoom()
	began := h.Clock()
	if err := h.Vault.BuildNames(ctx); err == nil {
		h.Logger.Info("names can be searched", slog.Int64("people", h.Vault.Names().People), slog.Duration("after", h.Clock().Sub(began)))
	} else if ctx.Err() == nil {
		h.Logger.Error("name index not built", slog.String("code", errs.Of(err).Code))
	}
	GiveHeapRoom() // the names are live now; the checks below must not double them
	if r, err := h.Keys.Repair(ctx); err != nil && ctx.Err() == nil {
		h.Logger.Error("keys not repaired", slog.String("code", errs.Of(err).Code))
	} else {
		if r.Orphans > 0 {
			h.Logger.Warn("keys repaired", slog.Int("orphans", r.Orphans))
		}
		if h.lostKeys.Store(int64(r.Lost)); r.Lost > 0 {
			h.Logger.Error("keys of customers are missing from the keys store", slog.Int("customers", r.Lost), slog.String("code", "keyring.slot_lost"))
		}
	}
	if _, err := h.Vault.Repair(ctx, false); err != nil && ctx.Err() == nil {
		h.Logger.Error("blind index not repaired", slog.String("code", errs.Of(err).Code))
	}
}

package app

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
)

// Exchanges are the connections that the configuration asks for. The controller is as the
// operator wrote it: a short name or an id.
func Exchanges(c *config.Config) (out []telephony.Connection) {
	t := c.Telephony
	if t.AMI.Address != "" {
		out = append(out, telephony.Connection{Name: "ami", Address: t.AMI.Address, Mapping: "asterisk-ami", Controller: t.AMI.Controller,
			Exchange: pbx.AMI{Address: t.AMI.Address, Username: t.AMI.Username, Password: t.AMI.Password.Reveal()}})
	}
	if t.ARI.URL != "" {
		out = append(out, telephony.Connection{Name: "ari", Address: t.ARI.URL, Mapping: "asterisk-ari", Controller: t.ARI.Controller,
			Exchange: pbx.ARI{URL: t.ARI.URL, Application: t.ARI.Application, Username: t.ARI.Username, Password: t.ARI.Password.Reveal()}})
	}
	if t.ESL.Address != "" {
		out = append(out, telephony.Connection{Name: "esl", Address: t.ESL.Address, Mapping: "freeswitch-esl", Controller: t.ESL.Controller,
			Exchange: pbx.ESL{Address: t.ESL.Address, Username: t.ESL.Username, Password: t.ESL.Password.Reveal()}})
	}
	return out
}

// checkExchanges finds what is wrong with the connections' settings.
func checkExchanges(c *config.Config, wrong func(key, want string) error) error {
	t := c.Telephony
	for key, address := range map[string]string{"telephony.ami.address": t.AMI.Address, "telephony.esl.address": t.ESL.Address} {
		if _, _, err := net.SplitHostPort(address); address != "" && err != nil {
			return wrong(key, "host:port, pbx.example.co.id:5038")
		}
	}
	if u, err := url.Parse(t.ARI.URL); t.ARI.URL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
		return wrong("telephony.ari.url", "https://pbx.example.co.id:8089/ari")
	}
	for _, x := range Exchanges(c) {
		if x.Controller == "" {
			return wrong("telephony."+x.Name+".controller", "utama")
		}
	}
	_, err := telephony.Load(t.Mappings)
	return err
}

// followExchanges keeps the connections until ctx ends. One whose company is not registered
// yet is asked for again each minute.
func (h *House) followExchanges(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, x := range Exchanges(h.Config) {
		all.Go(func() {
			for {
				controller, err := h.controllerOf(ctx, x.Controller)
				if err == nil {
					x.Controller = controller
					h.Telephony.Follow(ctx, x, pause)
					return
				}
				h.Logger.Warn("exchange", slog.String("link", x.Name), slog.String("code", errs.CodeOf(err)))
				if pause(ctx, time.Minute) != nil {
					return
				}
			}
		})
	}
}

// controllerOf is the id of a company by its short name or id.
func (h *House) controllerOf(ctx context.Context, name string) (controller string, err error) {
	if id.Is(id.Controller, name) {
		return name, nil
	}
	err = h.DB.Read(ctx, func(tx *db.Tx) (err error) {
		controller, err = h.Controller(tx, name)
		return err
	})
	return controller, err
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

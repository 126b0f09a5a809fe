package app

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/proxy"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

// The proxy that asks by ICAP what staff may send to the web.

// checkProxy finds what is wrong with its settings.
func checkProxy(c *config.Config, wrong func(key, want string) error) error {
	p := c.ICAP
	if p.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(p.Listen)
	from, bad := networks(p.From)
	switch {
	case err != nil:
		return wrong("icap.listen", "127.0.0.1:1344")
	case !id.Is(id.Client, p.Client):
		return wrong("icap.client", "cli_…")
	case p.Controller == "":
		return wrong("icap.controller", "utama")
	case bad != nil || !Loopback(host) && len(from) == 0: // whoever reaches it may say who he is
		return wrong("icap.from", "10.0.0.7/32")
	case p.Most < 1 || p.Most > 4096:
		return wrong("icap.megabytes", "1 … 4096")
	case p.Connections < 1 || p.Connections > 1000:
		return wrong("icap.connections", "1 … 1000")
	}
	return nil
}

// judgeOfRequests is the room that judges what staff send to the web; nil when no proxy asks.
func (h *House) judgeOfRequests(c *config.Config) *proxy.Service {
	if c.ICAP.Listen == "" {
		return nil
	}
	return proxy.New(proxy.Options{
		DLP: h.DLP, Log: h.Logger, Now: time.Now, Who: h.whoSends,
		Texts:  func(lang i18n.Lang) *i18n.Printer { return h.Web.Texts().For(lang, nil) },
		Inside: proxy.ReadHosts(c.ICAP.Inside), Named: proxy.ReadHosts(c.ICAP.Named), Most: int64(c.ICAP.Most) << 20, Open: c.ICAP.WhenFailing == "open", Connections: c.ICAP.Connections,
	})
}

// whoSends is the member of staff with this login, through the proxy's account, or that account alone.
func (h *House) whoSends(ctx context.Context, login string) (proxy.Who, error) {
	account, err := h.Identity.Client(ctx, h.Config.ICAP.Client)
	if err != nil {
		return proxy.Who{}, err
	}
	controller, err := h.controllerOf(ctx, h.Config.ICAP.Controller)
	if err != nil {
		return proxy.Who{}, err
	}
	alone := actor.NewClient(account.ID, account.Scopes, account.Controllers)
	good := account.State == identity.ClientActive || account.State == identity.ClientApproved
	if !good || !account.Expires.After(h.DB.Now()) || !alone.HasScope(identity.ScopeInspect) || !alone.Serves(controller) {
		return proxy.Who{}, proxy.ErrAccount
	}
	if login == "" {
		return proxy.Who{By: alone, Controller: controller}, nil
	}
	person, err := h.Identity.StaffByLogin(ctx, login)
	if errs.KindOf(err) == errs.NotFound {
		return proxy.Who{By: alone, Controller: controller}, nil
	}
	if err != nil {
		return proxy.Who{}, err
	}
	by := actor.NewOnBehalf(account.ID, account.Scopes, actor.NewStaff(person.ID, person.Role, "", person.Controllers, time.Time{}))
	if person.State != identity.Active || !by.Serves(controller) {
		return proxy.Who{By: alone, Controller: controller}, nil
	}
	return proxy.Who{By: by, Controller: controller}, nil
}

// PlayedProxy stands for an account that the demonstration makes for itself.
const PlayedProxy = "cli_00000000000000000000000000"

func (h *House) playProxy(ctx context.Context) error {
	controller, err := h.controllerOf(ctx, h.Config.ICAP.Controller)
	if err == nil {
		h.Config.ICAP.Client, _, err = h.Identity.CreateClient(ctx, identity.Terminal(), identity.NewClient{Name: "Demo web proxy", Scopes: []string{identity.ScopeInspect}, Controllers: []string{controller}})
	}
	return err
}

// bindProxies binds the address for proxies before anybody is told that the server is up; nil when there is none.
func (h *House) bindProxies(ctx context.Context) (net.Listener, error) {
	if h.Proxy == nil {
		return nil, nil
	}
	if h.Demo && h.Config.ICAP.Client == PlayedProxy {
		if err := h.playProxy(ctx); err != nil {
			return nil, err
		}
	}
	return bindKnown(ctx, h.Config.ICAP.Listen, h.Config.ICAP.From)
}

// followProxies answers proxies until ctx ends.
func (h *House) followProxies(ctx context.Context, l net.Listener) {
	if err := h.Proxy.Server().Serve(ctx, l); err != nil {
		h.Logger.Error("icap", slog.String("code", errs.CodeOf(err)))
	}
}

// proxyMetrics count verdicts, and what went unjudged.
func (h *House) proxyMetrics(r *prometheus.Registry) {
	if h.Proxy == nil {
		return
	}
	for _, v := range dlp.Verdicts() {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "amanah", Name: "web_requests_judged", Help: "Requests to the web that were judged, by verdict.", ConstLabels: prometheus.Labels{"verdict": string(v)}},
			func() float64 { return float64(h.Proxy.Judged(v)) }))
	}
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "amanah", Name: "web_requests_unjudged", Help: "Requests to the web that were let go unjudged because of a failure here."},
		func() float64 { return float64(h.Proxy.Unjudged()) }))
}

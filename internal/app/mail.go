package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/app/listener"
	"github.com/amanah-id/amanah/internal/dlp/mail"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/vault"
)

// idleMail is how long Postfix may say nothing on a connection: as long as its own client may, and a minute.
const idleMail = 6 * time.Minute

// mailSettings are those of the configuration; false when the domains are not well formed.
func mailSettings(c *config.Config) (mail.Settings, bool) {
	m := c.Mail
	domains, first, ok := mail.ParseDomains(m.Domains)
	return mail.Settings{
		Domains: domains, First: first, Outside: mail.Choice(m.Outside), Inside: mail.Choice(m.Inside), MaxSize: int64(m.Megabytes) << 20,
		Recipients: m.Recipients, Sessions: m.Sessions, Within: m.Within, Idle: idleMail, Lang: i18n.Lang(c.Language),
	}, ok
}

// mailOf is the filter of mails. It has nothing to do where no address is set.
func mailOf(h *House, duty actor.Actor, b building) *mail.Service {
	settings, _ := mailSettings(h.Config) // as CheckConfig has read it
	return mail.New(mail.Options{
		DB: h.DB, Log: h.Audit, Judge: h.DLP, Logger: b.log, Settings: settings, Duty: duty, Company: h.mailCompany, Alarm: h.Watchlist.Unchecked,
		Texts: func(lang i18n.Lang) *i18n.Printer { return h.Web.Texts().For(lang, nil) },
		Customer: func(tx *db.Tx, controller, address string) (string, error) {
			hits, err := h.Vault.Find(tx, controller, vault.Query{Field: "email", Value: address}, 2)
			if errs.KindOf(err) == errs.Invalid {
				return "", nil // no address that a customer could have
			}
			if err != nil || len(hits.List) != 1 {
				return "", err
			}
			return hits.List[0].Subject, nil
		},
		Writer: func(tx *db.Tx, address string) (actor.Actor, bool, error) {
			staff, known, err := h.Identity.ByLogin(tx, address)
			if err != nil || !known {
				return actor.Actor{}, false, err
			}
			who, err := h.Identity.Staff(tx, staff)
			return actor.NewStaff(staff, who.Role, "", who.Controllers, time.Time{}), err == nil && who.State == identity.Active, err
		},
	})
}

// mailCompany is the id of a company by its short name or id.
func (h *House) mailCompany(tx *db.Tx, name string) (string, error) {
	if id.Is(id.Controller, name) {
		return name, nil
	}
	return h.Controller(tx, name)
}

// checkMail finds what is wrong with the filter's settings.
func checkMail(c *config.Config, wrong func(key, want string) error) error {
	m := c.Mail
	if m.Listen == "" {
		return nil
	}
	path, local := strings.CutPrefix(m.Listen, "unix:")
	host, _, err := net.SplitHostPort(m.Listen)
	switch {
	case local && !strings.HasPrefix(path, "/"), !local && err != nil, !local && !Loopback(host) && len(m.Allow) == 0:
		return wrong("mail.listen", "127.0.0.1:8891, unix:/run/amanah/milter.sock")
	}
	if _, err := networks(m.Allow); err != nil {
		return wrong("mail.allow", "10.0.0.0/8, 192.168.1.7/32")
	}
	if _, ok := mailSettings(c); !ok || len(m.Domains) == 0 {
		return wrong("mail.domains", "toko.co.id=utama, cabang.toko.co.id=cabang")
	}
	for key, v := range map[string]struct{ is, most int }{"mail.megabytes": {m.Megabytes, 500}, "mail.recipients": {m.Recipients, 10_000}, "mail.sessions": {m.Sessions, 1000}} {
		if v.is < 1 || v.is > v.most {
			return wrong(key, "1 …")
		}
	}
	if m.Within < time.Second || m.Within > 4*time.Minute {
		return wrong("mail.within", "1s … 4m")
	}
	return nil
}

// bindMail binds the address for Postfix; nil when there is none.
func (h *House) bindMail(ctx context.Context) (net.Listener, error) {
	address := h.Config.Mail.Listen
	if address == "" {
		return nil, nil
	}
	if path, local := strings.CutPrefix(address, "unix:"); local {
		info, err := os.Lstat(path)
		if err == nil && info.Mode().Type() == fs.ModeSocket { // of a program that was killed; anything else is not ours
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errs.Wrap(errs.Unavailable, "app.listen", err).With("address", address)
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "unix", path)
		if err == nil {
			err = os.Chmod(path, 0o660) //nolint:gosec // a socket: its folder says whose group Postfix has to be in
		}
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "app.listen", err).With("address", address)
		}
		return l, nil
	}
	return bindKnown(ctx, address, h.Config.Mail.Allow)
}

// bindKnown binds an address for this machine and networks that are allowed.
func bindKnown(ctx context.Context, address string, allowed []string) (net.Listener, error) {
	from, err := networks(allowed)
	if err != nil {
		return nil, err
	}
	l, err := listener.Bind(ctx, address)
	if err != nil {
		return nil, err
	}
	return knownOnly{l, from}, nil
}

// knownOnly takes connections of this machine and of networks that were allowed.
type knownOnly struct {
	net.Listener
	from []netip.Prefix
}

func (k knownOnly) Accept() (net.Conn, error) {
	for {
		c, err := k.Listener.Accept()
		if err != nil {
			return nil, err
		}
		a, err := netip.ParseAddrPort(c.RemoteAddr().String())
		who := a.Addr().Unmap()
		if err == nil && (who.IsLoopback() || slices.ContainsFunc(k.from, func(p netip.Prefix) bool { return p.Contains(who) })) {
			return c, nil
		}
		_ = c.Close()
	}
}

// followMail answers Postfix until ctx ends.
func (h *House) followMail(ctx context.Context, l net.Listener) {
	if err := h.Mail.Serve(ctx, l); err != nil && ctx.Err() == nil {
		h.Logger.Error("mail", slog.String("code", errs.Of(err).Code))
	}
}

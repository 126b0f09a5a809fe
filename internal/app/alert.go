package app

import (
	"context"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/message"
)

// peers are whom a member of staff is compared with: those of the same role who serve the same companies.
func (h *House) peers(tx *db.Tx, staff string) (group, controller string, err error) {
	one, err := h.Identity.Staff(tx, staff)
	companies := slices.Sorted(slices.Values(one.Controllers))
	if len(companies) > 0 {
		controller = companies[0]
	}
	return string(one.Role) + "@" + strings.Join(companies, "+"), controller, err
}

// tellAlert sends word of an alert to the address of the configuration; nil when there is none. It is no message to a
// customer, so it passes the outbox by: neither agents nor supervisors find there that a canary was touched. The letter
// holds the alert's id and nothing else.
func (h *House) tellAlert() func(ctx context.Context, alert string) error {
	to := h.Config.Alerts.Mail
	if to == "" {
		return nil
	}
	return func(ctx context.Context, alert string) error {
		ways, err := senders(h.Config, h.Keys, h.Inbox)
		if err != nil {
			return err
		}
		way, ok := ways[message.Email]
		if !ok {
			return errs.New(errs.Unavailable, "message.no_sender")
		}
		p := h.Web.Texts().For(i18n.ID, nil)
		_, err = way.Send(ctx, message.Text{ID: id.New(id.Message), Channel: message.Email, To: to, Lang: string(i18n.ID), Made: h.DB.Now(),
			Subject: p.T("watchlist.mail_subject"), Body: p.T("watchlist.mail_body", "alert", alert, "link", Origin(h.Config)+"/alerts/"+alert)})
		return err
	}
}

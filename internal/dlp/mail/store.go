package mail

import (
	"context"
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts.
//
//go:embed messages/*.json
var Messages embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "mail", FS: schema} }

// ForgetJob and ForgetEvery are when Forget is due.
const (
	ForgetJob   = "mail.forget"
	ForgetEvery = 24 * time.Hour
	keepFor     = 365 * 24 * time.Hour
)

// Module is what the room brings to the house. Its incidents have the pages of dlp.
func (s *Service) Module() web.Module {
	return web.Module{Name: "mail", Schema: schema, Messages: Messages, Jobs: map[string]jobs.Handler{ForgetJob: s.Forget}}
}

// Forget deletes alarms whose time is over; the audit log has them.
func (s *Service) Forget(ctx context.Context, _ jobs.Run) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Data.Queue(`delete from mail_opened where at < $1`, tx.Now().Add(-keepFor).UnixMicro())
		return nil
	})
}

// opening is a mail that went unchecked.
type opening struct {
	company string // as the operator writes it
	inside  bool
	code    string // why
	place   string
	at      time.Time
}

// enter writes an alarm with its entry.
func (s *Service) enter(tx *db.Tx, o opening) error {
	controller, err := s.o.Company(tx, o.company)
	if err != nil {
		return err
	}
	to := "outside"
	if o.inside {
		to = "inside"
	}
	row := id.NewAt(id.Unchecked, tx.Now())
	tx.Data.Queue(`insert into mail_opened (id, controller, recipient, code, place, at) values ($1, $2, $3, $4, $5, $6)`, row, controller, to, o.code, o.place, column.Micros(o.at))
	if _, err = s.o.Log.Append(tx, audit.Entry{Action: "mail.opened", Decision: audit.Done, Reason: o.code, Actor: s.o.Duty, Controller: controller, Channel: "email", Ref: row}); err != nil {
		return err
	}
	n := 0
	if err := tx.Data.Row(`select count(*) from mail_opened where controller = $1 and at >= $2`, controller, tx.Now().Truncate(AlarmLasts).UnixMicro()).Scan(&n); err != nil {
		return err
	}
	return s.o.Alarm(tx, s.o.Duty, controller, max(n, 1)) // one of before midnight is one too
}

func openedSince(tx *db.Tx, since time.Time) (n int, err error) {
	err = tx.Data.Row(`select count(*) from mail_opened where at >= $1`, since.UnixMicro()).Scan(&n)
	return n, err
}

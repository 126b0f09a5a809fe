package verification

import (
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// Reported takes "somebody called me and said it was you" from somebody who holds no link. It stands among the denials from
// then on. With an interaction, whose code that somebody entered, it is what the button on the customer's page is: the
// interaction freezes, every right in it ends, and its customer is guarded everywhere for a day. number is the company's own
// number that was displayed, if it was one.
func (s *Service) Reported(tx *db.Tx, by actor.Actor, interactionID, number string) error {
	var f interaction.Facts
	if interactionID != "" {
		var err error
		if f, err = s.o.Interactions.Facts(tx, interactionID); err != nil {
			return err
		}
	}
	report := id.NewAt(id.Verification, tx.Now())
	tx.Data.Queue(sqlReportAdd, report, f.ID, f.Controller, f.Agent, f.Subject, number, column.Micros(tx.Now()))
	entry := audit.Entry{Action: "verification.reported", Decision: audit.Done, Actor: by, Ref: report}
	if f.ID != "" {
		entry = s.entry(by, f, entry.Action, "", report)
	}
	if _, err := s.o.Log.Append(tx, entry); err != nil {
		return err
	}
	if f.ID != "" {
		s.o.Interactions.Notify(tx, "verification", f)
	}
	return s.guard(tx, by, report, f.ID, f.Subject)
}

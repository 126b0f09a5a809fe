package interaction

import (
	"context"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// heardOf tells of the leg of a contact.
func (s *Service) heardOf(tx *db.Tx, c *contact, l Leg) error {
	if s.leg == nil {
		return nil
	}
	return s.leg(tx, c.id, l)
}

// BeginCapture moves a contact that the asker serves into CAPTURE, in the transaction of whoever has had the recorder
// paused. It is refused when the contact has moved on meanwhile, or its desk is silent.
func (s *Service) BeginCapture(tx *db.Tx, a actor.Actor, interaction string) error {
	c, err := own(tx, a, interaction)
	if err != nil {
		return err
	}
	if c.beat.IsZero() || tx.Now().Sub(c.beat) >= HeartbeatLimit {
		return errStale
	}
	if !s.step(tx, c, StartCapture) {
		return errMove.With("state", string(c.State))
	}
	update(tx, c)
	return s.record(tx, a, c, "interaction.capture", "")
}

// LeaveCapture ends the capture of a contact that the asker serves; one that is over already stays so.
func (s *Service) LeaveCapture(ctx context.Context, a actor.Actor, interaction, reason string) error {
	return s.write(ctx, a, interaction, "interaction.capture_end", func(tx *db.Tx) error {
		if _, err := own(tx, a, interaction); err != nil {
			return err
		}
		return s.EndCapture(tx, a, interaction, reason)
	})
}

// EndCapture takes a contact out of CAPTURE; one that has left it already stays where it is.
func (s *Service) EndCapture(tx *db.Tx, a actor.Actor, interaction, reason string) error {
	return s.passive(tx, a, interaction, StopCapture, "interaction.capture_end", reason)
}

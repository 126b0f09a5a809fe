package interaction

import (
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// Dialled is a call that an exchange is to make for the agent of another contact, to its customer.
type Dialled struct {
	From    string // the contact in which it was asked for
	Line    string // where the exchange's events come in, as Line.Name
	Source  string // what they call their source
	Channel string // the id that the exchange was told to give the call
}

// Dial makes the contact of such a call, so that the exchange's events find it. The customer is known and proved by nothing:
// whoever answers may be anybody. The contact has no heartbeat yet, and so no rights, until Answering.
func (s *Service) Dial(tx *db.Tx, a actor.Actor, d Dialled) (string, error) {
	before, err := own(tx, a, d.From)
	if err != nil {
		return "", err
	}
	if before.State == Capture {
		return "", errCapturing // another line would be heard by a recorder that nobody paused
	}
	newID := id.NewAt(id.Interaction, tx.Now())
	c, err := s.create(tx, a, newID, Opening{Controller: before.controller, Channel: Phone, Direction: Outbound, Queue: before.queue, Language: before.language},
		s.o.Keys.MAC("interaction/source", []byte(d.Line+"\x00"+d.Source+"\x00"+d.Channel)))
	if err != nil {
		return "", err
	}
	if err := s.heardOf(tx, c, Leg{d.Line, d.Channel}); err != nil {
		return "", err
	}
	c.match = "one" // nothing that an event says of a number is taken for the caller's
	tx.Data.Queue(sqlMatch, c.id, c.match)
	c.Position, c.Agent, c.purpose, c.notice = Position{State: Connected}, a.ID(), before.purpose, before.notice
	update(tx, c)
	if err := s.record(tx, a, c, "interaction.accept", ""); err != nil {
		return "", err
	}
	return newID, s.Bind(tx, a, newID, before.subject, "dial")
}

// Answering says that the exchange has taken the call on: the agent's other call is over, and the desk may begin.
func (s *Service) Answering(tx *db.Tx, a actor.Actor, interaction string) error {
	c, err := own(tx, a, interaction)
	if err != nil {
		return err
	}
	c.beat = tx.Now()
	update(tx, c)
	return s.closeOthers(tx, a, c)
}

package interaction

import (
	"context"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// View is one contact as its desk shows it, before it is taken and beside the work
// afterwards. The number is masked; nothing else in it is personal.
type View struct {
	ID          string
	State       State
	Controller  string
	Agent       string
	Purpose     string
	Queue       string
	Channel     Channel
	Direction   Direction
	Language    string
	Number      string // masked, "" if unknown or the contact ended
	Match       string // one, many, none; "" if the number is unknown
	Identified  bool
	CLIMatch    bool
	Risks       []string
	Level       int
	Fresh       bool // the desk's heartbeat is young enough
	Handed      bool // a colleague hands it to the asker
	Released    bool // nobody holds it: telephony moved it on
	Disposition string
	Started     time.Time
	Changed     time.Time
	Ended       time.Time
	HeldSince   time.Time
}

func (s *Service) view(tx *db.Tx, a actor.Actor, c *contact) (View, error) {
	v := View{
		ID: c.id, State: c.State, Controller: c.controller, Agent: c.Agent, Purpose: c.purpose, Queue: c.queue,
		Channel: c.channel, Direction: c.direction, Language: c.language, Match: c.match, Identified: c.subject != "",
		CLIMatch: c.cliMatch, Risks: c.risks, Handed: c.State == Held && (c.to != "" && c.to == a.ID() || c.Agent == a.ID() && c.beat.IsZero()),
		Released: c.State == Held && c.Agent == "", Disposition: c.outcome, Started: c.started, Changed: c.changed,
		Ended: c.ended, HeldSince: c.held,
		Fresh: !c.beat.IsZero() && tx.Now().Sub(c.beat) < HeartbeatLimit,
	}
	if len(c.number) > 0 {
		plain, err := s.o.Seal.Open("interaction_contact", "number_sealed", c.id, c.number)
		if err != nil {
			return View{}, err
		}
		v.Number = string(plain)
	}
	if c.subject != "" {
		level, err := s.o.Level(tx, c.id, c.subject)
		if err != nil {
			return View{}, err
		}
		v.Level = level
	}
	return v, nil
}

func (s *Service) views(tx *db.Tx, a actor.Actor, contacts []*contact) ([]View, error) {
	out := make([]View, 0, len(contacts))
	for _, c := range contacts {
		v, err := s.view(tx, a, c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Get reads one contact. The agent who serves it, anybody of its controller while nobody
// does, and supervisors may; for others it does not exist.
func (s *Service) Get(ctx context.Context, a actor.Actor, interaction string) (v View, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		v, err = s.GetTx(tx, a, interaction)
		return err
	})
	return v, err
}

// GetTx is Get in the caller's transaction.
func (s *Service) GetTx(tx *db.Tx, a actor.Actor, interaction string) (View, error) {
	if !id.Is(id.Interaction, interaction) {
		return View{}, errUnknown
	}
	c, err := byID(tx, interaction)
	if err != nil {
		return View{}, err
	}
	mine := c.Agent == a.ID() || c.to == a.ID() || c.Agent == "" || a.Is(actor.Supervisor)
	if !a.Serves(c.controller) || a.IsStaff() && !mine {
		return View{}, errUnknown
	}
	return s.view(tx, a, c)
}

// Waiting lists contacts that ring for the asker's controllers, were released by
// telephony, or are handed to him by a colleague; the oldest first.
func (s *Service) Waiting(ctx context.Context, a actor.Actor) (out []View, err error) {
	return s.each(ctx, a, func(tx *db.Tx, controller string) ([]*contact, error) {
		return many(tx, sqlWaiting, controller, a.ID())
	})
}

// Live lists every contact of the asker's controllers that is not ended, for supervisors.
func (s *Service) Live(ctx context.Context, a actor.Actor) ([]View, error) {
	if !a.Is(actor.Supervisor) {
		return nil, errNotAllowed
	}
	return s.each(ctx, a, func(tx *db.Tx, controller string) ([]*contact, error) {
		return many(tx, sqlByController, controller)
	})
}

func (s *Service) each(ctx context.Context, a actor.Actor, find func(*db.Tx, string) ([]*contact, error)) (out []View, err error) {
	if !a.IsStaff() {
		return nil, errNotAllowed
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		for _, controller := range slices.Sorted(slices.Values(a.Controllers())) {
			found, err := find(tx, controller)
			if err != nil {
				return err
			}
			views, err := s.views(tx, a, found)
			if err != nil {
				return err
			}
			out = append(out, views...)
		}
		return nil
	})
	return out, err
}

// Mine lists the asker's own contacts that are not ended, the oldest first.
func (s *Service) Mine(ctx context.Context, a actor.Actor) (out []View, err error) {
	if !a.IsStaff() {
		return nil, errNotAllowed
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		found, err := many(tx, sqlByAgent, a.ID())
		if err != nil {
			return err
		}
		out, err = s.views(tx, a, found)
		return err
	})
	return out, err
}

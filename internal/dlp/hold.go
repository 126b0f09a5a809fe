package dlp

import (
	"context"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// Decide lets a passage go that was held, or refuses it. Nobody decides about his own. The way then does it (Decided).
func (s *Service) Decide(ctx context.Context, a actor.Actor, incident string, release bool, also ...func(*db.Tx) error) error {
	if !a.Is(reviewers...) {
		return errReviewer
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		in, err := s.theirs(tx, a, incident)
		switch {
		case err != nil:
			return err
		case in.Staff == a.ID():
			return errOwn
		case in.Held != Waiting:
			return errDecided
		}
		state, action := Refused, "dlp.refused"
		if release {
			state, action = Released, "dlp.released"
		}
		tx.Data.Queue(`update dlp_incident set held = $1, held_by = $2, held_at = $3 where id = $4`, string(state), a.ID(), tx.Now().UnixMicro(), in.ID)
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: action, Decision: audit.Done, Actor: a, Ref: in.ID, Controller: in.Controller, Interaction: in.Interaction}); err != nil {
			return err
		}
		return all(tx, also)
	})
}

// Decided lists the passages of a way that were decided and that the asker has to carry out, the oldest decisions first, at most
// 200: of mails whoever looks after the queue, of all else the program that sent them.
func (s *Service) Decided(ctx context.Context, a actor.Actor, way Way) (out []Incident, err error) {
	where, args := ` where way = $1 and held in ('released', 'refused') and carried_at = 0`, []any{string(way)}
	switch {
	case way != Mail:
		where, args = where+` and staff = $2`, append(args, a.ID())
	case !carriesMail(a):
		return nil, errQueue
	}
	theirs, args := column.In("controller", a.Controllers(), args)
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.list(tx, where+` and `+theirs, args, `held_at, id`)
		return err
	})
	return out, err
}

// carriesMail reports whether the asker looks after a queue of mails.
func carriesMail(a actor.Actor) bool { return a.HasScope("mail") }

// Carried says that the way has done what was decided; nobody says it of what is not his to carry out. Saying it again does no harm.
func (s *Service) Carried(ctx context.Context, a actor.Actor, incident string, also ...func(*db.Tx) error) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		in, err := s.theirs(tx, a, incident)
		switch {
		case err != nil:
			return err
		case in.Way == Mail && !carriesMail(a):
			return errQueue
		case in.Way != Mail && in.Staff != a.ID():
			return errIncident
		case in.Held != Released && in.Held != Refused:
			return errHeld
		}
		if in.CarriedAt.IsZero() {
			if err := s.carry(tx, a, in); err != nil {
				return err
			}
		}
		return all(tx, also)
	})
}

// carry enters that a decision is carried out.
func (s *Service) carry(tx *db.Tx, a actor.Actor, in Incident) error {
	tx.Data.Queue(`update dlp_incident set carried_at = $1 where id = $2`, tx.Now().UnixMicro(), in.ID)
	_, err := s.o.Log.Append(tx, audit.Entry{Action: "dlp.carried", Decision: audit.Done, Actor: a, Ref: in.ID, Controller: in.Controller, Interaction: in.Interaction})
	return err
}

// LetGo carries out the decision to let a passage go that was held before: of those that ask at the same time, one goes. incident is empty
// where there is no decision, or where rules that are newer than it stop the passage.
func (s *Service) LetGo(ctx context.Context, p Passage) (incident string, j Judgement, err error) {
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		incident, j = "", Judgement{}
		list, err := s.list(tx, ` where way = $1 and held = 'released' and carried_at = 0 and staff = $2 and controller = $3 and ref = $4`,
			[]any{string(p.Way), p.By.ID(), p.Controller, p.Ref}, `held_at, id`)
		if err != nil || len(list) == 0 {
			return err
		}
		if j, err = s.judge(tx, p); err != nil || j.Verdict == Block {
			return err
		}
		incident = list[0].ID
		return s.carry(tx, p.By, list[0])
	})
	return incident, j, err
}

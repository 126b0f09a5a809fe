package act

import (
	"context"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// DialsPerDay is how often one customer is called in 24 hours, over all agents and calls.
const DialsPerDay = 6

const (
	sqlDialAdd = `insert into act_dial (interaction, subject, dialled_at) values ($1,$2,$3)`
	sqlDials   = `select count(*) from act_dial where subject = $1 and dialled_at > $2`
)

// LineOut is an exchange that makes calls for a member of staff.
type LineOut struct {
	Line   string // where its events come in
	Source string // what they call their source
	// Call has the exchange call number and then the member of staff. The number goes nowhere else.
	Call func(ctx context.Context, channel, number string) error
}

// Dial has the exchange call a registered number of the customer without anybody seeing it. value chooses one of several;
// "" means the one registered longest. The result is the contact that the call is: an outbound one, of a caller of whom
// nothing is proved. A refusal comes back as the error with its entry written.
func (s *Service) Dial(ctx context.Context, a actor.Actor, itx, field, value string) (string, error) {
	if f, ok := s.o.Catalogue.Field(field); !ok || f.Contact != catalog.Phone {
		return "", errNoPhone
	}
	out, lineErr := s.lineOut(ctx, a, itx)
	if lineErr != nil && errs.KindOf(lineErr) == errs.Internal {
		return "", lineErr
	}
	var refusal *errs.E
	var grant *gate.Grant
	var key keyring.Key
	var chosen vault.Stored
	var newID string
	var facts gate.Facts
	channel := id.NewAt(id.Dialled, s.o.DB.Now())
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		grant, newID = nil, ""
		ans, err := s.o.Gate.Ask(tx, a, question(itx, gate.Act, field, "dial"))
		if refusal = ans.Refusal; err != nil || refusal != nil {
			return err
		}
		facts = ans.Facts
		list, err := s.o.Vault.Contacts(tx, facts.Interaction.Subject, catalog.Phone)
		if err != nil {
			return err
		}
		var dials int
		if err := tx.Data.Row(sqlDials, facts.Interaction.Subject, tx.Now().Add(-24*time.Hour).UnixMicro()).Scan(&dials); err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(v vault.Stored) bool { return v.Field == field && (value == "" || v.ID == value) })
		switch {
		case lineErr != nil:
			refusal = errs.Of(lineErr)
		case i < 0:
			refusal = errOldUnknown
		case dials >= DialsPerDay:
			refusal = errDialsSpent
		}
		if refusal != nil {
			return s.refuse(tx, a, itx, facts, field, "act.dial", refusal)
		}
		chosen = list[i]
		if key, err = s.o.Keyring.Key(tx, chosen.Subject, ""); err != nil {
			return err
		}
		if newID, err = s.o.Interactions.Dial(tx, a, interaction.Dialled{From: itx, Line: out.Line, Source: out.Source, Channel: channel}); err != nil {
			return err
		}
		tx.Data.Queue(sqlDialAdd, newID, chosen.Subject, tx.Now().UnixMicro())
		s.o.Desk.Disclosed(tx, desk.Disclosure{Interaction: itx, Subject: chosen.Subject, Staff: a.ID(), Verb: string(gate.Act), Fields: ans.Allowed,
			Purpose: facts.Interaction.Purpose, Level: facts.Level})
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "act.dial", Decision: audit.Done, Actor: a, Controller: facts.Interaction.Controller, Interaction: itx,
			Subject: chosen.Subject, Purpose: facts.Interaction.Purpose, Channel: facts.Interaction.Channel, Level: facts.Level, Ground: "interaction:" + itx,
			Fields: []string{field}, Ref: newID}); err != nil {
			return err
		}
		grant = ans.Grant
		return nil
	})
	if err != nil || refusal != nil {
		return "", either(err, refusal)
	}
	called := s.call(ctx, grant, key, chosen, out, channel)
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if called == nil {
			return s.o.Interactions.Answering(tx, a, newID)
		}
		return s.refuse(tx, a, itx, facts, field, "act.dial", errs.Of(called))
	})
	if called != nil {
		// Nobody was called: the contact ends at once, and the one in which it was asked for goes on.
		if over := s.o.Interactions.Move(ctx, a, newID, interaction.Disconnect); err == nil {
			err = over
		}
	}
	if err == nil {
		err = called
	}
	return newID, err
}

// call opens the number and hands it to the exchange. It is in no variable that outlives the call.
func (s *Service) call(ctx context.Context, g *gate.Grant, key keyring.Key, v vault.Stored, out LineOut, channel string) error {
	receipt, err := g.Receipt()
	if err != nil {
		return err
	}
	if err := receipt.Require(gate.Act); err != nil {
		return err
	}
	plain, err := s.o.Keyring.Open(receipt, key, v.Sealed())
	if err != nil {
		return err
	}
	return out.Call(ctx, channel, string(plain[0]))
}

// lineOut is the exchange that calls for the agent of a contact.
func (s *Service) lineOut(ctx context.Context, a actor.Actor, itx string) (LineOut, error) {
	var controller string
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
		f, err := s.o.Interactions.Facts(tx, itx)
		if errs.KindOf(err) == errs.NotFound {
			return nil // the gate says so
		}
		controller = f.Controller
		return err
	})
	if err != nil || controller == "" || s.o.Out == nil {
		return LineOut{}, either(err, ErrNoExchange)
	}
	return s.o.Out(ctx, controller, a.ID())
}

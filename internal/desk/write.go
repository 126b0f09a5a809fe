package desk

import (
	"context"
	"errors"
	"slices"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/vault"
)

// WriteLimit is how many texts one interaction may send or have checked, those that were held
// included: whether a text is held tells a little of what is stored, and nobody may ask often.
const WriteLimit = 5

var (
	errWritingsSpent = errs.New(errs.TooMany, "desk.writings_spent")
	errWriteLevel    = errs.New(errs.Denied, "desk.write_level")
)

// Words are a text of the agent's own, with why it has to go where a rule asks that.
type Words struct{ Text, Reason string }

// Write sends a text of the agent's own to a registered contact without showing the address.
// Before that it is held against all that is stored about the customer (message.Clear); a text
// that may not go is refused with what to do instead. From V2 on: who cannot compare yet must
// not learn by writing. value is as in Resend. settle, when
// set, is called in the transaction that queues the message, with the receipt of the leave that was given.
func (s *Service) Write(ctx context.Context, a actor.Actor, itx, field, value string, words Words, settle func(tx *db.Tx, r Receipt) error) (Receipt, error) {
	by := s.Messages.ChannelTo(field)
	if by == "" {
		return Receipt{}, errNoSender
	}
	q := gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Act, Fields: []string{field}, Detail: map[string]any{"act": "write"}}
	chosen := value
	ans, cleared, err := s.cleared(ctx, a, itx, q, func(gate.InteractionFacts) string { return string(by) }, words, func(tx *db.Tx, subject string) error {
		vals, err := s.Vault.Values(tx, subject, field)
		if err != nil {
			return err
		}
		if chosen = value; chosen == "" && len(vals) > 0 {
			chosen = vals[len(vals)-1].ID
		}
		if !slices.ContainsFunc(vals, func(v vault.Stored) bool { return v.ID == chosen }) {
			return errs.New(errs.NotFound, "desk.field_missing")
		}
		return nil
	})
	if err != nil {
		return Receipt{}, err
	}
	out := Receipt{At: s.DB.Now()}
	out.Index, _ = ans.Entry.Index() // its transaction is durable
	var late *errs.E
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		// The call may have ended while the text was read.
		now, err := s.Gate.Preview(tx, a, q)
		if late = now.Refusal; err != nil || late != nil {
			return err
		}
		if late, err = s.stopped(tx, a, itx, ans.Facts, words); err != nil || late != nil {
			return err
		}
		facts, err := s.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		company, err := s.Company(tx, facts.Controller)
		if err != nil {
			return err
		}
		if _, err := s.Messages.Queue(tx, a, message.Outgoing{Subject: facts.Subject, Interaction: itx, Value: chosen, Contact: field, Template: "message.written",
			Lang: facts.Language, Args: map[string]message.Arg{"company": message.Company(company), "text": message.Written(cleared)}}); err != nil {
			return err
		}
		s.addDisclosure(tx, Disclosure{Interaction: itx, Subject: facts.Subject, Staff: a.ID(), Verb: string(gate.Act),
			Fields: ans.Allowed, Purpose: facts.Purpose, Level: ans.Facts.Level})
		if settle == nil {
			return nil
		}
		return settle(tx, out)
	})
	switch {
	case err != nil:
		return Receipt{}, err
	case late != nil:
		return Receipt{}, late
	}
	return out, nil
}

// Check says whether a text may be written on the call's own channel (a chat or a mailbox that
// another system serves): nil or the refusal. It sends nothing.
func (s *Service) Check(ctx context.Context, a actor.Actor, itx string, words Words) error {
	q := gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note, Detail: map[string]any{"act": "check_text"}}
	ans, _, err := s.cleared(ctx, a, itx, q, func(f gate.InteractionFacts) string { return f.Channel }, words, func(*db.Tx, string) error { return nil })
	if err != nil {
		return err
	}
	var refusal *errs.E
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refusal, err = s.stopped(tx, a, itx, ans.Facts, words)
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// stopped asks what cleared does not: whether a text that holds nothing of this customer holds something of anybody. The
// refusal is an outcome, which keeps its entry.
func (s *Service) stopped(tx *db.Tx, a actor.Actor, itx string, f gate.Facts, words Words) (*errs.E, error) {
	j, err := s.pass(tx, a, itx, f, dlp.Written, dlp.Customer, words)
	if err != nil || j.Goes() {
		return nil, err
	}
	return dlp.Stopped(j), nil
}

// cleared asks for leave, counts, and holds the text against what is known. outcome is a
// refusal that is told after the commit, so that entry and count are kept.
func (s *Service) cleared(ctx context.Context, a actor.Actor, itx string, q gate.Question, outlet func(gate.InteractionFacts) string, words Words,
	also func(tx *db.Tx, subject string) error) (ans gate.Answer, c message.Cleared, err error) {
	var outcome *errs.E
	var reading *message.Reading
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		outcome, reading = nil, nil
		if ans, err = s.Gate.Ask(tx, a, q); err != nil {
			return err
		}
		if outcome = ans.Refusal; outcome != nil {
			return nil
		}
		if ans.Facts.Level < 2 {
			outcome = errWriteLevel
			return nil
		}
		used, err := writings(tx, itx)
		if err != nil {
			return err
		}
		if used >= WriteLimit {
			outcome = errWritingsSpent
			return nil
		}
		spendWriting(tx, itx)
		subject := ans.Facts.Interaction.Subject
		switch err := also(tx, subject); errs.KindOf(err) {
		case "":
		case errs.NotFound:
			outcome = errs.Of(err)
			return nil
		default:
			return err
		}
		reading, err = s.Messages.Read(tx, subject, itx)
		return err
	})
	if err == nil && outcome != nil {
		err = outcome
	}
	if err != nil {
		return ans, c, err
	}
	c, err = s.Messages.Clear(ctx, a, reading, outlet(ans.Facts.Interaction), ans.Facts.Level, words.Text)
	if errs.KindOf(err) == errs.Denied {
		if failed := s.learn(ctx, a, itx, ans.Facts, words); failed != nil {
			err = failed
		}
	}
	return ans, c, err
}

var errGoes = errors.New("it goes")

// learn makes an incident of a text that was held, where package dlp would have stopped it too: its writer is to learn from it.
func (s *Service) learn(ctx context.Context, a actor.Actor, itx string, f gate.Facts, words Words) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		refusal, err := s.stopped(tx, a, itx, f, words)
		if err == nil && refusal == nil {
			err = errGoes // of what does not go nothing may say that it went
		}
		return err
	})
	if errors.Is(err, errGoes) {
		return nil
	}
	return err
}

// writings is how many texts the interaction had.
func writings(tx *db.Tx, interaction string) (used int, err error) {
	err = tx.Data.Row(`select used from desk_writing where interaction = $1`, interaction).Scan(&used)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return used, err
}

func spendWriting(tx *db.Tx, interaction string) {
	tx.Data.Queue(`insert into desk_writing (interaction, used) values ($1, 1)
		on conflict (interaction) do update set used = desk_writing.used + 1`, interaction)
}

// Saying is what may be said or written of one field on the call's channel, now and with more
// proof.
type Saying struct {
	Field catalog.Field
	Form  string // catalog.Whole, catalog.Masked or "" for not at all
	From  int    // the level from which more may be said; 0 when no level gives more
}

// Sayings is the channel's column of the matrix for fields at a level, in their order. It
// opens nothing and asks nothing: it is what the catalogue says.
func Sayings(fields []catalog.Field, channel string, level int) []Saying {
	out := make([]Saying, 0, len(fields))
	for _, f := range fields {
		one := Saying{Field: f, Form: f.Say(channel, level)}
		for more := level + 1; more <= catalog.MaxLevel && one.From == 0; more++ {
			if f.Say(channel, more) != one.Form {
				one.From = more
			}
		}
		out = append(out, one)
	}
	return out
}

package act

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/vault"
)

// AskLasts is how long the customer has to type what was asked for, and AsksPerCall how many fields one call may ask for.
const (
	AskLasts    = 10 * time.Minute
	AsksPerCall = 10
)

// AskState is where a question to the customer stands.
type AskState string

// The states of a question.
const (
	AskWaiting  AskState = "waiting"
	AskReceived AskState = "received"
	AskExpired  AskState = "expired" // nobody typed anything in time
)

// Ask is a field that the customer was asked to type, as the desk shows it: that it came, and never what.
type Ask struct {
	ID      string // ask_…
	Field   string
	State   AskState
	Asked   time.Time
	Expires time.Time
}

// ask is a stored Ask.
type ask struct {
	Ask
	interaction, subject, controller, purpose, channel, by string
}

const askToken = "act.ask"

const (
	askColumns = `id, interaction, subject, controller, purpose, channel, field, state, asked_by, asked_at, expires_at`
	sqlAskAdd  = `insert into act_ask (` + askColumns + `, ended_at) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0)`
	sqlAsk     = `select ` + askColumns + ` from act_ask where id = $1`
	sqlAsks    = `select ` + askColumns + ` from act_ask where interaction = $1 order by asked_at, id`
	sqlAskEnd  = `update act_ask set state = $2, ended_at = $3 where id = $1`
)

// scanAsk reads a question; now tells whether its time is over.
func scanAsk(r db.Row, now time.Time) (q ask, err error) {
	var state string
	var asked, expires int64
	err = r.Scan(&q.ID, &q.interaction, &q.subject, &q.controller, &q.purpose, &q.channel, &q.Field, &state, &q.by, &asked, &expires)
	q.State, q.Asked, q.Expires = AskState(state), time.UnixMicro(asked).UTC(), time.UnixMicro(expires).UTC()
	if q.State == AskWaiting && !now.Before(q.Expires) {
		q.State = AskExpired
	}
	return q, err
}

func asksOf(tx *db.Tx, interaction, subject string) (out []ask, err error) {
	err = tx.Data.Rows(sqlAsks, []any{interaction}, func(r db.Row) error {
		q, err := scanAsk(r, tx.Now())
		if q.subject == subject {
			out = append(out, q)
		}
		return err
	})
	return out, err
}

// AskCustomer sends the customer in the call a link to a page on which they type a field themselves. value chooses the
// contact; "" means the one registered longest that can be written to. also runs in the transaction.
func (s *Service) AskCustomer(ctx context.Context, a actor.Actor, itx, field, value string, also ...func(*db.Tx, Ask) error) (Ask, error) {
	if s.reached(field) {
		return Ask{}, errIsContact
	}
	var refusal *errs.E
	var q ask
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		facts, no, err := s.ask(tx, a, itx, field, "ask")
		if refusal = no; err != nil || refusal != nil {
			return err
		}
		subject := facts.Interaction.Subject
		list, err := asksOf(tx, itx, subject)
		if err != nil {
			return err
		}
		contacts, err := s.o.Vault.Contacts(tx, subject, catalog.Phone, catalog.Email)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(contacts, func(c vault.Stored) bool { return s.o.Messages.Carries(c.Field) && (value == "" || c.ID == value) })
		switch {
		case slices.ContainsFunc(list, func(q ask) bool { return q.Field == field && q.State == AskWaiting }):
			refusal = errAsked
		case len(list) >= AsksPerCall:
			refusal = errAsksSpent
		case i < 0:
			refusal = errNoWay
		}
		if refusal != nil {
			return s.refuse(tx, a, itx, facts, field, "act.ask", refusal)
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		q = ask{Ask: Ask{ID: id.NewAt(id.Request, tx.Now()), Field: field, State: AskWaiting, Asked: tx.Now(), Expires: tx.Now().Add(AskLasts)},
			interaction: itx, subject: subject, controller: f.Controller, purpose: f.Purpose, channel: string(f.Channel), by: a.ID()}
		tx.Data.Queue(sqlAskAdd, q.ID, itx, subject, q.controller, q.purpose, q.channel, field, string(q.State), q.by, q.Asked.UnixMicro(), q.Expires.UnixMicro())
		company, err := s.o.Company(tx, f.Controller)
		if err != nil {
			return err
		}
		link := s.o.Address + "/v/ask/" + s.o.Keyring.Token(askToken, []byte(q.ID), q.Expires)
		if _, err := s.o.Messages.Queue(tx, a, message.Outgoing{Subject: subject, Interaction: itx, Value: contacts[i].ID, Contact: contacts[i].Field, Template: "message.ask",
			Lang: f.Language, Args: map[string]message.Arg{"company": message.Company(company), "link": message.Link(link)}, Expires: q.Expires}); err != nil {
			return err
		}
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "act.ask", Decision: audit.Done, Actor: a, Controller: q.controller, Interaction: itx, Subject: subject,
			Purpose: q.purpose, Channel: q.channel, Level: facts.Level, Ground: "interaction:" + itx, Fields: []string{field}, Ref: q.ID}); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx, q.Ask); err != nil {
				return err
			}
		}
		return nil
	})
	return q.Ask, either(err, refusal)
}

// AskView is what the customer's page shows.
type AskView struct {
	Company string
	Field   string
	State   AskState
}

// Asked reads the customer's page. Showing changes nothing.
func (s *Service) Asked(ctx context.Context, token string) (v AskView, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		q, err := s.asked(tx, token)
		if err != nil {
			return err
		}
		v = AskView{Field: q.Field, State: q.State}
		v.Company, err = s.o.Company(tx, q.controller)
		return err
	})
	return v, err
}

func (s *Service) asked(tx *db.Tx, token string) (ask, error) {
	if len(token) > 512 {
		return ask{}, errAskLink
	}
	opened, err := s.o.Keyring.OpenToken(askToken, token, tx.Now())
	if err != nil {
		return ask{}, errAskLink
	}
	q, err := scanAsk(tx.Data.Row(sqlAsk, string(opened)), tx.Now())
	if errors.Is(err, db.ErrNoRows) {
		err = errAskLink
	}
	return q, err
}

// Give is what the customer types on the page: held against the field's rules, sealed and written in one transaction. It
// counts while the call in which it was asked for goes on, for the same customer and purpose, at the level that it needs, and
// while the purpose stands and the customer has not withdrawn the consent on which it rests.
// What does not fit is an error, and may be typed again; what belongs to another customer ends the question. Once received, the page takes nothing more.
func (s *Service) Give(ctx context.Context, token, value string) error {
	if value == "" || len(value) > maxValue {
		return errValue
	}
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		q, err := s.asked(tx, token)
		if err != nil || q.State == AskReceived {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, q.interaction)
		if err != nil {
			return err
		}
		level, err := s.o.Verification.Level(tx, q.interaction, q.subject)
		if err != nil {
			return err
		}
		stands, err := s.o.Stands(tx, q.subject, q.purpose, q.Field)
		if err != nil {
			return err
		}
		field, _ := s.o.Catalogue.Field(q.Field)
		least, may := field.Level(q.channel, string(gate.Collect))
		entry := audit.Entry{Action: "act.received", Decision: audit.Done, Actor: s.o.Customer(q.ID), Controller: q.controller, Interaction: q.interaction,
			Subject: q.subject, Purpose: q.purpose, Channel: q.channel, Level: level, Ground: "interaction:" + q.interaction, Fields: []string{q.Field}, Ref: q.ID}
		if q.State != AskWaiting || !f.Live(tx.Now()) || f.Subject != q.subject || f.Purpose != q.purpose || f.Agent != q.by || !stands || !may || level < least {
			refusal = errAskOver
			entry.Decision, entry.Reason, entry.Fields, entry.Refused = audit.Denied, refusal.Code, nil, []string{q.Field}
			_, err = s.o.Log.Append(tx, entry)
			return err
		}
		about := gate.Facts{Interaction: gate.InteractionFacts{Controller: q.controller, Subject: q.subject}}
		if err := s.write(tx, about, q.Field, value, q.ID); err != nil {
			if !errors.Is(err, errTaken) {
				return err
			}
			// It is another customer's. Who typed it must not learn that, and gets one try only.
			tx.Data.Queue(sqlAskEnd, q.ID, string(AskExpired), tx.Now().UnixMicro())
			refusal = errAskOver
			entry.Decision, entry.Reason, entry.Fields, entry.Refused = audit.Denied, errTaken.Code, nil, []string{q.Field}
			_, err = s.o.Log.Append(tx, entry)
			return err
		}
		tx.Data.Queue(sqlAskEnd, q.ID, string(AskReceived), tx.Now().UnixMicro())
		s.o.Desk.Disclosed(tx, desk.Disclosure{Interaction: q.interaction, Subject: q.subject, Staff: q.by, Verb: string(gate.Collect), Fields: []string{q.Field},
			Purpose: q.purpose, Level: level})
		s.o.Interactions.Notify(tx, "verification", f)
		_, err = s.o.Log.Append(tx, entry)
		return err
	})
	return either(err, refusal)
}

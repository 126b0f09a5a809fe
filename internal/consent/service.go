package consent

import (
	"context"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Log is the part of audit.Log that the book uses.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Purposes is the part of purpose.Register that the book uses.
type Purposes interface {
	Get(tx *db.Tx, id string) (purpose.Purpose, error)
	List(tx *db.Tx, controller string) ([]purpose.Purpose, error)
	Notices(tx *db.Tx, purpose string) ([]purpose.Notice, error)
}

// ControllerOf reads whose customer a subject is; an error of kind not_found when there is
// no such customer.
type ControllerOf func(tx *db.Tx, subject string) (controller string, err error)

// Book keeps consent events.
type Book struct {
	db       *db.DB
	log      Log
	gate     *gate.Gate
	purposes Purposes
	customer ControllerOf
	speaks   Speaks
}

// New makes a Book. The gate is asked when an agent records what a customer says in a
// call; the register knows purposes and their notice versions. Until UseCustomers was
// called nobody is a customer, and nothing can be recorded.
func New(d *db.DB, log Log, g *gate.Gate, p Purposes) *Book {
	return &Book{d, log, g, p, func(*db.Tx, string) (string, error) { return "", errs.New(errs.NotFound, "consent.subject") }, nil}
}

// Speaks says through which mandate somebody speaks in a call, "" for the customer, and why they may not decide on a purpose;
// nil when they may.
type Speaks func(tx *db.Tx, interaction, subject, purpose string, grants bool) (mandate string, refusal *errs.E, err error)

// UseSpeakers tells the Book who may speak for a customer. Until then everybody in a call speaks for themselves.
func (b *Book) UseSpeakers(s Speaks) { b.speaks = s }

// UseCustomers tells the Book who the customers are.
func (b *Book) UseCustomers(c ControllerOf) { b.customer = c }

// theirs reads whose customer a subject is, for somebody who must serve that controller
// to know that the customer exists.
func (b *Book) theirs(tx *db.Tx, a actor.Actor, subject string) (string, error) {
	controller, err := b.customer(tx, subject)
	if errs.KindOf(err) == errs.NotFound || err == nil && (a.IsStaff() || a.Kind() == actor.Client) && !a.Serves(controller) {
		return "", errs.New(errs.NotFound, "consent.subject_unknown")
	}
	return controller, err
}

// asks refuses a purpose that asks nobody for consent. A basis never changes once a purpose
// is published, so what was granted was granted to a purpose that asks.
func asks(p purpose.Purpose) error {
	if p.Basis != purpose.ByConsent {
		return errs.New(errs.Conflict, "consent.other_basis")
	}
	return nil
}

// Record appends an event: the last word counts from this transaction on. It checks the
// event and whether this sort of actor may record at all; whether the subject is the one
// in the agent's own call is Say's question, so an agent's request goes through Say.
func (b *Book) Record(tx *db.Tx, a actor.Actor, e Event) (Event, error) {
	if err := e.check(a); err != nil {
		return Event{}, err
	}
	controller, err := b.theirs(tx, a, e.Subject)
	if err != nil {
		return Event{}, err
	}
	p, err := b.purposes.Get(tx, e.Purpose)
	if err != nil {
		return Event{}, err
	}
	if p.Controller != controller { // to this customer it does not exist
		return Event{}, errs.New(errs.NotFound, "purpose.unknown")
	}
	if err := asks(p); err != nil {
		return Event{}, err
	}
	if e.Notice == 0 {
		e.Notice = p.Notice
	}
	if e.Notice < 1 || e.Notice > p.Notice {
		return Event{}, errs.New(errs.Invalid, "consent.notice")
	}
	if e.What == Granted && p.Status != purpose.Active { // what is not in force can still be refused and withdrawn
		return Event{}, errs.New(errs.Conflict, "consent.purpose_inactive")
	}
	before, n, err := last(tx, e.Subject, e.Purpose)
	if err != nil {
		return Event{}, err
	}
	if err := Next(before, e.What); err != nil {
		return Event{}, err
	}
	e.ID, e.At, e.RecordedBy = id.NewAt(id.Consent, tx.Now()), tx.Now(), a.ID()
	if err := insert(tx, e, n+1); err != nil {
		return Event{}, err
	}
	_, err = b.log.Append(tx, audit.Entry{
		Action: "consent." + string(e.What), Decision: audit.Done, Actor: a, Subject: e.Subject,
		Purpose: e.Purpose, Controller: p.Controller, Interaction: e.Interaction, Channel: e.Channel, Level: e.Level, Ref: e.ID,
	})
	return e, err
}

// bound asks the gate about the customer the call is bound to, if the call is the asker's
// own and live.
func (b *Book) bound(tx *db.Tx, a actor.Actor, interaction string) (gate.Question, gate.Answer, error) {
	q := gate.Question{Ground: gate.Interaction(interaction), Bound: true, Verb: gate.Note}
	look, err := b.gate.Preview(tx, a, q)
	return q, look, err
}

// Say records what the customer says about a purpose in the agent's own live call: the
// subject is the one the call is bound to, the channel the call's, the level the caller's
// now. A grant by a caller who is not verified is refused (Need; consent.not_verified with
// "need" and "have"). That refusal and the gate's come back as errors after their leaf is
// durable. Below gate.ConsentLevel a refusal and a withdrawal are one: what is recorded is
// whichever fits the last word, and the answer repeats what was said, so that it does not
// tell what the customer had agreed to. What also is given stands or falls with the record.
func (b *Book) Say(ctx context.Context, a actor.Actor, interaction string, e Event, also ...func(*db.Tx, Event) error) (Event, error) {
	var out Event
	var refused *errs.E
	err := b.db.Write(ctx, func(tx *db.Tx) error {
		out, refused = Event{}, nil
		q, look, err := b.bound(tx, a, interaction)
		if err != nil {
			return err
		}
		through := ""
		if have := look.Facts.Level; look.Refusal == nil && have < Need(e.What) {
			refused = errs.New(errs.Denied, "consent.not_verified").With("need", Need(e.What)).With("have", have)
			return b.deny(tx, a, interaction, e, look.Facts, refused)
		}
		if look.Refusal == nil && b.speaks != nil {
			if through, refused, err = b.speaks(tx, interaction, look.Facts.Interaction.Subject, e.Purpose, e.What == Granted); err != nil {
				return err
			}
			if refused != nil {
				return b.deny(tx, a, interaction, e, look.Facts, refused)
			}
		}
		ans, err := b.gate.Ask(tx, a, q)
		if err != nil || ans.Refusal != nil {
			refused = ans.Refusal
			return err
		}
		said := e
		said.Subject, said.Channel, said.Interaction = ans.Facts.Interaction.Subject, ans.Facts.Interaction.Channel, interaction
		said.Level, said.Mandate = ans.Facts.Level, through
		if said.Proof == "" {
			said.Proof = interaction
		}
		unseen := said.Level < gate.ConsentLevel && (said.What == Refused || said.What == Withdrawn)
		if unseen {
			if said.What, err = b.closing(tx, said); err != nil {
				return err
			}
		}
		out, err = b.Record(tx, a, said)
		if unseen {
			out.What = e.What
		}
		for _, f := range also {
			if err == nil {
				err = f(tx, out)
			}
		}
		return err
	})
	if err == nil && refused != nil {
		err = refused
	}
	return out, err
}

// closing is what a no means after the last word: the withdrawal of what was granted, or a refusal.
func (b *Book) closing(tx *db.Tx, e Event) (What, error) {
	granted, err := b.IsGranted(tx, e.Subject, e.Purpose)
	if granted {
		return Withdrawn, err
	}
	return Refused, err
}

// deny appends the leaf of a word that was not recorded. The purpose is named only if it is
// one of the call's controller: nothing that a request makes up gets into the log.
func (b *Book) deny(tx *db.Tx, a actor.Actor, interaction string, e Event, f gate.Facts, why *errs.E) error {
	call := f.Interaction
	p, err := b.purposes.Get(tx, e.Purpose)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	named := e.Purpose
	if err != nil || p.Controller != call.Controller {
		named = ""
	}
	_, err = b.log.Append(tx, audit.Entry{
		Action: "consent." + string(e.What), Decision: audit.Denied, Reason: why.Code, Actor: a, Subject: call.Subject, Purpose: named,
		Controller: call.Controller, Interaction: interaction, Ground: "interaction:" + interaction, Channel: call.Channel, Level: f.Level,
	})
	return err
}

// OfCall is the last word on every purpose of the customer in the agent's own live call,
// never nil. It is personal data: the gate is asked, each look has its leaf, and below
// gate.ConsentLevel it is refused.
func (b *Book) OfCall(ctx context.Context, a actor.Actor, interaction string) ([]Event, error) {
	var out []Event
	var ans gate.Answer
	err := b.db.Write(ctx, func(tx *db.Tx) (err error) {
		ans, err = b.gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(interaction), Bound: true, Verb: gate.Consult})
		if err == nil && ans.Refusal == nil {
			out, err = b.Current(tx, ans.Facts.Interaction.Subject)
		}
		return err
	})
	if err == nil && ans.Refusal != nil {
		err = ans.Refusal
	}
	if err != nil {
		return nil, err
	}
	return append([]Event{}, out...), nil
}

// Read is everything one customer said, newest first, for the data protection officer.
// Reading it is itself entered into the customer's trail.
func (b *Book) Read(ctx context.Context, a actor.Actor, subject string) ([]Event, error) {
	if !a.Is(actor.DPO) {
		return nil, errs.New(errs.Denied, "consent.not_permitted")
	}
	var out []Event
	err := b.db.Write(ctx, func(tx *db.Tx) error {
		controller, err := b.theirs(tx, a, subject)
		if err != nil {
			return err
		}
		if out, err = b.History(tx, subject); err != nil {
			return err
		}
		_, err = b.log.Append(tx, audit.Entry{Action: "consent.read", Decision: audit.Done, Actor: a, Subject: subject, Controller: controller, Count: int64(len(out))})
		return err
	})
	return out, err
}

// Counts is how customers stand towards a purpose now, by the version of the notice that
// they heard, newest first. It names nobody; the purpose must be of a controller whom the
// asker serves.
func (b *Book) Counts(ctx context.Context, a actor.Actor, purposeID string) (p purpose.Purpose, out []Count, err error) {
	if !a.Is(counters.Roles...) {
		return p, nil, errs.New(errs.Denied, "consent.not_permitted")
	}
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		if p, err = b.purposes.Get(tx, purposeID); err != nil {
			return err
		}
		if !a.Serves(p.Controller) {
			return errs.New(errs.NotFound, "purpose.unknown")
		}
		if err := asks(p); err != nil {
			return err
		}
		out, err = counts(tx, purposeID)
		return err
	})
	return p, out, err
}

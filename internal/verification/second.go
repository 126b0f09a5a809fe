package verification

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification/method"
)

// V4 is what the gravest acts need: the third level, a second member of staff, a notice to a
// contact that has been registered for long, and that contact called back or a day in which
// its owner can object. The second member of staff also stands in for the calm that a
// protected person, or the third call today, does not have.

// SecondKind is the kind of approval that asks for a second member of staff.
const SecondKind = "verification.second"

// The clocks of the second member of staff's decision.
const (
	SecondWaits  = time.Minute    // without an answer it is no
	ObjectWithin = 24 * time.Hour // the old contact has this long before a decision counts without a call back
	SecondLasts  = 72 * time.Hour // and after this it counts no more
)

// SecondMost is how many decisions for one colleague the same supervisor makes in a shift while another is on duty.
const SecondMost = 3

// moot reports that the contact of a decision was frozen, declined or given up, or serves another
// customer. One that ended well may still be decided on: the decision counts after a day.
func (s *Service) moot(tx *db.Tx, r approval.Request) (bool, error) {
	one, err := secondByID(tx, r.Ref)
	if err != nil {
		return false, err
	}
	f, err := s.o.Interactions.Facts(tx, one.Interaction)
	return f.State == interaction.Frozen || f.State == interaction.Refused || f.State == interaction.Abandoned || f.Subject != one.Subject, err
}

// secondState is where a decision stands.
type secondState string

const (
	secondAsked    secondState = "asked"
	secondApproved secondState = "approved"
	secondRefused  secondState = "refused"
	secondStopped  secondState = "stopped" // the customer objected
)

// second is a stored decision.
type second struct {
	ID, Interaction, Subject, Controller, Language string
	Contact, Value                                 string // where the notice goes
	Age                                            time.Duration
	State                                          secondState
	By, Message                                    string
	Asked, Decided, Stopped                        time.Time
	Mandate                                        string // through which it was asked for; "" for the customer
	OwnContact, OwnValue, OwnMessage               string // where the representative is told, and by what
}

// Asks is how the room asks for a decision: trust/approval.
type Asks func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error)

// AskWith gives the room its way to ask. Call it before serving.
func (s *Service) AskWith(ask Asks) { s.o.Ask = ask }

// Decisions are the kinds of approval of this room.
func (s *Service) Decisions() []approval.Kind {
	return []approval.Kind{{
		Name: SecondKind, Ask: []actor.Role{actor.Agent, actor.Supervisor}, Decide: []actor.Role{actor.Supervisor}, Wait: SecondWaits,
		Effect: s.decided, Undone: s.undecided, Over: s.moot, Most: SecondMost,
	}}
}

// AskSecond asks a second member of staff to decide on this customer in this contact. The
// caller must be verified; reason is for the one who decides. What the customer will be told,
// and where, is settled now. A refusal comes back as the error with its entry written.
func (s *Service) AskSecond(ctx context.Context, a actor.Actor, interactionID, reason string) (request string, err error) {
	var refusal *errs.E
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		request, refusal = "", nil
		f, err := s.facts(tx, a, interactionID)
		if err != nil && !errors.Is(err, errNotYours) {
			return err
		}
		contact, unusable := vault.Stored{Field: vault.HistoryField}, errNoContact
		if err == nil && f.Subject != "" {
			if contact, unusable, err = s.oldest(tx, f.Subject); err != nil {
				return err
			}
		}
		answer, err := s.ask(tx, a, interactionID, contact.Field)
		if refusal = answer.Refusal; err != nil || refusal != nil {
			return err
		}
		level, _, err := s.level(tx, f, f.Subject)
		if err != nil {
			return err
		}
		speaker, represented, err := s.Speaker(tx, f)
		if err != nil {
			return err
		}
		own, told := s.told(speaker)
		if unusable != nil && speaker.Child && told {
			contact, unusable = own, nil // the child has none of their own
		}
		waiting, err := s.seconds(tx, f.Subject, func(one second) bool {
			return one.Interaction == f.ID && one.State == secondAsked && tx.Now().Sub(one.Asked) < SecondWaits
		})
		switch {
		case err != nil:
			return err
		case represented && speaker.Most < V4:
			refusal = errDocumentLevel
		case represented && !speaker.Document:
			refusal = errDocument
		case represented && level < V3:
			refusal = errRepresentedLevel
		case represented && !told:
			refusal = errNoContact
		case level < V2:
			refusal = errSecondLevel
		case unusable != nil:
			refusal = unusable
		case len(waiting) > 0:
			refusal = errSecondAsked
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "verification.second", refusal)
		}
		one := second{
			ID: id.NewAt(id.Verification, tx.Now()), Interaction: f.ID, Subject: f.Subject, Controller: f.Controller, Language: f.Language,
			Contact: contact.Field, Value: contact.ID, Age: ageOf(contact, tx.Now()), State: secondAsked, Asked: tx.Now(),
			Mandate: speaker.Mandate, OwnContact: own.Field, OwnValue: own.ID,
		}
		one.insert(tx)
		r, err := s.o.Ask(tx, a, approval.Ask{
			Kind: SecondKind, Ref: one.ID, Controller: f.Controller, Payload: map[string]string{"interaction": f.ID}, Reason: reason,
		})
		request = r.ID
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return request, err
}

// told is the contact at which a representative is told of a decision; false when there is none.
func (s *Service) told(r Speaker) (vault.Stored, bool) {
	i := slices.IndexFunc(r.Contacts, func(c vault.Stored) bool { return s.o.Messages.Carries(c.Field) })
	if i < 0 {
		return vault.Stored{}, false
	}
	return r.Contacts[i], true
}

// oldest is the contact that has been registered longest and can be told something.
func (s *Service) oldest(tx *db.Tx, subject string) (vault.Stored, *errs.E, error) {
	contacts, err := s.o.Vault.Contacts(tx, subject)
	if err != nil {
		return vault.Stored{}, nil, err
	}
	if i := slices.IndexFunc(contacts, func(c vault.Stored) bool { return s.o.Messages.Carries(c.Field) }); i >= 0 {
		return contacts[i], nil, nil
	}
	return vault.Stored{Field: vault.HistoryField}, errNoContact, nil
}

// decided is the effect of a yes: the customer is told at the contact that was there before,
// with a link by which it can be stopped.
func (s *Service) decided(tx *db.Tx, r approval.Request, by actor.Actor) error {
	one, err := secondByID(tx, r.Ref)
	if err != nil {
		return err
	}
	company, err := s.o.Company(tx, one.Controller)
	if err != nil {
		return err
	}
	one.State, one.By, one.Decided = secondApproved, by.ID(), tx.Now()
	token := s.o.Keys.Token("verification.notice", []byte(one.ID), tx.Now().Add(SecondLasts))
	tell := func(value, contact string) (string, error) {
		return s.o.Messages.Queue(tx, by, message.Outgoing{
			Subject: one.Subject, Interaction: one.Interaction, Value: value, Contact: contact, Template: "message.second", Lang: one.Language,
			Args: map[string]message.Arg{"company": message.Company(company), "link": message.Link(s.o.Address + "/v/notice/" + token)},
		})
	}
	if one.Message, err = tell(one.Value, one.Contact); err != nil {
		return err
	}
	if one.Mandate != "" && one.OwnValue != one.Value { // a parent or guardian who is told in the child's place is told once
		if one.OwnMessage, err = tell(one.OwnValue, one.OwnContact); err != nil {
			return err
		}
	}
	one.save(tx)
	return s.seconded(tx, by, one, "")
}

// undecided is the effect of a no, and of no answer.
func (s *Service) undecided(tx *db.Tx, r approval.Request, by actor.Actor) error {
	one, err := secondByID(tx, r.Ref)
	if err != nil {
		return err
	}
	one.State, one.By, one.Decided = secondRefused, by.ID(), tx.Now()
	one.save(tx)
	return s.seconded(tx, by, one, errSecondRefused.Code)
}

// seconded writes the entry of a decision, and weighs again what was proved.
func (s *Service) seconded(tx *db.Tx, by actor.Actor, one second, reason string) error {
	f, err := s.o.Interactions.Facts(tx, one.Interaction)
	if err != nil {
		return err
	}
	about := f
	about.Subject = one.Subject
	if _, err := s.o.Log.Append(tx, s.entry(by, about, "verification.second", reason, one.ID)); err != nil {
		return err
	}
	s.o.Interactions.Notify(tx, "verification", f)
	if one.State != secondApproved || f.Subject != one.Subject || f.State.Ended() || f.State == interaction.Wrapup {
		return nil
	}
	return s.grant(tx, by, f)
}

// ofSecond are the proofs that decisions give in an interaction, and when the first of them
// runs out. One who serves the contact is no second member of staff in it.
// A decision is the customer's, or that of the mandate through which it was asked for, and of no other.
func (s *Service) ofSecond(tx *db.Tx, f interaction.Facts, mandate string) (proofs []method.Proof, since time.Time, err error) {
	now := tx.Now()
	list, err := s.seconds(tx, f.Subject, func(one second) bool {
		return one.State == secondApproved && one.Mandate == mandate && one.By != f.Agent && one.Controller == f.Controller && now.Sub(one.Decided) < SecondLasts
	})
	for _, one := range list {
		told, err := s.o.Messages.Left(tx, one.Message)
		if err == nil && told && one.OwnValue != one.Value && one.Mandate != "" {
			told, err = s.o.Messages.Left(tx, one.OwnMessage)
		}
		if err != nil {
			return nil, now, err
		}
		here := one.Interaction == f.ID && !one.Decided.Before(f.RightsSince) && now.Sub(one.Decided) < LevelLasts
		waited := told && now.Sub(one.Decided) >= ObjectWithin
		if here {
			proofs = append(proofs, method.Proof{Method: method.Supervisor})
			since = one.Decided
		}
		if waited {
			proofs = append(proofs, method.Proof{Method: method.Wait})
		}
		if told && (here || waited) {
			proofs = append(proofs, method.Proof{Method: method.Notice, Contact: one.Contact, Age: one.Age})
		}
	}
	return proofs, since, err
}

// Seconded reports whether a second member of staff has decided on the customer in this contact, and that still counts.
func (s *Service) Seconded(tx *db.Tx, interactionID, subject string) (bool, error) {
	f, err := s.o.Interactions.Facts(tx, interactionID)
	if err != nil || f.Subject != subject {
		return false, err
	}
	speaker, _, err := s.Speaker(tx, f)
	if err != nil {
		return false, err
	}
	proofs, _, err := s.ofSecond(tx, f, speaker.Mandate)
	return slices.ContainsFunc(proofs, func(p method.Proof) bool { return p.Method == method.Supervisor }), err
}

// decidedBy reports whether a member of staff decided one of the decisions that count for a
// subject: a contact handed over to the second member of staff has no second one any more.
func (s *Service) decidedBy(tx *db.Tx, subject, staff string) (bool, error) {
	list, err := s.seconds(tx, subject, func(one second) bool {
		return one.By == staff && one.State == secondApproved && tx.Now().Sub(one.Decided) < SecondLasts
	})
	return len(list) > 0, err
}

// CallBack takes as proof that the exchange reported this contact as a call of ours to a
// number of the customer. All of the customer's numbers must be old enough, because the one
// that was called is not kept. Nobody's word is taken for it: a call begun by hand proves nothing.
func (s *Service) CallBack(ctx context.Context, a actor.Actor, interactionID string) error {
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		answer, err := s.ask(tx, a, interactionID, "phone")
		if refusal = answer.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.facts(tx, a, interactionID)
		if err != nil {
			return err
		}
		contacts, err := s.o.Vault.Contacts(tx, f.Subject, catalog.Phone)
		if err != nil {
			return err
		}
		_, represented, err := s.Speaker(tx, f)
		if err != nil {
			return err
		}
		if refusal = s.calledBack(f, contacts, tx.Now()); represented {
			refusal = errRepresented
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "verification.call_back", refusal)
		}
		age := youngest(contacts, tx.Now())
		proof := id.NewAt(id.Verification, tx.Now())
		tx.Data.Queue(sqlProofAdd, proof, f.ID, f.Subject, method.CallBack, "phone", age.Microseconds(), column.Micros(tx.Now()))
		if _, err := s.o.Log.Append(tx, s.entry(a, f, "verification.call_back", "", proof)); err != nil {
			return err
		}
		if err := s.wantSIM(tx, f); err != nil {
			return err
		}
		s.o.Interactions.Notify(tx, "verification", f)
		return s.grant(tx, a, f)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// calledBack says why a contact is not to be taken as a call back; nil when it is.
func (s *Service) calledBack(f interaction.Facts, contacts []vault.Stored, now time.Time) *errs.E {
	phones := slices.ContainsFunc(contacts, func(c vault.Stored) bool { return c.Field == "phone" })
	switch {
	case !s.o.Rules.Uses(method.CallBack) || f.Direction != interaction.Outbound || !f.CLIMatch || !phones:
		return errNoCallBack
	case youngest(contacts, now) < s.o.Rules.Age(method.CallBack):
		return errNewContact
	}
	return nil
}

// youngest is the age of the telephone number that was registered last.
func youngest(contacts []vault.Stored, now time.Time) time.Duration {
	age := time.Duration(math.MaxInt64)
	for _, c := range contacts {
		if c.Field == "phone" {
			age = min(age, ageOf(c, now))
		}
	}
	return age
}

// Decision is what became of the last request for a second member of staff in a contact.
type Decision struct {
	State string    // asked, approved, refused or stopped; empty when nobody was asked
	Until time.Time // asked: no answer until then is no; approved: from then on it counts without a call back
}

func (s *Service) lastDecision(tx *db.Tx, f interaction.Facts) (out Decision, err error) {
	list, err := s.seconds(tx, f.Subject, func(one second) bool { return one.Interaction == f.ID })
	if err != nil || len(list) == 0 {
		return out, err
	}
	last := list[len(list)-1]
	out.State = string(last.State)
	switch last.State {
	case secondAsked:
		if out.Until = last.Asked.Add(SecondWaits); !tx.Now().Before(out.Until) {
			out = Decision{State: string(secondRefused)} // the clock has decided; its job has not written it down yet
		}
	case secondApproved:
		out.Until = last.Decided.Add(ObjectWithin)
	}
	return out, nil
}

// Object is the customer's "stop this" on the page of a notice. It ends the decision, and the
// contact in which it was asked for, and guards the customer everywhere for a day.
func (s *Service) Object(ctx context.Context, token string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		one, err := s.noticed(tx, token)
		if err != nil || one.State == secondStopped {
			return err
		}
		one.State, one.Stopped = secondStopped, tx.Now()
		one.save(tx)
		customer := s.o.Customer(one.ID)
		if err := s.seconded(tx, customer, one, errNotCalled.Code); err != nil {
			return err
		}
		return s.guard(tx, customer, one.ID, one.Interaction, one.Subject)
	})
}

// NoticeView is what the page of a notice shows.
type NoticeView struct {
	Company string
	Decided time.Time
	Stopped bool
}

// Noticed reads the page of a notice. Showing changes nothing.
func (s *Service) Noticed(ctx context.Context, token string) (v NoticeView, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		one, err := s.noticed(tx, token)
		if err != nil {
			return err
		}
		v = NoticeView{Decided: one.Decided, Stopped: one.State == secondStopped}
		v.Company, err = s.o.Company(tx, one.Controller)
		return err
	})
	return v, err
}

func (s *Service) noticed(tx *db.Tx, token string) (second, error) {
	if len(token) > 512 {
		return second{}, errLink
	}
	payload, err := s.o.Keys.OpenToken("verification.notice", token, tx.Now())
	if err != nil {
		return second{}, errLink
	}
	return secondByID(tx, string(payload))
}

func (one *second) insert(tx *db.Tx) {
	tx.Data.Queue(sqlSecondAdd, one.ID, one.Interaction, one.Subject, one.Controller, one.Language, one.Contact, one.Value, one.Age.Microseconds(),
		string(one.State), one.By, one.Message, column.Micros(one.Asked), column.Micros(one.Decided), column.Micros(one.Stopped),
		one.Mandate, one.OwnContact, one.OwnValue, one.OwnMessage)
}

func (one *second) save(tx *db.Tx) {
	tx.Data.Queue(sqlSecondState, one.ID, string(one.State), one.By, one.Message, column.Micros(one.Decided), column.Micros(one.Stopped), one.OwnMessage)
}

func scanSecond(r db.Row) (one second, err error) {
	var state string
	var age, asked, decided, stopped int64
	err = r.Scan(&one.ID, &one.Interaction, &one.Subject, &one.Controller, &one.Language, &one.Contact, &one.Value, &age, &state, &one.By, &one.Message, &asked, &decided, &stopped,
		&one.Mandate, &one.OwnContact, &one.OwnValue, &one.OwnMessage)
	one.Age, one.State = time.Duration(age)*time.Microsecond, secondState(state)
	one.Asked, one.Decided, one.Stopped = column.Moment(asked), column.Moment(decided), column.Moment(stopped)
	return one, err
}

func secondByID(tx *db.Tx, secondID string) (second, error) {
	one, err := scanSecond(tx.Data.Row(sqlSecond, secondID))
	if errors.Is(err, db.ErrNoRows) {
		return one, errLink
	}
	return one, err
}

// seconds lists a subject's decisions of the last days that keep accepts, the newest last.
func (s *Service) seconds(tx *db.Tx, subject string, keep func(second) bool) (out []second, err error) {
	err = tx.Data.Rows(sqlSeconds, []any{subject, column.Micros(tx.Now().Add(-SecondLasts - SecondWaits))}, func(r db.Row) error {
		one, err := scanSecond(r)
		if err == nil && keep(one) {
			out = append(out, one)
		}
		return err
	})
	return out, err
}

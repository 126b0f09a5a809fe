package act

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification"
)

// Options are what the room needs; app gives them.
type Options struct {
	DB           *db.DB
	Gate         *gate.Gate
	Log          *audit.Log
	Keyring      *keyring.Keyring
	Catalogue    *catalog.Catalogue
	Vault        *vault.Vault
	Interactions *interaction.Service
	Verification *verification.Service
	Messages     *message.Service
	Desk         *desk.Service
	Company      func(tx *db.Tx, controller string) (string, error)
	// Customer is the actor who answers on the page of a notice, by the id of what is answered.
	Customer func(answered string) actor.Actor
	// Duty is the actor of the duty contact_change.
	Duty actor.Actor
	// Address is where customers reach this server.
	Address string
	// Wait is how long the owner of an old contact may object; 0 means ObjectWithin.
	Wait time.Duration
	// Out is the exchange that makes calls of a controller for a member of staff; nil: there is none. Its refusal has a next step.
	Out func(ctx context.Context, controller, staff string) (LineOut, error)
	// Stands says whether a purpose may still collect the field of a customer: it is in force, and if it rests on consent, there is one.
	Stands func(tx *db.Tx, subject, purpose, field string) (bool, error)
	// InForce reports whether a mandate is in force: what was asked for through one that is not any more is not made.
	InForce func(tx *db.Tx, mandate string) (bool, error)
	// Recorder pauses the recorder of a call. It is needed.
	Recorder *recorder.Service
}

// Service is the room's verbs.
type Service struct{ o Options }

// New makes the room.
func New(o Options) *Service {
	if o.Wait == 0 {
		o.Wait = ObjectWithin
	}
	return &Service{o}
}

const tokenName = "act.change"

func newRef(c *change) keyring.Ref {
	return keyring.Ref{Table: "act_change", Column: "new_sealed/" + c.Field, Row: c.ID, Subject: c.subject, Schema: 1}
}

// changeable reports whether a field is a contact that can be changed here: one that a customer is reached and verified by.
func (s *Service) changeable(field string) (catalog.Field, bool) {
	f, ok := s.o.Catalogue.Field(field)
	return f, ok && isChangeable(f)
}

func isChangeable(f catalog.Field) bool {
	return f.Contact == catalog.Phone || f.Contact == catalog.Email
}

// changeables are the names of the fields that can be changed here.
func changeables(c *catalog.Catalogue) (names []string) {
	for _, f := range c.Fields() {
		if isChangeable(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// reached reports whether a customer is reached and verified by a field: who writes it by hand owns the customer.
func (s *Service) reached(field string) bool {
	f, ok := s.o.Catalogue.Field(field)
	return ok && isReached(f)
}

func isReached(f catalog.Field) bool {
	return f.Verifies || isChangeable(f) || f.Contact == catalog.App
}

// entry is what stands in the log about a change.
func (c *change) entry(a actor.Actor, action string, decision audit.Decision, reason string) audit.Entry {
	return audit.Entry{Action: action, Decision: decision, Reason: reason, Actor: a, Controller: c.controller, Interaction: c.interaction,
		Subject: c.subject, Fields: []string{c.Field}, Ref: c.ID}
}

// ChangeContact has a contact of the customer in the call become another, after the owner of the old one had time to object.
// old is the contact to be replaced; "" means the only one of the field, or a first one where there is none. A refusal comes
// back as the error with its entry written. also runs in the transaction.
func (s *Service) ChangeContact(ctx context.Context, a actor.Actor, itx, field, old, value string, also ...func(*db.Tx, Change) error) (Change, error) {
	f, ok := s.changeable(field)
	if !ok {
		return Change{}, errNoContact
	}
	if value == "" || len(value) > maxValue {
		return Change{}, errValue
	}
	var refusal *errs.E
	var key keyring.Key
	var stored []vault.Stored
	var grant *gate.Grant
	var made change
	// First the stored contacts are opened, to see whether the new one is among them: on the leave to use them, which shows nothing.
	err := s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refusal, grant, stored = nil, nil, nil
		var facts gate.Facts
		if facts, refusal, err = s.ask(tx, a, itx, field, "change"); err != nil || refusal != nil {
			return err
		}
		if refusal, err = s.unheard(tx, a, itx, facts, field, "act.change"); err != nil || refusal != nil {
			return err
		}
		subject := facts.Interaction.Subject
		if _, err := s.o.Vault.Prepare(facts.Interaction.Controller, []vault.Input{{Field: field, Value: value}}); err != nil {
			refusal = errs.Of(err)
			return s.refuse(tx, a, itx, facts, field, "act.change", refusal)
		}
		if stored, err = s.o.Vault.Values(tx, subject, field); err != nil || len(stored) == 0 {
			return err
		}
		if key, err = s.o.Keyring.Key(tx, subject, ""); err != nil {
			return err
		}
		grant, err = s.onDuty(tx, subject, field)
		return err
	})
	if err != nil || refusal != nil {
		return Change{}, either(err, refusal)
	}
	same := false
	if len(stored) > 0 {
		plain, err := s.open(grant, key, sealedOf(stored)...)
		if err != nil {
			return Change{}, err
		}
		typed, err := f.Key(value)
		if err != nil {
			return Change{}, errs.Of(err)
		}
		for _, p := range plain {
			k, err := f.Key(string(p))
			same = same || err == nil && k == typed
		}
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refusal = nil
		look, err := s.o.Gate.Preview(tx, a, question(itx, gate.Collect, field, "change"))
		if refusal = look.Refusal; err != nil || refusal != nil {
			return err // the call has ended meanwhile, or what was verified has decayed
		}
		if refusal, err = s.wait(tx, a, itx, look.Facts, field, old, value, same, &made); err != nil || refusal != nil {
			if err == nil {
				err = s.refuse(tx, a, itx, look.Facts, field, "act.change", refusal)
			}
			return err
		}
		for _, do := range also {
			if err := do(tx, made.Change); err != nil {
				return err
			}
		}
		return nil
	})
	return made.Change, either(err, refusal)
}

// wait writes a change that waits, and tells everybody who is to know. The refusal is why there is none.
func (s *Service) wait(tx *db.Tx, a actor.Actor, itx string, facts gate.Facts, field, old, value string, same bool, made *change) (*errs.E, error) {
	f, err := s.o.Interactions.Facts(tx, itx)
	if err != nil {
		return nil, err
	}
	now, err := s.o.Vault.Values(tx, f.Subject, field)
	if err != nil {
		return nil, err
	}
	if old == "" && len(now) == 1 {
		old = now[0].ID
	}
	list, err := waiting(tx, f.Subject)
	if err != nil {
		return nil, err
	}
	contacts, err := s.o.Vault.Contacts(tx, f.Subject, catalog.Phone, catalog.Email)
	if err != nil {
		return nil, err
	}
	contacts = slices.DeleteFunc(contacts, func(c vault.Stored) bool { return !s.o.Messages.Carries(c.Field) })
	speaker, represented, err := s.o.Verification.Speaker(tx, f)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(speaker.Contacts), func(c vault.Stored) bool { return !s.o.Messages.Carries(c.Field) })
	if len(contacts) == 0 && speaker.Child {
		contacts, own = own, nil // the child has none of their own: the parent or guardian is who is told
	}
	switch {
	case same:
		return errSame, nil
	case len(now) > 0 && !slices.ContainsFunc(now, func(v vault.Stored) bool { return v.ID == old }), len(now) == 0 && old != "":
		return errOldUnknown, nil
	case slices.ContainsFunc(list, func(c change) bool { return c.Field == field }):
		return errWaiting, nil
	case len(contacts) == 0:
		return errNobodyTold, nil
	}
	p, err := s.o.Vault.Prepare(f.Controller, []vault.Input{{Field: field, Value: value}})
	if err != nil {
		return errs.Of(err), nil
	}
	*made = change{Change: Change{ID: id.NewAt(id.Change, tx.Now()), Field: field, State: Waiting, Asked: tx.Now(), Due: tx.Now().Add(s.o.Wait)},
		interaction: itx, subject: f.Subject, controller: f.Controller, language: f.Language, old: old, by: a.ID(), mandate: speaker.Mandate}
	if made.sealed, err = s.o.Keyring.Seal(tx, newRef(made), []byte(p.Forms()[field][0].Value)); err != nil {
		return nil, err
	}
	made.insert(tx)
	company, err := s.o.Company(tx, f.Controller)
	if err != nil {
		return nil, err
	}
	token := s.o.Keyring.Token(tokenName, []byte(made.ID), made.Due)
	if represented && len(own) > 0 {
		own = own[:1]
	}
	for i, c := range append(contacts[:min(len(contacts), maxTold)], own...) {
		m, err := s.o.Messages.Queue(tx, a, message.Outgoing{Subject: f.Subject, Interaction: itx, Value: c.ID, Contact: c.Field, Template: "message.change", Lang: f.Language,
			Args:    map[string]message.Arg{"company": message.Company(company), "link": message.Link(s.o.Address + "/v/change/" + token), "time": message.At(made.Due)},
			Expires: made.Asked.Add(s.o.Wait / 2)}) // one that leaves later would leave no time to object
		if err != nil {
			return nil, err
		}
		if i < min(len(contacts), maxTold) { // that the representative was told does not stand in for the customer
			tx.Data.Queue(sqlNoticeAdd, made.ID, m)
		}
	}
	s.o.Desk.Disclosed(tx, desk.Disclosure{Interaction: itx, Subject: f.Subject, Staff: a.ID(), Verb: string(gate.Collect), Fields: []string{field},
		Purpose: f.Purpose, Level: facts.Level})
	if err := jobs.Insert(tx, jobs.Job{Kind: EffectJob, Key: made.ID, Payload: payload{made.ID}, RunAt: made.Due}); err != nil {
		return nil, err
	}
	e := made.entry(a, "act.change", audit.Done, "")
	e.Purpose, e.Channel, e.Level, e.Ground = f.Purpose, string(f.Channel), facts.Level, "interaction:"+itx
	_, err = s.o.Log.Append(tx, e)
	return nil, err
}

type payload struct {
	Change string `json:"change"`
}

// Overview is what can be done in a call with a customer's contacts, and what waits.
type Overview struct {
	Language  string // the customer's
	Waiting   []Change
	Contacts  []Contact
	Asks      []Ask     // what the customer was asked to type in this call
	Phones    []Contact // the telephones that may be dialled
	Refusal   *errs.E   // why no contact can be changed now; nil when one can
	Spoken    bool      // a call, which a recorder may hear
	Recording recording
}

// Changes are the changes of the customer in the asker's own call that wait, and the contacts there are. Below ChangeLevel
// there are none to see.
func (s *Service) Changes(ctx context.Context, a actor.Actor, itx string) (Overview, error) {
	o, refusal, err := s.overview(ctx, a, itx)
	if err == nil && refusal != nil {
		// A look at what is none of the asker's business is entered like any other.
		err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
			ans, err := s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note})
			if ans.Refusal != nil {
				refusal = ans.Refusal
			}
			return err
		})
	}
	return o, either(err, refusal)
}

func (s *Service) overview(ctx context.Context, a actor.Actor, itx string) (o Overview, refusal *errs.E, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		o = Overview{}
		look, err := s.o.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note})
		if refusal = look.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		o.Language, o.Spoken = f.Language, f.Channel == interaction.Phone
		if o.Recording, err = s.recordingOf(tx, a, itx); err != nil {
			return err
		}
		asks, err := asksOf(tx, itx, f.Subject)
		if err != nil {
			return err
		}
		for _, q := range asks {
			o.Asks = append(o.Asks, q.Ask)
		}
		var phones []string
		for _, name := range changeables(s.o.Catalogue) {
			if field, _ := s.o.Catalogue.Field(name); field.Contact == catalog.Phone {
				phones = append(phones, name)
			}
		}
		dial, err := s.o.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Act, Fields: phones})
		if err != nil {
			return err
		}
		numbers, err := s.o.Vault.Contacts(tx, f.Subject, catalog.Phone)
		if err != nil {
			return err
		}
		for _, one := range numbers {
			if slices.Contains(dial.Allowed, one.Field) {
				o.Phones = append(o.Phones, Contact{one.ID, one.Field, one.RegisteredAt})
			}
		}
		may, err := s.o.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Collect, Fields: changeables(s.o.Catalogue)})
		if o.Refusal = may.Refusal; err != nil || look.Facts.Level < ChangeLevel {
			return err
		}
		list, err := waiting(tx, f.Subject)
		if err != nil {
			return err
		}
		for _, c := range list {
			if look.Facts.Covers(gate.Collect, c.Field) {
				o.Waiting = append(o.Waiting, c.Change)
			}
		}
		stored, err := s.o.Vault.Contacts(tx, f.Subject, catalog.Phone, catalog.Email)
		for _, v := range stored {
			if !look.Facts.Covers(gate.Collect, v.Field) {
				continue
			}
			o.Contacts = append(o.Contacts, Contact{Value: v.ID, Field: v.Field, Since: v.RegisteredAt})
		}
		return err
	})
	return o, refusal, err
}

// Withdraw takes a change back that waits, at the customer's wish in a verified call. Doing it twice is the same.
func (s *Service) Withdraw(ctx context.Context, a actor.Actor, itx, changeID string) error {
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		ans, err := s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note, Detail: map[string]any{"act": "withdraw_change"}})
		if refusal = ans.Refusal; err != nil || refusal != nil {
			return err
		}
		c, err := changeByID(tx, changeID)
		if err != nil && !errors.Is(err, errUnknown) {
			return err
		}
		switch {
		case ans.Facts.Level < ChangeLevel:
			refusal = errLevel
		case err != nil || c.subject != ans.Facts.Interaction.Subject || !ans.Facts.Covers(gate.Collect, c.Field):
			refusal = errUnknown
		case c.State == Withdrawn:
			return nil
		case c.State != Waiting:
			refusal = errOver
		}
		if refusal != nil {
			return s.refuse(tx, a, itx, ans.Facts, "", "act.withdraw", refusal)
		}
		c.end(tx, Withdrawn, "")
		e := c.entry(a, "act.withdraw", audit.Done, "")
		e.Interaction, e.Level, e.Ground = itx, ans.Facts.Level, "interaction:"+itx
		_, err = s.o.Log.Append(tx, e)
		return err
	})
	return either(err, refusal)
}

// Notice is what the page of a notice shows.
type Notice struct {
	Company string
	Field   string
	Asked   time.Time
	Due     time.Time
	State   State
}

// Noticed reads the page of a notice. Showing changes nothing.
func (s *Service) Noticed(ctx context.Context, token string) (n Notice, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		c, err := s.noticed(tx, token)
		if err != nil {
			return err
		}
		n = Notice{Field: c.Field, Asked: c.Asked, Due: c.Due, State: c.State}
		n.Company, err = s.o.Company(tx, c.controller)
		return err
	})
	return n, err
}

func (s *Service) noticed(tx *db.Tx, token string) (change, error) {
	if len(token) > 512 {
		return change{}, errLink
	}
	opened, err := s.o.Keyring.OpenToken(tokenName, token, tx.Now())
	if err != nil {
		return change{}, errLink
	}
	c, err := changeByID(tx, string(opened))
	if errors.Is(err, errUnknown) {
		err = errLink
	}
	return c, err
}

// Stop is the customer's "stop this" on the page of a notice: the change is over, and so is every other one of theirs that
// waits, the call in which it was asked for is frozen, and people are to look into it. A change that has ended already is not
// touched.
func (s *Service) Stop(ctx context.Context, token string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		c, err := s.noticed(tx, token)
		if err != nil || c.State != Waiting {
			return err
		}
		list, err := waiting(tx, c.subject) // a thief asks for telephone and e-mail: one link stops both
		if err != nil {
			return err
		}
		for _, one := range list {
			one.end(tx, Stopped, "")
			if _, err := s.o.Log.Append(tx, one.entry(s.o.Customer(c.ID), "act.stop", audit.Done, "")); err != nil {
				return err
			}
		}
		return s.o.Verification.Objected(tx, verification.Objection{Interaction: c.interaction, Subject: c.subject, Controller: c.controller, Staff: c.by})
	})
}

// Effect is the handler of EffectJob: it makes a change whose time has come. One that was stopped or taken back meanwhile, or
// made already, is left alone, so running twice changes nothing.
func (s *Service) Effect(ctx context.Context, run jobs.Run) error {
	var p payload
	if err := run.Decode(&p); err != nil {
		return err
	}
	var c change
	var grant *gate.Grant
	var key keyring.Key
	var stored []vault.Stored
	err := s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		grant, stored = nil, nil
		if c, err = changeByID(tx, p.Change); errors.Is(err, errUnknown) {
			return nil // the customer was erased
		}
		if err != nil || c.State != Waiting {
			return err
		}
		if tx.Now().Before(c.Due) {
			return errs.New(errs.Unavailable, errWaiting.Code) // this node's clock is behind: the job comes again
		}
		if _, ok := s.changeable(c.Field); !ok {
			return s.drop(tx, &c, errNoContact) // the catalogue has another word for it now
		}
		standing, err := s.standing(tx, &c)
		if err != nil {
			return err
		}
		if !standing {
			return s.drop(tx, &c, errMandate)
		}
		told, err := s.told(tx, c.ID)
		if err != nil {
			return err
		}
		if !told {
			return s.drop(tx, &c, errNotTold)
		}
		if stored, err = s.o.Vault.Values(tx, c.subject, c.Field); err != nil {
			return err
		}
		if key, err = s.o.Keyring.Key(tx, c.subject, ""); err != nil {
			return err
		}
		grant, err = s.onDuty(tx, c.subject, c.Field)
		return err
	})
	if err != nil || grant == nil {
		return err
	}
	sealed := append(sealedOf(stored), keyring.Sealed{Field: c.Field, Ref: newRef(&c), Bytes: c.sealed})
	plain, err := s.open(grant, key, sealed...)
	if err != nil {
		return err
	}
	texts := make([]string, len(stored))
	inputs := []vault.Input{}
	for i, v := range stored {
		if texts[i] = string(plain[i]); v.ID != c.old {
			inputs = append(inputs, vault.Input{Field: c.Field, Value: texts[i]})
		}
	}
	inputs = append(inputs, vault.Input{Field: c.Field, Value: string(plain[len(stored)]), RegisteredAt: c.Due}) // the vault makes it the moment of the change
	prepared, misfit := s.o.Vault.Prepare(c.controller, inputs)                                                  // the catalogue's rules may be others than when it was asked for
	if misfit == nil {
		s.o.Vault.Opened(prepared, stored, texts)
	} else if errs.KindOf(misfit) != errs.Invalid {
		return misfit
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		c, err := changeByID(tx, c.ID)
		if err != nil || c.State != Waiting { // stopped at the last moment: the customer's word counts
			return err
		}
		now, err := s.o.Vault.Values(tx, c.subject, c.Field)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(now, stored, func(x, y vault.Stored) bool { return x.ID == y.ID }) {
			return errs.New(errs.Unavailable, errMoved.Code) // written by somebody else in between: the job looks again
		}
		if c.old != "" && !slices.ContainsFunc(now, func(v vault.Stored) bool { return v.ID == c.old }) {
			return s.drop(tx, &c, errMoved) // what was to be replaced is gone: an import, or another desk
		}
		standing, err := s.standing(tx, &c)
		if err != nil {
			return err
		}
		if !standing {
			return s.drop(tx, &c, errMandate)
		}
		denied, err := s.o.Verification.DeniedSince(tx, c.subject, c.Asked)
		if err != nil {
			return err
		}
		if denied {
			return s.drop(tx, &c, errDenied) // the customer said elsewhere that somebody is at work on them
		}
		if misfit != nil {
			return s.drop(tx, &c, errs.Of(misfit))
		}
		if _, err := s.o.Vault.Put(tx, c.subject, prepared, c.ID); err != nil {
			return err
		}
		c.end(tx, Done, "")
		if _, err := s.o.Log.Append(tx, c.entry(s.o.Duty, "act.effect", audit.Done, "")); err != nil {
			return err
		}
		return s.welcome(tx, &c)
	})
}

// standing reports whether what a change was asked for through is still in force: the customer, or a mandate.
func (s *Service) standing(tx *db.Tx, c *change) (bool, error) {
	if c.mandate == "" {
		return true, nil
	}
	return s.o.InForce(tx, c.mandate)
}

// welcome tells the new contact what it is now, so that an owner by mistake can say so.
func (s *Service) welcome(tx *db.Tx, c *change) error {
	now, err := s.o.Vault.Values(tx, c.subject, c.Field)
	if err != nil || len(now) == 0 || !s.o.Messages.Carries(c.Field) {
		return err
	}
	company, err := s.o.Company(tx, c.controller)
	if err != nil {
		return err
	}
	_, err = s.o.Messages.Queue(tx, s.o.Duty, message.Outgoing{Subject: c.subject, Value: now[len(now)-1].ID, Contact: c.Field, Template: "message.changed", Lang: c.language,
		Args: map[string]message.Arg{"company": message.Company(company), "time": message.At(tx.Now())}})
	return err
}

// told reports whether one of the notices of a change has left.
func (s *Service) told(tx *db.Tx, changeID string) (bool, error) {
	list, err := messagesOf(tx, changeID)
	for _, m := range list {
		if left, err := s.o.Messages.Left(tx, m); err != nil || left {
			return left, err
		}
	}
	return false, err
}

// drop ends a change that cannot be made.
func (s *Service) drop(tx *db.Tx, c *change, why *errs.E) error {
	c.end(tx, Dropped, why.Code)
	_, err := s.o.Log.Append(tx, c.entry(s.o.Duty, "act.effect", audit.Denied, why.Code))
	return err
}

func question(itx string, verb gate.Verb, field, what string) gate.Question {
	return gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: verb, Fields: []string{field}, Detail: map[string]any{"act": what}}
}

// ask asks the gate about one field of the customer in the call.
func (s *Service) ask(tx *db.Tx, a actor.Actor, itx, field, what string) (gate.Facts, *errs.E, error) {
	ans, err := s.o.Gate.Ask(tx, a, question(itx, gate.Collect, field, what))
	return ans.Facts, ans.Refusal, err
}

// refuse writes the entry of a refusal that is this room's own.
func (s *Service) refuse(tx *db.Tx, a actor.Actor, itx string, f gate.Facts, field, action string, why *errs.E) error {
	e := audit.Entry{Action: action, Decision: audit.Denied, Reason: why.Code, Actor: a, Controller: f.Interaction.Controller, Interaction: itx,
		Subject: f.Interaction.Subject, Purpose: f.Interaction.Purpose, Channel: f.Interaction.Channel, Level: f.Level, Ground: "interaction:" + itx}
	if field != "" {
		e.Refused = []string{field}
	}
	_, err := s.o.Log.Append(tx, e)
	return err
}

// onDuty asks for leave to open a customer's contacts as a machine.
func (s *Service) onDuty(tx *db.Tx, subject, field string) (*gate.Grant, error) {
	ans, err := s.o.Gate.Ask(tx, s.o.Duty, gate.Question{Ground: gate.Duty(Duty, id.NewAt(id.Duty, tx.Now())), Subject: subject, Verb: gate.Process, Fields: []string{field}})
	if err == nil && ans.Grant == nil {
		err = ans.Refusal
	}
	return ans.Grant, err
}

// open turns a committed Grant of the duty into values. Outside the writer.
func (s *Service) open(g *gate.Grant, key keyring.Key, sealed ...keyring.Sealed) ([][]byte, error) {
	receipt, err := g.Receipt()
	if err != nil {
		return nil, err
	}
	if err := receipt.Require(gate.Process); err != nil {
		return nil, err
	}
	return s.o.Keyring.Open(receipt, key, sealed...)
}

func sealedOf(stored []vault.Stored) []keyring.Sealed {
	out := make([]keyring.Sealed, 0, len(stored)+1)
	for _, v := range stored {
		out = append(out, v.Sealed())
	}
	return out
}

// either is the error, or the refusal that was committed with its entry.
func either(err error, refusal *errs.E) error {
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

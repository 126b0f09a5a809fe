package mandate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification"
)

// Duty is the machine duty that reads a child's birth date, so that a mandate ends with the
// childhood, and the customer's name, so that its mask stands beside the representative's.
const Duty = "mandate_record"

// DutyFields are what it opens.
func DutyFields() []string { return []string{"name", "birth_date"} }

// ChildKind is the kind of approval that asks for a second member of staff for a parent or guardian.
const ChildKind = "mandate.child"

// CheckKind is the kind of approval that asks a second person to verify the document of a mandate: without it nothing of the
// fourth level is done through it.
const CheckKind = "mandate.verify"

// ChildWaits is how long such a request waits.
const ChildWaits = 8 * time.Hour

// Vault is what the room uses of package vault.
type Vault interface {
	Contacts(tx *db.Tx, subject string, kinds ...catalog.Contact) ([]vault.Stored, error)
	Values(tx *db.Tx, subject string, fields ...string) ([]vault.Stored, error)
	After(tx *db.Tx, subject string, most int) ([]string, error)
}

// Interactions is what the room uses of package interaction.
type Interactions interface {
	Facts(tx *db.Tx, id string) (interaction.Facts, error)
	MoveTx(tx *db.Tx, a actor.Actor, id string, m interaction.Move) error
	Notify(tx *db.Tx, kind string, f interaction.Facts)
}

// Messages is what the room uses of package message.
type Messages interface {
	Queue(tx *db.Tx, a actor.Actor, m message.Outgoing) (string, error)
	Carries(field string) bool
}

// Purposes is what the room uses of package purpose.
type Purposes interface {
	Get(tx *db.Tx, id string) (purpose.Purpose, error)
	List(tx *db.Tx, controller string) ([]purpose.Purpose, error)
}

// Gate is what the room uses of trust/gate.
type Gate interface {
	Ask(tx *db.Tx, a actor.Actor, q gate.Question) (gate.Answer, error)
	Preview(tx *db.Tx, a actor.Actor, q gate.Question) (gate.Answer, error)
}

// Keys is what the room uses of trust/keyring.
type Keys interface {
	MAC(name string, value []byte) []byte
	Seal(tx *db.Tx, ref keyring.Ref, plain []byte) ([]byte, error)
	Key(tx *db.Tx, subject, interaction string) (keyring.Key, error)
	Open(r gate.Receipt, key keyring.Key, sealed ...keyring.Sealed) ([][]byte, error)
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
}

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Asks is how the room asks for a decision: trust/approval.
type Asks func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error)

// Options are what the room needs; app gives them all.
type Options struct {
	DB           *db.DB
	Log          Log
	Gate         Gate
	Keys         Keys
	Catalogue    *catalog.Catalogue
	Vault        Vault
	Interactions Interactions
	Messages     Messages
	Purposes     Purposes
	Company      func(tx *db.Tx, controller string) (string, error)
	// Consented reports whether the customer's last word on a purpose is yes, and through which mandate it was said; "" when
	// the customer, or a program, said it.
	Consented func(tx *db.Tx, subject, purpose string) (mandate string, granted bool, err error)
	Duty      actor.Actor // of Duty
}

// Service is the room's verbs.
type Service struct {
	o   Options
	ask Asks
}

// New makes the room.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Log == nil || o.Gate == nil || o.Keys == nil || o.Catalogue == nil || o.Vault == nil || o.Interactions == nil ||
		o.Messages == nil || o.Purposes == nil || o.Company == nil || o.Consented == nil || o.Duty.Kind() != actor.Duty || o.Duty.ID() != Duty {
		return nil, errors.New("mandate: an option is missing")
	}
	return &Service{o: o}, nil
}

// AskWith gives the room its way to ask. Call it before serving.
func (s *Service) AskWith(ask Asks) { s.ask = ask }

// Decisions are the kinds of approval of this room.
func (s *Service) Decisions() []approval.Kind {
	return []approval.Kind{{
		Name: ChildKind, Ask: []actor.Role{actor.Agent, actor.Supervisor}, Decide: []actor.Role{actor.Supervisor, actor.DPO}, Wait: ChildWaits,
		Effect: s.agreed, Undone: s.refusedBy,
	}, {
		Name: CheckKind, Ask: []actor.Role{actor.Agent, actor.Supervisor}, Decide: []actor.Role{actor.Supervisor, actor.DPO}, Wait: ChildWaits,
		Effect: s.verified, Over: s.unverifiable,
	}}
}

// Recorded is what became of a mandate that was recorded.
type Recorded struct {
	ID      string
	State   State
	Request string // of approval; empty where none is needed
}

// verbOf is what the gate is asked for: the customer appoints an attorney at the fourth
// level; for a child a second member of staff decides; an assistant has no rights.
func verbOf(k Kind) gate.Verb {
	if k == Attorney {
		return gate.Appoint
	}
	return gate.Propose
}

// Record writes down a mandate of the customer in the agent's own live call. The gate is
// asked first; its refusal, and one of this room, come back as the error with their entries
// written. What also is given stands or falls with the record.
func (s *Service) Record(ctx context.Context, a actor.Actor, itx string, n Draft, also ...func(*db.Tx, Recorded) error) (out Recorded, err error) {
	n.Name = strings.TrimSpace(n.Name)
	if bad := n.check(s.o.DB.Now()); bad != nil {
		return out, bad
	}
	if n, err = s.formed(n); err != nil {
		return out, err
	}
	known, err := s.ready(ctx, a, itx, n)
	if err != nil {
		return out, err
	}
	var refusal *errs.E
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		out = Recorded{}
		// The call may have ended, another person may speak, or the document may have been found to be forged, since the birth date was read.
		look, err := s.o.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: verbOf(n.Kind)})
		if refusal = look.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		if f.Subject != known.subject {
			refusal = errOver
			return s.refuse(tx, a, f, "mandate.record", refusal)
		}
		if refusal, err = s.unfit(tx, f, n); err != nil {
			return err
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "mandate.record", refusal)
		}
		if n.Kind.OfChild() {
			last, _ := day(n.Until)
			if refusal = ofAge(known.born, ends(last), tx.Now()); refusal != nil {
				return s.refuse(tx, a, f, "mandate.record", refusal)
			}
		}
		m := s.recordOf(tx, a, f, n)
		open := shown{Customer: known.mask}
		if known.typed {
			open.Adult = adulthood(known.born).Unix()
		}
		if err := s.seal(tx, &m, n, open); err != nil {
			return err
		}
		m.insert(tx)
		if _, err := s.o.Log.Append(tx, entry(a, f, "mandate.record", m)); err != nil {
			return err
		}
		out = Recorded{ID: m.ID, State: m.State}
		if m.State == Proposed {
			r, err := s.ask(tx, a, approval.Ask{Kind: ChildKind, Ref: m.ID, Controller: m.Controller, Reason: strings.TrimSpace(n.Reason),
				Payload: map[string]string{"kind": string(m.Kind), "document": m.Document, "until": n.Until}})
			if err != nil {
				return err
			}
			out.Request = r.ID
		} else if err := s.tell(tx, a, m, f.Language, "message.mandate_recorded", false); err != nil {
			return err
		}
		s.o.Interactions.Notify(tx, "mandate", f)
		for _, do := range also {
			if err := do(tx, out); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

// formed brings a draft that was checked into the form in which it is stored, and refuses what no mandate holds.
func (s *Service) formed(n Draft) (_ Draft, err error) {
	if n.Kind == Assistant {
		n.Contact, n.Value, n.Also, n.Document, n.Number, n.Dated, n.May = "", "", "", "", "", "", Scope{}
	} else {
		n.Format = "none"
		field, _ := s.o.Catalogue.Field(n.Contact)
		if n.Value, err = field.Normalise(n.Value); err != nil {
			return n, errForm.With("field", "value")
		}
		if slices.ContainsFunc(n.May.Fields, func(f string) bool { _, declared := s.o.Catalogue.Field(f); return !declared }) {
			return n, errForm.With("field", "fields")
		}
		if n.Also != "" {
			other, _ := s.o.Catalogue.Field(otherContact(n.Contact))
			if n.Also, err = other.Normalise(n.Also); err != nil {
				return n, errForm.With("field", "also")
			}
		}
		if slices.ContainsFunc(n.May.Fields, func(f string) bool { return s.ownOnly(n.Kind, f) }) {
			return n, errNever
		}
	}
	return n, nil
}

// Held is a mandate that a company had on record before this installation.
type Held struct {
	Draft
	Controller, Subject string
	Customer            string // the customer's name, of which the mask is kept
	Since               time.Time
}

// Adopt takes over a mandate that stood before, on the word of a machine duty that fills an installation: its contacts are
// known since then, and its document was verified.
func (s *Service) Adopt(ctx context.Context, a actor.Actor, held Held) (mandate string, err error) {
	if a.Kind() != actor.Duty {
		return "", errRole
	}
	if bad := held.check(s.o.DB.Now()); bad != nil {
		return "", bad
	}
	n, err := s.formed(held.Draft)
	if err != nil {
		return "", err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		f := interaction.Facts{Subject: held.Subject, Controller: held.Controller}
		if refusal, err := s.unfit(tx, f, n); err != nil || refusal != nil {
			return cmp.Or(err, error(refusal))
		}
		m := s.recordOf(tx, a, f, n)
		m.State, m.Recorded, m.Standing, m.Answered, m.Checked, m.CheckedBy = Valid, held.Since, held.Since, held.Since, held.Since, a.ID()
		if m.AlsoID != "" {
			m.AlsoAnswered = held.Since
		}
		if err := s.seal(tx, &m, n, shown{Customer: s.mask(held.Customer)}); err != nil {
			return err
		}
		m.insert(tx)
		mandate = m.ID
		_, err := s.o.Log.Append(tx, entry(a, interaction.Facts{}, "mandate.record", m))
		return err
	})
	return mandate, err
}

// recordOf is the record of a draft, as it stands from now on.
func (s *Service) recordOf(tx *db.Tx, a actor.Actor, f interaction.Facts, n Draft) record {
	last, _ := day(n.Until)
	m := record{ID: id.NewAt(id.Mandate, tx.Now()), Subject: f.Subject, Controller: f.Controller, Kind: n.Kind, State: Valid, Contact: n.Contact,
		Document: n.Document, May: n.May, RecordedBy: a.ID(), Recorded: tx.Now(), Standing: tx.Now(), Ends: ends(last), mac: s.documentMAC(f.Controller, n)}
	if n.Kind.OfChild() {
		m.State, m.Standing = Proposed, time.Time{}
	}
	if n.Also != "" {
		m.AlsoID, m.Also = id.NewAt(id.Mandate, tx.Now()), otherContact(n.Contact)
	}
	return m
}

// otherContact is the field of a representative's other contact.
func otherContact(field string) string {
	if field == "phone" {
		return "email"
	}
	return "phone"
}

// readied is what the record needs of the customer.
type readied struct {
	subject string
	mask    string    // of the customer's name
	born    time.Time // of a child
	typed   bool      // the birth date is the document's: none is stored
}

// ready asks the gate, holds the mandate against what is known, and has the duty read the
// customer's name and birth date. Nothing of it is shown but the name's mask.
func (s *Service) ready(ctx context.Context, a actor.Actor, itx string, n Draft) (out readied, err error) {
	var refusal *errs.E
	var grant *gate.Grant
	var key keyring.Key
	var values []vault.Stored
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		out, grant, values = readied{}, nil, nil
		answer, err := s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: verbOf(n.Kind)})
		if refusal = answer.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		out.subject = f.Subject
		if refusal, err = s.unfit(tx, f, n); err != nil {
			return err
		}
		wanted := []string{"name"}
		if n.Kind.OfChild() {
			wanted = DutyFields()
		}
		if values, err = s.o.Vault.Values(tx, f.Subject, wanted...); err != nil {
			return err
		}
		if refusal == nil && n.Kind.OfChild() && !slices.ContainsFunc(values, func(v vault.Stored) bool { return v.Field == "birth_date" }) {
			if born, ok := day(n.Born); ok {
				out.born, out.typed = born, true
			} else {
				refusal = errBorn
			}
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "mandate.record", refusal)
		}
		if len(values) == 0 {
			return nil
		}
		if key, err = s.o.Keys.Key(tx, f.Subject, ""); err != nil {
			return err
		}
		leave, err := s.o.Gate.Ask(tx, s.o.Duty, gate.Question{Ground: gate.Duty(Duty, id.NewAt(id.Duty, tx.Now())), Subject: f.Subject, Verb: gate.Process, Fields: fieldsOf(values)})
		if refusal = leave.Refusal; err != nil || refusal != nil {
			return err
		}
		grant = leave.Grant
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	if err != nil || grant == nil {
		return out, err
	}
	receipt, err := grant.Receipt()
	if err != nil {
		return out, err
	}
	if err := receipt.Require(gate.Process); err != nil {
		return out, err
	}
	sealed := make([]keyring.Sealed, len(values))
	for i, v := range values {
		sealed[i] = v.Sealed()
	}
	plain, err := s.o.Keys.Open(receipt, key, sealed...)
	if err != nil {
		return out, err
	}
	for i, v := range values {
		switch v.Field {
		case "name":
			out.mask = s.mask(string(plain[i]))
		case "birth_date":
			born, ok := day(string(plain[i]))
			if !ok {
				return out, errBorn
			}
			out.born = born
		}
		clear(plain[i])
	}
	return out, nil
}

func fieldsOf(values []vault.Stored) (out []string) {
	for _, v := range values {
		if !slices.Contains(out, v.Field) {
			out = append(out, v.Field)
		}
	}
	return out
}

func (s *Service) mask(name string) string {
	f, _ := s.o.Catalogue.Field("name")
	return f.MaskValue(name)
}

func (s *Service) documentMAC(controller string, n Draft) []byte {
	number := strings.ToUpper(strings.Join(strings.FieldsFunc(n.Number, func(r rune) bool { return strings.ContainsRune(" .-/", r) }), ""))
	return s.o.Keys.MAC("mandate/document", []byte(controller+"\x00"+n.Document+"\x00"+number))
}

// unfit says why a mandate may not be recorded for a customer; nil when it may.
func (s *Service) unfit(tx *db.Tx, f interaction.Facts, n Draft) (*errs.E, error) {
	list, err := of(tx, f.Subject)
	if err != nil {
		return nil, err
	}
	standing := 0
	for _, m := range list {
		state, err := s.state(tx, m)
		if err != nil {
			return nil, err
		}
		if state == Valid || state == Proposed {
			standing++
		}
	}
	if standing >= MostKept {
		return errMany, nil
	}
	for _, p := range n.May.Purposes {
		one, err := s.o.Purposes.Get(tx, p)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, err
		}
		if err != nil || one.Controller != f.Controller || one.Status != purpose.Active {
			return errPurpose, nil
		}
	}
	if n.Document == "" {
		return nil, nil
	}
	var forged int64
	if err := tx.Data.Row(sqlForged, s.documentMAC(f.Controller, n)).Scan(&forged); err != nil || forged == 0 {
		return nil, err
	}
	return errForged, nil
}

// seal fills the sealed columns.
func (s *Service) seal(tx *db.Tx, m *record, n Draft, open shown) error {
	plain, err := json.Marshal(details{Name: n.Name, Number: n.Number, Dated: n.Dated})
	if err != nil {
		return err
	}
	if m.details, err = s.o.Keys.Seal(tx, detailsRef(m.ID, m.Subject), plain); err != nil {
		return err
	}
	if m.value, err = s.o.Keys.Seal(tx, contactRef(m.ID, m.Subject), []byte(n.Value)); err != nil {
		return err
	}
	if m.AlsoID != "" {
		if m.also, err = s.o.Keys.Seal(tx, alsoRef(m.ID, m.Subject), []byte(n.Also)); err != nil {
			return err
		}
	}
	open.Name, open.Format = s.mask(n.Name), n.Format
	if plain, err = json.Marshal(open); err != nil {
		return err
	}
	m.shown = s.o.Keys.SealStaff(shownRef(m.ID), plain)
	return nil
}

// tell sends a notice to the customer's longest registered contact and, where both sides are told, to the representative's.
// Where nothing can be sent the record stands all the same: its entry is in the customer's trail.
func (s *Service) tell(tx *db.Tx, a actor.Actor, m record, language, template string, both bool) error {
	company, err := s.o.Company(tx, m.Controller)
	if err != nil {
		return err
	}
	contacts, err := s.o.Vault.Contacts(tx, m.Subject)
	if err != nil {
		return err
	}
	var to []vault.Stored
	if i := slices.IndexFunc(contacts, func(c vault.Stored) bool { return s.o.Messages.Carries(c.Field) }); i >= 0 {
		to = append(to, contacts[i])
	}
	if both && s.o.Messages.Carries(m.Contact) {
		to = append(to, vault.Stored{ID: m.ID, Field: m.Contact})
	}
	for _, c := range to {
		if _, err := s.o.Messages.Queue(tx, a, message.Outgoing{Subject: m.Subject, Value: c.ID, Contact: c.Field, Template: template, Lang: language,
			Args: map[string]message.Arg{"company": message.Company(company), "until": message.At(m.Ends)}}); err != nil {
			return err
		}
	}
	return nil
}

// agreed is the effect of a second member of staff's yes.
func (s *Service) agreed(tx *db.Tx, r approval.Request, by actor.Actor) error {
	m, err := one(tx, r.Ref)
	if err != nil {
		return err
	}
	if state, err := s.state(tx, m); err != nil || state != Proposed { // it was revoked, or its time was over, before anybody answered
		return err
	}
	m.State, m.Standing, m.CheckedBy, m.Checked = Valid, tx.Now(), by.ID(), tx.Now()
	m.save(tx)
	open, err := s.open(m)
	if err != nil {
		return err
	}
	if open.Adult != 0 { // a stored birth date counts more than a document's
		tx.Data.Queue(sqlAgeOnce, m.Subject, s.sealAge(m.Subject, time.Unix(open.Adult, 0)))
	}
	if _, err := s.o.Log.Append(tx, entry(by, interaction.Facts{}, "mandate.agreed", m)); err != nil {
		return err
	}
	return s.tell(tx, by, m, "", "message.mandate_recorded", true)
}

// AskVerified asks a second person to verify the document of a mandate, in the agent's own live call. reason says how it was
// looked at until now. Who recorded the mandate does not decide.
func (s *Service) AskVerified(ctx context.Context, a actor.Actor, itx, mandate, reason string, also ...func(*db.Tx, string) error) (request string, err error) {
	if reason = strings.TrimSpace(reason); !line(reason, 300) {
		return "", errForm.With("field", "reason")
	}
	var refusal *errs.E
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		request, refusal = "", nil
		answer, err := s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note, Detail: map[string]any{"act": "verify_document"}})
		if refusal = answer.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		m, err := s.theirs(tx, a, f, mandate)
		if refusal, err = outcome(err); err != nil {
			return err
		}
		if refusal == nil {
			if refusal, err = s.verifiable(tx, m); err != nil {
				return err
			}
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "mandate.verify", refusal)
		}
		r, err := s.ask(tx, a, approval.Ask{Kind: CheckKind, Ref: m.ID, About: m.RecordedBy, Controller: m.Controller, Reason: reason,
			Payload: map[string]string{"kind": string(m.Kind), "document": m.Document}})
		if err != nil {
			return err
		}
		request = r.ID
		for _, do := range also {
			if err := do(tx, request); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return request, err
}

// verifiable says why nobody needs to verify the document of a mandate; nil when somebody does.
func (s *Service) verifiable(tx *db.Tx, m record) (*errs.E, error) {
	state, err := s.state(tx, m)
	switch {
	case err != nil:
		return nil, err
	case state != Valid || !m.Kind.Represents():
		return errStanding, nil
	case !m.Checked.IsZero():
		return errVerified, nil
	}
	return nil, nil
}

// unverifiable reports that a mandate ended, or its document was verified, before anybody answered.
func (s *Service) unverifiable(tx *db.Tx, r approval.Request) (bool, error) {
	m, err := one(tx, r.Ref)
	if err != nil {
		return errors.Is(err, errUnknown), only(err, errs.NotFound)
	}
	no, err := s.verifiable(tx, m)
	return no != nil, err
}

// verified is the effect of a second person's yes to a document.
func (s *Service) verified(tx *db.Tx, r approval.Request, by actor.Actor) error {
	m, err := one(tx, r.Ref)
	if err != nil {
		return err
	}
	m.CheckedBy, m.Checked = by.ID(), tx.Now()
	m.save(tx)
	_, err = s.o.Log.Append(tx, entry(by, interaction.Facts{}, "mandate.verified", m))
	return err
}

// refusedBy is the effect of a no, and of no answer.
func (s *Service) refusedBy(tx *db.Tx, r approval.Request, by actor.Actor) error {
	m, err := one(tx, r.Ref)
	if err != nil || m.State != Proposed {
		return err
	}
	m.State = Refused
	m.save(tx)
	_, err = s.o.Log.Append(tx, entry(by, interaction.Facts{}, "mandate.refused", m))
	return err
}

// entry is what every act on a mandate leaves behind.
func entry(a actor.Actor, f interaction.Facts, action string, m record) audit.Entry {
	e := audit.Entry{Action: action, Decision: audit.Done, Actor: a, Controller: m.Controller, Subject: m.Subject, Ref: m.ID}
	if f.ID != "" {
		e.Interaction, e.Purpose, e.Channel, e.Ground = f.ID, f.Purpose, string(f.Channel), "interaction:"+f.ID
	}
	return e
}

func (s *Service) refuse(tx *db.Tx, a actor.Actor, f interaction.Facts, action string, why *errs.E) error {
	e := entry(a, f, action, record{Controller: f.Controller, Subject: f.Subject})
	e.Decision, e.Reason = audit.Denied, why.Code
	_, err := s.o.Log.Append(tx, e)
	return err
}

// Revoke ends a mandate at once. In a call it is the verified customer's word; without one it
// is a supervisor's or data protection officer's of the controller. Who is served through it
// has no right any more from this transaction on.
func (s *Service) Revoke(ctx context.Context, a actor.Actor, itx, mandate, why string, also ...func(*db.Tx) error) error {
	if !slices.Contains(Reasons(), why) {
		return errReason
	}
	if itx == "" && !a.Is(officers...) {
		return errRole
	}
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		var f interaction.Facts
		if itx != "" {
			answer, err := s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Propose})
			if refusal = answer.Refusal; err != nil || refusal != nil {
				return err
			}
			if f, err = s.o.Interactions.Facts(tx, itx); err != nil {
				return err
			}
		}
		m, err := s.theirs(tx, a, f, mandate)
		if refusal, err = outcome(err); err != nil {
			return err
		}
		if refusal != nil && f.ID == "" {
			return errUnknown // there is no contact, and so no company, to enter it for
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "mandate.revoke", refusal)
		}
		state, err := s.state(tx, m)
		if err != nil {
			return err
		}
		if state != Valid && state != Proposed {
			return errOver // as it was; a request that is repeated under one key is given the first answer
		}
		m.State, m.RevokedAt, m.RevokedBy, m.Why = Revoked, tx.Now(), a.ID(), why
		m.save(tx)
		e := entry(a, f, "mandate.revoke", m)
		e.Detail = map[string]any{"why": why}
		if _, err := s.o.Log.Append(tx, e); err != nil {
			return err
		}
		if err := s.tell(tx, a, m, f.Language, "message.mandate_revoked", m.Kind.Represents()); err != nil {
			return err
		}
		if f.ID != "" {
			s.o.Interactions.Notify(tx, "mandate", f)
		}
		if err := s.wake(tx, m.ID); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// wake has the desks of the contacts in which somebody speaks through a mandate look again, after the commit.
func (s *Service) wake(tx *db.Tx, mandate string) error {
	var spoken []string
	if err := tx.Data.Rows(sqlSpoken, []any{mandate, column.Micros(tx.Now().Add(-24 * time.Hour))}, func(r db.Row) error {
		var itx string
		err := r.Scan(&itx)
		spoken = append(spoken, itx)
		return err
	}); err != nil {
		return err
	}
	for _, itx := range spoken {
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if err == nil && !f.State.Ended() {
			s.o.Interactions.Notify(tx, "mandate", f)
		}
	}
	return nil
}

// Lapse is the handler of LapseJob: a mandate's time is over while somebody speaks through it. What it gives ended with the
// clock; the screen is told.
func (s *Service) Lapse(ctx context.Context, run jobs.Run) error {
	var p lapse
	if err := run.Decode(&p); err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error { return s.wake(tx, p.Mandate) })
}

// LapseJob is the kind of the job that tells the screens of a mandate whose time is over.
const LapseJob = "mandate.lapse"

type lapse struct {
	Mandate string `json:"mandate"`
}

// Jobs are the room's handlers.
func (s *Service) Jobs() map[string]jobs.Handler {
	return map[string]jobs.Handler{LapseJob: s.Lapse, AgesJob: s.Ages}
}

// over is when a mandate ends by the clock.
func (s *Service) over(tx *db.Tx, m record) (time.Time, error) {
	adult, known, err := s.adult(tx, m.Subject)
	if err == nil && known && m.Kind.OfChild() && adult.Before(m.Ends) {
		return adult, nil
	}
	return m.Ends, err
}

// outcome parts what is a refusal from what failed.
func outcome(err error) (*errs.E, error) {
	if errors.Is(err, errUnknown) {
		return errUnknown, nil
	}
	return nil, err
}

// theirs reads a mandate of the customer in the call, or of a controller whom the asker
// serves. Any other is unknown, like one that never was.
func (s *Service) theirs(tx *db.Tx, a actor.Actor, f interaction.Facts, mandate string) (record, error) {
	if !id.Is(id.Mandate, mandate) {
		return record{}, errUnknown
	}
	m, err := one(tx, mandate)
	if err == nil && (f.ID != "" && m.Subject != f.Subject || !a.Serves(m.Controller)) {
		return record{}, errUnknown
	}
	return m, err
}

// Speak says who speaks in the agent's own live call: a representative by the mandate, or the
// customer, by none. What was verified before counts for nothing from now on.
func (s *Service) Speak(ctx context.Context, a actor.Actor, itx, mandate string) error {
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		answer, err := s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note, Detail: map[string]any{"act": "speaker"}})
		if refusal = answer.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		action, m := "mandate.customer_speaks", record{Subject: f.Subject, Controller: f.Controller}
		if mandate != "" {
			action = "mandate.speak"
			m, err = s.theirs(tx, a, f, mandate)
			if refusal, err = outcome(err); err != nil {
				return err
			}
			if refusal == nil {
				state, err := s.state(tx, m)
				if err != nil {
					return err
				}
				if state != Valid || !m.Kind.Represents() {
					refusal = errStanding
				}
			}
		}
		if refusal == nil && !f.State.OnLine() {
			refusal = errOver
		}
		if refusal != nil {
			return s.refuse(tx, a, f, action, refusal)
		}
		if mandate == "" {
			tx.Data.Queue(sqlUnspeak, f.ID, f.Subject)
		} else {
			tx.Data.Queue(sqlSpeak, f.ID, f.Subject, m.ID, a.ID(), column.Micros(tx.Now()))
			ends, err := s.over(tx, m)
			if err != nil {
				return err
			}
			if ends.Sub(tx.Now()) < 24*time.Hour { // no contact lasts longer
				if err := jobs.Insert(tx, jobs.Job{Kind: LapseJob, Key: m.ID, Payload: lapse{m.ID}, RunAt: ends}); err != nil {
					return err
				}
			}
		}
		if err := s.o.Interactions.MoveTx(tx, a, f.ID, interaction.Lower); err != nil {
			return err
		}
		if _, err := s.o.Log.Append(tx, entry(a, f, action, m)); err != nil {
			return err
		}
		s.o.Interactions.Notify(tx, "mandate", f)
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// Facts is the gate's provider.
func (s *Service) Facts(tx *db.Tx, itx, subject string) (gate.MandateFacts, error) {
	m, through, err := speaking(tx, itx, subject)
	if err != nil {
		return gate.MandateFacts{}, err
	}
	var out gate.MandateFacts
	if out.GuardianNeeded, err = s.guardianNeeded(tx, itx, subject, m, through); err != nil || !through {
		return out, err
	}
	out.ID, out.Standing, out.Covers = m.ID, gate.MandateRevoked, m.May.Covers
	out.OwnOnly = func(field string) bool { return s.ownOnly(m.Kind, field) }
	state, err := s.state(tx, m)
	switch state {
	case Valid:
		out.Standing = gate.MandateValid
	case Expired:
		out.Standing = gate.MandateExpired
	}
	return out, err
}

// Speaker is who speaks for the customer in a contact, with the contacts over which they prove to be who they are; none, and
// no mandate, when it is over. false: the customer speaks.
func (s *Service) Speaker(tx *db.Tx, itx, subject string) (verification.Speaker, bool, error) {
	m, through, err := speaking(tx, itx, subject)
	if err != nil || !through {
		return verification.Speaker{}, false, err
	}
	state, err := s.state(tx, m)
	if err != nil || state != Valid {
		return verification.Speaker{}, true, err
	}
	f, err := s.o.Interactions.Facts(tx, itx)
	return verification.Speaker{Mandate: m.ID, Contacts: m.contacts(tx.Now()), Most: law.Documents[m.Document], Child: m.Kind.OfChild(),
		Document: !m.Checked.IsZero() && m.CheckedBy != f.Agent}, true, err
}

// Answered notes that a link to a representative's contact was answered rightly: its age counts from the first time on.
func (s *Service) Answered(tx *db.Tx, contact string) error {
	m, err := reached(tx, contact)
	if err != nil {
		return err
	}
	at := &m.Answered
	if contact == m.AlsoID {
		at = &m.AlsoAnswered
	}
	if at.IsZero() {
		*at = tx.Now()
		m.save(tx)
	}
	return nil
}

// InForce reports whether a mandate is in force.
func (s *Service) InForce(tx *db.Tx, mandate string) (bool, error) {
	m, err := one(tx, mandate)
	if err != nil {
		return false, only(err, errs.NotFound)
	}
	state, err := s.state(tx, m)
	return state == Valid, err
}

// Sealed is a representative's contact for the one who delivers messages; mandate.unknown when
// there is none. To one whose mandate was revoked the notice of it still goes.
func (s *Service) Sealed(tx *db.Tx, subject, contact string) (keyring.Sealed, error) {
	m, err := reached(tx, contact)
	if err != nil {
		return keyring.Sealed{}, err
	}
	if m.Subject != subject || m.Contact == "" {
		return keyring.Sealed{}, errUnknown
	}
	if contact == m.AlsoID {
		return keyring.Sealed{Field: m.Also, Ref: alsoRef(m.ID, m.Subject), Bytes: m.also}, nil
	}
	return keyring.Sealed{Field: m.Contact, Ref: contactRef(m.ID, m.Subject), Bytes: m.value}, nil
}

// Names are the masked names of a representative and of the customer, for the page on which the representative proves who they are.
func (s *Service) Names(tx *db.Tx, contact string) (representative, customer, kind string, err error) {
	m, err := reached(tx, contact)
	if err != nil {
		return "", "", "", err
	}
	open, err := s.open(m)
	return open.Name, open.Customer, string(m.Kind), err
}

// MayConsent says why a word of consent may not be recorded in a call; nil when it may. A
// representative speaks for the customer as far as the mandate goes. Consent of a known child
// is given by the parent or guardian alone; to refuse and to withdraw is always open to the child.
// by is the mandate through which it is said; "" when the customer says it.
func (s *Service) MayConsent(tx *db.Tx, itx, subject, purposeID string, grants bool) (by string, refusal *errs.E, err error) {
	m, through, err := speaking(tx, itx, subject)
	if err != nil {
		return "", nil, err
	}
	if through {
		state, err := s.state(tx, m)
		switch {
		case err != nil:
			return "", nil, err
		case state != Valid:
			return "", errStanding, nil
		case !m.May.Covers(purposeID, Consents, ""):
			return "", errConsent, nil
		}
		by = m.ID
	}
	if !grants || through && m.Kind.OfChild() {
		return by, nil, nil
	}
	child, err := s.isChild(tx, subject)
	if err == nil && child {
		return "", errChild, nil
	}
	return by, nil, err
}

// View is a mandate as the agent sees it: masked, and without contact and document number.
type View struct {
	ID, Document   string
	Kind           Kind
	State          State
	Name, Format   string
	May            Scope
	Recorded, Ends time.Time
	Speaks         bool // in this contact
	Verified       bool // a second person verified the document
	Also           bool // the representative has two contacts of their own: without both they do not get beyond V2
}

// Look is what the desk shows of representatives in a contact.
type Look struct {
	List       []View
	Speaker    *View // who speaks; nil: the customer
	Assistance *View // how the customer wants to be spoken with; nil: nothing is known
	Controller string
}

// Of reads the mandates of the customer in the agent's own live call. It opens no value; that
// of a contact which is none of the asker's is refused by the gate, and entered.
func (s *Service) Of(ctx context.Context, a actor.Actor, itx string) (out Look, err error) {
	q := gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note}
	var refusal *errs.E
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out = Look{}
		look, err := s.o.Gate.Preview(tx, a, q)
		if refusal = look.Refusal; err != nil || refusal != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		out.Controller = f.Controller
		return s.look(tx, f, &out)
	})
	if err != nil || refusal == nil {
		return out, err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		answer, err := s.o.Gate.Ask(tx, a, q)
		if answer.Refusal != nil {
			refusal = answer.Refusal
		}
		return err
	})
	if err == nil {
		err = refusal
	}
	return Look{}, err
}

func (s *Service) look(tx *db.Tx, f interaction.Facts, out *Look) error {
	list, err := of(tx, f.Subject)
	if err != nil {
		return err
	}
	speaker, through, err := speaking(tx, f.ID, f.Subject)
	if err != nil {
		return err
	}
	for _, m := range list {
		open, err := s.open(m)
		if err != nil {
			return err
		}
		v, err := s.view(tx, m, open)
		if err != nil {
			return err
		}
		v.Speaks = through && m.ID == speaker.ID
		out.List = append(out.List, v)
		if v.Speaks {
			out.Speaker = &v
		}
		if v.Kind == Assistant && v.State == Valid {
			out.Assistance = &v // the newest
		}
	}
	return nil
}

// view is a mandate as people see it now. Its end is the one that it was given: where the childhood ends before, that day would
// tell the birth date.
func (s *Service) view(tx *db.Tx, m record, open shown) (View, error) {
	state, err := s.state(tx, m)
	if err != nil {
		return View{}, err
	}
	return View{ID: m.ID, Kind: m.Kind, State: state, Name: open.Name, Format: open.Format, Document: m.Document, May: m.May, Recorded: m.Recorded, Ends: m.Ends,
		Verified: !m.Checked.IsZero(), Also: m.AlsoID != ""}, nil
}

// Line says in one line each who speaks for the customer in the agent's own live call, and how the customer is spoken with.
func (s *Service) Line(ctx context.Context, a actor.Actor, itx string, p *i18n.Printer) (speaker, assistance string, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		speaker, assistance = "", ""
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil || f.Agent != a.ID() || !a.Serves(f.Controller) || f.Subject == "" {
			return err
		}
		var look Look
		if err := s.look(tx, f, &look); err != nil {
			return err
		}
		if v := look.Speaker; v != nil {
			speaker = who(p, *v) + " · " + p.T("mandate.state_"+string(v.State))
		}
		if v := look.Assistance; v != nil {
			assistance = how(p, *v)
		}
		return nil
	})
	return speaker, assistance, err
}

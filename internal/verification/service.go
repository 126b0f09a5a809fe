package verification

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification/method"
)

// DeniedJob is the kind of the job row left for the incident room when a customer denies
// something. Its payload names the denial and the interaction. Until there is that room, people find these contacts in the list of denials.
const DeniedJob = "verification.denied_by_customer"

// ExpireJob ends a link that nobody answered.
const ExpireJob = "verification.expire"

// payload is that of this room's jobs: ids only.
type payload struct {
	Attempt     string `json:"attempt"`
	Interaction string `json:"interaction"`
}

// Vault is what the room uses of package vault. *vault.Vault is one.
type Vault interface {
	Contacts(tx *db.Tx, subject string, kinds ...catalog.Contact) ([]vault.Stored, error)
	History(tx *db.Tx, subject string, kinds ...string) ([]vault.Fact, error)
	Verified(tx *db.Tx, subject, value string) error
}

// Interactions is what the room uses of package interaction. *interaction.Service is one.
type Interactions interface {
	Facts(tx *db.Tx, id string) (interaction.Facts, error)
	MoveTx(tx *db.Tx, a actor.Actor, id string, m interaction.Move) error
	Proven(tx *db.Tx, a actor.Actor, id string) error
	Unproven(tx *db.Tx, a actor.Actor, id, reason string) error
	Freeze(tx *db.Tx, a actor.Actor, id, reason string) error
	Notify(tx *db.Tx, kind string, f interaction.Facts)
}

// Representatives are those who speak for customers: package mandate.
type Representatives interface {
	// Speaker is who speaks for the customer; false when the customer speaks.
	Speaker(tx *db.Tx, interaction, subject string) (Speaker, bool, error)
	// Names are those of whoever is reached over a representative's contact, and of the customer.
	Names(tx *db.Tx, contact string) (representative, customer, kind string, err error)
	// Answered notes that a link to a representative's contact was answered rightly.
	Answered(tx *db.Tx, contact string) error
}

// Speaker is a representative who speaks for the customer in a contact.
type Speaker struct {
	Mandate  string         // "": it is over, and nothing proves anything
	Contacts []vault.Stored // the representative's own
	Most     int            // the level that the mandate's document leads to at most
	Document bool           // a second person, other than who serves the contact, has verified it
	Child    bool           // the customer is a child, and this is the parent or guardian
}

// limit is what a level is worth where a representative speaks.
func (r Speaker) limit(level int) int {
	if r.Mandate == "" {
		return min(level, V1)
	}
	return min(level, r.Most)
}

// reaches reports whether a value is a contact of the representative's own.
func (r Speaker) reaches(value string) bool {
	return slices.ContainsFunc(r.Contacts, func(c vault.Stored) bool { return c.ID == value })
}

// Messages is what the room uses of package message. *message.Service is one.
type Messages interface {
	Queue(tx *db.Tx, a actor.Actor, m message.Outgoing) (string, error)
	Carries(field string) bool
	Left(tx *db.Tx, message string) (bool, error)
}

// Gate is what the room uses of trust/gate.
type Gate interface {
	Ask(tx *db.Tx, a actor.Actor, q gate.Question) (gate.Answer, error)
}

// Keys is what the room uses of trust/keyring.
type Keys interface {
	MAC(name string, value []byte) []byte
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
	Token(audience string, payload []byte, expires time.Time) string
	OpenToken(audience, token string, now time.Time) ([]byte, error)
	Key(tx *db.Tx, subject, interaction string) (keyring.Key, error)
	Open(r gate.Receipt, key keyring.Key, sealed ...keyring.Sealed) ([][]byte, error)
}

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options are what the room needs; app gives them. All are needed, but Seen.
type Options struct {
	DB           *db.DB
	Log          Log
	Gate         Gate
	Keys         Keys
	Interactions Interactions
	Messages     Messages
	Vault        Vault
	// Fold brings an answer into the form that is compared (the catalogue's Key).
	Fold func(answer string) (string, error)
	// Staff is a member of staff's name as colleagues see it.
	Staff func(tx *db.Tx, staff string) (string, error)
	// Company is a controller's name, Agent a member of staff's first name, Purpose the
	// name of a purpose in a language: what the customer is told.
	Company func(tx *db.Tx, controller string) (string, error)
	Agent   func(tx *db.Tx, staff string) (string, error)
	Purpose func(tx *db.Tx, purpose, language string) (string, error)
	// Seen lists the field names whose values were compared, used or shown, in clear or
	// masked, of a subject in an interaction, for the customer. May be nil.
	Seen func(tx *db.Tx, interaction, subject string) ([]string, error)
	// Customer makes the actor of whoever holds a link.
	Customer func(attempt string) actor.Actor
	// Duty is the actor of the job that ends links.
	Duty actor.Actor
	// Representatives may be nil: then the customer always speaks.
	Representatives Representatives
	// Rules say which proof gives which level; nil means the shipped ones.
	Rules *method.Rules
	// SIM tells of changed SIMs; nil when no provider is configured. SIMActor is the duty
	// that opens the numbers it is asked about.
	SIM      SIM
	SIMActor actor.Actor
	// Protected reports whether a subject is a protected person; nil when there is no such list.
	Protected func(tx *db.Tx, subject string) (bool, error)
	// Ask is how a second member of staff is asked; AskWith gives it later.
	Ask Asks
	// Operator is the name of who serves in the companies' name (PP 33/2026 art. 61); "" when they do themselves.
	Operator string
	// Address is the public address of this server as customers reach it, without a
	// slash at the end, such as "https://cs.example.co.id".
	Address string
}

// Service is the room's verbs.
type Service struct {
	o        Options
	passkeys Passkeys // nil where there are none
}

// New makes the room.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Log == nil || o.Gate == nil || o.Keys == nil || o.Interactions == nil || o.Messages == nil ||
		o.Vault == nil || o.Fold == nil || o.Staff == nil || o.Company == nil || o.Agent == nil ||
		o.Purpose == nil || o.Customer == nil || o.SIM != nil && o.SIMActor.ID() != SIMDuty || o.Duty.Kind() != actor.Duty || o.Address == "" {
		return nil, errors.New("verification: an option is missing")
	}
	if o.Seen == nil {
		o.Seen = func(*db.Tx, string, string) ([]string, error) { return nil, nil }
	}
	if o.Rules == nil {
		o.Rules = method.Shipped()
	}
	return &Service{o: o}, nil
}

// Level is the gate's provider: the level now, 0 to 4, decay and signals taken off. A
// subject that the interaction is not bound to has none.
func (s *Service) Level(tx *db.Tx, interactionID, subject string) (int, error) {
	f, err := s.o.Interactions.Facts(tx, interactionID)
	if err != nil {
		return V0, err
	}
	level, _, err := s.level(tx, f, subject)
	return level, err
}

func (s *Service) level(tx *db.Tx, f interaction.Facts, subject string) (int, time.Time, error) {
	if subject == "" || f.Subject != subject || f.State.Ended() || f.State == interaction.Wrapup {
		return V0, time.Time{}, nil
	}
	since := f.RightsSince
	if !f.HeldSince.IsZero() && tx.Now().Sub(f.HeldSince) > interaction.HoldLimit {
		return V1, time.Time{}, nil // what the resume will write down is already so
	}
	all, err := grants(tx, f.ID, subject, since)
	if err != nil {
		return V0, time.Time{}, err
	}
	signals, err := s.signals(tx, f)
	if err != nil {
		return V0, time.Time{}, err
	}
	speaker, represented, err := s.Speaker(tx, f)
	if err != nil {
		return V0, time.Time{}, err
	}
	level, until := LevelNow(s.rules(represented), all, signals, tx.Now())
	if represented {
		level = speaker.limit(level)
	}
	if level > V3 {
		own, err := s.decidedBy(tx, subject, f.Agent)
		if err != nil {
			return V0, time.Time{}, err
		}
		if own {
			level = V3
		}
	}
	return level, until, nil
}

// Highest is the highest level that the subject reached in the interaction, also once it is over: V1 for one who was only
// bound, V0 for nobody.
func (s *Service) Highest(tx *db.Tx, interactionID, subject string) (int, error) {
	if subject == "" {
		return V0, nil
	}
	highest := V1
	all, err := grants(tx, interactionID, subject, time.Time{})
	for _, g := range all {
		highest = max(highest, g.Level)
	}
	return highest, err
}

// Status is what the desk shows of an interaction's verification.
type Status struct {
	Level    int
	Until    time.Time // when the level decays; zero at V0 and V1
	Attempts []Attempt // newest first
	Locked   time.Time // compares are closed until then; zero if open
	Links    []Way     // contacts a link can go to, best first
	History  int       // questions that can still be asked
	Second   Decision  // of the second member of staff last asked in this contact
	CallBack bool      // this contact can be taken as a call back
	Called   bool      // it was, and that counts
	Passkeys []Passkey // that whoever asks may end
}

// Way is a registered contact and the level a link to it can lead to.
type Way struct {
	Value   string // id of the value in the vault
	Contact string // field name
	Reaches int    // 2 or 3; 0 when the contact is too new
	Since   time.Time
}

// Status reads an interaction's verification, for the agent who serves it and for
// supervisors of its controller.
func (s *Service) Status(ctx context.Context, a actor.Actor, interactionID string) (out Status, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.status(tx, a, interactionID)
		return err
	})
	return out, s.entered(ctx, a, interactionID, err)
}

// entered has the gate refuse what a read has found to be none of the asker's business, so
// that the attempt is entered like any other. Any other outcome passes through.
func (s *Service) entered(ctx context.Context, a actor.Actor, interactionID string, outcome error) error {
	if !errors.Is(outcome, errNotYours) {
		return outcome
	}
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		answer, err := s.ask(tx, a, interactionID, vault.HistoryField)
		if err == nil && answer.Refusal != nil {
			outcome = answer.Refusal
		}
		return err
	})
	if err != nil {
		return err
	}
	return outcome
}

// ask asks the gate to verify whoever the interaction is bound to by a field of theirs.
func (s *Service) ask(tx *db.Tx, a actor.Actor, interactionID, field string) (gate.Answer, error) {
	return s.o.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(interactionID), Bound: true, Verb: gate.Verify, Fields: []string{field}})
}

func (s *Service) status(tx *db.Tx, a actor.Actor, interactionID string) (out Status, err error) {
	f, err := s.facts(tx, a, interactionID)
	if err != nil {
		return out, err
	}
	if out.Level, out.Until, err = s.level(tx, f, f.Subject); err != nil {
		return out, err
	}
	if f.Subject == "" {
		return out, nil
	}
	err = tx.Data.Rows(sqlAttempts, []any{f.ID}, func(r db.Row) error {
		one, err := scan(r, tx.Now())
		if f.Agent != a.ID() {
			one.Number = 0 // whoever looks on has nobody to read it to
		}
		out.Attempts = append(out.Attempts, one)
		return err
	})
	if err != nil {
		return out, err
	}
	if out.Locked, err = locked(tx, f.Subject); err != nil {
		return out, err
	}
	speaker, represented, err := s.Speaker(tx, f)
	if err != nil {
		return out, err
	}
	contacts, err := s.contacts(tx, f, speaker, represented)
	if err != nil {
		return out, err
	}
	signals, err := s.signals(tx, f)
	if err != nil {
		return out, err
	}
	out.Links = s.ways(speaker, represented, contacts, signals, tx.Now())
	if out.CallBack = !represented && s.calledBack(f, contacts, tx.Now()) == nil; out.CallBack {
		c, _, err := s.evidence(tx, f)
		if err != nil {
			return out, err
		}
		out.Called = slices.ContainsFunc(c.Proofs, func(p method.Proof) bool { return p.Method == method.CallBack })
	}
	if out.Second, err = s.lastDecision(tx, f); err != nil {
		return out, err
	}
	if out.Passkeys, err = s.passkeysAt(tx, a, f, out.Level, represented); err != nil {
		return out, err
	}
	questions, err := s.questions(tx, f)
	if err != nil {
		return out, err
	}
	for _, q := range questions {
		if !q.Asked {
			out.History++
		}
	}
	return out, nil
}

// facts reads an interaction for whoever serves it, or a supervisor who may look.
func (s *Service) facts(tx *db.Tx, a actor.Actor, interactionID string) (interaction.Facts, error) {
	f, err := s.o.Interactions.Facts(tx, interactionID)
	if errs.KindOf(err) == errs.NotFound {
		return f, errNotYours
	}
	if err != nil {
		return f, err
	}
	if !a.IsStaff() || !a.Serves(f.Controller) || f.Agent != a.ID() && !a.Is(actor.Supervisor) {
		return f, errNotYours
	}
	return f, nil
}

// Speaker is the representative who speaks for the customer in a contact; false when the customer speaks.
func (s *Service) Speaker(tx *db.Tx, f interaction.Facts) (Speaker, bool, error) {
	if s.o.Representatives == nil || f.Subject == "" {
		return Speaker{}, false, nil
	}
	return s.o.Representatives.Speaker(tx, f.ID, f.Subject)
}

// rules are those for the customer, or for a representative.
func (s *Service) rules(represented bool) *method.Rules {
	if represented {
		return s.o.Rules.Represented()
	}
	return s.o.Rules
}

// contacts are those over which whoever speaks can prove to be who they are: the customer's,
// or a representative's own, never one for the other.
func (s *Service) contacts(tx *db.Tx, f interaction.Facts, speaker Speaker, represented bool) ([]vault.Stored, error) {
	if represented {
		return speaker.Contacts, nil
	}
	return s.o.Vault.Contacts(tx, f.Subject)
}

// ways orders contacts by what a link to them can reach; the vault gives them the longest
// registered first.
// A contact without a known date proves nothing and is not offered above level 0.
func (s *Service) ways(speaker Speaker, represented bool, contacts []vault.Stored, signals []string, now time.Time) []Way {
	rules := s.rules(represented)
	// Whether the SIM was changed is asked when the link goes out; the answer comes before it matters.
	signals = slices.DeleteFunc(slices.Clone(signals), func(one string) bool { return one == simUnknown })
	contacts = slices.DeleteFunc(slices.Clone(contacts), func(c vault.Stored) bool {
		return !s.o.Messages.Carries(c.Field) || !rules.Uses(methodOf(c.Field))
	})
	out := make([]Way, 0, len(contacts))
	for _, c := range contacts {
		w := Way{Value: c.ID, Contact: c.Field, Since: c.RegisteredAt}
		level := rules.Reaches(methodOf(c.Field), c.Field, ageOf(c, now), signals)
		if represented {
			level = speaker.limit(level)
		}
		if represented && len(contacts) == 1 {
			level = min(level, V2) // the other contact that a representative needs is not there
		}
		if level >= V2 {
			w.Reaches = level
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b Way) int { return b.Reaches - a.Reaches })
	return out
}

// methodOf is the method by which a link over a contact proves.
func methodOf(contact string) string {
	if contact == "app" {
		return method.Push
	}
	return method.Link
}

func ageOf(c vault.Stored, now time.Time) time.Duration {
	if c.RegisteredAt.IsZero() || c.RegisteredAt.After(now) {
		return 0
	}
	return now.Sub(c.RegisteredAt)
}

// SendLink sends the customer page to a registered contact of the bound subject. value
// chooses one of several; "" means the best. The gate is asked first, for the verb verify
// on the contact's field; its refusal, and one of this room, come back as the error with
// their entries written.
func (s *Service) SendLink(ctx context.Context, a actor.Actor, interactionID, value string) (out Attempt, err error) {
	var refusal *errs.E
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		out, refusal, err = s.sendLink(tx, a, interactionID, value)
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return out, err
}

func (s *Service) sendLink(tx *db.Tx, a actor.Actor, interactionID, value string) (Attempt, *errs.E, error) {
	f, err := s.facts(tx, a, interactionID)
	if err != nil && !errors.Is(err, errNotYours) {
		return Attempt{}, nil, err
	}
	// Where there is no contact to ask for, or it is not the asker's to know of, the gate is
	// asked for the history: it must have something to refuse.
	contact, unusable := vault.Stored{Field: vault.HistoryField}, errNoContact
	if err == nil && f.Subject != "" {
		if contact, unusable, err = s.choose(tx, f, value); err != nil {
			return Attempt{}, nil, err
		}
	}
	answer, err := s.ask(tx, a, interactionID, contact.Field)
	if err != nil || answer.Refusal != nil {
		return Attempt{}, answer.Refusal, err
	}
	now := tx.Now()
	if unusable == nil {
		if unusable, err = s.slow(tx, f, now); err != nil {
			return Attempt{}, nil, err
		}
	}
	if unusable != nil {
		return Attempt{}, unusable, s.refuse(tx, a, f, "verification.link", unusable)
	}
	// One link at a time: an older one could be answered for another question.
	tx.Data.Queue(sqlAttemptsBefore, f.ID)
	one := Attempt{
		ID: id.NewAt(id.Verification, now), Interaction: f.ID, subject: f.Subject, Controller: f.Controller,
		Purpose: f.Purpose, Agent: f.Agent, Direction: string(f.Direction), Language: "id", Contact: contact.Field, value: contact.ID,
		Age: ageOf(contact, now), State: Sent, Started: now, Expires: now.Add(LinkLasts),
	}
	if f.Language == "en" {
		one.Language = "en"
	}
	one.Number = number()
	one.insert(tx)
	company, err := s.o.Company(tx, f.Controller)
	if err != nil {
		return Attempt{}, nil, err
	}
	if _, err := s.o.Messages.Queue(tx, a, message.Outgoing{
		Subject: f.Subject, Interaction: f.ID, Value: contact.ID, Contact: contact.Field, Template: "message.verification",
		Lang: one.Language, Expires: one.Expires,
		Args: map[string]message.Arg{"company": message.Company(company), "link": message.Link(s.o.Address + "/v/" + s.token(one))},
	}); err != nil {
		return Attempt{}, nil, err
	}
	if err := s.o.Interactions.MoveTx(tx, a, f.ID, interaction.Verify); err != nil {
		return Attempt{}, nil, err
	}
	if err := s.wantSIM(tx, f); err != nil {
		return Attempt{}, nil, err
	}
	err = jobs.Insert(tx, jobs.Job{Kind: ExpireJob, Key: one.ID, Payload: payload{one.ID, f.ID}, RunAt: one.Expires.Add(time.Second)})
	return one, nil, err
}

// token signs the link: for this audience only, this attempt only, until the page closes.
func (s *Service) token(a Attempt) string {
	return s.o.Keys.Token("verification.link", []byte(a.ID), a.Started.Add(PageLasts))
}

// refuse enters a refusal of this room.
func (s *Service) refuse(tx *db.Tx, a actor.Actor, f interaction.Facts, action string, why *errs.E) error {
	entry := s.entry(a, f, action, why.Code, "")
	entry.Decision = audit.Denied
	_, err := s.o.Log.Append(tx, entry)
	return err
}

// choose picks the contact, and says why when it cannot be used: there is none, or it is
// too new to prove anything.
func (s *Service) choose(tx *db.Tx, f interaction.Facts, value string) (vault.Stored, *errs.E, error) {
	none := vault.Stored{Field: vault.HistoryField}
	speaker, represented, err := s.Speaker(tx, f)
	if err != nil {
		return none, nil, err
	}
	contacts, err := s.contacts(tx, f, speaker, represented)
	if err != nil {
		return none, nil, err
	}
	signals, err := s.signals(tx, f)
	if err != nil {
		return none, nil, err
	}
	ways := s.ways(speaker, represented, contacts, signals, tx.Now())
	if value != "" {
		ways = slices.DeleteFunc(ways, func(w Way) bool { return w.Value != value })
	}
	if len(ways) == 0 {
		return none, errNoContact, nil
	}
	chosen := contacts[slices.IndexFunc(contacts, func(c vault.Stored) bool { return c.ID == ways[0].Value })]
	if ways[0].Reaches < V2 {
		if s.rules(represented).Reaches(methodOf(chosen.Field), chosen.Field, ageOf(chosen, tx.Now()), nil) >= V2 {
			return chosen, errSIM, nil
		}
		return chosen, errNewContact, nil
	}
	return chosen, nil, nil
}

// slow spaces links out, for one interaction and for one subject over all of them. It
// never closes the way: it says in how many seconds it is open again.
func (s *Service) slow(tx *db.Tx, f interaction.Facts, now time.Time) (*errs.E, error) {
	after := column.Micros(now.Add(-LinkWindow))
	for _, limit := range []struct {
		sql, id string
		most    int64
	}{{sqlLinksOfCall, f.ID, LinksPerCall}, {sqlLinksOfSubject, f.Subject, LinksPerOwner}} {
		var n, oldest int64
		if err := tx.Data.Row(limit.sql, limit.id, after).Scan(&n, &oldest); err != nil {
			return nil, err
		}
		if n >= limit.most {
			wait := column.Moment(oldest).Add(LinkWindow).Sub(now)
			return errSlow.With("retry_after", int(wait/time.Second)+1), nil
		}
	}
	return nil, nil
}

// number draws the number to match: two digits, the first no zero. The customer types it, so
// that who guesses is right once in ninety times, and a wrong one ends the link.
func number() int {
	n, _ := rand.Int(rand.Reader, big.NewInt(90)) // never fails: crypto/rand ends the process instead
	return 10 + int(n.Int64())
}

// Question is one question from the account's history, by the kind of item: its text is
// verification.question_<kind>, and the newest item of the kind is the one meant. The
// expected answer is not in it.
type Question struct {
	Kind  string
	Asked bool // it was answered in this interaction; each is asked once
}

// Questions picks up to three kinds, at random for this interaction; asking again gives
// the same.
func (s *Service) Questions(ctx context.Context, a actor.Actor, interactionID string) (out []Question, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		f, err := s.facts(tx, a, interactionID)
		if err != nil {
			return err
		}
		out, err = s.questions(tx, f)
		return err
	})
	return out, s.entered(ctx, a, interactionID, err)
}

// questions orders the kinds by a keyed hash of interaction and kind: random to
// everybody, the same on every reload, and nothing to store.
func (s *Service) questions(tx *db.Tx, f interaction.Facts) ([]Question, error) {
	if f.Subject == "" {
		return nil, nil
	}
	if _, represented, err := s.Speaker(tx, f); err != nil || represented {
		return nil, err // what the customer remembers says nothing about who speaks for them
	}
	facts, err := s.o.Vault.History(tx, f.Subject)
	if err != nil {
		return nil, err
	}
	order := map[string]string{}
	for _, one := range facts {
		order[one.Kind] = string(s.o.Keys.MAC("verification/question", []byte(f.ID+"\x00"+one.Kind)))
	}
	kinds := slices.SortedFunc(maps.Keys(order), func(a, b string) int { return cmp.Compare(order[a], order[b]) })
	kinds = kinds[:min(len(kinds), HistoryAsked)]
	asked := map[string]bool{}
	err = tx.Data.Rows(sqlAsked, []any{f.ID, f.Subject}, func(r db.Row) error {
		var kind string
		err := r.Scan(&kind)
		asked[kind] = true
		return err
	})
	out := make([]Question, len(kinds))
	for i, kind := range kinds {
		out[i] = Question{Kind: kind, Asked: asked[kind]}
	}
	return out, err
}

// Answer compares what the caller said with the newest item of a kind: match or no match.
// The items are opened with the gate's receipt, compared in constant time and dropped.
// Each question is asked once in an interaction; a failed one counts to the subject's
// three in 24 hours.
func (s *Service) Answer(ctx context.Context, a actor.Actor, interactionID, kind, said string) (match bool, err error) {
	folded, err := s.o.Fold(said)
	if err != nil {
		return false, err
	}
	var refusal *errs.E
	var grant *gate.Grant
	var key keyring.Key
	var sealed []keyring.Sealed
	var try string
	var f interaction.Facts
	err = s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refusal, grant, sealed = nil, nil, nil
		answer, err := s.ask(tx, a, interactionID, vault.HistoryField)
		if refusal = answer.Refusal; err != nil || refusal != nil {
			return err
		}
		if f, err = s.facts(tx, a, interactionID); err != nil {
			return err
		}
		picked, err := s.questions(tx, f)
		if err != nil {
			return err
		}
		switch i := slices.IndexFunc(picked, func(q Question) bool { return q.Kind == kind }); {
		case i < 0:
			refusal = errQuestion
		case picked[i].Asked:
			refusal = errAsked
		}
		if refusal != nil {
			return s.refuse(tx, a, f, "verification.compare", refusal)
		}
		if try, refusal, err = s.try(tx, a, f, kind); err != nil || refusal != nil {
			return err
		}
		grant = answer.Grant
		if err := s.o.Interactions.MoveTx(tx, a, f.ID, interaction.Verify); err != nil {
			return err
		}
		if err := s.wantSIM(tx, f); err != nil {
			return err
		}
		items, err := s.o.Vault.History(tx, f.Subject, kind)
		if err != nil {
			return err
		}
		for _, item := range items {
			sealed = append(sealed, item.Sealed())
		}
		key, err = s.o.Keys.Key(tx, f.Subject, "")
		return err
	})
	if err != nil {
		return false, err
	}
	if refusal != nil {
		return false, refusal
	}
	receipt, err := grant.Receipt()
	if err != nil {
		return false, err
	}
	if err := receipt.Require(gate.Verify); err != nil {
		return false, err
	}
	plain, err := s.o.Keys.Open(receipt, key, sealed...)
	if err != nil {
		return false, err
	}
	expected, err := s.newest(plain)
	if err != nil {
		return false, err
	}
	match = subtle.ConstantTimeCompare([]byte(folded), []byte(expected)) == 1
	return match, s.o.DB.Write(ctx, func(tx *db.Tx) error { return s.compared(tx, a, f, try, match) })
}

// newest finds the value of the newest of opened items, in the form that is compared, and
// clears them all.
func (s *Service) newest(plain [][]byte) (string, error) {
	var last time.Time
	expected := ""
	for _, p := range plain {
		date, value, err := vault.ReadFact(p)
		clear(p)
		if err != nil {
			return "", err
		}
		if expected == "" || date.After(last) {
			last, expected = date, value
		}
	}
	if expected == "" {
		return "", errNoHistory
	}
	return s.o.Fold(expected)
}

// compared writes the outcome of a history compare and what it leads to.
func (s *Service) compared(tx *db.Tx, a actor.Actor, f interaction.Facts, try string, match bool) error {
	outcome, reason := "match", ""
	if !match {
		outcome, reason = "no_match", "verification.no_match"
	}
	tx.Data.Queue(sqlCompareSet, try, outcome)
	if _, err := s.o.Log.Append(tx, s.entry(a, f, "verification.history", reason, try)); err != nil {
		return err
	}
	now, err := s.o.Interactions.Facts(tx, f.ID)
	if err != nil {
		return err
	}
	if match {
		if err := s.grant(tx, a, now); err != nil {
			return err
		}
	}
	s.o.Interactions.Notify(tx, "verification", now)
	return nil
}

func (s *Service) entry(a actor.Actor, f interaction.Facts, action, reason, ref string) audit.Entry {
	return audit.Entry{
		Action: action, Decision: audit.Done, Reason: reason, Actor: a, Purpose: f.Purpose, Interaction: f.ID,
		Controller: f.Controller, Channel: string(f.Channel), Ground: "interaction:" + f.ID, Subject: f.Subject, Ref: ref,
	}
}

// grant weighs the evidence of an interaction and, when it reaches V2 or more, writes a
// grant with its entry and moves the interaction into service.
func (s *Service) grant(tx *db.Tx, a actor.Actor, f interaction.Facts) error {
	c, expires, err := s.evidence(tx, f)
	if err != nil {
		return err
	}
	speaker, represented, err := s.Speaker(tx, f)
	if err != nil {
		return err
	}
	level := s.rules(represented).Level(c)
	if represented {
		level = speaker.limit(level)
	}
	if level < V2 {
		return nil
	}
	g := Grant{ID: id.NewAt(id.Verification, tx.Now()), Level: level, Methods: method.Words(c), Granted: tx.Now(), Expires: expires}
	tx.Data.Queue(sqlGrantAdd, g.ID, f.ID, f.Subject, int64(level), strings.Join(g.Methods, "+"), column.Micros(g.Granted), column.Micros(expires))
	entry := s.entry(a, f, "verification.grant", "", g.ID)
	entry.Level = level
	if _, err := s.o.Log.Append(tx, entry); err != nil {
		return err
	}
	return s.o.Interactions.Proven(tx, a, f.ID)
}

// evidence collects what was proved since RightsSince and within LevelLasts, and when the
// oldest piece of it runs out.
func (s *Service) evidence(tx *db.Tx, f interaction.Facts) (method.Case, time.Time, error) {
	now := tx.Now()
	c := method.Case{Bound: f.Subject != "", Number: f.CLIMatch}
	oldest := now
	older := func(us int64) {
		if at := column.Moment(us); at.Before(oldest) {
			oldest = at
		}
	}
	var err error
	if c.Signals, err = s.signals(tx, f); err != nil {
		return c, now, err
	}
	speaker, represented, err := s.Speaker(tx, f)
	if err != nil {
		return c, now, err
	}
	c.Number = c.Number && !represented // it is the customer's
	if speaker.Document {
		c.Proofs = append(c.Proofs, method.Proof{Method: method.Document})
	}
	decayed := column.Micros(now.Add(-LevelLasts))
	err = tx.Data.Rows(sqlConfirmed, []any{f.ID, f.Subject, column.Micros(f.RightsSince), decayed}, func(r db.Row) error {
		var contact string
		var age, answered int64
		err := r.Scan(&contact, &age, &answered)
		c.Proofs = append(c.Proofs, method.Proof{Method: methodOf(contact), Contact: contact, Age: time.Duration(age) * time.Microsecond})
		older(answered)
		return err
	})
	if err != nil {
		return c, now, err
	}
	err = tx.Data.Rows(sqlMatched, []any{f.ID, f.Subject, column.Micros(f.RightsSince), decayed}, func(r db.Row) error {
		var item string
		var at int64
		err := r.Scan(&item, &at)
		c.Proofs = append(c.Proofs, method.Proof{Method: method.History})
		older(at)
		return err
	})
	if err != nil {
		return c, now, err
	}
	err = tx.Data.Rows(sqlProofs, []any{f.ID, f.Subject, column.Micros(f.RightsSince), decayed}, func(r db.Row) error {
		var p method.Proof
		var age, at int64
		err := r.Scan(&p.Method, &p.Contact, &age, &at)
		p.Age = time.Duration(age) * time.Microsecond
		c.Proofs = append(c.Proofs, p)
		older(at)
		return err
	})
	if err != nil {
		return c, now, err
	}
	proofs, since, err := s.ofSecond(tx, f, speaker.Mandate)
	c.Proofs = append(c.Proofs, proofs...)
	if !since.IsZero() {
		older(column.Micros(since))
	}
	return c, oldest.Add(LevelLasts), err
}

// try reserves one compare. It is written as failed and given back when it matched, so
// that ten at the same moment cannot be ten guesses, and a crash counts as a failure.
func (s *Service) try(tx *db.Tx, a actor.Actor, f interaction.Facts, item string) (string, *errs.E, error) {
	until, err := locked(tx, f.Subject)
	if err != nil {
		return "", nil, err
	}
	if !until.IsZero() {
		why := errLocked.With("retry_after", int(until.Sub(tx.Now())/time.Second)+1)
		return "", why, s.refuse(tx, a, f, "verification.compare", why)
	}
	try := id.NewAt(id.Verification, tx.Now())
	tx.Data.Queue(sqlCompareAdd, try, f.ID, f.Subject, a.ID(), item, column.Micros(tx.Now()))
	return try, nil, nil
}

// Try reserves one compare of a field for the desk, in the transaction of its question to
// the gate: a subject has three failed compares in 24 hours over all agents, channels and
// kinds. It counts as failed until Matched says otherwise. verification.compare_locked is
// an outcome: its entry is written, so the caller commits and returns it afterwards.
func (s *Service) Try(tx *db.Tx, a actor.Actor, interactionID, subject string) (try string, err error) {
	f, err := s.facts(tx, a, interactionID)
	if err != nil {
		return "", err
	}
	if subject == "" || f.Subject != subject {
		return "", errNotYours
	}
	try, refusal, err := s.try(tx, a, f, "")
	if err == nil && refusal != nil {
		return "", refusal
	}
	return try, err
}

// Matched gives a reserved compare back, because it matched.
func (s *Service) Matched(ctx context.Context, try string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Data.Queue(sqlCompareSet, try, "match")
		return nil
	})
}

// Expire ends a link that nobody answered and takes the interaction out of VERIFYING. It
// is the handler of ExpireJob.
func (s *Service) Expire(ctx context.Context, run jobs.Run) error {
	var p payload
	if err := run.Decode(&p); err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		one, err := attempt(tx, p.Attempt)
		if errors.Is(err, errLink) || err == nil && one.State != Expired {
			return nil
		}
		if err != nil {
			return err
		}
		one.save(tx)
		f, err := s.o.Interactions.Facts(tx, one.Interaction)
		if err != nil {
			return err
		}
		if _, err := s.o.Log.Append(tx, s.entry(s.o.Duty, f, "verification.expired", "", one.ID)); err != nil {
			return err
		}
		if err := s.o.Interactions.Unproven(tx, s.o.Duty, f.ID, errExpired.Code); err != nil {
			return err
		}
		s.o.Interactions.Notify(tx, "verification", f)
		return nil
	})
}

// Jobs are the room's handlers.
func (s *Service) Jobs() map[string]jobs.Handler {
	return map[string]jobs.Handler{ExpireJob: s.Expire, SIMJob: s.CheckSIM}
}

// Package gate is the one door to customers' personal data.
//
// Whoever wants to compare, use, collect, reveal or mask a customer's value asks the gate,
// inside the write transaction of the act. The gate reads the facts itself, in that
// transaction: is the session live, whose call is it, is it live, for which purpose, how
// strongly is the caller verified, did the customer consent. Nobody hands it a fact. It
// lets package policy decide for each field, appends one entry to the audit log (allowed
// or denied, one for each subject, verb and call), and mints a Grant for what is allowed.
//
// What it promises, and where the promise lives:
//   - No opening without a Receipt: keyring.Open takes one and spends it.
//   - No Receipt without a committed leaf: Grant.Receipt refuses until the log says that
//     the entry is durable. A transaction that rolls back leaves a Grant that is worth
//     nothing.
//   - No leaf without a decision on facts the gate read itself: only Ask appends these.
//   - A Receipt is bound to subject, fields and verb, and is spent by its first use. The
//     zero Receipt opens nothing. Nothing outside this package can make one.
//   - A refusal is an outcome, not an error. A verb that returned it as an error would
//     roll back the leaf that tells of it; so return it beside a nil error and let web
//     show it after the commit.
//   - An interaction that does not exist, one of another controller, one that a colleague
//     serves, a subject that does not exist and a subject the call is not bound to are
//     answered alike (gate.not_found), after the same reads. The leaf of a call that is not
//     of the asker's controllers names the call as it was asked for, and nothing that the
//     call would tell: no controller, no customer, no detail. So it is the leaf of a call
//     that does not exist, and whoever probes is found by it at either company.
//   - A fact whose provider is missing denies. The rooms not yet built stand in one list,
//     notYetBuilt, which a test only lets shrink.
//
// Leaves hold no personal data, so nothing that a request makes up reaches one: ids are
// written only when they have the form of an id, and the name of a field only when the
// catalogue declares it. The asker's stated reason is free text; it goes into the detail,
// sealed under the subject's key, and nowhere else.
//
// It serves UU PDP art. 16 (2) and 20 (processing bound to purpose and basis), art. 35 to
// 39 (protection, confidentiality, supervision of those who process, against unlawful
// access), and art. 31 and 32 through the log.
package gate

import (
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// Messages are the texts of this room, messages/{id,en}.json.
//
//go:embed messages/*.json
var Messages embed.FS

// Verb is what is to be done with a customer's field. The set is closed.
type Verb string

// The verbs.
const (
	Compare Verb = "compare" // the asker types what the customer said; the answer is match or no match
	Act     Verb = "act"     // use the value without showing it: dial, send to the registered address
	Collect Verb = "collect" // write what the customer gives; opens nothing
	Reveal  Verb = "reveal"  // show the value to the asker
	Mask    Verb = "mask"    // open values to show their shape
	Search  Verb = "search"  // find a customer; no fields, no subject yet
	Note    Verb = "note"    // write a note sealed under the interaction's key; no fields
	Consult Verb = "consult" // see what the customer agreed to and refused; no fields; from ConsentLevel on
	Appoint Verb = "appoint" // record who may speak for the customer; no fields; from AppointLevel on, and never by a representative
	Propose Verb = "propose" // the same where a second member of staff decides; no fields; from ConsentLevel on
	Verify  Verb = "verify"  // use a registered contact or account history to verify the caller; never shown; needs the bound subject and a live call, no level
	Process Verb = "process" // a machine duty opens values; the output is no screen; only on the ground Duty
)

// Opens reports whether the verb opens sealed values. A Receipt for another opens nothing.
func (v Verb) Opens() bool {
	switch v {
	case Compare, Act, Reveal, Mask, Verify, Process:
		return true
	}
	return false
}

// takesFields reports whether a question with this verb names fields; known, whether there
// is such a verb.
func (v Verb) takesFields() (yes, known bool) {
	switch v {
	case Search, Note, Consult, Appoint, Propose:
		return false, true
	case Collect:
		return true, true
	}
	return v.Opens(), v.Opens()
}

// Ground is what an opening stands on. Make one with Interaction, Request, Agreement or
// Duty; the zero Ground is refused.
type Ground struct{ kind, id, run string }

// The kinds of ground.
const (
	onInteraction = "interaction"
	onRequest     = "request"
	onAgreement   = "agreement"
	onDuty        = "duty"
)

// Interaction is a contact with the customer, the only ground that can show a value to an agent.
func Interaction(id string) Ground { return Ground{kind: onInteraction, id: id} }

// Request is a customer's own request, such as an access pack.
func Request(id string) Ground { return Ground{kind: onRequest, id: id} }

// Agreement is a data-sharing agreement: an export.
func Agreement(id string) Ground { return Ground{kind: onAgreement, id: id} }

// Duty is a registered machine job by its name, and the id of this run (prefix dut_).
func Duty(name, run string) Ground { return Ground{kind: onDuty, id: name, run: run} }

// Kind is interaction, request, agreement or duty; empty for the zero Ground.
func (g Ground) Kind() string { return g.kind }

// ID is the interaction's, request's or agreement's id, or the duty's name.
func (g Ground) ID() string { return g.id }

// Run is a duty's run id.
func (g Ground) Run() string { return g.run }

// State is where an interaction stands. Rooms and policies use these words.
type State string

// The states, in the order of a call. Values open in Serving and Approval only, and are collected in Capture too;
// searching, masking hits and verifying are possible from Connected on.
const (
	Offered    State = "offered"
	Connected  State = "connected"
	Identified State = "identified"
	Verifying  State = "verifying"
	Serving    State = "serving"
	Held       State = "held"
	Capture    State = "capture"
	Approval   State = "approval"
	Wrapup     State = "wrapup"
	Sealed     State = "sealed"
	Refused    State = "refused"
	Frozen     State = "frozen"
	Abandoned  State = "abandoned"
)

// HeartbeatWithin is how old the desk's last heartbeat may be.
const HeartbeatWithin = 15 * time.Second

// ahead is how far another node's clock may run ahead of ours before a time it wrote
// counts for nothing: a clock stepped back must not make an old heartbeat young.
const ahead = 5 * time.Second

// ConsentLevel is the verification level below which nothing shows what a customer consented to: neither the consents
// themselves nor, for a purpose that rests on consent, that a field opens or does not.
const ConsentLevel = 2

// AppointLevel is the verification level from which on a customer may name who speaks for them.
const AppointLevel = 4

// LedgerLevel is the verification level from which on what was told of a customer today no longer counts.
const LedgerLevel = 3

// MaxFields is how many fields one question may name: their names and the reasons of
// their refusals must fit into one leaf (4 KiB).
const MaxFields = 32

// Question is what is asked.
type Question struct {
	Ground  Ground
	Subject string // sub_...; empty for Search, and for a Duty over many subjects
	Bound   bool   // instead of Subject: whoever the interaction is bound to; the gate reads who, so that a verb need not look before it asks
	Verb    Verb
	Fields  []string
	Reason  string         // the asker's stated reason, free text; sealed with the detail
	Detail  map[string]any // further detail, sealed under the subject's key; dropped when the leaf names no subject
	Count   int64          // Duty without Subject: how many subjects this chunk opens, at least 1
}

// Facts are what the decision rested on, for screens and messages. They hold no personal
// data. Where the call is not the asker's own they are empty.
type Facts struct {
	Interaction InteractionFacts
	Purpose     PurposeFacts
	Level       int
	BudgetLeft  int  // read for Reveal and Search only: of the verb, in this shift
	Consented   bool // read only when the purpose rests on consent
	Mandate     MandateFacts
}

// Covers reports whether whoever speaks may have this done: the customer may; of a representative the mandate says it.
func (f Facts) Covers(verb Verb, field string) bool {
	m := f.Mandate
	return m.ID == "" || m.Covers != nil && m.Covers(f.Interaction.Purpose, verb, field)
}

// Answer is the outcome of a question.
type Answer struct {
	Allowed []string           // fields, in the order asked
	Refused map[string]*errs.E // field -> why
	Refusal *errs.E            // set when nothing is allowed: the most fundamental reason
	Grant   *Grant             // set when something is allowed; nil from Preview
	Entry   *audit.Pending     // the leaf; nil from Preview
	Facts   Facts
}

// SessionFacts are what the database says now about who asks.
type SessionFacts struct {
	Live           bool // neither ended nor idle too long; its owner, and the API client in between, are enabled
	Role           actor.Role
	Controllers    []string // whose customers this person may serve
	SecondFactorAt time.Time
}

// InteractionFacts are what the database says now about an interaction.
type InteractionFacts struct {
	Found       bool
	Controller  string
	Purpose     string // pur_...; empty until chosen
	Channel     string // phone, chat, email
	Direction   string // inbound, outbound
	Subject     string // the bound subject; empty until identified
	State       State
	Agent       string // staff id of whoever serves it now
	HeartbeatAt time.Time
}

// PurposeFacts are what the register says now about a purpose.
type PurposeFacts struct {
	Found      bool
	Active     bool // published and not retired
	Controller string
	Slug       string
	Basis      string                             // UU PDP art. 20 (2), as in policy.Context
	Uses       func(verb Verb, field string) bool // nil means none
	Listed     func() []string                    // every field it uses with any verb, sorted; nil means none
}

// MandateFacts are what the database says now about a representative who speaks for the
// bound customer in an interaction. The zero value: the customer speaks, who is no child.
type MandateFacts struct {
	ID       string                                             // man_…; empty when nobody represents
	Standing string                                             // MandateValid, MandateExpired or MandateRevoked
	Covers   func(purpose string, verb Verb, field string) bool // field is empty for a verb without fields; nil means nothing
	OwnOnly  func(field string) bool                            // no mandate of this kind reaches the field; nil means none of them does
	// GuardianNeeded: the customer is a child whose parent or guardian neither speaks here nor has agreed to the purpose. It
	// is said whoever speaks, and nothing else about anybody's age.
	GuardianNeeded bool
}

// The standings of a mandate.
const (
	MandateValid   = "valid"
	MandateExpired = "expired"
	MandateRevoked = "revoked"
)

// Field is what the catalogue says about a field for one channel and verb.
type Field struct {
	Class    string // public, general, specific, secret
	MinLevel int    // policy.Never when no level opens it
	Verifies bool   // a registered contact, or account history: may serve to verify the caller
	Free     bool   // declared by a prefix only: the name itself was made up by somebody
}

// Providers are the facts the gate reads, each implemented by the room that owns it and
// wired by app. One that is nil says "no" to everything. An error from one ends the
// question with that error and no leaf: nothing was decided.
type Providers struct {
	Session     func(tx *db.Tx, a actor.Actor) (SessionFacts, error) // asked for staff only
	Interaction func(tx *db.Tx, interaction string) (InteractionFacts, error)
	// Level is the verification level now, 0 to 4, with what has decayed taken off.
	Level   func(tx *db.Tx, interaction, subject string) (int, error)
	Purpose func(tx *db.Tx, purpose string) (PurposeFacts, error)
	Consent func(tx *db.Tx, subject, purpose string) (bool, error)
	// Mandate is through whom the customer speaks in an interaction. It can only narrow.
	Mandate func(tx *db.Tx, interaction, subject string) (MandateFacts, error)
	// Budget is how many reveals the actor has left in this shift.
	Budget func(tx *db.Tx, a actor.Actor, interaction string) (int, error)
	// Searches is how many searches the actor has left in this shift, over all calls, and
	// how many are left in this interaction.
	Searches func(tx *db.Tx, a actor.Actor, interaction string) (shift, call int, err error)
	// Told are a customer's fields that were compared or revealed today below LedgerLevel, over
	// all contacts, and how many there may be at a level; it is not asked from that level on.
	Told func(tx *db.Tx, subject string, level int) (fields []string, most int, err error)
	// Watch is what is known of a customer and the asker that calls for care. It is asked about the customer that the
	// asker's call is bound to, or whom a search in it found.
	Watch func(tx *db.Tx, a actor.Actor, interaction, purpose, subject string) (Watched, error)
	// Touched is told of each question for which Watch was asked, allowed or not, once it is decided. It is no fact: it
	// writes rows of its own in the transaction and changes no answer. ref is the id of what that led to, for the entry.
	Touched func(tx *db.Tx, a actor.Actor, t Touch) (ref string, err error)
	// Hits are the fields by which a search in this interaction found the subject.
	Hits func(tx *db.Tx, interaction, subject string) ([]string, error)
	// Owner says whose customer a subject is; false when there is no such subject. It is
	// asked when somebody names a subject the interaction is not bound to, and changes
	// nothing in the answer: it says whether the refusal can be entered into that customer's
	// own trail. The entry on a ground that is no call gets its controller from it.
	Owner func(tx *db.Tx, subject string) (controller string, exists bool, err error)
	// Field is the catalogue's word; false when the name is not declared (then it is secret).
	Field func(name, channel string, verb Verb) (Field, bool)

	// Of rooms not yet built: see notYetBuilt.

	// Training reports whether the actor's training is valid for the purpose.
	Training func(tx *db.Tx, a actor.Actor, purpose string) (bool, error)
	// Request reports whether the request is open and the actor's to handle.
	Request func(tx *db.Tx, request string) (bool, error)
	// Agreement reports whether the agreement is in force.
	Agreement func(tx *db.Tx, agreement string) (bool, error)
}

// Watched is why a customer is not to be opened like any other.
type Watched struct {
	Guarded bool // a protected person, on whom no second member of staff, other than the asker, has decided in this interaction
	Broad   bool // one customer more than the asker may open under the purpose in this shift
	Canary  bool // nobody has a reason to open him; changes no decision
	New     bool // not opened by the asker under the purpose in this shift yet
}

// Touch is a decided question about a customer.
type Touch struct {
	Interaction, Controller, Purpose, Subject string
	Verb                                      Verb
	Allowed                                   bool // at least one field, or the verb where it takes none
	Watched                                   Watched
	Bound                                     bool // the interaction is bound to the customer; otherwise a search found him
}

// notYetBuilt is the one list of providers whose room does not exist yet. While training
// stands here and has no provider, it is no condition (the entry's policy hash says so);
// while request and agreement have none, those grounds refuse everything
// (gate.ground_not_built). Every other provider that is missing denies. A test lets this
// list only shrink.
var notYetBuilt = []string{"training", "request", "agreement"}

// DutySpec is a registered machine duty: its name and the only fields it may open.
type DutySpec struct {
	Name   string
	Fields []string
}

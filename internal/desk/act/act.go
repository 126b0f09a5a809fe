// Package act is what an agent does with a customer's data without seeing it, and what the customer gives.
//
// A contact is how accounts are stolen: who talks a help desk into another telephone number owns whatever is sent to it. So
// a change of contact needs level 4 (the catalogue says so, the gate keeps it), and even then it is a promise and no fact.
// The new value is brought into its normal form, sealed under the customer's key, and waits. Every contact that was there
// before is told, with a link that stops it. Until the time to object is over the old contact stays as it is and the new one
// verifies nobody, since it is not among the customer's values. Then a job makes it so, once; the vault counts the new
// contact's age from that moment. Who stops it stops every change of theirs that waits, freezes the call in which it was asked
// for, and stands among what customers deny. What was asked for before the customer denied any contact is dropped. If no notice
// left in the first half of the time, the change is dropped: time in which nobody was told protects nobody.
//
// Other data that the caller gives is collected at once, when the purpose lists the field for it: the value is held against
// its own rules, sealed, and written in the transaction of its entry. Nothing of it is shown back. Specific and secret data is
// not taken down by an agent: the customer gets a link to a page and types it there, and the agent sees that it came. What the
// catalogue calls unrecorded is typed in a capture alone: the field opens once the call's recorder has said that it is paused
// (package recorder), and the capture ends with what is saved.
//
// To dial is to use a number without showing it: it is opened after the entry is durable, handed to the exchange, and is in no
// answer, event or log. The call is a contact of its own, whose caller has proved nothing yet. A customer is called so a few
// times a day at most, by whomever.
//
// What it refuses: a change that is already waiting, a value that does not fit, the contact that is there already, a
// customer whom nobody could tell, a field that is a contact where data is collected.
//
// UU PDP art. 16 (2), 27 to 29 and 39; PROCEDURE lines C3, C4, T2 and U3.
package act

import (
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

// ObjectWithin is how long the owner of the old contact has when the configuration says nothing.
const ObjectWithin = 24 * time.Hour

// ChangeLevel is the level at which pending changes are shown and taken back: who is not verified learns nothing of them.
const ChangeLevel = 2

// maxTold is how many contacts are told of one change.
const maxTold = 6

// maxValue is the longest value that is taken, in bytes.
const maxValue = 400

// State is where a change stands.
type State string

// The states of a change.
const (
	Waiting   State = "waiting"   // the old contact counts
	Done      State = "done"      // the new one does
	Stopped   State = "stopped"   // the customer objected
	Withdrawn State = "withdrawn" // taken back at the desk
	Dropped   State = "dropped"   // it could not be made; Reason says why
)

// Change is a change of contact as the desk shows it: no value of anybody.
type Change struct {
	ID     string // chg_…
	Field  string
	State  State
	Reason string // code of why it was dropped
	Asked  time.Time
	Due    time.Time
}

// Contact is one of the customer's contacts, without its value.
type Contact struct {
	Value string // val_…
	Field string
	Since time.Time // zero: unknown
}

// Duty is the machine duty that makes a change when its time has come.
const Duty = "contact_change"

// Fields are what the duty may open: the contacts that can be changed.
func Fields(c *catalog.Catalogue) []string { return changeables(c) }

// EffectJob is the kind of the job that makes a change.
const EffectJob = "act.effect"

// What Options.Out refuses.
var (
	ErrNoExchange  = errs.New(errs.Unavailable, "act.no_exchange")
	ErrNoExtension = errs.New(errs.Unavailable, "act.no_extension")
)

// Refusals of this room.
var (
	errNoContact  = errs.New(errs.Invalid, "act.no_contact_field")
	errIsContact  = errs.New(errs.Invalid, "act.is_contact")
	errNoPhone    = errs.New(errs.Invalid, "act.no_phone_field")
	errAsked      = errs.New(errs.Conflict, "act.asked")
	errAsksSpent  = errs.New(errs.TooMany, "act.asks_spent")
	errNoWay      = errs.New(errs.Unavailable, "act.no_way")
	errAskOver    = errs.New(errs.Conflict, "act.ask_over")
	errAskLink    = errs.New(errs.NotFound, "act.ask_link")
	errValue      = errs.New(errs.Invalid, "act.value")
	errSame       = errs.New(errs.Conflict, "act.same")
	errWaiting    = errs.New(errs.Conflict, "act.waiting")
	errNobodyTold = errs.New(errs.Denied, "act.nobody_told")
	errMandate    = errs.New(errs.Denied, "act.mandate_over")
	errOldUnknown = errs.New(errs.NotFound, "act.old_unknown")
	errUnknown    = errs.New(errs.NotFound, "act.unknown")
	errOver       = errs.New(errs.Conflict, "act.over")
	errTaken      = errs.New(errs.Invalid, "act.taken")
	errLevel      = errs.New(errs.Denied, "act.level")
	errSensitive  = errs.New(errs.Denied, "act.sensitive")
	errHeard      = errs.New(errs.Invalid, "act.heard")
	errNotTold    = errs.New(errs.Denied, "act.not_told")
	errMoved      = errs.New(errs.Conflict, "act.moved")
	errDenied     = errs.New(errs.Denied, "act.denied")
	errDialsSpent = errs.New(errs.TooMany, "act.dials_spent")
	errLink       = errs.New(errs.NotFound, "act.link")
)

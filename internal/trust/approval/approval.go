// Package approval is how two people decide what nobody may decide alone.
//
// A room that needs a second person registers a Kind at wiring: who may ask, who may
// decide, how long a request waits, and the Effect that an approval has. Asking writes a
// row; approving runs the Effect in the approver's own transaction, so either both the
// decision and what it does are on disk, with their audit entries, or neither is.
//
// It promises: nobody decides on his own request, nor on one that is about himself; the
// roles that may decide are checked again on the facts of the transaction, not on what a
// page offered; a request is decided once; an expired request cannot be decided; asking
// and deciding carry a reason. What somebody asked who has been disabled since cannot be
// approved, and what hangs on something that is over cannot be decided. Where a kind says so,
// the same person does not approve the same colleague's requests again and again while
// somebody else is there to decide. It refuses kinds it was not told about.
//
// A request's payload is identifiers and plain words (a role, a scope), never personal
// data: it stands in a readable column. The reasons are free text that people type, so
// they are sealed under the staff key and appear in no audit entry.
//
// UU PDP art. 35 and 39; ISO 27001 A.5.3 (segregation of duties).
package approval

import (
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

// State is where a request stands.
type State string

// The states of a request. Only Waiting can change; a Waiting request past its expiry
// shows as Expired.
const (
	Waiting   State = "waiting"
	Approved  State = "approved"
	Refused   State = "refused"
	Withdrawn State = "withdrawn" // by the person who asked
	Expired   State = "expired"
)

// Ask is what somebody wants a second person to decide.
type Ask struct {
	Kind       string            // a registered Kind's name
	Ref        string            // what it is about: an id (stf_, cli_, itx_ …)
	About      string            // the staff member it is about, who may not decide; empty if none
	Controller string            // the controller concerned: only those who serve it see and decide; empty = none
	Payload    map[string]string // identifiers and plain words; never personal data
	Reason     string            // free text, sealed; required
	Wait       time.Duration     // how long it waits; 0 = the Kind's own Wait
}

// Request is a request as stored.
type Request struct {
	ID         string
	Kind       string
	Ref        string
	About      string
	Controller string
	Payload    map[string]string
	Reason     string // opened; show it to those who may decide, log it nowhere
	State      State
	AskedBy    string // staff id
	AskedAt    time.Time
	Expires    time.Time
	DecidedBy  string // staff id; empty while waiting
	DecidedAt  time.Time
	Answer     string // the reason of the decision, opened
}

// Kind is one sort of decision. Rooms make them; app gives them to New.
type Kind struct {
	Name   string        // "identity.role_change"; also the message key of its title
	Ask    []actor.Role  // who may ask
	Decide []actor.Role  // who may decide
	Wait   time.Duration // how long a request waits unless Ask says less; required
	Fresh  bool          // deciding needs a second factor of the last five minutes
	Effect Effect        // what an approval does, in the same transaction; required
	Undone Effect        // what a refusal, withdrawal does; optional
	// Over reports that what the request hangs on is no more, so that nobody decides it; optional.
	Over func(tx *db.Tx, r Request) (bool, error)
	// Most is how many requests of one colleague the same person may approve within a Shift
	// while somebody else is on duty; 0 means any number.
	Most int
}

// Shift is the time over which Kind.Most counts.
const Shift = 8 * time.Hour

// Effect runs in the transaction that decides. by is who decided. It must not fail for
// reasons that a second try would mend; its error undoes the decision.
type Effect func(tx *db.Tx, r Request, by actor.Actor) error

// FreshLimit is how old a second factor may be for a Kind with Fresh set.
const FreshLimit = web.SecondFactorFor

// Refusals.
var (
	errKind    = errs.New(errs.Invalid, "approval.unknown_kind")
	errAsk     = errs.New(errs.Denied, "approval.may_not_ask")
	errOwn     = errs.New(errs.Denied, "approval.own_request")
	errAbout   = errs.New(errs.Denied, "approval.about_you")
	errFresh   = errs.New(errs.Unauthenticated, "web.second_factor") // web sends the browser to the step-up page
	errReason  = errs.New(errs.Invalid, "approval.reason_missing")
	errMissing = errs.New(errs.NotFound, "approval.no_request")
	errDecided = errs.New(errs.Conflict, "approval.already_decided")
	errExpired = errs.New(errs.Conflict, "approval.expired")
	errLeft    = errs.New(errs.Denied, "approval.asker_disabled")
	errRotate  = errs.New(errs.Denied, "approval.again")
	errOver    = errs.New(errs.Conflict, "approval.over")
	errBad     = errs.New(errs.Invalid, "approval.bad_request")
)

// Package consent keeps what each customer agreed to, refused and took back, purpose by
// purpose.
//
// The book is append-only: every word a customer says about a purpose is an event with the
// version of the notice that was read out or shown, the channel, the interaction and a
// reference to the proof. Nothing is ever changed or taken out; the last event is what
// counts. Of two events the later one wins whatever its content, so there is no state
// that could disagree with the history.
//
// What it promises:
//   - A withdrawal takes effect in its own transaction: the gate, which asks IsGranted in the
//     transaction of the act, gives no field for that purpose from then on. UU PDP art. 9
//     (right to withdraw); the three days of art. 40 are not needed. Nothing else in the
//     house runs on a consent by itself, so nobody needs to be told to stop.
//   - A consent names a notice version that was published for that purpose: nobody
//     consents to a text that did not exist (art. 22).
//   - A purpose on another lawful basis asks nobody for consent: no word about it is recorded
//     (consent.other_basis), since a withdrawal there would promise the customer a stop that
//     nothing carries out.
//   - Withdrawing is at least as easy as giving (art. 9): anybody who may record a grant may
//     record a withdrawal, and no field of a withdrawal is harder to fill. In a call a grant
//     needs a caller who is verified (V2), since it opens data; a refusal or a withdrawal
//     needs one who is found (V1), since it only closes. The level stands in the event and
//     in its entry, so that a withdrawal by somebody else can be told and repaired.
//   - A withdrawal of what was never granted is refused (consent.nothing_to_withdraw); a
//     refusal after a grant is a withdrawal in all but name and is kept as what was said.
//   - What a customer agreed to is shown in a call from V2 on, with a leaf for each look, and
//     told by no answer before: below V2 a no is kept as the withdrawal or refusal that it is,
//     and answered the same.
//   - Every event has its entry in the audit log, in the subject's own trail.
//   - No free text: the proof is a reference (a recording span, a message or link id). What
//     is said in a call and names none has the call itself.
//
// It serves UU PDP art. 9, 20 (2) a, 22, 24 (the controller must be able to prove it) and 40.
package consent

import (
	"regexp"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// What is what the customer said.
type What string

// The three events.
const (
	Granted   What = "granted"
	Refused   What = "refused"
	Withdrawn What = "withdrawn"
)

// Channels are where it can be said.
func Channels() []string { return []string{"phone", "chat", "email", "portal", "paper", "import"} }

// Event is one thing a customer said about one purpose. It never changes.
type Event struct {
	ID          string    `json:"id"` // cns_...
	Subject     string    `json:"subject"`
	Purpose     string    `json:"purpose"`
	What        What      `json:"what"`
	Notice      int       `json:"notice"`                // version of the notice read out or shown; 0 means the one in force
	Channel     string    `json:"channel"`               // one of Channels
	Interaction string    `json:"interaction,omitempty"` // itx_..., empty outside one
	Proof       string    `json:"proof,omitempty"`       // reference: a recording span, a message id, a link id, the interaction; never personal data
	Level       int       `json:"level,omitempty"`       // how strongly the caller was verified, 1 to 3; 0 outside an interaction
	Mandate     string    `json:"mandate,omitempty"`     // man_..., through which a representative said it; empty when the customer did
	RecordedBy  string    `json:"recorded_by"`           // id of who wrote it down
	At          time.Time `json:"at"`
}

// Count is how many customers' last word on a purpose was said to one version of its notice.
type Count struct {
	Notice    int `json:"notice"`
	Granted   int `json:"granted"`
	Refused   int `json:"refused"`
	Withdrawn int `json:"withdrawn"`
}

// Need is the verification level from which a caller's word is recorded in a call: 2 for a
// grant, 1 for a refusal or a withdrawal; 0 for what is none of the three.
func Need(what What) int {
	switch what {
	case Granted:
		return 2
	case Refused, Withdrawn:
		return 1
	}
	return 0
}

// Next refuses what may not follow last ("" when nothing was said yet). It is the whole
// rule of the history, and pure.
func Next(last, what What) error {
	switch what {
	case Granted, Refused:
		return nil
	case Withdrawn:
		if last != Granted {
			return errs.New(errs.Conflict, "consent.nothing_to_withdraw")
		}
		return nil
	}
	return errs.New(errs.Invalid, "consent.what")
}

// proofForm is what a reference looks like: no spaces, so that it is no sentence, and
// short enough that it is no document.
var proofForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_:./#-]{0,119}$`)

// digits refuses what could be a number of a person (a phone, a NIK) in a reference.
var digits = regexp.MustCompile(`[0-9]{8}`)

func (e Event) check(a actor.Actor) error {
	switch {
	case !id.Is(id.Subject, e.Subject):
		return errs.New(errs.Invalid, "consent.subject")
	case !slices.Contains(Channels(), e.Channel):
		return errs.New(errs.Invalid, "consent.channel")
	case e.Interaction != "" && !id.Is(id.Interaction, e.Interaction):
		return errs.New(errs.Invalid, "consent.interaction")
	case e.Proof != "" && e.Proof != e.Interaction && (!proofForm.MatchString(e.Proof) || digits.MatchString(e.Proof)):
		return errs.New(errs.Invalid, "consent.proof")
	}
	switch {
	case a.Is(actor.Agent, actor.Supervisor) && e.Interaction == "":
		return errs.New(errs.Denied, "consent.needs_interaction")
	case a.Is(actor.Agent, actor.Supervisor, actor.DPO), a.Kind() == actor.Client, a.Kind() == actor.Duty, a.Kind() == actor.Customer:
		return nil
	}
	return errs.New(errs.Denied, "consent.not_permitted")
}

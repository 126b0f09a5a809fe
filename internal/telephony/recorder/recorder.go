// Package recorder pauses the recorder of a call while an agent types what must not be kept in a recording, and sees to it
// that the recording goes on afterwards.
//
// A pause is a fact only once the recorder has said so. So a capture begins in three steps: the wish is written down with its
// entry; the recorder is asked, and has AckTime to answer; and only when it has acknowledged does the contact move into the
// state `capture`, in one transaction with the entry and the span, and the field opens. Without an acknowledgement the field
// stays shut, the agent has a sentence to say, and may try again.
//
// A capture ends when the field is saved or left, when its time (Lasts) is over, and by whatever takes the contact out of its
// state: a hold of the exchange, another person, an end, a silent desk. The span is then closed to new data in that same
// transaction, and the recorder is told to go on, at once and again and again until it acknowledges. As long as it has not, the
// desk says so, supervisors see an alert, and no further capture begins in that contact. A recorder that never answered may
// still carry out what it was asked, for SettleAfter at most as far as is believed here: after a pause it is told to go on a second
// time then, and after a word to go on no capture begins before. What a stopped program left behind is found
// by Sweep: every span is a row with the time at which somebody must look at it.
//
// What it refuses: a capture in a contact whose recorder cannot be told from others (a call begun by hand, beside the exchange);
// two captures at once; more than PerCall in one contact; and, unless the operator has written down whether there is a recorder at all, every capture.
//
// It keeps of a contact what the exchange calls it, sealed under the staff key, until the contact has ended. In entries, jobs and
// logs are ids, field names and times.
//
// Serves UU PDP articles 16 (2) and 35; PROCEDURE lines C3 and S1.
package recorder

import (
	"context"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/telephony"
)

// The clocks of a capture.
const (
	AckTime     = telephony.AckTime // a recorder has this long to acknowledge
	Lasts       = 90 * time.Second  // a capture ends by itself after so long
	SettleAfter = 30 * time.Second  // what was never answered is carried out until then, or never
	GiveUp      = 24 * time.Hour    // a recorder that never acknowledges is told to go on for so long
)

// PerCall is how many captures one contact may have: whoever opens one after the other would be heard by no recorder.
const PerCall = 10

// Use says what the operator has written down about recorders.
type Use string

// The choices. While nothing is written down, nothing that needs a pause is typed by an agent.
const (
	Unset    Use = "unset"
	None     Use = "none"     // calls are not recorded: there is nothing to pause
	Exchange Use = "exchange" // the exchange over which a call came records it
	HTTP     Use = "http"     // a recorder that is reached by signed requests
)

// Target is a contact to whoever pauses its recorder: ids alone.
type Target struct {
	Span        string // names the pause: a repeated request is the same one
	Interaction string
	Staff       string
	Contact     string // what the exchange calls it; empty when it was begun by hand
}

// Recorder pauses the recorder of a contact, and has it go on. nil means that it has acknowledged. An error of the kind
// unavailable means that it may have done it all the same, unless its code is one of Untouched; any other error means that
// nothing was changed, and of the kind not_found that there is no such call (any more).
type Recorder interface {
	Pause(ctx context.Context, t Target) error
	Resume(ctx context.Context, t Target) error
}

// Untouched are the codes of failures in which a recorder was not even asked.
var Untouched = []string{"pbx.unreachable", "pbx.recording", "recorder.unreachable"}

// certain reports whether a failed pause has surely changed nothing.
func certain(err error) bool {
	switch errs.KindOf(err) {
	case errs.Unavailable, errs.Internal, errs.TooMany:
		for _, code := range Untouched {
			if errs.CodeOf(err) == code {
				return true
			}
		}
		return false
	}
	return true
}

// State is where a span stands.
type State string

// The states.
const (
	Asked    State = "asked"    // the recorder has not answered yet
	Open     State = "open"     // it is paused, and the field is open
	Failed   State = "failed"   // it said no, and recorded on
	Leaving  State = "leaving"  // the capture is over; the recorder has not said that it goes on
	Settling State = "settling" // it goes on; since a word was never answered it is told once more
	Closed   State = "closed"   // it goes on recording
)

// Span is a capture: which field, from when to when, why it ended, and what the recorder said. It holds no value.
type Span struct {
	ID          string // cap_…
	Interaction string
	Controller  string
	Subject     string
	Staff       string
	Field       string
	State       State
	Reason      string // code of why it ended
	Code        string // of the recorder's last failure
	Attempts    int64  // at having it go on
	Asked       time.Time
	Paused      time.Time // when it acknowledged; zero: never
	Until       time.Time // the capture ends by itself
	Left        time.Time
	Resumed     time.Time // when it acknowledged that it goes on
}

// backoff is how long to wait after the nth attempt at having a recorder go on.
func backoff(n int64) time.Duration {
	return min(5*time.Second<<min(max(n-1, 0), 5), time.Minute)
}

// Reasons of an end.
const (
	Saved     = "recorder.saved"
	Cancelled = "recorder.cancelled"
	TimeOver  = "recorder.time_over"
	moved     = "recorder.contact_moved"
	stopped   = "recorder.interrupted"
)

// Refusals of this room.
var (
	errUnset     = errs.New(errs.Denied, "recorder.unset")
	errNoLeg     = errs.New(errs.Denied, "recorder.no_leg")
	errSilent    = errs.New(errs.Unavailable, "recorder.silent")
	errRefused   = errs.New(errs.Unavailable, "recorder.refused")
	errBusy      = errs.New(errs.Conflict, "recorder.busy")
	errSpent     = errs.New(errs.TooMany, "recorder.spent")
	errResuming  = errs.New(errs.Conflict, "recorder.resuming")
	errNotOpen   = errs.New(errs.Denied, "recorder.not_open")
	errElsewhere = errs.New(errs.Denied, "recorder.other_field")
	errMoved     = errs.New(errs.Conflict, moved)
	errLate      = errs.New(errs.Unavailable, "recorder.late")
	errGone      = errs.New(errs.NotFound, "recorder.call_gone")
	errUnasked   = errs.New(errs.Unavailable, "recorder.unreachable")
	errSaysNo    = errs.New(errs.Denied, "recorder.says_no")
)

// Package verification finds out how strongly the person on the line has proved to be the
// customer, and lets the customer find out who is on the line.
//
// The customer page: a signed link is sent to a contact that has been registered long
// enough, by mail, message or into the company's app; on it the customer sees which company
// is talking with them, the agent's first name, for what purpose and who called whom, and
// types the two-digit number that the agent reads out, or says no, or says that somebody
// else is calling. Account history: the agent types what the caller answers, and learns
// match or no match, never the value. A call back: the exchange reports that we called a
// number which has been registered for long. What everybody knows (birth date, mother's
// name, NIK), a voice, and an agent's opinion give nothing. Nobody reads a code to an
// agent: banks teach the public never to do that, and we do not teach the opposite.
//
// Levels: V0 nothing; V1 a subject is bound; V2 verified; V3 strongly verified; V4 a second
// member of staff decided on top, and an old contact was told and did not object. Which proof
// gives which, over contacts of what age, and which signal closes the way, are data: package
// method below, with its file. Signals (SIM changed, spoofed number, third call today,
// suspect voice) only ever lower or ask for more; a source that reports none, or that does
// not answer, raises nothing.
//
// A level is a grant: for one interaction and one subject, with its methods and its end.
// It decays after 30 minutes; a hold of more than 5 minutes, "another person is now
// speaking", a disconnect and a transfer without its signed grant end it at once (the
// interaction keeps the moment, RightsSince, and grants older than that are worth nothing).
//
// Limits that protect and limits that would harm: three failed compares in 24 hours, over
// all agents and channels, close comparing for that customer, because somebody is
// guessing. The customer page is never closed, only slowed, because a lock would let
// anybody who knows a telephone number shut its owner out.
//
// Residual risk, said openly: a customer who is deceived into typing the right number
// for a caller who relays it is verified. The page says who called whom and the number
// forces them to be in the same conversation; the "somebody called me" button freezes the
// call afterwards too; the customer sees on the page what was seen.
//
// Serves UU PDP articles 35 and 39 and the procedure's verification chapter; levels and
// decay are those of the call-center notes, section 8.1.
package verification

import (
	"time"

	"github.com/amanah-id/amanah/internal/verification/method"
)

// The levels.
const (
	V0 = 0 // nothing
	V1 = 1 // identified: a subject is bound
	V2 = 2 // verified
	V3 = 3 // strongly verified
	V4 = 4 // and a second member of staff decided, and the customer was told
)

// The clocks and counts of verification.
const (
	LevelLasts   = 30 * time.Minute // a proof decays after this
	LinkLasts    = 10 * time.Minute // a link can be answered this long
	PageLasts    = 24 * time.Hour   // and its page shows what was seen this long
	LockWindow   = 24 * time.Hour   // failed compares are counted over this
	LockAfter    = 3                // failed compares per subject
	HistoryAsked = 3                // questions in one interaction
	LinkWindow   = 10 * time.Minute
	LinksPerCall = 3 // links in LinkWindow for one interaction
	// LinksPerOwner is how many for one subject over all interactions.
	LinksPerOwner = 10
)

// Grant is a level that was reached.
type Grant struct {
	ID          string
	Interaction string
	Subject     string
	Level       int
	Methods     []string // the words of method.Words
	Granted     time.Time
	Expires     time.Time
}

// LevelNow is what grants are worth at this moment, with signals that were reported since: a
// signal lowers what was reached before it came, exactly as if it had come first.
func LevelNow(r *method.Rules, grants []Grant, signals []string, now time.Time) (level int, until time.Time) {
	level = V1
	for _, g := range grants {
		if !now.Before(g.Expires) {
			continue
		}
		l := min(g.Level, r.Level(method.Read(g.Methods, signals)))
		if l > level || l == level && l > V1 && g.Expires.After(until) {
			level, until = l, g.Expires
		}
	}
	return level, until
}

// State is where an attempt stands.
type State string

// The states of an attempt by link.
const (
	Sent      State = "sent"      // on its way to the registered contact
	Opened    State = "opened"    // the page is open in one browser
	Confirmed State = "confirmed" // the right number was typed
	Mismatch  State = "mismatch"  // a wrong number was typed
	Declined  State = "declined"  // the customer said no
	Denied    State = "denied"    // the customer said that somebody else is calling
	Expired   State = "expired"   // nobody answered in time
	Withdrawn State = "withdrawn" // a newer link took its place
)

// Answerable reports whether the customer can still answer.
func (s State) Answerable() bool { return s == Sent || s == Opened }

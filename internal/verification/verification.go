// Package verification finds out how strongly the person on the line has proved to be the
// customer, and lets the customer find out who is on the line.
//
// There are two ways to prove, and no others. The customer page: a signed link is sent to
// a contact that has been registered long enough; on it the customer sees which company is
// talking with them, the agent's first name, for what purpose and who called whom, and
// types the two-digit number that the agent reads out, or says no, or says that somebody
// else is calling. And account history: the agent types what the caller answers, and
// learns match or no match, never the value. What everybody knows (birth date, mother's
// name, NIK), a voice, and an agent's opinion give nothing. Nobody reads a code to an
// agent: banks teach the public never to do that, and we do not teach the opposite.
//
// Levels: V0 nothing; V1 a subject is bound; V2 one proof of possession on a contact
// registered at least 7 days ago, or two history answers while the caller's number is the
// customer's and the SIM is not known to have changed; V3 possession with the number
// matched on a contact registered at least 30 days ago, and a history answer, and no risk
// reported. Signals (SIM changed, spoofed number, suspect voice) only ever lower; a source
// that reports no signals raises nothing.
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
	"slices"
	"strings"
	"time"
)

// The levels.
const (
	V0 = 0 // nothing
	V1 = 1 // identified: a subject is bound
	V2 = 2 // verified
	V3 = 3 // strongly verified
)

// The clocks and counts of verification.
const (
	LevelLasts    = 30 * time.Minute   // a proof decays after this
	LinkLasts     = 10 * time.Minute   // a link can be answered this long
	PageLasts     = 24 * time.Hour     // and its page shows what was seen this long
	LockWindow    = 24 * time.Hour     // failed compares are counted over this
	LockAfter     = 3                  // failed compares per subject
	ContactAgeV2  = 7 * 24 * time.Hour // a contact younger than this proves nothing
	ContactAgeV3  = 30 * 24 * time.Hour
	HistoryAsked  = 3 // questions in one interaction
	HistoryNeeded = 2 // of them, without a link
	LinkWindow    = 10 * time.Minute
	LinksPerCall  = 3  // links in LinkWindow for one interaction
	LinksPerOwner = 10 // and for one subject over all interactions
)

// Method is a way to prove.
type Method string

// The methods.
const (
	ByLink    Method = "link"    // the customer page
	ByHistory Method = "history" // questions from the account's history
)

// Evidence is what was proved in one interaction for one subject, still valid now.
type Evidence struct {
	Bound    bool // a subject is bound
	Link     bool // the page was answered with the right number
	Contact  string
	Age      time.Duration // how long the contact had been registered when it answered
	History  int           // different history items matched
	CLIMatch bool          // the caller's number is one of the customer's
	Risks    []string
}

// SIMBound reports whether proof through this contact hangs on a SIM card.
func SIMBound(contact string) bool { return contact != "email" }

// LevelOf says which level evidence reaches, and by which methods. It is the whole rule:
// pure, and the only place where a level comes from.
func LevelOf(e Evidence) (level int, methods []string) {
	if !e.Bound {
		return V0, nil
	}
	level = V1
	sim := slices.Contains(e.Risks, "sim_changed")
	possession := e.Link && e.Age >= ContactAgeV2 && !(sim && SIMBound(e.Contact))
	switch {
	case possession && e.Age >= ContactAgeV3 && e.History >= 1 && len(e.Risks) == 0:
		return V3, []string{"link:" + e.Contact, string(ByHistory)}
	case possession:
		return V2, []string{"link:" + e.Contact}
	case e.History >= HistoryNeeded && e.CLIMatch && !sim && !slices.Contains(e.Risks, "number_spoofed"):
		return V2, []string{string(ByHistory), "number"}
	}
	return level, nil
}

// Grant is a level that was reached.
type Grant struct {
	ID          string
	Interaction string
	Subject     string
	Level       int
	Methods     []string
	Granted     time.Time
	Expires     time.Time
}

// LevelNow is what grants are worth at this moment, with risks that were reported since:
// a signal lowers what was reached before it came, exactly as if it had come first.
func LevelNow(grants []Grant, risks []string, now time.Time) (level int, until time.Time) {
	level = V1
	sim := slices.Contains(risks, "sim_changed")
	spoofed := slices.Contains(risks, "number_spoofed")
	for _, g := range grants {
		if !now.Before(g.Expires) {
			continue
		}
		l := g.Level
		if l == V3 && len(risks) > 0 {
			l = V2
		}
		contact, byLink := "", false
		for _, m := range g.Methods {
			if c, ok := strings.CutPrefix(m, "link:"); ok {
				contact, byLink = c, true
			}
		}
		switch {
		case byLink && sim && SIMBound(contact):
			l = V1
		case !byLink && (sim || spoofed):
			l = V1
		}
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

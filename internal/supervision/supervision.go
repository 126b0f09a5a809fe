// Package supervision is how supervisors stand beside their agents: they see which contacts are live and how each stands,
// decide what needs a second person, hear of silent alarms, and listen in with a reason.
//
// The list holds ids and words of ours: who serves, since when, how strongly the caller is verified, how many fields were
// opened. It holds nothing of a customer. It is pushed at most once in Pace and works without a script as well. That
// somebody watches is in the log: one entry for each opening of the list and controller, and one more when an open list was
// away for longer than Away.
//
// The silent alarm. An agent under threat presses one key; the answer is that of a heartbeat, so that nothing on the screen
// tells; only the count of what is left is nought when the screen is next drawn. From that commit on the agent's budget of
// reveals and of searches counts as spent, for AlarmLasts or until a supervisor settles the alarm. A spent budget was chosen
// because it is what an agent meets on an ordinary day: the refusal has its ordinary sentence, the agent did not refuse and
// cannot lift it, and there is nothing to gain from pressing harder. Masks, notes and talking go on, so that the screen stays what it was. Only supervisors of the controller are told;
// whoever pressed does not settle his own alarm.
//
// Listening in is an access like any other: a live contact of an own controller, a stated reason, an entry in the customer's
// trail before the exchange is told (by ids alone), and the agent sees that somebody listens unless the deployment says
// otherwise. A protected person's contact needs a second supervisor, also where who it is comes to light later. It ends by
// key, with the contact, or when whoever listens takes the contact over; the audio itself never passes through here.
//
// What it refuses: contacts of another controller, which do not exist here; listening to one's own contact; settling twice.
//
// Serves UU PDP articles 35 to 39 (protection and supervision of those who process).
package supervision

import (
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// The clocks of the room.
const (
	Pace       = time.Second      // the list is pushed no more often
	Look       = 5 * time.Second  // and at least this often, for what nobody is told of
	Away       = time.Minute      // a list that was away for longer is opened anew
	OnDuty     = 2 * time.Minute  // who looked at the list within this is on duty
	Shows      = 20 * time.Second // how long an opened value is on the agent's screen
	AlarmLasts = 8 * time.Hour    // a silent alarm holds reveals and searches for no longer than a shift
	ListenAsks = time.Minute      // a second supervisor has this long to answer
)

// Standing is how a contact stands, as the list says it.
type Standing string

// The standings, the gravest first.
const (
	Alarmed    Standing = "alarmed"    // the agent pressed the silent alarm
	Wanted     Standing = "wanted"     // a decision is waited for
	Silent     Standing = "silent"     // the desk does not beat
	Capturing  Standing = "capturing"  // the recorder is paused while the agent types
	Revealing  Standing = "revealing"  // a value is open on the screen
	Paused     Standing = "paused"     // on hold
	Unverified Standing = "unverified" // talking; nobody has proved anything
	Verified   Standing = "verified"   // talking, V2 or more
	Ringing    Standing = "ringing"
	Closing    Standing = "closing" // in wrap-up
)

// Standings lists them, for the texts.
func Standings() []Standing {
	return []Standing{Alarmed, Wanted, Silent, Capturing, Revealing, Paused, Unverified, Verified, Ringing, Closing}
}

// Stand says how a contact stands.
func Stand(v interaction.View, alarmed, wanted bool, opened, now time.Time) Standing {
	switch {
	case alarmed:
		return Alarmed
	case wanted:
		return Wanted
	case v.State == interaction.Offered:
		return Ringing
	case v.State == interaction.Wrapup:
		return Closing
	case v.State == interaction.Held:
		return Paused
	case !v.Fresh:
		return Silent
	case v.State == interaction.Capture:
		return Capturing
	case !opened.IsZero() && now.Sub(opened) < Shows:
		return Revealing
	case v.Level >= 2:
		return Verified
	}
	return Unverified
}

// Row is a contact in the list.
type Row struct {
	interaction.View
	Standing  Standing
	Name      string // of who serves it
	Opened    int    // fields revealed in it
	Listeners int
	Listening bool // the reader listens
}

// Kind is what an Alert is about.
type Kind string

// The kinds of this room; other rooms may have more, with a text supervision.alert_<kind>.
const (
	Duress Kind = "duress" // the silent alarm
	Frozen Kind = "frozen" // the customer said that somebody else is calling
)

// Alert is something that supervisors must look at. It holds ids.
type Alert struct {
	ID          string // empty for what another room settles in its own way
	Kind        Kind
	Interaction string // may be empty
	Controller  string
	Staff       string // may be empty
	Name        string // of Staff
	At          time.Time
	To          string // path where more is known; may be empty
}

// Refusals of this room.
var (
	errUnknown    = errs.New(errs.NotFound, "interaction.unknown")
	errNotAllowed = errs.New(errs.Denied, "supervision.not_allowed")
	errAlert      = errs.New(errs.NotFound, "supervision.alert_unknown")
	errSettled    = errs.New(errs.Conflict, "supervision.settled")
	errOwnAlarm   = errs.New(errs.Denied, "supervision.own_alarm")
	errReason     = errs.New(errs.Invalid, "supervision.reason")
	errOwnContact = errs.New(errs.Denied, "supervision.own_contact")
	errNotLive    = errs.New(errs.Conflict, "supervision.not_live")
	errListens    = errs.New(errs.Conflict, "supervision.listens_already")
	errListensNot = errs.New(errs.Conflict, "supervision.listens_not")
)

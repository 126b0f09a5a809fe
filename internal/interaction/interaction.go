// Package interaction holds one contact between a customer and the call center, from the
// ring to the seal: a call, a chat or an e-mail.
//
// It is the ground most rights stand on. No live interaction means no personal data,
// whatever the role: the gate reads Facts from here, in its own transaction, and refuses
// when the call is not live, not this agent's, or its heartbeat is older than
// HeartbeatLimit. An interaction is for one controller, is served by one agent at a time,
// has one purpose (chosen when the caller is greeted; a change is written down) and, once
// the caller is identified, one bound subject.
//
// Rules it keeps:
//
//   - The states and their exits are those of Next, a pure function; nothing else moves an
//     interaction, and every move appends one audit entry in the same transaction.
//   - Rights end at hold, transfer, disconnect, wrap-up, seal, refusal and freeze, and when
//     the desk stops beating. What was verified before the moment RightsSince counts for
//     nothing afterwards.
//   - A capture is a state of its own, entered only once the recorder has said that it is paused. Whatever
//     leads out of it, a hold of the exchange or an end too, tells the room that looks after the recorder, in
//     the same transaction. The agent's own hold and transfer are refused while it lasts.
//   - News from telephony (CloudEvents 1.0) may come late, twice, out of order or never.
//     It may then only lower rights, never raise them: see Contact.Apply.
//   - The caller's number is personal data of somebody who is not known yet. It is used at
//     the moment of the ring to find who it may be and is then thrown away; what stays, a
//     masked form sealed under the staff key and a keyed hash to count repeated calls, is
//     deleted when the interaction ends.
//
// Serves UU PDP articles 35 and 39 (protection against unlawful access) and the procedure's
// collection and use chapters; the states come from the call-center notes, section 8.1.
package interaction

import "time"

// State is where an interaction stands.
type State string

// The states. Refused, Frozen, Abandoned and Sealed are ends.
const (
	Offered    State = "offered"    // ringing; nobody has taken it
	Connected  State = "connected"  // an agent talks with somebody not yet known
	Identified State = "identified" // a subject is bound by claim or by number: V1
	Verifying  State = "verifying"  // proof has been asked for
	Serving    State = "serving"    // the agent works for the customer
	Capture    State = "capture"    // the agent types what the customer gives while the recorder is paused
	Held       State = "held"       // the customer hears music, or a transfer waits
	Wrapup     State = "wrapup"     // the line is closed; facts and disposition are written
	Sealed     State = "sealed"     // over; every right is revoked
	Refused    State = "refused"    // the agent declined to serve
	Frozen     State = "frozen"     // the customer said somebody else is calling
	Abandoned  State = "abandoned"  // nobody took it
)

// States lists every state in the order of a good call, ends last.
func States() []State {
	return []State{Offered, Connected, Identified, Verifying, Serving, Capture, Held, Wrapup,
		Sealed, Refused, Frozen, Abandoned}
}

// Ended reports whether no move leaves the state.
func (s State) Ended() bool {
	return s == Sealed || s == Refused || s == Frozen || s == Abandoned
}

// Talking reports whether customer and agent are on the line together: the states in
// which an agent may have any right at all, before the level is looked at.
func (s State) Talking() bool {
	switch s {
	case Connected, Identified, Verifying, Serving, Capture:
		return true
	}
	return false
}

// OnLine reports whether the customer is there, be it on hold.
func (s State) OnLine() bool { return s.Talking() || s == Held }

// InService reports whether verified rights may be used. While data is captured the gate leaves few of them.
func (s State) InService() bool { return s == Serving || s == Capture }

// Move is one step an interaction can take.
type Move string

// The moves.
const (
	Accept       Move = "accept"      // an agent takes the ring
	Identify     Move = "identify"    // a subject is bound
	Verify       Move = "verify"      // a proof is asked for
	Unverify     Move = "unverify"    // no proof came
	Serve        Move = "serve"       // a proof came, or the agent goes on without one
	StartCapture Move = "capture"     // the recorder has said that it is paused
	StopCapture  Move = "capture_end" // the capture is over; the recorder is told to go on
	Hold         Move = "hold"        // customer on hold, or handed to a colleague
	Resume       Move = "resume"      // back from hold
	Lower        Move = "lower"       // another person speaks, or a doubt: back to identified
	Disconnect   Move = "disconnect"  // the line is closed
	Seal         Move = "seal"        // wrap-up is done
	Refuse       Move = "refuse"      // declined
	Freeze       Move = "freeze"      // attack reported
)

// Moves lists every move.
func Moves() []Move {
	return []Move{Accept, Identify, Verify, Unverify, Serve, StartCapture, StopCapture, Hold, Resume, Lower, Disconnect, Seal, Refuse, Freeze}
}

// Position is a state together with the state that a hold returns to.
type Position struct {
	State State
	Back  State // set only while Held
}

// Next says where a move leads. ok is false when the move is not possible from there;
// the position is then unchanged. It is the whole state machine: pure, without clock or
// rights (who may make a move is the service's question).
func Next(p Position, m Move) (to Position, ok bool) {
	if p.State.Ended() {
		return p, false
	}
	at := func(s State) (Position, bool) { return Position{State: s}, true }
	switch m {
	case Accept:
		if p.State == Offered {
			return at(Connected)
		}
	case Identify:
		if p.State == Connected || p.State == Identified || p.State == Verifying {
			return at(Identified)
		}
	case Verify:
		switch p.State {
		case Identified:
			return at(Verifying)
		case Verifying, Serving, Capture:
			return p, true // a step-up does not interrupt the service
		}
	case Unverify:
		switch p.State {
		case Verifying:
			return at(Identified)
		case Serving, Capture:
			return p, true
		}
	case Serve:
		switch p.State {
		case Identified, Verifying:
			return at(Serving)
		case Serving, Capture:
			return p, true
		}
	case StartCapture:
		if p.State == Serving {
			return at(Capture)
		}
	case StopCapture:
		if p.State == Capture {
			return at(Serving)
		}
	case Hold:
		switch p.State {
		case Connected, Identified, Verifying, Serving:
			return Position{State: Held, Back: p.State}, true
		case Capture: // a capture does not wait: whoever comes back begins it again
			return Position{State: Held, Back: Serving}, true
		}
	case Resume:
		if p.State == Held {
			return at(p.Back)
		}
	case Lower:
		switch p.State {
		case Identified, Verifying, Serving, Capture:
			return at(Identified)
		case Connected:
			return p, true
		case Held:
			if p.Back != Connected {
				p.Back = Identified
			}
			return p, true
		}
	case Disconnect:
		switch p.State {
		case Offered:
			return at(Abandoned)
		case Wrapup:
		default:
			return at(Wrapup)
		}
	case Seal:
		if p.State == Wrapup {
			return at(Sealed)
		}
	case Refuse:
		if p.State != Wrapup {
			return at(Refused)
		}
	case Freeze:
		if p.State != Offered {
			return at(Frozen)
		}
	}
	return p, false
}

// Channel is how the customer and the call center talk.
type Channel string

// The channels.
const (
	Phone Channel = "phone"
	Chat  Channel = "chat"
	Email Channel = "email"
)

// Known reports whether the channel is one of the three.
func (c Channel) Known() bool { return c == Phone || c == Chat || c == Email }

// Direction says who made contact.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"  // the customer contacted us
	Outbound Direction = "outbound" // we contacted the customer
)

// Known reports whether the direction is one of the two.
func (d Direction) Known() bool { return d == Inbound || d == Outbound }

// The clocks of an interaction.
const (
	HeartbeatEvery = 5 * time.Second  // how often the desk's script beats
	HeartbeatLimit = 15 * time.Second // older than this, the interaction is not live
	HeartbeatLost  = time.Minute      // older than this, the interaction goes to wrap-up by itself
	HoldLimit      = 5 * time.Minute  // a longer hold loses the level
	RingLimit      = 10 * time.Minute // an unanswered ring is abandoned
	WrapupLimit    = 30 * time.Minute // a forgotten wrap-up is sealed
	TransferLimit  = time.Minute      // the colleague has this long to take the level over
)

// Facts is what others may know of an interaction in order to decide: no personal data.
type Facts struct {
	ID          string
	State       State
	Back        State
	Controller  string
	Agent       string // staff id of who serves it; empty while ringing or released
	Purpose     string // purpose id; empty until chosen
	Language    string // id or en
	Channel     Channel
	Direction   Direction
	Subject     string // empty until identified
	CLIMatch    bool   // the number that a telephone call came from, or went to, is one of the subject's
	Risks       []string
	Beat        time.Time // last heartbeat; zero if none
	RightsSince time.Time // proofs older than this count for nothing
	HeldSince   time.Time // zero unless held
	Started     time.Time
}

// Fresh reports whether the desk has beaten within HeartbeatLimit before now.
func (f Facts) Fresh(now time.Time) bool {
	return !f.Beat.IsZero() && now.Sub(f.Beat) < HeartbeatLimit
}

// Open reports whether customer and agent are connected and the desk is alive: enough for
// what needs no verification (public information, taking a message, identifying).
func (f Facts) Open(now time.Time) bool { return f.State.Talking() && f.Fresh(now) }

// Live reports whether verified rights may be used: in service, and the desk is alive.
func (f Facts) Live(now time.Time) bool { return f.State.InService() && f.Fresh(now) }

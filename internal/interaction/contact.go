package interaction

// EventKind is what a telephony event says happened to a contact: the type attribute of
// the CloudEvent.
type EventKind string

// The kinds acted on. Others are accepted, remembered as seen, and change nothing.
const (
	ContactOffered     EventKind = "contact.offered"
	ContactConnected   EventKind = "contact.connected"
	ContactHeld        EventKind = "contact.held"
	ContactResumed     EventKind = "contact.resumed"
	ContactTransferred EventKind = "contact.transferred"
	ContactEnded       EventKind = "contact.ended"
	ContactWrapup      EventKind = "contact.wrapup"
)

// Contact is what the events of one contact, and the desk, have made of it. Sequence
// numbers are the source's own, counted per contact.
type Contact struct {
	Position
	Agent         string // empty when nobody holds it
	LastSequence  int64  // highest sequence seen
	HoldSequence  int64  // sequence of the hold or resume last applied
	AgentSequence int64  // sequence of the connect or transfer last applied
}

// Effect is what an event did beyond the position.
type Effect struct {
	Applied bool // the position or the agent changed
	Void    bool // whatever was verified before counts for nothing now
}

// Apply takes one event that was not seen before (duplicates are the caller's to drop).
//
// An event is in order when its sequence follows the last one seen without a gap. Only an
// event in order may raise anything: connect an agent, resume from hold. A gap means that
// something was lost or is late, and what was lost may have been a hold or a change of
// person, so the level is void from that moment. A late event is taken only where it
// lowers: an end always; a hold or a transfer when nothing newer of its sort was applied;
// a connect that names another agent releases the present one.
//
// The result: for any order, any duplication, and any loss that a later event makes
// visible, rights are never more than those of the full run in order. A lost last event
// cannot be seen from events; the heartbeat, and the same agent's next call, end it.
func (c Contact) Apply(kind EventKind, sequence int64, agent string) (Contact, Effect) {
	inOrder := sequence == c.LastSequence+1
	late := sequence <= c.LastSequence
	if !late {
		c.LastSequence = sequence
	}
	var e Effect
	if c.State.Ended() || c.State == Wrapup {
		return c, e
	}
	e.Void = !inOrder && c.State != Offered
	release := func() {
		if to, ok := Next(c.Position, Hold); ok {
			c.Position = to
		}
		c.Agent, e.Applied, e.Void = "", true, true
	}
	switch kind {
	case ContactConnected:
		switch {
		case sequence <= c.AgentSequence:
		case !inOrder:
			if c.Agent != "" && c.Agent != agent {
				c.AgentSequence = sequence
				release()
			}
		case agent == "": // the source does not know our staff: the desk accepts by hand
		case c.State == Offered:
			c.Position, _ = Next(c.Position, Accept)
			c.Agent, c.AgentSequence, e.Applied = agent, sequence, true
		case c.Agent != agent:
			// A new person on our side brings no proof along, and takes the customer over by
			// hand: until then it is a hold.
			release()
			c.Position, _ = Next(c.Position, Lower)
			c.Agent, c.AgentSequence = agent, sequence
		}
	case ContactHeld:
		if sequence > c.HoldSequence {
			c.HoldSequence = sequence
			if to, ok := Next(c.Position, Hold); ok {
				c.Position, e.Applied = to, true
			}
		}
	case ContactResumed:
		if inOrder && c.Agent != "" {
			c.HoldSequence = sequence
			if to, ok := Next(c.Position, Resume); ok {
				c.Position, e.Applied = to, true
			}
		}
	case ContactTransferred:
		if sequence > c.AgentSequence && c.State != Offered {
			c.AgentSequence = sequence
			release()
		}
	case ContactEnded, ContactWrapup:
		c.Position, e.Applied = mustNext(c.Position, Disconnect), true
		e.Void = true
	}
	return c, e
}

func mustNext(p Position, m Move) Position {
	to, _ := Next(p, m)
	return to
}

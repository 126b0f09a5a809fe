package interaction

import (
	"cmp"
	"slices"
)

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
	// ContactDoubt says that the source lost sight of the contact for a while: what was
	// verified before counts for nothing, and nothing else changes.
	ContactDoubt EventKind = "contact.doubt"
)

// Heard is one event of a contact as it is kept: no value of anybody in it.
type Heard struct {
	Kind     EventKind
	Sequence int64
	Agent    string
	// Loose says that the source's numbers only grow (a time of day): what was lost between
	// two of them cannot be seen. Otherwise they count, and a missing one is a loss.
	Loose bool
}

// Contact is what the events of one contact, and the desk, have made of it. Sequence
// numbers are the source's own, counted per contact.
type Contact struct {
	Position
	Agent         string // empty when nobody holds it
	LastSequence  int64  // highest sequence seen; unoffered while the offer is missing
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
// An event is in order when its sequence follows the last one seen, without a gap where the
// source counts. Only an event in order may raise anything: connect an agent, resume from hold. A gap means that
// something was lost or is late, and what was lost may have been a hold or a change of
// person, so the level is void from that moment. A late event is taken only where it
// lowers: an end always; a hold or a transfer when nothing newer of its sort was applied;
// a connect that names another agent releases the present one.
//
// The result: for any order, any duplication, and any loss that a later event makes
// visible, rights are never more than those of the full run in order. A lost last event
// cannot be seen from events; the heartbeat, and the same agent's next call, end it.
func (c Contact) Apply(h Heard) (Contact, Effect) {
	kind, sequence, agent := h.Kind, h.Sequence, h.Agent
	inOrder := c.follows(h)
	late := sequence <= c.LastSequence
	if !late && c.LastSequence != unoffered {
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
			// A hold from before the present person was connected is over.
			if to, ok := Next(c.Position, Hold); ok && sequence > c.AgentSequence {
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
	case ContactDoubt:
		e.Void = c.State != Offered
	}
	return c, e
}

// follows reports whether an event is in order.
func (c Contact) follows(h Heard) bool {
	return c.LastSequence != unoffered && (h.Sequence == c.LastSequence+1 || h.Loose && h.Sequence > c.LastSequence)
}

// unoffered is the LastSequence of a contact whose offer has not come: it rings for people,
// no event is in order, and none raises anything.
const unoffered = -1

// Settles reports whether an event may be the one that was missing, so that those heard
// before must be looked at again.
func (c Contact) Settles(h Heard) bool {
	return c.LastSequence == unoffered || h.Sequence <= c.LastSequence
}

// Replay is what the events of a contact, taken in the order of their numbers, make of it.
// whole is false when something is missing: the offer, or a number that the source counted.
func Replay(heard []Heard) (c Contact, whole bool) {
	heard = slices.Clone(heard)
	slices.SortFunc(heard, func(a, b Heard) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Agent, b.Agent))
	})
	c = Contact{Position: Position{State: Offered}}
	if len(heard) == 0 || heard[0].Kind != ContactOffered {
		return c, false
	}
	c.LastSequence = heard[0].Sequence
	for _, h := range heard[1:] {
		if h.Sequence > c.LastSequence && !c.follows(h) {
			return c, false
		}
		c, _ = c.Apply(h)
	}
	return c, true
}

// Converge brings a contact, whose missing event has just come, to where the events in
// order have led; what the people at the desk did since stands, but for a hold. So the order
// in which events arrive decides what is proved anew, and not where the contact ends.
// changed says that the events without this one led elsewhere.
func (c Contact) Converge(to Contact, changed bool) (Contact, Effect) {
	from := c
	moved := changed || to.HoldSequence > c.HoldSequence || to.AgentSequence > c.AgentSequence
	c.LastSequence = to.LastSequence
	newer := to.AgentSequence > c.AgentSequence || c.Agent == "" && to.Agent != ""
	c.HoldSequence, c.AgentSequence = max(c.HoldSequence, to.HoldSequence), max(c.AgentSequence, to.AgentSequence)
	switch over := to.State.Ended() || to.State == Wrapup; {
	case c.State == Abandoned && to.State == Wrapup, c.State == Offered:
		// Nobody at the desk has done anything: the ring was taken after all.
		c.Position, c.Agent = to.Position, to.Agent
	case c.State == Wrapup && over && newer:
		c.Agent = to.Agent
	case c.State == Wrapup || c.State.Ended():
	case over:
		c.Position = mustNext(c.Position, Disconnect)
	default:
		if to.Agent != c.Agent && newer {
			// A new person on our side takes the customer over by hand, as in order.
			c.Position = mustNext(mustNext(c.Position, Hold), Lower)
			c.Agent, moved = to.Agent, true
		}
		switch {
		case to.State == Held:
			c.Position = mustNext(c.Position, Hold)
		case c.State == Held && to.State.Talking() && moved && c.Agent != "":
			c.Position = mustNext(c.Position, Resume)
		}
	}
	return c, Effect{Applied: c.Position != from.Position || c.Agent != from.Agent}
}

// Listen takes one event that was not seen before, with those that were: Apply, and
// Converge once nothing is missing any more.
func (c Contact) Listen(before []Heard, h Heard) (Contact, Effect) {
	next, effect := c.Apply(h)
	if !c.Settles(h) {
		return next, effect
	}
	if to, whole := Replay(append(slices.Clone(before), h)); whole {
		// What Apply did in doubt is taken back, for there is none; what it voided is not.
		was, known := Replay(before)
		next, more := c.Converge(to, known && was.State != to.State)
		return next, Effect{Applied: more.Applied, Void: effect.Void}
	}
	return next, effect
}

func mustNext(p Position, m Move) Position {
	to, _ := Next(p, m)
	return to
}

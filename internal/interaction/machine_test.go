package interaction

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryMoveLeadsWhereTheProcedureSaysAndNowhereElse(t *testing.T) {
	// from -> move -> to; what is not listed is impossible.
	want := map[State]map[Move]State{
		Offered:    {Accept: Connected, Disconnect: Abandoned, Refuse: Refused},
		Connected:  {Identify: Identified, Hold: Held, Lower: Connected, Disconnect: Wrapup, Refuse: Refused, Freeze: Frozen},
		Identified: {Identify: Identified, Verify: Verifying, Serve: Serving, Hold: Held, Lower: Identified, Disconnect: Wrapup, Refuse: Refused, Freeze: Frozen},
		Verifying:  {Identify: Identified, Verify: Verifying, Unverify: Identified, Serve: Serving, Hold: Held, Lower: Identified, Disconnect: Wrapup, Refuse: Refused, Freeze: Frozen},
		Serving:    {Verify: Serving, Unverify: Serving, Serve: Serving, StartCapture: Capture, Hold: Held, Lower: Identified, Disconnect: Wrapup, Refuse: Refused, Freeze: Frozen},
		Capture:    {Verify: Capture, Unverify: Capture, Serve: Capture, StopCapture: Serving, Hold: Held, Lower: Identified, Disconnect: Wrapup, Refuse: Refused, Freeze: Frozen},
		Held:       {Resume: Serving, Lower: Held, Disconnect: Wrapup, Refuse: Refused, Freeze: Frozen},
		Wrapup:     {Seal: Sealed, Freeze: Frozen},
		Sealed:     {}, Refused: {}, Frozen: {}, Abandoned: {},
	}
	for _, from := range States() {
		for _, m := range Moves() {
			p := Position{State: from}
			if from == Held {
				p.Back = Serving
			}
			to, ok := Next(p, m)
			wantTo, wantOK := want[from][m]
			if ok != wantOK || ok && to.State != wantTo {
				t.Errorf("%s --%s--> %s (%v), want %s (%v)", from, m, to.State, ok, wantTo, wantOK)
			}
			if !ok && to != p {
				t.Errorf("%s --%s-->: a move that is impossible changed the position to %v", from, m, to)
			}
		}
	}
}

func TestAHoldReturnsWhereItCameFromAndDropsWhatWasUnderWay(t *testing.T) {
	for from, back := range map[State]State{Connected: Connected, Identified: Identified, Verifying: Verifying, Serving: Serving, Capture: Serving} {
		held, ok := Next(Position{State: from}, Hold)
		if !ok || held.State != Held || held.Back != back {
			t.Errorf("hold from %s: %v", from, held)
		}
		if to, _ := Next(held, Resume); to != (Position{State: back}) {
			t.Errorf("resume after a hold from %s: %v", from, to)
		}
		lowered, _ := Next(held, Lower)
		if back != Connected && lowered.Back != Identified {
			t.Errorf("another person speaks during a hold from %s: returns to %s", from, lowered.Back)
		}
	}
}

func TestNoSequenceOfMovesReachesServiceWithoutASubject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, identified := Position{State: Offered}, false
		for _, m := range rapid.SliceOfN(rapid.SampledFrom(Moves()), 0, 30).Draw(t, "moves") {
			to, ok := Next(p, m)
			if ok && m == Identify {
				identified = true
			}
			p = to
			if (p.State.InService() || p.State == Held && p.Back.InService()) && !identified {
				t.Fatalf("%s without anybody identified", p.State)
			}
			if ok && p.State.Ended() {
				for _, again := range Moves() {
					if _, more := Next(p, again); more {
						t.Fatalf("%s --%s--> leads on from an end", p.State, again)
					}
				}
			}
		}
	})
}

// step is one thing that happens to a contact in a property run: an event, or (sequence
// 0) something people do at the desk.
type step struct {
	kind     EventKind
	sequence int64
	agent    string
}

// right is what the person at each desk can do at the end.
type right struct {
	state State
	agent string
	void  bool // the level that was proved before the events is gone
}

// service is a contact in the middle of a verified call: the moment when there is most to lose.
func service() Contact {
	return Contact{Position: Position{State: Serving}, Agent: "A", LastSequence: 2, AgentSequence: 2}
}

func run(from Contact, events []step) right {
	void := false
	for _, e := range events {
		next, effect := from.Apply(Heard{Kind: e.kind, Sequence: e.sequence, Agent: e.agent})
		from, void = next, void || effect.Void
	}
	return right{from.State, from.Agent, void}
}

// worth orders what a person can do by state: an end and a hold give nothing.
func worth(s State) int {
	switch {
	case s.InService():
		return 2
	case s.Talking():
		return 1
	}
	return 0
}

// most reports whether got gives nobody more than want.
func atMost(got, want right) bool {
	if worth(got.state) == 0 {
		return true
	}
	// Somebody else than the ordered run says may not be served with anything proved before.
	if got.agent != want.agent {
		return got.agent == ""
	}
	if worth(got.state) > worth(want.state) && !(got.void && worth(want.state) > 0) {
		return false
	}
	return got.void || !want.void
}

func drawEvents(t *rapid.T) []step {
	kinds := []EventKind{ContactHeld, ContactResumed, ContactTransferred, ContactConnected, ContactEnded, "recording.paused"}
	var out []step
	for i, k := range rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 8).Draw(t, "kinds") {
		e := step{kind: k, sequence: int64(i + 3)}
		if k == ContactConnected {
			e.agent = rapid.SampledFrom([]string{"A", "B", ""}).Draw(t, "agent")
		}
		out = append(out, e)
	}
	return out
}

func TestReorderedAndRepeatedEventsNeverGiveMoreThanTheOrderedRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		ordered := run(service(), events)
		shuffled := slices.Clone(events)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		// The same event twice: the service drops it by source and id; here the copy has its
		// own id, which Apply must survive as well.
		for _, e := range events {
			if rapid.Bool().Draw(t, "twice") {
				shuffled = slices.Insert(shuffled, r.IntN(len(shuffled)+1), e)
			}
		}
		if got := run(service(), shuffled); !atMost(got, ordered) {
			t.Fatalf("ordered %+v gives %+v; %+v gives %+v", events, ordered, shuffled, got)
		}
	})
}

func TestLostEventsThatALaterOneRevealsNeverGiveMoreThanTheFullRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		full := run(service(), events)
		var kept []step
		for i, e := range events {
			if i == len(events)-1 || rapid.Bool().Draw(t, "kept") {
				kept = append(kept, e)
			}
		}
		got := run(service(), kept)
		if len(kept) < len(events) && !got.void && worth(got.state) > 0 {
			t.Fatalf("lost some of %+v and kept the level: %+v", events, got)
		}
		// A change of agent, a hold or an end that was lost is not known; then nothing proved
		// before may count, and that is what void says. What is known must be obeyed.
		if last := kept[len(kept)-1]; last.kind == ContactEnded && worth(got.state) > 0 {
			t.Fatalf("ended and still %s", got.state)
		}
		_ = full
	})
}

func TestAnEndEndsInAnyOrder(t *testing.T) {
	c := service()
	c, _ = c.Apply(Heard{Kind: ContactHeld, Sequence: 9, Agent: ""})
	c, e := c.Apply(Heard{Kind: ContactEnded, Sequence: 4, Agent: ""}) // late
	if c.State != Wrapup || !e.Applied || !e.Void {
		t.Fatalf("%v %v", c.State, e)
	}
	if next, e := c.Apply(Heard{Kind: ContactConnected, Sequence: 10, Agent: "B"}); next.State != Wrapup || e.Applied {
		t.Fatalf("an event after the end: %v %v", next.State, e)
	}
}

func TestAnEventOutOfOrderNeverConnectsAnybody(t *testing.T) {
	ringing := Contact{Position: Position{State: Offered}, LastSequence: 1}
	if c, _ := ringing.Apply(Heard{Kind: ContactConnected, Sequence: 3, Agent: "B"}); c.State != Offered || c.Agent != "" {
		t.Fatalf("connected over a gap: %v %q", c.State, c.Agent)
	}
	if c, _ := ringing.Apply(Heard{Kind: ContactConnected, Sequence: 2, Agent: "B"}); c.State != Connected || c.Agent != "B" {
		t.Fatalf("connected in order: %v %q", c.State, c.Agent)
	}
	if c, _ := ringing.Apply(Heard{Kind: ContactConnected, Sequence: 2, Agent: ""}); c.State != Offered {
		t.Fatalf("connected to nobody we know: %v", c.State)
	}
	if c, e := service().Apply(Heard{Kind: ContactConnected, Sequence: 5, Agent: "B"}); c.State != Held || c.Agent != "" || !e.Void {
		t.Fatalf("over a gap, somebody else: %v %q %v", c.State, c.Agent, e)
	}
	if c, e := service().Apply(Heard{Kind: ContactConnected, Sequence: 3, Agent: "B"}); c.State != Held || c.Back != Identified || c.Agent != "B" || !e.Void {
		t.Fatalf("in order, somebody else: %v %q %v", c.State, c.Agent, e)
	}
}

// listening is a contact as a service keeps it: made by the first event that makes one.
func listening(events []Heard) (c Contact, made bool) {
	var before []Heard
	for _, e := range events {
		if slices.Contains(before, e) {
			continue // seen before: the service drops it by source and id
		}
		switch {
		case made:
			c, _ = c.Listen(before, e)
		case e.Kind != ContactEnded && e.Kind != ContactWrapup:
			c, _ = Begin(append(slices.Clone(before), e))
			made = true
		}
		before = append(before, e)
	}
	return c, made
}

// Late, twice, or in any order: where telephony takes a contact depends on what happened alone.
func TestEventsInAnyOrderLeadToOneState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loose := rapid.Bool().Draw(t, "loose")
		kinds := []EventKind{ContactHeld, ContactResumed, ContactTransferred, ContactConnected, ContactDoubt, ContactOffered}
		events := []Heard{{Kind: ContactOffered, Sequence: 10, Loose: loose}}
		at := int64(10)
		for _, k := range rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 7).Draw(t, "kinds") {
			at++
			if loose {
				at += rapid.Int64Range(0, 5).Draw(t, "later")
			}
			e := Heard{Kind: k, Sequence: at, Loose: loose}
			if k == ContactConnected {
				e.Agent = rapid.SampledFrom([]string{"A", "B"}).Draw(t, "agent")
			}
			events = append(events, e)
		}
		if rapid.Bool().Draw(t, "ended") {
			events = append(events, Heard{Kind: ContactEnded, Sequence: at + 1, Loose: loose})
		}
		want, _ := listening(events)
		shuffled := slices.Clone(events)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, e := range events {
			if rapid.Bool().Draw(t, "twice") {
				shuffled = slices.Insert(shuffled, r.IntN(len(shuffled)+1), e)
			}
		}
		got, _ := listening(shuffled)
		if got.State != want.State || got.Agent != want.Agent {
			t.Fatalf("%+v\n gives %s %q; in order %s %q", shuffled, got.State, got.Agent, want.State, want.Agent)
		}
	})
}

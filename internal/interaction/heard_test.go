package interaction

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// permutations calls visit with every order of n things.
func permutations(n int, visit func(order []int)) {
	order := make([]int, n)
	var fill func(at int, used int)
	fill = func(at, used int) {
		if at == n {
			visit(order)
			return
		}
		for i := range n {
			if used&(1<<i) == 0 {
				order[at] = i
				fill(at+1, used|1<<i)
			}
		}
	}
	fill(0, 0)
}

// matchOf reads what became of the caller's number.
func (r *room) matchOf(itx string) (match string) {
	r.t.Helper()
	r.ok(r.d.Read(context.Background(), func(tx *db.Tx) error {
		c, err := byID(tx, itx)
		if err == nil {
			match = c.match
		}
		return err
	}))
	return match
}

func TestTheEventsOfACallLeadToOneStateInEveryOrderAndTwiceEach(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		story := []Event{
			event(ContactOffered, 1, "", Data{Controller: ctl, Queue: "Kartu", From: "+6281234564471"}),
			event(ContactConnected, 2, "", Data{Agent: staffID(2)}),
			event(ContactHeld, 3, "", Data{}),
			event(ContactResumed, 4, "", Data{}),
		}
		for _, last := range []EventKind{"recording.paused", ContactEnded} {
			want := Connected
			if last == ContactEnded {
				want = Wrapup
			}
			events := append(story[:4:4], event(last, 5, "", Data{}))
			n := 0
			permutations(len(events), func(order []int) {
				n++
				contact, itx := fmt.Sprintf("%s-%d", last, n), ""
				for _, i := range order {
					e := events[i]
					e.Contact, e.ID = contact, fmt.Sprintf("%s-%d", contact, e.Sequence)
					for range 2 {
						// Only an offer brings the controller; the line knows it here.
						got, err := r.Relay(context.Background(), actor.NewDuty(RelayDuty), Line{Name: "pbx", Controllers: []string{ctl}}, e)
						r.ok(err)
						if got.Interaction != "" {
							itx = got.Interaction
						}
					}
				}
				if f := r.facts(itx); f.State != want || f.Agent != staffID(2) {
					t.Fatalf("order %v: %s, %s", order, f.State, f.Agent)
				}
				// Whoever rang is looked for when the offer comes, unless the call is over by then.
				if match := r.matchOf(itx); last != ContactEnded && match != "one" {
					t.Fatalf("order %v: the number matched %q", order, match)
				}
			})
		}
	})
}

func TestALineIsServedByItsDutyAloneAndOnlyForItsControllers(t *testing.T) {
	each(t, func(t *testing.T, r *room, _ *time.Time) {
		ctx := context.Background()
		offer := event(ContactOffered, 1, "c1", Data{})
		line := Line{Name: "pbx", Controllers: []string{ctl}}
		for _, who := range []actor.Actor{{}, r.client, r.agent, actor.NewDuty("interaction_sweep")} {
			_, err := r.Relay(ctx, who, line, offer)
			r.refused(err, "interaction.not_allowed")
			_, err = r.Doubt(ctx, who, ctl)
			r.refused(err, "interaction.not_allowed")
		}
		other := offer
		other.Data.Controller = otherCtl
		_, err := r.Relay(ctx, actor.NewDuty(RelayDuty), line, other)
		r.refused(err, "interaction.other_controller")
		one, err := r.Relay(ctx, actor.NewDuty(RelayDuty), line, offer)
		r.ok(err)
		two, err := r.Relay(ctx, actor.NewDuty(RelayDuty), Line{Name: "another", Controllers: []string{ctl}}, offer)
		r.ok(err)
		if one.Interaction == two.Interaction || two.Outcome != Applied {
			t.Fatalf("two lines share a contact: %+v %+v", one, two)
		}
	})
}

func TestALineThatLostSightLowersTheCallsItBeganAndNoOthers(t *testing.T) {
	each(t, func(t *testing.T, r *room, clock *time.Time) {
		ctx, duty := context.Background(), actor.NewDuty(RelayDuty)
		got, err := r.Relay(ctx, duty, Line{Name: "pbx", Controllers: []string{ctl}}, event(ContactOffered, 1, "c1", Data{}))
		r.ok(err)
		rings, err := r.Relay(ctx, duty, Line{Name: "pbx", Controllers: []string{ctl}}, event(ContactOffered, 1, "c2", Data{}))
		r.ok(err)
		r.ok(r.Accept(ctx, r.other, got.Interaction))
		byHand := r.served()
		hand, ring := r.facts(byHand).RightsSince, r.facts(rings.Interaction).RightsSince
		*clock = clock.Add(time.Second)
		n, err := r.Doubt(ctx, duty, ctl)
		r.ok(err)
		if n != 1 || !r.facts(got.Interaction).RightsSince.Equal(*clock) || !r.facts(byHand).RightsSince.Equal(hand) || !r.facts(rings.Interaction).RightsSince.Equal(ring) {
			t.Fatalf("%d lowered", n)
		}
		if log := r.log.take(); log[len(log)-1] != "interaction.event.doubt done interaction.level_void" {
			t.Fatalf("%v", log)
		}
		// The same said by a source for one contact.
		*clock = clock.Add(time.Second)
		said, err := r.Relay(ctx, duty, Line{Name: "pbx", Controllers: []string{ctl}}, event(ContactDoubt, 2, "c1", Data{}))
		r.ok(err)
		if said.Outcome != Lowered || !r.facts(got.Interaction).RightsSince.Equal(*clock) || r.facts(got.Interaction).State != Connected {
			t.Fatalf("%+v %+v", said, r.facts(got.Interaction))
		}
	})
}

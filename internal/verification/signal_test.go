package verification_test

import (
	. "github.com/amanah-id/amanah/internal/verification"

	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// operator answers about SIMs as a test wants, and notes what it was asked.
type operator struct {
	changed bool
	err     error
	asked   []string
}

func (o *operator) Changed(_ context.Context, number string) (bool, error) {
	o.asked = append(o.asked, number)
	return o.changed, o.err
}

// over sends a link to the contact of a field and answers it.
func (h *house) over(itx, field string) {
	h.t.Helper()
	ctx := context.Background()
	st, err := h.Status(ctx, h.agent, itx)
	h.must(err)
	i := slices.IndexFunc(st.Links, func(w Way) bool { return w.Contact == field })
	if i < 0 {
		h.t.Fatalf("no %s in %+v", field, st.Links)
	}
	a, err := h.SendLink(ctx, h.agent, itx, st.Links[i].Value)
	h.must(err)
	secret, err := h.Enter(ctx, h.LinkOf(a), "")
	h.must(err)
	h.must(h.Reply(ctx, h.LinkOf(a), secret, answer(a.Number)[len("answer="):]))
}

func TestWhatHangsOnASIMProvesNothingUntilTheOperatorAnswersAndNothingWhenItWasChanged(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o := &operator{}
		h.UseSIM(o)
		itx := h.identified("")
		h.over(itx, "phone")
		if h.level(itx) != V1 || len(o.asked) != 0 {
			t.Fatalf("before anybody answered: V%d", h.level(itx))
		}
		h.log.take()
		h.deliver()
		if h.level(itx) != V2 || !slices.Equal(o.asked, []string{"+6281277774321"}) {
			t.Fatalf("the SIM was not changed: V%d, asked %v", h.level(itx), o.asked)
		}
		if got := h.log.take(); !has(got, "verification.signal done") || !has(got, "verification.grant done") {
			t.Fatal(got)
		}
		// An answer counts for an hour, over all calls.
		next := h.identified("")
		h.over(next, "phone")
		h.deliver()
		if h.level(next) != V2 || len(o.asked) != 1 {
			t.Fatalf("V%d, asked %d times", h.level(next), len(o.asked))
		}
		h.wait(SIMLasts, next)
		o.changed = true
		late := h.identified("")
		h.over(late, "phone")
		h.deliver()
		if h.level(late) != V1 || len(o.asked) != 2 {
			t.Fatalf("the SIM was changed: V%d, asked %d times", h.level(late), len(o.asked))
		}
		if got := h.log.take(); !has(got, "verification.signal done verification.sim_changed") {
			t.Fatal(got)
		}
		h.over(late, "email")
		if h.level(late) != V2 {
			t.Fatalf("an address does not hang on the SIM: V%d", h.level(late))
		}
	})
}

func TestAnOperatorThatDoesNotAnswerRaisesNothingAndIsAskedAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o := &operator{err: errors.New("down")}
		h.UseSIM(o)
		itx := h.identified("")
		h.over(itx, "phone")
		h.deliver()
		if h.level(itx) != V1 || len(o.asked) != 1 {
			t.Fatalf("V%d, asked %d times", h.level(itx), len(o.asked))
		}
		o.err = nil
		if match, err := h.Answer(context.Background(), h.agent, itx, "last_payment", truth["last_payment"]); err != nil || !match {
			t.Fatal(match, err)
		}
		h.deliver()
		if h.level(itx) != V3 || len(o.asked) != 2 {
			t.Fatalf("the operator is back: V%d, asked %d times", h.level(itx), len(o.asked))
		}
	})
}

func TestTheThirdCallOfACustomerInADayWantsASecondPersonForTheThirdLevel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		strong := func() string {
			itx := h.identified("")
			h.over(itx, "email")
			if match, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"]); err != nil || !match {
				t.Fatal(match, err)
			}
			return itx
		}
		for n, want := range []int{V3, V3, V2} {
			itx := strong()
			if got := h.level(itx); got != want {
				t.Errorf("call %d: V%d, want V%d", n+1, got, want)
			}
			h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		}
		h.wait(25 * time.Hour)
		if itx := strong(); h.level(itx) != V3 {
			t.Errorf("a day later V%d", h.level(itx))
		}
	})
}

func TestACustomerWhoReportsAnAttackIsGuardedInEveryOtherContact(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		h.over(itx, "email")
		if match, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"]); err != nil || !match {
			t.Fatal(match, err)
		}
		h.deliver() // so that the next letter is the next contact's
		attack := h.identifiedOn(interaction.Chat, h.agent, h.subject, "")
		_, link := h.link(attack)
		if h.level(itx) != V3 {
			t.Fatalf("V%d", h.level(itx))
		}
		if code, _ := (&browser{h: h}).do("POST", link+"/answer", "answer="+AnswerDenied); code != 303 {
			t.Fatal(code)
		}
		if h.level(itx) != V2 {
			t.Errorf("the other contact stands at V%d", h.level(itx))
		}
		other := h.customer("KNG-9", 60*day)
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			f, err := h.interactions.Facts(tx, itx)
			f.Subject, f.Risks = other, nil
			signals, err2 := h.SignalsOf(tx, f)
			if len(signals) != 0 {
				t.Errorf("somebody else has %v", signals)
			}
			return errors.Join(err, err2)
		}))
	})
}

func TestTheLevelGoesToAColleagueAndBackAndTheCustomerIsAskedOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.strong()
		attempts := func() int {
			st, err := h.Status(ctx, h.boss, itx)
			h.must(err)
			return len(st.Attempts)
		}
		// A consultation is a hand-over and a hand-over back: each with a signed token of its own, for that colleague.
		for _, leg := range [][2]int{{0, 1}, {1, 0}, {0, 1}} {
			who := []actor.Actor{h.agent, h.other}
			from, to := who[leg[0]], who[leg[1]]
			h.must(h.interactions.Transfer(ctx, from, itx, to.ID()))
			h.refused(h.interactions.Accept(ctx, h.boss, itx), "interaction.taken")
			h.must(h.interactions.Accept(ctx, to, itx))
			if h.level(itx) != V3 {
				t.Fatalf("after the way to %v: V%d", leg, h.level(itx))
			}
			h.refused(h.interactions.Move(ctx, from, itx, interaction.Hold), "interaction.unknown")
		}
		if attempts() != 1 {
			t.Errorf("the customer was asked %d times", attempts())
		}
		// The token is spent: the one who had it cannot take the contact with it again.
		h.must(h.interactions.Transfer(ctx, h.other, itx, h.agent.ID()))
		h.must(h.interactions.Move(ctx, h.other, itx, interaction.Resume))
		if err := h.interactions.Accept(ctx, h.agent, itx); err == nil {
			t.Error("a hand-over that was taken back is taken up")
		}
		if h.level(itx) != V3 {
			t.Errorf("taken back: V%d", h.level(itx))
		}
		h.must(h.interactions.Transfer(ctx, h.other, itx, h.agent.ID()))
		h.wait(interaction.TransferLimit)
		h.must(h.interactions.Accept(ctx, h.agent, itx))
		if h.level(itx) != V1 {
			t.Errorf("a minute later: V%d", h.level(itx))
		}
	})
}

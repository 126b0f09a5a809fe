package verification_test

import (
	. "github.com/amanah-id/amanah/internal/verification"

	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// strong verifies the caller of a new contact to the third level, as far as signals let him.
func (h *house) strong() string {
	h.t.Helper()
	itx := h.identified("")
	h.over(itx, "email")
	if match, err := h.Answer(context.Background(), h.agent, itx, "last_payment", truth["last_payment"]); err != nil || !match {
		h.t.Fatal(match, err)
	}
	return itx
}

// second asks for a second member of staff and has one answer.
func (h *house) second(itx string, yes bool) {
	h.t.Helper()
	ctx := context.Background()
	request, err := h.AskSecond(ctx, h.agent, itx, "the address is to change")
	h.must(err)
	_, err = h.approvals.Decide(ctx, h.boss, request, "seen", yes)
	h.must(err)
}

// notice is the path of the newest link to the page of a notice that arrived.
func (h *house) notice() string {
	h.t.Helper()
	h.deliver()
	for _, letter := range h.inbox.List() {
		for word := range strings.FieldsSeq(letter.Body) {
			if rest, ok := strings.CutPrefix(word, "https://cs.bank.example/v/notice/"); ok {
				return "/v/notice/" + strings.TrimSuffix(rest, ".")
			}
		}
	}
	h.t.Fatal("no notice arrived")
	return ""
}

func TestTheFourthLevelNeedsASecondPersonANoticeAndADay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.strong()
		h.second(itx, true)
		h.deliver()
		if h.level(itx) != V3 {
			t.Fatalf("before anybody could object: V%d", h.level(itx))
		}
		if got := h.log.take(); !has(got, "approval.asked.verification.second done") || !has(got, "approval.approved.verification.second done") || !has(got, "verification.second done") {
			t.Fatal(got)
		}
		if _, page := (&browser{h: h}).do("GET", h.notice(), ""); !strings.Contains(page, "Bank Contoh") || !strings.Contains(page, "Bukan saya") || strings.Contains(page, mail) {
			t.Fatal(page)
		}
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		h.wait(ObjectWithin - time.Minute)
		early := h.strong()
		if h.level(early) != V3 {
			t.Fatalf("a minute before the day is over: V%d", h.level(early))
		}
		h.must(h.interactions.Move(ctx, h.agent, early, interaction.Disconnect))
		h.wait(time.Minute)
		weak := h.identified("")
		h.over(weak, "email")
		if h.level(weak) != V2 {
			t.Fatalf("a decision is no proof of who is calling: V%d", h.level(weak))
		}
		h.must(h.interactions.Move(ctx, h.agent, weak, interaction.Disconnect))
		h.wait(25 * time.Hour) // and not the third call in a day
		itx = h.strong()
		if h.level(itx) != V4 {
			t.Fatalf("after the day: V%d", h.level(itx))
		}
		// Handed to the one who decided there is no second person any more.
		h.must(h.interactions.Transfer(ctx, h.agent, itx, h.boss.ID()))
		h.must(h.interactions.Accept(ctx, h.boss, itx))
		if h.level(itx) != V3 {
			t.Fatalf("served by the one who decided: V%d", h.level(itx))
		}
		h.wait(SecondLasts)
		if itx = h.strong(); h.level(itx) != V3 {
			t.Fatalf("days later: V%d", h.level(itx))
		}
	})
}

func TestWithoutTheNoticeOnItsWayADayIsNotEnough(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.strong()
		h.second(itx, true) // and the mail server takes nothing
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		h.wait(25 * time.Hour)
		if itx = h.strong(); h.level(itx) != V3 {
			t.Fatalf("nobody was told: V%d", h.level(itx))
		}
	})
}

func TestTheCustomerStopsADecisionFromTheNotice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.strong()
		h.second(itx, true)
		link := h.notice()
		h.log.take()
		b := &browser{h: h}
		for range 2 { // twice is once
			if code, body := b.do("POST", link+"/stop", ""); code != http.StatusSeeOther {
				t.Fatal(code, body)
			}
		}
		if _, page := b.do("GET", link, ""); !strings.Contains(page, "dihentikan") || strings.Contains(page, "<button") {
			t.Fatal(page)
		}
		if h.state(itx) != interaction.Frozen {
			t.Fatal(h.state(itx))
		}
		if got := h.log.take(); !has(got, "verification.second done verification.denied_by_customer") || !has(got, "interaction.freeze done verification.denied_by_customer") {
			t.Fatal(got)
		}
		// Those who look into what customers deny see it as well; whoever decided may not review it.
		ctx, dpo := context.Background(), h.reader("dpo", actor.DPO)
		list, _, err := h.Denials(ctx, dpo, false, Position{})
		h.must(err)
		if len(list) != 1 || list[0].Interaction != itx || list[0].Agent != h.boss.ID() || list[0].State != interaction.Frozen || !list[0].At.Equal(h.clock()) {
			t.Fatalf("%+v", list)
		}
		h.refused(h.Review(ctx, h.boss, list[0].ID, "It was me."), "verification.own_contact")
		h.must(h.Review(ctx, dpo, list[0].ID, "Asked the customer again."))
		if list, _, err = h.Denials(ctx, dpo, true, Position{}); err != nil || len(list) != 1 || list[0].ReviewedBy != dpo.ID() {
			t.Fatalf("%+v %v", list, err)
		}
		h.wait(25 * time.Hour)
		if itx = h.strong(); h.level(itx) != V3 {
			t.Fatalf("a stopped decision counts: V%d", h.level(itx))
		}
		for name, bad := range map[string]string{
			"another audience": "/v/notice/" + h.keys.Token("verification.link", []byte("ver_x"), h.clock().Add(time.Hour)), "no token": "/v/notice/x", "long": "/v/notice/" + strings.Repeat("x", 600),
			"of nothing": "/v/notice/" + h.keys.Token("verification.notice", []byte("ver_00000000000000000000000000"), h.clock().Add(time.Hour)),
		} {
			if code, _ := b.do("GET", bad, ""); code != http.StatusNotFound {
				t.Errorf("%s: %d", name, code)
			}
			if code, _ := b.do("POST", bad+"/stop", ""); code != http.StatusNotFound {
				t.Errorf("%s: %d", name, code)
			}
		}
		h.wait(SecondLasts)
		if code, _ := b.do("GET", link, ""); code != http.StatusNotFound {
			t.Errorf("an old notice: %d", code)
		}
	})
}

func TestASecondPersonIsAskedOnceInAMinuteBySomebodyWhoVerifiedTheCaller(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		_, err := h.AskSecond(ctx, h.agent, itx, "please")
		h.refused(err, "verification.second_level")
		_, err = h.AskSecond(ctx, h.other, itx, "please")
		h.refused(err, "gate.not_found")
		h.over(itx, "email")
		request, err := h.AskSecond(ctx, h.agent, itx, "please")
		h.must(err)
		_, err = h.AskSecond(ctx, h.agent, itx, "please")
		h.refused(err, "verification.second_asked")
		_, err = h.approvals.Decide(ctx, h.other, request, "I may not", true)
		h.refused(err, "approval.no_request")
		h.wait(SecondWaits, itx)
		_, err = h.approvals.Decide(ctx, h.boss, request, "too late", true)
		h.refused(err, "approval.expired")
		h.log.take()
		h.must(h.approvals.Expire(ctx))
		if got := h.log.take(); !has(got, "verification.second done verification.second_refused") {
			t.Fatal(got)
		}
		h.second(itx, false)
		if h.level(itx) != V2 {
			t.Fatalf("V%d", h.level(itx))
		}
	})
}

func TestAProtectedPersonNeedsFourEyesForTheThirdLevel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		exchange := actor.NewClient(id.New(id.Client), []string{"interactions"}, []string{h.ctl})
		itx, err := h.interactions.Offer(ctx, exchange, interaction.Opening{Controller: h.ctl, Channel: interaction.Phone, Direction: interaction.Inbound, Risks: []string{"protected_person"}})
		h.must(err)
		h.must(h.interactions.Accept(ctx, h.agent, itx))
		h.must(h.interactions.ChoosePurpose(ctx, h.agent, itx, h.pur, "id"))
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.interactions.Bind(tx, h.agent, itx, h.subject, "search") }))
		h.over(itx, "email")
		if match, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"]); err != nil || !match {
			t.Fatal(match, err)
		}
		if h.level(itx) != V2 {
			t.Fatalf("alone V%d", h.level(itx))
		}
		h.second(itx, true)
		if h.level(itx) != V3 {
			t.Fatalf("with a second person V%d", h.level(itx))
		}
		h.wait(time.Second, itx)
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Lower))
		if h.level(itx) != V1 {
			t.Fatalf("another person speaks: V%d", h.level(itx))
		}
	})
}

// dialled is a call of ours to a number, as the exchange or an agent reports it.
func (h *house) dialled(by actor.Actor, d interaction.Direction, number, subject string) string {
	h.t.Helper()
	return h.reported(by, interaction.Phone, d, number, subject)
}

// reported is a contact that began by somebody's word, which the agent serves.
func (h *house) reported(by actor.Actor, on interaction.Channel, d interaction.Direction, number, subject string) string {
	h.t.Helper()
	ctx := context.Background()
	itx, err := h.interactions.Offer(ctx, by, interaction.Opening{Controller: h.ctl, Channel: on, Direction: d, Number: number})
	h.must(err)
	h.must(h.interactions.Accept(ctx, h.agent, itx))
	h.must(h.interactions.ChoosePurpose(ctx, h.agent, itx, h.pur, "id"))
	h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.interactions.Bind(tx, h.agent, itx, subject, "search") }))
	return itx
}

func TestACallBackProvesOnlyWhenTheExchangeReportsItAndTheNumberIsOld(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		exchange := actor.NewClient(id.New(id.Client), []string{"interactions"}, []string{h.ctl})
		const number = "081277774321"
		h.refused(h.CallBack(ctx, h.agent, h.dialled(h.agent, interaction.Outbound, number, h.subject)), "verification.no_call_back")
		h.refused(h.CallBack(ctx, h.agent, h.dialled(exchange, interaction.Inbound, number, h.subject)), "verification.no_call_back")
		h.wait(25 * time.Hour)
		h.refused(h.CallBack(ctx, h.agent, h.dialled(exchange, interaction.Outbound, "081299990000", h.subject)), "verification.no_call_back")
		itx := h.dialled(exchange, interaction.Outbound, number, h.subject)
		h.refused(h.CallBack(ctx, h.other, itx), "gate.not_found")
		for _, called := range []bool{false, true} {
			st, err := h.Status(ctx, h.agent, itx)
			if h.must(err); !st.CallBack || st.Called != called {
				t.Fatalf("%+v", st)
			}
			if !called {
				h.must(h.CallBack(ctx, h.agent, itx))
			}
		}
		if h.level(itx) != V2 {
			t.Fatalf("V%d", h.level(itx))
		}
		// The third level, a second person and the notice: with the call back that is the fourth at once.
		h.over(itx, "email")
		if match, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"]); err != nil || !match {
			t.Fatal(match, err)
		}
		if h.level(itx) != V3 {
			t.Fatalf("V%d", h.level(itx))
		}
		h.second(itx, true)
		h.deliver()
		h.must(h.CallBack(ctx, h.agent, itx))
		if h.level(itx) != V4 {
			t.Fatalf("V%d", h.level(itx))
		}
		h.wait(48 * time.Hour)
		h.refused(h.CallBack(ctx, h.agent, h.reported(exchange, interaction.Chat, interaction.Outbound, number, h.subject)), "verification.no_call_back")
		young := h.customer("KNG-7", 29*day)
		h.refused(h.CallBack(ctx, h.agent, h.dialled(exchange, interaction.Outbound, number, young)), "verification.contact_too_new")
	})
}

func TestADecisionDiesWithAContactThatIsFrozen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.strong()
		request, err := h.AskSecond(ctx, h.agent, itx, "the address is to change")
		h.must(err)
		h.must(h.db.Write(ctx, func(tx *db.Tx) error {
			return h.interactions.Freeze(tx, h.agent, itx, "verification.not_called")
		}))
		if _, err := h.approvals.Decide(ctx, h.boss, request, "seen", true); errs.CodeOf(err) != "approval.over" {
			t.Fatalf("a frozen contact was decided on: %v", err)
		}
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			list, err := h.approvals.Waiting(tx, h.boss)
			if len(list) != 0 {
				t.Errorf("still offered: %v", list)
			}
			return err
		}))
	})
}

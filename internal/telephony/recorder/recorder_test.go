package recorder

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "recorder", "../../trail") }

func TestACaptureBeginsWithTheRecordersWordAndEndsWithIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("PJSIP/+62812-0001")
		during := interaction.State("")
		h.m.seen = func() { during = h.state(itx) }
		sp, err := h.begin(itx)
		h.must(err)
		h.m.seen = nil
		if during != interaction.Serving || h.state(itx) != interaction.Capture || sp.State != Open || !h.m.paused {
			t.Fatalf("%s while it was asked, then %s, %+v", during, h.state(itx), sp)
		}
		if sp.Paused.IsZero() || !sp.Until.Equal(sp.Paused.Add(Lasts)) {
			t.Errorf("%+v", sp)
		}
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			for field, want := range map[string]string{"nik": "", "kk": "recorder.other_field"} {
				no, err := h.May(tx, h.agent, itx, field)
				if err != nil || no == nil && want != "" || no != nil && no.Code != want {
					t.Errorf("%s: %v %v", field, no, err)
				}
			}
			return nil
		}))
		h.now = h.now.Add(10 * time.Second)
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.Leave(tx, h.agent, itx, Saved) }))
		if h.state(itx) != interaction.Serving || h.owes(ResumeJob) != 1 {
			t.Errorf("%s, %d jobs", h.state(itx), h.owes(ResumeJob))
		}
		h.work(itx)
		sp = h.last(itx)
		if h.m.paused || sp.State != Closed || sp.Reason != Saved || sp.Resumed.Sub(sp.Paused) != 10*time.Second {
			t.Errorf("%v %+v", h.m.paused, sp)
		}
		h.entries("recorder.pause done", "interaction.capture done", "recorder.paused done", "interaction.capture_end done recorder.saved",
			"recorder.left done recorder.saved", "recorder.resumed done")
		if got := strings.Join(h.m.told, ", "); got != "pause PJSIP/+62812-0001, resume PJSIP/+62812-0001" {
			t.Error(got)
		}
		// What the exchange called the contact is gone with the span, and with the call.
		h.must(h.calls.Seal(ctx, h.agent, itx, "resolved"))
		var left int
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Row(`select (select count(*) from recorder_leg) + (select count(*) from recorder_span where contact_sealed is not null)`).Scan(&left)
		}))
		if left != 0 {
			t.Errorf("%d names of contacts are kept", left)
		}
	})
}

func TestWithoutAcknowledgementTheFieldStaysShut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.serving("1.1")
		for _, c := range []struct {
			does  deed
			code  string
			state State
		}{{refuses, "recorder.refused", Failed}, {isAway, "recorder.refused", Failed}, {callGone, "recorder.refused", Failed}} {
			h.m.next = []deed{c.does}
			_, err := h.begin(itx)
			h.refused(err, c.code)
			if h.state(itx) != interaction.Serving || h.last(itx).State != c.state || h.m.paused {
				t.Errorf("%s: %s %s", c.does, h.state(itx), h.last(itx).State)
			}
		}
		h.entries("recorder.pause done", "recorder.paused denied pbx.refused", "recorder.pause done", "recorder.paused denied pbx.unreachable",
			"recorder.pause done", "recorder.paused denied pbx.no_channel")
		if h.owes(ResumeJob) != 0 {
			t.Error("a recorder that recorded on is told to go on")
		}
		_, err := h.begin(itx) // and may be tried again
		h.must(err)
	})
}

// Whoever says nothing may have paused all the same, or may still do it: it is told to go on, and once more.
func TestASilentRecorderIsToldToGoOnTwice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.serving("1.1")
		h.m.next = []deed{doesLater}
		_, err := h.begin(itx)
		h.refused(err, "recorder.silent")
		if h.state(itx) != interaction.Serving {
			t.Error(h.state(itx))
		}
		_, err = h.begin(itx) // before it has said that it goes on
		h.refused(err, "recorder.resuming")
		h.work(itx)
		h.m.catchUp() // the pause comes after the word to go on
		if !h.m.paused || h.last(itx).State != Settling {
			t.Fatalf("%v %s", h.m.paused, h.last(itx).State)
		}
		h.after(SettleAfter - time.Second)
		if !h.m.paused {
			t.Error("it is told too early")
		}
		h.after(time.Second)
		h.recordsAgain(itx)
		h.entries("recorder.pause done", "recorder.paused denied recorder.silent", "recorder.pause denied recorder.resuming", "recorder.resumed done", "recorder.resumed done")
		// A new capture takes over what waits to be told again.
		h.beat(itx)
		h.m.next = []deed{doesSilently}
		_, err = h.begin(itx)
		h.refused(err, "recorder.silent")
		h.work(itx)
		h.beat(itx)
		_, err = h.begin(itx)
		h.must(err)
		h.after(SettleAfter)
		h.capturesStill(itx)
	})
}

func TestACaptureThatIsRefusedLeavesWhatIsOwedToTheOneBefore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("1.1")
		h.m.next = []deed{doesLater}
		_, err := h.begin(itx)
		h.refused(err, "recorder.silent")
		h.work(itx)
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { // the contact ended, and its end was taken back
			_, err := tx.Data.Exec(sqlLegGone, itx)
			return err
		}))
		_, err = h.begin(itx)
		h.refused(err, "recorder.no_leg")
		h.m.catchUp()
		h.after(SettleAfter)
		h.recordsAgain(itx)
	})
}

func TestWhateverLeadsOutOfACaptureHasTheRecorderGoOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		for name, out := range map[string]func(itx, contact string){
			"a hold of the exchange":     func(_, c string) { h.event(interaction.ContactHeld, c) },
			"an end":                     func(_, c string) { h.event(interaction.ContactEnded, c) },
			"a transfer of the exchange": func(_, c string) { h.event(interaction.ContactTransferred, c) },
			"a line that lost sight of it": func(string, string) {
				_, err := h.calls.Doubt(ctx, actor.NewDuty(interaction.RelayDuty), ctl)
				h.must(err)
			},
			"an event that came late": func(_, c string) { h.late(interaction.ContactDoubt, c) },
			"another person speaks":   func(itx, _ string) { h.must(h.calls.Move(ctx, h.agent, itx, interaction.Lower)) },
			"the agent hangs up":      func(itx, _ string) { h.must(h.calls.Move(ctx, h.agent, itx, interaction.Disconnect)) },
			"it is sealed":            func(itx, _ string) { h.must(h.calls.Seal(ctx, h.agent, itx, "resolved")) },
			"it is refused":           func(itx, _ string) { h.must(h.calls.Refuse(ctx, h.agent, itx, "abuse")) },
			"the customer denies it": func(itx, _ string) {
				h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.calls.Freeze(tx, h.duty, itx, "") }))
			},
			"it is left":       func(itx, _ string) { h.must(h.Cancel(ctx, h.agent, itx)) },
			"its time is over": func(string, string) { h.after(Lasts) },
			"the next call":    func(string, string) { h.serving("next-" + h.now.String()) },
			"the desk is silent": func(string, string) {
				h.now = h.now.Add(interaction.HeartbeatLost + time.Second)
				_, err := h.calls.Sweep(ctx)
				h.must(err)
			},
			"the program was stopped": func(string, string) {
				h.build(Exchange)
				h.after(Lasts)
			},
		} {
			contact := "call-" + strings.ReplaceAll(name, " ", "-")
			itx := h.serving(contact)
			_, err := h.begin(itx)
			h.must(err)
			out(itx, contact)
			if h.state(itx) == interaction.Capture {
				t.Errorf("%s: still in capture", name)
			}
			h.work(itx)
			if sp := h.last(itx); sp.State != Closed || h.m.paused || sp.Reason == "" || sp.Resumed.IsZero() {
				t.Errorf("%s: %+v, paused %v", name, sp, h.m.paused)
			}
			_ = h.calls.Move(ctx, h.agent, itx, interaction.Disconnect)
		}
	})
}

func TestAnotherLegIsRefusedWhileDataIsCaptured(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("1.1")
		_, err := h.begin(itx)
		h.must(err)
		h.refused(h.calls.Move(ctx, h.agent, itx, interaction.Hold), "interaction.capturing")
		h.refused(h.calls.Transfer(ctx, h.agent, itx, "stf_00000000000000000000000002"), "interaction.capturing")
		h.refused(h.db.Write(ctx, func(tx *db.Tx) error {
			_, err := h.calls.Dial(tx, h.agent, interaction.Dialled{From: itx, Line: "link/ami", Channel: "c"})
			return err
		}), "interaction.capturing")
		_, err = h.begin(itx)
		h.refused(err, "recorder.busy")
		if h.state(itx) != interaction.Capture || !h.m.paused {
			t.Error("a refusal ended the capture")
		}
		h.must(h.Cancel(ctx, h.agent, itx))
		h.must(h.calls.Move(ctx, h.agent, itx, interaction.Hold))
	})
}

// The contact may have moved while the recorder was asked: then the field does not open, and the recorder goes on.
func TestAContactThatMovesWhileTheRecorderIsAskedOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, move := range map[string]func(contact string){
			"held":   func(c string) { h.event(interaction.ContactHeld, c) },
			"ended":  func(c string) { h.event(interaction.ContactEnded, c) },
			"silent": func(string) { h.now = h.now.Add(interaction.HeartbeatLimit) },
		} {
			itx := h.serving(name)
			h.m.seen = func() { h.m.seen = nil; move(name) }
			_, err := h.begin(itx)
			h.refused(err, "recorder.contact_moved")
			if h.state(itx) == interaction.Capture {
				t.Errorf("%s: in capture", name)
			}
			h.work(itx)
			if h.m.paused || h.last(itx).State != Closed {
				t.Errorf("%s: paused %v, %s", name, h.m.paused, h.last(itx).State)
			}
			_ = h.calls.Move(t.Context(), h.agent, itx, interaction.Disconnect)
		}
	})
}

func TestACallIsNotPausedAllTheTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.serving("1.1")
		for range PerCall {
			h.m.next = []deed{refuses} // what was not paused does not count
			_, err := h.begin(itx)
			h.refused(err, "recorder.refused")
			_, err = h.begin(itx)
			h.must(err)
			h.must(h.Cancel(t.Context(), h.agent, itx))
			h.work(itx)
		}
		_, err := h.begin(itx)
		h.refused(err, "recorder.spent")
		if h.m.paused {
			t.Error("it is paused all the same")
		}
		h.must(h.calls.Move(t.Context(), h.agent, itx, interaction.Disconnect))
		_, err = h.begin(h.serving("1.2"))
		h.must(err)
	})
}

func TestAnAnswerThatComesAfterTheSweepOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.serving("1.1")
		h.m.seen = func() {
			h.m.seen = nil
			h.now = h.now.Add(4 * AckTime) // the program was believed to be gone
			h.must(h.Sweep(t.Context()))
		}
		_, err := h.begin(itx)
		h.refused(err, "recorder.late")
		if h.state(itx) != interaction.Serving {
			t.Error(h.state(itx))
		}
		h.after(SettleAfter)
		h.recordsAgain(itx)
	})
}

func TestARecorderThatDoesNotGoOnIsToldAgainAndIsAnAlarm(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("1.1")
		_, err := h.begin(itx)
		h.must(err)
		h.must(h.Stands(ctx))
		h.m.next = []deed{isSilent, isAway, refuses, callGone}
		h.must(h.Cancel(ctx, h.agent, itx))
		h.log.take()
		for i, wait := range []time.Duration{0, 5 * time.Second, 10 * time.Second, 20 * time.Second} {
			h.after(wait)
			h.must(h.Sweep(ctx)) // not before its time
			h.beat(itx)
			if got := len(h.m.told); got != i+2 || !h.m.paused {
				t.Fatalf("after try %d it was told %d times", i+1, got)
			}
			h.refused(h.Stands(ctx), "recorder.not_resumed")
		}
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			list, err := h.Alarms(tx, ctl)
			if len(list) != 1 || list[0].Interaction != itx {
				t.Errorf("%+v", list)
			}
			_, stuck, _ := h.Stuck(tx, itx)
			if !stuck {
				t.Error("the desk does not say so")
			}
			return err
		}))
		h.beat(itx)
		_, err = h.begin(itx)
		h.refused(err, "recorder.resuming")
		h.after(40 * time.Second)
		if h.m.paused || h.Stands(ctx) != nil {
			t.Error("it goes on, and the alarm stays")
		}
		h.entries("recorder.resumed denied pbx.unanswered", "recorder.pause denied recorder.resuming", "recorder.resumed done")
	})
}

// One span that cannot be written down, or a recorder that takes its time, keeps no other capture from ending.
func TestASpanThatFailsKeepsNoOtherFromBeingLookedAt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("1.1")
		_, err := h.begin(itx)
		h.must(err)
		h.now = h.now.Add(Lasts)
		h.must(h.db.Write(ctx, func(tx *db.Tx) error {
			lost := span{Span: Span{ID: "cap_00000000000000000000000001", Interaction: "itx_00000000000000000000000001", State: Leaving}, line: "link/ami", next: h.now.Add(-Lasts)}
			lost.insert(tx)
			return nil
		}))
		h.m.seen = func() {
			if h.state(itx) == interaction.Capture {
				t.Error("a recorder is waited for while a capture is over its time")
			}
		}
		h.refused(h.Sweep(ctx), "interaction.unknown")
		if h.state(itx) == interaction.Capture || h.m.paused || h.last(itx).State != Closed {
			t.Errorf("%s, paused %v, %s", h.state(itx), h.m.paused, h.last(itx).State)
		}
	})
}

// An answer so late that the recorder was told again meanwhile brings nothing back, and leaves what was never answered in doubt.
func TestAnAnswerToGoingOnThatWasOvertakenOpensNoSpanAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("1.1")
		_, err := h.begin(itx)
		h.must(err)
		h.must(h.Cancel(ctx, h.agent, itx))
		h.m.next = []deed{doesLater, acknowledges}
		h.m.seen = func() {
			h.m.seen = nil
			h.after(AckTime + time.Second)
		}
		h.must(h.Sweep(ctx))
		if len(h.m.told) != 3 || h.m.paused || h.last(itx).State != Settling {
			t.Fatalf("told %q, paused %v, %s", h.m.told, h.m.paused, h.last(itx).State)
		}
		h.beat(itx)
		_, err = h.begin(itx) // the first word could still end this one
		h.refused(err, "recorder.resuming")
		h.m.catchUp()
		h.after(SettleAfter)
		h.beat(itx)
		_, err = h.begin(itx)
		h.must(err)
		h.after(time.Minute)
		h.capturesStill(itx)
	})
}

func TestARecordingThatEndedWithItsCallIsClosedAndOneThatNeverAnswersIsGivenUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		itx := h.serving("1.1")
		_, err := h.begin(itx)
		h.must(err)
		h.event(interaction.ContactEnded, "1.1")
		h.m.next = []deed{callGone}
		h.work(itx)
		if sp := h.last(itx); sp.State != Closed || !sp.Resumed.IsZero() {
			t.Errorf("%+v", sp)
		}
		h.m.paused = false
		itx = h.serving("1.2")
		_, err = h.begin(itx)
		h.must(err)
		h.must(h.Cancel(ctx, h.agent, itx))
		h.log.take()
		h.m.next = []deed{isAway, isAway}
		h.must(h.Sweep(ctx))
		h.after(GiveUp + time.Second)
		if h.last(itx).State != Closed || h.Stands(ctx) != nil {
			t.Errorf("%+v", h.last(itx))
		}
		h.entries("recorder.resumed denied pbx.unreachable", "recorder.resumed denied recorder.given_up")
	})
}

func TestWithoutAWrittenChoiceOrALegNothingIsPaused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		byHand, err := h.calls.Start(ctx, h.agent, interaction.Opening{Controller: ctl, Channel: interaction.Phone, Direction: interaction.Inbound})
		h.must(err)
		h.serve(byHand)
		_, err = h.begin(byHand)
		h.refused(err, "recorder.no_leg")
		h.entries("recorder.pause denied recorder.no_leg")
		itx := h.serving("1.1")
		for use, code := range map[Use]string{Unset: "recorder.unset", None: "recorder.unset"} {
			h.build(use)
			_, err = h.begin(itx)
			h.refused(err, code)
		}
		if len(h.m.told) != 0 {
			t.Error(h.m.told)
		}
		for use, needs := range map[Use]bool{Unset: true, None: false, Exchange: true, HTTP: true} {
			h.build(use)
			if h.Needs("phone") != needs || h.Needs("chat") || h.Needs("email") {
				t.Errorf("%s: %v", use, h.Needs("phone"))
			}
		}
		h.build(Unset)
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			no, err := h.May(tx, h.agent, itx, "nik")
			if no == nil || no.Code != "recorder.unset" {
				t.Error(no)
			}
			return err
		}))
	})
}

// However things follow one another: in capture the recorder is paused and a span is open, outside of it none is; and once
// the recorder answers again, none is left paused and no span is left open.
func TestNoOrderOfEventsLeavesACaptureOrAPausedRecorderBehind(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			h.m.paused, h.m.next, h.m.late, h.m.told = false, nil, nil, nil
			contact := "run-" + time.Duration(run).String()
			h.now = h.now.Add(time.Hour)
			itx := h.serving(contact)
			deeds := rapid.SampledFrom([]deed{acknowledges, acknowledges, acknowledges, refuses, isSilent, doesSilently, doesLater, isAway})
			steps := map[string]func(){
				"begin": func() {
					h.m.next = []deed{deeds.Draw(rt, "pause")}
					if rapid.IntRange(0, 4).Draw(rt, "moves meanwhile") == 0 {
						h.m.seen = func() { h.m.seen = nil; h.event(interaction.ContactHeld, contact) }
					}
					_, _ = h.begin(itx)
					h.m.seen = nil
				},
				"save":    func() { _ = h.db.Write(ctx, func(tx *db.Tx) error { return h.Leave(tx, h.agent, itx, Saved) }) },
				"cancel":  func() { _ = h.Cancel(ctx, h.agent, itx) },
				"held":    func() { h.event(interaction.ContactHeld, contact) },
				"resumed": func() { h.event(interaction.ContactResumed, contact) },
				"resume":  func() { _ = h.calls.Move(ctx, h.agent, itx, interaction.Resume) },
				"serve":   func() { _ = h.calls.Move(ctx, h.agent, itx, interaction.Serve) },
				"lower":   func() { _ = h.calls.Move(ctx, h.agent, itx, interaction.Lower) },
				"hold":    func() { _ = h.calls.Move(ctx, h.agent, itx, interaction.Hold) },
				"over":    func() { _ = h.calls.Move(ctx, h.agent, itx, interaction.Disconnect) },
				"beat":    func() { h.beat(itx) },
				"time": func() { // what was never answered is carried out within SettleAfter, or never
					h.now = h.now.Add(time.Duration(rapid.IntRange(1, 29).Draw(rt, "seconds")) * time.Second)
					h.m.catchUp()
				},
				"late":    func() { h.m.catchUp() },
				"restart": func() { h.build(Exchange) },
				"work": func() {
					h.m.next = []deed{deeds.Draw(rt, "resume")}
					h.work(itx)
				},
				"sweep": func() {
					h.m.next = []deed{deeds.Draw(rt, "again")}
					h.must(h.Sweep(ctx))
					_, err := h.calls.Sweep(ctx)
					h.must(err)
				},
			}
			names := []string{"begin", "begin", "begin", "save", "cancel", "held", "resumed", "resume", "serve", "lower", "hold", "over", "beat", "beat", "time", "late", "restart", "work", "work", "sweep"}
			for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 25).Draw(rt, "steps") {
				steps[name]()
				h.m.next = nil
				open := 0
				for _, sp := range h.spans(itx) {
					if sp.State == Open {
						open++
					}
				}
				if captured := h.state(itx) == interaction.Capture; captured && open != 1 || !captured && open != 0 {
					rt.Fatalf("%s: %s with %d open spans", name, h.state(itx), open)
				}
				if h.state(itx) == interaction.Capture && !h.m.paused {
					rt.Fatalf("%s: a field is open while the recorder runs", name)
				}
			}
			_ = h.calls.Move(ctx, h.agent, itx, interaction.Disconnect)
			h.m.catchUp()
			for range 4 {
				h.after(2 * time.Minute)
			}
			if h.state(itx) == interaction.Capture {
				rt.Fatal("in capture after its end")
			}
			for _, sp := range h.spans(itx) {
				if sp.State != Closed && sp.State != Failed {
					rt.Fatalf("left behind: %+v", sp)
				}
			}
			if h.m.paused {
				rt.Fatalf("paused after its captures: %v", h.m.told)
			}
			h.must(h.Stands(ctx))
		})
	})
}

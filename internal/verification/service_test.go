package verification_test

import (
	. "github.com/amanah-id/amanah/internal/verification"

	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

func answer(n int) string { return "answer=" + strconv.Itoa(n) }

// wrong is a number of two digits that is not the one.
func wrong(a Attempt) int { return 10 + (a.Number-10+1)%90 }

func TestTheCustomerSeesWhoIsCallingAndTheRightNumberVerifies(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		a, link := h.link(itx)
		if h.state(itx) != interaction.Verifying || h.level(itx) != V1 {
			t.Fatalf("%s V%d", h.state(itx), h.level(itx))
		}
		b := &browser{h: h}
		code, page := b.do("GET", link, "")
		if code != 200 || !strings.Contains(page, "Bank Contoh") || strings.Contains(page, "Rina") || strings.Contains(page, strconv.Itoa(a.Number)+"<") {
			t.Fatalf("before it is opened the page says too much: %s", page)
		}
		page = b.open(link)
		for _, want := range []string{"Bank Contoh", "Rina", "Status pesanan", "Anda yang menghubungi kami", `inputmode="numeric"`, "OTP"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q:\n%s", want, page)
			}
		}
		if len(page) > 20<<10 || strings.Contains(page, "<script") {
			t.Errorf("%d bytes", len(page))
		}
		if _, english := b.do("GET", link+"?lang=en", ""); !strings.Contains(english, "You contacted us") || !strings.Contains(english, "Order status") || strings.Contains(english, "Status pesanan") {
			t.Errorf("a page in two languages: %s", english)
		}
		if strings.Contains(page, mail) || strings.Contains(page, "4321") {
			t.Error("a contact stands on the page")
		}
		if code, body := b.do("POST", link+"/answer", answer(a.Number)); code != http.StatusSeeOther {
			t.Fatalf("%d %s", code, body)
		}
		if h.state(itx) != interaction.Serving || h.level(itx) != V2 {
			t.Fatalf("%s V%d", h.state(itx), h.level(itx))
		}
		_, page = b.do("GET", link, "")
		if !strings.Contains(page, "Nomor telepon") || !strings.Contains(page, "terverifikasi") {
			t.Fatalf("what was seen: %s", page)
		}
		entries := h.log.take()
		for _, want := range []string{"verify allowed", "message.queue done", "interaction.verify done", "process allowed", "message.sent done", "verification.confirmed done", "verification.grant done", "interaction.serve done"} {
			if !has(entries, want) {
				t.Errorf("no entry %q in %v", want, entries)
			}
		}
		// With an answer from the history on top, the third level.
		if match, err := h.Answer(ctx, h.agent, itx, "last_payment", "Rp 150.000"); err != nil || !match {
			t.Fatal(match, err)
		}
		if h.level(itx) != V3 {
			t.Fatalf("V%d", h.level(itx))
		}
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			if l, err := h.Level(tx, itx, "sub_00000000000000000000000000"); err != nil || l != V0 {
				t.Errorf("another subject in the same call: V%d %v", l, err)
			}
			return nil
		}))
	})
}

func TestALinkIsAnsweredOnceInOneBrowserInTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.identified("")
		a, link := h.link(itx)
		first, second := &browser{h: h}, &browser{h: h}
		if code, body := first.do("POST", link+"/answer", answer(a.Number)); code != http.StatusConflict || h.level(itx) != V1 {
			t.Fatalf("answered without opening: %d %s", code, body)
		}
		first.open(link)
		if page := first.open(link); !strings.Contains(page, "Rina") {
			t.Fatalf("the same browser comes back: %s", page)
		}
		if code, page := second.do("POST", link+"/open", ""); code != http.StatusConflict || strings.Contains(page, "Rina") {
			t.Fatalf("two browsers: %d %s", code, page)
		}
		if _, page := second.do("GET", link, ""); strings.Contains(page, "Rina") || strings.Contains(page, ">"+strconv.Itoa(a.Number)+"<") || !strings.Contains(page, "peramban lain") {
			t.Fatalf("a forwarded link shows: %s", page)
		}
		forged := &browser{h: h, cookie: strings.Repeat("A", 22)}
		if code, _ := forged.do("POST", link+"/answer", answer(a.Number)); code != http.StatusConflict || h.level(itx) != V1 {
			t.Fatalf("a made-up cookie: %d", code)
		}
		if code, _ := first.do("POST", link+"/answer", answer(a.Number)); code != http.StatusSeeOther {
			t.Fatal(code)
		}
		if code, page := first.do("POST", link+"/answer", answer(a.Number)); code != http.StatusConflict || !strings.Contains(page, "sudah dijawab") {
			t.Fatalf("replayed: %d %s", code, page)
		}
		if code, _ := first.do("POST", link+"/answer", "answer=no"); code != http.StatusConflict || h.level(itx) != V2 {
			t.Fatalf("a no after the yes: %d V%d", code, h.level(itx))
		}

		late := h.identified("")
		a, link = h.link(late)
		b := &browser{h: h}
		b.open(link)
		h.wait(LinkLasts, late)
		if code, page := b.do("POST", link+"/answer", answer(a.Number)); code != http.StatusConflict || !strings.Contains(page, "tidak berlaku") || h.level(late) != V1 {
			t.Fatalf("too late: %d %s", code, page)
		}
		if code, _ := b.do("GET", link, ""); code != 200 {
			t.Fatal(code)
		}
		h.wait(2*time.Second, late)
		h.deliver()
		if h.state(late) != interaction.Identified {
			t.Fatalf("after the link ended: %s", h.state(late))
		}
		h.wait(PageLasts)
		if code, page := b.do("GET", link, ""); code != http.StatusNotFound || !strings.Contains(page, "tidak dikenal") {
			t.Fatalf("a day later: %d %s", code, page)
		}
	})
}

func TestAForgedLinkIsUnknownWhateverIsWrongWithIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.identified("")
		a, link := h.link(itx)
		token := strings.TrimPrefix(link, "/v/")
		flipped := []byte(token)
		flipped[len(flipped)/2] ^= 1
		other := h.keys.Token("interaction.transfer:x", []byte(a.ID), h.clock().Add(time.Hour))
		for name, bad := range map[string]string{
			"flipped": url.PathEscape(string(flipped)), "shorter": token[:len(token)-1], "empty payload": "x", "for another audience": other,
			"an attempt that is not there": h.keys.Token("verification.link", []byte("ver_00000000000000000000000000"), h.clock().Add(time.Hour)),
			"long":                         strings.Repeat("x", 600),
		} {
			b := &browser{h: h}
			for _, do := range []struct{ method, path, body string }{{"GET", "", ""}, {"POST", "/open", ""}, {"POST", "/answer", "answer=denied"}} {
				if code, page := b.do(do.method, "/v/"+bad+do.path, do.body); code != http.StatusNotFound || strings.Contains(page, "Bank Contoh") {
					t.Errorf("%s %s: %d", name, do.path, code)
				}
			}
		}
		if h.state(itx) != interaction.Verifying {
			t.Fatal(h.state(itx))
		}
	})
}

func TestAWrongNumberOrANoProvesNothingAndMayBeTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.identified("")
		a, link := h.link(itx)
		b := &browser{h: h}
		b.open(link)
		for _, bad := range []string{"answer=yes", "answer=7", "answer=047", "answer=-1", "answer=%00", "answer=", "other=1", "answer=47&answer=48"} {
			if code, _ := b.do("POST", link+"/answer", bad); code < 400 || code >= 500 {
				t.Errorf("%s: %d", bad, code)
			}
		}
		// What is no number of two digits uses nothing up: the page asks again.
		if code, page := b.do("POST", link+"/answer", "answer=7"); code != http.StatusUnprocessableEntity || !strings.Contains(page, `name="answer"`) || !strings.Contains(page, "Angkanya harus dua digit.") {
			t.Error(code, page)
		}
		if _, page := b.do("GET", link, ""); strings.Contains(page, `="`+strconv.Itoa(a.Number)+`"`) || strings.Contains(page, ">"+strconv.Itoa(a.Number)+"<") {
			t.Error("the page gives the number away that the agent reads out")
		}
		if code, _ := b.do("POST", link+"/answer", answer(wrong(a))); code != http.StatusSeeOther {
			t.Fatal(code)
		}
		if h.level(itx) != V1 || h.state(itx) != interaction.Identified {
			t.Fatalf("V%d %s", h.level(itx), h.state(itx))
		}
		if _, page := b.do("GET", link, ""); !strings.Contains(page, "Angkanya tidak sama") {
			t.Fatal(page)
		}
		_, link = h.link(itx)
		b.open(link)
		if code, _ := b.do("POST", link+"/answer", "answer=no"); code != http.StatusSeeOther || h.level(itx) != V1 {
			t.Fatal(code, h.level(itx))
		}
		// A newer link takes the older one's place.
		_, older := h.link(itx)
		h.wait(LinkWindow, itx)
		a, _ = h.link(itx)
		if code, page := (&browser{h: h}).do("POST", older+"/open", ""); code != http.StatusConflict || !strings.Contains(page, "tidak berlaku") {
			t.Fatalf("%d %s", code, page)
		}
		if a.State != Sent {
			t.Fatal(a.State)
		}
	})
}

func TestIDidNotCallFreezesAtOnceEvenAfterAYesAndLeavesAJob(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		a, link := h.link(itx)
		b := &browser{h: h}
		b.open(link)
		if code, _ := b.do("POST", link+"/answer", answer(a.Number)); code != http.StatusSeeOther || h.level(itx) != V2 {
			t.Fatal(code)
		}
		// From another browser: whoever holds the link may stop the call, not raise it.
		if code, _ := (&browser{h: h}).do("POST", link+"/answer", "answer=denied"); code != http.StatusSeeOther {
			t.Fatal(code)
		}
		if code, _ := b.do("POST", link+"/answer", "answer=denied"); code != http.StatusSeeOther {
			t.Fatal(code) // twice
		}
		if h.state(itx) != interaction.Frozen || h.level(itx) != V0 {
			t.Fatalf("%s V%d", h.state(itx), h.level(itx))
		}
		if _, page := b.do("GET", link, ""); !strings.Contains(page, "kami bekukan") || strings.Contains(page, `value="denied"`) {
			t.Fatal(page)
		}
		if _, err := h.SendLink(ctx, h.agent, itx, ""); err == nil {
			t.Fatal("a frozen call verifies again")
		}
		var waiting int
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			list, err := jobs.List(tx, "waiting", 100)
			for _, j := range list {
				if j.Kind == DeniedJob {
					waiting++
				}
			}
			return err
		}))
		if waiting != 1 {
			t.Fatalf("%d jobs for the incident room", waiting)
		}
		if e := h.log.take(); !has(e, "verification.denied done") || !has(e, "interaction.freeze done verification.denied_by_customer") {
			t.Fatal(e)
		}
	})
}

func TestALevelDecaysByTimeHoldAndAnotherPersonSpeaking(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		verified := func() string {
			itx := h.identified("")
			a, link := h.link(itx)
			b := &browser{h: h}
			b.open(link)
			b.do("POST", link+"/answer", answer(a.Number))
			if h.level(itx) != V2 {
				t.Fatalf("V%d", h.level(itx))
			}
			return itx
		}
		itx := verified()
		h.wait(LevelLasts-time.Second, itx)
		if h.level(itx) != V2 {
			t.Fatalf("after 29:59 V%d", h.level(itx))
		}
		h.wait(time.Second, itx)
		if h.level(itx) != V1 {
			t.Fatalf("after 30:00 V%d", h.level(itx))
		}
		for name, c := range map[string]struct {
			do   func(itx string) error
			want int
		}{
			"another person": {func(itx string) error { return h.interactions.Move(ctx, h.agent, itx, interaction.Lower) }, V1},
			"disconnect":     {func(itx string) error { return h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect) }, V0},
			"long hold": {func(itx string) error {
				err := h.interactions.Move(ctx, h.agent, itx, interaction.Hold)
				h.wait(interaction.HoldLimit+time.Second, itx)
				if h.level(itx) != V1 {
					t.Errorf("during the hold V%d", h.level(itx))
				}
				return errsJoin(err, h.interactions.Move(ctx, h.agent, itx, interaction.Resume))
			}, V1},
			"short hold": {func(itx string) error {
				err := h.interactions.Move(ctx, h.agent, itx, interaction.Hold)
				h.wait(interaction.HoldLimit, itx)
				return errsJoin(err, h.interactions.Move(ctx, h.agent, itx, interaction.Resume))
			}, V2},
			"transfer in time": {func(itx string) error {
				err := h.interactions.Transfer(ctx, h.agent, itx, h.other.ID())
				h.wait(30 * time.Second)
				return errsJoin(err, h.interactions.Accept(ctx, h.other, itx))
			}, V2},
			"transfer too late": {func(itx string) error {
				err := h.interactions.Transfer(ctx, h.agent, itx, h.other.ID())
				h.wait(time.Minute)
				return errsJoin(err, h.interactions.Accept(ctx, h.other, itx))
			}, V1},
		} {
			h.wait(LinkWindow)
			itx := verified()
			h.wait(time.Second, itx)
			h.must(c.do(itx))
			if got := h.level(itx); got != c.want {
				t.Errorf("after %s V%d, want V%d", name, got, c.want)
			}
		}
	})
}

func errsJoin(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestALinkSentBeforeAnotherPersonSpokeProvesNothingForThem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		a, link := h.link(itx)
		b := &browser{h: h}
		b.open(link)
		h.wait(time.Second, itx)
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Lower))
		if code, _ := b.do("POST", link+"/answer", answer(a.Number)); code != http.StatusSeeOther || h.level(itx) != V1 {
			t.Fatalf("%d V%d", code, h.level(itx))
		}
		// Somebody else is identified: the proof was the first one's.
		sibling := h.customer("KNG-2", 60*24*time.Hour)
		a, link = h.link(itx)
		b.open(link)
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.interactions.Bind(tx, h.agent, itx, sibling, "search") }))
		b.do("POST", link+"/answer", answer(a.Number))
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			if l, err := h.Level(tx, itx, sibling); err != nil || l != V1 {
				t.Errorf("V%d %v", l, err)
			}
			return nil
		}))
	})
}

func TestContactsTooNewProveNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		for i, c := range []struct {
			age  time.Duration
			want string
		}{{0, "verification.contact_too_new"}, {7*24*time.Hour - time.Second, "verification.contact_too_new"}, {7 * 24 * time.Hour, ""}} {
			h.subject = h.customer("KNG-A"+strconv.Itoa(i), c.age)
			itx := h.identified("")
			h.log.take()
			_, err := h.SendLink(ctx, h.agent, itx, "")
			if c.want == "" {
				h.must(err)
			} else {
				h.refused(err, c.want)
				if got := h.log.take(); !slices.Equal(got, []string{"verify allowed", "verification.link denied " + c.want}) {
					t.Errorf("entries %q", got) // the gate was asked first, and the room's own refusal is kept
				}
			}
			h.log.take()
			_, err = h.SendLink(ctx, h.agent, itx, "val_00000000000000000000000000")
			h.refused(err, "verification.no_contact")
			if got := h.log.take(); !slices.Equal(got, []string{"verify allowed", "verification.link denied verification.no_contact"}) {
				t.Errorf("entries %q", got)
			}
		}
	})
}

func TestLinksAreSlowedAndNeverBlocked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		for range LinksPerCall {
			h.link(itx)
		}
		_, err := h.SendLink(ctx, h.agent, itx, "")
		h.refused(err, "verification.slow_down")
		if wait := errs.Of(err).Args["retry_after"]; wait != 601 {
			t.Errorf("retry after %v", wait)
		}
		h.wait(LinkWindow, itx)
		h.link(itx)
		// An attacker in other calls slows the owner down for ten minutes at most.
		for n := 1; n < LinksPerOwner; n++ {
			h.link(h.identified(""))
		}
		owner := h.identified("")
		_, err = h.SendLink(ctx, h.agent, owner, "")
		h.refused(err, "verification.slow_down")
		h.wait(LinkWindow, owner)
		h.link(owner)
	})
}

func TestHistoryVerifiesOnlyOnAChannelWhereTheCatalogueComparesIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		for channel, code := range map[interaction.Channel]string{interaction.Phone: "", interaction.Chat: "", interaction.Email: "gate.not_on_channel"} {
			itx := h.identifiedOn(channel, h.agent, h.subject, "")
			before := h.level(itx)
			_, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"])
			if code == "" {
				h.must(err)
				continue
			}
			h.refused(err, code)
			if h.level(itx) != before {
				t.Errorf("%s: an answer brought V%d after V%d", channel, h.level(itx), before)
			}
			_, err = h.SendLink(ctx, h.agent, itx, "")
			h.must(err) // a registered contact still verifies
		}
	})
}

func TestHistoryIsComparedNeverShownAndCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("081277774321")
		questions, err := h.Questions(ctx, h.agent, itx)
		h.must(err)
		if len(questions) != 3 {
			t.Fatalf("%+v", questions)
		}
		again, _ := h.Questions(ctx, h.agent, itx)
		if again[0] != questions[0] {
			t.Fatal("asking again gives other questions")
		}
		match, err := h.Answer(ctx, h.agent, itx, questions[0].Kind, truth[questions[0].Kind])
		if err != nil || !match || h.level(itx) != V1 {
			t.Fatal(match, err, h.level(itx))
		}
		_, err = h.Answer(ctx, h.agent, itx, questions[0].Kind, truth[questions[0].Kind])
		h.refused(err, "verification.question_asked")
		if e := h.log.take(); !has(e, "verification.compare denied verification.question_asked") {
			t.Errorf("the refusal of a second try left no entry: %q", e)
		}
		match, err = h.Answer(ctx, h.agent, itx, questions[1].Kind, truth[questions[1].Kind])
		if err != nil || !match || h.level(itx) != V2 || h.state(itx) != interaction.Serving {
			t.Fatal(match, err, h.level(itx))
		}
		_, err = h.Answer(ctx, h.agent, itx, "mother", "x")
		h.refused(err, "verification.question_unknown")
		_, err = h.Answer(ctx, h.other, itx, questions[2].Kind, "x")
		h.refused(err, "gate.not_found")
		// Without the caller's number, two answers are worth nothing.
		silent := h.identified("")
		for _, q := range questions[:2] {
			match, err = h.Answer(ctx, h.agent, silent, q.Kind, truth[q.Kind])
			if err != nil || !match {
				t.Fatal(match, err)
			}
		}
		if h.level(silent) != V1 {
			t.Fatalf("V%d", h.level(silent))
		}
	})
}

func TestOnlyTheNewestItemOfAKindCounts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for said, want := range map[string]bool{"75.000": false, "150000,00": true} {
			itx := h.identified("")
			if match, err := h.Answer(context.Background(), h.agent, itx, "last_payment", said); err != nil || match != want {
				t.Errorf("%s: %v %v", said, match, err)
			}
		}
	})
}

func TestAnAmountMatchesAsItIsSaidAndAnUnclearOneDoesNot(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			said string
			want bool
		}{{"150 ribu", true}, {"Rp150rb", true}, {"seratus lima puluh ribu", true}, {"0,15 juta", true}, {"150", false}, {"seratus lima puluh", false}} {
			itx := h.identified("")
			if match, err := h.Answer(context.Background(), h.agent, itx, "last_payment", c.said); err != nil || match != c.want {
				t.Errorf("%s: %v %v", c.said, match, err)
			}
		}
	})
}

func TestThreeFailedComparesInADayCloseComparingForThatCustomerOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		// Over two agents, two calls and both kinds of compare.
		itx := h.identified("")
		match, err := h.Answer(ctx, h.agent, itx, "last_payment", "1")
		if match || err != nil {
			t.Fatal(match, err)
		}
		other := h.identifiedAs(h.other, h.subject, "")
		if match, err := h.Answer(ctx, h.other, other, "last_order", "beras"); match || err != nil {
			t.Fatal(match, err)
		}
		field := func(a actor.Actor, itx string) (try string, err error) {
			var refusal error
			err = h.db.Write(ctx, func(tx *db.Tx) error {
				try, refusal = h.Try(tx, a, itx, h.subject)
				if errs.KindOf(refusal) == errs.TooMany {
					return nil
				}
				return refusal
			})
			return try, errsJoin(err, refusal)
		}
		// A field that matched is given back.
		try, err := field(h.agent, itx)
		h.must(err)
		h.must(h.Matched(ctx, try))
		_, err = field(h.agent, itx) // never settled: counts as failed
		h.must(err)
		_, err = field(h.other, other)
		h.refused(err, "verification.compare_locked")
		_, err = h.Answer(ctx, h.other, other, "last_branch", truth["last_branch"])
		h.refused(err, "verification.compare_locked")
		if e := h.log.take(); !has(e, "verification.compare denied verification.compare_locked") {
			t.Fatal(e)
		}
		// The page stays open to the owner.
		a, link := h.link(itx)
		b := &browser{h: h}
		b.open(link)
		if code, _ := b.do("POST", link+"/answer", answer(a.Number)); code != http.StatusSeeOther || h.level(itx) != V2 {
			t.Fatal(code, h.level(itx))
		}
		// Another customer is not touched.
		sibling := h.customer("KNG-2", 60*24*time.Hour)
		his := h.identifiedAs(h.other, sibling, "")
		if match, err := h.Answer(ctx, h.other, his, "last_branch", "Menteng"); match || err != nil {
			t.Fatal(match, err)
		}
		h.wait(LockWindow)
		next := h.identified("")
		if match, err := h.Answer(ctx, h.agent, next, "last_branch", truth["last_branch"]); !match || err != nil {
			t.Fatal("a day later", match, err)
		}
	})
}

func TestTenGuessesAtOnceAreThreeGuesses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		var calls []string
		for range 4 {
			calls = append(calls, h.identified(""))
		}
		h.wait(0, calls...) // the next call closed the ones before: chats do not
		var mu sync.Mutex
		var compared int
		var wg sync.WaitGroup
		last := calls[len(calls)-1]
		for range 10 {
			wg.Go(func() {
				for kind := range truth {
					if _, err := h.Answer(ctx, h.agent, last, kind, "wrong"); err == nil {
						mu.Lock()
						compared++
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		if compared != LockAfter {
			t.Fatalf("%d guesses were compared", compared)
		}
	})
}

func TestAHeldOrSilentDeskComparesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Hold))
		_, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"])
		h.refused(err, "gate.call_held")
		_, err = h.SendLink(ctx, h.agent, itx, "")
		h.refused(err, "gate.call_held")
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Resume))
		h.wait(interaction.HeartbeatLimit)
		_, err = h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"])
		h.refused(err, "gate.heartbeat_lost")
		h.wait(0, itx)
		// The refusals compared nothing, so nothing failed and the question is still there.
		if match, err := h.Answer(ctx, h.agent, itx, "last_payment", truth["last_payment"]); !match || err != nil {
			t.Fatal(match, err)
		}
		if e := h.log.take(); !has(e, "verify denied gate.call_held") || !has(e, "verify denied gate.heartbeat_lost") {
			t.Fatal(e)
		}
	})
}

func TestTheJSONOperationsShowLevelsAndNeverAValue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.identified("")
		path := "/api/v1/interactions/" + itx + "/verification"
		w := h.desk.Do("agent", "POST", path+"/link", `{}`, "Content-Type", "application/json")
		if w.Code != 201 || !strings.Contains(w.Body.String(), `"number"`) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		w = h.desk.Do("agent", "POST", path+"/answer", `{"kind":"last_payment","said":"150000"}`, "Content-Type", "application/json")
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"match":true`) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		w = h.desk.Do("agent", "GET", path, "")
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, `"level":1`) || !strings.Contains(body, `"reaches":3`) || strings.Contains(body, "150000") || strings.Contains(body, mail) {
			t.Fatalf("%d %s", w.Code, body)
		}
		w = h.desk.Do("agent", "POST", path+"/answer", `{"kind":"last_order","said":"`+strings.Repeat("CANARY", 50)+`"}`, "Content-Type", "application/json")
		if w.Code != 422 || strings.Contains(w.Body.String(), "CANARY") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

func TestTheDeskSeesWhatCanBeTriedAndStrangersNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("081277774321")
		st, err := h.Status(ctx, h.agent, itx)
		h.must(err)
		if st.Level != V1 || !st.Until.IsZero() || len(st.Links) != 2 || st.Links[0].Reaches != V3 || st.History != 3 || !st.Locked.IsZero() {
			t.Fatalf("%+v", st)
		}
		for kind := range truth {
			if _, err := h.Answer(ctx, h.agent, itx, kind, "wrong"); err != nil {
				t.Fatal(err)
			}
		}
		h.link(itx)
		st, err = h.Status(ctx, h.agent, itx)
		h.must(err)
		if st.History != 0 || !st.Locked.Equal(h.clock().Add(LockWindow)) || len(st.Attempts) != 1 || st.Attempts[0].State != Sent {
			t.Fatalf("%+v", st)
		}
		boss := actor.NewStaff("stf_00000000000000000000000009", actor.Supervisor, "", []string{h.ctl}, h.clock())
		own, err := h.Status(ctx, h.agent, itx)
		h.must(err)
		if watched, err := h.Status(ctx, boss, itx); err != nil || watched.Attempts[0].Number != 0 || own.Attempts[0].Number < 10 {
			t.Fatalf("the number to read out: %+v for who serves, %+v for who looks on, %v", own.Attempts, watched.Attempts, err)
		}
		_, err = h.SendLink(ctx, boss, itx, "")
		h.refused(err, "gate.not_found") // a supervisor looks, and does not verify in somebody else's call
		for name, c := range map[string]struct {
			who actor.Actor
			itx string
		}{
			"another agent":      {h.other, itx},
			"another controller": {actor.NewStaff(h.agent.ID(), actor.Agent, "", []string{"ctl_x"}, h.clock()), itx},
			"a client alone":     {actor.NewClient("cli_1", []string{"verify"}, []string{h.ctl}), itx},
			"a call of nobody":   {h.agent, "itx_00000000000000000000000000"},
			"no id":              {h.agent, "x"},
		} {
			code := "gate.not_found"
			if !c.who.IsStaff() {
				code = "gate.client_alone"
			}
			h.log.take()
			_, err := h.Status(ctx, c.who, c.itx)
			h.refused(err, code)
			_, err = h.SendLink(ctx, c.who, c.itx, "")
			h.refused(err, code)
			_, err = h.Questions(ctx, c.who, c.itx)
			h.refused(err, code)
			_, err = h.Answer(ctx, c.who, c.itx, "last_payment", "1")
			h.refused(err, code)
			if got, want := h.log.take(), slices.Repeat([]string{"verify denied " + code}, 4); !slices.Equal(got, want) {
				t.Errorf("entries %q, want %q", got, want)
			}
			if t.Failed() {
				t.Fatal(name)
			}
		}
	})
}

func TestASignalReportedDuringTheCallLowersWhatWasProved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		exchange := actor.NewClient("cli_00000000000000000000000001", []string{"events"}, []string{h.ctl})
		send := func(kind interaction.EventKind, sequence int64, d interaction.Data) string {
			r, err := h.interactions.Receive(ctx, exchange, interaction.Event{Source: "pbx", ID: strconv.FormatInt(sequence, 10), Sequence: sequence, Kind: kind, Contact: "c", Data: d})
			h.must(err)
			return r.Interaction
		}
		itx := send(interaction.ContactOffered, 1, interaction.Data{Controller: h.ctl, From: "081277774321"})
		send(interaction.ContactConnected, 2, interaction.Data{Agent: h.agent.ID()})
		h.wait(0, itx)
		h.must(h.interactions.ChoosePurpose(ctx, h.agent, itx, h.pur, "id"))
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.interactions.Bind(tx, h.agent, itx, h.subject, "number") }))
		for _, kind := range []string{"last_payment", "last_order"} {
			if match, err := h.Answer(ctx, h.agent, itx, kind, truth[kind]); err != nil || !match {
				t.Fatal(match, err)
			}
		}
		if h.level(itx) != V2 {
			t.Fatalf("two answers and the number the exchange reported: V%d", h.level(itx))
		}
		send("signal.reported", 3, interaction.Data{Risks: []string{"sim_changed"}})
		if h.level(itx) != V1 {
			t.Fatalf("after the SIM is known to have changed: V%d", h.level(itx))
		}
	})
}

func TestAQuestionOfAKindNobodyWroteASentenceForIsAskedByItsName(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.desk.Texts().For("id", nil)
		if got := QuestionText(p, "last_payment"); got != "Berapa jumlah pembayaran terakhir Bapak/Ibu?" {
			t.Error(got)
		}
		if got := QuestionText(p, "points_balance"); got != "Tanyakan kepada penelepon: points_balance" {
			t.Error(got)
		}
	})
}

func TestARoomWithoutAllItNeedsDoesNotStart(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("it starts")
	}
}

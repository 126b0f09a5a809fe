package verification_test

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	. "github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/check"
)

// check enters something on the page where calls are checked.
func (h *house) check(entered string, header ...string) (int, string) {
	h.t.Helper()
	w := h.desk.Do("", "POST", "/check", url.Values{"entered": {entered}}.Encode(), header...)
	return w.Code, w.Body.String()
}

func (h *house) report(entered string) {
	h.t.Helper()
	w := h.desk.Do("", "POST", "/check/report", url.Values{"entered": {entered}}.Encode())
	if w.Code != 303 || w.Header().Get("Location") != "/check/reported" {
		h.t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestAnybodyLearnsFromTheCodeWhoseCallItIsWhileItLasts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.dialled(h.agent, interaction.Outbound, "081277774321", h.subject)
		spoken := check.Spoken(h.calls.Code(itx))
		h.log.take()
		for _, typed := range []string{spoken, h.calls.Code(itx), strings.ReplaceAll(spoken, " ", "-")} {
			code, body := h.check(typed)
			for _, want := range []string{"Ya, ini panggilan dari kami", "Bank Contoh", "PT Layanan Kontak", "Rina", "Status pesanan", "Kami yang menghubungi Anda", "Kami tidak pernah meminta OTP, PIN"} {
				if code != 200 || !strings.Contains(body, want) {
					t.Fatalf("%d, no %q in %s", code, want, body)
				}
			}
			body = strings.ReplaceAll(body, typed, "") // what he typed, he knows, and chance may have put any digits into it
			for _, never := range []string{"Kenanga", "4321", mail, h.subject, itx, h.agent.ID(), h.ctl, "<script"} {
				if strings.Contains(body, never) {
					t.Fatalf("%q stands on the page", never)
				}
			}
		}
		if _, body := h.check(spoken, "Accept-Language", "en"); !strings.Contains(body, "Yes, this is a call of ours") || !strings.Contains(body, "Order status") || !strings.Contains(body, "?lang=id") {
			t.Errorf("in English: %s", body)
		}
		if got, want := h.log.take(), slices.Repeat([]string{"verification.checked done"}, 4); !slices.Equal(got, want) {
			t.Errorf("entries %q", got)
		}
		ctx := context.Background()
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		if _, body := h.check(spoken); !strings.Contains(body, "Bukan dari kami") {
			t.Errorf("a call whose line is closed is ours: %s", body)
		}
		h.must(h.interactions.Seal(ctx, h.agent, itx, interaction.Dispositions()[0]))
		h.log.take()
		if _, body := h.check(spoken); !strings.Contains(body, "Bukan dari kami") {
			t.Errorf("a call that is over is ours: %s", body)
		}
		if got := h.log.take(); !slices.Equal(got, []string{"verification.checked denied verification.check_none"}) {
			t.Errorf("entries %q", got)
		}
		ringing, err := h.interactions.Offer(ctx, actor.NewClient("cli_1", []string{"interactions"}, []string{h.ctl}), interaction.Opening{Controller: h.ctl, Channel: interaction.Phone, Direction: interaction.Outbound})
		h.must(err)
		h.wait(time.Minute)
		if _, body := h.check(h.calls.Code(ringing)); !strings.Contains(body, "Bukan dari kami") {
			t.Error("a call that nobody serves is ours")
		}
	})
}

// Whoever is served has the code of that contact in every letter: it must be worth nothing on another line.
func TestACodeOfAContactThatBeganWithTheCustomerIsNoProofThatWeCall(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.identified("")
		for lang, want := range map[string]string{"id": "<h1>Kami tidak sedang menelepon Anda: seseorang menghubungi kami</h1>", "en": "<h1>We are not calling you: somebody contacted us</h1>"} {
			if _, body := h.check(h.calls.Code(itx), "Accept-Language", lang); !strings.Contains(body, want) || strings.Contains(body, "Ya, ini panggilan") || strings.Contains(body, "Yes, this is a call") {
				t.Errorf("%s", body)
			}
		}
		lasting := func() (code string) {
			h.must(h.db.Read(context.Background(), func(tx *db.Tx) (err error) { code, err = h.calls.Lasting(tx, itx); return err }))
			return code
		}
		if lasting() != check.Spoken(h.calls.Code(itx)) {
			t.Errorf("a contact that goes on has the code %q", lasting())
		}
		h.must(h.interactions.Move(context.Background(), h.agent, itx, interaction.Disconnect))
		if lasting() != "" {
			t.Error("a contact whose line is closed has a code to send")
		}
	})
}

// Whatever a stranger knows of a customer leads to the one answer that everything else leads to.
func TestThePageForCheckingCallsIsNoOracle(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		itx := h.identified("+6281277774321")
		_, want := h.check("000")
		h.wait(time.Hour, itx)
		_, link := h.link(itx)
		h.log.take()
		for i, typed := range []string{"081277774321", "+62 812-7777-4321", "6281277774321", mail, "KNG-1", h.subject, itx, link, "123456789", "999 999 999", "100000000", strings.Repeat("9", 41), "4711", "0", "' or 1=1 --", "<b>"} {
			if i%5 == 4 {
				h.wait(time.Minute)
			}
			code, body := h.check(typed)
			body = strings.ReplaceAll(body, `name="entered" value="`+htmlOf(typed)+`"`, `name="entered" value="000"`)
			if code != 200 || body != want {
				t.Errorf("%q is answered otherwise: %d %s", typed, code, body)
			}
		}
		for _, line := range h.log.take() {
			if line != "verification.checked denied verification.check_none" {
				t.Errorf("entry %q", line)
			}
		}
		if log := h.desk.Log.String(); strings.Contains(log, "81277774321") || strings.Contains(log, mail) || strings.Contains(log, "123456789") {
			t.Error("what was entered stands in the events")
		}
		h.wait(time.Hour)
		for _, ours := range []string{"+622150001234", "021-5000-1234", "(021) 50001234", "622150001234", "1500888", "1500-888"} {
			if _, body := h.check(ours); !strings.Contains(body, "belum tentu kami yang menelepon") {
				t.Errorf("%s is not ours: %s", ours, body)
			}
		}
		for _, bad := range []string{"1500888x", "", strings.Repeat("x", 300)} {
			if _, body := h.check(bad); strings.Contains(body, "Ya, ini") || strings.Contains(body, "belum tentu") {
				t.Errorf("%q is ours", bad)
			}
		}
	})
}

func htmlOf(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;", "+", "&#43;").Replace(s)
}

func TestGuessingCodesIsSlowedForOneAndForAllTogether(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		one := netip.MustParseAddr("203.0.113.7")
		for i := range check.AddressBurst {
			_, err := h.calls.Ask(ctx, one, fmt.Sprint(200_000_000+i), "id")
			h.must(err)
		}
		_, err := h.calls.Ask(ctx, one, h.calls.Code(itx), "id")
		h.refused(err, "verification.check_slow")
		h.refused(h.calls.Report(ctx, one, h.calls.Code(itx)), "verification.check_slow")
		if h.state(itx) == interaction.Frozen {
			t.Fatal("a slowed report froze a contact")
		}
		h.wait(check.AddressEvery*time.Second, itx)
		if got, err := h.calls.Ask(ctx, one, h.calls.Code(itx), "id"); err != nil || got.State != check.Ours {
			t.Errorf("after the wait: %+v %v", got, err)
		}
		// Twenty addresses that guess use up what guessers share, and nothing else.
		h.wait(time.Hour, itx)
		h.log.take()
		fresh, guesses := 0, 0
		for n := range check.AddressBurst {
			for i := range byte(20) {
				_, err := h.calls.Ask(ctx, netip.AddrFrom4([4]byte{198, 51, 100, i}), fmt.Sprint(300_000_000+20*n+int(i)), "id")
				switch {
				case err == nil && n < check.FreshWrong:
					fresh++
				case err == nil:
					guesses++
				}
			}
		}
		if fresh != 20*check.FreshWrong || guesses != check.CodesBurst || len(h.log.take()) != fresh+guesses {
			t.Errorf("%d tries that were fresh, %d guesses", fresh, guesses)
		}
		h.must(h.ask("198.51.100.200", "399999990"))
		h.must(h.ask("198.51.100.200", "399999991"))
		h.refused(h.ask("198.51.100.200", h.calls.Code(itx)), "verification.check_slow") // a guesser too is told nothing by the limit
		for _, customer := range []string{"192.0.2.77", "192.0.2.78"} {
			h.must(h.ask(customer, "399999992")) // mistyped
			if got, err := h.calls.Ask(ctx, netip.MustParseAddr(customer), h.calls.Code(itx), "id"); err != nil || got.State != check.Ours {
				t.Errorf("whoever was called at %s: %+v %v", customer, got, err)
			}
		}
		// Those that are no guessers have a limit too, in which the numbers of ours are not counted.
		left := 0
		for i := range check.FreshBurst {
			if h.ask(fmt.Sprintf("203.0.%d.%d", i/250, i%250), fmt.Sprint(400_000_000+i)) == nil {
				left++
			}
		}
		if left == 0 || left >= check.FreshBurst-20*check.FreshWrong {
			t.Errorf("%d more", left)
		}
		if got, err := h.calls.Ask(ctx, netip.MustParseAddr("192.0.2.1"), "1500888", "id"); err != nil || got.State != check.Number {
			t.Errorf("a number: %+v %v", got, err)
		}
		if code, body := h.check(h.calls.Code(itx)); code != 429 || !strings.Contains(body, "Terlalu banyak pemeriksaan") || !strings.Contains(body, `id="entered"`) {
			t.Errorf("%d %s", code, body)
		}
	})
}

// ask enters something from an address.
func (h *house) ask(from, entered string) error {
	_, err := h.calls.Ask(context.Background(), netip.MustParseAddr(from), entered, "id")
	return err
}

func TestWhoeverWasCalledFreezesTheCallByItsCodeAndItStandsAmongTheDenials(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, boss := context.Background(), h.reader("dpo", actor.DPO)
		itx := h.identified("")
		h.report(h.calls.Code(itx))
		if h.state(itx) != interaction.Frozen {
			t.Fatalf("the contact is %s", h.state(itx))
		}
		if got := h.log.take(); !slices.Equal(got, []string{"verification.reported done", "interaction.freeze done verification.denied_by_customer"}) {
			t.Errorf("entries %q", got)
		}
		if _, body := h.check(h.calls.Code(itx)); !strings.Contains(body, "Bukan dari kami") {
			t.Error("a frozen call is still ours")
		}
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			f := interaction.Facts{ID: "itx_x", Subject: h.subject}
			signals, err := h.SignalsOf(tx, f)
			if !slices.Contains(signals, "known_fraud") {
				t.Errorf("signals %v", signals)
			}
			return err
		}))
		// Of a call that is none of ours a record remains too, with no word of who called or was called.
		h.wait(time.Minute)
		h.report("0812 7777 4321")
		h.wait(time.Minute)
		h.report("1500-888")
		h.log.take()
		list, _, err := h.Denials(ctx, boss, false, Position{})
		h.must(err)
		if len(list) != 3 || list[0].Number != "1500888" || list[0].Interaction != "" || list[1].Number != "" || list[2].Interaction != itx || list[2].Agent != h.agent.ID() || list[2].State != interaction.Frozen {
			t.Fatalf("%+v", list)
		}
		one, err := h.Denial(ctx, boss, list[2].ID)
		h.must(err)
		if !slices.Equal(one.Seen, []string{"phone"}) {
			t.Errorf("disclosed %v", one.Seen)
		}
		for _, d := range list {
			if w := h.desk.Do("dpo", "GET", "/denials/"+d.ID, ""); w.Code != 200 || strings.Contains(w.Body.String(), "4321") || strings.Contains(w.Body.String(), "⟦") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w := h.desk.Do("dpo", "GET", "/api/v1/denials/"+d.ID, ""); w.Code != 200 || strings.Contains(w.Body.String(), "phone") != (d.Interaction != "") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			h.must(h.Review(ctx, boss, d.ID, "Operator telepon sudah diberi tahu."))
			if body := h.desk.Do("dpo", "GET", "/denials/"+d.ID, "").Body.String(); strings.Contains(body, "Operator telepon sudah") != (d.Interaction == "") {
				t.Errorf("the finding: %s", body)
			}
		}
		if w := h.desk.Do("dpo", "GET", "/denials?reviewed=true", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "Panggilan yang bukan dari kita") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if got := h.log.take(); !slices.Equal(got, slices.Repeat([]string{"verification.reviewed done"}, 3)) {
			t.Errorf("entries %q", got)
		}
	})
}

func TestReportsThatNameNoContactAreLimitedForAllTogetherAndThoseThatDoAreNot(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.identified("")
		for i := range check.ReportsBurst {
			h.must(h.calls.Report(ctx, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), ""))
		}
		other := netip.MustParseAddr("203.0.113.9")
		h.refused(h.calls.Report(ctx, other, "0812 7777 4321"), "verification.check_slow")
		h.must(h.calls.Report(ctx, other, h.calls.Code(itx)))
		if h.state(itx) != interaction.Frozen {
			t.Errorf("the contact is %s", h.state(itx))
		}
	})
}

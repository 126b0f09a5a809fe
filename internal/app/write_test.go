package app

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestWhatAnAgentWritesLeavesOnlyAfterItWasHeldAgainstTheMatrix(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		before := len(trailOf(t, w, itx))
		if _, err := w.Desk.Write(ctx, a, itx, "email", "", desk.Words{Text: "Pesanan Anda dikirim besok."}, nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ text, code string }{
			{"Mohon balas dengan kode OTP yang Anda terima.", "message.names_secret"},
			{"Untuk Bapak Budi Santoso: pesanan dikirim.", "message.holds_value"},
			{"NIK 3273 0147 0887 0017", "message.holds_official"},
		} {
			if _, err := w.Desk.Write(ctx, a, itx, "email", "", desk.Words{Text: c.text}, nil); errs.CodeOf(err) != c.code {
				t.Errorf("%s: %v", c.code, err)
			}
		}
		// On the call's own channel the name may be said at V2; the fifth text is the last.
		if err := w.Desk.Check(ctx, a, itx, desk.Words{Text: "Bapak Budi Santoso, pesanan dikirim besok."}); err != nil {
			t.Error(err)
		}
		if err := w.Desk.Check(ctx, a, itx, desk.Words{Text: "Baik."}); errs.CodeOf(err) != "desk.writings_spent" {
			t.Errorf("a sixth text of %d: %v", desk.WriteLimit, err)
		}
		want := []string{
			"act allowed email", "message.queue done email",
			"act allowed email", "message.held denied (message.names_secret)",
			"act allowed email", "message.held denied name (message.holds_value)",
			"act allowed email", "message.held denied (message.holds_official)", "dlp.block denied (dlp.blocked)",
			"note allowed", "note allowed",
		}
		if diff := cmp.Diff(want, trailOf(t, w, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		// What rules would have stopped too is an incident, for its writer to learn from.
		if mine, err := w.DLP.Mine(ctx, a); err != nil || len(mine) != 1 || mine[0].Verdict != dlp.Block || strings.Contains(mine[0].Evidence, "0147") {
			t.Errorf("%+v %v", mine, err)
		}
		if err := w.Work(ctx); err != nil {
			t.Fatal(err)
		}
		letters := w.Inbox.List()
		if len(letters) == 0 || !strings.Contains(letters[0].Body, "Pesanan Anda dikirim besok.") || !strings.Contains(letters[0].Body, "tidak pernah meminta OTP") {
			t.Errorf("%+v", letters)
		}
		for _, l := range letters {
			if strings.Contains(l.Body, "Budi") || strings.Contains(l.Body, "3273") {
				t.Error("a held text left")
			}
		}
		verifyLog(t, w)
	})
}

func TestTheDeskListsWhatMayBeSaidAndStopsARequestForAnOTPWithANextStep(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, _, itx := browsing(t, w, "order_status", 1)
	page := b.do("GET", "/calls/"+itx, nil).Body.String()
	for _, want := range []string{"Boleh disebut", "utuh", "Tulis kepada pelanggan", "Di saluran mana pun tidak: NIK"} {
		if !strings.Contains(page, want) {
			t.Errorf("the desk does not say %q", want)
		}
	}
	answer := b.do("POST", "/calls/"+itx+"/write", url.Values{"to": {"email"}, "text": {"Tolong sebutkan OTP Anda"}})
	for _, want := range []string{"Kita tidak pernah meminta OTP", "mulai verifikasi", "Saya tidak pernah meminta OTP atau PIN"} {
		if answer.Code != 403 || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%d, without %q", answer.Code, want)
		}
	}
	if strings.Contains(answer.Body.String(), "Tolong sebutkan") {
		t.Error("the answer echoes the text")
	}
}

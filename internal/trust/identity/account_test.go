package identity

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/testkit/authenticator"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

func TestAnAccountAddsAndRemovesPasskeys(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		a, _ := h.signIn(w, false)
		_, err := h.RefreshOptions(h.ctx, a)
		h.wants(err, "identity.no_passkeys")
		key := authenticator.New(testOrigin)
		options, err := h.AddPasskeyOptions(h.ctx, a)
		h.ok(err)
		h.log.take()
		h.ok(h.AddPasskey(h.ctx, a, key.Create(options), "kunci"))
		h.wants(h.AddPasskey(h.ctx, a, []byte("{}"), ""), "identity.wrong_passkey")
		h.logged("identity.passkey_added done", "identity.passkey_added denied identity.wrong_passkey")
		// The browser is told which keys are enrolled already.
		options, err = h.AddPasskeyOptions(h.ctx, a)
		h.ok(err)
		if !strings.Contains(string(options), authenticator.Text(key.ID)) {
			t.Errorf("%s", options)
		}
		account, err := h.Account(h.ctx, a)
		h.ok(err)
		other, _ := h.signIn(h.hire("budi", actor.Agent), false)
		h.ok(h.RemovePasskey(h.ctx, other, account.Passkeys[0].ID)) // nobody else's is found
		if account, err = h.Account(h.ctx, a); err != nil || len(account.Passkeys) != 1 {
			t.Fatalf("%+v %v", account, err)
		}
		h.ok(h.RemovePasskey(h.ctx, h.again(a), account.Passkeys[0].ID)) // TOTP is left
		h.later(6 * time.Minute)
		_, err = h.AddPasskeyOptions(h.ctx, a)
		h.wants(err, "web.second_factor")
		h.wants(h.AddPasskey(h.ctx, a, nil, ""), "web.second_factor")
		for _, nobody := range []actor.Actor{{}, actor.NewClient("cli_x", nil, nil)} {
			_, err = h.AddPasskeyOptions(h.ctx, nobody)
			h.wants(err, "web.session")
			_, err = h.Account(h.ctx, nobody)
			h.wants(err, "web.session")
			_, err = h.RefreshOptions(h.ctx, nobody)
			h.wants(err, "web.session")
			_, err = h.NewTOTP(h.ctx, nobody)
			h.wants(err, "web.session")
			_, err = h.TOTPPicture(h.ctx, nobody)
			h.wants(err, "web.session")
			h.wants(h.ChangePassword(h.ctx, nobody, "", ""), "web.session")
			h.wants(h.AddPasskey(h.ctx, nobody, nil, ""), "web.session")
		}
	})
}

func TestAnAuthenticatorMovesToANewPhone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		a, _ := h.signIn(w, false)
		_, err := h.TOTPPicture(h.ctx, a)
		h.wants(err, "identity.step_over")
		h.wants(h.ConfirmTOTP(h.ctx, a, "000000"), "identity.step_over")
		secret, err := h.NewTOTP(h.ctx, a)
		h.ok(err)
		if _, err := h.TOTPPicture(h.ctx, a); err != nil {
			t.Error(err)
		}
		h.wants(h.ConfirmTOTP(h.ctx, a, "000000"), "identity.wrong_code")
		moved := w
		moved.secret = strings.ReplaceAll(secret, " ", "")
		h.log.take()
		h.ok(h.ConfirmTOTP(h.ctx, a, h.code(moved)))
		h.logged("identity.totp_renewed done")
		step, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, office, false)
		h.wants(err, "identity.wrong_code")
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(moved)}, office, false)
		h.ok(err)
		h.later(6 * time.Minute)
		_, err = h.NewTOTP(h.ctx, a)
		h.wants(err, "web.second_factor")
	})
}

func TestRecoveryCodesAreRenewed(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	a, _ := h.signIn(w, false)
	codes, err := h.RenewRecovery(h.ctx, a)
	h.ok(err)
	step, err := h.SignIn(h.ctx, "rina", goodWords, office)
	h.ok(err)
	_, err = h.Finish(h.ctx, step.Token, Shown{Code: w.recovery[0]}, office, false)
	h.wants(err, "identity.wrong_code")
	_, err = h.Finish(h.ctx, step.Token, Shown{Code: codes[9]}, office, false)
	h.ok(err)
	h.later(6 * time.Minute)
	_, err = h.RenewRecovery(h.ctx, a)
	h.wants(err, "web.second_factor")
}

func TestAPasswordChangeEndsTheOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		other, _ := h.signIn(w, false)
		a, _ := h.signIn(w, false)
		const next = "sungai batu bulan pagar"
		h.wants(h.ChangePassword(h.ctx, a, goodWords, "short"), "identity.password_short")
		h.log.take()
		h.wants(h.ChangePassword(h.ctx, a, "not my password", next), "identity.wrong_password")
		h.ok(h.ChangePassword(h.ctx, a, goodWords, next))
		h.logged("identity.password_changed denied identity.wrong_password", "identity.password_changed done")
		if h.live(other) || !h.live(a) {
			t.Error("the wrong sessions ended")
		}
		_, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.wants(err, "identity.wrong_sign_in")
		_, err = h.SignIn(h.ctx, "rina", next, office)
		h.ok(err)
		h.later(6 * time.Minute)
		h.wants(h.ChangePassword(h.ctx, a, next, goodWords), "web.second_factor")
		h.ok(h.Disable(h.ctx, Terminal(), w.id))
		h.wants(h.ChangePassword(h.ctx, a, next, goodWords), "web.session")
	})
}

func TestGuessingTheCurrentPasswordInAnOpenSessionSlowsDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		a, _ := h.signIn(w, false)
		const next = "sungai batu bulan pagar"
		var wrong, slow atomic.Int32
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				switch errs.Of(h.ChangePassword(h.ctx, a, "kapal jeruk langit 8 tangga", next)).Code {
				case "identity.wrong_password":
					wrong.Add(1)
				case "identity.slow_down":
					slow.Add(1)
				}
			})
		}
		all.Wait()
		if wrong.Load() != 6 || slow.Load() != 24 {
			t.Errorf("%d were tried, %d refused", wrong.Load(), slow.Load())
		}
		h.wants(h.ChangePassword(h.ctx, a, goodWords, next), "identity.slow_down")
		h.signIn(w, false) // guessing there keeps nobody from signing in
		h.later(31 * time.Second)
		a, _ = h.signIn(w, false)
		h.ok(h.ChangePassword(h.ctx, a, goodWords, next))
		h.wants(h.ChangePassword(h.ctx, a, goodWords, next+" lain"), "identity.wrong_password") // counted from nothing again
	})
}

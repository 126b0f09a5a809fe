package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/testkit/authenticator"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// invited returns the enrolment link of a new member of staff, made at the terminal.
func (h *house) invited(login string) string {
	h.t.Helper()
	staff, err := h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "Sari Putri", Login: login, Role: actor.Agent})
	h.ok(err)
	link, err := h.MakeLink(h.ctx, Terminal(), staff)
	h.ok(err)
	return link
}

func TestAPasskeyEnrolsSignsInAndStepsUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.invited("sari")
		browser := h.opens(link, "")
		key := authenticator.New(testOrigin)
		options, err := h.InvitationOptions(h.ctx, link, browser)
		h.ok(err)
		if !strings.Contains(string(options), `"id":"localhost"`) {
			t.Errorf("%s", options)
		}
		h.log.take()
		signed, recovery, err := h.Enrol(h.ctx, Enrolment{Token: link, Browser: browser, Password: goodWords, Shown: Shown{Passkey: key.Create(options)}, Label: "laptop"}, office)
		h.ok(err)
		h.logged("identity.sign_in.passkey done", "identity.enrolled.passkey done")
		if len(recovery) != 10 {
			t.Errorf("%v", recovery)
		}
		step, err := h.SignIn(h.ctx, "sari", goodWords, office)
		h.ok(err)
		if !step.Passkeys || step.TOTP {
			t.Errorf("%+v", step)
		}
		options, err = h.PasskeyOptions(h.ctx, step.Token)
		h.ok(err)
		answer := key.Get(options)
		second, err := h.Finish(h.ctx, step.Token, Shown{Passkey: answer}, office, false)
		h.ok(err)
		a := h.actor(second)
		if a.ID() != signed.Staff {
			t.Errorf("%v", a)
		}
		// Fresh again in the session, with a new challenge; an old answer is worthless.
		_, err = h.Refresh(h.ctx, a, Shown{Passkey: answer})
		h.wants(err, "identity.wrong_passkey")
		options, err = h.RefreshOptions(h.ctx, a)
		h.ok(err)
		answer = key.Get(options)
		_, err = h.Refresh(h.ctx, a, Shown{Passkey: answer})
		h.ok(err)
		_, err = h.Refresh(h.ctx, a, Shown{Passkey: answer})
		h.wants(err, "identity.wrong_passkey")
		account, err := h.Account(h.ctx, a)
		h.ok(err)
		if len(account.Passkeys) != 1 || account.Passkeys[0].Label != "laptop" || account.Passkeys[0].Used.IsZero() || len(account.Sessions) != 2 {
			t.Errorf("%+v", account)
		}
		// A recovery code works where the passkey is lost.
		step, err = h.SignIn(h.ctx, "sari", goodWords, office)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: recovery[0]}, office, false)
		h.ok(err)
	})
}

func TestAFalseSiteACopiedKeyAndAnOldChallengeAreRefused(t *testing.T) {
	h := one(t)
	link := h.invited("sari")
	browser := h.opens(link, "")
	key := authenticator.New(testOrigin)
	options, err := h.InvitationOptions(h.ctx, link, browser)
	h.ok(err)

	phished := authenticator.New(testOrigin)
	phished.Origin = "https://amanah.evil.example"
	enrol := func(answer []byte) error {
		_, _, err := h.Enrol(h.ctx, Enrolment{Token: link, Browser: browser, Password: goodWords, Shown: Shown{Passkey: answer}}, office)
		return err
	}
	h.wants(enrol(phished.Create(options)), "identity.wrong_passkey")
	h.wants(enrol(key.Create(options)), "identity.wrong_passkey") // the challenge is used up
	h.wants(enrol([]byte("{}")), "identity.wrong_passkey")
	_, err = h.InvitationOptions(h.ctx, link, browser)
	h.ok(err)
	h.wants(enrol([]byte("{}")), "identity.wrong_passkey")
	options, err = h.InvitationOptions(h.ctx, link, browser)
	h.ok(err)
	late := key.Create(options)
	h.later(StepLimit)
	h.wants(enrol(late), "identity.wrong_passkey")
	options, err = h.InvitationOptions(h.ctx, link, browser)
	h.ok(err)
	h.ok(enrol(key.Create(options)))

	try := func(change func(options []byte) []byte) error {
		t.Helper()
		h.later(20 * time.Minute) // past any delay
		step, err := h.SignIn(h.ctx, "sari", goodWords, office)
		h.ok(err)
		options, err := h.PasskeyOptions(h.ctx, step.Token)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, Shown{Passkey: change(options)}, office, false)
		return err
	}
	h.ok(try(key.Get))
	copied := *key
	copied.Counter = 1
	h.ok(try(key.Get))
	h.wants(try(func(o []byte) []byte { copied.Counter = 0; return copied.Get(o) }), "identity.wrong_passkey")
	phished.ID, phished.Key = key.ID, key.Key
	h.wants(try(phished.Get), "identity.wrong_passkey")
	stranger := authenticator.New(testOrigin)
	h.wants(try(stranger.Get), "identity.wrong_passkey")
	h.wants(try(func([]byte) []byte { return []byte("rubbish") }), "identity.wrong_passkey")
	other := authenticator.New(testOrigin)
	other.ID = key.ID
	h.wants(try(other.Get), "identity.wrong_passkey") // right id, wrong key
}

func TestACredentialBelongsToOneAccount(t *testing.T) {
	h := one(t)
	key := authenticator.New(testOrigin)
	for i, login := range []string{"sari", "mala"} {
		link := h.invited(login)
		browser := h.opens(link, "")
		options, err := h.InvitationOptions(h.ctx, link, browser)
		h.ok(err)
		_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: browser, Password: goodWords, Shown: Shown{Passkey: key.Create(options)}}, office)
		if i == 0 {
			h.ok(err)
		} else {
			h.wants(err, "identity.wrong_passkey")
		}
	}
}

func TestPasskeysNeedAName(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()}, Config{Origin: "http://127.0.0.1:8080"})
	w := h.hire("rina", actor.Agent)
	a, _ := h.signIn(w, false)
	_, err := h.AddPasskeyOptions(h.ctx, a)
	h.wants(err, "identity.no_passkey_host")
	_, err = h.RefreshOptions(h.ctx, a)
	h.wants(err, "identity.no_passkey_host")
	if _, err := newWebAuthn("http://%", "x"); err == nil {
		t.Error("a broken origin is taken")
	}
	if w, err := newWebAuthn("", "x"); w != nil || err != nil {
		t.Error("no origin, no passkeys")
	}
	if _, err := newIdentity(h.db, h.log, h.keys, Config{Origin: "http://%"}, h.hasher); err == nil {
		t.Error("a broken origin is taken")
	}
}

func TestAFIPSDeploymentTakesPasskeysOnly(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()}, Config{FIPS: true})
	if h.UsesTOTP() || !h.UsesPasskeys() || h.Origin() != testOrigin {
		t.Error("what pages are told is not what holds")
	}
	if !strings.HasPrefix(h.nobody, "$pbkdf2-sha256$") {
		t.Error(h.nobody)
	}
	link := h.invited("sari")
	browser := h.opens(link, "")
	inv, err := h.Invitation(h.ctx, link, browser)
	h.ok(err)
	if inv.Secret != "" {
		t.Error("a TOTP secret is shown")
	}
	_, err = h.InvitationPicture(h.ctx, link, browser)
	h.wants(err, "identity.fips_totp")
	_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: browser, Password: goodWords, Shown: Shown{Code: "123456"}}, office)
	h.wants(err, "identity.fips_totp")
	key := authenticator.New(testOrigin)
	options, err := h.InvitationOptions(h.ctx, link, browser)
	h.ok(err)
	signed, _, err := h.Enrol(h.ctx, Enrolment{Token: link, Browser: browser, Password: goodWords, Shown: Shown{Passkey: key.Create(options)}}, office)
	h.ok(err)
	a := h.actor(signed)
	_, err = h.NewTOTP(h.ctx, a)
	h.wants(err, "identity.fips_totp")
	account, err := h.Account(h.ctx, a)
	h.ok(err)
	h.wants(h.RemovePasskey(h.ctx, a, account.Passkeys[0].ID), "identity.last_factor")
	// A TOTP secret from before does not open the door either.
	w := h.hire("rina", actor.Agent)
	step, err := h.SignIn(h.ctx, "rina", goodWords, office)
	h.ok(err)
	if step.TOTP {
		t.Error("TOTP is offered")
	}
	_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, office, false)
	h.wants(err, "identity.wrong_code")
}

func TestNewMakesTheRoomAtFullCost(t *testing.T) {
	h := one(t)
	for _, fips := range []bool{false, true} {
		s, err := New(h.db, h.log, h.keys, Config{Origin: testOrigin, FIPS: fips})
		h.ok(err)
		if fips != strings.Contains(s.nobody, "i=600000") {
			t.Error(s.nobody)
		}
	}
}

func TestAPasskeyAloneIsOneStepFromOneUserToTheNext(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		rina, sari := h.hire("rina", actor.Agent), h.hire("sari", actor.Agent)
		key := authenticator.New(testOrigin)
		next, _ := h.signIn(sari, true)
		options, err := h.AddPasskeyOptions(h.ctx, next)
		h.ok(err)
		if !strings.Contains(string(options), `"residentKey":"preferred"`) {
			t.Errorf("%s", options)
		}
		h.ok(h.AddPasskey(h.ctx, next, key.Create(options), "x"))
		former, _ := h.signIn(rina, false)
		h.log.take()
		there := h.browser(rina)
		there.Former = former

		options, token, err := h.SwitchOptions(h.ctx)
		h.ok(err)
		if strings.Contains(string(options), "allowCredentials") || !strings.Contains(string(options), `"userVerification":"required"`) {
			t.Errorf("%s", options)
		}
		// A touch without PIN or finger is one factor.
		touch := *key
		touch.Flags = authenticator.Present
		_, err = h.Switch(h.ctx, token, touch.Get(options), there)
		h.wants(err, "identity.wrong_passkey")
		h.logged("identity.sign_in denied identity.wrong_passkey")
		if !h.live(former) {
			t.Error("a refused switch ended the session before")
		}
		// A challenge is used once, and belongs to the browser that asked.
		_, err = h.Switch(h.ctx, token, key.Get(options), there)
		h.wants(err, "identity.step_over")
		_, other, err := h.SwitchOptions(h.ctx)
		h.ok(err)
		_, err = h.Switch(h.ctx, other, key.Get(options), there)
		h.wants(err, "identity.wrong_passkey")
		_, err = h.Switch(h.ctx, "amanah_swi_x", nil, there)
		h.wants(err, "identity.step_over")
		h.log.take()

		options, token, err = h.SwitchOptions(h.ctx)
		h.ok(err)
		signed, err := h.Switch(h.ctx, token, key.Get(options), there)
		h.ok(err)
		h.logged("identity.session_ended done", "identity.sign_in.passkey done")
		if h.live(former) || signed.Staff != sari.id || !h.live(h.actor(signed)) || signed.Device == "" {
			t.Errorf("%+v", signed)
		}
		// Nobody's passkey, rubbish, and one of somebody who is disabled.
		for name, answer := range map[string]func(options []byte) []byte{
			"nobody's":            func(o []byte) []byte { k := authenticator.New(testOrigin); k.User = []byte("stf_x"); return k.Get(o) },
			"rubbish":             func([]byte) []byte { return []byte("{") },
			"another key of hers": func(o []byte) []byte { k := authenticator.New(testOrigin); k.User = key.User; return k.Get(o) },
			"disabled": func(o []byte) []byte {
				h.ok(h.Disable(h.ctx, Terminal(), sari.id))
				h.log.take()
				return key.Get(o)
			},
		} {
			options, token, err := h.SwitchOptions(h.ctx)
			h.ok(err)
			_, err = h.Switch(h.ctx, token, answer(options), office)
			h.wants(err, "identity.wrong_passkey")
			if got := h.log.take(); len(got) != 1 || got[0] != "identity.sign_in denied identity.wrong_passkey" {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

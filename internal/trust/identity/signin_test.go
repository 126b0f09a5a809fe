package identity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

func TestSignInTakesPasswordAndSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		step, err := h.SignIn(h.ctx, "  RINA ", goodWords, office)
		h.ok(err)
		if !step.TOTP || step.Passkeys {
			t.Errorf("%+v", step)
		}
		h.logged() // a right password alone is nothing yet
		signed, err := h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, office, false)
		h.ok(err)
		h.logged("identity.sign_in.totp done")
		if a := h.actor(signed); a.ID() != w.id || a.Role() != actor.Agent || !a.Serves(controllerA) || !h.live(a) {
			t.Errorf("%v", a)
		}
		// The step is used up.
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, office, false)
		h.wants(err, "identity.step_over")
	})
}

func TestWrongLoginWrongPasswordAndDisabledAnswerAlike(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.hire("boss", actor.Admin)
		w := h.hire("rina", actor.Agent)
		gone := h.hire("gone", actor.Agent)
		h.ok(h.Disable(h.ctx, Terminal(), gone.id))
		invited, err := h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "Baru", Login: "baru", Role: actor.Agent})
		h.ok(err)
		h.log.take()
		var texts []string
		for _, c := range []struct{ login, password string }{{"nobody", goodWords}, {"rina", "kapal jeruk langit 8 tangga"}, {"gone", goodWords}, {"baru", goodWords}, {"rina", ""}, {strings.Repeat("x", 5000), strings.Repeat("x", 5000)}} {
			_, err := h.SignIn(h.ctx, c.login, c.password, office)
			h.wants(err, "identity.wrong_sign_in")
			texts = append(texts, err.Error())
		}
		for _, text := range texts {
			if text != texts[0] {
				t.Errorf("%q differs from %q", text, texts[0])
			}
		}
		if got := h.log.take(); len(got) != 6 || got[0] != "identity.sign_in denied identity.wrong_sign_in" || got[1] != got[0] {
			t.Errorf("%q", got)
		}
		_, _ = w, invited
	})
}

// The work for an unknown login is the work for a known one: one hash each, at the same
// cost. The limit is generous, since two cores are shared; without the hash the difference
// would be a factor of hundreds.
func TestAnUnknownLoginCostsWhatAKnownOneDoes(t *testing.T) {
	h := one(t)
	h.hasher = password.New(password.Argon2id, 1)
	var err error
	h.nobody, err = h.hasher.Hash(h.ctx, "nobody's password at all")
	h.ok(err)
	h.hire("rina", actor.Agent)
	took := map[string]time.Duration{} // the quickest of several: what else runs on the machine only adds
	for i := range 6 {
		for _, login := range []string{"rina", fmt.Sprint("nobody", i)} {
			start := time.Now()
			_, err := h.SignIn(h.ctx, login, "kapal jeruk langit 8 tangga", at(fmt.Sprintf("192.0.2.%d", i+1)))
			h.wants(err, "identity.wrong_sign_in")
			if one, before := time.Since(start), took[login[:4]]; before == 0 || one < before {
				took[login[:4]] = one
			}
		}
	}
	if ratio := float64(took["rina"]) / float64(took["nobo"]); ratio > 5 || ratio < 0.2 {
		t.Errorf("known %s, unknown %s", took["rina"], took["nobo"])
	}
}

func TestGuessingSlowsDownButColleaguesBehindTheSameAddressAreNotHeldUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		victim, colleague := h.hire("rina", actor.Agent), h.hire("budi", actor.Agent)
		h.signIn(colleague, false)
		for range 6 {
			_, err := h.SignIn(h.ctx, "rina", "kapal jeruk langit 8 tangga", office)
			h.wants(err, "identity.wrong_sign_in")
		}
		_, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.wants(err, "identity.slow_down")
		if errs.Of(err).Args["retry_after"].(int64) < 1 {
			t.Errorf("%v", errs.Of(err).Args)
		}
		// The colleague at the next desk signs in as ever; so does the victim from elsewhere.
		h.signIn(colleague, false)
		_, err = h.SignIn(h.ctx, "rina", goodWords, faraway)
		h.ok(err)
		// And the victim here, once the delay is over.
		h.later(16 * time.Second)
		h.signIn(victim, false)
	})
}

func TestAnAddressThatTriesManyLoginsIsSlowedForStrangersOnly(t *testing.T) {
	h := one(t)
	colleague, newcomer := h.hire("budi", actor.Agent), h.hire("sari", actor.Agent)
	h.signIn(colleague, false)
	for i := range 61 {
		_, err := h.SignIn(h.ctx, fmt.Sprintf("guess%d", i), goodWords, office)
		h.wants(err, "identity.wrong_sign_in")
	}
	_, err := h.SignIn(h.ctx, "guess", goodWords, office)
	h.wants(err, "identity.slow_down")
	h.signIn(colleague, false)
	// Someone who never signed in from here waits seconds, not for ever.
	h.later(11 * time.Second)
	h.signIn(newcomer, false)
}

func TestAnAccountIsGuessedFromManyAddressesSlowly(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	h.signIn(w, false) // this browser is known from now on
	for i := range 21 {
		_, err := h.SignIn(h.ctx, "rina", "kapal jeruk langit 8 tangga", at(fmt.Sprintf("192.0.2.%d", i+1)))
		h.wants(err, "identity.wrong_sign_in")
	}
	_, err := h.SignIn(h.ctx, "rina", goodWords, faraway)
	h.wants(err, "identity.slow_down")
	h.signIn(w, false) // nobody can lock the owner out of the own browser
}

func TestAGuesserBehindTheOwnersAddressDoesNotKeepTheOwnerOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		owner, colleague := h.hire("rina", actor.Agent), h.hire("budi", actor.Agent)
		h.signIn(owner, false)
		h.signIn(owner, true)
		h.signIn(colleague, false)
		tried := 0
		for range 40 {
			for _, login := range []string{"rina", "budi"} {
				for _, from := range []Place{office, {Address: office.Address, Device: h.devices["sari"]}, {Address: office.Address, Device: ticket.New(ticket.Device)}, {Address: office.Address, Device: "amanah_dev_x"}} {
					_, err := h.SignIn(h.ctx, login, "kapal jeruk langit 8 tangga", from)
					if errs.Of(err).Code == "identity.wrong_sign_in" {
						tried++
					} else {
						h.wants(err, "identity.slow_down")
					}
				}
			}
			h.signIn(owner, false)
			h.signIn(colleague, false)
		}
		if tried > 60 { // some 20 of each account, then one for each delay
			t.Errorf("%d guesses were tried", tried)
		}
		// A browser that keeps no mark, and a program, wait as strangers do.
		_, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.wants(err, "identity.slow_down")
		_, err = h.SignIn(h.ctx, "rina", goodWords, Place{Address: office.Address, Device: h.devices["budi"]})
		h.wants(err, "identity.slow_down") // nor does a colleague's browser count as the owner's
		// The owner's own failures count in the own browser, from whichever address.
		for i := range 6 {
			_, err = h.SignIn(h.ctx, "rina", "kapal jeruk langit 8 tangga", Place{Address: at(fmt.Sprintf("192.0.2.%d", i+1)).Address, Device: h.devices["rina"]})
			h.wants(err, "identity.wrong_sign_in")
		}
		_, err = h.SignIn(h.ctx, "rina", goodWords, h.browser(owner))
		h.wants(err, "identity.slow_down")
		h.signIn(colleague, false)
	})
}

func TestTheMarkOfABrowserIsRenewedAtEachSignInAndSharedByWhoSignsInThere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		rina, budi := h.hire("rina", actor.Agent), h.hire("budi", actor.Agent)
		known := func(w worker, device string) (n int64) {
			sha, _ := ticket.Parse(ticket.Device, device)
			h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
				return tx.Data.Row(`select count(*) from identity_device where device_sha = $1 and staff_id = $2`, sha, w.id).Scan(&n)
			}))
			return n
		}
		h.signIn(rina, false)
		first := h.devices["rina"]
		h.devices["budi"] = first // one computer, two people
		h.signIn(budi, false)
		second := h.devices["budi"]
		if known(rina, first) != 0 || known(rina, second) != 1 || known(budi, second) != 1 {
			t.Error("the second sign-in did not take the place of the first")
		}
		step, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.ok(err)
		signed, err := h.Finish(h.ctx, step.Token, Shown{Code: h.code(rina)}, Place{Address: office.Address, Device: second}, true)
		h.ok(err)
		if signed.Device != "" || known(rina, second) != 1 {
			t.Error("a program was given a browser's mark")
		}
		h.later(DeviceLimit + time.Second)
		h.ok(h.Sweep(h.ctx))
		if known(rina, second)+known(budi, second) != 0 {
			t.Error("a browser that nobody used for so long is still known")
		}
	})
}

func TestAttemptsSentAtOnceAreCountedBeforeTheyAreTried(t *testing.T) {
	h := one(t)
	h.hire("rina", actor.Agent)
	var wrong, slow int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			_, err := h.SignIn(h.ctx, "rina", "kapal jeruk langit 8 tangga", office)
			mu.Lock()
			defer mu.Unlock()
			switch errs.Of(err).Code {
			case "identity.wrong_sign_in":
				wrong++
			case "identity.slow_down":
				slow++
			}
		})
	}
	wg.Wait()
	if wrong != 6 || slow != 24 {
		t.Errorf("%d were tried, %d refused", wrong, slow)
	}
}

func TestATOTPCodeIsUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		code := h.code(w)
		step, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: code[:3] + " " + code[3:]}, office, false)
		h.ok(err)
		step, err = h.SignIn(h.ctx, "rina", goodWords, office)
		h.ok(err)
		h.log.take()
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: code}, office, false)
		h.wants(err, "identity.wrong_code")
		h.logged("identity.second_factor denied identity.wrong_code")
	})
}

func TestRecoveryCodesWorkOnceEach(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		for i := range 2 {
			step, err := h.SignIn(h.ctx, "rina", goodWords, office)
			h.ok(err)
			_, err = h.Finish(h.ctx, step.Token, Shown{Code: strings.ToUpper(w.recovery[i])}, office, false)
			h.ok(err)
			step, err = h.SignIn(h.ctx, "rina", goodWords, office)
			h.ok(err)
			_, err = h.Finish(h.ctx, step.Token, Shown{Code: w.recovery[i]}, office, false)
			h.wants(err, "identity.wrong_code")
		}
		h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
			s, err := h.Staff(tx, w.id)
			if s.Recovery != 8 || !s.TOTP {
				t.Errorf("%+v", s)
			}
			return err
		}))
	})
}

func TestFiveWrongSecondFactorsAskForThePasswordAgainAndThenSlowDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		step, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.ok(err)
		for range 5 {
			_, err = h.Finish(h.ctx, step.Token, Shown{Code: "000000"}, office, false)
			h.wants(err, "identity.wrong_code")
		}
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, office, false)
		h.wants(err, "identity.step_over")
		// A sixth failure in a new attempt, from anywhere, earns a delay for this account.
		step, err = h.SignIn(h.ctx, "rina", goodWords, faraway)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: "000000"}, faraway, false)
		h.wants(err, "identity.wrong_code")
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: "000000"}, faraway, false)
		h.wants(err, "identity.slow_down")
		h.later(31 * time.Second)
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, faraway, false)
		h.ok(err)
	})
}

func TestAStepEndsAfterFiveMinutesAndWithItsOwner(t *testing.T) {
	h := one(t)
	h.hire("boss", actor.Admin)
	w := h.hire("rina", actor.Agent)
	step, err := h.SignIn(h.ctx, "rina", goodWords, office)
	h.ok(err)
	if st, err := h.StepState(h.ctx, step.Token); err != nil || !st.TOTP || st.Passkeys {
		t.Errorf("%+v %v", st, err)
	}
	h.later(StepLimit)
	_, err = h.StepState(h.ctx, step.Token)
	h.wants(err, "identity.step_over")
	_, err = h.StepState(h.ctx, "rubbish")
	h.wants(err, "identity.step_over")
	step, err = h.SignIn(h.ctx, "rina", goodWords, office)
	h.ok(err)
	h.ok(h.Disable(h.ctx, Terminal(), w.id))
	_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, office, false)
	h.wants(err, "identity.step_over")
}

// asks sends a request with the given header and returns who it is.
func (h *house) asks(header ...string) (actor.Actor, string, error) {
	return h.asksFor(http.MethodGet, "/", header...)
}

func (h *house) asksFor(method, path string, header ...string) (actor.Actor, string, error) {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	v, err := h.Lookup(h.ctx, r)
	return v.Actor, v.Name, err
}

func TestASessionIdlesOutAndEndsAfterTwelveHours(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		a, token := h.signIn(w, false)
		cookie := CookieName + "=" + token
		who, name, err := h.asks("Cookie", cookie)
		h.ok(err)
		if who.ID() != w.id || who.Session() != a.Session() || name != "Rina" || who.Kind() != actor.Staff {
			t.Errorf("%v %s", who, name)
		}
		// In use every ten minutes it lives for twelve hours and no longer.
		for range 71 {
			h.later(10 * time.Minute)
			if _, _, err = h.asks("Cookie", cookie); err != nil {
				t.Fatal(err)
			}
		}
		h.later(10 * time.Minute)
		_, _, err = h.asks("Cookie", cookie)
		h.wants(err, "web.session")
		if h.live(a) {
			t.Error("the gate still takes the session")
		}
		// Left alone it ends after fifteen minutes; a page's own requests do not count.
		_, token = h.signIn(w, false)
		cookie = CookieName + "=" + token
		for range 7 {
			h.later(time.Minute)
			_, _, err = h.asks("Cookie", cookie, BackgroundHeader, "1")
			h.ok(err)
			h.later(time.Minute)
			_, _, err = h.asks("Cookie", cookie, "Accept", "text/event-stream")
			h.ok(err)
		}
		h.later(time.Minute)
		_, _, err = h.asks("Cookie", cookie, BackgroundHeader, "1")
		h.wants(err, "web.session")
	})
}

func TestASessionWithNothingButHeartbeatsIdlesOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		for _, c := range []struct {
			api          bool
			header, path string
		}{
			{true, "Authorization", "/api/v1/interactions/itx_1/heartbeat"},
			{false, "Cookie", "/calls/itx_1/heartbeat"},
		} {
			_, value := h.signIn(w, c.api)
			if c.api {
				value = "Bearer " + value
			} else {
				value = CookieName + "=" + value
			}
			for range 14 {
				h.later(time.Minute)
				_, _, err := h.asksFor(http.MethodPost, c.path, c.header, value)
				h.ok(err)
			}
			h.later(time.Minute)
			_, _, err := h.asksFor(http.MethodPost, c.path, c.header, value)
			h.wants(err, "web.session")
		}
	})
}

func TestTheLastUseIsNotWrittenForEveryRequest(t *testing.T) {
	h := one(t)
	_, token := h.signIn(h.hire("rina", actor.Agent), false)
	before := h.db.Stats().Writes
	for range 29 {
		h.later(time.Second)
		_, _, err := h.asks("Cookie", CookieName+"="+token)
		h.ok(err)
	}
	if n := h.db.Stats().Writes - before; n > 1 {
		t.Errorf("%d writes for 29 requests in 29 seconds", n)
	}
}

func TestADisabledMemberOfStaffIsOutAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := h.hire("boss", actor.Admin)
		w := h.hire("rina", actor.Agent)
		a, token := h.signIn(w, false)
		admin, _ := h.signIn(boss, false)
		h.log.take()
		h.ok(h.Disable(h.ctx, admin, w.id))
		h.logged("identity.staff_disabled done")
		_, _, err := h.asks("Cookie", CookieName+"="+token)
		h.wants(err, "web.session")
		if h.live(a) {
			t.Error("the gate still takes the session")
		}
		h.wants(h.Disable(h.ctx, admin, w.id), "identity.wrong_state")
		h.wants(h.Disable(h.ctx, admin, boss.id), "identity.not_yourself")
		h.wants(h.Disable(h.ctx, a, boss.id), "identity.role_denied")
		h.wants(h.Disable(h.ctx, Terminal(), boss.id), "identity.last_admin")
		h.wants(h.Disable(h.ctx, Terminal(), "stf_none"), "identity.no_staff")
		h.later(6 * time.Minute)
		h.wants(h.Disable(h.ctx, admin, boss.id), "web.second_factor")
	})
}

func TestAPlantedSessionTokenIsWorthless(t *testing.T) {
	h := one(t)
	attacker, victim := h.hire("mala", actor.Agent), h.hire("rina", actor.Agent)
	_, planted := h.signIn(attacker, false)
	_, own := h.signIn(victim, false)
	if own == planted {
		t.Fatal("sign-in took over a token that was there")
	}
	who, _, err := h.asks("Cookie", CookieName+"="+planted)
	h.ok(err)
	if who.ID() != attacker.id {
		t.Error("the planted token became the victim's")
	}
	// Tokens nobody made are nobody's, well-formed or not.
	for _, c := range []string{ticket.New(ticket.Session), ticket.New(ticket.Key), "rubbish", "amanah_ses_"} {
		_, _, err := h.asks("Cookie", CookieName+"="+c)
		h.wants(err, "web.session")
	}
	// No cookie, or an empty one, is simply nobody.
	for _, header := range [][]string{nil, {"Cookie", CookieName + "="}, {"Cookie", "amanah=" + own}} {
		who, _, err := h.asks(header...)
		if err != nil || who.Kind() != actor.Nobody {
			t.Errorf("%v: %v %v", header, who, err)
		}
	}
}

func TestAFreshSecondFactorRenewsTheToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		a, old := h.signIn(w, false)
		h.later(10 * time.Minute)
		_, _, err := h.asks("Cookie", CookieName+"="+old)
		h.ok(err)
		h.log.take()
		_, err = h.Refresh(h.ctx, a, Shown{Code: "000000"})
		h.wants(err, "identity.wrong_code")
		signed, err := h.Refresh(h.ctx, a, Shown{Code: h.code(w)})
		h.ok(err)
		h.logged("identity.second_factor denied identity.wrong_code", "identity.second_factor_shown.totp done")
		_, _, err = h.asks("Cookie", CookieName+"="+old)
		h.wants(err, "web.session")
		who, _, err := h.asks("Cookie", CookieName+"="+signed.Token)
		h.ok(err)
		if who.Session() != a.Session() || !who.SecondFactorAt().Equal(h.now) {
			t.Errorf("%v %s", who, who.SecondFactorAt())
		}
		for range 6 {
			_, err = h.Refresh(h.ctx, a, Shown{Code: "000000"})
			h.wants(err, "identity.wrong_code")
		}
		_, err = h.Refresh(h.ctx, a, Shown{Code: "000000"})
		h.wants(err, "identity.slow_down")
		h.later(2 * time.Minute)
		h.ok(h.SignOut(h.ctx, a))
		_, err = h.Refresh(h.ctx, a, Shown{Code: h.code(w)})
		h.wants(err, "web.session")
		_, err = h.Refresh(h.ctx, actor.Actor{}, Shown{})
		h.wants(err, "web.session")
	})
}

func TestASessionEndsAtSignOutAndNobodyEndsAnothers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		rina, budi := h.hire("rina", actor.Agent), h.hire("budi", actor.Agent)
		first, _ := h.signIn(rina, false)
		second, _ := h.signIn(rina, true)
		other, _ := h.signIn(budi, false)
		h.log.take()
		h.ok(h.EndSession(h.ctx, other, first.Session()))
		if !h.live(first) {
			t.Fatal("one member of staff ended another's session")
		}
		h.logged()
		list, err := h.Sessions(h.ctx, first)
		h.ok(err)
		if len(list) != 2 || !list[0].Current || list[1].Current || list[1].Kind != apiSession {
			t.Errorf("%+v", list)
		}
		h.ok(h.EndOthers(h.ctx, first))
		if h.live(second) || !h.live(first) {
			t.Error("the wrong sessions ended")
		}
		h.ok(h.SignOut(h.ctx, first))
		h.ok(h.SignOut(h.ctx, first))
		h.logged("identity.other_sessions_ended done", "identity.session_ended done")
		if h.live(first) || !h.live(other) {
			t.Error("the wrong sessions ended")
		}
	})
}

func TestTheGateIsToldWhatTheDatabaseSaysNow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		a, _ := h.signIn(w, true)
		client, key, err := h.CreateClient(h.ctx, Terminal(), NewClient{Name: "CRM", Scopes: []string{ScopeServe}, Controllers: []string{controllerB}})
		h.ok(err)
		facts := func(a actor.Actor) (f gate.SessionFacts) {
			h.ok(h.db.Read(h.ctx, func(tx *db.Tx) (err error) { f, err = h.SessionFacts(tx, a); return err }))
			return f
		}
		if f := facts(a); !f.Live || f.Role != actor.Agent || len(f.Controllers) != 2 || !f.SecondFactorAt.Equal(a.SecondFactorAt()) {
			t.Errorf("%+v", f)
		}
		behalf := actor.NewOnBehalf(client, []string{ScopeServe}, a)
		if f := facts(behalf); !f.Live || len(f.Controllers) != 1 || f.Controllers[0] != controllerB {
			t.Errorf("%+v", f)
		}
		if f := facts(actor.NewClient(client, nil, nil)); !f.Live || f.Role != "" || f.Controllers[0] != controllerB {
			t.Errorf("%+v", f)
		}
		// Somebody else's session id is not one's own.
		if facts(actor.NewStaff("stf_other", actor.Agent, a.Session(), nil, h.now)).Live {
			t.Error("a session under another's name is live")
		}
		h.ok(h.RevokeClient(h.ctx, Terminal(), client))
		if facts(behalf).Live || facts(actor.NewClient(client, nil, nil)).Live || !facts(a).Live {
			t.Error("a revoked client still acts")
		}
		for _, nobody := range []actor.Actor{{}, actor.NewDuty("name_index"), actor.NewClient("cli_none", nil, nil), actor.NewCustomer("x")} {
			if facts(nobody).Live {
				t.Errorf("%v is live", nobody)
			}
		}
		_ = key
		// A role change is seen at once, whatever the actor still says.
		h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error {
			return h.changeRole(tx, w.id, map[string]string{"role": "supervisor", "controllers": ""}, Terminal())
		}))
		if facts(a).Live {
			t.Error("the old role's session lives on")
		}
	})
}

func TestSweepDeletesWhatIsOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.hire("rina", actor.Agent)
		h.signIn(w, false)
		_, err := h.SignIn(h.ctx, "rina", goodWords, office)
		h.ok(err)
		_, err = h.SignIn(h.ctx, "nobody", goodWords, office)
		h.wants(err, "identity.wrong_sign_in")
		h.ok(h.Sweep(h.ctx))
		rows := func() (n int64) {
			h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
				return tx.Data.Row(`select (select count(*) from identity_step) + (select count(*) from identity_throttle) + (select count(*) from identity_session) + (select count(*) from identity_device)`).Scan(&n)
			}))
			return n
		}
		if n := rows(); n != 6 {
			t.Errorf("%d rows", n)
		}
		h.later(DeviceLimit + 24*time.Hour)
		h.ok(h.Sweep(h.ctx))
		if n := rows(); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

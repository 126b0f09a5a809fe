package identity

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/testkit/authenticator"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

// opens opens an invitation in a new browser.
func (h *house) opens(invitation, handover string) (browser string) {
	h.t.Helper()
	browser, err := h.OpenInvitation(h.ctx, invitation, handover)
	h.ok(err)
	return browser
}

// secretOf is the TOTP secret that an invitation shows to a browser.
func (h *house) secretOf(invitation, browser string) string {
	h.t.Helper()
	inv, err := h.Invitation(h.ctx, invitation, browser)
	h.ok(err)
	return strings.ReplaceAll(inv.Secret, " ", "")
}

// enrolment is a good one, from a browser that opened the invitation just now.
func (h *house) enrolment(invitation, handover string) Enrolment {
	h.t.Helper()
	browser := h.opens(invitation, handover)
	return Enrolment{Token: invitation, Browser: browser, Password: goodWords, Shown: Shown{Code: h.shows(h.secretOf(invitation, browser))}}
}

// shows is the code that an authenticator with this secret shows, later.
func (h *house) shows(secret string) string {
	h.t.Helper()
	h.later(31 * time.Second)
	code, err := TOTPCode(secret, h.now)
	h.ok(err)
	return code
}

func TestTheFirstAdministratorComesWithTheTerminalsToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		needed, err := h.NeedsSetup(h.ctx)
		h.ok(err)
		if !needed {
			t.Fatal("a new house has an administrator")
		}
		// The stranger who reaches the port first: guesses, well-formed tokens, old tokens.
		for _, token := range []string{"", "admin", ticket.New(ticket.Setup), ticket.New(ticket.Invitation)} {
			_, err := h.Setup(h.ctx, token, NewStaff{Name: "Mallory", Login: "mallory"})
			h.wants(err, "identity.wrong_setup_token")
		}
		first, err := h.MakeSetupToken(h.ctx, 0)
		h.ok(err)
		second, err := h.MakeSetupToken(h.ctx, time.Hour) // no longer than the limit
		h.ok(err)
		_, err = h.Setup(h.ctx, first, NewStaff{Name: "Mallory", Login: "mallory"})
		h.wants(err, "identity.wrong_setup_token")
		h.later(SetupLimit)
		_, err = h.Setup(h.ctx, second, NewStaff{Name: "Mallory", Login: "mallory"})
		h.wants(err, "identity.wrong_setup_token")
		list, err := h.ListStaff(h.ctx)
		h.ok(err)
		if len(list) != 0 {
			t.Fatalf("the stranger gained %v", list)
		}
		h.log.take()

		token, err := h.MakeSetupToken(h.ctx, time.Minute)
		h.ok(err)
		_, err = h.Setup(h.ctx, token, NewStaff{Name: "Dewi", Login: "x"})
		h.wants(err, "identity.bad_staff") // and the token is still good
		taken, err := h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "Lain", Login: "lain", Role: actor.Agent})
		h.ok(err)
		_, err = h.Setup(h.ctx, token, NewStaff{Name: "Dewi", Login: "lain"})
		h.wants(err, "identity.login_taken") // idem
		if taken == "" || h.role(taken) != actor.Agent {
			t.Error("the set-up touched somebody else")
		}
		h.log.take()
		abandoned, err := h.Setup(h.ctx, token, NewStaff{Name: "Dewi", Login: "dewi"})
		h.ok(err)
		_, err = h.Setup(h.ctx, token, NewStaff{Name: "Mallory", Login: "mallory"})
		h.wants(err, "identity.wrong_setup_token")
		h.logged("identity.setup done", "identity.setup denied identity.wrong_setup_token")

		// Whoever closed the window before enrolling begins again under the same login.
		token, err = h.MakeSetupToken(h.ctx, 0)
		h.ok(err)
		spare := token
		invitation, err := h.Setup(h.ctx, token, NewStaff{Name: "Dewi Lestari", Login: "dewi"})
		h.ok(err)
		_, err = h.Invitation(h.ctx, abandoned, "")
		h.wants(err, "identity.no_invitation")
		token, err = h.MakeSetupToken(h.ctx, 0)
		h.ok(err)
		h.log.take()
		signed, recovery, err := h.Enrol(h.ctx, h.enrolment(invitation, ""), office)
		h.ok(err)
		h.logged("identity.invitation_opened done", "identity.sign_in.totp done", "identity.enrolled.totp done")
		if a := h.actor(signed); a.Role() != actor.Admin || len(recovery) != 10 {
			t.Errorf("%v %v", a, recovery)
		}
		// From now on no setup token does anything, not even one made before.
		_, err = h.Setup(h.ctx, token, NewStaff{Name: "Mallory", Login: "mallory"})
		h.wants(err, "identity.has_admin")
		_, err = h.MakeSetupToken(h.ctx, 0)
		h.wants(err, "identity.has_admin")
		_ = spare
	})
}

func TestANewcomerNeedsTheLinkOfOnePersonAndTheCodeOfAnother(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, _ := h.signIn(h.hire("boss", actor.Admin), false)
		dpoWorker := h.hire("dpo", actor.DPO)
		supervisorWorker := h.hire("spv", actor.Supervisor)
		agent, _ := h.signIn(h.hire("agen", actor.Agent), false)
		spv, _ := h.signIn(supervisorWorker, false)
		dpo, _ := h.signIn(dpoWorker, false)
		admin = h.again(admin)
		staff, err := h.CreateStaff(h.ctx, admin, NewStaff{Name: " Sari  Putri ", Login: "Sari", Role: actor.Agent, Controllers: []string{controllerA}})
		h.ok(err)
		boss2, err := h.CreateStaff(h.ctx, admin, NewStaff{Name: "DPO Baru", Login: "dpo2", Role: actor.DPO})
		h.ok(err)
		_, err = h.CreateStaff(h.ctx, admin, NewStaff{Name: "Lain", Login: "sari", Role: actor.Agent})
		h.wants(err, "identity.login_taken")
		_, err = h.MakeCode(h.ctx, spv, staff)
		h.wants(err, "identity.second_person") // no link yet
		h.log.take()
		link, err := h.MakeLink(h.ctx, admin, staff)
		h.ok(err)
		_, err = h.MakeCode(h.ctx, admin, staff)
		h.wants(err, "identity.role_denied") // who made the link may not make the code
		_, err = h.MakeCode(h.ctx, agent, staff)
		h.wants(err, "identity.role_denied")
		_, err = h.MakeCode(h.ctx, spv, boss2)
		h.wants(err, "identity.role_denied") // a supervisor stands beside agents only
		_, err = h.MakeCode(h.ctx, spv, "stf_none")
		h.wants(err, "identity.no_staff")
		_, err = h.MakeCode(h.ctx, dpo, dpoWorker.id)
		h.wants(err, "identity.not_yourself")

		// The link alone is not enough: not for the newcomer, not for the administrator.
		_, err = h.OpenInvitation(h.ctx, link, "")
		h.wants(err, "identity.wrong_handover")
		code, err := h.MakeCode(h.ctx, spv, staff)
		h.ok(err)
		for range 5 {
			_, err = h.OpenInvitation(h.ctx, link, "00000000")
			h.wants(err, "identity.wrong_handover")
		}
		_, err = h.OpenInvitation(h.ctx, link, code)
		h.wants(err, "identity.wrong_handover") // five tries, and the code is gone
		spv = h.again(spv)
		code, err = h.MakeCode(h.ctx, spv, staff)
		h.ok(err)

		e := h.enrolment(link, code[:4]+" "+code[4:])
		short := e
		short.Password = "sari putri 12"
		_, _, err = h.Enrol(h.ctx, short, office)
		h.wants(err, "identity.password_common")
		wrong := e
		wrong.Shown.Code = "000000"
		_, _, err = h.Enrol(h.ctx, wrong, office)
		h.wants(err, "identity.wrong_code")
		h.log.take()
		signed, recovery, err := h.Enrol(h.ctx, e, office)
		h.ok(err)
		if a := h.actor(signed); a.ID() != staff || len(recovery) != 10 {
			t.Errorf("%v", a)
		}
		// The link is used up, and the first TOTP code with it.
		_, _, err = h.Enrol(h.ctx, e, office)
		h.wants(err, "identity.no_invitation")
		step, err := h.SignIn(h.ctx, "sari", goodWords, office)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, e.Shown, office, false)
		h.wants(err, "identity.wrong_code")
		_, err = h.MakeCode(h.ctx, h.again(spv), staff)
		h.wants(err, "identity.second_person")
		h.later(6 * time.Minute)
		_, err = h.MakeCode(h.ctx, spv, staff)
		h.wants(err, "web.second_factor")
	})
}

// An administrator who looks at the link before passing it on, a code that was overheard, a
// browser that is left behind: only the browser that opened the invitation last enrols, and
// only with what was made for it.
func TestASecondFactorIsMadeForOneBrowserAfterTheCode(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, _ := h.signIn(h.hire("boss", actor.Admin), false)
		dpo, _ := h.signIn(h.hire("dpo", actor.DPO), false)
		admin = h.again(admin)
		staff, err := h.CreateStaff(h.ctx, admin, NewStaff{Name: "Sari Putri", Login: "sari", Role: actor.Agent})
		h.ok(err)
		link, err := h.MakeLink(h.ctx, admin, staff)
		h.ok(err)
		code, err := h.MakeCode(h.ctx, dpo, staff)
		h.ok(err)
		// Nothing is shown before the code, whatever the browser claims to hold.
		nothing := func(browser string) {
			t.Helper()
			inv, err := h.Invitation(h.ctx, link, browser)
			h.ok(err)
			if inv.Opened || inv.Secret != "" || !inv.CodeNeeded {
				t.Fatalf("a second factor is shown: %+v", inv)
			}
			_, err = h.InvitationPicture(h.ctx, link, browser)
			h.wants(err, "identity.not_opened_here")
			_, err = h.InvitationOptions(h.ctx, link, browser)
			h.wants(err, "identity.not_opened_here")
			_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: browser, Password: goodWords, Shown: Shown{Code: "123456"}}, office)
			h.wants(err, "identity.not_opened_here")
		}
		nothing("")
		nothing(ticket.New(ticket.Browser))
		nothing(link)

		first := h.opens(link, code)
		seen := h.secretOf(link, first)
		options, err := h.InvitationOptions(h.ctx, link, first)
		h.ok(err)
		nothing("")
		nothing(ticket.New(ticket.Browser))
		second := h.opens(link, code)
		nothing(first)
		fresh := h.secretOf(link, second)
		if seen == fresh || len(seen) != 32 || len(fresh) != 32 {
			t.Fatalf("the second browser is shown what the first was: %q %q", seen, fresh)
		}
		// What the first one saw enrols nowhere: not its secret, not its challenge.
		_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: second, Password: goodWords, Shown: Shown{Code: h.shows(seen)}}, office)
		h.wants(err, "identity.wrong_code")
		_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: second, Password: goodWords, Shown: Shown{Passkey: authenticator.New(testOrigin).Create(options)}}, office)
		h.wants(err, "identity.wrong_passkey")
		h.log.take()
		_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: first, Password: goodWords, Shown: Shown{Code: h.shows(seen)}}, office)
		h.wants(err, "identity.not_opened_here")
		h.logged("identity.enrol denied identity.not_opened_here")
		// Another code shuts out who came with the one before.
		code, err = h.MakeCode(h.ctx, h.again(dpo), staff)
		h.ok(err)
		nothing(second)
		third := h.opens(link, code)
		last := h.secretOf(link, third)
		_, _, err = h.Enrol(h.ctx, Enrolment{Token: link, Browser: third, Password: goodWords, Shown: Shown{Code: h.shows(last)}}, office)
		h.ok(err)
		// And afterwards only what the third saw signs in.
		for secret, want := range map[string]string{seen: "identity.wrong_code", fresh: "identity.wrong_code"} {
			h.later(20 * time.Minute)
			step, err := h.SignIn(h.ctx, "sari", goodWords, office)
			h.ok(err)
			_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.shows(secret)}, office, false)
			h.wants(err, want)
		}
		h.later(20 * time.Minute)
		step, err := h.SignIn(h.ctx, "sari", goodWords, office)
		h.ok(err)
		_, err = h.Finish(h.ctx, step.Token, Shown{Code: h.shows(last)}, office, false)
		h.ok(err)
	})
}

func TestALinkFromTheTerminalIsFreshInEveryBrowser(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.invited("sari")
		first := h.opens(link, "")
		seen := h.secretOf(link, first)
		if seen != h.secretOf(link, first) {
			t.Error("loading the page again shows another secret")
		}
		e := h.enrolment(link, "")
		if h.secretOf(link, e.Browser) == seen || h.secretOf(link, first) != "" {
			t.Error("two browsers share a secret")
		}
		_, _, err := h.Enrol(h.ctx, Enrolment{Token: link, Browser: first, Password: goodWords, Shown: Shown{Code: h.shows(seen)}}, office)
		h.wants(err, "identity.not_opened_here")
		e.Shown.Code = h.shows(h.secretOf(link, e.Browser))
		_, _, err = h.Enrol(h.ctx, e, office)
		h.ok(err)
		_, err = h.OpenInvitation(h.ctx, link, "")
		h.wants(err, "identity.no_invitation")
	})
}

// again is the actor as it would be after showing the second factor now.
func (h *house) again(a actor.Actor) actor.Actor {
	return actor.NewStaff(a.ID(), a.Role(), a.Session(), a.Controllers(), h.now)
}

func TestWhatMakesAMemberOfStaffIsChecked(t *testing.T) {
	h := one(t)
	admin, _ := h.signIn(h.hire("boss", actor.Admin), false)
	dpo, _ := h.signIn(h.hire("dpo", actor.DPO), false)
	for _, n := range []NewStaff{
		{Name: "X", Login: "a b", Role: actor.Agent}, {Name: " ", Login: "abc", Role: actor.Agent}, {Name: "X\x00", Login: "abc", Role: actor.Agent},
		{Name: strings.Repeat("x", 101), Login: "abc", Role: actor.Agent}, {Name: "X", Login: "abc", Role: "king"}, {Name: "X", Login: "abc", Role: actor.Agent, Controllers: []string{"ctl_1"}},
	} {
		_, err := h.CreateStaff(h.ctx, h.again(admin), n)
		h.wants(err, "identity.bad_staff")
		_, _, err = h.Provision(h.ctx, n, goodWords, "")
		h.wants(err, "identity.bad_staff")
	}
	_, _, err := h.Provision(h.ctx, NewStaff{Name: "X", Login: "abc", Role: actor.Agent}, "short", "")
	h.wants(err, "identity.password_short")
	_, _, err = h.Provision(h.ctx, NewStaff{Name: "X", Login: "boss", Role: actor.Agent}, goodWords, "")
	h.wants(err, "identity.login_taken")
	_, err = h.CreateStaff(h.ctx, dpo, NewStaff{Name: "X", Login: "abc", Role: actor.Agent})
	h.wants(err, "identity.role_denied")
	h.later(6 * time.Minute)
	_, err = h.CreateStaff(h.ctx, admin, NewStaff{Name: "X", Login: "abc", Role: actor.Agent})
	h.wants(err, "web.second_factor")
	_, err = h.MakeLink(h.ctx, dpo, "stf_none")
	h.wants(err, "identity.role_denied")
	_, err = h.MakeLink(h.ctx, Terminal(), "stf_none")
	h.wants(err, "identity.no_staff")
	_, err = h.StaffByLogin(h.ctx, "abc")
	h.wants(err, "identity.no_staff")
	found, err := h.StaffByLogin(h.ctx, "BOSS")
	h.ok(err)
	if found.Role != actor.Admin || found.FirstName() != "Rina" {
		t.Errorf("%+v", found)
	}
	h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
		name, err := h.FirstName(tx, found.ID)
		if name != "Rina" {
			t.Error(name)
		}
		h.ok(err)
		_, err = h.FirstName(tx, "stf_none")
		h.wants(err, "identity.no_staff")
		_, err = h.Identity.Staff(tx, "stf_none")
		h.wants(err, "identity.no_staff")
		return nil
	}))
}

func TestAResetTakesEverythingAwayAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := h.hire("boss", actor.Admin)
		w := h.hire("rina", actor.Agent)
		a, _ := h.signIn(w, false)
		admin, _ := h.signIn(boss, false)
		_, err := h.MakeLink(h.ctx, admin, boss.id)
		h.wants(err, "identity.not_yourself")
		h.log.take()
		_, err = h.MakeLink(h.ctx, admin, w.id)
		h.ok(err)
		h.logged("identity.reset done")
		if h.live(a) {
			t.Error("the session lives on")
		}
		_, err = h.SignIn(h.ctx, "rina", goodWords, office)
		h.wants(err, "identity.wrong_sign_in")
		// From the terminal the link is enough, even for the last administrator.
		link, err := h.MakeLink(h.ctx, Terminal(), boss.id)
		h.ok(err)
		inv, err := h.Invitation(h.ctx, link, "")
		h.ok(err)
		if inv.CodeNeeded || inv.Login != "boss" || !inv.Passkeys {
			t.Errorf("%+v", inv)
		}
		_, _, err = h.Enrol(h.ctx, h.enrolment(link, ""), office)
		h.ok(err)
		// A link dies with its owner's rights and after three days.
		link, err = h.MakeLink(h.ctx, Terminal(), w.id)
		h.ok(err)
		h.ok(h.Disable(h.ctx, Terminal(), w.id))
		_, err = h.Invitation(h.ctx, link, "")
		h.wants(err, "identity.no_invitation")
		_, err = h.MakeLink(h.ctx, Terminal(), w.id)
		h.wants(err, "identity.wrong_state")
		other, err := h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "X", Login: "abc", Role: actor.Agent})
		h.ok(err)
		link, err = h.MakeLink(h.ctx, Terminal(), other)
		h.ok(err)
		h.later(InvitationLimit)
		_, err = h.Invitation(h.ctx, link, "")
		h.wants(err, "identity.no_invitation")
		_, err = h.Invitation(h.ctx, "rubbish", "")
		h.wants(err, "identity.no_invitation")
	})
}

func TestAnInvitationShowsItsSecretAsAPicture(t *testing.T) {
	h := one(t)
	staff, err := h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "X", Login: "abc", Role: actor.Agent})
	h.ok(err)
	link, err := h.MakeLink(h.ctx, Terminal(), staff)
	h.ok(err)
	browser := h.opens(link, "")
	picture, err := h.InvitationPicture(h.ctx, link, browser)
	h.ok(err)
	drawn, err := png.Decode(bytes.NewReader(picture))
	h.ok(err)
	if drawn.Bounds().Dx() != 240 {
		t.Error(drawn.Bounds())
	}
	_, err = h.InvitationPicture(h.ctx, "rubbish", browser)
	h.wants(err, "identity.no_invitation")
	if h.issuer() != "Amanah Nusantara Sentosa" {
		t.Error(h.issuer())
	}
	h.config.Company = ""
	if h.issuer() != "Amanah" {
		t.Error(h.issuer())
	}
}

func TestRolesChangeThroughASecondPersonOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := h.hire("boss", actor.Admin)
		w := h.hire("rina", actor.Agent)
		a, _ := h.signIn(w, false)
		admin, _ := h.signIn(boss, false)
		_, err := h.AskRole(h.ctx, a, boss.id, actor.Agent, nil, "x")
		h.wants(err, "identity.role_denied")
		_, err = h.AskRole(h.ctx, admin, w.id, "king", nil, "x")
		h.wants(err, "identity.bad_staff")
		_, err = h.AskRole(h.ctx, admin, "stf_none", actor.DPO, nil, "x")
		h.wants(err, "identity.no_staff")
		request, err := h.AskRole(h.ctx, admin, w.id, actor.Supervisor, []string{controllerB}, "Naik jabatan")
		h.ok(err)
		if request != "apr_x" || len(h.asked) != 1 || h.asked[0].About != w.id || h.asked[0].Payload["role"] != "supervisor" {
			t.Fatalf("%+v", h.asked)
		}
		if got := h.role(w.id); got != actor.Agent || !h.live(a) {
			t.Error("the change took effect before anybody decided")
		}
		h.log.take()
		decisions := map[string]Decision{}
		for _, d := range h.Decisions() {
			decisions[d.Name] = d
			for _, r := range d.Decide {
				if r == actor.Admin {
					t.Errorf("%s: administrators decide among themselves", d.Name)
				}
			}
		}
		apply := func(kind, ref string, payload map[string]string) error {
			return h.db.Write(h.ctx, func(tx *db.Tx) error { return decisions[kind].Effect(tx, ref, payload, Terminal()) })
		}
		h.ok(apply(DecideRole, w.id, h.asked[0].Payload))
		h.logged("identity.role_changed.supervisor done")
		if h.role(w.id) != actor.Supervisor || h.live(a) {
			t.Error("the change took no effect, or the old session lives on")
		}
		h.wants(apply(DecideRole, boss.id, map[string]string{"role": "agent"}), "identity.last_admin")
		h.wants(apply(DecideRole, "stf_none", map[string]string{"role": "agent"}), "identity.no_staff")

		// A disabled member of staff comes back through a second person and a new enrolment.
		_, err = h.AskEnable(h.ctx, admin, w.id, "x")
		h.wants(err, "identity.wrong_state")
		h.wants(apply(DecideEnable, w.id, nil), "identity.wrong_state")
		h.wants(apply(DecideEnable, "stf_none", nil), "identity.no_staff")
		h.ok(h.Disable(h.ctx, admin, w.id))
		_, err = h.AskRole(h.ctx, admin, w.id, actor.DPO, nil, "x")
		h.wants(err, "identity.wrong_state")
		_, err = h.AskEnable(h.ctx, admin, w.id, "Kembali dari cuti")
		h.ok(err)
		h.ok(apply(DecideEnable, w.id, nil))
		_, err = h.SignIn(h.ctx, "rina", goodWords, office)
		h.wants(err, "identity.wrong_sign_in")
		if link, err := h.MakeLink(h.ctx, admin, w.id); err != nil || link == "" {
			t.Errorf("%v", err)
		}
	})
}

func (h *house) role(staff string) (role actor.Role) {
	h.t.Helper()
	h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
		s, err := h.Identity.Staff(tx, staff)
		role = s.Role
		return err
	}))
	return role
}

func TestTheStaffListIsOpenedAndSorted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.hire("zul", actor.Agent)
		_, err := h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "andi", Login: "andi", Role: actor.Auditor})
		h.ok(err)
		list, err := h.ListStaff(h.ctx)
		h.ok(err)
		if len(list) != 2 || list[0].Name != "andi" || list[0].State != Invited || list[1].Recovery != 10 || !list[1].TOTP || list[1].Login != "zul" {
			t.Errorf("%+v", list)
		}
		// The database holds none of it in clear.
		var login, name []byte
		h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
			return tx.Data.Row(`select login_sealed, name_sealed from identity_staff where role = 'auditor'`).Scan(&login, &name)
		}))
		if bytes.Contains(login, []byte("andi")) || bytes.Contains(name, []byte("andi")) {
			t.Error("a name or login is stored in clear")
		}
	})
}

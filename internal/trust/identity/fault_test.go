package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/testkit/authenticator"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

// scene is a house in which every verb would succeed.
type scene struct {
	*house
	admin, rina     actor.Actor
	rinaWorker      worker
	key             *authenticator.Passkey
	step            string // Rina's, waiting for the second factor
	link, browser   string // an invitation from the terminal and who opened it
	newcomer, fresh string // staff ids: invited with and without a link
	asked, approved string // API clients
	token, apiKey   string
}

func (h *house) scene() *scene {
	h.t.Helper()
	s := &scene{house: h, key: authenticator.New(testOrigin)}
	boss := h.hire("boss", actor.Admin)
	h.hire("boss2", actor.Admin)
	s.rinaWorker = h.hire("rina", actor.Agent)
	s.rina, s.token = h.signIn(s.rinaWorker, true)
	options, err := h.AddPasskeyOptions(h.ctx, s.rina)
	h.ok(err)
	h.ok(h.AddPasskey(h.ctx, s.rina, s.key.Create(options), "x"))
	s.fresh, err = h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "Sari", Login: "sari", Role: actor.Agent})
	h.ok(err)
	s.newcomer, err = h.CreateStaff(h.ctx, Terminal(), NewStaff{Name: "Tono", Login: "tono", Role: actor.Agent})
	h.ok(err)
	s.link, err = h.MakeLink(h.ctx, Terminal(), s.newcomer)
	h.ok(err)
	s.browser = h.opens(s.link, "")
	_, s.apiKey, err = h.CreateClient(h.ctx, Terminal(), crm())
	h.ok(err)
	s.admin, _ = h.signIn(boss, false)
	s.asked, err = h.AskClient(h.ctx, s.admin, crm(), "x")
	h.ok(err)
	s.approved, err = h.AskClient(h.ctx, s.admin, crm(), "x")
	h.ok(err)
	h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error { return h.approveClient(tx, s.approved, nil, Terminal()) }))
	step, err := h.SignIn(h.ctx, "rina", goodWords, office)
	h.ok(err)
	s.step = step.Token
	h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error {
		h.keepCeremony(tx, s.rina.Session(), ceremonyTOTP, []byte(NewTOTPSecret()))
		return nil
	}))
	return s
}

// A part that is broken (a table that is gone, a value that does not open, a log that takes
// nothing) is told as a fault, never as a decision about the person who asks, and leaves no
// trace of a half-done act.
func TestWhatIsBrokenIsNeverToldAsARefusal(t *testing.T) {
	write := func(s *scene, fn func(tx *db.Tx) error) error { return s.db.Write(s.ctx, fn) }
	for name, c := range map[string]struct {
		breaks string
		act    func(s *scene) error
	}{
		"sign in": {"identity_staff identity_device identity_throttle identity_staff.password_sealed identity_step identity_passkey", func(s *scene) error {
			_, err := s.SignIn(s.ctx, "rina", goodWords, office)
			return err
		}},
		"sign in wrongly": {"log identity_staff", func(s *scene) error { _, err := s.SignIn(s.ctx, "rina", "wrong", office); return err }},
		"the step":        {"identity_step identity_staff identity_passkey.credential_sealed identity_passkey.label_sealed", func(s *scene) error { _, err := s.StepState(s.ctx, s.step); return err }},
		"passkey options": {"identity_step identity_passkey identity_ceremony identity_staff.login_sealed identity_staff.name_sealed", func(s *scene) error {
			_, err := s.PasskeyOptions(s.ctx, s.step)
			return err
		}},
		"finish with a code": {"identity_throttle identity_step identity_staff.totp_sealed identity_session identity_device log", func(s *scene) error {
			_, err := s.Finish(s.ctx, s.step, Shown{Code: s.code(s.rinaWorker)}, office, false)
			return err
		}},
		"finish with a recovery code": {"identity_recovery", func(s *scene) error {
			_, err := s.Finish(s.ctx, s.step, Shown{Code: s.rinaWorker.recovery[0]}, office, false)
			return err
		}},
		"finish wrongly": {"log", func(s *scene) error {
			_, err := s.Finish(s.ctx, s.step, Shown{Code: "000000"}, office, false)
			return err
		}},
		"refresh with a passkey": {"identity_ceremony identity_ceremony.data_sealed identity_passkey.credential_sealed identity_staff.name_sealed identity_session log", func(s *scene) error {
			options, err := s.RefreshOptions(s.ctx, s.rina)
			if err != nil {
				return err
			}
			_, err = s.Refresh(s.ctx, s.rina, Shown{Passkey: s.key.Get(options)})
			return err
		}},
		"add a passkey": {"identity_ceremony identity_passkey identity_staff.name_sealed log", func(s *scene) error {
			options, err := s.AddPasskeyOptions(s.ctx, s.rina)
			if err != nil {
				return err
			}
			return s.AddPasskey(s.ctx, s.rina, authenticator.New(testOrigin).Create(options), "x")
		}},
		"remove a passkey":   {"identity_passkey log", func(s *scene) error { return s.RemovePasskey(s.ctx, s.rina, "psk_x") }},
		"the account":        {"identity_staff identity_staff.name_sealed identity_recovery identity_passkey identity_passkey.label_sealed identity_session", func(s *scene) error { _, err := s.Account(s.ctx, s.rina); return err }},
		"a new phone":        {"identity_ceremony identity_staff", func(s *scene) error { _, err := s.NewTOTP(s.ctx, s.rina); return err }},
		"its picture":        {"identity_ceremony identity_ceremony.data_sealed identity_staff.login_sealed", func(s *scene) error { _, err := s.TOTPPicture(s.ctx, s.rina); return err }},
		"its first code":     {"identity_ceremony identity_ceremony.data_sealed", func(s *scene) error { return s.ConfirmTOTP(s.ctx, s.rina, "000000") }},
		"recovery codes":     {"identity_recovery log", func(s *scene) error { _, err := s.RenewRecovery(s.ctx, s.rina); return err }},
		"change a password":  {"identity_throttle identity_staff identity_staff.name_sealed identity_staff.password_sealed identity_session log", func(s *scene) error { return s.ChangePassword(s.ctx, s.rina, goodWords, "sungai batu bulan pagar") }},
		"look up a cookie":   {"identity_session update:identity_session identity_staff.name_sealed", func(s *scene) error { _, _, err := s.asks("Authorization", "Bearer "+s.token); return err }},
		"look up a key":      {"identity_client update:identity_client", func(s *scene) error { _, _, err := s.asks("Authorization", "Bearer "+s.apiKey); return err }},
		"end a session":      {"identity_session log", func(s *scene) error { return s.SignOut(s.ctx, s.rina) }},
		"end other sessions": {"identity_session log", func(s *scene) error { return s.EndOthers(s.ctx, s.rina) }},
		"sessions":           {"identity_session", func(s *scene) error { _, err := s.Sessions(s.ctx, s.rina); return err }},
		"session facts": {"identity_session identity_client", func(s *scene) error {
			return s.db.Read(s.ctx, func(tx *db.Tx) error { _, err := s.SessionFacts(tx, s.rina); return err })
		}},
		"client facts": {"identity_client", func(s *scene) error {
			return s.db.Read(s.ctx, func(tx *db.Tx) error {
				_, err := s.SessionFacts(tx, actor.NewClient("cli_x", nil, nil))
				return err
			})
		}},
		"needs setup": {"identity_staff", func(s *scene) error { _, err := s.NeedsSetup(s.ctx); return err }},
		"the invitation": {"identity_invitation identity_staff identity_invitation.totp_sealed identity_staff.name_sealed identity_staff.login_sealed", func(s *scene) error {
			_, err := s.Invitation(s.ctx, s.link, s.browser)
			return err
		}},
		"opening an invitation":    {"identity_invitation identity_ceremony log", func(s *scene) error { _, err := s.OpenInvitation(s.ctx, s.link, ""); return err }},
		"the invitation's picture": {"identity_invitation identity_staff.login_sealed", func(s *scene) error { _, err := s.InvitationPicture(s.ctx, s.link, s.browser); return err }},
		"the invitation's options": {"identity_invitation identity_ceremony", func(s *scene) error { _, err := s.InvitationOptions(s.ctx, s.link, s.browser); return err }},
		"enrol": {"identity_invitation identity_staff.login_sealed identity_recovery identity_session log", func(s *scene) error {
			code, _ := TOTPCode(strings.Repeat("A", 32), s.now)
			if inv, err := s.Invitation(s.ctx, s.link, s.browser); err == nil {
				code, _ = TOTPCode(strings.ReplaceAll(inv.Secret, " ", ""), s.now)
			}
			_, _, err := s.Enrol(s.ctx, Enrolment{Token: s.link, Browser: s.browser, Password: goodWords, Shown: Shown{Code: code}}, office)
			return err
		}},
		"enrol with a passkey": {"identity_ceremony identity_ceremony.data_sealed identity_passkey", func(s *scene) error {
			options, err := s.InvitationOptions(s.ctx, s.link, s.browser)
			if err != nil {
				return err
			}
			_, _, err = s.Enrol(s.ctx, Enrolment{Token: s.link, Browser: s.browser, Password: goodWords, Shown: Shown{Passkey: authenticator.New(testOrigin).Create(options)}}, office)
			return err
		}},
		"create staff": {"identity_staff log", func(s *scene) error {
			_, err := s.CreateStaff(s.ctx, Terminal(), NewStaff{Name: "X", Login: "xyz", Role: actor.Agent})
			return err
		}},
		"provision": {"identity_staff identity_recovery log", func(s *scene) error {
			_, _, err := s.Provision(s.ctx, NewStaff{Name: "X", Login: "xyz", Role: actor.Agent}, goodWords, "")
			return err
		}},
		"make a link": {"identity_staff identity_invitation log", func(s *scene) error { _, err := s.MakeLink(s.ctx, Terminal(), s.fresh); return err }},
		"make a code": {"identity_staff identity_invitation", func(s *scene) error {
			_, err := s.MakeCode(s.ctx, actor.NewStaff("stf_d", actor.DPO, "ses_d", nil, s.now), s.newcomer)
			return err
		}},
		"disable": {"identity_staff identity_session identity_invitation log", func(s *scene) error { return s.Disable(s.ctx, Terminal(), s.rina.ID()) }},
		"ask for a role": {"identity_staff", func(s *scene) error {
			_, err := s.AskRole(s.ctx, s.admin, s.rina.ID(), actor.DPO, nil, "x")
			return err
		}},
		"change a role": {"identity_staff identity_session log", func(s *scene) error {
			return write(s, func(tx *db.Tx) error { return s.changeRole(tx, s.rina.ID(), map[string]string{"role": "dpo"}, s.admin) })
		}},
		"the staff list": {"identity_staff identity_passkey identity_recovery identity_staff.name_sealed", func(s *scene) error { _, err := s.ListStaff(s.ctx); return err }},
		"staff by id":    {"identity_staff identity_passkey identity_recovery identity_staff.login_sealed", func(s *scene) error { _, err := s.StaffByID(s.ctx, s.rina.ID()); return err }},
		"staff by login": {"identity_staff identity_staff.login_sealed", func(s *scene) error { _, err := s.StaffByLogin(s.ctx, "rina"); return err }},
		"first name": {"identity_staff identity_staff.name_sealed", func(s *scene) error {
			return s.db.Read(s.ctx, func(tx *db.Tx) error { _, err := s.FirstName(tx, s.rina.ID()); return err })
		}},
		"ask for a client": {"identity_client", func(s *scene) error { _, err := s.AskClient(s.ctx, s.admin, crm(), "x"); return err }},
		"create a client":  {"identity_client log", func(s *scene) error { _, _, err := s.CreateClient(s.ctx, Terminal(), crm()); return err }},
		"approve a client": {"identity_client log", func(s *scene) error {
			return write(s, func(tx *db.Tx) error { return s.approveClient(tx, s.asked, nil, s.admin) })
		}},
		"issue a key":     {"identity_client update:identity_client log", func(s *scene) error { _, err := s.IssueKey(s.ctx, s.admin, s.approved); return err }},
		"revoke a client": {"identity_client log", func(s *scene) error { return s.RevokeClient(s.ctx, Terminal(), s.asked) }},
		"the clients":     {"identity_client", func(s *scene) error { _, err := s.ListClients(s.ctx); return err }},
		"sweep":           {"identity_step identity_throttle", func(s *scene) error { return s.Sweep(s.ctx) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := one(t).scene()
			s.later(61 * time.Second)
			for _, broken := range strings.Fields(c.breaks) {
				mend := s.broken(broken)
				err := c.act(s)
				if err == nil {
					t.Errorf("%s broken: done all the same", broken)
				} else if kind := errs.KindOf(err); kind != errs.Internal && kind != errs.Unavailable {
					t.Errorf("%s broken: told as %v", broken, err)
				}
				mend()
				s.later(time.Second)
			}
		})
	}
}

// broken breaks a table, a sealed column or the log, and returns what mends it.
func (s *scene) broken(what string) func() {
	s.t.Helper()
	if what == "log" {
		s.log.bad = errBroken
		return func() { s.log.bad = nil }
	}
	if table, ok := strings.CutPrefix(what, "update:"); ok {
		s.sql("create trigger broken before update on " + table + " begin select raise(abort, 'broken'); end")
		return func() { s.sql("drop trigger broken") }
	}
	if strings.Contains(what, ".") {
		bad := s.keys.(testKeys).bad
		bad[what] = true
		return func() { delete(bad, what) }
	}
	s.sql("alter table " + what + " rename to " + what + "_gone")
	return func() { s.sql("alter table " + what + "_gone rename to " + what) }
}

func (s *scene) sql(text string) {
	s.t.Helper()
	s.ok(s.db.Write(s.ctx, func(tx *db.Tx) error { _, err := tx.Data.Exec(text); return err }))
}

func TestASetupThatBreaksKeepsItsToken(t *testing.T) {
	h := one(t)
	token, err := h.MakeSetupToken(h.ctx, 0)
	h.ok(err)
	s := &scene{house: h}
	for _, broken := range []string{"identity_setup", "identity_staff", "log"} {
		mend := s.broken(broken)
		if _, err := h.Setup(h.ctx, token, NewStaff{Name: "Dewi", Login: "dewi"}); err == nil {
			t.Errorf("%s broken: done all the same", broken)
		}
		if _, err := h.MakeSetupToken(h.ctx, 0); err == nil {
			t.Errorf("%s broken: a token all the same", broken)
		}
		mend()
	}
	_, err = h.Setup(h.ctx, token, NewStaff{Name: "Dewi", Login: "dewi"})
	h.ok(err)
}

func TestWhatBreaksHalfWayIsAFaultToo(t *testing.T) {
	s := one(t).scene()
	// Between the two transactions of a sign-in.
	keys := s.keys.(testKeys)
	var mend func()
	hooked := keys
	hooked.opened = func(place string) {
		if place == "identity_staff.password_sealed" {
			mend = s.broken("identity_staff")
		}
	}
	s.keys = hooked
	_, err := s.SignIn(s.ctx, "rina", goodWords, office)
	if errs.KindOf(err) != errs.Internal {
		t.Errorf("%v", err)
	}
	s.keys = keys
	mend()
	// Between the options of a passkey and its answer.
	options, err := s.RefreshOptions(s.ctx, s.rina)
	s.ok(err)
	mend = s.broken("identity_staff.name_sealed")
	if _, err := s.Refresh(s.ctx, s.rina, Shown{Passkey: s.key.Get(options)}); errs.KindOf(err) != errs.Internal {
		t.Errorf("%v", err)
	}
	mend()
	added := authenticator.New(testOrigin)
	options, err = s.AddPasskeyOptions(s.ctx, s.rina)
	s.ok(err)
	mend = s.broken("identity_staff.name_sealed")
	if err := s.AddPasskey(s.ctx, s.rina, added.Create(options), "x"); errs.KindOf(err) != errs.Internal {
		t.Errorf("%v", err)
	}
	mend()
	// Between the two halves of an enrolment: the link is replaced, or opened elsewhere.
	second := func(e Enrolment) (refusal *errs.E, err error) {
		err = s.db.Write(s.ctx, func(tx *db.Tx) error {
			_, _, refusal, err = s.enrol(tx, e, "hash", office)
			return err
		})
		return refusal, err
	}
	if _, err := second(Enrolment{Token: s.link, Browser: ticket.New(ticket.Browser)}); errs.Of(err).Code != "identity.not_opened_here" {
		t.Errorf("%v", err)
	}
	if _, err := second(Enrolment{Token: ticket.New(ticket.Invitation), Browser: s.browser}); errs.Of(err).Code != "identity.no_invitation" {
		t.Errorf("%v", err)
	}
}

func TestWhenTooManySignInAtOnceNothingIsTried(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	a, _ := h.signIn(w, false)
	link := h.invited("sari")
	e := h.enrolment(link, "")
	h.hasher = &password.Hasher{} // no slot ever comes free
	_, err := h.SignIn(h.ctx, "rina", goodWords, office)
	h.wants(err, "identity.busy")
	h.wants(h.ChangePassword(h.ctx, h.again(a), goodWords, "sungai batu bulan pagar"), "identity.busy")
	_, _, err = h.Enrol(h.ctx, e, office)
	h.wants(err, "identity.busy")
	_, _, err = h.Provision(h.ctx, NewStaff{Name: "X", Login: "xyz", Role: actor.Agent}, goodWords, "")
	h.wants(err, "identity.busy")
}

func TestOneOfTwoAdministratorsCanBeDisabled(t *testing.T) {
	s := one(t).scene()
	s.ok(s.Disable(s.ctx, Terminal(), s.admin.ID()))
}

package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
	"github.com/amanah-id/amanah/internal/trust/identity/totp"
)

// NeedsSetup reports whether no administrator can sign in yet.
func (s *Identity) NeedsSetup(ctx context.Context) (needed bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		n, err := admins(tx, "")
		needed = n == 0
		return err
	})
	return needed, err
}

// MakeSetupToken makes the one-time token that app prints on the server's terminal when
// NeedsSetup. It replaces an earlier one. life is at most, and when zero is, SetupLimit.
func (s *Identity) MakeSetupToken(ctx context.Context, life time.Duration) (token string, err error) {
	if life <= 0 || life > SetupLimit {
		life = SetupLimit
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if n, err := admins(tx, ""); err != nil || n > 0 {
			return errors.Join(err, errSetupDone)
		}
		token = ticket.New(ticket.Setup)
		sha, _ := ticket.Parse(ticket.Setup, token)
		tx.Data.Queue(`insert into identity_setup (one, token_sha, expires_at) values (1, $1, $2) on conflict (one) do update set token_sha = excluded.token_sha, expires_at = excluded.expires_at`,
			sha, tx.Now().Add(life).UnixMicro())
		return s.note(tx, Terminal(), "setup_token_made", "")
	})
	return token, err
}

// Setup makes the first administrator, who then enrols with the invitation returned. The
// token is used up by this. Without it nothing happens, whoever asks.
func (s *Identity) Setup(ctx context.Context, token string, n NewStaff) (invitation string, err error) {
	n.Role = actor.Admin
	sha, ok := ticket.Parse(ticket.Setup, token)
	if !ok {
		return "", errSetup
	}
	if err := checkStaff(&n); err != nil {
		return "", err
	}
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		used, err := tx.Data.Exec(`delete from identity_setup where one = 1 and token_sha = $1 and expires_at > $2`, sha, tx.Now().UnixMicro())
		if err != nil {
			return nil, err
		}
		if used == 0 {
			return s.denied(tx, door(), "setup", "", errSetup)
		}
		if n, err := admins(tx, ""); err != nil || n > 0 {
			return errSetupDone, err
		}
		// Whoever began this before and did not finish makes room.
		tx.Data.Queue(`delete from identity_staff where state = 'invited' and id in (select staff_id from identity_invitation where made_by = 'setup')`)
		tx.Data.Queue(`delete from identity_invitation where made_by = 'setup'`)
		staff := id.NewAt(id.Staff, tx.Now())
		if err := s.insertStaff(tx, staff, n); err != nil {
			return nil, err
		}
		invitation = s.invite(tx, staff, "setup", false)
		return nil, s.note(tx, door(), "setup", staff)
	})
	return invitation, err
}

// invite makes an enrolment link. Nothing of a second factor is made with it: see
// OpenInvitation.
func (s *Identity) invite(tx *db.Tx, staff, madeBy string, codeNeeded bool) (token string) {
	token = ticket.New(ticket.Invitation)
	sha, _ := ticket.Parse(ticket.Invitation, token)
	tx.Data.Queue(`delete from identity_invitation where staff_id = $1`, staff)
	tx.Data.Queue(`insert into identity_invitation (staff_id, token_sha, browser_sha, totp_sealed, made_by, code_mac, code_by, code_needed, failures, expires_at) values ($1, $2, null, null, $3, null, '', $4, 0, $5)`,
		staff, sha, madeBy, codeNeeded, tx.Now().Add(InvitationLimit).UnixMicro())
	return token
}

// MakeLink makes the link with which a member of staff enrols: password and second factor.
// For someone who is active it is the reset of both (a lost phone, a forgotten password):
// what there was is gone at once and the sessions end. by is an administrator with a fresh
// second factor; then the newcomer also needs the code a second person makes (MakeCode). Or
// by is Terminal; then the link is enough.
func (s *Identity) MakeLink(ctx context.Context, by actor.Actor, staff string) (token string, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayRun(tx, by); err != nil {
			return err
		}
		row, err := staffByID(tx, staff)
		if err != nil {
			return err
		}
		action := "link_made"
		switch {
		case by.ID() == staff:
			return errNotSelf
		case row.state == Disabled:
			return errState
		case row.state == Active:
			s.forget(tx, staff)
			action = "reset"
		}
		token = s.invite(tx, staff, by.ID(), !onTerminal(by))
		return s.note(tx, by, action, staff)
	})
	return token, err
}

// MakeCode makes the code that a second person gives to somebody who holds a link: a DPO or
// security for anyone, a supervisor for agents; never who made the link, never oneself.
// Making one again replaces it, and whoever opened the link with the one before is shut out.
func (s *Identity) MakeCode(ctx context.Context, by actor.Actor, staff string) (code string, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := staffByID(tx, staff)
		if err != nil {
			return err
		}
		switch {
		case !by.IsStaff() || !MayHandOver(by.Role(), row.role):
			return errRole
		case !fresh(tx, by):
			return errFresh
		case by.ID() == staff:
			return errNotSelf
		}
		code = ticket.Handover()
		n, err := tx.Data.Exec(`update identity_invitation set code_mac = $1, code_by = $2, failures = 0, browser_sha = null, totp_sealed = null where staff_id = $3 and made_by <> $2 and code_needed and expires_at > $4`,
			s.handoverMAC(staff, code), by.ID(), staff, tx.Now().UnixMicro())
		if err != nil {
			return err
		}
		if n == 0 {
			return errSecondPerson
		}
		return s.note(tx, by, "code_made", staff)
	})
	return code, err
}

func (s *Identity) handoverMAC(staff, code string) []byte {
	return s.keys.MAC("identity/handover", []byte(staff+"\x00"+ticket.Normalise(code)))
}

// invitationRow is an open invitation.
type invitationRow struct {
	staff      staffRow
	browser    []byte // hash of what the browser holds that opened it last; nil when none did
	totp       string // the TOTP secret made for that browser
	code       []byte
	codeNeeded bool
}

// invitation finds an open invitation by its token.
func (s *Identity) invitation(tx *db.Tx, token string) (row invitationRow, err error) {
	sha, ok := ticket.Parse(ticket.Invitation, token)
	if !ok {
		return row, errInvitation
	}
	var staff string
	var totp []byte
	err = tx.Data.Row(`select staff_id, browser_sha, totp_sealed, code_mac, code_needed from identity_invitation where token_sha = $1 and expires_at > $2 and staff_id in (select id from identity_staff where state = 'invited')`, sha, tx.Now().UnixMicro()).
		Scan(&staff, &row.browser, &totp, &row.code, &row.codeNeeded)
	if errors.Is(err, db.ErrNoRows) {
		return row, errInvitation
	}
	if err != nil {
		return row, err
	}
	row.staff, err = staffByID(tx, staff)
	if err != nil || totp == nil {
		return row, err
	}
	secret, err := s.open("identity_invitation", "totp_sealed", staff, totp)
	row.totp = string(secret)
	return row, err
}

// openedBy reports whether this browser is the one that opened the invitation last.
func (row invitationRow) openedBy(browser string) bool {
	sha, ok := ticket.Parse(ticket.Browser, browser)
	return ok && row.browser != nil && subtle.ConstantTimeCompare(sha, row.browser) == 1
}

// opened finds an open invitation for the browser that opened it, and for no other.
func (s *Identity) opened(tx *db.Tx, token, browser string) (invitationRow, error) {
	row, err := s.invitation(tx, token)
	if err == nil && !row.openedBy(browser) {
		err = errBrowser
	}
	return row, err
}

// OpenInvitation opens an invitation in a browser, which keeps the token returned. Where a
// second person's code is needed this takes it; five wrong ones, and that person makes
// another. The second factor is made here, for this browser: whoever held the link before,
// and be it the administrator who made it, has seen nothing of it. Opening it in another
// browser (with the code again) makes another one and the one before is worthless.
func (s *Identity) OpenInvitation(ctx context.Context, token, handover string) (browser string, err error) {
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		row, err := s.invitation(tx, token)
		if err != nil {
			return nil, err
		}
		staff := row.staff.id
		if row.codeNeeded && (row.code == nil || subtle.ConstantTimeCompare(row.code, s.handoverMAC(staff, handover)) != 1) {
			// Eight digits and five tries; then the second person makes another.
			if row.code != nil {
				tx.Data.Queue(`update identity_invitation set failures = failures + 1, code_mac = case when failures >= 4 then null else code_mac end where staff_id = $1`, staff)
			}
			return s.denied(tx, door(), "enrol", staff, errHandover)
		}
		browser = ticket.New(ticket.Browser)
		sha, _ := ticket.Parse(ticket.Browser, browser)
		tx.Data.Queue(`update identity_invitation set browser_sha = $1, totp_sealed = $2 where staff_id = $3`,
			sha, s.seal("identity_invitation", "totp_sealed", staff, []byte(NewTOTPSecret())), staff)
		s.dropCeremony(tx, staff, ceremonyCreate)
		return nil, s.note(tx, door(), "invitation_opened", staff)
	})
	if err != nil {
		return "", err
	}
	return browser, nil
}

// Invitation is what the enrolment page shows.
type Invitation struct {
	Name       string
	Login      string
	Role       actor.Role
	Opened     bool   // by this browser; until then there is no second factor to be enrolled
	Secret     string // the TOTP secret in groups of four; empty until Opened, and in a FIPS deployment
	CodeNeeded bool   // OpenInvitation takes the second person's code
	Passkeys   bool   // the origin can have passkeys
}

// Invitation reads an invitation for its holder. browser is what OpenInvitation gave; any
// other sees who is invited and no second factor.
func (s *Identity) Invitation(ctx context.Context, token, browser string) (out Invitation, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := s.invitation(tx, token)
		if err != nil {
			return err
		}
		staff, err := s.openStaff(row.staff)
		out = Invitation{Name: staff.Name, Login: staff.Login, Role: staff.Role, Opened: row.openedBy(browser), CodeNeeded: row.codeNeeded, Passkeys: s.passkey != nil}
		if out.Opened && !s.config.FIPS {
			out.Secret = totp.Spaced(row.totp)
		}
		return err
	})
	return out, err
}

// InvitationPicture draws the TOTP secret of an invitation as a QR code, PNG, for the
// browser that opened it.
func (s *Identity) InvitationPicture(ctx context.Context, token, browser string) (picture []byte, err error) {
	if s.config.FIPS {
		return nil, errFIPS
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := s.opened(tx, token, browser)
		if err != nil {
			return err
		}
		staff, err := s.openStaff(row.staff)
		if err != nil {
			return err
		}
		picture, err = totp.Picture(s.issuer(), staff.Login, row.totp)
		return err
	})
	return picture, err
}

func (s *Identity) issuer() string {
	if s.config.Company == "" {
		return "Amanah"
	}
	return "Amanah " + s.config.Company
}

// InvitationOptions begins the enrolment of a passkey for an invitation, in the browser
// that opened it.
func (s *Identity) InvitationOptions(ctx context.Context, token, browser string) (options []byte, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := s.opened(tx, token, browser)
		if err != nil {
			return err
		}
		options, err = s.beginCreate(tx, row.staff.id, row.staff)
		return err
	})
	return options, err
}

// Enrolment is what a newcomer fills in.
type Enrolment struct {
	Token    string
	Browser  string // what OpenInvitation gave this browser
	Password string
	Shown    Shown  // the first TOTP code, or the new passkey
	Label    string // what the passkey is called
}

// Enrol turns an invitation into a member of staff who can sign in, begins the first
// session and returns the recovery codes, to be shown once. Only the browser that opened
// the invitation last can do it. The invitation is used up by this and by nothing less: a
// newcomer who mistypes a code tries again.
func (s *Identity) Enrol(ctx context.Context, e Enrolment, from Place) (out Signed, recovery []string, err error) {
	var staff Staff
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		row, err := s.invitation(tx, e.Token)
		if err != nil {
			return nil, err
		}
		if !row.openedBy(e.Browser) {
			return s.denied(tx, door(), "enrol", row.staff.id, errBrowser)
		}
		staff, err = s.openStaff(row.staff)
		return nil, err
	})
	if err != nil {
		return Signed{}, nil, err
	}
	if err := password.Check(e.Password, staff.Login, staff.Name, s.config.Company); err != nil {
		return Signed{}, nil, err
	}
	hash, err := s.hasher.Hash(ctx, e.Password)
	if err != nil {
		return Signed{}, nil, err
	}
	err = s.act(ctx, func(tx *db.Tx) (refusal *errs.E, err error) {
		out, recovery, refusal, err = s.enrol(tx, e, hash, from)
		return refusal, err
	})
	if err != nil {
		return Signed{}, nil, err
	}
	return out, recovery, nil
}

// enrol is the second half of Enrol. If the invitation was replaced or opened elsewhere
// while the password was hashed, nothing is done.
func (s *Identity) enrol(tx *db.Tx, e Enrolment, hash string, from Place) (out Signed, recovery []string, refusal *errs.E, err error) {
	now, err := s.opened(tx, e.Token, e.Browser)
	if err != nil {
		return out, nil, nil, err
	}
	how, secret, step := byTOTP, now.totp, int64(0)
	if len(e.Shown.Passkey) > 0 {
		how, secret = byPasskey, ""
		ok, err := s.finishCreate(tx, now.staff.id, now.staff, e.Shown.Passkey, e.Label)
		if err != nil {
			return out, nil, nil, err
		}
		if !ok {
			return out, nil, errPasskey, nil
		}
	} else {
		if s.config.FIPS {
			return out, nil, errFIPS, nil
		}
		var ok bool
		if step, ok = totp.Match(secret, ticket.Normalise(e.Shown.Code), tx.Now(), 0); !ok {
			return out, nil, errCode, nil
		}
	}
	s.activate(tx, now.staff.id, hash, secret)
	tx.Data.Queue(`update identity_staff set totp_step = $1 where id = $2`, step, now.staff.id)
	tx.Data.Queue(`delete from identity_invitation where staff_id = $1`, now.staff.id)
	recovery = s.renewRecovery(tx, now.staff.id)
	if out, err = s.begins(tx, now.staff, consoleSession, how, tx.Now(), from); err != nil {
		return out, nil, nil, err
	}
	return out, recovery, nil, s.note(tx, actor.NewStaff(now.staff.id, now.staff.role, out.Session, now.staff.controllers, tx.Now()), "enrolled."+string(how), now.staff.id)
}

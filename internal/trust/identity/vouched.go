package identity

import (
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

// What package oidc brings about, once a provider of identities has said who somebody is.
// Each verb runs in its caller's transaction, decides what it decides for everybody, and
// appends the entries that the way with a password has.

// Vouch is what a provider has said of a member of staff.
type Vouch struct {
	Staff string
	// Second is when a second factor was shown there that counts here; zero when none was.
	Second time.Time
	// Directory says that the directory made the link, and not the person in a session here.
	Directory bool
}

// Vouched signs in a member of staff for whom a provider vouches. With a second factor shown
// there the session begins, also for who was only invited until then, when the directory made
// the link: an account that was reset here is not opened by a link its owner once made.
// Without a second factor the step is returned that Finish ends.
func (s *Identity) Vouched(tx *db.Tx, v Vouch, from Place) (step Step, out Signed, refusal *errs.E, err error) {
	row, err := staffByID(tx, v.Staff)
	if err != nil {
		return step, out, nil, err
	}
	if row.state == Invited && v.Directory && !v.Second.IsZero() && MayProvision(row.role) {
		tx.Data.Queue(`update identity_staff set state = 'active', changed_at = $1 where id = $2`, tx.Now().UnixMicro(), row.id)
		tx.Data.Queue(`delete from identity_invitation where staff_id = $1`, row.id)
		row.state = Active
	}
	if row.state != Active {
		refusal, err = s.denied(tx, door(), "sign_in", row.id, errSignIn)
		return step, out, refusal, err
	}
	if !v.Second.IsZero() {
		out, err = s.begins(tx, row, consoleSession, byProvider, v.Second, from)
		return step, out, nil, err
	}
	step, err = s.makeStep(tx, row)
	return step, out, nil, err
}

// makeStep makes the step between who somebody is and the second factor.
func (s *Identity) makeStep(tx *db.Tx, row staffRow) (Step, error) {
	step := Step{Token: ticket.New(ticket.Step), TOTP: row.totp != nil && !s.config.FIPS}
	var keys int64
	if err := tx.Data.Row(`select count(*) from identity_passkey where staff_id = $1`, row.id).Scan(&keys); err != nil {
		return Step{}, err
	}
	step.Passkeys = keys > 0 && s.passkey != nil
	sha, _ := ticket.Parse(ticket.Step, step.Token)
	_, err := tx.Data.Exec(`insert into identity_step (token_sha, staff_id, failures, expires_at) values ($1, $2, 0, $3)`, sha, row.id, tx.Now().Add(StepLimit).UnixMicro())
	return step, err
}

// Reshown counts the second factor of a live session as shown again, at the provider.
func (s *Identity) Reshown(tx *db.Tx, by actor.Actor, at time.Time) (Signed, error) {
	row, err := s.self(tx, by)
	if err != nil {
		return Signed{}, err
	}
	return s.renew(tx, by, row, byProvider, at)
}

// renew gives a live session a new token, with the second factor shown at that time.
func (s *Identity) renew(tx *db.Tx, by actor.Actor, row staffRow, how factor, at time.Time) (Signed, error) {
	out := Signed{Token: ticket.New(ticket.Session), Session: by.Session(), Staff: row.id}
	sha, _ := ticket.Parse(ticket.Session, out.Token)
	n, err := tx.Data.Exec(`update identity_session set token_sha = $1, second_at = $2, seen_at = $3 where id = $4 and staff_id = $5 and ended_at = 0`,
		sha, at.UnixMicro(), tx.Now().UnixMicro(), by.Session(), row.id)
	if err != nil {
		return Signed{}, err
	}
	if n == 0 {
		return Signed{}, errSession
	}
	return out, s.note(tx, by, "second_factor_shown."+string(how), row.id)
}

// LeftElsewhere ends every session of a member of staff who signed out at the provider.
func (s *Identity) LeftElsewhere(tx *db.Tx, by actor.Actor, staff string) error {
	endSessions(tx, staff, "", "signed_out")
	return s.note(tx, by, "other_sessions_ended", staff)
}

// replaced ends the session that a browser had before another begins in it.
func (s *Identity) replaced(tx *db.Tx, former actor.Actor) error {
	if !former.IsStaff() {
		return nil
	}
	n, err := tx.Data.Exec(`update identity_session set ended_at = $1, end_reason = 'replaced' where id = $2 and staff_id = $3 and ended_at = 0`, tx.Now().UnixMicro(), former.Session(), former.ID())
	if err != nil || n == 0 {
		return err
	}
	return s.note(tx, former, "session_ended", former.Session())
}

// Fresh reports whether the actor's second factor was shown lately enough for a risky act.
func (s *Identity) Fresh(tx *db.Tx, by actor.Actor) bool { return fresh(tx, by) }

package identity

import (
	"context"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
	"github.com/amanah-id/amanah/internal/trust/identity/totp"
)

// Passkey is an enrolled passkey as its owner sees it.
type Passkey struct {
	ID      string
	Label   string
	Created time.Time
	Used    time.Time // zero when never
}

// Account is what a member of staff sees of the own sign-in.
type Account struct {
	Staff    Staff
	Passkeys []Passkey
	Sessions []Session
}

// Account returns the actor's own.
func (s *Identity) Account(ctx context.Context, by actor.Actor) (out Account, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := s.self(tx, by)
		if err != nil {
			return err
		}
		if out.Staff, err = s.Staff(tx, row.id); err != nil {
			return err
		}
		keys, err := s.passkeys(tx, row.id)
		out.Passkeys = nil
		for _, k := range keys {
			p := Passkey{ID: k.id, Label: k.label, Created: time.UnixMicro(k.created).UTC()}
			if k.used > 0 {
				p.Used = time.UnixMicro(k.used).UTC()
			}
			out.Passkeys = append(out.Passkeys, p)
		}
		return err
	})
	if err != nil {
		return Account{}, err
	}
	out.Sessions, err = s.Sessions(ctx, by)
	return out, err
}

// mine runs a change of the actor's own means of signing in, which needs a fresh second
// factor, and appends its entry.
func (s *Identity) mine(ctx context.Context, by actor.Actor, action string, change func(tx *db.Tx, row staffRow) (*errs.E, error)) error {
	return s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		row, err := s.self(tx, by)
		if err != nil {
			return nil, err
		}
		if !fresh(tx, by) {
			return nil, errFresh
		}
		refusal, err := change(tx, row)
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			return s.denied(tx, by, action, row.id, refusal)
		}
		return nil, s.note(tx, by, action, row.id)
	})
}

// AddPasskeyOptions begins the enrolment of one more passkey.
func (s *Identity) AddPasskeyOptions(ctx context.Context, by actor.Actor) (options []byte, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := s.self(tx, by)
		if err != nil {
			return err
		}
		if !fresh(tx, by) {
			return errFresh
		}
		options, err = s.beginCreate(tx, by.Session(), row)
		return err
	})
	return options, err
}

// AddPasskey ends it.
func (s *Identity) AddPasskey(ctx context.Context, by actor.Actor, answer []byte, label string) error {
	return s.mine(ctx, by, "passkey_added", func(tx *db.Tx, row staffRow) (*errs.E, error) {
		ok, err := s.finishCreate(tx, by.Session(), row, answer, label)
		if err == nil && !ok {
			return errPasskey, nil
		}
		return nil, err
	})
}

// RemovePasskey takes a passkey away, but never the last second factor.
func (s *Identity) RemovePasskey(ctx context.Context, by actor.Actor, passkey string) error {
	return s.mine(ctx, by, "passkey_removed", func(tx *db.Tx, row staffRow) (*errs.E, error) {
		var others int64
		if err := tx.Data.Row(`select count(*) from identity_passkey where staff_id = $1 and id <> $2`, row.id, passkey).Scan(&others); err != nil {
			return nil, err
		}
		if others == 0 && (row.totp == nil || s.config.FIPS) {
			return errLastPasskey, nil
		}
		_, err := tx.Data.Exec(`delete from identity_passkey where id = $1 and staff_id = $2`, passkey, row.id)
		return nil, err
	})
}

// NewTOTP makes a TOTP secret that waits for its first code (ConfirmTOTP), for a new phone.
// It returns the secret in groups of four.
func (s *Identity) NewTOTP(ctx context.Context, by actor.Actor) (secret string, err error) {
	if s.config.FIPS {
		return "", errFIPS
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.self(tx, by); err != nil {
			return err
		}
		if !fresh(tx, by) {
			return errFresh
		}
		secret = NewTOTPSecret()
		s.keepCeremony(tx, by.Session(), ceremonyTOTP, []byte(secret))
		return nil
	})
	return totp.Spaced(secret), err
}

// TOTPPicture draws the secret that NewTOTP made.
func (s *Identity) TOTPPicture(ctx context.Context, by actor.Actor) (picture []byte, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := s.self(tx, by)
		if err != nil {
			return err
		}
		secret, err := s.openCeremony(tx, by.Session(), ceremonyTOTP)
		if err != nil {
			return err
		}
		if secret == nil {
			return errStep
		}
		staff, err := s.openStaff(row)
		if err != nil {
			return err
		}
		picture, err = totp.Picture(s.issuer(), staff.Login, string(secret))
		return err
	})
	return picture, err
}

// ConfirmTOTP puts the new secret in the place of the old one, once its first code is right.
func (s *Identity) ConfirmTOTP(ctx context.Context, by actor.Actor, code string) error {
	return s.mine(ctx, by, "totp_renewed", func(tx *db.Tx, row staffRow) (*errs.E, error) {
		secret, err := s.openCeremony(tx, by.Session(), ceremonyTOTP)
		if err != nil {
			return nil, err
		}
		if secret == nil {
			return errStep, nil
		}
		step, ok := totp.Match(string(secret), ticket.Normalise(code), tx.Now(), 0)
		if !ok {
			return errCode, nil
		}
		s.dropCeremony(tx, by.Session(), ceremonyTOTP)
		_, err = tx.Data.Exec(`update identity_staff set totp_sealed = $1, totp_step = $2, changed_at = $3 where id = $4`,
			s.seal("identity_staff", "totp_sealed", row.id, secret), step, tx.Now().UnixMicro(), row.id)
		return nil, err
	})
}

// RenewRecovery replaces the recovery codes and returns the new ones, to be shown once.
func (s *Identity) RenewRecovery(ctx context.Context, by actor.Actor) (codes []string, err error) {
	err = s.mine(ctx, by, "recovery_renewed", func(tx *db.Tx, row staffRow) (*errs.E, error) {
		codes = s.renewRecovery(tx, row.id)
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// ChangePassword replaces the password and ends the actor's other sessions. Wrong current
// passwords are counted and slowed down as wrong second factors are, so that a session left
// open is no place to guess in.
func (s *Identity) ChangePassword(ctx context.Context, by actor.Actor, current, next string) error {
	var row staffRow
	var staff Staff
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if row, err = s.self(tx, by); err != nil {
			return err
		}
		if !fresh(tx, by) {
			return errFresh
		}
		if row.password == nil {
			return errWrongPassword // signs in at the provider and has none here
		}
		staff, err = s.openStaff(row)
		return err
	})
	if err != nil {
		return err
	}
	if err := password.Check(next, staff.Login, staff.Name, s.config.Company); err != nil {
		return err
	}
	stored, err := s.open("identity_staff", "password_sealed", row.id, row.password)
	if err != nil {
		return err
	}
	counted := counter{s.keys.MAC("identity/current", []byte(row.id)), secondLimit}
	if err := s.act(ctx, func(tx *db.Tx) (*errs.E, error) { return s.reserve(tx, counted) }); err != nil {
		return err
	}
	right, err := s.hasher.Verify(ctx, string(stored), current)
	hash, err2 := s.hasher.Hash(ctx, next)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return s.mine(ctx, by, "password_changed", func(tx *db.Tx, now staffRow) (*errs.E, error) {
		if !right || string(now.password) != string(row.password) {
			return errWrongPassword, nil
		}
		s.forgive(tx, [][]byte{counted.key}, nil)
		tx.Data.Queue(`update identity_staff set password_sealed = $1, changed_at = $2 where id = $3`, s.seal("identity_staff", "password_sealed", row.id, []byte(hash)), tx.Now().UnixMicro(), row.id)
		endSessions(tx, row.id, by.Session(), "password_changed")
		return nil, nil
	})
}

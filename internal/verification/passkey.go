package verification

import (
	"cmp"
	"context"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/verification/method"
	"github.com/amanah-id/amanah/internal/verification/passkey"
)

// Passkeys is what the room uses of package passkey below.
type Passkeys interface {
	Count(tx *db.Tx, subject string) (int, error)
	Create(tx *db.Tx, attempt, subject string) (options []byte, err error)
	Created(tx *db.Tx, attempt, subject string, answer []byte) (key string, err error)
	Ask(tx *db.Tx, attempt, subject string) (options []byte, err error)
	Shown(tx *db.Tx, attempt, subject string, answer []byte) (key string, registered time.Time, err error)
	List(tx *db.Tx, subject string) ([]Passkey, error)
	Revoke(tx *db.Tx, subject, attempt, key string) (int, error)
}

// Passkey is one of the customer's, as a list shows it.
type Passkey = passkey.Key

// UsePasskeys lets customers register passkeys and show them. Without it, or where the rules leave the method out, the page is
// what it is without a script.
func (s *Service) UsePasskeys(p Passkeys) { s.passkeys = p }

// offersPasskeys: a representative's page is about somebody else's passkeys, and offers none.
func (s *Service) offersPasskeys(a Attempt) bool {
	return s.passkeys != nil && s.o.Rules.Uses(method.Passkey) && !id.Is(id.Mandate, a.value)
}

// held reads an attempt for the browser that opened it.
func (s *Service) held(tx *db.Tx, token, secret string) (one Attempt, f interaction.Facts, err error) {
	attemptID, err := s.open(token, tx.Now())
	if err != nil {
		return one, f, err
	}
	if one, err = attempt(tx, attemptID); err != nil {
		return one, f, err
	}
	if !s.same(one, secret) {
		return one, f, errBrowser
	}
	f, err = s.o.Interactions.Facts(tx, one.Interaction)
	return one, f, err
}

// passkeysOf fills in what a page says about passkeys.
func (s *Service) passkeysOf(tx *db.Tx, a Attempt, f interaction.Facts, v *View) (err error) {
	if !s.offersPasskeys(a) {
		return nil
	}
	if v.Passkeys, err = s.passkeys.Count(tx, a.subject); err != nil || v.State != ViewConfirmed {
		return err
	}
	no, err := s.noPasskey(tx, a, f)
	v.MayAdd = no == nil
	return err
}

// noPasskey says why no passkey may be registered on a page; nil when one may. Whoever registers one was verified strongly in
// this contact, which goes on, and on this page.
func (s *Service) noPasskey(tx *db.Tx, a Attempt, f interaction.Facts) (*errs.E, error) {
	if !s.offersPasskeys(a) {
		return errPasskeyLevel, nil
	}
	level, _, err := s.level(tx, f, a.subject)
	if err != nil || a.State != Confirmed || level < V3 {
		return errPasskeyLevel, err
	}
	n, err := s.passkeys.Count(tx, a.subject)
	if err != nil || n >= passkey.Most {
		return errPasskeyMost, err
	}
	return nil, nil
}

// PasskeyOptions is what a browser is asked for: to show one of the customer's passkeys while the page waits for an answer, to
// make one afterwards.
func (s *Service) PasskeyOptions(ctx context.Context, token, secret string) (options []byte, err error) {
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		one, f, err := s.held(tx, token, secret)
		if err != nil {
			return err
		}
		if one.State == Opened && s.offersPasskeys(one) {
			options, err = s.passkeys.Ask(tx, one.ID, one.subject)
			return err
		}
		no, err := s.noPasskey(tx, one, f)
		if err != nil {
			return err
		}
		if no != nil {
			return no
		}
		options, err = s.passkeys.Create(tx, one.ID, one.subject)
		return err
	})
	return options, err
}

// AddPasskey keeps the passkey that a browser made, and tells the customer on the contact that the link went to.
func (s *Service) AddPasskey(ctx context.Context, token, secret string, answer []byte) error {
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		one, f, err := s.held(tx, token, secret)
		if err != nil {
			return err
		}
		if refusal, err = s.noPasskey(tx, one, f); err != nil {
			return err
		}
		key := ""
		if refusal == nil {
			if key, err = s.passkeys.Created(tx, one.ID, one.subject, answer); err != nil {
				return err
			}
			if key == "" {
				refusal = errPasskey
			}
		}
		customer := s.o.Customer(one.ID)
		if refusal != nil {
			return s.refuse(tx, customer, f, "verification.passkey_added", refusal)
		}
		if _, err := s.o.Log.Append(tx, s.entry(customer, f, "verification.passkey_added", "", key)); err != nil {
			return err
		}
		s.o.Interactions.Notify(tx, "verification", f)
		company, err := s.o.Company(tx, f.Controller)
		if err != nil {
			return err
		}
		_, err = s.o.Messages.Queue(tx, customer, message.Outgoing{Subject: one.subject, Interaction: f.ID, Value: one.value, Contact: one.Contact,
			Template: "message.passkey", Lang: one.Language,
			Args: map[string]message.Arg{"company": message.Company(company), "link": message.Link(s.o.Address + "/v/" + s.token(one))}})
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// RemovePasskeys ends all passkeys of the customer whose page it is, in the browser in which the customer was verified.
func (s *Service) RemovePasskeys(ctx context.Context, token, secret string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		one, f, err := s.held(tx, token, secret)
		if err != nil {
			return err
		}
		if one.State != Confirmed || !s.offersPasskeys(one) {
			return errAnswered
		}
		about := f
		about.Subject = one.subject
		_, err = s.revoke(tx, s.o.Customer(one.ID), about, "", "")
		return err
	})
}

// passkeysAt are the passkeys that an agent may end, for a screen: those of the customer himself, verified strongly.
func (s *Service) passkeysAt(tx *db.Tx, a actor.Actor, f interaction.Facts, level int, represented bool) ([]Passkey, error) {
	if s.passkeys == nil || level < V3 || f.Agent != a.ID() || represented {
		return nil, nil
	}
	return s.passkeys.List(tx, f.Subject)
}

// RevokePasskeys ends a passkey of the customer an agent serves, or with "" all of them: who lost the telephone was verified
// strongly by other means.
func (s *Service) RevokePasskeys(ctx context.Context, a actor.Actor, interactionID, key string) error {
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		f, err := s.facts(tx, a, interactionID)
		if err != nil {
			return err
		}
		level, _, err := s.level(tx, f, f.Subject)
		if err != nil {
			return err
		}
		_, represented, err := s.Speaker(tx, f)
		if err != nil {
			return err
		}
		switch {
		case represented:
			refusal = errRepresented
		case level < V3 || f.Agent != a.ID() || s.passkeys == nil:
			refusal = errPasskeyLevel
		default:
			n, err := s.revoke(tx, a, f, "", key)
			if err != nil || n > 0 || key == "" {
				return err
			}
			refusal = errPasskeyGone
		}
		return s.refuse(tx, a, f, "verification.passkey_revoked", refusal)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return s.entered(ctx, a, interactionID, err)
}

// revoke ends passkeys: with an attempt those that were registered on its page, with a key that one. One entry if there was any.
func (s *Service) revoke(tx *db.Tx, by actor.Actor, f interaction.Facts, attemptID, key string) (int, error) {
	if s.passkeys == nil {
		return 0, nil
	}
	n, err := s.passkeys.Revoke(tx, f.Subject, attemptID, key)
	if err != nil || n == 0 {
		return 0, err
	}
	s.o.Interactions.Notify(tx, "verification", f)
	_, err = s.o.Log.Append(tx, s.entry(by, f, "verification.passkey_revoked", "", cmp.Or(attemptID, key)))
	return n, err
}

// shown weighs the passkey that came with the right number: a proof of its own, with the passkey's age. A wrong one is entered,
// and the number stays what it is.
func (s *Service) shown(tx *db.Tx, customer actor.Actor, one Attempt, f interaction.Facts, answer []byte) error {
	if len(answer) == 0 || !s.offersPasskeys(one) || f.Subject != one.subject {
		return nil
	}
	key, registered, err := s.passkeys.Shown(tx, one.ID, one.subject, answer)
	if err != nil {
		return err
	}
	entry := s.entry(customer, f, "verification.passkey", "", key)
	if key == "" {
		entry.Decision, entry.Reason, entry.Ref = audit.Denied, errPasskey.Code, one.ID
	} else {
		tx.Data.Queue(sqlProofAdd, id.NewAt(id.Verification, tx.Now()), f.ID, f.Subject, method.Passkey, "", tx.Now().Sub(registered).Microseconds(), column.Micros(tx.Now()))
	}
	_, err = s.o.Log.Append(tx, entry)
	return err
}

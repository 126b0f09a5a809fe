package identity

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

// A passkey that its authenticator keeps by itself, shown with the PIN or finger of who holds it,
// is both factors at once and says whose it is: one step from one user of a shared computer to
// the next. The session before ends in the commit in which the next begins (Place.Former).

// SwitchOptions begins a sign-in with a passkey alone; token is for the browser to keep until Switch.
func (s *Identity) SwitchOptions(ctx context.Context) (options []byte, token string, err error) {
	if s.passkey == nil {
		return nil, "", errPasskeyName
	}
	token = ticket.New(ticket.Switch)
	sha, _ := ticket.Parse(ticket.Switch, token)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		asked, session, err := s.passkey.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		options, err = s.begin(tx, "switch/"+hex.EncodeToString(sha), ceremonyGet, asked, session, err)
		return err
	})
	return options, token, err
}

// Switch ends it: whoever's passkey it is has a session. A passkey of nobody, of somebody who is
// disabled, and one shown without PIN or finger are answered alike.
func (s *Identity) Switch(ctx context.Context, token string, answer []byte, from Place) (out Signed, err error) {
	sha, ok := ticket.Parse(ticket.Switch, token)
	if !ok || s.passkey == nil {
		return Signed{}, errStep
	}
	counted := counter{s.keys.MAC("identity/address", addressBytes(from.Address)), addressLimit}
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		if refusal, err := s.reserve(tx, counted); refusal != nil || err != nil {
			return refusal, err
		}
		session, ok, err := s.ceremony(tx, "switch/"+hex.EncodeToString(sha), ceremonyGet)
		if err != nil {
			return nil, err
		}
		if !ok {
			return errStep, nil
		}
		var row staffRow
		var p person
		var broken error // ours, not the browser's
		whose := func(_, handle []byte) (webauthn.User, error) {
			row, broken = staffByID(tx, string(handle))
			if broken == nil && row.state == Active {
				p, broken = s.person(tx, row)
			}
			if broken != nil || row.state != Active {
				return nil, errPasskey
			}
			return p, nil
		}
		var credential *webauthn.Credential
		parsed, bad := protocol.ParseCredentialRequestResponseBytes(answer)
		if bad == nil {
			_, credential, bad = s.passkey.ValidatePasskeyLogin(whose, session, parsed)
		}
		if broken != nil && !errors.Is(broken, errNoStaff) {
			return nil, broken
		}
		if bad != nil || credential.Authenticator.CloneWarning {
			return s.denied(tx, door(), "sign_in", row.id, errPasskey)
		}
		s.forgive(tx, nil, [][]byte{counted.key})
		s.used(tx, p, credential)
		out, err = s.begins(tx, row, consoleSession, byPasskey, tx.Now(), from)
		return nil, err
	})
	if err != nil {
		return Signed{}, err
	}
	return out, nil
}

// used keeps what a passkey that was shown says of itself: its counter, for the next time.
func (s *Identity) used(tx *db.Tx, p person, credential *webauthn.Credential) {
	for i, id := range p.keys {
		if string(p.credentials[i].ID) == string(credential.ID) {
			record, _ := json.Marshal(credential) // bytes, numbers and words: never fails
			tx.Data.Queue(`update identity_passkey set credential_sealed = $1, used_at = $2 where id = $3`,
				s.seal("identity_passkey", "credential_sealed", id, record), tx.Now().UnixMicro(), id)
		}
	}
}

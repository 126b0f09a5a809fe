package identity

import (
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
	"github.com/amanah-id/amanah/internal/trust/identity/totp"
)

// factor names what somebody showed beside the password, as the audit entry says it.
type factor string

const (
	byTOTP     factor = "totp"
	byPasskey  factor = "passkey"
	byRecovery factor = "recovery"
	byProvider factor = "provider" // shown at the provider of identities that the configuration trusts
)

// NewTOTPSecret makes a TOTP secret of 160 random bits, in base 32.
func NewTOTPSecret() string { return totp.NewSecret() }

// TOTPCode is the code an authenticator shows at that time. The demo and tests use it in
// place of a phone.
func TOTPCode(secret string, at time.Time) (string, error) { return totp.Code(secret, at) }

// person is a member of staff as the WebAuthn library wants one. The handle is the staff
// id, which says nothing about anybody.
type person struct {
	id, login, name string
	keys            []string // ids of the passkeys, in the order of credentials
	credentials     []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return []byte(p.id) }
func (p person) WebAuthnName() string                       { return p.login }
func (p person) WebAuthnDisplayName() string                { return p.name }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }

// newWebAuthn makes the relying party of an origin. A host without a name (an address)
// cannot have passkeys; then it returns nil.
func newWebAuthn(origin, company string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	host := u.Hostname()
	if host == "" || protocol.ValidateRPID(host) != nil {
		return nil, nil //nolint:nilnil // no passkeys here
	}
	return webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: company, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred},
	})
}

// The kinds of ceremony that can be open for one owner.
const (
	ceremonyGet    = "get"    // show a passkey
	ceremonyCreate = "create" // enrol a passkey
	ceremonyTOTP   = "totp"   // confirm a new TOTP secret
)

// keepCeremony remembers a challenge (or a secret that waits for its first code). A newer
// one replaces it.
func (s *Identity) keepCeremony(tx *db.Tx, owner, kind string, data []byte) {
	tx.Data.Queue(`insert into identity_ceremony (owner, kind, data_sealed, expires_at) values ($1, $2, $3, $4)
on conflict (owner, kind) do update set data_sealed = excluded.data_sealed, expires_at = excluded.expires_at`,
		owner, kind, s.seal("identity_ceremony", "data_sealed", owner+"/"+kind, data), tx.Now().Add(StepLimit).UnixMicro())
}

// openCeremony returns what keepCeremony kept, or nil when there is none or it is too old.
func (s *Identity) openCeremony(tx *db.Tx, owner, kind string) ([]byte, error) {
	var sealed []byte
	err := tx.Data.Row(`select data_sealed from identity_ceremony where owner = $1 and kind = $2 and expires_at > $3`, owner, kind, tx.Now().UnixMicro()).Scan(&sealed)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.open("identity_ceremony", "data_sealed", owner+"/"+kind, sealed)
}

func (s *Identity) dropCeremony(tx *db.Tx, owner, kind string) {
	tx.Data.Queue(`delete from identity_ceremony where owner = $1 and kind = $2`, owner, kind)
}

// person reads a member of staff with the enrolled passkeys.
func (s *Identity) person(tx *db.Tx, row staffRow) (person, error) {
	staff, err := s.openStaff(row)
	if err != nil {
		return person{}, err
	}
	p := person{id: row.id, login: staff.Login, name: staff.Name}
	keys, err := s.passkeys(tx, row.id)
	if err != nil {
		return person{}, err
	}
	for _, k := range keys {
		p.keys, p.credentials = append(p.keys, k.id), append(p.credentials, k.credential)
	}
	return p, nil
}

// beginCreate opens the ceremony in which a passkey is enrolled and returns the options for
// the browser, as JSON.
func (s *Identity) beginCreate(tx *db.Tx, owner string, row staffRow) ([]byte, error) {
	if s.passkey == nil {
		return nil, errPasskeyName
	}
	p, err := s.person(tx, row)
	if err != nil {
		return nil, err
	}
	options, session, err := s.passkey.BeginRegistration(p, webauthn.WithExclusions(webauthn.Credentials(p.credentials).CredentialDescriptors()))
	return s.begin(tx, owner, ceremonyCreate, options, session, err)
}

// beginGet opens the ceremony in which an enrolled passkey is shown.
func (s *Identity) beginGet(tx *db.Tx, owner string, row staffRow) ([]byte, error) {
	if s.passkey == nil {
		return nil, errPasskeyName
	}
	p, err := s.person(tx, row)
	if err != nil {
		return nil, err
	}
	if len(p.credentials) == 0 {
		return nil, errNoPasskeys
	}
	options, session, err := s.passkey.BeginLogin(p)
	return s.begin(tx, owner, ceremonyGet, options, session, err)
}

// begin keeps the ceremony, unless the library failed to begin it: an error undoes the
// whole transaction.
func (s *Identity) begin(tx *db.Tx, owner, kind string, options any, session *webauthn.SessionData, failed error) ([]byte, error) {
	kept, err := json.Marshal(session)
	s.keepCeremony(tx, owner, kind, kept)
	body, err2 := json.Marshal(options)
	return body, errors.Join(failed, err, err2)
}

// ceremony takes the open WebAuthn ceremony, which ends it: a challenge is used once.
func (s *Identity) ceremony(tx *db.Tx, owner, kind string) (session webauthn.SessionData, ok bool, err error) {
	kept, err := s.openCeremony(tx, owner, kind)
	if err != nil || kept == nil {
		return session, false, err
	}
	s.dropCeremony(tx, owner, kind)
	return session, true, json.Unmarshal(kept, &session)
}

// finishCreate verifies what the browser answered and stores the passkey. ok is false when
// the answer is not good; then nothing but the ceremony is gone.
func (s *Identity) finishCreate(tx *db.Tx, owner string, row staffRow, answer []byte, label string) (ok bool, err error) {
	session, ok, err := s.ceremony(tx, owner, ceremonyCreate)
	if err != nil || !ok {
		return false, err
	}
	p, err := s.person(tx, row)
	if err != nil {
		return false, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return false, nil //nolint:nilerr // what a browser sent is not our failure
	}
	credential, err := s.passkey.CreateCredential(p, session, parsed)
	if err != nil {
		return false, nil //nolint:nilerr // idem
	}
	mac := s.keys.MAC("identity/credential", credential.ID)
	var taken int64
	if err := tx.Data.Row(`select count(*) from identity_passkey where credential_mac = $1`, mac).Scan(&taken); err != nil || taken > 0 {
		return false, err // WebAuthn 7.1, step 26: a credential belongs to one account
	}
	key := id.NewAt(id.Passkey, tx.Now())
	record, _ := json.Marshal(credential) // bytes, numbers and words: never fails
	_, err = tx.Data.Exec(`insert into identity_passkey (id, staff_id, credential_mac, credential_sealed, label_sealed, created_at, used_at) values ($1, $2, $3, $4, $5, $6, 0)`,
		key, row.id, mac, s.seal("identity_passkey", "credential_sealed", key, record), s.seal("identity_passkey", "label_sealed", key, []byte(label)), tx.Now().UnixMicro())
	return err == nil, err
}

// finishGet verifies what the browser answered with an enrolled passkey.
func (s *Identity) finishGet(tx *db.Tx, owner string, row staffRow, answer []byte) (ok bool, err error) {
	session, ok, err := s.ceremony(tx, owner, ceremonyGet)
	if err != nil || !ok {
		return false, err
	}
	p, err := s.person(tx, row)
	if err != nil {
		return false, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return false, nil //nolint:nilerr // what a browser sent is not our failure
	}
	credential, err := s.passkey.ValidateLogin(p, session, parsed)
	if err != nil || credential.Authenticator.CloneWarning {
		return false, nil //nolint:nilerr // idem; a counter that ran backwards is a copied key
	}
	s.used(tx, p, credential)
	return true, nil
}

// passkeyRow is an enrolled passkey.
type passkeyRow struct {
	id            string
	label         string
	created, used int64
	credential    webauthn.Credential
}

func (s *Identity) passkeys(tx *db.Tx, staff string) ([]passkeyRow, error) {
	var out []passkeyRow
	err := tx.Data.Rows(`select id, credential_sealed, label_sealed, created_at, used_at from identity_passkey where staff_id = $1 order by id`, []any{staff}, func(r db.Row) error {
		var k passkeyRow
		var record, label []byte
		failed := r.Scan(&k.id, &record, &label, &k.created, &k.used)
		record, err := s.open("identity_passkey", "credential_sealed", k.id, record)
		label, err2 := s.open("identity_passkey", "label_sealed", k.id, label)
		if err := errors.Join(failed, err, err2); err != nil {
			return err
		}
		k.label = string(label)
		err = json.Unmarshal(record, &k.credential)
		out = append(out, k)
		return err
	})
	return out, err
}

// renewRecovery replaces the recovery codes and returns the new ones, to be shown once.
func (s *Identity) renewRecovery(tx *db.Tx, staff string) []string {
	tx.Data.Queue(`delete from identity_recovery where staff_id = $1`, staff)
	codes := ticket.RecoveryCodes(recoveryCount)
	for _, c := range codes {
		tx.Data.Queue(`insert into identity_recovery (staff_id, code_mac, used_at) values ($1, $2, 0)`, staff, s.recoveryMAC(staff, c))
	}
	return codes
}

func (s *Identity) recoveryMAC(staff, code string) []byte {
	return s.keys.MAC("identity/recovery", []byte(staff+"\x00"+ticket.Normalise(code)))
}

// showCode tries what somebody typed as the second factor: six digits are a TOTP code,
// twelve characters a recovery code. A right code is used up by this.
func (s *Identity) showCode(tx *db.Tx, row staffRow, typed string) (factor, bool, error) {
	code := ticket.Normalise(typed)
	if len(code) == 6 && row.totp != nil && !s.config.FIPS {
		secret, err := s.open("identity_staff", "totp_sealed", row.id, row.totp)
		if err != nil {
			return byTOTP, false, err
		}
		step, ok := totp.Match(string(secret), code, tx.Now(), row.totpStep)
		if !ok {
			return byTOTP, false, nil
		}
		// The condition refuses the second of two requests that carry one code.
		n, err := tx.Data.Exec(`update identity_staff set totp_step = $1 where id = $2 and totp_step < $1`, step, row.id)
		return byTOTP, n == 1, err
	}
	n, err := tx.Data.Exec(`update identity_recovery set used_at = $1 where staff_id = $2 and code_mac = $3 and used_at = 0`, tx.Now().UnixMicro(), row.id, s.recoveryMAC(row.id, code))
	return byRecovery, n == 1, err
}

package passkey

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "passkey", FS: schema} }

const (
	sqlAdd      = `insert into passkey_key (id, subject, attempt, handle, credential_mac, credential_sealed, registered_at, revoked_at) values ($1,$2,$3,$4,$5,$6,$7,0)`
	sqlOwn      = `select id, handle, credential_sealed, registered_at from passkey_key where subject = $1 and revoked_at = 0 order by id`
	sqlCount    = `select count(*) from passkey_key where subject = $1 and revoked_at = 0`
	sqlTaken    = `select count(*) from passkey_key where credential_mac = $1`
	sqlList     = `select id, registered_at, used_at from passkey_key where subject = $1 and revoked_at = 0 order by id`
	sqlUsed     = `update passkey_key set credential_sealed = $2, used_at = $3 where id = $1`
	sqlRevoke   = `update passkey_key set revoked_at = $2 where subject = $1 and revoked_at = 0 and ($3 = '' or attempt = $3) and ($4 = '' or id = $4)`
	sqlErase    = `delete from passkey_key where subject = $1`
	sqlOpen     = `insert into passkey_ceremony (attempt, data_sealed, expires_at) values ($1,$2,$3) on conflict (attempt) do update set data_sealed = excluded.data_sealed, expires_at = excluded.expires_at`
	sqlCeremony = `select data_sealed from passkey_ceremony where attempt = $1 and expires_at > $2`
	sqlClose    = `delete from passkey_ceremony where attempt = $1 or expires_at <= $2`
)

// Keys is what the room uses of trust/keyring.
type Keys interface {
	MAC(name string, value []byte) []byte
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
}

// Service is the room's verbs. They run in the transactions of package verification, which says who may.
type Service struct {
	keys Keys
	site *webauthn.WebAuthn
}

// New makes the room for an origin. An origin whose host is an address cannot have passkeys: then there is no room, nil.
func New(keys Keys, origin, company string) (*Service, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	if u.Hostname() == "" || protocol.ValidateRPID(u.Hostname()) != nil {
		return nil, nil //nolint:nilnil // no passkeys here
	}
	site, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: company, RPOrigins: []string{u.Scheme + "://" + u.Host}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementDiscouraged, UserVerification: protocol.VerificationRequired},
	})
	return &Service{keys, site}, err
}

// owner is a customer as the WebAuthn library wants one. The name is the company's word for anybody: the browser shows it.
type owner struct {
	handle []byte
	name   string
	ids    []string
	known  []webauthn.Credential
	since  []time.Time
}

func (o owner) WebAuthnID() []byte                         { return o.handle }
func (o owner) WebAuthnName() string                       { return o.name }
func (o owner) WebAuthnDisplayName() string                { return o.name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.known }

func recordRef(key string) keyring.Ref {
	return keyring.Ref{Table: "passkey_key", Column: "credential_sealed", Row: key, Schema: 1}
}

func ceremonyRef(attempt string) keyring.Ref {
	return keyring.Ref{Table: "passkey_ceremony", Column: "data_sealed", Row: attempt, Schema: 1}
}

func (s *Service) owner(tx *db.Tx, subject string) (owner, error) {
	o := owner{name: s.site.Config.RPDisplayName}
	err := tx.Data.Rows(sqlOwn, []any{subject}, func(r db.Row) error {
		var key string
		var sealed []byte
		var at int64
		if err := r.Scan(&key, &o.handle, &sealed, &at); err != nil {
			return err
		}
		plain, err := s.keys.OpenStaff(recordRef(key), sealed)
		if err != nil {
			return err
		}
		var c webauthn.Credential
		err = json.Unmarshal(plain, &c)
		o.ids, o.known, o.since = append(o.ids, key), append(o.known, c), append(o.since, time.UnixMicro(at).UTC())
		return err
	})
	if o.handle == nil {
		o.handle = make([]byte, 32)
		_, _ = rand.Read(o.handle) // never fails: crypto/rand ends the process instead
	}
	return o, err
}

// Count is how many passkeys a customer has that count.
func (*Service) Count(tx *db.Tx, subject string) (int, error) {
	var n int
	err := tx.Data.Row(sqlCount, subject).Scan(&n)
	return n, err
}

// Key is a passkey as a list shows it: nothing that the browser gave, and no name of a device.
type Key struct {
	ID         string // pky_…
	Registered time.Time
	Used       time.Time // zero: not yet
}

// List is the passkeys that a customer has, the oldest first.
func (*Service) List(tx *db.Tx, subject string) (out []Key, err error) {
	err = tx.Data.Rows(sqlList, []any{subject}, func(r db.Row) error {
		var k Key
		var registered, used int64
		err := r.Scan(&k.ID, &registered, &used)
		if k.Registered = time.UnixMicro(registered).UTC(); used > 0 {
			k.Used = time.UnixMicro(used).UTC()
		}
		out = append(out, k)
		return err
	})
	return out, err
}

// Create opens the registration of a passkey on the page of an attempt, and returns what the browser is asked.
func (s *Service) Create(tx *db.Tx, attempt, subject string) ([]byte, error) {
	o, err := s.owner(tx, subject)
	if err != nil {
		return nil, err
	}
	options, session, err := s.site.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.known).CredentialDescriptors()))
	return s.begin(tx, attempt, options, session, err)
}

// Ask opens the showing of a passkey on the page of an attempt, and returns what the browser is asked.
func (s *Service) Ask(tx *db.Tx, attempt, subject string) ([]byte, error) {
	o, err := s.owner(tx, subject)
	if err != nil {
		return nil, err
	}
	options, session, err := s.site.BeginLogin(o)
	return s.begin(tx, attempt, options, session, err)
}

func (s *Service) begin(tx *db.Tx, attempt string, options any, session *webauthn.SessionData, failed error) ([]byte, error) {
	kept, err := json.Marshal(session)
	body, err2 := json.Marshal(options)
	tx.Data.Queue(sqlOpen, attempt, s.keys.SealStaff(ceremonyRef(attempt), kept), tx.Now().Add(Lasts).UnixMicro())
	return body, errors.Join(failed, err, err2)
}

// ceremony takes the challenge of an attempt's page, which ends it. ok is false when there is none, or none in time.
func (s *Service) ceremony(tx *db.Tx, attempt string) (session webauthn.SessionData, ok bool, err error) {
	var sealed []byte
	now := tx.Now().UnixMicro()
	err = tx.Data.Row(sqlCeremony, attempt, now).Scan(&sealed)
	if errors.Is(err, db.ErrNoRows) {
		return session, false, nil
	}
	if err != nil {
		return session, false, err
	}
	tx.Data.Queue(sqlClose, attempt, now)
	plain, err := s.keys.OpenStaff(ceremonyRef(attempt), sealed)
	if err != nil {
		return session, false, err
	}
	err = json.Unmarshal(plain, &session)
	return session, err == nil, err
}

// Created checks what the browser answered and keeps the passkey; "" when it is not good. Then nothing but the challenge is gone.
func (s *Service) Created(tx *db.Tx, attempt, subject string, answer []byte) (key string, err error) {
	session, ok, err := s.ceremony(tx, attempt)
	if err != nil || !ok {
		return "", err
	}
	o, err := s.owner(tx, subject)
	if err != nil || len(o.known) >= Most {
		return "", err
	}
	o.handle = session.UserID // the one that the browser was given
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return "", nil //nolint:nilerr // what a browser sent is not our failure
	}
	credential, err := s.site.CreateCredential(o, session, parsed)
	if err != nil {
		return "", nil //nolint:nilerr // idem
	}
	mac := s.keys.MAC("passkey/credential", credential.ID)
	var taken int64
	if err := tx.Data.Row(sqlTaken, mac).Scan(&taken); err != nil || taken > 0 {
		return "", err // WebAuthn 7.1: a credential belongs to one account
	}
	key = id.NewAt(id.Passkey, tx.Now())
	record, err := json.Marshal(credential)
	tx.Data.Queue(sqlAdd, key, subject, attempt, o.handle, mac, s.keys.SealStaff(recordRef(key), record), tx.Now().UnixMicro())
	return key, err
}

// Shown checks what the browser answered with a passkey of the customer's, and returns which and since when it is registered;
// "" when it is not good.
func (s *Service) Shown(tx *db.Tx, attempt, subject string, answer []byte) (key string, registered time.Time, err error) {
	session, ok, err := s.ceremony(tx, attempt)
	if err != nil || !ok {
		return "", registered, err
	}
	o, err := s.owner(tx, subject)
	if err != nil {
		return "", registered, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", registered, nil //nolint:nilerr // what a browser sent is not our failure
	}
	credential, err := s.site.ValidateLogin(o, session, parsed)
	if err != nil || credential.Authenticator.CloneWarning {
		return "", registered, nil //nolint:nilerr // idem; a counter that ran backwards is a copied key
	}
	for i := range o.known {
		if string(o.known[i].ID) == string(credential.ID) {
			record, err := json.Marshal(credential)
			tx.Data.Queue(sqlUsed, o.ids[i], s.keys.SealStaff(recordRef(o.ids[i]), record), tx.Now().UnixMicro())
			return o.ids[i], o.since[i], err
		}
	}
	return "", registered, nil
}

// Revoke ends a customer's passkeys: those registered on the page of one attempt, the one of an id, or with "" for both all. It
// says how many there were.
func (s *Service) Revoke(tx *db.Tx, subject, attempt, key string) (int, error) {
	result, err := tx.Data.Exec(sqlRevoke, subject, tx.Now().UnixMicro(), attempt, key)
	return int(result), err
}

// EraseTx deletes a customer's passkeys, in the transaction of an erasure: their rows are not under the customer's key.
func (s *Service) EraseTx(tx *db.Tx, subject string) error {
	_, err := tx.Data.Exec(sqlErase, subject)
	return err
}

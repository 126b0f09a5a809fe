package page

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

const (
	testOrigin  = "http://localhost:8080"
	controllerA = "ctl_01k9xq3v7me8t0000z9w2h4r6a"
	goodWords   = "kapal jeruk langit 7 tangga"
)

// testKeys seals with one AES key and binds the place, as the keyring does.
type testKeys struct{ aead cipher.AEAD }

func newTestKeys() testKeys {
	block, _ := aes.NewCipher(make([]byte, 32))
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return testKeys{aead}
}

func (k testKeys) SealStaff(ref keyring.Ref, plain []byte) []byte {
	return k.aead.Seal(nil, nil, plain, fmt.Append(nil, ref))
}

func (k testKeys) OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, sealed, fmt.Append(nil, ref))
}

func (k testKeys) MAC(name string, value []byte) []byte {
	h := hmac.New(sha256.New, []byte(name))
	_, _ = h.Write(value)
	return h.Sum(nil)[:16]
}

// entries takes what is appended: these tests look at pages, identity's own at entries.
type entries struct{}

func (entries) Append(*db.Tx, audit.Entry) (*audit.Pending, error) { return nil, nil }

// house is identity on a fresh database with a clock in the test's hand.
type house struct {
	*identity.Identity
	t   *testing.T
	ctx context.Context
	db  *db.DB
	now time.Time
}

func one(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, ctx: context.Background(), now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	h.db = dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return h.now }}, identity.Schema())
	var err error
	h.Identity, err = identity.New(h.db, entries{}, newTestKeys(), identity.Config{Origin: testOrigin, Company: "Nusantara Sentosa"})
	h.ok(err)
	h.AskWith(func(*db.Tx, actor.Actor, identity.Question) (string, error) { return "apr_x", nil })
	return h
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) later(d time.Duration) { h.now = h.now.Add(d) }

type worker struct{ id, login, secret string }

func (h *house) hire(login string, role actor.Role) worker {
	h.t.Helper()
	w := worker{login: login, secret: identity.NewTOTPSecret()}
	var err error
	w.id, _, err = h.Provision(h.ctx, identity.NewStaff{Name: "Rina Wulandari", Login: login, Role: role, Controllers: []string{controllerA}}, goodWords, w.secret)
	h.ok(err)
	return w
}

// code is the code the worker's phone shows now; the clock moves on so that each is new.
func (h *house) code(w worker) string {
	h.t.Helper()
	h.later(31 * time.Second)
	c, err := identity.TOTPCode(w.secret, h.now)
	h.ok(err)
	return c
}

// asks looks up who a cookie belongs to.
func (h *house) asks(header, value string) error {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(header, value)
	_, err := h.Lookup(h.ctx, r)
	return err
}

// authenticator is a passkey in software: WebAuthn Level 3, ES256, no attestation.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	counter uint32
	origin  string
	user    []byte
}

func newAuthenticator() *authenticator {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &authenticator{key: key, id: id, origin: testOrigin}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) clientData(kind, challenge string) []byte {
	out, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return out
}

func (a *authenticator) authData(rp string, flags byte) []byte {
	hash := sha256.Sum256([]byte(rp))
	a.counter++
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.counter)
}

// create answers creation options the way a browser does.
func (a *authenticator) create(options []byte) []byte {
	var o struct {
		PublicKey struct {
			Challenge string
			RP        struct{ ID string }
			User      struct{ ID string }
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		panic(err)
	}
	a.user, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	point, _ := a.key.PublicKey.Bytes()
	cose, _ := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	data := a.authData(o.PublicKey.RP.ID, 0x45) // present, verified, attested data follows
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object, _ := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	out, _ := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(a.clientData("webauthn.create", o.PublicKey.Challenge)), "attestationObject": b64(object), "transports": []string{"internal"}}})
	return out
}

// get answers request options the way a browser does.
func (a *authenticator) get(options []byte) []byte {
	var o struct {
		PublicKey struct{ Challenge, RPID string }
	}
	if err := json.Unmarshal(options, &o); err != nil {
		panic(err)
	}
	client := a.clientData("webauthn.get", o.PublicKey.Challenge)
	data := a.authData(o.PublicKey.RPID, 0x05)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, _ := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	out, _ := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(a.user)}})
	return out
}

// Package authenticator is a passkey in software: WebAuthn Level 3 with ES256 and no attestation, so that a test can register
// one and sign in with it without a browser.
//
// Create and Get answer the options that a page hands out, byte for byte as a browser and its authenticator would. What they
// answer with stands in the fields, and a test that plays a thief changes them: another origin, a counter that ran backwards,
// the id of somebody else's credential, a touch without PIN or finger. It keeps no promise of a real authenticator: the
// private key lies open. It refuses options that are none, by a panic, because then the test is wrong.
//
// It is for tests only; archtest keeps it out of the product.
package authenticator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Flags of an answer (WebAuthn 6.1).
const (
	Present  = 0x01 // somebody touched it
	Verified = 0x04 // and showed a PIN or a finger
	attested = 0x40 // the new credential follows
)

// Passkey is one credential and what it says of itself.
type Passkey struct {
	Key     *ecdsa.PrivateKey
	ID      []byte // of the credential
	User    []byte // the user handle that Create was given
	Counter uint32
	Origin  string // of the page, as the browser sees it
	Flags   byte   // of Get
}

// New makes a passkey for the pages of an origin.
func New(origin string) *Passkey {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // never fails for this curve
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails: crypto/rand ends the process instead
	return &Passkey{Key: key, ID: id, Origin: origin, Flags: Present | Verified}
}

// Text is bytes as WebAuthn writes them into JSON.
func Text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *Passkey) clientData(kind, challenge string) []byte {
	return encode(map[string]any{"type": kind, "challenge": challenge, "origin": p.Origin, "crossOrigin": false})
}

func (p *Passkey) authData(rp string, flags byte) []byte {
	hash := sha256.Sum256([]byte(rp))
	p.Counter++
	return binary.BigEndian.AppendUint32(append(hash[:], flags), p.Counter)
}

func (p *Passkey) answer(response map[string]any) []byte {
	return encode(map[string]any{"id": Text(p.ID), "rawId": Text(p.ID), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response})
}

func encode(v any) []byte {
	out, _ := json.Marshal(v) // maps of texts
	return out
}

// Create answers creation options the way a browser does.
func (p *Passkey) Create(options []byte) []byte {
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
	p.User, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	point, _ := p.Key.PublicKey.Bytes()
	cose, _ := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	data := p.authData(o.PublicKey.RP.ID, Present|Verified|attested)
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(p.ID))) //nolint:gosec // 16
	data = append(append(data, p.ID...), cose...)
	object, _ := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	return p.answer(map[string]any{"clientDataJSON": Text(p.clientData("webauthn.create", o.PublicKey.Challenge)), "attestationObject": Text(object), "transports": []string{"internal"}})
}

// Get answers request options the way a browser does.
func (p *Passkey) Get(options []byte) []byte {
	var o struct {
		PublicKey struct{ Challenge, RPID string }
	}
	if err := json.Unmarshal(options, &o); err != nil {
		panic(err)
	}
	client := p.clientData("webauthn.get", o.PublicKey.Challenge)
	data := p.authData(o.PublicKey.RPID, p.Flags)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, _ := ecdsa.SignASN1(rand.Reader, p.Key, digest[:])
	return p.answer(map[string]any{"clientDataJSON": Text(client), "authenticatorData": Text(data), "signature": Text(signature), "userHandle": Text(p.User)})
}

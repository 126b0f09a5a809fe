package keyring

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // for LegacySum
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/trust/audit"
)

// systemKeys are the deployment's own keys, opened at start. They seal no customer's
// data: destroying a subject's key never depends on them.
type systemKeys struct {
	secret   []byte           // of which secrets and token keys are derived
	index    map[int64][]byte // of which the keys of keyed hashes are derived, by version
	versions []int64          // of index, newest first
	staff    cipherKey
	log      ed25519.PrivateKey
}

// The names of the deployment's own keys.
const (
	systemSecret = "system"
	systemIndex  = "index"
	systemStaff  = "staff"
	systemLog    = "log"
)

// MACSize is the length of a keyed hash in bytes: 128 bits of HMAC-SHA-256. Unique
// indexes need no less (no collision in practice), and searching needs no more.
const MACSize = 16

func derive(secret []byte, info string) []byte {
	return must(hkdf.Key(sha256.New, secret, nil, info, keySize))
}

type macName struct {
	version int64
	name    string
}

// mac is the ready state of one keyed hash; hashes are reused, since setting one up costs
// four times as much as using it.
type mac struct{ pool sync.Pool }

func (k *Keyring) mac(version int64, name string) *mac {
	at := macName{version, name}
	if m, ok := k.macs.Load(at); ok {
		return m.(*mac)
	}
	key := derive(k.system.Load().index[version], "amanah mac 1 "+name)
	m := &mac{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
	actual, _ := k.macs.LoadOrStore(at, m)
	return actual.(*mac)
}

func (m *mac) sum(value []byte) []byte {
	h := m.pool.Get().(hash.Hash)
	h.Reset()
	_, _ = h.Write(value) // a hash never fails
	sum := h.Sum(make([]byte, 0, sha256.Size))
	m.pool.Put(h)
	return sum[:MACSize:MACSize]
}

// MAC returns the keyed hash of a value under the newest index key, 16 bytes. The key is
// the name's own: equal values under two names ("vault/ctl_x/phone", "vault/ctl_y/phone")
// have unrelated hashes. The index key is as secret as the KEK: whoever has it and the
// hashes can try every phone number of a country in half an hour.
func (k *Keyring) MAC(name string, value []byte) []byte {
	return k.mac(k.indexVersions()[0], name).sum(value)
}

// MACs returns the keyed hashes of a value under every index key alive, the newest first:
// one, or two while the index is being rebuilt (BeginIndexEpoch). Look-ups try them all;
// writes use the first.
func (k *Keyring) MACs(name string, value []byte) [][]byte {
	var out [][]byte
	for _, v := range k.indexVersions() {
		out = append(out, k.mac(v, name).sum(value))
	}
	return out
}

// indexVersions lists the versions of the index key alive, newest first.
func (k *Keyring) indexVersions() []int64 { return k.system.Load().versions }

// Equal compares two keyed hashes or codes in constant time.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// Secret returns the deployment's 32-byte secret of that name, the same every time. For
// secrets of the system (webhook keys, link keys), never for customers' data. The name
// must not be empty.
func (k *Keyring) Secret(name string) ([]byte, error) {
	if name == "" {
		return nil, fail(internal, "wrong_place", nil)
	}
	return derive(k.system.Load().secret, "amanah secret 1 "+name), nil
}

const (
	tokenMAC   = 16                // bytes of HMAC-SHA-256 at the end of a token
	tokenHead  = 1 + 8             // version and expiry
	maxToken   = 4096              // longest token that is looked at
	tokenAlpha = "amanah token 1 " //nolint:gosec // no credential: the label of a key's derivation
)

// Token signs a payload for one purpose until a time (to the second). The purpose is the
// audience: a token opens for no other. The payload can be read by anybody who holds the
// token, so it holds ids and nothing personal. Text: base64url, good for an address.
func (k *Keyring) Token(purpose string, payload []byte, expires time.Time) string {
	b := make([]byte, 0, tokenHead+len(payload)+tokenMAC)
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, uint64(expires.Unix()))
	b = append(b, payload...)
	return base64.RawURLEncoding.EncodeToString(append(b, k.tokenSum(purpose, b)...))
}

func (k *Keyring) tokenSum(purpose string, b []byte) []byte {
	h := hmac.New(sha256.New, derive(k.system.Load().secret, tokenAlpha+purpose))
	_, _ = h.Write(b) // a hash never fails
	return h.Sum(nil)[:tokenMAC]
}

// OpenToken returns the payload of a token that was signed for the purpose and has not
// expired. Otherwise keyring.token (not ours, for another purpose, or changed: which one
// is not said) or keyring.token_expired.
func (k *Keyring) OpenToken(purpose, token string, now time.Time) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token[:min(len(token), maxToken)])
	if err != nil || len(b) < tokenHead+tokenMAC || b[0] != version {
		return nil, fail(unknown, "token", nil)
	}
	signed, sum := b[:len(b)-tokenMAC], b[len(b)-tokenMAC:]
	if !Equal(sum, k.tokenSum(purpose, signed)) {
		return nil, fail(unknown, "token", nil)
	}
	if now.Unix() >= int64(binary.BigEndian.Uint64(signed[1:tokenHead])) {
		return nil, fail(unknown, "token_expired", nil)
	}
	return signed[tokenHead:], nil
}

// SealStaff seals what belongs to the deployment's staff or to the deployment itself:
// names, logins, TOTP seeds, SMTP passwords. Never customers' data.
func (k *Keyring) SealStaff(ref Ref, plain []byte) []byte {
	return k.system.Load().staff.seal(k, nil, domainStaff, &ref, plain)
}

// OpenStaff opens what SealStaff sealed for the same place. It needs no Receipt.
func (k *Keyring) OpenStaff(ref Ref, sealed []byte) ([]byte, error) {
	return k.system.Load().staff.open(k, domainStaff, &ref, sealed)
}

// Signer returns the signer of the audit log's checkpoints: an Ed25519 key made with the
// first epoch.
func (k *Keyring) Signer() audit.Signer { return signer{k.system.Load().log} }

type signer struct{ key ed25519.PrivateKey }

// Public returns the key that verifies.
func (s signer) Public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// Sign returns the 64-byte signature of a message.
func (s signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.key, message), nil }

// Sum is the full HMAC-SHA-256 of a message under a secret that another system knows too:
// the signature of a webhook. Compare it with Equal.
func Sum(secret, message []byte) []byte {
	h := hmac.New(sha256.New, secret)
	_, _ = h.Write(message) // a hash never fails
	return h.Sum(nil)
}

// LegacySum is the HMAC-SHA-1 of a message, for vendors whose webhooks are signed so.
func LegacySum(secret, message []byte) []byte {
	h := hmac.New(sha1.New, secret)
	_, _ = h.Write(message)
	return h.Sum(nil)
}

package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Signature is the HMAC-SHA-256 of parts, one behind the other, under a key that is shared
// with another system: for what comes in or goes out signed (webhooks). It is all 32 bytes,
// as those systems compute it; for what is only ours, MAC and Token.
func Signature(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = h.Write(p) // a hash never fails
	}
	return h.Sum(nil)
}

package keyring

import "context"

// KMS keeps the key above all others. The keyring asks it at start and for a new epoch,
// never for a request. An implementation must be safe for concurrent use and must pass
// the suite in package kmstest. What it wraps are 32 to 64 bytes.
type KMS interface {
	// Wrap encrypts key and binds it to aad.
	Wrap(ctx context.Context, aad, key []byte) ([]byte, error)
	// Unwrap returns what Wrap was given. With another aad, another key of the KMS, or one
	// bit changed it fails and returns nothing.
	Unwrap(ctx context.Context, aad, wrapped []byte) ([]byte, error)
	// KeyInfo says which key is in use.
	KeyInfo(ctx context.Context) (KeyInfo, error)
	// Health says whether Wrap and Unwrap would work now, after a restart too: a file that
	// has gone is an error even though its key is still in memory.
	Health(ctx context.Context) error
}

// KeyInfo describes the KMS's key. It holds nothing secret.
type KeyInfo struct {
	ID        string // key_…, or the id the KMS gives
	Adapter   string // "sealed file", "key file", "systemd credential", …
	Algorithm string // "AES-256-GCM"
	Unlock    string // "argon2id", "pbkdf2-sha256", or empty when nothing needs unlocking
}

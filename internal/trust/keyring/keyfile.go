package keyring

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"

	"github.com/amanah-id/amanah/internal/kit/id"
)

// rootKey is a KMS whose key is in this process's memory, read from a file at start.
type rootKey struct {
	info   KeyInfo
	key    cipherKey
	reread func() (string, error) // the id of the key now in the file
}

// rootPlace is the place that a root key wraps for: its own id and the caller's aad.
func (r *rootKey) rootPlace(aad []byte) *Ref {
	return &Ref{Table: "kms", Column: r.info.ID, Row: string(aad)}
}

// noDeployment is the keyring that root keys seal with: the deployment is in the aad.
var noDeployment = &Keyring{}

// Wrap implements KMS.
func (r *rootKey) Wrap(_ context.Context, aad, key []byte) ([]byte, error) {
	return r.key.seal(noDeployment, nil, domainRoot, r.rootPlace(aad), key), nil
}

// Unwrap implements KMS.
func (r *rootKey) Unwrap(_ context.Context, aad, wrapped []byte) ([]byte, error) {
	return r.key.open(noDeployment, domainRoot, r.rootPlace(aad), wrapped)
}

// KeyInfo implements KMS.
func (r *rootKey) KeyInfo(context.Context) (KeyInfo, error) { return r.info, nil }

// Health implements KMS: the file must still be there and hold the same key.
func (r *rootKey) Health(context.Context) error {
	now, err := r.reread()
	if err != nil {
		return err
	}
	if now != r.info.ID {
		return fail(unavailable, "other_kms_key", nil).With("have", now).With("want", r.info.ID)
	}
	return nil
}

// newRoot makes a KMS of 32 raw bytes, which it wipes.
func newRoot(raw []byte, info KeyInfo, reread func() (string, error)) *rootKey {
	defer clear(raw)
	info.Algorithm = "AES-256-GCM"
	fingerprint := sha256.Sum256([]byte(info.ID))
	return &rootKey{info: info, key: newCipherKey(append(raw[:keySize:keySize], fingerprint[:keyIDSize]...)), reread: reread}
}

const (
	plainMagic = "amanah-key-v1" // first word of a key file
	maxKeyFile = 64 << 10
)

// CreateKeyFile writes a new key file (mode 0400) and returns its id. It never writes over
// a file. Whoever reads the file has the key: keep it on other storage than the stores, or
// give it to the service as a systemd credential.
func CreateKeyFile(path string) (string, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails
	keyID := id.New(id.Key)
	text := fmt.Sprintf("%s %s %s\n", plainMagic, keyID, base64.StdEncoding.EncodeToString(raw))
	clear(raw)
	return keyID, writeKeyFile(path, []byte(text), false)
}

// OpenKeyFile opens a key file. A file that others than its owner may read is refused.
func OpenKeyFile(path string) (KMS, error) {
	return openPlain(path, "key file", true)
}

// OpenSystemdCredential opens the key that systemd hands to the service under this name
// (LoadCredential= or LoadCredentialEncrypted=, from $CREDENTIALS_DIRECTORY). Its content
// is that of a key file, so it may be sealed by the machine's TPM.
func OpenSystemdCredential(name string) (KMS, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" || name == "" || name != filepath.Base(name) {
		return nil, fail(unavailable, "no_credential", nil).With("name", name)
	}
	// systemd guards the folder itself, on a file system of its own; the mode of the file
	// says nothing more.
	return openPlain(filepath.Join(dir, name), "systemd credential", false)
}

func openPlain(path, adapter string, private bool) (KMS, error) {
	keyID, raw, err := readPlain(path, private)
	if err != nil {
		return nil, err
	}
	return newRoot(raw, KeyInfo{ID: keyID, Adapter: adapter}, func() (string, error) {
		now, raw, err := readPlain(path, private)
		clear(raw)
		return now, err
	}), nil
}

func readPlain(path string, private bool) (string, []byte, error) {
	text, err := readKeyFile(path, private)
	if err != nil {
		return "", nil, err
	}
	defer clear(text)
	words := bytes.Fields(text)
	if len(words) != 3 || string(words[0]) != plainMagic || !id.Is(id.Key, string(words[1])) {
		return "", nil, fail(unavailable, "bad_key_file", nil)
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(words[2])))
	n, err := base64.StdEncoding.Strict().Decode(raw, words[2])
	if err != nil || n != keySize {
		return "", nil, fail(unavailable, "bad_key_file", nil)
	}
	return string(words[1]), raw[:n], nil
}

func readKeyFile(path string, private bool) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own key file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(unavailable, "no_key_file", err)
	}
	if err != nil {
		return nil, fail(unavailable, "bad_key_file", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1)) // a folder is an error here
	st, statErr := f.Stat()
	if err = errors.Join(err, statErr); err != nil || len(text) > maxKeyFile {
		return nil, fail(unavailable, "bad_key_file", err)
	}
	if private && st.Mode().Perm()&0o077 != 0 {
		return nil, fail(unavailable, "key_file_open", nil).With("mode", fmt.Sprintf("%04o", st.Mode().Perm()))
	}
	return text, nil
}

// writeKeyFile puts a file in place whole or not at all, and durably. Without replace an
// existing file is an error.
func writeKeyFile(path string, text []byte, replace bool) (err error) {
	defer func() {
		if errors.Is(err, fs.ErrExist) {
			err = fail(conflict, "key_file_exists", err)
		} else if err != nil {
			err = fail(unavailable, "key_file_write", err)
		}
	}()
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".amanah-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o400), f.Sync(), f.Close())
	if err == nil && replace {
		err = os.Rename(f.Name(), path)
	} else if err == nil {
		err = os.Link(f.Name(), path) // unlike Rename, fails when the name is taken
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	return errors.Join(err, d.Sync(), d.Close())
}

// KDF turns a passphrase into a key.
type KDF string

// The functions for sealed files.
const (
	Argon2id KDF = "argon2id"      // RFC 9106: 64 MiB, 4 passes; the default
	PBKDF2   KDF = "pbkdf2-sha256" // 1,000,000 rounds of HMAC-SHA-256; for FIPS 140-3
)

// sealedFile is the JSON of a sealed file. Everything but Sealed is bound to it.
type sealedFile struct {
	Format  string `json:"format"`
	ID      string `json:"id"`
	KDF     KDF    `json:"kdf"`
	Salt    []byte `json:"salt"`
	Time    uint32 `json:"time"`       // passes or rounds
	Memory  uint32 `json:"memory_kib"` // argon2id only
	Threads uint8  `json:"threads"`    // argon2id only
	Sealed  []byte `json:"sealed"`
}

const (
	sealedFormat   = "amanah sealed key v1"
	saltSize       = 16
	minPassphrase  = 12
	maxPassphrase  = 1024
	argonTime      = 4
	argonMemory    = 64 << 10 // KiB
	argonThreads   = 2
	pbkdf2Rounds   = 1_000_000
	maxArgonTime   = 64
	maxArgonMemory = 4 << 20 // KiB
	maxRounds      = 100_000_000
)

// fipsOnly is whether the process refuses what FIPS 140-3 does not allow.
var fipsOnly = fips140.Enforced

// DefaultKDF is argon2id, or PBKDF2 when the process runs with GODEBUG=fips140=only.
func DefaultKDF() KDF {
	if fipsOnly() {
		return PBKDF2
	}
	return Argon2id
}

// CreateSealedFile makes a new key, seals it under a passphrase of 12 to 1,024 bytes and
// writes it to a new file (mode 0400). It returns the key's id.
func CreateSealedFile(path string, passphrase []byte, kdf KDF) (string, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails
	f := &sealedFile{ID: id.New(id.Key)}
	if err := f.seal(passphrase, kdf, raw); err != nil {
		return "", err
	}
	return f.ID, f.write(path, false)
}

// OpenSealedFile opens a sealed file with its passphrase: half a second of work, once, at
// start.
func OpenSealedFile(path string, passphrase []byte) (KMS, error) {
	f, err := readSealed(path)
	if err != nil {
		return nil, err
	}
	raw, err := f.open(passphrase)
	if err != nil {
		return nil, err
	}
	return newRoot(raw, KeyInfo{ID: f.ID, Adapter: "sealed file", Unlock: string(f.KDF)}, func() (string, error) {
		now, err := readSealed(path)
		return now.ID, err
	}), nil
}

// ChangePassphrase seals the key of a sealed file under another passphrase, in place. The
// key stays the same; copies of the old file still open with the old passphrase, so
// destroy them.
func ChangePassphrase(path string, old, passphrase []byte, kdf KDF) error {
	f, err := readSealed(path)
	if err != nil {
		return err
	}
	raw, err := f.open(old)
	if err != nil {
		return err
	}
	if err := f.seal(passphrase, kdf, raw); err != nil {
		return err
	}
	return f.write(path, true)
}

// seal seals raw, which it wipes.
func (f *sealedFile) seal(passphrase []byte, kdf KDF, raw []byte) error {
	defer clear(raw)
	if len(passphrase) < minPassphrase || len(passphrase) > maxPassphrase {
		return fail(invalid, "passphrase_length", nil).With("min", minPassphrase).With("max", maxPassphrase)
	}
	f.Format, f.KDF, f.Salt = sealedFormat, kdf, make([]byte, saltSize)
	_, _ = rand.Read(f.Salt) // never fails
	switch kdf {
	case Argon2id:
		f.Time, f.Memory, f.Threads = argonTime, argonMemory, argonThreads
	case PBKDF2:
		f.Time, f.Memory, f.Threads = pbkdf2Rounds, 0, 0
	}
	c, err := f.lock(passphrase)
	if err != nil {
		return err
	}
	f.Sealed = c.seal(noDeployment, nil, domainRoot, f.place(), raw)
	return nil
}

func (f *sealedFile) open(passphrase []byte) ([]byte, error) {
	c, err := f.lock(passphrase)
	if err != nil {
		return nil, err
	}
	raw, err := c.open(noDeployment, domainRoot, f.place(), f.Sealed)
	if err != nil || len(raw) != keySize {
		return nil, fail(unavailable, "wrong_passphrase", err)
	}
	return raw, nil
}

func (f *sealedFile) place() *Ref {
	return &Ref{Table: f.Format, Column: string(f.KDF), Row: f.ID, Subject: string(f.Salt), Interaction: fmt.Sprint(f.Time, f.Memory, f.Threads)}
}

// deriving lets one passphrase be tried at a time: each try takes 64 MiB.
var deriving sync.Mutex

// lock makes the key that the passphrase stands for. The costs come from the file, so they
// are bounded: a changed file must not be able to ask for all the memory there is.
func (f *sealedFile) lock(passphrase []byte) (*cipherKey, error) {
	deriving.Lock()
	defer deriving.Unlock()
	var raw []byte
	switch {
	case f.KDF == Argon2id && fipsOnly():
		return nil, fail(unavailable, "not_fips", nil).With("kdf", string(f.KDF))
	case f.KDF == Argon2id && f.Time >= 1 && f.Time <= maxArgonTime && f.Memory >= 8<<10 && f.Memory <= maxArgonMemory && f.Threads >= 1:
		raw = argon2.IDKey(passphrase, f.Salt, f.Time, f.Memory, f.Threads, keySize)
	case f.KDF == PBKDF2 && f.Time >= 100_000 && f.Time <= maxRounds:
		raw = must(pbkdf2.Key(sha256.New, string(passphrase), f.Salt, int(f.Time), keySize))
	default:
		return nil, fail(unavailable, "unknown_kdf", nil)
	}
	c := newCipherKey(append(raw, make([]byte, keyIDSize)...))
	clear(raw)
	return &c, nil
}

func readSealed(path string) (sealedFile, error) {
	var f sealedFile
	text, err := readKeyFile(path, true)
	if err != nil {
		return f, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil || f.Format != sealedFormat || !id.Is(id.Key, f.ID) || len(f.Salt) != saltSize || strings.TrimSpace(string(text[d.InputOffset():])) != "" {
		return f, fail(unavailable, "bad_key_file", err)
	}
	return f, nil
}

func (f *sealedFile) write(path string, replace bool) error {
	return writeKeyFile(path, append(must(json.MarshalIndent(f, "", "  ")), '\n'), replace)
}

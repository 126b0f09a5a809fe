package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of a log: so many leaves, with that root (C2SP tlog-checkpoint).
// Extension lines are refused: the log writes none.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// Text is the note text that is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

const anchorHeader = "amanah-anchor@v1\n"

// AnchorText is the note text that is signed when the state is to be remembered in another
// place than the log (Options.Anchors). It cannot be taken for a checkpoint, nor a
// checkpoint for it.
func (c Checkpoint) AnchorText() string { return anchorHeader + c.Text() }

// OpenAnchor checks a signed anchor and reads it.
func (p *Policy) OpenAnchor(msg []byte) (Checkpoint, error) {
	text, err := p.openNote(msg)
	if err != nil {
		return Checkpoint{}, err
	}
	text, ok := strings.CutPrefix(text, anchorHeader)
	if !ok {
		return Checkpoint{}, malformed("anchor")
	}
	return ParseCheckpoint(text)
}

// openNote checks a note that one of the log keys has signed under its own name.
func (p *Policy) openNote(msg []byte) (text string, err error) {
	var known []note.Verifier
	for _, k := range p.logs {
		known = append(known, k)
	}
	n, err := note.Open(msg, note.VerifierList(known...))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return n.Text, nil
}

// ParseCheckpoint reads a checkpoint's note text, or a whole signed note of which it does
// not check the signatures.
func ParseCheckpoint(text string) (Checkpoint, error) {
	if body, _, ok := strings.Cut(text, "\n\n"); ok {
		text = body + "\n"
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return Checkpoint{}, malformed("checkpoint has not three lines")
	}
	size, err := decimal(lines[1])
	if err != nil || size > maxSize {
		return Checkpoint{}, malformed("size of the checkpoint")
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// decimal reads a number without sign or leading zeroes.
func decimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, malformed("number")
	}
	return n, nil
}

func parseHash(s string) (Hash, error) {
	h, err := tlog.ParseHash(s)
	if err != nil || h.String() != s {
		return Hash{}, malformed("hash is not base64 of 32 bytes")
	}
	return h, nil
}

// Signature types of note verifier keys.
const (
	algorithmEd25519     = 1
	algorithmCosignature = 4
)

func keyID(name string, algorithm byte, key []byte) uint32 {
	sum := sha256.Sum256(append(append([]byte(name+"\n"), algorithm), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// VerifierKey is the text of a verifier key (vkey) for an Ed25519 log key of that name.
func VerifierKey(name string, key ed25519.PublicKey) string { return vkey(name, algorithmEd25519, key) }

// WitnessKey is the text of a verifier key (vkey) for a witness's Ed25519 key.
func WitnessKey(name string, key ed25519.PublicKey) string {
	return vkey(name, algorithmCosignature, key)
}

func vkey(name string, algorithm byte, key ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, algorithm, key),
		base64.StdEncoding.EncodeToString(append([]byte{algorithm}, key...)))
}

// Key is a parsed verifier key: of a log (note signature) or of a witness (cosignature).
type Key struct {
	name    string
	id      uint32
	witness bool
	public  ed25519.PublicKey
}

// ParseKey reads a verifier key of type Ed25519 (0x01, a log) or Ed25519 cosignature
// (0x04, a witness).
func ParseKey(text string) (*Key, error) {
	name, rest, _ := strings.Cut(text, "+")
	id16, key64, _ := strings.Cut(rest, "+")
	id, err1 := strconv.ParseUint(id16, 16, 32)
	raw, err2 := base64.StdEncoding.DecodeString(key64)
	if name == "" || len(id16) != 8 || err1 != nil || err2 != nil || len(raw) != 1+ed25519.PublicKeySize || strings.ContainsAny(name, " \t\n") {
		return nil, malformed("verifier key")
	}
	if raw[0] != algorithmEd25519 && raw[0] != algorithmCosignature {
		return nil, malformed("verifier key of an unknown kind")
	}
	k := &Key{name: name, id: uint32(id), witness: raw[0] == algorithmCosignature, public: raw[1:]}
	if keyID(name, raw[0], raw[1:]) != k.id {
		return nil, malformed("verifier key whose id does not fit")
	}
	return k, nil
}

// Name is the key's name, as it stands in signature lines.
func (k *Key) Name() string { return k.name }

// KeyHash is the key's id, as it stands in signature lines.
func (k *Key) KeyHash() uint32 { return k.id }

// Witness reports whether this is a witness's key.
func (k *Key) Witness() bool { return k.witness }

// String is the verifier key's text, as ParseKey reads it.
func (k *Key) String() string {
	if k.witness {
		return WitnessKey(k.name, k.public)
	}
	return VerifierKey(k.name, k.public)
}

// CosignedAt checks a witness's answer: the signature lines it sent for a signed
// checkpoint. It returns the time of the witness's cosignature.
func (k *Key) CosignedAt(checkpoint, lines []byte) (time.Time, bool) {
	text, _, ok := bytes.Cut(checkpoint, []byte("\n\n"))
	if !ok || !k.witness {
		return time.Time{}, false
	}
	n, err := note.Open(append(append(bytes.Clone(text), "\n\n"...), lines...), note.VerifierList(k))
	if err != nil {
		return time.Time{}, false
	}
	return cosignedAt(n.Sigs[0]), true
}

func cosignedAt(sig note.Signature) time.Time {
	raw, _ := base64.StdEncoding.DecodeString(sig.Base64) // note.Open decoded and checked it before
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC()
}

// Verify implements note.Verifier.
func (k *Key) Verify(msg, sig []byte) bool {
	if !k.witness {
		return ed25519.Verify(k.public, msg, sig)
	}
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(k.public, cosigned(binary.BigEndian.Uint64(sig), msg), sig[8:])
}

func cosigned(seconds uint64, msg []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), msg...)
}

// named returns the key under another name, for a log whose shards sign with one key.
func (k *Key) named(name string) *Key {
	c := *k
	c.name, c.id = name, keyID(name, algorithmEd25519, k.public)
	return &c
}

// speaksFor reports whether this log key may sign checkpoints of that origin: its own
// name, or a shard below it.
func (k *Key) speaksFor(origin string) bool {
	return !k.witness && (origin == k.name || strings.HasPrefix(origin, k.name+"/"))
}

// LogSigner makes a note signer for a log key from a function that signs with it.
func LogSigner(name string, public ed25519.PublicKey, sign func([]byte) ([]byte, error)) note.Signer {
	return signer{name, keyID(name, algorithmEd25519, public), sign}
}

// WitnessSigner makes a note signer for cosignatures.
func WitnessSigner(name string, public ed25519.PublicKey, sign func([]byte) ([]byte, error), clock func() time.Time) note.Signer {
	return signer{name, keyID(name, algorithmCosignature, public), func(msg []byte) ([]byte, error) {
		seconds := uint64(clock().Unix())
		sig, err := sign(cosigned(seconds, msg))
		return append(binary.BigEndian.AppendUint64(nil, seconds), sig...), err
	}}
}

type signer struct {
	name string
	id   uint32
	sign func([]byte) ([]byte, error)
}

// Name implements note.Signer.
func (s signer) Name() string { return s.name }

// KeyHash implements note.Signer.
func (s signer) KeyHash() uint32 { return s.id }

// Sign implements note.Signer.
func (s signer) Sign(msg []byte) ([]byte, error) { return s.sign(msg) }

// Cosignature is one witness's word.
type Cosignature struct {
	Witness string // name of the key
	At      time.Time
}

// Signed is a checkpoint whose log signature was checked.
type Signed struct {
	Checkpoint
	Key          string        // name of the log key that signed
	Cosignatures []Cosignature // valid ones, of witnesses the policy knows
	Quorum       bool          // they satisfy the policy
}

// Errors of Open.
var (
	ErrSignature = errors.New("no valid signature by a key of the policy")
	ErrOrigin    = errors.New("checkpoint of another log")
)

// Open checks a signed checkpoint: at least one of the policy's log keys that may speak
// for its origin has signed it, and no signature of a known key is false. Cosignatures
// are counted, not demanded.
func (p *Policy) Open(msg []byte) (Signed, error) {
	var s Signed
	text, _, ok := bytes.Cut(msg, []byte("\n\n"))
	if !ok {
		return s, malformed("signed note")
	}
	c, err := ParseCheckpoint(string(text) + "\n")
	if err != nil {
		return s, err
	}
	var known []note.Verifier
	speaks := false
	for _, k := range p.logs {
		if k.speaksFor(c.Origin) {
			speaks = true
			known = append(known, k)
			if k.name != c.Origin {
				known = append(known, k.named(c.Origin))
			}
		}
	}
	if !speaks && len(p.logs) > 0 {
		return s, ErrOrigin
	}
	logKeys := len(known)
	for _, w := range p.witnesses {
		known = append(known, w.key)
	}
	n, err := note.Open(msg, note.VerifierList(known...))
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	s.Checkpoint = c
	have := map[string]bool{}
	for _, sig := range n.Sigs {
		for i, k := range known {
			if k.Name() != sig.Name || k.KeyHash() != sig.Hash {
				continue
			}
			if i < logKeys {
				s.Key = sig.Name
				continue
			}
			s.Cosignatures = append(s.Cosignatures, Cosignature{sig.Name, cosignedAt(sig)})
			have[p.witnesses[i-logKeys].name] = true
		}
	}
	if s.Key == "" {
		return Signed{}, ErrSignature
	}
	s.Quorum = p.satisfied(have)
	return s, nil
}

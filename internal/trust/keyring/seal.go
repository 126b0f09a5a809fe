package keyring

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Ref is the place a value is sealed for. It must be given again, the same, to open it.
type Ref struct {
	Table, Column, Row string
	Subject            string // whose data; for SealStaff the member of staff, or empty
	Interaction        string // set: sealed under the key of this interaction of the subject
	Schema             int    // version of the column's meaning when it was written
}

// Sealed is a sealed value with its place and the field it belongs to.
type Sealed struct {
	Field string // name in the catalogue; the Receipt must cover it
	Ref   Ref
	Bytes []byte
}

// Plain is a value on its way to be sealed.
type Plain struct {
	Ref   Ref
	Bytes []byte
}

const (
	version   = 1             // of the format of everything sealed
	keyIDSize = 4             // id of the key, in front of the nonce
	header    = 1 + keyIDSize // version byte and key id
	nonce     = 12            // random, made by the cipher
	tag       = 16            // GCM
	overhead  = header + nonce + tag
	keySize   = 32       // AES-256
	maxPlain  = 64 << 20 // one value; larger things are stored in chunks
	rawKey    = keySize + keyIDSize
)

// Overhead is how many bytes longer than its plain text a sealed value is.
const Overhead = overhead

// The domains keep what is sealed for one use from being opened for another.
const (
	domainField  = 'f'
	domainStaff  = 'p'
	domainSlot   = 's'
	domainChild  = 'c'
	domainSystem = 'y'
	domainRoot   = 'r'
)

// place is the associated data: the domain, the header of the sealed value, and each part
// of the place with its length in front, so that no two places have the same bytes.
func (k *Keyring) place(dst []byte, domain byte, head []byte, r *Ref) []byte {
	dst = append(dst, domain)
	dst = append(dst, head...)
	dst = appendPart(dst, k.deployment)
	dst = appendPart(dst, r.Table)
	dst = appendPart(dst, r.Column)
	dst = appendPart(dst, r.Row)
	dst = appendPart(dst, r.Subject)
	dst = appendPart(dst, r.Interaction)
	return binary.AppendVarint(dst, int64(r.Schema))
}

func appendPart(dst []byte, s string) []byte {
	if len(s) < 0x80 {
		return append(append(dst, byte(len(s))), s...) // the common case of the same encoding
	}
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// places are reused buffers for associated data.
var places = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

// cipherKey is a raw key ready for use: the cipher and the id that goes in front.
type cipherKey struct {
	aead cipher.AEAD
	id   [keyIDSize]byte
}

// newCipherKey takes 32 bytes of key and 4 of id, and wipes them.
func newCipherKey(raw []byte) cipherKey {
	c := cipherKey{aead: newAEAD(raw[:keySize])}
	copy(c.id[:], raw[keySize:rawKey])
	clear(raw)
	return c
}

func newAEAD(key []byte) cipher.AEAD {
	return must(cipher.NewGCMWithRandomNonce(must(aes.NewCipher(key))))
}

// randomKey makes a new key with its id.
func randomKey() []byte {
	raw := make([]byte, rawKey)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the process instead
	return raw
}

// seal appends the sealed form of plain to dst.
func (c *cipherKey) seal(k *Keyring, dst []byte, domain byte, r *Ref, plain []byte) []byte {
	buf := places.Get().(*[]byte)
	dst = c.sealWith(buf, k, dst, domain, r, plain)
	places.Put(buf)
	return dst
}

// sealWith is seal with a buffer for the associated data, which a record's values share.
func (c *cipherKey) sealWith(buf *[]byte, k *Keyring, dst []byte, domain byte, r *Ref, plain []byte) []byte {
	from := len(dst)
	dst = append(append(dst, version), c.id[:]...)
	*buf = k.place((*buf)[:0], domain, dst[from:], r)
	return c.aead.Seal(dst, nil, plain, *buf) //nolint:gosec // no nonce is given: this cipher draws a random one for every call
}

// open returns the plain text of sealed.
func (c *cipherKey) open(k *Keyring, domain byte, r *Ref, sealed []byte) ([]byte, error) {
	buf := places.Get().(*[]byte)
	plain, err := c.openWith(buf, k, nil, domain, r, sealed)
	places.Put(buf)
	return plain, err
}

// openWith is open with a buffer for the associated data; it appends the plain text to dst.
func (c *cipherKey) openWith(buf *[]byte, k *Keyring, dst []byte, domain byte, r *Ref, sealed []byte) ([]byte, error) {
	if len(sealed) < overhead {
		return nil, fail(internal, "truncated", nil)
	}
	if sealed[0] != version {
		return nil, fail(internal, "unknown_version", nil).With("version", int(sealed[0]))
	}
	if [keyIDSize]byte(sealed[1:header]) != c.id {
		return nil, fail(internal, "wrong_key", nil)
	}
	*buf = k.place((*buf)[:0], domain, sealed[:header], r)
	out, err := c.aead.Open(dst, nil, sealed[header:], *buf)
	if err != nil {
		return nil, fail(internal, "not_authentic", err)
	}
	return out, nil
}

// Key is the key of a subject or of one of its interactions, as read in a transaction. It
// is unwrapped when first used. Use it for what the transaction was about and let it go;
// another node may shred it at any time. The zero Key seals and opens nothing.
type Key struct{ k *dataKey }

type dataKey struct {
	ring                 *Keyring
	subject, interaction string
	epoch                int64
	wrapped              []byte // as stored, under the KEK, or under the parent
	parent               *dataKey

	once sync.Once
	key  cipherKey
	err  error
}

// Subject says whose key it is; empty for the zero Key.
func (k Key) Subject() string {
	if k.k == nil {
		return ""
	}
	return k.k.subject
}

// String returns [sealed].
func (k Key) String() string { return sealedWord }

// GoString returns [sealed].
func (k Key) GoString() string { return sealedWord }

// Format writes [sealed] whatever the verb.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, sealedWord) }

// LogValue returns [sealed].
func (k Key) LogValue() slog.Value { return slog.StringValue(sealedWord) }

// MarshalText returns [sealed].
func (k Key) MarshalText() ([]byte, error) { return []byte(sealedWord), nil }

// LogValue returns [sealed]: not even the place of a value belongs in a log.
func (s Sealed) LogValue() slog.Value { return slog.StringValue(sealedWord) }

// String returns [sealed].
func (s Sealed) String() string { return sealedWord }

// Format writes [sealed] whatever the verb.
func (s Sealed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, sealedWord) }

// MarshalText returns [sealed].
func (s Sealed) MarshalText() ([]byte, error) { return []byte(sealedWord), nil }

// LogValue returns [sealed].
func (p Plain) LogValue() slog.Value { return slog.StringValue(sealedWord) }

// String returns [sealed].
func (p Plain) String() string { return sealedWord }

// Format writes [sealed] whatever the verb.
func (p Plain) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, sealedWord) }

// MarshalText returns [sealed].
func (p Plain) MarshalText() ([]byte, error) { return []byte(sealedWord), nil }

const sealedWord = "[sealed]"

// fits reports whether the place is one this key seals for.
func (d *dataKey) fits(r *Ref) bool {
	return r.Subject == d.subject && r.Interaction == d.interaction && r.Table != "" && r.Column != "" && r.Row != ""
}

// SealRecord seals several values of one subject (and one interaction) under a key that
// Key returned. Results are in the order given.
func (k *Keyring) SealRecord(key Key, values ...Plain) ([][]byte, error) {
	if key.k == nil {
		return nil, fail(internal, "no_key", nil)
	}
	c, err := key.k.open()
	if err != nil {
		return nil, err
	}
	size := 0
	for i := range values {
		if !key.k.fits(&values[i].Ref) {
			return nil, fail(internal, "wrong_place", nil)
		}
		if len(values[i].Bytes) > maxPlain {
			return nil, fail(invalid, "too_long", nil)
		}
		size += len(values[i].Bytes) + overhead
	}
	buf := places.Get().(*[]byte)
	defer places.Put(buf)
	out, all := make([][]byte, len(values)), make([]byte, 0, size)
	for i := range values {
		from := len(all)
		all = c.sealWith(buf, k, all, domainField, &values[i].Ref, values[i].Bytes)
		out[i] = all[from:len(all):len(all)]
	}
	return out, nil
}

// Seal seals one value for its place, under the key of ref.Subject, or of ref.Interaction
// when that is set.
func (k *Keyring) Seal(tx *db.Tx, ref Ref, plain []byte) ([]byte, error) {
	key, err := k.Key(tx, ref.Subject, ref.Interaction)
	if err != nil {
		return nil, err
	}
	return k.sealOne(key, Plain{ref, plain})
}

func (k *Keyring) sealOne(key Key, value Plain) ([]byte, error) {
	out, err := k.SealRecord(key, value)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// SealDetail implements audit.Sealer.
func (k *Keyring) SealDetail(tx *db.Tx, subject string) (func(row string, plain []byte) ([]byte, error), error) {
	key, err := k.Key(tx, subject, "")
	return func(row string, plain []byte) ([]byte, error) {
		return k.sealOne(key, Plain{DetailRef(subject, row), plain})
	}, err
}

// DetailRef is the place of an audit entry's detail.
func DetailRef(subject, row string) Ref {
	return Ref{Table: "audit_detail", Column: "detail_sealed", Row: row, Subject: subject, Schema: 1}
}

// receipt is what Open needs of a gate.Receipt.
type receipt interface {
	Spend(subject string, fields []string) error
	Index() uint64
	Controller() string
}

// Open spends the receipt and opens the values, all of one subject and under one key, in
// the order given. Either all open or none does. It must not be called inside a
// transaction: a failure is written into the audit log (open.failed) in one of its own.
func (k *Keyring) Open(r gate.Receipt, key Key, sealed ...Sealed) ([][]byte, error) {
	return k.openWith(r, key, sealed)
}

func (k *Keyring) openWith(r receipt, key Key, sealed []Sealed) ([][]byte, error) {
	fields := fieldNames(sealed)
	err := r.Spend(key.Subject(), fields)
	if err == nil {
		var out [][]byte
		out, err = k.openAll(key, sealed)
		if err != nil && errs.Of(err).Code == "keyring.epoch_gone" {
			// The epoch ended between the reading of the key and now: its slot was wrapped anew.
			if again, missing := k.readAgain(key); missing == nil {
				out, err = k.openAll(again, sealed)
			}
		}
		if err == nil {
			return out, nil
		}
	}
	return nil, errors.Join(err, k.openFailed(r, key, fields, err))
}

// readAgain reads a key as it is stored now; a key that was shredded is not there.
func (k *Keyring) readAgain(key Key) (again Key, err error) {
	err = k.db.Read(context.Background(), func(tx *db.Tx) error {
		again, err = k.Key(tx, key.k.subject, key.k.interaction)
		return err
	})
	return again, err
}

func fieldNames(sealed []Sealed) []string {
	names := make([]string, len(sealed))
	for i := range sealed {
		names[i] = sealed[i].Field
	}
	return names
}

func (k *Keyring) openAll(key Key, sealed []Sealed) ([][]byte, error) {
	if key.k == nil {
		return nil, fail(internal, "no_key", nil)
	}
	c, err := key.k.open()
	if err != nil {
		return nil, err
	}
	size := 0
	for i := range sealed {
		if !key.k.fits(&sealed[i].Ref) {
			return nil, fail(internal, "wrong_place", nil)
		}
		size += max(0, len(sealed[i].Bytes)-overhead)
	}
	buf := places.Get().(*[]byte)
	defer places.Put(buf)
	out, all := make([][]byte, len(sealed)), make([]byte, 0, size)
	for i := range sealed {
		from := len(all)
		opened, err := c.openWith(buf, k, all, domainField, &sealed[i].Ref, sealed[i].Bytes)
		if err != nil {
			clear(all)
			return nil, err
		}
		all = opened
		out[i] = all[from:len(all):len(all)]
	}
	return out, nil
}

// openFailed writes the entry of an open that failed. Its own failure goes into the
// error's chain and the server's log: the values were not opened, so nothing is lost.
func (k *Keyring) openFailed(r receipt, key Key, fields []string, cause error) error {
	slices.Sort(fields)
	fields = slices.Compact(fields)
	e := audit.Entry{
		Action: "open.failed", Decision: audit.Denied, Reason: errs.Of(cause).Code, Actor: k.actor,
		Controller: r.Controller(), Fields: fields, Subject: key.Subject(), Ref: fmt.Sprintf("entry:%d", r.Index()),
	}
	err := k.db.Write(context.Background(), func(tx *db.Tx) error {
		_, err := k.log.Append(tx, e)
		return err
	})
	if err != nil {
		slog.Error("an open that failed could not be recorded", slog.String("code", e.Reason), slog.String("because", errs.Of(err).Code))
	}
	return err
}

// Package exact finds the values of known records in text: not "this looks like a NIK" but "this is the NIK of record X".
//
// It holds no value. Of each value it keeps keyed fingerprints: a 64-bit SipHash-2-4 that stands in a binary fuse filter, nine
// bits each, and an HMAC-SHA-256 cut to 128 bits, in a table behind a Confirmer. Text is looked up against the filter, and what the
// filter lets through is confirmed in the table, so that an answer is never a guess. The caller gives both keys; they are never written.
//
//	keys, err := exact.NewKeys(filterKey, confirmKey)
//	table := exact.NewMemory()
//	index := exact.NewIndex(keys, table)
//	prints, err := keys.Prints(exact.NIK, "3273011708900001")
//	table.Put(record, prints...)                  // first the table,
//	index.Add(record, prints...)                  // then the index: found from here on
//	hits, err = index.Match(hits[:0], text)       // who is named in the text, where, and by which field
//	hits = exact.Except(hits, addressee)          // the addressee's own data may go to the addressee
//	findings, err = index.Judge(findings[:0], hits)
//
// What is found: a value in every form that its field has. Numbers with separators, in other scripts' digits, as digit words in
// Indonesian and English, and masked but for the first six and last four digits; telephone numbers in national and international
// form; e-mail addresses in any case; names of up to eight words in any case, without diacritics, in any order up to four words (past
// four: in order or turned, as with the last word first); three neighbouring words of an address; birth dates in the common
// notations. One character off is another value and is not found: there is no fuzzy match here.
//
// A number, an e-mail address and the like name a record alone (strong). A name, a birth date, three words of a street, a short or
// masked number do not (weak): two of one record near each other do, weighed by how many records share them. Judge scores so.
//
// Every value that is in the table and the index is found: the filter has no false negatives, and neither have the gates before it,
// which let a run of words through when each word and each neighbouring pair occurs in some value. Erasing takes effect at once
// (Erase, and the table) and is complete with the next Build, after which the index is bit for bit the one that never knew the record.
//
// What to take care of. Hits hold a record's id, which the text's author may not know: an answer to a person ("is this a customer?")
// is an oracle, so give people words of policy and no hits, limit how often they may ask, and log it. The NIK's space is small enough
// to be tried out by whoever has the keys. Fingerprints are personal data: the words of names are as skewed hashed as they are
// plain, so a written table (Memory.WriteTo) belongs under encryption, or nowhere. A name in a text may be
// another's by chance, and a short name stands within a longer one; Judge says how likely a finding is.
//
// The package imports the standard library and two folders of ours, allocates nothing per message once warm, and is linear in hostile text.
package exact

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"hash"
	"sync"

	"github.com/amanah-id/amanah/pii/internal/fold"
	"github.com/amanah-id/amanah/pii/internal/siphash"
)

// Record is the caller's name for a record. It should be opaque: a random or keyed id.
type Record [16]byte

// Field is what a value is to its record.
type Field uint8

// The fields. Each has a normal form, see Prints.
const (
	NIK Field = iota + 1
	FamilyCard
	TaxNumber
	Account
	Card
	CustomerNumber
	Passport
	Licence
	Plate
	Phone
	Email
	Name
	MotherName
	Address
	BirthDate
	fields
)

// Valid reports whether the field is one of these.
func (f Field) Valid() bool { return f > 0 && f < fields }

// Form is the normal form that a fingerprint is of.
type Form byte

// The forms.
const (
	Number Form = 'd' // digits
	Dialed Form = 'p' // digits of an E.164 number
	Mail   Form = 'e'
	Masked Form = 'm' // first six and last four digits
	Day    Form = 'D' // year, month, day
	Words  Form = 'w' // words, sorted
)

// Exact is the keyed fingerprint that confirms: HMAC-SHA-256 of form and normal form, cut to 128 bits.
type Exact [16]byte

// Print is what is kept of a value.
type Print struct {
	Exact  Exact
	Field  Field
	Weak   bool // does not name a record alone
	Form   Form
	Length uint8    // digits of a Number or Dialed, else 0
	Words  []uint64 // what the filter looks for: the hash, or of Words the hash of each in order
}

// Owner says that a record has the value.
type Owner struct {
	Record Record
	Field  Field
	Weak   bool
}

// Pair says that a record has two values.
type Pair struct {
	Record Record
	A, B   Owner
}

// Hit is a place in the text where a value of a record stands. It holds no value.
type Hit struct {
	Record     Record
	Field      Field
	Weak       bool
	Start, End int // bytes of the text
	Shared     int // how many records have this value
}

// Limits, so that no text and no table can make an answer large without end.
const (
	MaxWords  = 8   // words of a name or an identifier
	MaxDigits = 24  // digits of a number
	MinDigits = 5   // fewer are in every text
	MaxValue  = 512 // bytes of a value
	MaxOwners = 64  // records reported for one place in the text; Hit.Shared says how many there are
	Rare      = 8   // a weak value is reported by itself when no more records than this share it
	Window    = 256 // bytes from the beginning of one weak value to that of another that it supports
	nearby    = 32  // weak neighbours that one place is paired with
)

// Errors.
var (
	ErrKey      = errors.New("exact: the filter's key has 16 bytes and the confirming key 32")
	ErrValue    = errors.New("exact: the value has no form of its field")
	ErrField    = errors.New("exact: unknown field")
	ErrBuilding = errors.New("exact: a build is under way")
	ErrDamage   = errors.New("exact: the written table is damaged, of another version, or of other keys")
)

// Keys make fingerprints. They are safe for concurrent use.
type Keys struct {
	sip     siphash.Key
	confirm []byte
	pool    sync.Pool // of *hasher
}

// NewKeys takes the key of the filter (16 bytes) and the key that confirms (32 bytes). They must be random and independent of each
// other and of every other key: whoever has them can try values out.
func NewKeys(filter, confirm []byte) (*Keys, error) {
	if len(filter) != siphash.Size || len(confirm) != sha256.Size {
		return nil, ErrKey
	}
	k := &Keys{sip: siphash.New([siphash.Size]byte(filter)), confirm: append([]byte(nil), confirm...)}
	k.pool.New = func() any { return k.newHasher() }
	return k, nil
}

// Word is what Print.Words holds of a word: of its first run of letters or digits; false when there is none.
func (k *Keys) Word(word []byte) (uint64, bool) {
	var buf [fold.Max + 16]byte
	t := fold.Next(word, 0, buf[:0])
	return k.sip.Sum(t.Norm), t.Kind == fold.Letters || t.Kind == fold.Digits
}

// hasher makes Exacts without allocating.
type hasher struct {
	mac    hash.Hash
	in     []byte
	out    []byte
	phrase phrase
}

func (k *Keys) newHasher() *hasher {
	return &hasher{mac: hmac.New(sha256.New, k.confirm), in: make([]byte, 0, MaxValue+64), out: make([]byte, 0, sha256.Size)}
}

// forget leaves nothing of a value in memory that lives on.
func (h *hasher) forget() {
	clear(h.in[:cap(h.in)])
	clear(h.phrase.text[:cap(h.phrase.text)])
	clear(h.phrase.buf[:])
}

// exact is the fingerprint of h.in, which begins with the form.
func (h *hasher) exact() Exact {
	h.mac.Reset()
	h.mac.Write(h.in)
	h.out = h.mac.Sum(h.out[:0])
	return Exact(h.out[:len(Exact{})])
}

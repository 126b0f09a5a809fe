package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// SaltSize is the size of the random salt of an entry's commitments.
const SaltSize = 32

// SubjectCommitment binds an entry to its subject and to the running number n of the
// subject's entries in this log (1, 2, 3, …).
func SubjectCommitment(salt []byte, subject string, n int64) []byte {
	return newHasher().subject(salt, subject, n)
}

// DetailCommitment binds an entry to the detail in plain text.
func DetailCommitment(salt, detail []byte) []byte { return newHasher().mac(salt, detailLabel, detail) }

// SealedCommitment binds an entry to the detail as it is stored, so that a reader who
// holds no key can tell whether it was exchanged.
func SealedCommitment(salt, sealed []byte) []byte { return newHasher().mac(salt, sealedLabel, sealed) }

var subjectLabel, detailLabel, sealedLabel = []byte("subj"), []byte("detail"), []byte("sealed")

// Side is what stands beside a leaf and may be deleted.
type Side struct {
	Index   int64
	Salt    []byte
	Subject string
	N       int64  // running number of the subject's entries in this log
	Sealed  []byte // detail under the subject's key; nil if the entry has none
	Detail  []byte // detail in plain text; nil unless the exporter opened it
}

// Append appends the side's encoding: a CBOR array of its fields in order.
func (s *Side) Append(b []byte) []byte {
	b = append(b, majorArray<<5|6)
	b = appendHead(b, majorUint, uint64(s.Index))
	b = appendBytes(b, s.Salt)
	b = appendText(b, s.Subject)
	b = appendHead(b, majorUint, uint64(s.N))
	b = appendBytes(b, s.Sealed)
	return appendBytes(b, s.Detail)
}

// ParseSides reads a sequence of sides, appended to into. The byte slices are slices of
// data.
func ParseSides(data []byte, into []Side) ([]Side, error) {
	r := reader{b: data}
	for len(r.b) > 0 {
		if s := r.side(); r.err == nil {
			into = append(into, s)
		}
	}
	return into, r.err
}

func (r *reader) side() Side {
	r.array(6)
	s := Side{Index: r.number(), Salt: r.digest()}
	s.Subject = string(r.token())
	s.N = r.number()
	if s.Sealed = r.bytes(); len(s.Sealed) == 0 {
		s.Sealed = nil
	}
	if s.Detail = r.bytes(); len(s.Detail) == 0 {
		s.Detail = nil
	}
	return s
}

// check compares a side with the commitments of its leaf and names what does not fit.
func (s *Side) check(l *Leaf, h *hasher) Class {
	if len(s.Salt) != SaltSize || !hmac.Equal(h.subject(s.Salt, s.Subject, s.N), l.SubjectCommitment) {
		return SubjectEdited
	}
	if s.Sealed != nil && !hmac.Equal(h.mac(s.Salt, sealedLabel, s.Sealed), l.SealedCommitment) ||
		s.Detail != nil && !hmac.Equal(h.mac(s.Salt, detailLabel, s.Detail), l.DetailCommitment) {
		return DetailEdited
	}
	return ""
}

// hasher hashes leaves and makes commitments without allocating for each: crypto/hmac would
// five times for each new key, and every entry has its own. What it returns is overwritten by
// the next call.
type hasher struct {
	h     hash.Hash
	block [sha256.BlockSize]byte
	out   [sha256.Size]byte
	text  []byte
}

func newHasher() *hasher { return &hasher{h: sha256.New()} }

// leaf is LeafHash.
func (h *hasher) leaf(leaf []byte, into *Hash) {
	h.h.Reset()
	h.h.Write(append(h.block[:0], 0))
	h.h.Write(leaf)
	h.h.Sum(into[:0])
}

// mac is HMAC (RFC 2104) with SHA-256 over label and data.
func (h *hasher) mac(key, label, data []byte) []byte {
	if len(key) > len(h.block) {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	clear(h.block[copy(h.block[:], key):])
	h.pad(0x36)
	h.h.Write(label)
	h.h.Write(data)
	inner := h.h.Sum(h.out[:0])
	h.pad(0x36 ^ 0x5c)
	h.h.Write(inner)
	return h.h.Sum(h.out[:0])
}

func (h *hasher) pad(with byte) {
	for i := range h.block {
		h.block[i] ^= with
	}
	h.h.Reset()
	h.h.Write(h.block[:])
}

func (h *hasher) subject(salt []byte, subject string, n int64) []byte {
	h.text = append(append(h.text[:0], subject...), 0)
	h.text = binary.BigEndian.AppendUint64(h.text, uint64(n))
	return h.mac(salt, subjectLabel, h.text)
}

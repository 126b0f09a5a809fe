// Package replace puts something else in the place of personal data that package pii found in a text: stars, the kind alone, a
// number, a token, a pseudonym, or digits of the same form.
//
// The text around stays as it is, byte by byte. The same value gets the same replacement, whether it was written, said or
// disguised, because replacers are given the plain value beside the bytes. What the law and PCI DSS let a person see stays
// where Mask is used: the last four digits of a card, an account, a telephone number, a resident number, never the birth date that stands
// inside a resident number. What must never be stored (PIN, OTP, CVV, password, private key) is redacted by every replacer:
// it gets no stars that show its length, no token, no pseudonym, and is offered to no vault.
//
// Keys are the caller's: this package makes none and keeps none.
package replace

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/internal/token"
)

// Replacer writes what stands in the place of a finding. It is given the bytes as they stand in the text and the plain value.
type Replacer func(dst []byte, f pii.Finding, found, value []byte) []byte

// Text appends the text to dst with every finding replaced. The findings are those of one scan of this text, in order.
func Text(s *pii.Scanner, dst, text []byte, findings []pii.Finding, with Replacer) []byte {
	at := 0
	var value []byte
	for _, f := range findings {
		dst = append(dst, text[at:f.Start]...)
		value = s.Value(value[:0], text, f)
		dst = with(dst, f, text[f.Start:f.End], value)
		at = f.End
	}
	return append(dst, text[at:]...)
}

// Tail is how many last digits of a kind may be shown: PCI DSS allows four of a card; four of an account, of a telephone
// number and of a resident number tell their holder which it is and nobody else whose. The birth date inside a NIK never shows.
func Tail(t pii.Type) int {
	switch t {
	case pii.Card, pii.Account, pii.Phone, pii.NIK, pii.FamilyCard, pii.TaxNumber, pii.HealthInsurance, pii.WorkInsurance, pii.IBAN, pii.IMEI:
		return 4
	default:
		return 0
	}
}

// Mask puts stars in the place of digits and letters and keeps the last four where that is allowed. What must never be stored
// leaves only its kind, not even its length.
func Mask(dst []byte, f pii.Finding, found, value []byte) []byte {
	keep := Tail(f.Type)
	switch {
	case f.Type == pii.Email:
		name, host, _ := bytes.Cut(value, []byte("@"))
		dst = append(dst, name[:min(1, len(name))]...)
		dst = append(dst, "***@"...)
		return append(dst, host...)
	case keep == 0:
		return Redact(dst, f, found, value)
	case f.Spoken() || f.Disguised():
		dst = append(dst, "****"...)
		return append(dst, value[max(0, len(value)-keep):]...)
	}
	rest := 0
	for _, c := range found {
		if token.IsAlnum(c) {
			rest++
		}
	}
	for _, c := range found {
		if token.IsAlnum(c) {
			if rest > keep {
				c = '*'
			}
			rest--
		}
		dst = append(dst, c)
	}
	return dst
}

// Redact leaves the kind only: [nik].
func Redact(dst []byte, f pii.Finding, _, _ []byte) []byte {
	dst = append(dst, '[')
	dst = append(dst, name(f)...)
	return append(dst, ']')
}

func name(f pii.Finding) string {
	if f.Type == pii.Custom {
		return f.Rule
	}
	return f.Type.String()
}

// Number makes a replacer that writes [phone 1], [phone 2]: the same number for the same value within what it replaces. What
// must never be stored has no number. It remembers digests, not values, and serves one document.
func Number() Replacer {
	seen := map[[sha256.Size]byte]int{}
	next := map[string]int{}
	return func(dst []byte, f pii.Finding, found, value []byte) []byte {
		if f.Type.NeverStore() {
			return Redact(dst, f, found, value)
		}
		kind := name(f)
		sum := sha256.Sum256(append([]byte(kind+"\x00"), value...))
		if seen[sum] == 0 {
			next[kind]++
			seen[sum] = next[kind]
		}
		dst = append(dst, '[')
		dst = append(dst, kind...)
		dst = append(dst, ' ')
		dst = strconv.AppendInt(dst, int64(seen[sum]), 10)
		return append(dst, ']')
	}
}

// Token makes a replacer that asks for a token, which a vault keeps beside the value. What must never be stored is not offered.
func Token(give func(t pii.Type, value []byte) string) Replacer {
	return func(dst []byte, f pii.Finding, found, value []byte) []byte {
		if f.Type.NeverStore() {
			return Redact(dst, f, found, value)
		}
		return append(dst, give(f.Type, value)...)
	}
}

// Pseudonym makes a replacer that writes the same pseudonym for the same value under the same key and says nothing about it
// without the key: HMAC-SHA-256 over kind and value, of which 96 bits are written. What must never be stored gets none: a keyed digest of four
// digits is the four digits to whoever has the key.
func Pseudonym(key []byte) Replacer {
	return func(dst []byte, f pii.Finding, found, value []byte) []byte {
		if f.Type.NeverStore() {
			return Redact(dst, f, found, value)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(name(f)))
		mac.Write([]byte{0})
		mac.Write(value)
		dst = append(dst, name(f)...)
		dst = append(dst, '_')
		return hex.AppendEncode(dst, mac.Sum(nil)[:12])
	}
}

// Preserve makes a replacer that keeps the form: encrypt is given the digits of the value and returns as many, which are put in
// the place of the digits that stand in the text. It is the hook for format-preserving encryption, whose keys are not this
// package's. Findings that have no digits of their own in the text, and what must never be stored, are redacted.
func Preserve(encrypt func(t pii.Type, digits []byte) []byte) Replacer {
	return func(dst []byte, f pii.Finding, found, value []byte) []byte {
		var digits []byte
		for _, c := range found {
			if token.IsDigit(c) {
				digits = append(digits, c)
			}
		}
		if f.Type.NeverStore() || len(digits) < 6 || f.Spoken() || f.Disguised() {
			return Redact(dst, f, found, value)
		}
		changed := encrypt(f.Type, digits)
		if len(changed) != len(digits) {
			return Redact(dst, f, found, value)
		}
		i := 0
		for _, c := range found {
			if token.IsDigit(c) {
				c = changed[i]
				i++
			}
			dst = append(dst, c)
		}
		return dst
	}
}

// Package ticket makes and reads what identity hands out to be shown again: tokens of
// sessions, keys, links and browsers, recovery codes, and the digits that one person reads
// to another.
//
// It promises that each is random and long enough never to be guessed, that a token is of one
// kind and is read as no other, that what is stored is a hash from which the token cannot be
// made again, and that a mistyped token is known without a look in the database. It knows
// nobody, keeps nothing and decides nothing: whose a token is, and until when, is identity's.
package ticket

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// Kind is what a token is for.
//
// A token is `amanah_<kind>_<52 characters><7 characters>`: 256 random bits and a CRC-32 of
// everything before it, in lower-case Crockford base 32. The prefix lets a secret scanner
// recognise a leaked one and the checksum lets it (and us) discard a mistyped one without a
// look in the database. Only the SHA-256 of the token is stored.
type Kind string

// The kinds.
const (
	Session    Kind = "ses"
	Key        Kind = "key"
	Invitation Kind = "inv"
	Browser    Kind = "enr" // of the browser that opened an invitation
	Setup      Kind = "set"
	Step       Kind = "stp"
	Device     Kind = "dev" // of a browser in which somebody signed in before
	Switch     Kind = "swi" // of a browser in which a passkey is asked for
	Flow       Kind = "flo" // of a sign-in at the provider that is under way
	Visit      Kind = "vis" // of a browser that came back signed in at the provider
)

const (
	tokenBody  = 52 // 256 bits
	tokenCheck = 7  // 32 bits
	tokenLen   = len("amanah_") + 3 + 1 + tokenBody + tokenCheck
)

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New makes a token of the given kind.
func New(kind Kind) string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand ends the process instead
	head := "amanah_" + string(kind) + "_" + crockford.EncodeToString(secret[:])
	return head + checksum(head)
}

func checksum(head string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(head)))
	return crockford.EncodeToString(sum[:])
}

// Parse checks the form of a token of the given kind and returns the hash under which
// it is stored. It looks at no secret and so may tell, in time, where the form broke.
func Parse(kind Kind, token string) (hash []byte, ok bool) {
	if len(token) != tokenLen || !strings.HasPrefix(token, "amanah_"+string(kind)+"_") {
		return nil, false
	}
	head := token[:tokenLen-tokenCheck]
	if subtle.ConstantTimeCompare([]byte(checksum(head)), []byte(token[tokenLen-tokenCheck:])) != 1 {
		return nil, false
	}
	body := head[len(head)-tokenBody:]
	secret, err := crockford.DecodeString(body)
	// Re-encode: base 32 leaves spare bits at the end, and two spellings of one token would
	// be two hashes.
	if err != nil || crockford.EncodeToString(secret) != body {
		return nil, false
	}
	sum := sha256.Sum256([]byte(token))
	return sum[:], true
}

// RecoveryCodes makes recovery codes: 60 random bits each, written in three groups of
// four, without letters that are read as digits.
func RecoveryCodes(count int) []string {
	out := make([]string, count)
	for i := range out {
		var b [8]byte
		_, _ = rand.Read(b[:])
		s := crockford.EncodeToString(b[:])[:12]
		out[i] = s[:4] + "-" + s[4:8] + "-" + s[8:]
	}
	return out
}

// Normalise reads a code as people type it: any case, spaces and dashes anywhere, and
// the letters o, i and l for the digits they resemble.
func Normalise(s string) string {
	if len(s) > 64 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		}
		switch r {
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, s)
}

// Handover makes the eight digits that the second person reads to a newcomer.
func Handover() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	n := binary.BigEndian.Uint64(b[:]) % 100_000_000 // bias below 2^-37
	const digits = "0123456789"
	out := make([]byte, 8)
	for i := range out {
		out[7-i] = digits[n%10]
		n /= 10
	}
	return string(out)
}

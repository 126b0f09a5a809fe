// Package password decides which passwords may be chosen and keeps their hashes.
//
// The rules are those of NIST SP 800-63B-4, 3.1.1, for a password beside a second factor:
// length (Min to 128 characters), a blocklist, and the words an attacker would try first for
// this person; no composition rules, no expiry, every character allowed. Hashes are argon2id
// (RFC 9106) or, in a FIPS deployment, PBKDF2-HMAC-SHA-256, in PHC string form, so that each
// carries its own parameters. It promises that no error names the password, that at most a
// few hashes are computed at a time, and that what it cannot read matches nothing.
package password

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// The length rule (Min to 128), in characters (Unicode code points after normalisation to NFC).
const (
	Min              = 12
	maxPassword      = 128
	maxPasswordBytes = 1024
	minOwn           = 6 // characters that must be left after well-known words are taken away
)

//go:embed blocklist.txt
var blocklistText string

// blockedWords is the blocklist, longest word first so that "password" is taken away before
// "pass" could be.
var blockedWords = readBlocklist(blocklistText)

func readBlocklist(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	longestFirst(out)
	return out
}

func longestFirst(words []string) {
	sort.SliceStable(words, func(i, j int) bool { return len(words[i]) > len(words[j]) })
}

// normalisePassword is the form that is measured and hashed: NFC, so that the same keys on
// another keyboard give the same password.
func normalisePassword(s string) string { return norm.NFC.String(s) }

// Check applies the rules to a password somebody wants to use. context holds the
// words an attacker would try first for this person: login, name, company. The errors name
// the rule and never the password.
func Check(password string, context ...string) error {
	if len(password) > maxPasswordBytes || !utf8.ValidString(password) {
		return errs.New(errs.Invalid, "identity.password_long").With("max", maxPassword)
	}
	password = normalisePassword(password)
	switch n := utf8.RuneCountInString(password); {
	case n < Min:
		return errs.New(errs.Invalid, "identity.password_short").With("min", Min)
	case n > maxPassword:
		return errs.New(errs.Invalid, "identity.password_long").With("max", maxPassword)
	}
	if own(password, context) < minOwn {
		return errs.New(errs.Invalid, "identity.password_common")
	}
	return nil
}

// leet undoes the substitutions everybody knows.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// own counts the characters of a password that are its owner's own: what is left when
// blocked words, context words, repeats and runs (123…, qwe…) are taken away. It is
// measured as written and with the usual substitutions undone; the smaller count holds.
func own(password string, context []string) int {
	words := blockedWords
	if extra := contextWords(context); len(extra) > 0 {
		words = append(extra, words...)
		longestFirst(words)
	}
	lower := strings.ToLower(password)
	return min(ownOf(lower, words), ownOf(leet.Replace(lower), words))
}

func contextWords(context []string) []string {
	var out []string
	for _, c := range context {
		for _, w := range strings.FieldsFunc(strings.ToLower(normalisePassword(c)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(w) >= 3 {
				out = append(out, w)
			}
		}
	}
	return out
}

func ownOf(s string, words []string) int {
	const gap = "\x00"
	for _, w := range words {
		s = strings.ReplaceAll(s, w, gap)
	}
	n, run := 0, 0
	var before rune
	for _, r := range s {
		if r == 0 {
			before, run = 0, 0
			continue
		}
		// The third and later character of a repeat or of a run on the keyboard, the
		// alphabet or the digits is nobody's own.
		if before != 0 && follows(before, r) {
			run++
		} else {
			run = 0
		}
		before = r
		if run >= 2 || unicode.IsSpace(r) {
			continue
		}
		n++
	}
	return n
}

var runs = []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujmikolp"}

// follows reports whether b repeats a or is its neighbour, up or down, in one of the runs.
func follows(a, b rune) bool {
	if a == b {
		return true
	}
	pair, back := string([]rune{a, b}), string([]rune{b, a})
	for _, run := range runs {
		if strings.Contains(run, pair) || strings.Contains(run, back) {
			return true
		}
	}
	return false
}

// Hashing is how new passwords are hashed; old ones carry their own parameters.
type Hashing string

// The two.
const (
	Argon2id Hashing = "argon2id"      // RFC 9106; OWASP's 19 MiB, two passes
	PBKDF2   Hashing = "pbkdf2-sha256" // for a FIPS 140-3 deployment
)

const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	pbkdf2Rounds = 600_000
	saltLen      = 16
	hashLen      = 32
)

// Hasher hashes passwords, a few at a time: one argon2id call takes 19 MiB, and a login
// storm at shift start must not eat the machine. Who cannot start within wait is told that
// the server is busy; nothing was tried and nothing is counted.
type Hasher struct {
	use   Hashing
	slots chan struct{}
	wait  time.Duration
	work  int
}

// New makes a Hasher. work divides the cost of new hashes: 1, except in tests of what does
// not depend on it.
func New(use Hashing, work int) *Hasher {
	return &Hasher{use: use, slots: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), wait: 5 * time.Second, work: max(1, work)}
}

func (h *Hasher) enter(ctx context.Context) error {
	t := time.NewTimer(h.wait)
	defer t.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, "identity.busy", ctx.Err())
	case <-t.C:
		return errs.New(errs.Unavailable, "identity.busy")
	}
}

func (h *Hasher) leave() { <-h.slots }

// Hash returns the stored form of a password, PHC string format.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	var salt [saltLen]byte
	_, _ = rand.Read(salt[:]) // never fails
	b64 := base64.RawStdEncoding.EncodeToString
	if h.use == PBKDF2 {
		rounds := pbkdf2Rounds / h.work
		// It fails on parameters that FIPS 140 refuses, and these are not.
		sum, _ := pbkdf2.Key(sha256.New, normalisePassword(password), salt[:], rounds, hashLen)
		return fmt.Sprintf("$%s$i=%d$%s$%s", PBKDF2, rounds, b64(salt[:]), b64(sum)), nil
	}
	memory := uint32(argonMemory / h.work) //nolint:gosec // a constant divided
	sum := argon2.IDKey([]byte(normalisePassword(password)), salt[:], argonPasses, memory, 1, hashLen)
	return fmt.Sprintf("$%s$v=19$m=%d,t=%d,p=1$%s$%s", Argon2id, memory, argonPasses, b64(salt[:]), b64(sum)), nil
}

// Verify reports whether a password matches its stored form. A stored form it cannot read
// matches nothing. An error means that nothing was tried.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	if len(password) > maxPasswordBytes {
		password = "" // costs the same, matches nothing: no stored password is empty
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	part := strings.Split(stored, "$")
	if len(part) < 5 {
		return false, nil
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[len(part)-2])
	want, err2 := base64.RawStdEncoding.DecodeString(part[len(part)-1])
	if err1 != nil || err2 != nil || len(want) != hashLen {
		return false, nil
	}
	var got []byte
	switch {
	case part[1] == string(Argon2id) && len(part) == 6:
		var memory, passes uint32
		if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=1", &memory, &passes); n != 2 || err != nil || passes == 0 || memory > 1<<21 {
			return false, nil
		}
		got = argon2.IDKey([]byte(normalisePassword(password)), salt, passes, memory, 1, hashLen)
	case part[1] == string(PBKDF2) && len(part) == 5:
		rounds, err := strconv.Atoi(strings.TrimPrefix(part[2], "i="))
		if err != nil || rounds < 1 || rounds > 10_000_000 {
			return false, nil
		}
		// Nothing, which matches nothing, for parameters that FIPS 140 refuses.
		got, _ = pbkdf2.Key(sha256.New, normalisePassword(password), salt, rounds, hashLen)
	default:
		return false, nil
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

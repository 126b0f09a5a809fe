// Package totp makes and reads the six-digit codes that a phone shows (RFC 6238 with SHA-1, six
// digits, thirty seconds, which is what authenticators understand).
//
// It promises that a secret has 160 random bits, that a code is good in the time step it was made
// for and in the two beside it, for clocks differ, and that none is good at or before the step
// that was used last. It keeps nothing: whose a secret is, and which step was used, is identity's.
package totp

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"image/png"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const period = 30 // seconds, RFC 6238

// NewSecret makes a TOTP secret of 160 random bits (RFC 4226, requirement 6), in base 32.
func NewSecret() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
}

// Code is the code an authenticator shows at that time. The demo and tests use it in
// place of a phone.
func Code(secret string, at time.Time) (string, error) {
	return codeAt(secret, at.Unix()/period)
}

func codeAt(secret string, step int64) (string, error) {
	return hotp.GenerateCode(secret, uint64(step)) //nolint:gosec // after 1970
}

// Match finds the time step whose code was typed: now, the one before or the one
// after (clocks differ), but never one at or before the step that was used last, so that a
// code seen over a shoulder is worthless.
func Match(secret, code string, now time.Time, lastStep int64) (step int64, ok bool) {
	current := now.Unix() / period
	for _, candidate := range []int64{current - 1, current, current + 1} {
		want, err := codeAt(secret, candidate)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && candidate > lastStep {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// address is what the QR picture holds.
func address(issuer, login, secret string) string {
	return "otpauth://totp/" + url.PathEscape(issuer+":"+login) + "?" + url.Values{
		"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {strconv.Itoa(period)},
	}.Encode()
}

// Picture draws the QR picture of a secret as PNG.
func Picture(issuer, login, secret string) ([]byte, error) {
	key, _ := otp.NewKeyFromURL(address(issuer, login, secret)) // fails on what is no URL; ours is one
	picture, err := key.Image(240, 240)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = png.Encode(&out, picture)
	return out.Bytes(), err
}

// Spaced writes a secret in groups of four, for typing.
func Spaced(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

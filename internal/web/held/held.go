// Package held keeps what somebody typed while the second factor is shown again.
//
// A form whose second factor has grown old must not be carried out, and must not be lost either. So it travels through
// the page that asks for the factor, as one word in a hidden field, and comes back with the answer. It stands on no disk of
// the server, in no cookie, no address and no log; and it is sealed, so that a password in it is not in the page
// either, and what a browser keeps of a page holds nothing of it in the clear.
//
// A word opens for the session it was made in and for no other, whoever sits at the browser next; and for a quarter of an
// hour. What it says is sent where it was meant to go, in the browser's own name and with the session's new cookie: it
// is decided on anew, as if it had just been typed. Sent twice, it is a form that was sent twice.
package held

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// For is how long a form is kept.
const For = 15 * time.Minute

// Sealer seals a text so that it opens in its own row only.
type Sealer interface {
	Seal(row string, plain []byte) ([]byte, error)
	Open(row string, sealed []byte) ([]byte, error)
}

// Form is a form that waits: where it goes, and its body.
type Form struct {
	Path string
	Body []byte
}

func row(session string) string { return "held\x00" + session }

func encode(sealed []byte) string { return base64.RawURLEncoding.EncodeToString(sealed) }

// Seal makes the word that stands for a form of a session.
func Seal(s Sealer, session string, f Form, now time.Time) (string, error) {
	plain := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMicro())) //nolint:gosec // after 1970
	plain = append(append(append(plain, f.Path...), 0), f.Body...)
	sealed, err := s.Seal(row(session), plain)
	return encode(sealed), err
}

// Open reads a word of the session. Whatever is wrong with it, the answer is the same.
func Open(s Sealer, session, word string, now time.Time) (Form, error) {
	gone := errs.New(errs.Conflict, "web.held")
	sealed, err := base64.RawURLEncoding.DecodeString(word)
	if err != nil || session == "" {
		return Form{}, gone
	}
	plain, err := s.Open(row(session), sealed)
	if err != nil || len(plain) < 8 {
		return Form{}, gone
	}
	age := now.Sub(time.UnixMicro(int64(binary.BigEndian.Uint64(plain)))) //nolint:gosec // as Seal wrote it
	path, body, ok := bytes.Cut(plain[8:], []byte{0})
	if !ok || age < 0 || age > For {
		return Form{}, gone
	}
	return Form{string(path), body}, nil
}

// Request is the request that sends the form: r's, with the new value of the cookie.
func (f Form) Request(r *http.Request, cookie *http.Cookie) *http.Request {
	out := r.Clone(r.Context())
	out.Method, out.URL, out.RequestURI = http.MethodPost, &url.URL{Path: f.Path}, f.Path
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(f.Body)), int64(len(f.Body))
	out.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	out.Header.Del("Cookie")
	for _, c := range r.Cookies() {
		if c.Name == cookie.Name {
			c.Value = cookie.Value
		}
		out.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value}) //nolint:gosec // what a browser sends has no attributes
	}
	return out
}

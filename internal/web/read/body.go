package read

import (
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Query refuses a query of an operation that is not UTF-8, has a broken escape, or a name twice: of two values only one would count, and nobody knows which
// of them the client means.
func Query(raw string) error {
	values, err := url.ParseQuery(raw)
	twice := slices.ContainsFunc(slices.Collect(maps.Values(values)), func(list []string) bool { return len(list) > 1 })
	if err != nil || twice || !utf8.ValidString(raw) {
		return errs.New(errs.Invalid, "web.malformed")
	}
	return nil
}

// All reads a limited body.
func All(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, broken(err)
	}
	return body, nil
}

// broken says what is wrong with a body that could not be read to its end.
func broken(err error) error {
	var tooLarge *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &tooLarge):
		return errs.New(errs.Invalid, "web.too_large")
	case errors.As(err, &slow) && slow.Timeout():
		return errs.New(errs.Invalid, "web.slow")
	}
	return errs.Wrap(errs.Invalid, "web.broken_off", err)
}

// Patience and Pace are how long a body that is read as it comes, and an answer that is written so, may take: Patience, and a second more for each
// Pace of bytes. Whoever is slower is cut off, so that nobody holds a place for ever.
const (
	Patience = 30 * time.Second
	Pace     = 64 << 10
)

// deadlines are those of a connection; http.ResponseController has them.
type deadlines interface {
	SetReadDeadline(until time.Time) error
	SetWriteDeadline(until time.Time) error
}

// Slowly takes a request whose body, of at most so many bytes, is read as it comes: in place of the server's deadlines come those of
// Patience and Pace. One that says beforehand that it is longer is refused before a byte is read.
func Slowly(w http.ResponseWriter, r *http.Request, most int64) (http.ResponseWriter, error) {
	if r.ContentLength > most {
		return w, errs.New(errs.Invalid, "web.too_large")
	}
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Time{}) // until the answer begins
	r.Body = &body{ReadCloser: r.Body, on: c, now: time.Now}
	return &answer{ResponseWriter: w, on: c, now: time.Now}, nil
}

// pace counts how long something may take.
type pace struct {
	began time.Time
	bytes int64
}

// until is the deadline after so many bytes more.
func (p *pace) until(now time.Time, n int) time.Time {
	if p.began.IsZero() {
		p.began = now
	}
	p.bytes += int64(n)
	return p.began.Add(Patience + time.Duration(p.bytes)*time.Second/Pace)
}

type body struct {
	io.ReadCloser
	pace

	on  deadlines
	now func() time.Time
}

func (b *body) Read(p []byte) (int, error) {
	_ = b.on.SetReadDeadline(b.until(b.now(), 0))
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		_ = b.on.SetReadDeadline(time.Time{}) // the server watches on for a client that goes away
		return n, io.EOF
	case err != nil:
		return n, broken(err)
	}
	return n, nil
}

type answer struct {
	http.ResponseWriter
	pace

	on  deadlines
	now func() time.Time
}

func (a *answer) Write(p []byte) (int, error) {
	_ = a.on.SetWriteDeadline(a.until(a.now(), len(p)))
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

package read

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// kept remembers the deadlines of a connection.
type kept struct{ read, write time.Time }

func (k *kept) SetReadDeadline(until time.Time) error  { k.read = until; return nil }
func (k *kept) SetWriteDeadline(until time.Time) error { k.write = until; return nil }

// Whoever sends a byte now and then gets no more time than the patience, and an honest slow line as much as it needs.
func TestABodyThatIsReadAsItComesHasADeadlineThatGrowsWithWhatCame(t *testing.T) {
	began := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	now, on := began, &kept{}
	drip := &body{ReadCloser: io.NopCloser(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 100)))), on: on, now: func() time.Time { return now }}
	for range 100 {
		if _, err := drip.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second) // so it takes longer than it may
		if most := began.Add(Patience + time.Second); on.read.After(most) {
			t.Fatalf("a drip holds the connection until %s after its beginning", on.read.Sub(began))
		}
	}
	on = &kept{}
	line := &body{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", 10*Pace))), on: on, now: func() time.Time { return began }}
	for range 10 {
		if _, err := io.ReadFull(line, make([]byte, Pace)); err != nil {
			t.Fatal(err)
		}
	}
	if on.read.Before(began.Add(Patience + 8*time.Second)) {
		t.Errorf("a slow line is cut off after %s", on.read.Sub(began))
	}
	if _, err := line.Read(make([]byte, 1)); err != io.EOF || !on.read.IsZero() { //nolint:errorlint // no other
		t.Errorf("after its end: %v, deadline %s", err, on.read)
	}
	// The same for whoever takes an answer.
	taker := &answer{ResponseWriter: httptest.NewRecorder(), on: on, now: func() time.Time { return began }}
	for range 10 {
		if _, err := taker.Write(make([]byte, Pace)); err != nil {
			t.Fatal(err)
		}
	}
	if got := on.write.Sub(began); got != Patience+10*time.Second {
		t.Errorf("an answer may take %s", got)
	}
}

func TestWhatIsWrongWithABodyIsSaidInOneWord(t *testing.T) {
	for code, r := range map[string]io.Reader{
		"":               strings.NewReader("halo"),
		"web.slow":       iotest.ErrReader(os.ErrDeadlineExceeded),
		"web.broken_off": io.MultiReader(strings.NewReader("ha"), iotest.ErrReader(io.ErrUnexpectedEOF)),
		"web.too_large":  http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("halo")), 3),
	} {
		_, err := All(&http.Request{Body: io.NopCloser(r)})
		if errs.CodeOf(err) != code {
			t.Errorf("%v, want %q", err, code)
		}
	}
	b := &body{ReadCloser: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), on: &kept{}, now: time.Now}
	if n, err := b.Read(make([]byte, 1)); n != 0 || errs.CodeOf(err) != "web.broken_off" || errors.Is(err, io.EOF) {
		t.Errorf("half of a body is a whole one: %v", err)
	}
}

func TestABodyThatSaysThatItIsTooLargeIsNotRead(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("read")))
	r.ContentLength = 11
	if _, err := Slowly(httptest.NewRecorder(), r, 10); errs.CodeOf(err) != "web.too_large" {
		t.Error(err)
	}
	if _, err := Slowly(httptest.NewRecorder(), r, 11); err != nil {
		t.Error(err)
	}
}

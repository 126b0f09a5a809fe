package recorder

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

func TestARecorderOverHTTPIsToldInSignedRequestsOfIdsAlone(t *testing.T) {
	at, key := time.Unix(1_795_000_000, 0), []byte(strings.Repeat("k", 32))
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		want := "t=1795000000,v1=" + hex.EncodeToString(keyring.Sum(key, append([]byte("1795000000."), body...)))
		if r.Method != "POST" || r.URL.Path != "/hook" || r.URL.RawQuery != "" || r.Header.Get(telephony.SignatureHeader) != want {
			t.Errorf("%s %s %s", r.Method, r.URL, r.Header.Get(telephony.SignatureHeader))
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	w := Web{URL: server.URL + "/hook", Key: key, Now: func() time.Time { return at }}
	target := Target{Span: "cap_1", Interaction: "itx_1", Staff: "stf_1", Contact: "7.1"}
	if err := errors.Join(w.Pause(t.Context(), target), w.Resume(t.Context(), target)); err != nil {
		t.Fatal(err)
	}
	const rest = `,"span":"cap_1","interaction":"itx_1","staff":"stf_1","contact":"7.1"}`
	if len(bodies) != 2 || bodies[0] != `{"action":"pause"`+rest || bodies[1] != `{"action":"resume"`+rest {
		t.Error(bodies)
	}
}

func TestARecorderThatIsStillWorkingIsAskedAgainUntilItHasFinished(t *testing.T) {
	answers := []int{202, 425, 202, 200}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(answers[min(asked, len(answers)-1)])
		asked++
	}))
	defer server.Close()
	waits := 0
	w := Web{URL: server.URL, Wait: func(context.Context, time.Duration) error { waits++; return nil }}
	if err := w.Pause(t.Context(), Target{}); err != nil || asked != 4 || waits != 3 {
		t.Errorf("%v, asked %d times, waited %d", err, asked, waits)
	}
	// What it refuses once it has begun to work may be done all the same.
	for _, then := range []int{409, 404, 302} {
		answers, asked = []int{202, then}, 0
		if err := w.Pause(t.Context(), Target{}); errs.CodeOf(err) != "recorder.silent" || certain(err) {
			t.Errorf("202 and then %d: %v", then, err)
		}
	}
	// Nobody knows what it does when the time is over.
	answers, asked = []int{202}, 0
	w.Wait = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
	if err := w.Pause(t.Context(), Target{}); errs.CodeOf(err) != "recorder.silent" || certain(err) {
		t.Error(err)
	}
}

func TestWhatARecorderOverHTTPAnswersIsToldApart(t *testing.T) {
	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer server.Close()
	w := Web{URL: server.URL}
	for given, c := range map[int]struct {
		code    string
		certain bool
	}{401: {"recorder.says_no", true}, 409: {"recorder.says_no", true}, 302: {"recorder.says_no", true}, 404: {"recorder.call_gone", true}, 410: {"recorder.call_gone", true},
		500: {"recorder.silent", false}, 503: {"recorder.silent", false}} {
		status = given
		if err := w.Pause(t.Context(), Target{}); errs.CodeOf(err) != c.code || certain(err) != c.certain {
			t.Errorf("%d: %v", given, err)
		}
	}
	server.Close()
	if err := w.Pause(t.Context(), Target{}); errs.CodeOf(err) != "recorder.unreachable" || !certain(err) {
		t.Error(err)
	}
	// Asked, and then silent until the time is over.
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan struct{})
	quiet := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel(); <-held }))
	defer quiet.Close()
	defer close(held)
	if err := (Web{URL: quiet.URL}).Pause(ctx, Target{}); errs.CodeOf(err) != "recorder.silent" {
		t.Error(err)
	}
}

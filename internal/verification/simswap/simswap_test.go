package simswap

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

const number = "+6281277774321"

func ask(t *testing.T, answer http.HandlerFunc) (bool, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	c, err := New(Options{Address: server.URL + "/sim-swap/v2/", Within: 7 * 24 * time.Hour, Token: func() string { return "geheim" }})
	if err != nil {
		t.Fatal(err)
	}
	return c.Changed(context.Background(), number)
}

func TestAQuestionHasTheFormOfTheSpecificationAndItsAnswerIsYesOrNo(t *testing.T) {
	for text, want := range map[string]bool{`{"swapped": true}`: true, `{"swapped":false,"more":"x"}`: false} {
		got, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
			var in map[string]any
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in["phoneNumber"] != number || in["maxAge"] != 168.0 || len(in) != 2 {
				t.Errorf("asked %v %v", in, err)
			}
			if r.Method != "POST" || r.URL.Path != "/sim-swap/v2/check" || r.Header.Get("Authorization") != "Bearer geheim" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s %v", r.Method, r.URL.Path, r.Header)
			}
			_, _ = w.Write([]byte(text))
		})
		if err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}

func TestWhateverIsNoAnswerIsUnknownAndTellsNothing(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"refused":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"swapped":false}`, http.StatusForbidden) },
		"no such number": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, number, http.StatusNotFound) },
		"too many":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"broken":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>" + number)) },
		"not said":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
		"null":           func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"swapped":null}`)) },
		"a word":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"swapped":"false"}`)) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"swapped":false}` + strings.Repeat(" ", maxAnswer)))
		},
		"somewhere else": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		},
		"cut off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"created, not ok": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"swapped":false}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed, err := ask(t, answer)
			if changed || errs.CodeOf(err) != "verification.sim_unknown" || strings.Contains(err.Error(), "4321") {
				t.Errorf("%v %v", changed, err)
			}
		})
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	asked, over := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(asked); <-over }))
	defer server.Close()
	defer close(over)
	c, err := New(Options{Address: server.URL, Within: time.Hour, Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-asked; cancel() }()
	if changed, err := c.Changed(ctx, number); changed || errs.CodeOf(err) != "verification.sim_unknown" {
		t.Errorf("%v %v", changed, err)
	}
	if c, err := New(Options{Address: server.URL, Within: time.Hour}); err != nil || c.http.Timeout != DefaultTimeout {
		t.Errorf("without a timeout of its own: %v", err)
	}
}

func TestAnAddressThatWouldSendNumbersInTheOpenIsRefused(t *testing.T) {
	for _, address := range []string{"", "operator.example", "http://operator.example/sim-swap/v2", "https://user:pass@operator.example", "https://operator.example/?key=1", "ftp://operator.example", "://"} {
		if _, err := New(Options{Address: address, Within: time.Hour}); errs.CodeOf(err) != "verification.simswap_address" {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"https://operator.example/sim-swap/v2", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:1"} {
		if _, err := New(Options{Address: address, Within: time.Hour}); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := New(Options{Address: "https://operator.example", Within: time.Minute}); err == nil {
		t.Error("less than an hour")
	}
}

package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve is a server that answers with one handler, and a client of it that does not wait long.
func serve(t *testing.T, handle http.HandlerFunc, change ...func(*Options)) *Client {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	o := Options{Address: s.URL, Key: "secret-key", Pause: time.Millisecond}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func answer(w http.ResponseWriter, status int, media, body string) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestAnAddressIsAnOriginAndPlainHTTPStaysOnThisMachine(t *testing.T) {
	for address, good := range map[string]bool{
		"https://amanah.example": true, "https://amanah.example/": true, "http://127.0.0.1:8080": true, "http://localhost:1": true, "http://[::1]:1": true,
		"http://amanah.example": false, "": false, "amanah.example": false, "ftp://localhost": false, "https://a@b.example": false,
		"https://amanah.example/api": false, "https://amanah.example?x=1": false, "https://amanah.example#x": false, ":": false,
	} {
		if _, err := New(Options{Address: address}); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestCredentialsAreSentAsTheServerWantsThem(t *testing.T) {
	var got http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		answer(w, 200, "application/json", `{}`)
	}, func(o *Options) { o.Language = "en"; o.UserAgent = "test" })
	alone := *c
	alone.key = ""
	for _, step := range []struct {
		what           string
		do             func() error
		bearer, behalf string
	}{
		{"a key alone", func() error { _, err := c.WhoAmI(t.Context()); return err }, "Bearer secret-key", ""},
		{"a key for a member of staff", func() error { _, err := c.As("token").WhoAmI(t.Context()); return err }, "Bearer secret-key", "token"},
		{"a session alone", func() error { _, err := alone.As("token").WhoAmI(t.Context()); return err }, "Bearer token", ""},
		{"nobody", func() error { _, err := alone.WhoAmI(t.Context()); return err }, "", ""},
		{"signing in", func() error { _, err := c.As("token").SignIn(t.Context(), "a", "b", "c"); return err }, "", ""},
	} {
		if err := step.do(); err != nil {
			t.Fatal(step.what, err)
		}
		if got.Get("Authorization") != step.bearer || got.Get("Amanah-On-Behalf-Of") != step.behalf {
			t.Errorf("%s: %q %q", step.what, got.Get("Authorization"), got.Get("Amanah-On-Behalf-Of"))
		}
	}
	if got.Get("Accept-Language") != "en" || got.Get("User-Agent") != "test" {
		t.Error(got)
	}
}

const refusal = `{"type":"/problems/gate.level_too_low","title":"Tingkat verifikasi kurang","status":403,"code":"gate.level_too_low","trace_id":"trc_1",
	"titles":{"id":"Tingkat verifikasi kurang","en":"Level too low"},"next":{"id":"Verifikasi dulu","en":"Verify first"},"say":{"id":"Mohon tunggu","en":"One moment"},
	"errors":[{"location":"body.fields","reason":"choice"}]}`

func TestARefusalKeepsItsCodeItsTraceAndItsWords(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		answer(w, 403, "application/problem+json", refusal)
	})
	_, err := c.Reveal(t.Context(), "itx_1", Reveal{Fields: []string{"name"}, Reason: "rahasia sekali"})
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.Status != 403 || e.Code != "gate.level_too_low" || e.Trace != "trc_1" || e.Titles["en"] != "Level too low" || e.Next["id"] != "Verifikasi dulu" ||
		e.Say["en"] != "One moment" || e.RetryAfter != 7*time.Second || !slices.Equal(e.Faults, []Fault{{"body.fields", "choice"}}) {
		t.Errorf("%+v", e)
	}
	if Code(err) != "gate.level_too_low" || Code(nil) != "" || Code(io.EOF) != "" {
		t.Error("Code")
	}
	for _, not := range []string{"rahasia", "secret-key", "itx_1"} {
		if strings.Contains(err.Error(), not) {
			t.Errorf("the error holds %q: %v", not, err)
		}
	}
}

func TestWhatIsNoAnswerOfAmanahIsAnErrorWithoutTheBody(t *testing.T) {
	for what, handle := range map[string]http.HandlerFunc{
		"a proxy's page":  func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "text/html", "<h1>rahasia</h1>") },
		"a page with 200": func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "text/html", "rahasia") },
		"broken JSON":     func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "application/json", `{"role":rahasia`) },
		"another type": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, "application/json", `{"purposes":"rahasia"}`)
		},
		"a broken problem": func(w http.ResponseWriter, _ *http.Request) { answer(w, 422, "application/problem+json", `{rahasia`) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, "application/json", `"rahasia`+strings.Repeat("x", 2000)+`"`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?rahasia", http.StatusFound)
		},
		"a broken connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		c := serve(t, handle, func(o *Options) { o.MaxAnswer = 1000 })
		_, err := c.Purposes(t.Context(), "ctl_rahasia")
		if err == nil || strings.Contains(err.Error(), "rahasia") {
			t.Errorf("%s: %v", what, err)
		}
		if what == "too much" && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestOnlyWhatMayBeRepeatedIsRepeated(t *testing.T) {
	for _, test := range []struct {
		what   string
		status int
		do     func(*Client) error
		want   int32
	}{
		{"a read after 429", 429, func(c *Client) error { _, err := c.WhoAmI(context.Background()); return err }, 3},
		{"a read after 503", 503, func(c *Client) error { _, err := c.Customer(context.Background(), "itx_1"); return err }, 3},
		{"a read after 500", 500, func(c *Client) error { _, err := c.WhoAmI(context.Background()); return err }, 1},
		{"a read after 403", 403, func(c *Client) error { _, err := c.WhoAmI(context.Background()); return err }, 1},
		{"a reveal", 503, func(c *Client) error { _, err := c.Reveal(context.Background(), "itx_1", Reveal{}); return err }, 1},
		{"a start", 503, func(c *Client) error { _, err := c.StartInteraction(context.Background(), Opening{}); return err }, 3},
		{"a note", 503, func(c *Client) error { _, err := c.Note(context.Background(), "itx_1", "x"); return err }, 3},
		{"a link", 503, func(c *Client) error { _, err := c.SendLink(context.Background(), "itx_1", ""); return err }, 1},
		{"a sign-in", 429, func(c *Client) error { _, err := c.SignIn(context.Background(), "a", "b", "c"); return err }, 1},
		{"an event", 503, func(c *Client) error { _, err := c.ReportEvent(context.Background(), Event{}); return err }, 3},
		{"a heartbeat", 503, func(c *Client) error { return c.Heartbeat(context.Background(), "itx_1") }, 3},
		{"a customer with a key", 503, func(c *Client) error { _, err := c.CreateCustomer(context.Background(), NewCustomer{}); return err }, 3},
	} {
		var n atomic.Int32
		keys := map[string]bool{}
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			keys[r.Header.Get("Idempotency-Key")] = true
			answer(w, test.status, "application/problem+json", `{"code":"x.y"}`)
		}, func(o *Options) { o.Attempts = 3 })
		if err := test.do(c); Code(err) != "x.y" {
			t.Errorf("%s: %v", test.what, err)
		}
		if n.Load() != test.want || len(keys) != 1 {
			t.Errorf("%s: sent %d times with %d keys, not %d", test.what, n.Load(), len(keys), test.want)
		}
	}
}

func TestARepetitionThatSucceedsIsAnAnswer(t *testing.T) {
	var n atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			answer(w, 429, "application/problem+json", `{"code":"web.too_many"}`)
			return
		}
		answer(w, 200, "application/json", `{"role":"agent"}`)
	})
	if who, err := c.WhoAmI(t.Context()); err != nil || who.Role != "agent" {
		t.Error(who, err)
	}
	n.Store(0)
	ctx, cancel := context.WithCancel(t.Context())
	waits := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.Header().Set("Retry-After", "20")
		answer(w, 429, "application/problem+json", `{"code":"web.too_many"}`)
	})
	began := time.Now()
	if _, err := waits.WhoAmI(ctx); !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Error("a wait that its context ended:", err)
	}
	long := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		answer(w, 503, "application/problem+json", `{"code":"db.full"}`)
	})
	if _, err := long.WhoAmI(t.Context()); Code(err) != "db.full" {
		t.Error("an hour's wait is not passed on:", err)
	}
}

func TestAnIdThatIsMissingOrAStepIsRefusedBeforeAnythingIsSent(t *testing.T) {
	sent := false
	var path string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, path = true, r.URL.EscapedPath()
		answer(w, 200, "application/json", `{}`)
	})
	for _, id := range []string{"", ".", ".."} {
		if _, err := c.Reveal(t.Context(), id, Reveal{}); err == nil || sent {
			t.Errorf("%q was sent", id)
		}
		if err := c.Accept(t.Context(), id); err == nil || sent {
			t.Errorf("%q was sent", id)
		}
	}
	if _, err := c.Interaction(t.Context(), "a/../b?c#d"); err != nil || path != "/api/v1/interactions/a%2F..%2Fb%3Fc%23d" {
		t.Error(path, err)
	}
}

func TestEntriesAreWalkedPageByPageAsFarAsAsked(t *testing.T) {
	var pages atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		pages.Add(1)
		switch r.URL.Query().Get("after") {
		case "":
			answer(w, 200, "application/json", `{"entries":[{"index":9},{"index":8}],"next":"b"}`)
		case "b":
			answer(w, 200, "application/json", `{"entries":[{"index":7}],"next":"c"}`)
		default:
			answer(w, 422, "application/problem+json", `{"code":"web.cursor"}`)
		}
	})
	var got []uint64
	var last error
	for e, err := range c.Entries(t.Context(), EntryQuery{Action: "reveal"}) {
		if err != nil {
			last = err
			continue
		}
		got = append(got, e.Index)
	}
	if !slices.Equal(got, []uint64{9, 8, 7}) || Code(last) != "web.cursor" {
		t.Error(got, last)
	}
	pages.Store(0)
	for range c.Entries(t.Context(), EntryQuery{}) {
		break
	}
	if pages.Load() != 1 {
		t.Error(pages.Load(), "pages for one entry")
	}
	end := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, "application/json", `{"entries":[{"index":1}]}`)
	})
	n := 0
	for _, err := range end.Entries(t.Context(), EntryQuery{}) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Error(n)
	}
}

func TestAHeartbeatRunsUntilItIsStoppedOrRefused(t *testing.T) {
	var n, status atomic.Int32
	status.Store(204)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if r.Header.Get("Amanah-Background") == "" {
			t.Error("a heartbeat counts as somebody being there")
		}
		if s := int(status.Load()); s != 204 {
			answer(w, s, "application/problem+json", `{"code":"interaction.ended"}`)
			return
		}
		w.WriteHeader(204)
	}, func(o *Options) { o.Attempts = 1 })
	b := c.keepAlive(t.Context(), "itx_1", time.Millisecond)
	for n.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	if err := b.Stop(); err != nil || b.Context().Err() == nil {
		t.Error("stopped:", err)
	}
	status.Store(403)
	b = c.keepAlive(t.Context(), "itx_1", time.Millisecond)
	<-b.Context().Done()
	if err := b.Stop(); Code(err) != "interaction.ended" {
		t.Error("refused:", err)
	}
	status.Store(503)
	n.Store(0)
	b = c.keepAlive(t.Context(), "itx_1", time.Millisecond)
	<-b.Context().Done()
	if err := b.Stop(); err == nil || n.Load() != 3 {
		t.Error("three that did not arrive:", n.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	status.Store(204)
	b = c.KeepAlive(ctx, "itx_1")
	cancel()
	if err := b.Stop(); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheRemaskTimeIsADuration(t *testing.T) {
	if (Revealed{RemaskSeconds: 20}).RemaskAfter() != 20*time.Second {
		t.Error("not seconds")
	}
}

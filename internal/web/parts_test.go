package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

var update = flag.Bool("update", false, "write golden files")

func TestTheOpenAPIDocumentIsTheSameBytesForTheSameRoutes(t *testing.T) {
	d := desk(t, nil)
	got := d.OpenAPI()
	if *update {
		if err := os.WriteFile("testdata/openapi.json", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	if again := desk(t, nil).OpenAPI(); string(again) != string(got) {
		t.Error("two desks, two documents")
	}
	w := d.Do("", "GET", "/api/openapi.json", "")
	if w.Body.String() != string(got) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/openapi+json") {
		t.Error("another document is served")
	}
	var doc map[string]any
	if err := json.Unmarshal(got, &doc); err != nil || doc["openapi"] != "3.1.0" {
		t.Error(err, doc["openapi"])
	}
	if strings.Contains(string(got), "ErrorModel") {
		t.Error("huma's error type, which never leaves, is documented")
	}
}

func cursorRouter(t *testing.T, mac func(string, []byte) []byte) *web.Router {
	t.Helper()
	var out *web.Router
	webtest.New(t, func(o *web.Options) { o.MAC = mac }, sample(func(rt *web.Router) { out = rt }))
	return out
}

func TestACursorOpensOnlyTheListItIsOf(t *testing.T) {
	type position struct {
		At int64  `json:"at"`
		ID string `json:"id"`
	}
	rt := cursorRouter(t, testMAC)
	word, err := rt.Cursor("entries?action=reveal", position{42, "aud_1"})
	if err != nil {
		t.Fatal(err)
	}
	var got position
	if err := rt.OpenCursor("entries?action=reveal", word, &got); err != nil || got != (position{42, "aud_1"}) {
		t.Error(err, got)
	}
	if err := rt.OpenCursor("entries", "", &got); err != nil {
		t.Error("the beginning of a list is refused:", err)
	}
	flipped := []byte(word)
	flipped[len(flipped)-3] ^= 1
	for name, c := range map[string][2]string{
		"another list": {"entries?action=mask", word}, "an altered position": {"entries?action=reveal", string(flipped)}, "too short": {"entries?action=reveal", "AAAA"},
		"no base64": {"entries?action=reveal", "!" + word}, "too long": {"entries?action=reveal", strings.Repeat("A", 700)},
	} {
		if err := rt.OpenCursor(c[0], c[1], &got); errs.Of(err) == nil || errs.Of(err).Code != "web.cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cursorRouter(t, nil).Cursor("x", 1); err == nil {
		t.Error("a cursor without a key")
	}
	if _, err := rt.Cursor("x", make(chan int)); err == nil {
		t.Error("a cursor of nothing that can be written")
	}
	var number int
	text, _ := rt.Cursor("x", "text")
	if err := rt.OpenCursor("x", text, &number); err == nil {
		t.Error("a position of another shape is taken")
	}
}

func TestAStatusFollowsFromTheKindOfAnError(t *testing.T) {
	if web.Status(errs.New(errs.Invalid, "web.too_large")) != 413 || web.Status(errs.New(errs.Conflict, "x.y")) != 409 || web.Status(nil) != 200 || web.Status(errs.New("strange", "x.y")) != 500 {
		t.Error("statuses")
	}
}

func TestAStreamSendsFragmentsInTheReadersLanguageAndEndsWithTheSession(t *testing.T) {
	events := make(chan web.Event, 3)
	d := webtest.New(t, nil, sample(func(rt *web.Router) {
		rt.Page("GET /calls/{interaction}/events", web.Access{Roles: []actor.Role{actor.Agent}}, func(r *web.Request) error {
			s, err := r.Events()
			if err != nil {
				return err
			}
			return s.Run(r.Context(), events)
		})
	}))
	d.Staff("agent", actor.Agent)
	srv := httptest.NewServer(d.Handler())
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/calls/itx_1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Webtest-Actor", "agent")
	req.Header.Set("Accept-Language", "en")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // the end of the test
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Error(resp.Header)
	}
	events <- web.Event{Name: "fields", Fragment: "sample_fields", Data: []web.Field{{ID: "f", Label: "L", Value: web.Masked{Text: "0812 <b>"}}}}
	events <- web.Event{Name: "ring"}
	close(events)
	var lines []string
	for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
		lines = append(lines, sc.Text())
	}
	text := strings.Join(lines, "\n")
	if !strings.Contains(text, "event: fields\ndata: <dl class=\"fields\"") || !strings.Contains(text, "0812 &lt;b&gt;") || !strings.Contains(text, "event: ring\ndata: \n") {
		t.Error(text)
	}
}

func TestAStreamRefusesEventsThatAreNone(t *testing.T) {
	d := webtest.New(t, nil, sample(func(rt *web.Router) {
		rt.Page("GET /stream", web.Access{Public: true}, func(r *web.Request) error {
			s, err := r.Events()
			if err != nil {
				return err
			}
			for _, e := range []web.Event{{}, {Name: "a\nb"}, {Name: "x", Fragment: "none"}} {
				if s.Send(e) == nil {
					t.Errorf("%+v is sent", e)
				}
			}
			return nil
		})
	}))
	d.Do("", "GET", "/stream", "")
}

func TestTheServersLimitsAreSet(t *testing.T) {
	s := desk(t, nil).HTTP("127.0.0.1:0")
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes != 16<<10 {
		t.Errorf("%+v", s)
	}
	d := desk(t, nil)
	s = d.HTTP("")
	s.ErrorLog.Print("http: TLS handshake error from 203.0.113.9:4711: EOF")
	s.ErrorLog.Print("http: panic serving 203.0.113.9:4711")
	if log := d.Log.String(); strings.Contains(log, "203.0.113") || strings.Count(log, "http server") != 2 {
		t.Error(log)
	}
}

func TestAStreamEndsSoonAfterTheSessionAndLivesThroughAHiccup(t *testing.T) {
	for name, tc := range map[string]struct {
		fails error
		gone  bool
	}{
		"disabled":    {errs.New(errs.Unauthenticated, "web.session"), true},
		"store is up": {nil, false},
		"a hiccup":    {errs.New(errs.Unavailable, "web.stream"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fails error
				d := webtest.New(t, func(o *web.Options) {
					inner := o.Lookup
					o.Lookup = func(ctx context.Context, r *http.Request) (web.Visitor, error) {
						if fails != nil {
							return web.Visitor{}, fails
						}
						return inner(ctx, r)
					}
				}, sample(func(rt *web.Router) {
					rt.Page("GET /calls/{interaction}/events", web.Access{Roles: []actor.Role{actor.Agent}}, func(r *web.Request) error {
						s, err := r.Events()
						if err != nil {
							return err
						}
						ctx, cancel := context.WithTimeout(r.Context(), 40*time.Second)
						defer cancel()
						fails = tc.fails
						return s.Run(ctx, nil)
					})
				}))
				d.Staff("agent", actor.Agent)
				start := time.Now()
				body := d.Do("agent", "GET", "/calls/itx_1/events", "").Body.String()
				if gone := strings.Contains(body, "event: gone"); gone != tc.gone {
					t.Errorf("gone is %v: %s", gone, body)
				}
				if took := time.Since(start); tc.gone && took > 5*time.Second || !tc.gone && (took != 40*time.Second || strings.Count(body, ": here") < 2) {
					t.Errorf("%v: %s", took, body)
				}
			})
		})
	}
}

package command

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/app/walk"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/testkit"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

// lockedBuffer takes what several goroutines log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

// A whole demonstration is filled, a call is served through it, and bad requests full of personal values are sent at
// it. Afterwards none of these values may stand in the log, in an answer to a bad request, in the metrics, or in
// the raw bytes of any file.
func TestNoKnownPersonalValueStandsAnywhereInClear(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	var logged lockedBuffer
	c := newCLI(strings.NewReader(""), io.Discard, &logged, nil)
	c.root() // makes the settings' flags
	tlsOff := "true"
	*c.settings["data"] = dir
	c.settings["tls.off"] = &tlsOff
	cfg, err := c.load()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := c.found(ctx, cfg, "", true, log)
	if err != nil {
		t.Fatal(err)
	}
	const people = 40
	state, err := seed(ctx, h, people)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := h.Untaken(ctx); err != nil || len(left) > 0 {
		t.Errorf("a new demonstration begins with jobs that nobody takes: %v %v", left, err)
	}
	canaries := testkit.Canaries{}
	for _, p := range fiction.People(people, 1, h.Clock()) {
		for field, value := range map[string]string{"name": p.Name, "nik": p.NIK, "kk": p.KK, "phone": p.Phones[0].Value, "address": p.Address,
			"mother": p.Mother, "account": p.Account, "history": p.History[3].Value} {
			if len(value) >= 9 && field != "history" { // shorter ones are found by chance
				canaries[p.Number+" "+field] = value
			}
		}
		for _, e := range p.Emails {
			canaries[p.Number+" email"] = e.Value
		}
	}
	for _, l := range state.Logins {
		canaries["staff "+l.Login] = l.Name
		canaries["second factor "+l.Login] = l.Secret
	}
	canaries["password"] = demoPassword
	canaries["client key"] = state.ClientKey

	server := httptest.NewServer(h.Web.Handler())
	working, stop := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() { h.Worker.Run(working) })
	l, _ := state.login("agent2")
	_, step, err := walk.Walk(ctx, walk.Options{
		URL: server.URL, Login: l.Login, Password: demoPassword, Clock: time.Now, Controller: state.Niaga, Caller: state.Caller, Text: c.words(),
		Code: func(at time.Time) (string, error) { return identity.TOTPCode(l.Secret, at) },
	})
	if err != nil {
		t.Fatalf("step %s: %v", step, err)
	}
	agent, _ := state.login("agent")
	code, err := identity.TOTPCode(agent.Secret, h.Clock())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range badRequests(canaries, state, code) {
		r, err := http.NewRequestWithContext(ctx, bad[0], server.URL+bad[1], strings.NewReader(bad[2]))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", bad[3])
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode < 400 && bad[1] != "/api/v1/sessions" {
			t.Errorf("%s %.60s: %d", bad[0], bad[1], answer.StatusCode)
		}
		if found := canaries.Find(text); len(found) > 0 {
			t.Errorf("the answer %d to %s %.30s… holds %v", answer.StatusCode, bad[0], bad[1], found)
		}
	}
	metrics, err := server.Client().Get(server.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(metrics.Body)
	_ = metrics.Body.Close()
	if !bytes.Contains(text, []byte("amanah_")) {
		t.Error("no metrics were served")
	}
	if found := canaries.Find(text); len(found) > 0 {
		t.Errorf("the metrics hold %v", found)
	}
	server.Close()
	stop()
	worker.Wait()

	// Jobs and entries are searched where they are stored, too: everything in the data folder is.
	if found, err := canaries.Files(dir); err != nil || len(found) > 0 {
		t.Errorf("while running: %v %v", err, found)
	}
	if err := h.DB.Write(ctx, func(tx *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if found, err := canaries.Files(dir); err != nil || len(found) > 0 {
		t.Errorf("closed: %v %v", err, found)
	}
	if log := logged.Bytes(); len(log) == 0 {
		t.Error("nothing was logged: the test looks in the wrong place")
	} else if found := canaries.Find(log); len(found) > 0 {
		for line := range bytes.Lines(log) {
			if len(canaries.Find(line)) > 0 {
				t.Logf("%s", line)
				break
			}
		}
		t.Errorf("the log holds %v", found)
	}
}

// badRequests are requests that are wrong in different ways and full of what must not come back.
func badRequests(c testkit.Canaries, s *demoState, code string) [][4]string {
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	var out [][4]string
	const jsonType, formType = "application/json", "application/x-www-form-urlencoded"
	for _, name := range names[:min(12, len(names))] {
		v := c[name]
		quoted := strings.ReplaceAll(v, `"`, "")
		out = append(out,
			[4]string{"POST", "/api/v1/sessions", `{"login":"` + quoted + `","password":"` + quoted + `","code":"123456"}`, jsonType},
			[4]string{"POST", "/api/v1/sessions", `{"login":"` + quoted + `"`, jsonType},
			[4]string{"POST", "/api/v1/sessions", `{"` + quoted + `":"` + quoted + `"}`, jsonType},
			[4]string{"POST", "/api/v1/sessions", v, "text/plain"},
			[4]string{"GET", "/api/v1/purposes?controller=" + httptestEscape(v), "", jsonType},
			[4]string{"GET", "/" + httptestEscape(v), "", ""},
			[4]string{"GET", "/v/" + httptestEscape(v), "", ""},
			[4]string{"POST", "/sign-in", "login=" + httptestEscape(v) + "&password=" + httptestEscape(v), formType},
			[4]string{"POST", "/sign-in", httptestEscape(v) + "=1", formType},
		)
	}
	return append(out, [4]string{"POST", "/api/v1/sessions", `{"login":"agent","password":"` + s.ClientKey + `","code":"` + code + `"}`, jsonType})
}

func httptestEscape(v string) string {
	return strings.NewReplacer(" ", "%20", "+", "%2B", "/", "%2F", "&", "%26", "=", "%3D", "?", "%3F", "#", "%23").Replace(v)
}

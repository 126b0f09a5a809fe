package scim

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

const (
	testOrigin  = "http://localhost:8080"
	controllerA = "ctl_01k9xq3v7me8t0000z9w2h4r6a"
	controllerB = "ctl_01k9xq3v7me8t0000z9w2h4r6b"
	goodWords   = "kapal jeruk langit 7 tangga"
)

// testKeys seals with one AES key and binds the place, as the keyring does.
type testKeys struct{ aead cipher.AEAD }

func newTestKeys() testKeys {
	block, _ := aes.NewCipher(make([]byte, 32))
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return testKeys{aead}
}

func (k testKeys) SealStaff(ref keyring.Ref, plain []byte) []byte {
	return k.aead.Seal(nil, nil, plain, fmt.Append(nil, ref))
}

func (k testKeys) OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, sealed, fmt.Append(nil, ref))
}

func (k testKeys) MAC(name string, value []byte) []byte {
	h := hmac.New(sha256.New, []byte(name))
	_, _ = h.Write(value)
	return h.Sum(nil)[:16]
}

// entries records what was appended and committed, as "action decision reason".
type entries struct {
	mu  sync.Mutex
	all []string
}

func (l *entries) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	tx.AfterCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = append(l.all, strings.TrimSpace(strings.Join([]string{e.Action, string(e.Decision), e.Reason}, " ")))
	})
	return nil, nil
}

func (l *entries) take() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out, l.all = l.all, nil
	return out
}

// house is the room with identity on a fresh database, and a directory that speaks to it.
type house struct {
	*Service
	t    *testing.T
	ctx  context.Context
	db   *db.DB
	log  *entries
	now  time.Time
	desk *webtest.Desk
	key  string
}

func open(t *testing.T, o db.Options) *house {
	t.Helper()
	h := &house{t: t, ctx: context.Background(), log: &entries{}, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	o.Clock = func() time.Time { return h.now }
	h.db = dbtest.OpenWith(t, o, identity.Schema(), Schema())
	room, err := identity.New(h.db, h.log, newTestKeys(), identity.Config{Origin: testOrigin, Company: "Nusantara Sentosa"})
	h.ok(err)
	h.Service = New(Options{
		DB: h.db, Log: h.log, Keys: newTestKeys(), Identity: room,
		Mapping: []Mapping{{"Team leaders", actor.Supervisor, []string{"a", "b"}}, {"Agents", actor.Agent, []string{"a"}}, {"Audit", actor.Auditor, nil}},
		Controller: func(_ *db.Tx, slug string) (string, error) {
			return map[string]string{"a": controllerA, "b": controllerB}[slug], nil
		},
	})
	h.desk = webtest.New(t, func(o *web.Options) {
		o.Lookup, o.Clock = h.Identity.Lookup, func() time.Time { return h.now }
		o.ActorLimit, o.AddressLimit = web.Limits{Rate: 1000, Burst: 1000}, web.Limits{Rate: 1000, Burst: 1000}
	}, web.Module{Name: "identity", Messages: identity.Messages}, h.Module())
	h.key = h.client(identity.ScopeDirectory)
	h.log.take()
	return h
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, db.Options{Dir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, db.Options{URL: dbtest.PostgresURL(t)})) })
}

func one(t *testing.T) *house { t.Helper(); return open(t, db.Options{Dir: t.TempDir()}) }

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// client makes an API client and returns its key.
func (h *house) client(scope string) string {
	h.t.Helper()
	_, key, err := h.Identity.CreateClient(h.ctx, identity.Terminal(), identity.NewClient{Name: "Directory", Scopes: []string{scope}, Controllers: []string{controllerA}})
	h.ok(err)
	return key
}

func (h *house) logged(want ...string) {
	h.t.Helper()
	if got := h.log.take(); !slices.Equal(got, want) {
		h.t.Fatalf("entries\n got %q\nwant %q", got, want)
	}
}

// send sends a request as the directory does.
func (h *house) send(method, path, body string, header ...string) (int, http.Header, string) {
	h.t.Helper()
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.7:5000"
	r.Header.Set("Authorization", "Bearer "+h.key)
	r.Header.Set("Accept", "application/scim+json")
	r.Header.Set("Accept-Language", "en")
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.desk.Handler().ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Result().Body)
	return w.Code, w.Result().Header, string(text)
}

// says sends and expects a status; the answer is read as JSON.
func (h *house) says(status int, method, path, body string) map[string]any {
	h.t.Helper()
	code, head, text := h.send(method, path, body)
	if code != status {
		h.t.Fatalf("%s %s: %d, want %d\n%s", method, path, code, status, text)
	}
	if code == http.StatusNoContent {
		if text != "" {
			h.t.Errorf("%s %s: a body: %s", method, path, text)
		}
		return nil
	}
	var out map[string]any
	h.ok(json.Unmarshal([]byte(text), &out))
	if head.Get("Content-Type") != mediaType || !strings.Contains(head.Get("Cache-Control"), "no-store") {
		h.t.Errorf("%v", head)
	}
	return out
}

// refuses sends and expects an error in SCIM's form, which repeats nothing that was sent.
func (h *house) refuses(status int, word, method, path, body string) {
	h.t.Helper()
	out := h.says(status, method, path, body)
	got, _ := out["scimType"].(string)
	if out["status"] != fmt.Sprint(status) || got != word || !slices.Equal(out["schemas"].([]any), []any{errorSchema}) {
		h.t.Errorf("%s %s: %v, want %q", method, path, out, word)
	}
	if detail := out["detail"].(string); detail == "" || strings.Contains(detail, "canary") {
		h.t.Errorf("detail %q", detail)
	}
}

// user makes one through the directory and returns the id.
func (h *house) make(login, external string) string {
	h.t.Helper()
	out := h.says(201, "POST", "/Users", fmt.Sprintf(`{"schemas":[%q],"userName":%q,"externalId":%q,"name":{"givenName":"Rina","familyName":"Wulandari"},"emails":[{"value":"x@canary.example"}],"active":true}`, userSchema, login, external))
	h.log.take()
	return out["id"].(string)
}

// group makes one with members and returns the id.
func (h *house) circle(name string, members ...string) string {
	h.t.Helper()
	list := []map[string]string{}
	for _, m := range members {
		list = append(list, map[string]string{"value": m})
	}
	body, _ := json.Marshal(map[string]any{"schemas": []string{groupSchema}, "displayName": name, "members": list})
	return h.says(201, "POST", "/Groups", string(body))["id"].(string)
}

// operations is a PATCH.
func operations(ops ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

// staff is a member of staff as identity sees one.
func (h *house) staff(id string) identity.Staff {
	h.t.Helper()
	s, err := h.Identity.StaffByID(h.ctx, id)
	h.ok(err)
	return s
}

// signIn hires and signs a member of staff in, and returns id and session token.
func (h *house) hire(login string, role actor.Role) (staff, token string) {
	h.t.Helper()
	secret := identity.NewTOTPSecret()
	staff, _, err := h.Identity.Provision(h.ctx, identity.NewStaff{Name: "Budi Santoso", Login: login, Role: role, Controllers: []string{controllerA}}, goodWords, secret)
	h.ok(err)
	step, err := h.Identity.SignIn(h.ctx, login, goodWords, identity.Place{})
	h.ok(err)
	h.now = h.now.Add(31 * time.Second)
	code, err := identity.TOTPCode(secret, h.now)
	h.ok(err)
	signed, err := h.Identity.Finish(h.ctx, step.Token, identity.Shown{Code: code}, identity.Place{}, false)
	h.ok(err)
	h.log.take()
	return staff, signed.Token
}

// lives asks whether a session is one now.
func (h *house) lives(token string) bool {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: token})
	_, err := h.Identity.Lookup(h.ctx, r)
	return err == nil
}

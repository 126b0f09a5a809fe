package oidc

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/identity/page"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

const (
	testOrigin  = "http://localhost:8080"
	controllerA = "ctl_01k9xq3v7me8t0000z9w2h4r6a"
	goodWords   = "kapal jeruk langit 7 tangga"
	clientID    = "amanah"
	clientWord  = "a-secret-of-the-client"
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

// operator is a real provider: zitadel/oidc with its storage in memory. What a test may turn is
// what an operator of a provider sets: its words for factors, its keys, its clock.
type operator struct {
	*storage.Storage
	server *httptest.Server
	users  map[string]*storage.User
	issuer string
	acr    string
	amr    []string
	at     func() time.Time // when whoever signs in showed it
	who    string           // who sits at its sign-in page
	asked  url.Values       // of the last authorization request

	mu   sync.Mutex
	keys []signer // the first signs, all are published
}

type signer struct {
	id      string
	private *rsa.PrivateKey
}

func newSigner(id string) signer {
	key, _ := rsa.GenerateKey(rand.Reader, 2048)
	return signer{id, key}
}

func (s signer) ID() string                                  { return s.id }
func (s signer) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (s signer) Key() any                                    { return s.private }

type published struct{ signer }

func (p published) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (p published) Use() string                        { return "sig" }
func (p published) Key() any                           { return &p.private.PublicKey }

func (o *operator) GetUserByID(id string) *storage.User { return o.users[id] }
func (o *operator) GetUserByUsername(name string) *storage.User {
	for _, u := range o.users {
		if u.Username == name {
			return u
		}
	}
	return nil
}
func (o *operator) ExampleClientID() string { return "service" }

func (o *operator) SigningKey(context.Context) (op.SigningKey, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.keys[0], nil
}

func (o *operator) KeySet(context.Context) (out []op.Key, _ error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.keys {
		out = append(out, published{k})
	}
	return out, nil
}

// rotate puts a new key in the place of all.
func (o *operator) rotate(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys = []signer{newSigner(id)}
}

// asks is a request whose factors and time are the operator's.
type asks struct {
	*storage.AuthRequest
	o *operator
}

func (a asks) GetACR() string         { return a.o.acr }
func (a asks) GetAMR() []string       { return a.o.amr }
func (a asks) GetAuthTime() time.Time { return a.o.at() }

func (o *operator) AuthRequestByID(ctx context.Context, id string) (op.AuthRequest, error) {
	r, err := o.Storage.AuthRequestByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return asks{r.(*storage.AuthRequest), o}, nil
}

func (o *operator) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	r, err := o.Storage.AuthRequestByCode(ctx, code)
	if err != nil {
		return nil, err
	}
	return asks{r.(*storage.AuthRequest), o}, nil
}

func (o *operator) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	if a, ok := r.(asks); ok {
		r = a.AuthRequest
	}
	return o.Storage.CreateAccessToken(ctx, r)
}

// registered is our client as the operator has registered it: addresses letter by letter.
type registered struct{ op.Client }

func (registered) PostLogoutRedirectURIs() []string { return []string{testOrigin + "/sign-in"} }
func (registered) LoginURL(id string) string        { return "/login?id=" + id }

func (o *operator) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := o.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return registered{c}, nil
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{keys: []signer{newSigner("first")}, users: map[string]*storage.User{}, who: "rina"}
	for _, name := range []string{"rina", "budi", "sari"} {
		o.users["sub-"+name] = &storage.User{ID: "sub-" + name, Username: name, Password: "x", Email: name + "@nusantara.example", EmailVerified: true, FirstName: name}
	}
	o.Storage = storage.NewStorageWithClients(o, map[string]*storage.Client{clientID: storage.WebClient(clientID, clientWord, testOrigin+ReturnPath)})
	mux := http.NewServeMux()
	o.server = httptest.NewServer(mux)
	t.Cleanup(o.server.Close)
	o.issuer = o.server.URL
	quiet := slog.New(slog.DiscardHandler)
	provider, err := op.NewProvider(&op.Config{CodeMethodS256: true, SupportedUILocales: []language.Tag{language.English}}, o, op.StaticIssuer(o.issuer), op.WithAllowInsecure(), op.WithLogger(quiet))
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("/login", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := o.CheckUsernamePassword(o.who, "x", r.FormValue("id")); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), r.FormValue("id")), http.StatusFound)
	}))
	mux.Handle("/", provider)
	return o
}

// claimsNow are the claims of a good ID token, for tests that make bad ones.
func (h *house) claimsNow(nonce string) map[string]any {
	now := h.now.Unix()
	return map[string]any{"iss": h.idp.issuer, "sub": "sub-rina", "aud": clientID, "exp": now + 300, "iat": now, "auth_time": now, "nonce": nonce, "amr": []string{"pwd", "otp"}}
}

// jwt signs claims with RS256 under a key id.
func jwt(key signer, all map[string]any) string {
	signed := segment(map[string]any{"alg": "RS256", "kid": key.id, "typ": "JWT"}) + "." + segment(all)
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, key.private, crypto.SHA256, sum[:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(v any) string {
	b, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(b)
}

// wire is the way to the provider, on which a test may be a man in the middle.
type wire struct {
	down    func(*http.Request) bool
	token   func(nonce string) string // in the place of the provider's ID token
	nonce   string
	carried []string // paths that were asked for
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.carried = append(w.carried, r.URL.Path)
	if w.down != nil && w.down(r) {
		return nil, errors.New("no answer from anybody@nusantara.example")
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || w.token == nil || !strings.Contains(r.URL.Path, "token") || res.StatusCode != http.StatusOK {
		return res, err
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	var all map[string]any
	_ = json.Unmarshal(body, &all)
	all["id_token"] = w.token(w.nonce)
	body, _ = json.Marshal(all)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

// house is the room, with identity and a provider, on a fresh database.
type house struct {
	*Service
	t         *testing.T
	ctx       context.Context
	db        *db.DB
	log       *entries
	idp       *operator
	wire      *wire
	now       time.Time
	directory map[string]string // external id -> staff
}

func open(t *testing.T, o db.Options, change func(*Options)) *house {
	t.Helper()
	// The provider has the machine's clock, so this one begins there; it moves in the test's hand.
	h := &house{t: t, ctx: context.Background(), log: &entries{}, idp: newOperator(t), wire: &wire{}, now: time.Now().Truncate(time.Second).UTC(), directory: map[string]string{}}
	h.idp.at = func() time.Time { return h.now }
	o.Clock = func() time.Time { return h.now }
	h.db = dbtest.OpenWith(t, o, identity.Schema(), Schema())
	room, err := identity.New(h.db, h.log, newTestKeys(), identity.Config{Origin: testOrigin, Company: "Nusantara Sentosa"})
	h.ok(err)
	options := Options{
		DB: h.db, Log: h.log, Keys: newTestKeys(), Identity: room, Issuer: h.idp.issuer, Client: clientID, Secret: clientWord, Name: "Keycloak",
		AMR: []string{"otp"}, Door: actor.NewDuty("sign_in"), Provider: actor.NewDuty("provider"), Through: h.wire,
		Directory: func(_ *db.Tx, external string) (string, bool, error) {
			staff, ok := h.directory[external]
			return staff, ok, nil
		},
	}
	if change != nil {
		change(&options)
	}
	h.Service = New(options)
	return h
}

// each runs the test on both engines.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, db.Options{Dir: t.TempDir()}, nil)) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, db.Options{URL: dbtest.PostgresURL(t)}, nil)) })
}

// one runs the test on SQLite: for what does not look at the store's dialect.
func one(t *testing.T, change func(*Options)) *house {
	t.Helper()
	return open(t, db.Options{Dir: t.TempDir()}, change)
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) wants(err error, code string) {
	h.t.Helper()
	if e := errs.Of(err); e == nil || e.Code != code {
		h.t.Fatalf("got %v, want %s", err, code)
	}
}

func (h *house) logged(want ...string) {
	h.t.Helper()
	if got := h.log.take(); !slices.Equal(got, want) {
		h.t.Fatalf("entries\n got %q\nwant %q", got, want)
	}
}

type worker struct{ id, login, secret string }

func (h *house) hire(login string, role actor.Role) worker {
	h.t.Helper()
	w := worker{login: login, secret: identity.NewTOTPSecret()}
	var err error
	w.id, _, err = h.Identity.Provision(h.ctx, identity.NewStaff{Name: "Rina Wulandari", Login: login, Role: role, Controllers: []string{controllerA}}, goodWords, w.secret)
	h.ok(err)
	h.log.take()
	return w
}

// code is the code the worker's phone shows now; the clock moves on so that each is new.
func (h *house) code(w worker) string {
	h.t.Helper()
	h.now = h.now.Add(31 * time.Second)
	c, err := identity.TOTPCode(w.secret, h.now)
	h.ok(err)
	return c
}

// asks looks up who a cookie belongs to.
func (h *house) visitor(cookie string) (web.Visitor, error) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: cookie})
	return h.Identity.Lookup(h.ctx, r)
}

// browser keeps cookies and goes between the front desk and the provider.
type browser struct {
	h       *house
	desk    *webtest.Desk
	cookies map[string]string
}

func (h *house) browser() *browser {
	h.t.Helper()
	desk := webtest.New(h.t, func(o *web.Options) {
		o.Lookup, o.Clock, o.SignIn, o.Fresh, o.SignOut = h.Identity.Lookup, func() time.Time { return h.now }, identity.SignInPath, identity.StepUpPath, identity.SignOutPath
		o.Return = ReturnPath
	}, page.Module(h.Identity, func(context.Context) ([]page.Controller, error) { return nil, nil }, h.Page()), h.Module())
	return &browser{h: h, desk: desk, cookies: map[string]string{}}
}

func (b *browser) do(method, target string, form url.Values) *http.Response {
	b.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, target, body)
	r.RemoteAddr = "203.0.113.7:5000"
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.desk.Handler().ServeHTTP(w, r)
	out := w.Result()
	for _, c := range out.Cookies() {
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode) {
			b.h.t.Errorf("cookie %s is not what its name promises", c.Name)
		}
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return out
}

// page expects a status and returns the body.
func (b *browser) page(status int, method, target string, form url.Values) string {
	b.h.t.Helper()
	res := b.do(method, target, form)
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != status {
		b.h.t.Fatalf("%s %s: %d, want %d\n%.1500s", method, target, res.StatusCode, status, body)
	}
	return string(body)
}

// to expects a redirect and returns where it leads.
func (b *browser) to(method, target string, form url.Values) string {
	b.h.t.Helper()
	res := b.do(method, target, form)
	if res.StatusCode != http.StatusSeeOther {
		body, _ := io.ReadAll(res.Body)
		b.h.t.Fatalf("%s %s: %d\n%.1500s", method, target, res.StatusCode, body)
	}
	return res.Header.Get("Location")
}

// there goes where the provider's address leads, signs in there as who sits at it, and returns the
// path with which the provider sends the browser back.
func (b *browser) there(address string) string {
	b.h.t.Helper()
	u, err := url.Parse(address)
	b.h.ok(err)
	b.h.idp.asked, b.h.wire.nonce = u.Query(), u.Query().Get("nonce")
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), testOrigin) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Get(address)
	b.h.ok(err)
	defer func() { _ = res.Body.Close() }()
	back, ok := strings.CutPrefix(res.Header.Get("Location"), testOrigin)
	if !ok {
		body, _ := io.ReadAll(res.Body)
		b.h.t.Fatalf("the provider does not send the browser back: %d %.500s", res.StatusCode, body)
	}
	return back
}

// signIn signs in at the provider, up to where the browser is led back here.
func (b *browser) signIn() string {
	b.h.t.Helper()
	return b.there(b.to("GET", signInPath+"?next=/account", nil))
}

// withPassword signs a worker in with a password and our second factor.
func (b *browser) withPassword(w worker) {
	b.h.t.Helper()
	b.page(200, "POST", identity.SignInPath, url.Values{"login": {w.login}, "password": {goodWords}, "next": {"/account"}})
	b.to("POST", "/sign-in/second", url.Values{"code": {b.h.code(w)}, "next": {"/account"}})
}

// connect connects the worker who is signed in with who sits at the provider.
func (b *browser) connect() {
	b.h.t.Helper()
	if to := b.to("GET", b.there(b.connectLink()), nil); to != accountPath {
		b.h.t.Fatal(to)
	}
}

// connectLink is where the page that begins a connection leads.
func (b *browser) connectLink() string {
	b.h.t.Helper()
	body := b.page(200, "POST", accountPath+"/connect", url.Values{})
	_, rest, _ := strings.Cut(body, `href="`+b.h.idp.issuer)
	path, _, ok := strings.Cut(rest, `"`)
	if !ok {
		b.h.t.Fatalf("no link to the provider\n%s", body)
	}
	return b.h.idp.issuer + html.UnescapeString(path)
}

// linked hires a worker who is connected with the provider's account of the same name, and signs
// out of everything; the browser is new.
func (h *house) linkedWorker(login string, role actor.Role) worker {
	h.t.Helper()
	w := h.hire(login, role)
	b := h.browser()
	b.withPassword(w)
	h.idp.who = login
	b.connect()
	b.page(200, "POST", identity.SignOutPath, url.Values{})
	h.log.take()
	return w
}

func with(all map[string]any, change map[string]any) map[string]any {
	out := maps.Clone(all)
	for k, v := range change {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

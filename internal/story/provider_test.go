package story

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

// provider is where the company's staff sign in: zitadel/oidc, which others wrote, with its storage in memory and a page
// like a real one's. Whoever signed in there is known by a cookie, and is not asked again until that visit is ended.
type provider struct {
	*storage.Storage
	server *httptest.Server
	issuer string
	key    *rsa.PrivateKey

	mu     sync.Mutex
	visits map[string]string // by cookie: the user
	wrong  string            // an audience in the place of ours
}

// Where the provider sends browsers back, and what it is asked to say of a second factor.
const (
	providerClient   = "amanah"
	providerPassword = "kata-sandi-di-penyedia"
	providerVisit    = "provider-visit"
)

func (p *provider) GetUserByID(id string) *storage.User {
	return p.GetUserByUsername(strings.TrimPrefix(id, "sub-"))
}

func (p *provider) GetUserByUsername(name string) *storage.User {
	if name != "maria" {
		return nil
	}
	return &storage.User{ID: "sub-" + name, Username: name, Password: providerPassword}
}

func (p *provider) ExampleClientID() string { return "service" }

// The provider's key, as one that signs and as one that is published.
type (
	signing   struct{ *rsa.PrivateKey }
	published struct{ signing }
)

func (signing) ID() string                                  { return "first" }
func (signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (s signing) Key() any                                  { return s.PrivateKey }
func (published) Algorithm() jose.SignatureAlgorithm        { return jose.RS256 }
func (published) Use() string                               { return "sig" }
func (s published) Key() any                                { return &s.PublicKey }

func (p *provider) SigningKey(context.Context) (op.SigningKey, error) { return signing{p.key}, nil }
func (p *provider) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{published{signing{p.key}}}, nil
}

// shown is a request in which both factors were shown.
type shown struct{ *storage.AuthRequest }

func (shown) GetAMR() []string { return []string{"pwd", "otp"} }

func (p *provider) AuthRequestByID(ctx context.Context, id string) (op.AuthRequest, error) {
	r, err := p.Storage.AuthRequestByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return shown{r.(*storage.AuthRequest)}, nil
}

func (p *provider) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	r, err := p.Storage.AuthRequestByCode(ctx, code)
	if err != nil {
		return nil, err
	}
	return shown{r.(*storage.AuthRequest)}, nil
}

func (p *provider) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	if a, ok := r.(shown); ok {
		r = a.AuthRequest
	}
	return p.Storage.CreateAccessToken(ctx, r)
}

// registered is our client as the provider has registered it: addresses letter by letter.
type registered struct{ op.Client }

func (registered) RedirectURIs() []string           { return []string{site + "/sign-in/return"} }
func (registered) PostLogoutRedirectURIs() []string { return []string{site + "/sign-in"} }
func (registered) LoginURL(id string) string        { return "/login?id=" + id }

func (p *provider) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := p.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return registered{c}, nil
}

// TerminateSession ends what the user's browsers are known by.
func (p *provider) TerminateSession(ctx context.Context, user, client string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.visits, func(_, whose string) bool { return whose == user })
	return p.Storage.TerminateSession(ctx, user, client)
}

// openProvider starts it; it is closed with the run.
func openProvider() (*provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	p := &provider{key: key, visits: map[string]string{}}
	p.Storage = storage.NewStorageWithClients(p, map[string]*storage.Client{providerClient: storage.WebClient(providerClient, providerPassword)})
	mux := http.NewServeMux()
	p.server = httptest.NewServer(mux)
	p.issuer = strings.Replace(p.server.URL, "127.0.0.1", "localhost", 1)
	library, err := op.NewProvider(&op.Config{CodeMethodS256: true, SupportedUILocales: []language.Tag{language.Indonesian}}, p, op.StaticIssuer(p.issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	back := op.AuthCallbackURL(library)
	mux.HandleFunc("/login", op.NewIssuerInterceptor(library.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, name := r.FormValue("id"), r.FormValue("username")
		visit, err := r.Cookie(providerVisit)
		known := err == nil && r.Method == http.MethodGet && !p.mustAsk(r.Context(), id)
		if known {
			p.mu.Lock()
			name, known = p.visits[visit.Value]
			p.mu.Unlock()
			name = strings.TrimPrefix(name, "sub-")
		}
		word := r.PostFormValue("password")
		if known {
			word = providerPassword // shown before, in this visit
		}
		if err := p.CheckUsernamePassword(name, word, id); err != nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprintf(w, `<!doctype html><html lang="id"><title>Penyedia</title><link rel="icon" href="data:,"><h1>Masuk di penyedia</h1>
<form method="post" action="/login"><input type="hidden" name="id" value="%s"><label>Nama di penyedia <input name="username"></label><label>Kata sandi di penyedia <input name="password" type="password"></label><button>Masuk</button></form>`, html.EscapeString(id))
			return
		}
		token := rand.Text()
		p.mu.Lock()
		p.visits[token] = "sub-" + name
		p.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: providerVisit, Value: token, Path: "/", HttpOnly: true})
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}))
	mux.HandleFunc("/oauth/token", func(w http.ResponseWriter, r *http.Request) { p.token(w, r, library) })
	mux.Handle("/", library)
	return p, nil
}

// mustAsk reports whether we told the provider to ask who it is, whoever is known.
func (p *provider) mustAsk(ctx context.Context, id string) bool {
	r, err := p.Storage.AuthRequestByID(ctx, id)
	return err != nil || slices.Contains(r.(*storage.AuthRequest).Prompt, "login")
}

// token answers as the library does, with an ID token for somebody else's audience when the story says so.
func (p *provider) token(w http.ResponseWriter, r *http.Request, library http.Handler) {
	p.mu.Lock()
	wrong := p.wrong
	p.mu.Unlock()
	if wrong == "" {
		library.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	library.ServeHTTP(answer, r)
	var all, claims map[string]any
	err := json.Unmarshal(answer.Body.Bytes(), &all)
	if err == nil {
		var token *jose.JSONWebSignature
		if token, err = jose.ParseSignedCompact(fmt.Sprint(all["id_token"]), []jose.SignatureAlgorithm{jose.RS256}); err == nil {
			err = json.Unmarshal(token.UnsafePayloadWithoutVerification(), &claims)
		}
	}
	claims["aud"], claims["azp"] = []string{wrong}, wrong
	signer, failed := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.key, KeyID: signing{}.ID()}}, nil)
	if err = errors.Join(err, failed); err == nil {
		body, _ := json.Marshal(claims)
		var token *jose.JSONWebSignature
		if token, err = signer.Sign(body); err == nil {
			all["id_token"], err = token.CompactSerialize()
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all)
}

// signsInThere fills the provider's own page.
func (p *person) signsInThere() {
	p.t.Helper()
	p.sees("Masuk di penyedia")
	p.fills("Nama di penyedia", "maria")
	p.fills("Kata sandi di penyedia", providerPassword)
	p.clicks("button", "Masuk")
}

func TestStoryAnAuditorSignsInAtTheProviderAndIsReallySignedOut(t *testing.T) {
	maria := somebody(t, "maria", "id")
	maria.elsewhere = idp.issuer
	maria.signsIn("auditor", indonesian)
	maria.opens("/account/provider")
	maria.looks("provider-unlinked")
	maria.clicks("button", "Hubungkan dengan Penyedia Kantor")
	maria.clicks("link", "Lanjut ke Penyedia Kantor")
	maria.signsInThere()
	maria.sees("Akun Anda sudah terhubung")
	maria.clicks("button", "Keluar")
	maria.isAt("/sign-in")

	maria.opens("/sign-in")
	maria.sees("Masuk dengan Penyedia Kantor")
	maria.looks("provider-sign-in")
	maria.clicks("link", "Masuk dengan Penyedia Kantor")
	maria.signsInThere() // she has not left there since: whoever it is now is asked
	maria.isSignedIn()
	maria.sees("Maria")

	maria.clicks("button", "Keluar")
	maria.waits("is not back from the provider", `location.pathname === "/sign-in" && document.readyState === "complete"`)
	idp.mu.Lock()
	if len(idp.visits) != 0 {
		t.Errorf("the provider still knows %d browsers", len(idp.visits))
	}
	idp.wrong = "another-application"
	idp.mu.Unlock()

	maria.refused = true
	maria.clicks("link", "Masuk dengan Penyedia Kantor")
	maria.signsInThere() // whoever comes next must say who he is
	maria.sees("Jawaban penyedia masuk tidak sah", "masuklah dengan kata sandi")
	maria.seesNot("another-application", "sub-maria")
	maria.looks("provider-wrong-audience")
	idp.mu.Lock()
	idp.wrong = ""
	idp.mu.Unlock()
	maria.opens("/sign-in")
	maria.clicks("link", "Masuk dengan Penyedia Kantor") // which knows her now, and asks nothing
	maria.isSignedIn()
	maria.keepsSession("auditor")
}

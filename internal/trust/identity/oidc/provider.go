package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// provider is the provider of identities as far as it is known. Its metadata is fetched when it
// is first needed and again after an hour; its keys are kept by the library, which fetches them
// anew when a token names one that it does not know.
type provider struct {
	options Options
	back    string // the redirect URI
	web     *http.Client

	mu     sync.Mutex // held while the metadata is fetched: those who come meanwhile wait for the same answer
	known  *metadata
	failed time.Time
}

// metadata is what the provider says of itself.
type metadata struct {
	*oidc.Provider

	EndSession string   `json:"end_session_endpoint"`
	NamesSelf  bool     `json:"authorization_response_iss_parameter_supported"`
	Methods    []string `json:"token_endpoint_auth_methods_supported"`
	at         time.Time
}

func newProvider(o Options, back string) provider {
	through := o.Through
	if through == nil {
		through = http.DefaultTransport
	}
	return provider{options: o, back: back, web: &http.Client{
		Timeout: fetchLimit, Transport: bounded{through},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the provider is where its issuer says
	}}
}

// bounded cuts off an answer that does not end.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// metadata asks the provider who it is, unless that is known. What is known longer than an hour
// is asked for again, and stays when there is no answer.
func (p *provider) metadata(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.DB.Now()
	if p.known != nil && now.Sub(p.known.at) < renewAfter {
		return p.known, nil
	}
	if now.Sub(p.failed) < retryAfter {
		if p.known != nil {
			return p.known, nil
		}
		return nil, errDown
	}
	// The one who asks may go away; the others wait for the same answer.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.web), p.options.Issuer)
	fresh := &metadata{Provider: found, at: now}
	if err == nil {
		err = found.Claims(fresh)
	}
	if err != nil || !secure(found.Endpoint().AuthURL, p.options.Issuer) || !secure(found.Endpoint().TokenURL, p.options.Issuer) {
		p.failed = now
		if p.known != nil {
			return p.known, nil
		}
		return nil, errDown // what the library says of it may quote what was sent
	}
	if !secure(fresh.EndSession, p.options.Issuer) {
		fresh.EndSession = ""
	}
	p.known = fresh
	return fresh, nil
}

// secure reports whether an address of the provider has the scheme of its issuer.
func secure(address, issuer string) bool {
	u, err := url.Parse(address)
	scheme, _, _ := strings.Cut(issuer, "://")
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == scheme)
}

func (p *provider) oauth(m *metadata) *oauth2.Config {
	endpoint := m.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // client_secret_basic is what every provider has
	if p.options.Secret == "" || len(m.Methods) > 0 && !slices.Contains(m.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: p.options.Client, ClientSecret: p.options.Secret, Endpoint: endpoint, RedirectURL: p.back, Scopes: append([]string{oidc.ScopeOpenID}, p.options.Scopes...)}
}

// address is where the browser goes for a flow. again makes the provider ask who is there, even
// if it knows.
func (p *provider) address(ctx context.Context, state string, f flow, again bool) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	how := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	switch {
	case again:
		how = append(how, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	case p.factors():
		how = append(how, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(factorAge.Seconds()))))
	}
	if len(p.options.ACR) > 0 {
		how = append(how, oauth2.SetAuthURLParam("acr_values", strings.Join(p.options.ACR, " ")))
	}
	return p.oauth(m).AuthCodeURL(state, how...), nil
}

// factors reports whether some of the provider's words mean a second factor.
func (p *provider) factors() bool { return len(p.options.ACR)+len(p.options.AMR) > 0 }

// identified is what an ID token says, as far as it counts here.
type identified struct {
	raw      string
	subject  string
	external string    // the value of the claim that the directory knows people by
	sid      string    // the session at the provider
	at       time.Time // when whoever it is showed who he is; zero when not said
	second   bool      // a second factor was shown then
	bare     bool      // nothing in the token says anything about a person
}

// redeem changes the code for an ID token and checks it.
func (p *provider) redeem(ctx context.Context, f flow, code string) (identified, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return identified{}, err
	}
	tokens, err := p.oauth(m).Exchange(oidc.ClientContext(ctx, p.web), code, oauth2.VerifierOption(f.Verifier))
	var answer *oauth2.RetrieveError
	switch {
	case errors.As(err, &answer) && answer.ErrorCode == "invalid_grant":
		return identified{}, errToken // a code that is not the provider's, or not good any more
	case errors.As(err, &answer) && answer.Response.StatusCode < http.StatusInternalServerError:
		return identified{}, errs.Wrap(errExchange.Kind, errExchange.Code, errors.New("the provider answered: "+known(answer.ErrorCode)))
	case err != nil:
		return identified{}, errDown
	}
	raw, _ := tokens.Extra("id_token").(string)
	return p.verify(ctx, m, f, raw)
}

// known keeps a word of RFC 6749, 5.2 for the operator's log; anything else is somebody's text.
func known(code string) string {
	if slices.Contains([]string{"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}, code) {
		return code
	}
	return "something else"
}

// asymmetric are the algorithms that a provider may sign with: never none, and never one for
// which its public key would be the secret.
var asymmetric = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

func (p *provider) verifier(m *metadata) *oidc.IDTokenVerifier {
	return m.Verifier(&oidc.Config{ClientID: p.options.Client, SupportedSigningAlgs: asymmetric, Now: p.options.DB.Now})
}

// claims are what is read of an ID token beside what the library checks.
type claims struct {
	Party string          `json:"azp"`
	At    json.Number     `json:"auth_time"`
	ACR   string          `json:"acr"`
	AMR   json.RawMessage `json:"amr"`
	SID   string          `json:"sid"`
}

func (p *provider) verify(ctx context.Context, m *metadata, f flow, raw string) (identified, error) {
	if raw == "" || len(raw) > maxToken {
		return identified{}, errToken
	}
	token, err := p.verifier(m).Verify(ctx, raw)
	if err != nil {
		if p.unreachable(ctx, err) {
			return identified{}, errDown
		}
		return identified{}, errToken
	}
	var c claims
	var all map[string]any
	now := p.options.DB.Now()
	switch err := errors.Join(token.Claims(&c), token.Claims(&all)); {
	case err != nil,
		token.Nonce == "" || token.Nonce != f.Nonce,
		token.Subject == "" || len(token.Subject) > 255,
		token.IssuedAt.After(now.Add(clockSkew)) || token.IssuedAt.IsZero(),
		len(token.Audience) > 1 && c.Party == "",
		c.Party != "" && c.Party != p.options.Client:
		return identified{}, errToken
	}
	out := identified{raw: raw, subject: token.Subject, sid: c.SID, bare: bare(all)}
	out.external, _ = all[p.options.Claim].(string)
	if at, err := c.At.Float64(); err == nil && at > 0 && at < math.MaxInt32*4 {
		out.at = time.Unix(int64(at), 0).UTC()
		if out.at.After(now) { // their clock is ahead; no factor was shown in the future
			if out.at.After(now.Add(clockSkew)) {
				return identified{}, errToken
			}
			out.at = now
		}
	}
	out.second = slices.Contains(p.options.ACR, c.ACR) || slices.ContainsFunc(words(c.AMR), func(w string) bool { return slices.Contains(p.options.AMR, w) })
	return out, nil
}

// words are the values of a claim that is a list, or one word where a provider has only one.
func words(raw json.RawMessage) (list []string) {
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	return nil
}

// unreachable tells keys that could not be fetched from a signature that is not good: the library
// says both with a text alone.
func (p *provider) unreachable(ctx context.Context, failed error) bool {
	return ctx.Err() != nil || strings.Contains(failed.Error(), "fetching keys")
}

// impersonal are the claims of an ID token that say nothing about a person: what protocols and
// providers put there for themselves.
var impersonal = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "sid", "jti", "typ",
	"session_state", "client_id", "ver", "tid", "oid", "uti", "rh", "aio",
}

func bare(all map[string]any) bool {
	for name := range all {
		if !slices.Contains(impersonal, name) {
			return false
		}
	}
	return true
}

// leave is where the browser signs out at the provider; "" when it offers no such place. A token
// that says anything about a person stays out of the address; the provider then asks whether the
// reader means it.
func (p *provider) leave(ctx context.Context, hint, back string) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil || m.EndSession == "" {
		return "", err
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return "", nil //nolint:nilerr // checked when it came
	}
	q := u.Query()
	q.Set("client_id", p.options.Client)
	q.Set("post_logout_redirect_uri", back)
	if hint != "" {
		q.Set("id_token_hint", hint)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// loggedOut checks a logout token and returns whom it is about, by subject or by session.
func (p *provider) loggedOut(ctx context.Context, raw string) (*oidc.LogoutToken, error) {
	if raw == "" || len(raw) > maxToken {
		return nil, errLogout
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	token, err := p.verifier(m).VerifyLogout(ctx, raw)
	now := p.options.DB.Now()
	switch {
	case err != nil && p.unreachable(ctx, err):
		return nil, errDown
	case err != nil, token.IssuedAt.After(now.Add(clockSkew)), token.Expiry.After(now.Add(24 * time.Hour)):
		return nil, errLogout
	}
	return token, nil
}

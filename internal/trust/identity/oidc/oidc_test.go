package oidc

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) { webtest.Pages(t, (&Service{}).Module()) }

func TestTexts(t *testing.T) { webtest.Texts(t, "oidc") }

func TestStaffSignInAtTheProviderWithASecondFactorShownThere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.linkedWorker("rina", actor.Agent)
		h.idp.amr = []string{"pwd", "otp"}
		b := h.browser()
		if body := b.page(200, "GET", "/sign-in?next=/account", nil); !strings.Contains(body, `href="/sign-in/provider?next=%2Faccount"`) || !strings.Contains(body, "Keycloak") {
			t.Error("the sign-in page does not lead to the provider")
		}
		if to := b.to("GET", b.signIn(), nil); to != "/account" {
			t.Error(to)
		}
		h.logged("identity.sign_in.provider done")
		for name, want := range map[string]string{"redirect_uri": testOrigin + ReturnPath, "response_type": "code", "scope": "openid", "code_challenge_method": "S256", "client_id": clientID, "max_age": "900", "prompt": ""} {
			if got := h.idp.asked.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		v, err := h.visitor(b.cookies[identity.CookieName])
		h.ok(err)
		if v.Actor.ID() != w.id || v.Actor.Role() != actor.Agent || !v.Actor.SecondFactorAt().Equal(h.now) {
			t.Errorf("%v %s", v.Actor, v.Actor.SecondFactorAt())
		}
		if body := b.page(200, "GET", "/account", nil); !strings.Contains(body, "Rina Wulandari") {
			t.Error("the session shows nobody's account")
		}
		if b.cookies[identity.DeviceCookie] == "" || b.cookies[visitCookie] == "" {
			t.Errorf("%v", b.cookies)
		}
	})
}

func TestOneFactorAtTheProviderIsHalfASignIn(t *testing.T) {
	for name, set := range map[string]func(h *house){
		"no word of a second factor": func(h *house) { h.idp.amr = []string{"pwd"} },
		"a second factor long ago": func(h *house) {
			h.idp.amr = []string{"otp"}
			h.idp.at = func() time.Time { return h.now.Add(-factorAge - time.Second) }
		},
		"no time of it": func(h *house) {
			h.wire.token = func(nonce string) string {
				return jwt(h.idp.keys[0], with(h.claimsNow(nonce), map[string]any{"auth_time": nil}))
			}
		},
		"another acr": func(h *house) {
			h.ACR, h.provider.options.ACR, h.idp.acr = []string{"gold"}, []string{"gold"}, "silver"
		},
		"nothing that counts here": func(h *house) {
			h.idp.amr, h.AMR, h.provider.options.AMR = []string{"otp"}, nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := one(t, nil)
			w := h.linkedWorker("rina", actor.Agent)
			set(h)
			b := h.browser()
			to := b.to("GET", b.signIn(), nil)
			if to != "/sign-in/second?next=%2Faccount" || b.cookies[identity.CookieName] != "" {
				t.Fatalf("%s %v", to, b.cookies)
			}
			h.logged()
			b.page(200, "GET", to, nil)
			b.page(401, "POST", "/sign-in/second", url.Values{"code": {"000000"}, "next": {"/account"}})
			if to := b.to("POST", "/sign-in/second", url.Values{"code": {h.code(w)}, "next": {"/account"}}); to != "/account" {
				t.Error(to)
			}
			h.logged("identity.second_factor denied identity.wrong_code", "identity.sign_in.totp done")
		})
	}
}

func TestTheProvidersWordForASecondFactorIsDataOfTheConfiguration(t *testing.T) {
	h := one(t, func(o *Options) { o.ACR, o.AMR = []string{"gold", "platinum"}, nil })
	h.linkedWorker("rina", actor.Agent)
	h.idp.acr = "platinum"
	b := h.browser()
	b.to("GET", b.signIn(), nil)
	h.logged("identity.sign_in.provider done")
	if got := h.idp.asked.Get("acr_values"); got != "gold platinum" {
		t.Errorf("asked for %q", got)
	}
	// A provider that writes one word where a list belongs is understood.
	if got := words([]byte(`"mfa"`)); len(got) != 1 || got[0] != "mfa" {
		t.Errorf("%q", got)
	}
	if got := words([]byte(`{"mfa":true}`)); got != nil {
		t.Errorf("%q", got)
	}
}

func TestAnEMailAddressOrANameIsNeverALink(t *testing.T) {
	h := one(t, nil)
	h.hire("rina", actor.Agent)
	h.hire("rina@nusantara.example", actor.Agent)
	h.idp.amr = []string{"otp"}
	h.wire.token = func(nonce string) string {
		return jwt(h.idp.keys[0], with(h.claimsNow(nonce), map[string]any{"email": "rina@nusantara.example", "email_verified": true, "preferred_username": "rina", "name": "Rina Wulandari", "upn": "rina"}))
	}
	b := h.browser()
	body := b.page(401, "GET", b.signIn(), nil)
	if strings.Contains(body, "nusantara.example") || strings.Contains(body, "Rina") || !strings.Contains(body, "belum terhubung") {
		t.Errorf("%s", body)
	}
	h.logged("identity.sign_in denied oidc.not_linked")
}

func TestWhoeverWasDisabledCannotSignInAtTheProvider(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.hire("boss", actor.Admin)
		w := h.linkedWorker("rina", actor.Agent)
		h.idp.amr = []string{"otp"}
		h.ok(h.Identity.Disable(h.ctx, identity.Terminal(), w.id))
		h.log.take()
		b := h.browser()
		b.page(401, "GET", b.signIn(), nil)
		h.logged("identity.sign_in denied identity.wrong_sign_in")
		h.idp.amr = []string{"pwd"}
		b.page(401, "GET", b.signIn(), nil)
		if b.cookies[identity.CookieName] != "" {
			t.Error("a session")
		}
		h.logged("identity.sign_in denied identity.wrong_sign_in")
	})
}

// An account that was reset is enrolled with a link and a second person's code, whatever its owner
// once connected; one that the directory made, and nobody enrolled, is opened by the provider.
func TestWhoWasInvitedIsLetInByTheDirectorysWordAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.idp.amr = []string{"otp"}
		w := h.linkedWorker("rina", actor.Agent)
		_, err := h.Identity.MakeLink(h.ctx, identity.Terminal(), w.id)
		h.ok(err)
		h.log.take()
		h.idp.amr = []string{"otp"}
		b := h.browser()
		b.page(401, "GET", b.signIn(), nil)
		h.logged("identity.sign_in denied identity.wrong_sign_in")

		sari, err := h.Identity.CreateStaff(h.ctx, identity.Terminal(), identity.NewStaff{Name: "Sari", Login: "sari", Role: actor.Agent})
		h.ok(err)
		boss, err := h.Identity.CreateStaff(h.ctx, identity.Terminal(), identity.NewStaff{Name: "Budi", Login: "budi", Role: actor.DPO})
		h.ok(err)
		h.directory["sub-sari"], h.directory["sub-budi"] = sari, boss
		h.log.take()
		h.idp.who = "sari"
		h.idp.amr = []string{"pwd"}
		b.page(401, "GET", b.signIn(), nil)
		h.logged("identity.sign_in denied identity.wrong_sign_in")
		h.idp.amr = []string{"otp"}
		if to := b.to("GET", b.signIn(), nil); to != "/account" {
			t.Error(to)
		}
		h.logged("identity.sign_in.provider done")
		// Whoever has no factor of ours cannot come in with half of the provider's.
		h.idp.amr = []string{"pwd"}
		b = h.browser()
		b.page(403, "GET", b.signIn(), nil)
		h.logged("identity.sign_in denied oidc.no_factor_at_all")
		// The directory's word makes no DPO.
		h.idp.who, h.idp.amr = "budi", []string{"otp"}
		b.page(401, "GET", b.signIn(), nil)
		h.logged("identity.sign_in denied identity.wrong_sign_in")
	})
}

func TestConnectingTakesAFreshSecondFactorHereAndASignInThere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w, other := h.hire("rina", actor.Agent), h.hire("budi", actor.Agent)
		b := h.browser()
		b.withPassword(w)
		h.log.take()
		if body := b.page(200, "GET", accountPath, nil); !strings.Contains(body, "belum terhubung") {
			t.Errorf("%s", body)
		}
		link := b.connectLink()
		back := b.there(link)
		if h.idp.asked.Get("prompt") != "login" || h.idp.asked.Get("max_age") != "0" {
			t.Errorf("the provider was not told to ask: %v", h.idp.asked)
		}
		if to := b.to("GET", back, nil); to != accountPath {
			t.Error(to)
		}
		h.logged("oidc.linked done")
		if body := b.page(200, "GET", accountPath, nil); !strings.Contains(body, "terhubung dengan Keycloak sejak") {
			t.Errorf("%s", body)
		}
		// The same account there is nobody else's here.
		c := h.browser()
		c.withPassword(other)
		h.log.take()
		body := c.page(409, "GET", c.there(c.connectLink()), nil)
		if !strings.Contains(body, "staf lain") {
			t.Errorf("%s", body)
		}
		h.logged("oidc.linked denied oidc.taken")
		// A provider that answers without having asked.
		h.idp.at = func() time.Time { return h.now.Add(-2 * time.Minute) }
		h.idp.who = "budi"
		c.page(401, "GET", c.there(c.connectLink()), nil)
		h.logged("oidc.linked denied oidc.not_shown_again")
		h.idp.at = func() time.Time { return h.now }
		// Another session of the same browser does not end what this one began.
		back = c.there(c.connectLink())
		c.withPassword(w)
		h.log.take()
		c.page(303, "GET", back, nil) // to the sign-in page: that session is over
		h.logged("oidc.linked denied web.session")
		// Without a fresh factor neither begins nor ends.
		h.now = h.now.Add(6 * time.Minute)
		for _, act := range []string{"/connect", "/disconnect"} {
			if body := b.page(401, "POST", accountPath+act, url.Values{}); !strings.Contains(body, `action="/step-up"`) {
				t.Errorf("%s", body)
			}
		}
		b.to("POST", identity.StepUpPath, url.Values{"code": {h.code(w)}, "next": {accountPath}})
		h.log.take()
		if to := b.to("POST", accountPath+"/disconnect", url.Values{}); to != accountPath {
			t.Error(to)
		}
		h.logged("oidc.unlinked done")
		b.page(404, "POST", accountPath+"/disconnect", url.Values{})
	})
}

func TestARiskyActTakesTheProvidersFactorShownAnew(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.linkedWorker("rina", actor.Agent)
		h.linkedWorker("budi", actor.Agent)
		h.idp.who, h.idp.amr = "rina", []string{"otp"}
		b := h.browser()
		b.to("GET", b.signIn(), nil)
		h.now = h.now.Add(6 * time.Minute)
		h.log.take()
		b.page(401, "POST", accountPath+"/disconnect", url.Values{})
		body := b.page(200, "GET", identity.StepUpPath+"?next="+accountPath, nil)
		if !strings.Contains(body, `href="/step-up/provider?next=%2Faccount%2Fprovider"`) {
			t.Errorf("%s", body)
		}
		go_ := func() string { return b.there(b.to("GET", stepUpPath+"?next="+accountPath, nil)) }
		for refusal, set := range map[string]func(){
			"oidc.not_shown_again":  func() { h.idp.at = func() time.Time { return h.now.Add(-2 * time.Minute) } },
			"oidc.no_second_factor": func() { h.idp.amr = []string{"pwd"} },
			"oidc.somebody_else":    func() { h.idp.who = "budi" },
		} {
			set()
			back := go_()
			if h.idp.asked.Get("prompt") != "login" || h.idp.asked.Get("max_age") != "0" {
				t.Errorf("the provider was not told to ask: %v", h.idp.asked)
			}
			if res := b.do("GET", back, nil); res.StatusCode != 401 && res.StatusCode != 403 {
				t.Errorf("%s: %d", refusal, res.StatusCode)
			}
			h.logged("identity.second_factor denied " + refusal)
			h.idp.at, h.idp.amr, h.idp.who = func() time.Time { return h.now }, []string{"otp"}, "rina"
		}
		old := b.cookies[identity.CookieName]
		if to := b.to("GET", go_(), nil); to != accountPath {
			t.Error(to)
		}
		h.logged("identity.second_factor_shown.provider done")
		if _, err := h.visitor(old); err == nil || b.cookies[identity.CookieName] == old {
			t.Error("the token was not renewed")
		}
		if to := b.to("POST", accountPath+"/disconnect", url.Values{}); to != accountPath {
			t.Error(to)
		}
	})
}

func TestWhereTheProvidersFactorDoesNotCountOursIsShown(t *testing.T) {
	h := one(t, func(o *Options) { o.AMR = nil })
	w := h.linkedWorker("rina", actor.Agent)
	b := h.browser()
	b.withPassword(w)
	_, err := h.Refresh(h.ctx, actor.Actor{}, "", "/")
	h.wants(err, "oidc.no_second_factor")
	b.page(401, "GET", stepUpPath, nil)
}

// What leaves and comes back is of one browser, and once.
func TestAnAnswerIsGoodOnceInTheBrowserThatAsked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.linkedWorker("rina", actor.Agent)
		h.idp.amr = []string{"otp"}
		b, other := h.browser(), h.browser()
		back := b.signIn()
		other.page(401, "GET", back, nil) // forwarded
		other.signIn()
		other.page(401, "GET", back, nil) // to a browser that is on its own way
		h.logged()
		b.to("GET", back, nil)
		h.logged("identity.sign_in.provider done")
		b.page(401, "GET", back, nil)
		h.logged("identity.sign_in denied oidc.replayed")
		b.page(401, "GET", back, nil)
		h.logged() // a replay is on record once
		for _, bad := range []string{"", "?state=x&code=y", "?code=y", back + "&state=amanah_flo_x", "?state=" + strings.Repeat("a", 3000)} {
			if !strings.HasPrefix(bad, "/") {
				bad = ReturnPath + bad
			}
			b.page(401, "GET", bad, nil)
		}
		// Another state with this code; no code; a refusal of the provider's, with words of theirs.
		u, _ := url.Parse(b.signIn())
		for _, q := range []url.Values{{"state": {u.Query().Get("state")}}, {"error": {"access_denied"}, "error_description": {"<b>rina@nusantara.example</b>"}}, {"code": {"somebody's"}}, {"code": {"x"}, "iss": {"https://other.example"}}} {
			u, _ := url.Parse(b.signIn())
			q.Set("state", u.Query().Get("state"))
			if body := b.page(401, "GET", ReturnPath+"?"+q.Encode(), nil); strings.Contains(body, "nusantara.example") {
				t.Errorf("%s", body)
			}
		}
		h.logged("identity.sign_in denied oidc.bad_token", "identity.sign_in denied oidc.declined", "identity.sign_in denied oidc.bad_token", "identity.sign_in denied oidc.bad_token")
		// Too late.
		back = b.signIn()
		h.now = h.now.Add(flowLimit + time.Second)
		b.page(401, "GET", back, nil)
		h.ok(h.Sweep(h.ctx))
		var left int64
		h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
			return tx.Data.Row(`select count(*) from oidc_flow`).Scan(&left)
		}))
		if left != 0 {
			t.Errorf("%d ways are left", left)
		}
	})
}

func TestHostileTokensAreRefusedAndOnRecord(t *testing.T) {
	h := one(t, nil)
	h.linkedWorker("rina", actor.Agent)
	h.idp.amr = []string{"otp"}
	key := h.idp.keys[0]
	public, err := x509.MarshalPKIXPublicKey(&key.private.PublicKey)
	h.ok(err)
	hs256 := func(head map[string]any, secret []byte, all map[string]any) string {
		signed := segment(head) + "." + segment(all)
		m := hmac.New(sha256.New, secret)
		_, _ = m.Write([]byte(signed))
		return signed + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	claim := func(name string, value any) func(string) string {
		return func(nonce string) string { return jwt(key, with(h.claimsNow(nonce), map[string]any{name: value})) }
	}
	before := ""
	for name, token := range map[string]func(nonce string) string{
		"wrong audience":           claim("aud", "another"),
		"no audience":              claim("aud", nil),
		"two audiences, no azp":    claim("aud", []string{clientID, "another"}),
		"issued for another":       claim("azp", "another"),
		"wrong issuer":             claim("iss", "https://evil.example"),
		"issuer with a slash more": claim("iss", h.idp.issuer+"/"),
		"no issuer":                claim("iss", nil),
		"expired": func(nonce string) string {
			return jwt(key, with(h.claimsNow(nonce), map[string]any{"exp": h.now.Unix() - 1}))
		},
		"no expiry": claim("exp", nil),
		"not yet valid": func(nonce string) string {
			return jwt(key, with(h.claimsNow(nonce), map[string]any{"nbf": h.now.Unix() + 3600}))
		},
		"issued in the future": func(nonce string) string {
			return jwt(key, with(h.claimsNow(nonce), map[string]any{"iat": h.now.Unix() + 3600}))
		},
		"shown in the future": func(nonce string) string {
			return jwt(key, with(h.claimsNow(nonce), map[string]any{"auth_time": h.now.Unix() + 3600}))
		},
		"not issued":         claim("iat", nil),
		"no subject":         claim("sub", nil),
		"an endless subject": claim("sub", strings.Repeat("x", 256)),
		"no nonce":           claim("nonce", nil),
		"another nonce":      claim("nonce", "x"),
		"an endless token":   claim("x", strings.Repeat("x", maxToken)),
		"alg none": func(nonce string) string {
			return segment(map[string]any{"alg": "none"}) + "." + segment(h.claimsNow(nonce)) + "."
		},
		"HS256 with the public key": func(nonce string) string {
			return hs256(map[string]any{"alg": "HS256", "kid": key.id}, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), h.claimsNow(nonce))
		},
		"HS256 with the client secret": func(nonce string) string {
			return hs256(map[string]any{"alg": "HS256"}, []byte(clientWord), h.claimsNow(nonce))
		},
		"another key of that name": func(nonce string) string { return jwt(newSigner(key.id), h.claimsNow(nonce)) },
		"a key in the token": func(nonce string) string {
			own := newSigner("own")
			signed := jwt(own, h.claimsNow(nonce))
			_, rest, _ := strings.Cut(signed, ".")
			return segment(map[string]any{"alg": "RS256", "jku": "https://evil.example/keys", "kid": "own"}) + "." + rest
		},
		"a changed claim": func(nonce string) string {
			parts := strings.Split(jwt(key, h.claimsNow(nonce)), ".")
			return parts[0] + "." + segment(with(h.claimsNow(nonce), map[string]any{"sub": "sub-budi"})) + "." + parts[2]
		},
		"the token before": func(nonce string) string { return before },
		"no token":         func(string) string { return "" },
		"no JWT":           func(string) string { return "a.b" },
		"five parts":       func(string) string { return "a.b.c.d.e" },
		"not JSON":         func(string) string { return "e30.eA.eA" },
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			b := h.browser()
			h.wire.token = func(nonce string) string { before = jwt(key, h.claimsNow(nonce)); return before }
			b.to("GET", b.signIn(), nil) // the same token without the fault is good
			h.log.take()
			h.wire.token = token
			b = h.browser()
			b.page(401, "GET", b.signIn(), nil)
			h.logged("identity.sign_in denied oidc.bad_token")
			if b.cookies[identity.CookieName] != "" || b.cookies["__Host-amanah-step"] != "" {
				t.Errorf("%v", b.cookies)
			}
		})
	}
}

func TestTheProvidersKeysMayChange(t *testing.T) {
	h := one(t, nil)
	h.linkedWorker("rina", actor.Agent)
	h.idp.amr = []string{"otp"}
	b := h.browser()
	b.to("GET", b.signIn(), nil)
	old := h.idp.keys[0]
	h.idp.rotate("second")
	b.to("GET", b.signIn(), nil)
	h.log.take()
	// What the old key signs is worth nothing once the new keys are known.
	h.wire.token = func(nonce string) string { return jwt(old, h.claimsNow(nonce)) }
	b = h.browser()
	b.page(401, "GET", b.signIn(), nil)
	h.logged("identity.sign_in denied oidc.bad_token")
}

func TestAProviderThatIsDownIsCalledThatAndKeepsNobodyWithAPasswordOut(t *testing.T) {
	h := one(t, nil)
	w := h.linkedWorker("rina", actor.Agent)
	h.idp.amr = []string{"otp"}
	h.provider.known.at = h.now.Add(-renewAfter) // what it said of itself is old
	h.wire.down = func(*http.Request) bool { return true }
	b := h.browser()
	back := b.signIn() // what it said before still leads there
	h.logged()
	body := b.page(503, "GET", back, nil)
	if strings.Contains(body, "nusantara.example") || !strings.Contains(body, "tidak menjawab") {
		t.Errorf("%s", body)
	}
	h.logged() // nobody showed anything
	b.withPassword(w)

	// One that never answered is asked again after a while, and not by everybody at once.
	h.provider.known, h.provider.failed = nil, time.Time{}
	h.wire.carried = nil
	b = h.browser()
	for range 5 {
		b.page(503, "GET", signInPath, nil)
	}
	if len(h.wire.carried) != 1 {
		t.Errorf("asked %d times", len(h.wire.carried))
	}
	h.now = h.now.Add(retryAfter)
	h.wire.down = nil
	b.to("GET", b.signIn(), nil)
	// Its keys are out of reach: not a bad token.
	h.provider.known = nil
	h.wire.down = func(r *http.Request) bool { return strings.Contains(r.URL.Path, "keys") }
	b = h.browser()
	h.log.take()
	b.page(503, "GET", b.signIn(), nil)
	h.logged()
	// A wrong client secret is a fault of the installation.
	h.wire.down = nil
	h.provider.options.Secret = "another"
	b.page(503, "GET", b.signIn(), nil)
	if text := b.desk.Log.String(); !strings.Contains(text, "invalid_client") || strings.Contains(text, "nusantara") || strings.Contains(text, clientWord) {
		t.Errorf("%s", text)
	}
}

func TestAProviderThatIsNotWhoItsIssuerSaysIsNotAsked(t *testing.T) {
	h := one(t, func(o *Options) { o.Issuer += "/other" })
	h.browser().page(503, "GET", signInPath, nil)
	for address, want := range map[string]bool{"https://id.example/x": true, "http://id.example/x": false, "": false, "javascript:alert(1)": false, "/x": false} {
		if secure(address, "https://id.example") != want {
			t.Errorf("%q", address)
		}
	}
}

func TestWhoeverSignsOutIsSignedOutAtTheProviderToo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.linkedWorker("rina", actor.Agent)
		h.idp.amr = []string{"otp"}
		b := h.browser()
		b.to("GET", b.signIn(), nil)
		kept := b.cookies[identity.CookieName]
		h.log.take()
		res := b.do("POST", identity.SignOutPath, url.Values{})
		h.logged("identity.session_ended done")
		_, to, _ := strings.Cut(res.Header.Get("Refresh"), "url=")
		u, err := url.Parse(to)
		h.ok(err)
		q := u.Query()
		if res.StatusCode != 200 || q.Get("post_logout_redirect_uri") != testOrigin+"/sign-in" || q.Get("client_id") != clientID || q.Get("id_token_hint") == "" {
			t.Fatalf("%d %s", res.StatusCode, to)
		}
		if res.Header.Get("Clear-Site-Data") != `"cache", "storage"` {
			t.Error("the browser is not told to forget")
		}
		if len(b.cookies[identity.CookieName]+b.cookies[visitCookie]) != 0 {
			t.Errorf("%v", b.cookies)
		}
		if _, err := h.visitor(kept); err == nil {
			t.Error("the session lives")
		}
		// The provider takes it.
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := client.Get(to)
		h.ok(err)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusFound || answer.Header.Get("Location") != testOrigin+"/sign-in" {
			t.Errorf("%d %s", answer.StatusCode, answer.Header.Get("Location"))
		}
		// A browser that was not there signs out here alone.
		w := h.hire("tono", actor.Agent)
		c := h.browser()
		c.withPassword(w)
		if to := c.to("POST", identity.SignOutPath, url.Values{}); to != identity.SignInPath {
			t.Error(to)
		}
	})
}

func TestATokenThatSaysWhoSomebodyIsStaysOutOfTheAddress(t *testing.T) {
	h := one(t, nil)
	h.linkedWorker("rina", actor.Agent)
	h.wire.token = func(nonce string) string {
		return jwt(h.idp.keys[0], with(h.claimsNow(nonce), map[string]any{"email": "rina@nusantara.example"}))
	}
	b := h.browser()
	b.to("GET", b.signIn(), nil)
	res := b.do("POST", identity.SignOutPath, url.Values{})
	if to := res.Header.Get("Refresh"); !strings.Contains(to, "client_id=amanah") || strings.Contains(to, "id_token_hint") {
		t.Error(to)
	}
}

func TestASharedComputerDoesNotRememberWhoForgotToSignOut(t *testing.T) {
	h := one(t, nil)
	h.linkedWorker("rina", actor.Agent)
	budi := h.linkedWorker("budi", actor.Agent)
	h.idp.who, h.idp.amr = "rina", []string{"otp"}
	b := h.browser()
	b.to("GET", b.signIn(), nil)
	h.now = h.now.Add(16 * time.Minute) // nobody is there; the session here is over
	body := b.page(200, "GET", identity.SignInPath, nil)
	if !strings.Contains(body, `action="/sign-in/leave"`) || strings.Contains(body, "Rina") {
		t.Errorf("%s", body)
	}
	// The next one is asked by the provider who he is, even if it knows the one before.
	h.idp.who = "budi"
	back := b.signIn()
	if h.idp.asked.Get("prompt") != "login" {
		t.Errorf("the provider is not told to ask: %v", h.idp.asked)
	}
	b.to("GET", back, nil)
	if v, err := h.visitor(b.cookies[identity.CookieName]); err != nil || v.Actor.ID() != budi.id {
		t.Errorf("%v %v", v.Actor, err)
	}
	// A provider that does not ask brings half a sign-in only.
	h.idp.at = func() time.Time { return h.now.Add(-3 * time.Minute) }
	if to := b.to("GET", b.signIn(), nil); !strings.HasPrefix(to, "/sign-in/second") {
		t.Error(to)
	}
	res := b.do("POST", "/sign-in/leave", url.Values{})
	if res.StatusCode != 200 || res.Header.Get("Refresh") == "" {
		t.Errorf("%d", res.StatusCode)
	}
	if to := b.to("POST", "/sign-in/leave", url.Values{}); to != identity.SignInPath {
		t.Error(to)
	}
	// A provider that does not answer cannot be left: the reader is told what to do.
	h.idp.at = func() time.Time { return h.now }
	b.to("GET", b.signIn(), nil)
	h.provider.known, h.wire.down = nil, func(*http.Request) bool { return true }
	if body := b.page(200, "POST", identity.SignOutPath, url.Values{}); !strings.Contains(body, "Tutup semua jendela") {
		t.Errorf("%s", body)
	}
}

func TestASignOutAtTheProviderEndsTheSessionsHere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.linkedWorker("rina", actor.Agent)
		h.linkedWorker("budi", actor.Agent)
		key := h.idp.keys[0]
		signed := func(who, sid string) (*browser, string) {
			h.idp.who = who
			h.wire.token = func(nonce string) string {
				return jwt(key, with(h.claimsNow(nonce), map[string]any{"sub": "sub-" + who, "sid": sid}))
			}
			b := h.browser()
			b.to("GET", b.signIn(), nil)
			return b, b.cookies[identity.CookieName]
		}
		lives := func(cookie string) bool { _, err := h.visitor(cookie); return err == nil }
		_, rina := signed("rina", "s1")
		b, budi := signed("budi", "s2")
		h.log.take()
		good := map[string]any{"iss": h.idp.issuer, "sub": "sub-rina", "aud": clientID, "iat": h.now.Unix(), "exp": h.now.Unix() + 120, "jti": "1", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
		for name, token := range map[string]string{
			"empty":          "",
			"an ID token":    jwt(key, h.claimsNow("n")),
			"a nonce":        jwt(key, with(good, map[string]any{"nonce": "n"})),
			"wrong audience": jwt(key, with(good, map[string]any{"aud": "another"})),
			"wrong issuer":   jwt(key, with(good, map[string]any{"iss": "https://evil.example"})),
			"expired":        jwt(key, with(good, map[string]any{"exp": h.now.Unix() - 1})),
			"for ever":       jwt(key, with(good, map[string]any{"exp": h.now.Unix() + 1<<30})),
			"the future":     jwt(key, with(good, map[string]any{"iat": h.now.Unix() + 3600})),
			"nobody":         jwt(key, with(good, map[string]any{"sub": nil})),
			"no jti":         jwt(key, with(good, map[string]any{"jti": nil})),
			"another's key":  jwt(newSigner(key.id), good),
			"alg none":       segment(map[string]any{"alg": "none"}) + "." + segment(good) + ".",
		} {
			if body := b.page(400, "POST", logoutPath, url.Values{"logout_token": {token}}); body != `{"error":"invalid_request"}` {
				t.Errorf("%s: %s", name, body)
			}
		}
		h.logged()
		if !lives(rina) || !lives(budi) {
			t.Fatal("a token that is not good ended a session")
		}
		stranger := h.browser()
		stranger.page(200, "POST", logoutPath, url.Values{"logout_token": {jwt(key, good)}})
		h.logged("identity.other_sessions_ended done")
		if lives(rina) || !lives(budi) {
			t.Error("not hers alone")
		}
		stranger.page(400, "POST", logoutPath, url.Values{"logout_token": {jwt(key, good)}})
		h.logged("identity.other_sessions_ended denied oidc.bad_logout")
		stranger.page(200, "POST", logoutPath, url.Values{"logout_token": {jwt(key, with(good, map[string]any{"sub": nil, "sid": "s2", "jti": "2"}))}})
		if lives(budi) {
			t.Error("a sign-out by session alone did nothing")
		}
	})
}

// The page that takes the provider's answer takes what real providers send, which is long.
func TestALongAnswerOfTheProviderComesIn(t *testing.T) {
	h := one(t, nil)
	b := h.browser()
	b.page(401, "GET", ReturnPath+"?state=x&code="+strings.Repeat("c", 6000), nil)
	b.page(414, "GET", ReturnPath+"?state=x&code="+strings.Repeat("c", 9000), nil)
	b.page(414, "GET", identity.SignInPath+"?next="+strings.Repeat("c", 6000), nil)
}

func TestNoPersonalDataIsInEventsOfSignIns(t *testing.T) {
	h := one(t, nil)
	h.linkedWorker("rina", actor.Agent)
	b := h.browser()
	back := b.signIn()
	b.do("GET", back, nil)
	u, _ := url.Parse(back)
	for _, secret := range []string{u.Query().Get("code"), u.Query().Get("state"), "sub-rina", "nusantara.example"} {
		if strings.Contains(b.desk.Log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

package page

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/kit/testkit/authenticator"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// browser keeps cookies as a browser does and speaks to the whole front desk.
type browser struct {
	h       *house
	handler http.Handler
	cookies map[string]string
}

// registered are the companies of the test's house.
func registered(context.Context) ([]Controller, error) {
	return []Controller{{controllerA, "PT Toko Nusantara"}, {"ctl_01k9xq3v7me8t0000z9w2h4r6b", "PT Asuransi Nusantara"}}, nil
}

func (h *house) desk() http.Handler {
	h.t.Helper()
	return webtest.New(h.t, func(o *web.Options) {
		o.Lookup, o.Clock, o.SignIn, o.Fresh, o.SignOut = h.Lookup, func() time.Time { return h.now }, identity.SignInPath, identity.StepUpPath, identity.SignOutPath
		o.ActorLimit, o.AddressLimit = web.Limits{Rate: 1000, Burst: 1000}, web.Limits{Rate: 1000, Burst: 1000}
	}, Module(h.Identity, registered, Provider{})).Handler()
}

func (h *house) browser() *browser {
	return &browser{h: h, handler: h.desk(), cookies: map[string]string{}}
}

func (b *browser) do(method, target string, form url.Values, header ...string) *http.Response {
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
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	out := w.Result()
	for _, c := range out.Cookies() {
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode) {
			b.h.t.Errorf("cookie %+v is not what its name promises", c)
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
func (b *browser) page(status int, method, target string, form url.Values, header ...string) string {
	b.h.t.Helper()
	res := b.do(method, target, form, header...)
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != status {
		b.h.t.Fatalf("%s %s: %d, want %d\n%.2000s", method, target, res.StatusCode, status, body)
	}
	if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		b.h.t.Errorf("%s %s may be cached: %q", method, target, got)
	}
	return string(body)
}

// to expects a redirect and returns where it leads.
func (b *browser) to(method, target string, form url.Values) string {
	b.h.t.Helper()
	res := b.do(method, target, form)
	if res.StatusCode != http.StatusSeeOther {
		body, _ := io.ReadAll(res.Body)
		b.h.t.Fatalf("%s %s: %d\n%.2000s", method, target, res.StatusCode, body)
	}
	return res.Header.Get("Location")
}

func (b *browser) signIn(w worker) {
	b.h.t.Helper()
	b.page(200, "POST", identity.SignInPath, url.Values{"login": {w.login}, "password": {goodWords}, "next": {"/account"}})
	if to := b.to("POST", secondPath, url.Values{"code": {b.h.code(w)}, "next": {"/account"}}); to != "/account" {
		b.h.t.Fatal(to)
	}
}

func TestSigningInThroughTheBrowser(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	b := h.browser()
	if to := b.to("GET", "/account", nil); to != "/sign-in?next=%2Faccount" && to != "/sign-in?next=/account" {
		t.Error(to)
	}
	if body := b.page(200, "GET", "/sign-in?next=/account", nil); !strings.Contains(body, `value="/account"`) || !strings.Contains(body, "/setup") {
		t.Error("the sign-in page forgets where to go, or does not offer the set-up")
	}
	if body := b.page(200, "GET", "/sign-in?next=//evil.example", nil); strings.Contains(body, "evil") {
		t.Error("the sign-in page would lead elsewhere")
	}
	body := b.page(401, "POST", identity.SignInPath, url.Values{"login": {"rina"}, "password": {"hunter2hunter2"}, "next": {"/"}})
	if strings.Contains(body, "hunter2") || !strings.Contains(body, "tidak cocok") {
		t.Errorf("%s", body)
	}
	body = b.page(200, "POST", identity.SignInPath, url.Values{"login": {"rina"}, "password": {goodWords}, "next": {"/account"}})
	if !strings.Contains(body, `name="code"`) || b.cookies[stepCookie] == "" || b.cookies[identity.CookieName] != "" {
		t.Errorf("%s", body)
	}
	b.page(200, "GET", secondPath, nil)
	b.page(422, "POST", secondPath+"/options", nil) // no passkey enrolled
	b.page(401, "POST", secondPath, url.Values{"code": {"000000"}, "next": {"/account"}})
	if to := b.to("POST", secondPath, url.Values{"code": {h.code(w)}, "next": {"/account"}}); to != "/account" {
		t.Error(to)
	}
	if b.cookies[stepCookie] != "" || b.cookies[identity.CookieName] == "" {
		t.Errorf("%v", b.cookies)
	}
	if body := b.page(200, "GET", "/account", nil); !strings.Contains(body, "Rina Wulandari") {
		t.Errorf("%s", body)
	}
	// Signing in again on the same browser ends the session that was there.
	old := b.cookies[identity.CookieName]
	b.signIn(w)
	if b.cookies[identity.CookieName] == old {
		t.Error("the token was not renewed")
	}
	if err := h.asks("Cookie", identity.CookieName+"="+old); err == nil {
		t.Error("the old session lives on")
	}
	kept := b.cookies[identity.CookieName]
	if to := b.to("POST", identity.SignOutPath, nil); to != identity.SignInPath {
		t.Error(to)
	}
	if b.cookies[identity.CookieName] != "" {
		t.Error("the cookie stays")
	}
	b.cookies[identity.CookieName] = kept
	if to := b.to("GET", "/account", nil); !strings.HasPrefix(to, identity.SignInPath) {
		t.Errorf("a signed-out session still shows the account: %s", to)
	}
	delete(b.cookies, identity.CookieName)
	// A step that is over leads back to the password.
	b.page(401, "GET", secondPath, nil)
	b.page(401, "POST", secondPath, url.Values{"code": {"000000"}})
	b.page(401, "POST", secondPath+"/options", nil)
}

func TestABrowserThatSignedInBeforeIsNotHeldUpByWhoGuessesBesideIt(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	own, stranger := h.browser(), h.browser()
	own.signIn(w)
	if to := own.to("POST", identity.SignOutPath, nil); to != identity.SignInPath {
		t.Error(to)
	}
	if own.cookies[identity.DeviceCookie] == "" {
		t.Fatal("the mark of the browser went with the session")
	}
	guess := url.Values{"login": {"rina"}, "password": {"kapal jeruk langit 8 tangga"}, "next": {"/"}}
	for range 6 {
		stranger.page(401, "POST", identity.SignInPath, guess)
	}
	stranger.page(429, "POST", identity.SignInPath, guess)
	own.signIn(w)
}

func TestAPostFromAnotherSiteIsRefused(t *testing.T) {
	h := one(t)
	b := h.browser()
	b.signIn(h.hire("rina", actor.Agent))
	for _, target := range []string{identity.SignOutPath, identity.SignInPath, "/account/recovery", "/account/sessions/end-others"} {
		if res := b.do("POST", target, url.Values{}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
	b.page(200, "GET", "/account", nil)
}

func TestTheAccountPages(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	b := h.browser()
	b.signIn(w)
	key := authenticator.New(testOrigin)
	options := b.page(200, "POST", "/account/passkeys/options", nil)
	if to := b.to("POST", "/account/passkeys", url.Values{"credential": {string(key.Create([]byte(options)))}, "label": {"laptop"}}); to != "/account" {
		t.Error(to)
	}
	body := b.page(200, "GET", "/account", nil)
	passkey := regexp.MustCompile(`/account/passkeys/(psk_[a-z0-9]+)/remove`).FindStringSubmatch(body)
	if passkey == nil || !strings.Contains(body, "laptop") {
		t.Fatalf("%s", body)
	}
	b.page(401, "POST", "/account/passkeys", url.Values{"credential": {"{}"}})
	if body := b.page(200, "GET", "/account/totp", nil); !strings.Contains(body, "<code>") {
		t.Error("no secret to type")
	}
	if body := b.page(200, "GET", "/account/totp/picture", nil); !strings.HasPrefix(body, "\x89PNG") {
		t.Error("no picture")
	}
	b.page(401, "POST", "/account/totp", url.Values{"code": {"000000"}})
	body = b.page(200, "GET", "/account/totp", nil)
	moved := w
	moved.secret = strings.ReplaceAll(regexp.MustCompile(`<code>([A-Z2-7 ]+)</code>`).FindStringSubmatch(body)[1], " ", "")
	if to := b.to("POST", "/account/totp", url.Values{"code": {h.code(moved)}}); to != "/account" {
		t.Error(to)
	}
	if body := b.page(200, "POST", "/account/recovery", nil); strings.Count(body, "<li><code>") != 10 {
		t.Error("ten codes are promised")
	}
	b.page(422, "POST", "/account/password", url.Values{"current": {goodWords}, "password": {"sungai batu bulan pagar"}, "again": {"another one entirely"}})
	b.page(403, "POST", "/account/password", url.Values{"current": {"wrong"}, "password": {"sungai batu bulan pagar"}, "again": {"sungai batu bulan pagar"}})
	b.to("POST", "/account/password", url.Values{"current": {goodWords}, "password": {"sungai batu bulan pagar"}, "again": {"sungai batu bulan pagar"}})
	b.to("POST", "/account/sessions/end-others", nil)
	b.to("POST", "/account/sessions/ses_none/end", nil)
	b.to("POST", "/account/passkeys/"+passkey[1]+"/remove", nil)

	// When the second factor is no longer fresh, a risky act leads to the step-up page.
	h.later(11 * time.Minute)
	if to := b.to("GET", "/account/totp", nil); !strings.HasPrefix(to, identity.StepUpPath+"?next=") {
		t.Error(to)
	}
	b.page(200, "GET", identity.StepUpPath+"?next=/account/totp", nil)
	b.page(422, "POST", identity.StepUpPath+"/options", nil)
	b.page(401, "POST", identity.StepUpPath, url.Values{"code": {"000000"}, "next": {"/account/totp"}})
	old := b.cookies[identity.CookieName]
	if to := b.to("POST", identity.StepUpPath, url.Values{"code": {h.code(moved)}, "next": {"/account/totp"}}); to != "/account/totp" {
		t.Error(to)
	}
	if b.cookies[identity.CookieName] == old {
		t.Error("the token was not renewed")
	}
	b.page(200, "GET", "/account/totp", nil)
}

var heldField = regexp.MustCompile(`name="held" value="([^"]*)"`)

// A form that is sent when the factor has grown old goes on once it was shown, and what was typed is read nowhere between.
func TestWhatWasTypedWhileTheFactorGrewOldIsSentOnceItIsShown(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	b := h.browser()
	b.signIn(w)
	h.later(6 * time.Minute)
	const fresh = "sungai batu bulan pagar"
	change := url.Values{"current": {goodWords}, "password": {fresh}, "again": {fresh}}
	body := b.page(401, "POST", "/account/password", change)
	held := heldField.FindStringSubmatch(body)
	if held == nil || !strings.Contains(body, `action="`+identity.StepUpPath+`"`) || strings.Contains(body, "sungai") || strings.Contains(body, goodWords) {
		t.Fatal(body)
	}
	body = b.page(401, "POST", identity.StepUpPath, url.Values{"code": {"000000"}, "next": {"/"}, "held": {held[1]}})
	if again := heldField.FindStringSubmatch(body); again == nil || again[1] != held[1] {
		t.Fatalf("a wrong code loses the form: %s", body)
	}
	if to := b.to("POST", identity.StepUpPath, url.Values{"code": {h.code(w)}, "next": {"/"}, "held": {held[1]}}); to != "/account" {
		t.Error(to)
	}
	if body := b.page(200, "GET", "/account", nil); !strings.Contains(body, "Kata sandi diganti") {
		t.Error("nobody says that the password was changed")
	}
	other := h.browser()
	other.page(200, "POST", identity.SignInPath, url.Values{"login": {"rina"}, "password": {fresh}, "next": {"/"}})

	// A form that is refused is refused as if it had just been sent.
	h.later(6 * time.Minute)
	held = heldField.FindStringSubmatch(b.page(401, "POST", "/account/password", url.Values{"current": {fresh}, "password": {"a"}, "again": {"b"}}))
	if body := b.page(422, "POST", identity.StepUpPath, url.Values{"code": {h.code(w)}, "next": {"/"}, "held": {held[1]}}); !strings.Contains(body, "/account/password") {
		t.Error(body)
	}
	h.later(6 * time.Minute)
	b.page(409, "POST", identity.StepUpPath, url.Values{"code": {h.code(w)}, "next": {"/"}, "held": {"AAAA"}})
}

func TestTheFirstAdministratorThroughTheBrowser(t *testing.T) {
	h := one(t)
	b := h.browser()
	token, err := h.MakeSetupToken(h.ctx, 0)
	h.ok(err)
	b.page(200, "GET", "/setup", nil)
	b.page(403, "POST", "/setup", url.Values{"token": {"amanah_set_" + strings.Repeat("0", 59)}, "name": {"Mallory"}, "login": {"mallory"}})
	to := b.to("POST", "/setup", url.Values{"token": {token}, "name": {"Dewi Lestari"}, "login": {"dewi"}})
	if !strings.HasPrefix(to, "/welcome/amanah_inv_") {
		t.Fatal(to)
	}
	b.page(200, "GET", to, nil)
	if body := b.page(200, "GET", to+"/picture", nil); !strings.HasPrefix(body, "\x89PNG") {
		t.Error("no picture")
	}
	b.page(404, "GET", "/welcome/rubbish", nil)
	b.page(404, "GET", "/welcome/rubbish/picture", nil)
	b.page(404, "POST", "/welcome/rubbish", url.Values{"password": {goodWords}, "again": {goodWords}})
	if body := b.page(422, "POST", to, url.Values{"password": {"short"}, "again": {"short"}}); !strings.Contains(body, "12") {
		t.Errorf("%s", body)
	}
	b.page(422, "POST", to, url.Values{"password": {goodWords}, "again": {goodWords + "x"}})
	options := b.page(200, "POST", to+"/options", nil)
	key := authenticator.New(testOrigin)
	body := b.page(200, "POST", to, url.Values{"password": {goodWords}, "again": {goodWords}, "credential": {string(key.Create([]byte(options)))}, "label": {"laptop"}})
	if strings.Count(body, "<li><code>") != 10 {
		t.Errorf("%s", body)
	}
	b.page(200, "GET", "/account", nil)
	if body := b.page(200, "GET", "/setup", nil); strings.Contains(body, `name="token"`) {
		t.Error("the set-up page still takes tokens")
	}
	// And in again with the passkey.
	b = h.browser()
	b.page(200, "POST", identity.SignInPath, url.Values{"login": {"dewi"}, "password": {goodWords}})
	options = b.page(200, "POST", secondPath+"/options", nil)
	b.to("POST", secondPath, url.Values{"credential": {string(key.Get([]byte(options)))}, "next": {"/"}})
	b.page(200, "GET", "/account", nil)
}

func TestStaffAndClientsThroughTheBrowser(t *testing.T) {
	h := one(t)
	boss, spv, dpo, agent := h.browser(), h.browser(), h.browser(), h.browser()
	boss.signIn(h.hire("boss", actor.Admin))
	spv.signIn(h.hire("spv", actor.Supervisor))
	dpo.signIn(h.hire("dpo", actor.DPO))
	agent.signIn(h.hire("agen", actor.Agent))
	h.later(30 * time.Second)
	tick := func(value string, ticked bool) string {
		return `name="controllers" value="` + value + `"` + map[bool]string{true: " checked"}[ticked] + "> PT "
	}
	for _, path := range []string{"/staff/new", "/clients/new"} {
		body := boss.page(200, "GET", path, nil)
		if !strings.Contains(body, tick(controllerA, false)+"Toko Nusantara") || !strings.Contains(body, tick("ctl_01k9xq3v7me8t0000z9w2h4r6b", false)+"Asuransi Nusantara") {
			t.Errorf("%s does not offer the companies by name, none ticked before somebody chose:\n%s", path, body)
		}
	}
	lost := boss.page(422, "POST", "/staff", url.Values{"name": {"X"}, "login": {"a b"}, "role": {"agent"}, "controllers": {"ctl_01k9xq3v7me8t0000z9w2h4r6b"}})
	if !strings.Contains(lost, tick(controllerA, false)) || !strings.Contains(lost, tick("ctl_01k9xq3v7me8t0000z9w2h4r6b", true)) {
		t.Error("a form that was refused forgets what was ticked")
	}
	boss.page(422, "POST", "/staff", url.Values{"name": {"X"}, "login": {"a b"}, "role": {"agent"}})
	staff := boss.to("POST", "/staff", url.Values{"name": {"Sari Putri"}, "login": {"sari"}, "role": {"agent"}, "controllers": {controllerA}})
	body := boss.page(200, "GET", staff, nil)
	if !strings.Contains(body, "<dd>PT Toko Nusantara</dd>") {
		t.Error("the page of a member of staff does not name the company")
	}
	if !strings.Contains(body, "Sari Putri") || strings.Contains(body, staff+"/code") {
		t.Error("an administrator is offered the second half of an enrolment")
	}
	spv.page(403, "POST", staff+"/code", nil) // no link yet
	body = boss.page(200, "POST", staff+"/link", nil)
	link := regexp.MustCompile(regexp.QuoteMeta(testOrigin) + `(/welcome/amanah_inv_[a-z0-9]+)`).FindStringSubmatch(body)
	if link == nil {
		t.Fatalf("%s", body)
	}
	boss.page(403, "POST", staff+"/code", nil)
	body = spv.page(200, "POST", staff+"/code", nil)
	code := regexp.MustCompile(`<code>(\d{4} \d{4})</code>`).FindStringSubmatch(body)
	if code == nil {
		t.Fatalf("%s", body)
	}
	// The administrator looks first, and sees nothing that could be noted down.
	for _, b := range []*browser{boss, h.browser()} {
		body := b.page(200, "GET", link[1], nil)
		if !strings.Contains(body, `name="handover"`) || strings.Contains(body, "/picture") || strings.Contains(body, `name="password"`) {
			t.Errorf("more is shown than the question for the second person's code:\n%s", body)
		}
		b.page(403, "GET", link[1]+"/picture", nil)
		b.page(403, "POST", link[1]+"/options", nil)
		b.page(403, "POST", link[1], url.Values{"password": {goodWords}, "again": {goodWords}, "code": {"123456"}})
		b.page(403, "POST", link[1], url.Values{"handover": {"1"}})
		if b.cookies[enrolCookie] != "" {
			t.Error("a browser that knew no code is marked")
		}
	}
	newcomer, another := h.browser(), h.browser()
	seen := newcomer.opens(link[1], code[1])
	if got := newcomer.secret(link[1]); got != seen {
		t.Error("loading the page again shows another secret")
	}
	fresh := another.opens(link[1], code[1])
	if fresh == seen {
		t.Fatal("two browsers are shown one secret")
	}
	enrol := func(secret string) url.Values {
		shown, err := identity.TOTPCode(secret, h.now)
		h.ok(err)
		return url.Values{"password": {goodWords}, "again": {goodWords}, "code": {shown}}
	}
	if body := newcomer.page(403, "POST", link[1], enrol(seen)); !strings.Contains(body, `name="handover"`) {
		t.Error("who was overtaken cannot begin again")
	}
	newcomer.page(403, "POST", link[1], enrol(fresh))
	another.page(401, "POST", link[1], enrol(seen))
	newcomer = another
	newcomer.page(200, "POST", link[1], enrol(fresh))
	if newcomer.cookies[enrolCookie] != "" {
		t.Error("the mark of the enrolment stays behind")
	}
	newcomer.page(200, "GET", "/account", nil)

	for b, want := range map[*browser]int{boss: 200, spv: 200, dpo: 200, agent: 403, newcomer: 403} {
		b.page(want, "GET", "/staff", nil)
		b.page(want, "GET", staff, nil)
	}
	agent.page(403, "POST", staff+"/disable", nil)
	boss.page(404, "GET", "/staff/stf_none", nil)
	boss.page(404, "POST", "/staff/stf_none/link", nil)
	boss.to("POST", staff+"/role", url.Values{"role": {"supervisor"}, "controllers": {controllerA}, "reason": {"naik"}})
	boss.page(409, "POST", staff+"/enable", url.Values{"reason": {"x"}})
	dpo.to("POST", staff+"/disable", nil)
	dpo.page(409, "POST", staff+"/disable", nil)
	boss.page(409, "POST", staff+"/link", nil)
	boss.to("POST", staff+"/enable", url.Values{"reason": {"kembali"}})
	if to := newcomer.to("GET", "/account", nil); !strings.HasPrefix(to, identity.SignInPath) {
		t.Errorf("a disabled member of staff sees the account: %s", to)
	}

	boss.page(200, "GET", "/clients/new", nil)
	boss.page(422, "POST", "/clients", url.Values{"name": {"CRM"}, "scope": {"reveal"}, "controllers": {controllerA}, "days": {"30"}, "reason": {"x"}})
	client := boss.to("POST", "/clients", url.Values{"name": {"CRM"}, "scope": {"events", "serve"}, "controllers": {controllerA}, "days": {"30"}, "reason": {"penghubung"}})
	boss.page(409, "POST", client+"/key", nil)
	h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error {
		return h.Decisions()[2].Effect(tx, strings.TrimPrefix(client, "/clients/"), nil, identity.Terminal())
	}))
	if body := boss.page(200, "GET", client, nil); !strings.Contains(body, client+"/key") {
		t.Error("the key cannot be issued")
	}
	if body := boss.page(200, "POST", client+"/key", nil); !strings.Contains(body, "amanah_key_") {
		t.Error("the key is not shown")
	}
	dpo.page(200, "GET", "/clients", nil)
	if body := dpo.page(200, "GET", client, nil); strings.Contains(body, "amanah_key_") {
		t.Error("the key is shown twice")
	}
	dpo.to("POST", client+"/revoke", nil)
	dpo.page(409, "POST", client+"/revoke", nil)
	boss.page(404, "GET", "/clients/cli_none", nil)
	boss.page(404, "POST", "/clients/cli_none/key", nil)
	dpo.page(404, "POST", "/clients/cli_none/revoke", nil)
	agent.page(403, "GET", "/clients", nil)
}

// opens gives the second person's code and returns the secret that is shown then.
func (b *browser) opens(link, code string) string {
	b.h.t.Helper()
	if to := b.to("POST", link, url.Values{"handover": {code}}); to != link {
		b.h.t.Fatal(to)
	}
	return b.secret(link)
}

// secret is the TOTP secret on the enrolment page, which has its picture too.
func (b *browser) secret(link string) string {
	b.h.t.Helper()
	found := regexp.MustCompile(`<code>([A-Z2-7 ]{39})</code>`).FindStringSubmatch(b.page(200, "GET", link, nil))
	if found == nil || !strings.HasPrefix(b.page(200, "GET", link+"/picture", nil), "\x89PNG") {
		b.h.t.Fatal("no secret is shown")
	}
	return strings.ReplaceAll(found[1], " ", "")
}

func TestALinkFromTheTerminalInTwoBrowsers(t *testing.T) {
	h := one(t)
	staff, err := h.CreateStaff(h.ctx, identity.Terminal(), identity.NewStaff{Name: "Sari Putri", Login: "sari", Role: actor.Agent})
	h.ok(err)
	token, err := h.MakeLink(h.ctx, identity.Terminal(), staff)
	h.ok(err)
	link := "/welcome/" + token
	first, second := h.browser(), h.browser()
	first.page(403, "GET", link+"/picture", nil)
	seen, fresh := first.secret(link), second.secret(link)
	if seen == fresh {
		t.Fatal("two browsers are shown one secret")
	}
	form := func(secret string) url.Values {
		code, err := identity.TOTPCode(secret, h.now)
		h.ok(err)
		return url.Values{"password": {goodWords}, "again": {goodWords}, "code": {code}}
	}
	second.page(401, "POST", link, form(seen))
	// Who was overtaken is told so, and begins again on the same page.
	if body := first.page(403, "POST", link, form(seen)); !strings.Contains(body, link+"/picture") {
		t.Errorf("%s", body)
	}
	second.page(403, "POST", link, form(fresh))
	again := second.secret(link)
	if again == fresh || again == seen {
		t.Error("an old secret comes back")
	}
	second.page(200, "POST", link, form(again))
	second.page(200, "GET", "/account", nil)
	first.page(404, "GET", link, nil)
}

func TestFormsThatAreNotOursAreRefused(t *testing.T) {
	h := one(t)
	b := h.browser()
	b.signIn(h.hire("boss", actor.Admin))
	for _, target := range []string{identity.SignInPath, secondPath, identity.StepUpPath, "/setup", "/welcome/x", "/account/password", "/account/passkeys", "/account/totp", "/staff", "/staff/x/enable", "/staff/x/role", "/clients"} {
		b.page(422, "POST", target, url.Values{"unknown": {"1"}})
	}
	for _, target := range []string{identity.SignInPath + "?x=1", identity.StepUpPath + "?x=1"} {
		b.page(422, "GET", target, nil)
	}
}

func TestSessionsThroughTheAPI(t *testing.T) {
	h := one(t)
	w := h.hire("rina", actor.Agent)
	_, key, err := h.CreateClient(h.ctx, identity.Terminal(), identity.NewClient{Name: "CRM", Scopes: []string{identity.ScopeInteractions}, Controllers: []string{controllerA}})
	h.ok(err)
	handler := h.desk()
	do := func(method, target, body string, header ...string) (int, map[string]any) {
		t.Helper()
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, r)
		var got map[string]any
		_ = json.Unmarshal(out.Body.Bytes(), &got)
		if len(out.Result().Cookies()) != 0 {
			t.Error("the API sets cookies")
		}
		return out.Code, got
	}
	credentials := func(password, code string) string {
		b, _ := json.Marshal(map[string]string{"login": "rina", "password": password, "code": code})
		return string(b)
	}
	status, got := do("POST", "/api/v1/sessions", credentials("hunter2hunter2", h.code(w)))
	if status != 401 || got["code"] != "identity.wrong_sign_in" {
		t.Errorf("%d %v", status, got)
	}
	status, got = do("POST", "/api/v1/sessions", credentials(goodWords, "000000"))
	if status != 401 || got["code"] != "identity.wrong_code" {
		t.Errorf("%d %v", status, got)
	}
	status, got = do("POST", "/api/v1/sessions", credentials(goodWords, h.code(w)))
	token, _ := got["token"].(string)
	if status != 201 || token == "" || got["staff"] != w.id {
		t.Fatalf("%d %v", status, got)
	}
	status, got = do("GET", "/api/v1/sessions/current", "", "Authorization", "Bearer "+token)
	if status != 200 || got["staff"] != w.id || got["role"] != "agent" || got["client"] != "" {
		t.Errorf("%d %v", status, got)
	}
	status, got = do("GET", "/api/v1/sessions/current", "", "Authorization", "Bearer "+key, identity.OnBehalfHeader, token)
	if status != 200 || got["staff"] != w.id || got["client"] == "" {
		t.Errorf("%d %v", status, got)
	}
	status, got = do("GET", "/api/v1/sessions/current", "", "Authorization", "Bearer "+key)
	if status != 200 || got["staff"] != "" {
		t.Errorf("%d %v", status, got)
	}
	if status, _ = do("DELETE", "/api/v1/sessions/current", "", "Authorization", "Bearer "+key); status != 403 {
		t.Errorf("an API client alone ends a session: %d", status)
	}
	if status, _ = do("DELETE", "/api/v1/sessions/current", "", "Authorization", "Bearer "+token); status != 204 {
		t.Errorf("%d", status)
	}
	status, got = do("GET", "/api/v1/sessions/current", "", "Authorization", "Bearer "+token)
	if status != 401 || got["code"] != "web.session" {
		t.Errorf("%d %v", status, got)
	}
}

func TestLocalPaths(t *testing.T) {
	for in, want := range map[string]string{"/staff": "/staff", "": "/", "staff": "/", "//evil.example": "/", "/\\evil": "/", "https://evil.example": "/", "/a\r\nSet-Cookie: x": "/", "/" + strings.Repeat("x", 400): "/"} {
		if got := local(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestPages(t *testing.T) { webtest.Pages(t, Module(nil, nil, Provider{})) }

func TestABrokenStoreIsAFaultOnEveryPage(t *testing.T) {
	h := one(t)
	boss := h.browser()
	w := h.hire("boss", actor.Admin)
	boss.signIn(w)
	sql := func(text string) {
		h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error { _, err := tx.Data.Exec(text); return err }))
	}
	for table, requests := range map[string][]string{
		"identity_passkey":  {"GET /account", "GET " + identity.StepUpPath, "GET /staff", "POST /account/passkeys/options"},
		"identity_recovery": {"POST /account/recovery", "GET /account"},
		"identity_ceremony": {"GET /account/totp", "GET /account/totp/picture"},
	} {
		sql("alter table " + table + " rename to gone")
		for _, request := range requests {
			method, target, _ := strings.Cut(request, " ")
			boss.page(500, method, target, nil)
		}
		sql("alter table gone rename to " + table)
	}
	// A code that is wrong while the account cannot be read; a password that cannot be changed.
	sql("alter table identity_passkey rename to gone")
	boss.page(500, "POST", identity.StepUpPath, url.Values{"code": {"000000"}})
	sql("alter table gone rename to identity_passkey")
	sql("create trigger broken before update on identity_session begin select raise(abort, 'broken'); end")
	boss.page(500, "POST", identity.SignOutPath, nil)
	boss.page(200, "POST", identity.SignInPath, url.Values{"login": {"boss"}, "password": {goodWords}})
	boss.page(500, "POST", "/sign-in/second", url.Values{"code": {h.code(w)}})
	sql("drop trigger broken")
	nobody := h.browser()
	sql("alter table identity_staff rename to gone")
	nobody.page(500, "GET", identity.SignInPath, nil)
	nobody.page(500, "GET", "/setup", nil)
	nobody.page(500, "POST", identity.SignInPath, url.Values{"login": {"boss"}, "password": {goodWords}})
	nobody.cookies[stepCookie] = "amanah_stp_"
	nobody.page(401, "GET", secondPath, nil)
	sql("alter table gone rename to identity_staff")
	h.ok(Module(h.Identity, registered, Provider{}).Jobs[identity.SweepJob](h.ctx, jobs.Run{}))
}

func TestTheNextUserOfASharedComputerTakesOverInOneStep(t *testing.T) {
	h := one(t)
	rina, sari := h.hire("rina", actor.Agent), h.hire("sari", actor.Agent)
	key := authenticator.New(testOrigin)
	own := h.browser()
	own.signIn(sari)
	own.page(303, "POST", "/account/passkeys", url.Values{"credential": {string(key.Create([]byte(own.page(200, "POST", "/account/passkeys/options", nil))))}, "label": {"x"}})

	b := h.browser()
	b.signIn(rina)
	former := b.cookies[identity.CookieName]
	if body := b.page(200, "GET", "/switch", nil); !strings.Contains(body, "data-options=\"/sign-in/passkey/options\" autofocus") {
		t.Errorf("%s", body)
	}
	b.page(401, "POST", "/sign-in/passkey", url.Values{"credential": {"{"}, "next": {"/"}})
	answer := string(key.Get([]byte(b.page(200, "POST", "/sign-in/passkey/options", nil))))
	res := b.do("POST", "/sign-in/passkey", url.Values{"credential": {answer}, "next": {"/account"}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/account" || res.Header.Get("Clear-Site-Data") != `"cache", "storage"` {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	if err := h.asks("Cookie", identity.CookieName+"="+former); err == nil {
		t.Error("the session before lives on")
	}
	if body := b.page(200, "GET", "/account", nil); !strings.Contains(body, "sari") || strings.Contains(body, "rina@") {
		t.Errorf("%s", body)
	}
	for name := range b.cookies {
		if !strings.HasPrefix(name, "__Host-") || name == switchCookie {
			t.Errorf("a cookie is left: %s", name)
		}
	}
	// From the sign-in page, where nobody is.
	c := h.browser()
	if body := c.page(200, "GET", "/sign-in", nil); !strings.Contains(body, `action="/sign-in/passkey"`) {
		t.Error("the sign-in page offers no passkey")
	}
	answer = string(key.Get([]byte(c.page(200, "POST", "/sign-in/passkey/options", nil))))
	if to := c.to("POST", "/sign-in/passkey", url.Values{"credential": {answer}, "next": {"//evil.example"}}); to != "/" {
		t.Error(to)
	}
	c = h.browser()
	if body := c.page(401, "POST", "/sign-in/passkey", url.Values{"credential": {answer}}); !strings.Contains(body, `name="password"`) {
		t.Errorf("%s", body)
	}
}

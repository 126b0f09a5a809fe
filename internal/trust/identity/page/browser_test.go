package page

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

// A real Chromium, its own authenticator, our script and our policy of the page: enrolment
// and sign-in with a passkey on http://localhost, where Secure and __Host- cookies must work.
func TestAPasskeyInARealBrowser(t *testing.T) {
	path := os.Getenv("AMANAH_TEST_CHROMIUM")
	if path == "" {
		t.Skip("AMANAH_TEST_CHROMIUM is not set: no browser here (scripts/chromium finds or installs one)")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	origin := "http://localhost:" + port
	h := one(t)
	h.Identity, err = identity.New(h.db, entries{}, newTestKeys(), identity.Config{Origin: origin, Company: "Nusantara Sentosa"})
	h.ok(err)
	server := &http.Server{Handler: h.desk(), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	staff, err := h.CreateStaff(h.ctx, identity.Terminal(), identity.NewStaff{Name: "Sari Putri", Login: "sari", Role: actor.Agent})
	h.ok(err)
	link, err := h.MakeLink(h.ctx, identity.Terminal(), staff)
	h.ok(err)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("host-resolver-rules", "MAP localhost 127.0.0.1"))
	allocator, cancel := chromedp.NewExecAllocator(h.ctx, options...)
	defer cancel()
	tab, cancel := chromedp.NewContext(allocator)
	defer cancel()
	do := func(name string, fn func(ctx context.Context, target *chromedp.Target) error) {
		t.Helper()
		if _, err := chromedp.Run(tab, chromedp.Action[bool](func(ctx context.Context, target *chromedp.Target) (bool, error) {
			return true, fn(ctx, target)
		})); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	evaluate := func(text string) (string, error) {
		return chromedp.Run(tab, chromedp.Evaluate[string](text))
	}
	script := func(text string) string {
		t.Helper()
		out, err := evaluate(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return out
	}
	until := func(condition string) {
		t.Helper()
		for range 100 {
			// An error here is a page on its way out: the next one is asked.
			if out, err := evaluate("String(document.readyState === 'complete' && !!(" + condition + "))"); err == nil && out == "true" {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatalf("never true: %s\n%s", condition, script("document.body.innerText"))
	}
	fill := func(name, value string) {
		script(`document.querySelector("input[name=` + name + `]").value = "` + value + `"; ""`)
	}
	visit := func(path string) { script(`location.assign("` + origin + path + `"); ""`) }
	do("authenticator", func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return err
	})
	visit("/welcome/" + link)
	until(`document.querySelector("button[data-passkey=create]")`)
	fill("password", goodWords)
	fill("again", goodWords)
	fill("label", "laptop")
	script(`document.querySelector("button[data-passkey=create]").click(); ""`)
	until(`document.querySelectorAll("ol code").length === 10`)
	visit("/account")
	until(`document.querySelector("form[action='/account/password']")`)
	account := script("document.body.innerText")
	script(`document.querySelector("form[action='/sign-out']").submit(); ""`)
	until(`document.querySelector("input[name=login]")`)
	fill("login", "sari")
	fill("password", goodWords)
	script(`document.querySelector("form[action='/sign-in']").submit(); ""`)
	second := `document.querySelector("form[action='` + secondPath + `'] button[data-passkey=get]")` // the page that is left has such a button too
	until(second)
	script(second + `.click(); ""`)
	until("!" + second)
	visit("/account")
	until(`document.querySelector("form[action='/account/password']")`)
	body := script("document.body.innerText")
	var cookies []*network.Cookie
	do("cookies", func(ctx context.Context, target *chromedp.Target) error {
		res, err := cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{})
		cookies = res.Cookies
		return err
	})
	if !strings.Contains(account, "laptop") || !strings.Contains(body, "Sari Putri") {
		t.Errorf("%s\n%s", account, body)
	}
	found := false
	for _, c := range cookies {
		if c.Name == identity.CookieName {
			found = c.Secure && c.HTTPOnly && c.Path == "/"
		}
	}
	if !found {
		t.Error("Chromium did not keep the session's cookie as it was sent")
	}
}

package page

import (
	"net/http"

	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

// Provider is what these pages know of the provider of identities (package oidc), where there is
// one: where to go, and how a browser leaves it. The zero value is none.
type Provider struct {
	Name    string // on buttons
	SignIn  string // path that leads there, to sign in
	StepUp  string // path that leads there, to show a second factor again; "" when its factor does not count here
	Account string // path of how the reader is known there
	// Visited reports whether the browser signed in there and has not left.
	Visited func(*web.Request) bool
	// LeaveBrowser ends that visit and says where the browser signs out there; "" when it need not.
	LeaveBrowser func(*web.Request) (to string, failed bool, err error)
}

// left ends the browser's visit to the provider.
func (p Provider) left(r *web.Request) (to string, failed bool, err error) {
	if p.LeaveBrowser == nil {
		return "", false, nil
	}
	return p.LeaveBrowser(r)
}

// postLeave signs a browser out at the provider whose session here is over already.
func (s *pages) postLeave(r *web.Request) error {
	to, failed, err := s.provider.left(r)
	if err != nil {
		return err
	}
	return leave(r, to, failed)
}

// SignedOutPage is seen after a sign-out that goes on at the provider.
type SignedOutPage struct {
	To     string // at the provider; "" when there is nothing left to do or it does not answer
	Failed bool   // it does not answer
}

// forget tells the browser to keep nothing of the person before: no page in its cache or behind
// its back button, nothing that a page stored.
func forget(r *web.Request) {
	r.Writer.Header().Set("Clear-Site-Data", `"cache", "storage"`)
}

// leave ends a sign-out: at the provider when there is somewhere to go, else on the sign-in
// page. The way there is a page that goes on by itself: the policy of our pages lets no form lead
// elsewhere, and a reader whose browser does not go on has a link.
func leave(r *web.Request, to string, failed bool) error {
	if to == "" && !failed {
		r.Flash("identity.signed_out")
		return r.Redirect(identity.SignInPath)
	}
	if to != "" {
		r.Writer.Header().Set("Refresh", "0; url="+to)
	}
	return r.Render(SignedOutPage{To: to, Failed: failed})
}

// Local keeps a path of this server and drops everything else.
func Local(path string) string { return local(path) }

// Place is where a request comes from.
func Place(r *web.Request) identity.Place { return place(r) }

// Keep gives the browser a session that began or was renewed elsewhere.
func Keep(r *web.Request, signed identity.Signed) {
	keep(r, signed.Token)
	if signed.Device != "" {
		keepDevice(r, signed.Device)
	}
}

// Second sends the browser on to show our second factor.
func Second(r *web.Request, step identity.Step, next string) error {
	keepStep(r, step.Token)
	return r.Redirect(secondPath + "?next=" + escaped(next))
}

// drop takes the session's cookie away.
func drop(r *web.Request) {
	http.SetCookie(r.Writer, &http.Cookie{Name: identity.CookieName, Path: "/", Secure: true, HttpOnly: true, MaxAge: -1, SameSite: http.SameSiteLaxMode})
}

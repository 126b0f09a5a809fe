package oidc

import (
	"net/http"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/page"
	"github.com/amanah-id/amanah/internal/web"
)

// What the browser keeps: of a way to the provider until it comes back, and of a visit until it
// has signed out there. Neither says who anybody is.
const (
	flowCookie  = "__Host-amanah-flow"
	visitCookie = "__Host-amanah-visit"
)

var (
	everybody    = web.Access{Roles: actor.Roles()}
	everybodyNow = web.Access{Roles: actor.Roles(), Fresh: true}
	public       = web.Access{Public: true}
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET "+signInPath, public, s.goSignIn)
	rt.Page("GET "+ReturnPath, public, s.comeBack)
	rt.Page("POST "+logoutPath, public, s.postLogout)
	rt.Page("GET "+stepUpPath, everybody, s.goStepUp)
	rt.Page("GET "+accountPath, everybody, s.showAccount)
	rt.Page("POST "+accountPath+"/connect", everybodyNow, s.postConnect)
	rt.Page("POST "+accountPath+"/disconnect", everybodyNow, s.postDisconnect)
}

func kept(r *web.Request, name string) string {
	if c, err := r.HTTP.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

func keep(r *web.Request, name, value string, seconds int) {
	http.SetCookie(r.Writer, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: seconds})
}

// away sends the browser to the provider. It is the one redirect that leaves the house; where to
// is what the provider of the configuration says of itself. Only a GET goes this way: the
// policy of our pages lets no form lead elsewhere.
func away(r *web.Request, g Going) error {
	keep(r, flowCookie, g.Browser, int(flowLimit.Seconds()))
	r.Writer.Header().Set("Location", g.To)
	r.Writer.WriteHeader(http.StatusSeeOther)
	return nil
}

type nextQuery struct {
	Next string `form:"next" max:"300"`
}

func (s *Service) goSignIn(r *web.Request) error {
	var q nextQuery
	if err := r.Decode(&q); err != nil {
		return err
	}
	going, err := s.SignIn(r.Context(), kept(r, flowCookie), kept(r, visitCookie), page.Local(q.Next))
	if err != nil {
		return err
	}
	return away(r, going)
}

func (s *Service) goStepUp(r *web.Request) error {
	var q nextQuery
	if err := r.Decode(&q); err != nil {
		return err
	}
	going, err := s.Refresh(r.Context(), r.Actor, kept(r, flowCookie), page.Local(q.Next))
	if err != nil {
		return err
	}
	return away(r, going)
}

// comeBack takes what the provider sent with the browser. Providers add parameters of their own,
// so this reads the ones that count and no others.
func (s *Service) comeBack(r *web.Request) error {
	q := r.HTTP.URL.Query()
	one := func(name string) string {
		if v := q[name]; len(v) == 1 {
			return v[0]
		}
		return "" // none, or one too many
	}
	back, err := s.Return(r.Context(), r.Actor, Answer{State: one("state"), Code: one("code"), Issuer: one("iss"), Failed: q.Has("error")}, kept(r, flowCookie), page.Place(r))
	if err != nil {
		return err
	}
	if back.Visit != "" {
		keep(r, visitCookie, back.Visit, int(visitLimit.Seconds()))
	}
	switch {
	case back.Signed.Token != "":
		page.Keep(r, back.Signed)
	case back.Step.Token != "":
		return page.Second(r, back.Step, back.Next)
	case back.Linked:
		r.Flash("oidc.linked")
	}
	return r.Redirect(page.Local(back.Next))
}

// leaveBrowser ends this browser's visit to the provider and says where it signs out there; ""
// when it was not there. Failed says that it was and that the provider does not answer.
func (s *Service) leaveBrowser(r *web.Request) (to string, failed bool, err error) {
	visit := kept(r, visitCookie)
	if visit == "" {
		return "", false, nil
	}
	keep(r, visitCookie, "", -1)
	to, err = s.Leave(r.Context(), visit)
	if errs.KindOf(err) == errs.Unavailable {
		return "", true, nil
	}
	return to, false, err
}

// visited reports whether this browser signed in at the provider and has not left.
func visited(r *web.Request) bool { return kept(r, visitCookie) != "" }

// postLogout is the back channel: the provider's own machine says that somebody signed out there.
// Its answers are those of Back-Channel Logout 1.0, 2.8.
func (s *Service) postLogout(r *web.Request) error {
	var form struct {
		Token string `form:"logout_token" max:"16384" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	err := s.LoggedOut(r.Context(), form.Token)
	if errs.KindOf(err) == errs.Invalid {
		r.Writer.Header().Set("Content-Type", "application/json")
		r.Writer.WriteHeader(http.StatusBadRequest)
		_, _ = r.Writer.Write([]byte(`{"error":"invalid_request"}`)) // the provider is gone; there is nobody to tell
		return nil
	}
	return err
}

// AccountPage is how the reader is known at the provider.
type AccountPage struct {
	Provider string
	Linked   bool
	Link     Link
}

// ConnectPage leads to the provider. It is a page with a link and not a redirect, since the
// policy of our pages lets no form lead elsewhere.
type ConnectPage struct {
	Provider string
	To       string
}

func (s *Service) showAccount(r *web.Request) error {
	link, found, err := s.Link(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.Render(AccountPage{Provider: s.Name, Linked: found, Link: link})
}

func (s *Service) postConnect(r *web.Request) error {
	going, err := s.Connect(r.Context(), r.Actor, kept(r, flowCookie))
	if err != nil {
		return err
	}
	keep(r, flowCookie, going.Browser, int(flowLimit.Seconds()))
	return r.Render(ConnectPage{Provider: s.Name, To: going.To})
}

func (s *Service) postDisconnect(r *web.Request) error {
	if err := s.Disconnect(r.Context(), r.Actor); err != nil {
		return err
	}
	r.Flash("oidc.unlinked")
	return r.Redirect(accountPath)
}

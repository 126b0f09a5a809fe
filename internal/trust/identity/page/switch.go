package page

import (
	"net/http"

	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

const switchCookie = "__Host-amanah-switch"

// SwitchPage is where one user of a shared computer makes room for the next, in one step with a
// passkey. It says nothing about the one who is there.
type SwitchPage struct {
	Notice   *web.Notice
	Passkeys bool
}

func (s *pages) showSwitch(r *web.Request) error {
	return r.Render(SwitchPage{Passkeys: s.UsesPasskeys()})
}

func (s *pages) switchOptions(r *web.Request) error {
	body, token, err := s.SwitchOptions(r.Context())
	if err == nil {
		keepSwitch(r, token, int(identity.StepLimit.Seconds()))
	}
	return options(r, body, err)
}

func keepSwitch(r *web.Request, token string, seconds int) {
	http.SetCookie(r.Writer, &http.Cookie{Name: switchCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: seconds})
}

func (s *pages) postSwitch(r *web.Request) error {
	var form struct {
		Credential string `form:"credential" max:"16000"`
		Next       string `form:"next" max:"300"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	token := ""
	if c, err := r.HTTP.Cookie(switchCookie); err == nil {
		token = c.Value
	}
	signed, err := s.Switch(r.Context(), token, []byte(form.Credential), place(r))
	if err != nil {
		return again(r, err, func(n *web.Notice) any {
			if r.Actor.IsStaff() {
				return SwitchPage{Notice: n, Passkeys: s.UsesPasskeys()}
			}
			return s.signInPage(r, n, form.Next)
		})
	}
	keepSwitch(r, "", -1)
	Keep(r, signed)
	if r.Actor.IsStaff() {
		forget(r)
	}
	return r.Redirect(local(form.Next))
}

package page

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/web"
)

const (
	secondPath  = "/sign-in/second"
	leavePath   = "/sign-in/leave"
	switchPath  = "/switch"
	passkeyPath = "/sign-in/passkey"
	setupPath   = "/setup"
	accountPath = "/account"
	stepCookie  = "__Host-amanah-step"
	enrolCookie = "__Host-amanah-enrol"
)

var (
	everybody    = web.Access{Roles: actor.Roles()}
	everybodyNow = web.Access{Roles: actor.Roles(), Fresh: true}
	public       = web.Access{Public: true}
	seesStaff    = []actor.Role{actor.Supervisor, actor.DPO, actor.Security, actor.Auditor, actor.Admin}
	seesClients  = []actor.Role{actor.DPO, actor.Security, actor.Auditor, actor.Admin}
	runsStaff    = web.Access{Roles: []actor.Role{actor.Admin}, Fresh: true}
	endsAccess   = web.Access{Roles: []actor.Role{actor.Admin, actor.DPO, actor.Security}, Fresh: true}
	handsOver    = web.Access{Roles: []actor.Role{actor.Supervisor, actor.DPO, actor.Security}, Fresh: true}
)

// routes registers the pages and operations.
func (s *pages) routes(rt *web.Router) {
	rt.Page("GET "+identity.SignInPath, public, s.showSignIn)
	rt.Page("POST "+identity.SignInPath, public, s.postSignIn)
	rt.Page("GET "+secondPath, public, s.showSecond)
	rt.Page("POST "+secondPath, public, s.postSecond)
	rt.Page("POST "+secondPath+"/options", public, s.secondOptions)
	rt.Page("POST "+identity.SignOutPath, everybody, s.postSignOut)
	rt.Page("POST "+leavePath, public, s.postLeave)
	rt.Page("GET "+switchPath, everybody, s.showSwitch)
	rt.Page("POST "+passkeyPath, public, s.postSwitch)
	rt.Page("POST "+passkeyPath+"/options", public, s.switchOptions)
	rt.Page("GET "+identity.StepUpPath, everybody, s.showStepUp)
	rt.Page("POST "+identity.StepUpPath, everybody, s.postStepUp)
	rt.Page("POST "+identity.StepUpPath+"/options", everybody, s.stepUpOptions)
	rt.StepUp(s.holdForm)

	rt.Page("GET "+setupPath, public, s.showSetup)
	rt.Page("POST "+setupPath, public, s.postSetup)
	rt.Page("GET /welcome/{token}", public, s.showEnrol)
	rt.Page("POST /welcome/{token}", public, s.postEnrol)
	rt.Page("GET /welcome/{token}/picture", public, s.enrolPicture)
	rt.Page("POST /welcome/{token}/options", public, s.enrolOptions)

	rt.Page("GET "+accountPath, everybody, s.showAccount)
	rt.Page("POST "+accountPath+"/password", everybodyNow, s.postPassword)
	rt.Page("POST "+accountPath+"/passkeys", everybodyNow, s.postPasskey)
	rt.Page("POST "+accountPath+"/passkeys/options", everybodyNow, s.passkeyOptions)
	rt.Page("POST "+accountPath+"/passkeys/{passkey}/remove", everybodyNow, s.postRemovePasskey)
	rt.Page("GET "+accountPath+"/totp", everybodyNow, s.showTOTP)
	rt.Page("GET "+accountPath+"/totp/picture", everybody, s.totpPicture)
	rt.Page("POST "+accountPath+"/totp", everybodyNow, s.postTOTP)
	rt.Page("POST "+accountPath+"/recovery", everybodyNow, s.postRecovery)
	rt.Page("POST "+accountPath+"/sessions/{session}/end", everybody, s.postEndSession)
	rt.Page("POST "+accountPath+"/sessions/end-others", everybody, s.postEndOthers)

	rt.Page("GET /staff", web.Access{Roles: seesStaff}, s.showStaffList)
	rt.Page("GET /staff/new", runsStaff, s.showNewStaff)
	rt.Page("POST /staff", runsStaff, s.postNewStaff)
	rt.Page("GET /staff/{staff}", web.Access{Roles: seesStaff}, s.showStaff)
	rt.Page("POST /staff/{staff}/link", runsStaff, s.postLink)
	rt.Page("POST /staff/{staff}/code", handsOver, s.postCode)
	rt.Page("POST /staff/{staff}/disable", endsAccess, s.postDisable)
	rt.Page("POST /staff/{staff}/enable", runsStaff, s.postEnable)
	rt.Page("POST /staff/{staff}/role", runsStaff, s.postRole)

	rt.Page("GET /clients", web.Access{Roles: seesClients}, s.showClients)
	rt.Page("GET /clients/new", runsStaff, s.showNewClient)
	rt.Page("POST /clients", runsStaff, s.postNewClient)
	rt.Page("GET /clients/{client}", web.Access{Roles: seesClients}, s.showClient)
	rt.Page("POST /clients/{client}/key", runsStaff, s.postKey)
	rt.Page("POST /clients/{client}/revoke", endsAccess, s.postRevoke)
	s.operations(rt)
}

// failed turns a refusal a person can mend on the same page into a notice for it. Other
// errors are web's to show.
func failed(r *web.Request, err error) (*web.Notice, int, error) {
	e := errs.Of(err)
	if !strings.HasPrefix(e.Code, "identity.") || e.Kind == errs.Internal || e.Kind == errs.NotFound {
		return nil, 0, err
	}
	return &web.Notice{Tone: web.Bad, Title: r.Printer().Args(e.Code, e.Args), Text: r.Printer().Args(e.Code+".next", e.Args)}, web.Status(e), nil
}

// again renders the page of a form that was refused, with the reason on it.
func again(r *web.Request, err error, page func(n *web.Notice) any) error {
	n, status, err := failed(r, err)
	if err != nil {
		return err
	}
	return r.RenderStatus(status, page(n))
}

// keep gives the browser its session. SameSite is Lax: a link from another program into the
// console works, a post from elsewhere is refused by web.
func keep(r *web.Request, token string) *http.Cookie {
	c := &http.Cookie{Name: identity.CookieName, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	http.SetCookie(r.Writer, c)
	return c
}

// keepDevice marks the browser as one in which somebody signed in; it stays after the sign-out.
func keepDevice(r *web.Request, token string) {
	http.SetCookie(r.Writer, &http.Cookie{Name: identity.DeviceCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(identity.DeviceLimit.Seconds())})
}

// place is where this request comes from.
func place(r *web.Request) identity.Place {
	p := identity.Place{Address: r.Address(), Former: r.Actor}
	if c, err := r.HTTP.Cookie(identity.DeviceCookie); err == nil {
		p.Device = c.Value
	}
	return p
}

func keepStep(r *web.Request, token string) {
	c := &http.Cookie{Name: stepCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(identity.StepLimit.Seconds())}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(r.Writer, c)
}

func stepOf(r *web.Request) string {
	c, err := r.HTTP.Cookie(stepCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// keepEnrol marks the browser in which an invitation was opened; "" takes the mark away.
func keepEnrol(r *web.Request, token string) {
	c := &http.Cookie{Name: enrolCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(r.Writer, c)
}

func enrolOf(r *web.Request) string {
	c, err := r.HTTP.Cookie(enrolCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// local keeps a path of this server and drops everything else.
func local(path string) string {
	if len(path) > 300 || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// options answers the script with the options of a WebAuthn ceremony.
func options(r *web.Request, body []byte, err error) error {
	if err != nil {
		return err
	}
	r.Writer.Header().Set("Content-Type", "application/json")
	_, _ = r.Writer.Write(body) // the client is gone; there is nobody to tell
	return nil
}

// picture answers with a PNG.
func picture(r *web.Request, body []byte, err error) error {
	if err != nil {
		return err
	}
	r.Writer.Header().Set("Content-Type", "image/png")
	_, _ = r.Writer.Write(body) // idem
	return nil
}

// SignInPage asks for login and password.
type SignInPage struct {
	Notice   *web.Notice
	Next     string
	Setup    bool   // nobody can sign in yet
	Provider string // name of the provider where one may sign in; "" when there is none
	To       string // path that leads there
	Leave    string // path of the post that signs the browser out there; "" when nobody is signed in there from here
	Passkeys bool   // a passkey alone will do
}

// signInPage is the page with what does not depend on the request's outcome.
func (s *pages) signInPage(r *web.Request, n *web.Notice, next string) SignInPage {
	page := SignInPage{Notice: n, Next: local(next), Provider: s.provider.Name, Passkeys: s.UsesPasskeys()}
	if page.Provider != "" {
		page.To = s.provider.SignIn + "?next=" + escaped(page.Next)
		if s.provider.Visited(r) {
			page.Leave = leavePath
		}
	}
	return page
}

func escaped(path string) string { return url.QueryEscape(path) }

// SecondPage asks for the second factor, to sign in or, in a session, to be fresh again.
type SecondPage struct {
	Notice   *web.Notice
	Next     string
	To       string // where the form goes
	Held     string // the form that goes on when the factor was shown; "" if none waits
	Title    string
	TOTP     bool
	Passkeys bool
	Provider string // name of the provider that may be asked in their place
	There    string // path that leads there
}

type nextQuery struct {
	Next string `form:"next" max:"300"`
}

func (s *pages) showSignIn(r *web.Request) error {
	var q nextQuery
	if err := r.Decode(&q); err != nil {
		return err
	}
	setup, err := s.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	page := s.signInPage(r, nil, q.Next)
	page.Setup = setup
	return r.Render(page)
}

func (s *pages) postSignIn(r *web.Request) error {
	var form struct {
		Login    string `form:"login" max:"64"`
		Password string `form:"password" max:"1024" secret:"true"`
		Next     string `form:"next" max:"300"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	step, err := s.SignIn(r.Context(), form.Login, form.Password, place(r))
	if err != nil {
		return again(r, err, func(n *web.Notice) any { return s.signInPage(r, n, form.Next) })
	}
	keepStep(r, step.Token)
	return r.Render(s.secondPage(r, step, nil, form.Next))
}

func (s *pages) secondPage(r *web.Request, step identity.Step, n *web.Notice, next string) SecondPage {
	return SecondPage{Notice: n, Next: local(next), To: secondPath, Title: r.T("identity.second_title"), TOTP: step.TOTP, Passkeys: step.Passkeys}
}

func (s *pages) showSecond(r *web.Request) error {
	var q nextQuery
	if err := r.Decode(&q); err != nil {
		return err
	}
	step, err := s.StepState(r.Context(), stepOf(r))
	if err != nil {
		return s.startOver(r, err)
	}
	return r.Render(s.secondPage(r, step, nil, q.Next))
}

// startOver sends whose step has run out back to the password.
func (s *pages) startOver(r *web.Request, err error) error {
	if errs.Of(err).Code == "identity.step_over" {
		keepStep(r, "")
		return again(r, err, func(n *web.Notice) any { return s.signInPage(r, n, "/") })
	}
	return err
}

type secondForm struct {
	Code       string `form:"code" max:"64" secret:"true"`
	Credential string `form:"credential" max:"16000"`
	Next       string `form:"next" max:"300"`
}

func (f secondForm) shown() identity.Shown {
	return identity.Shown{Code: f.Code, Passkey: []byte(f.Credential)}
}

func (s *pages) postSecond(r *web.Request) error {
	var form secondForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	signed, err := s.Finish(r.Context(), stepOf(r), form.shown(), place(r), false)
	if err != nil {
		step, gone := s.StepState(r.Context(), stepOf(r))
		if gone != nil {
			return s.startOver(r, gone)
		}
		return again(r, err, func(n *web.Notice) any { return s.secondPage(r, step, n, form.Next) })
	}
	keepStep(r, "")
	keep(r, signed.Token)
	keepDevice(r, signed.Device)
	return r.Redirect(local(form.Next))
}

func (s *pages) secondOptions(r *web.Request) error {
	body, err := s.PasskeyOptions(r.Context(), stepOf(r))
	return options(r, body, err)
}

func (s *pages) postSignOut(r *web.Request) error {
	if err := s.SignOut(r.Context(), r.Actor); err != nil {
		return err
	}
	drop(r)
	forget(r)
	to, failed, err := s.provider.left(r)
	if err != nil {
		return err
	}
	return leave(r, to, failed)
}

func (s *pages) stepUpPage(r *web.Request, next, held string) (SecondPage, error) {
	account, err := s.Account(r.Context(), r.Actor)
	page := SecondPage{Next: local(next), Held: held, To: identity.StepUpPath, Title: r.T("identity.step_up_title"),
		TOTP: account.Staff.TOTP && s.UsesTOTP(), Passkeys: len(account.Passkeys) > 0 && s.UsesPasskeys()}
	if s.provider.StepUp != "" {
		page.Provider, page.There = s.provider.Name, s.provider.StepUp+"?next="+escaped(page.Next)
	}
	return page, err
}

func (s *pages) showStepUp(r *web.Request) error {
	var q nextQuery
	if err := r.Decode(&q); err != nil {
		return err
	}
	page, err := s.stepUpPage(r, q.Next, "")
	if err != nil {
		return err
	}
	return r.Render(page)
}

// holdForm is the step-up in the place of a form whose second factor grew old while somebody typed.
func (s *pages) holdForm(r *web.Request, held string) error {
	page, err := s.stepUpPage(r, "/", held)
	if err != nil {
		return err
	}
	return r.RenderStatus(http.StatusUnauthorized, page)
}

func (s *pages) postStepUp(r *web.Request) error {
	var form struct {
		Code       string `form:"code" max:"64" secret:"true"`
		Credential string `form:"credential" max:"16000"`
		Next       string `form:"next" max:"300"`
		Held       string `form:"held" max:"100000"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	signed, err := s.Refresh(r.Context(), r.Actor, identity.Shown{Code: form.Code, Passkey: []byte(form.Credential)})
	if err != nil {
		page, failed := s.stepUpPage(r, form.Next, form.Held)
		if failed != nil {
			return failed
		}
		return again(r, err, func(n *web.Notice) any { page.Notice = n; return page })
	}
	session := keep(r, signed.Token)
	if form.Held != "" {
		return r.Resume(form.Held, session)
	}
	return r.Redirect(local(form.Next))
}

func (s *pages) stepUpOptions(r *web.Request) error {
	body, err := s.RefreshOptions(r.Context(), r.Actor)
	return options(r, body, err)
}

// SetupPage makes the first administrator.
type SetupPage struct {
	Notice      *web.Notice
	Name, Login string
	Done        bool // there is an administrator already
}

func (s *pages) showSetup(r *web.Request) error {
	needed, err := s.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	return r.Render(SetupPage{Done: !needed})
}

func (s *pages) postSetup(r *web.Request) error {
	var form struct {
		Token string `form:"token" max:"100" secret:"true"`
		Name  string `form:"name" max:"100"`
		Login string `form:"login" max:"64"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	invitation, err := s.Setup(r.Context(), strings.TrimSpace(form.Token), identity.NewStaff{Name: form.Name, Login: form.Login})
	if err != nil {
		return again(r, err, func(n *web.Notice) any {
			return SetupPage{Notice: n, Name: form.Name, Login: form.Login, Done: errs.Of(err).Code == "identity.has_admin"}
		})
	}
	return r.Redirect("/welcome/" + invitation)
}

// EnrolPage is where a newcomer gives the second person's code and then, in the same
// browser, chooses a password and a second factor.
type EnrolPage struct {
	Notice     *web.Notice
	To         string
	Invitation identity.Invitation
	Min        int
}

// RecoveryPage shows recovery codes, once.
type RecoveryPage struct {
	Codes []string
	Next  string
}

func (s *pages) showEnrol(r *web.Request) error {
	return s.enrolPage(r, nil, http.StatusOK)
}

func (s *pages) enrolPage(r *web.Request, n *web.Notice, status int) error {
	token := r.Path("token")
	inv, err := s.Invitation(r.Context(), token, enrolOf(r))
	if err == nil && !inv.Opened && !inv.CodeNeeded {
		// A link from the terminal is enough: this browser opens it by coming here.
		var browser string
		if browser, err = s.OpenInvitation(r.Context(), token, ""); err == nil {
			keepEnrol(r, browser)
			inv, err = s.Invitation(r.Context(), token, browser)
		}
	}
	if err != nil {
		return err
	}
	return r.RenderStatus(status, EnrolPage{Notice: n, To: "/welcome/" + token, Invitation: inv, Min: password.Min})
}

func (s *pages) postEnrol(r *web.Request) error {
	var form struct {
		Handover   string `form:"handover" max:"32" secret:"true"`
		Password   string `form:"password" max:"1024" secret:"true"`
		Again      string `form:"again" max:"1024" secret:"true"`
		Code       string `form:"code" max:"64" secret:"true"`
		Credential string `form:"credential" max:"16000"`
		Label      string `form:"label" max:"60"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	token := r.Path("token")
	var err error
	switch {
	case form.Handover != "":
		var browser string
		if browser, err = s.OpenInvitation(r.Context(), token, form.Handover); err == nil {
			keepEnrol(r, browser)
			return r.Redirect("/welcome/" + token)
		}
	case form.Password != form.Again:
		err = identity.ErrPasswordsDiffer
	default:
		var signed identity.Signed
		var codes []string
		signed, codes, err = s.Enrol(r.Context(), identity.Enrolment{Token: token, Browser: enrolOf(r), Password: form.Password,
			Shown: identity.Shown{Code: form.Code, Passkey: []byte(form.Credential)}, Label: form.Label}, place(r))
		if err == nil {
			keepEnrol(r, "")
			keep(r, signed.Token)
			keepDevice(r, signed.Device)
			return r.Render(RecoveryPage{Codes: codes, Next: "/"})
		}
	}
	n, status, err := failed(r, err)
	if err != nil {
		return err
	}
	return s.enrolPage(r, n, status)
}

func (s *pages) enrolPicture(r *web.Request) error {
	body, err := s.InvitationPicture(r.Context(), r.Path("token"), enrolOf(r))
	return picture(r, body, err)
}

func (s *pages) enrolOptions(r *web.Request) error {
	body, err := s.InvitationOptions(r.Context(), r.Path("token"), enrolOf(r))
	return options(r, body, err)
}

// AccountPage is what a member of staff sees of the own sign-in.
type AccountPage struct {
	Notice   *web.Notice
	Account  identity.Account
	Passkeys bool // this origin can have passkeys
	TOTP     bool // this deployment uses TOTP
	Min      int
	Provider string // path of how the reader is known at the provider; "" when there is none
}

func (s *pages) showAccount(r *web.Request) error { return s.accountPage(r, nil, http.StatusOK) }

func (s *pages) accountPage(r *web.Request, n *web.Notice, status int) error {
	account, err := s.Account(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.RenderStatus(status, AccountPage{Notice: n, Account: account, Passkeys: s.UsesPasskeys(), TOTP: s.UsesTOTP(), Min: password.Min, Provider: s.provider.Account})
}

// changed ends a post on the account page: back to it, with what happened.
func (s *pages) changed(r *web.Request, err error, flash string) error {
	if err != nil {
		n, status, err := failed(r, err)
		if err != nil {
			return err
		}
		return s.accountPage(r, n, status)
	}
	r.Flash(flash)
	return r.Redirect(accountPath)
}

func (s *pages) postPassword(r *web.Request) error {
	var form struct {
		Current  string `form:"current" max:"1024" secret:"true"`
		Password string `form:"password" max:"1024" secret:"true"`
		Again    string `form:"again" max:"1024" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	err := error(identity.ErrPasswordsDiffer)
	if form.Password == form.Again {
		err = s.ChangePassword(r.Context(), r.Actor, form.Current, form.Password)
	}
	return s.changed(r, err, "identity.password_changed")
}

func (s *pages) postPasskey(r *web.Request) error {
	var form struct {
		Credential string `form:"credential" max:"16000"`
		Label      string `form:"label" max:"60"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	return s.changed(r, s.AddPasskey(r.Context(), r.Actor, []byte(form.Credential), form.Label), "identity.passkey_added")
}

func (s *pages) passkeyOptions(r *web.Request) error {
	body, err := s.AddPasskeyOptions(r.Context(), r.Actor)
	return options(r, body, err)
}

func (s *pages) postRemovePasskey(r *web.Request) error {
	return s.changed(r, s.RemovePasskey(r.Context(), r.Actor, r.Path("passkey")), "identity.passkey_removed")
}

// AuthenticatorPage shows a new TOTP secret that waits for its first code.
type AuthenticatorPage struct {
	Notice *web.Notice
	Secret string // empty when the code was wrong: the picture is still the same
}

func (s *pages) showTOTP(r *web.Request) error {
	secret, err := s.NewTOTP(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.Render(AuthenticatorPage{Secret: secret})
}

func (s *pages) totpPicture(r *web.Request) error {
	body, err := s.TOTPPicture(r.Context(), r.Actor)
	return picture(r, body, err)
}

func (s *pages) postTOTP(r *web.Request) error {
	var form struct {
		Code string `form:"code" max:"32" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.ConfirmTOTP(r.Context(), r.Actor, form.Code); err != nil {
		return again(r, err, func(n *web.Notice) any { return AuthenticatorPage{Notice: n} })
	}
	r.Flash("identity.totp_renewed")
	return r.Redirect(accountPath)
}

func (s *pages) postRecovery(r *web.Request) error {
	codes, err := s.RenewRecovery(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.Render(RecoveryPage{Codes: codes, Next: accountPath})
}

func (s *pages) postEndSession(r *web.Request) error {
	return s.changed(r, s.EndSession(r.Context(), r.Actor, r.Path("session")), "identity.session_ended")
}

func (s *pages) postEndOthers(r *web.Request) error {
	return s.changed(r, s.EndOthers(r.Context(), r.Actor), "identity.session_ended")
}

// StaffListPage lists who works here.
type StaffListPage struct {
	Table  web.Table
	MayAdd bool
}

// NewStaffPage asks for a new member of staff.
type NewStaffPage struct {
	Notice      *web.Notice
	Staff       identity.NewStaff
	Controllers []web.Choice
	Roles       []web.Choice
}

// StaffPage is one member of staff. Link and Code are shown once, after they were made.
type StaffPage struct {
	Notice      *web.Notice
	Staff       identity.Staff
	Facts       web.Facts
	Link, Code  string
	Controllers []web.Choice
	Roles       []web.Choice
	MayRun      bool // an administrator looks
	MayEnd      bool
	MayCode     bool
}

func (s *pages) showStaffList(r *web.Request) error {
	staff, err := s.ListStaff(r.Context())
	if err != nil {
		return err
	}
	return r.Render(StaffListPage{Table: staffTable(r.Printer(), staff), MayAdd: r.Actor.Is(actor.Admin)})
}

func (s *pages) showNewStaff(r *web.Request) error {
	controllers, err := s.unchosen(r)
	if err != nil {
		return err
	}
	return r.Render(NewStaffPage{Roles: roleChoices(r.Printer(), actor.Agent), Controllers: controllers})
}

func (s *pages) postNewStaff(r *web.Request) error {
	var form struct {
		Name        string   `form:"name" max:"100"`
		Login       string   `form:"login" max:"64"`
		Role        string   `form:"role" choice:"agent supervisor dpo security auditor admin"`
		Controllers []string `form:"controllers" max:"40" count:"100"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	controllers, err := s.companies(r, form.Controllers)
	if err != nil {
		return err
	}
	n := identity.NewStaff{Name: form.Name, Login: form.Login, Role: actor.Role(form.Role), Controllers: form.Controllers}
	staff, err := s.CreateStaff(r.Context(), r.Actor, n)
	if err != nil {
		return again(r, err, func(x *web.Notice) any {
			return NewStaffPage{Notice: x, Staff: n, Controllers: controllers, Roles: roleChoices(r.Printer(), n.Role)}
		})
	}
	r.Flash("identity.staff_created")
	return r.Redirect("/staff/" + staff)
}

func (s *pages) staffPage(r *web.Request, status int, fill func(*StaffPage)) error {
	staff, err := s.StaffByID(r.Context(), r.Path("staff"))
	if err != nil {
		return err
	}
	controllers, err := s.companies(r, staff.Controllers)
	if err != nil {
		return err
	}
	page := StaffPage{
		Staff: staff, Facts: staffFacts(r.Printer(), staff, controllers), Controllers: controllers, Roles: roleChoices(r.Printer(), staff.Role), MayRun: r.Actor.Is(actor.Admin) && r.Actor.ID() != staff.ID,
		MayEnd:  r.Actor.Is(endsAccess.Roles...) && r.Actor.ID() != staff.ID && staff.State != identity.Disabled,
		MayCode: identity.MayHandOver(r.Actor.Role(), staff.Role) && r.Actor.ID() != staff.ID && staff.State == identity.Invited,
	}
	fill(&page)
	return r.RenderStatus(status, page)
}

func (s *pages) showStaff(r *web.Request) error {
	return s.staffPage(r, http.StatusOK, func(*StaffPage) {})
}

// staffDone ends a post on a staff page.
func (s *pages) staffDone(r *web.Request, err error, flash string) error {
	if err != nil {
		n, status, err := failed(r, err)
		if err != nil {
			return err
		}
		return s.staffPage(r, status, func(p *StaffPage) { p.Notice = n })
	}
	r.Flash(flash)
	return r.Redirect("/staff/" + r.Path("staff"))
}

func (s *pages) postLink(r *web.Request) error {
	token, err := s.MakeLink(r.Context(), r.Actor, r.Path("staff"))
	if err != nil {
		return s.staffDone(r, err, "")
	}
	return s.staffPage(r, http.StatusOK, func(p *StaffPage) { p.Link = s.Origin() + "/welcome/" + token })
}

func (s *pages) postCode(r *web.Request) error {
	code, err := s.MakeCode(r.Context(), r.Actor, r.Path("staff"))
	if err != nil {
		return s.staffDone(r, err, "")
	}
	return s.staffPage(r, http.StatusOK, func(p *StaffPage) { p.Code = code[:4] + " " + code[4:] })
}

func (s *pages) postDisable(r *web.Request) error {
	return s.staffDone(r, s.Disable(r.Context(), r.Actor, r.Path("staff")), "identity.staff_disabled")
}

type reasonForm struct {
	Reason string `form:"reason" max:"300"`
}

func (s *pages) postEnable(r *web.Request) error {
	var form reasonForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	_, err := s.AskEnable(r.Context(), r.Actor, r.Path("staff"), form.Reason)
	return s.staffDone(r, err, "identity.asked")
}

func (s *pages) postRole(r *web.Request) error {
	var form struct {
		Role        string   `form:"role" choice:"agent supervisor dpo security auditor admin"`
		Controllers []string `form:"controllers" max:"40" count:"100"`
		Reason      string   `form:"reason" max:"300"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	_, err := s.AskRole(r.Context(), r.Actor, r.Path("staff"), actor.Role(form.Role), form.Controllers, form.Reason)
	return s.staffDone(r, err, "identity.asked")
}

// companies are all registered controllers to tick, those chosen ticked. One that is chosen
// and not registered stands there by its id, so that it is not lost unseen.
func (s *pages) companies(r *web.Request, chosen []string) (out []web.Choice, err error) {
	list, err := s.controllers(r.Context())
	if err != nil {
		return nil, err
	}
	for _, id := range chosen {
		if !slices.ContainsFunc(list, func(c Controller) bool { return c.ID == id }) {
			list = append(list, Controller{id, id})
		}
	}
	for _, c := range list {
		out = append(out, web.Choice{Value: c.ID, Label: c.Name, Selected: slices.Contains(chosen, c.ID)})
	}
	return out, nil
}

// unchosen are all registered controllers with none ticked, so that nobody gets by oversight
// more than was meant; where there is one only, there is nothing to choose.
func (s *pages) unchosen(r *web.Request) ([]web.Choice, error) {
	list, err := s.companies(r, nil)
	if len(list) == 1 {
		list[0].Selected = true
	}
	return list, err
}

// chosen are the names of the choices that are ticked.
func chosen(choices []web.Choice) string {
	var names []string
	for _, c := range choices {
		if c.Selected {
			names = append(names, c.Label)
		}
	}
	return strings.Join(names, ", ")
}

func roleChoices(p *i18n.Printer, selected actor.Role) (out []web.Choice) {
	for _, role := range actor.Roles() {
		out = append(out, web.Choice{Value: string(role), Label: p.T("identity.role_" + string(role)), Selected: role == selected})
	}
	return out
}

func stateChip(p *i18n.Printer, state identity.State) *web.Chip {
	tone := map[identity.State]web.Tone{identity.Invited: web.Info, identity.Active: web.Good, identity.Disabled: web.Warn}[state]
	return &web.Chip{Tone: tone, Text: p.T("identity.state_" + string(state))}
}

func staffTable(p *i18n.Printer, staff []identity.Staff) web.Table {
	t := web.Table{
		Caption: p.T("identity.staff_title"),
		Columns: []web.Column{{Title: p.T("identity.name")}, {Title: p.T("identity.login")}, {Title: p.T("identity.role")}, {Title: p.T("identity.state")}},
		Empty:   web.Empty{Title: p.T("identity.staff_none"), Text: p.T("identity.staff_none_next")},
	}
	for _, one := range staff {
		to := "/staff/" + one.ID
		t.Rows = append(t.Rows, web.Row{ID: one.ID, Cells: []web.Cell{{Text: one.Name, To: to}, {Text: one.Login}, {Text: p.T("identity.role_" + string(one.Role))}, {Chip: stateChip(p, one.State)}}})
	}
	return t
}

func staffFacts(p *i18n.Printer, one identity.Staff, controllers []web.Choice) web.Facts {
	yes := map[bool]string{true: p.T("identity.yes"), false: p.T("identity.no")}
	return web.Facts{
		{Label: p.T("identity.login"), Text: one.Login},
		{Label: p.T("identity.role"), Text: p.T("identity.role_" + string(one.Role))},
		{Label: p.T("identity.state"), Chip: stateChip(p, one.State)},
		{Label: p.T("identity.controllers"), Text: chosen(controllers)},
		{Label: p.T("identity.passkeys"), Text: p.Number(int64(one.Passkeys))},
		{Label: p.T("identity.totp_title"), Text: yes[one.TOTP]},
		{Label: p.T("identity.recovery_title"), Text: p.Number(int64(one.Recovery))},
		{Label: p.T("identity.created"), Time: one.Created},
	}
}

func clientChip(p *i18n.Printer, state identity.ClientState) *web.Chip {
	tone := map[identity.ClientState]web.Tone{identity.ClientAsked: web.Info, identity.ClientApproved: web.Info, identity.ClientActive: web.Good, identity.ClientRevoked: web.Warn}[state]
	return &web.Chip{Tone: tone, Text: p.T("identity.client_" + string(state))}
}

func clientTable(p *i18n.Printer, clients []identity.Client) web.Table {
	t := web.Table{
		Caption: p.T("identity.clients_title"),
		Columns: []web.Column{{Title: p.T("identity.client_name")}, {Title: p.T("identity.state")}, {Title: p.T("identity.scopes")}, {Title: p.T("identity.expires")}},
		Empty:   web.Empty{Title: p.T("identity.clients_none"), Text: p.T("identity.clients_none_next")},
	}
	for _, c := range clients {
		to := "/clients/" + c.ID
		t.Rows = append(t.Rows, web.Row{ID: c.ID, Cells: []web.Cell{{Text: c.Name, To: to}, {Chip: clientChip(p, c.State)}, {Text: strings.Join(c.Scopes, ", ")}, {Time: c.Expires}}})
	}
	return t
}

func clientFacts(p *i18n.Printer, c identity.Client, controllers []web.Choice) web.Facts {
	names := make([]string, len(c.Scopes))
	for i, scope := range c.Scopes {
		names[i] = p.T("identity.scope_" + scope)
	}
	out := web.Facts{
		{Label: p.T("identity.state"), Chip: clientChip(p, c.State)},
		{Label: p.T("identity.scopes"), Text: strings.Join(names, "; ")},
		{Label: p.T("identity.controllers"), Text: chosen(controllers)},
		{Label: p.T("identity.key_hint"), Text: c.Hint},
		{Label: p.T("identity.created"), Time: c.Created},
		{Label: p.T("identity.expires"), Time: c.Expires},
	}
	if c.Used.IsZero() {
		return append(out, web.Fact{Label: p.T("identity.used"), Text: p.T("identity.never")})
	}
	return append(out, web.Fact{Label: p.T("identity.used"), Time: c.Used})
}

// ClientListPage lists the API clients.
type ClientListPage struct {
	Table  web.Table
	MayAdd bool
}

// NewClientPage asks for a new API client.
type NewClientPage struct {
	Notice      *web.Notice
	Name        string
	Chosen      map[string]bool
	Controllers []web.Choice
	Days        string
	Scopes      []string
}

// ClientPage is one API client. Key is shown once, after it was issued.
type ClientPage struct {
	Notice  *web.Notice
	Client  identity.Client
	Facts   web.Facts
	Key     string
	MayKey  bool
	MayStop bool
}

func (s *pages) showClients(r *web.Request) error {
	clients, err := s.ListClients(r.Context())
	if err != nil {
		return err
	}
	return r.Render(ClientListPage{Table: clientTable(r.Printer(), clients), MayAdd: r.Actor.Is(actor.Admin)})
}

func (s *pages) showNewClient(r *web.Request) error {
	controllers, err := s.unchosen(r)
	if err != nil {
		return err
	}
	return r.Render(NewClientPage{Scopes: identity.Scopes(), Days: "90", Controllers: controllers})
}

func (s *pages) postNewClient(r *web.Request) error {
	var form struct {
		Name        string   `form:"name" max:"60"`
		Scopes      []string `form:"scope" max:"20" count:"20"`
		Controllers []string `form:"controllers" max:"40" count:"100"`
		Days        int      `form:"days" low:"1" high:"366"`
		Reason      string   `form:"reason" max:"300"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	controllers, err := s.companies(r, form.Controllers)
	if err != nil {
		return err
	}
	client, err := s.AskClient(r.Context(), r.Actor, identity.NewClient{Name: form.Name, Scopes: slices.Clone(form.Scopes), Controllers: form.Controllers, Life: days(form.Days)}, form.Reason)
	if err != nil {
		chosen := map[string]bool{}
		for _, c := range form.Scopes {
			chosen[c] = true
		}
		return again(r, err, func(n *web.Notice) any {
			return NewClientPage{Notice: n, Name: form.Name, Chosen: chosen, Controllers: controllers, Days: strconv.Itoa(form.Days), Scopes: identity.Scopes()}
		})
	}
	r.Flash("identity.asked")
	return r.Redirect("/clients/" + client)
}

func (s *pages) clientPage(r *web.Request, status int, fill func(*ClientPage)) error {
	client, err := s.Client(r.Context(), r.Path("client"))
	if err != nil {
		return err
	}
	controllers, err := s.companies(r, client.Controllers)
	if err != nil {
		return err
	}
	page := ClientPage{Client: client, Facts: clientFacts(r.Printer(), client, controllers), MayKey: client.State == identity.ClientApproved && client.Requester == r.Actor.ID(),
		MayStop: client.State != identity.ClientRevoked && r.Actor.Is(endsAccess.Roles...)}
	fill(&page)
	return r.RenderStatus(status, page)
}

func (s *pages) showClient(r *web.Request) error {
	return s.clientPage(r, http.StatusOK, func(*ClientPage) {})
}

func (s *pages) postKey(r *web.Request) error {
	key, err := s.IssueKey(r.Context(), r.Actor, r.Path("client"))
	if err != nil {
		n, status, err := failed(r, err)
		if err != nil {
			return err
		}
		return s.clientPage(r, status, func(p *ClientPage) { p.Notice = n })
	}
	return s.clientPage(r, http.StatusOK, func(p *ClientPage) { p.Key = key })
}

func (s *pages) postRevoke(r *web.Request) error {
	if err := s.RevokeClient(r.Context(), r.Actor, r.Path("client")); err != nil {
		n, status, err := failed(r, err)
		if err != nil {
			return err
		}
		return s.clientPage(r, status, func(p *ClientPage) { p.Notice = n })
	}
	r.Flash("identity.client_revoked_done")
	return r.Redirect("/clients/" + r.Path("client"))
}

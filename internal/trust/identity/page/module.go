// Package page shows trust/identity to people and programs: signing in, enrolling, one's own
// account, the list of staff and the API clients, and the JSON operations on sessions.
//
// It decides nothing. A handler reads a form, calls one verb of identity and shows what came
// of it; who may do what, what is logged and what a refusal is called stand there. It
// promises that a password, code, key or token that was submitted never comes back in an
// answer; that what is shown once (recovery codes, links, keys) is in the answer to the post
// that made it and nowhere else; that session cookies are __Host-, Secure and HttpOnly; and
// that everything but the use of a passkey works without JavaScript.
package page

import (
	"context"
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed views/*.html
var views embed.FS

// pages are identity's verbs behind handlers.
type pages struct {
	*identity.Identity
	controllers Controllers
	provider    Provider
}

// Controller is a company whose customers staff and API clients may serve.
type Controller struct{ ID, Name string }

// Controllers lists all that are registered; app gives it, for the register is a higher room's.
type Controllers func(context.Context) ([]Controller, error)

// Module is what identity brings to the house.
func Module(room *identity.Identity, controllers Controllers, provider Provider) web.Module {
	s := &pages{room, controllers, provider}
	return web.Module{
		Name: "identity", Schema: identity.Schema().FS, Messages: identity.Messages, Views: views,
		Routes: s.routes,
		Jobs: map[string]jobs.Handler{
			identity.SweepJob: func(ctx context.Context, _ jobs.Run) error { return s.Sweep(ctx) },
		},
		Nav: []web.NavItem{
			{Key: "identity.nav_staff", Path: "/staff", Roles: seesStaff, Order: 80},
			{Key: "identity.nav_clients", Path: "/clients", Roles: seesClients, Order: 85},
			{Key: "identity.nav_switch", Path: switchPath, Roles: actor.Roles(), Order: 98, Hint: "u"},
			{Key: "identity.nav_account", Path: accountPath, Roles: actor.Roles(), Order: 99},
		},
		Fixtures: fixtures,
	}
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>{{.}}`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	notice := &web.Notice{Tone: web.Bad, Title: p.T("identity.wrong_sign_in"), Text: p.T("identity.wrong_sign_in.next")}
	bad := &web.Notice{Tone: web.Bad, Title: hostile, Text: hostile}
	staff := func(name string) identity.Staff {
		return identity.Staff{ID: "stf_01k9xq3v7me8t0000z9w2h4r6n", Name: name, Login: name, Role: actor.Agent, State: identity.Invited,
			Controllers: []string{"ctl_01k9xq3v7me8t0000z9w2h4r6n"}, Created: at, Passkeys: 1, TOTP: true, Recovery: 9}
	}
	client := func(name string) identity.Client {
		return identity.Client{ID: "cli_01k9xq3v7me8t0000z9w2h4r6n", Name: name, Scopes: identity.Scopes(), Controllers: []string{"ctl_01k9xq3v7me8t0000z9w2h4r6n"},
			State: identity.ClientApproved, Hint: "a1b2", Created: at, Expires: at.Add(90 * 24 * time.Hour)}
	}
	used := client("CRM")
	used.ID, used.State, used.Used = "cli_01k9xq3v7me8t0000z9w2h4r6m", identity.ClientActive, at
	account := func(label string) identity.Account {
		return identity.Account{Staff: staff(label), Passkeys: []identity.Passkey{{ID: "psk_01k9xq3v7me8t0000z9w2h4r6n", Label: label, Created: at, Used: at}, {ID: "psk_01k9xq3v7me8t0000z9w2h4r6m", Created: at}},
			Sessions: []identity.Session{{ID: "ses_01k9xq3v7me8t0000z9w2h4r6n", Kind: "console", Created: at, Seen: at, Current: true}, {ID: "ses_01k9xq3v7me8t0000z9w2h4r6m", Kind: "api", Created: at, Seen: at}}}
	}
	invitation := func(name string) identity.Invitation {
		return identity.Invitation{Name: name, Login: name, Role: actor.Agent, Opened: true, Secret: "JBSW Y3DP EHPK 3PXP", CodeNeeded: true, Passkeys: true}
	}
	unopened := func(name string) identity.Invitation {
		return identity.Invitation{Name: name, Login: name, Role: actor.Agent, CodeNeeded: true, Passkeys: true}
	}
	roles := roleChoices(p, actor.Agent)
	companies := []web.Choice{{Value: "ctl_01k9xq3v7me8t0000z9w2h4r6n", Label: "PT Toko Nusantara", Selected: true}, {Value: "ctl_01k9xq3v7me8t0000z9w2h4r6m", Label: "PT Asuransi Nusantara"}}
	odd := []web.Choice{{Value: hostile, Label: hostile, Selected: true}}
	page := func(name string, role actor.Role, page any) web.Fixture {
		f := web.Fixture{Name: name, Role: role, Page: page}
		if name == "hostile" {
			f.Hostile = []string{hostile}
		}
		return f
	}
	disabled := staff("Rina Wulandari")
	disabled.ID, disabled.State = "stf_01k9xq3v7me8t0000z9w2h4r6m", identity.Disabled
	return []web.Fixture{
		page("empty", "", SignInPage{Next: "/", Setup: true}),
		page("ordinary", "", SignInPage{Next: "/", Notice: notice}),
		page("provider", "", SignInPage{Next: "/", Provider: "Keycloak", To: "/sign-in/provider?next=%2F", Leave: "/sign-in/leave", Passkeys: true}),
		page("hostile", "", SignInPage{Next: hostile, Notice: bad, Provider: hostile, To: "/sign-in/provider?next=" + hostile, Leave: "/sign-in/leave"}),
		page("empty", actor.Agent, SwitchPage{}),
		page("ordinary", actor.Agent, SwitchPage{Passkeys: true}),
		page("hostile", actor.Agent, SwitchPage{Passkeys: true, Notice: bad}),
		page("empty", "", SignedOutPage{}),
		page("ordinary", "", SignedOutPage{To: "https://id.example/logout?client_id=amanah"}),
		page("failed", "", SignedOutPage{Failed: true}),
		page("hostile", "", SignedOutPage{To: "https://id.example/?x=" + hostile}),
		page("empty", "", SecondPage{Title: p.T("identity.second_title"), To: secondPath, Next: "/"}),
		page("ordinary", "", SecondPage{Title: p.T("identity.second_title"), To: secondPath, Next: "/", TOTP: true, Passkeys: true, Provider: "Keycloak", There: "/step-up/provider?next=%2F"}),
		page("held", actor.DPO, SecondPage{Title: p.T("identity.step_up_title"), To: identity.StepUpPath, Next: "/", Held: "aGVsZA", TOTP: true, Passkeys: true}),
		page("hostile", "", SecondPage{Title: hostile, Held: hostile, To: secondPath, Next: hostile, Notice: bad, TOTP: true, Passkeys: true, Provider: hostile, There: "/step-up/provider?next=" + hostile}),
		page("empty", "", SetupPage{}),
		page("ordinary", "", SetupPage{Done: true}),
		page("hostile", "", SetupPage{Name: hostile, Login: hostile, Notice: bad}),
		page("ordinary", "", EnrolPage{To: "/welcome/x", Invitation: invitation("Rina Wulandari"), Min: password.Min}),
		page("empty", "", EnrolPage{To: "/welcome/x", Invitation: identity.Invitation{Name: "Rina", Login: "rina", Opened: true, Passkeys: true}, Min: password.Min}),
		page("hostile", "", EnrolPage{To: "/welcome/x", Invitation: invitation(hostile), Min: password.Min, Notice: bad}),
		page("code", "", EnrolPage{To: "/welcome/x", Invitation: unopened("Rina Wulandari"), Min: password.Min}),
		page("ordinary", "", RecoveryPage{Codes: []string{"0a1b-2c3d-4e5f", "6g7h-8j9k-0m1n"}, Next: "/"}),
		page("hostile", "", RecoveryPage{Codes: []string{hostile}, Next: "/"}),
		page("empty", "", RecoveryPage{Next: "/"}),
		page("empty", actor.Agent, AccountPage{Account: identity.Account{Staff: identity.Staff{Name: "Rina", Login: "rina", Role: actor.Agent}}, Min: password.Min}),
		page("ordinary", actor.Agent, AccountPage{Account: account("Rina Wulandari"), Passkeys: true, TOTP: true, Min: password.Min, Provider: "/account/provider"}),
		page("hostile", actor.Agent, AccountPage{Account: account(hostile), Passkeys: true, TOTP: true, Notice: bad, Min: password.Min}),
		page("ordinary", actor.Agent, AuthenticatorPage{Secret: "JBSW Y3DP EHPK 3PXP"}),
		page("empty", actor.Agent, AuthenticatorPage{}),
		page("hostile", actor.Agent, AuthenticatorPage{Secret: hostile, Notice: bad}),
		page("empty", actor.Admin, StaffListPage{Table: staffTable(p, nil), MayAdd: true}),
		page("ordinary", actor.Admin, StaffListPage{Table: staffTable(p, []identity.Staff{staff("Rina Wulandari"), disabled}), MayAdd: true}),
		page("hostile", actor.Admin, StaffListPage{Table: staffTable(p, []identity.Staff{staff(hostile)})}),
		page("empty", actor.Admin, NewStaffPage{Roles: roles}),
		page("ordinary", actor.Admin, NewStaffPage{Roles: roles, Controllers: companies, Notice: notice, Staff: identity.NewStaff{Name: "Rina Wulandari", Login: "rina"}}),
		page("hostile", actor.Admin, NewStaffPage{Roles: roles, Notice: bad, Staff: identity.NewStaff{Name: hostile, Login: hostile}, Controllers: odd}),
		page("empty", actor.Auditor, StaffPage{Staff: staff("Rina Wulandari"), Facts: staffFacts(p, staff("Rina Wulandari"), companies), Roles: roles}),
		page("ordinary", actor.Admin, StaffPage{Staff: disabled, Facts: staffFacts(p, disabled, companies), Roles: roles, MayRun: true, MayEnd: true, MayCode: true}),
		page("link", actor.Admin, StaffPage{Staff: staff("Rina Wulandari"), Facts: staffFacts(p, staff("Rina Wulandari"), companies), Roles: roles, Controllers: companies, MayRun: true, MayEnd: true, Link: "https://amanah.example/welcome/amanah_inv_x", Code: "1234 5678"}),
		page("hostile", actor.Admin, StaffPage{Staff: staff(hostile), Facts: staffFacts(p, staff(hostile), odd), Roles: roles, MayRun: true, MayEnd: true, MayCode: true, Notice: bad, Link: hostile, Code: hostile, Controllers: odd}),
		page("empty", actor.Admin, ClientListPage{Table: clientTable(p, nil), MayAdd: true}),
		page("ordinary", actor.Admin, ClientListPage{Table: clientTable(p, []identity.Client{client("CRM"), used}), MayAdd: true}),
		page("hostile", actor.Admin, ClientListPage{Table: clientTable(p, []identity.Client{client(hostile)})}),
		page("empty", actor.Admin, NewClientPage{Scopes: identity.Scopes(), Days: "90"}),
		page("ordinary", actor.Admin, NewClientPage{Scopes: identity.Scopes(), Days: "90", Controllers: companies, Name: "CRM", Chosen: map[string]bool{identity.ScopeEvents: true}, Notice: notice}),
		page("hostile", actor.Admin, NewClientPage{Scopes: identity.Scopes(), Days: hostile, Name: hostile, Controllers: odd, Notice: bad}),
		page("empty", actor.Auditor, ClientPage{Client: used, Facts: clientFacts(p, used, companies)}),
		page("ordinary", actor.Admin, ClientPage{Client: client("CRM"), Facts: clientFacts(p, client("CRM"), companies), MayKey: true, MayStop: true, Key: "amanah_key_x"}),
		page("hostile", actor.Admin, ClientPage{Client: client(hostile), Facts: clientFacts(p, client(hostile), odd), Key: hostile, Notice: bad, MayKey: true, MayStop: true}),
	}
}

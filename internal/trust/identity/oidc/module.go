package oidc

import (
	"context"
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/page"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "oidc", FS: schema} }

// SweepJob is the kind of the job that runs Sweep; app schedules it every ten minutes.
const SweepJob = "oidc.sweep"

// Module is what the room brings to the house. Without a provider (nil) it brings its words alone:
// the log may hold entries of a provider that there was.
func (s *Service) Module() web.Module {
	m := web.Module{Name: "oidc", Messages: messages, Views: views, Schema: schema, Fixtures: fixtures}
	if s != nil {
		m.Routes = s.routes
		m.Jobs = map[string]jobs.Handler{SweepJob: func(ctx context.Context, _ jobs.Run) error { return s.Sweep(ctx) }}
	}
	return m
}

// Page is what the pages of signing in and out know of the provider; nothing without one (nil).
func (s *Service) Page() page.Provider {
	if s == nil {
		return page.Provider{}
	}
	p := page.Provider{Name: s.Name, SignIn: signInPath, Account: accountPath, Visited: visited, LeaveBrowser: s.leaveBrowser}
	if s.Refreshes() {
		p.StepUp = stepUpPath
	}
	return p
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(*i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>{{.}}`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	return []web.Fixture{
		{Name: "empty", Role: actor.Agent, Page: AccountPage{Provider: "Keycloak"}},
		{Name: "ordinary", Role: actor.Agent, Page: AccountPage{Provider: "Keycloak", Linked: true, Link: Link{Made: at, Used: at}}},
		{Name: "hostile", Role: actor.Agent, Page: AccountPage{Provider: hostile, Linked: true, Link: Link{Made: at}}, Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Agent, Page: ConnectPage{Provider: "Keycloak", To: "https://id.example/"}},
		{Name: "ordinary", Role: actor.Agent, Page: ConnectPage{Provider: "Keycloak", To: "https://id.example/authorize?client_id=amanah"}},
		{Name: "hostile", Role: actor.Agent, Page: ConnectPage{Provider: hostile, To: "https://id.example/?x=" + hostile}, Hostile: []string{hostile}},
	}
}

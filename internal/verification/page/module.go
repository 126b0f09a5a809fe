// Package page shows what package verification does: the page of a customer's link and that of a notice,
// the page where anybody checks a call (package check), the list of what
// customers denied, and the same verbs as operations of the API.
//
// It is verification's second room. Package verification holds the verbs: what a link is worth, who may answer it, what an
// answer changes. This package turns requests into calls of these verbs and their answers into pages and JSON. It decides
// nothing. The customer's pages have web's frame for them: one small style sheet, no script but that of passkeys, less than 20 KB
// in every state, because they must arrive over a slow network on an old telephone. The only thing kept in the customer's browser is the
// secret that ties a link to the browser that opened it first.
package page

import (
	"embed"

	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/check"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed views/*.html
var views embed.FS

// screens are the pages and operations of verification's verbs, and the page where calls are checked.
type screens struct {
	*verification.Service
	calls *check.Service
}

// Module is what verification brings to the house.
func Module(verbs *verification.Service, calls *check.Service) web.Module {
	s := screens{verbs, calls}
	return web.Module{
		Name: "verification", Schema: verification.Schema().FS, Messages: verification.Texts, Views: views, Routes: s.routes,
		Jobs: verbs.Jobs(), Fixtures: fixtures,
		Nav: []web.NavItem{{Key: "verification.nav_denials", Path: "/denials", Roles: verification.Reviewers, Order: 16, Hint: "s"}},
	}
}

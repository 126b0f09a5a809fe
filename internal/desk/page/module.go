// Package page shows what package desk does: the agent's screens and the same verbs as operations of the API.
//
// It is the desk's second room. Package desk holds the verbs: what is asked of the gate, opened, compared, sent and
// written, with its rows. This package turns requests into calls of these verbs and their answers into pages, fragments and
// JSON. It decides nothing: what an agent may see is what a verb gave. It keeps no value longer than the answer it is written
// into; a value that is opened carries its mask along, so that the screen can cover it again by itself.
//
// Screens are built from view models (CallPage and its parts) that hold only what is drawn, with texts in the reader's
// language. One key is one action; which key, the view model says.
package page

import (
	"embed"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed views/*.html
var views embed.FS

var servers = []actor.Role{actor.Agent, actor.Supervisor}

// screens are the pages and operations of the desk's verbs.
type screens struct{ *desk.Service }

// Module is what the desk brings to the house.
func Module(verbs *desk.Service) web.Module {
	s := screens{verbs}
	return web.Module{
		Name: "desk", Schema: desk.Schema().FS, Messages: desk.Messages, Views: views,
		Nav:      []web.NavItem{{Key: "desk.nav", Path: "/desk", Roles: servers, Order: 10, Hint: "d"}},
		Routes:   s.routes,
		Fixtures: fixtures,
	}
}

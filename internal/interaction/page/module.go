// Package page shows what package interaction does: the supervisor's list of live contacts and the same verbs as operations
// of the API.
//
// It is interaction's second room. Package interaction holds the verbs: how a contact begins, moves, is handed over and ends,
// what telephony may report of it, and who may see it. This package turns requests into calls of these verbs and their
// answers into pages and JSON. It decides nothing and stores nothing; a contact that the asker may not know of is unknown
// here because the verb said so.
package page

import (
	"context"
	"embed"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed views/*.html
var views embed.FS

var (
	watches = []actor.Role{actor.Supervisor}
	serves  = []actor.Role{actor.Agent, actor.Supervisor}
)

// screens are the pages and operations of the room's verbs.
type screens struct{ *interaction.Service }

// Module is what interaction brings to the house.
func Module(verbs *interaction.Service) web.Module {
	s := screens{verbs}
	return web.Module{
		Name: "interaction", Schema: interaction.Schema().FS, Messages: interaction.Messages, Views: views, Routes: s.routes, Fixtures: fixtures,
		Jobs: map[string]jobs.Handler{interaction.SweepJob: func(ctx context.Context, _ jobs.Run) error {
			_, err := s.Sweep(ctx)
			return err
		}},
		Nav: []web.NavItem{{Key: "interaction.nav_live", Path: "/live", Roles: watches, Order: 15, Hint: "l"}},
	}
}

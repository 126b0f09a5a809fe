// Package page offers what package interaction does as operations of the API. The screens are the desk's and, for
// supervisors, those of package supervision.
//
// It is interaction's second room. Package interaction holds the verbs: how a contact begins, moves, is handed over and ends,
// what telephony may report of it, and who may see it. This package turns requests into calls of these verbs and their
// answers into JSON. It decides nothing and stores nothing; a contact that the asker may not know of is unknown
// here because the verb said so.
package page

import (
	"context"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

var serves = []actor.Role{actor.Agent, actor.Supervisor}

// api is the room's verbs as operations.
type api struct{ *interaction.Service }

// Module is what interaction brings to the house.
func Module(verbs *interaction.Service) web.Module {
	s := api{verbs}
	return web.Module{
		Name: "interaction", Schema: interaction.Schema().FS, Messages: interaction.Messages, Routes: s.operations,
		Jobs: map[string]jobs.Handler{interaction.SweepJob: func(ctx context.Context, _ jobs.Run) error {
			_, err := s.Sweep(ctx)
			return err
		}},
	}
}

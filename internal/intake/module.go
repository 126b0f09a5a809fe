package intake

import (
	"context"
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "intake", FS: schema} }

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{Name: "intake", Schema: schema, Messages: messages, Routes: s.routes}
}

func (s *Service) routes(rt *web.Router) {
	web.Operation(rt, web.Op{
		Method: "GET", Path: "/imports/{import}", Summary: "How far an import is", Access: web.Access{Scope: vault.Scope, Alone: true},
	}, s.getImport)
}

type statusInput struct {
	Import string `path:"import" maxLength:"64"`
}

type statusOutput struct {
	Body struct {
		Import     string     `json:"import" doc:"Id of the import (imp_…)"`
		Kind       string     `json:"kind" enum:"customers,history"`
		Controller string     `json:"controller"`
		Purpose    string     `json:"purpose"`
		StartedAt  time.Time  `json:"started_at"`
		FinishedAt *time.Time `json:"finished_at,omitempty" doc:"Absent while the import goes on, or was interrupted"`
		Counts     Counts     `json:"counts"`
	}
}

func (s *Service) getImport(ctx context.Context, c web.Call, in *statusInput) (*statusOutput, error) {
	run, err := s.Status(ctx, c.Actor, in.Import)
	if err != nil {
		return nil, err
	}
	out := &statusOutput{}
	b := &out.Body
	b.Import, b.Kind, b.Controller, b.Purpose, b.StartedAt, b.Counts = run.ID, run.Kind, run.Controller, run.Purpose, run.StartedAt, run.Counts
	if !run.FinishedAt.IsZero() {
		b.FinishedAt = &run.FinishedAt
	}
	return out, nil
}

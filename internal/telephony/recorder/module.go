package recorder

import (
	"context"
	"embed"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts.
//
//go:embed messages/*.json
var Messages embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "recorder", FS: schema} }

// Module is what the room brings to the house. Its pages are those of the desk.
func (s *Service) Module() web.Module {
	return web.Module{Name: "recorder", Schema: schema, Messages: Messages, Jobs: map[string]jobs.Handler{
		ResumeJob: func(ctx context.Context, run jobs.Run) error {
			var span string
			if err := run.Decode(&span); err != nil {
				return err
			}
			return s.Resume(ctx, span)
		},
		SweepJob: func(ctx context.Context, _ jobs.Run) error { return s.Sweep(ctx) },
	}}
}

package scim

import (
	"embed"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "scim", FS: schema} }

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{Name: "scim", Schema: schema, Messages: messages, Routes: s.routes}
}

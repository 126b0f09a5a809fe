package vault

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
func Schema() db.Schema { return db.Schema{Room: "vault", FS: schema} }

// Module is what the room brings to the house. It has no page: there is no list of
// customers to show, and what may be seen of one is the desk's business.
func (v *Vault) Module() web.Module {
	return web.Module{Name: "vault", Schema: schema, Messages: messages, Routes: v.routes}
}

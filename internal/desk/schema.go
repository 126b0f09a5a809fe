package desk

import (
	"embed"

	"github.com/amanah-id/amanah/internal/kit/db"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts, those of its screens included.
//
//go:embed messages/*.json
var Messages embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "desk", FS: schema} }

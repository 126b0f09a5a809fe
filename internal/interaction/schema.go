package interaction

import (
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts, those of its screens included.
//
//go:embed messages/*.json
var Messages embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "interaction", FS: schema} }

// SweepJob is the kind of the job that ends what was forgotten; app schedules it every
// SweepEvery.
const SweepJob = "interaction.sweep"

// SweepEvery is the period of SweepJob.
const SweepEvery = 15 * time.Second

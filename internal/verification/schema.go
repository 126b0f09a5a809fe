package verification

import (
	"embed"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

//go:embed schema/*.sql
var schema embed.FS

// Texts are the room's texts, those of its pages included.
//
//go:embed messages/*.json
var Texts embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "verification", FS: schema} }

// QuestionText is the sentence that asks for an item of a kind. A kind that a deployment
// made up itself is asked for by its own name.
func QuestionText(p *i18n.Printer, kind string) string {
	if key := "verification.question_" + kind; p.Has(key) {
		return p.T(key)
	}
	return p.T("verification.question_other", "kind", kind)
}

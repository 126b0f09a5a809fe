package command

import (
	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/attack"
	"github.com/amanah-id/amanah/internal/app/discover"
	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/dlp/malware"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// texts are the messages that the command line may need before any room is made.
func texts() []i18n.Source {
	return []i18n.Source{
		{Room: "command", FS: messages}, {Room: "app", FS: app.Messages}, {Room: "config", FS: config.Messages}, {Room: "db", FS: db.Messages}, {Room: "jobs", FS: jobs.Messages},
		{Room: "attack", FS: attack.Messages}, {Room: "audit", FS: audit.Messages}, {Room: "catalog", FS: catalog.Messages}, {Room: "keyring", FS: keyring.Messages}, {Room: "message", FS: message.Messages}, {Room: "telephony", FS: telephony.Messages()}, {Room: "pbx", FS: pbx.Messages}, {Room: "recorder", FS: recorder.Messages},
		{Room: "malware", FS: malware.Messages},
		{Room: "scan", FS: scan.Messages}, {Room: "discover", FS: discover.Messages},
	}
}

package apitest

import (
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/proof"
)

// ofNobody are the actions that are no controller's, and why. An entry of any other action names its controller: what
// parts two companies' readers of one log is that name.
var ofNobody = map[string]string{
	"identity.": "staff and API clients may serve several controllers",
	"approval.": "a decision about staff or clients; one about a controller's things names it",
	"log.":      "the log is the deployment's; reading it for one controller names it",
	"key.":      "keys of the deployment",
	"process":   "a duty's chunk goes over the customers of all controllers",
}

// ofNobodysRefusal are the refusals that know of no controller, or must not tell of one.
var ofNobodysRefusal = []string{"gate.not_found", "interaction.unknown", "message.unknown", "vault.not_found", "verification.denial_unknown", "verification.check_none"}

// ofNobodysCall are what is done about a call that somebody reported and that is none of any company served here.
var ofNobodysCall = []string{"verification.reported", "verification.reviewed"}

// owned checks that every entry names its controller, unless it is one of those that have none, and that these name no
// customer.
func (w *world) owned() {
	w.t.Helper()
	w.must(w.DB.Read(w.t.Context(), func(tx *db.Tx) error {
		return tx.Data.Rows(`select e.leaf, coalesce(d.subject, '') from audit_entry e left join audit_detail d on d.position = e.position
			where e.controller is null`, nil, func(r db.Row) error {
			var b []byte
			var subject string
			if err := r.Scan(&b, &subject); err != nil {
				return err
			}
			l, err := proof.ParseLeaf(b)
			if err != nil {
				return err
			}
			allowed := l.Decision == "denied" && slices.Contains(ofNobodysRefusal, l.Reason) || l.Decision == "done" && slices.Contains(ofNobodysCall, l.Action)
			for prefix := range ofNobody {
				allowed = allowed || l.Action == prefix && l.Count > 0 || strings.HasSuffix(prefix, ".") && strings.HasPrefix(l.Action, prefix)
			}
			if !allowed {
				w.t.Errorf("an entry names no controller: %s %s %s %s by %s %s", l.Action, l.Decision, l.Reason, l.Ground, l.ActorKind, l.Role)
			}
			if subject != "" {
				w.t.Errorf("an entry that every company's readers find names a customer: %s %s %s", l.Action, l.Decision, l.Reason)
			}
			return nil
		})
	}))
}

package approval

import (
	"testing"

	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, (&Approvals{roles: actor.Roles()}).Module(), web.Module{Name: "identity", Messages: identity.Messages})
}
func TestTexts(t *testing.T) { webtest.Texts(t, "approval") }

package page

import (
	"os"
	"testing"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, Module(desk.New(desk.Options{})), web.Module{Name: "gate", Messages: gate.Messages}, web.Module{Name: "verification", Messages: os.DirFS("../../verification")})
}

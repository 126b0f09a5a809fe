package page

import (
	"os"
	"testing"

	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, Module(&verification.Service{}), web.Module{Name: "interaction", Messages: os.DirFS("../../interaction")})
}

package trail

import (
	"testing"

	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, New(Options{}).Module(), web.Module{Name: "audit", Messages: audit.Messages})
}
func TestTexts(t *testing.T) { webtest.Texts(t, "trail") }

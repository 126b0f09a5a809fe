package verification

import (
	"os"
	"testing"

	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, (&Service{}).Module(), web.Module{Name: "interaction", Messages: os.DirFS("../interaction")})
}
func TestTexts(t *testing.T) { webtest.Texts(t, "verification", "../desk") }

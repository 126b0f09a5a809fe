package act

import (
	"testing"

	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, (&Service{}).Module(), web.Module{Name: "recorder", Messages: recorder.Messages})
}

func TestTexts(t *testing.T) { webtest.Texts(t, "act", ".") }

package message

import (
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) { webtest.Pages(t, (&Service{}).Module()) }
func TestTexts(t *testing.T) {
	webtest.Texts(t, "message", "../verification", "../verification/mandate")
}

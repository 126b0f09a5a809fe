package telephony

import (
	"testing"

	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func library(t testing.TB) *Library {
	t.Helper()
	l, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPages(t *testing.T) {
	webtest.Pages(t, (&Service{o: Options{Mappings: library(t)}}).Module(), web.Module{Name: "pbx", Messages: pbx.Messages})
}

func TestTexts(t *testing.T) { webtest.Texts(t, "telephony") }

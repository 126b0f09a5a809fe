package app

import (
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func TestTextsAreWholeInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "app"}, "bench", "bundle", "command", "delivery", "listener", "terminal", "walk", "witness") {
		if !strings.Contains(fault, "app.internal") { // the front desk brings its words
			t.Error(fault)
		}
	}
}

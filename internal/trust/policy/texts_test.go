package policy

import (
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func TestTexts(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "policy"}) {
		t.Error(fault)
	}
}

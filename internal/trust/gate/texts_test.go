package gate

import (
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/policy"
)

// The codes of refusals are written in policy.cedar, where CheckFolder does not look.
func TestTexts(t *testing.T) {
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "gate"}) {
		key, unused := strings.CutSuffix(fault, " is not used")
		key = strings.TrimSuffix(strings.TrimSuffix(key, ".next"), ".say")
		if !unused || !slices.Contains(set.Codes(), key) {
			t.Error(fault)
		}
	}
}

func TestEveryRefusalTellsWhatHappenedWhatToDoAndMostWhatToSay(t *testing.T) {
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	texts, err := i18n.Load(i18n.Source{Room: "gate", FS: Messages})
	if err != nil {
		t.Fatal(err)
	}
	// Whoever meets these is in no call, or has nothing left to say to the customer.
	silent := map[string]bool{
		"gate.client_alone": true, "gate.admin_no_data": true, "gate.auditor_no_values": true, "gate.scope_missing": true, "gate.role_not_permitted": true,
		"gate.ground_not_built": true, "gate.duty_only_machine": true, "gate.duty_field": true, "gate.call_over": true, "gate.call_held": true, "gate.call_not_answered": true,
	}
	for _, lang := range i18n.Langs() {
		p := texts.For(lang, nil)
		for _, code := range set.Codes() {
			if !p.Has(code) || !p.Has(code+".next") {
				t.Errorf("%s: no text or no next step in %s", code, lang)
			}
			if p.Has(code+".say") == silent[code] {
				t.Errorf("%s: a sentence to say is missing, or nobody says it (%s)", code, lang)
			}
		}
	}
}

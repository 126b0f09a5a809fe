package app

import (
	"testing"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestSettingsOfSignInThatDoNotGoTogetherAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]string
		want     string // code, "" when it is right
	}{
		"none":                     {map[string]string{}, ""},
		"a provider":               {map[string]string{"oidc.issuer": "https://id.example/realms/staff", "oidc.client_id": "amanah"}, ""},
		"one on this machine":      {map[string]string{"oidc.issuer": "http://localhost:8081", "oidc.client_id": "amanah"}, ""},
		"without TLS":              {map[string]string{"oidc.issuer": "http://id.example", "oidc.client_id": "amanah"}, "config.value"},
		"no address":               {map[string]string{"oidc.issuer": "id.example", "oidc.client_id": "amanah"}, "config.value"},
		"with a query":             {map[string]string{"oidc.issuer": "https://id.example/?x=y", "oidc.client_id": "amanah"}, "config.value"},
		"without a client":         {map[string]string{"oidc.issuer": "https://id.example"}, "app.oidc_half"},
		"a client alone":           {map[string]string{"oidc.client_id": "amanah"}, "app.oidc_half"},
		"groups":                   {map[string]string{"scim.groups": "Team leaders=supervisor@utama+cabang, Agents=agent@utama"}, ""},
		"a group of those who run": {map[string]string{"scim.groups": "Agents=agent, IT=admin"}, "config.value"},
	} {
		cfg, err := config.Load(config.Sources{Flags: c.settings})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := CheckConfig(cfg); err != nil {
			got = errs.Of(err).Code
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

package page

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, Module(&verification.Service{}, nil), web.Module{Name: "interaction", Messages: os.DirFS("../../interaction")})
}

// The customer's pages arrive over a slow network on an old telephone: each state, with its style sheet, and nothing else.
func TestTheCustomersPagesWeighLessThan20KBAndNeedNoScript(t *testing.T) {
	m := Module(&verification.Service{}, nil)
	d := webtest.New(t, nil, web.Module{Name: m.Name, Messages: m.Messages, Views: m.Views, Nav: m.Nav}, web.Module{Name: "interaction", Messages: os.DirFS("../../interaction")})
	const static = "../../web/static/"
	statics := 0
	for _, name := range []string{"customer.css", "mark.svg"} {
		text, err := os.ReadFile(static + name)
		if err != nil {
			t.Fatal(err)
		}
		statics += len(text)
	}
	script, err := os.ReadFile(static + "passkey.js")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, lang := range i18n.Langs() {
		for _, f := range fixtures(d.Texts().For(lang, nil)) {
			var states string
			switch f.Page.(type) {
			case CustomerPage, NoticePage, CheckPage:
				states = web.ViewName(f.Page) + "/" + f.Name
			default:
				continue
			}
			seen[states] = true
			var b bytes.Buffer
			if err := d.Preview(&b, m.Name, f, lang, "", "/"); err != nil {
				t.Fatal(err)
			}
			weight := b.Len() + statics
			if strings.Contains(f.Name, "passkey") {
				weight += len(script)
			}
			if weight >= 20<<10 {
				t.Errorf("%s weighs %d bytes with %d of statics", states, b.Len(), statics)
			}
			if page := b.String(); strings.Contains(page, "<script") != strings.Contains(f.Name, "passkey") || strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, " style=") {
				t.Errorf("%s needs a script, or something of another host", states)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d states: %v", len(seen), seen)
	}
}

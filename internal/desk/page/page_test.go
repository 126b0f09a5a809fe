package page

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// An agent who sees no number chooses between two telephones by since when they are registered.
func TestTwoContactsOfOneFieldAreToldApartByTheirAge(t *testing.T) {
	d := webtest.New(t, nil, web.Module{Name: "desk", Messages: Module(desk.New(desk.Options{})).Messages})
	day := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	links := []verification.Way{{Contact: "phone", Since: day}, {Contact: "email"}, {Contact: "phone", Since: day.AddDate(-3, 0, 0)}, {Contact: "app", Since: day}}
	for lang, want := range map[i18n.Lang][]string{i18n.ID: {"telepon sejak 2026", "surel", "telepon sejak 2023", "aplikasi"}, i18n.EN: {"phone since 2026", "e-mail", "phone since 2023", "app"}} {
		if got := contacts(d.Texts().For(lang, nil), links); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
}

// Decision, notice and call back count together whatever came first; where the call back was too early, the page says what to do.
func TestACallBackThatWasTooEarlyIsCountedOnceMore(t *testing.T) {
	p := webtest.New(t, nil, web.Module{Name: "desk", Messages: Module(desk.New(desk.Options{})).Messages}).Texts().For(i18n.ID, nil)
	for level, want := range map[int]bool{verification.V3: true, verification.V4: false} {
		page := CallPage{ID: "itx_1"}
		page.second(p, verification.Status{Level: level, Second: verification.Decision{State: "approved"}, CallBack: true, Called: true})
		if got := strings.Contains(page.Second.Text, "Catat sekali lagi"); got != want || page.Second.Called == nil || page.Second.Back == nil {
			t.Errorf("V%d: %+v", level, page.Second)
		}
	}
}

func TestPages(t *testing.T) {
	webtest.Pages(t, Module(desk.New(desk.Options{})), web.Module{Name: "gate", Messages: gate.Messages}, web.Module{Name: "verification", Messages: os.DirFS("../../verification")})
}

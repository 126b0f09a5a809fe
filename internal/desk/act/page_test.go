package act

import (
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) {
	webtest.Pages(t, (&Service{}).Module(), web.Module{Name: "recorder", Messages: recorder.Messages})
}

// An agent who sees no number chooses between two telephones by since when they are registered, and each button calls its own.
func TestTwoTelephonesAreToldApartByTheirAge(t *testing.T) {
	p := webtest.New(t, nil, web.Module{Name: "act", Messages: messages}, web.Module{Name: "gate", Messages: gate.Messages}, web.Module{Name: "recorder", Messages: recorder.Messages}).Texts().For(i18n.ID, nil)
	day := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	phones := []Contact{{"val_1", "phone", day.AddDate(-3, 0, 0)}, {"val_2", "phone", time.Time{}}}
	page := actsPage(p, catalog.Shipped(), "itx_1", Overview{Phones: phones, Contacts: append(phones, Contact{"val_3", "email", day})}, nil, recorder.None)
	for i, want := range []string{"Hubungi Nomor telepon, terdaftar sejak 2023", "Hubungi Nomor telepon, terdaftar sejak tanggal yang tidak diketahui"} {
		if got := page.Dial[i]; got.Button.Label != want || got.Hidden[1].Value != phones[i].Value {
			t.Errorf("%+v", got)
		}
	}
	var labels []string
	for _, c := range page.Contacts {
		labels = append(labels, c.Label)
	}
	if !slices.Equal(labels, []string{"Nomor telepon, terdaftar sejak 2023", "Nomor telepon, terdaftar sejak tanggal yang tidak diketahui", "Alamat surel, terdaftar sejak 2026"}) {
		t.Errorf("%q", labels)
	}
	if alone := actsPage(p, catalog.Shipped(), "itx_1", Overview{Phones: phones[:1]}, nil, recorder.None); alone.Dial[0].Button.Label != "Hubungi Nomor telepon" {
		t.Errorf("%+v", alone.Dial)
	}
}

func TestTexts(t *testing.T) { webtest.Texts(t, "act", ".") }

package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/vault"
)

const plate = `
  - name: vehicle_plate
    class: general
    label: {id: "Nomor polisi", en: "Number plate"}
    necessity: {id: "Mencari kendaraan yang diasuransikan.", en: "To find the insured vehicle."}
    normaliser: text
    mask: hidden
    index: none
    levels: ordinary
`

// A deployment declares fields of its own, and gives names below a free one; the desk shows both where the purpose lists them.
func TestTheDeploymentsOwnFieldsServeACall(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	file := filepath.Join(t.TempDir(), "fields.yaml")
	if err := os.WriteFile(file, append(catalog.ShippedFile(), plate...), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := NewTrial(ctx, TrialOptions{Dir: dir, Controllers: []string{"toko=Toko Nusantara"}, Settings: map[string]string{"fields.file": file}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close(ctx) }()
	toko := w.Controllers["toko"]
	own := []string{"vehicle_plate", "extra_shoe_size"}
	if err := w.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := w.Purposes.Bearing(tx, toko, "order_status")
		if err != nil {
			return err
		}
		p.Fields[gate.Compare] = append(p.Fields[gate.Compare], own...)
		_, err = w.Purposes.Revise(tx, actor.NewDuty(purpose.Setup), p)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	prepared, err := w.Vault.Prepare(toko, append(bench.Person(1, w.DB.Now().AddDate(0, -6, 0)),
		vault.Input{Field: "vehicle_plate", Value: "B 1234 XYZ"}, vault.Input{Field: "extra_shoe_size", Value: "42"}))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := w.Vault.Draft(prepared, "test")
	if err == nil {
		err = w.DB.Write(ctx, func(tx *db.Tx) error { return w.Vault.Add(tx, draft) })
	}
	if err != nil {
		t.Fatal(err)
	}
	agent, _, err := w.SignedIn(ctx, actor.Agent, toko)
	if err != nil {
		t.Fatal(err)
	}
	itx, err := w.Call(ctx, agent, toko, "order_status", 1)
	if err == nil {
		err = w.Verify(ctx, agent, itx)
	}
	if err != nil {
		t.Fatal(err)
	}
	view, err := w.Desk.View(ctx, agent, itx)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{}
	for _, f := range view.Fields {
		labels[f.Field.Name] = f.Field.Label.EN
	}
	if labels["vehicle_plate"] != "Number plate" || labels["extra_shoe_size"] != "Additional data: shoe size" {
		t.Errorf("the desk shows %v", labels)
	}
	for field, said := range map[string]string{"vehicle_plate": "b 1234 xyz", "extra_shoe_size": "42"} {
		if out, err := w.Desk.Compare(ctx, agent, itx, field, said); err != nil || !out.Match {
			t.Errorf("%s: %+v %v", field, out, err)
		}
	}
}

package known

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/keyring/keytest"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/vault"
)

// house is an index over a real vault with a real log, keyring and gate.
type house struct {
	*Index
	t      testing.TB
	db     *db.DB
	log    *audit.Log
	keys   *keyring.Keyring
	gate   *gate.Gate
	vault  *vault.Vault
	cat    *catalog.Catalogue
	client actor.Actor
	ctl    string
	other  string // another controller, whose purpose is the same
	pur    string
}

func schemas() []db.Schema {
	return []db.Schema{audit.Schema(), {Room: "keyring", FS: keyring.Schema}, vault.Schema()}
}

func build(t testing.TB, d *db.DB, kmsFile string) *house {
	t.Helper()
	h := &house{t: t, db: d, ctl: id.New(id.Controller), other: id.New(id.Controller), pur: id.New(id.Purpose), cat: catalog.Shipped()}
	h.log, h.keys = keytest.StartWith(t, d, kmsFile)
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	h.vault = h.newVault()
	h.gate = gate.New(h.log, set, gate.Providers{
		Owner: h.vault.Owner,
		Field: func(name, _ string, _ gate.Verb) (gate.Field, bool) {
			f, ok := h.cat.Field(name)
			return gate.Field{Class: string(f.Class), Free: f.Free}, ok
		},
	}, append(vault.Duties(h.cat), gate.DutySpec{Name: vault.DutyPrints, Fields: Fields(h.cat)})...)
	h.vault.UseGate(h.gate)
	h.client = actor.NewClient(id.New(id.Client), []string{vault.Scope}, []string{h.ctl, h.other})
	h.Index = New(d, h.vault, h.cat)
	return h
}

func (h *house) newVault() *vault.Vault {
	return vault.New(vault.Options{
		DB: h.db, Log: h.log, Keys: h.keys, Gate: h.gate, Catalogue: h.cat, Duty: actor.NewDuty,
		Purpose: func(_ *db.Tx, purpose string) (gate.PurposeFacts, error) {
			ctl := h.ctl
			if purpose != h.pur {
				ctl = h.other
			}
			return gate.PurposeFacts{Found: true, Active: true, Controller: ctl, Uses: func(v gate.Verb, _ string) bool { return v == gate.Collect }}, nil
		},
	})
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) { test(t, build(t, d, filepath.Join(t.TempDir(), "kms.key"))) })
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func values(pairs ...string) []vault.Input {
	var in []vault.Input
	for p := range slices.Chunk(pairs, 2) {
		in = append(in, vault.Input{Field: p[0], Value: p[1]})
	}
	return in
}

// create makes a customer of pairs of field and value.
func (h *house) create(pairs ...string) string { return h.createAt(h.ctl, h.pur, pairs...) }

func (h *house) createAt(ctl, pur string, pairs ...string) string {
	h.t.Helper()
	out, err := h.vault.Create(context.Background(), h.client, vault.NewCustomer{Controller: ctl, Purpose: pur, Values: values(pairs...), Source: h.client.ID()})
	h.must(err)
	if out.Refusal != nil {
		h.t.Fatal(out.Refusal)
	}
	return out.Subject
}

func (h *house) update(subject string, pairs ...string) {
	h.t.Helper()
	out, err := h.vault.Update(context.Background(), h.client, vault.Change{Subject: subject, Purpose: h.pur, Values: values(pairs...), Source: h.client.ID()})
	h.must(err)
	if out.Refusal != nil {
		h.t.Fatal(out.Refusal)
	}
}

func (h *house) erase(subject string) {
	h.t.Helper()
	ctx, duty := context.Background(), actor.NewDuty("retention")
	h.must(h.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := h.keys.BeginShred(tx, keyring.Shredding{Subject: subject, Actor: duty, Ground: "duty:retention"}); err != nil {
			return err
		}
		_, err := h.vault.Delete(tx, subject)
		return err
	}))
	h.must(h.keys.FinishShred(ctx, duty, subject, ""))
}

// whose is what a text holds, as lines of customer, kind, text and confidence.
func (h *house) whose(text string) []string { return h.whoseBy(h.Index, text) }

func (h *house) whoseBy(x *Index, text string) (out []string) {
	h.t.Helper()
	places, ready, err := x.Whose(h.ctl, []byte(text))
	h.must(err)
	if !ready {
		return []string{"not ready"}
	}
	for _, p := range places {
		out = append(out, fmt.Sprintf("%s %s %q %d", p.Subject, p.Kind, text[p.Start:p.End], p.Confidence))
	}
	return out
}

func (h *house) build() {
	h.t.Helper()
	h.must(h.Build(context.Background()))
}

// openings counts the entries of the duty.
func (h *house) openings() int {
	h.t.Helper()
	page, err := h.log.Search(context.Background(), actor.NewDuty("test"), audit.Query{Action: "process", Limit: 100})
	h.must(err)
	return len(page.Entries)
}

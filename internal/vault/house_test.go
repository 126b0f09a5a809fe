package vault

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/keyring/keytest"
	"github.com/amanah-id/amanah/internal/trust/policy"
)

// house is a vault with a real log, keyring and gate around it.
type house struct {
	t      testing.TB
	db     *db.DB
	log    *audit.Log
	keys   *keyring.Keyring
	gate   *gate.Gate
	vault  *Vault
	client actor.Actor
	ctl    string
	other  string // another controller
	pur    string
}

func schemas() []db.Schema {
	return []db.Schema{audit.Schema(), {Room: "keyring", FS: keyring.Schema}, Schema()}
}

// build opens a house over stores that may hold one already; kms is a key file.
func build(t testing.TB, d *db.DB, kmsFile string) *house {
	t.Helper()
	h := &house{t: t, db: d, ctl: id.New(id.Controller), other: id.New(id.Controller), pur: id.New(id.Purpose)}
	h.log, h.keys = keytest.StartWith(t, d, kmsFile)
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	c := catalog.Shipped()
	h.vault = New(Options{
		DB: d, Log: h.log, Keys: h.keys, Catalogue: c, Duty: actor.NewDuty,
		Purpose: func(_ *db.Tx, purpose string) (gate.PurposeFacts, error) {
			return gate.PurposeFacts{Found: purpose == h.pur, Active: true, Controller: h.ctl, Uses: func(v gate.Verb, field string) bool {
				return v == gate.Collect && field != "policy_number"
			}}, nil
		},
	})
	h.gate = gate.New(h.log, set, gate.Providers{
		Owner: h.vault.Owner,
		Field: func(name, _ string, _ gate.Verb) (gate.Field, bool) {
			f, ok := c.Field(name)
			return gate.Field{Class: string(f.Class), Free: f.Free}, ok
		},
	}, append(Duties(c), gate.DutySpec{Name: "test", Fields: c.Names()})...)
	h.vault.UseGate(h.gate)
	h.client = actor.NewClient(id.New(id.Client), []string{Scope}, []string{h.ctl})
	return h
}

func newHouse(t testing.TB, d *db.DB) *house {
	t.Helper()
	return build(t, d, filepath.Join(t.TempDir(), "kms.key"))
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) { test(t, newHouse(t, d)) })
}

func (h *house) write(fn func(tx *db.Tx) error) error { return h.db.Write(context.Background(), fn) }

func (h *house) read(fn func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.db.Read(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// create makes a customer of pairs of field and value.
func (h *house) create(pairs ...string) string {
	h.t.Helper()
	out, err := h.tryCreate(pairs...)
	if err != nil {
		h.t.Fatal(err)
	}
	if out.Refusal != nil {
		h.t.Fatal(out.Refusal)
	}
	return out.Subject
}

func (h *house) tryCreate(pairs ...string) (Outcome, error) {
	return h.vault.Create(context.Background(), h.client, NewCustomer{Controller: h.ctl, Purpose: h.pur, Values: values(pairs...), Source: h.client.ID()})
}

func (h *house) tryUpdate(subject string, pairs ...string) (Outcome, error) {
	return h.vault.Update(context.Background(), h.client, Change{Subject: subject, Purpose: h.pur, Values: values(pairs...), Source: h.client.ID()})
}

func values(pairs ...string) []Input {
	var in []Input
	for p := range slices.Chunk(pairs, 2) {
		in = append(in, Input{Field: p[0], Value: p[1]})
	}
	return in
}

func (h *house) find(field, value string) []string {
	h.t.Helper()
	var out []string
	h.read(func(tx *db.Tx) error {
		hits, err := h.vault.Find(tx, h.ctl, Query{Field: field, Value: value}, 10)
		for _, hit := range hits.List {
			out = append(out, hit.Subject)
		}
		return err
	})
	return out
}

// open opens stored values as the registered duty "test".
func (h *house) open(subject string, stored ...Stored) ([]string, error) {
	sealed := make([]keyring.Sealed, len(stored))
	fields := []string{}
	for i, s := range stored {
		sealed[i] = s.Sealed()
		if !slices.Contains(fields, s.Field) {
			fields = append(fields, s.Field)
		}
	}
	return h.openSealed(subject, fields, sealed)
}

func (h *house) openSealed(subject string, fields []string, sealed []keyring.Sealed) ([]string, error) {
	var answer gate.Answer
	var key keyring.Key
	err := h.write(func(tx *db.Tx) (err error) {
		if key, err = h.keys.Key(tx, subject, ""); err != nil {
			return err
		}
		answer, err = h.gate.Ask(tx, actor.NewDuty("test"), gate.Question{
			Ground: gate.Duty("test", id.New(id.Duty)), Subject: subject, Verb: gate.Process, Fields: fields, Count: 1,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	if answer.Refusal != nil {
		return nil, answer.Refusal
	}
	receipt, err := answer.Grant.Receipt()
	if err != nil {
		return nil, err
	}
	plain, err := h.keys.Open(receipt, key, sealed...)
	out := make([]string, len(plain))
	for i, p := range plain {
		out[i] = string(p)
	}
	return out, err
}

// values reads and opens everything of a customer: field/ordinal -> value.
func (h *house) values(subject string, fields ...string) map[string]string {
	h.t.Helper()
	var stored []Stored
	h.read(func(tx *db.Tx) (err error) {
		stored, err = h.vault.Values(tx, subject, fields...)
		return err
	})
	out := map[string]string{}
	if len(stored) == 0 {
		return out
	}
	plain, err := h.open(subject, stored...)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, s := range stored {
		out[fmt.Sprintf("%s/%d", s.Field, s.Ordinal)] = plain[i]
	}
	return out
}

// entries reads the log's entries of an action, oldest first.
func (h *house) entries(action string) []audit.Found {
	h.t.Helper()
	page, err := h.log.Search(context.Background(), actor.NewDuty("test"), audit.Query{Action: action, Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Reverse(page.Entries)
	return page.Entries
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return errs.Of(err).Code
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func (h *house) gateSet() *policy.Set {
	set, err := policy.New()
	if err != nil {
		h.t.Fatal(err)
	}
	return set
}

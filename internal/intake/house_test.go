package intake

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
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

func schemas() []db.Schema {
	return []db.Schema{audit.Schema(), {Room: "keyring", FS: keyring.Schema}, vault.Schema(), Schema()}
}

const (
	controller = "ctl_00000000000000000000000001"
	purpose    = "pur_00000000000000000000000001"
)

// house is the room with a real vault, log, keyring and gate.
type house struct {
	t      testing.TB
	db     *db.DB
	log    *audit.Log
	keys   *keyring.Keyring
	gate   *gate.Gate
	vault  *vault.Vault
	intake *Service
	duty   actor.Actor
}

func newHouse(t testing.TB, d *db.DB) *house {
	t.Helper()
	h := &house{t: t, db: d, duty: actor.NewDuty(vault.DutyImport)}
	h.log, h.keys = keytest.Start(t, d)
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	c := catalog.Shipped()
	h.vault = vault.New(vault.Options{DB: d, Log: h.log, Keys: h.keys, Catalogue: c, Duty: actor.NewDuty,
		Purpose: func(_ *db.Tx, p string) (gate.PurposeFacts, error) {
			return gate.PurposeFacts{Found: p == purpose, Active: true, Controller: controller, Uses: func(_ gate.Verb, field string) bool { return field != "health_note" }}, nil
		}})
	h.gate = gate.New(h.log, set, gate.Providers{
		Owner: h.vault.Owner,
		Field: func(name, _ string, _ gate.Verb) (gate.Field, bool) {
			f, ok := c.Field(name)
			return gate.Field{Class: string(f.Class), Free: f.Free}, ok
		},
	}, append(vault.Duties(c), gate.DutySpec{Name: "test", Fields: append(c.Names(), "extra_tier")})...)
	h.vault.UseGate(h.gate)
	h.intake = New(Options{DB: d, Log: h.log, Gate: h.gate, Keys: h.keys, Vault: h.vault, Catalogue: c, Duty: actor.NewDuty})
	return h
}

const mapText = `
version: 1
controller: ` + controller + `
purpose: ` + purpose + `
date_format: DD/MM/YYYY
columns:
  No Pelanggan: {field: customer_number}
  Nama: {field: name}
  HP: {field: phone, registered_column: Tgl HP}
  HP Kantor: {field: phone, registered_at: 2020-01-31}
  Email: {field: email}
  NIK: {field: nik}
  Lahir: {field: birth_date}
  Keterangan: {field: extra_tier}
`

const header = "No Pelanggan;Nama;HP;Tgl HP;HP Kantor;Email;NIK;Lahir;Keterangan;Catatan dalam\n"

func (h *house) m() *Map {
	h.t.Helper()
	m, err := ParseMap([]byte(mapText), catalog.Shipped())
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

func (h *house) job(file string) Job {
	return Job{File: strings.NewReader(file), Size: int64(len(file)), Map: h.m()}
}

func (h *house) load(file string) Run {
	h.t.Helper()
	run, err := h.intake.Import(context.Background(), h.duty, h.job(file))
	if err != nil {
		h.t.Fatal(err)
	}
	return run
}

func (h *house) read(fn func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.db.Read(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) find(field, value string) string {
	h.t.Helper()
	subject := ""
	h.read(func(tx *db.Tx) error {
		hits, err := h.vault.Find(tx, controller, vault.Query{Field: field, Value: value}, 1)
		if len(hits.List) > 0 {
			subject = hits.List[0].Subject
		}
		return err
	})
	return subject
}

// show opens everything of a customer: field/ordinal=value@registered, joined.
func (h *house) show(subject string) string {
	h.t.Helper()
	var stored []vault.Stored
	var key keyring.Key
	var answer gate.Answer
	var fields []string
	seen := map[string]bool{}
	err := h.db.Write(context.Background(), func(tx *db.Tx) (err error) {
		if stored, err = h.vault.Values(tx, subject); err != nil {
			return err
		}
		fields = nil
		clear(seen)
		for _, s := range stored {
			if !seen[s.Field] {
				fields = append(fields, s.Field)
				seen[s.Field] = true
			}
		}
		if key, err = h.keys.Key(tx, subject, ""); err != nil {
			return err
		}
		answer, err = h.gate.Ask(tx, actor.NewDuty("test"), gate.Question{Ground: gate.Duty("test", id.New(id.Duty)), Subject: subject, Verb: gate.Process, Fields: fields})
		return err
	})
	if err != nil || answer.Refusal != nil {
		h.t.Fatal(err, answer.Refusal)
	}
	receipt, err := answer.Grant.Receipt()
	if err != nil {
		h.t.Fatal(err)
	}
	sealed := make([]keyring.Sealed, len(stored))
	for i, s := range stored {
		sealed[i] = s.Sealed()
	}
	plain, err := h.keys.Open(receipt, key, sealed...)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for i, s := range stored {
		text := fmt.Sprintf("%s=%s", s.Field, plain[i])
		if !s.RegisteredAt.IsZero() {
			text += "@" + s.RegisteredAt.Format("2006-01-02")
		}
		out = append(out, text)
	}
	return strings.Join(out, " | ")
}

func (h *house) rejects(run string) string {
	h.t.Helper()
	var b bytes.Buffer
	if _, err := h.intake.WriteRejects(context.Background(), run, &b, func(r Reject) string {
		if r.Other == 0 {
			return "-"
		}
		return strconv.Itoa(r.Other)
	}); err != nil {
		h.t.Fatal(err)
	}
	return b.String()
}

func (h *house) count(query string, args ...any) (n int64) {
	h.t.Helper()
	h.read(func(tx *db.Tx) error { return tx.Data.Row(query, args...).Scan(&n) })
	return n
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return errs.Of(err).Code
}

func (h *house) entries(action string) []audit.Found {
	h.t.Helper()
	page, err := h.log.Search(context.Background(), actor.NewDuty("test"), audit.Query{Action: action, Limit: 200})
	if err != nil {
		h.t.Fatal(err)
	}
	return page.Entries
}

func argsOf(err error) map[string]any { return errs.Of(err).Args }

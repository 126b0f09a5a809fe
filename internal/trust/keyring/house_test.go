package keyring_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/policy"
)

// TestTheKeyringStandsBetweenTheRealGateAndTheRealLog wires the three as app does and
// walks one value from sealing to erasure.
func TestTheKeyringStandsBetweenTheRealGateAndTheRealLog(t *testing.T) {
	dbtest.Each(t, []db.Schema{audit.Schema(), {Room: "keyring", FS: keyring.Schema}}, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		path := filepath.Join(t.TempDir(), "root.key")
		if _, err := keyring.CreateKeyFile(path); err != nil {
			t.Fatal(err)
		}
		kms, err := keyring.OpenKeyFile(path)
		if err != nil {
			t.Fatal(err)
		}
		log := audit.New(d, audit.Options{Deployment: "test", SignEvery: -1})
		me := actor.NewDuty("keyring")
		keys, err := keyring.Start(ctx, d, kms, keyring.Options{Deployment: "test", Log: log, Actor: me})
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Start(ctx, keys, keys.Signer()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = log.Close(ctx) })
		set, err := policy.New()
		if err != nil {
			t.Fatal(err)
		}
		g := gate.New(log, set, gate.Providers{
			Session: func(*db.Tx, actor.Actor) (gate.SessionFacts, error) { return gate.SessionFacts{Live: true}, nil },
			Field:   func(string, string, gate.Verb) (gate.Field, bool) { return gate.Field{Class: "general"}, true },
		}, gate.DutySpec{Name: "name_index", Fields: []string{"name"}})

		subject := id.New(id.Subject)
		ref := keyring.Ref{Table: "vault_value", Column: "value_sealed/name", Row: "val_1", Subject: subject, Schema: 1}
		var value []byte
		err = d.Write(ctx, func(tx *db.Tx) error {
			if err := keys.NewSubject(tx, subject); err != nil {
				return err
			}
			var err error
			value, err = keys.Seal(tx, ref, []byte("Budi Santoso"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ask := func() (gate.Receipt, keyring.Key) {
			t.Helper()
			var answer gate.Answer
			var key keyring.Key
			err := d.Write(ctx, func(tx *db.Tx) error {
				var err error
				answer, err = g.Ask(tx, actor.NewDuty("name_index"), gate.Question{
					Ground: gate.Duty("name_index", id.New(id.Duty)), Subject: subject, Verb: gate.Process, Fields: []string{"name"}, Count: 1,
				})
				if err != nil {
					return err
				}
				key, err = keys.Key(tx, subject, "")
				return err
			})
			if err != nil || answer.Grant == nil {
				t.Fatalf("no grant: %v, %v", err, answer.Refusal)
			}
			r, err := answer.Grant.Receipt()
			if err != nil {
				t.Fatal(err)
			}
			return r, key
		}
		r, key := ask()
		sealed := keyring.Sealed{Field: "name", Ref: ref, Bytes: value}
		out, err := keys.Open(r, key, sealed)
		if err != nil || string(out[0]) != "Budi Santoso" {
			t.Fatalf("%q (%v)", out, err)
		}
		// Once only, and the second attempt is in the log.
		before := count(t, d)
		if _, err := keys.Open(r, key, sealed); err == nil {
			t.Error("a receipt was good twice")
		}
		if got := count(t, d) - before; got != 1 {
			t.Errorf("%d entries for an open that failed", got)
		}
		// A field it was not given for.
		r, key = ask()
		if _, err := keys.Open(r, key, keyring.Sealed{Field: "nik", Ref: ref, Bytes: value}); err == nil {
			t.Error("a field was opened that the receipt does not name")
		}
		// Erasure: intent and the log's own erasure in one transaction, then the slot.
		err = d.Write(ctx, func(tx *db.Tx) error {
			if _, err := keys.BeginShred(tx, keyring.Shredding{Subject: subject, Actor: me, Ground: "duty:test"}); err != nil {
				return err
			}
			_, err := log.DeleteDetails(tx, subject, audit.Entry{Action: "erasure", Decision: audit.Done, Actor: me})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r, key = ask() // read before the slot goes: what was granted is done or not, nothing in between
		if err := keys.FinishShred(ctx, me, subject, ""); err != nil {
			t.Fatal(err)
		}
		if out, err := keys.Open(r, key, sealed); err == nil && string(out[0]) != "Budi Santoso" {
			t.Errorf("a wrong value: %q", out)
		}
		err = d.Read(ctx, func(tx *db.Tx) error { _, err := keys.Key(tx, subject, ""); return err })
		wantCode(t, err, "keyring.shredded")
		if _, err := keys.RotateEpoch(ctx, me, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Open(r, key, sealed); err == nil {
			t.Error("opened after the rotation")
		}
		ctxShort, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if _, err := keys.FinishShreddings(ctxShort); err != nil {
			t.Error(err)
		}
		if _, err := keys.Repair(ctxShort); err != nil {
			t.Error(err)
		}
	})
}

// count returns the number of entries in the log.
func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(context.Background(), func(tx *db.Tx) error {
		return tx.Data.Row(`select count(*) from audit_entry`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

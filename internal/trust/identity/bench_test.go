package identity

import (
	"context"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
)

// What every decision of the gate pays to know who asks: one query.
func BenchmarkSessionFacts(b *testing.B) {
	ctx := context.Background()
	d := dbtest.Open(b, Schema())
	s, err := newIdentity(d, &entries{}, newTestKeys(), Config{Origin: testOrigin}, password.New(password.Argon2id, 1000))
	if err != nil {
		b.Fatal(err)
	}
	_, _, err = s.Provision(ctx, NewStaff{Name: "Rina", Login: "rina", Role: actor.Agent}, goodWords, NewTOTPSecret())
	if err != nil {
		b.Fatal(err)
	}
	var a actor.Actor
	err = d.Write(ctx, func(tx *db.Tx) error {
		row, _, err := s.staffByLogin(tx, "rina")
		if err != nil {
			return err
		}
		signed, err := s.begins(tx, row, consoleSession, byTOTP, tx.Now(), office)
		a = actor.NewStaff(row.id, row.role, signed.Session, nil, tx.Now())
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	_ = d.Read(ctx, func(tx *db.Tx) error {
		for b.Loop() {
			if f, err := s.SessionFacts(tx, a); err != nil || !f.Live {
				b.Fatal(err)
			}
		}
		return nil
	})
}

// What a sign-in pays to check a password, at full cost.
func BenchmarkPassword(b *testing.B) {
	h := password.New(password.Argon2id, 1)
	stored, err := h.Hash(context.Background(), goodWords)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if ok, err := h.Verify(context.Background(), stored, goodWords); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

package app

import (
	"errors"
	"net"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

func TestAnInterruptedShreddingIsFinishedBeforeTheFirstRequest(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.Config.TLS.Off = true
		subject, err := w.customer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.DB.Write(ctx, func(tx *db.Tx) error { // and then the machine stopped
			_, err := w.Keys.BeginShred(tx, keyring.Shredding{Subject: subject, Actor: actor.NewDuty("test")})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		slots := func() (n int) {
			if err := w.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.Keys.Row(`select count(*) from keyring_slot where subject = $1`, subject).Scan(&n)
			}); err != nil {
				t.Error(err)
			}
			return n
		}
		if slots() != 1 {
			t.Fatal("the slot is gone before it was shredded")
		}
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own address
		if err != nil {
			t.Fatal(err)
		}
		enough := errors.New("enough")
		if err := w.Run(ctx, l, func(string) error {
			if slots() != 0 {
				t.Error("the server is up and the slot is still there")
			}
			return enough
		}); !errors.Is(err, enough) {
			t.Error(err)
		}
		// A start that cannot finish it does not serve.
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`alter table keyring_life rename to gone`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil { //nolint:noctx // as above
			t.Fatal(err)
		}
		if err := w.Run(ctx, l, func(string) error { t.Error("serves"); return enough }); err == nil || errs.KindOf(err) == "" || errors.Is(err, enough) {
			t.Error(err)
		}
	})
}

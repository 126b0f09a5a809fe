package app

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
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

// The index follows what came after the backup: whoever is not there any more would hold a number that is free.
func TestAfterARestoreTheIndexIsComparedWithTheDataBeforeAnybodyIsServed(t *testing.T) {
	run := func(t *testing.T, o db.Options) {
		ctx, dir := t.Context(), t.TempDir()
		w, err := newWorld(ctx, o, dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Vault.Repair(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Index.Exec(`insert into vault_indexed (subject, version) values ('sub_later', 2)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if w, err = newWorldAs(ctx, o, dir, building{restored: true}); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.Close(context.WithoutCancel(ctx)) }()
		w.Config.TLS.Off = true
		rows := func(from string) (n int) {
			if err := w.DB.Read(ctx, func(tx *db.Tx) error { return tx.Index.Row(`select count(*) from ` + from).Scan(&n) }); err != nil {
				t.Error(err)
			}
			return n
		}
		if rows(`vault_repair`) != 0 {
			t.Error("the index is not in doubt")
		}
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own address
		if err != nil {
			t.Fatal(err)
		}
		enough := errors.New("enough")
		if err := w.Run(ctx, l, func(string) error {
			if rows(`vault_indexed where subject = 'sub_later'`) != 0 || rows(`vault_repair`) != 1 {
				t.Error("the server is up and the index is as it was")
			}
			return enough
		}); !errors.Is(err, enough) {
			t.Error(err)
		}
		verifyLog(t, w)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

// Told to stop at any question of a start, the server ends cleanly, and what it had not looked at yet is looked at later.
func TestAServerThatIsToldToStopWhileItStartsEndsCleanly(t *testing.T) {
	var steps, stopAt atomic.Int64
	var stop atomic.Pointer[context.CancelFunc]
	w := openWorld(t, db.Options{ReadFault: func(_ db.Store, _ string) error {
		if at := stopAt.Load(); at > 0 && steps.Add(1) == at {
			(*stop.Load())()
		}
		return nil
	}})
	w.Config.TLS.Off = true
	w.restored = true
	if _, err := w.customer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	for n := int64(1); ; n++ {
		if err := vault.DoubtIndex(t.Context(), w.DB); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own address
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop.Store(&cancel)
		steps.Store(0)
		stopAt.Store(n)
		err = w.Run(ctx, l, func(string) error { stopAt.Store(0); return enough })
		stopAt.Store(0)
		cancel()
		if errors.Is(err, enough) {
			if n < 5 {
				t.Errorf("a start asks %d questions", n)
			}
			return
		}
		if err != nil {
			t.Errorf("question %d: %v", n, err)
		}
	}
}

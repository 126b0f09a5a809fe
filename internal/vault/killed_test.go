package vault

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// victimEnv makes the test below the process that is to be killed.
const victimEnv = "AMANAH_TEST_VAULT_VICTIM"

// victim is whom it changes, and where.
type victim struct{ Dir, Controller, Purpose, Client, Subject string }

var (
	beforeChange = []string{"customer_number", "K-1", "nik", nik(1), "phone", "081300000001", "phone", "081300000002", "email", "old@example.com"}
	theChange    = []string{"customer_number", "K-9", "phone", "081300000009", "email", ""}
)

func (v victim) open(t *testing.T, fault db.Fault) *house {
	d := dbtest.OpenWith(t, db.Options{Dir: filepath.Join(v.Dir, "data"), Fault: fault}, schemas()...)
	h := build(t, d, filepath.Join(v.Dir, "kms.key"))
	if v.Subject != "" {
		h.ctl, h.pur = v.Controller, v.Purpose
		h.client = actor.NewClient(v.Client, []string{Scope}, []string{h.ctl})
	}
	return h
}

// TestAChangeKilledBetweenTheCommitsIsFoundByItsNewValuesAlone kills a process after a
// change of a customer is durable in the data store and before it is in the index.
func TestAChangeKilledBetweenTheCommitsIsFoundByItsNewValuesAlone(t *testing.T) {
	if text := os.Getenv(victimEnv); text != "" {
		var v victim
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		var armed atomic.Bool
		var commits atomic.Int64 // the first is the entry of the look at the contacts that are stored
		h := v.open(t, func(s db.Store, step string) error {
			if armed.Load() && s == db.StoreData && step == "committed" && commits.Add(1) == 2 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		})
		armed.Store(true)
		out, err := h.tryUpdate(v.Subject, theChange...)
		t.Fatal("was not killed", out.Refusal, err)
	}
	v := victim{Dir: t.TempDir()}
	h := v.open(t, nil)
	v = victim{Dir: v.Dir, Controller: h.ctl, Purpose: h.pur, Client: h.client.ID(), Subject: h.create(beforeChange...)}
	if _, err := h.vault.Repair(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	_ = h.log.Close(context.Background())
	_ = h.db.Close()
	text, _ := json.Marshal(v)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:gosec // this very test binary
	cmd.Env = append(os.Environ(), victimEnv+"="+string(text))
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%v\n%s", err, said)
	}
	h = v.open(t, nil)
	if h.find("phone", "081300000009") != nil || h.find("phone", "081300000001") == nil {
		t.Fatal("the damage was not done")
	}
	h.repaired(v.Subject)
	if r, err := h.vault.Repair(t.Context(), false); err != nil || r.Rebuilt != 0 {
		t.Errorf("a second repair: %+v, %v", r, err)
	}
}

// repaired repairs the index and looks whether it follows the change.
func (h *house) repaired(subject string) {
	h.t.Helper()
	if r, err := h.vault.Repair(context.Background(), false); err != nil || r.Rebuilt != 1 {
		h.t.Errorf("%+v, %v", r, err)
	}
	for field, value := range map[string]string{"customer_number": "K-9", "phone": "081300000009", "nik": nik(1)} {
		if got := h.find(field, value); !slices.Equal(got, []string{subject}) {
			h.t.Errorf("by the new %s: %v", field, got)
		}
	}
	for _, old := range [][2]string{{"customer_number", "K-1"}, {"phone", "081300000001"}, {"phone", "081300000002"}, {"email", "old@example.com"}} {
		if got := h.find(old[0], old[1]); got != nil {
			h.t.Errorf("by the old %s: %v", old[0], got)
		}
	}
}

// TestAChangeWhoseIndexRowsWereLostIsRepaired lets the process end while rows are owed, on
// both engines, and once with a change that leaves nothing to be found by.
func TestAChangeWhoseIndexRowsWereLostIsRepaired(t *testing.T) {
	run := func(t *testing.T, o db.Options) {
		var down atomic.Bool
		o.Fault = func(s db.Store, step string) error {
			if down.Load() && s == db.StoreIndex && step == "commit" {
				return errFault
			}
			return nil
		}
		kms := filepath.Join(t.TempDir(), "kms.key")
		d := dbtest.OpenWith(t, o, schemas()...)
		h := build(t, d, kms)
		subject := h.create(beforeChange...)
		other := h.create("phone", "081300000005")
		if _, err := h.vault.Repair(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		lost := func(subject string, pairs ...string) {
			t.Helper()
			down.Store(true)
			if out, err := h.tryUpdate(subject, pairs...); err != nil || out.Refusal != nil {
				t.Fatal(err, out.Refusal)
			}
			_ = h.log.Close(context.Background())
			_ = h.db.Close()
			down.Store(false)
			again := build(t, dbtest.OpenWith(t, o, schemas()...), kms)
			again.ctl, again.pur, again.client = h.ctl, h.pur, h.client
			h = again
		}
		lost(subject, theChange...)
		h.repaired(subject)
		lost(other, "phone", "")
		if r, err := h.vault.Repair(t.Context(), false); err != nil || r.Rebuilt != 1 || r.Unopened != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if got := h.find("phone", "081300000005"); got != nil {
			t.Errorf("by a value that is gone: %v", got)
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func TestHistoryAddedLongAfterACustomerIsRepairedToo(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	h := newHouse(t, dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return now }}, schemas()...))
	subject := h.create(canary()...)
	now = now.Add(24 * time.Hour)
	if r, err := h.vault.Repair(t.Context(), false); err != nil || r.Checked != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	now = now.Add(24 * time.Hour)
	facts := []NewFact{{Kind: "last_visit", Date: day("2026-03-02"), Value: "Bandung"}}
	var d *FactDraft
	h.read(func(tx *db.Tx) (err error) {
		d, err = h.vault.DraftFacts(tx, h.ctl, subject, facts)
		return err
	})
	if err := h.write(func(tx *db.Tx) error {
		if _, err := h.vault.AddFacts(tx, d, "imp_x"); err != nil {
			return err
		}
		_, err := tx.Index.Exec(`delete from vault_history_seen where subject = $1`, subject) // as a crash would
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if r, err := h.vault.Repair(t.Context(), false); err != nil || r.Rebuilt != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	h.read(func(tx *db.Tx) error {
		if d, err := h.vault.DraftFacts(tx, h.ctl, subject, facts); err != nil || d.Known != 1 {
			t.Errorf("known: %+v, %v", d, err)
		}
		return nil
	})
}

// TestRowsOwedToWhomAnotherNodeErasedOrChangedAreMendedWithoutARestart has rows of one node
// come late: another node has erased one of the customers meanwhile and changed the other, and
// a third has started and repaired all that was there to be repaired.
func TestRowsOwedToWhomAnotherNodeErasedOrChangedAreMendedWithoutARestart(t *testing.T) {
	var down atomic.Bool
	o := db.Options{URL: dbtest.PostgresURL(t)}
	other := o
	o.Fault = func(s db.Store, step string) error {
		if down.Load() && s == db.StoreIndex && step == "commit" {
			return errFault
		}
		return nil
	}
	h := newHouse(t, dbtest.OpenWith(t, o, schemas()...))
	erased, changed := h.create("customer_number", "K-1"), h.create("customer_number", "K-5")
	b := dbtest.OpenWith(t, other, schemas()...)
	down.Store(true)
	hold, held := make(chan struct{}), make(chan struct{})
	go func() { _ = h.write(func(*db.Tx) error { close(held); <-hold; return nil }) }()
	<-held
	updated := make(chan error, 2) // one batch, because rows that are owed refuse the next
	for subject, pair := range map[string][2]string{erased: {"customer_number", "K-2"}, changed: {"customer_number", "K-6"}} {
		go func() { _, err := h.tryUpdate(subject, pair[:]...); updated <- err }()
	}
	for h.db.Stats().Waiting < 2 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	if err := errors.Join(<-updated, <-updated); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := deleteSubject(tx, erased); err != nil {
			return err
		}
		p, err := h.vault.Prepare(h.ctl, values("customer_number", "K-7"))
		if err != nil {
			return err
		}
		if _, err = h.vault.Put(tx, changed, p, "test"); err != nil {
			return err
		}
		return noteRepair(tx, tx.Now().Add(3*time.Hour))
	}); err != nil {
		t.Fatal(err)
	}
	if _, late, err := h.vault.RepairLate(t.Context()); late || err != nil {
		t.Errorf("repaired before the rows came: %v", err)
	}
	down.Store(false)
	if err := h.write(func(*db.Tx) error { return nil }); err != nil || h.db.IndexBehind() != nil { // what is owed comes first
		t.Fatal(err, h.db.IndexBehind())
	}
	rows := func(subject string) (n int) {
		h.read(func(tx *db.Tx) error {
			return tx.Index.Row(`select (select count(*) from vault_unique where subject = $1) + (select count(*) from vault_indexed where subject = $1)`, subject).Scan(&n)
		})
		return n
	}
	if n, stale := rows(erased), h.find("customer_number", "K-6"); n != 2 || stale == nil {
		t.Fatalf("the rows did not come late: %d, %v", n, stale)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, late, err := h.vault.RepairLate(ended); !late || err == nil {
		t.Error("a repair that was cut off succeeded")
	}
	if r, late, err := h.vault.RepairLate(t.Context()); err != nil || !late || r.Orphans != 1 || r.Rebuilt != 1 {
		t.Errorf("%+v, %v, %v", r, late, err)
	}
	if _, late, err := h.vault.RepairLate(t.Context()); late || err != nil {
		t.Errorf("repaired twice: %v", err)
	}
	if n := rows(erased); n != 0 {
		t.Errorf("%d rows of whom another node erased", n)
	}
	if got := h.find("customer_number", "K-7"); !slices.Equal(got, []string{changed}) || h.find("customer_number", "K-6") != nil {
		t.Errorf("by the newest number: %v", got)
	}
}

package vault

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

var errFault = errors.New("injected")

// TestAWriteThatFailsAtAnyStepLeavesTheCustomerWholeOrNotAtAll fails each step that a
// create and an update make on the three stores, commits among them, one at a time.
func TestAWriteThatFailsAtAnyStepLeavesTheCustomerWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	var armed, step, failAt atomic.Int64
	d := dbtest.OpenWith(t, db.Options{Dir: filepath.Join(dir, "data"), Fault: func(db.Store, string) error {
		if armed.Load() == 1 && step.Add(1) == failAt.Load() {
			return errFault
		}
		return nil
	}}, schemas()...)
	h := build(t, d, filepath.Join(dir, "kms.key"))
	ctx := context.Background()
	run := func(n int64, act func() error) error {
		step.Store(0)
		failAt.Store(n)
		armed.Store(1)
		defer armed.Store(0)
		return act()
	}
	number := func(i int64) string { return "F-" + nik(int(i))[12:] }
	failed := 0
	for i := int64(1); i < 200; i++ {
		var subject string
		err := run(i, func() error {
			out, err := h.tryCreate("customer_number", number(i), "name", canaryName, "phone", canaryPhone, "nik", nik(int(i)))
			subject = out.Subject
			return err
		})
		if err == nil && step.Load() < i {
			break // every step was failed once
		}
		if err != nil {
			failed++
			var rows int64
			h.read(func(tx *db.Tx) error {
				return tx.Data.Row(`select count(*) from vault_value where source = $1 and subject not in (select subject from vault_subject)`, h.client.ID()).Scan(&rows)
			})
			if rows != 0 {
				t.Fatalf("step %d: %d values without a customer", i, rows)
			}
		} else if got := h.values(subject); len(got) != 4 {
			t.Fatalf("step %d: %v", i, got)
		}
		if _, err := h.vault.Repair(ctx, true); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		found := h.find("customer_number", number(i))
		switch {
		case err == nil && (len(found) != 1 || found[0] != subject):
			t.Fatalf("step %d: answered, and %v is found", i, found)
		case err != nil && len(found) == 1:
			// made durable although the answer was an error: whole, then
			if got := h.values(found[0]); len(got) != 4 {
				t.Fatalf("step %d: %v", i, got)
			}
		}
		// the number can be given now, exactly when nobody has it
		if _, again := h.tryCreate("customer_number", number(i)); (again == nil) != (len(found) == 0) {
			t.Fatalf("step %d: found %v, and a second create says %v", i, found, again)
		}
	}
	if failed < 10 {
		t.Errorf("only %d steps failed", failed)
	}
	// everything that is stored can be opened
	var subjects []string
	h.read(func(tx *db.Tx) error {
		return tx.Data.Rows(`select subject from vault_subject`, nil, func(r db.Row) error {
			var s string
			err := r.Scan(&s)
			subjects = append(subjects, s)
			return err
		})
	})
	for _, s := range subjects {
		if len(h.values(s)) == 0 {
			t.Errorf("%s has no values", s)
		}
	}
}

// TestACustomerWhoseIndexRowsWereNotCommittedIsNotCreatedTwice loses the commit of the
// index store, after the customer himself is durable.
func TestACustomerWhoseIndexRowsWereNotCommittedIsNotCreatedTwice(t *testing.T) {
	run := func(t *testing.T, o db.Options) {
		var down atomic.Bool
		o.Fault = func(s db.Store, step string) error {
			if down.Load() && s == db.StoreIndex && step == "commit" {
				return errFault
			}
			return nil
		}
		h := build(t, dbtest.OpenWith(t, o, schemas()...), filepath.Join(t.TempDir(), "kms.key"))
		old := h.create("customer_number", "F-1", "phone", "081300000001")
		down.Store(true)
		out, err := h.tryCreate("customer_number", "F-2", "phone", "081300000002")
		if err != nil {
			t.Fatal(err) // durable, and so told
		}
		if got := h.find("customer_number", "F-2"); got != nil {
			t.Fatalf("the damage was not done: %v", got)
		}
		for _, number := range []string{"F-2", "F-3"} {
			if _, err := h.tryCreate("customer_number", number); errs.CodeOf(err) != "db.index_behind" {
				t.Errorf("%s beside an index that is behind: %v", number, err)
			}
		}
		down.Store(false)
		if again, err := h.tryCreate("customer_number", "F-2"); err == nil {
			t.Errorf("the number was given twice: %s", again.Subject)
		}
		if got := h.find("customer_number", "F-2"); !slices.Equal(got, []string{out.Subject}) {
			t.Errorf("found %v, want %s", got, out.Subject)
		}
		// A value that was replaced: neither the old one is found, nor is the new one free.
		down.Store(true)
		if out, err := h.tryUpdate(old, "customer_number", "F-9"); err != nil || out.Refusal != nil {
			t.Fatal(err, out.Refusal)
		}
		down.Store(false)
		if _, err := h.tryCreate("customer_number", "F-9"); err == nil {
			t.Error("the new number was given twice")
		}
		if got := h.find("customer_number", "F-9"); !slices.Equal(got, []string{old}) {
			t.Errorf("found %v, want %s", got, old)
		}
		if h.find("customer_number", "F-1") != nil || h.create("customer_number", "F-1") == "" {
			t.Error("the old number is held still")
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

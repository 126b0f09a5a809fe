package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// eachFaulty runs a test on both engines with a store whose index cannot commit while down
// is set.
func eachFaulty(t *testing.T, test func(t *testing.T, d *db.DB, down *atomic.Bool)) {
	run := func(t *testing.T, o db.Options) {
		var down atomic.Bool
		o.Fault = func(s db.Store, step string) error {
			if down.Load() && s == db.StoreIndex && step == "commit" {
				return errors.New("injected")
			}
			return nil
		}
		test(t, dbtest.OpenWith(t, o, schema), &down)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

// both writes a row with its entry in the index, as a customer with a number is written.
func both(d *db.DB, id, mac string) error {
	return d.Write(context.Background(), func(tx *db.Tx) error {
		tx.Index.Queue("insert into test_mac (mac) values ($1)", []byte(mac))
		return insert(tx, id, 1)
	})
}

func indexed(t *testing.T, d *db.DB, mac string) (n int) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Index.Row("select count(*) from test_mac where mac = $1", []byte(mac)).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnIndexWhoseCommitFailedIsClosedToWritersUntilItsRowsAreThere(t *testing.T) {
	eachFaulty(t, func(t *testing.T, d *db.DB, down *atomic.Bool) {
		if err := both(d, "before", "before"); err != nil || d.IndexBehind() != nil {
			t.Fatal(err, d.IndexBehind())
		}
		down.Store(true)
		// Data is durable: the caller is told so, whatever became of the index.
		if err := both(d, "a", "number"); err != nil {
			t.Fatal(err)
		}
		if _, late := d.Mended(); late {
			t.Error("rows that are owed still were told as made")
		}
		if errs.CodeOf(d.IndexBehind()) != "db.index_behind" || d.Stats().IndexBehind != 1 || indexed(t, d, "number") != 0 {
			t.Fatalf("%v, %+v", d.IndexBehind(), d.Stats())
		}
		// The same number again: the index could not say that it is taken, so nobody may ask.
		for name, write := range map[string]func(tx *db.Tx) error{
			"queued": func(tx *db.Tx) error {
				tx.Index.Queue("insert into test_mac (mac) values ($1)", []byte("number"))
				return nil
			},
			"waited for": func(tx *db.Tx) error {
				_, err := tx.Index.Exec("insert into test_mac (mac) values ($1)", []byte("number"))
				return err
			},
			"returning": func(tx *db.Tx) error {
				var mac []byte
				return tx.Index.Row("insert into test_mac (mac) values ($1) returning mac", []byte("number")).Scan(&mac)
			},
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				if err := insert(tx, "b", 1); err != nil {
					return err
				}
				return write(tx)
			})
			if errs.CodeOf(err) != "db.index_behind" || errs.KindOf(err) != errs.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Everything else goes on.
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			var n int
			if err := tx.Index.Row("select count(*) from test_mac").Scan(&n); err != nil {
				return err
			}
			return insert(tx, "c", 1)
		}); err != nil {
			t.Error(err)
		}
		if n := count(t, d, "test_thing"); n != 3 {
			t.Errorf("%d rows, want before, a and c", n)
		}
		// With the index back, the next write finds it whole: the number is taken.
		down.Store(false)
		if err := both(d, "b", "number"); !db.IsUnique(err) {
			t.Errorf("the number was given twice: %v", err)
		}
		if d.IndexBehind() != nil || d.Stats().IndexBehind != 0 || indexed(t, d, "number") != 1 {
			t.Errorf("%v, %+v", d.IndexBehind(), d.Stats())
		}
		if _, late := d.Mended(); !late {
			t.Error("nobody is told that rows were made late")
		}
		if err := both(d, "d", "other"); err != nil {
			t.Error(err)
		}
	})
}

func TestAnIndexThatIsBehindMendsItselfWhenNobodyWrites(t *testing.T) {
	eachFaulty(t, func(t *testing.T, d *db.DB, down *atomic.Bool) {
		down.Store(true)
		// Several writes of one batch, one of which fails by itself: its rows must not come.
		hold, held := make(chan struct{}), make(chan struct{})
		go func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) }()
		<-held
		results := make(chan error, 4)
		for i := range 3 {
			go func() { results <- both(d, fmt.Sprint("id", i), fmt.Sprint("mac", i)) }()
		}
		go func() {
			results <- d.Write(context.Background(), func(tx *db.Tx) error {
				tx.Index.Queue("insert into test_mac (mac) values ($1)", []byte("undone"))
				return errors.New("changed my mind")
			})
		}()
		for d.Stats().Waiting < 4 {
			time.Sleep(100 * time.Microsecond)
		}
		close(hold)
		failed := 0
		for range 4 {
			if err := <-results; err != nil {
				failed++
			}
		}
		if failed != 1 || d.Stats().IndexBehind == 0 {
			t.Fatalf("%d failed, %+v", failed, d.Stats())
		}
		down.Store(false)
		for d.IndexBehind() != nil { // for as long as it takes; never, if nobody tries again
			time.Sleep(time.Millisecond)
		}
		for i := range 3 {
			if indexed(t, d, fmt.Sprint("mac", i)) != 1 {
				t.Errorf("the row of write %d is missing", i)
			}
		}
		if indexed(t, d, "undone") != 0 {
			t.Error("the row of a write that was undone is there")
		}
	})
}

package db_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// The rows of one closure are sent by the statement of another, which takes the error for its own.
func TestRowsThatAnothersStatementSendsFailForTheirOwner(t *testing.T) {
	things := db.NewInsert("insert into test_thing (id, n)", 2, "")
	d := dbtest.Open(t, schema)
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "taken", 1) }); err != nil {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
	<-held
	var first, second error
	wg.Go(func() {
		first = d.Write(context.Background(), func(tx *db.Tx) error {
			tx.Data.QueueRows(things, "taken", 1)
			tx.Data.QueueRows(things, "mine", 1)
			return nil
		})
	})
	for d.Stats().Waiting < 1 {
		time.Sleep(100 * time.Microsecond)
	}
	wg.Go(func() {
		second = d.Write(context.Background(), func(tx *db.Tx) error {
			if err := insert(tx, "other", 1); err != nil && !db.IsUnique(err) {
				return err // is there already: well
			}
			return nil
		})
	})
	for d.Stats().Waiting < 2 {
		time.Sleep(100 * time.Microsecond)
	}
	close(hold)
	wg.Wait()
	if !db.IsUnique(first) || second != nil || count(t, d, "test_thing") != 2 {
		t.Errorf("first %v, second %v, %d rows", first, second, count(t, d, "test_thing"))
	}
}

func TestPutKeepsNoAnswerOfAStatementThatDidNotRun(t *testing.T) {
	var mu sync.Mutex
	begins, arm := 0, false
	fault := func(s db.Store, step string) error {
		mu.Lock()
		defer mu.Unlock()
		if arm && s == db.StoreData && step == "begin" {
			if begins++; begins == 2 {
				return errors.New("busy")
			}
		}
		return nil
	}
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: fault}, schema)
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "a", 1) }); err != nil {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
	<-held
	wg.Go(func() {
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			keptN.Put(tx, "a", 99, putThing, "a", 99)
			return nil
		})
		if err == nil {
			t.Error("put without its transaction")
		}
	})
	for d.Stats().Waiting < 1 {
		time.Sleep(100 * time.Microsecond)
	}
	wg.Go(func() {
		_ = d.Write(context.Background(), func(tx *db.Tx) error { return errors.New("fails") })
	})
	for d.Stats().Waiting < 2 {
		time.Sleep(100 * time.Microsecond)
	}
	mu.Lock()
	arm = true
	mu.Unlock()
	close(hold)
	wg.Wait()
	var got, is int64
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		got, err = keptN.Get(tx, "a")
		if err == nil {
			err = tx.Data.Row("select n from test_thing where id = 'a'").Scan(&is)
		}
		return err
	})
	if err != nil || got != is {
		t.Errorf("kept %d, is %d, %v", got, is, err)
	}
}

// A search takes Unavailable for an outcome; the refusal may be of the rows of somebody who
// writes in the same batch.
func TestAReaderOfAnIndexThatIsBehindDoesNotLoseTheRowsOfAWriter(t *testing.T) {
	macs := db.NewInsert("insert into test_mac (mac)", 1, "")
	var full atomic.Bool
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: func(s db.Store, step string) error {
		if full.Load() && s == db.StoreIndex && step == "commit" {
			return errors.New("full")
		}
		return nil
	}}, schema)
	full.Store(true)
	create := func(id string) error {
		return d.Write(context.Background(), func(tx *db.Tx) error {
			tx.Index.QueueRows(macs, []byte(id))
			return insert(tx, id, 1)
		})
	}
	if err := create("first"); err != nil { // its rows are owed
		t.Fatal(err)
	}
	if err := create("alone"); errs.CodeOf(err) != "db.index_behind" {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
	<-held
	var created error
	wg.Go(func() { created = create("lost") })
	for d.Stats().Waiting < 1 {
		time.Sleep(100 * time.Microsecond)
	}
	wg.Go(func() {
		if err := d.Write(context.Background(), func(tx *db.Tx) error {
			var n int
			err := tx.Index.Row("select count(*) from test_mac where mac = $1", []byte("x")).Scan(&n)
			if errs.KindOf(err) == errs.Unavailable {
				return nil // as desk.Service.search does: the search itself stays on record
			}
			return err
		}); err != nil {
			t.Error("search:", err)
		}
	})
	for d.Stats().Waiting < 2 {
		time.Sleep(100 * time.Microsecond)
	}
	close(hold)
	wg.Wait()
	full.Store(false)
	for d.IndexBehind() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	if created == nil {
		t.Errorf("created: %v; things %d, macs %d", created, count(t, d, "test_thing"), count(t, d, "test_mac"))
	}
}

func TestRowsWithAValueTooFewAreRefused(t *testing.T) {
	things := db.NewInsert("insert into test_thing (id, n)", 2, "")
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { tx.Data.QueueRows(things, "a", 1, "b"); return nil }); err == nil {
			t.Error("half a row was taken")
		}
		if n := count(t, d, "test_thing"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestOfWhatABatchPutsForOneKeyTheLastIsWritten(t *testing.T) {
	var inserts atomic.Int64
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: func(_ db.Store, step string) error {
		if strings.HasPrefix(step, "insert into test_thing") {
			inserts.Add(1)
		}
		return nil
	}}, schema)
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
	<-held
	for i := range 8 {
		key := []string{"a", "b"}[i%2]
		wg.Go(func() {
			if err := d.Write(context.Background(), func(tx *db.Tx) error {
				n, err := keptN.Get(tx, key)
				keptN.Put(tx, key, n+1, putThing, key, n+1)
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	for d.Stats().Waiting < 8 {
		time.Sleep(100 * time.Microsecond)
	}
	close(hold)
	wg.Wait()
	if n := inserts.Load(); n != 2 { // a key not yet kept is selected, which writes what waits
		t.Errorf("%d inserts for two keys", n)
	}
	for _, key := range []string{"a", "b"} {
		var n int64
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Data.Row("select n from test_thing where id = $1", key).Scan(&n)
		}); err != nil || n != 3 { // from -1, which is none
			t.Errorf("%s: %d, %v", key, n, err)
		}
	}
}

package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

// lots appends n entries in one batch.
func lots(t *testing.T, d *db.DB, l *audit.Log, n int, subject func(i int) string) {
	t.Helper()
	err := d.Write(ctx, func(tx *db.Tx) (err error) {
		for i := range n {
			if _, err = l.Append(tx, reveal(subject(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBatchesOfAnySizeAreIndexedWhole(t *testing.T) {
	for n := 500; n < 1500; n += 90 {
		d := open(t)
		l := started(t, d, audit.Options{SignEvery: -1})
		add(t, d, l, reveal("sub_old"))
		lots(t, d, l, n, func(i int) string { return fmt.Sprintf("sub_%da", i%7) })
		lots(t, d, l, 1024, func(i int) string { return "sub_x" })
		if r := verify(t, d); !r.OK() {
			t.Errorf("n=%d %+v", n, r.Faults)
		}
		erase(t, d, l, "sub_3a")
		if r := verify(t, d); !r.OK() {
			t.Errorf("n=%d, erased: %+v", n, r.Faults)
		}
		var left int
		if err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Row("select (select count(*) from audit_detail where subject = 'sub_3a') + (select count(*) from audit_index where word = 'subject:sub_3a')").Scan(&left)
		}); err != nil || left > 0 {
			t.Errorf("n=%d: %d rows name the erased person still (%v)", n, left, err)
		}
	}
}

// A real shape: every entry of one batch is its own closure or a search with hits.
func erase(t *testing.T, d *db.DB, l *audit.Log, subject string) {
	t.Helper()
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, subject, audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatAnotherNodeErasedIsNotIndexedAgain(t *testing.T) {
	d := open(t)
	a := started(t, d, audit.Options{Node: "a", SignEvery: -1})
	b := started(t, d, audit.Options{Node: "b", SignEvery: -1})
	add(t, d, a, reveal("sub_a"))
	add(t, d, a, reveal("sub_a"))
	erase(t, d, b, "sub_a")
	lots(t, d, a, 600, func(i int) string { return "sub_b" })
	var left int
	_ = d.Read(ctx, func(tx *db.Tx) error {
		return tx.Data.Row("select count(*) from audit_index where word='subject:sub_a'").Scan(&left)
	})
	if left > 0 {
		t.Errorf("%d rows of the index name the erased person", left)
	}
	if r := verify(t, d); !r.OK() {
		t.Errorf("%+v", r.Faults)
	}
	a.ForgetNumbers()
	add(t, d, a, reveal("sub_b"))
	err := d.Write(ctx, func(tx *db.Tx) error { _, err := a.Append(tx, reveal("sub_a")); return err })
	if err != nil {
		t.Errorf("append about sub_a: %v", err)
	}
}

func TestAnEntryMovedToTheRowOfAnotherRunIsFound(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	lots(t, d, l, 1100, func(i int) string { return "sub_b" })
	const word = "subject:sub_b"
	pos := int64(0)
	err := d.Write(ctx, func(tx *db.Tx) error {
		var r0, r1 int64
		var e0, e1 []byte
		if err := tx.Data.Row("select run, entries from audit_index where word=$1 order by run limit 1", word).Scan(&r0, &e0); err != nil {
			return err
		}
		if err := tx.Data.Row("select run, entries from audit_index where word=$1 and run>$2 order by run limit 1", word, r0).Scan(&r1, &e1); err != nil {
			return err
		}
		if r1 != r0+512 {
			return errors.New("not next")
		}
		// the last entry of run 1 is moved in front of run 0's row
		last := e1[len(e1)-2:]
		v := int(last[0])<<8 + int(last[1]) + 512
		pos = r0 + int64(v)
		n0 := append([]byte{byte(v >> 8), byte(v)}, e0...)
		_, err := tx.Data.Exec("update audit_index set entries=$1 where word=$2 and run=$3", n0, word, r0)
		_, err2 := tx.Data.Exec("update audit_index set entries=$1 where word=$2 and run=$3", e1[:len(e1)-2], word, r1)
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, d); r.OK() {
		t.Errorf("verify does not see that entry %d was moved to another run's row", pos&(1<<40-1))
	}
}

func TestARowThatSaysItIsIndexedFurtherThanItIsIsFound(t *testing.T) {
	for _, indexed := range []int64{-10000, 1, 512, 1 << 60} {
		d := open(t)
		l := started(t, d, audit.Options{SignEvery: -1})
		add(t, d, l, reveal("sub_b"))
		change(t, d, "update audit_shard set indexed = $1", indexed)
		if r := verify(t, d); r.OK() || r.Faults[0].Class != proof.IndexEdited {
			t.Errorf("%d: %+v", indexed, r.Faults)
		}
	}
}

var reads int

var kept = db.Keep(db.StoreData, 10, func(tx *db.Tx, k string) (n int, err error) {
	reads++
	return 0, tx.Data.Row("select count(*) from floor_row").Scan(&n)
}, "floor_row")

func TestAnEntryAboutSomebodyNewMakesTheWriterForgetNothing(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	for i := range 20 {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.Append(tx, reveal(fmt.Sprintf("sub_new%d", i)))
			_, err2 := kept.Get(tx, "a")
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if reads > 2 {
		t.Errorf("read %d times in 20 transactions that never wrote floor_row", reads)
	}
}

func TestAnotherRoomsUniqueViolationIsNoMovedHead(t *testing.T) {
	rows := db.NewInsert("insert into floor_row (row, text)", 2, "")
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	add(t, d, l, reveal("sub_a"))
	change(t, d, "insert into floor_row (row, text) values ('taken', '')")
	before := l.Remembered()
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
	<-held
	for i := range 2 {
		wg.Go(func() {
			err := d.Write(context.Background(), func(tx *db.Tx) error {
				_, err := l.Append(tx, reveal("sub_a"))
				if i == 0 {
					tx.Data.QueueRows(rows, "taken", "")
				}
				return err
			})
			if (i == 0) != db.IsUnique(err) {
				t.Error(i, err)
			}
		})
	}
	for d.Stats().Waiting < 2 {
		time.Sleep(100 * time.Microsecond)
	}
	close(hold)
	wg.Wait()
	if l.Remembered() != before {
		t.Errorf("the log forgot its memory because another room's row was taken")
	}
}

// The index names another person's entry: erasing one erases the other, and says it is authorised.
// The index names another person's entry: erasing one erases the other, and says it is authorised.
func TestErasureRefusesAnIndexThatNamesSomebodyElse(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	lots(t, d, l, 600, func(i int) string { return []string{"sub_a", "sub_b"}[i%2] })
	err := d.Write(ctx, func(tx *db.Tx) error {
		var e []byte
		if err := tx.Data.Row("select entries from audit_index where word='subject:sub_b'").Scan(&e); err != nil {
			return err
		}
		_, err := tx.Data.Exec("update audit_index set entries = $1 where word='subject:sub_a'", e)
		_, err2 := tx.Data.Exec("delete from audit_index where word='subject:sub_b'")
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if code(err) != "audit.tampered" {
		t.Errorf("the erasure went through: %v", err)
	}
	var left int
	if err := d.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select count(*) from audit_detail").Scan(&left) }); err != nil || left != 600 {
		t.Errorf("%d details are left of 600 (%v)", left, err)
	}
}

func TestTheFirstEntryAboutSomebodyIsNumberedOne(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		for range 2 {
			e := reveal("sub_new")
			e.First = true // also where it is not: what is remembered counts
			add(t, d, l, e)
		}
		if r := verify(t, d); !r.OK() {
			t.Errorf("%+v", r.Faults)
		}
	})
}

package db

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

const addMac = "insert into test_mac (mac) values ($1)"

// openMac opens a store with a table in the index, at a time that the test sets.
func openMac(t *testing.T, clock func() time.Time) *DB {
	t.Helper()
	d, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "data"), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context(), Schema{Room: "test", FS: fstest.MapFS{"schema/0001_mac.sql": {Data: []byte("-- store: index\ncreate table test_mac (mac bytea primary key);\n")}}}); err != nil {
		t.Fatal(err)
	}
	return d
}

// owes makes rows owed.
func owes(t *testing.T, d *DB, macs ...string) {
	t.Helper()
	err := d.between(func(*session) error {
		var list []statement
		for _, mac := range macs {
			list = append(list, statement{addMac, []any{[]byte(mac)}})
		}
		d.owed.add(list)
		return nil
	})
	if err != nil || d.IndexBehind() == nil {
		t.Fatal(err, d.IndexBehind())
	}
}

func put(t *testing.T, d *DB, mac string) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *Tx) error { tx.Index.Queue(addMac, []byte(mac)); return nil }); err != nil {
		t.Fatal(err)
	}
}

// The answer to a commit can be lost when the commit was not: its rows are there already,
// and making them again must neither double them nor keep the index closed.
func TestAnIndexCommitWhoseAnswerWasLostIsNotMadeTwice(t *testing.T) {
	d := openMac(t, nil)
	put(t, d, "there")
	owes(t, d, "missing", "there")
	put(t, d, "next")
	if d.IndexBehind() != nil {
		t.Error(d.IndexBehind())
	}
	if err := d.Read(t.Context(), func(tx *Tx) error {
		var n int
		if err := tx.Index.Row("select count(*) from test_mac").Scan(&n); err != nil || n != 3 {
			t.Errorf("%d rows, %v", n, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// Whoever repairs what came of rows that were made late must know since when they were owed,
// and once.
func TestRowsThatWereMadeLateAreToldOnceWithTheTimeOfTheOldest(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var now atomic.Int64
	now.Store(at.UnixMicro())
	d := openMac(t, func() time.Time { return time.UnixMicro(now.Load()) })
	told := func(want time.Time) {
		t.Helper()
		since, late := d.Mended()
		if late != !want.IsZero() || late && !since.Equal(want) {
			t.Errorf("%v %v, want %v", since, late, want)
		}
		if _, again := d.Mended(); again {
			t.Error("told twice")
		}
	}
	put(t, d, "in time")
	told(time.Time{})
	err := d.between(func(*session) error {
		for _, mac := range []string{"oldest", "newer"} {
			d.owed.add([]statement{{addMac, []any{[]byte(mac)}}})
			now.Add(time.Hour.Microseconds())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, d, "next")
	told(at)
	// Nobody asked between two delays: the first counts.
	owes(t, d, "third")
	put(t, d, "fourth")
	now.Add(time.Hour.Microseconds())
	owes(t, d, "fifth")
	put(t, d, "sixth")
	told(at.Add(2 * time.Hour))
}

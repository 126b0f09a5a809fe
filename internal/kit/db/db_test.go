package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

var schema = db.Schema{Room: "test", FS: fstest.MapFS{
	"schema/0001_thing.sql": {Data: []byte("-- store: data\ncreate table test_thing (\n id text primary key, -- class: public\n n bigint not null, -- class: public\n ok boolean, -- class: public\n raw bytea, -- class: public\n f double precision -- class: public\n);\ncreate index test_thing_n on test_thing (n);\n")},
	"schema/0002_slot.sql":  {Data: []byte("-- store: keys\ncreate table test_slot (id text primary key);\n")},
	"schema/0003_mac.sql":   {Data: []byte("-- store: index\ncreate table test_mac (mac bytea primary key);\n")},
}}

func insert(tx *db.Tx, id string, n int64) error {
	_, err := tx.Data.Exec("insert into test_thing (id, n) values ($1, $2)", id, n)
	return err
}

func count(t *testing.T, d *db.DB, table string) (n int64) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		for _, h := range []*db.Handle{tx.Data, tx.Keys, tx.Index} {
			if h.Row("select count(*) from "+table).Scan(&n) == nil {
				return nil
			}
			if d.Dialect() == db.Postgres {
				continue
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEveryStoredTypeComesBackAsItWent(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		type word string
		none := (*int64)(nil)
		yes := true
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Data.Exec("insert into test_thing (id, n, ok, raw, f) values ($1, $2, $3, $4, $5)", word("a"), int64(1)<<40, &yes, []byte{0, 255}, 1.5); err != nil {
				return err
			}
			tx.Data.Queue("insert into test_thing (id, n, ok, raw, f) values ($1, $2, $3, $4, $5)", "b", 7, nil, nil, nil)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			var id word
			var n int64
			var ok bool
			var raw []byte
			var f float64
			if err := tx.Data.Row("select id, n, ok, raw, f from test_thing where id = $1", "a").Scan(&id, &n, &ok, &raw, &f); err != nil {
				return err
			}
			if id != "a" || n != 1<<40 || !ok || string(raw) != "\x00\xff" || f != 1.5 {
				t.Errorf("got %v %v %v %v %v", id, n, ok, raw, f)
			}
			var maybe *bool
			if err := tx.Data.Row("select ok, raw from test_thing where id = $1", "b").Scan(&maybe, &raw); err != nil {
				return err
			}
			if maybe != nil || raw != nil {
				t.Errorf("null came back as %v %v", maybe, raw)
			}
			_ = none
			if err := tx.Data.Row("select id from test_thing where id = $1", "c").Scan(&id); !errors.Is(err, db.ErrNoRows) {
				t.Errorf("no row gave %v", err)
			}
			var ids []string
			err := tx.Data.Rows("select id from test_thing where n >= $1 order by id", []any{7}, func(r db.Row) error {
				var s string
				ids = append(ids, "")
				err := r.Scan(&s)
				ids[len(ids)-1] = s
				return err
			})
			if fmt.Sprint(ids) != "[a b]" {
				t.Errorf("rows %v", ids)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOneFailingClosureFailsAloneInItsBatch(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		mine := errors.New("mine")
		var wg sync.WaitGroup
		var wrong atomic.Int64
		for i := range 200 {
			wg.Go(func() {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					if err := insert(tx, fmt.Sprint("k", i), int64(i)); err != nil {
						return err
					}
					tx.Keys.Queue("insert into test_slot (id) values ($1)", fmt.Sprint("k", i))
					switch i % 4 {
					case 1:
						return mine
					case 2:
						return insert(tx, fmt.Sprint("k", i), 0) // unique
					case 3:
						if i%8 == 3 {
							tx.Data.Queue("insert into test_thing (id, n) values ($1, $2)", fmt.Sprint("k", i), 1) // unique, seen late
						} else {
							panic("a defect")
						}
					}
					return nil
				})
				ok := map[int]bool{0: err == nil, 1: errors.Is(err, mine), 2: db.IsUnique(err),
					3: db.IsUnique(err) || errs.CodeOf(err) == "db.panic"}[i%4]
				if !ok {
					wrong.Add(1)
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, d, "test_thing"); n != 50 {
			t.Errorf("%d rows, want 50", n)
		}
		if n := count(t, d, "test_slot"); n != 50 {
			t.Errorf("%d slots, want 50", n)
		}
	})
}

func TestHooksSeeTheItemsOfSuccessfulClosuresOnceAndInOrder(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		var got []int
		fail := 3
		d.BeforeCommit("hook", func(tx *db.Tx, items []any) error {
			if fail > 0 {
				fail--
				return errors.New("hook refuses")
			}
			for _, it := range items {
				tx.AfterCommit(func() { got = append(got, it.(int)) })
			}
			return insert(tx, fmt.Sprint("hook", len(got), items[0]), 0)
		})
		// A hook that always refuses a single closure refuses its caller.
		if err := d.Write(t.Context(), func(tx *db.Tx) error { tx.Stage("hook", 1); return insert(tx, "x", 1) }); err == nil {
			t.Fatal("refusal of the hook was lost")
		}
		fail = 0
		for i := range 3 {
			_ = d.Write(t.Context(), func(tx *db.Tx) error {
				tx.Stage("hook", i*10)
				tx.Stage("hook", i*10+1)
				if i == 1 {
					return errors.New("no")
				}
				return nil
			})
		}
		if fmt.Sprint(got) != "[0 1 20 21]" {
			t.Errorf("items %v", got)
		}
		if n := count(t, d, "test_thing"); n != 2 {
			t.Errorf("%d rows: the refused closure left something", n)
		}
	})
}

func TestAfterCommitRunsBeforeWriteReturnsAndNotOnFailure(t *testing.T) {
	d := dbtest.Open(t, schema)
	ran := 0
	if err := d.Write(t.Context(), func(tx *db.Tx) error { tx.AfterCommit(func() { ran++ }); return nil }); err != nil || ran != 1 {
		t.Fatal(err, ran)
	}
	_ = d.Write(t.Context(), func(tx *db.Tx) error { tx.AfterCommit(func() { ran++ }); return errors.New("no") })
	if ran != 1 {
		t.Error("ran after a failure")
	}
}

func TestReadTransactionsCannotWrite(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		if err := d.Read(t.Context(), func(tx *db.Tx) error { return insert(tx, "a", 1) }); err == nil {
			t.Error("a read transaction wrote")
		}
		if n := count(t, d, "test_thing"); n != 0 {
			t.Error("row is there")
		}
	})
}

func TestReadSeesOneState(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			var a, b int64
			if err := tx.Data.Row("select count(*) from test_thing").Scan(&a); err != nil {
				return err
			}
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "late", 1) }); err != nil {
				return err
			}
			if err := tx.Data.Row("select count(*) from test_thing").Scan(&b); err != nil {
				return err
			}
			if a != b {
				t.Errorf("saw %d, then %d", a, b)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestALongReadHoldsUpNoOther(t *testing.T) {
	sessions := runtime.GOMAXPROCS(0) + 1
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Readers: sessions}, schema)
	end := make(chan struct{})
	var walks sync.WaitGroup
	walk := func() {
		began := make(chan struct{})
		walks.Go(func() {
			if err := d.Read(context.Background(), func(tx *db.Tx) error { close(began); <-end; return nil }); err != nil {
				t.Error(err)
			}
		})
		<-began
	}
	for range sessions - 1 {
		walk() // they hold every turn
	}
	short := func(ctx context.Context) error {
		return d.Read(ctx, func(tx *db.Tx) error {
			var one int64
			return tx.Data.Row("select 1").Scan(&one)
		})
	}
	for range 3 {
		if err := short(t.Context()); err != nil {
			t.Error(err)
		}
	}
	walk() // and every session
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := short(brief); errs.CodeOf(err) != "db.busy" {
		t.Errorf("without a session left: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := short(gone); errs.CodeOf(err) != "db.busy" {
		t.Errorf("for a caller who has gone: %v", err)
	}
	close(end)
	walks.Wait()
	if err := short(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSerializationFailuresAreRunAgain(t *testing.T) {
	url := dbtest.PostgresURL(t)
	a := dbtest.OpenWith(t, db.Options{URL: url}, schema)
	b := dbtest.OpenWith(t, db.Options{URL: url}, schema)
	if err := a.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "counter", 0) }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		d := []*db.DB{a, b}[i%2]
		wg.Go(func() {
			if err := d.Write(context.Background(), func(tx *db.Tx) error {
				var n int64
				if err := tx.Data.Row("select n from test_thing where id = 'counter'").Scan(&n); err != nil {
					return err
				}
				_, err := tx.Data.Exec("update test_thing set n = $1 where id = 'counter'", n+1)
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int64
	_ = a.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Data.Row("select n from test_thing where id = 'counter'").Scan(&n)
	})
	if n != 200 {
		t.Errorf("counter is %d, want 200", n)
	}
}

func TestTwoServersOnOneFolderAreRefused(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.OpenWith(t, db.Options{Dir: dir}, schema)
	if _, err := db.Open(t.Context(), db.Options{Dir: dir}); errs.CodeOf(err) != "db.folder_in_use" {
		t.Errorf("second open: %v", err)
	}
	_ = d.Close()
	e, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_ = e.Close()
}

func TestWritesSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.OpenWith(t, db.Options{Dir: dir}, schema)
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "a", 1) }); err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	if err := d.Write(t.Context(), func(*db.Tx) error { return nil }); errs.CodeOf(err) != "db.closed" {
		t.Errorf("write after close: %v", err)
	}
	if err := d.Read(t.Context(), func(*db.Tx) error { return nil }); errs.CodeOf(err) != "db.closed" {
		t.Errorf("read after close: %v", err)
	}
	e := dbtest.OpenWith(t, db.Options{Dir: dir}, schema)
	if n := count(t, e, "test_thing"); n != 1 {
		t.Errorf("%d rows", n)
	}
	for _, f := range []string{"data.db", "keys.db", "index.db"} {
		st, err := os.Stat(filepath.Join(dir, f))
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, st.Mode(), err)
		}
	}
}

func TestAFullQueueRefusesAndDoesNothing(t *testing.T) {
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Queue: 1}, schema)
	held, started := make(chan struct{}), make(chan struct{})
	go func() {
		_ = d.Write(context.Background(), func(*db.Tx) error { close(started); <-held; return nil })
	}()
	<-started
	queued := make(chan error, 1)
	go func() {
		queued <- d.Write(context.Background(), func(tx *db.Tx) error { return insert(tx, "waits", 1) })
	}()
	for d.Stats().Waiting == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "late", 1) }); errs.CodeOf(err) != "db.queue_full" {
		t.Errorf("got %v", err)
	}
	close(held)
	if err := <-queued; err != nil {
		t.Error(err)
	}
	if n := count(t, d, "test_thing"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestMigrationsNameTheirStoreAndAreNumberedOnce(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no store":   {"schema/0009_x.sql": {Data: []byte("create table x (id text);")}},
		"bad name":   {"schema/9_x.sql": {Data: []byte("-- store: data\ncreate table x (id text);")}},
		"same twice": {"schema/0001_x.sql": {Data: []byte("-- store: data\ncreate table x (id text);")}},
	} {
		d := dbtest.Open(t)
		if err := d.Migrate(t.Context(), schema, db.Schema{Room: "other", FS: files}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestANewerStoreIsRefused(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		next := db.Schema{Room: "next", FS: fstest.MapFS{"schema/9999_next.sql": {Data: []byte("-- store: data\ncreate table next_x (id text);\n")}}}
		if err := d.Migrate(t.Context(), schema, next); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context(), schema); errs.CodeOf(err) != "db.newer" {
			t.Errorf("older release on a newer store: %v", err)
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			d := dbtest.OpenWith(b, db.Options{Dir: b.TempDir()}, schema)
			for i := range 1000 {
				if err := d.Write(context.Background(), func(tx *db.Tx) error { return insert(tx, fmt.Sprint("c", i), 0) }); err != nil {
					b.Fatal(err)
				}
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for {
						i := next.Add(1)
						if i > int64(b.N) {
							return
						}
						if err := d.Write(context.Background(), func(tx *db.Tx) error {
							if _, err := tx.Data.Exec("update test_thing set n = n + 1 where id = $1", fmt.Sprint("c", i%1000)); err != nil {
								return err
							}
							return insert(tx, fmt.Sprint("w", i), i)
						}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// A statement that fails at any step of a batch leaves all of a closure's effects or none.
func TestAFaultAtAnyStepLeavesWholeClosures(t *testing.T) {
	var armed atomic.Int64
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: func(_ db.Store, step string) error {
		if armed.Add(-1) == 0 && step != "committed" {
			return errors.New("injected")
		}
		return nil
	}}, schema)
	acknowledged := map[string]bool{}
	for step := int64(1); step <= 40; step++ {
		var wg sync.WaitGroup
		var mu sync.Mutex
		hold, held := make(chan struct{}), make(chan struct{})
		wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
		<-held
		for c := range 3 {
			wg.Go(func() {
				key := fmt.Sprint(step, "-", c)
				err := d.Write(context.Background(), func(tx *db.Tx) error {
					if _, err := tx.Keys.Exec("insert into test_slot (id) values ($1)", key); err != nil {
						return err
					}
					return insert(tx, key, 1)
				})
				mu.Lock()
				acknowledged[key] = err == nil
				mu.Unlock()
			})
		}
		for d.Stats().Waiting < 3 {
			time.Sleep(100 * time.Microsecond)
		}
		armed.Store(step)
		close(hold)
		wg.Wait()
		armed.Store(0)
	}
	if err := d.Read(t.Context(), func(tx *db.Tx) error {
		stored := map[string]bool{}
		if err := tx.Data.Rows("select id from test_thing", nil, func(r db.Row) error {
			var s string
			err := r.Scan(&s)
			stored[s] = true
			return err
		}); err != nil {
			return err
		}
		for key, ok := range acknowledged {
			if ok != stored[key] {
				t.Errorf("%s: acknowledged %v, stored %v", key, ok, stored[key])
			}
			var slot string
			if stored[key] && tx.Keys.Row("select id from test_slot where id = $1", key).Scan(&slot) != nil {
				t.Errorf("%s: value without its key", key)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

var putThing = db.NewInsert("insert into test_thing (id, n)", 2, "on conflict (id) do update set n = excluded.n")

// keptN and keptAll are two questions of one table.
var (
	keptN = db.Keep(db.StoreData, 100, func(tx *db.Tx, id string) (n int64, err error) {
		err = tx.Data.Row("select n from test_thing where id = $1", id).Scan(&n)
		if errors.Is(err, db.ErrNoRows) {
			return -1, nil
		}
		return n, err
	}, "test_thing")
	keptAll = db.Keep(db.StoreData, 100, func(tx *db.Tx, above int) (seen []string, err error) {
		err = tx.Data.Rows("select id, n from test_thing where n > $1 order by id", []any{above}, func(r db.Row) error {
			var id string
			var n int64
			err := r.Scan(&id, &n)
			seen = append(seen, fmt.Sprint(id, n))
			return err
		})
		return seen, err
	}, "test_thing")
)

func TestKeptAnswersAreWhatTheSelectWouldSay(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		inRead := func(want int64) {
			t.Helper()
			for range 2 {
				if err := d.Read(t.Context(), func(tx *db.Tx) error {
					for range 2 {
						if n, err := keptN.Get(tx, "a"); err != nil || n != want {
							t.Errorf("in a read: kept %d %v, want %d", n, err, want)
						}
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		}
		want := func(want int64, before func(tx *db.Tx) error) {
			t.Helper()
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				if before != nil {
					if err := before(tx); err != nil {
						return err
					}
				}
				for range 2 {
					if n, err := keptN.Get(tx, "a"); err != nil || n != want {
						t.Errorf("kept %d %v, want %d", n, err, want)
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			inRead(want)
		}
		want(-1, nil)
		want(1, func(tx *db.Tx) error { return insert(tx, "a", 1) })
		want(1, nil)
		want(2, func(tx *db.Tx) error {
			_, err := tx.Data.Exec("update test_thing set n = 2 where id = 'a'")
			return err
		})
		want(3, func(tx *db.Tx) error { tx.Data.Queue("UPDATE test_thing\nset n = 3"); return nil })
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Data.Queue("delete from test_thing")
			if n, _ := keptN.Get(tx, "a"); n != -1 {
				t.Errorf("own delete is not seen: %d", n)
			}
			return errors.New("no")
		}); err == nil {
			t.Error("no error")
		}
		want(3, nil) // what was rolled back was never kept
		want(4, func(tx *db.Tx) error {
			keptN.Put(tx, "a", 4, putThing, "a", 4)
			return nil
		})
		for range 2 { // the other question of this table sees what Put wrote, and Put what the other sees
			want(6, func(tx *db.Tx) error {
				if all, err := keptAll.Get(tx, 0); err != nil || len(all) != 1 {
					t.Errorf("%v %v", all, err)
				}
				keptN.Put(tx, "b", 5, putThing, "b", 5)
				keptN.Put(tx, "a", 7, putThing, "a", 7) // is never written
				keptN.Put(tx, "a", 6, putThing, "a", 6)
				if all, err := keptAll.Get(tx, 0); err != nil || fmt.Sprint(all) != "[a6 b5]" {
					t.Errorf("%v %v", all, err)
				}
				return onlyA(tx)
			})
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			keptN.Put(tx, "a", 9, putThing, "a", 9)
			return errors.New("no")
		}); err == nil {
			t.Error("no error")
		}
		want(6, nil)
	})
}

// onlyA leaves the table with "a" alone.
func onlyA(tx *db.Tx) error {
	_, err := tx.Data.Exec("delete from test_thing where id <> 'a'")
	return err
}

func TestAKeptQuestionIsHeldToTheTablesItNames(t *testing.T) {
	bad := func(read func(tx *db.Tx) error) *db.Kept[int, int] {
		return db.Keep(db.StoreData, 10, func(tx *db.Tx, _ int) (int, error) { return 0, read(tx) }, "test_thing")
	}
	var n int64
	for code, k := range map[string]*db.Kept[int, int]{
		"db.kept_table": bad(func(tx *db.Tx) error {
			return tx.Data.Row("select count(*) from test_thing join test_other on true").Scan(&n)
		}),
		"db.kept_nested": bad(func(tx *db.Tx) error { _, err := keptN.Get(tx, "a"); return err }),
	} {
		dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
			for name, within := range map[string]func(context.Context, func(*db.Tx) error) error{"read": d.Read, "write": d.Write} {
				err := within(t.Context(), func(tx *db.Tx) error { _, err := k.Get(tx, 1); return err })
				if errs.CodeOf(err) != code {
					t.Errorf("%s: %v, want %s", name, err, code)
				}
			}
			writing := bad(func(tx *db.Tx) error { _, err := tx.Data.Exec("delete from test_thing"); return err })
			if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := writing.Get(tx, 1); return err }); errs.CodeOf(err) != "db.kept_table" {
				t.Errorf("writing: %v", err)
			}
			twice := bad(func(tx *db.Tx) error {
				for range 2 {
					if err := tx.Data.Row("select count(*) from test_thing").Scan(&n); err != nil {
						return err
					}
				}
				return nil
			})
			if _, err := twice.Read(t.Context(), d, 1); errs.CodeOf(err) != "db.kept_table" {
				t.Errorf("a second select: %v", err)
			}
			other := bad(func(tx *db.Tx) error { return tx.Keys.Row("select count(*) from test_slot").Scan(&n) })
			if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := other.Get(tx, 1); return err }); errs.CodeOf(err) != "db.kept_table" {
				t.Errorf("another store: %v", err)
			}
		})
	}
}

// Readers ask while a writer counts: what a Read that began after a Write returned says is
// never older than that Write.
func TestAReadNeverSaysLessThanAWriteThatReturnedBeforeIt(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, "a", 0) }); err != nil {
			t.Fatal(err)
		}
		var returned atomic.Int64
		done := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					floor := returned.Load()
					var n int64
					var err error
					if floor%2 == 0 {
						n, err = keptN.Read(context.Background(), d, "a")
					} else {
						err = d.Read(context.Background(), func(tx *db.Tx) (err error) { n, err = keptN.Get(tx, "a"); return err })
					}
					if err != nil || n < floor {
						t.Errorf("read %d after %d was written: %v", n, floor, err)
						return
					}
				}
			})
		}
		for i := int64(1); i <= 300; i++ {
			if err := d.Write(t.Context(), func(tx *db.Tx) error { tx.Data.Queue("update test_thing set n = $1 where id = 'a'", i); return nil }); err != nil {
				t.Fatal(err)
			}
			returned.Store(i)
			if i%3 == 0 {
				runtime.Gosched()
			}
		}
		close(done)
		readers.Wait()
	})
}

func TestAKeptQuestionIsReadOnceAndItsAnswersAreFewerThanTheirBound(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		asked := 0
		few := db.Keep(db.StoreData, 3, func(tx *db.Tx, id int) (int, error) {
			asked++
			return id, tx.Data.Row("select count(*) from test_thing").Scan(new(int64))
		}, "test_thing")
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			for range 3 {
				if _, err := few.Get(tx, 0); err != nil || asked != 1 {
					t.Errorf("asked %d times: %v", asked, err)
				}
			}
			for range 2 {
				for id := range 5 {
					if v, err := few.Get(tx, id); err != nil || v != id {
						t.Errorf("%d %v", v, err)
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if asked < 6 {
			t.Errorf("%d questions for five keys of which three are kept, twice", asked)
		}
	})
}

func TestWhatWasOverwrittenDoesNotStayInTheWriteAheadLog(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.OpenWith(t, db.Options{Dir: dir}, schema)
	const secret = "wrapped-key-that-must-go"
	write := func(sql string, args ...any) {
		t.Helper()
		if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Keys.Exec(sql, args...); return err }); err != nil {
			t.Fatal(err)
		}
	}
	found := func() (files []string) {
		t.Helper()
		for _, name := range []string{"keys.db", "keys.db-wal"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil && bytes.Contains(text, []byte(secret)) {
				files = append(files, name)
			}
		}
		return files
	}
	write("insert into test_slot (id) values ($1)", secret)
	write("delete from test_slot")
	if len(found()) == 0 {
		t.Fatal("the log never held it: this test sees nothing")
	}
	for range 300 { // also while the logs are being copied beside the writer
		if err := d.Truncate(t.Context(), db.StoreKeys); err != nil {
			t.Fatal(err)
		}
		if files := found(); len(files) > 0 {
			t.Fatalf("still in %v", files)
		}
		write("insert into test_slot (id) values ($1)", secret)
		write("delete from test_slot")
	}
}

func TestRowsThatTravelTogetherArriveAsTheyWereGiven(t *testing.T) {
	things, macs := db.NewInsert("insert into test_thing (id, n)", 2, "on conflict do nothing"), db.NewInsert("insert into test_mac (mac)", 1, "")
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		want := int64(0)
		for _, rows := range []int{0, 1, 2, 3, 7, 8, 9, 21, 70} {
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				tx.Data.QueueRows(things)
				tx.Data.QueueRows(things, "a", want) // there already, but for the first time
				for i := range rows {
					tx.Data.QueueRows(things, fmt.Sprint(rows, "-", i), want)
					tx.Index.QueueRows(macs, []byte(fmt.Sprint(rows, "-", i)))
				}
				if rows == 9 { // a statement sees the rows before it
					var n int64
					if err := tx.Data.Row("select count(*) from test_thing").Scan(&n); err != nil || n != want+10 {
						t.Errorf("%d rows %v, want %d", n, err, want+10)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			want += int64(rows)
			if n, m := count(t, d, "test_thing")-1, count(t, d, "test_mac"); n != want || m != want {
				t.Errorf("%d and %d rows after %d more, want %d", n, m, rows, want)
			}
		}
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			var n int64
			if err := tx.Data.Row("select n from test_thing where id = $1", "70-69").Scan(&n); err != nil || n != want-70 {
				t.Errorf("%d %v", n, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOfRowsThatTravelTogetherOnlyThoseOfTheClosureThatFailsAreUndone(t *testing.T) {
	macs, things := db.NewInsert("insert into test_mac (mac)", 1, ""), db.NewInsert("insert into test_thing (id, n)", 2, "")
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		hold, held := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _ = d.Write(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil }) })
		<-held
		var done, taken atomic.Int64
		for i := range 6 { // three pairs that want the same
			wg.Go(func() {
				err := d.Write(context.Background(), func(tx *db.Tx) error {
					tx.Data.QueueRows(things, fmt.Sprint(i), i)
					tx.Index.QueueRows(macs, []byte{byte(i / 2)})
					return nil
				})
				switch {
				case err == nil:
					done.Add(1)
				case db.IsUnique(err):
					taken.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		for d.Stats().Waiting < 6 {
			time.Sleep(100 * time.Microsecond)
		}
		close(hold)
		wg.Wait()
		if done.Load() != 3 || taken.Load() != 3 || count(t, d, "test_thing") != 3 || count(t, d, "test_mac") != 3 {
			t.Errorf("%d done, %d taken, %d things, %d macs", done.Load(), taken.Load(), count(t, d, "test_thing"), count(t, d, "test_mac"))
		}
	})
}

func TestWhatWasWrittenIsInEveryStoreWhenWriteReturns(t *testing.T) {
	dbtest.Each(t, []db.Schema{schema}, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for c := range 4 {
			wg.Go(func() {
				for i := range 25 {
					mac := []byte{byte(c), byte(i)}
					err := d.Write(context.Background(), func(tx *db.Tx) error {
						var n int64
						if i > 0 { // the batch before may still be on its way into the index
							if err := tx.Index.Row("select count(*) from test_mac where mac = $1", []byte{byte(c), byte(i - 1)}).Scan(&n); err != nil || n != 1 {
								t.Errorf("the row before is not there: %d %v", n, err)
							}
						}
						tx.Index.Queue("insert into test_mac (mac) values ($1)", mac)
						return insert(tx, fmt.Sprint(c, "-", i), 1)
					})
					if err != nil {
						t.Error(err)
					}
					if err := d.Read(context.Background(), func(tx *db.Tx) error {
						var n int64
						return tx.Index.Row("select 1 from test_mac where mac = $1", mac).Scan(&n)
					}); err != nil {
						t.Error("a read after the write does not see it:", err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestAnIndexThatCannotBeCommittedHoldsNobodyUp(t *testing.T) {
	var broken atomic.Bool
	fault := func(s db.Store, step string) error {
		if broken.Load() && s == db.StoreIndex && step == "commit" {
			return errors.New("injected")
		}
		return nil
	}
	both := map[string]db.Options{"sqlite": {Dir: t.TempDir(), Fault: fault}}
	if os.Getenv("AMANAH_TEST_POSTGRES") != "" {
		both["postgres"] = db.Options{URL: dbtest.PostgresURL(t), Fault: fault}
	}
	for name, o := range both {
		t.Run(name, func(t *testing.T) {
			d := dbtest.OpenWith(t, o, schema)
			write := func(i byte) {
				t.Helper()
				if err := d.Write(t.Context(), func(tx *db.Tx) error {
					tx.Index.Queue("insert into test_mac (mac) values ($1)", []byte{i})
					return insert(tx, fmt.Sprint(i), 1)
				}); err != nil {
					t.Error(err)
				}
			}
			write(1)
			broken.Store(true)
			write(2) // what is durable is durable; its index row is owed
			broken.Store(false)
			write(3)
			if things, macs := count(t, d, "test_thing"), count(t, d, "test_mac"); things != 3 || macs != 3 {
				t.Errorf("%d things, %d macs", things, macs)
			}
		})
	}
}

func TestALogThatAReaderHoldsIsNotSaidToBeEmptied(t *testing.T) {
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir()}, schema)
	write := func(id string) {
		t.Helper()
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Keys.Exec("insert into test_slot (id) values ($1)", id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	if err := d.Read(t.Context(), func(tx *db.Tx) error {
		var id string
		if err := tx.Keys.Row("select id from test_slot").Scan(&id); err != nil {
			return err
		}
		write("b") // after the reader's snapshot
		if err := d.Truncate(t.Context(), db.StoreKeys); errs.CodeOf(err) != "db.busy" {
			t.Errorf("with a reader in the way: %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Truncate(t.Context(), db.StoreKeys); err != nil {
		t.Error(err)
	}
}

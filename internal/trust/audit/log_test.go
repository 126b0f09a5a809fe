package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

var schemas = []db.Schema{audit.Schema(), floorSchema}

var ctx = context.Background()

// add commits one entry and returns its index.
func add(t testing.TB, d *db.DB, l *audit.Log, e audit.Entry) uint64 {
	t.Helper()
	var p *audit.Pending
	err := d.Write(ctx, func(tx *db.Tx) (err error) {
		p, err = l.Append(tx, e)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	i, ok := p.Index()
	if !ok {
		t.Fatal("no index after the commit")
	}
	return i
}

// change edits the database behind the log's back.
func change(t testing.TB, d *db.DB, sql string, args ...any) {
	t.Helper()
	err := d.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Data.Exec(sql, args...)
		if err == nil && n == 0 {
			err = errors.New("changed nothing")
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func verify(t testing.TB, d *db.DB) *proof.Report {
	t.Helper()
	p, err := proof.TrustKey(proof.VerifierKey("dep.example", key(1).Public()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(ctx, d, proof.Options{Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return errs.Of(err).Code
}

func TestAnEntryHasAnIndexOnlyAfterItsCommit(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		var p *audit.Pending
		err := d.Write(ctx, func(tx *db.Tx) (err error) {
			p, err = l.Append(tx, reveal(""))
			if _, ok := p.Index(); ok {
				t.Error("an index before the commit")
			}
			if p.Origin() != "" {
				t.Error("an origin before the commit")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if i, ok := p.Index(); !ok || i != 1 || p.Origin() != l.Origin() {
			t.Errorf("index %d %v in %q", i, ok, p.Origin())
		}
		var none *audit.Pending
		if _, ok := none.Index(); ok {
			t.Error("nil has an index")
		}
	})
}

func TestAFailedClosureLeavesNoGap(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		boom := errors.New("boom")
		var lost []*audit.Pending
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				var p *audit.Pending
				err := d.Write(ctx, func(tx *db.Tx) (err error) {
					if p, err = l.Append(tx, reveal(fmt.Sprintf("sub_%d", i%7))); err != nil {
						return err
					}
					if i%3 == 0 {
						return boom
					}
					return nil
				})
				if i%3 == 0 {
					mu.Lock()
					lost = append(lost, p)
					mu.Unlock()
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, p := range lost {
			if _, ok := p.Index(); ok {
				t.Error("an entry of a failed closure has an index")
			}
		}
		if l.Size() != 1+133 {
			t.Errorf("size %d", l.Size())
		}
		if r := verify(t, d); !r.OK() || r.Logs[0].Subjects != 7 || r.Logs[0].Sides != 133 {
			t.Errorf("%+v", r)
		}
	})
}

func TestABatchThatIsRolledBackAndRerunGivesTheSameLog(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		fails := 0
		d.BeforeCommit("saboteur", func(_ *db.Tx, items []any) error {
			if fails++; fails <= 3 {
				return errors.New("not this time")
			}
			return nil
		})
		var wg sync.WaitGroup
		var refused int
		var mu sync.Mutex
		for i := range 40 {
			wg.Go(func() {
				err := d.Write(ctx, func(tx *db.Tx) error {
					tx.Stage("saboteur", i)
					_, err := l.Append(tx, reveal("sub_a"))
					return err
				})
				if err != nil {
					mu.Lock()
					refused++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if want := int64(1 + 40 - refused); l.Size() != want {
			t.Errorf("size %d, want %d", l.Size(), want)
		}
		if r := verify(t, d); !r.OK() {
			t.Errorf("%+v", r.Faults)
		}
	})
}

// What names an entry's index is written in the entry's own commit, whatever the batch went through before.
func TestWhatNamesAnIndexIsInTheEntrysCommit(t *testing.T) {
	dbtest.Each(t, schemas, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		fails := 0
		d.BeforeCommit("saboteur", func(_ *db.Tx, items []any) error {
			if fails++; fails <= 3 {
				return errors.New("not this time")
			}
			return nil
		})
		boom := errors.New("boom")
		var wg sync.WaitGroup
		kept := make([]*audit.Pending, 40)
		for i := range kept {
			wg.Go(func() {
				var p *audit.Pending
				err := d.Write(ctx, func(tx *db.Tx) (err error) {
					tx.Stage("saboteur", i)
					if p, err = l.Append(tx, reveal("")); err != nil {
						return err
					}
					p.Then(func(tx *db.Tx, index uint64) error {
						if i%5 == 0 {
							return boom
						}
						tx.Data.Queue("insert into floor_row (row, text) values ($1, $2)", strconv.Itoa(i), strconv.FormatUint(index, 10))
						return nil
					})
					return nil
				})
				if _, ok := p.Index(); ok != (err == nil) {
					t.Errorf("an entry has an index %v, and its closure returned %v", ok, err)
				}
				if err == nil {
					kept[i] = p
				}
			})
		}
		wg.Wait()
		written := map[string]string{}
		if err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Rows("select row, text from floor_row", nil, func(r db.Row) error {
				var row, text string
				err := r.Scan(&row, &text)
				written[row] = text
				return err
			})
		}); err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, p := range kept {
			if p == nil {
				continue
			}
			n++
			index, _ := p.Index()
			if i%5 == 0 || written[strconv.Itoa(i)] != strconv.FormatUint(index, 10) {
				t.Errorf("%d has the index %d and wrote %q", i, index, written[strconv.Itoa(i)])
			}
		}
		if n < 20 || n != len(written) || l.Size() != int64(1+n) {
			t.Errorf("%d kept, %d written, size %d", n, len(written), l.Size())
		}
		if r := verify(t, d); !r.OK() {
			t.Errorf("%+v", r.Faults)
		}
	})
}

// The tree is the one that golang.org/x/mod builds from the same leaves.
func TestTheTreeIsTheReferenceTree(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			var wg sync.WaitGroup
			for range rapid.IntRange(1, 90).Draw(rt, "closures") {
				fails := rapid.Bool().Draw(rt, "fails")
				wg.Go(func() {
					_ = d.Write(ctx, func(tx *db.Tx) error {
						if _, err := l.Append(tx, reveal("sub_b")); err != nil || !fails {
							return err
						}
						return errors.New("rolled back")
					})
				})
			}
			wg.Wait()
			if rapid.Bool().Draw(rt, "sign") {
				if err := l.Sign(ctx); err != nil {
					rt.Fatal(err)
				}
			}
		}
		compareWithReference(rt, d, l.Size())
	})
}

func compareWithReference(t interface{ Fatalf(string, ...any) }, d *db.DB, size int64) {
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range at {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	var root []byte
	var n int64
	err := d.Read(ctx, func(tx *db.Tx) error {
		err := tx.Data.Rows("select leaf from audit_entry order by position", nil, func(r db.Row) error {
			var leaf []byte
			if err := r.Scan(&leaf); err != nil {
				return err
			}
			more, err := tlog.StoredHashes(n, leaf, read)
			hashes = append(hashes, more...)
			n++
			return err
		})
		if err != nil {
			return err
		}
		return tx.Data.Row("select root from audit_shard").Scan(&root)
	})
	want, err2 := tlog.TreeHash(n, read)
	if err != nil || err2 != nil || n != size || string(root) != string(want[:]) {
		t.Fatalf("%d leaves, size %d, %v %v, roots %x %x", n, size, err, err2, root, want)
	}
}

func TestTextThatCouldBePersonalIsRefused(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	good := reveal("")
	with := func(f func(e *audit.Entry)) audit.Entry {
		e := good
		f(&e)
		return e
	}
	for name, e := range map[string]audit.Entry{
		"action":                 with(func(e *audit.Entry) { e.Action = "" }),
		"phone in ref":           with(func(e *audit.Entry) { e.Ref = "081234567890" }),
		"phone in ref with kind": with(func(e *audit.Entry) { e.Ref = "phone:081234567890" }),
		"address in ref":         with(func(e *audit.Entry) { e.Ref = "a@example.id" }),
		"name in reason":         with(func(e *audit.Entry) { e.Reason = "Budi Santoso" }),
		"value among fields":     with(func(e *audit.Entry) { e.Fields = []string{"3174012345670001"} }),
		"value among refused":    with(func(e *audit.Entry) { e.Refused = []string{"Jalan Merdeka 1"} }),
		"level":                  with(func(e *audit.Entry) { e.Level = 5 }),
		"count":                  with(func(e *audit.Entry) { e.Count = -1 }),
		"policy":                 with(func(e *audit.Entry) { e.Policy = "a b" }),
		"decision":               with(func(e *audit.Entry) { e.Decision = "maybe" }),
		"subject":                with(func(e *audit.Entry) { e.Subject = "Budi Santoso" }),
	} {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.Append(tx, e)
			return err
		})
		if code(err) != "audit.not_plain" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, e := range map[string]audit.Entry{
		"audit.nobody":                 with(func(e *audit.Entry) { e.Actor = actor.Actor{} }),
		"audit.detail_without_subject": with(func(e *audit.Entry) { e.Detail = map[string]any{"a": 1} }),
		"audit.bad_detail":             with(func(e *audit.Entry) { e.Subject = "sub_a"; e.Detail = map[string]any{"a": make(chan int)} }),
		"audit.leaf_refused":           with(func(e *audit.Entry) { e.Fields = many(300) }),
	} {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.Append(tx, e)
			return err
		})
		if code(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	// Ids may hold many digits.
	add(t, d, l, with(func(e *audit.Entry) { e.Ref = "sub_01234567890123456789012345" }))
	add(t, d, l, with(func(e *audit.Entry) { e.Ground = "duty:name_index/dut_01234567890123456789012345" }))
	if r := verify(t, d); !r.OK() {
		t.Error(r.Faults)
	}
}

func many(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("field_number_%d", i))
	}
	return list
}

func TestNothingIsLoggedBeforeStartOrAfterClose(t *testing.T) {
	d := open(t)
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	try := func() error {
		return d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.Append(tx, reveal(""))
			return err
		})
	}
	erase := func() error {
		return d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
			return err
		})
	}
	if code(try()) != "audit.not_started" || code(erase()) != "audit.not_started" || code(l.Sign(ctx)) != "audit.not_started" || code(l.AskWitnesses(ctx)) != "audit.not_started" {
		t.Error("worked before Start")
	}
	if l.Size() != 0 || l.Origin() != "" || l.VerifierKey() != "" || l.Checkpoint() != nil || l.Health().Size != 0 || l.Close(ctx) != nil {
		t.Error("has a state before Start")
	}
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	if code(l.Start(ctx, plainSealer{}, key(1))) != "audit.already_started" {
		t.Error("started twice")
	}
	if err := try(); err != nil {
		t.Error(err)
	}
	if err := l.Close(ctx); err != nil {
		t.Error(err)
	}
	if code(try()) != "audit.not_started" {
		t.Error("worked after Close")
	}
	if r := verify(t, d); !r.OK() || r.Logs[0].Signed != 2 {
		t.Errorf("%+v", r)
	}
}

// A transaction of Read commits nothing, so an entry in it would be lost without a word.
func TestAReadTransactionTakesNoEntry(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	err := d.Read(ctx, func(tx *db.Tx) error {
		_, err := l.Append(tx, reveal(""))
		return err
	})
	if code(err) != "audit.read_only" {
		t.Error(err)
	}
	err = d.Read(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if code(err) != "audit.read_only" {
		t.Error(err)
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	d := open(t)
	for _, o := range []audit.Options{{}, {Deployment: "two words"}, {Deployment: "a", Node: "b c"}, {Deployment: id.New("dep") + id.New("dep") + id.New("dep")}} {
		o.Actor = machine
		if err := audit.New(d, o).Start(ctx, plainSealer{}, key(1)); code(err) != "audit.bad_name" {
			t.Errorf("%+v: %v", o, err)
		}
	}
	o := audit.Options{Deployment: "dep.example", Actor: machine, Continue: "two words", SignEvery: -1}
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := audit.New(d, o).Start(ctx, plainSealer{}, key(1)); code(err) != "audit.not_plain" {
		t.Error(err)
	}
}

func TestAClockThatStepsBackIsMarked(t *testing.T) {
	clock := eight()
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: clock.Now}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	add(t, d, l, reveal(""))
	clock.Add(-time.Hour)
	i := add(t, d, l, reveal(""))
	f, _, err := l.Entry(ctx, machine, l.Origin(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Leaf.Skew != time.Hour.Microseconds() || f.Time.Hour() != 8 {
		t.Errorf("%+v", f)
	}
	if r := verify(t, d); !r.OK() || r.Logs[0].Skewed != 2 { // the entry, and the reading of it
		t.Errorf("%+v", r)
	}
}

func TestTheLogIsSignedByItself(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: 5 * time.Millisecond})
	add(t, d, l, reveal(""))
	for range 1000 {
		if h := l.Health(); h.Signed == 2 && h.Size == 2 && h.Unwitnessed == 2 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%+v", l.Health())
}

func TestOldCheckpointsAreThinnedOut(t *testing.T) {
	clock := eight()
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: clock.Now}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	for range 300 { // five minutes
		clock.Add(time.Second)
		add(t, d, l, reveal(""))
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	_ = d.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select count(*) from audit_checkpoint").Scan(&n) })
	if n < 5 || n > 8 {
		t.Errorf("%d checkpoints kept of 301", n)
	}
	if r := verify(t, d); !r.OK() || r.Logs[0].Signed != 301 {
		t.Errorf("%+v", r)
	}
}

func TestADayLaterOneCheckpointAnHourIsKept(t *testing.T) {
	each(t, func(t *testing.T, plain *db.DB) {
		clock := eight()
		o := db.Options{Dir: t.TempDir(), Clock: clock.Now}
		if plain.Dialect() == db.Postgres {
			o = db.Options{URL: dbtest.PostgresURL(t), Clock: clock.Now}
		}
		d := dbtest.OpenWith(t, o, schemas...)
		l := started(t, d, audit.Options{SignEvery: -1})
		for range 30 * 6 {
			clock.Add(10 * time.Minute)
			add(t, d, l, reveal(""))
			if err := l.Sign(ctx); err != nil {
				t.Fatal(err)
			}
		}
		perHour := map[int64]int{}
		err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Rows("select time from audit_checkpoint", nil, func(r db.Row) error {
				var at int64
				err := r.Scan(&at)
				perHour[at/time.Hour.Microseconds()]++
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		for hour, n := range perHour {
			age := clock.Now().UnixMicro()/time.Hour.Microseconds() - hour
			if age >= 24 && n != 1 || age > 0 && age < 24 && n != 6 {
				t.Errorf("%d checkpoints of %d hours ago", n, age)
			}
		}
		if r := verify(t, d); !r.OK() || r.Logs[0].Signed != 181 {
			t.Errorf("%+v", r)
		}
	})
}

func TestARestartGoesOnWhereItStopped(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var last uint64
		for range 3 {
			l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
			if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
				t.Fatal(err)
			}
			for range 300 {
				last = add(t, d, l, reveal("sub_a"))
			}
			if err := l.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if last != 902 {
			t.Errorf("last index %d", last)
		}
		if r := verify(t, d); !r.OK() || len(r.Logs) != 1 || r.Logs[0].Size != 903 {
			t.Errorf("%+v", r)
		}
	})
}

// A process that died left unsigned entries and, on SQLite, a running lease.
func TestAStartAfterACrashNeedsNoHelp(t *testing.T) {
	d := open(t)
	dead := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := dead.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	for range 700 {
		add(t, d, dead, reveal("sub_a"))
	}
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	if l.Size() != 702 || l.Origin() != dead.Origin() {
		t.Errorf("size %d", l.Size())
	}
	// The dead one is fenced off: it neither appends nor signs.
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := dead.Append(tx, reveal(""))
		return err
	})
	if code(err) != "audit.head_moved" {
		t.Error(err)
	}
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := dead.Append(tx, reveal(""))
		return err
	})
	if code(err) != "audit.lease_lost" {
		t.Error(err)
	}
	if err := dead.Sign(ctx); code(err) != "audit.lease_lost" {
		t.Error(err)
	}
	if err := dead.Close(ctx); code(err) != "audit.lease_lost" {
		t.Error(err)
	}
	if r := verify(t, d); !r.OK() {
		t.Errorf("%+v", r)
	}
	if err := l.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestAnotherKeyIsRefusedUnlessTheLogIsContinued(t *testing.T) {
	d := open(t)
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	old := l.Origin()
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine}).Start(ctx, plainSealer{}, key(2)); code(err) != "audit.key_changed" {
		t.Error(err)
	}
	next := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, Continue: "key", SignEvery: -1})
	if err := next.Start(ctx, plainSealer{}, key(2)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = next.Close(ctx) }()
	f, p, err := next.Entry(ctx, machine, next.Origin(), 0, nil)
	if err != nil || p == nil || f.Leaf.Action != "log.continue" || f.Leaf.Reason != "key" || f.Leaf.Previous.Origin != old || f.Leaf.Previous.Size != 1 {
		t.Errorf("%+v %v %v", f, p, err)
	}
	r, err := audit.Verify(ctx, d, proof.Options{})
	if err != nil || !r.OK() || !r.SelfKeyed || len(r.Logs) != 2 {
		t.Errorf("%+v %v", r, err)
	}
}

// A backup that is put back is a rollback. The restored deployment begins a new log that
// says what it goes on from; a checkpoint kept from before shows which entries are lost.
func TestARestoreBeginsANewLogAndShowsWhatWasLost(t *testing.T) {
	dir := t.TempDir()
	open := func(from string) *db.DB {
		return dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: from}, schemas...)
	}
	d := open(dir)
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	for range 9 {
		add(t, d, l, reveal("sub_a"))
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	backup := t.TempDir()
	if err := os.CopyFS(filepath.Join(backup, "copy"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	d = open(dir)
	l = audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		add(t, d, l, reveal("sub_a"))
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	kept := l.Checkpoint()

	restored := open(filepath.Join(backup, "copy"))
	l = audit.New(restored, audit.Options{Deployment: "dep.example", Actor: machine, Continue: "restore", SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close(ctx) }()
	p, _ := proof.TrustKey(l.VerifierKey())
	r, err := audit.Verify(ctx, restored, proof.Options{Policy: p, Held: [][]byte{kept}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Faults) != 1 || r.Faults[0].Class != proof.LogRolledBack || r.Faults[0].Index != 10 || r.Faults[0].Through != 15 {
		t.Errorf("%+v", r.Faults)
	}
	// Without the older checkpoint the restored deployment is sound.
	if r, _ := audit.Verify(ctx, restored, proof.Options{Policy: p}); !r.OK() || len(r.Logs) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestErasureAuthorisesExactlyItsAbsences(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		for i := range 400 {
			e := reveal([]string{"sub_a", "sub_b", "sub_c"}[i%3])
			e.Detail = map[string]any{"reason": "the customer asked", "n": i}
			add(t, d, l, e)
		}
		// In one batch with an entry about the same subject, which is erased as well.
		var last, done *audit.Pending
		err := d.Write(ctx, func(tx *db.Tx) (err error) {
			if last, err = l.Append(tx, reveal("sub_a")); err != nil {
				return err
			}
			done, err = l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine, Ref: "req_1"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r := verify(t, d)
		if !r.OK() || r.Logs[0].Authorised != 135 || r.Logs[0].Sides != 266 || r.Logs[0].Lingering != 0 {
			t.Errorf("%+v", r)
		}
		i, _ := done.Index()
		j, _ := last.Index()
		f, _, err := l.Entry(ctx, machine, l.Origin(), i, nil)
		if err != nil || i <= j || len(f.Leaf.Covers) != 1 {
			t.Errorf("%+v %v", f, err)
		}
		// The subject may come back; it begins at 1 again.
		add(t, d, l, reveal("sub_a"))
		if r := verify(t, d); !r.OK() {
			t.Errorf("%+v", r.Faults)
		}
		page, err := l.Search(ctx, machine, audit.Query{Subject: "sub_a"})
		if err != nil || len(page.Entries) != 2 || page.Entries[1].N != 1 { // the last entry, and the reading of it
			t.Errorf("%+v %v", page, err)
		}
		// An absence that no leaf covers.
		change(t, d, "delete from audit_detail where n = 3 and subject = 'sub_b'")
		if r := verify(t, d); r.OK() || r.Faults[0].Class != proof.SideAbsent || r.Faults[0].Index != 8 {
			t.Errorf("%+v", r.Faults)
		}
	})
}

func TestErasureOfManyScatteredEntriesTakesSeveralLeaves(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	for range 300 {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.Append(tx, reveal("sub_a"))
			_, err2 := l.Append(tx, reveal("sub_b"))
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	before := l.Size()
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := l.Size() - before; n != 3 {
		t.Errorf("%d leaves", n)
	}
	if r := verify(t, d); !r.OK() || r.Logs[0].Authorised != 300 {
		t.Errorf("%+v", r)
	}
	// Nobody to erase: one leaf that covers nothing.
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_nobody", audit.Entry{Action: "retention", Decision: audit.Done, Actor: machine})
		return err
	})
	if err != nil || l.Size()-before != 4 {
		t.Error(err, l.Size())
	}
	for _, bad := range []audit.Entry{
		{Action: "reveal", Decision: audit.Done, Actor: machine},
		{Action: "erasure", Decision: audit.Done, Actor: machine, Subject: "sub_a"},
		{Action: "erasure", Decision: audit.Done},
	} {
		err = d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.DeleteDetails(tx, "sub_a", bad)
			return err
		})
		if errs.KindOf(err) != errs.Internal {
			t.Error(err)
		}
	}
}

// Two nodes write logs of their own; an erasure on one covers entries in the other's.
func TestTwoNodesWriteTwoLogs(t *testing.T) {
	d := open(t)
	a := started(t, d, audit.Options{Node: "a", SignEvery: -1})
	b := started(t, d, audit.Options{Node: "b", SignEvery: -1})
	for range 5 {
		add(t, d, a, reveal("sub_a"))
		add(t, d, b, reveal("sub_a"))
	}
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := a.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := verify(t, d)
	if !r.OK() || len(r.Logs) != 2 || r.Logs[0].Authorised != 5 || r.Logs[1].Authorised != 5 {
		t.Errorf("%+v", r)
	}
	page, err := a.Search(ctx, machine, audit.Query{Action: "reveal"})
	if err != nil || len(page.Entries) != 10 || page.Entries[0].Origin == page.Entries[1].Origin {
		t.Errorf("%+v %v", page, err)
	}
}

func TestTwoProcessesNeverWriteOneLogOnPostgreSQL(t *testing.T) {
	clock := eight()
	url := dbtest.PostgresURL(t)
	d1 := dbtest.OpenWith(t, db.Options{URL: url, Clock: clock.Now}, schemas...)
	d2 := dbtest.OpenWith(t, db.Options{URL: url, Clock: clock.Now}, schemas...)
	first := started(t, d1, audit.Options{SignEvery: -1})
	second := audit.New(d2, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	short, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := second.Start(short, plainSealer{}, key(1)); code(err) != "audit.lease_held" {
		t.Error(err)
	}
	clock.Add(time.Minute)
	if err := second.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close(ctx) }()
	err := d1.Write(ctx, func(tx *db.Tx) error {
		_, err := first.Append(tx, reveal(""))
		return err
	})
	if err == nil {
		t.Error("the first one still writes")
	}
	add(t, d2, second, reveal(""))
}

func TestEveryCodeHasItsMessages(t *testing.T) {
	var codes []string
	files, _ := filepath.Glob("*.go")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`errs\.(?:New|Wrap)\(errs\.\w+, "(audit\.\w+)"`).FindAllSubmatch(text, -1) {
			codes = append(codes, string(m[1]))
		}
	}
	for _, lang := range []string{"id", "en"} {
		text, err := audit.Messages.ReadFile("messages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any // a text, or its plural forms
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		for _, c := range codes {
			if m[c] == nil || m[c] == "" || m[c+".next"] == nil || m[c+".next"] == "" {
				t.Errorf("%s: %s has no text or no next step", lang, c)
			}
		}
	}
	if len(codes) < 20 {
		t.Errorf("found %d codes", len(codes))
	}
}

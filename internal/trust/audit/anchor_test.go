package audit_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/proof"
)

func again(d *db.DB, o audit.Options) (*audit.Log, error) {
	o.Deployment, o.Actor, o.SignEvery = "dep.example", machine, -1
	l := audit.New(d, o)
	return l, l.Start(ctx, plainSealer{}, key(1))
}

func checkpoints(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select count(*) from audit_checkpoint").Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever can write to the data store, and to no other, makes leaves, tiles, head and
// checkpoints fit each other. What the keys store remembers does not fit them.
func TestWhoeverWritesOnlyTheDataStoreGetsNoForgedLogSigned(t *testing.T) {
	cut := func(t *testing.T, d *db.DB, size, signed int64) {
		change(t, d, "delete from audit_entry where position >= $1", shard+size)
		change(t, d, "delete from audit_detail where position >= $1", shard+size)
		change(t, d, "delete from audit_checkpoint where position > $1", shard+signed)
		rebuild(t, d, true)
	}
	swap := func(t *testing.T, d *db.DB, index, signed int64) {
		b := forged(t, d, index, func(l *proof.Leaf) { l.Actor = "stf_other" })
		change(t, d, "update audit_entry set leaf = $1, actor = 'stf_other' where position = $2", b, shard+index)
		change(t, d, "delete from audit_checkpoint where position > $1", shard+signed)
		rebuild(t, d, true)
	}
	cases := map[string]struct {
		edit  func(t *testing.T, d *db.DB)
		class proof.Class // of the first finding of amanah verify
		index int64
		start string      // code of the refused start
		alone proof.Class // the first finding when there is no anchor; "" for none
	}{
		"the agent of an old reveal is exchanged, and the checkpoints after it are gone": {func(t *testing.T, d *db.DB) {
			swap(t, d, 77, 0)
		}, proof.CheckpointGone, 0, "audit.tampered", proof.NotSigned},
		"the agent of a young reveal is exchanged, and the checkpoint after it is gone": {func(t *testing.T, d *db.DB) {
			swap(t, d, 310, 300)
		}, proof.CheckpointGone, 300, "audit.tampered", ""}, // written within the time that signing takes
		"the last 145 entries are cut off with their checkpoint": {func(t *testing.T, d *db.DB) {
			cut(t, d, 455, 300)
		}, proof.LogTruncated, 455, "audit.behind", ""},
		"the entries after a checkpoint are cut off": {func(t *testing.T, d *db.DB) {
			cut(t, d, 300, 300)
		}, proof.LogTruncated, 300, "audit.behind", ""},
		"all checkpoints are gone": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_checkpoint")
		}, proof.CheckpointGone, 0, "audit.tampered", proof.NotSigned},
		"all checkpoints but that of the empty log are gone": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_checkpoint where position > $1", shard)
		}, proof.CheckpointGone, 0, "audit.tampered", proof.NotSigned},
		"the log is gone as a whole": {func(t *testing.T, d *db.DB) {
			for _, table := range []string{"audit_shard", "audit_entry", "audit_detail", "audit_checkpoint", "audit_tile"} {
				change(t, d, "delete from "+table)
			}
		}, proof.ShardMissing, 0, "audit.behind", ""},
		"an older log stands in its place under another name": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_shard set origin = 'dep.example/main/other'")
		}, proof.BadSignature, 0, "audit.behind", proof.BadSignature},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			run := func(t *testing.T, o db.Options) {
				d, l := storyOn(t, o)
				if err := l.Close(ctx); err != nil {
					t.Fatal(err)
				}
				if r := verify(t, d); !r.OK() || r.Logs[0].Anchored != 600 {
					t.Fatalf("before: %+v", r)
				}
				change(t, d, "delete from audit_index") // it can be made anew
				change(t, d, "update audit_shard set indexed = 0")
				c.edit(t, d)
				if r := verify(t, d); r.OK() || r.Faults[0].Class != c.class || r.Faults[0].Index != c.index {
					t.Errorf("%+v", r.Faults)
				}
				before := checkpoints(t, d)
				if _, err := again(d, audit.Options{}); code(err) != c.start {
					t.Errorf("start: %v", err)
				}
				if n := checkpoints(t, d); n != before {
					t.Errorf("%d checkpoints instead of %d: the forged log was signed", n, before)
				}
				// Without the keys store, or by whoever can write there too.
				forget(t, d)
				r := verify(t, d)
				if c.alone == "" != r.OK() || !r.OK() && r.Faults[0].Class != c.alone {
					t.Errorf("alone: %+v", r.Faults)
				}
			}
			t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
			t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
		})
	}
}

// A log that was closed was signed to its end, so nothing can have come after it.
func TestNothingIsSignedThatCameAfterAClosedLogsEnd(t *testing.T) {
	d, l := story(t)
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	b := forged(t, d, 599, func(l *proof.Leaf) {
		l.Actor, l.SubjectCommitment, l.DetailCommitment, l.SealedCommitment = "stf_other", nil, nil, nil
	})
	e, err := proof.ParseLeaf(b)
	if err != nil {
		t.Fatal(err)
	}
	change(t, d, "insert into audit_entry (position, leaf, time, action, decision, actor, purpose, interaction, controller) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		shard+600, b, e.Time, e.Action, e.Decision, e.Actor, e.Purpose, e.Interaction, e.Controller)
	root, size := rebuild(t, d, true)
	before := checkpoints(t, d)
	if _, err := again(d, audit.Options{}); code(err) != "audit.tampered" || errs.Of(err).Args["index"] != int64(600) {
		t.Errorf("start: %v", err)
	}
	if n := checkpoints(t, d); n != before {
		t.Error("signed")
	}
	// What somebody else has signed is not what this log has signed since.
	change(t, d, "insert into audit_checkpoint (position, root, time, note, witnessed) select position + 1, root, time, note, 0 from audit_checkpoint where position = $1", shard+600)
	resign(t, d, key(2), size, root)
	if _, err := again(d, audit.Options{}); code(err) != "audit.tampered" {
		t.Errorf("start: %v", err)
	}
	if n := checkpoints(t, d); n != before+1 {
		t.Error("signed")
	}
}

// A keys store that was put back lacks the keys made since, so a start says which copy is wanted.
// Where there is none, a new log goes on and says that no entry is lost.
func TestAKeysStoreThatWasPutBackIsCalledThat(t *testing.T) {
	dbtest.Each(t, schemas, func(t *testing.T, d *db.DB) {
		life := func() (size int64) {
			t.Helper()
			l, err := again(d, audit.Options{})
			if err != nil {
				t.Fatal(err)
			}
			add(t, d, l, reveal("sub_a"))
			size = l.Size()
			if err := l.Close(ctx); err != nil {
				t.Fatal(err)
			}
			return size
		}
		keys := func(statements ...string) {
			t.Helper()
			if err := d.Write(ctx, func(tx *db.Tx) (err error) {
				for _, s := range statements {
					if _, err = tx.Keys.Exec(s); err != nil {
						break
					}
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		remembered := life()
		keys("create table kept_anchor as select * from audit_anchor where 0 = 1", "insert into kept_anchor select * from audit_anchor")
		size := life()
		keys("delete from audit_anchor", "insert into audit_anchor select * from kept_anchor")
		if r := verify(t, d); !r.OK() || r.Logs[0].Anchored != remembered || r.Logs[0].Signed != size {
			t.Errorf("%+v", r)
		}
		before := checkpoints(t, d)
		for range 2 { // nothing changes by it
			_, err := again(d, audit.Options{})
			if e := errs.Of(err); code(err) != "audit.keys_behind" || e.Args["index"] != remembered || e.Args["size"] != size {
				t.Fatalf("start: %v", err)
			}
		}
		if n := checkpoints(t, d); n != before {
			t.Error("signed")
		}
		l, err := again(d, audit.Options{Continue: "restore"})
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := l.Entry(ctx, machine, l.Origin(), 0, nil)
		if err != nil || f.Leaf.Action != "log.continue" || f.Leaf.Count != 0 || f.Leaf.Previous.Size != size {
			t.Errorf("%+v %v", f, err)
		}
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
		life()
		if r := verify(t, d); !r.OK() || len(r.Logs) != 2 || r.Logs[0].Anchored != size {
			t.Errorf("%+v", r)
		}
	})
}

// Entries that no checkpoint covers are those of the moment before a crash. Older ones were
// put there by somebody else.
func TestAnUnsignedEndIsOnlyBelievedAsFarAsSigningExplainsIt(t *testing.T) {
	for took, sound := range map[time.Duration]bool{4 * time.Second: true, 6 * time.Second: false} {
		clock := eight()
		d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: clock.Now}, schemas...)
		l := started(t, d, audit.Options{SignEvery: -1})
		add(t, d, l, reveal("sub_a"))
		clock.Add(took)
		add(t, d, l, reveal("sub_a"))
		r := verify(t, d)
		if r.OK() != sound || r.Logs[0].Signed != 1 || !sound && (r.Faults[0].Class != proof.NotSigned || r.Faults[0].Index != 1) {
			t.Errorf("%v: %+v", took, r)
		}
		clock.Add(time.Hour) // how long it was down is of no account
		next, err := again(d, audit.Options{})
		if sound != (err == nil) || !sound && code(err) != "audit.tampered" {
			t.Errorf("%v: %v", took, err)
		}
		if err == nil {
			if r := verify(t, d); !r.OK() || r.Logs[0].Signed != 4 {
				t.Errorf("%v: %+v", took, r)
			}
			_ = next.Close(ctx)
		}
	}
}

// An anchor may be behind the log, never ahead, whatever fails between the stores; and a
// fault in the keys store leaves the log signed.
func TestAFaultBetweenTheStoresIsNoFalseAlarm(t *testing.T) {
	var down atomic.Bool
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: t.TempDir(), Fault: func(s db.Store, step string) error {
		if down.Load() && s == db.StoreKeys && step != "committed" {
			return errStep
		}
		return nil
	}}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	add(t, d, l, reveal("sub_a"))
	down.Store(true)
	if err := l.Sign(ctx); err == nil {
		t.Error("anchored in a store that is away")
	}
	add(t, d, l, reveal("sub_a"))
	down.Store(false)
	if r := verify(t, d); !r.OK() || r.Logs[0].Signed != 2 || r.Logs[0].Anchored != 1 {
		t.Errorf("%+v", r)
	}
	next, err := again(d, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = next.Close(ctx) }()
	if r := verify(t, d); !r.OK() || r.Logs[0].Anchored != 4 {
		t.Errorf("%+v", r)
	}
}

// A data store that was put back is shorter than its keys store remembers: the start says so,
// and what to do; the log that is then begun says how many entries are lost. A fault at any
// step of it never goes on with the old log.
func TestARestoredDataStoreIsOnlyContinuedByANewLog(t *testing.T) {
	var s steps
	dir := t.TempDir()
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: dir, Fault: s.fault}, schemas...)
	other, err := again(d, audit.Options{Node: "other"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := again(d, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) {
		for range n {
			add(t, d, l, reveal("sub_a"))
			add(t, d, other, reveal("sub_a"))
		}
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
		if err := other.Sign(ctx); err != nil {
			t.Fatal(err)
		}
	}
	write(9)
	for _, table := range []string{"audit_shard", "audit_entry", "audit_detail", "audit_tile", "audit_checkpoint"} {
		change(t, d, "create table kept_"+table+" as select * from "+table+" where 0 = 1")
		change(t, d, "insert into kept_"+table+" select * from "+table)
	}
	restore := func() {
		for _, table := range []string{"audit_shard", "audit_entry", "audit_detail", "audit_tile", "audit_checkpoint"} {
			change(t, d, "delete from "+table)
			change(t, d, "insert into "+table+" select * from kept_"+table)
		}
	}
	write(5)
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(ctx); err != nil {
		t.Fatal(err)
	}
	restore()
	refused := func() {
		t.Helper()
		_, err := again(d, audit.Options{})
		if code(err) != "audit.behind" {
			t.Fatalf("start: %v", err)
		}
		if r := verify(t, d); r.OK() || r.Faults[0].Class != proof.LogTruncated || r.Faults[0].Index != 10 {
			t.Errorf("%+v", r.Faults)
		}
	}
	refused()
	for n := int64(1); ; n++ {
		var next *audit.Log
		hit, err := s.at(n, func() (err error) {
			next, err = again(d, audit.Options{Continue: "restore"})
			return err
		})
		if !hit {
			if err != nil {
				t.Fatal(err)
			}
			l = next
			break
		}
		if err == nil { // a read that is made again
			l = next
			break
		}
		if plain, err := again(d, audit.Options{}); err == nil {
			// All was done but to say so: the new log is there and goes on.
			f, _, err := plain.Entry(ctx, machine, plain.Origin(), 0, nil)
			if err != nil || f.Leaf.Action != "log.continue" {
				t.Fatalf("step %d: went on with the old log: %+v %v", n, f, err)
			}
			if r := verify(t, d); !r.OK() {
				t.Errorf("step %d: %+v", n, r.Faults)
			}
			l = plain
			break
		} else if code(err) != "audit.behind" {
			t.Fatalf("step %d: %v", n, err)
		}
		restore()
		if n > 500 {
			t.Fatal("never done")
		}
	}
	f, _, err := l.Entry(ctx, machine, l.Origin(), 0, nil)
	if err != nil || f.Leaf.Action != "log.continue" || f.Leaf.Reason != "restore" || f.Leaf.Count == 0 {
		t.Errorf("%+v %v", f, err)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	r := verify(t, d)
	if !r.OK() {
		t.Errorf("%+v", r.Faults)
	}
	if r.Logs[len(r.Logs)-1].Lost < 10 {
		t.Errorf("%+v", r.Logs)
	}
	l, err = again(d, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close(ctx)
	// What was closed stays as it was left.
	change(t, d, "delete from audit_checkpoint where position > $1 and position < $2", 2*shard+1, 3*shard)
	if r := verify(t, d); r.OK() {
		t.Error("a closed log lost its checkpoint")
	}
}

func TestARestoreLeavesARunningNodeAlone(t *testing.T) {
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), URL: dbtest.PostgresURL(t)}, schemas...)
	l, err := again(d, audit.Options{Node: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again(d, audit.Options{Continue: "restore"}); code(err) != "audit.lease_held" {
		t.Error(err)
	}
	if err := l.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestAnAnchorThatNobodyTrustedSignedIsNamed(t *testing.T) {
	d, l := story(t)
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Keys.Exec("update audit_anchor set note = $1", []byte("x"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, d); r.OK() || r.Faults[0].Class != proof.BadSignature {
		t.Errorf("%+v", r.Faults)
	}
	if _, err := again(d, audit.Options{}); code(err) != "audit.tampered" {
		t.Error(err)
	}
}

// The check in the background reads piece by piece while the log grows and loses details.
func TestTheCheckInTheBackgroundIsNotMisledByWhatHappensMeanwhile(t *testing.T) {
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: time.Millisecond, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, "http://127.0.0.1:1")}})
		for range 700 {
			add(t, d, l, reveal("sub_a"))
		}
		done := make(chan error)
		go func() {
			for range 5 {
				if err := l.Inspect(ctx); err != nil {
					done <- err
					return
				}
			}
			close(done)
		}()
		for i := 0; ; i++ {
			select {
			case err := <-done:
				if f := l.Health().Found; err != nil || f == nil || f.Fault != nil || f.Size < 700 || l.Alarm() != nil {
					t.Errorf("%+v %v %v", f, err, l.Alarm())
				}
				return
			default:
				add(t, d, l, reveal("sub_b"))
				if i%20 == 0 {
					if err := erasing(d, l, "sub_a"); err != nil {
						t.Fatal(err)
					}
					add(t, d, l, reveal("sub_a"))
				}
			}
		}
	})
}

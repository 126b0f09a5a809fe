package audit_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

// ear hears what the program's log says.
type ear struct {
	slog.Handler
	heard func(slog.Record)
}

func (e ear) Enabled(context.Context, slog.Level) bool { return true }

func (e ear) Handle(_ context.Context, r slog.Record) error {
	e.heard(r)
	return nil
}

// hears calls heard with each line of the program's log that is this message, as "key=value …".
func hears(t *testing.T, message string, heard func(line string)) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(ear{slog.DiscardHandler, func(r slog.Record) {
		if r.Message != message {
			return
		}
		line := ""
		r.Attrs(func(a slog.Attr) bool { line += a.String() + " "; return true })
		heard(line)
	}}))
}

func TestWatchSaysWhatItFindsOnceAndEndsWithItsContext(t *testing.T) {
	dbtest.Each(t, schemas, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		for range 5 {
			add(t, d, l, reveal("sub_a"))
		}
		if err := l.Inspect(ctx); err != nil || l.Alarm() != nil || l.Health().Found.Size != 6 || l.Health().Found.Fault != nil {
			t.Fatalf("before: %v %v %+v", err, l.Alarm(), l.Health().Found)
		}
		change(t, d, "update audit_entry set actor = 'stf_other' where position = $1", shard+3)
		run, stop := context.WithCancel(ctx)
		defer stop()
		said := ""
		hears(t, "audit log tampered with", func(line string) { said += line; stop() })
		l.Watch(run)
		want := fmt.Sprintf("log=%s index=3 class=column_edited ", l.Origin())
		if f := l.Health().Found; said != want || f.Fault == nil || f.Fault.Index != 3 || code(l.Alarm()) != "audit.tampered" {
			t.Errorf("said %q, found %+v, %v", said, f, l.Alarm())
		}
		if err := l.Inspect(ctx); err != nil || said != want || l.Alarm() == nil {
			t.Errorf("the same again: %v, %q, %v", err, said, l.Alarm())
		}
		change(t, d, "update audit_entry set actor = 'stf_other' where position = $1", shard+2)
		if err := l.Inspect(ctx); err != nil || said == want || l.Health().Found.Fault.Index != 2 {
			t.Errorf("another one: %v, %q, %+v", err, said, l.Health().Found)
		}
	})
}

func TestWatchGoesOnAfterACheckThatFailed(t *testing.T) {
	var s steps
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Readers: 1, ReadFault: s.fault}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	run, stop := context.WithCancel(ctx)
	defer stop()
	said := ""
	hears(t, "audit log not checked", func(line string) { said += line; stop() }) // while Watch waits for the next check
	if hit, _ := s.at(1, func() error { l.Watch(run); return nil }); !hit || said != "code=app.internal " {
		t.Errorf("hit %v, said %q", hit, said)
	}
	if l.Health().Found != nil || l.Alarm() != nil {
		t.Errorf("a check that failed has found %+v", l.Health().Found)
	}
	// What its own end cuts off is no trouble.
	said = ""
	if l.Watch(run); said != "" || l.Health().Found != nil {
		t.Errorf("said %q, found %+v", said, l.Health().Found)
	}
}

// TestAFaultOfTheDatabaseIsNeitherAnAlarmNorACleanBill fails every question of a check in turn.
func TestAFaultOfTheDatabaseIsNeitherAnAlarmNorACleanBill(t *testing.T) {
	var s steps
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: eight().Now, Readers: 1, ReadFault: s.fault}, schemas...) // a clock that stands, so that it does not rest
	l := started(t, d, audit.Options{SignEvery: -1})
	other := started(t, d, audit.Options{Node: "other", SignEvery: -1})
	lots(t, d, l, 600, func(i int) string { return fmt.Sprintf("sub_%d", i%3) })
	add(t, d, other, reveal("sub_1"))
	if err := errors.Join(l.Sign(ctx), other.Sign(ctx)); err != nil {
		t.Fatal(err)
	}
	through := func(bad bool) {
		t.Helper()
		for n := int64(1); ; n++ {
			hit, err := s.at(n, func() error { return l.Inspect(ctx) })
			found := l.Health().Found
			if err == nil && (found.Fault != nil) != bad {
				t.Errorf("question %d: found %+v", n, found)
			}
			if !bad && l.Alarm() != nil {
				t.Fatalf("question %d: a false alarm: %v", n, l.Alarm())
			}
			if !hit {
				if err != nil || n < 10 {
					t.Errorf("%d questions, %v", n-1, err)
				}
				return
			}
		}
	}
	through(false)
	change(t, d, "update audit_entry set actor = 'stf_other' where position = $1", shard+300)
	through(true)
}

func TestACheckFindsKeysThatMakeNoSense(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	add(t, d, l, reveal("sub_a"))
	if err := l.Sign(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Keys.Exec("update audit_anchor set note = $1", []byte("x"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Inspect(ctx); err != nil || l.Health().Found.Fault == nil || l.Health().Found.Fault.Class != proof.BadSignature {
		t.Errorf("an anchor that nobody signed: %v, %+v", err, l.Health().Found)
	}
	change(t, d, "update audit_shard set verifier = 'nonsense'")
	if err := l.Inspect(ctx); code(err) != "audit.key_unreadable" || l.Alarm() == nil {
		t.Errorf("a key that cannot be read: %v, and the alarm of before: %v", err, l.Alarm())
	}
}

// Where the keys store remembers nothing, a start has the data store alone, and signs nothing that
// does not fit.
func TestAStartThatHasOnlyTheDataStoreRefusesWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		edit       func(t *testing.T, d *db.DB)
		class      proof.Class
		remembered string // what a start says that has the keys store too
	}{
		"the newest checkpoint is none": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_checkpoint set note = $1 where position = $2", []byte("x"), shard+6)
		}, proof.BadSignature, "audit.tampered"},
		"the newest checkpoint is somebody else's": {func(t *testing.T, d *db.DB) {
			root, size := rebuild(t, d, false)
			resign(t, d, key(2), size, root)
		}, proof.BadSignature, "audit.tampered"},
		"the newest checkpoint is of more than there is": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_entry where position >= $1", shard+4)
			change(t, d, "delete from audit_detail where position >= $1", shard+4)
			rebuild(t, d, true)
		}, proof.LogTruncated, "audit.behind"},
		"there is no checkpoint": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_checkpoint")
		}, proof.NotSigned, "audit.tampered"},
		"an entry is another, and the tree fits it": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set leaf = $1, action = 'compare' where position = $2", forged(t, d, 2, other), shard+2)
			rebuild(t, d, true)
		}, proof.LogRewritten, "audit.tampered"},
	} {
		for remembered, want := range map[bool]string{false: "audit.tampered", true: c.remembered} {
			t.Run(fmt.Sprintf("%s, remembered %v", name, remembered), func(t *testing.T) {
				d := dbtest.Open(t, schemas...)
				l, err := again(d, audit.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for range 5 {
					add(t, d, l, reveal("sub_a"))
				}
				if err := l.Close(ctx); err != nil {
					t.Fatal(err)
				}
				c.edit(t, d)
				if !remembered {
					forget(t, d)
				}
				before := checkpoints(t, d)
				_, err = again(d, audit.Options{})
				if code(err) != want || !remembered && errs.Of(err).Args["class"] != string(c.class) {
					t.Errorf("start: %v %v", err, errs.Of(err).Args)
				}
				if n := checkpoints(t, d); n != before {
					t.Error("signed")
				}
			})
		}
	}
}

// blind is a key store that gives no key to check with.
type blind struct{ audit.KeySigner }

func (blind) Public() ed25519.PublicKey { return ed25519.PublicKey("short") }

func TestAKeyStoreThatGivesNoKeyStartsNoLog(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	if err := started(t, d, audit.Options{SignEvery: -1}).Close(ctx); err != nil {
		t.Fatal(err)
	}
	before := checkpoints(t, d)
	for why, want := range map[string]string{"": "audit.key_changed", "key": "audit.key_unreadable"} {
		l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1, Continue: why})
		if err := l.Start(ctx, plainSealer{}, blind{key(1)}); code(err) != want {
			t.Errorf("continued for %q: %v", why, err)
		}
	}
	if n := checkpoints(t, d); n != before {
		t.Error("signed")
	}
}

// The log is signed and the keys store does not remember it yet: the next signing sees to that,
// also when nothing has happened since.
func TestAnAnchorThatCouldNotBeSignedIsSignedLater(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	left := 1 << 30
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, failing{key(1), &left}); err != nil {
		t.Fatal(err)
	}
	defer func() { left = 1 << 30; _ = l.Close(ctx) }()
	add(t, d, l, reveal("sub_a"))
	left = 2 // the checkpoint under its two names, and not the anchor
	if err := l.Sign(ctx); code(err) != "audit.not_signed" {
		t.Error(err)
	}
	if r := verify(t, d); !r.OK() || r.Logs[0].Signed != 2 || r.Logs[0].Anchored != 1 {
		t.Errorf("%+v", r)
	}
	if err := l.Sign(ctx); code(err) != "audit.not_signed" {
		t.Error(err)
	}
	left = 1 << 30
	if err := l.Sign(ctx); err != nil {
		t.Error(err)
	}
	if r := verify(t, d); !r.OK() || r.Logs[0].Anchored != 2 {
		t.Errorf("%+v", r)
	}
}

func TestALogThatWasContinuedBeforeIsLeftAlone(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	for _, why := range []string{"", "key", "key"} {
		l, err := again(d, audit.Options{Continue: why})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	r := verify(t, d)
	if !r.OK() || len(r.Logs) != 3 {
		t.Fatalf("%+v", r)
	}
	// The third follows the second alone.
	n := 0
	if err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.Data.Row("select count(*) from audit_entry where action = 'log.continue' and position >= $1", 3*shard).Scan(&n)
	}); err != nil || n != 1 {
		t.Errorf("%d entries say what it follows: %v", n, err)
	}
}

func TestAVerificationThatIsCutOffSaysSo(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	for _, node := range []string{"a", "b"} {
		l := started(t, d, audit.Options{Node: node, SignEvery: -1})
		add(t, d, l, reveal("sub_a"))
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	_, err := audit.Verify(run, d, proof.Options{Progress: func(string, int64, int64) { stop() }}) // before the second log
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

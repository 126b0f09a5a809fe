package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/proof"
)

// Another encoder reads and writes the same leaves (package proof has its own).
func TestAnotherEncoderWritesTheSameLeaf(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	e := reveal("sub_a")
	e.Detail = map[string]any{"reason": "asked"}
	e.Refused, e.Count, e.Ref, e.Reason = []string{"nik"}, 70000, "req_1", "gate.partly"
	i := add(t, d, l, e)
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []int64{0, int64(i), int64(i) + 1} {
		stored := leafAt(t, d, index)
		var theirs proof.Leaf
		if err := cbor.Unmarshal(stored, &theirs); err != nil {
			t.Fatal(err)
		}
		ours, err := proof.ParseLeaf(stored)
		if err != nil || !reflect.DeepEqual(ours, theirs) {
			t.Errorf("%+v\n%+v %v", ours, theirs, err)
		}
		again, err := mode.Marshal(theirs)
		if err != nil || !bytes.Equal(again, stored) {
			t.Errorf("%x\n%x %v", again, stored, err)
		}
	}
}

// A commit succeeded, and the connection broke before it said so: the next write finds
// the head moved, the one after goes on from there.
func TestACommitThatWasReportedLostIsTakenUp(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		l.Back(func() {
			for range 300 {
				add(t, d, l, reveal("sub_a"))
			}
		})
		try := func() error {
			return d.Write(ctx, func(tx *db.Tx) error {
				_, err := l.Append(tx, reveal("sub_a"))
				return err
			})
		}
		if err := try(); code(err) != "audit.head_moved" {
			t.Error(err)
		}
		if err := try(); err != nil {
			t.Error(err)
		}
		if l.Size() != 302 {
			t.Errorf("size %d", l.Size())
		}
		if r := verify(t, d); !r.OK() {
			t.Errorf("%+v", r)
		}
	})
}

func TestAHeadThatMovedToSomethingElseIsNotTakenUp(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	l.Back(func() {
		for range 3 {
			add(t, d, l, reveal("sub_a"))
		}
	})
	change(t, d, "update audit_entry set leaf = $1 where position = $2", []byte{1}, shard+2)
	var err error
	for range 2 {
		err = d.Write(ctx, func(tx *db.Tx) error {
			_, err := l.Append(tx, reveal("sub_a"))
			return err
		})
	}
	if code(err) != "audit.tampered" {
		t.Error(err)
	}
}

func TestTheLeaseIsRenewedWhileNothingHappens(t *testing.T) {
	clock := eight()
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: clock.Now}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	until := func() (n int64) {
		_ = d.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select lease_until from audit_shard").Scan(&n) })
		return n
	}
	before := until()
	clock.Add(time.Second)
	if err := l.Renew(); err != nil || until() != before {
		t.Error("renewed at once", err)
	}
	clock.Add(8 * time.Second)
	if err := l.Renew(); err != nil || until() != before+9_000_000 {
		t.Error("not renewed", err)
	}
	if err := l.Renew(); err != nil || until() != before+9_000_000 {
		t.Error("renewed twice", err)
	}
	if h := l.Health(); h.Until.UnixMicro() != until() {
		t.Errorf("the log says that it may write until %v", h.Until)
	}
	change(t, d, "update audit_shard set holder = 'another'") // before the clock, or the log might still renew by itself
	clock.Add(time.Hour)
	if err := l.Renew(); code(err) != "audit.lease_lost" || l.Health().Until.After(clock.Now()) {
		t.Error(err, l.Health().Until)
	}
}

type failing struct {
	audit.KeySigner
	left *int
}

func (f failing) Sign(m []byte) ([]byte, error) {
	if *f.left--; *f.left < 0 {
		return nil, errors.New("the key store is gone")
	}
	return f.KeySigner.Sign(m)
}

func TestAKeyStoreThatIsGoneStopsSigningAndStartingNotLogging(t *testing.T) {
	d := open(t)
	left := 0
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, failing{key(1), &left}); code(err) != "audit.not_signed" {
		t.Error(err)
	}
	left = 5 // the checkpoint of the empty log, one more and its anchor
	if err := l.Start(ctx, plainSealer{}, failing{key(1), &left}); err != nil {
		t.Fatal(err)
	}
	add(t, d, l, reveal("sub_a"))
	for _, err := range []error{l.Sign(ctx), l.Export(ctx, machine, nil), l.ExportSubject(ctx, machine, "sub_a", nil, nil)} {
		if code(err) != "audit.not_signed" {
			t.Error(err)
		}
	}
	if h := l.Health(); h.Size-h.Signed != 3 {
		t.Errorf("%+v", h)
	}
	// Signed by its last strength, but not the manifest.
	left = 3
	if err := l.Export(ctx, machine, nil); err == nil {
		t.Error("exported without a manifest")
	}
	left = 3
	if err := l.ExportSubject(ctx, machine, "sub_a", nil, nil); err == nil {
		t.Error("exported without a manifest")
	}
	left = 3
	if err := l.Close(ctx); err != nil {
		t.Error(err)
	}
}

type badSealer struct {
	sealed []byte
	err    error
}

func (s badSealer) SealDetail(*db.Tx, string) (func(string, []byte) ([]byte, error), error) {
	return func(string, []byte) ([]byte, error) { return s.sealed, s.err }, nil
}

func TestADetailThatCannotBeSealedUndoesTheAct(t *testing.T) {
	d := open(t)
	boom := errors.New("boom")
	for _, c := range []struct {
		sealer badSealer
		check  func(error) bool
	}{
		{badSealer{nil, boom}, func(err error) bool { return errors.Is(err, boom) }},
		{badSealer{}, func(err error) bool { return code(err) == "audit.bad_detail" }},
	} {
		l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
		if err := l.Start(ctx, c.sealer, key(1)); err != nil {
			t.Fatal(err)
		}
		before := l.Size()
		err := d.Write(ctx, func(tx *db.Tx) error {
			e := reveal("sub_a")
			e.Detail = map[string]any{"a": 1}
			_, err := l.Append(tx, e)
			return err
		})
		if !c.check(err) || l.Size() != before {
			t.Error(err)
		}
		if err := l.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

// Whatever part of the store is gone, each verb says so; none succeeds in part.
func TestEachVerbFailsWhenItsTableIsGone(t *testing.T) {
	for _, table := range []string{"audit_shard", "audit_entry", "audit_detail", "audit_tile", "audit_checkpoint"} {
		t.Run(table, func(t *testing.T) {
			d := open(t)
			w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
			l := started(t, d, audit.Options{SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, "http://127.0.0.1:1")}})
			var p *audit.Pending
			for range 300 {
				err := d.Write(ctx, func(tx *db.Tx) (err error) {
					p, err = l.Append(tx, reveal("sub_a"))
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Sign(ctx); err != nil {
				t.Fatal(err)
			}
			add(t, d, l, reveal("sub_b"))
			gone := func(to, from string) {
				if err := d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Data.Exec("alter table " + from + " rename to " + to); return err }); err != nil {
					t.Fatal(err)
				}
			}
			gone("hidden", table)
			size := l.Size()
			appending := func() error {
				return d.Write(ctx, func(tx *db.Tx) error { _, err := l.Append(tx, reveal("sub_c")); return err })
			}
			verbs := map[string]func() error{
				"append": appending,
				"erase": func() error {
					return d.Write(ctx, func(tx *db.Tx) error {
						_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
						return err
					})
				},
				"sign": func() error { return l.Sign(ctx) },
				"search": func() error {
					_, err := l.Search(ctx, auditor, audit.Query{From: time.Unix(1, 0), To: time.Now()})
					return err
				},
				"entry":   func() error { _, _, err := l.Entry(ctx, auditor, l.Origin(), 1, nil); return err },
				"receipt": func() error { _, err := l.Receipt(ctx, p); return err },
				"extract": func() error { return l.ExportSubject(ctx, auditor, "sub_a", proof.NewZip(&bytes.Buffer{}), nil) },
				"export":  func() error { return l.Export(ctx, auditor, proof.NewZip(&bytes.Buffer{})) },
				"verify":  func() error { _, err := audit.Verify(ctx, d, proof.Options{}); return err },
				"start": func() error {
					m := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
					err := m.Start(ctx, plainSealer{}, key(1))
					if err == nil {
						err = errors.Join(m.Close(ctx), errors.New("but started"))
					}
					return err
				},
			}
			// What does not need the table goes on.
			spared := map[string]string{
				"audit_tile":       "append erase search sign",
				"audit_checkpoint": "append erase search",
				"audit_entry":      "sign", "audit_detail": "sign receipt",
			}
			for name, verb := range verbs {
				if err := verb(); err == nil && !strings.Contains(spared[table], name) {
					t.Errorf("%s succeeded without %s", name, table)
				}
			}
			if table == "audit_entry" && l.Size() != size {
				t.Error("the log grew")
			}
			gone(table, "hidden")
		})
	}
}

func TestTheMemoryOfNumbersIsBounded(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	add(t, d, l, reveal("sub_a"))
	l.ForgetNumbers()
	add(t, d, l, reveal("sub_b"))
	add(t, d, l, reveal("sub_a"))
	if r := verify(t, d); !r.OK() || r.Logs[0].Subjects != 2 {
		t.Errorf("%+v", r)
	}
}

func TestKeysInTheDatabaseThatMakeNoSenseAreRefused(t *testing.T) {
	d := open(t)
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
	if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	change(t, d, "update audit_shard set verifier = 'nonsense'")
	if _, err := audit.Verify(ctx, d, proof.Options{}); code(err) != "audit.key_unreadable" {
		t.Error(err)
	}
	o := audit.Options{Deployment: "dep.example", Actor: machine, Continue: "key"}
	if err := audit.New(d, o).Start(ctx, plainSealer{}, key(1)); code(err) != "audit.key_unreadable" {
		t.Error(err)
	}
	change(t, d, "update audit_shard set root = $1", []byte{1})
	p, _ := proof.TrustKey(proof.VerifierKey("dep.example", key(1).Key.Public().(ed25519.PublicKey)))
	if _, err := audit.Verify(ctx, d, proof.Options{Policy: p}); code(err) != "audit.tampered" {
		t.Error(err)
	}
}

// What is searched is checked against its leaf each time it is shown.
func TestAnEditedEntryIsNotShown(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	i := add(t, d, l, reveal("sub_a"))
	if err := l.Sign(ctx); err != nil {
		t.Fatal(err)
	}
	change(t, d, "update audit_entry set actor = 'stf_other' where position = $1", shard+int64(i))
	if _, err := l.Search(ctx, auditor, audit.Query{Actor: "stf_other"}); code(err) != "audit.tampered" {
		t.Error(err)
	}
	if _, _, err := l.Entry(ctx, auditor, l.Origin(), i, nil); code(err) != "audit.tampered" {
		t.Error(err)
	}
	if err := l.ExportSubject(ctx, auditor, "sub_a", proof.NewZip(&bytes.Buffer{}), nil); code(err) != "audit.tampered" {
		t.Error(err)
	}
	change(t, d, "delete from audit_entry where position = $1", shard)
	if _, err := l.Search(ctx, auditor, audit.Query{From: time.Now().Add(-time.Hour)}); code(err) != "audit.tampered" {
		t.Error(err)
	}
	change(t, d, "update audit_detail set position = $1 where position = $2", int64(7)<<40, shard+int64(i))
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
	if code(err) != "audit.tampered" {
		t.Error(err)
	}
}

// What goes wrong on the ticker is said once, and mends itself.
func TestSigningResumesWhenTheKeyStoreIsBack(t *testing.T) {
	d := open(t)
	var k flaky
	k.KeySigner = key(1)
	l := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: 2 * time.Millisecond})
	if err := l.Start(ctx, plainSealer{}, &k); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close(ctx) }()
	k.down.Store(true)
	add(t, d, l, reveal("sub_a"))
	time.Sleep(50 * time.Millisecond)
	if h := l.Health(); h.Signed != 1 || h.Size != 2 {
		t.Errorf("%+v", h)
	}
	k.down.Store(false)
	for range 1000 {
		if l.Health().Signed == 2 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%+v", l.Health())
}

type flaky struct {
	audit.KeySigner
	down atomic.Bool
}

func (f *flaky) Sign(m []byte) ([]byte, error) {
	if f.down.Load() {
		return nil, errors.New("the key store is gone")
	}
	return f.KeySigner.Sign(m)
}

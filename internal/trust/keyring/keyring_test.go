package keyring

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/fips140"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

func TestWhatIsSealedOpensInItsPlace(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		v, v2 := sealed(t, k, "sub_a", "+6281234564471"), []byte(nil)
		if got := opened(t, k, "sub_a", v); got != "+6281234564471" {
			t.Errorf("opened %q", got)
		}
		if got := log.actions(); len(got) != 0 {
			t.Errorf("a good open wrote %v", got)
		}
		long := at("sub_a")
		long.Row = strings.Repeat("r", 300)
		write(t, k, func(tx *db.Tx) error { var err error; v2, err = k.Seal(tx, long, []byte("panjang")); return err })
		out, err := k.openWith(may("sub_a", "phone"), keyOf(t, k, "sub_a", ""), []Sealed{{"phone", long, v2}})
		if err != nil || string(out[0]) != "panjang" {
			t.Errorf("a place with a long name: %q (%v)", out, err)
		}
		// The next start opens it too, and asks the KMS only then.
		kms := &brokenKMS{KMS: k.kms}
		again, _ := start(t, k.db, kms)
		asked := kms.calls
		if got := opened(t, again, "sub_a", v); got != "+6281234564471" || kms.calls != asked {
			t.Errorf("after a restart %q; the KMS was asked %d times for one open", got, kms.calls-asked)
		}
	})
}

func TestARecordIsSealedAndOpenedInOneGo(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	newSubject(t, k, "sub_a")
	key := keyOf(t, k, "sub_a", "")
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 0, 12).Draw(t, "values")
		var plains []Plain
		for i, v := range values {
			ref := at("sub_a")
			ref.Row = fmt.Sprint("val_", i)
			plains = append(plains, Plain{ref, v})
		}
		out, err := k.SealRecord(key, plains...)
		if err != nil {
			t.Fatal(err)
		}
		var in []Sealed
		for i := range out {
			if len(out[i]) != len(values[i])+Overhead {
				t.Fatalf("%d bytes became %d", len(values[i]), len(out[i]))
			}
			in = append(in, Sealed{fmt.Sprint("f", i%3), plains[i].Ref, append(bytes.Clone(out[i]), 0)[:len(out[i])]})
		}
		got, err := k.openWith(may("sub_a", "f0", "f1", "f2"), key, in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if !bytes.Equal(got[i], values[i]) {
				t.Fatalf("value %d came back as another", i)
			}
			_ = append(got[i], 'x') // must not reach into the next value
		}
		for i := range got {
			if !bytes.Equal(got[i], values[i]) {
				t.Fatalf("value %d was written over by its neighbour", i)
			}
		}
		if len(in) == 0 {
			return
		}
		// One changed byte anywhere, and none of the record opens.
		bad := rapid.IntRange(0, len(in)-1).Draw(t, "which")
		in[bad].Bytes = bytes.Clone(in[bad].Bytes)
		in[bad].Bytes[rapid.IntRange(0, len(in[bad].Bytes)-1).Draw(t, "where")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if out, err := k.openWith(may("sub_a", "f0", "f1", "f2"), key, in); err == nil || out != nil {
			t.Fatal("a changed record opened")
		}
	})
}

func TestAReceiptOpensOnceAndOnlyWhatItNames(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, log := start(t, d, newKMS(t))
	v := sealed(t, k, "sub_a", "x")
	key := keyOf(t, k, "sub_a", "")
	r := may("sub_a", "phone")
	s := Sealed{"phone", at("sub_a"), v}
	if _, err := k.openWith(r, key, []Sealed{s, s}); err != nil {
		t.Fatal(err)
	}
	_, err := k.openWith(r, key, []Sealed{s})
	wantCode(t, err, "gate.receipt_spent")
	_, err = k.openWith(may("sub_a", "email"), key, []Sealed{s})
	wantCode(t, err, "gate.receipt_mismatch")
	_, err = k.openWith(may("sub_b", "phone"), key, []Sealed{s})
	wantCode(t, err, "gate.receipt_spent")
	if got := log.actions(); len(got) != 3 {
		t.Errorf("entries %v", got)
	}
	// When even the failure cannot be recorded, both are told and nothing is opened.
	log.fail = errBroken
	out, err := k.openWith(r, key, []Sealed{s})
	wantCode(t, err, "gate.receipt_spent")
	if !errors.Is(err, errBroken) || out != nil {
		t.Errorf("%v", err)
	}
}

func TestAnInteractionHasAKeyOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		whole := sealed(t, k, "sub_a", "data")
		ref := Ref{Table: "desk_note", Column: "text_sealed", Row: "not_1", Subject: "sub_a", Interaction: "itx_1"}
		var note []byte
		write(t, k, func(tx *db.Tx) error {
			for _, i := range []string{"itx_1", "itx_2"} {
				if err := k.NewChild(tx, "sub_a", i); err != nil {
					return err
				}
			}
			var err error
			note, err = k.Seal(tx, ref, []byte("catatan"))
			return err
		})
		open := func() error {
			key, err := tryKey(k, "sub_a", "itx_1")
			if err != nil {
				return err
			}
			out, err := k.openWith(may("sub_a", "note"), key, []Sealed{{"note", ref, note}})
			if err == nil && string(out[0]) != "catatan" {
				t.Errorf("opened %q", out[0])
			}
			return err
		}
		if err := open(); err != nil {
			t.Fatal(err)
		}
		if err := k.Shred(context.Background(), Shredding{Subject: "sub_a", Interaction: "itx_1", Actor: duty}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, open(), "keyring.shredded")
		if got := opened(t, k, "sub_a", whole); got != "data" {
			t.Errorf("the subject's own data opens to %q", got)
		}
		keyOf(t, k, "sub_a", "itx_2")
		if e := log.last(); e.Action != "shred.done" || e.Interaction != "itx_1" || e.Subject != "" {
			t.Errorf("%+v", e)
		}
		// With the subject all others go.
		if err := k.Shred(context.Background(), Shredding{Subject: "sub_a", Actor: duty, Ground: "request:dsr_1"}); err != nil {
			t.Fatal(err)
		}
		_, err := tryKey(k, "sub_a", "itx_2")
		wantCode(t, err, "keyring.shredded")
		var left int
		write(t, k, func(tx *db.Tx) error { return tx.Keys.Row(`select count(*) from keyring_child`).Scan(&left) })
		if left != 0 {
			t.Errorf("%d keys of interactions are left", left)
		}
	})
}

func TestShreddingWritesTheIntentBeforeAndTheCompletionAfter(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		v := sealed(t, k, "sub_a", "x")
		var ref string
		write(t, k, func(tx *db.Tx) error {
			var err error
			ref, err = k.BeginShred(tx, Shredding{Subject: "sub_a", Actor: duty, Ground: "request:dsr_1", Controller: "ctl_1"})
			return err
		})
		if e := log.last(); e.Action != "shred.intent" || e.Ref != ref || e.Subject != "sub_a" || e.Ground != "request:dsr_1" || e.Controller != "ctl_1" {
			t.Errorf("intent %+v", e)
		}
		for range 2 { // again, as after a failure: nothing happens twice
			if err := k.FinishShred(context.Background(), duty, "sub_a", ""); err != nil {
				t.Fatal(err)
			}
		}
		if e := log.last(); e.Action != "shred.done" || e.Ref != ref || e.Controller != "ctl_1" || e.Subject != "" || len(log.actions()) != 2 {
			t.Errorf("completion %+v of %v", e, log.actions())
		}
		_, err := tryOpen(k, "sub_a", v)
		wantCode(t, err, "keyring.shredded")
		wantCode(t, k.Shred(context.Background(), Shredding{Subject: "sub_a", Actor: duty}), "keyring.shredded")
		wantCode(t, k.Shred(context.Background(), Shredding{Subject: "sub_none", Actor: duty}), "keyring.no_slot")
		wantCode(t, k.FinishShred(context.Background(), duty, "sub_none", ""), "keyring.no_slot")
		newSubject(t, k, "sub_b")
		wantCode(t, k.FinishShred(context.Background(), duty, "sub_b", ""), "keyring.no_intent")
		if err := tryWrite(k, func(tx *db.Tx) error { return k.NewSubject(tx, "sub_a") }); !db.IsUnique(err) {
			t.Errorf("an erased subject got a key again (%v)", err)
		}
		wantCode(t, tryWrite(k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_a", "itx_1") }), "keyring.shredded")
	})
}

func TestTwoWhoFinishOneShreddingWriteOneCompletion(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		newSubject(t, k, "sub_a")
		write(t, k, func(tx *db.Tx) error {
			_, err := k.BeginShred(tx, Shredding{Subject: "sub_a", Actor: duty})
			return err
		})
		done := make(chan error, 4)
		for range cap(done) {
			go func() { done <- k.FinishShred(context.Background(), duty, "sub_a", "") }()
		}
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if got := strings.Join(log.actions(), " "); got != "shred.intent shred.done" {
			t.Errorf("entries: %s", got)
		}
	})
}

func TestAtStartACrashIsRepaired(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		now := time.Now()
		old := now.Add(-2 * time.Hour).UnixMicro()
		for _, s := range []string{"sub_1", "sub_2", "sub_3", "sub_4", "sub_5", "sub_6", "sub_7"} {
			newSubject(t, k, s)
		}
		write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_2", "itx_1") })
		exec(t, k, true, `update keyring_slot set created_at = $1`, old)
		exec(t, k, false, `delete from keyring_life where subject in ('sub_2', 'sub_7')`) // the data store's commit never came
		exec(t, k, true, `delete from keyring_slot where subject in ('sub_3', 'sub_6')`)  // keys that were lost
		newSubject(t, k, "sub_8")
		exec(t, k, false, `delete from keyring_life where subject = 'sub_8'`) // a commit that may be under way elsewhere
		write(t, k, func(tx *db.Tx) error {
			_, err := k.BeginShred(tx, Shredding{Subject: "sub_5", Actor: duty})
			return err
		})
		// Before the first request: what was ordered to be destroyed, and nothing else.
		if n, err := k.FinishShreddings(context.Background()); n != 1 || err != nil {
			t.Errorf("finished %d (%v)", n, err)
		}
		_, err := tryKey(k, "sub_5", "")
		wantCode(t, err, "keyring.shredded")
		if n, err := k.FinishShreddings(context.Background()); n != 0 || err != nil {
			t.Errorf("finished %d once more (%v)", n, err)
		}
		want := Repaired{Orphans: 2, Lost: 2}
		got, err := k.Repair(context.Background())
		if err != nil || got != want {
			t.Errorf("repaired %+v (%v), want %+v", got, err, want)
		}
		for s, code := range map[string]string{"sub_2": "keyring.no_slot", "sub_3": "keyring.slot_lost", "sub_5": "keyring.shredded"} {
			_, err := tryKey(k, s, "")
			wantCode(t, err, code)
		}
		keyOf(t, k, "sub_1", "")
		keyOf(t, k, "sub_8", "")
		if a := strings.Join(log.actions(), " "); a != "shred.intent shred.done key.orphans_removed" || log.last().Count != 2 {
			t.Errorf("entries: %s", a)
		}
		got, err = k.Repair(context.Background())
		if want = (Repaired{Lost: 2}); err != nil || got != want {
			t.Errorf("a second repair did %+v (%v)", got, err)
		}
	})
}

// A copy of the keys store from before an erasure, put back under today's data, brings the key
// back. What is on record as destroyed is destroyed again, with the keys of the interactions.
func TestAKeyThatAnOlderKeysStoreBringsBackIsDestroyedAgain(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		for _, s := range []string{"sub_a", "sub_b", "sub_c"} {
			newSubject(t, k, s)
		}
		write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_b", "itx_1") })
		for _, table := range []string{"keyring_slot", "keyring_child"} {
			exec(t, k, true, `create table kept_`+table+` as select * from `+table)
		}
		if err := k.Shred(context.Background(), Shredding{Subject: "sub_b", Actor: duty}); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"keyring_child", "keyring_slot"} {
			exec(t, k, true, `delete from `+table)
			exec(t, k, true, `insert into `+table+` select * from kept_`+table)
		}
		keyOf(t, k, "sub_b", "") // it is back
		got, err := k.Repair(context.Background())
		if want := (Repaired{Orphans: 1}); err != nil || got != want {
			t.Errorf("repaired %+v (%v), want %+v", got, err, want)
		}
		for _, itx := range []string{"", "itx_1"} {
			_, err := tryKey(k, "sub_b", itx)
			wantCode(t, err, "keyring.shredded")
		}
		keyOf(t, k, "sub_a", "")
		keyOf(t, k, "sub_c", "")
		if log.last().Action != "key.orphans_removed" || log.last().Count != 1 {
			t.Errorf("%+v", log.last())
		}
		before := len(log.actions())
		if got, err := k.Repair(context.Background()); err != nil || got != (Repaired{}) || len(log.actions()) != before {
			t.Errorf("a second repair did %+v (%v)", got, err)
		}
	})
}

func TestARepairWalksThroughMoreThanAChunk(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	for _, s := range [][2]int{{0, 1200}, {1200, 2500}} {
		write(t, k, func(tx *db.Tx) error {
			for i := s[0]; i < s[1]; i++ {
				if err := k.NewSubject(tx, fmt.Sprintf("sub_%06d", i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	exec(t, k, true, `update keyring_slot set created_at = 0`)
	exec(t, k, false, `delete from keyring_life where subject >= 'sub_000990' and subject < 'sub_002100'`)
	exec(t, k, true, `delete from keyring_slot where subject < 'sub_000010' or subject > 'sub_002495'`)
	got, err := k.Repair(context.Background())
	if want := (Repaired{Orphans: 1110, Lost: 14}); err != nil || got != want {
		t.Errorf("repaired %+v (%v), want %+v", got, err, want)
	}
}

func TestARepairLooksAgainBeforeItDestroys(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	newSubject(t, k, "sub_a")
	var r Repaired
	if err := k.dropOrphans(context.Background(), []string{"sub_a"}, &r); err != nil || r.Orphans != 0 {
		t.Errorf("%+v (%v)", r, err)
	}
	keyOf(t, k, "sub_a", "")
	if err := k.countLost(context.Background(), []string{"sub_a", "sub_none"}, &r); err != nil || r.Lost != 0 {
		t.Errorf("%+v (%v)", r, err)
	}
}

func TestARotationThatWasInterruptedIsCarriedToItsEnd(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		for _, s := range subjects(5) {
			newSubject(t, k, s)
		}
		ctx := context.Background()
		if _, err := k.beginEpoch(ctx, duty, 1); err != nil {
			t.Fatal(err)
		}
		newSubject(t, k, "sub_new")
		again, _ := start(t, k.db, k.kms) // the process was ended here
		s, err := again.Status(ctx)
		if err != nil || s.Alive != 2 {
			t.Errorf("status %+v (%v)", s, err)
		}
		r, err := again.RotateEpoch(ctx, duty, nil)
		if err != nil || r != (Rotation{Epoch: 2, Moved: 5, Destroyed: 1}) {
			t.Errorf("%+v (%v)", r, err)
		}
	})
}

// A start reads thousands of keys and opens them a moment later, while a rotation may end.
func TestAKeyThatWasReadBeforeARotationOpensAfterIt(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		value := sealed(t, k, "sub_a", "Siti")
		write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_a", "itx_1") })
		child := Ref{Table: "t", Column: "c", Row: "r", Subject: "sub_a", Interaction: "itx_1"}
		var note []byte
		write(t, k, func(tx *db.Tx) (err error) { note, err = k.Seal(tx, child, []byte("catatan")); return err })
		key, call := keyOf(t, k, "sub_a", ""), keyOf(t, k, "sub_a", "itx_1")
		if _, err := k.RotateEpoch(context.Background(), duty, nil); err != nil {
			t.Fatal(err)
		}
		out, err := k.openWith(may("sub_a", "phone"), key, []Sealed{{"phone", at("sub_a"), value}})
		if err != nil || string(out[0]) != "Siti" {
			t.Errorf("%q (%v)", out, err)
		}
		out, err = k.openWith(may("sub_a", "note"), call, []Sealed{{"note", child, note}})
		if err != nil || string(out[0]) != "catatan" {
			t.Errorf("%q (%v)", out, err)
		}
	})
}

func TestAnotherNodeLearnsOfANewEpochByItself(t *testing.T) {
	each(t, func(t *testing.T, a *Keyring, _ *entries) {
		ctx := context.Background()
		newSubject(t, a, "sub_a")
		b, _ := start(t, a.db, a.kms)
		if _, err := a.beginEpoch(ctx, duty, 1); err != nil {
			t.Fatal(err)
		}
		_, err := b.beginEpoch(ctx, duty, 1) // asks the data store: the number is taken
		if err != nil {
			t.Fatal(err)
		}
		v := sealed(t, a, "sub_new", "x") // wrapped under 2
		if got := opened(t, b, "sub_new", v); got != "x" {
			t.Errorf("opened %q", got)
		}
		if _, err := a.RotateEpoch(ctx, duty, nil); err != nil {
			t.Fatal(err)
		}
		// b still holds the old KEK, but nothing new can hang on it.
		b.mu.Lock()
		b.newest = 1
		b.mu.Unlock()
		if err := tryWrite(b, func(tx *db.Tx) error { return b.NewSubject(tx, "sub_late") }); err == nil {
			t.Error("a key was wrapped under a destroyed epoch")
		}
		if err := b.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := b.kek(1); err == nil {
			t.Error("a destroyed KEK is still in memory after Refresh")
		}
		if got := opened(t, b, "sub_new", v); got != "x" {
			t.Errorf("opened %q", got)
		}
	})
}

func TestTwoRotationsAtOnceAreOne(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	exec(t, k, true, `insert into keyring_epoch (epoch, kms_key, wrapped_sealed, created_at) values (2, 'key', $1, 0)`, []byte("x"))
	_, err := k.beginEpoch(context.Background(), duty, 1)
	wantCode(t, err, "keyring.rotation_elsewhere")
}

func TestADraftIsStoredByAdoptOnly(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		draft, err := k.Draft("sub_a")
		if err != nil {
			t.Fatal(err)
		}
		out, err := k.SealRecord(draft, Plain{at("sub_a"), []byte("x")})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tryKey(k, "sub_a", "")
		wantCode(t, err, "keyring.no_slot")
		write(t, k, func(tx *db.Tx) error { return k.Adopt(tx, draft) })
		if got := opened(t, k, "sub_a", out[0]); got != "x" {
			t.Errorf("opened %q", got)
		}
		stale, err := k.Draft("sub_b")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.RotateEpoch(context.Background(), duty, nil); err != nil {
			t.Fatal(err)
		}
		wantCode(t, tryWrite(k, func(tx *db.Tx) error { return k.Adopt(tx, stale) }), "keyring.draft_stale")
		wantCode(t, tryWrite(k, func(tx *db.Tx) error { return k.Adopt(tx, Key{}) }), "keyring.no_key")
		_, err = k.Draft("")
		wantCode(t, err, "keyring.wrong_place")
		wantCode(t, tryWrite(k, func(tx *db.Tx) error { return k.NewSubject(tx, "") }), "keyring.wrong_place")
		wantCode(t, tryWrite(k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_a", "") }), "keyring.wrong_place")
	})
}

func TestSealingRefusesWhatItCouldNotOpen(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	newSubject(t, k, "sub_a")
	key := keyOf(t, k, "sub_a", "")
	for name, c := range map[string]struct {
		key   Key
		plain Plain
		code  string
	}{
		"no key":          {Key{}, Plain{at("sub_a"), nil}, "keyring.no_key"},
		"another subject": {key, Plain{at("sub_b"), nil}, "keyring.wrong_place"},
		"no row":          {key, Plain{Ref{Table: "t", Column: "c", Subject: "sub_a"}, nil}, "keyring.wrong_place"},
		"too long":        {key, Plain{at("sub_a"), make([]byte, maxPlain+1)}, "keyring.too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.SealRecord(c.key, c.plain)
			wantCode(t, err, c.code)
		})
	}
	wantCode(t, tryWrite(k, func(tx *db.Tx) error { _, err := k.Seal(tx, at("sub_none"), nil); return err }), "keyring.no_slot")
	wantCode(t, tryWrite(k, func(tx *db.Tx) error { _, err := k.Seal(tx, Ref{Subject: "sub_a"}, nil); return err }), "keyring.wrong_place")
}

func TestDetailsOfEntriesAreSealedUnderTheSubjectsKey(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	var sealer audit.Sealer = k
	newSubject(t, k, "sub_a")
	var out []byte
	write(t, k, func(tx *db.Tx) error {
		seal, err := sealer.SealDetail(tx, "sub_a")
		if err == nil {
			out, err = seal("17", []byte("alasan"))
		}
		return err
	})
	wantCode(t, tryWrite(k, func(tx *db.Tx) error { _, err := sealer.SealDetail(tx, "sub_none"); return err }), "keyring.no_slot")
	got, err := k.openWith(may("sub_a", "detail"), keyOf(t, k, "sub_a", ""), []Sealed{{"detail", DetailRef("sub_a", "17"), out}})
	if err != nil || string(got[0]) != "alasan" {
		t.Errorf("%q (%v)", got, err)
	}
}

func TestKeysGoThroughEverybodyInOrder(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		for _, s := range subjects(7) {
			newSubject(t, k, s)
		}
		all := subjects(7)
		var seen []string
		for _, span := range [][2]string{{"", all[2]}, {all[2], all[2]}, {all[2], all[6] + "z"}, {all[6], "z"}} {
			err := k.db.Read(context.Background(), func(tx *db.Tx) error {
				keys, err := k.Keys(tx, span[0], span[1])
				for _, key := range keys {
					if _, err := key.k.open(); err != nil {
						t.Error(err)
					}
					seen = append(seen, key.Subject())
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(seen, all) {
			t.Errorf("went through %v", seen)
		}
		if (Key{}).Subject() != "" {
			t.Error("the zero key is somebody's")
		}
	})
}

func TestAKeyIsReadAtMostOncePerTransaction(t *testing.T) {
	var reads atomic.Int64
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: func(_ db.Store, step string) error {
		if step == selectSlot {
			reads.Add(1)
		}
		return nil
	}}, schemas...)
	k, _ := start(t, d, newKMS(t))
	newSubject(t, k, "sub_a")
	for i := range 2 {
		write(t, k, func(tx *db.Tx) error {
			for range 5 {
				if _, err := k.Seal(tx, at("sub_a"), []byte("x")); err != nil {
					return err
				}
			}
			return nil
		})
		// The writer may keep the wrapped key as long as nothing is written to the keys store;
		// the key itself is never kept.
		if got := reads.Load(); got < 1 || got > int64(i+1) {
			t.Errorf("after %d transactions the slot was read %d times", i+1, got)
		}
	}
	before := reads.Load()
	newSubject(t, k, "sub_b")
	write(t, k, func(tx *db.Tx) error { _, err := k.Key(tx, "sub_a", ""); return err })
	if reads.Load() != before+1 {
		t.Error("after a write to the keys store the slot was not read anew")
	}
}

func TestKeyedHashesAreEqualForEqualValuesOfOneNameOnly(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		ctx := context.Background()
		a := k.MAC("vault/ctl_a/phone", []byte("+6281234564471"))
		if len(a) != MACSize || !bytes.Equal(a, k.MAC("vault/ctl_a/phone", []byte("+6281234564471"))) {
			t.Error("not stable")
		}
		for _, other := range [][]byte{k.MAC("vault/ctl_b/phone", []byte("+6281234564471")), k.MAC("vault/ctl_a/phone", []byte("+6281234564472"))} {
			if Equal(a, other) {
				t.Error("two different things have one hash")
			}
		}
		if _, err := k.RotateEpoch(ctx, duty, nil); err != nil {
			t.Fatal(err)
		}
		if !Equal(a, k.MAC("vault/ctl_a/phone", []byte("+6281234564471"))) {
			t.Error("the KEK's rotation changed the hashes")
		}
		// The index key has an epoch of its own.
		if err := k.BeginIndexEpoch(ctx, duty); err != nil {
			t.Fatal(err)
		}
		wantCode(t, k.BeginIndexEpoch(ctx, duty), "keyring.index_rebuild_running")
		both := k.MACs("vault/ctl_a/phone", []byte("+6281234564471"))
		if len(both) != 2 || Equal(both[0], a) || !Equal(both[1], a) || !Equal(both[0], k.MAC("vault/ctl_a/phone", []byte("+6281234564471"))) {
			t.Error("during a rebuild: want the new hash, then the old")
		}
		again, _ := start(t, k.db, k.kms)
		if got := again.MACs("vault/ctl_a/phone", []byte("+6281234564471")); len(got) != 2 || !Equal(got[0], both[0]) {
			t.Error("after a restart the hashes are others")
		}
		if err := k.EndIndexEpoch(ctx, duty); err != nil {
			t.Fatal(err)
		}
		if got := k.MACs("vault/ctl_a/phone", []byte("+6281234564471")); len(got) != 1 || !Equal(got[0], both[0]) {
			t.Error("after the rebuild: want the new hash alone")
		}
		if log.last().Action != "key.index_destroyed" {
			t.Errorf("%v", log.actions())
		}
	})
}

func TestTwoNodesThatBeginAnIndexKeyMakeOne(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	kms := newKMS(t)
	a, _ := start(t, d, kms)
	b, _ := start(t, d, kms)
	if err := a.BeginIndexEpoch(context.Background(), duty); err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.BeginIndexEpoch(context.Background(), duty), "keyring.index_rebuild_running")
}

func TestASecretIsTheSameEveryTimeAndAnotherForEveryName(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	a, b := must(k.Secret("web/csrf")), must(k.Secret("web/link"))
	if len(a) != 32 || bytes.Equal(a, b) || !bytes.Equal(a, must(k.Secret("web/csrf"))) {
		t.Error("secrets are not one per name")
	}
	_, err := k.Secret("")
	wantCode(t, err, "keyring.wrong_place")
	other, _ := start(t, dbtest.Open(t, schemas...), newKMS(t))
	if bytes.Equal(a, must(other.Secret("web/csrf"))) {
		t.Error("two deployments share a secret")
	}
}

func TestATokenOpensForItsPurposeUntilItExpires(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	token := k.Token("verification/link", []byte("ver_1"), now.Add(time.Minute))
	for name, c := range map[string]struct {
		purpose, token string
		now            time.Time
		code           string
	}{
		"in time":           {"verification/link", token, now.Add(59 * time.Second), ""},
		"at its end":        {"verification/link", token, now.Add(time.Minute), "keyring.token_expired"},
		"another purpose":   {"verification/link2", token, now, "keyring.token"},
		"cut short":         {"verification/link", token[:len(token)-1], now, "keyring.token"},
		"something added":   {"verification/link", token + "A", now, "keyring.token"},
		"not base64url":     {"verification/link", "+" + token[1:], now, "keyring.token"},
		"empty":             {"verification/link", "", now, "keyring.token"},
		"very long":         {"verification/link", strings.Repeat("A", 1<<20), now, "keyring.token"},
		"another version":   {"verification/link", "Ag" + token[2:], now, "keyring.token"},
		"a later expiry":    {"verification/link", token[:11] + "_" + token[12:], now, "keyring.token"},
		"another's payload": {"verification/link", token[:14] + "x" + token[15:], now, "keyring.token"},
	} {
		t.Run(name, func(t *testing.T) {
			payload, err := k.OpenToken(c.purpose, c.token, c.now)
			if c.code != "" {
				wantCode(t, err, c.code)
				if payload != nil {
					t.Error("a payload came back")
				}
			} else if err != nil || string(payload) != "ver_1" {
				t.Errorf("%q (%v)", payload, err)
			}
		})
	}
	if got, err := k.OpenToken("p", k.Token("p", nil, now.Add(time.Hour)), now); err != nil || len(got) != 0 {
		t.Errorf("an empty payload: %q (%v)", got, err)
	}
}

func FuzzOpenToken(f *testing.F) {
	d := dbtest.Open(f, schemas...)
	k, _ := start(f, d, newKMS(f))
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	good := k.Token("p", []byte("payload"), now.Add(time.Hour))
	f.Add(good)
	f.Add("")
	f.Add(strings.Repeat("A", 60))
	f.Fuzz(func(t *testing.T, token string) {
		if payload, err := k.OpenToken("p", token, now); err == nil && (token != good || string(payload) != "payload") {
			t.Errorf("%q opened to %q", token, payload)
		}
	})
}

func TestWhatIsStaffsOpensInItsPlaceWithoutAReceipt(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	ref := Ref{Table: "identity_staff", Column: "name_sealed", Row: "stf_1"}
	v := k.SealStaff(ref, []byte("Ayu"))
	if got, err := k.OpenStaff(ref, v); err != nil || string(got) != "Ayu" {
		t.Errorf("%q (%v)", got, err)
	}
	moved := ref
	moved.Row = "stf_2"
	_, err := k.OpenStaff(moved, v)
	wantCode(t, err, "keyring.not_authentic")
	// A customer's value never opens as staff's.
	_, err = k.OpenStaff(at("sub_a"), sealed(t, k, "sub_a", "x"))
	wantCode(t, err, "keyring.wrong_key")
}

func TestTheLogsSignerSignsWithOneKeyForTheDeploymentsLife(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	kms := newKMS(t)
	k, _ := start(t, d, kms)
	sig, err := k.Signer().Sign([]byte("checkpoint"))
	if err != nil || !ed25519.Verify(k.Signer().Public(), []byte("checkpoint"), sig) {
		t.Errorf("the signature does not verify (%v)", err)
	}
	again, _ := start(t, d, kms)
	if !again.Signer().Public().Equal(k.Signer().Public()) {
		t.Error("the key changed with a restart")
	}
}

func TestStartRefusesWhatDoesNotFit(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	kms := newKMS(t)
	start(t, d, kms)
	ctx := context.Background()
	good := Options{Deployment: "test", Log: &entries{}, Actor: duty}
	for name, c := range map[string]struct {
		kms  KMS
		o    Options
		code string
	}{
		"no deployment":         {kms, Options{Log: &entries{}}, "keyring.bad_options"},
		"no log":                {kms, Options{Deployment: "test"}, "keyring.bad_options"},
		"another KMS key":       {newKMS(t), good, "keyring.other_kms_key"},
		"another deployment":    {kms, Options{Deployment: "other", Log: &entries{}}, "keyring.epoch_locked"},
		"a KMS that is down":    {&brokenKMS{KMS: kms, info: true}, good, "keyring.kms"},
		"a KMS that refuses":    {&brokenKMS{KMS: kms, unwrap: true}, good, "keyring.epoch_locked"},
		"a KMS that gives less": {&brokenKMS{KMS: kms, short: true}, good, "keyring.epoch_locked"},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := Start(ctx, d, c.kms, c.o)
			wantCode(t, err, c.code)
			if k != nil {
				t.Error("a keyring was given")
			}
		})
	}
	for name, broken := range map[string]*brokenKMS{"info": {KMS: kms, info: true}, "wrap": {KMS: kms, wrap: true}} {
		t.Run("a first start without the KMS: "+name, func(t *testing.T) {
			fresh := dbtest.Open(t, schemas...)
			_, err := Start(ctx, fresh, broken, good)
			wantCode(t, err, "keyring.kms")
			start(t, fresh, kms) // nothing was left behind
		})
	}
}

func TestTwoNodesThatStartAtOnceShareTheFirstEpoch(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		if err := k.create(context.Background()); err != nil { // the slower node, having seen an empty store
			t.Fatal(err)
		}
		v := sealed(t, k, "sub_a", "x")
		again, _ := start(t, k.db, k.kms)
		if got := opened(t, again, "sub_a", v); got != "x" {
			t.Errorf("opened %q", got)
		}
	})
}

// The vectors are those of RFC 4231 and RFC 2202, test case 2.
func TestSumsForWebhooksAreThoseOfTheStandards(t *testing.T) {
	if got := hex.EncodeToString(Sum([]byte("Jefe"), []byte("what do ya want for nothing?"))); got != "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
		t.Error(got)
	}
	if fips140.Enforced() {
		t.Skip("SHA-1 is not there")
	}
	if got := hex.EncodeToString(LegacySum([]byte("Jefe"), []byte("what do ya want for nothing?"))); got != "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" {
		t.Error(got)
	}
}

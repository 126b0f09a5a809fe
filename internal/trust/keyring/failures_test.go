package keyring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Ten failures were seen in products of this class. These are the standing tests of those
// that concern keys; failures 2 and 9 are kit/db's, the rest of 6 and 7 vault's and web's.

func TestFailure01NothingOpensWithoutAReceiptOfARecordedAccess(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		s := sealed(t, k, "sub_a", "rahasia")
		out, err := k.Open(gate.Receipt{}, keyOf(t, k, "sub_a", ""), Sealed{"phone", at("sub_a"), s})
		if out != nil {
			t.Error("a value was opened with the zero Receipt")
		}
		wantCode(t, err, "gate.receipt_void")
		if e := log.last(); e.Action != "open.failed" || e.Reason != "gate.receipt_void" || e.Subject != "sub_a" || e.Fields[0] != "phone" {
			t.Errorf("the attempt was recorded as %+v", e)
		}
	})
}

func TestFailure03NoNonceIsUsedTwice(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	newSubject(t, k, "sub_a")
	key := keyOf(t, k, "sub_a", "")
	seen := map[string]bool{}
	for range 20_000 {
		out, err := k.SealRecord(key, Plain{at("sub_a"), []byte("the same value in the same place")})
		if err != nil {
			t.Fatal(err)
		}
		seen[string(out[0][header:header+nonce])] = true
	}
	if len(seen) != 20_000 {
		t.Errorf("only %d nonces in 20,000 seals", len(seen))
	}
}

func TestFailure04AKeyAndItsDataCannotBeMovedToAnotherRecord(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		a, b := sealed(t, k, "sub_a", "milik a"), sealed(t, k, "sub_b", "milik b")
		// The data alone.
		_, err := tryOpen(k, "sub_b", a)
		wantCode(t, err, "keyring.wrong_key")
		// The key alone, and the key with its data.
		var slot []byte
		write(t, k, func(tx *db.Tx) error {
			return tx.Keys.Row(`select wrapped_sealed from keyring_slot where subject = 'sub_a'`).Scan(&slot)
		})
		if len(slot) != rawKey+overhead {
			t.Errorf("a slot has %d bytes; a 256-bit key was to be wrapped", len(slot))
		}
		exec(t, k, true, `update keyring_slot set wrapped_sealed = $1 where subject = 'sub_b'`, slot)
		for _, value := range [][]byte{a, b} {
			_, err = tryOpen(k, "sub_b", value)
			wantCode(t, err, "keyring.not_authentic")
		}
		// And nothing of a key lies unwrapped in the stores.
		key := keyOf(t, k, "sub_a", "")
		c, err := k.kek(1)
		if err != nil {
			t.Fatal(err)
		}
		ref := slotRef("sub_a")
		raw, err := c.open(k, domainSlot, &ref, key.k.wrapped)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(slot, raw[:8]) || len(raw[:keySize]) != 32 {
			t.Error("the slot holds key bytes")
		}
	})
}

func TestFailure05AfterErasureNoKeyBytesRemainInTheFiles(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.OpenWith(t, db.Options{Dir: dir}, schemas...)
	kms := newKMS(t)
	k, _ := start(t, d, kms)
	for _, s := range subjects(50) {
		newSubject(t, k, s)
	}
	victim := "sub_000025"
	write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, victim, "itx_1") })
	slot := bytes.Clone(keyOf(t, k, victim, "").k.wrapped)
	child := bytes.Clone(keyOf(t, k, victim, "itx_1").k.wrapped)
	other := bytes.Clone(keyOf(t, k, "sub_000026", "").k.wrapped)
	if err := k.Shred(context.Background(), Shredding{Subject: victim, Actor: duty}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if found(t, dir, other) == "" {
		t.Fatal("the scan does not find what must be there")
	}
	for _, gone := range [][]byte{slot, child} {
		if name := found(t, dir, gone); name != "" {
			t.Errorf("key bytes of an erased subject are still in %s", name)
		}
	}
}

// found returns the name of a file in dir that holds the bytes.
func found(t *testing.T, dir string, b []byte) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, b) {
			return filepath.Base(name)
		}
	}
	return ""
}

func TestFailure05ACopyOfTheKeysStoreFromBeforeOpensNothingAfterARotation(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		value := sealed(t, k, "sub_a", "terhapus")
		newSubject(t, k, "sub_b")
		copied := keyOf(t, k, "sub_a", "") // the slot, as an old copy of the keys store has it
		if err := k.Shred(context.Background(), Shredding{Subject: "sub_a", Actor: duty}); err != nil {
			t.Fatal(err)
		}
		if _, err := k.RotateEpoch(context.Background(), duty, nil); err != nil {
			t.Fatal(err)
		}
		_, err := k.openWith(may("sub_a", "phone"), copied, []Sealed{{"phone", at("sub_a"), value}})
		wantCode(t, err, "keyring.epoch_gone")
		// Put back into today's store, it is refused by the engine itself.
		err = tryWrite(k, func(tx *db.Tx) error {
			_, err := tx.Keys.Exec(`insert into keyring_slot (subject, epoch, wrapped_sealed, created_at) values ($1, $2, $3, $4)`, "sub_a", 1, copied.k.wrapped, 0)
			return err
		})
		if err == nil {
			t.Error("a slot of a destroyed epoch was accepted")
		}
	})
}

func TestFailure06OfTwoKeysForOneSubjectOneWins(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		var wg sync.WaitGroup
		failed := make([]error, 16)
		for i := range failed {
			wg.Go(func() { failed[i] = tryWrite(k, func(tx *db.Tx) error { return k.NewSubject(tx, "sub_a") }) })
		}
		wg.Wait()
		won := 0
		for _, err := range failed {
			if err == nil {
				won++
			} else if !db.IsUnique(err) {
				t.Errorf("lost with %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d keys were accepted for one subject", won)
		}
	})
}

func TestFailure07NothingHeldPrints(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, _ := start(t, d, newKMS(t))
	newSubject(t, k, "sub_a")
	key := keyOf(t, k, "sub_a", "")
	if _, err := key.k.open(); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{key, Sealed{"phone", at("sub_a"), []byte("canary")}, Plain{at("sub_a"), []byte("canary")}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); got != sealedWord {
				t.Errorf("%T with %s prints %q", v, verb, got)
			}
		}
		if s := v.(fmt.Stringer).String(); s != sealedWord {
			t.Errorf("%T: String is %q", v, s)
		}
		if s := v.(slog.LogValuer).LogValue().String(); s != sealedWord {
			t.Errorf("%T: LogValue is %q", v, s)
		}
		var b strings.Builder
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", slog.Any("v", v), slog.Any("p", []any{v}))
		if strings.Contains(b.String(), "canary") || strings.Contains(b.String(), "Y2FuYXJ5") || strings.Contains(b.String(), "sub_a") {
			t.Errorf("%T in a log: %s", v, b.String())
		}
	}
	if key.GoString() != sealedWord {
		t.Error("GoString shows the key")
	}
	if j, err := json.Marshal(key); err != nil || string(j) != `"[sealed]"` {
		t.Errorf("JSON is %s (%v)", j, err)
	}
}

func TestFailure08AnEmptyKeysStoreIsNotTakenForAFreshOne(t *testing.T) {
	for name, lose := range map[string]string{
		"slots without epochs":    `delete from keyring_system; delete from keyring_slot; delete from keyring_epoch`,
		"one of our keys is gone": `delete from keyring_system where name = 'staff'`,
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, schemas...)
			kms := newKMS(t)
			k, _ := start(t, d, kms)
			newSubject(t, k, "sub_a")
			for _, sql := range strings.Split(lose, "; ") {
				exec(t, k, true, sql)
			}
			_, err := Start(context.Background(), d, kms, Options{Deployment: "test", Log: &entries{}, Actor: duty})
			wantCode(t, err, "keyring.store_lost")
			wantCode(t, k.Refresh(context.Background()), "keyring.store_lost")
		})
	}
}

func TestFailure10KeysRotateWhileTheServiceGoesOn(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, log *entries) {
		const n = 2_600
		values := map[string][]byte{}
		write(t, k, func(tx *db.Tx) error {
			for _, s := range subjects(n) {
				if err := k.NewSubject(tx, s); err != nil {
					return err
				}
				v, err := k.Seal(tx, at(s), []byte("nilai "+s))
				if err != nil {
					return err
				}
				values[s] = v
			}
			return nil
		})
		write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_000003", "itx_1") })
		staff := k.SealStaff(Ref{Table: "t", Column: "c", Row: "r"}, []byte("Ayu"))
		mac, secret := k.MAC("x", []byte("1")), must(k.Secret("x"))
		var told []int64
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { // new customers arrive meanwhile
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				s := fmt.Sprintf("sub_9%05d", i)
				if err := tryWrite(k, func(tx *db.Tx) error { return k.NewSubject(tx, s) }); err != nil {
					t.Errorf("a customer could not be created during the rotation: %v", err)
					return
				}
			}
		})
		r, err := k.RotateEpoch(context.Background(), actor.NewDuty("rotation"), func(m int64) { told = append(told, m) })
		close(stop)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if r.Epoch != 2 || r.Moved < n || r.Destroyed != 1 || len(told) < 3 || told[len(told)-1] != r.Moved {
			t.Errorf("rotation %+v, told %v", r, told)
		}
		if got := log.actions(); got[0] != "key.epoch_started" || got[len(got)-1] != "key.epoch_destroyed" {
			t.Errorf("entries %v", got)
		}
		for s, v := range values {
			if got := opened(t, k, s, v); got != "nilai "+s {
				t.Fatalf("%s opens to %q", s, got)
			}
		}
		if _, err := keyOf(t, k, "sub_000003", "itx_1").k.open(); err != nil {
			t.Error(err)
		}
		// After a restart, too.
		again, _ := start(t, k.db, k.kms)
		if got := opened(t, again, "sub_000001", values["sub_000001"]); got != "nilai sub_000001" {
			t.Errorf("after a restart: %q", got)
		}
		name, err := again.OpenStaff(Ref{Table: "t", Column: "c", Row: "r"}, staff)
		if err != nil || string(name) != "Ayu" {
			t.Errorf("staff key: %q (%v)", name, err)
		}
		if !bytes.Equal(again.MAC("x", []byte("1")), mac) || !bytes.Equal(must(again.Secret("x")), secret) {
			t.Error("the rotation changed hashes or secrets")
		}
		if !again.Signer().Public().Equal(k.Signer().Public()) {
			t.Error("the rotation changed the log's key")
		}
		if s, err := k.Status(context.Background()); err != nil || s.Epoch != 2 || s.Alive != 1 || s.StartedAt.IsZero() {
			t.Errorf("status %+v (%v)", s, err)
		}
	})
}

func TestFailure10EveryFailureHasItsOwnCode(t *testing.T) {
	d := dbtest.Open(t, schemas...)
	k, log := start(t, d, newKMS(t))
	good := sealed(t, k, "sub_a", "0812-3456-4471")
	newSubject(t, k, "sub_b")
	write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_a", "itx_1") })
	key := keyOf(t, k, "sub_a", "")
	elsewhere := func(change func(*Ref)) Ref { r := at("sub_a"); change(&r); return r }
	for _, c := range []struct {
		name string
		key  Key
		ref  Ref
		b    []byte
		code string
	}{
		{"another row", key, elsewhere(func(r *Ref) { r.Row = "val_2" }), good, "keyring.not_authentic"},
		{"another column", key, elsewhere(func(r *Ref) { r.Column = "note_sealed" }), good, "keyring.not_authentic"},
		{"another table", key, elsewhere(func(r *Ref) { r.Table = "vault_history" }), good, "keyring.not_authentic"},
		{"another schema version", key, elsewhere(func(r *Ref) { r.Schema = 2 }), good, "keyring.not_authentic"},
		{"parts of the place shifted", key, elsewhere(func(r *Ref) { r.Table, r.Column = "vault_valuev", "alue_sealed" }), good, "keyring.not_authentic"},
		{"another subject's key", keyOf(t, k, "sub_b", ""), at("sub_b"), good, "keyring.wrong_key"},
		{"the key of the interaction", keyOf(t, k, "sub_a", "itx_1"), elsewhere(func(r *Ref) { r.Interaction = "itx_1" }), good, "keyring.wrong_key"},
		{"a place of another subject", key, at("sub_b"), good, "keyring.wrong_place"},
		{"a place without a row", key, elsewhere(func(r *Ref) { r.Row = "" }), good, "keyring.wrong_place"},
		{"a flipped bit", key, at("sub_a"), flip(good, len(good)-1), "keyring.not_authentic"},
		{"a flipped bit in the key id", key, at("sub_a"), flip(good, 2), "keyring.wrong_key"},
		{"another version", key, at("sub_a"), flip(good, 0), "keyring.unknown_version"},
		{"cut short", key, at("sub_a"), good[:len(good)-1], "keyring.not_authentic"},
		{"cut to almost nothing", key, at("sub_a"), good[:overhead-1], "keyring.truncated"},
		{"nothing", key, at("sub_a"), nil, "keyring.truncated"},
		{"no key", Key{}, at(""), good, "keyring.no_key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := k.openWith(may(c.key.Subject(), "phone"), c.key, []Sealed{{"phone", c.ref, c.b}})
			wantCode(t, err, c.code)
			if out != nil {
				t.Error("something was opened")
			}
			if e := log.last(); e.Action != "open.failed" || e.Reason != c.code || e.Ref != "entry:7" {
				t.Errorf("recorded as %+v", e)
			}
			if strings.Contains(err.Error(), "4471") || strings.Contains(err.Error(), "val_") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func flip(b []byte, i int) []byte {
	c := bytes.Clone(b)
	c[i] ^= 0x40
	return c
}

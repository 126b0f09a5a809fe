package keyring

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
)

// faults fails the n-th step of a kind once.
type faults struct {
	mu    sync.Mutex
	match func(store db.Store, step string) bool
	after int
	hit   bool
}

func (f *faults) step(store db.Store, step string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.match == nil || f.hit || !f.match(store, step) {
		return nil
	}
	if f.after--; f.after >= 0 {
		return nil
	}
	f.hit = true
	return errBroken
}

func (f *faults) arm(after int, match func(db.Store, string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.match, f.after, f.hit = match, after, false
}

func uncommitted(_ db.Store, step string) bool { return step != "committed" }

// TestAFaultAtAnyStepIsAnErrorAndLosesNothing runs each verb with a fault at its first
// write step, its second, and so on until it comes through, each time on fresh stores;
// after every fault a start and a repair must find everything in order.
func TestAFaultAtAnyStepIsAnErrorAndLosesNothing(t *testing.T) {
	ctx := context.Background()
	kms := newKMS(t)
	for name, verb := range map[string]func(k *Keyring) error{
		"start": func(*Keyring) error { return nil }, // by the loop below
		"new subject": func(k *Keyring) error {
			return tryWrite(k, func(tx *db.Tx) error { return k.NewSubject(tx, "sub_c") })
		},
		"new child": func(k *Keyring) error {
			return tryWrite(k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_a", "itx_2") })
		},
		"seal under a child": func(k *Keyring) error {
			return tryWrite(k, func(tx *db.Tx) error {
				ref := at("sub_a")
				ref.Interaction = "itx_1"
				_, err := k.Seal(tx, ref, []byte("x"))
				return err
			})
		},
		"a missing key": func(k *Keyring) error {
			err := tryWrite(k, func(tx *db.Tx) error { _, err := k.Key(tx, "sub_none", ""); return err })
			if errsCode(err) == "keyring.no_slot" {
				return nil
			}
			return err
		},
		"keys of everybody": func(k *Keyring) error {
			return tryWrite(k, func(tx *db.Tx) error { _, err := k.Keys(tx, "", "sub_z"); return err })
		},
		"shred": func(k *Keyring) error { return k.Shred(ctx, Shredding{Subject: "sub_a", Actor: duty}) },
		"shred child": func(k *Keyring) error {
			return k.Shred(ctx, Shredding{Subject: "sub_a", Interaction: "itx_1", Actor: duty})
		},
		"rotate":      func(k *Keyring) error { _, err := k.RotateEpoch(ctx, duty, nil); return err },
		"begin index": func(k *Keyring) error { return k.BeginIndexEpoch(ctx, duty) },
		"end index":   func(k *Keyring) error { return k.EndIndexEpoch(ctx, duty) },
		"drop orphans": func(k *Keyring) error {
			return k.dropOrphans(ctx, []string{"sub_orphan"}, &Repaired{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				f := &faults{}
				d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: f.step}, schemas...)
				if name == "start" {
					f.arm(n, uncommitted)
					if _, err := Start(ctx, d, kms, Options{Deployment: "test", Log: &entries{}, Actor: duty}); err == nil && f.hit {
						t.Fatalf("step %d failed and nobody said so", n)
					}
				}
				hit := f.hit
				f.arm(0, nil)
				k, _ := start(t, d, kms)
				a, b := sealed(t, k, "sub_a", "milik a"), sealed(t, k, "sub_b", "milik b")
				write(t, k, func(tx *db.Tx) error { return k.NewChild(tx, "sub_a", "itx_1") })
				if name != "start" {
					f.arm(n, uncommitted)
					if err := verb(k); err == nil && f.hit {
						t.Fatalf("step %d failed and nobody said so", n)
					}
					hit = f.hit
					f.arm(0, nil)
				}
				again, _ := start(t, d, kms)
				if err := repair(again); err != nil {
					t.Fatal(err)
				}
				if got := opened(t, again, "sub_b", b); got != "milik b" {
					t.Fatalf("after a fault at step %d: %q", n, got)
				}
				if got, err := tryOpen(again, "sub_a", a); got != "milik a" && errsCode(err) != "keyring.shredded" {
					t.Fatalf("after a fault at step %d: %q (%v)", n, got, err)
				}
				if _, err := again.RotateEpoch(ctx, duty, nil); err != nil {
					t.Fatal(err)
				}
				_ = d.Close()
				if !hit {
					if n < 1 {
						t.Fatal("no step was seen")
					}
					return
				}
			}
		})
	}
}

func errsCode(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	code, _, _ := strings.Cut(text, " ")
	return code
}

// TestAStoreThatCannotBeReadIsAnError takes tables away from under every verb that reads.
func TestAStoreThatCannotBeReadIsAnError(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		keys bool
		sql  string
		verb func(k *Keyring) error
	}{
		"start, epochs":             {true, `alter table keyring_epoch rename to gone`, startAgain},
		"start, our own keys":       {true, `alter table keyring_system rename to gone`, startAgain},
		"refresh":                   {true, `alter table keyring_epoch rename to gone`, func(k *Keyring) error { return k.Refresh(ctx) }},
		"status":                    {true, `alter table keyring_epoch rename to gone`, func(k *Keyring) error { _, err := k.Status(ctx); return err }},
		"rotate, epochs":            {true, `alter table keyring_epoch rename to gone`, rotate},
		"rotate, slots":             {true, `alter table keyring_slot rename to gone`, rotate},
		"rotate, numbers":           {false, `alter table keyring_rotation rename to gone`, rotate},
		"finish shreddings":         {false, `alter table keyring_life rename to gone`, func(k *Keyring) error { _, err := k.FinishShreddings(ctx); return err }},
		"repair, slots":             {true, `alter table keyring_slot rename to gone`, repair},
		"finish":                    {false, `alter table keyring_life rename to gone`, func(k *Keyring) error { return k.FinishShred(ctx, duty, "sub_a", "") }},
		"is lost, lives":            {false, `alter table keyring_life rename to gone`, func(k *Keyring) error { return k.countLost(ctx, []string{"sub_a"}, &Repaired{}) }},
		"is lost, slots":            {true, `alter table keyring_slot rename to gone`, func(k *Keyring) error { return k.countLost(ctx, []string{"sub_a"}, &Repaired{}) }},
		"the state of a lost key":   {false, `alter table keyring_life rename to gone`, func(k *Keyring) error { _, err := tryKey(k, "sub_none", ""); return err }},
		"end of epochs, our keys":   {true, `alter table keyring_system rename to gone`, func(k *Keyring) error { _, err := k.endEpochs(ctx, duty, 1); return err }},
		"a wrapped slot changed":    {true, `update keyring_slot set wrapped_sealed = zeroblob(68)`, rotate},
		"a wrapped own key changed": {true, `update keyring_system set wrapped_sealed = zeroblob(68)`, startAgain},
		"an own key of no epoch":    {true, `update keyring_system set wrapped_sealed = zeroblob(68)`, func(k *Keyring) error { _, err := k.endEpochs(ctx, duty, 1); return err }},
		"first start, slots":        {true, `delete from keyring_system; delete from keyring_slot; delete from keyring_epoch; alter table keyring_slot rename to gone`, startAgain},
		"first start, lives":        {true, `delete from keyring_system; delete from keyring_slot; delete from keyring_epoch`, func(k *Keyring) error { return withoutData(k, "keyring_life", startAgain) }},
		"first start, rotations":    {true, `delete from keyring_system; delete from keyring_slot; delete from keyring_epoch`, func(k *Keyring) error { return withoutData(k, "keyring_rotation", startAgain) }},
		"repair, second half":       {false, `alter table keyring_life rename to gone`, func(k *Keyring) error { return k.compare(ctx, &Repaired{}) }},
		"an epoch to be learned":    {true, `alter table keyring_epoch rename to gone`, missingEpoch},
		"keys of a gone epoch":      {true, `pragma foreign_keys = off`, func(k *Keyring) error { return missingEpoch(k) }},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, schemas...)
			k, _ := start(t, d, newKMS(t))
			newSubject(t, k, "sub_a")
			for _, sql := range strings.Split(c.sql, "; ") {
				exec(t, k, c.keys, sql)
			}
			if err := c.verb(k); err == nil {
				t.Error("no error")
			}
		})
	}
}

func startAgain(k *Keyring) error {
	_, err := Start(context.Background(), k.db, k.kms, Options{Deployment: "test", Log: &entries{}, Actor: duty})
	return err
}

func rotate(k *Keyring) error {
	_, err := k.RotateEpoch(context.Background(), duty, nil)
	return err
}

// repair is all that a start puts right.
func repair(k *Keyring) error {
	if _, err := k.FinishShreddings(context.Background()); err != nil {
		return err
	}
	_, err := k.Repair(context.Background())
	return err
}

func withoutData(k *Keyring, table string, verb func(*Keyring) error) error {
	err := tryWrite(k, func(tx *db.Tx) error {
		_, err := tx.Data.Exec(`alter table ` + table + ` rename to gone`)
		return err
	})
	if err != nil {
		return nil
	}
	return verb(k)
}

func TestWithoutItsKEKNothingMoves(t *testing.T) {
	ctx := context.Background()
	d := dbtest.Open(t, schemas...)
	kms := &brokenKMS{KMS: newKMS(t)}
	k, log := start(t, d, kms)
	newSubject(t, k, "sub_a")
	key := keyOf(t, k, "sub_a", "")
	kms.wrap = true
	wantCode(t, rotate(k), "keyring.kms")
	_, err := k.moveChunks(ctx, 99)
	wantCode(t, err, "keyring.epoch_gone")
	_, err = k.endEpochs(ctx, duty, 99)
	wantCode(t, err, "keyring.epoch_gone")
	_, err = k.openSystem([]systemRow{{epoch: 99}})
	wantCode(t, err, "keyring.epoch_gone")
	kms.wrap = false
	if _, err := k.beginEpoch(ctx, duty, 1); err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	delete(k.keks, 1)
	k.mu.Unlock()
	_, err = k.moveChunks(ctx, 2)
	wantCode(t, err, "keyring.epoch_gone")
	_, err = k.endEpochs(ctx, duty, 2)
	wantCode(t, err, "keyring.epoch_gone")
	_, err = k.SealRecord(key, Plain{at("sub_a"), nil})
	wantCode(t, err, "keyring.epoch_gone")
	wantCode(t, tryWrite(k, func(tx *db.Tx) error {
		tx.Forget(memoKey{k, "sub_a", ""})
		_, _ = tx.Memo(memoKey{k, "sub_a", ""}, func() (any, error) { return key.k, nil })
		return k.NewChild(tx, "sub_a", "itx_1")
	}), "keyring.epoch_gone")
	if err := k.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	// What cannot be recorded is not done.
	log.fail = errBroken
	for name, verb := range map[string]func() error{
		"rotate": func() error { return rotate(k) },
		"shred":  func() error { return k.Shred(ctx, Shredding{Subject: "sub_a", Actor: duty}) },
		"index":  func() error { return k.BeginIndexEpoch(ctx, duty) },
	} {
		if err := verb(); err == nil {
			t.Errorf("%s went on without its entry", name)
		}
	}
	keyOf(t, k, "sub_a", "")
	log.fail = nil
	write(t, k, func(tx *db.Tx) error {
		_, err := k.BeginShred(tx, Shredding{Subject: "sub_a", Actor: duty})
		return err
	})
	log.fail = errBroken
	if err := repair(k); err == nil {
		t.Error("a shredding was completed without its entry")
	}
	exec(t, k, true, `delete from keyring_slot`)
	exec(t, k, false, `delete from keyring_life`)
	log.fail = nil
	newSubject(t, k, "sub_b")
	exec(t, k, false, `delete from keyring_life`)
	exec(t, k, true, `update keyring_slot set created_at = 0`)
	log.fail = errBroken
	if err := repair(k); err == nil {
		t.Error("an orphan was destroyed without its entry")
	}
	exec(t, k, true, `delete from keyring_slot`)
	exec(t, k, true, `delete from keyring_system`)
	exec(t, k, true, `delete from keyring_epoch`)
	exec(t, k, false, `delete from keyring_rotation`)
	wantCode(t, k.Refresh(ctx), "keyring.store_lost")
}

func TestAWrongConstantEndsTheProcess(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a cipher was made of a key of 5 bytes")
		}
	}()
	newAEAD(make([]byte, 5))
}

func TestArgon2idIsRefusedWhereOnlyFIPSIsAllowed(t *testing.T) {
	defer func(was func() bool) { fipsOnly = was }(fipsOnly)
	path := filepath.Join(t.TempDir(), "root.sealed")
	passphrase := []byte("sebuah kalimat sandi")
	fipsOnly = func() bool { return false }
	if DefaultKDF() != Argon2id {
		t.Error("argon2id is the default")
	}
	if _, err := CreateSealedFile(path, passphrase, Argon2id); err != nil {
		t.Fatal(err)
	}
	fipsOnly = func() bool { return true }
	if DefaultKDF() != PBKDF2 {
		t.Error("PBKDF2 is the default under FIPS")
	}
	_, err := OpenSealedFile(path, passphrase)
	wantCode(t, err, "keyring.not_fips")
}

// missingEpoch has a node that does not know the epoch of a slot ask for one that is gone.
func missingEpoch(k *Keyring) error {
	k.mu.Lock()
	delete(k.keks, 1)
	k.mu.Unlock()
	return tryWrite(k, func(tx *db.Tx) error { return k.learn(tx, 99) })
}

func TestARotationDoesNotDestroyAnEpochInUse(t *testing.T) {
	each(t, func(t *testing.T, k *Keyring, _ *entries) {
		newSubject(t, k, "sub_a")
		if _, err := k.beginEpoch(context.Background(), duty, 1); err != nil {
			t.Fatal(err)
		}
		_, err := k.endEpochs(context.Background(), duty, 2)
		wantCode(t, err, "keyring.epoch_in_use")
		keyOf(t, k, "sub_a", "")
	})
}

func TestEveryErrorHasItsTextsInBothLanguages(t *testing.T) {
	codes := map[string]bool{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`fail\([a-zA-Z]+, "([a-z_]+)"`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			codes["keyring."+m[1]] = true
		}
	}
	if len(codes) < 30 {
		t.Fatalf("found only %d codes", len(codes))
	}
	for _, lang := range []string{"id", "en"} {
		texts := map[string]string{}
		b, err := messages.ReadFile("messages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatal(err)
		}
		for code := range codes {
			if texts[code] == "" || texts[code+".next"] == "" {
				t.Errorf("%s: %s has no text or no next step", lang, code)
			}
		}
		for key := range texts {
			if code := strings.TrimSuffix(strings.TrimSuffix(key, ".next"), ".say"); !codes[code] {
				t.Errorf("%s: %s is nobody's", lang, key)
			}
		}
	}
}

func TestKeysWhoseDataCouldNotBeCommittedAreMadeWhenTheBatchIsRunAgain(t *testing.T) {
	ctx := context.Background()
	f := &faults{}
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Fault: f.step}, schemas...)
	k, _ := start(t, d, newKMS(t))
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Write(ctx, func(*db.Tx) error { close(held); <-hold; return nil }) })
	<-held
	for _, subject := range []string{"sub_a", "sub_b"} {
		wg.Go(func() {
			if err := d.Write(ctx, func(tx *db.Tx) error {
				if err := k.NewSubject(tx, subject); err != nil {
					return err
				}
				return k.NewChild(tx, subject, "itx_1")
			}); err != nil {
				t.Error(subject, err)
			}
		})
	}
	for d.Stats().Waiting < 2 {
		time.Sleep(100 * time.Microsecond)
	}
	f.arm(0, func(s db.Store, step string) bool { return s == db.StoreData && step == "commit" })
	close(hold)
	wg.Wait()
	if !f.hit {
		t.Fatal("no commit failed")
	}
	for _, subject := range []string{"sub_a", "sub_b"} {
		if err := d.Write(ctx, func(tx *db.Tx) error {
			ref := at(subject)
			ref.Interaction = "itx_1"
			_, err := k.Seal(tx, ref, []byte("x"))
			return err
		}); err != nil {
			t.Error(subject, err)
		}
	}
}

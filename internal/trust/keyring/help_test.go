package keyring

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

var duty = actor.NewDuty("keyring")

// entries is a log that remembers what was appended.
type entries struct {
	mu   sync.Mutex
	all  []audit.Entry
	fail error
}

func (e *entries) Append(tx *db.Tx, one audit.Entry) (*audit.Pending, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return nil, e.fail
	}
	tx.AfterCommit(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all = append(e.all, one)
	})
	return &audit.Pending{}, nil
}

func (e *entries) actions() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, one := range e.all {
		out = append(out, one.Action)
	}
	return out
}

func (e *entries) last() audit.Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[len(e.all)-1]
}

// right is a receipt for a subject and fields, good once.
type right struct {
	subject string
	fields  []string
	spent   bool
}

func (r *right) Index() uint64      { return 7 }
func (r *right) Controller() string { return "ctl_1" }

func (r *right) Spend(subject string, fields []string) error {
	if r.spent || subject != r.subject {
		return errs.New(errs.Internal, "gate.receipt_spent")
	}
	for _, f := range fields {
		if !slices.Contains(r.fields, f) {
			return errs.New(errs.Internal, "gate.receipt_mismatch")
		}
	}
	r.spent = true
	return nil
}

func may(subject string, fields ...string) *right { return &right{subject: subject, fields: fields} }

var schemas = []db.Schema{{Room: "keyring", FS: Schema}}

// newKMS makes a key file and opens it.
func newKMS(t testing.TB) KMS {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.key")
	if _, err := CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	kms, err := OpenKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return kms
}

func start(t testing.TB, d *db.DB, kms KMS) (*Keyring, *entries) {
	t.Helper()
	log := &entries{}
	k, err := Start(context.Background(), d, kms, Options{Deployment: "test", Log: log, Actor: duty})
	if err != nil {
		t.Fatal(err)
	}
	return k, log
}

// each runs a test on both engines with a keyring on fresh stores.
func each(t *testing.T, test func(t *testing.T, k *Keyring, log *entries)) {
	t.Helper()
	dbtest.Each(t, schemas, func(t *testing.T, d *db.DB) {
		k, log := start(t, d, newKMS(t))
		test(t, k, log)
	})
}

func write(t testing.TB, k *Keyring, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := k.db.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func tryWrite(k *Keyring, fn func(tx *db.Tx) error) error {
	return k.db.Write(context.Background(), fn)
}

func keyOf(t testing.TB, k *Keyring, subject, interaction string) Key {
	t.Helper()
	key, err := tryKey(k, subject, interaction)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func tryKey(k *Keyring, subject, interaction string) (key Key, err error) {
	err = k.db.Read(context.Background(), func(tx *db.Tx) error {
		var err error
		key, err = k.Key(tx, subject, interaction)
		return err
	})
	return key, err
}

// wantCode fails the test unless err has this code.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", code)
	} else if got := errs.Of(err).Code; got != code {
		t.Errorf("error %s (%v), want %s", got, err, code)
	}
}

func newSubject(t testing.TB, k *Keyring, subject string) {
	t.Helper()
	write(t, k, func(tx *db.Tx) error { return k.NewSubject(tx, subject) })
}

func at(subject string) Ref {
	return Ref{Table: "vault_value", Column: "value_sealed", Row: "val_1", Subject: subject, Schema: 1}
}

// sealed makes a subject with one sealed value.
func sealed(t testing.TB, k *Keyring, subject, value string) []byte {
	t.Helper()
	var out []byte
	write(t, k, func(tx *db.Tx) error {
		if err := k.NewSubject(tx, subject); err != nil {
			return err
		}
		var err error
		out, err = k.Seal(tx, at(subject), []byte(value))
		return err
	})
	return out
}

func opened(t testing.TB, k *Keyring, subject string, bytes []byte) string {
	t.Helper()
	out, err := tryOpen(k, subject, bytes)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryOpen(k *Keyring, subject string, bytes []byte) (string, error) {
	key, err := tryKey(k, subject, "")
	if err != nil {
		return "", err
	}
	out, err := k.openWith(may(subject, "phone"), key, []Sealed{{"phone", at(subject), bytes}})
	if err != nil {
		return "", err
	}
	return string(out[0]), nil
}

func exec(t testing.TB, k *Keyring, keys bool, sql string, args ...any) {
	t.Helper()
	write(t, k, func(tx *db.Tx) error {
		h := tx.Data
		if keys {
			h = tx.Keys
		}
		_, err := h.Exec(sql, args...)
		return err
	})
}

var errBroken = errors.New("broken on purpose")

// brokenKMS passes calls on until told to fail.
type brokenKMS struct {
	KMS
	wrap, unwrap, info bool
	short              bool
	calls              int
}

func (b *brokenKMS) Wrap(ctx context.Context, aad, key []byte) ([]byte, error) {
	b.calls++
	if b.wrap {
		return nil, errBroken
	}
	return b.KMS.Wrap(ctx, aad, key)
}

func (b *brokenKMS) Unwrap(ctx context.Context, aad, wrapped []byte) ([]byte, error) {
	b.calls++
	if b.unwrap {
		return nil, errBroken
	}
	key, err := b.KMS.Unwrap(ctx, aad, wrapped)
	if b.short && err == nil {
		return key[:16], nil
	}
	return key, err
}

func (b *brokenKMS) KeyInfo(ctx context.Context) (KeyInfo, error) {
	b.calls++
	if b.info {
		return KeyInfo{}, errBroken
	}
	return b.KMS.KeyInfo(ctx)
}

func subjects(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("sub_%06d", i)
	}
	return out
}

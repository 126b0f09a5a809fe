package page

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

const (
	testOrigin  = "http://localhost:8080"
	controllerA = "ctl_01k9xq3v7me8t0000z9w2h4r6a"
	goodWords   = "kapal jeruk langit 7 tangga"
)

// testKeys seals with one AES key and binds the place, as the keyring does.
type testKeys struct{ aead cipher.AEAD }

func newTestKeys() testKeys {
	block, _ := aes.NewCipher(make([]byte, 32))
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return testKeys{aead}
}

func (k testKeys) SealStaff(ref keyring.Ref, plain []byte) []byte {
	return k.aead.Seal(nil, nil, plain, fmt.Append(nil, ref))
}

func (k testKeys) OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, sealed, fmt.Append(nil, ref))
}

func (k testKeys) MAC(name string, value []byte) []byte {
	h := hmac.New(sha256.New, []byte(name))
	_, _ = h.Write(value)
	return h.Sum(nil)[:16]
}

// entries takes what is appended: these tests look at pages, identity's own at entries.
type entries struct{}

func (entries) Append(*db.Tx, audit.Entry) (*audit.Pending, error) { return nil, nil }

// house is identity on a fresh database with a clock in the test's hand.
type house struct {
	*identity.Identity
	t   *testing.T
	ctx context.Context
	db  *db.DB
	now time.Time
}

func one(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, ctx: context.Background(), now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	h.db = dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return h.now }}, identity.Schema())
	var err error
	h.Identity, err = identity.New(h.db, entries{}, newTestKeys(), identity.Config{Origin: testOrigin, Company: "Nusantara Sentosa"})
	h.ok(err)
	h.AskWith(func(*db.Tx, actor.Actor, identity.Question) (string, error) { return "apr_x", nil })
	return h
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) later(d time.Duration) { h.now = h.now.Add(d) }

type worker struct{ id, login, secret string }

func (h *house) hire(login string, role actor.Role) worker {
	h.t.Helper()
	w := worker{login: login, secret: identity.NewTOTPSecret()}
	var err error
	w.id, _, err = h.Provision(h.ctx, identity.NewStaff{Name: "Rina Wulandari", Login: login, Role: role, Controllers: []string{controllerA}}, goodWords, w.secret)
	h.ok(err)
	return w
}

// code is the code the worker's phone shows now; the clock moves on so that each is new.
func (h *house) code(w worker) string {
	h.t.Helper()
	h.later(31 * time.Second)
	c, err := identity.TOTPCode(w.secret, h.now)
	h.ok(err)
	return c
}

// asks looks up who a cookie belongs to.
func (h *house) asks(header, value string) error {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(header, value)
	_, err := h.Lookup(h.ctx, r)
	return err
}

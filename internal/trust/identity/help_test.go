package identity

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

const (
	testOrigin  = "http://localhost:8080"
	controllerA = "ctl_01k9xq3v7me8t0000z9w2h4r6a"
	controllerB = "ctl_01k9xq3v7me8t0000z9w2h4r6b"
	goodWords   = "kapal jeruk langit 7 tangga"
)

var (
	office  = at("203.0.113.7")
	faraway = at("198.51.100.9")
)

// at is a browser or program at an address that nobody knows yet.
func at(address string) Place { return Place{Address: netip.MustParseAddr(address)} }

// testKeys seals with one AES key and binds the place, as the keyring does.
type testKeys struct {
	aead cipher.AEAD
	bad  map[string]bool // "table.column" whose values do not open

	opened func(place string) // called when a value was opened; may be nil
}

var errBroken = errors.New("broken on purpose")

func newTestKeys() testKeys {
	block, _ := aes.NewCipher(make([]byte, 32))
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return testKeys{aead: aead, bad: map[string]bool{}}
}

func (k testKeys) SealStaff(ref keyring.Ref, plain []byte) []byte {
	return k.aead.Seal(nil, nil, plain, fmt.Append(nil, ref))
}

func (k testKeys) OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error) {
	if k.bad[ref.Table+"."+ref.Column] {
		return nil, errBroken
	}
	if k.opened != nil {
		defer k.opened(ref.Table + "." + ref.Column)
	}
	return k.aead.Open(nil, nil, sealed, fmt.Append(nil, ref))
}

func (k testKeys) MAC(name string, value []byte) []byte {
	h := hmac.New(sha256.New, []byte(name))
	_, _ = h.Write(value)
	return h.Sum(nil)[:16]
}

// entries records what was appended and committed.
type entries struct {
	mu  sync.Mutex
	all []audit.Entry
	bad error // what Append answers
}

func (l *entries) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	if l.bad != nil {
		return nil, l.bad
	}
	tx.AfterCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = append(l.all, e)
	})
	return nil, nil
}

// take returns the entries since the last call, as "action decision reason".
func (l *entries) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range l.all {
		out = append(out, strings.TrimSpace(strings.Join([]string{e.Action, string(e.Decision), e.Reason}, " ")))
	}
	l.all = nil
	return out
}

// house is the room on a fresh database with a clock in the test's hand.
type house struct {
	*Identity
	t     *testing.T
	ctx   context.Context
	log   *entries
	now   time.Time
	asked []Question

	devices map[string]string // what the workers' browsers keep, by login
}

func open(t *testing.T, o db.Options, c Config) *house {
	t.Helper()
	h := &house{t: t, ctx: context.Background(), log: &entries{}, devices: map[string]string{}, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	o.Clock = func() time.Time { return h.now }
	d := dbtest.OpenWith(t, o, Schema())
	if c.Origin == "" {
		c.Origin = testOrigin
	}
	c.Company = "Nusantara Sentosa"
	hash := password.New(password.Argon2id, 1000)
	if c.FIPS {
		hash = password.New(password.PBKDF2, 1000)
	}
	var err error
	if h.Identity, err = newIdentity(d, h.log, newTestKeys(), c, hash); err != nil {
		t.Fatal(err)
	}
	h.AskWith(func(_ *db.Tx, _ actor.Actor, q Question) (string, error) {
		h.asked = append(h.asked, q)
		return "apr_x", nil
	})
	return h
}

// each runs the test on both engines.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, db.Options{Dir: t.TempDir()}, Config{})) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, db.Options{URL: dbtest.PostgresURL(t)}, Config{})) })
}

// one runs the test on SQLite: for what does not look at the store's dialect.
func one(t *testing.T) *house { t.Helper(); return open(t, db.Options{Dir: t.TempDir()}, Config{}) }

func (h *house) later(d time.Duration) { h.now = h.now.Add(d) }

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// wants fails unless err has this code.
func (h *house) wants(err error, code string) {
	h.t.Helper()
	var e *errs.E
	if !errors.As(err, &e) || e.Code != code {
		h.t.Fatalf("got %v, want %s", err, code)
	}
}

// logged fails unless exactly these entries were appended since the last call.
func (h *house) logged(want ...string) {
	h.t.Helper()
	if got := h.log.take(); !slices.Equal(got, want) {
		h.t.Fatalf("entries\n got %q\nwant %q", got, want)
	}
}

// worker is a member of staff with everything a test needs to sign in.
type worker struct {
	id, login, secret string
	recovery          []string
}

func (h *house) hire(login string, role actor.Role) worker {
	h.t.Helper()
	w := worker{login: login, secret: NewTOTPSecret()}
	var err error
	w.id, w.recovery, err = h.Provision(h.ctx, NewStaff{Name: "Rina Wulandari", Login: login, Role: role, Controllers: []string{controllerA, controllerB}}, goodWords, w.secret)
	h.ok(err)
	h.log.take()
	return w
}

// code is the code the worker's phone shows now; the clock moves on so that each is new.
func (h *house) code(w worker) string {
	h.t.Helper()
	h.later(31 * time.Second)
	c, err := TOTPCode(w.secret, h.now)
	h.ok(err)
	return c
}

// browser is the worker's own, at the office.
func (h *house) browser(w worker) Place {
	return Place{Address: office.Address, Device: h.devices[w.login]}
}

// signIn signs a worker in, in the own browser or in a program, and returns the actor of
// the session and its token.
func (h *house) signIn(w worker, api bool) (actor.Actor, string) {
	h.t.Helper()
	from := h.browser(w)
	if api {
		from = office
	}
	step, err := h.SignIn(h.ctx, w.login, goodWords, from)
	h.ok(err)
	signed, err := h.Finish(h.ctx, step.Token, Shown{Code: h.code(w)}, from, api)
	h.ok(err)
	if !api {
		h.devices[w.login] = signed.Device
	}
	return h.actor(signed), signed.Token
}

// actor reads what a session is now.
func (h *house) actor(signed Signed) (a actor.Actor) {
	h.t.Helper()
	h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
		row, live, err := session(tx, sessionKey{id: signed.Session})
		if err == nil && live {
			a = actor.NewStaff(row.staff, row.role, row.id, row.controllers, time.UnixMicro(row.second).UTC())
		}
		return err
	}))
	return a
}

// live asks what the gate asks.
func (h *house) live(a actor.Actor) (live bool) {
	h.t.Helper()
	h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
		f, err := h.SessionFacts(tx, a)
		live = f.Live
		return err
	}))
	return live
}

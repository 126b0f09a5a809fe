package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

const controller = "ctl_01k9xq3v7me8t0000z9w2h4r6a"

// testKeys marks what it sealed and for which place; it hides nothing, and lets a test see
// that what should be sealed went through it.
type testKeys struct{ broken bool }

func (testKeys) SealStaff(ref keyring.Ref, plain []byte) []byte {
	return append(fmt.Append(nil, "sealed:", ref, ":"), []byte(strings.ToUpper(string(plain)))...)
}

func (k testKeys) OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error) {
	head := fmt.Append(nil, "sealed:", ref, ":")
	if k.broken || !strings.HasPrefix(string(sealed), string(head)) {
		return nil, errors.New("does not open")
	}
	return []byte(strings.ToLower(string(sealed[len(head):]))), nil
}

func (testKeys) MAC(name string, value []byte) []byte { return append([]byte(name+":"), value...) }

type entries struct {
	mu  sync.Mutex
	all []string
	bad error
}

func (l *entries) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	if l.bad != nil {
		return nil, l.bad
	}
	tx.AfterCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = append(l.all, strings.TrimSpace(fmt.Sprint(e.Action, " ", e.Decision, " ", e.Reason)))
	})
	return nil, nil
}

func (l *entries) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.all
	l.all = nil
	return out
}

type house struct {
	*Approvals
	t       *testing.T
	ctx     context.Context
	log     *entries
	now     time.Time
	effects []string
	fail    error  // what the effect answers
	only    string // the only ref that it answers so for; "" is all
	broken  error  // what Active, Relief and Over answer
	left    string // who was disabled
	relief  bool   // another one is on duty
	over    bool   // what the quick requests hang on
}

func open(t *testing.T, o db.Options) *house {
	h := &house{t: t, ctx: context.Background(), log: &entries{}, now: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	o.Clock = func() time.Time { return h.now }
	d := dbtest.OpenWith(t, o, Schema())
	effect := func(word string) Effect {
		return func(tx *db.Tx, r Request, by actor.Actor) error {
			if h.fail != nil && (h.only == "" || h.only == r.Ref) {
				return h.fail
			}
			tx.AfterCommit(func() { h.effects = append(h.effects, word+" "+r.Ref+" "+r.Payload["role"]) })
			return nil
		}
	}
	var err error
	h.Approvals, err = New(d, h.log, testKeys{}, Options{
		Name:   func(_ *db.Tx, staff string) (string, error) { return "Orang " + staff, nil },
		Expiry: actor.NewDuty("approval_expiry"),
		Active: func(_ *db.Tx, staff string) (bool, error) { return staff != h.left, h.broken },
		Relief: func(_ *db.Tx, c, decider, asker string) (bool, error) {
			return h.relief && c == controller && decider == "stf_s" && asker == "stf_a", h.broken
		},
	},
		Kind{Name: "room.change", Ask: []actor.Role{actor.Admin, actor.DPO}, Decide: []actor.Role{actor.DPO, actor.Security}, Wait: time.Hour, Fresh: true, Effect: effect("did"), Undone: effect("undid")},
		Kind{Name: "room.quick", Ask: []actor.Role{actor.Agent}, Decide: []actor.Role{actor.Supervisor}, Wait: time.Minute, Effect: effect("did"), Most: 2,
			Over: func(*db.Tx, Request) (bool, error) { return h.over, h.broken }})
	h.ok(err)
	return h
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, db.Options{Dir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, db.Options{URL: dbtest.PostgresURL(t)})) })
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) wants(err error, code string) {
	h.t.Helper()
	if errs.Of(err) == nil || errs.Of(err).Code != code {
		h.t.Fatalf("got %v, want %s", err, code)
	}
}

func (h *house) staff(id string, role actor.Role) actor.Actor {
	return actor.NewStaff(id, role, "ses_"+id, []string{controller}, h.now)
}

func (h *house) request(by actor.Actor, a Ask) (r Request, err error) {
	err = h.db.Write(h.ctx, func(tx *db.Tx) (err error) { r, err = h.Request(tx, by, a); return err })
	return r, err
}

func (h *house) read(fn func(tx *db.Tx) error) { h.t.Helper(); h.ok(h.db.Read(h.ctx, fn)) }

func TestASecondPersonDecidesAndTheEffectIsInTheSameTransaction(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, dpo := h.staff("stf_a", actor.Admin), h.staff("stf_d", actor.DPO)
		r, err := h.request(admin, Ask{Kind: "room.change", Ref: "stf_x", About: "stf_x", Payload: map[string]string{"role": "dpo"}, Reason: "  naik jabatan "})
		h.ok(err)
		if got := h.log.take(); !slices.Equal(got, []string{"approval.asked.room.change done"}) {
			t.Errorf("%q", got)
		}
		// An effect that fails undoes the decision and its entry.
		h.fail = errors.New("the effect broke")
		if _, err := h.Decide(h.ctx, dpo, r.ID, "ya", true); err == nil {
			t.Fatal("a failed effect was approved")
		}
		h.fail = nil
		if got := h.log.take(); got != nil {
			t.Errorf("%q", got)
		}
		got, err := h.Decide(h.ctx, dpo, r.ID, "sudah diperiksa", true)
		h.ok(err)
		if got.State != Approved || got.DecidedBy != "stf_d" || !slices.Equal(h.effects, []string{"did stf_x dpo"}) {
			t.Errorf("%+v %v", got, h.effects)
		}
		if got := h.log.take(); !slices.Equal(got, []string{"approval.approved.room.change done"}) {
			t.Errorf("%q", got)
		}
		h.read(func(tx *db.Tx) error {
			stored, err := h.Get(tx, admin, r.ID)
			if stored.Reason != "naik jabatan" || stored.Answer != "sudah diperiksa" || stored.State != Approved || stored.Payload["role"] != "dpo" || !stored.DecidedAt.Equal(h.now) {
				t.Errorf("%+v", stored)
			}
			return err
		})
		_, err = h.Decide(h.ctx, h.staff("stf_s", actor.Security), r.ID, "ya", false)
		h.wants(err, "approval.already_decided")
		if len(h.effects) != 1 {
			t.Errorf("%v", h.effects)
		}
	})
}

func TestNobodyDecidesAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dpo := h.staff("stf_d", actor.DPO)
		r, err := h.request(dpo, Ask{Kind: "room.change", Ref: "stf_x", About: "stf_s", Reason: "x"})
		h.ok(err)
		h.log.take()
		for _, c := range []struct {
			by   actor.Actor
			code string
			says []string
		}{
			{dpo, "approval.own_request", []string{"approval.decided.room.change denied approval.own_request"}},
			{actor.NewOnBehalf("cli_x", []string{Scope}, dpo), "approval.own_request", []string{"approval.decided.room.change denied approval.own_request"}},
			{h.staff("stf_s", actor.Security), "approval.about_you", []string{"approval.decided.room.change denied approval.about_you"}},
			{h.staff("stf_a", actor.Admin), "approval.no_request", nil}, // not even to be known
			{h.staff("stf_g", actor.Agent), "approval.no_request", nil},
			{actor.NewClient("cli_x", []string{Scope}, []string{controller}), "approval.no_request", nil},
			{actor.Actor{}, "approval.no_request", nil},
			{actor.NewStaff("stf_t", actor.Security, "ses_t", nil, h.now.Add(-6*time.Minute)), "web.second_factor", nil},
		} {
			for _, yes := range []bool{true, false} {
				_, err := h.Decide(h.ctx, c.by, r.ID, "ya", yes)
				h.wants(err, c.code)
				if got := h.log.take(); !slices.Equal(got, c.says) {
					t.Errorf("%v: %q", c.by, got)
				}
			}
		}
		if h.effects != nil {
			t.Errorf("%v", h.effects)
		}
		other := h.staff("stf_t", actor.Security)
		_, err = h.Decide(h.ctx, other, r.ID, " ", true)
		h.wants(err, "approval.reason_missing")
		_, err = h.Decide(h.ctx, other, r.ID, strings.Repeat("x", 301), false)
		h.wants(err, "approval.bad_request")
		_, err = h.Decide(h.ctx, other, "apr_none", "ya", false)
		h.wants(err, "approval.no_request")
		_, err = h.Decide(h.ctx, other, r.ID, "tidak", false)
		h.ok(err)
		if !slices.Equal(h.effects, []string{"undid stf_x "}) {
			t.Errorf("%v", h.effects)
		}
	})
}

func TestTwoDecidersOfOneMomentMakeOneDecision(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	r, err := h.request(h.staff("stf_a", actor.Admin), Ask{Kind: "room.change", Ref: "x", Reason: "x"})
	h.ok(err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 10 {
		wg.Go(func() {
			_, err := h.Decide(h.ctx, h.staff(fmt.Sprint("stf_", i), actor.DPO), r.ID, "ya", i%2 == 0)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if errs.Of(err).Code != "approval.already_decided" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || len(h.effects) != 1 {
		t.Errorf("%d decisions, %v", won, h.effects)
	}
}

func TestWhatIsAskedIsChecked(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	admin := h.staff("stf_a", actor.Admin)
	for _, c := range []struct {
		by   actor.Actor
		ask  Ask
		code string
	}{
		{admin, Ask{Kind: "room.unknown", Reason: "x"}, "approval.unknown_kind"},
		{h.staff("stf_g", actor.Agent), Ask{Kind: "room.change", Reason: "x"}, "approval.may_not_ask"},
		{actor.NewClient("cli_x", nil, nil), Ask{Kind: "room.change", Reason: "x"}, "approval.may_not_ask"},
		{admin, Ask{Kind: "room.change"}, "approval.reason_missing"},
		{admin, Ask{Kind: "room.change", Reason: "x", Payload: map[string]string{"x": strings.Repeat("x", 3000)}}, "approval.bad_request"},
		{admin, Ask{Kind: "room.change", Reason: "x", Controller: "ctl_other"}, "approval.bad_request"},
	} {
		_, err := h.request(c.by, c.ask)
		h.wants(err, c.code)
	}
	if got := h.log.take(); got != nil {
		t.Errorf("%q", got)
	}
	effect := func(*db.Tx, Request, actor.Actor) error { return nil }
	roles := []actor.Role{actor.DPO}
	whole := Kind{Name: "a.b", Ask: roles, Decide: roles, Wait: time.Hour, Effect: effect}
	for name, kinds := range map[string][]Kind{
		"twice": {whole, whole}, "nameless": {{Ask: roles, Decide: roles, Wait: 1, Effect: effect}}, "nobody asks": {{Name: "a", Decide: roles, Wait: 1, Effect: effect}},
		"nobody decides": {{Name: "a", Ask: roles, Wait: 1, Effect: effect}}, "for ever": {{Name: "a", Ask: roles, Decide: roles, Effect: effect}}, "without effect": {{Name: "a", Ask: roles, Decide: roles, Wait: 1}},
	} {
		if _, err := New(h.db, h.log, testKeys{}, Options{Active: func(*db.Tx, string) (bool, error) { return true, nil }}, kinds...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestARequestThatCannotBeUndoneKeepsNoOtherWaiting(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin := h.staff("stf_a", actor.Admin)
		for _, ref := range []string{"bad", "good"} {
			_, err := h.request(admin, Ask{Kind: "room.change", Ref: ref, Reason: "x", Wait: time.Minute})
			h.ok(err)
		}
		h.later(time.Minute)
		h.fail, h.only = errors.New("undoing broke"), "bad"
		if err := h.Expire(h.ctx); !errors.Is(err, h.fail) {
			t.Error(err)
		}
		if len(h.effects) != 1 {
			t.Errorf("undone: %v", h.effects)
		}
		h.fail = nil
		h.ok(h.Expire(h.ctx))
		if len(h.effects) != 2 {
			t.Errorf("undone: %v", h.effects)
		}
	})
}

func TestRequestsExpireAndAreUndone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, dpo := h.staff("stf_a", actor.Admin), h.staff("stf_d", actor.DPO)
		slow, err := h.request(admin, Ask{Kind: "room.change", Ref: "slow", Reason: "x", Wait: 99 * time.Hour}) // no longer than the kind's own
		h.ok(err)
		quick, err := h.request(admin, Ask{Kind: "room.change", Ref: "quick", Reason: "x", Wait: time.Minute})
		h.ok(err)
		h.ok(h.Expire(h.ctx))
		h.later(time.Minute)
		_, err = h.Decide(h.ctx, h.again(dpo), quick.ID, "ya", true)
		h.wants(err, "approval.expired")
		h.read(func(tx *db.Tx) error {
			list, err := h.Waiting(tx, dpo)
			if len(list) != 1 || list[0].ID != slow.ID {
				t.Errorf("%+v", list)
			}
			h.ok(err)
			got, found, err := h.Latest(tx, "room.change", "quick")
			if !found || got.State != Expired {
				t.Errorf("%+v", got)
			}
			h.ok(err)
			_, found, err = h.Latest(tx, "room.change", "nothing")
			if found {
				t.Error("found nothing")
			}
			return err
		})
		h.log.take()
		h.ok(h.Module().Jobs[ExpireJob](h.ctx, jobs.Run{}))
		if got := h.log.take(); !slices.Equal(got, []string{"approval.expired.room.change done"}) || !slices.Equal(h.effects, []string{"undid quick "}) {
			t.Errorf("%q %v", got, h.effects)
		}
		h.ok(h.Expire(h.ctx))
		if len(h.effects) != 1 {
			t.Errorf("%v", h.effects)
		}
		h.later(59 * time.Minute)
		_, err = h.Decide(h.ctx, h.again(dpo), slow.ID, "ya", true)
		h.wants(err, "approval.expired")
	})
}

func (h *house) later(d time.Duration) { h.now = h.now.Add(d) }

func (h *house) again(a actor.Actor) actor.Actor { return h.staff(a.ID(), a.Role()) }

func TestOnesOwnRequestIsWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent, supervisor := h.staff("stf_g", actor.Agent), h.staff("stf_v", actor.Supervisor)
		withdraw := func(by actor.Actor, id string) error {
			return h.db.Write(h.ctx, func(tx *db.Tx) error { _, err := h.Withdraw(tx, by, id); return err })
		}
		r, err := h.request(agent, Ask{Kind: "room.quick", Ref: "x", Reason: "x", Controller: controller})
		h.ok(err)
		h.wants(withdraw(supervisor, r.ID), "approval.no_request")
		h.wants(withdraw(agent, "apr_none"), "approval.no_request")
		h.log.take()
		h.ok(withdraw(agent, r.ID))
		if got := h.log.take(); !slices.Equal(got, []string{"approval.withdrawn.room.quick done"}) || h.effects != nil {
			t.Errorf("%q %v", got, h.effects)
		}
		h.wants(withdraw(agent, r.ID), "approval.already_decided")
		r, err = h.request(agent, Ask{Kind: "room.quick", Ref: "x", Reason: "x", Controller: controller})
		h.ok(err)
		h.later(time.Minute)
		h.wants(withdraw(agent, r.ID), "approval.expired")
	})
}

func TestAnotherControllersRequestsDoNotExist(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	agent, supervisor := h.staff("stf_g", actor.Agent), h.staff("stf_v", actor.Supervisor)
	stranger := actor.NewStaff("stf_o", actor.Supervisor, "ses_o", []string{"ctl_other"}, h.now)
	r, err := h.request(agent, Ask{Kind: "room.quick", Ref: "x", Reason: "x", Controller: controller})
	h.ok(err)
	h.read(func(tx *db.Tx) error {
		for by, want := range map[*actor.Actor]int{&agent: 0, &supervisor: 1, &stranger: 0} {
			list, err := h.Waiting(tx, *by)
			if err != nil || len(list) != want {
				t.Errorf("%v: %+v %v", by, list, err)
			}
		}
		mine, err := h.Mine(tx, agent)
		if len(mine) != 1 {
			t.Errorf("%+v", mine)
		}
		h.ok(err)
		_, err = h.Get(tx, stranger, r.ID)
		h.wants(err, "approval.no_request")
		return nil
	})
	_, err = h.Decide(h.ctx, stranger, r.ID, "ya", true)
	h.wants(err, "approval.no_request")
}

func TestReasonsAreSealedAndABrokenRowIsAnError(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	r, err := h.request(h.staff("stf_a", actor.Admin), Ask{Kind: "room.change", Ref: "x", Reason: "rahasia sekali"})
	h.ok(err)
	var sealed []byte
	h.read(func(tx *db.Tx) error {
		return tx.Data.Row(`select reason_sealed from approval_request where id = $1`, r.ID).Scan(&sealed)
	})
	if strings.Contains(string(sealed), "rahasia") {
		t.Error("the reason is stored in clear")
	}
	dpo := h.staff("stf_d", actor.DPO)
	broken := *h.Approvals
	broken.keys = testKeys{broken: true}
	if err := h.db.Read(h.ctx, func(tx *db.Tx) error { _, err := broken.Get(tx, dpo, r.ID); return err }); err == nil {
		t.Error("a reason that does not open is no error")
	}
	h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error {
		_, err := tx.Data.Exec(`update approval_request set payload = '{' where id = $1`, r.ID)
		return err
	}))
	_, err = h.Decide(h.ctx, dpo, r.ID, "ya", true)
	h.wants(err, "approval.unreadable")
}

func TestWhatCannotBeLoggedDoesNotHappen(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	admin, dpo := h.staff("stf_a", actor.Admin), h.staff("stf_d", actor.DPO)
	r, err := h.request(admin, Ask{Kind: "room.change", Ref: "x", Reason: "x"})
	h.ok(err)
	h.log.bad = errors.New("the log is full")
	if _, err := h.request(admin, Ask{Kind: "room.change", Ref: "y", Reason: "x"}); err == nil {
		t.Error("asked without an entry")
	}
	for _, yes := range []bool{true, false} {
		if _, err := h.Decide(h.ctx, dpo, r.ID, "ya", yes); err == nil {
			t.Error("decided without an entry")
		}
	}
	if _, err := h.Decide(h.ctx, h.staff("stf_a", actor.DPO), r.ID, "ya", true); !errors.Is(err, h.log.bad) {
		t.Errorf("a refusal without an entry: %v", err)
	}
	if err := h.db.Write(h.ctx, func(tx *db.Tx) error { _, err := h.Withdraw(tx, admin, r.ID); return err }); err == nil {
		t.Error("withdrawn without an entry")
	}
	h.later(2 * time.Hour)
	if err := h.Expire(h.ctx); err == nil {
		t.Error("expired without an entry")
	}
	h.log.bad, h.fail = nil, errors.New("undoing broke")
	if err := h.Expire(h.ctx); err == nil {
		t.Error("expired without its effect")
	}
	h.fail = nil
	h.ok(h.Expire(h.ctx))
	if len(h.effects) != 1 {
		t.Errorf("%v", h.effects)
	}
	_ = h.db.Close()
	for name, err := range map[string]error{
		"expire": h.Expire(h.ctx),
		"decide": func() error { _, err := h.Decide(h.ctx, dpo, r.ID, "ya", true); return err }(),
	} {
		if err == nil {
			t.Errorf("%s works on a closed database", name)
		}
	}
}

// The two rooms together, as app wires them: an administrator cannot make himself DPO.
func TestAnAdministratorCannotMakeHimselfDPO(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return now }}, Schema(), identity.Schema())
	log := &entries{}
	who, err := identity.New(d, log, testKeys{}, identity.Config{Origin: "http://localhost:8080", Company: "Nusantara"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(d, log, testKeys{}, Options{Name: who.FirstName, Active: func(*db.Tx, string) (bool, error) { return true, nil }, Expiry: actor.NewDuty("approval_expiry")}, FromIdentity(who.Decisions())...)
	if err != nil {
		t.Fatal(err)
	}
	who.AskWith(s.ForIdentity())
	hire := func(login string, role actor.Role) actor.Actor {
		staff, _, err := who.Provision(ctx, identity.NewStaff{Name: login, Login: login, Role: role}, "kapal jeruk langit 7 tangga", identity.NewTOTPSecret())
		if err != nil {
			t.Fatal(err)
		}
		return actor.NewStaff(staff, role, "ses_"+login, nil, now)
	}
	admin, second, dpo := hire("admin1", actor.Admin), hire("admin2", actor.Admin), hire("dpo1", actor.DPO)
	request, err := who.AskRole(ctx, admin, admin.ID(), actor.DPO, nil, "saya mau")
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []actor.Actor{admin, second} {
		if _, err := s.Decide(ctx, by, request, "ya", true); err == nil {
			t.Fatal("administrators decided")
		}
	}
	role := func(staff string) (out actor.Role) {
		if err := d.Read(ctx, func(tx *db.Tx) error {
			one, err := who.Staff(tx, staff)
			out = one.Role
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if role(admin.ID()) != actor.Admin {
		t.Fatal("an administrator made himself DPO")
	}
	// Whom the request is about may not decide it either, even when the role could.
	about, err := who.AskRole(ctx, admin, dpo.ID(), actor.Admin, nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decide(ctx, dpo, about, "ya", true); errs.Of(err).Code != "approval.about_you" {
		t.Fatal(err)
	}
	if _, err := s.Decide(ctx, dpo, request, "sah", true); err != nil {
		t.Fatal(err)
	}
	if role(admin.ID()) != actor.DPO {
		t.Fatal("the approved change took no effect")
	}
	// An API client that nobody approved in time is revoked when its request expires.
	client, err := who.AskClient(ctx, second, identity.NewClient{Name: "CRM", Scopes: []string{identity.ScopeEvents}, Controllers: []string{controller}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(73 * time.Hour)
	if err := s.Expire(ctx); err != nil {
		t.Fatal(err)
	}
	if c, err := who.Client(ctx, client); err != nil || c.State != identity.ClientRevoked {
		t.Fatalf("%+v %v", c, err)
	}
}

func TestThePagesAndTheAPI(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	h.now = time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	desk := webtest.New(t, nil, h.Module())
	named := func(name, id string, role actor.Role) actor.Actor {
		a := h.staff(id, role)
		desk.Actor(name, a)
		return a
	}
	admin, dpo := named("admin", "stf_a", actor.Admin), named("dpo", "stf_d", actor.DPO)
	named("agent", "stf_g", actor.Agent)
	named("auditor", "stf_u", actor.Auditor)
	desk.Actor("client", actor.NewOnBehalf("cli_x", []string{Scope}, dpo))
	desk.Actor("narrow", actor.NewOnBehalf("cli_x", []string{"events"}, dpo))
	var ids []string
	for range 4 {
		r, err := h.request(admin, Ask{Kind: "room.change", Ref: "stf_x", Payload: map[string]string{"role": "dpo"}, Reason: "alasan pertama"})
		h.ok(err)
		ids = append(ids, r.ID)
	}
	page := func(as, method, target, body string, status int, header ...string) string {
		t.Helper()
		w := desk.Do(as, method, target, body, header...)
		if w.Code != status {
			t.Fatalf("%s %s as %s: %d, want %d\n%.1500s", method, target, as, w.Code, status, w.Body)
		}
		return w.Body.String()
	}
	form := url.Values{"reason": {"sudah diperiksa"}}.Encode()
	body := page("dpo", "GET", "/approvals", "", 200)
	if !strings.Contains(body, "alasan pertama") || !strings.Contains(body, "Orang stf_a") || len(regexp.MustCompile(`action="/approvals/apr_[a-z0-9]+/approve"`).FindAllString(body, -1)) != 1 {
		t.Errorf("%s", body)
	}
	if body := page("admin", "GET", "/approvals", "", 200); strings.Contains(body, "/approve\"") || !strings.Contains(body, ids[0]) {
		t.Errorf("%s", body)
	}
	page("auditor", "GET", "/approvals", "", 403)
	page("dpo", "GET", "/approvals/"+ids[0], "", 200)
	page("agent", "GET", "/approvals/"+ids[0], "", 404)
	page("dpo", "POST", "/approvals/"+ids[0]+"/approve", "x=1", 422)
	page("dpo", "POST", "/approvals/"+ids[0]+"/approve", form, 303)
	page("dpo", "POST", "/approvals/"+ids[1]+"/refuse", form, 303)
	page("dpo", "POST", "/approvals/"+ids[1]+"/refuse", form, 409)
	page("dpo", "POST", "/approvals/"+ids[2]+"/withdraw", "", 404)
	page("admin", "POST", "/approvals/"+ids[2]+"/withdraw", "", 303)
	if body := page("admin", "GET", "/approvals/"+ids[1], "", 200); !strings.Contains(body, "sudah diperiksa") || !strings.Contains(body, "ditolak") {
		t.Errorf("%s", body)
	}
	if want := []string{"did stf_x dpo", "undid stf_x dpo", "undid stf_x dpo"}; !slices.Equal(h.effects, want) {
		t.Errorf("%v", h.effects)
	}

	var list struct{ Waiting []JSON }
	h.ok(json.Unmarshal([]byte(page("client", "GET", "/api/v1/approvals", "", 200)), &list))
	if len(list.Waiting) != 1 || list.Waiting[0].ID != ids[3] {
		t.Errorf("%+v", list)
	}
	page("narrow", "GET", "/api/v1/approvals", "", 403)
	page("client", "GET", "/api/v1/approvals/"+ids[3], "", 200)
	page("client", "GET", "/api/v1/approvals/apr_none", "", 404)
	page("client", "POST", "/api/v1/approvals/"+ids[3]+"/approve", `{"reason":""}`, 422, "Content-Type", "application/json")
	page("client", "POST", "/api/v1/approvals/"+ids[3]+"/approve", `{"reason":"ya"}`, 200, "Content-Type", "application/json")
	page("client", "POST", "/api/v1/approvals/"+ids[3]+"/refuse", `{"reason":"ya"}`, 409, "Content-Type", "application/json")
	_ = h.db.Close()
	for _, target := range []string{"/approvals", "/approvals/" + ids[0], "/api/v1/approvals", "/api/v1/approvals/" + ids[0]} {
		if w := desk.Do("dpo", "GET", target, ""); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

func TestABrokenStoreIsAFault(t *testing.T) {
	h := open(t, db.Options{Dir: t.TempDir()})
	h.now = time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	dpo := h.staff("stf_d", actor.DPO)
	r, err := h.request(h.staff("stf_a", actor.Admin), Ask{Kind: "room.change", Ref: "x", Reason: "x"})
	h.ok(err)
	sql := func(text string) {
		h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error { _, err := tx.Data.Exec(text); return err }))
	}
	// A decision whose row cannot be written, or was written by somebody faster.
	sql("create trigger broken before update on approval_request begin select raise(abort, 'broken'); end")
	if _, err := h.Decide(h.ctx, dpo, r.ID, "ya", true); errs.KindOf(err) != errs.Internal {
		t.Error(err)
	}
	sql("drop trigger broken")
	sql("create trigger faster before update on approval_request begin select raise(ignore); end")
	_, err = h.Decide(h.ctx, dpo, r.ID, "ya", true)
	h.wants(err, "approval.already_decided")
	sql("drop trigger faster")
	desk := webtest.New(t, nil, h.Module())
	desk.Actor("dpo", dpo)
	h.options.Name = func(*db.Tx, string) (string, error) { return "", errors.New("no name") }
	if w := desk.Do("dpo", "GET", "/approvals", ""); w.Code != http.StatusInternalServerError {
		t.Error(w.Code)
	}
	sql("alter table approval_request rename to gone")
	if w := desk.Do("dpo", "GET", "/approvals", ""); w.Code != http.StatusInternalServerError {
		t.Error(w.Code)
	}
	for name, err := range map[string]error{
		"decide": func() error { _, err := h.Decide(h.ctx, dpo, r.ID, "ya", true); return err }(),
		"expire": h.Expire(h.ctx),
		"latest": h.db.Read(h.ctx, func(tx *db.Tx) error { _, _, err := h.Latest(tx, "room.change", "x"); return err }),
	} {
		if errs.KindOf(err) != errs.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(h.effects) != 0 {
		t.Errorf("%v", h.effects)
	}
}

// quick asks for a decision of one minute.
func (h *house) quick(by actor.Actor) Request {
	h.t.Helper()
	r, err := h.request(by, Ask{Kind: "room.quick", Ref: "itx_1", Controller: controller, Reason: "pelanggan menunggu"})
	h.ok(err)
	return r
}

func (h *house) decides(by actor.Actor, r Request, yes bool) error {
	_, err := h.Decide(h.ctx, by, r.ID, "sudah diperiksa", yes)
	return err
}

func TestWhatSomebodyAskedWhoIsDisabledSinceCanOnlyBeRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent, boss := h.staff("stf_a", actor.Agent), h.staff("stf_s", actor.Supervisor)
		r := h.quick(agent)
		h.left = agent.ID()
		h.log.take()
		h.wants(h.decides(boss, r, true), "approval.asker_disabled")
		if got := h.log.take(); len(got) != 1 || got[0] != "approval.decided.room.quick denied approval.asker_disabled" {
			t.Fatal(got)
		}
		h.ok(h.decides(boss, r, false))
	})
}

func TestOnePersonDoesNotApproveTheSameColleagueAgainAndAgainWhileAnotherIsOnDuty(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent, colleague, boss, other := h.staff("stf_a", actor.Agent), h.staff("stf_b", actor.Agent), h.staff("stf_s", actor.Supervisor), h.staff("stf_o", actor.Supervisor)
		h.relief = true
		h.ok(h.decides(boss, h.quick(agent), true))
		h.ok(h.decides(boss, h.quick(agent), true))
		third := h.quick(agent)
		h.wants(h.decides(boss, third, true), "approval.again")
		h.ok(h.decides(boss, h.quick(colleague), true)) // another colleague's
		h.ok(h.decides(other, third, true))             // another supervisor
		last := h.quick(agent)
		h.wants(h.decides(boss, last, true), "approval.again")
		h.ok(h.decides(boss, last, false)) // a no is never too many
		h.relief = false                   // alone, he may
		h.ok(h.decides(boss, h.quick(agent), true))
		h.relief = true
		h.now = h.now.Add(Shift) // and in the next shift
		h.ok(h.decides(boss, h.quick(agent), true))
	})
}

func TestAMinuteIsAMinuteAndNotMore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent, boss := h.staff("stf_a", actor.Agent), h.staff("stf_s", actor.Supervisor)
		intime, late := h.quick(agent), h.quick(agent)
		h.now = h.now.Add(59*time.Second + 999*time.Millisecond)
		h.ok(h.decides(boss, intime, true))
		h.now = h.now.Add(time.Millisecond)
		h.wants(h.decides(boss, late, true), "approval.expired")
		h.wants(h.decides(boss, late, false), "approval.expired")
	})
}

func TestWhatARequestHangsOnIsOverAndNobodyDecidesIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent, boss := h.staff("stf_a", actor.Agent), h.staff("stf_s", actor.Supervisor)
		r := h.quick(agent)
		waiting := func() (n int) {
			h.read(func(tx *db.Tx) error {
				list, err := h.Waiting(tx, boss)
				n = len(list)
				return err
			})
			return n
		}
		if n := waiting(); n != 1 {
			t.Fatal(n)
		}
		h.over = true
		if n := waiting(); n != 0 {
			t.Fatal(n)
		}
		h.wants(h.decides(boss, r, true), "approval.over")
		h.wants(h.decides(boss, r, false), "approval.over")
		h.over, h.broken = false, errs.New(errs.Unavailable, "db.unavailable")
		h.wants(h.decides(boss, r, true), "db.unavailable")
		if err := h.db.Read(h.ctx, func(tx *db.Tx) error { _, err := h.Waiting(tx, boss); return err }); err == nil {
			t.Fatal("a list that could not be checked was shown")
		}
	})
}

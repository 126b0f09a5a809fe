package web_test

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/idempotency"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// testMAC stands in for keyring.MAC: keyed by the name, good for tests only.
func testMAC(name string, value []byte) []byte {
	out := make([]byte, 0, 16)
	for _, salt := range []string{"a", "b"} {
		h := fnv.New64a()
		_, _ = h.Write([]byte(salt + name + "\x00" + string(value)))
		out = h.Sum(out)
	}
	return out
}

// testSealer turns the bytes over and binds them to their row.
type testSealer struct{ broken error }

func flip(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0x5a
	}
	return out
}

func (s testSealer) Seal(row string, plain []byte) ([]byte, error) {
	return append(testMAC("seal", []byte(row)), flip(plain)...), s.broken
}

func (s testSealer) Open(row string, sealed []byte) ([]byte, error) {
	if !bytes.HasPrefix(sealed, testMAC("seal", []byte(row))) {
		return nil, errs.New(errs.Internal, "app.internal")
	}
	return flip(sealed[16:]), nil
}

type startInput struct {
	Body struct {
		Queue string `json:"queue" maxLength:"20"`
	}
}

type startOutput struct {
	Location string `header:"Location"`
	Body     struct {
		ID string `json:"id"`
	}
}

// starter is a room with one idempotent operation, whose effect is a row of its own.
func starter(d *db.DB, effects *atomic.Int64, wait chan struct{}) web.Module {
	return sample(func(rt *web.Router) {
		web.Operation(rt, web.Op{Method: "POST", Path: "/interactions", Summary: "Start an interaction", Status: 201, Idempotent: true, Access: web.Access{Roles: []actor.Role{actor.Agent}, Scope: "interactions"}},
			func(ctx context.Context, c web.Call, in *startInput) (*startOutput, error) {
				switch in.Body.Queue {
				case "refuse":
					return nil, errs.New(errs.Denied, "sample.refused")
				case "forget":
					return &startOutput{}, nil
				case "slow":
					<-wait
				case "crash":
					if wait != nil {
						panic("lost")
					}
				}
				out := &startOutput{}
				err := d.Write(ctx, func(tx *db.Tx) error {
					out.Body.ID = id.New(id.Interaction)
					out.Location = "/api/v1/interactions/" + out.Body.ID
					tx.AfterCommit(func() { effects.Add(1) })
					if err := c.Settle(tx, out); err != nil || in.Body.Queue != "whole" {
						return err
					}
					whole := *out
					whole.Body.ID = "itx_whole"
					return c.Amend(tx, &whole)
				})
				if in.Body.Queue == "whole" && err == nil {
					out.Body.ID = "itx_whole" // what Amend kept
				}
				if in.Body.Queue == "lost" && err == nil {
					return nil, errs.New(errs.Unavailable, "sample.gone") // done, and nobody was told
				}
				return out, err
			})
	})
}

var asJSON = []string{"Content-Type", "application/json"}

// keyed makes a desk with the starter room, and a way to post to it under a key.
func keyed(t *testing.T, store *db.DB, sealer web.Sealer, room web.Module) (*webtest.Desk, func(as, key, queue string) answered) {
	d := webtest.New(t, func(o *web.Options) { o.DB, o.MAC, o.Sealer = store, testMAC, sealer }, room)
	d.Staff("agent", actor.Agent)
	d.Actor("other", actor.NewStaff("stf_other", actor.Agent, "ses_other", nil, d.Now))
	return d, func(as, key, queue string) answered {
		w := d.Do(as, "POST", "/api/v1/interactions", `{"queue":"`+queue+`"}`, append([]string{"Idempotency-Key", key}, asJSON...)...)
		return answered{w.Code, w.Body.String(), w.Header().Get("Idempotent-Replay") == "true", w.Header().Get("Location")}
	}
}

type answered struct {
	code   int
	body   string
	replay bool
	where  string
}

// Who sends a key relies on it: an operation that takes none refuses it, and one that changes something says which it is.
func TestAKeyIsHonouredOrRefusedAndNeverIgnored(t *testing.T) {
	d := webtest.New(t, nil, sample(nil))
	d.Staff("agent", actor.Agent)
	w := d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", `{}`, append([]string{"Idempotency-Key", "key"}, asJSON...)...)
	if w.Code != 422 || !strings.Contains(w.Body.String(), "web.idempotency_unsupported") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(string(d.OpenAPI()), "An Idempotency-Key is refused: each comparison is a new one.") {
		t.Error("the document does not say that the key is refused")
	}
	for name, op := range map[string]web.Op{"neither": {}, "both": {Idempotent: true, Unkeyed: "x"}} {
		op.Method, op.Path, op.Summary, op.Access = "POST", "/x", "x", web.Access{Public: true}
		_, err := web.New(web.Options{Lookup: func(context.Context, *http.Request) (web.Visitor, error) { return web.Visitor{}, nil }, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
			DB: new(db.DB), MAC: testMAC, Sealer: testSealer{}, Modules: []web.Module{{Name: "x", Routes: func(rt *web.Router) {
				web.Operation(rt, op, func(context.Context, web.Call, *struct{}) (*struct{}, error) { return nil, nil })
			}}}})
		if err == nil || !strings.Contains(err.Error(), "Unkeyed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARepeatedRequestWithOneKeyHasOneEffectAndOneAnswer(t *testing.T) {
	dbtest.Each(t, []db.Schema{web.Schema()}, func(t *testing.T, store *db.DB) {
		var effects atomic.Int64
		_, post := keyed(t, store, testSealer{}, starter(store, &effects, nil))
		first := post("agent", "key", "a")
		if first.code != 201 || first.replay || first.where == "" {
			t.Fatal(first)
		}
		again := post("agent", "key", "a")
		if !again.replay {
			t.Error("a repetition does not say that it is one")
		}
		if again.replay = false; again != first || effects.Load() != 1 {
			t.Error("repeated:", again, effects.Load())
		}
		if a := post("agent", "key", "b"); a.code != 422 || !strings.Contains(a.body, "web.idempotency_reused") {
			t.Error("another body under the same key:", a)
		}
		if a := post("agent", "key", "refuse"); a.code != 422 || !strings.Contains(a.body, "web.idempotency_reused") {
			t.Error("another body under the same key that is refused anyway:", a)
		}
		if effects.Load() != 1 {
			t.Error("a reused key had an effect")
		}
		if a := post("other", "key", "a"); a.code != 201 || a.replay {
			t.Error("somebody else's key:", a)
		}
		if a := post("agent", "", "a"); a.code != 201 || a.replay {
			t.Error("no key:", a)
		}
		before := effects.Load()
		for range 2 {
			if a := post("agent", "key-refused", "refuse"); a.code != 403 || a.replay {
				t.Error("a refusal is kept:", a)
			}
		}
		if a := post("agent", "key-refused", "a"); a.code != 201 || a.replay || effects.Load() != before+1 {
			t.Error("a refusal takes the key:", a)
		}
		for _, bad := range []string{strings.Repeat("k", 201), "with space", "kün"} {
			if a := post("agent", bad, "a"); a.code != 422 || strings.Contains(a.body, bad) {
				t.Errorf("key %q: %v", bad, a)
			}
		}
	})
}

func TestOfRequestsThatComeAtOnceUnderOneKeyOneActsAndAllGetItsAnswer(t *testing.T) {
	dbtest.Each(t, []db.Schema{web.Schema()}, func(t *testing.T, store *db.DB) {
		var effects atomic.Int64
		wait := make(chan struct{})
		_, post := keyed(t, store, testSealer{}, starter(store, &effects, wait))
		answers := make(chan answered, 8)
		for range cap(answers) {
			go func() { answers <- post("agent", "k", "slow") }()
		}
		time.AfterFunc(50*time.Millisecond, func() { close(wait) }) // all are past the look at their keys
		replays, where := 0, map[string]bool{}
		for range cap(answers) {
			a := <-answers
			if a.code != 201 {
				t.Error(a)
			}
			if where[a.where] = true; a.replay {
				replays++
			}
		}
		if effects.Load() != 1 || len(where) != 1 || replays != cap(answers)-1 {
			t.Errorf("%d effects, %d answers, %d of them replays", effects.Load(), len(where), replays)
		}
	})
}

func TestARequestThatWasCutOffIsDoneOnceWhenItIsRepeated(t *testing.T) {
	dbtest.Each(t, []db.Schema{web.Schema()}, func(t *testing.T, store *db.DB) {
		var effects atomic.Int64
		_, crashing := keyed(t, store, testSealer{}, starter(store, &effects, make(chan struct{})))
		_, post := keyed(t, store, testSealer{}, starter(store, &effects, nil))
		if a := crashing("agent", "before", "crash"); a.code != 500 || effects.Load() != 0 {
			t.Fatal("cut off before its commit:", a, effects.Load())
		}
		if a := post("agent", "before", "crash"); a.code != 201 || a.replay || effects.Load() != 1 {
			t.Error("cut off before its commit, repeated:", a, effects.Load())
		}
		for range 2 {
			if a := post("agent", "after", "lost"); a.code != 201 || !a.replay || effects.Load() != 2 {
				t.Error("cut off after its commit:", a, effects.Load())
			}
		}
	})
}

// An answer that was whole only at the end of the transaction is repeated whole; without a key there is nothing to keep.
func TestAnAmendedAnswerIsTheOneThatIsRepeated(t *testing.T) {
	dbtest.Each(t, []db.Schema{web.Schema()}, func(t *testing.T, store *db.DB) {
		var effects atomic.Int64
		_, post := keyed(t, store, testSealer{}, starter(store, &effects, nil))
		first := post("agent", "k", "whole")
		if first.code != 201 || first.replay || !strings.Contains(first.body, `"itx_whole"`) {
			t.Fatal(first)
		}
		if again := post("agent", "k", "whole"); !again.replay || again.body != first.body || effects.Load() != 1 {
			t.Error(again, effects.Load())
		}
		if a := post("agent", "", "whole"); a.code != 201 || effects.Load() != 2 {
			t.Error(a, effects.Load())
		}
	})
}

func TestAKeptAnswerIsForgottenAfterADay(t *testing.T) {
	dbtest.Each(t, []db.Schema{web.Schema()}, func(t *testing.T, store *db.DB) {
		var effects atomic.Int64
		_, post := keyed(t, store, testSealer{}, starter(store, &effects, nil))
		post("agent", "k", "a")
		age := func(by time.Duration) {
			if err := store.Write(context.Background(), func(tx *db.Tx) error {
				_, err := tx.Data.Exec(`update idempotency_answer set expires_at = expires_at - $1`, by.Microseconds())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		forget := func() {
			t.Helper()
			if err := store.Write(context.Background(), idempotency.Forget); err != nil {
				t.Fatal(err)
			}
		}
		age(23 * time.Hour)
		forget()
		if a := post("agent", "k", "a"); !a.replay || effects.Load() != 1 {
			t.Error("within the day:", a, effects.Load())
		}
		age(2 * time.Hour)
		forget()
		if a := post("agent", "k", "a"); a.code != 201 || a.replay || effects.Load() != 2 {
			t.Error("after the day:", a, effects.Load())
		}
	})
}

func TestAnAnswerThatCannotBeSealedUndoesTheEffectWithIt(t *testing.T) {
	store := dbtest.Open(t, web.Schema())
	var effects atomic.Int64
	_, post := keyed(t, store, testSealer{broken: errs.Wrap(errs.Unavailable, "app.internal", errors.New("no key"))}, starter(store, &effects, nil))
	if a := post("agent", "k", "a"); a.code != 503 || effects.Load() != 0 {
		t.Error(a, effects.Load())
	}
}

func TestAnOperationThatForgetsToSettleIsADefect(t *testing.T) {
	store := dbtest.Open(t, web.Schema())
	_, post := keyed(t, store, testSealer{}, starter(store, new(atomic.Int64), nil))
	if a := post("agent", "k", "forget"); a.code != 500 {
		t.Error(a)
	}
	if a := post("agent", "", "forget"); a.code != 201 {
		t.Error("without a key there is nothing to settle:", a)
	}
}

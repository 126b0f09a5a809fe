package telephony

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// crm is a system of the company's that is told what happened.
type crm struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies []string
}

func newCRM(t *testing.T) *crm {
	c := &crm{status: 200}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got, c.bodies = append(c.got, r), append(c.bodies, string(body))
		if c.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(c.status)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *crm) answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

func local(o *Options) { o.Allow = []string{"127.0.0.1"} }

// announce tells of a move as package interaction does.
func (r *room) announce(controller string) {
	r.t.Helper()
	r.ok(r.d.Write(r.t.Context(), func(tx *db.Tx) error {
		return r.Announce(tx, interaction.Change{Interaction: "itx_00000000000000000000000001", Controller: controller, Action: "interaction.accept", Agent: "stf_00000000000000000000000002", State: interaction.Connected})
	}))
}

// worker does the jobs that are due.
func (r *room) worker() *jobs.Worker {
	return jobs.New(r.d, jobs.Options{Node: "a", Handlers: map[string]jobs.Handler{DeliverJob: r.Deliver, SweepJob: func(ctx context.Context, _ jobs.Run) error { return r.Sweep(ctx) }}})
}

func (r *room) run(w *jobs.Worker) int {
	r.t.Helper()
	n, err := w.RunDue(r.t.Context())
	r.ok(err)
	return n
}

func TestAHookIsToldInASignedEventOfIdsAlone(t *testing.T) {
	each(t, local, func(t *testing.T, r *room, clock *time.Time) {
		c := newCRM(t)
		hookID, err := r.AddHook(t.Context(), r.admin, toko, c.URL+"/amanah?x=1")
		r.ok(err)
		_, key, err := r.Hook(t.Context(), r.admin, hookID)
		r.ok(err)
		w := r.worker()
		r.announce(toko)
		r.announce(other) // nobody is told
		if n := r.run(w); n != 1 || len(c.got) != 1 {
			t.Fatalf("%d jobs, %d requests", n, len(c.got))
		}
		req, body := c.got[0], c.bodies[0]
		var event map[string]any
		if err := json.Unmarshal([]byte(body), &event); err != nil || req.Method != "POST" || req.URL.String() != "/amanah?x=1" || req.Header.Get("Content-Type") != "application/cloudevents+json" {
			t.Fatalf("%s %s %v", req.Method, req.URL, err)
		}
		id, _ := event["id"].(string)
		want := `{"specversion":"1.0","id":"` + id + `","source":"https://amanah.example","type":"amanah.interaction.accept","subject":"itx_00000000000000000000000001","time":"2026-11-23T03:00:00Z","datacontenttype":"application/json","data":{"interaction":"itx_00000000000000000000000001","controller":"` + toko + `","agent":"stf_00000000000000000000000002","state":"connected"}}`
		if body != want {
			t.Fatalf("%s\nwant %s", body, want)
		}
		sum := hex.EncodeToString(keyring.Sum([]byte(key), []byte("1795402800."+body)))
		if got := req.Header.Get(SignatureHeader); got != "t=1795402800,v1="+sum {
			t.Fatalf("%s", got)
		}
		// While the key is changed, both sign.
		r.ok(r.RotateHook(t.Context(), r.admin, hookID))
		r.announce(toko)
		r.run(w)
		if sig := c.got[1].Header.Get(SignatureHeader); strings.Count(sig, "v1=") != 2 {
			t.Fatalf("%s", sig)
		}
		*clock = clock.Add(RotationTime)
		r.announce(toko)
		r.run(w)
		if sig := c.got[2].Header.Get(SignatureHeader); strings.Count(sig, "v1=") != 1 || strings.Contains(sig, sum) {
			t.Fatalf("%s", sig)
		}
		if list, err := r.Unsent(t.Context(), r.admin); err != nil || len(list) != 0 {
			t.Fatalf("%v %v", list, err)
		}
		// A job that runs twice sends nothing twice.
		r.ok(r.Deliver(t.Context(), jobs.Run{Payload: []byte(`{"delivery":"` + id + `"}`), Attempt: 1}))
		r.ok(r.Deliver(t.Context(), jobs.Run{Payload: []byte(`{"delivery":"evt_00000000000000000000000000"}`), Attempt: 1}))
		if len(c.got) != 3 {
			t.Fatalf("%d requests", len(c.got))
		}
	})
}

// What is refused on its way out is not sent, and is a dead letter at once.
func TestWhatIsRefusedOnItsWayOutIsADeadLetter(t *testing.T) {
	refused := errs.New(errs.Denied, "dlp.blocked")
	seen := ""
	each(t, func(o *Options) {
		local(o)
		o.Inspect = func(_ context.Context, controller, body string) error { seen = controller + body; return refused }
	}, func(t *testing.T, r *room, _ *time.Time) {
		c := newCRM(t)
		_, err := r.AddHook(t.Context(), r.admin, toko, c.URL)
		r.ok(err)
		r.announce(toko)
		r.run(r.worker())
		list, err := r.Unsent(t.Context(), r.admin)
		r.ok(err)
		if len(c.got) != 0 || len(list) != 1 || list[0].State != Dead || list[0].Reason != "telephony.holds_data" || !strings.Contains(seen, toko+`{"specversion"`) {
			t.Errorf("%d sent, %+v, %q", len(c.got), list, seen)
		}
	})
}

func TestWhatDoesNotArriveIsTriedLaterAndLaterAndThenADeadLetterThatCanBeSentAgain(t *testing.T) {
	each(t, local, func(t *testing.T, r *room, clock *time.Time) {
		ctx := t.Context()
		c := newCRM(t)
		_, err := r.AddHook(ctx, r.admin, toko, c.URL)
		r.ok(err)
		c.answer(503)
		w := r.worker()
		r.announce(toko)
		r.log.take()
		for n := 1; n <= MaxAttempts; n++ {
			if r.run(w) != 1 || len(c.got) != n {
				t.Fatalf("attempt %d: %d requests", n, len(c.got))
			}
			if r.run(w) != 0 {
				t.Fatal("no waiting")
			}
			list, err := r.Unsent(ctx, r.client)
			r.ok(err)
			want := Queued
			if n == MaxAttempts {
				want = Dead
			}
			if len(list) != 1 || list[0].State != want || list[0].Attempts != int64(n) || list[0].Reason != "telephony.answer" {
				t.Fatalf("after attempt %d: %+v", n, list)
			}
			*clock = clock.Add(jobs.Backoff(n))
		}
		if log := r.log.take(); !slices.Equal(log, []string{"telephony.dead done telephony.answer"}) {
			t.Fatalf("%v", log)
		}
		dead, err := r.Unsent(ctx, r.admin)
		r.ok(err)
		stranger := actor.NewClient("cli_00000000000000000000000002", []string{"events"}, []string{other})
		if list, err := r.Unsent(ctx, stranger); err != nil || len(list) != 0 {
			t.Fatalf("another company's: %v %v", list, err)
		}
		_, err = r.Unsent(ctx, r.agent)
		r.refused(err, "telephony.not_allowed")
		for _, who := range []actor.Actor{{}, r.agent, stranger} {
			r.refused(r.Replay(ctx, who, dead[0].ID), "telephony.unknown")
		}
		c.answer(204)
		r.ok(r.Replay(ctx, r.client, dead[0].ID))
		r.refused(r.Replay(ctx, r.admin, dead[0].ID), "telephony.not_dead")
		r.run(w)
		if list, err := r.Unsent(ctx, r.admin); err != nil || len(list) != 0 || len(c.got) != MaxAttempts+1 || c.bodies[0] != c.bodies[MaxAttempts] {
			t.Fatalf("%v %v, %d requests", list, err, len(c.got))
		}
		// What arrived is forgotten in time.
		*clock = clock.Add(Kept + time.Hour)
		r.ok(r.Sweep(ctx))
		var left int64
		r.ok(r.d.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(`select count(*) from telephony_delivery`).Scan(&left) }))
		if left != 0 {
			t.Fatalf("%d left", left)
		}
	})
}

func TestAHookThatIsGoneOrLeadsElsewhereGetsNothingMore(t *testing.T) {
	each(t, local, func(t *testing.T, r *room, _ *time.Time) {
		ctx := t.Context()
		c := newCRM(t)
		hookID, err := r.AddHook(ctx, r.admin, toko, c.URL)
		r.ok(err)
		w := r.worker()
		c.answer(http.StatusGone)
		r.announce(toko)
		r.run(w)
		c.answer(http.StatusFound)
		r.announce(toko)
		r.run(w)
		if len(c.got) != 2 {
			t.Fatalf("%d requests: a redirect was followed", len(c.got))
		}
		c.Close()
		r.announce(toko)
		r.run(w)
		r.announce(toko)
		r.ok(r.RemoveHook(ctx, r.admin, hookID))
		r.run(w)
		reasons := map[string]int{}
		list, err := r.Unsent(ctx, r.admin)
		r.ok(err)
		for _, d := range list {
			reasons[string(d.State)+" "+d.Reason]++
		}
		if len(list) != 4 || reasons["dead telephony.gone"] != 2 || reasons["queued telephony.answer"] != 1 || reasons["queued telephony.unreachable"] != 1 {
			t.Fatalf("%v", reasons)
		}
		r.announce(toko) // to nobody
		if r.run(w) != 0 {
			t.Fatal("a hook that was removed is told")
		}
	})
}

// dialled notes what was dialled, and opens nothing.
type wire struct {
	hosts  map[string][]string
	asked  int
	dialed []string
}

func (w *wire) options(o *Options) {
	o.Allow = []string{"crm.local"}
	o.Resolve = func(_ context.Context, host string) (out []netip.Addr, err error) {
		w.asked++
		for _, a := range w.hosts[host] {
			out = append(out, netip.MustParseAddr(a))
		}
		if out == nil {
			err = errors.New("no such host")
		}
		return out, err
	}
	o.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		w.dialed = append(w.dialed, address)
		return nil, errors.New("not here")
	}
}

func TestAHookOfThisNetworkIsNeverDialledUnlessTheOperatorNamesItsHost(t *testing.T) {
	w := &wire{hosts: map[string][]string{
		"crm.example": {"8.8.8.8"}, "inside.example": {"10.1.2.3"}, "both.example": {"8.8.8.8", "127.0.0.1"}, "meta.example": {"169.254.169.254"},
		"six.example": {"fd00::1"}, "mapped.example": {"::ffff:127.0.0.1"}, "nat.example": {"64:ff9b::7f00:1"}, "crm.local": {"192.168.1.7"},
	}}
	each(t, w.options, func(t *testing.T, r *room, _ *time.Time) {
		for _, address := range []string{"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1:8443/", "https://0.0.0.0/", "https://[::ffff:10.0.0.1]/", "https://100.64.0.1/", "https://[fe80::1%25eth0]/"} {
			_, err := r.AddHook(t.Context(), r.admin, toko, address)
			r.refused(err, "telephony.address_refused")
		}
		for _, address := range []string{"", "crm.example", "ftp://crm.example/", "http://crm.example/", "https://u:p@crm.example/", "https://crm.example/#x", "https:///x", "https://crm.example/" + strings.Repeat("x", 500), "https://crm.example:x/"} {
			_, err := r.AddHook(t.Context(), r.admin, toko, address)
			r.refused(err, "telephony.address")
		}
		_, err := r.AddHook(t.Context(), r.admin, "x", "https://crm.example/")
		r.refused(err, "telephony.form")
		for address, c := range map[string]struct {
			reason string
			dialed []string
		}{
			"https://crm.example/":     {"telephony.unreachable", []string{"8.8.8.8:443"}},
			"http://crm.local:8080/":   {"telephony.unreachable", []string{"192.168.1.7:8080"}},
			"https://inside.example/":  {"telephony.address_refused", nil},
			"https://both.example/":    {"telephony.address_refused", nil},
			"https://meta.example/":    {"telephony.address_refused", nil},
			"https://six.example/":     {"telephony.address_refused", nil},
			"https://mapped.example/":  {"telephony.address_refused", nil},
			"https://nat.example/":     {"telephony.address_refused", nil},
			"https://nowhere.example/": {"telephony.unreachable", nil},
		} {
			hookID, err := r.AddHook(t.Context(), r.admin, toko, address)
			r.ok(err)
			w.asked, w.dialed = 0, nil
			err = r.send(t.Context(), Hook{ID: hookID, Address: address}, Delivery{ID: "evt_00000000000000000000000001"})
			if errs.Of(err).Code != c.reason || !slices.Equal(w.dialed, c.dialed) || w.asked != 1 {
				t.Errorf("%s: %v, dialled %v, asked %d times", address, err, w.dialed, w.asked)
			}
		}
	})
}

func TestWhichAddressesArePublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "172.32.0.1": true, "127.0.0.1": false, "172.16.0.1": false, "::1": false, "::": false, "fe80::1": false,
		"224.0.0.1": false, "255.255.255.255": false, "2002:7f00:1::": false, "::127.0.0.1": false, "192.0.0.1": false, "ff02::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}

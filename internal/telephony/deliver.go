package telephony

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// DeliverJob sends one event; SweepJob forgets what is old.
const (
	DeliverJob = "telephony.deliver"
	SweepJob   = "telephony.sweep"
)

// AddHook makes a hook.
func (s *Service) AddHook(ctx context.Context, a actor.Actor, controller, address string) (hookID string, err error) {
	if err := s.checkAddress(address); err != nil {
		return "", err
	}
	if err := s.company(ctx, controller); err != nil {
		return "", err
	}
	err = s.write(ctx, a, "telephony.hook_added", func(tx *db.Tx) (string, string, error) {
		hookID = id.NewAt(id.Hook, tx.Now())
		tx.Data.Queue(sqlHookAdd, hookID, controller, address, tx.Now().UnixMicro())
		return controller, hookID, nil
	})
	return hookID, err
}

// checkAddress refuses what is no plain web address, one without encryption of a host that
// the operator has not named, and one of this network as far as it can be seen already.
func (s *Service) checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > 500 || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return errAddress
	}
	if s.allowed(u.Hostname()) {
		return nil
	}
	if u.Scheme != "https" {
		return errAddress
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !Public(a) {
		return errForbidden
	}
	return nil
}

// allowed reports whether the operator has named the host.
func (s *Service) allowed(host string) bool {
	return slices.ContainsFunc(s.o.Allow, func(a string) bool {
		return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(host, "."))
	})
}

// RotateHook gives a hook a new key; both keys sign for RotationTime.
func (s *Service) RotateHook(ctx context.Context, a actor.Actor, hookID string) error {
	return s.write(ctx, a, "telephony.hook_key", func(tx *db.Tx) (string, string, error) {
		h, err := one(tx, id.Hook, sqlHook, hookID, scanHook)
		if err == nil {
			tx.Data.Queue(sqlHookKey, h.ID, tx.Now().Add(RotationTime).UnixMicro())
		}
		return h.Controller, h.ID, err
	})
}

// RemoveHook ends a hook; what still waits for it is given up.
func (s *Service) RemoveHook(ctx context.Context, a actor.Actor, hookID string) error {
	return s.write(ctx, a, "telephony.hook_removed", func(tx *db.Tx) (string, string, error) {
		h, err := one(tx, id.Hook, sqlHook, hookID, scanHook)
		if err == nil {
			tx.Data.Queue(sqlHookRemove, h.ID, tx.Now().UnixMicro())
		}
		return h.Controller, h.ID, err
	})
}

// Hook reads a hook with its key; the look has its entry.
func (s *Service) Hook(ctx context.Context, a actor.Actor, hookID string) (h Hook, key string, err error) {
	err = s.write(ctx, a, "telephony.key_shown", func(tx *db.Tx) (string, string, error) {
		h, err = one(tx, id.Hook, sqlHook, hookID, scanHook)
		return h.Controller, h.ID, err
	})
	if err != nil {
		return h, "", err
	}
	k, err := s.key(h.ID, h.Generation)
	return h, string(k), err
}

// Hooks lists the hooks.
func (s *Service) Hooks(ctx context.Context, a actor.Actor) (out []Hook, err error) {
	if !runs(a) {
		return nil, errNotAllowed
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = many(tx, sqlHooks, scanHook); return err })
	return out, err
}

// Announce writes, in the transaction of a move, what the hooks of its controller are told.
func (s *Service) Announce(tx *db.Tx, c interaction.Change) error {
	hooks, err := keptHooks.Get(tx, c.Controller)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		newID := id.NewAt(id.Event, tx.Now())
		tx.Data.Queue(sqlSentAdd, newID, hook, c.Controller, c.Interaction, c.Action, c.Agent, string(c.State), tx.Now().UnixMicro())
		if err := jobs.Insert(tx, jobs.Job{Kind: DeliverJob, Key: newID, Payload: payload{newID}, MaxAttempts: MaxAttempts}); err != nil {
			return err
		}
	}
	return nil
}

type payload struct {
	Delivery string `json:"delivery"`
}

// body is the event as it goes out: a CloudEvent of ids.
func (s *Service) body(d Delivery) ([]byte, error) {
	type data struct {
		Interaction string `json:"interaction"`
		Controller  string `json:"controller"`
		Agent       string `json:"agent,omitempty"`
		State       string `json:"state"`
	}
	return json.Marshal(struct {
		SpecVersion string    `json:"specversion"`
		ID          string    `json:"id"`
		Source      string    `json:"source"`
		Type        string    `json:"type"`
		Subject     string    `json:"subject"`
		Time        time.Time `json:"time"`
		ContentType string    `json:"datacontenttype"`
		Data        data      `json:"data"`
	}{"1.0", d.ID, s.o.Address, "amanah." + d.Action, d.Interaction, d.Created, "application/json", data{d.Interaction, d.Controller, d.Agent, d.Position}})
}

// Deliver is one attempt: the handler of DeliverJob.
func (s *Service) Deliver(ctx context.Context, run jobs.Run) error {
	var p payload
	if err := run.Decode(&p); err != nil {
		return err
	}
	var d Delivery
	var h Hook
	gone := false
	err := s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if d, err = one(tx, id.Event, sqlSent, p.Delivery, scanDelivery); err != nil {
			return err
		}
		h, err = one(tx, id.Hook, sqlHook, d.Hook, scanHook)
		gone = errs.KindOf(err) == errs.NotFound
		if gone {
			err = nil
		}
		return err
	})
	switch {
	case errs.KindOf(err) == errs.NotFound, err == nil && d.State != Queued:
		return nil // settled already: a job that runs twice changes nothing
	case err != nil:
		return err
	}
	var failed error = errGone
	if !gone {
		failed = s.send(ctx, h, d)
	}
	return s.settle(ctx, d, failed, run.Attempt >= MaxAttempts)
}

// send hands one event over.
func (s *Service) send(ctx context.Context, h Hook, d Delivery) error {
	body, err := s.body(d)
	if err != nil {
		return err
	}
	if err := s.o.Inspect(ctx, d.Controller, string(body)); errs.KindOf(err) == errs.Denied {
		return errHolds
	} else if err != nil {
		return err
	}
	now := s.o.DB.Now()
	keys, err := s.keys(h.ID, h.Generation, h.Previous, now)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Address, bytes.NewReader(body))
	if err != nil {
		return errAddress
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	r.Header.Set("User-Agent", "amanah")
	r.Header.Set(SignatureHeader, Sign(now, body, keys...))
	answer, err := s.client.Do(r)
	if errors.Is(err, errForbidden) {
		return errForbidden
	}
	if err != nil {
		return errReach // its text holds the address and what the other side said
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return nil
	case answer.StatusCode == http.StatusGone:
		return errGone
	}
	return errAnswer.With("status", answer.StatusCode)
}

// settle writes down how an attempt ended. It is tried again only when that may help.
func (s *Service) settle(ctx context.Context, d Delivery, failed error, last bool) error {
	state, reason := Sent, ""
	if failed != nil {
		e := errs.Of(failed)
		state, reason = Dead, e.Code
		if (e.Kind == errs.Unavailable || e.Kind == errs.Internal) && !last {
			state = Queued
		}
	}
	// Not the job's context: a server that is stopping still notes what it has sent.
	err := s.o.DB.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		tx.Data.Queue(sqlSentState, d.ID, string(state), reason, d.Attempts+1, tx.Now().UnixMicro())
		if state != Dead {
			return nil
		}
		_, err := s.o.Log.Append(tx, audit.Entry{Action: "telephony.dead", Decision: audit.Done, Reason: reason, Actor: s.o.Duty, Controller: d.Controller, Interaction: d.Interaction, Ref: d.ID})
		return err
	})
	switch {
	case err != nil:
		return err
	case state == Queued:
		return failed
	case state == Dead:
		return jobs.Fatal(failed)
	}
	return nil
}

// sees reports whether deliveries of a controller are the actor's business: an administrator
// looks after all, an API client with the scope `events` after those of its controllers.
func sees(a actor.Actor, controller string) bool {
	return runs(a) || a.Kind() == actor.Client && a.HasScope("events") && a.Serves(controller)
}

// Unsent lists the dead letters and those that failed and are tried again, the newest first.
func (s *Service) Unsent(ctx context.Context, a actor.Actor) (out []Delivery, err error) {
	if !runs(a) && !(a.Kind() == actor.Client && a.HasScope("events")) {
		return nil, errNotAllowed
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = many(tx, sqlUnsent, scanDelivery)
		return err
	})
	return slices.DeleteFunc(out, func(d Delivery) bool { return !sees(a, d.Controller) }), err
}

// Replay sends a dead letter again. One that is not the asker's to see is unknown.
func (s *Service) Replay(ctx context.Context, a actor.Actor, deliveryID string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := one(tx, id.Event, sqlSent, deliveryID, scanDelivery)
		if err == nil && !sees(a, d.Controller) {
			err = errUnknown
		}
		if err != nil {
			return err
		}
		if d.State != Dead {
			return errNotDead
		}
		tx.Data.Queue(sqlSentState, d.ID, string(Queued), "", int64(0), tx.Now().UnixMicro())
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "telephony.replay", Decision: audit.Done, Actor: a, Controller: d.Controller, Interaction: d.Interaction, Ref: d.ID}); err != nil {
			return err
		}
		return jobs.Insert(tx, jobs.Job{Kind: DeliverJob, Key: d.ID, Payload: payload{d.ID}, MaxAttempts: MaxAttempts})
	})
}

// Sweep forgets what arrived a week ago, and signatures that are too old to be replayed.
func (s *Service) Sweep(ctx context.Context) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		before := tx.Now().Add(-Kept).UnixMicro()
		tx.Data.Queue(sqlSeenPurge, before)
		tx.Data.Queue(sqlSentPurge, before)
		return nil
	})
}

// Sign is the header SignatureHeader of a body that is sent at a time, with one sum for each key.
func Sign(at time.Time, body []byte, keys ...[]byte) string {
	sig := signature{at: at}
	for _, key := range keys {
		sig.sums = append(sig.sums, hex.EncodeToString(keyring.Sum(key, signed(at, body))))
	}
	return sig.String()
}

// newClient makes the client of hooks: no proxy, no redirect, and a dialler that looks a
// host up once, refuses what is not public, and dials the very address it looked at.
func (s *Service) newClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: s.dial, DisableKeepAlives: true, TLSHandshakeTimeout: SendTimeout, ResponseHeaderTimeout: SendTimeout,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

func (s *Service) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	resolve, dial := s.o.Resolve, s.o.Dial
	if resolve == nil {
		resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	var found []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{a}
	} else if found, err = resolve(ctx, host); err != nil {
		return nil, err
	}
	if !s.allowed(host) && slices.ContainsFunc(found, func(a netip.Addr) bool { return !Public(a) }) {
		return nil, errForbidden
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return nil, errForbidden
	}
	var failed error = errReach
	for _, a := range found[:min(len(found), 4)] {
		c, err := dial(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return c, nil
		}
		failed = err
	}
	return nil, failed
}

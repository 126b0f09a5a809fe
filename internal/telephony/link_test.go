package telephony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// script is an exchange that gives one session after another; a nil session is an error.
type script struct {
	sessions []*session
	errs     []error
	opened   int
	end      func()
}

func (x *script) Open(ctx context.Context) (pbx.Session, error) {
	if x.opened == len(x.sessions) {
		x.end()
		return nil, ctx.Err()
	}
	x.opened++
	if s := x.sessions[x.opened-1]; s != nil {
		return s, nil
	}
	return nil, x.errs[x.opened-1]
}

type session struct {
	docs   []pbx.Document
	closed bool
}

func (s *session) Version() string { return "Asterisk Call Manager/9.0.0" }

func (s *session) Next(ctx context.Context) (pbx.Document, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(s.docs) == 0 {
		return nil, errs.New(errs.Unavailable, "pbx.closed")
	}
	d := s.docs[0]
	s.docs = s.docs[1:]
	return d, nil
}

func (s *session) Close() error { s.closed = true; return nil }

func joins(n string) pbx.Document {
	return pbx.Document{"Event": "QueueCallerJoin", "Linkedid": n, "Uniqueid": n, "Queue": "kartu", "CallerIDNum": "0899"}
}

func oneRoom(t *testing.T) *room {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	return newRoom(t, dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return now }}, Schema(), jobs.Schema()), nil)
}

func TestAConnectionIsKeptWithLongerAndLongerPausesAndDoubtsWhatItDidNotHear(t *testing.T) {
	r := oneRoom(t)
	ctx, cancel := context.WithCancel(t.Context())
	away, login := errs.New(errs.Unavailable, "pbx.unreachable"), errs.New(errs.Denied, "pbx.login")
	first, second := &session{docs: []pbx.Document{joins("1"), {"Event": "Newstate"}, {"Event": "Hold"}, joins("2")}}, &session{docs: []pbx.Document{joins("3")}}
	x := &script{
		sessions: []*session{nil, nil, nil, first, nil, nil, second},
		errs:     []error{away, away, away, nil, login, away, nil},
		end:      cancel,
	}
	var waits []time.Duration
	var states []string
	s := r.Service
	s.Follow(ctx, Connection{Name: "ami", Address: "pbx:5038", Mapping: "asterisk-ami", Controller: toko, Exchange: x}, func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		l := s.Links()[0]
		states = append(states, string(l.State)+" "+l.Reason)
		return ctx.Err()
	})
	if !slices.Equal(waits, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, time.Second, time.Minute, 2 * time.Second, time.Second}) {
		t.Errorf("%v", waits)
	}
	if want := []string{"waiting pbx.unreachable", "waiting pbx.unreachable", "waiting pbx.unreachable", "waiting pbx.closed", "down pbx.login", "waiting pbx.unreachable", "waiting pbx.closed"}; !slices.Equal(states, want) {
		t.Errorf("%v", states)
	}
	var contacts []string
	for i, e := range r.intake.events {
		contacts = append(contacts, e.Contact)
		if i > 0 && e.Sequence <= r.intake.events[i-1].Sequence {
			t.Errorf("%d does not come after %d", e.Sequence, r.intake.events[i-1].Sequence)
		}
	}
	if !slices.Equal(contacts, []string{"1", "2", "3"}) || !slices.Equal(r.intake.doubts, []string{toko, toko}) || !first.closed || !second.closed {
		t.Errorf("%v, doubts %v", contacts, r.intake.doubts)
	}
	if len(s.Links()) != 0 {
		t.Errorf("a connection that has ended is still shown: %+v", s.Links())
	}
}

func TestAnEventWaitsWhileTheHouseCannotTakeItAndNothingOvertakes(t *testing.T) {
	r := oneRoom(t)
	ctx, cancel := context.WithCancel(t.Context())
	x := &script{sessions: []*session{{docs: []pbx.Document{joins("1"), joins("2")}}}, end: cancel}
	r.intake.broken = errs.New(errs.Unavailable, "db.gone")
	waits := 0
	r.Follow(ctx, Connection{Name: "ami", Mapping: "asterisk-ami", Controller: toko, Exchange: x}, func(context.Context, time.Duration) error {
		if waits++; waits == 3 {
			r.intake.mu.Lock()
			r.intake.broken = nil
			r.intake.mu.Unlock()
		}
		return nil
	})
	if len(r.intake.events) != 2 || r.intake.events[0].Contact != "1" || waits != 4 {
		t.Errorf("%d events after %d waits", len(r.intake.events), waits)
	}
	// One that will never be taken does not hold up the others.
	r.intake.broken = errs.New(errs.Invalid, "interaction.opening_malformed")
	ctx, cancel = context.WithCancel(t.Context())
	x = &script{sessions: []*session{{docs: []pbx.Document{joins("3")}}}, end: cancel}
	r.Follow(ctx, Connection{Name: "ami", Mapping: "asterisk-ami", Controller: toko, Exchange: x}, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
	if x.opened != 1 {
		t.Errorf("opened %d times", x.opened)
	}
	// A server that stops while an event waits stops.
	r.intake.broken = errs.New(errs.Unavailable, "db.gone")
	ctx, cancel = context.WithCancel(t.Context())
	x = &script{sessions: []*session{{docs: []pbx.Document{joins("4")}}}, end: cancel}
	r.Follow(ctx, Connection{Name: "ami", Mapping: "asterisk-ami", Controller: toko, Exchange: x}, func(context.Context, time.Duration) error { cancel(); return context.Canceled })
	r.Follow(ctx, Connection{Name: "ami", Mapping: "none", Controller: toko, Exchange: x}, nil)
	if l := r.Links(); len(l) != 1 || l[0].State != LinkDown || l[0].Reason != "telephony.mapping_unknown" {
		t.Errorf("%+v", l)
	}
}

func TestBackoff(t *testing.T) {
	var got []time.Duration
	for n := range 9 {
		got = append(got, Backoff(n, true)/time.Second)
	}
	if !slices.Equal(got, []time.Duration{1, 1, 2, 4, 8, 16, 32, 60, 60}) || Backoff(1, false) != time.Minute {
		t.Errorf("%v", got)
	}
}

func TestACheckSaysStepByStepWhatIsRight(t *testing.T) {
	l := library(t)
	over, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		s     *session
		err   error
		limit context.Context
		m     string
		want  string
		ok    bool
	}{
		"all is well":            {s: &session{docs: []pbx.Document{{"Event": "Newstate"}, joins("1")}}, want: "connect good, event good, mapping good contact.offered", ok: true},
		"nobody calls":           {s: &session{}, limit: over, want: "connect good, event none, mapping none", ok: true},
		"a bad password":         {err: errs.New(errs.Denied, "pbx.login"), want: "connect bad pbx.login"},
		"hangs up":               {s: &session{}, want: "connect good, event bad pbx.closed"},
		"no such mapping":        {s: &session{}, m: "none", want: "connect good, mapping bad telephony.mapping_unknown"},
		"what the mapping lacks": {s: &session{docs: []pbx.Document{{"Event": "Hold"}}}, want: "connect good, event good, mapping bad telephony.document"},
	} {
		limit := c.limit
		if limit == nil {
			limit = t.Context()
		}
		mapping := c.m
		if mapping == "" {
			mapping = "asterisk-ami"
		}
		x := &script{sessions: []*session{c.s}, errs: []error{c.err}}
		got := Check(t.Context(), limit, l, Connection{Name: "ami", Mapping: mapping, Exchange: x}, false)
		var steps []string
		for _, s := range got.Steps {
			steps = append(steps, strings.TrimSpace(strings.Join(strings.Fields(s.Name+" "+s.Result+" "+s.Code+" "+s.Kind), " ")))
		}
		if strings.Join(steps, ", ") != c.want || got.OK != c.ok || c.s != nil && (got.Version == "" || !c.s.closed) {
			t.Errorf("%s: %v %v", name, steps, got)
		}
	}
}

// tape is a recorder that answers with errs in their order.
type tape struct {
	errs []error
	told []string
}

func (r *tape) Mute(_ context.Context, channel string, mute bool) (err error) {
	r.told = append(r.told, fmt.Sprint(channel, " ", mute))
	if len(r.errs) > 0 {
		err, r.errs = r.errs[0], r.errs[1:]
	}
	return err
}

func TestACheckPausesARecordingAndHasItGoOnWhateverItSaid(t *testing.T) {
	l := library(t)
	over, end := context.WithCancel(t.Context())
	end()
	answered := pbx.Document{"Event": "AgentConnect", "Linkedid": "7.1", "Uniqueid": "7.1"}
	for name, c := range map[string]struct {
		r     *tape
		limit context.Context
		docs  []pbx.Document
		want  string
		ok    bool
	}{
		"all is well":       {r: &tape{}, docs: []pbx.Document{joins("1"), answered}, want: "pause good, resume good", ok: true},
		"it refuses":        {r: &tape{errs: []error{errs.New(errs.Denied, "pbx.refused")}}, docs: []pbx.Document{answered}, want: "pause bad pbx.refused, resume good"},
		"it does not go on": {r: &tape{errs: []error{nil, errs.New(errs.Unavailable, "pbx.unanswered")}}, docs: []pbx.Document{answered}, want: "pause good, resume bad pbx.unanswered"},
		"not set up":        {docs: []pbx.Document{answered}, want: "pause bad telephony.no_recorder, resume bad telephony.no_recorder"},
		"nobody answers":    {r: &tape{}, limit: over, want: "pause none", ok: true},
	} {
		limit := c.limit
		if limit == nil {
			limit = t.Context()
		}
		x := Connection{Name: "ami", Mapping: "asterisk-ami", Exchange: &script{sessions: []*session{{docs: c.docs}}, errs: []error{nil}}}
		if c.r != nil {
			x.Recorder = c.r
		}
		got := Check(t.Context(), limit, l, x, true)
		var steps []string
		for _, s := range got.Steps {
			if s.Name == "pause" || s.Name == "resume" {
				steps = append(steps, strings.TrimSpace(s.Name+" "+s.Result+" "+s.Code))
			}
		}
		if strings.Join(steps, ", ") != c.want || got.OK != c.ok {
			t.Errorf("%s: %v %v", name, steps, got.OK)
		}
		if c.r != nil && c.limit == nil && strings.Join(c.r.told, ", ") != "7.1 true, 7.1 false" {
			t.Errorf("%s: %v", name, c.r.told)
		}
	}
}

func TestAConnectionThatCannotDoubtIsTriedAgain(t *testing.T) {
	r := oneRoom(t)
	ctx, cancel := context.WithCancel(t.Context())
	x := &script{sessions: []*session{{docs: []pbx.Document{joins("1")}}}, end: cancel}
	broken := &doubtless{intake: r.intake}
	r.o.Intake = broken
	r.Follow(ctx, Connection{Name: "ami", Mapping: "asterisk-ami", Controller: toko, Exchange: x}, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
	if len(r.intake.events) != 0 || broken.asked != 1 {
		t.Errorf("%d events without a doubt", len(r.intake.events))
	}
}

type doubtless struct {
	*intake
	asked int
}

func (d *doubtless) Doubt(context.Context, actor.Actor, string) (int, error) {
	d.asked++
	return 0, errors.New("broken")
}

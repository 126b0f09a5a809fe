package recorder

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

const (
	ctl = "ctl_00000000000000000000000001"
	sub = "sub_0000000000000000000000000a"
	pur = "pur_00000000000000000000000001"
)

// keys is a keyring for tests, whose hashes are the values themselves.
type keys struct{}

func (keys) MAC(name string, value []byte) []byte                { return []byte(name + string(value)) }
func (keys) Token(string, []byte, time.Time) string              { return "token" }
func (keys) OpenToken(string, string, time.Time) ([]byte, error) { return nil, errors.New("no") }
func (keys) NewChild(*db.Tx, string, string) error               { return nil }

// journal is a log for tests: what was appended and committed.
type journal struct {
	mu      sync.Mutex
	entries []audit.Entry
}

func (j *journal) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	tx.AfterCommit(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.entries = append(j.entries, e)
	})
	return &audit.Pending{}, nil
}

// take are the entries since it was called last.
func (j *journal) take() (out []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		out = append(out, strings.TrimSpace(e.Action+" "+string(e.Decision)+" "+e.Reason))
	}
	j.entries = nil
	return out
}

// machine plays the recorder of a call.
type machine struct {
	paused bool
	// next is what it does with the next requests, in their order; then it acknowledges.
	next []deed
	late []bool // what it was asked and does later than anybody waits
	told []string
	seen func() // while it is asked
}

// deed is what a recorder does with one request.
type deed string

const (
	acknowledges deed = "acknowledges"
	refuses      deed = "refuses"
	isSilent     deed = "is silent" // and does nothing
	doesSilently deed = "does it silently"
	doesLater    deed = "does it later"
	isAway       deed = "is away"
	callGone     deed = "has no such call"
)

func (m *machine) ask(pause bool, t Target) error {
	m.told = append(m.told, map[bool]string{true: "pause ", false: "resume "}[pause]+t.Contact)
	d := acknowledges
	if len(m.next) > 0 {
		d, m.next = m.next[0], m.next[1:]
	}
	if m.seen != nil {
		m.seen()
	}
	switch d {
	case refuses:
		return errs.New(errs.Denied, "pbx.refused")
	case isAway:
		return errs.New(errs.Unavailable, "pbx.unreachable")
	case callGone:
		return errs.New(errs.NotFound, "pbx.no_channel")
	case isSilent:
		return errs.New(errs.Unavailable, "pbx.unanswered")
	case doesLater:
		m.late = append(m.late, pause)
		return errs.New(errs.Unavailable, "pbx.unanswered")
	}
	m.paused = pause
	if d == doesSilently {
		return errs.New(errs.Unavailable, "pbx.unanswered")
	}
	return nil
}

func (m *machine) catchUp() {
	for _, pause := range m.late {
		m.paused = pause
	}
	m.late = nil
}

func (m *machine) Pause(_ context.Context, t Target) error  { return m.ask(true, t) }
func (m *machine) Resume(_ context.Context, t Target) error { return m.ask(false, t) }

type house struct {
	*Service
	t     *testing.T
	db    *db.DB
	now   time.Time
	log   *journal
	calls *interaction.Service
	agent actor.Actor
	duty  actor.Actor
	m     *machine
	n     int64
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) refused(err error, code string) {
	h.t.Helper()
	if errs.CodeOf(err) != code {
		h.t.Fatalf("got %v, want %s", err, code)
	}
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	run := func(t *testing.T, o db.Options) {
		h := &house{t: t, now: time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC), log: &journal{}, m: &machine{}}
		o.Clock = func() time.Time { return h.now }
		h.db = dbtest.OpenWith(t, o, interaction.Schema(), Schema(), jobs.Schema())
		h.build(Exchange)
		test(t, h)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

// build starts the rooms, as a program does that was stopped at any moment.
func (h *house) build(use Use) {
	h.agent = actor.NewStaff(fmt.Sprintf("stf_%026d", 1), actor.Agent, fmt.Sprintf("ses_%026d", 1), []string{ctl}, h.now)
	h.duty = actor.NewDuty(Duty)
	seal := interaction.StaffSeal{
		Seal: func(table, column, row string, plain []byte) ([]byte, error) {
			return []byte(table + column + row + base64.StdEncoding.EncodeToString(plain)), nil
		},
		Open: func(table, column, row string, sealed []byte) ([]byte, error) {
			return base64.StdEncoding.DecodeString(strings.TrimPrefix(string(sealed), table+column+row))
		},
	}
	var err error
	h.calls, err = interaction.New(interaction.Options{DB: h.db, Log: h.log, Keys: keys{}, Seal: seal,
		Purpose: func(_ *db.Tx, p string) (purpose.Purpose, error) {
			return purpose.Purpose{ID: p, Controller: ctl, Status: purpose.Active}, nil
		},
		Subject: func(*db.Tx, string) (string, bool, error) { return ctl, true, nil },
		Staff: func(*db.Tx, string) (interaction.Colleague, error) {
			return interaction.Colleague{Active: true, Controllers: []string{ctl}}, nil
		},
		ByHand: 1 << 20, Duty: actor.NewDuty("interaction_sweep")})
	h.must(err)
	h.Service = New(Options{DB: h.db, Log: h.log, Interactions: h.calls, Seal: seal, Use: use, Duty: h.duty,
		Of: func(line string) Recorder {
			if line == "link/ami" {
				return h.m
			}
			return nil
		},
		Within: func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }})
	h.calls.SetAnnounce(h.Follow)
	h.calls.SetLeg(h.Took)
}

// event is news of an exchange.
func (h *house) event(kind interaction.EventKind, contact string) string {
	h.t.Helper()
	h.n++
	r, err := h.calls.Relay(context.Background(), actor.NewDuty(interaction.RelayDuty), interaction.Line{Name: "link/ami", Controllers: []string{ctl}},
		interaction.Event{Source: "asterisk-ami", ID: fmt.Sprint(h.n), Sequence: h.n, Loose: true, Kind: kind, Contact: contact,
			Data: interaction.Data{Controller: ctl}})
	h.must(err)
	return r.Interaction
}

// late is news that overtook something.
func (h *house) late(kind interaction.EventKind, contact string) {
	h.t.Helper()
	h.n++
	_, err := h.calls.Relay(context.Background(), actor.NewDuty(interaction.RelayDuty), interaction.Line{Name: "link/ami", Controllers: []string{ctl}},
		interaction.Event{Source: "asterisk-ami", ID: fmt.Sprint("late ", h.n), Sequence: 0, Loose: true, Kind: kind, Contact: contact, Data: interaction.Data{Controller: ctl}})
	h.must(err)
}

// serving is a call of the exchange in which the agent serves a customer.
func (h *house) serving(contact string) string {
	h.t.Helper()
	ctx := context.Background()
	itx := h.event(interaction.ContactOffered, contact)
	h.must(h.calls.Accept(ctx, h.agent, itx))
	h.serve(itx)
	return itx
}

func (h *house) serve(itx string) {
	h.t.Helper()
	ctx := context.Background()
	h.must(h.calls.ChoosePurpose(ctx, h.agent, itx, pur, ""))
	h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.calls.Bind(tx, h.agent, itx, sub, "number") }))
	h.must(h.calls.Move(ctx, h.agent, itx, interaction.Serve))
	h.log.take()
}

func (h *house) wish(itx, field string) Wish {
	return Wish{Interaction: itx, Field: field, Allow: func(tx *db.Tx) (About, *errs.E, error) {
		f, err := h.calls.Facts(tx, itx)
		if err == nil && !f.Live(tx.Now()) {
			return About{}, errs.New(errs.Denied, "gate.not_serving"), nil
		}
		return About{Controller: ctl, Subject: sub}, nil, err
	}}
}

func (h *house) begin(itx string) (Span, error) {
	return h.Begin(context.Background(), h.agent, h.wish(itx, "nik"))
}

func (h *house) state(itx string) (s interaction.State) {
	h.t.Helper()
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
		f, err := h.calls.Facts(tx, itx)
		s = f.State
		return err
	}))
	return s
}

func (h *house) spans(itx string) (out []Span) {
	h.t.Helper()
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) (err error) {
		out, err = h.Spans(tx, itx)
		return err
	}))
	return out
}

// last is the newest span of a contact.
func (h *house) last(itx string) Span {
	h.t.Helper()
	all := h.spans(itx)
	if len(all) == 0 {
		h.t.Fatal("no span")
	}
	return all[len(all)-1]
}

// work does what jobs would do at once.
func (h *house) work(itx string) {
	h.t.Helper()
	for _, sp := range h.spans(itx) {
		h.must(h.Resume(context.Background(), sp.ID))
	}
}

// after lets a time pass, and has every span looked at whose time has come.
func (h *house) after(d time.Duration) {
	h.t.Helper()
	h.now = h.now.Add(d)
	h.must(h.Sweep(context.Background()))
}

// capturesStill expects that no word for a capture before has ended this one.
func (h *house) capturesStill(itx string) {
	h.t.Helper()
	if !h.m.paused || h.state(itx) != interaction.Capture {
		h.t.Error("a word for the capture before has ended this one")
	}
}

// recordsAgain expects that the recorder records again and that nothing is owed to the last span.
func (h *house) recordsAgain(itx string) {
	h.t.Helper()
	if h.m.paused || h.last(itx).State != Closed {
		h.t.Errorf("paused %v, %s", h.m.paused, h.last(itx).State)
	}
}

func (h *house) beat(itx string) { _ = h.calls.Heartbeat(context.Background(), h.agent, itx) }

func (h *house) entries(want ...string) {
	h.t.Helper()
	if got := h.log.take(); !slices.Equal(got, want) {
		h.t.Errorf("the log says\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// owes are the jobs that wait.
func (h *house) owes(kind string) (n int) {
	h.t.Helper()
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
		return tx.Data.Row(`select count(*) from jobs_job where kind = $1`, kind).Scan(&n)
	}))
	return n
}

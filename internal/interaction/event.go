package interaction

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// MaxEvent is the largest event in bytes, MaxBatch the largest batch, and MostEvents how
// many a batch may hold.
const (
	MaxEvent   = 64 << 10
	MaxBatch   = 1 << 20
	MostEvents = 100
)

// Event is a CloudEvent 1.0 about a contact. The source's `sequence` extension counts the
// events of one contact; it is a decimal number. What the event does not say is zero.
type Event struct {
	Source   string
	ID       string
	Sequence int64
	Loose    bool // see Heard
	Kind     EventKind
	Contact  string // the source's own id of the contact
	Data     Data
}

// Data is the event's data. Members that are not named here are ignored, as the
// specification asks of consumers.
type Data struct {
	Controller string   `json:"controller"`
	Channel    string   `json:"channel"`
	Direction  string   `json:"direction"`
	Queue      string   `json:"queue"`
	Language   string   `json:"language"`
	Case       string   `json:"case"`
	From       string   `json:"from"`  // the caller's number: personal data, used once and thrown away
	Agent      string   `json:"agent"` // staff id; empty when the source does not know our staff
	Contact    string   `json:"contact"`
	Risks      []string `json:"risks"`
}

// envelope is the structured mode (application/cloudevents+json).
type envelope struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Sequence    json.RawMessage `json:"sequence"`
	Data        json.RawMessage `json:"data"`
}

// ParseEvent reads an event of the HTTP binding: in binary mode when there is a
// Ce-Specversion header, else in structured mode. An error never quotes what was read.
func ParseEvent(h http.Header, body []byte) (Event, error) {
	if len(body) > MaxEvent {
		return Event{}, errEventLarge
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/json" && media != "application/cloudevents+json" {
		return Event{}, errEvent
	}
	var e envelope
	if h.Get("Ce-Specversion") != "" {
		e = envelope{
			SpecVersion: h.Get("Ce-Specversion"), ID: h.Get("Ce-Id"), Source: h.Get("Ce-Source"), Type: h.Get("Ce-Type"),
			Subject: h.Get("Ce-Subject"), Sequence: json.RawMessage(strconv.Quote(h.Get("Ce-Sequence"))), Data: body,
		}
	} else if err := decode(body, &e); err != nil {
		return Event{}, err
	}
	return e.event()
}

// IsBatch reports whether a body is a batch of events (application/cloudevents-batch+json).
func IsBatch(body []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) }

// ParseBatch reads a batch. One event that is malformed makes the whole malformed, before
// any is taken.
func ParseBatch(body []byte) ([]Event, error) {
	var raw []json.RawMessage
	if len(body) > MaxBatch {
		return nil, errEventLarge
	}
	if err := decode(body, &raw); err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw) > MostEvents {
		return nil, errBatch.With("most", MostEvents)
	}
	out := make([]Event, len(raw))
	for i, one := range raw {
		if len(one) > MaxEvent {
			return nil, errEventLarge
		}
		var e envelope
		err := decode(one, &e)
		if err == nil {
			out[i], err = e.event()
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// event makes what the room takes of an envelope.
func (e envelope) event() (Event, error) {
	out := Event{Source: e.Source, ID: e.ID, Kind: EventKind(e.Type), Contact: e.Subject}
	sequence := strings.Trim(string(e.Sequence), `"`)
	var err error
	out.Sequence, err = strconv.ParseInt(sequence, 10, 64)
	if err != nil || e.SpecVersion != "1.0" {
		return Event{}, errEvent
	}
	if len(e.Data) > 0 && !bytes.Equal(e.Data, []byte("null")) {
		if err := decode(e.Data, &out.Data); err != nil {
			return Event{}, err
		}
	}
	if out.Contact == "" {
		out.Contact = out.Data.Contact
	}
	return out, out.Check()
}

// Check refuses an event without a name for everything that tells it from others.
func (e Event) Check() error {
	for _, s := range []string{e.Source, e.ID, e.Contact, string(e.Kind)} {
		if s == "" || len(s) > 256 {
			return errEvent
		}
	}
	if e.Sequence < 0 || e.Sequence > 1<<53 {
		return errEvent
	}
	return nil
}

// decode reads exactly one JSON value. encoding/json refuses nesting deeper than 10,000
// by itself; a body of at most MaxEvent cannot hurt.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(into); err != nil {
		return errEvent // not the cause: it may quote what it choked on
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errEvent
	}
	return nil
}

// Received says what became of an event.
type Received struct {
	Interaction string
	Outcome     string // applied, lowered, duplicate, ignored
}

// Outcomes of an event.
const (
	Applied   = "applied"   // the contact moved
	Lowered   = "lowered"   // something was late or missing: what was verified counts for nothing now
	Duplicate = "duplicate" // seen before, by source and id
	Ignored   = "ignored"   // nothing to do
)

// Line is where an event came in: the name that keeps two exchanges apart that call
// themselves by the same, and the controllers whose contacts it may speak of.
type Line struct {
	Name        string
	Controllers []string
}

// RelayDuty is the machine's own part: events that package telephony took in for a line
// which the operator has set up.
const RelayDuty = "telephony"

// Receive takes one event of an API client with the scope `events`. It is idempotent by
// source and id; see Contact.Apply for what late, lost and reordered events may do.
func (s *Service) Receive(ctx context.Context, a actor.Actor, e Event) (Received, error) {
	if a.Kind() != actor.Client || !a.HasScope("events") {
		return Received{}, errNotAllowed
	}
	return s.receive(ctx, a, Line{Name: a.ClientID(), Controllers: a.Controllers()}, e)
}

// Relay takes one event that came in on a line: for the duty RelayDuty.
func (s *Service) Relay(ctx context.Context, a actor.Actor, from Line, e Event) (Received, error) {
	if a.Kind() != actor.Duty || a.ID() != RelayDuty {
		return Received{}, errNotAllowed
	}
	return s.receive(ctx, a, from, e)
}

func (s *Service) receive(ctx context.Context, a actor.Actor, from Line, e Event) (r Received, err error) {
	// Ids of exchanges like to contain telephone numbers (SIP addresses, chat names), so
	// they are kept as keyed hashes.
	source := from.Name + "\x00" + e.Source + "\x00"
	event := s.o.Keys.MAC("interaction/event", []byte(source+e.ID))
	contactMAC := s.o.Keys.MAC("interaction/source", []byte(source+e.Contact))
	agent := ""
	if id.Is(id.Staff, e.Data.Agent) {
		agent = e.Data.Agent // any other word may be somebody's name
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		r = Received{}
		var outcome string
		err := tx.Data.Row(sqlEvent, event).Scan(&r.Interaction, &outcome)
		if err == nil {
			r.Outcome = Duplicate
			return nil
		}
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		r, err = s.apply(tx, a, from, e, contactMAC)
		if err != nil {
			return err
		}
		tx.Data.Queue(sqlEventAdd, event, r.Interaction, kindWord(e.Kind), e.Sequence, r.Outcome, tx.Now().UnixMicro(), contactMAC, agent, e.Loose)
		return nil
	})
	return r, err
}

// kindWord keeps foreign kinds out of the table: they are text from outside.
func kindWord(k EventKind) string {
	switch k {
	case ContactOffered, ContactConnected, ContactHeld, ContactResumed, ContactTransferred, ContactEnded, ContactWrapup, ContactDoubt:
		return string(k)
	}
	return "other"
}

// heard reads the events of a contact that were taken before.
func (s *Service) heard(tx *db.Tx, source []byte, controller string) ([]Heard, error) {
	var out []Heard
	err := tx.Data.Rows(sqlHeard, []any{source}, func(r db.Row) error {
		var h Heard
		var kind string
		err := r.Scan(&kind, &h.Sequence, &h.Agent, &h.Loose)
		h.Kind = EventKind(kind)
		out = append(out, h)
		return err
	})
	for i := range out {
		if err == nil {
			out[i].Agent, err = s.agent(tx, out[i].Agent, controller)
		}
	}
	return out, err
}

func (s *Service) apply(tx *db.Tx, a actor.Actor, from Line, e Event, source []byte) (Received, error) {
	c, err := scan(tx.Data.Row(sqlBySource, source))
	if errors.Is(err, db.ErrNoRows) {
		return s.first(tx, a, from, e, source)
	}
	if err != nil {
		return Received{}, err
	}
	if !slices.Contains(from.Controllers, c.controller) {
		return Received{}, errController
	}
	agent, err := s.agent(tx, e.Data.Agent, c.controller)
	if err != nil {
		return Received{}, err
	}
	h := Heard{Kind: e.Kind, Sequence: e.Sequence, Agent: agent, Loose: e.Loose}
	var earlier []Heard
	if c.Settles(h) {
		if earlier, err = s.heard(tx, source, c.controller); err != nil {
			return Received{}, err
		}
	}
	before := c.Position
	inOrder := c.follows(h)
	next, effect := c.Contact.Listen(earlier, h)
	if e.Kind == ContactOffered && c.match == "" && !c.State.Ended() && c.State != Wrapup {
		if err := s.fill(tx, c, e); err != nil {
			return Received{}, err
		}
	}
	r := Received{Interaction: c.id, Outcome: Ignored}
	// Telephony says, in order, what the agent has said before: the call goes to this
	// colleague. Then the signed hand-over stands, and the colleague takes it by hand.
	handed := inOrder && before.State == Held && c.to != "" &&
		(e.Kind == ContactTransferred || e.Kind == ContactConnected && agent == c.to)
	if handed {
		effect.Void, next.Position = false, before
	}
	s.settle(tx, c, next, effect, handed)
	for _, risk := range e.Data.Risks {
		c.addRisk(risk)
	}
	switch {
	case effect.Applied:
		r.Outcome = Applied
	case effect.Void:
		r.Outcome = Lowered
	}
	update(tx, c)
	if !effect.Applied && !effect.Void {
		return r, nil
	}
	reason := ""
	if effect.Void {
		reason = "interaction.level_void"
	}
	if effect.Applied && c.Agent != "" && before.State == Offered {
		if err := s.closeOthers(tx, a, c); err != nil {
			return r, err
		}
	}
	return r, s.record(tx, a, c, "interaction.event."+strings.TrimPrefix(kindWord(e.Kind), "contact."), reason)
}

// fill takes from an offer that came late what only an offer says: the caller's number.
func (s *Service) fill(tx *db.Tx, c *contact, e Event) error {
	number := digits(e.Data.From)
	if number == "" || len(e.Data.From) > 64 {
		return nil
	}
	if err := s.ring(tx, c, e.Data.From, number); err != nil {
		return err
	}
	tx.Data.Queue(sqlMatch, c.id, c.match)
	return nil
}

// first makes the contact that an event speaks of for the first time. Only an offer says
// enough; after any other first event something was lost or is late, so the contact rings
// until that is known or a person takes it. An end alone leaves nothing to do; it is
// remembered for the offer that comes after it.
func (s *Service) first(tx *db.Tx, a actor.Actor, from Line, e Event, source []byte) (Received, error) {
	o := Opening{
		Controller: e.Data.Controller, Channel: Channel(e.Data.Channel), Direction: Direction(e.Data.Direction),
		Queue: e.Data.Queue, Language: e.Data.Language, Case: e.Data.Case, Number: e.Data.From,
	}
	switch e.Kind {
	case ContactOffered, ContactConnected, ContactHeld, ContactResumed, ContactTransferred:
	default:
		return Received{Outcome: Ignored}, nil
	}
	if o.Controller == "" && len(from.Controllers) == 1 {
		o.Controller = from.Controllers[0]
	}
	if o.Channel == "" {
		o.Channel = Phone
	}
	if o.Direction == "" {
		o.Direction = Inbound
	}
	if err := o.check(); err != nil {
		return Received{}, err
	}
	if !slices.Contains(from.Controllers, o.Controller) {
		return Received{}, errController
	}
	agent, err := s.agent(tx, e.Data.Agent, o.Controller)
	if err != nil {
		return Received{}, err
	}
	earlier, err := s.heard(tx, source, o.Controller)
	if err != nil {
		return Received{}, err
	}
	c, err := s.create(tx, a, id.NewAt(id.Interaction, tx.Now()), o, source)
	if err != nil {
		return Received{}, err
	}
	if err := s.heardOf(tx, c, Leg{from.Name, e.Contact}); err != nil {
		return Received{}, err
	}
	for _, risk := range e.Data.Risks {
		c.addRisk(risk)
	}
	next, last := Begin(append(earlier, Heard{Kind: e.Kind, Sequence: e.Sequence, Agent: agent, Loose: e.Loose}))
	if next.Position == c.Position && next.Agent == "" {
		c.Contact = next
		update(tx, c)
		return Received{Interaction: c.id, Outcome: Applied}, nil
	}
	s.settle(tx, c, next, Effect{Applied: true}, false)
	update(tx, c)
	if c.Agent != "" {
		if err := s.closeOthers(tx, a, c); err != nil {
			return Received{}, err
		}
	}
	return Received{Interaction: c.id, Outcome: Applied}, s.record(tx, a, c, "interaction.event."+strings.TrimPrefix(kindWord(last), "contact."), "")
}

// Begin is a contact as the events heard of it so far leave it, the first that makes one
// among them, and the kind of the last that counts.
func Begin(heard []Heard) (Contact, EventKind) {
	to, whole := Replay(heard)
	last := heard[0]
	over := false
	for _, h := range heard {
		if h.Sequence >= last.Sequence {
			last = h
		}
		over = over || h.Kind == ContactEnded || h.Kind == ContactWrapup
	}
	if whole {
		return to, last.Kind
	}
	c := Contact{Position: Position{State: Offered}, LastSequence: unoffered}
	if slices.ContainsFunc(heard, func(h Heard) bool { return h.Kind == ContactOffered }) {
		c.LastSequence = last.Sequence
	}
	if over {
		c.Position = mustNext(c.Position, Disconnect)
		return c, ContactEnded
	}
	return c, ContactOffered
}

// addRisk takes a risk that is known; others are no words of ours.
func (c *contact) addRisk(risk string) {
	for _, known := range c.risks {
		if known == risk {
			return
		}
	}
	for _, known := range Risks() {
		if known == risk {
			c.risks = append(c.risks, risk)
		}
	}
}

// agent checks the member of staff an event names. One that is unknown, disabled or not
// of this controller is nobody: the contact is then taken by hand.
func (s *Service) agent(tx *db.Tx, staff, controller string) (string, error) {
	if !id.Is(id.Staff, staff) {
		return "", nil
	}
	c, err := s.o.Staff(tx, staff)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, own := range c.Controllers {
		if c.Active && own == controller {
			return staff, nil
		}
	}
	return "", nil
}

// settle brings what Apply decided into the row, with the clocks that hang on it.
func (s *Service) settle(tx *db.Tx, c *contact, next Contact, effect Effect, handed bool) {
	now := tx.Now()
	from := c.State
	longHold := from == Held && next.State != Held && now.Sub(c.held) > HoldLimit
	if next.Agent != c.Agent {
		c.beat = time.Time{}
		if !handed {
			c.to, c.token = "", ""
		}
	}
	c.Contact = next
	switch {
	case from != Held && next.State == Held:
		c.held = now
	case from == Held && next.State != Held:
		c.held, c.to, c.token = time.Time{}, "", ""
	}
	if longHold && (c.State == Serving || c.State == Verifying) {
		c.State = Identified
	}
	if effect.Void || longHold {
		c.since = now
	}
	if effect.Void && c.State == Capture { // what was proved counts for nothing, so nothing may be collected
		c.Position = mustNext(c.Position, StopCapture)
	}
	if effect.Applied {
		c.changed = now
	}
	if c.State.Ended() {
		c.ended, c.number, c.candidates, c.token = now, nil, nil, ""
	} else {
		c.ended = time.Time{} // it was given up too early
	}
}

// Doubt says that a line lost sight of a controller's contacts for a while: a hold, another
// person or an end may have gone unheard. What was verified on those that telephony began
// counts for nothing from now on. It returns how many it lowered.
func (s *Service) Doubt(ctx context.Context, a actor.Actor, controller string) (lowered int, err error) {
	if a.Kind() != actor.Duty || a.ID() != RelayDuty {
		return 0, errNotAllowed
	}
	var open []*contact
	err = s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		open, err = many(tx, sqlByController, controller)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, one := range open {
		doubtful := false
		err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
			c, err := byID(tx, one.id)
			if err != nil {
				return err
			}
			doubtful = !c.claimed && c.channel == Phone && c.State.OnLine()
			if !doubtful {
				return nil
			}
			c.since = tx.Now()
			s.step(tx, c, StopCapture) // where there is none nothing changes
			update(tx, c)
			return s.record(tx, a, c, "interaction.event.doubt", "interaction.level_void")
		})
		if err != nil {
			return lowered, err
		}
		if doubtful {
			lowered++
		}
	}
	return lowered, nil
}

// Sweep ends what was forgotten: a ring nobody took, a contact whose desk fell silent for
// HeartbeatLost, a wrap-up left open. It also deletes hashes whose day is over. It is run
// by a schedule every 15 seconds, and returns how many contacts it moved.
func (s *Service) Sweep(ctx context.Context) (moved int, err error) {
	var stale []string
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		stale = nil
		now := tx.Now()
		return tx.Data.Rows(sqlStale, []any{column.Micros(now.Add(-RingLimit)), column.Micros(now.Add(-WrapupLimit)), column.Micros(now.Add(-HeartbeatLost))},
			func(r db.Row) error {
				var one string
				err := r.Scan(&one)
				stale = append(stale, one)
				return err
			})
	})
	if err != nil {
		return 0, err
	}
	for _, one := range stale {
		err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
			c, err := byID(tx, one)
			if err != nil {
				return err
			}
			now := tx.Now()
			m, reason := Disconnect, "interaction.desk_silent"
			switch {
			case c.State == Offered && now.Sub(c.started) > RingLimit:
				reason = "interaction.not_taken"
			case c.State == Wrapup && now.Sub(c.changed) > WrapupLimit:
				m, reason = Seal, "interaction.wrapup_forgotten"
				c.outcome = "other"
			case c.State != Offered && c.State != Wrapup && now.Sub(c.beat) > HeartbeatLost && now.Sub(c.changed) > HeartbeatLost:
			default:
				return nil // it moved meanwhile
			}
			if !s.step(tx, c, m) {
				return nil
			}
			moved++
			update(tx, c)
			return s.record(tx, s.o.Duty, c, "interaction."+string(m), reason)
		})
		if err != nil {
			return moved, err
		}
	}
	return moved, s.purge(ctx)
}

// purge deletes hashes whose day is over. Most of the time there are none, and then
// nothing is written.
func (s *Service) purge(ctx context.Context) error {
	var old int64
	ages := func(tx *db.Tx) (events, hours int64) {
		return column.Micros(tx.Now().Add(-7 * 24 * time.Hour)), tx.Now().Unix()/3600 - 24
	}
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
		events, hours := ages(tx)
		return tx.Data.Row(sqlOld, events, hours).Scan(&old)
	})
	if err != nil || old == 0 {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		events, hours := ages(tx)
		tx.Data.Queue(sqlEventPurge, events)
		tx.Data.Queue(sqlRingPurge, hours)
		return nil
	})
}

package interaction

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// MaxEvent is the largest event in bytes.
const MaxEvent = 64 << 10

// Event is a CloudEvent 1.0 about a contact. The source's `sequence` extension counts the
// events of one contact; it is a decimal number. What the event does not say is zero.
type Event struct {
	Source   string
	ID       string
	Sequence int64
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
	out := Event{Source: e.Source, ID: e.ID, Kind: EventKind(e.Type), Contact: e.Subject}
	sequence := strings.Trim(string(e.Sequence), `"`)
	out.Sequence, err = strconv.ParseInt(sequence, 10, 64)
	if err != nil || out.Sequence < 0 || out.Sequence > 1<<53 || e.SpecVersion != "1.0" {
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
	for _, s := range []string{out.Source, out.ID, out.Contact, string(out.Kind)} {
		if s == "" || len(s) > 256 {
			return Event{}, errEvent
		}
	}
	return out, nil
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

// Receive takes one event of an API client with the scope `events`. It is idempotent by
// source and id; see Contact.Apply for what late, lost and reordered events may do.
func (s *Service) Receive(ctx context.Context, a actor.Actor, e Event) (r Received, err error) {
	if a.Kind() != actor.Client || !a.HasScope("events") {
		return r, errNotAllowed
	}
	// Ids of exchanges like to contain telephone numbers (SIP addresses, chat names), so
	// they are kept as keyed hashes. The client's id keeps two exchanges apart that call
	// themselves by the same name.
	source := a.ClientID() + "\x00" + e.Source + "\x00"
	event := s.o.Keys.MAC("interaction/event", []byte(source+e.ID))
	contactMAC := s.o.Keys.MAC("interaction/source", []byte(source+e.Contact))
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
		r, err = s.apply(tx, a, e, contactMAC)
		if err != nil {
			return err
		}
		tx.Data.Queue(sqlEventAdd, event, r.Interaction, kindWord(e.Kind), e.Sequence, r.Outcome, tx.Now().UnixMicro())
		return nil
	})
	return r, err
}

// kindWord keeps foreign kinds out of the table: they are text from outside.
func kindWord(k EventKind) string {
	switch k {
	case ContactOffered, ContactConnected, ContactHeld, ContactResumed, ContactTransferred, ContactEnded, ContactWrapup:
		return string(k)
	}
	return "other"
}

func (s *Service) apply(tx *db.Tx, a actor.Actor, e Event, source []byte) (Received, error) {
	c, err := scan(tx.Data.Row(sqlBySource, source))
	if errors.Is(err, db.ErrNoRows) {
		return s.first(tx, a, e, source)
	}
	if err != nil {
		return Received{}, err
	}
	if !a.Serves(c.controller) {
		return Received{}, errController
	}
	agent, err := s.agent(tx, e.Data.Agent, c.controller)
	if err != nil {
		return Received{}, err
	}
	before := c.Position
	inOrder := e.Sequence == c.LastSequence+1
	next, effect := c.Contact.Apply(e.Kind, e.Sequence, agent)
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

// first makes the contact that an event speaks of for the first time. Only an offer says
// enough; after any other first event something was lost, so the contact rings and waits
// for a person, and an end leaves nothing to do at all.
func (s *Service) first(tx *db.Tx, a actor.Actor, e Event, source []byte) (Received, error) {
	o := Opening{
		Controller: e.Data.Controller, Channel: Channel(e.Data.Channel), Direction: Direction(e.Data.Direction),
		Queue: e.Data.Queue, Language: e.Data.Language, Case: e.Data.Case, Number: e.Data.From,
	}
	switch e.Kind {
	case ContactOffered, ContactConnected, ContactHeld, ContactResumed, ContactTransferred:
	default:
		return Received{Outcome: Ignored}, nil
	}
	if own := a.Controllers(); o.Controller == "" && len(own) == 1 {
		o.Controller = own[0]
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
	if !a.Serves(o.Controller) {
		return Received{}, errController
	}
	c, err := s.create(tx, a, id.NewAt(id.Interaction, tx.Now()), o, source)
	if err != nil {
		return Received{}, err
	}
	c.LastSequence = e.Sequence
	for _, risk := range e.Data.Risks {
		c.addRisk(risk)
	}
	update(tx, c)
	return Received{Interaction: c.id, Outcome: Applied}, nil
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
	if effect.Applied {
		c.changed = now
	}
	if c.State.Ended() {
		c.ended, c.number, c.candidates, c.token = now, nil, nil, ""
	}
}

// Sweep ends what was forgotten: a ring nobody took, a contact whose desk fell silent for
// HeartbeatLost, a wrap-up left open. It also deletes hashes whose day is over. It is run
// by a schedule every 15 seconds, and returns how many contacts it moved.
func (s *Service) Sweep(ctx context.Context) (moved int, err error) {
	var stale []string
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		stale = nil
		now := tx.Now()
		return tx.Data.Rows(sqlStale, []any{micros(now.Add(-RingLimit)), micros(now.Add(-WrapupLimit)), micros(now.Add(-HeartbeatLost))},
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
		return micros(tx.Now().Add(-7 * 24 * time.Hour)), tx.Now().Unix()/3600 - 24
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

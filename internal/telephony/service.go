package telephony

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Keys is what the room needs of trust/keyring.
type Keys interface {
	MAC(name string, value []byte) []byte
	Secret(name string) ([]byte, error)
}

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Intake is what the room needs of package interaction.
type Intake interface {
	Receive(ctx context.Context, a actor.Actor, e interaction.Event) (interaction.Received, error)
	Relay(ctx context.Context, a actor.Actor, from interaction.Line, e interaction.Event) (interaction.Received, error)
	Doubt(ctx context.Context, a actor.Actor, controller string) (int, error)
}

// Controller is a company, as the forms offer it.
type Controller struct{ ID, Name string }

// Options are what the room needs; app gives them. All but Allow, Resolve, Dial and Logger are needed.
type Options struct {
	DB       *db.DB
	Log      Log
	Keys     Keys
	Seal     interaction.StaffSeal
	Intake   Intake
	Mappings *Library
	// Controllers lists the companies.
	Controllers func(ctx context.Context) ([]Controller, error)
	// Duty is the actor of the machine's own part: interaction.RelayDuty.
	Duty actor.Actor
	// Address is the origin under which this server is known.
	Address string
	// Allow names the hosts of this network that hooks may be sent to.
	Allow []string
	// Resolve looks a host up, and Dial opens a connection; nil means the machine's own.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	// Inspect looks at what is about to be sent and refuses what holds personal data.
	Inspect func(ctx context.Context, controller, body string) error
	// Logger is told of connections that come and go; nil means nobody.
	Logger *slog.Logger
}

// Service is the room's verbs.
type Service struct {
	o      Options
	client *http.Client

	mu      sync.Mutex
	arrived int64
	links   map[string]Link
}

// New makes the room.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Log == nil || o.Keys == nil || o.Seal.Seal == nil || o.Seal.Open == nil || o.Intake == nil || o.Mappings == nil || o.Controllers == nil ||
		o.Address == "" || o.Duty.Kind() != actor.Duty || o.Duty.ID() != interaction.RelayDuty {
		return nil, errors.New("telephony: DB, Log, Keys, Seal, Intake, Mappings, Controllers, Duty and Address are needed")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, links: map[string]Link{}}
	s.client = s.newClient()
	return s, nil
}

// arrival numbers the events of a source without an order of its own: by the time, and
// always by more than the one before.
func (s *Service) arrival() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived = max(s.arrived+1, s.o.DB.Now().UnixMicro())
	return s.arrived
}

// key is a line's or a hook's key of one generation, as it is shown: the signature is made
// with this text itself, so that any tool can take it as it is.
func (s *Service) key(of string, generation int64) ([]byte, error) {
	secret, err := s.o.Keys.Secret("telephony/" + of + "/" + strconv.FormatInt(generation, 10))
	if err != nil {
		return nil, err
	}
	return []byte(base64.RawURLEncoding.EncodeToString(secret)), nil
}

// keys are those that are good now, the newest first.
func (s *Service) keys(of string, generation int64, previous time.Time, now time.Time) (out [][]byte, err error) {
	generations := []int64{generation}
	if now.Before(previous) {
		generations = append(generations, generation-1)
	}
	for _, g := range generations {
		k, err := s.key(of, g)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// Take is one request on a line: its signature, its time, its events.
func (s *Service) Take(ctx context.Context, lineID string, h http.Header, body []byte) ([]interaction.Received, error) {
	var l Line
	err := s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		l, err = one(tx, id.Line, sqlLine, lineID, scanLine)
		return err
	})
	if err != nil {
		return nil, err
	}
	var doc any
	mac, err := s.authentic(l, h, body)
	if err == nil {
		err = s.unseen(ctx, mac)
	}
	if err == nil {
		doc, err = document(h.Get("Content-Type"), body)
	}
	if err != nil {
		return nil, errors.Join(s.refuse(ctx, l, errs.Of(err)), err)
	}
	var events []interaction.Event
	if l.Mapping == "" {
		events, err = cloudEvents(h, body)
	} else if m, ok := s.o.Mappings.Get(l.Mapping); ok {
		events, err = m.Read(doc, s.arrival)
	} else {
		err = errMapping
	}
	if err != nil {
		return nil, errors.Join(s.refuse(ctx, l, errs.Of(err)), err)
	}
	out := make([]interaction.Received, 0, len(events))
	for _, e := range events {
		r, err := s.o.Intake.Relay(ctx, s.o.Duty, interaction.Line{Name: l.ID, Controllers: []string{l.Controller}}, e)
		if err != nil {
			return nil, err // nothing is remembered of the signature: it may come again
		}
		out = append(out, r)
	}
	return out, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Data.Queue(sqlSeenAdd, mac, tx.Now().UnixMicro())
		return nil
	})
}

func cloudEvents(h http.Header, body []byte) ([]interaction.Event, error) {
	if interaction.IsBatch(body) {
		return interaction.ParseBatch(body)
	}
	e, err := interaction.ParseEvent(h, body)
	return []interaction.Event{e}, err
}

// document reads a body as what it says it is.
func document(contentType string, body []byte) (any, error) {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		values, err := url.ParseQuery(string(body))
		if err != nil || len(values) > 500 {
			return nil, errDocument.With("place", "body") // not the cause: it quotes what it choked on
		}
		out := map[string]any{}
		for name, v := range values {
			out[name] = v[0]
		}
		return out, nil
	}
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, errDocument.With("place", "body")
	}
	return parseJSON(body), nil
}

// authentic checks a request's signature and time. The result names the signature, by
// keyed hash: it is taken once.
func (s *Service) authentic(l Line, h http.Header, body []byte) ([]byte, error) {
	now := s.o.DB.Now()
	if l.Signing == Twilio {
		return s.twilio(l, h, body)
	}
	sig, ok := parseSignature(h.Get(SignatureHeader))
	if !ok {
		return nil, errSignature
	}
	keys, err := s.keys(l.ID, l.Generation, l.Previous, now)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		want := []byte(hex.EncodeToString(keyring.Sum(key, signed(sig.at, body))))
		for _, sum := range sig.sums {
			if !keyring.Equal(want, []byte(sum)) {
				continue
			}
			if !within(sig.at, now) {
				return nil, errStale
			}
			return s.o.Keys.MAC("telephony/seen", append([]byte(l.ID+"\x00"), want...)), nil
		}
	}
	return nil, errSignature
}

// twilio checks a signature as Twilio makes it: over the address and the sorted form, or
// over the address with the body's hash in it. There is no time in it, so the window is
// that in which the same signature is remembered.
func (s *Service) twilio(l Line, h http.Header, body []byte) ([]byte, error) {
	token, err := s.o.Seal.Open("telephony_line", "token_sealed", l.ID, l.token)
	if err != nil {
		return nil, err
	}
	text := s.LineAddress(l.ID)
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errSignature
	}
	for _, name := range sortedKeys(values) {
		text += name + values.Get(name)
	}
	want := []byte(base64.StdEncoding.EncodeToString(keyring.LegacySum(token, []byte(text))))
	if !keyring.Equal(want, []byte(h.Get("X-Twilio-Signature"))) {
		return nil, errSignature
	}
	return s.o.Keys.MAC("telephony/seen", append([]byte(l.ID+"\x00"), want...)), nil
}

// LineAddress is where a line's requests are sent.
func (s *Service) LineAddress(lineID string) string {
	return s.o.Address + "/telephony/lines/" + lineID
}

// unseen refuses a signature that was taken before.
func (s *Service) unseen(ctx context.Context, mac []byte) error {
	var n int64
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(sqlSeen, mac).Scan(&n) })
	if err == nil && n > 0 {
		return errReplayed
	}
	return err
}

// refuse counts a refused request on its line, and enters it in the log once a minute.
func (s *Service) refuse(ctx context.Context, l Line, why *errs.E) error {
	if why.Kind == errs.Internal || why.Kind == errs.Unavailable {
		return nil // not the sender's doing
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now()
		kept, err := one(tx, id.Line, sqlLine, l.ID, scanLine)
		if err != nil {
			return err
		}
		tx.Data.Queue(sqlLineRefused, l.ID, now.UnixMicro(), why.Code)
		if kept.RefusedCode == why.Code && now.Sub(kept.RefusedAt) < time.Minute {
			return nil
		}
		_, err = s.o.Log.Append(tx, audit.Entry{Action: "telephony.refused", Decision: audit.Denied, Reason: why.Code, Actor: s.o.Duty, Controller: l.Controller, Ref: l.ID})
		return err
	})
}

// TakeAs is one document of an API client with the scope `events`.
func (s *Service) TakeAs(ctx context.Context, a actor.Actor, mapping string, body []byte) ([]Outcome, error) {
	m, ok := s.o.Mappings.Get(mapping)
	if !ok {
		return nil, errMapping
	}
	events, err := m.Read(parseJSON(body), s.arrival)
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(events))
	for i, e := range events {
		r, err := s.o.Intake.Receive(ctx, a, e)
		switch errs.KindOf(err) {
		case "":
			out[i] = Outcome{Interaction: r.Interaction, Outcome: r.Outcome}
		case errs.Invalid, errs.Denied, errs.NotFound, errs.Conflict:
			out[i] = Outcome{Outcome: "refused", Code: errs.CodeOf(err)}
		default:
			return nil, err // what was taken counts once; the rest may come again
		}
	}
	return out, nil
}

// Outcome says what became of an event.
type Outcome struct {
	Interaction string `json:"interaction,omitempty"`
	Outcome     string `json:"outcome" doc:"applied, lowered, duplicate, ignored or refused"`
	Code        string `json:"code,omitempty" doc:"Why this event was refused; the others were taken"`
}

// NewLine is what the form for a line asks.
type NewLine struct {
	Controller string
	Mapping    string
	Signing    Signing
	Token      string // of Twilio
}

// runs reports who may look after lines and hooks.
func runs(a actor.Actor) bool { return a.Is(actor.Admin) }

// company checks that a controller is one.
func (s *Service) company(ctx context.Context, controller string) error {
	list, err := s.o.Controllers(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.ID == controller {
			return nil
		}
	}
	return errForm
}

// write makes a change and its entry.
func (s *Service) write(ctx context.Context, a actor.Actor, action string, change func(tx *db.Tx) (controller, ref string, err error)) error {
	if !runs(a) {
		return errNotAllowed
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		controller, ref, err := change(tx)
		if err != nil {
			return err
		}
		_, err = s.o.Log.Append(tx, audit.Entry{Action: action, Decision: audit.Done, Actor: a, Controller: controller, Ref: ref})
		return err
	})
}

// AddLine makes a line.
func (s *Service) AddLine(ctx context.Context, a actor.Actor, n NewLine) (lineID string, err error) {
	if _, ok := s.o.Mappings.Get(n.Mapping); n.Mapping != "" && !ok {
		return "", errMapping
	}
	if n.Signing != Signed && n.Signing != Twilio || (n.Signing == Twilio) != (n.Token != "") || len(n.Token) > 200 || n.Signing == Twilio && n.Mapping == "" {
		return "", errForm
	}
	if err := s.company(ctx, n.Controller); err != nil {
		return "", err
	}
	err = s.write(ctx, a, "telephony.line_added", func(tx *db.Tx) (string, string, error) {
		lineID = id.NewAt(id.Line, tx.Now())
		var token []byte
		if n.Token != "" {
			if token, err = s.o.Seal.Seal("telephony_line", "token_sealed", lineID, []byte(n.Token)); err != nil {
				return "", "", err
			}
		}
		tx.Data.Queue(sqlLineAdd, lineID, n.Controller, n.Mapping, string(n.Signing), token, tx.Now().UnixMicro())
		return n.Controller, lineID, nil
	})
	return lineID, err
}

// RotateLine gives a line a new key; the old one is good for RotationTime more.
func (s *Service) RotateLine(ctx context.Context, a actor.Actor, lineID string) error {
	return s.write(ctx, a, "telephony.line_key", func(tx *db.Tx) (string, string, error) {
		l, err := one(tx, id.Line, sqlLine, lineID, scanLine)
		if err != nil {
			return "", "", err
		}
		if l.Signing != Signed {
			return "", "", errForm
		}
		tx.Data.Queue(sqlLineKey, l.ID, tx.Now().Add(RotationTime).UnixMicro())
		return l.Controller, l.ID, nil
	})
}

// RemoveLine closes a line at once.
func (s *Service) RemoveLine(ctx context.Context, a actor.Actor, lineID string) error {
	return s.write(ctx, a, "telephony.line_removed", func(tx *db.Tx) (string, string, error) {
		l, err := one(tx, id.Line, sqlLine, lineID, scanLine)
		if err != nil {
			return "", "", err
		}
		tx.Data.Queue(sqlLineRemove, l.ID, tx.Now().UnixMicro())
		return l.Controller, l.ID, nil
	})
}

// Line reads a line with its key; the look has its entry.
func (s *Service) Line(ctx context.Context, a actor.Actor, lineID string) (l Line, key string, err error) {
	err = s.write(ctx, a, "telephony.key_shown", func(tx *db.Tx) (string, string, error) {
		l, err = one(tx, id.Line, sqlLine, lineID, scanLine)
		return l.Controller, l.ID, err
	})
	if err != nil || l.Signing != Signed {
		return l, "", err
	}
	k, err := s.key(l.ID, l.Generation)
	return l, string(k), err
}

// Lines lists the lines.
func (s *Service) Lines(ctx context.Context, a actor.Actor) (out []Line, err error) {
	if !runs(a) {
		return nil, errNotAllowed
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = many(tx, sqlLines, scanLine); return err })
	return out, err
}

package interaction

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Keys is what the room needs of trust/keyring.
type Keys interface {
	// MAC hashes a value under a key of that name.
	MAC(name string, value []byte) []byte
	// Token signs a payload for one audience until expires; OpenToken checks it.
	Token(audience string, payload []byte, expires time.Time) string
	OpenToken(audience, token string, now time.Time) ([]byte, error)
	// NewChild makes the key of this interaction under the subject's key.
	NewChild(tx *db.Tx, subject, interaction string) error
}

// StaffSeal seals what belongs to nobody known yet under the staff key.
type StaffSeal struct {
	Seal func(table, column, row string, plain []byte) ([]byte, error)
	Open func(table, column, row string, sealed []byte) ([]byte, error)
}

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Colleague is what the room must know of a member of staff before handing over a contact.
type Colleague struct {
	Name        string // as colleagues see it
	Active      bool   // enabled, and employed to serve (agent or supervisor)
	Controllers []string
}

// Options are what the room needs; app gives them. DB, Log, Keys, Seal, Purpose, Subject,
// Staff and Duty are needed; the others may be nil.
type Options struct {
	DB   *db.DB
	Log  Log
	Keys Keys
	Seal StaffSeal
	// Purpose reads one purpose of the register.
	Purpose func(tx *db.Tx, id string) (purpose.Purpose, error)
	// Subject says whose customer a subject is; false when there is no such subject.
	Subject func(tx *db.Tx, subject string) (controller string, ok bool, err error)
	// Staff reads a member of staff.
	Staff func(tx *db.Tx, staff string) (Colleague, error)
	// Match finds the subjects of a controller who have this telephone number, at most
	// limit of them. The number is used and thrown away.
	Match func(tx *db.Tx, controller, number string, limit int) ([]string, error)
	// Level is the verification level now; it goes into the hand-over token and the lists.
	Level func(tx *db.Tx, interaction, subject string) (int, error)
	// ByHand is how many contacts a member of staff may begin by hand in an hour; 0 means
	// DefaultByHand.
	ByHand int
	// Duty is the actor of the sweep that ends what was forgotten.
	Duty actor.Actor
}

// Service is the room's verbs.
type Service struct {
	o        Options
	hub      *Hub
	announce func(tx *db.Tx, c Change) error
	leg      func(tx *db.Tx, interaction string, l Leg) error
}

// Change is what others may be told of a move: ids and words of ours, no value.
type Change struct {
	Interaction string
	Controller  string
	Action      string // interaction.accept and the like
	Reason      string // code of why, where there is one
	By          actor.Actor
	Agent       string
	From        State // where it stood before this transaction
	State       State
}

// Leg is where an exchange says that a contact is: the line its events come in on, and what the exchange calls the contact.
// That may hold a telephone number, so this room keeps a hash of it only.
type Leg struct{ Line, Contact string }

// SetLeg gives the room whom to tell of the leg of a contact that telephony begins, in its transaction. Call it before
// serving.
func (s *Service) SetLeg(leg func(tx *db.Tx, interaction string, l Leg) error) { s.leg = leg }

// SetAnnounce gives the room whom to tell of its moves, in their transaction. Call it
// before serving.
func (s *Service) SetAnnounce(announce func(tx *db.Tx, c Change) error) { s.announce = announce }

// New makes the room.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Log == nil || o.Keys == nil || o.Seal.Seal == nil || o.Seal.Open == nil || o.Purpose == nil ||
		o.Subject == nil || o.Staff == nil || o.Duty.Kind() != actor.Duty {
		return nil, errors.New("interaction: DB, Log, Keys, Seal, Purpose, Subject, Staff and Duty are needed")
	}
	if o.Match == nil {
		o.Match = func(*db.Tx, string, string, int) ([]string, error) { return nil, nil }
	}
	if o.Level == nil {
		o.Level = func(*db.Tx, string, string) (int, error) { return 0, nil }
	}
	if o.ByHand == 0 {
		o.ByHand = DefaultByHand
	}
	return &Service{o: o, hub: &Hub{}}, nil
}

// SetLevel gives the room its Level after New, for the ring of rooms in which
// verification needs this one first. Call it before serving.
func (s *Service) SetLevel(level func(tx *db.Tx, interaction, subject string) (int, error)) {
	s.o.Level = level
}

// Hub is where desks listen.
func (s *Service) Hub() *Hub { return s.hub }

// Reasons an agent may decline to serve for.
func Reasons() []string {
	return []string{"caller_objects", "not_verified", "wrong_person", "suspicious", "abuse"}
}

// Dispositions a wrap-up may end with.
func Dispositions() []string {
	return []string{"resolved", "follow_up", "callback", "complaint", "data_request", "wrong_number", "no_contact", "not_verified", "other"}
}

// Opening is what is known of a contact when it begins.
type Opening struct {
	Controller string
	Channel    Channel
	Direction  Direction
	Queue      string // name of the queue: letters, digits, space, dot, dash; no personal data
	Language   string // id or en; "" means id
	Case       string // external case reference of the CRM
	// Number is the caller's number, if known; used and thrown away. One that staff typed
	// helps to find the customer and is no signal: nobody's tick raises a level.
	Number string
	Risks  []string
	// Settle, if set, runs at the end of the transaction with the id of the new contact.
	Settle func(tx *db.Tx, id string) error
}

func (o *Opening) check() error {
	if o.Language == "" {
		o.Language = "id"
	}
	ok := id.Is(id.Controller, o.Controller) && o.Channel.Known() && o.Direction.Known() &&
		(o.Language == "id" || o.Language == "en") && word(o.Queue, 64, true) && word(o.Case, 64, false) && len(o.Number) <= 64
	if !ok {
		return errOpening
	}
	for _, r := range o.Risks {
		if !slices.Contains(Risks(), r) {
			return errOpening
		}
	}
	return nil
}

// word reports whether s is a plain reference: what ends in an unsealed column or in a
// log must not be a place to write sentences about people into.
func word(s string, most int, space bool) bool {
	if len(s) > most {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-/#:", r), space && r == ' ':
		default:
			return false
		}
	}
	return true
}

// Risks are the signals a source may report about a contact. A signal only ever lowers
// what the caller can reach.
func Risks() []string {
	return []string{"sim_changed", "number_withheld", "number_spoofed", "voice_suspect", "known_fraud", "protected_person", "repeat_calls"}
}

// DefaultByHand is how many contacts a member of staff may begin by hand in an hour when
// the configuration says nothing: one every two minutes, without a break.
const DefaultByHand = 30

// Start begins a contact by hand, served by the agent who asks ("start call").
func (s *Service) Start(ctx context.Context, a actor.Actor, o Opening) (string, error) {
	if !a.Is(actor.Agent, actor.Supervisor) {
		return "", errNotAllowed
	}
	return s.open(ctx, a, o, Position{State: Connected}, a.ID())
}

// Offer begins a contact that rings for everyone of the controller: an API client alone
// with the scope `interactions`, or staff by hand.
func (s *Service) Offer(ctx context.Context, a actor.Actor, o Opening) (string, error) {
	if !a.Is(actor.Agent, actor.Supervisor) && (a.Kind() != actor.Client || !a.HasScope("interactions")) {
		return "", errNotAllowed
	}
	return s.open(ctx, a, o, Position{State: Offered}, "")
}

func (s *Service) open(ctx context.Context, a actor.Actor, o Opening, at Position, agent string) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	if !a.Serves(o.Controller) {
		return "", errController
	}
	var newID string
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if refusal, err = s.often(tx, a, o); err != nil || refusal != nil {
			return err
		}
		newID = id.NewAt(id.Interaction, tx.Now())
		c, err := s.create(tx, a, newID, o, s.o.Keys.MAC("interaction/source", []byte("desk\x00"+newID)))
		if err != nil {
			return err
		}
		if at.State == Connected {
			c.Position, c.Agent, c.beat = at, agent, tx.Now()
			if err := s.closeOthers(tx, a, c); err != nil {
				return err
			}
			update(tx, c)
			if err := s.record(tx, a, c, "interaction.accept", ""); err != nil {
				return err
			}
		}
		if o.Settle != nil {
			return o.Settle(tx, newID)
		}
		return nil
	})
	if err == nil && refusal != nil {
		return "", refusal
	}
	return newID, err
}

// often counts the contacts that a member of staff begins by hand, and refuses, with its
// entry, when there are too many in an hour: each call brings searches along, and a person
// should look at why so many ring nowhere.
func (s *Service) often(tx *db.Tx, a actor.Actor, o Opening) (*errs.E, error) {
	if !a.IsStaff() {
		return nil, nil
	}
	now := tx.Now()
	var used, since int64
	if err := tx.Data.Row(sqlByHand, a.ID(), now.UnixMicro(), now.Add(-time.Hour).UnixMicro()).Scan(&used, &since); err != nil {
		return nil, err
	}
	if used <= int64(s.o.ByHand) {
		return nil, nil
	}
	_, err := s.o.Log.Append(tx, audit.Entry{Action: "interaction.offer", Decision: audit.Denied, Reason: errOften.Code, Actor: a,
		Controller: o.Controller, Channel: string(o.Channel)})
	return errOften.With("retry_after", int(column.Moment(since).Add(time.Hour).Sub(now)/time.Second)+1), err
}

// create inserts a ringing contact and looks at who it may be.
func (s *Service) create(tx *db.Tx, a actor.Actor, newID string, o Opening, source []byte) (*contact, error) {
	now := tx.Now()
	c := &contact{
		id: newID, controller: o.Controller, channel: o.Channel, direction: o.Direction, queue: o.Queue,
		language: o.Language, claimed: a.IsStaff(), risks: slices.Clone(o.Risks), since: now, started: now, changed: now,
		Contact: Contact{Position: Position{State: Offered}},
	}
	var caseMAC []byte
	if o.Case != "" {
		caseMAC = s.caseMAC(o.Controller, o.Case)
		sealed, err := s.o.Seal.Seal("interaction_contact", "case_sealed", c.id, []byte(o.Case))
		if err != nil {
			return nil, err
		}
		c.caseRef = sealed
	}
	if number := digits(o.Number); number != "" {
		if err := s.ring(tx, c, o.Number, number); err != nil {
			return nil, err
		}
	}
	insert(tx, c, source, caseMAC)
	return c, s.record(tx, a, c, "interaction.offer", "")
}

// callsADay is how many contacts of one number, or of one customer, in 24 hours are ordinary.
const callsADay = 2

// most is how many people one number may stand for before nobody is named.
const most = 3

// ring uses the caller's number for everything it is good for, once: who it may be, how
// often it called today, and the masked form the desk shows.
func (s *Service) ring(tx *db.Tx, c *contact, number, plain string) error {
	found, err := s.o.Match(tx, c.controller, number, most+1)
	if err != nil {
		return err
	}
	switch {
	case len(found) == 0:
		c.match = "none"
	case len(found) == 1:
		c.match, c.candidates = "one", found
	case len(found) <= most:
		c.match, c.candidates = "many", found
	default:
		c.match = "many"
	}
	if c.number, err = s.o.Seal.Seal("interaction_contact", "number_sealed", c.id, []byte(maskNumber(number))); err != nil {
		return err
	}
	mac, hour := s.o.Keys.MAC("interaction/number", []byte(plain)), tx.Now().Unix()/3600
	var times int64
	if err := tx.Data.Row(sqlRingCount, mac, hour-24).Scan(&times); err != nil {
		return err
	}
	if times >= callsADay && !slices.Contains(c.risks, "repeat_calls") {
		c.risks = append(c.risks, "repeat_calls")
	}
	tx.Data.Queue(sqlRingAdd, mac, hour)
	return nil
}

// digits keeps the digits of a number, with the trunk 0 of Indonesia written as 62, so
// that one caller counts as one however the exchange writes the number.
func digits(number string) string {
	var b strings.Builder
	for _, r := range number {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	d := b.String()
	if strings.HasPrefix(d, "0") && !strings.HasPrefix(d, "00") {
		d = "62" + d[1:]
	}
	return strings.TrimPrefix(d, "00")
}

// maskNumber shows the country, the kind of line and the last four digits: enough to
// recognise a number one knows, too little to call one that one does not.
func maskNumber(number string) string {
	d := digits(number)
	if len(d) < 9 {
		return "****"
	}
	return "+" + d[:2] + " " + d[2:3] + "** **** " + d[len(d)-4:]
}

// closeOthers sends the agent's other telephone calls to wrap-up: one person talks on one
// line, so a call whose end was never reported ends when the next one begins.
func (s *Service) closeOthers(tx *db.Tx, a actor.Actor, c *contact) error {
	if c.channel != Phone || c.Agent == "" {
		return nil
	}
	others, err := many(tx, sqlByAgent, c.Agent)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.id == c.id || other.channel != Phone || !other.State.Talking() {
			continue
		}
		s.step(tx, other, Disconnect)
		update(tx, other)
		if err := s.record(tx, a, other, "interaction.disconnect", "interaction.next_call"); err != nil {
			return err
		}
	}
	return nil
}

// step makes a move on the row in memory, with the clocks that hang on it.
func (s *Service) step(tx *db.Tx, c *contact, m Move) bool {
	to, ok := Next(c.Position, m)
	if !ok {
		return false
	}
	now := tx.Now()
	if c.State == Held && to.State != Held {
		if now.Sub(c.held) > HoldLimit {
			c.since = now
			if to.State == Verifying || to.State == Serving {
				to.State = Identified
			}
		}
		c.held, c.to, c.token = time.Time{}, "", ""
	}
	if c.State != Held && to.State == Held {
		c.held = now
	}
	switch m {
	case Lower, Disconnect, Freeze, Refuse, Seal:
		c.since = now
	}
	c.Position, c.changed = to, now
	if to.State.Ended() {
		// The caller's number served its end with the call's.
		c.ended, c.number, c.candidates, c.token = now, nil, nil, ""
	}
	return true
}

// record appends the entry of a change and wakes the desks.
func (s *Service) record(tx *db.Tx, a actor.Actor, c *contact, action, reason string) error {
	e := audit.Entry{
		Action: action, Decision: audit.Done, Reason: reason, Actor: a, Purpose: c.purpose, Interaction: c.id,
		Controller: c.controller, Channel: string(c.channel), Ground: "interaction:" + c.id, Subject: c.subject,
	}
	if c.Agent != "" && c.Agent != a.ID() {
		e.Ref = c.Agent
	}
	if _, err := s.o.Log.Append(tx, e); err != nil {
		return err
	}
	if s.announce != nil {
		err := s.announce(tx, Change{Interaction: c.id, Controller: c.controller, Action: action, Reason: reason, By: a, Agent: c.Agent, From: c.from, State: c.State})
		if err != nil {
			return err
		}
	}
	news := News{Kind: "changed", Interaction: c.id, Agent: c.Agent, Controller: c.controller}
	if c.State == Offered || c.State == Held && (c.Agent == "" || c.to != "") {
		news.Kind, news.Agent = "ring", c.to
	}
	tx.AfterCommit(func() { s.hub.Publish(news) })
	if c.was != "" && c.was != c.Agent { // what his screen shows is no longer his
		left := News{Kind: "changed", Interaction: c.id, Agent: c.was, Controller: c.controller}
		tx.AfterCommit(func() { s.hub.Publish(left) })
	}
	return nil
}

// write runs fn and, when it refuses, writes the refusal down in a transaction of its own:
// the first one is undone with everything in it. That a contact is not the asker's to know
// of is a refusal like any other.
func (s *Service) write(ctx context.Context, a actor.Actor, interaction, action string, fn func(tx *db.Tx) error) error {
	err := s.o.DB.Write(ctx, fn)
	if errs.KindOf(err) != errs.Denied && !errors.Is(err, errUnknown) {
		return err
	}
	logged := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		e := audit.Entry{Action: action, Decision: audit.Denied, Reason: errs.Of(err).Code, Actor: a}
		if id.Is(id.Interaction, interaction) {
			e.Interaction, e.Ground = interaction, "interaction:"+interaction
			// The entry belongs to the asker's own controller, or to none: it must not tell
			// its readers that another one has such a contact.
			f, err := s.Facts(tx, interaction)
			if err != nil && !errors.Is(err, errUnknown) {
				return err
			}
			if err == nil && a.Serves(f.Controller) {
				e.Controller = f.Controller
			}
		}
		_, err2 := s.o.Log.Append(tx, e)
		return err2
	})
	if logged != nil {
		return logged
	}
	return err
}

// own reads a contact and refuses when it is not the asker's to move. A contact of a
// controller that the asker does not serve does not exist for him, nor does a colleague's.
func own(tx *db.Tx, a actor.Actor, interaction string) (*contact, error) {
	c, err := served(tx, a, interaction)
	if err == nil && c.Agent != a.ID() {
		return nil, errUnknown
	}
	return c, err
}

// served reads a contact of a controller that the asker, one of the staff, serves.
func served(tx *db.Tx, a actor.Actor, interaction string) (*contact, error) {
	if !id.Is(id.Interaction, interaction) {
		return nil, errUnknown
	}
	c, err := byID(tx, interaction)
	if err == nil && (!a.IsStaff() || !a.Serves(c.controller)) {
		return nil, errUnknown
	}
	return c, err
}

// Accept takes a contact that rings, was released by telephony, or was handed over by a
// colleague. The level moves along only with the hand-over's signed token, made out to
// this member of staff and not older than TransferLimit. Taking one's own contact again
// changes nothing while it is on the line; what is no longer on it cannot be taken. Whoever
// comes late to a contact that rang for the whole company is told so (interaction.taken);
// one that never rang, and another company's, is unknown.
func (s *Service) Accept(ctx context.Context, a actor.Actor, interaction string) error {
	return s.write(ctx, a, interaction, "interaction.accept", func(tx *db.Tx) error {
		if !id.Is(id.Interaction, interaction) {
			return errUnknown
		}
		c, err := byID(tx, interaction)
		if err != nil {
			return err
		}
		if !a.Serves(c.controller) {
			return errUnknown
		}
		if !a.Is(actor.Agent, actor.Supervisor) {
			return errNotAllowed
		}
		switch {
		case c.State == Offered:
			s.step(tx, c, Accept)
		case c.State == Held && c.to == a.ID():
			kept := s.tokenGood(tx, a, c)
			s.step(tx, c, Resume)
			if !kept {
				s.step(tx, c, Lower)
			}
		case c.State == Held && (c.Agent == "" || c.Agent == a.ID() && c.beat.IsZero()):
			// Released by telephony, or connected to this desk by it.
			s.step(tx, c, Resume)
			s.step(tx, c, Lower)
		case c.Agent == a.ID() && c.State.Talking():
			return nil // pressed twice
		case c.Agent == a.ID() && c.State.Ended():
			return errOver
		case c.Agent == a.ID():
			return errMove.With("state", string(c.State)) // on hold or in wrap-up: nothing is there to take
		case c.claimed && !a.Is(actor.Supervisor):
			return errUnknown // begun by hand: it rang for nobody
		case c.Agent == "":
			return errOver // given up before anybody took it
		default:
			return errTaken
		}
		c.Agent, c.beat = a.ID(), tx.Now()
		if err := s.closeOthers(tx, a, c); err != nil {
			return err
		}
		update(tx, c)
		return s.record(tx, a, c, "interaction.accept", "")
	})
}

// handover is the payload of a transfer's token.
type handover struct {
	Interaction string `json:"i"`
	From        string `json:"f"`
	Level       int    `json:"l"`
}

// tokenGood reports whether the hand-over that waits in the row is signed, for this
// member of staff and this interaction, and in time. Any other way out of the hold has
// taken it from the row.
func (s *Service) tokenGood(tx *db.Tx, a actor.Actor, c *contact) bool {
	payload, err := s.o.Keys.OpenToken("interaction.transfer:"+a.ID(), c.token, tx.Now())
	if err != nil {
		return false
	}
	var h handover
	return json.Unmarshal(payload, &h) == nil && h.Interaction == c.id
}

// Transfer hands the contact to a colleague. The customer is on hold until the colleague
// accepts; the level moves as a signed grant made out to the colleague, good for
// TransferLimit. Resume takes the contact back.
func (s *Service) Transfer(ctx context.Context, a actor.Actor, interaction, to string) error {
	return s.write(ctx, a, interaction, "interaction.transfer", func(tx *db.Tx) error {
		c, err := own(tx, a, interaction)
		if err != nil {
			return err
		}
		staff, err := s.o.Staff(tx, to)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if err != nil || to == a.ID() || !staff.Active || !slices.Contains(staff.Controllers, c.controller) {
			return errColleague
		}
		if c.State == Capture {
			return errCapturing
		}
		if !s.step(tx, c, Hold) && c.State != Held {
			return errMove.With("state", string(c.State))
		}
		level, err := s.o.Level(tx, c.id, c.subject)
		if err != nil {
			return err
		}
		payload, err := json.Marshal(handover{c.id, a.ID(), level})
		if err != nil {
			return err
		}
		c.to = to
		c.token = s.o.Keys.Token("interaction.transfer:"+to, payload, tx.Now().Add(TransferLimit))
		c.changed = tx.Now()
		update(tx, c)
		if _, err := s.o.Log.Append(tx, audit.Entry{
			Action: "interaction.transfer", Decision: audit.Done, Actor: a, Purpose: c.purpose, Interaction: c.id,
			Controller: c.controller, Channel: string(c.channel), Ground: "interaction:" + c.id, Subject: c.subject,
			Ref: to, Level: level,
		}); err != nil {
			return err
		}
		news := News{Kind: "ring", Interaction: c.id, Agent: to, Controller: c.controller}
		tx.AfterCommit(func() { s.hub.Publish(news) })
		return nil
	})
}

// ChoosePurpose sets the purpose when the caller is greeted, or changes it; a change has
// an entry of its own. The purpose must be active and the controller's own. language is
// that of the script which was read out, and is the caller's from then on; "" when the
// script was read in the contact's.
func (s *Service) ChoosePurpose(ctx context.Context, a actor.Actor, interaction, purposeID, language string) error {
	return s.write(ctx, a, interaction, "interaction.purpose", func(tx *db.Tx) error {
		c, err := own(tx, a, interaction)
		if err != nil {
			return err
		}
		if !c.State.Talking() {
			return errMove.With("state", string(c.State))
		}
		if !id.Is(id.Purpose, purposeID) {
			return errPurpose
		}
		p, err := s.o.Purpose(tx, purposeID)
		if errs.KindOf(err) == errs.NotFound || err == nil && (p.Controller != c.controller || p.Status != purpose.Active) {
			return errPurpose
		}
		if err != nil {
			return err
		}
		action := "interaction.greet"
		if c.purpose != "" {
			if c.purpose == purposeID {
				return nil
			}
			action = "interaction.purpose"
		}
		if language == "id" || language == "en" {
			c.language = language
			tx.Data.Queue(sqlLanguage, c.id, language)
		}
		c.purpose, c.notice, c.changed = purposeID, int64(p.Notice), tx.Now()
		update(tx, c)
		_, err = s.o.Log.Append(tx, audit.Entry{
			Action: action, Decision: audit.Done, Actor: a, Purpose: c.purpose, Interaction: c.id, Controller: c.controller,
			Channel: string(c.channel), Ground: "interaction:" + c.id, Subject: c.subject,
			Ref: "notice:" + strconv.Itoa(p.Notice) + ":" + c.language,
		})
		return err
	})
}

// Speak sets the language of the contact, id or en: script, link and customer page follow it.
func (s *Service) Speak(ctx context.Context, a actor.Actor, interaction, language string) error {
	return s.write(ctx, a, interaction, "interaction.language", func(tx *db.Tx) error {
		c, err := own(tx, a, interaction)
		switch {
		case err != nil:
			return err
		case language != "id" && language != "en":
			return errLanguage
		case !c.State.Talking():
			return errMove.With("state", string(c.State))
		case c.language == language:
			return nil
		}
		c.language, c.changed = language, tx.Now()
		tx.Data.Queue(sqlLanguage, c.id, language)
		update(tx, c)
		return s.record(tx, a, c, "interaction.language", "")
	})
}

// Bind binds the subject (identify), in the caller's transaction, and makes the key of
// this interaction under the subject's. by says how the subject was found: number,
// customer_number, phone, email, nik, case, name. Whoever was verified before is forgotten
// when another subject is bound. Somebody who is being served cannot be exchanged: Lower
// first.
func (s *Service) Bind(tx *db.Tx, a actor.Actor, interaction, subject, by string) error {
	c, err := own(tx, a, interaction)
	if err != nil {
		return err
	}
	if !c.beat.IsZero() && tx.Now().Sub(c.beat) >= HeartbeatLimit {
		return errStale
	}
	if !id.Is(id.Subject, subject) || !word(by, 32, false) {
		return errSubject
	}
	controller, ok, err := s.o.Subject(tx, subject)
	if err != nil {
		return err
	}
	if !ok || controller != c.controller {
		return errSubject
	}
	if c.State.InService() && c.subject != subject {
		return errBound
	}
	if c.State.InService() {
		return nil
	}
	if !s.step(tx, c, Identify) {
		return errMove.With("state", string(c.State))
	}
	if c.subject != subject {
		c.since = tx.Now()
		var before int64
		if err := tx.Data.Row(sqlOfSubject, subject, c.id, tx.Now().Add(-24*time.Hour).UnixMicro()).Scan(&before); err != nil {
			return err
		}
		if before >= callsADay {
			c.addRisk("repeat_calls")
		}
	}
	c.subject, c.subjectBy = subject, by
	c.cliMatch = !c.claimed && c.channel == Phone && slices.Contains(c.candidates, subject) // elsewhere whoever writes types it
	n, err := tx.Data.Exec(sqlSubjectAdd, c.id, subject, by, tx.Now().UnixMicro())
	if err != nil {
		return err
	}
	if n > 0 {
		if err := s.o.Keys.NewChild(tx, subject, c.id); err != nil {
			return err
		}
	}
	update(tx, c)
	return s.record(tx, a, c, "interaction.identify", "")
}

// Candidates are the subjects the caller's number may stand for, at most three. The agent
// who serves the contact may bind one of them without a search.
func (s *Service) Candidates(tx *db.Tx, a actor.Actor, interaction string) ([]string, error) {
	c, err := own(tx, a, interaction)
	if err != nil {
		return nil, err
	}
	return slices.Clone(c.candidates), nil
}

// own moves of an agent, and the actions they are written down as.
var agentMoves = map[Move]bool{
	Serve: true, Hold: true, Resume: true, Lower: true,
	Disconnect: true, Verify: true, Unverify: true,
}

// Move makes one of the agent's own moves: Serve, Hold, Resume, Lower ("another person is
// now speaking"), Disconnect. A
// supervisor of the controller may Lower and Disconnect any contact; nobody may raise one
// that is not his own.
func (s *Service) Move(ctx context.Context, a actor.Actor, interaction string, m Move) error {
	return s.write(ctx, a, interaction, "interaction."+actionOf(m), func(tx *db.Tx) error {
		return s.MoveTx(tx, a, interaction, m)
	})
}

func actionOf(m Move) string {
	if agentMoves[m] {
		return string(m)
	}
	return "move"
}

// MoveTx is Move in the caller's transaction.
func (s *Service) MoveTx(tx *db.Tx, a actor.Actor, interaction string, m Move) error {
	if !agentMoves[m] {
		return errNotAllowed
	}
	look := own
	if (m == Lower || m == Disconnect) && a.Is(actor.Supervisor) {
		look = served
	}
	c, err := look(tx, a, interaction)
	if err != nil {
		return err
	}
	before := c.Position
	if c.State == Capture && m == Hold {
		return errCapturing
	}
	if !s.step(tx, c, m) {
		return errMove.With("state", string(c.State))
	}
	if c.Position == before && m != Lower {
		return nil
	}
	update(tx, c)
	return s.record(tx, a, c, "interaction."+string(m), "")
}

// Proven moves an interaction whose caller was verified into service, in the transaction
// that writes the grant; Unproven takes it back out of VERIFYING. The actor is whoever
// brought the proof: the agent, or the customer on the page.
func (s *Service) Proven(tx *db.Tx, a actor.Actor, interaction string) error {
	return s.passive(tx, a, interaction, Serve, "interaction.serve", "")
}

// Unproven takes an interaction back to IDENTIFIED because no proof came.
func (s *Service) Unproven(tx *db.Tx, a actor.Actor, interaction, reason string) error {
	return s.passive(tx, a, interaction, Unverify, "interaction.unverify", reason)
}

// Freeze ends every right, because the customer says that somebody else is calling.
func (s *Service) Freeze(tx *db.Tx, a actor.Actor, interaction, reason string) error {
	return s.passive(tx, a, interaction, Freeze, "interaction.freeze", reason)
}

// passive makes a move that is not the agent's own. Where the interaction has moved on
// meanwhile, nothing happens: news that comes late must not undo what people did.
func (s *Service) passive(tx *db.Tx, a actor.Actor, interaction string, m Move, action, reason string) error {
	c, err := byID(tx, interaction)
	if err != nil {
		return err
	}
	before := c.Position
	if m == Serve && c.State == Held {
		// The answer came while the customer was on hold: the service starts after it.
		if c.Back == Identified || c.Back == Verifying {
			c.Back = Serving
			update(tx, c)
		}
		return nil
	}
	if !s.step(tx, c, m) || c.Position == before {
		return nil
	}
	update(tx, c)
	return s.record(tx, a, c, action, reason)
}

// Notify wakes the desk of whoever serves the interaction, after the commit.
func (s *Service) Notify(tx *db.Tx, kind string, f Facts) {
	news := News{Kind: kind, Interaction: f.ID, Agent: f.Agent, Controller: f.Controller}
	tx.AfterCommit(func() { s.hub.Publish(news) })
}

// Refuse declines to serve; reason is one of Reasons. It ends the interaction.
func (s *Service) Refuse(ctx context.Context, a actor.Actor, interaction, reason string) error {
	if !slices.Contains(Reasons(), reason) {
		return errReason
	}
	return s.end(ctx, a, interaction, Refuse, "interaction.refuse", reason)
}

// Seal ends the wrap-up with a disposition, one of Dispositions, and revokes every right.
// A contact that is still on the line is disconnected first.
func (s *Service) Seal(ctx context.Context, a actor.Actor, interaction, disposition string) error {
	if !slices.Contains(Dispositions(), disposition) {
		return errDisposition
	}
	return s.end(ctx, a, interaction, Seal, "interaction.seal", disposition)
}

func (s *Service) end(ctx context.Context, a actor.Actor, interaction string, m Move, action, outcome string) error {
	return s.write(ctx, a, interaction, action, func(tx *db.Tx) error {
		c, err := own(tx, a, interaction)
		if err != nil {
			return err
		}
		if m == Seal && s.step(tx, c, Disconnect) {
			if err := s.record(tx, a, c, "interaction.disconnect", ""); err != nil {
				return err
			}
		}
		if !s.step(tx, c, m) {
			return errMove.With("state", string(c.State))
		}
		c.outcome = outcome
		update(tx, c)
		return s.record(tx, a, c, action, "interaction.outcome_"+outcome)
	})
}

// Heartbeat says that the agent's desk is alive: one touched row, no entry. The desk's
// script sends it every HeartbeatEvery. It refuses an own contact that has ended
// (interaction.over), and whatever is not the asker's like every other verb.
func (s *Service) Heartbeat(ctx context.Context, a actor.Actor, interaction string) error {
	return s.write(ctx, a, interaction, "interaction.heartbeat", func(tx *db.Tx) error {
		n, err := tx.Data.Exec(sqlBeat, tx.Now().UnixMicro(), interaction, a.ID())
		if err != nil || n > 0 {
			return err
		}
		if _, err := own(tx, a, interaction); err != nil {
			return err
		}
		return errOver
	})
}

// GateFacts is the gate's provider: one row.
func (s *Service) GateFacts(tx *db.Tx, interaction string) (gate.InteractionFacts, error) {
	f, err := s.Facts(tx, interaction)
	if errors.Is(err, errUnknown) {
		return gate.InteractionFacts{}, nil
	}
	if err != nil {
		return gate.InteractionFacts{}, err
	}
	return gate.InteractionFacts{
		Found: true, Controller: f.Controller, Purpose: f.Purpose, Channel: string(f.Channel),
		Direction: string(f.Direction), Subject: f.Subject, State: gate.State(f.State), Agent: f.Agent, HeartbeatAt: f.Beat,
	}, nil
}

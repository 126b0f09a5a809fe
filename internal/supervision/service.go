package supervision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Alerts are what another room has for supervisors of these controllers, the oldest first.
type Alerts func(tx *db.Tx, controllers []string) ([]Alert, error)

// Options are what the room needs; app gives them. Announce, Protected and Alerts may be missing.
type Options struct {
	DB           *db.DB
	Log          Log
	Interactions *interaction.Service
	Seal         interaction.StaffSeal
	// Name is a member of staff's name, as colleagues see it.
	Name func(tx *db.Tx, staff string) (string, error)
	// Decides reports whether a member of staff may still decide and listen for a controller, whatever he could when he was last seen.
	Decides func(tx *db.Tx, staff, controller string) (bool, error)
	// Opened is how many fields were revealed in a contact, and when the last.
	Opened func(tx *db.Tx, interaction string) (fields int, last time.Time, err error)
	// Protected reports whether a customer is one whose contacts need four eyes, beside those whose contact says so.
	Protected func(tx *db.Tx, subject string) (bool, error)
	// Announce tells telephony of a listening, by ids: Change.Agent is who listens.
	Announce func(tx *db.Tx, c interaction.Change) error
	// Alerts of other rooms.
	Alerts []Alerts
	// Hidden keeps from the agent that somebody listens.
	Hidden bool
	// Duty is the actor who ends listenings with their contact.
	Duty actor.Actor
}

// Service is the room's verbs.
type Service struct {
	o         Options
	approvals *approval.Approvals
}

// New makes the room.
func New(o Options) *Service { return &Service{o: o} }

// UseApprovals gives the room the two-person decisions, which need its kinds first. Call it before serving.
func (s *Service) UseApprovals(a *approval.Approvals) { s.approvals = a }

// ListenKind is the kind of approval that lets a supervisor listen to a protected person's contact.
const ListenKind = "supervision.listen"

// Decisions are the kinds of approval of this room.
func (s *Service) Decisions() []approval.Kind {
	return []approval.Kind{{
		Name: ListenKind, Ask: []actor.Role{actor.Supervisor}, Decide: []actor.Role{actor.Supervisor}, Wait: ListenAsks,
		Effect: s.heard, Undone: s.unheard,
		Over: func(tx *db.Tx, r approval.Request) (bool, error) {
			l, err := scanListening(tx.Data.Row(sqlListening, r.Ref))
			if err != nil {
				return false, err
			}
			f, err := s.o.Interactions.Facts(tx, l.Interaction)
			return !l.Ended.IsZero() || !f.State.OnLine(), err
		},
	}}
}

// Board is what a supervisor sees.
type Board struct {
	At      time.Time
	Rows    []Row
	Alerts  []Alert
	Waiting []Card
}

// Card is a decision that is waited for.
type Card struct {
	approval.Request
	Name string // of who asks
}

// Watch is the list, the gravest first. opening says that somebody begins to look; looking on is an opening too when the list was away.
func (s *Service) Watch(ctx context.Context, a actor.Actor, opening bool) (b Board, err error) {
	if !a.Is(actor.Supervisor) {
		return b, errNotAllowed
	}
	if err := s.watched(ctx, a, opening); err != nil {
		return b, err
	}
	live, err := s.o.Interactions.Live(ctx, a)
	if err != nil {
		return b, err
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		b = Board{At: tx.Now()}
		if err := s.cards(tx, a, &b); err != nil {
			return err
		}
		if err := s.alerts(tx, a, &b); err != nil {
			return err
		}
		for _, v := range live {
			row, err := s.row(tx, a, v, b)
			if err != nil {
				return err
			}
			b.Rows = append(b.Rows, row)
		}
		order := Standings()
		slices.SortStableFunc(b.Rows, func(x, y Row) int {
			return slices.Index(order, x.Standing) - slices.Index(order, y.Standing)
		})
		return nil
	})
	return b, err
}

// Contact is one row of the list.
func (s *Service) Contact(ctx context.Context, a actor.Actor, itx string) (r Row, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error { _, err := s.contact(tx, a, itx); return err })
	if err != nil {
		return r, s.deny(ctx, a, audit.Entry{Action: "supervision.watch", Interaction: itx}, err)
	}
	if err := s.watched(ctx, a, false); err != nil {
		return r, err
	}
	v, err := s.o.Interactions.Get(ctx, a, itx)
	if err != nil {
		return r, err
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		b := Board{At: tx.Now()}
		if err := errors.Join(s.cards(tx, a, &b), s.alerts(tx, a, &b)); err != nil {
			return err
		}
		r, err = s.row(tx, a, v, b)
		return err
	})
	return r, err
}

// watched writes down that somebody looks, where it is not known yet.
func (s *Service) watched(ctx context.Context, a actor.Actor, opening bool) error {
	controllers := a.Controllers()
	due := opening
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
		for _, c := range controllers {
			seen, err := seen(tx, a.ID(), c)
			if err != nil {
				return err
			}
			due = due || tx.Now().Sub(seen) > Away/2
		}
		return nil
	})
	if err != nil || !due {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		for _, c := range controllers {
			seen, err := seen(tx, a.ID(), c)
			if err != nil {
				return err
			}
			if opening || tx.Now().Sub(seen) > Away {
				if _, err := s.o.Log.Append(tx, audit.Entry{Action: "supervision.watch", Decision: audit.Done, Actor: a, Controller: c}); err != nil {
					return err
				}
			}
			tx.Data.Queue(sqlWatch, a.ID(), c, column.Micros(tx.Now()))
		}
		return nil
	})
}

func seen(tx *db.Tx, staff, controller string) (time.Time, error) {
	var at int64
	err := tx.Data.Row(sqlSeen, staff, controller).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return column.Moment(at), err
}

// Relief reports whether somebody has looked at the list of a controller lately who can still decide instead of decider: not
// whoever asks, a supervisor too when he serves a contact himself.
func (s *Service) Relief(tx *db.Tx, controller, decider, asker string) (bool, error) {
	onDuty, err := many(tx, sqlDuty, func(r db.Row) (staff string, err error) { err = r.Scan(&staff); return staff, err },
		controller, decider, asker, column.Micros(tx.Now().Add(-OnDuty)))
	if err != nil {
		return false, err
	}
	for _, staff := range onDuty {
		if may, err := s.o.Decides(tx, staff, controller); err != nil || may {
			return may, err
		}
	}
	return false, nil
}

func (s *Service) cards(tx *db.Tx, a actor.Actor, b *Board) error {
	waiting, err := s.approvals.Waiting(tx, a)
	for _, r := range waiting {
		name, err := s.o.Name(tx, r.AskedBy)
		if err != nil {
			return err
		}
		b.Waiting = append(b.Waiting, Card{r, name})
	}
	return err
}

func (s *Service) alerts(tx *db.Tx, a actor.Actor, b *Board) error {
	controllers := slices.Sorted(slices.Values(a.Controllers()))
	for _, c := range controllers {
		own, err := many(tx, sqlAlerts, scanAlert, c)
		if err != nil {
			return err
		}
		b.Alerts = append(b.Alerts, own...)
	}
	for _, others := range s.o.Alerts {
		list, err := others(tx, controllers)
		if err != nil {
			return err
		}
		b.Alerts = append(b.Alerts, list...)
	}
	slices.SortStableFunc(b.Alerts, func(x, y Alert) int { return x.At.Compare(y.At) })
	for i, one := range b.Alerts {
		if one.Staff == "" {
			continue
		}
		name, err := s.o.Name(tx, one.Staff)
		if err != nil {
			return err
		}
		b.Alerts[i].Name = name
	}
	return nil
}

func (s *Service) row(tx *db.Tx, a actor.Actor, v interaction.View, b Board) (r Row, err error) {
	r.View = v
	if v.Agent != "" {
		if r.Name, err = s.o.Name(tx, v.Agent); err != nil {
			return r, err
		}
	}
	opened, last, err := s.o.Opened(tx, v.ID)
	if err != nil {
		return r, err
	}
	r.Opened = opened
	heard, err := many(tx, sqlListenings, scanListening, v.ID)
	if err != nil {
		return r, err
	}
	for _, l := range heard {
		if l.on() {
			r.Listeners++
			r.Listening = r.Listening || l.Staff == a.ID()
		}
	}
	alarmed := slices.ContainsFunc(b.Alerts, func(one Alert) bool { return one.Kind == Duress && one.Interaction == v.ID })
	wanted := slices.ContainsFunc(b.Waiting, func(c Card) bool { return c.Payload["interaction"] == v.ID })
	r.Standing = Stand(v, alarmed, wanted, last, b.At)
	return r, nil
}

// wake tells the supervisors' lists, and nobody else, to look again.
func (s *Service) wake(tx *db.Tx, f interaction.Facts) {
	news := interaction.News{Kind: "supervision", Interaction: f.ID, Agent: "supervisors", Controller: f.Controller}
	tx.AfterCommit(func() { s.o.Interactions.Hub().Publish(news) })
}

// Asked wakes the lists because a decision about a contact is waited for; app calls it where rooms ask.
func (s *Service) Asked(tx *db.Tx, r approval.Request) {
	s.wake(tx, interaction.Facts{ID: r.Payload["interaction"], Controller: r.Controller})
}

// Alarm is the silent alarm of whoever serves a contact. Its answers are those of a heartbeat, and so is the entry of one
// who has no such contact.
func (s *Service) Alarm(ctx context.Context, a actor.Actor, itx string) error {
	beat := s.o.Interactions.Heartbeat(ctx, a, itx)
	if beat != nil && errs.KindOf(beat) != errs.Conflict {
		return beat
	}
	if err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		pressed, err := count(tx, sqlPressed, a.ID(), itx)
		if err != nil || pressed > 0 {
			return err
		}
		if _, err := s.o.Log.Append(tx, audit.Entry{
			Action: "supervision.alarm", Decision: audit.Done, Actor: a, Interaction: f.ID, Controller: f.Controller, Ground: "interaction:" + f.ID,
		}); err != nil {
			return err
		}
		s.alert(tx, f, Duress, a.ID()) // whoever pressed, also where the contact has changed hands since the beat
		return nil
	}); err != nil {
		return err
	}
	return beat
}

func (s *Service) alert(tx *db.Tx, f interaction.Facts, kind Kind, staff string) {
	tx.Data.Queue(sqlAlertAdd, id.NewAt(id.Alert, tx.Now()), string(kind), f.ID, f.Controller, staff, column.Micros(tx.Now()))
	s.wake(tx, f)
}

// Alarmed reports whether a member of staff's silent alarm holds what would be opened.
func (s *Service) Alarmed(tx *db.Tx, staff string) (bool, error) {
	at, err := keptAlarms.Get(tx, staff)
	return at > column.Micros(tx.Now().Add(-AlarmLasts)), err
}

// deny undoes what a refused verb did and writes the refusal down by itself.
func (s *Service) deny(ctx context.Context, a actor.Actor, e audit.Entry, err error) error {
	if errs.KindOf(err) != errs.Denied && errs.CodeOf(err) != errUnknown.Code && errs.CodeOf(err) != errAlert.Code {
		return err
	}
	e.Decision, e.Reason, e.Actor = audit.Denied, errs.CodeOf(err), a
	logged := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if id.Is(id.Interaction, e.Interaction) {
			e.Ground = "interaction:" + e.Interaction
			f, err := s.o.Interactions.Facts(tx, e.Interaction)
			if err != nil && errs.KindOf(err) != errs.NotFound {
				return err
			}
			if err == nil && a.Serves(f.Controller) {
				e.Controller = f.Controller
			}
		} else {
			e.Interaction = ""
		}
		_, err := s.o.Log.Append(tx, e)
		return err
	})
	if logged != nil {
		return logged
	}
	return err
}

const maxReason = 300 // characters

func tidy(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > maxReason {
		return "", errReason
	}
	return reason, nil
}

// Settle ends an alert, with a reason. Nobody settles an alarm that he raised himself.
func (s *Service) Settle(ctx context.Context, a actor.Actor, alertID, reason string) error {
	reason, err := tidy(reason)
	if err != nil {
		return err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		one, err := scanAlert(tx.Data.Row(sqlAlert, alertID))
		switch {
		case err != nil:
			return err
		case !a.Is(actor.Supervisor):
			return errNotAllowed
		case !a.Serves(one.Controller):
			return errAlert
		case one.Kind == Duress && one.Staff == a.ID():
			return errOwnAlarm
		}
		sealed, err := s.o.Seal.Seal("supervision_alert", "reason_sealed", one.ID, []byte(reason))
		if err != nil {
			return err
		}
		n, err := tx.Data.Exec(sqlSettle, one.ID, column.Micros(tx.Now()), a.ID(), sealed)
		if err == nil && n == 0 {
			err = errSettled
		}
		if err != nil {
			return err
		}
		s.wake(tx, interaction.Facts{ID: one.Interaction, Controller: one.Controller})
		_, err = s.o.Log.Append(tx, audit.Entry{
			Action: "supervision.settle." + string(one.Kind), Decision: audit.Done, Actor: a, Interaction: one.Interaction,
			Controller: one.Controller, Ref: one.ID,
		})
		return err
	})
	return s.deny(ctx, a, audit.Entry{Action: "supervision.settle"}, err)
}

// Listen lets a supervisor listen to a live contact. waits is true when a second supervisor must agree first.
func (s *Service) Listen(ctx context.Context, a actor.Actor, itx, reason string) (waits bool, err error) {
	reason, err = tidy(reason)
	if err != nil {
		return false, err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.contact(tx, a, itx)
		may := err == nil
		if may {
			may, err = s.o.Decides(tx, a.ID(), f.Controller)
		}
		switch {
		case err != nil:
			return err
		case !may:
			return errNotAllowed
		case f.Agent == a.ID():
			return errOwnContact
		case !f.State.OnLine():
			return errNotLive
		}
		now, err := many(tx, sqlListenings, scanListening, itx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(now, func(l listening) bool {
			return l.Staff == a.ID() && (l.on() || tx.Now().Sub(l.Asked) < ListenAsks)
		}) {
			return errListens
		}
		if waits, err = s.protected(tx, f); err != nil {
			return err
		}
		l := listening{
			ID: id.NewAt(id.Listening, tx.Now()), Interaction: f.ID, Controller: f.Controller, Subject: f.Subject, Purpose: f.Purpose,
			Staff: a.ID(), State: asked, Asked: tx.Now(),
		}
		sealed, err := s.o.Seal.Seal("supervision_listening", "reason_sealed", l.ID, []byte(reason))
		if err != nil {
			return err
		}
		tx.Data.Queue(sqlListenAdd, l.ID, l.Interaction, l.Controller, l.Subject, l.Purpose, l.Staff, l.State, column.Micros(l.Asked), int64(0), int64(0), sealed)
		if waits {
			r, err := s.approvals.Request(tx, a, approval.Ask{
				Kind: ListenKind, Ref: l.ID, About: f.Agent, Controller: f.Controller, Payload: map[string]string{"interaction": f.ID}, Reason: reason,
			})
			s.Asked(tx, r)
			return err
		}
		return s.begin(tx, a, f, l, listens)
	})
	return waits, s.deny(ctx, a, audit.Entry{Action: "supervision.listen", Interaction: itx}, err)
}

// protected reports whether a contact is a protected person's, as far as is known now.
func (s *Service) protected(tx *db.Tx, f interaction.Facts) (bool, error) {
	if slices.Contains(f.Risks, "protected_person") {
		return true, nil
	}
	if s.o.Protected == nil || f.Subject == "" {
		return false, nil
	}
	return s.o.Protected(tx, f.Subject)
}

// contact is a contact of one of the supervisor's controllers; any other does not exist.
func (s *Service) contact(tx *db.Tx, a actor.Actor, itx string) (interaction.Facts, error) {
	if !id.Is(id.Interaction, itx) {
		return interaction.Facts{}, errUnknown
	}
	f, err := s.o.Interactions.Facts(tx, itx)
	if err == nil && !a.Serves(f.Controller) {
		err = errUnknown
	}
	if err == nil && !a.Is(actor.Supervisor) {
		err = errNotAllowed
	}
	return f, err
}

// begin starts a listening: entry, telephony, and the screens.
func (s *Service) begin(tx *db.Tx, by actor.Actor, f interaction.Facts, l listening, state string) error {
	l.State, l.Began = state, tx.Now()
	l.save(tx)
	return s.turn(tx, by, f, l, "supervision.listen", "")
}

// turn writes the entry of a listening that begins or ends, into the trail of the customer of that moment, and tells
// telephony and the screens.
func (s *Service) turn(tx *db.Tx, by actor.Actor, f interaction.Facts, l listening, action, reason string) error {
	e := audit.Entry{
		Action: action, Decision: audit.Done, Reason: reason, Actor: by, Subject: f.Subject, Purpose: f.Purpose, Interaction: f.ID, Controller: f.Controller,
		Channel: string(f.Channel), Ground: "interaction:" + f.ID, Ref: l.ID,
	}
	if by.ID() != l.Staff {
		e.Ref = l.Staff // who listens, where somebody else let it begin or end
	}
	if _, err := s.o.Log.Append(tx, e); err != nil {
		return err
	}
	if s.o.Announce != nil {
		if err := s.o.Announce(tx, interaction.Change{Interaction: f.ID, Controller: f.Controller, Action: action, Agent: l.Staff, State: f.State}); err != nil {
			return err
		}
	}
	s.wake(tx, f)
	if !s.o.Hidden {
		s.o.Interactions.Notify(tx, "changed", f)
	}
	return nil
}

// heard is the effect of a second supervisor's yes. The one who asked listens.
func (s *Service) heard(tx *db.Tx, r approval.Request, by actor.Actor) error {
	l, err := scanListening(tx.Data.Row(sqlListening, r.Ref))
	if err != nil {
		return err
	}
	f, err := s.o.Interactions.Facts(tx, l.Interaction)
	if err != nil {
		return err
	}
	return s.begin(tx, by, f, l, agreed)
}

// unheard is the effect of a no, and of no answer.
func (s *Service) unheard(tx *db.Tx, r approval.Request, _ actor.Actor) error {
	l, err := scanListening(tx.Data.Row(sqlListening, r.Ref))
	if err != nil || !l.Ended.IsZero() { // it ended with its contact before anybody answered
		return err
	}
	l.State, l.Ended = refused, tx.Now()
	l.save(tx)
	return nil
}

// Stop ends the supervisor's own listening.
func (s *Service) Stop(ctx context.Context, a actor.Actor, itx string) error {
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.contact(tx, a, itx)
		if err != nil {
			return err
		}
		stopped, err := s.quiet(tx, a, f, a.ID(), "")
		if err == nil && !stopped {
			err = errListensNot
		}
		return err
	})
	return s.deny(ctx, a, audit.Entry{Action: "supervision.listen_end", Interaction: itx}, err)
}

// quiet ends the listenings to a contact, those of one member of staff or all.
func (s *Service) quiet(tx *db.Tx, by actor.Actor, f interaction.Facts, staff, reason string) (stopped bool, err error) {
	now, err := many(tx, sqlListenings, scanListening, f.ID)
	for _, l := range now {
		if staff != "" && (l.Staff != staff || !l.on()) {
			continue
		}
		heard := l.on()
		if err := s.end(tx, by, f, l, reason); err != nil {
			return stopped, err
		}
		stopped = stopped || heard
	}
	return stopped, err
}

// end ends one listening. Where nobody answered yet nobody listened, and there is nothing to tell.
func (s *Service) end(tx *db.Tx, by actor.Actor, f interaction.Facts, l listening, reason string) error {
	heard := l.on()
	l.State, l.Ended = over, tx.Now()
	l.save(tx)
	if !heard {
		return nil
	}
	return s.turn(tx, by, f, l, "supervision.listen_end", reason)
}

// recheck ends the listenings that may not go on: of whoever serves the contact by now, and those that no second supervisor
// allowed once it turns out to be a protected person's.
func (s *Service) recheck(tx *db.Tx, itx string) error {
	now, err := many(tx, sqlListenings, scanListening, itx)
	if err != nil || len(now) == 0 {
		return err
	}
	f, err := s.o.Interactions.Facts(tx, itx)
	if err != nil {
		return err
	}
	protected, err := s.protected(tx, f)
	if err != nil {
		return err
	}
	for _, l := range now {
		why := ""
		switch {
		case l.Staff == f.Agent:
			why = errOwnContact.Code
		case l.State == listens && protected:
			why = "supervision.protected"
		default:
			continue
		}
		if err := s.end(tx, s.o.Duty, f, l, why); err != nil {
			return err
		}
	}
	return nil
}

// Follow hears, in its transaction, how a contact moves: listening ends with it, when whoever listens takes it over, or when
// it turns out to need a second supervisor, and a freeze is an alert.
func (s *Service) Follow(tx *db.Tx, c interaction.Change) error {
	frozen, done := c.State == interaction.Frozen, c.State.Ended() || c.State == interaction.Wrapup
	if !done {
		return s.recheck(tx, c.Interaction)
	}
	f, err := s.o.Interactions.Facts(tx, c.Interaction)
	if err != nil {
		return err
	}
	if frozen {
		s.alert(tx, f, Frozen, f.Agent)
	}
	_, err = s.quiet(tx, s.o.Duty, f, "", "")
	return err
}

// Listeners is how many listen to a contact, as far as its agent is to see it.
func (s *Service) Listeners(tx *db.Tx, itx string) (n int, err error) {
	if s.o.Hidden {
		return 0, nil
	}
	now, err := many(tx, sqlListenings, scanListening, itx)
	for _, l := range now {
		if l.on() {
			n++
		}
	}
	return n, err
}

package recorder

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// ResumeJob has one recorder go on; SweepJob looks at every span whose time has come, and app schedules it every SweepEvery.
const (
	ResumeJob  = "recorder.resume"
	SweepJob   = "recorder.sweep"
	SweepEvery = 5 * time.Second
)

// Duty is the machine's own part.
const Duty = "recorder"

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options are what the room needs; app gives them.
type Options struct {
	DB           *db.DB
	Log          Log
	Interactions *interaction.Service
	Seal         interaction.StaffSeal
	// Use is what the operator has written down.
	Use Use
	// Of is the recorder of the contacts of a line; the line of a contact begun by hand is "". nil: it cannot be paused.
	Of func(line string) Recorder
	// Duty is the actor of the machine's own part.
	Duty actor.Actor
	// Within bounds the wait for a recorder; nil means AckTime by the machine's clock.
	Within func(ctx context.Context) (context.Context, context.CancelFunc)
	// Logger is told what a recorder did not do; nil means nobody.
	Logger *slog.Logger
}

// Service is the room's verbs.
type Service struct{ o Options }

// New makes the room.
func New(o Options) *Service {
	if o.Of == nil {
		o.Of = func(string) Recorder { return nil }
	}
	if o.Within == nil {
		o.Within = func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, AckTime)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o}
}

// Use is what the operator has written down.
func (s *Service) Use() Use { return s.o.Use }

// Needs reports whether what must not be recorded is typed in a capture on this channel. A chat and an e-mail have no
// recorder; nor has a call where the operator says so.
func (s *Service) Needs(channel string) bool {
	return channel == string(interaction.Phone) && s.o.Use != None
}

// Took keeps where an exchange says that a contact is, for as long as the contact goes on, if its recorder can be paused.
func (s *Service) Took(tx *db.Tx, itx string, l interaction.Leg) error {
	if s.o.Of(l.Line) == nil {
		return nil
	}
	sealed, err := s.o.Seal.Seal("recorder_leg", "contact_sealed", itx, []byte(l.Contact))
	if err == nil {
		tx.Data.Queue(sqlLegAdd, itx, l.Line, sealed)
	}
	return err
}

// Wish is a capture that is asked for.
type Wish struct {
	Interaction string
	Field       string
	// Allow asks whoever decides, in the transaction, and says whose data it is. Its refusal has its entry.
	Allow func(tx *db.Tx) (About, *errs.E, error)
	// Settle, if set, runs at the end of the transaction in which the field opens.
	Settle func(tx *db.Tx, s Span) error
}

// About is what stands in a capture's entries.
type About struct {
	Controller, Subject, Purpose, Channel string
	Level                                 int
}

func (s *Service) entry(a actor.Actor, sp Span, action string, d audit.Decision, reason string) audit.Entry {
	e := audit.Entry{Action: action, Decision: d, Reason: reason, Actor: a, Controller: sp.Controller, Interaction: sp.Interaction, Subject: sp.Subject,
		Ground: "interaction:" + sp.Interaction, Ref: sp.ID}
	if d == audit.Denied {
		e.Refused = []string{sp.Field}
	} else {
		e.Fields = []string{sp.Field}
	}
	return e
}

// Begin has the recorder of a contact paused for one field, and moves the contact into its capture once the recorder has
// acknowledged. A refusal comes back as the error with its entry written.
func (s *Service) Begin(ctx context.Context, a actor.Actor, w Wish) (Span, error) {
	var refusal *errs.E
	var sp span
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		sp = span{Span: Span{ID: id.NewAt(id.Capture, tx.Now()), Interaction: w.Interaction, Staff: a.ID(), Field: w.Field, State: Asked, Asked: tx.Now()}}
		about, no, err := w.Allow(tx)
		if refusal = no; err != nil || refusal != nil {
			return err
		}
		sp.Controller, sp.Subject = about.Controller, about.Subject
		if refusal, err = s.free(tx, &sp); err != nil {
			return err
		}
		if refusal != nil {
			e := s.entry(a, sp.Span, "recorder.pause", audit.Denied, refusal.Code)
			e.Ref = ""
			_, err = s.o.Log.Append(tx, e)
			return err
		}
		sp.next = tx.Now().Add(3 * AckTime)
		sp.insert(tx)
		_, err = s.o.Log.Append(tx, s.entry(a, sp.Span, "recorder.pause", audit.Done, ""))
		return err
	})
	if err != nil || refusal != nil {
		return Span{}, either(err, refusal)
	}
	said := s.tell(ctx, sp, true)
	// Whoever asked may have gone meanwhile: what the recorder said is written down all the same.
	return s.answered(context.WithoutCancel(ctx), a, sp.ID, said, w.Settle)
}

// free refuses a second capture of a contact, one that a late word to go on could end at the recorder, and one whose recorder
// nobody can name. A refusal leaves what is owed to a capture before as it is.
func (s *Service) free(tx *db.Tx, sp *span) (*errs.E, error) {
	if s.o.Use == Unset || s.o.Use == None {
		return errUnset, nil
	}
	var had int64
	if err := tx.Data.Row(sqlHad, sp.Interaction).Scan(&had); err != nil {
		return nil, err
	}
	if had >= PerCall {
		return errSpent, nil
	}
	live, err := many(tx, sqlLive, sp.Interaction)
	for _, before := range live {
		switch {
		case before.State == Asked, before.State == Open:
			return errBusy, err
		case before.State == Leaving, before.uncertain:
			return errResuming, err
		}
	}
	if no, err := s.reach(tx, sp); err != nil || no != nil {
		return no, err
	}
	for _, before := range live { // the new one takes over what is left of it: a second word to go on
		sp.doubtful = sp.doubtful || before.doubtful
		before.end(tx, Closed)
	}
	return nil, err
}

// reach fills in the recorder's name for the contact.
func (s *Service) reach(tx *db.Tx, sp *span) (*errs.E, error) {
	line, sealed, err := legOf(tx, sp.Interaction)
	if err != nil {
		return nil, err
	}
	if s.o.Of(line) == nil {
		return errNoLeg, nil
	}
	sp.line = line
	if sealed == nil {
		return nil, nil
	}
	plain, err := s.o.Seal.Open("recorder_leg", "contact_sealed", sp.Interaction, sealed)
	if err == nil {
		sp.contact, err = s.o.Seal.Seal("recorder_span", "contact_sealed", sp.ID, plain)
	}
	return nil, err
}

// tell asks the recorder, outside of any transaction.
func (s *Service) tell(ctx context.Context, sp span, pause bool) error {
	r := s.o.Of(sp.line)
	if r == nil {
		return errUnasked // the configuration has changed since
	}
	t := Target{Span: sp.ID, Interaction: sp.Interaction, Staff: sp.Staff}
	if len(sp.contact) > 0 {
		plain, err := s.o.Seal.Open("recorder_span", "contact_sealed", sp.ID, sp.contact)
		if err != nil {
			return err
		}
		t.Contact = string(plain)
	}
	ctx, cancel := s.o.Within(ctx)
	defer cancel()
	if pause {
		return r.Pause(ctx, t)
	}
	return r.Resume(ctx, t)
}

// answered writes down what the recorder said to a pause, and opens the field when it is paused and the contact still is where
// it was.
func (s *Service) answered(ctx context.Context, a actor.Actor, spanID string, said error, settle func(*db.Tx, Span) error) (Span, error) {
	var refusal *errs.E
	var sp span
	err := s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refusal = nil
		if sp, err = one(tx, spanID); err != nil {
			return err
		}
		switch {
		case sp.State != Asked: // it took so long that the sweep has closed it
			refusal = errLate
			return nil
		case said == nil:
			sp.Paused = tx.Now()
			if err := s.o.Interactions.BeginCapture(tx, a, sp.Interaction); err != nil {
				if errs.KindOf(err) == errs.Internal || errs.KindOf(err) == errs.Unavailable {
					return err
				}
				refusal = errMoved
				return s.leave(tx, a, &sp, moved)
			}
			sp.State, sp.Until = Open, tx.Now().Add(Lasts)
			sp.next = sp.Until
			sp.update(tx)
			if _, err := s.o.Log.Append(tx, s.entry(a, sp.Span, "recorder.paused", audit.Done, "")); err != nil || settle == nil {
				return err
			}
			return settle(tx, sp.Span)
		case certain(said):
			refusal = errRefused.With("why", errs.CodeOf(said))
			sp.Code = errs.CodeOf(said)
			if _, err := s.o.Log.Append(tx, s.entry(a, sp.Span, "recorder.paused", audit.Denied, sp.Code)); err != nil {
				return err
			}
			if sp.doubtful { // not this pause, but the one before it may still come
				return s.leave(tx, a, &sp, sp.Code)
			}
			sp.end(tx, Failed)
			return nil
		}
		refusal = errSilent
		sp.doubtful = true
		if _, err := s.o.Log.Append(tx, s.entry(a, sp.Span, "recorder.paused", audit.Denied, errSilent.Code)); err != nil {
			return err
		}
		return s.leave(tx, a, &sp, errSilent.Code)
	})
	if said != nil {
		s.o.Logger.Warn("recorder", slog.String("span", spanID), slog.String("code", errs.CodeOf(said)))
	}
	if err != nil {
		return Span{}, err
	}
	return sp.Span, either(nil, refusal)
}

// leave closes a span to new data and has the recorder go on, in the transaction of what ended it.
func (s *Service) leave(tx *db.Tx, by actor.Actor, sp *span, reason string) error {
	was := sp.State
	sp.State, sp.Reason, sp.Code, sp.Left, sp.next = Leaving, reason, "", tx.Now(), tx.Now()
	sp.update(tx)
	if err := jobs.Insert(tx, jobs.Job{Kind: ResumeJob, Key: sp.ID, Payload: sp.ID}); err != nil || was != Open {
		return err
	}
	_, err := s.o.Log.Append(tx, s.entry(by, sp.Span, "recorder.left", audit.Done, reason))
	return err
}

// Follow hears of every move of a contact, in its transaction: whatever leads out of a capture has the recorder go on.
func (s *Service) Follow(tx *db.Tx, c interaction.Change) error {
	if c.State.Ended() && s.o.Use != Unset && s.o.Use != None {
		tx.Data.Queue(sqlLegGone, c.Interaction)
	}
	if c.From != interaction.Capture || c.State == interaction.Capture {
		return nil
	}
	live, err := many(tx, sqlLive, c.Interaction)
	for i := range live {
		if err == nil && live[i].State == Open {
			reason := c.Reason
			if reason == "" {
				reason = moved
			}
			err = s.leave(tx, c.By, &live[i], reason)
		}
	}
	return err
}

// Capturing is the capture that is open in a contact; false when none is.
func (s *Service) Capturing(tx *db.Tx, itx string) (Span, bool, error) {
	live, err := many(tx, sqlLive, itx)
	for _, sp := range live {
		if sp.State == Open {
			return sp.Span, true, err
		}
	}
	return Span{}, false, err
}

// Stuck is a capture of a contact after which the recorder has not said that it goes on, although it was told to.
func (s *Service) Stuck(tx *db.Tx, itx string) (Span, bool, error) {
	live, err := many(tx, sqlLive, itx)
	for _, sp := range live {
		if sp.State == Leaving {
			return sp.Span, true, err
		}
	}
	return Span{}, false, err
}

// May refuses a field that is typed outside of its own capture.
func (s *Service) May(tx *db.Tx, a actor.Actor, itx, field string) (*errs.E, error) {
	if s.o.Use == Unset {
		return errUnset, nil
	}
	open, there, err := s.Capturing(tx, itx)
	switch {
	case err != nil:
		return nil, err
	case !there || open.Staff != a.ID() || !tx.Now().Before(open.Until):
		return errNotOpen, nil
	case open.Field != field:
		return errElsewhere, nil
	}
	return nil, nil
}

// Leave ends the capture of a contact in the caller's transaction; one that is over already stays so.
func (s *Service) Leave(tx *db.Tx, a actor.Actor, itx, reason string) error {
	return s.o.Interactions.EndCapture(tx, a, itx, reason)
}

// Cancel ends the capture of the asker's contact without a value.
func (s *Service) Cancel(ctx context.Context, a actor.Actor, itx string) error {
	return s.o.Interactions.LeaveCapture(ctx, a, itx, Cancelled)
}

// Spans are the captures of a contact, the oldest first.
func (s *Service) Spans(tx *db.Tx, itx string) (out []Span, err error) {
	list, err := many(tx, sqlAll, itx)
	for _, sp := range list {
		out = append(out, sp.Span)
	}
	return out, err
}

// Alarms are the captures of a controller's contacts after which a recorder did not go on, the oldest first.
func (s *Service) Alarms(tx *db.Tx, controller string) (out []Span, err error) {
	list, err := many(tx, sqlStuck, controller)
	for _, sp := range list {
		out = append(out, sp.Span)
	}
	return out, err
}

// Stands says whether every recorder goes on that was told to: for /readyz.
func (s *Service) Stands(ctx context.Context) error {
	var n int64
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(sqlCount).Scan(&n) })
	if err == nil && n > 0 {
		return errs.New(errs.Unavailable, "recorder.not_resumed")
	}
	return nil // a database that is gone has a line of its own
}

// Resume has the recorder of a span go on, if it is time, and writes down what it said. Two at once are one: whoever comes
// first claims the attempt.
func (s *Service) Resume(ctx context.Context, spanID string) error {
	var sp span
	var mine bool
	err := s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		mine = false
		if sp, err = one(tx, spanID); err != nil {
			return err
		}
		if sp.State != Leaving && sp.State != Settling || sp.next.After(tx.Now()) {
			return nil
		}
		if sp.State == Settling { // the second word: from now on as after any other capture
			sp.State, sp.doubtful, sp.uncertain = Leaving, false, false
		}
		mine = true
		sp.Attempts++
		sp.next = tx.Now().Add(AckTime + time.Second)
		asked := sp
		asked.uncertain = true // until it is written down what the recorder said
		asked.update(tx)
		return nil
	})
	if err != nil || !mine {
		return err
	}
	said := s.tell(ctx, sp, false)
	return s.wentOn(context.WithoutCancel(ctx), sp, said)
}

// wentOn writes down what a recorder said to having to go on.
func (s *Service) wentOn(ctx context.Context, sp span, said error) error {
	if said != nil {
		s.o.Logger.Warn("recorder does not go on", slog.String("span", sp.ID), slog.String("code", errs.CodeOf(said)), slog.Int64("attempt", sp.Attempts))
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		now, err := one(tx, sp.ID)
		if err != nil || now.Attempts != sp.Attempts {
			return err // it took so long that it was told again meanwhile: that answer counts
		}
		f, err := s.o.Interactions.Facts(tx, sp.Interaction)
		if err != nil {
			return err
		}
		first := sp.Code == "" || sp.Attempts == 1
		sp.Code = errs.CodeOf(said)
		e := s.entry(s.o.Duty, sp.Span, "recorder.resumed", audit.Done, "")
		e.Count = sp.Attempts
		switch {
		case said == nil && (sp.doubtful || sp.uncertain):
			sp.State, sp.Resumed, sp.next = Settling, tx.Now(), tx.Now().Add(SettleAfter)
			sp.update(tx)
		case said == nil:
			if sp.Resumed.IsZero() {
				sp.Resumed = tx.Now()
			}
			sp.end(tx, Closed)
		case errs.KindOf(said) == errs.NotFound && !f.State.OnLine():
			e.Reason = errGone.Code // the recording ended with its call
			sp.end(tx, Closed)
		case tx.Now().Sub(sp.Left) > GiveUp:
			e = s.entry(s.o.Duty, sp.Span, "recorder.resumed", audit.Denied, "recorder.given_up")
			e.Count = sp.Attempts
			sp.end(tx, Closed)
		default:
			sp.uncertain = sp.uncertain || !certain(said)
			sp.next = tx.Now().Add(backoff(sp.Attempts))
			sp.update(tx)
			s.o.Interactions.Notify(tx, "changed", f)
			if !first {
				return nil // once said is enough: the count stands in the last entry
			}
			e = s.entry(s.o.Duty, sp.Span, "recorder.resumed", audit.Denied, sp.Code)
		}
		s.o.Interactions.Notify(tx, "changed", f)
		_, err = s.o.Log.Append(tx, e)
		return err
	})
}

// Sweep looks at every span whose time has come: a question that a stopped program left without an answer, a capture whose time
// is over, a recorder that must be told again.
func (s *Service) Sweep(ctx context.Context) error {
	var due []string
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
		due = nil
		return tx.Data.Rows(sqlDue, []any{tx.Now().UnixMicro()}, func(r db.Row) error {
			var one string
			err := r.Scan(&one)
			due = append(due, one)
			return err
		})
	})
	if err != nil {
		return err
	}
	// What ends by itself comes first: a recorder that does not answer takes its time. None keeps another from being looked at.
	for _, look := range []func(context.Context, string) error{s.overdue, s.Resume} {
		for _, spanID := range due {
			err = errors.Join(err, look(ctx, spanID))
		}
	}
	return err
}

// overdue ends what should have ended by itself.
func (s *Service) overdue(ctx context.Context, spanID string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		sp, err := one(tx, spanID)
		if err != nil || sp.next.After(tx.Now()) {
			return err
		}
		switch sp.State {
		case Asked:
			sp.doubtful = true
			if _, err := s.o.Log.Append(tx, s.entry(s.o.Duty, sp.Span, "recorder.paused", audit.Denied, stopped)); err != nil {
				return err
			}
			return s.leave(tx, s.o.Duty, &sp, stopped)
		case Open:
			if err := s.Leave(tx, s.o.Duty, sp.Interaction, TimeOver); err != nil {
				return err
			}
			if sp, err = one(tx, spanID); err != nil || sp.State != Open {
				return err
			}
			return s.leave(tx, s.o.Duty, &sp, moved) // the contact was in no capture: whatever happened, the recorder goes on
		}
		return nil
	})
}

func either(err error, refusal *errs.E) error {
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

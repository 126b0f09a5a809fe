package verification

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// When a customer says "I did not contact you", the contact is frozen by the program; what it means has to be found out by
// people. They see the contact by its ids, never the customer, and write down that they looked, once, with what they found.

// Reviewers look into what customers deny.
var Reviewers = []actor.Role{actor.Supervisor, actor.DPO, actor.Security}

// MaxReason is how long a finding may be, in characters.
const MaxReason = 300

// Denial is a contact that its customer denied, as those who review it see it: no personal data.
type Denial struct {
	ID          string // of the link that was answered, or of the decision that was stopped, ver_…
	Interaction string
	Controller  string
	Agent       string // staff id of who sent the link, or of who decided as the second
	Channel     interaction.Channel
	State       interaction.State // of the contact now: frozen, unless it had ended before
	At          time.Time
	Own         bool      // the asker served it, and so may not review it
	ReviewedBy  string    // staff id; "" while nobody has looked
	Reviewed    time.Time // zero while nobody has
}

// Position is a place in the list of denials.
type Position struct {
	At int64  `json:"a"`
	ID string `json:"i"`
}

// DenialsAPage is how many denials one page of the list holds.
const DenialsAPage = 50

// Denials lists what the customers of the asker's controllers denied, the newest first: what waits, or what was reviewed.
// next is where the list goes on; zero at its end.
func (s *Service) Denials(ctx context.Context, a actor.Actor, reviewed bool, after Position) (out []Denial, next Position, err error) {
	if !a.Is(Reviewers...) {
		return nil, next, errReviewer
	}
	if after.At == 0 {
		after.At = 1<<62 - 1
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, next = nil, Position{}
		for _, controller := range slices.Sorted(slices.Values(a.Controllers())) {
			found, err := denials(tx, controller, reviewed, after, DenialsAPage+1)
			if err != nil {
				return err
			}
			out = append(out, found...)
		}
		slices.SortFunc(out, func(x, y Denial) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(y.ID, x.ID)) })
		if len(out) > DenialsAPage {
			out = out[:DenialsAPage]
			last := out[DenialsAPage-1]
			next = Position{micros(last.At), last.ID}
		}
		for i := range out {
			if err := s.contact(tx, a, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, next, err
}

// Names are staff and companies as colleagues know them, by id.
func (s *Service) Names(ctx context.Context, list []Denial) (map[string]string, error) {
	names := map[string]string{}
	return names, s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		for _, d := range list {
			for _, staff := range []string{d.Agent, d.ReviewedBy} {
				if _, known := names[staff]; known || staff == "" {
					continue
				}
				if names[staff], err = s.o.Staff(tx, staff); err != nil {
					return err
				}
			}
			if names[d.Controller] == "" {
				if names[d.Controller], err = s.o.Company(tx, d.Controller); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// contact fills in what the interaction knows.
func (s *Service) contact(tx *db.Tx, a actor.Actor, d *Denial) error {
	f, err := s.o.Interactions.Facts(tx, d.Interaction)
	d.Channel, d.State = f.Channel, f.State
	d.Own = d.Agent == a.ID() || f.Agent == a.ID()
	return err
}

// Denial reads one denial of the asker's controllers.
func (s *Service) Denial(ctx context.Context, a actor.Actor, denial string) (out Denial, err error) {
	if !a.Is(Reviewers...) {
		return out, errReviewer
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		if out, _, err = s.denial(tx, a, denial); err != nil {
			return err
		}
		return s.contact(tx, a, &out)
	})
	return out, err
}

// denial reads one with its subject. One of another controller does not exist for the asker.
func (s *Service) denial(tx *db.Tx, a actor.Actor, denial string) (Denial, string, error) {
	if !id.Is(id.Verification, denial) {
		return Denial{}, "", errDenial
	}
	d, subject, err := scanDenial(tx.Data.Row(sqlDenial, denial))
	if errors.Is(err, db.ErrNoRows) || err == nil && !a.Serves(d.Controller) {
		return Denial{}, "", errDenial
	}
	return d, subject, err
}

// Review says that the asker has looked into a denial, with what was found: once, by somebody who did not serve the
// contact. The reason is free text about somebody, so it goes into the detail of the entry, sealed under the customer's
// key, and nowhere else. also runs in the transaction.
func (s *Service) Review(ctx context.Context, a actor.Actor, denial, reason string, also ...func(*db.Tx) error) error {
	if !a.Is(Reviewers...) {
		return errReviewer
	}
	reason = strings.TrimSpace(strings.ReplaceAll(reason, "\r\n", "\n"))
	if !strings.ContainsFunc(reason, unicode.IsLetter) || utf8.RuneCountInString(reason) > MaxReason || !utf8.ValidString(reason) ||
		strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return errReason
	}
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		d, subject, err := s.denial(tx, a, denial)
		if refusal = nil; errors.Is(err, errDenial) {
			refusal, err = errDenial, nil
		}
		if err == nil && refusal == nil {
			err = s.contact(tx, a, &d)
		}
		switch {
		case err != nil:
			return err
		case d.Own: // nobody looks into what they did themselves
			refusal = errOwn
		case !d.Reviewed.IsZero():
			return errReviewed
		}
		entry := audit.Entry{Action: "verification.reviewed", Decision: audit.Done, Actor: a, Interaction: d.Interaction,
			Controller: d.Controller, Subject: subject, Ref: d.ID}
		if refusal != nil { // an outcome: its entry is committed
			entry.Decision, entry.Reason = audit.Denied, refusal.Code
			_, err = s.o.Log.Append(tx, entry)
			return err
		}
		entry.Detail = map[string]any{"reason": reason}
		tx.Data.Queue(sqlReviewAdd, d.ID, a.ID(), micros(tx.Now()))
		if _, err := s.o.Log.Append(tx, entry); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case db.IsUnique(err):
		return errReviewed // at the same moment, through another server
	case err == nil && refusal != nil:
		return refusal
	}
	return err
}

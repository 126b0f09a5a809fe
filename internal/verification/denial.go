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
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// When a customer says "I did not contact you", the contact is frozen by the program; what it means has to be found out by
// people. They see the contact by its ids, never the customer, and write down that they looked, once, with what they found.

// Reviewers look into what customers deny.
var Reviewers = []actor.Role{actor.Supervisor, actor.DPO, actor.Security}

// MaxReason is how long a finding may be, in characters.
const MaxReason = 300

// Denial is a contact that its customer denied, as those who review it see it: no personal data.
type Denial struct {
	ID          string   // of the link that was answered, the decision or change that was stopped, or the report that was made, ver_…
	Interaction string   // "" for a report about a call that is none of ours
	Controller  string   // likewise
	Agent       string   // staff id of who sent the link, of who decided as the second, or of who was reported
	Number      string   // of ours, that a report says was displayed
	Seen        []string // names of the fields that had been used or shown; for one denial, not in the list
	Channel     interaction.Channel
	State       interaction.State // of the contact now: frozen, unless it had ended before
	At          time.Time
	Own         bool      // the asker served it, and so may not review it
	Finding     string    // of a review of a report that concerns no customer known yet; for one denial
	ReviewedBy  string    // staff id; "" while nobody has looked
	Reviewed    time.Time // zero while nobody has
}

// guard is what every denial brings: somebody works on this customer, and may do so in another contact at this moment. The
// contact freezes, if there is one, and people are to look into it.
func (s *Service) guard(tx *db.Tx, by actor.Actor, denial, interactionID, subject string) error {
	if subject != "" {
		tx.Data.Queue(sqlSignalSet, subject, "known_fraud", column.Micros(tx.Now().Add(LockWindow)))
	}
	if interactionID != "" {
		if err := s.o.Interactions.Freeze(tx, by, interactionID, errNotCalled.Code); err != nil {
			return err
		}
	}
	return jobs.Insert(tx, jobs.Job{Kind: DeniedJob, Key: denial, Payload: payload{denial, interactionID}})
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
		for _, controller := range append(slices.Sorted(slices.Values(a.Controllers())), "") { // "": a call that is none of ours is everybody's to know of
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
			next = Position{column.Micros(last.At), last.ID}
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
			if names[d.Controller] == "" && d.Controller != "" {
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
	if d.Interaction == "" {
		return nil
	}
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
		var subject string
		if out, subject, err = s.denial(tx, a, denial); err != nil {
			return err
		}
		if out.Seen, err = s.disclosed(tx, out, subject); err != nil {
			return err
		}
		if out.Finding, err = s.finding(tx, denial); err != nil {
			return err
		}
		return s.contact(tx, a, &out)
	})
	return out, err
}

func findingRef(denial string) keyring.Ref {
	return keyring.Ref{Table: "verification_review", Column: "reason_sealed", Row: denial, Schema: 1}
}

// finding opens what was found about a report that concerns no customer known yet.
func (s *Service) finding(tx *db.Tx, denial string) (string, error) {
	var sealed []byte
	err := tx.Data.Row(sqlFinding, denial).Scan(&sealed)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	plain, err := s.o.Keys.OpenStaff(findingRef(denial), sealed)
	return string(plain), err
}

// disclosed names the fields that had been used or shown in a denied contact. It froze with the denial, so that nothing came later.
func (s *Service) disclosed(tx *db.Tx, d Denial, subject string) ([]string, error) {
	if subject == "" {
		return nil, nil
	}
	one, err := attempt(tx, d.ID)
	if errors.Is(err, errLink) { // it was no link
		one, err = Attempt{Interaction: d.Interaction, subject: subject}, nil
	}
	if err != nil {
		return nil, err
	}
	return s.seen(tx, one)
}

// denial reads one with its subject. One of another controller does not exist for the asker.
func (s *Service) denial(tx *db.Tx, a actor.Actor, denial string) (Denial, string, error) {
	if !id.Is(id.Verification, denial) {
		return Denial{}, "", errDenial
	}
	d, subject, err := scanDenial(tx.Data.Row(sqlDenial, denial))
	if errors.Is(err, db.ErrNoRows) || err == nil && d.Controller != "" && !a.Serves(d.Controller) {
		return Denial{}, "", errDenial
	}
	return d, subject, err
}

// Review says that the asker has looked into a denial, with what was found: once, by somebody who did not serve the
// contact. The reason is free text about somebody, so it goes into the detail of the entry, sealed under the customer's
// key, and nowhere else; where no customer is known yet, it is kept with the review, under the staff key. also runs in the transaction.
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
		var sealed []byte
		if subject != "" {
			entry.Detail = map[string]any{"reason": reason}
		} else { // there is no customer's key to seal it under
			sealed = s.o.Keys.SealStaff(findingRef(d.ID), []byte(reason))
		}
		tx.Data.Queue(sqlReviewAdd, d.ID, a.ID(), column.Micros(tx.Now()), sealed)
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

package verification

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/vault"
)

// View is what the customer's page shows. Before it is opened in a browser it names the
// company only: a machine that fetches links out of mails to look at them learns nothing
// else, and uses nothing up.
type View struct {
	State    ViewState
	Company  string
	Operator string // who serves in the company's name; "" when the company does itself
	Agent    string // first name
	Purpose  string
	Inbound  bool      // the customer called us
	Since    time.Time // when the link was sent
	Seen     []string  // names of the fields used so far, once answered
	Ended    bool      // the interaction is over
	Stands   Stands    // in whose place the reader answers
	Passkeys int       // how many the customer has, in the browser that the page is open in
	MayAdd   bool      // one may be registered
	CanDeny  bool      // "somebody else is calling" can be pressed
}

// Stands says who answers for whom, masked; empty where the customer answers.
type Stands struct{ Representative, Customer, Kind string }

// ViewState is which page it is.
type ViewState string

// The pages.
const (
	ViewClosed    ViewState = "closed"    // not opened yet: one button
	ViewQuestion  ViewState = "question"  // open here: who is calling, and where the number goes
	ViewElsewhere ViewState = "elsewhere" // open in another browser
	ViewConfirmed ViewState = "confirmed"
	ViewMismatch  ViewState = "mismatch"
	ViewDeclined  ViewState = "declined"
	ViewDenied    ViewState = "denied"
	ViewExpired   ViewState = "expired"
)

// The answers that are no number.
const (
	AnswerNo     = "no"     // not me, or not now
	AnswerDenied = "denied" // I did not call; somebody else is calling
)

// open checks a link's signature, audience and end. Whatever is wrong with it, the answer
// is the same.
func (s *Service) open(token string, now time.Time) (attemptID string, err error) {
	if len(token) > 512 {
		return "", errLink
	}
	payload, err := s.o.Keys.OpenToken("verification.link", token, now)
	if err != nil {
		return "", errLink
	}
	return string(payload), nil
}

// browserMAC is what is kept of a browser's secret.
func (s *Service) browserMAC(attemptID, secret string) []byte {
	return s.o.Keys.MAC("verification/browser", []byte(attemptID+"\x00"+secret))
}

func (s *Service) same(a Attempt, secret string) bool {
	return len(a.browser) > 0 && secret != "" && subtle.ConstantTimeCompare(a.browser, s.browserMAC(a.ID, secret)) == 1
}

// Show reads the page of a link for a browser, in the language of its reader; secret is that
// browser's cookie, "" when it has none. Showing changes nothing.
func (s *Service) Show(ctx context.Context, token, secret string, in i18n.Lang) (v View, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		attemptID, err := s.open(token, tx.Now())
		if err != nil {
			return err
		}
		one, err := attempt(tx, attemptID)
		if err != nil {
			return err
		}
		v, err = s.view(tx, one, secret, in)
		return err
	})
	return v, err
}

func (s *Service) view(tx *db.Tx, a Attempt, secret string, in i18n.Lang) (v View, err error) {
	f, err := s.o.Interactions.Facts(tx, a.Interaction)
	if err != nil {
		return v, err
	}
	v = View{Since: a.Started, Inbound: a.Direction == string(interaction.Inbound), CanDeny: true,
		Ended: f.State.Ended() || f.State == interaction.Wrapup}
	if v.Company, err = s.o.Company(tx, a.Controller); err != nil {
		return v, err
	}
	here := s.same(a, secret)
	switch a.State {
	case Sent:
		v.State = ViewClosed
		return v, nil
	case Opened:
		v.State = ViewQuestion
	case Confirmed:
		v.State = ViewConfirmed
	case Mismatch:
		v.State = ViewMismatch
	case Declined:
		v.State = ViewDeclined
	case Denied:
		v.State, v.CanDeny = ViewDenied, false
	default:
		v.State = ViewExpired
		return v, nil
	}
	if !here {
		// Somebody else holds the link too. They learn that it is in use, nothing more;
		// saying "this was not me" stays open to them, because it can only lower.
		if a.State != Denied {
			v.State = ViewElsewhere
		}
		return v, nil
	}
	if v.Agent, err = s.o.Agent(tx, a.Agent); err != nil {
		return v, err
	}
	v.Operator = s.o.Operator
	if a.Purpose != "" {
		if v.Purpose, err = s.o.Purpose(tx, a.Purpose, string(in)); err != nil {
			return v, err
		}
	}
	if id.Is(id.Mandate, a.value) && s.o.Representatives != nil {
		if v.Stands.Representative, v.Stands.Customer, v.Stands.Kind, err = s.o.Representatives.Names(tx, a.value); err != nil {
			return v, err
		}
	}
	if err := s.passkeysOf(tx, a, f, &v); err != nil || v.State == ViewQuestion {
		return v, err
	}
	v.Seen, err = s.seen(tx, a)
	return v, err
}

// seen are the names of the fields that were shown, compared or used in the interaction: what the desk lists, the
// contact that the link went to, and the account history if a question was asked from it.
func (s *Service) seen(tx *db.Tx, a Attempt) ([]string, error) {
	fields, err := s.o.Seen(tx, a.Interaction, a.subject)
	if err != nil {
		return nil, err
	}
	if a.Contact != "" && !slices.Contains(fields, a.Contact) {
		fields = append(fields, a.Contact)
	}
	asked := false
	err = tx.Data.Rows(sqlAsked, []any{a.Interaction, a.subject}, func(db.Row) error { asked = true; return nil })
	if asked && !slices.Contains(fields, vault.HistoryField) {
		fields = append(fields, vault.HistoryField)
	}
	return fields, err
}

// Enter opens the page in one browser: the first that presses the button. The secret it
// returns belongs into that browser's cookie. A browser that comes back keeps the one it
// has; a second browser gets verification.link_elsewhere.
func (s *Service) Enter(ctx context.Context, token, secret string) (newSecret string, err error) {
	fresh := make([]byte, 16)
	_, _ = rand.Read(fresh) // never fails: crypto/rand ends the process instead
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		newSecret = ""
		attemptID, err := s.open(token, tx.Now())
		if err != nil {
			return err
		}
		one, err := attempt(tx, attemptID)
		if err != nil {
			return err
		}
		if s.same(one, secret) {
			newSecret = secret
			return nil
		}
		switch one.State {
		case Sent:
		case Opened:
			return errBrowser
		case Expired, Withdrawn:
			return errExpired
		default:
			return errAnswered
		}
		newSecret = base64.RawURLEncoding.EncodeToString(fresh)
		one.State, one.browser = Opened, s.browserMAC(one.ID, newSecret)
		one.save(tx)
		f, err := s.o.Interactions.Facts(tx, one.Interaction)
		if err != nil {
			return err
		}
		s.o.Interactions.Notify(tx, "verification", f)
		return nil
	})
	return newSecret, err
}

// Reply takes the customer's answer: the number as typed, AnswerNo or AnswerDenied. What is
// none of them, such as one digit, is refused and uses nothing up.
//
// A number or a no is taken once, in time, and only from the browser in which the page
// was opened. AnswerDenied is taken from anybody who holds the link, as long as the page
// lives and even after a yes: it freezes the interaction at once, ends every right, and
// leaves a job row for the incident room.
func (s *Service) Reply(ctx context.Context, token, secret, answer string) error {
	return s.ReplyWith(ctx, token, secret, answer, nil)
}

// ReplyWith is Reply with a passkey that the browser showed, as it answered PasskeyOptions.
func (s *Service) ReplyWith(ctx context.Context, token, secret, answer string, passkey []byte) error {
	answer = strings.TrimSpace(answer)
	number, isNumber := 0, false
	if n, err := strconv.Atoi(answer); err == nil && len(answer) == 2 && n >= 10 {
		number, isNumber = n, true
	}
	if !isNumber && answer != AnswerNo && answer != AnswerDenied {
		return errAnswer
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		attemptID, err := s.open(token, tx.Now())
		if err != nil {
			return err
		}
		one, err := attempt(tx, attemptID)
		if err != nil {
			return err
		}
		f, err := s.o.Interactions.Facts(tx, one.Interaction)
		if err != nil {
			return err
		}
		customer := s.o.Customer(one.ID)
		if answer == AnswerDenied {
			return s.deny(tx, customer, one, f)
		}
		switch {
		case one.State == Expired || one.State == Withdrawn:
			return errExpired
		case !one.State.Answerable():
			return errAnswered
		case !s.same(one, secret):
			return errBrowser
		case f.State.Ended() || f.State == interaction.Wrapup:
			return errOver
		}
		if counts, err := s.counts(tx, one, f); err != nil || !counts {
			return cmp.Or(err, error(errExpired))
		}
		one.Answered = tx.Now()
		switch {
		case isNumber && number == one.Number:
			one.State = Confirmed
		case isNumber:
			one.State = Mismatch
		default:
			one.State = Declined
		}
		one.save(tx)
		if err := s.note(tx, customer, one, f); err != nil {
			return err
		}
		if one.State == Confirmed {
			if err := s.answered(tx, one); err != nil {
				return err
			}
			if err := s.shown(tx, customer, one, f, passkey); err != nil {
				return err
			}
			return s.grant(tx, customer, f)
		}
		return s.o.Interactions.Unproven(tx, customer, f.ID, "verification."+string(one.State))
	})
}

// counts reports whether the link went to whoever speaks now: a representative's link counts
// while that mandate stands and is the one spoken through, and the customer's while the customer speaks.
func (s *Service) counts(tx *db.Tx, one Attempt, f interaction.Facts) (bool, error) {
	speaker, represented, err := s.Speaker(tx, f)
	if represented || id.Is(id.Mandate, one.value) {
		return speaker.reaches(one.value), err
	}
	return true, err
}

// answered notes that whoever a contact belongs to answered rightly over it.
func (s *Service) answered(tx *db.Tx, one Attempt) error {
	if id.Is(id.Mandate, one.value) {
		return s.o.Representatives.Answered(tx, one.value)
	}
	return s.o.Vault.Verified(tx, one.subject, one.value)
}

// note writes the entry of an answer and wakes the desk. The entry goes into the trail of
// the subject the link was for, who is the subject of the interaction unless the agent
// has identified somebody else since.
func (s *Service) note(tx *db.Tx, customer actor.Actor, one Attempt, f interaction.Facts) error {
	about := f
	about.Subject = one.subject
	if _, err := s.o.Log.Append(tx, s.entry(customer, about, "verification."+string(one.State), "", one.ID)); err != nil {
		return err
	}
	s.o.Interactions.Notify(tx, "verification", f)
	return nil
}

// deny takes "somebody else is calling". It is idempotent.
func (s *Service) deny(tx *db.Tx, customer actor.Actor, one Attempt, f interaction.Facts) error {
	if one.State == Denied {
		return nil
	}
	one.State, one.Answered = Denied, tx.Now()
	one.save(tx)
	if err := s.note(tx, customer, one, f); err != nil {
		return err
	}
	about := f
	about.Subject = one.subject
	if _, err := s.revoke(tx, customer, about, one.ID, ""); err != nil {
		return err
	}
	return s.guard(tx, customer, one.ID, f.ID, one.subject)
}

// IsUnknown reports whether err says that a link is none of ours, or no longer.
func IsUnknown(err error) bool { return errors.Is(err, errLink) }

// Refusal reports whether err is one the page shows as a page of its own.
func Refusal(err error) (*errs.E, bool) {
	for _, e := range []*errs.E{errLink, errExpired, errAnswered, errBrowser, errOver, errPasskey, errPasskeyLevel, errPasskeyMost} {
		if errors.Is(err, e) {
			return e, true
		}
	}
	return nil, false
}

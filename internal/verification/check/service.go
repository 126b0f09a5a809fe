package check

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/netip"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/web/limit"
)

var (
	errSlow = errs.New(errs.TooMany, "verification.check_slow")
	errNone = errs.New(errs.NotFound, "verification.check_none") // written into the log, never returned
)

// Options are what the room needs; app gives them. All are needed, but Numbers and Operator.
type Options struct {
	DB *db.DB
	// MAC is the keyring's.
	MAC func(name string, value []byte) []byte
	Log interface {
		Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
	}
	// Open lists the contacts that have not ended, the newest first, at most so many; Facts is what is known of one.
	Open  func(tx *db.Tx, most int) ([]string, error)
	Facts func(tx *db.Tx, interaction string) (interaction.Facts, error)
	// Report opens a record among the denials, and freezes the interaction if there is one. number is the number of ours
	// that was displayed, "" if none.
	Report func(tx *db.Tx, by actor.Actor, interaction, number string) error
	// What a stranger is told.
	Company func(tx *db.Tx, controller string) (string, error)
	Agent   func(tx *db.Tx, staff string) (string, error)
	Purpose func(tx *db.Tx, purpose, language string) (string, error)
	// Visitor is the actor of whoever asks.
	Visitor actor.Actor
	// Numbers are the outgoing numbers of the companies served here.
	Numbers []string
	// Operator is the name of who serves in the companies' name.
	Operator string
}

// Service is the room's verbs.
type Service struct {
	o       Options
	numbers map[string]bool
	address *limit.Limiter
	fresh   *limit.Limiter
	codes   *limit.Limiter
	wrong   *wrongs
	reports *limit.Limiter
}

// New makes the room.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.MAC == nil || o.Log == nil || o.Open == nil || o.Facts == nil || o.Report == nil || o.Company == nil || o.Agent == nil ||
		o.Purpose == nil || o.Visitor.Kind() != actor.Customer {
		return nil, errors.New("check: an option is missing")
	}
	s := &Service{o: o, numbers: map[string]bool{},
		address: limit.New(limit.Limits{Rate: 1.0 / AddressEvery, Burst: AddressBurst}, limit.Limits{}),
		fresh:   limit.New(limit.Limits{Rate: FreshASecond, Burst: FreshBurst}, limit.Limits{}),
		wrong:   newWrongs(),
		codes:   limit.New(limit.Limits{Rate: CodesASecond, Burst: CodesBurst}, limit.Limits{}),
		reports: limit.New(limit.Limits{Rate: ReportsASecond, Burst: ReportsBurst}, limit.Limits{})}
	for _, one := range o.Numbers {
		d := number(digits(one))
		if len(d) < 3 {
			return nil, errs.New(errs.Invalid, "config.value").With("key", "check.numbers").With("want", "+622150001234")
		}
		s.numbers[d] = true
	}
	return s, nil
}

// Code is what the agent of a contact reads out.
func (s *Service) Code(interactionID string) string {
	return code(s.o.MAC("verification/check", []byte(interactionID)))
}

// Lasting is the code of a contact that goes on, as people read it; "" when the page would know nothing of it.
func (s *Service) Lasting(tx *db.Tx, interactionID string) (string, error) {
	f, err := s.open(tx, interactionID)
	if err != nil || f.ID == "" || f.State == interaction.Wrapup {
		return "", err
	}
	return Spoken(s.Code(f.ID)), nil
}

// Ask says what is known of what was entered, to somebody at an address who reads a language. That a code was asked for is
// entered in the log, whatever the answer.
func (s *Service) Ask(ctx context.Context, from netip.Addr, entered string, in i18n.Lang) (out Answer, err error) {
	d, found, err := s.find(ctx, from, entered)
	if err != nil {
		return out, err
	}
	if !isCode(d) {
		return Answer{State: s.listed(d)}, nil
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		out = Answer{State: s.listed(d)}
		f, err := s.open(tx, found)
		if err != nil {
			return err
		}
		entry := audit.Entry{Action: "verification.checked", Decision: audit.Denied, Reason: errNone.Code, Actor: s.o.Visitor}
		if f.ID != "" && f.State != interaction.Wrapup { // whose line is closed calls nobody; it can still be reported
			entry = audit.Entry{Action: entry.Action, Decision: audit.Done, Actor: s.o.Visitor, Interaction: f.ID, Controller: f.Controller,
				Channel: string(f.Channel), Purpose: f.Purpose, Subject: f.Subject}
			if out, err = s.answer(tx, f, in); err != nil {
				return err
			}
		}
		_, err = s.o.Log.Append(tx, entry)
		return err
	})
	return out, err
}

// Report takes "somebody called me". What was entered may be a code, a number or nothing at all. Nothing of it is kept but
// the contact whose code it is, or the number of ours that it is: a number of somebody else is somebody's.
func (s *Service) Report(ctx context.Context, from netip.Addr, entered string) error {
	d, found, err := s.find(ctx, from, entered)
	if err != nil {
		return err
	}
	if found == "" { // a flood of records about nothing would hide those that matter; what freezes a contact is always taken
		if verdict := s.reports.Ask("", s.o.DB.Now()); !verdict.OK {
			return errSlow.With("retry_after", verdict.Retry)
		}
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.open(tx, found)
		if err != nil {
			return err
		}
		ours := ""
		if s.listed(d) == Number {
			ours = number(d)
		}
		return s.o.Report(tx, s.o.Visitor, f.ID, ours)
	})
}

// find counts the try and looks for the open contact with that code. All contacts are gone through, whatever was entered, and
// each is compared in constant time. A code that two contacts share, once in thousands of years of calls, is nobody's.
func (s *Service) find(ctx context.Context, from netip.Addr, entered string) (d, found string, err error) {
	d = digits(entered)
	now := s.o.DB.Now()
	verdict := s.address.Ask(limit.Network(from), now)
	if verdict.OK && isCode(d) {
		pot := s.codes
		if s.wrong.enter(from, now) {
			pot = s.fresh
		}
		defer func() {
			if found != "" || err != nil {
				s.wrong.back(from)
			}
		}()
		verdict = pot.Ask("", now)
	}
	if !verdict.OK {
		return d, "", errSlow.With("retry_after", verdict.Retry)
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		found = ""
		all, err := s.o.Open(tx, MaxOpen)
		times := 0
		for _, one := range all {
			if subtle.ConstantTimeCompare([]byte(s.Code(one)), []byte(d)) == 1 {
				found, times = one, times+1
			}
		}
		if times > 1 {
			found = ""
		}
		return err
	})
	return d, found, err
}

// open reads a contact that was found, unless it has ended or nobody serves it.
func (s *Service) open(tx *db.Tx, found string) (interaction.Facts, error) {
	if found == "" {
		return interaction.Facts{}, nil
	}
	f, err := s.o.Facts(tx, found)
	if err != nil || f.State.Ended() || f.State == interaction.Offered || f.Agent == "" {
		return interaction.Facts{}, err
	}
	return f, nil
}

func (s *Service) listed(d string) State {
	if d != "" && s.numbers[number(d)] {
		return Number
	}
	return None
}

func (s *Service) answer(tx *db.Tx, f interaction.Facts, in i18n.Lang) (out Answer, err error) {
	out = Answer{State: Ours, Operator: s.o.Operator, Inbound: f.Direction == interaction.Inbound, Since: f.Started.Truncate(time.Minute)}
	if out.Company, err = s.o.Company(tx, f.Controller); err != nil {
		return out, err
	}
	if out.Agent, err = s.o.Agent(tx, f.Agent); err != nil || f.Purpose == "" {
		return out, err
	}
	out.Purpose, err = s.o.Purpose(tx, f.Purpose, string(in))
	return out, err
}

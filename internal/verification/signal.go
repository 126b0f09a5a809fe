package verification

import (
	"context"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// SIM says whether the SIM of a number was changed lately. An error means that nobody knows.
type SIM interface {
	Changed(ctx context.Context, number string) (bool, error)
}

// SIMJob asks about the telephone numbers of a customer who is being verified, and SIMDuty is
// the machine duty that opens them: SIMFields and nothing else.
const (
	SIMJob  = "verification.sim"
	SIMDuty = "verification_sim"
)

// SIMFields lists what the duty may open.
func SIMFields() []string { return []string{"phone"} }

const (
	// SIMWithin is how long a change of the SIM makes what hangs on it worthless.
	SIMWithin = 7 * 24 * time.Hour
	// SIMLasts is how long an answer about a SIM counts.
	SIMLasts = time.Hour

	simChanged = "sim_changed"
	simUnknown = "sim_unknown"
	simChecked = "sim_checked" // is no signal: somebody answered

	protectedPerson = "protected_person"
)

// signals are what was reported about an interaction, and what is known of its subject over
// all interactions. They lower, or ask for more. Where a provider could tell of the SIM,
// that it has not, or not lately, is a signal too.
func (s *Service) signals(tx *db.Tx, f interaction.Facts) ([]string, error) {
	out := slices.Clone(f.Risks)
	if f.Subject == "" {
		return out, nil
	}
	if s.o.Protected != nil && !slices.Contains(out, protectedPerson) {
		protected, err := s.o.Protected(tx, f.Subject)
		if err != nil {
			return nil, err
		}
		if protected {
			out = append(out, protectedPerson)
		}
	}
	all, err := keptSignals.Get(tx, f.Subject)
	if err != nil {
		return nil, err
	}
	checked := false
	for _, one := range all {
		switch {
		case !tx.Now().Before(one.until):
		case one.kind == simChecked:
			checked = true
		case !slices.Contains(out, one.kind):
			out = append(out, one.kind)
		}
	}
	if s.o.SIM != nil && !checked {
		out = append(out, simUnknown)
	}
	return out, nil
}

// wantSIM has the SIM looked at when nobody has answered lately. The call does not wait: until
// the answer is there, what hangs on the SIM proves nothing.
func (s *Service) wantSIM(tx *db.Tx, f interaction.Facts) error {
	signals, err := s.signals(tx, f)
	if err != nil || !slices.Contains(signals, simUnknown) {
		return err
	}
	return jobs.Insert(tx, jobs.Job{Kind: SIMJob, Key: f.ID, Payload: simCheck{f.ID, f.Subject}, MaxAttempts: 1})
}

type simCheck struct {
	Interaction string `json:"interaction"`
	Subject     string `json:"subject"`
}

// CheckSIM asks the provider about each telephone number of a customer. It is the handler of
// SIMJob. One number whose SIM was changed, or of which nobody can tell, stands for all.
func (s *Service) CheckSIM(ctx context.Context, run jobs.Run) error {
	var p simCheck
	if err := run.Decode(&p); err != nil {
		return err
	}
	numbers, err := s.numbers(ctx, p)
	if err != nil {
		return err
	}
	found := ""
	for _, number := range numbers {
		changed, err := s.o.SIM.Changed(ctx, number)
		if err != nil {
			found = simUnknown
			break
		}
		if changed {
			found = simChanged
		}
	}
	return s.o.DB.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error { return s.heardOfSIM(tx, p, found) })
}

// numbers opens the telephone numbers of a customer for the duty.
func (s *Service) numbers(ctx context.Context, p simCheck) (out []string, err error) {
	var grant *gate.Grant
	var key keyring.Key
	var sealed []keyring.Sealed
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		grant, sealed = nil, nil
		contacts, err := s.o.Vault.Contacts(tx, p.Subject, catalog.Phone)
		if err != nil || len(contacts) == 0 {
			return err
		}
		answer, err := s.o.Gate.Ask(tx, s.o.SIMActor, gate.Question{
			Ground: gate.Duty(SIMDuty, id.NewAt(id.Duty, tx.Now())), Subject: p.Subject, Verb: gate.Process, Fields: SIMFields(),
		})
		if err != nil {
			return err
		}
		if answer.Refusal != nil {
			return answer.Refusal
		}
		for _, c := range contacts {
			if c.Field == "phone" {
				sealed = append(sealed, c.Sealed())
			}
		}
		grant = answer.Grant
		key, err = s.o.Keys.Key(tx, p.Subject, "")
		return err
	})
	if err != nil || grant == nil || len(sealed) == 0 {
		return nil, err
	}
	receipt, err := grant.Receipt()
	if err != nil {
		return nil, err
	}
	if err := receipt.Require(gate.Process); err != nil {
		return nil, err
	}
	plain, err := s.o.Keys.Open(receipt, key, sealed...)
	for _, one := range plain {
		out = append(out, string(one))
		clear(one)
	}
	return out, err
}

// heardOfSIM writes down what came of it, and weighs again what was proved meanwhile.
func (s *Service) heardOfSIM(tx *db.Tx, p simCheck, found string) error {
	until := column.Micros(tx.Now().Add(SIMLasts))
	if found == simChanged {
		tx.Data.Queue(sqlSignalSet, p.Subject, simChanged, until)
	}
	if found != simUnknown {
		tx.Data.Queue(sqlSignalSet, p.Subject, simChecked, until)
	}
	f, err := s.o.Interactions.Facts(tx, p.Interaction)
	if err != nil {
		return err
	}
	about := f
	about.Subject = p.Subject
	reason := ""
	if found != "" {
		reason = "verification." + found
	}
	if _, err := s.o.Log.Append(tx, s.entry(s.o.SIMActor, about, "verification.signal", reason, "")); err != nil {
		return err
	}
	if f.Subject != p.Subject || f.State.Ended() {
		return nil
	}
	s.o.Interactions.Notify(tx, "verification", f)
	return s.grant(tx, s.o.SIMActor, f)
}

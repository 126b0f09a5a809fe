package mandate

import (
	"context"
	"errors"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// AgesJob is the kind of the job that reads the birth dates of customers who were stored before the day of age was kept beside
// them: once in the life of an installation, in chunks, each with its entry in the log.
const AgesJob = "mandate.ages"

const (
	agesChunk = 100

	sqlWalk    = `select after_subject, done from mandate_age_walk where walk = 'birth_date'`
	sqlWalked  = `insert into mandate_age_walk (walk, after_subject, done) values ('birth_date', $1, $2) on conflict (walk) do update set after_subject = excluded.after_subject, done = excluded.done`
	sqlAgeOnce = `insert into mandate_age (subject, adult_sealed) values ($1,$2) on conflict (subject) do nothing`
)

// dated is a customer with a birth date and no day of age.
type dated struct {
	key    keyring.Key
	stored vault.Stored
}

// Ages is the handler of AgesJob. It goes on where it stopped, and does nothing once everybody was read.
func (s *Service) Ages(ctx context.Context, _ jobs.Run) error {
	for run := id.NewAt(id.Duty, s.o.DB.Now()); ; {
		done, err := s.someAges(ctx, run)
		if err != nil || done {
			return err
		}
	}
}

func (s *Service) someAges(ctx context.Context, run string) (done bool, err error) {
	var people []dated
	var last string
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		people = nil
		err := tx.Data.Row(sqlWalk).Scan(&last, &done)
		if errors.Is(err, db.ErrNoRows) {
			last, done, err = "", false, nil
		}
		if err != nil || done {
			return err
		}
		list, err := s.o.Vault.After(tx, last, agesChunk)
		if err != nil {
			return err
		}
		done = len(list) < agesChunk
		for _, subject := range list {
			last = subject
			one, missing, err := s.undated(tx, subject)
			if err != nil {
				return err
			}
			if missing {
				people = append(people, one)
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	days, err := s.birthDates(ctx, run, people)
	if err != nil {
		return false, err
	}
	return done, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		for i, p := range people {
			if born, ok := day(days[i]); ok {
				tx.Data.Queue(sqlAgeOnce, p.stored.Subject, s.sealAge(p.stored.Subject, adulthood(born))) // what was written meanwhile is newer
			}
		}
		tx.Data.Queue(sqlWalked, last, done)
		return nil
	})
}

// undated reads a customer's birth date where its day of age is not kept.
func (s *Service) undated(tx *db.Tx, subject string) (out dated, missing bool, err error) {
	sealed, err := ages.Get(tx, subject)
	if err != nil || sealed != nil {
		return out, false, err
	}
	values, err := s.o.Vault.Values(tx, subject, vault.BirthDate)
	if err != nil || len(values) == 0 {
		return out, false, err
	}
	out.stored = values[0]
	out.key, err = s.o.Keys.Key(tx, subject, "")
	if errs.KindOf(err) == errs.NotFound { // being erased
		return out, false, nil
	}
	return out, err == nil, err
}

// birthDates opens the birth dates of a chunk as the duty; "" for one that does not open.
func (s *Service) birthDates(ctx context.Context, run string, people []dated) ([]string, error) {
	if len(people) == 0 {
		return nil, nil
	}
	var grant *gate.Grant
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		answer, err := s.o.Gate.Ask(tx, s.o.Duty, gate.Question{Ground: gate.Duty(Duty, run), Verb: gate.Process, Fields: []string{vault.BirthDate}, Count: int64(len(people))})
		if err == nil && answer.Grant == nil {
			err = answer.Refusal
		}
		grant = answer.Grant
		return err
	})
	if err != nil {
		return nil, err
	}
	receipt, err := grant.Receipt()
	if err != nil {
		return nil, err
	}
	if err := receipt.Require(gate.Process); err != nil {
		return nil, err
	}
	out := make([]string, len(people))
	for i, p := range people {
		if plain, err := s.o.Keys.Open(receipt, p.key, p.stored.Sealed()); err == nil { // one damaged value keeps nobody else from being read; the keyring has entered it
			out[i] = string(plain[0])
			clear(plain[0])
		}
	}
	return out, nil
}

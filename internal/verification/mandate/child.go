package mandate

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Who is a child follows from the birth date, which is sealed under the customer's key and which the gate does not open. So
// when the vault writes a birth date, the day on which its owner is of age is kept beside it, sealed under the staff key: every
// customer with a birth date has a row, so that a row says nothing. The gate learns "needs the parent or guardian" from it.

const (
	sqlAge     = `select adult_sealed from mandate_age where subject = $1`
	sqlAgeSet  = `insert into mandate_age (subject, adult_sealed) values ($1,$2) on conflict (subject) do update set adult_sealed = excluded.adult_sealed`
	sqlAgeGone = `delete from mandate_age where subject = $1`
)

func ageRef(subject string) keyring.Ref {
	return keyring.Ref{Table: "mandate_age", Column: "adult_sealed", Row: subject, Schema: 1}
}

var ages = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, subject string) (sealed []byte, err error) {
	err = tx.Data.Row(sqlAge, subject).Scan(&sealed)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}, "mandate_age")

// Born is told by the vault, in the transaction of the write, of a customer's birth date as it is stored; "" when it is gone.
func (s *Service) Born(tx *db.Tx, subject, date string) error {
	if born, ok := day(date); ok {
		tx.Data.Queue(sqlAgeSet, subject, s.sealAge(subject, adulthood(born)))
	} else {
		tx.Data.Queue(sqlAgeGone, subject)
	}
	return nil
}

// sealAge seals when a customer is of age.
func (s *Service) sealAge(subject string, adult time.Time) []byte {
	plain := strconv.FormatInt(adult.Unix(), 10)
	for len(plain) < 12 { // all of one length
		plain = " " + plain
	}
	return s.o.Keys.SealStaff(ageRef(subject), []byte(plain))
}

// adult is when a customer is of age by the stored birth date; false when none is stored.
func (s *Service) adult(tx *db.Tx, subject string) (time.Time, bool, error) {
	sealed, err := ages.Get(tx, subject)
	if err != nil || sealed == nil {
		return time.Time{}, false, err
	}
	plain, err := s.o.Keys.OpenStaff(ageRef(subject), sealed)
	if err != nil {
		return time.Time{}, false, err
	}
	digits := plain
	for len(digits) > 0 && digits[0] == ' ' {
		digits = digits[1:]
	}
	at, err := strconv.ParseInt(string(digits), 10, 64)
	return time.Unix(at, 0).UTC(), true, err
}

// isChild reports whether a customer is a child: by the birth date that is stored or that a document said, or, where neither is
// known, because a parent's or guardian's mandate was agreed to whose time is not over, revoked or not.
func (s *Service) isChild(tx *db.Tx, subject string) (bool, error) {
	adult, known, err := s.adult(tx, subject)
	if err != nil || known {
		return tx.Now().Before(adult), err
	}
	list, err := of(tx, subject)
	return slices.ContainsFunc(list, func(m record) bool {
		return m.Kind.OfChild() && !m.Standing.IsZero() && tx.Now().Before(m.Ends)
	}), err
}

// state is where a mandate stands now. That of a parent or guardian is over on the eighteenth birthday, whatever end it was
// given and whether anything ran that day or not.
func (s *Service) state(tx *db.Tx, m record) (State, error) {
	state := m.stateAt(tx.Now())
	if !m.Kind.OfChild() || state != Valid && state != Proposed {
		return state, nil
	}
	adult, known, err := s.adult(tx, m.Subject)
	if err != nil || known && !tx.Now().Before(adult) {
		return Expired, err
	}
	return state, nil
}

// guardianNeeded reports whether a customer is a child for whom the parent or guardian does not speak, and who does not speak
// alone for a purpose to which they have agreed.
func (s *Service) guardianNeeded(tx *db.Tx, itx, subject string, speaker record, through bool) (bool, error) {
	child, err := s.isChild(tx, subject)
	if err != nil || !child {
		return false, err
	}
	if through && speaker.Kind.OfChild() {
		state, err := s.state(tx, speaker)
		return state != Valid, err
	}
	f, err := s.o.Interactions.Facts(tx, itx)
	if err != nil || f.Purpose == "" {
		return true, err
	}
	p, err := s.o.Purposes.Get(tx, f.Purpose)
	if err != nil {
		return errs.KindOf(err) == errs.NotFound, only(err, errs.NotFound)
	}
	if slices.Contains(law.Waived, string(p.Basis)) {
		return false, nil
	}
	if through { // what the parent or guardian agreed to is the child's, and not that of whomever the child has appointed
		return true, nil
	}
	by, granted, err := s.o.Consented(tx, subject, f.Purpose)
	if err != nil || !granted || by == "" {
		return true, err
	}
	m, err := one(tx, by)
	if errors.Is(err, errUnknown) {
		return true, nil
	}
	return m.Subject != subject || !m.Kind.OfChild() || m.Why == "forged", err
}

// only passes an error on unless it is of a kind.
func only(err error, kind errs.Kind) error {
	if errs.KindOf(err) == kind {
		return nil
	}
	return err
}

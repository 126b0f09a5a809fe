package verification

import (
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
)

// What the tests, which stand outside to see the pages too, need of the inside.

// UseSIM puts another source of changed SIMs in place.
func (s *Service) UseSIM(sim SIM) { s.o.SIM = sim }

// LinkOf is the token of an attempt's link.
func (s *Service) LinkOf(a Attempt) string { return s.token(a) }

// Insert writes an attempt as it would stand.
func Insert(tx *db.Tx, a Attempt, subject string) {
	a.subject = subject
	a.insert(tx)
}

// DrawNumber draws a number to match.
var DrawNumber = number

// SignalsOf are the signals that count in an interaction.
func (s *Service) SignalsOf(tx *db.Tx, f interaction.Facts) ([]string, error) {
	return s.signals(tx, f)
}

package verification

import (
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// Objection is that a customer stopped what another room had announced, from the page of its notice.
type Objection struct {
	Interaction string // in which it was asked for
	Subject     string
	Controller  string
	Staff       string // who asked for it
}

// DeniedSince reports whether a customer has denied a contact, or stopped something in one, since a moment.
func (s *Service) DeniedSince(tx *db.Tx, subject string, since time.Time) (bool, error) {
	var n int
	err := tx.Data.Row(sqlDeniedSince, subject, column.Micros(since.Add(LockWindow))).Scan(&n)
	return n > 0, err
}

// Objected has an objection stand among what customers deny: the contact is frozen, the customer guarded for a day, and
// people are to look into it. The other room keeps its own entry, and calls this once.
func (s *Service) Objected(tx *db.Tx, o Objection) error {
	one := id.NewAt(id.Verification, tx.Now())
	tx.Data.Queue(sqlObjectionAdd, one, o.Interaction, o.Subject, o.Controller, o.Staff, column.Micros(tx.Now()))
	return s.guard(tx, s.o.Customer(one), one, o.Interaction, o.Subject)
}

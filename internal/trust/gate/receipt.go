package gate

import (
	"slices"
	"sync/atomic"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// Grant is an allowed answer whose leaf is not yet known to be durable. It is worth
// nothing until it is: see Receipt.
type Grant struct {
	entry *audit.Pending
	right right
}

// right is what was granted. It lives once for all Receipts of a Grant, so that asking
// for a second Receipt does not give a second use.
type right struct {
	index   uint64
	subject string
	// controller is the entry's, for what must be entered about the opening
	controller string
	verb       Verb
	fields     []string
	uses       atomic.Int64 // left
}

// Receipt turns the Grant into the right to open. It refuses (gate.not_committed) until
// the commit of the leaf is durable, which is never when the transaction rolled back.
func (g *Grant) Receipt() (Receipt, error) {
	if g == nil {
		return Receipt{}, errs.New(errs.Internal, "gate.receipt_void")
	}
	index, durable := g.entry.Index()
	if !durable {
		return Receipt{}, errs.New(errs.Internal, "gate.not_committed")
	}
	g.right.index = index
	return Receipt{&g.right}, nil
}

// Receipt is the right to open the values of one subject's named fields for one verb,
// once. The zero Receipt opens nothing. Copies of a Receipt share its one use.
type Receipt struct{ right *right }

// Index is the index of the leaf in the log of this node; 0 for the zero Receipt.
func (r Receipt) Index() uint64 {
	if r.right == nil {
		return 0
	}
	return r.right.index
}

// Controller is the controller of the leaf: whose customer is opened. Empty for the zero
// Receipt, and for a Duty over many subjects, who may be several controllers'.
func (r Receipt) Controller() string {
	if r.right == nil {
		return ""
	}
	return r.right.controller
}

// Require refuses a Receipt that was given for another verb (gate.receipt_mismatch). The
// room that shows, compares or sends what is opened calls it first, so that leave to
// mask a value is no leave to show it.
func (r Receipt) Require(v Verb) error {
	if r.right == nil {
		return errs.New(errs.Internal, "gate.receipt_void")
	}
	if r.right.verb != v {
		return mismatch("verb")
	}
	return nil
}

// Spend uses the Receipt up for these fields of this subject; they may be fewer than were
// granted. It refuses the zero Receipt (gate.receipt_void), a verb that opens nothing,
// another subject, a field that was not granted (gate.receipt_mismatch) and a second use
// (gate.receipt_spent). A Receipt of a Duty over many subjects has one use for each of
// them. Only keyring calls it, before it opens anything; a use is gone even if the
// opening then fails.
func (r Receipt) Spend(subject string, fields []string) error {
	if r.right == nil {
		return errs.New(errs.Internal, "gate.receipt_void")
	}
	if !r.right.verb.Opens() {
		return mismatch("verb")
	}
	if subject == "" || r.right.subject != "" && r.right.subject != subject {
		return mismatch("subject")
	}
	for _, f := range fields {
		if !slices.Contains(r.right.fields, f) {
			return mismatch("field")
		}
	}
	if r.right.uses.Add(-1) < 0 {
		return errs.New(errs.Internal, "gate.receipt_spent")
	}
	return nil
}

func mismatch(what string) *errs.E {
	return errs.New(errs.Internal, "gate.receipt_mismatch").With("what", what)
}

package read

import (
	"strconv"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Fault is one thing wrong with a request: where, as a path of names from our own
// description, and what, as one word. It never holds a value, nor a name that only the
// request knows.
type Fault struct {
	Location string `json:"location" example:"body.phone" doc:"Where, by the names of this document; ? stands for a name it does not know"`
	Reason   string `json:"reason" example:"too_long" doc:"One word: required, unknown, type, too_long, too_short, pattern, choice, range, format, duplicate, invalid"`
}

// Invalid makes the error for these faults: kind invalid, code web.invalid.
func Invalid(faults ...Fault) *errs.E {
	return errs.New(errs.Invalid, "web.invalid").With("faults", list(faults))
}

// list makes the faults an argument of the error without making them part of its text.
type list []Fault

func (l list) String() string { return strconv.Itoa(len(l)) }

// Faults are those of an error made by Invalid.
func Faults(e *errs.E) []Fault {
	l, _ := e.Args["faults"].(list)
	return l
}

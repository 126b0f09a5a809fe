// Package known tells whose values a text holds: not "this looks like a telephone number" but "this is the number of that
// customer of ours".
//
// It is an index of the vault's own values, made with package pii/exact, for each controller one, so that no look-up crosses
// controllers. It holds no value: of each it has keyed prints. It is in memory only. Names, birth dates and streets are so
// unevenly spread that any index of them at rest, however keyed, gives the commonest away by their counts; and a start must
// read everybody's values from the vault just as it would read everybody's prints from a table of their own. So the keys of
// the prints are random and this process's own: they are never written, no epoch of keys concerns them, and a print
// from a dump of this memory can be compared with nothing.
//
// It follows the vault: told in the transaction of each write and each erasure (Wrote, Erased), it holds what was committed
// before the writer has its answer. Build fills it in the background of a start, by the duty value_prints, an entry for each
// chunk that is opened; Follow takes in what other nodes write; Tidy finishes erasures. An erased customer is found no more
// from the commit on, and Tidy makes the filter anew as if they had never been in it.
//
// Until Build is done, Whose says that it is not ready, and texts are judged by the shapes of values alone and marked so. They do
// not wait: a call center that is started again must not be unable to write to its customers for a minute. A rule of a
// deployment may think otherwise (context.indexed).
//
// What counts as known: a value that names one customer (an identity, account, telephone or customer number, an address of
// e-mail); two values that do not, of one customer and near each other (a name and a birth date, a name and a street); a whole
// name of two words or more, at half the confidence or less; five or more words of a street address in a row. One word is a
// name only where package names takes it for one, sixteen in a text at most. One character off is not found.
//
// What it costs is in docs/BENCHMARKS.md: between one and two kilobytes for each customer. Whoever may ask whose a text's values are
// would have an oracle: only package dlp asks, and it tells nobody who writes.
package known

import (
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/exact"
)

// Place is where a text holds a value of a customer.
type Place struct {
	Controller, Subject string
	Kind                string // as package pii calls it; Name, CustomerNumber and Reference are this package's
	Start, End          int    // bytes of the text
	Confidence          int    // per cent that it means this customer
}

// The kinds that package pii has not.
const (
	Name           = "name"
	CustomerNumber = "customer_number"
	Reference      = "reference" // a number of a contract
)

// kinds are what the fields of prints are called.
var kinds = map[exact.Field]string{
	exact.NIK: pii.NIK.String(), exact.FamilyCard: pii.FamilyCard.String(), exact.TaxNumber: pii.TaxNumber.String(), exact.Account: pii.Account.String(),
	exact.Phone: pii.Phone.String(), exact.Email: pii.Email.String(), exact.MotherName: pii.MotherName.String(), exact.Address: pii.Address.String(),
	exact.BirthDate: pii.BirthDate.String(), exact.Name: Name, exact.CustomerNumber: CustomerNumber, exact.Licence: Reference,
}

// printed says of which kind a field's prints are; false when none are made.
func printed(f catalog.Field) (exact.Field, bool) {
	switch f.Normaliser {
	case "nik":
		return exact.NIK, true
	case "kk":
		return exact.FamilyCard, true
	case "npwp":
		return exact.TaxNumber, true
	case "account":
		return exact.Account, true
	case "customer_number":
		return exact.CustomerNumber, true
	case "reference":
		return exact.Licence, f.Name != vault.CaseField // a case is nobody's mark
	case "phone":
		return exact.Phone, true
	case "email":
		return exact.Email, true
	case "address":
		return exact.Address, true
	case "date":
		return exact.BirthDate, f.Name == vault.BirthDate
	case "name":
		if f.Index == catalog.Memory {
			return exact.Name, true
		}
		return exact.MotherName, true
	default:
		return 0, false
	}
}

// Fields are the fields whose values are opened for prints: those of the duty value_prints.
func Fields(c *catalog.Catalogue) (out []string) {
	for _, f := range c.Fields() {
		if _, ok := printed(f); ok && !f.Free {
			out = append(out, f.Name)
		}
	}
	return out
}

// streetWords are how many words of an address prints are made of: what follows is the town, which thousands share.
const streetWords = 8

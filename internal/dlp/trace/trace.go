// Package trace looks at what machines write for machines: ids, signatures and ways in the head of a mail, and the fields and cookies of a
// request to the web. Package extract says which text that is (Part is extract.Trace).
//
// Anybody who writes a mail or a page can fill these, so they are looked at; and they are full of numbers that mean nobody, so what
// only has the shape of a value does not count there. What counts: a value of a customer's that is unlike others (never a name, an
// address or a date), and a number of a kind that has a check rule, with a word beside it that says what it is. The number of a
// resident counts in a mail without such a word too: of random numbers of sixteen digits one in 1,700 passes its rule. In cookies, which browsers
// send with every request, it does not.
//
// It promises that an address of mail, of a machine, or a key of a program is no finding there, since that is what stands there; a customer's own
// address is. Its limit follows: a number of somebody who is no customer, alone in a cookie, goes.
package trace

import (
	"bytes"
	"slices"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
)

// checked are the kinds that have a check rule, or a table of their beginnings.
var checked = []pii.Type{pii.NIK, pii.FamilyCard, pii.TaxNumber, pii.Card, pii.Phone, pii.HealthInsurance, pii.IBAN, pii.IMEI}

// The least confidence of what counts. Package pii gives the greater one only to what a word announces, of kinds that are found without a word too.
const (
	least     = 0.9
	announced = 0.96
)

// field is what package proxy calls a field of a request to the web.
const field = "X-Web-Field"

// Scan is what a scanner finds in a segment, and of the traces of machines what counts there.
func Scan(scanner *pii.Scanner, dst []pii.Finding, s *extract.Segment) []pii.Finding {
	if s.Origin.Part != extract.Trace {
		return scanner.Scan(dst, s.Text)
	}
	apart := bytes.ReplaceAll(s.Text, []byte("@"), []byte(" ")) // a number before the sign is one
	return slices.DeleteFunc(scanner.Scan(dst, apart), func(f pii.Finding) bool { return !counts(s, f) })
}

func counts(s *extract.Segment, f pii.Finding) bool {
	switch at, _ := s.At(f.Start); {
	case f.Type == pii.NIK && at.Place != field:
		return f.Confidence >= least
	case f.Type == pii.IBAN: // no word changes its confidence, and two digits are a check of one in a hundred
		return bytes.Contains(bytes.ToLower(s.Text[:f.Start]), []byte("iban"))
	case f.Type == pii.Phone, f.Type == pii.Card, f.Type == pii.NIK, f.Type == pii.FamilyCard:
		return f.Confidence >= announced
	}
	return slices.Contains(checked, f.Type) && f.Confidence >= least
}

// unlike are the kinds of customers' values that no other value is by chance.
var unlike = []string{pii.NIK.String(), pii.FamilyCard.String(), pii.TaxNumber.String(), pii.Account.String(), pii.Phone.String(), pii.Email.String(), known.CustomerNumber, known.Reference}

// shortest is how long a value must be: a shorter one is a number by chance.
const shortest = 8

// Known are the places of customers' values in a segment that count there.
func Known(s *extract.Segment, places []known.Place) []known.Place {
	if s.Origin.Part != extract.Trace {
		return places
	}
	return slices.DeleteFunc(places, func(p known.Place) bool { return !slices.Contains(unlike, p.Kind) || p.End-p.Start < shortest })
}

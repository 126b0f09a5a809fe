// Package crowd counts how many different persons texts tell of, at least: the most values of one kind of which a person has
// one. Ten numbers of ten persons are another matter for the rules than one person's number ten times, however it is written
// each time.
//
// It promises never to count more persons than there can be, and to take bounded memory: it keeps hashes of values, under a seed
// of its own, and stops counting at AtMost. It does not promise to know who they are, nor that two kinds of values belong to one person.
package crowd

import (
	"bytes"
	"hash/maphash"

	"github.com/amanah-id/amanah/pii"
)

// AtMost is how many persons are told apart.
const AtMost = 100_000

// Crowd is one count.
type Crowd struct {
	seed maphash.Seed
	each map[pii.Type]map[uint64]bool
	most int
}

// New begins a count.
func New() *Crowd {
	return &Crowd{seed: maphash.MakeSeed(), each: map[pii.Type]map[uint64]bool{}}
}

// Of is the count of one text.
func Of(scanner *pii.Scanner, text []byte, found []pii.Finding) int {
	c := New()
	c.Add(scanner, text, found, func(pii.Finding) bool { return true })
	return c.Count()
}

// Add counts what was found in a text; own says which findings count.
func (c *Crowd) Add(scanner *pii.Scanner, text []byte, found []pii.Finding, own func(pii.Finding) bool) {
	for _, f := range found {
		if !own(f) {
			continue
		}
		c.most = max(c.most, 1)
		switch f.Type {
		case pii.NIK, pii.TaxNumber, pii.HealthInsurance, pii.Phone, pii.Email, pii.Account, pii.Card, pii.Passport:
			if c.each[f.Type] == nil {
				c.each[f.Type] = map[uint64]bool{}
			}
			if len(c.each[f.Type]) < AtMost {
				c.each[f.Type][maphash.Bytes(c.seed, bytes.ToLower(scanner.Value(nil, text, f)))] = true
			}
			c.most = max(c.most, len(c.each[f.Type]))
		default:
		}
	}
}

// Count is how many there are, at least.
func (c *Crowd) Count() int { return c.most }

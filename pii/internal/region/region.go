// Package region knows which administrative codes Indonesia has used, and what the places are called.
//
// A NIK begins with the code of the district in which it was first registered and keeps it for life, also when the
// district is split or renumbered. So the table is the union of six decrees from 2016 to 2025 and nothing in it is ever
// removed. Codes are held as one bit each in a map of a million bits, which is a single look at memory; names are held as
// hashes of their lower-cased words, to confirm an address, and are never listed.
//
// The data is codes.txt, from the project cahyadsn/wilayah under the MIT licence (see the NOTICE of package pii). The
// package keeps no state beside the table, which is made once, when the first scanner is made.
package region

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed codes.txt
var codes string

// Table answers whether a code or a name exists.
type Table struct {
	district [1_000_000 / 64]uint64
	regency  [10_000/64 + 1]uint64
	names    [slots]place
}

// slots are more than two for each name, so that nearly every look-up is one look.
const slots = 1 << 15

// place is the hash of a name and what kind of place bears it; a kind of 0 is an empty slot.
type place struct {
	hash uint64
	kind Level
}

// slot is where the name with this hash stands, or the empty place where it would.
func (t *Table) slot(hash uint64) *place {
	for i := (hash ^ hash>>32) % slots; ; i = (i + 1) % slots {
		if p := &t.names[i]; p.kind == 0 || p.hash == hash {
			return p
		}
	}
}

// put adds a kind to what a name is.
func (t *Table) put(name string, kind Level) {
	p := t.slot(hashName(name))
	p.hash, p.kind = hashName(name), p.kind|kind
}

// Level is what kind of place a name is; a name may be several.
type Level uint8

// The levels of the administration.
const (
	Province Level = 1 << iota
	Regency
	District
)

// Load gives the table. It is built once.
var Load = sync.OnceValue(func() *Table {
	t := &Table{}
	for line := range strings.Lines(codes) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		n := 0
		for i := range len(code) {
			n = n*10 + int(code[i]-'0')
		}
		name = strings.ToLower(name)
		switch len(code) {
		case 2:
			t.put(name, Province)
		case 4:
			t.regency[n/64] |= 1 << (n % 64)
			name = strings.TrimPrefix(strings.TrimPrefix(name, "kabupaten "), "kota ")
			t.put(strings.TrimPrefix(name, "administrasi "), Regency)
		default:
			t.district[n/64] |= 1 << (n % 64)
			t.put(name, District)
		}
	}
	for _, other := range []string{"jakarta", "dki jakarta", "jogja", "yogya", "jogjakarta", "solo", "sumut", "sumbar", "sumsel", "jabar", "jateng", "jatim", "kalbar", "kalsel", "kaltim", "kalteng", "sulsel", "sulut", "sulteng", "sultra", "sulbar", "kaltara", "kepri", "babel", "malut", "dps", "sby", "bdg", "jkt", "smg", "ntb", "ntt", "diy", "tangsel", "jaksel", "jakbar", "jaktim", "jakut", "jakpus"} {
		t.put(other, Regency) // what people write instead of the decree's name
	}
	return t
})

// District reports whether the six-digit code was ever a district.
func (t *Table) District(code int) bool { return t.district[code/64]>>(code%64)&1 != 0 }

// Regency reports whether the four-digit code was ever a regency or city.
func (t *Table) Regency(code int) bool { return t.regency[code/64]>>(code%64)&1 != 0 }

// Named returns what kind of place bears the name with this hash.
func (t *Table) Named(hash uint64) Level { return t.slot(hash).kind }

// The steps of hashName, for callers that take a name apart byte by byte.
const (
	HashStart = uint64(14695981039346656037)
	HashPrime = uint64(1099511628211)
)

// hashName is the FNV-1a hash of a lower-cased name whose words are one space apart.
func hashName(name string) uint64 {
	h := HashStart
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * HashPrime
	}
	return h
}

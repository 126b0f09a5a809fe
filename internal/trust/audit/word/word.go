// Package word knows by which words the log's entries are found, and how a row of the index
// names the entries of a run that bear one. For verification it sums both up, the words
// that the entries call for and those that the index has, so that one entry too many or too
// few in any row is noticed without keeping either in memory. It refuses a row that is not
// well-formed. It reads and writes nothing itself.
package word

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/proof"
)

// Denied is the decision that is a word by itself.
const Denied = "denied"

// Run is how many entries are indexed at once; a search has to look through fewer than that.
const Run = 512

// Subject begins the word of a subject.
const Subject = "subject:"

// Frequent are the actions of every call: such entries are found quickly without an index.
var Frequent = []string{"reveal", "compare", "act", "collect", "mask", "search", "note", "verify"}

// Of calls each with the words of an entry, in two parts: the kind, which ends with a
// colon or is the whole word, and the value.
func Of(actor, interaction, action, decision, subject string, each func(kind, value string)) {
	each("actor:", actor)
	if interaction != "" {
		each("interaction:", interaction)
	}
	if !slices.Contains(Frequent, action) {
		each("action:", action)
	}
	if decision == Denied {
		each("denied", "")
	}
	if subject != "" {
		each(Subject, subject)
	}
}

// Places calls each with the places that a row of the index names, and reports whether the
// row is well-formed.
func Places(entries []byte, each func(place int64)) bool {
	if len(entries)%2 != 0 || len(entries) == 0 {
		return false
	}
	last := int64(-1)
	for ; len(entries) > 0; entries = entries[2:] {
		place := int64(binary.BigEndian.Uint16(entries))
		if place <= last || place >= Run {
			return false
		}
		last = place
		each(place)
	}
	return true
}

// Sums sums up the words of a log's entries, run by run, while they are verified one after
// another. A word with its place counts as a number that nobody can foresee.
type Sums struct {
	seed  maphash.Seed
	kinds map[string]uint64
	sums  []uint64
	next  int64 // index of the entry that is to come
}

// NewSums is for a log of which so many runs are indexed.
func NewSums(runs int64) *Sums {
	return &Sums{seed: maphash.MakeSeed(), kinds: map[string]uint64{}, sums: make([]uint64, runs)}
}

// hash of a word that is cut after its first colon, as Of does.
func (w *Sums) hash(kind, value string) uint64 {
	k, ok := w.kinds[kind]
	if !ok {
		k = maphash.String(w.seed, kind)
		if len(w.kinds) < 16 { // Of knows fewer; whoever edits the index may write more
			w.kinds[kind] = k
		}
	}
	return maphash.String(w.seed, value) ^ bits.RotateLeft64(k, 1)
}

// at is what a word counts for at an entry: its hash, which the seed keeps secret, mixed with
// the index as SplitMix64 does.
func at(hash uint64, index int64) uint64 {
	x := hash + uint64(index)*0x9e3779b97f4a7c15 //nolint:gosec // an index is not negative
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Entry adds an entry, once, in the order of the log.
func (w *Sums) Entry(e *proof.Entry) {
	if w.next != e.Index {
		return
	}
	w.next++
	if e.Index/Run >= int64(len(w.sums)) {
		return
	}
	subject := ""
	if e.Side != nil {
		subject = e.Side.Subject
	}
	sum := &w.sums[e.Index/Run]
	Of(e.Columns.Actor, e.Columns.Interaction, e.Columns.Action, e.Columns.Decision, subject, func(kind, value string) {
		*sum += at(w.hash(kind, value), e.Index)
	})
}

// Row takes a row of the index away, and reports whether it is well-formed.
func (w *Sums) Row(word string, index int64, entries []byte) bool {
	if index%Run != 0 || index/Run >= int64(len(w.sums)) {
		return false
	}
	colon := strings.IndexByte(word, ':') + 1
	if colon == 0 {
		colon = len(word)
	}
	sum, hash := &w.sums[index/Run], w.hash(word[:colon], word[colon:])
	return Places(entries, func(place int64) { *sum -= at(hash, index+place) })
}

// Damaged is the index of the first run whose rows are not those that its entries call for,
// once all of both were counted; -1 for none.
func (w *Sums) Damaged() int64 {
	for i, sum := range w.sums {
		if sum != 0 {
			return int64(i) * Run
		}
	}
	return -1
}

package exact

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/amanah-id/amanah/pii/internal/siphash"
)

// Confirmer is the table behind an index: who has which value. The memory of this package is one (NewMemory), a database can be
// another. It is asked only for what the filter let through. It must be safe for concurrent use.
type Confirmer interface {
	// Find appends the owners of a value, at most limit of them, and says how many there are and as what fields.
	Find(dst []Owner, value Exact, limit int) ([]Owner, Census, error)
	// Both appends the records that have two values as different fields, at most limit of them.
	Both(dst []Pair, a, b Exact, limit int) ([]Pair, error)
	// Records is the number of records.
	Records() (int, error)
}

// Census is about all owners of a value.
type Census struct {
	Owners int
	Fields uint32 // what the value is to them, a bit for each Field; one too many costs time only
}

// Source walks over the prints of all records, as Memory.Each does, until yield returns false.
type Source func(yield func(Print) bool) error

// Index answers which records a text names. Match and Judge take no lock and may run beside everything else.
type Index struct {
	keys    *Keys
	table   Confirmer
	state   atomic.Pointer[state]
	erased  atomic.Pointer[map[Record]struct{}]
	readers sync.Pool // of *reader

	mu       sync.Mutex // writers
	building bool
	since    []Print             // added while a build runs
	gone     map[Record]struct{} // erased while a build runs
}

// state is what one build made, with what was added since. Its words are read and set atomically.
type state struct {
	filter *fuse
	fresh  atomic.Pointer[fresh]
	some   gate // one bit a word: a small table that turns most words away before the next is asked
	words  gate // four bits a word
	plain  plainWords
	pairs  gate // one bit for two words that neighbour in a value
	forms  atomic.Uint32
	// How long the values are, a bit for each length.
	digits, dialed, runs atomic.Uint32
}

// What the first gate says of a word.
const (
	wordAlone  = 1 // it is a value of its own
	wordPart   = 2 // it is in a longer value
	wordCommon = 4 // more than Rare records have it for a name and none for anything else: it matters beside another field only
)

// gate is a table of bits, looked up by the high bits of a hash.
type gate struct {
	bits  []uint64
	shift int // from 64 bits down to the index of a slot
}

// newGate makes room for so many hashes, of so many bits each: at least eight slots a hash, within bounds.
func newGate(hashes, bitsEach, least, most int) gate {
	width := min(max(bits.Len(uint(hashes*8)), least), most)
	return gate{make([]uint64, (1<<width)*bitsEach/64), 64 - width}
}

func (g *gate) four(h uint64) uint64 {
	slot := h >> g.shift
	return atomic.LoadUint64(&g.bits[slot>>4]) >> (slot & 15 * 4) & 15
}

func (g *gate) setFour(h, b uint64) {
	slot := h >> g.shift
	atomic.OrUint64(&g.bits[slot>>4], b<<(slot&15*4))
}

func (g *gate) bit(h uint64) uint64 {
	slot := h >> g.shift
	return atomic.LoadUint64(&g.bits[slot>>6]) >> (slot & 63) & 1
}

func (g *gate) set(h uint64) {
	slot := h >> g.shift
	atomic.OrUint64(&g.bits[slot>>6], 1<<(slot&63))
}

// fresh is the small set of what was added since the build: open addressing, at most half full. One writer, any readers.
type fresh struct {
	slots []uint64 // 0 is empty
	n     int
}

const zeroKey = 0x6c6f6e656c79207a // stands for the key 0

func (f *fresh) has(key uint64) bool {
	if key == 0 {
		key = zeroKey
	}
	mask := uint64(len(f.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch atomic.LoadUint64(&f.slots[i]) {
		case key:
			return true
		case 0:
			return false
		}
	}
}

func (f *fresh) add(key uint64) {
	if key == 0 {
		key = zeroKey
	}
	mask := uint64(len(f.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch f.slots[i] {
		case key:
			return
		case 0:
			atomic.StoreUint64(&f.slots[i], key)
			f.n++
			return
		}
	}
}

// formBit is the form's bit in state.forms.
func formBit(f Form) uint32 { return 1 << (uint32(f) & 31) }

// The sums of words are told apart from what opens a longer value by this.
const opening = 0x9ddfea08eb382d69

// longest run that is looked up at every place; longer values are looked for where their opening stands
const run = 4

// keysOf visits what the filter holds of a print.
func keysOf(p *Print, visit func(uint64)) {
	if p.Form != Words {
		visit(p.Words[0])
		return
	}
	sum := uint64(0)
	for _, w := range p.Words {
		sum += w
	}
	visit(sum)
	if n := len(p.Words); n > run {
		for i := range n {
			sum = 0
			for j := range run {
				sum += p.Words[(i+j)%n]
			}
			visit(sum + opening)
		}
	}
}

// pairsOf visits the words that may neighbour when the value stands in a text.
func pairsOf(p *Print, visit func(uint64)) {
	n := len(p.Words)
	if n > run {
		for i := range n {
			visit(p.Words[i] + p.Words[(i+1)%n])
		}
		return
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			visit(p.Words[i] + p.Words[j])
		}
	}
}

func (s *state) note(p *Print) {
	switch p.Form {
	case Number:
		s.digits.Or(1 << p.Length)
	case Dialed:
		s.dialed.Or(1 << p.Length)
	case Words:
		n := len(p.Words)
		for _, w := range p.Words {
			s.plain.forget(w)
			s.some.set(w)
		}
		s.runs.Or(1 << n)
		if n == 1 {
			s.words.setFour(p.Words[0], wordAlone)
			break
		}
		for _, w := range p.Words {
			s.words.setFour(w, wordPart)
		}
		pairsOf(p, s.pairs.set)
	}
	s.forms.Or(formBit(p.Form))
}

func (s *state) add(p *Print) {
	s.note(p)
	f := s.fresh.Load()
	if f == nil || f.n+MaxWords+1 > len(f.slots)/2 {
		bigger := &fresh{slots: make([]uint64, 256)}
		if f != nil {
			bigger.slots = make([]uint64, 2*len(f.slots))
			for _, key := range f.slots {
				if key != 0 {
					bigger.add(key)
				}
			}
		}
		f = bigger
	}
	keysOf(p, f.add)
	s.fresh.Store(f)
}

// NewIndex makes an empty index over a table.
func NewIndex(keys *Keys, table Confirmer) *Index {
	x := &Index{keys: keys, table: table}
	empty, _ := newState(keys.sip, func(func(Print) bool) error { return nil })
	x.state.Store(empty)
	x.erased.Store(&map[Record]struct{}{})
	x.readers.New = func() any { return newReader(x) }
	return x
}

// Add makes the prints of a record findable at once. The table must have them before.
func (x *Index) Add(record Record, prints ...Print) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.state.Load()
	for i := range prints {
		if valid(&prints[i]) {
			s.add(&prints[i])
		}
	}
	if x.building {
		x.since = append(x.since, prints...)
		delete(x.gone, record)
	}
	if old := *x.erased.Load(); len(old) > 0 {
		if _, was := old[record]; was {
			now := make(map[Record]struct{}, len(old))
			for r := range old {
				if r != record {
					now[r] = struct{}{}
				}
			}
			x.erased.Store(&now)
		}
	}
}

// Erase takes records out of every answer from here on, whatever the table still says. The next Build takes their fingerprints out
// of the filter. Many at once are cheaper than one by one.
func (x *Index) Erase(records ...Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := *x.erased.Load()
	now := make(map[Record]struct{}, len(old)+len(records))
	for r := range old {
		now[r] = struct{}{}
	}
	for _, r := range records {
		now[r] = struct{}{}
		if x.building {
			x.gone[r] = struct{}{}
		}
	}
	x.erased.Store(&now)
}

// Build makes the filter anew from all prints of the source, which is what the table holds. Readers see the old one until the new
// one is whole, and what is added meanwhile is in both. When the source fails, the old one stays. One build runs at a time.
func (x *Index) Build(source Source) error {
	x.mu.Lock()
	if x.building {
		x.mu.Unlock()
		return ErrBuilding
	}
	x.building, x.since, x.gone = true, nil, map[Record]struct{}{}
	x.mu.Unlock()

	s, err := newState(x.keys.sip, source)

	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		for i := range x.since {
			if valid(&x.since[i]) {
				s.add(&x.since[i])
			}
		}
		x.state.Store(s)
		gone := x.gone
		x.erased.Store(&gone)
	}
	x.building, x.since, x.gone = false, nil, nil
	return err
}

// valid refuses prints that no Prints made, so that a damaged table cannot bring the index down.
func valid(p *Print) bool {
	switch p.Form {
	case Words:
		return len(p.Words) > 0 && len(p.Words) <= MaxWords
	case Number, Dialed:
		return len(p.Words) == 1 && p.Length <= MaxDigits
	case Mail, Masked, Day:
		return len(p.Words) == 1
	}
	return false
}

// newState builds from a source. What is for the gates is collected first, so that they are made in the size that fits.
func newState(sip siphash.Key, source Source) (*state, error) {
	var keys, words, pairs []uint64
	s := &state{}
	err := source(func(p Print) bool {
		if !valid(&p) {
			return true
		}
		keysOf(&p, func(k uint64) { keys = append(keys, k) })
		switch p.Form {
		case Number:
			s.digits.Or(1 << p.Length)
		case Dialed:
			s.dialed.Or(1 << p.Length)
		case Words:
			s.runs.Or(1 << len(p.Words))
			if len(p.Words) == 1 {
				words = append(words, p.Words[0]&^3|alone(p.Field))
				break
			}
			for _, w := range p.Words {
				words = append(words, w&^3|inLonger)
			}
			pairsOf(&p, func(k uint64) { pairs = append(pairs, k) })
		}
		s.forms.Or(formBit(p.Form))
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(words)
	pairs = distinct(pairs)
	s.words = newGate(4*different(words), 4, 16, 22) // 32 slots a word: that few others pass is worth more than that it is small
	s.words.fill(words)
	s.some = newGate(4*different(words), 1, 16, 24)
	for _, w := range words {
		s.some.set(w)
	}
	s.plain.fill(sip, &s.words)
	s.pairs = newGate(len(pairs), 1, 18, 26)
	for _, h := range pairs {
		s.pairs.set(h)
	}
	s.filter = newFuse(keys)
	return s, nil
}

// The two lowest bits of a word, which no gate looks at, say while building what it is.
const (
	aloneName  = 0
	aloneOther = 1
	inLonger   = 2
)

func alone(f Field) uint64 {
	if f == Name {
		return aloneName
	}
	return aloneOther
}

// fill sets the bits of the words, which are sorted and stand once for each value they are in.
func (g *gate) fill(words []uint64) {
	for len(words) > 0 {
		var n [4]int
		word := words[0] &^ 3
		for len(words) > 0 && words[0]&^3 == word {
			n[words[0]&3]++
			words = words[1:]
		}
		b := uint64(0)
		if n[aloneName]+n[aloneOther] > 0 {
			b = wordAlone
		}
		if n[aloneName] > Rare && n[aloneOther] == 0 {
			b = wordCommon
		}
		if n[inLonger] > 0 {
			b |= wordPart
		}
		g.setFour(word, b)
	}
}

// different counts the words, which are sorted.
func different(words []uint64) (n int) {
	for i, w := range words {
		if i == 0 || w&^3 != words[i-1]&^3 {
			n++
		}
	}
	return n
}

func distinct(hashes []uint64) []uint64 {
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

// Bytes is the memory of the filter and its gates, without the table.
func (x *Index) Bytes() int {
	s := x.state.Load()
	n := len(s.filter.checks) + 8*len(s.some.bits) + 8*len(s.words.bits) + 8*len(s.pairs.bits)
	if f := s.fresh.Load(); f != nil {
		n += 8 * len(f.slots)
	}
	return n
}

package exact

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"slices"
	"sync"
)

// Memory is a table in memory: a Confirmer, and the Source of builds. What is erased is overwritten at once.
type Memory struct {
	mu      sync.RWMutex
	numbers map[Record]uint32 // records are numbered within the table
	records []entry           // by number; of an erased one nothing is left
	free    []uint32          // numbers of erased records
	slots   []slot            // open addressing by the value's first bytes; the value itself stands with the record
	used    int
	shared  []shared // values that several records have; of one that is shared no more nothing is left
	unused  []uint32 // places of such
}

// entry is a record with its prints in one piece of memory.
type entry struct {
	record Record
	prints []byte
}

type owner struct {
	number uint32
	tag    uint8 // the field, and the bit weakTag
}

// shared is a value with its owners, by number, and the fields that it is to them, a bit for each.
type shared struct {
	value  Exact
	owners []owner
	fields uint32
}

// slot has 12 bytes: there are many. Six bytes tell the values of one record apart, which are few; the record tells the rest.
type slot struct {
	hash   uint32 // the value's first bytes
	number uint32 // of its owner; of slotMore: its place in Memory.shared
	rest   uint16 // the value's next bytes
	tag    uint8  // of its owner
	kind   uint8
}

func slotOf(value *Exact, o owner) slot {
	return slot{hashOf(value), o.number, restOf(value), o.tag, slotOne}
}

func (s *slot) owner() owner { return owner{s.number, s.tag} }

const (
	slotEmpty = iota
	slotOne   // its owner stands here
	slotMore  // its owners stand in Memory.shared
	weakTag   = 0x80
)

// NewMemory makes an empty table.
func NewMemory() *Memory {
	return &Memory{numbers: map[Record]uint32{}, slots: make([]slot, 64)}
}

// Records is the number of records.
func (m *Memory) Records() (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.numbers), nil
}

// Put adds prints to a record. Prints that no Keys made are left out.
func (m *Memory) Put(record Record, prints ...Print) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(record, prints)
}

// Replace takes out those of a record's prints that old says, and puts others in. An Index finds what was taken out no more,
// because the table no longer confirms it.
func (m *Memory) Replace(record Record, old func(Print) bool, prints ...Print) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if number, known := m.numbers[record]; known {
		e := &m.records[number]
		kept := make([]byte, 0, len(e.prints))
		for rest := e.prints; len(rest) > 0; {
			var p Print
			p, rest, _ = readPrint(rest, nil)
			if old(p) {
				m.unlink(p.Exact, owner{number, tagOf(&p)})
			} else {
				kept = appendPrint(kept, &p)
			}
		}
		clear(e.prints)
		e.prints = kept
	}
	m.put(record, prints)
}

func (m *Memory) put(record Record, prints []Print) {
	number, known := m.numbers[record]
	if !known {
		if n := len(m.free); n > 0 {
			number, m.free = m.free[n-1], m.free[:n-1]
			m.records[number].record = record
		} else {
			number = uint32(len(m.records))
			m.records = append(m.records, entry{record: record})
		}
		m.numbers[record] = number
	}
	e := &m.records[number]
	size := len(e.prints)
	for i := range prints {
		size += printSize(len(prints[i].Words))
	}
	old := e.prints
	e.prints = append(make([]byte, 0, size), old...)
	clear(old)
	for i := range prints {
		p := &prints[i]
		if valid(p) && p.Field.Valid() && m.link(p.Exact, owner{number, tagOf(p)}) {
			e.prints = appendPrint(e.prints, p) // at once: a slot's value is looked up here
		}
	}
}

// Erase takes records and all their fingerprints out and overwrites where they stood.
func (m *Memory) Erase(records ...Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, record := range records {
		number, known := m.numbers[record]
		if !known {
			continue
		}
		e := &m.records[number]
		for rest := e.prints; len(rest) > 0; {
			var p Print
			p, rest, _ = readPrint(rest, nil)
			m.unlink(p.Exact, owner{number, tagOf(&p)})
		}
		clear(e.prints)
		*e = entry{}
		delete(m.numbers, record)
		m.free = append(m.free, number)
	}
}

func tagOf(p *Print) uint8 {
	if p.Weak {
		return uint8(p.Field) | weakTag
	}
	return uint8(p.Field)
}

func hashOf(value *Exact) uint32 { return binary.LittleEndian.Uint32(value[:]) }
func restOf(value *Exact) uint16 { return binary.LittleEndian.Uint16(value[4:]) }

// home is where the probing for a slot begins.
func (m *Memory) home(hash uint32) uint64 { return uint64(hash) & uint64(len(m.slots)-1) }

// find is the slot of the value, or the empty one where it would stand.
func (m *Memory) find(value Exact) *slot {
	hash, rest, mask := hashOf(&value), restOf(&value), uint64(len(m.slots)-1)
	for i := m.home(hash); ; i = (i + 1) & mask {
		if s := &m.slots[i]; s.kind == slotEmpty || s.hash == hash && s.rest == rest && m.is(s, &value) {
			return s
		}
	}
}

// is reports whether a slot is the value's: a slot keeps no value, its owner's prints do.
func (m *Memory) is(s *slot, value *Exact) bool {
	if s.kind == slotMore {
		return m.shared[s.number].value == *value
	}
	for rest := m.records[s.number].prints; len(rest) > 0; rest = rest[printSize(int(rest[3])):] {
		if Exact(rest[4:printHead]) == *value {
			return true
		}
	}
	return false
}

// link adds an owner and reports whether it was new.
func (m *Memory) link(value Exact, o owner) bool {
	s := m.find(value)
	switch s.kind {
	case slotEmpty:
		*s = slotOf(&value, o)
		if m.used++; m.used > len(m.slots)/4*3 {
			m.grow()
		}
		return true
	case slotOne:
		if s.owner() == o {
			return false
		}
		list := []owner{s.owner(), o}
		slices.SortFunc(list, compareOwners)
		*s = slot{hash: s.hash, rest: s.rest, number: m.share(shared{value, list, fieldBit(list[0]) | fieldBit(list[1])}), kind: slotMore}
		return true
	}
	of := &m.shared[s.number]
	at, known := slices.BinarySearchFunc(of.owners, o, compareOwners)
	if !known {
		of.owners = slices.Insert(of.owners, at, o)
		of.fields |= fieldBit(o)
	}
	return !known
}

func (m *Memory) share(v shared) (number uint32) {
	if n := len(m.unused); n > 0 {
		number, m.unused = m.unused[n-1], m.unused[:n-1]
		m.shared[number] = v
		return number
	}
	m.shared = append(m.shared, v)
	return uint32(len(m.shared) - 1)
}

func fieldBit(o owner) uint32 { return 1 << (o.tag &^ weakTag) }

func compareOwners(a, b owner) int {
	if a.number != b.number {
		return int(int64(a.number) - int64(b.number))
	}
	return int(a.tag) - int(b.tag)
}

// unlink takes an owner out that link put in.
func (m *Memory) unlink(value Exact, o owner) {
	s := m.find(value)
	if s.kind == slotMore {
		of := &m.shared[s.number]
		at, _ := slices.BinarySearchFunc(of.owners, o, compareOwners)
		of.owners = slices.Delete(of.owners, at, at+1) // which clears what it cut off
		if len(of.owners) > 1 {
			return
		}
		m.unused = append(m.unused, s.number)
		*s = slotOf(&value, of.owners[0])
		*of = shared{}
		return
	}
	// The ones behind move up, so that no look-up stops short and nothing is left of this one.
	mask := uint64(len(m.slots) - 1)
	hole := m.home(s.hash)
	for &m.slots[hole] != s {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; m.slots[i].kind != slotEmpty; i = (i + 1) & mask {
		home := m.home(m.slots[i].hash)
		if (i-home)&mask >= (i-hole)&mask {
			m.slots[hole] = m.slots[i]
			hole = i
		}
	}
	m.slots[hole] = slot{}
	m.used--
}

func (m *Memory) grow() {
	old := m.slots
	m.slots = make([]slot, 2*len(old))
	for i := range old {
		if old[i].kind != slotEmpty {
			at := m.home(old[i].hash)
			for m.slots[at].kind != slotEmpty {
				at = (at + 1) & uint64(len(m.slots)-1)
			}
			m.slots[at] = old[i]
		}
	}
	clear(old)
}

func (m *Memory) ownersOf(value Exact, one *[1]owner) ([]owner, uint32) {
	switch s := m.find(value); s.kind {
	case slotOne:
		one[0] = s.owner()
		return one[:], fieldBit(one[0])
	case slotMore:
		return m.shared[s.number].owners, m.shared[s.number].fields
	}
	return nil, 0
}

func (m *Memory) public(o owner) Owner {
	return Owner{m.records[o.number].record, Field(o.tag &^ weakTag), o.tag&weakTag != 0}
}

// Find is of Confirmer.
func (m *Memory) Find(dst []Owner, value Exact, limit int) ([]Owner, Census, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var one [1]owner
	owners, fields := m.ownersOf(value, &one)
	for _, o := range owners[:min(len(owners), limit)] {
		dst = append(dst, m.public(o))
	}
	return dst, Census{len(owners), fields}, nil
}

// Both is of Confirmer. Its work grows with the smaller of the two lists of owners.
func (m *Memory) Both(dst []Pair, a, b Exact, limit int) ([]Pair, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var oneA, oneB [1]owner
	as, _ := m.ownersOf(a, &oneA)
	bs, _ := m.ownersOf(b, &oneB)
	turned := len(as) > len(bs)
	if turned {
		as, bs = bs, as
	}
	for _, x := range as {
		at, _ := slices.BinarySearchFunc(bs, owner{number: x.number}, compareOwners)
		bs = bs[at:]
		for _, y := range bs {
			if y.number != x.number {
				break
			}
			if (x.tag^y.tag)&^weakTag == 0 {
				continue
			}
			if limit--; limit < 0 {
				return dst, nil
			}
			p := Pair{m.records[x.number].record, m.public(x), m.public(y)}
			if turned {
				p.A, p.B = p.B, p.A
			}
			dst = append(dst, p)
		}
	}
	return dst, nil
}

// Each is a Source: every print of every record. Writers may work meanwhile.
func (m *Memory) Each(yield func(Print) bool) error {
	var words [MaxWords]uint64
	var piece []byte
	defer func() { clear(piece[:cap(piece)]) }()
	for number := 0; ; number++ {
		m.mu.RLock()
		if number >= len(m.records) {
			m.mu.RUnlock()
			return nil
		}
		piece = append(piece[:0], m.records[number].prints...)
		m.mu.RUnlock()
		for rest := piece; len(rest) > 0; {
			var p Print
			p, rest, _ = readPrint(rest, words[:0])
			if !yield(p) {
				return nil
			}
		}
	}
}

// EachRecord visits every record. Writers wait meanwhile.
func (m *Memory) EachRecord(visit func(Record)) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for r := range m.numbers {
		visit(r)
	}
}

// A print in bytes: field and weakTag, form, length, number of words, the exact fingerprint, the words.
const printHead = 4 + len(Exact{})

func printSize(words int) int { return printHead + 8*words }

func appendPrint(dst []byte, p *Print) []byte {
	dst = append(dst, tagOf(p), byte(p.Form), p.Length, uint8(len(p.Words)))
	dst = append(dst, p.Exact[:]...)
	for _, w := range p.Words {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

// readPrint reads the print that begins b and appends its words to words. It reports false when b begins with none.
func readPrint(b []byte, words []uint64) (p Print, rest []byte, ok bool) {
	if len(b) < printHead || len(b) < printSize(int(b[3])) {
		return Print{}, nil, false
	}
	p = Print{Field: Field(b[0] &^ weakTag), Weak: b[0]&weakTag != 0, Form: Form(b[1]), Length: b[2], Exact: Exact(b[4:printHead]), Words: words}
	n := int(b[3])
	for i := range n {
		p.Words = append(p.Words, binary.LittleEndian.Uint64(b[printHead+8*i:]))
	}
	return p, b[printSize(n):], valid(&p) && p.Field.Valid()
}

// The written table: magic and version, the number of records, each record (16 bytes), the length of its prints (4) and its prints, and
// HMAC-SHA-256 of all of it. Integers are little-endian. The key is derived from the confirming key: a table that was changed, or of other keys, is
// refused.
const magic = "amanah-exact\x00\x00\x00\x01"

func (k *Keys) sealer() hash.Hash {
	derive := hmac.New(sha256.New, k.confirm)
	derive.Write([]byte(magic))
	return hmac.New(sha256.New, derive.Sum(nil))
}

// WriteTo writes the table, in a piece for each record. It holds fingerprints, which are personal data: write it where it is encrypted.
// Writers wait meanwhile.
func (m *Memory) WriteTo(w io.Writer, keys *Keys) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	sum := keys.sealer()
	out := io.MultiWriter(w, sum)
	piece := binary.LittleEndian.AppendUint64([]byte(magic), uint64(len(m.numbers)))
	_, err := out.Write(piece)
	for i := range m.records {
		e := &m.records[i]
		if number, known := m.numbers[e.record]; !known || int(number) != i {
			continue // erased
		}
		if err == nil {
			piece = binary.LittleEndian.AppendUint32(append(piece[:0], e.record[:]...), uint32(len(e.prints)))
			_, err = out.Write(append(piece, e.prints...))
		}
	}
	if err == nil {
		_, err = w.Write(sum.Sum(nil))
	}
	return err
}

// ReadMemory reads a table that WriteTo wrote with the same keys. Anything else is refused with ErrDamage.
func ReadMemory(r io.Reader, keys *Keys) (*Memory, error) {
	sum := keys.sealer()
	in := bufio.NewReader(r)
	read := func(b []byte) bool {
		_, err := io.ReadFull(in, b)
		sum.Write(b)
		return err == nil
	}
	head := make([]byte, len(magic)+8)
	if !read(head) || string(head[:len(magic)]) != magic {
		return nil, ErrDamage
	}
	m := NewMemory()
	var prints []Print
	for range binary.LittleEndian.Uint64(head[len(magic):]) {
		var record [len(Record{}) + 4]byte
		if !read(record[:]) {
			return nil, ErrDamage
		}
		// What is read grows with what is there, not with what a damaged length says.
		size := int64(binary.LittleEndian.Uint32(record[len(Record{}):]))
		piece, err := io.ReadAll(io.LimitReader(in, size))
		if err != nil || int64(len(piece)) != size {
			return nil, ErrDamage
		}
		sum.Write(piece)
		prints = prints[:0]
		for len(piece) > 0 {
			p, rest, ok := readPrint(piece, nil)
			if !ok {
				return nil, ErrDamage
			}
			prints, piece = append(prints, p), rest
		}
		m.Put(Record(record[:len(Record{})]), prints...)
	}
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(in, want); err != nil || !hmac.Equal(want, sum.Sum(nil)) {
		return nil, ErrDamage
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, ErrDamage
	}
	return m, nil
}

var _ Confirmer = (*Memory)(nil)

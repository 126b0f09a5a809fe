// Package word is the scanner's dictionary: the thousand-odd words that say what a number beside them is, or that are
// numbers themselves, in Indonesian and English, in full, in short, and as they are typed in a hurry.
//
// A word is looked up by its letters alone, without regard to case: up to sixteen letters make two machine words, so that
// the look-up compares exactly and copies nothing. A filter of one bit a slot turns away nearly all words of running text after
// one look. What a word means is a set of cues (it speaks of a phone, of an account, of an order) and at most one part in
// the grammar of spoken numbers, addresses and dates.
//
// The dictionary is data: package lists in words.go, one line a meaning. It holds no names of people and no value of
// anybody. Words get the endings that Indonesian speech hangs on them (-nya, -ku, -mu) when they are cues.
package word

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// Cue is a set of things that a word can speak of.
type Cue uint64

// The cues. Those that name an entity come first; the others help or hinder.
const (
	NIK Cue = 1 << iota
	Family
	Tax
	TaxPlace
	Card
	Phone
	Account
	Bank
	Health
	Work
	Insurance // BPJS alone: either of the two
	Passport
	Licence
	Plate
	Birth
	PIN
	OTP
	CVV
	Password
	Email
	IMEI
	Key
	Wallet
	IP
	Mother

	Order // orders, invoices, parcels, tickets: numbers that are nobody's
	Money
	Number // "nomor": says that a number follows and not which
	Wrong  // "salah": what follows a word for a secret and is none
	Document
	Reverse
	Version
	Maiden
	Speaker
	Stop // function words: never part of a name
	Ack
	Ewallet
	Verify
	Code
	Parent   // ibu, mother
	Never    // what is never asked for
	Home     // where somebody lives
	Expiry   // dates that are nobody's birth
	Back     // the back of a card, the last digits
	Lock     // what a code opens: a safe, a door
	MAC      // hardware addresses, and what has one
	Transfer // money that goes to an account
)

// Interesting are the cues that say something about a number beside them.
const Interesting = ^(Stop | Ack | Speaker | Number | Wrong | Parent | Never)

// Part is the part that a word has in a grammar.
type Part uint8

// The parts.
const (
	NoPart    Part = iota
	Digit          // Value 0 to 9
	Teen           // belas: ten more
	Tens           // puluh: times ten
	Hundred        // ratus: times a hundred
	Whole          // a number of two digits in one word: sebelas, twenty
	HundredOf      // seratus
	Repeat         // double, triple: Value times the next
	Magnitude      // ribu, juta: what stands before is a price or a count
	Filler
	At
	Dot
	Underscore
	Dash
	Domain  // com, co, id
	Month   // Value 1 to 12
	Street  // what ends the name of a road in English
	Ordinal // the letters of 12th
	Road
	House // nomor rumah
	Block
	RT
	RW
	Village
	Subdistrict
	City
	Provincial
	Postcode
	Estate
	Nth      // first, second: a day in English
	Plural   // zeros: so many of a digit
	Provider // gmail, yahoo: nobody is called so, not before a colon either
)

// Entry is one word.
type Entry struct {
	Text  string
	Cues  Cue
	Part  Part
	Value uint8
}

// Spelling is a word of up to sixteen letters in two machine words, in small letters.
type Spelling struct{ first, last uint64 }

const (
	slots     = 1 << 14
	filtering = 1 << 17
)

// Dictionary is made once and only read.
type Dictionary struct {
	entries []Entry
	keys    []Spelling // beside the entries, as what is looked at often should lie close together
	cues    []Cue
	parts   []Part
	all     table
	loud    table // without function words
}

// table finds entries by their spelling.
type table struct {
	filter [filtering / 64]uint64
	slot   [slots]uint16
}

// hash is good in its upper bits.
func hash(k Spelling, n int) uint64 {
	return (k.first ^ bits.RotateLeft64(k.last*0x9E3779B97F4A7C15, 31) ^ uint64(n)<<59) * 0xBF58476D1CE4E5B9
}

const (
	ones  = 0x0101010101010101
	lower = 0x20 * ones
	high  = 0x80 * ones
)

// NotLetters marks with its highest bit every byte that is no ASCII letter.
func NotLetters(x uint64) uint64 {
	y := x & (0x5f * ones) // capitals
	return ((y + (0x80-'A')*ones) ^ ((0x80+'Z')*ones - y) | x) & high
}

// Short is the spelling of the first n bytes, at most seven, which are letters.
func Short(b uint64, n int) Spelling { return Spelling{(b | lower) & (1<<(8*uint(n)) - 1), 0} }

// Medium is the spelling of eight letters and the first n bytes, at most seven, behind them.
func Medium(b, behind uint64, n int) Spelling {
	return Spelling{b | lower, (behind | lower) & (1<<(8*uint(n)) - 1)}
}

// Spell is the spelling of a word; of a longer one than sixteen letters, of its beginning.
func Spell[T []byte | string](s T) Spelling {
	var b [16]byte
	for i := range min(16, len(s)) {
		b[i] = s[i] | 0x20
	}
	return Spelling{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
}

// Find looks up the word text[start:end], which has only letters. Index 0 means that it is not in the dictionary.
func (d *Dictionary) Find(text []byte, start, end int) uint16 {
	n := end - start
	if n > 16 {
		return 0
	}
	if start+16 > len(text) {
		return d.all.look(d.keys, Spell(text[start:end]), n)
	}
	k := Spelling{binary.LittleEndian.Uint64(text[start:]) | lower, 0}
	if n < 8 {
		k.first &= 1<<(8*n) - 1
	} else if n > 8 {
		k.last = (binary.LittleEndian.Uint64(text[start+8:]) | lower) & (1<<(8*(n-8)) - 1)
	}
	return d.all.look(d.keys, k, n)
}

// Look looks up the word of n letters that is spelled so, among those that leave a note: function words do not.
func (d *Dictionary) Look(k Spelling, n int) uint16 { return d.loud.look(d.keys, k, n) }

// May reports whether it is worth asking Sure for the word, and what to ask with: of most words one bit says that they are not there, and that is
// all that running text pays.
func (d *Dictionary) May(k Spelling, n int) (h uint64, may bool) {
	h = hash(k, n)
	return h, d.loud.may(h)
}

// Sure is Look for a word that may be there, with what May returned, so that nothing is hashed twice.
func (d *Dictionary) Sure(k Spelling, h uint64) uint16 { return d.loud.at(d.keys, k, h) }

// may asks the filter's 131,072 bits.
func (t *table) may(h uint64) bool { return t.filter[h>>53]>>(h>>47&63)&1 != 0 }

func (t *table) look(keys []Spelling, k Spelling, n int) uint16 {
	h := hash(k, n)
	if n > 16 || !t.may(h) {
		return 0
	}
	return t.at(keys, k, h)
}

func (t *table) at(keys []Spelling, k Spelling, h uint64) uint16 {
	for i := (h >> 30) % slots; t.slot[i] != 0; i = (i + 1) % slots {
		if keys[t.slot[i]] == k {
			return t.slot[i]
		}
	}
	return 0
}

func (t *table) put(k Spelling, n int, index uint16) {
	h := hash(k, n)
	f := h >> 47
	t.filter[f/64] |= 1 << (f % 64)
	i := (h >> 30) % slots
	for t.slot[i] != 0 {
		i = (i + 1) % slots
	}
	t.slot[i] = index
}

// Entry is the word with this index; index 0 is the empty word.
func (d *Dictionary) Entry(i uint16) *Entry { return &d.entries[i] }

// Cues are the cues of the word with this index.
func (d *Dictionary) Cues(i uint16) Cue { return d.cues[i] }

// Part is the part of the word with this index.
func (d *Dictionary) Part(i uint16) Part { return d.parts[i] }

// add puts a word in, or adds to what it means.
func (d *Dictionary) add(text string, cues Cue, part Part, value uint8) {
	k := Spell(text)
	if i := d.all.look(d.keys, k, len(text)); i != 0 {
		e := &d.entries[i]
		e.Cues |= cues
		d.cues[i] = e.Cues
		if part != NoPart {
			e.Part, e.Value = part, value
			d.parts[i] = part
		}
		return
	}
	d.entries = append(d.entries, Entry{Text: text, Cues: cues, Part: part, Value: value})
	d.keys, d.cues, d.parts = append(d.keys, k), append(d.cues, cues), append(d.parts, part)
	d.all.put(k, len(text), uint16(len(d.entries)-1))
}

// Set is a list of words of up to fifteen letters that are asked for often: a look costs one hash and mostly one comparison.
type Set struct{ slot [256]Spelling }

// NewSet makes a set of the words, which have spaces between them: at most half as many as it has slots.
func NewSet(words string) *Set {
	s := &Set{}
	for w := range strings.FieldsSeq(words) {
		i := hash(Spell(w), len(w)) >> 56
		for s.slot[i] != (Spelling{}) {
			i = (i + 1) % uint64(len(s.slot))
		}
		s.slot[i] = Spell(w)
	}
	return s
}

// Has reports whether the word is in the set, whatever its case.
func (s *Set) Has(w []byte) bool {
	if len(w) == 0 || len(w) > 15 {
		return false
	}
	k := Spell(w)
	for i := hash(k, len(w)) >> 56; s.slot[i] != (Spelling{}); i = (i + 1) % uint64(len(s.slot)) {
		if s.slot[i] == k {
			return true
		}
	}
	return false
}

// Package word is the scanner's dictionary: the few hundred words that say what a number beside them is, or that are
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

import "encoding/binary"

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
	Wrong  // "salah", "contoh": kept for reasons only
	Document
	Reverse
	Version
	Maiden
	Licenced // the kinds of a driving licence: A, B, C
	Speaker
	Stop // function words: never part of a name
	Ack
	Ewallet
	Verify
	Code
	Home   // where somebody lives
	Expiry // dates that are nobody's birth
)

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
	Domain // com, co, id
	Month  // Value 1 to 12
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
	Provider // gmail, yahoo
)

// Entry is one word.
type Entry struct {
	Text  string
	Cues  Cue
	Part  Part
	Value uint8
	key   key
}

type key struct{ first, last uint64 }

const (
	slots     = 1 << 12
	filtering = 1 << 16
)

// Dictionary is made once and only read.
type Dictionary struct {
	entries []Entry
	slot    [slots]uint16
	filter  [filtering / 64]uint64
}

func hash(k key, n int) uint64 {
	h := (k.first ^ uint64(n)<<59) * 0x9E3779B97F4A7C15
	h ^= (k.last + h>>29) * 0xBF58476D1CE4E5B9
	return h ^ h>>32
}

// keyOf reads up to sixteen letters that are lower-case already or become so with one bit.
func keyOf(s string) key {
	var b [16]byte
	copy(b[:], s)
	k := key{first: binary.LittleEndian.Uint64(b[:8]), last: binary.LittleEndian.Uint64(b[8:])}
	return k
}

// Find looks up the word text[start:end], which has only letters. Index 0 means that it is not in the dictionary.
func (d *Dictionary) Find(text []byte, start, end int) uint16 {
	n := end - start
	if n > 16 {
		return 0
	}
	var k key
	const lower = 0x2020202020202020
	if start+16 <= len(text) {
		k.first = binary.LittleEndian.Uint64(text[start:]) | lower
		if n < 8 {
			k.first &= 1<<(8*n) - 1
		} else if n > 8 {
			k.last = (binary.LittleEndian.Uint64(text[start+8:]) | lower) & (1<<(8*(n-8)) - 1) // n = 16 shifts by 64: all ones
		}
	} else {
		var b [16]byte
		for i := range n {
			b[i] = text[start+i] | 0x20
		}
		k.first, k.last = binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])
	}
	h := hash(k, n)
	if d.filter[h%filtering/64]>>(h%64)&1 == 0 {
		return 0
	}
	for i := (h >> 16) % slots; d.slot[i] != 0; i = (i + 1) % slots {
		if e := &d.entries[d.slot[i]]; e.key == k {
			return d.slot[i]
		}
	}
	return 0
}

// Entry is the word with this index; index 0 is the empty word.
func (d *Dictionary) Entry(i uint16) *Entry { return &d.entries[i] }

// Len is how many words there are.
func (d *Dictionary) Len() int { return len(d.entries) }

// Add puts a word in, or adds to what it means. It is for making a dictionary, not for scanning.
func (d *Dictionary) Add(text string, cues Cue, part Part, value uint8) {
	k := keyOf(text)
	h := hash(k, len(text))
	i := (h >> 16) % slots
	for ; d.slot[i] != 0; i = (i + 1) % slots {
		if e := &d.entries[d.slot[i]]; e.key == k {
			e.Cues |= cues
			if part != NoPart {
				e.Part, e.Value = part, value
			}
			return
		}
	}
	d.entries = append(d.entries, Entry{Text: text, Cues: cues, Part: part, Value: value, key: k})
	d.filter[h%filtering/64] |= 1 << (h % 64)
	d.slot[i] = uint16(len(d.entries) - 1)
}

package exact

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/amanah-id/amanah/pii/internal/fold"
)

// phrase holds a few words in normal form, one after the other.
type phrase struct {
	text []byte
	word [MaxWords + 1][2]int // begin and end in text
	n    int
	buf  [fold.Max + 16]byte
}

// read takes the words of the text. It reports false when there are more than MaxWords, or a word that is too long.
func (p *phrase) read(text []byte) bool {
	p.text, p.n = p.text[:0], 0
	for i := 0; ; {
		t := fold.Next(text, i, p.buf[:0])
		if t.Kind == fold.None {
			return true
		}
		if t.Kind == fold.Long || p.n == MaxWords {
			return false
		}
		p.word[p.n] = [2]int{len(p.text), len(p.text) + len(t.Norm)}
		p.text = append(p.text, t.Norm...)
		p.n++
		i = t.End
	}
}

func (p *phrase) at(i int) []byte { return p.text[p.word[i][0]:p.word[i][1]] }

// appendSorted appends the words in their alphabetical order with spaces between.
func (p *phrase) appendSorted(dst []byte) []byte {
	for i := 1; i < p.n; i++ {
		for j := i; j > 0 && bytes.Compare(p.at(j), p.at(j-1)) < 0; j-- {
			p.word[j], p.word[j-1] = p.word[j-1], p.word[j]
		}
	}
	for i := range p.n {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, p.at(i)...)
	}
	return dst
}

// appendDigits appends the digits of the text and what its digit words mean. Anything else is passed over.
func appendDigits(dst, text, buf []byte) []byte {
	for i := 0; ; {
		t := fold.Next(text, i, buf)
		switch t.Kind {
		case fold.None:
			return dst
		case fold.Digits:
			dst = append(dst, t.Norm...)
		case fold.Letters:
			if m := meaningOf(pack(t.Norm), len(t.Norm)); m.isDigit() {
				dst = append(dst, m.digit())
			}
		}
		i = t.End
	}
}

// lettersOf counts the runs of letters.
func lettersOf(text, buf []byte) (n int) {
	for i := 0; i < len(text); {
		t := fold.Next(text, i, buf)
		if t.Kind == fold.Letters {
			n++
		}
		i = t.End
	}
	return n
}

// pack is the first eight bytes as a little-endian word.
func pack(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b)
	return binary.LittleEndian.Uint64(w[:])
}

// country is put before national numbers.
const country = "62"

// appendDialed appends the E.164 digits of a telephone number's digits. A number that begins with 8 may have lost its zero in a
// spreadsheet or stand for another country: bare says to take it as it is.
func appendDialed(dst, digits []byte, bare bool) []byte {
	switch {
	case bytes.HasPrefix(digits, []byte("00")):
		digits = digits[2:]
	case bytes.HasPrefix(digits, []byte("0")):
		dst, digits = append(dst, country...), digits[1:]
	case bytes.HasPrefix(digits, []byte(country+"0")): // +62 (0)812
		dst, digits = append(dst, country...), digits[3:]
	case !bare && bytes.HasPrefix(digits, []byte("8")):
		dst = append(dst, country...)
	}
	return append(dst, digits...)
}

// day is a date as one number, 19900817, or 0 when there is no such day.
func day(year, month, date int) uint32 {
	if year < 1850 || year > 2150 || month < 1 || month > 12 || date < 1 {
		return 0
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days = 29
	}
	if date > days {
		return 0
	}
	return uint32(year*10000 + month*100 + date)
}

func appendDay(dst []byte, d uint32) []byte {
	for unit := uint32(10000000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+d/unit%10))
	}
	return dst
}

// meaning is what a word can mean in a number or a date.
type meaning uint8

func (m meaning) isDigit() bool { return m > 0 && m <= 10 }
func (m meaning) digit() byte   { return '0' + byte(m) - 1 }
func (m meaning) month() int    { return max(int(m)-20, 0) }

// meanings are the digit words and the names of months, in Indonesian and English: those of one meaning stand together.
var meanings = func() (table [256]struct {
	word   uint64
	length int
	means  meaning
}) {
	words := map[meaning]string{
		1: "nol kosong zero oh", 2: "satu one", 3: "dua two", 4: "tiga three", 5: "empat four", 6: "lima five", 7: "enam six", 8: "tujuh seven", 9: "delapan eight", 10: "sembilan nine",
		21: "januari january jan", 22: "februari pebruari february feb", 23: "maret march mar", 24: "april apr", 25: "mei may", 26: "juni june jun", 27: "juli july jul",
		28: "agustus august agt agu ags aug", 29: "september sept sep", 30: "oktober october okt oct", 31: "november nopember nov", 32: "desember december des dec",
	}
	for means, list := range words {
		for _, w := range strings.Fields(list) {
			slot := place(pack([]byte(w)))
			for table[slot].means != 0 {
				slot++
			}
			table[slot].word, table[slot].length, table[slot].means = pack([]byte(w)), len(w), means
		}
	}
	return table
}()

// mayMean are the slots of plainSlot that one of these words is in, so that nearly all others need no look.
var mayMean = func() (table [1 << plainBits]bool) {
	for _, e := range meanings {
		if e.means != 0 {
			table[plainSlot(e.word)] = true
		}
	}
	return table
}()

func place(word uint64) uint8 { return uint8(word * 0x9e3779b97f4a7c15 >> 56) }

// meaningOf looks a word of the given length up by its first eight letters.
func meaningOf(word uint64, length int) meaning {
	for slot := place(word); ; slot++ {
		e := &meanings[slot]
		if e.means == 0 || e.word == word && e.length == length {
			return e.means
		}
	}
}

// titles stand before names and are no part of them.
var titles = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields("bapak bpk ibu sdr sdri saudara saudari tuan nyonya nona tn ny nn mr mrs ms dr drs dra ir prof h hj haji hajah kh") {
		set[w] = true
	}
	return set
}()

// Prints makes the fingerprints of a value. It may be more than one (a long number has its masked form, an address each three
// neighbouring words), and fails with ErrValue when the value has no form of its field: an empty name, a number of fewer than
// MinDigits digits, no date. The error never holds the value.
//
//	NIK FamilyCard TaxNumber Account Card      digits; separators do not count. With a letter among them: as Passport
//	CustomerNumber Passport Licence Plate      digits likewise, or letters and digits, up to MaxWords runs of one kind
//	Phone                                      E.164; a national number is Indonesian; no letters
//	Email                                      lower case
//	Name MotherName                            words; as written, and without titles and degrees
//	Address                                    words; those of a street number ("no") count or not, "jalan" is "jl" and "jln"
//	BirthDate                                  2006-01-02, 02-01-2006, 02/01/2006, 2 Januari 2006, January 2, 2006, and so on
func (k *Keys) Prints(field Field, value string) ([]Print, error) {
	if len(value) > MaxValue {
		return nil, ErrValue
	}
	h := k.pool.Get().(*hasher)
	defer func() {
		h.forget()
		k.pool.Put(h)
	}()
	text := []byte(value)
	switch field {
	case NIK, FamilyCard, TaxNumber, Account, Card, CustomerNumber, Passport, Licence, Plate:
		return k.identifier(h, field, text)
	case Phone:
		if lettersOf(text, h.phrase.buf[:0]) > 0 {
			return nil, ErrValue
		}
		digits := appendDigits(nil, text, h.phrase.buf[:0])
		plus := bytes.HasPrefix(bytes.TrimLeft(text, " ("), []byte("+"))
		h.in = appendDialed(append(h.in[:0], byte(Dialed)), digits, plus)
		n := len(h.in) - 1
		if len(digits) < MinDigits || n > MaxDigits {
			return nil, ErrValue
		}
		return []Print{k.scalar(h, field, n < strongLength)}, nil
	case Email:
		start, end := mailAround(text, bytes.IndexByte(text, '@'))
		if start < 0 || start > len(text)-len(bytes.TrimLeft(text, " <")) || end < len(bytes.TrimRight(text, " >")) {
			return nil, ErrValue
		}
		h.in = appendLower(append(h.in[:0], byte(Mail)), text[start:end])
		return []Print{k.scalar(h, field, false)}, nil
	case Name, MotherName:
		return k.name(h, field, text)
	case Address:
		return k.address(h, text)
	case BirthDate:
		d := parseDay(text)
		if d == 0 {
			return nil, ErrValue
		}
		h.in = appendDay(append(h.in[:0], byte(Day)), d)
		return []Print{k.scalar(h, field, true)}, nil
	}
	return nil, ErrField
}

// scalar is the print of h.in, which has one hash.
func (k *Keys) scalar(h *hasher, field Field, weak bool) Print {
	p := Print{Exact: h.exact(), Field: field, Weak: weak, Form: Form(h.in[0]), Words: []uint64{k.sip.Sum(h.in)}}
	if p.Form == Number || p.Form == Dialed {
		p.Length = uint8(len(h.in) - 1)
	}
	return p
}

// words is the print of h.phrase.
func (k *Keys) words(h *hasher, field Field, weak bool) Print {
	p := Print{Field: field, Weak: weak, Form: Words, Words: make([]uint64, h.phrase.n)}
	for i := range p.Words {
		p.Words[i] = k.sip.Sum(h.phrase.at(i))
	}
	h.in = h.phrase.appendSorted(append(h.in[:0], byte(Words)))
	p.Exact = h.exact()
	return p
}

const (
	strongLength = 8  // an identifier of fewer characters does not name a record alone
	maskLength   = 13 // the masked form of a shorter number would be most of it
)

func (k *Keys) identifier(h *hasher, field Field, text []byte) ([]Print, error) {
	if !h.phrase.read(text) {
		h.phrase.n = 0
	}
	if lettersOf(text, h.phrase.buf[:0]) > 0 {
		length := len(h.phrase.text)
		if h.phrase.n == 0 || length < MinDigits-1 {
			return nil, ErrValue
		}
		return []Print{k.words(h, field, length < strongLength)}, nil
	}
	h.in = appendDigits(append(h.in[:0], byte(Number)), text, h.phrase.buf[:0])
	digits := h.in[1:]
	if len(digits) < MinDigits || len(digits) > MaxDigits {
		return nil, ErrValue
	}
	prints := []Print{k.scalar(h, field, len(digits) < strongLength)}
	if len(digits) >= maskLength {
		h.in = append(h.in, digits...)[len(digits):] // the form is written over a digit that is no longer needed
		h.in[0] = byte(Masked)
		h.in = append(h.in[:7], h.in[len(h.in)-4:]...)
		prints = append(prints, k.scalar(h, field, true))
	}
	return prints, nil
}

// name makes the print of the name as it stands, and of the name without titles when it has some.
func (k *Keys) name(h *hasher, field Field, text []byte) ([]Print, error) {
	var prints []Print
	for _, words := range [][]byte{text, withoutTitles(text, h.phrase.buf[:0])} {
		if !h.phrase.read(words) || len(h.phrase.text) < minName {
			continue
		}
		if p := k.words(h, field, true); len(prints) == 0 || p.Exact != prints[0].Exact {
			prints = append(prints, p)
		}
	}
	if len(prints) == 0 {
		return nil, ErrValue
	}
	return prints, nil
}

const minName = 3 // letters

// withoutTitles cuts titles off the front, and behind a comma what looks like degrees: words of up to four letters.
func withoutTitles(text, buf []byte) []byte {
	if name, degrees, found := bytes.Cut(text, []byte(",")); found {
		short := true
		for i := 0; short; {
			t := fold.Next(degrees, i, buf)
			if t.Kind == fold.None {
				break
			}
			short = len(t.Norm) <= 4 && t.Kind != fold.Long
			i = t.End
		}
		if short {
			text = name
		}
	}
	for {
		t := fold.Next(text, 0, buf)
		if t.Kind != fold.Letters || !titles[string(t.Norm)] {
			return text
		}
		text = text[t.End:]
	}
}

const gram = 3 // neighbouring words of an address that are looked up together

func (k *Keys) address(h *hasher, text []byte) ([]Print, error) {
	var all, without []string
	for i := 0; ; {
		t := fold.Next(text, i, h.phrase.buf[:0])
		if t.Kind == fold.None {
			break
		}
		if t.Kind == fold.Long {
			return nil, ErrValue
		}
		word := string(t.Norm)
		all = append(all, word)
		if !numberWord[word] {
			without = append(without, word)
		}
		i = t.End
	}
	var prints []Print
	seen := map[Exact]bool{}
	for _, words := range [][]string{all, without} {
		for i := range max(len(words)-gram+1, min(len(words), 1)) {
			run := words[i:min(i+gram, len(words))]
			own := 0 // letters and digits that the street has to itself
			for _, w := range run {
				if !streetWord[w] {
					own += len(w)
				}
			}
			if own < minName {
				continue
			}
			for _, spelling := range spellings(run) {
				h.phrase.read([]byte(spelling))
				if p := k.words(h, Address, true); !seen[p.Exact] {
					seen[p.Exact] = true
					prints = append(prints, p)
				}
			}
		}
	}
	if len(prints) == 0 {
		return nil, ErrValue
	}
	return prints, nil
}

var (
	numberWord = map[string]bool{"no": true, "nomor": true, "nomer": true, "nmr": true}
	streetWord = map[string]bool{"jl": true, "jln": true, "jalan": true}
)

// spellings are the words with each way of writing "street".
func spellings(words []string) []string {
	out := []string{strings.Join(words, " ")}
	for i, w := range words {
		if !streetWord[w] {
			continue
		}
		out = out[:0]
		for _, s := range []string{"jl", "jln", "jalan"} {
			other := append([]string(nil), words...)
			other[i] = s
			out = append(out, strings.Join(other, " "))
		}
		break
	}
	return out
}

// parseDay reads a value that is a date and nothing else.
func parseDay(text []byte) uint32 {
	r := numbers{dates: true}
	var buf [fold.Max + 16]byte
	found := uint32(0)
	for i := 0; ; {
		t := fold.Next(text, i, buf[:0])
		if t.Kind == fold.None {
			return found
		}
		before := len(r.cands)
		switch t.Kind {
		case fold.Digits:
			r.number(text, t.Start, t.End, t.Norm)
		case fold.Letters:
			m := meaningOf(pack(t.Norm), len(t.Norm))
			if m.month() == 0 {
				if len(r.items) > 0 { // a time of day or a remark behind the date
					return found
				}
				i = t.End
				continue
			}
			r.month(text, t.Start, t.End, m.month())
		}
		if len(r.cands) > before && found == 0 {
			found = r.cands[before].alt
		}
		i = t.End
	}
}

func appendLower(dst, text []byte) []byte {
	for _, b := range text {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		dst = append(dst, b)
	}
	return dst
}

const (
	maxLocal  = 64  // bytes before the @ (RFC 5321)
	maxDomain = 255 // and behind
)

// mailAround returns the span of the e-mail address whose @ is at i, or -1.
func mailAround(text []byte, i int) (start, end int) {
	if i < 0 {
		return -1, 0
	}
	start, end = i, i+1
	for start > 0 && i-start <= maxLocal && localByte(text[start-1]) {
		start--
	}
	for end < len(text) && end-i <= maxDomain+1 && domainByte(text[end]) {
		end++
	}
	if i-start > maxLocal || end-i-1 > maxDomain {
		return -1, 0
	}
	for start < i && (text[start] == '.' || text[start] == '\'' || text[start] == '-') {
		start++
	}
	for end > i+1 && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	if start == i || end == i+1 {
		return -1, 0
	}
	return start, end
}

func domainByte(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9' || b == '.' || b == '-' || b >= 0x80
}

func localByte(b byte) bool {
	return domainByte(b) || b == '_' || b == '+' || b == '%' || b == '\'' || b == '&' || b == '!' || b == '#'
}

package exact

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/amanah-id/amanah/pii/internal/fold"
)

// reader is what one Match works with. It is kept for the next one.
//
// A text goes through in blocks of words. For each word its hash is made; then all words of the block are looked up in the first
// gate, then all neighbours that passed in the second, then all runs that passed in the filter. In each step the look-ups do not
// wait for each other, so that the processor fetches many from memory at a time. Numbers, e-mail addresses and days are few and are
// made into candidates as they are met (number.go).
type reader struct {
	numbers
	index  *Index
	hasher *hasher
	state  *state
	erased map[Record]struct{}
	words  bool   // the index holds some
	mails  bool   // likewise
	runs   uint32 // the lengths of the words it holds

	n          int // words of the block
	hash       [block]uint64
	start, end [block]int
	flags      [block]uint8
	paired     [block]uint8 // the word and its neighbour passed the second gate
	list       [block]int32
	short      [block]int32 // the words without a hash yet: of up to seven bytes
	long       [block]int32 // and of up to fifteen
	shorts     int
	longs      int

	weak   []mention
	tried  [nearby]Exact
	owners []Owner
	pairs  []Pair
	buf    [fold.Max + 16]byte
	hits   []Hit
	err    error
}

const (
	block = 1024
	tail  = MaxWords - 1 // words that a value which begins in this block may need from the next
)

// candidate is a piece of the text that may be a value.
type candidate struct {
	key        uint64
	start, end int
	form       Form
	alt        uint32 // of a Day: the day; of a Dialed: 1 when its digits are taken as they are; of Words: common
}

const common = 1 // a name that does not matter by itself: it is confirmed when another field stands near

// mention is a confirmed place of a weak value, or a common name that was not worth confirming yet.
type mention struct {
	waits      bool
	value      Exact
	start, end int
	shared     int
	fields     uint32
	listed     bool // its owners are among the hits
}

func newReader(x *Index) *reader {
	return &reader{numbers: numbers{sip: x.keys.sip}, index: x, hasher: x.keys.newHasher()}
}

// Match appends the places where the text names a record, in the order of the text: every strong value, every weak value that few
// share (Rare), and every weak value that begins within Window bytes of another weak value of the same record. The same place can be
// reported for several records. An error is the table's: then nobody knows what the text holds, and it must not pass as clean.
func (x *Index) Match(dst []Hit, text []byte) ([]Hit, error) {
	r := x.readers.Get().(*reader)
	s := x.state.Load()
	r.state, r.erased = s, *x.erased.Load()
	forms := s.forms.Load()
	r.words, r.dates = forms&formBit(Words) != 0, forms&formBit(Day) != 0
	r.mails, r.masked = forms&formBit(Mail) != 0, forms&formBit(Masked) != 0
	r.digits, r.dialed, r.runs = s.digits.Load(), s.dialed.Load(), s.runs.Load()
	r.n, r.shorts, r.longs, r.items, r.seq, r.cands, r.weak = 0, 0, 0, r.items[:0], r.seq[:0], r.cands[:0], r.weak[:0]
	first := len(dst)
	r.hits, r.err = dst, nil

	r.scan(text)
	r.flush(text, true)

	dst, err := r.hits, r.err
	r.forget()
	x.readers.Put(r)
	if err != nil {
		return dst[:first], err
	}
	found := dst[first:]
	slices.SortFunc(found, byPlace)
	return dst[:first+len(slices.Compact(found))], nil
}

// forget leaves nothing of the text in memory that lives on.
func (r *reader) forget() {
	clear(r.seq[:cap(r.seq)])
	clear(r.buf[:])
	clear(r.scalar[:])
	r.hasher.forget()
	r.state, r.erased, r.hits, r.err = nil, nil, nil, nil
}

func byPlace(a, b Hit) int {
	if c := cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Field, b.Field)); c != 0 {
		return c
	}
	return compareRecords(&a.Record, &b.Record)
}

func compareRecords(a, b *Record) int {
	return cmp.Or(cmp.Compare(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8])),
		cmp.Compare(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:])))
}

// What a byte begins.
const (
	isOther = iota
	isLetter
	isDigit
	isAt
	isHigh
)

var classes = func() (table [256]uint8) {
	for b := range table {
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z' && b < 0x80:
			table[b] = isLetter
		case '0' <= b && b <= '9':
			table[b] = isDigit
		case b == '@':
			table[b] = isAt
		case b >= 0x80:
			table[b] = isHigh
		}
	}
	return table
}()

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	small = 0x20 * ones // makes small letters of capitals, and leaves digits as they are
)

// load is eight bytes of the text from i on, with zeroes behind its end.
func load(text []byte, i int) uint64 {
	if i+8 <= len(text) {
		return binary.LittleEndian.Uint64(text[i : i+8 : i+8])
	}
	if len(text) >= 8 && i < len(text) {
		return binary.LittleEndian.Uint64(text[len(text)-8:]) >> (8 * uint(i+8-len(text)))
	}
	w := uint64(0)
	for j := len(text) - 1; j >= i; j-- {
		w = w<<8 | uint64(text[j])
	}
	return w
}

// lettersIn is how many bytes from the lowest on are ASCII letters. The word is lower-cased already.
func lettersIn(w uint64) int {
	t := w &^ highs
	return bits.TrailingZeros64(^((t+(0x80-'a')*ones)&^(t+(0x80-'z'-1)*ones)&^w)&highs) >> 3
}

// digitsIn is how many bytes from the lowest on are ASCII digits.
func digitsIn(w uint64) int {
	t := w &^ highs
	return bits.TrailingZeros64(^((t+(0x80-'0')*ones)&^(t+(0x80-'9'-1)*ones)&^w)&highs) >> 3
}

// low keeps the n lowest bytes.
func low(w uint64, n int) uint64 { return w & (1<<(8*uint(n)) - 1) }

// behind is where, behind n bytes of a word, the first byte stands that is above the common signs: at most 8. The rest of the signs are
// met one by one.
func behind(w uint64, n int) int {
	return bits.TrailingZeros64(((w&^highs+(0x80-'0')*ones)|w)&highs&(^uint64(0)<<(8*uint(n)))) >> 3
}

// scan cuts the text into words and numbers. ASCII words of up to 15 letters and numbers of up to 15 digits take the fast way, which
// must agree with fold.Next, and everything else goes there. What differs from word to word (how long it is, whether it is an ordinary one,
// what stands behind it) is worked out without branches, as the processor would guess them wrong as often as right.
func (r *reader) scan(text []byte) {
	numbers, plain := r.digits|r.dialed != 0 || r.dates, &r.state.plain
	was := 0 // 1: the word before is an ordinary one, of which those in a row part the others as one does
	for i := 0; i < len(text) && r.err == nil; {
		class := classes[text[i]]
		if class == isOther {
			i++
			continue
		}
		if class > isDigit {
			if class == isAt {
				r.address(text, i)
				i++
			} else {
				i = r.slow(text, i)
				was = 0
			}
			continue
		}
		w, v := load(text, i)|small, load(text, i+8)|small
		n, m := lettersIn(w), lettersIn(v)
		if class == isDigit {
			n, m = digitsIn(w), digitsIn(v)
		}
		first := low(w, n)
		long := n >> 3 // 1: it goes on in the second eight
		size := n + m&-long
		w ^= (w ^ v) & -uint64(long)
		end, next := i+size, i+8*long+behind(w, size-8*long)
		if size == 16 || end < len(text) && (text[end] >= 0x80 || text[end] == '\'' && class == isLetter) {
			i = r.slow(text, i)
			was = 0
			continue
		}
		is := 0
		if class == isDigit {
			r.number(text, i, end, text[i:end])
		} else {
			if plain.has(first) {
				is = 1
			}
			if numbers && mayMean[plainSlot(first)%(1<<plainBits)] {
				if m := meaningOf(first, size); m != 0 {
					r.meant(text, i, end, m)
				}
			}
		}
		if r.words {
			at := uint(r.n) % block
			r.hash[at], r.start[at], r.end[at] = noWord, i, end
			r.short[uint(r.shorts)%block], r.long[uint(r.longs)%block] = int32(at), int32(at)
			r.shorts += (1 - long) &^ is
			r.longs += long
			r.n += 1 - is&was
			was = is
			if r.n == block {
				r.flush(text, false)
			}
		}
		i = next
		if len(r.cands) >= 4*block {
			r.flush(text, false)
		}
	}
	r.hashWords(text)
}

// hashWords makes the hashes of the words that the fast way met, one after the other, as many as the processor can at a time.
func (r *reader) hashWords(text []byte) {
	for _, at := range r.short[:r.shorts] {
		i := uint(at) % block
		n := r.end[i] - r.start[i]
		r.hash[i] = r.sip.Short(low(load(text, r.start[i])|small, n), n)
	}
	for _, at := range r.long[:r.longs] {
		i := uint(at) % block
		start, n := r.start[i], r.end[i]-r.start[i]
		r.hash[i] = r.sip.Medium(load(text, start)|small, low(load(text, start+8)|small, n-8), n)
	}
	r.shorts, r.longs = 0, 0
}

// slow takes the next token at or after i the general way and returns its end. A byte that begins none is passed over.
func (r *reader) slow(text []byte, i int) int {
	t := fold.Next(text, i, r.buf[:0])
	switch t.Kind {
	case fold.None:
		// What is passed over may hold an @, behind a character that is no letter.
		return r.passed(text, i, t.End)
	case fold.Letters:
		r.passed(text, i, t.Start)
		if m := meaningOf(pack(t.Norm), len(t.Norm)); m != 0 {
			r.meant(text, t.Start, t.End, m)
		}
		return r.word(text, r.sip.Sum(t.Norm), t.Start, t.End)
	case fold.Digits:
		r.passed(text, i, t.Start)
		r.number(text, t.Start, t.End, t.Norm)
		return r.word(text, r.sip.Sum(t.Norm), t.Start, t.End)
	}
	// A long token parts its neighbours.
	r.passed(text, i, t.Start)
	r.broken()
	return r.word(text, noWord, t.Start, t.End)
}

// noWord stands among the hashes of a block for words that are in no value.
const noWord = 0x7061727473206974

// passed looks for @ in what the slow way went over.
func (r *reader) passed(text []byte, from, to int) int {
	for i := from; i < to; i++ {
		if text[i] == '@' {
			r.address(text, i)
		}
	}
	return to
}

// word adds a word to the block and returns its end.
func (r *reader) word(text []byte, hash uint64, start, end int) int {
	if r.words {
		r.hash[r.n], r.start[r.n], r.end[r.n] = hash, start, end
		r.n++
		if r.n == block {
			r.flush(text, false)
		}
	}
	return end
}

// address takes the e-mail address around an @.
func (r *reader) address(text []byte, at int) {
	if !r.mails {
		return
	}
	if start, end := mailAround(text, at); start >= 0 {
		in := appendLower(append(r.scalar[:0], byte(Mail)), text[start:end])
		r.cands = append(r.cands, candidate{key: r.sip.Sum(in), start: start, end: end, form: Mail})
	}
}

// flush looks up and confirms what has gathered. Before the end of the text the last words stay, for the values that they may begin,
// and so do the candidates among them, so that all are confirmed in the order of the text.
func (r *reader) flush(text []byte, last bool) {
	limit := r.n
	if !last {
		r.hashWords(text)
		limit = max(r.n-tail, 0)
	}
	if r.n > 0 {
		r.lookUp(limit)
	}
	before := len(text)
	if limit < r.n {
		before = r.start[limit]
	}
	r.n = copy(r.hash[:], r.hash[limit:r.n])
	copy(r.start[:r.n], r.start[limit:])
	copy(r.end[:r.n], r.end[limit:])
	r.filter()
	slices.SortFunc(r.cands, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	done := 0
	for done < len(r.cands) && r.cands[done].start < before && r.err == nil {
		r.confirm(text, &r.cands[done])
		done++
	}
	r.cands = r.cands[:copy(r.cands, r.cands[done:])]
}

// lookUp makes candidates of the runs of words that begin before limit and pass both gates.
func (r *reader) lookUp(limit int) {
	s := r.state
	n := r.n
	flags, hash, paired := r.flags[:n], r.hash[:n], r.paired[:n]
	known := 0
	for i, h := range hash {
		flags[i] = 0
		r.list[known] = int32(i)
		known += int(s.some.bit(h))
	}
	for _, at := range r.list[:known] {
		flags[at] = uint8(s.words.four(hash[at]))
	}
	if r.runs&2 != 0 {
		for i := range limit {
			if flags[i]&(wordAlone|wordCommon) != 0 {
				r.run(i, 1, hash[i])
				if flags[i]&wordAlone == 0 {
					r.cands[len(r.cands)-1].alt = common
				}
			}
		}
	}
	if r.runs>>2 == 0 {
		return
	}
	clear(paired)
	m := 0
	for i := range n - 1 {
		r.list[m] = int32(i)
		m += int((flags[i] & flags[i+1]) >> 1 & 1)
	}
	passed := 0
	for _, at := range r.list[:m] {
		b := s.pairs.bit(hash[at] + hash[at+1])
		paired[at] = uint8(b)
		r.list[passed] = at
		passed += int(b)
	}
	for _, at := range r.list[:passed] {
		i := int(at)
		if i >= limit {
			break
		}
		sum := hash[i]
		for j := 1; j < run && paired[i+j-1] != 0; j++ {
			sum += hash[i+j]
			if r.runs>>(j+1)&1 != 0 {
				r.run(i, j+1, sum)
			}
			if j == run-1 && r.runs>>(run+1) != 0 && r.has(sum+opening) {
				r.longer(i, sum)
			}
		}
	}
}

// longer makes candidates of the runs of more than four words that begin at i. The pairs of a long value are gated in the order in which it stands
// in the table, turned or not, which is how it is looked for.
func (r *reader) longer(i int, sum uint64) {
	for j := run; j < MaxWords && i+j < r.n && r.paired[i+j-1] != 0; j++ {
		sum += r.hash[i+j]
		if r.runs>>(j+1)&1 != 0 {
			r.run(i, j+1, sum)
		}
	}
}

func (r *reader) run(i, words int, sum uint64) {
	r.cands = append(r.cands, candidate{})
	c := &r.cands[len(r.cands)-1] // filled in where it stands: what is written in small pieces and copied in large ones makes the processor wait
	c.key, c.start, c.end, c.form = sum, r.start[i], r.end[i+words-1], Words
}

func (r *reader) has(key uint64) bool {
	if r.state.filter.has(key) {
		return true
	}
	f := r.state.fresh.Load()
	return f != nil && f.has(key)
}

// filter keeps the candidates that are in the filter or among today's.
func (r *reader) filter() {
	kept, f, today := 0, r.state.filter, r.state.fresh.Load()
	for i := range r.cands {
		c := r.cands[i]
		r.cands[kept] = c
		if f.has(c.key) || today != nil && today.has(c.key) {
			kept++
		}
	}
	r.cands = r.cands[:kept]
}

// confirm asks the table for a candidate.
func (r *reader) confirm(text []byte, c *candidate) {
	if c.form == Words && c.alt == common && !r.othersNear(c.start) {
		r.remember(mention{waits: true, start: c.start, end: c.end})
		return
	}
	value := r.hasher.of(text, c)
	var all Census
	r.owners, all, r.err = r.index.table.Find(r.owners[:0], value, Rare)
	if len(r.owners) == Rare && !r.owners[0].Weak && r.err == nil { // only strong values have all their owners reported
		r.owners, all, r.err = r.index.table.Find(r.owners[:0], value, MaxOwners)
	}
	weak := false
	for _, o := range r.owners {
		weak = weak || o.Weak
		if !o.Weak || all.Owners <= Rare {
			r.hit(o, c.start, c.end, all.Owners)
		}
	}
	if weak && r.err == nil {
		r.beside(text, mention{value: value, start: c.start, end: c.end, shared: all.Owners, fields: all.Fields, listed: all.Owners <= Rare})
	}
}

const onlyName = 1 << Name

// othersNear reports whether a weak value other than a name stands before, within the window.
func (r *reader) othersNear(start int) bool {
	for i := len(r.weak) - 1; i >= 0 && start-r.weak[i].start <= Window; i-- {
		if o := &r.weak[i]; !o.waits && o.fields != onlyName {
			return true
		}
	}
	return false
}

// remember keeps a mention for those that follow.
func (r *reader) remember(m mention) {
	if len(r.weak) > 4*Window {
		r.weak = slices.DeleteFunc(r.weak, func(o mention) bool { return m.start-o.start > Window })
	}
	r.weak = append(r.weak, m)
}

func (r *reader) hit(o Owner, start, end, shared int) {
	if _, gone := r.erased[o.Record]; !gone {
		r.hits = append(r.hits, Hit{o.Record, o.Field, o.Weak, start, end, shared})
	}
}

// beside looks for records that have the value of m and another that stands near it. Of a value that stands near several times the
// nearest place is taken.
func (r *reader) beside(text []byte, m mention) {
	tried := r.tried[:0]
	for i := len(r.weak) - 1; i >= 0 && len(tried) < nearby; i-- {
		o := &r.weak[i]
		if m.start-o.start > Window {
			break // they come in the order of the text
		}
		if o.waits && m.fields != onlyName {
			if r.settle(text, o); r.err != nil {
				return
			}
		}
		if both := m.fields | o.fields; o.waits || both&(both-1) == 0 {
			continue // the same field of different people
		}
		if o.listed && m.listed || o.value == m.value || slices.Contains(tried, o.value) {
			continue
		}
		tried = append(tried, o.value)
		r.pairs, r.err = r.index.table.Both(r.pairs[:0], m.value, o.value, MaxOwners)
		if r.err != nil {
			return
		}
		for _, p := range r.pairs {
			r.hit(Owner{p.Record, p.A.Field, p.A.Weak}, m.start, m.end, m.shared)
			r.hit(Owner{p.Record, p.B.Field, p.B.Weak}, o.start, o.end, o.shared)
		}
	}
	r.remember(m)
}

// settle confirms a common name that waited.
func (r *reader) settle(text []byte, m *mention) {
	m.waits = false
	m.value = r.hasher.of(text, &candidate{start: m.start, end: m.end, form: Words})
	var all Census
	_, all, r.err = r.index.table.Find(r.owners[:0], m.value, 0)
	m.shared, m.fields = all.Owners, all.Fields
}

// of is the confirming fingerprint of a candidate: what Prints would make of the piece of text.
func (h *hasher) of(text []byte, c *candidate) Exact {
	piece := text[c.start:c.end]
	h.in = append(h.in[:0], byte(c.form))
	switch c.form {
	case Number, Masked:
		h.in = appendDigits(h.in, piece, h.phrase.buf[:0])
	case Dialed:
		h.phrase.text = appendDigits(h.phrase.text[:0], piece, h.phrase.buf[:0])
		h.in = appendDialed(h.in, h.phrase.text, c.alt != 0)
	case Mail:
		h.in = appendLower(h.in, piece)
	case Day:
		h.in = appendDay(h.in, c.alt)
	case Words:
		if !h.phrase.read(piece) {
			return Exact{} // a word that is too long: of no value
		}
		h.in = h.phrase.appendSorted(h.in)
	}
	return h.exact()
}

// Except takes the hits of the given records out, in place: the addressee's own data may go to the addressee.
func Except(hits []Hit, records ...Record) []Hit {
	return slices.DeleteFunc(hits, func(h Hit) bool { return slices.Contains(records, h.Record) })
}

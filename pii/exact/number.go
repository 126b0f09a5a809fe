package exact

import "github.com/amanah-id/amanah/pii/internal/siphash"

// numbers makes candidates of rows of digits and of dates.
type numbers struct {
	sip            siphash.Key
	dates, masked  bool   // the index holds some
	digits, dialed uint32 // the lengths of the numbers it holds, a bit for each
	items          []item
	seq            []byte // the digits of the items
	cands          []candidate
	scalar         [maxLocal + maxDomain + 16]byte
}

// item is a number or a month in a row of such, with nothing but separators between.
type item struct {
	start, end int
	offset     int // of its digits in numbers.seq
	digits     int
	month      int // 1 to 12, then it has no digits
	gap        gap // before it
}

type gap uint8

const (
	far    gap = iota
	near       // separators
	hidden     // signs that hide digits, and separators
)

const (
	maxNear   = 6  // bytes of separators within a number
	maxHidden = 40 // bytes that stand for hidden digits
	maxItems  = 256
)

// between says what lies between two items.
func between(text []byte, start, end int) gap {
	if end-start > maxHidden {
		return far
	}
	signs := 0
	for i := start; i < end; i++ {
		switch b := text[i]; b {
		case ' ', '\t', '\n', '\r', '-', '.', '/', '(', ')', ',', ':', '+', '_', '|':
		case '*', '#', 'x', 'X':
			signs++
		default:
			if i+1 < end && b == 0xc2 && (text[i+1] == 0xa0 || text[i+1] == 0xad) { // no-break space, soft hyphen
				i++
				continue
			}
			if i+2 >= end || b != 0xe2 {
				return far
			}
			switch {
			case text[i+1] == 0x80 && text[i+2] == 0xa2, text[i+1] == 0x97 && text[i+2] == 0x8f: // bullets
				signs++
			case text[i+1] == 0x80 && text[i+2] <= 0xaf, text[i+1] == 0x88 && text[i+2] == 0x92: // spaces, dashes, zero-width, minus
			default:
				return far
			}
			i += 2
		}
	}
	switch {
	case signs >= 2:
		return hidden
	case signs == 0 && end-start <= maxNear:
		return near
	}
	return far
}

// next begins an item: it says what lies before it, and forgets the row when it does not go on.
func (r *numbers) next(text []byte, start int) gap {
	if len(r.items) == 0 {
		return far
	}
	g := between(text, r.items[len(r.items)-1].end, start)
	switch {
	case g == far:
		r.broken()
	case len(r.items) == maxItems:
		// Only the last can still be part of a number.
		keep := r.items[maxItems-MaxDigits:]
		from := keep[0].offset
		r.seq = r.seq[:copy(r.seq, r.seq[from:])]
		r.items = r.items[:copy(r.items, keep)]
		for i := range r.items {
			r.items[i].offset -= from
		}
	}
	return g
}

// broken ends a row of numbers.
func (r *numbers) broken() { r.items, r.seq = r.items[:0], r.seq[:0] }

// meant takes a digit word or the name of a month.
func (r *numbers) meant(text []byte, start, end int, m meaning) {
	if m.isDigit() {
		digit := [1]byte{m.digit()}
		r.number(text, start, end, digit[:])
		return
	}
	r.month(text, start, end, m.month())
}

func (r *numbers) month(text []byte, start, end, month int) {
	if r.dates {
		g := r.next(text, start)
		r.items = append(r.items, item{start: start, end: end, offset: len(r.seq), month: month, gap: g})
		r.day()
	}
}

// number takes a number of ASCII digits and makes candidates of every row of digits that ends with it.
func (r *numbers) number(text []byte, start, end int, digits []byte) {
	if r.digits|r.dialed == 0 && !r.dates {
		return
	}
	if len(digits) > MaxDigits {
		r.broken()
		return
	}
	g := r.next(text, start)
	r.items = append(r.items, item{start: start, end: end, offset: len(r.seq), digits: len(digits), gap: g})
	r.seq = append(r.seq, digits...)
	if r.masked && g == hidden && len(digits) == 4 {
		r.hiddenDigits()
	}
	if r.dates {
		r.day()
	}
	total := 0
	for i := len(r.items) - 1; i >= 0; i-- {
		it := &r.items[i]
		total += it.digits
		if it.month != 0 || total > MaxDigits {
			return
		}
		if total >= MinDigits {
			r.dial(r.seq[it.offset:], it.start, end)
		}
		if it.gap != near {
			return
		}
	}
}

// dial makes the candidates of one row of digits.
func (r *numbers) dial(digits []byte, start, end int) {
	if r.digits>>len(digits)&1 != 0 {
		in := append(append(r.scalar[:0], byte(Number)), digits...)
		r.cands = append(r.cands, candidate{key: r.sip.Sum(in), start: start, end: end, form: Number})
	}
	if r.dialed == 0 {
		return
	}
	for alt := range uint32(2) {
		if alt == 1 && digits[0] != '8' { // only then the two differ
			return
		}
		in := appendDialed(append(r.scalar[:0], byte(Dialed)), digits, alt != 0)
		if n := len(in) - 1; n < 32 && r.dialed>>n&1 != 0 {
			r.cands = append(r.cands, candidate{key: r.sip.Sum(in), start: start, end: end, form: Dialed, alt: alt})
		}
	}
}

// hiddenDigits takes four digits after hidden ones, with six before.
func (r *numbers) hiddenDigits() {
	last := &r.items[len(r.items)-1]
	total := 0
	for i := len(r.items) - 2; i >= 0; i-- {
		it := &r.items[i]
		total += it.digits
		if it.month != 0 || total > 6 {
			return
		}
		if total == 6 {
			in := append(append(r.scalar[:0], byte(Masked)), r.seq[it.offset:]...)
			r.cands = append(r.cands, candidate{key: r.sip.Sum(in), start: it.start, end: last.end, form: Masked})
			return
		}
		if it.gap != near {
			return
		}
	}
}

// day makes candidates of the dates that end with the last item.
func (r *numbers) day() {
	n := len(r.items)
	last := &r.items[n-1]
	if last.digits == 8 {
		d := r.value(last)
		r.date(last, last, d%10000, d/10000%100, d/1000000)
		r.date(last, last, d/10000, d/100%100, d%100)
	}
	if n < 3 || last.gap != near || r.items[n-2].gap != near {
		return
	}
	a, b := &r.items[n-3], &r.items[n-2]
	x, y, z := r.value(a), r.value(b), r.value(last)
	short := func(it *item) bool { return it.digits == 1 || it.digits == 2 }
	switch {
	case a.digits == 4 && short(b) && short(last):
		r.date(a, last, x, y, z)
	case a.digits == 4 && b.month != 0 && short(last):
		r.date(a, last, x, b.month, z)
	case a.month != 0 && short(b):
		r.year(a, last, a.month, y)
	case short(a) && b.month != 0:
		r.year(a, last, b.month, x)
	case short(a) && short(b) && y > 12:
		r.year(a, last, x, y)
	case short(a) && short(b):
		r.year(a, last, y, x)
	}
}

// year makes the date whose year is the last item, in four digits or two.
func (r *numbers) year(from, last *item, month, date int) {
	switch y := r.value(last); last.digits {
	case 4:
		r.date(from, last, y, month, date)
	case 2:
		r.date(from, last, 1900+y, month, date)
		r.date(from, last, 2000+y, month, date)
	}
}

func (r *numbers) date(from, last *item, year, month, date int) {
	if d := day(year, month, date); d != 0 {
		in := appendDay(append(r.scalar[:0], byte(Day)), d)
		r.cands = append(r.cands, candidate{key: r.sip.Sum(in), start: from.start, end: last.end, form: Day, alt: d})
	}
}

// value is the number that a short item is.
func (r *numbers) value(it *item) int {
	v := 0
	if it.digits <= 8 {
		for _, d := range r.seq[it.offset : it.offset+it.digits] {
			v = v*10 + int(d-'0')
		}
	}
	return v
}

package address

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/region"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// limitBytes is how far an address may reach.
const limitBytes = 280

// Found is an address.
type Found struct {
	Start, End int
	Parts      int
	Placed     bool // the region table knows a place in it
	Firm       bool // a number and a place, or three parts
	Admin      bool // parts of the administration only: a place more than somebody's address
	Bare       bool // a name and a number without a word that says what they are of
}

// Confidence is how sure the parts alone make it.
func (f *Found) Confidence() float32 {
	if f.Firm {
		return 0.92
	}
	return 0.75
}

// Reader reads addresses.
type Reader struct {
	Dict  *word.Dictionary
	Table *region.Table
}

// walk is one reading of an address, part by part.
type walk struct {
	*Reader
	text                           []byte
	limit                          int
	begin, p, end                  int // where it is, and where the last part ended that surely belongs to it
	parts                          int
	kinds                          int // parts with a word that says what they are
	placed                         int // places that are known, or said to be places
	short                          int // those in short: Kec., Ds.
	guessed                        int // places that are not confirmed yet
	gangs                          int // roads that go off from one
	lines, brackets                int
	numbered, road, estate, housed bool
	verb                           bool // "jalan" in small letters
	jalan                          bool // "jalan" or "jl": what crosses another such road is another address
	behind                         bool // a name without a word for it stands behind a comma
	town                           bool // the last place that is known is a town or a province
	blocked                        bool // it begins with a block
	split                          bool // a block with a house: G6/21
	led                            bool // a name stands before the first part
	comma                          bool // a comma stands before the part that is read now
	asked                          word.Part
	last                           word.Part
}

// Read reads an address that begins with the word text[begin:first], on a line that begins at lo. It returns what it found, with End 0 when
// that is none, and where it has read to.
func (r *Reader) Read(text []byte, begin, first, lo int) (found Found, next int) {
	w := walk{Reader: r, text: text, limit: min(len(text), begin+limitBytes), begin: begin, p: begin, end: begin}
	w.verb = first-begin == 5 && text[begin] == 'j' // "jalan" is also a verb
	for w.p < w.limit && w.between() && w.part() {
	}
	next = max(w.end, w.p, begin+1)
	if w.parts == 0 {
		return found, next
	}
	start := r.lead(text, begin, lo)
	w.led = start < begin && (first-begin == 2 || token.WordEnd(text, start)-start > 1 || token.IsDigit(text[start]))
	w.numbered = w.numbered || w.led && token.EqualFold(text[start:token.WordEnd(text, start)], "er") // er te tiga kampung bulak
	for p := start; p < begin && w.led && !w.numbered; p++ {
		if token.IsDigit(text[p]) {
			b, e, _ := pieceBefore(text, p, start)
			w.numbered = w.road || storeyed(text[b:e]) // pintu 7
		}
	}
	if start == begin && first < w.limit && text[first] == ':' { // Jalan: Brigjen Katamso
		for start = first + 1; start < w.limit && text[start] == ' '; start++ {
		}
	}
	if w.made() {
		found = w.found(start, lo)
	}
	return found, next
}

// Bare reads an address whose name has no word that says what it is, by the house number behind it, which has a part at p: Cempaka Putih
// Tengah XVII/4, Darmo Permai Timur 5 no 33. Lo is where the line begins.
func (r *Reader) Bare(text []byte, p, lo int) (found Found, next int) {
	number := numberStart(text, p, lo)
	start, words, at := r.bareName(text, number, lo)
	if words == 0 {
		return found, p
	}
	weak := false // U23, which may be anything
	if token.IsLetter(text[number]) && r.keyword(text, number, token.WordEnd(text, number)) != word.House {
		e := number
		for e < len(text) && token.IsAlnum(text[e]) {
			e++
		}
		weak = e == len(text) || text[e] != '/' && text[e] != '-' && (text[e] != ' ' || e+1 == len(text) || text[e+1] != '/')
	}
	if weak && words == 1 {
		return found, p
	}
	w := walk{Reader: r, text: text, limit: min(len(text), start+limitBytes), p: number, end: number, parts: 1, estate: true, last: word.Estate}
	for more := w.part(); more && w.p < w.limit && w.between() && w.part(); {
	}
	if w.parts < 2 || !w.numbered {
		return found, p
	}
	found = w.found(start, lo)
	switch kind := r.keyword(text, number, token.WordEnd(text, number)); {
	case number == p && token.IsDigit(text[p]) && !slashed(text, p): // Birkenweg 12, which may be anything
		if at != home || w.placed == 0 {
			return Found{}, p
		}
	case weak || kind == word.House || words == 1:
		found.Bare = at != here && at != home && at != site && !(at == sent && words > 1)
		found.Bare = found.Bare || weak && w.placed == 0
	default:
		found.Bare = at == nowhere && !(start == lo && w.placed > 0)
	}
	return found, max(w.end, p)
}

// slashed reports whether a stroke stands behind the digits at p.
func slashed(text []byte, p int) bool {
	for p < len(text) && token.IsDigit(text[p]) {
		p++
	}
	return p < len(text) && text[p] == '/'
}

// numberStart is where the number of a house begins that has a part at p: XVII/4, IX / 41, AS-14.
func numberStart(text []byte, p, lo int) int {
	if p > lo+3 && text[p-1] == ' ' && text[p-2] == '/' && text[p-3] == ' ' {
		p -= 3
	}
	for n := 0; n < 7 && p > lo && (token.IsAlnum(text[p-1]) || text[p-1] == '/' || text[p-1] == '-'); n++ {
		p--
	}
	return p
}

// bareName goes back over a row of one to six words with capitals that may be the name of a road or an estate. It returns where the row begins,
// how many words it has, and what stands before it.
func (r *Reader) bareName(text []byte, p, lo int) (start, words int, at whereabouts) {
	start = p
	estate := false
	for words < 6 && start > lo+1 && text[start-1] == ' ' {
		q := start - 1
		b := q
		for b > lo && q-b < 20 && (token.IsAlnum(text[b-1]) || text[b-1] == '\'') {
			b--
		}
		if b == q {
			break
		}
		if token.IsDigit(text[b]) { // Darmo Permai Timur 5
			if q-b > 2 || words > 0 || b == lo || text[b-1] != ' ' || !token.IsDigit(text[q-1]) {
				break
			}
			start = b
			continue
		}
		if !token.IsUpper(text[b]) {
			if words == 0 && r.counts(text, b, q) && start == p {
				start = b // Timur empat nomor dua belas
				continue
			}
			break
		}
		w := text[b:q]
		en := r.Dict.Entry(r.Dict.Find(text, b, token.WordEnd(text, b)))
		if lawful(w) {
			return p, 0, nowhere
		}
		if (en.Cues != 0 || addressed(en.Part) != word.NoPart) && !titled(w) && !lasting(text, b, q) || en.Part == word.Month || en.Part == word.Magnitude {
			break
		}
		estate = estate || mansion(w)
		start = b
		words++
	}
	if words == 0 || titled(text[start:token.WordEnd(text, start)]) {
		return p, 0, nowhere
	}
	at = r.lives(text, start, lo)
	if at == nowhere && (estate && words > 1 || sited(text[start:token.WordEnd(text, start)])) {
		at = site
	}
	return start, words, at
}

// lawful reports whether a word begins the name of a law or of a part of a writing, which has a number too.
func lawful(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "uu", "undang", "peraturan", "perpres", "permen", "perda", "pp", "pasal", "ayat", "keputusan", "kepres", "keppres", "inpres", "putusan", "surat", "sk", "edisi", "bab", "tabel", "gambar", "volume", "vol", "jilid", "seri", "instruksi", "edaran", "qanun", "bagian", "lampiran", "grup", "kelas", "ruang", "gate", "terminal", "halaman", "chapter", "table", "section", "article", "act", "issue", "model", "tipe", "type", "level", "tahap", "fase", "flight", "kereta", "bus", "tenda", "rak", "lantai":
		return true
	}
	return false
}

// found is what was read.
func (w *walk) found(start, lo int) Found {
	end := w.end
	if end < len(w.text) && w.text[end] == ')' && bytes.Count(w.text[start:end], []byte("(")) > bytes.Count(w.text[start:end], []byte(")")) {
		end++
	}
	return Found{
		Start: start, End: end, Parts: w.parts, Placed: w.placed > 0, Firm: w.numbered && w.placed > 0 || w.parts >= 3,
		Admin: !w.road && !w.numbered && !(w.estate && w.short >= 2) && !(w.estate && whole(w.text, start, end, lo)) && !own(w.text, start, lo),
	}
}

// whole reports whether the address is all that a line or a turn says.
func whole(text []byte, start, end, lo int) bool {
	if end < len(text) && text[end] == '.' {
		end++
	}
	return (end >= len(text) || text[end] == '\n' || text[end] == '\r') && (start == lo || start > lo+1 && text[start-1] == ' ' && text[start-2] == ':')
}

// own reports whether the words before an address say that who speaks is there: saya di.
func own(text []byte, start, lo int) bool {
	b, e, _ := pieceBefore(text, start, lo)
	if !token.OneOf(text[b:e], "di", "ning", "neng", "ring", "nang", "ing", "at", "in") {
		return false
	}
	b, e, comma := pieceBefore(text, b, lo)
	return !comma && token.OneOf(text[b:e], "saya", "sy", "aku", "kami", "kita", "gue", "gw", "gua", "ane", "ambo", "awak", "abdi", "kula", "kulo", "tiang", "titiang", "sa", "beta", "katong", "kitong", "am", "m", "are", "re")
}

// made reports whether what was read is an address.
func (w *walk) made() bool {
	parts := w.parts
	if w.led && (w.road || w.housed) {
		parts++
	}
	switch {
	case w.led && w.split:
		return true
	case w.blocked && !w.led && !w.road && !w.estate && w.placed == 0 && !w.behind:
		return false // Blok M Square lantai 3
	case w.parts < 2 && !(w.led && w.numbered && w.road):
		return false
	case w.numbered:
		return w.road || w.placed > 0 || parts >= 3 || w.estate && w.housed
	}
	return w.placed >= 2 || w.jalan && w.gangs > 0 && !w.verb || w.road && w.last == word.House && w.parts >= 2 && !w.verb || w.kinds >= 2 && w.placed > 0 || w.road && (w.placed > 0 || w.estate && parts >= 3)
}

// counts reports whether the word is a number that is said.
func (r *Reader) counts(text []byte, p, e int) bool {
	part := r.Dict.Part(r.Dict.Find(text, p, e))
	return part >= word.Digit && part <= word.HundredOf
}

// code returns where the number of a house ends that begins with letters: C6/14, AS-14, II/12A, IX / 41.
func (w *walk) code(p int) (end int, is bool) {
	text, d := w.text, p
	if p >= w.limit {
		return p, false
	}
	for d < w.limit && token.IsLetter(text[d]) && d-p < 6 {
		d++
	}
	upper := token.IsUpper(text[p])
	if n := d - p; n == 0 || n > 5 || n > 3 && !roman(text[p:d]) || !upper && n > 1 || p > 0 && token.IsAlnum(text[p-1]) {
		return p, false
	}
	if d+3 < w.limit && text[d] == ' ' && text[d+1] == '/' && text[d+2] == ' ' && roman(text[p:d]) {
		d += 3
	} else if d+1 < w.limit && (text[d] == '-' || text[d] == '/') {
		d++
	}
	q := d
	for d < w.limit && token.IsDigit(text[d]) {
		d++
	}
	if d == q || d-q > 4 {
		return p, false
	}
	if d = houseEnd(text, d, w.limit); d < len(text) && token.IsAlnum(text[d]) {
		return p, false
	}
	return d, true
}

// roman reports whether a word is a number as the Romans wrote it.
func roman(w []byte) bool {
	for _, c := range w {
		if c != 'I' && c != 'V' && c != 'X' {
			return false
		}
	}
	return len(w) > 0
}

// between goes over what stands between two parts. It reports whether the address may go on behind it.
func (w *walk) between() bool {
	text := w.text
	w.comma, w.asked = false, word.NoPart
	if w.last == word.Postcode && w.p+1 < w.limit && text[w.p] == '.' && text[w.p+1] == ' ' {
		return false
	}
	for w.p < w.limit && !token.IsAlnum(text[w.p]) {
		switch c := text[w.p]; c {
		case ' ', '.', '/', '-', '\t', '\r':
		case ',', ';', ':':
			w.comma = true
		case '(':
			if !w.aside() {
				return false
			}
			continue
		case ')':
			if w.brackets--; w.brackets < 0 {
				return false
			}
		case '"', '<':
			p, kind := w.field(w.p)
			if p == 0 {
				return false
			}
			w.p, w.asked, w.comma = p, kind, true
			continue
		case '\n':
			if w.lines++; w.lines > 5 || !w.newline() {
				return false
			}
			w.comma = true
			return w.p < w.limit
		default:
			return false
		}
		w.p++
	}
	return w.p < w.limit
}

// aside goes over what stands in brackets, unless it is a part.
func (w *walk) aside() bool {
	p := w.p + 1
	e := min(token.WordEnd(w.text, p), w.limit)
	if _, known := w.placeName(w.text, p, w.limit, false); known || w.keyword(w.text, p, e) != word.NoPart {
		w.p = p
		w.brackets++
		return true
	}
	if e < w.limit && w.text[e] == ')' && (w.Dict.Cues(w.Dict.Find(w.text, p, e))&(word.Home|word.Stop) != 0 || token.OneOf(w.text[p:e], "kantor", "gudang", "toko", "office")) {
		return false // another address begins
	}
	for q := p; q < w.limit && q < p+40 && w.text[q] != '\n'; q++ {
		if w.text[q] == ')' {
			w.p = q + 1
			return true
		}
	}
	return false
}

// field goes over what a form has between two values: ","no":" and </jalan><nomor>. It returns where the value begins and what its
// label says it is; 0 when the label says nothing of addresses.
func (w *walk) field(p int) (value int, kind word.Part) {
	text, stop := w.text, min(w.limit, p+48)
	label, named := false, false
	for p < stop {
		switch c := text[p]; {
		case c == '<' && p+1 < stop && text[p+1] == '/':
			for p < stop && text[p] != '>' {
				p++
			}
			p++
		case token.IsLetter(c):
			if label {
				return 0, kind
			}
			label = true
			kind, named, p = w.label(p, stop)
		case label && (c == ':' || c == '>' || c == '='):
			for p++; p < stop && (text[p] == ' ' || text[p] == '"'); p++ {
			}
			if !named {
				return 0, kind
			}
			return p, kind
		case c == '"' || c == '<' || c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t':
			p++
		default:
			return 0, kind
		}
	}
	return 0, kind
}

// label reads the label of a field: kode_pos, alamat_2. It returns what it is of, whether it belongs to addresses, and where it ends.
func (w *walk) label(p, stop int) (kind word.Part, named bool, end int) {
	for p < stop && (token.IsLetter(w.text[p]) || w.text[p] == '_' || token.IsDigit(w.text[p])) {
		e := max(p+1, min(token.WordEnd(w.text, p), stop))
		en := w.Dict.Entry(w.Dict.Find(w.text, p, e))
		if k := addressed(en.Part); k != word.NoPart {
			kind, named = k, true
		}
		if token.OneOf(w.text[p:e], "city", "district", "state", "province", "village", "town") {
			kind, named = word.City, true
		}
		named = named || en.Cues&word.Home != 0 && token.OneOf(w.text[p:e], "alamat", "address", "almt", "addr")
		p = e
	}
	return kind, named, p
}

// newline goes to the next line, when the address goes on there.
func (w *walk) newline() bool {
	text, q := w.text, w.p+1
	for q < w.limit && (text[q] == ' ' || text[q] == '\t' || text[q] == '>' || text[q] == '|' || text[q] == '"') {
		q++
	}
	if q >= w.limit || !token.IsAlnum(text[q]) {
		return false
	}
	e := min(token.WordEnd(text, q), w.limit)
	if w.Dict.Cues(w.Dict.Find(text, q, e))&word.Ack != 0 && e+1 < w.limit && text[e] == ' ' { // baik, blok ef
		q = e + 1
		e = min(token.WordEnd(text, q), w.limit)
	}
	if said, _ := w.spelt(text, q, e); said != word.NoPart || w.keyword(text, q, e) != word.NoPart || e+1 < w.limit && text[e] == ' ' && w.keyword(text, e+1, min(token.WordEnd(text, e+1), w.limit)) == word.Postcode {
		w.p = q
		return true
	}
	if _, known := w.placeName(text, q, w.limit, false); known && w.parts >= 2 {
		w.p = q
		return true
	}
	if value, kind := w.labelled(q); value > 0 {
		w.p, w.asked = value, kind
		return value < w.limit
	}
	if w.numbered && token.IsUpper(text[q]) { // Joglo, Kembangan
		if to := w.capitals(text, q, w.limit); to > q && to < w.limit && (text[to] == ',' || text[to] == '\n') {
			if _, known := w.placeName(text, min(to+2, w.limit), w.limit, false); known || text[to] == '\n' && w.known(to+1) {
				w.p = q
				return true
			}
		}
	}
	return w.turn(q)
}

// labelled returns where the value begins of a line with a label of at most three words, and what the label says it is: alamat_2:, City:,
// Address Line 2:. It is 0 when there is none.
func (w *walk) labelled(q int) (value int, kind word.Part) {
	named := false
	for words := 0; words < 3 && q < w.limit && token.IsAlnum(w.text[q]); words++ {
		k, n, end := w.label(q, min(w.limit, q+16))
		if n {
			kind, named = k, true
		}
		for q = end; q < w.limit && w.text[q] == ' '; q++ {
		}
	}
	if !named || q >= w.limit || w.text[q] != ':' {
		return 0, kind
	}
	for q++; q < w.limit && w.text[q] == ' '; q++ {
	}
	return q, kind
}

// known reports whether the line begins with a place of the table.
func (w *walk) known(p int) bool {
	_, known := w.placeName(w.text, p, w.limit, false)
	return known
}

// turn goes over a question for the next part, and to the answer: agen: Kelurahannya? plg: Notoprajan.
func (w *walk) turn(q int) bool {
	text := w.text
	body := w.speaker(q)
	if body == 0 {
		return false
	}
	kind, p, asks := word.NoPart, body, false
	for ; p < w.limit && text[p] != '\n'; p++ {
		asks = text[p] == '?' || asks && text[p] == ' '
		if token.IsLetter(text[p]) && !token.IsAlnum(text[p-1]) && kind == word.NoPart {
			kind = w.questioned(p)
		}
	}
	if !asks || kind == word.NoPart || p+1 >= w.limit {
		return false
	}
	if p = w.speaker(p + 1); p == 0 {
		return false
	}
	for range 2 { // iya, Yogyakarta
		e := min(token.WordEnd(text, p), w.limit)
		if e == p || w.keyword(text, p, e) != word.NoPart || w.Dict.Cues(w.Dict.Find(text, p, e))&(word.Stop|word.Ack) == 0 {
			break
		}
		for p = e; p < w.limit && (text[p] == ' ' || text[p] == ','); p++ {
		}
	}
	w.p, w.asked = p, kind
	return p < w.limit
}

// speaker returns where what is said begins in a line that begins with the name of who says it; 0 when it does not.
func (w *walk) speaker(p int) int {
	for e := p; e < w.limit && e < p+16; e++ {
		if w.text[e] == ':' && e > p {
			for e++; e < w.limit && w.text[e] == ' '; e++ {
			}
			return e
		}
		if !token.IsAlnum(w.text[e]) && w.text[e] != ' ' {
			return 0
		}
	}
	return 0
}

// questioned is the part that a word of a question asks for: kelurahannya, kode pos, postal code.
func (w *walk) questioned(p int) word.Part {
	e := min(token.WordEnd(w.text, p), w.limit)
	if kind := w.keyword(w.text, p, e); kind != word.NoPart {
		return kind
	}
	if e-p > 4 && token.EqualFold(w.text[e-3:e], "nya") {
		return w.keyword(w.text, p, e-3)
	}
	return word.NoPart
}

// part reads the next part. It reports whether there was one, and the address may go on.
func (w *walk) part() bool {
	text, p := w.text, w.p
	e, said := p, word.NoPart
	if token.IsLetter(text[p]) {
		e = min(token.WordEnd(text, p), w.limit)
		said = w.Dict.Part(w.Dict.Find(text, p, e))
	}
	if e == p || said >= word.Digit && said <= word.HundredOf && !(w.comma && w.asked == word.NoPart && title(text, p, e) && e+1 < w.limit && text[e] == ' ' && token.IsUpper(text[e+1])) {
		return w.figure()
	}
	kind, far := addressed(said), false
	if kind == word.NoPart && w.last != word.Postcode {
		if kind, e = w.spelt(text, p, e); kind == word.NoPart {
			h := hints(text[p:e])
			if h == beside && title(text, p, e) { // Kulon Progo
				if _, known := w.placeName(text, p, w.limit, false); known {
					h = plain
				}
			}
			switch {
			case h == stone:
				kind, far = word.House, true
			case h == flat || h == house && w.looks(e) == 0:
				kind = word.House
			case w.parts == 0:
			case h == looks || h == house:
				if d := w.looks(e); d > 0 {
					w.p = d
					return true
				}
			default:
				if d := w.beside(text, p, e, w.limit, h == beside); d > 0 {
					w.passed(d)
					return true
				}
			}
		}
	}
	if w.guessed > 0 && kind != word.NoPart && kind != word.RT && !storeyed(text[p:e]) && (kind < word.Village || kind == word.Estate) && !(kind == word.Block && w.road && token.IsUpper(text[p])) && !(kind == word.House && said == word.House && !w.numbered) {
		return false
	}
	if kind == word.Estate && w.parts == 1 && w.comma && w.last == word.Estate && token.IsUpper(text[p]) && !token.IsUpper(text[w.begin]) {
		return false // mess karyawan, Mess Putra
	}
	if kind == word.Road && text[p]|0x20 == 'j' {
		if w.jalan && w.numbered {
			return false // another address
		}
		w.jalan = true
	}
	q := w.value(e, kind)
	if kind == word.NoPart && e-p == 2 && q > e && text[e] == '.' && q < w.limit && token.IsUpper(text[q]) && token.EqualFold(text[p:e], "br") {
		kind = word.Estate // Br. Campuan
	}
	w.blocked = w.blocked || kind == word.Block && w.parts == 0
	end := 0
	switch kind {
	case word.Road, word.Estate:
		end = w.titled(kind, p, q)
	case word.House, word.RT, word.RW, word.Postcode:
		end = w.counted(kind, q, said == word.House, far)
	case word.Block:
		end = w.block(q)
	case word.Village, word.Subdistrict, word.City, word.Provincial:
		end = w.place(kind, q)
	default:
		return w.unsaid(p, e, q)
	}
	if end == 0 {
		return false
	}
	w.parts++
	w.kinds++
	if e-p <= 3 || e < w.limit && text[e] == '.' {
		w.short++
	}
	w.end, w.p, w.last, w.guessed = end, end, kind, 0
	return true
}

// passed goes on behind a thing near the place, which ends at d. It belongs to the address when it stands right behind the house.
func (w *walk) passed(d int) {
	if !w.comma && (w.parts >= 2 && w.numbered && (w.last == word.House || w.last <= word.RW) || w.estate && w.last == word.Village && w.kinds >= 2) { // not after a town
		w.end = d
	}
	w.p = d
}

// value returns where the value begins behind a word for a part: behind its full stop, its colon, and a second word as in KEL/DESA :.
func (w *walk) value(e int, kind word.Part) int {
	q := e
	for q < w.limit && (w.text[q] == '.' || w.text[q] == ' ' || w.text[q] == ':' || w.text[q] == '/' && kind != word.NoPart) {
		if w.text[q] == '/' {
			f := min(token.WordEnd(w.text, q+1), w.limit)
			if k := w.keyword(w.text, q+1, f); k == word.NoPart || f == q+1 {
				return q
			}
			q = f
			continue
		}
		q++
	}
	return q
}

// figure reads a number without a word before it: a house, a postcode, a floor, a village that is called by a number.
func (w *walk) figure() bool {
	text, p := w.text, w.p
	e, n := w.number(text, p, w.limit)
	if n == 0 || w.guessed > 0 && n != 5 || e < w.limit && text[e] == ')' && w.brackets == 0 {
		return false
	}
	switch {
	case n == 5 && text[p] != '0' && (w.parts >= 2 || w.numbered) && (e >= w.limit || !token.IsAlnum(text[e])):
		w.numbered, w.last = true, word.Postcode
		w.placed++
	case w.floor(e) > 0 && w.parts > 0:
		e = w.floor(e)
		w.numbered, w.last = true, word.House
	case n <= 4 && (!w.comma && (w.last == word.Road || w.last == word.Estate || w.last == word.Block) || w.asked == word.House || w.asked == word.RT || w.asked == word.RW):
		e = houseEnd(text, e, w.limit)
		w.numbered = w.numbered || !w.verb
		w.housed = w.housed || w.asked != word.NoPart
		if to := w.prolonged(e); to > 0 && w.last == word.Road { // Toddopuli 10 Baru
			w.end, w.p = to, to
			return true
		}
		w.last = word.House
	case !w.comma && n <= 3 && (w.last == word.Village || w.last == word.Estate) && w.area(e) > 0: // Ds. Banjarsari 02/04
		e = w.area(e)
		w.numbered, w.housed, w.last = true, true, word.RT
	case (w.comma || w.last == word.House) && n <= 2 && w.numbered && token.IsDigit(text[p]) && e+1 < w.limit && text[e] == ' ' && token.IsUpper(text[e+1]) && token.OneOf(text[e+1:min(token.WordEnd(text, e+1), w.limit)], "ilir", "ulu"):
		e = min(token.WordEnd(text, e+1), w.limit)
		w.last = word.Village
		w.placed++
	default:
		return false
	}
	w.parts++
	w.end, w.p = e, e
	return true
}

// area returns where the number of an RW ends that stands behind the stroke at e; 0 when there is none.
func (w *walk) area(e int) int {
	d := e + 1
	for d < w.limit && w.text[e] == '/' && token.IsDigit(w.text[d]) {
		d++
	}
	if n := d - e - 1; n < 2 || n > 3 {
		return 0
	}
	return d
}

// floor returns where "rd Floor" ends that begins at e; 0 when it is not there.
func (w *walk) floor(e int) int {
	f := min(token.WordEnd(w.text, e), w.limit)
	if f-e != 2 || f+1 >= w.limit || w.text[f] != ' ' {
		return 0
	}
	if g := min(token.WordEnd(w.text, f+1), w.limit); token.EqualFold(w.text[f+1:g], "floor") {
		return g
	}
	return 0
}

// prolonged returns where a word ends that belongs to the name of a road behind its number; 0 when there is none.
func (w *walk) prolonged(e int) int {
	if e+1 >= w.limit || w.text[e] != ' ' || !token.IsUpper(w.text[e+1]) {
		return 0
	}
	f := min(token.WordEnd(w.text, e+1), w.limit)
	if f >= w.limit || w.text[f] != ' ' {
		return 0
	}
	if word := w.text[e+1 : f]; direction(word) || token.OneOf(word, "baru", "lama", "raya", "dalam", "ujung", "atas", "bawah", "kav") {
		return f
	}
	return 0
}

// titled reads the name behind a word for a road, an estate or a building. It returns where it ends.
func (w *walk) titled(kind word.Part, p, q int) int {
	text := w.text
	if q == p || token.EqualFold(text[p:min(p+5, w.limit)], "susun") && !before(text, p, "rumah") {
		return 0
	}
	if kind == word.Estate && q < w.limit && token.IsUpper(text[q]) {
		if d, is := w.code(q); is { // Tower C/2109
			w.numbered, w.estate, w.split = true, true, true
			return d
		}
	}
	name := w.roadName(text, q, w.limit)
	if name == 0 && kind == word.Road {
		name = w.dayName(text, q, w.limit)
	}
	if e := token.WordEnd(text, p); name == 0 && w.parts == 0 && p > 1 && text[p-1] == ' ' && token.IsLetter(text[p-2]) && e < w.limit && text[e] == ',' && complexed(text[p:e]) {
		w.estate = true
		return e // Sandalwood Tower, unit 12
	}
	w.estate = w.estate || kind == word.Estate && name > 0
	if e := min(token.WordEnd(text, p), w.limit); name == 0 && kind == word.Estate && w.parts > 0 {
		if w.keyword(text, q, min(token.WordEnd(text, q), w.limit)) == word.House { // ruko nomor 12
			return e
		} else if w.comma && w.last >= word.Village && w.last != word.Estate && token.IsUpper(text[p]) && w.Reader.named(text, p, w.limit) { // Banjar
			w.placed++
			return e
		}
	}
	if name == 0 {
		if name, _ = w.number(text, q, w.limit); name == q || w.parts == 0 && !w.goesOn(text, name, w.limit) { // Tower 8
			return 0
		}
		name = houseEnd(text, name, w.limit)
	}
	if kind == word.Road {
		w.road = true
		if text[p]|0x20 != 'j' {
			w.gangs++
		}
	}
	return name
}

// before reports whether the word stands right before p.
func before(text []byte, p int, word string) bool {
	b, e, comma := pieceBefore(text, p, 0)
	return !comma && token.EqualFold(text[b:e], word)
}

// counted reads the number behind a word for a house, RT, RW or the post. It returns where it ends.
func (w *walk) counted(kind word.Part, q int, house, far bool) int {
	text := w.text
	for range 2 { // petak nomor 4, No. Rumah: 214
		if q >= w.limit || !token.IsLetter(text[q]) {
			break
		}
		f := min(token.WordEnd(text, q), w.limit)
		if kind != word.House || f == q || w.keyword(text, q, f) != word.House && !storeyed(text[q:f]) && !token.OneOf(text[q:f], "kav") {
			break
		}
		for q = f; q < w.limit && (text[q] == '.' || text[q] == ' ' || text[q] == ':'); q++ {
		}
	}
	if q < w.limit && kind == word.House && text[q]|0x20 == 'k' && token.OneOf(text[q:min(token.WordEnd(text, q), w.limit)], "kosong") {
		return 0
	}
	d, n := w.number(text, q, w.limit)
	if n == 0 && kind == word.House {
		return w.lettered(q, house)
	}
	if n == 0 || n > 5 || n > 3 && (kind != word.Postcode && kind != word.House || kind == word.House && w.zero(q)) {
		return 0
	}
	if far && d+1 < w.limit && (text[d] == ',' || text[d] == '.') && token.IsDigit(text[d+1]) && (d+2 >= w.limit || !token.IsAlnum(text[d+2])) {
		d += 2 // Km 18,5
	}
	if kind == word.House {
		d = houseEnd(text, d, w.limit)
	} else if kind == word.RT && d+1 < w.limit && text[d] == '/' && token.IsDigit(text[d+1]) { // RT 03/05
		for d++; d < w.limit && token.IsDigit(text[d]); d++ {
		}
		w.parts++
	}
	w.numbered = w.numbered || !far && (kind != word.House || w.road || w.parts > 0)
	w.housed = w.housed || house || kind == word.RT
	return d
}

// zero reports whether a number begins with a nought: a house's of four digits does not, a telephone's does.
func (w *walk) zero(p int) bool {
	if token.IsDigit(w.text[p]) {
		return w.text[p] == '0'
	}
	e := w.Dict.Entry(w.Dict.Find(w.text, p, min(token.WordEnd(w.text, p), w.limit)))
	return e.Part == word.Digit && e.Value == 0
}

// lettered reads the number of a house or a flat that begins with a letter or is one: B-8, CC, ce ha.
func (w *walk) lettered(q int, house bool) int {
	if q >= w.limit {
		return 0
	}
	d, is := w.code(q)
	if e := min(token.WordEnd(w.text, q), w.limit); !is && e > q && e-q <= 3 && token.IsUpper(w.text[q]) && token.IsUpper(w.text[e-1]) && (e >= w.limit || !token.IsAlnum(w.text[e])) && (!house || w.Dict.Find(w.text, q, e) == 0) {
		d, is = e, true
		if n, digits := w.number(w.text, min(e+1, w.limit), w.limit); digits > 0 && digits <= 3 && w.text[e] == ' ' && !house { // los AKS 77
			d = n
		}
	} else if !is && e-q == 2 && suffixed(w.text[q:e]) && !house {
		d, is = e, true
		if f := min(token.WordEnd(w.text, min(e+1, w.limit)), w.limit); f-e == 3 && w.text[e] == ' ' && suffixed(w.text[e+1:f]) {
			d = f
		}
	}
	if !is {
		return 0
	}
	w.numbered, w.housed = true, w.housed || house
	return d
}

// block reads what a block is called. It returns where that ends.
func (w *walk) block(q int) int {
	text, d := w.text, q
	for d < w.limit && (token.IsAlnum(text[d]) || text[d] == '/' || text[d] == '-') && d-q < 8 {
		d++
	}
	if d == q || d-q > 1 && !suffixed(text[q:d]) && w.Dict.Cues(w.Dict.Find(text, q, d))&word.Stop != 0 { // blok di laut
		return 0
	}
	if e := min(token.WordEnd(text, q), w.limit); e-q > 3 && token.IsUpper(text[q]) { // Kavling Hijau Lestari
		if to := w.capitals(text, q, w.limit); to > e {
			w.estate = true
			return to
		}
	}
	w.numbered, w.housed = true, true
	for p := q; p < d; p++ {
		w.split = w.split || text[p] == '/' || text[p] == '-'
	}
	return d
}

// place reads the name of a place behind the word that says what it is. It returns where that ends.
func (w *walk) place(kind word.Part, q int) int {
	if kind == word.Village && q+2 < w.limit && token.IsDigit(w.text[q]) { // Kel. 5 Ulu, Kel. 3-4 Ulu
		d, n := w.number(w.text, q, w.limit)
		if d+1 < w.limit && w.text[d] == '-' && token.IsDigit(w.text[d+1]) {
			d, _ = w.number(w.text, d+1, w.limit)
		}
		if n <= 2 && d+1 < w.limit && w.text[d] == ' ' {
			q = d + 1
		}
	}
	name, known := w.placeName(w.text, q, w.limit, true)
	if name == 0 {
		return 0
	}
	w.town = kind == word.City || kind == word.Provincial
	if known || kind == word.Village || kind == word.Subdistrict {
		w.placed++
	}
	return name
}

// unsaid reads a part that no word announces: a known place, a house number with letters, a name behind a comma or behind a number.
func (w *walk) unsaid(p, e, q int) bool {
	text := w.text
	if w.last == word.Postcode && !token.IsUpper(text[p]) {
		return false
	}
	if f := min(token.WordEnd(text, q), w.limit); w.keyword(text, q, f) == word.Postcode { // kode pos
		w.p = q
		return true
	}
	if d, is := w.code(p); is && w.parts > 0 && (!w.comma || w.asked == word.House) && (w.last == word.Road || w.last == word.Estate || w.last == word.House || w.last == word.Block) {
		w.numbered, w.housed, w.last = true, true, word.House
		w.parts++
		w.end, w.p = d, d
		return true
	}
	name, known := w.placeName(text, p, w.limit, w.asked >= word.Village && w.asked <= word.Provincial)
	if name > 0 && w.asked >= word.Village && w.asked <= word.Provincial {
		known = true
	}
	if !known && w.guessed < 2 && (w.last != word.Postcode || !w.comma || country(text[p:e])) && w.places() {
		to, stays := w.unnamed(text, p, e, w.limit, w.comma)
		if to > 0 && stays {
			w.behind = w.behind || w.comma
			w.end, w.p = to, to
			w.parts++
			w.guessed = 0
			w.last = word.Village
			return true
		}
		if to > 0 && !w.comma && !token.IsUpper(text[p]) && w.last == word.House && w.parts >= 2 && e+1 < w.limit && text[e] == ' ' {
			if h := hints(text[e+1 : min(token.WordEnd(text, e+1), w.limit)]); h == looks || h == house { // tambun rumah cat hijau
				w.end, w.p = e, e
				w.parts++
				return true
			}
		}
		if to == 0 && w.comma && w.numbered && w.road && w.last <= word.RW && w.settlement(p, e) {
			w.end, w.p, w.last = e, e, word.Village
			w.parts++
			return true
		}
		if to > 0 && !w.comma && w.parts >= 3 && (w.last == word.RT || w.last == word.RW) && (ends(text, to) || text[to] == ',' || w.function(to)) && !token.IsUpper(text[p]) && e-p > 4 && !token.EqualFold(text[e-3:e], "nya") {
			w.end, w.p = to, to
			w.parts++
			w.last = word.Village
			return true
		}
		if to > 0 {
			w.p, w.guessed = to, w.guessed+1
			return true
		}
	}
	if !known || !(w.comma || w.last >= word.House) {
		return false
	}
	if name+1 < w.limit && text[name] == ' ' && token.IsUpper(text[name+1]) {
		if to := w.capitals(text, p, w.limit); to > name && (ends(text, to) || text[to] == ',' || to+1 < w.limit && text[to] == ' ' && token.IsDigit(text[to+1]) || w.smallBehind(text, to, w.limit)) {
			name = to // Batam Centre
		}
	}
	w.town = w.Table.Named(hashed(text[p:name]))&(region.Regency|region.Province|region.District) == region.Regency
	w.placed++
	w.parts++
	w.end, w.p, w.last, w.guessed = name, name, word.City, 0
	return true
}

// country reports whether a word is a country that stands behind a postcode.
func country(name []byte) bool {
	return token.OneOf(name, "indonesia", "malaysia", "singapore", "australia", "germany", "netherlands", "japan", "taiwan", "uk", "usa")
}

// settlement reports whether one small word that ends the text may be where the road is: no 3, kefamenanu.
func (w *walk) settlement(p, e int) bool {
	text := w.text
	if token.IsUpper(text[p]) || e-p < 5 || !ends(text, e) || w.Dict.Find(text, p, e) != 0 || text[p] == 'd' && text[p+1] == 'i' || token.EqualFold(text[e-3:e], "nya") {
		return false
	}
	return !token.OneOf(text[p:e], "segera", "cepat", "cepetan", "urgent", "darurat", "buruan", "terimakasih", "trims", "suwun", "nuhun", "salam", "rusak", "macet", "bocor", "banjir", "padam", "please", "gercep", "lantas", "persis", "kosong", "sendiri", "semua", "hijau", "merah", "putih", "kuning", "hitam")
}

// function reports whether a function word stands behind p: cipinang aja ya.
func (w *walk) function(p int) bool {
	return p+1 < w.limit && w.text[p] == ' ' && w.Dict.Cues(w.Dict.Find(w.text, p+1, min(token.WordEnd(w.text, p+1), w.limit)))&(word.Stop|word.Ack) != 0
}

// hashed is the hash of a name in the table.
func hashed(name []byte) uint64 {
	h := region.HashStart
	for _, c := range name {
		h = (h ^ uint64(token.Lower(c))) * region.HashPrime
	}
	return h
}

// places reports whether a place without a word for it may stand here.
func (w *walk) places() bool {
	if w.comma {
		if w.last == word.City && w.town {
			return false // who is named behind the town lives there
		}
		return w.numbered || w.last >= word.Village || w.last == word.House || w.last == word.Road
	}
	return (w.numbered || w.road) && w.last >= word.House && w.last <= word.RW && (w.road || w.housed) || w.last == word.Postcode || w.guessed > 0
}

// looks goes over what a house looks like: rumah cat kuning, pagar seng. It returns where that ends; 0 when it is something else.
func (w *walk) looks(e int) int {
	if e+1 < w.limit && token.OneOf(w.text[e+1:min(token.WordEnd(w.text, e+1), w.limit)], "di", "saya", "sy", "itu", "ini", "yg", "yang", "kami", "aku") && w.text[e] == ' ' {
		return 0
	}
	for words := 0; words < 8; words++ {
		q := e
		if words == 0 && e+1 < w.limit && (token.IsDigit(w.text[e+1]) || w.keyword(w.text, e+1, min(token.WordEnd(w.text, e+1), w.limit)) == word.House || w.counts(w.text, e+1, min(token.WordEnd(w.text, e+1), w.limit))) {
			return 0 // rumah nomor 41
		}
		for q < w.limit && (w.text[q] == ' ' || w.text[q] == '-') {
			q++
		}
		if q >= w.limit || q == e {
			return e
		}
		f := q
		for f < w.limit && token.IsAlnum(w.text[f]) {
			f++
		}
		if f == q || words > 0 && w.keyword(w.text, q, f) != word.NoPart {
			return e
		}
		e = f
	}
	return 0
}

// small is a word of at most twelve letters in small letters; of a longer one it is empty.
func small(b *[12]byte, w []byte) []byte {
	if len(w) > len(b) {
		return nil
	}
	for i, c := range w {
		b[i] = token.Lower(c)
	}
	return b[:len(w)]
}

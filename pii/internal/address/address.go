// Package address reads addresses as they are written in Indonesia: road, number, block, RT and RW, village, district, city,
// province, postcode, in full, in short and without capitals.
//
// A word that opens an address starts the reading; each part must follow from a word that announces it or from the part before it;
// and at least two parts that fit together make an address. Names of villages, districts, regencies and provinces are
// confirmed by the region table, which also tells where a name without capitals ends. "Jalan" alone is a verb more often
// than a road, so a number after it proves nothing.
//
// Reading goes at most 280 bytes far and three lines down, and looks at every byte a bounded number of times. It keeps
// nothing. Whether a place without road and number is somebody's address is left to the caller, who knows the words before it.
package address

import (
	"github.com/amanah-id/amanah/pii/internal/region"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// spelt reads RT and RW as they are said: "er te", "er we". It returns where the second word ends.
func (r *Reader) spelt(text []byte, p, e int) (word.Part, int) {
	if e-p != 2 || text[p]|0x20 != 'e' || !token.EqualFold(text[p:e], "er") || e+3 > len(text) || text[e] != ' ' {
		return word.NoPart, e
	}
	f := token.WordEnd(text, e+1)
	switch w := text[e+1 : f]; {
	case token.EqualFold(w, "te"):
		return word.RT, f
	case token.EqualFold(w, "we"):
		return word.RW, f
	}
	return word.NoPart, e
}

// number returns where the number at p ends, in digits or in words, and how many digits it has; p when there is none.
func (r *Reader) number(text []byte, p, limit int) (end, digits int) {
	for end = p; end < limit && token.IsDigit(text[end]); end++ {
	}
	if end > p {
		return end, end - p
	}
	q := p
	for words := 0; words < 5 && q < limit && token.IsLetter(text[q]); words++ {
		e := min(token.WordEnd(text, q), limit)
		if part := r.Dict.Part(r.Dict.Find(text, q, e)); part < word.Digit || part > word.HundredOf {
			break
		}
		end, digits = e, 1
		if q = e; q+1 < limit && text[q] == ' ' {
			q++
		}
	}
	if digits > 0 && q > end && q < limit { // nomor lima belas be
		if e := min(token.WordEnd(text, q), limit); suffixed(text[q:e]) {
			end = e
		}
	}
	return end, digits
}

// suffixed reports whether a word is the letter behind a house number as it is said.
func suffixed(w []byte) bool {
	for _, s := range [...]string{"a", "b", "c", "d", "f", "g", "h", "be", "ce", "de", "ef", "ge", "ha", "bis"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// ends reports whether a line or a sentence ends at p.
func ends(text []byte, p int) bool {
	return p >= len(text) || text[p] == '\n' || text[p] == '\r' || text[p] == '.' && (p+1 >= len(text) || text[p+1] == ' ' || text[p+1] == '\n')
}

// capitals returns where a row of at most three words with capitals that begins at p ends.
func (r *Reader) capitals(text []byte, p, limit int) (end int) {
	for words := 0; words < 3 && p < limit && token.IsUpper(text[p]); words++ {
		e := min(token.WordEnd(text, p), limit)
		if en := r.Dict.Entry(r.Dict.Find(text, p, e)); (en.Cues != 0 || en.Part != word.NoPart) && !(end > 0 && (lasting(text, p, e) || en.Cues == word.Stop && en.Part == word.NoPart && e-p > 5)) {
			break
		}
		end = e
		if p = e; p+1 < limit && text[p] == ' ' {
			p++
		}
	}
	return end
}

// unnamed reads a place that the table does not know, such as a village without its word: with capitals behind a comma, or one small word
// behind a number. What follows must confirm it, unless it ends the line.
func (r *Reader) unnamed(text []byte, p, e, limit int, comma bool) (end int, last bool) {
	if token.IsUpper(text[p]) {
		if end = r.capitals(text, p, limit); comma && end > 0 {
			return end, ends(text, end) || r.addressee(text, end, limit)
		}
		return 0, false
	}
	if en := r.Dict.Entry(r.Dict.Find(text, p, e)); comma || e-p < 4 || en.Cues != 0 || en.Part != word.NoPart {
		return 0, false
	}
	return e, false
}

// addressee reports whether the sentence goes on behind the place with a function word: Ciganjur ya bang.
func (r *Reader) addressee(text []byte, p, limit int) bool {
	if p+1 >= limit || text[p] != ' ' || token.IsUpper(text[p+1]) {
		return false
	}
	return r.Dict.Cues(r.Dict.Find(text, p+1, min(token.WordEnd(text, p+1), limit)))&(word.Stop|word.Ack) != 0
}

// goesOn reports whether a village or a part of one follows: dusun dua desa …
func (r *Reader) goesOn(text []byte, p, limit int) bool {
	for p < limit && (text[p] == ' ' || text[p] == ',') {
		p++
	}
	switch r.keyword(text, p, min(token.WordEnd(text, p), limit)) {
	case word.Village, word.Subdistrict, word.RT:
		return true
	}
	return false
}

// keyword is the part of the word at p in an address.
func (r *Reader) keyword(text []byte, p, e int) word.Part {
	return addressed(r.Dict.Part(r.Dict.Find(text, p, e)))
}

// addressed leaves of a part of speech what belongs to addresses.
func addressed(part word.Part) word.Part {
	if part >= word.Road && part <= word.Estate {
		return part
	}
	return word.NoPart
}

// limitBytes is how far an address may reach.
const limitBytes = 280

// Found is an address.
type Found struct {
	End    int
	Parts  int
	Placed bool // the region table knows a place in it
	Firm   bool // a number and a place, or three parts
	Admin  bool // parts of the administration only: a place more than somebody's address
}

// Reader reads addresses.
type Reader struct {
	Dict  *word.Dictionary
	Table *region.Table
}

// Read reads an address that begins with the word text[begin:first]. It returns what it found, with End 0 when that is none,
// and where it has read to.
func (r *Reader) Read(text []byte, begin, first int) (found Found, next int) {
	limit := min(len(text), begin+limitBytes)
	p, end := begin, begin
	parts, numbered, placed, lines := 0, false, 0, 0
	road, estate, housed := false, false, false
	walk := first-begin == 5 && text[begin] == 'j' // "jalan" is also a verb
	var last word.Part
	guessed := 0 // places that are not confirmed yet
read:
	for p < limit {
		// What stands between two parts.
		comma := false
		if last == word.Postcode && p+1 < limit && text[p] == '.' && text[p+1] == ' ' {
			break
		}
		for p < limit && !token.IsAlnum(text[p]) {
			switch c := text[p]; c {
			case ' ', '.', '/', '-', '(', ')', '\t', '\r':
			case ',', ';', ':':
				comma = true
			case '\n':
				if lines++; lines > 3 {
					break read
				}
				q := p + 1
				for q < limit && (text[q] == ' ' || text[q] == '\t') {
					q++
				}
				if e := token.WordEnd(text, q); r.keyword(text, q, e) == word.NoPart {
					if _, known := r.placeName(text, q, limit, false); !known || parts < 2 {
						break read
					}
				}
				comma = true
			default:
				break read
			}
			p++
		}
		if p >= limit {
			break
		}
		e, said := p, word.NoPart
		if token.IsLetter(text[p]) {
			e = token.WordEnd(text, p)
			said = r.Dict.Part(r.Dict.Find(text, p, e))
		}
		if e == p || said >= word.Digit && said <= word.HundredOf {
			e, n := r.number(text, p, limit)
			if guessed > 0 && n != 5 {
				break
			}
			switch {
			case n == 5 && text[p] != '0' && parts >= 2 && (e >= limit || !token.IsAlnum(text[e])):
				numbered, placed, last = true, placed+1, word.Postcode
			case n <= 4 && !comma && (last == word.Road || last == word.Estate || last == word.Block):
				e = houseEnd(text, e, limit)
				numbered = numbered || !walk
				last = word.House
			default:
				break read
			}
			parts++
			end, p = e, e
			continue
		}
		part, far := addressed(said), false
		if part == word.NoPart {
			if part, e = r.spelt(text, p, e); part == word.NoPart {
				if far = stone(text[p:e]); far || storey(text[p:e]) {
					part = word.House
				}
				if d := r.beside(text, p, e, limit); d > 0 && parts > 0 {
					if !comma && parts >= 2 && numbered && (last == word.House || last <= word.RW) { // not after a town
						end = d
					}
					p = d
					continue
				}
			}
		}
		if guessed > 0 && part != word.NoPart && (part < word.Village || part == word.Estate) && !(part == word.Block && road && token.IsUpper(text[p])) {
			break
		}
		q := e
		for q < limit && (text[q] == '.' || text[q] == ' ' || text[q] == ':') {
			q++
		}
		if part == word.NoPart && e-p == 2 && q > e && text[e] == '.' && q < limit && token.IsUpper(text[q]) && token.EqualFold(text[p:e], "br") {
			part = word.Estate // Br. Campuan
		}
		switch part {
		case word.Road, word.Estate:
			name := r.roadName(text, q, limit)
			if name == 0 && part == word.Road {
				name = r.dayName(text, q, limit)
			}
			estate = estate || part == word.Estate && name > 0
			if name == 0 { // Tower 8
				if name, _ = r.number(text, q, limit); name == q || parts == 0 && !r.goesOn(text, name, limit) {
					break read
				}
				name = houseEnd(text, name, limit)
			}
			road = road || part == word.Road
			parts++
			end, p = name, name
		case word.House, word.RT, word.RW, word.Postcode:
			if f := token.WordEnd(text, q); part == word.House && r.keyword(text, q, min(f, limit)) == word.House { // petak nomor 4
				for q = f; q < limit && (text[q] == '.' || text[q] == ' '); q++ {
				}
			}
			d, n := r.number(text, q, limit)
			if n == 0 || n > 5 || n > 3 && part != word.Postcode && part != word.House {
				break read
			}
			if far && d+1 < limit && (text[d] == ',' || text[d] == '.') && token.IsDigit(text[d+1]) && (d+2 >= limit || !token.IsAlnum(text[d+2])) {
				d += 2 // Km 18,5
			}
			if part == word.House {
				d = houseEnd(text, d, limit)
			} else if part == word.RT && d+1 < limit && text[d] == '/' && token.IsDigit(text[d+1]) { // RT 03/05
				for d++; d < limit && token.IsDigit(text[d]); d++ {
				}
				parts++
			}
			numbered = numbered || !far && (part != word.House || road || parts > 0)
			housed = housed || said == word.House || part == word.RT
			parts++
			end, p = d, d
		case word.Block:
			d := q
			for d < limit && (token.IsAlnum(text[d]) || text[d] == '/' || text[d] == '-') && d-q < 8 {
				d++
			}
			if d == q || d-q > 1 && !suffixed(text[q:d]) && r.Dict.Cues(r.Dict.Find(text, q, d))&word.Stop != 0 { // blok di laut
				break read
			}
			numbered, housed = true, true
			parts++
			end, p = d, d
		case word.Village, word.Subdistrict, word.City, word.Provincial:
			if part == word.Village && q+2 < limit && token.IsDigit(text[q]) { // Kel. 5 Ulu
				if d, n := r.number(text, q, limit); n <= 2 && d+1 < limit && text[d] == ' ' {
					q = d + 1
				}
			}
			name, known := r.placeName(text, q, limit, true)
			if name == 0 {
				break read
			}
			if known || part == word.Village || part == word.Subdistrict {
				placed++
			}
			parts++
			end, p = name, name
		default:
			if f := token.WordEnd(text, q); r.keyword(text, q, f) == word.Postcode { // kode pos
				p = q
				continue
			}
			name, known := r.placeName(text, p, limit, false)
			if !known && guessed < 2 && last != word.Postcode && (numbered || last >= word.Village || last == word.House && comma) && (comma || last <= word.RW) {
				if to, stays := r.unnamed(text, p, e, limit, comma); stays && guessed == 0 {
					end, p = to, to
					parts++
					break read
				} else if to > 0 {
					p, guessed = to, guessed+1
					continue
				}
			}
			if !known || !(comma || last >= word.House) {
				break read
			}
			if name+1 < limit && text[name] == ' ' && token.IsUpper(text[name+1]) {
				if to := r.capitals(text, p, limit); to > name && (ends(text, to) || text[to] == ',' || to+1 < limit && text[to] == ' ' && token.IsDigit(text[to+1])) {
					name = to // Batam Centre
				}
			}
			placed++
			parts++
			end, p = name, name
			part = word.City
		}
		last, guessed = part, 0
	}
	if parts >= 2 && (numbered && (road || placed > 0 || parts >= 3 || estate && housed) || placed >= 2 || road && (placed > 0 || estate && parts >= 3)) {
		found = Found{End: end, Parts: parts, Placed: placed > 0, Firm: numbered && placed > 0 || parts >= 3, Admin: !road && !numbered}
	}
	return found, max(end, p, begin+1)
}

// houseEnd adds what may follow a house number: a letter, a second number.
func houseEnd(text []byte, e, limit int) int {
	for n := 1; n <= 2 && e+n <= limit && token.IsLetter(text[e+n-1]); n++ {
		if e+n >= len(text) || !token.IsAlnum(text[e+n]) {
			return e + n
		}
	}
	for n := 1; n <= 2 && e+n < limit && text[e] == ' ' && token.IsUpper(text[e+n]); n++ {
		if e+n+1 >= len(text) || text[e+n+1] == ',' || ends(text, e+n+1) {
			return e + n + 1 // 22 B, 17 BF
		}
	}
	for n := 2; n <= 3 && e+n <= limit && text[e] == '-' && token.IsUpper(text[e+n-1]); n++ {
		if e+n >= len(text) || !token.IsAlnum(text[e+n]) {
			return e + n // 3-C, 17-BF
		}
	}
	if e+2 < limit && (text[e] == '-' || text[e] == '/') && (token.IsDigit(text[e+1]) || token.IsUpper(text[e+1]) && token.IsDigit(text[e+2])) {
		f := e + 2 // 5-7, G2-E14
		for f < limit && token.IsDigit(text[f]) {
			f++
		}
		if f-e <= 4 {
			if f < limit && token.IsLetter(text[f]) && (f+1 >= len(text) || !token.IsAlnum(text[f+1])) {
				f++ // 14/6C
			}
			return f
		}
	}
	return e
}

// roadName returns where the name of a road that begins at p ends; 0 when there is none.
func (r *Reader) roadName(text []byte, p, limit int) int {
	end, capital := 0, p < limit && token.IsUpper(text[p])
	third := 0 // of words in small letters only three are believed, unless a word of addresses follows
	for words := 0; words < 6 && p < limit && token.IsLetter(text[p]); words++ {
		e := token.WordEnd(text, p)
		en := r.Dict.Entry(r.Dict.Find(text, p, e))
		if k := addressed(en.Part); k != word.NoPart && (k != word.Estate || words > 0) {
			third = 0
			break
		}
		if capital && (!token.IsUpper(text[p]) || words == 5) || words > 0 && besides(text[p:e]) {
			break
		}
		if !capital && words == 3 {
			third = end
		}
		if k, _ := r.spelt(text, p, e); k != word.NoPart || en.Part >= word.Digit && en.Part <= word.HundredOf || stone(text[p:e]) {
			break // jalan kaliurang kilometer tujuh
		}
		if en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 && e-p > 1 && !(capital && (e < limit && text[e] == '.' || lasting(text, p, e))) {
			break
		}
		end, p = min(e, limit), e
		if p < limit && text[p] == '.' {
			p++
		}
		if p+1 < limit && text[p] == ' ' {
			p++
		}
	}
	if third > 0 {
		end = third
	}
	if b := lastWord(text, end); listed(text[b:end], "rusak", "macet", "banjir", "ditutup", "licin", "gelap", "berlubang", "tol") {
		return 0 // what is said of a road
	}
	return end
}

// lastWord is where the word begins that ends at the place.
func lastWord(text []byte, end int) int {
	b := end
	for b > 0 && token.IsLetter(text[b-1]) {
		b--
	}
	return b
}

// dayName returns where a name ends that is a day, as roads have: 17 Agustus.
func (r *Reader) dayName(text []byte, p, limit int) int {
	d, n := r.number(text, p, limit)
	if n == 0 || n > 2 || d+1 >= limit || text[d] != ' ' {
		return 0
	}
	if e := min(token.WordEnd(text, d+1), limit); r.Dict.Part(r.Dict.Find(text, d+1, e)) == word.Month {
		return e
	}
	return 0
}

// lasting reports whether a function word stands in names of places too, when it has a capital: Kampung Baru, Cempaka Mas.
func lasting(text []byte, p, e int) bool {
	if e-p < 3 || !token.IsUpper(text[p]) || token.IsUpper(text[p+1]) {
		return false
	}
	for _, s := range [...]string{"baru", "mas", "lama", "ibu", "bunda", "tengah", "kita"} {
		if token.EqualFold(text[p:e], s) {
			return true
		}
	}
	return false
}

// placeName returns where the name of a place that begins at p ends, and whether the region table knows it. After a word that
// said what it is, words with capitals belong to it also when the table knows only the first.
func (r *Reader) placeName(text []byte, p, limit int, said bool) (end int, known bool) {
	h := region.HashStart
	first, capital, run := 0, p < limit && token.IsUpper(text[p]), 0
	for words := 0; (words < 3 || words < 5 && capital && said) && p < limit && token.IsLetter(text[p]); words++ {
		e := min(token.WordEnd(text, p), limit)
		if words > 0 {
			h = (h ^ ' ') * region.HashPrime
		}
		if r.keyword(text, p, e) != word.NoPart {
			break
		}
		for _, c := range text[p:e] {
			h = (h ^ uint64(token.Lower(c))) * region.HashPrime
		}
		if words == 0 {
			if en := r.Dict.Entry(r.Dict.Find(text, p, e)); en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 && !lasting(text, p, e) {
				return 0, false
			}
			first = e
		}
		if capital && token.IsUpper(text[p]) && run == words {
			run++
			first = e
		}
		if r.Table.Named(h) != 0 || known && end+1 == p && direction(text[p:e]) {
			end, known = e, true
		}
		p = e
		if p+1 < limit && text[p] == ' ' {
			p++
		}
	}
	if known && said && capital {
		return max(end, first), true
	}
	if said && !capital && first > 0 {
		if to := max(end, first); to+1 < limit && text[to] == ' ' { // talang aman
			if e := min(token.WordEnd(text, to+1), limit); e-to > 3 && r.Dict.Find(text, to+1, e) == 0 && !besides(text[to+1:e]) && (ends(text, e) || text[e] == ',' || text[e] == ' ' && e+1 < limit && r.keyword(text, e+1, min(token.WordEnd(text, e+1), limit)) >= word.Village) {
				return e, known
			}
		}
	}
	if known {
		return end, true
	}
	return first, false
}

// stone reports whether a word says how far down the road something is: of a motorway too, where nobody lives.
func stone(w []byte) bool {
	return w[0]|0x20 == 'k' && (token.EqualFold(w, "km") || token.EqualFold(w, "kilometer"))
}

// storey reports whether a word says that the number of a floor or of a part of a building follows.
func storey(w []byte) bool {
	switch w[0] | 0x20 {
	case 'l', 'u', 'k', 'p', 'r', 'f':
		for _, s := range [...]string{"lt", "lantai", "unit", "kamar", "kmr", "petak", "pintu", "rumah", "room", "floor"} {
			if token.EqualFold(w, s) {
				return true
			}
		}
	}
	return false
}

// direction reports whether a word says which part of a place is meant.
func direction(w []byte) bool {
	for _, d := range [...]string{"utara", "selatan", "barat", "timur", "tengah"} {
		if token.EqualFold(w, d) {
			return true
		}
	}
	return false
}

// Street reads an address as English writes it, whose road ends with the word text[from:to]: 221B Baker Street, Apt. 3, London
// 12345. It returns its span; end is 0 when there is no number before the road.
func (r *Reader) Street(text []byte, from, to int) (start, end int) {
	p := from
	for words := 0; words < 4; words++ {
		q := p
		for q > 0 && q > p-2 && (text[q-1] == ' ' || text[q-1] == '.') {
			q--
		}
		b := q
		for b > 0 && q-b < 24 && (token.IsAlnum(text[b-1]) || text[b-1] == '\'' || text[b-1] == '-') {
			b--
		}
		if b == q || b == p {
			return 0, 0
		}
		if token.IsDigit(text[b]) && words > 0 {
			if q-b > 6 || b > 0 && (text[b-1] == '/' || text[b-1] == '.' || text[b-1] == '@') {
				return 0, 0
			}
			return b, r.afterStreet(text, to)
		}
		if !token.IsUpper(text[b]) && !token.IsDigit(text[b]) {
			return 0, 0
		}
		p = b
	}
	return 0, 0
}

// afterStreet adds what may follow a road: a flat, a city with capitals, a postcode.
func (r *Reader) afterStreet(text []byte, end int) int {
	for parts := 0; parts < 4; parts++ {
		p := end
		for p < len(text) && p < end+3 && (text[p] == ',' || text[p] == ' ' || text[p] == '.') {
			p++
		}
		if p == end || p >= len(text) {
			return end
		}
		e := p
		for e < len(text) && e-p < 20 && (token.IsAlnum(text[e]) || text[e] == '#') {
			e++
		}
		comma := text[end] == ','
		digits := token.IsDigit(text[p]) && e-p <= 6
		switch w := text[p:e]; {
		case token.EqualFold(w, "apt") || token.EqualFold(w, "suite") || token.EqualFold(w, "unit") || token.EqualFold(w, "flat"):
		case digits && parts > 0 && e-p >= 1, comma && token.IsUpper(text[p]):
		default:
			return end
		}
		end = e
	}
	return end
}

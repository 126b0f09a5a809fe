// Package address reads addresses as they are written and said in Indonesia: road, number, block, RT and RW, village, district, city,
// province, postcode, in full, in short and without capitals.
//
// An address is a row of parts. A word that opens a part starts the reading (Read); each part must follow from a word that announces
// it or from the part before it; and at least two parts that fit together make an address. What stands between two parts is gone over:
// what the house is near, what it looks like, an aside in brackets, the label of a form, the question for the next part. Afterwards
// the words before the first part are looked at, for a building, a flat or an estate may stand there. A name that no word announces
// is read from its house number backwards (Bare). Names of villages, districts, regencies and provinces are confirmed by the region
// table, which also tells where a name without capitals ends. "Jalan" alone is a verb more often than a road, so a number after it
// proves nothing.
//
// Reading goes at most 280 bytes far and five lines down, and looks at every byte a bounded number of times. It keeps
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
	q, single := p, true // dua belas is no row of digits
	for words := 0; words < 6 && q < limit && token.IsLetter(text[q]); words++ {
		e := min(token.WordEnd(text, q), limit)
		part := r.Dict.Part(r.Dict.Find(text, q, e))
		if part < word.Digit || part > word.HundredOf {
			break
		}
		if words == 5 { // a telephone goes on so
			return end, max(digits, 5) + 1
		}
		if single = single && part == word.Digit; single {
			digits++
		} else {
			digits = 1
		}
		end = e
		if q = e; q+1 < limit && text[q] == ' ' {
			q++
		}
	}
	if digits > 0 && q > end && q < limit { // nomor lima belas be, kilometer tujuh setengah
		if e := min(token.WordEnd(text, q), limit); suffixed(text[q:e]) {
			end = e
		}
	}
	return end, digits
}

// suffixed reports whether a word is the letter behind a house number as it is said.
func suffixed(w []byte) bool {
	for _, s := range [...]string{"a", "b", "c", "d", "f", "g", "h", "be", "ce", "de", "ef", "ge", "ha", "bis", "setengah"} {
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
		if en := r.Dict.Entry(r.Dict.Find(text, p, e)); (en.Cues != 0 || en.Part != word.NoPart) && !(end > 0 && (lasting(text, p, e) || en.Cues == word.Stop && en.Part == word.NoPart && e-p > 5 || en.Part == word.Estate && mansion(text[p:e]))) {
			break
		}
		for e+1 < limit && text[e] == '-' && token.IsUpper(text[e+1]) { // Lowu-Lowu
			e = min(token.WordEnd(text, e+1), limit)
		}
		end = e
		if p = e; p+2 < limit && text[p] == '.' && text[p+1] == ' ' && token.IsUpper(text[p+2]) && (e-lastWord(text, e) <= 2 || token.OneOf(text[lastWord(text, e):e], "simp")) { // PP. Nurul Falah
			p++
		}
		if p+1 < limit && text[p] == ' ' {
			p++
		}
	}
	return end
}

// unnamed reads a place that the table does not know, such as a village without its word: with capitals, or one small word. It reports
// whether the place stays when nothing confirms it.
func (r *Reader) unnamed(text []byte, p, e, limit int, comma bool) (end int, stays bool) {
	if token.IsUpper(text[p]) {
		if end = r.capitals(text, p, limit); end == 0 {
			return 0, false
		}
		loud := e-p > 1 && token.IsUpper(text[p+1]) // in a text of capitals they say nothing
		if loud && !comma {
			return e, false
		}
		return end, (ends(text, end) || text[end] == ',' || text[end] == ')' || text[end] == '"' || text[end] == ';' || text[end] == '<' || end+1 < limit && text[end] == ' ' && text[end+1] == '|' || r.smallBehind(text, end, limit))
	}
	if comma { // helvetia timur, medan
		for words := 0; words < 3 && p < limit && token.IsLetter(text[p]) && !token.IsUpper(text[p]); words++ {
			e = min(token.WordEnd(text, p), limit)
			if r.Dict.Find(text, p, e) != 0 || hints(text[p:e]) != plain && !direction(text[p:e]) {
				return 0, false
			}
			if e+2 < limit && text[e] == ',' {
				f := min(token.WordEnd(text, e+2), limit)
				if _, known := r.placeName(text, e+2, limit, false); known || storeyed(text[e+2:f]) {
					return e, false
				}
				return 0, false
			}
			p = e + 1
		}
		return 0, false
	}
	if en := r.Dict.Entry(r.Dict.Find(text, p, e)); e-p < 4 || en.Cues != 0 || en.Part != word.NoPart {
		return 0, false
	}
	return e, false
}

// smallBehind reports whether the sentence goes on behind the place, and not with another name, a number or a colon.
func (r *Reader) smallBehind(text []byte, p, limit int) bool {
	return p+1 < limit && text[p] == ' ' && token.IsLetter(text[p+1]) && !token.IsUpper(text[p+1])
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

// houseEnd adds what may follow a house number: a letter, a second number.
func houseEnd(text []byte, e, limit int) int {
	for n := 1; n <= 2 && e+n <= limit && token.IsLetter(text[e+n-1]); n++ {
		if e+n >= len(text) || !token.IsAlnum(text[e+n]) {
			return e + n
		}
	}
	for n := 1; n <= 2 && e+n < limit && text[e] == ' ' && token.IsUpper(text[e+n]); n++ {
		if w := text[e+1 : e+n+1]; (e+n+1 >= len(text) || text[e+n+1] == ',' || ends(text, e+n+1)) && !token.OneOf(w, "rt", "rw", "jl", "gg", "no", "km", "lt") {
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
			for f+1 < limit && text[f] == '-' && token.IsDigit(text[f+1]) && f-e < 8 { // 3-5-7
				for f++; f < limit && token.IsDigit(text[f]); f++ {
				}
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
		h := hints(text[p:e])
		if k := addressed(en.Part); k != word.NoPart && (k != word.Estate || words > 0) && !(k == word.Postcode && words == 0 && title(text, p, e)) {
			third = 0
			break
		}
		if capital && token.EqualFold(text[p:e], "by") && e+1 < limit && token.IsUpper(text[e+1]) { // by Pass
			p = e + 1
			continue
		}
		if capital && words > 0 && direction(text[p:e]) && e < limit && (text[e] == ',' || e+1 < limit && text[e] == ' ' && r.keyword(text, e+1, min(token.WordEnd(text, e+1), limit)) != word.NoPart) { // Ngemplak lor RT 3
			return e
		}
		if capital && (!token.IsUpper(text[p]) || words == 5) || words > 0 && !(capital && title(text, p, e)) && h == beside {
			break
		}
		if !capital && words == 3 {
			third = end
		}
		if k, _ := r.spelt(text, p, e); k != word.NoPart || en.Part >= word.Digit && en.Part <= word.HundredOf && !title(text, p, e) || h == stone {
			break // jalan kaliurang kilometer tujuh
		}
		if d := e; d < limit && token.IsDigit(text[d]) && e-p > 3 { // pelita2
			for d < limit && token.IsDigit(text[d]) {
				d++
			}
			if d-e <= 2 && (d >= limit || !token.IsAlnum(text[d])) {
				return d
			}
		}
		if e < limit && token.IsDigit(text[e]) || words > 0 && coded(text, p, e, limit) {
			break // C6/14
		}
		if words == 0 && !capital && token.OneOf(text[p:e], "baru", "lama", "tengah", "dalam") && e+1 < limit && text[e] == ' ' && r.keyword(text, e+1, min(token.WordEnd(text, e+1), limit)) != word.NoPart {
			return e // kp. baru rt 3
		}
		if en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 && e-p > 1 && !(capital && (e < limit && text[e] == '.' || words == 0 && token.OneOf(text[p:e], "dr", "hj") || en.Cues&^(word.Stop|word.Ack) == 0 && title(text, p, e))) {
			break
		}
		for e+1 < limit && text[e] == '-' && capital && token.IsUpper(text[e+1]) { // Al-Farabi
			e = min(token.WordEnd(text, e+1), limit)
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
	if b := lastWord(text, end); token.OneOf(text[b:end], "rusak", "macet", "banjir", "ditutup", "licin", "gelap", "berlubang", "tol", "terus", "lancar", "normal", "mulus") {
		return 0 // what is said of a road, or of what goes well
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

// named reports whether the table knows the word at p.
func (r *Reader) named(text []byte, p, limit int) bool {
	h := region.HashStart
	for e := min(token.WordEnd(text, p), limit); p < e; p++ {
		h = (h ^ uint64(token.Lower(text[p]))) * region.HashPrime
	}
	return r.Table.Named(h) != 0
}

// title reports whether a word of three letters or more has a capital and small letters behind it.
func title(text []byte, p, e int) bool {
	return e-p > 2 && token.IsUpper(text[p]) && !token.IsUpper(text[p+1])
}

// coded reports whether the letters at p begin the number of a house: k-17, II/12.
func coded(text []byte, p, e, limit int) bool {
	return (e-p == 1 || token.IsUpper(text[p]) && (e-p <= 2 || roman(text[p:e]))) && e+1 < limit && (text[e] == '-' || text[e] == '/') && token.IsDigit(text[e+1])
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
	for _, s := range [...]string{"baru", "mas", "lama", "ibu", "bunda", "tengah", "kita", "bulan", "kasih"} {
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
		before := h
		for _, c := range text[p:e] {
			h = (h ^ uint64(token.Lower(c))) * region.HashPrime
		}
		en := r.Dict.Entry(r.Dict.Find(text, p, e))
		if k := addressed(en.Part); k != word.NoPart && (words == 0 && !(said && title(text, p, e) && k == word.Estate) || words > 0 && r.Table.Named(h) == 0) { // but Medan Kota, Kel. Kampung Baru
			break
		}
		if words == 0 && e+1 < limit && text[e] == ' ' && token.IsUpper(text[p]) && token.OneOf(text[p:e], "south", "north", "west", "east", "central") {
			h, first, run = before, e, 1
			words--
			p = e + 1
			said = true
			continue
		}
		if words == 0 {
			if en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 && !lasting(text, p, e) {
				return 0, false
			}
			first = e
		}
		if capital && token.IsUpper(text[p]) && run == words {
			run++
			first = e
		}
		for e+1 < limit && text[e] == '-' && capital && token.IsUpper(text[e+1]) { // Sayang-Sayang
			f := min(token.WordEnd(text, e+1), limit)
			if first == e {
				first = f
			}
			e = f
		}
		if r.Table.Named(h) != 0 || known && end+1 == p && direction(text[p:e]) {
			end, known = e, true
		} else if capital && run == words+1 && e-p <= 2 && e+2 < limit && text[e] == '.' && text[e+1] == ' ' && token.IsUpper(text[e+2]) { // Jatimakmur Pd. Gede
			e++
		} else if said && !capital && words > 0 && max(first, end)+1 == p && token.OneOf(text[p:e], "dalam", "luar", "baru", "lama", "atas", "bawah", "hilir", "hulu", "ilir", "ulu") && (ends(text, e) || text[e] == ',' || e+1 < limit && r.named(text, e+1, limit)) {
			first = e
			if known {
				end = e
			}
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
			if e := min(token.WordEnd(text, to+1), limit); e-to > 3 && r.Dict.Find(text, to+1, e) == 0 && hints(text[to+1:e]) != beside && (ends(text, e) || text[e] == ',' || text[e] == ' ' && e+1 < limit && r.keyword(text, e+1, min(token.WordEnd(text, e+1), limit)) >= word.Village) {
				return e, known
			}
		}
	}
	if known {
		return end, true
	}
	return first, false
}

// direction reports whether a word says which part of a place is meant.
func direction(w []byte) bool {
	for _, d := range [...]string{"utara", "selatan", "barat", "timur", "tengah", "lor", "kidul", "wetan", "kulon"} {
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
			return ahead(text, b, max(0, b-30)), r.afterStreet(text, to)
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
		case digits && parts > 0 && e-p >= 1, token.IsUpper(text[p]) && (comma || parts > 0 && text[end] == ' ' && p == end+1):
		default:
			return end
		}
		end = e
	}
	return end
}

package address

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// besides reports whether a word says that what follows is a thing near the place that is meant.
func besides(w []byte) bool {
	var b [12]byte
	if len(w) < 3 || len(w) > len(b) {
		return false
	}
	for i, c := range w {
		b[i] = token.Lower(c)
	}
	switch string(b[:len(w)]) {
	case "dekat", "deket", "dkt", "sebelah", "sblh", "sebelahnya", "samping", "sampingnya", "depan", "dpn", "depannya", "seberang", "sebrang", "seberangnya", "sbrg", "belakang", "blakang", "blkg", "belakangnya",
		"pengkereun", "tukangeun", "gigireun", "hareupeun", "payuneun", "caket", "mburi", "mburine", "ngarep", "ngarepe", "ngajeng", "sandhing", "sanding", "cedhak", "cedak", "cerak", "sabalah", "dakek",
		"stlh", "setelah", "ler", "lor", "kidul", "wetan", "kulon", "kulone", "lore", "kidule", "wetane", "etan", "near", "behind", "beside", "opposite", "nearby":
		return true
	}
	return false
}

// titled reports whether a word is a title, as in "warung bu Tini".
func titled(w []byte) bool {
	for _, s := range [...]string{"pak", "bu", "bapak", "ibu", "haji", "hajah", "mbah", "mas", "mbak", "bang", "kang", "teh", "the"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// official reports whether a word may stand in the name of an office: balai desa, rumah pak RT.
func official(w []byte) bool {
	for _, s := range [...]string{"rt", "rw", "kepala", "kota", "desa", "kelurahan", "kecamatan", "lurah", "camat"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// beside reads a thing near the place, whose word is text[p:e]: sebelah toko roti, dari ujung. It returns where its last word ends; 0
// when it is none.
func (r *Reader) beside(text []byte, p, e, limit int) int {
	if token.EqualFold(text[p:e], "dari") {
		if f := token.WordEnd(text, min(e+1, limit)); f <= limit && f > e+1 && token.EqualFold(text[e+1:f], "ujung") {
			return f
		}
		return 0
	}
	if !besides(text[p:e]) {
		return 0
	}
	end, second := 0, 0
	for words := 0; words < 7; words++ {
		if e+1 >= limit || text[e] != ' ' || !token.IsAlnum(text[e+1]) {
			return end
		}
		q := e + 1
		if token.IsDigit(text[q]) {
			for e = q; e < limit && token.IsDigit(text[e]); e++ {
			}
			if words == 0 || e-q > 3 || e < limit && token.IsAlnum(text[e]) {
				return end
			}
			end = e
			continue
		}
		e = min(token.WordEnd(text, q), limit)
		w := text[q:e]
		en := r.Dict.Entry(r.Dict.Find(text, q, e))
		title := titled(w)
		if besides(w) || en.Cues&word.Order != 0 || !title && !official(w) && (en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 || words > 0 && en.Cues&word.Home != 0 || en.Part >= word.Road && en.Part <= word.RW) {
			return end
		}
		if !title {
			end = e
		}
		if words == 1 {
			second = end
		}
		if e < limit && text[e] == '.' && e-q <= 3 && e+1 < limit && text[e+1] == ' ' && !ends(text, e) {
			e++
		}
	}
	return second // it goes on and on: two words are enough
}

// listed reports whether a word is in the list.
func listed(w []byte, list ...string) bool {
	for _, s := range list {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// pieceBefore is the piece of letters, digits and hyphens that ends before p, with at most three other signs between; b is p when there is
// none. Comma says that one of the signs was a comma.
func pieceBefore(text []byte, p, lo int) (b, e int, comma bool) {
	e = p
	for e > lo && p-e < 3 && (text[e-1] == ' ' || text[e-1] == ',' || text[e-1] == '.') {
		comma = comma || text[e-1] == ','
		e--
	}
	b = e
	for b > lo && e-b < 20 && (token.IsAlnum(text[b-1]) || text[b-1] == '-') {
		b--
	}
	if b == e {
		return p, p, false
	}
	return b, e, comma
}

// ahead returns where an address begins whose road or building at begin has a flat, a floor, a number or a house with a name before it:
// Unit 12B Jalan …; Lantai 3, Gedung …; Kos Melati, Jl. …
func ahead(text []byte, begin, lo int) int {
	start := begin
	for range 3 {
		b, e, comma := pieceBefore(text, start, lo)
		if b == start {
			break
		}
		if token.IsDigit(text[b]) && e-b <= 6 {
			if nb, ne, apart := pieceBefore(text, b, lo); nb < b && !apart && listed(text[nb:ne], "unit", "apt", "flat", "lot", "room", "suite", "lantai", "lt", "no", "nomor", "kamar", "floor") {
				start = nb
				if listed(text[nb:ne], "kamar") { // Hotel Pandan kamar 412
					b, e, _ = pieceBefore(text, start, lo)
					comma = true
				} else {
					continue
				}
			}
		}
		if !comma {
			break
		}
		house := -1
		for words := 0; words < 5 && b < e && token.IsUpper(text[b]); words++ {
			if listed(text[b:e], "kos", "kost", "hotel", "mess", "pondok", "vila", "homestay", "hostel", "penginapan", "wisma") {
				house = b
				break
			}
			p := b
			if b, e, comma = pieceBefore(text, p, lo); b == p || comma {
				break
			}
		}
		if house < 0 {
			break
		}
		start = house
	}
	return start
}

// Lead returns where a description begins that an address at begin goes on from: alamatnya rumah cat hijau sebelah masjid, gang buntu. It
// must follow a word for an address, and say what the house is near. Without one it is begin.
func (r *Reader) Lead(text []byte, begin, lo int) int {
	p := begin
	if e := token.WordEnd(text, begin); r.Dict.Part(r.Dict.Find(text, begin, e)) == word.Block || complexed(text[begin:e]) {
		numbered := 0                                                        // where a number stands that needs a word before it
		for words := 0; words < 5 && p > lo+1 && text[p-1] == ' '; words++ { // BTN Minasa Upa Blok G9
			b := p - 1
			for b > lo && p-b < 24 && token.IsAlnum(text[b-1]) {
				b--
			}
			if p-1-b <= 2 && b < p-1 && b > lo && text[b-1] == ' ' && token.IsDigit(text[b]) && token.IsDigit(text[p-2]) { // Citra Garden 2
				if c := b - 1; c > lo && token.IsLetter(text[c-1]) {
					numbered = p
					p = b
					continue
				}
			}
			if en := r.Dict.Entry(r.Dict.Find(text, b, p-1)); b == p-1 || !token.IsUpper(text[b]) || (en.Cues != 0 || en.Part != word.NoPart) && en.Text != "btn" {
				break
			}
			p, numbered = b, 0
		}
		return max(p, numbered)
	}
	if start := ahead(text, begin, lo); start < begin {
		return min(r.led(text, start, lo), r.led(text, begin, lo))
	}
	return r.led(text, r.described(text, begin, lo), lo)
}

// complexed reports whether a word stands for a part of an estate, whose own name may stand before it: Green Lake City cluster Europe.
func complexed(w []byte) bool {
	for _, s := range [...]string{"cluster", "klaster", "tower"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// building reports whether a word opens the name of a building or of a part of a village: Pondok Anugrah, kos bu Tatik, Br. Kaja.
func building(w []byte) bool {
	for _, s := range [...]string{"kos", "kost", "kosan", "kontrakan", "pondok", "pondokan", "guesthouse", "homestay", "losmen", "toko", "warung", "kios", "unit", "po", "br", "rusun", "rusunawa", "rusunami", "kamar", "lantai", "lt", "pasar"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// mansion reports whether a word ends the name of a building in English: The Peak Residence.
func mansion(w []byte) bool {
	for _, s := range [...]string{"residence", "residences", "apartment", "apartments", "village", "city", "regency", "park", "square", "mansion", "court", "hills", "estate", "tower", "towers", "suites", "plaza", "garden", "gardens"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// led returns where the name of a building begins that stands before the address and a comma, or two of them; begin when there is none.
func (r *Reader) led(text []byte, begin, lo int) int {
	for range 2 {
		p := begin
		for p > lo && begin-p < 3 && (text[p-1] == ' ' || text[p-1] == ',') {
			p--
		}
		if p == begin || text[p] != ',' {
			return begin
		}
		start, upper, named := begin, true, false
		for words := 0; words < 6; words++ {
			e := p
			for e > lo && p-e < 2 && (text[e-1] == ' ' || text[e-1] == '.') {
				e--
			}
			b := e
			for b > lo && e-b < 24 && (token.IsAlnum(text[b-1]) || text[b-1] == '\'') {
				b--
			}
			if b == e {
				break
			}
			w := text[b:e]
			if building(w) && (words > 0 || token.IsDigit(text[e-1])) {
				start = b
			}
			if en := r.Dict.Entry(r.Dict.Find(text, b, e)); en.Cues&(word.Stop|word.Number) != 0 && !titled(w) || en.Cues&word.Home != 0 && !building(w) {
				break
			}
			if words == 0 {
				named = mansion(w)
			}
			if upper = upper && (token.IsUpper(text[b]) || token.IsDigit(text[b])); upper && named && words > 0 {
				start = b
			}
			p = b
		}
		if start == begin {
			return begin
		}
		begin = start
	}
	return begin
}

// described returns where a description begins that an address at begin goes on from, as Lead does.
func (r *Reader) described(text []byte, begin, lo int) int {
	p := begin
	for p > lo && begin-p < 3 && (text[p-1] == ' ' || text[p-1] == ',') {
		p--
	}
	if p == begin || text[p] != ',' {
		return begin
	}
	near, house := false, 0
	for words := 0; words < 16 && p > lo; words++ {
		e := p
		for e > lo && p-e < 3 && (text[e-1] == ' ' || text[e-1] == ',' || text[e-1] == ':') {
			e--
		}
		b := e
		for b > lo && e-b < 24 && token.IsAlnum(text[b-1]) {
			b--
		}
		if b == e {
			return begin
		}
		w := text[b:e]
		if house > 0 && p == house {
			if en := r.Dict.Entry(r.Dict.Find(text, b, e)); near && en.Cues&word.Home != 0 || near && (token.EqualFold(w, "di") || token.EqualFold(w, "ke")) {
				return house
			}
		}
		if house > 0 && near && p == house {
			return house
		}
		near = near || besides(w)
		for _, s := range [...]string{"rumah", "rmh", "umah", "omah", "imah", "kosan", "kontrakan", "warung", "toko"} {
			if token.EqualFold(w, s) {
				house = b
			}
		}
		p = b
	}
	return begin
}

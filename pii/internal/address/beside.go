package address

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// hint is what a word that is no part of an address says of what follows.
type hint uint8

const (
	plain  hint = iota
	beside      // a thing near the place that is meant
	flat        // the number of a floor or of a part of a building
	looks       // what a house looks like
	house       // its number, or what it looks like
	stone       // how far down the road it is: of a motorway too, where nobody lives
)

// hints tells what a word says of what follows.
func hints(w []byte) hint {
	var b [12]byte
	switch string(small(&b, w)) {
	case "dekat", "deket", "dkt", "sebelah", "sblh", "sebelahnya", "samping", "sampingnya", "depan", "dpn", "depannya", "seberang", "sebrang", "seberangnya", "sbrg", "belakang", "blakang", "blkg", "belakangnya", "pengkereun", "tukangeun", "gigireun", "hareupeun", "payuneun", "caket", "mburi", "mburine", "ngarep", "ngarepe", "ngajeng", "sandhing", "sanding", "cedhak", "cedak", "cerak", "sabalah", "dakek", "stlh", "setelah", "ler", "lor", "kidul", "wetan", "kulon", "kulone", "lore", "kidule", "wetane", "etan", "near", "behind", "beside", "opposite", "nearby":
		return beside
	case "lt", "lantai", "unit", "kamar", "kmr", "petak", "pintu", "room", "floor", "suite", "los", "lapak", "kios", "jalur", "flat", "ruang":
		return flat
	case "rumah":
		return house
	case "rmh", "pagar", "cat", "bercat", "warna", "lewat", "masuk":
		return looks
	case "km", "kilometer":
		return stone
	}
	return plain
}

// storeyed reports whether a word says that the number of a floor, of a part of a building or of a house follows.
func storeyed(w []byte) bool {
	h := hints(w)
	return h == flat || h == house
}

// titled reports whether a word is a title, as in "warung bu Tini".
func titled(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "pak", "bu", "bapak", "ibu", "haji", "hajah", "mbah", "mas", "mbak", "bang", "kang", "teh", "the", "da", "uda", "uni", "h", "hj":
		return true
	}
	return false
}

// official reports whether a word may stand in the name of an office: balai desa, rumah pak RT.
func official(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "rt", "rw", "kepala", "kota", "desa", "kelurahan", "kecamatan", "lurah", "camat":
		return true
	}
	return false
}

// beside reads a thing near the place, whose word is text[p:e]: sebelah toko roti, dari ujung. It returns where its last word ends; 0
// when it is none.
func (r *Reader) beside(text []byte, p, e, limit int, near bool) int {
	if !near && token.EqualFold(text[p:e], "dari") {
		if f := token.WordEnd(text, min(e+1, limit)); f <= limit && f > e+1 && token.EqualFold(text[e+1:f], "ujung") {
			return f
		}
		return 0
	}
	if !near {
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
		for e+1 < limit && text[e] == '-' && token.IsUpper(text[e+1]) { // masjid Al-Ikhlas
			e = min(token.WordEnd(text, e+1), limit)
		}
		w := text[q:e]
		en := r.Dict.Entry(r.Dict.Find(text, q, e))
		title := titled(w)
		if hints(w) == beside || en.Cues&word.Order != 0 || !title && !official(w) && (en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 || words > 0 && en.Cues&word.Home != 0 || en.Part >= word.Road && en.Part <= word.RW) {
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
		if start == begin && !comma && token.IsDigit(text[b]) && token.IsUpper(text[begin]) && e-b <= 4 && (b == lo || preposition(text, b, lo)) { // 48B Jalan Kemang
			return b
		}
		if token.IsDigit(text[b]) && e-b <= 6 {
			if nb, ne, apart := pieceBefore(text, b, lo); nb < b && !apart && token.OneOf(text[nb:ne], "unit", "apt", "flat", "lot", "room", "suite", "lantai", "lt", "no", "nomor", "kamar", "floor") {
				start = nb
				if token.OneOf(text[nb:ne], "kamar") { // Hotel Pandan kamar 412
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
			if token.OneOf(text[b:e], "kos", "kost", "hotel", "mess", "pondok", "vila", "homestay", "hostel", "penginapan", "wisma") {
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

// preposition reports whether a word that says where stands before b.
func preposition(text []byte, b, lo int) bool {
	p, e, _ := pieceBefore(text, b, lo)
	return p < b && token.OneOf(text[p:e], "to", "at", "di", "ke", "is") || b > lo+1 && text[b-2] == ':'
}

// lead returns where an address begins whose first part with a word for it is at begin: with the name of the estate before its block, with a
// flat or a building before the road, with a village that no word announces, with what the house is near. Without one it is begin.
func (r *Reader) lead(text []byte, begin, lo int) int {
	e := token.WordEnd(text, begin)
	if part := r.Dict.Part(r.Dict.Find(text, begin, e)); part == word.Block || part != word.Road && (complexed(text[begin:e]) || mansion(text[begin:e])) {
		if start := r.blockName(text, begin, lo); start < begin {
			return r.row(text, start, lo)
		}
	}
	if token.EqualFold(text[begin:e], "susun") {
		b, _, _ := pieceBefore(text, begin, lo)
		return b
	}
	start := min(r.row(text, begin, lo), r.outlook(text, begin, lo), r.areas(text, begin, lo))
	if start == begin {
		start = ahead(text, begin, lo)
	}
	if at := r.led(text, start, lo); at < start || start == begin {
		return at
	}
	return min(start, r.led(text, begin, lo))
}

// areas returns where RT and RW begin that are said before a village: er te tiga er we dua kampung bulak.
func (r *Reader) areas(text []byte, begin, lo int) int {
	start, p := begin, begin
	for words := 0; words < 12 && p > lo+1 && text[p-1] == ' '; words++ {
		b := lastWord(text, p-1)
		w := text[b : p-1]
		switch {
		case len(w) == 0:
			return start
		case token.EqualFold(w, "te") || token.EqualFold(w, "we"):
			if b < lo+3 || !token.EqualFold(text[b-3:b-1], "er") {
				return start
			}
			b -= 3
			start = b
		case !r.counts(text, b, p-1):
			return start
		}
		p = b
	}
	return start
}

// blockName returns where the name of the estate begins before its block: BTN Minasa Upa Blok G9.
func (r *Reader) blockName(text []byte, begin, lo int) int {
	p := begin
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
		if en := r.Dict.Entry(r.Dict.Find(text, b, p-1)); b == p-1 || !token.IsUpper(text[b]) && !(p < begin && token.OneOf(text[b:p-1], "sektor", "tahap")) || (en.Cues != 0 || en.Part != word.NoPart) && en.Text != "btn" && en.Text != "the" && !roman(text[b:p-1]) {
			break
		}
		p, numbered = b, 0
	}
	return max(p, numbered)
}

// row returns where a row of words with capitals begins before the first part that is said to be one, when the words before the row say
// that somebody is or lives there: di Parit Haji Husin 2, Komplek …; domisili Lembang Buntu Datu, Kec. …
func (r *Reader) row(text []byte, begin, lo int) int {
	p, comma, placed, words := begin, false, false, 0
	whole := begin // where the part begins that stands behind the last comma
	for ; words < 8; words++ {
		q := p
		for q > lo && p-q < 2 && (text[q-1] == ' ' || text[q-1] == ',') {
			if text[q-1] == ',' {
				comma, whole = true, p
			}
			q--
		}
		if q < p && q > lo+1 && text[q-1] == '.' && (titled(text[lastWord(text, q-1):q-1]) || sited(text[lastWord(text, q-1):q-1])) { // h. Jamal, Link. Cibeber
			q--
		}
		b := q
		for b > lo && q-b < 24 && (token.IsAlnum(text[b-1]) || text[b-1] == '\'' || text[b-1] == '-') {
			b--
		}
		if b == q || q == p {
			break
		}
		w := text[b:q]
		if words == 0 && !token.IsUpper(w[0]) && !token.IsDigit(w[0]) {
			return begin
		}
		if token.IsDigit(w[0]) {
			if len(w) > 3 || b == lo || text[b-1] != ' ' {
				break
			}
			placed = true
			p = b
			continue
		}
		if p < begin && token.IsDigit(text[p]) && storeyed(w) { // pintu 7
			p = b
			continue
		}
		if words > 0 && !token.IsUpper(w[0]) && building(w) { // kos bu Tatik
			placed, p = true, b
			break
		}
		en := r.Dict.Entry(r.Dict.Find(text, b, token.WordEnd(text, b)))
		if !token.IsUpper(w[0]) && !(p < begin && titled(w)) || (en.Cues != 0 || en.Part >= word.Road && en.Part <= word.Postcode) && !titled(w) && !building(w) && !lasting(text, b, q) && en.Text != "btn" {
			if en.Part >= word.House && en.Part <= word.Block { // Block B, Green Hills
				p = whole
			}
			break
		}
		placed = placed || mansion(w) || building(w)
		p = b
	}
	if p >= begin {
		return begin
	}
	if e := token.WordEnd(text, p); titled(text[p:e]) || storeyed(text[p:e]) && !building(text[p:e]) {
		return begin
	}
	for p < begin && token.IsDigit(text[p]) { // a row does not begin with a number
		for p < begin && text[p] != ' ' {
			p++
		}
		for p < begin && (text[p] == ' ' || text[p] == ',') {
			p++
		}
	}
	if p >= begin || begin-p < 4 {
		return begin
	}
	placed = placed || sited(text[p:token.WordEnd(text, p)])
	if p == lo && !placed {
		_, placed = r.placeName(text, p, begin, false) // Sidoarjo, Perum …
	}
	switch r.lives(text, p, lo) {
	case here, home:
		return p
	case sent:
		if !comma || placed {
			return p
		}
	case nowhere:
		if placed && (p == lo || text[p-1] == '"' || text[p-1] == ' ' && p > lo+1 && (token.IsLetter(text[p-2]) || text[p-2] == ',' || text[p-2] == ':')) {
			return p
		}
	}
	return begin
}

// whereabouts is what the words before a name say of it.
type whereabouts uint8

const (
	nowhere whereabouts = iota
	site                // the name itself is of a place where people live
	here                // somebody is there
	home                // somebody lives there
	sent                // something goes there: perhaps to a person
)

// lives tells what the word right before p says of a name there.
func (r *Reader) lives(text []byte, p, lo int) whereabouts {
	q, colon := p, false
	for q > lo && p-q < 4 && (text[q-1] == ' ' || text[q-1] == ':' || text[q-1] == '=' || text[q-1] == '"') {
		colon = colon || text[q-1] != ' '
		q--
	}
	b := q
	for b > lo && q-b < 24 && token.IsLetter(text[b-1]) {
		b--
	}
	w := text[b:q]
	switch {
	case len(w) == 0:
		return nowhere
	case token.OneOf(w, "di", "ring", "nang", "ning", "neng", "ing", "in", "at", "dom", "tkp", "lokasi", "lok", "posisi", "ktp", "kampung"):
		return here
	case token.OneOf(w, "ke", "k", "to"):
		return sent
	}
	if en := r.Dict.Entry(r.Dict.Find(text, b, q)); en.Cues&word.Home != 0 {
		if en.Cues&word.Expiry != 0 || token.OneOf(w, "penerima", "antar", "diantar", "dikirimkan") {
			return sent
		}
		return home
	} else if colon || en.Cues&word.Stop != 0 || token.OneOf(w, "usaha", "lengkap", "kantor", "gudang", "toko", "bengkel", "penagihan", "surat", "tujuan", "pemasangan", "asal", "korespondensi") {
		for range 3 { // alamat usaha:, alamat sesuai:, tinggalku sekarang
			e := b
			for e > lo && b-e < 2 && text[e-1] == ' ' {
				e--
			}
			b = e
			for b > lo && e-b < 24 && token.IsLetter(text[b-1]) {
				b--
			}
			if b == e {
				break
			}
			if en := r.Dict.Entry(r.Dict.Find(text, b, e)); en.Cues&word.Home != 0 && en.Cues&word.Expiry == 0 {
				return home
			}
		}
	}
	return nowhere
}

// sited reports whether a word begins the name of a place where people live or sell, as it is written in some part of the country.
func sited(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "taman", "tmn", "simpang", "parit", "negeri", "lembang", "ohoi", "jaga", "afdeling", "kebun", "babakan", "btn", "los", "kios", "lapak", "panti", "pp", "ponpes", "kawasan", "pasar", "desa", "banua", "kuta", "wanua", "link", "pd", "gd", "menara":
		return true
	}
	return false
}

// complexed reports whether a word stands for a part of an estate, whose own name may stand before it: Green Lake City cluster Europe.
func complexed(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "cluster", "klaster", "tower":
		return true
	}
	return false
}

// building reports whether a word opens the name of a building or of a part of a village: Pondok Anugrah, kos bu Tatik, Br. Kaja.
func building(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "kos", "kost", "kosan", "kontrakan", "pondok", "pondokan", "guesthouse", "homestay", "losmen", "toko", "warung", "kios", "unit", "po", "br", "rusun", "rusunawa", "rusunami", "kamar", "lantai", "lt", "pasar":
		return true
	}
	return false
}

// mansion reports whether a word ends the name of a building in English: The Peak Residence.
func mansion(w []byte) bool {
	var b [12]byte
	switch string(small(&b, w)) {
	case "residence", "residences", "apartment", "apartments", "village", "city", "regency", "park", "square", "mansion", "court", "hills", "estate", "tower", "towers", "suites", "view", "plaza", "garden", "gardens":
		return true
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

// outlook returns where a description of a house begins that an address at begin goes on from: alamatnya rumah cat hijau sebelah masjid,
// gang buntu. It must follow a word for an address, and say what the house is near.
func (r *Reader) outlook(text []byte, begin, lo int) int {
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
		near = near || hints(w) == beside
		for _, s := range [...]string{"rumah", "rmh", "umah", "omah", "imah", "kosan", "kontrakan", "warung", "toko"} {
			if token.EqualFold(w, s) {
				house = b
			}
		}
		p = b
	}
	return begin
}

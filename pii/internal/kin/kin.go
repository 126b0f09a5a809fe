// Package kin reads the name of somebody's mother, where a text gives it as such: after "ibu kandung", after "mother's maiden name", in a
// form, in the answer to who asked for it.
//
// A name is one to four words that are none of the words of sentences. In small letters nothing tells where it ends but such words, so
// the lists here are of what is never a name: function words, verbs of forms and calls, forms of address, in Indonesian, English and the
// larger languages of the regions. Titles before a name are left outside. Whether a word is likely to be a name is the
// business of package names, not of this one.
//
// Who corrects a name says it twice: "tertulis Suparni". Such a second spelling is found when a word announces it and it resembles
// the first. Reading goes over a bounded number of words and signs. It keeps nothing.
package kin

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Reader reads names.
type Reader struct {
	Dict *word.Dictionary
}

// lowered is the word in small letters; 0 bytes when it is longer than any in the lists.
func lowered(room *[16]byte, w []byte) []byte {
	if len(w) > len(room) {
		return nil
	}
	for i, c := range w {
		room[i] = token.Lower(c)
	}
	return room[:len(w)]
}

// never reports whether a word that the dictionary does not know is no part of a name.
func never(w []byte) bool {
	var room [16]byte
	switch string(lowered(&room, w)) {
	case "harusnya", "hrsnya", "kepada", "abdi", "kulo", "ambo", "aye", "ane", "beta", "awak", "denai", "sayah", "tiang", "titiang", "dalem", "inyong", "enyong", "tertulis", "tercatat", "tertera", "tercetak",
		"ditulis", "dibaca", "dieja", "ejaan", "ejaannya", "tulisan", "tulisannya", "ktp", "kk", "akta", "ijazah", "sistem", "system", "menurut", "padahal", "mbk", "kakak", "buk", "pakde", "bude", "min",
		"sis", "gan", "bro", "om", "tante", "miss", "sir", "madam", "maam", "mam", "kka", "kaka", "juragan", "bos", "boss", "say", "beb", "cuy", "woy", "masa", "masak", "soalnya", "karna", "gitu",
		"gtu", "gt", "aj", "doang", "doank", "bgt", "banget", "betulan", "asli", "aslinya", "lahir", "lair", "almarhum", "almarhumah", "wis", "wes", "sampun", "nggih", "enggih", "inggih", "muhun", "atuh", "ta",
		"teh", "mah", "kuring", "bae", "wae", "piye", "kudu", "kudune", "kedahna", "seratan", "salahnyo", "dirawat", "sakit", "dipanggil", "menelepon", "nelpon", "telp", "datang", "pulang",
		"sblm", "sblum", "sebelom", "kawin", "nikah", "menikah", "rabi", "sakdurunge", "sadurunge", "sakderenge", "samemeh", "sateuacan", "namonyo", "namanyo", "jenenge", "namina", "ngarana", "asmane", "wasta", "rapor",
		"raport", "rapot", "terisi", "tetap", "tetep", "memang", "emang", "ternyata", "rupanya", "mana", "mane", "sendiri", "dewe", "sorangan", "resmi", "legal", "panggilan", "mandatory", "optional", "comblang", "kota", "sulit", "susah", "tulen", "blank", "unknown",
		"verified", "confirmed", "different", "private", "kemaren", "semalam", "spelled", "spelt", "written", "wrote", "here", "there", "said", "says", "before", "after", "married", "marriage", "born", "also", "still", "just", "only", "maybe", "think",
		"per", "antara", "tanpa", "sebelum", "sesudah", "setelah", "ketika", "saat", "waktu", "kata", "katanya", "diberikan", "diberi", "diperiksa", "diverifikasi", "dicek", "dibetulkan", "diperbaiki", "dikoreksi", "pengkinian",
		"update", "diupdate", "keliru", "typo", "mohon", "harap", "diganti", "digantikan", "dirubah", "jawab", "dijawab", "jawaban", "jawabannya", "ingat", "inget", "hafal", "apal", "huruf", "hurufnya", "name", "names", "mother", "mom", "own", "file", "record", "records", "account", "profile", "database",
		"sa", "pu", "pung", "pe", "niku", "niki", "asmanipun", "jenengna", "jenenganana", "mulu", "melulu", "muncul", "sambung", "besar", "hadir", "pertama", "reads", "asal", "mertua", "saudara", "saudari", "surname", "maiden", "lahirnya", "menikahnya", "kecilnya",
		"kedua", "ketiga", "bosen", "bosan", "males", "malas", "termasuk", "apakah", "pepak", "nopo", "mboten", "kula", "null", "dukcapil", "tkw", "sick", "wa", "asking", "asked", "gave", "indonesia", "tiada", "segala", "bagus", "core", "bapa", "punya", "pace", "mace", "oh", "ah", "eh", "uh", "well", "she":
		return true
	}
	return !token.IsUpper(w[0]) && !vowel(w)
}

// vowel reports whether there is a vowel in the word: without one it is short for another.
func vowel(w []byte) bool { return bytes.ContainsAny(w, "aeiouyAEIOUY") }

// title reports whether a word before a name is a form of address.
func title(w []byte) bool {
	var room [16]byte
	switch string(lowered(&room, w)) {
	case "hj", "hajah", "hajjah", "haja", "hajja", "hajje", "ny", "nyonya", "alm", "almh", "almarhumah", "bu", "ibu", "mbah", "mbok", "mak", "mrs", "ms", "dra", "dr", "drg", "prof", "ustadzah", "umi", "nyi", "oma", "tante", "bunda", "mama", "mpok", "inaq":
		return true
	}
	return false
}

// word reports whether a word can be part of a name: letters only, and none of the function words.
func (r Reader) word(text []byte, b, e int) bool {
	if e-b < 2 {
		return e > b && token.IsUpper(text[b]) && (text[b] != 'I' || e+1 < len(text) && token.IsUpper(text[e+1]))
	}
	proper := token.IsUpper(text[b]) && !token.IsUpper(text[b+1])
	if token.IsUpper(text[b]) && e-b == 2 && token.EqualFold(text[b:e], "wa") {
		return e+1 < len(text) && token.IsUpper(text[e+1]) // Wa Ode
	}
	if id := r.Dict.Find(text, b, e); id != 0 {
		en := r.Dict.Entry(id)
		if proper && en.Text == "nyak" && b > 3 && token.EqualFold(text[b-4:b-1], "cut") {
			return true // Cut Nyak Dien
		}
		if proper && (en.Text == "titik" || en.Text == "dana" || en.Text == "mega") {
			return true // women are called so
		}
		return (proper && en.Text != "oh" || en.Part != word.Digit) && en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number|word.Wrong|word.Order|word.Phone|word.NIK|word.Family|word.Birth|word.Email|word.Mother|word.Parent|word.Maiden) == 0 && en.Part != word.Filler && !(en.Part >= word.Road && en.Part <= word.Postcode)
	}
	if e-b > 2 && text[e-2] == '\'' && text[e-1] == 's' && r.Dict.Cues(r.Dict.Find(text, b, e-2))&(word.Parent|word.Stop) != 0 {
		return false // mother's, it's
	}
	if e-b > 2 && text[e-2] == '\'' && text[e-1] == 'd' {
		return false // that'd
	}
	return !never(text[b:e])
}

// mostSigns is how many spaces, dots and other signs may stand before a name: a line to write on has some.
const mostSigns = 200

// Name finds a name of one to four words after p, over the function words in between. Sure says that a sign or a verb announced it or
// that it has capitals; with no name, that something else stands there. Cost is how many bytes were looked at.
func (r Reader) Name(text []byte, p, limit int) (start, end int, sure bool, cost int) {
	skipped, signs, apart, verb := 0, 0, false, false
	for p < limit && skipped < 12 {
		c := text[p]
		if !token.IsLetter(c) {
			if signs++; signs > mostSigns {
				return 0, 0, false, cost
			}
			cost++
			apart = apart || c == ','
			switch {
			case c == ':' || c == '=':
				sure = true
			case c == '(':
				if n := bytes.IndexByte(text[p:min(limit, p+48)], ')'); n > 0 && p+n+1 < limit && (text[p+n+1] == ':' || text[p+n+1] == '*' || p+n+2 < limit && text[p+n+1] == ' ' && text[p+n+2] == ':') {
					p += n // (sesuai KK):
				}
			case c == '?':
				start, end, spent := r.answer(text, p, limit)
				return start, end, end > 0, cost + spent
			case c == ')' && skipped == 0 && !sure:
				return 0, 0, true, cost // (ibu kandung)
			case token.IsDigit(c), c == '.' && skipped > 0 && p+1 < limit && text[p+1] == ' ' && !titleBefore(text, p):
				return 0, 0, false, cost
			}
			p++
			continue
		}
		e := min(token.WordEnd(text, p), limit)
		cost += e - p
		if r.word(text, p, e) && !title(text[p:e]) {
			break
		}
		switch id := r.Dict.Find(text, p, e); r.Dict.Entry(id).Text {
		case "adalah", "yaitu", "ialah", "is", "bernama", "namanya", "was":
			sure = true
		case "untuk", "for", "sebagai", "harus", "tidak", "salah", "not", "belum", "bukan", "buat":
			return 0, 0, true, cost
		}
		apart, verb = false, token.OneOf(text[p:e], "sudah", "udah", "sdh", "telah", "masih", "lagi", "sedang", "akan", "has", "had", "will")
		if token.OneOf(text[p:e], "mertua", "saudara", "saudari", "sdr", "tiri", "angkat", "ayah", "suami") {
			return 0, 0, text[limit-1] != '?', cost // of somebody else
		}
		p = e
		skipped++
	}
	if p >= limit || skipped == 12 {
		return 0, 0, false, cost
	}
	start = p
	capital := token.IsUpper(text[p])
	words := 0
	for p < limit && words < 4 {
		e := min(token.WordEnd(text, p), limit)
		if capital && words > 0 && particle(text[p:e]) { // Tiurma br. Sihombing
			f := e
			for f < limit && (text[f] == '.' || text[f] == ' ') {
				f++
			}
			if f < limit && token.IsUpper(text[f]) {
				p = f
				continue
			}
		}
		if capital && words > 0 && e-p == 2 && token.IsUpper(text[p]) && !token.IsUpper(text[p+1]) && e+2 < limit && text[e] == '.' && text[e+1] == ' ' && token.IsUpper(text[e+2]) {
			p = e + 2 // Ramlah Hi. Usman
			continue
		}
		if e == p || !r.word(text, p, e) || capital && !token.IsUpper(text[p]) {
			break
		}
		if words > 0 && e+1 < limit && (text[e] == '=' || text[e] == ':' && text[e+1] != ' ' || text[e] == '^') {
			break // the key of the next field
		}
		end = e
		words++
		if e+2 < limit && e-p == 1 && words > 1 && text[e] == '.' && text[e+1] == ' ' && token.IsUpper(text[e+2]) && r.word(text, e+2, min(token.WordEnd(text, e+2), limit)) {
			p = e + 2 // Maria Y. Kase
			continue
		}
		if e+1 < limit && text[e] == '.' && e-p <= 3 && token.IsUpper(text[e+1]) { // R.A. Kartini, Su.Mi.Nar
			p = e + 1
			continue
		}
		if p = e; p < limit && text[p] == '.' && e-start <= 3 {
			p++
		}
		if p+1 < limit && (text[p] == ' ' || text[p] == '-') && token.IsLetter(text[p+1]) {
			p++
			continue
		}
		break
	}
	if !capital && (verb || !sure && (words > 3 || skipped > 4 || apart && r.goesOn(text, end, limit))) {
		return 0, 0, true, cost
	}
	return start, end, sure || capital, cost
}

// goesOn reports whether a sentence goes on at p: ibu kandung, bagus karena.
func (r Reader) goesOn(text []byte, p, limit int) bool {
	if p+1 >= limit || text[p] != ' ' {
		return false
	}
	e := min(token.WordEnd(text, p+1), limit)
	return e > p+1 && r.Dict.Part(r.Dict.Find(text, p+1, e)) != word.Filler
}

// Denies reports whether an answer that begins at p says that a name is another: bukan, Lasmini.
func Denies(text []byte, p, limit int) bool {
	return token.OneOf(text[p:min(limit, token.WordEnd(text, p))], "bukan", "bkn", "salah", "keliru", "no", "not", "sanes", "dudu", "tidak", "nggak", "wrong")
}

// answer reads a name with capitals right after the question mark at p, as who fills in a form writes: Mother's maiden name? Hartley.
func (r Reader) answer(text []byte, p, limit int) (start, end, cost int) {
	for p++; p < limit && text[p] == ' '; p++ {
	}
	if p >= limit || !token.IsUpper(text[p]) {
		return 0, 0, 0
	}
	e := min(token.WordEnd(text, p), limit)
	if r.Dict.Find(text, p, e) != 0 || ordinary(text[p:e]) || never(text[p:e]) {
		return 0, 0, e - p
	}
	start, end, _, cost = r.Name(text, p, limit)
	return start, end, cost
}

// particle reports whether a small word may stand inside a name.
func particle(w []byte) bool {
	if len(w) < 2 || len(w) > 5 {
		return false
	}
	for _, s := range [...]string{"binti", "bin", "br", "boru", "bt", "bte", "binte", "van", "der", "de"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// Form reports whether the word for a mother at b comes right after one for a name: nama ibu, jenenge mak, nama lengkap mama. "Atas nama
// Ibu Sri" is said of who is spoken to.
func Form(text []byte, b, lo int) bool {
	nb, ne := wordBefore(text, b, lo)
	if nb < ne && full(text[nb:ne]) {
		nb, ne = wordBefore(text, nb, lo)
	}
	if nb == ne || !named(text[nb:ne]) || token.IsUpper(text[b]) && !token.IsUpper(text[nb]) {
		return false
	}
	pb, pe := wordBefore(text, nb, lo)
	for _, s := range [...]string{"atas", "dengan", "dgn", "sama", "pakai", "pake", "ats", "rekening"} {
		if token.EqualFold(text[pb:pe], s) {
			return false
		}
	}
	return true
}

func full(w []byte) bool {
	for _, s := range [...]string{"lengkap", "belakang", "depan", "asli", "kecil", "lengkapnya", "aslinya", "pun"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

func named(w []byte) bool {
	for _, s := range [...]string{"nama", "namanya", "nm", "nma", "nami", "namo", "namane", "jeneng", "jenenge", "asma", "asmane", "ngaran", "aran", "name"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// wordBefore is the word that ends before p with one space or underscore between; it is empty when there is none.
func wordBefore(text []byte, p, lo int) (b, e int) {
	if p <= lo || text[p-1] != ' ' && text[p-1] != '_' {
		return p, p
	}
	e = p - 1
	for b = e; b > lo && e-b < 16 && token.IsLetter(text[b-1]); b-- {
	}
	return b, e
}

// Listed reports whether the word for a mother text[b:e] is a field in a row of fields, and the name from start to end all of it: / ibu Bong
// Moi OK / or , ibu: Maria,.
func Listed(text []byte, b, e, start, end, lo, limit int) bool {
	for b > lo && text[b-1] == ' ' {
		b--
	}
	if b == lo {
		return false
	}
	switch text[b-1] {
	case ';', '/', '|', ',':
		if text[e] != ':' && text[e] != '=' && !compared(text, max(lo, b-120), min(limit, end+80)) {
			return false
		}
	default:
		return false
	}
	for _, c := range text[e:start] {
		if c != ' ' && c != ':' && c != '=' {
			return false
		}
	}
	if end+3 <= limit && token.EqualFold(text[end:end+3], " ok") {
		end += 3
	}
	for end < limit && text[end] == ' ' {
		end++
	}
	return end >= limit || text[end] == '.' || text[end] == ';' || text[end] == '/' || text[end] == '|' || text[end] == ','
}

// compared reports whether a word among them says that what somebody answered was compared with what is known.
func compared(text []byte, p, hi int) bool {
	for p < hi {
		e := token.WordEnd(text[:hi], p)
		for _, s := range [...]string{"ok", "match", "cocok", "verif", "sesuai", "nok", "lolos", "dibacakan"} {
			if token.EqualFold(text[p:e], s) {
				return true
			}
		}
		p = max(e, p+1)
	}
	return false
}

// Plausible reports whether a name in small letters that nothing announced, or only a sign, is not more likely to be the sentence that
// goes on.
func (r Reader) Plausible(text []byte, start, end, limit int, sure bool) bool {
	if token.IsUpper(text[start]) {
		return true
	}
	for p := start; p < end; {
		e := min(token.WordEnd(text, p), end)
		if e == p {
			p++
			continue
		}
		if r.Dict.Find(text, p, e) != 0 || ordinary(text[p:e]) {
			return false
		}
		p = e
	}
	if sure || end+1 >= limit || text[end] != ' ' || !token.IsLetter(text[end+1]) {
		return true
	}
	e := min(token.WordEnd(text, end+1), limit)
	return r.Dict.Find(text, end+1, e) != 0 || never(text[end+1:e])
}

// ordinary reports whether a word is one of sentences about people and forms, by the lists and by how such words are built.
func ordinary(w []byte) bool {
	var room [16]byte
	b := lowered(&room, w)
	ends := func(s string) bool { return bytes.HasSuffix(b, []byte(s)) }
	begins := func(s string) bool { return bytes.HasPrefix(b, []byte(s)) }
	n := len(b)
	switch {
	case b == nil && !token.IsUpper(w[0]), n >= 6 && ends("nya"), n >= 6 && (ends("ing") || ends("tion") || ends("ment")), n >= 7 && (begins("meng") || begins("meny") || begins("memb") || begins("mend") || begins("menj") || begins("menu") || begins("mela") && n < 8),
		n >= 7 && begins("di") && !ends("na") && !ends("ti") && !ends("ni") && !ends("ah") && !ends("ta"), n >= 8 && ends("an") && (begins("pe") || begins("ke")), n >= 7 && begins("ber") && !ends("tha"), n >= 6 && ends("ed"), n >= 7 && ends("an") && !begins("wul"), n >= 6 && begins("mem"), n >= 7 && begins("ter"):
		return true
	}
	switch string(b) {
	case "pemohon", "pendaftar", "pelapor", "peserta", "pasien", "korban", "siswa", "murid", "calon", "debitur", "wali", "ahli", "waris", "anggota", "field", "kolom", "error", "mismatch", "match", "twice", "once",
		"anyone", "someone", "everyone", "anybody", "during", "about", "because", "since", "until", "without", "onto", "into", "over", "again", "never", "always", "already", "question", "answer", "tiri", "angkat",
		"tirinya", "semua", "semuanya", "hanya", "cuman", "sering", "selalu", "kadang", "malah", "bahkan", "pokoknya", "hidup", "masuk", "keluar", "antar", "ambil", "ngambil", "ngurus", "urus", "nunggu",
		"nanya", "minta", "pinjam", "bantu", "dibantu", "rahasia", "kosong", "lengkapi", "isi", "tulis", "ketik", "sebut", "valid", "invalid", "benar", "betul", "mirip", "hampir", "serupa", "tapi", "namun", "sambil",
		"serta", "maupun", "ataupun", "langsung", "mungkin", "barangkali", "semoga", "berdua", "bertiga", "kandung", "tersebut", "segala", "tiada", "bagus", "lupa", "aduh", "waduh", "entah", "maaf", "permisi", "sorry", "halo", "hallo", "bentar", "sebentar", "tunggu", "tuaku", "gimana", "bagaimana", "pusing", "ribet", "sensitif", "wajib", "perlu", "day", "tag", "tags", "card", "plate", "list", "form":
		return true
	}
	return false
}

// titleBefore reports whether a short word ends at the point: Hj. Fatmawati.
func titleBefore(text []byte, p int) bool {
	b := p
	for b > 0 && p-b < 5 && token.IsLetter(text[b-1]) {
		b--
	}
	return p-b <= 4 && b < p
}

// corrects reports whether a word announces another spelling of what was said.
func corrects(w []byte) bool {
	var room [16]byte
	switch string(lowered(&room, w)) {
	case "tertulis", "tercatat", "tertera", "tersimpan", "terdaftar", "tercetak", "tercantum", "ditulis", "bukan", "bkn", "jadi", "menjadi", "harusnya", "seharusnya", "hrsnya", "ktp", "kk", "akta", "sistem", "system",
		"ejaan", "ejaannya", "written", "not", "should", "spelled", "muncul", "keluar", "kebaca", "dibaca", "sanes", "dudu", "dede", "yang", "benar", "bener", "betul", "right", "lengkapnya", "sebelumnya", "mestinya", "diisi", "core", "keluarga", "kartu", "ijazah", "profil", "database":
		return true
	}
	return false
}

// Again finds where the name text[start:end] is said once more after it, in the same or another spelling. It returns 0, 0 for nowhere.
func (r Reader) Again(text []byte, start, end, limit int) (from, to, cost int) {
	first := start
	for first < end && token.IsLetter(text[first]) {
		first++
	}
	if first-start < 3 && first == end {
		return 0, 0, 0
	}
	last := end
	for last > first && token.IsLetter(text[last-1]) {
		last--
	}
	limit = min(limit, end+160)
	announced, lines := false, 0
	for p := end; p < limit; {
		if text[p] == '\n' {
			if lines++; lines > 2 {
				break
			}
		}
		if !token.IsLetter(text[p]) || token.IsAlnum(text[p-1]) {
			p++
			continue
		}
		e := min(token.WordEnd(text, p), limit)
		cost += e - p
		w := text[p:e]
		if e-p >= 5 && last > first && bytes.EqualFold(w, text[last:end]) && !(text[p-1] == ' ' && p-2 > end && r.inName(text, p-1, end)) { // Wa Ode Hasnah, or only Hasnah
			return p, e, cost
		}
		same := e-p == first-start && first-start > 2 && bytes.EqualFold(w, text[start:first])
		if same && (announced || e-p >= 5) || !same && (announced && alike(text[start:first], w, 2) || lines < 2 && token.IsUpper(w[0]) && alike(text[start:first], w, 3)) && r.word(text, p, e) && !ordinary(w) {
			if b, f, _, more := r.Name(text, p, limit); b == p {
				if f-p > end-start+12 && !token.IsUpper(text[p]) {
					f = e
				}
				return p, f, cost + more
			}
		}
		announced = announced || corrects(w)
		p = e
	}
	return 0, 0, cost
}

// inName reports whether a word of a name ends at p: then what follows is the family's name of somebody else.
func (r Reader) inName(text []byte, p, lo int) bool {
	b := p
	for b > lo && token.IsLetter(text[b-1]) {
		b--
	}
	return p-b > 2 && token.IsUpper(text[b]) && !title(text[b:p]) && r.word(text, b, p) && r.Dict.Find(text, b, p) == 0
}

// alike reports whether two words may be spellings of one name: the same first letter, nearly the same length, and one half (of 2) or two
// thirds (of 3) of the letters.
func alike(a, b []byte, of int) bool {
	if len(b) < 4 || len(a) < 3 || initial(a) != initial(b) || len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return false
	}
	front, back := 0, 0
	for front < len(a) && front < len(b) && token.Lower(a[front]) == token.Lower(b[front]) {
		front++
	}
	for back < len(a)-front && back < len(b)-front && token.Lower(a[len(a)-1-back]) == token.Lower(b[len(b)-1-back]) {
		back++
	}
	if of == 3 {
		return (front+back)*3 >= 2*max(len(a), len(b))
	}
	return (front+back)*2+1 >= min(len(a), len(b))
}

// initial is how a name begins, in the spelling since 1972: Djuwariyah, Tjitra.
func initial(w []byte) byte {
	c := token.Lower(w[0])
	if len(w) > 3 && token.Lower(w[1]) == 'j' {
		switch c {
		case 'd':
			return 'j'
		case 't':
			return 'c'
		}
	}
	return c
}

// OwnName returns where what follows "mother" goes on after "'s name"; 0 when it does not.
func OwnName(text []byte, p, limit int) int {
	for _, w := range [...]string{" pu nama", " pung nama", " punya nama", " pe nama"} { // as in the east
		if p+len(w)+1 < limit && token.EqualFold(text[p:p+len(w)], w) && text[p+len(w)] == ' ' {
			return p + len(w)
		}
	}
	for _, w := range [...]string{"'s name", "s name", " name", "_name", "s full name", "'s full name", "'s surname", "'s birth name"} {
		if p+len(w) < limit && token.EqualFold(text[p:p+len(w)], w) && !token.IsLetter(text[p+len(w)]) {
			return p + len(w)
		}
	}
	return 0
}

// Whose reports whether a word after "ibu" says that it is the mother of who speaks, or that her name follows.
func Whose(w string) bool {
	switch w {
	case "saya", "aku", "namanya", "nama", "gue", "ku", "gw", "sy", "gua":
		return true
	}
	return false
}

// Short reports whether no more than three words stand there, and no digit.
func Short(text []byte, from, to int) bool {
	if to-from > 80 {
		return false
	}
	words := 0
	for p := from; p < to; p++ {
		if token.IsLetter(text[p]) && (p == from || !token.IsLetter(text[p-1])) && p+1 < to && token.IsLetter(text[p+1]) { // spelt letters are no words
			words++
		}
		if token.IsDigit(text[p]) {
			return false
		}
	}
	return words <= 3
}

// Near returns where the words end that say whose "maiden" name it is, the word at token t: mother's maiden, maiden name of my mother; 0
// when it is nobody's mother.
func (r Reader) Near(tokens []token.Token, t int) int {
	for i := t - 1; i >= 0 && i >= t-3 && tokens[i].Kind == token.Word; i-- {
		if r.Dict.Cues(tokens[i].ID)&word.Parent != 0 {
			return int(tokens[t].End)
		}
	}
	for i := t + 1; i < len(tokens) && i <= t+2 && tokens[i].Kind == token.Word && tokens[i].Ord <= tokens[t].Ord+4; i++ {
		if r.Dict.Cues(tokens[i].ID)&word.Parent != 0 {
			return int(tokens[i].End)
		}
	}
	return 0
}

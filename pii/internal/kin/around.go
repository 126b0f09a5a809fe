package kin

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
)

// Place is where a name stands.
type Place struct{ Start, End int }

// proper returns where the name ends that begins with a capital at p: one to four words, with initials and small words inside; 0 for none.
func (r Reader) proper(text []byte, p, limit int) (start, end int) {
	for range 3 { // Hj. Siti, Bu Lasmini
		e := min(token.WordEnd(text, p), limit)
		if e == p || !title(text[p:e]) {
			break
		}
		for p = e; p < limit && (text[p] == '.' || text[p] == ' '); p++ {
		}
	}
	if p >= limit || !token.IsUpper(text[p]) {
		return 0, 0
	}
	start, end, sure, _ := r.Name(text, p, limit)
	if start != p || !sure || end-start < 3 || ordinary(text[start:min(token.WordEnd(text, start), end)]) {
		return 0, 0
	}
	return start, end
}

// quoted returns the name between quotes that open at p.
func (r Reader) quoted(text []byte, p, limit int) Place {
	if p >= limit || text[p] != '"' && text[p] != '\'' {
		return Place{}
	}
	n := bytes.IndexByte(text[p+1:min(limit, p+44)], text[p])
	if n < 3 {
		return Place{}
	}
	for q := p + 1; q < p+1+n; { // words of names only
		e := min(token.WordEnd(text, q), p+1+n)
		if e > q && (!token.IsUpper(text[q]) || e-q > 1 && !r.word(text, q, e)) || e == q && text[q] != ' ' && text[q] != '.' {
			return Place{}
		}
		q = max(e, q+1)
	}
	return Place{p + 1, p + 1 + n}
}

// Around finds names that stand apart from the words for a mother text[from:to]: in quotes, between commas, after a word that corrects, or before
// the words. It appends them to dst, no more than there is room for, and says how many bytes it looked at.
func (r Reader) Around(dst []Place, text []byte, from, to, lo, hi int) (found []Place, cost int) {
	found = dst
	hi = min(hi, to+170)
	announced, other, asks, later := false, false, false, false
	for p := to; p < hi && len(found) < cap(found); {
		if at := r.quoted(text, p, hi); at.End > 0 {
			found = append(found, at)
			p = at.End + 1
			continue
		}
		if !token.IsLetter(text[p]) || p > 0 && token.IsAlnum(text[p-1]) {
			if c := text[p]; c == '.' && !titleBefore(text, p) {
				announced, later = false, true
			} else if asks = from == to && c == '?'; asks || c == ',' && !later || c == ':' || c == '(' && !later || c == '=' {
				announced = true // asks: boru apa, kau tanya? Tiurma
			}
			p++
			continue
		}
		e := min(token.WordEnd(text, p), hi)
		cost += e - p
		w := text[p:e]
		if token.OneOf(w, "mertua", "istri", "suami", "ayah", "bapak", "bapa", "tante", "tanteku", "bude", "budhe", "kakak", "adik", "anak", "saudara", "sdr", "wife's", "husband's", "sister", "angkat", "tiri", "pasangan", "nasabah", "agen", "cs") {
			other = true
		}
		if announced && !other {
			if start, end := r.proper(text, p, hi); end > 0 && !(text[start+1] == '.' && end-start < 6) && (!asks || Bounded(text, end, hi)) { // no degree
				found = append(found, Place{start, end})
				p, announced = end, false
				continue
			}
		}
		if token.OneOf(w, "nya") { // di KTP-nya
			p = e
			continue
		}
		// In a later sentence only a word that corrects speaks of the same name.
		if announced = corrects(w) || !later && announces(w) || announced && title(w); announced && corrects(w) {
			other = false
		}
		p = e
	}
	for p := max(lo, from-80); p < from && len(found) == len(dst); p++ {
		for p < from && text[p] == '"' && len(found) < cap(found) {
			at := r.quoted(text, p, from)
			if at.End == 0 {
				break
			}
			found = append(found, at)
			for p = at.End + 1; p < from && text[p] != '"'; p++ {
			}
		}
	}
	if len(found) == len(dst) {
		at, spent := r.Before(text, from, lo)
		if cost += spent; at.End > 0 {
			found = append(found, at)
		}
	}
	return found, cost
}

// announces reports whether a word may stand right before a name that was not given at once.
func announces(w []byte) bool {
	return corrects(w) || token.OneOf(w, "semula", "awalnya", "tadinya", "dulunya", "mestinya", "adalah", "namanya", "bernama", "nama", "itu", "is", "was", "jawab", "answered", "diisi", "sebut", "di", "bukan", "cuma", "lengkapnya", "si", "reads", "menjadi", "jadi", "ke", "dari", "sebelumnya", "tetapi", "tapi", "one", "its", "it's", "siapa", "boru", "br")
}

// Before returns the name that stands before the words for a mother: Saodah. Itu nama ibu kandung saya.
func (r Reader) Before(text []byte, from, lo int) (at Place, cost int) {
	p := from
	said, apart := false, false
	for words := 0; words < 7; words++ {
		e := p
		for e > lo && (text[e-1] == ' ' || text[e-1] == '(' || text[e-1] == '.' || text[e-1] == ',' || text[e-1] == '-' || text[e-1] >= 0x80 || text[e-1] == '"') {
			said = said || text[e-1] >= 0x80 || text[e-1] == '('
			apart = apart || text[e-1] == '.' || text[e-1] == ','
			e--
		}
		b := e
		for b > lo && e-b < 16 && (token.IsLetter(text[b-1]) || text[b-1] == '\'') {
			b--
		}
		if b == e {
			return Place{}, cost
		}
		cost += p - b
		w := text[b:e]
		if token.OneOf(w, "itu", "is", "was", "adalah", "jawab", "nama") {
			said = true
		}
		if !token.OneOf(w, "itu", "is", "was", "adalah", "nama", "my", "mother's", "mother", "mama", "mamak", "ibu", "mak", "emak", "ini", "kan", "the", "her", "his", "gadis", "waktu", "ditanya", "pada", "kolom", "untuk", "sebagai", "buat") {
			break
		}
		p = b
	}
	if !said {
		return Place{}, cost
	}
	e := p
	for e > lo && (text[e-1] == ' ' || text[e-1] == '(' || text[e-1] == '.' || text[e-1] == ',' || text[e-1] == '-' || text[e-1] >= 0x80 || text[e-1] == '"') {
		e--
	}
	start, words, small := e, 0, 0
	for q := e; q > lo && words < 4; {
		b := q
		for b > lo && (token.IsLetter(text[b-1]) || text[b-1] == '\'' || text[b-1] == '.') {
			b--
		}
		if start < e && b > lo && particle(bytes.TrimSuffix(text[b:q], []byte("."))) { // Junita br. Sirait
			q = b - 1
			continue
		}
		if b == q || !r.word(text, b, min(token.WordEnd(text, b), q)) || ordinary(text[b:q]) {
			break
		}
		if !token.IsUpper(text[b]) {
			if start < e && token.IsUpper(text[start]) {
				break
			}
			small++
		} else if small > 0 {
			break
		}
		start = b
		words++
		if q = b - 1; q <= lo || text[q] != ' ' {
			break
		}
	}
	if start == e || e-start < 3 || small > 0 && (start != lo && text[max(lo, start-2)] != ':' && text[max(lo, start-2)] != ',' || words > 3) || apart && start != lo && !quote(text, start) {
		return Place{}, cost
	}
	return Place{start, e}, cost
}

func quote(text []byte, p int) bool { return p > 0 && text[p-1] == '"' }

// Mother is what a text says after a word for a mother.
type Mother struct {
	Place
	Called bool // a word for a name stands between
	Owned  bool // whose mother she is is said
	Own    bool // the word is one by which people call their own mother
}

// Named reports whether the name is given as one: ibu saya namanya X.
func (m Mother) Named() bool { return m.Called && (m.Owned || m.Own) }

// Own reads the name that follows a word for a mother and whose mother she is: ibu saya Sulastri, mamakku si Ramot, emak gue namanya Rohayah.
// Paired says that the text names a father too: then small letters are believed.
func (r Reader) Own(text []byte, p, limit int, paired, own bool) (m Mother) {
	m.Own = own
	m.Owned = p >= 3 && (token.EqualFold(text[p-2:p], "ku") || token.EqualFold(text[p-2:p], "mu") || token.EqualFold(text[p-3:p], "nya"))
	if p < limit && text[p] == '\'' { // amma'ku
		m.Owned = true
		p = min(token.WordEnd(text, p+1), limit)
	}
	for words := 0; words < 6; words++ {
		for p < limit && (text[p] == ' ' || text[p] == ':' || text[p] == '=' || text[p] == ',' && words > 0 || text[p] == '.' && words > 0 && titleBefore(text, p)) {
			if text[p] == ':' || text[p] == '=' {
				m.Called, m.Owned = true, true
			}
			p++
		}
		e := min(token.WordEnd(text, p), limit)
		if e == p {
			return m
		}
		w := text[p:e]
		switch {
		case token.OneOf(w, "namanya", "bernama", "nama", "named", "asmanipun", "asmane", "jenenge", "jenengna", "jenenganana", "namonyo", "namina", "ngaranna", "name", "is", "was", "adalah", "yaitu", "maparab", "mewasta", "wasta", "arane", "dipanggil", "wastana", "naminipun", "marganya", "nami", "jeneng", "called"):
			m.Called = true
		case token.OneOf(w, "saya", "aku", "gue", "gw", "gua", "ku", "sy", "abdi", "kula", "kulo", "ambo", "tiange", "tiang", "sa", "pu", "pung", "pe", "punya", "my", "aye", "ane", "denai", "kuring", "kami", "kita", "beliau", "kulon", "inyong", "beta", "awak"):
			m.Owned = true
		case token.OneOf(w, "kandung", "kdg", "melahirkan"):
			m.Owned = true
		case token.OneOf(w, "itu", "niku", "niki", "teh", "si", "yang", "yg", "lahir", "lahia", "dengan", "dgn", "born", "alm", "almh", "almarhumah", "hj", "ibu", "bu", "kan", "tuh", "mah", "lengkapnya", "lengkap", "debitur", "siswa", "sendiri", "ya", "yah", "nih", "nu", "pun", "mpok"):
		default:
			if start, end := r.proper(text, p, limit); end > 0 {
				m.Place = Place{start, end}
				return m
			}
			if e < limit && text[e] == ':' && words < 2 && !token.OneOf(w, "angkat", "tiri", "mertua", "guru", "sambung", "asuh", "kos", "rt", "hamil") { // inang pangintubu: …
				m.Called, m.Owned, p = true, true, e
				continue
			}
			if (m.Called && words > 0 || paired && words == 0) && !token.IsUpper(text[p]) {
				if start, end, _, _ := r.Name(text, p, limit); start == p && end-start >= 4 && r.Plausible(text, start, end, limit, false) {
					m.Place = Place{start, end}
				}
			}
			return m
		}
		p = e
	}
	return m
}

// Bounded reports whether nothing of a sentence follows a name that ends at p: a sign, the end, or a word that listens.
func Bounded(text []byte, p, limit int) bool {
	for p < limit && text[p] == ' ' {
		p++
	}
	if p >= limit || !token.IsAlnum(text[p]) && text[p] < 0x80 {
		return true
	}
	return token.OneOf(text[p:token.WordEnd(text[:limit], p)], "ya", "yah", "mas", "mbak", "mba", "kak", "ka", "pak", "bu", "min", "bang", "woy", "dong", "lah", "kok", "tapi", "tp", "itu", "bukan", "bkn", "di", "sesuai", "naha", "nu", "nanging", "namung")
}

// Whole reports whether a name that begins an answer at p is all of it that counts: Anastasia Bupu, di Aimere semua kenal. In small letters
// it has to be the first word.
func Whole(text []byte, p, start, end, limit int) bool {
	return Bounded(text, end, limit) && (token.IsUpper(text[start]) || start == p && end-start >= 5)
}

// Several reports whether a question asks for more than a mother's name: nama lengkap, tanggal lahir, dan nama ibu kandung?
func Several(text []byte) bool {
	return has(text, "dan", "serta", "and", "sama", "tanggal", "tgl", "lahir", "ttl", "alamat", "nik", "nomor", "no", "hp")
}

// Please reports whether the text asks for what it names: please provide your mother's birth name.
func Please(text []byte) bool {
	return has(text, "please", "your")
}

// Filed reports whether the text speaks of what is written of somebody, or asked of him: a form, a card, a field, an answer.
func Filed(text []byte) bool {
	return has(text, "kandung", "verif", "verifikasi", "verification", "cocok", "pencocokan", "dicocokkan", "akta", "akte", "formulir", "form", "isian", "keamanan", "security", "pertanyaan", "question", "ttl", "melahirkan", "nglairaken", "gadis", "maiden", "dicek", "catatlah", "tercatat", "terdaftar", "jawaban", "identitas", "kolom", "kolomnya", "sistem", "system", "catet", "catat", "dicatat", "dicatet", "ditulis", "tertulis", "tulis", "tertukar", "ditolak", "diminta", "salah", "keluarga", "ejaan", "ejaannya", "diisi", "ngisi", "isi", "bapane", "ayahanda", "bapakku", "ayahku")
}

// Asks reports whether the text between a word for a mother and a question mark asks for her name: mamanya beliau siapa namanya, Bu?
func Asks(text []byte, p, limit int) (is bool) {
	hi := min(limit, p+60)
	n := bytes.IndexByte(text[p:hi], '?')
	if n < 0 || p < 3 || !token.EqualFold(text[p-3:p], "nya") && !token.EqualFold(text[p-2:p], "mu") && !token.OneOf(text[p:min(hi, token.WordEnd(text, min(p+1, hi)))], " dari", " anak", " kandung") {
		return false
	}
	for q := p; q < p+n; {
		e := token.WordEnd(text[:p+n], q)
		if token.OneOf(text[q:e], "yang", "yg", "mau", "sudah") { // who does something, not what she is called
			return false
		}
		is = is || e > q && token.OneOf(text[q:e], "nama", "namanya", "siapa", "sapa", "sopo", "saha", "sinten", "name", "jenenge", "asmane", "namina")
		q = max(e, q+1)
	}
	return is
}

// Checked reports whether the text speaks of what identifies somebody, so that a mother's name in it is given as such.
func Checked(text []byte) bool {
	return has(text, "kandung", "verif", "verifikasi", "verification", "cocok", "pencocokan", "dicocokkan", "ktp", "kk", "akta", "akte", "formulir", "form", "isian", "keamanan", "security", "pertanyaan", "question", "nik", "ttl", "lahir", "ayah", "bapak", "bapa", "bapane", "bokap", "abi", "ayahanda", "melahirkan", "nglairaken", "gadis", "maiden", "dicek", "catatlah", "tercatat", "terdaftar", "diminta", "jawaban", "wali", "identitas")
}

// Set reports whether a name is one field of a row in which other things that identify somebody stand: nama X, ibu Y, tgl lhr Z.
func Set(text []byte, b, end, lo, hi int) bool {
	for b > lo && text[b-1] == ' ' {
		b--
	}
	return b > lo && (text[b-1] == ',' || text[b-1] == '/' || text[b-1] == ';') && (end >= hi || text[end] == ',' || text[end] == '/' || text[end] == ';' || text[end] == '.' || text[end] == ' ' && end+1 < hi && text[end+1] == '/') && identifies(text[max(lo, b-120):hi]) && (Answers(text[max(0, lo-80):hi]) || compared(text, max(lo, b-120), hi))
}

// Bearer reports whether the text says whose mother bore whom: who speaks, or who is looked up.
func Bearer(text []byte) bool {
	return has(text, "saya", "kula", "kulo", "gw", "gue", "cek", "verif", "ibu", "perempuan", "angkat")
}

// Corrected reports whether a word between two names says that the second stands for the first.
func Corrected(text []byte, p, hi int) (is bool) {
	if bytes.Count(text[p:hi], []byte("|")) == 1 && len(bytes.Trim(text[p:hi], " |")) == 0 || p < hi && text[p] == '"' && text[hi-1] == '"' {
		return true // the next cell, or both in quotes
	}
	for p < hi {
		e := min(token.WordEnd(text, p), hi)
		if token.OneOf(text[p:e], "bukan", "bkn", "not", "mertua", "nama") {
			return false
		}
		if e > p && (corrects(text[p:e]) || token.OneOf(text[p:e], "sedangkan", "padahal", "sistem", "ke", "to", "menjadi", "jadi")) {
			is = true
		}
		p = max(e, p+1)
	}
	return is
}

func identifies(text []byte) bool {
	return has(text, "verif", "verifikasi", "nik", "ttl", "lahir", "lhr", "tgl", "kk", "ktp", "dob")
}

// Answers reports whether the text is of answers by which somebody is recognized.
func Answers(text []byte) bool {
	return has(text, "verif", "verifikasi", "verification", "keamanan", "security", "pertanyaan", "jawaban", "answer", "ttl", "kandung")
}

// Paired reports whether the text names a father too, as forms do.
func Paired(text []byte, lo, hi int) bool {
	return has(text[lo:hi], "ayah", "bapak", "bapa", "bapane", "bokap", "abi", "ayahanda", "father") &&
		has(text[lo:hi], "nama", "kk", "ktp", "verif", "verifikasi", "form", "formulir", "pencocokan", "orang", "ortu", "wali", "data", "akta", "untuk")
}

// has reports whether one of the words stands in the text.
func has(text []byte, words ...string) bool {
	for p := 0; p < len(text); {
		e := token.WordEnd(text, p)
		if e > p && token.OneOf(text[p:e], words...) {
			return true
		}
		p = max(e, p+1)
	}
	return false
}

// Fathered reports whether the text names a father in a field of its own: ayahanda: Teuku.
func Fathered(text []byte) bool {
	for p := 0; p < len(text); {
		e := token.WordEnd(text, p)
		if e > p && e < len(text) && text[e] == ':' && token.OneOf(text[p:e], "ayah", "ayahanda", "bapak", "bapa", "father") {
			return true
		}
		p = max(e, p+1)
	}
	return false
}

// Child reports whether a word for a child stands before the word for a mother at b: dari Bapak X dan Ibu Y, anak dari seorang ibu Z.
func Child(text []byte, b, lo int) bool {
	if pb, pe := wordBefore(text, b, lo); !token.OneOf(text[pb:pe], "dari", "dan", "seorang", "of", "and") {
		return false
	}
	for p, words := b, 0; words < 7 && p > lo; words++ {
		e := p
		for e > lo && !token.IsAlnum(text[e-1]) {
			e--
		}
		q := e
		for q > lo && token.IsLetter(text[q-1]) {
			q--
		}
		if q == e {
			return false
		}
		if token.OneOf(text[q:e], "anak", "putra", "putri", "putera", "puteri", "child", "son", "daughter", "binti", "bin", "lahir", "dilahirkan", "rahim") {
			return true
		}
		p = q
	}
	return false
}

// Parents reports whether a father is named right before the word for a mother at b, among words for both: bapak X ibu Y, orang tua kandung.
func Parents(text []byte, b, lo, hi int) bool {
	father := false
	for p, words := b, 0; words < 4 && p > lo; words++ {
		e := p
		for e > lo && !token.IsAlnum(text[e-1]) {
			e--
		}
		q := e
		for q > lo && token.IsLetter(text[q-1]) {
			q--
		}
		if q == e {
			break
		}
		father = father || token.OneOf(text[q:e], "ayah", "bapak", "bapa", "abi", "papa")
		p = q
	}
	for p := lo; father && p < hi; {
		e := token.WordEnd(text[:hi], p)
		if e > p && token.OneOf(text[p:e], "kandung", "ortu", "orang", "orangtua", "wali", "akta", "akte", "pencocokan") {
			return true
		}
		p = max(e, p+1)
	}
	return false
}

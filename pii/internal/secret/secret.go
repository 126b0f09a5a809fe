// Package secret reads passwords, as people write them after a word that announces one, and as they say them.
//
// Between the word and the secret there may be others: whose it is, of what ("pw wifi kosan"), that it is new. What follows directly is
// believed when it has a digit or a sign; after words that nobody knows it must look more like a secret. A sentence about passwords, of
// how many characters they need or that one was forgotten, holds none. A secret may be said in words and digits, or have a
// sign between all its letters so that a filter overlooks it.
//
// Reading goes over one line, or to the whole of the answer on the next, and looks at a bounded number of words. It keeps nothing.
package secret

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Reader reads the notes of one text.
type Reader struct {
	Dict *word.Dictionary
	List *token.List
}

// Found is a password.
type Found struct {
	Start, End int
	Weak       bool // letters only
	Said       bool
}

const steps = 8 // words between that are looked at

// thing reports whether a word says what a password is for, or what it looks like.
func thing(w []byte) bool {
	var b [12]byte
	if len(w) > len(b) {
		return false
	}
	for i, c := range w {
		b[i] = token.Lower(c)
	}
	switch string(b[:len(w)]) {
	case "laptop", "komputer", "pc", "kantor", "rumah", "kos", "kost", "kosan", "kontrakan", "hotspot", "router", "aplikasi", "app", "login", "server", "kasir", "ig", "instagram", "fb", "facebook",
		"netflix", "tiktok", "shopee", "tokopedia", "wifinya", "wifiku", "wi", "fi", "huruf", "kecil", "besar", "semua", "angka", "ku", "gw", "mu", "sini", "sana", "situ", "used", "home", "office", "guest", "account",
		"mbanking", "banking", "internet", "ibanking", "user", "username", "root", "database", "db", "ftp", "ssh", "vpn", "email", "gmail", "yahoo", "toko", "warung", "cafe", "kafe", "temp", "temporary",
		"old", "new", "current", "system", "sistem", "portal", "web", "website", "hape", "hp", "bluetooth", "default", "bawaan", "kan", "sih", "tuh", "yaitu", "sekarang", "now", "dulunya", "zoom", "pdf", "file", "zip", "rar", "drive", "gdrive", "excel", "dokumen", "biasanya", "kayaknya", "cuma", "gini", "begini":
		return true
	}
	return false
}

// ruled reports whether a word shows that the sentence is about passwords in general.
func ruled(w []byte) bool {
	for _, s := range [...]string{"karakter", "character", "characters", "digit", "digits", "kali", "percobaan", "attempt", "attempts", "menit", "minutes"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// Read appends the secrets that the word at token t of a line leads to: after it, in the answer, apart from it on either side, and those that
// are joined to one.
func (r Reader) Read(dst []Found, text []byte, t, line int) (found []Found, cost int) {
	if found = dst; hinted(text, int(r.List.Tokens[t].Start), int(r.List.Lines[line].Start)) {
		return found, 8
	}
	hi := int(r.List.Lines[line].End)
	if w := next(text, int(r.List.Tokens[t].End), hi); token.OneOf(text[w.start:w.end], "manager", "management", "policy", "generator") {
		return found, 8
	}
	if w := r.whole(text, t, line); w.End > 0 {
		return append(found, w), 40
	}
	if w := r.spaced(text, int(r.List.Tokens[t].End), hi); w.End > 0 {
		return append(found, w), 80
	}
	one, cost := r.follows(text, t, line)
	if one.End == 0 {
		from := int(r.List.Tokens[t].End)
		one = strong(text, from, min(hi, from+120))
		cost += 30
	}
	if one.End == 0 {
		var more int
		if one, more = r.plain(text, t, line); one.End == 0 {
			cost += more
			found, more = r.aside(found, text, t, line)
			if cost += more; len(found) == len(dst) {
				one, more = r.answered(text, line)
			}
		}
		cost += more
	}
	if one.End > 0 {
		found = r.more(append(found, one), text, min(len(text), max(hi, one.End)))
	}
	return found, cost
}

// hinted reports whether the word before the place says that only a hint of a secret follows.
func hinted(text []byte, at, lo int) bool {
	w := previous(text, at, lo)
	return token.EqualFold(text[w.start:w.end], "petunjuk") || token.EqualFold(text[w.start:w.end], "hint") || token.EqualFold(text[w.start:w.end], "clue")
}

// strong looks for a piece as only passwords are: capitals and small letters, digits, and a sign between them that no other piece has.
func strong(text []byte, p, limit int) Found {
	for p < limit {
		for p < limit && (text[p] <= ' ' || text[p] == '"' || text[p] == '\'' || text[p] == '(') {
			p++
		}
		start := p
		upper, small, digits, signs := 0, 0, 0, 0
		for p < limit && text[p] > ' ' && text[p] != '"' && text[p] < 0x80 {
			switch c := text[p]; {
			case token.IsUpper(c):
				upper++
			case token.IsLetter(c):
				small++
			case token.IsDigit(c):
				digits++
			case c == '#' || c == '!' || c == '$' || c == '%' || c == '*' || c == '&' || c == '^' || c == '+' || c == '@':
				signs++
			case c == '/' || c == ':' || c == '=' || c == '<' || c == '>' || c == '|' || c == '{' || c == '[' || c == '\\':
				signs = -64 // an address, a path, a pair
			}
			p++
		}
		if general(text[start:p]) {
			return Found{}
		}
		end := p
		for end > start && (text[end-1] == '.' || text[end-1] == ',' || text[end-1] == ')' || text[end-1] == ';' || text[end-1] == '\'') {
			end--
		}
		if n := end - start; n >= 8 && n <= 40 && upper > 0 && small > 1 && digits > 0 && signs > 0 && token.IsAlnum(text[start]) && !linked(text[start:end]) {
			return Found{Start: start, End: end}
		}
		p = max(p, start+1)
	}
	return Found{}
}

// general reports whether a word shows that the sentence gives an example or a rule.
func general(w []byte) bool {
	for _, s := range [...]string{"must", "should", "harus", "minimal", "wajib", "contoh", "contohnya", "example", "misal", "misalnya", "seperti", "like", "e.g."} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// follows reads the secret that comes right after the word, or after others that may stand between.
func (r Reader) follows(text []byte, t, line int) (found Found, cost int) {
	p, explicit := int(r.List.Tokens[t].End), false
	l := line
	limit := int(r.List.Lines[l].End)
	far, comma := false, false // after words that nobody knows
	for skipped, quoted := 0, false; ; {
		from := p
		for p < limit && (text[p] == ' ' || text[p] == ':' || text[p] == '=' || text[p] == '\t' || text[p] == '"' || text[p] == '\'' || text[p] == '-' || text[p] == '>' || text[p] == '(' || text[p] == ',' && quoted) {
			explicit = explicit || text[p] == ':' || text[p] == '=' || text[p] == '>' && p == int(r.List.Tokens[t].End)
			quoted = quoted || text[p] == '"'
			p++
		}
		if p >= limit || text[p] == '?' || text[p] == '.' && p+1 == limit {
			if l > line || far {
				return found, cost
			}
			// The answer may be the whole of the next turn.
			if l++; l >= len(r.List.Lines) || r.List.Lines[l].End == r.List.Lines[l].Start {
				return found, cost
			}
			p, limit, explicit = r.List.Said(r.Dict, text, l), int(r.List.Lines[l].End), false
			continue
		}
		if d := digitsEnd(text, p, limit); d > p && d-p < 4 && d+1 < limit && text[d] == ':' && text[d+1] == ' ' && skipped > 0 { // lantai 2: …
			p, explicit = d, true
			continue
		}
		if p == from && skipped > 0 { // a comma, the end of a sentence
			return found, cost
		}
		if candidate := r.candidate(text, p, limit, l > line, explicit, far); candidate.End > 0 {
			return candidate, cost
		}
		e := min(token.WordEnd(text, p), limit)
		if e+4 < limit && text[e] == '-' && token.EqualFold(text[e+1:e+4], "nya") {
			e += 4 // wifi-nya
		}
		cost += e - p
		if skipped++; e == p || skipped > steps || e < limit && token.IsDigit(text[e]) || e < limit && text[e] != ' ' && text[e] != ',' && text[e] != ':' && text[e] != '?' && !(text[e] == '.' && (e+1 >= limit || text[e+1] == ' ')) {
			return found, cost
		}
		w := text[p:e]
		id := r.Dict.Find(text, p, e)
		en := r.Dict.Entry(id)
		switch {
		case en.Cues&(word.Wrong|word.Never) != 0, ruled(w), token.OneOf(w, "tanya", "tanyakan", "hubungi", "ask"):
			return found, cost
		case en.Cues&(word.Stop|word.Ack|word.Speaker|word.Email|word.Account|word.Number|word.Bank|word.Code|word.Password|word.Verify) != 0, id != 0 && en.Part == word.Filler:
			switch en.Text {
			case "adalah", "is", "yaitu", "ialah", "are", "jadi", "menjadi", "was":
				explicit = true
			case "lupa", "forgot", "not", "tidak", "tdk", "gak", "ga", "nggak", "bukan", "belum":
				far, explicit = true, false
			}
		case thing(w):
		case labelled(text, e, limit): // password wifi kantor: …
		default:
			far = true
		}
		if token.EqualFold(w, "user") || token.EqualFold(w, "username") {
			e = login(text, e, limit)
		}
		p = e
		if far && p < limit && text[p] == '.' || comma && named(w) {
			return found, cost
		}
		if p+1 < limit && text[p] == ',' && text[p+1] == ' ' && !quoted { // sama kayak dulu, …
			p, far, comma = p+1, true, true
		}
	}
}

// named reports whether a word announces something else than a secret.
func named(w []byte) bool {
	for _, s := range [...]string{"username", "user", "id", "email", "nama", "order", "nomor", "no", "kode", "nik", "akun", "kamar", "unit", "jam", "seri", "tipe", "model"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// labelled reports whether at most one more word stands between e and a colon.
func labelled(text []byte, e, limit int) bool {
	if e+1 < limit && text[e] == ' ' {
		e = token.WordEnd(text, e+1)
		e = digitsEnd(text, e, limit) // wifi lantai 2: …
	}
	return e+1 < limit && text[e] == ':' && text[e+1] == ' '
}

// login returns where the name of a user ends that stands after "user" at e and has a digit; e when none stands there.
func login(text []byte, e, limit int) int {
	q, digits := e, 0
	for q < limit && (text[q] == ' ' || text[q] == ':') && q-e < 3 {
		q++
	}
	for ; q < limit && (token.IsAlnum(text[q]) || text[q] == '_'); q++ {
		if token.IsDigit(text[q]) {
			digits++
		}
	}
	if digits > 0 && q < limit && (text[q] == ',' || text[q] == ':') {
		return q
	}
	return e
}

func digitsEnd(text []byte, p, limit int) int {
	for p < limit && token.IsDigit(text[p]) {
		p++
	}
	return p
}

// candidate reads what stands at p, up to the next space, when it looks like a secret.
func (r Reader) candidate(text []byte, p, limit int, answer, explicit, far bool) (found Found) {
	end := p
	if closed := enclosed(text, p, limit); closed > 0 {
		return Found{Start: p, End: closed}
	}
	letters, small, digits, signs, stars := 0, 0, 0, 0, 0
	for end < limit && end-p < 64 && text[end] > ' ' && text[end] != '"' && text[end] != '<' {
		switch c := text[end]; {
		case token.IsLetter(c):
			letters++
			if !token.IsUpper(c) {
				small++
			}
		case token.IsDigit(c):
			digits++
		case c == '*' || c == '.' || c == '-' || c == '_':
			stars++
		case (c == '&' || c == ';') && p > 0 && text[p-1] == '=': // of a form: password=…&user=…
			limit = end
			continue
		default:
			signs++
		}
		end++
	}
	for end > p && (text[end-1] == '.' || text[end-1] == ',' || text[end-1] == ')' || text[end-1] == ';' || text[end-1] == '?' || text[end-1] == '\'') {
		if end--; text[end] == ';' {
			signs--
		}
	}
	n := end - p
	if !far && letters > 0 && digits == 0 {
		if said := r.said(text, p, limit); said.End > 0 && (!answer || said.End >= limit-1) {
			return said
		}
	}
	if n < 4 || letters == 0 && digits == 0 {
		return found
	}
	if parted(text[p:end]) {
		return Found{Start: p, End: end}
	}
	if stars*2 > n {
		return found
	}
	found = Found{Start: p, End: end}
	switch {
	case answer && !(letters > 0 && digits > 0 && end == limit):
		found = r.said(text, p, limit)
		if found.End < limit {
			return Found{}
		}
		return found
	case far && (linked(text[p:end]) || ruledNext(text, end, limit)):
	case far:
		if n >= 6 && (small >= 3 && digits >= 1 && signs+stars == 0 && n >= 7 || signs+stars > 0 && digits > 0 && small > 0) {
			return found
		}
	case digits > 0 && letters+signs > 0 && n >= 5 && !linked(text[p:end]):
		return found
	case digits >= 4 && letters == 0 && signs == 0 && !Timed(text, p):
		return found
	case signs > 0 && explicit && letters > 0 && n >= 6 && !linked(text[p:end]):
		return found
	case digits == 0 && signs == 0:
		if said := r.said(text, p, limit); said.End > 0 {
			return said
		}
		if explicit && end == limit && token.OneOf(text[p:end], "admin", "guest", "root", "password") { // as they come from the factory
			return Found{Start: p, End: end, Weak: true}
		}
		explicit = explicit || p > 0 && text[p-1] == '"' && end < limit && text[end] == '"'
		if explicit && n >= 5 && !token.OneOf(text[p:end], "kosong", "empty", "blank", "kapital") && !passive(text, p, end) && r.Dict.Cues(r.Dict.Find(text, p, end))&(word.Stop|word.Ack|word.Speaker|word.Wrong|word.Birth) == 0 && short(text, end, min(limit, end+64)) {
			found.Weak = true
			return found
		}
	}
	return Found{}
}

// passive reports whether the word tells what is done with a secret, and no colon stands before it: dimasukin, ditempel.
func passive(text []byte, p, end int) bool {
	return end-p > 7 && token.EqualFold(text[p:p+2], "di") && !(p > 1 && (text[p-1] == ':' || text[p-1] == '=' || text[p-2] == ':' || text[p-2] == '=' || text[p-1] == '"'))
}

// enclosed returns where a secret ends that stands between quotes behind a colon or an equals sign, as in files, and has a letter and a digit;
// 0 when none does.
func enclosed(text []byte, p, limit int) int {
	if p < 3 || text[p-1] != '"' && text[p-1] != '\'' || text[p-2] != ':' && text[p-2] != '=' && (text[p-2] != ' ' || text[p-3] != ':' && text[p-3] != '=') {
		return 0
	}
	n := bytes.IndexByte(text[p:min(limit, p+48)], text[p-1])
	if n < 5 || text[p] == ' ' || !bytes.ContainsAny(text[p:p+n], "0123456789") || bytes.Count(text[p:p+n], []byte(" ")) > 2 || linked(text[p:p+n]) {
		return 0
	}
	for _, c := range text[p : p+n] {
		if token.IsLetter(c) {
			return p + n
		}
	}
	return 0
}

// parted reports whether one and the same sign stands between all letters and digits: k.u.c.i.n.g.
func parted(w []byte) bool {
	if len(w) < 9 || len(w)%2 == 0 {
		return false
	}
	letters := false
	for i, c := range w {
		if i%2 == 1 && c != w[1] || i%2 == 0 && !token.IsAlnum(c) {
			return false
		}
		letters = letters || token.IsLetter(c)
	}
	return letters && !token.IsAlnum(w[1])
}

// linked reports whether the piece is an address of mail or of the web.
func linked(w []byte) bool {
	for i, c := range w {
		if c == '/' && i > 0 && w[i-1] == '/' {
			return true
		}
		if c == '@' {
			for k := i + 2; k < len(w)-1; k++ {
				if w[k] == '.' && token.IsLetter(w[k+1]) {
					return true
				}
			}
		}
	}
	return false
}

// ruledNext reports whether the next word counts: 3x percobaan.
func ruledNext(text []byte, p, limit int) bool {
	for p < limit && text[p] == ' ' {
		p++
	}
	return ruled(text[p:min(token.WordEnd(text, p), limit)])
}

// short reports whether no more than three words follow, and no digit.
func short(text []byte, from, to int) bool {
	words := 0
	for p := from; p < to; p++ {
		if token.IsLetter(text[p]) && !token.IsLetter(text[p-1]) {
			words++
		}
		if token.IsDigit(text[p]) {
			return false
		}
	}
	return words <= 3
}

// Timed reports whether the word right before the place says that a time or a date follows, or the end of another number.
func Timed(text []byte, at int) bool {
	e := at
	for e > 0 && text[e-1] == ' ' {
		e--
	}
	b := e
	if token.Among(text, at, 2, "berakhiran", "akhiran", "ending", "ends", "berujung") {
		return true // the end of another number
	}
	for b > 0 && e-b < 8 && token.IsLetter(text[b-1]) {
		b--
	}
	for _, w := range [...]string{"sejak", "tahun", "thn", "since", "tgl", "tanggal", "jam", "pukul", "year"} {
		if token.EqualFold(text[b:e], w) {
			return true
		}
	}
	year := digitsEnd(text, at, len(text)) == at+4 && (text[at] == '1' && text[at+1] == '9' || text[at] == '2' && text[at+1] == '0')
	return year && (token.EqualFold(text[b:e], "dari") || token.EqualFold(text[b:e], "from"))
}

package secret

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Most is how many secrets one word can lead to.
const Most = 6

// longest is how many bytes of a piece are looked at: no secret is so long, and some texts have no space in them.
const longest = 96

// piece is a run of signs without a space, without the quotes around it and the punctuation behind it.
type piece struct {
	start, end int
	quoted     bool // between quotes: then it may have spaces
	stop       bool // a sentence or a clause ends behind it
	named      bool // a colon follows: it says what comes
}

// quotes are the signs that may stand around a secret, and what closes them.
var quotes = [...][2]string{{"\"", "\""}, {"`", "`"}, {"«", "»"}, {"“", "”"}, {"'", "'"}, {"‘", "’"}}

// next reads the piece at or after p.
func next(text []byte, p, limit int) (w piece) {
	for p < limit && (text[p] == ' ' || text[p] == '\t' || text[p] == '(' || text[p] == '|') {
		p++
	}
	for _, q := range quotes {
		if bytes.HasPrefix(text[p:limit], []byte(q[0])) {
			from := p + len(q[0])
			if n := bytes.Index(text[from:min(limit, from+48)], []byte(q[1])); n > 3 && text[from] != ' ' {
				return piece{start: from, end: from + n, quoted: true, stop: true}
			}
			p = from
			break
		}
	}
	w.start = p
	for p < limit && p-w.start < longest && text[p] > ' ' && text[p] != '"' && text[p] != '`' {
		p++
	}
	w.end = p
	for w.end > w.start {
		switch c := text[w.end-1]; {
		case c == '.' || c == ',' || c == ')' || c == ';' || c == '?' || c == '\'':
			w.end--
			w.stop = true
			continue
		case c == ':' || c == '=':
			w.end--
			w.named = true
			continue
		case w.end-w.start > 2 && c == 0x94 && text[w.end-2] == 0x80: // a dash
			w.end -= 3
			w.stop = true
			continue
		}
		break
	}
	w.stop = w.stop || p >= limit || bytes.HasPrefix(text[p:limit], []byte(" —")) || bytes.HasPrefix(text[p:limit], []byte(" (")) || bytes.HasPrefix(text[p:limit], []byte(" ;"))
	return w
}

// previous reads the piece that ends at or before p.
func previous(text []byte, p, lo int) (w piece) {
	for p > lo && (text[p-1] == ' ' || text[p-1] == '(' || text[p-1] == '<' || text[p-1] == '-' || text[p-1] == 0x94 || text[p-1] == 0x80 || text[p-1] == 0xe2) {
		p--
	}
	for _, q := range quotes {
		if bytes.HasSuffix(text[lo:p], []byte(q[1])) {
			to := p - len(q[1])
			from := max(lo, to-48)
			if n := bytes.LastIndex(text[from:to], []byte(q[0])); n >= 0 && to-from-n-len(q[0]) > 3 {
				return piece{start: from + n + len(q[0]), end: to, quoted: true, stop: true}
			}
			break
		}
	}
	w.end = p
	for p > lo && w.end-p < longest && text[p-1] > ' ' && text[p-1] != '"' && text[p-1] != '(' {
		p--
	}
	w.start = p
	for w.end > w.start && (text[w.end-1] == '.' || text[w.end-1] == ',' || text[w.end-1] == ')' || text[w.end-1] == ';' || text[w.end-1] == '?' || text[w.end-1] == ':' || text[w.end-1] == '!') {
		w.end--
		w.stop = true
	}
	return w
}

// grade is how much a piece looks like a secret: 3 as only secrets do, 2 a row of digits, 1 a word that nobody knows, 0 not.
func (r Reader) grade(text []byte, w piece) int {
	b := text[w.start:w.end]
	n := len(b)
	if n < 4 || n > 40 || w.named || linked(b) || numbered(b) {
		return 0
	}
	upper, small, digits, inner, changes, high := 0, 0, 0, 0, 0, 0
	for i, c := range b {
		switch {
		case token.IsUpper(c):
			upper++
			if i > 0 && token.IsLetter(b[i-1]) && !token.IsUpper(b[i-1]) {
				changes++
			}
		case token.IsLetter(c):
			small++
		case token.IsDigit(c):
			digits++
		case c >= 0x80:
			high++
		case c == '/' || c == '\\' || c == '<' || c == '>' || c == ',' || c == ':' || c == '|' || c == '~' || c == '=' || c == '(' || c == ' ' && !w.quoted:
			return 0
		case c != ' ' && (i < n-1 || c == '!' || c == '#' || c == '_' || c == '@' || c == '$' || c == '*'):
			inner++
		}
	}
	letters := upper + small
	switch {
	case letters == 0 && inner == 0 && digits == n:
		return 2
	case letters == 0:
		return 0
	case digits > 0 && small > 0 && letters >= 2 && (n >= 6 || upper > 0), digits > 0 && upper > 0 && inner > 0 && letters >= 2 && n >= 6:
		return 3
	case inner > 0 && small > 1 && n >= 6 && !hyphened(b) && high == 0:
		return 3
	case changes > 0 && small > 2 && n >= 8:
		return 3
	case w.quoted && digits == 0 && r.announced(text, w):
		return 0
	case w.quoted && n >= 5 && digits+high == 0 && (inner == 0 || hyphened(b)):
		return 1
	case digits+inner+high == 0 && n >= 5 && !r.ordinary(text, w.start, w.end):
		return 1
	}
	return 0
}

// announced reports whether what stands in quotes is a message or a hint rather than a secret: tertulis "wajib diisi", hint "makanan".
func (r Reader) announced(text []byte, w piece) bool {
	for q := w.start; q < w.end; {
		e := min(token.WordEnd(text, q), w.end)
		if e > q && r.Dict.Cues(r.Dict.Find(text, q, e))&(word.Wrong|word.Never|word.Password) != 0 {
			return true
		}
		q = max(e, q+1)
	}
	return token.Among(text, w.start-1, 3, "hint", "hintnya", "clue", "petunjuk", "petunjuknya", "pesan", "pesannya", "muncul", "keluar", "notif", "error", "says", "message", "reads", "tulisan", "tulisannya")
}

// numbered reports whether the piece is a word with a count or a unit that only lacks its space: 3x, 10rb, lantai2, no12.
func numbered(b []byte) bool {
	if token.EqualFold(b, "base64") || token.EqualFold(b, "sha256") || token.EqualFold(b, "utf-8") {
		return true
	}
	if token.EqualFold(b, "sandian") || token.EqualFold(b, "sandi-sandian") {
		return true
	}
	if n := len(b); n > 6 && b[n-4] == '2' && token.EqualFold(b[n-3:], "nya") {
		return true // dua2nya
	}
	i := 0
	for i < len(b) && token.IsDigit(b[i]) {
		i++
	}
	if i > 0 && i < len(b) && len(b)-i <= 5 {
		var room [5]byte
		for k, c := range b[i:] {
			room[k] = token.Lower(c)
		}
		switch string(room[:len(b)-i]) {
		case "x", "rb", "ribu", "jt", "juta", "jam", "menit", "hari", "bulan", "tahun", "th", "kg", "gb", "mb", "mbps", "kali", "ghz", "digit", "am", "pm", "st", "nd", "rd", "th.":
			return true
		}
	}
	return false
}

// hyphened reports whether the only signs are hyphens between words, as in e-mail, anak-anak, sign-in.
func hyphened(b []byte) bool {
	for _, c := range b {
		if !token.IsLetter(c) && c != '-' && c != '\'' {
			return false
		}
	}
	return true
}

// ordinary reports whether a word of letters is one of sentences, by the dictionary, by a list and by how such words are built.
func (r Reader) ordinary(text []byte, start, end int) bool {
	w := text[start:end]
	if r.Dict.Find(text, start, end) != 0 || thing(w) || ruled(w) || general(w) {
		return true
	}
	var room [16]byte
	if len(w) > len(room) {
		return false
	}
	for i, c := range w {
		room[i] = token.Lower(c)
	}
	b := room[:len(w)]
	n := len(b)
	ends := func(list ...string) bool {
		for _, s := range list {
			if n >= len(s)+3 && string(b[n-len(s):]) == s {
				return true
			}
		}
		return false
	}
	begins := func(list ...string) bool {
		for _, s := range list {
			if n >= len(s)+4 && string(b[:len(s)]) == s {
				return true
			}
		}
		return false
	}
	return ends("nya", "kan", "ing", "tion", "sion", "ment", "able", "ible", "ed", "ly", "ity", "ance", "ence", "ous", "ive", "asi", "isi", "itas", "isme", "ful", "less", "ness") || begins("di", "me", "ber", "ter", "pe", "ke", "se", "mem", "nge", "ny") && ends("an", "i", "in", "ng", "h", "t", "p", "k", "r", "l") || common[string(b)]
}

var common = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range bytes.Fields([]byte(`online offline awal akhir pertama kedua utama cadangan anak tetangga karyawan pegawai murid siswa guru teman temen kawan pacar mantan orang keluarga kakak adik
		always never again works working doesn't isn't don't can't won't field page box prompt screen policy reset manager rules hint hints empty strong only keeps still there here just also been into after before until because about
		sering selalu padahal kemudian langsung malah bahkan mungkin entah memang sendiri sudahlah pokoknya maksud maksudnya rahasia aman kuat mudah susah sulit gampang panjang pendek kosong rusak error aneh
		hanya semua setiap antara tanpa sampai hingga sebelum sesudah setelah ketika waktu saat lewat melalui punya milik teknisi kasir pemilik penghuni pelanggan nasabah peserta
		aplikasi perangkat komputer browser telepon android iphone windows google facebook instagram whatsapp telegram twitter mobile banking rekening layanan halaman kolom tombol layar pesan surel kotak folder berkas
		abdi mah teh nih ieu eta ning jare wingi saiki iki kuwi aye ane ambo denai kula kulo sampeyan panjenengan hilang ingat inget hafal apal
		waduh aduh haduh walah astaga entah entahlah sepertinya kelupaan yaampun mohon maaf sebentar bentar tunggu gimana anu makasih terimakasih alhamdulillah astaghfirullah
		kapital numerik simbol token login gagal masuk sukses berhasil ditolak bocor lemah benar keliru kliru bawaan default pabrik admin tamu guest otomatis manual tulis ketik isi klik pilih tekan`)) {
		m[string(w)] = true
	}
	return m
}()

// verb reports whether a word says that somebody types or gives what follows, or that the two are the same.
func verb(w []byte) bool {
	var room [14]byte
	if len(w) > len(room) {
		return false
	}
	for i, c := range w {
		room[i] = token.Lower(c)
	}
	switch string(room[:len(w)]) {
	case "ketik", "ngetik", "diketik", "isi", "diisi", "ngisi", "masukin", "masukkan", "masukan", "masupin", "pakai", "pake", "pakenya", "memakai", "gunakan", "coba", "nyoba", "cobain", "taknggo", "nganggo", "jawab", "type", "typed", "enter", "entered", "use", "used", "using", "tried", "put",
		"adalah", "is", "was", "yaitu", "ialah", "itu", "as", "jadi", "menjadi", "key", "kunci", "benar", "bener", "bnr", "leres", "betul", "kubikin", "kubuat", "kuketik", "kuisi", "kupakai", "pass", "bukanya", "dibuka", "kebuka", "berarti", "kan", "to", "ke":
		return true
	}
	return false
}

// joins reports whether a word may stand between two secrets of one kind.
func joins(w []byte) bool {
	var room [12]byte
	if len(w) > len(room) {
		return false
	}
	for i, c := range w {
		room[i] = token.Lower(c)
	}
	switch string(room[:len(w)]) {
	case "dari", "ke", "jadi", "menjadi", "atau", "atw", "ato", "sama", "dan", "terus", "trus", "lalu", "kemudian", "ganti", "diganti", "diubah", "ubah", "baru", "lama", "yang", "yg", "bukan", "melainkan", "dulu", "sekarang", "skrg", "mungkin", "kalau", "kalo", "juga", "lagi", "tapi", "tetapi", "salah",
		"or", "and", "to", "then", "changed", "but", "it", "i", "was", "is", "now", "new", "not", "password", "pw", "sandi", "coba", "sesudah", "sebelum", "harusnya", "seharusnya", "mestinya", "should", "be", "instead",
		"kubuat", "mau", "trs", "dibuat", "buat", "kubikin", "bikin", "dibikin", "kuganti", "gantinya", "tak", "made", "became", "versi", "lamanya", "barunya", "kemarin", "yesterday", "today":
		return true
	}
	return false
}

// more adds the secrets that are joined to one, on its line and to the right: dari X menjadi Y, X, Y dan Z.
func (r Reader) more(found []Found, text []byte, limit int) []Found {
	if len(found) == 0 || len(found) == cap(found) {
		return found
	}
	first := found[0]
	like := r.grade(text, piece{start: first.Start, end: first.End})
	p := first.End
	joined := 0
	for words := 0; words < 8 && p < limit && len(found) < cap(found); words++ {
		if p < limit && (text[p] == '"' || text[p] == '\'' || text[p] == '`') && p == first.End {
			p++
		}
		comma := p < limit && (text[p] == ',' || text[p] == ';' || text[p] == '/')
		for p < limit && (text[p] == ',' || text[p] == ';' || text[p] == '/' || text[p] == '.' && comma) {
			p++
		}
		w := next(text, p, limit)
		if w.end <= w.start {
			return found
		}
		g := r.grade(text, w)
		switch {
		case joins(text[w.start:w.end]):
			joined++
		case g > 0 && (joined > 0 || comma) && (g == 3 && like == 3 || g == like && g < 3 && w.end-w.start == first.End-first.Start):
			found = append(found, Found{Start: w.start, End: w.end, Weak: g < 3})
			first, joined, words = found[len(found)-1], 0, 0
		case joined > 0 && thing(text[w.start:w.end]):
		default:
			return found
		}
		p = w.end
	}
	return found
}

// aside reads secrets that stand apart from the word for one, on either side of it: a piece as only secrets are, or one in quotes.
func (r Reader) aside(found []Found, text []byte, t, line int) ([]Found, int) {
	lo, hi := r.List.Said(r.Dict, text, line), int(r.List.Lines[line].End)
	start, end := int(r.List.Tokens[t].Start), int(r.List.Tokens[t].End)
	lo, hi = max(lo, start-140), min(hi, end+140)
	cost := 0
	if w := previous(text, start, lo); !w.stop && token.EqualFold(text[w.start:w.end], "kata") {
		start = w.start
	}
	p, said := start, false
	for words := 0; words < 10 && p > lo; words++ {
		w := previous(text, p, lo)
		if w.end <= w.start {
			break
		}
		cost += p - w.start
		is := text[w.start:w.end]
		g := r.grade(text, w)
		if g == 3 && (words == 0 || said || words > 0 && typedBefore(text, w.start, lo)) || g > 0 && w.quoted && words < 6 || g > 0 && g < 3 && said && words <= 2 && w.stop && (w.start == lo || w.start > lo+2 && text[w.start-2] == ':') || g == 1 && words == 0 && token.EqualFold(text[end-3:end], "nya") && apart(text, w, lo) {
			found = append(found, Found{Start: w.start, End: w.end, Weak: g < 3})
			for len(found) < cap(found) { // X atau Y kata sandinya
				v := previous(text, w.start, lo)
				if v.end > v.start && joins(text[v.start:v.end]) {
					v = previous(text, v.start, lo)
				} else if !v.stop {
					break
				}
				if v.end <= v.start || r.grade(text, v) != 3 {
					break
				}
				found = append(found, Found{Start: v.start, End: v.end})
				w = v
			}
			return found, cost
		}
		if w.stop && words > 0 && w.end < len(text) && text[w.end] != ',' && text[w.end] != ')' {
			break
		}
		said = said || verb(is)
		p = w.start
	}
	p, said = end, false
	if p < hi && text[p] == ',' { // sandinya, …
		p++
	}
	corrected := false
	for typed, words := false, 0; words < 9 && p < hi; words++ {
		w := next(text, p, hi)
		if w.end <= w.start {
			break
		}
		cost += w.end - p
		is := text[w.start:w.end]
		if wrong := w.stop && token.OneOf(is, "salah", "keliru", "wrong"); wrong { // sandi tadi salah, yang benar …
			corrected = true
		} else if general(is) || ruled(is) || asks(is) || text[end] == ',' && named(is) {
			break
		}
		g := r.grade(text, w)
		if corrected && !said {
			g = 0
		}
		if g == 3 && (said || words < 4 || w.end < hi && text[w.end] == ',') || g > 0 && w.quoted && words < 7 || g == 2 && typed && (w.end-w.start == 6 || w.end-w.start == 8) {
			return append(found, Found{Start: w.start, End: w.end, Weak: g < 3}), cost
		}
		typed = token.OneOf(is, "coba", "nyoba", "cobain", "ketik", "pakai", "pake", "masukin", "masukkan", "isi", "tried", "typed", "entered")
		said = said || verb(is) || w.named
		p = w.end
		for p < hi && text[p] > ' ' {
			p++
		}
	}
	return found, cost
}

// apart reports whether a long word that nobody knows begins a clause, so that it is what the word behind it speaks of: …, gakjadilagi sandinya.
func apart(text []byte, w piece, lo int) bool {
	is := text[w.start:w.end]
	n := len(is)
	return n > 8 && hyphened(is) && is[n-1] != '-' && !token.EqualFold(is[n-2:], "in") && !token.EqualFold(is[n-2:], "kn") && (w.start == lo || w.start > lo+2 && (text[w.start-2] == ',' || text[w.start-2] == '.' || text[w.start-2] == ':'))
}

// typedBefore reports whether one of the two words before the place says that somebody types or gives what follows.
func typedBefore(text []byte, at, lo int) bool {
	for range 2 {
		w := previous(text, at, lo)
		if w.end <= w.start || w.stop {
			return false
		}
		if verb(text[w.start:w.end]) {
			return true
		}
		at = w.start
	}
	return false
}

// plain reads a secret that is a word which nobody knows, right behind the word for one and whose it is: sandi rafliganteng kena hack.
func (r Reader) plain(text []byte, t, line int) (found Found, cost int) {
	lo, hi := int(r.List.Lines[line].Start), int(r.List.Lines[line].End)
	if b := previous(text, int(r.List.Tokens[t].Start), lo); b.end > b.start && asks(text[b.start:b.end]) {
		return found, 8
	}
	p, owned := int(r.List.Tokens[t].End), false
	explicit := p >= 3 && token.EqualFold(text[p-3:p], "nya")
	for words := 0; words < 5 && p < hi; words++ {
		if text[p] == '?' || text[p] == ',' && words == 0 {
			return found, cost
		}
		for p < hi && (text[p] == ' ' || text[p] == ':' || text[p] == '=' || text[p] == '-') {
			explicit = explicit || text[p] == ':' || text[p] == '='
			p++
		}
		w := next(text, p, hi)
		if w.end <= w.start {
			return found, cost
		}
		cost += w.end - w.start
		is := text[w.start:w.end]
		en := r.Dict.Entry(r.Dict.Find(text, w.start, min(token.WordEnd(text, w.start), w.end)))
		switch {
		case token.OneOf(is, "apa", "apaan", "what") && words > 0: // sandi wifinya apa ya? … kan?
			return r.guessed(text, w.end, hi)
		case en.Cues&(word.Wrong|word.Never) != 0 || ruled(is) || general(is) || asks(is):
			return found, cost
		case w.named && words < 4: // sandi wifi lobi: …
			explicit = true
		case preposition(is):
			return found, cost
		case owner(is):
			owned = true
		case verb(is):
			explicit = true
		case asked(text, w.end, hi):
		case r.grade(text, w) < 2 && w.end-w.start < 9 && !w.stop && words < 4 && lengthy(text, w.end, hi): // pass gdrive skripsi gw …
		case r.grade(text, w) == 1 && token.WordEnd(text, w.start) >= w.end:
			n := w.end - w.start
			explicit = explicit || shouted(text[w.start:w.end])
			if explicit && n >= 5 && (w.stop || n >= 8 || praised(text, w.end, hi)) || n >= 9 || n >= 7 && (w.stop || praised(text, w.end, hi)) && (owned || words == 0) {
				return Found{Start: w.start, End: w.end, Weak: true}, cost
			}
			return found, cost
		case thing(is) || en.Cues&word.Stop != 0 || en.Part == word.Filler, token.OneOf(is, "hari", "minggu", "bulan", "tamu", "pasien", "today"):
		default:
			return found, cost
		}
		if w.stop && (w.end >= hi || text[w.end] != ':') {
			return found, cost
		}
		p = w.end
	}
	return found, cost
}

// lengthy reports whether one of the next three words is longer than words are.
func lengthy(text []byte, p, hi int) bool {
	for range 3 {
		w := next(text, p, hi)
		if w.end-w.start >= 13 && hyphened(text[w.start:w.end]) {
			return true
		}
		if w.end <= w.start || w.stop {
			return false
		}
		p = w.end
	}
	return false
}

// asked reports whether the word at the place asks what something is.
func asked(text []byte, p, hi int) bool {
	w := next(text, p, hi)
	return token.OneOf(text[w.start:w.end], "apa", "apaan")
}

// shouted reports whether all letters are capitals.
func shouted(w []byte) bool {
	for _, c := range w {
		if !token.IsUpper(c) {
			return false
		}
	}
	return len(w) > 4
}

// guessed reads a secret that is guessed at, after the question what it is: apaan? sehatselalu kan?
func (r Reader) guessed(text []byte, p, hi int) (found Found, cost int) {
	for range 4 {
		for p < hi && (text[p] == '?' || text[p] == ',' || text[p] == ' ') {
			p++
		}
		w := next(text, p, hi)
		if w.end <= w.start {
			return found, cost
		}
		cost += w.end - w.start
		after := next(text, w.end, hi)
		if g := r.grade(text, w); g == 3 || g == 1 && w.end-w.start > 5 && token.OneOf(text[after.start:after.end], "kan", "bukan", "ya", "yah", "right", "bener", "betul") {
			return Found{Start: w.start, End: w.end, Weak: g < 3}, cost
		}
		if is := text[w.start:w.end]; !verb(is) && !token.OneOf(is, "ya", "yah", "sih", "yang", "yg", "bukannya", "bukan", "kak", "min", "mbak", "mas", "itu", "isn't", "it") {
			return found, cost
		}
		p = w.end
	}
	return found, cost
}

// owner reports whether a word says whose it is.
func owner(w []byte) bool {
	for _, s := range [...]string{"saya", "aku", "gue", "gua", "gw", "sy", "ku", "abdi", "kula", "kulo", "ambo", "aye", "my", "nya", "mah", "itu", "iku", "kuwi", "teh", "sa", "tiang"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// preposition reports whether a word says where something is, and so no secret: sandi wifi di resepsionis.
func preposition(w []byte) bool {
	for _, s := range [...]string{"di", "untuk", "buat", "dari", "oleh", "via", "lewat", "in", "at", "on", "by", "for", "of", "from", "with", "dengan"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// asks reports whether a word shows that a secret is spoken of which nobody gives: lupa password, reset password.
func asks(w []byte) bool {
	for _, s := range [...]string{"lupa", "reset", "ganti", "ubah", "minta", "tanya", "kirim", "forgot", "forgotten", "change", "petunjuk", "petunjuknya", "hint", "clue", "boleh", "tanpa", "apa", "salah", "wrong", "kolom", "field", "buat", "cara", "reset-password", "hapus", "tambah", "simpan", "gabungan"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// praised reports whether what follows is said of a secret that was just given: huruf kecil semua, ya, kok salah.
func praised(text []byte, p, hi int) bool {
	w := next(text, p, hi)
	for _, s := range [...]string{"huruf", "semua", "kecil", "besar", "ya", "kok", "tolong", "tlg", "min", "kak", "mas", "mbak", "bang", "dong", "tapi", "kena", "dihack", "udah", "dah", "all", "lower", "lowercase", "capital", "bukan", "not", "but", "masih", "gagal", "ditolak", "salah", "invalid", "disambung", "nyambung", "pakai", "pake", "no", "tanpa", "without", "jangan", "naha", "kenapa", "kan", "doang", "aja", "saja", "nya"} {
		if token.EqualFold(text[w.start:w.end], s) {
			return true
		}
	}
	return false
}

// answered reads a secret at the beginning of the turn after the question for it.
func (r Reader) answered(text []byte, line int) (found Found, cost int) {
	l := line + 1
	if l >= len(r.List.Lines) || r.List.Lines[l].End == r.List.Lines[l].Start {
		return found, 0
	}
	end := int(r.List.Lines[line].End)
	asked, said, lost := end > 0 && text[end-1] == '?', false, false
	p, hi := r.List.Said(r.Dict, text, l), int(r.List.Lines[l].End)
	for words := 0; words < 8 && p < hi; words++ {
		for p < hi && (text[p] == ',' || text[p] == '.' || text[p] == ' ' || text[p] == ':') {
			p++
		}
		w := next(text, p, hi)
		if w.end <= w.start {
			return found, cost
		}
		cost += w.end - w.start
		en := r.Dict.Entry(r.Dict.Find(text, w.start, min(token.WordEnd(text, w.start), w.end)))
		is := text[w.start:w.end]
		switch g := r.grade(text, w); {
		case lost && !(g == 1 && w.stop && text[w.start-2] == '.'):
		case g == 3 && (asked || words == 0 || said), g == 1 && w.end-w.start >= 5 && asked && (w.stop || praised(text, w.end, hi)) && token.WordEnd(text, w.start) == w.end && !token.IsUpper(text[w.start+1]):
			return Found{Start: w.start, End: w.end, Weak: g < 3}, cost
		case en.Cues&(word.Wrong|word.Email|word.Phone) != 0 || asks(is):
			return found, cost
		case g == 1 && asked && words > 0 && w.stop && w.end-w.start > 8 && text[w.start-2] == '.':
			return Found{Start: w.start, End: w.end, Weak: true}, cost // malu saya. cantikkalikau.
		case en.Cues&(word.Stop|word.Ack) != 0, en.Part == word.Filler, verb(is), thing(is), token.OneOf(is, "it's", "too", "late", "oh"):
		case asked && g < 2 && hyphened(is): // only a sentence of its own may be one now
			lost = true
		default:
			return found, cost
		}
		said = verb(is) || token.OneOf(is, "it's")
		p = w.end
	}
	return found, cost
}

// whole reads what fills the rest of a line that begins with the word for a secret and a colon: Pass: bibit unggul 2025.
func (r Reader) whole(text []byte, t, line int) (found Found) {
	l := &r.List.Lines[line]
	if s := l.Start; t > int(l.From)+1 || int(r.List.Tokens[t].Start)-int(s) > 16 {
		return found
	}
	p := int(r.List.Tokens[t].End)
	for p < int(l.End) && text[p] == ' ' {
		p++
	}
	if p >= int(l.End) || text[p] != ':' && text[p] != '=' || line == 0 && len(r.List.Lines) == 1 {
		return found
	}
	for p++; p < int(l.End) && text[p] == ' '; p++ {
	}
	end := int(l.End)
	for end > p && (text[end-1] == ' ' || text[end-1] == '\r') {
		end--
	}
	spaces := bytes.Count(text[p:end], []byte(" "))
	if end-p < 6 || end-p > 40 || spaces == 0 || spaces > 5 || bytes.ContainsAny(text[p:end], "?,|;:/()") || text[end-1] == '.' {
		return found
	}
	for q := p; q < end; { // a sentence is none
		e := token.WordEnd(text, q)
		if e > q && r.Dict.Cues(r.Dict.Find(text, q, min(e, end)))&(word.Stop|word.Ack|word.Wrong) != 0 {
			return found
		}
		q = max(e, q+1)
	}
	return Found{Start: p, End: end, Weak: true}
}

// Typed reads a piece as only secrets are, which holds the signs from start to end, where somebody types it in to get in, with no word for a
// secret: wifi warung pake kopipait99; or where it stands behind a name of a user and a slash: root / N4siUduk!
func (r Reader) Typed(dst []Found, text []byte, start, end, lo, hi int) []Found {
	for start > lo && text[start-1] > ' ' && text[start-1] != '"' && text[start-1] != '(' && text[start-1] != '`' {
		start--
	}
	w := next(text, start, hi)
	if w.start != start || w.end < end || r.grade(text, w) != 3 || modelled(text[w.start:w.end]) {
		return dst
	}
	b := previous(text, start, lo)
	is := text[b.start:b.end]
	if !b.stop && token.OneOf(is, "aja", "saja", "yang", "yg", "itu") { // pakai aja …
		b = previous(text, b.start, lo)
		is = text[b.start:b.end]
	}
	p := start
	for p > lo && text[p-1] == ' ' {
		p--
	}
	switch {
	case p > lo && text[p-1] == '/' && p < start: // root / …
		for p--; p > lo && text[p-1] == ' '; p-- {
		}
		u := previous(text, p, lo)
		if v := previous(text, u.start, lo); !token.OneOf(text[v.start:v.end], "user", "username", "login", "id", "pake", "pakai", "wifi", "ssid", "akun", "masuk") && !token.OneOf(text[u.start:u.end], "root", "admin", "administrator", "user", "operator", "superadmin") {
			return dst
		}
	case b.stop || !token.OneOf(is, "ketik", "ngetik", "diketik", "isi", "masukin", "masukkan", "masupin", "pakai", "pake", "coba", "nyoba", "cobain", "trus", "taknggo", "nganggo", "jawab", "type", "typed", "enter", "entered", "tried", "key", "bukanya", "dengan") || !gated(text, max(lo, start-110), min(hi, w.end+70)):
		return dst
	}
	return r.more(append(dst, Found{Start: w.start, End: w.end}), text, hi)
}

// modelled reports whether a piece is rather the name of a thing: a word with a capital and one or two digits, Redmi9, Windows11.
func modelled(b []byte) bool {
	i := 0
	for i < len(b) && token.IsLetter(b[i]) {
		i++
	}
	return token.IsUpper(b[0]) && i > 1 && len(b)-i <= 2 && !token.IsUpper(b[1])
}

// gated reports whether the text speaks of getting in somewhere.
func gated(text []byte, p, hi int) bool {
	for p < hi {
		e := min(token.WordEnd(text, p), hi)
		if e > p && token.OneOf(text[p:e], "wifi", "login", "masuk", "masuknya", "mlebu", "kunci", "dikunci", "terkunci", "sandi", "password", "akun", "zip", "rar", "pdf", "ssid", "kebuka", "buka", "hotspot", "router", "modem", "account", "unlock", "locked", "log", "sign", "nyambung", "konek", "tamu", "spasi") {
			return true
		}
		p = max(e, p+1)
	}
	return false
}

// Shared reports whether the word for a key is that of a network, which is a password: wpa key, kunci wifi.
func Shared(text []byte, start, end int) bool {
	w := previous(text, start, max(0, start-16))
	if !w.stop && token.OneOf(text[w.start:w.end], "shared", "wpa", "wpa2", "wifi", "network", "security", "preshared", "pre-shared", "hotspot") {
		return true
	}
	if !w.stop && token.EqualFold(text[w.start:w.end], "kata") {
		if b := next(text, end, min(len(text), end+24)); token.OneOf(text[b.start:b.end], "pencarian", "iklan", "utama", "artikel", "google", "produk", "jurnal", "search") {
			return false // a word to look for
		}
		return true
	}
	if p := end; p+2 < len(text) && (text[p] == ':' || text[p] == ' ' && text[p+1] == '=') && gated(text, max(0, start-60), start) {
		return true // wifi cabang = …, key = …
	}
	n := next(text, end, min(len(text), end+12))
	return token.OneOf(text[n.start:n.end], "wifi", "hotspot") && (n.start == end+1)
}

// Pair reads a secret that follows an address of mail behind a colon or a slash.
func (r Reader) Pair(text []byte, end, hi int) (found Found) {
	p := end
	for p < hi && text[p] == ' ' && p-end < 2 {
		p++
	}
	if p >= hi || text[p] != ':' && text[p] != '/' && text[p] != '|' || text[p] == ':' && p > end {
		return found
	}
	colon := text[p] == ':'
	for p++; p < hi && text[p] == ' '; p++ {
		if colon {
			return found
		}
	}
	if w := next(text, p, hi); w.end > w.start && r.grade(text, w) == 3 {
		found = Found{Start: w.start, End: w.end}
	}
	return found
}

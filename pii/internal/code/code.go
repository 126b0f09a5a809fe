// Package code tells whether a short number, or a short piece of letters and digits, is a secret: a code that was sent to
// somebody, the PIN of a card or a door, the check value of a card.
//
// Where a word like "OTP" or "PIN" stands beside a number there is little to ask, and the scanner does that. But mostly people say
// "the code": kode yang masuk tadi, 6 digit yang dikirim ke wa, the code they texted me. Then one word proves nothing, and what stands
// around it is weighed: that a code was sent or came, was typed in, was refused, must not be given away, how many digits it has,
// where it came from; against it, that it is the code of a thing (kode promo, kode pos, kode barang) or that the number is a piece of
// another one. A point more or less is written beside each kind of word, so that a new word needs no new rule.
//
// Reading looks at a dozen words before the number and eight after it, on its line. It keeps nothing.
package code

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Kind is what a number was taken for.
type Kind uint8

// The kinds.
const (
	None Kind = iota
	PIN
	OTP
	CVV
)

// Number is what is asked about.
type Number struct {
	Start, End int
	Line       int
	Digits     int
	Apart      bool // written digit by digit
	Spoken     bool
	Lettered   bool // a piece of letters and digits
	Asked      word.Cue
	Card       bool // a card's number was found before it
}

// Reader reads the words around numbers.
type Reader struct {
	Dict *word.Dictionary
	List *token.List
}

// role is what a word says about a number near it.
type role uint32

const (
	named   role = 1 << iota // kode, code
	purpose                  // what a secret code is for
	came                     // that it was sent, or has come
	typed                    // that somebody typed it in
	refused                  // that it was refused, or has ended
	hushed                   // that it is given away, or must not be
	source                   // what it comes through
	digits                   // angka, digit
	back                     // where the three digits stand
	card
	expiry
	lock
	thing // what has codes that are no secrets, and numbers of its own
	tail  // the last digits of something
	once  // sekali pakai, one time
	device
	guard  // keamanan: of a card it is the check value
	amex   // its check value has four digits
	opens  // what opens a lock
	claims // that something is reported by it
	hidden // that it is secret
	counts // nomor, angka
	shut   // what is shut by a number that its owner chose
)

var roles = func() map[string]role {
	m := map[string]role{}
	for _, l := range [...]struct {
		role  role
		words string
	}{
		{named, "kode kodenya code codes kd kodene kodenye"},
		{purpose, "verifikasi verification verif verify aktivasi activation aktifasi konfirmasi confirmation otentikasi autentikasi authentication rahasia login signin akses access pairing 2fa mfa tac validasi pemulihan recovery cadangan backup penarikan tarik sign"},
		{came, "masuk masuknya rauh dugi rawuh mlebu lebet dikirimin kekirim dikirim dikirimi dikirimkan kirim terkirim dapat dapet dpt dapetnya diterima terima nerima menerima nyampe sampe sampai datang dateng muncul keluar barusan brusan tadi td received receive sent send got get arrived came come texted just isinya bunyinya"},
		{typed, "gunakan masuakkan masuakan masukin masukkan masukan dimasukkan dimasukin input diinput isi isikan diisi ketik diketik ngetik tulis entered enter typed type typing put key submit pakai pake use using coba cobain tried"},
		{refused, "gagal ditolak salah expired kadaluarsa kedaluwarsa kadaluwarsa invalid wrong rejected hangus nolak error berlaku kepake valid expires working cepetan buruan"},
		{hushed, "jangan berikan dikasih kasih kasihkan ngasih sebut sebutkan menyebutkan nyebutin bocor bagikan share shared gave give told tell siapa siapapun anyone penipu ditipu pelaku rahasiakan read baca bacakan bacain"},
		{source, "sms wa whatsapp whatsap email mail notif notifikasi telegram tele google gojek grab shopee tokopedia tokped traveloka dana ovo gopay facebook fb instagram ig tiktok apps app aplikasi hp hape message text inbox akun account portal"},
		{digits, "digit digits angko angka angkanya digitnya number numbers"},
		{back, "punggung tukangeun duri blkg blkng blakang mburi tukang baliak belakang belakangnya dibelakang balik baliknya dibalik dibaliknya back signature reverse"},
		{card, "kertu kartu kartunya krtu card kredit credit debit cc visa mastercard jcb"},
		{expiry, "exp expiry expired expires valid thru berlaku"},
		{lock, "layar kamarna kamarnya brankas safe gembok padlock koper loker locker pintu lemari gerbang gate door alarm smartlock keybox lockbox pagar kamar lift"},
		{thing, "tipe type model ukuran motor mobil promo voucher pos postcode postal zip barang produk product booking tiket ticket kupon coupon diskon discount cabang branch area negara country bank toko error eror referral referal kurir rak wilayah kelas mapel bayar pembayaran payment pelanggan warna color colour saham menu etik qr bar batang pajak agen mitra lowongan buku resi order pesanan invoice iklan undangan gudang satker unit rekening norek nik ktp telepon listrik meter polis transaksi trx sort swift routing batch seri serial saldo gaji harga total antrian"},
		{tail, "terakhir akhir last ending akhiran berakhiran ends ujung"},
		{once, "onetime sekali"},
		{guard | purpose, "keamanan security pengaman"},
		{amex | card, "amex american express"},
		{amex, "cid"},
		{opens, "kunci konci kombinasi combination sandi password"},
		{claims, "report reporting lapor melaporkan laporkan"},
		{hidden, "rahasia rahasiaku rahasianya rasia secret"},
		{counts, "nomor nomer nmr no angka angko digit digits"},
		{shut, "layar brankas safe gembok padlock koper keybox lockbox smartlock"},
		{device, "token keybca appli key authenticator mtoken"},
	} {
		for _, w := range bytes.Fields([]byte(l.words)) {
			m[string(w)] |= l.role
		}
	}
	return m
}()

// of is the role of a word, without the ending that speech hangs on it.
func of(w []byte) role {
	var room [16]byte
	if len(w) > len(room) {
		return 0
	}
	for i, c := range w {
		room[i] = token.Lower(c)
	}
	b := room[:len(w)]
	if r, known := roles[string(b)]; known {
		return r
	}
	for _, ending := range [...]string{"nya", "ne", "na", "ku"} {
		if n := len(b) - len(ending); n > 3 && string(b[n:]) == ending {
			return roles[string(b[:n])]
		}
	}
	return 0
}

// around is what the words around a number say together.
type around struct {
	all, before, after role
	code               int  // how many words before the number the word for a code stands; 0: nowhere there
	noun, prior        role // of the words behind it and before it
	next               int  // how many words behind the number it stands; 0: nowhere there
	its                role // of the word behind it
	strange            bool // that word is of no known role, and no function word
	owned              bool // it is spoken of as a secret number
	row                bool // another number stands right before it
	from               bool // the number is one that something comes from
	count              int  // how many digits there are to be
	words              int
	cost               int
}

// step finds the piece of letters and digits before p, over signs.
func step(text []byte, p, lo int) (b, e int) {
	for e = p; e > lo && !token.IsAlnum(text[e-1]) && text[e-1] < 0x80; e-- {
	}
	for b = e; b > lo && e-b < 20 && (token.IsAlnum(text[b-1]) || text[b-1] == '\'' && b-1 > lo && token.IsLetter(text[b-2])); b-- {
	}
	return b, e
}

// counted is the number of digits that a word speaks of: 6, enam, six.
func (r Reader) counted(w []byte) int {
	if len(w) == 1 && token.IsDigit(w[0]) {
		return int(w[0] - '0')
	}
	if en := r.Dict.Entry(r.Dict.Find(w, 0, len(w))); en.Part == word.Digit {
		return int(en.Value)
	}
	return 0
}

// before reads the words before p, at most so many, the nearest first.
func (r Reader) before(a *around, text []byte, p, lo, most int) {
	last, plain := role(0), true // the word that stands behind the one that is read
	for n := 1; n <= most; n++ {
		b, e := step(text, p, lo)
		if b == e {
			return
		}
		if n > 3 && e < p && (text[e] == '.' || text[e] == '?' || text[e] == '!') && e+1 < len(text) && text[e+1] == ' ' {
			return // another sentence
		}
		a.cost += p - b
		w := text[b:e]
		if n > 1 && token.IsDigit(w[0]) && e-b > 2 && last&(named|digits) == 0 {
			return // what stands before another number speaks of that
		}
		is := of(w)
		if token.EqualFold(w, "time") && b > lo+3 && token.EqualFold(text[b-4:b-1], "one") {
			is = once
		}
		if last&digits != 0 {
			if c := r.counted(w); c > 0 {
				a.count = c
			}
		}
		a.row = a.row || n == 1 && token.IsDigit(w[0]) && e-b > 2
		a.from = a.from || n == 1 && (token.EqualFold(w, "dari") || token.EqualFold(w, "from") || token.EqualFold(w, "ke"))
		if is&named != 0 && a.code == 0 {
			a.code = n
			a.noun = last
			a.strange = !plain
		} else if a.code == n-1 {
			a.prior = is
		}
		if n > 8 {
			is &^= back
		}
		if a.code > 0 && a.code < n-1 {
			is &^= thing // it was spoken of before the code was
		}
		a.before |= is
		a.words++
		a.owned = a.owned || is&counts != 0 && last&hidden != 0 || is&hidden != 0 && last&counts != 0
		last = is
		en := r.Dict.Entry(r.Dict.Find(text, b, e))
		plain = is != 0 || binds(w) || en.Cues&(word.Stop|word.Ack|word.Speaker|word.Number) != 0 || en.Part == word.Filler || token.IsDigit(w[0])
		p = b
	}
}

// binds reports whether a word of the regions binds what follows to the word before it: kode nyang, kode nan, kode ne.
func binds(w []byte) bool {
	for _, s := range [...]string{"nyang", "nan", "ne", "na", "sing", "ingkang", "nu", "tu", "mah", "teh", "iku", "niku", "wawu", "barusan", "saking"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// after reads the words after p.
func (r Reader) after(a *around, text []byte, p, hi, most int) {
	for behind := 0; behind < most; {
		b := p
		for b < hi && !token.IsAlnum(text[b]) && text[b] < 0x80 {
			b++
		}
		e := b
		for e < hi && e-b < 20 && token.IsAlnum(text[e]) {
			e++
		}
		if b == e || e-b > 3 && token.IsDigit(text[b]) {
			return
		}
		a.cost += e - p
		is := of(text[b:e])
		if behind++; is&named != 0 && a.next == 0 && behind <= 3 {
			a.next = behind
		} else if a.next > 0 && a.next == behind-1 {
			a.its = is
		}
		a.after |= is &^ thing
		a.words++
		p = e
	}
}

// Read tells what the number is, and how sure that is in points beyond what is needed.
func (r Reader) Read(text []byte, n Number) (kind Kind, sure int, cost int) {
	lo, hi := r.List.Said(r.Dict, text, n.Line), int(r.List.Lines[n.Line].End)
	var a around
	r.before(&a, text, n.Start, lo, 12)
	ahead := a.words
	r.after(&a, text, n.End, hi, 8)
	a.all |= a.before | a.after
	var q around
	if a.words <= 6 || ahead <= 3 || n.Spoken { // an answer
		q = r.asked(text, n)
	}
	cost = a.cost + q.cost
	if n.Digits == 3 && !n.Card && a.before&back != 0 {
		n.Card = faced(text, n.End, hi)
	}
	if points := r.verification(&a, &q, n); points >= 0 {
		return CVV, points, cost
	}
	if a.all&lock != 0 && (a.all&named != 0 || a.all&opens != 0 && n.Digits == 6) && a.all&(thing|came) == 0 && n.Digits >= 4 && n.Digits <= 8 && a.code <= 5 {
		return PIN, 1, cost
	}
	if a.all&shut != 0 && a.before&(shut|opens) == shut|opens && a.all&(thing|came|named) == 0 && n.Digits == 4 {
		return PIN, 0, cost
	}
	if a.owned && a.all&(named|thing|once) == 0 && q.all&named == 0 && (n.Digits == 4 || n.Digits == 6) && a.all&came == 0 {
		return PIN, 0, cost
	}
	if points := r.sent(&a, &q, n); points >= 0 {
		return OTP, points, cost
	}
	return None, 0, cost
}

// faced reports whether the front of the card follows right behind: no belakang 690 depan 4345 …
func faced(text []byte, p, hi int) bool {
	b, e := wordAt(text, p, hi)
	if !token.OneOf(text[b:e], "depan", "depannya", "front") {
		return false
	}
	count := 0
	for hi = min(hi, p+40); p < hi; p++ {
		if token.IsDigit(text[p]) {
			count++
		}
	}
	return count >= 14
}

// asked reads the turn before.
func (r Reader) asked(text []byte, n Number) (q around) {
	if n.Asked&(word.Code|word.Verify) != 0 {
		q.all |= named
	}
	if n.Asked&word.Back != 0 {
		q.all |= back
	}
	if n.Asked&word.Card != 0 {
		q.all |= card
	}
	for l := n.Line - 1; l >= 0 && l >= n.Line-2; l-- {
		if end, start := int(r.List.Lines[l].End), r.List.Said(r.Dict, text, l); end > start {
			r.before(&q, text, end, start, 16)
			q.all |= q.before
			if q.all&(named|back|digits) != 0 {
				break
			}
		}
	}
	return q
}

// Piece reads a piece as codes of letters and digits are: capitals and at least two digits, in at most two groups with a hyphen; small letters only when asked for. It returns
// where it ends and how many signs it has; size 0 for something else.
func Piece(text []byte, start int, small bool) (end, size int) {
	letters, figures, groups := 0, 0, 1
	for end = start; end < len(text) && end-start < 12; end++ {
		switch c := text[end]; {
		case token.IsDigit(c):
			figures++
		case token.IsUpper(c) || small && token.IsLetter(c):
			letters++
		case c == '-' && groups == 1 && end > start && end+1 < len(text) && token.IsAlnum(text[end+1]):
			groups++
		default:
			if token.IsLetter(c) || c == '_' || c == '/' || c == '@' || c >= 0x80 {
				return 0, 0
			}
			if size = letters + figures; letters == 0 || letters > 4 || figures < 2 || size < 5 || size > 9 {
				size = 0
			}
			return end, size
		}
	}
	if size = letters + figures; end < len(text) || letters == 0 || letters > 4 || figures < 2 || size < 5 || size > 9 {
		size = 0
	}
	return end, size
}

// Behind finds the check value of a card whose number ends at the place: … | 11/27 | 662, … exp 11/27 662. Between stand the month and the year
// in which it ends, and signs. It returns 0, 0 when there is none.
func Behind(text []byte, end int) (from, to int) {
	p := Expiry(text, end)
	if p == 0 {
		return 0, 0
	}
	from = gap(text, p)
	for to = from; to < len(text) && token.IsDigit(text[to]); to++ {
	}
	if n := to - from; n != 3 && n != 4 || from == p || to < len(text) && (token.IsAlnum(text[to]) || (text[to] == '.' || text[to] == ',') && to+1 < len(text) && token.IsDigit(text[to+1])) {
		return 0, 0
	}
	return from, to
}

// Expiry returns where the month and the year end that stand right behind the place, as behind the number of a card; 0 when none do.
func Expiry(text []byte, end int) int {
	p := gap(text, end)
	if b, e := wordAt(text, p, min(len(text), p+12)); e > b && token.OneOf(text[b:e], "exp", "valid", "thru", "berlaku", "expired", "ed") {
		p = gap(text, e)
	}
	if p == end || p+4 > len(text) || !token.IsDigit(text[p]) || !token.IsDigit(text[p+1]) || text[p] > '1' || text[p] == '1' && text[p+1] > '2' {
		return 0
	}
	q := gap(text, p+2)
	to := q
	for to < len(text) && token.IsDigit(text[to]) {
		to++
	}
	if n := to - q; n != 2 && (n != 4 || q == p+2) {
		return 0
	}
	return to
}

// gap goes over the signs that stand between two fields.
func gap(text []byte, p int) int {
	for q := p; ; q++ {
		if q >= len(text) || q-p > 3 || text[q] != ' ' && text[q] != '|' && text[q] != '/' && text[q] != ',' && text[q] != ';' && text[q] != '-' && text[q] != '\n' && text[q] != ':' {
			return q
		}
	}
}

// Sibling finds another number of as many digits beside the number from start to end, with nothing between but words that join two values of
// one thing: dari … jadi …, … atau …, old … new …. Before says on which side to look. It returns 0, 0 for none.
func Sibling(text []byte, start, end, lo, hi int, before bool) (from, to int) {
	size := end - start
	p := end
	if before {
		p = start
	}
	for range 6 {
		if before {
			b, e := step(text[:p], p, lo)
			if b == e || p-e > 3 {
				return 0, 0
			}
			if token.IsDigit(text[b]) {
				if e-b == size && number(text, b, e) {
					return b, e
				}
				return 0, 0
			}
			if !joins(text[b:e]) {
				return 0, 0
			}
			p = b
			continue
		}
		b := p
		for b < hi && b-p < 4 && !token.IsAlnum(text[b]) && text[b] < 0x80 {
			b++
		}
		e := b
		for e < hi && e-b < 16 && token.IsAlnum(text[e]) {
			e++
		}
		if b == e || b == p {
			return 0, 0
		}
		if token.IsDigit(text[b]) {
			if e-b == size && number(text, b, e) {
				return b, e
			}
			return 0, 0
		}
		if !joins(text[b:e]) {
			return 0, 0
		}
		p = e
	}
	return 0, 0
}

// number reports whether the piece is all digits, and no amount or part of a longer number.
func number(text []byte, b, e int) bool {
	for _, c := range text[b:e] {
		if !token.IsDigit(c) {
			return false
		}
	}
	around := func(i, j int) bool {
		return i >= 0 && j >= 0 && i < len(text) && j < len(text) && (text[i] == '.' || text[i] == ',' || text[i] == '/' || text[i] == ':' || text[i] == '-') && token.IsDigit(text[j])
	}
	return !around(b-1, b-2) && !around(e, e+1)
}

// joins reports whether a word may stand between two values of one thing.
func joins(w []byte) bool {
	var room [12]byte
	if len(w) > len(room) {
		return false
	}
	for i, c := range w {
		room[i] = token.Lower(c)
	}
	switch string(room[:len(w)]) {
	case "dari", "ke", "jadi", "menjadi", "atau", "atw", "ato", "sama", "dan", "terus", "trus", "lalu", "kemudian", "ganti", "diganti", "diubah", "dirubah", "ubah", "baru", "lama", "yang", "yg", "bukan", "dulu", "sekarang", "skrg",
		"mungkin", "kalo", "gak", "ga", "juga", "saya", "coba", "dicoba", "tapi", "salah", "gagal", "terakhir", "pertama", "kedua", "ketiga", "udah", "sudah", "or", "and", "to", "then", "into", "from", "changed", "maybe", "not", "but", "it", "was", "is",
		"now", "new", "one", "pindah", "dipindah", "pindahkan", "tujuan", "lagi", "malah", "harusnya", "old", "between", "the", "second", "first", "i", "also", "tried", "set", "used", "be", "mau", "karo", "utawa", "sareng", "atanapi", "jeung", "nya", "adalah", "itu", "setelah", "after":
		return true
	}
	return false
}

// points adds what each role that is there counts.
func points(is role, weights ...weight) (sum int) {
	for _, w := range weights {
		if is&w.role != 0 {
			sum += w.points
		}
	}
	return sum
}

type weight struct {
	role   role
	points int
}

// sent weighs whether the number is a code that was sent to somebody; below zero it is none.
func (r Reader) sent(a, q *around, n Number) int {
	if n.Digits < 4 || n.Digits > 8 || (a.noun|a.prior)&thing != 0 && a.code > 0 || a.code == 0 && a.its&thing != 0 || a.all&thing != 0 && a.all&purpose == 0 || q.all&thing != 0 && a.all&named == 0 || a.all&(back|card) == back|card {
		return -1
	}
	sum := -3
	switch is := a.all | q.all; {
	case is&once != 0:
		sum += 7
	case is&device != 0 && (n.Digits == 6 || n.Digits == 8):
		sum += 3
	case is&named != 0:
		sum++
	case a.row: // one of a row of numbers
		return -1
	case a.before&typed != 0 && a.all&purpose != 0 && n.Digits == 6, is&(digits|source) == digits|source, a.all&(source|came) == source|came && !a.from && a.before&(source|came) != 0:
	default:
		return -1
	}
	if a.noun&purpose != 0 && a.code > 0 {
		sum += 2
	} else if a.code == 0 && a.next > 0 && a.its&purpose != 0 {
		sum += 3
	} else if a.all&purpose != 0 && n.Digits == 6 {
		sum++
	}
	if a.code > 1 && a.strange {
		sum -= 3
	}
	if a.code == 1 {
		sum++
	}
	if a.code > 0 && a.prior&refused != 0 && n.Digits != 6 {
		sum -= 3 // gagal, kode 4031
	}
	sum += points(a.all, weight{came, 2}, weight{typed, 1}, weight{hushed, 1}, weight{source, 1}, weight{tail, -1}, weight{claims, -2}) + points(a.before, weight{hushed, 1}) + points(a.after, weight{refused, 1})
	if q.all&(named|digits) != 0 {
		sum += 2 + points(q.all, weight{came, 1}, weight{purpose, 1}, weight{source, 1}, weight{hushed, 1}, weight{tail, -4})
	}
	switch {
	case a.count == n.Digits || q.count == n.Digits:
		sum += 2
	case n.Digits == 6:
		sum++
	}
	if n.Apart {
		sum += 2
	}
	return sum
}

// verification weighs whether the number is the check value of a card; below zero it is none.
func (r Reader) verification(a, q *around, n Number) int {
	is := a.all
	if a.words <= 6 || n.Spoken {
		is |= q.all
	}
	if n.Digits != 3 && (n.Digits != 4 || is&amex == 0) || n.Lettered || a.all&thing != 0 && is&back == 0 {
		return -1
	}
	sum := -4 + points(is, weight{back, 3}, weight{card, 1}, weight{amex, 3}, weight{named, 1}, weight{digits, 1}, weight{expiry, 1}, weight{lock, -4}, weight{came, -1})
	if a.count == n.Digits || q.count == n.Digits {
		sum += 2
	}
	if n.Card {
		sum += 2
	}
	switch {
	case is&guard != 0 && is&(named|digits) != 0:
		sum += 3
	case is&purpose != 0 && is&card != 0:
		sum += 3
	case a.code == 1 && is&expiry != 0:
		sum += 2
	}
	if is&tail != 0 && is&back == 0 {
		sum -= 3
	}
	return sum
}

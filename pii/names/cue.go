package names

import "github.com/amanah-id/amanah/pii/names/internal/tagger"

// Cue is what announces a name.
type Cue uint8

// The cues.
const (
	NoCue      Cue = iota
	OnBehalf       // atas nama, a.n., a/n
	NameIs         // nama saya, nama:, bernama, my name is
	Mother         // nama ibu kandung, mother's maiden name
	Honour         // bapak, ibu, kak, mr
	With           // dengan X, this is X
	Said           // speaking with X
	Self           // saya X
	Greeting       // dear X, hi X, yth. X
	Signature      // the line below "salam" or "regards"
	Speaker        // X: at the beginning of a line
	Role           // penerima, PIC, pengirim
	Kin            // anaknya, sopirnya, my wife
	Living         // tinggal di, alamat, domisili
	Origin         // dari X, from X
	Answer         // the answer to a question for a name
	Spelled        // a word that is spelled beside
	Firm           // PT, toko, bank: what follows is nobody
	FromCaller     // the caller knows the name
	knownTail      // a further word of such a name
)

var cueTexts = [...]string{
	OnBehalf: `after "on behalf of" (atas nama, a.n.)`, NameIs: `after "the name is" (nama saya, bernama)`, Mother: `after "mother's name" (ibu kandung)`,
	Honour: "after a title (bapak, ibu, kak, mr)", With: `after "with" (dengan, this is)`, Said: `after "speaking with"`, Self: `after "I" (saya, aku)`,
	Greeting: "after a greeting (dear, halo, yth.)", Signature: "below the end of a letter (salam, regards)", Speaker: "as the label of a speaker",
	Role: "after a role (penerima, PIC)", Kin: "after somebody's kin or help (anaknya, sopir, my wife)", Living: `after "lives in" (tinggal di, alamat)`, Origin: `after "from" (dari)`, Answer: "in answer to a question for a name",
	Spelled: "spelled letter by letter", Firm: "after a word for a firm (PT, toko)", FromCaller: "known to the caller", knownTail: "",
}

// String says where the name stands.
func (c Cue) String() string {
	if int(c) < len(cueTexts) {
		return cueTexts[c]
	}
	return ""
}

// cue is what the grammar says of one token.
type cue struct {
	Cue
	closed bool // a known name ends before the token
	nobody bool // the token is part of an e-mail address that is said or drawn apart, or of the title of a work
}

// strength is what a cue adds for its kind, in nats: before a word that is on a list of names, before one that is on none and that
// the training did not meet as an ordinary one, and before an ordinary one.
var strength = [...]struct{ listed, unknown, ordinary float64 }{
	OnBehalf: {3, 2.5, 0.5}, NameIs: {2.5, 2, 0.5}, Mother: {3, 2.5, 1}, Honour: {3.5, 2, 0}, With: {1.5, 0, 0}, Said: {2.5, 2, 0},
	Self: {1.5, -0.5, 0}, Greeting: {2, 0.5, 0}, Signature: {2.5, 1.5, 0}, Speaker: {2, 0.5, 0}, Role: {2, 1.5, 0}, Kin: {1.5, 0.75, 0}, Living: {1, 1, 0}, Origin: {0, 1, 0},
	Answer: {3, 2, 0}, Spelled: {4, 4, 2.5}, Firm: {-4, -4, -4}, FromCaller: {12, 12, 12}, knownTail: {12, 12, 12},
}

func (c cue) announces() bool { return c.Cue != NoCue }

// weigh adds what the cue says to the emission of its token. Surname: a family's name follows, so that an ordinary word is one's name.
func (c cue) weigh(e *tagger.Emission, t *tagger.Token, surname bool) {
	if c.closed {
		e[tagger.FirstPerson+1] -= int32(strength[FromCaller].unknown * tagger.Scale)
	}
	if c.Cue == NoCue || !t.Word() && c.Cue != knownTail {
		return
	}
	w := strength[c.Cue].unknown
	switch {
	case t.Known() && !surname:
		w = strength[c.Cue].ordinary
	case t.Class&(tagger.Given|tagger.Family|tagger.Abroad) != 0:
		w = strength[c.Cue].listed
	}
	label := tagger.FirstPerson
	switch c.Cue {
	case Living, Origin:
		label = tagger.FirstPlace
	case knownTail:
		label++
	}
	e[label] += int32(w * tagger.Scale)
}

// word is a word that cues are made of.
type word uint8

const (
	plain word = iota
	wAtas
	wNama
	wA
	wN
	wAn
	wDengan
	wSaya
	wBapak // titles that are also words for "you"
	wTitle // other titles
	wIbu
	wKandung
	wGadis
	wBernama
	wMy
	wName
	wIs
	wThis
	wSpeaking
	wTalking
	wTo
	wWith
	wMother
	wMaiden
	wDear
	wYth
	wRole
	wKin
	wNya // "nya" that is written apart from the word before it
	wSiapa
	wEnd // salam, hormat saya, regards
	wLabel
	wTinggal
	wDi
	wAlamat
	wDari
	wIn
	wLive
	wIni
	wFill // "lengkap", "pemilik", "full": may stand between "nama" and the name
	wFirm
	wShop // a firm that is often called by its owner: what follows a title is nobody either
	wHesitation
	wAt    // as an e-mail address is said
	wDot   // likewise
	wDigit // a digit as it is said
	wLike  // between a letter and a word that begins with it
	wMail  // what follows can be an address as it is said
	wKata
	wSandi
	wParty // who calls: a role, and the label of a speaker
	wHost
	wBorn // TTL: place and date of birth
	wOnly // "aja": may stand between "panggil" and the name
	wWork // a book, a song: what follows between quotation marks is its title
)

func (w word) firm() bool { return w == wFirm || w == wShop }

func (w word) honour() bool { return w == wBapak || w == wTitle || w == wIbu }

var cueWords = func() map[uint32]word {
	out := map[uint32]word{}
	add := func(w word, list ...string) {
		for _, s := range list {
			if h := tagger.HashOf(s); out[h] == plain { // the first of two meanings stays
				out[h] = w
			}
		}
	}
	add(wAtas, "atas")
	add(wNama, "nama", "nm", "nma")
	add(wA, "a")
	add(wN, "n")
	add(wAn, "an")
	add(wDengan, "dengan", "dgn", "dg", "sama", "ama")
	add(wSaya, "saya", "sy", "aku", "gue", "gw", "ane", "abdi", "kulo", "kula", "aye", "ambo", "tiang", "sa", "beta", "saye", "i'm")
	add(wBapak, "bapak", "pak", "bpk", "bp", "kak", "kakak", "kk", "mas", "mbak", "mba", "bang", "abang", "bu", "nak", "dek", "dik", "adik")
	add(wTitle, "sdr", "sdri", "saudara", "saudari", "tuan", "tn", "nyonya", "ny", "nona", "om", "tante", "teh", "teteh", "kang", "akang", "neng", "uda", "uni",
		"bli", "mbok", "daeng", "koh", "ko", "engkoh", "cici", "cik", "ce", "ci", "oom", "opa", "oma", "eyang", "mbah", "ustadz", "ustad", "ustadzah", "gus", "lae", "tulang",
		"mr", "mrs", "ms", "miss", "sir", "madam", "bung",
		"kakek", "nenek", "nek", "mak", "abah", "alm", "almarhum", "almarhumah", "h", "hj", "haji", "hajah", "hajjah", "dr", "drs", "dra", "ir", "prof", "pdt", "dokter", "nn", "kapt", "letkol", "habib", "si", "sus", "suster", "cak", "ning", "pace", "mace", "usi", "inang", "amang",
		"bg", "bro", "sis", "kaka", "ade", "adek", "dok", "ust", "romo", "pastor", "sr", "bhante", "koko", "cece", "lik", "pakde", "bude", "bulik", "encing", "ncing", "encang", "pok", "mpok", "tete", "datuak", "adv",
		"mama", "papa", "bunda", "ayah", "mami", "papi", "bidan", "bripka", "bripda", "briptu", "aipda", "ipda", "iptu", "akp", "kompol", "serka", "sertu", "dato", "datuk", "puang", "karaeng", "coach", "herr", "monsieur", "senor")
	add(wIbu, "ibu")
	add(wKandung, "kandung", "kandungnya", "kandungny", "kdg")
	add(wGadis, "gadis")
	add(wBernama, "bernama", "namanya", "namaku", "dipanggil", "panggil", "named", "called", "jenengku", "jenenge", "asmane", "asmanipun", "ngaran", "ngaranna", "nami", "namina", "namo", "adan")
	add(wMy, "my", "her", "his", "your", "customer")
	add(wName, "name")
	add(wIs, "is", "was", "adalah", "ialah", "yaitu")
	add(wThis, "this")
	add(wSpeaking, "speaking", "spoke", "speak", "bicara", "berbicara")
	add(wTalking, "talking", "talked")
	add(wTo, "to")
	add(wWith, "with")
	add(wMother, "mother's", "mothers", "mother")
	add(wMaiden, "maiden")
	add(wDear, "dear", "hi", "hello", "halo", "hallo", "hai", "hey", "helo", "thanks", "makasih", "thank")
	add(wYth, "yth", "kepada")
	add(wRole, "penerima", "pengirim", "pic", "up", "pemohon", "pelapor", "tertanggung", "debitur", "tech", "approved", "disetujui", "suami", "istri", "korban", "saksi", "penjamin", "cardholder")
	add(wKin, "anaknya", "adiknya", "kakaknya", "istrinya", "suaminya", "ibunya", "bapaknya", "ayahnya", "mamanya", "papanya", "temannya", "temanku", "istriku", "suamiku", "anakku", "adikku", "kakakku", "sepupunya", "keponakannya",
		"keneknya", "supirnya", "sopirnya", "tukangnya", "gurunya", "bosnya", "pacarnya", "supir", "sopir", "petugas", "satpam", "mandor", "guru", "kepsek", "camat", "lurah", "kades", "ketua", "kapten", "belakangnya", "depannya", "panggilannya", "sepupu", "keponakan", "rekan", "cucu", "cucunya", "cucuku", "simbah", "tetangga", "pembeli", "keluarga", "resepsionis",
		"wife", "husband", "brother", "sister", "son", "daughter", "colleague", "landlord")
	add(wParty, "plg", "nsb", "spv", "kurir", "driver", "teknisi", "pasien", "penumpang", "pengemudi")
	add(wNya, "nya")
	add(wBorn, "ttl", "kelahiran")
	add(wOnly, "aja", "saja", "cuma", "memang", "tuh")
	add(wSiapa, "siapa", "sendiri", "siapanya", "who")
	add(wEnd, "salam", "hormat", "regards", "sincerely", "cheers", "rgds", "wassalam", "hormatku")
	add(wTinggal, "tinggal", "domisili", "berdomisili", "asal", "berasal")
	add(wDi, "di")
	add(wAlamat, "alamat", "alamatnya", "address")
	add(wDari, "dari", "from", "saking", "uli", "uling")
	add(wIn, "in")
	add(wLive, "live", "lives", "living", "based")
	add(wIni, "ini")
	add(wFill, "lengkap", "pemilik", "full", "panggilan", "penerima", "pelanggan", "nasabah", "pemesan", "pengirim", "rekening", "asli", "sesuai", "ktp", "kontak")
	add(wHesitation, "eh", "eee", "em", "hmm", "iya", "ya", "oh", "uh", "um", "yes", "it's", "sure", "itu")
	add(wFirm, "pt", "cv", "ud", "pd", "tbk", "bank", "koperasi", "kud", "bumdes", "perusahaan", "merk", "merek", "ruang", "kamar", "polres", "polresta", "polsek", "polda", "puskesmas", "universitas", "univ", "politeknik", "akademi", "kampus",
		"sd", "sdn", "smp", "smpn", "sma", "sman", "smk", "smkn", "mts", "mtsn", "kodim", "koramil", "lapas", "bpd", "bpr", "pdam", "gereja", "masjid", "mesjid", "musala", "musholla", "mushola", "surau", "vihara", "kelenteng", "mall", "mal", "plaza", "stadion", "gor", "panti", "ponpes", "pesantren", "paroki")
	add(wShop, "toko", "warung", "hotel", "klinik", "apotek", "apotik", "rs", "rsud", "rsup", "rsia", "yayasan", "sekolah", "bengkel", "salon", "depot", "kedai", "resto", "restoran", "kafe", "cafe")
	add(wLabel, "agen", "agent", "cs", "csr", "pelanggan", "customer", "cust", "nasabah", "admin", "catatan", "note", "notes", "alamat", "nama", "nik", "hp", "telp", "email", "subject", "perihal",
		"from", "to", "cc", "date", "tanggal", "tgl", "jam", "no", "nomor", "total", "status", "re", "fwd", "penerima", "pengirim", "operator", "penelpon", "penelepon", "caller", "pic", "ps", "nb", "bank", "rek", "norek", "ktp", "npwp", "kota", "provinsi", "kecamatan", "kelurahan", "info", "keluhan", "solusi", "tindakan", "hasil", "produk", "order", "resi", "invoice",
		"plg", "nsb", "spv", "tl", "asr", "spk", "speaker", "pembicara", "penyiar", "kasir", "perawat", "pasien", "suami", "istri", "anak", "tkp", "korban", "saksi") // late: what has a meaning beside keeps it
	add(wAt, "at", "et", "keong")
	add(wDot, "titik", "dot", "strip", "underscore", "underskor", "garis", "bawah", "dash", "minus")
	add(wLike, "untuk", "for", "seperti", "kayak", "like", "as", "buat")
	add(wMail, "email", "emailnya", "emailku", "emaile", "imel", "imelnya", "surel", "surelnya", "surelku", "suratel")
	add(wKata, "kata")
	add(wSandi, "sandi", "sandinya")
	add(wDigit, "nol", "kosong", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double", "dobel")
	add(wWork, "buku", "novel", "lagu", "film", "album", "serial", "sinetron", "komik", "drama", "puisi", "tembang", "judul", "berjudul", "game", "gim", "book", "song", "movie", "series", "title", "titled")
	add(wHost, "com", "co", "net", "org", "id", "gmail", "yahoo", "ymail", "hotmail", "outlook", "icloud", "example", "kom", "jimel", "yahu", "rocketmail", "proton")
	return out
}()

// small is a filter of 4,096 bits before the map: most words are no cue words.
var small = func() (f [64]uint64) {
	for h := range cueWords {
		f[h>>6&63] |= 1 << (h & 63)
	}
	return f
}()

func wordOf(t *tagger.Token) word {
	if !t.Word() || small[t.Hash>>6&63]>>(t.Hash&63)&1 == 0 {
		return plain
	}
	return cueWords[t.Hash]
}

// readCues fills f.words and f.cues: which cue announces each token.
func (f *finder) readCues(text []byte) {
	f.words, f.cues = f.words[:0], f.cues[:0]
	for i := range f.tokens {
		f.words = append(f.words, wordOf(&f.tokens[i]))
		f.cues = append(f.cues, cue{})
	}
	line := 0
	for i := 0; i <= len(f.tokens); i++ {
		if i < len(f.tokens) && f.tokens[i].Shape != tagger.Break {
			continue
		}
		f.label(line, i)
		f.signature(line, i)
		f.answer(line, i)
		line = i + 1
	}
	for i := range f.tokens {
		switch {
		case f.words[i].firm():
			f.firm(i)
		case f.words[i] == wAt, f.isPunct(i, '@'):
			f.spelled(i)
		case f.words[i] == wWork:
			f.titled(i)
		case f.words[i] == wSandi && f.at(i-1) == wKata && (f.tokens[i].Shape == tagger.Lower || f.tokens[i-1].Shape != tagger.Lower),
			f.words[i] == wSandi && f.tokens[i].Shape == tagger.Lower && (f.isPunct(i+1, ':') || f.isPunct(i+1, '=')):
			f.cues[i].nobody = true // but "kata Sandi" is what Sandi says
		case f.words[i] == wMail:
			f.dictated(i)
		}
	}
	f.keys()
	for i := 0; i < len(f.tokens); {
		if _, ok := letterOf(&f.tokens[i]); ok {
			f.likeness(i, text)
			i = f.spelling(i, text)
		} else {
			i++
		}
	}
	for i := range f.tokens {
		if c, next := f.cueAt(i); c != NoCue && next < len(f.tokens) && f.words[next] != wSiapa {
			f.announce(c, next)
		}
	}
}

// firm says of what follows a word for a firm, up to three words in capitals, that it is nobody's name.
func (f *finder) firm(i int) {
	next, titled := i+1, false
	for f.words[i] == wShop && (f.at(next).honour() || f.isPunct(next, '.') && f.at(next-1).honour()) {
		next, titled = next+1, true
	}
	for n := 0; n < 3 && next < len(f.tokens) && f.words[next] == plain && f.tokens[next].Word() && (n == 0 || f.capital(next)); n++ {
		f.cues[next].Cue = Firm
		f.cues[next].nobody = titled
		next++
	}
}

// announce sets the cue of a token. Titles between the cue and the name are passed over; the stronger cue stays, and what
// follows a word for a firm is nobody's name.
func (f *finder) announce(c Cue, i int) {
	for range titles {
		if !f.at(i).honour() && !(f.isPunct(i, '.') && f.at(i-1).honour()) {
			break
		}
		i++
	}
	switch {
	case i >= len(f.tokens) || !f.tokens[i].Word() || f.at(i).firm() || c == Honour && f.cues[i].Cue == Firm:
	case strength[c].listed >= strength[f.cues[i].Cue].listed:
		f.cues[i].Cue = c
	}
}

// titles is how many titles and full stops may stand before one name.
const titles = 4

func (f *finder) at(i int) word {
	if i < 0 || i >= len(f.words) {
		return plain
	}
	return f.words[i]
}

func (f *finder) isPunct(i int, c byte) bool {
	return i >= 0 && i < len(f.tokens) && f.tokens[i].Shape == tagger.Punct && f.tokens[i].Byte == c
}

// colon passes over a colon, a full stop, or "is".
func (f *finder) colon(i int) int {
	for range 2 {
		if f.isPunct(i, ':') || f.isPunct(i, '.') || f.isPunct(i, '=') || f.isPunct(i, '-') || f.at(i) == wIs {
			i++
		}
	}
	return i
}

// cueAt says which cue begins at token i, and which token it announces.
func (f *finder) cueAt(i int) (Cue, int) {
	switch f.at(i) {
	case wAtas:
		if f.at(i+1) == wNama {
			return OnBehalf, f.colon(i + 2)
		}
	case wA:
		if (f.isPunct(i+1, '.') || f.isPunct(i+1, '/')) && f.at(i+2) == wN {
			return OnBehalf, f.colon(i + 3)
		}
	case wAn:
		return OnBehalf, f.colon(i + 1)
	case wNama:
		return f.nameAt(i)
	case wBernama:
		next := i + 1
		if f.at(next) == wOnly {
			next++
		}
		return NameIs, f.colon(next)
	case wIbu:
		if f.at(i+1) == wKandung {
			next := i + 2
			if f.at(next) == wSaya {
				next++
			}
			if f.at(next) == wBernama {
				next++
			}
			return Mother, f.colon(next)
		}
		return Honour, i + 1
	case wBapak, wTitle:
		if f.isPunct(i+1, '.') {
			return Honour, i + 2
		}
		return Honour, i + 1
	case wName:
		if f.at(i+1) == wIs || f.isPunct(i+1, ':') {
			if f.at(i-1) == wMaiden {
				return Mother, f.colon(i + 1)
			}
			return NameIs, f.colon(i + 1)
		}
	case wThis:
		if f.at(i+1) == wIs {
			return With, i + 2
		}
	case wSpeaking, wTalking:
		if f.at(i+1) == wWith || f.at(i+1) == wTo || f.at(i+1) == wDengan {
			if f.at(i+2) == wA {
				return Said, i + 3
			}
			return Said, i + 2
		}
	case wSiapa:
		return f.askedAt(i)
	case wDengan:
		return With, i + 1
	case wSaya:
		return Self, i + 1
	case wIni:
		return Self, i + 1
	case wDear:
		return Greeting, i + 1
	case wYth:
		return Greeting, f.colon(i + 1)
	case wRole:
		next := i + 1
		if f.at(next) == wNya {
			next++
		}
		return Role, f.colon(next)
	case wParty:
		if f.speaks(i) {
			return NoCue, 0
		}
		return Role, f.colon(i + 1)
	case wKin:
		if f.speaks(i) {
			return NoCue, 0
		}
		return Kin, f.colon(i + 1)
	case wTinggal, wLive:
		if f.at(i+1) == wDi || f.at(i+1) == wIn || f.at(i+1) == wDari {
			return Living, i + 2
		}
		return Living, i + 1
	case wDari:
		return Origin, i + 1
	case wAlamat, wBorn:
		return Living, f.colon(i + 1)
	}
	return NoCue, 0
}

// askedAt reads what follows "siapa" in the same line, when the question was one for a name: "dengan ibu siapa ya, rosmini".
func (f *finder) askedAt(i int) (Cue, int) {
	asks := false
	for k := i - 1; k >= max(0, i-3) && !asks; k-- {
		w := f.words[k]
		asks = w == wNama || w == wBernama || w == wDengan || w == wKandung
	}
	next := i + 1
	for next < min(len(f.tokens), i+1+passed) && (f.words[next] == wHesitation || f.words[next].honour() || f.words[next] == wSaya || f.words[next] == wSpeaking || f.tokens[next].Shape == tagger.Punct) {
		next++
	}
	if !asks || next >= len(f.tokens) || f.tokens[next].Shape == tagger.Break {
		return NoCue, 0
	}
	return Answer, next
}

// passed is how many words may stand between the question for a name and the answer.
const passed = 4

// speaks says whether the word at i is the label of a speaker, and no field of a form: it begins its line, and more than a name follows the colon.
func (f *finder) speaks(i int) bool {
	if !f.isPunct(i+1, ':') || i > 0 && f.tokens[i-1].Shape != tagger.Break {
		return false
	}
	words := 0
	for k := i + 2; k < len(f.tokens) && f.tokens[k].Shape != tagger.Break; k++ {
		if f.tokens[k].Word() {
			words++
		}
	}
	return words > mostOfName
}

// mostOfName is how many words a name in a form has.
const mostOfName = 4

// nameAt reads what follows "nama".
func (f *finder) nameAt(i int) (Cue, int) {
	next := i + 1
	for f.at(next) == wFill || f.at(next) == wRole {
		next++
	}
	if f.at(next) == wGadis || f.at(next) == wIbu && f.at(next+1) == wKandung {
		for f.at(next) == wGadis || f.at(next) == wIbu || f.at(next) == wKandung || f.at(next) == wSaya {
			next++
		}
		return Mother, f.colon(next)
	}
	switch {
	case f.at(next) == wSaya:
		return NameIs, f.colon(next + 1)
	case f.isPunct(next, ':'), f.isPunct(next, '='), f.at(next) == wIs:
		return NameIs, f.colon(next)
	}
	return NoCue, 0
}

// label reads the beginning of a line up to a colon: one to three words that are no label of a field are a speaker. One who is called by what they are
// is nobody.
func (f *finder) label(line, end int) {
	if (f.at(line) == wKin || f.at(line) == wParty) && f.isPunct(line+1, ':') {
		f.cues[line].nobody = true
		return
	}
	for i := line; i < min(end, line+4); i++ {
		if f.isPunct(i, ':') && i > line {
			for j := line; j < i; j++ {
				if !f.tokens[j].Word() || f.words[j] != plain && !f.words[j].honour() {
					return
				}
			}
			f.announce(Speaker, line)
			return
		}
	}
}

// signature reads a line of one to four words below a line that ends a letter.
func (f *finder) signature(line, end int) {
	words := 0
	for i := line; i < end; i++ {
		switch t := &f.tokens[i]; {
		case t.Word():
			words++
		case t.Shape == tagger.Punct && (t.Byte == '.' || t.Byte == ','):
		default:
			return
		}
	}
	if words == 0 || words > 4 || line < 2 {
		return
	}
	for i := line - 2; i >= max(0, line-7) && f.tokens[i].Shape != tagger.Break; i-- {
		if f.words[i] == wEnd {
			f.announce(Signature, line)
			return
		}
	}
}

// answer reads the line before: when it asks for a name, the first word of this one, after the label of the speaker and a
// hesitation, can be one.
func (f *finder) answer(line, end int) {
	asks := false
	i := line - 2
	for ; i >= 0 && f.tokens[i].Shape != tagger.Break; i-- {
		w := f.words[i]
		asks = asks || w == wNama || w == wName || w == wSiapa || w == wBernama || w == wKandung || w == wSpeaking || w == wTalking
	}
	if !asks || f.at(line) == wBorn {
		return
	}
	first := line
	for i := line; i < min(end, line+4); i++ {
		if f.isPunct(i, ':') {
			first = i + 1
		}
	}
	for first < end && f.words[first] == wHesitation || f.isPunct(first, ',') || f.isPunct(first, '.') {
		first++
	}
	if first < end {
		f.announce(Answer, first)
	}
}

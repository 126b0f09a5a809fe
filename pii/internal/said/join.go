package said

import (
	"strings"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Link is how words join two pieces of a number.
type Link uint8

// The links.
const (
	Unjoined Link = iota
	Joined        // the next piece is another part: 0812, belakangnya 5550
	Mended        // what was said is taken back: dua, eh salah, tiga
	Also          // and: tiga kosong dan satu
	Aside         // something else is said between two pauses: dua, halo? masih dengar?, tiga
)

// joining are words that tell a part of a number from the others, or that a sign or the next part follows.
var joining = word.NewSet("bagian potongan pertama kedua ketiga keempat depan depannya awal awalnya tengah tengahnya belakang belakangnya akhir akhirnya ujung ujungnya terakhir terakhirnya sambung disambung sambungannya sambungin gabung digabung lanjut lanjutnya lanjutan lanjutannya dilanjut sisa sisanya lalu terus trus kemudian habis then next followed part half first second third last rest spasi space strip setrip titik koma garis dash dot slash miring jeda enter tanda setengah angka digit kpp pusat cabang kode")

// mending are words that take back what was said.
var mending = word.NewSet("entar bentar sebentar salah ralat maaf bukan koreksi maksud maksudnya maksudku sorry correction oops ups keliru kebalik mean actually wait tunggu eh")

// MayJoin reports whether the word behind a place may be one that joins the parts of a number, or one before it: a look before the look.
func MayJoin(text []byte, p int) bool {
	from := p
	for p < len(text) && p-from < 4 && !token.IsLetter(text[p]) {
		if text[p] == '(' || text[p] == '[' {
			return true
		}
		p++
	}
	e := token.WordEnd(text[:min(len(text), p+16)], p)
	return e > p && (joining.Has(text[p:e]) || e-p < 4)
}

// Bridge tells how the words between two pieces of a number on one line join them.
func (r Reader) Bridge(text []byte, from, to int) Link {
	if to-from > 64 {
		return Unjoined
	}
	joins, mends, others, words := 0, 0, 0, 0
	var first []byte
	asked, pause := false, Pauses(text[from:min(to, from+2)])
	for p := from; p < to; {
		if !token.IsAlnum(text[p]) {
			asked = asked || text[p] == '?'
			if text[p] == '\n' || text[p] == ':' && joins+mends == 0 {
				return Unjoined
			}
			p++
			continue
		}
		e := token.WordEnd(text[:to], p)
		if e == p {
			return Unjoined
		}
		if words++; words == 1 {
			first = text[p:e]
		}
		switch w := text[p:e]; {
		case joins+mends+others == 0 && (token.EqualFold(w, "digit") || token.EqualFold(w, "digits") || token.EqualFold(w, "angka")):
			return Unjoined // tiga digit belakang 507
		case mending.Has(w):
			mends++
		case joining.Has(w):
			joins++
		default:
			if e := r.Dict.Entry(r.Dict.Find(text, p, e)); e.Cues&(word.Stop|word.Ack|word.Number) == 0 && e.Part != word.Filler {
				if others++; others > 1 && !pause {
					return Unjoined
				}
			}
		}
		p = e
	}
	paused := pause && Pauses(text[max(from, to-4):to])
	switch {
	case words == 1 && (token.EqualFold(first, "dan") || token.EqualFold(first, "plus")):
		return Also
	case words == 1 && others == 1 && Pauses(text[max(from, to-3):to]):
		return Aside // dua kursi, tujuh
	case paused && (words <= 4 || asked && words <= 6) && (others > 0 || asked):
		return Aside
	case asked:
		return Unjoined
	case mends > 0 && others <= 1:
		return Mended
	case joins > 0 && others == 0:
		return Joined
	}
	return Unjoined
}

// unglue appends the digits of a word that is made of words for digits, without spaces: limalimalima. It returns how many they are.
func (r Reader) unglue(digits, w []byte) ([]byte, int) {
	n := 0
	for p := 0; p < len(w); n++ {
		e := min(len(w), p+9)
		for ; e > p+2; e-- {
			if en := r.Dict.Entry(r.Dict.Find(w, p, e)); en.Part == word.Digit {
				digits = append(digits, '0'+en.Value)
				break
			}
		}
		if e <= p+2 {
			return digits[:len(digits)-n], 0
		}
		p = e
	}
	return digits, n
}

// opening2 are the first two letters of words for digits.
var opening2 = func() (t [32][32]bool) {
	for w := range strings.FieldsSeq("nol kosong zero satu one dua two tiga three telu empat four pat papat lima five limo enam six anam nem tujuh seven pitu delapan eight lapan wolu sembilan nine sanga") {
		t[w[0]&0x1F][w[1]&0x1F] = true
	}
	return t
}()

// GluedAt returns where a word begins that is made of words for digits, right behind a piece of a number; 0 when there is none.
func (r Reader) GluedAt(text []byte, p, limit int) int {
	start := p
	for start < limit && start-p < 2 && (text[start] == ' ' || text[start] == ',' || text[start] == '-' || text[start] == '.') {
		start++
	}
	if limit-start < 6 || !opening2[text[start]&0x1F][text[start+1]&0x1F] {
		return 0
	}
	end := token.WordEnd(text[:limit], start)
	if end-start < 6 || end-start > 60 || r.Dict.Find(text, start, end) != 0 {
		return 0
	}
	var room [20]byte
	if _, n := r.unglue(room[:0], text[start:end]); n < 2 {
		return 0
	}
	return start
}

// Glued appends the digits of a word that GluedAt found.
func (r Reader) Glued(digits, w []byte) []byte {
	digits, _ = r.unglue(digits, w)
	return digits
}

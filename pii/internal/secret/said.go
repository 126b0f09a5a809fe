package secret

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// heard is what a word is in a secret that is said.
type heard uint8

const (
	none    heard = iota
	digit         // empat
	sign          // bintang, tanda seru
	sized         // huruf, besar
	letter        // em, K
	more          // terus, pakai
	strange       // a word that nobody knows
)

// signs are words for signs, and those that the name of a sign follows.
var signs, sizes, going = set("seru tanya pagar bintang bintangnya dolar dollar persen hash hashtag star underscore strip setrip dash minus plus titik dot koma keong at exclamation exclamationmark kurung apostrof ampersand"),
	set("huruf hurufnya besar kecil gede kapital capital uppercase lowercase upper lower letter"),
	set("terus trus lalu kemudian then and pakai pake angka tanda garis simbol semua semuanya terakhir terakhirnya di belakangnya tambah ditambah plus")

// names are the names of letters as they are said.
var names = set("be ce de ef ge ha je ka el em en pe ki er es te ve we eks ye zet bee cee dee gee jay kay ell pee cue ess tee vee ex zed zee")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for from, i := 0, 0; i <= len(words); i++ {
		if i == len(words) || words[i] == ' ' {
			m[words[from:i]] = true
			from = i + 1
		}
	}
	return m
}

// hear tells what a word is.
func (r Reader) hear(text []byte, p, e int) heard {
	var b [16]byte
	if e-p > len(b) {
		return none
	}
	for i, c := range text[p:e] {
		b[i] = token.Lower(c)
	}
	w := b[:e-p]
	id := r.Dict.Find(text, p, e)
	switch part := r.Dict.Part(id); {
	case part >= word.Digit && part <= word.Repeat, token.OneOf(w, "ribu", "ratus", "puluh", "belas"):
		return digit
	case signs[string(w)]:
		return sign
	case sizes[string(w)]:
		return sized
	case going[string(w)]:
		return more
	case len(w) == 1, names[string(w)]:
		return letter
	case id == 0 && len(w) > 2 && !thing(text[p:e]) && !common[string(w)]:
		return strange
	}
	return none
}

// said reads a secret that is said: words that nobody knows, letters and how large they are, digits in words, the names of signs: melati huruf
// gede M, terus dua kosong, tanda seru. It begins with a word or with letters, and has a digit.
func (r Reader) said(text []byte, p, limit int) (found Found) {
	var n [strange + 1]int
	q, last := p, none
	for words := 0; words < 20 && q < limit; words++ {
		e := min(token.WordEnd(text[:limit], q), limit)
		kind := none
		if e > q {
			kind = r.hear(text, q, e)
		}
		if d := digitsEnd(text, q, limit); d > q && d-q <= 4 && (d == limit || !token.IsAlnum(text[d])) && words > 1 { // o, k, 4, 4
			kind, e = digit, d
			n[digit] += d - q - 1
		}
		if kind == none || words == 0 && kind != strange && kind != letter && kind != sized || kind == strange && (words > 1 || last != none && last != strange) {
			break
		}
		if n[kind]++; n[digit] > 12 {
			return Found{}
		}
		if kind == letter && e+3 < limit && text[e] == '-' && token.EqualFold(text[e+1:e+4], "nya") {
			e += 4 // huruf M-nya
		}
		if kind == letter {
			e = example(text, e, limit)
		}
		if kind == digit || kind == sign || kind == letter && n[digit] == 0 || kind == sized && last == letter { // b besar
			found = Found{Start: p, End: e, Said: true}
		}
		last, q = kind, e
		for q < limit && q-e < 2 && (text[q] == ' ' || text[q] == ',' || text[q] == '-') {
			q++
		}
		if q == e {
			break
		}
	}
	if n[digit] > 1 && (n[strange] > 0 || n[letter] > 2) || n[digit] == 1 && n[sign]+n[sized] > 0 && n[strange]+n[letter] > 0 {
		return found
	}
	return Found{}
}

// example returns where the word ends that a letter is likened to: K untuk Kudus, M for mike, d as in delta; the place when there is none.
func example(text []byte, p, limit int) int {
	if p+1 >= limit || text[p] != ' ' {
		return p
	}
	e := token.WordEnd(text[:limit], p+1)
	switch w := text[p+1 : e]; {
	case token.EqualFold(w, "as"):
		if e+3 < limit && token.EqualFold(text[e:e+3], " in") {
			e += 3
		}
	case token.EqualFold(w, "untuk"), token.EqualFold(w, "seperti"), token.EqualFold(w, "for"), token.EqualFold(w, "kayak"), token.EqualFold(w, "buat"), token.EqualFold(w, "dari"):
	default:
		return p
	}
	if e+1 >= limit || text[e] != ' ' {
		return p
	}
	return token.WordEnd(text[:limit], e+1)
}

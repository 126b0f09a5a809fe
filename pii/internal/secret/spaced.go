package secret

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// spaced reads a secret of several words, right behind the word for one, when it is said afterwards how to write it: sandinya persib juara
// 1933 tapi kecil semua; kata kuncinya dua kata, sepatu merah, pakai spasi.
func (r Reader) spaced(text []byte, p, hi int) (found Found) {
	hi = min(hi, p+90)
	explicit := p >= 3 && (token.EqualFold(text[p-3:p], "nya") || token.EqualFold(text[p-2:p], "ku"))
	for p < hi && (text[p] == ' ' || text[p] == ':' || text[p] == '=') {
		explicit = explicit || text[p] != ' '
		p++
	}
	start, words, known, odd := p, 0, 0, true
	for step := 0; step < 9 && p < hi; step++ {
		for p < hi && (text[p] == ',' || text[p] == ' ') {
			p++
		}
		w := next(text, p, hi)
		if w.end <= w.start || w.quoted {
			return Found{}
		}
		is := text[w.start:w.end]
		if words > 0 && r.remarks(text, w, hi) {
			if words < 2 || words > 5 || known == 0 {
				return Found{}
			}
			return found
		}
		if found.End > 0 && w.start > found.End+1 && text[found.End] == ',' || token.OneOf(is, "tapi", "tp", "tanpa", "but") {
			if words < 2 {
				return Found{}
			}
			p = w.end
			words += 8 // only a remark may follow
			if v := next(text, p, hi); words < 14 && r.remarks(text, v, hi) {
				return found
			}
			return Found{}
		}
		cues := r.Dict.Cues(r.Dict.Find(text, w.start, min(token.WordEnd(text, w.start), w.end)))
		switch {
		case cues&(word.Wrong|word.Never|word.Password|word.OTP|word.PIN) != 0 || ruled(is) || general(is) || asks(is) || preposition(is), token.OneOf(is, "nama", "ga", "gak", "nggak", "tidak", "tdk", "belum", "masih", "kok", "terdiri", "berupa", "pakai", "pake", "memakai", "uses", "has", "campuran", "kombinasi", "jangan", "minimum", "maximum"), bytes.IndexByte(is, '-') >= 0:
			return Found{}
		case words == 0 && w.named && step < 4: // sandi wifi: …
			explicit = true
			p, start = w.end+1, w.end+1
			continue
		case words == 0 && (token.OneOf(is, "dua", "tiga", "two", "three", "kata", "words", "nya", "tu", "teh", "kuwi", "iku", "lho", "ku", "saya", "gw", "yaitu", "itu", "adalah", "is") || thing(is) && !explicit || !explicit && cues&(word.Stop|word.Speaker) != 0):
			explicit = explicit || token.OneOf(is, "nya", "tu", "teh", "kuwi", "iku", "yaitu", "adalah", "is", "kata", "words")
			for p = w.end; p < hi && (text[p] == ',' || text[p] == ' ' || text[p] == ':'); p++ {
			}
			start = p
			continue
		}
		if !explicit {
			return Found{}
		}
		if words == 0 {
			start = w.start
		}
		if known++; cues&(word.Stop|word.Ack) != 0 && words == 0 {
			known--
		}
		words++
		odd = odd && r.odd(text, w)
		found = Found{Start: start, End: w.end, Weak: true}
		if w.stop && odd && words > 1 && words < 4 && (w.end >= hi || text[w.end] == ',' || text[w.end] == '.') {
			return found // of words that no sentence has
		}
		p = w.end
	}
	return Found{}
}

// odd reports whether a word is none that a sentence about secrets has.
func (r Reader) odd(text []byte, w piece) bool {
	is := text[w.start:w.end]
	if cues := r.Dict.Cues(r.Dict.Find(text, w.start, w.end)); len(is) < 3 || cues&word.Lock == 0 && (len(is) > 6 || common[string(is)] || r.Dict.Find(text, w.start, w.end) != 0 || thing(is) || ruled(is) || general(is)) && r.ordinary(text, w.start, w.end) {
		return false
	}
	return hyphened(is) && !verb(is) && !preposition(is) && !token.OneOf(is, "nama", "tanggal", "tgl", "angka", "huruf", "banget", "bgt", "sekali", "gabungan", "lahir", "hobi", "anjing", "favorit", "karakter", "simbol", "punya", "terlalu", "banyak", "beberapa", "yang", "sering", "hari", "tahun", "nomor")
}

// remarks reports whether the piece begins a remark on how a secret is written: huruf kecil semua, pakai spasi, disambung, all lowercase.
func (r Reader) remarks(text []byte, w piece, hi int) bool {
	is := text[w.start:w.end]
	if len(is) > 0 && is[0] == '(' {
		is = is[1:]
	}
	if token.OneOf(is, "disambung", "digabung", "lowercase", "uppercase", "spasi", "spasinya", "dirangkai", "dipisah", "digandeng") {
		return true
	}
	n := next(text, w.end, hi)
	second := text[n.start:n.end]
	switch {
	case token.OneOf(is, "huruf", "hurufnya"):
		return token.OneOf(second, "kecil", "kecilnya", "besar", "gede", "kapital", "semua")
	case token.OneOf(is, "kecil", "besar", "kapital", "lower", "upper"):
		return token.OneOf(second, "semua", "semuanya", "case", "letters", "aja", "saja")
	case token.OneOf(is, "pakai", "pake", "tanpa", "dengan", "tidak", "ada", "gak", "ga", "with", "no", "without"):
		return token.OneOf(second, "spasi", "spasinya", "spaces", "space", "spacing")
	case token.OneOf(is, "all", "semua", "semuanya"):
		return token.OneOf(second, "lowercase", "lower", "small", "kecil", "huruf", "hurufnya", "caps", "uppercase", "one", "disambung")
	}
	return false
}

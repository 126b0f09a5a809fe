package code

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Bare tells whether a number that no word speaks of is a secret all the same: use it to sign in; hurry, it ends; the line below says that it
// is the code; three digits of the card that stands before it. The nearest words are looked at, and more only when they ask for it.
func (r Reader) Bare(text []byte, n Number) (kind Kind, cost int) {
	lo, hi := int(r.List.Lines[n.Line].Start), int(r.List.Lines[n.Line].End)
	switch {
	case n.Digits == 3 && n.Card:
		var a, q around
		r.before(&a, text, n.Start, r.List.Said(r.Dict, text, n.Line), 6)
		a.all = a.before
		if a.all&(digits|back|named) != 0 && a.all&thing == 0 && r.verification(&a, &q, n) > 0 {
			return CVV, a.cost
		}
		return None, a.cost
	case n.Digits < 4:
		return None, 1
	case n.Start == lo && n.End == hi:
		return r.told(text, n)
	case used(text, n, lo, hi):
		return OTP, 8
	case n.Digits == 6 && n.Start-lo < 60 && !bytes.HasSuffix(text[:n.End], []byte("000")) && hurries(text, n, lo, hi):
		return OTP, 40
	}
	return None, 4
}

// The words that are asked for beside every short number.
var (
	hasty    = word.NewSet("cepetan cepet cepat buruan keburu hurry quick quickly gercep lekas cepatan sblm sebelum before")
	ending   = word.NewSet("expired expires hangus kadaluarsa kedaluwarsa kadaluwarsa basi expire")
	dealing  = word.NewSet("transfer tagihan bayar dibayar rp rupiah saldo")
	purposed = word.NewSet("to untuk utk buat for on di sebagai as")
)

// wordAt finds the word of letters at or after p, over spaces and signs that may stand between.
func wordAt(text []byte, p, hi int) (b, e int) {
	for b = p; b < hi && (text[b] == ' ' || text[b] == ',' || text[b] == '.' || text[b] == ';' || text[b] == '-' || text[b] == '('); b++ {
	}
	for e = b; e < hi && e-b < 16 && (token.IsLetter(text[e]) || text[e] == '\''); e++ {
	}
	return b, e
}

// used reports whether the number is to be used to get in: Use 839 215 to sign in, gunakan 073318 utk konfirmasi.
func used(text []byte, n Number, lo, hi int) bool {
	if n.End+4 > hi || text[n.End] != ' ' || n.Start == lo {
		return false
	}
	b, e := wordAt(text, n.End, hi)
	if !purposed.Has(text[b:e]) {
		return false
	}
	if vb, ve := step(text, n.Start, lo); !token.OneOf(text[vb:ve], "use", "gunakan", "gunakanlah", "masukkan", "masukan", "enter", "input", "pakai", "pake", "ketik", "ketikkan", "type", "submit", "masukin") {
		return false
	}
	for range 4 {
		b, e = wordAt(text, e, hi)
		if token.OneOf(text[b:e], "sign", "log", "login", "signin", "masuk", "konfirmasi", "mengonfirmasi", "mengkonfirmasi", "verifikasi", "memverifikasi", "verify", "verification", "confirm", "confirmation", "authenticate", "aktivasi", "mengaktifkan", "activate", "otorisasi", "authorize", "authorise") {
			return true
		}
		if e == b {
			return false
		}
	}
	return false
}

// hurries reports whether the words around speak of haste and of an end, and of no thing: nih 308871, cepetan sblm expired.
func hurries(text []byte, n Number, lo, hi int) bool {
	haste, ends := false, false
	return beside(text, n, lo, hi, func(w []byte) bool {
		haste, ends = haste || hasty.Has(w), ends || ending.Has(w)
		return !dealing.Has(w)
	}) && haste && ends && beside(text, n, lo, hi, func(w []byte) bool { return of(w)&thing == 0 })
}

// beside asks of the five words behind a number and the six before it, until one is not as it should be. It reports whether all are.
func beside(text []byte, n Number, lo, hi int, is func(w []byte) bool) bool {
	for p, k := n.End, 0; k < 5; k++ {
		b, e := wordAt(text, p, hi)
		if b == e {
			break
		}
		if !is(text[b:e]) {
			return false
		}
		p = e
	}
	for p, k := n.Start, 0; k < 6; k++ {
		b, e := step(text, p, lo)
		if b == e {
			break
		}
		if !is(text[b:e]) {
			return false
		}
		p = b
	}
	return true
}

// told tells what the line below says of the number that is a line of its own: 550192 / itu kode yang baru masuk.
func (r Reader) told(text []byte, n Number) (Kind, int) {
	l := n.Line + 1
	if l >= len(r.List.Lines) || n.Digits != 4 && n.Digits != 6 {
		return None, 2
	}
	p, hi := r.List.Said(r.Dict, text, l), int(r.List.Lines[l].End)
	b, e := wordAt(text, p, hi)
	if !token.OneOf(text[b:e], "itu", "ini", "tu", "eta", "ieu", "iku", "kuwi", "that's", "that", "this", "it's") {
		return None, 4
	}
	plain := false
	for range 5 {
		b, e = wordAt(text, e, hi)
		w := text[b:e]
		for _, ending := range [...]string{"nya", "ku", "ne", "na"} {
			if k := len(w) - len(ending); k > 2 && token.EqualFold(w[k:], ending) {
				w = w[:k]
				break
			}
		}
		is := of(w)
		switch {
		case b == e || is&thing != 0:
			return None, 16
		case token.OneOf(w, "otp"), plain && is&(came|purpose|source) != 0:
			return OTP, 16
		case token.OneOf(w, "pin"):
			return PIN, 16
		case plain && is == 0 && !token.OneOf(w, "yang", "yg", "nu", "sing", "baru", "saja", "tadi", "that", "you", "i", "the", "saya", "dari"):
			return None, 16 // of a thing
		}
		plain = plain || is&named != 0
	}
	return None, 16
}

// Meant reports whether what follows a comma says what was just given: …, itu OTP-nya; …, leres eta CVV-na?
func Meant(rest []byte) bool {
	b, e := wordAt(rest, 0, min(len(rest), 24))
	if token.OneOf(rest[b:e], "leres", "bener", "betul", "benar", "to", "kan", "iya", "ya") {
		b, e = wordAt(rest, e, min(len(rest), 24))
		return token.OneOf(rest[b:e], "itu", "eta", "iku", "kuwi", "cvv", "kan", "ini")
	}
	return token.OneOf(rest[b:e], "itu", "eta", "iku", "kuwi")
}

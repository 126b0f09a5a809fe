// Package date reads dates as they are written: 12-05-1990, 12 Mei '90, 15-VIII-1977, 5 Syawal 1362 H, 3 Djoeni 1948.
//
// A date is a day, a month and a year in one of the orders that people use, with the same sign between or with spaces, the month as a
// number, as a word in full or in short, in the spelling of the years before 1972, as a Roman number, or as one of the months of the
// Islamic year. A calendar checks it. Whose date it is, is not decided here; but what a row of fields looks like in which a date stands, and
// which words around it speak of something else than a birth, is told by Field and Other.
//
// Reading looks at three pieces, or at forty bytes behind a number. It keeps nothing.
package date

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

var apostrophe = []byte("'") // before a year: '95

// Reader reads the notes of one text.
type Reader struct {
	Dict *word.Dictionary
	List *token.List
}

// Found is a date.
type Found struct {
	Next   int // the token behind it
	Start  int
	End    int
	Year   int
	Spaced bool // three numbers with spaces between: a date only beside a word that says so
	Never  bool // no day of any calendar, though written as one: 31/04/1989
}

// Read reads the date that begins at token t.
func (r Reader) Read(text []byte, t int) (found Found, ok bool) {
	if found, ok = r.written(text, t); !ok {
		found, ok = r.foreign(text, t)
	}
	found.Start = int(r.List.Tokens[t].Start)
	return found, ok
}

// written reads a date of three notes.
func (r Reader) written(text []byte, t int) (found Found, ok bool) {
	var v [3]int
	var size [3]int32
	var month [3]bool
	tokens := r.List.Tokens
	u := t
	for k := range 3 {
		if u >= len(tokens) {
			return found, false
		}
		tok := &tokens[u]
		if k > 0 {
			gap := text[tokens[u-1].End:tok.Start]
			if string(gap) == " of " && tok.Ord == tokens[u-1].Ord+2 {
				gap = gap[:1]
			} else if len(gap) == 3 && gap[0] == ' ' && gap[2] == ' ' && (gap[1] == '-' || gap[1] == '/' || gap[1] == '.') { // 17 - 08 - 1990
				gap = gap[1:2]
			} else if len(gap) == 0 || len(gap) > 2 || tok.Ord != tokens[u-1].Ord+1 {
				return found, false
			}
			for _, c := range gap {
				if c != ' ' && c != '-' && c != '/' && c != '.' && (c != '\'' || k < 2) && (c != ',' || !month[0] && !month[1]) {
					return found, false
				}
			}
		}
		switch {
		case tok.Kind == token.Number && tok.Flags == 0 && tok.End-tok.Start <= 4:
			if size := tok.End - tok.Start; size == 3 || size == 4 && k == 1 {
				return found, false // no day, no month and no year: 1.250.000
			}
			v[k], size[k] = check.Number(text[tok.Start:tok.End]), tok.End-tok.Start
		case tok.Kind == token.Mixed && k == 2 && tok.End-tok.Start > 3 && text[tok.Start+2] == 'T' && token.IsDigit(text[tok.Start+1]): // 1996-10-28T00:00
			v[k], size[k] = check.Number(text[tok.Start:tok.Start+2]), 2
		case tok.Kind == token.Word && k < 2:
			e := r.Dict.Entry(tok.ID)
			if e.Part != word.Month {
				return found, false
			}
			v[k], month[k] = int(e.Value), true
		default:
			return found, false
		}
		u++
		if k < 2 && u < len(tokens) && tokens[u].Kind == token.Word && tokens[u].Start == tokens[u-1].End && r.Dict.Entry(tokens[u].ID).Part == word.Ordinal {
			u++ // 12th
		}
	}
	found.Next, found.End = u, int(tokens[u-1].End)
	if tokens[u-1].Kind == token.Mixed {
		found.End = int(tokens[u-1].Start) + 2
	}
	if !month[0] && !month[1] {
		first, second := tokens[t].End, tokens[t+1].End
		one, two := text[first:tokens[t+1].Start], bytes.TrimSuffix(text[second:tokens[t+2].Start], apostrophe)
		if !bytes.Equal(one, two) && !(size[2] == 4 && v[2] >= 1900 && v[2] < 2100 && signs(one) && signs(two)) { // 4/7-1980
			return found, false
		}
		found.Spaced = text[first] == ' ' && tokens[t+1].Start == first+1
		start, end := int(tokens[t].Start), found.End
		if start > 1 && text[start-1] == text[first] && token.IsDigit(text[start-2]) || end+1 < len(text) && text[end] == text[first] && token.IsDigit(text[end+1]) {
			return found, false // more of the same follows: it is no date
		}
	}
	found.Year = v[2]
	switch {
	case month[0]: // May 12, 1990
		ok = size[1] <= 2 && size[2] == 4 && check.Date(v[1], v[0], v[2])
	case month[1] && size[0] == 4: // 1995 Feb 7
		found.Year = v[0]
		ok = size[2] <= 2 && check.Date(v[2], v[1], v[0]) && v[0] >= 1900 && v[0] < 2100
	case month[1]:
		ok = size[0] <= 2 && (size[2] == 4 || size[2] == 2) && check.Date(v[0], v[1], v[2])
	case size[0] == 4:
		found.Year = v[0]
		ok = size[1] <= 2 && size[2] <= 2 && check.Date(v[2], v[1], v[0]) && v[0] >= 1900 && v[0] < 2100
	case size[2] == 4 || size[2] == 2:
		ok = size[0] <= 2 && size[1] <= 2 && (check.Date(v[0], v[1], v[2]) || check.Date(v[1], v[0], v[2])) && (size[2] == 2 || v[2] >= 1900 && v[2] < 2100)
		if !ok && size[2] == 4 && !found.Spaced && v[0] >= 1 && v[0] <= 31 && v[1] >= 1 && v[1] <= 12 && v[2] >= 1900 && v[2] < 2100 {
			found.Never, ok = true, true
		}
	}
	if found.Year < 100 {
		found.Year += 1900
		if found.Year < 1927 {
			found.Year += 100
		}
	}
	return found, ok
}

// signs reports whether one sign stands between two numbers of a date.
func signs(b []byte) bool { return len(b) == 1 && (b[0] == '/' || b[0] == '-' || b[0] == '.') }

// months that the dictionary does not have: in old and in regional spellings, and those of the Islamic year from 101 on.
var months = map[string]int{
	"djanuari": 1, "januwari": 1, "pebuari": 2, "febuari": 2, "pébruari": 2, "séptémber": 9, "désémber": 12, "nopémber": 11, "október": 10, "maart": 3, "mart": 3, "maret.": 3, "djuni": 6, "djoeni": 6, "juny": 6, "djuli": 7, "djoeli": 7, "agoestoes": 8, "agustos": 8, "augustus": 8, "oktobr": 10, "nopembr": 11, "desembr": 12, "disember": 12,
	"muharam": 101, "muharram": 101, "sura": 101, "suro": 101, "safar": 102, "sapar": 102, "rabiul": 103, "rabi'ul": 103, "mulud": 103, "jumadil": 105, "jumadal": 105, "rajab": 107, "syaban": 108, "sya'ban": 108, "ruwah": 108,
	"ramadan": 109, "ramadhan": 109, "romadhon": 109, "ramadlan": 109, "puasa": 109, "syawal": 110, "syawwal": 110, "sawal": 110, "zulkaidah": 111, "dzulqa'dah": 111, "dzulkaidah": 111, "dzulqaidah": 111, "zulhijah": 112, "dzulhijjah": 112, "dzulhijah": 112, "zulhijjah": 112,
}

// roman is the month that a Roman number stands for.
func roman(w []byte) int {
	for i, s := range [...]string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"} {
		if string(w) == s {
			return i + 1
		}
	}
	return 0
}

// foreign reads a day, a month that the dictionary does not have, and a year.
func (r Reader) foreign(text []byte, t int) (found Found, ok bool) {
	tok := &r.List.Tokens[t]
	p := int(tok.End)
	if tok.Kind != token.Number || tok.End-tok.Start > 2 || p+8 > len(text) {
		return found, false
	}
	day := check.Number(text[tok.Start:tok.End])
	gap, p := apart(text, p)
	if gap == 0 || !token.IsLetter(text[p]) && text[p] < 0x80 {
		return found, false
	}
	e := wordEnd(text, p)
	month := 0
	if e-p <= 4 && token.IsUpper(text[p]) {
		month = roman(text[p:e])
		if month == 0 && e < len(text) && text[e] == '/' { // 16 DES/DEC 1998
			if en := r.Dict.Entry(r.Dict.Find(text, p, e)); en.Part == word.Month {
				month, e = int(en.Value), wordEnd(text, e+1)
			}
		}
	}
	if next, q := apart(text, e); month == 0 && e-p >= 4 && e-p <= 12 && next != 0 && (token.IsDigit(text[q]) || text[p]|0x20 == 'r' || text[p]|0x20 == 'j') {
		var room [12]byte
		for i, c := range text[p:e] {
			room[i] = token.Lower(c)
		}
		month = months[string(room[:e-p])]
	}
	if month == 0 || day < 1 || day > 31 || month < 100 && !check.Date(day, month, 2000) || month > 100 && day > 30 {
		return found, false
	}
	second, q := apart(text, e)
	if (month == 103 || month == 105) && second == ' ' && q < len(text) && token.IsLetter(text[q]) { // Rabiul Awal
		e = wordEnd(text, q)
		second, q = apart(text, e)
	}
	if second == 0 || q >= len(text) || second != gap && (gap == ' ') != (second == ' ') {
		return found, false
	}
	year := q
	for q < len(text) && token.IsDigit(text[q]) {
		q++
	}
	if n := q - year; n != 4 && (n != 2 || month > 100) || q < len(text) && token.IsAlnum(text[q]) {
		return found, false
	}
	found.Year = check.Number(text[year:q])
	switch {
	case month > 100 && (found.Year < 1300 || found.Year > 1460) && (found.Year < 1900 || found.Year > 2030):
		return found, false
	case month > 100 && found.Year < 1500:
		found.Year = found.Year*970/1000 + 622
		for _, h := range [...]string{" Hijriyah", " Hijriah", " hijriah", " H", " h"} {
			if bytes.HasPrefix(text[q:], []byte(h)) && (q+len(h) == len(text) || !token.IsAlnum(text[q+len(h)])) {
				q += len(h)
				break
			}
		}
	case found.Year < 100:
		found.Year += 1900
	case found.Year < 1900 || found.Year > 2100:
		return found, false
	}
	found.End = q
	for found.Next = t + 1; found.Next < len(r.List.Tokens) && int(r.List.Tokens[found.Next].Start) < q; found.Next++ {
	}
	return found, true
}

// wordEnd is where a word ends that may have letters beyond ASCII.
func wordEnd(text []byte, p int) int {
	for p < len(text) && (token.IsLetter(text[p]) || text[p] >= 0x80 || text[p] == '\'' && p+1 < len(text) && token.IsLetter(text[p+1])) {
		p++
	}
	return p
}

// apart is the sign between two parts of a date, with or without spaces around it, and where the next part begins; 0 for none.
func apart(text []byte, p int) (sign byte, next int) {
	q := p
	for q < len(text) && q-p < 3 && (text[q] == ' ' || text[q] == '-' || text[q] == '/' || text[q] == '.') {
		if text[q] != ' ' {
			if sign != 0 && sign != ' ' {
				return 0, q
			}
			sign = text[q]
		} else if sign == 0 {
			sign = ' '
		}
		q++
	}
	if q >= len(text) {
		return 0, q
	}
	return sign, q
}

// Other reports whether one of the two words before the date, or what follows it, says that it is no birth: wafat 2 Mei 2024, 26/7/2019 itu tanggal
// nikah; or that what was born is no person: koperasi, Pancasila.
func Other(text []byte, start, end, lo, hi int) bool {
	p := start
	for n := range 7 {
		e := p
		for e > lo && !token.IsAlnum(text[e-1]) {
			if c := text[e-1]; n > 1 && (c == '.' || c == ';' || c == '\n') {
				return false
			}
			e--
		}
		b := e
		for b > lo && token.IsAlnum(text[b-1]) {
			b--
		}
		if b == e {
			break
		}
		w := text[b:e]
		if n < 3 && token.OneOf(w, "wafat", "meninggal", "meninggalnya", "wafatnya", "nikah", "menikah", "kawin", "cerai", "kerja", "bekerja", "dicetak", "cetak", "nota", "garansi", "sampai", "habis", "sd", "died", "deceased", "married", "joined", "hired", "issued", "passed", "vaksin", "masuk", "keluar", "terbit", "berlaku", "pensiun", "registrasi", "lulus", "akad", "resepsi", "operasional", "dikeluarkan", "diterbitkan", "kontrol", "acara", "pelaksanaan", "berangkat") {
			return true
		}
		if n == 0 && token.OneOf(w, "senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday") && !born(text, b, lo) {
			return true
		}
		if n < 3 && token.OneOf(w, "lahir", "lhr", "lahirnya", "dob", "ttl", "born", "birth", "kelahiran", "dilahirkan", "ultah") && n == 0 {
			if q := before(text, b, lo); token.OneOf(q, "hari", "akta", "akte", "surat", "kutipan") && !token.OneOf(q, "tanggal") && n == 0 && token.OneOf(q, "hari") {
				return true
			}
		}
		if token.OneOf(w, "koperasi", "perusahaan", "yayasan", "organisasi", "pancasila", "kantor", "kota", "kabupaten", "provinsi", "republik", "indonesia", "bank", "toko", "partai", "pt", "cv", "komunitas", "promo", "kutipan") {
			return true
		}
		p = b
	}
	q := end
	for n := range 4 {
		for q < hi && (text[q] == ' ' || n > 0 && text[q] == '(') {
			q++
		}
		e := q
		for e < hi && token.IsLetter(text[e]) {
			e++
		}
		if e == q {
			return false
		}
		if token.OneOf(text[q:e], "nikah", "menikah", "wafat", "meninggal", "cetak", "terbit") {
			return true
		}
		if !token.OneOf(text[q:e], "itu", "tanggal", "tgl", "adalah", "is", "hari", "was") {
			return false
		}
		q = e
	}
	return false
}

// born reports whether a day of the week is that of a birth: lahir Senin.
func born(text []byte, p, lo int) bool {
	for range 3 {
		w := before(text, p, lo)
		if token.OneOf(w, "lahir", "lahirnya", "born", "lair", "dilahirkan", "terlahir", "kelahiran") {
			return true
		}
		p -= len(w) + 1
		if p <= lo {
			return false
		}
	}
	return false
}

// before is the word before the place.
func before(text []byte, p, lo int) []byte {
	for p > lo && !token.IsAlnum(text[p-1]) {
		p--
	}
	b := p
	for b > lo && token.IsAlnum(text[b-1]) {
		b--
	}
	return text[b:p]
}

// Field reports whether the date is a field of its own between signs that part fields, or has a word of a document or "tgl" right before it.
func Field(text []byte, start, end, lo, hi int) (field, document bool) {
	w := before(text, start, lo)
	gap := bytes.HasSuffix(bytes.TrimRight(text[max(lo, start-8):start], " (=:"), w)
	if gap && token.OneOf(w, "ditulis", "tertulis", "tercatat", "tertera") {
		w = before(text, start-len(w)-1, lo)
	}
	document = gap && token.OneOf(w, "ktp", "ijazah", "akta", "akte", "kk", "paspor", "passport", "sim", "ektp", "rapor", "raport")
	p := start
	for p > lo && text[p-1] == ' ' {
		p--
	}
	left := p == lo || text[p-1] == ',' || text[p-1] == '/' || text[p-1] == '|' || text[p-1] == ';' || text[p-1] == '(' || text[p-1] == '&' || text[p-1] == '-' && p < start || gap && token.OneOf(w, "tgl", "tanggal")
	q := end
	for q < hi && (text[q] == ' ' || text[q] == '\r') {
		q++
	}
	right := q >= hi || text[q] == ',' || text[q] == '/' || text[q] == '|' || text[q] == ';' || text[q] == ')' || text[q] == '&' || text[q] == '-' && q > end || text[q] == '.' && (q+1 >= hi || text[q+1] == ' ') || q > end && hi-q > 2 && token.OneOf(text[q:min(hi, q+2)], "ok", "ib")
	return left && right, document
}

// Row reports whether the date stands in a row of somebody's: in brackets behind a word with a capital, and before a word for what identifies
// people: Dadan Ramdani (11/01/1974), BPJSTK 13725760901.
func Row(text []byte, start, end, lo, hi int) bool {
	p := start
	for p > lo && (text[p-1] == ' ' || text[p-1] == '(' || text[p-1] == '-' || text[p-1] == ',' || text[p-1] == '/' || text[p-1] == ';') {
		p--
	}
	b := p
	for b > lo && token.IsLetter(text[b-1]) {
		b--
	}
	if b == p || p == start || !token.IsUpper(text[b]) {
		return false
	}
	q := end
	for words := 0; words < 2 && q < hi; words++ {
		for q < hi && !token.IsAlnum(text[q]) {
			q++
		}
		e := q
		for e < hi && token.IsAlnum(text[e]) {
			e++
		}
		if token.OneOf(text[q:e], "nik", "ktp", "kk", "nokk", "paspor", "passport", "sim", "bpjs", "bpjstk", "bpjsk", "kpj", "npwp", "noka", "kis", "jkn") {
			return true
		}
		q = e
	}
	return false
}

// Weekday reports whether a day of the week and one of the five days of the Javanese week stand right before the date, as only those do who
// say when somebody was born: Senin Legi 25-09-2017.
func Weekday(text []byte, start, lo int) bool {
	w := before(text, start, lo)
	if !token.OneOf(w, "legi", "manis", "pahing", "paing", "pon", "wage", "kliwon") {
		return false
	}
	p := start
	for p > lo && !token.IsAlnum(text[p-1]) {
		p--
	}
	return token.OneOf(before(text, p-len(w), lo), "senin", "senen", "selasa", "seloso", "rabu", "rebo", "kamis", "kemis", "jumat", "jemuah", "sabtu", "setu", "minggu", "ahad", "ngahad")
}

// Lettered reports whether "l." or "b." for born stands right before the date, behind a comma or a bracket.
func Lettered(text []byte, start, lo int) bool {
	p := start
	for p > lo && text[p-1] == ' ' {
		p--
	}
	if p-2 < lo || text[p-1] != '.' || text[p-2]|0x20 != 'l' && text[p-2]|0x20 != 'b' {
		return false
	}
	q := p - 2
	for q > lo && text[q-1] == ' ' {
		q--
	}
	return q == lo || text[q-1] == ',' || text[q-1] == '(' || text[q-1] == ';'
}

// Joined reports whether between two dates nothing stands but words that join two of one kind, or say whose the second is: suami X, istri Y.
func Joined(text []byte, p, hi int) bool {
	if hi-p > 48 {
		return false
	}
	for words := 0; p < hi; {
		if !token.IsAlnum(text[p]) {
			if text[p] == '.' || text[p] == '\n' {
				return false
			}
			p++
			continue
		}
		e := p
		for e < hi && token.IsAlnum(text[e]) {
			e++
		}
		if words++; words > 5 || !token.OneOf(text[p:e], "istri", "suami", "anak", "ibu", "ayah", "bapak", "ke", "1", "2", "3", "4", "kakak", "adik", "dan", "dari", "jadi", "menjadi", "atau", "bukan", "harusnya", "seharusnya", "mestinya", "yang", "benar", "bener", "di", "ktp", "kk", "akta", "akte", "ijazah", "paspor", "tapi", "tetapi", "aslinya", "sistem", "sedangkan", "padahal", "to", "or", "and", "not", "should", "be", "wife", "husband", "son", "daughter", "tertulis", "tdk", "tidak", "valid", "kedua", "pertama", "tgl", "tanggal", "saya", "sebenarnya") {
			return false
		}
		p = e
	}
	return true
}

package said

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// between are signs that may stand between the pieces of an address that is said, or written apart.
func between(c byte) bool {
	return c == ' ' || c == ',' || c == '*' || c == '|' || c == '~' || c == '.' || c == '-' || c == '_' || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' || c == '<' || c == '>' || c == '"' || c == '\''
}

// ending reports whether a word is the last part of a domain name.
func (r Reader) ending(text []byte, b, e int) bool {
	if r.Dict.Part(r.Dict.Find(text, b, e)) == word.Domain {
		return true
	}
	if e-b != 2 {
		return token.EqualFold(text[b:e], "aidi")
	}
	switch string([]byte{token.Lower(text[b]), token.Lower(text[b+1])}) {
	case "ko", "me", "tv", "ai", "us", "uk", "au", "sg", "nl", "de", "jp", "cc", "ru", "fr", "in":
		return true
	}
	return false
}

// label returns where one part of a domain name ends that begins at p: a word, or letters that stand apart.
func label(text []byte, p, hi int) int {
	e := p
	for e < hi && (token.IsAlnum(text[e]) || text[e] == '-' && e > p && e+1 < hi && token.IsAlnum(text[e+1]) && !sign(text, e+1, hi)) {
		e++
	}
	if e-p != 1 {
		return e
	}
	for e+1 < hi && text[e] == ' ' && token.IsAlnum(text[e+1]) && (e+2 == hi || !token.IsAlnum(text[e+2])) {
		e += 2
	}
	return e
}

// sign reports whether the word at p is one that is said for a sign.
func sign(text []byte, p, hi int) bool {
	e := token.WordEnd(text, p)
	if e > hi {
		return false
	}
	w := text[p:e]
	return token.EqualFold(w, "titik") || token.EqualFold(w, "dot") || token.EqualFold(w, "at")
}

// domain returns where the domain name ends that is said from p on; 0 when there is none. Spaced says that a point may have
// spaces beside it.
func (r Reader) domain(text []byte, p, hi int) int {
	end, words, dots := 0, 0, 0
	dotted := false    // a sign for a point stands before p
	bracketed := false // it is a word in brackets, which nobody writes but to hide an address
	for pieces := 0; pieces < 12; pieces++ {
		from := p
		point := false
		for p < hi && p-from < 6 && between(text[p]) {
			point = point || text[p] == '.'
			p++
		}
		if p == hi || !token.IsAlnum(text[p]) {
			break
		}
		if point && words > 0 && !dotted {
			if words > 1 {
				break // two words and a full stop
			}
			dotted = true
		}
		e := token.WordEnd(text, p)
		id := r.Dict.Find(text, p, min(e, hi))
		part := r.Dict.Part(id)
		if words > 0 && (part == word.Dot || token.EqualFold(text[p:min(e, hi)], "koma") && r.provides(text, from)) {
			bracketed = p > from && e < hi && (text[p-1] == '[' && text[e] == ']' || text[p-1] == '(' && text[e] == ')' || text[p-1] == '{' && text[e] == '}')
			dotted, p = true, e
			continue
		}
		if part == word.At {
			return end // me at maria at example dot com
		}
		if words == 1 && !dotted && e <= hi && (part == word.Domain && r.provides(text, from) || len(text[p:e]) > 5 && token.EqualFold(text[p:p+3], "dot") && r.ending(text, p+3, e)) {
			return e // gmail com, gmail dotcom
		}
		if e = label(text, p, hi); e == p {
			break
		}
		if dotted && e+3 <= hi && token.EqualFold(text[p:e], "ai") && token.EqualFold(text[e:e+3], " di") {
			return e + 3
		}
		switch {
		case dotted:
			if !r.ending(text, p, e) && !spaced(text, p, e) && !(bracketed && e-p >= 2 && e-p <= 8) {
				if dots > 0 || p == from {
					return end
				}
				words, dotted, p = words+1, false, e // mail dot contoh dot com
				continue
			}
			dots, dotted, bracketed, end = dots+1, false, false, e
			words = 1
		case dots > 0:
			return end
		default:
			if cues := r.Dict.Cues(id); cues&(word.Stop|word.Ack|word.Speaker) != 0 && words == 0 && e-p > 1 {
				return 0 // at the dot com office
			}
			if words++; words > 3 {
				return 0
			}
		}
		p = e
	}
	return end
}

// provides reports whether the word that ends at the place is a provider of mail.
func (r Reader) provides(text []byte, end int) bool {
	b, e := WordBefore(text, end, max(0, end-20))
	return b < end && r.Dict.Part(r.Dict.Find(text, b, e)) == word.Provider
}

// spaced reports whether letters that stand apart are the end of a domain name.
func spaced(text []byte, p, e int) bool {
	var b [4]byte
	n := 0
	for ; p < e; p++ {
		if text[p] == ' ' {
			continue
		}
		if n == len(b) {
			return false
		}
		b[n] = token.Lower(text[p])
		n++
	}
	switch string(b[:n]) {
	case "com", "net", "org", "id", "me", "io":
		return true
	}
	return false
}

// Email reads an address that is said, or written with spaces, around the word or sign for @ at token t of the line: budi titik santoso at gmail
// dot com. Steps is how many words were looked at.
func (r Reader) Email(text []byte, t, line int) (begin, end, steps int) {
	l := &r.List.Lines[line]
	lo, hi := int(l.Start), int(l.End)
	at, p := int(r.List.Tokens[t].Start), int(r.List.Tokens[t].End)
	if r.Dict.Part(r.List.Tokens[t].ID) == word.Provider {
		b, e := WordBefore(text, at, lo)
		switch {
		case token.EqualFold(text[b:e], "di") && r.domain(text, e, hi) > 0:
			at, p = b, e // rina di gmail titik com
		case at > lo+1 && instead(text[at-1]) && token.IsAlnum(text[at-2]) && r.domain(text, at, hi) > 0:
			at, p = at-1, at // rudi#gmail.com
		default:
			return 0, 0, 1
		}
	}
	if p < hi && text[p]|0x20 == 't' && text[at] == '@' {
		p++ // @t
	}
	announced := r.announced(t, int(l.From)) || r.asked(line)
	if end = r.domain(text, p, hi); end == 0 {
		if end = r.bare(text, p, hi, announced); end == 0 {
			end = r.continued(text, p, line)
		}
		if end == 0 {
			return 0, 0, 1
		}
	}
	begin, steps = r.name(text, at, lo, announced)
	if begin == at || begin <= r.spoken(text, line) {
		begin = r.earlier(text, line, begin)
	}
	if begin == at {
		return 0, 0, steps
	}
	return begin, end, steps
}

// instead reports whether a sign is one that is typed where @ should stand.
func instead(c byte) bool {
	return c == '#' || c == '*' || c == '&' || c == '^' || c == '!' || c == '$'
}

// bare returns where a provider's name ends that stands alone for its domain: rina at gmail. Somebody must have spoken of mail, or hyphens join it.
func (r Reader) bare(text []byte, p, hi int, announced bool) int {
	from := p
	for p < hi && p-from < 3 && between(text[p]) {
		p++
	}
	if p == from || p == hi {
		return 0
	}
	e := min(token.WordEnd(text[:hi], p), hi)
	if (announced || text[from] == '-') && r.Dict.Part(r.Dict.Find(text, p, e)) == word.Provider && !token.EqualFold(text[p:e], "live") {
		return e
	}
	return 0
}

// continued returns where the domain ends that is said in the next turn of the same speaker, when nothing of it is said in this one.
func (r Reader) continued(text []byte, p, line int) int {
	own := r.List.Speaker(text, line)
	if end := int(r.List.Lines[line].End); len(own) == 0 || end-p > 3 {
		return 0
	}
	for l := line + 1; l < len(r.List.Lines) && l <= line+3; l++ {
		if string(r.List.Speaker(text, l)) == string(own) {
			return r.domain(text, r.spoken(text, l), int(r.List.Lines[l].End))
		}
	}
	return 0
}

// spoken is where the speech on a line begins, behind words that only go on or agree.
func (r Reader) spoken(text []byte, line int) int {
	l := &r.List.Lines[line]
	p := max(int(l.Start), int(l.Label))
	for words := 0; words < 5; words++ {
		q := p
		for q < int(l.End) && between(text[q]) {
			q++
		}
		e := min(token.WordEnd(text, q), int(l.End))
		if en := r.Dict.Entry(r.Dict.Find(text, q, e)); e == q || en.Cues&(word.Stop|word.Ack) == 0 && en.Part != word.Filler || en.Part >= word.Digit && en.Part <= word.Repeat || Letter(text[q:e]) != 0 {
			return q
		}
		p = e
	}
	return p
}

// earlier returns where the name of an address begins that was said in turns before this one; the place when there are none.
func (r Reader) earlier(text []byte, line, begin int) int {
	own := r.List.Speaker(text, line)
	if len(own) == 0 {
		return begin
	}
	for l := line - 1; l >= 0 && l >= line-8; l-- {
		from, to := int(r.List.Lines[l].Start), int(r.List.Lines[l].End)
		if string(r.List.Speaker(text, l)) != string(own) {
			if to-from > 80 || r.speaksOfMail(l) {
				break
			}
			continue
		}
		p := r.spoken(text, l)
		if p == to || to-p > 160 || !r.nameOnly(text, p, to) {
			break
		}
		begin = p
	}
	return begin
}

// nameOnly reports whether what is said is part of a name only: words that nobody knows, letters, numbers, signs.
func (r Reader) nameOnly(text []byte, p, to int) bool {
	for words := 0; p < to; {
		if between(text[p]) {
			p++
			continue
		}
		e := p
		for e < to && token.IsAlnum(text[e]) {
			e++
		}
		if words++; e == p || words > 8 {
			return false
		}
		if en := r.Dict.Entry(r.Dict.Find(text, p, e)); en.Cues&^(word.Stop|word.Ack|word.Number) != 0 && en.Part == word.NoPart {
			return false
		}
		p = e
	}
	return true
}

// speaksOfMail reports whether a word for e-mail stands on a line.
func (r Reader) speaksOfMail(line int) bool {
	l := &r.List.Lines[line]
	for t := int(l.From); t < int(l.To) && t < int(l.From)+24; t++ {
		if tok := &r.List.Tokens[t]; tok.Kind == token.Word && r.Dict.Cues(tok.ID)&word.Email != 0 {
			return true
		}
	}
	return false
}

// asked reports whether a word for e-mail stands on one of the two lines before.
func (r Reader) asked(line int) bool {
	return line > 0 && r.speaksOfMail(line-1) || line > 1 && r.speaksOfMail(line-2)
}

// name returns where the name before the sign @ begins: the word that announces it, or one word and what is joined to it.
func (r Reader) name(text []byte, at, lo int, announced bool) (begin, steps int) {
	begin = at
	joined, loose := true, 0
	for pieces := 0; begin > lo && pieces < 24; pieces++ {
		e, comma := begin, false
		for e > lo && begin-e <= 4 && between(text[e-1]) {
			e--
			comma = comma || text[e] == ','
		}
		if e == lo || !token.IsAlnum(text[e-1]) {
			break
		}
		steps++
		b := e
		joined = joined || e == begin-1 && (text[e] == '_' || text[e] == '.' || text[e] == '-')
		for b > lo && token.IsAlnum(text[b-1]) && e-b < 40 {
			b--
		}
		if b > lo && text[b-1] == '\'' && e-b == 1 {
			break // email's
		}
		if pb, pe := WordBefore(text, b, lo); pb < b && joined { // d as in delta
			if token.EqualFold(text[pb:pe], "in") {
				pb, pe = WordBefore(text, pb, lo)
			}
			if qb, qe := WordBefore(text, pb, lo); likens(text[pb:pe]) && qb < pb && Letter(text[qb:qe]) == text[b]&^0x20 {
				begin = qb
				continue
			}
		}
		if joined && r.letter(text, b, e, begin) { // spelt letter by letter
			begin = b
			continue
		}
		id := r.Dict.Find(text, b, e)
		entry := r.Dict.Entry(id)
		connects := entry.Part == word.Dot || entry.Part == word.Underscore || entry.Part == word.Dash
		if first := compound(text, b, e, lo); first < b {
			b, connects = first, true
		}
		number := entry.Part >= word.Digit && entry.Part <= word.Repeat || joined && (entry.Text == "ribu" || entry.Text == "seribu" || entry.Text == "kali") || token.IsDigit(text[b])
		if comma && !joined {
			break
		}
		if joined && begin < at && goesOn(text[b:e]) {
			begin = b
			continue
		}
		if whose.Has(text[b:e]) || id != 0 && !connects && !number && (entry.Cues&(word.Stop|word.Ack|word.Email) != 0 || entry.Cues != 0 && begin < at || entry.Part == word.Filler) {
			if pb, pe := WordBefore(text, b, lo); kin(text[b:e]) && begin < at && !comma && (pb == b && b-lo < 8 || r.Dict.Cues(r.Dict.Find(text, pb, pe))&word.Email != 0) {
				begin = b // emailnya bang jali at
			}
			break
		}
		if !connects && !joined && !number {
			if loose++; !announced && (loose > 1 || !r.bounded(text, b, lo)) {
				break
			}
		}
		joined = connects || number
		begin = b
	}
	return begin, steps
}

// goesOn reports whether a word only says that the name goes on, or with what.
func goesOn(w []byte) bool { return onward.Has(w) }

var onward, kinship, whose = word.NewSet("angka huruf lalu terus trus kemudian then and pakai pake pakek"), word.NewSet("pak bu bang mas mbak kak"), word.NewSet("kula kulo ambo abdi tiang tiange beta aye awak sa bwt")

// kin reports whether a word is how somebody is called before his name.
func kin(w []byte) bool { return kinship.Has(w) }

// letter reports whether the word is a letter that is spelt among others: one letter, or the name of one beside another or beside a sign.
func (r Reader) letter(text []byte, b, e, next int) bool {
	if e-b == 1 {
		return token.IsLetter(text[b])
	}
	if e-b > 8 || Letter(text[b:e]) == 0 {
		return false
	}
	single := func(b, e int) bool {
		return b < e && (Letter(text[b:e]) != 0 || r.Dict.Part(r.Dict.Find(text, b, e)) == word.Dot && e-b > 3)
	}
	if pb, pe := WordBefore(text, b, max(0, b-16)); pb < b && single(pb, pe) {
		return true
	}
	return single(next, token.WordEnd(text[:min(len(text), next+12)], next))
}

// bounded reports whether a word of speech, or nothing, stands before the place.
func (r Reader) bounded(text []byte, p, lo int) bool {
	b, e := WordBefore(text, p, lo)
	if b == p {
		return p-lo < 3
	}
	en := r.Dict.Entry(r.Dict.Find(text, b, e))
	return en.Cues != 0 || en.Part == word.Filler
}

// compound returns where two words for one sign begin, of which the second stands at [b, e): garis bawah, tanda hubung, under score.
func compound(text []byte, b, e, lo int) int {
	pb, pe := WordBefore(text, b, lo)
	first, second := text[pb:pe], text[b:e]
	is := func(w []byte, list ...string) bool {
		for _, s := range list {
			if token.EqualFold(w, s) {
				return true
			}
		}
		return false
	}
	if pb < b && (is(first, "garis") && is(second, "bawah", "datar", "tengah") || is(first, "tanda") && is(second, "hubung", "titik", "strip", "minus", "pisah") || is(first, "under", "ander") && is(second, "score", "skor")) {
		return pb
	}
	return b
}

// announced reports whether a word for e-mail stands on the line before the token.
func (r Reader) announced(t, first int) bool {
	for i, looked := t-1, 0; i >= first && looked < 12; i, looked = i-1, looked+1 {
		if tok := &r.List.Tokens[i]; tok.Kind == token.Word && r.Dict.Cues(tok.ID)&word.Email != 0 {
			return true
		}
	}
	return false
}

// Address writes an address that was said as it is typed.
func (r Reader) Address(dst, text []byte) []byte {
	lines := r.List.Lines
	own := r.List.Speaker(text, len(lines)-1)
	for l := range lines {
		from, to := int(lines[l].Start), int(lines[l].End)
		if l > 0 && string(r.List.Speaker(text, l)) != string(own) {
			continue // what the listener says
		}
		if l > 0 {
			from = r.spoken(text, l)
		}
		dst = r.typed(dst, text[:to], from)
	}
	return dst
}

// typed writes what is said from p to the end of the text as it is typed.
func (r Reader) typed(dst, text []byte, p int) []byte {
	last, t := 0, 0
	for p < len(text) {
		if !token.IsAlnum(text[p]) {
			if c := text[p]; c == '.' || c == '@' || c == '_' || c == '-' {
				dst = append(dst, c)
			}
			p++
			continue
		}
		e := p
		for e < len(text) && token.IsAlnum(text[e]) {
			e++
		}
		for t < len(r.List.Tokens) && int(r.List.Tokens[t].Start) < p {
			t++
		}
		entry := r.Dict.Entry(r.Dict.Find(text, p, e))
		from := len(dst)
		switch {
		case entry.Part == word.At:
			if entry.Text == "keong" && last == 1 { // a keong
				dst = dst[:len(dst)-1]
			}
			dst = append(dst, '@')
		case entry.Part == word.Dot, entry.Text == "koma" && r.provides(text, p):
			dst = append(dst, '.')
		case entry.Part == word.Underscore:
			dst = append(dst, '_')
		case entry.Part == word.Dash:
			dst = append(dst, '-')
		case token.EqualFold(text[p:e], "garis"):
			switch f := token.WordEnd(text, min(e+1, len(text))); {
			case f <= e+1:
			case token.EqualFold(text[e+1:f], "bawah"):
				dst, e = append(dst, '_'), f
			case token.EqualFold(text[e+1:f], "datar"), token.EqualFold(text[e+1:f], "tengah"):
				dst, e = append(dst, '-'), f
			}
		case (entry.Part >= word.Digit && entry.Part <= word.Repeat || entry.Text == "seribu") && t < len(r.List.Tokens) && int(r.List.Tokens[t].Start) == p:
			var u int
			if dst, u = r.Large(dst, text, t); u > t {
				e = int(r.List.Tokens[u-1].End)
			}
		case goesOn(text[p:e]):
		case e-p > 1 && r.letter(text, p, e, e+1):
			dst = append(dst, Letter(text[p:e])|0x20)
			last = 1
			p = e
			continue
		default:
			for _, c := range text[p:e] {
				dst = append(dst, token.Lower(c))
			}
		}
		last = 0
		if e-p == 1 && token.IsLetter(text[p]) {
			last = len(dst) - from
		}
		p = e
	}
	return dst
}

package said

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// between are signs that may stand between the pieces of an address that is said, or written apart.
func between(c byte) bool {
	return c == ' ' || c == '.' || c == '-' || c == '_' || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' || c == '<' || c == '>' || c == '"' || c == '\''
}

// ending reports whether a word is the last part of a domain name.
func (r Reader) ending(text []byte, b, e int) bool {
	if r.Dict.Part(r.Dict.Find(text, b, e)) == word.Domain {
		return true
	}
	if e-b != 2 {
		return false
	}
	switch string([]byte{token.Lower(text[b]), token.Lower(text[b+1])}) {
	case "me", "tv", "ai", "us", "uk", "au", "sg", "nl", "de", "jp", "cc", "ru", "fr", "in":
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
		for p < hi && p-from < 4 && between(text[p]) {
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
		if part == word.Dot && words > 0 {
			bracketed = p > from && e < hi && (text[p-1] == '[' && text[e] == ']' || text[p-1] == '(' && text[e] == ')' || text[p-1] == '{' && text[e] == '}')
			dotted, p = true, e
			continue
		}
		if part == word.At {
			return end // me at maria at example dot com
		}
		if e = label(text, p, hi); e == p {
			break
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
			dots, dotted, end = dots+1, false, e
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

// Email reads an address that is said, or written with spaces, around the word or sign for @ at token t of the line [lo, hi): budi
// titik santoso at gmail dot com. Steps is how many words were looked at.
func (r Reader) Email(text []byte, t, first, lo, hi int) (begin, end, steps int) {
	tokens := r.List.Tokens
	at := int(tokens[t].Start)
	if end = r.domain(text, int(tokens[t].End), hi); end == 0 {
		return 0, 0, 1
	}
	// The name before: back to the word that announces it, or one word and what is joined to it.
	begin = at
	joined, announced := true, r.announced(t, first)
	for pieces := 0; begin > lo && pieces < 16; pieces++ {
		e := begin
		for e > lo && begin-e <= 4 && between(text[e-1]) {
			e--
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
		if e-b == 1 && token.IsLetter(text[b]) && joined { // spelt letter by letter
			begin = b
			continue
		}
		id := r.Dict.Find(text, b, e)
		entry := r.Dict.Entry(id)
		connects := entry.Part == word.Dot || entry.Part == word.Underscore || entry.Part == word.Dash
		if w := text[b:e]; token.EqualFold(w, "bawah") || token.EqualFold(w, "datar") || token.EqualFold(w, "tengah") {
			if pb, pe := WordBefore(text, b, lo); token.EqualFold(text[pb:pe], "garis") {
				b, connects = pb, true
			}
		}
		number := entry.Part >= word.Digit && entry.Part <= word.Repeat || joined && (entry.Text == "ribu" || entry.Text == "seribu") || token.IsDigit(text[b])
		if id != 0 && !connects && !number && (entry.Cues != 0 || entry.Part == word.Filler) {
			break
		}
		if !connects && !joined && !number && !announced {
			break
		}
		joined = connects || number
		begin = b
	}
	if begin == at {
		return 0, 0, steps
	}
	return begin, end, steps
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
	last, t := 0, 0
	for p := 0; p < len(text); {
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
		case entry.Part == word.Dot:
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

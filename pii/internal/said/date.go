package said

import (
	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

func (r Reader) follows(i int) bool {
	tokens := r.List.Tokens
	return i > 0 && i < len(tokens) && tokens[i].Ord == tokens[i-1].Ord+1
}

// day reports whether token i can be a day or, as a number, a month.
func (r Reader) day(i int) bool {
	tok := &r.List.Tokens[i]
	part := r.Dict.Part(tok.ID)
	return tok.Flags&token.Hidden == 0 && (tok.Kind == token.Number && tok.End-tok.Start <= 2 || tok.Kind == token.Word && (part >= word.Digit && part <= word.Repeat || part == word.Nth))
}

func (r Reader) is(i int, words ...string) bool {
	if i >= len(r.List.Tokens) || r.List.Tokens[i].Kind != token.Word {
		return false
	}
	text := r.Dict.Entry(r.List.Tokens[i].ID).Text
	for _, w := range words {
		if text == w {
			return true
		}
	}
	return false
}

// Date reads a date that is said or half said, around the month or the word "bulan" at token t: dua belas mei sembilan puluh, 12 bulan 5
// tahun 1990, march twelfth nineteen ninety. It returns its first token and the one after its last; first is -1 when there is none.
func (r Reader) Date(text []byte, t int) (first, last int) {
	tokens := r.List.Tokens
	named := r.Dict.Part(tokens[t].ID) == word.Month
	month := t
	first = t
	if t > 0 && tokens[t].Ord == tokens[t-1].Ord+2 && r.Dict.Part(tokens[t-1].ID) == word.Nth && string(text[tokens[t-1].End:tokens[t].Start]) == " of " {
		first--
	}
	for first > 0 && t-first < 3 && r.follows(first) && r.day(first-1) && !Pauses(text[tokens[first-1].End:tokens[first].Start]) {
		first--
	}
	switch {
	case first == t && named: // march twelfth
		month++
		if r.follows(month) && r.is(month, "the") {
			month++
		}
		if !r.follows(month) || !r.day(month) || tokens[month].Kind != token.Word {
			return -1, 0
		}
		for r.follows(month+1) && tokens[month+1].Kind == token.Word && r.Dict.Part(tokens[month+1].ID) == word.Nth {
			month++ // twenty first
		}
	case first == t:
		return -1, 0
	case !named: // bulan
		if month++; !r.follows(month) || !r.day(month) && (tokens[month].Kind != token.Word || r.Dict.Part(tokens[month].ID) != word.Month) {
			return -1, 0
		}
	}
	last = month + 1
	if r.follows(last) && r.is(last, "tahun", "thn", "th") {
		last++
	}
	year := last
	for ; last-year < 7 && r.follows(last); last++ {
		tok := &tokens[last]
		if tok.Kind == token.Number && tok.End-tok.Start <= 4 && last == year {
			last++
			break
		}
		if part := r.Dict.Part(tok.ID); tok.Kind != token.Word || !(part >= word.Digit && part <= word.Repeat) && !r.is(last, "ribu", "seribu", "thousand") {
			break
		}
	}
	if last == year || last-year == 1 && tokens[year].Kind != token.Number && r.Dict.Part(tokens[year].ID) == word.Digit {
		if named {
			return first, month + 1 // of this year
		}
		return -1, 0
	}
	return first, last
}

// Pauses reports whether a comma or a full stop is among the signs.
func Pauses(b []byte) bool {
	for _, c := range b {
		if c == ',' || c == '.' || c == ';' {
			return true
		}
	}
	return false
}

// GluedDate reports whether a piece is a date without spaces: 12mei1990.
func (r Reader) GluedDate(text []byte, start, end int) bool {
	p := start
	for p < end && token.IsDigit(text[p]) {
		p++
	}
	q := p
	for q < end && token.IsLetter(text[q]) {
		q++
	}
	for k := q; k < end; k++ {
		if !token.IsDigit(text[k]) {
			return false
		}
	}
	if p == start || p-start > 2 || q-p < 3 || end-q != 2 && end-q != 4 {
		return false
	}
	e := r.Dict.Entry(r.Dict.Find(text, p, q))
	return e.Part == word.Month && check.Date(check.Number(text[start:p]), int(e.Value), check.Number(text[q:end]))
}

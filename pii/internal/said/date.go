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
		if r.is(last, "and") && last > year && r.follows(last+1) && r.Dict.Part(r.List.Tokens[last+1].ID) == word.Digit {
			continue // two thousand and one
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

// Turns reads a date whose day, month and year are answers to questions that follow each other, from the line after the one that begins to ask.
// It returns where it begins and ends; 0, 0 when it is none, or stands on one line.
func (r Reader) Turns(text []byte, line int) (start, end int) {
	asker := text[r.List.Lines[line].Start:r.List.Said(r.Dict, text, line)]
	var v [3]int // day, month, year
	known, opened := 0, 0
	for l := line + 1; l < len(r.List.Lines) && l <= line+8 && known < 3; l++ {
		q := &r.List.Lines[l]
		p := r.List.Said(r.Dict, text, l)
		if q.End == q.Start || q.End-q.Start > 90 || text[q.End-1] == '?' || len(asker) > 0 && string(text[q.Start:p]) == string(asker) {
			if q.End-q.Start > 90 {
				return 0, 0
			}
			continue
		}
		before := known
		for u := int(q.From); u < int(q.To) && known < 3; {
			tok := &r.List.Tokens[u]
			part := r.Dict.Part(tok.ID)
			var room [8]byte
			digits, next := room[:0], u+1
			switch {
			case tok.Flags&token.Hidden != 0:
			case tok.Kind == token.Number && tok.End-tok.Start <= 4:
				digits = append(digits, text[tok.Start:tok.End]...)
			case tok.Kind == token.Word && part == word.Month && known == 1:
				v[1], known, end = int(r.Dict.Entry(tok.ID).Value), 2, int(tok.End)
			case tok.Kind == token.Word && (part >= word.Digit && part <= word.HundredOf || r.is(u, "seribu")):
				if digits, next = r.Large(digits, text, u); len(digits) == 1 && known != 1 { // tujuh tiga
					if r.follows(next) && r.List.Tokens[next].Kind == token.Word {
						if again, after := r.Large(digits, text, next); len(again) == 2 {
							digits, next = again, after
						}
					}
				}
			}
			if n := check.Number(digits); len(digits) > 0 && (known == 0 && n >= 1 && n <= 31 || known == 1 && n >= 1 && n <= 12 || known == 2 && (len(digits) == 2 || len(digits) == 4 && n >= 1900 && n < 2100)) {
				if known == 0 {
					start, opened = int(tok.Start), l
				}
				v[known], end = n, int(r.List.Tokens[next-1].End)
				known++
			}
			u = max(next, u+1)
		}
		if known == before || known == 3 && l == opened {
			return 0, 0
		}
	}
	if known < 3 || !check.Date(v[0], v[1], v[2]) {
		return 0, 0
	}
	return start, end
}

// Thousand reads a date whose day and month are said digit by digit before a year of thousands: dua empat, nol sembilan, seribu sembilan ratus enam
// puluh delapan. Token t is the word for a thousand. It returns its first token and the one after its last; first is -1 when there is none.
func (r Reader) Thousand(text []byte, t int) (first, last int) {
	var room [8]byte
	year := t
	if !r.is(t, "seribu") {
		year--
	}
	if year < 2 || year < t && !r.follows(t) {
		return -1, 0
	}
	digits, last := r.Large(room[:0], text, year)
	if len(digits) != 4 || digits[0] != '1' && digits[0] != '2' {
		return -1, 0
	}
	y := check.Number(digits)
	for first = year; first > 0 && year-first < 6 && r.follows(first) && r.List.Tokens[first-1].Kind == token.Word; first-- {
		if p := r.Dict.Part(r.List.Tokens[first-1].ID); p < word.Digit || p > word.Tens && p != word.Whole {
			break
		}
	}
	var head [8]byte
	d := head[:0]
	for u := first; u < year && len(d) < 5; {
		from := u
		if d, u = r.Number(d, text, u); u == from {
			return -1, 0 // puluh seribu sembilan ratus: no number begins so
		}
	}
	for a := 1; a <= 2; a++ {
		if b := len(d) - a; b >= 1 && b <= 2 && check.Date(check.Number(d[:a]), check.Number(d[a:]), y) {
			return first, last
		}
	}
	return -1, 0
}

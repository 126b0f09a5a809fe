package piece

import (
	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Clock reports whether the atoms are times with commas between: 09.10, 11.30, 14.05.
func (r *Row) Clock(i, j int) bool {
	for k := i; k <= j; k++ {
		a := &r.Atoms[k]
		if want := [2]Gap{Pause, Point}[(k-i)&1]; a.To-a.From != 2 || k > i && a.Gap != want && (a.Gap != Several || want != Pause) || r.Digits[a.From] > '5' {
			return false
		}
	}
	return (j-i)&1 == 1
}

// Hour reports whether the number is written as an hour with its minutes: 14.20.
func (r *Row) Hour(i, j int) bool {
	a, b := &r.Atoms[i], &r.Atoms[j]
	return j == i+1 && b.Gap == Point && a.To-a.From == 2 && b.To-b.From == 2 && r.Digits[a.From] <= '2' && r.Digits[b.From] <= '5'
}

// Paid reports whether the atoms end in an amount behind a number that is whole without it: 8610576624 1.250.000.
func (r *Row) Paid(i, j int) bool {
	k := j
	if a := r.Atoms; j+1 < len(a) && a[j+1].Gap == Point && a[j+1].To-a[j+1].From == 3 && a[j].Gap == Space && a[j].To-a[j].From <= 3 && a[j-1].To-a[j-1].From >= 9 {
		return true // cut out of it
	}
	for k > i && r.Atoms[k].Gap == Point && r.Atoms[k].To-r.Atoms[k].From == 3 {
		k--
	}
	return k < j && k > i && r.Atoms[k].Gap == Space && r.Atoms[k].To-r.Atoms[k].From <= 3 && r.Atoms[k-1].To-r.Atoms[k-1].From >= 9
}

// Amount reports whether all of the row is thousands in groups and nothing else by its length: 1.250.000. What begins with a plus, a
// zero or an eight may be a telephone number.
func (r *Row) Amount(text []byte) bool {
	first := &r.Atoms[0]
	if n := first.To - first.From; len(r.Atoms) < 2 || first.Start > 0 && text[first.Start-1] == '+' || len(r.Digits) > 8 || n > 3 || first.Spoken || first.Alike || r.Digits[0] == '0' || r.Digits[0] == '8' || r.Labelled(text, 0) {
		return false
	}
	for k := 1; k < len(r.Atoms); k++ {
		if a := &r.Atoms[k]; a.Gap != Point || a.To-a.From != 3 || a.Spoken || a.Alike {
			return false
		}
	}
	return true
}

// Breath reports whether atoms k-1 and k are said in one breath, as nearly all are that are said: no number ends there. It is small enough to cost
// no call.
func (r *Row) Breath(k int) bool {
	return uint(k-1) < uint(len(r.Atoms)-1) && r.Atoms[k].Gap == Touch && r.Atoms[k].Spoken && r.Atoms[k-1].Spoken
}

// Slashed reports whether a sign that parts fields stands inside the number, as in 12/27.
func (r *Row) Slashed(i, j int) bool {
	for k := i + 1; k <= j; k++ {
		if r.Atoms[k].Gap == Single && r.Atoms[k].To-r.Atoms[k].From > 1 {
			return true
		}
	}
	return false
}

// Printed reports whether the atoms have these lengths.
func (r *Row) Printed(i, j int, sizes ...int32) bool {
	if j-i+1 != len(sizes) {
		return false
	}
	for k, n := range sizes {
		if a := &r.Atoms[i+k]; a.To-a.From != n {
			return false
		}
	}
	return true
}

// Labelled reports whether the atom is one or two digits that touch a word: NPWP16, norek2. They belong to the word.
func (r *Row) Labelled(text []byte, k int) bool {
	a := &r.Atoms[k]
	return !a.Spoken && a.To-a.From <= 2 && a.Start > 0 && token.IsLetter(text[a.Start-1]) && r.Digits[a.From] > '0' && r.Digits[a.From] < '4' && k+1 < len(r.Atoms) && r.Atoms[k+1].To-r.Atoms[k+1].From > 2
}

// Complete reports whether a piece that is as long as a telephone number stands among others: then the others are no part of it.
func (r *Row) Complete(i, j int) bool {
	for k := i; k <= j; k++ {
		if a := &r.Atoms[k]; a.To-a.From >= 9 && (k == i || r.Digits[a.From] == '0' && r.Digits[a.From+1] == '8' || r.Digits[a.From] == '6' && r.Digits[a.From+1] == '2') && !(k == i+1 && r.Atoms[i].To-r.Atoms[i].From <= 2) {
			return true
		}
	}
	return false
}

// May reports whether a number may end, and another begin, between atoms k-1 and k.
func (r *Row) May(k int) bool {
	if k == 0 || k == len(r.Atoms) {
		return true
	}
	a, b := &r.Atoms[k-1], &r.Atoms[k]
	la, lb := a.To-a.From, b.To-b.From
	switch {
	case b.Gap == Turn:
		return true
	case a.Spoken && b.Spoken:
		return b.Gap == Newline || b.Gap == Pause
	case a.Spoken != b.Spoken:
		return la >= 5 || lb >= 5 || b.Gap == Newline || b.Gap == Pause
	case b.Gap == Newline, b.Gap == Touch:
		return false
	case b.Gap == Pause:
		return true
	case la == 1 && lb == 1:
		return b.Gap == Several
	default:
		return true
	}
}

// Ordinary reports whether nothing but spaces, hyphens, points and brackets stands between the atoms, a disguise between single digits, or one and
// the same sign between many pieces.
func (r *Row) Ordinary(text []byte, i, j int) bool {
	sign := text[max(0, r.Atoms[min(i+1, j)].Start-1)]
	for k := i + 1; j-i > 3 && r.Atoms[k].Gap == Single && text[r.Atoms[k].Start-1] == sign; k++ {
		if k == j {
			return true
		}
	}
	for k := i + 1; k <= j; k++ {
		if a := &r.Atoms[k]; a.Gap == Single && text[a.Start-1] != ')' && (a.To-a.From > 1 || r.Atoms[k-1].To-r.Atoms[k-1].From > 1) {
			return false
		}
	}
	return true
}

// Priced reports whether the number is written as an amount: thousands in groups, a currency before, a count after.
func (r *Row) Priced(text []byte, i, j int) bool {
	first, last := &r.Atoms[i], &r.Atoms[j]
	if p := first.Start; p > 0 && (text[p-1] == '$' || p > 1 && text[p-1] == ' ' && text[p-2] == '$') {
		return true
	}
	if e := int(last.End); e+1 < len(text) && text[e] == ',' && text[e+1] == '-' {
		return true
	}
	if t := int(last.Next); t < len(r.List.Tokens) && r.List.Tokens[t].Kind == token.Word && r.List.Tokens[t].Ord <= r.List.Tokens[t-1].Ord+1 {
		if e := r.Dict.Entry(r.List.Tokens[t].ID); e.Part == word.Magnitude && last.To-first.From < 9 && text[last.End] != ';' && text[last.End] != '|' && text[last.End] != '\t' {
			return true
		}
	}
	if j == i || r.Digits[first.From] == '0' || first.To-first.From > 3 {
		return false
	}
	for k := i + 1; k <= j; k++ {
		if a := &r.Atoms[k]; a.Gap != Point || a.To-a.From != 3 {
			return false
		}
	}
	return true
}

// Twin reports whether another number as long as the text from start to end, which is of the row, stands among the six notes before or behind the
// row: a look before what is between is read.
func (r *Row) Twin(start, end int) bool {
	from, to := max(0, int(r.Atoms[0].First)-6), min(len(r.List.Tokens), int(r.Atoms[len(r.Atoms)-1].Next)+6)
	for t := from; t < to; t++ {
		if tok := &r.List.Tokens[t]; tok.Kind == token.Number && int(tok.End-tok.Start) == end-start && (int(tok.End) <= start || int(tok.Start) >= end) {
			return true
		}
	}
	return false
}

// Foursome reports whether another atom of four digits stands beside the atom of four, with a space between: a part of a card.
func (r *Row) Foursome(k int) bool {
	four := func(k, gap int) bool {
		return k >= 0 && k < len(r.Atoms) && gap < len(r.Atoms) && r.Atoms[k].To-r.Atoms[k].From == 4 && r.Atoms[gap].Gap == Space && !r.Atoms[k].Spoken
	}
	return four(k-1, k) || four(k+1, k+1)
}

// Day reports whether the spoken atoms from i to j are a date, however the day, the month and the year are said: dua belas, lima, sembilan puluh.
func (r *Row) Day(i, j int) bool {
	first := r.Atoms[i].From
	d := r.Digits[first:r.Atoms[j].To]
	var day, month [3]bool // a piece may end after so many digits
	for k := i; k < j; k++ {
		if at := r.Atoms[k].To - first; at <= 2 {
			day[at] = true
		}
	}
	for a := 1; a <= 2; a++ {
		if !day[a] {
			continue
		}
		month = [3]bool{}
		for k := i; k < j; k++ {
			if at := int(r.Atoms[k].To-first) - a; at == 1 || at == 2 {
				month[at] = true
			}
		}
		for b := 1; b <= 2; b++ {
			if y := len(d) - a - b; month[b] && (y == 2 || y == 4) && check.Date(check.Number(d[:a]), check.Number(d[a:a+b]), check.Number(d[a+b:])) && (y == 2 || d[a+b] == '1' && d[a+b+1] == '9' || d[a+b] == '2' && d[a+b+1] == '0') {
				return true
			}
		}
	}
	return false
}

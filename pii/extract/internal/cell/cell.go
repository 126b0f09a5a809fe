// Package cell reads single cells of an Excel sheet for package extract: where a cell stands, and what a person sees in it.
//
// A sheet keeps a date as a count of days since 30 December 1899 and a long number as a fraction; only the style of a cell says what is
// meant (ECMA-376, 18.8.30). Texts stand in a table of their own that cells point into, and a text that no cell points to any more may stay there
// when rows are deleted: nobody sees it, and it leaves with the file. So the table remembers which of its texts were shown.
package cell

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Texts are the texts that cells point to.
type Texts struct {
	all   []string
	shown []bool
}

// Add adds a text.
func (t *Texts) Add(text string) {
	t.all = append(t.all, text)
	t.shown = append(t.shown, false)
}

// at is the text that a cell points to; it has been shown then.
func (t *Texts) at(raw string) string {
	i, err := strconv.Atoi(raw)
	if err != nil || i < 0 || i >= len(t.all) {
		return ""
	}
	t.shown[i] = true
	return t.all[i]
}

// Left are the texts that no cell has pointed to.
func (t *Texts) Left() (left []string) {
	for i, shown := range t.shown {
		if !shown {
			left = append(left, t.all[i])
		}
	}
	return left
}

// DateFormat says whether a format shows days or years, outside what it quotes.
func DateFormat(code string) bool {
	quoted, bracket := false, false
	for _, c := range strings.ToLower(code) {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !quoted && !bracket && (c == 'y' || c == 'd'):
			return true
		}
	}
	return false
}

// Parse reads B7 as column 1, row 7.
func Parse(s string) (column, row int, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= 'A' && s[i] <= 'Z' && i < 4; i++ {
		column = column*26 + int(s[i]-'A') + 1
	}
	row = Number(s[i:])
	return column - 1, row, column > 0 && row > 0
}

// Value is what a person sees in a cell: the shared text, a whole number in full, a date as a date.
func Value(raw, kind, style string, shared *Texts, dates []bool) string {
	if kind == "s" {
		return shared.at(raw)
	}
	if kind != "" && kind != "n" {
		return raw
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return raw
	}
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(dates) && dates[i] && x >= 1 && x < 100_000 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(x)).Format("2006-01-02")
	}
	if x == math.Trunc(x) && math.Abs(x) < 1e18 && strings.ContainsAny(raw, "eE.") {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return raw
}

// Number reads a count in an attribute; 0: it is none, or too large to be one.
func Number(s string) (n int) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<20 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

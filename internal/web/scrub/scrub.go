// Package scrub makes the texts of others fit for the log.
//
// An error of a driver, or the value of a panic, may quote what it choked on, and that may
// be somebody's name or number. The operator still has to learn what went wrong. Text keeps
// the words and drops what could be a value; Place keeps of a stack the one line of ours
// where it happened. It promises caution, not proof: errors of our own hold no values in
// the first place (package errs), and this is the second line.
package scrub

import (
	"strings"
	"unicode"
)

// Text makes the text of a foreign error fit for the log: what is in quotes, every run of
// four digits and every word with an @ may be somebody's, and is left out. A quote that does
// not close takes the rest with it.
func Text(text string) string {
	if len(text) > 400 {
		text = text[:400]
	}
	text = strings.ToValidUTF8(text, "")
	var words []string
	open := rune(0) // the quote that the word stands in
	for _, word := range strings.Fields(text) {
		inside := open != 0
		digits, run, before := 0, 0, rune(0)
		for _, c := range word {
			if c >= '0' && c <= '9' {
				run++
				digits = max(digits, run)
			} else {
				run = 0
			}
			switch {
			case c == open && before != '\\':
				open = 0
			case open == 0 && (c == '"' || c == '`' || c == '\'' && !unicode.IsLetter(before)): // it's is no quote
				open = c
			}
			before = c
		}
		if inside || digits >= 4 || strings.ContainsAny(word, "@\"'`") {
			word = left
		}
		if inside && word == left && len(words) > 0 && words[len(words)-1] == left {
			continue // how many words it had is nobody's business either
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// left stands for what was left out.
const left = "[…]"

// Place finds the first line of our code below the panic.
func Place(stack []byte) string {
	_, below, _ := strings.Cut(string(stack), "panic(")
	for line := range strings.SplitSeq(below, "\n") {
		line = strings.TrimSpace(line)
		if i := strings.Index(line, "/internal/"); i >= 0 && strings.Contains(line, ".go:") {
			place, _, _ := strings.Cut(line[i+1:], " ")
			return place
		}
	}
	return "?"
}

// Package evidence makes what a reviewer of an incident sees out of a text whose findings are masked: kinds in brackets, and a few small words
// around them. It promises that a word with a capital letter or a digit is left out, since it could be a name or a number, and that
// no more than a page is kept whatever the text. It finds nothing itself: a value that is not masked yet and looks like a small word stays, so
// whoever calls it masks first and takes the names of persons out.
package evidence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Most is how many characters are kept.
const Most = 1200

// Of is what a reviewer needs to understand what happened and no more: the masked findings with up to three words on
// each side, of which those with a capital letter or a digit are left out: they could be a name or a number.
func Of(masked string) string {
	words := strings.Fields(masked)
	keep := make([]bool, len(words))
	inside := false
	for i, w := range words {
		if strings.Contains(w, "[") {
			inside = true
		}
		if inside {
			for k := max(0, i-3); k <= min(len(words)-1, i+3); k++ {
				keep[k] = true
			}
		}
		if strings.Contains(w, "]") {
			inside = false
		}
	}
	var out []string
	inside = false
	for i, w := range words {
		inside = inside || strings.Contains(w, "[")
		switch {
		case !keep[i]:
			if len(out) > 0 && out[len(out)-1] != "…" || len(out) == 0 {
				out = append(out, "…")
			}
		case inside, plainWord(w):
			out = append(out, w)
		default:
			out = append(out, "···")
		}
		if strings.Contains(w, "]") {
			inside = false
		}
	}
	text := strings.Join(out, " ")
	if utf8.RuneCountInString(text) > Most {
		text = string([]rune(text)[:Most]) + "…"
	}
	return text
}

// plainWord is a word in small letters, with its punctuation.
func plainWord(w string) bool {
	for _, r := range w {
		if unicode.IsUpper(r) || unicode.IsDigit(r) || r == '@' || r > unicode.MaxLatin1 && !unicode.IsLower(r) && !unicode.IsPunct(r) {
			return false
		}
	}
	return true
}

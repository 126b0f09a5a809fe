// Package rule matches the rules that a user of package pii brings: literals, shapes of digits and letters, a check, words beside.
//
// A rule is data. It can say "CIF-99999999 beside the word nasabah", and it cannot say anything that takes more time than the
// length of its shape at each place of the text. So a rule pack from a form in a browser is safe to run over a mail of a
// gigabyte. What a rule finds has the type Custom and the rule's name, and competes with the built-in findings by its score.
package rule

import (
	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/region"
	"github.com/amanah-id/amanah/pii/internal/token"
)

// Rule finds literals, or pieces of a shape.
type Rule struct {
	Name     string   `json:"name"`
	Literals []string `json:"literals,omitempty"` // whole words or phrases, without regard to case
	Shape    string   `json:"shape,omitempty"`    // '9' a digit, 'A' a letter, '*' either; anything else stands for itself: "CIF-99999999"
	Check    string   `json:"check,omitempty"`    // luhn, nik, npwp, or nothing
	Words    []string `json:"words,omitempty"`    // one of these within 80 bytes before or 40 after, without regard to case; none: no word is needed
	Score    float32  `json:"score,omitempty"`    // confidence; 0 means 0.8
}

// Match is the length of what the rule finds at the place; 0 for nothing.
func (r *Rule) Match(text []byte, at int, table *region.Table) int {
	for _, l := range r.Literals {
		if n := len(l); n > 0 && at+n <= len(text) && token.EqualFold(text[at:at+n], l) && (at+n == len(text) || !token.IsAlnum(text[at+n])) {
			return n
		}
	}
	n := len(r.Shape)
	if n == 0 || at+n > len(text) || at+n < len(text) && token.IsAlnum(text[at+n]) {
		return 0
	}
	var digits [32]byte
	d := 0
	for i := range n {
		c := text[at+i]
		switch r.Shape[i] {
		case '9':
			if !token.IsDigit(c) {
				return 0
			}
		case 'A':
			if !token.IsLetter(c) {
				return 0
			}
		case '*':
			if !token.IsAlnum(c) {
				return 0
			}
		default:
			if c != r.Shape[i] {
				return 0
			}
		}
		if token.IsDigit(c) && d < len(digits) {
			digits[d] = c
			d++
		}
	}
	switch r.Check {
	case "luhn":
		if !check.Luhn(digits[:d]) {
			return 0
		}
	case "nik":
		if !check.Issued(digits[:d], table) {
			return 0
		}
	case "npwp":
		if !check.NPWP15(digits[:d]) {
			return 0
		}
	}
	return n
}

// Near reports whether a word of the rule stands near the place.
func (r *Rule) Near(text []byte, start, end int) bool {
	if len(r.Words) == 0 {
		return true
	}
	for _, side := range [2][]byte{text[max(0, start-80):start], text[end:min(len(text), end+40)]} {
		for i := range side {
			if i > 0 && token.IsAlnum(side[i-1]) {
				continue
			}
			for _, w := range r.Words {
				if n := len(w); i+n <= len(side) && token.EqualFold(side[i:i+n], w) && (i+n == len(side) || !token.IsAlnum(side[i+n])) {
					return true
				}
			}
		}
	}
	return false
}

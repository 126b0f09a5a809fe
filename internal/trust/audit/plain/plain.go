// Package plain keeps personal data out of the log's leaves. A leaf stays for ever, even
// when the person is erased, so its texts are ids and words from code; what could be
// anything else is refused before it is written: a text with spaces, an address, a long
// number outside an id. It promises to name the text that is suspect. It cannot know a
// name that is written in one word, so it is a net under the rule and no substitute for it.
package plain

import (
	"regexp"
	"strings"

	"github.com/amanah-id/amanah/proof"
)

// identifier is a well-formed id of kit/id, whose random part may hold many digits.
var identifier = regexp.MustCompile(`^[a-z]{2,4}_[0-9a-z]{26}$`)

// Suspect returns the name of the first text of the leaf that could hold something
// personal: what is no token (tokens have no spaces), or holds "@" or nine digits in a
// row outside an id, as phone numbers and NIKs have. It is a net under the rule that
// these texts come from code, not a substitute for it.
func Suspect(l *proof.Leaf) string {
	texts := [...]struct{ name, text string }{
		{"action", l.Action}, {"reason", l.Reason}, {"purpose", l.Purpose}, {"interaction", l.Interaction},
		{"controller", l.Controller}, {"ground", l.Ground}, {"channel", l.Channel}, {"ref", l.Ref},
		{"actor", l.Actor}, {"session", l.Session}, {"client", l.Client}, {"role", l.Role},
	}
	for _, t := range texts {
		if t.text != "" && !isPlain(t.text) {
			return t.name
		}
	}
	if l.Action == "" {
		return "action"
	}
	if l.Policy != "" && !proof.IsToken(l.Policy) {
		return "policy"
	}
	for _, f := range l.Fields {
		if !isPlain(f) {
			return "fields"
		}
	}
	for _, f := range l.Refused {
		if !isPlain(f) {
			return "refused"
		}
	}
	switch {
	case l.Level < 0 || l.Level > 4:
		return "level"
	case l.Count < 0:
		return "count"
	}
	return ""
}

func isPlain(s string) bool {
	if !proof.IsToken(s) || strings.Contains(s, "@") {
		return false
	}
	digits := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			digits = 0
		} else if digits++; digits == 9 {
			return !longNumber(s)
		}
	}
	return true
}

// longNumber reports whether any part of s that is no id holds nine digits in a row.
func longNumber(s string) bool {
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ':' || r == '/' || r == '.' }) {
		if identifier.MatchString(part) {
			continue
		}
		digits := 0
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				digits = 0
			} else if digits++; digits == 9 {
				return true
			}
		}
	}
	return false
}

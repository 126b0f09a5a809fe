package scan

import (
	"regexp"
	"strings"

	"github.com/amanah-id/amanah/pii/names"
)

// The pieces of a reason, as package pii writes them in English, and the texts that say the same.
var (
	said = map[string]string{
		"date valid": "date", "day of birth of a woman": "woman", "check digit valid": "digit", "begins as a card scheme's numbers do": "scheme", "also passes as a card": "card",
		"check sum valid": "sum", "prefix of a mobile operator": "operator", "area code exists": "area", "country code exists": "country", "written as these are": "format",
		"length as these have": "length", "said in words": "spoken", "letters for digits": "alike", "written backwards": "reversed", "over several lines": "lines", "disguised": "disguised", "place exists": "place",
		// of names
		"on no list": "no_list", names.OnBehalf.String(): "on_behalf", names.NameIs.String(): "name_is", names.Mother.String(): "mother", names.Honour.String(): "honour", names.With.String(): "with", names.Said.String(): "speaking",
		names.Self.String(): "self", names.Greeting.String(): "greeting", names.Signature.String(): "signature", names.Speaker.String(): "speaker", names.Role.String(): "role", names.Living.String(): "living", names.Origin.String(): "origin",
		names.Answer.String(): "answer", names.Kin.String(): "kin", names.Spelled.String(): "spelled", names.Firm.String(): "firm", names.FromCaller.String(): "known",
	}
	lists = map[string]string{
		"given names": "given", "family names": "family", "foreign names": "foreign", "places": "places", "countries and foreign cities": "countries", "known names": "known_names",
	}
	counted = []struct {
		pattern *regexp.Regexp
		key     string
	}{
		{regexp.MustCompile(`^(\d+) digits$`), "digits"}, {regexp.MustCompile(`^(\d+) parts of an address$`), "parts"},
		{regexp.MustCompile(`^district (\S+) exists$`), "district"}, {regexp.MustCompile(`^regency (\S+) exists$`), "regency"},
		{regexp.MustCompile(`^word (.+) at the head of the column$`), "header"}, {regexp.MustCompile(`^word (.+) in the turn before$`), "question"},
		{regexp.MustCompile(`^word (.+) (\d+) words? before$`), "before"}, {regexp.MustCompile(`^word (.+) (\d+) words? after$`), "after"},
		{regexp.MustCompile(`^margin (\S+)$`), "margin"},
	}
)

// reason says why something was found in the reader's language. What is not known is left as it is.
func (t *table) reason(english string) string {
	parts := strings.Split(english, "; ")
	for i, p := range parts {
		if key, ok := said[p]; ok {
			parts[i] = t.text.T("scan.because_" + key)
			continue
		}
		if on, ok := strings.CutPrefix(p, "on the lists of "); ok {
			words := strings.Split(on, ", ")
			for k, w := range words {
				if key, ok := lists[w]; ok {
					words[k] = t.text.T("scan.list_" + key)
				}
			}
			parts[i] = t.text.T("scan.because_lists", "what", strings.Join(words, ", "))
			continue
		}
		for _, c := range counted {
			if m := c.pattern.FindStringSubmatch(p); m != nil {
				parts[i] = t.text.T("scan.because_"+c.key, "what", m[1], "count", m[len(m)-1])
				break
			}
		}
	}
	return strings.Join(parts, "; ")
}

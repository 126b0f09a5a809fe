package scim

import (
	"encoding/json"
	"strings"
)

// filter is what a directory searches by: one attribute that equals one value. The zero value
// means everything.
type filter struct {
	Attribute string // lower case
	Value     string
}

// parseFilter reads the one form of RFC 7644, 3.4.2.2 that is known here: attribute eq "value".
func parseFilter(text string) (filter, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return filter{}, nil
	}
	if len(text) > maxFilter {
		return filter{}, errFilter
	}
	attribute, rest, _ := strings.Cut(text, " ")
	operator, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
	var word string
	if !strings.EqualFold(operator, "eq") || json.Unmarshal([]byte(strings.TrimSpace(value)), &word) != nil || word == "" {
		return filter{}, errFilter
	}
	return filter{plain(attribute), word}, nil
}

// plain is an attribute's name without its schema and without regard to case (RFC 7643, 2.1).
func plain(attribute string) string {
	attribute = strings.ToLower(strings.TrimSpace(attribute))
	for _, schema := range []string{userSchema, groupSchema} {
		attribute = strings.TrimPrefix(attribute, strings.ToLower(schema)+":")
	}
	return attribute
}

// memberPath reads members[value eq "…"], the path by which directories take one member away.
func memberPath(path string) (member string, ok bool) {
	inner, ok := strings.CutPrefix(strings.TrimSpace(path), "members[")
	if !ok || !strings.HasSuffix(inner, "]") {
		return "", false
	}
	f, err := parseFilter(strings.TrimSuffix(inner, "]"))
	return f.Value, err == nil && f.Attribute == "value"
}

package read

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// maxDepth is how deep a body may nest. Ours nest five deep at most.
const maxDepth = 32

// Storable says whether every database takes a text: PostgreSQL refuses NUL and what is not UTF-8.
func Storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// JSON refuses what no honest client sends: text that is not UTF-8, half a surrogate pair (which the decoder would
// quietly replace), a NUL, nesting without end, a
// name twice in one object (in whatever case: encoding/json takes any), and anything after
// the value. What passes can be given to any parser.
func JSON(body []byte) error {
	malformed := errs.New(errs.Invalid, "web.malformed")
	if !utf8.Valid(body) || !json.Valid(body) || halfPair(body) {
		return malformed
	}
	// From here on the text is known to be one value of JSON, so a look at its marks is enough.
	var open []map[string]bool // the names of each object that is open, nil for an array
	name := false              // the next text is a name
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '{', '[':
			if len(open) == maxDepth {
				return malformed
			}
			var names map[string]bool
			if name = c == '{'; name {
				names = map[string]bool{}
			}
			open = append(open, names)
		case '}', ']':
			open = open[:len(open)-1]
		case ',':
			name = open[len(open)-1] != nil
		case '"':
			start := i
			for i++; body[i] != '"'; i++ {
				if body[i] != '\\' {
					continue
				}
				if i++; bytes.HasPrefix(body[i:], []byte("u0000")) {
					return malformed
				}
			}
			if !name {
				continue
			}
			names, text := open[len(open)-1], string(body[start+1:i])
			if strings.Contains(text, `\`) && json.Unmarshal(body[start:i+1], &text) != nil {
				return malformed
			}
			// encoding/json takes names in any case: two that differ in case are one.
			if text = strings.ToLower(text); names[text] {
				return malformed
			}
			names[text], name = true, false
		}
	}
	return nil
}

// halfPair reports an escape \ud800 to \udfff that is no half of a pair. Whether other escapes are right is the decoder's to say.
func halfPair(body []byte) bool {
	for {
		i := bytes.IndexByte(body, '\\')
		if i < 0 || i+1 >= len(body) {
			return false
		}
		body = body[i:]
		switch unit := escaped(body); {
		case !utf16.IsSurrogate(unit):
			body = body[2:]
		case utf16.DecodeRune(unit, escaped(body[6:])) == utf8.RuneError:
			return true
		default:
			body = body[12:]
		}
	}
}

// escaped is the code unit of an escape (\u and four hexadecimal digits) at the beginning of a text; -1 when there is none.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

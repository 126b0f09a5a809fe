// Package letter reads mails, for package extract: lines, boundaries, headers and the encodings of their bodies, as the most tolerant
// mail program would. Nothing is an error: a line that is no header is handed over as it stands, base64 and quoted-printable with
// faults are read as far as they go, encoded words and parameters (RFC 2047, RFC 2231) too. What programs read in two ways is
// called odd. LF, CR LF and CR end lines. It holds a buffer and at most a megabyte of one header, and takes time in proportion to the bytes.
package letter

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/transform"
)

// word is an encoded word of RFC 2047, as programs read it: padding may be missing, and letters that it should not hold.
var word = regexp.MustCompile(`=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=`)

// Words is a header with its encoded words read. Blanks between two of them are none. whole is false when there are letters in it that are not
// known here, or something that is left of a word.
func Words(s string) (text string, whole bool) {
	found := word.FindAllStringSubmatchIndex(s, -1)
	if found == nil {
		return s, !strings.Contains(s, "=?") || !strings.Contains(s, "?=")
	}
	whole = true
	var out strings.Builder
	last := 0
	for i, m := range found {
		if between := s[last:m[0]]; i == 0 || strings.TrimSpace(between) != "" {
			out.WriteString(between)
		}
		label, _, _ := strings.Cut(s[m[2]:m[3]], "*") // behind it stands a language
		text := s[m[6]:m[7]]
		if s[m[4]] == 'b' || s[m[4]] == 'B' {
			var d Base64
			whole = d.all([]byte(text)) && whole
			d.flush()
			text = string(d.out)
		} else {
			text = unescaped(strings.ReplaceAll(text, "_", " "), '=')
		}
		read, known := inLetters(text, label)
		whole = whole && known
		out.WriteString(read)
		last = m[1]
	}
	out.WriteString(s[last:])
	text = out.String()
	return text, whole && (!strings.Contains(text, "=?") || !strings.Contains(text, "?="))
}

func hex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unescaped reads bytes that are written as a sign and two digits; a sign without them stays.
func unescaped(s string, sign byte) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == sign && i+2 < len(s) {
			a, one := hex(s[i+1])
			if b, two := hex(s[i+2]); one && two {
				out.WriteByte(a<<4 | b)
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// Quoted undoes quoted-printable. What is none stays as it is.
type Quoted struct{ transform.NopResetter }

// maxBlank is how many blanks may stand between the sign that joins two lines and the end of the first.
const maxBlank = 256

// Transform is for package transform.
func (Quoted) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		c, n := src[nSrc], 1
		if c == '=' {
			rest := src[nSrc+1:]
			blank := 0
			for blank < len(rest) && blank < maxBlank && (rest[blank] == ' ' || rest[blank] == '\t') {
				blank++
			}
			if !atEOF && (len(rest) < 2 || blank+1 >= len(rest)) {
				return nDst, nSrc, transform.ErrShortSrc
			}
			end := 0
			for _, one := range []string{"\r\n", "\n", "\r"} {
				if end == 0 && strings.HasPrefix(string(rest[blank:min(len(rest), blank+2)]), one) {
					end = len(one)
				}
			}
			if end > 0 || blank == len(rest) {
				nSrc += 1 + blank + end
				continue
			}
			if len(rest) > 1 {
				a, one := hex(rest[0])
				if b, two := hex(rest[1]); one && two {
					c, n = a<<4|b, 3
				}
			}
		}
		dst[nDst] = c
		nDst, nSrc = nDst+1, nSrc+n
	}
	return nDst, nSrc, nil
}

// parameters takes a header apart: `text/plain; charset=x; name="y"`. It reads what programs read, RFC 2231 with it. others are values
// that stand there besides: of a second parameter of one name, or of a piece that has no first. odd: what the body is can be read in two ways.
func parameters(value string) (first string, params map[string]string, others []string, odd bool) {
	raw := map[string]string{}
	for i, piece := range pieces(value) {
		if i == 0 {
			first = strings.ToLower(strings.TrimSpace(piece))
			if end := strings.IndexAny(first, " \t("); end >= 0 {
				first, others = first[:end], append(others, first[end:])
			}
			continue
		}
		name, v, _ := strings.Cut(piece, "=")
		name, v = strings.ToLower(strings.TrimSpace(name)), unquoted(strings.TrimSpace(v))
		if was, twice := raw[name]; twice && was != v {
			others, odd = append(others, v), odd || name == "boundary" || name == "charset"
		} else {
			raw[name] = v
		}
	}
	params = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if base, _, star := strings.Cut(name, "*"); !star {
			params[name] = raw[name]
		} else if v, ok := joined(raw, base); ok {
			if was := params[base]; was != "" && was != v {
				others = append(others, was)
			}
			params[base] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if strings.Contains(name, "*") { // a piece that no first one leads to
			others = append(others, raw[name])
		}
	}
	return first, params, others, odd
}

// joined is a parameter of RFC 2231, out of its pieces, which it takes from raw.
func joined(raw map[string]string, base string) (string, bool) {
	var out strings.Builder
	label, found := "", false
	part := func(name string, first bool) bool {
		v, ok := raw[name]
		if !ok {
			return false
		}
		delete(raw, name)
		if found = true; strings.HasSuffix(name, "*") {
			if charset, rest, ok := strings.Cut(v, "'"); ok && first {
				label = charset
				if _, text, ok := strings.Cut(rest, "'"); ok {
					rest = text
				}
				v = rest
			}
			v = unescaped(v, '%')
		}
		out.WriteString(v)
		return true
	}
	if !part(base+"*", true) {
		for i := 0; ; i++ {
			name := base + "*" + strconv.Itoa(i)
			if !part(name+"*", i == 0) && !part(name, i == 0) {
				break
			}
		}
	}
	text, _ := inLetters(out.String(), cmp.Or(label, "utf-8")) // a name in other letters stands there in ASCII too, or says nothing
	return text, found
}

// pieces parts a header at its semicolons, but for those in quotes.
func pieces(value string) (out []string) {
	start, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				out = append(out, value[start:i])
				start = i + 1
			}
		}
	}
	return append(out, value[start:])
}

// unquoted takes quotes off, of which the second may be missing.
func unquoted(v string) string {
	if !strings.HasPrefix(v, `"`) {
		return v
	}
	var out strings.Builder
	for i := 1; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\') {
			i++
		} else if v[i] == '"' {
			break
		}
		out.WriteByte(v[i])
	}
	return out.String()
}

// known are parameters whose values are words for machines.
var known = []string{"boundary", "charset", "format", "delsp", "size", "creation-date", "modification-date", "read-date", "type", "start", "start-info", "micalg", "protocol", "method",
	"report-type", "smime-type", "reply-type", "component", "profile", "id", "number", "total"}

// headOf is what headers say about the body. hidden are values in them that stand nowhere else; odd: what they say can be read in two ways.
func headOf(told map[string]string, usual string) (h Head, hidden []string, odd bool) {
	media, params, hidden, odd := parameters(told["Content-Type"])
	_, disposition, more, _ := parameters(told["Content-Disposition"])
	hidden = append(hidden, more...)
	if !strings.Contains(media, "/") {
		if media != "" {
			hidden = append(hidden, media)
		}
		media = "text/plain"
	}
	if told["Content-Type"] == "" {
		media = usual
	}
	h = Head{Media: media, Charset: params["charset"], Boundary: params["boundary"]}
	h.Name = cmp.Or(disposition["filename"], params["name"])
	for _, all := range []map[string]string{params, disposition} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if v := all[name]; !slices.Contains(known, name) && (v != h.Name || strings.HasPrefix(media, "multipart/")) {
				hidden = append(hidden, v)
			}
		}
	}
	encoding, _, rest, _ := parameters(told["Content-Transfer-Encoding"])
	hidden = append(hidden, rest...)
	if !slices.Contains([]string{"7bit", "8bit", "binary"}, encoding) {
		h.Encoding = encoding
	}
	return h, hidden, odd
}

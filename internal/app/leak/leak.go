// Package leak finds known values in a text in every spelling in which somebody would find them there.
//
// A canary is a value that is planted where it belongs and then looked for where it must not be: in an answer, a log
// line, a file. Looking for the value as it was typed proves little, so a Finder looks for it plain in any case, in its
// digits alone, backwards, escaped for addresses, JSON and pages, in hex, in base64 at each of its three offsets, in UTF-16,
// and as the plain hash that anybody can compute. A value of fewer than seven bytes would be found by chance in ids and
// times; it is looked for as a whole word only. What is not promised: a value that was cut, encrypted or compressed.
package leak

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
)

// shortest is the least number of bytes that are no coincidence inside of other text.
const shortest = 7

// Hit says which value was found and in which form.
type Hit struct {
	Name string // as it was given to New
	Form string // "plain", "digits", "hex", …
}

// needle is a value in one of its forms. Those that do not depend on case are kept, and searched, in lower case.
type needle struct {
	Hit
	text  []byte
	exact bool // in its own case
	whole bool // as a whole word
}

// Finder looks for a set of values. It is safe for many goroutines.
type Finder struct{ needles []needle }

// New makes a Finder of values by name; several values may stand under one name, such as the spellings of a number.
func New(values map[string][]string) *Finder {
	f := &Finder{}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			for _, n := range forms(name, value) {
				if key := name + "\x00" + string(n.text); !seen[key] {
					seen[key] = true
					f.needles = append(f.needles, n)
				}
			}
		}
	}
	return f
}

// Forms is how many spellings are looked for.
func (f *Finder) Forms() int { return len(f.needles) }

// forms are the spellings of one value.
func forms(name, value string) (out []needle) {
	add := func(form string, text []byte, exact bool) {
		if !exact {
			text = bytes.ToLower(text)
		}
		if len(text) >= shortest {
			out = append(out, needle{Hit{name, form}, text, exact, false})
		}
	}
	plain := []byte(value)
	if len(plain) > 0 && len(plain) < shortest {
		out = append(out, needle{Hit{name, "word"}, bytes.ToLower(plain), false, true})
	}
	add("plain", plain, false)
	add("backwards", backwards(plain), false)
	add("query", []byte(url.QueryEscape(value)), false)
	add("path", []byte(url.PathEscape(value)), false)
	add("page", []byte(html.EscapeString(value)), false)
	if text, err := json.Marshal(value); err == nil {
		add("json", bytes.Trim(text, `"`), false)
	}
	add("hex", []byte(hex.EncodeToString(plain)), false)
	digits := []byte(strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, value))
	if len(digits) >= 8 {
		add("digits", digits, false)
		add("digits, backwards", backwards(digits), false)
		add("digits, hex", []byte(hex.EncodeToString(digits)), false)
		add("digits, base64", sure(digits, 0, base64.RawStdEncoding), true)
	}
	for offset := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			add("base64", sure(plain, offset, enc), true)
		}
	}
	little, big := []byte{}, []byte{}
	for _, u := range utf16.Encode([]rune(value)) {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	add("utf-16", little, true)
	add("utf-16, big end first", big, true)
	sum := sha256.Sum256(plain)
	add("hash", sum[:], true)
	add("hash, hex", []byte(hex.EncodeToString(sum[:])), false)
	return out
}

// sure are the letters of a text's base64 that do not depend on what stands before and after it, when so many bytes of a
// group of three stand before.
func sure(text []byte, before int, enc *base64.Encoding) []byte {
	padded := append(make([]byte, before), text...)
	skip, whole := []int{0, 2, 3}[before], len(padded)/3*4
	if whole <= skip {
		return nil
	}
	return []byte(enc.EncodeToString(padded)[skip:whole])
}

func backwards(text []byte) []byte {
	runes := []rune(string(text))
	slices.Reverse(runes)
	return []byte(string(runes))
}

// In names the values that stand in a text, each in the first form that was found.
func (f *Finder) In(text []byte) (out []Hit) {
	lower := bytes.ToLower(text)
	for _, n := range f.needles {
		if len(out) > 0 && out[len(out)-1].Name == n.Name {
			continue
		}
		in := lower
		if n.exact {
			in = text
		}
		if n.whole && word(in, n.text) || !n.whole && bytes.Contains(in, n.text) {
			out = append(out, n.Hit)
		}
	}
	return out
}

// word reports whether w stands in text by itself: not as part of a word, a number, a time or an id.
func word(text, w []byte) bool {
	part := func(c byte) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80 || strings.IndexByte("_-:", c) >= 0
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], w)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(w)
		at = from + 1
		before := from > 0 && (part(text[from-1]) || text[from-1] == '.')
		after := to < len(text) && (part(text[to]) || text[to] == '.' && to+1 < len(text) && part(text[to+1]))
		if !before && !after {
			return true
		}
	}
}

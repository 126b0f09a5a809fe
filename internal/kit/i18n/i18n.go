// Package i18n holds the texts of Amanah in Indonesian and English, and writes dates,
// times, numbers and rupiah the way readers of each expect.
//
// Every room brings two files, messages/id.json and messages/en.json. A file is one flat
// object whose keys are sorted and begin with the room's name; a value is a text, or a
// list of plural forms (one form in Indonesian, two in English: one, other):
//
//	{
//	  "desk.greeting": "Selamat pagi, {name}.",
//	  "desk.hits": ["{n} pelanggan ditemukan"]
//	}
//
// Indonesian is written first; English is its equal, not its source. A placeholder is a
// word in braces. There is no nesting, no logic and no markup in a text: what needs markup
// is two texts and a template.
//
// An error code `room.reason` is a key too: `room.reason` says what happened,
// `room.reason.next` what to do now and, where an agent meets it in a call,
// `room.reason.say` is the sentence to say to the customer.
//
// The package promises that a key present in one language is present in the other with
// the same placeholders (Check), and that a room has no missing and no unused key
// (CheckFolder); the tests of every room call both. It cannot promise that the two texts
// mean the same: a native reader signs off the gallery before a release.
//
// A Printer is bound to one language and one time zone when the program starts and is then
// only read, so that no request can be answered in the language of another.
package i18n

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Lang is a language of the console.
type Lang string

// The languages, as BCP 47 tags.
const (
	ID Lang = "id" // Indonesian, the first and the default
	EN Lang = "en" // English
)

// Langs lists the languages, the default first.
func Langs() []Lang { return []Lang{ID, EN} }

// Forms is how many plural forms a language has: 1 in Indonesian, 2 in English.
func (l Lang) Forms() int {
	if l == EN {
		return 2
	}
	return 1
}

// Valid reports whether l is one of Langs.
func (l Lang) Valid() bool { return l == ID || l == EN }

var matcher = language.NewMatcher([]language.Tag{language.Indonesian, language.English})

// Choose picks the language of a request: what was asked for in the query, else what the
// cookie remembers, else the Accept-Language header (RFC 9110, 12.5.4), else Indonesian.
func Choose(query, cookie, acceptLanguage string) Lang {
	for _, s := range []string{query, cookie} {
		if l := Lang(s); l.Valid() {
			return l
		}
	}
	// Tags past the limit cost time and decide nothing.
	if acceptLanguage == "" || len(acceptLanguage) > 200 {
		return ID
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return ID
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return ID
	}
	return Langs()[i]
}

// Source is where one room's texts are: FS holds messages/id.json and messages/en.json.
type Source struct {
	Room string   // every key begins with this name and a dot
	Also []string // further first words the room may use (web speaks for kit, which has no texts)
	FS   fs.FS
}

// part is a piece of a text: literal, or the name of a placeholder.
type part struct {
	text string
	hole bool
}

type message [][]part // one entry per plural form; a plain text has one and plural is false

type entry struct {
	forms  message
	plural bool
}

// Catalogue is every text of every room in both languages. It does not change after Load.
type Catalogue struct {
	texts map[Lang]map[string]entry
}

// Load reads the texts of all rooms. It fails on a malformed file, a key outside its
// room's name, a key brought twice, or a malformed placeholder. It does not compare the
// languages; Check does, in tests.
func Load(sources ...Source) (*Catalogue, error) {
	c := &Catalogue{texts: map[Lang]map[string]entry{ID: {}, EN: {}}}
	for _, s := range sources {
		if s.FS == nil {
			continue
		}
		for _, l := range Langs() {
			file, err := readFile(s.FS, l)
			if err != nil {
				return nil, fmt.Errorf("texts of %s: %w", s.Room, err)
			}
			for key, e := range file.entries {
				if !s.owns(key) {
					return nil, fmt.Errorf("texts of %s (%s): key %s does not begin with the room's name", s.Room, l, key)
				}
				if _, twice := c.texts[l][key]; twice {
					return nil, fmt.Errorf("texts of %s (%s): key %s is already brought by another room", s.Room, l, key)
				}
				c.texts[l][key] = e
			}
		}
	}
	return c, nil
}

func (s Source) owns(key string) bool {
	first, _, ok := strings.Cut(key, ".")
	return ok && (first == s.Room || slices.Contains(s.Also, first))
}

// Keys lists the keys known in a language, sorted.
func (c *Catalogue) Keys(l Lang) []string { return slices.Sorted(maps.Keys(c.texts[l])) }

type file struct {
	keys    []string // in the order of the file
	entries map[string]entry
}

func readFile(fsys fs.FS, l Lang) (file, error) {
	name := "messages/" + string(l) + ".json"
	f, err := fsys.Open(name)
	if err != nil {
		return file{}, err
	}
	defer f.Close() //nolint:errcheck // read only
	out, err := parse(f)
	if err != nil {
		return file{}, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// parse reads one flat object, keeping the order of its keys and refusing a key twice.
func parse(r io.Reader) (file, error) {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return file{}, errors.New("not a JSON object")
	}
	out := file{entries: map[string]entry{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return file{}, err
		}
		key, _ := t.(string)
		if _, twice := out.entries[key]; twice {
			return file{}, fmt.Errorf("key %s is there twice", key)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return file{}, err
		}
		var texts []string
		plural := len(raw) > 0 && raw[0] == '['
		if plural {
			err = json.Unmarshal(raw, &texts)
		} else {
			texts = make([]string, 1)
			err = json.Unmarshal(raw, &texts[0])
		}
		if err != nil {
			return file{}, fmt.Errorf("key %s: neither a text nor a list of texts", key)
		}
		e := entry{plural: plural}
		for _, text := range texts {
			parts, err := split(text)
			if err != nil {
				return file{}, fmt.Errorf("key %s: %w", key, err)
			}
			e.forms = append(e.forms, parts)
		}
		if len(e.forms) == 0 {
			return file{}, fmt.Errorf("key %s: no plural form", key)
		}
		out.keys = append(out.keys, key)
		out.entries[key] = e
	}
	if _, err := d.Token(); err != nil {
		return file{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return file{}, errors.New("something follows the object")
	}
	return out, nil
}

func split(text string) ([]part, error) {
	var parts []part
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			if strings.IndexByte(text, '}') >= 0 {
				return nil, errors.New("a closing brace without an opening one")
			}
			return append(parts, part{text: text}), nil
		}
		end := strings.IndexByte(text, '}')
		if end < open || !isName(text[open+1:end]) {
			return nil, errors.New("a brace that is no placeholder")
		}
		if open > 0 {
			parts = append(parts, part{text: text[:open]})
		}
		parts = append(parts, part{text: text[open+1 : end], hole: true})
		text = text[end+1:]
	}
	return parts, nil
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && c != '_' && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// holes lists the placeholders of an entry, sorted, each once.
func (e entry) holes() []string {
	seen := map[string]bool{}
	for _, form := range e.forms {
		for _, p := range form {
			if p.hole {
				seen[p.text] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Printer writes texts, dates and numbers in one language and one time zone. It is safe
// for use by many goroutines.
type Printer struct {
	lang  Lang
	zone  *time.Location
	texts map[string]entry
}

// For makes the Printer of a language; a nil zone is WIB.
func (c *Catalogue) For(l Lang, zone *time.Location) *Printer {
	if zone == nil {
		zone = WIB
	}
	return &Printer{lang: l, zone: zone, texts: c.texts[l]}
}

// Lang is the language the Printer writes.
func (p *Printer) Lang() Lang { return p.lang }

// Has reports whether there is a text for key.
func (p *Printer) Has(key string) bool {
	_, ok := p.texts[key]
	return ok
}

// T writes the text of key. pairs are the placeholders' names and values by turns: a
// string stands as it is, an integer is written as a number, a time as date and time. A
// missing key is written as ⟦key⟧ and a missing value as ⟦name⟧, which the tests that
// render every page look for. A text with plural forms counts {n}, or else the first of its
// placeholders whose value is a whole number.
func (p *Printer) T(key string, pairs ...any) string {
	return p.write(key, func(name string) (any, bool) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return nil, false
	})
}

// Args is T with the placeholders' values in a map, as errs.E keeps them.
func (p *Printer) Args(key string, args map[string]any) string {
	return p.write(key, func(name string) (any, bool) {
		v, ok := args[name]
		return v, ok
	})
}

// N writes the text of key in the plural form for n; the placeholder {n} is n.
func (p *Printer) N(key string, n int, pairs ...any) string {
	return p.T(key, append([]any{"n", n}, pairs...)...)
}

// Bare writes the text of key with … in place of every value, for where there is none.
func (p *Printer) Bare(key string) string {
	return p.write(key, func(string) (any, bool) { return "…", true })
}

// form is the plural form for what the text counts: the last, which is that of many, where
// nothing is counted.
func (p *Printer) form(e entry, value func(string) (any, bool)) []part {
	last := len(e.forms) - 1
	if last == 0 {
		return e.forms[0]
	}
	for _, hole := range append([]part{{text: "n", hole: true}}, e.forms[last]...) {
		if !hole.hole {
			continue
		}
		n := int64(0)
		v, _ := value(hole.text)
		switch v := v.(type) {
		case int:
			n = int64(v)
		case int64:
			n = v
		default:
			continue
		}
		if n == 1 || n == -1 {
			return e.forms[0]
		}
		break
	}
	return e.forms[last]
}

func (p *Printer) write(key string, value func(string) (any, bool)) string {
	e, ok := p.texts[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	parts := p.form(e, value)
	if len(parts) == 1 && !parts[0].hole {
		return parts[0].text
	}
	var b strings.Builder
	for _, part := range parts {
		if !part.hole {
			b.WriteString(part.text)
			continue
		}
		v, ok := value(part.text)
		if !ok {
			b.WriteString("⟦" + part.text + "⟧")
			continue
		}
		b.WriteString(p.value(v))
	}
	return b.String()
}

// Texts are keys of texts that stand in another text, in the language of that: With("kinds", i18n.Texts{"dlp.kind_nik"}).
type Texts []string

func (p *Printer) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return p.Number(int64(v))
	case int64:
		return p.Number(v)
	case time.Time:
		return p.DateTime(v)
	case bool:
		return strconv.FormatBool(v)
	case Texts:
		list := make([]string, len(v))
		for i, key := range v {
			list[i] = p.Bare(key)
		}
		return strings.Join(list, ", ")
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

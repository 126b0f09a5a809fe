package scan

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/names"
	"github.com/amanah-id/amanah/pii/replace"
)

// eye sees personal data and hides it.
type eye struct {
	scanner *pii.Scanner // for what is asked; nil when names alone are
	all     *pii.Scanner // for what must not be shown, whatever is asked
	names   []names.Kind
	least   float64
	hits    []pii.Finding
	spans   []names.Span
	hidden  []pii.Finding
	value   []byte
	last    map[string]string // what was hidden lately: the same entry and column again and again
}

// hit is one thing that was found in a text: by the scanner, or a name.
type hit struct {
	start, end int
	kind       string
	confidence float64
	reason     string
	finding    *pii.Finding // nil: a name
}

// never says that the value must not be stored by anybody.
func (h hit) never() bool { return h.finding != nil && h.finding.Type.NeverStore() }

// Names of people and places are kinds of this command, beside those of package pii.
const (
	Person = "person"
	Place  = "place"
)

func newEye(k Kinds, least float32) *eye {
	e := &eye{all: pii.New(pii.Options{Least: 0.3}), least: float64(least), last: map[string]string{}, names: k.names}
	if k.types != nil || len(k.names) == 0 || k.also {
		e.scanner = pii.New(pii.Options{Types: k.types, Least: least})
	}
	return e
}

// see returns what is in a text, in its order. Where both would, the scanner is believed, which has rules. prose says that the text is
// one that names of people are looked for in.
func (e *eye) see(text []byte, prose bool) (out []hit) {
	if e.scanner != nil {
		e.hits = e.scanner.Scan(e.hits[:0], text)
		for i := range e.hits {
			f := &e.hits[i]
			out = append(out, hit{f.Start, f.End, f.Type.String(), float64(f.Confidence), f.Reason(), f})
		}
	}
	if len(e.names) == 0 || !prose {
		return out
	}
	found := len(out)
	e.spans = names.Find(e.spans[:0], text, names.Options{Least: e.least})
	for _, n := range e.spans {
		taken := slices.ContainsFunc(out[:found], func(h hit) bool { return n.Start < h.end && h.start < n.End })
		if slices.Contains(e.names, n.Kind) && !taken {
			out = append(out, hit{n.Start, n.End, map[names.Kind]string{names.Person: Person, names.Place: Place}[n.Kind], n.Score, n.Reason.String(), nil})
		}
	}
	slices.SortStableFunc(out, func(a, b hit) int { return a.start - b.start })
	return out
}

// sampleSize bounds a sample, in letters.
const sampleSize = 60

// masked is the sample of a finding: what the law and PCI DSS let a person see; of a name the first letters.
func (e *eye) masked(text []byte, h hit) string {
	var b []byte
	if h.finding == nil {
		for word := range strings.FieldsSeq(string(text[h.start:h.end])) {
			first, _ := utf8.DecodeRuneInString(word)
			b = append(utf8.AppendRune(b, first), "*** "...)
		}
	} else {
		e.value = e.scanner.Value(e.value[:0], text, *h.finding)
		b = replace.Mask(nil, *h.finding, text[h.start:h.end], e.value)
	}
	s := printable(strings.TrimSpace(string(b)))
	if utf8.RuneCountInString(s) > sampleSize {
		r := []rune(s)
		s = string(r[:sampleSize]) + "…"
	}
	return s
}

// hidePath masks what is personal data in the path of a file of the reader's own.
func (e *eye) hidePath(path string) string {
	text := []byte(path)
	e.hidden = e.all.Scan(e.hidden[:0], text)
	return printable(string(replace.Text(e.all, nil, text, e.hidden, replace.Mask)))
}

// hide masks what is or may be personal data in a name that somebody else gave: of an entry, a sheet, a column.
func (e *eye) hide(name string) string {
	if name == "" {
		return ""
	}
	if len(name) > nameSize {
		name = strings.ToValidUTF8(name[:nameSize], "") + "…"
	}
	if s, ok := e.last[name]; ok {
		return s
	}
	s := string(digits([]byte(e.hidePath(name))))
	if len(e.last) > 1000 {
		clear(e.last)
	}
	e.last[name] = s
	return s
}

// nameSize bounds a name that is shown.
const nameSize = 300

// longNumber is a number of a name that is masked though no rule knows it: a name has no words beside it that would tell.
const longNumber = 9

// digits masks long numbers but for their last four digits.
func digits(text []byte) []byte {
	for i := 0; i < len(text); {
		j := i
		for j < len(text) && text[j] >= '0' && text[j] <= '9' {
			j++
		}
		if j-i >= longNumber {
			copy(text[i:j-4], bytes.Repeat([]byte("*"), j-4-i))
		}
		i = max(j, i+1)
	}
	return text
}

// printable keeps somebody's text from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

func countLines(b []byte) int { return bytes.Count(b, []byte("\n")) }

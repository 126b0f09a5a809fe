package discover

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/app/scan"
)

const (
	samplesOfKind = 3
	peopleOfKind  = 10_000 // are told apart; more are counted as so many
)

// sum adds up one column.
type sum struct {
	looker *scan.Looker
	text   []byte
	head   int  // bytes of text that are the name of the column
	named  bool // the column's name says that names are in it
	plain  bool // bytes are text
	binary int64
	long   int64
	values int64
	found  tally
}

func newSum(a attribute, l *scan.Looker) *sum {
	s := &sum{looker: l, plain: a.text, found: tally{}}
	if name := spaced(a.name); name != "" {
		s.text = []byte(name + ": ")
	}
	s.head = len(s.text)
	s.named = named(a.name)
	return s
}

// add looks at a value.
func (s *sum) add(value any, most int) {
	switch v := value.(type) {
	case nil:
		return
	case []byte:
		if !s.plain && !textual(v) {
			s.values++
			s.binary++
			return
		}
		s.text = append(s.text[:s.head], v...)
	case string:
		s.text = append(s.text[:s.head], v...)
	case int64: // stands for a value that is too large to be read even in part
		s.values++
		s.long++
		return
	default:
		s.text = fmt.Append(s.text[:s.head], v)
	}
	if len(s.text) == s.head {
		return
	}
	s.values++
	if utf8.RuneCount(s.text[s.head:]) > most {
		s.long++
	}
	seen := map[string]bool{}
	for _, f := range s.looker.Look(s.text, true) {
		if f.End <= s.head {
			continue // the name of the column itself
		}
		if f.Type == scan.Person && !called(s.text[max(f.Start, s.head):], f.Sample, s.named) {
			continue
		}
		k := s.found.kind(f.Type)
		k.add(f.Confidence, f.Sample)
		k.person(f.Type, s.text[max(f.Start, s.head):f.End])
		if !seen[f.Type] {
			seen[f.Type] = true
			k.rows++
		}
	}
}

// named says whether a column is one of names, by its own.
func named(column string) bool {
	column = strings.ToLower(column)
	return strings.Contains(column, "nama") || strings.Contains(column, "name")
}

// called says whether what was found is a person's name. Words of a database (states, kinds, parts of ids) look like names to whoever
// reads single words; so a name is several words, or one in a column of names, and no part of a longer word.
func called(found []byte, sample string, column bool) bool {
	end := bytes.IndexFunc(found, func(r rune) bool { return r == '_' || unicode.IsDigit(r) })
	words := len(strings.Fields(sample))
	return (words > 1 || column) && (end < 0 || bytes.ContainsAny(found[:end], " ,.;:\n"))
}

// kinds are what was found, the most frequent first.
func (s *sum) kinds(rows int64) []Kind {
	return s.found.kinds(func(k *kindSum, out *Kind) {
		out.Rows, out.People = k.rows, len(k.people)
		out.Share = math.Round(float64(k.rows)/float64(max(rows, 1))*1000) / 1000
	})
}

// tally adds up by kind.
type tally map[string]*kindSum

type kindSum struct {
	count, rows int64
	confidence  float64
	samples     []string
	people      map[uint64]bool
}

func (t tally) kind(name string) *kindSum {
	if t[name] == nil {
		t[name] = &kindSum{people: map[uint64]bool{}}
	}
	return t[name]
}

func (k *kindSum) add(confidence float64, sample string) {
	k.count++
	k.confidence += confidence
	if len(k.samples) < samplesOfKind && !slices.Contains(k.samples, sample) {
		k.samples = append(k.samples, sample)
	}
}

// seed makes what stands for a value here another number in each run.
var seed = maphash.MakeSeed()

// oneEach are the kinds of which a person has few, so that different values are different people.
var oneEach = []string{scan.Person, "nik", "tax_number", "health_insurance", "work_insurance", "phone", "email", "bank_account", "card", "passport", "driving_licence"}

// person tells people apart by what their values come to without signs, and telephone numbers by their last nine digits.
func (k *kindSum) person(kind string, value []byte) {
	if !slices.Contains(oneEach, kind) || len(k.people) >= peopleOfKind {
		return
	}
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-/()+\t", r) {
			return -1
		}
		return r
	}, strings.ToLower(string(value)))
	if kind == "phone" {
		plain = plain[max(0, len(plain)-9):]
	}
	k.people[maphash.String(seed, plain)] = true
}

func (t tally) kinds(also func(*kindSum, *Kind)) (out []Kind) {
	for name, k := range t {
		one := Kind{Type: name, Count: k.count, Confidence: math.Round(k.confidence/float64(k.count)*100) / 100, Samples: k.samples}
		also(k, &one)
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Kind) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Type, b.Type)
	})
	return out
}

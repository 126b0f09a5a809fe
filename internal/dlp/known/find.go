package known

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/pii/exact"
	"github.com/amanah-id/amanah/pii/names"
)

// Whose says where a text holds values of customers, of one controller or, with none named, of each; in the order of the text.
// It is not ready before the index is built, and then knows nobody.
func (x *Index) Whose(controller string, text []byte) (places []Place, ready bool, err error) {
	x.mu.RLock()
	shelves, ready := maps.Clone(x.shelves), x.ready
	x.mu.RUnlock()
	if !ready {
		return nil, false, nil
	}
	for ctl, s := range shelves {
		if controller != "" && controller != ctl {
			continue
		}
		if places, err = s.whose(places, ctl, text); err != nil {
			return nil, true, err
		}
	}
	slices.SortFunc(places, byPlace)
	return places, true, nil
}

// half is the most that one weak value says by itself, per cent.
const half = 50

func (s *shelf) whose(places []Place, controller string, text []byte) ([]Place, error) {
	hits, err := s.index.Match(nil, text)
	if err != nil || len(hits) == 0 {
		return places, err
	}
	findings, err := s.index.Judge(nil, hits) // sorts the hits by record
	if err != nil {
		return nil, err
	}
	score := make(map[exact.Record]float64, len(findings))
	for _, f := range findings {
		score[f.Record] = f.Score
	}
	first, asked := len(places), 0
	for i := 0; i < len(hits); {
		j := i + 1
		for j < len(hits) && hits[j].Record == hits[i].Record {
			j++
		}
		sure := score[hits[i].Record]
		for _, p := range joined(hits[i:j]) {
			place := Place{Controller: controller, Subject: id.From(id.Subject, hits[i].Record), Kind: kinds[p.Field], Start: p.Start, End: p.End, Confidence: int(sure * 100)}
			if sure <= exact.Alert { // nothing of the record but this
				switch words := len(bytes.Fields(text[p.Start:p.End])); {
				case p.Field == exact.Name && words > 1:
					place.Confidence = half / max(p.Shared, 1)
				case p.Field == exact.Name:
					if asked++; asked > mostAsked || !called(text, p.Start, p.End) {
						continue
					}
					place.Confidence = half / max(p.Shared, 1)
				case p.Field == exact.Address && words >= 5:
					place.Confidence = 2 * half / max(p.Shared, 1)
				default:
					continue
				}
			}
			places = append(places, place)
		}
		i = j
	}
	return within(places, first), nil
}

// called reports whether package names takes a word for the name of a person, by what stands around it.
func called(text []byte, start, end int) bool {
	from, to := max(0, start-around), min(len(text), end+around)
	for from > 0 && from < start && text[from-1] > ' ' {
		from++
	}
	for to < len(text) && to > end && text[to] > ' ' {
		to--
	}
	return slices.ContainsFunc(persons(text[from:to], nil), func(n names.Span) bool { return from+n.Start <= start && end <= from+n.End })
}

// A single word is looked at with so many bytes on each side; of one text so many are, since it is done inside the writer.
const (
	around    = 200
	mostAsked = 16
)

// joined are the hits of one record, those of a kind that touch each other as one: a street is found by every three of its words. Of any
// other value the first and longest hit counts: a number of two words is found once more, turned round, where the first word of the
// next stands behind it.
func joined(hits []exact.Hit) (out []exact.Hit) {
	for _, h := range hits { // in the order of the text
		at := slices.IndexFunc(out, func(o exact.Hit) bool {
			return o.Field == h.Field && (h.Start < o.End || h.Field == exact.Address && h.Start == o.End)
		})
		if at < 0 {
			out = append(out, h)
			continue
		}
		if h.Field == exact.Address {
			out[at].End = max(out[at].End, h.End)
		} else if h.Start <= out[at].Start && h.End > out[at].End {
			out[at].Start, out[at].End = h.Start, h.End
		}
		out[at].Shared = min(out[at].Shared, h.Shared)
	}
	return out
}

// within drops, of the places from the first on, names within longer names: "Budi Santoso" within "Budi Santoso Wijaya", who is somebody else.
func within(places []Place, first int) []Place {
	longer := func(p Place) bool {
		return slices.ContainsFunc(places[first:], func(o Place) bool {
			return o.Kind == Name && o.Start <= p.Start && p.End <= o.End && o.End-o.Start > p.End-p.Start
		})
	}
	kept := places[:first:first]
	for _, p := range places[first:] {
		if p.Kind != Name || p.Confidence > half || !longer(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// People are the names of persons in a text, those of customers among them, also in small letters and of a part of a name.
// Before the index is built they are those that package names finds by itself.
func (x *Index) People(controller string, text []byte) []names.Span {
	x.mu.RLock()
	s := x.shelves[controller]
	x.mu.RUnlock()
	if s == nil {
		return persons(text, nil)
	}
	return s.people(text)
}

func (s *shelf) people(text []byte) []names.Span {
	return both(persons(text, customers{s.keys, s.names.Load()}), persons(text, nil))
}

// both joins two lists of names: where a customer is called Budi, package names takes "budi hartono" for that one and no more.
func both(a, b []names.Span) (out []names.Span) {
	all := append(a, b...)
	slices.SortFunc(all, func(x, y names.Span) int { return x.Start - y.Start })
	for _, n := range all {
		if last := len(out) - 1; last >= 0 && n.Start < out[last].End {
			out[last].End = max(out[last].End, n.End)
			continue
		}
		out = append(out, n)
	}
	return out
}

func persons(text []byte, known names.Known) []names.Span {
	return slices.DeleteFunc(names.Find(nil, text, names.Options{Known: known}), func(n names.Span) bool { return n.Kind != names.Person })
}

// wordsKnown is the words of the names of customers, and which of them neighbour, as prints know them.
type wordsKnown struct {
	mu    sync.RWMutex
	words map[uint64]struct{}
	pairs map[uint64]struct{}
}

func newWords() *wordsKnown {
	return &wordsKnown{words: map[uint64]struct{}{}, pairs: map[uint64]struct{}{}}
}

func (w *wordsKnown) add(words []uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, one := range words {
		w.words[one] = struct{}{}
		if i > 0 {
			w.pairs[pair(words[i-1], one)] = struct{}{}
		}
	}
}

// pair is of two words in their order.
func pair(a, b uint64) uint64 { return a*0x9ddfea08eb382d69 ^ b }

// customers is the names of customers for package names.
type customers struct {
	keys  *exact.Keys
	words *wordsKnown
}

// Word reports whether a customer's name has this word.
func (c customers) Word(word []byte) bool {
	h, ok := c.keys.Word(word)
	c.words.mu.RLock()
	defer c.words.mu.RUnlock()
	_, known := c.words.words[h]
	return ok && known
}

// Name reports whether these words stand so in customers' names, each beside the next. One of one or two letters names nobody.
func (c customers) Name(words [][]byte) bool {
	if len(words) == 1 && len(words[0]) < 3 {
		return false
	}
	c.words.mu.RLock()
	defer c.words.mu.RUnlock()
	before := uint64(0)
	for i, word := range words {
		h, _ := c.keys.Word(word) // Word has been asked
		if i > 0 {
			if _, known := c.words.pairs[pair(before, h)]; !known {
				return false
			}
		}
		before = h
	}
	return true
}

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

type score struct{ hit, wrong, missed int }

func (s score) f1() float64 {
	return 200 * float64(s.hit) / float64(max(1, 2*s.hit+s.wrong+s.missed))
}

func (s score) String() string {
	return fmt.Sprintf("F1 %.1f (P %.1f R %.1f)", s.f1(), 100*float64(s.hit)/float64(max(1, s.hit+s.wrong)), 100*float64(s.hit)/float64(max(1, s.hit+s.missed)))
}

func (s *score) add(o score) { s.hit += o.hit; s.wrong += o.wrong; s.missed += o.missed }

// measured compares what the model finds with what is there, strictly: both ends and the kind.
func measured(m *tagger.Model, list []Example) (person, place score) {
	var path tagger.Path
	for _, e := range list {
		tokens := tagger.Tokens(nil, e.Text)
		m.Classify(tokens, e.Text)
		tagger.See(tokens)
		labels := m.Best(nil, &path, m.Emit(nil, tokens))
		want := map[Entity]bool{}
		for _, w := range e.Entities {
			if !w.Other {
				want[w] = true
			}
		}
		of := func(e Entity) *score {
			if e.Person {
				return &person
			}
			return &place
		}
		for _, g := range unlabelled(tokens, labels) {
			if want[g] {
				of(g).hit++
				delete(want, g)
			} else {
				of(g).wrong++
			}
		}
		for w := range want {
			of(w).missed++
		}
	}
	return person, place
}

func allLowered(list []Example) []Example {
	var out []Example
	for _, e := range list {
		out = append(out, lowered(e))
	}
	return out
}

// TestExperiment measures a recipe: AMANAH_NAMES_WITHOUT is the fold to keep out, or -1;
// AMANAH_NAMES_RECIPE has seeds, epochs, rate, dropWord, dropAny, outside and chat.
func TestExperiment(t *testing.T) {
	without, err := strconv.Atoi(os.Getenv("AMANAH_NAMES_WITHOUT"))
	if err != nil {
		t.Skip("only for experiments")
	}
	data := os.DirFS("testdata")
	r := final
	r.without = without
	if text := os.Getenv("AMANAH_NAMES_RECIPE"); text != "" {
		if _, err := fmt.Sscan(text, &r.seeds, &r.epochs, &r.rate, &r.dropWord, &r.dropAny, &r.outside, &r.chat); err != nil {
			t.Fatal(err)
		}
	}
	bytes, err := build(data, r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tagger.Read(bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(bytes), "bytes")
	byFold, left, _ := examples(data, r)
	kept := slices.Concat(byFold...)
	for i, file := range []string{"ner_nergrit_valid.conll", "ner_nerp_valid.conll"} {
		valid, err := read(data, file)
		if err != nil {
			t.Fatal(err)
		}
		valid = unseen(append(valid, left[i]...), kept)
		p, l := measured(m, valid)
		all := p
		all.add(l)
		t.Log(file, len(valid), all, "PER", p, "LOC", l)
		if i == 0 {
			p, l := measured(m, allLowered(valid))
			all := p
			all.add(l)
			t.Log("  lowered", all, "PER", p, "LOC", l)
		}
	}
}

// unseen leaves out every sentence that shares eight words in a row with the training data: of the given validation files, 77
// sentences stand in the training files too.
func unseen(list, training []Example) []Example {
	const run = 8
	seen := map[string]bool{}
	runs := func(e Example, visit func(string)) {
		words := strings.Fields(strings.ToLower(string(e.Text)))
		for i := 0; i+run <= len(words); i++ {
			visit(strings.Join(words[i:i+run], " "))
		}
		if len(words) < run {
			visit(strings.Join(words, " "))
		}
	}
	for _, e := range training {
		runs(e, func(s string) { seen[s] = true })
	}
	return slices.DeleteFunc(slices.Clone(list), func(e Example) bool {
		known := false
		runs(e, func(s string) { known = known || seen[s] })
		return known
	})
}

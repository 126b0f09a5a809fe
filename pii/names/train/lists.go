package main

import (
	"io/fs"
	"maps"
	"strings"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// lists are the word lists and what they say of their words. Entries of a list of places may have several words.
var lists = []struct {
	file  string
	class tagger.Class
	place bool
}{
	{"given_own.txt", tagger.Given, false},
	{"given_faker.txt", tagger.Given, false},
	{"family_own.txt", tagger.Family, false},
	{"family_faker.txt", tagger.Family, false},
	{"names_world_faker.txt", tagger.Abroad, false},
	{"place_own.txt", tagger.Place, true},
	{"place_wilayah.txt", tagger.Place, true},
	{"world_cldr.txt", tagger.World, true},
	{"world_geonames.txt", tagger.World, true},
	{"ordinary_own.txt", tagger.Ordinary, false},
	{"ordinary_english.txt", tagger.Ordinary, false},
	{"ordinary_scowl.txt", tagger.Ordinary, false},
}

// entries reads a list or templates: one entry a line, or several words a line where entries are single words. "#" begins a comment; a tab
// before an entry says that it is a district.
func entries(data fs.FS, file string) ([]string, error) {
	text, err := fs.ReadFile(data, file)
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out, nil
}

// listed are the classes of all words of the lists.
func listed(data fs.FS) (map[uint32]tagger.Class, error) {
	words := map[uint32]tagger.Class{}
	for _, l := range lists {
		all, err := entries(data, "lists/"+l.file)
		if err != nil {
			return nil, err
		}
		for _, entry := range all {
			class := l.class
			if entry[0] == '\t' {
				class = tagger.District
			}
			tokens := tagger.Tokens(nil, []byte(entry))
			for i, t := range tokens {
				switch {
				case !t.Word():
				case !l.place, len(tokens) == 1:
					words[t.Hash] |= class
				case i == 0:
					words[t.Hash] |= tagger.PlaceHead
				default:
					words[t.Hash] |= tagger.PlaceTail
				}
			}
		}
	}
	return words, nil
}

// tally counts in how many places a word stood outside names and inside them, in each fold of the training data.
type tally map[uint32]*[folds][2]int

// folds: whether a word is ordinary is asked of the other folds, or every word of the training data would be known, which those of
// a new text are not.
const folds = 8

func count(examples [][]Example) tally {
	all := tally{}
	none := tagger.NewLexicon(nil)
	for fold, list := range examples {
		for _, e := range list {
			l := label(lowered(e), none)
			for i, t := range l.tokens {
				if !t.Word() {
					continue
				}
				c := all[t.Hash]
				if c == nil {
					c = new([folds][2]int)
					all[t.Hash] = c
				}
				in := 0
				switch y := l.labels[i]; {
				case y == free:
					continue
				case y != tagger.Outside && y < tagger.FirstOther:
					in = 1
				}
				c[fold][in]++
			}
		}
	}
	return all
}

// without counts in how many places outside names and inside them a word stood, in the folds other than the excepted one.
func (all tally) without(word uint32, except int) (outside, within int) {
	c := all[word]
	if c == nil {
		return 0, 0
	}
	for fold, n := range c {
		if fold != except {
			outside += n[0]
			within += n[1]
		}
	}
	return outside, within
}

// lexicon holds the lists and the words that are ordinary by the folds other than the excepted one. Which of them are words of service, the
// news say.
func (all tally) lexicon(words map[uint32]tagger.Class, news tally, except int) *tagger.Lexicon {
	out := maps.Clone(words)
	for h := range all {
		outside, within := all.without(h, except)
		if names := out[h] & (tagger.Given | tagger.Family | tagger.Abroad); outside >= 2 && (within*10 <= outside || names != 0 && within <= outside) { // "bunga" is both
			out[h] |= tagger.Ordinary
		}
		if outside >= 20 && within*50 <= outside { // so common that the longer lists say nothing of it: "dan" is also a name abroad
			out[h] &^= tagger.Abroad | tagger.District | tagger.PlaceHead | tagger.PlaceTail | tagger.World
		}
		if o, w := news.without(h, except); o+w == 0 && outside >= 4 && out[h] == tagger.Ordinary {
			out[h] |= tagger.Service
		}
	}
	return tagger.NewLexicon(out)
}

// wordsOf are the single words of lists, for the lines of chat.
func wordsOf(data fs.FS, files ...string) ([]string, error) {
	var out []string
	for _, file := range files {
		all, err := entries(data, "lists/"+file)
		if err != nil {
			return nil, err
		}
		for _, entry := range all {
			out = append(out, strings.Fields(entry)...)
		}
	}
	return out, nil
}

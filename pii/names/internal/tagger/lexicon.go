package tagger

import (
	"maps"
	"slices"
)

// Lexicon maps words to classes. An entry is 32 bits: 20 of the word's hash and 12 of classes; the place in the table, with
// linear probing, comes from all of the hash, so that two words are mixed up once in a million.
type Lexicon struct {
	entries []uint32
}

const classBits = 12

func home(h uint32, size int) int { return int(uint64(h*0x9E3779B1) * uint64(size) >> 32) }

// NewLexicon makes a table of the given words. The same words make the same table.
func NewLexicon(words map[uint32]Class) *Lexicon {
	l := &Lexicon{make([]uint32, len(words)+len(words)/3+8)}
	for _, h := range slices.Sorted(maps.Keys(words)) {
		if words[h] == 0 {
			continue
		}
		i := home(h, len(l.entries))
		for l.entries[i] != 0 {
			if i++; i == len(l.entries) {
				i = 0
			}
		}
		l.entries[i] = h<<classBits | uint32(words[h])
	}
	return l
}

// Of returns the classes of a word.
func (l *Lexicon) Of(h uint32) Class {
	for i := home(h, len(l.entries)); ; {
		e := l.entries[i]
		if e == 0 {
			return 0
		}
		if e>>classBits == h&(1<<(32-classBits)-1) {
			return Class(e & (1<<classBits - 1))
		}
		if i++; i == len(l.entries) {
			i = 0
		}
	}
}

// Classify fills the classes of the tokens of text. A word on no list that is an ordinary one with affixes is ordinary too.
func (l *Lexicon) Classify(tokens []Token, text []byte) {
	for i := range tokens {
		t := &tokens[i]
		if !t.Word() {
			continue
		}
		c := l.Of(t.Hash)
		t.Class, t.Service = c&^Service, c&Service != 0
		if c == 0 && l.derived(text[t.Start:t.End]) {
			t.Class = Ordinary
		}
	}
}

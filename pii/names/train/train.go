package main

import (
	"bytes"
	"cmp"
	"io/fs"
	"math"
	"slices"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// recipe is what a model is made of, beside the data.
type recipe struct {
	rule
	cutoff    int      // features that were met less often are left out
	chat      int      // lines of each template
	written   []string // files of written messages
	renamings int      // of each of them with other names
	strange   int      // of a hundred ordinary words of them, how many its variants show as words that nobody knows
	scale     float64  // of the weights, when they become integers
	blocks    int      // of the model's table
	without   int      // a fold of news and of messages that is kept out, for measuring; -1 for none
}

// final is the recipe of the model that ships.
var final = recipe{
	rule:   rule{epochs: 6, seeds: 8, rate: 0.1, decay: 0.0005, dropWord: 30, dropAny: 30, outside: 0.7},
	cutoff: 3, chat: 6, written: written, renamings: 1, strange: 12, scale: tagger.Scale, blocks: 1 << 15, without: -1,
}

// read reads what of the data the training uses.
func read(data fs.FS, file string) ([]Example, error) {
	text, err := fs.ReadFile(data, file)
	if err != nil {
		return nil, err
	}
	return readColumns(bytes.NewReader(text))
}

// Corpora are the files of news texts.
var corpora = []string{"ner_nergrit_train.conll", "ner_nerp_train.conll"}

// examples are the sentences of the corpora by fold, each once as it is, and those left out.
func examples(data fs.FS, r recipe) (byFold [][]Example, left [][]Example, err error) {
	byFold = make([][]Example, folds)
	for _, file := range corpora {
		all, err := read(data, file)
		if err != nil {
			return nil, nil, err
		}
		var out []Example
		for i, e := range all {
			if fold := i % folds; fold == r.without {
				out = append(out, e)
			} else {
				byFold[fold] = append(byFold[fold], e)
			}
		}
		left = append(left, out)
	}
	return byFold, left, nil
}

// numbered gives every feature a number, and counts in how many texts it stands: all that is made of one text counts as one.
type numbered struct {
	id     map[uint32]uint32
	hashes []uint32
	counts []int
	last   []int // the text that was counted last
}

func (n *numbered) sequence(l labelled, text int) *sequence {
	s := &sequence{labels: l.labels}
	var v tagger.Vector
	var c [9]uint32
	for i := range l.tokens {
		k := tagger.Extract(&v, l.tokens, i)
		tagger.Classes(&c, l.tokens[i].Class)
		ids := make([]uint32, 0, k+len(c))
		lexical := make([]bool, 0, k+len(c))
		for j, h := range slices.Concat(v[:k], c[:]) {
			id, ok := n.id[h]
			if !ok {
				id = uint32(len(n.counts))
				n.id[h] = id
				n.hashes = append(n.hashes, h)
				n.counts = append(n.counts, 0)
				n.last = append(n.last, -1)
			}
			if n.last[id] != text {
				n.counts[id]++
				n.last[id] = text
			}
			ids = append(ids, id)
			lexical = append(lexical, j < k && tagger.Lexical(j))
		}
		s.features = append(s.features, ids)
		s.lexical = append(s.lexical, lexical)
	}
	return s
}

// cut leaves out rare features and numbers the others anew.
func (n *numbered) cut(sequences []*sequence, least int) {
	number := make([]int, len(n.counts))
	kept := 0
	for i, c := range n.counts {
		number[i] = -1
		if c >= least {
			number[i] = kept
			n.counts[kept], n.hashes[kept] = c, n.hashes[i]
			kept++
		}
	}
	n.counts, n.hashes = n.counts[:kept], n.hashes[:kept]
	for _, s := range sequences {
		for i := range s.features {
			k := 0
			for j, id := range s.features[i] {
				if number[id] >= 0 {
					s.features[i][k], s.lexical[i][k] = uint32(number[id]), s.lexical[i][j]
					k++
				}
			}
			s.features[i], s.lexical[i] = s.features[i][:k], s.lexical[i][:k]
		}
	}
}

// build makes the bytes of a model of the data.
func build(data fs.FS, r recipe) ([]byte, error) {
	byFold, _, err := examples(data, r)
	if err != nil {
		return nil, err
	}
	talk, err := talker(data)
	if err != nil {
		return nil, err
	}
	spoken := talk.lines(r.chat)
	service, err := messages(data, r.written)
	if err != nil {
		return nil, err
	}
	if r.without >= 0 {
		service[r.without] = nil
	}
	both := make([][]Example, folds)
	for fold := range both {
		both[fold] = slices.Concat(byFold[fold], spoken[fold], service[fold], service[fold]) // one message is enough to make a word ordinary
	}
	words, err := listed(data)
	if err != nil {
		return nil, err
	}
	tally, news := count(both), count(byFold)
	features := &numbered{id: map[uint32]uint32{}}
	var sequences []*sequence
	text := 0
	add := func(e Example, lexicon *tagger.Lexicon, strange int) {
		l := label(e, lexicon)
		if len(l.tokens) == 0 {
			return
		}
		talk.estrange(l.tokens, strange)
		sequences = append(sequences, features.sequence(l, text))
	}
	for fold := range both {
		lexicon := tally.lexicon(words, news, fold)
		for _, e := range byFold[fold] {
			text++
			low := lowered(e)
			if !bytes.Equal(low.Text, e.Text) {
				add(e, lexicon, 0)
			}
			for range 2 { // as many people write
				add(low, lexicon, 0)
			}
		}
		for _, e := range spoken[fold] {
			text++
			add(e, lexicon, 0)
		}
		for _, e := range service[fold] {
			text++
			add(e, lexicon, 0)
			for _, v := range talk.variants(e, r.renamings) {
				add(v, lexicon, r.strange)
			}
		}
	}
	features.cut(sequences, r.cutoff)
	f := trained(sequences, len(features.counts), r.rule)
	return pack(f, features, tally.lexicon(words, news, -1), r), nil
}

func round(x, limit float64) int32 { return int32(math.Round(max(-limit, min(limit, x)))) }

// pack turns weights into small integers, the weightiest features first.
func pack(f *field, features *numbered, lexicon *tagger.Lexicon, r recipe) []byte {
	type ranked struct {
		tagger.Row
		rank float64
	}
	var all []ranked
	for id, h := range features.hashes {
		row := ranked{Row: tagger.Row{Hash: h}}
		some := false
		for y := 1; y < labels; y++ {
			w := float64(f.weight[id][y])
			q := round(float64(w*r.scale), 127)
			row.Weights[y-1] = int8(q)
			some = some || q != 0
			row.rank = max(row.rank, math.Abs(w))
		}
		if some {
			row.rank = float64(row.rank * math.Sqrt(float64(min(features.counts[id], 30))))
			all = append(all, row)
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.Hash, b.Hash))
	})
	rows := make([]tagger.Row, len(all))
	for i, r := range all {
		rows[i] = r.Row
	}
	var pair [labels][labels]int32
	for a := range labels {
		for b := range labels {
			pair[a][b] = round(float64(f.pair[a][b]*r.scale), 1e6)
		}
	}
	return tagger.Write(lexicon, rows, r.blocks, pair, round(float64(r.outside*r.scale), 1e6))
}

// talker reads the templates and lists of chat.
func talker(data fs.FS) (*chat, error) {
	c := &chat{random: 1}
	var err error
	lines := func(file string) []string {
		out, e := entries(data, file)
		err = cmp.Or(err, e)
		return out
	}
	c.templates, c.brands = lines("chat.txt"), lines("brands.txt")
	one := func(files ...string) []string {
		out, e := wordsOf(data, files...)
		err = cmp.Or(err, e)
		return out
	}
	c.given = one("given_own.txt", "given_faker.txt")
	c.family = one("family_own.txt", "family_faker.txt")
	for _, entry := range lines("lists/place_wilayah.txt") {
		if entry[0] == '\t' {
			c.districts = append(c.districts, entry[1:])
		} else {
			c.places = append(c.places, entry)
		}
	}
	return c, err
}

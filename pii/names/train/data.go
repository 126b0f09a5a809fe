package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// Entity is a labelled stretch of a text.
type Entity struct {
	Start, End int
	Person     bool
	Other      bool // neither person nor place: an organisation, a product, an event
	Free       bool // an address: what is in it is not said
}

// Example is a text with what is in it.
type Example struct {
	Text     []byte
	Entities []Entity
}

// readColumns reads tab-separated tokens and labels, a blank line between sentences.
func readColumns(r io.Reader) ([]Example, error) {
	var (
		out  []Example
		e    Example
		open string
	)
	flush := func() {
		if len(e.Text) > 0 {
			out = append(out, e)
		}
		e, open = Example{}, ""
	}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		word, label, ok := strings.Cut(line, "\t")
		if !ok || label != "O" && !strings.HasPrefix(label, "B-") && !strings.HasPrefix(label, "I-") {
			return nil, fmt.Errorf("line %d: no label", n)
		}
		if len(e.Text) > 0 {
			e.Text = append(e.Text, ' ')
		}
		start := len(e.Text)
		e.Text = append(e.Text, word...)
		if label == "O" {
			open = ""
			continue
		}
		kind := label[2:]
		if label[0] == 'I' && open == kind {
			e.Entities[len(e.Entities)-1].End = len(e.Text)
			continue
		}
		e.Entities = append(e.Entities, Entity{Start: start, End: len(e.Text), Person: kind == "PER", Other: kind != "PER" && kind != "LOC"})
		open = kind
	}
	flush()
	return out, lines.Err()
}

// lowered is the example in lower case. Every byte keeps its place, so a letter whose small form has another length stays.
func lowered(e Example) Example {
	low := bytes.Map(func(r rune) rune {
		if l := unicode.ToLower(r); len(string(l)) == len(string(r)) {
			return l
		}
		return r
	}, e.Text)
	if len(low) != len(e.Text) { // invalid UTF-8 was replaced
		return e
	}
	return Example{Text: low, Entities: e.Entities}
}

// labelled is an example as the tagger sees it.
type labelled struct {
	tokens []tagger.Token
	labels []uint8
}

// free is the label of a token whose label nobody said.
const free = uint8(labels)

// label cuts an example into tokens and gives each its label.
func label(e Example, lexicon *tagger.Lexicon) labelled {
	tokens := tagger.Tokens(nil, e.Text)
	lexicon.Classify(tokens, e.Text)
	tagger.See(tokens)
	labels := make([]uint8, len(tokens))
	k := 0
	for _, ent := range e.Entities {
		first := tagger.FirstPlace
		switch {
		case ent.Other:
			first = tagger.FirstOther
		case ent.Person:
			first = tagger.FirstPerson
		}
		for k < len(tokens) && int(tokens[k].Start) < ent.Start {
			k++
		}
		for i := k; k < len(tokens) && int(tokens[k].End) <= ent.End; k++ {
			switch labels[k] = first; {
			case ent.Free:
				labels[k] = free
			case k > i:
				labels[k]++
			}
		}
	}
	return labelled{tokens, labels}
}

// unlabelled are the persons and places of labels.
func unlabelled(tokens []tagger.Token, labels []uint8) []Entity {
	var out []Entity
	for i := 0; i < len(labels); i++ {
		y := labels[i]
		if y == tagger.Outside {
			continue
		}
		j := i
		for j+1 < len(labels) && labels[j+1] == y+1 {
			j++
		}
		if y < tagger.FirstOther {
			out = append(out, Entity{Start: int(tokens[i].Start), End: int(tokens[j].End), Person: y == tagger.FirstPerson})
		}
		i = j
	}
	return out
}

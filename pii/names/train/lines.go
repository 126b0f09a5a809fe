package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// written are the messages of service that were written for this package, one a line, their names marked: [[P:a person]], [[L:a place]],
// [[A:an address]], whose inside is labelled neither way. "\n" is a line break.
var written = []string{"service_chat.txt", "service_notes.txt", "service_mail.txt", "service_more.txt", "service_transcripts.txt"}

// marks are the letters of the marks and what they stand for.
var marks = map[byte]Entity{'P': {Person: true}, 'L': {}, 'A': {Free: true}}

// readMarked reads one message.
func readMarked(line string) (Example, error) {
	var e Example
	line = strings.ReplaceAll(line, `\n`, "\n")
	for {
		before, rest, some := strings.Cut(line, "[[")
		e.Text = append(e.Text, before...)
		if !some {
			return e, nil
		}
		mark, after, closed := strings.Cut(rest, "]]")
		if !closed || len(mark) < 3 || mark[1] != ':' {
			return Example{}, fmt.Errorf("a mark is not whole: %q", rest)
		}
		entity, known := marks[mark[0]]
		if !known {
			return Example{}, fmt.Errorf("no such mark: %q", mark)
		}
		entity.Start = len(e.Text)
		e.Text = append(e.Text, mark[2:]...)
		entity.End = len(e.Text)
		e.Entities = append(e.Entities, entity)
		line = after
	}
}

// messages are the written messages by fold.
func messages(data fs.FS, files []string) ([][]Example, error) {
	out := make([][]Example, folds)
	for _, file := range files {
		all, err := entries(data, file)
		if err != nil {
			return nil, err
		}
		for i, line := range all {
			e, err := readMarked(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			out[i%folds] = append(out[i%folds], e)
		}
	}
	return out, nil
}

// stays are words inside names that are no names of their own, so that another name keeps them.
var stays = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq("bin binti van der den de da dos von al el ibn i ni si kab kabupaten kota kec kecamatan kel kelurahan desa ds dusun kampung kp stasiun bandara pelabuhan pasar terminal pulau gunung provinsi prov san los new " +
		"barat timur utara selatan tengah tenggara pusat baru lama raya ilir ulu jalan jl gang gg") {
		out[w] = true
	}
	return out
}()

// renamed is the message with other names in the same letters' case: what stays the same is what stands around them.
func (c *chat) renamed(e Example) Example {
	var out Example
	others := map[string]string{} // a name that comes twice is the same one twice
	end := 0
	for _, ent := range e.Entities {
		out.Text = append(out.Text, e.Text[end:ent.Start]...)
		start := len(out.Text)
		switch old := string(e.Text[ent.Start:ent.End]); {
		case ent.Free || ent.Other:
			out.Text = append(out.Text, old...)
		default:
			out.Text = append(out.Text, c.another(old, ent.Person, others)...)
		}
		end = ent.End
		ent.Start, ent.End = start, len(out.Text)
		out.Entities = append(out.Entities, ent)
	}
	out.Text = append(out.Text, e.Text[end:]...)
	return out
}

// another is a name in place of an old one, word by word.
func (c *chat) another(old string, person bool, others map[string]string) string {
	var b strings.Builder
	for len(old) > 0 {
		n := strings.IndexFunc(old, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
		if n < 0 {
			n = len(old)
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(old)
			b.WriteString(old[:n])
			old = old[n:]
			continue
		}
		word := old[:n]
		old = old[n:]
		key := strings.ToLower(word)
		if len(word) < 3 || stays[key] {
			b.WriteString(word)
			continue
		}
		if others[key] == "" {
			others[key] = c.word(person)
		}
		b.WriteString(inCaseOf(word, others[key]))
	}
	return b.String()
}

// word is one word of a name.
func (c *chat) word(person bool) string {
	if person {
		return c.one()
	}
	words := strings.Fields(pick(&c.random, c.places))
	if c.random.below(2) == 0 {
		words = strings.Fields(pick(&c.random, c.districts))
	}
	return words[len(words)-1]
}

// inCaseOf gives a new word the letters' case of an old one.
func inCaseOf(old, word string) string {
	first, size := utf8.DecodeRuneInString(old)
	switch {
	case strings.ToUpper(old) == old:
		return strings.ToUpper(word)
	case unicode.IsUpper(first) && strings.ToLower(old[size:]) == old[size:]:
		return title(strings.ToLower(word))
	case strings.ToLower(old) == old:
		return strings.ToLower(word)
	}
	return word
}

// variants are what the training sees of a message beside the message: it in small letters, and with other names.
func (c *chat) variants(e Example, renamings int) (out []Example) {
	if low := lowered(e); !bytes.Equal(low.Text, e.Text) {
		out = append(out, low)
	}
	for range renamings {
		other := e
		if len(e.Entities) > 0 {
			other = c.renamed(e)
		}
		if c.random.below(2) == 0 {
			other = lowered(other)
		}
		out = append(out, other)
	}
	return out
}

// estrange makes ordinary words, as many of a hundred as is said, into words on no list that were never met: of a new text, some are.
func (c *chat) estrange(tokens []tagger.Token, percent int) {
	if percent == 0 {
		return
	}
	for i := range tokens {
		if t := &tokens[i]; t.Known() && c.random.below(100) < percent {
			t.Class, t.Hash = 0, uint32(c.random.next())|0x8000_0000
		}
	}
	tagger.See(tokens)
}

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

func marked(t *testing.T, line string) Example {
	t.Helper()
	e, err := readMarked(line)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMarksAreRead(t *testing.T) {
	e := marked(t, `halo [[P:rina]], di [[L:Solo]]?\n[[A:Jl. Budi 3]]`)
	if string(e.Text) != "halo rina, di Solo?\nJl. Budi 3" || len(e.Entities) != 3 {
		t.Fatalf("%q %v", e.Text, e.Entities)
	}
	for i, want := range []Entity{{Start: 5, End: 9, Person: true}, {Start: 14, End: 18}, {Start: 20, End: 30, Free: true}} {
		if e.Entities[i] != want {
			t.Error(e.Entities[i], want)
		}
	}
	for _, bad := range []string{"[[P:rina", "[[rina]]", "[[X:rina]]", "[[P:]]"} {
		if _, err := readMarked(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestEveryWrittenMessageIsWhole(t *testing.T) {
	all, err := messages(os.DirFS("testdata"), written)
	if err != nil {
		t.Fatal(err)
	}
	texts, plain := 0, 0
	for _, fold := range all {
		for _, e := range fold {
			texts++
			if len(e.Entities) == 0 {
				plain++
			}
			if strings.Contains(string(e.Text), "]]") || strings.TrimSpace(string(e.Text)) == "" {
				t.Errorf("%q is not whole", e.Text)
			}
		}
	}
	if plain*4 < texts {
		t.Errorf("only %d of %d messages hold no name: what is none would not be learned", plain, texts)
	}
}

func TestAnotherNameHasTheSameLook(t *testing.T) {
	c, err := talker(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	e := marked(t, "pak [[P:BUDI bin Karso]] di [[L:kab. Sleman]], ya [[P:budi]] [[A:Jl. X 3]]")
	other := c.renamed(e)
	if bytes.Equal(other.Text, e.Text) || len(other.Entities) != len(e.Entities) {
		t.Fatalf("%q", other.Text)
	}
	part := func(i int) string { return string(other.Text[other.Entities[i].Start:other.Entities[i].End]) }
	first, rest, _ := strings.Cut(part(0), " bin ")
	if strings.ToUpper(first) != first || rest == "" || rest == "Karso" || strings.ToUpper(part(2)) != first || strings.ToLower(part(2)) != part(2) {
		t.Errorf("%q: one name is to stay one, in its letters", other.Text)
	}
	if !strings.HasPrefix(part(1), "kab. ") || part(1) == "kab. Sleman" || part(3) != "Jl. X 3" {
		t.Errorf("%q: words of kind and addresses are to stay", other.Text)
	}
	if n := len(c.variants(e, 3)); n != 4 {
		t.Errorf("%d variants", n)
	}
	if got := inCaseOf("McLean", "budi"); got != "budi" {
		t.Error(got)
	}
}

func TestOrdinaryWordsBecomeStrange(t *testing.T) {
	c := &chat{random: 1}
	words := map[uint32]tagger.Class{tagger.HashOf("dan"): tagger.Ordinary, tagger.HashOf("rina"): tagger.Given}
	l := label(marked(t, "dan [[P:rina]] dan"), tagger.NewLexicon(words))
	before := l.tokens[1]
	c.estrange(l.tokens, 0)
	if !l.tokens[0].Known() {
		t.Error("nothing was asked for")
	}
	c.estrange(l.tokens, 100)
	if l.tokens[0].Known() || l.tokens[2].Known() || l.tokens[1].Hash != before.Hash || l.tokens[1].Class != before.Class {
		t.Error("words of the lists stay, the others become strange")
	}
}

func TestWhatAnAddressHoldsIsNotLearned(t *testing.T) {
	l := label(marked(t, "di [[A:Jl. Budi 3]] ya"), tagger.NewLexicon(nil))
	if want := []uint8{0, free, free, free, free, 0}; !bytes.Equal(l.labels, want) {
		t.Fatal(l.labels)
	}
	if all := count([][]Example{{marked(t, "[[A:Budi]]")}}); all[tagger.HashOf("budi")] != nil && *all[tagger.HashOf("budi")] != [folds][2]int{} {
		t.Error("its words are counted")
	}
}

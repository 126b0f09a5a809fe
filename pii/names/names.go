// Package names finds the names of people and places in Indonesian and English text as a call center writes it: chat, notes,
// mail, transcripts, news, with capitals and without.
//
// Three witnesses are heard, and every finding says what each of them said. A tagger, trained on news texts and on messages of
// service (folder train), knows how names look and what stands around them. A cue grammar knows how names are announced: "atas
// nama", "a.n.", "dengan Ibu", "nama saya", "speaking with", a signature, the label of a speaker. Lists know names and places
// themselves. What they say is added up, in the units of the tagger's weights, before the best reading of the whole line is
// chosen; so a cue can turn a doubtful word into a name, and an ordinary word after a cue stays one.
//
// A fourth witness is the caller's: whoever implements Known makes sure that the names they know, such as their customers', are found.
//
// The tagger is asked only where a name can stand: at words that are on a list, that the training never met as ordinary ones, or
// that follow a cue; the others are passed over after one look at a table. Nothing is allocated once the buffers have grown.
// Any bytes are accepted, and spans begin and end on the borders of characters.
//
// It promises no completeness: a name that is an ordinary word, in small letters and with nothing around it, is not found.
package names

import (
	"math"
	"slices"
	"sync"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// Kind is what a name belongs to.
type Kind uint8

// The kinds.
const (
	Person Kind = iota + 1
	Place
)

// String is the kind in a word.
func (k Kind) String() string {
	switch k {
	case Person:
		return "person"
	case Place:
		return "place"
	}
	return "none"
}

// Span is one name in a text.
type Span struct {
	Kind       Kind
	Start, End int
	Score      float64 // between 0 and 1
	Reason     Reason
}

// Options say what Find looks for. The zero value finds every person and place.
type Options struct {
	Known Known   // further names, or nil
	Least float64 // spans with a lower score are left out
}

// Find appends the names in text to dst, in their order. They do not overlap.
func Find(dst []Span, text []byte, o Options) []Span {
	f := finders.Get().(*finder)
	for from := 0; from < len(text); {
		end := from + pieceEnd(text[from:])
		dst = f.find(dst, text[from:end], from, o)
		from = end
	}
	finders.Put(f)
	return dst
}

// The text is read in pieces that end with a line where one ends soon enough, so that the work space stays small.
const (
	pieceLeast = 4 << 10
	pieceMost  = 16 << 10
)

func pieceEnd(text []byte) int {
	if len(text) <= pieceMost {
		return len(text)
	}
	for i := pieceLeast; i < pieceMost; i++ {
		if text[i] == '\n' {
			return i + 1
		}
	}
	for i := pieceMost; i > pieceLeast; i-- {
		if text[i] == ' ' {
			return i
		}
	}
	for i := pieceMost; i > pieceMost-4; i-- {
		if text[i]&0xc0 != 0x80 { // no byte inside a character
			return i
		}
	}
	return pieceMost
}

// finder is the work space of one Find.
type finder struct {
	tokens    []tagger.Token
	words     []word
	cues      []cue
	emissions []tagger.Emission
	matters   []bool
	labels    []uint8
	path      tagger.Path
	heard     []uint32 // the words of the persons of the first reading
	vector    tagger.Vector
	buffer    [64 * longest]byte // words in small letters, for Known
	folded    [longest][]byte
}

var finders = sync.Pool{New: func() any { return new(finder) }}

func (f *finder) find(dst []Span, text []byte, from int, o Options) []Span {
	m := tagger.Trained()
	f.tokens = tagger.Tokens(f.tokens[:0], text)
	m.Classify(f.tokens, text)
	tagger.See(f.tokens)
	f.readCues(text)
	if o.Known != nil {
		f.recognise(text, o.Known)
	}
	if !f.gate() {
		return dst
	}
	f.emit(m)
	f.labels = m.Best(f.labels[:0], &f.path, f.emissions)
	if f.again(m) {
		f.labels = m.Best(f.labels[:0], &f.path, f.emissions)
	}
	return f.spans(dst, m, from, o)
}

// gate says which tokens can be part of a name: words that are not known as ordinary ones, what a cue announces, and the
// neighbours of both; in news, whose names hold more ordinary words, every token of a text that has such a word at all.
func (f *finder) gate() bool {
	f.matters = f.matters[:0]
	some := false
	for i := range f.tokens {
		t := &f.tokens[i]
		can := t.Word() && !t.Known() || f.cues[i].announces()
		if can && i > 0 {
			f.matters[i-1] = true
		}
		f.matters = append(f.matters, can || t.News() || i > 0 && (f.cues[i-1].announces() || f.tokens[i-1].Word() && !f.tokens[i-1].Known()))
		some = some || can
	}
	return some
}

// emit asks the tagger where it matters, and adds what the cues say.
func (f *finder) emit(m *tagger.Model) {
	f.emissions = f.emissions[:0]
	for i := range f.tokens {
		if !f.matters[i] || f.tokens[i].Shape == tagger.Break || f.tokens[i].Shape == tagger.Address || f.cues[i].nobody {
			f.emissions = append(f.emissions, tagger.Nothing)
			continue
		}
		f.emissions = append(f.emissions, m.EmitOne(&f.vector, f.tokens, i))
		f.cues[i].weigh(&f.emissions[i], &f.tokens[i], f.capital(i) && f.capital(i+1) && f.tokens[i+1].Class&tagger.Family != 0)
	}
}

// again makes words that were a person's in the first reading likelier where they stand again: who was once announced is later called without it.
// It says whether anything changed.
func (f *finder) again(m *tagger.Model) bool {
	f.heard = f.heard[:0]
	for i := 0; i < len(f.labels); i++ {
		if f.labels[i] != tagger.FirstPerson {
			continue
		}
		first := i
		for i+1 < len(f.labels) && f.labels[i+1] == tagger.FirstPerson+1 {
			i++
		}
		if f.cues[first].Cue == NoCue && m.Margin(f.emissions, f.labels, first, i+1) < sure*tagger.Scale {
			continue
		}
		for k := first; k <= i; k++ {
			if t := &f.tokens[k]; len(f.heard) < mostHeard && t.Word() && t.End-t.Start > 2 && !f.words[k].honour() {
				f.heard = append(f.heard, t.Hash)
			}
		}
	}
	changed := false
	for i := range f.tokens {
		if len(f.heard) == 0 {
			break
		}
		t := &f.tokens[i]
		if f.labels[i] == tagger.Outside && t.Seen == tagger.Lower && t.Class&tagger.Ordinary == 0 && f.cues[i] == (cue{}) && slices.Contains(f.heard, t.Hash) {
			f.emissions[i][tagger.FirstPerson] += heardAgain * tagger.Scale
			changed = true
		}
	}
	return changed
}

// A person is sure by this margin, in nats; a word of theirs gains that when it comes again. So many words are kept for one piece of text.
const (
	sure       = 3
	heardAgain = 4
	mostHeard  = 64
)

// spans turns labels into spans.
func (f *finder) spans(dst []Span, m *tagger.Model, from int, o Options) []Span {
	before := len(dst)
	for i := 0; i < len(f.labels); i++ {
		y := f.labels[i]
		if y == tagger.Outside {
			continue
		}
		end := i + 1
		for end < len(f.labels) && (f.labels[end] == y+1 || y == tagger.FirstPerson && f.sameName(end)) {
			end++
		}
		first := i
		i = end - 1
		if y == tagger.FirstOther {
			continue
		}
		margin := float64(m.Margin(f.emissions, f.labels, first, end)) / tagger.Scale
		if y == tagger.FirstPerson {
			first, end = f.person(first, end)
		} else {
			first, end = f.place(first, end)
		}
		if !f.holdsName(first, end) || y == tagger.FirstPerson && (f.onlyInitials(first, end) || f.machine(first, end) || f.short(first, end)) || y == tagger.FirstPlace && f.ofFirm(first) {
			continue
		}
		if last := f.tokens[end-1]; y == tagger.FirstPerson && last.Shape == tagger.Initial && f.isPunct(end, '.') && f.tokens[end].Start == last.End {
			end++ // the full stop of an initial is part of the name
		}
		if y == tagger.FirstPerson {
			if k := f.twice(first, end); k < end {
				end, i = k, k-1 // the rest is a name of its own
				f.labels[k] = tagger.FirstPerson
			}
		}
		i = max(i, end-1)
		s := Span{Kind: Person, Start: from + int(f.tokens[first].Start), End: from + int(f.tokens[end-1].End)}
		if y == tagger.FirstPlace {
			s.Kind = Place
		}
		s.Score = 1 / (1 + math.Exp(-margin))
		s.Reason = Reason{Cue: f.cues[first].Cue, Lists: f.lists(first, end), Margin: margin}
		if y == tagger.FirstPerson && margin < f.least(first, s.Reason) {
			continue
		}
		if s.Score >= o.Least {
			for len(dst) > before && dst[len(dst)-1].End > s.Start { // "Kab." alone, before it got its place
				dst = dst[:len(dst)-1]
			}
			dst = append(dst, s)
		}
	}
	return dst
}

// holdsName refuses spans without a letter, and persons who are only titles.
func (f *finder) holdsName(first, end int) bool {
	for i := first; i < end; i++ {
		if (f.tokens[i].Word() || f.tokens[i].Shape == tagger.Alnum) && !f.words[i].honour() {
			return true
		}
	}
	return false
}

// onlyInitials says whether a span is made of single letters, as degrees and spelled words are.
func (f *finder) onlyInitials(first, end int) bool {
	for i := first; i < end; i++ {
		if t := &f.tokens[i]; t.Shape != tagger.Punct && t.End-t.Start > 1 {
			return false
		}
	}
	return true
}

func (f *finder) lists(first, end int) Lists {
	var l Lists
	if f.cues[first].Cue == FromCaller {
		l = CallersNames
	}
	for _, t := range f.tokens[first:end] {
		l |= listsOf(t.Class)
	}
	return l
}

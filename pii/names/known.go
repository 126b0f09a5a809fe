package names

import (
	"iter"
	"strings"
	"unicode"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// Known knows names that no list holds, such as those of the caller's customers. It is asked in lower case, word by word.
type Known interface {
	// Word says whether a known name has this word. It may err towards yes.
	Word(word []byte) bool
	// Name says whether these words, in this order, are a known name, or enough of one to be taken for it.
	Name(words [][]byte) bool
}

// longest is how many words a known name may have.
const longest = 8

// recognise marks the words of known names.
func (f *finder) recognise(text []byte, known Known) {
	buffer, words := &f.buffer, &f.folded
	var ends [longest]int
	for i := 0; i < len(f.tokens); {
		n, used, next := 0, 0, i
		for n < longest && next < len(f.tokens) && f.tokens[next].Word() {
			t := &f.tokens[next]
			if used+int(t.End-t.Start) > len(buffer) {
				break
			}
			w := lower(buffer[used:used], text[t.Start:t.End])
			if !known.Word(w) {
				break
			}
			words[n], ends[n] = w, next+1
			used += len(w)
			n++
			next++
			for next < i+2*longest && f.joins(next) {
				next++
			}
		}
		for n > 0 && !(known.Name(words[:n]) && (n > 1 || f.standsAlone(i))) {
			n--
		}
		if n == 0 {
			i++
			continue
		}
		end := ends[n-1]
		f.cues[i].Cue = FromCaller
		for j := i + 1; j < end; j++ {
			f.cues[j].Cue = knownTail
		}
		if end < len(f.cues) {
			f.cues[end].closed = true
		}
		i = end
	}
}

// joins says whether token i is a mark that can stand inside a name: the full stop of a short form, a hyphen, a slash, with no
// blank before it.
func (f *finder) joins(i int) bool {
	return (f.isPunct(i, '.') || f.isPunct(i, '-') || f.isPunct(i, '/')) && f.tokens[i].Start == f.tokens[i-1].End
}

// standsAlone says whether one word may be taken for a known name: an ordinary word in small letters, with no cue, may not.
func (f *finder) standsAlone(i int) bool {
	t := &f.tokens[i]
	if t.End-t.Start < 2 {
		return false
	}
	return f.cues[i].announces() || t.Class&tagger.Ordinary == 0 || t.Seen == tagger.Title
}

func lower(dst, word []byte) []byte {
	for _, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// KnownNames makes a Known of full names held in memory. One word of a name, or several in their order without a gap, are enough.
// Who keeps names elsewhere implements Known over what he has; this one is for lists and tests.
func KnownNames(names iter.Seq[string]) Known {
	k := knownNames{}
	for name := range names {
		words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’' })
		for from := range words {
			for end := from + 1; end <= min(len(words), from+longest); end++ {
				k[strings.Join(words[from:end], " ")] = true
			}
		}
	}
	return k
}

type knownNames map[string]bool

func (k knownNames) Word(word []byte) bool { return k[string(word)] }

func (k knownNames) Name(words [][]byte) bool {
	var buffer [65 * longest]byte
	b := buffer[:0]
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w...)
	}
	return k[string(b)]
}

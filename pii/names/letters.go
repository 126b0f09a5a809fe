package names

import "github.com/amanah-id/amanah/pii/names/internal/tagger"

// A name that is spelled letter by letter, in whatever alphabet, says which word beside it is the name: "kwabena, k w a b e n a", "we i es en u, wisnu",
// "bravo uniform delta india, budi".

// alphabet is what letters are called, in Indonesian and on the radio: the letter, and then its names.
var alphabet = map[uint32]letter{}

// letter is one letter of a spelled word, whether it was said with a word of the radio, and whether that word is hardly anything else.
type letter struct {
	letter      byte
	radio, only bool
}

// called is a filter of 4,096 bits before the alphabet.
var called = func() (f [64]uint64) {
	add := func(l letter, list string) {
		for i, w := 0, ""; i <= len(list); i++ {
			if i < len(list) && list[i] != ' ' {
				w += list[i : i+1]
				continue
			}
			if w != "" {
				alphabet[tagger.HashOf(w)] = l
				h := tagger.HashOf(w)
				f[h>>6&63] |= 1 << (h & 63)
				l.letter++
			}
			w = ""
		}
	}
	add(letter{letter: 'a'}, "a b c d e f g h i j k l m n o p q r s t u v w x y z")
	add(letter{letter: 'b'}, "be ce de")
	add(letter{letter: 'f'}, "ef ge ha")
	add(letter{letter: 'j'}, "je ka el em en")
	add(letter{letter: 'p'}, "pe ki er es te")
	add(letter{letter: 'v'}, "ve we eks ye zet")
	add(letter{letter: 'a', radio: true}, "alfa bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu")
	add(letter{letter: 'a', radio: true}, "alpha")
	for _, w := range []string{"alfa", "alpha", "bravo", "delta", "echo", "foxtrot", "kilo", "quebec", "sierra", "tango", "uniform", "whiskey", "xray", "yankee", "zulu"} {
		l := alphabet[tagger.HashOf(w)]
		l.only = true
		alphabet[tagger.HashOf(w)] = l
	}
	return f
}()

// letterOf is the letter that a token calls.
func letterOf(t *tagger.Token) (letter, bool) {
	if !t.Word() || called[t.Hash>>6&63]>>(t.Hash&63)&1 == 0 {
		return letter{}, false
	}
	l, ok := alphabet[t.Hash]
	return l, ok
}

// likeness marks the word that only says which letter is meant: the "Kudus" of "K untuk Kudus", the "Charlie" of "c as in charlie".
func (f *finder) likeness(i int, text []byte) {
	if t := &f.tokens[i]; t.End-t.Start != 1 || i > 0 && f.touches(i) {
		return
	}
	next := i + 1
	for next < min(len(f.tokens), i+3) && (f.words[next] == wLike || f.words[next] == wIn) {
		next++
	}
	if next > i+1 && next < len(f.tokens) && f.tokens[next].Word() && text[f.tokens[next].Start]|0x20 == text[f.tokens[i].Start]|0x20 {
		f.cues[next].nobody = true
	}
}

// The least letters that spell a word, the most that are read, and how many tokens around them can be the word.
const (
	leastLetters = 3
	mostLetters  = 20
	aroundWord   = 16
)

// spelling reads the run of letters that begins at token i, and returns where it ends.
func (f *finder) spelling(i int, text []byte) int {
	var spelled [mostLetters]byte
	n, radio, end, only := 0, 0, i, false
	for k := i; k < len(f.tokens) && n < mostLetters; k++ {
		l, ok := letterOf(&f.tokens[k])
		if !ok {
			if k > end || !f.isPunct(k, ',') && !f.isPunct(k, '-') && !f.isPunct(k, '.') {
				break
			}
			continue
		}
		spelled[n] = l.letter
		if n++; l.radio {
			radio++
		}
		only = only || l.only
		end = k + 1
	}
	some := only && radio == n && n > 1
	if n < leastLetters && !some {
		return i + 1
	}
	for k := max(0, i-aroundWord); n >= leastLetters && k < min(len(f.tokens), end+aroundWord); k++ {
		if (k < i || k >= end) && f.tokens[k].Word() && spells(spelled[:n], text[f.tokens[k].Start:f.tokens[k].End]) {
			f.announce(Spelled, k)
			some = true
		}
	}
	some = some || radio >= leastLetters
	for k := i; k < end && some; k++ {
		f.cues[k].nobody = true
	}
	return end
}

// spells says whether letters are those of a word, its first ones, or those of a word behind a hesitation: "e, we i es en u".
func spells(letters, word []byte) bool {
	for from := 0; from < 2 && len(letters)-from >= leastLetters; from++ {
		if n := len(letters) - from; n == len(word) && same(letters[from:], word) || n > leastLetters && n < len(word) && same(letters[from:], word[:n]) {
			return true
		}
	}
	return false
}

func same(letters, word []byte) bool {
	for i, c := range letters {
		if word[i]|0x20 != c {
			return false
		}
	}
	return true
}

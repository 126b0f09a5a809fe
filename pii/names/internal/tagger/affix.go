package tagger

// affixes are what Indonesian, the languages beside it and English put before and behind their words, by the last letter of an ending and the
// first of a beginning. The longer come first.
var (
	endings    = byEnd("ku", "mu", "nya", "kan", "in", "an", "i", "lah", "kah", "pun", "e", "ne", "na", "keun", "eun", "s", "es", "ed", "d", "ing", "er", "ly")
	beginnings = byBeginning("di", "ke", "se", "me", "mem", "men", "meng", "ber", "ter", "per", "pe", "pem", "pen", "peng", "nge", "ng", "ba", "ka", "ta", "ma", "re", "un")
)

func byEnd(list ...string) (out [26][]string) {
	for _, s := range list {
		k := s[len(s)-1] - 'a'
		out[k] = append(out[k], s)
	}
	return out
}

func byBeginning(list ...string) (out [26][]string) {
	for _, s := range list {
		out[s[0]-'a'] = append(out[s[0]-'a'], s)
	}
	return out
}

// A stem has at least leastStem letters: a shorter one stands by chance inside a name. A word has at most mostDerived.
const (
	leastStem   = 4
	mostDerived = 24
)

// derived says whether a word is an ordinary one with an ending, a beginning, or both. The sound that "me" and "pe" swallow is put back: nunggu, tunggu.
func (l *Lexicon) derived(word []byte) bool {
	if len(word) <= leastStem || len(word) > mostDerived {
		return false
	}
	var buffer [mostDerived]byte
	b := buffer[:len(word)]
	for i, c := range word {
		if c |= 0x20; c < 'a' || c > 'z' {
			return false
		}
		b[i] = c
	}
	if l.begun(b) {
		return true
	}
	for _, end := range endings[b[len(b)-1]-'a'] {
		if stem := len(b) - len(end); stem >= leastStem && string(b[stem:]) == end && (l.ordinary(b[:stem]) || l.begun(b[:stem])) {
			return true
		}
	}
	return false
}

// begun says whether a word is an ordinary one with a beginning.
func (l *Lexicon) begun(b []byte) bool {
	for _, begin := range beginnings[b[0]-'a'] {
		if n := len(begin); len(b)-n >= leastStem && string(b[:n]) == begin && (l.ordinary(b[n:]) || l.swallowed(b[n-1:])) {
			return true
		}
	}
	return l.swallowed(b)
}

// swallowed says whether a word is an ordinary one whose first sound became a nasal: nunggu, milih, nyimpen, ngirim.
func (l *Lexicon) swallowed(b []byte) bool {
	from, sound := 1, byte(0)
	switch {
	case b[0] == 'm':
		sound = 'p'
	case b[0] == 'n' && b[1] == 'y':
		from, sound = 2, 's'
	case b[0] == 'n' && b[1] == 'g':
		from, sound = 2, 'k'
	case b[0] == 'n':
		sound = 't'
	default:
		return false
	}
	if len(b)-from+1 < leastStem || !vowel(b[from]) {
		return false
	}
	var buffer [mostDerived]byte
	buffer[0] = sound
	n := 1 + copy(buffer[1:], b[from:])
	return l.ordinary(buffer[:n])
}

func vowel(c byte) bool { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' }

// ordinary says whether a word is an ordinary one and on no other list.
func (l *Lexicon) ordinary(word []byte) bool {
	var t Token
	t.word(word, false)
	return l.Of(t.Hash)&^Service == Ordinary
}

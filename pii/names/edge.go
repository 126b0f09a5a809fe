package names

// What the tagger leaves undecided at the edges of a name is decided here.

import "github.com/amanah-id/amanah/pii/names/internal/tagger"

// touches says whether token i begins where the one before it ends.
func (f *finder) touches(i int) bool {
	return i > 0 && i < len(f.tokens) && f.tokens[i].Start == f.tokens[i-1].End
}

func (f *finder) capital(i int) bool {
	if i < 0 || i >= len(f.tokens) {
		return false
	}
	s := f.tokens[i].Shape
	return s == tagger.Title || s == tagger.Upper || s == tagger.Initial
}

// person mends the edges of a person's name, where the tagger is least sure: titles in front are no part of it; an initial in front,
// the second half of a hyphened name, the rest of a signature are; ordinary words in small letters after a capital are not.
func (f *finder) person(first, end int) (int, int) {
	if first < end-1 && f.tokens[first].Shape == tagger.Lower && f.capital(first+1) && !fromOf[f.tokens[first].Hash] && f.cues[first].Cue != FromCaller {
		first++ // pax WIBOWO
	}
	for first < end-1 && (f.words[first].honour() || f.words[first] == wRole || f.words[first] == wKin || f.words[first] == wSaya && f.tokens[first].Shape == tagger.Lower || f.tokens[first].Shape == tagger.Punct) {
		first++ // nor is the full stop of a title
	}
	if first < end-1 && f.tokens[first].Shape == tagger.Initial && f.tokens[first+1].Shape == tagger.Lower {
		first++ // B andri: the label of a speaker
	}
	for end-1 > first && ((f.capital(first) || f.cues[first].announces()) && f.smallKnown(end-1) || f.tokens[end-1].Shape == tagger.Punct) {
		end--
	}
	if end-2 > first && f.tokens[end-1].Shape == tagger.Initial && f.isPunct(end-2, '.') && f.tokens[end-3].Shape != tagger.Initial {
		end -= 2 // the next sentence begins: "I"
	}
	for f.isPunct(end, '-') && f.touches(end) && f.touches(end+1) && f.tokens[end+1].Word() && !f.tokens[end+1].Known() {
		if end += 2; f.capital(first) && f.capital(end) && f.tokens[end-1].Shape == tagger.Lower { // Soo-min Choi
			end++
		}
	}
	if first > 1 && f.isPunct(first-1, '.') && f.touches(first-1) && f.tokens[first-2].Shape == tagger.Initial && !f.words[first-2].honour() && !f.isPunct(first-3, '.') &&
		(f.cues[first-2].Cue != NoCue || first > 2 && f.tokens[first-3].Shape != tagger.Break || first > 2 && !f.counted(first-4)) {
		first -= 2 // at the beginning of a line it can count the lines
	}
	for f.isPunct(end, '/') && f.touches(end) && f.touches(end+1) && f.tokens[end-1].Shape == tagger.Upper && f.tokens[end+1].Shape == tagger.Upper {
		for end += 2; end < len(f.tokens) && f.tokens[end].Shape == tagger.Upper && f.words[end] != wTitle; end++ { // WIBOWO/ANITA RINI MRS
		}
	}
	for end-1 > first && f.tokens[end-1].Shape == tagger.Upper && f.words[end-1] == wTitle {
		end--
	}
	for k := first; k > 0 && k > first-2; k-- {
		if f.tokens[k].Hash == agung && f.tokens[k-1].Hash == anak {
			first = k - 1
		}
	}
	if f.goesOnTo(end) {
		end++
	}
	if f.cues[first].Cue == Signature {
		for k := 0; k < 2 && end < len(f.tokens) && f.tokens[end].Shape == tagger.Title; k++ {
			end++
		}
	}
	return first, end
}

// counted says whether the line that ends with token i begins with a letter or a number and a mark, as the lines of a list do.
func (f *finder) counted(i int) bool {
	for i > 0 && f.tokens[i-1].Shape != tagger.Break {
		i--
	}
	return i >= 0 && (f.tokens[i].Shape == tagger.Initial || f.tokens[i].Shape == tagger.Digits) && (f.isPunct(i+1, '.') || f.isPunct(i+1, ')'))
}

// goesOnTo says whether token i, which the tagger left out, ends the name before it: a word with a capital like the one before, on no list of ordinary
// words, behind which something else begins.
func (f *finder) goesOnTo(i int) bool {
	if i >= len(f.tokens) || f.labels[i] != tagger.Outside {
		return false
	}
	t, before := &f.tokens[i], &f.tokens[i-1]
	return (t.Shape == tagger.Title || t.Shape == tagger.Upper && t.End-t.Start > 3) && t.Shape == before.Shape && t.Start == before.End+1 && t.Class&tagger.Ordinary == 0 && f.words[i] == plain && f.cues[i] == (cue{}) &&
		(i+1 == len(f.tokens) || f.tokens[i+1].Shape == tagger.Break || f.isPunct(i+1, ',') || f.isPunct(i+1, '.'))
}

// sameName says whether the person who begins at token i, by the tagger, is the one before, because nothing stands between them and both have capitals.
func (f *finder) sameName(i int) bool {
	t, before := &f.tokens[i], &f.tokens[i-1]
	return f.labels[i] == tagger.FirstPerson && t.Shape == tagger.Title && before.Shape == tagger.Title && t.Start == before.End+1 && f.cues[i] == (cue{}) && t.Hash != before.Hash
}

// twice says where in the name of a person a second one begins, because its first word is said again: "yusuf yusuf effendi", as people do on the telephone.
// It is the end when there is none, or when too much is said for one name.
func (f *finder) twice(first, end int) int {
	if end-first > mostTwice || f.tokens[first].Seen != tagger.Lower || f.tokens[first].End-f.tokens[first].Start < 3 || f.cues[first].Cue == FromCaller {
		return end
	}
	for k := first + 1; k < end; k++ {
		if f.tokens[k].Hash == f.tokens[first].Hash {
			return first + 1
		}
	}
	return end
}

// mostTwice is how many tokens may be two names: a word that is said for pages is read once.
const mostTwice = 16

// smallKnown says whether token i is an ordinary word in small letters that nobody knows as a name.
func (f *finder) smallKnown(i int) bool {
	return f.tokens[i].Shape == tagger.Lower && f.tokens[i].Known() && f.cues[i].Cue != FromCaller && f.cues[i].Cue != knownTail
}

// fromOf are words in small letters that names in capitals begin with.
var fromOf = func() map[uint32]bool {
	out := map[uint32]bool{}
	for _, w := range []string{"van", "von", "de", "der", "den", "da", "dos", "del", "di", "la", "le", "al", "el", "ibn", "bin", "binti"} {
		out[tagger.HashOf(w)] = true
	}
	return out
}()

// A title of birth on Bali, of two words that say something else elsewhere.
var anak, agung = tagger.HashOf("anak"), tagger.HashOf("agung")

// kindOfPlace are words that belong to the name of a place when it follows them, in short.
var kindOfPlace = map[uint32]bool{tagger.HashOf("kab"): true, tagger.HashOf("kec"): true, tagger.HashOf("kel"): true, tagger.HashOf("ds"): true, tagger.HashOf("prov"): true}

// place joins "Kab." and the place after it when the full stop kept them apart, and leaves out amounts at the end.
func (f *finder) place(first, end int) (int, int) {
	if first > 1 && f.isPunct(first-1, '.') && f.touches(first-1) && kindOfPlace[f.tokens[first-2].Hash] {
		first -= 2
	}
	if f.isPunct(end, '-') && f.touches(end) && f.touches(end+1) && f.tokens[end+1].Hash == f.tokens[end-1].Hash {
		end += 2 // Wangi-Wangi
	}
	for end-1 > first && (f.tokens[end-1].Shape == tagger.Alnum || f.tokens[end-1].Shape == tagger.Punct) {
		end--
	}
	return first, end
}

// ofFirm says whether a place is part of the name of an organisation: the "Bantaeng" of "Polres Bantaeng". In news, where whoever labels them means
// the place and the house, it is one.
func (f *finder) ofFirm(first int) bool {
	return !f.tokens[first].News() && (f.at(first-1).firm() || f.at(first).firm())
}

// machine says whether a name is the label that a transcribing machine gives a speaker: SPK-2 before a colon.
func (f *finder) machine(first, end int) bool {
	if end-first != 1 || f.tokens[first].Shape != tagger.Upper || first > 0 && f.tokens[first-1].Shape != tagger.Break && f.tokens[first-1].Shape != tagger.Punct {
		return false
	}
	if f.isPunct(end, '-') || f.isPunct(end, '_') {
		end++
	}
	return end < len(f.tokens) && f.tokens[end].Shape == tagger.Digits && f.isPunct(end+1, ':')
}

// short says whether a name is one of a few capitals in a text that has small letters too, on no list and announced by nothing: HRD, DBD.
func (f *finder) short(first, end int) bool {
	t := &f.tokens[first]
	if end-first != 1 || t.Shape != tagger.Upper || t.End-t.Start > 4 || listsOf(t.Class) != 0 || f.cues[first].Cue != NoCue {
		return false
	}
	for i := range f.tokens {
		if f.tokens[i].Shape == tagger.Lower {
			return true
		}
	}
	return false
}

// leastStrange is the least margin, in nats, of a word in small letters that is on no list of names of Indonesia and that nothing announces, in a message
// of service: there, most new words are new words.
const leastStrange = 1.5

// least is the least margin of a person who begins at token first.
func (f *finder) least(first int, r Reason) float64 {
	if t := &f.tokens[first]; r.Cue != NoCue || r.Lists&(GivenNames|FamilyNames) != 0 || t.Shape != tagger.Lower || t.Register == 0 {
		return 0
	}
	return leastStrange
}

package token

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/word"
)

// Labels marks what stands before speech on each line: a time, a speaker's name and a colon. It is no part of what is said.
// It returns how many bytes it looked at.
func (s *List) Labels(dict *word.Dictionary, text []byte) (looked int) {
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.From == l.To {
			continue
		}
		end := s.label(dict, text, i)
		looked += int(end-l.Start) + 1
		if end == l.Start {
			continue
		}
		for t := int(l.From); t < int(l.To) && s.Tokens[t].Start < end; t++ {
			s.Tokens[t].Flags |= Hidden
		}
		l.First, l.Label = firstOrd(text, l, end), end
	}
	return looked
}

// firstOrd is the number of the first piece at or after the place: pieces before it are counted again.
func firstOrd(text []byte, l *Line, end int32) int32 {
	n := l.First
	inside := false
	for _, c := range text[l.Start:end] {
		if IsAlnum(c) != inside {
			if inside = !inside; inside {
				n++
			}
		}
	}
	return n
}

// recurs reports whether another line nearby begins as this one does, from p to its colon at q: then it is who speaks.
func (s *List) recurs(text []byte, i int, p, q int32) bool {
	label := text[p : q+1]
	for k := max(0, i-4); k < min(len(s.Lines), i+5); k++ {
		if l := &s.Lines[k]; k != i && bytes.HasPrefix(text[l.Start:l.End], label) {
			return true
		}
	}
	return false
}

// label returns where the label of line i ends.
func (s *List) label(dict *word.Dictionary, text []byte, i int) int32 {
	l := &s.Lines[i]
	limit := min(l.End, l.Start+64)
	if bytes.IndexByte(text[l.Start:limit], ':') < 0 {
		if len(s.Lines) > 1 && s.turns(dict, text, i) {
			return s.Tokens[l.From].End
		}
		return l.Start
	}
	p := l.Start
	// A time or a date: digits and signs, at most with a letter for the half of the day.
	timed := p
	colons := 0
	for p < limit && (IsDigit(text[p]) || text[p] == '[' || text[p] == '(' || text[p] == ':' || text[p] == '.' || text[p] == '/' || text[p] == ',' || text[p] == '-' || text[p] == ' ' || text[p] == ']' || text[p] == ')') {
		if text[p] == ':' && p > l.Start && IsDigit(text[p-1]) && (p < l.Start+3 || !IsDigit(text[p-2]) || !IsDigit(text[p-3])) && p+1 < limit && IsDigit(text[p+1]) {
			colons++
		}
		p++
		if text[p-1] == ']' {
			break
		}
	}
	if colons > 0 && p-l.Start <= 26 && (p == l.End || !IsDigit(text[p-1]) && text[p-1] != ':' && text[p-1] != '.') {
		timed = p
		for p < limit && (text[p] == ' ' || text[p] == '-') {
			p++
		}
	} else {
		p = l.Start
		for p < limit && text[p] == ' ' {
			p++
		}
	}
	// A name and a colon.
	words := 0
	q := p
	for q < limit && text[q] != ':' {
		if IsLetter(text[q]) {
			e := int32(WordEnd(text[:limit], int(q)))
			if words++; words > 4 {
				return timed
			}
			whole := int(e)
			if k := bytes.IndexByte(text[q:e], '\''); k > 0 {
				whole = int(q) + k // mother's name:
			}
			if en := dict.Entry(dict.Find(text, int(q), whole)); en.Cues&(word.Interesting|word.Parent) != 0 && en.Cues&word.Speaker == 0 || en.Part != word.NoPart && en.Part != word.Filler {
				if q == p && e < limit && text[e] == ':' && en.Cues&word.Interesting == 0 && s.recurs(text, i, p, e) {
					q = e
					continue
				}
				return timed
			}
			q = e
			continue
		}
		if c := text[q]; c != ' ' && c != '.' && c != '(' && c != ')' && c != '_' && c != '-' && c != '*' && !(IsDigit(c) && q-p < 24 && words > 0) {
			return timed
		}
		q++
	}
	if q >= limit || words == 0 || q+1 < l.End && text[q+1] != ' ' && text[q+1] != '\t' && text[q+1] != '*' {
		return timed
	}
	return q + 1
}

// turns reports whether a line begins with a word for who speaks, without a colon, and one beside it with that for another, as some programs write down
// what they hear.
func (s *List) turns(dict *word.Dictionary, text []byte, i int) bool {
	own := s.opens(dict, i)
	for _, k := range [...]int{i - 1, i + 1} {
		if k < 0 || k >= len(s.Lines) {
			continue
		}
		other := s.opens(dict, k)
		if !own && !other || !s.caller(text, i, own) || !s.caller(text, k, other) {
			continue
		}
		a, b := &s.Tokens[s.Lines[i].From], &s.Tokens[s.Lines[k].From]
		if a.End-a.Start != b.End-b.Start || !EqualFold(text[a.Start:a.End], string(text[b.Start:b.End])) {
			return true
		}
	}
	return false
}

// opens reports whether the first word of a line is one for who speaks.
func (s *List) opens(dict *word.Dictionary, i int) bool {
	l := &s.Lines[i]
	return l.From < l.To && dict.Cues(s.Tokens[l.From].ID)&word.Speaker != 0
}

// caller reports whether a line begins with such a word, known to be one or not, and goes on behind a space.
func (s *List) caller(text []byte, i int, known bool) bool {
	l := &s.Lines[i]
	if l.From >= l.To {
		return false
	}
	tok := &s.Tokens[l.From]
	return tok.Kind == Word && tok.Start == l.Start && tok.End+1 < l.End && text[tok.End] == ' ' && (known || OneOf(text[tok.Start:tok.End], "pelanggan", "plg", "pasien", "peserta", "debitur"))
}

// Said is where the speech on a line begins.
func (s *List) Said(dict *word.Dictionary, text []byte, l int) int {
	p := int(s.label(dict, text, l))
	for p < int(s.Lines[l].End) && (text[p] == ' ' || text[p] == '\t') {
		p++
	}
	return p
}

// Speaker is the name or word before the colon with which speech on a line begins; nothing when there is none.
func (s *List) Speaker(text []byte, l int) []byte {
	line := &s.Lines[l]
	if line.Label == 0 {
		return nil
	}
	end := int(line.Label)
	for end > int(line.Start) && !IsAlnum(text[end-1]) {
		end--
	}
	b := end
	for b > int(line.Start) && IsAlnum(text[b-1]) {
		b--
	}
	if IsDigit(text[b]) {
		return nil // a time
	}
	return text[b:end]
}

// Void reports whether a word does not mean here what it means elsewhere: the "sim" of a SIM card, the "pos" in a postcode.
func (s *List) Void(dict *word.Dictionary, text []byte, t int, bits word.Cue) bool {
	return bits&(word.Licence|word.Card|word.Tax|word.Order) != 0 && s.void(dict, text, t, bits)
}

func (s *List) void(dict *word.Dictionary, text []byte, t int, bits word.Cue) bool {
	if bits&word.Order != 0 {
		at := s.Tokens[t].Start
		if w := dict.Entry(s.Tokens[t].ID).Text; w == "virtual" && t > 0 {
			return dict.Cues(s.Tokens[t-1].ID)&word.Card != 0 // a card, no account to pay to
		}
		return at > 0 && text[at-1] == '.' && dict.Entry(s.Tokens[t].ID).Part == word.Domain // the end of an address, contoh.co.id
	}
	next := func(i int) word.Cue {
		if i >= 0 && i < len(s.Tokens) && s.Tokens[i].Kind == Word && (s.Tokens[i].Ord == s.Tokens[t].Ord+1 || s.Tokens[i].Ord == s.Tokens[t].Ord-1) {
			return dict.Cues(s.Tokens[i].ID)
		}
		return 0
	}
	if bits&word.Licence != 0 && bits&word.Document == 0 {
		return next(t+1)&word.Card != 0 || next(t-1)&word.Card != 0
	}
	if bits&word.Card != 0 && bits&word.Document != 0 {
		return dict.Entry(s.Tokens[t].ID).Text == "card" && t > 0 && s.Tokens[t-1].Kind == Word && dict.Entry(s.Tokens[t-1].ID).Text == "id" // an identity card
	}
	if bits&word.Tax != 0 {
		w := dict.Entry(s.Tokens[max(t-1, 0)].ID).Text // an invoice for tax, a plot that is taxed
		return t > 0 && s.Tokens[t-1].Kind == Word && (w == "faktur" || w == "objek")
	}
	return false
}

// letterNames are how single letters are said.
var letterNames = [...]string{"be", "ce", "de", "ef", "ge", "ha", "je", "ka", "el", "em", "en", "pe", "ki", "er", "es", "te", "ve", "we", "ex", "eks", "ye", "zet", "see", "bee"}

// Spelt returns where the letter begins that is said, or written alone, right before the place; -1 when there is none.
func Spelt(text []byte, at int) int {
	if at < 2 || text[at-1] != ' ' {
		return -1
	}
	b := at - 1
	for b > 0 && at-b < 6 && IsLetter(text[b-1]) {
		b--
	}
	w := text[b : at-1]
	if b > 0 && IsAlnum(text[b-1]) || len(w) == 0 {
		return -1
	}
	if len(w) == 1 {
		return b
	}
	for _, n := range letterNames {
		if EqualFold(w, n) {
			return b
		}
	}
	return -1
}

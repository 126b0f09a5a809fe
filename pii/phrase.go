package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/address"
	"github.com/amanah-id/amanah/pii/internal/date"
	"github.com/amanah-id/amanah/pii/internal/kin"
	"github.com/amanah-id/amanah/pii/internal/piece"
	"github.com/amanah-id/amanah/pii/internal/secret"
	"github.com/amanah-id/amanah/pii/internal/table"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// date reads a date that begins at token t. It returns the token after it.
func (s *Scanner) date(text []byte, t int) (int, bool) {
	if e := int(s.list.Tokens[t].End); e+3 >= len(text) || text[e] != ' ' && text[e] != '-' && text[e] != '/' && text[e] != '.' && !token.IsLetter(text[e]) {
		return t, false
	} else if !token.IsLetter(text[e]) && token.IsDigit(text[e+1]) && token.IsDigit(text[e+2]) && token.IsDigit(text[e+3]) {
		return t, false // 1.250: no month and no day has three digits
	}
	found, ok := s.dates.Read(text, t)
	if !ok {
		return t, false
	}
	start := int(s.list.Tokens[t].Start)
	if r := s.born(text, t, start, &found); r.typ != 0 {
		if o := s.undated; o.End > 0 && o.Start >= int(s.list.Lines[s.lineAt].Start) && o.Year < 2017 && date.Joined(text, o.End, start) {
			s.add(r, o.Start, o.End) // suami X, istri Y, tanggal lahirnya
		}
		s.add(r, start, found.End)
		s.bornEnd, s.undated = found.End, date.Found{}
		return found.Next, true
	}
	s.undated = found
	if found.Spaced || found.Never {
		return t, false
	}
	return found.Next, true // a date of something else: no part of a number
}

// born tells whether the date at token t is one's birth: a word for it is near, or it stands beside one that is, or among what identifies somebody.
func (s *Scanner) born(text []byte, t, start int, found *date.Found) (r reading) {
	l := &s.list.Lines[s.lineAt]
	lo, hi := max(int(l.Start), start-160), min(int(l.End), found.End+80)
	r = reading{BirthDate, 0.93, why{facts: fDate, place: before}}
	if s.bornEnd > lo && s.bornEnd < start && date.Joined(text, s.bornEnd, start) && !date.Other(text, start, found.End, lo, hi) {
		r.conf = 0.8
		return r
	}
	identity, expires := word.Cue(0), false
	for _, c := range s.bornCues(text, t, found.Next) {
		if c.bits&word.Birth != 0 {
			if c.crossed && s.lastType == BirthDate || c.dist > 9 && c.place == before || found.Never && (c.place != before || c.dist > 4) {
				continue
			}
			if s.steps += 60; date.Other(text, start, found.End, lo, hi) {
				return reading{}
			}
			r.why.cue, r.why.dist, r.why.place = s.dict.Entry(c.ID).Text, c.dist, c.place
			return r
		}
		if c.bits&(word.Order|word.Money|word.Expiry) != 0 && c.place == before && c.dist <= 4 && s.dict.Entry(c.ID).Text != "akta" {
			expires = true
			break
		}
		if c.place != question && c.bits&word.Document == 0 {
			identity |= c.bits
		}
	}
	adult := found.Year >= 1920 && found.Year <= 2016
	if s.steps += 90; expires || found.Spaced || date.Other(text, start, found.End, lo, hi) {
		return reading{}
	}
	r.conf = 0.8
	if date.Lettered(text, start, lo) || date.Weekday(text, start, lo) && found.Year < 2022 {
		return r
	}
	if field, document := date.Field(text, start, found.End, lo, hi); adult && !found.Never && (document || date.Row(text, start, found.End, lo, hi) || field && identity&(word.NIK|word.Family|word.Passport|word.Mother|word.Verify|word.Health|word.Work|word.Insurance) != 0) {
		r.conf = 0.72
		return r
	}
	return reading{}
}

// saidDate reads a date of birth that is said or half said, around the month or the word "bulan" at token t. It returns where it
// ends, or 0.
func (s *Scanner) saidDate(text []byte, t int) int {
	first, last := s.said.Date(text, t)
	if first < 0 {
		return 0
	}
	year := s.list.Tokens[last-1].Kind == token.Number || s.dict.Part(s.list.Tokens[last-1].ID) != word.Month
	if start := int(s.list.Tokens[first].Start); !year && s.bornEnd > 0 && s.bornEnd < start && start-s.bornEnd < 24 {
		return 0 // 05/12/1990 (5 December)
	}
	for _, c := range s.bornCues(text, first, last) {
		if c.bits&(word.Expiry|word.Order) != 0 && c.place == before && c.dist <= 4 {
			break
		}
		if from, to := int(s.list.Tokens[first].Start), int(s.list.Tokens[last-1].End); !year && date.Other(text, from, to, max(0, from-80), min(len(text), to+40)) {
			break
		}
		if c.bits&word.Birth != 0 && !c.crossed && (year || c.place == before && c.dist <= 5) {
			end := int(s.list.Tokens[last-1].End)
			s.add(reading{BirthDate, 0.9, why{facts: fSpoken, cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, int(s.list.Tokens[first].Start), end)
			return end
		}
	}
	return 0
}

// bornSaid notes the date of the tokens when a word for a birth is near.
func (s *Scanner) bornSaid(text []byte, first, last int) {
	for _, c := range s.bornCues(text, first, last) {
		if c.bits&word.Birth != 0 && !c.crossed && c.dist <= 6 {
			s.add(reading{BirthDate, 0.9, why{facts: fSpoken, cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, int(s.list.Tokens[first].Start), int(s.list.Tokens[last-1].End))
			return
		}
	}
}

// bornCues are the cues for a date; "ulang tahun" is one in two words.
func (s *Scanner) bornCues(text []byte, first, last int) []cue {
	list := s.cuesFor(text, first, last, s.lineAt)
	tokens := s.list.Tokens
	e := int(tokens[first].Start)
	for e > 0 && (text[e-1] == ' ' || text[e-1] == ':' || text[e-1] == '.') {
		e--
	}
	if e >= 5 && len(list) < maxCues && (token.EqualFold(text[e-5:e], "d.o.b") || token.EqualFold(text[e-5:e], "t.t.l")) {
		return append(list, cue{word.Birth, 0, 1, before, false})
	}
	for t := first - 1; t >= 0 && t >= first-6 && tokens[t].Kind == token.Word && tokens[first].Ord-tokens[t].Ord <= 8 && len(list) < maxCues; t-- {
		if b := int(tokens[t].Start); s.dict.Entry(tokens[t].ID).Text == "tahun" && b >= 6 && token.EqualFold(text[b-6:b], "ulang ") {
			return append(list, cue{word.Birth, tokens[t].ID, int8(tokens[first].Ord - tokens[t].Ord), before, false})
		}
	}
	return list
}

// gluedDate reads a date of birth in one piece at token t: 12mei1990.
func (s *Scanner) gluedDate(text []byte, t int) {
	tok := &s.list.Tokens[t]
	if !s.said.GluedDate(text, int(tok.Start), int(tok.End)) {
		return
	}
	for _, c := range s.bornCues(text, t, t+1) {
		if c.bits&word.Birth != 0 && !c.crossed {
			s.add(reading{BirthDate, 0.9, why{facts: fDate, cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, int(tok.Start), int(tok.End))
			return
		}
	}
}

// name reads a name after p.
func (s *Scanner) name(text []byte, p, limit int) (start, end int, sure bool) {
	start, end, sure, cost := s.kin.Name(text, p, limit)
	if s.steps += cost; end > 0 && !s.kin.Plausible(text, start, end, limit, sure) {
		return 0, 0, true
	}
	return start, end, sure
}

// mother notes the name of a mother, and where it is said again, perhaps spelled otherwise.
func (s *Scanner) mother(text []byte, r reading, start, end int) {
	r.typ = MotherName
	s.add(r, start, end)
	for range 2 {
		from, to, cost := s.kin.Again(text, start, end, len(text))
		if s.steps += cost; to == 0 {
			return
		}
		r.conf = min(r.conf, 0.8)
		s.add(r, from, to)
		start, end = from, to
	}
}

// motherly reads the name that a word for a mother at token t leads to.
func (s *Scanner) motherly(text []byte, t int, cues word.Cue) {
	n := len(s.found)
	given := cues&(word.Mother|word.Maiden) != 0
	if given {
		given = s.motherName(text, t)
	} else {
		given = s.answeredMother(text, t)
	}
	if !given && cues&word.Parent == 0 {
		return // saudara kandung
	}
	if len(s.found) == n {
		s.motherAside(text, t, given)
	}
	if len(s.found) == n {
		return
	}
	if f := s.found[len(s.found)-1]; f.Type == MotherName && f.End < int(s.list.Lines[s.lineAt].End) && f.Start > int(s.list.Tokens[t].Start) {
		var room [2]kin.Place
		found, cost := s.kin.Around(room[:0], text, f.End, f.End, f.End, min(f.End+90, int(s.list.Lines[s.lineAt].End)))
		s.steps += cost
		for _, at := range found {
			if text[at.Start-1] == '"' == (text[f.Start-1] == '"') && kin.Corrected(text, f.End, at.Start) {
				s.add(reading{MotherName, 0.75, f.why}, at.Start, at.End)
			}
		}
	}
}

// motherName reads the name after "ibu kandung" or "mother's maiden name" at token t, or in the answer on the next line.
func (s *Scanner) motherName(text []byte, t int) bool {
	e := s.dict.Entry(s.list.Tokens[t].ID)
	p := int(s.list.Tokens[t].End)
	if e.Cues&word.Mother != 0 {
		if e.Cues&word.Maiden == 0 && (t == 0 || s.list.Tokens[t-1].Kind != token.Word || s.list.Tokens[t-1].Ord != s.list.Tokens[t].Ord-1 || s.dict.Cues(s.list.Tokens[t-1].ID)&word.Parent == 0) {
			return false
		}
		if e.Text == "melahirkan" && (!token.Among(text, int(s.list.Tokens[t].Start), 1, "yang", "yg", "sing", "ingkang") || !kin.Bearer(text[max(0, int(s.list.Tokens[t].Start)-60):min(len(text), p+30)])) {
			return false
		}
	} else if p = s.kin.Near(s.list.Tokens, t); p == 0 {
		return false
	}
	if s.under(text, t, MotherName) {
		return true
	}
	if start, end, sure := s.name(text, p, int(s.list.Lines[s.lineAt].End)); end > 0 {
		conf := float32(0.75)
		if sure {
			conf = 0.92
		}
		s.mother(text, reading{MotherName, conf, why{cue: e.Text, dist: 1, place: before}}, start, end)
		if next, lines := s.lineAt+1, s.list.Lines; next < len(lines) && text[lines[s.lineAt].End-1] == '?' {
			if q := s.list.Said(s.dict, text, next); kin.Denies(text, q, int(lines[next].End)) {
				s.motherAnswer(text, e.Text)
			}
		}
	} else if !sure { // the line does not go on with something that is no name
		s.motherAnswer(text, e.Text)
	}
	return true
}

// motherAnswer reads the name in the answer to a question on this line, in one of the next lines of somebody else.
func (s *Scanner) motherAnswer(text []byte, asked string) {
	q := &s.list.Lines[s.lineAt]
	several := kin.Several(text[max(q.Start, q.End-200):q.End])
	s.steps += 200
	asker := text[s.list.Lines[s.lineAt].Start:s.list.Said(s.dict, text, s.lineAt)]
	for l := s.lineAt + 1; l < len(s.list.Lines) && l <= s.lineAt+4; l++ {
		answer := &s.list.Lines[l]
		if answer.End == answer.Start {
			continue
		}
		p := s.list.Said(s.dict, text, l)
		if label := text[answer.Start:p]; len(label) > 0 && bytes.Equal(asker, label) {
			continue
		}
		if e := int(answer.Start) + len(asked); e < int(answer.End) && text[e] == ':' && token.EqualFold(text[answer.Start:e], asked) {
			return // nama Ibu? Who answers is called so, and gives her own
		}
		start, end, _ := s.name(text, p, int(answer.End))
		whole := end > 0 && kin.Short(text, end, int(answer.End))
		if !whole && end > 0 && several {
			end = 0
		} else if !whole && (end == 0 || s.motherOn(l) || !kin.Whole(text, p, start, end, int(answer.End))) {
			if start, end = s.corrected(text, p, int(answer.End)); end > 0 && !kin.Bounded(text, end, int(answer.End)) {
				end = 0
			}
		}
		if end > 0 {
			s.mother(text, reading{MotherName, 0.8, why{cue: asked, dist: 1, place: question}}, start, end)
			return
		}
		if !kin.Short(text, p, int(answer.End)) {
			return
		}
	}
}

// motherOn reports whether a line has a word for a mother: then her name stands beside that.
func (s *Scanner) motherOn(line int) bool {
	for t := int(s.list.Lines[line].From); t < int(s.list.Lines[line].To); t++ {
		if tok := &s.list.Tokens[t]; tok.Kind == token.Word && tok.Flags&token.Hidden == 0 && s.dict.Cues(tok.ID)&word.Parent != 0 {
			return true
		}
	}
	return false
}

// corrected reads a name in an answer that does not begin with it: bukan, Lasmini.
func (s *Scanner) corrected(text []byte, p, limit int) (start, end int) {
	var room [1]kin.Place
	found, cost := s.kin.Around(room[:0], text, p, p, p, limit)
	if s.steps += cost; len(found) == 0 {
		return 0, 0
	}
	return found[0].Start, found[0].End
}

// motherAside reads a name that stands apart from the words for a mother at token t. Given says that they ask for her name.
func (s *Scanner) motherAside(text []byte, t int, given bool) {
	tok, l := &s.list.Tokens[t], &s.list.Lines[s.lineAt]
	lo, hi := max(int(l.Start), int(tok.Start)-160), min(int(l.End), int(tok.End)+160)
	r := reading{MotherName, 0.75, why{cue: s.dict.Entry(tok.ID).Text, dist: 1, place: before}}
	if given {
		var room [3]kin.Place
		found, cost := s.kin.Around(room[:0], text, s.phrase(t), int(tok.End), lo, hi)
		s.steps += cost
		for _, at := range found {
			s.add(r, at.Start, at.End)
		}
		return
	}
	if int(tok.End) < hi && text[tok.End] == '?' && kin.Short(text, max(lo, s.list.Said(s.dict, text, s.lineAt)), int(tok.Start)) {
		s.motherAnswer(text, r.why.cue) // ibunya?
		return
	}
	if kin.Asks(text, int(tok.End), hi) {
		s.motherAnswer(text, r.why.cue)
		return
	}
	paired := kin.Paired(text, lo, hi)
	m := s.kin.Own(text, int(tok.End), hi, paired, r.why.cue != "ibu" && r.why.cue != "mother" && r.why.cue != "melahirkan")
	m.Owned = m.Owned || token.Among(text, int(tok.Start), 1, "pu", "pung", "pe", "punya")
	s.steps += 60 + 2*(hi-lo)
	near := text[max(lo-80, 0):hi]
	switch {
	case token.Among(text, int(tok.Start), 2, "an", "nama", "nomor", "nomer", "no", "rekening", "rek", "hp", "wa", "akun", "polis", "kartu", "alamat") && !m.Named():
		return // the holder of an account
	case m.End == 0 && s.motherAsked(text, t):
		var room [1]kin.Place
		found, cost := s.kin.Around(room[:0], text, int(tok.Start), int(tok.End), lo, hi)
		if s.steps += cost; len(found) == 0 {
			return
		}
		m.Place = found[0]
	case m.End == 0:
		if m.Place, _ = s.kin.Before(text, int(tok.Start), lo); m.End == 0 || int(tok.End) >= len(text) || text[tok.End] != ')' || !kin.Answers(text[lo:hi]) {
			return // suparmi (mama)
		}
	case int(tok.Start) == int(l.Start) && text[tok.End] == ':' && (m.End < hi && !kin.Fathered(text[m.End:hi]) || !kin.Checked(text[max(0, lo-80):min(len(text), hi+80)])):
		return // who speaks
	case m.Named(), kin.Child(text, int(tok.Start), lo), kin.Set(text, int(tok.Start), m.End, lo, hi):
	case (m.Owned || m.Called) && (kin.Answers(near) || m.Own && kin.Bounded(text, m.End, hi) && kin.Filed(near)):
	case m.Owned && m.Own && token.Among(text, int(tok.Start), 1, "pu", "pung", "pe") && kin.Bounded(text, m.End, hi): // dong pu mama
	case paired && r.why.cue != "ibu" && kin.Filed(near), kin.Parents(text, int(tok.Start), lo, hi):
	default:
		return // ibu Rohana, who is spoken to
	}
	s.mother(text, r, m.Start, m.End)
}

// motherAsked reports whether the turn before asked for a mother's name.
func (s *Scanner) motherAsked(text []byte, t int) bool {
	s.near = s.near[:0]
	return spoken(s.farCues(text, t, s.lineAt), word.Mother|word.Maiden)
}

// phrase is where the words for a mother begin that end with token t: nama ibu kandung.
func (s *Scanner) phrase(t int) int {
	for t > 0 && s.list.Tokens[t-1].Kind == token.Word && s.list.Tokens[t-1].Ord == s.list.Tokens[t].Ord-1 && s.dict.Cues(s.list.Tokens[t-1].ID)&word.Parent != 0 {
		t--
	}
	return int(s.list.Tokens[t].Start)
}

// answeredMother reads "nama ibu: Sulastri" in a form, "mother's name is Halimah", and "ibu saya Sulastri" in the answer to a question
// for the mother's name. Token t is "ibu".
func (s *Scanner) answeredMother(text []byte, t int) (given bool) {
	e := int(s.list.Tokens[t].End)
	limit := int(s.list.Lines[s.lineAt].End)
	p := e
	for p < limit && text[p] == ' ' {
		p++
	}
	q, lo := int(s.list.Tokens[t].Start), int(s.list.Lines[s.lineAt].Start)
	form := kin.Form(text, q, lo)
	if n := kin.OwnName(text, e, limit); n > 0 {
		if start, end, sure := s.name(text, n, limit); end > 0 && sure {
			s.mother(text, reading{MotherName, 0.8, why{facts: fFormat}}, start, end)
		} else if text[limit-1] == '?' || kin.Please(text[lo:limit]) {
			s.motherAnswer(text, s.dict.Entry(s.list.Tokens[t].ID).Text)
		}
		return true
	}
	if start, end, _ := s.name(text, e, limit); end > 0 && (form && (token.IsUpper(text[start]) || kin.Short(text, start, end)) || kin.Listed(text, q, e, start, end, lo, limit) && s.identified(text, t)) {
		s.mother(text, reading{MotherName, 0.8, why{facts: fFormat}}, start, end)
		return true
	}
	if form && s.under(text, t, MotherName) {
		return true
	}
	if form && (text[limit-1] == '?' || e == limit) {
		s.motherAnswer(text, s.dict.Entry(s.list.Tokens[t].ID).Text)
		return true
	}
	if w := token.WordEnd(text, p); form || w == p || !kin.Whose(s.dict.Entry(s.dict.Find(text, p, w)).Text) {
		return form
	}
	s.near = s.near[:0]
	for _, c := range s.farCues(text, t, s.lineAt) {
		if c.bits&word.Mother != 0 {
			if start, end, _ := s.name(text, p, limit); end > 0 {
				s.mother(text, reading{MotherName, 0.85, why{cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, start, end)
			}
			return true
		}
	}
	return false
}

// identified reports whether the words around token t speak of what identifies somebody.
func (s *Scanner) identified(text []byte, t int) bool {
	return spoken(s.nearCues(text, t, t+1, s.lineAt), word.NIK|word.Family|word.Birth|word.Health|word.Work|word.Insurance|word.Licence)
}

// under adds what stands in a table under the head at token t. It reports whether that is one.
func (s *Scanner) under(text []byte, t int, typ Type) bool {
	var room [12]table.Cell
	cells, looked := table.Under(room[:0], &s.list, text, int(s.list.Tokens[t].Start), s.lineAt)
	s.steps += looked
	for _, c := range cells {
		if c.End-c.Start < 3 || c.End-c.Start > 40 || typ == MotherName && !kin.Short(text, c.Start, c.End) {
			continue
		}
		s.add(reading{typ, 0.85, why{cue: s.dict.Entry(s.list.Tokens[t].ID).Text, dist: 1, place: header}}, c.Start, c.End)
	}
	return len(cells) > 0
}

// password reads the secrets that the word at token t leads to.
func (s *Scanner) password(text []byte, t int) {
	if token.Among(text, int(s.list.Tokens[t].Start), 1, "by", "boarding", "season") || s.under(text, t, Password) {
		return
	}
	if s.copied != nil {
		at := int(s.list.Tokens[t].End)
		if from, to := s.copied.Run(at, min(at+80, int(s.list.Lines[s.lineAt].End))); to > 0 {
			s.add(reading{Password, 0.85, why{cue: s.dict.Entry(s.list.Tokens[t].ID).Text, dist: 1, place: before}}, from, to)
			return
		}
	}
	var room [secret.Most]secret.Found
	found, cost := s.secrets.Read(room[:0], text, t, s.lineAt)
	s.steps += cost
	for _, f := range found {
		r := reading{Password, 0.9, why{cue: s.dict.Entry(s.list.Tokens[t].ID).Text, dist: 1, place: before}}
		if f.Weak {
			r.conf = 0.7
		}
		if f.Said {
			r.why.facts, r.conf = fSpoken, 0.8
		}
		s.add(r, f.Start, f.End)
	}
}

// address reads an address that begins at token t. It returns where it has read to.
func (s *Scanner) address(text []byte, t int) int {
	begin := int(s.list.Tokens[t].Start)
	a, next := s.places.Read(text, begin, int(s.list.Tokens[t].End), int(s.list.Lines[s.lineAt].Start))
	s.steps += next - begin
	if !s.settle(text, t, &a) && token.EqualFold(text[begin:s.list.Tokens[t].End], "br") {
		return begin // Junita br. Sirait, a daughter of the Sirait
	}
	return next
}

// bare reads an address whose name no word announces, by its house number, of which token t is a part. It returns where it has read to.
func (s *Scanner) bare(text []byte, t int) int {
	if !s.named(text, t) {
		return 0
	}
	a, next := s.places.Bare(text, int(s.list.Tokens[t].Start), int(s.list.Lines[s.lineAt].Start))
	s.steps += next - int(s.list.Tokens[t].Start) + 8
	if a.End > 0 && s.settle(text, t, &a) {
		return next
	}
	return 0
}

// named reports whether a name may stand right before token t, which most numbers have none of: a look before reading.
func (s *Scanner) named(text []byte, t int) bool {
	q := int(s.list.Tokens[t].Start) - 1
	if q < 1 || text[q] != ' ' || text[q-1] < 'a' || text[q-1] > 'z' {
		return true
	}
	b := q - 1
	for b > 0 && q-b < 20 && (token.IsAlnum(text[b-1]) || text[b-1] == '\'') {
		b--
	}
	if text[b] < 'a' || text[b] > 'z' || t == 0 {
		return text[b] < 'a' || text[b] > 'z'
	}
	said := &s.list.Tokens[t-1] // Timur empat nomor dua belas
	return int(said.End) == q && piece.SpokenPart(s.dict.Part(said.ID))
}

// settle adds the address that was read at token t, unless it is a place that is only spoken of. It reports whether it did.
func (s *Scanner) settle(text []byte, t int, a *address.Found) bool {
	if a.End == 0 {
		return false
	}
	r := reading{Address, a.Confidence(), why{digits: uint8(a.Parts), facts: fFormat}}
	if a.Placed {
		r.why.facts |= fRegency
	}
	if s.near = s.fore(text, t, s.lineAt, 11); a.Bare { // else what stands behind says nothing
		s.near = s.behind(s.near, text, t+1)
	}
	if a.Admin || a.Bare || !a.Firm {
		s.farCues(text, t, s.lineAt) // what is far is looked at only where it decides
	}
	for _, c := range s.near {
		if c.bits&word.Home != 0 && (c.place != after || a.Bare) {
			r.conf = max(r.conf, 0.93)
			r.why.cue, r.why.dist, r.why.place = s.dict.Entry(c.ID).Text, c.dist, c.place
			break
		}
	}
	if (a.Admin || a.Bare) && r.why.cue == "" {
		return false // a place that is spoken of, and nobody's address
	}
	s.add(r, a.Start, a.End)
	return true
}

// street reads an English address whose road ends with the word at token t.
func (s *Scanner) street(text []byte, t int) {
	start, end := s.places.Street(text, int(s.list.Tokens[t].Start), int(s.list.Tokens[t].End))
	s.steps += 8
	if end > 0 {
		s.add(reading{Address, 0.8, why{digits: 2, facts: fFormat}}, start, end)
	}
}

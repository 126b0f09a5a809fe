package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/code"
	"github.com/amanah-id/amanah/pii/internal/piece"
	"github.com/amanah-id/amanah/pii/internal/said"
	"github.com/amanah-id/amanah/pii/internal/secret"
	"github.com/amanah-id/amanah/pii/internal/sign"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// fact is something that was seen about a finding.
type fact uint32

const (
	fDistrict fact = 1 << iota // the six digits in front were a district's
	fRegency                   // at least the first four were a regency's
	fDate                      // the date in it exists
	fFemale
	fLuhn
	fScheme
	fOperator
	fArea
	fCountry
	fFormat // written as such numbers are printed
	fSpoken
	fAlike
	fReversed
	fLines // over several lines
	fBoth  // a NIK that passes as a card: mask it as a card
	fLength
	fCheck // a check sum other than Luhn
	fPlain // found in the normalised copy
	fSwapped
)

// place tells where a cue stands.
type place uint8

const (
	nowhere place = iota
	before
	after
	question // in the turn before
	header   // at the head of the column
)

// cue is a word near a number that speaks of something.
type cue struct {
	bits    word.Cue
	ID      uint16
	dist    int8
	place   place
	crossed bool // another number stands between
}

// why is what a reason is written from, when somebody asks.
type why struct {
	cue    string
	code   int32 // district or prefix
	facts  fact
	digits uint8
	dist   int8
	place  place
	echo   uint16 // how much of the end is a read-back
}

// reading is one way to understand a number.
type reading struct {
	typ  Type
	conf float32
	why  why
}

// shape is what the digits alone allow.
type shape struct {
	types     uint64
	facts     fact
	scheme    check.Scheme
	code      int32
	female    bool
	plus      bool
	formatted bool // hyphens or brackets as telephone numbers have them
	national  []byte
}

func bit(t Type) uint64 { return 1 << t }

const maxCues = 14

// noted adds a cue, which is filled in where it stands, as a token is.
func noted(list []cue, bits word.Cue, id uint16, dist int8, at place, crossed bool) []cue {
	list = append(list, cue{})
	c := &list[len(list)-1]
	c.bits, c.ID, c.dist, c.place, c.crossed = bits, id, dist, at, crossed
	return list
}

// cuesFor lists the cues for the tokens: those near them, and those of their column and of the turn before.
func (s *Scanner) cuesFor(text []byte, t0, t1 int, line int) []cue {
	s.nearCues(text, t0, t1, line)
	return s.farCues(text, t0, line)
}

// nearCues lists the cues on the line, the nearest first: those before, then those after.
func (s *Scanner) nearCues(text []byte, t0, t1, line int) []cue {
	return s.within(text, t0, t1, line, 11)
}

// within lists the cues on the line, of those before only the ones that are so many words away at most.
func (s *Scanner) within(text []byte, t0, t1, line int, reach int32) []cue {
	s.near = s.behind(s.fore(text, t0, line, reach), text, t1)
	return s.near
}

// fore lists the cues on the line before token t0.
func (s *Scanner) fore(text []byte, t0, line int, reach int32) []cue {
	list, tokens := s.near[:0], s.list.Tokens
	l := &s.list.Lines[line]
	ord := tokens[t0].Ord
	crossed, t := 0, t0-1
	for from := max(int(l.From), t0-40); t >= from && len(list) < maxCues && crossed <= 2; t-- {
		tok := &tokens[t]
		if tok.Flags&token.Hidden != 0 || ord-tok.Ord > reach {
			break
		}
		switch size := tok.End - tok.Start; tok.Kind {
		case token.Word:
			if bits := s.dict.Cues(tok.ID); bits&word.Interesting != 0 && !s.list.Void(s.dict, text, t, bits) {
				list = noted(list, bits, tok.ID, int8(ord-tok.Ord), before, crossed > 0)
			}
		case token.Number:
			if size > 4 {
				crossed++
			}
		case token.Mixed:
			if size > 8 {
				continue
			}
			id := s.dict.Find(text, int(tok.Start), token.WordEnd(text, int(tok.Start))) // NPWP16, hp2
			if bits := s.dict.Cues(id); bits&(word.Tax|word.NIK|word.Family|word.Phone|word.Account|word.CVV) != 0 {
				list = noted(list, bits, id, int8(ord-tok.Ord), before, crossed > 0)
			}
		}
	}
	s.steps += t0 - t
	return list
}

// behind adds the cues that stand behind a number, which ends before token t1.
func (s *Scanner) behind(list []cue, text []byte, t1 int) []cue {
	first, tokens := len(list), s.list.Tokens
	ord := tokens[t1-1].Ord
	for t, to := t1, min(len(tokens), t1+12); t < to && tokens[t].Kind != token.Break && tokens[t].Ord-ord <= 8; t++ {
		s.steps++
		tok := &tokens[t]
		if tok.Kind == token.Word {
			if t > t1 && piece.SpokenPart(s.dict.Part(tok.ID)) && t+1 < len(tokens) && piece.SpokenPart(s.dict.Part(tokens[t+1].ID)) && tokens[t+1].Kind == token.Word {
				return list[:first] // another number is said behind the word
			}
			if bits := s.dict.Cues(tok.ID); bits&word.Interesting != 0 && tok.Ord-ord <= 5 && len(list) < maxCues && !s.list.Void(s.dict, text, t, bits) {
				list = noted(list, bits, tok.ID, int8(tok.Ord-ord), after, false)
			}
			continue
		}
		if size := tok.End - tok.Start; tok.Kind == token.Number && (size > 2 || t > t1 && t+1 < len(tokens) && tokens[t+1].Kind == token.Number) || tok.Kind == token.Mixed && size > 6 {
			kept := list[:first] // what stands between two numbers speaks of the second, unless it is nearer to the first
			for _, c := range list[first:] {
				if c.bits&(word.Bank|word.Account|word.Family|word.Licence|word.Passport|word.Work|word.Health|word.OTP|word.Verify|word.Code) != 0 && c.dist <= 2 && int32(c.dist) < tok.Ord-ord-int32(c.dist) {
					kept = append(kept, c)
				}
			}
			return kept
		}
	}
	return list
}

// farCues adds the cue at the head of the column, and those of the turn before.
func (s *Scanner) farCues(text []byte, t0, line int) []cue {
	list := s.near
	if bits, id := s.heads.Column(s.dict, &s.list, text, int(s.list.Tokens[t0].Start), line); bits != 0 && len(list) < maxCues {
		list = append(list, cue{bits, id, 1, header, false})
	}
	turns := 0
	if s.listLine == line {
		line = s.listHead + 1 // what is above the list
	}
	for back := line - 1; back >= 0 && back >= line-4 && turns < 2; back-- {
		q := &s.list.Lines[back]
		if q.To == q.From {
			continue
		}
		if q.Numbered {
			turns = 2 // that turn spoke of a number of its own
			break
		}
		turns++
		at, warns := len(list), false
		for t, looked := int(q.To)-1, 0; t >= int(q.From) && looked < 24 && len(list) < maxCues; t, looked = t-1, looked+1 {
			s.steps++
			tok := &s.list.Tokens[t]
			if tok.Kind == token.Word && tok.Flags&token.Hidden == 0 {
				bits := s.dict.Cues(tok.ID)
				warns = warns || bits&word.Never != 0
				if bits&word.Interesting != 0 && !s.list.Void(s.dict, text, t, bits) {
					list = append(list, cue{bits, tok.ID, int8(turns), question, false})
				}
			}
		}
		if warns { // what a line says is never asked for is no question
			for k := at; k < len(list); k++ {
				list[k].bits &^= word.PIN | word.OTP | word.CVV
			}
		}
	}
	if turns < 2 {
		for _, c := range s.asked {
			if len(list) < maxCues {
				list = append(list, c)
			}
		}
	}
	s.near = list
	return list
}

// ahead looks for the bank that is named in the two turns after the number that ends with atom j: itu BCA atau BNI? It leaves it in near.
func (s *Scanner) ahead(j int) bool {
	line := int(s.row.Atoms[j].Line)
	if j != len(s.row.Atoms)-1 || s.list.Lines[line].Label == 0 {
		return false
	}
	for l := line + 1; l < len(s.list.Lines) && l <= line+2; l++ {
		for t := int(s.list.Lines[l].From); t < int(s.list.Lines[l].To) && t < int(s.list.Lines[l].From)+16; t++ {
			s.steps++
			if tok := &s.list.Tokens[t]; tok.Kind == token.Word && s.dict.Cues(tok.ID)&word.Bank != 0 && s.dict.Entry(tok.ID).Text != "bank" {
				s.near = append(s.near[:0], cue{s.dict.Cues(tok.ID), tok.ID, 1, question, false})
				return true
			}
		}
	}
	return false
}

// acronym adds the cue whose letters are said one by one before a spoken number: k p j saya.
func (s *Scanner) acronym(text []byte, first *piece.Atom) {
	if s.letters.at != first.Start {
		var room [6]byte
		s.steps += 8
		w := said.Acronym(&room, text, int(first.Start), int(s.list.Lines[first.Line].Start))
		s.letters.at, s.letters.id = first.Start, s.dict.Find(w, 0, len(w))
	}
	if id := s.letters.id; id != 0 && len(s.near) < maxCues && s.dict.Cues(id)&word.Interesting != 0 {
		s.near = append(s.near, cue{s.dict.Cues(id), id, 2, before, false})
	}
}

// shapeOf looks at the digits alone.
func (s *Scanner) shapeOf(sh *shape, text []byte, i, j int, d []byte) {
	n := len(d)
	a := &s.row.Atoms[i]
	sh.plus = a.Start > 0 && text[a.Start-1] == '+' && (a.Start < 2 || !token.IsAlnum(text[a.Start-2]))
	if n == 16 {
		if r, ok := check.NIK(d, s.region); ok {
			sh.types |= bit(NIK)
			sh.code = int32(check.Number(d[:6]))
			sh.facts |= fDate
			if r.District {
				sh.facts |= fDistrict
			} else {
				sh.facts |= fRegency
			}
			if sh.female = r.Female; r.Female {
				sh.facts |= fFemale
			}
		}
	}
	if n == 15 && check.NPWP15(d) || check.NPWP16(d) {
		sh.types |= bit(TaxNumber)
	}
	if n == 22 && (check.NPWP16(d[:16]) || check.Issued(d[:16], s.region)) {
		sh.types |= bit(TaxPlace)
	}
	if n >= 12 && n <= 19 {
		if sh.scheme = check.Card(d); sh.scheme != check.NoScheme {
			sh.types |= bit(Card)
		}
	}
	if check.IMEI(d) {
		sh.types |= bit(IMEI)
	}
	s.phoneShape(text, i, j, d, sh)
}

// phoneShape fills in what kind of telephone number the digits can be.
func (s *Scanner) phoneShape(text []byte, i, j int, d []byte, sh *shape) {
	n := len(d)
	if n < 7 || n > 15 {
		return
	}
	rest := d
	switch {
	case n > 10 && d[0] == '6' && d[1] == '2':
		rest = d[2:]
		if rest[0] == '0' { // +62 (0)812
			rest = rest[1:]
		}
	case n > 12 && d[0] == '0' && d[1] == '0' && d[2] == '6' && d[3] == '2':
		rest = d[4:]
	case n > 10 && d[0] == '0' && d[1] == '0' && d[2] != '0' && !s.row.Atoms[i].Spoken && s.row.Atoms[i].To-s.row.Atoms[i].From >= 3 && j > i && check.Country(d[2:]) > 0:
		sh.types |= bit(Phone)
		sh.facts |= fCountry
		return
	case d[0] == '0':
		rest = d[1:]
	case d[0] == '8':
	default:
		rest = nil
	}
	bracket := s.row.Atoms[i].Start > 0 && text[s.row.Atoms[i].Start-1] == '(' && s.row.Atoms[i].End < int32(len(text)) && text[s.row.Atoms[i].End] == ')'
	if rest != nil {
		if check.Mobile(rest) != "" {
			sh.types |= bit(Phone)
			sh.facts |= fOperator
			sh.national = rest
			return
		}
		if d[0] != '8' && len(rest) >= 7 {
			if area := check.Area(rest); area > 0 && len(rest)-area >= 5 && rest[area] != '0' {
				sh.types |= bit(Phone)
				sh.facts |= fArea
				sh.national = rest
				first, hyphens := int(s.row.Atoms[i].To-s.row.Atoms[i].From), false
				for k := i + 1; k <= j; k++ {
					hyphens = hyphens || s.row.Atoms[k].Gap == piece.Hyphen || s.row.Atoms[k].Gap == piece.Several
				}
				sh.formatted = j > i && j-i <= 3 && (d[0] == '0' && first == area+1 && (hyphens || bracket || s.row.Atoms[i+1].Gap == piece.Space && (token.Numbered(text, int(s.row.Atoms[i].Start)) || bytes.HasPrefix(text[s.row.Atoms[j].End:], []byte(" ext"))))) || sh.plus
				return
			}
		}
	}
	if sh.plus && check.Country(d) > 0 && (d[0] != '6' || d[1] != '2') && (d[0] != '1' || n == 11 && d[1] >= '2' && d[4] >= '2') {
		sh.types |= bit(Phone)
		sh.facts |= fCountry
		sh.formatted = true
		return
	}
	if n == 10 && j-i == 2 && d[0] >= '2' && d[3] >= '2' && s.row.Atoms[i].To-s.row.Atoms[i].From == 3 && s.row.Atoms[i+1].To-s.row.Atoms[i+1].From == 3 && (bracket || s.row.Atoms[j].Gap == piece.Hyphen && s.row.Atoms[i+1].Gap == piece.Hyphen) {
		sh.types |= bit(Phone)
		sh.formatted = true
	}
}

// classify tells what the atoms i to j are, if anything, and fills in r.
func (s *Scanner) classify(r *reading, text []byte, i, j int) bool {
	first, last := &s.row.Atoms[i], &s.row.Atoms[j]
	d := s.row.Digits[first.From:last.To]
	n := len(d)
	s.steps += j - i + 1
	s.lineAt = int(first.Line)
	if n < 3 || n > piece.Longest {
		return false
	}
	var facts fact
	spokenWords, aliked := 0, false
	uniform, head := true, i+2 // the first gaps may differ: after 0812, after +62 (0)
	if first.To-first.From == 2 && first.Start > 0 && text[first.Start-1] == '+' {
		head++
	}
	for k := i; k <= j; k++ {
		a := &s.row.Atoms[k]
		if a.Spoken {
			if words := int(a.Next - a.First); words > 0 { // dua ratus empat belas
				spokenWords += words
			} else { // limalimalima
				spokenWords += int(a.To - a.From)
			}
		}
		aliked = aliked || a.Alike
		if k > head && a.Gap != s.row.Atoms[k-1].Gap {
			uniform = false
		}
		if k > i && a.Gap >= piece.Newline {
			facts |= fLines
		}
	}
	if aliked {
		facts |= fAlike
	}
	if spokenWords > 0 {
		facts |= fSpoken
		if spokenWords < 3 && n < 9 {
			return false
		}
	}
	if j > i+1 && s.row.Clock(i, j) || j > i && s.row.Paid(i, j) {
		return false
	}
	var sh shape
	if n >= 7 { // fewer digits have no shape of their own
		s.shapeOf(&sh, text, i, j, d)
	}
	whole := s.clean(i, j)
	contextual := whole && (!aliked || n >= 6) && n <= 16 && !token.InLink(text, int(first.Start)) && !token.Masked(text, int(first.Start), int(last.End))
	if sh.types == 0 && !contextual {
		return false
	}
	priced := s.row.Priced(text, i, j)
	if sh.types == 0 && priced && n < 10 {
		return false // an amount, whatever stands beside it
	}
	*r = reading{}
	r.why.facts, r.why.digits, r.why.code = facts|sh.facts, uint8(n), sh.code
	vetoed := priced
	looked, far := 0, false
	reach := int32(11)
	if first.Spoken && (i == 0 || first.Gap >= piece.Newline) {
		reach = 24 // who says a number takes his time
	}
	cues := s.within(text, int(first.First), int(last.Next), int(first.Line), reach)
	for {
		for ; looked < len(cues) && r.typ == 0; looked++ {
			cu := &cues[looked]
			if cu.bits&(word.Order|word.Money) != 0 && cu.bits&(word.Phone|word.Account|word.Card) == 0 && !(sh.types&bit(TaxNumber) != 0 && s.row.Printed(i, j, 2, 3, 3, 1, 3, 3)) {
				if cu.place == before && s.belongs(cues[looked+1:], cu, &sh) {
					continue
				}
				if cu.place == before && cu.dist <= 3 || cu.place == after && cu.bits&word.Money != 0 && cu.dist == 1 || cu.place == header {
					vetoed = true
					break
				}
				contextual = contextual && cu.place != before
				continue
			}
			if cu.bits&(word.Reverse|word.Back) != 0 && n >= 10 {
				if typ := s.reversed(d); typ != 0 && (cu.bits&word.Reverse != 0 || typ != Phone || token.Among(text, int(first.Start), 8, "baca", "dibaca", "bacanya", "read", "acak", "diacak", "dari")) {
					r.typ, r.conf = typ, 0.8
					r.why.facts = facts | fReversed
					r.why.cue, r.why.dist, r.why.place = s.dict.Entry(cu.ID).Text, cu.dist, cu.place
					return true
				}
			}
			if typ, conf, more := s.match(text, cu, cues, &sh, d, i, j, contextual && !priced && (!aliked || cu.place == before && cu.dist <= 3 && cu.bits&(word.Account|word.PIN|word.OTP) != 0)); typ != 0 {
				r.typ, r.conf = typ, conf
				r.why.facts |= more
				r.why.cue, r.why.dist, r.why.place = s.dict.Entry(cu.ID).Text, cu.dist, cu.place
			}
		}
		if r.typ == 0 && !vetoed && far && n >= 9 && s.ahead(j) {
			if typ, conf, more := s.match(text, &s.near[0], s.near, &sh, d, i, j, contextual && !priced); typ == Account {
				r.typ, r.conf = typ, conf
				r.why.facts |= more
				r.why.cue, r.why.dist, r.why.place = s.dict.Entry(s.near[0].ID).Text, 1, question
			}
		}
		if r.typ != 0 || vetoed || far {
			break
		}
		far = true // what is near tells nothing: letters, the column and the turn before may
		if i == 0 && (first.Spoken || said.Initial(text, int(first.Start), int(s.list.Lines[first.Line].Start))) {
			s.acronym(text, first)
		}
		cues = s.farCues(text, int(first.First), int(first.Line))
	}
	if r.typ == 0 {
		r.typ, r.conf = s.alone(text, &sh, d, i, j, vetoed)
		if r.typ == 0 {
			return false
		}
	}
	if r.typ == NIK && sh.scheme != check.NoScheme {
		r.why.facts |= fBoth
	}
	if r.typ == Card {
		r.why.facts |= fLuhn | fScheme
		r.why.facts &^= fDistrict | fRegency | fDate | fFemale | fOperator | fArea
	}
	if spokenWords > 0 && check.Counting(d) && r.typ != PIN && r.typ != OTP && r.typ != CVV {
		return false
	}
	if !uniform && spokenWords == 0 {
		r.conf -= 0.06
	}
	if j > i && r.typ == Phone && s.row.Complete(i, j) {
		r.conf -= 0.12
	}
	if j > i && r.typ == Phone && s.row.Begins(i, j) {
		r.conf -= 0.2 // the second begins anew
	}
	if aliked || facts&fLines != 0 && spokenWords == 0 {
		r.conf -= 0.05
	}
	return true
}

// belongs reports whether the word before the word for an order says that the number is no order's: PIN transaksi, HP pemesan.
func (s *Scanner) belongs(farther []cue, order *cue, sh *shape) bool {
	if len(farther) == 0 {
		return false
	}
	c := &farther[0]
	if c.bits&(word.Tax|word.NIK) != 0 && c.dist == order.dist+1 {
		return true // tax ID, national ID
	}
	return c.place == before && !c.crossed && c.dist <= order.dist+2 && (c.bits&(word.PIN|word.OTP|word.CVV|word.Verify) != 0 || c.bits&word.Phone != 0 && sh.facts&fOperator != 0)
}

// clean reports whether the atoms i to j are not a cut out of a longer row of the same make.
func (s *Scanner) clean(i, j int) bool {
	inner := piece.Apart
	if j > i {
		inner = s.row.Atoms[i+1].Gap
	}
	edge := func(k, neighbour int) bool {
		g := s.row.Atoms[k].Gap
		if g == piece.Several || g == piece.Pause || g >= piece.Newline {
			return true
		}
		size := s.row.Atoms[neighbour].To - s.row.Atoms[neighbour].From
		if inner == piece.Apart && g == piece.Single && s.row.Atoms[i].To-s.row.Atoms[i].From >= 10 {
			return true // a field between bars or slashes
		}
		if first, next := s.row.Atoms[i].From, s.row.Atoms[neighbour].From; neighbour > j && size >= 4 && s.row.Digits[first] == '0' && s.row.Digits[next] == '0' && s.row.Digits[next+1] == '8' && s.row.Digits[first+1] == '8' {
			return true // the next telephone number
		}
		return size >= 8 || inner != piece.Apart && g != inner || inner == piece.Apart && g == piece.Space
	}
	return (i == 0 || i == s.edge || s.row.Labelled(s.text, i-1) || edge(i, i-1)) && (j == len(s.row.Atoms)-1 || edge(j+1, j+1))
}

// reversed tries the digits from the end.
func (s *Scanner) reversed(d []byte) Type {
	var b [piece.Longest]byte
	n := len(d)
	for i, c := range d {
		b[n-1-i] = c
	}
	r := b[:n]
	if check.Issued(r, s.region) {
		return NIK
	}
	if sc := check.Card(r); sc != check.NoScheme && sc != check.Rare {
		return Card
	}
	if r[0] == '0' && check.Mobile(r[1:]) != "" || n > 10 && r[0] == '6' && r[1] == '2' && check.Mobile(r[2:]) != "" {
		return Phone
	}
	return 0
}

// match tells what the number is when the cue speaks of it.
func (s *Scanner) match(text []byte, c *cue, all []cue, sh *shape, d []byte, i, j int, contextual bool) (Type, float32, fact) {
	n := len(d)
	bits := c.bits
	has := func(t Type) bool { return sh.types&bit(t) != 0 }
	conf := func(base float32) float32 {
		if c.place == question || c.place == header {
			base -= 0.05
		}
		return base
	}
	switch {
	case bits&word.TaxPlace != 0 && has(TaxPlace):
		return TaxPlace, conf(0.97), fCheck
	case bits&word.Tax != 0 && has(TaxPlace) && sh.facts&fDistrict == 0:
		return TaxPlace, conf(0.9), fCheck
	case bits&word.Tax != 0 && (has(TaxNumber) || has(NIK) && n == 16) && s.clean(i, j):
		return TaxNumber, conf(0.98), 0
	case bits&word.Family != 0 && has(NIK) && !sh.female:
		return FamilyCard, conf(0.98), 0
	case bits&word.NIK != 0 && has(NIK) && s.taxed(text, c, all, i):
		return TaxNumber, conf(0.95), 0
	case bits&word.NIK != 0 && has(NIK):
		return NIK, conf(0.99), 0
	case bits&word.IMEI != 0 && has(IMEI):
		return IMEI, conf(0.97), fLuhn
	case bits&word.Card != 0 && has(Card):
		return Card, conf(0.98), 0
	case bits&(word.Account|word.Bank) != 0:
		if typ, f, more := s.account(c, all, sh, d, contextual, s.row.Atoms[i].Spoken); typ != 0 {
			return typ, conf(f), more
		}
	}
	if bits&word.Phone != 0 {
		if has(Phone) && (d[0] != '8' || sh.plus || !c.crossed && c.dist <= 5) {
			return Phone, conf(0.97), 0
		}
		if contextual && c.place == before && c.dist <= 3 && !c.crossed && n >= 7 && n <= 8 && d[0] >= '2' && bits&word.Ewallet == 0 && !token.Among(text, int(s.row.Atoms[i].Start), 4, "token", "kode", "otp") && !(n == 8 && check.Date(check.Number(d[:2]), check.Number(d[2:4]), check.Number(d[4:]))) {
			return Phone, 0.7, fLength
		}
	}
	if !contextual || c.crossed && s.lastType == 0 {
		return 0, 0, 0
	}
	if bits&word.Transfer != 0 && n >= 10 && n <= 16 && c.place == before && !c.crossed && sh.types&bit(Phone) == 0 && token.Among(text, int(s.row.Atoms[i].Start), 2, "ke", "dari", "to", "di", "tujuan") && !spoken(all, word.Order) {
		return Account, 0.75, 0
	}
	crossed := func(t Type) bool { return c.crossed && s.lastType != t }
	switch {
	case bits&(word.Health|word.Insurance) != 0 && bits&word.Document == 0 && n == 13 && !crossed(HealthInsurance):
		return HealthInsurance, conf(0.93), fLength
	case bits&word.Card != 0 && bits&word.Document != 0 && n == 13 && string(d[:3]) == "000" && d[3] != '0':
		return HealthInsurance, conf(0.75), fLength
	case bits&(word.Work|word.Insurance) != 0 && n == 11 && !crossed(WorkInsurance) && (bits&word.Work != 0 || d[0] != '0' || d[1] != '8'):
		return WorkInsurance, conf(0.9), fLength
	case bits&word.Licence != 0 && bits&word.Document == 0 && n >= 12 && n <= 16 && !crossed(DrivingLicence) && !(sh.facts&fOperator != 0 && d[0] != '8' && !(c.place == before && token.LicenceKind(text, int(s.row.Atoms[i].Start)))) && !(has(NIK) && spoken(all, word.NIK)):
		return DrivingLicence, conf(0.9), fLength
	case bits&word.Passport != 0 && (n >= 8 && n <= 9 || n == 7 && s.row.Atoms[i].Spoken && token.Spelt(text, int(s.row.Atoms[i].Start)) >= 0) && c.dist <= 6:
		return Passport, conf(0.75), fLength
	case bits&word.Birth != 0 && n >= 4 && n <= 8 && c.dist <= 6 && !(c.place == after && s.row.Atoms[j].End < int32(len(text)) && text[s.row.Atoms[j].End] == '.') && (j == i || s.row.Atoms[i].Spoken && s.row.Atoms[j].Spoken):
		if (n == 8 || n == 6) && check.BirthDigits(d) || j > i && s.row.Day(i, j) {
			return BirthDate, conf(0.9), fDate
		}
	case n <= 12 && (bits&(word.CVV|word.OTP|word.PIN|word.Verify|word.Password|word.Back|word.Code) != 0 || n <= 8 && bits&(word.Lock|word.Key) != 0 || n <= 4 && bits&word.Card != 0):
		return s.code(text, c, all, n, i, j)
	}
	return 0, 0, 0
}

// taxed reports whether a resident's number is said to be one for tax: NPWP pakai NIK, NPWP (NIK).
func (s *Scanner) taxed(text []byte, c *cue, all []cue, i int) bool {
	if c.place != before {
		return false
	}
	for k := range all {
		if o := &all[k]; o.bits&word.Tax != 0 && o.place == before && o.dist > c.dist && (o.dist <= c.dist+2 || o.dist == c.dist+3 && token.Among(text, int(s.row.Atoms[i].Start), 2, "pakai", "pake", "memakai")) {
			at := int(s.row.Atoms[i].Start)
			from := max(int(s.list.Lines[s.row.Atoms[i].Line].Start), at-48)
			return bytes.IndexByte(text[from:at], ',') < 0 && (o.dist >= c.dist+2 || bytes.IndexByte(text[from:at], '(') >= 0)
		}
	}
	return false
}

// code tells whether the number is a secret that the cue speaks of.
func (s *Scanner) code(text []byte, c *cue, all []cue, n, i, j int) (Type, float32, fact) {
	at := int(s.row.Atoms[i].Start)
	if secret := c.bits&(word.CVV|word.OTP|word.PIN|word.Password) != 0; n > 8 && !(secret && c.place == question) || !secret && c.place < question && s.weighedAt == [2]int{at, int(s.row.Atoms[j].End)} {
		return 0, 0, 0 // too long for a code, or weighed already
	}
	base := float32(0.92)
	if c.place == question || c.place == header {
		base -= 0.05
	}
	if end := int(s.row.Atoms[j].End); c.place == after && end < len(text) && (text[end] == ',' || text[end] == ';') && !code.Meant(text[end+1:]) || at > 0 && token.IsLetter(text[at-1]) && n > 6 || c.place == before && c.dist > 3 && token.SentenceEnds(text, at, int(c.dist)) && !token.Among(text, at, 1, "antara", "between") || s.list.Tokens[s.row.Atoms[i].First].Flags&token.Hidden != 0 || s.row.Slashed(i, j) || s.expires(all, c) || secret.Timed(text, at) || s.versioned(text, i, j) || s.row.Hour(i, j) && c.dist > 2 || c.crossed && c.place == before && c.dist > 4 && n < 6 {
		return 0, 0, 0
	}
	far := int8(8)
	if s.row.Atoms[i].Spoken {
		far = 20
	}
	switch bits := c.bits; {
	case bits&word.CVV != 0 && n >= 3 && n <= 4 && c.dist <= 8 && !(n == 4 && s.row.Foursome(i)):
		return CVV, base - 0.02, fLength
	case bits&word.OTP != 0 && n >= 4 && n <= 8 && (c.dist <= far || token.Among(text, at, 1, "is", "adalah")) && !token.Among(text, at, 1, "hubungi", "hub", "telepon", "telp", "call", "dial", "rc", "timeout", "retry", "port"):
		return OTP, base, fLength
	case bits&word.PIN != 0 && n >= 4 && n <= 8 && c.dist <= far && !token.Among(text, at, 8, "lokasi", "location", "harga", "seharga", "map", "maps", "bb", "bbm"):
		return PIN, base, fLength
	case bits&word.Password != 0 && c.place == question && n >= 4 && s.list.Said(s.dict, text, s.lineAt) == at: // the whole of the answer
		return Password, 0.8, fLength
	}
	return s.weighed(text, c, all, n, i, j)
}

// lettered reads a code of letters and digits that begins at token t: A7K-055. It returns where it ends, or 0.
func (s *Scanner) lettered(text []byte, t int) int {
	start := int(s.list.Tokens[t].Start)
	end, size := code.Piece(text, start, false)
	small := size == 0
	if small {
		if end, size = code.Piece(text, start, true); size == 0 {
			return 0
		}
	}
	number := code.Number{Start: start, End: end, Line: s.lineAt, Digits: size, Lettered: true}
	for _, c := range s.nearCues(text, t, t+1, s.lineAt) {
		if c.bits&(word.Order|word.Password|word.Version) != 0 && c.place == before && c.dist <= 3 {
			return 0
		}
		if c.bits&(word.OTP|word.Verify|word.Code|word.Key) == 0 || c.dist > 6 || small && (c.bits&word.OTP == 0 || c.place != before || c.dist > 3) {
			continue
		}
		r := reading{OTP, 0.93, why{facts: fFormat, digits: uint8(size), cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}
		if s.dict.Entry(c.ID).Text == "passcode" {
			r.typ = Password // of letters
		}
		if c.bits&word.OTP == 0 {
			kind, sure, cost := s.codes.Read(text, number)
			if s.steps += cost; kind != code.OTP {
				return 0
			}
			r.conf = min(0.92, 0.82+0.02*float32(sure))
		}
		s.add(r, start, end)
		return end
	}
	return 0
}

// siblings adds what is said to stand for a secret, or to have stood for it, beside the finding: dari 482913 jadi 913482.
func (s *Scanner) siblings(text []byte, f Finding) {
	l := &s.list.Lines[s.lineAt]
	if !s.row.Twin(f.Start, f.End) || f.Start < int(l.Start) || f.End > int(l.End) || f.End-f.Start > 8 && f.Type != Account {
		return
	}
	for _, before := range [...]bool{true, false} {
		from, to := code.Sibling(text, f.Start, f.End, int(l.Start), int(l.End), before)
		s.steps += 8
		if to > 0 {
			s.add(reading{f.Type, f.Confidence - 0.05, f.why}, from, to)
		}
	}
}

// weighed asks what the words around the number say together, once for each number.
func (s *Scanner) weighed(text []byte, c *cue, all []cue, n, i, j int) (Type, float32, fact) {
	if l := &s.list.Lines[s.lineAt]; c.place == question && !s.row.Atoms[i].Spoken && l.Label == 0 && l.End-l.Start > 64 && len(s.asked) == 0 {
		return 0, 0, 0 // a line of prose behind another is no answer
	}
	number := code.Number{Start: int(s.row.Atoms[i].Start), End: int(s.row.Atoms[j].End), Line: s.lineAt, Digits: n, Apart: j-i == n-1 && !s.row.Atoms[i].Spoken, Card: s.lastType == Card, Spoken: s.row.Atoms[i].Spoken}
	if n > 8 || c.bits&(word.Code|word.Verify|word.Back|word.OTP|word.Password) == 0 && (c.bits&word.Card == 0 || n != 3 && (n != 4 || s.dict.Entry(c.ID).Text != "amex")) && (c.bits&(word.Lock|word.Key) == 0 || n < 4) || s.weighedAt == [2]int{number.Start, number.End} && c.place != question && c.place != header {
		return 0, 0, 0
	}
	s.weighedAt = [2]int{number.Start, number.End}
	for k := range all {
		if all[k].place == question || all[k].place == header {
			number.Asked |= all[k].bits
		}
	}
	kind, sure, cost := s.codes.Read(text, number)
	s.steps += cost
	return kinds[kind], min(0.92, 0.8+0.02*float32(sure)), fLength
}

// kinds are the types of what a code is taken for.
var kinds = [...]Type{code.None: 0, code.PIN: PIN, code.OTP: OTP, code.CVV: CVV}

// versioned reports whether points part the digits as those of a version: 0.9.14.
func (s *Scanner) versioned(text []byte, i, j int) bool {
	if p := s.row.Atoms[i].Start; p > 0 && text[p-1]|0x20 == 'v' && (p == 1 || !token.IsLetter(text[p-2])) {
		return true
	}
	for k := i + 1; k <= j; k++ {
		if a, b := &s.row.Atoms[k-1], &s.row.Atoms[k]; b.Gap == piece.Point && a.To-a.From != b.To-b.From {
			return true
		}
	}
	return false
}

// expires reports whether a word for the end of something stands nearer than the cue.
func (s *Scanner) expires(all []cue, c *cue) bool {
	for k := range all {
		if all[k].bits&word.Expiry == 0 || all[k].place != before || c.place == before && all[k].dist >= c.dist || c.place == question || c.place == header || all[k].dist > 2 {
			continue
		}
		switch s.dict.Entry(all[k].ID).Text {
		case "exp", "expiry", "expired", "valid", "thru", "berlaku", "tempo":
			return true
		}
	}
	return false
}

// spoken reports whether one of the cues speaks of it.
func spoken(all []cue, bits word.Cue) bool {
	for i := range all {
		if all[i].bits&bits != 0 {
			return true
		}
	}
	return false
}

// account tells whether the number is an account's, by the cue and the lengths of the banks that are named.
func (s *Scanner) account(c *cue, all []cue, sh *shape, d []byte, contextual, told bool) (Type, float32, fact) {
	n := len(d)
	if !contextual || n < 8 || n > 16 || c.dist > 9 && !c.crossed || c.crossed && s.lastType != Account {
		return 0, 0, 0
	}
	var usual uint32
	said, named := c.bits&word.Account != 0, false
	for k := range all {
		if all[k].place != c.place && all[k].place > after {
			continue
		}
		if all[k].bits&word.Bank != 0 {
			named = true
			usual |= check.BankLengths(s.dict.Entry(all[k].ID).Text)
		}
		said = said || all[k].bits&word.Account != 0
		if all[k].bits&word.Money != 0 && all[k].place == before && all[k].dist == c.dist+1 {
			return 0, 0, 0 // the balance of an account
		}
		if all[k].bits&word.Order != 0 && all[k].place == before && all[k].dist == c.dist+1 && c.bits&word.Account == 0 {
			return 0, 0, 0 // nomor referensi bank
		}
		if w := s.dict.Entry(all[k].ID).Text; (w == "va" || w == "virtual" || w == "briva") && (all[k].place == before && all[k].dist <= c.dist+2 || all[k].place == after && all[k].dist < c.dist+2) {
			return 0, 0, 0 // a number made for one payment
		}
	}
	if !said && sh.scheme != check.NoScheme && sh.scheme != check.Rare && n == 16 && spoken(all, word.Card) {
		return 0, 0, 0 // the card of a bank
	}
	fits := usual>>n&1 != 0
	if sh.facts&fOperator != 0 && (d[0] == '0' || d[0] == '6') && !fits && !(n == 10 && c.bits&word.Account != 0 && c.place == before && c.dist == 1) {
		return 0, 0, 0 // a mobile number beside the name of a bank: whoever has the account answers it
	}
	switch {
	case said && fits:
		return Account, 0.97, fLength
	case said && (n >= 10 || named && n >= 9 || c.dist <= 3 || told && c.dist <= 6):
		return Account, 0.9, 0
	case named && fits:
		return Account, 0.88, fLength
	case named && usual == 0 && n >= 10:
		return Account, 0.8, 0
	}
	return 0, 0, 0
}

// alone tells what the number is when no word speaks of it.
func (s *Scanner) alone(text []byte, sh *shape, d []byte, i, j int, vetoed bool) (Type, float32) {
	n := len(d)
	if sh.facts&fDistrict != 0 && n == 16 {
		if !s.clean(i, j) {
			return 0, 0
		}
		if vetoed {
			return NIK, 0.6
		}
		return NIK, 0.93
	}
	if vetoed {
		return 0, 0
	}
	switch {
	case sh.types&bit(TaxNumber) != 0 && n == 15 && s.row.Printed(i, j, 2, 3, 3, 1, 3, 3):
		return TaxNumber, 0.95
	case sh.scheme != check.NoScheme && sh.scheme != check.Rare && n >= 14 && n <= 16 && s.regular(i, j):
		return Card, 0.9
	case sh.types&bit(Phone) != 0 && (sh.facts&fOperator != 0 && (d[0] == '0' || d[0] == '6') || sh.formatted) && s.clean(i, j) && s.row.Ordinary(text, i, j):
		if sh.facts&fOperator == 0 {
			return Phone, 0.75
		}
		return Phone, 0.86
	case s.row.Atoms[i].Spoken && i == 0 && j == len(s.row.Atoms)-1 && (sh.facts&fArea != 0 && d[0] == '0' && n > 8 || sh.facts&fOperator != 0 && token.Among(text, int(s.row.Atoms[i].Start), 6, "nomor", "nomer", "nomornya", "nomernya", "nomorku", "number")):
		return Phone, 0.7
	case n == 15 && s.row.Printed(i, j, 4, 2, 6, 2, 1):
		return Account, 0.8 // as BRI prints them
	case sh.types&bit(IMEI) != 0 && (d[0] == '3' && d[1] == '5' || d[0] == '8' && d[1] == '6') && s.clean(i, j) && sign.Beside(text, int(s.row.Atoms[i].Start), int(s.row.Atoms[j].End), sign.Devices):
		return IMEI, 0.75
	case n == 13 && string(d[:3]) == "000" && d[3] != '0' && (j == i || s.row.Atoms[i].Spoken && s.clean(i, j)):
		return HealthInsurance, 0.6
	case n >= 10 && n <= 16 && s.clean(i, j) && token.OnBehalf(text, int(s.row.Atoms[j].End)) && d[0] != '6':
		return Account, 0.75
	case n <= 8 && (n > 3 || s.lastType == Card) && !s.row.Atoms[i].Spoken && s.clean(i, j):
		return s.bareCode(text, n, i, j)
	}
	return 0, 0
}

// bareCode tells whether the number is a secret that no word speaks of.
func (s *Scanner) bareCode(text []byte, n, i, j int) (Type, float32) {
	kind, cost := s.codes.Bare(text, code.Number{Start: int(s.row.Atoms[i].Start), End: int(s.row.Atoms[j].End), Line: s.lineAt, Digits: n, Card: s.lastType == Card})
	s.steps += cost
	return kinds[kind], 0.8
}

// regular reports whether the digits of a card stand as people write them: in one piece, in fours, as on the card of
// American Express, or one by one.
func (s *Scanner) regular(i, j int) bool {
	if i == j {
		return true
	}
	if s.row.Atoms[i].Spoken || s.row.Atoms[j].Spoken {
		return true
	}
	if !s.clean(i, j) && !(i%4 == 0 && len(s.row.Atoms)%4 == 0 && s.row.Printed(i, j, 4, 4, 4, 4)) && !(i == 0 && s.row.Printed(i, j, 4, 4, 4, 4) && code.Expiry(s.text, int(s.row.Atoms[j].End)) > 0) { // a row of cards is as good as one
		return false
	}
	size := s.row.Atoms[i].To - s.row.Atoms[i].From
	if s.row.Printed(i, j, 4, 6, 5) || s.row.Printed(i, j, 4, 6, 4) {
		return true
	}
	for k := i; k < j; k++ {
		if s.row.Atoms[k].To-s.row.Atoms[k].From != size || s.row.Atoms[k+1].Gap >= piece.Newline && size > 2 {
			return false
		}
	}
	return true
}

package pii

import (
	"slices"

	"github.com/amanah-id/amanah/pii/internal/address"
	"github.com/amanah-id/amanah/pii/internal/code"
	"github.com/amanah-id/amanah/pii/internal/date"
	"github.com/amanah-id/amanah/pii/internal/kin"
	"github.com/amanah-id/amanah/pii/internal/piece"
	"github.com/amanah-id/amanah/pii/internal/region"
	"github.com/amanah-id/amanah/pii/internal/said"
	"github.com/amanah-id/amanah/pii/internal/secret"
	"github.com/amanah-id/amanah/pii/internal/shadow"
	"github.com/amanah-id/amanah/pii/internal/sign"
	"github.com/amanah-id/amanah/pii/internal/table"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// A long text is scanned in windows. Where a window ends depends on the text alone, so that a stream gives the same findings.
const (
	window = 64 << 10 // bytes of a window
	ahead  = 4 << 10  // how far a finding may reach past its window
	behind = 1 << 10  // how far back words are looked at
)

// Scanner finds personal data. It reuses its memory from text to text, so it serves one goroutine at a time.
type Scanner struct {
	dict    *word.Dictionary
	region  *region.Table
	places  address.Reader
	said    said.Reader
	secrets secret.Reader
	kin     kin.Reader
	codes   code.Reader
	dates   date.Reader
	wanted  uint64
	least   float32
	rules   []Rule

	text      []byte // what is being scanned, or its normalised copy
	list      token.List
	lineAt    int
	listLine  int // the last line that was of a list
	listHead  int // the line above its first
	row       piece.Row
	urlDone   int
	weighedAt [2]int // of the numbers: the last that the words around were weighed for
	edge      int    // of the atoms: where the last number ended
	told      piece.Told
	retells   bool // the number can be told in other ways
	near      []cue
	asked     []cue
	lastType  Type
	bornEnd   int        // where the last date of birth ends
	undated   date.Found // the last date that seemed to be nobody's birth
	found     []Finding
	kept      []Finding // of a number: what was found when it was told in another way
	heads     table.Heads
	plain     [2]shadow.Text
	copied    *shadow.Text // the copy that is scanned; nil when it is the text itself
	signs     said.Signs
	letters   struct { // what was said letter by letter before a number
		at int32
		id uint16
	}

	// steps counts what reading costs beyond the one pass over the bytes: words looked at for context, digits tried, bytes of
	// addresses and lines. A test holds it to a bound for each byte, whatever the text.
	steps int
}

// New makes a scanner.
func New(o Options) *Scanner {
	s := &Scanner{dict: word.New(), region: region.Load(), wanted: ^uint64(0), least: o.Least}
	s.places = address.Reader{Dict: s.dict, Table: s.region}
	s.said, s.secrets = said.Reader{Dict: s.dict, List: &s.list}, secret.Reader{Dict: s.dict, List: &s.list}
	s.kin, s.codes = kin.Reader{Dict: s.dict}, code.Reader{Dict: s.dict, List: &s.list}
	s.row = piece.Row{Dict: s.dict, List: &s.list, Said: s.said}
	s.dates = date.Reader{Dict: s.dict, List: &s.list}
	if o.Types != nil {
		s.wanted = 0
		for _, t := range o.Types {
			s.wanted |= bit(t)
		}
	}
	if s.least == 0 {
		s.least = 0.5
	}
	s.compile(o.Packs)
	return s
}

// Scan appends what it finds in the text to dst, in the order of the text and without overlaps.
func (s *Scanner) Scan(dst []Finding, text []byte) []Finding {
	s.asked = s.asked[:0]
	return s.scan(dst, text)
}

// ScanAfter scans a text that answers another, such as the agent's question before a customer's turn or the head of a column
// before its cell. Words of the question count as context; nothing is found in the question itself.
func (s *Scanner) ScanAfter(dst []Finding, asked, text []byte) []Finding {
	s.text = asked
	s.list.Read(s.dict, asked)
	s.asked = s.asked[:0]
	for t := len(s.list.Tokens) - 1; t >= 0 && len(s.asked) < maxCues; t-- {
		tok := &s.list.Tokens[t]
		if tok.Kind != token.Word {
			continue
		}
		if bits := s.dict.Cues(tok.ID); bits&word.Interesting != 0 && !s.list.Void(s.dict, asked, t, bits) {
			s.asked = append(s.asked, cue{bits, tok.ID, 1, question, false})
		}
	}
	return s.scan(dst, text)
}

func (s *Scanner) scan(dst []Finding, text []byte) []Finding {
	for from, last := 0, 0; ; {
		to := token.Cut(text, from, window, ahead)
		dst, last = s.step(dst, text, from, to, last)
		if to == len(text) {
			return dst
		}
		from = to
	}
}

// step scans the window [from, to) and appends what begins in it, at or after the end of the last finding before it.
func (s *Scanner) step(dst []Finding, text []byte, from, to, last int) ([]Finding, int) {
	lo := token.BackUp(text, from, behind)
	first := len(dst)
	dst = s.window(dst, text[lo:min(len(text), to+ahead)], from-lo, to-lo)
	kept := first
	for k := first; k < len(dst); k++ {
		f := &dst[k]
		f.Start, f.End = f.Start+lo, f.End+lo
		if f.Start < last {
			continue
		}
		if last = f.End; kept < k {
			dst[kept] = *f
		}
		kept++
	}
	return dst[:kept], last
}

// window scans one window and appends the findings that begin in [from, to).
func (s *Scanner) window(dst []Finding, text []byte, from, to int) []Finding {
	s.found, s.told.End = s.found[:0], -1
	s.text = text
	var copied *shadow.Text
	limit := to
	if s.list.Read(s.dict, text) {
		copied = &s.plain[0]
		copied.Make(text)
		s.text = copied.Bytes
		if s.list.Read(s.dict, s.text) {
			s.plain[1].Again(copied)
			copied = &s.plain[1]
			s.text = copied.Bytes
			s.list.Read(s.dict, s.text)
		}
	}
	if s.copied = copied; copied != nil {
		limit = len(s.text)
	}
	s.steps += s.list.Labels(s.dict, s.text)
	s.read(s.text, limit)
	s.custom(s.text)
	s.resolve()
	for k := range s.found {
		f := &s.found[k]
		if copied != nil {
			if from, to := copied.Around(f.Start, f.End); to > 0 && to-from <= 96 && s.lonely(k, from, to) {
				f.Start, f.End = from, to // nobody can take it out of what was encoded
			}
			start, end := copied.Span(f.Start, f.End)
			if end-start != f.End-f.Start {
				f.why.facts |= fPlain
			}
			f.Start, f.End = start, end
		}
		if f.Start >= from && f.Start < to && f.Confidence >= s.least && s.wanted&bit(f.Type) != 0 {
			dst = append(dst, *f)
		}
	}
	return dst
}

// lonely reports whether no other finding than number k lies in the part of the text.
func (s *Scanner) lonely(k, from, to int) bool {
	return (k == 0 || s.found[k-1].End <= from) && (k+1 == len(s.found) || s.found[k+1].Start >= to)
}

// add notes a finding of this window.
func (s *Scanner) add(r reading, start, end int) {
	s.found = append(s.found, Finding{})
	f := &s.found[len(s.found)-1] // filled in where it stands, as a token is
	f.Type, f.Start, f.End, f.Confidence, f.why = r.typ, start, end, r.conf, r.why
}

// resolve leaves of overlapping findings the strongest.
func (s *Scanner) resolve() {
	k := 1
	for k < len(s.found) && s.found[k].Start >= s.found[k-1].End {
		k++
	}
	if k >= len(s.found) {
		return // as nearly always
	}
	slices.SortFunc(s.found, byPlace)
	kept := s.found[:1]
	for _, f := range s.found[1:] {
		last := &kept[len(kept)-1]
		switch {
		case f.Start >= last.End:
			kept = append(kept, f)
		case stronger(&f, last):
			*last = f
		}
	}
	s.found = kept
}

func byPlace(a, b Finding) int {
	if a.Start != b.Start {
		return a.Start - b.Start
	}
	return b.End - a.End
}

// stronger reports whether a should stand where b does: a secret in whole before a piece of it, then evidence, then length.
func stronger(a, b *Finding) bool {
	if wa, wb := envelope(a.Type), envelope(b.Type); wa != wb {
		return wa
	}
	if a.Confidence != b.Confidence {
		return a.Confidence > b.Confidence
	}
	return a.End-a.Start > b.End-b.Start
}

// envelope reports whether findings of the kind have others inside that are no findings of their own.
func envelope(t Type) bool { return t == CredentialURL || t == PrivateKey || t == APIKey }

// acting are the cues of words that lead to something themselves, and are not only looked at from a number.
const acting = word.Birth | word.Mother | word.Maiden | word.Parent | word.Password | word.Key

// read goes over the tokens once, up to those that begin at the limit: what begins later is the next window's.
func (s *Scanner) read(text []byte, limit int) {
	s.lineAt, s.lastType = 0, 0
	s.heads.Reset()
	s.urlDone, s.letters.at, s.listLine = 0, -1, -1
	s.weighedAt, s.bornEnd, s.undated.End = [2]int{-1, -1}, -1, 0
	done := 0 // bytes before it are used up
	for t := 0; t < len(s.list.Tokens); {
		tok := &s.list.Tokens[t]
		if int(tok.Start) >= limit {
			return
		}
		if tok.Kind == token.Break {
			s.lineAt++
			s.lastType = 0
			s.listed(text)
			t++
			continue
		}
		if int(tok.Start) < done || tok.Flags&token.Hidden != 0 && !(tok.Kind == token.Number && tok.End-tok.Start >= 3) {
			t++
			continue
		}
		switch tok.Kind {
		case token.Number:
			if p := int(tok.Start); tok.End-tok.Start <= 4 && p > 4 && (text[p-1] == '/' || text[p-1] == ' ' && int(tok.End) < len(text) && (text[tok.End] == '/' || text[tok.End] == ',') && token.IsLetter(text[p-2]) || text[p-1] == '-' && token.IsUpper(text[p-2]) || text[p-1] == ' ' && text[p-2] == '/') {
				if end := s.bare(text, t); end > 0 {
					done = end
					t++
					continue
				}
			}
			t = s.number(text, t)
			continue
		case token.Word:
			cues, part := s.dict.Cues(tok.ID), s.dict.Part(tok.ID)
			if piece.OpensSpoken(part) && s.startsSpoken(t) {
				t = s.gatherAndJudge(text, t)
				continue
			}
			if part != word.NoPart {
				switch part {
				case word.Road, word.Estate, word.RT, word.Village, word.Subdistrict, word.Block:
					done = s.address(text, t)
				case word.House:
					done = max(done, s.bare(text, t))
				case word.Month:
					if u, ok := s.date(text, t); ok {
						t = u
						continue
					}
					done = max(done, s.saidDate(text, t))
				case word.Street:
					s.street(text, t)
				case word.Magnitude:
					switch s.dict.Entry(tok.ID).Text {
					case "bulan", "bln":
						done = max(done, s.saidDate(text, t))
					case "ribu", "seribu", "thousand":
						if first, last := s.said.Thousand(text, t); first >= 0 {
							s.bornSaid(text, first, last)
						}
					}
				case word.At, word.Provider:
					s.spokenEmail(text, t)
				}
			}
			if cues&acting == 0 {
				break // as nearly always
			}
			if l := &s.list.Lines[s.lineAt]; cues&word.Birth != 0 && l.End > l.Start && text[l.End-1] == '?' {
				if start, end := s.said.Turns(text, s.lineAt); end > 0 {
					s.add(reading{BirthDate, 0.95, why{facts: fSpoken | fLines, cue: s.dict.Entry(tok.ID).Text, dist: 1, place: question}}, start, end)
					done = max(done, end)
				}
			}
			if cues&(word.Mother|word.Maiden|word.Parent) != 0 {
				s.motherly(text, t, cues)
			}
			if cues&word.Password != 0 || cues&word.Key != 0 && secret.Shared(text, int(tok.Start), int(tok.End)) {
				s.password(text, t)
			} else if cues&word.Key != 0 && int(tok.End) < len(text) && text[tok.End] == '-' {
				if start, end, known := sign.Key(text, int(tok.Start), int(tok.End)); known {
					s.add(reading{APIKey, 0.97, why{facts: fFormat}}, start, end)
				}
			}
		case token.Mixed:
			if tok.End-tok.Start <= 8 && token.IsUpper(text[tok.Start]) {
				if end := s.bare(text, t); end > 0 {
					done = end
					break
				}
			}
			if !s.mixedPlate(text, t) {
				done = s.mixedPiece(text, t)
			}
		case token.At:
			if !s.email(text, t) {
				s.spokenEmail(text, t)
			}
		case token.Colon:
			done = s.address6(text, t)
		case token.Dotted:
			s.dotted(text, t)
		case token.Scheme:
			s.url(text, t)
		case token.Armour:
			done = s.armour(text, t)
		}
		t++
	}
}

// listed notes whether the line is one of a list, and where the line above the list is: it says what the list is of.
func (s *Scanner) listed(text []byte) {
	p, end := int(s.list.Lines[s.lineAt].Start), int(s.list.Lines[s.lineAt].End)
	q := p
	for q < end && q-p < 3 && token.IsDigit(text[q]) {
		q++
	}
	if q+1 >= end || text[q+1] != ' ' || (q == p || text[q] != '.' && text[q] != ')') && (q > p || text[q] != '-' && text[q] != '*') {
		return
	}
	if s.listLine != s.lineAt-1 {
		s.listHead = s.lineAt - 1
	}
	s.listLine = s.lineAt
}

// startsSpoken reports whether at least three pieces of a spoken number follow each other from token t.
func (s *Scanner) startsSpoken(t int) bool {
	n, waits := 0, false
	if s.dict.Part(s.list.Tokens[t].ID) == word.Repeat && t+1 < len(s.list.Tokens) && said.Pauses(s.text[s.list.Tokens[t].End:s.list.Tokens[t+1].Start]) {
		return false
	}
	if t > 0 && s.list.Tokens[t-1].Ord == s.list.Tokens[t].Ord-1 && s.list.Tokens[t-1].Kind == token.Word && s.dict.Entry(s.list.Tokens[t-1].ID).Text == "seribu" {
		n = 1
	}
	for u := t; u < len(s.list.Tokens) && u < t+12; u++ {
		tok := &s.list.Tokens[u]
		if tok.Flags&token.Hidden != 0 {
			continue
		}
		switch tok.Kind {
		case token.Number:
			n++
		case token.Word:
			e := s.dict.Entry(tok.ID)
			if piece.SpokenPart(e.Part) || e.Text == "kali" {
				n++
			} else if waits = waits || said.Waiting(e.Text); e.Part != word.Filler && e.Part != word.Dash && e.Part != word.Dot && e.Cues&(word.Ack|word.Speaker) == 0 && e.Text != "ribu" && !(waits && e.Cues&word.Interesting == 0) {
				return n >= 3
			}
		case token.Break:
		default:
			return n >= 3
		}
		if n >= 3 {
			return true
		}
	}
	return false
}

// number reads what begins with the number at token t.
func (s *Scanner) number(text []byte, t int) int {
	tok := &s.list.Tokens[t]
	size := tok.End - tok.Start
	if tok.Flags&token.Alike != 0 {
		if end := s.iban(text, int(tok.Start)); end > 0 { // SI56, which begins with letters that look like digits
			for t++; t < len(s.list.Tokens) && int(s.list.Tokens[t].Start) < end; t++ {
			}
			return t
		}
		if size >= 7 && size <= 9 && s.passport(text, t) || token.IsLetter(text[tok.Start]) && s.mixedPlate(text, t) {
			return t + 1
		}
	}
	if size == 1 && text[tok.Start] == '2' && t > 0 && s.list.Tokens[t-1].End == tok.Start && s.dict.Cues(s.list.Tokens[t-1].ID)&word.CVV != 0 {
		return t + 1 // CVC2
	}
	if size <= 3 {
		if u := s.list.Rupiahs(text, t); u > t {
			return u
		}
	}
	if size <= 4 {
		if u, ok := s.address4(text, t); ok {
			return u
		}
		if u, ok := s.date(text, t); ok {
			return u
		}
		if s.plate(text, t, int(tok.Start), int(tok.End)) {
			return t + 1
		}
	}
	if size <= 7 && tok.Start > 1 && token.IsLetter(text[tok.Start-2]) {
		if u := s.spacedPassport(text, t); u > t {
			return u
		}
	}
	return s.gatherAndJudge(text, t)
}

// spacedPassport reads A 1234567 beside a word that says passport, or A 123 4567. It returns the token after it, or t.
func (s *Scanner) spacedPassport(text []byte, t int) int {
	start := int(s.list.Tokens[t].Start)
	end, digits := sign.Passport(text, start)
	if end == 0 {
		return t
	}
	if c := text[start-2]; digits == 7 && (c == 'A' || c == 'B' || c == 'C' || c == 'E' || c == 'X') && sign.Beside(text, start, end, sign.Travels) {
		s.add(reading{Passport, 0.7, why{facts: fFormat, digits: 7}}, start-2, end)
		for t++; t < len(s.list.Tokens) && int(s.list.Tokens[t].Start) < end; t++ {
		}
		return t
	}
	for _, c := range s.cuesFor(text, t, t+1, s.lineAt) {
		if c.bits&word.Passport == 0 || c.dist > 8 || !token.IsUpper(text[start-2]) && (c.place != before || c.dist > 2) {
			continue
		}
		s.add(reading{Passport, 0.9, why{facts: fFormat, digits: uint8(digits), cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, start-2, end)
		for t < len(s.list.Tokens) && int(s.list.Tokens[t].Start) < end {
			t++
		}
		break
	}
	return t
}

// mixedPlate reads a plate in one piece: B1234XYZ.
func (s *Scanner) mixedPlate(text []byte, t int) bool {
	tok := &s.list.Tokens[t]
	if tok.End-tok.Start > 9 {
		return false
	}
	from := int(tok.Start)
	for from < int(tok.End) && token.IsLetter(text[from]) {
		from++
	}
	to := from
	for to < int(tok.End) && token.IsDigit(text[to]) {
		to++
	}
	return to-from >= 1 && to-from <= 4 && s.plate(text, t, from, to)
}

// gatherAndJudge puts a number together and says what it is.
func (s *Scanner) gatherAndJudge(text []byte, t int) int {
	u := s.row.Gather(text, t, s.lineAt)
	if first, last := &s.row.Atoms[0], &s.row.Atoms[len(s.row.Atoms)-1]; (first.Spoken || last.Spoken || first.To-first.From == 1 && last.To-last.From == 1 && len(s.row.Atoms) > 2) && said.Lettered(text, int(first.Start), int(last.End)) {
		if end := s.spelt(text, t); end > 0 {
			for u = t + 1; u < len(s.list.Tokens) && int(s.list.Tokens[u].Start) < end; u++ {
			}
			return u
		}
	}
	n := len(s.found)
	if n > 0 && s.echoes(text, n-1, int(s.row.Atoms[0].Start), int(s.row.Atoms[len(s.row.Atoms)-1].End), s.row.Digits) {
		s.lineAt = s.row.Line
		return max(u, t+1)
	}
	if end := s.saidIP(text, t); end > 0 {
		for u = t + 1; u < len(s.list.Tokens) && int(s.list.Tokens[u].Start) < end; u++ {
		}
		return u
	}
	if len(s.row.Digits) >= 3 {
		s.retold(text)
		if len(s.found) > n {
			s.readBack(text, n)
		}
	}
	if len(s.found) == n && len(s.row.Atoms) >= 9 && s.row.Uncoded() {
		if s.judge(text); len(s.found) > n {
			s.found[n].why.facts |= fPlain
		}
	}
	s.lineAt = s.row.Line // it may have gone over lines
	return max(u, t+1)
}

// readBack makes one finding of a number that was said and its read-back, among those from number n on and what was told behind them.
func (s *Scanner) readBack(text []byte, n int) {
	for k := n; k < len(s.found); k++ {
		f := &s.found[k]
		if f.why.facts&fSpoken == 0 {
			s.told.End = -1
			continue
		}
		d := s.row.Within(f.Start, f.End)
		if k > 0 && len(d) == int(s.found[k-1].why.digits) && s.echoes(text, k-1, f.Start, f.End, d) {
			s.found = slices.Delete(s.found, k, k+1)
			k--
			continue
		}
		s.told.Note(text, f.Start, f.End, d)
	}
	if s.told.End >= 0 {
		start, end, d := s.row.Behind(s.told.End, s.retells)
		s.echoes(text, len(s.found)-1, start, end, d)
	}
}

// echoes lets finding k, which was told last, reach over digits that read it back, unless it would become longer than words are looked back for.
func (s *Scanner) echoes(text []byte, k, start, end int, digits []byte) bool {
	f := &s.found[k]
	if f.End != s.told.End || end-f.Start > behind || !s.told.Echoes(text, start, end, digits) {
		return false
	}
	f.why.echo += uint16(end - f.End)
	f.End, s.told.End = end, end
	return true
}

// retold judges the number as it stands, without its read-backs, and with its slips mended, until all of it is accounted for.
func (s *Scanner) retold(text []byte) {
	n, last := len(s.found), s.lastType
	if s.retells = s.row.Retells(); !s.retells {
		s.judge(text)
		return
	}
	s.row.Told, s.kept = append(s.row.Told[:0], s.row.Atoms...), s.kept[:0]
	for _, t := range [...]piece.Telling{piece.Anew, piece.Again, piece.Plain, piece.Partly, piece.Mended, piece.Swapped} {
		if !s.row.Retell(t) {
			continue
		}
		size, found := s.row.Size(), 0
		s.lastType = last
		s.judge(text)
		for k := n; k < len(s.found); k++ {
			if found += int(s.found[k].why.digits); t == piece.Swapped {
				s.found[k].why.facts |= fSwapped
			}
		}
		if t == piece.Anew && (len(s.found) == n || s.found[n].Type != PIN && s.found[n].Type != OTP && s.found[n].Type != CVV) {
			found, s.found = 0, s.found[:n]
		}
		if found >= size {
			return
		}
		if len(s.kept) == 0 {
			s.kept = append(s.kept, s.found[n:]...)
		}
		s.found = s.found[:n]
	}
	s.found = append(s.found, s.kept...)
	if k := len(s.found) - 1; k >= n {
		s.lastType = s.found[k].Type
	}
	s.row.Atoms = append(s.row.Atoms[:0], s.row.Told...)
}

package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/secret"
	"github.com/amanah-id/amanah/pii/internal/sign"
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// email reads the address around the @ at token t.
func (s *Scanner) email(text []byte, t int) bool {
	start, end := sign.Email(text, int(s.list.Tokens[t].Start))
	if end > 0 {
		s.add(reading{Email, 0.99, why{facts: fFormat}}, start, end)
		if f := s.secrets.Pair(text, end, int(s.list.Lines[s.lineAt].End)); f.End > 0 {
			s.add(reading{Password, 0.75, why{}}, f.Start, f.End)
		}
	}
	return end > 0
}

// spokenEmail reads an address that is said around the word "at" at token t.
func (s *Scanner) spokenEmail(text []byte, t int) {
	begin, end, steps := s.said.Email(text, t, s.lineAt)
	if s.steps += steps; end > 0 {
		s.add(reading{Email, 0.9, why{facts: fSpoken}}, begin, end)
	}
}

// spelt reads what mixes letters and digits that are said, around the number at token t: a plate, a passport, an account of
// another country, a hardware address. It returns where that ends, or 0.
func (s *Scanner) spelt(text []byte, t int) int {
	l := &s.list.Lines[s.lineAt]
	if !s.said.Spelt(&s.signs, text, t, int(l.Start), int(l.End)) {
		return 0
	}
	s.steps += s.signs.N
	if i, j := s.signs.IBAN(); j > 0 {
		start, end := s.signs.Span(i, j)
		s.add(reading{IBAN, 0.97, why{facts: fCheck | fSpoken, digits: uint8(j - i)}}, start, end)
		return end
	}
	passport, passportEnd := s.signs.Passport()
	plate, plateEnd := s.signs.Plate(text)
	mac := s.signs.MAC()
	if passportEnd == 0 && plateEnd == 0 && !mac {
		return 0
	}
	past := t + 1
	for _, end := s.signs.Span(0, max(plateEnd, passportEnd, 1)); past < len(s.list.Tokens) && int(s.list.Tokens[past].Start) < end; past++ {
	}
	for _, c := range s.cuesFor(text, t, past, s.lineAt) {
		r, i, j := reading{Plate, 0.9, why{facts: fFormat | fSpoken, cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, plate, plateEnd
		switch {
		case mac && c.bits&word.MAC != 0:
			r.typ, i, j = MAC, 0, s.signs.N
		case passportEnd > 0 && c.bits&word.Passport != 0:
			r.typ, i, j = Passport, passport, passportEnd
		case plateEnd > 0 && c.bits&word.Plate != 0:
		default:
			continue
		}
		start, end := s.signs.Span(i, j)
		s.add(r, start, end)
		return end
	}
	if s.signs.Sure(plate, plateEnd) {
		start, end := s.signs.Span(plate, plateEnd)
		s.add(reading{Plate, 0.7, why{facts: fFormat | fSpoken}}, start, end)
		return end
	}
	return 0
}

// saidIP reads an address that is said, from the number at token t on. It returns where that ends, or 0.
func (s *Scanner) saidIP(text []byte, t int) int {
	if !s.row.Dotted || len(s.row.Atoms) < 4 {
		return 0
	}
	end := s.said.IP(text, t)
	if s.steps += 4; end == 0 || spoken(s.nearCues(text, t, t+1, s.lineAt), word.Version) {
		return 0
	}
	s.add(reading{IP, 0.85, why{facts: fFormat | fSpoken}}, int(s.list.Tokens[t].Start), end)
	return end
}

// address6 reads IPv6 and hardware addresses around the colon at token t. It returns where it has read to.
func (s *Scanner) address6(text []byte, t int) int {
	colon := int(s.list.Tokens[t].Start)
	start := colon
	for start > 0 && colon-start < 4 && token.IsHex(text[start-1]) {
		start--
	}
	if start > 0 && (token.IsAlnum(text[start-1]) || text[start-1] == ':' || text[start-1] == '.' && start > 1 && token.IsAlnum(text[start-2])) {
		return colon + 1
	}
	rest := text[start:]
	if n := check.MAC(rest); n > 0 && !sign.Follows(rest, n) && (n >= len(rest) || rest[n] != ':') {
		s.add(reading{MAC, 0.95, why{facts: fFormat}}, start, start+n)
		return start + n
	}
	n := check.IPv6(rest)
	if n > 2 && !sign.Follows(rest, n) || n == 2 && len(rest) > 2 && rest[2] == '/' {
		m := sign.Prefix(rest, n, 128)
		if m > 2 && (n >= len(rest) || rest[n] != ':') {
			s.add(reading{IP, 0.9, why{facts: fFormat}}, start, start+m)
			return start + m
		}
	}
	return sign.Run(text, colon)
}

// dotted reads a hardware address in fours or pairs around the sign at token t.
func (s *Scanner) dotted(text []byte, t int) {
	start := int(s.list.Tokens[t].Start) - 4
	if text[start+4] == '-' {
		start += 2 // pairs
	}
	if start > 0 && (token.IsAlnum(text[start-1]) || text[start-1] == '.') {
		return
	}
	if n := check.MAC(text[start:]); n > 0 && !sign.Follows(text[start:], n) && token.Lettered(text[start:start+n]) {
		s.add(reading{MAC, 0.9, why{facts: fFormat}}, start, start+n)
	}
}

// address4 reads an IPv4 address that begins with the number at token t. It returns the token after it.
func (s *Scanner) address4(text []byte, t int) (int, bool) {
	tok := &s.list.Tokens[t]
	start := int(tok.Start)
	if tok.End-tok.Start > 3 || int(tok.End)+1 >= len(text) || text[tok.End] != '.' || !token.IsDigit(text[tok.End+1]) {
		return t, false
	}
	n := check.IPv4(text[start:])
	if n == 0 || n == 7 && start+8 < len(text) && text[start+7] == '-' && token.IsDigit(text[start+8]) || sign.Follows(text[start:], n) || start+n+1 < len(text) && text[start+n] == '.' && token.IsDigit(text[start+n+1]) {
		return t, false
	}
	if start > 0 && (token.IsAlnum(text[start-1]) || text[start-1] == '.' || text[start-1] == ':' && start > 1 && text[start-2] == ':' || text[start-1] == '-' || text[start-1] == '+') {
		return t, false
	}
	u := t
	for u < len(s.list.Tokens) && int(s.list.Tokens[u].Start) < start+n {
		u++
	}
	for _, c := range s.cuesFor(text, t, u, s.lineAt) {
		if c.bits&word.Version != 0 && c.dist <= 2 && c.place == before || c.bits&word.Money != 0 && c.dist == 1 {
			return t, false
		}
		if c.bits&(word.Tax|word.NIK|word.Phone|word.Account|word.Card) != 0 && c.place == before && c.dist <= 2 {
			return t, false
		}
	}
	end := start + sign.Prefix(text[start:], n, 32)
	for u < len(s.list.Tokens) && int(s.list.Tokens[u].Start) < end {
		u++
	}
	s.add(reading{IP, 0.9, why{facts: fFormat}}, start, end)
	return u, true
}

// url reads a URL around "://" at token t and reports it when it carries credentials.
func (s *Scanner) url(text []byte, t int) {
	at := int(s.list.Tokens[t].Start)
	if at < s.urlDone {
		return // inside the last one
	}
	start, end, secret := sign.Credentials(text, at)
	s.steps += end - at
	s.urlDone = end
	if secret {
		s.add(reading{CredentialURL, 0.97, why{facts: fFormat}}, start, end)
	}
}

// armour reads a private key from its first line at token t to its last. It returns where the key ends.
func (s *Scanner) armour(text []byte, t int) int {
	start := int(s.list.Tokens[t].Start)
	end, private := sign.Armour(text, start, ahead)
	if private {
		s.add(reading{PrivateKey, 0.99, why{facts: fFormat}}, start, end)
	}
	return end
}

// key reads an API key around the mixed piece at token t. It returns where it ends, or 0.
func (s *Scanner) key(text []byte, t int) int {
	tok := &s.list.Tokens[t]
	if size := tok.End - tok.Start; size < 16 && (size < 8 || int(tok.End) == len(text) || text[tok.End] != '-' && text[tok.End] != '_' && text[tok.End] != '.') {
		return 0
	}
	start, end, known := sign.Key(text, int(tok.Start), int(tok.End))
	s.steps += end - start
	if known {
		s.add(reading{APIKey, 0.97, why{facts: fFormat}}, start, end)
		return end
	}
	// A long piece without a known head is a key when a word says so and it looks like chance.
	start, end = sign.Whole(text, int(tok.Start), int(tok.End))
	if s.steps += end - start; end-start < 16 || !sign.Mixture(text[start:end]) {
		return 0
	}
	for _, c := range s.cuesFor(text, t, t+1, s.lineAt) {
		if c.bits&word.Key != 0 && c.place == before && c.dist <= 4 && !token.Among(text, int(tok.Start), int(c.dist)+2, "public", "publik") {
			s.add(reading{APIKey, 0.85, why{facts: fFormat, cue: s.dict.Entry(c.ID).Text, dist: c.dist, place: c.place}}, start, end)
			return end
		}
	}
	return 0
}

// mixedPiece reads what a piece of letters and digits may be. It returns where it has read to.
func (s *Scanner) mixedPiece(text []byte, t int) int {
	tok := &s.list.Tokens[t]
	start, end := int(tok.Start), int(tok.End)
	piece := text[start:end]
	if end := s.iban(text, start); end > 0 {
		return end
	}
	if end := s.wallet(text, piece, start); end > 0 {
		return end
	}
	if e := s.key(text, t); e > 0 {
		return e
	}
	if len(piece) == 2 {
		if from, to, lettered := sign.Pairs(text, start); to > 0 {
			r := reading{MAC, 0.7, why{facts: fFormat}}
			if s.near = s.nearCues(text, t, t+1, s.lineAt); lettered > 2 || spoken(s.near, word.MAC) {
				s.add(r, from, to)
				return to
			}
		}
	}
	if size := len(piece); size > 16 && size < 40 { // NIK1206155706840003TTL
		from := bytes.IndexAny(piece, "0123456789")
		to := from
		for to < size && token.IsDigit(piece[to]) {
			to++
		}
		if to-from == 16 && check.Issued(piece[from:to], s.region) && s.dict.Cues(s.dict.Find(piece, 0, from))&(word.NIK|word.Family) != 0 {
			s.add(reading{NIK, 0.9, why{facts: fDistrict | fDate, digits: 16}}, start+from, start+to)
			return end
		}
	}
	if len(piece) == 12 && sign.Joined(piece) && s.beside(text, t, word.MAC, reading{typ: MAC, conf: 0.85}) {
		return end
	}
	if len(piece) >= 7 && len(piece) <= 9 && s.passport(text, t) {
		return end
	}
	if len(piece) == 11 && token.IsLetter(piece[2]) && sign.Work(piece) && s.beside(text, t, word.Work|word.Insurance, reading{typ: WorkInsurance, conf: 0.92}) {
		return end
	}
	if len(piece) >= 6 && len(piece) <= 15 && token.IsDigit(piece[0]) {
		s.gluedDate(text, t)
	}
	if end := s.lettered(text, t); end > 0 {
		return end
	}
	if !sign.Vowelled(piece) { // codes of orders have no vowels in small letters
		return end
	}
	l := &s.list.Lines[s.lineAt]
	var room [secret.Most]secret.Found
	for _, f := range s.secrets.Typed(room[:0], text, start, end, max(int(l.Start), start-160), min(int(l.End), end+120)) {
		s.add(reading{Password, 0.72, why{}}, f.Start, f.End)
	}
	s.steps += 40
	return end
}

// beside reports a piece as what the words beside it say that it is, unless a word for an order or a version is nearer.
func (s *Scanner) beside(text []byte, t int, bits word.Cue, r reading) bool {
	for _, c := range s.cuesFor(text, t, t+1, s.lineAt) {
		if c.bits&bits != 0 {
			r.why.facts, r.why.cue, r.why.dist, r.why.place = fFormat, s.dict.Entry(c.ID).Text, c.dist, c.place
			s.add(r, int(s.list.Tokens[t].Start), int(s.list.Tokens[t].End))
			return true
		}
		if c.bits&(word.Order|word.Version) != 0 && c.place == before && c.dist <= 2 {
			return false
		}
	}
	return false
}

// iban reads an account number that begins at the place, in one piece or in fours.
func (s *Scanner) iban(text []byte, start int) int {
	n, end := sign.IBAN(text, start)
	if end > 0 {
		s.add(reading{IBAN, 0.99, why{facts: fCheck, digits: uint8(n)}}, start, end)
	}
	return end
}

// wallet reads an address of Bitcoin, Tron or Ethereum.
func (s *Scanner) wallet(text, piece []byte, start int) int {
	if !sign.Wallet(piece) || start > 0 && (text[start-1] == '_' || text[start-1] == '/') {
		return 0
	}
	s.add(reading{Wallet, 0.98, why{facts: fCheck}}, start, start+len(piece))
	return start + len(piece)
}

// passport reads one or two letters with six or seven digits, beside a word that says what they are.
func (s *Scanner) passport(text []byte, t int) bool {
	tok := &s.list.Tokens[t]
	digits := 0
	for _, c := range text[tok.Start:tok.End] {
		if token.IsDigit(c) {
			digits++
		}
	}
	if digits < 5 {
		return false
	}
	r := reading{Passport, 0.93, why{facts: fFormat, digits: uint8(digits)}}
	for _, c := range s.cuesFor(text, t, t+1, s.lineAt) {
		if c.bits&word.Passport != 0 && c.dist <= 11 {
			r.why.cue, r.why.dist, r.why.place = s.dict.Entry(c.ID).Text, c.dist, c.place
			s.add(r, int(tok.Start), int(tok.End))
			s.lastType = Passport
			return true
		}
		if c.bits&word.Order != 0 && c.place == before && c.dist <= 2 && s.dict.Entry(c.ID).Text != "tiket" {
			return false
		}
	}
	if c := text[tok.Start]; digits == 7 && tok.End-tok.Start == 8 && (c == 'A' || c == 'B' || c == 'C' || c == 'E' || c == 'X') {
		if s.steps += 200; s.lastType == Passport || sign.Beside(text, int(tok.Start), int(tok.End), sign.Travels) {
			r.conf = 0.7
			s.add(r, int(tok.Start), int(tok.End))
			s.lastType = Passport
			return true
		}
	}
	return false
}

// plate reads the letters around the short number at token t: B 1234 XYZ.
func (s *Scanner) plate(text []byte, t, from, to int) bool {
	start, end, odd := sign.Plate(text, from, to)
	if end == 0 {
		return false
	}
	tail := end
	for token.IsLetter(text[tail-1]) {
		tail--
	}
	upper := true
	for _, c := range text[start:end] {
		upper = upper && !(c >= 'a' && c <= 'z')
	}
	r := reading{Plate, 0, why{facts: fFormat, digits: uint8(to - from)}}
	ordered := false
	for _, c := range s.cuesFor(text, t, t+1, s.lineAt) {
		if !upper && s.dict.Cues(s.dict.Find(text, tail, end))&word.Stop != 0 {
			return false // 8 m3 ke proyek
		}
		if c.bits&word.Plate != 0 && (c.dist <= 8 || c.place == question) {
			r.conf = 0.93
			r.why.cue, r.why.dist, r.why.place = s.dict.Entry(c.ID).Text, c.dist, c.place
			break
		}
		if c.bits&(word.Order|word.Money|word.Code) != 0 && c.place == before && (c.dist <= 2 || c.bits&word.Code != 0 && c.dist == 3) {
			ordered = true
		}
	}
	if r.conf == 0 {
		if odd || !upper || ordered || !sign.Plated(text, start, from, to, tail, end) && !(s.lastType == Plate && text[from-1] == text[to]) {
			return false
		}
		r.conf = 0.7
	}
	s.add(r, start, end)
	return true
}

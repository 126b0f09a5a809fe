package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
)

// Value appends the plain value of a finding in the text: digits without separators, whether they were written, said or
// disguised; a telephone number with its country code and without its plus; an e-mail address in small letters; anything else as it
// stands. Two findings have the same value when they are the same datum.
func (s *Scanner) Value(dst, text []byte, f Finding) []byte {
	part := text[f.Start:f.End]
	if f.Disguised() {
		part = s.undisguised(text, f)
	}
	s.text = part
	s.list.Read(s.dict, part)
	s.list.Labels(s.dict, part)
	switch f.Type {
	case Email:
		if f.why.facts&fSpoken != 0 {
			return s.said.Address(dst, part)
		}
		for _, c := range part {
			dst = append(dst, token.Lower(c))
		}
		return dst
	case NIK, FamilyCard, TaxNumber, TaxPlace, Card, Phone, Account, HealthInsurance, WorkInsurance, DrivingLicence, PIN, OTP, CVV, IMEI:
		return s.digitsOf(dst, part, f)
	case IBAN, Plate, Passport:
		for _, c := range part {
			if token.IsAlnum(c) {
				dst = append(dst, c&^(0x20&(c>>1)))
			}
		}
		return dst
	default:
		return append(dst, part...)
	}
}

// undisguised is the plain copy of a finding. An encoded piece is decoded from its beginning, which may lie before the finding.
func (s *Scanner) undisguised(text []byte, f Finding) []byte {
	lo := f.Start
	for lo > 0 && f.Start-lo < ahead && text[lo-1] > ' ' {
		lo--
	}
	hi := min(len(text), f.End+ahead)
	around := text[lo:hi]
	s.plain[0].Make(around)
	part := s.plain[0].Inside(f.Start-lo, f.End-lo)
	if s.list.Read(s.dict, s.plain[0].Bytes) {
		s.plain[1].Again(&s.plain[0])
		part = s.plain[1].Inside(f.Start-lo, f.End-lo)
	}
	return part
}

func (s *Scanner) digitsOf(dst, part []byte, f Finding) []byte {
	first := len(dst)
	s.lineAt = 0
	for t := 0; t < len(s.list.Tokens); {
		tok := &s.list.Tokens[t]
		if tok.Kind == token.Break {
			s.lineAt++
		}
		if tok.Kind == token.Number || tok.Kind == token.Word && opensSpoken(s.dict.Entry(tok.ID).Part) {
			t = s.gather(part, t)
			for _, part := range [...]bool{false, true} {
				if f.why.facts&fSpoken != 0 && s.sizes() != int(f.why.digits) && s.echoes(part) && s.sizes() != int(f.why.digits) {
					s.atoms, s.spare = s.spare, s.atoms // what was said again belongs to it
				}
			}
			if f.why.digits > 0 && s.sizes() == 2*int(f.why.digits) {
				s.unhexed()
			}
			for i := range s.atoms {
				dst = append(dst, s.digits[s.atoms[i].d0:s.atoms[i].d1]...)
			}
			s.lineAt = s.atomLine
			continue
		}
		t++
	}
	if f.why.facts&fReversed != 0 {
		for i, j := first, len(dst)-1; i < j; i, j = i+1, j-1 {
			dst[i], dst[j] = dst[j], dst[i]
		}
	}
	if f.Type != Phone {
		return dst
	}
	d := dst[first:]
	switch {
	case bytes.HasPrefix(d, []byte("0062")):
		return append(dst[:first], d[2:]...)
	case len(d) > 2 && d[0] == '6' && d[1] == '2' && d[2] == '0':
		return append(dst[:first+2], d[3:]...)
	case len(d) > 1 && d[0] == '0':
		dst = append(dst, 0)
		copy(dst[first+2:], dst[first+1:])
		dst[first], dst[first+1] = '6', '2'
	case len(d) > 8 && d[0] == '8' && f.why.facts&fOperator != 0:
		dst = append(dst, 0, 0)
		copy(dst[first+2:], dst[first:])
		dst[first], dst[first+1] = '6', '2'
	}
	return dst
}

// sizes is how many digits the atoms have.
func (s *Scanner) sizes() int {
	n := 0
	for i := range s.atoms {
		n += int(s.atoms[i].d1 - s.atoms[i].d0)
	}
	return n
}

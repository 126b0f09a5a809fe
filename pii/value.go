package pii

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/piece"
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
	part = part[:len(part)-min(int(f.why.echo), len(part))]
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
		if tok.Kind == token.Number || tok.Kind == token.Word && piece.OpensSpoken(s.dict.Entry(tok.ID).Part) {
			s.row.Whole = true
			t = s.row.Gather(part, t, s.lineAt)
			s.row.Whole = false
			s.row.Told = append(s.row.Told[:0], s.row.Atoms...)
			for _, way := range [...]piece.Telling{piece.Again, piece.Partly, piece.Mended, piece.Plain} {
				if f.why.digits > 0 && s.row.Size() != int(f.why.digits) {
					s.row.Retell(way)
				}
			}
			if f.why.facts&fSwapped != 0 {
				s.row.Retell(piece.Swapped)
			}
			if f.why.digits > 0 && s.row.Size() > int(f.why.digits) {
				s.row.Uncoded()
			}
			for i := range s.row.Atoms {
				dst = append(dst, s.row.Digits[s.row.Atoms[i].From:s.row.Atoms[i].To]...)
			}
			s.lineAt = s.row.Line
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

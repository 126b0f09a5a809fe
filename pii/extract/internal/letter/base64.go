package letter

import "bytes"

// Base64 undoes base64. Padding ends a piece of it, not the whole. aside takes the lines that are none.
type Base64 struct {
	b     *Body
	aside func(line []byte) error
	out   []byte
	left  []byte
	have  uint32
	n     int
	ended bool // padding was seen
}

// NewBase64 reads a body.
func NewBase64(b *Body, aside func(line []byte) error) *Base64 { return &Base64{b: b, aside: aside} }

func (s *Base64) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		line, ok := s.b.Line()
		s.out = s.out[:0]
		if !ok {
			if s.flush(); len(s.out) > 0 {
				s.left = s.out
				break
			}
			return s.b.Read(p)
		}
		text := bytes.TrimRight(line, " \t\r\n")
		behind := s.ended && len(text) > 0
		if pure := s.all(text); behind || !pure {
			if err := s.aside(line); err != nil {
				return 0, err
			}
		}
		s.left = s.out
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// all takes the letters of a line, and says whether it has no others.
func (s *Base64) all(line []byte) bool {
	pure, padded := true, false
	for _, c := range line {
		v := uint32(0)
		switch {
		case c >= 'A' && c <= 'Z':
			v = uint32(c - 'A')
		case c >= 'a' && c <= 'z':
			v = uint32(c-'a') + 26
		case c >= '0' && c <= '9':
			v = uint32(c-'0') + 52
		case c == '+':
			v = 62
		case c == '/':
			v = 63
		case c == '=':
			s.flush()
			padded = true
			continue
		default:
			pure = false
			continue
		}
		pure = pure && !padded
		s.have = s.have<<6 | v
		if s.n++; s.n == 4 {
			s.out = append(s.out, byte(s.have>>16), byte(s.have>>8), byte(s.have))
			s.n = 0
		}
	}
	s.ended = s.ended || padded
	return pure
}

// flush hands over what is left of four letters.
func (s *Base64) flush() {
	switch s.n {
	case 2:
		s.out = append(s.out, byte(s.have>>4))
	case 3:
		s.out = append(s.out, byte(s.have>>10), byte(s.have>>2))
	}
	s.n = 0
}

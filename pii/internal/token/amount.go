package token

// Rupiahs passes over rupiahs in groups of thousands, Rp 1.250.000, which are nothing else. It returns the token behind, or t.
func (s *List) Rupiahs(text []byte, t int) int {
	p := s.Tokens[t].Start
	if p < 3 || text[p-1] != ' ' || text[p-2]|0x20 != 'p' || text[p-3]|0x20 != 'r' || p > 3 && IsAlnum(text[p-4]) || text[p] == '0' {
		return t
	}
	u := t + 1
	for ; u < len(s.Tokens) && u < t+4; u++ {
		next := &s.Tokens[u]
		if from := s.Tokens[u-1].End; next.Kind != Number || next.Start != from+1 || text[from] != '.' || next.End-next.Start != 3 {
			break
		}
	}
	if end := int(s.Tokens[u-1].End); u == t+1 || end+1 < len(text) && IsAlnum(text[end+1]) && text[end] != ' ' {
		return t
	}
	return u
}

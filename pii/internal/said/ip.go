package said

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// IP reads an address of four numbers with words for the points between them, from token t on: one ninety two dot one sixty eight dot zero dot
// fourteen, 192 titik 168 titik 1 titik 20. It returns where the address ends, or 0.
func (r Reader) IP(text []byte, t int) int {
	tokens := r.List.Tokens
	var room [16]byte
	end := 0
	for part := range 4 {
		digits, u := room[:0], t
		for u < len(tokens) && len(digits) < 3 && (u == t || tokens[u].Ord == tokens[u-1].Ord+1) {
			tok := &tokens[u]
			next := u + 1
			if tok.Kind == token.Number && u == t && tok.End-tok.Start <= 3 && tok.Flags == 0 {
				digits = append(digits, text[tok.Start:tok.End]...)
			} else if p := r.Dict.Part(tok.ID); tok.Kind == token.Word && p >= word.Digit && p <= word.Repeat {
				digits, next = r.Number(digits, text, u)
			} else {
				break
			}
			if next == u || u > t && Pauses(text[tokens[u-1].End:tok.Start]) && part == 3 {
				break
			}
			u = next
		}
		if n := len(digits); n == 0 || n > 3 || n > 1 && digits[0] == '0' || n == 3 && (digits[0] > '2' || digits[0] == '2' && (digits[1] > '5' || digits[1] == '5' && digits[2] > '5')) {
			return 0
		}
		end = int(tokens[u-1].End)
		pointed := u < len(tokens) && tokens[u].Kind == token.Word && (r.Dict.Part(tokens[u].ID) == word.Dot || r.is(u, "koma", "comma", "point", "poin")) && tokens[u].Ord == tokens[u-1].Ord+1
		if part == 3 {
			if pointed && u+1 < len(tokens) && tokens[u+1].Ord == tokens[u].Ord+1 {
				return 0 // more of the same follows
			}
			break
		}
		if !pointed || u+1 >= len(tokens) || tokens[u+1].Ord != tokens[u].Ord+1 || tokens[u+1].Start-tokens[u-1].End > 14 {
			return 0
		}
		t = u + 1
	}
	return end
}

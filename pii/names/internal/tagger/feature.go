package tagger

// Class is what the word lists say of a word, one bit a list.
type Class uint16

// The lists.
const (
	Given     Class = 1 << iota // given names of Indonesia
	Family                      // family names, clans, second names of Indonesia
	Abroad                      // first and last names of other countries
	Place                       // a place by one word
	District                    // likewise, a district
	PlaceHead                   // first word of a place of several words
	PlaceTail                   // a further word of such a place
	World                       // countries, foreign regions and cities
	Ordinary                    // words that the training texts have outside names
	Service                     // of these, those that messages of service have and news have not: no class of a token, see Token.Service
)

// MaxFeatures is how many features a token has, those of its classes not counted.
const MaxFeatures = 41

// Vector is the hashes of one token's features.
type Vector [MaxFeatures]uint32

var beyond = Token{Shape: outside, Seen: outside, Hash: 1}

func at(tokens []Token, i int) *Token {
	if i < 0 || i >= len(tokens) {
		return &beyond
	}
	return &tokens[i]
}

// salted is the hash of a feature of one part, salted2 of one of two.
func salted(template, a uint32) uint32 {
	x := (uint64(a) ^ uint64(template)<<32) * mult
	return uint32(x>>32) ^ uint32(x>>17)
}

func salted2(template, a, b uint32) uint32 {
	x := (uint64(a) ^ uint64(template)<<32) * mult
	x = (x ^ x>>31 ^ uint64(b)) * 0xD6E8FEB86659FD93
	return uint32(x>>32) ^ uint32(x>>17)
}

// ofClass is the feature that a token has, or has not, a class.
func ofClass(c, bit Class) uint32 { return salted2(40, uint32(c&bit), uint32(bit)) }

// See sets what features see of the shapes of tokens and of their lines: in a line, capitals say something only where there are small letters
// too, and where most words are strange, as in a language that the training hardly met, one more says little.
func See(tokens []Token) {
	for len(tokens) > 0 {
		end := 0
		small, large := false, false
		words, strange, service := 0, 0, 0
		for end < len(tokens) && tokens[end].Shape != Break {
			switch tokens[end].Shape {
			case Lower:
				small = true
			case Title, Mixed:
				large = true
			}
			if tokens[end].Word() {
				words++
				if tokens[end].Class == 0 {
					strange++
				}
				if tokens[end].Service {
					service++
				}
			}
			end++
		}
		for i := range tokens[:min(end+1, len(tokens))] {
			t := &tokens[i]
			t.Seen = t.Shape
			t.Strange = steps(strange, words)
			t.Register = uint8(min(2, service))
			switch {
			case !t.Word():
			case !(small && large):
				t.Seen = Lower
			case t.Shape == Lower:
				t.Seen = lowerAmongCapitals
			}
		}
		tokens = tokens[min(end+1, len(tokens)):]
	}
}

// longLine is the first of the steps of lines with more than a dozen words.
const longLine = 7

// steps are how many of the words of a line are strange, and how long it is: 0 and 1 for less than five words, then five steps for each of three
// lengths.
func steps(strange, words int) uint8 {
	if words < 5 {
		return uint8(min(1, (strange+1)/(words+1)))
	}
	length := 2
	switch {
	case words > 24:
		length = 12
	case words > 12:
		length = longLine
	}
	return uint8(length + min(4, strange*8/words))
}

// Lexical says whether a feature names the word itself. Training leaves those out at random, so that the words around it, its
// look and its ends learn to do without.
func Lexical(i int) bool { return i == 0 || i == 5 || i == 6 || i == 24 }

// Extract writes the features of token i and returns how many.
func Extract(v *Vector, tokens []Token, i int) int {
	t, l, r := at(tokens, i), at(tokens, i-1), at(tokens, i+1)
	ll, rr := at(tokens, i-2), at(tokens, i+2)
	shape := uint32(t.Seen)
	class, classL, classR := uint32(t.Class), uint32(l.Class), uint32(r.Class)
	known := t.Class & Ordinary
	knownAround := uint32(known) + uint32(l.Class&Ordinary)<<4 + uint32(r.Class&Ordinary)<<8
	shapes := shape<<16 | uint32(l.Seen)<<8 | uint32(r.Seen)
	v[0] = salted(1, t.Hash)
	v[1] = salted(2, l.Hash)
	v[2] = salted(3, r.Hash)
	v[3] = salted(4, ll.Hash)
	v[4] = salted(5, rr.Hash)
	v[5] = salted2(6, l.Hash, t.Hash)
	v[6] = salted2(7, t.Hash, r.Hash)
	v[7] = salted(10, t.pre2)
	v[8] = salted(11, t.pre3)
	v[9] = salted(12, t.pre4)
	v[10] = salted(13, t.suf2)
	v[11] = salted(14, t.suf3)
	v[12] = salted(15, t.suf4)
	v[13] = salted(16, shapes)
	v[14] = salted2(17, l.Hash, shape)
	v[15] = salted2(18, r.Hash, shape)
	v[16] = salted(19, class|shape<<16)
	v[17] = salted2(20, classL, class|shape<<16)
	v[18] = salted2(21, class|shape<<16, classR)
	v[19] = salted2(22, classL<<16|class, classR)
	v[20] = salted2(23, l.Hash, class)
	v[21] = salted2(24, r.Hash, class)
	v[22] = salted(25, l.suf3)
	v[23] = salted(26, r.suf3)
	v[24] = salted2(27, t.Hash, shape)
	v[25] = salted2(28, shapes, uint32(ll.Seen)<<8|uint32(rr.Seen))
	v[26] = salted2(29, l.Hash, r.Hash)
	v[27] = salted(30, shape)
	v[28] = salted2(31, uint32(ll.Class), uint32(rr.Class))
	v[29] = salted2(32, t.suf3, shape)
	v[30] = salted2(33, t.pre3, shape)
	v[31] = salted2(36, t.suf3, uint32(known))
	v[32] = salted2(37, t.suf2, knownAround)
	v[33] = salted2(38, t.pre2, knownAround)
	v[34] = salted2(39, uint32(ll.Class&Ordinary)+uint32(rr.Class&Ordinary)<<16, knownAround)
	v[35] = salted2(45, salted(1, ll.Hash), l.Hash^uint32(known))
	v[36] = salted2(46, r.Hash, rr.Hash^uint32(known))
	v[37] = salted2(47, uint32(t.Strange), class|shape<<16)
	v[38] = salted2(48, uint32(t.Strange)|shape<<8, uint32(known))
	v[39] = salted2(49, uint32(t.Register), class|shape<<16)
	v[40] = salted2(50, uint32(t.Register), salted(2, l.Hash))
	return MaxFeatures
}

// Classes writes the features of what the lists say of a token: one for each list.
func Classes(v *[9]uint32, c Class) {
	for i := range v {
		v[i] = ofClass(c, 1<<i)
	}
}

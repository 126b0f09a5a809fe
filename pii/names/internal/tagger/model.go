package tagger

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Model is the trained weights and the word lists.
//
// Weights are small integers (a byte each) in a table of blocks of 64 bytes: eight tags of 16 bits and eight rows of six weights,
// for the six labels that are not outside. The upper bits of a feature's hash are its block, the lower half its tag, so that a
// feature that the training never met adds nothing.
type Model struct {
	lexicon Lexicon
	blocks  []byte
	mask    uint32
	classes [512][8]int16 // the sum of the features of a set of classes
	pair    [Labels][Labels]int32
	outside int32
}

// Row is what a model knows of one feature.
type Row struct {
	Hash    uint32
	Weights [Labels - 1]int8
}

const (
	magic     = "pii/names 2\n"
	blockSize = 64
	slots     = 8
	bias      = 128 // weights are stored with it, so that sums need no signs
)

// Write makes the bytes of a model: rows of falling weight (of those that meet in one full block the last are left out), the
// weights of pairs of labels, and what is taken from the label outside.
func Write(lexicon *Lexicon, rows []Row, blocks int, pair [Labels][Labels]int32, outside int32) []byte {
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(lexicon.entries)))
	b = binary.LittleEndian.AppendUint32(b, uint32(blocks))
	b = binary.LittleEndian.AppendUint32(b, uint32(outside))
	for _, row := range pair {
		for _, w := range row {
			b = binary.LittleEndian.AppendUint32(b, uint32(w))
		}
	}
	for _, e := range lexicon.entries {
		b = binary.LittleEndian.AppendUint32(b, e)
	}
	table := make([]byte, blocks*blockSize)
	for _, r := range rows {
		tag := tagOf(r.Hash)
		block := table[blockOf(r.Hash, uint32(blocks-1)):][:blockSize]
		for s := range slots {
			at := block[2*(s&1*slots/2+s>>1):] // tags stand in two words, in turns
			if binary.LittleEndian.Uint16(at) != 0 {
				continue
			}
			binary.LittleEndian.PutUint16(at, tag)
			for y, w := range r.Weights {
				block[2*slots+6*s+y] = byte(int(w) + bias)
			}
			break
		}
	}
	return append(b, table...)
}

func blockOf(h, mask uint32) int { return int(h>>16&mask) * blockSize }

func tagOf(h uint32) uint16 {
	if h&0xffff == 0 {
		return 1
	}
	return uint16(h)
}

// ErrModel says that bytes are no model.
var ErrModel = errors.New("these bytes are no model")

// Read makes a model of its bytes.
func Read(b []byte) (*Model, error) {
	head := len(magic) + 12 + 4*Labels*Labels
	if len(b) < head || string(b[:len(magic)]) != magic {
		return nil, ErrModel
	}
	b = b[len(magic):]
	next := func() uint32 {
		x := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return x
	}
	words, blocks := int(next()), int(next())
	m := &Model{outside: int32(next()), mask: uint32(blocks - 1)}
	for i := range m.pair {
		for j := range m.pair[i] {
			m.pair[i][j] = int32(next())
		}
	}
	if words < 1 || blocks < 1 || blocks > 1<<16 || blocks&(blocks-1) != 0 || len(b) != 4*words+blocks*blockSize {
		return nil, ErrModel
	}
	m.lexicon.entries = make([]uint32, words)
	for i := range m.lexicon.entries {
		m.lexicon.entries[i] = next()
	}
	m.blocks = append(b[:len(b):len(b)], 0, 0) // the last row is read with two bytes more
	var v [9]uint32
	for c := range m.classes {
		Classes(&v, Class(c))
		m.sum(v[:], &m.classes[c])
	}
	return m, nil
}

const (
	lanes  = 0x0001_0001_0001_0001
	highs  = 0x8000_8000_8000_8000
	octets = 0x0000_00ff_00ff_00ff
)

// sum adds the weights of features: each is one read of one block, without a branch.
func (m *Model) sum(features []uint32, out *[8]int16) {
	var even, odd uint64
	hits := uint64(0)
	table := m.blocks
	for _, h := range features {
		at := blockOf(h, m.mask)
		block := table[at : at+blockSize+2]
		tag := uint64(h & 0xffff)
		if tag == 0 {
			tag = 1
		}
		left := binary.LittleEndian.Uint64(block) ^ tag*lanes
		right := binary.LittleEndian.Uint64(block[8:]) ^ tag*lanes
		inLeft := (left - lanes) & ^left & highs // the lowest set bit is the place of this tag
		inRight := (right - lanes) & ^right & highs
		found := inLeft>>8 | inRight
		slot := bits.TrailingZeros64(found) >> 3 & (slots - 1)
		some := found | -found // its highest bit says whether there is one
		row := binary.LittleEndian.Uint64(block[2*slots+6*slot:]) & uint64(int64(some)>>63)
		even += row & octets
		odd += row >> 8 & octets
		hits += some >> 63
	}
	for y := range 3 {
		out[2*y] = int16(even>>(16*y)&0xffff) - int16(hits*bias)
		out[2*y+1] = int16(odd>>(16*y)&0xffff) - int16(hits*bias)
	}
}

// Classify fills what the lists say of tokens.
func (m *Model) Classify(tokens []Token, text []byte) { m.lexicon.Classify(tokens, text) }

// Emission is what the weights say of each label for one token.
type Emission [Labels]int32

// Nothing is the emission of a token that is in no name.
var Nothing = Emission{0, never, never, never, never, never, never}

// Scale is how many units of a weight are one nat.
const Scale = 24

// EmitOne is the emission of token i of tokens that were classified and seen.
func (m *Model) EmitOne(v *Vector, tokens []Token, i int) Emission {
	var sums [8]int16
	m.sum(v[:Extract(v, tokens, i)], &sums)
	c := &m.classes[tokens[i].Class]
	e := Emission{0: -m.outside}
	for y := range Labels - 1 {
		e[y+1] = int32(sums[y]) + int32(c[y])
	}
	return e
}

// Emit writes the emissions of all tokens.
func (m *Model) Emit(dst []Emission, tokens []Token) []Emission {
	var v Vector
	for i := range tokens {
		dst = append(dst, m.EmitOne(&v, tokens, i))
	}
	return dst
}

// Path is the work space of Best.
type Path struct {
	back [][Labels]uint8
}

// never is the score of what cannot be. Sums of it are cut off, or they would run over.
const never = -1 << 28

// Best writes the best sequence of labels (Viterbi).
func (m *Model) Best(dst []uint8, p *Path, emissions []Emission) []uint8 {
	if len(emissions) == 0 {
		return dst
	}
	p.back = p.back[:0]
	var score [Labels]int32
	for y := range score {
		score[y] = never
		if Begins(y) {
			score[y] = emissions[0][y]
		}
	}
	for i := range emissions {
		var from [Labels]uint8
		if i > 0 {
			var next [Labels]int32
			for y := 0; y < Labels; y++ {
				var top int32
				var best uint8
				if Begins(y) {
					top, best = score[0]+m.pair[0][y], 0
					for q := 1; q < Labels; q++ {
						if s := score[q] + m.pair[q][y]; s > top {
							top, best = s, uint8(q)
						}
					}
				} else {
					top, best = score[y]+m.pair[y][y], uint8(y)
					if s := score[y-1] + m.pair[y-1][y]; s > top {
						top, best = s, uint8(y-1)
					}
				}
				next[y], from[y] = max(top, never)+emissions[i][y], best
			}
			score = next
		}
		p.back = append(p.back, from)
	}
	y := uint8(0)
	for q := 1; q < Labels; q++ {
		if score[q] > score[y] {
			y = uint8(q)
		}
	}
	start := len(dst)
	for range emissions {
		dst = append(dst, 0)
	}
	for i := len(emissions) - 1; i >= 0; i-- {
		dst[start+i] = y
		y = p.back[i][y]
	}
	return dst
}

// Margin is by how much the path with the name in tokens from to end beats the path without it, when all else stays.
func (m *Model) Margin(emissions []Emission, labels []uint8, from, end int) int32 {
	var with, without int32
	for i := from; i <= end && i < len(labels); i++ {
		plain := Outside
		if i == end {
			plain = labels[i]
		}
		if i > 0 {
			before := labels[i-1]
			if i > from {
				before = Outside
			}
			with += m.pair[labels[i-1]][labels[i]]
			without += m.pair[before][plain]
		}
		with += emissions[i][labels[i]]
		without += emissions[i][plain]
	}
	return with - without
}

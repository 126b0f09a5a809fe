package exact

import (
	"math"
	"math/bits"
	"slices"
)

// fuse is a binary fuse filter with three positions a key and eight bits a position: a static set of 64-bit keys that answers for
// a key of the set always yes, and for another with one chance in 256. Written from the paper (Thomas Mueller Graf and Daniel Lemire,
// "Binary Fuse Filters: Fast and Smaller Than Xor Filters", 2022).
//
// Each key has a byte at three places in three neighbouring segments; the exclusive or of the three is a check of the key. Building
// peels keys off that are alone at one of their places, and fills the places in the opposite order. The keys are mixed before, and
// sorted by what they are mixed to, which takes duplicates out and lets building walk through memory instead of jumping about.
type fuse struct {
	seed         uint64
	segment      uint32 // places in a segment, a power of two
	segmentCount uint64 // places that a key's first place may be in
	checks       []uint8
}

// mix is the finaliser of MurmurHash3: a permutation of 64 bits.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// newFuse builds the filter. The keys are overwritten; they may repeat. The same keys give the same filter. A seed fails with a
// small chance, more often for a handful of keys, and then the next is tried.
func newFuse(keys []uint64) *fuse {
	f := &fuse{}
	for {
		seed := mix(f.seed + 0x9e3779b97f4a7c15)
		for i, k := range keys {
			if f.seed != 0 { // mixed by the try before
				k = unmix(k) - f.seed
			}
			keys[i] = mix(k + seed)
		}
		f.seed = seed
		slices.Sort(keys)
		keys = slices.Compact(keys)
		f.size(len(keys))
		if f.fill(keys) {
			return f
		}
	}
}

// unmix is the inverse of mix.
func unmix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0x9cb4b2f8129337db
	h ^= h >> 33
	h *= 0x4f74430c22a54005
	return h ^ h>>33
}

// size chooses the sizes as the paper's program does.
func (f *fuse) size(n int) {
	f.segment = 4
	factor := 1.125
	if n > 1 {
		f.segment = 1 << min(18, int(math.Floor(math.Log(float64(n))/math.Log(3.33)+2.25)))
		factor = math.Max(1.125, 0.875+0.25*math.Log(1000000)/math.Log(float64(n)))
	}
	places := uint64(math.Round(float64(n) * factor))
	segments := (places + uint64(f.segment) - 1) / uint64(f.segment)
	first := uint64(1)
	if segments > 2 {
		first = segments - 2
	}
	f.segmentCount = first * uint64(f.segment)
	f.checks = make([]uint8, f.segmentCount+2*uint64(f.segment))
}

// places are the three places of a mixed key.
func (f *fuse) places(h uint64) (a, b, c uint32) {
	high, _ := bits.Mul64(h, f.segmentCount)
	a = uint32(high)
	b = (a + f.segment) ^ uint32(h>>18)&(f.segment-1)
	c = (a + 2*f.segment) ^ uint32(h)&(f.segment-1)
	return a, b, c
}

func check(h uint64) uint8 { return uint8(h ^ h>>32) }

// has reports whether the key is in the set, or seems to be.
func (f *fuse) has(key uint64) bool {
	h := mix(key + f.seed)
	a, b, c := f.places(h)
	return check(h)^f.checks[a]^f.checks[b]^f.checks[c] == 0
}

// fill peels the mixed keys, which are sorted and distinct, and reports whether all came off.
func (f *fuse) fill(keys []uint64) bool {
	counts := make([]uint8, len(f.checks)) // how many keys have the place
	sums := make([]uint64, len(f.checks))  // the exclusive or of them
	for _, h := range keys {
		a, b, c := f.places(h)
		for _, p := range [3]uint32{a, b, c} {
			if counts[p] == math.MaxUint8 {
				return false
			}
			counts[p]++
			sums[p] ^= h
		}
	}
	alone := make([]uint32, 0, len(f.checks))
	for p, n := range counts {
		if n == 1 {
			alone = append(alone, uint32(p))
		}
	}
	type peeled struct {
		key   uint64
		place uint32
	}
	order := make([]peeled, 0, len(keys))
	for len(alone) > 0 {
		p := alone[len(alone)-1]
		alone = alone[:len(alone)-1]
		if counts[p] != 1 {
			continue
		}
		h := sums[p]
		order = append(order, peeled{h, p})
		a, b, c := f.places(h)
		for _, q := range [3]uint32{a, b, c} {
			counts[q]--
			sums[q] ^= h
			if counts[q] == 1 {
				alone = append(alone, q)
			}
		}
	}
	if len(order) != len(keys) {
		return false
	}
	for i := len(order) - 1; i >= 0; i-- {
		h, p := order[i].key, order[i].place
		a, b, c := f.places(h)
		f.checks[p] = 0
		f.checks[p] = check(h) ^ f.checks[a] ^ f.checks[b] ^ f.checks[c]
	}
	return true
}

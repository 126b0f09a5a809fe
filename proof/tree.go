package proof

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// LeafHash is the RFC 6962 hash of a leaf's stored bytes.
func LeafHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Tree is a growing RFC 6962 tree that keeps only what growth needs: the roots of its
// complete subtrees and the rightmost, partial tile of each level. The zero Tree is empty.
//
// Clone is cheap. A clone and its original may not both grow, except that a clone may be
// thrown away and another be made: this is how a batch that is rolled back is undone.
type Tree struct {
	size  int64
	nodes [41]Hash         // nodes[k]: root of the complete subtree of 2^k leaves, where bit k of size is set
	tiles [maxLevel][]byte // partial tiles; level l holds size>>8l mod 256 hashes
}

// TileRef names a tile of a log: its level, its number, and how many hashes it holds.
type TileRef struct {
	Level  int
	Number int64
	Width  int
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Clone returns a copy.
func (t *Tree) Clone() *Tree {
	c := *t
	return &c
}

// Append adds a leaf's hash. It calls full, if not nil, for each tile that became full;
// the bytes may be kept.
func (t *Tree) Append(h Hash, full func(level int, number int64, hashes []byte)) {
	n := t.size
	t.push(0, n, h, full)
	k := bits.TrailingZeros64(^uint64(n)) // trailing ones of n: subtrees that merge
	for i := range k {
		h = tlog.NodeHash(t.nodes[i], h)
		if up := i + 1; up%tileBits == 0 {
			t.push(up/tileBits, n>>up, h, full)
		}
	}
	t.nodes[k] = h
	t.size++
}

func (t *Tree) push(level int, at int64, h Hash, full func(int, int64, []byte)) {
	tile := t.tiles[level]
	if tile == nil {
		tile = make([]byte, 0, TileWidth*tlog.HashSize)
	}
	tile = append(tile, h[:]...)
	if len(tile) < TileWidth*tlog.HashSize {
		t.tiles[level] = tile
		return
	}
	t.tiles[level] = nil
	if full != nil {
		full(level, at>>tileBits, tile)
	}
}

// Root is the tree's root hash.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	low := bits.TrailingZeros64(uint64(t.size))
	h := t.nodes[low]
	for k := low + 1; k < len(t.nodes); k++ {
		if t.size>>k&1 == 1 {
			h = tlog.NodeHash(t.nodes[k], h)
		}
	}
	return h
}

// Partial calls each for every partial tile that is not empty.
func (t *Tree) Partial(each func(level int, number int64, hashes []byte)) {
	for level, tile := range t.tiles {
		if len(tile) > 0 {
			each(level, t.size>>(tileBits*(level+1)), tile)
		}
	}
}

// PartialTiles lists the partial tiles of a tree of that size.
func PartialTiles(size int64) []TileRef {
	var refs []TileRef
	for level := 0; size>>(tileBits*level) > 0; level++ {
		if w := int(size >> (tileBits * level) % TileWidth); w > 0 {
			refs = append(refs, TileRef{level, size >> (tileBits * (level + 1)), w})
		}
	}
	return refs
}

// Resume makes a Tree of a given size from its partial tiles; a tile may be wider than
// the size demands. It does not know whether the tiles are true: compare Root.
func Resume(size int64, read func(TileRef) ([]byte, error)) (*Tree, error) {
	if size < 0 || size > maxSize {
		return nil, malformed("tree size")
	}
	t := &Tree{size: size}
	for _, ref := range PartialTiles(size) {
		data, err := read(ref)
		if err != nil {
			return nil, err
		}
		if len(data) < ref.Width*tlog.HashSize {
			return nil, malformed(fmt.Sprintf("tile %d/%d is too short", ref.Level, ref.Number))
		}
		data = data[:ref.Width*tlog.HashSize]
		t.tiles[ref.Level] = append(make([]byte, 0, TileWidth*tlog.HashSize), data...)
		for k := tileBits - 1; k >= 0; k-- {
			if ref.Width>>k&1 == 1 {
				n := tlog.HashSize << k
				t.nodes[ref.Level*tileBits+k] = tileRoot(data[:n])
				data = data[n:]
			}
		}
	}
	return t, nil
}

// tileRoot hashes 2^k hashes to their root.
func tileRoot(data []byte) Hash {
	if len(data) == tlog.HashSize {
		return Hash(data)
	}
	half := len(data) / 2
	return tlog.NodeHash(tileRoot(data[:half]), tileRoot(data[half:]))
}

// Hashes reads the tree's nodes out of its tiles, for tlog.ProveRecord, ProveTree and
// TreeHash. It keeps the tiles it read; it does not check them.
type Hashes struct {
	size int64
	read func(TileRef) ([]byte, error)
	kept map[TileRef][]byte
}

// NewHashes reads nodes of a tree of the given size. read may return a tile that is wider
// than asked for.
func NewHashes(size int64, read func(TileRef) ([]byte, error)) *Hashes {
	return &Hashes{size: size, read: read, kept: map[TileRef][]byte{}}
}

// ReadHashes implements tlog.HashReader.
func (r *Hashes) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		k, n := tlog.SplitStoredHashIndex(x)
		level := k / tileBits
		in := k % tileBits // height of the node inside its tile
		first := n << in   // its first hash, counted along the tile's level
		ref := TileRef{Level: level, Number: first >> tileBits, Width: TileWidth}
		if end := r.size >> (tileBits * level); ref.Number == end>>tileBits {
			ref.Width = int(end % TileWidth)
		}
		from, to := int(first%TileWidth), int(first%TileWidth)+1<<in
		if to > ref.Width || ref.Number > r.size>>(tileBits*(level+1)) {
			return nil, malformed("node is not in the tree")
		}
		data, ok := r.kept[ref]
		if !ok {
			var err error
			if data, err = r.read(ref); err != nil {
				return nil, err
			}
			if len(data) < ref.Width*tlog.HashSize {
				return nil, malformed(fmt.Sprintf("tile %d/%d is too short", ref.Level, ref.Number))
			}
			r.kept[ref] = data
		}
		out[i] = tileRoot(data[from*tlog.HashSize : to*tlog.HashSize])
	}
	return out, nil
}

// Path is the tile's C2SP path under a log's prefix, such as tile/0/x001/234.p/17.
func (r TileRef) Path() string {
	p := (tlog.Tile{H: tileBits, L: r.Level, N: r.Number, W: r.Width}).Path()
	return "tile/" + p[len("tile/8/"):]
}

// EntriesPath is the C2SP path of the leaves under this tile of level 0.
func EntriesPath(number int64, width int) string {
	p := TileRef{0, number, width}.Path()
	return "tile/entries/" + p[len("tile/0/"):]
}

// AppendEntry appends a leaf to a C2SP entry bundle: its length in two bytes, its bytes.
func AppendEntry(b, leaf []byte) []byte {
	return append(append(b, byte(len(leaf)>>8), byte(len(leaf))), leaf...)
}

// ParseEntries reads a C2SP entry bundle; the leaves are slices of data, appended to into.
func ParseEntries(data []byte, into [][]byte) ([][]byte, error) {
	for len(data) > 0 {
		if len(data) < 2 {
			return into, malformed("entry bundle ends early")
		}
		n := int(data[0])<<8 | int(data[1])
		if len(data) < 2+n {
			return into, malformed("entry bundle ends early")
		}
		into = append(into, slices.Clip(data[2:2+n]))
		data = data[2+n:]
	}
	return into, nil
}

package strip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

const (
	tiffPages  = 4096    // directories, which are pages
	tiffPieces = 1 << 20 // pieces of pixels of all pages
)

// tiffShown are the fields of TIFF that say how pixels are to be read and shown (TIFF 6.0, its supplements, and profiles of colours); all others go.
var tiffShown = func() map[uint16]bool {
	shown := map[uint16]bool{}
	for _, tag := range []uint16{
		254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 274, 277, 278, 280, 281, 282, 283, 284, 286, 287, 288, 289, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320,
		321, 322, 323, 326, 327, 328, 332, 334, 336, 338, 339, 340, 341, 347, 529, 530, 531, 532, 34675,
	} {
		shown[tag] = true
	}
	return shown
}()

const (
	tiffStrips, tiffStripSizes = 273, 279
	tiffTiles, tiffTileSizes   = 324, 325
	tiffMore                   = 330 // pages within a page
)

// tiffWords are the words for fields that go, where another than Vendor says more.
var tiffWords = map[uint16]string{
	34665: Exif, 34853: Exif, 40965: Exif, 700: XMP, 33723: IPTC, 34377: IPTC, 270: Comment, 269: Comment, 285: Comment, 40092: Comment, 40091: Comment, 40094: Comment, 40095: Comment,
	306: Time, 315: Author, 40093: Author, 33432: Author, 316: Vendor,
}

// tiffSizes are the bytes of a value of each type.
var tiffSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

// TIFF gives back a picture, of one page or many, without what travels with it, and the words for what went. The parts of such a file are found by
// their places: directories lose the fields that go, whatever no directory needs any more is overwritten where it stands, and nothing moves. Small
// copies of pages stay. Raw pictures of cameras (DNG), JPEG of the old kind within TIFF, and BigTIFF are not understood.
func TIFF(data []byte) (clean []byte, what []string, err error) {
	t := &tiff{data: data, out: bytes.Clone(data), seen: map[int64]bool{}}
	switch {
	case bytes.HasPrefix(data, []byte("II*\x00")):
		t.order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		t.order = binary.BigEndian
	}
	if t.order == nil || len(data) < 8 {
		return nil, nil, ErrNotUnderstood
	}
	t.needs(0, 8, true)
	t.queue = append(t.queue, int64(t.order.Uint32(data[4:])))
	for len(t.queue) > 0 {
		at := t.queue[0]
		t.queue = t.queue[1:]
		if err := t.page(at); err != nil {
			return nil, nil, err
		}
	}
	if t.pieces == 0 || !t.clear() {
		return nil, nil, ErrNotUnderstood
	}
	return t.out, t.gone, nil
}

// tiff is a file being stripped.
type tiff struct {
	data   []byte // as it was
	out    []byte
	order  binary.ByteOrder
	queue  []int64
	seen   map[int64]bool
	needed []need
	pieces int
	gone   removed
}

// need are bytes that stay; changed ones are nobody else's.
type need struct {
	span
	changed bool
}

// needs notes bytes that stay. false: they are not all there.
func (t *tiff) needs(from, size int64, changed bool) bool {
	if from < 0 || size < 0 || size > int64(len(t.data)) || from > int64(len(t.data))-size {
		return false
	}
	t.needed = append(t.needed, need{span{from, from + size}, changed})
	return true
}

// field is an entry of a directory.
type field struct {
	tag, kind uint16
	count     int64
	at        int64 // where its values stand
}

func (f field) size() int64 { return f.count * tiffSizes[f.kind] }

// values are those of a field of whole numbers.
func (t *tiff) values(f field) ([]int64, bool) {
	if f.kind != 3 && f.kind != 4 && f.kind != 13 || f.count > tiffPieces || f.at+f.size() > int64(len(t.data)) {
		return nil, false
	}
	out := make([]int64, f.count)
	for i := range out {
		if f.kind == 3 {
			out[i] = int64(t.order.Uint16(t.data[f.at+2*int64(i):]))
		} else {
			out[i] = int64(t.order.Uint32(t.data[f.at+4*int64(i):]))
		}
	}
	return out, true
}

// page takes fields out of one directory and notes what it needs.
func (t *tiff) page(at int64) error {
	if at == 0 {
		return nil // there is no next one
	}
	if at < 8 || at+2 > int64(len(t.data)) || t.seen[at] || len(t.seen) >= tiffPages {
		return ErrNotUnderstood
	}
	t.seen[at] = true
	n := int64(t.order.Uint16(t.data[at:]))
	end := at + 2 + 12*n
	if end+4 > int64(len(t.data)) {
		return ErrNotUnderstood
	}
	places, sizes := map[uint16]field{}, map[uint16]field{}
	named := map[uint16]bool{}
	kept := int64(0)
	for i := range n {
		entry := t.data[at+2+12*i:][:12]
		f := field{tag: t.order.Uint16(entry), kind: t.order.Uint16(entry[2:]), count: int64(t.order.Uint32(entry[4:]))}
		switch {
		case f.tag >= 512 && f.tag <= 521, f.tag >= 50706 && f.tag <= 50741:
			return ErrNotUnderstood
		case tiffShown[f.tag], f.tag == tiffStrips, f.tag == tiffStripSizes, f.tag == tiffTiles, f.tag == tiffTileSizes, f.tag == tiffMore:
		default:
			t.gone.add(cmp.Or(tiffWords[f.tag], Vendor))
			continue
		}
		if f.kind == 0 || int(f.kind) >= len(tiffSizes) || named[f.tag] { // of two of a name one decoder heeds the first, another the last
			return ErrNotUnderstood
		}
		named[f.tag] = true
		stays := t.out[at+2+12*kept:][:12] // never behind where it stood
		copy(stays, entry)
		if f.at = int64(t.order.Uint32(entry[8:])); f.size() <= 4 {
			f.at = at + 2 + 12*i + 8
			clear(stays[8+f.size():])
		} else if !t.needs(f.at, f.size(), false) {
			return ErrNotUnderstood
		}
		kept++
		switch f.tag {
		case tiffStrips, tiffTiles:
			places[f.tag] = f
		case tiffStripSizes, tiffTileSizes:
			sizes[f.tag] = f
		case tiffMore:
			more, ok := t.values(f)
			if !ok || len(more) > tiffPages {
				return ErrNotUnderstood
			}
			t.queue = append(t.queue, more...)
		}
	}
	t.order.PutUint16(t.out[at:], uint16(kept))
	copy(t.out[at+2+12*kept:], t.data[end:end+4])
	t.queue = append(t.queue, int64(t.order.Uint32(t.data[end:])))
	if !t.needs(at, 2+12*kept+4, true) {
		return ErrNotUnderstood
	}
	return t.pixels(places[tiffStrips], sizes[tiffStripSizes], places[tiffTiles], sizes[tiffTileSizes])
}

// pixels notes the pieces that the pixels of a page stand in.
func (t *tiff) pixels(pairs ...field) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].count == 0 && pairs[i+1].count == 0 {
			continue
		}
		places, ok := t.values(pairs[i])
		sizes, also := t.values(pairs[i+1])
		if t.pieces += len(places); !ok || !also || len(places) != len(sizes) || t.pieces > tiffPieces {
			return ErrNotUnderstood
		}
		for k, place := range places {
			if !t.needs(place, sizes[k], false) {
				return ErrNotUnderstood
			}
		}
	}
	return nil
}

// clear overwrites what nothing needs. false: parts lie over each other, and to change one would change another.
func (t *tiff) clear() bool {
	slices.SortFunc(t.needed, func(a, b need) int { return cmp.Compare(a.from, b.from) })
	end, changed := int64(0), int64(0) // of all that came before, and of what is changed of it
	size := int64(len(t.data))
	for _, s := range append(t.needed, need{span: span{size, size}}) {
		if s.from < changed || s.changed && s.from < end {
			return false
		}
		if s.from > end {
			if room := t.out[end:s.from]; len(bytes.Trim(room, "\x00")) > 0 {
				clear(room)
				if len(t.gone) == 0 { // no field had it
					t.gone.add(Vendor)
				}
			}
		}
		if end = max(end, s.to); s.changed {
			changed = max(changed, s.to)
		}
	}
	return true
}

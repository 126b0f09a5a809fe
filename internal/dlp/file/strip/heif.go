package strip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// IsHEIF says whether a file is a picture in the container that telephones write (HEIC, AVIF; ISO/IEC 23008-12).
func IsHEIF(data []byte) bool {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return false
	}
	size := binary.BigEndian.Uint32(data)
	if size < 16 || int64(size) > int64(len(data)) || size > 1024 {
		return false
	}
	for at := uint32(8); at+4 <= size; at += 4 {
		if at != 12 && slices.Contains([]string{"mif1", "msf1", "heic", "heix", "heim", "heis", "hevc", "avif", "avis"}, string(data[at:at+4])) {
			return true
		}
	}
	return false
}

// HEIF gives back a picture without what travels with it, and the words for what went. The parts of such a file are found by their places, so
// that what goes is overwritten where it stands and nothing moves. Which way is up stands elsewhere than in Exif here, and stays.
func HEIF(data []byte) (clean []byte, what []string, err error) {
	if !IsHEIF(data) {
		return nil, nil, ErrNotUnderstood
	}
	h := &heif{data: bytes.Clone(data)}
	end, err := boxes(data, 0, int64(len(data)), h.top)
	if err != nil {
		return nil, nil, err
	}
	if !h.meta || end < int64(len(data)) || len(h.items) > maxNotes || len(h.room) > maxNotes {
		return nil, nil, ErrNotUnderstood
	}
	h.left = int64(len(data))
	for id, word := range h.items {
		if err := h.blank(id, word); err != nil {
			return nil, nil, err
		}
	}
	if err := h.gaps(); err != nil {
		return nil, nil, err
	}
	return h.data, h.gone, nil
}

// gaps overwrites what stands among the items and is none's. An item that stands elsewhere would have been overwritten with its box.
func (h *heif) gaps() error {
	var all []span
	for _, extents := range h.places {
		for _, e := range extents {
			p, ok := h.place(e)
			if !ok && e.method < 2 {
				return ErrNotUnderstood
			}
			if ok {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, room := range h.room {
		at := room.from
		for _, p := range append(all, span{room.to, room.to}) {
			if p.from > at && at < room.to {
				h.overwrite(box{"", at, min(p.from, room.to)}, Vendor)
			}
			at = max(at, p.to)
		}
	}
	return nil
}

const (
	maxNotes   = 64      // items that go, and places where items may stand: cameras write one or two
	maxPieces  = 16      // pieces of an item that goes
	maxExtents = 1 << 14 // pieces of all items: a picture of tiles has some hundred
)

// heif overwrites in a copy.
type heif struct {
	data   []byte
	meta   bool
	items  map[uint32]string // those that go, and the word for it
	places map[uint32][]extent
	pieces int
	left   int64 // bytes that may still be overwritten
	idat   span
	room   []span // where items may stand
	gone   removed
}

// extent is a piece of an item.
type extent struct {
	span
	method uint64 // counted from the beginning: 0 of the file, 1 of the box idat, 2 of another item
}

// box is a piece with a kind; a piece of kind uuid has sixteen bytes of name more, which are of its payload here.
type box struct {
	kind     string
	from, to int64 // of its payload
}

// boxes visits those that stand one behind the other in a span, and says where they end.
func boxes(data []byte, from, to int64, visit func(box) error) (end int64, err error) {
	for from+8 <= to {
		size, head := int64(binary.BigEndian.Uint32(data[from:])), int64(8)
		switch size {
		case 0:
			size = to - from
		case 1:
			if from+16 > to {
				return 0, ErrNotUnderstood
			}
			large := binary.BigEndian.Uint64(data[from+8:])
			if large > uint64(to-from) {
				return 0, ErrNotUnderstood
			}
			size, head = int64(large), 16
		}
		if size < head || from+size > to {
			return 0, ErrNotUnderstood
		}
		if err := visit(box{string(data[from+4 : from+8]), from + head, from + size}); err != nil {
			return 0, err
		}
		from += size
	}
	return from, nil
}

func (h *heif) top(b box) error {
	switch b.kind {
	case "meta":
		if h.meta || b.from+4 > b.to {
			return ErrNotUnderstood
		}
		h.meta = true
		_, err := boxes(h.data, b.from+4, b.to, h.inMeta)
		return err
	case "mdat":
		h.room = append(h.room, span{b.from, b.to})
	case "moov", "moof", "meco", "imda": // a moving one has tracks with notes of their own; and other places for items
		return ErrNotUnderstood
	case "ftyp":
	default: // a reader passes over it: a film of the moment before, what telephones leave for themselves
		h.overwrite(b, Vendor)
	}
	return nil
}

// overwrite leaves a box without a byte of what it held.
func (h *heif) overwrite(b box, word string) {
	if payload := h.data[b.from:b.to]; len(bytes.Trim(payload, "\x00")) > 0 {
		clear(payload)
		h.gone.add(word)
	}
}

func (h *heif) inMeta(b box) error {
	switch b.kind {
	case "iinf":
		return h.names(b)
	case "iloc":
		return h.locate(b)
	case "idat":
		h.idat = span{b.from, b.to}
		h.room = append(h.room, h.idat)
	case "iprp":
		_, err := boxes(h.data, b.from, b.to, func(p box) error {
			if p.kind != "ipco" {
				return nil
			}
			_, err := boxes(h.data, p.from, p.to, h.property)
			return err
		})
		return err
	case "hdlr":
		if name := (box{b.kind, b.from + 24, b.to}); name.from < name.to {
			h.overwrite(name, Vendor)
		}
	case "pitm", "iref", "grpl", "ipro", "dinf":
	default:
		h.overwrite(b, Vendor)
	}
	return nil
}

// property empties those that are shown nowhere. They are told by their order, so that each stays where it is.
func (h *heif) property(b box) error {
	switch b.kind {
	case "udes": // a name, a description and keywords
		h.overwrite(b, Text)
	case "crtt", "mdft", "itai":
		h.overwrite(b, Time)
	case "free", "skip":
		h.overwrite(b, Vendor)
	}
	return nil
}

// pictured are the kinds of items that are pictures, or say how one is made of others.
var pictured = []string{"hvc1", "lhv1", "hev1", "av01", "avc1", "vvc1", "evc1", "j2k1", "unci", "mski", "grid", "iovl", "iden", "tmap", "sato"}

// names reads what the items are.
func (h *heif) names(b box) error {
	at := b.from + 6 // version, flags, and a count of two bytes
	if b.from+4 <= b.to && h.data[b.from] > 0 {
		at += 2
	}
	if at > b.to || h.items != nil {
		return ErrNotUnderstood
	}
	h.items = map[uint32]string{}
	_, err := boxes(h.data, at, b.to, func(e box) error {
		r := reader{data: h.data[e.from:e.to]}
		version := r.take(4) >> 24
		if e.kind != "infe" || version < 2 || version > 3 {
			return ErrNotUnderstood
		}
		id := r.take(2 + 2*int(version-2))
		r.take(2) // protection
		kind := r.take(4)
		if r.short {
			return ErrNotUnderstood
		}
		rest := r.data
		switch kind := string(binary.BigEndian.AppendUint32(nil, uint32(kind))); kind {
		case "Exif":
			h.items[uint32(id)] = Exif
		case "mime":
			if _, rest, _ = bytes.Cut(rest, []byte{0}); bytes.HasPrefix(rest, []byte("application/rdf+xml")) {
				h.items[uint32(id)] = XMP
			} else {
				h.items[uint32(id)] = Vendor
			}
		case "uri ":
			h.items[uint32(id)] = Vendor
		default:
			if !slices.Contains(pictured, kind) { // of JPEG, too: it would have notes of its own
				return ErrNotUnderstood
			}
		}
		return nil
	})
	return err
}

// reader takes numbers of some bytes; short: there were not as many.
type reader struct {
	data  []byte
	short bool
}

func (r *reader) take(bytes int) uint64 {
	if len(r.data) < bytes {
		r.data, r.short = nil, true
		return 0
	}
	v := uint64(0)
	for _, c := range r.data[:bytes] {
		v = v<<8 | uint64(c)
	}
	r.data = r.data[bytes:]
	return v
}

// locate reads where the items are.
func (h *heif) locate(b box) error {
	r := reader{data: h.data[b.from:b.to]}
	version := int(r.take(4) >> 24)
	sizes := r.take(2)
	if r.short || version > 2 || h.places != nil {
		return ErrNotUnderstood
	}
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		index = 0
	}
	wide := 2 + 2*(version/2)
	h.places = map[uint32][]extent{}
	for n := r.take(wide); n > 0 && !r.short; n-- {
		id := uint32(r.take(wide))
		method := uint64(0)
		if version > 0 {
			method = r.take(2) & 15
		}
		r.take(2) // which file: another one is none of ours
		from := r.take(base)
		for k := r.take(2); k > 0 && !r.short; k-- {
			r.take(index)
			at, size := from+r.take(offset), r.take(length)
			if h.pieces++; h.pieces > maxExtents || at > 1<<40 || size > 1<<40 {
				return ErrNotUnderstood
			}
			h.places[id] = append(h.places[id], extent{span{int64(at), int64(at + size)}, method})
		}
	}
	if r.short {
		return ErrNotUnderstood
	}
	return nil
}

// emptyNotes are notes that say nothing: of Exif where it begins, and a TIFF without an entry.
var emptyNotes = map[string]string{Exif: "\x00\x00\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00", XMP: nothing}

// blank overwrites an item, unless a piece of it is another's too.
func (h *heif) blank(id uint32, word string) error {
	if n := len(h.places[id]); n == 0 || n > maxPieces {
		return ErrNotUnderstood
	}
	for i, e := range h.places[id] {
		p, ok := h.place(e)
		if h.left -= p.to - p.from; !ok || h.left < 0 || h.shared(id, p) {
			return ErrNotUnderstood
		}
		payload := h.data[p.from:p.to]
		was := bytes.Clone(payload)
		clear(payload)
		if note := emptyNotes[word]; i == 0 && len(payload) >= len(note) {
			copy(payload, note)
		}
		if !bytes.Equal(was, payload) {
			h.gone.add(word)
		}
	}
	return nil
}

// place is where an extent stands in the file.
func (h *heif) place(e extent) (p span, ok bool) {
	p = e.span
	if e.method == 1 {
		p = span{p.from + h.idat.from, p.to + h.idat.from}
	}
	return p, e.method < 2 && p.from < p.to && slices.ContainsFunc(h.room, func(r span) bool { return r.from <= p.from && p.to <= r.to })
}

// shared says whether a piece is another item's too.
func (h *heif) shared(id uint32, p span) bool {
	for other, extents := range h.places {
		if other == id {
			continue
		}
		for _, e := range extents {
			if q, ok := h.place(e); ok && q.from < p.to && p.from < q.to {
				return true
			}
		}
	}
	return false
}

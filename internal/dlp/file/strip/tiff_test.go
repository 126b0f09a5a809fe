package strip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp/file/strip"
)

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// page is a directory of TIFF to be written: fields of text and numbers, and the pixels of its one strip.
type page struct {
	texts   map[uint16]string
	numbers map[uint16]uint32
	pixels  string
	exif    bool // it has a directory of Exif with a secret in it
}

// scan writes pages one behind the other: for each its texts, its pixels, its Exif, then its directory.
func scan(order byteOrder, pages ...page) []byte {
	mark := "II*\x00"
	if order.Uint16([]byte{0, 1}) == 1 {
		mark = "MM\x00*"
	}
	out := append([]byte(mark), 0, 0, 0, 0)
	link := 4 // where the place of the next directory is to be written
	for _, p := range pages {
		type entry struct {
			tag, kind    uint16
			count, value uint32
		}
		var entries []entry
		for tag, text := range p.texts {
			entries = append(entries, entry{tag, 2, uint32(len(text)), uint32(len(out))})
			out = append(out, text...)
		}
		for tag, n := range p.numbers {
			entries = append(entries, entry{tag, 4, 1, n})
		}
		entries = append(entries, entry{273, 4, 1, uint32(len(out))}, entry{279, 4, 1, uint32(len(p.pixels))})
		out = append(out, p.pixels...)
		if p.exif {
			entries = append(entries, entry{34665, 4, 1, uint32(len(out))})
			out = order.AppendUint16(out, 1)
			out = order.AppendUint16(order.AppendUint16(out, 37510), 2)
			out = order.AppendUint32(order.AppendUint32(out, uint32(len(secret))), uint32(len(out)+12))
			out = append(order.AppendUint32(out, 0), secret...)
		}
		slices.SortFunc(entries, func(a, b entry) int { return int(a.tag) - int(b.tag) })
		order.AppendUint32(out[:link], uint32(len(out))) // over what stood there
		out = order.AppendUint16(out, uint16(len(entries)))
		for _, e := range entries {
			out = order.AppendUint16(order.AppendUint16(out, e.tag), e.kind)
			out = order.AppendUint32(order.AppendUint32(out, e.count), e.value)
		}
		link = len(out)
		out = order.AppendUint32(out, 0)
	}
	return out
}

// shown are the pixels of each page and its numbers, read back.
func shown(t *testing.T, data []byte, order binary.ByteOrder) (pixels []string, numbers []map[uint16]uint32) {
	t.Helper()
	for at := order.Uint32(data[4:]); at > 0; {
		n, one := uint32(order.Uint16(data[at:])), map[uint16]uint32{}
		for i := range n {
			e := data[at+2+12*i:]
			one[order.Uint16(e)] = order.Uint32(e[8:])
		}
		pixels = append(pixels, string(data[one[273]:][:one[279]]))
		numbers = append(numbers, one)
		at = order.Uint32(data[at+2+12*n:])
	}
	return pixels, numbers
}

func TestAScanLosesWhatTravelsWithItAndNoPixel(t *testing.T) {
	for name, order := range map[string]byteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		first := page{texts: map[uint16]string{270: secret, 305: secret, 306: secret, 315: secret, 700: secret, 33723: secret, 50000: secret}, numbers: map[uint16]uint32{256: 4, 257: 2, 274: 6, 50001: 0x52414841}, pixels: "pixels of the first page", exif: true}
		second := page{texts: map[uint16]string{316: secret}, numbers: map[uint16]uint32{256: 4, 257: 3}, pixels: "pixels of the second page"}
		data := append(scan(order, first, second), secret...)
		clean, gone, err := strip.TIFF(data)
		if err != nil {
			t.Fatal(name, err)
		}
		if bytes.Contains(clean, []byte("RAHASIA")) || len(clean) != len(data) {
			t.Errorf("%s: it holds it still: %q", name, clean)
		}
		pixels, numbers := shown(t, clean, order)
		if !slices.Equal(pixels, []string{first.pixels, second.pixels}) || numbers[0][274] != 6 || numbers[0][256] != 4 || numbers[1][257] != 3 {
			t.Errorf("%s: shown are %q, %v", name, pixels, numbers)
		}
		if len(numbers[0]) != 5 || len(numbers[1]) != 4 {
			t.Errorf("%s: fields left: %v", name, numbers)
		}
		for _, want := range []string{strip.Exif, strip.XMP, strip.IPTC, strip.Comment, strip.Author, strip.Time, strip.Vendor} {
			if !slices.Contains(gone, want) {
				t.Errorf("%s: %s is not among %v", name, want, gone)
			}
		}
		if again, gone, err := strip.TIFF(clean); err != nil || !bytes.Equal(again, clean) || len(gone) > 0 {
			t.Errorf("%s: a second time takes %v, %v", name, gone, err)
		}
	}
}

func TestAScanThatIsNotUnderstoodIsLeftAlone(t *testing.T) {
	le := binary.LittleEndian
	sound := page{numbers: map[uint16]uint32{256: 4}, pixels: "pixels"}
	good := scan(le, sound)
	changed := func(change func(b []byte, directory int)) []byte {
		b := bytes.Clone(good)
		change(b, int(le.Uint32(b[4:])))
		return b
	}
	with := func(tag uint16, value uint32) []byte {
		p := sound
		p.numbers = map[uint16]uint32{256: 4, tag: value}
		return scan(le, p)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "a head": good[:8], "BigTIFF": []byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00"), "half": good[:len(good)-6], "no picture": []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
		"a camera's raw picture": with(50706, 0x00000401), "JPEG of the old kind": with(513, 8),
		"pages in a circle":          changed(func(b []byte, at int) { le.PutUint32(b[len(b)-4:], uint32(at)) }),
		"a page behind the end":      changed(func(b []byte, _ int) { le.PutUint32(b[len(b)-4:], 1<<31) }),
		"pixels behind the end":      changed(func(b []byte, at int) { le.PutUint32(b[at+2+12+8:], 1<<30) }),
		"pixels over the directory":  changed(func(b []byte, at int) { le.PutUint32(b[at+2+12+8:], uint32(at)) }),
		"more pieces than there are": changed(func(b []byte, at int) { le.PutUint32(b[at+2+12+4:], 1<<31) }),
		"a type that is none":        changed(func(b []byte, at int) { b[at+2+2] = 99 }),
		"places given twice":         changed(func(b []byte, at int) { le.PutUint16(b[at+2:], 273) }),
		"pages within in a circle":   with(330, 14),
		"places without sizes":       changed(func(b []byte, at int) { le.PutUint16(b[at+2+24:], 300) }),
	} {
		if _, _, err := strip.TIFF(data); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if clean, gone, err := strip.TIFF(good); err != nil || len(gone) > 0 || !bytes.Equal(clean, good) {
		t.Errorf("one with nothing to lose: %v, %v", gone, err)
	}
}

func FuzzTIFF(f *testing.F) {
	f.Add(scan(binary.LittleEndian, page{texts: map[uint16]string{270: secret}, numbers: map[uint16]uint32{256: 4}, pixels: "pixels", exif: true}))
	f.Add(scan(binary.BigEndian, page{pixels: "pixels"}, page{numbers: map[uint16]uint32{330: 8}, pixels: strings.Repeat("x", 50)}))
	f.Fuzz(func(t *testing.T, data []byte) { twice(t, data, strip.TIFF, 0) })
}

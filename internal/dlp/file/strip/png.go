package strip

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const pngHead = "\x89PNG\r\n\x1a\n"

// shown are the chunks that change what is seen: pixels, colours, transparency, size, movement.
var shown = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "CgBI": true,
	"tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "cICP": true, "mDCV": true, "cLLI": true, "sBIT": true, "bKGD": true, "hIST": true, "pHYs": true,
	"sPLT": true, "acTL": true, "fcTL": true, "fdAT": true, "sTER": true, "oFFs": true,
}

// PNG gives back a picture without what travels with it, and the words for what went.
func PNG(data []byte) (clean []byte, what []string, err error) {
	if !bytes.HasPrefix(data, []byte(pngHead)) {
		return nil, nil, ErrNotUnderstood
	}
	out := make([]byte, 0, len(data)+exifSize)
	out = append(out, pngHead...)
	var gone removed
	for at := len(pngHead); ; {
		if at+12 > len(data) {
			return nil, nil, ErrNotUnderstood
		}
		size := int64(binary.BigEndian.Uint32(data[at:]))
		next := int64(at) + 12 + size
		if next > int64(len(data)) {
			return nil, nil, ErrNotUnderstood
		}
		kind, all := string(data[at+4:at+8]), data[at:next]
		if !letters(kind) {
			return nil, nil, ErrNotUnderstood
		}
		at = int(next)
		switch {
		case kind == "IEND":
			out = append(out, all...)
			if at < len(data) {
				gone.add(Trailer)
			}
			return out, gone, nil
		case shown[kind]:
			out = append(out, all...)
		case kind[0]&0x20 == 0: // no reader may ignore it
			return nil, nil, ErrNotUnderstood
		case kind == "eXIf":
			gone.add(Exif)
			if way := orientation(all[8 : 8+size]); way > 1 {
				out = append(out, chunk("eXIf", oriented(way))...)
			}
		case kind == "tEXt", kind == "zTXt", kind == "iTXt":
			gone.add(Text)
		case kind == "tIME":
			gone.add(Time)
		default:
			gone.add(Vendor)
		}
	}
}

func letters(kind string) bool {
	for _, c := range []byte(kind) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

func chunk(kind string, payload []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	out = append(append(out, kind...), payload...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

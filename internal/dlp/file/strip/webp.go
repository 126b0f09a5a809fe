package strip

import (
	"bytes"
	"encoding/binary"
)

// What the first chunk of an extended WebP says of the others (RFC 9649, section 2.7).
const (
	webpExif = 0x08
	webpXMP  = 0x04
)

// WebP gives back a picture, moving or not, without what travels with it, and the words for what went.
func WebP(data []byte) (clean []byte, what []string, err error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
		return nil, nil, ErrNotUnderstood
	}
	size := int64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size > int64(len(data)) || size < 12 {
		return nil, nil, ErrNotUnderstood
	}
	var gone removed
	if size < int64(len(data)) {
		gone.add(Trailer)
	}
	way := 1
	body, err := gone.chunks(data[12:size], &way, false)
	if err != nil {
		return nil, nil, err
	}
	if len(body) < 8 || string(body[:3]) != "VP8" {
		return nil, nil, ErrNotUnderstood
	}
	if string(body[:4]) == "VP8X" {
		if len(body) < 18 {
			return nil, nil, ErrNotUnderstood
		}
		body[8] &^= webpExif | webpXMP
		if way > 1 {
			body[8] |= webpExif
			body = append(body, riff("EXIF", oriented(way))...)
		}
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(out, "WEBP"...), body...), gone, nil
}

// chunks copies those that are shown, also those within the pictures of a moving one, and notes the others and which way is up.
func (r *removed) chunks(data []byte, way *int, within bool) (kept []byte, err error) {
	for len(data) > 0 {
		if len(data) < 8 {
			return nil, ErrNotUnderstood
		}
		kind, size := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
		next := 8 + size + size&1
		if next > int64(len(data)) {
			return nil, ErrNotUnderstood
		}
		all, payload := data[:next], data[8:8+size]
		data = data[next:]
		switch kind {
		case "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ICCP":
			kept = append(kept, all...)
		case "ANMF":
			if len(payload) < 16 || within {
				return nil, ErrNotUnderstood
			}
			inside, err := r.chunks(payload[16:], way, true)
			if err != nil {
				return nil, err
			}
			kept = append(kept, riff(kind, append(bytes.Clone(payload[:16]), inside...))...)
		case "EXIF":
			r.add(Exif)
			if *way == 1 {
				*way = orientation(bytes.TrimPrefix(payload, []byte(exifHead)))
			}
		case "XMP ":
			r.add(XMP)
		default:
			r.add(Vendor)
		}
	}
	return kept, nil
}

func riff(kind string, payload []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(payload)))
	out = append(out, payload...)
	if len(payload)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

package strip

import (
	"bytes"
	"encoding/binary"
)

// markers of JPEG.
const (
	sof0  = 0xc0
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	tem   = 0x01
	rst0  = 0xd0
	rst7  = 0xd7
	app0  = 0xe0
	app1  = 0xe1
	app2  = 0xe2
	app13 = 0xed
	app14 = 0xee
	app15 = 0xef
	com   = 0xfe
)

// JPEG gives back a picture without what travels with it, and the words for what went.
func JPEG(data []byte) (clean []byte, what []string, err error) {
	if len(data) < 4 || data[0] != 0xff || data[1] != soi {
		return nil, nil, ErrNotUnderstood
	}
	out := make([]byte, 0, len(data)+exifSize)
	var gone removed
	var kept [][]byte
	way := 1 // up
	at := 2
	scanned := false
	var rest []byte
	for {
		marker, from, next, ok := segment(data, at)
		if !ok {
			return nil, nil, ErrNotUnderstood
		}
		switch {
		case marker == eoi:
			if !scanned {
				return nil, nil, ErrNotUnderstood
			}
			rest = append(rest, 0xff, eoi)
			if next < len(data) {
				gone.add(Trailer)
			}
			out = append(out, 0xff, soi)
			for _, k := range kept {
				out = append(out, k...)
			}
			if way > 1 {
				out = append(out, orientedExif(way)...)
			}
			return append(out, rest...), gone, nil
		case marker >= app0 && marker <= app15 || marker == com:
			keep, word := app(marker, data[from+4:next])
			if word != "" {
				gone.add(word)
			}
			if word == Exif && way == 1 {
				way = orientation(data[from+4+len(exifHead) : next])
			}
			if len(keep) > 0 {
				kept = append(kept, rebuilt(marker, keep))
			}
		case marker == sos:
			scanned = true
			end := entropy(data, next)
			rest = append(rest, data[from:end]...)
			next = end
		case marker > app15 || marker < sof0 && marker != tem: // no decoder knows these
			return nil, nil, ErrNotUnderstood
		default:
			rest = append(rest, data[from:next]...)
		}
		at = next
	}
}

// segment finds the marker at a place: where it begins (behind its fill bytes) and where what follows it does.
func segment(data []byte, at int) (marker byte, from, next int, ok bool) {
	if at+1 >= len(data) || data[at] != 0xff {
		return 0, 0, 0, false
	}
	for at+1 < len(data) && data[at+1] == 0xff {
		at++
	}
	if at+1 >= len(data) {
		return 0, 0, 0, false
	}
	marker = data[at+1]
	if marker == eoi || marker == tem || marker >= rst0 && marker <= rst7 {
		return marker, at, at + 2, true
	}
	if marker == 0 || marker == soi || at+4 > len(data) {
		return 0, 0, 0, false
	}
	next = at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	return marker, at, next, next >= at+4 && next <= len(data)
}

// entropy is where the packed pixels that begin at a place end: before the next marker that is none of theirs.
func entropy(data []byte, at int) int {
	for at < len(data) {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		at += i
		if c := data[at+1]; c != 0 && (c < rst0 || c > rst7) && c != 0xff {
			return at
		}
		if data[at+1] == 0xff {
			at++ // fill
			continue
		}
		at += 2
	}
	return len(data)
}

func rebuilt(marker byte, payload []byte) []byte {
	out := []byte{0xff, marker}
	out = binary.BigEndian.AppendUint16(out, uint16(len(payload)+2))
	return append(out, payload...)
}

const exifHead = "Exif\x00\x00"

// app says what of an application's segment stays, and the word for what goes.
func app(marker byte, payload []byte) (keep []byte, word string) {
	begins := func(s string) bool { return bytes.HasPrefix(payload, []byte(s)) }
	switch {
	case marker == app0 && begins("JFIF\x00") && len(payload) >= 14:
		if payload[12] != 0 || payload[13] != 0 {
			word = Thumbnail
		} else if len(payload) > 14 {
			word = Vendor
		}
		return append(append([]byte{}, payload[:12]...), 0, 0), word
	case marker == app0 && begins("JFIF\x00"):
		return payload, "" // too short, and yet decoders heed it
	case marker == app0 && begins("JFXX\x00"):
		return nil, Thumbnail
	case marker == app1 && begins(exifHead):
		return nil, Exif
	case marker == app1 && begins("http://ns.adobe.com/"):
		return nil, XMP
	case marker == app2 && begins("ICC_PROFILE\x00"):
		return payload, "" // colours
	case marker == app13:
		return nil, IPTC
	case marker == app14 && begins("Adobe") && len(payload) >= 12:
		return payload[:12], "" // how the colours are to be read
	case marker == com:
		return nil, Comment
	}
	return nil, Vendor
}

// orientation reads from Exif which way up a picture is: 1 to 8, and 1 where it does not say.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	n := int64(order.Uint16(tiff[at:]))
	for i := range n {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(tiff)) {
			return 1
		}
		e := tiff[entry:]
		if order.Uint16(e) == 0x0112 && order.Uint16(e[2:]) == 3 && order.Uint32(e[4:]) == 1 {
			if way := int(order.Uint16(e[8:])); way >= 1 && way <= 8 {
				return way
			}
			return 1
		}
	}
	return 1
}

// oriented is a TIFF of one entry: which way up.
func oriented(way int) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	return append(b, 0, byte(way), 0, 0, 0, 0, 0, 0)
}

func orientedExif(way int) []byte { return rebuilt(app1, append([]byte(exifHead), oriented(way)...)) }

// exifSize is how much an orientation may add.
const exifSize = 64

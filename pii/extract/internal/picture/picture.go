// Package picture reads what a picture file holds beside its pixels, for package extract: what cameras and programs write about
// a picture (Exif, XMP, IPTC, comments, texts), and what stands behind its end.
//
// Nobody sees it on the screen, and it leaves with the file. A camera writes who owns it and where it stood; an editor keeps captions; and who
// wants to carry something out appends it, for every viewer stops at the picture's end. So the formats are walked from piece to piece
// (JPEG: ISO 10918-1 B; PNG: W3C PNG 11; GIF89a 15; TIFF 6.0 2), pixels are stepped over, and of the rest everything that a person could read
// is given back as lines of text, whatever the writer called it: of bytes that are no text, the runs of letters and digits in them, in
// one or two bytes a sign. Text that is packed in PNG is unpacked within a limit.
//
// A picture that breaks off gives what stands before the break. Time is linear in its size.
package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"unicode"
	"unicode/utf8"
)

const (
	shortest = 4       // a shorter run of signs in bytes that are no text says nothing
	unpacked = 1 << 20 // of one packed text
	fields   = 4096    // of one directory of TIFF
)

// Beside gives back what a picture says beside its pixels, one run of signs a line, and the bytes behind its end. full: a packed text was longer than is read.
func Beside(data []byte) (told string, behind []byte, full bool) {
	var t teller
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		behind = t.jpeg(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		behind = t.png(data)
	case bytes.HasPrefix(data, []byte("GIF8")):
		behind = t.gif(data)
	case bytes.HasPrefix(data, []byte("II*\x00")):
		t.tiff(data, binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		t.tiff(data, binary.BigEndian)
	}
	if len(bytes.Trim(behind, "\x00 \r\n\xff")) == 0 { // what fills up a block
		behind = nil
	}
	return t.out.String(), behind, t.full
}

// Runs gives back the runs of signs in bytes of any kind, one a line.
func Runs(data []byte) string {
	var t teller
	t.tell(data)
	return t.out.String()
}

// teller gathers what was said.
type teller struct {
	out  bytes.Buffer
	full bool
}

// tell adds the runs of signs: of one byte or of UTF-8, and of two bytes each.
func (t *teller) tell(data []byte) {
	t.narrow(data)
	t.wide(data)
}

func printable(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r != utf8.RuneError && unicode.IsPrint(r)
}

func (t *teller) narrow(data []byte) {
	for at := 0; at < len(data); {
		from, signs := at, 0
		for at < len(data) {
			r, n := utf8.DecodeRune(data[at:])
			if !printable(r) || r == utf8.RuneError && n == 1 {
				break
			}
			at += n
			signs++
		}
		if signs >= shortest {
			t.out.Write(data[from:at])
			t.out.WriteByte('\n')
		}
		if at == from {
			at++
		}
	}
}

// wide looks for letters of two bytes each, in either order, as Windows writes them, that one byte would do for.
func (t *teller) wide(data []byte) {
	for at := 0; at < len(data); at++ {
		end := at
		for end < len(data) && data[end] < 0x7f && printable(rune(data[end])) && (end == at || data[end-1] == 0) {
			end += 2
		}
		if end-at < 2*shortest {
			continue
		}
		for ; at < end; at += 2 {
			t.out.WriteByte(data[at])
		}
		t.out.WriteByte('\n')
	}
}

// jpeg steps from marker to marker.
func (t *teller) jpeg(data []byte) (behind []byte) {
	for at := 2; at+1 < len(data); {
		if data[at] != 0xff {
			return nil
		}
		marker := data[at+1]
		switch {
		case marker == 0xff:
			at++
			continue
		case marker == 0xd9: // the end
			return data[at+2:]
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd7:
			at += 2
			continue
		case at+4 > len(data):
			return nil
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		next := at + 2 + size
		if size < 2 || next > len(data) {
			return nil
		}
		body := data[at+4 : next]
		switch {
		case marker == 0xda: // packed pixels follow
			next = pixels(data, next)
		case marker == 0xfe, marker > 0xe0 && marker <= 0xef && !bytes.HasPrefix(body, []byte("ICC_PROFILE")):
			t.tell(body)
		}
		at = next
	}
	return nil
}

// pixels is where packed pixels of JPEG end: before a marker that is none of theirs.
func pixels(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		at += i
		if c := data[at+1]; c != 0 && c != 0xff && (c < 0xd0 || c > 0xd7) {
			return at
		}
		at++
	}
}

// png steps from chunk to chunk.
func (t *teller) png(data []byte) (behind []byte) {
	for at := 8; at+12 <= len(data); {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		next := int64(at) + 12 + size
		if next > int64(len(data)) {
			return nil
		}
		body := data[at+8 : next-4]
		switch string(data[at+4 : at+8]) {
		case "IEND":
			return data[next:]
		case "IDAT", "fdAT", "iCCP", "PLTE":
		case "zTXt":
			t.keyed(body, 1, 0, true)
		case "iTXt":
			name := bytes.IndexByte(body, 0)
			t.keyed(body, 2, 2, name >= 0 && name+1 < len(body) && body[name+1] == 1)
		default:
			t.tell(body)
		}
		at = int(next)
	}
	return nil
}

// keyed tells a text of PNG behind its key, so many bytes about it and so many words.
func (t *teller) keyed(body []byte, about, words int, deflated bool) {
	name := bytes.IndexByte(body, 0)
	if !deflated || name < 0 || name+1+about > len(body) {
		t.tell(body)
		return
	}
	t.tell(body[:name])
	rest := body[name+1+about:]
	for range words { // the language of iTXt, and the key in it
		i := bytes.IndexByte(rest, 0)
		if i < 0 {
			return
		}
		t.tell(rest[:i])
		rest = rest[i+1:]
	}
	r, err := zlib.NewReader(bytes.NewReader(rest))
	if err != nil {
		t.tell(rest)
		return
	}
	text, _ := io.ReadAll(io.LimitReader(r, unpacked+1)) // what broke off is told so far
	if len(text) > unpacked {
		t.full = true
		text = text[:unpacked]
	}
	t.tell(text)
}

// gif steps from block to block.
func (t *teller) gif(data []byte) (behind []byte) {
	if len(data) < 13 {
		return nil
	}
	for at := 13 + colours(data[10]); at < len(data); {
		switch data[at] {
		case 0x3b: // the end
			return data[at+1:]
		case 0x2c: // a picture
			if at+10 > len(data) {
				return nil
			}
			at, _ = blocks(data, at+10+colours(data[at+9])+1)
		case 0x21:
			if at+2 > len(data) {
				return nil
			}
			next, body := blocks(data, at+2)
			t.tell(body)
			if bytes.HasPrefix(body, []byte("XMP DataXMP")) { // written through, without regard to blocks
				t.tell(data[at+2 : next])
			}
			at = next
		default:
			return nil
		}
	}
	return nil
}

func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// blocks puts pieces of GIF together.
func blocks(data []byte, at int) (next int, body []byte) {
	for at < len(data) {
		size := int(data[at])
		if at++; size == 0 {
			return at, body
		}
		body = append(body, data[at:min(at+size, len(data))]...)
		at += size
	}
	return len(data), body
}

// tiff reads the directories one behind the other, and those of Exif and GPS within them.
func (t *teller) tiff(data []byte, order binary.ByteOrder) {
	if len(data) < 8 {
		return
	}
	seen, read := map[int64]bool{}, 0
	queue := []int64{int64(order.Uint32(data[4:]))}
	for len(queue) > 0 && len(seen) < 64 {
		at := queue[0]
		queue = queue[1:]
		if at < 8 || at+2 > int64(len(data)) || seen[at] {
			continue
		}
		seen[at] = true
		n := min(int64(order.Uint16(data[at:])), fields)
		at += 2
		for ; n > 0 && at+12 <= int64(len(data)); n, at = n-1, at+12 {
			entry := data[at : at+12]
			tag, kind, size := order.Uint16(entry), order.Uint16(entry[2:]), int64(order.Uint32(entry[4:]))
			value := int64(order.Uint32(entry[8:]))
			switch {
			case tag == 0x8769 || tag == 0x8825 || tag == 0xa005 || tag == 0x014a && size == 1:
				queue = append(queue, value)
			case kind != 1 && kind != 2 && kind != 7, size == 0, tag == 0x8773: // numbers, and a profile of colours
			case size <= 4:
				t.tell(entry[8 : 8+size])
			case value+size <= int64(len(data)) && read+int(size) <= 2*len(data): // whoever lets many fields share a place is not read twice over
				read += int(size)
				t.tell(data[value : value+size])
			}
		}
		if at+4 <= int64(len(data)) {
			queue = append(queue, int64(order.Uint32(data[at:])))
		}
	}
}

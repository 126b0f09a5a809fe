package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

const said = "NIK 3273014708870017 atas nama Rukmini"

// drawn is a picture as the standard library writes it.
func drawn(t testing.TB, format string) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 64, 48), palette.Plan9)
	for i := range m.Pix {
		m.Pix[i] = byte(i * i / 7)
	}
	var b bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func deflated(text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func wide(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, c := range []byte(text) {
		out = order.AppendUint16(out, uint16(c))
	}
	return string(out)
}

// put writes something into a picture where such things stand: behind the two first bytes of JPEG, behind the first chunk of PNG, before
// the end of GIF.
func put(picture []byte, what string) []byte {
	at := 2
	switch picture[0] {
	case 0x89:
		at = 8 + 25
	case 'G':
		at = len(picture) - 1
	}
	return []byte(string(picture[:at]) + what + string(picture[at:]))
}

func segment(marker byte, body string) string {
	return "\xff" + string([]byte{marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

func chunk(kind, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + kind + body + "\x00\x00\x00\x00"
}

func block(label byte, body string) string {
	return "!" + string([]byte{label, byte(len(body))}) + body + "\x00"
}

// directory is TIFF with one field of text, behind a directory of Exif when it is inner.
func directory(order binary.AppendByteOrder, mark string, inner bool, body string) string {
	b := order.AppendUint32([]byte(mark), 8)
	field := func(tag, kind uint16, size, value uint32) {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		b = order.AppendUint32(order.AppendUint32(b, size), value)
	}
	one := func() { b = order.AppendUint16(b, 1) }
	if inner {
		one()
		field(0x8769, 4, 1, 8+18)
		b = order.AppendUint32(b, 0)
	}
	one()
	field(0x010e, 2, uint32(len(body)), uint32(len(b)+16))
	return string(order.AppendUint32(b, 0)) + body
}

func TestWhatStandsBesidePixelsIsTold(t *testing.T) {
	little := func(b string) string { return wide(b, binary.LittleEndian) }
	for name, data := range map[string][]byte{
		"a comment in JPEG":              put(drawn(t, "jpeg"), segment(0xfe, said)),
		"Exif in JPEG":                   put(drawn(t, "jpeg"), segment(0xe1, "Exif\x00\x00"+directory(binary.LittleEndian, "II*\x00", false, said))),
		"Windows' title in JPEG":         put(drawn(t, "jpeg"), segment(0xe1, "Exif\x00\x00II*\x00\x08"+little(said)+"\x00\x00")),
		"the other order":                put(drawn(t, "jpeg"), segment(0xe1, "\x01\x02"+wide(said, binary.BigEndian))),
		"XMP in JPEG":                    put(drawn(t, "jpeg"), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<dc:title>"+said+"</dc:title>")),
		"IPTC in JPEG":                   put(drawn(t, "jpeg"), segment(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x1c\x02\x78\x00\x26"+said)),
		"a maker's segment":              put(drawn(t, "jpeg"), segment(0xe7, "\x00\x01\x02"+said)),
		"fill bytes before a segment":    put(drawn(t, "jpeg"), "\xff\xff"+segment(0xfe, said)),
		"a text in PNG":                  put(drawn(t, "png"), chunk("tEXt", "Comment\x00"+said)),
		"a packed text in PNG":           put(drawn(t, "png"), chunk("zTXt", "Comment\x00\x00"+deflated(said))),
		"a text in many letters":         put(drawn(t, "png"), chunk("iTXt", "Title\x00\x00\x00id\x00Judul\x00"+said)),
		"a packed text in many letters":  put(drawn(t, "png"), chunk("iTXt", "Title\x00\x01\x00id\x00Judul\x00"+deflated(said))),
		"the key of a packed text":       put(drawn(t, "png"), chunk("zTXt", said+"\x00\x00"+deflated("x"))),
		"a packed text that is none":     put(drawn(t, "png"), chunk("zTXt", "Comment\x00\x00"+said)),
		"a packed text that breaks off":  put(drawn(t, "png"), chunk("zTXt", "Comment\x00\x00"+deflated(said + strings.Repeat(" lalu", 2000))[:70])),
		"Exif in PNG":                    put(drawn(t, "png"), chunk("eXIf", directory(binary.BigEndian, "MM\x00*", false, said))),
		"a chunk of one's own":           put(drawn(t, "png"), chunk("vaLt", said)),
		"a comment in GIF":               put(drawn(t, "gif"), block(0xfe, said)),
		"a program's block in GIF":       put(drawn(t, "gif"), block(0xff, "PROGRAM1.0 "+said)),
		"a comment in pieces":            put(drawn(t, "gif"), "!\xfe\x0a"+said[:10]+string(rune(len(said)-10))+said[10:]+"\x00"),
		"TIFF":                           []byte(directory(binary.LittleEndian, "II*\x00", false, said)),
		"TIFF in the other order":        []byte(directory(binary.BigEndian, "MM\x00*", false, said)),
		"a directory in TIFF":            []byte(directory(binary.BigEndian, "MM\x00*", true, said)),
		"bytes of one's own, and a text": []byte(directory(binary.BigEndian, "MM\x00*", false, "\xff\xfe\x80"+said+"\x00\x01")),
	} {
		t.Run(name, func(t *testing.T) {
			told, behind, full := Beside(data)
			if !strings.Contains(told, said) {
				t.Errorf("told %q", told)
			}
			if strings.Count(told, said) > 1 {
				t.Errorf("told twice: %q", told)
			}
			if len(behind) > 0 || full {
				t.Errorf("behind %q, full %v", behind, full)
			}
		})
	}
}

func TestAnOrdinaryPictureSaysNothing(t *testing.T) {
	for _, format := range []string{"jpeg", "png", "gif"} {
		told, behind, full := Beside(drawn(t, format))
		if strings.Trim(strings.ReplaceAll(told, "NETSCAPE2.0", ""), "\n") != "" || len(behind) > 0 || full {
			t.Errorf("%s: told %q, behind %q", format, told, behind)
		}
	}
}

func TestWhatStandsBehindAPicturesEndIsGivenBack(t *testing.T) {
	for _, format := range []string{"jpeg", "png", "gif"} {
		whole := drawn(t, format)
		if _, behind, _ := Beside(append(bytes.Clone(whole), said...)); string(behind) != said {
			t.Errorf("%s: behind %q", format, behind)
		}
		if _, behind, _ := Beside(append(bytes.Clone(whole), make([]byte, 4096)...)); behind != nil {
			t.Errorf("%s: what fills a block is given back: %q", format, behind[:20])
		}
	}
}

func TestATextThatUnpacksWithoutEndIsSaidToBeFull(t *testing.T) {
	bomb := put(drawn(t, "png"), chunk("zTXt", "Comment\x00\x00"+deflated(strings.Repeat("aman ", unpacked))))
	told, _, full := Beside(bomb)
	if !full || len(told) > 2*unpacked {
		t.Errorf("full %v after %d bytes", full, len(told))
	}
}

// A directory may point to itself, and a thousand fields to the same place.
func TestDirectoriesThatRunInCirclesEnd(t *testing.T) {
	body := strings.Repeat("x", 5000)
	b := binary.LittleEndian.AppendUint32([]byte("II*\x00"), 8)
	b = binary.LittleEndian.AppendUint16(b, 4000)
	for range 4000 {
		b = append(b, 0x0e, 0x01, 2, 0)
		b = binary.LittleEndian.AppendUint32(b, 5000)
		b = binary.LittleEndian.AppendUint32(b, uint32(14+12*4000))
	}
	b = binary.LittleEndian.AppendUint32(b, 8)
	b = append(b, body...)
	if told, _, _ := Beside(b); len(told) > 3*len(b) {
		t.Errorf("%d bytes told of %d", len(told), len(b))
	}
}

func FuzzBeside(f *testing.F) {
	for _, format := range []string{"jpeg", "png", "gif"} {
		f.Add(drawn(f, format))
	}
	f.Add(put(drawn(f, "jpeg"), segment(0xe1, "Exif\x00\x00"+directory(binary.LittleEndian, "II*\x00", true, said))))
	f.Add(put(drawn(f, "png"), chunk("iTXt", "Title\x00\x01\x00id\x00Judul\x00"+deflated(said))))
	f.Add(put(drawn(f, "gif"), block(0xff, "XMP DataXMP")+said))
	f.Add([]byte(directory(binary.BigEndian, "MM\x00*", true, said)))
	f.Fuzz(func(t *testing.T, data []byte) {
		told, behind, full := Beside(data)
		if len(behind) > len(data) || len(told) > 8*len(data)+64 && !full && !bytes.Contains(data, []byte("TXt")) {
			t.Errorf("%d bytes told and %d behind of %d", len(told), len(behind), len(data))
		}
	})
}

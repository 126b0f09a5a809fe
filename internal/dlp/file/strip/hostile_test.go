package strip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp/file/strip"
)

// box is one of ISO 14496-12.
func box(kind, payload string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(payload)))) + kind + payload
}

// telephone is a picture in the container of telephones: an item of pixels and one of Exif, and what is put beside them.
func telephone(kind, inMeta, property, after string) []byte {
	head := box("ftyp", "heic\x00\x00\x00\x00mif1heic")
	infe := func(id byte, kind string) string {
		return box("infe", "\x02\x00\x00\x00\x00"+string(id)+"\x00\x00"+kind+"\x00")
	}
	pixels, exif := "PIXELS OF IT", "\x00\x00\x00\x00"+secret
	meta := func(at int) string {
		iloc := "\x00\x00\x00\x00\x44\x00\x00\x02"
		for i, size := range []int{len(pixels), len(exif)} {
			iloc += string([]byte{0, byte(i + 1), 0, 0, 0, 1})
			iloc += string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(at)), uint32(size)))
			at += size
		}
		return box("meta", "\x00\x00\x00\x00"+box("hdlr", "\x00\x00\x00\x00\x00\x00\x00\x00pict"+strings.Repeat("\x00", 13))+
			box("pitm", "\x00\x00\x00\x00\x00\x01")+box("iinf", "\x00\x00\x00\x00\x00\x02"+infe(1, kind)+infe(2, "Exif"))+
			box("iloc", iloc)+box("iprp", box("ipco", box("ispe", strings.Repeat("\x00", 12))+property))+inMeta)
	}
	at := len(head) + len(meta(0)) + 8
	return []byte(head + meta(at) + box("mdat", pixels+exif+after))
}

func TestNotesHideNowhereInAPictureOfATelephone(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		word string
	}{
		"a film of the moment before": {append(telephone("hvc1", "", "", ""), box("mpvd", secret)...), strip.Vendor},
		"an unknown box":              {append(telephone("hvc1", "", "", ""), box("sefd", secret)...), strip.Vendor},
		"room within the list":        {telephone("hvc1", box("free", secret), "", ""), strip.Vendor},
		"a text within the list":      {telephone("hvc1", box("xml ", "\x00\x00\x00\x00"+secret), "", ""), strip.Vendor},
		"what a user wrote of it":     {telephone("hvc1", "", box("udes", "\x00\x00\x00\x00id\x00"+secret+"\x00\x00\x00"), ""), strip.Text},
		"when it was made":            {telephone("hvc1", "", box("crtt", "\x00\x00\x00\x00"+secret), ""), strip.Time},
		"behind the items":            {telephone("hvc1", "", "", secret), strip.Vendor},
	} {
		clean, gone, err := strip.HEIF(c.data)
		if err != nil || bytes.Contains(clean, []byte("RAHASIA")) || !slices.Contains(gone, c.word) || !bytes.Contains(clean, []byte("PIXELS OF IT")) || len(clean) != len(c.data) {
			t.Errorf("%s: %v %v %q", name, err, gone, clean)
		}
	}
	for name, data := range map[string][]byte{
		"an item of JPEG":                     telephone("jpeg", "", "", ""),
		"an unknown item":                     telephone("what", "", "", ""),
		"a second container":                  append(telephone("hvc1", "", "", ""), box("meco", secret)...),
		"pixels in a box that is passed over": bytes.Replace(telephone("hvc1", "", "", ""), []byte("mdat"), []byte("what"), 1),
	} {
		if _, _, err := strip.HEIF(data); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotesHideNowhereInAPictureThatMoves(t *testing.T) {
	data := sample(t, "moving.gif")
	for name, with := range map[string]string{
		"behind how often it plays": "\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x07" + "RAHASIA\x00",
		"behind how it is shown":    "\x21\xf9\x04\x00\x00\x00\x00\x07RAHASIA\x00",
	} {
		hidden := slices.Insert(slices.Clone(data), len(data)-1, []byte(with)...)
		if _, _, err := strip.GIF(hidden); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("%s: %v", name, err)
		}
	}
	within := "ANMF\x28\x00\x00\x00" + strings.Repeat("\x00", 16) + "ANMF\x10\x00\x00\x00" + strings.Repeat("\x00", 16)
	webp := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), make([]byte, 10)...)
	webp = append(webp, within...)
	binary.LittleEndian.PutUint32(webp[4:], uint32(len(webp)-8))
	if _, _, err := strip.WebP(webp); !errors.Is(err, strip.ErrNotUnderstood) {
		t.Errorf("a picture within a picture: %v", err)
	}
	shot := screenshot(t, 1)
	end := bytes.LastIndex(shot, []byte("\x00\x00\x00\x00IEND"))
	if _, _, err := strip.PNG(slices.Insert(slices.Clone(shot), end, chunk("RAHA", "SIA")...)); !errors.Is(err, strip.ErrNotUnderstood) {
		t.Errorf("a chunk that no reader may ignore: %v", err)
	}
	photo := photograph(t, 1)
	if _, _, err := strip.JPEG(slices.Insert(slices.Clone(photo), 2, segment(0xf7, secret)...)); !errors.Is(err, strip.ErrNotUnderstood) {
		t.Errorf("a segment that no decoder knows: %v", err)
	}
}

func TestNotesHideNowhereInAPDF(t *testing.T) {
	photo := string(photograph(t, 1))
	image := "/Type /XObject /Subtype /Image /Width 33 /Height 21 /ColorSpace /DeviceRGB /BitsPerComponent 8 "
	jp2 := box("jP  ", "\r\n\x87\n") + box("ftyp", "jp2 \x00\x00\x00\x00jp2 ") + box("uuid", secret) + box("jp2c", "\xff\x4fPIXELS")
	whole := paper(t, nil, "/Info 2 0 R")
	for name, data := range map[string][]byte{
		"before it begins":                append([]byte("@PJL SET USER="+secret+"\n"), whole...),
		"in its first line":               bytes.Replace(whole, []byte("%PDF-1.7\n"), []byte("%PDF-1.7 by "+secret+"\n"), 1),
		"in a remark within an object":    paper(t, map[int]string{9: "<</A 1 % " + secret + "\n/B 2>>"}, "/Info 2 0 R"),
		"in a remark within a list":       paper(t, map[int]string{9: "[1 % " + secret + "\n2]"}, "/Info 2 0 R"),
		"in notes that say not what":      paper(t, map[int]string{6: stream("/Subtype /XML", packet)}, "/Info 2 0 R"),
		"in notes that say nothing":       paper(t, map[int]string{6: stream("", packet)}, "/Info 2 0 R"),
		"in a photograph packed twice":    paper(t, map[int]string{8: stream(image+"/Filter [/FlateDecode /DCTDecode]", flate(t, photo))}, "/Info 2 0 R"),
		"in a photograph with parameters": paper(t, map[int]string{8: stream(image+"/Filter /DCTDecode /DecodeParms <</ColorTransform 1>>", photo)}, "/Info 2 0 R"),
		"in one with empty parameters":    paper(t, map[int]string{8: stream(image+"/Filter [/DCTDecode] /DecodeParms [null]", photo)}, "/Info 2 0 R"),
		"in a picture of JPEG 2000":       paper(t, map[int]string{8: stream(image+"/Filter /JPXDecode", jp2)}, "/Info 2 0 R"),
		"in objects that stand unpacked":  paper(t, map[int]string{9: stream("/Type /ObjStm /N 1 /First 5", "20 0 "+info)}, "/Info 20 0 R"),
	} {
		clean, gone, err := strip.PDF(data)
		if err != nil || len(clean) != len(data) || strings.Contains(name, "photograph") && !slices.Contains(gone, strip.Exif) {
			t.Errorf("%s: %v %v", name, err, gone)
			continue
		}
		at := bytes.Index(clean, []byte("\n2 0 obj"))
		if name == "in objects that stand unpacked" { // the other one has notes that nobody refers to
			at = bytes.Index(clean, []byte("\n3 0 obj"))
		}
		if bytes.Contains(clean[at:], []byte("RAHASIA")) || bytes.Contains(clean[:at], []byte("RAHASIA")) && name != "in objects that stand unpacked" {
			t.Errorf("%s: it is there still", name)
		}
		if was, is := textOf(t, "a.pdf", data), textOf(t, "a.pdf", clean); len(was) < 2 || len(is) < 2 || was[1] != is[1] {
			t.Errorf("%s: %q\n%q", name, was, is)
		}
	}
	for name, data := range map[string][]byte{
		"a photograph that is none":         paper(t, map[int]string{8: stream(image+"/Filter /DCTDecode", "x")}, "/Info 2 0 R"),
		"a photograph packed in letters":    paper(t, map[int]string{8: stream(image+"/Filter [/ASCIIHexDecode /DCTDecode]", fmt.Sprintf("%x>", photo))}, "/Info 2 0 R"),
		"a stream whose kind is elsewhere":  paper(t, map[int]string{6: stream("/Type 9 0 R", packet), 9: "/Metadata"}, "/Info 2 0 R"),
		"a key that stands twice":           paper(t, map[int]string{6: stream("/Type /X /Type /Metadata", packet)}, "/Info 2 0 R"),
		"an unknown part of JPEG 2000":      paper(t, map[int]string{8: stream(image+"/Filter /JPXDecode", box("jP  ", "\r\n\x87\n")+box("asoc", secret))}, "/Info 2 0 R"),
		"photographs packed in what is far": paper(t, map[int]string{8: stream(image+"/Filter 9 0 R", photo), 9: "/DCTDecode"}, "/Info 2 0 R"),
	} {
		if _, _, err := strip.PDF(data); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := strip.PDF(paper(t, map[int]string{9: "<</FT /Sig /V <</Type /Sig /ByteRange [0 1 2 3]>>>>"}, "/Info 2 0 R")); !errors.Is(err, strip.ErrSigned) {
		t.Errorf("a signature within a field: %v", err)
	}
	twiceThere := bytes.Replace(whole, []byte("\n3 0 obj"), []byte("\n2 0 obj\n<</Author ("+secret+")>>\nendobj\n3 0 obj"), 1)
	if _, _, err := strip.PDF(twiceThere); !errors.Is(err, strip.ErrOlder) {
		t.Errorf("an object that is there twice: %v", err)
	}
}

func TestNotesHideNowhereInADocument(t *testing.T) {
	const other = "package/services/metadata/core-properties/0a1b.psmdcp"
	rels := strings.Replace(relations, "</Relationships>", `<Relationship Id="3" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/`+other+`"/></Relationships>`, 1)
	data := document(t, map[string]string{
		"_rels/.rels": rels, other: `<c:coreProperties xmlns:c="c" xmlns:d="d"><!-- RAHASIA --><d:creator>` + secret + `</d:creator></c:coreProperties>`,
		"word/media/image7.jpg": string(screenshot(t, 1)), "word/media/image8.bin": string(photograph(t, 1)), "word/media/image9.webp": string(sample(t, "picture.webp")), "word/media/image10.heic": string(sample(t, "picture.heic")),
		"Thumbnails/thumbnail.png": string(screenshot(t, 1)),
		"xl/workbook.xml":          `<workbook><mc:Choice><x15ac:absPath url="C:\RAHASIA\"/></mc:Choice><sheets/></workbook>`,
	})
	clean, gone, err := strip.Office(data)
	if err != nil || !slices.Contains(gone, strip.Vendor) {
		t.Fatal(err, gone)
	}
	entries := open(t, clean)
	for name, text := range entries {
		if strings.Contains(text, "RAHASIA") {
			t.Errorf("%s: %q", name, text)
		}
	}
	if entries["xl/workbook.xml"] != `<workbook><mc:Choice></mc:Choice><sheets/></workbook>` {
		t.Errorf("%q", entries["xl/workbook.xml"])
	}
	small, err := png.Decode(strings.NewReader(entries["Thumbnails/thumbnail.png"]))
	if err != nil || small.Bounds().Dx() != 1 {
		t.Error(err)
	}
	if _, _, err := strip.Office(document(t, map[string]string{"word/media/image7.jpg": "\xff\xd8\xff\xe1\x00\x10Exif" + secret})); !errors.Is(err, strip.ErrNotUnderstood) {
		t.Errorf("a picture that is not understood: %v", err)
	}
}

// grown is what a call took of memory in all, in bytes.
func grown(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestFilesMadeToBeDearCostLittle(t *testing.T) {
	pieces := "\x01\x00\x00\x00\x00\x00" + "\xff\xff" // iloc whose pieces take no room: 65,535 of each item
	pieces += strings.Repeat("\x00\x01\x00\x00\x00\x00\xff\xff", 1000)
	heif := []byte(box("ftyp", "heic\x00\x00\x00\x00mif1heic") + box("meta", "\x00\x00\x00\x00"+box("iloc", pieces)))
	bomb := flate(t, strings.Repeat("1 0 ", 1<<21)) // 8 MiB each
	bombs := map[int]string{}
	for n := range 60 {
		bombs[9+n] = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", bomb)
	}
	for name, c := range map[string]struct {
		data []byte
		do   func([]byte) ([]byte, []string, error)
		most uint64
	}{
		"pieces without size":   {heif, strip.HEIF, 8 << 20},
		"a list of numbers":     {paper(t, map[int]string{9: "[" + strings.Repeat("0 ", 1<<20) + "]"}, "/Info 2 0 R"), strip.PDF, 64 << 20},
		"a list of names":       {paper(t, map[int]string{9: "<</A <<" + strings.Repeat("/ ", 1<<20) + ">>>>"}, "/Info 2 0 R"), strip.PDF, 64 << 20},
		"packed a thousandfold": {paper(t, bombs, "/Info 2 0 R"), strip.PDF, 1 << 30},
	} {
		if got := grown(func() { _, _, _ = c.do(c.data) }); got > c.most {
			t.Errorf("%s: %d bytes for %d", name, got, len(c.data))
		}
	}
}

package strip_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp/file/strip"
	"github.com/amanah-id/amanah/pii/extract"
)

// The words that must be gone from everything.
const secret = "RAHASIA-081234567890"

func picture() image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, 33, 21))
	for y := range 21 {
		for x := range 33 {
			m.Set(x, y, color.NRGBA{uint8(x * 7), uint8(y * 11), uint8(x * y), 255})
		}
	}
	return m
}

func segment(marker byte, payload string) []byte {
	out := []byte{0xff, marker}
	return append(binary.BigEndian.AppendUint16(out, uint16(len(payload)+2)), payload...)
}

// exif says which way up, between two other entries, with a secret behind it.
func exif(order binary.ByteOrder, way int) string {
	mark := "MM\x00*"
	if order == binary.LittleEndian {
		mark = "II*\x00"
	}
	b := []byte(mark)
	put32 := func(v uint32) { b = append(b, 0, 0, 0, 0); order.PutUint32(b[len(b)-4:], v) }
	put16 := func(v int) { b = append(b, 0, 0); order.PutUint16(b[len(b)-2:], uint16(v)) }
	put32(8)
	put16(3)
	for _, e := range [][2]int{{0x010f, 700}, {0x0112, way}, {0x8825, 900}} {
		put16(e[0])
		put16(3)
		put32(1)
		put16(e[1])
		put16(0)
	}
	put32(0)
	return string(b) + secret
}

// photograph is a JPEG with everything that travels with one.
func photograph(t testing.TB, way int) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, picture(), nil); err != nil {
		t.Fatal(err)
	}
	out := []byte{0xff, 0xd8}
	out = append(out, segment(0xe0, "JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x01\x01abc")...)
	out = append(out, segment(0xe0, "JFXX\x00\x10"+secret)...)
	out = append(out, segment(0xe1, "Exif\x00\x00"+exif(binary.LittleEndian, way))...)
	out = append(out, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>"+secret+"</x>")...)
	out = append(out, segment(0xe2, "ICC_PROFILE\x00\x01\x01colours")...)
	out = append(out, segment(0xe2, "MPF\x00"+secret)...)
	out = append(out, segment(0xed, "Photoshop 3.0\x008BIM"+secret)...)
	out = append(out, segment(0xfe, secret)...)
	out = append(out, plain.Bytes()[2:]...)
	return append(out, secret...)
}

// pixels are what a decoder sees.
func pixels(t testing.TB, data []byte, decode func(io.Reader) (image.Image, error)) []byte {
	t.Helper()
	m, err := decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return flat(m)
}

func flat(m image.Image) []byte {
	out := []byte(m.Bounds().String())
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			r, g, b, a := m.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8), byte(a>>8), byte(a))
		}
	}
	return out
}

func TestAPhotographLosesWhatTravelsWithItAndNoPixel(t *testing.T) {
	for way := range 10 {
		data := photograph(t, way)
		clean, gone, err := strip.JPEG(data)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(pixels(t, clean, jpeg.Decode), pixels(t, data, jpeg.Decode)) {
			t.Error("pixels changed")
		}
		if bytes.Contains(clean, []byte("RAHASIA")) || !bytes.Contains(clean, []byte("ICC_PROFILE\x00\x01\x01colours")) {
			t.Errorf("%q", clean[:200])
		}
		if want := []string{strip.Comment, strip.Exif, strip.IPTC, strip.Thumbnail, strip.Trailer, strip.Vendor, strip.XMP}; !slices.Equal(gone, want) {
			t.Errorf("%v; want %v", gone, want)
		}
		oriented := bytes.Contains(clean, []byte("\x01\x12\x00\x03\x00\x00\x00\x01\x00"+string(rune(way))+"\x00\x00"))
		if oriented != (way > 1 && way < 9) || bytes.Contains(clean, []byte("Exif")) != oriented {
			t.Errorf("way %d up: kept %v", way, oriented)
		}
		again, gone, err := strip.JPEG(clean)
		if err != nil || !bytes.Equal(again, clean) || len(gone) > 1 {
			t.Errorf("again: %v %v", gone, err)
		}
	}
}

func TestScansOfAProgressivePictureAndItsColoursStay(t *testing.T) {
	for _, name := range []string{"progressive.jpg", "restarts.jpg", "rgb.jpg"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		dirty := append(append([]byte{0xff, 0xd8}, segment(0xe1, "Exif\x00\x00"+exif(binary.BigEndian, 6))...), data[2:]...)
		clean, _, err := strip.JPEG(dirty)
		if err != nil || bytes.Contains(clean, []byte("RAHASIA")) || !bytes.Equal(pixels(t, clean, jpeg.Decode), pixels(t, data, jpeg.Decode)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func chunk(kind, payload string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	out = append(append(out, kind...), payload...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// screenshot is a PNG with everything that travels with one.
func screenshot(t testing.TB, way int) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := png.Encode(&plain, picture()); err != nil {
		t.Fatal(err)
	}
	b := plain.Bytes()
	head, tail := b[:8+25], b[8+25:]
	out := append([]byte{}, head...)
	out = append(out, chunk("gAMA", "\x00\x00\xb1\x8f")...)
	for _, kind := range []string{"tEXt", "zTXt", "iTXt", "tIME", "dSIG", "prVt"} {
		out = append(out, chunk(kind, "Author\x00"+secret)...)
	}
	out = append(out, chunk("eXIf", exif(binary.BigEndian, way))...)
	out = append(out, tail...)
	return append(out, secret...)
}

// palette is a PNG whose colours and transparency are in chunks of their own.
func palette(t testing.TB) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 77}})
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 2)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAScreenshotLosesWhatTravelsWithItAndNoPixel(t *testing.T) {
	for way := range 10 {
		data := screenshot(t, way)
		clean, gone, err := strip.PNG(data)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(pixels(t, clean, png.Decode), pixels(t, data, png.Decode)) {
			t.Error("pixels changed")
		}
		if bytes.Contains(clean, []byte("RAHASIA")) || !bytes.Contains(clean, []byte("gAMA")) || bytes.Contains(clean, []byte("eXIf")) != (way > 1 && way < 9) {
			t.Errorf("way %d: %q", way, clean[:100])
		}
		if want := []string{strip.Exif, strip.Text, strip.Time, strip.Trailer, strip.Vendor}; !slices.Equal(gone, want) {
			t.Errorf("%v; want %v", gone, want)
		}
	}
	data := palette(t)
	clean, _, err := strip.PNG(data)
	if err != nil || !bytes.Equal(pixels(t, clean, png.Decode), pixels(t, data, png.Decode)) {
		t.Error(err)
	}
}

func TestWhatIsNotUnderstoodIsLeftAlone(t *testing.T) {
	photo, shot := photograph(t, 1), screenshot(t, 1)
	cut := bytes.LastIndex(photo, []byte{0xff, 0xd9})
	for name, data := range map[string][]byte{
		"nothing": nil, "no picture": []byte("hello"), "half a head": photo[:30], "no pixels": photo[:cut-400], "no end": photo[:cut],
		"a length too short": {0xff, 0xd8, 0xff, 0xe1, 0, 1, 0xff, 0xd9}, "an end without pixels": {0xff, 0xd8, 0xff, 0xd9}, "a second beginning": {0xff, 0xd8, 0xff, 0xd8, 0xff, 0xd9},
	} {
		if _, _, err := strip.JPEG(data); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("JPEG, %s: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "half": shot[:100], "a length too long": append([]byte("\x89PNG\r\n\x1a\n"), "\xff\xff\xff\xffIHDR"...), "no letters": append([]byte("\x89PNG\r\n\x1a\n"), chunk("I\x00DR", "")...),
	} {
		if _, _, err := strip.PNG(data); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("PNG, %s: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "no archive": []byte("PK\x03\x04"), "half": document(t, nil)[:200], "broken properties": document(t, map[string]string{"docProps/core.xml": "<a><b>"}),
	} {
		if _, _, err := strip.Office(data); !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("Office, %s: %v", name, err)
		}
	}
	for _, name := range []string{"_xmlsignatures/sig1.xml", "META-INF/documentsignatures.xml"} {
		if _, _, err := strip.Office(document(t, map[string]string{name: "<s/>"})); !errors.Is(err, strip.ErrSigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const relations = `<?xml version="1.0"?><Relationships xmlns="r"><Relationship Id="1" Type="http://x/officeDocument" Target="word/document.xml"/>` +
	`<Relationship Id="2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail" Target="docProps/thumbnail.jpeg"/></Relationships>`

// document is a text of Word with everything that travels with one; also replaces or adds entries.
func document(t testing.TB, also map[string]string) []byte {
	t.Helper()
	entries := [][2]string{
		{"[Content_Types].xml", `<Types xmlns="t"/>`},
		{"_rels/.rels", relations},
		{"word/document.xml", `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Yth. pelanggan, tagihan Anda lunas.</w:t></w:r></w:p><w:ins w:author="Rina"><w:r><w:t>Terima kasih.</w:t></w:r></w:ins></w:body></w:document>`},
		{"word/comments.xml", `<w:comments xmlns:w="w"><w:comment w:author="Bagas"><w:p><w:r><w:t>sudah dicek</w:t></w:r></w:p></w:comment></w:comments>`},
		{"word/media/image1.jpeg", string(photograph(t, 3))},
		{"word/media/image2.png", string(screenshot(t, 1))},
		{"word/media/image3.png", "no picture at all"},
		{"docProps/thumbnail.jpeg", secret},
		{"docProps/core.xml", `<?xml version="1.0"?><cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Tagihan &amp; lunas</dc:title><dc:creator>` + secret + `<!-- x --></dc:creator><cp:lastModifiedBy>` + secret + `</cp:lastModifiedBy><cp:keywords/></cp:coreProperties>`},
		{"docProps/app.xml", `<Properties><Application>Word</Application><Company>` + secret + `</Company><Manager/></Properties>`},
		{"docProps/custom.xml", `<Properties><property name="MSIP_Label"><v>Confidential</v></property></Properties>`},
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if err := w.SetComment(secret); err != nil {
		t.Fatal(err)
	}
	add := func(name, text string) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range entries {
		if _, other := also[e[0]]; !other {
			add(e[0], e[1])
		}
	}
	for name, text := range also {
		add(name, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// words are the texts of a document beside its properties.
type words struct{ out []string }

func (w *words) Segment(s *extract.Segment) error {
	if s.Origin.Kind == extract.Picture || strings.HasSuffix(s.Origin.Entry, "!behind") {
		return nil // what goes with a picture is no word of the document
	}
	if s.Origin.Part != "core" && s.Origin.Part != "app" {
		w.out = append(w.out, string(s.Text[s.From:s.To]))
	}
	return nil
}

func (w *words) Skip(s extract.Skip) error {
	w.out = append(w.out, string(s.Reason))
	return nil
}

func textOf(t testing.TB, name string, data []byte) []string {
	t.Helper()
	w := &words{}
	walker := &extract.Walker{Limits: extract.Usual(), Tools: extract.Tools{Ignore: true}}
	if err := walker.Walk(context.Background(), name, bytes.NewReader(data), w); err != nil {
		t.Fatal(err)
	}
	return w.out
}

func open(t testing.TB, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(f.Name, err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func TestADocumentLosesItsMakersAndNoWord(t *testing.T) {
	data := document(t, nil)
	clean, gone, err := strip.Office(data)
	if err != nil {
		t.Fatal(err)
	}
	before, after := open(t, data), open(t, clean)
	for name, text := range after {
		if strings.Contains(text, "RAHASIA") {
			t.Errorf("%s holds it still", name)
		}
	}
	if bytes.Contains(clean, []byte("RAHASIA")) {
		t.Error("the archive holds it still")
	}
	for _, name := range []string{"[Content_Types].xml", "word/document.xml", "word/comments.xml", "word/media/image3.png", "docProps/custom.xml"} {
		if before[name] != after[name] {
			t.Errorf("%s changed", name)
		}
	}
	if _, there := after["docProps/thumbnail.jpeg"]; there || strings.Contains(after["_rels/.rels"], "thumbnail") || !strings.Contains(after["_rels/.rels"], "word/document.xml") {
		t.Error(after["_rels/.rels"])
	}
	if got := after["docProps/core.xml"]; got != `<?xml version="1.0"?><cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Tagihan &amp; lunas</dc:title><dc:creator></dc:creator><cp:lastModifiedBy></cp:lastModifiedBy><cp:keywords/></cp:coreProperties>` {
		t.Error(got)
	}
	if !bytes.Equal(pixels(t, []byte(after["word/media/image1.jpeg"]), jpeg.Decode), pixels(t, []byte(before["word/media/image1.jpeg"]), jpeg.Decode)) {
		t.Error("a picture changed")
	}
	if !slices.Equal(textOf(t, "a.docx", data), textOf(t, "a.docx", clean)) || !strings.Contains(strings.Join(textOf(t, "a.docx", clean), "\n"), "tagihan Anda lunas") {
		t.Errorf("%q\n%q", textOf(t, "a.docx", data), textOf(t, "a.docx", clean))
	}
	for _, want := range []string{strip.Author, strip.Company, strip.Thumbnail, strip.Comment, strip.Exif} {
		if !slices.Contains(gone, want) {
			t.Errorf("%s is not among %v", want, gone)
		}
	}
	again, gone, err := strip.Office(clean)
	if err != nil || !slices.Equal(textOf(t, "a.docx", again), textOf(t, "a.docx", clean)) || len(gone) > 1 { // the orientation is an Exif
		t.Errorf("again: %v %v", gone, err)
	}
}

func TestADocumentOfOpenDocumentLosesItsMakers(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	first, err := w.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	if err == nil {
		_, err = first.Write([]byte("application/vnd.oasis.opendocument.text"))
	}
	for name, text := range map[string]string{"content.xml": "<office:text>halo</office:text>", "meta.xml": "<office:meta><meta:initial-creator>" + secret + "</meta:initial-creator><dc:creator>" + secret + "</dc:creator><dc:title>x</dc:title></office:meta>"} {
		var f io.Writer
		if err == nil {
			f, err = w.Create(name)
		}
		if err == nil {
			_, err = f.Write([]byte(text))
		}
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	clean, gone, err := strip.Office(out.Bytes())
	if err != nil || !slices.Equal(gone, []string{strip.Author}) {
		t.Fatal(gone, err)
	}
	after := open(t, clean)
	if after["meta.xml"] != "<office:meta><meta:initial-creator></meta:initial-creator><dc:creator></dc:creator><dc:title>x</dc:title></office:meta>" || string(clean[30:38]) != "mimetype" {
		t.Error(after["meta.xml"])
	}
}

func FuzzJPEG(f *testing.F) {
	f.Add(photograph(f, 6))
	f.Add(photograph(f, 1)[:300])
	for _, name := range []string{"progressive.jpg", "restarts.jpg", "rgb.jpg"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { same(t, data, strip.JPEG, jpeg.Decode, jpeg.DecodeConfig) })
}

func FuzzPNG(f *testing.F) {
	f.Add(screenshot(f, 6))
	f.Add(screenshot(f, 1)[:300])
	f.Add(palette(f))
	f.Fuzz(func(t *testing.T, data []byte) { same(t, data, strip.PNG, png.Decode, png.DecodeConfig) })
}

// same holds a stripper to its promise: whatever decodes decodes to the same, or is left alone.
func same(t *testing.T, data []byte, do func([]byte) ([]byte, []string, error), decode func(io.Reader) (image.Image, error), config func(io.Reader) (image.Config, error)) {
	t.Helper()
	clean, _, err := do(data)
	if err != nil {
		return
	}
	if len(clean) > len(data)+64 {
		t.Fatalf("%d bytes became %d", len(data), len(clean))
	}
	if c, err := config(bytes.NewReader(data)); err != nil || c.Width*c.Height > 1<<20 {
		return
	}
	was, err := decode(bytes.NewReader(data))
	if err != nil {
		return
	}
	is, err := decode(bytes.NewReader(clean))
	if err != nil {
		t.Fatal("decodes no more:", err)
	}
	if !bytes.Equal(flat(was), flat(is)) {
		t.Fatal("pixels changed")
	}
	again, _, err := do(clean)
	if err != nil || !bytes.Equal(again, clean) {
		t.Fatal("a second time gives something else", err)
	}
}

// contents are the entries of an archive that can be read and stand in it once.
func contents(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out, times := map[string]string{}, map[string]int{}
	for _, f := range z.File {
		if r, err := f.Open(); err == nil {
			if b, err := io.ReadAll(io.LimitReader(r, 1<<20)); err == nil {
				out[f.Name] = string(b)
			}
		}
		times[f.Name]++
	}
	maps.DeleteFunc(out, func(name, _ string) bool { return times[name] > 1 })
	return out
}

func FuzzOffice(f *testing.F) {
	f.Add(document(f, nil))
	f.Add(document(f, map[string]string{"docProps/core.xml": "<a><creator>x</creator></a>"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, _, err := strip.Office(data)
		if err != nil {
			return
		}
		was, is := contents(t, data), contents(t, clean)
		for name, text := range was {
			ending := strings.ToLower(filepath.Ext(name))
			switch low := strings.ToLower(name); {
			case strings.HasPrefix(low, "docprops/"), low == "meta.xml", low == "_rels/.rels", ending == ".jpg", ending == ".jpeg", ending == ".png":
			case is[name] != text:
				t.Fatalf("%q changed", name)
			}
		}
		again, _, err := strip.Office(clean)
		if err != nil || !maps.Equal(contents(t, again), is) {
			t.Fatal("a second time gives something else", err)
		}
	})
}

package strip_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp/file/strip"
)

func flate(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.String()
}

func stream(dict, text string) string {
	return fmt.Sprintf("<<%s /Length %d>>\nstream\n%s\nendstream", dict, len(text), text)
}

const (
	packet = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><dc:creator>` + secret + `</dc:creator></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
	info   = `<</Title (Tagihan \(lunas\)) /Author (` + secret + ` \( \) ) /Creator <5241484153494120> /Producer(x)/CreationDate (D:20260101) /Comp#61ny (` + secret + `) /Office (RAHASIA) /Keywords (lunas)>>`
	line   = "BT /F1 12 Tf 20 50 Td (Yth. pelanggan, tagihan Anda lunas.) Tj ET"
)

// paper is a PDF of these objects, numbered from 1, where others refer to 1 as the catalogue and 2 as the notes; instead replaces some.
func paper(t testing.TB, instead map[int]string, trailer string) []byte {
	t.Helper()
	objects := []string{
		"<</Type /Catalog /Pages 3 0 R /Metadata 6 0 R>>", info,
		"<</Type /Pages /Kids [4 0 R] /Count 1>>",
		"<</Type /Page /Parent 3 0 R /MediaBox [0 0 300 100] /Contents 5 0 R /Metadata 7 0 R /Resources <</Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>> /XObject <</I 8 0 R>>>>>>",
		stream("", line),
		stream("/Type /Metadata /Subtype /XML", packet),
		stream("/Type/Metadata/Subtype/XML/Filter [/FlateDecode]", flate(t, packet)),
		stream("/Type /XObject /Subtype /Image /Width 33 /Height 21 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", string(photograph(t, 1))),
	}
	for n, text := range instead {
		for len(objects) < n {
			objects = append(objects, "null")
		}
		objects[n-1] = text
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var places []int
	for i, text := range objects {
		places = append(places, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, text)
	}
	at := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, p := range places {
		fmt.Fprintf(&out, "%010d 00000 n \n", p)
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, at)
	return out.Bytes()
}

func TestAPDFLosesItsMakersAndNoWord(t *testing.T) {
	data := paper(t, nil, "/Info 2 0 R")
	dirty := bytes.Replace(data, []byte("3 0 obj"), []byte("% RAHASIA, printed by\n3 0 obj"), 1) // places are wrong from here on, which nobody heeds in a test
	clean, gone, err := strip.PDF(dirty)
	if err != nil || len(clean) != len(dirty) {
		t.Fatal(err)
	}
	if want := []string{strip.Author, strip.Comment, strip.Company, strip.Exif, strip.IPTC, strip.Thumbnail, strip.Time, strip.Trailer, strip.Vendor, strip.XMP}; !slices.Equal(gone, want) {
		t.Errorf("%v; want %v", gone, want)
	}
	clean, _, err = strip.PDF(data)
	if err != nil || bytes.Contains(clean, []byte("RAHASIA")) || bytes.Contains(clean, []byte("/Author")) || bytes.Contains(clean, []byte("D:2026")) {
		t.Fatalf("%v %q", err, clean)
	}
	for _, stays := range []string{`<</Title (Tagihan \(lunas\)) `, "/Keywords (lunas)>>", line} {
		if !bytes.Contains(clean, []byte(stays)) {
			t.Errorf("%q is gone", stays)
		}
	}
	was, is := textOf(t, "a.pdf", data), textOf(t, "a.pdf", clean)
	if len(was) != 2 || len(is) != 2 || was[1] != is[1] || !strings.Contains(is[1], "tagihan Anda lunas") || strings.Contains(is[0], "Author") {
		t.Errorf("%q\n%q", was, is)
	}
	again, gone, err := strip.PDF(clean)
	if err != nil || !bytes.Equal(again, clean) || len(gone) > 0 {
		t.Errorf("again: %v %v", gone, err)
	}
}

func TestNotesThatStandPackedWithOtherObjectsGoToo(t *testing.T) {
	inner := "<</A (stays)>> " + info
	packed := stream("/Type /ObjStm /N 2 /First 11 /Filter /FlateDecode", flate(t, "9 0 2 15   "+inner))
	data := paper(t, map[int]string{2: "null", 9: packed}, "/Info 2 0 R")
	// The table in the clear says that object 2 stands by itself; only readers heed it, and here nothing but the packed one has notes.
	data = bytes.Replace(data, []byte("2 0 obj\nnull\nendobj\n"), []byte(strings.Repeat(" ", 20)), 1)
	clean, gone, err := strip.PDF(data)
	if err != nil || !slices.Contains(gone, strip.Author) || len(clean) != len(data) {
		t.Fatal(gone, err)
	}
	from := bytes.Index(clean, []byte("/First 11"))
	from += bytes.Index(clean[from:], []byte("stream\n")) + len("stream\n")
	r, err := zlib.NewReader(bytes.NewReader(clean[from:]))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(r); err != nil || text.Len() != len("9 0 2 15   "+inner) {
		t.Fatal(err)
	}
	if s := text.String(); strings.Contains(s, "RAHASIA") || strings.Contains(s, "5241") || !strings.Contains(s, "<</A (stays)>>") || !strings.Contains(s, `/Title (Tagihan \(lunas\))`) {
		t.Errorf("%q", s)
	}
}

func TestAPDFThatIsNotUnderstoodToItsEndIsLeftAlone(t *testing.T) {
	whole := paper(t, nil, "/Info 2 0 R")
	changed := append(bytes.Clone(whole), "2 0 obj\n<<>>\nendobj\nxref\n2 1\n0000000000 00000 n \ntrailer\n<</Info 2 0 R>>\nstartxref\n1\n%%EOF\n"...)
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for name, data := range map[string][]byte{
		"nothing": nil, "no PDF": []byte("hello"), "a head": []byte("%PDF-1.7\n"), "half": whole[:len(whole)/2], "no end": whole[:bytes.Index(whole, []byte("startxref"))],
		"encrypted":              paper(t, nil, "/Info 2 0 R /Encrypt 2 0 R"),
		"notes that are nowhere": paper(t, nil, "/Info 77 0 R"), "notes within the trailer": paper(t, nil, "/Info <</Author (x)>>"), "notes that refer further": paper(t, map[int]string{2: "<</Author 9 0 R>>"}, "/Info 2 0 R"),
		"notes that are the catalogue": paper(t, nil, "/Info 1 0 R"), "notes that are a stream": paper(t, nil, "/Info 5 0 R"), "notes that are none": paper(t, map[int]string{2: "[1 2]"}, "/Info 2 0 R"), "something behind it": append(bytes.Clone(whole), "RAHASIA"...), "too deep": paper(t, map[int]string{9: deep}, "/Info 2 0 R"),
		"a stream too long":              paper(t, map[int]string{9: "<</Length 999999>>\nstream\nx\nendstream"}, ""),
		"a stream of unknown length":     paper(t, map[int]string{9: "<</Length 99 0 R>>\nstream\nx\nendstream"}, ""),
		"XMP packed in an unknown way":   paper(t, map[int]string{6: stream("/Type /Metadata /Filter /LZWDecode", "x")}, ""),
		"XMP that has no room":           paper(t, map[int]string{6: stream("/Type /Metadata /Filter /FlateDecode", "x")}, ""),
		"a text without end":             paper(t, map[int]string{9: "(x"}, ""),
		"packed objects that are broken": paper(t, map[int]string{9: stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", "x")}, ""),
		"packed objects without count":   paper(t, map[int]string{9: stream("/Type /ObjStm /Filter /FlateDecode", flate(t, "1 0 2"))}, ""),
		"packed objects elsewhere":       paper(t, map[int]string{9: stream("/Type /ObjStm /N 1 /First 9999 /Filter /FlateDecode", flate(t, "2 0 <<>>"))}, ""),
	} {
		clean, _, err := strip.PDF(data)
		if !errors.Is(err, strip.ErrNotUnderstood) || clean != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := strip.PDF(changed); !errors.Is(err, strip.ErrOlder) {
		t.Error(err)
	}
	if _, _, err := strip.PDF(paper(t, map[int]string{9: "<</Type /Sig /ByteRange [0 1 2 3]>>"}, "")); !errors.Is(err, strip.ErrSigned) {
		t.Error(err)
	}
}

func FuzzPDF(f *testing.F) {
	f.Add(paper(f, nil, "/Info 2 0 R"))
	f.Add(paper(f, map[int]string{9: stream("/Type /ObjStm /N 2 /First 11 /Filter /FlateDecode", flate(f, "9 0 20 15  <</A (stays)>> "+info))}, "/Info 20 0 R"))
	f.Add(paper(f, map[int]string{9: stream("/Type /XRef /Info 2 0 R", "x")}, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean := twice(t, data, strip.PDF, 0)
		if clean != nil && len(clean) != len(data) {
			t.Fatal("something moved")
		}
	})
}

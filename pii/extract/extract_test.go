package extract

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each format gives the number that is hidden in it, and says where it stands.
func TestEveryFormatGivesItsTextAndSaysWhereItStands(t *testing.T) {
	odf := func(kind, content string) []byte {
		return zipped(entry{"mimetype", "application/vnd.oasis.opendocument." + kind}, entry{"content.xml", `<office:document-content xmlns:office="o"><office:body>` + content + `</office:body></office:document-content>`})
	}
	for _, c := range []struct {
		name   string
		file   string
		data   []byte
		kind   Kind
		place  string
		header string
		check  func(Segment, Mark) string
	}{
		{"text", "a.txt", []byte("halo\nNIK " + nik + "\n"), Text, "", "", nil},
		{"UTF-16 with a mark", "a.txt", append([]byte("\xff\xfe"), wideText("NIK "+nik, binary.LittleEndian)...), Text, "", "", nil},
		{"UTF-16 without", "a.txt", wideText("NIK saya "+nik, binary.BigEndian), Text, "", "", nil},
		{"Latin-1", "a.txt", []byte("Jos\xe9, NIK " + nik), Text, "", "", nil},
		{"CSV", "a.csv", []byte("Nama,No_KTP\n\"Siti \"\"Iti\"\"\"," + nik + "\n"), Table, "B2", "No KTP", nil},
		{"TSV without a name", "a", []byte("Nama\tNIK\tKota\nSiti\t" + nik + "\tBandung\nBudi\t1\tBogor\n"), Table, "B2", "NIK", nil},
		{"CSV in UTF-16", "a.csv", append([]byte("\xfe\xff"), wideText("Nama;NIK\nSiti;"+nik+"\n", binary.BigEndian)...), Table, "B2", "NIK", nil},
		{"JSON", "a.json", []byte(`{"pelanggan":[{"nomorNIK":"` + nik + `"}]}`), JSON, "$.pelanggan[0].nomorNIK", "nomor NIK", nil},
		{"JSON number", "a.json", []byte(`{"nik":` + nik + `}`), JSON, "$.nik", "nik", nil},
		{"JSON lines", "a.jsonl", []byte("{\"a\":1}\n{\"nik\":\"" + nik + "\"}\n"), JSON, "$.nik", "nik", func(_ Segment, m Mark) string {
			if m.Line != 2 {
				return fmt.Sprint("line ", m.Line)
			}
			return ""
		}},
		{"JSON with a key that is data", "a.json", []byte(`{"` + nik + `":1}`), JSON, "$", "", nil},
		{"HTML", "a.html", []byte("<html><body><table><tr><td>NIK</td><td><b>3273</b>012501909999</td></tr></table></body></html>"), HTML, "", "", nil},
		{"HTML attribute", "a.html", []byte("<html><a href='tel:" + nik + "'>x</a></html>"), HTML, "", "", nil},
		{"XML", "a.xml", []byte("<?xml version='1.0'?><a><nik nilai='" + nik + "'/></a>"), XML, "", "", nil},
		{"RTF", "a.rtf", []byte(`{\rtf1\ansi{\fonttbl{\f0 Arial 12345;}}NIK\u58?  ` + nik + `\par}`), RTF, "", "", nil},
		{"Outlook", "a.msg", messageFile(), Outlook, "", "", func(s Segment, _ Mark) string { return wrongPart(s, "body") }},
		{"Word", "a.docx", docx(`<w:p><w:r><w:t>NIK: 3273</w:t></w:r><w:r><w:t>012501909999</w:t></w:r></w:p>`), Word, "", "", nil},
		{"Word header", "a.docx", docx("", entry{"word/header1.xml", `<w:hdr xmlns:w="w"><w:p><w:t>` + nik + `</w:t></w:p></w:hdr>`}), Word, "", "", func(s Segment, _ Mark) string { return wrongPart(s, "header1") }},
		{"Word link", "a.docx", docx("", entry{"word/_rels/document.xml.rels", `<Relationships><Relationship TargetMode="External" Target="mailto:` + nik + `@contoh.example"/></Relationships>`}), Word, "link", "", nil},
		{"Excel text", "a.xlsx", xlsx(sheetRows), Sheet, "B2", "NIK", func(s Segment, _ Mark) string {
			if s.Origin.Sheet != "Pelanggan" {
				return "sheet " + s.Origin.Sheet
			}
			return ""
		}},
		{"PowerPoint", "a.pptx", zipped(entry{"[Content_Types].xml", types}, entry{"ppt/slides/slide3.xml", `<p:sld xmlns:a="a"><a:p><a:t>` + nik + `</a:t></a:p></p:sld>`}), Slides, "", "", func(s Segment, _ Mark) string {
			if s.Origin.Page != 3 {
				return fmt.Sprint("page ", s.Origin.Page)
			}
			return ""
		}},
		{"ODT", "a.odt", odf("text", `<office:text><text:p>NIK<text:tab/>`+nik+`</text:p></office:text>`), Open, "", "", nil},
		{"ODS", "a.ods", odf("spreadsheet", `<office:spreadsheet><table:table table:name="Data"><table:table-row><table:table-cell><text:p>Nama</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>NIK</text:p></table:table-cell></table:table-row>`+
			`<table:table-row><table:table-cell table:number-columns-repeated="3"/><table:table-cell><text:p>`+nik+`</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>`), Open, "D2", "NIK", nil},
		{"PDF", "a.pdf", onePage("BT /F1 12 Tf 72 700 Td (NIK) Tj 60 0 Td (" + nik + ") Tj ET"), PDF, "", "", func(s Segment, _ Mark) string {
			if s.Origin.Page != 1 || !strings.Contains(string(s.Text), "NIK\t"+nik) {
				return fmt.Sprintf("page %d: %q", s.Origin.Page, s.Text)
			}
			return ""
		}},
		{"PDF form", "a.pdf", onePage("BT ET", "<< /T (NIK) /V ("+nik+") >>"), PDF, "NIK", "NIK", nil},
		{"zip", "a.zip", zipped(entry{"surat/a.txt", "NIK " + nik}), Text, "", "", func(s Segment, _ Mark) string { return wrongEntry(s, "surat/a.txt") }},
		{"tar in gzip", "a.tgz", gzipped(tarred(entry{"b/a.txt", "NIK " + nik})), Text, "", "", func(s Segment, _ Mark) string { return wrongEntry(s, "a.tar!b/a.txt") }},
		{"Word in zip in zip", "a.zip", zipped(entry{"b.zip", string(zipped(entry{"c.docx", string(docx("<w:p><w:t>" + nik + "</w:t></w:p>"))}))}), Word, "", "", func(s Segment, _ Mark) string { return wrongEntry(s, "b.zip!c.docx") }},
		{"name of an entry", "a.zip", zipped(entry{"KTP " + nik + ".txt", "kosong"}), Name, "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := walked(t, c.file, c.data)
			s, m := g.where(t, nik)
			if s.Origin.Kind != c.kind || m.Place != c.place || m.Header != c.header || s.Origin.File != c.file {
				t.Errorf("origin %+v, mark %+v", s.Origin, m)
			}
			if c.check != nil {
				if fault := c.check(s, m); fault != "" {
					t.Error(fault)
				}
			}
			if len(g.skips) > 0 {
				t.Errorf("skipped: %v", g.skips)
			}
		})
	}
}

func wrongPart(s Segment, want string) string {
	if s.Origin.Part != want {
		return "part " + s.Origin.Part
	}
	return ""
}

func wrongEntry(s Segment, want string) string {
	if s.Origin.Entry != want {
		return "entry " + s.Origin.Entry
	}
	return ""
}

func TestAMailGivesHeadersBodiesAndAttachments(t *testing.T) {
	g := walked(t, "a.eml", []byte(mailText))
	for _, want := range []string{"Siti Rekaan <siti@contoh.example>", "NIK saya", nik + ", café", "08123456"} {
		g.where(t, want)
	}
	s, m := g.where(t, "Subject: NIK saya"[9:])
	if s.Origin.Part != "header" || m.Place != "Subject" {
		t.Errorf("%+v %+v", s.Origin, m)
	}
	found := false
	for _, s := range g.segments {
		found = found || s.Origin.Entry == "daftar.csv" && s.Origin.Kind == Table && strings.Contains(string(s.Text), "NIK: "+nik)
	}
	if !found || strings.Contains(g.text(), "10.1.2.3") || len(g.skips) > 0 {
		t.Errorf("attachment %v, skips %v, text %s", found, g.skips, g.text())
	}
}

func TestAMailboxGivesEachOfItsMessages(t *testing.T) {
	box := "From a@contoh.example Mon Nov 30 10:00:00 2026\n" + strings.ReplaceAll(mailText, "\r\n", "\n") + "\nFrom b@contoh.example Mon Nov 30\nFrom: b@contoh.example\nSubject: dua\n\n>From here on\nNIK " + nik + "\n"
	for how, r := range cuts([]byte(box)) {
		g := &got{}
		if err := (&Walker{Limits: Usual()}).Walk(context.Background(), "a.mbox", r, g); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, s := range g.segments {
			if bytes.Contains(s.Text, []byte(nik)) {
				seen[s.Origin.Entry] = true
			}
		}
		if !seen["message 1"] || !seen["message 1!daftar.csv"] || !seen["message 2"] || len(seen) != 3 || len(g.skips) > 0 {
			t.Errorf("%s: %v, skips %v", how, seen, g.skips)
		}
	}
}

func TestAnOutlookMessageGivesItsAttachment(t *testing.T) {
	g := walked(t, "a.msg", messageFile())
	for _, s := range g.segments {
		if s.Origin.Entry == "daftar.csv" && strings.Contains(string(s.Text), "NIK: "+nik) {
			return
		}
	}
	t.Errorf("%v %q", g.skips, g.text())
}

func TestExcelShowsNumbersAndDatesAsPeopleSeeThem(t *testing.T) {
	g := walked(t, "a.xlsx", xlsx(sheetRows))
	for want, place := range map[string]string{"3273012501909999": "B2", "1990-01-25": "C2", "Siti Rekaan": "A2", "Budi Rekaan": "A3"} {
		found := false
		for _, s := range g.segments {
			for _, m := range s.Marks {
				found = found || m.Place == place && string(s.Text[m.Start:m.End]) == want
			}
		}
		if !found {
			t.Errorf("%s does not hold %s: %s", place, want, g.text())
		}
	}
}

// The places of cells and JSON values in the file's own bytes are right, or said to be inexact.
func TestWhereAValueStandsInTheFileIsExact(t *testing.T) {
	for name, text := range map[string]string{
		"a.csv":  "\xef\xbb\xbfNama,NIK\r\n\"Siti \"\"I\"\" R\",\"" + nik + "\"\r\nBudi,0812",
		"a.tsv":  "Nama\tNIK\nSiti\t" + nik + "\n",
		"a.json": "\xef\xbb\xbf[ {\"nik\" :\n \"" + nik + "\", \"n\\u0061ma\": \"Si\\u0074i\",\"umur\" : 36 } , 7]\n{\"x\":\"y\"}",
		"a.txt":  "satu\ndua " + nik,
	} {
		g := walked(t, name, []byte(text))
		n := 0
		for _, s := range g.segments {
			if s.Offset >= 0 && text[s.Offset:s.Offset+int64(len(s.Text))] != string(s.Text) {
				t.Errorf("%s: the text at %d differs", name, s.Offset)
			}
			for _, m := range s.Marks {
				value, source := string(s.Text[m.Start:m.End]), text[m.Source.Start:m.Source.End]
				if exact := value == source; exact != m.Source.Exact {
					t.Errorf("%s: %q stands in the file as %q; exact: %v", name, value, source, m.Source.Exact)
				}
				n++
			}
		}
		if n == 0 && name != "a.txt" {
			t.Errorf("%s has no marks", name)
		}
	}
}

// However a reader cuts the stream, the segments are the same.
func TestHowTheReaderIsCutChangesNothing(t *testing.T) {
	long := strings.Repeat("kata demi kata, ", 40_000) + nik + strings.Repeat(" lalu\n", 30_000)
	for name, data := range map[string][]byte{
		"a.txt": []byte(long), "a.csv": []byte("Nama,NIK\n" + strings.Repeat("Siti,"+nik+"\n", 5000)), "a.json": []byte(`[` + strings.Repeat(`{"nik":"`+nik+`"},`, 3000) + `1]`),
		"a.eml": []byte(mailText), "a.html": []byte("<html>" + strings.Repeat("<p>x "+nik+"</p>", 2000)), "a.tgz": gzipped(tarred(entry{"a.txt", long})), "a.docx": docx("<w:p><w:t>" + nik + "</w:t></w:p>"),
		"a.pdf": onePage("BT /F1 12 Tf 72 700 Td (" + nik + ") Tj ET"), "b.txt": wideText(long[:5000], binary.LittleEndian),
	} {
		want := &got{}
		for how, r := range cuts(data) {
			g := &got{}
			if err := (&Walker{Limits: Usual()}).Walk(context.Background(), name, struct{ io.Reader }{r}, g); err != nil {
				t.Fatal(err)
			}
			if len(want.segments) == 0 {
				want = g
			}
			if !reflect.DeepEqual(g, want) {
				t.Errorf("%s, %s: %d segments, %d skips, against %d and %d", name, how, len(g.segments), len(g.skips), len(want.segments), len(want.skips))
			}
		}
	}
}

// Each byte of a long text is owned by one window, and stands with as much context as was promised.
func TestEachByteOfALongTextIsOwnedOnce(t *testing.T) {
	text := make([]byte, 3*windowSize+12345)
	for i := range text {
		text[i] = "abcdefghij \n"[i*7%12]
	}
	g := walked(t, "a.txt", text)
	next := int64(0)
	for i, s := range g.segments {
		if from := s.Offset + int64(s.From); from != next {
			t.Fatalf("window %d owns from %d, not from %d", i, from, next)
		}
		next = s.Offset + int64(s.To)
		if i > 0 && s.From < overlap || i+1 < len(g.segments) && len(s.Text)-s.To < overlap {
			t.Errorf("window %d has too little context", i)
		}
		if line := 1 + bytes.Count(text[:s.Offset], []byte("\n")); s.Line != line {
			t.Errorf("window %d begins in line %d, not %d", i, s.Line, line)
		}
	}
	if next != int64(len(text)) || len(g.segments) < 4 {
		t.Errorf("%d of %d bytes in %d windows", next, len(text), len(g.segments))
	}
}

func TestWhatCannotBeReadIsSaidWithItsReason(t *testing.T) {
	encrypted := zipped(entry{"a.txt", "x"})
	i := bytes.Index(encrypted, []byte("PK\x01\x02"))
	encrypted[i+8] |= 1
	encrypted[6] |= 1
	nested := []byte("NIK " + nik)
	for range 12 {
		nested = gzipped(nested)
	}
	many := make([]entry, 30)
	for i := range many {
		many[i] = entry{fmt.Sprint(i), "x"}
	}
	few := func(w *Walker) { w.Limits.Entries = 20 }
	small := func(w *Walker) { w.Limits.Document = 1000 }
	noise := make([]byte, 20_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	letters := make([]byte, len(noise))
	for i, c := range noise {
		letters[i] = 'a' + c%26
	}
	for _, c := range []struct {
		name   string
		file   string
		data   []byte
		why    Reason
		change func(*Walker)
	}{
		{"encrypted ZIP", "a.zip", encrypted, Encrypted, nil},
		{"encrypted PDF", "a.pdf", pdfFile("/Encrypt 9 0 R", "<< /Type /Catalog >>"), Encrypted, nil},
		{"encrypted Office", "a.docx", oleFile(entry{"EncryptedPackage", "x"}), Encrypted, nil},
		{"encrypted OpenDocument", "a.odt", zipped(entry{"mimetype", "application/vnd.oasis.opendocument.text"}, entry{"META-INF/manifest.xml", "<manifest:encryption-data/>"}, entry{"content.xml", "garbage"}), Encrypted, nil},
		{"encrypted mail", "a.eml", []byte("From: a@b.example\nSubject: x\nContent-Type: application/pkcs7-mime\n\nMIIB\n"), Encrypted, nil},
		{"old Office", "a.doc", oleFile(entry{"WordDocument", "x"}), Unsupported, nil},
		{"unknown binary", "a.bin", noise, Unknown, nil},
		{"7z", "a.7z", []byte("7z\xbc\xaf\x27\x1cxxxxxxxx"), Unsupported, nil},
		{"ZIP with more than it lists", "a.zip", hollow(zipped(entry{"a.txt", "x"}), 100_000), Hidden, nil},
		{"truncated ZIP", "a.zip", zipped(entry{"a.txt", strings.Repeat("x", 1000)})[:60], Truncated, nil},
		{"truncated gzip", "a.gz", gzipped(letters)[:10_000], Truncated, nil},
		{"gzip that is none", "a.gz", []byte("\x1f\x8b\x08\x00garbage garbage garbage"), Damaged, nil},
		{"truncated tar", "a.tar", tarred(entry{"a.txt", strings.Repeat("x", 5000)})[:2000], Truncated, nil},
		{"truncated mail", "a.eml", []byte(mailText[:len(mailText)-40]), Truncated, nil},
		{"damaged Word", "a.docx", docx("<w:p><w:t>x</w:t></w:p>", entry{"word/comments.xml", "<w:p><<<"}), Damaged, nil},
		{"damaged PDF", "a.pdf", []byte("%PDF-1.7\nnothing\n%%EOF"), Damaged, nil},
		{"PDF without letters", "a.pdf", onePage("BT /F2 12 Tf 72 700 Td <0001000200030004> Tj ET", "<< /F1 7 0 R >>", "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H >>"), NoText, nil},
		{"archives in archives", "a.gz", nested, TooDeep, nil},
		{"many entries", "a.zip", zipped(many...), TooMany, few},
		{"many entries in tar", "a.tar", tarred(many...), TooMany, few},
		{"large document", "a.pdf", onePage(string(noise)), TooBig, small},
		{"long names in the directory", "a.zip", zipped(entry{strings.Repeat("a", 3000), "x"}), TooBig, small},
		{"large zip on a pipe", "a.zip", zipped(entry{"a", string(noise)}), TooBig, small},
		{"bomb", "a.gz", gzipped(bytes.Repeat([]byte("a"), 12<<20)), TooDense, nil},
		{"bomb in ZIP", "a.zip", zipped(entry{"a.txt", strings.Repeat("a", 12<<20)}), TooDense, nil},
		{"bomb in Word", "a.docx", docx(strings.Repeat("<w:p/>", 2<<20)), TooDense, nil},
		{"expanded too far", "a.gz", gzipped(bytes.Repeat(letters, 10)), TooLarge, func(w *Walker) { w.Limits.Expanded = 100_000 }},
		{"text that becomes binary", "a.txt", append([]byte(strings.Repeat("kata ", 10_000)), bytes.Repeat(noise, 40)...), Mixed, nil},
		{"picture without a reader", "a.png", []byte("\x89PNG\r\n\x1a\nxxxxxxxxxxxxxxxxxxxx"), NoOCR, func(w *Walker) { w.Tools.Ignore = false }},
		{"pages", "a.pdf", onePage("BT ET"), TooManyPages, func(w *Walker) { w.Limits.Pages = 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var change []func(*Walker)
			if c.change != nil {
				change = append(change, c.change)
			}
			data := c.data
			w := &Walker{Limits: Usual(), Tools: Tools{Ignore: true}}
			for _, f := range change {
				f(w)
			}
			g := &got{}
			var r io.Reader = bytes.NewReader(data)
			if strings.HasSuffix(c.name, "pipe") {
				r = struct{ io.Reader }{r}
			}
			if err := w.Walk(context.Background(), c.file, r, g); err != nil {
				t.Fatal(err)
			}
			if !g.skipped(c.why) {
				t.Errorf("not said: %v, text %.100q", g.skips, g.text())
			}
		})
	}
}

// hollow puts bytes between the entries of an archive and its directory.
func hollow(archive []byte, n int) []byte {
	i := bytes.Index(archive, []byte("PK\x01\x02"))
	out := append(bytes.Clone(archive[:i]), make([]byte, n)...)
	out = append(out, archive[i:]...)
	end := bytes.LastIndex(out, []byte("PK\x05\x06"))
	binary.LittleEndian.PutUint32(out[end+16:], uint32(i+n))
	return out
}

// A stream of a gigabyte without a line end, and one of zeros, need no more memory than a window.
func TestAStreamWithoutLineEndsNeedsNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 300 MB")
	}
	for name, piece := range map[string]string{"a.txt": "kata tanpa akhir ", "a.csv": "a,b,c \" ", "a.json": `{"a":"kata tanpa akhir `, "a.html": "<html a='kata tanpa akhir ", "a.eml": "From: a@b.example\r\nSubject: "} {
		filler := []byte(strings.Repeat("kata ", 20_000))
		r := io.MultiReader(strings.NewReader(piece), &endless{filler: filler, left: 64 << 20}, strings.NewReader(" NIK "+nik))
		c := &peak{}
		if err := (&Walker{Limits: Usual()}).Walk(context.Background(), name, r, c); err != nil {
			t.Fatal(err)
		}
		if !c.found || c.most > 48<<20 {
			t.Errorf("%s: found %v, held %d MB", name, c.found, c.most>>20)
		}
	}
}

type endless struct {
	filler []byte
	left   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.filler)
	e.left -= n
	return n, nil
}

// What opens more and more and closes nothing costs no more than the text that it is.
func TestJSONWithoutABottomNeedsNoMemory(t *testing.T) {
	for name, piece := range map[string]string{"lists": "[", "objects": `{"a":`} {
		c := &peak{}
		r := io.MultiReader(&endless{filler: []byte(strings.Repeat(piece, 8192)), left: 16 << 20}, strings.NewReader(`"NIK `+nik+`"`))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := (&Walker{Limits: Usual()}).Walk(context.Background(), "a.json", r, c); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if grew := int64(after.HeapSys) - int64(before.HeapSys); !c.found || grew > 200<<20 {
			t.Errorf("%s: found %v, the heap grew by %d MB", name, c.found, grew>>20)
		}
	}
}

// peak looks for the number and at the memory.
type peak struct {
	n     int
	most  uint64
	found bool
}

func (c *peak) Segment(s *Segment) error {
	c.found = c.found || bytes.Contains(s.Text, []byte(nik))
	if c.n++; c.n%100 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		c.most = max(c.most, m.HeapAlloc)
	}
	return nil
}

func (c *peak) Skip(Skip) error { return nil }

func TestAVisitorThatWantsNoMoreEndsTheWalk(t *testing.T) {
	enough := errors.New("enough")
	for name, data := range map[string][]byte{"a.zip": zipped(entry{"a", "x"}, entry{"b", "y"}), "a.txt": []byte("x"), "a.docx": docx("<w:p><w:t>x</w:t></w:p>"), "a.eml": []byte(mailText), "a.csv": []byte("a,b\nc,d\n"), "a.json": []byte(`{"a":"b"}`), "a.html": []byte("<html>x")} {
		n := 0
		err := (&Walker{Limits: Usual()}).Walk(context.Background(), name, bytes.NewReader(data), visit(func() error { n++; return enough }))
		if !errors.Is(err, enough) || n != 1 {
			t.Errorf("%s: %v after %d", name, err, n)
		}
	}
}

type visit func() error

func (v visit) Segment(*Segment) error { return v() }
func (v visit) Skip(Skip) error        { return v() }

func TestTimeIsALimitAndTheCallersPatienceIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (&Walker{Limits: Usual()}).Walk(ctx, "a.txt", strings.NewReader("x"), &got{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	limits := Usual()
	limits.Time = time.Nanosecond
	g := &got{}
	if err := (&Walker{Limits: limits}).Walk(context.Background(), "a.txt", strings.NewReader("x"), g); err != nil || !g.skipped(TooLong) {
		t.Error(err, g.skips)
	}
}

func TestAReaderThatFailsIsUnreadable(t *testing.T) {
	for _, name := range []string{"a.txt", "a.csv", "a.json", "a.html", "a.pdf"} {
		start := map[string]string{"a.txt": "kata", "a.csv": "a,b\nc,d\n", "a.json": `{"a":"b"`, "a.html": "<html>x", "a.pdf": "%PDF-1.4\n"}[name]
		g := &got{}
		r := io.MultiReader(strings.NewReader(start), failing{})
		if err := (&Walker{Limits: Usual()}).Walk(context.Background(), name, r, g); err != nil || !g.skipped(Unreadable) {
			t.Error(name, err, g.skips)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, os.ErrPermission }

// program writes a script that stands for a program of others.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// scannedPage is a page that is a picture.
func scannedPage() []byte {
	return onePage("/Im Do", "null", "/Subtype /Image /Width 900 /Height 900 STREAM x")
}

func TestPicturesGoThroughTheProgramsThatAreInstalled(t *testing.T) {
	png := []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("x", 50))
	reads := program(t, `cat >/dev/null; echo "$@ $AMANAH_SECRET NIK `+nik+`"`)
	t.Setenv("AMANAH_SECRET", "rahasia")
	for name, c := range map[string]struct {
		data  []byte
		tools Tools
		why   Reason
	}{
		"picture":              {png, Tools{Tesseract: reads, Languages: "ind+eng"}, ""},
		"picture in Word":      {docx("", entry{"word/media/a.png", string(png)}), Tools{Tesseract: reads}, ""},
		"scanned page":         {scannedPage(), Tools{Tesseract: reads, Pdftoppm: program(t, "cat")}, ""},
		"no reader":            {scannedPage(), Tools{}, NoOCR},
		"no maker of pictures": {scannedPage(), Tools{Tesseract: reads}, NoOCR},
		"left out":             {scannedPage(), Tools{Ignore: true}, ""},
		"fails":                {png, Tools{Tesseract: program(t, "exit 1")}, Damaged},
		"page fails":           {scannedPage(), Tools{Tesseract: reads, Pdftoppm: program(t, "exit 1")}, Damaged},
		"floods":               {png, Tools{Tesseract: program(t, "yes")}, TooBig},
		"lines":                {docx("", entry{"word/media/a.emf", "x"}), Tools{}, Unsupported},
	} {
		g := walked(t, "a", c.data, func(w *Walker) { w.Tools = c.tools })
		if c.why != "" {
			if !g.skipped(c.why) {
				t.Errorf("%s: %v", name, g.skips)
			}
			continue
		}
		if len(g.skips) > 0 {
			t.Errorf("%s: %v", name, g.skips)
		}
		if c.tools.Ignore {
			continue
		}
		s, _ := g.where(t, nik)
		if !s.Origin.OCR || strings.Contains(string(s.Text), "rahasia") {
			t.Errorf("%s: %+v %s", name, s.Origin, s.Text)
		}
	}
	limits := Usual()
	limits.DocumentTime = 100 * time.Millisecond
	if g := walked(t, "a", png, func(w *Walker) { w.Tools, w.Limits = Tools{Tesseract: program(t, "exec sleep 60")}, limits }); !g.skipped(TooLong) {
		t.Errorf("hangs: %v", g.skips)
	}
	if g := walked(t, "a", largePNG(), func(w *Walker) { w.Tools = Tools{Tesseract: reads} }); !g.skipped(TooBig) {
		t.Errorf("large: %v", g.skips)
	}
}

// largePNG is the head of a picture of 60,000 by 60,000.
func largePNG() []byte {
	head := []byte("IHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x02\x00\x00\x00")
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\r"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestEveryPartOfADocumentIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string // how the origin of the number is written
	}{
		"comment":           {docx("", entry{"word/comments.xml", "<w:comment><w:p><w:t>" + nik + "</w:t></w:p></w:comment>"}), "{  docx 0  comments}"},
		"description":       {docx(`<wp:docPr descr="KTP ` + nik + `"/>`), "{  docx 0  }"},
		"property":          {docx("", entry{"docProps/custom.xml", "<property><vt:lpwstr>" + nik + "</vt:lpwstr></property>"}), "{  docx 0  custom}"},
		"deleted":           {docx("<w:del><w:delText>" + nik + "</w:delText></w:del>"), "{  docx 0  }"},
		"embedded sheet":    {docx("", entry{"word/embeddings/a.xlsx", string(xlsx(sheetRows))}), "{word/embeddings/a.xlsx  xlsx 0 Pelanggan }"},
		"speaker notes":     {zipped(entry{"[Content_Types].xml", types}, entry{"ppt/slides/slide1.xml", "<a/>"}, entry{"ppt/notesSlides/notesSlide2.xml", "<a:p><a:t>" + nik + "</a:t></a:p>"}), "{  pptx 2  notes}"},
		"header of a sheet": {xlsx(`</sheetData><headerFooter><oddHeader>` + nik + `</oddHeader></headerFooter><sheetData>`), "{  xlsx 0 Pelanggan }"},
		"formula":           {xlsx(`<row r="1"><c r="A1"><f>"NIK "&amp;"` + nik + `"</f><v>0</v></c></row>`), "{  xlsx 0 Pelanggan }"},
		"comment of a cell": {xlsx("", entry{"xl/comments1.xml", "<comment><t>" + nik + "</t></comment>"}), "{  xlsx 0  comments1}"},
		"long cell":         {[]byte("a,b,c\nd,e,f\ng,h,i\n\"" + strings.Repeat("kata ", 40_000) + nik + "\",x,y\n"), "{  csv 0  }"},
		"attachment of PDF": {onePage("BT ET", "<< /Type /Filespec /UF (a.txt) /EF << /F 7 0 R >> >>", "/Type /EmbeddedFile STREAM"+nik), "{a.txt  text 0  }"},
		"look of a note":    {onePage("BT ET", "<< /Type /Page /Annots [<< /AP << /N 7 0 R >> >>] >>", "/Subtype /Form STREAM BT 0 0 Td ("+nik+") Tj ET"), "{  pdf 2  }"},
		"mail in mail":      {[]byte("From: a@b.example\nSubject: x\nContent-Type: message/rfc822\n\nFrom: c@d.example\nSubject: y\n\n" + nik), "{message.rfc822  eml 0  body}"},
		"Outlook HTML":      {oleFile(entry{"__properties_version1.0", "x"}, entry{"__substg1.0_10130102", "<html>" + nik + "</html>"}), "{body.html  html 0  }"},
		"Outlook narrow":    {oleFile(entry{"__properties_version1.0", "x"}, entry{"__substg1.0_0037001E", nik}), "{  msg 0  header}"},
		"Outlook recipient": {oleFile(entry{"__properties_version1.0", "x"}, entry{"__recip_version1.0_#00000000/__substg1.0_3001001F", string(wideText(nik, binary.LittleEndian))}), "{  msg 0  header}"},
		"Outlook field":     {oleFile(entry{"__properties_version1.0", "x"}, entry{"__substg1.0_8001001F", string(wideText(nik, binary.LittleEndian))}), "{  msg 0  header}"},
		"Outlook RTF":       {oleFile(entry{"__properties_version1.0", "x"}, entry{"__substg1.0_10090102", "\x00\x00\x00\x00\x00\x00\x00\x00MELA\x00\x00\x00\x00{\\rtf1 " + nik + "}"}), "{  msg 0  body}"},
		"UTF-32":            {append([]byte("\xff\xfe\x00\x00"), []byte(strings.Join(strings.Split("NIK "+nik, ""), "\x00\x00\x00")+"\x00\x00\x00")...), "{  text 0  }"},
		"bzip2":             {bzipped, "{a  text 0  }"},
	} {
		g := walked(t, "a", c.data)
		s, _ := g.where(t, nik)
		o := s.Origin
		if got := fmt.Sprintf("{%s  %s %d %s %s}", o.Entry, o.Kind, o.Page, o.Sheet, o.Part); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Pictures are read where the programs are installed.
func TestAPictureIsReadWhereTesseractIsInstalled(t *testing.T) {
	tools := Installed(context.Background())
	convert, err := exec.LookPath("convert")
	if tools.Tesseract == "" || err != nil {
		t.Skip("tesseract (with ind or eng) or convert is not installed")
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if out, err := exec.Command(convert, "-size", "900x120", "xc:white", "-pointsize", "40", "-fill", "black", "-annotate", "+20+70", "NIK "+nik, path).CombinedOutput(); err != nil {
		t.Skipf("convert cannot draw text: %s", out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := walked(t, "a.png", data, func(w *Walker) { w.Tools = tools }).where(t, nik)
	if !s.Origin.OCR {
		t.Errorf("%+v", s.Origin)
	}
}

// Cards and calendars are read as their programs read them: folded, quoted, escaped, and in the midst of other text.
func TestACardIsReadAsItsProgramReadsIt(t *testing.T) {
	half, rest := nik[:7], nik[7:]
	hexed := ""
	for _, c := range []byte(nik) {
		hexed += fmt.Sprintf("=%02X", c)
	}
	for name, line := range map[string]string{
		"quoted":                        "NOTE;ENCODING=QUOTED-PRINTABLE:NIK=20" + hexed,
		"quoted, as 2.1 says it":        "NOTE;CHARSET=UTF-8;quoted-printable:Pelanggan=0D=0ANIK " + nik + "=0D=0Aselesai",
		"a line end in the number":      "NOTE;ENCODING=QUOTED-PRINTABLE:NIK " + half + "=0A" + rest,
		"a soft line end in the number": "NOTE;ENCODING=QUOTED-PRINTABLE:NIK " + half + "=\n" + rest,
		"soft, and a sign cut in two":   "NOTE;ENCODING=QUOTED-PRINTABLE:NIK =\r\n" + hexed[:9] + "=\r\n" + hexed[9:],
		"folded":                        "NOTE:NIK " + half + "\r\n " + rest,
		"folded in its parameters":      "NOTE;ENCODING=QUOTED-\r\n PRINTABLE:NIK " + hexed,
		"escaped":                       `NOTE:NIK\n` + nik,
		"escaped between digits":        `NOTE:NIK ` + half + `\,` + rest,
	} {
		for kind, text := range map[string]string{"CARD": "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Siti\r\n" + line + "\r\nEND:VCARD\r\n", "within": "Ini kontaknya:\n\nBEGIN:VCARD\r\n" + line + "\r\nEND:VCARD\r\n"} {
			found := false
			for _, s := range walked(t, "kontak.vcf", []byte(text)).segments {
				squeezed := strings.NewReplacer(" ", "", ",", "").Replace(string(s.Text))
				found = found || strings.Contains(squeezed, "NIK"+nik) && !strings.Contains(string(s.Text), "n"+nik)
			}
			if !found {
				t.Errorf("%s, %s: %q", name, kind, walked(t, "kontak.vcf", []byte(text)).segments[0].Text)
			}
		}
	}
	plain := "BEGIN:VCARD\nURL:http://a.example/?a=4A=4B\nEND:VCARD\n"
	if g := walked(t, "a.vcf", []byte(plain)); string(g.segments[0].Text) != plain {
		t.Errorf("what is not quoted stays: %q", g.segments[0].Text)
	}
}

// A text that somebody packed and pasted is read, in every kind of text, to a depth.
func TestWhatIsPastedPackedIsRead(t *testing.T) {
	blob := base64.StdEncoding.EncodeToString(gzipped([]byte("NIK " + nik + "\n")))
	twice := base64.StdEncoding.EncodeToString(gzipped([]byte("lihat " + blob + "\n")))
	deep := twice
	for range 3 {
		deep = base64.StdEncoding.EncodeToString(gzipped([]byte("lihat " + deep + "\n")))
	}
	has := func(g *got) bool {
		return slices.ContainsFunc(g.segments, func(s Segment) bool {
			return strings.Contains(string(s.Text), nik) && strings.HasSuffix(s.Origin.Entry, "packed")
		})
	}
	for name, text := range map[string]string{
		"a.txt": "Tolong buka " + blob + " ya", "b.json": `{"a":[{"data":"` + blob + `"}]}`, "c.html": "<html><p>" + blob + "</p></html>", "d.csv": "nama,isi\nSiti," + blob + "\nBudi,x\n",
		"e.eml": "From: a@b.example\nSubject: x\n\n" + blob[:40] + "\n" + blob[40:] + "\n", "f.txt": twice,
	} {
		if g := walked(t, name, []byte(text)); !has(g) || len(g.skips) > 0 {
			t.Errorf("%s: %v", name, g.skips)
		}
	}
	if g := walked(t, "a.txt", []byte(deep)); has(g) || len(g.skips) != 1 || g.skips[0].Reason != TooDense {
		t.Errorf("too deep: %v", g.skips)
	}
	if g := walked(t, "a.txt", []byte("x "+blob), func(w *Walker) { w.Raw = true }); has(g) {
		t.Error("raw text is handed over as it stands")
	}
	picture := base64.StdEncoding.EncodeToString(gzipped(bytes.Repeat([]byte{0, 1, 2, 255}, 500)))
	if g := walked(t, "a.txt", []byte("x "+picture)); len(g.skips) > 0 || len(g.segments) != 1 {
		t.Errorf("what is no text: %v", g.skips)
	}
}

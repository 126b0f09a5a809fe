package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// joined puts one archive behind another whose directory then counts from its own beginning, as programs that cut archives apart do.
func joined(a, b []byte) []byte {
	out := append(bytes.Clone(a), b...)
	end := bytes.LastIndex(out, []byte("PK\x05\x06"))
	start := len(a) + int(binary.LittleEndian.Uint32(out[end+16:]))
	binary.LittleEndian.PutUint32(out[end+16:], uint32(start))
	for at := start; at < end; {
		binary.LittleEndian.PutUint32(out[at+42:], binary.LittleEndian.Uint32(out[at+42:])+uint32(len(a)))
		at += 46 + int(binary.LittleEndian.Uint16(out[at+28:])) + int(binary.LittleEndian.Uint16(out[at+30:])) + int(binary.LittleEndian.Uint16(out[at+32:]))
	}
	return out
}

// listed puts a remark at the end of an archive.
func listed(archive []byte, remark string) []byte {
	out := append(bytes.Clone(archive), remark...)
	binary.LittleEndian.PutUint16(out[len(archive)-2:], uint16(len(remark)))
	return out
}

func TestNothingPassesInSilence(t *testing.T) {
	value := "NIK " + nik
	clean, dirty := zipped(entry{"a.txt", "halo"}), zipped(entry{"b.txt", value})
	page := onePage("BT /F1 12 Tf 72 700 Td (halo) Tj ET")
	half := page[:bytes.LastIndex(page, []byte("xref"))]
	early := append([]byte("%PDF-1.7\n1 0 obj\n<</Linearized 1>>\nendobj\nstartxref\n0\n%%EOF\n"), half[9:bytes.Index(half, []byte("endstream"))]...)
	if end := bytes.LastIndex(page, []byte("startxref")); end >= 0 {
		half = page[:min(len(half), end)]
	}
	photograph := func(beside, behind string) []byte {
		return []byte("\xff\xd8\xff\xfe\x00" + string(rune(len(beside)+2)) + beside + "\xff\xd9" + behind)
	}
	for name, c := range map[string]struct {
		file string
		data []byte
		why  Reason // "": the value is found
	}{
		"an entry before those that are listed":  {"a.zip", joined(dirty, clean), Hidden},
		"an archive before another":              {"a.zip", append(bytes.Clone(dirty), clean...), Hidden},
		"text behind an archive":                 {"a.zip", append(bytes.Clone(clean), value...), Hidden},
		"an entry that a document hides":         {"a.docx", joined(dirty, docx("<w:p/>")), Hidden},
		"the remark of an archive":               {"a.zip", listed(clean, value), ""},
		"the name of a folder":                   {"a.zip", zipped(entry{value + "/", ""}), ""},
		"the name within gzip":                   {"a.gz", append([]byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00"+value+"\x00"), gzipped([]byte("halo"))[10:]...), ""},
		"half a PDF":                             {"a.pdf", half, Truncated},
		"half a PDF that is written for the web": {"a.pdf", early, Truncated},
		"text before a PDF":                      {"a.pdf", append([]byte(value+"\n"), page...), ""},
		"text behind a PDF":                      {"a.pdf", append(bytes.Clone(page), value...), ""},
		"an archive behind a PDF":                {"a.pdf", append(bytes.Clone(page), dirty...), ""},
		"half of Word":                           {"a.docx", zipped(entry{"[Content_Types].xml", types}, entry{"word/document.xml", "<w:document><w:p><w:t>halo"}), Damaged},
		"words that Word brings":                 {"a.docx", zipped(entry{"[Content_Types].xml", types}, entry{"word/document.xml", `<!DOCTYPE d [<!ENTITY a "` + nik + `">]><w:document><w:p><w:t>NIK &a;</w:t></w:p></w:document>`}), Damaged},
		"half of a table of Excel":               {"a.xlsx", xlsx(`<row r="1"><c r="A1" t="inlineStr"><is><t>halo`), Damaged},
		"half of a text of OpenDocument":         {"a.odt", zipped(entry{"mimetype", "application/vnd.oasis.opendocument.text"}, entry{"content.xml", "<office:document-content><text:p>halo"}), Damaged},
		"a chunk that Word shows":                {"a.docx", docx("", entry{"word/afchunk.htm", "<html><body>" + value}), ""},
		"a part with the name of another":        {"a.docx", docx("<w:p/>", entry{"word/document.xml", "<w:document><w:p><w:t>" + value + "</w:t></w:p></w:document>"}), ""},
		"a picture's name for two notes":         {"a.docx", docx("", entry{"word/media/a.txt", "halo"}, entry{"word/media/a.txt", value}), ""},
		"a sheet with the name of another":       {"a.xlsx", xlsx("<row/>", entry{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>` + nik + `</v></c></row></sheetData></worksheet>`}), ""},
		"a file put into a document":             {"a.docx", docx("", entry{"word/notes.dat", value}), ""},
		"the mark of wide text before another":   {"a.txt", []byte("\xff\xfe" + value + " telah dicatat"), ""},
		"text of a mainframe":                    {"a.txt", []byte("\xd5\xc9\xd2\x40\xf3\xf2\xf7\xf3\xf0\xf1\xf4\xf5\xf0\xf8\xf9\xf0\xf0\xf0\xf1\xf7\x15"), Unsupported},
		"a text that no cell shows any more":     {"a.xlsx", xlsx("<row/>", entry{"xl/sharedStrings.xml", "<sst><si><t>" + nik + "</t></si></sst>"}), ""},
		"a comment of a picture":                 {"a.jpg", photograph(value, ""), ""},
		"a text behind a picture":                {"a.jpg", photograph("halo", value), ""},
		"an archive behind a picture":            {"a.jpg", photograph("halo", string(dirty)), ""},
		"bytes with a text behind a picture":     {"a.jpg", photograph("halo", "\x00\x01\x02\xfe"+value+strings.Repeat("\x00\xfe\x80", 50)), ""},
		"a picture that is none":                 {"a.webp", []byte("aaaaaaaaWEBP\n" + value), ""},
	} {
		g := walked(t, c.file, c.data)
		found := false
		for _, s := range g.segments {
			found = found || bytes.Contains(s.Text, []byte(nik))
		}
		if c.why == "" && !found || c.why != "" && !g.skipped(c.why) {
			t.Errorf("%s: %v, text %.200q", name, g.skips, g.text())
		}
	}
	// What programs write is not held to be odd.
	for name, data := range map[string][]byte{"ZIP": clean, "Word": docx("<w:p><w:t>halo</w:t></w:p>"), "Excel": xlsx(`<row r="1"/>`), "PDF": page, "tar": tarred(entry{"a", "halo"}), "ZIP of nothing": zipped(), "a folder": zipped(entry{"a/", ""}, entry{"a/b", "halo"})} {
		if g := walked(t, "a", data); len(g.skips) > 0 {
			t.Errorf("%s: %v", name, g.skips)
		}
	}
}

func TestAPictureOfWhichTheReaderOnlyComplainsIsDamaged(t *testing.T) {
	tools := Tools{Tesseract: program(t, `cat >/dev/null; echo "Error in pixRead" >&2`)}
	if g := walked(t, "a.tif", []byte("II*\x00\x08\x00\x00\x00\x00\x00"), func(w *Walker) { w.Tools = tools }); !g.skipped(Damaged) {
		t.Error(g.skips)
	}
	tools = Tools{Tesseract: program(t, `cat >/dev/null`)} // an empty page
	if g := walked(t, "a.tif", []byte("II*\x00\x08\x00\x00\x00\x00\x00"), func(w *Walker) { w.Tools = tools }); len(g.skips) > 0 {
		t.Error(g.skips)
	}
}

func BenchmarkPDFOfManyObjects(b *testing.B) {
	var body strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&body, "%d 0 obj 0 endobj\n", i+10)
	}
	data := append([]byte("%PDF-1.7\n"+body.String()), "trailer\n<<>>\nstartxref\n1\n%%EOF"...)
	for b.Loop() {
		_ = (&Walker{Limits: Usual()}).Walk(b.Context(), "a.pdf", bytes.NewReader(data), &got{})
	}
}

// slow takes its time over a text.
type slow struct{ got }

func (s *slow) Segment(g *Segment) error {
	if string(g.Text) == "halo" {
		time.Sleep(time.Hour)
	}
	return s.got.Segment(g)
}

func TestTimeThatEndsBetweenTwoEntriesIsSaid(t *testing.T) {
	for name, data := range map[string][]byte{"ZIP": zipped(entry{"a.txt", "halo"}, entry{"b.txt", "NIK"}), "tar": tarred(entry{"a.txt", "halo"}, entry{"b.txt", "NIK"})} {
		synctest.Test(t, func(t *testing.T) {
			v := &slow{}
			if err := (&Walker{Limits: Usual()}).Walk(t.Context(), "a", bytes.NewReader(data), v); err != nil || !v.skipped(TooLong) {
				t.Errorf("%s: %v, %v", name, err, v.skips)
			}
		})
	}
}

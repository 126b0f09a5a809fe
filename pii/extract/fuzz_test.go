package extract

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// small limits keep fuzzing quick; what they stop is what they are for.
func small() Limits {
	return Limits{Depth: 4, Entries: 200, Expanded: 4 << 20, Ratio: 200, Document: 1 << 20, Pages: 20, Time: 20 * time.Second, DocumentTime: 20 * time.Second}
}

// sound checks what every walk must keep to, whatever the bytes were.
type sound struct {
	t     *testing.T
	bytes int
	seen  int
}

func (v *sound) Segment(s *Segment) error {
	v.seen++
	v.bytes += len(s.Text)
	if s.From < 0 || s.To < s.From || s.To > len(s.Text) || len(s.Text) > windowSize {
		v.t.Fatalf("owns %d to %d of %d", s.From, s.To, len(s.Text))
	}
	last := 0
	for _, m := range s.Marks {
		if m.Start < last || m.End < m.Start || m.End > len(s.Text) {
			v.t.Fatalf("mark %+v of %d bytes", m, len(s.Text))
		}
		last = m.End
	}
	if !utf8.ValidString(s.Origin.Entry) {
		v.t.Fatalf("entry %q", s.Origin.Entry)
	}
	return nil
}

func (v *sound) Skip(s Skip) error {
	v.seen++
	if s.Reason == "" {
		v.t.Fatal("skipped without a reason")
	}
	return nil
}

// fuzzed walks bytes as a file of some name; it must end, keep to its promises, and find the same in bytes that come one by one.
func fuzzed(f *testing.F, name string, seeds ...[]byte) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
		f.Add(s[:len(s)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &Walker{Limits: small()}
		v := &sound{t: t}
		if err := w.Walk(context.Background(), name, bytes.NewReader(data), v); err != nil {
			t.Fatal(err)
		}
		if v.bytes > 64<<20 {
			t.Fatalf("%d bytes of text from %d", v.bytes, len(data))
		}
		if len(data) > 0 && v.seen == 0 && len(bytes.TrimSpace(data)) > 0 && name == "a.txt" && utf8.Valid(data) {
			kind, _ := sniff.Of(data[:min(len(data), sniff.Size)], name)
			if Kind(kind) == Text {
				t.Fatal("neither read nor skipped")
			}
		}
	})
}

func FuzzText(f *testing.F) {
	fuzzed(f, "a.txt", []byte("NIK "+nik), []byte("\xff\xfeN\x00I\x00K\x00"), []byte("Jos\xe9 \x00\x01"), []byte(mailText), []byte(`{"a":[1,{"b":"c"}]}`), []byte("%PDF-1.4\n1 0 obj"), tarred(entry{"a", "b"}))
}

func FuzzTable(f *testing.F) {
	fuzzed(f, "a.csv", []byte("a,b\n\"c\"\"d\",e\n"), []byte("\xef\xbb\xbfa;b\r\n\"x\ny\";z"), []byte("a\tb\n\"open"))
}

func FuzzJSON(f *testing.F) {
	fuzzed(f, "a.json", []byte(`{"nik":"3273","x":[true,null,1e9,{"":""}]}`), []byte("{\"a\":1}\n{\"b\":\"\\u0061\"} rest"), []byte(`[[[[`), []byte(`{"a":{"b":`))
}

func FuzzHTML(f *testing.F) {
	fuzzed(f, "a.html", []byte("<html><td>a<td>b<a href='tel:1'>&#48;</a><!-- c --><script>x</script>"), []byte("<?xml version='1.0' encoding='utf-16'?><a b='c'/>"))
}

func FuzzMail(f *testing.F) {
	seeds := [][]byte{[]byte(mailText)}
	mails := hiddenMails()
	for _, name := range slices.Sorted(maps.Keys(mails)) {
		if data := mails[name]; len(data) < 10_000 {
			seeds = append(seeds, []byte(data))
		}
	}
	fuzzed(f, "a.eml", seeds...)
}

func FuzzArchive(f *testing.F) {
	fuzzed(f, "a.zip", zipped(entry{"a.txt", "b"}, entry{"c.zip", string(zipped(entry{"d", "e"}))}), tarred(entry{"a", "b"}), gzipped([]byte("a")), gzipped(tarred(entry{"a", "b"})), []byte("BZh91AY&SY"))
}

func FuzzOffice(f *testing.F) {
	fuzzed(f, "a.docx", docx("<w:p><w:t>a</w:t></w:p>"), xlsx(sheetRows), zipped(entry{"mimetype", "application/vnd.oasis.opendocument.text"}, entry{"content.xml", "<a><text:p>b</text:p></a>"}))
}

// The XML of Office is packed, which a fuzzer cannot see through.
func FuzzMarkup(f *testing.F) {
	f.Add([]byte(`<w:p><w:t>a</w:t><w:tab/></w:p>`), []byte(sheetRows))
	f.Add([]byte(`<text:p>a<text:s text:c="9999"/></text:p>`), []byte(`<row r="99999999"><c r="ZZZZ1" t="s"><v>-1</v></c><c s="9"><v>1e400</v></c></row>`))
	f.Fuzz(func(t *testing.T, text, rows []byte) {
		for _, data := range [][]byte{docx(string(text)), xlsx(string(rows)), zipped(entry{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, entry{"content.xml", string(rows)}, entry{"styles.xml", string(text)})} {
			if err := (&Walker{Limits: small()}).Walk(context.Background(), "a", bytes.NewReader(data), &sound{t: t}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzOutlook(f *testing.F) { fuzzed(f, "a.msg", messageFile()) }

func FuzzRTF(f *testing.F) {
	fuzzed(f, "a.rtf", []byte(`{\rtf1\ansi{\fonttbl x}a\u-3?\'e9\bin3 abc{\*\x y}\par}`))
}

func FuzzPDF(f *testing.F) {
	fuzzed(f, "a.pdf", onePage("BT /F1 12 Tf (a) Tj ET"), pdfFile("", "<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [2 0 R 3 0 R] >>", "<< /Type /Page /Contents [4 0 R] >>", "<< /Length 9 >>\nstream\nBT (x) Tj\nendstream"),
		[]byte("%PDF-1.4\n1 0 obj\n[[[[[<<<<<<(((\nendobj"))
}

// The drawing of a page is packed, too.
func FuzzPageOfPDF(f *testing.F) {
	f.Add([]byte("q 1 0 0 1 0 0 cm BT /F1 12 Tf 1 0 0 1 72 700 Tm [(a) -500 (b)] TJ T* (c) ' ET Q /Fm Do BI /W 9 /H 9 ID xx EI"), []byte("begincmap 1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfrange <00> <ff> <0041> endbfrange 1 beginbfchar <01> <0042> endbfchar"))
	f.Fuzz(func(t *testing.T, page, table []byte) {
		data := onePage(string(page), fmt.Sprintf("/Type /XObject /Subtype /Form /Resources << /XObject << /Fm 6 0 R >> >> STREAM%s", page), "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 8 0 R >>", "STREAM"+string(table))
		if err := (&Walker{Limits: small()}).Walk(context.Background(), "a.pdf", bytes.NewReader(data), &sound{t: t}); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzMailbox(f *testing.F) {
	fuzzed(f, "a.mbox", []byte("From a\nFrom: a@b.example\nSubject: x\n\ny\n\nFrom b\nTo: c\nDate: d\n\n"))
}

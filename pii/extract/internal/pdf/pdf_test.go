package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func never() error { return nil }

func packed(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// stm writes a stream object.
func stm(head, body string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", head, len(body), body)
}

// file writes objects in order, numbered from 1.
func file(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	b.WriteString("trailer << /Root 1 0 R >>\n%%EOF")
	return b.Bytes()
}

const (
	catalog = "<< /Type /Catalog /Pages 2 0 R >>"
	pages   = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page    = "<< /Type /Page /Contents 4 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> /XObject << /Fm 7 0 R /Im 8 0 R >> >> >>"
	simple  = "<< /Type /Font /Subtype /TrueType /Encoding /WinAnsiEncoding >>"
)

// textOf is the text of all pages of a file that has to be readable.
func textOf(t *testing.T, data []byte) string {
	t.Helper()
	d, err := Read(data, 64<<20, never)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range d.Pages() {
		p, err := d.Page(i)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// drawn is the text of a page with this content.
func drawn(t *testing.T, content string, more ...string) string {
	t.Helper()
	return textOf(t, file(append([]string{catalog, pages, page, stm("", content), simple}, more...)...))
}

func TestEveryFilterIsUndone(t *testing.T) {
	const content = "BT /F1 12 Tf (NIK 3273012501909999) Tj ET"
	var b85 bytes.Buffer
	w := ascii85.NewEncoder(&b85)
	_, _ = w.Write([]byte(content))
	_ = w.Close()
	runs := "\x04BT /F" + string([]byte{byte(len(content) - 6)}) + content[5:] + "\x80"
	rows := func(filter byte, row func(i int, line []byte) []byte) string {
		padded := content + strings.Repeat(" ", (10-len(content)%10)%10)
		var out []byte
		for i := 0; i < len(padded); i += 10 {
			out = append(append(out, filter), row(i, []byte(padded[i:i+10]))...)
		}
		return packed(string(out))
	}
	padded := content + strings.Repeat(" ", 20)
	predicted := "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 10 >>"
	for name, s := range map[string]string{
		"none": stm("", content), "flate": stm("/Filter /FlateDecode", packed(content)), "short name": stm("/Filter [/Fl]", packed(content)),
		"hex": stm("/Filter /ASCIIHexDecode", hex.EncodeToString([]byte(content))+">"), "base 85": stm("/Filter /ASCII85Decode", b85.String()+"~>"), "runs": stm("/Filter /RunLengthDecode", runs),
		"two":            stm("/Filter [/ASCIIHexDecode /FlateDecode]", hex.EncodeToString([]byte(packed(content)))+">"),
		"predictor none": stm(predicted, rows(0, func(_ int, l []byte) []byte { return l })),
		"predictor left": stm(predicted, rows(1, func(_ int, l []byte) []byte {
			for i := len(l) - 1; i > 0; i-- {
				l[i] -= l[i-1]
			}
			return l
		})),
		"predictor up": stm(predicted, rows(2, func(i int, l []byte) []byte {
			for k := range l {
				if i > 0 {
					l[k] -= padded[i-10+k]
				}
			}
			return l
		})),
		"predictor average": stm(predicted, rows(3, func(i int, l []byte) []byte {
			for k := len(l) - 1; k >= 0; k-- {
				left, up := 0, 0
				if k > 0 {
					left = int(l[k-1])
				}
				if i > 0 {
					up = int(padded[i-10+k])
				}
				l[k] -= byte((left + up) / 2)
			}
			return l
		})),
		"predictor Paeth": stm(predicted, rows(4, func(i int, l []byte) []byte {
			for k := len(l) - 1; k >= 0; k-- {
				var left, up, corner byte
				if k > 0 {
					left = l[k-1]
				}
				if i > 0 {
					up = padded[i-10+k]
				}
				if i > 0 && k > 0 {
					corner = padded[i-10+k-1]
				}
				l[k] -= paeth(left, up, corner)
			}
			return l
		})),
		"predictor TIFF": stm("/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 10 >>", packed(func() string {
			b := []byte(content + strings.Repeat(" ", (10-len(content)%10)%10))
			for i := len(b) - 1; i >= 0; i-- {
				if i%10 > 0 {
					b[i] -= b[i-1]
				}
			}
			return string(b)
		}())),
		"no checksum":  stm("/Filter /FlateDecode", packed(content)[:len(packed(content))-4]),
		"wrong length": "<< /Length 3 >>\nstream\n" + content + "\nendstream",
		"later length": "<< /Length 99 0 R >>\nstream\r\n" + content + "\nendstream",
		"lzw":          stm("/Filter /LZWDecode", lzwPacked(content)),
	} {
		if text := textOf(t, file(catalog, pages, page, s, simple)); !strings.Contains(text, "NIK 3273012501909999") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// lzwPacked packs with nine bits a code and no table, beginning anew before one would be needed.
func lzwPacked(s string) string {
	var out []byte
	bits, n := 0, 0
	put := func(code int) {
		bits, n = bits<<9|code, n+9
		for n >= 8 {
			out = append(out, byte(bits>>(n-8)))
			n -= 8
		}
	}
	for i, c := range []byte(s) {
		if i%100 == 0 {
			put(256)
		}
		put(int(c))
	}
	put(257)
	return string(append(out, byte(bits<<(8-n))))
}

func TestLZWBuildsItsTable(t *testing.T) {
	// The example of the standard: 45 45 45 45 45 65 45 45 45 66.
	d := &Document{budget: 100, check: never}
	out, err := d.filter([]byte{0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01}, "LZWDecode", nil)
	if err != nil || string(out) != "-----A---B" {
		t.Errorf("%q %v", out, err)
	}
}

func TestTextStandsAsOnThePage(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"kerned":                {"BT /F1 10 Tf 10 10 Td [(32)-20(73) 30 (01)] TJ ET", "327301\n"},
		"words by moves":        {"BT /F1 10 Tf 10 10 Td [(NIK)-600(3273)] TJ ET", "NIK 3273\n"},
		"columns":               {"BT /F1 10 Tf 10 700 Td (NIK) Tj 0 -20 Td (HP) Tj ET BT /F1 10 Tf 200 700 Td (3273) Tj 0 -20 Td (0812) Tj ET", "NIK\t3273\nHP\t0812\n"},
		"values drawn first":    {"BT /F1 10 Tf 200 700 Td (3273) Tj ET BT /F1 10 Tf 10 700 Td (NIK) Tj ET", "NIK\t3273\n"},
		"bold by twice":         {"BT /F1 10 Tf 10 10 Td (3273) Tj 0.3 0 Td (3273) Tj ET", "3273\n"},
		"next lines":            {"BT /F1 10 Tf 12 TL 10 100 Td (a) Tj T* (b) Tj (c) ' 1 2 (d) \" ET", "a\nb\nc\nd\n"},
		"turned":                {"BT /F1 10 Tf 0 1 -1 0 100 100 Tm (327) Tj (301) Tj ET", "327301\n"},
		"scaled page":           {"q 0.1 0 0 0.1 0 0 cm BT /F1 100 Tf 100 100 Td (327) Tj (301) Tj ET Q", "327301\n"},
		"octal and line ends":   {"BT /F1 10 Tf 0 0 Td (\\063\\0622\\\n7\\(x\\)) Tj ET", "3227(x)\n"},
		"hex":                   {"BT /F1 10 Tf 0 0 Td <33 32 37 3> Tj ET", "3270\n"},
		"comment":               {"BT % (no) Tj\n/F1 10 Tf 0 0 Td (yes) Tj ET", "yes\n"},
		"inline picture":        {"BI /W 9 /H 9 ID (no) Tj EI BT /F1 10 Tf 0 0 Td (yes) Tj ET", "yes\n"},
		"too many ends":         {"Q Q ET ] >> BT /F1 10 Tf 0 0 Td (yes) Tj ET", "yes\n"},
		"no font":               {"BT 0 0 Td (yes) Tj ET", "yes\n"},
		"superscript is beside": {"BT /F1 10 Tf 10 100 Td (12) Tj 3 Ts (a) Tj ET", "12a\n"},
	} {
		if got := drawn(t, c.content); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFontsSayWhichLettersTheirCodesAre(t *testing.T) {
	cmap := "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <0033> endbfchar 2 beginbfrange <0002> <0004> <0034> <0010> <0011> [<0041> <00420043>] endbfrange"
	type0 := "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 9 0 R /DescendantFonts [<< /DW 600 /W [1 [500 500] 3 4 700] >>] >>"
	for name, c := range map[string]struct{ font, show, want string }{
		"table":               {type0, "<000100020004>", "346\n"},
		"list":                {type0, "<00100011>", "ABC\n"},
		"differences":         {"<< /Subtype /Type1 /Encoding << /Differences [1 /three /two /seven 65 /a.alt /uni0042 /eacute] >> >>", "<010203414243>", "327aBe\u0301\n"},
		"simple with a table": {"<< /Subtype /TrueType /ToUnicode 9 0 R >>", "<0001>", "3\n"},
		"mac":                 {"<< /Subtype /TrueType /Encoding /MacRomanEncoding >>", "<8e>", "é\n"},
		"UTF-16":              {"<< /Subtype /Type0 /Encoding /UniGB-UCS2-H >>", "<00330032>", "32\n"},
	} {
		got := drawn(t, "BT /F2 10 Tf 0 0 Td "+c.show+" Tj ET", c.font, "null", "null", stm("", cmap))
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestLettersWithoutATableAreCounted(t *testing.T) {
	d, err := Read(file(catalog, pages, page, stm("", "BT /F2 10 Tf <00010002> Tj ET"), simple, "<< /Subtype /Type0 /Encoding /Identity-H >>"), 1<<20, never)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := d.Page(0); err != nil || p.Glyphs != 2 || p.Unknown != 2 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestFormsArePartOfThePageAndEndSomewhere(t *testing.T) {
	form := stm("/Subtype /Form /Resources << /Font << /F1 5 0 R >> /XObject << /Fm 7 0 R >> >>", "BT /F1 10 Tf 0 0 Td (in) Tj ET /Fm Do /Fm Do")
	got := drawn(t, "/Fm Do", "null", form)
	if !strings.Contains(got, "in") {
		t.Errorf("%q", got)
	}
}

func TestPicturesAreSeenAndSmallOnesAreNot(t *testing.T) {
	for size, want := range map[int]bool{600: true, 20: false} {
		d, err := Read(file(catalog, pages, page, stm("", "/Im Do"), simple, "null", "null", stm(fmt.Sprintf("/Subtype /Image /Filter /DCTDecode /Width %d /Height %d", size, size), "x")), 1<<20, never)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := d.Page(0); err != nil || p.Picture != want {
			t.Errorf("%d: %+v %v", size, p, err)
		}
	}
}

// Whatever is wrong with the order of the file hides nothing.
func TestABrokenOrderHidesNothing(t *testing.T) {
	content := stm("", "BT /F1 10 Tf 0 0 Td (NIK 3273) Tj ET")
	whole := file(catalog, pages, page, content, simple)
	objects := "3 0 << /Type /Page /Contents 4 0 R >>"
	for name, data := range map[string][]byte{
		"bytes before":     append([]byte("mail header\r\n\r\n"), whole...),
		"bytes after":      append(bytes.Clone(whole), make([]byte, 3000)...),
		"no trailer":       whole[:bytes.Index(whole, []byte("trailer"))],
		"no catalog":       file("null", pages, page, content, simple),
		"no page tree":     file(catalog, "null", page, content, simple),
		"ring of pages":    file(catalog, "<< /Type /Pages /Kids [2 0 R 3 0 R 3 0 R] >>", page, content, simple),
		"cut in the font":  whole[:bytes.Index(whole, []byte("/TrueType"))],
		"content list":     file(catalog, pages, strings.Replace(page, "4 0 R", "[4 0 R 4 0 R]", 1), content, simple),
		"an older version": append(bytes.Clone(whole), []byte("\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n")...),
		"object stream": file(catalog, pages, "null", content, simple, "null", "null", "null",
			stm("/Type /ObjStm /N 1 /First "+fmt.Sprint(len("3 0 "))+" /Filter /FlateDecode", packed(objects))),
	} {
		if text := textOf(t, data); !strings.Contains(text, "NIK 3273") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestFieldsLinksNotesAndAttachments(t *testing.T) {
	d, err := Read(file(catalog, pages, page, stm("", ""), simple,
		"<< /T (NIK) /V (3273) >>", "<< /Subtype /Text /Contents <feff00480069> >>", "<< /A << /URI (mailto:a@contoh.example) >> >>",
		"<< /Type /Filespec /UF (a.txt) /EF << /F 10 0 R >> >>", stm("/Type /EmbeddedFile", "isi")), 1<<20, never)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(d.Fields()); got != "[{NIK 3273} {note Hi} {link mailto:a@contoh.example}]" {
		t.Error(got)
	}
	err = d.Attachments(func(name string, data []byte) error {
		if name != "a.txt" || string(data) != "isi" {
			t.Errorf("%s: %s", name, data)
		}
		return errors.New("taken")
	})
	if err == nil || err.Error() != "taken" {
		t.Error(err)
	}
}

func TestAFormInXMLIsHandedOver(t *testing.T) {
	d, err := Read(file("<< /Type /Catalog /AcroForm << /XFA [(template) 2 0 R (datasets) 3 0 R] >> >>", stm("", "<a/>"), stm("/Filter /FlateDecode", packed("<nik>3273</nik>"))), 1<<20, never)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	_ = d.Attachments(func(name string, data []byte) error {
		got += name + string(data)
		return nil
	})
	if got != "form.xml<a/>form.xml<nik>3273</nik>" {
		t.Error(got)
	}
}

func TestEncryptionIsSeenWhereverItStands(t *testing.T) {
	for _, data := range [][]byte{
		[]byte("%PDF-1.4\ntrailer << /Root 1 0 R /Encrypt << /Filter /Standard >> >>"),
		file(stm("/Type /XRef /Encrypt 9 0 R", "x")),
		[]byte("%PDF-1.4\n" + strings.Repeat("x", 5000) + "trailer\n<</Size 9/Encrypt 8 0 R>>"),
	} {
		if _, err := Read(data, 1<<20, never); !errors.Is(err, ErrEncrypted) {
			t.Errorf("%.60q: %v", data, err)
		}
	}
}

func TestBudgetsAndChecksEndTheReading(t *testing.T) {
	bomb := file(catalog, pages, page, stm("/Filter /FlateDecode", packed(strings.Repeat("x", 1<<20))), simple)
	d, err := Read(bomb, 1000, never)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Page(0); !errors.Is(err, ErrBudget) {
		t.Error(err)
	}
	late := errors.New("late")
	if _, err := Read(bomb, 1<<20, func() error { return late }); !errors.Is(err, late) {
		t.Error(err)
	}
	if _, err := Read([]byte("%PDF-1.4"), 1<<20, never); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

// Nesting that no honest file has neither overflows the stack nor takes more than linear time.
func TestDeepNestingIsReadInOnePass(t *testing.T) {
	for _, open := range []string{"[", "<<", "<< /A ", "(", "[<<", "{"} {
		data := append([]byte("%PDF-1.4\n1 0 obj\n"), bytes.Repeat([]byte(open), 1<<18)...)
		if _, err := Read(data, 1<<20, never); err != nil {
			t.Errorf("%s: %v", open, err)
		}
	}
}

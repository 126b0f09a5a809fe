package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// NIK is a number that belongs to nobody: the district exists, the day does, the serial is 9999.
const nik = "3273012501909999"

// got is a visitor that keeps what it is given.
type got struct {
	segments []Segment
	skips    []Skip
}

func (g *got) Segment(s *Segment) error {
	c := *s
	c.Text, c.Marks = bytes.Clone(s.Text), append([]Mark(nil), s.Marks...)
	g.segments = append(g.segments, c)
	return nil
}

func (g *got) Skip(s Skip) error {
	g.skips = append(g.skips, s)
	return nil
}

// text is all text, without what neighbours share.
func (g *got) text() string {
	var b strings.Builder
	for _, s := range g.segments {
		if s.Origin.Kind != Name {
			b.Write(s.Text[s.From:s.To])
		}
	}
	return b.String()
}

// where finds the segment and the place in it that has a text.
func (g *got) where(t *testing.T, want string) (Segment, Mark) {
	t.Helper()
	for _, s := range g.segments {
		if i := bytes.Index(s.Text, []byte(want)); i >= 0 && s.Owns(i) {
			m, _ := s.At(i)
			return s, m
		}
	}
	t.Fatalf("%q is in none of %d segments; skipped: %v; text: %.2000q", want, len(g.segments), g.skips, g.text())
	return Segment{}, Mark{}
}

func (g *got) skipped(why Reason) bool {
	for _, s := range g.skips {
		if s.Reason == why {
			return true
		}
	}
	return false
}

func walked(t *testing.T, name string, data []byte, change ...func(*Walker)) *got {
	t.Helper()
	w := &Walker{Limits: Usual()}
	w.Tools.Ignore = true
	for _, c := range change {
		c(w)
	}
	g := &got{}
	if err := w.Walk(context.Background(), name, bytes.NewReader(data), g); err != nil {
		t.Fatal(err)
	}
	return g
}

type entry struct{ name, text string }

func zipped(entries ...entry) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, _ := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate})
		_, _ = io.WriteString(w, e.text)
	}
	_ = z.Close()
	return b.Bytes()
}

func tarred(entries ...entry) []byte {
	var b bytes.Buffer
	z := tar.NewWriter(&b)
	for _, e := range entries {
		_ = z.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.text)), Mode: 0o600, Typeflag: tar.TypeReg})
		_, _ = io.WriteString(z, e.text)
	}
	_ = z.Close()
	return b.Bytes()
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	return b.Bytes()
}

func wideText(s string, order binary.AppendByteOrder) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

const types = `<?xml version="1.0"?><Types xmlns="x"/>`

func docx(body string, more ...entry) []byte {
	return zipped(append([]entry{{"[Content_Types].xml", types}, {"word/document.xml",
		`<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w"><w:body>` + body + `</w:body></w:document>`}}, more...)...)
}

func xlsx(rows string, more ...entry) []byte {
	return zipped(append([]entry{
		{"[Content_Types].xml", types},
		{"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Pelanggan" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/sharedStrings.xml", `<sst><si><t>Nama</t></si><si><t>NIK</t></si><si><r><t>Siti </t></r><r><t>Rekaan</t></r></si><si><t>Lahir</t></si></sst>`},
		{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>`},
		{"xl/worksheets/sheet1.xml", `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`},
	}, more...)...)
}

const sheetRows = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>3</v></c></row>
<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2"><v>3.2730125019099990E15</v></c><c r="C2" s="1"><v>32898</v></c></row>
<row r="3"><c r="A3" t="inlineStr"><is><t>Budi Rekaan</t></is></c><c r="B3" t="str"><v>` + nik + `</v></c></row>`

// pdfFile writes a PDF of numbered objects; a stream is packed. The table of contents is left out: nothing here needs it.
func pdfFile(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n", i+1)
		if head, body, ok := strings.Cut(o, "STREAM"); ok {
			var z bytes.Buffer
			w := zlib.NewWriter(&z)
			_, _ = io.WriteString(w, body)
			_ = w.Close()
			fmt.Fprintf(&b, "<< %s /Filter /FlateDecode /Length %d >>\nstream\n", head, z.Len())
			b.Write(z.Bytes())
			b.WriteString("\nendstream")
		} else {
			b.WriteString(o)
		}
		b.WriteString("\nendobj\n")
	}
	fmt.Fprintf(&b, "trailer\n<< /Root 1 0 R %s >>\nstartxref\n0\n%%%%EOF\n", trailer)
	return b.Bytes()
}

// onePage is a PDF with one page of this content.
func onePage(content string, more ...string) []byte {
	return pdfFile("", append([]string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 5 0 R /F2 7 0 R >> /XObject << /Fm 6 0 R /Im 7 0 R >> >> >>",
		"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>", "STREAM" + content,
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	}, more...)...)
}

// oleFile writes a compound file with streams at most a sector of 4,096 bytes or more each; names with a slash lie in a storage.
func oleFile(streams ...entry) []byte {
	const sector = 512
	type node struct {
		name        string
		kind        byte
		left, right uint32
		child       uint32
		start, size uint32
	}
	none := uint32(0xffffffff)
	nodes := []node{{name: "Root Entry", kind: 5, left: none, right: none, child: none, start: 0xfffffffe}}
	storages := map[string]int{"": 0}
	last := map[int]int{} // last child of a storage
	add := func(parent int, n node) int {
		n.left, n.right, n.child = none, none, none
		nodes = append(nodes, n)
		i := len(nodes) - 1
		if before, ok := last[parent]; ok {
			nodes[before].right = uint32(i)
		} else {
			nodes[parent].child = uint32(i)
		}
		last[parent] = i
		return i
	}
	var data []byte
	var fat []uint32
	for _, s := range streams {
		parent, name := 0, s.name
		if dir, base, ok := strings.Cut(s.name, "/"); ok {
			if _, ok := storages[dir]; !ok {
				storages[dir] = add(0, node{name: dir, kind: 1})
			}
			parent, name = storages[dir], base
		}
		text := s.text
		for len(text) < 4096 { // smaller ones would lie in the stream of small streams
			text += map[bool]string{true: "\n", false: "\x00"}[strings.HasSuffix(s.name, "0102")]
		}
		start := uint32(len(data) / sector)
		add(parent, node{name: name, kind: 2, start: start, size: uint32(len(text))})
		for len(text)%sector != 0 {
			text += "\x00"
		}
		data = append(data, text...)
		for n := start; n < uint32(len(data)/sector)-1; n++ {
			fat = append(fat, n+1)
		}
		fat = append(fat, 0xfffffffe)
	}
	directory := uint32(len(data) / sector)
	var dir bytes.Buffer
	for len(nodes)%4 != 0 {
		nodes = append(nodes, node{left: none, right: none, child: none})
	}
	for _, n := range nodes {
		name := make([]byte, 64)
		u := wideText(n.name, binary.LittleEndian)
		copy(name, u)
		dir.Write(name)
		length := uint16(len(u) + 2)
		if n.name == "" {
			length = 0
		}
		for _, v := range []any{length, n.kind, byte(1), n.left, n.right, n.child, make([]byte, 16), uint32(0), uint64(0), uint64(0), n.start, n.size, uint32(0)} {
			_ = binary.Write(&dir, binary.LittleEndian, v)
		}
	}
	data = append(data, dir.Bytes()...)
	for n := directory; n < uint32(len(data)/sector)-1; n++ {
		fat = append(fat, n+1)
	}
	fat = append(fat, 0xfffffffe)
	tables := uint32(len(fat)/(sector/4-1) + 1)
	first := uint32(len(data) / sector)
	for range tables {
		fat = append(fat, 0xfffffffd)
	}
	for uint32(len(fat)) < tables*sector/4 {
		fat = append(fat, none)
	}
	for _, v := range fat {
		data = binary.LittleEndian.AppendUint32(data, v)
	}
	var head bytes.Buffer
	head.WriteString("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for _, v := range []any{make([]byte, 16), uint16(0x3e), uint16(3), uint16(0xfffe), uint16(9), uint16(6), make([]byte, 6), uint32(0), tables, directory, uint32(0), uint32(4096), uint32(0xfffffffe), uint32(0), uint32(0xfffffffe), uint32(0)} {
		_ = binary.Write(&head, binary.LittleEndian, v)
	}
	for i := range uint32(109) {
		v := none
		if i < tables {
			v = first + i
		}
		_ = binary.Write(&head, binary.LittleEndian, v)
	}
	return append(head.Bytes(), data...)
}

func messageFile() []byte {
	return oleFile(
		entry{"__properties_version1.0", "x"},
		entry{"__substg1.0_0037001F", string(wideText("NIK pelanggan", binary.LittleEndian))},
		entry{"__substg1.0_1000001F", string(wideText("NIK saya "+nik+"\r\n", binary.LittleEndian))},
		entry{"__attach_version1.0_#00000000/__substg1.0_3707001F", string(wideText("daftar.csv", binary.LittleEndian))},
		entry{"__attach_version1.0_#00000000/__substg1.0_37010102", "Nama,NIK\nSiti," + nik + "\n"},
	)
}

const mailText = "From: =?UTF-8?Q?Siti_Rekaan?= <siti@contoh.example>\r\nTo: bantuan@contoh.example\r\nSubject: =?UTF-8?B?TklLIHNheWE=?=\r\nReceived: from 10.1.2.3\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=batas\r\n\r\n" +
	"--batas\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nNIK saya 32730125=\r\n01909999, caf=E9\r\n" +
	"--batas\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Nomor <b>0812</b>3456</p>\r\n" +
	"--batas\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"daftar.csv\"\r\n\r\nTmFtYSxOSUsKU2l0aSwzMjczMDEyNTAx\r\nOTA5OTk5Cg==\r\n" +
	"--batas--\r\n"

// cuts are readers that hand over the same bytes in different pieces.
func cuts(data []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"whole": bytes.NewReader(data), "one": iotest.OneByteReader(bytes.NewReader(data)), "half": iotest.HalfReader(bytes.NewReader(data)), "early": iotest.DataErrReader(bytes.NewReader(data)),
	}
}

// bzipped is the number, packed by another program.
var bzipped = []byte("\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x57\xf1\xcf\x85\x00\x00\x0a\xdc\x00\x40\x10\x40\x00\x7a\xa0\x00\x29\x20\x00\x21\xa9\xa6\x4c\x69\x3d\x08\x06\x80\x0b\x7e\xcc\x50\xb8\xc3\x82\x7c\xc2\x52\x5a\x2e\xe4\x8a\x70\xa1\x20\xaf\xe3\x9f\x0a")

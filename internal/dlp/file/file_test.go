package file

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
	"github.com/amanah-id/amanah/pii/extract"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "file") }

func TestANameThatSaysSomethingElseThanTheContentLies(t *testing.T) {
	for name, want := range map[string]map[string]bool{ // content -> lies
		"laporan.pdf":      {"%PDF-1.7\n": false, "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff": true, "teks saja": true, "": true},
		"foto.JPG":         {"\xff\xd8\xff\xe0": false, "\x89PNG\r\n\x1a\n": false, "<html>": true, "PK\x03\x04": true},
		"daftar.csv":       {"a,b\n1,2\n3,4\n": false, "<html>": false, "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00": true},
		"arsip.zip":        {"PK\x03\x04": false, "Rar!\x1a\x07\x00": true},
		"surat.docx":       {"PK\x03\x04": true, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": false}, // an archive that is no document; an encrypted document
		"surat.docx. ":     {"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff": true},    // Windows drops dots and spaces at the end
		"program.bin":      {"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff": false},
		"tanpa akhiran":    {"apa saja": false},
		"laporan.pdf.html": {"<html>": false},
	} {
		for content, lie := range want {
			if err := lies(name, extract.KindOf([]byte(content), name)); (err != nil) != lie {
				t.Errorf("%s with %q: %v; want %v", name, content, err, lie)
			}
		}
	}
}

func TestACopySaysWhatWasTakenOutOrWhyNothingWas(t *testing.T) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	with := append(slices.Clone(photo.Bytes()[:2]), "\xff\xfe\x00\x0arahasia!"...)
	with = append(with, photo.Bytes()[2:]...)
	const appended = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n"
	for _, c := range []struct {
		kind       extract.Kind
		data, want string
		what       string
		left       Left
	}{
		{extract.Picture, string(with), photo.String(), "comment", LeftNot},
		{extract.Picture, "\xff\xd8\xff\xe0", "\xff\xd8\xff\xe0", "", LeftOdd},
		{extract.Picture, "GIF89a", "GIF89a", "", LeftOdd},
		{extract.Picture, "RIFF\x04\x00\x00\x00WEBP", "RIFF\x04\x00\x00\x00WEBP", "", LeftOdd},
		{extract.Picture, "II*\x00", "II*\x00", "", LeftOdd},
		{extract.Picture, "BM", "BM", "", LeftKind},
		{extract.Other, "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00", "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00", "", LeftOdd},
		{extract.PDF, "%PDF-1.7", "%PDF-1.7", "", LeftOdd},
		{extract.PDF, appended, appended, "", LeftOlder},
		{extract.Word, "PK", "PK", "", LeftOdd},
		{extract.Table, "a,b\n", "a,b\n", "", LeftNot},
		{extract.Zip, "PK", "PK", "", LeftKind},
	} {
		clean, what, left := Strip([]byte(c.data), c.kind)
		if string(clean) != c.want || strings.Join(what, " ") != c.what || left != c.left {
			t.Errorf("%s %.8q: %q %v", c.kind, c.data, what, left)
		}
	}
}

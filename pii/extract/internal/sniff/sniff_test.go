package sniff

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheContentDecidesWhatAFileIs(t *testing.T) {
	for _, c := range []struct {
		name, head string
		kind       string
		reading    Reading
	}{
		{"a.txt", "PK\x03\x04rest", "zip", Read}, {"a.txt", "\x1f\x8brest", "gzip", Read}, {"a.txt", "BZh9", "bzip2", Read}, {"a", strings.Repeat("\x00", 257) + "ustar", "tar", Read},
		{"a.jpg", "\xff\xd8\xff\xe0", "picture", Read}, {"a.zip", "halo semua", "text", Read}, {"a.pdf", "halo %PDF-1.4 begitu", "text", Read}, {"a", "%PDF-1.4\n", "pdf", Read},
		{"a", "junk\x00\x01\x02\x03\x04\x05%PDF-1.4", "pdf", Read}, {"a", "From x\n%PDF-1.4\n1 0 obj", "pdf", Read}, {"a", "7z\xbc\xaf\x27\x1c", "other", Unread}, {"a", "\x00\x00\x00\x18ftypheic", "other", Unread},
		{"a.txt", "\x00\x01\x02\x03", "other", Unknown}, {"a.txt", "MZ\x90\x00\x03\x00\x00\x00\x04\x00", "other", Unknown},
		{"a.html", "<p>x", "html", Read}, {"a", " <!DOCTYPE HTML>", "html", Read}, {"a.html", "tanpa tanda", "text", Read}, {"a", "<?xml version", "xml", Read}, {"a", "{\"a\":1}", "json", Read},
		{"a", "[1,2]", "json", Read}, {"a", "[catatan] rapat", "text", Read}, {"a", "{halo}", "text", Read}, {"a", "From: a@b\nSubject: c\n\nx", "eml", Read}, {"a", "From a@b Mon Nov 30\nFrom: a@b\nSubject: c\n\nx", "mbox", Read}, {"a", "From saya\nuntuk kamu", "text", Read}, {"a", "From: saya\nuntuk kamu", "text", Read},
		{"a.csv", "Nama,NIK\nSiti,1\n", "csv", Read}, {"a", "a;b;c\n1;2;3\n4;5;6\n", "csv", Read}, {"a", "satu, dua\ntiga, empat\n", "text", Read},
		{"a", "\xff\xfeh\x00i\x00", "text", Read}, {"a", "h\x00a\x00l\x00o\x00 \x00s\x00", "text", Read}, {"a.csv", "\xff\xfea\x00,\x00b\x00\n\x00", "csv", Read}, {"a", "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00", "picture", Read},
		{"a", "BM adalah singkatan dari", "text", Read}, {"a", "{\\rtf1", "rtf", Read}, {"a", "", "text", Read},
	} {
		if kind, reading := Of([]byte(c.head), c.name); kind != c.kind || reading != c.reading {
			t.Errorf("%s %.30q: %s %d, want %s %d", c.name, c.head, kind, reading, c.kind, c.reading)
		}
	}
}

func TestARowIsSplitWhateverItsQuotes(t *testing.T) {
	for row, want := range map[string]string{
		"a,b\r\n": "[a b]", "\"a,b\",c": "[a,b c]", "\"a\"\"b\",c": "[a\"b c]", "\"open,c": "[open,c]", "a\"b,c": "[a\"b c]", ",": "[ ]", "": "[]", "\"a\"x,b": "[a b]", "\"\",\"\"": "[ ]",
	} {
		var got []string
		for _, c := range Split([]byte(row), ',') {
			got = append(got, string(c.Value))
			if c.Exact && row[c.Start:c.End] != string(c.Value) {
				t.Errorf("%q: %q does not stand at %d to %d", row, c.Value, c.Start, c.End)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %v, want %s", row, got, want)
		}
	}
}

package mail

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"testing"
)

var digits = regexp.MustCompile(`\d{16}`)

// stars puts a name in the place of sixteen digits.
func stars(text []byte) []byte { return digits.ReplaceAll(text, []byte("[NIK ****0017]")) }

func rewritten(t testing.TB, head, body string) (string, bool) {
	t.Helper()
	var fields []field
	for _, line := range strings.Split(head, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			fields = append(fields, field{name, value})
		}
	}
	var out bytes.Buffer
	changed, err := rewrite(fields, strings.NewReader(body), &out, stars)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), changed
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const value, name = "3273014708870017", "[NIK ****0017]"

func TestAValueIsReplacedInTheTextsOfAMailAndNowhereElse(t *testing.T) {
	for _, c := range []struct{ what, head, body, want string }{
		{"plain", "", "Halo,\nNIK " + value + " benar.\n", "Halo,\nNIK " + name + " benar.\n"},
		{"no line end", "Content-Type: text/plain", "NIK " + value, "NIK " + name},
		{"old letters", "Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: 8bit", "caf\xe9 NIK " + value + "\n", "caf\xe9 NIK " + name + "\n"},
		{"quoted", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", "caf=C3=A9 NIK 327301470887=\n0017 benar\n", "caf=C3=A9 NIK " + name + " benar\n"},
		{"base64", "Content-Type: text/plain\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString([]byte("NIK "+value)) + "\n", base64.StdEncoding.EncodeToString([]byte("NIK "+name)) + "\n"},
		{"page", "Content-Type: text/html", "<p>NIK <b>" + value + "</b></p>\n", "<p>NIK <b>" + name + "</b></p>\n"},
		{"alternative", `Content-Type: multipart/alternative; boundary="b 1"`,
			"Pembuka " + value + "\n--b 1\nContent-Type: text/plain\n\nNIK " + value + "\n--b 1\nContent-Type: text/html\n\n<p>" + value + "</p>\n--b 1--\nPenutup\n",
			"Pembuka " + value + "\n--b 1\nContent-Type: text/plain\n\nNIK " + name + "\n--b 1\nContent-Type: text/html\n\n<p>" + name + "</p>\n--b 1--\nPenutup\n"},
		{"within", "Content-Type: multipart/mixed; boundary=a",
			"--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nNIK " + value + "\n--ab--\n\n--a\nContent-Type: text/plain; name=daftar.txt\n\n" + value + "\n--a--\n",
			"--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nNIK " + name + "\n--ab--\n\n--a\nContent-Type: text/plain; name=daftar.txt\n\n" + value + "\n--a--\n"},
		{"part without its end", "Content-Type: multipart/mixed; boundary=a", "--a\n\nNIK " + value + "\n", "--a\n\nNIK " + name + "\n"},
		{"outer boundary ends the inner", "Content-Type: multipart/mixed; boundary=a",
			"--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nNIK " + value + "\n--a\n\nNIK " + value + "\n--a--\n",
			"--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nNIK " + name + "\n--a\n\nNIK " + name + "\n--a--\n"},
	} {
		got, changed := rewritten(t, c.head, crlf(c.body))
		if got != crlf(c.want) || !changed {
			t.Errorf("%s: %q", c.what, got)
		}
	}
}

// What cannot be written back as it was stays, byte by byte: whoever asked looks again, and has the mail wait.
func TestWhatIsNotUnderstoodIsCopied(t *testing.T) {
	for what, c := range map[string][2]string{
		"signed":          {"Content-Type: multipart/signed; boundary=a", "--a\n\n" + value + "\n--a--\n"},
		"unknown charset": {"Content-Type: text/plain; charset=klingon", value},
		"lost letters":    {"Content-Type: text/plain; charset=shift_jis", "\xff\xff " + value},
		"attachment":      {"Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt", value},
		"calendar":        {"Content-Type: text/calendar", value},
		"unknown coding":  {"Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode", value},
		"broken base64":   {"Content-Type: text/plain\nContent-Transfer-Encoding: base64", "!!!" + value},
		"twofold":         {"Content-Type: text/plain\nContent-Type: text/html", value},
		"broken type":     {"Content-Type: text/plain; charset=\"", value},
		"message":         {"Content-Type: message/rfc822", "Subject: a\n\n" + value},
		"long":            {"Content-Type: text/plain", strings.Repeat("a\n", maxText/2) + value},
		"long line":       {"Content-Type: text/plain", strings.Repeat("a", 2*maxText) + value + "\n"},
		"head at the end": {"Content-Type: multipart/mixed; boundary=a", "--a\nContent-Type: text/plain\nX-Value: " + value},
		"nothing":         {"", ""},
		"nothing found":   {"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable", "a=\nb =41\n"},
	} {
		if got, changed := rewritten(t, c[0], crlf(c[1])); got != crlf(c[1]) || changed {
			t.Errorf("%s: changed %t, %.200q", what, changed, got)
		}
	}
}

// What no program shows is looked at too: somebody reads it all the same.
func TestWhatStandsBetweenThePartsIsToldApart(t *testing.T) {
	const body = "pembuka\n--a\nContent-Type: text/plain\nContent-Description: keterangan\nX-A: satu\n dua\n\nisi\n--a\nContent-Type: multipart/signed; boundary=b\n\ndalam\n--b\n\nisi\n--b--\nekor\n--a\n" +
		"Content-Transfer-Encoding: base64\n\naXNp\naXNp=\nekor64\n\n--a\nContent-Transfer-Encoding: base64\n\naXNp\ndi tengah\naXNp\n--a--\npenutup\n"
	head := []field{{"Content-Type", "multipart/mixed; boundary=a"}}
	got, ok, err := between(head, strings.NewReader(crlf(body)))
	if err != nil || !ok || strings.Join(strings.Fields(string(got)), " ") != "pembuka Content-Description: keterangan X-A: satu dua dalam ekor ekor64 di tengah penutup" {
		t.Errorf("%q %t %v", got, ok, err)
	}
	if got, ok, err = between(head, strings.NewReader(strings.Repeat("a\n", maxAside))); ok || err != nil {
		t.Error("taken whole:", len(got), err)
	}
	if got, ok, err = between([]field{{"Content-Type", "text/plain"}}, strings.NewReader("isi")); !ok || err != nil || len(got) > 0 {
		t.Errorf("%q %t %v", got, ok, err)
	}
}

func FuzzRewriting(f *testing.F) {
	for _, body := range []string{"NIK " + value, "--a\r\n\r\n" + value + "\r\n--a--\r\n", "--a\nContent-Type: multipart/x; boundary=b\n\n--b\n\n--a--", "--a", "--a--", "\r\n--a\r\n", "=3D=\n" + value} {
		for _, kind := range []string{"multipart/mixed; boundary=a", "text/plain", "text/html; charset=iso-8859-1", ""} {
			f.Add(kind, "quoted-printable", body)
			f.Add(kind, "base64", body)
			f.Add(kind, "", body)
		}
	}
	f.Fuzz(func(t *testing.T, kind, encoding, body string) {
		fields := []field{{"Content-Type", kind}, {"Content-Transfer-Encoding", encoding}}
		var same bytes.Buffer
		changed, err := rewrite(fields, strings.NewReader(body), &same, func(b []byte) []byte { return b })
		if err != nil || changed || same.String() != body {
			t.Fatalf("a mail in which nothing is replaced became another: %v %t %q", err, changed, same.String())
		}
		if text, _, err := between(fields, iotest{strings.NewReader(body)}); err != nil || len(text) > len(body) {
			t.Fatalf("%v %q", err, text)
		}
		var out bytes.Buffer
		changed, err = rewrite(fields, iotest{strings.NewReader(body)}, &out, stars)
		if err != nil || !changed && out.String() != body {
			t.Fatalf("%v %t %q", err, changed, out.String())
		}
	})
}

// iotest reads a byte at a time.
type iotest struct{ r io.Reader }

func (i iotest) Read(b []byte) (int, error) { return i.r.Read(b[:min(1, len(b))]) }

func TestWhatIsClosedAgainOpensToTheSame(t *testing.T) {
	text := []byte(strings.Repeat("caf\u00e9 = ", 40) + "\r\nbaris dua \r\n")
	for _, encoding := range []string{"base64", "quoted-printable", "8bit"} {
		again, ok := opened(closed(text, encoding), encoding)
		if !ok || !bytes.Equal(again, text) {
			t.Errorf("%s: %q", encoding, again)
		}
		for _, line := range bytes.Split(closed(text, encoding), []byte("\n")) {
			if encoding != "8bit" && len(line) > 77 {
				t.Errorf("%s: a line of %d", encoding, len(line))
			}
		}
	}
	if b, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(closed(text, "quoted-printable")))); err != nil || !bytes.Equal(b, text) {
		t.Error(err)
	}
}

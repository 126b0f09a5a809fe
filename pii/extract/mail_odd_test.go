package extract

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// hiddenMails hold the number where a reader that wants mails as they should be does not look. Each is read, or said not to be.
func hiddenMails() map[string]string {
	b64 := base64.StdEncoding.EncodeToString
	secret := b64([]byte("rahasia, NIK " + nik + ", café\r\n"))
	attached := "--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.txt\nContent-Transfer-Encoding: base64\n\n" + secret + "\n--b--\n"
	top := "From: a@b.example\nSubject: x\n"
	mixed := "Content-Type: multipart/mixed; boundary=b\n"
	zip := b64(zipped(entry{"a.txt", "NIK " + nik}))
	return map[string]string{
		"control character in a value":        top + "X-A: a\x01b\n" + mixed + "\n" + attached,
		"control character in a name":         top + "X\x01A: b\n" + mixed + "\n" + attached,
		"control character in the name":       top + "Content\x01-Type: multipart/mixed; boundary=b\n\n" + attached,
		"NUL in the boundary":                 top + "Content-Type: multipart/mixed; boundary=\x00b\n\n" + attached,
		"NUL in a number":                     top + "Comment: " + nik[:8] + "\x00" + nik[8:] + "\n\nx",
		"blank before the colon":              top + "Content-Type : multipart/mixed; boundary=b\n\n" + attached,
		"letters that are no UTF-8":           top + "X-A: caf\xe9\n" + mixed + "\n" + attached,
		"a line that is no header":            top + "tidak ada titik dua\n" + mixed + "\n" + attached,
		"folded in the middle":                top + "Content-Type: multipart/mixed;\n\tboundary=\n \"b\"\n\n" + attached,
		"folded over an empty line":           top + "X-A: b\n \n" + mixed + "\n" + attached,
		"CR alone":                            strings.ReplaceAll(top+mixed+"\n"+attached, "\n", "\r"),
		"line ends of all kinds":              strings.Replace(strings.Replace(top+mixed+"\n"+attached, "\n", "\r\n", 1), "\n--b", "\r--b", 1),
		"UTF-16":                              string(append([]byte("\xff\xfe"), wideText(top+mixed+"\n"+attached, binary.LittleEndian)...)),
		"a header of a megabyte":              top + "X-A: " + strings.Repeat("kata ", 300_000) + "\n" + mixed + "\n" + attached,
		"at the end of such a header":         top + "X-A: " + strings.Repeat("kata ", 300_000) + "=?utf-8?B?" + b64([]byte(nik)) + "?=\n\nx",
		"many headers":                        top + strings.Repeat("X-A: kata kata kata\n", 80_000) + mixed + "\n" + attached,
		"second Content-Type":                 top + mixed + "Content-Type: text/plain\n\n" + attached,
		"boundary in quotes without an end":   top + "Content-Type: multipart/mixed; boundary=\"b\n\n" + attached,
		"boundary in pieces":                  top + "Content-Type: multipart/mixed; boundary*0=; boundary*1=b\n\n" + attached,
		"boundary twice":                      top + "Content-Type: multipart/mixed; boundary=b; boundary=c\n\n" + attached,
		"no boundary":                         top + "Content-Type: multipart/mixed\n\n" + attached,
		"boundary cut":                        top + mixed + "\n" + strings.ReplaceAll(attached, "--b", "--bcd"),
		"boundary and a word":                 top + mixed + "\n" + strings.Replace(attached, "--b", "--b kata", 1),
		"no last boundary":                    top + mixed + "\n" + strings.TrimSuffix(attached, "--b--\n"),
		"behind the last boundary":            top + mixed + "\n--b--\n" + attached,
		"parameter that is none":              top + "Content-Type: multipart/mixed; boundary=b; ???; =\n\n" + attached,
		"before the first part":               top + mixed + "\nNIK " + nik + "\n--b\n\nx\n--b--\n",
		"behind the last part":                top + mixed + "\n--b\n\nx\n--b--\nNIK " + nik,
		"between two levels":                  top + mixed + "\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nx\n--c--\nNIK " + nik + "\n--b--\n",
		"in the header of a part":             top + mixed + "\n--b\nX-Note: NIK " + nik + "\n\nx\n--b--\n",
		"description of a part":               top + mixed + "\n--b\nContent-Description: NIK " + nik + "\n\nx\n--b--\n",
		"part without an empty line":          top + mixed + "\n--b\nDate: " + nik + "\nNIK " + nik + "\n--b--\n",
		"mail without an empty line":          top + "halo\nDate: " + nik,
		"name of a multipart":                 top + "Content-Type: multipart/mixed; boundary=b; name=\"" + nik + "\"\n\n--b--\n",
		"other name of a file":                top + "Content-Type: text/plain; name=\"" + nik + "\"\nContent-Disposition: attachment; filename=a.txt\n\nx",
		"name in pieces":                      top + "Content-Disposition: attachment; filename*0*=iso-8859-1''" + nik[:6] + "%" + "3" + nik[6:7] + "; filename*1=" + nik[7:] + ".txt\n\nx",
		"name in an encoded word":             top + "Content-Disposition: attachment; filename=\"=?utf-8?Q?KTP_" + nik + "?=.txt\"\n\nx",
		"piece of a name without a first":     top + "Content-Disposition: attachment; filename*3=" + nik + "\n\nx",
		"encoded word without padding":        top + "Comment: =?utf-8?B?" + strings.TrimRight(b64([]byte("NIK "+nik)), "=") + "?=\n\nx",
		"encoded words side by side":          top + "Comment: =?utf-8?Q?" + nik[:8] + "?=\n =?utf-8*id?q?" + nik[8:] + "?=\n\nx",
		"comment beside the kind":             top + "Content-Type: text/plain (" + nik + ")\n\nx",
		"name of a header":                    top + nik + ": x\n\nx",
		"header that begins like a trace":     top + "Dates: " + nik + "\n\nx",
		"program":                             top + "X-Mailer: " + nik + "\n\nx",
		"topic":                               top + "Thread-Topic: " + nik + "\n\nx",
		"padding in the middle":               top + "Content-Transfer-Encoding: base64\n\n" + b64([]byte("x")) + "\n" + secret + "\n",
		"text in the midst of base64":         top + "Content-Transfer-Encoding: base64\n\n" + secret[:4] + "\nNIK " + nik + "\nAAAA\n",
		"text behind base64":                  top + "Content-Transfer-Encoding: base64\n\nYQ==\n" + nik + "\n",
		"remark beside the encoding":          top + "Content-Transfer-Encoding: base64 (x)\n\n" + secret,
		"quoted-printable with a fault":       top + "Content-Transfer-Encoding: quoted-printable\n\na =XY = \nb=\n " + nik[:8] + "=\r\n" + nik[8:] + "=",
		"kind without a slash":                top + "Content-Type: text\n\n" + nik,
		"mail in a mail, with a bad header":   top + "Content-Type: message/rfc822\n\nX\x01Y: a\n" + top + mixed + "\n" + attached,
		"mail in a mail, behind a bad line":   top + "Content-Type: message/rfc822\n\nkata\n" + top + mixed + "\n" + attached,
		"archive in a part with a bad header": top + mixed + "\n--b\nX-A: \x01\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n" + zip + "\n--b--",
		"beside an unknown encoding":          top + "Content-Transfer-Encoding: aneh\n\nNIK " + nik,
		"multipart that claims base64":        top + mixed + "Content-Transfer-Encoding: base64\n\n" + attached,
	}
}

func TestNoOddMailHidesAnything(t *testing.T) {
	for name, data := range hiddenMails() {
		g := walked(t, "a.eml", []byte(data))
		if !slices.ContainsFunc(g.segments, func(s Segment) bool { return strings.Contains(string(s.Text), nik) }) {
			t.Errorf("%s: not found in %.300q, skipped %v", name, g.text(), g.skips)
		}
	}
}

func TestWhatProgramsReadInTwoWaysIsSaid(t *testing.T) {
	top := "From: a@b.example\nSubject: x\n"
	mixed := "Content-Type: multipart/mixed; boundary=b\n"
	for name, c := range map[string]struct {
		data string
		want []Reason
	}{
		"nothing odd":             {top + mixed + "\nsebelum\n--b\n\nx\n--b--\nsesudah", nil},
		"one kind said twice":     {top + mixed + mixed + "\n--b\n\nx\n--b--\n", nil},
		"both names of a file":    {top + "Content-Disposition: attachment; filename=a.txt; filename*=utf-8''b.txt\n\nx", nil},
		"two kinds":               {top + mixed + "Content-Type: text/plain\n\n--b\n\nx\n--b--\n", []Reason{Damaged}},
		"two encodings":           {top + "Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: base64\n\neA==", []Reason{Damaged}},
		"two boundaries":          {top + "Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nx\n--b--\n", []Reason{Damaged}},
		"no boundary":             {top + "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n", []Reason{Damaged}},
		"no boundary and no part": {top + "Content-Type: multipart/mixed\n\nx", []Reason{Damaged, Truncated}},
		"only like a boundary":    {top + mixed + "\n--b\n\nx\n--bc\n\ny\n--b--\n", []Reason{Damaged}},
		"no last boundary":        {top + mixed + "\n--b\n\nx", []Reason{Truncated}},
		"no part":                 {top + mixed + "\nx", []Reason{Truncated}},
		"no empty line":           {top + "halo\n", []Reason{Damaged}},
		"an empty folded line":    {top + "X-A: b\n \nX-B: c\n\nx", []Reason{Damaged}},
		"an unknown encoding":     {top + "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a", []Reason{Unsupported}},
		"an encoded multipart":    {top + mixed + "Content-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n", []Reason{Unsupported}},
		"UTF-7":                   {top + "Content-Type: text/plain; charset=utf-7\n\n+ADM-", []Reason{Unsupported}},
		"part of a mail":          {top + "Content-Type: message/partial; id=1; number=2\n\nx", []Reason{Unsupported}},
		"a very long kind":        {top + "Content-Type: text/plain; x=" + strings.Repeat("a", 2<<20) + "\n\nx", []Reason{Damaged}},
		"many levels":             {top + levels(40), []Reason{TooDeep}},
	} {
		g := walked(t, "a.eml", []byte(c.data))
		var got []Reason
		for _, s := range g.skips {
			got = append(got, s.Reason)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func levels(n int) string {
	b := strings.Repeat("b", n)
	if n == 0 {
		return "\nx\n"
	}
	return "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n" + levels(n-1) + "--" + b + "--\n"
}

func TestWhereTextBetweenPartsStandsIsSaid(t *testing.T) {
	g := walked(t, "a.eml", []byte(hiddenMails()["behind the last part"]))
	if s, _ := g.where(t, nik); s.Origin.Part != "between" {
		t.Errorf("%+v", s.Origin)
	}
	g = walked(t, "a.eml", []byte(hiddenMails()["in the header of a part"]))
	if s, m := g.where(t, nik); s.Origin.Part != "header" || m.Header != "X-Note" {
		t.Errorf("%+v %+v", s.Origin, m)
	}
}

// Odd mails are read alike however they are cut.
func TestHowAnOddMailIsCutChangesNothing(t *testing.T) {
	for name, data := range hiddenMails() {
		if len(data) > 100_000 {
			continue
		}
		want := ""
		for how, r := range cuts([]byte(data)) {
			g := &got{}
			if err := (&Walker{Limits: Usual()}).Walk(context.Background(), "a.eml", r, g); err != nil {
				t.Fatal(err)
			}
			if want == "" {
				want = g.text()
			} else if want != g.text() {
				t.Errorf("%s, %s: %q against %q", name, how, g.text(), want)
			}
		}
	}
}

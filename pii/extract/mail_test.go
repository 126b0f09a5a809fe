package extract

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// packedLetters is a number in a file, in letters: what a search in the mail as it stands cannot see.
func packedLetters() string {
	return base64.StdEncoding.EncodeToString(gzipped([]byte("NIK " + nik + "\n")))
}

func TestAMailThatOtherProgramsReadOtherwiseIsNeverClean(t *testing.T) {
	file := "Content-Type: application/gzip\n" + "Content-Transfer-Encoding: base64\n\n" + packedLetters() + "\n"
	parts := "--b\n" + file + "--b--\n"
	part := func(head string) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + head + "\n\n" + packedLetters() + "\n--b--\n"
	}
	for name, text := range map[string]string{
		"a comment in the type":             "Content-Type: multipart/mixed (x); boundary=b\n\n" + parts,
		"a parameter without a value":       "Content-Type: multipart/mixed; boundary=b; x=\n\n" + parts,
		"an empty parameter":                "Content-Type: multipart/mixed;; boundary=b\n\n" + parts,
		"a blank in a parameter":            "Content-Type: multipart/mixed; boundary=b; x=a b\n\n" + parts,
		"an empty boundary":                 "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n" + file + "----\n",
		"a blank before the colon":          "Content-Type : multipart/mixed; boundary=b\n\n" + parts,
		"a comment in the encoding":         part("Content-Transfer-Encoding: base64 (x)"),
		"more in the encoding":              part("Content-Transfer-Encoding: base64;"),
		"quotes around the encoding":        part("Content-Transfer-Encoding: \"base64\""),
		"an encoding that is not read":      part("Content-Transfer-Encoding: x-uuencode"),
		"two encodings":                     part("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64"),
		"two encodings, one behind a blank": part("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding : base64"),
		"two types":                         part("Content-Type: text/plain\nContent-Type: application/gzip\nContent-Transfer-Encoding: 7bit"),
		"a mail with few headers":           "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n" + file + "\n--b--\n",
		"a mail that is called text":        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822; name=a.txt\n\n" + file + "\n--b--\n",
		"a mail of the world":               "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/global\n\n" + file + "\n--b--\n",
		"a mail of a digest":                "Content-Type: multipart/digest; boundary=b\n\n--b\n\n" + file + "\n--b--\n",
		"a piece of a mail":                 "Content-Type: message/partial; id=x; number=2; total=2\n\n" + packedLetters() + "\n",
		"what lies elsewhere":               "Content-Type: message/external-body; access-type=x\n\n" + file,
		"a header in unknown letters":       "X: =?utf-7?q?+ADMAMgA3ADM-?=\n\nx",
		"a header that is not whole":        "X: =?utf-8?b?MzI3Mw*?=\n\nx",
	} {
		g := walked(t, "a.eml", []byte("From: a@b.example\nSubject: x\n"+text))
		if len(g.skips) == 0 && !slices.ContainsFunc(g.segments, func(s Segment) bool { return strings.Contains(string(s.Text), nik) }) {
			t.Errorf("%s: nothing seen, nothing said", name)
		}
	}
	for name, text := range map[string]string{
		"an old name of a file":   "Content-Type: application/octet-stream; name=daftar harga.txt\n\nharga\n",
		"the same encoding twice": "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 7bit\n\nhalo\n",
		"no type":                 "\nhalo\n",
	} {
		if g := walked(t, "a.eml", []byte("From: a@b.example\nSubject: =?utf-8?q?caf=C3=A9?=\n"+text)); len(g.skips) > 0 {
			t.Errorf("%s: %v", name, g.skips)
		}
	}
}

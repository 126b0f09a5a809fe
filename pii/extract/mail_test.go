package extract

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
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

func TestAMailInLettersOfItsOwnIsNeverClean(t *testing.T) {
	wide := func(order binary.AppendByteOrder, mark string, text string) string {
		return mark + string(wideText(text, order))
	}
	ebcdic := strings.Map(func(r rune) rune { return r - '0' + 0xf0 }, nik)
	latin := func(s string) string { b, _ := charmap.ISO8859_1.NewEncoder().String(s); return b }
	full := strings.Map(func(r rune) rune { return r - '0' + '０' }, nik)
	jis, _ := japanese.ISO2022JP.NewEncoder().String(full)
	shift, _ := japanese.ShiftJIS.NewEncoder().String(full)
	for name, c := range map[string]struct{ label, text, want string }{
		"wide, the great end first, with a mark": {"utf-16", wide(binary.BigEndian, "\xfe\xff", nik), nik},
		"wide, the great end first":              {"utf-16", wide(binary.BigEndian, "", nik), nik},
		"wide, a mark that says otherwise":       {"utf-16be", wide(binary.LittleEndian, "\xff\xfe", nik), nik},
		"wide, four bytes":                       {"utf-32", "\xff\xfe\x00\x00" + wide(binary.LittleEndian, "", nik), ""},
		"seven bits":                             {"utf-7", "+ADMAMgA3ADM-", ""},
		"of great machines":                      {"ibm037", latin(ebcdic), ""},
		"between braces":                         {"hz-gb-2312", "~{#3#2#7#3~}", ""},
		"Japanese":                               {"iso-2022-jp", jis, full},
		"Japanese for Windows":                   {"shift_jis", shift, full},
	} {
		for _, media := range []string{"text/plain", "text/html"} {
			head := "From: a@b.example\nSubject: x\nContent-Type: " + media + "; charset=" + c.label + "\nContent-Transfer-Encoding: base64\n\n"
			g := walked(t, "a.eml", []byte(head+base64.StdEncoding.EncodeToString([]byte(c.text))+"\n"))
			seen := slices.ContainsFunc(g.segments, func(s Segment) bool { return c.want != "" && strings.Contains(string(s.Text), c.want) })
			if !seen && (c.want != "" || len(g.skips) == 0) {
				t.Errorf("%s, %s: nothing seen, %v said", name, media, g.skips)
			}
		}
	}
}

func TestAFileWrittenInLettersIsNeverClean(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Reason
	}{
		"PGP":               {"halo\n\n-----BEGIN PGP MESSAGE-----\n\n" + packedLetters() + "\n-----END PGP MESSAGE-----\n", Encrypted},
		"CMS":               {"-----BEGIN PKCS7-----\n" + packedLetters() + "\n-----END PKCS7-----\n", Encrypted},
		"age":               {"-----BEGIN AGE ENCRYPTED FILE-----\n" + packedLetters() + "\n-----END AGE ENCRYPTED FILE-----\n", Encrypted},
		"uuencode":          {"halo\r\nbegin 644 daftar.gz\r\n#,S(W\r\n`\r\nend\r\n", Unsupported},
		"uuencode of some":  {"begin 0644 a b.gz\n#,S(W \n`\nend\n", Unsupported},
		"BinHex":            {"(This file must be converted with BinHex 4.0)\n\n:#dffQ\n", Unsupported},
		"yEnc":              {"=ybegin line=128 size=3 name=a\n]\\a\n=yend size=3\n", Unsupported},
		"a signed text":     {"-----BEGIN PGP SIGNED MESSAGE-----\n\nhalo\n-----BEGIN PGP SIGNATURE-----\n\n" + packedLetters() + "\n-----END PGP SIGNATURE-----\n", ""},
		"the word begin":    {"begin 2026 dengan semangat\nbaru untuk kita semua\nbegin 644 rumah\nadalah\n\nbegin 123 a\nM\n", ""},
		"a key that is not": {"we begin 644 a\n#,S(W\n", ""},
	} {
		for _, file := range []string{"a.txt", "a.eml", "a.html"} {
			data := c.text
			switch file {
			case "a.eml":
				data = "From: a@b.example\nSubject: x\n\n" + data
			case "a.html":
				data = "<html><pre>\n" + data
			}
			g := walked(t, file, []byte(data))
			if has := slices.ContainsFunc(g.skips, func(s Skip) bool { return s.Reason == c.want }); has != (c.want != "") || c.want == "" && len(g.skips) > 0 {
				t.Errorf("%s in %s: %v", name, file, g.skips)
			}
		}
	}
}

// What a page shows as one number is one number, whatever stands in its source between the digits.
func TestWhatNoPageShowsPartsNoNumber(t *testing.T) {
	between := func(s string) string { return strings.Join(strings.Split(nik, ""), s) }
	for name, text := range map[string]string{
		"comments":               between("<!-- 12 -->"),
		"addresses":              between(`<a href="http://x.example/1"></a>`),
		"titles":                 between(`<b title="x"></b>`),
		"pictures":               between(`<img src="cid:1" alt="a">`),
		"styles":                 between(`<style>a{}</style>`),
		"scripts":                between(`<script>a=1</script>`),
		"tags that nobody knows": between(`<x></x>`) + between(`<x-y>`),
		"boxes":                  between(`</div><div style="display:inline">`),
		"a page within":          `<iframe srcdoc="` + nik + `"></iframe>`,
		"words for the blind":    `<p aria-label="` + nik + `">`,
		"a comment":              `<!-- ` + nik + ` -->`,
		"a script":               `<script>x = "` + nik + `"</script>`,
		"the last address":       `x<a href="tel:` + nik + `">`,
	} {
		g := walked(t, "a.html", []byte("<html><p>NIK "+text+"<p>"))
		var seen strings.Builder
		for _, s := range g.segments {
			seen.Write(s.Text)
		}
		if !strings.Contains(strings.ReplaceAll(seen.String(), "\n", ""), nik) || strings.Contains(seen.String(), "\n\n") {
			t.Errorf("%s: %q", name, seen.String())
		}
	}
}

func TestASubjectInWideLettersIsReadFromTheEndThatItHas(t *testing.T) {
	for name, raw := range map[string][]byte{
		"great end, marked": append([]byte("\xfe\xff"), wideText(nik, binary.BigEndian)...), "great end": wideText(nik, binary.BigEndian), "small end": wideText(nik, binary.LittleEndian),
	} {
		g := walked(t, "a.eml", []byte("From: a@b.example\nSubject: =?utf-16?b?"+base64.StdEncoding.EncodeToString(raw)+"?=\n\nhalo\n"))
		if !slices.ContainsFunc(g.segments, func(s Segment) bool { return strings.Contains(string(s.Text), nik) }) {
			t.Errorf("%s: not seen", name)
		}
	}
}

func TestAFileInPlaceOfTextIsNeverClean(t *testing.T) {
	sealed := make([]byte, 300)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(sealed), func(i, j int) { sealed[i], sealed[j] = byte(j*7), byte(i*13) })
	for name, head := range map[string]string{
		"a text": "Content-Type: text/plain", "a page": "Content-Type: text/html", "a sealed mail": "Content-Type: application/octet-stream; name=smime.p7m",
	} {
		data := sealed
		if strings.Contains(head, "p7m") {
			data = append([]byte("\x30\x80\x06\x09"), []byte("teks yang tampak biasa saja")...)
		}
		g := walked(t, "a.eml", []byte("From: a@b.example\nSubject: x\nContent-Transfer-Encoding: base64\n"+head+"\n\n"+base64.StdEncoding.EncodeToString(data)+"\n"))
		if len(g.skips) == 0 {
			t.Errorf("%s: nothing said", name)
		}
	}
	for name, data := range map[string]string{"Latin-1": "caf\xe9 d\xe9j\xe0 vu\n", "Japanese": strings.Repeat("東京都\t港区\n", 50), "a log": strings.Repeat("\x07bell\n", 3) + strings.Repeat("baris log biasa\n", 30)} {
		if g := walked(t, "a.txt", []byte(data)); len(g.skips) > 0 {
			t.Errorf("%s: %v", name, g.skips)
		}
	}
}

func TestALineOfACalendarOrACardIsWhole(t *testing.T) {
	for name, text := range map[string]string{
		"calendar": "BEGIN:VCALENDAR\r\nDESCRIPTION:NIK " + nik[:9] + "\r\n " + nik[9:] + "\r\nEND:VCALENDAR\r\n",
		"card":     "begin:vcard\nNOTE:NIK " + nik[:9] + "\n\t" + nik[9:] + "\nEND:VCARD\n",
		"old card": "BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:NIK " + nik[:9] + "=\r\n" + nik[9:] + "=0A=\r\n\r\nEND:VCARD\r\n",
	} {
		g := walked(t, "a", []byte(text))
		if len(g.segments) != 1 || !strings.Contains(string(g.segments[0].Text), nik) || !strings.Contains(string(g.segments[0].Text), "\nEND") {
			t.Errorf("%s: %+v", name, g.segments)
		}
	}
}

// Every header that a writer can fill is handed over, those of machines by themselves: their numbers are looked at with other eyes.
func TestWhatMachinesWriteIsHandedOverApart(t *testing.T) {
	mail := "From: a@b.example\nSubject: x\nMessage-Id: <1.NIK-" + nik + "@b.example>\nList-Unsubscribe: <https://b.example/?u=1." + nik + ">\nContent-Type: multipart/mixed; boundary=\"1.b" + nik + "\"\n\n" +
		"--1.b" + nik + "\nContent-Id: <2." + nik + "@b>\nContent-Type: text/plain; id=\"2." + nik + "\"\n\nhalo\n--1.b" + nik + "--\n"
	g := walked(t, "a.eml", []byte(mail), func(w *Walker) { w.Traces = true })
	if len(g.skips) > 0 {
		t.Fatal(g.skips)
	}
	var traces, rest []string
	for _, s := range g.segments {
		if s.Origin.Part == Trace {
			traces = append(traces, string(s.Text))
		} else {
			rest = append(rest, string(s.Text))
		}
	}
	if n := strings.Count(strings.Join(traces, ""), nik); n != 5 || strings.Contains(strings.Join(rest, ""), nik) {
		t.Errorf("%d in traces %q, the rest %q", n, traces, rest)
	}
	for _, s := range walked(t, "a.eml", []byte(mail)).segments {
		if s.Origin.Part == Trace {
			t.Errorf("nobody asked for traces: %q", s.Text)
		}
	}
}

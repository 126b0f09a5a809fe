package pii

import (
	"strings"
	"testing"
)

// hostile are pieces of text that, repeated, make scanners slow that look back and forth without a bound.
var hostile = []string{
	"1", "1 ", "12 ", "12-", "12 34 56-", "0", "08", "0812 ", "081234567890 ", "4 ", "62 ", "+62", "(", "3273011205900001 ", "32730112", "1.234.", "1\n", "12\n", "1\n2\n\n",
	"@", "a@", "a@b.", "@a.b", ".", "..", "a.", ":", "::", "a:", "1:", "1::", "a:b:c:d:e:f:0:", "aa-", "aa-bb-cc-dd-ee-", "aaaa.bbbb.",
	"nol ", "satu dua ", "double ", "dua puluh ", "seratus ", "nol, ", "nol\n", "nol\nya\n", "ya ", "eh nol ", "satu\nAgent: satu\nCustomer: ",
	"jl ", "jl a ", "rt ", "rt 1 ", "kel a, ", "no ", "jalan ", "Kec. Coblong, ", "jl a no 1, ", "\nrt 1\n",
	"password ", "password: ", "password saya adalah ", "pin ", "otp 1 ", "ibu kandung ", "nama ibu kandung: ", "mother's maiden name ",
	"at dot com ", "a at b dot ", "dot com ", "email ", "at ", "titik ", "a titik ",
	"rek ", "rek bca ", "bca 1234567890 ", "rek 12 ", "rek 12-34-", "nik ", "hp 08 ", "order ", "lahir ", "lahir 1-", "1 mei ", "mei ", "lahir 12-05-1990 ",
	"b satu ", "be satu ka ", "k p j ", "k p j satu dua tiga ", "c seperti charlie satu ", "aa bb nol ", "seribu ", "dua ribu ", "satu dua\nsiapa itu\n", "30 38 39 ", "satu a b ",
	"jl a no 1 dekat b ", "rumah dekat a, jl b no 1, ", "sebelah toko roti ", "A B Blok C 1 ", "blok a ", "unit 1 jl a no 2 ", "kode 1234 pintu ", "kode login 123456 ", "1. 0000555190128 a\n", "- 1\n",
	"ibu kandung Sri tertulis Sra ", "ibu Sri ", "mother's name is A ", "maiden name of mother A ", "pw a b c d1 ", "pw wifi kos a satu dua ", "12mei90 lahir ", "lahir 1 mei ", "ulang tahun ", "a @ b . c ", "a at b dot ", "1:AAAAAAAA", "3CD92B550011 mac ",
	"Aa Bb I/1 ", "Aa Bb 1, ", "Aa Bb no 1 ", "di Aa Bb C1 ", "er te satu ", "er te ", "jl a no 1\nagen: no?\nplg: 1\n", "jl a (b) no 1 ", "jl a no 1\",\"no\":\"", "<no>1</no>", "kos bu A pintu 1, ", "A, B, C, jl a no 1 ", "helvetia timur, ", "City: A\n", "jl a no 1, aaaaa, ",
	"password;a;b\n", "sandi|ibu kandung|c\n", "lahir?\n1\n", "lahir?\nmei\n", "ibu saya Ani, ", "ibu kandung \"Ani\" ", "ibu kandung Ani menjadi ", "mama bapak A ibu B ", "anak dari ibu A ", "X1234567 ", "X 1234567 ", "kode 1234 ", "kode masuk 123456 ",
	"pass \"abcde\" ", "wifi pake a1b2c3 ", "a@b.co:a1b2c3 ", "pin 1234 atau ", "lahir 5 Syawal 1400 ", "12-05-1990, ", "lahir 12-05-1990, istri ", "seribu satu ", "1996-10-28T00 ", "NPWP16 1234 ", "4111111111111111 11/27 ", "sandi rahasiaku ", "X9k itu sandi ", "sandi:-", "wifinya,password-", "password'",
	"://", "a://", "a://b:c@", "a://?token=", "?token=abcdef&", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----", "-",
	"a1", "a1b2c3d4e5f6g7h8-", "eyJ", "eyJabc.", "AKIA", "ghp_", "sk-", "DE89 ", "DE89", "B 1234 ", "C1234567 ", "1A1zP1",
	"%", "%3", "%30", "%EF%BC%90", "=", "=3", "=30", "=\n", "=\r\n", "&", "&#", "&#48;", "&#x", "&amp;", "\\", "\\u0030", "\\x",
	"MDgxMjM0NTY3ODkw", "MDgxMjM0NTY3ODkw/", "AAAAAAAAAAAAAAAA+", "303831323334353637383930", "\u200b", "１", "\u0660", "а", "1\u200b", "1😀", "😀", "é", "\xff", "\x00", "1\xff",
	",", ";", "a;b;c\n", "nik;hp\n", "nik;hp\n1;2\n", "nik,hp,rek\n", "|", "\t", "\n", "\r\n", " ", "  ", "\n\n", "[1:2] ", "[10:20] a: ", "a: ", "a b c d: ",
}

// A hostile text of ten times the length takes at most eleven times the steps, and no text takes more than a fixed number for each byte.
func TestTimeIsLinearInTheLengthWhateverTheText(t *testing.T) {
	s := New(Options{})
	cost := func(text string) int {
		s.steps = 0
		s.heads.Steps, s.row.Steps = 0, 0
		s.Scan(nil, []byte(text))
		return s.steps + s.heads.Steps + s.row.Steps
	}
	worst, at := 0.0, ""
	for _, piece := range hostile {
		for _, end := range []string{"", " 081234567890", "\n3273011205900001"} {
			n := 4096/len(piece) + 1
			small := cost(strings.Repeat(piece, n) + end)
			large := cost(strings.Repeat(piece, 10*n) + end)
			if large > 11*small+4096 {
				t.Errorf("%q: %d steps become %d", piece, small, large)
			}
			if each := float64(large) / float64(10*n*len(piece)); each > worst {
				worst, at = each, piece
			}
		}
	}
	t.Logf("at most %.1f steps for a byte (%q)", worst, at)
	if worst > 100 {
		t.Errorf("%q takes %.1f steps for a byte", at, worst)
	}
}

// The text of BenchmarkTier1 takes no more steps than when it was last looked at, and a little. Steps are what the scanner does beside the one pass over
// the bytes, and the clock follows them here: a day on which rules for numbers and addresses made the scanner slower by 27% had 25% more of them. A
// step that becomes dearer, and a slower pass over the bytes, only BenchmarkTier1 sees.
func TestOrdinaryTextTakesAsFewStepsAsItDid(t *testing.T) {
	s := New(Options{})
	size := 0
	for _, m := range mixedText(1 << 16) {
		s.Scan(nil, m)
		size += len(m)
	}
	each := float64(s.steps+s.heads.Steps+s.row.Steps) / float64(size)
	t.Logf("%.3f steps for a byte", each)
	if each > 0.165 {
		t.Errorf("%.3f steps for a byte of ordinary text, not 0.15: measure with BenchmarkTier1 what they cost, and find out whether most numbers need them", each)
	}
}

// Whatever stands beside whatever, and wherever a text breaks off, the scanner comes to its end. That the findings are well formed is asked of each.
func TestNoMixtureOfPiecesAndNoTextThatBreaksOffStopsTheScanner(t *testing.T) {
	s := New(Options{Least: 0.01})
	at := ""
	defer func() {
		if err := recover(); err != nil {
			t.Fatalf("%q: %v", at, err)
		}
	}()
	var found []Finding
	scan := func(text string) {
		at = text
		found = s.Scan(found[:0], []byte(text))
		for _, f := range found {
			if f.Start < 0 || f.End <= f.Start || f.End > len(text) {
				t.Errorf("%q: %s from %d to %d", text, f.Type, f.Start, f.End)
			}
		}
	}
	for _, a := range hostile {
		for _, b := range hostile {
			scan(strings.Repeat(a, 3) + " " + strings.Repeat(b+a, 3) + b)
		}
	}
	for _, v := range vectors(t) {
		for end := range len(v.Text) {
			scan(v.Text[:end])
			scan(v.Text[end:])
		}
	}
	for _, m := range developmentSet(t) {
		for end := range len(m.Text) {
			if c := m.Text[end]; !m.back && (c == ' ' || c == '\n') {
				scan(m.Text[:end+1])
			}
		}
	}
	for _, text := range []string{"mamak pun udah nyuruh ", "meme tiang maparab ni ", "double ya double double", "puluh lima seribu sembilan ratus enam puluh", "lahir belas dua ribu satu", "no 20078689729 1443 satuempatsembilansatu", "nol enam\nwait\nsecond 1990\na\nibunya\n", strings.Repeat("ibu'", 99)} {
		scan(text)
	}
}

// BenchmarkHostile shows beside the count what the clock says: text of one length, each hostile piece repeated.
func BenchmarkHostile(b *testing.B) {
	s := New(Options{})
	for b.Loop() {
		slowest, at := 1e9, ""
		for _, piece := range hostile {
			text := []byte(strings.Repeat(piece, 1<<18/len(piece)))
			if r := rate(len(text), func() { s.Scan(nil, text) }); r < slowest {
				slowest, at = r, piece
			}
		}
		b.ReportMetric(slowest, "slowest-MB/s")
		b.Logf("slowest: %q", at)
	}
}

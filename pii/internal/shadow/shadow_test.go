package shadow

import (
	stdbase64 "encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func plain(s string) string {
	var t Text
	t.Make([]byte(s))
	return string(t.Bytes)
}

func TestDisguisesAreUndone(t *testing.T) {
	for in, want := range map[string]string{
		"０８１２ ＡＢｃ": "0812 ABc",
		"٠١٢ ०१२ 𝟎𝟏 ①⑨⓪ ❶➀➊ ²³¹⁰⁹₀₉": "012 012 01 190 111 2310909",
		"𝐀𝐳𝖠 ⒶⓏⓐⓩ":                   "AzA AZaz",
		"б\u200bа\u00adс":            "6ac",
		"О\u00a0О\u3000—–•":          "O O -- ",
		"%30%40x%41":                 "0@xA",
		"100%20":                     "100%20",
		"5%20%30":                    "5 0",
		"%EF%BC%90%zz%8":             "0%zz%8",
		"=30=31 a=3273 =EF=BC=90":    "01 a=3273 0",
		"ab=\r\ncd=\nef":             "abcdef",
		"&#48;&#x31;&#50&nbsp;&amp;&#65296;&shy;&lt;&#0;&#;":           "012 &0<&#0;&#;",
		`\u0030\x31\u1234\x00\q`:                                       `01\u1234\x00\q`,
		"1\u20662\u061c3\u31644\U000e01005\u180b6\u1ab07\u20dd8\ufff9": "12345678", // nothing of it is seen
		"\U000e0030\U000e0031a\U000e0062\U000e0001\U000e007f":          "01ab",
		"naïve café": "naïve café",
		"\xff\xfe":   "  ", // what is no text stands between
	} {
		if got := plain(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
	for _, s := range []string{"nomor 081234567890", "budi@contoh.com 0812"} {
		if got := plain("x " + stdbase64.StdEncoding.EncodeToString([]byte(s)) + " y"); got != "x "+s+" y" {
			t.Errorf("base64 of %q becomes %q", s, got)
		}
		if got := plain(hex.EncodeToString([]byte(s))); got != s {
			t.Errorf("hexadecimal of %q becomes %q", s, got)
		}
	}
	for _, s := range []string{"Pertanggungjawaban", "eyJhbGciOiJIUzI1NiJ9", "4200332245383234", "AAAAAAAAAAAAAAAAAAAA", "0123456789abcdef01234567"} {
		if got := plain(s); got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

func TestEveryDigitOfUnicodeIsWorthWhatItIs(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		zero := r
		for unicode.Is(unicode.Nd, zero-1) && zero%10 != r%10+10 {
			zero--
		}
		b, k := asciiOf(r)
		if k != Disguise || b < '0' || b > '9' {
			t.Fatalf("%U becomes %q", r, b)
		}
		if next, _ := asciiOf(r + 1); unicode.Is(unicode.Nd, r+1) && next != b+1 && (b != '9' || next != '0') {
			t.Fatalf("%U is %q and %U is %q", r, b, r+1, next)
		}
	}
}

func TestTwiceDisguisedIsUndoneInTwoSteps(t *testing.T) {
	var one, two Text
	text := "a JTMwJTMxJTMyJTMzJTM0 b"
	one.Make([]byte(text))
	two.Again(&one)
	if string(two.Bytes) != "a 01234 b" {
		t.Fatalf("%q then %q", one.Bytes, two.Bytes)
	}
	if from, to := two.Span(2, 7); text[from:to] != "JTMwJTMxJTMyJTMzJTM0" {
		t.Errorf("the span is %q", text[from:to])
	}
	if got := two.Inside(2, 22); string(got) != "01234" {
		t.Errorf("inside is %q", got)
	}
}

func FuzzTheMapIsInOrderAndCoversTheText(f *testing.F) {
	for _, s := range []string{"０８%30=31=32&#48;\\u0030", "MDgxMjM0NTY3ODkw", "a\u200bb", "\xf0\x9f"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Text
		s.Make(text)
		last := 0
		for i := range s.Bytes {
			from, to := s.Span(i, i+1)
			if from < last-2 || to <= from || to > len(text) { // bytes of base64 share their letters
				t.Fatalf("byte %d stands for [%d, %d) after %d", i, from, to, last)
			}
			last = max(last, from)
		}
		if utf8.Valid(text) && !strings.ContainsFunc(string(text), func(r rune) bool { return r >= 0x80 }) && len(s.Bytes) > len(text) {
			t.Fatal("the copy of ASCII is longer than the text")
		}
		for i := range text {
			if strings.IndexByte(`%=&\`, text[i]) >= 0 {
				Escaped(text, i)
			}
		}
		Encoded(text)
	})
}

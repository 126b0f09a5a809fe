package pii

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// identifier makes a valid number of a kind and the words that announce it.
type identifier struct {
	typ  Type
	cue  string
	make func(r *rand.Rand) string
	want func(digits string) string // the plain value
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

// luhnDigit completes a number so that it passes.
func luhnDigit(s string) string {
	for c := '0'; c <= '9'; c++ {
		if slowLuhn(s + string(c)) {
			return s + string(c)
		}
	}
	panic("no check digit")
}

func same(s string) string { return s }

var identifiers = []identifier{
	{NIK, "NIK saya ", func(r *rand.Rand) string {
		codes := []string{"327301", "317405", "357801", "640306", "911711", "160317"}
		day := 1 + r.IntN(28) + 40*r.IntN(2)
		return fmt.Sprintf("%s%02d%02d%02d%04d", codes[r.IntN(len(codes))], day, 1+r.IntN(12), r.IntN(100), 1+r.IntN(9000))
	}, same},
	{Phone, "hp ", func(r *rand.Rand) string {
		heads := []string{"0812", "0857", "0878", "0896", "0821", "0838"}
		return heads[r.IntN(len(heads))] + digits(r, 6+r.IntN(3)) + "7"
	}, func(s string) string { return "62" + s[1:] }},
	{Card, "kartu kredit ", func(r *rand.Rand) string {
		heads := []string{"4", "51", "5264", "3530"}
		h := heads[r.IntN(len(heads))]
		return luhnDigit(h + digits(r, 15-len(h)))
	}, same},
	{Account, "rekening BCA ", func(r *rand.Rand) string { return fmt.Sprint(1+r.IntN(9)) + digits(r, 9) }, same},
}

var words = map[byte][]string{'0': {"nol", "kosong", "zero", "oh"}, '1': {"satu", "one"}, '2': {"dua", "two"}, '3': {"tiga", "three"}, '4': {"empat", "four"}, '5': {"lima", "five"}, '6': {"enam", "six"}, '7': {"tujuh", "seven"}, '8': {"delapan", "eight", "lapan"}, '9': {"sembilan", "nine"}}

func each(s string, f func(i int, c byte) string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(f(i, s[i]))
	}
	return b.String()
}

func shifted(zero rune) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return string(zero + rune(c-'0')) })
	}
}

func joined(sep string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, s string) string { return strings.Join(strings.Split(s, ""), sep) }
}

func grouped(sep string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, s string) string {
		var parts []string
		for len(s) > 4 {
			parts, s = append(parts, s[:4]), s[4:]
		}
		return strings.Join(append(parts, s), sep)
	}
}

type disguise struct {
	name string
	make func(r *rand.Rand, s string) string
	only []Type // nil: every kind
}

var disguises = []disguise{
	{"plain", func(_ *rand.Rand, s string) string { return s }, nil},
	{"full width", shifted('０'), nil}, {"arabic", shifted('٠'), nil}, {"persian", shifted('۰'), nil}, {"devanagari", shifted('०'), nil}, {"thai", shifted('๐'), nil},
	{"mathematical bold", shifted(0x1D7CE), nil}, {"monospace", shifted(0x1D7F6), nil},
	{"zero width", joined("\u200b"), nil}, {"joiner", joined("\u200d"), nil}, {"soft hyphen", joined("\u00ad"), nil}, {"word joiner", joined("\u2060"), nil},
	{"spaces", joined(" "), nil}, {"hyphens", joined("-"), nil}, {"points", joined("."), nil}, {"underscores", joined("_"), nil}, {"bars", joined("|"), nil}, {"stars", joined("*"), nil}, {"slashes", joined("/"), nil}, {"two spaces", joined("  "), nil}, {"spaced hyphens", joined(" - "), nil},
	{"commas", joined(", "), nil}, {"emoji", joined("😀"), nil}, {"no-break spaces", joined("\u00a0"), nil}, {"en dashes", joined("–"), nil}, {"bullets", joined("•"), nil},
	{"fours by spaces", grouped(" "), nil}, {"fours by hyphens", grouped("-"), nil}, {"fours by points", grouped("."), nil}, {"fours by dashes", grouped(" – "), nil}, {"fours by emoji", grouped("👉"), nil}, {"fours by bars", grouped(" | "), nil},
	{"one a line", joined("\n"), nil}, {"one a line, windows", joined("\r\n"), nil},
	{"letters for digits", func(_ *rand.Rand, s string) string {
		return strings.NewReplacer("0", "O", "1", "l").Replace(s[:1]) + s[1:len(s)-2] + strings.NewReplacer("0", "o", "1", "I", "5", "S", "8", "B").Replace(s[len(s)-2:])
	}, []Type{NIK, Phone, Card}},
	{"base64", func(_ *rand.Rand, s string) string { return base64.StdEncoding.EncodeToString([]byte("nomor " + s)) }, nil},
	{"hexadecimal", func(_ *rand.Rand, s string) string { return hex.EncodeToString([]byte(s)) }, nil},
	{"percent", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return fmt.Sprintf("%%%02X", c) })
	}, nil},
	{"percent spaces", func(_ *rand.Rand, s string) string { return url.QueryEscape(s[:4] + " " + s[4:]) }, nil},
	{"quoted printable", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return fmt.Sprintf("=%02X", c) })
	}, nil},
	{"soft line break", func(_ *rand.Rand, s string) string { return s[:5] + "=\r\n" + s[5:] }, nil},
	{"entities", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return fmt.Sprintf("&#%d;", c) })
	}, nil},
	{"hexadecimal entities", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return fmt.Sprintf("&#x%x;", c) })
	}, nil},
	{"escapes", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return fmt.Sprintf(`\u%04x`, c) })
	}, nil},
	{"backwards", func(_ *rand.Rand, s string) string {
		return "dibalik " + each(s, func(i int, _ byte) string { return s[len(s)-1-i : len(s)-i] })
	}, []Type{NIK, Phone, Card}},
	{"circled", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string {
			if c == '0' {
				return "⓪"
			}
			return string('①' + rune(c-'1'))
		})
	}, nil},
	{"superscript", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return string([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[c-'0']) })
	}, nil},
	{"keycaps", func(_ *rand.Rand, s string) string {
		return each(s, func(_ int, c byte) string { return string(c) + "\ufe0f\u20e3" })
	}, nil},
	{"spoken", func(r *rand.Rand, s string) string {
		return strings.TrimSpace(each(s, func(_ int, c byte) string { return words[c][r.IntN(len(words[c]))] + " " }))
	}, nil},
	{"spoken with pauses", func(r *rand.Rand, s string) string {
		return strings.Trim(each(s, func(i int, c byte) string {
			if i%4 == 3 {
				return words[c][0] + ", "
			}
			return words[c][0] + " "
		}), " ,")
	}, nil},
	{"words between", func(_ *rand.Rand, s string) string { return s[:4] + " strip " + s[4:8] + " strip " + s[8:] }, nil},
	{"half words", func(_ *rand.Rand, s string) string {
		return each(s, func(i int, c byte) string {
			if i%2 == 0 {
				return words[c][0] + " "
			}
			return string(c) + " "
		})
	}, nil},
	{"full width and points", func(_ *rand.Rand, s string) string {
		return strings.Join(strings.Split(shifted('０')(nil, s), ""), ".")
	}, nil},
	{"twice", func(_ *rand.Rand, s string) string {
		return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(shifted('０')(nil, s))))
	}, nil},
}

// For every kind of number and every disguise: it is found, the span covers the disguise and nothing else, and the bytes of the span decode to
// the value.
func TestDisguisedNumbersAreFoundAndTheirBytesDecodeToTheValue(t *testing.T) {
	s := New(Options{})
	found, total := 0, 0
	for _, d := range disguises {
		missed := 0
		r := rand.New(rand.NewPCG(11, 13))
		for n := range 400 {
			id := identifiers[n%len(identifiers)]
			if d.only != nil && !contains(d.only, id.typ) {
				continue
			}
			plain := id.make(r)
			hidden := strings.TrimSpace(d.make(r, plain))
			text := "halo kak, " + id.cue + hidden + "\nterima kasih ya"
			total++
			ok := false
			for _, f := range s.Scan(nil, []byte(text)) {
				ok = ok || f.Type == id.typ && string(s.Value(nil, []byte(text), f)) == id.want(plain)
			}
			if ok {
				found++
			} else if missed++; missed < 3 {
				t.Logf("%s: %s %q is missed", d.name, id.typ, text)
			}
		}
		if missed > 0 {
			t.Logf("%s: %d missed", d.name, missed)
		}
	}
	t.Logf("%d of %d found", found, total)
	if found*1000 < total*985 {
		t.Errorf("only %d of %d disguised numbers are found", found, total)
	}
}

func contains(list []Type, t Type) bool {
	for _, x := range list {
		if x == t {
			return true
		}
	}
	return false
}

func slowLuhn(s string) bool {
	sum := 0
	for i := range len(s) {
		v := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			v = [10]int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}[v]
		}
		sum += v
	}
	return sum%10 == 0
}

package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAnAmountIsOneHoweverItIsSaid(t *testing.T) {
	for want, said := range map[string][]string{
		"275000":        {"275000", "Rp275.000", "rp. 275.000,-", "275.000,00", "275,000.00", "275 000", "IDR 275.000", "275.000 rupiah", "275 ribu", "275ribu", "275rb", "275 rb", "Rp 275 rb", "275k", "275 ribu rupiah", "dua ratus tujuh puluh lima ribu", "Dua Ratus Tujuh Puluh Lima Ribu Rupiah"},
		"1500000":       {"1500000", "Rp 1.500.000", "1,5 juta", "1.5 juta", "1,5jt", "1,50 jt", "Rp1,5 Juta", "1 juta 500 ribu", "1jt 500rb", "satu juta lima ratus ribu", "sejuta lima ratus ribu", "satu setengah juta", "1500 ribu"},
		"2000000":       {"2.000.000,00", "2 jt", "2jt", "2 juta", "dua juta", "dua juta rupiah", "2,0 juta"},
		"500000":        {"500 ribu", "setengah juta", "0,5 juta", "lima ratus ribu"},
		"2500000":       {"dua setengah juta", "2,5 jt"},
		"11000":         {"11 ribu", "sebelas ribu"},
		"10000":         {"sepuluh ribu"},
		"112000":        {"seratus dua belas ribu"},
		"21000":         {"dua puluh satu ribu"},
		"1000":          {"seribu", "1 ribu", "1k"},
		"2500":          {"dua ribu lima ratus"},
		"1200000000":    {"1,2 miliar", "1,2 milyar", "1 miliar 200 juta", "satu miliar dua ratus juta"},
		"3000000000000": {"3 triliun", "tiga trilyun"},
		"17081987":      {"17081987", "Rp 17.081.987", "17.081.987,00"},
		"0":             {"0", "Rp 0", "0 ribu"},
	} {
		for _, one := range said {
			if got, err := field("fact").Key(one); err != nil || got != want {
				t.Errorf("%q has the key %q (%v), want %q", one, got, err, want)
			}
		}
	}
}

func TestWhatCanBeTwoAmountsIsNone(t *testing.T) {
	for _, said := range []string{
		"1.500 juta", "1,500 juta", "1.500 ribu", // thousands, or a fraction
		"dua juta lima ratus", "2 juta 500", "dua ribu lima", "dua ribu lima puluh", "1 juta lima", // the rest may be of the same scale
		"1,5 juta 500 ribu", "dua setengah juta lima ratus ribu", "500 ribu 1 juta", "1 juta 2 juta", "1 juta 1500 ribu", "1 miliar 1.500 ribu",
		"lima ratus", "dua ratus tujuh puluh lima", "setengah", "dua tujuh lima ribu", "dua puluh dua belas ribu", "sepuluh dua ribu", "dua ratus tiga ratus ribu",
		"2 m", "2 mln", "1,5", "1,234567 ribu", "1,5,5 juta", "1.5.5 juta", "1, juta", ",5 juta", "juta", "k", "ribu", "belas ribu", "nol belas ribu",
		"-2 juta", "dua juta atau tiga", "kira-kira 2 juta", "2 juta lebih", "lebih dari 275 ribu", "10000000000 juta", "999999999 triliun", "1 triliun juta",
		"setengah setengah juta", "2 setengah juta", "ratus ribu", "1,2345678 juta",
	} {
		got, err := field("fact").Key(said)
		if err != nil || got != foldText(said) {
			t.Errorf("%q is read as %q (%v)", said, got, err)
		}
	}
}

// writings are ways to write n, each of one meaning.
func writings(n int64) []string {
	plain := strconv.FormatInt(n, 10)
	grouped := func(mark string) string {
		s := plain
		for at := len(s) - 3; at > 0; at -= 3 {
			s = s[:at] + mark + s[at:]
		}
		return s
	}
	out := []string{plain, "Rp " + plain, "Rp" + grouped("."), grouped(".") + ",00", grouped(",") + ".00", "rp. " + grouped(".") + ",-", grouped(" "), "IDR " + grouped(",")}
	for _, s := range []struct {
		scale int64
		words []string
	}{{1e3, []string{" ribu", "rb", " RB", "k"}}, {1e6, []string{" juta", " jt", "JT"}}, {1e9, []string{" miliar", " milyar"}}, {1e12, []string{" triliun"}}} {
		whole, part := n/s.scale, strings.TrimRight(fmt.Sprintf("%0*d", len(strconv.FormatInt(s.scale, 10))-1, n%s.scale), "0")
		if whole >= 1e6 || len(part) == 3 {
			continue
		}
		for _, w := range s.words {
			if part == "" {
				out = append(out, strconv.FormatInt(whole, 10)+w)
			} else {
				out = append(out, strconv.FormatInt(whole, 10)+","+part+w, strconv.FormatInt(whole, 10)+"."+part+w)
			}
		}
	}
	if n%1000 == 0 && n > 0 {
		out = append(out, inWords(n), strings.ToUpper(inWords(n))+" RUPIAH")
	}
	return out
}

// inWords says a whole number of thousands in Indonesian, written apart from the reader under test.
func inWords(n int64) string {
	digit := [...]string{"", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"}
	three := func(n int64) string {
		var w []string
		switch h := n / 100; {
		case h == 1:
			w = append(w, "seratus")
		case h > 1:
			w = append(w, digit[h], "ratus")
		}
		switch r := n % 100; {
		case r == 10:
			w = append(w, "sepuluh")
		case r == 11:
			w = append(w, "sebelas")
		case r > 11 && r < 20:
			w = append(w, digit[r-10], "belas")
		case r >= 20:
			w = append(w, digit[r/10], "puluh", digit[r%10])
		default:
			w = append(w, digit[r])
		}
		return strings.Join(w, " ")
	}
	var w []string
	for _, s := range []struct {
		scale int64
		word  string
	}{{1e12, "triliun"}, {1e9, "miliar"}, {1e6, "juta"}, {1e3, "ribu"}} {
		switch part := n / s.scale % 1000; {
		case part == 1 && s.scale == 1e3:
			w = append(w, "seribu")
		case part > 0:
			w = append(w, three(part), s.word)
		}
	}
	return strings.Join(strings.Fields(strings.Join(w, " ")), " ")
}

func TestTwoAmountsAreOneExactlyWhenTheyAreEqual(t *testing.T) {
	size := rapid.SampledFrom([]int64{1, 1e2, 1e3, 1e4, 1e6, 1e9, 1e12})
	draw := func(rt *rapid.T, label string) int64 {
		return rapid.Int64Range(0, 999).Draw(rt, label) * size.Draw(rt, label+" size") % maxAmount
	}
	rapid.Check(t, func(rt *rapid.T) {
		n, m := draw(rt, "n"), draw(rt, "m")
		a, b := rapid.SampledFrom(writings(n)).Draw(rt, "a"), rapid.SampledFrom(writings(m)).Draw(rt, "b")
		first, errA := field("fact").Key(a)
		second, errB := field("fact").Key(b)
		if errA != nil || errB != nil {
			rt.Fatalf("%q: %v, %q: %v", a, errA, b, errB)
		}
		if first != strconv.FormatInt(n, 10) {
			rt.Fatalf("%q of %d has the key %q", a, n, first)
		}
		if (first == second) != (n == m) {
			rt.Fatalf("%q and %q have the keys %q and %q", a, b, first, second)
		}
	})
}

// Whatever is put together of the words of amounts is read as one amount, or as none: never as another than the sum of
// its parts as written out again.
func TestAReadAmountIsReadTheSameWrittenOut(t *testing.T) {
	word := rapid.SampledFrom([]string{"satu", "dua", "lima", "sepuluh", "sebelas", "belas", "puluh", "ratus", "seratus", "ribu", "seribu", "rb", "k", "juta", "sejuta", "jt", "miliar", "setengah", "1", "2", "15", "500", "1,5", "1.5", "1.500", "rp", "rupiah", ",-"})
	rapid.Check(t, func(rt *rapid.T) {
		said := strings.Join(rapid.SliceOfN(word, 1, 7).Draw(rt, "words"), " ")
		key, err := field("fact").Key(said)
		if err != nil {
			rt.Fatal(err)
		}
		n, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			if key != foldText(said) {
				rt.Fatalf("%q became %q", said, key)
			}
			return
		}
		if n < 0 || n >= maxAmount {
			rt.Fatalf("%q became %d", said, n)
		}
		if n > 0 && n%1000 == 0 {
			if again, err := field("fact").Key(inWords(n)); err != nil || again != key {
				rt.Fatalf("%q is %d, which is said %q, which is %q (%v)", said, n, inWords(n), again, err)
			}
		}
	})
}

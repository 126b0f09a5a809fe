package catalog

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func field(normaliser string) Field {
	return Field{Name: "x", Class: General, Normaliser: normaliser, Declared: true}
}

// no means that the value is refused.
const no = "\x00"

func TestValuesAreBroughtIntoOneForm(t *testing.T) {
	for normaliser, cases := range map[string]map[string]string{
		"nik": {
			"3275011708870001":     "3275011708870001",
			"32.75.01 170887-0001": "3275011708870001",
			"3275015708870001":     "3275015708870001", // a woman's: the 57th
			"3275017108000001":     "3275017108000001", // the 71st, of a woman born on the 31st
			"3275012902000001":     "3275012902000001", // 29 February 2000
			"3275012902010001":     no,                 // not in 1901, nor in 2001
			"3275013202870001":     no,                 // the 32nd
			"3275014008870001":     no,                 // between men and women
			"3275017208870001":     no,                 // the 72nd: "modulo 40" would take it
			"3275018108870001":     no,                 // the 81st
			"3275010008870001":     no,
			"3275011713870001":     no, // month 13
			"3275011700870001":     no,
			"3275011708870000":     no, // serial 0
			"0275011708870001":     no,
			"327501170887000":      no,
			"32750117088700011":    no,
			"327501170887000A":     no,
			"":                     no,
			"３２７５０１１７０８８７０００１": no, // full-width digits
		},
		"nik_region": {
			"3275011708870001": "3275011708870001",
			"3299991708870001": no,
			"3275013208870001": no,
		},
		"kk": {
			"3275011708150001": "3275011708150001",
			"3275015708150001": no, // the 57th is a person's
		},
		"npwp": {
			"09.254.294.3-407.000": "092542943407000",
			"092542943407000":      "092542943407000",
			"0092542943407000":     "0092542943407000",
			"3275011708870001":     "3275011708870001",
			"09.254.294.4-407.000": no,
			"0092542944407000":     no,
			"3275013208870001":     no,
			"09254294340700":       no,
			"09254294340700012":    no,
		},
		"phone": {
			"0812-3456-4471":           "+6281234564471",
			"+62 812 3456 4471":        "+6281234564471",
			"6281234564471":            "+6281234564471",
			"006281234564471":          "+6281234564471",
			"81234564471":              "+6281234564471", // a spreadsheet ate the zero
			"+62 (0)812 3456 4471":     "+6281234564471",
			" 0812 3456 4471\u200b":    "+6281234564471",
			"0812\u00a03456\u20114471": "+6281234564471",
			"0811234567":               "+62811234567",
			"081123456":                no, // a digit short
			"0812345678901":            "+62812345678901",
			"08123456789012":           no,
			"(021) 5795 1234":          "+622157951234",
			"0274-512345":              "+62274512345",
			"+65 6123 4567":            "+6561234567",
			"+1 (415) 555-0100":        "+14155550100",
			"0800 1 234567":            no, // freephone
			"0804 1 234567":            no,
			"0112345678":               no,
			"12345678":                 no,
			"110":                      no,
			"+0123456789":              no,
			"+1234567":                 no,
			"+1234567890123456":        no,
			"0812 3456 4471 ext 2":     no,
			"0812+34564471":            no,
			"++6281234564471":          no,
			"+62":                      no,
			"62812":                    no,
			"021123456789012":          no,
			"":                         no,
		},
		"email": {
			"Budi.Santoso@Gmail.COM":                "budi.santoso@gmail.com",
			" a+b_c@mail.co.id ":                    "a+b_c@mail.co.id",
			"x@a-b.id":                              "x@a-b.id",
			"budi":                                  no,
			"budi@":                                 no,
			"@gmail.com":                            no,
			"budi@gmail":                            no,
			"budi@@gmail.com":                       no,
			"budi@gmail..com":                       no,
			".budi@gmail.com":                       no,
			"budi.@gmail.com":                       no,
			"bu..di@gmail.com":                      no,
			"budi santoso@gmail.com":                no,
			"budi@-gmail.com":                       no,
			"budi@gmail-.com":                       no,
			"budi@gmail.c":                          no,
			"budi@gmail.1om":                        no,
			"budi@127.0.0.1":                        no,
			"budi@[127.0.0.1]":                      no,
			`"budi"@gmail.com`:                      no,
			"a\x00b@gmail.com":                      no,
			"a,b@gmail.com":                         no,
			"büdi@gmail.com":                        no,
			"budi@gmäil.com":                        no,
			"budi@gmail.com\r\nBcc: x@y.id":         no,
			strings.Repeat("a", 65) + "@gmail.com":  no,
			"a@" + strings.Repeat("a", 64) + ".com": no,
			"a@" + strings.Repeat("abcdefgh.", 30) + "com": no,
		},
		"date": {
			"17-08-1987":           "1987-08-17",
			"17/8/1987":            "1987-08-17",
			"17.8.1987":            "1987-08-17",
			"1987-08-17":           "1987-08-17",
			"1987/8/17":            "1987-08-17",
			"17 Agustus 1987":      "1987-08-17",
			"17 Agt 1987":          "1987-08-17",
			"3 Nopember 1990":      "1990-11-03",
			"3 Pebruari 1990":      "1990-02-03",
			"3 dec, 1990":          "1990-12-03",
			"17081987":             "1987-08-17",
			"19870817":             "1987-08-17",
			"1987-08-17 00:00:00":  "1987-08-17",
			"1987-08-17T00:00:00Z": "1987-08-17",
			"1987-08-17T10:30:00Z": no,
			"08/17/1987":           no, // the American order
			"17-08-87":             no,
			"31-02-1987":           no,
			"29-02-1900":           no,
			"29-02-2000":           "2000-02-29",
			"20012001":             "2001-01-20",
			"19011990":             "1990-01-19",
			"20022002":             "2002-02-20",
			"31021987":             no,
			"01-01-1899":           no,
			"01-01-2100":           no,
			"0-1-1990":             no,
			"17-Foo-1987":          no,
			"17-08":                no,
			"17-08-1987-1":         no,
			"1708198":              no,
			"":                     no,
		},
		"account": {
			"1234567890":            "1234567890",
			"0012-345.678 90":       "001234567890",
			"1234":                  no,
			"123456789012345678901": no,
			"BCA 1234567890":        no,
		},
		"last_four": {
			"4471":                "4471",
			"**** **** **** 4471": "4471",
			"xxxx-4471":           "4471",
			"•••• 4471":           "4471",
			"4111111111111111":    no,
			"447":                 no,
			"447a":                no,
		},
		"customer_number": {
			" plg-001/7 ":           "PLG-001/7",
			"plg   001":             "PLG 001",
			"":                      no,
			"plg#1":                 no,
			"plg\n001":              "PLG 001",
			strings.Repeat("1", 65): no,
			"=1+1":                  no,
		},
		"text": {
			" satu \t dua\r\n\r\n tiga ": "satu dua\ntiga",
			"a\u200bb\ufeffc":            "abc",
			"cafe\u0301":                 "café",
			"\u202etxt":                  "txt",
			"a\x07b":                     no,
			"a\x00b":                     no,
			"\xff":                       no,
			"   ":                        no,
		},
		"address": {"Jl. Mawar\n No. 3,  Bandung ": "Jl. Mawar No. 3, Bandung"},
		"name": {
			"  Budi   Santoso ":      "Budi Santoso",
			"Ma'ruf":                 "Ma'ruf",
			"123":                    no,
			"":                       no,
			strings.Repeat("a", 513): no,
		},
		"fact": {" Rp 150.000 ": "Rp 150.000"},
	} {
		for in, want := range cases {
			got, err := field(normaliser).Normalise(in)
			switch {
			case want == no && err == nil:
				t.Errorf("%s %q became %q, want a refusal", normaliser, in, got)
			case want == no:
				wantCode(t, err, normalisers[normaliser].code)
			case err != nil:
				t.Errorf("%s %q was refused, want %q", normaliser, in, want)
			case got != want:
				t.Errorf("%s %q became %q, want %q", normaliser, in, got, want)
			}
		}
	}
	_, err := field("text").Normalise(strings.Repeat("x", MaxValue+1))
	wantCode(t, err, "catalog.too_long")
	_, err = field("text").Key("")
	wantCode(t, err, "catalog.text")
}

func TestKeysBringTheSpellingsOfOneThingTogether(t *testing.T) {
	for normaliser, groups := range map[string][][]string{
		"name": {
			{"Budi Santoso", "budi  santoso", "BUDI SANTOSO, S.H., M.Kn.", "Budi Santoso SE", "H. Budi Santoso", "Dr. Ir. H. Budi Santoso, M.Si.", "Bpk. Budi Santoso", "K.H. Budi Santoso", "K. H. Budi Santoso"},
			{"Muhammad Yusuf", "Moh. Yusuf", "Mohd Yusuf", "M. Yusuf", "M Yusuf", "M.Yusuf", "Mochamad Yusuf", "Muh. Yusuf", "H. Muhamad Yusuf"},
			{"Soekarno", "Sukarno"},
			{"Djoko Tjahjono", "Joko Cahjono"},
			{"Sjahrir", "Syahrir"},
			{"Akhmad Khoirul", "Achmad Choirul", "Ahmad Hoirul"},
			{"Chandra", "Candra", "Tjandra"},
			{"Chairul", "Khairul"},
			{"Christine", "Kristine"},
			{"Njoman Oka", "Nyoman Oka"},
			{"Yuliana", "Yulianna"},
			{"Ma'ruf Amin", "Maruf Amin", "Ma’ruf Amin"},
			{"Siti Nur-Aini", "Siti Nur Aini"},
			{"José", "Jose"},
			{"Haji"}, {"Se"}, {"M"}, {"A. Rahman"}, {"Ganjar"}, {"Yoko"}, {"Fitri M"}, {"李 明"},
		},
		"npwp":    {{"092542943407000", "0092542943407000"}, {"3275011708870001"}},
		"text":    {{"Teh Manis", "teh  manis"}, {"Kopi"}},
		"fact":    {{"Rp 150.000", "150000", "Rp150.000,00", "IDR 150,000", "rp. 150.000,-", "00150000"}, {"17-08-2026", "2026-08-17", "17 Agustus 2026"}, {"Pulsa 50", "pulsa  50"}, {"1.50"}, {"15.0000"}, {"0"}, {"."}},
		"address": {{"Jl. Mawar 3", "JL. MAWAR 3"}},
		"phone":   {{"081234564471", "+62 812-3456-4471"}, {"081234564472"}},
	} {
		seen := map[string]string{}
		for _, group := range groups {
			first, err := field(normaliser).Key(group[0])
			if err != nil {
				t.Errorf("%s %q: %v", normaliser, group[0], err)
			}
			if other, ok := seen[first]; ok {
				t.Errorf("%s: %q and %q are one", normaliser, group[0], other)
			}
			seen[first] = group[0]
			for _, other := range group[1:] {
				if got, err := field(normaliser).Key(other); err != nil || got != first {
					t.Errorf("%s: %q has the key %q (%v), %q has %q", normaliser, other, got, err, group[0], first)
				}
			}
		}
	}
}

// checkNormaliser holds for every normaliser and every text.
func checkNormaliser(t testing.TB, name, in string) {
	f := field(name)
	out, err := f.Normalise(in)
	if err != nil {
		if strings.Contains(err.Error(), in) && len(in) > 8 {
			t.Errorf("%s: the error quotes the value: %v", name, err)
		}
		return
	}
	if out == "" || len(out) > MaxValue || !utf8.ValidString(out) || strings.ContainsAny(out, "\x00\r") {
		t.Errorf("%s %q became %q", name, in, out)
	}
	if again, err := f.Normalise(out); err != nil || again != out {
		t.Errorf("%s: %q became %q and then %q (%v)", name, in, out, again, err)
	}
	k1, err1 := f.Key(in)
	k2, err2 := f.Key(out)
	if err1 != nil || err2 != nil || k1 != k2 || k1 == "" {
		t.Errorf("%s: keys %q and %q of %q", name, k1, k2, in)
	}
	for mask := range masks {
		if mask == "whole" {
			continue
		}
		m := Field{Name: "x", Class: General, Mask: mask, Declared: true}.MaskValue(out)
		if m == out && !strings.Contains(out, "*") {
			t.Errorf("mask %s shows the whole of %q", mask, out)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"3275015708870001", "Dr. H. Moh. Djoko Soesilo, S.H.", "0812-3456-4471", "a@b.co", "17 Agustus 1987", "Rp 1.500.000,00", "**** 4471", "PLG-1/2", "e\u0301\u200b", "\u1e9e", "K.H."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for name := range normalisers {
			checkNormaliser(t, name, in)
		}
	})
}

func TestNormalisingIsAPropertyOfTheValue(t *testing.T) {
	alphabet := rapid.RuneFrom([]rune("0123456789 +-.,/@abehjkmnostuyHKMS'éß\u0301\u200b\n李ǅİ"))
	rapid.Check(t, func(rt *rapid.T) {
		in := rapid.StringOf(alphabet).Draw(rt, "in")
		for name := range normalisers {
			checkNormaliser(t, name, in)
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// TestNormalisingIsLinear doubles hostile inputs many times over what MaxValue allows, on
// the functions themselves, and gives each half a minute; what grows with the square needs more.
func TestNormalisingIsLinear(t *testing.T) {
	for _, unit := range []string{"a", " ", "1", ".", "e\u0301", "\u0301", "h. ", "S.H., ", "chdjtj", "'", "@a.", "rp. ", "1.", "K H "} {
		in := strings.Repeat(unit, 256<<10/len(unit))
		for name, n := range normalisers {
			began := time.Now()
			if out, ok := n.form(in); ok && n.key != nil {
				n.key(out)
			}
			if n.key != nil {
				n.key(in)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("%s needs %v for 256 KiB of %q", name, took, unit)
			}
		}
	}
}

func TestMasksShowWhatTheySayAndNoMore(t *testing.T) {
	for mask, cases := range map[string]map[string]string{
		"hidden":     {"x": Hidden, strings.Repeat("x", 500): Hidden},
		"whole":      {"terbuka": "terbuka"},
		"initials":   {"Budi Santoso": "B*** S***", "Bo Yi": "B*** Y***", "I Gusti Ngurah Rai Putra": "I*** G*** N***", "siti": "S***", "88": Hidden, "": Hidden},
		"phone":      {"+6281234564471": "+62 8** **** 4471", "+62812345678901": "+62 8** **** 8901", "+622157951234": "+62 *** **** 1234", "+6561234567": "+** *** **** 4567", "081234564471": Hidden, "+62": Hidden, "+62x123456789": Hidden},
		"email":      {"budi.santoso@gmail.com": "b***@g***.com", "b@g.co.id": "b***@g***.id", "x": Hidden, "@g.com": Hidden, "a@b": Hidden, "a@.com": Hidden, "ä@b.com": Hidden},
		"population": {"3275011708870001": "32** **** **** **01", "092542943407000": "09** **** **** **00", "32": Hidden, "327501170887000A": Hidden},
		"last_four":  {"1234567890": "**** 7890", "12345678901234567890": "**** 7890", "1234567": "**** **67", "1234": Hidden, "12345x": Hidden},
		"last_two":   {"4471": "**71", "447": Hidden, "44711": Hidden, "44a1": Hidden},
		"tail":       {"PLG-00123": "****123", "PLG-0000000000123": "****123", "PLG-1": Hidden, "plg-001": Hidden, "": Hidden},
		"year":       {"1987-08-17": "**-**-1987", "17-08-1987": Hidden, "": Hidden},
		"place":      {"Jl. Mawar No. 3, RT 01, Kota Bandung": "***, Kota Bandung", "Jl. Mawar 3, Bandung 40132": "***, Bandung 40132", "Jl. Mawar 3 Bandung": Hidden, "Jl. Mawar 3, Rumah Pak Budi": Hidden, "Jl. Mawar 3,": Hidden},
	} {
		for in, want := range cases {
			if got := (Field{Class: Public, Mask: mask}).MaskValue(in); got != want {
				t.Errorf("%s of %q is %q, want %q", mask, in, got, want)
			}
		}
	}
	if got := (Field{Class: Secret, Mask: "initials"}).MaskValue("Budi"); got != Hidden {
		t.Errorf("a secret shows %q", got)
	}
	if got := (Field{Class: General, Mask: "none"}).MaskValue("Budi"); got != Hidden {
		t.Errorf("an unknown mask shows %q", got)
	}
}

func TestNoMaskTellsTheLength(t *testing.T) {
	for mask, pairs := range map[string][][2]string{
		"initials":  {{"Bo Li", "Bambang Lesmana"}},
		"phone":     {{"+62811234471", "+62812345674471"}},
		"email":     {{"b@g.com", "budi.santoso.panjang@gmailbox.com"}},
		"last_four": {{"12344471", "12345678901234564471"}},
		"tail":      {{"ABC123", "ABCDEFGHIJ-00000123"}},
		"hidden":    {{"x", "lebih panjang"}},
		"place":     {{"A, Bandung", "Jl. Yang Sangat Panjang 1000, Bandung"}},
	} {
		for _, p := range pairs {
			if a, b := masks[mask](p[0]), masks[mask](p[1]); a != b {
				t.Errorf("%s: %q and %q", mask, a, b)
			}
		}
	}
}

func BenchmarkFoldName(b *testing.B) {
	for b.Loop() {
		_ = FoldName("Dr. H. Moh. Djoko Soesilo, S.H., M.Kn.")
	}
}

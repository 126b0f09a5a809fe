package pii

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryKindHasANameThatIsReadBack(t *testing.T) {
	for k := NIK; k < types; k++ {
		if got, ok := ParseType(k.String()); !ok || got != k || k.String() == "" {
			t.Errorf("%d is called %q", k, k)
		}
	}
	if _, ok := ParseType("nothing"); ok || types.String() != "" {
		t.Error("what is no kind has no name")
	}
}

func TestWhatMustNeverBeStoredIsNamed(t *testing.T) {
	for k := NIK; k < types; k++ {
		if want := strings.Contains(" pin otp cvv password private_key ", " "+k.String()+" "); k.NeverStore() != want {
			t.Errorf("%s: %v", k, k.NeverStore())
		}
	}
}

func one(t *testing.T, o Options, text string) Finding {
	t.Helper()
	got := New(o).Scan(nil, []byte(text))
	if len(got) != 1 {
		t.Fatalf("%q has %d findings: %v", text, len(got), got)
	}
	return got[0]
}

func TestAReasonSaysWhatWasSeen(t *testing.T) {
	for text, want := range map[string]string{
		"no NIK saya 3273011205900001":           "16 digits; district 32.73.01 exists; date valid; word nik 2 words before",
		"081234567890 nomor WA":                  "12 digits; prefix of a mobile operator; word wa 2 words after",
		"ktp 3273015205900001":                   "16 digits; district 32.73.01 exists; date valid; day of birth of a woman; word ktp 1 word before",
		"nomornya?\nrek?\n1370012345678 mandiri": "13 digits; length as these have; word mandiri 1 word after",
		"boleh nomor rekeningnya?\n7310252527":   "10 digits; word rekeningnya in the turn before",
		"nama;rekening\nbudi;7310252527":         "10 digits; word rekening at the head of the column",
		"kode\u200b OTP 4\u200b82913":            "6 digits; length as these have; disguised; word otp 1 word before",
	} {
		if got := one(t, Options{}, text).Reason(); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := one(t, Options{}, "Kel. Sukajadi, Kec. Coblong, alamat saya Jl. Merdeka No. 5, Bandung").Reason(); got != "3 parts of an address; place exists; written as these are; word alamat 2 words before" {
		t.Error(got)
	}
}

func TestOptionsChooseKindsAndConfidence(t *testing.T) {
	text := []byte("NIK 3273011205900001 hp 081234567890")
	if got := New(Options{Types: []Type{Phone}}).Scan(nil, text); len(got) != 1 || got[0].Type != Phone {
		t.Error(got)
	}
	if got := New(Options{Least: 0.98}).Scan(nil, text); len(got) != 1 || got[0].Type != NIK {
		t.Error(got)
	}
}

func TestANumberThatIsAlsoACardSaysSo(t *testing.T) {
	r := ""
	for n := 1; n < 100; n++ { // a district of Bali, which begins as a card of Mastercard
		s := "5101011205900" + string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
		if slowLuhn(s) {
			r = s
			break
		}
	}
	if f := one(t, Options{}, "nik "+r); f.Type != NIK || !f.AlsoCard() {
		t.Errorf("%s: %s", r, f.Reason())
	}
	if f := one(t, Options{}, "kartu kredit "+r); f.Type != Card {
		t.Errorf("%s: %s", r, f.Reason())
	}
}

func TestFindingsTellHowTheyWereHidden(t *testing.T) {
	if f := one(t, Options{}, "hp nol delapan satu dua tiga empat lima enam tujuh delapan sembilan nol"); !f.Spoken() || f.Disguised() {
		t.Error(f.Reason())
	}
	if f := one(t, Options{}, "hp ０８１２３４５６７８９０"); f.Spoken() || !f.Disguised() {
		t.Error(f.Reason())
	}
}

func TestRulesOfAPackAreFoundByTheirNamesAndCompete(t *testing.T) {
	o := Options{Packs: []Pack{{Name: "own", Rules: []Rule{
		{Name: "project", Literals: []string{"Proyek Elang"}, Score: 1},
		{Name: "cif", Shape: "99999999", Words: []string{"cif"}},
		{Name: "weak", Shape: "9999999999999999", Score: 0.6},
	}}}}
	s := New(o)
	text := "laporan PROYEK ELANG untuk CIF 00123456, NIK 3273011205900001, dan sesudah itu banyak sekali kata yang tidak ada hubungannya dengan apa pun: 87654321"
	var got []string
	for _, f := range s.Scan(nil, []byte(text)) {
		got = append(got, f.Type.String()+" "+f.Rule+" "+text[f.Start:f.End])
	}
	if want := "custom project PROYEK ELANG,custom cif 00123456,nik  3273011205900001"; strings.Join(got, ",") != want {
		t.Errorf("%q", got)
	}
}

func TestPersonsAreToldApartByWhatOnePersonHasOnce(t *testing.T) {
	s := New(Options{})
	for text, want := range map[string][]int{
		"NIK 3273011205900001 hp 081234567890 email a@contoh.com":                                   {0, 0, 0},
		"NIK 3273011205900001, hp 081234567890\nNIK 6403065212930001, hp 085712345678":              {0, 0, 1, 1},
		"hp 081234567890, NIK 3273011205900001\nemail b@contoh.com, NIK 6403065212930001":           {0, 0, 1, 1},
		"NIK 3273011205900001 dan NIK 6403065212930001":                                             {0, 1},
		"NIK 3273011205900001\nulang: NIK 3273011205900001":                                         {0, 0},
		"hp;email\n081234567890;a@contoh.com\n085712345678;b@contoh.com\n087812345678;c@contoh.com": {0, 0, 1, 1, 2, 2},
		"hp 081234567890\nhp 085712345678":                                                          {0, 0},
		"NIK 3273011205900001\nlahir 01-02-1985, NIK 6403065212930001":                              {0, 1, 1},
		"tidak ada apa-apa": nil,
		"lahir 12-05-1990, NIK 3273011205900001\nlahir 01-02-1985, paspor C1234567, NIK 6403065212930001, hp 081234567890": {0, 0, 1, 1, 1, 1},
	} {
		if got := Persons(nil, []byte(text), s.Scan(nil, []byte(text))); !slices.Equal(got, want) {
			t.Errorf("%q: %v, not %v", text, got, want)
		}
	}
}

func TestAValueIsReadFromASpanThatSomebodyElseDrew(t *testing.T) {
	s := New(Options{})
	text := []byte("hp\nsaya 0812-3456-7890 ya")
	if got := s.Value(nil, text, Finding{Type: Phone, End: len(text)}); string(got) != "6281234567890" {
		t.Errorf("%q", got)
	}
}

func TestANumberThatIsReadBackHasItsValueOnce(t *testing.T) {
	s := New(Options{})
	for text, want := range map[string]string{
		"NIK saya tiga dua tujuh tiga nol satu satu dua nol lima sembilan nol nol nol nol satu\nagen: tiga dua tujuh tiga nol satu satu dua nol lima sembilan nol nol nol nol satu":       "3273011205900001",
		"agen: nomor hp?\nplg: nol delapan satu dua lima lima lima nol nol empat satu dua\nagen: nol delapan satu dua, triple lima, nol nol empat satu dua, betul?":                       "6281255500412",
		"plg: nol delapan satu dua lima lima lima nol nol empat satu dua\nagen: nol empat satu dua belakangnya":                                                                           "6281255500412",
		"agen: NIK?\nplg: tiga dua tujuh tiga nol satu\nagen: tiga dua tujuh tiga nol satu\nplg: satu dua nol lima sembilan nol\nagen: ya\nplg: nol nol nol satu\nagen: nol nol nol satu": "3273011205900001",
	} {
		found := s.Scan(nil, []byte(text))
		if len(found) != 1 {
			t.Errorf("%q: %d findings", text, len(found))
			continue
		}
		if got := string(s.Value(nil, []byte(text), found[0])); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestANumberThatIsReadBackWithoutEndIsSeveralFindings(t *testing.T) {
	s := New(Options{})
	text := []byte(strings.Repeat("agen: nol delapan satu dua lima lima lima nol nol empat satu dua ya\n", 3000))
	for _, f := range s.Scan(nil, text) {
		if size := f.End - f.Start; size > behind {
			t.Fatalf("a finding of %d bytes", size)
		}
		if got := string(s.Value(nil, text, f)); got != "6281255500412" {
			t.Fatalf("at %d: %q", f.Start, got)
		}
	}
}

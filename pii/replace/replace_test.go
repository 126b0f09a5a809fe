package replace

import (
	"bytes"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/pii"
)

const text = "NIK saya 3273011205900001, hp 0812-3456-7890 (atau nol delapan satu dua tiga empat lima enam tujuh delapan sembilan nol), " +
	"kartu 4200 3322 4538 3234 cvv 123, email budi@contoh.com, hp +62 812 3456 7890, lahir 12-05-1990. Kode CIF-00012345."

func scan(t *testing.T) (*pii.Scanner, []pii.Finding) {
	t.Helper()
	s := pii.New(pii.Options{Packs: []pii.Pack{{Name: "own", Rules: []pii.Rule{{Name: "cif", Shape: "CIF-99999999"}}}}})
	return s, s.Scan(nil, []byte(text))
}

func replaced(t *testing.T, with Replacer) string {
	s, found := scan(t)
	return string(Text(s, nil, []byte(text), found, with))
}

func TestAMaskKeepsTheLastFourWhereThatIsAllowedAndNothingElse(t *testing.T) {
	want := "NIK saya ************0001, hp ****-****-7890 (atau ****7890), kartu **** **** **** 3234 cvv [cvv], email b***@contoh.com, hp +** *** **** 7890, lahir [birth_date]. Kode [cif]."
	if got := replaced(t, Mask); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestARedactionLeavesTheKindOnly(t *testing.T) {
	if got := replaced(t, Redact); strings.ContainsAny(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '#'
		}
		return r
	}, got), "#") || !strings.HasPrefix(got, "NIK saya [nik], hp [phone] (atau [phone])") {
		t.Error(got)
	}
}

func TestTheSameNumberGetsTheSamePlaceholderHoweverItIsWritten(t *testing.T) {
	got := replaced(t, Number())
	if strings.Count(got, "[phone 1]") != 3 || strings.Contains(got, "[phone 2]") || !strings.Contains(got, "cvv [cvv]") {
		t.Error(got)
	}
}

func TestAPseudonymIsTheSameUnderOneKeyAndAnotherUnderAnother(t *testing.T) {
	a, b, c := replaced(t, Pseudonym([]byte("one"))), replaced(t, Pseudonym([]byte("one"))), replaced(t, Pseudonym([]byte("two")))
	if a != b || a == c || !strings.Contains(a, "nik_") || !strings.Contains(a, "[cvv]") {
		t.Error(a, c)
	}
}

func TestATokenIsAskedForWithThePlainValueAndNeverForASecret(t *testing.T) {
	var asked []string
	got := replaced(t, Token(func(k pii.Type, value []byte) string {
		asked = append(asked, k.String()+" "+string(value))
		return "<t>"
	}))
	if all := strings.Join(asked, ","); !strings.HasPrefix(all, "nik 3273011205900001,phone 6281234567890,phone 6281234567890,card 4200332245383234,email budi@contoh.com,phone 6281234567890") || strings.Contains(all, "cvv") {
		t.Error(all)
	}
	if strings.Contains(got, "3273") {
		t.Error(got)
	}
}

func TestFormIsPreservedWhereThereAreDigitsAndRedactedWhereThereAreNone(t *testing.T) {
	nines := func(_ pii.Type, digits []byte) []byte { return bytes.Repeat([]byte("9"), len(digits)) }
	got := replaced(t, Preserve(nines))
	if !strings.HasPrefix(got, "NIK saya 9999999999999999, hp 9999-9999-9999 (atau [phone]), kartu 9999 9999 9999 9999 cvv [cvv]") {
		t.Error(got)
	}
	if got := replaced(t, Preserve(func(pii.Type, []byte) []byte { return nil })); strings.Contains(got, "3273") {
		t.Error("a cipher that fails must leave nothing:", got)
	}
}

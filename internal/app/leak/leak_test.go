package leak_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/app/leak"
)

const nik = "3273995704880004"

func finder() *leak.Finder {
	return leak.New(map[string][]string{
		"NIK": {nik, "3273 9957 0488 0004"}, "name": {"Kenariwati Puspitasarini"}, "address": {`Jalan Flamboyan Ungu No. 83 & "B"`},
		"e-mail": {"kenariwati.p@rahasia-contoh.example"}, "card": {"9874"},
	})
}

func TestEverySpellingOfAValueIsFound(t *testing.T) {
	f := finder()
	for form, c := range map[string]struct{ text, name string }{
		"plain":                 {"x" + nik + "x", "NIK"},
		"spaced":                {"3273 9957 0488 0004", "NIK"},
		"backwards":             {"4000884075993723", "NIK"},
		"hex":                   {hex.EncodeToString([]byte("a" + nik)), "NIK"},
		"upper hex":             {strings.ToUpper(hex.EncodeToString([]byte(nik))), "NIK"},
		"base64":                {base64.StdEncoding.EncodeToString([]byte(nik + "!")), "NIK"},
		"base64, one in":        {base64.StdEncoding.EncodeToString([]byte("a" + nik + "!")), "NIK"},
		"base64, two in":        {base64.URLEncoding.EncodeToString([]byte("ab" + nik)), "NIK"},
		"UTF-16":                {"3\x002\x007\x003\x009\x009\x005\x007\x000\x004\x008\x008\x000\x000\x000\x004\x00", "NIK"},
		"another case":          {"KENARIWATI puspitasarini", "name"},
		"a name backwards":      {"inirasatipsup itawiranek", "name"},
		"escaped for a path":    {"jalan%20flamboyan%20ungu%20No.%2083%20&%20%22B%22", "address"},
		"escaped for a query":   {"q=Jalan+Flamboyan+Ungu+No.+83+%26+%22B%22", "address"},
		"escaped for a page":    {"<p>Jalan Flamboyan Ungu No. 83 &amp; &#34;B&#34;</p>", "address"},
		"escaped for JSON":      {`{"a":"Jalan Flamboyan Ungu No. 83 \u0026 \"B\""}`, "address"},
		"a mail in an address":  {"to=kenariwati.p%40rahasia-contoh.example", "e-mail"},
		"a short one":           {`{"text":"9874"}`, "card"},
		"a short one at an end": {"kartu 9874.", "card"},
	} {
		hits := f.In([]byte(c.text))
		if len(hits) != 1 || hits[0].Name != c.name {
			t.Errorf("%s: found %v, want the %s", form, hits, c.name)
		}
	}
	if f.Forms() < 50 {
		t.Errorf("only %d spellings", f.Forms())
	}
}

func TestNothingIsFoundInNothing(t *testing.T) {
	for _, text := range []string{
		"", "nothing of the kind 1234567890 Rina", `{"at":"2026-11-30T02:22:54.9874Z","id":"itx_01k9874v7me8"}`, "19874", "9874-01", "10:9874", "0.9874", "9874.5", "9874_a",
	} {
		if hits := finder().In([]byte(text)); len(hits) > 0 {
			t.Errorf("in %q: %v", text, hits)
		}
	}
}

package testkit

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestACanaryIsFoundInEveryFormInWhichItCouldSlipOut(t *testing.T) {
	c := Canaries{"name": "Siti Kenari", "phone": "+62849 1234-5678"}
	for what, text := range map[string]string{
		"as typed": "x Siti Kenari y", "lower case": "siti kenari", "upper case": "SITI KENARI", "in a query": "?q=Siti+Kenari", "in a path": "/Siti%20Kenari/",
		"hex": "53697469204b656e617269", "JSON": `{"n":"Siti Kenari"}`,
		"base64":           base64.StdEncoding.EncodeToString([]byte("Siti Kenari")),
		"base64, offset 1": base64.StdEncoding.EncodeToString([]byte("aSiti Kenarizz")),
		"base64, offset 2": base64.StdEncoding.EncodeToString([]byte("abSiti Kenarizz")),
	} {
		if !slices.Equal(c.Find([]byte(text)), []string{"name"}) {
			t.Errorf("%s: not found", what)
		}
	}
	for what, text := range map[string]string{"only digits": "6284912345678", "national": "084912345678"} {
		if !slices.Equal(c.Find([]byte(text)), []string{"phone"}) {
			t.Errorf("%s: not found", what)
		}
	}
	if got := c.Find([]byte("S*** K***, +62 8** **** 5678")); len(got) > 0 {
		t.Errorf("a mask counts as found: %v", got)
	}
}

func TestFilesAreLookedThroughWithTheirNames(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"clean": "nothing", "deep/dirty": "\x00\x01Siti Kenari\x02"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Canaries{"name": "Siti Kenari"}.Files(dir)
	if err != nil || !slices.Equal(got, []string{filepath.Join("deep", "dirty") + ": name"}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := (Canaries{"name": "Siti Kenari"}).Files(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that does not exist was searched")
	}
}

func TestAShortCanaryIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a canary that chance would find was taken")
		}
	}()
	Canaries{"card": "1234"}.Find([]byte("x"))
}

package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "amanah.yaml")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAloneAreAConfiguration(t *testing.T) {
	c, err := Load(Sources{File: filepath.Join(t.TempDir(), "none.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8443" || c.Language != "id" || c.Stop.Within != 20*time.Second || c.TLS.Off || c.Proxy.Trusted != nil {
		t.Errorf("defaults: %+v", c)
	}
	for _, v := range c.Values() {
		if v.Origin != "default" {
			t.Errorf("%s comes from %s", v.Key, v.Origin)
		}
	}
}

func TestTheFirstPlaceThatHasAValueWinsAndIsNamed(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "smtp.password"), []byte("from systemd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{
		File:  write(t, "listen: file:1\nurl: https://file.example\nlog: {level: debug}\nproxy:\n  trusted:\n    - 10.0.0.0/8\n    - 192.168.0.0/16\nstop:\n  within: 3s\ntls:\n  off: true\n", 0o644),
		Flags: map[string]string{"listen": "flag:1"},
		Environ: []string{"AMANAH_LISTEN=env:1", "AMANAH_URL=https://env.example", "AMANAH_KEYS_PASSPHRASE_FILE=" + secret,
			"CREDENTIALS_DIRECTORY=" + dir, "AMANAH_TEST_ANYTHING=1", "PATH=/bin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range c.Values() {
		got[v.Key] = v.Value + " < " + v.Origin
	}
	for key, want := range map[string]string{
		"listen": "flag:1 < --listen", "url": "https://env.example < AMANAH_URL", "log.level": "debug < amanah.yaml:3",
		"proxy.trusted": "10.0.0.0/8,192.168.0.0/16 < amanah.yaml:5", "stop.within": "3s < amanah.yaml:9", "tls.off": "true < amanah.yaml:11",
		"keys.passphrase": "[hidden] < AMANAH_KEYS_PASSPHRASE_FILE", "smtp.password": "[hidden] < systemd credential smtp.password", "name": "Pusat Layanan < default",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
	if c.Keys.Passphrase.Reveal() != "from a file" || c.SMTP.Password.Reveal() != "from systemd" || !slices.Equal(c.Proxy.Trusted, []string{"10.0.0.0/8", "192.168.0.0/16"}) || !c.TLS.Off {
		t.Error("values did not arrive")
	}
}

func TestWhatIsNotUnderstoodIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		mode os.FileMode
		env  []string
		code string
		args map[string]any
	}{
		"unknown key":             {file: "listne: x\n", code: "config.unknown_key", args: map[string]any{"key": "listne", "line": 1, "nearest": "listen"}},
		"unknown nested key":      {file: "log:\n  levle: x\n", code: "config.unknown_key", args: map[string]any{"key": "log.levle", "line": 2, "nearest": "log.level"}},
		"key twice":               {file: "log.level: info\nlog: {level: info}\n", code: "config.twice", args: map[string]any{"line": 2}},
		"not one of the words":    {file: "language: fr\n", code: "config.value", args: map[string]any{"key": "language", "want": "id | en", "origin": "amanah.yaml:1"}},
		"no duration":             {env: []string{"AMANAH_STOP_WITHIN=soon"}, code: "config.value", args: map[string]any{"key": "stop.within", "origin": "AMANAH_STOP_WITHIN"}},
		"negative duration":       {env: []string{"AMANAH_STOP_WITHIN=-1s"}, code: "config.value"},
		"no number":               {env: []string{"AMANAH_DESK_SEARCHES_PER_SHIFT=many"}, code: "config.value", args: map[string]any{"want": "number"}},
		"a number below one":      {env: []string{"AMANAH_DESK_REVEALS_PER_SHIFT=0"}, code: "config.value"},
		"no boolean":              {file: "tls: {off: perhaps}\n", code: "config.value"},
		"a list where a text is":  {file: "listen: [a, b]\n", code: "config.value"},
		"a mapping in a list":     {file: "proxy: {trusted: [{a: b}]}\n", code: "config.value"},
		"a mapping where a text":  {file: "listen: {a: b}\n", code: "config.value"},
		"a text where a section":  {file: "log: info\n", code: "config.shape", args: map[string]any{"line": 1}},
		"no mapping at all":       {file: "- a\n- b\n", code: "config.shape"},
		"no YAML":                 {file: "listen: 'x\nname: [\n", code: "config.yaml", args: map[string]any{}},
		"unknown variable":        {env: []string{"AMANAH_LISTNE=x"}, code: "config.unknown_variable", args: map[string]any{"nearest": "AMANAH_LISTEN"}},
		"secret file missing":     {env: []string{"AMANAH_KEYS_PASSPHRASE_FILE=/nonexistent"}, code: "config.secret_file"},
		"secret in a public file": {file: "keys: {passphrase: hunter2}\n", mode: 0o644, code: "config.readable_secret", args: map[string]any{"key": "keys.passphrase"}},
	} {
		mode := c.mode
		if mode == 0 {
			mode = 0o600
		}
		_, err := Load(Sources{File: write(t, c.file, mode), Environ: c.env})
		e := errs.Of(err)
		if err == nil || e.Code != c.code || e.Kind != errs.Invalid {
			t.Errorf("%s: %v, want %s", name, err, c.code)
			continue
		}
		for k, want := range c.args {
			if !reflect.DeepEqual(e.Args[k], want) {
				t.Errorf("%s: argument %s is %v, want %v", name, k, e.Args[k], want)
			}
		}
		if strings.Contains(fmt.Sprint(err, e.Args), "hunter2") {
			t.Errorf("%s: the error quotes a secret", name)
		}
	}
	if _, err := Load(Sources{File: filepath.Join(t.TempDir(), "none"), Required: true}); errs.Of(err).Code != "config.file" {
		t.Errorf("a required file that is missing: %v", err)
	}
	if _, err := Load(Sources{Flags: map[string]string{"nonsense": "x"}}); errs.Of(err).Code != "config.flag" {
		t.Errorf("an unknown flag: %v", err)
	}
}

func TestAFileWithASecretThatOnlyItsOwnerReadsIsTaken(t *testing.T) {
	c, err := Load(Sources{File: write(t, "# only comments above\nkeys:\n  passphrase: |-\n    two words\nname: ~\n", 0o600)})
	if err != nil || c.Keys.Passphrase.Reveal() != "two words" || c.Name != "" {
		t.Errorf("%v %q %q", err, c.Keys.Passphrase.Reveal(), c.Name)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n"} {
		if _, err := Load(Sources{File: write(t, empty, 0o600)}); err != nil {
			t.Errorf("an empty file %q: %v", empty, err)
		}
	}
}

func TestASecretNeverPrints(t *testing.T) {
	s := Secret("hunter2")
	j, _ := json.Marshal(map[string]any{"s": s})
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %q %s", s, s, s, s, s), string(j), s.LogValue().String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed: %s", text)
		}
	}
	if Secret("").String() != "" {
		t.Error("an empty secret should look empty")
	}
}

func TestEveryKeyIsDescribedInBothLanguages(t *testing.T) {
	for _, k := range keys {
		if k.id == "" || k.en == "" || k.sort() == "" {
			t.Errorf("%s lacks a description or is of an unknown kind", k.name)
		}
		if len(k.one) > 0 && !slices.Contains(k.one, k.def) {
			t.Errorf("%s: its default is not one of its words", k.name)
		}
	}
}

// The reference pages are written with AMANAH_UPDATE=1 (make gen).
func TestTheReferencePagesAreTrue(t *testing.T) {
	for _, lang := range []string{"id", "en"} {
		path := filepath.Join("..", "..", "..", "docs", "guide", lang, "configuration.md")
		want := Reference(lang)
		if os.Getenv("AMANAH_UPDATE") != "" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the code says; run make gen (%v)", path, err)
		}
	}
}

package keyring_test

import (
	"context"
	"crypto/fips140"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/keyring/kmstest"
)

var passphrase = []byte("sebuah kalimat sandi")

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", code)
	} else if got := errs.Of(err).Code; got != code {
		t.Errorf("error %s (%v), want %s", got, err, code)
	}
}

// opener makes a key and returns what opens it.
func opener(t *testing.T, create func(path string) (string, error), open func(path string) (keyring.KMS, error)) func(t *testing.T) keyring.KMS {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root")
	if _, err := create(path); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) keyring.KMS {
		t.Helper()
		k, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
}

func TestEveryAdapterKeepsThePromisesOfAKMS(t *testing.T) {
	for name, a := range map[string]struct {
		create func(string) (string, error)
		open   func(string) (keyring.KMS, error)
	}{
		"key file": {keyring.CreateKeyFile, keyring.OpenKeyFile},
		"systemd credential": {keyring.CreateKeyFile, func(path string) (keyring.KMS, error) {
			t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(path))
			return keyring.OpenSystemdCredential(filepath.Base(path))
		}},
		"sealed file": {
			func(path string) (string, error) {
				return keyring.CreateSealedFile(path, passphrase, keyring.DefaultKDF())
			},
			func(path string) (keyring.KMS, error) { return keyring.OpenSealedFile(path, passphrase) },
		},
		"sealed file with PBKDF2": {
			func(path string) (string, error) { return keyring.CreateSealedFile(path, passphrase, keyring.PBKDF2) },
			func(path string) (keyring.KMS, error) { return keyring.OpenSealedFile(path, passphrase) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && strings.HasPrefix(name, "sealed") {
				t.Skip("minutes of key derivation under the race detector, for the code that the plain file runs")
			}
			kmstest.Run(t, opener(t, a.create, a.open), opener(t, a.create, a.open))
		})
	}
}

func TestASealedFileOpensWithItsPassphraseOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.sealed")
	keyID, err := keyring.CreateSealedFile(path, passphrase, keyring.DefaultKDF())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "sebuah kalimat sand", "sebuah kalimat sandi ", "Sebuah kalimat sandi"} {
		_, err := keyring.OpenSealedFile(path, []byte(wrong))
		wantCode(t, err, "keyring.wrong_passphrase")
	}
	k, err := keyring.OpenSealedFile(path, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	info, err := k.KeyInfo(context.Background())
	if err != nil || info.ID != keyID || info.Unlock != string(keyring.DefaultKDF()) || info.Adapter != "sealed file" {
		t.Errorf("%+v (%v)", info, err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o400 {
		t.Errorf("mode %v (%v)", st.Mode(), err)
	}
	for _, bad := range []string{"", "pendek", strings.Repeat("x", 1025)} {
		_, err := keyring.CreateSealedFile(filepath.Join(t.TempDir(), "x"), []byte(bad), keyring.PBKDF2)
		wantCode(t, err, "keyring.passphrase_length")
	}
}

func TestAPassphraseIsChangedAndTheKeyStays(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "root.sealed")
	if _, err := keyring.CreateSealedFile(path, passphrase, keyring.PBKDF2); err != nil {
		t.Fatal(err)
	}
	before, err := keyring.OpenSealedFile(path, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := before.Wrap(ctx, nil, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	next := []byte("kalimat yang lain lagi")
	wantCode(t, keyring.ChangePassphrase(path, []byte("salah sama sekali"), next, keyring.PBKDF2), "keyring.wrong_passphrase")
	wantCode(t, keyring.ChangePassphrase(path, passphrase, []byte("pendek"), keyring.PBKDF2), "keyring.passphrase_length")
	wantCode(t, keyring.ChangePassphrase(path+"x", passphrase, next, keyring.PBKDF2), "keyring.no_key_file")
	if err := keyring.ChangePassphrase(path, passphrase, next, keyring.DefaultKDF()); err != nil {
		t.Fatal(err)
	}
	_, err = keyring.OpenSealedFile(path, passphrase)
	wantCode(t, err, "keyring.wrong_passphrase")
	after, err := keyring.OpenSealedFile(path, next)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := after.Unwrap(ctx, nil, wrapped); err != nil || len(key) != 32 {
		t.Errorf("the key is another (%v)", err)
	}
	if err := before.Health(ctx); err != nil {
		t.Errorf("the same key, another passphrase: %v", err)
	}
}

func TestASealedFileThatWasChangedIsRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root.sealed")
	if _, err := keyring.CreateSealedFile(path, passphrase, keyring.PBKDF2); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change map[string]any
		code   string
	}{
		"fewer rounds":                 {map[string]any{"time": 100_000}, "keyring.wrong_passphrase"},
		"hardly any rounds":            {map[string]any{"time": 1}, "keyring.unknown_kdf"},
		"rounds without end":           {map[string]any{"time": 4_000_000_000}, "keyring.unknown_kdf"},
		"an unknown function":          {map[string]any{"kdf": "md5"}, "keyring.unknown_kdf"},
		"argon2id with all the memory": {map[string]any{"kdf": "argon2id", "time": 1, "memory_kib": 4_000_000_000, "threads": 1}, ""},
		"argon2id with no memory":      {map[string]any{"kdf": "argon2id", "time": 1, "memory_kib": 8, "threads": 1}, ""},
		"argon2id without threads":     {map[string]any{"kdf": "argon2id", "time": 1, "memory_kib": 65536, "threads": 0}, ""},
		"another id":                   {map[string]any{"id": "key_00000000000000000000000000"}, "keyring.wrong_passphrase"},
		"no id":                        {map[string]any{"id": "x"}, "keyring.bad_key_file"},
		"another format":               {map[string]any{"format": "amanah sealed key v2"}, "keyring.bad_key_file"},
		"a short salt":                 {map[string]any{"salt": "AAAA"}, "keyring.bad_key_file"},
		"a sealed key that is nothing": {map[string]any{"sealed": ""}, "keyring.wrong_passphrase"},
		"a word that nobody knows":     {map[string]any{"comment": "x"}, "keyring.bad_key_file"},
		"a number that does not fit":   {map[string]any{"threads": 1000}, "keyring.bad_key_file"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.code == "" { // what argon2id may not be asked; under fips140=only it is not asked at all
				if c.code = "keyring.unknown_kdf"; fips140.Enforced() {
					c.code = "keyring.not_fips"
				}
			}
			m := map[string]any{}
			if err := json.Unmarshal(text, &m); err != nil {
				t.Fatal(err)
			}
			for k, v := range c.change {
				m[k] = v
			}
			changed, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			p := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(p, changed, 0o400); err != nil {
				t.Fatal(err)
			}
			_, err = keyring.OpenSealedFile(p, passphrase)
			wantCode(t, err, c.code)
		})
	}
	for name, bad := range map[string]string{"empty": "", "half": string(text[:len(text)/2]), "something after it": string(text) + "{}"} {
		p := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(p, []byte(bad), 0o400); err != nil {
			t.Fatal(err)
		}
		_, err := keyring.OpenSealedFile(p, passphrase)
		if err == nil || errs.Of(err).Code != "keyring.bad_key_file" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnderFIPSAlonePBKDF2Seals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.sealed")
	if !fips140.Enforced() {
		if keyring.DefaultKDF() != keyring.Argon2id {
			t.Error("the default outside FIPS mode is argon2id")
		}
		_, err := keyring.CreateSealedFile(path, passphrase, "scrypt")
		wantCode(t, err, "keyring.unknown_kdf")
		return
	}
	if keyring.DefaultKDF() != keyring.PBKDF2 {
		t.Error("the default in FIPS mode is PBKDF2")
	}
	_, err := keyring.CreateSealedFile(path, passphrase, keyring.Argon2id)
	wantCode(t, err, "keyring.not_fips")
}

func TestAKeyFileIsRefusedWhenItIsNotOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root.key")
	if _, err := keyring.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(good))
	for name, text := range map[string]string{
		"empty":         "",
		"another word":  "age-key " + words[1] + " " + words[2],
		"no id":         words[0] + " sub_x " + words[2],
		"a short key":   words[0] + " " + words[1] + " AAAA",
		"not base64":    words[0] + " " + words[1] + " " + strings.Repeat("!", 44),
		"one word more": string(good) + " x",
		"one word less": words[0] + " " + words[1],
		"far too long":  strings.Repeat("x", 100_000),
	} {
		p := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(p, []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
		if _, err := keyring.OpenKeyFile(p); err == nil || errs.Of(err).Code != "keyring.bad_key_file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = keyring.OpenKeyFile(filepath.Join(dir, "none"))
	wantCode(t, err, "keyring.no_key_file")
	_, err = keyring.OpenKeyFile(filepath.Join(path, "below a file"))
	wantCode(t, err, "keyring.bad_key_file")
	_, err = keyring.OpenKeyFile(dir)
	wantCode(t, err, "keyring.bad_key_file")
	if err := os.Chmod(path, 0o440); err != nil {
		t.Fatal(err)
	}
	_, err = keyring.OpenKeyFile(path)
	wantCode(t, err, "keyring.key_file_open")
}

func TestAKeyFileIsNeverWrittenOver(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root.key")
	if _, err := keyring.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = keyring.CreateKeyFile(path)
	wantCode(t, err, "keyring.key_file_exists")
	_, err = keyring.CreateSealedFile(path, passphrase, keyring.PBKDF2)
	wantCode(t, err, "keyring.key_file_exists")
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file was changed (%v)", err)
	}
	_, err = keyring.CreateKeyFile(filepath.Join(dir, "none", "root.key"))
	wantCode(t, err, "keyring.key_file_write")
	left, err := filepath.Glob(filepath.Join(dir, ".amanah*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestHealthSaysWhenTheKeyFileIsGoneOrAnother(t *testing.T) {
	ctx := context.Background()
	for name, create := range map[string]func(string) (keyring.KMS, error){
		"key file": func(path string) (keyring.KMS, error) {
			if _, err := keyring.CreateKeyFile(path); err != nil {
				return nil, err
			}
			return keyring.OpenKeyFile(path)
		},
		"sealed file": func(path string) (keyring.KMS, error) {
			if _, err := keyring.CreateSealedFile(path, passphrase, keyring.PBKDF2); err != nil {
				return nil, err
			}
			return keyring.OpenSealedFile(path, passphrase)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "root")
			k, err := create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			wantCode(t, k.Health(ctx), "keyring.no_key_file")
			if _, err := k.Wrap(ctx, nil, make([]byte, 32)); err != nil {
				t.Errorf("what is open stays open until the next start: %v", err)
			}
			if _, err := create(path); err != nil {
				t.Fatal(err)
			}
			wantCode(t, k.Health(ctx), "keyring.other_kms_key")
		})
	}
}

func TestASystemdCredentialIsTakenFromItsFolderOnly(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	_, err := keyring.OpenSystemdCredential("root")
	wantCode(t, err, "keyring.no_credential")
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	for _, name := range []string{"", "../root", "a/b"} {
		_, err := keyring.OpenSystemdCredential(name)
		wantCode(t, err, "keyring.no_credential")
	}
	_, err = keyring.OpenSystemdCredential("root")
	wantCode(t, err, "keyring.no_key_file")
}

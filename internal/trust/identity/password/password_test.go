package password

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestPasswordRules(t *testing.T) {
	for _, c := range []struct {
		name, password, code string
	}{
		{"four unrelated words are fine", "kapal jeruk langit tangga", ""},
		{"no composition is asked for", "gelombangbiruterangsekali", ""},
		{"letters of any script count once each", "ねこといぬがすきですからね", ""},
		{"combining marks are composed before counting", strings.Repeat("e\u0301", 11), "identity.password_short"},
		{"eleven characters are too few", "kapal jeruk", "identity.password_short"},
		{"empty is too short", "", "identity.password_short"},
		{"128 characters are enough", strings.Repeat("kapal jeruk langit ", 6) + "selesai kapal ", ""},
		{"129 characters are too many", strings.Repeat("kapal-langit-", 10), "identity.password_long"},
		{"a megabyte is refused before it is looked at", strings.Repeat("x", 1<<20), "identity.password_long"},
		{"broken UTF-8 is refused", "kapal jeruk langit \xff", "identity.password_long"},
		{"a well-known word with digits", "password1234", "identity.password_common"},
		{"two well-known words", "IndonesiaMerdeka45", "identity.password_common"},
		{"the usual substitutions do not help", "P@ssw0rd!P@ssw0rd!", "identity.password_common"},
		{"a run over the digits", "123456789012", "identity.password_common"},
		{"a run backwards", "zyxwvutsrqponmlk", "identity.password_common"},
		{"a run over the keyboard", "qwertyuiopasdfghjkl", "identity.password_common"},
		{"one letter many times", "aaaaaaaaaaaaaaaa", "identity.password_common"},
		{"the login and a number", "rina.wulandari99", "identity.password_common"},
		{"the company's name", "NusantaraSentosa!", "identity.password_common"},
		{"the product's own name", "amanahamanah12", "identity.password_common"},
		{"context words with enough beside them are fine", "rina menanam jeruk nipis", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Check(c.password, "rina.wulandari", "Rina Wulandari", "Nusantara Sentosa")
			code := ""
			if err != nil {
				code = errs.Of(err).Code
				if strings.Contains(err.Error(), c.password) && c.password != "" {
					t.Error("the error quotes the password")
				}
			}
			if code != c.code {
				t.Errorf("%q: got %q, want %q", c.password, code, c.code)
			}
		})
	}
}

func TestPasswordHashes(t *testing.T) {
	ctx := context.Background()
	for _, use := range []Hashing{Argon2id, PBKDF2} {
		h := New(use, 1000)
		stored, err := h.Hash(ctx, "cafe\u0301 jeruk langit")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(stored, "$"+string(use)+"$") {
			t.Errorf("%s is not in PHC form", stored)
		}
		for password, want := range map[string]bool{"caf\u00e9 jeruk langit": true, "cafe jeruk langit": false, "": false, strings.Repeat("x", 2000): false} {
			got, err := h.Verify(ctx, stored, password)
			if err != nil || got != want {
				t.Errorf("%s: %q: %v, %v", use, password, got, err)
			}
		}
		part := strings.Split(stored, "$")
		salt, sum := part[len(part)-2], part[len(part)-1]
		for _, bad := range []string{"", "$", "$$$$$", "$md5$x$" + salt + "$" + sum, "$argon2id$v=19$m=x$" + salt + "$" + sum,
			"$argon2id$v=19$m=99999999,t=1,p=1$" + salt + "$" + sum, "$pbkdf2-sha256$i=x$" + salt + "$" + sum,
			"$pbkdf2-sha256$i=1$!$" + sum, "$pbkdf2-sha256$i=1$" + salt + "$AA", "$pbkdf2-sha256$i=1$$" + sum} {
			if ok, err := h.Verify(ctx, bad, "x"); ok || err != nil {
				t.Errorf("%q: %v, %v", bad, ok, err)
			}
		}
	}
}

func TestAPasswordIsHashedAtFullCost(t *testing.T) {
	stored, err := New(Argon2id, 1).Hash(context.Background(), "kapal jeruk langit 7 tangga")
	if err != nil || !strings.Contains(stored, "m=19456,t=2,p=1") {
		t.Fatalf("%s %v", stored, err)
	}
	if stored, err = New(PBKDF2, 1).Hash(context.Background(), "kapal jeruk langit 7 tangga"); err != nil || !strings.Contains(stored, "i=600000") {
		t.Fatalf("%s %v", stored, err)
	}
}

func TestALoginStormWaitsAndIsThenRefused(t *testing.T) {
	h := New(Argon2id, 1)
	h.wait = time.Millisecond
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	if _, err := h.Hash(context.Background(), "kapal jeruk langit 7 tangga"); errs.Of(err).Code != "identity.busy" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h.wait = time.Hour
	if _, err := h.Verify(ctx, "", "kapal jeruk langit 7 tangga"); errs.Of(err).Code != "identity.busy" {
		t.Errorf("got %v", err)
	}
}

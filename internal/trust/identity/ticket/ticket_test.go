package ticket

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for _, kind := range []Kind{Session, Key, Invitation, Setup, Step} {
		token := New(kind)
		hash, ok := Parse(kind, token)
		if !ok || len(hash) != 32 {
			t.Fatalf("%s is refused", token)
		}
		if again, _ := Parse(kind, token); string(again) != string(hash) {
			t.Error("two hashes of one token")
		}
		other := Session
		if kind == Session {
			other = Key
		}
		head := token[:len(token)-tokenCheck]
		for _, bad := range []string{"", token + "0", token[1:], strings.ToUpper(token), "amanah_" + string(other) + token[10:], token[:20] + "u" + token[21:],
			head[:len(head)-1] + "z" + checksum(head[:len(head)-1]+"z"), head[:30] + "l" + head[31:] + checksum(head[:30]+"l"+head[31:])} {
			if _, ok := Parse(kind, bad); ok {
				t.Errorf("%s is accepted", bad)
			}
		}
		if _, ok := Parse(other, token); ok {
			t.Error("a token of one kind is accepted as another")
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("", "ses")
	f.Add(New(Session), "ses")
	f.Add(New(Key), "key")
	f.Add("amanah_key_"+strings.Repeat("0", 59), "key")
	f.Fuzz(func(t *testing.T, token, kind string) {
		if len(kind) != 3 {
			return
		}
		hash, ok := Parse(Kind(kind), token)
		if ok != (len(hash) == 32) {
			t.Fatal("a hash without a token, or the reverse")
		}
		if ok && (len(token) != tokenLen || checksum(token[:tokenLen-tokenCheck]) != token[tokenLen-tokenCheck:]) {
			t.Fatalf("%q is accepted", token)
		}
		// One changed character is always noticed.
		if ok {
			changed := []byte(token)
			changed[len(changed)-1] ^= 1
			if _, still := Parse(Kind(kind), string(changed)); still {
				t.Fatal("a changed token is accepted")
			}
		}
	})
}

func TestRecoveryCodesAreReadAsPeopleTypeThem(t *testing.T) {
	codes := RecoveryCodes(10)
	if len(codes) != 10 || codes[0] == codes[1] || len(codes[0]) != 14 {
		t.Fatalf("%q", codes)
	}
	for in, want := range map[string]string{"0A1B-2c3d-4e5f": "0a1b2c3d4e5f", " oI1 l-": "0111", "123 456": "123456", strings.Repeat("x", 65): ""} {
		if got := Normalise(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if h := Handover(); len(h) != 8 || strings.Trim(h, "0123456789") != "" {
		t.Errorf("%q", h)
	}
}

package totp

import (
	"strings"
	"testing"
	"time"
)

// RFC 6238, appendix B, the SHA-1 rows, last six digits.
func TestTOTPCodesAreThoseOfRFC6238(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		got, err := Code(secret, time.Unix(at, 0))
		if err != nil || got != want {
			t.Errorf("%d: %s %v", at, got, err)
		}
	}
	if _, err := Code("not base 32!", time.Unix(59, 0)); err == nil {
		t.Error("a broken secret gives a code")
	}
}

func TestTOTPTakesOneStepBeforeAndAfterAndNoneTwice(t *testing.T) {
	secret := NewSecret()
	now := time.Unix(1_800_000_015, 0)
	step := now.Unix() / 30
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		code, _ := codeAt(secret, step+offset)
		got, ok := Match(secret, code, now, 0)
		if ok != want || ok && got != step+offset {
			t.Errorf("offset %d: %d %v", offset, got, ok)
		}
	}
	code, _ := codeAt(secret, step)
	if _, ok := Match(secret, code, now, step); ok {
		t.Error("a used code is taken again")
	}
	before, _ := codeAt(secret, step-1)
	if _, ok := Match(secret, before, now, step); ok {
		t.Error("an older code than the last used is taken")
	}
	if _, err := Picture("Amanah", strings.Repeat("x", 5000), secret); err == nil {
		t.Error("a QR picture of what fits in none")
	}
}

func TestASecretIsWrittenInGroupsOfFour(t *testing.T) {
	if got := Spaced("ABCDEFGHI"); got != "ABCD EFGH I" {
		t.Error(got)
	}
}

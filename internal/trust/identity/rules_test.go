package identity

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/trust/actor"
)

// RFC 6238, appendix B, the SHA-1 rows, last six digits.
func TestTOTPCodesAreThoseOfRFC6238(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		got, err := TOTPCode(secret, time.Unix(at, 0))
		if err != nil || got != want {
			t.Errorf("%d: %s %v", at, got, err)
		}
	}
	if _, err := TOTPCode("not base 32!", time.Unix(59, 0)); err == nil {
		t.Error("a broken secret gives a code")
	}
}

func TestTOTPTakesOneStepBeforeAndAfterAndNoneTwice(t *testing.T) {
	secret := NewTOTPSecret()
	now := time.Unix(1_800_000_015, 0)
	step := now.Unix() / 30
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		code, _ := totpAt(secret, step+offset)
		got, ok := matchTOTP(secret, code, now, 0)
		if ok != want || ok && got != step+offset {
			t.Errorf("offset %d: %d %v", offset, got, ok)
		}
	}
	code, _ := totpAt(secret, step)
	if _, ok := matchTOTP(secret, code, now, step); ok {
		t.Error("a used code is taken again")
	}
	before, _ := totpAt(secret, step-1)
	if _, ok := matchTOTP(secret, before, now, step); ok {
		t.Error("an older code than the last used is taken")
	}
	if _, err := totpPicture("Amanah", strings.Repeat("x", 5000), secret); err == nil {
		t.Error("a QR picture of what fits in none")
	}
}

func TestDelaysGrowAndEnd(t *testing.T) {
	l := limit{free: 5, base: 15 * time.Second, max: 15 * time.Minute}
	for failures, want := range map[int64]time.Duration{0: 0, 5: 0, 6: 15 * time.Second, 7: 30 * time.Second, 8: time.Minute, 11: 8 * time.Minute, 12: 15 * time.Minute, 1 << 40: 15 * time.Minute} {
		if got := l.delay(failures); got != want {
			t.Errorf("%d failures: %s, want %s", failures, got, want)
		}
	}
}

func TestAddressesOfOneCustomerCountTogether(t *testing.T) {
	same := func(a, b string) bool {
		return string(addressBytes(netip.MustParseAddr(a))) == string(addressBytes(netip.MustParseAddr(b)))
	}
	if !same("2001:db8::1", "2001:db8::ffff:1") || same("2001:db8::1", "2001:db8:0:1::1") {
		t.Error("IPv6 counts by /64")
	}
	if !same("::ffff:192.0.2.1", "192.0.2.1") || same("192.0.2.1", "192.0.2.2") {
		t.Error("IPv4 counts by address")
	}
	if addressBytes(netip.Addr{}) != nil {
		t.Error("no address is no bytes")
	}
}

func TestWhoMayHandOver(t *testing.T) {
	for _, c := range []struct {
		by, to actor.Role
		want   bool
	}{
		{actor.Supervisor, actor.Agent, true}, {actor.Supervisor, actor.DPO, false}, {actor.DPO, actor.Security, true},
		{actor.Security, actor.DPO, true}, {actor.Admin, actor.Agent, false}, {actor.Admin, actor.DPO, false}, {actor.Agent, actor.Agent, false}, {actor.Auditor, actor.Agent, false},
	} {
		if MayHandOver(c.by, c.to) != c.want {
			t.Errorf("%s for %s", c.by, c.to)
		}
	}
}

func TestLoginsAndNames(t *testing.T) {
	for login, want := range map[string]bool{"rina": true, "r1": false, "rina wulandari": false, "rina@nusantara": true, "Rina": false, strings.Repeat("x", 65): false, "rína": false, "": false} {
		if validLogin(login) != want {
			t.Errorf("%q", login)
		}
	}
	if (Staff{Name: "  Rina  Wulandari"}).FirstName() != "Rina" || (Staff{}).FirstName() != "" {
		t.Error("first names")
	}
	if spaced("ABCDEFGHI") != "ABCD EFGH I" {
		t.Error(spaced("ABCDEFGHI"))
	}
}

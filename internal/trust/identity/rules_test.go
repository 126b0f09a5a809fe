package identity

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/trust/actor"
)

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
}

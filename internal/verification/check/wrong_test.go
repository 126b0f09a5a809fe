package check

import (
	"net/netip"
	"testing"
	"time"
)

func TestANetworkIsFreshUntilItWasWrongTwiceAndAgainWhenThatIsForgotten(t *testing.T) {
	w, now := newWrongs(), time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	one, other := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
	for try, want := range []bool{true, true, false, false} {
		if w.enter(one, now) != want {
			t.Errorf("try %d: fresh is not %t", try, want)
		}
	}
	w.back(one) // one right code makes nobody fresh who was wrong three times
	if w.enter(one, now) {
		t.Error("a right code took back more than itself")
	}
	for range 50 {
		if !w.enter(other, now) {
			t.Fatal("whoever is right is not fresh")
		}
		w.back(other)
	}
	now = now.Add(Memory / 2)
	if w.enter(one, now) {
		t.Error("forgotten after half the time")
	}
	w.back(one)
	if now = now.Add(Memory / 2); !w.enter(one, now) {
		t.Error("never forgotten")
	}
	w.enter(one, now)
	if now = now.Add(Memory); !w.enter(one, now) {
		t.Error("remembered for longer than the memory, because nobody came meanwhile")
	}
	// All networks of one site are one guesser.
	a, b := netip.MustParseAddr("2001:db8:1:2::1"), netip.MustParseAddr("2001:db8:1:ffff::1")
	w.enter(a, now)
	w.enter(a, now)
	if w.enter(b, now) {
		t.Error("an IPv6 site has 65,536 fresh networks")
	}
}

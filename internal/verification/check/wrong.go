package check

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"
)

// wrongs remembers which networks entered wrong codes in the last half to whole Memory, in as much memory as there are places,
// however many networks there are. Two networks may share a place; then both count as the one that was wrong more often.
type wrongs struct {
	seed maphash.Seed

	mu     sync.Mutex
	turned time.Time
	lately []uint8
	before []uint8
}

// places are those of a generation: a byte each.
const places = 1 << 20

func newWrongs() *wrongs {
	return &wrongs{seed: maphash.MakeSeed(), lately: make([]uint8, places), before: make([]uint8, places)}
}

// place is where a network is counted: an IPv4 address, or an IPv6 site (/48), of which anybody can have 65,536 networks.
func (w *wrongs) place(from netip.Addr) uint64 {
	site := netip.PrefixFrom(from, from.BitLen())
	if from.Is6() {
		site, _ = from.WithZone("").Prefix(48) // never fails: an IPv6 address has 48 bits
	}
	return maphash.Comparable(w.seed, site) % places
}

// enter counts a code as wrong before it is looked for, and reports whether the network is one that was not wrong too often
// until now.
func (w *wrongs) enter(from netip.Addr, now time.Time) (fresh bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if age := now.Sub(w.turned); age >= Memory/2 {
		w.lately, w.before, w.turned = w.before, w.lately, now
		clear(w.lately)
		if age >= Memory { // nobody entered anything for so long
			clear(w.before)
		}
	}
	at := w.place(from)
	fresh = int(w.lately[at])+int(w.before[at]) < FreshWrong
	if w.lately[at] < math.MaxUint8 {
		w.lately[at]++
	}
	return fresh
}

// back takes back what enter counted: the code was right, or it was not looked for.
func (w *wrongs) back(from netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := w.place(from); w.lately[at] > 0 {
		w.lately[at]--
	}
}

package story

import (
	"maps"
	"slices"
	"testing"
)

// What happens by itself on the page, because the customer did something or time went by, moves nothing that the agent is about to
// press; nor does a value that opens.
func TestStoryNothingJumpsUnderTheAgentsHands(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("1")
	number := rina.sendsLink()
	at := rina.places()
	customer.opensLink()
	rina.sees("Halaman dibuka pelanggan")
	rina.findsInPlace("when the customer opens the page", at)
	customer.fills("Ketik dua angka yang dibacakan petugas kepada Anda:", number)
	customer.clicks("button", "Ya, ini saya")
	customer.sees("Terima kasih, Anda sudah terverifikasi")
	rina.sees("Data untuk tujuan ini") // another step of the call, with other things to do; what ends or holds the call stays
	rina.findsInPlace("when the customer has answered", at, "h", "o", "e e")
	at = rina.places()
	rina.reveals()
	rina.findsInPlace("when a value opens", at)
	rina.asks(`dispatchEvent(new Event("blur"))`, nil)
	rina.waits("sees the value in a window without focus", never)
	rina.findsInPlace("when the value is masked again", at)
	rina.finishes()
}

// place is where something stands on the page.
type place struct{ X, Y int }

// places are those of everything that a key does, by the key.
func (p *person) places() map[string]place {
	p.t.Helper()
	out := map[string]place{}
	if !p.asks(`Object.fromEntries([...document.querySelectorAll("[data-key]")].filter((e) => e.getClientRects().length).map((e) => { const r = e.getBoundingClientRect(); return [e.dataset.key, {X: Math.round(r.x), Y: Math.round(r.y + scrollY)}]; }))`, &out) || len(out) < 5 {
		p.t.Fatalf("%s finds %d things to press", p.name, len(out))
	}
	return out
}

// findsInPlace fails if something with one of the keys, or with any, that is still there has moved.
func (p *person) findsInPlace(when string, before map[string]place, keys ...string) {
	p.t.Helper()
	now, same := p.places(), 0
	for _, key := range slices.Sorted(maps.Keys(before)) {
		is, there := now[key]
		if !there || len(keys) > 0 && !slices.Contains(keys, key) {
			continue
		}
		same++
		if was := before[key]; max(is.X-was.X, was.X-is.X, is.Y-was.Y, was.Y-is.Y) > 1 {
			p.t.Errorf("%s: what %q does jumps from %v to %v %s", p.name, key, was, is, when)
		}
	}
	if same < 3 {
		p.t.Errorf("%s: only %d things to press are still there %s", p.name, same, when)
	}
}

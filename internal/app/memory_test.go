package app

import "testing"

func TestTheHeapGetsItsRoomWhateverItsSize(t *testing.T) {
	for live, want := range map[uint64]int{0: 800, 4 << 20: 800, 16 << 20: 400, 64 << 20: 100, 200 << 20: 32, 1 << 40: 25} {
		if got := heapPercent(live); got != want {
			t.Errorf("a live heap of %d bytes gets GOGC %d, want %d", live, got, want)
		}
	}
}

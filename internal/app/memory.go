package app

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// heapRoom is how much the heap may grow between two collections.
const heapRoom = 64 << 20

// GiveHeapRoom collects garbage when the heap has grown by about heapRoom instead of when it has doubled: that is all the
// time for a small call center (a third of its reveals), and too late with a million names. GOGC in the environment wins.
func GiveHeapRoom() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.FreeOSMemory() // collects, and gives back what a start has used and left
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(heapPercent(live[0].Value.Uint64()))
}

// holdHeapDown is for work that makes much and keeps little, such as building the index of names.
func holdHeapDown() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

// heapPercent is the GOGC that gives heapRoom above a live heap of so many bytes.
func heapPercent(live uint64) int {
	return int(min(800, max(25, heapRoom*100/max(live, 1)))) //nolint:gosec // at most 800
}

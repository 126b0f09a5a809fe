package limit

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestTheMemoryOfTheLimiterIsBoundedWhateverTheNumberOfCallers(t *testing.T) {
	l := New(Limits{Rate: 1, Burst: 1}, Limits{})
	l.places = 100
	now := time.Unix(1_700_000_000, 0)
	if !l.Ask("steady", now).OK || l.Ask("steady", now).OK {
		t.Fatal("the limit does not hold")
	}
	for i := range 10_000 {
		l.Ask(fmt.Sprint(i), now)
		if i%50 == 0 && l.Ask("steady", now).OK {
			t.Fatal("a caller that keeps coming is forgotten")
		}
	}
	if l.recent.Len() != 100 || len(l.byKey) != 100 {
		t.Error(l.recent.Len(), len(l.byKey))
	}
}

func TestAClockSteppedBackNeitherOpensNorLocksTheLimiter(t *testing.T) {
	l := New(Limits{Rate: 1, Burst: 2}, Limits{})
	now := time.Unix(1_700_000_000, 0)
	passed := 0
	for range 10 {
		if l.Ask("a", now).OK {
			passed++
		}
		now = now.Add(-time.Hour)
	}
	if passed != 2 {
		t.Error(passed, "requests pass while the clock runs back")
	}
	if !l.Ask("a", now.Add(11*time.Hour)).OK {
		t.Error("locked out for good")
	}
}

func TestTheLimiterCountsRightForManyCallersAtOnce(t *testing.T) {
	l := New(Limits{Rate: 0.001, Burst: 50}, Limits{})
	now := time.Unix(1_700_000_000, 0)
	var mu sync.Mutex
	var wg sync.WaitGroup
	passed := 0
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if l.Ask("a", now).OK {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if passed != 50 {
		t.Error(passed)
	}
}

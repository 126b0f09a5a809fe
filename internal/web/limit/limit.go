// Package limit counts requests: one token bucket per caller, in bounded memory.
//
// It promises that no caller passes more often than its Limits say, that the memory is
// bounded whatever the number of callers, and that a clock stepped back neither opens nor
// locks it for good. It does not promise to remember everybody: a caller that others have
// crowded out starts afresh, which costs an attacker as many addresses as there are places.
package limit

import (
	"cmp"
	"container/list"
	"math"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of one kind of caller: on average Rate requests a second, Burst at once.
type Limits struct {
	Rate  float64
	Burst int
}

// Limiter keeps a bucket for the callers seen last.
type Limiter struct {
	limits Limits
	places int

	mu     sync.Mutex
	recent *list.List // of *bucket, most recent in front
	byKey  map[string]*list.Element
}

type bucket struct {
	key   string
	limit *rate.Limiter
}

// places is how many callers are remembered.
const places = 10_000

// New makes a Limiter; what limits leaves at zero is taken from otherwise.
func New(limits, otherwise Limits) *Limiter {
	limits.Rate, limits.Burst = cmp.Or(limits.Rate, otherwise.Rate), cmp.Or(limits.Burst, otherwise.Burst)
	return &Limiter{limits: limits, places: places, recent: list.New(), byKey: map[string]*list.Element{}}
}

// Verdict says whether a request may pass, how many more may now, and how many seconds
// until the next one may when it may not.
type Verdict struct {
	OK    bool
	Left  int
	Retry int
}

// Ask counts a request of the caller named key.
func (l *Limiter) Ask(key string, now time.Time) Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.byKey[key]
	if ok {
		l.recent.MoveToFront(e)
	} else {
		if l.recent.Len() >= l.places {
			oldest := l.recent.Back()
			delete(l.byKey, oldest.Value.(*bucket).key)
			l.recent.Remove(oldest)
		}
		e = l.recent.PushFront(&bucket{key, rate.NewLimiter(rate.Limit(l.limits.Rate), l.limits.Burst)})
		l.byKey[key] = e
	}
	b := e.Value.(*bucket).limit
	passed := b.AllowN(now, 1)
	tokens := b.TokensAt(now)
	v := Verdict{OK: passed, Left: max(0, int(tokens))}
	if !passed {
		v.Retry = max(1, int(math.Ceil((1-tokens)/l.limits.Rate)))
	}
	return v
}

// Policy is the RateLimit-Policy header field of the IETF httpapi draft.
func (l *Limiter) Policy() string {
	window := max(1, int(math.Ceil(float64(l.limits.Burst)/l.limits.Rate)))
	return `"caller";q=` + strconv.Itoa(l.limits.Burst) + `;w=` + strconv.Itoa(window)
}

// Header is the RateLimit header field of the same draft.
func (v Verdict) Header() string {
	return `"caller";r=` + strconv.Itoa(v.Left) + `;t=` + strconv.Itoa(max(v.Retry, 1))
}

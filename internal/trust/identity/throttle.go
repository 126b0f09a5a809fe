package identity

import (
	"errors"
	"net/netip"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// limit is how many failures are free and what the next ones cost.
type limit struct {
	free   int64
	base   time.Duration // the first delay; each further failure doubles it
	max    time.Duration
	forget time.Duration // without a failure for so long, the count starts again
}

// The limits. NIST SP 800-63B-4, 3.2.2 asks for no more than 100 failures in a row; these
// allow an attacker about that many a day against one account and never disable it, since a
// limit that disables lets anybody lock anybody out.
var (
	pairLimit    = limit{free: 5, base: 15 * time.Second, max: 15 * time.Minute, forget: time.Hour}
	accountLimit = limit{free: 20, base: 30 * time.Second, max: 15 * time.Minute, forget: 24 * time.Hour}
	addressLimit = limit{free: 60, base: 10 * time.Second, max: time.Minute, forget: 10 * time.Minute}
	secondLimit  = limit{free: 5, base: 30 * time.Second, max: 15 * time.Minute, forget: 24 * time.Hour}
)

// delay is how long nothing may be tried after so many failures.
func (l limit) delay(failures int64) time.Duration {
	over := failures - l.free
	if over <= 0 {
		return 0
	}
	d := l.base
	for ; over > 1 && d < l.max; over-- {
		d *= 2
	}
	return min(d, l.max)
}

// counter is one thing that is counted.
type counter struct {
	key   []byte
	limit limit
}

// addressBytes is what stands for a network address: an IPv6 customer owns a /64.
func addressBytes(a netip.Addr) []byte {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	return a.AsSlice()
}

// reserve counts an attempt as failed before it is made, so that a hundred attempts sent
// at once cannot all pass a count that none of them has raised. A success takes it back
// (forgive). It returns a refusal when any of the counters is in its delay; then nothing is
// counted, so that waiting is rewarded and hammering is not punished for ever.
func (s *Identity) reserve(tx *db.Tx, counters ...counter) (*errs.E, error) {
	now := tx.Now()
	counts := make([]int64, len(counters))
	for i, c := range counters {
		var failures, last, until int64
		err := tx.Data.Row(`select failures, last_at, until_at from identity_throttle where key_mac = $1`, c.key).Scan(&failures, &last, &until)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return nil, err
		}
		if wait := time.UnixMicro(until).Sub(now); wait > 0 {
			return errSlow.With("retry_after", int64(wait/time.Second)+1), nil
		}
		if now.Sub(time.UnixMicro(last)) < c.limit.forget {
			counts[i] = failures
		}
	}
	for i, c := range counters {
		n := counts[i] + 1
		until := int64(0)
		if d := c.limit.delay(n); d > 0 {
			until = now.Add(d).UnixMicro()
		}
		tx.Data.Queue(`insert into identity_throttle (key_mac, failures, last_at, until_at) values ($1, $2, $3, $4)
on conflict (key_mac) do update set failures = excluded.failures, last_at = excluded.last_at, until_at = excluded.until_at`, c.key, n, now.UnixMicro(), until)
	}
	return nil, nil
}

// forgive takes back what reserve counted for an attempt that succeeded. A counter that is
// this person's own starts again at nothing; one that is shared loses this attempt only.
func (s *Identity) forgive(tx *db.Tx, own [][]byte, shared [][]byte) {
	for _, key := range own {
		tx.Data.Queue(`delete from identity_throttle where key_mac = $1`, key)
	}
	for _, key := range shared {
		tx.Data.Queue(`update identity_throttle set failures = failures - 1, until_at = 0 where key_mac = $1 and failures > 0`, key)
	}
}

package audit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
)

var noTime time.Time

var floorSchema = db.Schema{Room: "floor", FS: fstest.MapFS{"schema/9900_floor.sql": {Data: []byte("-- store: data\ncreate table floor_row (row text primary key, text text not null);\n")}}}

// settable is a clock that a test sets.
type settable struct {
	mu  sync.Mutex
	now time.Time
}

// eight is a clock that stands at eight o'clock.
func eight() *settable {
	return &settable{now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
}

// steady is a clock that goes on by a microsecond whenever it is asked: no entry is late because the machine is busy.
func steady() func() time.Time {
	began, asked := time.Now(), new(atomic.Int64)
	return func() time.Time { return began.Add(time.Duration(asked.Add(1)) * time.Microsecond) }
}

func open(t testing.TB) *db.DB {
	t.Helper()
	return dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: steady()}, schemas...)
}

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, open(t)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, dbtest.OpenWith(t, db.Options{URL: dbtest.PostgresURL(t), Clock: steady()}, schemas...))
	})
}

func (c *settable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *settable) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

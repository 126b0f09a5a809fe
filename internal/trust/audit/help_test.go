package audit_test

import (
	"sync"
	"testing/fstest"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
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

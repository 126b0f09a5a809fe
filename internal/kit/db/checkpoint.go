package db

import (
	"sync"
	"time"
)

// checkpointer carries what SQLite's write-ahead logs hold into the files. Left to itself
// SQLite does so in the commit that finds a thousand pages there, and everyone waits behind
// the writer meanwhile. Here another connection copies the bulk beside the writer, and the
// writer then copies what came since, which is little, between two batches; after that the
// log begins at its start again.
type checkpointer struct {
	db   *DB
	s    *session
	stop chan struct{}
	done chan struct{}
	mu   sync.Mutex         // held while it copies: SQLite lets nobody else make a checkpoint then, and does not say so
	seen [storeCount]uint64 // commits that were there at the last checkpoint
	last [storeCount]time.Time
}

const (
	checkpointTick = 50 * time.Millisecond
	checkpointIdle = 5 * time.Second // a log that holds anything waits no longer than this
	checkpointAt   = 64              // commits
)

const checkpoint = "pragma wal_checkpoint(passive)"

func (c *checkpointer) loop() {
	defer close(c.done)
	defer c.s.close()
	tick := time.NewTicker(checkpointTick)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case now := <-tick.C:
			for s := range storeCount {
				c.look(s, now)
			}
		}
	}
}

// look makes a checkpoint of a store that is due for one. What fails is tried again later.
func (c *checkpointer) look(s Store, now time.Time) {
	commits := c.db.writer.commits[s].Load()
	since := commits - c.seen[s]
	if since == 0 || since < checkpointAt && now.Sub(c.last[s]) < checkpointIdle {
		return
	}
	nothing := func(Row) error { return nil }
	c.mu.Lock()
	err := c.s.conns[s].rows(checkpoint, nil, nothing)
	c.mu.Unlock()
	if err == nil && since >= checkpointAt {
		_ = c.db.between(func(w *session) error { return w.conns[s].rows(checkpoint, nil, nothing) })
	}
	c.seen[s], c.last[s] = commits, now
}

package db

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Kept is a question that decisions ask again and again and whose answer seldom changes: is
// this session live, what may this purpose use. Declare it once, in a room's store.go, and
// ask it with Get, or with Read where nothing else is asked.
//
// On SQLite this process is the only one that can write (the folder is locked) and all its
// writes go through one goroutine; so an answer is kept until a statement writes one of the
// tables it came from. Inside Write it is what the same select would say at that point of
// the transaction; inside Read it is of a state not older than the last Write that returned
// before the Read began. On PostgreSQL other nodes write too: an answer is kept for one batch
// of Write, which sees one snapshot (in a store where no transaction has begun, for one
// closure), and not at all in Read. Answers from the keys store are never shared with Read,
// and all go at the first write to that store, so that no wrapped key outlives its slot.
//
// An answer is shared by all who ask: its slices and maps must not be changed. It must follow
// from the rows alone; what depends on the time is worked out from it afterwards.
type Kept[K comparable, V any] struct {
	store  Store
	most   int
	tables []string
	read   func(tx *Tx, key K) (V, error)
}

// Keep declares a kept question. read runs one select, of the named tables of this store and
// no others (db.kept_table otherwise), and must not ask another kept question. At
// most so many answers are kept; past that all are forgotten, which costs a read each.
func Keep[K comparable, V any](store Store, most int, read func(tx *Tx, key K) (V, error), tables ...string) *Kept[K, V] {
	return &Kept[K, V]{store: store, most: most, tables: tables, read: read}
}

// Get answers for one key. Errors of the read are handed on and not kept.
func (k *Kept[K, V]) Get(tx *Tx, key K) (V, error) {
	h := tx.handles[k.store]
	switch {
	case h.keep != nil:
		c := answersOf(h.keep, k)
		now := c.state()
		if a, ok := c.answers[key]; ok && a.state == now {
			return a.value, nil
		}
		v, err := k.ask(tx, key)
		if err == nil {
			c.put(key, answer[V]{now, v})
		}
		return v, err
	case tx.readonly && k.store == StoreData && tx.db.shared != nil:
		return k.share(tx, key)
	}
	return k.ask(tx, key)
}

// Read answers for one key as Get inside a Read of its own, which it does without when the
// answer is kept: what every request asks, such as whose session this is. When it is not, the
// one select goes without a transaction: a journey to PostgreSQL instead of two.
func (k *Kept[K, V]) Read(ctx context.Context, d *DB, key K) (v V, err error) {
	if d.shared != nil && k.store == StoreData && !d.closed.Load() {
		c := sharedOf(d.shared, k)
		if a, ok := c.get(key); ok {
			return a, nil
		}
	}
	err = d.read(ctx, true, func(tx *Tx) (err error) { v, err = k.Get(tx, key); return err })
	return v, err
}

// Put queues the row which the answer to key comes from, inserted or replaced by i, and says
// what that answer is from now on. Other keys keep theirs. Of the rows that a batch puts for
// one key the last is written.
func (k *Kept[K, V]) Put(tx *Tx, key K, v V, i *Insert, row ...any) {
	h := tx.handles[k.store]
	if h.keep == nil {
		h.QueueRows(i, row...)
		return
	}
	c := answersOf(h.keep, k)
	// Whoever else asks of this table must ask again; this question knows better.
	h.keep.spare = len(k.tables) == 1 && h.keep.askers[k.tables[0]] == 1
	h.gather(i, key, row)
	h.keep.spare = false
	if h.err == nil { // else the row is not queued
		c.put(key, answer[V]{c.state(), v})
	}
}

// ask runs the read and holds it to the tables it named.
func (k *Kept[K, V]) ask(tx *Tx, key K) (v V, err error) {
	if tx.named != nil {
		return v, errs.New(errs.Internal, "db.kept_nested")
	}
	tx.named, tx.namedIn, tx.asked = k.tables, k.store, false
	defer func() { tx.named = nil }()
	return k.read(tx, key)
}

// share is Get inside Read.
func (k *Kept[K, V]) share(tx *Tx, key K) (V, error) {
	c := sharedOf(tx.db.shared, k)
	if v, ok := c.get(key); ok {
		return v, nil
	}
	now := c.state()
	v, err := k.ask(tx, key)
	// The snapshot may be older than a commit that came since this Read began.
	if err == nil && c.newest() <= tx.began {
		c.mu.Lock()
		c.put(key, answer[V]{now, v})
		c.mu.Unlock()
	}
	return v, err
}

type answer[V any] struct {
	state uint64 // of the tables when it was read
	value V
}

// answers are what is kept of one question, and the counters of its tables: their sum only
// grows, so an equal sum means that none has changed.
type answers[K comparable, V any] struct {
	mu      sync.RWMutex // of shared answers; the writer's own need none
	most    int
	tables  []*atomic.Uint64
	answers map[K]answer[V]
}

func (c *answers[K, V]) state() (sum uint64) {
	for _, t := range c.tables {
		sum += t.Load()
	}
	return sum
}

func (c *answers[K, V]) newest() (last uint64) {
	for _, t := range c.tables {
		last = max(last, t.Load())
	}
	return last
}

// get is what readers have kept, if it is good still.
func (c *answers[K, V]) get(key K) (v V, ok bool) {
	now := c.state()
	c.mu.RLock()
	a, ok := c.answers[key]
	c.mu.RUnlock()
	return a.value, ok && a.state == now
}

func (c *answers[K, V]) put(key K, a answer[V]) {
	if len(c.answers) >= c.most {
		c.forget()
	}
	c.answers[key] = a
}

func (c *answers[K, V]) forget() {
	if len(c.answers) > 0 {
		c.answers = map[K]answer[V]{} // not cleared: a map keeps the size it once had
	}
}

// keeper is what the writer's connection to one store keeps.
type keeper struct {
	across bool // answers outlive the batch
	stale  bool // an outdated answer may lie there until it is replaced; never a wrapped key
	spare  bool // the next write is one that Put knows the outcome of

	tables  map[string]*atomic.Uint64     // counted up by each write
	askers  map[string]int                // questions that name the table
	kept    map[any]interface{ forget() } // *answers by *Kept
	targets map[string]string             // table that a statement writes, by its text
	touched map[string]bool               // tables written since the last commit; "" is all of them
}

func newKeeper(across, stale bool) *keeper {
	return &keeper{across: across, stale: stale, tables: map[string]*atomic.Uint64{}, askers: map[string]int{},
		kept: map[any]interface{ forget() }{}, targets: map[string]string{}, touched: map[string]bool{}}
}

func answersOf[K comparable, V any](keep *keeper, k *Kept[K, V]) *answers[K, V] {
	if c, ok := keep.kept[k]; ok {
		return c.(*answers[K, V])
	}
	c := &answers[K, V]{most: k.most, answers: map[K]answer[V]{}}
	for _, name := range k.tables {
		if keep.tables[name] == nil {
			keep.tables[name] = &atomic.Uint64{}
		}
		c.tables = append(c.tables, keep.tables[name])
		keep.askers[name]++
	}
	keep.kept[k] = c
	return c
}

// forget drops every answer: some may come from what is being rolled back.
func (k *keeper) forget() {
	for _, c := range k.kept {
		c.forget()
	}
}

// wrote notes that a statement changes its table.
func (k *keeper) wrote(sql string) {
	table, ok := k.targets[sql]
	if !ok {
		table = target(sql)
		k.targets[sql] = table
	}
	k.touched[table] = true
	if table == "" || !k.stale {
		k.forget()
		return
	}
	if t := k.tables[table]; t != nil && !k.spare {
		t.Add(1)
	}
}

var written = regexp.MustCompile(`(?i)^\s*(?:insert\s+into|delete\s+from|update)\s+([a-z_]+)(?:[\s(]|$)`)

// target is the table that a statement writes; "" when that cannot be seen at a glance.
func target(sql string) string {
	m := written.FindStringSubmatch(sql)
	if m == nil {
		return ""
	}
	switch name := strings.ToLower(m[1]); name {
	case "or", "only": // the name comes later
		return ""
	default:
		return name
	}
}

// shared is what readers of the data store keep together. Every commit has two moments, one
// before and one after; the tables that it writes remember the newest. An answer is good as
// long as its tables remember nothing newer than it does, and is kept only if they remember
// nothing newer than the beginning of the transaction that read it.
type shared struct {
	moment atomic.Uint64
	mu     sync.RWMutex
	tables map[string]*atomic.Uint64
	kept   sync.Map // *answers by *Kept
}

func sharedOf[K comparable, V any](s *shared, k *Kept[K, V]) *answers[K, V] {
	if c, ok := s.kept.Load(k); ok {
		return c.(*answers[K, V])
	}
	c := &answers[K, V]{most: k.most, answers: map[K]answer[V]{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range k.tables {
		if s.tables[name] == nil {
			s.tables[name] = &atomic.Uint64{}
			s.tables[name].Store(s.moment.Load())
		}
		c.tables = append(c.tables, s.tables[name])
	}
	first, _ := s.kept.LoadOrStore(k, c)
	return first.(*answers[K, V])
}

// changing tells the readers' answers, before a commit and after it, which tables it writes.
func (s *shared) changing(touched map[string]bool) {
	if s == nil || len(touched) == 0 {
		return
	}
	// The moment grows before the tables learn of it, and is read first by a transaction.
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.moment.Add(1)
	if touched[""] {
		for _, t := range s.tables {
			t.Store(now)
		}
		return
	}
	for name := range touched {
		if t := s.tables[name]; t != nil {
			t.Store(now)
		}
	}
}

var fromTable = regexp.MustCompile(`(?i)\b(?:from|join)\s+([a-z_]+)`)

var selected sync.Map // tables by the text of a select

// unnamedTable returns a table that a select reads and that is not among those named; "" if none.
func unnamedTable(sql string, named []string) string {
	v, ok := selected.Load(sql)
	if !ok {
		tables := map[string]bool{}
		for _, m := range fromTable.FindAllStringSubmatch(sql, -1) {
			tables[strings.ToLower(m[1])] = true
		}
		v, _ = selected.LoadOrStore(sql, slices.Sorted(maps.Keys(tables)))
	}
	for _, table := range v.([]string) {
		if !slices.Contains(named, table) {
			return table
		}
	}
	return ""
}

// holds refuses a statement of a kept question that would make its answers wrong unseen.
func (tx *Tx) holds(h *Handle, sql string, writes bool) error {
	if tx.named == nil {
		return nil
	}
	if writes || tx.asked || h != tx.handles[tx.namedIn] || unnamedTable(sql, tx.named) != "" {
		return errs.Wrap(errs.Internal, "db.kept_table", errors.New(sql))
	}
	tx.asked = true
	return nil
}

package known

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/pii/exact"
)

// Index is the prints of all controllers' customers. It is safe for concurrent use.
type Index struct {
	vault  *vault.Vault
	db     *db.DB
	fields map[string]exact.Field // of the catalogue's, those of which prints are made
	shared map[exact.Field]bool   // fields of prints that several of the catalogue's have

	mu       sync.RWMutex // of what follows; readers of a shelf need it for the map alone
	shelves  map[string]*shelf
	ready    bool
	building bool
	touched  map[string]map[string]bool // of whom writes changed what since a build began; every field of who is erased: nil
	since    time.Time                  // what was written from here on is looked at by Follow
	seen     map[string]time.Time       // when what is held of a subject was written, if that is after since; nil: nobody follows

	done atomic.Int64 // customers that the build under way has read
}

// New makes an index that knows nobody yet, and has the vault tell it of its writes.
func New(d *db.DB, v *vault.Vault, c *catalog.Catalogue) *Index {
	x := &Index{vault: v, db: d, fields: map[string]exact.Field{}, shared: map[exact.Field]bool{}, shelves: map[string]*shelf{}}
	taken := map[exact.Field]bool{}
	for _, name := range Fields(c) {
		f, _ := c.Field(name)
		field, _ := printed(f)
		x.fields[name], x.shared[field] = field, taken[field]
		taken[field] = true
	}
	v.UseFollower(x)
	return x
}

// State says how far the index is.
type State struct {
	Ready  bool
	People int64 // it knows, or the build under way has read
	Prints int64 // bytes of its filters
}

// State says how far the index is.
func (x *Index) State() State {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := State{Ready: x.ready}
	for _, sh := range x.shelves {
		n, _ := sh.table.Records() // of Memory, which cannot fail
		s.People += int64(n)
		s.Prints += int64(sh.index.Bytes())
	}
	if x.building {
		s.People = x.done.Load()
	}
	return s
}

// shelf is what is known of one controller's customers.
type shelf struct {
	keys  *exact.Keys
	table *exact.Memory
	index *exact.Index

	mu    sync.Mutex                 // one change at a time
	parts map[part][]exact.Exact     // which prints are of which of several fields that share a kind
	names atomic.Pointer[wordsKnown] // of the names of customers
	fresh *wordsKnown                // that renew is making

	erased, added atomic.Int64 // since the filter was made
}

// part is one of a customer's fields whose kind others share.
type part struct {
	record exact.Record
	field  string
}

func newShelf() *shelf {
	var filter [16]byte
	var confirm [32]byte
	_, _ = rand.Read(filter[:]) // never fails: crypto/rand ends the process instead
	_, _ = rand.Read(confirm[:])
	keys, _ := exact.NewKeys(filter[:], confirm[:]) // the lengths are right
	s := &shelf{keys: keys, table: exact.NewMemory(), parts: map[part][]exact.Exact{}}
	s.index = exact.NewIndex(keys, s.table)
	s.names.Store(newWords())
	return s
}

func (x *Index) shelf(controller string) *shelf {
	x.mu.RLock()
	s := x.shelves[controller]
	x.mu.RUnlock()
	if s != nil {
		return s
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.shelves[controller] == nil {
		x.shelves[controller] = newShelf()
	}
	return x.shelves[controller]
}

// prints are those of a field's values. A value that has no form of its field has none.
func (x *Index) prints(s *shelf, field string, values []string) (out []exact.Print) {
	kind := x.fields[field]
	for _, v := range values {
		if kind == exact.Address {
			if words := strings.Fields(v); len(words) > streetWords {
				v = strings.Join(words[:streetWords], " ")
			}
		}
		if len(v) > exact.MaxValue {
			continue
		}
		p, err := s.keys.Prints(kind, v)
		if err == nil {
			out = append(out, p...)
		}
	}
	return out
}

// Wrote follows a write once it is committed. While nothing is held, as in an import from the terminal, nothing is done: a
// build that begins later reads the rows.
func (x *Index) Wrote(tx *db.Tx, w vault.Written) {
	at := tx.Now()
	tx.AfterCommit(func() {
		x.mu.Lock()
		if x.building {
			touched, known := x.touched[w.Subject]
			if !known {
				touched = map[string]bool{}
				x.touched[w.Subject] = touched
			}
			for field := range w.Fields {
				if touched != nil {
					touched[field] = true
				}
			}
		}
		if w.Created && x.seen != nil {
			x.seen[w.Subject] = at
		}
		kept := x.building || x.ready
		x.mu.Unlock()
		if kept {
			x.put(x.shelf(w.Controller), w.Subject, w.Fields)
		}
	})
}

// Erased follows an erasure once it is committed.
func (x *Index) Erased(tx *db.Tx, controller, subject string) {
	tx.AfterCommit(func() {
		x.mu.Lock()
		if x.building {
			x.touched[subject] = nil
		}
		kept := x.building || x.ready
		x.mu.Unlock()
		if kept {
			x.erase(x.shelf(controller), id.Bytes(subject))
		}
	})
}

// put makes prints of these fields and puts them in the place of those that the customer had of them.
func (x *Index) put(s *shelf, subject string, fields map[string][]string) {
	record := exact.Record(id.Bytes(subject))
	made := map[string][]exact.Print{} // before the lock: it is most of the work
	for name, values := range fields {
		if _, ok := x.fields[name]; ok {
			made[name] = x.prints(s, name, values)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	drop := map[exact.Field]bool{}
	var prints []exact.Print
	own := map[exact.Exact]bool{} // of shared kinds, those that this write replaces
	for _, name := range slices.Sorted(maps.Keys(made)) {
		kind := x.fields[name]
		prints = append(prints, made[name]...)
		if !x.shared[kind] {
			drop[kind] = true
			continue
		}
		at := part{record, name}
		for _, e := range s.parts[at] {
			own[e] = true
		}
		delete(s.parts, at)
		for _, p := range made[name] {
			s.parts[at] = append(s.parts[at], p.Exact)
		}
	}
	for name := range x.fields { // what another field has too stays
		for _, e := range s.parts[part{record, name}] {
			delete(own, e)
		}
	}
	s.table.Replace(record, func(p exact.Print) bool { return drop[p.Field] || own[p.Exact] && x.shared[p.Field] }, prints...)
	s.index.Add(record, prints...)
	s.added.Add(int64(len(prints)))
	for i := range prints {
		if prints[i].Field == exact.Name {
			s.names.Load().add(prints[i].Words)
			if s.fresh != nil {
				s.fresh.add(prints[i].Words)
			}
		}
	}
}

func (x *Index) erase(s *shelf, record exact.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.Erase(record)
	s.index.Erase(record)
	for name := range x.fields {
		delete(s.parts, part{record, name})
	}
	s.erased.Add(1)
}

// renew makes the filter and the words of names from the table, beside readers and writers.
func (s *shelf) renew() error {
	erased, added := s.erased.Load(), s.added.Load()
	if err := s.index.Build(s.table.Each); err != nil {
		return err
	}
	words := newWords()
	s.mu.Lock()
	s.fresh = words // for what is put meanwhile
	s.mu.Unlock()
	err := s.table.Each(func(p exact.Print) bool {
		if p.Field == exact.Name {
			words.add(p.Words)
		}
		return true
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names.Store(words)
	s.fresh = nil
	s.erased.Add(-erased)
	s.added.Add(-added)
	return err
}

// late is how long after its time a write of another node may become visible here: see package vault.
const late = 2 * time.Minute

// Build fills the index from everybody's values, in the background of a start.
func (x *Index) Build(ctx context.Context) error {
	x.begin()
	err := x.vault.Everybody(ctx, slices.Sorted(maps.Keys(x.fields)), x.fill)
	return x.end(err)
}

func (x *Index) begin() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.building, x.ready, x.touched, x.seen = true, false, map[string]map[string]bool{}, nil
	x.shelves, x.since = map[string]*shelf{}, x.db.Now().Add(-late)
	x.done.Store(0)
}

// fill takes in a chunk of the build, leaving alone what a write has touched since it began.
func (x *Index) fill(list []vault.Opened) {
	for _, o := range list {
		runtime.Gosched() // calls are served meanwhile
		s := x.shelf(o.Controller)
		x.mu.RLock() // a write that is committed from here on waits, and wins
		touched, known := x.touched[o.Subject]
		if !known || touched != nil {
			maps.DeleteFunc(o.Fields, func(field string, _ []string) bool { return touched[field] })
			x.put(s, o.Subject, o.Fields)
		}
		x.mu.RUnlock()
	}
	x.done.Add(int64(len(list)))
}

// end makes the filters and says that the index is ready, or forgets everything where the build has failed.
func (x *Index) end(err error) error {
	x.mu.RLock()
	all := slices.Collect(maps.Values(x.shelves))
	x.mu.RUnlock()
	for _, s := range all {
		if err == nil {
			err = s.renew()
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.building, x.touched = false, nil
	if x.ready = err == nil; err != nil {
		x.shelves = map[string]*shelf{}
	}
	return err
}

// Follow takes in who was written elsewhere since the build began or since the last call. It does nothing until the index is
// built.
func (x *Index) Follow(ctx context.Context) error {
	began := x.db.Now()
	x.mu.Lock()
	ready, since := x.ready, x.since
	if ready && x.seen == nil {
		x.seen = map[string]time.Time{}
	}
	x.mu.Unlock()
	if !ready {
		return nil
	}
	fresh := func(subject string, at time.Time) bool {
		x.mu.RLock()
		defer x.mu.RUnlock()
		return x.seen[subject].Before(at)
	}
	if err := x.vault.Changed(ctx, since, slices.Sorted(maps.Keys(x.fields)), fresh, x.follow); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.since = began.Add(-late)
	maps.DeleteFunc(x.seen, func(_ string, at time.Time) bool { return at.Before(x.since) })
	return nil
}

func (x *Index) follow(list []vault.Opened) {
	for _, o := range list {
		for field := range x.fields {
			if _, has := o.Fields[field]; !has {
				o.Fields[field] = nil
			}
		}
		s := x.shelf(o.Controller)
		x.mu.Lock()
		if x.seen != nil && x.seen[o.Subject].Before(o.UpdatedAt) {
			x.seen[o.Subject] = o.UpdatedAt
			x.put(s, o.Subject, o.Fields)
		}
		x.mu.Unlock()
	}
}

// Tidy takes out whom another node has erased, and makes the filters anew from which somebody was erased, or to which
// much was added. Until then nothing of it is found: a filter alone answers nothing.
func (x *Index) Tidy(ctx context.Context) error {
	x.mu.RLock()
	shelves, ready := maps.Clone(x.shelves), x.ready
	x.mu.RUnlock()
	if !ready {
		return nil
	}
	if err := x.sweep(ctx, shelves); err != nil {
		return err
	}
	for _, s := range shelves {
		n, err := s.table.Records()
		if err == nil && (s.erased.Load() > 0 || s.added.Load() > int64(max(1000, 5*n))) {
			err = s.renew()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sweep erases whom the vault has not any more: erased by another node, or by hand beside it.
func (x *Index) sweep(ctx context.Context, shelves map[string]*shelf) error {
	held := map[exact.Record]*shelf{} // before the vault is asked: who is created from here on is not in it
	for _, s := range shelves {
		s.table.EachRecord(func(r exact.Record) { held[r] = s })
	}
	for after := ""; ; {
		var some []string
		if err := x.db.Read(ctx, func(tx *db.Tx) (err error) {
			some, err = x.vault.After(tx, after, 10_000)
			return err
		}); err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		for _, subject := range some {
			delete(held, exact.Record(id.Bytes(subject)))
		}
		after = some[len(some)-1]
	}
	for record, s := range held {
		x.erase(s, record)
	}
	return nil
}

// Of are the places whose customers are a controller's, and are still there: of the first hundred customers that is looked up, so
// that no text takes the writer's time; of others Tidy sees to it.
func (x *Index) Of(tx *db.Tx, controller string, places []Place) ([]Place, error) {
	here := map[string]bool{}
	var out []Place
	for _, p := range places {
		if p.Controller != controller {
			continue
		}
		is, asked := here[p.Subject]
		if !asked && len(here) == askedOf {
			is, asked = true, true
		}
		if !asked {
			owner, exists, err := x.vault.Owner(tx, p.Subject)
			if err != nil {
				return nil, err
			}
			is = exists && owner == controller
			here[p.Subject] = is
		}
		if is {
			out = append(out, p)
		}
	}
	return out, nil
}

// askedOf is of how many customers Of looks up whether they are there.
const askedOf = 100

func byPlace(a, b Place) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject))
}

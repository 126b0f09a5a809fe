package vault

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault/name"
)

// names is the index in memory of every controller.
type names struct {
	nameField, dateField string

	mu       sync.RWMutex
	indexes  map[string]*name.Index
	ready    bool
	building bool
	touched  map[string]touch // what writes changed since the build began, by subject
	followed followed
}

// touch says what of a subject a write has changed.
type touch struct{ name, born bool }

// start reads from the catalogue which fields the index is of.
func (n *names) start(c *catalog.Catalogue) {
	n.indexes = map[string]*name.Index{}
	for _, f := range c.Fields() {
		if f.Index != catalog.Memory {
			continue
		}
		switch f.Normaliser {
		case "name":
			if n.nameField == "" {
				n.nameField = f.Name
			}
		case "date":
			if n.dateField == "" {
				n.dateField = f.Name
			}
		}
	}
}

// changeOf says what prepared values change; false when nothing.
func (n *names) changeOf(subject string, p *Prepared) (name.Change, bool) {
	c := name.Change{Subject: subject}
	for _, v := range p.values {
		switch v.field.Name {
		case n.nameField:
			c.Name = &v.key
		case n.dateField:
			born := dayNumber(v.key)
			c.Born = &born
		}
	}
	for _, field := range p.cleared {
		switch field {
		case n.nameField:
			c.Name = new(string)
		case n.dateField:
			c.Born = new(uint32)
		}
	}
	return c, c.Name != nil || c.Born != nil
}

func (n *names) of(controller string) *name.Index {
	n.mu.RLock()
	ix := n.indexes[controller]
	n.mu.RUnlock()
	if ix != nil {
		return ix
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.indexes[controller] == nil {
		n.indexes[controller] = name.New()
	}
	return n.indexes[controller]
}

// apply brings a committed write into the index. It wins over the build, which may have
// read the row before. Without an index, as in an import from the terminal, nothing is
// kept: a build that begins later reads the row.
func (n *names) apply(controller string, c name.Change) {
	n.mu.Lock()
	if n.building {
		t := n.touched[c.Subject]
		n.touched[c.Subject] = touch{t.name || c.Name != nil, t.born || c.Born != nil}
	}
	kept := n.building || n.ready
	n.mu.Unlock()
	if kept {
		n.of(controller).Put(c)
	}
}

// created notes that the index is about to hold all of a new customer.
func (n *names) created(subject string, at int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.followed.seen != nil {
		n.followed.seen[subject] = at
	}
}

func (n *names) remove(controller, subject string) {
	n.apply(controller, name.Change{Subject: subject, Name: new(string), Born: new(uint32)})
}

func (n *names) search(controller, key string, born uint32, limit int) (Hits, error) {
	n.mu.RLock()
	ready, ix := n.ready, n.indexes[controller]
	n.mu.RUnlock()
	if !ready {
		return Hits{}, errs.New(errs.Unavailable, "vault.names_warming")
	}
	if ix == nil {
		return Hits{}, nil
	}
	list, many := ix.Search(key, born, limit)
	out := Hits{More: many}
	for _, h := range list {
		fields := []string{n.nameField}
		if born != 0 {
			fields = append(fields, n.dateField)
		}
		out.List = append(out.List, Hit{Subject: h.Subject, Fields: fields, Score: h.Score})
	}
	return out, nil
}

// NamesState says whether names can be searched, and how many people the index holds.
type NamesState struct {
	Ready  bool
	People int64
}

// Names says how far the index of names is.
func (v *Vault) Names() NamesState {
	v.names.mu.RLock()
	defer v.names.mu.RUnlock()
	s := NamesState{Ready: v.names.ready}
	for _, ix := range v.names.indexes {
		s.People += int64(ix.Size())
	}
	return s
}

// buildChunk is how many subjects one entry of the duty stands for.
const buildChunk = 4096

// span is a run of subjects, after and up to.
type span struct{ after, upto string }

// BuildNames fills the index of names from the sealed values, in the background of a
// start. It is the duty name_index: each chunk is asked of the gate and has its entry
// before anything is opened. Searches by name are refused until it is done.
func (v *Vault) BuildNames(ctx context.Context) error {
	v.names.mu.Lock()
	v.names.building, v.names.ready, v.names.touched = true, false, map[string]touch{}
	v.names.indexes = map[string]*name.Index{}
	v.names.followed = followed{since: v.db.Now().Add(-late)}
	v.names.mu.Unlock()
	run := id.NewAt(id.Duty, v.db.Now())
	err := v.inSpans(ctx, func(ctx context.Context, s span) error { return v.buildSpan(ctx, run, s) })
	v.names.mu.Lock()
	defer v.names.mu.Unlock()
	v.names.building, v.names.touched = false, nil
	if v.names.ready = err == nil; err != nil {
		v.names.indexes = map[string]*name.Index{}
	}
	return err
}

// inSpans walks all subjects in chunks, with a worker for each processor. A worker waits
// for the writer at each chunk, so calls that are served meanwhile get their turn.
func (v *Vault) inSpans(ctx context.Context, work func(context.Context, span) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	spans := make(chan span)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for s := range spans {
				if err := work(ctx, s); err != nil {
					cancel(err)
				}
			}
		})
	}
	var failed error
	for after, last := "", false; !last; {
		s := span{after: after}
		if failed = v.db.Read(ctx, func(tx *db.Tx) (err error) {
			s.upto, last, err = spanEnd(tx, after, buildChunk)
			return err
		}); failed != nil || s.upto == "" {
			break
		}
		select {
		case spans <- s:
			after = s.upto
		case <-ctx.Done():
			last = true
		}
	}
	close(spans)
	workers.Wait()
	return errors.Join(context.Cause(ctx), failed)
}

// person is somebody's sealed values for the index.
type person struct {
	subject, controller string
	key                 keyring.Key // zero while being erased
	stored              []Stored
}

// readSpan reads the sealed names and birth dates of everybody in a span, and their keys:
// one pass through each table, because a question for each of a million people takes
// longer than everything that is done with the answers.
func (v *Vault) readSpan(ctx context.Context, s span) (people []person, err error) {
	err = v.db.Read(ctx, func(tx *db.Tx) error {
		if people, err = peopleIn(tx, s); err != nil {
			return err
		}
		at := make(map[string]*person, len(people))
		stored := make([]Stored, 2*len(people)) // room for the two values of each
		for i := range people {
			people[i].stored, stored = stored[:0:2], stored[2:]
			at[people[i].subject] = &people[i]
		}
		read := 0
		err := memoryValues(tx, s, [2]string{v.names.nameField, v.names.dateField}, func(value Stored) {
			if p := at[value.Subject]; p != nil {
				p.stored = append(p.stored, value)
			}
			if read++; read%turn == 0 {
				runtime.Gosched()
			}
		})
		if err != nil {
			return err
		}
		keys, err := v.keys.Keys(tx, s.after, s.upto)
		for _, k := range keys {
			if p := at[k.Subject()]; p != nil {
				p.key = k
			}
		}
		return err
	})
	return slices.DeleteFunc(people, func(p person) bool { return len(p.stored) == 0 }), err
}

// turn is after how many people or values a worker lets others have the processor: calls
// are served while names are read, and a call takes several turns.
const turn = 16

// fields are the names of the fields the index is of.
func (n *names) fields() []string {
	var out []string
	for _, f := range []string{n.nameField, n.dateField} {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}

func (v *Vault) buildSpan(ctx context.Context, run string, s span) error {
	people, err := v.readSpan(ctx, s)
	if err != nil || len(people) == 0 {
		return err
	}
	receipt, err := v.onDuty(ctx, DutyNameIndex, run, v.names.fields(), int64(len(people)))
	if err != nil {
		return err
	}
	changes := map[string][]name.Change{}
	for i, p := range people {
		if i%turn == 0 {
			runtime.Gosched()
		}
		c := name.Change{Subject: p.subject}
		if v.opened(receipt, p.key, p.stored, &c) {
			changes[p.controller] = append(changes[p.controller], c)
		}
	}
	for controller, list := range changes {
		v.names.fill(controller, list)
	}
	return nil
}

// opened opens somebody's values for the index; false when there is nothing to be had of them.
func (v *Vault) opened(r gate.Receipt, key keyring.Key, stored []Stored, c *name.Change) bool {
	if key.Subject() == "" { // being erased: its values go next
		return false
	}
	plain, err := v.openStored(r, key, stored)
	if err != nil {
		// one damaged value must not keep everybody else from being found; the keyring
		// has written open.failed
		slog.Warn("a name could not be opened for the index", slog.String("subject", c.Subject), slog.String("code", errs.Of(err).Code))
		return false
	}
	called, _ := v.catalogue.Field(v.names.nameField)
	date, _ := v.catalogue.Field(v.names.dateField)
	for i, s := range stored {
		if s.Field == called.Name {
			if folded, err := called.Key(plain[i]); err == nil {
				c.Name = &folded
			}
		} else if folded, err := date.Key(plain[i]); err == nil {
			born := dayNumber(folded)
			c.Born = &born
		}
	}
	return true
}

// fill adds a chunk of the build, leaving alone what a write has touched since it began.
func (n *names) fill(controller string, list []name.Change) {
	ix := n.of(controller)
	for some := range slices.Chunk(list, 128) { // a write that was committed waits for as long as one of these takes
		n.put(ix, some)
	}
}

func (n *names) put(ix *name.Index, list []name.Change) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i, c := range list {
		t := n.touched[c.Subject]
		if t.name {
			list[i].Name = nil
		}
		if t.born {
			list[i].Born = nil
		}
	}
	ix.Put(list...)
}

// onDuty asks the gate for a duty's chunk and waits until the entry is durable.
func (v *Vault) onDuty(ctx context.Context, duty, run string, fields []string, count int64) (gate.Receipt, error) {
	var answer gate.Answer
	err := v.db.Write(ctx, func(tx *db.Tx) (err error) {
		answer, err = v.gate.Ask(tx, v.duty(duty), gate.Question{
			Ground: gate.Duty(duty, run), Verb: gate.Process, Fields: fields, Count: count,
		})
		return err
	})
	if err != nil {
		return gate.Receipt{}, err
	}
	if answer.Refusal != nil {
		return gate.Receipt{}, answer.Refusal
	}
	return answer.Grant.Receipt()
}

func (v *Vault) openStored(r gate.Receipt, key keyring.Key, stored []Stored) ([]string, error) {
	sealed := make([]keyring.Sealed, len(stored))
	for i, s := range stored {
		sealed[i] = s.Sealed()
	}
	plain, err := v.keys.Open(r, key, sealed...)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(plain))
	for i, p := range plain {
		out[i] = string(p)
	}
	return out, nil
}

// dayNumber packs a normalised date, 1990-12-31, into 19901231; 0 for anything else.
func dayNumber(date string) uint32 {
	n, err := strconv.ParseUint(strings.ReplaceAll(date, "-", ""), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

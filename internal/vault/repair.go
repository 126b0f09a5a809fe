package vault

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Repaired is what Repair found and put right.
type Repaired struct {
	Checked   int64 // subjects looked at closely
	Rebuilt   int64 // subjects whose index rows were missing, too many or of another version
	Orphans   int64 // subjects in the index that are no more
	Conflicts int64 // subjects whose unique value another one holds: the later one is not found by it
	Unopened  int64 // subjects whose values did not open (the keyring has written open.failed) or whose key is missing
}

// settled is how long before the last repair a change may have been made whose index rows
// that repair did not see yet.
const settled = time.Hour

// Repair brings the blind index into line with the values: it removes index rows whose
// customer is gone, and rebuilds from the ciphertext those that are missing or follow another
// version of the values, as the duty index_repair, with one entry for each chunk it opens. Run it in the background after a
// start. A first run, or one after the index store was lost or DoubtIndex, looks at everybody; later
// ones at whom has changed since. With all it makes every row anew, for a new index key.
func (v *Vault) Repair(ctx context.Context, all bool) (Repaired, error) {
	v.repairing.Lock()
	defer v.repairing.Unlock()
	return v.repair(ctx, v.db.Now(), all)
}

// RepairLate repairs what follows from index rows that were made late, after another node had
// erased or changed their customers: the rows of the erased go, those of the changed follow the
// newest values. It does nothing when no rows were made late since it last succeeded.
func (v *Vault) RepairLate(ctx context.Context) (r Repaired, late bool, err error) {
	v.repairing.Lock()
	defer v.repairing.Unlock()
	if since, late := v.db.Mended(); late && v.late.IsZero() {
		v.late = since
	}
	if v.late.IsZero() {
		return r, false, nil
	}
	if r, err = v.repair(ctx, v.late, false); err == nil {
		v.late = time.Time{}
	}
	return r, true, err
}

// repair looks at whom has changed since the last repair, or since an earlier time.
func (v *Vault) repair(ctx context.Context, from time.Time, all bool) (Repaired, error) {
	var r Repaired
	started := v.db.Now()
	var since int64
	if err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
		since, err = lastRepair(tx)
		return err
	}); err != nil {
		return r, err
	}
	if since = min(since, from.UnixMicro()); since > 0 {
		since -= settled.Microseconds()
	}
	if all {
		since = 0
	}
	var err error
	if r.Orphans, err = v.dropOrphans(ctx); err != nil { // first, because they may hold what is unique
		return r, err
	}
	run := id.NewAt(id.Duty, started)
	var mu sync.Mutex
	err = v.inSpans(ctx, func(ctx context.Context, s span) error {
		part, err := v.repairSpan(ctx, run, s, since, all)
		mu.Lock()
		defer mu.Unlock()
		r.Checked += part.Checked
		r.Rebuilt += part.Rebuilt
		r.Conflicts += part.Conflicts
		r.Unopened += part.Unopened
		return err
	})
	if err != nil {
		return r, err
	}
	return r, v.db.Write(ctx, func(tx *db.Tx) error { return noteRepair(tx, started) })
}

// DoubtIndex has the next repair look at everybody: the data store was put back, and the index
// follows what came after. It needs no vault, so that it can be done before anything else is.
func DoubtIndex(ctx context.Context, d *db.DB) error { return d.Write(ctx, forgetRepair) }

// Indexed makes the blind index anew if it was lost or is in doubt, and does nothing otherwise.
// Who is going to ask for many customers by their numbers calls it first: where the index is
// gone, everybody would be taken for new.
func (v *Vault) Indexed(ctx context.Context) error {
	var repaired int64
	if err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
		repaired, err = lastRepair(tx)
		return err
	}); err != nil || repaired > 0 {
		return err
	}
	_, err := v.Repair(ctx, false)
	return err
}

type lacking struct {
	Subject
	fields   []string
	followed int64 // the version that the rows follow
}

// tally counts, for some subjects and each indexed field, by how many the values exceed
// their rows in the index.
type tally struct {
	fields []string
	at     map[string]int // of a subject's first count
	counts []int
}

func (v *Vault) newTally(subjects []Subject) *tally {
	t := &tally{fields: append(v.indexed(), HistoryField), at: make(map[string]int, len(subjects))}
	slices.Sort(t.fields)
	t.counts = make([]int, len(subjects)*len(t.fields))
	for i, s := range subjects {
		t.at[s.ID] = i * len(t.fields)
	}
	return t
}

// by counts one row as n.
func (t *tally) by(n int) func(subject, field string) {
	return func(subject, field string) {
		at, ok := t.at[subject]
		if i := slices.Index(t.fields, field); ok && i >= 0 {
			t.counts[at+i] += n
		}
	}
}

// differing lists the fields of which a subject has not as many rows as values.
func (t *tally) differing(subject string) (fields []string) {
	at := t.at[subject]
	for i, f := range t.fields {
		if t.counts[at+i] != 0 {
			fields = append(fields, f)
		}
	}
	return fields
}

func (v *Vault) repairSpan(ctx context.Context, run string, s span, since int64, all bool) (r Repaired, err error) {
	var subjects []Subject
	var counted *tally
	var versions map[string]int64
	err = v.db.Read(ctx, func(tx *db.Tx) error {
		// the data store first: what is committed there before is in the index by now,
		// or will never be
		if subjects, err = subjectsIn(tx, s, since); err != nil || len(subjects) == 0 {
			return err
		}
		counted = v.newTally(subjects)
		if err := countValues(tx, s, counted.by(1)); err != nil || all {
			return err
		}
		if versions, err = indexedVersions(tx, s); err != nil {
			return err
		}
		return countIndex(tx, s, counted.by(-1))
	})
	if err != nil || len(subjects) == 0 {
		return r, err
	}
	r.Checked = int64(len(subjects))
	var list []lacking
	for _, subject := range subjects {
		fields := counted.differing(subject.ID)
		followed := max(1, versions[subject.ID])
		if followed != subject.Version {
			// Which fields the change was of, nobody knows any more. History is never changed.
			fields = append(slices.DeleteFunc(fields, func(f string) bool { return f != HistoryField }), v.indexed()...)
		}
		if len(fields) > 0 {
			list = append(list, lacking{subject, fields, followed})
		}
	}
	for part := range slices.Chunk(list, 256) {
		if err := v.rebuild(ctx, run, part, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// indexed lists the declared fields that have a blind index.
func (v *Vault) indexed() []string {
	var out []string
	for _, f := range v.catalogue.Fields() {
		if f.Index == catalog.Unique || f.Index == catalog.Exact {
			out = append(out, f.Name)
		}
	}
	return out
}

// rebuild makes the index rows of some subjects anew from their values.
func (v *Vault) rebuild(ctx context.Context, run string, list []lacking, r *Repaired) error {
	type ready struct {
		lacking
		key    keyring.Key
		stored []Stored
		facts  []Fact
		p      *Prepared
		macs   [][]byte
	}
	var work []*ready
	var lost int64
	fields := map[string]bool{}
	if err := v.db.Read(ctx, func(tx *db.Tx) error {
		work, lost = work[:0], 0
		for _, l := range list {
			one := &ready{lacking: l}
			var err error
			switch one.key, err = v.keys.Key(tx, l.ID, ""); {
			case errs.KindOf(err) == errs.NotFound:
				continue // being erased
			case errs.CodeOf(err) == "keyring.slot_lost":
				lost++ // the rows stay as they are: the keys store may be put back
				continue
			case err != nil:
				return err
			}
			if one.stored, err = v.Values(tx, l.ID, l.fields...); err != nil {
				return err
			}
			if slices.Contains(l.fields, HistoryField) {
				if one.facts, err = v.History(tx, l.ID); err != nil {
					return err
				}
			}
			for _, f := range l.fields {
				fields[f] = true
			}
			work = append(work, one)
		}
		return nil
	}); err != nil {
		return err
	}
	if r.Unopened += lost; len(work) == 0 {
		return nil
	}
	receipt, err := v.onDuty(ctx, DutyIndexRepair, run, slices.Sorted(maps.Keys(fields)), int64(len(work)))
	if err != nil {
		return err
	}
	for _, w := range work {
		sealed := make([]keyring.Sealed, 0, len(w.stored)+len(w.facts))
		for _, s := range w.stored {
			sealed = append(sealed, s.Sealed())
		}
		for _, f := range w.facts {
			sealed = append(sealed, f.Sealed())
		}
		var plain [][]byte
		if len(sealed) > 0 { // a change may have emptied every field
			plain, err = v.keys.Open(receipt, w.key, sealed...)
		}
		if err == nil {
			inputs := make([]Input, len(w.stored))
			for i, s := range w.stored {
				inputs[i] = Input{Field: s.Field, Value: string(plain[i])}
			}
			if w.p, err = v.Prepare(w.Controller, inputs); err == nil {
				w.macs, err = v.factMACs(w.Controller, w.facts, plain[len(w.stored):])
			}
		}
		if err != nil {
			r.Unopened++
			slog.Warn("index rows could not be rebuilt", slog.String("subject", w.ID), slog.String("code", errs.Of(err).Code))
			continue
		}
		moved := false
		err = v.db.Write(ctx, func(tx *db.Tx) error {
			now, err := subjectByID(tx, w.ID)
			if moved = errs.KindOf(err) == errs.NotFound || err == nil && (now.Version != w.Version || !now.UpdatedAt.Equal(w.UpdatedAt)); moved {
				return nil // a later write has put its own rows
			}
			if err != nil {
				return err
			}
			for _, f := range w.fields {
				deleteIndex(tx, w.ID, f)
			}
			for _, value := range w.p.values {
				if value.field.Index == catalog.Unique {
					insertUniques(tx, w.Controller, w.ID, indexRow{value.mac, value.field.Name})
				} else {
					insertExacts(tx, w.Controller, w.ID, indexRow{value.mac, value.field.Name})
				}
			}
			if slices.Contains(w.fields, HistoryField) {
				replaceSeen(tx, w.ID, w.macs)
			}
			if max(w.Version, w.followed) > 1 {
				noteIndexed(tx, w.ID, w.Version)
			}
			return nil
		})
		switch {
		case db.IsUnique(err):
			r.Conflicts++
		case err != nil:
			return err
		case !moved:
			r.Rebuilt++
		}
	}
	return nil
}

func (v *Vault) factMACs(controller string, facts []Fact, plain [][]byte) ([][]byte, error) {
	field, _ := v.catalogue.Field(HistoryField)
	var out [][]byte
	for i, f := range facts {
		date, value, err := ReadFact(plain[i])
		if err != nil {
			return nil, err
		}
		folded, err := field.Key(value)
		if err != nil {
			return nil, err
		}
		out = append(out, v.factMAC(controller, f.Subject, f.Kind, date, folded))
	}
	return out, nil
}

// dropOrphans removes index rows whose customer is gone.
func (v *Vault) dropOrphans(ctx context.Context) (int64, error) {
	var dropped int64
	for after := ""; ; {
		var inIndex, gone []string
		if err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
			gone = gone[:0]
			if inIndex, err = indexSubjects(tx, after, buildChunk); err != nil || len(inIndex) == 0 {
				return err
			}
			alive, err := subjectsAlive(tx, span{after, inIndex[len(inIndex)-1]})
			for _, s := range inIndex {
				if !alive[s] {
					gone = append(gone, s)
				}
			}
			return err
		}); err != nil {
			return dropped, err
		}
		if len(inIndex) == 0 {
			return dropped, nil
		}
		after = inIndex[len(inIndex)-1]
		for part := range slices.Chunk(gone, 64) {
			n, err := v.drop(ctx, part)
			if err != nil {
				return dropped, err
			}
			dropped += n
		}
	}
}

// drop removes what the index holds of some subjects that seemed gone.
func (v *Vault) drop(ctx context.Context, subjects []string) (n int64, err error) {
	err = v.db.Write(ctx, func(tx *db.Tx) error {
		n = 0
		for _, s := range subjects {
			// looked at again: it may have been created meanwhile
			_, here, err := v.Owner(tx, s)
			if here && err == nil {
				continue
			}
			if err == nil {
				_, err = deleteSubject(tx, s)
			}
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

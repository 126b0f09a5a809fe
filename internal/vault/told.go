package vault

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// What another room makes of customers' values and keeps beside the vault follows it in this way: the room is told of each
// write in its transaction (Follower), goes through everybody when it begins (Everybody), and asks who was written elsewhere
// (Changed).

// Written is what a write makes of a customer.
type Written struct {
	Controller, Subject string
	Created             bool
	Fields              map[string][]string // each field that is written, with its values as stored; none when it is emptied
}

// Follower is told, in the transaction, of each write and of each erasure. It gives no error: nothing of it may stop a write.
type Follower interface {
	Wrote(tx *db.Tx, w Written)
	Erased(tx *db.Tx, controller, subject string)
}

// UseFollower sets who is told.
func (v *Vault) UseFollower(f Follower) { v.follower = f }

func (v *Vault) tell(tx *db.Tx, subject string, p *Prepared, created bool) {
	if v.follower == nil {
		return
	}
	w := Written{Controller: p.controller, Subject: subject, Created: created, Fields: map[string][]string{}}
	for _, field := range p.cleared {
		w.Fields[field] = nil
	}
	for _, value := range p.values {
		w.Fields[value.field.Name] = append(w.Fields[value.field.Name], value.form)
	}
	v.follower.Wrote(tx, w)
}

// Opened is a customer's values in the clear, for a duty that makes something else of them and keeps none.
type Opened struct {
	Controller, Subject string
	UpdatedAt           time.Time
	Fields              map[string][]string
}

// DutyPrints opens the values of which dlp/known makes prints.
const DutyPrints = "value_prints"

// Everybody goes through all customers as the duty value_prints, in chunks that have an entry each before anything is opened,
// and gives their values of some fields. Chunks come from several goroutines at once. Who is being erased, and whose values do
// not open, is left out.
func (v *Vault) Everybody(ctx context.Context, fields []string, each func([]Opened)) error {
	run := id.NewAt(id.Duty, v.db.Now())
	return v.inSpans(ctx, func(ctx context.Context, s span) error {
		var people []other
		err := v.db.Read(ctx, func(tx *db.Tx) error {
			list, err := peopleIn(tx, s)
			if err != nil {
				return err
			}
			people = make([]other, len(list))
			at := make(map[string]*other, len(list))
			for i, p := range list {
				people[i] = other{subject: p.subject, controller: p.controller}
				at[p.subject] = &people[i]
			}
			if err := everyValue(tx, s, func(value Stored) {
				if p := at[value.Subject]; p != nil && slices.Contains(fields, value.Field) {
					p.stored = append(p.stored, value)
				}
			}); err != nil {
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
		if err != nil {
			return err
		}
		list, err := v.openPeople(ctx, run, fields, people)
		if err == nil {
			each(list)
		}
		return err
	})
}

// Changed gives the values of who was written from a time on, also by another node: of those whom fresh wants, with all that
// is known of the fields. Who has none of them is given without.
func (v *Vault) Changed(ctx context.Context, since time.Time, fields []string, fresh func(subject string, at time.Time) bool, each func([]Opened)) error {
	run := id.NewAt(id.Duty, v.db.Now())
	for after, more := "", true; more; {
		var list, wanted []other
		if err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
			if list, err = changedSince(tx, since.UnixMicro(), after, buildChunk); err != nil {
				return err
			}
			wanted = wanted[:0]
			for _, o := range list {
				if !fresh(o.subject, fromMicros(&o.updated)) {
					continue
				}
				if o.stored, err = v.Values(tx, o.subject, fields...); err != nil {
					return err
				}
				if o.key, err = v.keys.Key(tx, o.subject, ""); err != nil && errs.KindOf(err) != errs.NotFound {
					return err
				}
				wanted = append(wanted, o)
			}
			return nil
		}); err != nil {
			return err
		}
		if more = len(list) == buildChunk; more {
			after = list[len(list)-1].subject
		}
		opened, err := v.openPeople(ctx, run, fields, wanted)
		if err != nil {
			return err
		}
		each(opened)
	}
	return nil
}

func (v *Vault) openPeople(ctx context.Context, run string, fields []string, people []other) ([]Opened, error) {
	count := int64(0)
	for _, p := range people {
		if len(p.stored) > 0 {
			count++
		}
	}
	out := make([]Opened, 0, len(people))
	var receipt gate.Receipt
	if count > 0 {
		var err error
		if receipt, err = v.onDuty(ctx, DutyPrints, run, fields, count); err != nil {
			return nil, err
		}
	}
	for i, p := range people {
		if i%turn == 0 { // as when names are read
			runtime.Gosched()
		}
		if p.key.Subject() == "" {
			continue
		}
		o := Opened{Controller: p.controller, Subject: p.subject, UpdatedAt: fromMicros(&p.updated), Fields: map[string][]string{}}
		if len(p.stored) > 0 {
			plain, err := v.openStored(receipt, p.key, p.stored)
			if err != nil { // the keyring has written open.failed; nobody else is to be missing for it
				slog.Warn("values could not be opened for prints", slog.String("subject", p.subject), slog.String("code", errs.Of(err).Code))
				continue
			}
			for i, s := range p.stored {
				o.Fields[s.Field] = append(o.Fields[s.Field], plain[i])
			}
		}
		out = append(out, o)
	}
	return out, nil
}

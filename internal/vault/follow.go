package vault

import (
	"context"
	"maps"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault/name"
)

// The index of names is each node's own. What another node writes, or an import beside the
// server, comes into it by FollowNames.

// late is how long after its time a write of another node may become visible here: its
// clock may be behind, and its commit may take a while.
const late = 2 * time.Minute

// followed is how far the index follows the writes of others.
type followed struct {
	since time.Time        // what was written from here on is looked at
	seen  map[string]int64 // when what the index holds of a subject was written, if that is after since; nil: nobody follows
}

// other is a customer whom somebody else has written.
type other struct {
	subject, controller string
	updated             int64
	key                 keyring.Key // zero while being erased
	stored              []Stored
}

// FollowNames takes into the index of names who was written elsewhere since the build began
// or since the last call. It is the duty name_index: each chunk has its entry before
// anything is opened. It does nothing until the index is built.
func (v *Vault) FollowNames(ctx context.Context) error {
	began := v.db.Now()
	v.names.mu.Lock()
	ready, since := v.names.ready, v.names.followed.since
	if ready && v.names.followed.seen == nil {
		v.names.followed.seen = map[string]int64{}
	}
	v.names.mu.Unlock()
	if !ready {
		return nil
	}
	run := id.NewAt(id.Duty, began)
	for after, more := "", true; more; {
		var list []other
		err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
			list, err = changedSince(tx, since.UnixMicro(), after, buildChunk)
			return err
		})
		if err != nil {
			return err
		}
		if more = len(list) == buildChunk; len(list) > 0 {
			after = list[len(list)-1].subject
		}
		if err := v.followSome(ctx, run, list); err != nil {
			return err
		}
	}
	v.names.mu.Lock()
	defer v.names.mu.Unlock()
	f := &v.names.followed
	f.since = began.Add(-late)
	maps.DeleteFunc(f.seen, func(_ string, at int64) bool { return at < f.since.UnixMicro() })
	return nil
}

// followSome takes those of a list into the index whom it does not hold as they are.
func (v *Vault) followSome(ctx context.Context, run string, list []other) error {
	v.names.mu.RLock()
	fresh := list[:0]
	for _, o := range list {
		if v.names.followed.seen[o.subject] < o.updated {
			fresh = append(fresh, o)
		}
	}
	v.names.mu.RUnlock()
	if len(fresh) == 0 {
		return nil
	}
	named := int64(0)
	if err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
		named = 0
		for i := range fresh {
			o := &fresh[i]
			if o.stored, err = v.Values(tx, o.subject, v.names.fields()...); err != nil {
				return err
			}
			if o.key, err = v.keys.Key(tx, o.subject, ""); err != nil && errs.KindOf(err) != errs.NotFound {
				return err
			}
			if len(o.stored) > 0 {
				named++
			}
		}
		return nil
	}); err != nil {
		return err
	}
	changes := make([]name.Change, len(fresh))
	for i, o := range fresh { // what has no value any more is not found by it
		changes[i] = name.Change{Subject: o.subject, Name: new(string), Born: new(uint32)}
	}
	if named > 0 {
		receipt, err := v.onDuty(ctx, DutyNameIndex, run, v.names.fields(), named)
		if err != nil {
			return err
		}
		for i, o := range fresh {
			if len(o.stored) > 0 {
				v.opened(receipt, o.key, o.stored, &changes[i])
			}
		}
	}
	for i, o := range fresh {
		v.names.follow(o.controller, o.updated, changes[i])
	}
	return nil
}

// follow puts in what was read of a write at a time, unless a younger one is there.
func (n *names) follow(controller string, at int64, c name.Change) {
	ix := n.of(controller)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.followed.seen != nil && n.followed.seen[c.Subject] < at { // not when the index is being built anew
		n.followed.seen[c.Subject] = at
		ix.Put(c)
	}
}

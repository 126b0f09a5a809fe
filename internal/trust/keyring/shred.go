package keyring

import (
	"context"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

// The states of a key's life.
const (
	stateLive      = "live"
	stateShredding = "shredding"
	stateShredded  = "shredded"
)

const (
	beginShred       = `update keyring_life set state = 'shredding', ref = $1, controller = $2, changed_at = $3 where subject = $4 and interaction = $5 and state = 'live'`
	selectLife       = `select state, ref, controller from keyring_life where subject = $1 and interaction = $2`
	deleteSlot       = `delete from keyring_slot where subject = $1`
	deleteChildren   = `delete from keyring_child where subject = $1`
	deleteChild      = `delete from keyring_child where subject = $1 and interaction = $2`
	endShred         = `update keyring_life set state = 'shredded', changed_at = $1 where subject = $2 and interaction = $3 and state = 'shredding'`
	endShredChildren = `update keyring_life set state = 'shredded', changed_at = $1 where subject = $2 and state = 'live'`
	selectUnfinished = `select subject, interaction from keyring_life where state = 'shredding' order by changed_at limit $1`
	selectLives      = `select subject, state from keyring_life where interaction = '' and subject > $1 order by subject limit $2`
	selectOldSlots   = `select subject, created_at from keyring_slot where subject > $1 order by subject limit $2`
)

// Shredding is an order to destroy a key.
type Shredding struct {
	Subject     string
	Interaction string // set: only the key of this interaction
	Actor       actor.Actor
	Ground      string // for the entries, such as "request:…" or "duty:retention"
	Controller  string
}

// BeginShred notes in the data store that the key is to be destroyed and appends the
// intent's entry (shred.intent), in the transaction that deletes the rows. Call it before
// audit.DeleteDetails, and FinishShred after the commit. It returns the id that both
// entries carry as their Ref.
func (k *Keyring) BeginShred(tx *db.Tx, s Shredding) (string, error) {
	ref := id.NewAt(id.Key, tx.Now())
	n, err := tx.Data.Exec(beginShred, ref, s.Controller, tx.Now().UnixMicro(), s.Subject, s.Interaction)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", k.whyMissing(tx, s.Subject, s.Interaction)
	}
	_, err = k.log.Append(tx, audit.Entry{
		Action: "shred.intent", Decision: audit.Done, Actor: s.Actor, Ground: s.Ground, Controller: s.Controller,
		Interaction: s.Interaction, Subject: s.Subject, Ref: ref,
	})
	return ref, err
}

// FinishShred destroys the slot, with the keys of all interactions when it is the
// subject's, and then appends the completion (shred.done). It may be called again after
// any failure; what was done stays done. The completion's entry names the shredding, not
// the subject: nothing that points to an erased person is written anew.
func (k *Keyring) FinishShred(ctx context.Context, a actor.Actor, subject, interaction string) error {
	var state, ref, controller string
	err := k.db.Read(ctx, func(tx *db.Tx) error {
		err := tx.Data.Row(selectLife, subject, interaction).Scan(&state, &ref, &controller)
		if errors.Is(err, db.ErrNoRows) {
			return fail(notFound, "no_slot", nil)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case state == stateLive:
		return fail(conflict, "no_intent", nil)
	case state != stateShredding:
		return nil
	}
	err = k.db.Write(ctx, func(tx *db.Tx) error {
		if interaction != "" {
			_, err := tx.Keys.Exec(deleteChild, subject, interaction)
			return err
		}
		if _, err := tx.Keys.Exec(deleteChildren, subject); err != nil {
			return err
		}
		_, err := tx.Keys.Exec(deleteSlot, subject)
		return err
	})
	if err != nil {
		return err
	}
	// The slot's bytes must not live on in the write-ahead log.
	if err := k.db.Truncate(ctx, db.StoreKeys); err != nil {
		return err
	}
	return k.db.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		if n, err := tx.Data.Exec(endShred, now, subject, interaction); err != nil || n == 0 {
			return err // n == 0: another node was faster
		}
		if interaction == "" {
			if _, err := tx.Data.Exec(endShredChildren, now, subject); err != nil {
				return err
			}
		}
		_, err := k.log.Append(tx, audit.Entry{Action: "shred.done", Decision: audit.Done, Actor: a, Controller: controller, Interaction: interaction, Ref: ref})
		return err
	})
}

// Shred is BeginShred in a transaction of its own, and FinishShred.
func (k *Keyring) Shred(ctx context.Context, s Shredding) error {
	err := k.db.Write(ctx, func(tx *db.Tx) error {
		_, err := k.BeginShred(tx, s)
		return err
	})
	if err != nil {
		return err
	}
	return k.FinishShred(ctx, s.Actor, s.Subject, s.Interaction)
}

// Repaired is what Repair found.
type Repaired struct {
	Orphans int // slots without a subject, or of one whose key was destroyed before; destroyed
	Lost    int // subjects without a slot: their values cannot be opened; restore the keys store
}

// settled is the age below which a slot without its row, or the reverse, may still be a
// commit under way on another node.
const settled = time.Hour

const repairChunk = 1000

// FinishShreddings finishes what a crash has left between intent and completion, and says
// how many. It looks at nothing else, so it is quick: run it before the first request is
// served, once the audit log has started, because a key whose destruction is on record must
// open nothing any more.
func (k *Keyring) FinishShreddings(ctx context.Context) (finished int, err error) {
	for {
		n, err := k.finishSome(ctx)
		finished += n
		if n == 0 || err != nil {
			return finished, err
		}
	}
}

// Repair destroys slots whose subject's rows were never committed, destroys again those that
// an older keys store has brought back, and counts subjects whose slot is lost. It reads through all slots without holding up anybody; run it in the
// background of a start.
func (k *Keyring) Repair(ctx context.Context) (r Repaired, err error) {
	return r, k.compare(ctx, &r)
}

func (k *Keyring) finishSome(ctx context.Context) (int, error) {
	type key struct{ subject, interaction string }
	var open []key
	err := k.db.Read(ctx, func(tx *db.Tx) error {
		open = open[:0]
		return tx.Data.Rows(selectUnfinished, []any{repairChunk}, func(r db.Row) error {
			var o key
			err := r.Scan(&o.subject, &o.interaction)
			open = append(open, o)
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	for i, o := range open {
		if err := k.FinishShred(ctx, k.actor, o.subject, o.interaction); err != nil {
			return i, err
		}
	}
	return len(open), nil
}

// compare walks slots and lives side by side, both in the order of the subjects' ids.
func (k *Keyring) compare(ctx context.Context, r *Repaired) error {
	slots, lives := &walk{}, &walk{}
	for {
		err := k.db.Read(ctx, func(tx *db.Tx) error {
			if err := lives.fill(tx.Data, selectLives); err != nil {
				return err
			}
			return slots.fill(tx.Keys, selectOldSlots)
		})
		if err != nil {
			return err
		}
		if len(slots.rows) == 0 && len(lives.rows) == 0 {
			return nil
		}
		var orphans, missing []string
		for len(slots.rows) > 0 || len(lives.rows) > 0 {
			switch {
			case len(slots.rows) == 0 && !slots.ended, len(lives.rows) == 0 && !lives.ended:
			case len(lives.rows) == 0, len(slots.rows) > 0 && slots.rows[0].subject < lives.rows[0].subject:
				if k.db.Now().UnixMicro()-slots.rows[0].at > settled.Microseconds() {
					orphans = append(orphans, slots.rows[0].subject)
				}
				slots.next()
				continue
			case len(slots.rows) == 0, lives.rows[0].subject < slots.rows[0].subject:
				if lives.rows[0].state == stateLive {
					missing = append(missing, lives.rows[0].subject)
				}
				lives.next()
				continue
			default:
				if lives.rows[0].state == stateShredded {
					orphans = append(orphans, slots.rows[0].subject)
				}
				slots.next()
				lives.next()
				continue
			}
			break
		}
		if err := errors.Join(k.dropOrphans(ctx, orphans, r), k.countLost(ctx, missing, r)); err != nil {
			return err
		}
	}
}

// countLost looks again, in a fresh snapshot, the data store first: a slot is committed
// before its row and destroyed after the row says shredding, so a live row that is there
// without its slot has lost it.
func (k *Keyring) countLost(ctx context.Context, subjects []string, r *Repaired) error {
	if len(subjects) == 0 {
		return nil
	}
	lost := 0
	err := k.db.Read(ctx, func(tx *db.Tx) error {
		lost = 0
		var live []string
		for _, subject := range subjects {
			var state string
			if err := tx.Data.Row(selectState, subject, "").Scan(&state); err != nil && !errors.Is(err, db.ErrNoRows) {
				return err
			}
			if state == stateLive {
				live = append(live, subject)
			}
		}
		for _, subject := range live {
			var epoch int64
			var wrapped []byte
			err := tx.Keys.Row(selectSlot, subject).Scan(&epoch, &wrapped)
			if errors.Is(err, db.ErrNoRows) {
				lost++
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	r.Lost += lost
	return err
}

func (k *Keyring) dropOrphans(ctx context.Context, subjects []string, r *Repaired) error {
	if len(subjects) == 0 {
		return nil
	}
	dropped := 0
	err := k.db.Write(ctx, func(tx *db.Tx) error {
		dropped = 0
		for _, subject := range subjects {
			var state string
			switch err := tx.Data.Row(selectState, subject, "").Scan(&state); {
			case err == nil && state != stateShredded:
				continue
			case err != nil && !errors.Is(err, db.ErrNoRows):
				return err
			}
			if _, err := tx.Keys.Exec(deleteChildren, subject); err != nil {
				return err
			}
			n, err := tx.Keys.Exec(deleteSlot, subject)
			if err != nil {
				return err
			}
			dropped += int(n)
		}
		if dropped == 0 {
			return nil
		}
		_, err := k.log.Append(tx, audit.Entry{Action: "key.orphans_removed", Decision: audit.Done, Actor: k.actor, Count: int64(dropped)})
		return err
	})
	r.Orphans += dropped
	if err != nil || dropped == 0 {
		return err
	}
	return k.db.Truncate(ctx, db.StoreKeys) // as after a shredding
}

type walked struct {
	subject, state string
	at             int64
}

// walk reads one side of the comparison in chunks.
type walk struct {
	rows  []walked
	last  string
	ended bool
}

func (w *walk) next() { w.rows = w.rows[1:] }

func (w *walk) fill(h *db.Handle, query string) error {
	if len(w.rows) > 0 || w.ended {
		return nil
	}
	var rows []walked
	err := h.Rows(query, []any{w.last, repairChunk}, func(r db.Row) error {
		var one walked
		var second any = &one.at
		if query == selectLives {
			second = &one.state
		}
		err := r.Scan(&one.subject, second)
		rows = append(rows, one)
		return err
	})
	if err != nil {
		return err
	}
	w.rows, w.ended = rows, len(rows) < repairChunk
	if len(rows) > 0 {
		w.last = rows[len(rows)-1].subject
	}
	return nil
}

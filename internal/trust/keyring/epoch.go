package keyring

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

const (
	selectEpochs    = `select epoch, kms_key, wrapped_sealed from keyring_epoch order by epoch`
	selectSystem    = `select name, version, epoch, wrapped_sealed from keyring_system order by name, version`
	insertEpoch     = `insert into keyring_epoch (epoch, kms_key, wrapped_sealed, created_at) values ($1, $2, $3, $4)`
	insertSystem    = `insert into keyring_system (name, version, epoch, wrapped_sealed, created_at) values ($1, $2, $3, $4, $5)`
	updateSystem    = `update keyring_system set epoch = $1, wrapped_sealed = $2 where name = $3 and version = $4`
	deleteSystem    = `delete from keyring_system where name = $1 and version < $2`
	insertRotation  = `insert into keyring_rotation (epoch, started_at) values ($1, $2)`
	finishRotation  = `update keyring_rotation set destroyed_at = $1 where epoch < $2 and destroyed_at is null`
	deleteEpochs    = `delete from keyring_epoch where epoch < $1`
	selectMoving    = `select subject, epoch, wrapped_sealed from keyring_slot where epoch < $1 order by epoch limit $2`
	moveSlot        = `update keyring_slot set epoch = $1, wrapped_sealed = $2 where subject = $3 and epoch = $4`
	anySlot         = `select count(*) from (select 1 as one from keyring_slot limit 1) s`
	anyLife         = `select count(*) from (select 1 as one from keyring_life limit 1) s`
	anyRotation     = `select count(*) from (select 1 as one from keyring_rotation limit 1) s`
	maxEpochInStore = `select coalesce(max(epoch), 0) from keyring_epoch`
	// The last epoch whose rotation was begun, from the store that backups cover.
	maxEpochBegun = `select coalesce(max(epoch), 0) from keyring_rotation`
)

// A rotation reads moveAtOnce chunks of slots and hands each to the writer as a write of
// its own: each is short, so that nobody waits long behind one, and the writer makes them
// durable together.
const (
	chunk      = 128
	moveAtOnce = 8
)

type epochRow struct {
	epoch   int64
	kmsKey  string
	wrapped []byte
}

type systemRow struct {
	name           string
	version, epoch int64
	wrapped        []byte
}

type stored struct {
	rows   []epochRow
	system []systemRow
}

func systemRef(name string, version int64) Ref {
	return Ref{Table: "keyring_system", Column: "wrapped_sealed", Row: name, Schema: int(version)}
}

// readStore reads the epochs and the deployment's own keys. Stores without an epoch that
// know of keys all the same are refused: making a new epoch there would hide the loss.
func (k *Keyring) readStore(ctx context.Context) (s stored, err error) {
	err = k.db.Read(ctx, func(tx *db.Tx) error {
		s = stored{}
		err := tx.Keys.Rows(selectEpochs, nil, func(r db.Row) error {
			var e epochRow
			err := r.Scan(&e.epoch, &e.kmsKey, &e.wrapped)
			s.rows = append(s.rows, e)
			return err
		})
		if err != nil {
			return err
		}
		err = tx.Keys.Rows(selectSystem, nil, func(r db.Row) error {
			var y systemRow
			err := r.Scan(&y.name, &y.version, &y.epoch, &y.wrapped)
			s.system = append(s.system, y)
			return err
		})
		if err != nil || len(s.rows) > 0 {
			return err
		}
		var slots, lives, rotations int64
		if err := tx.Keys.Row(anySlot).Scan(&slots); err != nil {
			return err
		}
		if err := tx.Data.Row(anyLife).Scan(&lives); err != nil {
			return err
		}
		if err := tx.Data.Row(anyRotation).Scan(&rotations); err != nil {
			return err
		}
		if slots+lives+rotations+int64(len(s.system)) > 0 {
			return fail(unavailable, "store_lost", nil)
		}
		return nil
	})
	return s, err
}

// newEpoch makes a KEK and has the KMS wrap it.
func (k *Keyring) newEpoch(ctx context.Context, epoch int64) (epochRow, *cipherKey, error) {
	info, err := k.kms.KeyInfo(ctx)
	if err != nil {
		return epochRow{}, nil, fail(unavailable, "kms", err)
	}
	raw := randomKey()
	wrapped, err := k.kms.Wrap(ctx, k.epochAAD(epoch), raw[:keySize])
	if err != nil {
		return epochRow{}, nil, fail(unavailable, "kms", err)
	}
	id := kekID(epoch)
	copy(raw[keySize:], id[:])
	c := newCipherKey(raw)
	return epochRow{epoch, info.ID, wrapped}, &c, nil
}

// create makes the first epoch and the deployment's own keys. If another node is faster,
// its keys stand.
func (k *Keyring) create(ctx context.Context) error {
	row, kek, err := k.newEpoch(ctx, 1)
	if err != nil {
		return err
	}
	err = k.db.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		if _, err := tx.Keys.Exec(insertEpoch, row.epoch, row.kmsKey, row.wrapped, now); err != nil {
			return err
		}
		for _, name := range []string{systemSecret, systemIndex, systemStaff, systemLog} {
			raw, ref := randomKey(), systemRef(name, 1)
			if _, err := tx.Keys.Exec(insertSystem, name, 1, row.epoch, kek.seal(k, nil, domainSystem, &ref, raw), now); err != nil {
				return err
			}
			clear(raw)
		}
		_, err := tx.Data.Exec(insertRotation, row.epoch, now)
		return err
	})
	if db.IsUnique(err) {
		return nil
	}
	return err
}

// unwrapEpoch has the KMS unwrap an epoch's KEK and keeps it.
func (k *Keyring) unwrapEpoch(ctx context.Context, epoch int64, wrapped []byte) error {
	key, err := k.kms.Unwrap(ctx, k.epochAAD(epoch), wrapped)
	if err == nil && len(key) != keySize {
		err = errors.New("the KMS gave a key of another length")
	}
	if err != nil {
		return fail(unavailable, "epoch_locked", err).With("epoch", epoch)
	}
	id := kekID(epoch)
	c := newCipherKey(append(key, id[:]...))
	clear(key)
	k.keep(epoch, &c)
	return nil
}

func (k *Keyring) keep(epoch int64, c *cipherKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keks[epoch] = c
	k.newest = max(k.newest, epoch)
}

// unwrapAll opens what readStore read and drops what is no longer there.
func (k *Keyring) unwrapAll(ctx context.Context, s stored) error {
	info, err := k.kms.KeyInfo(ctx)
	if err != nil {
		return fail(unavailable, "kms", err)
	}
	alive := map[int64]bool{}
	for _, e := range s.rows {
		alive[e.epoch] = true
		if _, err := k.kek(e.epoch); err == nil {
			continue
		}
		if e.kmsKey != info.ID {
			return fail(unavailable, "other_kms_key", nil).With("have", info.ID).With("want", e.kmsKey)
		}
		if err := k.unwrapEpoch(ctx, e.epoch, e.wrapped); err != nil {
			return err
		}
	}
	system, err := k.openSystem(s.system)
	if err != nil {
		return err
	}
	k.system.Store(system)
	k.mu.Lock()
	defer k.mu.Unlock()
	for epoch := range k.keks {
		if !alive[epoch] {
			delete(k.keks, epoch)
		}
	}
	return nil
}

func (k *Keyring) openSystem(rows []systemRow) (*systemKeys, error) {
	s := &systemKeys{index: map[int64][]byte{}}
	for _, y := range rows {
		kek, err := k.kek(y.epoch)
		if err != nil {
			return nil, err
		}
		ref := systemRef(y.name, y.version)
		raw, err := kek.open(k, domainSystem, &ref, y.wrapped)
		if err != nil {
			return nil, err
		}
		switch y.name {
		case systemSecret:
			s.secret = raw[:keySize]
		case systemIndex:
			s.index[y.version] = raw[:keySize]
			s.versions = append([]int64{y.version}, s.versions...) // rows come in ascending order
		case systemStaff:
			s.staff = newCipherKey(raw)
		case systemLog:
			s.log = ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
		}
	}
	if s.secret == nil || len(s.index) == 0 || s.staff.aead == nil || s.log == nil {
		return nil, fail(unavailable, "store_lost", nil)
	}
	return s, nil
}

// Refresh takes notice of what other nodes have done: epochs begun and destroyed, index
// keys begun and ended. A deployment of several nodes calls it every few seconds.
func (k *Keyring) Refresh(ctx context.Context) error {
	s, err := k.readStore(ctx)
	if err != nil {
		return err
	}
	if len(s.rows) == 0 {
		return fail(unavailable, "store_lost", nil)
	}
	return k.unwrapAll(ctx, s)
}

// Rotation is what a rotation of the epoch did.
type Rotation struct {
	Epoch     int64 // the epoch that is alive now
	Moved     int64 // data keys that were wrapped anew
	Destroyed int   // epochs whose KEK was destroyed
}

// RotateEpoch begins a new epoch, wraps every data key anew in chunks while the service
// goes on, and destroys the KEKs of all earlier epochs. After that, no copy of a slot
// made before can be opened, and every shredding done before is final (the copies of the
// keys store at other sites must have followed: erasure is complete only then). A
// rotation that was interrupted is carried to its end first. moved, if not nil, is told
// the number of keys moved after each chunk.
func (k *Keyring) RotateEpoch(ctx context.Context, a actor.Actor, moved func(int64)) (Rotation, error) {
	if err := k.Refresh(ctx); err != nil {
		return Rotation{}, err
	}
	k.mu.RLock()
	newest, unfinished := k.newest, len(k.keks) > 1
	k.mu.RUnlock()
	if !unfinished {
		next, err := k.beginEpoch(ctx, a, newest)
		if err != nil {
			return Rotation{}, err
		}
		newest = next
	}
	r := Rotation{Epoch: newest}
	for {
		n, err := k.moveChunks(ctx, newest)
		if err != nil {
			return r, err
		}
		if n == 0 {
			break
		}
		r.Moved += n
		if moved != nil {
			moved(r.Moved)
		}
	}
	n, err := k.endEpochs(ctx, a, newest)
	r.Destroyed = n
	return r, err
}

// RotateWhenDue is RotateEpoch when the newest epoch is as old as that, or when a rotation was
// interrupted. done is false when nothing was due.
func (k *Keyring) RotateWhenDue(ctx context.Context, every time.Duration) (r Rotation, done bool, err error) {
	s, err := k.Status(ctx)
	if err != nil || s.Alive == 1 && k.db.Now().Sub(s.StartedAt) < every {
		return Rotation{}, false, err
	}
	r, err = k.RotateEpoch(ctx, k.actor, nil)
	return r, err == nil, err
}

func (k *Keyring) beginEpoch(ctx context.Context, a actor.Actor, last int64) (int64, error) {
	var begun int64
	err := k.db.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(maxEpochBegun).Scan(&begun) })
	if err != nil {
		return 0, err
	}
	// A number is never used twice, not even after a restore of the keys store: the number
	// is part of what a KEK wraps.
	epoch := max(last, begun) + 1
	row, kek, err := k.newEpoch(ctx, epoch)
	if err != nil {
		return 0, err
	}
	err = k.db.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		if _, err := tx.Keys.Exec(insertEpoch, row.epoch, row.kmsKey, row.wrapped, now); err != nil {
			return err
		}
		if _, err := tx.Data.Exec(insertRotation, row.epoch, now); err != nil {
			return err
		}
		_, err := k.log.Append(tx, audit.Entry{Action: "key.epoch_started", Decision: audit.Done, Actor: a, Count: epoch})
		return err
	})
	if db.IsUnique(err) {
		return 0, fail(conflict, "rotation_elsewhere", err)
	}
	if err != nil {
		return 0, err
	}
	k.keep(epoch, kek)
	return epoch, nil
}

type moving struct {
	subject string
	epoch   int64
	wrapped []byte
}

// moveChunks wraps some data keys anew. The slots are read and unwrapped outside the
// writer; the update asks for the epoch it has read, so that a slot shredded in between
// stays shredded.
func (k *Keyring) moveChunks(ctx context.Context, to int64) (int64, error) {
	var slots []moving
	err := k.db.Read(ctx, func(tx *db.Tx) error {
		slots = slots[:0]
		return tx.Keys.Rows(selectMoving, []any{to, chunk * moveAtOnce}, func(r db.Row) error {
			var m moving
			err := r.Scan(&m.subject, &m.epoch, &m.wrapped)
			slots = append(slots, m)
			return err
		})
	})
	if err != nil || len(slots) == 0 {
		return 0, err
	}
	above, err := k.kek(to)
	if err != nil {
		return 0, err
	}
	for i := range slots {
		m := &slots[i]
		below, err := k.kek(m.epoch)
		if err != nil {
			return 0, err
		}
		ref := slotRef(m.subject)
		raw, err := below.open(k, domainSlot, &ref, m.wrapped)
		if err != nil {
			return 0, err
		}
		m.wrapped = above.seal(k, m.wrapped[:0], domainSlot, &ref, raw)
		clear(raw)
	}
	failed := make([]error, moveAtOnce)
	var wg sync.WaitGroup
	for n, part := range slices.Collect(slices.Chunk(slots, chunk)) {
		wg.Go(func() {
			failed[n] = k.db.Write(ctx, func(tx *db.Tx) error {
				for i := range part {
					tx.Keys.Queue(moveSlot, to, part[i].wrapped, part[i].subject, part[i].epoch)
				}
				return nil
			})
		})
	}
	wg.Wait()
	return int64(len(slots)), errors.Join(failed...)
}

// endEpochs moves the deployment's own keys and destroys the earlier epochs. A slot that
// another node has wrapped under one of them in the meantime makes the engine refuse; it
// is moved by the next call.
func (k *Keyring) endEpochs(ctx context.Context, a actor.Actor, to int64) (int, error) {
	s, err := k.readStore(ctx)
	if err != nil {
		return 0, err
	}
	above, err := k.kek(to)
	if err != nil {
		return 0, err
	}
	for i := range s.system {
		y := &s.system[i]
		below, err := k.kek(y.epoch)
		if err != nil {
			return 0, err
		}
		ref := systemRef(y.name, y.version)
		raw, err := below.open(k, domainSystem, &ref, y.wrapped)
		if err != nil {
			return 0, err
		}
		y.wrapped = above.seal(k, nil, domainSystem, &ref, raw)
		clear(raw)
	}
	destroyed := int64(0)
	err = k.db.Write(ctx, func(tx *db.Tx) error {
		for _, y := range s.system {
			if _, err := tx.Keys.Exec(updateSystem, to, y.wrapped, y.name, y.version); err != nil {
				return err
			}
		}
		n, err := tx.Keys.Exec(deleteEpochs, to)
		if err != nil {
			return fail(conflict, "epoch_in_use", err)
		}
		destroyed = n
		if _, err := tx.Data.Exec(finishRotation, tx.Now().UnixMicro(), to); err != nil {
			return err
		}
		_, err = k.log.Append(tx, audit.Entry{Action: "key.epoch_destroyed", Decision: audit.Done, Actor: a, Count: to - 1})
		return err
	})
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for epoch := range k.keks {
		if epoch < to {
			delete(k.keks, epoch)
		}
	}
	return int(destroyed), nil
}

// EpochStatus is what a console shows of the epochs.
type EpochStatus struct {
	Epoch     int64     // the newest
	StartedAt time.Time // of the newest
	Alive     int       // epochs alive; 2 while a rotation is under way
}

// Status reads the state of the epochs.
func (k *Keyring) Status(ctx context.Context) (s EpochStatus, err error) {
	err = k.db.Read(ctx, func(tx *db.Tx) error {
		s = EpochStatus{}
		return tx.Keys.Rows(`select epoch, created_at from keyring_epoch order by epoch`, nil, func(r db.Row) error {
			var at int64
			err := r.Scan(&s.Epoch, &at)
			s.StartedAt = time.UnixMicro(at).UTC()
			s.Alive++
			return err
		})
	})
	return s, err
}

// BeginIndexEpoch makes a new index key. From now on MAC uses it and MACs gives both, so
// that look-ups work while the owners of indexes rebuild them.
func (k *Keyring) BeginIndexEpoch(ctx context.Context, a actor.Actor) error {
	if len(k.indexVersions()) > 1 {
		return fail(conflict, "index_rebuild_running", nil)
	}
	k.mu.RLock()
	epoch, kek, next := k.newest, k.keks[k.newest], k.indexVersions()[0]+1
	k.mu.RUnlock()
	raw, ref := randomKey(), systemRef(systemIndex, next)
	wrapped := kek.seal(k, nil, domainSystem, &ref, raw)
	clear(raw)
	err := k.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Keys.Exec(insertSystem, systemIndex, next, epoch, wrapped, tx.Now().UnixMicro()); err != nil {
			return err
		}
		_, err := k.log.Append(tx, audit.Entry{Action: "key.index_started", Decision: audit.Done, Actor: a, Count: next})
		return err
	})
	if db.IsUnique(err) {
		return fail(conflict, "index_rebuild_running", err)
	}
	if err != nil {
		return err
	}
	return k.Refresh(ctx)
}

// EndIndexEpoch destroys the earlier index keys, once every index is rebuilt.
func (k *Keyring) EndIndexEpoch(ctx context.Context, a actor.Actor) error {
	newest := k.indexVersions()[0]
	err := k.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Keys.Exec(deleteSystem, systemIndex, newest); err != nil {
			return err
		}
		_, err := k.log.Append(tx, audit.Entry{Action: "key.index_destroyed", Decision: audit.Done, Actor: a, Count: newest - 1})
		return err
	})
	if err != nil {
		return err
	}
	return k.Refresh(ctx)
}

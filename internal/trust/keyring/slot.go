package keyring

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
)

const (
	selectSlot  = `select epoch, wrapped_sealed from keyring_slot where subject = $1`
	selectChild = `select wrapped_sealed from keyring_child where subject = $1 and interaction = $2`
	selectState = `select state from keyring_life where subject = $1 and interaction = $2`
	selectSlots = `select subject, epoch, wrapped_sealed from keyring_slot where subject > $1 and subject <= $2 order by subject`
	selectEpoch = `select wrapped_sealed from keyring_epoch where epoch = $1`
)

// A key is new when its row of keyring_life is: that insert fails for a key that is or was
// there. What stands in the keys store without such a row is an orphan, for instance of a
// batch whose data could not be committed after its keys and which is run again, and is
// written over.
var (
	newSlots = db.NewInsert(`insert into keyring_slot (subject, epoch, wrapped_sealed, created_at)`, 4,
		`on conflict (subject) do update set epoch = excluded.epoch, wrapped_sealed = excluded.wrapped_sealed, created_at = excluded.created_at`)
	newChildren = db.NewInsert(`insert into keyring_child (subject, interaction, wrapped_sealed, created_at)`, 4,
		`on conflict (subject, interaction) do update set wrapped_sealed = excluded.wrapped_sealed, created_at = excluded.created_at`)
	newLives = db.NewInsert(`insert into keyring_life (subject, interaction, state, ref, controller, changed_at)`, 6, "")
)

// memoKey names a key in a transaction's memo.
type memoKey struct {
	ring                 *Keyring
	subject, interaction string
}

func slotRef(subject string) Ref {
	return Ref{Table: "keyring_slot", Column: "wrapped_sealed", Row: subject, Subject: subject}
}

func childRef(subject, interaction string) Ref {
	return Ref{Table: "keyring_child", Column: "wrapped_sealed", Row: interaction, Subject: subject, Interaction: interaction}
}

// NewSubject makes the data key of a new subject: 256 random bits, wrapped under the
// newest epoch. Its slot is committed just before the rows of the same transaction. A
// second key for one subject, also for one that was shredded, fails the transaction.
func (k *Keyring) NewSubject(tx *db.Tx, subject string) error {
	k.mu.RLock() // no new epoch begins between the two
	defer k.mu.RUnlock()
	key, err := k.draft(subject)
	if err != nil {
		return err
	}
	return k.adopt(tx, key)
}

// NewChild makes the key of an interaction of the subject, wrapped under the subject's
// data key, so that what belongs to one interaction can be held or erased alone.
func (k *Keyring) NewChild(tx *db.Tx, subject, interaction string) error {
	if interaction == "" {
		return fail(internal, "wrong_place", nil)
	}
	parent, err := k.Key(tx, subject, "")
	if err != nil {
		return err
	}
	c, err := parent.k.open()
	if err != nil {
		return err
	}
	raw, ref := randomKey(), childRef(subject, interaction)
	wrapped := c.seal(k, nil, domainChild, &ref, raw)
	now := tx.Now().UnixMicro()
	tx.Keys.QueueRows(newChildren, subject, interaction, wrapped, now)
	tx.Data.QueueRows(newLives, subject, interaction, stateLive, "", "", now)
	d := &dataKey{ring: k, subject: subject, interaction: interaction, wrapped: wrapped, parent: parent.k}
	d.once.Do(func() { d.key = newCipherKey(raw) })
	k.remember(tx, d)
	return nil
}

// remember puts a key that was just stored into the transaction's memo.
func (k *Keyring) remember(tx *db.Tx, d *dataKey) {
	at := memoKey{k, d.subject, d.interaction}
	tx.Forget(at)
	_, _ = tx.Memo(at, func() (any, error) { return d, nil })
}

// Key reads the key of a subject, or of one of its interactions, within the transaction;
// once per transaction. It is not unwrapped yet, so that a reveal's writer does not pay
// for what is opened after the commit.
//
// A subject that was shredded gives keyring.shredded; one that never had a key gives
// keyring.no_slot; one whose slot has gone missing gives keyring.slot_lost.
func (k *Keyring) Key(tx *db.Tx, subject, interaction string) (Key, error) {
	v, err := tx.Memo(memoKey{k, subject, interaction}, func() (any, error) { return k.read(tx, subject, interaction) })
	if err != nil {
		return Key{}, err
	}
	return Key{v.(*dataKey)}, nil
}

func (k *Keyring) read(tx *db.Tx, subject, interaction string) (*dataKey, error) {
	d := &dataKey{ring: k, subject: subject, interaction: interaction}
	var err error
	if interaction == "" {
		var s slot
		if s, err = keptSlots.Get(tx, subject); err == nil {
			d.epoch, d.wrapped = s.epoch, s.wrapped
			return d, k.learn(tx, d.epoch)
		}
	} else {
		parent, e := k.Key(tx, subject, "")
		if e != nil {
			return nil, e
		}
		d.parent = parent.k
		if d.wrapped, err = keptChildren.Get(tx, [2]string{subject, interaction}); err == nil {
			return d, nil
		}
	}
	if !errors.Is(err, db.ErrNoRows) {
		return nil, err
	}
	return nil, k.whyMissing(tx, subject, interaction)
}

type slot struct {
	epoch   int64
	wrapped []byte
}

var (
	keptSlots = db.Keep(db.StoreKeys, 20_000, func(tx *db.Tx, subject string) (s slot, err error) {
		err = tx.Keys.Row(selectSlot, subject).Scan(&s.epoch, &s.wrapped)
		return s, err
	}, "keyring_slot")
	keptChildren = db.Keep(db.StoreKeys, 20_000, func(tx *db.Tx, of [2]string) (wrapped []byte, err error) {
		err = tx.Keys.Row(selectChild, of[0], of[1]).Scan(&wrapped)
		return wrapped, err
	}, "keyring_child")
)

func (k *Keyring) whyMissing(tx *db.Tx, subject, interaction string) error {
	var state string
	err := tx.Data.Row(selectState, subject, interaction).Scan(&state)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return fail(notFound, "no_slot", nil)
	case err != nil:
		return err
	case state == stateLive:
		return fail(internal, "slot_lost", nil)
	}
	return fail(notFound, "shredded", nil)
}

// Keys reads the keys of the subjects whose ids come after the first and not after the
// second, in their order; for duties that go through everybody.
func (k *Keyring) Keys(tx *db.Tx, after, upto string) ([]Key, error) {
	var out []Key
	epochs := map[int64]bool{}
	err := tx.Keys.Rows(selectSlots, []any{after, upto}, func(r db.Row) error {
		d := &dataKey{ring: k}
		err := r.Scan(&d.subject, &d.epoch, &d.wrapped)
		epochs[d.epoch] = true
		out = append(out, Key{d})
		return err
	})
	for epoch := range epochs {
		if err == nil {
			err = k.learn(tx, epoch)
		}
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// open unwraps the key the first time it is used.
func (d *dataKey) open() (*cipherKey, error) {
	d.once.Do(func() {
		var above *cipherKey
		var raw []byte
		ref, domain := slotRef(d.subject), byte(domainSlot)
		if d.parent != nil {
			ref, domain = childRef(d.subject, d.interaction), domainChild
			above, d.err = d.parent.open()
		} else {
			above, d.err = d.ring.kek(d.epoch)
		}
		if d.err == nil {
			raw, d.err = above.open(d.ring, domain, &ref, d.wrapped)
		}
		if d.err == nil {
			d.key = newCipherKey(raw)
		}
	})
	return &d.key, d.err
}

func (k *Keyring) kek(epoch int64) (*cipherKey, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if c := k.keks[epoch]; c != nil {
		return c, nil
	}
	return nil, fail(internal, "epoch_gone", nil).With("epoch", epoch)
}

// learn makes sure that the epoch's KEK is at hand. Only when another node has begun an
// epoch since the last Refresh does it ask the KMS.
func (k *Keyring) learn(tx *db.Tx, epoch int64) error {
	if _, err := k.kek(epoch); err == nil {
		return nil
	}
	var wrapped []byte
	if err := tx.Keys.Row(selectEpoch, epoch).Scan(&wrapped); err != nil {
		if errors.Is(err, db.ErrNoRows) {
			return fail(internal, "epoch_gone", nil).With("epoch", epoch)
		}
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return k.unwrapEpoch(ctx, epoch, wrapped)
}

// kekID is the id in front of what an epoch's KEK has wrapped: the epoch.
func kekID(epoch int64) (id [keyIDSize]byte) {
	binary.BigEndian.PutUint32(id[:], uint32(epoch)) // an epoch a minute would last 8,000 years
	return id
}

// epochAAD binds a wrapped KEK to its deployment and epoch.
func (k *Keyring) epochAAD(epoch int64) []byte {
	return binary.AppendVarint(appendPart([]byte("amanah epoch 1\x00"), k.deployment), epoch)
}

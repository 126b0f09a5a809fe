package keyring

import "github.com/amanah-id/amanah/internal/kit/db"

// Draft makes the data key of a subject that is not stored yet, so that its values can be
// sealed (SealRecord) outside the writer: an import seals thousands while the writer
// commits. Nothing is stored before Adopt; a draft that is let go leaves no trace.
func (k *Keyring) Draft(subject string) (Key, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.draft(subject)
}

// draft is Draft for a caller who holds k.mu.
func (k *Keyring) draft(subject string) (Key, error) {
	if subject == "" {
		return Key{}, fail(internal, "wrong_place", nil)
	}
	epoch, kek := k.newest, k.keks[k.newest]
	raw, ref := randomKey(), slotRef(subject)
	d := &dataKey{ring: k, subject: subject, epoch: epoch, wrapped: kek.seal(k, nil, domainSlot, &ref, raw)}
	d.once.Do(func() { d.key = newCipherKey(raw) })
	return Key{d}, nil
}

// Adopt stores the slot of a drafted key, as NewSubject does, in the transaction that
// stores what it sealed. A draft from before the newest epoch is refused
// (keyring.draft_stale): its KEK is about to be destroyed. Draft and seal again then.
func (k *Keyring) Adopt(tx *db.Tx, key Key) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.adopt(tx, key)
}

// adopt is Adopt for a caller who holds k.mu.
func (k *Keyring) adopt(tx *db.Tx, key Key) error {
	d := key.k
	if d == nil || d.parent != nil {
		return fail(internal, "no_key", nil)
	}
	if d.epoch != k.newest {
		return fail(conflict, "draft_stale", nil)
	}
	now := tx.Now().UnixMicro()
	tx.Keys.QueueRows(newSlots, d.subject, d.epoch, d.wrapped, now)
	tx.Data.QueueRows(newLives, d.subject, "", stateLive, "", "", now)
	k.remember(tx, d)
	return nil
}

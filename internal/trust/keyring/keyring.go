// Package keyring holds the keys: it seals values, opens them for whoever brings a
// Receipt, destroys keys so that what they sealed is gone for good, and makes the keyed
// hashes, signed tokens and signatures that the other rooms need. Nobody else in the
// house touches a cipher.
//
// The hierarchy, top to bottom:
//
//	KMS key        outside the stores: sealed file, key file, systemd credential, …; opened at start only
//	 └ epoch KEK   random; wrapped by the KMS key, in the keys store; replaced at least weekly
//	    ├ data key of a subject         random, in the keys store
//	    │   └ key of an interaction     random, wrapped under the data key
//	    └ the deployment's own keys     system, index, staff, log
//
// Keys are random, never derived from a parent: a derived key cannot be destroyed alone.
// They live in a store of their own with a life of its own (ADR 3), so that destroying a
// slot reaches into every backup of the data: a backup of the data without today's keys
// store opens nothing that was erased since. The KEK behind the destroyed slot is replaced
// and destroyed soon after (RotateEpoch), which is what makes a left-over copy of the slot
// itself worthless.
//
// A sealed value is AES-256-GCM with a random nonce (the standard library's
// NewGCMWithRandomNonce; a nonce cannot be chosen, so none can be used twice by mistake),
// a version byte and the id of the key in front. The associated data is the place it was
// sealed for: deployment, table, column, row, subject, interaction, schema version, each
// with its length. A value moved to another row, column, subject or deployment, one
// flipped bit, one byte too few: a clear error, never a wrong value.
//
// Open wants a gate.Receipt, and spends it. An open that fails is written into the audit
// log in a transaction of its own. Sealing needs no Receipt. Data keys are never kept
// from one transaction to the next, since another node may shred them; within one, they
// are kept in the transaction's memo.
//
// Shredding goes in the reverse order of writing: the intent with its leaf in the data
// store, then the slot destroyed in the keys store, then the completion leaf. A crash in
// between is finished by FinishShreddings at start.
//
// What it refuses: to start with an empty keys store when the data store knows of keys
// (keyring.store_lost), with another KMS key than the one that wrapped the epoch
// (keyring.other_kms_key), to make up a key for a subject that was shredded. Nothing here
// prints: keys, sealed values and secrets format as [sealed].
//
// It serves UU PDP art. 35 and 39 (security of processing) and art. 43 to 45 (erasure and
// destruction). All primitives are the standard library's; everything but argon2id works
// with GODEBUG=fips140=only.
package keyring

import (
	"context"
	"embed"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

// Schema holds schema/*.sql: migrations 0200 (keys store) and 0201 (data store).
var Schema fs.FS = schema

// Messages holds messages/id.json and messages/en.json.
var Messages fs.FS = messages

// Log is the part of the audit log that the keyring writes to. *audit.Log is one.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options say whose keys these are.
type Options struct {
	// Deployment is the id of the installation. It is part of every sealed value: with
	// another id nothing opens.
	Deployment string
	// Log takes the keyring's own entries (shred.intent, shred.done, open.failed,
	// key.epoch_started, key.epoch_destroyed, key.orphans_removed).
	Log Log
	// Actor is the machine duty in whose name entries are written that no person caused.
	Actor actor.Actor
}

// Keyring is the opened keys of one deployment. It is safe for concurrent use.
type Keyring struct {
	db         *db.DB
	kms        KMS
	log        Log
	actor      actor.Actor
	deployment string

	mu     sync.RWMutex // guards what a new epoch changes
	keks   map[int64]*cipherKey
	newest int64

	system atomic.Pointer[systemKeys] // replaced whole, never changed
	macs   sync.Map                   // macName -> *mac
}

// Start opens the keys of a deployment: it unwraps the epochs' KEKs with the KMS, and the
// deployment's own keys with those. On stores that have never held a key it makes the
// first epoch. It asks the KMS nothing afterwards, but for a new epoch.
//
// The stores must be migrated; the audit log need not be started.
func Start(ctx context.Context, d *db.DB, kms KMS, o Options) (*Keyring, error) {
	k := &Keyring{db: d, kms: kms, log: o.Log, actor: o.Actor, deployment: o.Deployment, keks: map[int64]*cipherKey{}}
	if o.Deployment == "" || o.Log == nil {
		return nil, fail(internal, "bad_options", nil)
	}
	epochs, err := k.readStore(ctx)
	if err == nil && len(epochs.rows) == 0 {
		if err = k.create(ctx); err == nil {
			epochs, err = k.readStore(ctx)
		}
	}
	if err == nil {
		err = k.unwrapAll(ctx, epochs)
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

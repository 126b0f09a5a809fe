// Package audit keeps the tamper-evident log of everything that is done with personal
// data: an entry is written in the same transaction as the act it tells of, so there is
// never one without the other.
//
// An entry becomes a leaf: a short deterministic CBOR text (package proof, leaf.cddl)
// that holds ids, field names and decisions, and no personal data. What would be
// personal (the subject, a reason in free text) stands beside the leaf in audit_detail,
// sealed under the subject's key, and the leaf holds salted commitments to it. Erasing a
// person deletes the row beside; the leaf stays, and a leaf of its own (action
// `erasure`) says which absences are authorised. A missing detail that no such leaf
// covers is tampering.
//
// Leaves form an RFC 6962 Merkle tree, stored as C2SP tiles of height 8 in the business
// database, extended once per write batch, just before the commit. Each node that writes
// has a log of its own (a shard, with its own origin); a lease row keeps two nodes from
// writing one shard. Signed checkpoints are made every 250 ms while something changed,
// on demand, and at Close, and are shown to witnesses run by other administrators.
//
// What it promises: an entry is durable when Pending.Index says so, and not before; a
// closure that fails leaves no gap; a log that was changed behind its back refuses to
// start and names the first bad index; reading the log is itself logged. What it
// cannot do: prove an act that code never logged (hence the receipts of trust/gate and
// trust/keyring), or stop an administrator from rewriting the entries that no witness
// has seen yet; Health says how many those are.
//
// It serves UU PDP art. 31 (record of processing) and art. 32 (the subject's access to
// the trail of processing).
package audit

import (
	"crypto/ed25519"
	"embed"
	"sync/atomic"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts, messages/{id,en}.json.
//
//go:embed messages/*.json
var Messages embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "audit", FS: schema} }

// Decision is what became of a question or an act.
type Decision string

// The decisions.
const (
	Allowed Decision = "allowed" // the gate allowed at least one field
	Denied  Decision = "denied"  // the gate refused; Reason says why
	Done    Decision = "done"    // an act that asked no gate: a sign-in, an erasure, a duty
)

// Entry is what a room tells the log. Every text is an id or a word from code; free
// text and personal data go into Detail, which needs a Subject.
type Entry struct {
	Action   string // "reveal", "auth.login", "erasure"; lower case, dots and underscores
	Decision Decision
	Reason   string // errs code when denied
	Actor    actor.Actor

	Policy      string // hash of the policy set that decided
	Purpose     string
	Interaction string
	Controller  string
	Ground      string // kind and id, such as "interaction:itx_…" or "duty:name_index"
	Channel     string
	Ref         string // id of what else it is about
	Level       int    // verification level, 0 to 4

	Fields  []string // names of the fields allowed, or acted on
	Refused []string // names of the fields refused
	Count   int64    // how many subjects or rows, where the entry stands for several

	Subject string         // whose data; never in the leaf itself
	Detail  map[string]any // may hold personal data; sealed under the subject's key
	First   bool           // the subject's key was made in this transaction: no entry can be about them yet
}

// Pending is an entry on its way. It has an index once its transaction is durable.
type Pending struct {
	index atomic.Uint64 // index+1; 0 while not durable
	log   *Log
	given uint64 // set by the hook before the commit; may be given again
	then  func(tx *db.Tx, index uint64) error
}

// Then has fn write what names the entry's index in the entry's own commit. It may run again, with another index.
func (p *Pending) Then(fn func(tx *db.Tx, index uint64) error) { p.then = fn }

// Origin is the log the entry is in; empty until it has an index.
func (p *Pending) Origin() string {
	if _, ok := p.Index(); !ok {
		return ""
	}
	return p.log.Origin()
}

// Index returns the entry's index in its shard, and true only after the durable commit.
func (p *Pending) Index() (uint64, bool) {
	if p == nil {
		return 0, false
	}
	n := p.index.Load()
	return n - 1, n > 0
}

// Sealer seals details under a subject's key. trust/keyring implements it with
// Ref{Table: "audit_detail", Column: "detail_sealed", Row: row, Subject: subject}.
type Sealer interface {
	// SealDetail reads the subject's key in tx. What it returns seals with that key, on any
	// goroutine, until the transaction is committed.
	SealDetail(tx *db.Tx, subject string) (func(row string, plain []byte) ([]byte, error), error)
}

// Signer signs checkpoints with the deployment's Ed25519 log key. The key's name in the
// signed note is the shard's origin, so the signer is asked for raw signatures only.
// trust/keyring gives one.
type Signer interface {
	Public() ed25519.PublicKey
	Sign(message []byte) ([]byte, error)
}

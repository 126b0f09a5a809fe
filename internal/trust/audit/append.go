package audit

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit/plain"
	"github.com/amanah-id/amanah/internal/trust/audit/word"
	"github.com/amanah-id/amanah/proof"
)

// item is an entry between Append and the commit of its batch.
type item struct {
	pending *Pending
	leaf    proof.Leaf
	time    int64 // of the act; the leaf's is never less than the leaf's before
	subject string
	first   bool
	salt    []byte
	sealed  []byte
	erase   string // subject whose details this entry deletes

	once  sync.Once // of commit
	plain []byte    // the detail
	seal  func(row string, plain []byte) ([]byte, error)
	err   error
}

var deterministic, _ = cbor.CoreDetEncOptions().EncMode() // never fails: the options are a constant

// Append writes the entry into the transaction of the act. It becomes part of the tree
// when the batch is committed; a closure that fails takes its entries with it.
func (l *Log) Append(tx *db.Tx, e Entry) (*Pending, error) {
	if err := l.ready(tx); err != nil {
		return nil, err
	}
	it, err := l.item(tx, e)
	if err != nil {
		return nil, err
	}
	if e.Subject != "" {
		if err := l.beside(tx, it, e); err != nil {
			return nil, err
		}
	} else if len(e.Detail) > 0 {
		return nil, errs.New(errs.Internal, "audit.detail_without_subject").With("action", e.Action)
	}
	return l.stage(tx, it), nil
}

// DeleteDetails deletes everything that links entries to the subject (salts, sealed
// details, the subject index) and appends e as the leaf, or leaves, that authorise
// exactly these absences. e.Action is "erasure" or "retention"; e.Subject must be empty.
// Entries about the subject that were appended earlier in the same batch are included.
func (l *Log) DeleteDetails(tx *db.Tx, subject string, e Entry) (*Pending, error) {
	if err := l.ready(tx); err != nil {
		return nil, err
	}
	if subject == "" || e.Subject != "" || len(e.Detail) > 0 || e.Action != "erasure" && e.Action != "retention" {
		return nil, errs.New(errs.Internal, "audit.bad_erasure")
	}
	it, err := l.item(tx, e)
	if err != nil {
		return nil, err
	}
	it.erase = subject
	return l.stage(tx, it), nil
}

// ready refuses what would not be logged: before Start, after Close, and in a
// transaction of Read, which commits nothing.
func (l *Log) ready(tx *db.Tx) error {
	if l.durable.Load() == nil {
		return errs.New(errs.Unavailable, "audit.not_started")
	}
	if tx.ReadOnly() {
		return errs.New(errs.Internal, "audit.read_only")
	}
	return nil
}

func (l *Log) stage(tx *db.Tx, it *item) *Pending {
	it.pending = &Pending{log: l}
	tx.Stage(l, it)
	return it.pending
}

// item checks an entry and makes its leaf.
func (l *Log) item(tx *db.Tx, e Entry) (*item, error) {
	it := &item{time: tx.Now().UnixMicro(), leaf: proof.Leaf{
		Action: e.Action, Decision: string(e.Decision), Reason: e.Reason,
		Policy: e.Policy, Purpose: e.Purpose, Interaction: e.Interaction, Controller: e.Controller,
		Ground: e.Ground, Channel: e.Channel, Ref: e.Ref, Level: int64(e.Level),
		Fields: e.Fields, Refused: e.Refused, Count: e.Count,
	}}
	if e.Decision != Allowed && e.Decision != Denied && e.Decision != Done {
		return nil, errs.New(errs.Internal, "audit.not_plain").With("field", "decision")
	}
	if e.Actor.Kind() == actor.Nobody {
		return nil, errs.New(errs.Internal, "audit.nobody").With("action", e.Action)
	}
	l.fill(&it.leaf, e.Actor)
	if field := plain.Suspect(&it.leaf); field != "" {
		return nil, errs.New(errs.Internal, "audit.not_plain").With("field", field)
	}
	return it, nil
}

func (l *Log) fill(leaf *proof.Leaf, a actor.Actor) {
	leaf.Version = 1
	leaf.ActorKind, leaf.Actor, leaf.Role = string(a.Kind()), a.ID(), string(a.Role())
	leaf.Session, leaf.Client = a.Session(), a.ClientID()
}

// beside prepares what stands beside the leaf: the salt and the sealed detail.
func (l *Log) beside(tx *db.Tx, it *item, e Entry) error {
	if !proof.IsToken(e.Subject) {
		return errs.New(errs.Internal, "audit.not_plain").With("field", "subject")
	}
	it.subject, it.first = e.Subject, e.First
	if len(e.Detail) > 0 {
		var err error
		if it.plain, err = deterministic.Marshal(e.Detail); err != nil {
			return errs.Wrap(errs.Internal, "audit.bad_detail", err)
		}
		if it.seal, err = l.sealer.SealDetail(tx, e.Subject); err != nil {
			return err
		}
	}
	select {
	case l.ahead <- it:
	default: // the hook does it
	}
	return nil
}

// commit draws the salt, seals the detail and commits to it. That is as much work as the rest
// of an entry and needs no transaction, so another goroutine does it ahead while the writer
// runs the closures that follow; what it has not begun when the batch ends, the hook does.
func (it *item) commit() error {
	it.once.Do(func() {
		it.salt = make([]byte, proof.SaltSize)
		_, _ = rand.Read(it.salt) // never fails: crypto/rand ends the process instead
		if it.seal == nil {
			return
		}
		it.leaf.DetailCommitment = proof.DetailCommitment(it.salt, it.plain)
		it.sealed, it.err = it.seal(DetailRow(it.leaf.DetailCommitment), it.plain)
		if it.err == nil && len(it.sealed) == 0 {
			it.err = errs.New(errs.Internal, "audit.bad_detail")
		}
		it.leaf.SealedCommitment = proof.SealedCommitment(it.salt, it.sealed)
	})
	return it.err
}

// DetailRow is the row that a sealed detail is bound to: it follows from the leaf, so a
// detail that is moved to another leaf does not open.
func DetailRow(commitment []byte) string { return hex.EncodeToString(commitment[:16]) }

// extend is the hook: it runs once per batch on the writer's goroutine, just before the
// commit, and may run again for the same items if the batch is rolled back. So it works
// on copies, and what it made becomes this log's state after the commit only.
func (l *Log) extend(tx *db.Tx, items []any) error {
	err := l.grow(tx, items)
	if db.IsUnique(err) && tx.Careful() || errors.Is(err, errMoved) {
		// Another process wrote, or a commit that was reported lost had succeeded.
		l.stale = true
		return errs.Wrap(errs.Unavailable, "audit.head_moved", err)
	}
	return err
}

var errMoved = errors.New("audit: the head in the database is another")

func (l *Log) grow(tx *db.Tx, items []any) error {
	cur := l.durable.Load()
	if cur == nil {
		return errs.New(errs.Unavailable, "audit.not_started")
	}
	if l.stale {
		fresh, err := l.reload(tx, cur)
		if err != nil {
			return err
		}
		cur = fresh
	}
	b := batch{l: l, tx: tx, shard: cur.shard, origin: cur.origin, indexed: cur.indexed, tree: cur.tree.Clone(), time: cur.lastTime, numbers: map[string]int64{}}
	if err := b.prepare(items); err != nil {
		return err
	}
	for _, x := range items {
		if err := b.add(x.(*item)); err != nil {
			return err
		}
	}
	b.flush()
	next := &state{shard: cur.shard, origin: cur.origin, tree: b.tree, root: b.tree.Root(), lastTime: b.time, leaseEnd: tx.Now().Add(lease).UnixMicro()}
	if next.indexed = b.tree.Size() / word.Run * word.Run; next.indexed > cur.indexed {
		if err := b.index(cur.indexed, next.indexed); err != nil {
			return err
		}
	}
	n, err := tx.Data.Exec("update audit_shard set size = $1, root = $2, last_time = $3, lease_until = $4, indexed = $5 where shard = $6 and size = $7 and holder = $8",
		next.tree.Size(), next.root[:], next.lastTime, next.leaseEnd, next.indexed, next.shard, cur.tree.Size(), l.holder)
	if err != nil {
		return err
	}
	if n != 1 {
		return errMoved
	}
	tx.AfterCommit(func() {
		l.stale = false
		l.durable.Store(next)
		b.remember()
		for _, x := range items {
			p := x.(*item).pending
			p.index.Store(p.given + 1)
		}
	})
	return nil
}

// maxNumbers bounds the memory of newest numbers per subject (about 10 MB).
const maxNumbers = 1 << 16

type batch struct {
	l       *Log
	tx      *db.Tx
	shard   int64
	origin  string
	indexed int64
	tree    *proof.Tree
	time    int64
	numbers map[string]int64 // newest number per subject in this batch; -1 after an erasure

	entries []any // arguments of rows that are not written yet
	sides   []any
	arena   []byte
}

// The columns of one row, in the order of the inserts.
const (
	entryColumns = 9
	sideColumns  = 5
)

var (
	insertEntry = db.NewInsert("insert into audit_entry (position, leaf, time, action, decision, actor, purpose, interaction, controller)", entryColumns, "")
	insertSide  = db.NewInsert("insert into audit_detail (position, salt, subject, n, detail_sealed)", sideColumns, "")
)

// chunks are the numbers of things that one question may be about: few texts, so that
// engines keep all of them prepared.
var chunks = [...]int{32, 16, 8, 4, 2, 1}

// remember takes the numbers of a committed batch over.
func (b *batch) remember() {
	if len(b.l.numbers) > maxNumbers {
		b.l.numbers = nil // and read again what has to be known
		return
	}
	for subject, n := range b.numbers {
		if n < 0 {
			delete(b.l.numbers, subject)
		} else {
			b.l.numbers[subject] = n
		}
	}
}

// prepare looks up the newest number of each subject that is not remembered. Those of the
// entries that are not indexed are always remembered.
func (b *batch) prepare(items []any) error {
	if b.l.numbers == nil {
		numbers, err := newestOf(b.tx, b.shard, b.indexed)
		if err != nil {
			return err
		}
		b.l.numbers = numbers
	}
	var unknown []string
	for _, x := range items {
		it := x.(*item)
		if it.subject == "" {
			continue
		}
		if _, ok := b.numbers[it.subject]; ok {
			continue
		}
		n, ok := b.l.numbers[it.subject]
		b.numbers[it.subject] = n
		if !ok && !it.first {
			unknown = append(unknown, it.subject)
		}
	}
	for _, size := range chunks {
		for ; len(unknown) >= size; unknown = unknown[size:] {
			if err := b.newest(unknown[:size]); err != nil {
				return err
			}
		}
	}
	return nil
}

// add gives an item its index and puts its leaf into the tree.
func (b *batch) add(it *item) error {
	if it.erase != "" {
		return b.eraseDetails(it)
	}
	if it.subject != "" {
		if err := it.commit(); err != nil {
			return err
		}
		n := max(b.numbers[it.subject], 0) + 1
		b.numbers[it.subject] = n
		it.leaf.SubjectCommitment = proof.SubjectCommitment(it.salt, it.subject, n)
	}
	index, err := b.put(it)
	if err != nil {
		return err
	}
	if it.subject != "" {
		var sealed any
		if it.sealed != nil {
			sealed = it.sealed
		}
		b.sides = append(b.sides, position(b.shard, index), it.salt, it.subject, b.numbers[it.subject], sealed)
	}
	return nil
}

// put appends the item's leaf as it is now.
func (b *batch) put(it *item) (index int64, err error) {
	leaf := &it.leaf
	leaf.Skew = 0
	if leaf.Time = it.time; leaf.Time < b.time {
		// The clock went back. Order in the log is the order of writing, so time stands
		// still, and the leaf says by how much the clock was behind.
		leaf.Time, leaf.Skew = b.time, b.time-it.time
	}
	start := len(b.arena)
	if b.arena, err = leaf.Append(b.arena); err != nil {
		return 0, errs.Wrap(errs.Internal, "audit.leaf_refused", err).With("action", leaf.Action)
	}
	text := b.arena[start:len(b.arena):len(b.arena)]
	b.time = leaf.Time
	index = b.tree.Size()
	b.tree.Append(proof.LeafHash(text), b.tile)
	b.entries = append(b.entries, position(b.shard, index), text, leaf.Time, leaf.Action, leaf.Decision, leaf.Actor,
		orNull(leaf.Purpose), orNull(leaf.Interaction), orNull(leaf.Controller))
	it.pending.given = uint64(index)
	if it.pending.then != nil {
		err = it.pending.then(b.tx, it.pending.given)
	}
	return index, err
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// tile stores a tile that became full. Partial tiles follow from the leaves and are only
// stored when a checkpoint needs them (Sign).
func (b *batch) tile(level int, number int64, hashes []byte) {
	putTile(b.tx, b.shard, level, number, hashes)
}

func putTile(tx *db.Tx, shard int64, level int, number int64, hashes []byte) {
	tx.Data.Queue("insert into audit_tile (tile, hashes) values ($1, $2) on conflict (tile) do update set hashes = excluded.hashes",
		tileKey(shard, proof.TileRef{Level: level, Number: number}), hashes)
}

// flush writes the rows gathered so far.
func (b *batch) flush() {
	b.tx.Data.QueueRows(insertEntry, b.entries...)
	b.tx.Data.QueueRows(insertSide, b.sides...)
	b.entries, b.sides = nil, nil
}

// runsPerLeaf keeps an erasure leaf under 4 KiB: a run takes at most 16 bytes, the other
// texts of a leaf less than 2 KiB.
const runsPerLeaf = 120

// eraseDetails deletes what links entries to a subject and appends the leaves that say so.
func (b *batch) eraseDetails(it *item) error {
	b.flush() // entries of this batch that came before are to be found as well
	found, err := deleteSubject(b.tx, it.erase)
	if err != nil {
		return err
	}
	b.numbers[it.erase] = -1
	covers, err := b.covers(found)
	if err != nil {
		return err
	}
	for {
		it.leaf.Covers = nil
		it.leaf.Count = 0
		room := runsPerLeaf
		for len(covers) > 0 && room > 0 {
			c := covers[0]
			if len(c.Runs) > room {
				c.Runs = c.Runs[:room]
				covers[0].Runs = covers[0].Runs[room:]
			} else {
				covers = covers[1:]
			}
			room -= len(c.Runs) + 8 // an origin takes as much as eight runs
			for _, r := range c.Runs {
				it.leaf.Count += r.Count
			}
			it.leaf.Covers = append(it.leaf.Covers, c)
		}
		if _, err := b.put(it); err != nil {
			return err
		}
		if len(covers) == 0 {
			return nil
		}
	}
}

// covers turns positions into runs per log.
func (b *batch) covers(positions []int64) ([]proof.Cover, error) {
	var covers []proof.Cover
	last := int64(-1)
	for _, p := range positions {
		shard, index := split(p)
		if shard != last {
			origin := b.origin
			if shard != b.shard {
				err := b.tx.Data.Row("select origin from audit_shard where shard = $1", shard).Scan(&origin)
				if errors.Is(err, db.ErrNoRows) {
					return nil, tampered("", index, proof.ShardMissing)
				}
				if err != nil {
					return nil, err
				}
			}
			covers = append(covers, proof.Cover{Origin: origin})
			last = shard
		}
		runs := &covers[len(covers)-1].Runs
		if n := len(*runs); n > 0 && (*runs)[n-1].From+(*runs)[n-1].Count == index {
			(*runs)[n-1].Count++
		} else {
			*runs = append(*runs, proof.Run{From: index, Count: 1})
		}
	}
	return covers, nil
}

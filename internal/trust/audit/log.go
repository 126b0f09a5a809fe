package audit

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/proof"
)

// Options say whose log it is.
type Options struct {
	// Deployment is the id of the installation, a token without slash; the origins of its
	// logs begin with it and its log key bears it as name.
	Deployment string
	// Node names this writer among the deployment's nodes; empty means "main". Two running
	// nodes must not share a name: the second waits for the first one's lease to end and
	// refuses to start (audit.lease_held) if it does not.
	Node string
	// Actor is the machine duty in whose name the log writes of itself.
	Actor actor.Actor
	// SignEvery is how often a changed log is signed; 0 means 250 ms, negative means only
	// on demand and at Close, and then the witnesses are asked only on demand too.
	SignEvery time.Duration
	// Continue, when set, closes the log this node wrote so far and begins a new one, whose
	// first leaf is log.continue with the old one's last state. It is a word that says why:
	// "restore" after a backup was put back, "key" when the log key was replaced. To be set
	// for one start only.
	Continue string
	// Witnesses cosign checkpoints; the zero value is none.
	Witnesses cosign.Witnesses
}

// lease is how long a node may write its log without renewing.
const lease = 10 * time.Second

// positionBits: a position is the log's number times 2^40 plus the index.
const positionBits = 40

func position(shard, index int64) int64 { return shard<<positionBits | index }

func split(position int64) (shard, index int64) {
	return position >> positionBits, position & (1<<positionBits - 1)
}

func tileKey(shard int64, ref proof.TileRef) int64 {
	return shard<<positionBits | int64(ref.Level)<<33 | ref.Number
}

// state is what is durable of the log this node writes. It is never changed, only
// replaced.
type state struct {
	shard    int64
	origin   string
	tree     *proof.Tree
	root     proof.Hash
	lastTime int64
	leaseEnd int64
	indexed  int64 // entries below are in audit_index
}

// Log is the log of this node.
type Log struct {
	db     *db.DB
	o      Options
	holder string // this process, in the lease

	sealer Sealer
	signer Signer

	durable atomic.Pointer[state]
	stale   bool             // of the writer's goroutine: the head in the database is not ours
	numbers map[string]int64 // of the writer's goroutine: newest number per subject; nil: to be read again

	ahead chan *item // entries whose commitments can be made ahead

	signing  sync.Mutex
	signed   atomic.Pointer[checkpoint]
	anchored proof.Checkpoint // under signing: what the keys store is known to remember of this log
	kept     int64            // time of the newest checkpoint that is kept for good

	found atomic.Pointer[Finding] // what Watch has found

	witnesses *cosign.Circle
	cosigned  atomic.Pointer[cosigned]

	stop    context.CancelFunc
	stopped chan struct{}
}

type checkpoint struct {
	proof.Checkpoint
	time int64
	note []byte
}

// New makes the log and registers its hook; call it before the first Write. Until Start
// has returned, Append refuses (audit.not_started).
func New(d *db.DB, o Options) *Log {
	o.Node, o.SignEvery = cmp.Or(o.Node, "main"), cmp.Or(o.SignEvery, 250*time.Millisecond)
	l := &Log{db: d, o: o, holder: id.Letters(), ahead: make(chan *item, 256), witnesses: cosign.New(o.Witnesses)}
	d.BeforeCommit(l, l.extend)
	return l
}

// Origin is the name of the log that this node writes; empty before Start.
func (l *Log) Origin() string {
	if s := l.durable.Load(); s != nil {
		return s.origin
	}
	return ""
}

// Size is the number of durable entries in the log that this node writes.
func (l *Log) Size() int64 {
	if s := l.durable.Load(); s != nil {
		return s.tree.Size()
	}
	return 0
}

// VerifierKey is the line by which an outsider knows the deployment's log key. It is to
// be kept where the operator cannot change it. It is empty before Start.
func (l *Log) VerifierKey() string {
	if l.signer == nil {
		return ""
	}
	return proof.VerifierKey(l.o.Deployment, l.signer.Public())
}

// Start checks what is stored against the last signed checkpoint and against what the keys
// store remembers of it, takes the log's lease, writes log.start (or log.continue) and begins
// to sign. A log that does not fit is refused with audit.tampered, one that is shorter than
// the keys store remembers with audit.behind, both with the first bad index in the argument
// "index"; nothing is signed then.
func (l *Log) Start(ctx context.Context, sealer Sealer, signer Signer) error {
	if !proof.IsToken(l.o.Deployment) || !proof.IsToken(l.o.Node) || len(l.o.Deployment)+len(l.o.Node) > 80 {
		return errs.New(errs.Invalid, "audit.bad_name")
	}
	if l.stop != nil {
		return errs.New(errs.Conflict, "audit.already_started")
	}
	l.sealer, l.signer = sealer, signer
	s, closed, err := l.take(ctx)
	if err != nil {
		return err
	}
	l.durable.Store(s)
	if err := l.begin(ctx, closed); err != nil {
		l.durable.Store(nil)
		l.signed.Store(nil)
		return err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop, l.stopped = stop, make(chan struct{})
	go l.loop(run)
	go l.commitAhead(run)
	return nil
}

// begin writes the first leaves of this start. What a crash has left unsigned, or an empty
// log, is signed before them: their time is another, and every entry is to be written under a
// checkpoint that is hardly older.
func (l *Log) begin(ctx context.Context, closed []proof.Leaf) error {
	if err := l.Sign(ctx); err != nil {
		return err
	}
	first := closed
	if len(first) == 0 {
		first = []proof.Leaf{{Action: "log.start"}}
	}
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		tx.Keys.Queue(openAnchor, l.Origin())
		for _, leaf := range first {
			leaf.Decision = string(Done)
			l.fill(&leaf, l.o.Actor)
			l.stage(tx, &item{leaf: leaf, time: tx.Now().UnixMicro()})
		}
		return nil
	})
	if err == nil {
		err = l.Sign(ctx)
	}
	if err == nil && len(closed) > 0 {
		err = l.reanchor(ctx)
	}
	return err
}

// commitAhead makes commitments while the writer goes on.
func (l *Log) commitAhead(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case it := <-l.ahead:
			_ = it.commit() // the hook asks again and is told the error
		}
	}
}

// loop signs what changed, renews the lease and shows checkpoints to the witnesses.
func (l *Log) loop(ctx context.Context) {
	defer close(l.stopped)
	every := l.o.SignEvery
	if every < 0 {
		every = lease / 4
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var witnessing sync.WaitGroup
	defer witnessing.Wait()
	trouble := map[string]string{}
	report := func(what string, err error) {
		code := ""
		if err != nil && ctx.Err() == nil {
			code = errs.Of(err).Code
		}
		if code != "" && code != trouble[what] { // once, not four times a second
			slog.Error("audit log", slog.String("trouble", what), slog.String("code", code))
		}
		trouble[what] = code
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if l.o.SignEvery > 0 {
			report("not signed", l.Sign(ctx))
		}
		report("lease not renewed", l.renew(ctx))
		if l.o.SignEvery > 0 && l.witnesses.Due(l.db.Now()) {
			witnessing.Go(func() { _ = l.AskWitnesses(ctx) }) // how each stands is in Health, and in the log when that changes
		}
	}
}

// Close signs a last checkpoint and gives the lease back. Entries that come later are
// refused.
func (l *Log) Close(ctx context.Context) error {
	if l.stop == nil {
		return nil
	}
	l.stop()
	<-l.stopped
	err := l.Sign(ctx)
	s := l.durable.Load()
	l.durable.Store(nil)
	l.stop = nil
	return errors.Join(err, l.db.Write(ctx, func(tx *db.Tx) error {
		tx.Keys.Queue(closeAnchor, s.origin, s.tree.Size())
		_, err := tx.Data.Exec("update audit_shard set lease_until = 0 where shard = $1 and holder = $2", s.shard, l.holder)
		return err
	}))
}

// renew writes the lease when no commit has done so for a while.
func (l *Log) renew(ctx context.Context) error {
	s := l.durable.Load()
	if s.leaseEnd-l.db.Now().UnixMicro() > (lease / 2).Microseconds() {
		return nil
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		end := tx.Now().Add(lease).UnixMicro()
		n, err := tx.Data.Exec("update audit_shard set lease_until = $1 where shard = $2 and holder = $3", end, s.shard, l.holder)
		if err == nil && n != 1 {
			err = errs.New(errs.Unavailable, "audit.lease_lost")
		}
		if err != nil {
			return err
		}
		tx.AfterCommit(func() {
			c := *l.durable.Load()
			c.leaseEnd = end
			l.durable.Store(&c)
		})
		return nil
	})
}

// signers of a checkpoint: under the log's own origin, as the specification wishes, and
// under the deployment's name, which is the one key an outsider needs to hold.
func (l *Log) signers(origin string) []note.Signer {
	public := l.signer.Public()
	return []note.Signer{
		proof.LogSigner(origin, public, l.signer.Sign),
		proof.LogSigner(l.o.Deployment, public, l.signer.Sign),
	}
}

// thin is how far apart checkpoints are kept that no witness has seen. After a day one an
// hour is kept, witnessed if there is one: enough to tell from when on a log was rewritten.
const (
	thin     = time.Minute
	thinHour = `delete from audit_checkpoint where position >= $1 and position < $2 and time >= $3 and time < $4 and position <> coalesce(
		(select max(position) from audit_checkpoint where position >= $1 and position < $2 and time >= $3 and time < $4 and witnessed > 0),
		(select max(position) from audit_checkpoint where position >= $1 and position < $2 and time >= $3 and time < $4))`
)

// Sign signs the present state if it is not signed yet, and has the keys store remember it.
func (l *Log) Sign(ctx context.Context) error {
	l.signing.Lock()
	defer l.signing.Unlock()
	s, last := l.durable.Load(), l.signed.Load()
	if s == nil {
		return errs.New(errs.Unavailable, "audit.not_started")
	}
	if last != nil && last.Origin == s.origin && last.Size == s.tree.Size() {
		if last.Size == 0 || l.anchored == last.Checkpoint {
			return nil
		}
		return l.anchor(ctx, last.Checkpoint)
	}
	c := proof.Checkpoint{Origin: s.origin, Size: s.tree.Size(), Root: s.root}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, l.signers(s.origin)...)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "audit.not_signed", err)
	}
	now := l.db.Now().UnixMicro()
	drop := last != nil && last.Origin == s.origin && last.time-l.kept < thin.Microseconds()
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		end := tx.Now().Add(lease).UnixMicro()
		// Whoever lost the lease must not publish: another node may have gone on.
		n, err := tx.Data.Exec("update audit_shard set lease_until = $1 where shard = $2 and holder = $3", end, s.shard, l.holder)
		if err == nil && n != 1 {
			err = errs.New(errs.Unavailable, "audit.lease_lost")
		}
		if err != nil {
			return err
		}
		tx.Data.Queue("insert into audit_checkpoint (position, root, time, note, witnessed) values ($1, $2, $3, $4, 0) on conflict (position) do nothing",
			position(s.shard, c.Size), c.Root[:], now, msg)
		// Partial tiles of the state as it is when this runs: it is the signed one or a later
		// one, and the hook of this very batch may fill them up after this.
		l.durable.Load().tree.Partial(func(level int, number int64, hashes []byte) { putTile(tx, s.shard, level, number, hashes) })
		if hour := time.Hour.Microseconds(); last != nil && last.Origin == s.origin && last.time/hour != now/hour {
			yesterday := (now/hour - 24) * hour
			tx.Data.Queue(thinHour, position(s.shard, 0), position(s.shard+1, 0), yesterday, yesterday+hour)
		}
		if drop {
			tx.Data.Queue("delete from audit_checkpoint where position = $1 and witnessed = 0", position(s.shard, last.Size))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !drop && last != nil {
		l.kept = last.time
	}
	l.signed.Store(&checkpoint{c, now, msg})
	if c.Size == 0 {
		return nil
	}
	return l.anchor(ctx, c)
}

// Checkpoint is the newest signed checkpoint of the log that this node writes.
func (l *Log) Checkpoint() []byte {
	if c := l.signed.Load(); c != nil {
		return c.note
	}
	return nil
}

// take finds or makes the log this node is to write, takes its lease and checks it. closed are
// the leaves with which it goes on from others.
func (l *Log) take(ctx context.Context) (s *state, closed []proof.Leaf, err error) {
	deadline := l.db.Now().Add(lease + time.Second)
	for {
		row, err := l.claim(ctx)
		if err == nil {
			return l.verified(ctx, row)
		}
		if errs.Of(err).Code != "audit.lease_held" || l.db.Now().After(deadline) {
			return nil, nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

type shardRow struct {
	shard                            int64
	origin, node, verifier, holder   string
	size, lastTime, leaseEnd, closed int64
	indexed                          int64
	root                             []byte
}

const selectShard = "select shard, origin, node, verifier, size, root, last_time, holder, lease_until, closed, indexed from audit_shard "

func (r *shardRow) scan(row db.Row) error {
	return row.Scan(&r.shard, &r.origin, &r.node, &r.verifier, &r.size, &r.root, &r.lastTime, &r.holder, &r.leaseEnd, &r.closed, &r.indexed)
}

// claim takes the lease of this node's open log, or makes one.
func (l *Log) claim(ctx context.Context) (row shardRow, err error) {
	verifier := l.VerifierKey()
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		row = shardRow{}
		err := row.scan(tx.Data.Row(selectShard+"where node = $1 and closed = 0", l.o.Node))
		if errors.Is(err, db.ErrNoRows) {
			row, err = l.open(tx, verifier)
			return err
		}
		if err != nil {
			return err
		}
		// A process that holds the data folder of SQLite is alone with it, so a lease that is
		// still running was left by one that died.
		if row.leaseEnd > now && row.holder != l.holder && tx.Dialect() != db.SQLite {
			return errs.New(errs.Conflict, "audit.lease_held").With("node", l.o.Node)
		}
		if row.verifier != verifier && l.o.Continue == "" {
			return errs.New(errs.Conflict, "audit.key_changed")
		}
		row.leaseEnd = tx.Now().Add(lease).UnixMicro()
		_, err = tx.Data.Exec("update audit_shard set holder = $1, lease_until = $2 where shard = $3", l.holder, row.leaseEnd, row.shard)
		return err
	})
	return row, err
}

// open makes a new log for this node.
func (l *Log) open(tx *db.Tx, verifier string) (shardRow, error) {
	var highest int64
	if err := tx.Data.Row("select coalesce(max(shard), 0) from audit_shard").Scan(&highest); err != nil {
		return shardRow{}, err
	}
	empty := (&proof.Tree{}).Root()
	row := shardRow{
		shard: highest + 1, origin: l.o.Deployment + "/" + l.o.Node + "/" + id.Letters(), node: l.o.Node, verifier: verifier,
		holder: l.holder, leaseEnd: tx.Now().Add(lease).UnixMicro(), root: empty[:],
	}
	_, err := tx.Data.Exec("insert into audit_shard (shard, origin, node, verifier, size, root, last_time, holder, lease_until, started, closed, indexed) values ($1, $2, $3, $4, 0, $5, 0, $6, $7, $8, 0, 0)",
		row.shard, row.origin, row.node, row.verifier, row.root, row.holder, row.leaseEnd, tx.Now().UnixMicro())
	return row, err
}

// verified checks a claimed log and, if it is to be continued, closes it and opens the next.
func (l *Log) verified(ctx context.Context, row shardRow) (s *state, closed []proof.Leaf, err error) {
	public, err := publicKey(row.verifier)
	if err != nil {
		return nil, nil, err
	}
	short, err := l.compareAnchors(ctx)
	if err == nil && len(short) > 0 && l.o.Continue == "" {
		first := short[0]
		return nil, nil, errs.New(errs.Conflict, "audit.behind").With("log", first.origin).With("index", first.have).With("size", first.signed)
	}
	if err == nil {
		err = l.db.Read(ctx, func(tx *db.Tx) error {
			var newest *checkpoint
			if s, newest, err = l.load(tx, row, public); err == nil && newest != nil {
				l.signed.Store(newest)
			}
			return err
		})
	}
	if err != nil {
		return nil, nil, l.tampered(ctx, err)
	}
	if l.o.Continue == "" {
		return s, nil, nil
	}
	if !proof.IsToken(l.o.Continue) {
		return nil, nil, errs.New(errs.Invalid, "audit.not_plain").With("field", "continue")
	}
	var next shardRow
	err = l.db.Write(ctx, func(tx *db.Tx) (err error) {
		next, closed, err = l.continues(tx, row, short)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if next.shard != row.shard {
		s = next.state(&proof.Tree{})
		l.signed.Store(nil)
	}
	return s, closed, nil
}

// continues closes every open log of the deployment that holds anything, opens one for this
// node, and makes the leaves that say of each where it ended and how many entries of it are
// lost. It may be done again after a crash: what was closed and is whole is left alone.
func (l *Log) continues(tx *db.Tx, own shardRow, short []lost) (next shardRow, closed []proof.Leaf, err error) {
	rows, err := shards(tx)
	if err != nil {
		return own, nil, err
	}
	now := tx.Now().UnixMicro()
	next = own
	say := func(origin string, size int64, root []byte, gone int64) {
		closed = append(closed, proof.Leaf{Action: "log.continue", Reason: l.o.Continue, Previous: &proof.Previous{Origin: origin, Size: size, Root: root}, Count: gone})
	}
	for _, r := range rows {
		i := slices.IndexFunc(short, func(s lost) bool { return s.origin == r.origin })
		if i < 0 && (r.closed != 0 || r.size == 0) {
			continue
		}
		if r.node != own.node && r.closed == 0 && r.leaseEnd > now && tx.Dialect() != db.SQLite {
			return own, nil, errs.New(errs.Conflict, "audit.lease_held").With("node", r.node)
		}
		gone := int64(0)
		if i >= 0 {
			gone = short[i].signed - short[i].have
			short = slices.Delete(slices.Clone(short), i, i+1)
		}
		say(r.origin, r.size, r.root, gone)
		if r.closed == 0 {
			tx.Data.Queue("update audit_shard set closed = $1 where shard = $2", now, r.shard)
		}
		if r.shard == own.shard {
			next.closed = now
		}
	}
	empty := (&proof.Tree{}).Root()
	for _, s := range short { // logs that the database has never heard of
		say(s.origin, 0, empty[:], s.signed)
	}
	if next.closed != 0 {
		next, err = l.open(tx, l.VerifierKey())
	}
	return next, closed, err
}

func publicKey(verifier string) (*proof.Policy, error) {
	p, err := proof.TrustKey(verifier)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "audit.key_unreadable", err)
	}
	return p, nil
}

// tampered looks for the first bad index of a log that did not fit, which may take a
// while: the quick check only knows the neighbourhood.
func (l *Log) tampered(ctx context.Context, err error) error {
	if errs.Of(err).Code != "audit.tampered" {
		return err
	}
	r, verr := Verify(ctx, l.db, proof.Options{})
	if verr != nil || r.OK() {
		return err
	}
	f := r.Faults[0]
	return tampered(f.Origin, f.Index, f.Class)
}

func tampered(origin string, index int64, class proof.Class) *errs.E {
	return errs.New(errs.Conflict, "audit.tampered").With("log", origin).With("index", index).With("class", string(class))
}

// KeySigner is a Signer with an Ed25519 key in memory.
type KeySigner struct{ Key ed25519.PrivateKey }

// Public implements Signer.
func (s KeySigner) Public() ed25519.PublicKey { return s.Key.Public().(ed25519.PublicKey) }

// Sign implements Signer.
func (s KeySigner) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.Key, message), nil }

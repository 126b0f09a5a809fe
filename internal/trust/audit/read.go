package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/proof"
)

// Reading the log is itself logged: each verb here first commits an audit.read entry in
// the reader's name, then reads in a snapshot of its own, outside the writer, so that a
// long search holds nobody up. Who may read is the caller's question, not this room's; for
// whose controllers, he says in Query.Controllers, and what was done for another is then
// not there: not in a page, not in its cursor, not under its index.

// Query says which entries are wanted. Empty fields ask for nothing.
type Query struct {
	From, To    time.Time // To is exclusive
	Action      string
	Actor       string // id
	Decision    Decision
	Purpose     string
	Interaction string
	Subject     string // sub_ id: also entries whose other fields say nothing of it
	Except      string // an action whose entries are left out
	// Controllers are those whose entries may be found, beside the entries that were made for
	// none; empty but not nil finds only these. nil finds all: for duties, never for people.
	Controllers []string
	After       string // cursor: Page.Next of the page before
	Limit       int    // 1 to 200; 0 means 50
}

// Found is an entry that was read.
type Found struct {
	Origin  string // log
	Index   uint64
	Leaf    proof.Leaf
	Subject string // empty if the entry has none or it was erased
	N       int64  // running number of the subject's entries in this log
	Sealed  []byte // detail under the subject's key; open it with trust/keyring: Ref{Table: "audit_detail", Column: "detail_sealed", Row: DetailRow(Leaf.DetailCommitment), Subject: Subject}
	Time    time.Time
}

// Page is some entries, newest first.
type Page struct {
	Entries []Found
	Next    string // cursor of the next page; empty when there is none
}

// read commits the entry that says who reads what. What was looked for among the entries of
// one controller only is an entry of that controller.
func (l *Log) read(ctx context.Context, a actor.Actor, e Entry, controllers []string) error {
	e.Action, e.Decision, e.Actor = "audit.read", Done, a
	if len(controllers) == 1 {
		e.Controller = controllers[0]
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := l.Append(tx, e)
		return err
	})
}

// Search finds entries, newest first over all logs of the deployment. With Query.Subject it
// is that subject's trail, in which the reading itself shows up.
func (l *Log) Search(ctx context.Context, a actor.Actor, q Query) (page Page, err error) {
	after, err := parseCursor(q.After)
	if err != nil {
		return page, err
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > 200 {
		return page, errs.New(errs.Invalid, "audit.bad_query").With("field", "limit")
	}
	filters, err := q.filters()
	if err != nil {
		return page, err
	}
	for _, c := range q.Controllers {
		if !proof.IsToken(c) {
			return page, errs.New(errs.Invalid, "audit.bad_query").With("field", "controllers")
		}
	}
	if q.Except != "" && !proof.IsToken(q.Except) {
		return page, errs.New(errs.Invalid, "audit.bad_query").With("field", "except")
	}
	var used []string
	for _, f := range filters {
		used = append(used, f.name)
	}
	if err := l.read(ctx, a, Entry{Ref: "search", Subject: q.Subject, Fields: used}, q.Controllers); err != nil {
		return page, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		page, err = search(tx, q, filters, after)
		return err
	})
	return page, err
}

type filter struct {
	name, column string
	value        string
}

func (q Query) filters() ([]filter, error) {
	var list []filter
	for _, f := range []filter{
		{"subject", "d.subject", q.Subject}, {"interaction", "e.interaction", q.Interaction}, {"actor", "e.actor", q.Actor},
		{"action", "e.action", q.Action}, {"decision", "e.decision", string(q.Decision)}, {"purpose", "e.purpose", q.Purpose},
	} {
		if f.value == "" {
			continue
		}
		if !proof.IsToken(f.value) {
			return nil, errs.New(errs.Invalid, "audit.bad_query").With("field", f.name)
		}
		list = append(list, f)
	}
	return list, nil
}

// cursor is the last entry of a page.
type cursor struct{ time, position int64 }

func (c cursor) String() string {
	return strconv.FormatInt(c.time, 36) + "-" + strconv.FormatInt(c.position, 36)
}

func parseCursor(s string) (c cursor, err error) {
	if s == "" {
		return c, nil
	}
	t, p, _ := strings.Cut(s, "-")
	c.time, err = strconv.ParseInt(t, 36, 64)
	if err == nil {
		c.position, err = strconv.ParseInt(p, 36, 64)
	}
	if err != nil || c.time < 0 || c.position < 0 {
		return cursor{}, errs.New(errs.Invalid, "audit.bad_query").With("field", "after")
	}
	return c, nil
}

// before orders entries newest first.
func (c cursor) before(d cursor) bool {
	return c.time > d.time || c.time == d.time && c.position > d.position
}

func search(tx *db.Tx, q Query, filters []filter, after cursor) (page Page, err error) {
	rows, err := shards(tx)
	if err != nil {
		return page, err
	}
	type hit struct {
		cursor
		found  found
		origin string
	}
	var hits []hit
	for _, row := range rows {
		lo, hi := int64(0), row.size
		if !q.From.IsZero() {
			if lo, err = firstAt(tx, row, q.From.UnixMicro()); err != nil {
				return page, err
			}
		}
		if !q.To.IsZero() {
			if hi, err = firstAt(tx, row, q.To.UnixMicro()); err != nil {
				return page, err
			}
		}
		if q.After != "" {
			end, err := firstAt(tx, row, after.time+1)
			if err != nil {
				return page, err
			}
			hi = min(hi, end)
		}
		if lo >= hi {
			continue
		}
		err = look(tx, row, filters, q, lo, hi, after, q.Limit+1, func(f found) {
			hits = append(hits, hit{cursor{f.time, f.position}, f, row.origin})
		})
		if err != nil {
			return page, err
		}
	}
	sort.Slice(hits, func(i, j int) bool { return hits[i].before(hits[j].cursor) })
	if len(hits) > q.Limit {
		hits = hits[:q.Limit]
		page.Next = hits[q.Limit-1].cursor.String()
	}
	for _, h := range hits {
		e, err := h.found.entry(h.origin)
		if err != nil {
			return page, err
		}
		page.Entries = append(page.Entries, e)
	}
	return page, nil
}

// look finds entries lo..hi of one log, newest first and at most so many: first among those
// that are not indexed, then by the index if it knows a word of a filter.
func look(tx *db.Tx, row shardRow, filters []filter, q Query, lo, hi int64, after cursor, most int, each func(found)) error {
	part := func(where positions) error {
		sql, args := searchSQL(filters, q, after, where)
		args = append(args, most)
		return tx.Data.Rows(sql+" limit $"+strconv.Itoa(len(args)), args, func(r db.Row) error {
			var f found
			err := f.scan(r)
			each(f)
			most--
			return err
		})
	}
	word := ""
	for _, f := range filters {
		if word = f.word(); word != "" {
			break
		}
	}
	recent := lo
	if word != "" {
		recent = max(lo, row.indexed)
	}
	if recent < hi {
		if err := part(between{position(row.shard, recent), position(row.shard, hi)}); err != nil {
			return err
		}
	}
	if lo >= recent || most <= 0 {
		return nil
	}
	return postings(tx, word, position(row.shard, lo), position(row.shard, min(hi, row.indexed)), func(at []int64) (bool, error) {
		for _, size := range chunks {
			for ; len(at) >= size && most > 0; at = at[size:] {
				if err := part(among(at[:size])); err != nil {
					return false, err
				}
			}
		}
		return most > 0, nil
	})
}

// positions say where a search looks.
type positions interface {
	where(column string, arg func(any) string) string
}

// between is from a position to before another.
type between struct{ lo, hi int64 }

func (p between) where(column string, arg func(any) string) string {
	return column + " >= " + arg(p.lo) + " and " + column + " < " + arg(p.hi)
}

// among is some positions.
type among []int64

func (p among) where(column string, arg func(any) string) string {
	in := make([]string, len(p))
	for i, at := range p {
		in[i] = arg(at)
	}
	return column + " in (" + strings.Join(in, ", ") + ")"
}

// searchSQL is one part of a search. The texts are as many as there are sets of filters and
// sizes of chunks; values are arguments. Of q it takes what no index knows.
func searchSQL(filters []filter, q Query, after cursor, where positions) (string, []any) {
	var b strings.Builder
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	b.WriteString(selectFound)
	at := "e.position"
	if len(filters) > 0 && filters[0].name == "subject" {
		at = "d.position"
		b.WriteString("from audit_detail d join audit_entry e on e.position = d.position where ")
	} else {
		b.WriteString("from audit_entry e left join audit_detail d on d.position = e.position where ")
	}
	b.WriteString(where.where(at, arg))
	if after != (cursor{}) {
		t := arg(after.time)
		b.WriteString(" and (e.time < " + t + " or e.time = " + t + " and e.position < " + arg(after.position) + ")")
	}
	for _, f := range filters {
		b.WriteString(" and " + f.column + " = " + arg(f.value))
	}
	if q.Except != "" {
		b.WriteString(" and e.action <> " + arg(q.Except))
	}
	if q.Controllers != nil {
		b.WriteString(" and (e.controller is null")
		for _, c := range q.Controllers {
			b.WriteString(" or e.controller = " + arg(c))
		}
		b.WriteByte(')')
	}
	b.WriteString(" order by " + at + " desc")
	return b.String(), args
}

const selectFound = `select e.position, e.leaf, e.time, e.action, e.decision, e.actor, coalesce(e.purpose, ''), coalesce(e.interaction, ''),
	coalesce(e.controller, ''), d.salt, d.subject, d.n, d.detail_sealed `

// firstAt is the index of the first leaf at or after a time. Time never runs back in a
// log, so no index over it is needed.
func firstAt(tx *db.Tx, row shardRow, t int64) (int64, error) {
	if row.lastTime < t {
		return row.size, nil
	}
	var err error
	i := sort.Search(int(row.size), func(i int) bool {
		var at int64
		if err == nil {
			err = tx.Data.Row("select time from audit_entry where position = $1", position(row.shard, int64(i))).Scan(&at)
		}
		return err != nil || at >= t
	})
	if errors.Is(err, db.ErrNoRows) {
		return 0, tampered(row.origin, 0, proof.LeafDeleted)
	}
	return int64(i), err
}

// found is a row of selectFound.
type found struct {
	position                         int64
	leaf                             []byte
	time                             int64
	action, decision, actor, purpose string
	interaction, controller          string
	salt                             []byte
	subject                          *string
	n                                *int64
	sealed                           []byte
}

func (e *found) scan(r db.Row) error {
	return r.Scan(&e.position, &e.leaf, &e.time, &e.action, &e.decision, &e.actor, &e.purpose, &e.interaction, &e.controller, &e.salt, &e.subject, &e.n, &e.sealed)
}

// fits compares the columns that are searched with the leaf.
func (e *found) fits(l *proof.Leaf) bool {
	return e.time == l.Time && e.action == l.Action && e.decision == l.Decision && e.actor == l.Actor &&
		e.purpose == l.Purpose && e.interaction == l.Interaction && e.controller == l.Controller
}

func (e *found) entry(origin string) (Found, error) {
	l, err := proof.ParseLeaf(e.leaf)
	_, index := split(e.position)
	if err != nil || !e.fits(&l) {
		return Found{}, tampered(origin, index, proof.ColumnEdited)
	}
	f := Found{Origin: origin, Index: uint64(index), Leaf: l, Sealed: e.sealed, Time: time.UnixMicro(l.Time).UTC()}
	if e.subject != nil {
		f.Subject, f.N = *e.subject, *e.n
	}
	return f, nil
}

// Entry reads one entry with the proof that it is in the log (a .tlog-proof file that
// stands alone). The proof is under a witnessed checkpoint if there is one; it is nil for
// an entry younger than the newest checkpoint: Sign, and ask again. An entry that
// Query.Controllers would keep out of a search is not found.
func (l *Log) Entry(ctx context.Context, a actor.Actor, origin string, index uint64, controllers []string) (f Found, inclusion *proof.Inclusion, err error) {
	if !proof.IsToken(origin) || index >= 1<<positionBits {
		return f, nil, errs.New(errs.NotFound, "audit.no_entry")
	}
	if err := l.read(ctx, a, Entry{Ref: origin + ":" + grouped(index)}, controllers); err != nil {
		return f, nil, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		row, err := shardOf(tx, origin)
		if err != nil {
			return err
		}
		var e found
		err = e.scan(tx.Data.Row(selectFound+"from audit_entry e left join audit_detail d on d.position = e.position where e.position = $1", position(row.shard, int64(index))))
		if errors.Is(err, db.ErrNoRows) {
			return errs.New(errs.NotFound, "audit.no_entry")
		}
		if err != nil {
			return err
		}
		read, err := e.entry(origin)
		if err != nil {
			return err
		}
		if c := read.Leaf.Controller; controllers != nil && c != "" && !slices.Contains(controllers, c) {
			return errs.New(errs.NotFound, "audit.no_entry")
		}
		f = read
		inclusion, err = prove(tx, row, int64(index))
		return err
	})
	return f, inclusion, err
}

// grouped writes a number with a dot between thousands: nine digits in a row would be
// taken for a phone number and refused.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}

func shardOf(tx *db.Tx, origin string) (row shardRow, err error) {
	err = row.scan(tx.Data.Row(selectShard+"where origin = $1", origin))
	if errors.Is(err, db.ErrNoRows) {
		err = errs.New(errs.NotFound, "audit.no_entry")
	}
	return row, err
}

// Receipt is the proof for an entry that the caller itself wrote, such as the receipt of
// a reveal: nothing is read that the caller does not know, so nothing is logged. It is
// nil while no checkpoint covers the entry.
func (l *Log) Receipt(ctx context.Context, p *Pending) (inclusion *proof.Inclusion, err error) {
	index, ok := p.Index()
	if !ok {
		return nil, nil
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		row, err := shardOf(tx, p.Origin())
		if err == nil {
			inclusion, err = prove(tx, row, int64(index))
		}
		return err
	})
	return inclusion, err
}

const selectWitnessed = "select position, note from audit_checkpoint where position >= $1 and position < $2 and witnessed > 0 order by position limit 1"

// prove makes the inclusion proof of a leaf under the oldest witnessed checkpoint that
// covers it, else under the newest one; nil if there is none.
func prove(tx *db.Tx, row shardRow, index int64) (*proof.Inclusion, error) {
	var at int64
	p := proof.Inclusion{Index: index}
	lo, hi := position(row.shard, index+1), position(row.shard+1, 0)
	err := tx.Data.Row(selectWitnessed, lo, hi).Scan(&at, &p.Checkpoint)
	if errors.Is(err, db.ErrNoRows) {
		err = tx.Data.Row("select position, note from audit_checkpoint where position >= $1 and position < $2 order by position desc limit 1", lo, hi).Scan(&at, &p.Checkpoint)
	}
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, size := split(at)
	if err := tx.Data.Row("select leaf from audit_entry where position = $1", position(row.shard, index)).Scan(&p.Extra); err != nil {
		return nil, err
	}
	p.Hashes, err = tlog.ProveRecord(size, index, proof.NewHashes(size, readTile(tx, row.shard)))
	return &p, err
}

// Manifest is the deployment's signed list of its logs.
func (l *Log) Manifest(tx *db.Tx) ([]byte, error) {
	rows, err := shards(tx)
	if err != nil {
		return nil, err
	}
	m := proof.Manifest{Deployment: l.o.Deployment, Time: tx.Now().UnixMicro()}
	for _, row := range rows {
		if row.size > 0 {
			m.Origins = append(m.Origins, row.origin)
		}
	}
	return note.Sign(&note.Note{Text: m.Text()}, l.signers(l.o.Deployment)[1])
}

// Policy is what an outsider who has nothing else is given: the log's key, and the
// witnesses that this node asks. A careful reader brings his own.
func (l *Log) Policy() []byte {
	text := "log " + l.VerifierKey() + "\n"
	for _, w := range l.o.Witnesses.List() {
		text += "witness " + w.Name + " " + w.Key.String() + "\n"
	}
	return []byte(text + "quorum none\n")
}

// Export writes a bundle of every log of the deployment, for proof.VerifyBundle and
// amanah-verify. It signs first, so that the newest entries are in it. What stands beside
// the leaves is exported sealed, with subject ids.
func (l *Log) Export(ctx context.Context, a actor.Actor, files proof.Files) error {
	if err := l.read(ctx, a, Entry{Ref: "export"}, nil); err != nil {
		return err
	}
	if err := l.Sign(ctx); err != nil {
		return err
	}
	return l.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := shards(tx)
		if err != nil {
			return err
		}
		b := proof.Bundle{Policy: l.Policy()}
		if b.Manifest, err = l.Manifest(tx); err != nil {
			return err
		}
		for _, row := range rows {
			if row.size > 0 {
				b.Logs = append(b.Logs, newStored(ctx, tx, row))
			}
		}
		return proof.WriteBundle(files, b)
	})
}

// ExportSubject writes an extract of one subject's entries, each with its proof, and of
// the erasure and retention leaves that explain gaps. open, if not nil, opens a sealed
// detail for the person it is about; it stands on a ground of its own (trust/gate).
func (l *Log) ExportSubject(ctx context.Context, a actor.Actor, subject string, files proof.Files, open func(Found) ([]byte, error)) error {
	if !proof.IsToken(subject) {
		return errs.New(errs.Invalid, "audit.bad_query").With("field", "subject")
	}
	if err := l.read(ctx, a, Entry{Ref: "export", Subject: subject}, nil); err != nil {
		return err
	}
	if err := l.Sign(ctx); err != nil {
		return err
	}
	var extracts []proof.Extract
	var manifest []byte
	var details []Found
	err := l.db.Read(ctx, func(tx *db.Tx) (err error) {
		if manifest, err = l.Manifest(tx); err != nil {
			return err
		}
		rows, err := shards(tx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			x, list, err := extract(tx, row, subject)
			if err != nil {
				return err
			}
			if len(x.Leaves) > 0 {
				extracts, details = append(extracts, x), append(details, list...)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if open != nil {
		if err := openDetails(extracts, details, open); err != nil {
			return err
		}
	}
	return proof.WriteExtract(files, l.Policy(), manifest, extracts)
}

func openDetails(extracts []proof.Extract, details []Found, open func(Found) ([]byte, error)) error {
	for _, f := range details {
		plain, err := open(f)
		if err != nil {
			return err
		}
		for _, x := range extracts {
			i := slices.IndexFunc(x.Leaves, func(e proof.ExtractLeaf) bool {
				return e.Index == int64(f.Index) && e.Side != nil && e.Side.Subject == f.Subject
			})
			if c, err := proof.ParseCheckpoint(string(x.Checkpoint)); err == nil && c.Origin == f.Origin && i >= 0 {
				x.Leaves[i].Side.Detail = plain
			}
		}
	}
	return nil
}

// extract gathers a subject's entries in one log, under its newest checkpoint.
func extract(tx *db.Tx, row shardRow, subject string) (x proof.Extract, details []Found, err error) {
	var at int64
	err = tx.Data.Row("select position, note from audit_checkpoint where position >= $1 and position < $2 order by position desc limit 1",
		position(row.shard, 0), position(row.shard+1, 0)).Scan(&at, &x.Checkpoint)
	if errors.Is(err, db.ErrNoRows) {
		return x, nil, nil
	}
	if err != nil {
		return x, nil, err
	}
	_, size := split(at)
	var list []found
	each := func(f found) { list = append(list, f) }
	about := []filter{{"subject", "d.subject", subject}}
	if err := look(tx, row, about, Query{}, 0, size, cursor{}, math.MaxInt, each); err != nil || len(list) == 0 {
		return x, nil, err
	}
	for _, action := range []string{"erasure", "retention"} {
		if err := look(tx, row, []filter{{"action", "e.action", action}}, Query{}, 0, size, cursor{}, math.MaxInt, each); err != nil {
			return x, nil, err
		}
	}
	slices.SortFunc(list, func(a, b found) int { return int(a.position - b.position) })
	hashes := proof.NewHashes(size, readTile(tx, row.shard))
	for _, e := range list {
		f, err := e.entry(row.origin)
		if err != nil {
			return x, nil, err
		}
		leaf := proof.ExtractLeaf{Index: int64(f.Index), Leaf: e.leaf}
		if leaf.Hashes, err = tlog.ProveRecord(size, leaf.Index, hashes); err != nil {
			return x, nil, fmt.Errorf("audit: proof of %d: %w", leaf.Index, err)
		}
		if f.Subject == subject {
			leaf.Side = &proof.Side{Index: leaf.Index, Salt: e.salt, Subject: f.Subject, N: f.N, Sealed: f.Sealed}
			if f.Sealed != nil {
				details = append(details, f)
			}
		}
		x.Leaves = append(x.Leaves, leaf)
	}
	return x, details, nil
}

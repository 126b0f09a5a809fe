package audit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit/word"
	"github.com/amanah-id/amanah/proof"
)

// stored is a log as it stands in the database, for package proof.
type stored struct {
	ctx    context.Context // ends a long reading
	tx     *db.Tx
	live   *db.DB   // of a log that goes on growing: each question is a transaction of its own
	notes  [][]byte // its checkpoints when its row was read
	row    shardRow
	words  *word.Sums // to be summed up, or nil
	orphan int64      // index of the first leaf that is not there and has something beside it; or -1

	from, upto int64 // the entries that were read last
	entries    []proof.Entry
	sides      []proof.Side
	columns    []proof.Columns
}

func newStored(ctx context.Context, tx *db.Tx, row shardRow) *stored {
	return &stored{ctx: ctx, tx: tx, row: row, orphan: -1}
}

// shards lists the deployment's logs, closed ones included.
func shards(tx *db.Tx) (rows []shardRow, err error) {
	err = tx.Data.Rows(selectShard+"order by shard", nil, func(r db.Row) error {
		var row shardRow
		err := row.scan(r)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// Head implements proof.Log.
func (s *stored) Head() (proof.Checkpoint, bool, error) {
	if len(s.row.root) != len(proof.Hash{}) {
		return proof.Checkpoint{}, false, tampered(s.row.origin, 0, proof.LogRewritten)
	}
	return proof.Checkpoint{Origin: s.row.origin, Size: s.row.size, Root: proof.Hash(s.row.root)}, true, nil
}

// Checkpoints implements proof.Log.
func (s *stored) Checkpoints() (notes [][]byte, err error) {
	if s.live != nil {
		return s.notes, nil
	}
	err = s.tx.Data.Rows("select note from audit_checkpoint where position >= $1 and position < $2 order by position",
		[]any{position(s.row.shard, 0), position(s.row.shard+1, 0)}, func(r db.Row) error {
			var msg []byte
			err := r.Scan(&msg)
			notes = append(notes, msg)
			return err
		})
	return notes, err
}

// Tile implements proof.Log.
func (s *stored) Tile(ref proof.TileRef) (tile []byte, err error) {
	err = s.ask(func() (err error) {
		tile, err = readTile(s.tx, s.row.shard)(ref)
		return err
	})
	return tile, err
}

// ask is one question to the database.
func (s *stored) ask(question func() error) error {
	if s.live == nil {
		return question()
	}
	return s.live.Read(s.ctx, func(tx *db.Tx) error {
		s.tx = tx
		return question()
	})
}

// readAhead is how many entries are read at once. What a question costs, however small, is
// as much as ten entries.
const readAhead = 16 * proof.TileWidth

const (
	selectSides   = "select position, salt, subject, n, detail_sealed from audit_detail where position >= $1 and position < $2 order by position"
	selectEntries = `select position, leaf, time, action, decision, actor, coalesce(purpose, ''), coalesce(interaction, ''), coalesce(controller, '')
	from audit_entry where position >= $1 and position < $2 order by position`
)

// Entries implements proof.Log.
func (s *stored) Entries(first int64, count int, into []proof.Entry) ([]proof.Entry, error) {
	if first >= s.row.size && s.live != nil {
		return into, nil // what follows the head has come meanwhile
	}
	if first >= s.row.size {
		return s.stray(first, into)
	}
	end := first + int64(count)
	if first < s.from || end > s.upto {
		s.upto = 0 // until all is read
		upto := max(end, min(first+readAhead, s.row.size))
		if err := s.ask(func() error { return s.load(first, upto) }); err != nil {
			return into, err
		}
		s.from, s.upto = first, upto
	}
	byIndex := func(e proof.Entry, index int64) int { return cmp.Compare(e.Index, index) }
	from, _ := slices.BinarySearchFunc(s.entries, first, byIndex)
	to, _ := slices.BinarySearchFunc(s.entries, end, byIndex)
	return append(into, s.entries[from:to]...), nil
}

// stray finds an entry that should not be there, which may be anywhere.
func (s *stored) stray(first int64, into []proof.Entry) ([]proof.Entry, error) {
	err := s.tx.Data.Rows("select position from audit_entry where position >= $1 and position < $2 order by position limit 1",
		[]any{position(s.row.shard, first), position(s.row.shard+1, 0)}, func(r db.Row) error {
			var p int64
			err := r.Scan(&p)
			_, index := split(p)
			into = append(into, proof.Entry{Index: index})
			return err
		})
	return into, err
}

// load reads the entries from..upto and what stands beside them.
func (s *stored) load(from, upto int64) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	args := []any{position(s.row.shard, from), position(s.row.shard, upto)}
	s.entries, s.sides, s.columns = s.entries[:0], s.sides[:0], slices.Grow(s.columns[:0], int(upto-from))
	var side proof.Side
	into := []any{&side.Index, &side.Salt, &side.Subject, &side.N, &side.Sealed}
	err := s.tx.Data.Rows(selectSides, args, func(r db.Row) error {
		err := r.Scan(into...)
		_, side.Index = split(side.Index)
		s.sides = append(s.sides, side)
		return err
	})
	if err != nil {
		return err
	}
	sides := s.sides
	before := func(index int64) {
		for len(sides) > 0 && sides[0].Index < index {
			if s.orphan < 0 {
				s.orphan = sides[0].Index
			}
			sides = sides[1:]
		}
	}
	var e proof.Entry
	var c proof.Columns
	into = []any{&e.Index, &e.Leaf, &c.Time, &c.Action, &c.Decision, &c.Actor, &c.Purpose, &c.Interaction, &c.Controller}
	err = s.tx.Data.Rows(selectEntries, args, func(r db.Row) error {
		err := r.Scan(into...)
		_, e.Index = split(e.Index)
		s.columns = append(s.columns, c)
		e.Columns, e.Side = &s.columns[len(s.columns)-1], nil
		if before(e.Index); len(sides) > 0 && sides[0].Index == e.Index {
			e.Side, sides = &sides[0], sides[1:]
		}
		s.entries = append(s.entries, e)
		if s.words != nil {
			s.words.Entry(&e)
		}
		return err
	})
	before(upto)
	return err
}

// Verify checks every log of the deployment in the database: each leaf, the tree, the
// signatures, what stands beside the leaves and whether its absence is authorised, and
// that the columns that are searched are those of the leaves, and compares them with what the
// keys store remembers. It needs no started Log.
// Without a policy it trusts the keys that stand in the database and says so in the
// report (SelfKeyed).
func Verify(ctx context.Context, d *db.DB, o proof.Options) (r *proof.Report, err error) {
	remembered, err := anchors(ctx, d)
	if err != nil {
		return nil, err
	}
	err = d.Read(ctx, func(tx *db.Tx) error {
		rows, err := shards(tx)
		if err != nil {
			return err
		}
		self := o.Policy == nil
		if self {
			if o.Policy, err = storedPolicy(rows); err != nil {
				return err
			}
		}
		var bad []string
		o.Anchors, bad = openAnchors(remembered, o.Policy)
		var logs []proof.Log
		for _, row := range rows {
			s := newStored(ctx, tx, row)
			s.words = newSums(row)
			logs = append(logs, s)
		}
		if r, err = proof.Verify(logs, o); err != nil {
			return err
		}
		r.SelfKeyed = self
		for _, l := range logs {
			s := l.(*stored)
			if slices.ContainsFunc(r.Faults, func(f proof.Fault) bool { return f.Origin == s.row.origin }) {
				continue // the index follows from the entries, so it says nothing when they are wrong
			}
			if err := checkIndex(tx, s.row, s.words, r); err != nil {
				return err
			}
		}
		for _, origin := range bad {
			r.Add(proof.Fault{Origin: origin, Class: proof.BadSignature})
		}
		return orphans(tx, logs, r)
	})
	return r, err
}

// storedPolicy trusts the keys that the database says its logs were signed with.
func storedPolicy(rows []shardRow) (*proof.Policy, error) {
	text := "quorum none\n"
	seen := map[string]bool{}
	for _, row := range rows {
		if !seen[row.verifier] {
			seen[row.verifier] = true
			text += "log " + row.verifier + "\n"
		}
	}
	p, err := proof.ParsePolicy([]byte(text))
	if err != nil {
		return nil, errs.Wrap(errs.Conflict, "audit.key_unreadable", err)
	}
	return p, nil
}

// orphans reports what stands beside leaves that are not there: in each log, and where no
// log is.
func orphans(tx *db.Tx, logs []proof.Log, r *proof.Report) error {
	lo := int64(0)
	for i := range len(logs) + 1 {
		hi, next := int64(math.MaxInt64), lo
		if i < len(logs) {
			s := logs[i].(*stored)
			hi, next = position(s.row.shard, 0), position(s.row.shard, s.row.size)
			if s.orphan >= 0 {
				r.Add(proof.Fault{Origin: s.row.origin, Index: s.orphan, Through: s.orphan, Class: proof.SideInserted})
			}
		}
		var p int64
		err := tx.Data.Row("select position from audit_detail where position >= $1 and position < $2 order by position limit 1", lo, hi).Scan(&p)
		if err == nil {
			shard, index := split(p)
			f := proof.Fault{Index: index, Through: index, Class: proof.SideInserted}
			if i > 0 {
				if before := logs[i-1].(*stored); before.row.shard == shard {
					f.Origin = before.row.origin
				}
			}
			r.Add(f)
		} else if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		lo = next
	}
	return nil
}

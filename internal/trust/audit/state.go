package audit

import (
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/proof"
)

// readTile reads a tile of a log; it may be wider than asked for.
func readTile(tx *db.Tx, shard int64) func(proof.TileRef) ([]byte, error) {
	return func(ref proof.TileRef) (data []byte, err error) {
		err = tx.Data.Row("select hashes from audit_tile where tile = $1", tileKey(shard, ref)).Scan(&data)
		if errors.Is(err, db.ErrNoRows) {
			return nil, nil
		}
		return data, err
	}
}

// load brings a log's state back into memory and checks it as far as that is quick: the
// newest checkpoint's signature, that the tree still has its root at its size, the leaves
// of the last tiles before it, and that the leaves since lead to the root of the head and
// were written within the time that signing takes. What is older is checked by Watch, after
// the start. It returns the newest checkpoint as well, nil for an empty log without one.
func (l *Log) load(tx *db.Tx, row shardRow, trusted *proof.Policy) (*state, *checkpoint, error) {
	read := readTile(tx, row.shard)
	bad := func(index int64, class proof.Class) (*state, *checkpoint, error) {
		return nil, nil, tampered(row.origin, index, class)
	}
	var signed proof.Checkpoint
	newest, err := newestCheckpoint(tx, row.shard)
	switch {
	case err != nil:
		return nil, nil, err
	case newest != nil:
		c, err := trusted.Open(newest.note)
		if err != nil || c.Origin != row.origin {
			return bad(0, proof.BadSignature)
		}
		if c.Size > row.size {
			return bad(row.size, proof.LogTruncated)
		}
		signed = c.Checkpoint
	case row.size > 0:
		return bad(0, proof.NotSigned)
	}
	tree, err := proof.Resume(signed.Size, read)
	if errors.Is(err, proof.ErrMalformed) || err == nil && signed.Size > 0 && tree.Root() != signed.Root {
		return bad(signed.Size, proof.LogRewritten)
	}
	if err != nil {
		return nil, nil, err
	}
	first := max(0, signed.Size-proof.TileWidth) &^ (proof.TileWidth - 1)
	if index, err := checkLeaves(tx, row, first, signed.Size); err != nil {
		return nil, nil, err
	} else if index >= 0 {
		return bad(index, proof.LeafEdited)
	}
	index, took, err := replay(tx, row, tree)
	switch {
	case err != nil:
		return nil, nil, err
	case index >= 0:
		return bad(index, proof.LogRewritten)
	case took > proof.SignedWithin && l.o.Continue == "":
		return bad(signed.Size, proof.NotSigned)
	}
	return row.state(tree), newest, nil
}

// state is the row's state with its tree.
func (r *shardRow) state(tree *proof.Tree) *state {
	return &state{shard: r.shard, origin: r.origin, tree: tree, root: tree.Root(), lastTime: r.lastTime, leaseEnd: r.leaseEnd, indexed: r.indexed}
}

// replay appends the stored leaves after the tree's size and compares the root with the
// head's. It returns the first index that may be bad, or -1, and how far apart in time the
// leaves are.
func replay(tx *db.Tx, row shardRow, tree *proof.Tree) (bad int64, took time.Duration, err error) {
	from := tree.Size()
	hole := false
	var first, last int64
	err = tx.Data.Rows("select position, leaf from audit_entry where position >= $1 and position < $2 order by position",
		[]any{position(row.shard, from), position(row.shard+1, 0)}, func(r db.Row) error {
			var p int64
			var leaf []byte
			err := r.Scan(&p, &leaf)
			parsed, malformed := proof.ParseLeaf(leaf)
			if _, index := split(p); hole || index != tree.Size() || index >= row.size || malformed != nil {
				hole = true
				return err
			}
			if last = parsed.Time; first == 0 {
				first = last
			}
			tree.Append(proof.LeafHash(leaf), nil)
			return err
		})
	if err != nil {
		return -1, 0, err
	}
	if hole || tree.Size() != row.size {
		return tree.Size(), 0, nil
	}
	if root := tree.Root(); string(root[:]) != string(row.root) {
		return from, 0, nil
	}
	return -1, time.Duration(last-first) * time.Microsecond, nil
}

// checkLeaves compares stored leaves with the tiles, and returns the first that differs,
// or -1.
func checkLeaves(tx *db.Tx, row shardRow, first, end int64) (bad int64, err error) {
	read := readTile(tx, row.shard)
	for at := first; at < end; at += proof.TileWidth {
		width := min(proof.TileWidth, end-at)
		tile, err := read(proof.TileRef{Number: at / proof.TileWidth, Width: int(width)})
		if err != nil {
			return -1, err
		}
		next, differs := at, false
		err = tx.Data.Rows("select position, leaf from audit_entry where position >= $1 and position < $2 order by position",
			[]any{position(row.shard, at), position(row.shard, at+width)}, func(r db.Row) error {
				var p int64
				var leaf []byte
				if err := r.Scan(&p, &leaf); err != nil || differs {
					return err
				}
				h := proof.LeafHash(leaf)
				i := (next - at) * tlog.HashSize
				if _, index := split(p); index != next || i+tlog.HashSize > int64(len(tile)) || string(h[:]) != string(tile[i:i+tlog.HashSize]) {
					differs = true
					return nil
				}
				next++
				return nil
			})
		if err != nil {
			return -1, err
		}
		if next != at+width {
			return next, nil
		}
	}
	return -1, nil
}

// reload reads the head again after it was found to have moved, which happens when a
// commit succeeded although the connection broke before it said so. A head that another
// process wrote is not ours to go on from.
func (l *Log) reload(tx *db.Tx, cur *state) (*state, error) {
	var row shardRow
	if err := row.scan(tx.Data.Row(selectShard+"where shard = $1", cur.shard)); err != nil {
		return nil, err
	}
	if row.holder != l.holder || row.closed != 0 {
		return nil, errs.New(errs.Unavailable, "audit.lease_lost")
	}
	tree := cur.tree.Clone()
	if index, _, err := replay(tx, row, tree); err != nil {
		return nil, err
	} else if index >= 0 {
		return nil, tampered(row.origin, index, proof.LogRewritten)
	}
	l.numbers = nil
	return row.state(tree), nil
}

package audit

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/proof"
)

// The log and its checkpoints lie in one store, so whoever can write there could cut both at
// the same place and nothing in that store would tell. So the newest signed state of each log
// is remembered in the keys store as well, under a signature of the log key: its anchor. A
// log that is behind its anchor, or has another root there, is not signed any more.
//
// An anchor is written after its checkpoint is durable, so a crash, or a keys store that was put
// back, leaves it behind the log. Only a data store that was put back, or cut, is behind it.

const (
	selectAnchors = "select origin, note, closed from audit_anchor order by origin"
	setAnchor     = "insert into audit_anchor (origin, size, note, closed) values ($1, $2, $3, 0)"
	growAnchor    = setAnchor + " on conflict (origin) do update set size = excluded.size, note = excluded.note where audit_anchor.size < excluded.size"
	closeAnchor   = "update audit_anchor set closed = 1 where origin = $1 and size = $2"
	openAnchor    = "update audit_anchor set closed = 0 where origin = $1"
	dropAnchors   = "delete from audit_anchor"
)

// anchored is an anchor as it is stored.
type anchored struct {
	origin string
	note   []byte
	closed int64 // 1: nothing was written after it
}

// anchors reads the anchors. It must end before the logs are read, which may grow meanwhile.
func anchors(ctx context.Context, d *db.DB) (list []anchored, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		list = nil
		return tx.Keys.Rows(selectAnchors, nil, func(r db.Row) error {
			var a anchored
			err := r.Scan(&a.origin, &a.note, &a.closed)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// openAnchors tells the anchors that a trusted key has signed from the origins of the others.
func openAnchors(list []anchored, trusted *proof.Policy) (good []proof.Checkpoint, bad []string) {
	for _, a := range list {
		if c, err := trusted.OpenAnchor(a.note); err == nil && c.Origin == a.origin {
			good = append(good, c)
		} else {
			bad = append(bad, a.origin)
		}
	}
	return good, bad
}

func (l *Log) anchorNote(c proof.Checkpoint) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.AnchorText()}, l.signers(l.o.Deployment)[1])
}

// anchor remembers a checkpoint that is durable.
func (l *Log) anchor(ctx context.Context, c proof.Checkpoint) error {
	msg, err := l.anchorNote(c)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "audit.not_signed", err)
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Keys.Exec(growAnchor, c.Origin, c.Size, msg)
		return err
	})
	if err == nil {
		l.anchored = c
	}
	return err
}

// newestCheckpoint is a log's newest checkpoint, not checked; nil when there is none.
func newestCheckpoint(tx *db.Tx, shard int64) (*checkpoint, error) {
	var c checkpoint
	err := tx.Data.Row("select note, time from audit_checkpoint where position >= $1 and position < $2 order by position desc limit 1",
		position(shard, 0), position(shard+1, 0)).Scan(&c.note, &c.time)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Checkpoint, err = proof.ParseCheckpoint(string(c.note)); err != nil {
		return nil, tampered("", 0, proof.BadSignature)
	}
	return &c, nil
}

// lost is a log that is shorter than its anchor.
type lost struct {
	origin       string
	have, signed int64
}

// compareAnchors compares all logs with their anchors. Those that are shorter are returned:
// their data store was put back, or they were cut. What else does not fit is an error.
func (l *Log) compareAnchors(ctx context.Context) (short []lost, err error) {
	trusted, err := publicKey(l.VerifierKey())
	if err != nil {
		return nil, err
	}
	stored, err := anchors(ctx, l.db)
	if err != nil {
		return nil, err
	}
	list, bad := openAnchors(stored, trusted)
	if len(bad) > 0 && l.o.Continue == "" {
		return nil, tampered(bad[0], 0, proof.BadSignature)
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		short = nil
		for _, a := range list {
			row, err := shardOf(tx, a.Origin)
			switch {
			case err != nil && errs.KindOf(err) != errs.NotFound:
				return err
			case row.size < a.Size:
				short = append(short, lost{a.Origin, row.size, a.Size})
			default:
				closed := l.o.Continue == "" && slices.ContainsFunc(stored, func(s anchored) bool { return s.origin == a.Origin && s.closed != 0 })
				if err := fits(tx, row, a, closed, trusted); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return short, err
}

// fits checks that a log which is long enough holds what its anchor says. A closed one that the
// log key has signed further since tells that the keys store was put back; else nothing may follow.
func fits(tx *db.Tx, row shardRow, a proof.Checkpoint, closed bool, trusted *proof.Policy) error {
	newest, err := newestCheckpoint(tx, row.shard)
	if err != nil {
		return err
	}
	newest = cmp.Or(newest, &checkpoint{})
	if newest.Size < a.Size {
		return tampered(row.origin, newest.Size, proof.CheckpointGone)
	}
	tree, err := proof.Resume(a.Size, readTile(tx, row.shard))
	if errors.Is(err, proof.ErrMalformed) || err == nil && tree.Root() != a.Root {
		return tampered(row.origin, 0, proof.LogRewritten)
	}
	if err == nil && closed && row.size > a.Size {
		if c, err := trusted.Open(newest.note); err != nil || c.Origin != row.origin || c.Size == a.Size {
			return tampered(row.origin, a.Size, proof.LeafInserted)
		}
		return errs.New(errs.Conflict, "audit.keys_behind").With("log", row.origin).With("index", a.Size).With("size", newest.Size)
	}
	return err
}

// reanchor remembers every log as it is now: after a restore, when a new log says what the
// older ones have lost.
func (l *Log) reanchor(ctx context.Context) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		logs, err := shards(tx)
		tx.Keys.Queue(dropAnchors)
		for _, s := range logs {
			var c *checkpoint
			var msg []byte
			if c, err = newestCheckpoint(tx, s.shard); err == nil && c != nil {
				if msg, err = l.anchorNote(c.Checkpoint); err == nil {
					tx.Keys.Queue(setAnchor, c.Origin, c.Size, msg)
				}
			}
			if err != nil {
				break
			}
		}
		return err
	})
}

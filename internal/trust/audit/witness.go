package audit

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/proof"
)

// WitnessState is how one witness stands.
type WitnessState = cosign.State

// Health is how the log stands. It holds no personal data.
type Health struct {
	Origin      string
	Size        int64
	Until       time.Time // until when this node may write the log, unless it renews its lease
	Signed      int64     // entries under a signature
	SignedAt    time.Time // of the newest checkpoint
	Witnessed   int64     // entries under the witnesses' quorum
	WitnessedAt time.Time // of the newest cosignature
	// Unwitnessed entries could still be rewritten, with their signature, by whoever rules
	// the server and the key.
	Unwitnessed int64
	Witnesses   []cosign.State
	// Found is the newest check of all entries; nil until the first one has ended.
	Found *Finding
}

// Health tells how the log that this node writes stands.
func (l *Log) Health() Health {
	s := l.durable.Load()
	if s == nil {
		return Health{}
	}
	h := Health{Origin: s.origin, Size: s.tree.Size(), Until: time.UnixMicro(s.leaseEnd).UTC(), Found: l.found.Load(), Witnesses: l.witnesses.States()}
	if c := l.signed.Load(); c != nil && c.Origin == s.origin {
		h.Signed, h.SignedAt = c.Size, time.UnixMicro(c.time).UTC()
	}
	if c := l.cosigned.Load(); c != nil && c.origin == s.origin {
		h.Witnessed, h.WitnessedAt = c.size, c.at
	}
	h.Unwitnessed = h.Size - h.Witnessed
	return h
}

// AskWitnesses shows the newest checkpoint to every witness and keeps the cosignatures.
// The first failure is returned; Health has each witness's.
func (l *Log) AskWitnesses(ctx context.Context) error {
	c := l.signed.Load()
	if c == nil {
		return errs.New(errs.Unavailable, "audit.not_started")
	}
	msg, failed := l.witnesses.Show(ctx, cosign.Checkpoint{Checkpoint: c.Checkpoint, Note: c.note}, l.consistency)
	if msg == nil {
		return failed
	}
	return errors.Join(failed, l.keepCosigned(ctx, c, msg))
}

// keepCosigned stores a checkpoint with the cosignatures it got.
func (l *Log) keepCosigned(ctx context.Context, c *checkpoint, msg []byte) error {
	var signed proof.Signed
	trusted, err := l.o.Witnesses.Policy.With(l.VerifierKey())
	if err == nil {
		signed, err = trusted.Open(msg)
	}
	if err != nil {
		return errs.Wrap(errs.Internal, "audit.witness_signature", err)
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		var shard int64
		if err := tx.Data.Row("select shard from audit_shard where origin = $1", c.Origin).Scan(&shard); err != nil {
			return err
		}
		_, err := tx.Data.Exec("insert into audit_checkpoint (position, root, time, note, witnessed) values ($1, $2, $3, $4, $5) on conflict (position) do update set note = excluded.note, witnessed = excluded.witnessed",
			position(shard, c.Size), signed.Root[:], c.time, msg, len(signed.Cosignatures))
		return err
	})
	if err != nil {
		return err
	}
	if signed.Quorum {
		now := cosigned{origin: c.Origin, size: c.Size}
		if before := l.cosigned.Load(); before != nil {
			now.at = before.at
		}
		for _, s := range signed.Cosignatures {
			if s.At.After(now.at) {
				now.at = s.At
			}
		}
		l.cosigned.Store(&now)
	}
	return nil
}

// cosigned is the newest state under the witnesses' quorum, and when it was cosigned last.
type cosigned struct {
	origin string
	size   int64
	at     time.Time
}

// consistency proves that the log at one size is the beginning of the log at another.
func (l *Log) consistency(ctx context.Context, origin string, old, size int64) (hashes []proof.Hash, err error) {
	if old == 0 || old >= size {
		return nil, nil
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		row, err := shardOf(tx, origin)
		if err != nil {
			return err
		}
		hashes, err = tlog.ProveTree(size, old, proof.NewHashes(size, readTile(tx, row.shard)))
		return err
	})
	return hashes, err
}

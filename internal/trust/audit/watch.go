package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/proof"
)

// Finding is what the last check of all logs while the program runs has found.
type Finding struct {
	At    time.Time // when the check ended
	Size  int64     // entries checked
	Fault *proof.Fault
}

// watchEvery is how long after a check of all logs the next one begins.
const watchEvery = 24 * time.Hour

// Watch checks all logs in the background, again and again until ctx ends: each leaf, the
// tree, the signatures, the anchors, the searched columns and what stands beside the leaves.
// A start looks at the newest entries only. What it finds is in Health, in Alarm and in the
// program's log. It keeps no long transaction, and rests four times as long as it works, so that
// it takes a fifth of one processor.
func (l *Log) Watch(ctx context.Context) {
	for {
		if err := l.Inspect(ctx); err != nil && ctx.Err() == nil {
			slog.Error("audit log not checked", slog.String("code", errs.Of(err).Code))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchEvery):
		}
	}
}

// Inspect is one check of Watch. What looks wrong may only have changed lawfully meanwhile, as
// an erasure does, so it is looked at again as one state.
func (l *Log) Inspect(ctx context.Context) error {
	r, err := l.inspect(ctx)
	if err == nil && !r.OK() {
		r, err = Verify(ctx, l.db, proof.Options{})
	}
	if err != nil {
		return err
	}
	found := Finding{At: l.db.Now()}
	for _, log := range r.Logs {
		found.Size += log.Size
	}
	if !r.OK() {
		found.Fault = &r.Faults[0]
	}
	before := l.found.Swap(&found)
	if f := found.Fault; f != nil && (before == nil || before.Fault == nil || *before.Fault != *f) {
		slog.Error("audit log tampered with", slog.String("log", f.Origin), slog.Int64("index", f.Index), slog.String("class", string(f.Class)))
	}
	return nil
}

func (l *Log) inspect(ctx context.Context) (*proof.Report, error) {
	o := proof.Options{Sparse: true}
	var bad []string
	own, err := publicKey(l.VerifierKey())
	if err == nil {
		var remembered []anchored
		remembered, err = anchors(ctx, l.db)
		o.Anchors, bad = openAnchors(remembered, own)
	}
	if err != nil {
		return nil, err
	}
	var logs []proof.Log
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		logs = nil
		rows, err := shards(tx)
		if err == nil {
			o.Policy, err = storedPolicy(rows)
		}
		for _, row := range rows {
			if err != nil {
				break
			}
			s := newStored(ctx, tx, row)
			s.notes, err = s.Checkpoints()
			s.live = l.db
			logs = append(logs, s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	last := l.db.Now()
	o.Progress = func(string, int64, int64) {
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Second, 4*l.db.Now().Sub(last))):
		}
		last = l.db.Now()
	}
	r, err := proof.Verify(logs, o)
	if err != nil {
		return nil, err
	}
	for _, origin := range bad {
		r.Add(proof.Fault{Origin: origin, Class: proof.BadSignature})
	}
	return r, nil
}

// Alarm says what somebody must look into: an entry that was tampered with, or a witness that
// remembers another log. A witness that cannot be reached is none.
func (l *Log) Alarm() error {
	if found := l.found.Load(); found != nil && found.Fault != nil {
		return tampered(found.Fault.Origin, found.Fault.Index, found.Fault.Class)
	}
	return l.witnesses.Alarm()
}

// Package jobs does later, exactly what was promised now.
//
// A job is a row that a room writes in its own transaction: if the act commits, the job exists; if the act
// rolls back, it never did. Nothing is put on a queue beside the database, so nothing can be lost between
// the two and no broker is needed. A message to a customer, the freeze after "I did not call", the closing of a quiet
// interaction all begin as such a row.
//
// What it promises. A job runs at least once, after its RunAt, on one node at a time: a worker leases the row
// for a while, and a node that dies loses its lease, not its job. A handler that fails is tried again, later and later, up to
// MaxAttempts, and so is one whose node never came back to settle it; then the row stays as a dead letter until somebody calls Revive or Discard (no page or command does yet).
// A Key makes Insert idempotent: while a job of that kind and key is waiting or running, another one is not
// written. A Schedule inserts its job once per period, whichever node gets there first.
//
// What it refuses. No personal data in a payload: it holds ids, and the handler reads the rest under its own ground.
// No exactly-once: a handler must bear being run twice, as a closure of db.Write must. No error texts in the
// table: a failed run leaves its error's code, because texts of drivers like to quote what they choked on.
//
// Leases and clocks. Times are compared with the time that the database handle injects (tx.Now), so a test can
// move them. Nodes are expected to agree on the time within a few seconds; a lease lasts a minute and is
// renewed three times in it.
package jobs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// Job is what a room asks to be done later.
type Job struct {
	Kind    string    // "room.what", such as "message.deliver"; a handler of that name takes it
	Key     string    // optional; while a job of this kind and key is waiting or running, another is not inserted
	Payload any       // ids only, never personal data; marshalled as JSON, at most 4 KiB
	RunAt   time.Time // not before; the zero time means at once
	// MaxAttempts is how often it is tried before it becomes a dead letter; 0 means 16 (about a day).
	MaxAttempts int
}

// Run is one attempt at a job.
type Run struct {
	ID      string
	Kind    string
	Key     string
	Attempt int // 1 for the first
	Payload json.RawMessage
}

// Decode reads the payload into v.
func (r Run) Decode(v any) error {
	if err := json.Unmarshal(r.Payload, v); err != nil {
		return Fatal(errs.Wrap(errs.Internal, "jobs.payload", err))
	}
	return nil
}

// Handler does a job. It must bear being run twice. An error means: try again later, unless it is Fatal.
type Handler func(ctx context.Context, run Run) error

// MaxPayload is the largest payload, in bytes of JSON.
const MaxPayload = 4096

const defaultAttempts = 16

// Insert writes a job in the caller's transaction. It takes effect with that transaction and not before.
// A job whose kind and key are already waiting or running is silently not inserted.
func Insert(tx *db.Tx, j Job) error {
	if j.Kind == "" {
		return errs.New(errs.Internal, "jobs.no_kind")
	}
	payload, err := json.Marshal(j.Payload)
	if err != nil {
		return errs.Wrap(errs.Internal, "jobs.payload", err)
	}
	if len(payload) > MaxPayload {
		return errs.New(errs.Internal, "jobs.payload_too_large").With("limit", MaxPayload)
	}
	if j.MaxAttempts == 0 {
		j.MaxAttempts = defaultAttempts
	}
	now := tx.Now()
	if j.RunAt.IsZero() {
		j.RunAt = now
	}
	newID := id.NewAt(id.Job, now)
	// A job without a key gets its own id as key, so that one unique index serves both.
	key := j.Key
	if key == "" {
		key = newID
	}
	n, err := tx.Data.Exec(sqlInsert, newID, j.Kind, key, string(payload), j.RunAt.UnixMicro(), j.MaxAttempts, now.UnixMicro())
	if err != nil {
		return err
	}
	if n > 0 {
		wake(tx)
	}
	return nil
}

// Backoff is how long to wait after attempt n (1 for the first) failed: 5 s, then twice as long each time, at
// most six hours. There is no jitter: a node takes a few jobs at a time, so a crowd cannot form.
func Backoff(attempt int) time.Duration {
	const most = 6 * time.Hour
	if attempt < 1 {
		attempt = 1
	}
	if attempt > 14 {
		return most
	}
	return min(5*time.Second<<(attempt-1), most)
}

// Fatal marks an error that trying again cannot mend: the job becomes a dead letter at once.
func Fatal(err error) error { return fatal{err} }

type fatal struct{ err error }

func (f fatal) Error() string { return f.err.Error() }
func (f fatal) Unwrap() error { return f.err }

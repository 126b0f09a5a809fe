package jobs

import (
	"embed"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
func Schema() db.Schema { return db.Schema{Room: "jobs", FS: files} }

// The states of a job. One that is done has no row any more: what happened stands in the audit trail.
const (
	Waiting = "waiting"
	Running = "running"
	Dead    = "dead" // out of attempts, or failed for good; kept until somebody revives or discards it
)

const sqlInsert = `insert into jobs_job (id, kind, unique_key, payload, state, run_at, attempt, max_attempts, leased_by, lease_until, error_code, created_at, dead_at)
	values ($1, $2, $3, $4, 'waiting', $5, 0, $6, '', 0, '', $7, 0) on conflict do nothing`

// Status is a job as the console shows it.
type Status struct {
	ID, Kind, State, ErrorCode string
	Attempt, MaxAttempts       int
	RunAt, CreatedAt           time.Time
}

// List returns at most limit jobs in a state, oldest first.
func List(tx *db.Tx, state string, limit int) ([]Status, error) {
	var out []Status
	err := tx.Data.Rows(`select id, kind, state, error_code, attempt, max_attempts, run_at, created_at from jobs_job where state = $1 order by id limit $2`,
		[]any{state, limit}, func(r db.Row) error {
			var s Status
			var run, created int64
			if err := r.Scan(&s.ID, &s.Kind, &s.State, &s.ErrorCode, &s.Attempt, &s.MaxAttempts, &run, &created); err != nil {
				return err
			}
			s.RunAt, s.CreatedAt = time.UnixMicro(run).UTC(), time.UnixMicro(created).UTC()
			out = append(out, s)
			return nil
		})
	return out, err
}

// Counts returns how many jobs are in each state.
func Counts(tx *db.Tx) (map[string]int64, error) {
	out := map[string]int64{Waiting: 0, Running: 0, Dead: 0}
	err := tx.Data.Rows(`select state, count(*) from jobs_job group by state`, nil, func(r db.Row) error {
		var state string
		var n int64
		if err := r.Scan(&state, &n); err != nil {
			return err
		}
		out[state] = n
		return nil
	})
	return out, err
}

// Revive gives a dead letter its attempts back, now.
func Revive(tx *db.Tx, jobID string) error {
	now := tx.Now().UnixMicro()
	n, err := tx.Data.Exec(`update jobs_job set state = 'waiting', attempt = 0, error_code = '', dead_at = 0, run_at = $2 where id = $1 and state = 'dead'`, jobID, now)
	if db.IsUnique(err) {
		return errs.Wrap(errs.Conflict, "jobs.already_waiting", err)
	}
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "jobs.not_dead")
	}
	wake(tx)
	return err
}

// Discard deletes a dead letter.
func Discard(tx *db.Tx, jobID string) error {
	n, err := tx.Data.Exec(`delete from jobs_job where id = $1 and state = 'dead'`, jobID)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "jobs.not_dead")
	}
	return err
}

// Cancel deletes the job of this kind and key if it has not begun. It reports whether there was one.
func Cancel(tx *db.Tx, kind, key string) (bool, error) {
	n, err := tx.Data.Exec(`delete from jobs_job where kind = $1 and unique_key = $2 and state = 'waiting'`, kind, key)
	return n > 0, err
}

// dueCondition selects what may be leased: waiting and due, or running with a lease that has run out. $1 is the time.
const dueCondition = `((state = 'waiting' and run_at <= $1) or (state = 'running' and lease_until <= $1))`

// kindsFrom is the list of n kinds in a query, as the parameters from $first on.
func kindsFrom(first, n int) string {
	places := make([]string, n)
	for i := range places {
		places[i] = "$" + strconv.Itoa(i+first)
	}
	return ` (` + strings.Join(places, ", ") + `)`
}

// dueSQL is the query for the due jobs of n kinds; $1 is the time, $2 the limit, the kinds follow.
func dueSQL(n int) string {
	return `select id, kind, unique_key, payload, attempt, max_attempts from jobs_job where ` + dueCondition +
		` and kind in` + kindsFrom(3, n) + ` order by run_at, id limit $2`
}

// anyDueSQL asks whether there is one; $1 is the time, the kinds follow.
func anyDueSQL(n int) string {
	return `select count(*) from (select 1 as one from jobs_job where ` + dueCondition + ` and kind in` + kindsFrom(2, n) + ` limit 1) as d`
}

// Untaken counts the jobs of the kinds that no handler takes, by kind. They wait for a room that is not built yet, or
// that this program does not have: nothing is wrong with them, and they are kept.
func (w *Worker) Untaken(tx *db.Tx) (map[string]int64, error) {
	out := map[string]int64{}
	if len(w.kinds) == 0 {
		return out, nil
	}
	err := tx.Data.Rows(`select kind, count(*) from jobs_job where kind not in`+kindsFrom(1, len(w.kinds))+` group by kind`, w.kinds, func(r db.Row) error {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		out[kind] = n
		return err
	})
	return out, err
}

type leased struct {
	Run
	max int
}

// lease takes up to limit due jobs for a node.
func (w *Worker) lease(tx *db.Tx, limit int) ([]leased, error) {
	now := tx.Now()
	args := append([]any{now.UnixMicro(), limit}, w.kinds...)
	var out []leased
	err := tx.Data.Rows(w.due, args, func(r db.Row) error {
		var l leased
		var payload string
		if err := r.Scan(&l.ID, &l.Kind, &l.Key, &payload, &l.Attempt, &l.max); err != nil {
			return err
		}
		l.Payload = []byte(payload)
		out = append(out, l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Whoever ran it last never settled it: a job that ends its node each time must end too.
	spent := func(l leased) bool { return l.Attempt >= l.max }
	for _, l := range out {
		if spent(l) {
			if _, err := tx.Data.Exec(`update jobs_job set state = 'dead', error_code = 'jobs.never_settled', dead_at = $2 where id = $1`, l.ID, now.UnixMicro()); err != nil {
				return nil, err
			}
		}
	}
	out = slices.DeleteFunc(out, spent)
	for i := range out {
		out[i].Attempt++
		_, err := tx.Data.Exec(`update jobs_job set state = 'running', attempt = $2, leased_by = $3, lease_until = $4 where id = $1`,
			out[i].ID, out[i].Attempt, w.node, now.Add(leaseTime).UnixMicro())
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// renew keeps a lease; false means that another node has it now.
func (w *Worker) renew(tx *db.Tx, jobID string, attempt int) (bool, error) {
	n, err := tx.Data.Exec(`update jobs_job set lease_until = $4 where id = $1 and leased_by = $2 and attempt = $3 and state = 'running'`,
		jobID, w.node, attempt, tx.Now().Add(leaseTime).UnixMicro())
	return n == 1, err
}

// finish settles a run: gone when done, later or dead when failed. A node that lost its lease settles nothing.
func (w *Worker) finish(tx *db.Tx, l leased, failure error) error {
	const mine = ` where id = $1 and leased_by = $2 and attempt = $3 and state = 'running'`
	var f fatal
	switch {
	case failure == nil:
		_, err := tx.Data.Exec(`delete from jobs_job`+mine, l.ID, w.node, l.Attempt)
		return err
	case errors.As(failure, &f) || l.Attempt >= l.max:
		_, err := tx.Data.Exec(`update jobs_job set state = 'dead', error_code = $4, dead_at = $5`+mine,
			l.ID, w.node, l.Attempt, errs.Of(failure).Code, tx.Now().UnixMicro())
		return err
	default:
		_, err := tx.Data.Exec(`update jobs_job set state = 'waiting', error_code = $4, run_at = $5`+mine,
			l.ID, w.node, l.Attempt, errs.Of(failure).Code, tx.Now().Add(Backoff(l.Attempt)).UnixMicro())
		return err
	}
}

// tick inserts the jobs of the schedules whose time has come.
func (w *Worker) tick(tx *db.Tx) error {
	for _, s := range w.schedules {
		now := tx.Now()
		var next int64
		err := tx.Data.Row(`select next_at from jobs_schedule where name = $1`, s.Kind).Scan(&next)
		switch {
		case errors.Is(err, db.ErrNoRows):
			if _, err := tx.Data.Exec(`insert into jobs_schedule (name, next_at) values ($1, $2) on conflict do nothing`, s.Kind, now.Add(s.Every).UnixMicro()); err != nil {
				return err
			}
			if !s.AtStart {
				continue
			}
		case err != nil:
			return err
		case next > now.UnixMicro():
			continue
		default:
			n, err := tx.Data.Exec(`update jobs_schedule set next_at = $2 where name = $1 and next_at = $3`, s.Kind, now.Add(s.Every).UnixMicro(), next)
			if err != nil {
				return err
			}
			if n == 0 {
				continue // another node was quicker
			}
		}
		if err := Insert(tx, Job{Kind: s.Kind, Key: "schedule"}); err != nil {
			return err
		}
	}
	return nil
}

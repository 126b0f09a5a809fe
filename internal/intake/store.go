package intake

import (
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
)

// Counts are what became of the records of a file.
type Counts struct {
	Records  int64 `json:"records"`  // read so far
	Created  int64 `json:"created"`  // new customers, or new items of history
	Changed  int64 `json:"changed"`  // customers of whom a value was replaced
	Same     int64 `json:"same"`     // nothing to do
	Rejected int64 `json:"rejected"` // see the rejects file
}

func (c *Counts) add(o Counts) {
	c.Records += o.Records
	c.Created += o.Created
	c.Changed += o.Changed
	c.Same += o.Same
	c.Rejected += o.Rejected
}

// Run is one import, finished or not.
type Run struct {
	ID         string    `json:"import"`
	Kind       string    `json:"kind"` // customers or history
	Controller string    `json:"controller"`
	Purpose    string    `json:"purpose"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"` // zero: it goes on, or was interrupted and goes on when started again
	Counts
	chunkRows int64
}

const runColumns = `run, kind, controller, purpose, chunk_rows, started_at, finished_at, records, created, changed, same, rejected`

func scanRun(r db.Row) (run Run, err error) {
	var started int64
	var finished *int64
	err = r.Scan(&run.ID, &run.Kind, &run.Controller, &run.Purpose, &run.chunkRows, &started, &finished,
		&run.Records, &run.Created, &run.Changed, &run.Same, &run.Rejected)
	run.StartedAt = time.UnixMicro(started).UTC()
	if finished != nil {
		run.FinishedAt = time.UnixMicro(*finished).UTC()
	}
	return run, err
}

func insertRun(tx *db.Tx, r Run, mac []byte) {
	tx.Data.Queue(`insert into intake_run (run, kind, controller, purpose, file_mac, chunk_rows, started_at, records, created, changed, same, rejected)
		values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0)`,
		r.ID, r.Kind, r.Controller, r.Purpose, mac, r.chunkRows, tx.Now().UnixMicro())
}

// openRun finds an interrupted import of the same file with the same map.
func openRun(tx *db.Tx, kind, controller, purpose string, mac []byte) (Run, bool, error) {
	run, err := scanRun(tx.Data.Row(`select `+runColumns+` from intake_run
		where finished_at is null and kind = $1 and controller = $2 and purpose = $3 and file_mac = $4 order by run desc limit 1`,
		kind, controller, purpose, mac))
	if errors.Is(err, db.ErrNoRows) {
		return Run{}, false, nil
	}
	return run, err == nil, err
}

func readRun(tx *db.Tx, id string) (Run, bool, error) {
	run, err := scanRun(tx.Data.Row(`select `+runColumns+` from intake_run where run = $1`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Run{}, false, nil
	}
	if err != nil || !run.FinishedAt.IsZero() {
		return run, err == nil, err
	}
	done, err := doneChunks(tx, id)
	for _, c := range done {
		run.add(c.Counts)
	}
	return run, err == nil, err
}

type checkpoint struct {
	number   int64
	line     int   // after its last record
	position int64 // likewise
	Counts
}

func insertChunk(tx *db.Tx, run string, c checkpoint) {
	tx.Data.Queue(`insert into intake_chunk (run, number, next_line, position, records, created, changed, same, rejected) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		run, c.number, c.line, c.position, c.Records, c.Created, c.Changed, c.Same, c.Rejected)
}

func doneChunks(tx *db.Tx, run string) ([]checkpoint, error) {
	var out []checkpoint
	err := tx.Data.Rows(`select number, position, records, created, changed, same, rejected from intake_chunk where run = $1 order by number`, []any{run},
		func(r db.Row) error {
			var c checkpoint
			if err := r.Scan(&c.number, &c.position, &c.Records, &c.Created, &c.Changed, &c.Same, &c.Rejected); err != nil {
				return err
			}
			out = append(out, c)
			return nil
		})
	return out, err
}

// finishRun writes the totals and drops the checkpoints.
func finishRun(tx *db.Tx, run string, c Counts) error {
	_, err := tx.Data.Exec(`update intake_run set finished_at = $1, records = $2, created = $3, changed = $4, same = $5, rejected = $6 where run = $7`,
		tx.Now().UnixMicro(), c.Records, c.Created, c.Changed, c.Same, c.Rejected, run)
	return err
}

// dropChunks deletes some checkpoints of a finished import; false when none is left.
func dropChunks(tx *db.Tx, run string, below int64) (bool, error) {
	if _, err := tx.Data.Exec(`delete from intake_chunk where run = $1 and number < $2`, run, below); err != nil {
		return false, err
	}
	var left int64
	err := tx.Data.Row(`select count(*) from intake_chunk where run = $1`, run).Scan(&left)
	return left > 0, err
}

func insertReject(tx *db.Tx, run string, r Reject) {
	tx.Data.Queue(`insert into intake_reject (run, line, column_name, code, other_line) values ($1, $2, $3, $4, $5) on conflict do nothing`, run, r.Line, r.Column, r.Code, r.Other)
}

func rejectsAfter(tx *db.Tx, run string, line, limit int) ([]Reject, error) {
	var out []Reject
	err := tx.Data.Rows(`select line, column_name, code, other_line from intake_reject where run = $1 and line > $2 order by line, column_name, code limit $3`, []any{run, line, limit},
		func(r db.Row) error {
			var one Reject
			if err := r.Scan(&one.Line, &one.Column, &one.Code, &one.Other); err != nil {
				return err
			}
			out = append(out, one)
			return nil
		})
	return out, err
}

package drill

import (
	"context"
	"embed"
	"encoding/json"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "drill", FS: schema} }

// Log is the part of audit.Log that the room uses.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options are what the room needs; app gives them.
type Options struct {
	DB     *db.DB
	Log    Log
	Duty   actor.Actor
	Policy string // hash of the policies in force
	// Play plays the attacks and returns what was printed; nil where this program cannot start itself.
	Play  func(ctx context.Context, lang i18n.Lang) ([]byte, error)
	Staff func(tx *db.Tx, staff string) (string, error)
}

// Service is the room's verbs.
type Service struct{ o Options }

// New makes the room.
func New(o Options) *Service { return &Service{o} }

type payload struct {
	ID string `json:"id"`
}

// Start asks for a run. The report is in lang.
func (s *Service) Start(ctx context.Context, a actor.Actor, lang i18n.Lang) (run string, err error) {
	if !a.Is(players...) {
		return "", errReader
	}
	if s.o.Play == nil {
		return "", errAbsent
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		var live, hour int64
		if err := tx.Data.Row(`select count(*) from drill_run where state = 'running' and started_at > $1`, column.Micros(tx.Now().Add(-Over))).Scan(&live); err != nil {
			return err
		}
		if err := tx.Data.Row(`select count(*) from drill_run where started_at > $1`, column.Micros(tx.Now().Add(-time.Hour))).Scan(&hour); err != nil {
			return err
		}
		if live > 0 {
			return errRunning
		}
		if hour >= Hourly {
			return errOften
		}
		run = id.NewAt(id.Drill, tx.Now())
		// A conflict of two at once is settled by the writer: closures run one after the other.
		if _, err := tx.Data.Exec(`insert into drill_run (id, started_by, started_at, ended_at, state, policy, lang, report) values ($1, $2, $3, 0, 'running', $4, $5, '')`,
			run, a.ID(), column.Micros(tx.Now()), s.o.Policy, string(lang)); err != nil {
			return err
		}
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "drill.begun", Decision: audit.Done, Actor: a, Ref: run, Policy: s.o.Policy}); err != nil {
			return err
		}
		return jobs.Insert(tx, jobs.Job{Kind: PlayJob, Key: run, Payload: payload{run}, MaxAttempts: 2})
	})
	return run, err
}

// Play is the job of one run. It may be called again for the same run.
func (s *Service) Play(ctx context.Context, job jobs.Run) error {
	var p payload
	if err := job.Decode(&p); err != nil {
		return err
	}
	var run Run
	err := s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		run, err = one(tx, p.ID)
		return err
	})
	if err != nil || run.State != Running {
		return err
	}
	text, why := []byte(nil), error(errAbsent)
	if s.o.Play != nil {
		bounded, stop := context.WithTimeout(ctx, Within)
		text, why = s.o.Play(bounded, run.Lang)
		stop()
	}
	if ctx.Err() != nil { // the server is stopped, and nobody knows how it would have ended
		return ctx.Err()
	}
	state, stored, count := Broken, "", int64(0)
	if why == nil {
		var r Report
		if r, state, why = read(text); why == nil {
			clean, err := json.Marshal(r)
			if err != nil {
				return err
			}
			stored, count = string(clean), int64(len(r.Results))
		}
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Data.Exec(`update drill_run set state = $1, report = $2, ended_at = $3 where id = $4 and state = 'running'`, string(state), stored, column.Micros(tx.Now()), p.ID)
		if err != nil || n == 0 {
			return err
		}
		_, err = s.o.Log.Append(tx, audit.Entry{Action: "drill.ended", Decision: audit.Done, Reason: "drill.state_" + string(state), Actor: s.o.Duty, Ref: p.ID, Policy: run.Policy, Count: count})
		return err
	})
}

const columns = `id, started_by, started_at, ended_at, state, policy, lang`

func scan(tx *db.Tx, r db.Row, more ...any) (run Run, err error) {
	var state, lang string
	var started, ended int64
	if err := r.Scan(append([]any{&run.ID, &run.By, &started, &ended, &state, &run.Policy, &lang}, more...)...); err != nil {
		return run, err
	}
	run.State, run.Lang, run.Started = State(state), i18n.Lang(lang), column.Moment(started)
	if ended != 0 {
		run.Ended = column.Moment(ended)
	}
	if run.State == Running && !run.Started.After(tx.Now().Add(-Over)) {
		run.State = Broken
	}
	return run, nil
}

func one(tx *db.Tx, which string) (run Run, err error) {
	found := false
	err = tx.Data.Rows(`select `+columns+`, report from drill_run where id = $1`, []any{which}, func(r db.Row) (err error) {
		var text string
		if run, err = scan(tx, r, &text); err != nil || text == "" {
			found = err == nil
			return err
		}
		found, run.Report = true, &Report{}
		return json.Unmarshal([]byte(text), run.Report)
	})
	if err == nil && !found {
		err = errNone
	}
	return run, err
}

// Runs lists the latest runs without their reports, the newest first.
func (s *Service) Runs(ctx context.Context, a actor.Actor) (out []Run, err error) {
	if !a.Is(readers...) {
		return nil, errReader
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Data.Rows(`select `+columns+` from drill_run order by started_at desc, id desc limit $1`, []any{int64(shown)}, func(r db.Row) error {
			run, err := scan(tx, r)
			out = append(out, run)
			return err
		})
	})
	return out, err
}

// Run is one run with its report.
func (s *Service) Run(ctx context.Context, a actor.Actor, which string) (run Run, err error) {
	if !a.Is(readers...) {
		return run, errReader
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		run, err = one(tx, which)
		return err
	})
	return run, err
}

// names are what those who began the runs are called.
func (s *Service) names(ctx context.Context, runs []Run) (map[string]string, error) {
	out := map[string]string{}
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
		for _, r := range runs {
			if out[r.By] = r.By; !id.Is(id.Staff, r.By) {
				continue
			}
			name, err := s.o.Staff(tx, r.By)
			if err != nil {
				return err
			}
			out[r.By] = name
		}
		return nil
	})
	return out, err
}

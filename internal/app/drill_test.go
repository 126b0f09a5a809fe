package app

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/drill"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// attacked is what a run prints, with one row's verdict as given.
func attacked(t *testing.T, rows int, verdict string, good bool) []byte {
	t.Helper()
	r := drill.Report{Log: drill.LogState{Entries: 7, Good: good}, Counts: map[string]int{}}
	for i := range rows {
		r.Results = append(r.Results, drill.Result{Row: i + 1, Title: "t", Verdict: "blocked", Attempts: []drill.Attempt{}, Entries: []drill.Evidence{{Index: 3, Action: "reveal"}}})
	}
	r.Results[1].Verdict = verdict
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheAttacksArePlayedOneAtATimeAndOnlyAWholeReportWithoutAFailedRowIsGood(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		var printed []byte
		var fails error
		s := drill.New(drill.Options{DB: w.DB, Log: w.Audit, Duty: actor.NewDuty("drill"), Policy: "hash", Staff: func(*db.Tx, string) (string, error) { return "", nil },
			Play: func(context.Context, i18n.Lang) ([]byte, error) { return printed, fails }})
		who := person(t, w, actor.Security)
		play := func(run string) error {
			return s.Play(ctx, jobs.Run{ID: "job_1", Kind: drill.PlayJob, Key: run, Payload: json.RawMessage(`{"id":"` + run + `"}`)})
		}
		for _, c := range []struct {
			printed []byte
			fails   error
			want    drill.State
		}{
			{attacked(t, drill.Rows, "bounded", true), nil, drill.Held},
			{attacked(t, drill.Rows, "failed", true), nil, drill.Succeeded},
			{attacked(t, drill.Rows, "bounded", false), nil, drill.Succeeded},
			{attacked(t, drill.Rows-1, "bounded", true), nil, drill.Broken},
			{attacked(t, drill.Rows, "perfect", true), nil, drill.Broken},
			{nil, errors.New("killed"), drill.Broken},
		} {
			printed, fails = c.printed, c.fails
			run, err := s.Start(ctx, who, i18n.EN)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Start(ctx, who, i18n.EN); errs.CodeOf(err) != "drill.running" {
				t.Errorf("a second run beside the first: %v", err)
			}
			for range 2 { // a job may run twice
				if err := play(run); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.Run(ctx, who, run)
			if err != nil || got.State != c.want || (got.Report != nil) != (c.want != drill.Broken) || got.Ended.IsZero() {
				t.Errorf("%.60s: %+v, %v; want %s", c.printed, got, err, c.want)
			}
			var ended int64
			if err := w.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.Data.Row(`select count(*) from audit_entry where action = 'drill.ended'`).Scan(&ended)
			}); err != nil {
				t.Fatal(err)
			}
			if list, err := s.Runs(ctx, who); err != nil || int64(len(list)) != ended || list[0].ID != run || list[0].Report != nil {
				t.Errorf("%d ends in the log, list %+v, %v", ended, list, err)
			}
		}
		if _, err := s.Start(ctx, who, i18n.EN); errs.CodeOf(err) != "drill.too_often" {
			t.Errorf("a seventh run in the hour: %v", err)
		}
		for _, role := range []actor.Role{actor.DPO, actor.Agent, actor.Admin, actor.Supervisor} {
			if _, err := s.Start(ctx, person(t, w, role), i18n.EN); errs.CodeOf(err) != "drill.not_yours" {
				t.Errorf("%s plays: %v", role, err)
			}
		}
		if _, err := s.Runs(ctx, person(t, w, actor.Agent)); errs.CodeOf(err) != "drill.not_yours" {
			t.Errorf("an agent reads: %v", err)
		}
		if _, err := w.Drill.Start(ctx, who, i18n.EN); errs.CodeOf(err) != "drill.absent" {
			t.Errorf("a program that cannot start itself: %v", err)
		}
	})
}

func TestARunThatTheServerLeftIsPlayedAgainAndOneThatNeverEndsIsBroken(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, stop := context.WithCancel(t.Context())
		s := drill.New(drill.Options{DB: w.DB, Log: w.Audit, Duty: actor.NewDuty("drill"), Policy: "hash",
			Play: func(ctx context.Context, _ i18n.Lang) ([]byte, error) { stop(); return nil, ctx.Err() }})
		who := person(t, w, actor.Auditor)
		run, err := s.Start(t.Context(), who, i18n.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Play(ctx, jobs.Run{Payload: json.RawMessage(`{"id":"` + run + `"}`)}); !errors.Is(err, context.Canceled) {
			t.Errorf("the job of a stopped server: %v", err)
		}
		if got, err := s.Run(t.Context(), who, run); err != nil || got.State != drill.Running {
			t.Errorf("after the stop: %+v, %v", got, err)
		}
		if err := w.DB.Write(t.Context(), func(tx *db.Tx) error {
			tx.Data.Queue(`update drill_run set started_at = started_at - $1`, (drill.Over + time.Second).Microseconds())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Run(t.Context(), who, run); err != nil || got.State != drill.Broken {
			t.Errorf("after a long time: %+v, %v", got, err)
		}
		if _, err := s.Start(t.Context(), who, i18n.ID); err != nil {
			t.Errorf("and another is begun: %v", err)
		}
	})
}

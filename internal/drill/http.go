package drill

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "drill", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: fixtures,
		Jobs: map[string]jobs.Handler{PlayJob: s.Play},
		Nav:  []web.NavItem{{Key: "drill.nav", Path: "/attacks", Roles: readers, Order: 42}},
	}
}

// AttacksPage is the report of one run, with the list of the others and the button.
type AttacksPage struct {
	Notice *web.Notice
	State  *web.Notice // how the run stands
	Facts  web.Facts
	Lang   i18n.Lang // of the report
	Table  web.Table
	Rows   []AttackRow
	Plays  bool   // the button is offered
	StepUp string // where a fresh second factor is shown first
	Absent bool   // this program cannot start itself
	Runs   web.Table
	Empty  *web.Empty
}

// AttackRow is one attack of a report.
type AttackRow struct {
	ID       string
	Title    string
	Chip     *web.Chip
	Control  string
	Why      string
	Left     string
	Measured web.Facts
	Attempts web.Table
	Entries  web.Table
	Count    int
}

func (s *Service) routes(rt *web.Router) {
	reads := web.Access{Roles: readers}
	rt.Page("GET /attacks", reads, func(r *web.Request) error { return s.show(r, http.StatusOK, nil, "") })
	rt.Page("POST /attacks", web.Access{Roles: players, Fresh: true}, s.post)
	rt.Page("GET /attacks/{report}", reads, func(r *web.Request) error { return s.show(r, http.StatusOK, nil, r.Path("report")) })
	s.operations(rt)
}

// show renders a run; without an id the newest that has a report, or else the newest.
func (s *Service) show(r *web.Request, status int, n *web.Notice, which string) error {
	runs, err := s.Runs(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	for _, one := range runs {
		if which == "" && (one.State == Held || one.State == Succeeded) {
			which = one.ID
		}
	}
	if which == "" && len(runs) > 0 {
		which = runs[0].ID
	}
	var run *Run
	if which != "" {
		found, err := s.Run(r.Context(), r.Actor, which)
		if err != nil {
			return err
		}
		run = &found
	}
	all := runs
	if run != nil {
		all = append(all[:len(all):len(all)], *run)
	}
	names, err := s.names(r.Context(), all)
	if err != nil {
		return err
	}
	page := attacksPage(r.Printer(), run, runs, names)
	page.Notice, page.Absent = n, s.o.Play == nil
	page.Plays = s.o.Play != nil && r.Actor.Is(players...)
	if page.Plays {
		page.StepUp = r.StepUp()
	}
	return r.RenderStatus(status, page)
}

func (s *Service) post(r *web.Request) error {
	var form struct{}
	if err := r.Decode(&form); err != nil {
		return err
	}
	switch _, err := s.Start(r.Context(), r.Actor, r.Printer().Lang()); {
	case err == nil:
		r.Flash("drill.begun")
		return r.Redirect("/attacks")
	case strings.HasPrefix(errs.CodeOf(err), "drill."):
		notice := r.Refusal(err)
		return s.show(r, web.Status(err), &notice, "")
	default:
		return err
	}
}

var tones = map[string]web.Tone{
	"blocked": web.Good, "bounded": web.Warn, "no_surface": web.Neutral, "failed": web.Bad,
	string(Held): web.Good, string(Succeeded): web.Bad, string(Running): web.Info, string(Broken): web.Warn,
}

func head(p *i18n.Printer, keys ...string) (out []web.Column) {
	for _, key := range keys {
		out = append(out, web.Column{Title: p.T("drill.col_" + key), Numeric: key == "row" || key == "index"})
	}
	return out
}

func attacksPage(p *i18n.Printer, run *Run, runs []Run, names map[string]string) AttacksPage {
	page := AttacksPage{Runs: web.Table{Caption: p.T("drill.runs"), Columns: head(p, "when", "by", "state")}}
	chip := func(s State) *web.Chip {
		return &web.Chip{Tone: tones[string(s)], Text: p.T("drill.state_" + string(s))}
	}
	for _, one := range runs {
		page.Runs.Rows = append(page.Runs.Rows, web.Row{ID: one.ID, Cells: []web.Cell{{Text: p.DateTime(one.Started), To: "/attacks/" + one.ID}, {Text: names[one.By]}, {Chip: chip(one.State)}}})
	}
	if run == nil {
		page.Empty = &web.Empty{Title: p.T("drill.none"), Text: p.T("drill.none_next")}
		return page
	}
	if len(runs) > 0 && runs[0].State == Running {
		page.State = &web.Notice{Tone: web.Info, Title: p.T("drill.running_now"), Text: p.T("drill.running_next")}
	} else if run.State == Succeeded || run.State == Broken {
		page.State = &web.Notice{Tone: tones[string(run.State)], Title: p.T("drill.state_" + string(run.State)), Text: p.T("drill.state_" + string(run.State) + "_next")}
	}
	page.Facts = web.Facts{{Label: p.T("drill.col_when"), Time: run.Started}, {Label: p.T("drill.col_by"), Text: names[run.By]}, {Label: p.T("drill.col_state"), Chip: chip(run.State)},
		{Label: p.T("drill.policy"), Code: run.Policy}}
	if run.Report == nil {
		return page
	}
	rep := run.Report
	page.Lang = run.Lang
	page.Facts = append(page.Facts, web.Fact{Label: p.T("drill.version"), Text: rep.Version}, web.Fact{Label: p.T("drill.engine"), Text: rep.Engine},
		web.Fact{Label: p.T("drill.seconds"), Text: strconv.FormatInt((rep.Millis+999)/1000, 10)}, web.Fact{Label: p.T("drill.entries_all"), Text: p.Number(rep.Log.Entries), Code: rep.Key})
	page.Table = web.Table{Caption: p.T("drill.rows"), Columns: head(p, "row", "attack", "verdict", "tried", "evidence")}
	for _, one := range rep.Results {
		row := AttackRow{ID: "row-" + strconv.Itoa(one.Row), Title: strconv.Itoa(one.Row) + ". " + one.Title, Control: one.Control, Why: one.Why, Left: one.Left, Count: len(one.Entries),
			Chip:     &web.Chip{Tone: tones[one.Verdict], Text: p.T("drill.verdict_" + one.Verdict)},
			Attempts: web.Table{Caption: p.T("drill.attempts", "row", one.Row), Columns: head(p, "who", "what", "answer"), Empty: web.Empty{Title: p.T("drill.no_attempts")}},
			Entries:  web.Table{Caption: p.T("drill.evidence", "row", one.Row), Columns: head(p, "index", "action", "decision", "reason"), Empty: web.Empty{Title: p.T("drill.no_entries")}}}
		for _, m := range one.Measured {
			text := p.T("drill.measured", "got", m.Got, "most", m.Most)
			row.Measured = append(row.Measured, web.Fact{Label: m.Text, Text: text})
		}
		for _, a := range one.Attempts {
			cell := web.Cell{Text: a.Answer}
			if !a.Held {
				cell = web.Cell{Chip: &web.Chip{Tone: web.Bad, Text: p.T("drill.not_held")}, Note: a.Answer}
			}
			row.Attempts.Rows = append(row.Attempts.Rows, web.Row{Cells: []web.Cell{{Text: a.Who}, {Text: a.What}, cell}})
		}
		for _, e := range one.Entries {
			row.Entries.Rows = append(row.Entries.Rows, web.Row{Cells: []web.Cell{{Text: strconv.FormatUint(e.Index, 10)}, {Text: e.Action, Code: true}, {Text: e.Decision, Code: true}, {Text: e.Reason, Code: e.Reason != ""}}})
		}
		page.Table.Rows = append(page.Table.Rows, web.Row{Cells: []web.Cell{{Text: strconv.Itoa(one.Row)}, {Text: one.Title, To: "#" + row.ID}, {Chip: row.Chip}, {Text: strconv.Itoa(len(one.Attempts))}, {Text: strconv.Itoa(len(one.Entries))}}})
		page.Rows = append(page.Rows, row)
	}
	return page
}

type runJSON struct {
	ID      string     `json:"id"`
	By      string     `json:"started_by"`
	Started time.Time  `json:"started_at"`
	Ended   *time.Time `json:"ended_at,omitempty"`
	State   string     `json:"state" enum:"running,held,succeeded,broken"`
	Policy  string     `json:"policy"`
	Report  *Report    `json:"report,omitempty"`
}

func asJSON(r Run) runJSON {
	out := runJSON{ID: r.ID, By: r.By, Started: r.Started, State: string(r.State), Policy: r.Policy, Report: r.Report}
	if !r.Ended.IsZero() {
		out.Ended = &r.Ended
	}
	return out
}

type runsOutput struct {
	Body struct {
		Items []runJSON `json:"items"`
	}
}

type runInput struct {
	Report string `path:"report" maxLength:"40"`
}

type runOutput struct{ Body runJSON }

type startInput struct {
	Body struct {
		Language string `json:"language,omitempty" enum:"id,en" doc:"of the report; id if empty"`
	}
}

type startOutput struct {
	Body struct {
		ID string `json:"id"`
	}
}

func (s *Service) operations(rt *web.Router) {
	reads := web.Access{Roles: readers, Scope: "audit"}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/attacks", Summary: "The latest runs of the known attacks, without their reports", Access: reads},
		func(ctx context.Context, c web.Call, _ *struct{}) (*runsOutput, error) {
			list, err := s.Runs(ctx, c.Actor)
			out := &runsOutput{}
			out.Body.Items = []runJSON{}
			for _, r := range list {
				out.Body.Items = append(out.Body.Items, asJSON(r))
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/attacks/{report}", Summary: "One run of the known attacks with its report: twenty rows, each with a verdict and evidence", Access: reads},
		func(ctx context.Context, c web.Call, in *runInput) (*runOutput, error) {
			r, err := s.Run(ctx, c.Actor, in.Report)
			return &runOutput{asJSON(r)}, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/attacks", Summary: "Play the known attacks against an installation of their own", Access: web.Access{Roles: players, Fresh: true}, Status: http.StatusAccepted, Unkeyed: "one run goes on at a time; a second is refused"},
		func(ctx context.Context, c web.Call, in *startInput) (*startOutput, error) {
			lang := i18n.ID
			if in.Body.Language == "en" {
				lang = i18n.EN
			}
			run, err := s.Start(ctx, c.Actor, lang)
			out := &startOutput{}
			out.Body.ID = run
			return out, err
		})
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	names := map[string]string{"stf_1": "Rina Wulandari"}
	rep := &Report{At: now, Engine: "SQLite", Version: "1.0.0", Key: "dpl_1+adeab551+AWnm", Log: LogState{2009, true}, Millis: 4100}
	for i := range Rows {
		one := Result{Row: i + 1, Title: "MGM 2023", Verdict: verdicts[i%3], Control: "V4", Attempts: []Attempt{{"agent", "reveal", "gate.level_too_low", true}},
			Entries: []Evidence{{"amanah", uint64(i), "reveal", "denied", "gate.level_too_low", 2009}}} //nolint:gosec // a small number
		if i%3 == 1 {
			one.Left, one.Measured = "V1", []Measured{{"tries", "V1", 3, 3}}
		}
		rep.Results = append(rep.Results, one)
	}
	run := Run{ID: "drl_01k9xq3v7me8t0000z9w2h4r6n", By: "stf_1", Started: now, Ended: now, State: Held, Policy: "b94d27b9934d3e08", Lang: p.Lang(), Report: rep}
	bad := run
	worse := *rep
	worse.Results = append([]Result{{Row: 1, Title: hostile, Verdict: "failed", Control: hostile, Why: hostile, Left: hostile, Measured: []Measured{{hostile, hostile, 4, 3}}, Attempts: []Attempt{{hostile, hostile, hostile, false}}, Entries: []Evidence{{hostile, 1, hostile, hostile, hostile, 2}}}}, rep.Results[1:]...)
	bad.State, bad.Report = Succeeded, &worse
	live, broken := run, run
	live.ID, live.State, live.Report = "drl_01k9xq3v7me8t0000z9w2h4r6p", Running, nil
	broken.State, broken.Report = Broken, nil
	playable := func(page AttacksPage) AttacksPage { page.Plays = true; return page }
	stepped := playable(attacksPage(p, &run, []Run{run}, names))
	stepped.StepUp = "/second-factor?next=%2Fattacks"
	refused := playable(attacksPage(p, &run, []Run{live, run}, names))
	refused.Notice = &web.Notice{Tone: web.Warn, Title: p.T("drill.running"), Text: p.T("drill.running.next")}
	absent := attacksPage(p, nil, nil, names)
	absent.Absent = true
	return []web.Fixture{
		{Name: "empty", Role: actor.Security, Page: playable(attacksPage(p, nil, nil, names))},
		{Name: "absent", Role: actor.Security, Page: absent},
		{Name: "ordinary", Role: actor.Auditor, Page: playable(attacksPage(p, &run, []Run{run}, names))},
		{Name: "second factor", Role: actor.Auditor, Page: stepped},
		{Name: "running", Role: actor.Security, Page: refused},
		{Name: "broken", Role: actor.Security, Page: playable(attacksPage(p, &broken, []Run{broken}, names))},
		{Name: "hostile", Role: actor.DPO, Page: attacksPage(p, &bad, []Run{bad}, map[string]string{"stf_1": hostile}), Hostile: []string{hostile}},
	}
}

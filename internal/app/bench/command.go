package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/amanah-id/amanah/internal/app/terminal"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// Setting is what the command needs of the command line it belongs to.
type Setting struct {
	Out, ErrOut io.Writer
	JSON        bool   // print JSON
	Database    string // postgres://… as given on the command line; "" for SQLite files
	Text        *i18n.Printer
	// Open makes an installation with one controller, "toko", in an empty folder or in databases that do not exist yet.
	Open func(ctx context.Context, dir, database string) (c *Center, closes func(context.Context) error, err error)
}

// Report is what the command prints with --json.
type Report struct {
	Go        string    `json:"go"`
	System    string    `json:"system"`
	Cores     int       `json:"cores"`
	Engine    string    `json:"engine"`
	Customers int       `json:"customers"`
	Rounds    int       `json:"rounds"`
	Calls     int       `json:"calls"`
	At        time.Time `json:"at"`
	Results   []Result  `json:"results"`
}

// Run is `amanah bench`: it makes an installation, measures, prints a table and removes everything.
func (s Setting) Run(ctx context.Context, report *Report) (err error) {
	place, remove, err := Own(ctx, "bench", s.Database, s.Text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove(context.WithoutCancel(ctx))) }()
	report.Engine = place.Engine
	fmt.Fprintln(s.ErrOut, s.Text.T("command.bench_where", "where", place.Name))
	center, closes, err := s.Open(ctx, place.Dir, place.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closes(context.WithoutCancel(ctx))) }()
	report.Go, report.System, report.Cores, report.At = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, runtime.GOMAXPROCS(0), center.DB.Now()
	if err := s.measure(ctx, center, report); err != nil {
		return err
	}
	if s.JSON {
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(report)
	}
	return report.Print(s.Out, s.Text)
}

func (s Setting) measure(ctx context.Context, center *Center, report *Report) error {
	const seats = 8
	progress := func(what string) func(done, size int64) {
		draw := terminal.Progress(s.ErrOut, time.Now, func(done, size int64) string { return s.Text.T(what, "done", done, "size", size) })
		if draw == nil || s.JSON {
			return func(int64, int64) {}
		}
		return func(done, size int64) { draw("", done, size) }
	}
	b := &Bench{Center: center, Controller: center.Controllers["toko"], Rounds: report.Rounds, Calls: report.Calls}
	b.Desk.Budget = 1 << 40
	var err error
	if b.Seats, err = center.Seats(ctx, b.Controller, 0, seats); err != nil {
		return err
	}
	if err := center.MakeFloors(ctx, b.Seats); err != nil {
		return err
	}
	filled, err := b.Fill(ctx, "toko", report.Customers, progress("command.bar_customers"))
	if err != nil {
		return err
	}
	steps := []func() (Result, error){
		func() (Result, error) { return b.Reveal(ctx, 64) },
		func() (Result, error) { return b.Reveal(ctx, 1) },
		func() (Result, error) { return b.RevealHTTP(ctx, 64) },
		func() (Result, error) { return b.Compare(ctx) },
		func() (Result, error) { return b.FindByPhone(ctx, 8) },
		func() (Result, error) { return b.FindByName(ctx, 8) },
		func() (Result, error) { return b.CreateHTTP(ctx, 16) },
		func() (Result, error) { return b.Append(ctx, 64) },
		func() (Result, error) { return b.Verify(ctx) },
	}
	draw := progress("command.bar_measures")
	for i, step := range steps {
		r, err := step()
		if err != nil {
			return err
		}
		report.Results = append(report.Results, r)
		draw(int64(i+1), int64(len(steps)))
	}
	report.Results = append(report.Results, filled)
	return nil
}

// Print writes the table.
func (r *Report) Print(w io.Writer, p *i18n.Printer) error {
	fmt.Fprintf(w, "%s\n\n", p.T("command.bench_title", "system", r.System, "cores", r.Cores, "go", r.Go, "engine", r.Engine, "customers", r.Customers, "rounds", r.Rounds, "calls", r.Calls))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, p.T("command.bench_head"))
	number := func(v float64, format string) string {
		if v == 0 {
			return "-"
		}
		return fmt.Sprintf(format, v)
	}
	for _, one := range r.Results {
		met := ""
		switch {
		case one.Goal != "" && one.Met:
			met = ": " + p.T("command.bench_met")
		case one.Goal != "":
			met = ": " + p.T("command.bench_missed")
		}
		fmt.Fprintf(t, "%s\t%.0f\t%s\t%s\t%s\t%s\t%s%s\t\n", one.What, one.Rate, number(one.Floor, "%.0f"), number(one.Ratio, "%.2f"), number(one.P50, "%.2f"), number(one.P99, "%.2f"), one.Goal, met)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s\n", p.T("command.bench_floors"))
	for _, one := range r.Results {
		if one.FloorIs != "" {
			fmt.Fprintf(w, "  %s: %s", one.What, one.FloorIs)
			if one.Echo > 0 {
				fmt.Fprintf(w, " (%s)", p.T("command.bench_two", "one", fmt.Sprintf("%.0f", one.Echo), "other", fmt.Sprintf("%.0f", one.Writer), "both", fmt.Sprintf("%.0f", one.Both)))
			}
			if one.P50Over > 0 && strings.Contains(one.Goal, "p50") {
				fmt.Fprintf(w, " (%s)", p.T("command.bench_p50", "times", fmt.Sprintf("%.2f", one.P50Over)))
			}
			fmt.Fprintln(w)
		}
	}
	return nil
}

package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/intake"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
)

func (c *cli) importCommand() *cobra.Command {
	var mapFile, rejects string
	var yes bool
	run := func(history bool) func(cmd *cobra.Command, args []string) error {
		return func(cmd *cobra.Command, args []string) error {
			return c.importFile(cmd.Context(), args[0], mapFile, rejects, yes, history)
		}
	}
	cmd := c.command("import FILE", "import", c.oneArg("command.the_file"), run(false))
	cmd.Example = `  amanah import customers.csv --map map.yaml
  amanah import customers.csv --map map.yaml --yes --rejects rejects.csv
  amanah import history payments.csv --map history.yaml --yes`
	history := c.command("history FILE", "import_history", c.oneArg("command.the_file"), run(true))
	history.Example = "  amanah import history payments.csv --map history.yaml --yes"
	f := cmd.PersistentFlags()
	f.StringVar(&mapFile, "map", "", c.t("command.flag_map"))
	f.StringVar(&rejects, "rejects", "", c.t("command.flag_rejects"))
	f.BoolVar(&yes, "yes", false, c.t("command.flag_yes"))
	mustHave(f, "map")
	cmd.AddCommand(history)
	return cmd
}

func (c *cli) importFile(ctx context.Context, path, mapFile, rejects string, yes, history bool) error {
	text, err := readFile(mapFile)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return errs.Wrap(errs.Invalid, "app.file", err).With("file", path)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return errs.Wrap(errs.Invalid, "app.file", err).With("file", path)
	}
	return c.with(ctx, func(h *app.House) error {
		job := intake.Job{File: file, Size: info.Size()}
		if draw := c.progress("command.bar_bytes"); draw != nil {
			job.Progress = func(p intake.Progress) { draw("", p.Bytes, p.Size) }
		}
		if history {
			job.Facts, err = intake.ParseFactMap(text)
		} else {
			job.Map, err = intake.ParseMap(text, h.Catalogue)
		}
		if err != nil {
			return err
		}
		who := actor.NewDuty(vault.DutyImport)
		if !yes {
			// What customers are known by name is irrelevant to a dry run: it looks up customer numbers only.
			report, err := h.Intake.Check(ctx, who, job)
			if err != nil {
				return err
			}
			return c.printCheck(path, report, h.Web.Texts().For(c.language(), nil))
		}
		run, err := h.Intake.Import(ctx, who, job)
		if err != nil {
			return err
		}
		if run.Rejected > 0 {
			if rejects == "" {
				rejects = path + ".rejects.csv"
			}
			if err := c.writeRejects(ctx, h, run.ID, rejects); err != nil {
				return err
			}
		}
		err = c.print(run, func(w io.Writer) {
			fmt.Fprintln(w, c.t("command.imported", "file", path, "records", c.n("command.records", run.Records), "created", run.Created, "changed", run.Changed,
				"same", run.Same, "rejected", run.Rejected, "run", run.ID))
			if run.Rejected > 0 {
				fmt.Fprintln(w, c.t("command.rejects_file", "file", rejects))
			}
		})
		if err == nil && run.Rejected > 0 {
			return errFound
		}
		return err
	})
}

func (c *cli) writeRejects(ctx context.Context, h *app.House, run, path string) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", path)
	}
	p := h.Web.Texts().For(c.language(), nil)
	_, err = h.Intake.WriteRejects(ctx, run, out, func(r intake.Reject) string { return rejectText(p, r) })
	if e := new(errs.E); err != nil && errors.As(err, &e) {
		_ = out.Close()
		return err
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", path)
	}
	return nil
}

func rejectText(p *i18n.Printer, r intake.Reject) string {
	return p.T(r.Code, "field", r.Column, "max", catalog.MaxValue, "other", strconv.Itoa(r.Other))
}

// printCheck shows what an import would do.
func (c *cli) printCheck(path string, r *intake.Report, p *i18n.Printer) error {
	answer := struct {
		*intake.Report
		Refusal string `json:"refusal,omitempty"`
	}{Report: r}
	if r.Refusal != nil {
		answer.Refusal = r.Refusal.Code
	}
	err := c.print(answer, func(w io.Writer) {
		fresh := c.n("command.new_customers", r.New)
		if len(r.Columns) == 0 {
			fresh = c.n("command.history_items", r.New)
		}
		fmt.Fprintf(w, "%s\n", c.t("command.dry_run", "file", path, "records", c.n("command.records", r.Records), "new", fresh, "known", r.Known, "rejected", r.Rejected))
		if len(r.Columns) > 0 {
			c.printColumns(w, r)
		}
		if r.Unregistered > 0 {
			fmt.Fprintf(w, "\n%s\n", c.n("command.unregistered", r.Unregistered))
		}
		if r.Dated > 0 {
			fmt.Fprintf(w, "\n%s\n", c.n("command.dated", r.Dated))
		}
		if len(r.Reasons) > 0 {
			fmt.Fprintln(w)
		}
		for _, code := range slices.Sorted(maps.Keys(r.Reasons)) {
			fmt.Fprintln(w, c.t("command.rejected", "count", r.Reasons[code], "code", code))
		}
		for _, reject := range r.Rejects[:min(10, len(r.Rejects))] {
			where := c.t("command.at_line", "line", strconv.Itoa(reject.Line))
			if reject.Column != "" {
				where = c.t("command.at_column", "line", strconv.Itoa(reject.Line), "column", printable(reject.Column))
			}
			fmt.Fprintf(w, "  %s: %s\n", where, rejectText(p, reject))
		}
		if r.Refusal != nil {
			fmt.Fprintf(w, "\n%s\n", c.t("command.would_be_refused", "why", p.Args(r.Refusal.Code, r.Refusal.Args)))
			return
		}
		if r.New+r.Known > 0 {
			fmt.Fprintf(w, "\n%s\n", c.t("command.store_it"))
		} else {
			fmt.Fprintf(w, "\n%s\n", c.t("command.nothing_to_store"))
		}
	})
	if err == nil && (r.Rejected > 0 || r.Refusal != nil) {
		return errFound
	}
	return err
}

// printColumns says what becomes of each column.
func (c *cli) printColumns(w io.Writer, r *intake.Report) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s\n", c.t("command.columns_head"))
	for _, col := range r.Columns {
		field, notes := cmp.Or(col.Field, c.t("command.not_imported")), []string{}
		if col.DayOf != "" {
			field = c.t("command.day_of", "column", printable(col.DayOf))
		}
		if col.Unregistered > 0 {
			notes = append(notes, c.t("command.without_day", "count", col.Unregistered))
		}
		if col.LooksLike != "" {
			notes = append(notes, c.t("command.looks_like", "what", c.t("command.looks_"+col.LooksLike), "share", col.Share))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", printable(col.Name), field, col.Class, col.Filled, strings.Join(notes, "; "))
	}
	_ = t.Flush()
}

// printable keeps a column's name, which is somebody's text, from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

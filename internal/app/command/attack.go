package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/attack"
	"github.com/amanah-id/amanah/internal/app/bench"
)

// errSucceeded says that an attack succeeded; the report was already printed.
var errSucceeded = errors.New("an attack succeeded")

// attackCommand plays known attacks against an installation of its own.
func (c *cli) attackCommand() *cobra.Command {
	cmd := c.group("attack")
	cmd.Example = "  amanah attack run"
	var only []int
	var report string
	run := c.command("run", "attack_run", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		if !attack.Known(only) {
			return c.usage("command.wrong_rows")
		}
		version, _, _ := app.Version()
		s := attack.Setting{
			Out: c.out, ErrOut: c.errOut, JSON: c.json, Database: *c.settings["database.url"], Page: report, Only: only, Version: version,
			Text: c.own.For(c.language(), time.Local), Open: attackCenter,
		}
		found, err := s.Run(cmd.Context())
		if err == nil && !found.OK() {
			return errSucceeded
		}
		return err
	})
	run.Example = c.examples("amanah attack run", "attack_run", "amanah attack run --only 4,11", "attack_only", "amanah attack run --report attacks.html", "attack_report",
		"amanah attack run --json > attacks.json", "attack_json", "amanah attack run --database postgres://amanah@localhost/amanah", "attack_database")
	run.Flags().IntSliceVar(&only, "only", nil, c.t("command.flag_only"))
	run.Flags().StringVar(&report, "report", "", c.t("command.flag_report"))
	cmd.AddCommand(run)
	return cmd
}

// attackCenter is an installation with two companies and the program's own limits, on the play's clock.
func attackCenter(ctx context.Context, dir, database string, clock func() time.Time) (*bench.Center, func(context.Context) error, error) {
	log := slog.New(slog.DiscardHandler)
	slog.SetDefault(log) // kit/db knows no logger of its own
	t, err := app.NewTrial(ctx, app.TrialOptions{
		Dir: dir, Database: database, Settings: map[string]string{"tls.off": "true"}, Controllers: []string{"toko=Toko Nusantara", "bank=Bank Cendana"}, Log: log, Clock: clock,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("installation: %w", err)
	}
	return t.Center, t.Close, nil
}

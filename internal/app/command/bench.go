package command

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/web"
)

// benchCommand measures an installation of its own; the limits that protect a server from one caller do not apply there.
func (c *cli) benchCommand() *cobra.Command {
	var customers, rounds, calls int
	cmd := c.command("bench", "bench", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		if customers < 20 || rounds < 1 || calls < 64 {
			return c.usage("command.wrong_bench")
		}
		s := bench.Setting{Out: c.out, ErrOut: c.errOut, JSON: c.json, Database: *c.settings["database.url"], Text: c.words(), Open: benchCenter}
		return s.Run(cmd.Context(), &bench.Report{Customers: customers, Rounds: rounds, Calls: calls})
	})
	cmd.Example = `  amanah bench
  amanah bench --customers 20000 --rounds 5
  amanah bench --json > bench.json
  amanah bench --database postgres://amanah@localhost/amanah`
	cmd.Flags().IntVar(&customers, "customers", 2000, c.t("command.flag_customers"))
	cmd.Flags().IntVar(&rounds, "rounds", 5, c.t("command.flag_rounds"))
	cmd.Flags().IntVar(&calls, "calls", 1000, c.t("command.flag_calls"))
	return cmd
}

func benchCenter(ctx context.Context, dir, database string) (*bench.Center, func(context.Context) error, error) {
	app.GiveHeapRoom()
	log := slog.New(slog.DiscardHandler)
	slog.SetDefault(log) // kit/db knows no logger of its own
	t, err := app.NewTrial(ctx, app.TrialOptions{
		Dir: dir, Database: database, Settings: map[string]string{"tls.off": "true"}, Controllers: []string{"toko=Toko Nusantara"}, Log: log,
		Limits: web.Limits{Rate: 1e9, Burst: 1e9},
	})
	if err != nil {
		return nil, nil, err
	}
	return t.Center, t.Close, nil
}

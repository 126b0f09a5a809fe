package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/listener"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

func (c *cli) serveCommand() *cobra.Command {
	cmd := c.command("serve", "serve", c.noArgs, func(cmd *cobra.Command, _ []string) error { return stopped(cmd.Context(), c.serve(cmd.Context())) })
	cmd.Example = "  amanah serve\n  amanah serve --listen 0.0.0.0:443 --config /etc/amanah/amanah.yaml\n  amanah serve --restored"
	cmd.Flags().BoolVar(&c.restored, "restored", false, c.t("command.flag_restored"))
	c.setting(cmd.Flags(), "listen")
	c.setting(cmd.Flags(), "url")
	return cmd
}

// stopped makes an end of what a signal asked for, also in the middle of a start.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || err != nil && errs.Of(err).Code == "db.busy") {
		return nil
	}
	return err
}

func (c *cli) serve(ctx context.Context) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	h, err := c.open(ctx, "", logger(cfg, c.errOut), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	if err := app.MakeCertificate(h.Config, c.clock()); err != nil {
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", h.Config.Data)
	}
	l, err := listener.Bind(ctx, h.Config.Listen)
	if err != nil {
		return err
	}
	return stopped(ctx, h.Run(ctx, l, func(address string) error {
		needed, err := h.Identity.NeedsSetup(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, c.t("command.serving", "url", app.Origin(h.Config), "address", address))
		if needed {
			token, err := h.Identity.MakeSetupToken(ctx, 0)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "\n%s\n\n  %s/setup\n  token %s\n\n", c.t("command.setup"), app.Origin(h.Config), token)
		}
		return nil
	}))
}

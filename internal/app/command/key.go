package command

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

func (c *cli) keyCommand() *cobra.Command {
	cmd := c.group("key")
	cmd.Example = "  amanah key status\n  amanah key rotate\n  amanah key passphrase"
	status := c.command("status", "key_status", c.noArgs, func(cmd *cobra.Command, _ []string) error { return c.keyStatus(cmd.Context()) })
	status.Example = "  amanah key status --json"
	rotate := c.command("rotate", "key_rotate", c.noArgs, func(cmd *cobra.Command, _ []string) error { return c.rotate(cmd.Context()) })
	rotate.Example = "  amanah key rotate"
	passphrase := c.command("passphrase", "key_passphrase", c.noArgs, func(*cobra.Command, []string) error { return c.changePassphrase() })
	passphrase.Example = "  amanah key passphrase"
	cmd.AddCommand(status, rotate, passphrase)
	return cmd
}

func (c *cli) keyStatus(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if err := app.Initialised(cfg); err != nil {
		return err
	}
	kms, err := c.openKMS(cfg)
	if err != nil {
		return err
	}
	info, err := kms.KeyInfo(ctx)
	if err != nil {
		return err
	}
	h, err := c.open(ctx, "terminal", c.quiet(), kms)
	if err != nil {
		return err
	}
	defer func() { _ = h.Close(ctx) }()
	s, err := h.Keys.Status(ctx)
	if err != nil {
		return err
	}
	return c.print(map[string]any{
		"root_key": map[string]string{"id": info.ID, "adapter": info.Adapter, "algorithm": info.Algorithm, "unlock": info.Unlock},
		"epoch":    map[string]any{"epoch": s.Epoch, "started_at": s.StartedAt, "alive": s.Alive},
	}, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "%s\t%s (%s, %s%s)\n", c.t("command.root_key"), info.ID, info.Adapter, info.Algorithm, unlock(info))
		fmt.Fprintf(t, "%s\t%s\n", c.t("command.epoch"), c.n("command.epoch_since", int64(s.Alive), "epoch", s.Epoch, "since", s.StartedAt.UTC().Format("2006-01-02 15:04 UTC")))
		_ = t.Flush()
	})
}

func (c *cli) rotate(ctx context.Context) error {
	return c.with(ctx, func(h *app.House) error {
		draw := c.progress("command.bar_keys")
		r, err := h.Keys.RotateEpoch(ctx, identity.Terminal(), func(moved int64) {
			if draw != nil {
				draw("", moved, -1)
			}
		})
		if err != nil {
			return err
		}
		if draw != nil {
			draw("", r.Moved, r.Moved)
		}
		return c.print(map[string]any{"epoch": r.Epoch, "moved": r.Moved, "destroyed": r.Destroyed}, func(w io.Writer) {
			fmt.Fprintln(w, c.t("command.rotated", "epoch", r.Epoch, "moved", c.n("command.rotated_keys", r.Moved), "destroyed", c.n("command.rotated_epochs", int64(r.Destroyed))))
		})
	})
}

func (c *cli) changePassphrase() error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	old := cfg.Keys.Passphrase.Reveal()
	if old == "" {
		if old, err = c.secret("command.ask_old"); err != nil {
			return err
		}
	}
	asked := *cfg
	asked.Keys.Passphrase = ""
	passphrase, err := c.newPassphrase(&asked)
	if err != nil {
		return err
	}
	if err := keyring.ChangePassphrase(app.KeyFile(cfg), []byte(old), []byte(passphrase), keyring.DefaultKDF()); err != nil {
		return err
	}
	return c.print(map[string]bool{"changed": true}, func(w io.Writer) { fmt.Fprintln(w, c.t("command.passphrase_changed")) })
}

func unlock(i keyring.KeyInfo) string {
	if i.Unlock == "" {
		return ""
	}
	return ", " + i.Unlock
}

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// minPassphrase is the least length in bytes that the keyring takes.
const minPassphrase = 12

func (c *cli) initCommand() *cobra.Command {
	var plain bool
	var controllers []string
	cmd := c.command("init", "init", c.noArgs, func(cmd *cobra.Command, _ []string) error { return c.initialise(cmd.Context(), plain, controllers) })
	cmd.Example = `  amanah init
  AMANAH_KEYS_PASSPHRASE_FILE=/run/secrets/pass amanah init --data /var/lib/amanah --controller niaga="PT Niaga"
  amanah init --database postgres://amanah@db/amanah`
	cmd.Flags().BoolVar(&plain, "key-file", false, c.t("command.flag_key_file"))
	cmd.Flags().StringArrayVar(&controllers, "controller", nil, c.t("command.flag_companies"))
	c.setting(cmd.Flags(), "name")
	return cmd
}

func (c *cli) initialise(ctx context.Context, plain bool, controllers []string) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if len(controllers) == 0 {
		controllers = []string{"utama=" + cfg.Name}
	}
	for _, s := range controllers {
		if slug, name, ok := strings.Cut(s, "="); !ok || slug == "" || name == "" {
			return c.usage("command.wrong_controller")
		}
	}
	if err := app.IsFolder(cfg); err != nil {
		return err
	}
	path := app.KeyFile(cfg)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return errs.New(errs.Conflict, "app.key_exists").With("file", path)
	}
	var passphrase string
	if !plain {
		if passphrase, err = c.newPassphrase(cfg); err != nil {
			return err
		}
	}
	h, err := c.found(ctx, cfg, passphrase, false, c.quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	if err := h.AddControllers(ctx, controllers); err != nil {
		return err
	}
	if err := app.MakeCertificate(cfg, c.clock()); err != nil {
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", filepath.Join(cfg.Data, "tls"))
	}
	return c.print(map[string]any{"deployment": h.ID, "data": cfg.Data, "key_file": path, "log_key": h.Audit.VerifierKey()}, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n\n", c.t("command.founded", "id", h.ID))
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "  %s\t%s\n  %s\t%s\n  %s\t%s\n", c.t("command.data"), cfg.Data, c.t("command.root_key"), path, c.t("command.log_key"), h.Audit.VerifierKey())
		_ = t.Flush()
		fmt.Fprintf(w, "\n%s\n\n%s\n", wrapped(c.t("command.keep")), c.t("command.next", "command", "amanah serve"+whereFlags(cfg)))
	})
}

// whereFlags are what the next command line needs to find the same folder and databases. The address of a database may
// hold a password and is left to the reader.
func whereFlags(cfg *config.Config) (flags string) {
	if cfg.Origin("data") == "--data" {
		flags = " --data " + cfg.Data
	}
	if cfg.Origin("database.url") == "--database" {
		flags += " --database postgres://…"
	}
	return flags
}

// newPassphrase takes the configured passphrase or asks for one twice.
func (c *cli) newPassphrase(cfg *config.Config) (string, error) {
	passphrase := cfg.Keys.Passphrase.Reveal()
	if passphrase == "" {
		var err error
		if passphrase, err = c.secret("command.ask_new"); err != nil {
			return "", err
		}
		again, err := c.secret("command.ask_again")
		if err != nil {
			return "", err
		}
		if again != passphrase {
			return "", errs.New(errs.Invalid, "app.passphrase_mismatch")
		}
	}
	if len(passphrase) < minPassphrase {
		return "", errs.New(errs.Invalid, "app.passphrase_short").With("least", minPassphrase)
	}
	return passphrase, nil
}

// found makes a new installation; an empty passphrase makes a plain key file.
func (c *cli) found(ctx context.Context, cfg *config.Config, passphrase string, demo bool, log *slog.Logger) (*app.House, error) {
	return app.Found(ctx, cfg, demo, app.Opening{Program: program(), Clock: c.clock, Log: log, Key: func() (keyring.KMS, error) {
		path := app.KeyFile(cfg)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, errs.Wrap(errs.Unavailable, "app.output", err).With("file", path)
		}
		if passphrase == "" {
			if _, err := keyring.CreateKeyFile(path); err != nil {
				return nil, err
			}
			return keyring.OpenKeyFile(path)
		}
		if _, err := keyring.CreateSealedFile(path, []byte(passphrase), keyring.DefaultKDF()); err != nil {
			return nil, err
		}
		return keyring.OpenSealedFile(path, []byte(passphrase))
	}})
}

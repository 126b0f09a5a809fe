package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/terminal"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/proof"
	"github.com/amanah-id/amanah/proof/folder"
)

func (c *cli) verifyCommand() *cobra.Command {
	var key, policyFile string
	var held []string
	cmd := c.command("verify [BUNDLE]", "verify", func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return c.usage("command.wrong_bundles")
		}
		return nil
	}, func(cmd *cobra.Command, args []string) error {
		o := proof.Options{Progress: c.progress("command.bar_leaves")}
		for _, path := range held {
			text, err := readFile(path)
			if err != nil {
				return err
			}
			o.Held = append(o.Held, text)
		}
		if err := c.trust(&o, key, policyFile); err != nil {
			return err
		}
		report, err := c.verify(cmd.Context(), args, o)
		if err != nil {
			return err
		}
		if err := c.print(report, func(w io.Writer) { _ = report.Text(w, proof.Language(c.language())) }); err != nil {
			return err
		}
		if !report.OK() {
			return errFound
		}
		return nil
	})
	cmd.Example = "  amanah verify\n  amanah verify --held kept-last-month.checkpoint\n  amanah verify --key KEY bundle.zip"
	cmd.Flags().StringVar(&key, "key", "", c.t("command.flag_key"))
	cmd.Flags().StringVar(&policyFile, "policy", "", c.t("command.flag_policy"))
	cmd.Flags().StringArrayVar(&held, "held", nil, c.t("command.flag_held"))
	return cmd
}

func readFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "app.file", err).With("file", path)
	}
	return text, nil
}

// trust reads whom the operator trusts.
func (c *cli) trust(o *proof.Options, key, policyFile string) (err error) {
	switch {
	case key != "" && policyFile != "":
		return c.usage("command.wrong_key_and_policy")
	case key != "":
		o.Policy, err = proof.TrustKey(key)
	case policyFile != "":
		var text []byte
		if text, err = readFile(policyFile); err != nil {
			return err
		}
		o.Policy, err = proof.ParsePolicy(text)
	}
	if err != nil {
		return c.usage("command.wrong_key")
	}
	return nil
}

func (c *cli) verify(ctx context.Context, args []string, o proof.Options) (*proof.Report, error) {
	if len(args) == 1 {
		files, closer, err := proof.OpenBundle(args[0])
		if err != nil {
			return nil, noBundle(args[0], err)
		}
		defer func() { _ = closer.Close() }()
		report, err := proof.VerifyBundle(files, o)
		if err != nil {
			return nil, noBundle(args[0], err)
		}
		return report, nil
	}
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	d, err := app.OpenReadOnly(ctx, cfg, c.clock)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return audit.Verify(ctx, d, o)
}

// noBundle tells a file that is no exported log from one that cannot be read.
func noBundle(path string, err error) error {
	f, unreadable := os.Open(path)
	if unreadable != nil {
		return errs.Wrap(errs.Invalid, "app.file", unreadable).With("file", path)
	}
	_ = f.Close()
	return errs.Wrap(errs.Invalid, "app.bundle", err).With("file", path)
}

// progress draws how far a long command is, on a terminal only; key is the text for so many of so many things.
func (c *cli) progress(key string) func(origin string, done, size int64) {
	if c.json {
		return nil
	}
	return terminal.Progress(c.errOut, c.clock, func(done, size int64) string {
		return c.t(key, "done", done, "size", size)
	})
}

func (c *cli) auditCommand() *cobra.Command {
	cmd := c.group("audit")
	cmd.Example = "  amanah audit export --to bundle/"
	var to string
	export := c.command("export", "audit_export", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		if err := newFolder(to); err != nil {
			return err
		}
		err := c.with(cmd.Context(), func(h *app.House) error {
			if err := h.Audit.Sign(cmd.Context()); err != nil {
				return err
			}
			if err := exportTo(cmd.Context(), h.Audit, to); err != nil {
				return err
			}
			entries, err := exported(to)
			if err != nil {
				return errs.Wrap(errs.Unavailable, "app.output", err).With("file", to)
			}
			return c.print(map[string]any{"bundle": to, "entries": entries, "log_key": h.Audit.VerifierKey()}, func(w io.Writer) {
				fmt.Fprintf(w, "%s\n\n  amanah-verify --key %s %s\n", c.n("command.exported", entries, "folder", to), h.Audit.VerifierKey(), to)
			})
		})
		if err != nil { // half a bundle is none, and the next try wants the name
			err = errors.Join(err, os.RemoveAll(to))
		}
		return err
	})
	export.Example = "  amanah audit export --to bundle/ && amanah-verify --key KEY bundle/"
	export.Flags().StringVar(&to, "to", "amanah-audit", c.t("command.flag_to"))
	cmd.AddCommand(export)
	return cmd
}

// newFolder makes a folder that was not there.
func newFolder(path string) error {
	switch err := os.Mkdir(path, 0o700); {
	case errors.Is(err, fs.ErrExist):
		return errs.New(errs.Conflict, "app.exists").With("file", path)
	case err != nil:
		return errs.Wrap(errs.Invalid, "app.output", err).With("file", path)
	}
	return nil
}

func exportTo(ctx context.Context, l *audit.Log, to string) error {
	f, err := folder.New(to)
	if err == nil {
		err = errors.Join(l.Export(ctx, identity.Terminal(), f), f.Close())
	}
	if e := new(errs.E); err != nil && !errors.As(err, &e) { // the disk's own word
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", to)
	}
	return err
}

// exported counts the entries of a bundle, over the logs of all nodes: a checkpoint's second line is its log's size.
func exported(folder string) (entries int64, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "checkpoint"))
	for _, path := range paths {
		text, readErr := os.ReadFile(path)
		lines := strings.Split(string(text), "\n")
		n, numberErr := strconv.ParseInt(lines[min(1, len(lines)-1)], 10, 64)
		entries, err = entries+n, errors.Join(err, readErr, numberErr)
	}
	return entries, err
}

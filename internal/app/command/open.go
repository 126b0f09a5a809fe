package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// rootCredential is the name under which systemd may hand over a root key that lies in no file.
const rootCredential = "root.key"

// openKMS opens the root key: systemd's credential if there is one, else the key file, sealed by a passphrase
// or plain.
func (c *cli) openKMS(cfg *config.Config) (keyring.KMS, error) {
	if dir := c.env("CREDENTIALS_DIRECTORY"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, rootCredential)); err == nil {
			return keyring.OpenSystemdCredential(rootCredential)
		}
	}
	path := app.KeyFile(cfg)
	sealed, err := isSealed(path)
	if err != nil {
		return nil, err
	}
	if !sealed {
		return keyring.OpenKeyFile(path)
	}
	passphrase := cfg.Keys.Passphrase.Reveal()
	if passphrase == "" {
		if passphrase, err = c.secret("command.ask_passphrase", "file", path); err != nil {
			return nil, err
		}
	}
	return keyring.OpenSealedFile(path, []byte(passphrase))
}

// isSealed tells a sealed key file (JSON) from a plain one. A file that cannot be read is left to the keyring, whose
// error says what to do.
func isSealed(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, nil //nolint:nilerr // OpenKeyFile says it better
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 16)
	n, err := f.Read(head)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, nil //nolint:nilerr // likewise
	}
	return bytes.HasPrefix(bytes.TrimSpace(head[:n]), []byte("{")), nil
}

// logger writes the server's log.
func logger(cfg *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // one of four known words
	o := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// open opens an existing installation. aside is a name for the log's shard when a server may be running beside
// (PostgreSQL); on SQLite the folder's lock keeps two processes apart. key is the root key when it is open already.
func (c *cli) open(ctx context.Context, aside string, log *slog.Logger, key keyring.KMS) (*app.House, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	h, err := app.Open(ctx, cfg, app.Opening{Program: program(), Clock: c.clock, Log: log, Aside: aside, Restored: c.restored, Key: func() (keyring.KMS, error) {
		if key != nil {
			return key, nil
		}
		return c.openKMS(cfg)
	}})
	if err != nil {
		return nil, err
	}
	c.rooms = h.Web.Texts() // an error of any room has its sentence from here on
	return h, nil
}

// quiet is the log of a command that is no server.
func (c *cli) quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(c.errOut, &slog.HandlerOptions{Level: slog.LevelError}))
}

// with opens the installation for one command and closes it.
func (c *cli) with(ctx context.Context, do func(h *app.House) error) (err error) {
	h, err := c.open(ctx, "terminal", c.quiet(), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	return do(h)
}

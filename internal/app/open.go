package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Opening says how an installation is opened or made.
type Opening struct {
	Clock func() time.Time
	Log   *slog.Logger
	Key   func() (keyring.KMS, error) // opens the root key, or makes it; called once the stores are open
	// Restored says that a backup of the data store was put back: a new log is begun, which says what the old ones have lost.
	Restored bool
	// Program is this program itself: what strangers made is parsed by it in a process of its own. Empty: in this one.
	Program string
	Aside   string // names the writer of the log's shard when a server may run beside, on PostgreSQL; "" is the configuration's
}

// IsFolder refuses a data folder that is something else; one that is not there yet is fine.
func IsFolder(cfg *config.Config) error {
	if info, err := os.Stat(cfg.Data); err == nil && !info.IsDir() {
		return errs.New(errs.Invalid, "app.no_folder").With("folder", cfg.Data)
	}
	return nil
}

// Open opens an existing installation and wires its rooms; app.not_initialised when there is none.
func Open(ctx context.Context, cfg *config.Config, o Opening) (*House, error) {
	if err := Initialised(cfg); err != nil {
		return nil, err
	}
	d, err := openStore(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	h, err := o.wire(ctx, cfg, d, func() (deployment, error) { return readDeployment(ctx, d, cfg.Data) })
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return h, nil
}

// Found makes a new installation and wires it; app.already when there is one. What a failure leaves in a folder that was
// not there before is removed.
func Found(ctx context.Context, cfg *config.Config, demo bool, o Opening) (*House, error) {
	_, err := os.Stat(cfg.Data)
	fresh := errors.Is(err, fs.ErrNotExist)
	h, err := found(ctx, cfg, demo, o)
	if err != nil && fresh { // nothing was there before and nothing is worth keeping: the next try begins anew
		err = errors.Join(err, os.RemoveAll(cfg.Data))
	}
	return h, err
}

func found(ctx context.Context, cfg *config.Config, demo bool, o Opening) (*House, error) {
	d, err := openStore(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	h, err := o.wire(ctx, cfg, d, func() (deployment, error) { return makeDeployment(ctx, d, cfg.Data, demo) })
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return h, nil
}

func (o Opening) wire(ctx context.Context, cfg *config.Config, d *db.DB, name func() (deployment, error)) (*House, error) {
	dep, err := name()
	if err != nil {
		return nil, err
	}
	kms, err := o.Key()
	if err != nil {
		return nil, err
	}
	b := building{clock: o.Clock, log: o.Log, kms: kms, demo: dep.Demo, restored: o.Restored, program: o.Program}
	if cfg.Database.URL != "" {
		b.node = o.Aside
	}
	return build(ctx, cfg, d, dep, b)
}

// OpenReadOnly opens the stores alone, beside a running server.
func OpenReadOnly(ctx context.Context, cfg *config.Config, clock func() time.Time) (*db.DB, error) {
	if err := Initialised(cfg); err != nil {
		return nil, err
	}
	o := storeOptions(cfg, clock)
	o.ReadOnly = true
	return db.Open(ctx, o)
}

// Initialised refuses a folder in which nothing was ever set up, before an empty database is made in it: a mistyped
// --data must not look like a lost call center.
func Initialised(cfg *config.Config) error {
	if cfg.Database.URL != "" {
		return nil
	}
	if err := IsFolder(cfg); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(cfg.Data, "data.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return errs.New(errs.NotFound, "app.not_initialised").With("folder", cfg.Data)
	}
	return err
}

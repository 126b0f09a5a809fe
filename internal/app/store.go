package app

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"time"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// deployment names this installation. The name is part of every sealed value and of every log's origin, so it is
// made once and never changes.
type deployment struct {
	ID   string
	Demo bool
}

func storeOptions(cfg *config.Config, clock func() time.Time) db.Options {
	if cfg.Database.URL != "" {
		return db.Options{URL: cfg.Database.URL.Reveal(), KeysURL: cfg.Database.KeysURL.Reveal(), IndexURL: cfg.Database.IndexURL.Reveal(), Clock: clock}
	}
	return db.Options{Dir: cfg.Data, Clock: clock}
}

// openStore opens the three stores and brings their tables up to this release.
func openStore(ctx context.Context, cfg *config.Config, o Opening) (*db.DB, error) {
	slog.SetDefault(o.Log) // kit/db knows no logger of its own
	d, err := db.Open(ctx, storeOptions(cfg, o.Clock))
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, schemas()...); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// readDeployment reads the name of the installation; app.not_initialised when there is none.
func readDeployment(ctx context.Context, d *db.DB, folder string) (dep deployment, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		err := tx.Data.Row(`select id, demo from app_deployment`).Scan(&dep.ID, &dep.Demo)
		if errors.Is(err, db.ErrNoRows) {
			return errs.New(errs.NotFound, "app.not_initialised").With("folder", folder)
		}
		return err
	})
	return dep, err
}

// makeDeployment names a new installation; app.already when it has a name.
func makeDeployment(ctx context.Context, d *db.DB, folder string, demo bool) (dep deployment, err error) {
	err = d.Write(ctx, func(tx *db.Tx) error {
		var n int64
		if err := tx.Data.Row(`select count(*) from app_deployment`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.Conflict, "app.already").With("folder", folder)
		}
		dep = deployment{ID: id.NewAt(id.Deployment, tx.Now()), Demo: demo}
		_, err := tx.Data.Exec(`insert into app_deployment (id, demo, created_at) values ($1, $2, $3)`, dep.ID, demo, tx.Now().UnixMicro())
		return err
	})
	return dep, err
}

// schemas are the tables of every room.
func schemas() []db.Schema {
	return append(roomSchemas(), db.Schema{Room: "app", FS: schemaFiles}, jobs.Schema(), web.Schema())
}

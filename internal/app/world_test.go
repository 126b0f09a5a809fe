package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// world is a whole call center for tests: every room wired as in the product, on stores
// of its own, with one controller, its example purposes, and people who do not exist.
type world struct {
	*House
	center     // one level down, so that the rooms are the house's
	controller string
}

// center is what tests and measures share.
type center struct{ *bench.Center }

// newWorld opens a world in a folder, which may hold one already.
func newWorld(ctx context.Context, o db.Options, dir string) (*world, error) {
	return newWorldAs(ctx, o, dir, building{})
}

// newWorldAs is newWorld for a house that is to be built in a certain way, with settings by name and value.
func newWorldAs(ctx context.Context, o db.Options, dir string, b building, settings ...string) (*world, error) {
	if o.URL == "" {
		o.Dir = dir
	}
	flags := map[string]string{"data": dir, "name": "Toko Nusantara"}
	for i := 0; i+1 < len(settings); i += 2 {
		flags[settings[i]] = settings[i+1]
	}
	cfg, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, schemas()...); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	path := filepath.Join(dir, "root.key")
	fresh := false
	if _, err := os.Stat(path); err != nil {
		fresh = true
		if _, err := keyring.CreateKeyFile(path); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	kms, err := keyring.OpenKeyFile(path)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	dep := deployment{}
	if fresh {
		dep, err = makeDeployment(ctx, d, dir, true)
	} else {
		dep, err = readDeployment(ctx, d, dir)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	b.clock, b.log, b.kms, b.demo = d.Now, slog.New(slog.DiscardHandler), kms, true
	h, err := build(ctx, cfg, d, dep, b)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	w := &world{House: h, center: center{h.center()}}
	if fresh {
		if err := h.AddControllers(ctx, []string{"toko=Toko Nusantara"}); err != nil {
			return nil, err
		}
	}
	if err := w.Learn(ctx); err != nil {
		return nil, err
	}
	w.controller = w.Controllers["toko"]
	return w, nil
}

// openWorld is newWorld for a test, closed at its end.
func openWorld(t testing.TB, o db.Options, settings ...string) *world {
	t.Helper()
	w, err := newWorldAs(context.Background(), o, t.TempDir(), building{}, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// staff is a signed-in member of staff.
func (w *world) staff(ctx context.Context, role actor.Role) (actor.Actor, error) {
	who, _, err := w.SignedIn(ctx, role, w.controller)
	return who, err
}

// customer stores person n with two items of account history.
func (w *world) customer(ctx context.Context, n int) (string, error) {
	return w.Customer(ctx, w.controller, n)
}

// call starts a call of the agent for a purpose and identifies the caller.
func (w *world) call(ctx context.Context, a actor.Actor, slug string, n int) (string, error) {
	return w.Call(ctx, a, w.controller, slug, n)
}

// verify lets the customer answer the link: V2.
func (w *world) verify(ctx context.Context, a actor.Actor, itx string) error {
	return w.Verify(ctx, a, itx)
}

// reveal does one reveal, for tests that count.
func (w *world) reveal(ctx context.Context, a actor.Actor, itx string) error {
	_, err := w.Desk.Reveal(ctx, a, itx, []string{"name"}, "", "test")
	return err
}

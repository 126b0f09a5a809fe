// Package witness is the program that another administrator runs to cosign the log of somebody else's Amanah.
//
// It keeps its private key in a file of its own and, through trust/audit, one number and one hash for each log it
// was given the key of. It sees no entry and no personal data. It promises never to cosign two histories of one log:
// its state is on disk before a cosignature leaves. It listens without TLS, because what it says is signed; put it
// behind a proxy where the network is not trusted to deliver.
package witness

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/amanah-id/amanah/internal/app/listener"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/audit/witness"
)

// Options say what is witnessed, and where.
type Options struct {
	State   string   // folder of the witness's key and state
	Name    string   // the witness's name
	Address string   // to listen on
	Logs    []string // keys of the logs
	Clock   func() time.Time
	Up      func(address, key string) // called once it listens, with the witness's own key
}

// Run serves until ctx ends.
func Run(ctx context.Context, o Options) error {
	state := o.State
	if err := os.MkdirAll(state, 0o700); err != nil {
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", state)
	}
	seed, err := witnessSeed(filepath.Join(state, "witness.key"))
	if err != nil {
		return err
	}
	w, err := witness.Open(filepath.Join(state, "state.json"), o.Name, audit.KeySigner{Key: ed25519.NewKeyFromSeed(seed)}, o.Logs, o.Clock)
	if err != nil {
		return err
	}
	defer w.Close()
	l, err := listener.Bind(ctx, o.Address)
	if err != nil {
		return err
	}
	o.Up(l.Addr().String(), w.Key())
	listener.Notify("READY=1")
	return w.Serve(ctx, l)
}

// witnessSeed reads the witness's private key, or makes one the first time.
func witnessSeed(path string) ([]byte, error) {
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if seed, err = newSeed(); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, seed, 0o400); err != nil {
			return nil, errs.Wrap(errs.Unavailable, "app.output", err).With("file", path)
		}
		return seed, nil
	}
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, errs.Wrap(errs.Invalid, "app.file", err).With("file", path)
	}
	return seed, nil
}

func newSeed() ([]byte, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, err := rand.Read(seed)
	return seed, err
}

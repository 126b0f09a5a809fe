// Package keytest opens a real log and real keys over a test's stores, for the tests of the rooms that seal and sign. It is
// made as the house makes it: a root key in a file, the keyring that writes into the log, the log that signs with the
// keyring. So a room's test stands on what it will stand on, and needs no stand-in that agrees with everything.
package keytest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Start opens them under a root key of their own; the stores need the schemas of audit and keyring. The log signs when it is
// told to, and closes with the test.
func Start(t testing.TB, d *db.DB) (*audit.Log, *keyring.Keyring) {
	t.Helper()
	return StartWith(t, d, filepath.Join(t.TempDir(), "kms.key"))
}

// StartWith opens them under the root key in a file, which is made where it is missing: over the same stores again it is the
// same deployment.
func StartWith(t testing.TB, d *db.DB, file string) (*audit.Log, *keyring.Keyring) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		_, err := keyring.CreateKeyFile(file)
		must(err)
	}
	kms, err := keyring.OpenKeyFile(file)
	must(err)
	ctx := context.Background()
	log := audit.New(d, audit.Options{Deployment: "amanah-test", SignEvery: -1, Actor: actor.NewDuty("audit")})
	keys, err := keyring.Start(ctx, d, kms, keyring.Options{Deployment: "amanah-test", Log: log, Actor: actor.NewDuty("keyring")})
	must(err)
	must(log.Start(ctx, keys, keys.Signer()))
	t.Cleanup(func() { _ = log.Close(ctx) })
	return log, keys
}

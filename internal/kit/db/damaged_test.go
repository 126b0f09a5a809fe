package db

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestADamagedFileIsCalledThatAndTheIndexIsSaidToBeOneThatCanBeMadeAnew(t *testing.T) {
	for file, code := range map[string]string{"data.db": "db.damaged", "keys.db": "db.damaged", "index.db": "db.index_damaged"} {
		for name, bytes := range map[string][]byte{"no database": bytes.Repeat([]byte("x"), 4096), "half a header": []byte("SQLite format 3\x00 and then nothing")} {
			dir := t.TempDir()
			d, err := Open(context.Background(), Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			d, err = Open(context.Background(), Options{Dir: dir})
			if err == nil {
				_ = d.Close()
			}
			if e := errs.Of(err); err == nil || e.Code != code || code == "db.damaged" && e.Args["file"] != file {
				t.Errorf("%s in %s: %v", name, file, err)
			}
		}
	}
}

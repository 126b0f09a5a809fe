package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The address of a database holds a password, so its file is its owner's alone.
func TestAnAddressThatOthersCanReadIsNotTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crm.dsn")
	if err := os.WriteFile(file, []byte(t.TempDir()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, said := run(t, "en_US.UTF-8", "discover", "--dsn-file", file); code == scanUsage {
		t.Error(said)
	}
	for _, mode := range []os.FileMode{0o640, 0o604} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if code, _, said := run(t, "en_US.UTF-8", "discover", "--dsn-file", file); code != scanUsage || !strings.Contains(said, "others can read it") {
			t.Errorf("%o: %d %s", mode, code, said)
		}
	}
}

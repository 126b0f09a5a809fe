package player

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// program is a shell script in the place of the program.
func program(t *testing.T, script string) Player {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("AMANAH_SECRET", "rahasia")
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return Player{Program: path, Name: "dpl_1"}
}

func TestTheProcessKnowsNothingOfThisInstallationAndLeavesNothingBehind(t *testing.T) {
	p := program(t, `echo "$@"; env; pwd; touch left; exit 1`)
	old := filepath.Join(os.Getenv("TMPDIR"), "amanah-drill-dpl_1-killed")
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := p.Play(t.Context(), i18n.EN)
	if err != nil || !strings.HasPrefix(string(text), "attack run --json --lang en\n") || strings.Contains(string(text), "rahasia") {
		t.Errorf("%s, %v", text, err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAProcessThatDoesNotEndOrPrintsTooMuchIsNoReport(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := program(t, `sleep 60`).Play(ctx, i18n.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if _, err := program(t, `head -c 2000000 /dev/zero`).Play(t.Context(), i18n.ID); err == nil {
		t.Error("two megabytes are a report")
	}
	if _, err := (Player{Program: filepath.Join(t.TempDir(), "none"), Name: "x"}).Play(t.Context(), i18n.ID); err == nil {
		t.Error("no program is a report")
	}
}

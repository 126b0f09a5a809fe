package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestExitCodesSayWhoseTurnItIs(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, exitDone}, {errFound, exitFound}, {errors.New("defect"), exitFailed},
		{errs.New(errs.Invalid, "app.usage"), exitUsage}, {errs.New(errs.Conflict, "app.exists"), exitUsage}, {errs.New(errs.NotFound, "app.not_initialised"), exitUsage},
		{errs.New(errs.Unavailable, "db.full"), exitFailed}, {errs.New(errs.Conflict, "db.folder_in_use"), exitFailed},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

// full is an output behind which the disk is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAResultThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"config", "show"}} {
		var said bytes.Buffer
		c := newCLI(strings.NewReader(""), full{}, &said, nil)
		if code := c.run(t.Context(), args); code != exitFailed || !strings.Contains(said.String(), "app.output") {
			t.Errorf("%v: %d %s", args, code, said.String())
		}
	}
}

func TestADataFolderThatIsAFileIsCalledThat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"staff list", "verify", "init", "serve", "key status"} {
		code, _, said := run(t, "C", append(strings.Fields(line), "--data", path)...)
		if code != exitUsage || !strings.Contains(said, "[app.no_folder]") {
			t.Errorf("%s: %d %s", line, code, said)
		}
	}
}

func TestWhatIsNoExportedLogIsCalledThat(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(path, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{path: "[app.bundle]", dir: "[app.bundle]", filepath.Join(dir, "missing"): "[app.file]"} {
		if code, _, said := run(t, "C", "verify", at); code != exitUsage || !strings.Contains(said, want) {
			t.Errorf("%s: %d %s", at, code, said)
		}
	}
}

// A folder that an export made and could not fill is gone again; one that was there is left alone.
func TestAnExportThatFailsLeavesNoFolder(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "bundle")
	if code, _, said := run(t, "C", "audit", "export", "--to", to, "--data", filepath.Join(dir, "nowhere")); code != exitUsage || !strings.Contains(said, "[app.not_initialised]") {
		t.Errorf("%d %s", code, said)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("the folder is still there")
	}
	keep := filepath.Join(to, "keep")
	if err := os.MkdirAll(keep, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, _, said := run(t, "C", "audit", "export", "--to", to, "--data", filepath.Join(dir, "nowhere")); code != exitUsage || !strings.Contains(said, "[app.exists]") {
		t.Errorf("%d %s", code, said)
	}
	if _, err := os.Stat(keep); err != nil {
		t.Error(err)
	}
}

func TestAnInterruptedCommandSaysSo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	env := []string{"LANG=C"}
	var said bytes.Buffer
	data := filepath.Join(dir, "data")
	if code := newCLI(strings.NewReader(""), &said, &said, env).run(t.Context(), []string{"init", "--key-file", "--data", data}); code != exitDone {
		t.Fatal(said.String())
	}
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(errors.New("interrupt signal received"))
	for _, line := range []string{"key rotate", "staff list"} {
		said.Reset()
		if code := newCLI(strings.NewReader(""), &said, &said, env).run(ctx, append(strings.Fields(line), "--data", data)); code != exitFailed || !strings.Contains(said.String(), "[app.interrupted]") {
			t.Errorf("%s: %d %s", line, code, said.String())
		}
	}
}

// The folder may be where several nodes' logs went: all of them are counted.
func TestAnExportCountsTheEntriesOfAllLogs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"0001": "one\n7\nroot\n", "0002": "two\n25\nroot\n"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "checkpoint"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := exported(dir); n != 32 || err != nil {
		t.Error(n, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "0002", "checkpoint"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exported(dir); err == nil {
		t.Error("an empty checkpoint was counted")
	}
}

func TestWhatASignalAskedForIsNoFailure(t *testing.T) {
	running := t.Context()
	told, stop := context.WithCancel(running)
	stop()
	busy, other := errs.New(errs.Unavailable, "db.busy"), errs.New(errs.Unavailable, "db.full")
	for _, c := range []struct {
		ctx       context.Context
		err, want error
	}{
		{running, nil, nil}, {told, nil, nil}, {running, busy, busy}, {told, busy, nil}, {told, other, other},
		{told, fmt.Errorf("in the middle of a question: %w", context.Canceled), nil}, {running, context.Canceled, context.Canceled},
	} {
		if got := stopped(c.ctx, c.err); !errors.Is(got, c.want) {
			t.Errorf("%v, told to stop %v: %v", c.err, c.ctx.Err() != nil, got)
		}
	}
}

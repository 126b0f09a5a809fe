// Package player starts this program once more, to play the known attacks for the console.
//
// The process gets a temporary folder and an environment that names nothing but it: no setting, address or secret of this
// installation reaches it. What it prints is returned; what it says besides is thrown away. It ends with the context, and on
// Linux with its parent. The folder is removed afterwards, and what a killed run left is removed by the next.
package player

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

const most = 1 << 20 // bytes of a report

// Player plays the attacks for one installation.
type Player struct {
	Program string // this program itself
	Name    string // of the installation, in the name of the folder
}

// Play returns the report in JSON.
func (p Player) Play(ctx context.Context, lang i18n.Lang) (report []byte, err error) {
	prefix := "amanah-drill-" + p.Name + "-"
	old, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "app.internal", err)
	}
	for _, folder := range old {
		_ = os.RemoveAll(folder) // of another user: not ours to remove
	}
	folder, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "app.internal", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	out := &bounded{}
	cmd := exec.CommandContext(ctx, p.Program, "attack", "run", "--json", "--lang", string(lang)) //nolint:gosec // our own path
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.WaitDelay = folder, []string{"TMPDIR=" + folder, "HOME=" + folder, "GOMAXPROCS=1"}, out, 5*time.Second
	apart(cmd)
	var exit *exec.ExitError
	if err := cmd.Run(); ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil && !errors.As(err, &exit) { // it also ends with a code when an attack succeeds, and the report says so
		return nil, errs.Wrap(errs.Unavailable, "app.internal", err)
	} else if out.over {
		return nil, errs.New(errs.Unavailable, "app.internal")
	}
	return out.text.Bytes(), nil
}

// bounded keeps what is printed, and fails when it is too much.
type bounded struct {
	text bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > most {
		b.over = true
		return 0, errs.New(errs.Invalid, "app.internal")
	}
	return b.text.Write(p)
}

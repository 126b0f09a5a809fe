//go:build !linux

package child

import (
	"os/exec"
	"runtime/debug"
)

// apart does nothing where groups and deaths of parents are not known in the same way.
func apart(*exec.Cmd) {}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

// confine has only the limit of Go's own memory here, which is a strong wish and no wall.
func confine(memory int64) error {
	debug.SetMemoryLimit(memory)
	return nil
}

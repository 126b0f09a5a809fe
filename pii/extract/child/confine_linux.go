package child

import (
	"os/exec"
	"syscall"
)

// apart puts the process in a group of its own, which ends with its parent.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends the process and what it started.
func kill(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// confine limits this process and what it will start. Address space would be no good measure: Go reserves much that it never uses.
func confine(memory int64) error {
	for resource, limit := range map[int]uint64{
		syscall.RLIMIT_DATA:   uint64(memory), //nolint:gosec // the parent's number
		syscall.RLIMIT_CPU:    1800,
		syscall.RLIMIT_FSIZE:  0,
		syscall.RLIMIT_CORE:   0,
		syscall.RLIMIT_NOFILE: 64,
	} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	return nil
}

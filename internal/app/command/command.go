// Package command is the command line of the program.
//
// Each command is one function that makes it and one that does it; what there is to do is done by package app and the
// rooms. The commands follow a few rules. Each one has an example in its --help. Each takes --json where a script might read
// it. The exit code is 0 when done, 1 when something failed that may work later or an attack succeeded, 2 when the command line, the
// configuration or an input is wrong, 3 when a check found what it checks for (a tampered log, rejected rows); scan has codes of its own. An error says
// what happened and what to do next, in Indonesian or English, and never quotes what a customer gave.
//
// Long commands can be interrupted: the first SIGINT or SIGTERM ends them at the next safe point, the second at once.
// Nothing here reads or prints personal data, except the demonstration, whose people do not exist.
package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/pii/extract/child"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3
)

// found is returned by a command whose check found something; it was already printed.
var errFound = errors.New("found")

// Main runs a command line and returns the exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	if len(args) == 2 && args[0] == scan.ParserArgument { // started by scan, to parse what strangers made
		return child.Serve(args[1], in, out)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	c := newCLI(in, out, errOut, os.Environ())
	return c.run(ctx, args)
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitFound
	}
	if own := (*exit)(nil); errors.As(err, &own) {
		return own.code
	}
	if errs.Of(err).Code == "db.folder_in_use" {
		return exitFailed // nothing is wrong with the command: it works when the other process has ended
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.NotFound:
		return exitUsage
	case errs.Unauthenticated, errs.Denied, errs.TooMany, errs.Unavailable, errs.Internal:
		return exitFailed
	default:
		return exitFailed
	}
}

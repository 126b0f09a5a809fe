package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/amanah-id/amanah/internal/app/walk"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/proof"
)

// walk serves a call through the API of the running demonstration, then verifies its log.
func (c *cli) walk(ctx context.Context) error {
	state, err := c.demoState()
	if err != nil {
		return err
	}
	l, _ := state.login("agent2") // not the agent whose code a person may be using right now
	lang := c.language()
	o := walk.Options{
		URL: state.URL, Login: l.Login, Password: demoPassword, Clock: c.clock, Controller: state.Niaga, Caller: state.Caller, Text: c.words(),
		Code: func(at time.Time) (string, error) { return identity.TOTPCode(l.Secret, at) },
	}
	if !c.json {
		o.Each = func(s walk.Step) { fmt.Fprintf(c.out, "  %-58s %s\n", s.What, s.Answer) }
	}
	steps, step, err := walk.Walk(ctx, o)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return errs.Wrap(errs.Unavailable, "app.demo_stopped", err).With("folder", c.demoData()).With("url", state.URL)
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, "app.walk", err).With("step", step).With("problem", err.Error())
	}
	time.Sleep(400 * time.Millisecond) // the log is signed every 250 ms; the last entries of the call shall be signed too
	*c.settings["data"] = c.demoData()
	report, err := c.verify(ctx, nil, proof.Options{})
	if err != nil {
		return err
	}
	if err := c.print(map[string]any{"steps": steps, "log": report}, func(out io.Writer) {
		fmt.Fprintln(out)
		_ = report.Text(out, proof.Language(lang))
	}); err != nil {
		return err
	}
	if !report.OK() {
		return errFound
	}
	return nil
}

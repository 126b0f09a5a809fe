// Package delivery does, on Postfix's machine, what was decided about mails that wait: it lets them go or deletes them.
//
// It asks the server which decisions were made, has Postfix's own program carry each one out, and says that it was done. It
// promises: a mail is never touched but by its own id, on the machine whose queue it lies in, and only while it is held; what
// was done and not yet said, because the program was killed in between, is found done the next time and said then. A decision
// that cannot be carried out stays with the server and is tried again. It knows nothing of a mail but its id.
package delivery

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/dlp/mail"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Server is what the program asks; a client.Client.
type Server interface {
	DecidedTexts(ctx context.Context, way string) ([]client.DecidedText, error)
	CarriedOut(ctx context.Context, incident string) error
}

// Options say how it is done.
type Options struct {
	Server Server
	Host   string // Postfix's myhostname; empty asks postconf
	Config string // folder of Postfix's configuration; empty is its own
	Clock  func() time.Time
	// Run runs a program and returns all that it said; nil runs it.
	Run func(ctx context.Context, program string, args ...string) (string, error)
}

// The outcomes.
const (
	Released = "released" // let go
	Deleted  = "deleted"
	Absent   = "absent" // it lies in the queue no more: done before, or by hand
	Failed   = "failed" // tried again the next time
)

// Done is what became of one decision.
type Done struct {
	Incident string `json:"incident"`
	Queue    string `json:"queue"`
	Outcome  string `json:"outcome"`
}

// settles is how long after the decision a mail may still be on its way into the queue.
const settles = 5 * time.Minute

var one = regexp.MustCompile(`(?i)(released from hold|deleted): 1 message`)

// Once carries out what is decided now. The error is that of the server, or of a Postfix that says nothing about itself.
func Once(ctx context.Context, o Options) (done []Done, err error) {
	run := o.Run
	if run == nil {
		run = program
	}
	var config []string
	if o.Config != "" {
		config = []string{"-c", o.Config}
	}
	host := o.Host
	if host == "" {
		said, err := run(ctx, "postconf", append(config, "-h", "myhostname")...)
		if host = strings.TrimSpace(said); err != nil || host == "" {
			return nil, errs.Wrap(errs.Unavailable, "app.no_postfix", err)
		}
	}
	list, err := o.Server.DecidedTexts(ctx, "mail")
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "app.mail_server", err).With("answer", cmp.Or(client.Code(err), "network"))
	}
	for _, in := range list {
		queue, here := mail.At(in.Ref, host)
		if !here {
			continue
		}
		d := Done{Incident: in.ID, Queue: queue, Outcome: Failed}
		var said string
		var failed error
		switch in.Held {
		case "released":
			d.Outcome = Released
			said, failed = run(ctx, "postsuper", append(config, "-H", queue)...)
		case "refused":
			d.Outcome = Deleted
			said, failed = run(ctx, "postsuper", append(config, "-d", queue, "hold")...)
		default:
			continue
		}
		switch {
		case failed != nil:
			d.Outcome = Failed
		case !one.MatchString(said) && o.Clock().Sub(in.HeldAt) < settles:
			continue // it may be on its way into the queue
		case !one.MatchString(said):
			d.Outcome = Absent
		case d.Outcome == Released:
			_, _ = run(ctx, "postqueue", append(config, "-i", queue)...) // otherwise it goes with the next round of the queue
		}
		if d.Outcome != Failed {
			if err := o.Server.CarriedOut(ctx, in.ID); err != nil {
				return append(done, d), errs.Wrap(errs.Unavailable, "app.mail_server", err).With("answer", cmp.Or(client.Code(err), "network"))
			}
		}
		done = append(done, d)
	}
	return done, ctx.Err()
}

// Key reads the server's API key out of a file that nobody else may read.
func Key(file string) (string, error) {
	info, err := os.Stat(file)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return "", errs.New(errs.Invalid, "app.mail_key_readable").With("file", file)
	}
	text, unread := os.ReadFile(file)
	if err = cmp.Or(err, unread); err != nil {
		return "", errs.Wrap(errs.Invalid, "app.mail_file", err).With("file", file)
	}
	return strings.TrimSpace(string(text)), nil
}

// program runs one of Postfix's programs, which are often outside of the path.
func program(ctx context.Context, name string, args ...string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	return string(out), err
}

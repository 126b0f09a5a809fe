package command

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/delivery"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

func (c *cli) mailCommand() *cobra.Command {
	cmd := c.group("mail")
	cmd.Example = "  amanah mail deliver --server https://amanah.example.co.id --key-file /etc/amanah/mail.key"
	var server, keyFile, ca string
	var every time.Duration
	o := delivery.Options{Clock: c.clock}
	deliver := c.command("deliver", "mail_deliver", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		if every != 0 && every < time.Second {
			return c.usage("command.wrong_every")
		}
		s, err := c.mailServer(server, keyFile, ca)
		if err != nil {
			return err
		}
		o.Server = s
		return c.deliver(cmd.Context(), o, every)
	})
	deliver.Example = "  amanah mail deliver --server https://amanah.example.co.id --key-file /etc/amanah/mail.key\n" +
		"  amanah mail deliver --server https://10.0.0.5:8443 --ca ./certificate.pem --key-file ./mail.key --every 30s\n" +
		"  amanah mail deliver --server https://amanah.example.co.id --key-file ./mail.key --postfix /etc/postfix-out --json"
	f := deliver.Flags()
	f.StringVar(&server, "server", "", c.t("command.flag_server"))
	f.StringVar(&keyFile, "key-file", "", c.t("command.flag_api_key_file"))
	f.StringVar(&ca, "ca", "", c.t("command.flag_ca"))
	f.DurationVar(&every, "every", 0, c.t("command.flag_every"))
	f.StringVar(&o.Config, "postfix", "", c.t("command.flag_postfix"))
	f.StringVar(&o.Host, "host", "", c.t("command.flag_mail_host"))
	mustHave(f, "server", "key-file")
	cmd.AddCommand(deliver)
	return cmd
}

// mailServer is the server with the credential that a file holds.
func (c *cli) mailServer(address, keyFile, ca string) (*client.Client, error) {
	key, err := delivery.Key(keyFile)
	if err != nil {
		return nil, err
	}
	o := client.Options{Address: strings.TrimRight(address, "/"), Key: key, Language: string(c.language())}
	if ca != "" {
		text, err := os.ReadFile(ca)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(text) {
			return nil, errs.Wrap(errs.Invalid, "app.mail_file", err).With("file", ca)
		}
		o.HTTP = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}}}
	}
	s, err := client.New(o)
	if err != nil {
		return nil, c.usage("command.wrong_server")
	}
	return s, nil
}

// deliver carries out what is decided, once or again and again. In a loop a server that is away is waited for.
func (c *cli) deliver(ctx context.Context, o delivery.Options, every time.Duration) error {
	for {
		done, err := delivery.Once(ctx, o)
		if every == 0 && err == nil || len(done) > 0 {
			if e := c.print(map[string]any{"done": append([]delivery.Done{}, done...)}, func(w io.Writer) { c.tellDone(w, done) }); e != nil {
				return e
			}
		}
		if ctx.Err() != nil {
			return nil // told to stop; what was done and not said is said by the next run
		}
		if every == 0 {
			for _, d := range done {
				if err == nil && d.Outcome == delivery.Failed {
					err = errs.New(errs.Unavailable, "app.mail_undone")
				}
			}
			return err
		}
		if err != nil {
			c.complain(err)
		}
		wait := time.NewTimer(every)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

func (c *cli) tellDone(w io.Writer, done []delivery.Done) {
	for _, d := range done {
		fmt.Fprintln(w, c.t("command.mail_"+d.Outcome, "queue", d.Queue, "incident", d.Incident))
	}
	if len(done) == 0 {
		fmt.Fprintln(w, c.t("command.mail_nothing"))
	}
}

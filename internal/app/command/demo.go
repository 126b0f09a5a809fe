package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/listener"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

// demoFolder is where the demonstration lives unless --data says otherwise.
const demoFolder = "./amanah-demo"

// demoPassword is everybody's password in the demonstration. It is no secret and guards nothing: the demonstration
// listens on loopback only, its people do not exist, and a folder that was not made by it is never served with it.
const demoPassword = "melati-putih-di-tepi-danau" //nolint:gosec // see above

// demoState is what `demo code` and `demo walk` need to know; it lies beside the stores as demo.json.
type demoState struct {
	URL       string       `json:"url"`
	Logins    []demoLogin  `json:"logins"`
	Client    string       `json:"client"`     // id of the API client that lets calls ring
	ClientKey string       `json:"client_key"` // its key
	Niaga     string       `json:"controller"` // whose calls ring
	Caller    string       `json:"caller"`     // number of the customer who rings first; fictional
	Person    demoPerson   `json:"person"`     // who that is
	Others    []demoPerson `json:"others"`     // more customers of the same company
	// Represented is one more, for whom an attorney may speak about orders.
	Represented demoPerson `json:"represented"`
}

// demoPerson is a customer, as whoever plays the caller must know them: nobody, like all the others.
type demoPerson struct {
	Name    string            `json:"name"`
	Phone   string            `json:"phone"`
	Number  string            `json:"number"`
	History map[string]string `json:"history"` // answers by kind of question
}

type demoLogin struct {
	Login  string `json:"login"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Secret string `json:"totp_secret"`
}

func (s *demoState) login(name string) (demoLogin, bool) {
	for _, l := range s.Logins {
		if l.Login == name || l.Role == name {
			return l, true
		}
	}
	return demoLogin{}, false
}

func (c *cli) demoCommand() *cobra.Command {
	var customers int
	cmd := c.command("demo", "demo", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		if customers < 1 {
			return c.usage("command.wrong_customers")
		}
		return stopped(cmd.Context(), c.demo(cmd.Context(), customers))
	})
	cmd.Example = c.examples("amanah demo", "demo", "amanah demo code agent", "demo_code", "amanah demo walk", "demo_walk")
	cmd.Flags().IntVar(&customers, "customers", 2000, c.t("command.flag_customers"))
	c.setting(cmd.Flags(), "listen")
	code := c.command("code LOGIN", "demo_code", c.oneArg("command.the_demo_login"), func(_ *cobra.Command, args []string) error {
		state, err := c.demoState()
		if err != nil {
			return err
		}
		l, ok := state.login(args[0])
		if !ok {
			var logins []string
			for _, l := range state.Logins {
				logins = append(logins, l.Login)
			}
			return errs.New(errs.NotFound, "app.demo_login").With("logins", strings.Join(logins, ", "))
		}
		code, err := identity.TOTPCode(l.Secret, c.clock())
		if err != nil {
			return err
		}
		return c.print(map[string]string{"login": l.Login, "code": code}, func(w io.Writer) { fmt.Fprintln(w, code) })
	})
	code.Example = "  amanah demo code agent"
	walk := c.command("walk", "demo_walk", c.noArgs, func(cmd *cobra.Command, _ []string) error { return c.walk(cmd.Context()) })
	walk.Example = "  amanah demo walk"
	cmd.AddCommand(code, walk)
	return cmd
}

// demoData is the folder of the demonstration.
func (c *cli) demoData() string {
	if v := *c.settings["data"]; v != "" {
		return v
	}
	if v := c.env("AMANAH_DATA"); v != "" {
		return v
	}
	return demoFolder
}

func (c *cli) demoState() (*demoState, error) {
	folder := c.demoData()
	text, err := os.ReadFile(filepath.Join(folder, "demo.json"))
	if err != nil {
		return nil, errs.Wrap(errs.NotFound, "app.demo_none", err).With("folder", folder)
	}
	var s demoState
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, errs.Wrap(errs.Invalid, "app.demo_only", err).With("folder", folder)
	}
	return &s, nil
}

// demoListen takes the asked address, or the first free one of a few. It refuses what other machines could reach.
func (c *cli) demoListen(ctx context.Context) (net.Listener, error) {
	if asked := *c.settings["listen"]; asked != "" {
		host, _, err := net.SplitHostPort(asked)
		if err != nil || !app.Loopback(host) {
			return nil, c.usage("command.wrong_demo_listen")
		}
		return listener.Bind(ctx, asked)
	}
	var last error
	for port := 8080; port < 8100; port++ {
		l, err := listener.Bind(ctx, "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, last
}

func (c *cli) demo(ctx context.Context, customers int) (err error) {
	began := c.clock()
	folder := c.demoData()
	state, err := c.demoState()
	fresh := err != nil
	if _, statErr := os.Stat(folder); fresh && !errors.Is(statErr, fs.ErrNotExist) {
		return errs.New(errs.Conflict, "app.demo_only").With("folder", folder)
	}
	l, err := c.demoListen(ctx)
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	*c.settings["data"] = folder
	for key, value := range map[string]string{"listen": l.Addr().String(), "tls.off": "true", "url": "http://localhost:" + port, "name": "Nusantara Niaga", "log.level": "error", "log.format": "text", "icap.client": app.PlayedProxy, "icap.controller": "niaga"} {
		c.settings[key] = &value
	}
	cfg, err := c.load()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	h, err := c.demoHouse(ctx, cfg, fresh)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	made := !fresh
	defer func() {
		err = errors.Join(err, h.Close(context.WithoutCancel(ctx)))
		if !made && cfg.Database.URL == "" {
			err = errors.Join(err, os.RemoveAll(folder)) // half a call center; this run made the folder, and the next shall
		}
	}()
	if fresh {
		if state, err = seed(ctx, h, customers); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	state.URL = app.Origin(cfg)
	text, err := json.MarshalIndent(state, "", "  ") //nolint:gosec // it holds the fictional call center's keys, for `demo walk`, in a file of mode 0600
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "demo.json"), append(text, '\n'), 0o600)
	}
	if err != nil {
		return errors.Join(errs.Wrap(errs.Unavailable, "app.output", err).With("file", folder), l.Close())
	}
	made = true
	ringing, stop := context.WithCancel(ctx)
	var rings sync.WaitGroup
	rings.Go(func() { keepRinging(ringing, h, state) })
	defer rings.Wait()
	defer stop()
	return h.Run(ctx, l, func(string) error {
		c.welcome(cfg, state, fresh, customers, c.clock().Sub(began))
		return nil
	})
}

// demoHouse makes the demonstration's installation or opens the one it made before.
func (c *cli) demoHouse(ctx context.Context, cfg *config.Config, fresh bool) (*app.House, error) {
	if fresh {
		return c.found(ctx, cfg, "", true, logger(cfg, c.errOut))
	}
	h, err := c.open(ctx, "", logger(cfg, c.errOut), nil)
	if err != nil {
		return nil, err
	}
	if !h.Demo {
		return nil, errors.Join(errs.New(errs.Conflict, "app.demo_only").With("folder", cfg.Data), h.Close(ctx))
	}
	return h, nil
}

func (c *cli) welcome(cfg *config.Config, s *demoState, fresh bool, customers int, took time.Duration) {
	w := c.out
	made := c.t("command.demo_goes_on", "folder", cfg.Data)
	if fresh {
		made = c.n("command.demo_made", int64(customers), "folder", cfg.Data)
	}
	fmt.Fprintf(w, "\n%s\n%s\n\n", c.t("command.demo_title", "made", made, "seconds", fmt.Sprintf("%.1f", took.Seconds())), c.t("command.demo_fiction"))
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "  %s\t%s\n  %s\t%s   (%s)\n", c.t("command.demo_open"), s.URL, c.t("command.demo_password"), demoPassword, c.t("command.demo_everybody"))
	_ = t.Flush()
	fmt.Fprintln(w)
	self := "amanah"
	if strings.Contains(os.Args[0], "go-build") {
		self = "go run ./cmd/amanah"
	}
	folder := folderFlag(cfg.Data)
	for _, l := range s.Logins {
		fmt.Fprintf(w, "  %-11s %-24s %s: %s demo code %s%s\n", l.Login, l.Name, c.t("command.demo_factor"), self, l.Login, folder)
	}
	fmt.Fprintf(w, "\n%s\n", c.t("command.demo_try", "command", self+" demo code agent"+folder))
	p := s.Person
	steps := []string{c.t("command.demo_try_call"), c.t("command.demo_try_link", "inbox", s.URL+"/demo/inbox")}
	if h := p.History; len(h) > 0 { // a folder of an earlier version has none
		steps = append(steps, c.t("command.demo_try_history", "name", p.Name, "number", p.Number, "payment", h["last_payment"], "order", h["last_order"], "branch", h["last_branch"], "product", h["product_opened"]))
	}
	if r := s.Represented; r.Number != "" {
		steps = append(steps, c.t("command.demo_try_mandate", "name", r.Name, "number", r.Number))
	}
	steps = append(steps, c.t("command.demo_try_reveal"), c.t("command.demo_try_capture"), c.t("command.demo_try_log"), c.t("command.demo_try_walk", "command", self+" demo walk"+folder))
	for i, step := range steps {
		fmt.Fprintf(w, "  %d. %s\n", i+1, step)
	}
	fmt.Fprintf(w, "\n%s\n", c.t("command.demo_stop"))
}

// folderFlag is what the next command needs to find this demonstration.
func folderFlag(folder string) string {
	if folder == demoFolder {
		return ""
	}
	return " --data " + folder
}

// keepRinging lets the next call ring whenever none waits, as long as the demonstration runs.
func keepRinging(ctx context.Context, h *app.House, s *demoState) {
	t := time.NewTicker(3 * time.Second)
	defer t.Stop()
	last := ""
	for n := 0; ; {
		rings, err := ring(ctx, h, s, n, last)
		if err != nil && ctx.Err() == nil {
			h.Logger.Error("no call could be made to ring", slog.String("code", errs.Of(err).Code))
		}
		if rings != last {
			last = rings
			n++
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

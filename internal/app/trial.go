package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/web"
)

// TrialOptions says how a Trial is made.
type TrialOptions struct {
	Dir         string            // an empty folder for the stores and the root key
	Database    string            // postgres://… in place of the folder's stores
	Settings    map[string]string // of the configuration, by key
	Controllers []string          // slug=Name
	Clock       func() time.Time  // nil is the machine's
	Log         *slog.Logger
	Limits      web.Limits // of requests; zero is the product's
}

// Trial is an installation wired exactly as the program wires it, for `amanah bench` and for the tests that look at it from outside: of the
// API, of access, of what leaves and what lies on the disk. What it lets a test reach into is what no request can do:
// staff without an enrolment by hand, the inbox, the stores behind the product's back.
type Trial struct {
	*bench.Center
	house *House
}

// NewTrial makes a Trial. Messages go to its inbox.
func NewTrial(ctx context.Context, o TrialOptions) (*Trial, error) {
	settings := map[string]string{"data": o.Dir, "name": "Toko Nusantara"}
	for key, value := range o.Settings {
		settings[key] = value
	}
	cfg, err := config.Load(config.Sources{Flags: settings})
	if err != nil {
		return nil, err
	}
	store := db.Options{Dir: o.Dir, Clock: o.Clock}
	if o.Database != "" {
		store = db.Options{URL: o.Database, Clock: o.Clock}
	}
	d, err := db.Open(ctx, store)
	if err != nil {
		return nil, err
	}
	t, err := newTrial(ctx, o, cfg, d)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return t, nil
}

func newTrial(ctx context.Context, o TrialOptions, cfg *config.Config, d *db.DB) (*Trial, error) {
	if err := d.Migrate(ctx, schemas()...); err != nil {
		return nil, err
	}
	path := filepath.Join(o.Dir, "root.key")
	if _, err := os.Stat(path); err != nil {
		if _, err := keyring.CreateKeyFile(path); err != nil {
			return nil, err
		}
	}
	kms, err := keyring.OpenKeyFile(path)
	if err != nil {
		return nil, err
	}
	dep, err := makeDeployment(ctx, d, o.Dir, true)
	if err != nil {
		return nil, err
	}
	h, err := build(ctx, cfg, d, dep, building{clock: d.Now, log: o.Log, kms: kms, demo: true, limits: o.Limits})
	if err != nil {
		return nil, err
	}
	if err := h.AddControllers(ctx, o.Controllers); err != nil {
		return nil, errors.Join(err, h.Audit.Close(ctx))
	}
	t := &Trial{h.center(), h}
	return t, t.Learn(ctx)
}

// center is the house as package bench knows it.
func (h *House) center() *bench.Center {
	return &bench.Center{
		Web: h.Web, DB: h.DB, Log: h.Audit, Inbox: h.Inbox, Catalogue: h.Catalogue, Identity: h.Identity, Purposes: h.Purposes, Vault: h.Vault,
		Interactions: h.Interactions, Desk: h.Desk, Verification: h.Verification, Mandates: h.Mandates, Intake: h.Intake, Worker: h.Worker,
	}
}

// HoldMail sends a mail about many people of nobody's past package dlp, which holds it, and returns the incident.
func (t *Trial) HoldMail(ctx context.Context, controller string) (incident string, err error) {
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, "orang%d@contoh.example\n", i)
	}
	content, err := t.house.DLP.Examine(ctx, "surat.txt", strings.NewReader(text.String()), nil)
	if err != nil {
		return "", err
	}
	j, err := t.house.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Mail, Recipient: dlp.Outside, By: actor.NewClient("cli_mail", []string{"inspect"}, []string{controller}), Controller: controller, Content: content})
	if err == nil && j.Verdict != dlp.Hold {
		err = errs.New(errs.Internal, "app.internal")
	}
	return j.Incident, err
}

// KnowValues has package dlp know the values of customers, as a started server does in the background.
func (t *Trial) KnowValues(ctx context.Context) error { return t.house.Known.Build(ctx) }

// Close ends the trial.
func (t *Trial) Close(ctx context.Context) error { return t.house.Close(ctx) }

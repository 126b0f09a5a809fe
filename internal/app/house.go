package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/amanah-id/amanah/internal/app/player"
	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/desk/act"
	deskpage "github.com/amanah-id/amanah/internal/desk/page"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/file"
	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/dlp/mail"
	"github.com/amanah-id/amanah/internal/dlp/malware"
	"github.com/amanah-id/amanah/internal/dlp/proxy"
	"github.com/amanah-id/amanah/internal/drill"
	"github.com/amanah-id/amanah/internal/intake"
	"github.com/amanah-id/amanah/internal/interaction"
	interactionpage "github.com/amanah-id/amanah/internal/interaction/page"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/supervision"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trail"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/identity/oidc"
	"github.com/amanah-id/amanah/internal/trust/identity/page"
	"github.com/amanah-id/amanah/internal/trust/identity/scim"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/check"
	"github.com/amanah-id/amanah/internal/verification/mandate"
	"github.com/amanah-id/amanah/internal/verification/method"
	verifypage "github.com/amanah-id/amanah/internal/verification/page"
	"github.com/amanah-id/amanah/internal/verification/passkey"
	"github.com/amanah-id/amanah/internal/verification/simswap"
	"github.com/amanah-id/amanah/internal/watchlist"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/idempotency"
	"github.com/amanah-id/amanah/pii/extract"
	"github.com/amanah-id/amanah/pii/extract/child"
	"github.com/amanah-id/amanah/proof"
)

// House is every room of one running program, wired.
type House struct {
	Config *config.Config
	Clock  func() time.Time
	Logger *slog.Logger
	ID     string // names the installation: part of every sealed value and of every log's origin
	Demo   bool

	DB           *db.DB
	Audit        *audit.Log
	Keys         *keyring.Keyring
	Catalogue    *catalog.Catalogue
	Policies     *policy.Set
	Gate         *gate.Gate
	Identity     *identity.Identity
	SSO          *oidc.Service // nil without a provider
	Directory    *scim.Service
	Purposes     *purpose.Register
	Consents     *consent.Book
	DLP          *dlp.Service
	Known        *known.Index
	Mail         *mail.Service
	Vault        *vault.Vault
	Interactions *interaction.Service
	Messages     *message.Service
	Verification *verification.Service
	Check        *check.Service
	Mandates     *mandate.Service
	Desk         *desk.Service
	Acts         *act.Service
	Trail        *trail.Trail
	Approvals    *approval.Approvals
	Supervision  *supervision.Service
	Telephony    *telephony.Service
	Recorder     *recorder.Service
	Watchlist    *watchlist.Service
	Drill        *drill.Service
	Intake       *intake.Service
	Proxy        *proxy.Service // nil: no proxy asks
	Malware      *malware.Clamd // nil: nobody checks files
	Files        *file.Service
	Inbox        *message.Inbox // the demonstration's visible outbox; nil otherwise

	Web    *web.Server
	Worker *jobs.Worker

	parser        *child.Pool // of documents; nil: they are parsed in this process
	restored      bool        // a backup was put back: the blind index is compared with it before anybody is served
	malwareStands atomic.Bool // clamd has answered as it must when it was asked last

	lostKeys atomic.Int64 // customers whose key is missing, as the start has found

	knownFailed atomic.Bool // the index of known values could not be built; it is tried again
}

// parsers is how many documents are parsed at a time, each in a process that may take 768 MB.
const parsers = 2

// building says how a house is to be built.
type building struct {
	clock func() time.Time
	log   *slog.Logger
	kms   keyring.KMS
	// node names the writer of the audit log's shard; "" is the configuration's.
	node string
	// restored begins a new log, because a backup was put back.
	restored bool
	// program parses documents in a process of its own.
	program string
	// demo brings the banner and the inbox that everybody may read.
	demo bool
	// limits of requests for measurements and tests; zero is the product's. No configuration reaches them.
	limits web.Limits
}

// roomSchemas are the tables of the rooms below, in the order in which they are made.
func roomSchemas() []db.Schema {
	return []db.Schema{
		audit.Schema(), {Room: "keyring", FS: keyring.Schema}, identity.Schema(), oidc.Schema(), scim.Schema(), approval.Schema(), purpose.Schema(), consent.Schema(),
		vault.Schema(), intake.Schema(), interaction.Schema(), message.Schema(), verification.Schema(), passkey.Schema(), mandate.Schema(), desk.Schema(), act.Schema(),
		telephony.Schema(), recorder.Schema(), watchlist.Schema(), dlp.Schema(), mail.Schema(), supervision.Schema(), drill.Schema(),
	}
}

// build wires the rooms on opened stores. It is read from top to bottom: each room gets what stands above it.
// A room that must ask one below it gets a function that is called later, when both exist.
func build(ctx context.Context, cfg *config.Config, d *db.DB, dep deployment, b building) (_ *House, err error) {
	h := &House{Config: cfg, Clock: b.clock, Logger: b.log, ID: dep.ID, Demo: dep.Demo, DB: d}
	duty := func(name string) actor.Actor { return actor.NewDuty(name) }

	// Trust. The log comes first, because everything that follows writes into it; the keyring makes its signer.
	node := b.node
	if node == "" {
		node = cfg.Node
	}
	witnesses, err := witnessesOf(cfg)
	if err != nil {
		return nil, err
	}
	// The worker wakes with the writes of this node, so it is made before the first of them; what it does follows.
	host, _ := os.Hostname()
	h.Worker = jobs.New(d, jobs.Options{Node: host + "/" + node, Log: b.log})
	why := ""
	if h.restored = b.restored; b.restored {
		why = "restore"
	}
	h.Audit = audit.New(d, audit.Options{Deployment: dep.ID, Node: node, Actor: duty("log"), Witnesses: witnesses, Continue: why})
	h.Keys, err = keyring.Start(ctx, d, b.kms, keyring.Options{Deployment: dep.ID, Log: h.Audit, Actor: duty("keyring")})
	if err != nil {
		return nil, err
	}
	if h.restored {
		if err := vault.DoubtIndex(ctx, d); err != nil { // before the new log: a start that ends in between must not hide it
			return nil, err
		}
	}
	if err := h.Audit.Start(ctx, h.Keys, h.Keys.Signer()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Audit.Close(context.WithoutCancel(ctx)))
		}
	}()
	if h.Catalogue, err = catalogueOf(cfg); err != nil {
		return nil, err
	}
	h.Identity, err = identity.New(d, h.Audit, h.Keys, identity.Config{Origin: Origin(cfg), Company: cfg.Name})
	if err != nil {
		return nil, err
	}
	h.Directory = scim.New(scim.Options{DB: d, Log: h.Audit, Keys: h.Keys, Identity: h.Identity, Mapping: mappings(cfg), Controller: h.Controller})
	if o := cfg.OIDC; o.Issuer != "" {
		h.SSO = oidc.New(oidc.Options{
			DB: d, Log: h.Audit, Keys: h.Keys, Identity: h.Identity, Issuer: o.Issuer, Client: o.ClientID, Secret: o.Secret.Reveal(), Name: o.Name,
			Scopes: o.Scopes, ACR: o.ACR, AMR: o.AMR, Claim: o.Claim, Directory: h.Directory.Find, Door: duty("sign_in"), Provider: duty("provider"),
		})
	}

	// Rooms.
	h.Purposes = purpose.New(d, h.Audit, h.Catalogue)
	h.Vault = vault.New(vault.Options{DB: d, Log: h.Audit, Keys: h.Keys, Catalogue: h.Catalogue, Purpose: h.Purposes.Facts, Duty: duty})
	h.Interactions, err = interaction.New(interaction.Options{
		DB: d, Log: h.Audit, Keys: h.Keys, Seal: staffSeal(h.Keys), Purpose: h.Purposes.Get,
		Subject: h.Vault.Owner,
		Staff: func(tx *db.Tx, staff string) (interaction.Colleague, error) {
			s, err := h.Identity.Staff(tx, staff)
			return interaction.Colleague{
				Name:        s.Name,
				Active:      s.State == identity.Active && (s.Role == actor.Agent || s.Role == actor.Supervisor),
				Controllers: s.Controllers,
			}, err
		},
		Match: func(tx *db.Tx, controller, number string, limit int) ([]string, error) {
			hits, err := h.Vault.Find(tx, controller, vault.Query{Field: "phone", Value: number}, limit)
			if errs.KindOf(err) == errs.Invalid {
				return nil, nil // a caller without a number, or with one of a switchboard
			}
			var out []string
			for _, hit := range hits.List {
				out = append(out, hit.Subject)
			}
			return out, err
		},
		ByHand: cfg.Desk.Calls, Duty: duty("interaction_sweep"),
	})
	if err != nil {
		return nil, err
	}
	h.Vault.UseCases(h.Interactions.CaseReferences)

	h.Watchlist = watchlist.New(watchlist.Options{
		DB: d, Log: h.Audit, Keys: h.Keys, Catalogue: h.Catalogue, Vault: h.Vault, Interactions: h.Interactions, Duty: duty("watchlist"),
		Seconded: func(tx *db.Tx, itx, subject string) (bool, error) { return h.Verification.Seconded(tx, itx, subject) },
		Staff: func(tx *db.Tx, staff string) (string, error) {
			one, err := h.Identity.Staff(tx, staff)
			return one.Name, err
		},
		Peers:    h.peers,
		Revealed: func(tx *db.Tx) (map[string]int, error) { return h.Desk.Revealed(tx) },
		Controllers: func(ctx context.Context) (out []watchlist.Controller, err error) {
			list, err := h.companies(ctx)
			for _, c := range list {
				out = append(out, watchlist.Controller{ID: c.ID, Name: c.Name})
			}
			return out, err
		},
		Tell: h.tellAlert(), Breadth: cfg.Desk.Customers,
	})
	h.Vault.UseNamed(h.Watchlist.Named)

	h.Known = known.New(d, h.Vault, h.Catalogue)
	reading := dlp.Reading{Limits: extract.Usual()}
	reading.Limits.Time = 2 * time.Minute                       // Postfix waits five, and what it gets no answer about it sends again for days
	if h.Malware, _ = scannerOf(cfg, d.Now); h.Malware != nil { // CheckConfig has read the address
		reading.Malware = h.Malware.Check
	}
	if b.program != "" {
		h.parser = child.NewPool(parsers, func() *child.Process { return &child.Process{Program: b.program, Args: []string{scan.ParserArgument}} })
		reading.Documents, reading.Tools = h.parser, func() extract.Tools { return extract.Installed(context.WithoutCancel(ctx)) }
	}
	h.DLP, err = dlp.New(dlp.Options{DB: d, Log: h.Audit, Keys: h.Keys, Staff: h.Identity.FirstName, Client: h.clientName, Files: reading, Known: h.Known, Alarm: h.Watchlist.Probed,
		Texts: func(lang i18n.Lang) *i18n.Printer { return h.Web.Texts().For(lang, nil) }})
	if err != nil {
		return nil, err
	}
	h.Mail = mailOf(h, duty("mail"), b)
	h.Proxy = h.judgeOfRequests(cfg)

	// The gate reads its facts from the rooms around it.
	h.Policies, err = policy.New()
	if err != nil {
		return nil, err
	}
	h.Gate = gate.New(h.Audit, h.Policies, gate.Providers{
		Session:     h.Identity.SessionFacts,
		Interaction: h.Interactions.GateFacts,
		Level:       func(tx *db.Tx, itx, subject string) (int, error) { return h.Verification.Level(tx, itx, subject) },
		Purpose:     h.Purposes.Facts,
		Consent: func(tx *db.Tx, subject, purpose string) (bool, error) {
			return h.Consents.IsGranted(tx, subject, purpose)
		},
		Mandate: func(tx *db.Tx, itx, subject string) (gate.MandateFacts, error) {
			return h.Mandates.Facts(tx, itx, subject)
		},
		Budget: func(tx *db.Tx, a actor.Actor, itx string) (int, error) {
			if alarmed, err := h.Supervision.Alarmed(tx, a.ID()); err != nil || alarmed {
				return 0, err // as spent: see package supervision
			}
			return h.Desk.BudgetLeft(tx, a, itx)
		},
		Searches: func(tx *db.Tx, a actor.Actor, itx string) (int, int, error) {
			if alarmed, err := h.Supervision.Alarmed(tx, a.ID()); err != nil || alarmed {
				return 0, 0, err
			}
			return h.Desk.SearchesLeft(tx, a, itx)
		},
		Told: func(tx *db.Tx, subject string, level int) ([]string, int, error) {
			return h.Desk.Told(tx, subject, level)
		},
		Watch: h.Watchlist.Watch, Touched: h.Watchlist.Touched,
		Hits:  func(tx *db.Tx, itx, subject string) ([]string, error) { return h.Desk.Hits(tx, itx, subject) },
		Owner: h.Vault.Owner,
		Field: fieldFacts(h.Catalogue),
	}, append(vault.Duties(h.Catalogue), gate.DutySpec{Name: message.Duty, Fields: message.Fields()}, gate.DutySpec{Name: message.ReadDuty, Fields: message.ReadFields(h.Catalogue)},
		gate.DutySpec{Name: verification.SIMDuty, Fields: verification.SIMFields()}, gate.DutySpec{Name: mandate.Duty, Fields: mandate.DutyFields()}, gate.DutySpec{Name: act.Duty, Fields: act.Fields(h.Catalogue)}, gate.DutySpec{Name: vault.DutyPrints, Fields: known.Fields(h.Catalogue)})...)
	if missing := h.Gate.Missing(); len(missing) > 0 {
		return nil, errs.New(errs.Internal, "app.internal").With("missing", missing)
	}
	attacks := drill.Options{DB: d, Log: h.Audit, Duty: duty("drill"), Policy: h.Policies.Hash(), Staff: func(tx *db.Tx, staff string) (string, error) {
		one, err := h.Identity.Staff(tx, staff)
		return one.Name, err
	}}
	if b.program != "" {
		attacks.Play = player.Player{Program: b.program, Name: dep.ID}.Play
	}
	h.Drill = drill.New(attacks)
	h.Vault.UseGate(h.Gate)
	h.Watchlist.UseGate(h.Gate)
	h.Consents = consent.New(d, h.Audit, h.Gate, h.Purposes)
	h.Consents.UseCustomers(func(tx *db.Tx, subject string) (string, error) {
		s, err := h.Vault.Subject(tx, subject)
		return s.Controller, err
	})

	if b.demo {
		h.Inbox = &message.Inbox{}
	}
	ways, err := senders(cfg, h.Keys, h.Inbox)
	if err != nil {
		return nil, err
	}
	h.Messages, err = message.New(message.Options{
		Others: func(tx *db.Tx, subject, mandate string) (keyring.Sealed, error) {
			return h.Mandates.Sealed(tx, subject, mandate)
		},
		DB: d, Log: h.Audit, Gate: h.Gate, Keys: h.Keys, Contacts: h.Vault,
		Texts:   func(lang i18n.Lang) *i18n.Printer { return h.Web.Texts().For(lang, nil) },
		Inspect: h.inspect, Senders: ways, Prefer: message.Channel(cfg.Message.Phone), Duty: duty(message.Duty),
		Reader: duty(message.ReadDuty), Catalogue: h.Catalogue,
		Check: func(tx *db.Tx, itx string) (code, page string, err error) {
			code, err = h.Check.Lasting(tx, itx)
			return code, Origin(cfg) + "/check", err
		},
	})
	if err != nil {
		return nil, err
	}
	company := func(tx *db.Tx, controller string) (string, error) {
		c, err := h.Purposes.Controller(tx, controller)
		return c.Name, err
	}
	purposeName := func(tx *db.Tx, id, language string) (string, error) {
		p, err := h.Purposes.Get(tx, id)
		return p.Name[language], err
	}
	history, _ := h.Catalogue.Field(vault.HistoryField)
	rules, sim, err := methodsOf(cfg)
	if err != nil {
		return nil, err
	}
	h.Mandates, err = mandate.New(mandate.Options{
		DB: d, Log: h.Audit, Gate: h.Gate, Keys: h.Keys, Catalogue: h.Catalogue, Vault: h.Vault, Interactions: h.Interactions, Messages: h.Messages, Purposes: h.Purposes,
		Company: company, Duty: duty(mandate.Duty),
		Consented: func(tx *db.Tx, subject, purpose string) (string, bool, error) {
			return h.Consents.GrantedThrough(tx, subject, purpose)
		},
	})
	if err != nil {
		return nil, err
	}
	h.Consents.UseSpeakers(h.Mandates.MayConsent)
	h.Vault.UseBorn(h.Mandates.Born)
	h.Verification, err = verification.New(verification.Options{
		Representatives: h.Mandates,
		DB:              d, Log: h.Audit, Gate: h.Gate, Keys: h.Keys, Interactions: h.Interactions, Messages: h.Messages, Vault: h.Vault,
		Fold: history.Key, Company: company,
		Staff: func(tx *db.Tx, staff string) (string, error) {
			one, err := h.Identity.Staff(tx, staff)
			return one.Name, err
		},
		Agent:   h.Identity.FirstName,
		Purpose: purposeName, Seen: func(tx *db.Tx, itx, subject string) ([]string, error) { return h.Desk.Seen(tx, itx, subject) },
		Customer: actor.NewCustomer, Duty: duty("verification_expire"), Address: Origin(cfg), Operator: cfg.Operator,
		Rules: rules, SIM: sim, SIMActor: duty(verification.SIMDuty), Protected: h.Watchlist.Protected,
	})
	if err != nil {
		return nil, err
	}
	h.Interactions.SetLevel(h.Verification.Level)
	passkeys, err := passkey.New(h.Keys, Origin(cfg), cfg.Name)
	if err != nil {
		return nil, err
	}
	if passkeys != nil {
		h.Verification.UsePasskeys(passkeys)
	}
	h.Check, err = check.New(check.Options{
		DB: d, MAC: h.Keys.MAC, Log: h.Audit, Open: h.Interactions.OpenIDs, Facts: h.Interactions.Facts, Report: h.Verification.Reported,
		Company: company, Agent: h.Identity.FirstName, Purpose: purposeName, Visitor: actor.NewCustomer("check"), Numbers: cfg.Check.Numbers, Operator: cfg.Operator,
	})
	if err != nil {
		return nil, err
	}
	mappings, err := telephony.Load(cfg.Telephony.Mappings)
	if err != nil {
		return nil, err
	}
	h.Telephony, err = telephony.New(telephony.Options{
		DB: d, Log: h.Audit, Keys: h.Keys, Seal: staffSeal(h.Keys), Intake: h.Interactions, Mappings: mappings, Duty: duty(interaction.RelayDuty),
		Address: Origin(cfg), Allow: cfg.Telephony.Allow, Logger: b.log, Inspect: h.inspectHook,
		Controllers: func(ctx context.Context) (out []telephony.Controller, err error) {
			list, err := h.companies(ctx)
			for _, c := range list {
				out = append(out, telephony.Controller{ID: c.ID, Name: c.Name})
			}
			return out, err
		},
	})
	if err != nil {
		return nil, err
	}
	h.Recorder = recorderOf(h, duty(recorder.Duty), b)
	h.Supervision = supervision.New(supervision.Options{
		DB: d, Log: h.Audit, Interactions: h.Interactions, Seal: staffSeal(h.Keys),
		Name: func(tx *db.Tx, staff string) (string, error) {
			one, err := h.Identity.Staff(tx, staff)
			return one.Name, err
		},
		Decides: func(tx *db.Tx, staff, controller string) (bool, error) {
			one, err := h.Identity.Staff(tx, staff)
			return one.State == identity.Active && one.Role == actor.Supervisor && slices.Contains(one.Controllers, controller), err
		},
		Opened:    func(tx *db.Tx, itx string) (int, time.Time, error) { return h.Desk.Opened(tx, itx) },
		Protected: h.Watchlist.Protected,
		Alerts: []supervision.Alerts{func(tx *db.Tx, controllers []string) (out []supervision.Alert, err error) {
			list, err := h.Watchlist.Alerts(tx, controllers)
			for _, a := range list {
				one := supervision.Alert{Kind: supervision.Kind(a.Kind), Controller: a.Controller, Staff: a.Staff, At: a.Last}
				if a.Kind == watchlist.Unchecked { // nobody's doing
					one.Staff = ""
				}
				out = append(out, one)
			}
			return out, err
		}, h.unresumed},
		Announce: h.Telephony.Announce, Hidden: cfg.Desk.ListeningHidden, Duty: duty("supervision"),
	})
	h.Interactions.SetAnnounce(func(tx *db.Tx, c interaction.Change) error {
		return errors.Join(h.Supervision.Follow(tx, c), h.Telephony.Announce(tx, c), h.Recorder.Follow(tx, c))
	})
	h.Interactions.SetLeg(h.Recorder.Took)
	h.Desk = desk.New(desk.Options{
		Represented: h.Mandates.Line, Unrecorded: h.unrecorded,
		DB: d, Gate: h.Gate, Log: h.Audit, Keyring: h.Keys, Catalogue: h.Catalogue, Vault: h.Vault, Purposes: h.Purposes,
		Interactions: h.Interactions, Verification: h.Verification, Messages: h.Messages, Consents: h.Consents, DLP: h.DLP, Name: h.Identity.FirstName,
		Texts: func(lang i18n.Lang) *i18n.Printer { return h.Web.Texts().For(lang, nil) },
		CheckCode: func(itx string) (string, string) {
			_, where, _ := strings.Cut(Origin(cfg), "://")
			return check.Spoken(h.Check.Code(itx)), where + "/check"
		},
		Budget: cfg.Desk.Reveals, Searches: cfg.Desk.Searches, Company: company,
		Listeners: h.Supervision.Listeners,
		Colleagues: func(ctx context.Context, controller, without string) ([]web.Choice, error) {
			all, err := h.Identity.ListStaff(ctx)
			list := []web.Choice{}
			for _, s := range all {
				if s.ID != without && s.State == identity.Active && (s.Role == actor.Agent || s.Role == actor.Supervisor) && slices.Contains(s.Controllers, controller) {
					list = append(list, web.Choice{Value: s.ID, Label: s.Name})
				}
			}
			return list, err
		},
	})
	h.Acts = act.New(act.Options{
		DB: d, Gate: h.Gate, Log: h.Audit, Keyring: h.Keys, Catalogue: h.Catalogue, Vault: h.Vault, Interactions: h.Interactions, Verification: h.Verification,
		Messages: h.Messages, Desk: h.Desk, Company: company, Customer: actor.NewCustomer, Duty: duty(act.Duty), Address: Origin(cfg), Wait: cfg.Desk.ObjectWithin, Out: h.lineOut(mappings), Recorder: h.Recorder,
		Stands: func(tx *db.Tx, subject, purposeID, field string) (bool, error) {
			p, err := h.Purposes.Facts(tx, purposeID)
			if err != nil || !p.Active || !p.Uses(gate.Collect, field) || p.Basis != string(purpose.ByConsent) {
				return err == nil && p.Active && p.Uses(gate.Collect, field), err
			}
			return h.Consents.IsGranted(tx, subject, purposeID)
		},
		InForce: h.Mandates.InForce,
	})
	h.Trail = trail.New(trail.Options{
		DB: d, Log: h.Audit, Catalogue: h.Catalogue, Owner: h.Vault.Owner, Name: h.Identity.FirstName, Staff: h.Identity.ListStaff,
		Purpose: purposeName, Company: company, Untaken: h.Untaken,
		Epoch: func(ctx context.Context) (int64, time.Time, error) {
			s, err := h.Keys.Status(ctx)
			return s.Epoch, s.StartedAt, err
		},
	})
	files := intake.Options{DB: d, Log: h.Audit, Gate: h.Gate, Keys: h.Keys, Vault: h.Vault, Catalogue: h.Catalogue, Resolve: h.resolve, Duty: duty}
	offers := file.Options{DB: d, Log: h.Audit, DLP: h.DLP, MAC: h.Keys.MAC, Most: int64(cfg.DLP.Most) << 20}
	if h.Malware != nil {
		files.Malware, offers.Malware = h.Malware.Check, h.Malware.Check
	}
	h.Intake, h.Files = intake.New(files), file.New(offers)
	// Two-person decisions, for the rooms that have some.
	kinds := slices.Concat(approval.FromIdentity(h.Identity.Decisions()), h.Verification.Decisions(), h.Watchlist.Decisions(), h.Mandates.Decisions(), h.Supervision.Decisions(), h.DLP.Decisions())
	if h.Approvals, err = approval.New(d, h.Audit, h.Keys, approval.Options{Name: h.Identity.FirstName, Expiry: duty("approval_expire"), Active: h.working, Relief: h.Supervision.Relief}, kinds...); err != nil {
		return nil, err
	}
	h.Identity.AskWith(h.Approvals.ForIdentity())
	h.Supervision.UseApprovals(h.Approvals)
	ask := func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error) {
		r, err := h.Approvals.Request(tx, by, a)
		if err == nil {
			h.Supervision.Asked(tx, r)
		}
		return r, err
	}
	h.Verification.AskWith(ask)
	h.Watchlist.AskWith(ask)
	h.DLP.AskWith(ask)
	h.Mandates.AskWith(ask)

	// The front desk shows them.
	trusted, err := networks(cfg.Proxy.Trusted)
	if err != nil {
		return nil, err
	}
	o := web.Options{
		Modules: h.modules(), Lookup: h.Identity.Lookup, Clock: b.clock, Log: b.log, DB: d, MAC: h.Keys.MAC, Sealer: idempotencySeal{h.Keys},
		Home: homes(), SignIn: identity.SignInPath, Fresh: identity.StepUpPath, SignOut: identity.SignOutPath, Return: oidc.ReturnPath,
		TLS: !cfg.TLS.Off, Proxies: trusted, Checks: h.checks(), MetricsFrom: []netip.Prefix{}, Registry: registry(h),
		ActorLimit: b.limits, AddressLimit: b.limits,
	}
	if b.demo {
		o.Banner = "app.demo_banner"
	}
	if h.Web, err = web.New(o); err != nil {
		return nil, err
	}
	schedules := []jobs.Schedule{
		{Kind: identity.SweepJob, Every: 10 * time.Minute},
		{Kind: interaction.SweepJob, Every: 5 * time.Second},
		{Kind: approval.ExpireJob, Every: time.Minute},
		{Kind: rotateJob, Every: 10 * time.Minute},
		{Kind: watchlist.OutliersJob, Every: watchlist.OutliersEvery},
		{Kind: mandate.AgesJob, Every: 10 * time.Minute, AtStart: true},
		{Kind: telephony.SweepJob, Every: 24 * time.Hour},
		{Kind: idempotency.ForgetJob, Every: idempotency.ForgetEvery},
		{Kind: recorder.SweepJob, Every: recorder.SweepEvery},
		{Kind: dlp.ForgetJob, Every: dlp.ForgetEvery},
		{Kind: mail.ForgetJob, Every: mail.ForgetEvery},
	}
	if h.SSO != nil {
		schedules = append(schedules, jobs.Schedule{Kind: oidc.SweepJob, Every: 10 * time.Minute})
	}
	h.Worker.Use(handlers(o.Modules), schedules)
	return h, nil
}

// working reports whether a member of staff may still work here.
func (h *House) working(tx *db.Tx, staff string) (bool, error) {
	s, err := h.Identity.Staff(tx, staff)
	return s.State == identity.Active, err
}

// companies are the registered controllers, as identity's forms offer them.
func (h *House) companies(ctx context.Context) (out []page.Controller, err error) {
	err = h.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := h.Purposes.Controllers(tx)
		out = nil
		for _, c := range list {
			out = append(out, page.Controller{ID: c.ID, Name: c.Name})
		}
		return err
	})
	return out, err
}

// modules are the rooms that have pages, endpoints or jobs.
func (h *House) modules() []web.Module {
	return []web.Module{
		page.Module(h.Identity, h.companies, h.SSO.Page()), h.SSO.Module(), h.Directory.Module(), h.Approvals.Module(), h.Purposes.Module(h.Policies), h.Consents.Module(), interactionpage.Module(h.Interactions),
		verifypage.Module(h.Verification, h.Check), h.Mandates.Module(), h.Vault.Module(), h.Intake.Module(), h.Messages.Module(), deskpage.Module(h.Desk), h.Acts.Module(), h.Trail.Module(), h.Telephony.Module(), h.Recorder.Module(), h.Watchlist.Module(), h.Drill.Module(), h.Supervision.Module(), h.DLP.Module(), h.Mail.Module(), h.Files.Module(),
		{Name: "app", Messages: Messages, Jobs: map[string]jobs.Handler{idempotency.ForgetJob: h.forgetAnswers}}, {Name: "db", Messages: db.Messages}, {Name: "jobs", Messages: jobs.Messages}, {Name: "config", Messages: config.Messages},
		{Name: "audit", Messages: audit.Messages}, {Name: "keyring", Messages: keyring.Messages, Jobs: map[string]jobs.Handler{rotateJob: h.rotate}}, {Name: "gate", Messages: gate.Messages},
		{Name: "policy", Messages: policy.Messages}, {Name: "pbx", Messages: pbx.Messages}, {Name: "catalog", Messages: catalog.Messages},
		{Name: "malware", Messages: malware.Messages}, {Name: "proxy", Messages: proxy.Messages},
	}
}

// resolve turns the slugs of a map file into ids; ids are taken as they are.
func (h *House) resolve(tx *db.Tx, controller, slug string) (string, string, error) {
	if !id.Is(id.Controller, controller) {
		var err error
		if controller, err = h.Controller(tx, controller); err != nil {
			return "", "", err
		}
	}
	if id.Is(id.Purpose, slug) {
		return controller, slug, nil
	}
	p, err := h.Purposes.Bearing(tx, controller, slug)
	return controller, p.ID, err
}

// handlers are the jobs of all rooms.
func handlers(modules []web.Module) map[string]jobs.Handler {
	all := map[string]jobs.Handler{}
	for _, m := range modules {
		maps.Copy(all, m.Jobs)
	}
	return all
}

// homes is where each role begins its day.
func homes() map[actor.Role]string {
	return map[actor.Role]string{
		actor.Agent: "/desk", actor.Supervisor: "/desk", actor.DPO: "/purposes", actor.Security: "/log", actor.Auditor: "/log", actor.Admin: "/staff",
	}
}

// Close ends the house in the reverse order.
func (h *House) Close(ctx context.Context) error {
	err := errors.Join(h.Audit.Close(ctx), h.DB.Close())
	if h.parser != nil {
		err = errors.Join(err, h.parser.Close())
	}
	return err
}

// mappings are the groups of the directory that mean something here; CheckConfig has read them.
func mappings(cfg *config.Config) (out []scim.Mapping) {
	for _, text := range cfg.SCIM.Groups {
		if m, ok := scim.ParseMapping(text); ok {
			out = append(out, m)
		}
	}
	return out
}

// staffSeal adapts the keyring for what belongs to nobody known yet.
func staffSeal(k *keyring.Keyring) interaction.StaffSeal {
	return interaction.StaffSeal{
		Seal: func(table, column, row string, plain []byte) ([]byte, error) {
			return k.SealStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, plain), nil
		},
		Open: func(table, column, row string, sealed []byte) ([]byte, error) {
			return k.OpenStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, sealed)
		},
	}
}

// inspect lets package dlp judge what leaves by a message; package message enters a refusal.
func (h *House) inspect(ctx context.Context, t message.Text) (message.Verdict, error) {
	j, err := h.DLP.Look(ctx, dlp.Passage{Way: dlp.Written, Recipient: dlp.Customer, By: actor.NewDuty(message.Duty), Channel: string(t.Channel), Lang: i18n.Lang(t.Lang), Text: t.Subject + "\n" + t.Body})
	if err != nil || !j.Goes() {
		return message.Verdict{Code: errs.CodeOf(dlp.Stopped(j))}, err
	}
	return message.Verdict{Allow: true}, nil
}

// clientName is what an API client is called.
func (h *House) clientName(ctx context.Context, client string) (string, error) {
	c, err := h.Identity.Client(ctx, client)
	return c.Name, err
}

// inspectHook lets package dlp look at what is about to be told to another system: ids alone, so that whatever it finds is a fault.
func (h *House) inspectHook(ctx context.Context, controller, body string) error {
	j, err := h.DLP.Look(ctx, dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: actor.NewDuty(interaction.RelayDuty), Controller: controller, Lang: i18n.ID, Text: body})
	if err == nil && (!j.Goes() || j.Verdict == dlp.Mask) {
		err = dlp.Stopped(j)
	}
	return err
}

// forgetAnswers deletes what the front desk has kept for a day.
func (h *House) forgetAnswers(ctx context.Context, _ jobs.Run) error {
	return h.DB.Write(ctx, idempotency.Forget)
}

// idempotencySeal seals answers that the front desk keeps for a day.
type idempotencySeal struct{ keys *keyring.Keyring }

func (s idempotencySeal) ref(row string) keyring.Ref {
	return keyring.Ref{Table: "idempotency_answer", Column: "answer_sealed", Row: row, Schema: 1}
}

func (s idempotencySeal) Seal(row string, plain []byte) ([]byte, error) {
	return s.keys.SealStaff(s.ref(row), plain), nil
}

func (s idempotencySeal) Open(row string, sealed []byte) ([]byte, error) {
	return s.keys.OpenStaff(s.ref(row), sealed)
}

// fieldFacts is the catalogue's word for the gate.
func fieldFacts(c *catalog.Catalogue) func(name, channel string, verb gate.Verb) (gate.Field, bool) {
	return func(name, channel string, verb gate.Verb) (gate.Field, bool) {
		f, ok := c.Field(name)
		if !ok {
			return gate.Field{}, false
		}
		level, may := f.Level(channel, string(verb))
		if !may {
			level = policy.Never
		}
		return gate.Field{Class: string(f.Class), MinLevel: level, Verifies: f.Verifies, Free: f.Free}, true
	}
}

// methodsOf are the rules of verification as the deployment restricts them, and who tells of changed SIMs.
func methodsOf(cfg *config.Config) (*method.Rules, verification.SIM, error) {
	rules := method.Shipped()
	if cfg.Verification.Methods != "" {
		text, err := os.ReadFile(cfg.Verification.Methods)
		if err == nil {
			rules, err = rules.Restrict(text)
		}
		if err != nil {
			return nil, nil, errs.Wrap(errs.Invalid, "config.value", err).With("key", "verification.methods").With("origin", cfg.Origin("verification.methods")).With("want", "YAML: version, without, at_most, ages")
		}
	}
	if cfg.SIMSwap.URL == "" {
		return rules, nil, nil
	}
	sim, err := simswap.New(simswap.Options{Address: cfg.SIMSwap.URL, Token: cfg.SIMSwap.Token.Reveal, Within: verification.SIMWithin, Timeout: cfg.SIMSwap.Within})
	if err != nil {
		return nil, nil, errs.Wrap(errs.Invalid, "config.value", err).With("key", "simswap.url").With("origin", cfg.Origin("simswap.url")).With("want", "https://…")
	}
	return rules, sim, nil
}

// registry counts what happens here; no label holds anything about a person.
func registry(h *House) *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "amanah", Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "amanah", Name: name, Help: help}, value))
	}
	counter("writes_total", "Closures handed to the writer.", func() float64 { return float64(h.DB.Stats().Writes) })
	counter("writes_failed_total", "Closures that failed.", func() float64 { return float64(h.DB.Stats().Failed) })
	counter("write_batches_total", "Batches committed.", func() float64 { return float64(h.DB.Stats().Batches) })
	counter("write_wait_seconds_total", "Time that closures waited before they ran.", func() float64 { return h.DB.Stats().QueueTime.Seconds() })
	gauge("writes_waiting", "Closures in the writer's queue.", func() float64 { return float64(h.DB.Stats().Waiting) })
	gauge("index_behind", "Commits of the index store that failed and are not made again yet; while there are any, customers cannot be changed.", func() float64 { return float64(h.DB.Stats().IndexBehind) })
	gauge("keys_lost", "Customers whose key is missing from the keys store, as the last start has found; their values cannot be opened.", func() float64 { return float64(h.lostKeys.Load()) })
	gauge("known_ready", "1 when texts are checked for values of customers; before, by the shapes of values alone.", func() float64 {
		if h.Known.State().Ready {
			return 1
		}
		return 0
	})
	gauge("known_people", "Customers whose values texts are checked for.", func() float64 { return float64(h.Known.State().People) })
	gauge("jobs_untaken", "Jobs of kinds that no room of this version takes; they are kept.", func() float64 {
		all, err := h.Untaken(context.Background())
		sum := math.NaN()
		if err == nil {
			sum = 0
		}
		for _, n := range all {
			sum += float64(n)
		}
		return sum
	})
	gauge("alerts_waiting", "Alerts that nobody has looked into: canaries that were touched, and who opens far more than peers.", func() float64 {
		n, err := h.Watchlist.Waiting(context.Background())
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	})
	if h.Malware != nil {
		gauge("malware_alarm", "1 while clamd does not answer, or its signatures are older than the configuration says.", func() float64 {
			if h.malwareStands.Load() {
				return 0
			}
			return 1
		})
	}
	h.logMetrics(r)
	h.proxyMetrics(r)
	gauge("log_entries", "Entries in this node's audit log.", func() float64 { return float64(h.Audit.Size()) })
	return r
}

// Untaken counts the jobs that wait for a room not built yet, by kind.
func (h *House) Untaken(ctx context.Context) (out map[string]int64, err error) {
	err = h.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = h.Worker.Untaken(tx)
		return err
	})
	return out, err
}

// witnessesOf are the other administrators who cosign the log's checkpoints.
func witnessesOf(cfg *config.Config) (cosign.Witnesses, error) {
	if cfg.Witness.URL == "" {
		return cosign.Witnesses{}, nil
	}
	// The policy's name for it is seen by nobody; the console shows the name in the key.
	p, err := proof.ParsePolicy([]byte("witness other " + cfg.Witness.Key + " " + cfg.Witness.URL + "\nquorum other\n"))
	if err != nil {
		return cosign.Witnesses{}, errs.Wrap(errs.Invalid, "config.value", err).With("key", "witness.key").With("origin", cfg.Origin("witness.key")).With("want", "witness+…")
	}
	return cosign.Witnesses{Policy: p}, nil
}

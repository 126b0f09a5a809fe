// Package bench measures an installation: how many reveals, look-ups, creations and entries of the log it does in a
// second, and how that compares with what the same machine does, in the same minute, without the protection.
//
// A figure alone says more about the machine than about the program. So every figure comes with its floor: the plain
// work that cannot be saved, done by the same number of callers through the same writer or the same server, in turns
// with ours (floor, ours, floor, ours, …), so that a busy machine slows both down. Rates are means, ratios are medians
// over the rounds. The rows of the floors go into tables of this package's own, as many, as wide and as much indexed
// as the product's, with the values in the clear.
//
// A Center is an installation with what a measurement needs of it; package app wires it, as it wires the program. The
// command `amanah bench` makes one in a new folder, or in new databases, and removes it; it never opens one that was
// there before. The benchmarks of package app use the same Center, the same callers and the same floors; their figures
// are in docs/BENCHMARKS.md. The people in it do not exist (package fiction), and nobody is ever called.
package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/intake"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/mandate"
	"github.com/amanah-id/amanah/internal/web"
)

// Center is a call center to be measured or tested: the rooms of an installation, wired as the program wires them, and
// the ways to fill it that no request has: staff without an enrolment by hand, an inbox in which a customer's link is read.
type Center struct {
	Web          *web.Server
	DB           *db.DB
	Log          *audit.Log
	Inbox        *message.Inbox
	Controllers  map[string]string // id by slug
	Catalogue    *catalog.Catalogue
	Identity     *identity.Identity
	Purposes     *purpose.Register
	Vault        *vault.Vault
	Interactions *interaction.Service
	Desk         *desk.Service
	Verification *verification.Service
	Mandates     *mandate.Service
	Intake       *intake.Service
	Worker       *jobs.Worker
}

// Learn reads which controllers there are. Call it after controllers were added.
func (c *Center) Learn(ctx context.Context) error {
	return c.DB.Read(ctx, func(tx *db.Tx) error {
		c.Controllers = map[string]string{}
		all, err := c.Purposes.Controllers(tx)
		for _, one := range all {
			c.Controllers[one.Slug] = one.ID
		}
		return err
	})
}

// Purpose is the id of a controller's purpose.
func (c *Center) Purpose(ctx context.Context, controller, slug string) (purpose string, err error) {
	err = c.DB.Read(ctx, func(tx *db.Tx) error {
		p, err := c.Purposes.Bearing(tx, controller, slug)
		purpose = p.ID
		return err
	})
	return purpose, err
}

// Staff makes a member of staff who can sign in with the password and codes of the secret.
func (c *Center) Staff(ctx context.Context, login, name string, role actor.Role, controllers []string, password, secret string) (string, error) {
	staff, _, err := c.Identity.Provision(ctx, identity.NewStaff{Name: name, Login: login, Role: role, Controllers: controllers}, password, secret)
	return staff, err
}

// Client makes an API client and returns its id and key.
func (c *Center) Client(ctx context.Context, name string, scopes, controllers []string) (client, key string, err error) {
	return c.Identity.CreateClient(ctx, identity.Terminal(), identity.NewClient{Name: name, Scopes: scopes, Controllers: controllers})
}

// Work runs the jobs that are due.
func (c *Center) Work(ctx context.Context) error {
	for {
		n, err := c.Worker.RunDue(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// Names builds the index of names, as a start does.
func (c *Center) Names(ctx context.Context) error {
	if err := c.Vault.BuildNames(ctx); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	return nil
}

// SignedIn makes a member of staff of a controller and signs them in; token is their session's, for programs.
func (c *Center) SignedIn(ctx context.Context, role actor.Role, controller string) (who actor.Actor, token string, err error) {
	return c.signIn(ctx, role, controller, true)
}

// Browsing is SignedIn with a session of the console, whose token is its cookie.
func (c *Center) Browsing(ctx context.Context, role actor.Role, controller string) (who actor.Actor, cookie string, err error) {
	return c.signIn(ctx, role, controller, false)
}

func (c *Center) signIn(ctx context.Context, role actor.Role, controller string, api bool) (who actor.Actor, token string, err error) {
	login, password, secret := fmt.Sprintf("%s-%s", role, id.New("t")[2:12]), identity.NewTOTPSecret(), identity.NewTOTPSecret()
	staff, err := c.Staff(ctx, login, "Rina Wulandari", role, []string{controller}, password, secret)
	if err != nil {
		return who, "", err
	}
	from := identity.Place{Address: netip.MustParseAddr("127.0.0.1")}
	step, err := c.Identity.SignIn(ctx, login, password, from)
	if err != nil {
		return who, "", err
	}
	code, err := identity.TOTPCode(secret, c.DB.Now())
	if err != nil {
		return who, "", err
	}
	s, err := c.Identity.Finish(ctx, step.Token, identity.Shown{Code: code}, from, api)
	if err != nil {
		return who, "", err
	}
	return actor.NewStaff(staff, role, s.Session, []string{controller}, c.DB.Now()), s.Token, nil
}

// Person is what is known of made-up customer n, apart from the people of package fiction: their phone is of the same
// block that no operator uses.
func Person(n int, registered time.Time) []vault.Input {
	return []vault.Input{
		{Field: "customer_number", Value: Number(n)},
		{Field: "name", Value: []string{"Siti Rahmawati", "Budi Santoso", "Dewi Lestari Putri", "Agus Setiawan"}[n%4]},
		{Field: "phone", Value: Phone(n), RegisteredAt: registered},
		{Field: "email", Value: fmt.Sprintf("orang%d@contoh.example", n), RegisteredAt: registered},
		{Field: "birth_date", Value: "1988-04-17"},
		{Field: "address", Value: fmt.Sprintf("Jalan Melati No. %d, RT 03/RW 05, Sukamaju", n)},
		{Field: "account_number", Value: fmt.Sprintf("77%010d", n)},
		{Field: "mother_maiden_name", Value: "Kartini"},
	}
}

// Number is the customer number of person n.
func Number(n int) string { return fmt.Sprintf("CN%08d", n) }

// Phone is the phone number of person n.
func Phone(n int) string { return fmt.Sprintf("+62849%08d", 90_000_000+n) }

// Customer stores person n with two items of account history and returns the subject's id.
func (c *Center) Customer(ctx context.Context, controller string, n int) (string, error) {
	p, err := c.Vault.Prepare(controller, Person(n, c.DB.Now().AddDate(0, -6, 0)))
	if err != nil {
		return "", err
	}
	d, err := c.Vault.Draft(p, "test")
	if err != nil {
		return "", err
	}
	if err := c.DB.Write(ctx, func(tx *db.Tx) error { return c.Vault.Add(tx, d) }); err != nil {
		return "", err
	}
	return d.Subject, c.Remember(ctx, controller, d.Subject, []fiction.Fact{
		{Kind: "last_payment", Date: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Value: "150000"},
		{Kind: "last_order", Date: time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC), Value: "kipas angin"},
	})
}

// Remember stores items of a customer's account history, as an import does.
func (c *Center) Remember(ctx context.Context, controller, subject string, history []fiction.Fact) error {
	items := make([]vault.NewFact, len(history))
	for i, f := range history {
		items[i] = vault.NewFact{Kind: f.Kind, Date: f.Date, Value: f.Value}
	}
	var facts *vault.FactDraft
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		facts, err = c.Vault.DraftFacts(tx, controller, subject, items)
		return err
	})
	if err != nil {
		return err
	}
	return c.DB.Write(ctx, func(tx *db.Tx) error { _, err := c.Vault.AddFacts(tx, facts, "test"); return err })
}

// Call starts a call of the agent for a purpose and identifies the caller, person n.
func (c *Center) Call(ctx context.Context, a actor.Actor, controller, slug string, n int) (string, error) {
	chosen, err := c.Purpose(ctx, controller, slug)
	if err != nil {
		return "", err
	}
	itx, err := c.Interactions.Start(ctx, a, interaction.Opening{
		Controller: controller, Channel: interaction.Phone, Direction: interaction.Inbound, Queue: "test", Number: Phone(n),
	})
	if err != nil {
		return "", err
	}
	if err := c.Interactions.Heartbeat(ctx, a, itx); err != nil {
		return "", err
	}
	if err := c.Interactions.ChoosePurpose(ctx, a, itx, chosen, "id"); err != nil {
		return "", err
	}
	found, err := c.Desk.Search(ctx, a, itx, desk.ByCustomerNumber, Number(n))
	if err != nil {
		return "", err
	}
	if len(found.Hits) != 1 {
		return "", fmt.Errorf("%d customers have one number", len(found.Hits))
	}
	return itx, c.Desk.Identify(ctx, a, itx, found.Hits[0].Subject)
}

// Verify lets the customer answer the link: V2.
func (c *Center) Verify(ctx context.Context, a actor.Actor, itx string) error {
	one, err := c.Verification.SendLink(ctx, a, itx, "")
	if err != nil {
		return err
	}
	token := ""
	for try := 0; token == ""; try++ {
		if try == 200 {
			return errors.New("no message with a link arrived")
		}
		if _, err := c.Worker.RunDue(ctx); err != nil {
			return err
		}
		for _, m := range c.Inbox.List() {
			if _, after, ok := strings.Cut(m.Body, "/v/"); ok {
				t := strings.Fields(after)[0]
				if v, err := c.Verification.Show(ctx, t, "", i18n.ID); err == nil && v.State == verification.ViewClosed {
					token = t
				}
			}
		}
		if token == "" {
			time.Sleep(10 * time.Millisecond)
		}
	}
	secret, err := c.Verification.Enter(ctx, token, "")
	if err != nil {
		return err
	}
	return c.Verification.Reply(ctx, token, secret, fmt.Sprint(one.Number))
}

// Seat is an agent in a verified call.
type Seat struct {
	Agent       actor.Actor
	Token       string // of the session, for programs
	Interaction string
	Subject     string
}

// Seats fills n seats with agents, each in a verified call with a customer of their own, persons from+1 and up.
func (c *Center) Seats(ctx context.Context, controller string, from, n int) (list []Seat, err error) {
	for i := from + 1; i <= from+n; i++ {
		var s Seat
		if s.Agent, s.Token, err = c.SignedIn(ctx, actor.Agent, controller); err != nil {
			return nil, err
		}
		if s.Subject, err = c.Customer(ctx, controller, i); err != nil {
			return nil, err
		}
		if s.Interaction, err = c.Call(ctx, s.Agent, controller, "order_status", i); err != nil {
			return nil, err
		}
		if err := c.Verify(ctx, s.Agent, s.Interaction); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Beat sends the heartbeat of every seat, without which a call gives nothing after 15 seconds.
func (c *Center) Beat(ctx context.Context, seats []Seat) error {
	for _, s := range seats {
		if err := c.Interactions.Heartbeat(ctx, s.Agent, s.Interaction); err != nil {
			return err
		}
	}
	return nil
}

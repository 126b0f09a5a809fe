package command

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/intake"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification/mandate"
)

// demoControllers are the two companies whose customers the fictional call center serves.
var demoControllers = []string{"niaga=Nusantara Niaga", "cendana=Asuransi Cendana"}

// seed fills a new demonstration the way a real one is filled: companies and purposes by the setup duty, customers and
// their history by an import, consents one by one, staff with both factors.
func seed(ctx context.Context, h *app.House, customers int) (*demoState, error) {
	if err := h.AddControllers(ctx, demoControllers); err != nil {
		return nil, err
	}
	var companies []purpose.Controller
	for _, c := range demoControllers {
		slug, _, _ := strings.Cut(c, "=")
		err := h.DB.Read(ctx, func(tx *db.Tx) error {
			all, err := h.Purposes.Controllers(tx)
			i := slices.IndexFunc(all, func(c purpose.Controller) bool { return c.Slug == slug })
			if i >= 0 {
				companies = append(companies, all[i])
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	people := fiction.People(customers, 1, h.Clock())
	for i, c := range companies {
		var theirs []fiction.Person
		for _, p := range people {
			if p.Controller == i {
				theirs = append(theirs, p)
			}
		}
		if err := seedCustomers(ctx, h, c, theirs); err != nil {
			return nil, err
		}
	}
	caller := people[0]
	s := &demoState{Niaga: companies[0].ID, Caller: caller.Phones[0].Value, Person: played(caller)}
	owners := map[string]int{} // families share telephones
	for _, p := range people {
		for _, phone := range p.Phones {
			owners[phone.Value]++
		}
	}
	for _, p := range people[1:] {
		phone := p.Phones[0]
		known := !phone.Registered.IsZero() && phone.Registered.Before(h.Clock().AddDate(0, -2, 0)) // for long: whoever plays them can prove whatever there is to prove
		if p.Controller == caller.Controller && len(p.Phones) == 1 && owners[phone.Value] == 1 && known && len(s.Others) < 60 {
			s.Others = append(s.Others, played(p))
		}
	}
	if err := seedMandate(ctx, h, companies[0], people, owners, s); err != nil {
		return nil, err
	}
	all := []string{companies[0].ID, companies[1].ID}
	for _, l := range []demoLogin{
		{Login: "agent", Name: "Rina Kartika", Role: "agent"}, {Login: "agent2", Name: "Bagas Pradana", Role: "agent"},
		{Login: "supervisor", Name: "Dewi Anggraini", Role: "supervisor"}, {Login: "dpo", Name: "Hendra Wibisono", Role: "dpo"},
		{Login: "security", Name: "Yusuf Hidayat", Role: "security"}, {Login: "auditor", Name: "Maria Simbolon", Role: "auditor"},
		{Login: "admin", Name: "Teguh Santoso", Role: "admin"},
	} {
		l.Secret = identity.NewTOTPSecret()
		n := identity.NewStaff{Name: l.Name, Login: l.Login, Role: actor.Role(l.Role), Controllers: all}
		if _, _, err := h.Identity.Provision(ctx, n, demoPassword, l.Secret); err != nil {
			return nil, err
		}
		s.Logins = append(s.Logins, l)
	}
	var err error
	s.Client, s.ClientKey, err = h.Identity.CreateClient(ctx, identity.Terminal(), identity.NewClient{
		Name: "Demo telephony", Scopes: []string{identity.ScopeInteractions, identity.ScopeEvents, identity.ScopeServe, identity.ScopeVerify}, Controllers: all,
	})
	return s, err
}

// seedMandate writes down that one more customer has had an attorney for two months: for their orders, with the name and the
// address, and no further.
func seedMandate(ctx context.Context, h *app.House, c purpose.Controller, people []fiction.Person, owners map[string]int, s *demoState) error {
	taken := func(p fiction.Person) bool {
		return p.Number == s.Person.Number || slices.ContainsFunc(s.Others, func(o demoPerson) bool { return o.Number == p.Number })
	}
	i := slices.IndexFunc(people, func(p fiction.Person) bool {
		return p.Controller == people[0].Controller && owners[p.Phones[0].Value] == 1 && len(p.Emails) > 0 && !taken(p)
	})
	if i < 0 {
		return nil // a demonstration with few customers
	}
	p := people[i]
	s.Represented = played(p)
	held := mandate.Held{Controller: c.ID, Customer: p.Name, Since: h.Clock().AddDate(0, -2, 0), Draft: mandate.Draft{
		Kind: mandate.Attorney, Name: "Sekar Maharani", Contact: "phone", Value: "+6284999990001", Also: "sekar.maharani@surel.example", Document: "power_of_attorney",
		Number: "SK-12/2026", Dated: h.Clock().AddDate(0, -2, -3).Format(time.DateOnly), Until: h.Clock().AddDate(1, 0, 0).Format(time.DateOnly),
		May: mandate.Scope{Verbs: []string{string(gate.Mask), string(gate.Reveal), string(gate.Act)}, Fields: []string{"name", "address", "email"}},
	}}
	if err := h.DB.Read(ctx, func(tx *db.Tx) error {
		orders, err := h.Purposes.Bearing(tx, c.ID, "order_status")
		if err != nil {
			return err
		}
		held.May.Purposes = []string{orders.ID}
		hits, err := h.Vault.Find(tx, c.ID, vault.Query{Field: "customer_number", Value: p.Number}, 1)
		held.Subject = hits.List[0].Subject
		return err
	}); err != nil {
		return err
	}
	_, err := h.Mandates.Adopt(ctx, actor.NewDuty("demo"), held)
	return err
}

// played is a person as whoever plays the caller must know them.
func played(p fiction.Person) demoPerson {
	out := demoPerson{Name: p.Name, Phone: p.Phones[0].Value, Number: p.Number, History: map[string]string{}}
	for _, fact := range p.History {
		out.History[fact.Kind] = fact.Value
	}
	return out
}

// seedCustomers imports one company's customers, their history and what they said about offers.
func seedCustomers(ctx context.Context, h *app.House, c purpose.Controller, people []fiction.Person) error {
	if len(people) == 0 {
		return nil
	}
	importing := actor.NewDuty(vault.DutyImport)
	file, err := fiction.CustomerFile(people)
	if err != nil {
		return err
	}
	m, err := intake.ParseMap([]byte(fmt.Sprintf(fiction.CustomerMap, c.Slug)), h.Catalogue)
	if err != nil {
		return err
	}
	if _, err := h.Intake.Import(ctx, importing, intake.Job{File: bytes.NewReader(file), Size: int64(len(file)), Map: m}); err != nil {
		return err
	}
	if file, err = fiction.HistoryFile(people); err != nil {
		return err
	}
	f, err := intake.ParseFactMap([]byte(fmt.Sprintf(fiction.HistoryMap, c.Slug)))
	if err != nil {
		return err
	}
	if _, err := h.Intake.Import(ctx, importing, intake.Job{File: bytes.NewReader(file), Size: int64(len(file)), Facts: f}); err != nil {
		return err
	}
	return seedConsents(ctx, h, c, people)
}

// seedConsents writes down what customers said about offers before the demonstration began.
func seedConsents(ctx context.Context, h *app.House, c purpose.Controller, people []fiction.Person) error {
	taking := actor.NewDuty("demo")
	const atATime = 25
	for chunk := range slices.Chunk(people, atATime) {
		err := h.DB.Write(ctx, func(tx *db.Tx) error {
			offers, err := h.Purposes.Bearing(tx, c.ID, "marketing")
			if err != nil {
				return err
			}
			for _, p := range chunk {
				var say []consent.What
				switch p.Promotion {
				case "granted":
					say = []consent.What{consent.Granted}
				case "refused":
					say = []consent.What{consent.Refused}
				case "withdrawn":
					say = []consent.What{consent.Granted, consent.Withdrawn}
				}
				if len(say) == 0 {
					continue
				}
				hits, err := h.Vault.Find(tx, c.ID, vault.Query{Field: "customer_number", Value: p.Number}, 1)
				if err != nil {
					return err
				}
				for _, what := range say {
					if _, err := h.Consents.Record(tx, taking, consent.Event{Subject: hits.List[0].Subject, Purpose: offers.ID, What: what, Channel: "import"}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ring lets a call ring unless the last one still does, and returns the id of the one that rings. The first is from
// the caller that the story is about.
func ring(ctx context.Context, h *app.House, s *demoState, n int, last string) (string, error) {
	telephony := actor.NewClient(s.Client, []string{identity.ScopeInteractions}, []string{s.Niaga})
	if last != "" {
		v, err := h.Interactions.Get(ctx, telephony, last)
		if err != nil || v.State == interaction.Offered {
			return last, err
		}
	}
	number := s.Caller
	if n > 0 { // other numbers of the fictional block; some are nobody's, as in life
		number = fmt.Sprintf("+62849%08d", 4*n+1)
	}
	return h.Interactions.Offer(ctx, telephony, interaction.Opening{
		Controller: s.Niaga, Channel: interaction.Phone, Direction: interaction.Inbound, Queue: "layanan", Language: "id", Number: number,
	})
}

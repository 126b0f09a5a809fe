package consent

import (
	"context"
	"embed"
	"net/http"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Module is what this room brings. The desk shows what the customer in the call agreed to;
// of this room's pages one counts and names nobody, and one shows the officer what a customer said.
func (b *Book) Module() web.Module {
	return web.Module{
		Name: "consent", Schema: schema, Messages: messages, Views: views,
		Routes: func(rt *web.Router) {
			rt.Page("GET /purposes/{purpose}/consents", counters, b.showCounts)
			rt.Page("GET /consents", officers, b.find)
			rt.Page("GET /subjects/{subject}/consents", officers, b.showSubject)
			b.operations(rt)
		},
		Fixtures: fixtures,
	}
}

type (
	callInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
	}
	sayInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
		Body        struct {
			Purpose string `json:"purpose" maxLength:"40"`
			What    string `json:"what" enum:"granted,refused,withdrawn"`
			Notice  int    `json:"notice,omitempty" minimum:"0" doc:"Version of the notice read out or shown; left out: the one in force"`
			Proof   string `json:"proof,omitempty" maxLength:"120" doc:"Reference to the proof, such as the id of a recording or message; never personal data"`
		}
	}
	subjectInput struct {
		Subject string `path:"subject" maxLength:"40"`
	}
	recordInput struct {
		Subject string `path:"subject" maxLength:"40"`
		Body    struct {
			Purpose string `json:"purpose" maxLength:"40"`
			What    string `json:"what" enum:"granted,refused,withdrawn"`
			Notice  int    `json:"notice,omitempty" minimum:"0" doc:"Version of the notice shown; left out: the one in force"`
			Proof   string `json:"proof,omitempty" maxLength:"120" doc:"Reference to the proof, such as the id of a scan; never personal data"`
			Channel string `json:"channel" enum:"phone,chat,email,portal,paper"`
		}
	}
	purposeInput struct {
		Purpose string `path:"purpose" maxLength:"40"`
	}
	countsOutput struct {
		Body struct {
			Counts []Count `json:"counts" doc:"Last words of customers, by version of the notice, newest first"`
		}
	}
	eventOutput  struct{ Body Event }
	eventsOutput struct {
		Body struct {
			Consents []Event `json:"consents"`
		}
	}
)

func events(list []Event, err error) (*eventsOutput, error) {
	out := &eventsOutput{}
	out.Body.Consents = append([]Event{}, list...)
	return out, err
}

func (b *Book) operations(rt *web.Router) {
	desk := web.Access{Roles: []actor.Role{actor.Agent, actor.Supervisor}, Scope: "serve"}
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/consents", Summary: "Record what the customer in the call says about a purpose", Access: desk, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *sayInput) (*eventOutput, error) {
			said := in.Body
			e, err := b.Say(ctx, c.Actor, in.Interaction, Event{Purpose: said.Purpose, What: What(said.What), Notice: said.Notice, Proof: said.Proof},
				func(tx *db.Tx, e Event) error { return c.Settle(tx, &eventOutput{e}) })
			return &eventOutput{e}, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/interactions/{interaction}/consents", Summary: "The last word of the customer in the call on every purpose; from V2 on, and each look is entered", Access: desk},
		func(ctx context.Context, c web.Call, in *callInput) (*eventsOutput, error) {
			return events(b.OfCall(ctx, c.Actor, in.Interaction))
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/purposes/{purpose}/consents", Summary: "How many customers agree to a purpose, refuse it or took their consent back, by version of its notice", Access: counters},
		func(ctx context.Context, c web.Call, in *purposeInput) (*countsOutput, error) {
			_, list, err := b.Counts(ctx, c.Actor, in.Purpose)
			out := &countsOutput{}
			out.Body.Counts = append([]Count{}, list...)
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/subjects/{subject}/consents", Summary: "Everything a customer said about purposes, newest first; the reading is entered into their trail", Access: officers},
		func(ctx context.Context, c web.Call, in *subjectInput) (*eventsOutput, error) {
			return events(b.Read(ctx, c.Actor, in.Subject))
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/subjects/{subject}/consents", Summary: "Record what a customer said outside a call, such as by letter", Access: officers, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *recordInput) (*eventOutput, error) {
			said := in.Body
			e := Event{Subject: in.Subject, Channel: said.Channel, Purpose: said.Purpose, What: What(said.What), Notice: said.Notice, Proof: said.Proof}
			var out Event
			err := b.db.Write(ctx, func(tx *db.Tx) (err error) {
				if out, err = b.Record(tx, c.Actor, e); err != nil {
					return err
				}
				return c.Settle(tx, &eventOutput{out})
			})
			return &eventOutput{out}, err
		})
}

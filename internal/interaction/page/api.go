package page

import (
	"context"
	"net/http"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

type pathInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
}

type viewJSON struct {
	ID          string    `json:"id"`
	State       string    `json:"state" doc:"offered, connected, identified, verifying, serving, held, wrapup, sealed, refused, frozen or abandoned"`
	Controller  string    `json:"controller"`
	Agent       string    `json:"agent,omitempty" doc:"Staff id; absent while it rings"`
	Purpose     string    `json:"purpose,omitempty"`
	Queue       string    `json:"queue"`
	Channel     string    `json:"channel"`
	Direction   string    `json:"direction"`
	Language    string    `json:"language"`
	Number      string    `json:"number,omitempty" doc:"The caller's number, masked"`
	Match       string    `json:"match,omitempty" doc:"one, many or none: how many customers have this number"`
	Identified  bool      `json:"identified"`
	Level       int       `json:"level" doc:"Verification level now, 0 to 3"`
	Risks       []string  `json:"risks"`
	Fresh       bool      `json:"fresh" doc:"The desk's heartbeat is younger than 15 seconds"`
	Disposition string    `json:"disposition,omitempty"`
	Started     time.Time `json:"started_at"`
	Changed     time.Time `json:"changed_at"`
}

type viewOutput struct{ Body viewJSON }

type listOutput struct {
	Body struct {
		Items []viewJSON `json:"items"`
	}
}

func toJSON(v interaction.View) viewJSON {
	out := viewJSON{
		ID: v.ID, State: string(v.State), Controller: v.Controller, Agent: v.Agent, Purpose: v.Purpose, Queue: v.Queue,
		Channel: string(v.Channel), Direction: string(v.Direction), Language: v.Language, Number: v.Number, Match: v.Match,
		Identified: v.Identified, Level: v.Level, Risks: v.Risks, Fresh: v.Fresh, Disposition: v.Disposition,
		Started: v.Started, Changed: v.Changed,
	}
	if out.Risks == nil {
		out.Risks = []string{}
	}
	return out
}

type openInput struct {
	Body struct {
		Controller string `json:"controller" maxLength:"40"`
		Channel    string `json:"channel" enum:"phone,chat,email"`
		Direction  string `json:"direction" enum:"inbound,outbound"`
		Queue      string `json:"queue,omitempty" maxLength:"64"`
		Language   string `json:"language,omitempty" enum:"id,en"`
		Case       string `json:"case,omitempty" maxLength:"64" doc:"Case reference of your CRM"`
		From       string `json:"from,omitempty" maxLength:"64" doc:"The caller's number; used once to find who it may be, and thrown away"`
	}
}

type openOutput struct {
	Body struct {
		ID string `json:"id"`
	}
}

type purposeInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Purpose  string `json:"purpose" maxLength:"40"`
		Language string `json:"language,omitempty" enum:"id,en" doc:"Language of the script that was read out"`
	}
}

type moveInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Move string `json:"move" enum:"serve,hold,resume,lower,disconnect"`
	}
}

type transferInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		To string `json:"to" maxLength:"40" doc:"Staff id of the colleague"`
	}
}

type refuseInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Reason string `json:"reason" enum:"caller_objects,not_verified,wrong_person,suspicious,abuse"`
	}
}

type sealInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Disposition string `json:"disposition" enum:"resolved,follow_up,callback,complaint,data_request,wrong_number,no_contact,not_verified,other"`
	}
}

type eventInput struct {
	Version  string `header:"Ce-Specversion" maxLength:"16" doc:"Binary mode: CloudEvents version, 1.0"`
	ID       string `header:"Ce-Id" maxLength:"256" doc:"Binary mode: id of the event"`
	Source   string `header:"Ce-Source" maxLength:"256" doc:"Binary mode: who sends it"`
	Type     string `header:"Ce-Type" maxLength:"256" doc:"Binary mode: contact.offered, contact.connected, contact.held, contact.resumed, contact.transferred or contact.ended"`
	Subject  string `header:"Ce-Subject" maxLength:"256" doc:"Binary mode: your id of the contact"`
	Sequence string `header:"Ce-Sequence" maxLength:"16" doc:"Binary mode: number of the event within its contact"`
	RawBody  []byte `contentType:"application/cloudevents+json"`
}

type eventOutput struct {
	Body struct {
		Interaction string `json:"interaction,omitempty"`
		Outcome     string `json:"outcome" doc:"applied, lowered (late or missing events: the level is void), duplicate or ignored; of a batch: that of its last event"`
		// Items are there for a batch only.
		Items []outcomeJSON `json:"items,omitempty" doc:"Of a batch: what became of each event, in its order"`
	}
}

type outcomeJSON struct {
	Interaction string `json:"interaction,omitempty"`
	Outcome     string `json:"outcome" doc:"applied, lowered, duplicate, ignored or refused"`
	Code        string `json:"code,omitempty" doc:"Why this event was refused; the others of the batch were taken"`
}

func (s api) operations(rt *web.Router) {
	own := web.Access{Roles: serves, Scope: "serve"}
	post := func(path, summary string) web.Op {
		return web.Op{Method: http.MethodPost, Path: "/interactions" + path, Summary: summary, Access: own, MaxBody: 8 << 10, Unkeyed: "it names a state, and a contact takes each step once; read the contact to see where it stands"}
	}
	open := post("", "Start a contact by hand (staff), or let one ring (API client alone)")
	open.Access = web.Access{Roles: serves, Scope: "interactions", Alone: true}
	open.Status, open.Idempotent, open.Unkeyed = http.StatusCreated, true, ""
	web.Operation(rt, open, func(ctx context.Context, c web.Call, in *openInput) (*openOutput, error) {
		o := interaction.Opening{
			Controller: in.Body.Controller, Channel: interaction.Channel(in.Body.Channel), Direction: interaction.Direction(in.Body.Direction),
			Queue: in.Body.Queue, Language: in.Body.Language, Case: in.Body.Case, Number: in.Body.From,
		}
		out := &openOutput{}
		o.Settle = func(tx *db.Tx, newID string) error {
			out.Body.ID = newID
			return c.Settle(tx, out)
		}
		verb := s.Offer
		if c.Actor.IsStaff() {
			verb = s.Start
		}
		_, err := verb(ctx, c.Actor, o)
		return out, err
	})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/interactions", Summary: "Contacts that ring or are yours", Access: own},
		func(ctx context.Context, c web.Call, _ *struct{}) (*listOutput, error) {
			mine, err := s.Mine(ctx, c.Actor)
			if err != nil {
				return nil, err
			}
			waiting, err := s.Waiting(ctx, c.Actor)
			if err != nil {
				return nil, err
			}
			out := &listOutput{}
			out.Body.Items = []viewJSON{}
			for _, v := range append(mine, waiting...) {
				out.Body.Items = append(out.Body.Items, toJSON(v))
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/interactions/{interaction}", Summary: "One contact", Access: web.Access{Roles: serves, Scope: "interactions", Alone: true}},
		func(ctx context.Context, c web.Call, in *pathInput) (*viewOutput, error) {
			v, err := s.Get(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			return &viewOutput{toJSON(v)}, nil
		})
	web.Operation(rt, post("/{interaction}/accept", "Take a contact that rings or was handed over"),
		func(ctx context.Context, c web.Call, in *pathInput) (*struct{}, error) {
			return nil, s.Accept(ctx, c.Actor, in.Interaction)
		})
	web.Operation(rt, post("/{interaction}/heartbeat", "Say that the desk is alive; every 5 seconds"),
		func(ctx context.Context, c web.Call, in *pathInput) (*struct{}, error) {
			return nil, s.Heartbeat(ctx, c.Actor, in.Interaction)
		})
	web.Operation(rt, post("/{interaction}/purpose", "Choose or change the purpose"),
		func(ctx context.Context, c web.Call, in *purposeInput) (*struct{}, error) {
			return nil, s.ChoosePurpose(ctx, c.Actor, in.Interaction, in.Body.Purpose, in.Body.Language)
		})
	web.Operation(rt, post("/{interaction}/move", "Hold, resume, lower, disconnect and the like"),
		func(ctx context.Context, c web.Call, in *moveInput) (*struct{}, error) {
			return nil, s.Move(ctx, c.Actor, in.Interaction, interaction.Move(in.Body.Move))
		})
	web.Operation(rt, post("/{interaction}/transfer", "Hand a contact to a colleague; the level moves along for a minute"),
		func(ctx context.Context, c web.Call, in *transferInput) (*struct{}, error) {
			return nil, s.Transfer(ctx, c.Actor, in.Interaction, in.Body.To)
		})
	web.Operation(rt, post("/{interaction}/refuse", "Decline to serve; ends the contact"),
		func(ctx context.Context, c web.Call, in *refuseInput) (*struct{}, error) {
			return nil, s.Refuse(ctx, c.Actor, in.Interaction, in.Body.Reason)
		})
	web.Operation(rt, post("/{interaction}/seal", "End the wrap-up; every right is revoked"),
		func(ctx context.Context, c web.Call, in *sealInput) (*struct{}, error) {
			return nil, s.Seal(ctx, c.Actor, in.Interaction, in.Body.Disposition)
		})
	event := web.Op{Method: http.MethodPost, Path: "/interactions/events", Summary: "Report what telephony did: one CloudEvent 1.0, structured or binary, or a batch of them",
		Access: web.Access{Scope: "events", Alone: true}, MaxBody: interaction.MaxBatch, Status: http.StatusAccepted, Unkeyed: "an event counts once by its source and id"}
	web.Operation(rt, event, func(ctx context.Context, c web.Call, in *eventInput) (*eventOutput, error) {
		out := &eventOutput{}
		if interaction.IsBatch(in.RawBody) {
			items, err := s.receiveBatch(ctx, c.Actor, in.RawBody)
			if err != nil {
				return nil, err
			}
			out.Body.Items, out.Body.Outcome = items, items[len(items)-1].Outcome
			return out, nil
		}
		e, err := interaction.ParseEvent(c.HTTP.Header, in.RawBody)
		if err != nil {
			return nil, err
		}
		r, err := s.Receive(ctx, c.Actor, e)
		if err != nil {
			return nil, err
		}
		out.Body.Interaction, out.Body.Outcome = r.Interaction, r.Outcome
		return out, nil
	})
}

// receiveBatch takes the events of a batch one after the other. One that is refused for
// itself does not hold up the others; when the house itself is in need, the whole batch is
// refused and may be sent again, for what was taken counts once.
func (s api) receiveBatch(ctx context.Context, a actor.Actor, body []byte) ([]outcomeJSON, error) {
	events, err := interaction.ParseBatch(body)
	if err != nil {
		return nil, err
	}
	items := make([]outcomeJSON, len(events))
	for i, e := range events {
		r, err := s.Receive(ctx, a, e)
		switch errs.KindOf(err) {
		case "":
			items[i] = outcomeJSON{Interaction: r.Interaction, Outcome: r.Outcome}
		case errs.Invalid, errs.Denied, errs.NotFound, errs.Conflict:
			items[i] = outcomeJSON{Outcome: "refused", Code: errs.CodeOf(err)}
		default:
			return nil, err
		}
	}
	return items, nil
}

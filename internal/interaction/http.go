package interaction

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"

	"github.com/amanah-id/amanah/internal/kit/db"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "interaction", FS: schema} }

// SweepJob is the kind of the job that ends what was forgotten; app schedules it every
// SweepEvery.
const SweepJob = "interaction.sweep"

// SweepEvery is the period of SweepJob.
const SweepEvery = 15 * time.Second

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "interaction", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: fixtures,
		Jobs: map[string]jobs.Handler{SweepJob: func(ctx context.Context, _ jobs.Run) error {
			_, err := s.Sweep(ctx)
			return err
		}},
		Nav: []web.NavItem{{Key: "interaction.nav_live", Path: "/live", Roles: watches, Order: 15, Hint: "l"}},
	}
}

var (
	watches = []actor.Role{actor.Supervisor}
	serves  = []actor.Role{actor.Agent, actor.Supervisor}
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /live", web.Access{Roles: watches}, s.showLive)
	rt.Page("POST /live/{interaction}/lower", web.Access{Roles: watches}, s.postLive(Lower))
	rt.Page("POST /live/{interaction}/disconnect", web.Access{Roles: watches}, s.postLive(Disconnect))
	s.operations(rt)
}

// LivePage is the supervisor's list of contacts that are not ended.
type LivePage struct {
	Table web.Table
}

func (s *Service) showLive(r *web.Request) error {
	live, err := s.Live(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	names := map[string]string{}
	err = s.o.DB.Read(r.Context(), func(tx *db.Tx) error {
		for _, v := range live {
			if _, known := names[v.Agent]; known || v.Agent == "" {
				continue
			}
			c, err := s.o.Staff(tx, v.Agent)
			if err != nil {
				return err
			}
			names[v.Agent] = c.Name
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.Render(livePage(r.Printer(), live, names))
}

func livePage(p *i18n.Printer, live []View, names map[string]string) LivePage {
	t := web.Table{
		Caption: p.T("interaction.live_title"),
		Columns: []web.Column{
			{Title: p.T("interaction.col_started")}, {Title: p.T("interaction.col_state") + ", " + p.T("interaction.col_agent")}, {Title: p.T("interaction.col_level")},
			{Title: p.T("interaction.col_channel")}, {Title: p.T("interaction.col_risks")},
			{Title: ""}, {Title: ""},
		},
		Empty: web.Empty{Title: p.T("interaction.live_empty"), Text: p.T("interaction.live_empty_next")},
	}
	for _, v := range live {
		state := web.Chip{Tone: toneOf(v), Text: p.T("interaction.state_" + string(v.State))}
		if v.State.Talking() && !v.Fresh {
			state = web.Chip{Tone: web.Bad, Text: p.T("interaction.state_silent")}
		}
		risk := web.Cell{Text: "–"}
		if len(v.Risks) > 0 {
			risk = web.Cell{Chip: &web.Chip{Tone: web.Warn, Text: p.T("interaction.risk_" + v.Risks[0])}}
		}
		agent := v.Agent
		if name := names[v.Agent]; name != "" {
			agent = name
		}
		means := p.T("interaction.level_" + string('0'+rune(v.Level)))
		level, _, _ := strings.Cut(means, " · ")
		// Few columns: the buttons must be seen without scrolling on a window of 1280 pixels.
		t.Rows = append(t.Rows, web.Row{ID: v.ID, Cells: []web.Cell{
			{Time: v.Started}, {Chip: &state, Note: agent}, {Chip: &web.Chip{Tone: levelTone(v.Level), Text: level}, Title: means},
			{Text: p.T("interaction.channel_" + string(v.Channel)), Note: v.Queue}, risk,
			offer(p, v, Lower, "quiet"), offer(p, v, Disconnect, "danger"),
		}})
	}
	return LivePage{t}
}

// offer is the button of a move that the contact can make now; an empty cell when it cannot.
func offer(p *i18n.Printer, v View, m Move, style string) web.Cell {
	if _, ok := Next(Position{State: v.State}, m); !ok {
		return web.Cell{}
	}
	return web.Cell{Action: &web.Action{To: "/live/" + v.ID + "/" + string(m), Button: web.Button{Style: style, Label: p.T("interaction.do_" + string(m))}}}
}

func toneOf(v View) web.Tone {
	switch v.State {
	case Serving:
		return web.Good
	case Verifying:
		return web.Info
	case Held:
		return web.Warn
	}
	return web.Neutral
}

func levelTone(level int) web.Tone {
	switch level {
	case 0:
		return web.Neutral
	case 1:
		return web.Info
	}
	return web.Good
}

func (s *Service) postLive(m Move) func(*web.Request) error {
	return func(r *web.Request) error {
		if err := s.Move(r.Context(), r.Actor, r.Path("interaction"), m); err != nil {
			return err
		}
		r.Flash("interaction.done_" + string(m))
		return r.Redirect("/live")
	}
}

// JSON: the same verbs.

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

func toJSON(v View) viewJSON {
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

func (s *Service) operations(rt *web.Router) {
	own := web.Access{Roles: serves, Scope: "serve"}
	post := func(path, summary string) web.Op {
		return web.Op{Method: http.MethodPost, Path: "/interactions" + path, Summary: summary, Access: own, MaxBody: 8 << 10, Unkeyed: "it names a state, and a contact takes each step once; read the contact to see where it stands"}
	}
	open := post("", "Start a contact by hand (staff), or let one ring (API client alone)")
	open.Access = web.Access{Roles: serves, Scope: "interactions", Alone: true}
	open.Status, open.Idempotent, open.Unkeyed = http.StatusCreated, true, ""
	web.Operation(rt, open, func(ctx context.Context, c web.Call, in *openInput) (*openOutput, error) {
		o := Opening{
			Controller: in.Body.Controller, Channel: Channel(in.Body.Channel), Direction: Direction(in.Body.Direction),
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
			return nil, s.Move(ctx, c.Actor, in.Interaction, Move(in.Body.Move))
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
		Access: web.Access{Scope: "events", Alone: true}, MaxBody: MaxBatch, Status: http.StatusAccepted, Unkeyed: "an event counts once by its source and id"}
	web.Operation(rt, event, func(ctx context.Context, c web.Call, in *eventInput) (*eventOutput, error) {
		out := &eventOutput{}
		if IsBatch(in.RawBody) {
			items, err := s.receiveBatch(ctx, c.Actor, in.RawBody)
			if err != nil {
				return nil, err
			}
			out.Body.Items, out.Body.Outcome = items, items[len(items)-1].Outcome
			return out, nil
		}
		e, err := ParseEvent(c.HTTP.Header, in.RawBody)
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
func (s *Service) receiveBatch(ctx context.Context, a actor.Actor, body []byte) ([]outcomeJSON, error) {
	events, err := ParseBatch(body)
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

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	row := func(id string, state State, level int, queue string) View {
		return View{ID: id, State: state, Level: level, Queue: queue, Channel: Phone, Direction: Inbound, Started: at,
			Agent: "stf_01k9xq3v7me8t0000z9w2h4r6n", Fresh: true}
	}
	silent := row("itx_01k9xq3v7me8t0000z9w2h4r6p", Held, 1, "Kartu")
	silent.Risks, silent.Fresh = []string{"sim_changed"}, false
	long := row("itx_01k9xq3v7me8t0000z9w2h4r6s", Frozen, 3, "Layanan pelanggan umum")
	long.Risks = []string{"repeat_calls"}
	return []web.Fixture{
		{Name: "empty", Page: livePage(p, nil, nil), Role: actor.Supervisor},
		{Name: "ordinary", Role: actor.Supervisor, Page: livePage(p, []View{
			row("itx_01k9xq3v7me8t0000z9w2h4r6n", Serving, 2, "Tagihan"), silent,
			row("itx_01k9xq3v7me8t0000z9w2h4r6q", Verifying, 1, "Umum"), row("itx_01k9xq3v7me8t0000z9w2h4r6r", Wrapup, 3, "Layanan pelanggan"), long,
		}, map[string]string{"stf_01k9xq3v7me8t0000z9w2h4r6n": "Bagas Pradana"})},
		{Name: "hostile", Role: actor.Supervisor, Page: livePage(p, []View{row("itx_01k9xq3v7me8t0000z9w2h4r6n", Connected, 0, hostile)}, map[string]string{"stf_01k9xq3v7me8t0000z9w2h4r6n": hostile}), Hostile: []string{hostile}},
	}
}

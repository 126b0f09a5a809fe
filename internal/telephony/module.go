package telephony

import (
	"context"
	"embed"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed messages/*.json
var messages embed.FS

// Messages are the texts of this room, for the command line.
func Messages() embed.FS { return messages }

//go:embed views/*.html
var views embed.FS

var keepers = []actor.Role{actor.Admin}

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "telephony", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: s.fixtures,
		Jobs: map[string]jobs.Handler{
			DeliverJob: s.Deliver,
			SweepJob:   func(ctx context.Context, _ jobs.Run) error { return s.Sweep(ctx) },
		},
		Nav: []web.NavItem{{Key: "telephony.nav", Path: "/telephony", Roles: keepers, Order: 72, Hint: "p"}},
	}
}

func (s *Service) routes(rt *web.Router) {
	looks, changes := web.Access{Roles: keepers}, web.Access{Roles: keepers, Fresh: true}
	rt.Page("GET /telephony", looks, s.show)
	rt.Page("POST /telephony/lines", changes, s.postLine)
	rt.Page("GET /telephony/lines/{line}", changes, s.showLine)
	rt.Page("POST /telephony/lines/{line}/rotate", changes, s.post(s.RotateLine, "line", "telephony.done_rotate"))
	rt.Page("POST /telephony/lines/{line}/remove", changes, s.post(s.RemoveLine, "line", "telephony.done_remove"))
	rt.Page("POST /telephony/hooks", changes, s.postHook)
	rt.Page("GET /telephony/hooks/{hook}", changes, s.showHook)
	rt.Page("POST /telephony/hooks/{hook}/rotate", changes, s.post(s.RotateHook, "hook", "telephony.done_rotate"))
	rt.Page("POST /telephony/hooks/{hook}/remove", changes, s.post(s.RemoveHook, "hook", "telephony.done_remove"))
	rt.Page("POST /telephony/deliveries/{delivery}/replay", looks, s.post(s.Replay, "delivery", "telephony.done_replay"))
	// Where signed events come in. The signature is the proof; there is no session.
	rt.Foreign("POST /telephony/lines/{line}", web.Access{Public: true}, (*web.Request).Problem, func(r *web.Request) error {
		body, err := io.ReadAll(r.HTTP.Body)
		if err != nil {
			return errDocument.With("place", "body")
		}
		if _, err := s.Take(r.Context(), r.Path("line"), r.HTTP.Header, body); err != nil {
			return err
		}
		r.Writer.WriteHeader(http.StatusNoContent)
		return nil
	})
	s.operations(rt)
}

type documentInput struct {
	Mapping string `path:"mapping" maxLength:"40" doc:"Name of the mapping, such as amazon-connect"`
	Body    json.RawMessage
}

type documentOutput struct {
	Body struct {
		Items []Outcome `json:"items" doc:"What became of each event that the document holds; none when it is no event for us"`
	}
}

type deliveryJSON struct {
	ID          string    `json:"id"`
	Hook        string    `json:"hook"`
	Controller  string    `json:"controller"`
	Interaction string    `json:"interaction"`
	Type        string    `json:"type"`
	State       string    `json:"state" doc:"dead, or queued while it is tried again"`
	Reason      string    `json:"reason"`
	Attempts    int64     `json:"attempts"`
	Created     time.Time `json:"created_at"`
	Changed     time.Time `json:"changed_at"`
}

type deliveriesOutput struct {
	Body struct {
		Items []deliveryJSON `json:"items"`
	}
}

type deliveryInput struct {
	Delivery string `path:"delivery" maxLength:"40"`
}

func (s *Service) operations(rt *web.Router) {
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/telephony/mappings/{mapping}/events", Summary: "Report what telephony did, in a vendor's own words", Status: http.StatusAccepted,
		Access: web.Access{Scope: "events", Alone: true}, Unkeyed: "an event counts once by its source and id"},
		func(ctx context.Context, c web.Call, in *documentInput) (*documentOutput, error) {
			items, err := s.TakeAs(ctx, c.Actor, in.Mapping, in.Body)
			out := &documentOutput{}
			out.Body.Items = items
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/telephony/deliveries", Summary: "Events for hooks that did not arrive, the newest 100", Access: web.Access{Scope: "events", Alone: true}},
		func(ctx context.Context, c web.Call, _ *struct{}) (*deliveriesOutput, error) {
			list, err := s.Unsent(ctx, c.Actor)
			out := &deliveriesOutput{}
			out.Body.Items = []deliveryJSON{}
			for _, d := range list {
				out.Body.Items = append(out.Body.Items, deliveryJSON{d.ID, d.Hook, d.Controller, d.Interaction, "amanah." + d.Action, string(d.State), d.Reason, d.Attempts, d.Created, d.Changed})
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/telephony/deliveries/{delivery}/replay", Summary: "Send a dead letter again", Access: web.Access{Scope: "events", Alone: true},
		Unkeyed: "a dead letter is sent again once; afterwards it is dead no more"},
		func(ctx context.Context, c web.Call, in *deliveryInput) (*struct{}, error) {
			return nil, s.Replay(ctx, c.Actor, in.Delivery)
		})
}

// TelephonyPage shows where events come in, whom they are told, and what did not arrive.
type TelephonyPage struct {
	Links, Lines, Hooks, Unsent web.Table
	Companies, Mappings         []web.Choice
	StepUp                      string
	Notice                      *web.Notice
}

// TelephonyKeyPage shows a line's or a hook's key.
type TelephonyKeyPage struct {
	Title   string
	Text    string
	Facts   web.Facts
	Key     string
	Base    string // path of the line or hook
	Rotates bool
}

func (s *Service) show(r *web.Request) error { return s.render(r, http.StatusOK, nil) }

func (s *Service) render(r *web.Request, status int, n *web.Notice) error {
	lines, err := s.Lines(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	hooks, err := s.Hooks(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	unsent, err := s.Unsent(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	companies, err := s.o.Controllers(r.Context())
	if err != nil {
		return err
	}
	page := s.page(r.Printer(), s.Links(), lines, hooks, unsent, companies)
	page.StepUp, page.Notice = r.StepUp(), n
	return r.RenderStatus(status, page)
}

func (s *Service) page(p *i18n.Printer, links []Link, lines []Line, hooks []Hook, unsent []Delivery, companies []Controller) TelephonyPage {
	names := map[string]string{}
	page := TelephonyPage{Mappings: []web.Choice{{Label: p.T("telephony.cloudevents")}}}
	for _, c := range companies {
		names[c.ID] = c.Name
		page.Companies = append(page.Companies, web.Choice{Value: c.ID, Label: c.Name})
	}
	for _, m := range s.o.Mappings.Names() {
		page.Mappings = append(page.Mappings, web.Choice{Value: m, Label: m})
	}
	page.Links, page.Lines = linkTable(p, links), lineTable(p, lines, names)
	page.Hooks, page.Unsent = hookTable(p, hooks, names), unsentTable(p, unsent)
	return page
}

func columns(p *i18n.Printer, keys ...string) (out []web.Column) {
	for _, key := range keys {
		if key == "" {
			out = append(out, web.Column{})
			continue
		}
		out = append(out, web.Column{Title: p.T("telephony.col_" + key)})
	}
	return out
}

func lineTable(p *i18n.Printer, lines []Line, names map[string]string) web.Table {
	t := web.Table{Caption: p.T("telephony.lines_title"), Columns: columns(p, "id", "company", "mapping", "signing", "refused"),
		Empty: web.Empty{Title: p.T("telephony.lines_empty"), Text: p.T("telephony.lines_empty_next")}}
	for _, l := range lines {
		mapping := l.Mapping
		if mapping == "" {
			mapping = p.T("telephony.cloudevents")
		}
		refused := web.Cell{Text: p.Number(l.Refused)}
		if l.Refused > 0 {
			refused.Note = p.T(l.RefusedCode)
		}
		t.Rows = append(t.Rows, web.Row{ID: l.ID, Cells: []web.Cell{
			{Text: l.ID, To: "/telephony/lines/" + l.ID, Code: true}, {Text: names[l.Controller]}, {Text: mapping}, {Text: p.T("telephony.signing_" + string(l.Signing))}, refused,
		}})
	}
	return t
}

func hookTable(p *i18n.Printer, hooks []Hook, names map[string]string) web.Table {
	t := web.Table{Caption: p.T("telephony.hooks_title"), Columns: columns(p, "id", "company", "address", "created"),
		Empty: web.Empty{Title: p.T("telephony.hooks_empty"), Text: p.T("telephony.hooks_empty_next")}}
	for _, h := range hooks {
		t.Rows = append(t.Rows, web.Row{ID: h.ID, Cells: []web.Cell{
			{Text: h.ID, To: "/telephony/hooks/" + h.ID, Code: true}, {Text: names[h.Controller]}, {Text: h.Address, Code: true}, {Time: h.Created},
		}})
	}
	return t
}

var tones = map[State]web.Tone{Queued: web.Warn, Sent: web.Good, Dead: web.Bad}

func unsentTable(p *i18n.Printer, unsent []Delivery) web.Table {
	t := web.Table{Caption: p.T("telephony.unsent_title"), Columns: columns(p, "changed", "state", "event", "interaction", "reason", "attempts", ""),
		Empty: web.Empty{Title: p.T("telephony.unsent_empty"), Text: p.T("telephony.unsent_empty_next")}}
	for _, d := range unsent {
		replay := web.Cell{}
		if d.State == Dead {
			replay.Action = &web.Action{To: "/telephony/deliveries/" + d.ID + "/replay", Button: web.Button{Label: p.T("telephony.do_replay")}}
		}
		reason := d.Reason
		if p.Has(reason) {
			reason = p.Bare(reason)
		}
		t.Rows = append(t.Rows, web.Row{ID: d.ID, Cells: []web.Cell{
			{Time: d.Changed}, {Chip: &web.Chip{Tone: tones[d.State], Text: p.T("telephony.state_" + string(d.State))}}, {Text: d.Action, Code: true},
			{Text: d.Interaction, Code: true}, {Text: reason}, {Text: p.Number(d.Attempts)}, replay,
		}})
	}
	return t
}

// again shows the page with the reason why a form was refused.
func (s *Service) again(r *web.Request, err error) error {
	e := errs.Of(err)
	if !strings.HasPrefix(e.Code, "telephony.") || e.Kind == errs.NotFound && e.Code != errMapping.Code {
		return err
	}
	return s.render(r, web.Status(e), &web.Notice{Tone: web.Bad, Title: r.Printer().Args(e.Code, e.Args), Text: r.Printer().Args(e.Code+".next", e.Args)})
}

func (s *Service) postLine(r *web.Request) error {
	var form struct {
		Controller string `form:"controller" max:"40" required:"true"`
		Mapping    string `form:"mapping" max:"40"`
		Signing    string `form:"signing" choice:"signed twilio" required:"true"`
		Token      string `form:"token" max:"200" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	lineID, err := s.AddLine(r.Context(), r.Actor, NewLine{form.Controller, form.Mapping, Signing(form.Signing), form.Token})
	if err != nil {
		return s.again(r, err)
	}
	return r.Redirect("/telephony/lines/" + lineID)
}

func (s *Service) postHook(r *web.Request) error {
	var form struct {
		Controller string `form:"controller" max:"40" required:"true"`
		Address    string `form:"address" max:"500" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	hookID, err := s.AddHook(r.Context(), r.Actor, form.Controller, form.Address)
	if err != nil {
		return s.again(r, err)
	}
	return r.Redirect("/telephony/hooks/" + hookID)
}

func (s *Service) showLine(r *web.Request) error {
	l, key, err := s.Line(r.Context(), r.Actor, r.Path("line"))
	if err != nil {
		return err
	}
	return r.Render(linePage(r.Printer(), l, key, s.LineAddress(l.ID)))
}

func linePage(p *i18n.Printer, l Line, key, address string) TelephonyKeyPage {
	page := TelephonyKeyPage{Title: p.T("telephony.line_title"), Text: p.T("telephony.line_text_" + string(l.Signing)), Key: key, Base: "/telephony/lines/" + l.ID, Rotates: l.Signing == Signed}
	page.Facts = web.Facts{{Label: p.T("telephony.col_address"), Code: address}, {Label: p.T("telephony.col_mapping"), Text: l.Mapping}, {Label: p.T("telephony.col_created"), Time: l.Created}}
	if l.Mapping == "" {
		page.Facts[1].Text = p.T("telephony.cloudevents")
	}
	if l.Refused > 0 {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("telephony.col_refused"), Text: p.Number(l.Refused)}, web.Fact{Label: p.T("telephony.col_refused_last"), Time: l.RefusedAt, Exact: true, Code: l.RefusedCode})
	}
	return withPrevious(p, page, l.Previous)
}

func withPrevious(p *i18n.Printer, page TelephonyKeyPage, until time.Time) TelephonyKeyPage {
	if !until.IsZero() {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("telephony.col_previous"), Time: until})
	}
	return page
}

func (s *Service) showHook(r *web.Request) error {
	h, key, err := s.Hook(r.Context(), r.Actor, r.Path("hook"))
	if err != nil {
		return err
	}
	return r.Render(hookPage(r.Printer(), h, key))
}

func hookPage(p *i18n.Printer, h Hook, key string) TelephonyKeyPage {
	return withPrevious(p, TelephonyKeyPage{Title: p.T("telephony.hook_title"), Text: p.T("telephony.hook_text"), Key: key, Base: "/telephony/hooks/" + h.ID, Rotates: true,
		Facts: web.Facts{{Label: p.T("telephony.col_address"), Code: h.Address}, {Label: p.T("telephony.col_created"), Time: h.Created}}}, h.Previous)
}

// post makes a change of one thing and shows the list again.
func (s *Service) post(change func(context.Context, actor.Actor, string) error, name, done string) func(*web.Request) error {
	return func(r *web.Request) error {
		if err := change(r.Context(), r.Actor, r.Path(name)); err != nil {
			return err
		}
		r.Flash(done)
		return r.Redirect("/telephony")
	}
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func (s *Service) fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	companies := []Controller{{"ctl_01k9xq3v7me8t0000z9w2h4r6n", "Toko Nusantara"}}
	line := Line{ID: "lin_01k9xq3v7me8t0000z9w2h4r6n", Controller: companies[0].ID, Mapping: "amazon-connect", Signing: Signed, Created: now, Refused: 3, RefusedAt: now, RefusedCode: "telephony.signature", Previous: now}
	plain := Line{ID: "lin_01k9xq3v7me8t0000z9w2h4r6p", Controller: companies[0].ID, Signing: Twilio, Created: now}
	hook := Hook{ID: "hok_01k9xq3v7me8t0000z9w2h4r6n", Controller: companies[0].ID, Address: "https://crm.contoh.example/amanah", Created: now, Previous: now}
	var unsent []Delivery
	for i, state := range []State{Dead, Queued} {
		unsent = append(unsent, Delivery{ID: "evt_01k9xq3v7me8t0000z9w2h4r6" + strconv.Itoa(i), Hook: hook.ID, Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n", Action: "interaction.accept", State: state, Reason: "telephony.answer", Attempts: 12, Changed: now})
	}
	bad, worse := hook, unsent[0]
	bad.Address, worse.Reason, worse.Action = hostile, hostile, hostile
	links := []Link{{Name: "ami", Address: "pbx.contoh.example:5038", State: LinkUp, Version: "Asterisk Call Manager/9.0.0", Since: now, Events: 42}, {Name: "esl", State: LinkDown, Reason: "pbx.login", Since: now}}
	refused := s.page(p, links, []Line{line, plain}, []Hook{hook}, unsent, companies)
	refused.Notice, refused.StepUp = &web.Notice{Tone: web.Bad, Title: p.T("telephony.form"), Text: p.T("telephony.form.next")}, "/second-factor?next=%2Ftelephony"
	return []web.Fixture{
		{Name: "empty", Role: actor.Admin, Page: s.page(p, nil, nil, nil, nil, companies)},
		{Name: "ordinary", Role: actor.Admin, Page: s.page(p, links, []Line{line, plain}, []Hook{hook}, unsent, companies)},
		{Name: "refused", Role: actor.Admin, Page: refused},
		{Name: "hostile", Role: actor.Admin, Page: s.page(p, []Link{{Name: "ami", Address: hostile, Version: hostile, State: LinkUp}}, []Line{line}, []Hook{bad}, []Delivery{worse}, []Controller{{hostile, hostile}}), Hostile: []string{hostile}},
		{Name: "ordinary", Role: actor.Admin, Page: linePage(p, line, "dGVzdC1rZXktZm9yLXRoZS1nYWxsZXJ5LW9ubHktMTI", "https://amanah.contoh.example/telephony/lines/"+line.ID)},
		{Name: "twilio", Role: actor.Admin, Page: linePage(p, plain, "", "https://amanah.contoh.example/telephony/lines/"+plain.ID)},
		{Name: "hostile", Role: actor.Admin, Page: hookPage(p, bad, hostile), Hostile: []string{hostile}},
	}
}

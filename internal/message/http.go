package message

import (
	"context"
	"embed"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts; the command line needs them before there is a room.
//
//go:embed messages/*.json
var Messages embed.FS

//go:embed views/*.html
var views embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "message", FS: schema} }

var (
	reads   = []actor.Role{actor.Supervisor, actor.DPO, actor.Security, actor.Admin}
	retries = []actor.Role{actor.Supervisor, actor.Admin}
)

// Module is what the room brings to the house. The demo's inbox has a page only when
// there is an inbox among the senders.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "message", Schema: schema, Messages: Messages, Views: views, Routes: s.routes, Jobs: s.Jobs(), Fixtures: fixtures,
		Nav: []web.NavItem{{Key: "message.nav_outbox", Path: "/outbox", Roles: reads, Order: 70, Hint: "o"}},
	}
}

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /outbox", web.Access{Roles: reads}, s.showOutbox)
	rt.Page("GET /outbox/dead", web.Access{Roles: reads}, s.showDead)
	rt.Page("POST /outbox/{message}/retry", web.Access{Roles: retries}, s.postRetry)
	rt.Foreign("POST /messages/status/{channel}", web.Access{Public: true}, (*web.Request).Problem, s.postStatus)
	s.operations(rt)
	if inbox := s.inbox(); inbox != nil {
		rt.Page("GET /demo/inbox", web.Access{Public: true}, func(r *web.Request) error {
			return r.Render(inboxPage(inbox.List()))
		})
	}
}

// inbox is the demo's sender, if that is how messages travel here.
func (s *Service) inbox() *Inbox {
	for _, sender := range s.o.Senders {
		if inbox, ok := sender.(*Inbox); ok {
			return inbox
		}
	}
	return nil
}

// OutboxPage lists what left and what did not: ids and states.
type OutboxPage struct {
	Title string
	Text  string
	Other web.Link // the other of the two lists
	Table web.Table
}

func (s *Service) showOutbox(r *web.Request) error {
	items, err := s.Outbox(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.Render(outboxPage(r.Printer(), items, r.Actor.Is(retries...)))
}

func (s *Service) showDead(r *web.Request) error {
	items, err := s.DeadLetters(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.Render(deadPage(r.Printer(), items, r.Actor.Is(retries...)))
}

// deadPage lists only what did not leave and will not by itself.
func deadPage(p *i18n.Printer, items []Item, may bool) OutboxPage {
	page := outboxPage(p, items, may)
	page.Title, page.Text = p.T("message.dead_title"), p.T("message.dead_text")
	page.Other = web.Link{To: "/outbox", Label: p.T("message.to_outbox"), Key: "u"}
	page.Table.Caption = page.Title
	page.Table.Empty = web.Empty{Title: p.T("message.dead_empty"), Text: p.T("message.dead_empty_next")}
	return page
}

// postStatus takes a provider's report. It answers with a status and no words.
func (s *Service) postStatus(r *web.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.HTTP.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		return errs.New(errs.Invalid, "message.report_unreadable")
	}
	if err := s.Reported(r.Context(), Channel(r.Path("channel")), r.HTTP.Header, body); err != nil {
		return err
	}
	r.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

type itemBody struct {
	ID          string     `json:"id"`
	Interaction string     `json:"interaction,omitempty"`
	Contact     string     `json:"contact" doc:"Name of the contact's field; never its value"`
	Channel     string     `json:"channel"`
	Template    string     `json:"template"`
	State       string     `json:"state" doc:"dead or blocked"`
	Reason      string     `json:"reason" doc:"Code of the last failure"`
	Attempts    int64      `json:"attempts"`
	Created     time.Time  `json:"created_at"`
	Changed     time.Time  `json:"changed_at"`
	Expires     *time.Time `json:"expires_at,omitempty"`
}

type deadOutput struct {
	Body struct {
		Messages []itemBody `json:"messages" doc:"Newest first, at most 100"`
	}
}

type retryInput struct {
	Message string `path:"message" maxLength:"40" doc:"The message"`
}

func (s *Service) operations(rt *web.Router) {
	web.Operation(rt, web.Op{Method: "GET", Path: "/messages/dead", Summary: "Messages that did not leave, or did not arrive, and will not be tried again by themselves: ids and states", Access: web.Access{Roles: reads, Scope: "serve"}},
		func(ctx context.Context, c web.Call, _ *struct{}) (*deadOutput, error) {
			items, err := s.DeadLetters(ctx, c.Actor)
			if err != nil {
				return nil, err
			}
			out := &deadOutput{}
			out.Body.Messages = []itemBody{}
			for _, i := range items {
				b := itemBody{ID: i.ID, Interaction: i.Interaction, Contact: i.Contact, Channel: string(i.Channel), Template: i.Template, State: string(i.State),
					Reason: i.Reason, Attempts: i.Attempts, Created: i.Created, Changed: i.Changed}
				if !i.Expires.IsZero() {
					b.Expires = &i.Expires
				}
				out.Body.Messages = append(out.Body.Messages, b)
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: "POST", Path: "/messages/{message}/retry", Summary: "Send a dead or blocked message again", Access: web.Access{Roles: retries, Scope: "serve"},
		Unkeyed: "a message that waits already is not dead, so a repeated request is refused and changes nothing"},
		func(ctx context.Context, c web.Call, in *retryInput) (*struct{}, error) {
			return nil, s.Retry(ctx, c.Actor, in.Message)
		})
}

func outboxPage(p *i18n.Printer, items []Item, may bool) OutboxPage {
	t := web.Table{
		Caption: p.T("message.outbox_title"),
		Columns: []web.Column{
			{Title: p.T("message.col_created")}, {Title: p.T("message.col_state")}, {Title: p.T("message.col_channel")},
			{Title: p.T("message.col_template")}, {Title: p.T("message.col_attempts"), Numeric: true},
			{Title: p.T("message.col_reason")}, {Title: p.T("message.col_interaction")}, {Title: ""},
		},
		Empty: web.Empty{Title: p.T("message.outbox_empty"), Text: p.T("message.outbox_empty_next")},
	}
	for _, i := range items {
		state := web.Chip{Tone: tones[i.State], Text: p.T("message.state_" + string(i.State))}
		retry := web.Cell{}
		if may && (i.State == Dead || i.State == Blocked) {
			retry.Action = &web.Action{To: "/outbox/" + i.ID + "/retry", Button: web.Button{Label: p.T("message.do_retry")}}
		}
		reason := web.Cell{Text: i.Reason, Code: i.Reason != ""}
		if i.Reason != "" && p.Has(i.Reason) && !strings.Contains(p.T(i.Reason), "⟦") {
			reason = web.Cell{Text: p.T(i.Reason)}
		}
		template := web.Cell{Text: i.Template, Code: true}
		if p.Has(i.Template + ".name") {
			template = web.Cell{Text: p.T(i.Template + ".name")}
		}
		t.Rows = append(t.Rows, web.Row{ID: i.ID, Cells: []web.Cell{
			{Time: i.Created}, {Chip: &state}, {Text: p.T("message.channel_" + string(i.Channel))}, template,
			{Text: p.Number(i.Attempts)}, reason, {Text: i.Interaction, Code: i.Interaction != ""}, retry,
		}})
	}
	return OutboxPage{Title: p.T("message.outbox_title"), Text: p.T("message.outbox_text"), Other: web.Link{To: "/outbox/dead", Label: p.T("message.to_dead"), Key: "u"}, Table: t}
}

var tones = map[State]web.Tone{Queued: web.Info, Sending: web.Info, Sent: web.Good, Delivered: web.Good, Expired: web.Neutral, Blocked: web.Warn, Dead: web.Bad}

func (s *Service) postRetry(r *web.Request) error {
	if err := s.Retry(r.Context(), r.Actor, r.Path("message")); err != nil {
		return err
	}
	r.Flash("message.done_retry")
	return r.Redirect("/outbox")
}

// InboxPage stands in for the customer's telephone in the demo.
type InboxPage struct {
	Letters []InboxLetter
}

// InboxLetter is one message as its receiver would see it. Link is the first address of
// this server in it, as a path.
type InboxLetter struct {
	Channel Channel
	To      string
	Subject string
	Lines   []string
	Link    string
	At      time.Time
}

func inboxPage(texts []Text) InboxPage {
	var page InboxPage
	for _, t := range texts {
		l := InboxLetter{Channel: t.Channel, To: t.To, Subject: t.Subject, At: t.Made}
		for _, line := range strings.Split(t.Body, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				l.Lines = append(l.Lines, line)
			}
		}
		for _, word := range strings.Fields(t.Body) {
			if u, err := url.Parse(word); err == nil && u.Host != "" && strings.HasPrefix(u.Path, "/v/") && l.Link == "" {
				l.Link = u.Path
			}
		}
		page.Letters = append(page.Letters, l)
	}
	return page
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	item := func(id string, state State, reason string) Item {
		return Item{ID: id, Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n", Contact: "email", Channel: Email, Template: "message.verification",
			State: state, Reason: reason, Attempts: 2, Created: at}
	}
	bad := item("msg_01k9xq3v7me8t0000z9w2h4r6n", Queued, hostile)
	bad.Template = hostile
	return []web.Fixture{
		{Name: "empty", Page: outboxPage(p, nil, true), Role: actor.Admin},
		{Name: "ordinary", Role: actor.Admin, Page: outboxPage(p, []Item{
			item("msg_01k9xq3v7me8t0000z9w2h4r6p", Sent, ""), item("msg_01k9xq3v7me8t0000z9w2h4r6q", Dead, "message.contact_gone"),
			item("msg_01k9xq3v7me8t0000z9w2h4r6r", Queued, "message.smtp_later"),
		}, true)},
		{Name: "dead", Role: actor.Supervisor, Page: deadPage(p, []Item{
			item("msg_01k9xq3v7me8t0000z9w2h4r6q", Dead, "message.not_delivered"), item("msg_01k9xq3v7me8t0000z9w2h4r6s", Blocked, "message.blocked"),
		}, true)},
		{Name: "dead_empty", Role: actor.Supervisor, Page: deadPage(p, nil, true)},
		{Name: "hostile", Role: actor.Admin, Page: outboxPage(p, []Item{bad}, true), Hostile: []string{hostile}},
		{Name: "empty", Page: InboxPage{}},
		{Name: "ordinary", Page: inboxPage([]Text{{Channel: Email, To: "rani@contoh.example", Subject: "Bank Contoh", Body: "Buka tautan ini:\n\nhttp://localhost:8080/v/abc\n", Made: at}})},
		{Name: "hostile", Page: inboxPage([]Text{{Channel: SMS, To: hostile, Subject: hostile, Body: hostile + " javascript:alert(1) http://x/v/" + hostile, Made: at}}), Hostile: []string{hostile}},
	}
}

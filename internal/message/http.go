package message

import (
	"embed"
	"net/url"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

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
		Name: "message", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Jobs: s.Jobs(), Fixtures: fixtures,
		Nav: []web.NavItem{{Key: "message.nav_outbox", Path: "/outbox", Roles: reads, Order: 70, Hint: "o"}},
	}
}

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /outbox", web.Access{Roles: reads}, s.showOutbox)
	rt.Page("POST /outbox/{message}/retry", web.Access{Roles: retries}, s.postRetry)
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
	Table web.Table
}

func (s *Service) showOutbox(r *web.Request) error {
	items, err := s.Outbox(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.Render(outboxPage(r.Printer(), items, r.Actor.Is(retries...)))
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
		if i.Reason != "" && p.Has(i.Reason) && !strings.Contains(i.Reason, "smtp_") {
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
	return OutboxPage{t}
}

var tones = map[State]web.Tone{Queued: web.Info, Sending: web.Info, Sent: web.Good, Expired: web.Neutral, Blocked: web.Warn, Dead: web.Bad}

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
		{Name: "hostile", Role: actor.Admin, Page: outboxPage(p, []Item{bad}, true), Hostile: []string{hostile}},
		{Name: "empty", Page: InboxPage{}},
		{Name: "ordinary", Page: inboxPage([]Text{{Channel: Email, To: "rani@contoh.example", Subject: "Bank Contoh", Body: "Buka tautan ini:\n\nhttp://localhost:8080/v/abc\n", Made: at}})},
		{Name: "hostile", Page: inboxPage([]Text{{Channel: SMS, To: hostile, Subject: hostile, Body: hostile + " javascript:alert(1) http://x/v/" + hostile, Made: at}}), Hostile: []string{hostile}},
	}
}

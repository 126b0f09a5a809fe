package supervision

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/web"
)

func (s *Service) routes(rt *web.Router) {
	acc := web.Access{Roles: watches}
	rt.Page("GET /live", acc, s.showLive)
	rt.Page("GET /live/decisions", acc, s.showDecisions)
	rt.Page("GET /live/events", acc, s.events)
	rt.Page("GET /live/{interaction}", acc, s.showContact)
	rt.Page("POST /live/decisions/{approval}/approve", acc, s.postDecision(true))
	rt.Page("POST /live/decisions/{approval}/refuse", acc, s.postDecision(false))
	rt.Page("POST /live/alerts/{alert}/settle", acc, s.postSettle)
	rt.Page("POST /live/{interaction}/lower", acc, s.postMove(interaction.Lower))
	rt.Page("POST /live/{interaction}/disconnect", acc, s.postMove(interaction.Disconnect))
	rt.Page("POST /live/{interaction}/listen", acc, s.postListen)
	rt.Page("POST /live/{interaction}/listen/end", acc, s.postStop)
	rt.Page("POST /calls/{interaction}/awake", web.Access{Roles: serves}, s.postAwake)
	s.operations(rt)
}

// LivePage is the supervisor's list: what waits for a decision or a look, and the contacts that are not ended.
type LivePage struct {
	Decisions DecisionList
	Contacts  ContactList
}

// DecisionList is what waits for the reader. It is replaced only when something comes or goes, so that nothing moves while
// somebody types a reason.
type DecisionList struct {
	Stamp  string
	Alerts []AlertCard
	Cards  []DecisionCard
}

// AlertCard is an alert with the form that settles it.
type AlertCard struct {
	ID    string
	State web.Chip
	Text  string
	At    time.Time
	Link  *web.Link
	Key   string
}

// DecisionCard is a decision with its two forms. The first has the keys.
type DecisionCard struct {
	ID, Kind, By, Reason string
	Link                 *web.Link // the contact it is about
	Expires              time.Time
	Left                 string // time left when it was drawn
	Approve, Refuse      string // keys
}

// ContactList is the table.
type ContactList struct {
	Stamp string
	Table web.Table
	More  string // how many are not shown
}

// ContactPage is one contact, with what a supervisor may do.
type ContactPage struct {
	ID        string
	Facts     web.Facts
	Moves     []web.Action
	Listen    bool // may ask to
	Listening bool
}

// MostShown is how many contacts a page lists; the gravest come first.
const MostShown = 100

func stamp(parts ...any) string {
	hash := fnv.New64a()
	_, _ = fmt.Fprint(hash, parts...) // a hash never fails
	return fmt.Sprintf("%016x", hash.Sum64())
}

// same answers 304 when the reader has what there is.
func same(r *web.Request, stamp string) bool {
	if !r.Partial() || r.HTTP.Header.Get("If-None-Match") != `"`+stamp+`"` {
		return false
	}
	r.Writer.WriteHeader(http.StatusNotModified)
	return true
}

func (s *Service) showLive(r *web.Request) error {
	board, err := s.Watch(r.Context(), r.Actor, !r.Partial())
	if err != nil {
		return err
	}
	page := livePage(r.Printer(), board)
	switch {
	case same(r, page.Contacts.Stamp):
		return nil
	case r.Partial():
		return r.Fragment("live_contacts", page.Contacts)
	}
	return r.Render(page)
}

func (s *Service) showDecisions(r *web.Request) error {
	if !r.Partial() {
		return r.Redirect("/live")
	}
	board, err := s.Watch(r.Context(), r.Actor, false)
	if err != nil {
		return err
	}
	list := decisions(r.Printer(), board)
	if same(r, list.Stamp) {
		return nil
	}
	return r.Fragment("live_decisions", list)
}

func livePage(p *i18n.Printer, b Board) LivePage {
	return LivePage{decisions(p, b), contacts(p, b)}
}

func decisions(p *i18n.Printer, b Board) (list DecisionList) {
	marks := []any{p.Lang()}
	for i, a := range b.Alerts {
		card := AlertCard{ID: a.ID, At: a.At, State: web.Chip{Tone: web.Bad, Text: p.T("supervision.alert_" + string(a.Kind))}, Text: a.Name}
		switch {
		case a.To != "":
			card.Link = &web.Link{To: a.To, Label: p.T("supervision.look")}
		case a.Interaction != "":
			card.Link = &web.Link{To: "/live/" + a.Interaction, Label: p.T("supervision.look")}
		}
		if i == 0 {
			card.Key = "e"
		}
		list.Alerts = append(list.Alerts, card)
		marks = append(marks, a.ID, a.Kind, a.Interaction, a.Staff)
	}
	for i, c := range b.Waiting {
		card := DecisionCard{ID: c.ID, Kind: c.Kind, By: c.Name, Reason: c.Reason, Expires: c.Expires, Left: left(c.Expires.Sub(b.At))}
		if p.Has(c.Kind) {
			card.Kind = p.T(c.Kind)
		}
		if itx := c.Payload["interaction"]; itx != "" {
			card.Link = &web.Link{To: "/live/" + itx, Label: p.T("supervision.look")}
		}
		if i == 0 {
			card.Approve, card.Refuse = "a", "x"
		}
		list.Cards = append(list.Cards, card)
		marks = append(marks, c.ID)
	}
	list.Stamp = stamp(marks...)
	return list
}

// left writes a span as the clock on the page does.
func left(d time.Duration) string {
	s := int(max(0, d) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// tones colour the standings; the words say the same.
var tones = map[Standing]web.Tone{
	Alarmed: web.Bad, Wanted: web.Warn, Silent: web.Bad, Capturing: web.Private, Revealing: web.Private, Paused: web.Warn, Verified: web.Good, Unverified: web.Info,
}

func state(p *i18n.Printer, s Standing) web.Chip {
	tone := tones[s]
	if tone == "" {
		tone = web.Neutral
	}
	return web.Chip{Tone: tone, Text: p.T("supervision.state_" + string(s))}
}

// level is the short word for a level, and the long one.
func level(p *i18n.Printer, n int) (short, long string) {
	long = p.T("interaction.level_" + strconv.Itoa(n))
	short, _, _ = strings.Cut(long, " · ")
	return short, long
}

func contacts(p *i18n.Printer, b Board) (list ContactList) {
	t := web.Table{
		Caption: p.T("supervision.title"),
		Columns: []web.Column{
			{Title: p.T("supervision.col_state")}, {Title: p.T("supervision.col_agent")}, {Title: p.T("supervision.col_level")},
			{Title: p.T("supervision.col_opened"), Numeric: true}, {Title: p.T("supervision.col_channel")}, {Title: p.T("supervision.col_since")}, {Title: p.T("supervision.col_more")},
		},
		Empty: web.Empty{Title: p.T("supervision.none"), Text: p.T("supervision.none_next")},
	}
	marks := []any{p.Lang()}
	for i, r := range b.Rows {
		if i == MostShown {
			list.More = p.T("supervision.more", "count", len(b.Rows)-MostShown)
			break
		}
		chip, note := state(p, r.Standing), ""
		if len(r.Risks) > 0 {
			note = p.T("interaction.risk_" + r.Risks[0])
		}
		if r.Listeners > 0 {
			note = strings.TrimPrefix(note+" · "+p.T("supervision.listened"), " · ")
		}
		short, long := level(p, r.Level)
		agent := r.Name
		if agent == "" {
			agent = "–"
		}
		t.Rows = append(t.Rows, web.Row{ID: r.ID, Cells: []web.Cell{
			{Chip: &chip, Note: note}, {Text: agent}, {Text: short, Title: long}, {Text: strconv.Itoa(r.Opened)},
			{Text: p.T("interaction.channel_" + string(r.Channel)), Note: r.Queue}, {Time: r.Started}, {Text: p.T("supervision.look"), To: "/live/" + r.ID},
		}})
		marks = append(marks, r.ID, r.Standing, agent, r.Level, r.Opened, note, r.Queue)
	}
	list.Table, list.Stamp = t, stamp(append(marks, list.More)...)
	return list
}

func (s *Service) showContact(r *web.Request) error {
	row, err := s.Contact(r.Context(), r.Actor, r.Path("interaction"))
	if err != nil {
		return err
	}
	return r.Render(contactPage(r.Printer(), row, r.Actor.ID()))
}

func contactPage(p *i18n.Printer, row Row, reader string) ContactPage {
	chip := state(p, row.Standing)
	_, long := level(p, row.Level)
	heard := p.T("supervision.nobody")
	if row.Listeners > 0 {
		heard = strconv.Itoa(row.Listeners)
	}
	page := ContactPage{ID: row.ID, Listening: row.Listening, Facts: web.Facts{
		{Label: p.T("supervision.col_state"), Chip: &chip}, {Label: p.T("supervision.col_agent"), Text: row.Name}, {Label: p.T("supervision.col_level"), Text: long},
		{Label: p.T("supervision.col_opened"), Text: strconv.Itoa(row.Opened)}, {Label: p.T("supervision.col_channel"), Text: p.T("interaction.channel_" + string(row.Channel))},
		{Label: p.T("supervision.col_queue"), Text: row.Queue}, {Label: p.T("supervision.col_since"), Time: row.Started}, {Label: p.T("supervision.listeners"), Text: heard, Code: row.ID},
	}}
	offer := func(move interaction.Move, button web.Button) {
		if _, ok := interaction.Next(interaction.Position{State: row.State}, move); ok {
			page.Moves = append(page.Moves, web.Action{To: "/live/" + row.ID + "/" + string(move), Button: button})
		}
	}
	offer(interaction.Lower, web.Button{Style: "quiet", Label: p.T("supervision.lower"), Key: "w"})
	offer(interaction.Disconnect, web.Button{Style: "danger", Label: p.T("supervision.disconnect"), Key: "z", Again: true})
	page.Listen = !row.Listening && row.Agent != reader && row.State.OnLine()
	return page
}

func (s *Service) postMove(m interaction.Move) func(*web.Request) error {
	return func(r *web.Request) error {
		if err := s.o.Interactions.Move(r.Context(), r.Actor, r.Path("interaction"), m); err != nil {
			return err
		}
		r.Flash("supervision.done_" + string(m))
		return r.Redirect("/live")
	}
}

// because is the form of everything that needs a reason.
type because struct {
	Reason string `form:"reason" max:"300" required:"true"`
}

func (s *Service) postDecision(yes bool) func(*web.Request) error {
	done := map[bool]string{true: "approval.done_approved", false: "approval.done_refused"}[yes]
	return func(r *web.Request) error {
		var form because
		if err := r.Decode(&form); err != nil {
			return err
		}
		if _, err := s.approvals.Decide(r.Context(), r.Actor, r.Path("approval"), form.Reason, yes); err != nil {
			return err
		}
		r.Flash(done)
		return r.Redirect("/live")
	}
}

func (s *Service) postSettle(r *web.Request) error {
	var form because
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Settle(r.Context(), r.Actor, r.Path("alert"), form.Reason); err != nil {
		return err
	}
	r.Flash("supervision.done_settle")
	return r.Redirect("/live")
}

func (s *Service) postListen(r *web.Request) error {
	var form because
	if err := r.Decode(&form); err != nil {
		return err
	}
	waits, err := s.Listen(r.Context(), r.Actor, r.Path("interaction"), form.Reason)
	if err != nil {
		return err
	}
	r.Flash(map[bool]string{true: "supervision.done_asked", false: "supervision.done_listen"}[waits])
	return r.Redirect("/live/" + r.Path("interaction"))
}

func (s *Service) postStop(r *web.Request) error {
	if err := s.Stop(r.Context(), r.Actor, r.Path("interaction")); err != nil {
		return err
	}
	r.Flash("supervision.done_stop")
	return r.Redirect("/live/" + r.Path("interaction"))
}

// postAwake is the silent alarm of the desk: answered without content, so that the browser stays where it is.
func (s *Service) postAwake(r *web.Request) error {
	err := s.Alarm(r.Context(), r.Actor, r.Path("interaction"))
	if err == nil {
		r.Writer.WriteHeader(http.StatusNoContent)
	}
	return err
}

// JSON: the same verbs.

type contactJSON struct {
	Interaction string    `json:"interaction"`
	Controller  string    `json:"controller"`
	Agent       string    `json:"agent,omitempty" doc:"Staff id"`
	Standing    string    `json:"standing" doc:"alarmed, wanted, silent, revealing, paused, unverified, verified, ringing or closing"`
	Level       int       `json:"level"`
	Opened      int       `json:"opened" doc:"Fields revealed in the contact"`
	Queue       string    `json:"queue"`
	Channel     string    `json:"channel"`
	Listeners   int       `json:"listeners"`
	Started     time.Time `json:"started_at"`
}

type alertJSON struct {
	ID          string    `json:"id,omitempty" doc:"Empty for an alert that its own page settles"`
	Kind        string    `json:"kind"`
	Interaction string    `json:"interaction,omitempty"`
	Controller  string    `json:"controller"`
	Staff       string    `json:"staff,omitempty"`
	At          time.Time `json:"at"`
}

type boardOutput struct {
	Body struct {
		Contacts []contactJSON   `json:"contacts"`
		Alerts   []alertJSON     `json:"alerts"`
		Waiting  []approval.JSON `json:"waiting" doc:"Decisions that are waited for"`
	}
}

type callInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
}

type listenInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Reason string `json:"reason" minLength:"1" maxLength:"300"`
	}
}

type settleInput struct {
	Alert string `path:"alert" maxLength:"40"`
	Body  struct {
		Reason string `json:"reason" minLength:"1" maxLength:"300"`
	}
}

type listenOutput struct {
	Body struct {
		Waits bool `json:"waits" doc:"A second supervisor must agree first: a protected person's contact"`
	}
}

func (s *Service) operations(rt *web.Router) {
	boss, desk := web.Access{Roles: watches, Scope: "serve"}, web.Access{Roles: serves, Scope: "serve"}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/live", Summary: "The contacts, alerts and decisions of the supervisor's companies; each look is entered", Access: boss},
		func(ctx context.Context, c web.Call, _ *struct{}) (*boardOutput, error) {
			b, err := s.Watch(ctx, c.Actor, true)
			out := &boardOutput{}
			out.Body.Contacts, out.Body.Alerts, out.Body.Waiting = []contactJSON{}, []alertJSON{}, []approval.JSON{}
			for _, r := range b.Rows {
				out.Body.Contacts = append(out.Body.Contacts, contactJSON{
					Interaction: r.ID, Controller: r.Controller, Agent: r.Agent, Standing: string(r.Standing), Level: r.Level, Opened: r.Opened,
					Queue: r.Queue, Channel: string(r.Channel), Listeners: r.Listeners, Started: r.Started,
				})
			}
			for _, a := range b.Alerts {
				out.Body.Alerts = append(out.Body.Alerts, alertJSON{a.ID, string(a.Kind), a.Interaction, a.Controller, a.Staff, a.At})
			}
			for _, c := range b.Waiting {
				out.Body.Waiting = append(out.Body.Waiting, c.JSON())
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/live/alerts/{alert}/settle", Summary: "End an alert, with a reason", Access: boss, Unkeyed: "an alert is settled once"},
		func(ctx context.Context, c web.Call, in *settleInput) (*struct{}, error) {
			return nil, s.Settle(ctx, c.Actor, in.Alert, in.Body.Reason)
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/listen", Summary: "Listen to a live contact, with a reason; it stands in the customer's trail", Access: boss, Unkeyed: "one listens to a contact once"},
		func(ctx context.Context, c web.Call, in *listenInput) (*listenOutput, error) {
			waits, err := s.Listen(ctx, c.Actor, in.Interaction, in.Body.Reason)
			out := &listenOutput{}
			out.Body.Waits = waits
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/listen/end", Summary: "Listen no longer", Access: boss, Unkeyed: "it names a state"},
		func(ctx context.Context, c web.Call, in *callInput) (*struct{}, error) {
			return nil, s.Stop(ctx, c.Actor, in.Interaction)
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/duress", Summary: "Silent alarm of whoever serves the contact; answered like a heartbeat", Access: desk, Unkeyed: "an alarm that rings rings once"},
		func(ctx context.Context, c web.Call, in *callInput) (*struct{}, error) {
			return nil, s.Alarm(ctx, c.Actor, in.Interaction)
		})
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	row := func(n int, s Standing, level int, name string) Row {
		v := interaction.View{ID: fmt.Sprintf("itx_01k9xq3v7me8t0000z9w2h4r%02d", n), State: interaction.Serving, Level: level, Queue: name, Channel: interaction.Phone, Started: at, Agent: "stf_1", Fresh: true}
		return Row{View: v, Standing: s, Name: name, Opened: n}
	}
	board := func(name string) Board {
		b := Board{At: at.Add(20 * time.Second)}
		for i, s := range Standings() {
			b.Rows = append(b.Rows, row(i, s, i%4, name))
		}
		b.Rows[4].Risks, b.Rows[6].Listeners = []string{"sim_changed"}, 1
		b.Alerts = []Alert{
			{ID: "alr_01k9xq3v7me8t0000z9w2h4r6n", Kind: Duress, Interaction: b.Rows[0].ID, Staff: "stf_1", Name: name, At: at},
			{ID: "alr_01k9xq3v7me8t0000z9w2h4r6p", Kind: Frozen, Interaction: b.Rows[1].ID, Staff: "stf_2", Name: name, At: at},
		}
		for _, n := range []string{"q", "r"} {
			b.Waiting = append(b.Waiting, Card{approval.Request{ID: "apr_01k9xq3v7me8t0000z9w2h4r6" + n, Kind: ListenKind, Reason: name, AskedAt: at, Expires: at.Add(time.Minute),
				Payload: map[string]string{"interaction": b.Rows[1].ID}}, name})
		}
		return b
	}
	listened := row(3, Verified, 2, "Bagas")
	listened.Listening, listened.Listeners = true, 1
	return []web.Fixture{
		{Name: "empty", Page: livePage(p, Board{At: at}), Role: actor.Supervisor},
		{Name: "ordinary", Page: livePage(p, board("Bagas Pradana")), Role: actor.Supervisor},
		{Name: "hostile", Page: livePage(p, board(hostile)), Role: actor.Supervisor, Hostile: []string{hostile}},
		{Name: "ordinary", Page: contactPage(p, row(3, Verified, 2, "Bagas"), ""), Role: actor.Supervisor},
		{Name: "listening", Page: contactPage(p, listened, ""), Role: actor.Supervisor},
		{Name: "hostile", Page: contactPage(p, row(3, Paused, 2, hostile), ""), Role: actor.Supervisor, Hostile: []string{hostile}},
	}
}

package mandate

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/web"
)

// officers see the mandates of the companies they serve, and may end one without a call.
var officers = []actor.Role{actor.Supervisor, actor.DPO}

// APage is how many mandates a page of the list holds.
const APage = 50

const (
	sqlList = `select ` + columns + ` from mandate_record where controller = $1 and (state in ('valid', 'proposed') and ends_at > $2) = $3
		and (recorded_at < $4 or recorded_at = $4 and id < $5) order by recorded_at desc, id desc limit $6`
	sqlSpeaking = `select count(*) from mandate_speaker where mandate = $1`
)

// Position is where a page of the list begins.
type Position struct {
	At int64  `json:"t"`
	ID string `json:"i"`
}

// Entry is a mandate as an officer sees it: without the customer's id and with nobody's name but masked.
type Entry struct {
	View
	Controller string
	Customer   string // masked
	Why        string // it was revoked; one of Reasons
	Revoked    time.Time
	Used       int // contacts in which somebody spoke through it
}

// List reads the mandates of the companies that the asker serves, the newest first: those that stand or wait, or those that
// are over. It opens no value of a customer; the masks are those the desk shows.
func (s *Service) List(ctx context.Context, a actor.Actor, over bool, after Position) (out []Entry, next Position, err error) {
	if !a.Is(officers...) {
		return nil, next, errRole
	}
	if after.At == 0 {
		after.At = 1<<62 - 1
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, next = nil, Position{}
		var found []record
		for _, controller := range slices.Sorted(slices.Values(a.Controllers())) {
			err := tx.Data.Rows(sqlList, []any{controller, column.Micros(tx.Now()), !over, after.At, after.ID, int64(APage + 1)}, func(r db.Row) error {
				m, err := scan(r)
				found = append(found, m)
				return err
			})
			if err != nil {
				return err
			}
		}
		slices.SortFunc(found, func(x, y record) int { return cmp.Or(y.Recorded.Compare(x.Recorded), cmp.Compare(y.ID, x.ID)) })
		if len(found) > APage {
			found = found[:APage]
			next = Position{column.Micros(found[APage-1].Recorded), found[APage-1].ID}
		}
		for _, m := range found {
			one, err := s.entryOf(tx, m)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, next, err
}

// One reads one of them; unknown where it is none of the asker's.
func (s *Service) One(ctx context.Context, a actor.Actor, mandate string) (out Entry, err error) {
	if !a.Is(officers...) {
		return out, errRole
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		m, err := one(tx, mandate)
		if err == nil && !a.Serves(m.Controller) {
			err = errUnknown
		}
		if err != nil {
			return err
		}
		out, err = s.entryOf(tx, m)
		return err
	})
	return out, err
}

func (s *Service) entryOf(tx *db.Tx, m record) (Entry, error) {
	open, err := s.open(m)
	if err != nil {
		return Entry{}, err
	}
	v, err := s.view(tx, m, open)
	if err != nil {
		return Entry{}, err
	}
	out := Entry{View: v, Controller: m.Controller, Customer: open.Customer, Why: m.Why, Revoked: m.RevokedAt}
	var used int64
	err = tx.Data.Row(sqlSpeaking, m.ID).Scan(&used)
	out.Used = int(used)
	return out, err
}

// MandatesPage is views/mandates.html: the mandates of the companies somebody serves.
type MandatesPage struct {
	Other web.Link // to the other half
	Table web.Table
}

// MandatePage is views/mandate.html: one of them, and how it is ended.
type MandatePage struct {
	Title  string
	State  web.Chip
	Facts  web.Facts
	Back   web.Link
	To     string // of the form; "" when it is over
	Reason web.Input
	Do     web.Button
}

func (s *Service) consoleRoutes(rt *web.Router) {
	see := web.Access{Roles: slices.Clone(officers)}
	rt.Page("GET /mandates", see, s.showMandates(rt))
	rt.Page("GET /mandates/{mandate}", see, s.showMandate)
	rt.Page("POST /mandates/{mandate}/revoke", web.Access{Roles: slices.Clone(officers), Fresh: true}, s.postEnd)
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/mandates", Summary: "The mandates of the companies you serve, the newest first; masked, and without the customers' ids", Access: web.Access{Roles: slices.Clone(officers), Scope: "serve"}},
		func(ctx context.Context, c web.Call, in *mandatesInput) (*mandatesOutput, error) {
			var after Position
			if err := rt.OpenCursor(halfOf(in.Over), in.After, &after); err != nil {
				return nil, err
			}
			list, next, err := s.List(ctx, c.Actor, in.Over, after)
			if err != nil {
				return nil, err
			}
			out := &mandatesOutput{}
			out.Body.Items = []entryJSON{}
			for _, e := range list {
				one := entryJSON{Mandate: jsonOf(e.View), Controller: e.Controller, Customer: e.Customer, Used: e.Used, Why: e.Why}
				if !e.Revoked.IsZero() {
					one.Revoked = &e.Revoked
				}
				out.Body.Items = append(out.Body.Items, one)
			}
			if next.ID != "" {
				out.Body.Next, err = rt.Cursor(halfOf(in.Over), next)
			}
			return out, err
		})
}

type (
	mandatesInput struct {
		Over  bool   `query:"over" doc:"Those that are over; otherwise those that stand or wait"`
		After string `query:"after" maxLength:"600" doc:"Cursor of the next page"`
	}
	entryJSON struct {
		Mandate    viewJSON   `json:"mandate"`
		Controller string     `json:"controller"`
		Customer   string     `json:"customer,omitempty" doc:"Masked; empty when no name was stored"`
		Used       int        `json:"contacts" doc:"In which somebody spoke through it"`
		Why        string     `json:"revoked_why,omitempty"`
		Revoked    *time.Time `json:"revoked_at,omitempty"`
	}
	mandatesOutput struct {
		Body struct {
			Items []entryJSON `json:"items"`
			Next  string      `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
		}
	}
)

// halfOf names a half of the list for its cursors.
func halfOf(over bool) string { return "mandates?over=" + strconv.FormatBool(over) }

func (s *Service) showMandates(rt *web.Router) func(*web.Request) error {
	return func(r *web.Request) error {
		var form struct {
			Over  bool   `form:"over"`
			After string `form:"after" max:"600"`
		}
		if err := r.Decode(&form); err != nil {
			return err
		}
		var after Position
		if err := rt.OpenCursor(halfOf(form.Over), form.After, &after); err != nil {
			return err
		}
		list, next, err := s.List(r.Context(), r.Actor, form.Over, after)
		if err != nil {
			return err
		}
		names, companies, err := s.names(r.Context(), r.Actor, r.Printer())
		if err != nil {
			return err
		}
		page := mandatesPage(r.Printer(), list, names, companies, form.Over)
		if next.ID != "" {
			cursor, err := rt.Cursor(halfOf(form.Over), next)
			if err != nil {
				return err
			}
			page.Table.Pager.Older = "/mandates?over=" + strconv.FormatBool(form.Over) + "&after=" + cursor
		}
		return r.Render(page)
	}
}

// names are what the purposes of the companies somebody serves are called, and the companies.
func (s *Service) names(ctx context.Context, a actor.Actor, p *i18n.Printer) (purposes, companies map[string]string, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		purposes, companies = map[string]string{}, map[string]string{}
		for _, controller := range a.Controllers() {
			company, err := s.o.Company(tx, controller)
			if err != nil {
				return err
			}
			companies[controller] = company
			list, err := s.o.Purposes.List(tx, controller)
			if err != nil {
				return err
			}
			for _, one := range list {
				purposes[one.ID] = one.Name[string(p.Lang())]
			}
		}
		return nil
	})
	return purposes, companies, err
}

func mandatesPage(p *i18n.Printer, list []Entry, purposes, companies map[string]string, over bool) MandatesPage {
	page := MandatesPage{Other: web.Link{To: "/mandates?over=true", Label: p.T("mandate.list_over")}}
	page.Table = web.Table{
		Caption: p.T("mandate.list_standing"),
		Columns: []web.Column{{Title: p.T("mandate.col_who")}, {Title: p.T("mandate.col_customer")}, {Title: p.T("mandate.col_state")}, {Title: p.T("mandate.until")}, {Title: p.T("mandate.col_scope")}},
		Empty:   web.Empty{Title: p.T("mandate.list_none"), Text: p.T("mandate.list_none_next")},
	}
	if over {
		page.Other = web.Link{To: "/mandates", Label: p.T("mandate.list_standing")}
		page.Table.Caption = p.T("mandate.list_over")
		page.Table.Empty = web.Empty{Title: p.T("mandate.list_none_over"), Text: p.T("mandate.list_none_over_next")}
	}
	for _, e := range list {
		page.Table.Rows = append(page.Table.Rows, web.Row{ID: e.ID, Cells: []web.Cell{
			{Text: who(p, e.View), To: "/mandates/" + e.ID, Note: companies[e.Controller]}, {Text: e.Customer},
			{Chip: &web.Chip{Tone: tones[e.State], Text: p.T("mandate.state_" + string(e.State))}}, {Time: e.Ends},
			{Text: words(e.May.Purposes, known(purposes)), Note: words(e.May.Verbs, func(one string) string { return p.T("mandate.verb_" + one) })},
		}})
	}
	return page
}

func (s *Service) showMandate(r *web.Request) error {
	e, err := s.One(r.Context(), r.Actor, r.Path("mandate"))
	if err != nil {
		return err
	}
	names, companies, err := s.names(r.Context(), r.Actor, r.Printer())
	if err != nil {
		return err
	}
	return r.Render(mandatePage(r.Printer(), e, names, companies, s.o.Catalogue.Fields()))
}

func mandatePage(p *i18n.Printer, e Entry, purposes, companies map[string]string, fields []catalog.Field) MandatePage {
	labels := map[string]string{}
	for _, f := range fields {
		labels[f.Name] = f.Label.In(p.Lang())
	}
	shown := row(p, "", e.View, purposes, labels, new(int))
	page := MandatePage{Title: shown.Title, State: shown.State, Back: web.Link{To: "/mandates", Label: p.T("mandate.list_back"), Key: "b"},
		Facts: append(web.Facts{{Label: p.T("mandate.col_company"), Text: companies[e.Controller]}, {Label: p.T("mandate.col_customer"), Text: e.Customer},
			{Label: p.T("mandate.recorded"), Time: e.Recorded}}, shown.Facts...)}
	page.Facts = append(page.Facts, web.Fact{Label: p.T("mandate.used"), Text: p.Number(int64(e.Used))})
	if !e.Revoked.IsZero() {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("mandate.state_revoked"), Time: e.Revoked}, web.Fact{Label: p.T("mandate.why"), Text: p.T("mandate.why_" + e.Why)})
	}
	if e.State == Valid || e.State == Proposed {
		page.To = "/mandates/" + e.ID + "/revoke"
		page.Reason = web.Input{Name: "why", Label: p.T("mandate.why"), Type: "select", Choices: choices(p, "mandate.why_", Reasons()), Required: true, Key: "r"}
		page.Do = web.Button{Style: "danger", Label: p.T("mandate.do_revoke"), Key: "x x", Again: true}
	}
	return page
}

func (s *Service) postEnd(r *web.Request) error {
	var f struct {
		Why string `form:"why" max:"30" required:"true"`
	}
	if err := r.Decode(&f); err != nil {
		return err
	}
	if err := s.Revoke(r.Context(), r.Actor, "", r.Path("mandate"), f.Why); err != nil {
		return err
	}
	r.Flash("mandate.done_revoked_told")
	return r.Redirect("/mandates")
}

package page

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
)

// DenialListPage lists the contacts that customers denied: those that wait, or those that were reviewed.
type DenialListPage struct {
	Other web.Link // to the other half
	Table web.Table
}

// DenialPage is one of them, with the form of who may review it.
type DenialPage struct {
	Facts  web.Facts
	Text   string   // what is to be done
	Look   web.Link // where it can be looked into
	To     string   // of the form; "" when there is none
	Why    string   // there is none
	Notice *web.Notice
	Reason web.Input
}

func (s screens) denialRoutes(rt *web.Router) {
	rt.Page("GET /denials", web.Access{Roles: verification.Reviewers}, s.showDenials(rt))
	rt.Page("GET /denials/{denial}", web.Access{Roles: verification.Reviewers}, s.showDenial)
	rt.Page("POST /denials/{denial}/review", web.Access{Roles: verification.Reviewers, Fresh: true}, s.postReview)

	read := web.Access{Roles: verification.Reviewers, Scope: "audit"}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/denials", Summary: "Contacts that their customers denied: frozen, with who looked into them; no personal data", Access: read},
		func(ctx context.Context, c web.Call, in *denialsInput) (*denialsOutput, error) {
			out := &denialsOutput{}
			out.Body.Items = []denialJSON{}
			var after verification.Position
			if err := rt.OpenCursor(listOf(in.Reviewed), in.After, &after); err != nil {
				return nil, err
			}
			list, next, err := s.Denials(ctx, c.Actor, in.Reviewed, after)
			if err != nil {
				return nil, err
			}
			for _, d := range list {
				out.Body.Items = append(out.Body.Items, denialToJSON(d))
			}
			if next.ID != "" {
				out.Body.Next, err = rt.Cursor(listOf(in.Reviewed), next)
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/denials/{denial}", Summary: "One denied contact, with the names of the fields that had been used or shown in it; no personal data", Access: read},
		func(ctx context.Context, c web.Call, in *denialInput) (*denialOutput, error) {
			d, err := s.Denial(ctx, c.Actor, in.Denial)
			if err != nil {
				return nil, err
			}
			return &denialOutput{denialToJSON(d)}, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/denials/{denial}/review", Summary: "Say that a denied contact was looked into, and what was found; once", Access: web.Access{Roles: verification.Reviewers, Fresh: true}, MaxBody: 8 << 10, Idempotent: true},
		func(ctx context.Context, c web.Call, in *reviewInput) (*struct{}, error) {
			return nil, s.Review(ctx, c.Actor, in.Denial, in.Body.Reason, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
}

// listOf names a half of the list for its cursors.
func listOf(reviewed bool) string { return "denials?reviewed=" + strconv.FormatBool(reviewed) }

func (s screens) showDenials(rt *web.Router) func(*web.Request) error {
	return func(r *web.Request) error {
		var form struct {
			Reviewed bool   `form:"reviewed"`
			After    string `form:"after" max:"600"`
		}
		if err := r.Decode(&form); err != nil {
			return err
		}
		var after verification.Position
		if err := rt.OpenCursor(listOf(form.Reviewed), form.After, &after); err != nil {
			return err
		}
		list, next, err := s.Denials(r.Context(), r.Actor, form.Reviewed, after)
		if err != nil {
			return err
		}
		names, err := s.Names(r.Context(), list)
		if err != nil {
			return err
		}
		page := denialsPage(r.Printer(), list, names, form.Reviewed)
		if next.ID != "" {
			cursor, err := rt.Cursor(listOf(form.Reviewed), next)
			if err != nil {
				return err
			}
			page.Table.Pager.Older = "/denials?reviewed=" + strconv.FormatBool(form.Reviewed) + "&after=" + cursor
		}
		return r.Render(page)
	}
}

func contactChip(p *i18n.Printer, state interaction.State) *web.Chip {
	tone := web.Neutral // it had ended before
	if state == interaction.Frozen {
		tone = web.Bad
	}
	return &web.Chip{Tone: tone, Text: p.T("interaction.state_" + string(state))}
}

func denialsPage(p *i18n.Printer, list []verification.Denial, names map[string]string, reviewed bool) DenialListPage {
	page := DenialListPage{Other: web.Link{To: "/denials?reviewed=true", Label: p.T("verification.denials_reviewed")}}
	page.Table = web.Table{
		Caption: p.T("verification.denials_waiting"),
		Columns: []web.Column{{Title: p.T("verification.col_denied")}, {Title: p.T("verification.col_contact")}, {Title: p.T("verification.col_channel")},
			{Title: p.T("verification.col_agent")}, {Title: p.T("verification.col_state")}},
		Empty: web.Empty{Title: p.T("verification.denials_none"), Text: p.T("verification.denials_none_next")},
	}
	if reviewed {
		page.Other = web.Link{To: "/denials", Label: p.T("verification.denials_waiting")}
		page.Table.Caption = p.T("verification.denials_reviewed")
		page.Table.Columns = append(page.Table.Columns, web.Column{Title: p.T("verification.col_reviewed")})
		page.Table.Empty = web.Empty{Title: p.T("verification.denials_none_reviewed"), Text: p.T("verification.denials_none_reviewed_next")}
	}
	for _, d := range list {
		row := web.Row{ID: d.ID, Cells: []web.Cell{{Time: d.At}, {Text: d.Interaction, Code: true, To: "/denials/" + d.ID, Note: names[d.Controller]}}}
		if d.Interaction == "" {
			row.Cells[1] = web.Cell{Text: p.T("verification.report_no_contact"), To: "/denials/" + d.ID, Note: d.Number}
			row.Cells = append(row.Cells, web.Cell{}, web.Cell{}, web.Cell{})
		} else {
			row.Cells = append(row.Cells, web.Cell{Text: p.T("interaction.channel_" + string(d.Channel))}, web.Cell{Text: names[d.Agent]}, web.Cell{Chip: contactChip(p, d.State)})
		}
		if reviewed {
			row.Cells = append(row.Cells, web.Cell{Time: d.Reviewed, Note: names[d.ReviewedBy]})
		}
		page.Table.Rows = append(page.Table.Rows, row)
	}
	return page
}

func (s screens) showDenial(r *web.Request) error { return s.denialPage(r, http.StatusOK, nil, "") }

func (s screens) denialPage(r *web.Request, status int, n *web.Notice, typed string) error {
	d, err := s.Denial(r.Context(), r.Actor, r.Path("denial"))
	if err != nil {
		return err
	}
	names, err := s.Names(r.Context(), []verification.Denial{d})
	if err != nil {
		return err
	}
	page := denialPage(r.Printer(), d, names, r.Actor.Is(actor.Supervisor), typed)
	page.Notice = n
	return r.RenderStatus(status, page)
}

func denialPage(p *i18n.Printer, d verification.Denial, names map[string]string, supervisor bool, typed string) DenialPage {
	page := DenialPage{
		Text: p.T("verification.denial_text"),
		Facts: web.Facts{
			{Label: p.T("verification.col_denied"), Time: d.At}, {Label: p.T("verification.col_contact"), Text: d.Interaction}, {Label: p.T("verification.page_company"), Text: names[d.Controller]},
			{Label: p.T("verification.col_channel"), Text: p.T("interaction.channel_" + string(d.Channel))}, {Label: p.T("verification.col_agent"), Text: names[d.Agent]},
			{Label: p.T("verification.col_state"), Chip: contactChip(p, d.State)},
		},
		Look: web.Link{To: "/log?interaction=" + d.Interaction, Label: p.T("verification.look_log")},
		Reason: web.Input{Name: "reason", Label: p.T("verification.reason"), Type: "textarea", Value: typed, Max: verification.MaxReason, Required: true,
			Hint: p.T("verification.reason_hint"), Key: "t"},
	}
	if supervisor { // the log is not theirs to read
		page.Look = web.Link{To: "/calls/" + d.Interaction, Label: p.T("verification.look_call")}
	}
	if d.Interaction == "" {
		page.Text, page.Look = p.T("verification.report_text"), web.Link{}
		page.Facts = web.Facts{{Label: p.T("verification.col_denied"), Time: d.At}, {Label: p.T("verification.col_contact"), Text: p.T("verification.report_no_contact")}}
	} else {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("verification.page_seen"), Text: fieldNames(p, d.Seen)})
	}
	if d.Number != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("verification.report_number"), Text: d.Number})
	}
	if d.Finding != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("verification.reason"), Text: d.Finding})
	}
	switch {
	case !d.Reviewed.IsZero():
		page.Facts = append(page.Facts, web.Fact{Label: p.T("verification.col_reviewed"), Time: d.Reviewed}, web.Fact{Label: p.T("verification.reviewed_by"), Text: names[d.ReviewedBy]})
	case d.Own:
		page.Why = p.T("verification.own_contact") + " " + p.T("verification.own_contact.next")
	default:
		page.To = "/denials/" + d.ID + "/review"
	}
	return page
}

// fieldNames lists fields as the customer's page calls them.
func fieldNames(p *i18n.Printer, fields []string) string {
	if len(fields) == 0 {
		return p.T("verification.page_seen_none")
	}
	var list []string
	for _, field := range fields {
		if key := "verification.field_" + field; p.Has(key) {
			field = p.T(key)
		}
		list = append(list, field)
	}
	return strings.Join(list, ", ")
}

func (s screens) postReview(r *web.Request) error {
	var form struct {
		Reason string `form:"reason" max:"300" lines:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	switch err := s.Review(r.Context(), r.Actor, r.Path("denial"), form.Reason); errs.CodeOf(err) {
	case "":
		r.Flash("verification.reviewed")
		return r.Redirect("/denials")
	case "verification.reason_missing", "verification.reviewed_already":
		n := r.Refusal(err)
		return s.denialPage(r, web.Status(err), &n, form.Reason)
	default:
		return err
	}
}

// JSON: the same verbs.

type denialsInput struct {
	Reviewed bool   `query:"reviewed" doc:"Those that were reviewed; otherwise those that wait"`
	After    string `query:"after" maxLength:"600" doc:"Cursor of the next page"`
}

type denialJSON struct {
	ID          string     `json:"id"`
	Interaction string     `json:"interaction" doc:"Empty: somebody reported a call that is none of ours"`
	Controller  string     `json:"controller"`
	Channel     string     `json:"channel"`
	Number      string     `json:"number,omitempty" doc:"The company's own number that was displayed, by such a report"`
	Disclosed   []string   `json:"disclosed,omitempty" doc:"Names of the fields that had been used or shown; for one denial, not in the list"`
	Agent       string     `json:"agent" doc:"Staff id of who sent the link"`
	State       string     `json:"state" doc:"Of the contact now: frozen, unless it had ended before"`
	At          time.Time  `json:"denied_at"`
	ReviewedBy  string     `json:"reviewed_by,omitempty" doc:"Staff id"`
	Reviewed    *time.Time `json:"reviewed_at,omitempty"`
}

func denialToJSON(d verification.Denial) denialJSON {
	return denialJSON{ID: d.ID, Interaction: d.Interaction, Controller: d.Controller, Agent: d.Agent, Channel: string(d.Channel), Number: d.Number, Disclosed: d.Seen,
		State: string(d.State), At: d.At, ReviewedBy: d.ReviewedBy, Reviewed: pointer(d.Reviewed)}
}

type denialInput struct {
	Denial string `path:"denial" maxLength:"40"`
}

type denialOutput struct{ Body denialJSON }

type denialsOutput struct {
	Body struct {
		Items []denialJSON `json:"items"`
		Next  string       `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
	}
}

type reviewInput struct {
	Denial string `path:"denial" maxLength:"40"`
	Body   struct {
		Reason string `json:"reason" minLength:"1" maxLength:"300" doc:"What was found and done; sealed in the log under the customer's key"`
	}
}

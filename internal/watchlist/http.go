package watchlist

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "watchlist", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: fixtures,
		Jobs: map[string]jobs.Handler{
			TellJob:     s.Told,
			OutliersJob: func(ctx context.Context, _ jobs.Run) error { return s.Compare(ctx) },
		},
		Nav: []web.NavItem{
			{Key: "watchlist.nav_alerts", Path: "/alerts", Roles: keepers, Order: 17},
			{Key: "watchlist.nav", Path: "/watchlist", Roles: keepers, Order: 57},
		},
	}
}

// WatchlistPage lists the entries, with the form for a new one.
type WatchlistPage struct {
	Other     web.Link
	Table     web.Table
	Notice    *web.Notice
	StepUp    string
	Lists     []web.Choice
	Kinds     []web.Choice
	Companies []web.Choice
	Reason    web.Input
	Review    web.Input
}

// WatchlistEntryPage is one entry, with the form that asks to take it off.
type WatchlistEntryPage struct {
	Facts  web.Facts
	To     string // of the form; "" when there is none
	StepUp string
	Notice *web.Notice
	Reason web.Input
}

// AlertListPage lists alerts: those that wait, or those that were reviewed.
type AlertListPage struct {
	Other web.Link
	Table web.Table
}

// AlertPage is one alert, with the form of its review.
type AlertPage struct {
	Facts        web.Facts
	Text         string
	Look         *web.Link
	To           string // of the form; "" when it is reviewed
	StepUp       string
	Notice       *web.Notice
	Dispositions []web.Choice
	Note         web.Input
}

func (s *Service) routes(rt *web.Router) {
	reads, changes := web.Access{Roles: keepers}, web.Access{Roles: keepers, Fresh: true}
	rt.Page("GET /watchlist", reads, s.show)
	rt.Page("POST /watchlist", changes, s.post)
	rt.Page("GET /watchlist/{entry}", reads, s.showEntry)
	rt.Page("POST /watchlist/{entry}/remove", changes, s.postRemove)
	rt.Page("GET /alerts", reads, s.showAlerts)
	rt.Page("GET /alerts/{alert}", reads, s.showAlert)
	rt.Page("POST /alerts/{alert}/review", changes, s.postReview)
	own := web.Access{Roles: serves}
	rt.Page("POST /calls/{interaction}/four-eyes", own, s.postAsk(s.Second))
	rt.Page("POST /calls/{interaction}/raise", own, s.postAsk(s.Raise))
	s.operations(rt)
}

func (s *Service) show(r *web.Request) error { return s.list(r, http.StatusOK, nil, Proposal{}) }

// list shows the entries, and the form with what was typed but for the persons.
func (s *Service) list(r *web.Request, status int, n *web.Notice, typed Proposal) error {
	ended := r.HTTP.Method == http.MethodGet && r.HTTP.URL.Query().Get("ended") == "true"
	list, err := s.Entries(r.Context(), r.Actor, ended)
	if err != nil {
		return err
	}
	companies, err := s.o.Controllers(r.Context())
	if err != nil {
		return err
	}
	var own []Controller
	for _, c := range companies {
		if r.Actor.Serves(c.ID) {
			own = append(own, c)
		}
	}
	page := listPage(r.Printer(), list, own, ended, s.o.DB.Now(), typed)
	page.Notice, page.StepUp = n, r.StepUp()
	return r.RenderStatus(status, page)
}

var stateTones = map[State]web.Tone{Asked: web.Info, Standing: web.Good, Leaving: web.Warn}

func stateChip(p *i18n.Printer, s State) *web.Chip {
	tone := stateTones[s]
	if tone == "" {
		tone = web.Neutral
	}
	return &web.Chip{Tone: tone, Text: p.T("watchlist.state_" + string(s))}
}

func columns(p *i18n.Printer, keys ...string) (out []web.Column) {
	for _, key := range keys {
		out = append(out, web.Column{Title: p.T("watchlist.col_" + key)})
	}
	return out
}

func listPage(p *i18n.Printer, list []Entry, companies []Controller, ended bool, now time.Time, typed Proposal) WatchlistPage {
	page := WatchlistPage{
		Other: web.Link{To: "/watchlist?ended=true", Label: p.T("watchlist.ended")},
		Table: web.Table{Caption: p.T("watchlist.standing"), Columns: columns(p, "asked", "list", "named_by", "company", "review", "state"),
			Empty: web.Empty{Title: p.T("watchlist.none"), Text: p.T("watchlist.none_next")}},
		Reason: web.Input{Name: "reason", Label: p.T("watchlist.reason"), Type: "textarea", Value: typed.Reason, Max: maxReason, Required: true, Hint: p.T("watchlist.reason_hint")},
		Review: web.Input{Name: "review", Label: p.T("watchlist.review"), Type: "date", Required: true, Hint: p.T("watchlist.review_hint")},
	}
	if ended {
		page.Other = web.Link{To: "/watchlist", Label: p.T("watchlist.standing")}
		page.Table.Caption = p.T("watchlist.ended")
		page.Table.Empty = web.Empty{Title: p.T("watchlist.none_ended"), Text: p.T("watchlist.none_ended_next")}
	}
	names := map[string]string{}
	for _, c := range companies {
		names[c.ID] = c.Name
		page.Companies = append(page.Companies, web.Choice{Value: c.ID, Label: c.Name, Selected: c.ID == typed.Controller})
	}
	if !typed.Review.IsZero() {
		page.Review.Value = typed.Review.Format(time.DateOnly)
	}
	for _, l := range []List{Protected, Canary} {
		page.Lists = append(page.Lists, web.Choice{Value: string(l), Label: p.T("watchlist.list_" + string(l)), Selected: l == typed.List})
	}
	for _, k := range []Kind{ByNumber, ByNIK, ByPhone, BySubject} {
		page.Kinds = append(page.Kinds, web.Choice{Value: string(k), Label: p.T("watchlist.kind_" + string(k)), Selected: k == typed.Kind})
	}
	for _, e := range list {
		review := web.Cell{Text: p.Date(e.Review)}
		if !ended && e.Review.Before(now) {
			review.Chip = &web.Chip{Tone: web.Warn, Text: p.T("watchlist.overdue")}
		}
		page.Table.Rows = append(page.Table.Rows, web.Row{ID: e.ID, Cells: []web.Cell{
			{Time: e.AskedAt}, {Text: p.T("watchlist.list_" + string(e.List)), To: "/watchlist/" + e.ID}, {Text: p.T("watchlist.kind_" + string(e.Kind)), Note: p.N("watchlist.persons", e.Persons)},
			{Text: names[e.Controller]}, review, {Chip: stateChip(p, e.State)},
		}})
	}
	return page
}

func (s *Service) post(r *web.Request) error {
	var form struct {
		List       string `form:"list" choice:"protected canary" required:"true"`
		Kind       string `form:"kind" choice:"customer_number nik phone subject" required:"true"`
		Controller string `form:"controller" max:"40" required:"true"`
		Persons    string `form:"persons" max:"4000" lines:"true" required:"true"`
		Reason     string `form:"reason" max:"300" lines:"true" required:"true"`
		Review     string `form:"review" max:"10" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	n := Proposal{List: List(form.List), Kind: Kind(form.Kind), Controller: form.Controller, Persons: strings.Split(form.Persons, "\n"), Reason: form.Reason}
	n.Review, _ = time.Parse(time.DateOnly, form.Review) // what is no day lies in the past, and is refused as such
	switch _, err := s.Propose(r.Context(), r.Actor, n); {
	case err == nil:
		r.Flash("watchlist.asked")
		return r.Redirect("/watchlist")
	case strings.HasPrefix(errs.CodeOf(err), "watchlist."):
		notice := r.Refusal(err)
		return s.list(r, web.Status(err), &notice, n)
	default:
		return err
	}
}

func (s *Service) showEntry(r *web.Request) error { return s.entryPage(r, http.StatusOK, nil) }

func (s *Service) entryPage(r *web.Request, status int, n *web.Notice) error {
	var e Entry
	names := map[string]string{}
	err := s.o.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		if e, err = s.theirs(tx, r.Actor, r.Path("entry")); err != nil {
			return err
		}
		return s.names(tx, names, e.AskedBy, e.DecidedBy)
	})
	if err != nil {
		return err
	}
	page := entryPage(r.Printer(), e, names)
	page.Notice, page.StepUp = n, r.StepUp()
	return r.RenderStatus(status, page)
}

// names adds what colleagues are called.
func (s *Service) names(tx *db.Tx, names map[string]string, staff ...string) (err error) {
	for _, one := range staff {
		if _, known := names[one]; known || one == "" {
			continue
		}
		if names[one] = one; !id.Is(id.Staff, one) { // a program, or a duty
			continue
		}
		if names[one], err = s.o.Staff(tx, one); err != nil {
			return err
		}
	}
	return nil
}

func entryPage(p *i18n.Printer, e Entry, names map[string]string) WatchlistEntryPage {
	page := WatchlistEntryPage{
		Facts: web.Facts{
			{Label: p.T("watchlist.col_list"), Text: p.T("watchlist.list_" + string(e.List)), Code: e.ID},
			{Label: p.T("watchlist.col_named_by"), Text: p.T("watchlist.kind_"+string(e.Kind)) + " · " + p.N("watchlist.persons", e.Persons)},
			{Label: p.T("watchlist.reason"), Text: e.Reason}, {Label: p.T("watchlist.review"), Text: p.Date(e.Review)},
			{Label: p.T("watchlist.col_asked"), Time: e.AskedAt}, {Label: p.T("watchlist.asked_by"), Text: names[e.AskedBy]},
			{Label: p.T("watchlist.col_state"), Chip: stateChip(p, e.State)},
		},
		Reason: web.Input{Name: "reason", Label: p.T("watchlist.reason"), Type: "textarea", Max: maxReason, Required: true, Hint: p.T("watchlist.reason_hint")},
	}
	if e.DecidedBy != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("watchlist.decided_by"), Text: names[e.DecidedBy]})
	}
	if e.State == Standing {
		page.To = "/watchlist/" + e.ID + "/remove"
	}
	return page
}

func (s *Service) postRemove(r *web.Request) error {
	var form struct {
		Reason string `form:"reason" max:"300" lines:"true" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	switch err := s.TakeOff(r.Context(), r.Actor, r.Path("entry"), form.Reason); errs.CodeOf(err) {
	case "":
		r.Flash("watchlist.asked")
		return r.Redirect("/watchlist")
	case errReason.Code, errState.Code:
		notice := r.Refusal(err)
		return s.entryPage(r, web.Status(err), &notice)
	default:
		return err
	}
}

func (s *Service) showAlerts(r *web.Request) error {
	var form struct {
		Reviewed bool `form:"reviewed"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	list, err := s.AlertList(r.Context(), r.Actor, form.Reviewed)
	if err != nil {
		return err
	}
	names := map[string]string{}
	err = s.o.DB.Read(r.Context(), func(tx *db.Tx) error {
		for _, a := range list {
			if err := s.names(tx, names, a.Staff, a.ReviewedBy); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.Render(alertsPage(r.Printer(), list, names, form.Reviewed))
}

func alertsPage(p *i18n.Printer, list []Alert, names map[string]string, reviewed bool) AlertListPage {
	page := AlertListPage{
		Other: web.Link{To: "/alerts?reviewed=true", Label: p.T("watchlist.alerts_reviewed")},
		Table: web.Table{Caption: p.T("watchlist.alerts_waiting"), Columns: columns(p, "first", "what", "staff", "ref", "count"),
			Empty: web.Empty{Title: p.T("watchlist.alerts_none"), Text: p.T("watchlist.alerts_none_next")}},
	}
	if reviewed {
		page.Other = web.Link{To: "/alerts", Label: p.T("watchlist.alerts_waiting")}
		page.Table.Caption, page.Table.Columns = p.T("watchlist.alerts_reviewed"), append(page.Table.Columns, columns(p, "disposition")...)
		page.Table.Empty = web.Empty{Title: p.T("watchlist.alerts_none_reviewed"), Text: p.T("watchlist.alerts_none_reviewed_next")}
	}
	for _, a := range list {
		count := web.Cell{Text: p.Number(int64(a.Count))}
		if a.Kind == ManyCustomers || a.Kind == ManyReveals {
			count.Note = p.T("watchlist.median", "n", a.Median)
		}
		row := web.Row{ID: a.ID, Cells: []web.Cell{{Time: a.First}, {Text: p.T("watchlist.alert_" + a.Kind), To: "/alerts/" + a.ID}, {Text: names[a.Staff]}, {Text: a.Ref, Code: true}, count}}
		if reviewed {
			row.Cells = append(row.Cells, web.Cell{Text: p.T("watchlist.disposition_" + a.Disposition), Note: names[a.ReviewedBy]})
		}
		page.Table.Rows = append(page.Table.Rows, row)
	}
	return page
}

func (s *Service) showAlert(r *web.Request) error { return s.alertPage(r, http.StatusOK, nil, "") }

func (s *Service) alertPage(r *web.Request, status int, n *web.Notice, typed string) error {
	a, err := s.Alert(r.Context(), r.Actor, r.Path("alert"))
	if err != nil {
		return err
	}
	names := map[string]string{}
	if err := s.o.DB.Read(r.Context(), func(tx *db.Tx) error { return s.names(tx, names, a.Staff, a.ReviewedBy) }); err != nil {
		return err
	}
	page := alertPage(r.Printer(), a, names, typed)
	page.Notice, page.StepUp = n, r.StepUp()
	return r.RenderStatus(status, page)
}

func alertPage(p *i18n.Printer, a Alert, names map[string]string, typed string) AlertPage {
	page := AlertPage{
		Text: p.T("watchlist.alert_" + a.Kind + "_text"),
		Facts: web.Facts{
			{Label: p.T("watchlist.col_what"), Text: p.T("watchlist.alert_" + a.Kind), Code: a.ID}, {Label: p.T("watchlist.col_staff"), Text: names[a.Staff], Code: a.Staff},
			{Label: p.T("watchlist.col_first"), Time: a.First, Exact: true}, {Label: p.T("watchlist.last"), Time: a.Last, Exact: true},
			{Label: p.T("watchlist.col_count"), Text: p.Number(int64(a.Count))},
		},
		Note: web.Input{Name: "note", Label: p.T("watchlist.note"), Type: "textarea", Value: typed, Max: maxReason, Required: true, Hint: p.T("watchlist.note_hint")},
	}
	if a.Kind == CanaryTouched {
		acts := make([]string, len(a.Acts))
		for i, act := range a.Acts {
			acts[i] = p.T("watchlist.act_" + act)
		}
		page.Facts = append(page.Facts, web.Fact{Label: p.T("watchlist.acts"), Text: strings.Join(acts, ", ")}, web.Fact{Label: p.T("watchlist.contact"), Code: a.Ref, Text: p.T("watchlist.contact_one")})
		page.Look = &web.Link{To: "/log?interaction=" + a.Ref, Label: p.T("watchlist.look_log")}
	} else {
		if a.Kind == ManyCustomers || a.Kind == ManyReveals {
			page.Facts = append(page.Facts, web.Fact{Label: p.T("watchlist.peers"), Text: p.Number(int64(a.Median))})
		}
		page.Look = &web.Link{To: "/log?actor=" + a.Staff, Label: p.T("watchlist.look_staff")}
	}
	if a.Disposition != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("watchlist.col_disposition"), Text: p.T("watchlist.disposition_" + a.Disposition)},
			web.Fact{Label: p.T("watchlist.note"), Text: a.Note}, web.Fact{Label: p.T("watchlist.reviewed_by"), Text: names[a.ReviewedBy]}, web.Fact{Label: p.T("watchlist.reviewed_at"), Time: a.ReviewedAt})
		return page
	}
	page.To = "/alerts/" + a.ID + "/review"
	for _, d := range Dispositions() {
		page.Dispositions = append(page.Dispositions, web.Choice{Value: d, Label: p.T("watchlist.disposition_" + d)})
	}
	return page
}

func (s *Service) postReview(r *web.Request) error {
	var form struct {
		Disposition string `form:"disposition" choice:"explained test coached incident" required:"true"`
		Note        string `form:"note" max:"300" lines:"true" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	switch err := s.Review(r.Context(), r.Actor, r.Path("alert"), form.Disposition, form.Note); errs.CodeOf(err) {
	case "":
		r.Flash("watchlist.reviewed")
		return r.Redirect("/alerts")
	case errReason.Code, errReviewed.Code, errOwn.Code:
		notice := r.Refusal(err)
		return s.alertPage(r, web.Status(err), &notice, form.Note)
	default:
		return err
	}
}

// postAsk asks a supervisor from the desk, and shows the call again.
func (s *Service) postAsk(ask func(context.Context, actor.Actor, string, string) (string, error)) func(*web.Request) error {
	return func(r *web.Request) error {
		var form struct {
			Reason string `form:"reason" max:"300" required:"true"`
		}
		if err := r.Decode(&form); err != nil {
			return err
		}
		if _, err := ask(r.Context(), r.Actor, r.Path("interaction"), form.Reason); err != nil {
			return err
		}
		r.Flash("watchlist.asked_supervisor")
		return r.Redirect("/calls/" + r.Path("interaction"))
	}
}

// JSON: the same verbs.

type entryJSON struct {
	ID         string    `json:"id"`
	List       string    `json:"list" enum:"protected,canary"`
	Kind       string    `json:"kind" doc:"By what the persons are named"`
	Persons    int       `json:"persons" doc:"How many the entry names; who they are is kept as keyed hashes alone"`
	Controller string    `json:"controller"`
	Reason     string    `json:"reason"`
	Review     string    `json:"review" format:"date"`
	State      string    `json:"state" enum:"asked,standing,leaving,off,refused"`
	AskedBy    string    `json:"asked_by" doc:"Staff id"`
	DecidedBy  string    `json:"decided_by,omitempty" doc:"Staff id"`
	AskedAt    time.Time `json:"asked_at"`
}

type entriesInput struct {
	Ended bool `query:"ended" doc:"Those that ended; otherwise those that count or wait"`
}

type entriesOutput struct {
	Body struct {
		Items []entryJSON `json:"items"`
	}
}

type proposeInput struct {
	Body struct {
		List       string   `json:"list" enum:"protected,canary"`
		Kind       string   `json:"kind" enum:"customer_number,nik,phone,subject"`
		Controller string   `json:"controller" maxLength:"40"`
		Persons    []string `json:"persons" minItems:"1" maxItems:"100" doc:"Ids of customers, or identifiers; no answer repeats them"`
		Reason     string   `json:"reason" minLength:"1" maxLength:"300"`
		Review     string   `json:"review" maxLength:"10" doc:"The day, YYYY-MM-DD, on which the entry must be looked at again; within a year"`
	}
}

type proposedOutput struct {
	Body struct {
		ID string `json:"id"`
	}
}

type removeInput struct {
	Entry string `path:"entry" maxLength:"40"`
	Body  struct {
		Reason string `json:"reason" minLength:"1" maxLength:"300"`
	}
}

type alertJSON struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind" enum:"canary,customers,reveals,probing,unchecked"`
	Controller  string     `json:"controller"`
	Staff       string     `json:"staff" doc:"Staff id; of probing an API client's, or a duty's name, too; of unchecked the duty's"`
	Ref         string     `json:"ref" doc:"The interaction of a canary; the day of the others"`
	Acts        []string   `json:"acts" doc:"Verbs"`
	Count       int        `json:"count"`
	Median      int        `json:"median" doc:"Of the peers"`
	First       time.Time  `json:"first_at"`
	Last        time.Time  `json:"last_at"`
	Disposition string     `json:"disposition,omitempty"`
	ReviewedBy  string     `json:"reviewed_by,omitempty" doc:"Staff id"`
	ReviewedAt  *time.Time `json:"reviewed_at,omitempty"`
}

type alertsInput struct {
	Reviewed bool `query:"reviewed" doc:"Those that were reviewed; otherwise those that wait"`
}

type alertsOutput struct {
	Body struct {
		Items []alertJSON `json:"items"`
	}
}

type reviewInput struct {
	Alert string `path:"alert" maxLength:"40"`
	Body  struct {
		Disposition string `json:"disposition" enum:"explained,test,coached,incident"`
		Note        string `json:"note" minLength:"1" maxLength:"300" doc:"What was found and done; sealed"`
	}
}

type askInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Reason string `json:"reason" minLength:"1" maxLength:"300" doc:"For the supervisor who decides; sealed"`
	}
}

type askOutput struct {
	Body struct {
		Approval string `json:"approval" doc:"The request that waits for a supervisor"`
	}
}

func (s *Service) operations(rt *web.Router) {
	reads, changes := web.Access{Roles: keepers, Scope: "audit"}, web.Access{Roles: keepers, Fresh: true}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/watchlist", Summary: "Entries of the lists of protected persons and canaries, without the persons", Access: reads},
		func(ctx context.Context, c web.Call, in *entriesInput) (*entriesOutput, error) {
			list, err := s.Entries(ctx, c.Actor, in.Ended)
			out := &entriesOutput{}
			out.Body.Items = []entryJSON{}
			for _, e := range list {
				out.Body.Items = append(out.Body.Items, entryJSON{e.ID, string(e.List), string(e.Kind), e.Persons, e.Controller, e.Reason, e.Review.Format(time.DateOnly), string(e.State), e.AskedBy, e.DecidedBy, e.AskedAt})
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/watchlist", Summary: "Ask a second person to put persons on a list", Access: changes, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *proposeInput) (*proposedOutput, error) {
			b, out := in.Body, &proposedOutput{}
			review, _ := time.Parse(time.DateOnly, b.Review) // what is no day lies in the past
			_, err := s.Propose(ctx, c.Actor, Proposal{List(b.List), Kind(b.Kind), b.Persons, b.Controller, b.Reason, review}, func(tx *db.Tx, entry string) error {
				out.Body.ID = entry
				return c.Settle(tx, out)
			})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/watchlist/{entry}/remove", Summary: "Ask a second person to take an entry off its list", Access: changes, Idempotent: true},
		func(ctx context.Context, c web.Call, in *removeInput) (*struct{}, error) {
			return nil, s.TakeOff(ctx, c.Actor, in.Entry, in.Body.Reason, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/alerts", Summary: "Alerts: canaries that were touched, and who opens far more than peers; no personal data of customers", Access: reads},
		func(ctx context.Context, c web.Call, in *alertsInput) (*alertsOutput, error) {
			list, err := s.AlertList(ctx, c.Actor, in.Reviewed)
			out := &alertsOutput{}
			out.Body.Items = []alertJSON{}
			for _, a := range list {
				one := alertJSON{ID: a.ID, Kind: a.Kind, Controller: a.Controller, Staff: a.Staff, Ref: a.Ref, Acts: a.Acts, Count: a.Count, Median: a.Median, First: a.First, Last: a.Last, Disposition: a.Disposition, ReviewedBy: a.ReviewedBy}
				if one.Acts == nil {
					one.Acts = []string{}
				}
				if !a.ReviewedAt.IsZero() {
					one.ReviewedAt = &a.ReviewedAt
				}
				out.Body.Items = append(out.Body.Items, one)
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/alerts/{alert}/review", Summary: "Say what an alert turned out to be", Access: changes, Idempotent: true},
		func(ctx context.Context, c web.Call, in *reviewInput) (*struct{}, error) {
			return nil, s.Review(ctx, c.Actor, in.Alert, in.Body.Disposition, in.Body.Note, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
	own := web.Access{Roles: serves, Scope: "serve"}
	for path, ask := range map[string]struct {
		summary string
		do      func(context.Context, actor.Actor, string, string) (string, error)
	}{
		"four-eyes": {"Ask a supervisor to agree that a protected person is served in this contact", s.Second},
		"raise":     {"Ask a supervisor for more customers under the purpose of this contact, once a shift", s.Raise},
	} {
		web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/" + path, Summary: ask.summary, Access: own, Status: http.StatusCreated, Unkeyed: "one request waits at a time; a second is refused"},
			func(ctx context.Context, c web.Call, in *askInput) (*askOutput, error) {
				request, err := ask.do(ctx, c.Actor, in.Interaction, in.Body.Reason)
				out := &askOutput{}
				out.Body.Approval = request
				return out, err
			})
	}
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	companies := []Controller{{"ctl_01k9xq3v7me8t0000z9w2h4r6n", "Toko Nusantara"}}
	names := map[string]string{"stf_1": "Rina Wulandari", "stf_2": "Bagas Pradana"}
	reason := map[i18n.Lang]string{i18n.ID: "Tokoh publik; pernah diintip pada 2025.", i18n.EN: "A public figure; was looked at out of curiosity in 2025."}[p.Lang()]
	var entries []Entry
	for i, state := range []State{Asked, Standing, Leaving} {
		entries = append(entries, Entry{ID: "wat_01k9xq3v7me8t0000z9w2h4r6" + strconv.Itoa(i), List: []List{Protected, Canary, Protected}[i], Kind: []Kind{ByNIK, BySubject, ByPhone}[i], Persons: i + 1,
			Controller: companies[0].ID, Reason: reason, Review: now.AddDate(0, 2*i-1, 0), State: state, AskedBy: "stf_1", AskedAt: now})
	}
	entries[1].DecidedBy = "stf_2"
	off := entries[1]
	off.State = Off
	alerts := []Alert{
		{ID: "alr_01k9xq3v7me8t0000z9w2h4r6n", Kind: CanaryTouched, Controller: companies[0].ID, Staff: "stf_1", Ref: "itx_01k9xq3v7me8t0000z9w2h4r6n", Acts: []string{"mask", "reveal"}, Count: 3, First: now, Last: now.Add(time.Minute)},
		{ID: "alr_01k9xq3v7me8t0000z9w2h4r6p", Kind: ManyCustomers, Controller: companies[0].ID, Staff: "stf_2", Ref: "2026-11-23", Count: 96, Median: 24, First: now, Last: now},
		{ID: "alr_01k9xq3v7me8t0000z9w2h4r6q", Kind: Probing, Controller: companies[0].ID, Staff: "cli_01k9xq3v7me8t0000z9w2h4r6n", Ref: "2026-11-23", Count: 14, First: now, Last: now},
		{ID: "alr_01k9xq3v7me8t0000z9w2h4r6r", Kind: Unchecked, Controller: companies[0].ID, Staff: "mail", Ref: "2026-11-23", Count: 3, First: now, Last: now},
	}
	reviewed := alerts[0]
	reviewed.Disposition, reviewed.Note, reviewed.ReviewedBy, reviewed.ReviewedAt = "test", reason, "stf_2", now
	bad, worse := entries[1], reviewed
	bad.Reason, worse.Note = hostile, hostile
	odd := map[string]string{"stf_1": hostile, "stf_2": hostile}
	refused := listPage(p, entries, companies, false, now, Proposal{Reason: reason, List: Canary})
	refused.Notice = &web.Notice{Tone: web.Warn, Title: p.T("watchlist.review_wrong"), Text: p.T("watchlist.review_wrong.next")}
	stepped := alertPage(p, alerts[1], names, "")
	stepped.StepUp = "/second-factor?next=%2Falerts"
	return []web.Fixture{
		{Name: "empty", Role: actor.DPO, Page: listPage(p, nil, companies, false, now, Proposal{})},
		{Name: "ordinary", Role: actor.DPO, Page: listPage(p, entries, companies, false, now, Proposal{})},
		{Name: "ended", Role: actor.DPO, Page: listPage(p, []Entry{off}, companies, true, now, Proposal{})},
		{Name: "refused", Role: actor.DPO, Page: refused},
		{Name: "hostile", Role: actor.DPO, Page: listPage(p, entries, []Controller{{hostile, hostile}}, false, now, Proposal{Reason: hostile}), Hostile: []string{hostile}},
		{Name: "empty", Role: actor.DPO, Page: entryPage(p, entries[0], names)},
		{Name: "ordinary", Role: actor.DPO, Page: entryPage(p, entries[1], names)},
		{Name: "hostile", Role: actor.DPO, Page: entryPage(p, bad, odd), Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Security, Page: alertsPage(p, nil, names, false)},
		{Name: "ordinary", Role: actor.Security, Page: alertsPage(p, alerts, names, false)},
		{Name: "reviewed", Role: actor.Security, Page: alertsPage(p, []Alert{reviewed}, names, true)},
		{Name: "hostile", Role: actor.Security, Page: alertsPage(p, alerts, odd, false), Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Security, Page: stepped},
		{Name: "ordinary", Role: actor.Security, Page: alertPage(p, alerts[0], names, "")},
		{Name: "reviewed", Role: actor.Security, Page: alertPage(p, reviewed, names, "")},
		{Name: "hostile", Role: actor.Security, Page: alertPage(p, worse, odd, ""), Hostile: []string{hostile}},
	}
}

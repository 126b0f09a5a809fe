package approval

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/web"
)

// Scope is what an API client needs, beside a staff session, to read and decide requests.
const Scope = "approve"

// View is a request as a person reads it.
type View struct {
	Request
	By    string // first name of who asked
	Facts web.Facts
}

// ListPage lists what waits for the reader, and what the reader asked.
type ListPage struct {
	Waiting []View
	Mine    web.Table
}

// OnePage is one request.
type OnePage struct {
	View      View
	MayDecide bool
	MayTake   bool // the reader asked and may withdraw
}

func (s *Approvals) routes(rt *web.Router) {
	access := web.Access{Roles: s.roles}
	rt.Page("GET /approvals", access, s.showList)
	rt.Page("GET /approvals/{approval}", access, s.showOne)
	rt.Page("POST /approvals/{approval}/approve", access, s.post(true))
	rt.Page("POST /approvals/{approval}/refuse", access, s.post(false))
	rt.Page("POST /approvals/{approval}/withdraw", access, s.postWithdraw)
	s.operations(rt)
}

// title is the kind's own name for itself, in its room's catalogue.
func title(p *i18n.Printer, kind string) string {
	if p.Has(kind) {
		return p.T(kind)
	}
	return kind
}

func chip(p *i18n.Printer, state State) *web.Chip {
	tone := map[State]web.Tone{Waiting: web.Info, Approved: web.Good, Refused: web.Bad}[state]
	if tone == "" {
		tone = web.Neutral
	}
	return &web.Chip{Tone: tone, Text: p.T("approval.state_" + string(state))}
}

func facts(p *i18n.Printer, r Request, by string) web.Facts {
	out := web.Facts{
		{Label: p.T("approval.by"), Text: by},
		{Label: p.T("approval.reason"), Text: r.Reason},
		{Label: p.T("approval.ref"), Text: r.Ref},
		{Label: p.T("approval.asked_at"), Time: r.AskedAt},
		{Label: p.T("approval.expires"), Time: r.Expires},
	}
	names := make([]string, 0, len(r.Payload))
	for name := range r.Payload {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		label := name
		if key := strings.SplitN(r.Kind, ".", 2)[0] + "." + name; p.Has(key) {
			label = p.T(key)
		}
		out = append(out, web.Fact{Label: label, Text: r.Payload[name]})
	}
	return out
}

// view opens who asked, for the screen.
func (s *Approvals) view(tx *db.Tx, p *i18n.Printer, r Request) (View, error) {
	by, err := s.options.Name(tx, r.AskedBy)
	return View{Request: r, By: by, Facts: facts(p, r, by)}, err
}

func (s *Approvals) showList(r *web.Request) error {
	var page ListPage
	err := s.db.Read(r.Context(), func(tx *db.Tx) error {
		page = ListPage{}
		waiting, err := s.Waiting(tx, r.Actor)
		if err != nil {
			return err
		}
		for _, one := range waiting {
			v, err := s.view(tx, r.Printer(), one)
			if err != nil {
				return err
			}
			page.Waiting = append(page.Waiting, v)
		}
		mine, err := s.Mine(tx, r.Actor)
		page.Mine = mineTable(r.Printer(), mine)
		return err
	})
	if err != nil {
		return err
	}
	return r.Render(page)
}

func mineTable(p *i18n.Printer, mine []Request) web.Table {
	t := web.Table{
		Caption: p.T("approval.mine"),
		Columns: []web.Column{{Title: p.T("approval.kind")}, {Title: p.T("approval.asked_at")}, {Title: p.T("approval.state")}},
		Empty:   web.Empty{Title: p.T("approval.mine_none"), Text: p.T("approval.mine_none_next")},
	}
	for _, one := range mine {
		t.Rows = append(t.Rows, web.Row{ID: one.ID, Cells: []web.Cell{{Text: title(p, one.Kind), To: "/approvals/" + one.ID}, {Time: one.AskedAt}, {Chip: chip(p, one.State)}}})
	}
	return t
}

func (s *Approvals) showOne(r *web.Request) error {
	var page OnePage
	err := s.db.Read(r.Context(), func(tx *db.Tx) error {
		one, err := s.Get(tx, r.Actor, r.Path("approval"))
		if err != nil {
			return err
		}
		page.View, err = s.view(tx, r.Printer(), one)
		page.MayTake = one.AskedBy == r.Actor.ID() && one.State == Waiting
		page.MayDecide = one.State == Waiting && one.AskedBy != r.Actor.ID() && one.About != r.Actor.ID()
		return err
	})
	if err != nil {
		return err
	}
	page.View.Facts = append(page.View.Facts, web.Fact{Label: r.T("approval.state"), Chip: chip(r.Printer(), page.View.State)})
	if page.View.Answer != "" {
		page.View.Facts = append(page.View.Facts, web.Fact{Label: r.T("approval.answer"), Text: page.View.Answer})
	}
	return r.Render(page)
}

func (s *Approvals) post(yes bool) func(*web.Request) error {
	flash := map[bool]string{true: "approval.done_approved", false: "approval.done_refused"}[yes]
	return func(r *web.Request) error {
		var form struct {
			Reason string `form:"reason" max:"300"`
		}
		if err := r.Decode(&form); err != nil {
			return err
		}
		if _, err := s.Decide(r.Context(), r.Actor, r.Path("approval"), form.Reason, yes); err != nil {
			return err
		}
		r.Flash(flash)
		return r.Redirect("/approvals")
	}
}

func (s *Approvals) postWithdraw(r *web.Request) error {
	err := s.db.Write(r.Context(), func(tx *db.Tx) error {
		_, err := s.Withdraw(tx, r.Actor, r.Path("approval"))
		return err
	})
	if err != nil {
		return err
	}
	r.Flash("approval.done_withdrawn")
	return r.Redirect("/approvals")
}

// JSON is a request as the API gives it.
type JSON struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	Ref       string            `json:"ref" doc:"What it is about"`
	Payload   map[string]string `json:"payload"`
	Reason    string            `json:"reason"`
	State     string            `json:"state" enum:"waiting,approved,refused,withdrawn,expired"`
	AskedBy   string            `json:"asked_by" doc:"Staff id"`
	AskedAt   time.Time         `json:"asked_at"`
	Expires   time.Time         `json:"expires"`
	DecidedBy string            `json:"decided_by" doc:"Staff id; empty while waiting"`
}

// JSON is the request as the API gives it.
func (r Request) JSON() JSON {
	return JSON{ID: r.ID, Kind: r.Kind, Ref: r.Ref, Payload: r.Payload, Reason: r.Reason, State: string(r.State), AskedBy: r.AskedBy, AskedAt: r.AskedAt, Expires: r.Expires, DecidedBy: r.DecidedBy}
}

type listOutput struct {
	Body struct {
		Waiting []JSON `json:"waiting"`
	}
}

type oneInput struct {
	Approval string `path:"approval" maxLength:"30"`
}

type decideInput struct {
	Approval string `path:"approval" maxLength:"30"`
	Body     struct {
		Reason string `json:"reason" minLength:"1" maxLength:"300"`
	}
}

type oneOutput struct{ Body JSON }

func (s *Approvals) operations(rt *web.Router) {
	access := web.Access{Roles: s.roles, Scope: Scope}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/approvals", Summary: "What waits for a decision of the member of staff", Access: access},
		func(ctx context.Context, c web.Call, _ *struct{}) (*listOutput, error) {
			out := &listOutput{}
			err := s.db.Read(ctx, func(tx *db.Tx) error {
				waiting, err := s.Waiting(tx, c.Actor)
				out.Body.Waiting = []JSON{}
				for _, one := range waiting {
					out.Body.Waiting = append(out.Body.Waiting, one.JSON())
				}
				return err
			})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/approvals/{approval}", Summary: "One request", Access: access},
		func(ctx context.Context, c web.Call, in *oneInput) (*oneOutput, error) {
			out := &oneOutput{}
			err := s.db.Read(ctx, func(tx *db.Tx) error {
				one, err := s.Get(tx, c.Actor, in.Approval)
				out.Body = one.JSON()
				return err
			})
			return out, err
		})
	for path, yes := range map[string]bool{"approve": true, "refuse": false} {
		web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/approvals/{approval}/" + path, Summary: "Decide a request: " + path, Access: access, Unkeyed: "a request is decided once; read it to see how"},
			func(ctx context.Context, c web.Call, in *decideInput) (*oneOutput, error) {
				one, err := s.Decide(ctx, c.Actor, in.Approval, in.Body.Reason, yes)
				if err != nil {
					return nil, err
				}
				return &oneOutput{Body: one.JSON()}, nil
			})
	}
}

package purpose

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/web"
)

// readers may see the register; it holds nothing about any customer. A draft gives nothing,
// so its writer needs no more than a session; what takes effect, or can never be taken back,
// wants a fresh second factor.
var (
	readers  = web.Access{Roles: actor.Roles()}
	drafters = web.Access{Roles: []actor.Role{actor.DPO}}
	writers  = web.Access{Roles: []actor.Role{actor.DPO}, Fresh: true}
)

// PurposeListPage is views/purpose_list.html.
type PurposeListPage struct {
	Table web.Table
	Form  *form // of a new purpose, for who may propose one
}

// PurposePage is views/purpose.html.
type PurposePage struct {
	ID         string
	Title      string
	Status     web.Chip
	Facts      web.Facts
	Fields     web.Table
	ScriptID   string
	ScriptEN   string
	Notices    []noticeRow
	Consents   *web.Link // how customers answered, where the purpose rests on consent
	MayPublish bool
	Form       *form  // of its changes, for who may make some
	StepUp     string // where their second factor is shown again first; "" while it is fresh
}

// RulesPage is views/rules.html.
type RulesPage struct {
	Hash  string
	Rules []ruleRow
}

type ruleRow struct {
	ID, Sentence, Code, Cedar string
	Verbs                     []string
	Permit                    bool
}

type noticeRow struct {
	Version string
	At      web.Cell
	ID, EN  string
}

func statusChip(p *i18n.Printer, s Status) web.Chip {
	tone := map[Status]web.Tone{Active: "good", Draft: "warn", Retired: ""}[s]
	return web.Chip{Tone: tone, Text: p.T("purpose.status." + string(s))}
}

func listPage(p *i18n.Printer, list []Purpose, controllers []Controller, f *form) PurposeListPage {
	names, page := map[string]string{}, PurposeListPage{Form: f}
	for _, c := range controllers {
		names[c.ID] = c.Name
	}
	page.Table = web.Table{
		Caption: p.T("purpose.title"),
		Columns: []web.Column{{Title: p.T("purpose.order_label"), Numeric: true}, {Title: p.T("purpose.name")}, {Title: p.T("purpose.controller")}, {Title: p.T("purpose.basis_label")}, {Title: p.T("purpose.notice")}, {Title: p.T("purpose.status")}},
		Empty:   web.Empty{Title: p.T("purpose.empty"), Text: p.T("purpose.empty_next")},
	}
	for _, one := range list {
		chip := statusChip(p, one.Status)
		notice := p.T("purpose.none_yet")
		if one.Notice > 0 {
			notice = p.T("purpose.version", "version", one.Notice)
		}
		page.Table.Rows = append(page.Table.Rows, web.Row{ID: one.ID, Cells: []web.Cell{
			{Text: p.Number(int64(one.Order))}, {Text: one.Name[string(p.Lang())], To: "/purposes/" + one.ID}, {Text: names[one.Controller]},
			{Text: p.T("purpose.basis." + string(one.Basis))}, {Text: notice}, {Chip: &chip},
		}})
	}
	return page
}

func onePage(p *i18n.Printer, fields *catalog.Catalogue, one Purpose, c Controller, notices []Notice, f *form, mayCount bool) PurposePage {
	page := PurposePage{
		ID: one.ID, Title: one.Name[string(p.Lang())], Status: statusChip(p, one.Status), ScriptID: one.Script["id"], ScriptEN: one.Script["en"],
		Form: f, MayPublish: f != nil && one.Status == Draft && one.Notice > 0,
		Facts: web.Facts{
			{Label: p.T("purpose.controller"), Text: c.Name}, {Label: p.T("purpose.short_name"), Text: one.Slug},
			{Label: p.T("purpose.basis_label"), Text: p.T("purpose.basis." + string(one.Basis))}, {Label: p.T("purpose.order_label"), Text: p.Number(int64(one.Order))}, {Label: p.T("purpose.updated"), Time: one.UpdatedAt},
		},
		Fields: web.Table{
			Caption: p.T("purpose.fields"),
			Columns: []web.Column{{Title: p.T("purpose.verb_label")}, {Title: p.T("purpose.fields")}},
			Empty:   web.Empty{Title: p.T("purpose.none_yet")},
		},
	}
	if one.Basis == ByConsent && mayCount {
		page.Consents = &web.Link{To: "/purposes/" + one.ID + "/consents", Label: p.T("purpose.consents")}
	}
	for _, v := range Verbs() {
		if names := one.Fields[v]; len(names) > 0 {
			labels := make([]string, len(names))
			for i, n := range names {
				labels[i] = labelOf(p, fields, n)
			}
			page.Fields.Rows = append(page.Fields.Rows, web.Row{Cells: []web.Cell{{Text: p.T("purpose.verb." + string(v)), Title: string(v)}, {Text: strings.Join(labels, ", "), Title: strings.Join(names, ", ")}}})
		}
	}
	for _, n := range notices {
		page.Notices = append(page.Notices, noticeRow{p.T("purpose.version", "version", n.Version), web.Cell{Time: n.PublishedAt}, n.Text["id"], n.Text["en"]})
	}
	return page
}

func rulesPage(p *i18n.Printer, set *policy.Set) RulesPage {
	page := RulesPage{Hash: set.Hash()}
	for _, r := range set.Rules() {
		row := ruleRow{ID: r.ID, Sentence: r.Sentence[string(p.Lang())], Code: r.Code, Cedar: r.Cedar, Verbs: r.Verbs, Permit: r.Effect == "permit"}
		page.Rules = append(page.Rules, row)
	}
	return page
}

func (r *Register) pages(rt *web.Router) {
	rt.Page("GET /purposes", readers, func(req *web.Request) error {
		list, controllers, err := r.all(req.Context())
		if err != nil {
			return err
		}
		var f *form
		if req.Actor.Is(actor.DPO) && len(controllers) > 0 {
			one := proposing(req.Printer(), r.catalogue, controllers, typed{})
			f = &one
		}
		return req.Render(listPage(req.Printer(), list, controllers, f))
	})
	rt.Page("GET /purposes/{purpose}", readers, func(req *web.Request) error {
		one, c, notices, err := r.read(req.Context(), req.Path("purpose"))
		if err != nil {
			return err
		}
		var f *form
		if req.Actor.Is(actor.DPO) && one.Status != Retired {
			one := revising(req.Printer(), r.catalogue, one.ID, typedOf(one))
			f = &one
		}
		page := onePage(req.Printer(), r.catalogue, one, c, notices, f, req.Actor.Is(actor.DPO, actor.Auditor))
		if f != nil {
			if page.StepUp = req.StepUp(); page.StepUp != "" {
				page.Form, page.MayPublish = nil, false
			}
		}
		return req.Render(page)
	})
	rt.Page("POST /purposes", drafters, r.propose)
	rt.Page("POST /purposes/{purpose}/revise", writers, r.revise)
	rt.Page("POST /purposes/{purpose}/notices", writers, func(req *web.Request) error {
		var form struct {
			TextID string `form:"text_id" max:"9000" lines:"true" required:"true"`
			TextEN string `form:"text_en" max:"9000" lines:"true" required:"true"`
		}
		if err := req.Decode(&form); err != nil {
			return err
		}
		return r.change(req, "purpose.done_notice", func(tx *db.Tx) error {
			_, err := r.PublishNotice(tx, req.Actor, req.Path("purpose"), map[string]string{"id": form.TextID, "en": form.TextEN})
			return err
		})
	})
	rt.Page("POST /purposes/{purpose}/publish", writers, func(req *web.Request) error {
		return r.change(req, "purpose.done_published", func(tx *db.Tx) error { return r.Publish(tx, req.Actor, req.Path("purpose")) })
	})
	rt.Page("POST /purposes/{purpose}/retire", writers, func(req *web.Request) error {
		return r.change(req, "purpose.done_retired", func(tx *db.Tx) error { return r.Retire(tx, req.Actor, req.Path("purpose")) })
	})
}

// change does something to a purpose and goes to its page.
func (r *Register) change(req *web.Request, done string, do func(tx *db.Tx) error) error {
	if err := r.db.Write(req.Context(), do); err != nil {
		return err
	}
	req.Flash(done)
	return req.Redirect("/purposes/" + req.Path("purpose"))
}

// all are the purposes and the controllers.
func (r *Register) all(ctx context.Context) (list []Purpose, controllers []Controller, err error) {
	err = r.db.Read(ctx, func(tx *db.Tx) (err error) {
		if list, err = r.List(tx, ""); err != nil {
			return err
		}
		controllers, err = r.Controllers(tx)
		return err
	})
	return list, controllers, err
}

func (r *Register) read(ctx context.Context, id string) (one Purpose, c Controller, notices []Notice, err error) {
	err = r.db.Read(ctx, func(tx *db.Tx) (err error) {
		if one, err = r.Get(tx, id); err != nil {
			return err
		}
		if c, err = r.Controller(tx, one.Controller); err != nil {
			return err
		}
		notices, err = r.Notices(tx, id)
		return err
	})
	return one, c, notices, err
}

// JSON is a purpose as the API shows it.
type JSON struct {
	ID         string              `json:"id"`
	Controller string              `json:"controller"`
	Slug       string              `json:"slug"`
	Name       map[string]string   `json:"name"`
	Basis      string              `json:"basis"`
	Status     string              `json:"status"`
	Fields     map[string][]string `json:"fields"`
	Script     map[string]string   `json:"script"`
	Notice     int                 `json:"notice"`
	Order      int                 `json:"order" doc:"Place in the controller's list; the desk puts the first under the key 1"`
}

func asJSON(p Purpose) JSON {
	fields := map[string][]string{}
	for v, names := range p.Fields {
		fields[string(v)] = slices.Clone(names)
	}
	return JSON{p.ID, p.Controller, p.Slug, p.Name, string(p.Basis), string(p.Status), fields, p.Script, p.Notice, p.Order}
}

// NoticeJSON is a notice as the API shows it.
type NoticeJSON struct {
	ID          string            `json:"id"`
	Version     int               `json:"version"`
	Text        map[string]string `json:"text"`
	PublishedAt string            `json:"published_at" format:"date-time"`
}

type (
	oneInput struct {
		Purpose string `path:"purpose" maxLength:"40"`
	}
	oneOutput  struct{ Body JSON }
	writeInput struct {
		Body struct {
			Controller string              `json:"controller" maxLength:"40"`
			Slug       string              `json:"slug" maxLength:"40"`
			Name       map[string]string   `json:"name"`
			Basis      string              `json:"basis" enum:"consent,contract,legal_obligation,vital_interest,public_task,legitimate_interest"`
			Fields     map[string][]string `json:"fields"`
			Script     map[string]string   `json:"script"`
			Order      int                 `json:"order,omitempty" minimum:"0" maximum:"999" doc:"Place in the controller's list; left out: after the last"`
		}
	}
	noticeInput struct {
		Purpose string `path:"purpose" maxLength:"40"`
		Body    struct {
			Text map[string]string `json:"text"`
		}
	}
	noticeOutput struct{ Body NoticeJSON }
	listInput    struct {
		Controller string `query:"controller" maxLength:"40"`
	}
	listOutput struct {
		Body struct {
			Purposes []JSON `json:"purposes"`
		}
	}
	controllersOutput struct {
		Body struct {
			Controllers []Controller `json:"controllers"`
		}
	}
	noticesOutput struct {
		Body struct {
			Notices []NoticeJSON `json:"notices"`
		}
	}
)

func noticeJSON(n Notice) NoticeJSON {
	return NoticeJSON{n.ID, n.Version, n.Text, n.PublishedAt.Format("2006-01-02T15:04:05Z07:00")}
}

// operations are the same verbs as JSON. API clients with a member of staff read with the
// scope "serve"; they do not write the register.
func (r *Register) operations(rt *web.Router) {
	read := web.Access{Roles: actor.Roles(), Scope: "serve"}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/controllers", Summary: "All controllers", Access: read},
		func(ctx context.Context, _ web.Call, _ *struct{}) (*controllersOutput, error) {
			out := &controllersOutput{}
			err := r.db.Read(ctx, func(tx *db.Tx) (err error) {
				out.Body.Controllers, err = r.Controllers(tx)
				return err
			})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/purposes", Summary: "Purposes of one controller, or of all", Access: read},
		func(ctx context.Context, _ web.Call, in *listInput) (*listOutput, error) {
			out := &listOutput{}
			out.Body.Purposes = []JSON{}
			err := r.db.Read(ctx, func(tx *db.Tx) error {
				list, err := r.List(tx, in.Controller)
				for _, p := range list {
					out.Body.Purposes = append(out.Body.Purposes, asJSON(p))
				}
				return err
			})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/purposes/{purpose}", Summary: "One purpose", Access: read},
		func(ctx context.Context, _ web.Call, in *oneInput) (*oneOutput, error) {
			p, _, _, err := r.read(ctx, in.Purpose)
			return &oneOutput{asJSON(p)}, err
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/purposes/{purpose}/notices", Summary: "Versions of a purpose's notice, newest first", Access: read},
		func(ctx context.Context, _ web.Call, in *oneInput) (*noticesOutput, error) {
			_, _, notices, err := r.read(ctx, in.Purpose)
			out := &noticesOutput{}
			out.Body.Notices = []NoticeJSON{}
			for _, n := range notices {
				out.Body.Notices = append(out.Body.Notices, noticeJSON(n))
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/purposes", Summary: "Propose a purpose: a draft", Access: drafters, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *writeInput) (*oneOutput, error) {
			b := in.Body
			fields := map[gate.Verb][]string{}
			for v, names := range b.Fields {
				fields[gate.Verb(v)] = names
			}
			out := &oneOutput{}
			err := r.db.Write(ctx, func(tx *db.Tx) error {
				p, err := r.Propose(tx, c.Actor, Purpose{Controller: b.Controller, Slug: b.Slug, Name: b.Name, Basis: Basis(b.Basis), Fields: fields, Script: b.Script, Order: b.Order})
				if err != nil {
					return err
				}
				out.Body = asJSON(p)
				return c.Settle(tx, out)
			})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/purposes/{purpose}/notices", Summary: "Publish the next version of a purpose's notice", Access: writers, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *noticeInput) (*noticeOutput, error) {
			out := &noticeOutput{}
			err := r.db.Write(ctx, func(tx *db.Tx) error {
				n, err := r.PublishNotice(tx, c.Actor, in.Purpose, in.Body.Text)
				if err != nil {
					return err
				}
				out.Body = noticeJSON(n)
				return c.Settle(tx, out)
			})
			return out, err
		})
	for path, do := range map[string]func(*db.Tx, actor.Actor, string) error{"publish": r.Publish, "retire": r.Retire} {
		web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/purposes/{purpose}/" + path, Summary: "Move a purpose: " + path, Access: writers, Idempotent: true},
			func(ctx context.Context, c web.Call, in *oneInput) (*oneOutput, error) {
				out := &oneOutput{}
				err := r.db.Write(ctx, func(tx *db.Tx) error {
					if err := do(tx, c.Actor, in.Purpose); err != nil {
						return err
					}
					p, err := r.Get(tx, in.Purpose)
					if err != nil {
						return err
					}
					out.Body = asJSON(p)
					return c.Settle(tx, out)
				})
				return out, err
			})
	}
}

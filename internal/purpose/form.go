package purpose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
)

// typed is what somebody wrote about a purpose in a form. It stands there again when the
// register refuses it.
type typed struct {
	Controller, Slug, Basis string
	Name, Script            map[string]string
	Order                   int
	Use                     []string // "reveal:phone"; a field "*" is the one named in Free
	Free                    string   // name of a field of the catalogue's free ones
}

// typedOf is what a purpose's form shows at first.
func typedOf(p Purpose) typed {
	t := typed{Name: p.Name, Script: p.Script, Order: p.Order}
	for v, names := range p.Fields {
		for _, n := range names {
			t.Use = append(t.Use, string(v)+":"+n)
		}
	}
	return t
}

// into writes what was typed into a purpose.
func (t typed) into(p Purpose) (Purpose, error) {
	p.Name, p.Script, p.Order, p.Fields = t.Name, t.Script, t.Order, map[gate.Verb][]string{}
	named := false
	for _, use := range t.Use {
		verb, field, _ := strings.Cut(use, ":")
		if field == "*" {
			field, named = t.Free, true
		}
		if v := gate.Verb(verb); !slices.Contains(p.Fields[v], field) {
			p.Fields[v] = append(p.Fields[v], field)
		}
	}
	if named != (t.Free != "") {
		return p, errs.New(errs.Invalid, "purpose.free")
	}
	return p, nil
}

// form is views/_form.html: what a purpose is, and which fields it may use how.
type form struct {
	typed
	To, Submit  string
	New         bool // with what never changes afterwards
	Controllers []web.Choice
	Bases       []web.Choice
	Place       string // Order as it stands in its field, and what is said of it
	PlaceHint   string
	Matrix      matrix
	Refusal     *web.Notice
	Faults      map[string]string // what is wrong with a field
}

// matrix is the choice of fields: a row for each, a box for each verb.
type matrix struct {
	Verbs  []string
	Groups []fieldGroup
	Free   []box // of the field that is named in the form
}

type fieldGroup struct {
	Label string
	Rows  []fieldRow
}

type fieldRow struct {
	Label, Name, Necessity string
	Boxes                  []box
}

// box is the choice of one verb for one field; without Value the catalogue gives no choice.
type box struct {
	Value, Label string
	Checked      bool
}

func text(p *i18n.Printer, t catalog.Text) string {
	if p.Lang() == i18n.EN {
		return t.EN
	}
	return t.ID
}

// offered reports whether the catalogue lets any channel use the field with the verb.
func offered(f catalog.Field, v gate.Verb) bool {
	if f.Class == catalog.Secret && v != gate.Compare && v != gate.Collect {
		return false
	}
	for channel := range f.MinLevel {
		if _, ok := f.Level(channel, string(v)); ok {
			return true
		}
	}
	return false
}

// labelOf is what screens call a field.
func labelOf(p *i18n.Printer, c *catalog.Catalogue, name string) string {
	f, declared := c.Field(name)
	if !declared {
		return name
	}
	if f.Free {
		return text(p, f.Label) + " (" + name + ")"
	}
	return text(p, f.Label)
}

func matrixOf(p *i18n.Printer, c *catalog.Catalogue, use []string) matrix {
	m := matrix{}
	for _, v := range Verbs() {
		m.Verbs = append(m.Verbs, p.T("purpose.verb."+string(v)))
	}
	boxes := func(f catalog.Field, name, label string) (out []box) {
		for i, v := range Verbs() {
			one := box{Value: string(v) + ":" + name, Label: label + ": " + m.Verbs[i]}
			one.Checked = slices.Contains(use, one.Value)
			if !one.Checked && !offered(f, v) {
				one = box{}
			}
			out = append(out, one)
		}
		return out
	}
	// Every declared field, and what the purpose lists besides: free ones, and what the
	// catalogue no longer knows.
	names := c.Names()
	for _, u := range use {
		if _, name, _ := strings.Cut(u, ":"); name != "*" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	groups := map[string]*fieldGroup{}
	order := []string{string(catalog.Public), string(catalog.General), string(catalog.Specific), string(catalog.Secret), "unknown"}
	for _, name := range names {
		f, declared := c.Field(name)
		group := string(f.Class)
		if !declared {
			group = "unknown"
		}
		if groups[group] == nil {
			groups[group] = &fieldGroup{Label: p.T("purpose.class_" + group)}
		}
		row := fieldRow{Label: labelOf(p, c, name), Name: name, Necessity: text(p, f.Necessity)}
		row.Boxes = boxes(f, name, row.Label)
		groups[group].Rows = append(groups[group].Rows, row)
	}
	for _, group := range order {
		if g := groups[group]; g != nil {
			m.Groups = append(m.Groups, *g)
		}
	}
	for _, f := range c.Fields() {
		if f.Free {
			m.Free = boxes(f, "*", text(p, f.Label))
		}
	}
	return m
}

// proposing is the form of a new purpose.
func proposing(p *i18n.Printer, c *catalog.Catalogue, controllers []Controller, t typed) form {
	f := form{typed: t, To: "/purposes", Submit: p.T("purpose.propose"), PlaceHint: p.T("purpose.order_hint_new"), New: true, Matrix: matrixOf(p, c, t.Use)}
	if t.Order > 0 {
		f.Place = strconv.Itoa(t.Order)
	}
	for _, one := range controllers {
		f.Controllers = append(f.Controllers, web.Choice{Value: one.ID, Label: one.Name, Selected: one.ID == t.Controller})
	}
	for _, b := range Bases() {
		f.Bases = append(f.Bases, web.Choice{Value: string(b), Label: p.T("purpose.basis." + string(b)), Selected: string(b) == t.Basis})
	}
	return f
}

// revising is the form of a purpose that is there.
func revising(p *i18n.Printer, c *catalog.Catalogue, id string, t typed) form {
	return form{typed: t, To: "/purposes/" + id + "/revise", Submit: p.T("purpose.revise"), Place: strconv.Itoa(t.Order), PlaceHint: p.T("purpose.order_hint"), Matrix: matrixOf(p, c, t.Use)}
}

// again shows a form that was refused with what was typed, if that can be mended on it. What
// was no answer to the form at all gets no page of it.
func again(req *web.Request, err error, f form, page func(form) any) error {
	e := errs.Of(err)
	if e.Kind != errs.Invalid && e.Kind != errs.Conflict || !strings.HasPrefix(e.Code, "purpose.") && len(req.Faults(err)) == 0 {
		return err
	}
	refusal := req.Refusal(err)
	refusal.Tone = web.Bad
	f.Refusal, f.Faults = &refusal, req.Faults(err)
	return req.RenderStatus(web.Status(err), page(f))
}

func (r *Register) propose(req *web.Request) error {
	var in struct {
		Controller string   `form:"controller" max:"40" required:"true"`
		Slug       string   `form:"slug" max:"40" required:"true"`
		Basis      string   `form:"basis" choice:"consent contract legal_obligation vital_interest public_task legitimate_interest" required:"true"`
		NameID     string   `form:"name_id" max:"120" required:"true"`
		NameEN     string   `form:"name_en" max:"120" required:"true"`
		ScriptID   string   `form:"script_id" max:"1000" lines:"true" required:"true"`
		ScriptEN   string   `form:"script_en" max:"1000" lines:"true" required:"true"`
		Order      int      `form:"order"`
		Use        []string `form:"use" max:"80" count:"400"`
		Free       string   `form:"free" max:"60"`
	}
	err := req.Decode(&in)
	t := typed{
		Controller: in.Controller, Slug: in.Slug, Basis: in.Basis, Order: in.Order, Use: in.Use, Free: in.Free,
		Name: map[string]string{"id": in.NameID, "en": in.NameEN}, Script: map[string]string{"id": in.ScriptID, "en": in.ScriptEN},
	}
	var made Purpose
	if err == nil {
		if made, err = t.into(Purpose{Controller: in.Controller, Slug: in.Slug, Basis: Basis(in.Basis)}); err == nil {
			err = r.db.Write(req.Context(), func(tx *db.Tx) (err error) {
				made, err = r.Propose(tx, req.Actor, made)
				return err
			})
		}
	}
	if err != nil {
		list, controllers, failed := r.all(req.Context())
		if failed != nil {
			return failed
		}
		return again(req, err, proposing(req.Printer(), r.catalogue, controllers, t), func(f form) any {
			return listPage(req.Printer(), list, controllers, &f)
		})
	}
	req.Flash("purpose.done_proposed")
	return req.Redirect("/purposes/" + made.ID)
}

func (r *Register) revise(req *web.Request) error {
	var in struct {
		NameID   string   `form:"name_id" max:"120" required:"true"`
		NameEN   string   `form:"name_en" max:"120" required:"true"`
		ScriptID string   `form:"script_id" max:"1000" lines:"true" required:"true"`
		ScriptEN string   `form:"script_en" max:"1000" lines:"true" required:"true"`
		Order    int      `form:"order"`
		Use      []string `form:"use" max:"80" count:"400"`
		Free     string   `form:"free" max:"60"`
	}
	err := req.Decode(&in)
	t := typed{
		Order: in.Order, Use: in.Use, Free: in.Free,
		Name: map[string]string{"id": in.NameID, "en": in.NameEN}, Script: map[string]string{"id": in.ScriptID, "en": in.ScriptEN},
	}
	if err == nil {
		err = r.db.Write(req.Context(), func(tx *db.Tx) error {
			p, err := r.Get(tx, req.Path("purpose"))
			if err == nil {
				p, err = t.into(p)
			}
			if err == nil {
				_, err = r.Revise(tx, req.Actor, p)
			}
			return err
		})
	}
	if err != nil {
		one, c, notices, failed := r.read(req.Context(), req.Path("purpose"))
		if failed != nil {
			return failed
		}
		if !req.Actor.Serves(one.Controller) || one.Status == Retired {
			return err
		}
		return again(req, err, revising(req.Printer(), r.catalogue, one.ID, t), func(f form) any {
			return onePage(req.Printer(), r.catalogue, one, c, notices, &f, req.Actor.Is(actor.DPO, actor.Auditor))
		})
	}
	req.Flash("purpose.done_revised")
	return req.Redirect("/purposes/" + req.Path("purpose"))
}

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
	"github.com/amanah-id/amanah/internal/web"
)

// fieldReaders see the catalogue: the rules for every field, and nothing of any customer.
var fieldReaders = []actor.Role{actor.DPO, actor.Auditor, actor.Security, actor.Admin, actor.Supervisor}

// FieldUse is a field of the catalogue and the purposes that list it with any verb.
type FieldUse struct {
	catalog.Field
	Purposes []Purpose
}

// Uses are all fields of the catalogue, in its order, each with the purposes of the
// controllers that by serves. A retired purpose uses nothing.
func (r *Register) Uses(tx *db.Tx, by actor.Actor) ([]FieldUse, error) {
	list, err := r.List(tx, "")
	if err != nil {
		return nil, err
	}
	var out []FieldUse
	for _, f := range r.catalogue.Fields() {
		use := FieldUse{Field: f}
		for _, p := range list {
			lists := slices.ContainsFunc(p.AllFields(), func(name string) bool { return name == f.Name || f.Free && strings.HasPrefix(name, f.Name+"_") })
			if lists && p.Status != Retired && by.Serves(p.Controller) {
				use.Purposes = append(use.Purposes, p)
			}
		}
		out = append(out, use)
	}
	return out, nil
}

// FieldListPage is views/field_list.html.
type FieldListPage struct {
	Channels []string
	Groups   []classGroup
}

type classGroup struct {
	Class, Label, Meaning string
	Fields                []fieldArticle
}

type fieldArticle struct {
	Name, Label, Necessity, Kind string
	Form, Traits, Index          string
	Example, Mask                string
	Used                         []usedBy
	Levels                       []levelRow
}

// usedBy is the purposes of one controller that use a field.
type usedBy struct {
	Label    string
	Purposes []web.Link
}

// levelRow is a verb with its lowest level on each channel; "" where it is not allowed.
type levelRow struct {
	Verb   string
	Levels []string
}

func fieldListPage(p *i18n.Printer, uses []FieldUse, controllers []Controller) FieldListPage {
	names := map[string]string{}
	for _, c := range controllers {
		names[c.ID] = c.Name
	}
	page := FieldListPage{}
	for _, channel := range catalog.Channels {
		page.Channels = append(page.Channels, p.T("purpose.channel_"+channel))
	}
	for _, class := range []catalog.Class{catalog.Public, catalog.General, catalog.Specific, catalog.Secret} {
		group := classGroup{Class: string(class), Label: p.T("purpose.class_" + string(class)), Meaning: p.T("purpose.class_" + string(class) + "_means")}
		for _, use := range uses {
			if use.Class == class {
				group.Fields = append(group.Fields, articleOf(p, use, names))
			}
		}
		if len(group.Fields) > 0 {
			page.Groups = append(page.Groups, group)
		}
	}
	return page
}

// articleOf puts a field into words. names are those of the controllers, by id.
func articleOf(p *i18n.Printer, use FieldUse, names map[string]string) fieldArticle {
	a := fieldArticle{
		Name: use.Name, Label: text(p, use.Label), Necessity: text(p, use.Necessity),
		Form: p.T("purpose.form_" + use.Normaliser), Index: p.T("purpose.index_" + string(use.Index)),
	}
	if use.Free {
		a.Name += "_…"
	}
	if use.Kind != "" {
		a.Kind = p.T("purpose.kind_" + string(use.Kind))
	}
	a.Example, a.Mask = use.Field.Example()
	var traits []string
	for _, one := range []struct {
		has bool
		key string
	}{
		{use.Multiple, "purpose.trait_multiple"}, {use.Contact != catalog.NoContact, "purpose.trait_contact"}, {use.Verifies, "purpose.trait_verifies"}, {use.Free, "purpose.trait_free"},
	} {
		if one.has {
			traits = append(traits, p.T(one.key))
		}
	}
	a.Traits = strings.Join(traits, " ")
	for i, one := range use.Purposes {
		if i == 0 || one.Controller != use.Purposes[i-1].Controller {
			label := p.T("purpose.used_by")
			if len(names) > 1 {
				label = p.T("purpose.used_by_company", "company", names[one.Controller])
			}
			a.Used = append(a.Used, usedBy{Label: label})
		}
		label := one.Name[string(p.Lang())]
		if one.Status == Draft {
			label += ", " + p.T("purpose.status.draft")
		}
		last := &a.Used[len(a.Used)-1]
		last.Purposes = append(last.Purposes, web.Link{To: "/purposes/" + one.ID, Label: label})
	}
	for _, verb := range catalog.Verbs {
		row, given := levelRow{Verb: p.T("purpose.verb." + verb)}, false
		for _, channel := range catalog.Channels {
			cell := ""
			if level, ok := use.Level(channel, verb); ok {
				cell, given = p.T("purpose.level", "level", level), true
			}
			row.Levels = append(row.Levels, cell)
		}
		if given {
			a.Levels = append(a.Levels, row)
		}
	}
	return a
}

// uses are the fields and the controllers that by serves.
func (r *Register) uses(ctx context.Context, by actor.Actor) (uses []FieldUse, controllers []Controller, err error) {
	err = r.db.Read(ctx, func(tx *db.Tx) (err error) {
		if uses, err = r.Uses(tx, by); err != nil {
			return err
		}
		controllers, err = r.Controllers(tx)
		return err
	})
	controllers = slices.DeleteFunc(controllers, func(c Controller) bool { return !by.Serves(c.ID) })
	return uses, controllers, err
}

// FieldJSON is a field of the catalogue as the API shows it.
type FieldJSON struct {
	Name       string                    `json:"name"`
	Class      string                    `json:"class" doc:"public, general, specific or secret; a field that is not in this list is secret"`
	Kind       string                    `json:"kind" doc:"Kind of specific data; empty for other classes"`
	Label      map[string]string         `json:"label"`
	Necessity  map[string]string         `json:"necessity"`
	Normaliser string                    `json:"normaliser"`
	Mask       string                    `json:"mask"`
	Masked     string                    `json:"masked" doc:"What the mask shows of a fictional value"`
	Index      string                    `json:"index" doc:"unique, exact, memory or none"`
	Multiple   bool                      `json:"multiple"`
	Contact    string                    `json:"contact" doc:"phone, email or post; empty if nothing can be sent to it"`
	Verifies   bool                      `json:"verifies"`
	Free       bool                      `json:"free" doc:"Declares every name that begins with this one and an underscore"`
	Levels     map[string]map[string]int `json:"levels" doc:"Lowest level of verification by channel and verb; what is left out is not allowed"`
	Purposes   []string                  `json:"purposes" doc:"Purposes of your controllers that use it, retired ones left out"`
}

type fieldsOutput struct {
	Body struct {
		Fields []FieldJSON `json:"fields"`
	}
}

func fieldJSON(use FieldUse) FieldJSON {
	_, masked := use.Example()
	out := FieldJSON{
		Name: use.Name, Class: string(use.Class), Kind: string(use.Kind), Normaliser: use.Normaliser, Mask: use.Mask, Masked: masked, Index: string(use.Index),
		Label: map[string]string{"id": use.Label.ID, "en": use.Label.EN}, Necessity: map[string]string{"id": use.Necessity.ID, "en": use.Necessity.EN},
		Multiple: use.Multiple, Contact: string(use.Contact), Verifies: use.Verifies, Free: use.Free, Levels: use.MinLevel, Purposes: []string{},
	}
	for _, p := range use.Purposes {
		out.Purposes = append(out.Purposes, p.ID)
	}
	return out
}

func (r *Register) fieldRoutes(rt *web.Router) {
	rt.Page("GET /fields", web.Access{Roles: fieldReaders}, func(req *web.Request) error {
		uses, controllers, err := r.uses(req.Context(), req.Actor)
		if err != nil {
			return err
		}
		return req.Render(fieldListPage(req.Printer(), uses, controllers))
	})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/fields", Summary: "The catalogue of customers' fields, and the purposes that use each", Access: web.Access{Roles: fieldReaders, Scope: "serve"}},
		func(ctx context.Context, c web.Call, _ *struct{}) (*fieldsOutput, error) {
			uses, _, err := r.uses(ctx, c.Actor)
			out := &fieldsOutput{}
			out.Body.Fields = []FieldJSON{}
			for _, use := range uses {
				out.Body.Fields = append(out.Body.Fields, fieldJSON(use))
			}
			return out, err
		})
}

package purpose

import (
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Module is what this room brings. The policy set is shown on a page of its own, for what
// may be done with a purpose's fields is decided there.
func (r *Register) Module(set *policy.Set) web.Module {
	return web.Module{
		Name: "purpose", Schema: schema, Messages: messages, Views: views,
		Routes: func(rt *web.Router) {
			r.pages(rt)
			r.operations(rt)
			r.fieldRoutes(rt)
			rt.Page("GET /rules", web.Access{Roles: actor.Roles()}, func(req *web.Request) error {
				return req.Render(rulesPage(req.Printer(), set))
			})
		},
		Nav: []web.NavItem{
			{Key: "purpose.nav", Path: "/purposes", Roles: []actor.Role{actor.DPO, actor.Auditor, actor.Supervisor}, Order: 50, Hint: "p"},
			{Key: "purpose.fields_nav", Path: "/fields", Roles: fieldReaders, Order: 52, Hint: "f"},
			{Key: "purpose.rules_nav", Path: "/rules", Roles: []actor.Role{actor.DPO, actor.Auditor, actor.Security}, Order: 55, Hint: "r"},
		},
		Fixtures: func(p *i18n.Printer) []web.Fixture { return fixtures(p, set, r.catalogue) },
	}
}

func fixtures(p *i18n.Printer, set *policy.Set, c *catalog.Catalogue) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	one := Purpose{
		ID: "pur_01k9xq3v7me8t0000z9w2h4r6n", Controller: "ctl_01k9xq3v7me8t0000z9w2h4r6n", Slug: "order_status", Basis: ByContract, Status: Active, Notice: 2, Order: 1,
		Name:   map[string]string{"id": "Status pesanan", "en": "Order status"},
		Script: map[string]string{"id": "Selamat pagi, dengan {agent} dari {company}.", "en": "Good morning, this is {agent} from {company}."},
		Fields: map[gate.Verb][]string{gate.Compare: {"phone", "birth_date"}, gate.Reveal: {"phone"}}, UpdatedAt: time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC),
	}
	notices := []Notice{
		{ID: "ntc_01k9xq3v7me8t0000z9w2h4r6n", Version: 2, Text: map[string]string{"id": "Kami memakai nomor pesanan Anda.", "en": "We use your order number."}, PublishedAt: one.UpdatedAt},
		{ID: "ntc_01k9xq3v7me8t0000z9w2h4r6m", Version: 1, Text: map[string]string{"id": "Teks pertama.", "en": "First text."}, PublishedAt: one.UpdatedAt.Add(-time.Hour)},
	}
	ctl := []Controller{{ID: one.Controller, Slug: "toko", Name: "PT Toko Nusantara"}}
	bad, draft := one, one
	bad.Slug = hostile
	bad.Name = map[string]string{"id": hostile, "en": hostile}
	bad.Script = bad.Name
	draft.Status, draft.Notice, draft.Fields = Draft, 0, nil
	asking := one
	asking.Basis = ByConsent
	badNotices := []Notice{{ID: "ntc_x", Version: 1, Text: bad.Name, PublishedAt: one.UpdatedAt}}
	propose, revise := proposing(p, c, ctl, typed{}), revising(p, c, one.ID, typedOf(one))
	refused, wrong := propose, revise
	refused.typed = typed{Slug: hostile, Name: bad.Name, Script: bad.Name, Free: hostile}
	refused.Refusal, refused.Faults = &web.Notice{Tone: web.Bad, Title: p.T("purpose.slug"), Text: p.T("purpose.slug.next")}, map[string]string{"slug": p.T("web.fault_format")}
	wrong.typed, wrong.Matrix = refused.typed, matrixOf(p, c, []string{"reveal:" + hostile, "compare:extra_size", "act:*"})
	stale := onePage(p, c, one, ctl[0], notices, nil, true)
	stale.StepUp = "/step-up?next=/purposes/" + one.ID
	used := func(by ...Purpose) (out []FieldUse) {
		for _, f := range c.Fields() {
			out = append(out, FieldUse{f, by})
		}
		return out
	}
	odd := used(bad)[:1]
	odd[0].Label, odd[0].Necessity = catalog.Text{ID: hostile, EN: hostile}, catalog.Text{ID: hostile, EN: hostile}
	return []web.Fixture{
		{Name: "empty", Page: listPage(p, nil, nil, nil), Role: actor.DPO},
		{Name: "ordinary", Page: listPage(p, []Purpose{one}, ctl, &propose), Role: actor.DPO},
		{Name: "hostile", Page: listPage(p, []Purpose{bad}, []Controller{{ID: one.Controller, Slug: hostile, Name: hostile}}, &refused), Role: actor.DPO, Hostile: []string{hostile}},
		{Name: "draft", Page: onePage(p, c, draft, ctl[0], nil, &revise, true), Role: actor.DPO},
		{Name: "ordinary", Page: onePage(p, c, one, ctl[0], notices, &revise, true), Role: actor.DPO},
		{Name: "asking", Page: onePage(p, c, asking, ctl[0], notices, nil, true), Role: actor.DPO},
		{Name: "stale", Page: stale, Role: actor.DPO},
		{Name: "hostile", Page: onePage(p, c, bad, Controller{Name: hostile}, badNotices, &wrong, false), Role: actor.DPO, Hostile: []string{hostile}},
		{Name: "ordinary", Page: rulesPage(p, set), Role: actor.DPO},
		{Name: "empty", Page: fieldListPage(p, nil, nil), Role: actor.DPO},
		{Name: "ordinary", Page: fieldListPage(p, used(one), ctl), Role: actor.DPO},
		{Name: "hostile", Page: fieldListPage(p, odd, append(ctl, Controller{ID: "ctl_x", Name: hostile})), Role: actor.DPO, Hostile: []string{hostile}},
		{Name: "hostile", Page: RulesPage{Hash: hostile, Rules: []ruleRow{{ID: "x.y", Sentence: hostile, Code: hostile, Cedar: hostile}}}, Role: actor.DPO, Hostile: []string{hostile}},
	}
}

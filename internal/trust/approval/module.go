package approval

import (
	"context"
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "approval", FS: schema} }

// ExpireJob is the kind of the job that runs Expire; app schedules it every minute.
const ExpireJob = "approval.expire"

// FromIdentity translates the decisions of trust/identity, which must not know this room.
func FromIdentity(decisions []identity.Decision) []Kind {
	out := make([]Kind, len(decisions))
	for i, d := range decisions {
		effect := func(do func(*db.Tx, string, map[string]string, actor.Actor) error) Effect {
			if do == nil {
				return nil
			}
			return func(tx *db.Tx, r Request, by actor.Actor) error { return do(tx, r.Ref, r.Payload, by) }
		}
		out[i] = Kind{Name: d.Name, Ask: d.Ask, Decide: d.Decide, Wait: d.Wait, Fresh: d.Fresh, Effect: effect(d.Effect), Undone: effect(d.Undone)}
	}
	return out
}

// ForIdentity is how trust/identity asks; give it to identity.AskWith.
func (s *Approvals) ForIdentity() identity.Asking {
	return func(tx *db.Tx, by actor.Actor, q identity.Question) (string, error) {
		r, err := s.Request(tx, by, Ask{Kind: q.Kind, Ref: q.Ref, About: q.About, Payload: q.Payload, Reason: q.Reason})
		return r.ID, err
	}
}

// Module is what the room brings to the house.
func (s *Approvals) Module() web.Module {
	return web.Module{
		Name: "approval", Schema: schema, Messages: messages, Views: views,
		Routes: s.routes,
		Jobs: map[string]jobs.Handler{
			ExpireJob: func(ctx context.Context, _ jobs.Run) error { return s.Expire(ctx) },
		},
		Nav:      []web.NavItem{{Key: "approval.nav", Path: "/approvals", Roles: s.roles, Order: 30}},
		Fixtures: fixtures,
	}
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>{{.}}`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	view := func(text string) View {
		r := Request{ID: "apr_01k9xq3v7me8t0000z9w2h4r6n", Kind: "identity.role_change", Ref: "stf_01k9xq3v7me8t0000z9w2h4r6n", Payload: map[string]string{"role": text},
			Reason: text, State: Waiting, AskedBy: "stf_01k9xq3v7me8t0000z9w2h4r6m", AskedAt: at, Expires: at.Add(time.Hour)}
		return View{Request: r, By: text, Facts: facts(p, r, text)}
	}
	done := view("Andi").Request
	done.State = Approved
	withdrawn := done
	withdrawn.ID, withdrawn.State = "apr_01k9xq3v7me8t0000z9w2h4r6m", Withdrawn
	return []web.Fixture{
		{Name: "empty", Role: actor.DPO, Page: ListPage{Mine: mineTable(p, nil)}},
		{Name: "ordinary", Role: actor.DPO, Page: ListPage{Waiting: []View{view("Andi")}, Mine: mineTable(p, []Request{done, withdrawn})}},
		{Name: "hostile", Role: actor.DPO, Page: ListPage{Waiting: []View{view(hostile)}, Mine: mineTable(p, nil)}, Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Admin, Page: OnePage{View: view("Andi"), MayTake: true}},
		{Name: "ordinary", Role: actor.DPO, Page: OnePage{View: view("Andi"), MayDecide: true}},
		{Name: "hostile", Role: actor.DPO, Page: OnePage{View: view(hostile), MayDecide: true}, Hostile: []string{hostile}},
	}
}

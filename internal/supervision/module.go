package supervision

import (
	"context"
	"embed"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "supervision", FS: schema} }

var (
	watches = []actor.Role{actor.Supervisor}
	serves  = []actor.Role{actor.Agent, actor.Supervisor}
)

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "supervision", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: fixtures,
		Nav: []web.NavItem{{Key: "supervision.nav", Path: "/live", Roles: watches, Order: 15, Hint: "l"}},
	}
}

// events tells an open list to look again.
func (s *Service) events(r *web.Request) error {
	// It listens before the page is told that it does.
	news, cancel := s.o.Interactions.Hub().Subscribe(r.Actor)
	defer cancel()
	stream, err := r.Events()
	if err != nil {
		return err
	}
	out := make(chan web.Event, 1)
	go pace(r.Context(), news, out)
	return stream.Run(r.Context(), out)
}

// pace turns news into an event at most once in Pace, and makes one by itself every Look: not everything that the list
// shows is told of.
func pace(ctx context.Context, news <-chan interaction.News, out chan<- web.Event) {
	defer close(out)
	beat := time.NewTicker(Pace)
	defer beat.Stop()
	due, quiet := false, time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-news:
			if !open {
				return
			}
			due = true
		case <-beat.C:
			if quiet += Pace; !due && quiet < Look {
				continue
			}
			select {
			case out <- web.Event{Name: "live"}:
				due, quiet = false, 0
			default: // the reader is slow: the event before is not taken yet
			}
		}
	}
}

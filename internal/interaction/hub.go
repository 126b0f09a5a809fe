package interaction

import (
	"sync"

	"github.com/amanah-id/amanah/internal/trust/actor"
)

// News is a wake-up for a desk. It holds ids only; what to show is read afterwards, with
// the rights of whoever asks.
type News struct {
	Kind        string // ring, changed, verification
	Interaction string
	Agent       string // whose desk; empty: every desk of the controller
	Controller  string
}

// Hub hands News to the desks that are open on this node. It is a convenience: a desk
// that misses one sees the same thing with its next request.
type Hub struct {
	mu    sync.Mutex
	desks map[*desk]struct{}
}

type desk struct {
	who  actor.Actor
	news chan News
}

// Subscribe listens for what concerns the actor: his own contacts and what rings for his
// controllers; a supervisor hears everything of his controllers. Call cancel when done.
func (h *Hub) Subscribe(a actor.Actor) (news <-chan News, cancel func()) {
	d := &desk{who: a, news: make(chan News, 16)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.desks == nil {
		h.desks = map[*desk]struct{}{}
	}
	h.desks[d] = struct{}{}
	var once sync.Once
	return d.news, func() {
		once.Do(func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.desks, d)
			close(d.news)
		})
	}
}

// Publish hands news to the desks it concerns. It never blocks: a desk that does not
// listen loses it.
func (h *Hub) Publish(n News) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for d := range h.desks {
		if !d.who.Serves(n.Controller) || n.Agent != "" && n.Agent != d.who.ID() && !d.who.Is(actor.Supervisor) {
			continue
		}
		select {
		case d.news <- n:
		default:
		}
	}
}

package client

import (
	"context"
	"net/http"
	"time"
)

// LiveContact is a contact as a supervisor sees it.
type LiveContact struct {
	Interaction string    `json:"interaction"`
	Controller  string    `json:"controller"`
	Agent       string    `json:"agent"`
	Queue       string    `json:"queue"`
	Channel     string    `json:"channel"`
	Standing    string    `json:"standing"`
	Level       int       `json:"level"`
	Opened      int       `json:"opened"`    // fields that were opened
	Listeners   int       `json:"listeners"` // supervisors who listen
	Started     time.Time `json:"started_at"`
}

// LiveAlert is something that waits for a supervisor.
type LiveAlert struct {
	ID          string    `json:"id"`
	Kind        string    `json:"kind"`
	Controller  string    `json:"controller"`
	Interaction string    `json:"interaction"`
	Staff       string    `json:"staff"`
	At          time.Time `json:"at"`
}

// Board is the supervisor's live list.
type Board struct {
	Contacts []LiveContact `json:"contacts"`
	Alerts   []LiveAlert   `json:"alerts"`
	Waiting  []Approval    `json:"waiting"`
}

// Live reads the contacts, alerts and decisions of the supervisor's companies. Each look is entered in the log.
func (c *Client) Live(ctx context.Context) (Board, error) {
	return ask[Board](ctx, c, call{method: http.MethodGet, path: "/live", repeat: true})
}

// SettleAlert ends an alert of the live list, with a reason.
func (c *Client) SettleAlert(ctx context.Context, alert, reason string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/live/alerts/%s/settle", in: because{reason}}, alert)
}

// Listen asks to listen to a live contact. It reports whether a second supervisor must agree first.
func (c *Client) Listen(ctx context.Context, interaction, reason string) (waits bool, err error) {
	out, err := ask[struct {
		Waits bool `json:"waits"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/listen", in: because{reason}}, interaction)
	return out.Waits, err
}

// ListenNoLonger ends listening. Whoever does not listen is told so: supervision.listens_not.
func (c *Client) ListenNoLonger(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/listen/end", repeat: true}, interaction)
}

// Duress is the silent alarm of whoever serves the contact.
func (c *Client) Duress(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/duress", repeat: true}, interaction)
}

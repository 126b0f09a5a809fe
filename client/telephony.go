package client

import (
	"context"
	"net/http"
	"time"
)

// ReportDocument posts a vendor's own document, which the mapping of that name reads. The
// answer says what became of each event in it.
func (c *Client) ReportDocument(ctx context.Context, mapping string, document map[string]any) ([]BatchOutcome, error) {
	out, err := ask[struct {
		Items []BatchOutcome `json:"items"`
	}](ctx, c, call{method: http.MethodPost, path: "/telephony/mappings/%s/events", in: document, repeat: true}, mapping)
	return out.Items, err
}

// Delivery is an event for one of the company's own systems that did not arrive.
type Delivery struct {
	ID          string    `json:"id"`
	Hook        string    `json:"hook"`
	Controller  string    `json:"controller"`
	Interaction string    `json:"interaction"`
	Type        string    `json:"type"`
	State       string    `json:"state"`  // dead, or queued while it is tried again
	Reason      string    `json:"reason"` // code of the last failure
	Attempts    int64     `json:"attempts"`
	CreatedAt   time.Time `json:"created_at"`
	ChangedAt   time.Time `json:"changed_at"`
}

// Deliveries lists the newest 100 that did not arrive.
func (c *Client) Deliveries(ctx context.Context) ([]Delivery, error) {
	out, err := ask[struct {
		Items []Delivery `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/telephony/deliveries", repeat: true})
	return out.Items, err
}

// Replay sends a dead letter again.
func (c *Client) Replay(ctx context.Context, delivery string) error {
	_, err := ask[struct{}](ctx, c, call{method: http.MethodPost, path: "/telephony/deliveries/%s/replay"}, delivery)
	return err
}

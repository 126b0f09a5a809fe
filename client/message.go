package client

import (
	"context"
	"net/http"
	"time"
)

// DeadMessage is a message that did not leave or did not arrive, and will not be tried again by itself: ids and states, no
// address and no text.
type DeadMessage struct {
	ID          string     `json:"id"`
	Interaction string     `json:"interaction,omitempty"`
	Contact     string     `json:"contact"` // name of the contact's field
	Channel     string     `json:"channel"` // email, sms, whatsapp
	Template    string     `json:"template"`
	State       string     `json:"state"`  // dead, blocked
	Reason      string     `json:"reason"` // code of the last failure
	Attempts    int64      `json:"attempts"`
	Created     time.Time  `json:"created_at"`
	Changed     time.Time  `json:"changed_at"`
	Expires     *time.Time `json:"expires_at,omitempty"`
}

// DeadMessages lists them, the newest first, at most 100; for supervisors, data protection officers, security and
// administrators.
func (c *Client) DeadMessages(ctx context.Context) ([]DeadMessage, error) {
	out, err := ask[struct {
		Messages []DeadMessage `json:"messages"`
	}](ctx, c, call{method: http.MethodGet, path: "/messages/dead", repeat: true})
	return out.Messages, err
}

// RetryMessage sends a dead or blocked message again.
func (c *Client) RetryMessage(ctx context.Context, message string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/messages/%s/retry"}, message)
}

package client

import (
	"context"
	"net/http"
	"time"
)

// ContactChange is a change of a contact that waits until the owner of the old one had time to object.
type ContactChange struct {
	ID    string    `json:"id"`
	Field string    `json:"field"`
	State string    `json:"state"` // waiting
	Asked time.Time `json:"asked_at"`
	Due   time.Time `json:"due_at"` // when it is made
}

// NewContact is what a contact is to become.
type NewContact struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"` // id of the value it replaces; "" is the only one of the field
	Value string `json:"value"`
}

// Registered is a contact that counts, without its value.
type Registered struct {
	Value string    `json:"value"` // its id
	Field string    `json:"field"`
	Since time.Time `json:"registered_at"`
}

// ContactChanges are what waits, and what counts until then.
type ContactChanges struct {
	Changes  []ContactChange `json:"changes"`
	Contacts []Registered    `json:"contacts"`
}

// ChangeContact has a contact of the customer in the call become another, after the time to object. It needs level 4.
func (c *Client) ChangeContact(ctx context.Context, interaction string, n NewContact) (ContactChange, error) {
	return ask[ContactChange](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/contact-changes", in: n, key: repeatKey(""), repeat: true}, interaction)
}

// ContactChanges reads what waits for the customer in the call.
func (c *Client) ContactChanges(ctx context.Context, interaction string) (ContactChanges, error) {
	return ask[ContactChanges](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/contact-changes", repeat: true}, interaction)
}

// WithdrawChange takes a change back that waits. Doing it twice is the same.
func (c *Client) WithdrawChange(ctx context.Context, interaction, change string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/contact-changes/%s/withdraw", repeat: true}, interaction, change)
}

// Collect writes down what the caller gives of a field that the purpose collects.
func (c *Client) Collect(ctx context.Context, interaction, field, value string) error {
	in := struct {
		Field string `json:"field"`
		Value string `json:"value"`
	}{field, value}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/collect", in: in, key: repeatKey(""), repeat: true}, interaction)
}

// CustomerAsk is a field that the customer was asked to type on a page of their own.
type CustomerAsk struct {
	ID      string    `json:"id"`
	Field   string    `json:"field"`
	State   string    `json:"state"`
	Asked   time.Time `json:"asked_at"`
	Expires time.Time `json:"expires_at"`
}

// AskCustomer sends the customer a link to a page on which they type a field themselves. contact is the id of a registered
// contact; "" is the best one.
func (c *Client) AskCustomer(ctx context.Context, interaction, field, contact string) (CustomerAsk, error) {
	in := struct {
		Field   string `json:"field"`
		Contact string `json:"contact,omitempty"`
	}{field, contact}
	return ask[CustomerAsk](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/asks", in: in, key: repeatKey(""), repeat: true}, interaction)
}

// CustomerAsks reads what the customer was asked to type in the call, and whether it came.
func (c *Client) CustomerAsks(ctx context.Context, interaction string) ([]CustomerAsk, error) {
	out, err := ask[struct {
		Asks []CustomerAsk `json:"asks"`
	}](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/asks", repeat: true}, interaction)
	return out.Asks, err
}

// Dial has the exchange call a registered number without showing it, and returns the contact that begins. value is the id of
// one of several numbers; "" is the one registered longest.
func (c *Client) Dial(ctx context.Context, interaction, field, value string) (string, error) {
	in := struct {
		Field string `json:"field"`
		Value string `json:"value,omitempty"`
	}{field, value}
	out, err := ask[struct {
		Interaction string `json:"interaction"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/dial", in: in}, interaction)
	return out.Interaction, err
}

// Capture is a span in which a call's recorder was paused, so that an agent could type what must not be recorded.
type Capture struct {
	ID      string    `json:"id"`
	Field   string    `json:"field"`
	State   string    `json:"state"` // asked, open, failed, leaving, settling or closed
	Reason  string    `json:"reason"`
	Staff   string    `json:"staff"`
	Asked   time.Time `json:"asked_at"`
	Paused  time.Time `json:"paused_at"`  // when the recorder acknowledged the pause
	Until   time.Time `json:"until"`      // when it ends by itself
	Resumed time.Time `json:"resumed_at"` // when the recorder acknowledged that it goes on
}

// BeginCapture has the call's recorder paused and opens one field; Collect then takes it down and ends the capture. It answers
// once the recorder has acknowledged.
func (c *Client) BeginCapture(ctx context.Context, interaction, field string) (Capture, error) {
	in := struct {
		Field string `json:"field"`
	}{field}
	return ask[Capture](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/captures", in: in, key: repeatKey(""), repeat: true}, interaction)
}

// Captures lists the spans of a call in which its recorder was paused, the oldest first.
func (c *Client) Captures(ctx context.Context, interaction string) ([]Capture, error) {
	out, err := ask[struct {
		Captures []Capture `json:"captures"`
	}](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/captures", repeat: true}, interaction)
	return out.Captures, err
}

// EndCapture leaves the capture without a value; the recorder goes on. One that is over stays over.
func (c *Client) EndCapture(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/captures/end", repeat: true}, interaction)
}

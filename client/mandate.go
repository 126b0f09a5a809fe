package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Scope is what a representative may have done.
type Scope struct {
	Purposes []string `json:"purposes"`
	Verbs    []string `json:"verbs"`
	Fields   []string `json:"fields"`
}

// Mandate is somebody who may speak for a customer, or assists one, by masks.
type Mandate struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"` // attorney, parent, guardian, assistant
	State    string    `json:"state"`
	Name     string    `json:"name"` // masked
	Document string    `json:"document"`
	Format   string    `json:"format"` // how the customer is spoken with
	Scope    Scope     `json:"scope"`
	Recorded time.Time `json:"recorded_at"`
	Ends     time.Time `json:"ends_at"`
	Verified bool      `json:"verified"` // a second person verified the document
	Speaks   bool      `json:"speaks"`   // in this call
}

// NewMandate is what is recorded of a mandate. Days are YYYY-MM-DD.
type NewMandate struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Contact  string `json:"contact,omitempty"` // phone or email
	Value    string `json:"value,omitempty"`   // of the contact
	Also     string `json:"also,omitempty"`    // the other contact: an address beside a number, a number beside an address
	Document string `json:"document,omitempty"`
	Number   string `json:"number,omitempty"`
	Dated    string `json:"dated,omitempty"`
	Born     string `json:"born,omitempty"` // of a child, where no birth date is stored
	Until    string `json:"until"`
	Format   string `json:"format,omitempty"`
	Reason   string `json:"reason,omitempty"` // for the second member of staff who decides about a child
	Scope    *Scope `json:"scope,omitempty"`
}

// RecordedMandate is a mandate that was recorded, or that waits for a decision.
type RecordedMandate struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Request string `json:"request"` // of the decision it waits for
}

// HeldMandate is a mandate as an officer of the company sees it.
type HeldMandate struct {
	Mandate    Mandate   `json:"mandate"`
	Controller string    `json:"controller"`
	Customer   string    `json:"customer"` // masked
	Contacts   int       `json:"contacts"` // in which somebody spoke through it
	Why        string    `json:"revoked_why"`
	Revoked    time.Time `json:"revoked_at"` // zero while it was not
}

// MandatePage is one page of mandates, newest first.
type MandatePage struct {
	Items []HeldMandate `json:"items"`
	Next  string        `json:"next"` // cursor of the next page; "" at the end
}

// MandateList reads one page of the mandates of the companies you serve: those that stand or wait, or those that are over.
// after is Next of the page before; empty is the first.
func (c *Client) MandateList(ctx context.Context, over bool, after string) (MandatePage, error) {
	v := url.Values{"over": {strconv.FormatBool(over)}}
	if after != "" {
		v.Set("after", after)
	}
	return ask[MandatePage](ctx, c, call{method: http.MethodGet, path: "/mandates", query: v, repeat: true})
}

// VerifyMandate asks a second person to verify the document of a mandate, and returns the request that waits. reason says how
// it was looked at.
func (c *Client) VerifyMandate(ctx context.Context, interaction, mandate, reason string) (request string, err error) {
	out, err := ask[struct {
		Request string `json:"request"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/mandates/%s/verify", in: because{reason}, key: repeatKey(""), repeat: true}, interaction, mandate)
	return out.Request, err
}

// Mandates reads who may speak for the customer in the call.
func (c *Client) Mandates(ctx context.Context, interaction string) ([]Mandate, error) {
	out, err := ask[struct {
		Mandates []Mandate `json:"mandates"`
	}](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/mandates", repeat: true}, interaction)
	return out.Mandates, err
}

// RecordMandate records who may speak for the customer in the call.
func (c *Client) RecordMandate(ctx context.Context, interaction string, n NewMandate) (RecordedMandate, error) {
	return ask[RecordedMandate](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/mandates", in: n, key: repeatKey(""), repeat: true}, interaction)
}

// RevokeMandate ends a mandate at once, as the customer in the call asks.
func (c *Client) RevokeMandate(ctx context.Context, interaction, mandate, why string) error {
	in := struct {
		Why string `json:"why"`
	}{why}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/mandates/%s/revoke", in: in, key: repeatKey(""), repeat: true}, interaction, mandate)
}

// EndMandate ends a mandate at once, without a call.
func (c *Client) EndMandate(ctx context.Context, mandate, why string) error {
	in := struct {
		Why string `json:"why"`
	}{why}
	return c.tell(ctx, call{method: http.MethodPost, path: "/mandates/%s/revoke", in: in, key: repeatKey(""), repeat: true}, mandate)
}

// Speaker says who speaks in the call: a representative by the mandate, or the customer when it is "". What was verified
// before counts for nothing then.
func (c *Client) Speaker(ctx context.Context, interaction, mandate string) error {
	in := struct {
		Mandate string `json:"mandate"`
	}{mandate}
	return c.tell(ctx, call{method: http.MethodPut, path: "/interactions/%s/speaker", in: in, repeat: true}, interaction)
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// WatchEntry is one decision to watch over persons: protected persons, or canaries. It does not say who they are.
type WatchEntry struct {
	ID         string    `json:"id"`
	List       string    `json:"list"` // protected, canary
	Kind       string    `json:"kind"` // by what the persons are named
	Persons    int       `json:"persons"`
	Controller string    `json:"controller"`
	Reason     string    `json:"reason"`
	Review     string    `json:"review"` // YYYY-MM-DD
	State      string    `json:"state"`
	AskedBy    string    `json:"asked_by"`
	DecidedBy  string    `json:"decided_by"`
	AskedAt    time.Time `json:"asked_at"`
}

// NewWatch names persons to be put on a list.
type NewWatch struct {
	List       string   `json:"list"` // protected, canary
	Kind       string   `json:"kind"` // customer_number, nik, phone, subject
	Controller string   `json:"controller"`
	Persons    []string `json:"persons"` // at most 100; no answer repeats them
	Reason     string   `json:"reason"`
	Review     string   `json:"review"` // YYYY-MM-DD
}

// Alert is something that the security team must look into. It names no customer.
type Alert struct {
	ID          string    `json:"id"`
	Kind        string    `json:"kind"` // canary, customers, reveals
	Controller  string    `json:"controller"`
	Staff       string    `json:"staff"`
	Ref         string    `json:"ref"` // the interaction of a canary; the day of the others
	Acts        []string  `json:"acts"`
	Count       int       `json:"count"`
	Median      int       `json:"median"` // of the peers
	First       time.Time `json:"first_at"`
	Last        time.Time `json:"last_at"`
	Disposition string    `json:"disposition"`
	ReviewedBy  string    `json:"reviewed_by"`
	ReviewedAt  time.Time `json:"reviewed_at"`
}

// WatchEntries lists the entries of the lists that count or wait, or those that ended.
func (c *Client) WatchEntries(ctx context.Context, ended bool) ([]WatchEntry, error) {
	out, err := ask[struct {
		Items []WatchEntry `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/watchlist", query: url.Values{"ended": {strconv.FormatBool(ended)}}, repeat: true})
	return out.Items, err
}

// Watch asks a second person to put persons on a list, and returns the id of the entry.
func (c *Client) Watch(ctx context.Context, n NewWatch) (string, error) {
	out, err := ask[struct {
		ID string `json:"id"`
	}](ctx, c, call{method: http.MethodPost, path: "/watchlist", in: n, key: repeatKey(""), repeat: true})
	return out.ID, err
}

// Unwatch asks a second person to take an entry off its list.
func (c *Client) Unwatch(ctx context.Context, entry, reason string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/watchlist/%s/remove", in: because{reason}, key: repeatKey(""), repeat: true}, entry)
}

// Alerts lists the alerts that wait for a review, or those that were reviewed.
func (c *Client) Alerts(ctx context.Context, reviewed bool) ([]Alert, error) {
	out, err := ask[struct {
		Items []Alert `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/alerts", query: url.Values{"reviewed": {strconv.FormatBool(reviewed)}}, repeat: true})
	return out.Items, err
}

// ReviewAlert says what an alert turned out to be: explained, test, coached or incident.
func (c *Client) ReviewAlert(ctx context.Context, alert, disposition, note string) error {
	in := struct {
		Disposition string `json:"disposition"`
		Note        string `json:"note"`
	}{disposition, note}
	return c.tell(ctx, call{method: http.MethodPost, path: "/alerts/%s/review", in: in, key: repeatKey(""), repeat: true}, alert)
}

// AskFourEyes asks a supervisor to agree that a protected person is served in a contact, and returns the id of the request.
func (c *Client) AskFourEyes(ctx context.Context, interaction, reason string) (string, error) {
	return c.askSupervisor(ctx, "/interactions/%s/four-eyes", interaction, reason)
}

// AskRaise asks a supervisor for more customers under the purpose of a contact, and returns the id of the request.
func (c *Client) AskRaise(ctx context.Context, interaction, reason string) (string, error) {
	return c.askSupervisor(ctx, "/interactions/%s/raise", interaction, reason)
}

func (c *Client) askSupervisor(ctx context.Context, path, interaction, reason string) (string, error) {
	out, err := ask[struct {
		Approval string `json:"approval"`
	}](ctx, c, call{method: http.MethodPost, path: path, in: because{reason}}, interaction)
	return out.Approval, err
}

// Package simswap asks a telephone company's interface whether the SIM of a number was changed lately.
//
// The interface is that of CAMARA SIM Swap: POST {address}/check with phoneNumber and maxAge in hours, answered by
// swapped. The client promises to ask for one number at a time and for nothing else; to follow no redirect, so that a
// number never goes to a place that nobody configured; to speak plain HTTP with this machine only; to give up after a
// timeout; and to take nothing for an answer but a plain yes or no. Whatever else comes back is an error, which whoever
// asks must take for "unknown". No error holds the number, nor anything that the other side said.
//
// Serves UU PDP articles 35 and 39; a changed SIM is how accounts are taken over.
package simswap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// DefaultTimeout is how long one question may take when nobody says: the customer is on the line.
const DefaultTimeout = 3 * time.Second

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 10

// Options are what a Client needs.
type Options struct {
	Address string        // such as https://api.operator.example/sim-swap/v2
	Token   func() string // sent as a bearer token; nil or "" for none
	Within  time.Duration // a change within this counts; whole hours, 1 to 2400
	Timeout time.Duration // of one question; 0 means DefaultTimeout
}

// Client asks. It is safe for use by many goroutines.
type Client struct {
	o    Options
	http *http.Client
}

// New makes a client.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.Address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !here(u.Hostname())) {
		return nil, errs.New(errs.Invalid, "verification.simswap_address")
	}
	if o.Within < time.Hour || o.Within > 2400*time.Hour {
		return nil, errors.New("simswap: Within is 1 to 2400 hours")
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	o.Address = strings.TrimSuffix(o.Address, "/")
	return &Client{o: o, http: &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}}, nil
}

func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// errUnknown is every way in which there is no answer.
var errUnknown = errs.New(errs.Unavailable, "verification.sim_unknown")

// Changed reports whether the SIM of a number (+62...) was changed within Options.Within. An error means that nobody knows.
func (c *Client) Changed(ctx context.Context, number string) (bool, error) {
	body, err := json.Marshal(map[string]any{"phoneNumber": number, "maxAge": int(c.o.Within / time.Hour)})
	if err != nil {
		return false, errUnknown
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.Address+"/check", bytes.NewReader(body))
	if err != nil {
		return false, errUnknown
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if c.o.Token != nil {
		if token := c.o.Token(); token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	w, err := c.http.Do(r)
	if err != nil {
		return false, errUnknown // its text could hold the address; the number is in the body alone
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer+1))
	if err != nil || w.StatusCode != http.StatusOK || len(text) > maxAnswer {
		return false, errUnknown
	}
	var answer struct {
		Swapped *bool `json:"swapped"`
	}
	if json.Unmarshal(text, &answer) != nil || answer.Swapped == nil {
		return false, errUnknown
	}
	return *answer.Swapped, nil
}

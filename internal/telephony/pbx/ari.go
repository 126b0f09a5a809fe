package pbx

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
	"sync"

	"github.com/coder/websocket"
)

// ARI is the Asterisk REST Interface: events of an application as JSON over one websocket.
// The name and the password travel in a header and never in an address.
type ARI struct {
	URL         string // http(s)://host:port/ari
	Application string
	Username    string
	Password    string
	Dial        Dial
	Way         Way    // how calls leave; zero: none are made
	Recording   string // name of a recording, with {channel}; empty: nothing is paused
	After       After
}

type ari struct {
	conn    *websocket.Conn
	client  *http.Client
	after   After
	version string
}

// base is where the interface's resources are.
func (x ARI) base() (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(x.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errProtocol
	}
	return base, nil
}

func (x ARI) client() *http.Client {
	dial := x.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Open asks for the version, which tells whether name and password are good, and subscribes.
func (x ARI) Open(ctx context.Context) (Session, error) {
	base, err := x.base()
	if err != nil {
		return nil, err
	}
	s := &ari{after: x.After.or(), client: x.client()}
	ctx, cancel := context.WithTimeout(ctx, OpenTime)
	defer cancel()
	if err := s.info(ctx, x, base); err != nil {
		return nil, err
	}
	events := base.JoinPath("events")
	events.RawQuery = url.Values{"app": {x.Application}, "subscribeAll": {"true"}}.Encode()
	conn, answer, err := websocket.Dial(ctx, events.String(), &websocket.DialOptions{HTTPClient: s.client, HTTPHeader: http.Header{"Authorization": {x.authorization()}}}) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, refusedWith(answer)
	}
	conn.SetReadLimit(maxMessage)
	s.conn = conn
	return s, nil
}

func (x ARI) authorization() string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(x.Username, x.Password)
	return r.Header.Get("Authorization")
}

// refusedWith says what the answer to a request means that did not succeed.
func refusedWith(r *http.Response) error {
	switch {
	case r == nil:
		return errUnreachable
	case r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden:
		return errLogin
	case r.StatusCode == http.StatusBadRequest || r.StatusCode == http.StatusConflict:
		return errRefused
	}
	return errProtocol
}

func (s *ari) info(ctx context.Context, x ARI, base *url.URL) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("asterisk", "info").String()+"?only=system", nil)
	if err != nil {
		return errProtocol
	}
	r.Header.Set("Authorization", x.authorization())
	answer, err := s.client.Do(r)
	if err != nil {
		return errUnreachable
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return refusedWith(answer)
	}
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"system"`
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxMessage))
	if err != nil || json.Unmarshal(body, &info) != nil || info.System.Version == "" {
		return errProtocol
	}
	s.version = "Asterisk " + info.System.Version[:min(len(info.System.Version), 80)]
	return nil
}

func (s *ari) Version() string { return s.version }

func (s *ari) Close() error { return s.conn.CloseNow() }

// keepAlive asks an exchange that is quiet whether it is there, again and again until stop is
// called, and cuts the connection when it does not answer.
func (s *ari) keepAlive(ctx context.Context) (stop func()) {
	var mu sync.Mutex
	var timer func() bool
	done := false
	var arm func()
	ask := func() {
		asking, cancel := context.WithTimeout(ctx, OpenTime)
		defer cancel()
		if s.conn.Ping(asking) != nil {
			_ = s.conn.CloseNow()
			return
		}
		arm()
	}
	arm = func() {
		mu.Lock()
		defer mu.Unlock()
		if !done {
			timer = s.after(Quiet, ask)
		}
	}
	arm()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done = true
		timer()
	}
}

// Next waits for the next event.
func (s *ari) Next(ctx context.Context) (Document, error) {
	defer s.keepAlive(ctx)()
	kind, text, err := s.conn.Read(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, websocket.ErrMessageTooBig):
		return nil, errProtocol
	case err != nil:
		return nil, errClosed
	case kind != websocket.MessageText:
		return nil, errProtocol
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out Document
	if d.Decode(&out) != nil || out == nil {
		return nil, errProtocol
	}
	return out, nil
}

// Package client speaks the REST API of Amanah, version 1, for Go programs: desktops of call centers, telephony
// adapters, imports, evidence collectors.
//
// A Client holds one credential. The key of an API client acts alone: it may open interactions, post events and write
// customers, and can never see a value. A member of staff's session, from SignIn, acts for that person; As puts it
// beside an API client's key (Amanah-On-Behalf-Of), or uses it as the bearer when there is none. Clients are cheap,
// immutable and safe for many goroutines; As returns another one and shares the connections.
//
// What it promises. Every operation of the OpenAPI document has one method here, with every member of its request and
// answer; a test reads the document and fails when one is missing. A refusal is an *Error with the code, the trace id,
// the words for people in Indonesian and English, what to do next and, in calls, the sentence to say to the customer.
// The server never repeats a submitted value in an error, and neither does this package: errors hold codes and ids,
// never a body, a query or a key. An answer larger than Options.MaxAnswer is refused, redirects are not followed (a
// credential goes to one place), and plain HTTP is taken on loopback only.
//
// What it repeats. A call that the server refused with 429 or 503 is sent again, up to Options.Attempts times, after
// the time that the server asked for or a growing random pause, but only when sending it twice does no more than once:
// reads, PUT and DELETE, heartbeats, events (idempotent by source and id), and operations with an Idempotency-Key,
// which get a random key per call unless one is given. Everything else is the caller's decision. Every method stops
// when its context ends.
//
// Values that a reveal returned are personal data on the caller's side from then on (UU PDP art. 35): show them for
// Revealed.RemaskAfter, keep them nowhere. The server has their disclosure in its log before they are sent.
package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Options says which server to speak to, and how.
type Options struct {
	Address  string // origin of the server, such as https://amanah.example; plain http on loopback only
	Key      string // key of an API client; empty for programs that act by a session alone
	Language string // "id" or "en": the language of Error.Title; empty leaves it to the server

	HTTP      *http.Client  // nil: one with a timeout of 30 seconds; its CheckRedirect is not used
	MaxAnswer int64         // bytes of an answer; 0 is 8 MiB
	Attempts  int           // how often a call is sent at most; 0 is 4, 1 never repeats
	Pause     time.Duration // before the first repetition when the server names no time; 0 is 200 ms, doubled each time
	UserAgent string        // empty: amanah-go
}

// Client is a credential for one server. Make one with New.
type Client struct {
	base      string
	key       string
	session   string
	language  string
	agent     string
	http      *http.Client
	maxAnswer int64
	attempts  int
	pause     time.Duration
}

// Limits of what a client waits for.
const (
	defaultTimeout  = 30 * time.Second
	defaultAnswer   = 8 << 20
	defaultAttempts = 4
	defaultPause    = 200 * time.Millisecond
	longestPause    = 30 * time.Second // a server that asks for more gets its error passed on
)

// New makes a Client. It sends nothing.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.Address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("client: the address is an origin, such as https://amanah.example")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, errors.New("client: the address wants https; plain http is taken on loopback only")
	}
	h := http.Client{Timeout: defaultTimeout}
	if o.HTTP != nil {
		h = *o.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		base: u.Scheme + "://" + u.Host + "/api/v1", key: o.Key, language: o.Language, agent: o.UserAgent, http: &h,
		maxAnswer: o.MaxAnswer, attempts: o.Attempts, pause: o.Pause,
	}
	if c.agent == "" {
		c.agent = "amanah-go"
	}
	if c.maxAnswer <= 0 {
		c.maxAnswer = defaultAnswer
	}
	if c.attempts <= 0 {
		c.attempts = defaultAttempts
	}
	if c.pause <= 0 {
		c.pause = defaultPause
	}
	return c, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// As returns a Client that acts for the member of staff whose session token this is.
func (c *Client) As(token string) *Client {
	other := *c
	other.session = token
	return &other
}

// call is one operation on its way.
type call struct {
	method string
	path   string // below /api/v1, already escaped
	query  url.Values
	in     any       // JSON body; nil for none
	media  string    // of the body; "" is application/json
	key    string    // Idempotency-Key
	repeat bool      // sending it twice does no more than once
	alone  bool      // nobody asked for it: the session idles out all the same
	from   io.Reader // the body, in place of in
	to     io.Writer // takes the member copy of the answer
}

// because is the body of what needs a reason and nothing else.
type because struct {
	Reason string `json:"reason"`
}

// path joins parts, escaping those that come from callers. A part that is empty or would be a step in the tree is
// refused before anything is sent: "/interactions//reveal" must never reach another operation.
func path(format string, parts ...string) (string, error) {
	args := make([]any, len(parts))
	for i, p := range parts {
		if p == "" || p == "." || p == ".." {
			return "", errors.New("client: an id is missing")
		}
		args[i] = url.PathEscape(p)
	}
	return fmt.Sprintf(format, args...), nil
}

// ask sends a call whose answer has a body.
func ask[T any](ctx context.Context, c *Client, k call, parts ...string) (out T, err error) {
	if k.path, err = path(k.path, parts...); err != nil {
		return out, err
	}
	err = c.do(ctx, k, &out)
	return out, err
}

// tell sends a call whose answer is that it is done.
func (c *Client) tell(ctx context.Context, k call, parts ...string) (err error) {
	if k.path, err = path(k.path, parts...); err != nil {
		return err
	}
	return c.do(ctx, k, nil)
}

// do sends the call and reads the answer into out, which may be nil.
func (c *Client) do(ctx context.Context, k call, out any) error {
	var body []byte
	if k.in != nil {
		var err error
		if body, err = json.Marshal(k.in); err != nil {
			return errors.New("client: the request cannot be written as JSON")
		}
	}
	pause := c.pause
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, k, body, out)
		var e *Error
		if err == nil || !k.repeat || attempt >= c.attempts || !errors.As(err, &e) || e.Status != http.StatusTooManyRequests && e.Status != http.StatusServiceUnavailable {
			return err
		}
		wait := pause/2 + mathrand.N(pause/2+1) //nolint:gosec // a pause is no secret
		if e.RetryAfter > 0 {
			wait = e.RetryAfter + mathrand.N(c.pause) //nolint:gosec // likewise
		}
		if wait > longestPause {
			return err
		}
		pause *= 2
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		case <-timer.C:
		}
	}
}

func (c *Client) once(ctx context.Context, k call, body []byte, out any) error {
	address := c.base + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	if k.from != nil {
		reader = k.from
	}
	r, err := http.NewRequestWithContext(ctx, k.method, address, reader)
	if err != nil {
		return errors.New("client: the request cannot be made")
	}
	h := r.Header
	h.Set("Accept", "application/json, application/problem+json")
	h.Set("User-Agent", c.agent)
	if reader != nil {
		h.Set("Content-Type", "application/json")
		if k.media != "" {
			h.Set("Content-Type", k.media)
		}
	}
	if c.language != "" {
		h.Set("Accept-Language", c.language)
	}
	switch {
	case c.key != "":
		h.Set("Authorization", "Bearer "+c.key)
		if c.session != "" {
			h.Set("Amanah-On-Behalf-Of", c.session)
		}
	case c.session != "":
		h.Set("Authorization", "Bearer "+c.session)
	}
	if k.key != "" {
		h.Set("Idempotency-Key", k.key)
	}
	if k.alone {
		h.Set("Amanah-Background", "1")
	}
	sender := *c.http
	if k.from != nil {
		sender.Timeout = 0 // as long as the context lets it
	}
	answer, err := sender.Do(r)
	if err != nil {
		// The text of net/http quotes the address with its query; what is kept is what went wrong.
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("client: %s %s: %w", k.method, pattern(k.path), err)
	}
	defer func() { _ = answer.Body.Close() }()
	from := io.Reader(answer.Body)
	if k.to != nil && answer.StatusCode == http.StatusOK {
		from = &apart{from: bufio.NewReader(answer.Body), to: k.to}
	}
	text, err := io.ReadAll(io.LimitReader(from, c.maxAnswer+1))
	if err != nil {
		return fmt.Errorf("client: %s %s: the answer broke off: %w", k.method, pattern(k.path), err)
	}
	if int64(len(text)) > c.maxAnswer {
		return ErrTooLarge
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return problem(answer, text)
	}
	if out == nil || answer.StatusCode == http.StatusNoContent {
		return nil
	}
	if m, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || m != "application/json" {
		return fmt.Errorf("client: %s %s: the answer is no JSON; is this an Amanah server?", k.method, pattern(k.path))
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("client: %s %s: the answer cannot be read", k.method, pattern(k.path)) // the decoder's text quotes it
	}
	return nil
}

// pattern is a path without its id, for errors.
func pattern(p string) string {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		if strings.Contains(part, "_") && i == 2 {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// repeatKey is the Idempotency-Key of a call: the caller's, or a random one that covers this call's own repetitions.
func repeatKey(given string) string {
	if given != "" {
		return given
	}
	return rand.Text()
}

// errStopped is the cause of a Beat that its owner stopped.
var errStopped = errors.New("client: stopped")

// temporary reports whether the server asked to come again.
func temporary(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusTooManyRequests || e.Status >= 500)
}

// ErrTooLarge says that an answer was larger than Options.MaxAnswer; nothing of it was kept.
var ErrTooLarge = errors.New("client: the answer is larger than allowed")

// Error is a refusal of the server, made of its problem+json (RFC 9457).
type Error struct {
	Status int               // HTTP status
	Code   string            // one word, the same in the audit trail: "gate.level_too_low"; "" when a proxy answered
	Trace  string            // names the request in the server's log
	Title  string            // what happened, in the language of the request
	Titles map[string]string // what happened, by language: "id", "en"
	Next   map[string]string // what to do now, by language
	Say    map[string]string // the sentence to say to the customer, by language; nil outside of calls
	Faults []Fault           // what is wrong with the request, by place
	// RetryAfter is how long the server asks to wait; 0 when it does not say.
	RetryAfter time.Duration
}

// Fault is one thing wrong with a request: a place, such as body.reason, and a word, such as required.
type Fault struct {
	Location string `json:"location"`
	Reason   string `json:"reason"`
}

// Error names the code, the trace and the title. None of them holds a value of the request.
func (e *Error) Error() string {
	if e.Code == "" {
		return "client: the server answered " + strconv.Itoa(e.Status)
	}
	return "client: " + e.Code + " (" + strconv.Itoa(e.Status) + ", " + e.Trace + "): " + e.Title
}

// Code is the code of a refusal, or "" when err is none.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func problem(answer *http.Response, text []byte) error {
	e := &Error{Status: answer.StatusCode, Trace: answer.Header.Get("Amanah-Trace")}
	if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && s >= 0 && s < 1<<20 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	if m, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || m != "application/problem+json" {
		return e
	}
	var p problemJSON
	if json.Unmarshal(text, &p) == nil {
		e.Code, e.Trace, e.Title, e.Titles, e.Next, e.Say, e.Faults = p.Code, p.Trace, p.Title, p.Titles, p.Next, p.Say, p.Errors
	}
	return e
}

// problemJSON is the Problem of the OpenAPI document.
type problemJSON struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Code   string            `json:"code"`
	Trace  string            `json:"trace_id"`
	Titles map[string]string `json:"titles"`
	Next   map[string]string `json:"next"`
	Say    map[string]string `json:"say"`
	Errors []Fault           `json:"errors"`
}

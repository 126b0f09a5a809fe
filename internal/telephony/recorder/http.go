package recorder

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/telephony"
)

// Request is what a recorder that is reached over HTTP is told: ids alone. A request that is repeated with the same action and
// span is the same one.
type Request struct {
	Action      string `json:"action"` // pause or resume
	Span        string `json:"span"`
	Interaction string `json:"interaction"`
	Staff       string `json:"staff"`
	Contact     string `json:"contact,omitempty"` // what the exchange calls the contact
}

// Actions of a Request.
const (
	PauseAction  = "pause"
	ResumeAction = "resume"
)

// Again is how long to wait before a recorder that is still working is asked whether it has finished.
const Again = 100 * time.Millisecond

// Web is a recorder, or whatever stands before one, that is reached by requests signed as our hooks are.
//
// 200 and 204 acknowledge; 202 and 425 say that it is still working, so the same request is sent again until the time is over:
// a pause is no fact before it is confirmed. 404 and 410 mean that there is no such call, and whatever else below 500 refuses.
type Web struct {
	URL string
	Key []byte
	// Vendor is set where the requests are a vendor's own; then URL is its, and Key is its secret.
	Vendor *Vendor
	// Now is the time of a signature, Wait waits before the same is asked again, and Dial opens a connection; nil means the
	// machine's own.
	Now  func() time.Time
	Wait telephony.Wait
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Pause implements Recorder.
func (w Web) Pause(ctx context.Context, t Target) error { return w.ask(ctx, PauseAction, t) }

// Resume implements Recorder.
func (w Web) Resume(ctx context.Context, t Target) error { return w.ask(ctx, ResumeAction, t) }

func (w Web) ask(ctx context.Context, action string, t Target) error {
	request, err := w.maker(action, t)
	if err != nil {
		return err
	}
	wait := w.Wait
	if wait == nil {
		wait = telephony.Sleep
	}
	var reached atomic.Bool // a connection may still be dialled when nobody waits for it any more
	dial := w.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dial(ctx, network, address)
				if err == nil {
					reached.Store(true)
				}
				return c, err
			}},
	}
	v := ours
	if w.Vendor != nil {
		v = *w.Vendor
	}
	working := false // what it refuses afterwards may be done all the same
	for {
		status, err := send(ctx, client, request)
		switch {
		case err != nil && !reached.Load():
			return errUnasked
		case err != nil, status >= 500:
			return errSilent
		case slices.Contains(v.Done, status):
			return nil
		case !slices.Contains(v.Working, status) && working:
			return errSilent
		case slices.Contains(v.Gone, status):
			return errGone
		case !slices.Contains(v.Working, status):
			return errSaysNo
		}
		working = true
		if wait(ctx, Again) != nil {
			return errSilent // it is still working, and nobody knows how long
		}
	}
}

// ours are the statuses of our own requests.
var ours = Vendor{Done: []int{http.StatusOK, http.StatusNoContent}, Working: []int{http.StatusAccepted, http.StatusTooEarly}, Gone: []int{http.StatusNotFound, http.StatusGone}}

// maker makes the request anew each time it is sent: a signature has its time.
func (w Web) maker(action string, t Target) (func(ctx context.Context) (*http.Request, error), error) {
	if w.Vendor != nil {
		method, address, media, body, headers, err := w.Vendor.request(action, t, string(w.Key))
		return func(ctx context.Context) (*http.Request, error) {
			r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
			if err == nil {
				for name, value := range headers {
					r.Header.Set(name, value)
				}
				if media != "" {
					r.Header.Set("Content-Type", media)
				}
			}
			return r, err
		}, err
	}
	body, err := json.Marshal(Request{action, t.Span, t.Interaction, t.Staff, t.Contact})
	if err != nil {
		return nil, errUnasked
	}
	now := w.Now
	if now == nil {
		now = time.Now
	}
	return func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set(telephony.SignatureHeader, telephony.Sign(now(), body, w.Key))
		}
		return r, err
	}, nil
}

func send(ctx context.Context, client *http.Client, request func(ctx context.Context) (*http.Request, error)) (int, error) {
	r, err := request(ctx)
	if err != nil {
		return 0, err
	}
	r.Header.Set("User-Agent", "amanah")
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	return answer.StatusCode, nil
}

// Package walk serves one call through the REST API of a running demonstration, as an engineer's program would: it signs
// in, takes a call, is refused before the caller is verified, lets the customer confirm a number on the customer page,
// compares, reveals, ends the call, and is refused again. It uses nothing but HTTP, so what it can do any program
// with the same key can do, and what it is refused every program is refused. It promises to stop at the first step
// that does not answer as it should, and to name that step; the reader of its output sees the product's rules at work.
// It knows fictional people only.
package walk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// walker serves one call through the API of a running demonstration, as an engineer's program would.
type walker struct {
	Options
	token string
	http  *http.Client
	step  string
	steps []Step
}

// Step is one thing that was done and what came of it.
type Step struct {
	What   string `json:"what"`
	Answer string `json:"answer"`
}

// Options say which demonstration, and as whom.
type Options struct {
	URL        string // of the demonstration, without a slash at the end
	Login      string
	Password   string
	Code       func(at time.Time) (string, error) // the login's second factor
	Clock      func() time.Time
	Controller string        // whose customer calls
	Caller     string        // the caller's number
	Text       *i18n.Printer // in which language the steps are told
	Each       func(Step)    // called after each step; may be nil
}

// Walk serves the call. The error is a plain one that names no value; step is where it stopped.
func Walk(ctx context.Context, o Options) (steps []Step, step string, err error) {
	w := &walker{Options: o, http: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	err = w.serve(ctx)
	return w.steps, w.step, err
}

// call sends JSON and reads JSON. A problem of the expected status is no error: its code and sentence are returned.
func (w *walker) call(ctx context.Context, method, path string, in, out any, expect int) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, w.URL+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept-Language", string(w.Text.Lang()))
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	answer, err := w.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode != expect {
		var p struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(text, &p)
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, p.Code)
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, out)
}

// say tells a step: the text of a key, and what came of it.
func (w *walker) say(key, answer string) {
	what := w.Text.T("command.walk_"+key, "login", w.Login)
	w.steps = append(w.steps, Step{what, answer})
	if w.Each != nil {
		w.Each(Step{what, answer})
	}
}

func (w *walker) refused(code string) string { return w.Text.T("command.walk_refused", "code", code) }

// serve is the call, step by step.
func (w *walker) serve(ctx context.Context) error {
	w.step = "sign-in"
	code, err := w.Code(w.Clock())
	if err != nil {
		return err
	}
	var signed struct {
		Token string `json:"token"`
	}
	err = w.call(ctx, "POST", "/sessions", map[string]string{"login": w.Login, "password": w.Password, "code": code}, &signed, 201)
	if err != nil && strings.Contains(err.Error(), "401") {
		// A code is good once. Walked twice in half a minute, the second walk waits for the next one.
		now := w.Clock()
		w.say("waits", "")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(now.Truncate(30 * time.Second).Add(31 * time.Second).Sub(now)):
		}
		if code, err = w.Code(w.Clock()); err != nil {
			return err
		}
		err = w.call(ctx, "POST", "/sessions", map[string]string{"login": w.Login, "password": w.Password, "code": code}, &signed, 201)
	}
	if err != nil {
		return err
	}
	w.token = signed.Token
	w.say("signs_in", w.Text.T("command.walk_session"))

	w.step = "purpose"
	var purposes struct {
		Purposes []struct {
			ID, Slug string
		} `json:"purposes"`
	}
	if err := w.call(ctx, "GET", "/purposes?controller="+w.Controller, nil, &purposes, 200); err != nil {
		return err
	}
	purpose := ""
	for _, p := range purposes.Purposes {
		if p.Slug == "order_status" {
			purpose = p.ID
		}
	}

	w.step = "call"
	var opened struct {
		ID string `json:"id"`
	}
	if err := w.call(ctx, "POST", "/interactions", map[string]string{"controller": w.Controller, "channel": "phone", "direction": "inbound", "queue": "layanan"}, &opened, 201); err != nil {
		return err
	}
	itx := "/interactions/" + opened.ID
	if err := w.call(ctx, "POST", itx+"/heartbeat", nil, nil, 204); err != nil {
		return err
	}
	if err := w.call(ctx, "POST", itx+"/purpose", map[string]string{"purpose": purpose, "language": "id"}, nil, 204); err != nil {
		return err
	}
	w.say("call", opened.ID)

	w.step = "identify"
	var found struct {
		Hits []struct {
			Subject string
			Values  []struct{ Field, Text string }
		}
	}
	if err := w.call(ctx, "POST", itx+"/search", map[string]string{"by": "phone", "value": w.Caller}, &found, 200); err != nil {
		return err
	}
	if len(found.Hits) == 0 || len(found.Hits[0].Values) == 0 {
		return fmt.Errorf("the caller was not found")
	}
	w.say("finds", found.Hits[0].Values[0].Text)
	if err := w.call(ctx, "PUT", itx+"/subject", map[string]string{"subject": found.Hits[0].Subject}, nil, 204); err != nil {
		return err
	}

	w.step = "refusal"
	ask := map[string]any{"fields": []string{"name"}, "reason": "memastikan nama penerima"}
	var refused struct {
		Code string            `json:"code"`
		Say  map[string]string `json:"say"`
	}
	if err := w.call(ctx, "POST", itx+"/reveal", ask, &refused, 403); err != nil {
		return err
	}
	w.say("asks", w.refused(refused.Code))
	if say := refused.Say[string(w.Text.Lang())]; say != "" {
		w.say("sentence", say)
	}

	w.step = "verification"
	var attempt struct {
		Number int `json:"number"`
	}
	if err := w.call(ctx, "POST", itx+"/verification/link", map[string]string{}, &attempt, 201); err != nil {
		return err
	}
	w.say("link", fmt.Sprintf("%02d", attempt.Number))
	if err := w.customer(ctx, attempt.Number); err != nil {
		return err
	}
	var level struct {
		Level int `json:"level"`
	}
	if err := w.call(ctx, "GET", itx+"/verification", nil, &level, 200); err != nil {
		return err
	}
	w.say("confirms", w.Text.T("command.walk_level", "level", level.Level))

	w.step = "compare"
	var compared struct{ Match bool }
	if err := w.call(ctx, "POST", itx+"/compare", map[string]string{"field": "phone", "said": w.Caller}, &compared, 200); err != nil {
		return err
	}
	w.say("compares", w.Text.T("command.walk_match_"+strconv.FormatBool(compared.Match)))

	w.step = "reveal"
	var revealed struct {
		Values  []struct{ Field, Text string }
		Left    int
		Receipt struct {
			Leaf uint64 `json:"leaf"`
		}
	}
	if err := w.call(ctx, "POST", itx+"/reveal", ask, &revealed, 200); err != nil {
		return err
	}
	if len(revealed.Values) == 0 {
		return fmt.Errorf("nothing was revealed")
	}
	w.say("asks_again", w.Text.T("command.walk_entry", "value", revealed.Values[0].Text, "entry", strconv.FormatUint(revealed.Receipt.Leaf, 10)))

	w.step = "wrap-up"
	if err := w.call(ctx, "POST", itx+"/move", map[string]string{"move": "disconnect"}, nil, 204); err != nil {
		return err
	}
	if err := w.call(ctx, "POST", itx+"/seal", map[string]string{"disposition": "resolved"}, nil, 204); err != nil {
		return err
	}
	w.say("ends", w.Text.T("command.walk_revoked"))
	w.step = "after the call"
	if err := w.call(ctx, "POST", itx+"/reveal", ask, &refused, 403); err != nil {
		return err
	}
	w.say("asks_once_more", w.refused(refused.Code))
	w.step = "sign-out"
	return w.call(ctx, "DELETE", "/sessions/current", nil, nil, 204)
}

var linkForm = regexp.MustCompile(`/v/[A-Za-z0-9_\-.~]+`)

// customer opens the newest link in the demonstration's inbox and confirms the number, as a browser would.
func (w *walker) customer(ctx context.Context, number int) error {
	link := ""
	for range 50 {
		text, _, err := w.page(ctx, "GET", "/demo/inbox", nil, nil)
		if err != nil {
			return err
		}
		if link = linkForm.FindString(text); link != "" {
			if page, _, err := w.page(ctx, "GET", link, nil, nil); err == nil && strings.Contains(page, "/open") {
				break
			}
		}
		link = ""
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	if link == "" {
		return fmt.Errorf("no message arrived in the demonstration's inbox")
	}
	_, cookies, err := w.page(ctx, "POST", link+"/open", url.Values{}, nil)
	if err != nil {
		return err
	}
	_, _, err = w.page(ctx, "POST", link+"/answer", url.Values{"answer": {fmt.Sprintf("%02d", number)}}, cookies)
	return err
}

// page fetches a page or posts a form.
func (w *walker) page(ctx context.Context, method, path string, form url.Values, cookies []*http.Cookie) (string, []*http.Cookie, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, w.URL+path, body)
	if err != nil {
		return "", nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer, err := w.http.Do(r)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode >= 400 {
		err = fmt.Errorf("%s of the customer's page: %d", method, answer.StatusCode)
	}
	return string(text), answer.Cookies(), err
}

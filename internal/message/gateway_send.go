package message

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Gateway hands texts over to a provider of SMS or WhatsApp, or to the company's push service, by HTTP, as its Definition says.
type Gateway struct {
	Definition *Definition
	// Secret is the provider's key for this company, read when needed.
	Secret func() (string, error)
	// Sign makes the HMAC-SHA-256 of parts under the key of the provider's reports; nil means
	// that no report is believed.
	Sign func(parts ...[]byte) ([]byte, error)
	// TLS is for tests and for networks with an own authority; nil means the system's.
	TLS *tls.Config
}

// client never follows the provider elsewhere: a redirect would carry number and text along.
func (g *Gateway) client() *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if g.TLS != nil {
		config = g.TLS.Clone()
	}
	// Connections are not kept: a provider is asked now and then, and a connection that its
	// other end has closed would cost an attempt.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, DisableKeepAlives: true, MaxResponseHeaderBytes: maxAnswer}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Send asks the provider to send one text. Of its answer only the status and the words of
// the definition are read: providers like to quote the number.
func (g *Gateway) Send(ctx context.Context, t Text) (string, error) {
	if err := checkAddress(t.Channel, t.To); err != nil {
		return "", err
	}
	secret, err := g.Secret()
	if err != nil {
		return "", err
	}
	body, kind, headers, err := g.Definition.request(t, secret)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, g.Definition.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, g.Definition.Method, g.Definition.url.String(), bytes.NewReader(body))
	if err != nil {
		return "", errNotMade
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "amanah")
	answer, err := g.client().Do(r)
	if err != nil {
		return "", errs.New(errs.Unavailable, "message.gateway_unreachable")
	}
	defer answer.Body.Close() //nolint:errcheck // what counts was read before
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", errs.New(errs.Unavailable, "message.gateway_broken_off")
	}
	return g.Definition.judge(answer.StatusCode, said)
}

// judge turns the provider's answer into ours.
func (d *Definition) judge(status int, said []byte) (string, error) {
	switch {
	case slices.Contains(d.Success, status):
	case slices.Contains(d.Permanent, status):
		return "", errs.New(errs.Invalid, "message.gateway_refused").With("answer", status)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "", errs.New(errs.Unavailable, "message.gateway_sign_in_failed")
	case status == http.StatusTooManyRequests:
		return "", errs.New(errs.TooMany, "message.gateway_later").With("answer", status)
	default:
		return "", errs.New(errs.Unavailable, "message.gateway_later").With("answer", status)
	}
	if d.Answer.ID == "" && d.Answer.State == "" {
		return "", nil
	}
	doc := document(said)
	if d.Answer.State != "" {
		switch state := at(doc, d.Answer.State); {
		case slices.Contains(d.Answer.Accepted, state):
		case slices.Contains(d.Answer.Permanent, state):
			return "", errs.New(errs.Invalid, "message.gateway_refused").With("answer", status)
		default:
			return "", errs.New(errs.Unavailable, "message.gateway_later").With("answer", status)
		}
	}
	return at(doc, d.Answer.ID), nil
}

// document reads one JSON document; nil when it is none.
func document(text []byte) any {
	var doc any
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	if in.Decode(&doc) != nil {
		return nil
	}
	return doc
}

// Report is what a provider says became of one message: by our id, or by the receipt of Send.
type Report struct {
	ID        string
	Delivered bool
}

// Reporter is a sender whose provider reports later what became of a message.
type Reporter interface {
	// Reports reads a report after checking that the provider made it, and lately.
	Reports(header http.Header, body []byte, now time.Time) ([]Report, error)
}

var errReport = errs.New(errs.Denied, "message.report_not_signed")

// Reports reads a signed report. States that are neither delivery nor failure (queued, sent,
// read by nobody yet) say nothing.
func (g *Gateway) Reports(h http.Header, body []byte, now time.Time) ([]Report, error) {
	s := g.Definition.Status
	if s == nil || g.Sign == nil {
		return nil, errReport
	}
	parts := [][]byte{body}
	if s.Timestamp != "" {
		stamp := h.Get(s.Timestamp)
		second, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return nil, errReport
		}
		if age := now.Sub(time.Unix(second, 0)); age > StatusWindow || age < -StatusWindow {
			return nil, errs.New(errs.Denied, "message.report_too_old")
		}
		parts = [][]byte{[]byte(stamp + "."), body}
	}
	want, err := g.Sign(parts...)
	if err != nil {
		return nil, err
	}
	given, ok := strings.CutPrefix(h.Get(s.Signature), s.Prefix)
	if !ok || subtle.ConstantTimeCompare(unpack(s.Encoding, given), want) != 1 {
		return nil, errReport
	}
	doc := document(body)
	if form, err := url.ParseQuery(string(body)); doc == nil && err == nil {
		flat := map[string]any{}
		for name := range form {
			flat[name] = form.Get(name)
		}
		doc = flat
	}
	var out []Report
	for _, item := range follow(doc, s.Items) {
		id, state := at(item, s.ID), at(item, s.State)
		switch {
		case id == "":
		case slices.Contains(s.Delivered, state):
			out = append(out, Report{ID: id, Delivered: true})
		case slices.Contains(s.Failed, state):
			out = append(out, Report{ID: id})
		}
	}
	return out, nil
}

func unpack(encoding, text string) []byte {
	var raw []byte
	var err error
	if encoding == "base64" {
		raw, err = base64.StdEncoding.DecodeString(text)
	} else {
		raw, err = hex.DecodeString(text)
	}
	if err != nil {
		return nil
	}
	return raw
}

var errNotMade = errs.New(errs.Invalid, "message.gateway_not_made")

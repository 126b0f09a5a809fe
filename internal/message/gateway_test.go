package message

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

const definition = `version: 1
url: https://sms.example/v1
headers: {X-Key: '{secret}', Authorization: 'Basic {basic}'}
body: {to: '{to}', text: '{text}'}
answer: {id: messages.0.id, state: messages.0.status, accepted: ['0'], permanent: ['6']}
status:
  signature: X-Signature
  prefix: sha256=
  timestamp: X-Time
  items: reports.*
  id: message.id
  state: message.state
  delivered: [delivered, read]
  failed: [failed]
`

func load(t *testing.T, text string) *Definition {
	t.Helper()
	d, err := LoadDefinition([]byte(text))
	if err != nil {
		t.Fatal(err, errs.Of(err).Args)
	}
	return d
}

func TestWhatIsWrongWithAGatewaysDescriptionIsNamed(t *testing.T) {
	change := func(from, to string) string {
		if !strings.Contains(definition, from) {
			t.Fatalf("%q is not in the definition", from)
		}
		return strings.Replace(definition, from, to, 1)
	}
	for name, c := range map[string]struct{ text, code, where string }{
		"an unknown word":               {change("body:", "boddy:"), "message.gateway_file", ""},
		"no YAML":                       {"{", "message.gateway_file", ""},
		"far too long":                  {strings.Repeat("#", maxDefinition+1), "message.gateway_file", ""},
		"another version":               {change("version: 1", "version: 2"), "message.gateway_number", "version"},
		"an address without encryption": {change("https:", "http:"), "message.gateway_url", ""},
		"an address with a name":        {change("https://", "https://me:key@"), "message.gateway_url", ""},
		"an address with the number":    {change("/v1", "/v1/{to}"), "message.gateway_url", ""},
		"no address":                    {change("https://sms.example/v1", "''"), "message.gateway_url", ""},
		"a method that sends nothing":   {change("version: 1", "version: 1\nmethod: get"), "message.gateway_body", "method"},
		"a header of the request":       {change("X-Key", "content-length"), "message.gateway_header", "headers.content-length"},
		"a header that is none":         {change("X-Key", "'X: y'"), "message.gateway_header", "headers.X: y"},
		"a header of two lines":         {change("'{secret}'", `"a\nb"`), "message.gateway_header", "headers.X-Key"},
		"the number in a header":        {change("'{secret}'", "'{to}'"), "message.gateway_hole", "headers.X-Key"},
		"a hole that is none":           {change("{text}", "{txt}"), "message.gateway_hole", "body"},
		"a brace alone":                 {change("{text}", "{text"), "message.gateway_hole", "body"},
		"an argument without a name":    {change("{text}", "{arg.}"), "message.gateway_hole", "body"},
		"a format unknown":              {change("version: 1", "version: 1\nformat: xml"), "message.gateway_body", "format"},
		"a form that is a list":         {change("version: 1", "version: 1\nformat: form") + "templates: {desk.resend: [a]}\n", "message.gateway_body", "templates.desk.resend"},
		"a number in a form":            {strings.Replace(change("version: 1", "version: 1\nformat: form"), "'{text}'", "7", 1), "message.gateway_body", "body"},
		"no body":                       {change("body: {to: '{to}', text: '{text}'}", ""), "message.gateway_body", "body"},
		"a hole in a template":          {definition + "templates: {desk.resend: {a: ['{nothing}']}}\n", "message.gateway_hole", "templates.desk.resend"},
		"a timeout too long":            {definition + "timeout: 1h\n", "message.gateway_number", "timeout"},
		"a success that is none":        {definition + "success: [404]\n", "message.gateway_number", "success"},
		"a failure that is none":        {definition + "permanent: [200]\n", "message.gateway_number", "permanent"},
		"a path that is none":           {change("messages.0.id", "'messages[0].id'"), "message.gateway_path", "answer.id"},
		"a path to many":                {change("messages.0.status", "messages.*.status"), "message.gateway_path", "answer.state"},
		"a state without words":         {change(", accepted: ['0']", ""), "message.gateway_path", "answer.accepted"},
		"reports without a signature":   {change("signature: X-Signature", "signature: ''"), "message.gateway_path", "status.signature"},
		"a time header that is none":    {change("X-Time", "'X Time'"), "message.gateway_path", "status.timestamp"},
		"a code unknown":                {change("prefix: sha256=", "encoding: rot13"), "message.gateway_path", "status.encoding"},
		"reports nowhere":               {change("reports.*", "'..'"), "message.gateway_path", "status.items"},
		"reports of nothing":            {change("id: message.id", "id: ''"), "message.gateway_path", "status.id"},
		"reports without a state":       {change("state: message.state", "state: ''"), "message.gateway_path", "status.state"},
		"no word for delivered":         {change("[delivered, read]", "[]"), "message.gateway_path", "status.delivered"},
		"no word for failed":            {change("failed: [failed]", "failed: []"), "message.gateway_path", "status.failed"},
	} {
		_, err := LoadDefinition([]byte(c.text))
		where, _ := errs.Of(err).Args["where"].(string)
		if errs.CodeOf(err) != c.code || where != c.where {
			t.Errorf("%s: %v at %q", name, err, where)
		}
	}
	load(t, strings.Replace(definition, "https://sms.example", "http://127.0.0.1:1", 1))
}

func TestWhatAProviderAnswersIsReadAsTheDescriptionSays(t *testing.T) {
	d := load(t, definition)
	for name, c := range map[string]struct {
		status  int
		said    string
		receipt string
		code    string
		kind    errs.Kind
	}{
		"taken":                    {200, `{"messages":[{"id":"m1","status":0}]}`, "m1", "", ""},
		"taken, the id a number":   {201, `{"messages":[{"id":17,"status":"0"}]}`, "17", "", ""},
		"taken without an id":      {202, `{"messages":[{"status":"0"}]}`, "", "", ""},
		"refused under status 200": {200, `{"messages":[{"status":"6"}]}`, "", "message.gateway_refused", errs.Invalid},
		"another state":            {200, `{"messages":[{"status":"1"}]}`, "", "message.gateway_later", errs.Unavailable},
		"no state":                 {200, `{"messages":[]}`, "", "message.gateway_later", errs.Unavailable},
		"no JSON":                  {200, `<html>`, "", "message.gateway_later", errs.Unavailable},
		"refused":                  {404, ``, "", "message.gateway_refused", errs.Invalid},
		"wrong secret":             {401, ``, "", "message.gateway_sign_in_failed", errs.Unavailable},
		"not allowed":              {403, ``, "", "message.gateway_sign_in_failed", errs.Unavailable},
		"too many":                 {429, ``, "", "message.gateway_later", errs.TooMany},
		"elsewhere":                {302, ``, "", "message.gateway_later", errs.Unavailable},
		"broken":                   {500, ``, "", "message.gateway_later", errs.Unavailable},
	} {
		receipt, err := d.judge(c.status, []byte(c.said))
		if receipt != c.receipt || errs.CodeOf(err) != c.code || errs.KindOf(err) != c.kind {
			t.Errorf("%s: %q %v", name, receipt, err)
		}
	}
}

func TestARequestIsMadeOfTheTemplatesPartsAndNeverFollowedElsewhere(t *testing.T) {
	var asked []*http.Request
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r)
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	text := `version: 1
url: ` + server.URL + `
method: put
headers: {X-Key: '{secret}', Authorization: 'Basic {basic}'}
templates:
  desk.resend: {to: '{to}', name: '{template}', lang: '{lang}', parts: ['{arg.company}', '{arg.time}']}
`
	g := &Gateway{Definition: load(t, text), Secret: func() (string, error) { return "sid:token", nil }}
	one := Text{ID: "msg_1", Channel: WhatsApp, To: "+6281277774321", Template: "desk.resend", Lang: "id", Args: map[string]string{"company": `"}]} {to}`, "time": "10.30"}}
	body, _, headers, err := g.Definition.request(one, "sid:token")
	if err != nil || string(body) != `{"lang":"id","name":"desk.resend","parts":["\"}]} {to}","10.30"],"to":"+6281277774321"}` {
		t.Errorf("%s %v", body, err)
	}
	if headers["Authorization"] != "Basic "+base64.StdEncoding.EncodeToString([]byte("sid:token")) || headers["X-Key"] != "sid:token" {
		t.Errorf("%v", headers)
	}
	if _, err := g.Send(t.Context(), one); errs.CodeOf(err) != "message.gateway_later" || elsewhere != 0 || len(asked) != 1 || asked[0].Method != "PUT" || asked[0].Header.Get("X-Key") != "sid:token" {
		t.Errorf("%v, elsewhere %d", err, elsewhere)
	}
	for name, change := range map[string]func(*Text, *Gateway){
		"a template without a form": func(t *Text, _ *Gateway) { t.Template = "message.verification" },
		"an argument that is not":   func(t *Text, _ *Gateway) { t.Args = map[string]string{"company": "Bank"} },
		"a secret of two lines":     func(_ *Text, g *Gateway) { g.Secret = func() (string, error) { return "a\r\nb: c", nil } },
	} {
		changed, own := one, *g
		change(&changed, &own)
		if _, err := own.Send(t.Context(), changed); errs.CodeOf(err) != "message.gateway_not_made" {
			t.Errorf("%s: %v", name, err)
		}
	}
	g.Secret = func() (string, error) { return "", errs.New(errs.Unavailable, "message.no_sender") }
	if _, err := g.Send(t.Context(), one); errs.CodeOf(err) != "message.no_sender" || len(asked) != 1 {
		t.Errorf("%v, asked %d", err, len(asked))
	}
}

var key = []byte("shared")

func signed(stamp, body string) http.Header {
	return http.Header{"X-Time": {stamp}, "X-Signature": {"sha256=" + hex.EncodeToString(keyring.Signature(key, []byte(stamp+"."+body)))}}
}

func TestAReportIsBelievedOnlySignedAndFresh(t *testing.T) {
	now := time.Unix(1_795_000_000, 0)
	const stamp, body = "1795000000", `{"reports":[{"message":{"id":"a","state":"read"}},{"message":{"id":"b","state":"failed"}},{"message":{"id":"c","state":"queued"}},{"message":{"state":"failed"}},7]}`
	g := &Gateway{Definition: load(t, definition), Sign: func(parts ...[]byte) ([]byte, error) { return keyring.Signature(key, parts...), nil }}
	got, err := g.Reports(signed(stamp, body), []byte(body), now)
	if err != nil || !slices.Equal(got, []Report{{"a", true}, {"b", false}}) {
		t.Errorf("%+v %v", got, err)
	}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		at     time.Time
		code   string
	}{
		"another body":       {signed(stamp, body), body + " ", now, "message.report_not_signed"},
		"another time":       {http.Header{"X-Time": {"1795000001"}, "X-Signature": signed(stamp, body)["X-Signature"]}, body, now, "message.report_not_signed"},
		"no time":            {http.Header{"X-Signature": signed(stamp, body)["X-Signature"]}, body, now, "message.report_not_signed"},
		"no signature":       {http.Header{"X-Time": {stamp}}, body, now, "message.report_not_signed"},
		"a signature of air": {http.Header{"X-Time": {stamp}, "X-Signature": {"sha256="}}, body, now, "message.report_not_signed"},
		"no hex":             {http.Header{"X-Time": {stamp}, "X-Signature": {"sha256=xyz"}}, body, now, "message.report_not_signed"},
		"replayed later":     {signed(stamp, body), body, now.Add(StatusWindow + time.Second), "message.report_too_old"},
		"of the future":      {signed(stamp, body), body, now.Add(-StatusWindow - time.Second), "message.report_too_old"},
	} {
		if got, err := g.Reports(c.header, []byte(c.body), c.at); errs.CodeOf(err) != c.code || got != nil {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	plain := load(t, strings.NewReplacer("  timestamp: X-Time\n", "", "  items: reports.*\n", "", "message.id", "id", "message.state", "state", "  prefix: sha256=\n", "  encoding: base64\n").Replace(definition))
	g.Definition = plain
	form := "id=a&state=failed"
	h := http.Header{"X-Signature": {base64.StdEncoding.EncodeToString(keyring.Signature(key, []byte(form)))}}
	if got, err := g.Reports(h, []byte(form), now); err != nil || !slices.Equal(got, []Report{{"a", false}}) {
		t.Errorf("%+v %v", got, err)
	}
	g.Sign = func(...[]byte) ([]byte, error) { return nil, errors.New("no key") }
	if _, err := g.Reports(h, []byte(form), now); err == nil {
		t.Error("believed without a key")
	}
	g.Sign = nil
	if _, err := g.Reports(h, []byte(form), now); errs.CodeOf(err) != "message.report_not_signed" {
		t.Error(err)
	}
}

// told is a sender whose reports the test makes.
type told struct {
	*outbox
	reports []Report
	err     error
}

func (s *told) Reports(http.Header, []byte, time.Time) ([]Report, error) { return s.reports, s.err }

func TestWhatAProviderReportsIsFinalAndChangesOnlyWhatWasSent(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		ctx := context.Background()
		by := &told{outbox: o}
		o.o.Senders[Email] = by
		send := func(receipt string) string {
			o.receipt = receipt
			m, err := o.queue(nil)
			o.must(err)
			o.work()
			if i := o.item(m); i.State != Sent {
				t.Fatalf("%+v", i)
			}
			return m
		}
		report := func(reports ...Report) error {
			by.reports = reports
			return o.Reported(ctx, Email, nil, nil)
		}
		first, second := send("wamid.62812"), send("")
		o.log.take()
		o.must(report(Report{ID: "wamid.62812", Delivered: true}, Report{ID: second}, Report{ID: "wamid.unknown"}, Report{ID: id.New(id.Message)}))
		if a, b := o.item(first), o.item(second); a.State != Delivered || b.State != Dead || b.Reason != "message.not_delivered" {
			t.Errorf("%+v %+v", a, b)
		}
		if got := o.log.take(); !slices.Equal(got, []string{"message.delivered done", "message.dead done message.not_delivered"}) {
			t.Error(got)
		}
		// Repeated, and turned round: nothing changes.
		o.must(report(Report{ID: first}, Report{ID: second, Delivered: true}))
		if a, b := o.item(first), o.item(second); a.State != Delivered || b.State != Dead || len(o.log.take()) != 0 {
			t.Errorf("%+v %+v", a, b)
		}
		dead, err := o.DeadLetters(ctx, o.admin)
		if err != nil || len(dead) != 1 || dead[0].ID != second {
			t.Errorf("%+v %v", dead, err)
		}
		// A report that overtakes the answer to the handing over is asked for again.
		third, err := o.queue(nil)
		o.must(err)
		_, _, _, _, err = o.take(ctx, third)
		o.must(err)
		if err := report(Report{ID: third, Delivered: true}); errs.CodeOf(err) != "message.report_early" || errs.KindOf(err) != errs.Unavailable {
			t.Error(err)
		}
		// Of another channel it is nobody's.
		o.o.Senders[SMS] = by
		by.reports = []Report{{ID: second, Delivered: true}}
		o.must(o.Reported(ctx, SMS, nil, nil))
		// The page takes it without a session, and tells no more than a status.
		by.reports, by.err = nil, errReport
		if w := o.desk.Do("", "POST", "/messages/status/email", "x"); w.Code != 403 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		by.err = nil
		if w := o.desk.Do("", "POST", "/messages/status/email", "x"); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := o.desk.Do("", "POST", "/messages/status/fax", "x"); w.Code != 403 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		for _, path := range []string{"/outbox/dead", "/api/v1/messages/dead"} {
			w := o.desk.Do("admin", "GET", path, "")
			if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, second) || strings.Contains(body, first) || strings.Contains(body, "kenarisari") || strings.Contains(body, "wamid") {
				t.Errorf("%s: %d %s", path, w.Code, body)
			}
		}
		o.must(o.Retry(ctx, o.admin, second))
		// Nothing of a provider's name for the message stands in the row.
		o.must(o.db.Read(ctx, func(tx *db.Tx) error {
			var kept string
			if err := tx.Data.Row(`select receipt from message_outbox where id = $1`, first).Scan(&kept); err != nil {
				return err
			}
			if len(kept) != 32 || strings.Contains(kept, "62812") {
				t.Errorf("kept %q", kept)
			}
			return nil
		}))
	})
}

func TestAContactIsReachedByThePreferredChannelThatThereIs(t *testing.T) {
	one := &Inbox{}
	for name, c := range map[string]struct {
		senders map[Channel]Sender
		prefer  Channel
		want    Channel
	}{
		"none":                {map[Channel]Sender{Email: one}, SMS, ""},
		"the only one":        {map[Channel]Sender{WhatsApp: one}, SMS, WhatsApp},
		"the preferred":       {map[Channel]Sender{SMS: one, WhatsApp: one}, WhatsApp, WhatsApp},
		"the other preferred": {map[Channel]Sender{SMS: one, WhatsApp: one}, SMS, SMS},
	} {
		s := &Service{Options{Senders: c.senders, Prefer: c.prefer}}
		if got := s.ChannelTo("phone"); got != c.want || s.Carries("phone") != (c.want != "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

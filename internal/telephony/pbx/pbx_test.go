package pbx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "pbx") }

// peer is the exchange's end of a connection, as the protocol describes it.
type peer struct {
	net.Conn
	t     *testing.T
	r     *bufio.Reader
	piece int // how many bytes go out at once; 0 is all
}

// exchange listens and plays one script for each connection, in their order; then it is away.
func exchange(t *testing.T, scripts ...func(p *peer)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, script := range scripts {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				script(&peer{Conn: c, t: t, r: bufio.NewReader(c)})
			})
		}
		_ = l.Close()
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return l.Addr().String()
}

func (p *peer) send(text string) {
	n := p.piece
	if n == 0 {
		n = len(text)
	}
	for len(text) > 0 {
		n = min(n, len(text))
		if _, err := io.WriteString(p.Conn, text[:n]); err != nil {
			return // the client has gone
		}
		text = text[n:]
	}
}

// message reads up to an empty line, whose end is \n or \r\n.
func (p *peer) message() []string {
	var out []string
	for {
		text, err := p.r.ReadString('\n')
		if err != nil {
			return nil
		}
		if text = strings.TrimRight(text, "\r\n"); text == "" {
			return out
		}
		out = append(out, text)
	}
}

// stays keeps the connection until the client closes it.
func (p *peer) stays() { _, _ = io.Copy(io.Discard, p.r) }

// hand fires timers by hand.
type hand struct {
	mu    sync.Mutex
	armed map[int]func()
	of    map[int]time.Duration
	n     int
	set   chan time.Duration
}

func newHand() *hand {
	return &hand{armed: map[int]func(){}, of: map[int]time.Duration{}, set: make(chan time.Duration, 1000)}
}

func (h *hand) after(d time.Duration, f func()) func() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
	at := h.n
	h.armed[at], h.of[at] = f, d
	h.set <- d
	return func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		_, was := h.armed[at]
		delete(h.armed, at)
		return was
	}
}

// fire lets the timers of this length run, which are waited for first.
func (h *hand) fire(d time.Duration) {
	for got := range h.set {
		if got != d {
			continue
		}
		h.mu.Lock()
		var run []func()
		for at, f := range h.armed {
			if h.of[at] == d {
				run = append(run, f)
				delete(h.armed, at)
			}
		}
		h.mu.Unlock()
		if len(run) > 0 {
			for _, f := range run {
				f()
			}
			return
		}
	}
}

func want(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || errs.Of(err).Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func next(t *testing.T, s Session) Document {
	t.Helper()
	d, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	banner  = "Asterisk Call Manager/9.0.0\r\n"
	hold    = "Event: Hold\r\nPrivilege: call,all\r\nUniqueid: 1.2\r\nLinkedid: 1.1\r\nMusicClass: a: b\r\n\r\n"
	success = "Response: Success\r\nActionID: amanah-login\r\nMessage: Authentication accepted\r\n\r\n"
)

func ami1(address string, h *hand) AMI {
	x := AMI{Address: address, Username: "amanah", Password: "rahasia"}
	if h != nil {
		x.After = h.after
	}
	return x
}

func TestAMILogsInAndGivesEventsHoweverTheirBytesAreCut(t *testing.T) {
	for _, piece := range []int{0, 1, 7} {
		address := exchange(t, func(p *peer) {
			p.piece = piece
			p.send(banner)
			login := p.message()
			if !slices.Equal(login, []string{"Action: Login", "ActionID: amanah-login", "Username: amanah", "Secret: rahasia", "Events: call,agent"}) {
				p.t.Errorf("%q", login)
			}
			// An event may come before the answer, and answers to others in between.
			p.send("Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n" + "Response: Error\r\nActionID: another\r\n\r\n" + success + hold + "\r\nResponse: Success\r\nPing: Pong\r\n\r\n" + hold)
			p.stays()
		})
		s, err := ami1(address, nil).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Version() != "Asterisk Call Manager/9.0.0" {
			t.Errorf("%q", s.Version())
		}
		if d := next(t, s); d["Event"] != "FullyBooted" {
			t.Errorf("%v", d)
		}
		for range 2 {
			if d := next(t, s); d["Event"] != "Hold" || d["Linkedid"] != "1.1" || d["MusicClass"] != "a: b" {
				t.Errorf("%v", d)
			}
		}
		_ = s.Close()
	}
}

func TestAMITellsABadPasswordFromAnExchangeThatIsAway(t *testing.T) {
	for name, c := range map[string]struct {
		script func(p *peer)
		code   string
	}{
		"bad password": {func(p *peer) {
			p.send(banner)
			p.message()
			p.send("Response: Error\r\nActionID: amanah-login\r\nMessage: Authentication failed\r\n\r\n")
		}, "pbx.login"},
		"another protocol":       {func(p *peer) { p.send("SSH-2.0-OpenSSH\r\n"); p.stays() }, "pbx.protocol"},
		"hangs up at once":       {func(*peer) {}, "pbx.protocol"},
		"hangs up at the login":  {func(p *peer) { p.send(banner); p.message() }, "pbx.closed"},
		"a line without end":     {func(p *peer) { p.send(strings.Repeat("x", maxLine+1)); p.stays() }, "pbx.protocol"},
		"a message without end":  {func(p *peer) { p.send(banner + strings.Repeat("name: value\r\n", maxMessage/10)); p.stays() }, "pbx.protocol"},
		"events and no answer":   {func(p *peer) { p.send(banner + strings.Repeat("Event: X\r\n\r\n", 1001)); p.stays() }, "pbx.protocol"},
		"nobody is there at all": {nil, "pbx.unreachable"},
	} {
		address := ""
		if c.script == nil {
			gone, err := net.Listen("tcp", "127.0.0.1:0") // a port that was free a moment ago
			if err != nil {
				t.Fatal(err)
			}
			address = gone.Addr().String()
			_ = gone.Close()
		} else {
			address = exchange(t, c.script)
		}
		s, err := ami1(address, nil).Open(t.Context())
		if s != nil || errs.Of(err).Code != c.code || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "rahasia") {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	_, err := AMI{Username: "a\r\nAction: Originate", Password: "x"}.Open(t.Context())
	want(t, err, "pbx.login")
}

func TestAMIAsksAQuietExchangeWhetherItIsThere(t *testing.T) {
	h := newHand()
	address := exchange(t, func(p *peer) {
		p.send(banner)
		p.message()
		p.send(success)
		if ping := p.message(); !slices.Equal(ping, []string{"Action: Ping"}) {
			p.t.Errorf("%q", ping)
		}
		p.send("Response: Success\r\nPing: Pong\r\n\r\n" + hold)
		p.stays()
	})
	s, err := ami1(address, h).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go h.fire(Quiet)
	if d := next(t, s); d["Event"] != "Hold" {
		t.Errorf("%v", d)
	}
	// It says nothing at all any more: the wire is cut.
	go h.fire(2 * Quiet)
	for {
		if _, err = s.Next(t.Context()); err != nil {
			break
		}
	}
	want(t, err, "pbx.closed")
	_ = s.Close()
}

func TestASessionEndsWithItsContextAndWithItsExchange(t *testing.T) {
	for name, x := range map[string]func(t *testing.T) Session{
		"AMI": func(t *testing.T) Session {
			s, err := ami1(exchange(t, func(p *peer) { p.send(banner); p.message(); p.send(success + "Event: Ha"); p.stays() }), nil).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"ESL": func(t *testing.T) Session {
			s, err := esl1(exchange(t, func(p *peer) { p.admit(); p.send("Content-Length: 5\n"); p.stays() })).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	} {
		s := x(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		_, err := s.Next(t.Context())
		want(t, err, "pbx.closed")
		_ = s.Close()
	}
}

func esl1(address string) ESL { return ESL{Address: address, Password: "ClueCon"} }

// admit plays FreeSWITCH's part up to the subscription.
func (p *peer) admit() {
	p.send("Content-Type: auth/request\n\n")
	if got := p.message(); len(got) != 1 || got[0] != "auth ClueCon" && got[0] != "userauth amanah@pbx:ClueCon" {
		p.t.Errorf("%q", got)
	}
	p.send("Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
	if got := p.message(); !slices.Equal(got, []string{"api version"}) {
		p.t.Errorf("%q", got)
	}
	version := "FreeSWITCH Version 1.10.12-release\n"
	p.send(fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(version), version))
	if got := p.message(); !slices.Equal(got, []string{"event plain " + eslEvents}) {
		p.t.Errorf("%q", got)
	}
	p.send("Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n")
}

func plainEvent(name, more string) string {
	body := "Event-Name: " + name + "\nCore-UUID: c1\nUnique-ID: u1\nCaller-Caller-ID-Number: %2B62899\nvariable_x: a%zz\nno value\n" + more + "\n"
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

func TestESLLogsInAndGivesEventsHoweverTheirBytesAreCut(t *testing.T) {
	for _, piece := range []int{0, 1, 5} {
		for _, user := range []string{"", "amanah@pbx"} {
			address := exchange(t, func(p *peer) {
				p.piece = piece
				p.admit()
				p.send(plainEvent("HEARTBEAT", "") + "Content-Type: log/data\nContent-Length: 3\n\nabc" + plainEvent("CHANNEL_HOLD", "Content-Length: 4\n\nbody") + plainEvent("CHANNEL_UNHOLD", ""))
				p.send("Content-Type: text/disconnect-notice\nContent-Length: 4\n\nbye\n")
			})
			x := esl1(address)
			x.Username = user
			s, err := x.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Version() != "FreeSWITCH Version 1.10.12-release" {
				t.Errorf("%q", s.Version())
			}
			d := next(t, s)
			if d["Event-Name"] != "CHANNEL_HOLD" || d["Caller-Caller-ID-Number"] != "+62899" || d["variable_x"] != "a%zz" || d["body"] != nil {
				t.Errorf("%v", d)
			}
			if d := next(t, s); d["Event-Name"] != "CHANNEL_UNHOLD" {
				t.Errorf("%v", d)
			}
			_, err = s.Next(t.Context())
			want(t, err, "pbx.closed")
			_ = s.Close()
		}
	}
}

func TestESLTellsABadPasswordFromAnExchangeThatIsAway(t *testing.T) {
	auth := "Content-Type: auth/request\n\n"
	reply := func(text string) string { return "Content-Type: command/reply\nReply-Text: " + text + "\n\n" }
	for name, c := range map[string]struct {
		script func(p *peer)
		code   string
	}{
		"bad password": {func(p *peer) { p.send(auth); p.message(); p.send(reply("-ERR invalid")) }, "pbx.login"},
		"not on the list": {func(p *peer) {
			p.send("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
		}, "pbx.refused"},
		"another protocol": {func(p *peer) { p.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n") }, "pbx.protocol"},
		"hangs up at once": {func(*peer) {}, "pbx.protocol"},
		"no subscription": {func(p *peer) {
			p.send(auth)
			p.message()
			p.send(reply("+OK accepted"))
			p.message()
			p.send("Content-Type: api/response\nContent-Length: 1\n\nx")
			p.message()
			p.send(reply("-ERR no"))
		}, "pbx.refused"},
		"hangs up at the version": {func(p *peer) { p.send(auth); p.message(); p.send(reply("+OK accepted")); p.message() }, "pbx.closed"},
		"a length that is none":   {func(p *peer) { p.send(auth); p.message(); p.send("Content-Type: command/reply\nContent-Length: x\n\n") }, "pbx.protocol"},
		"a length without end": {func(p *peer) {
			p.send(auth)
			p.message()
			p.send("Content-Type: command/reply\nContent-Length: 99999999\n\n")
		}, "pbx.protocol"},
		"half a body": {func(p *peer) {
			p.send(auth)
			p.message()
			p.send("Content-Type: command/reply\nContent-Length: 9\n\nabc")
		}, "pbx.closed"},
	} {
		s, err := esl1(exchange(t, c.script)).Open(t.Context())
		if s != nil || errs.Of(err).Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	_, err := ESL{Password: "a\n\napi shutdown"}.Open(t.Context())
	want(t, err, "pbx.login")
}

// asterisk is the REST interface of Asterisk: its version, and a websocket that plays a script.
func asterisk(t *testing.T, script func(ctx context.Context, c *websocket.Conn)) string {
	t.Helper()
	admitted := func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "amanah" && password == "rahasia" {
			return true
		}
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ari/asterisk/info", func(w http.ResponseWriter, r *http.Request) {
		if admitted(w, r) {
			_, _ = io.WriteString(w, `{"system":{"version":"20.9.1","entity_id":"x"}}`)
		}
	})
	mux.HandleFunc("GET /ari/events", func(w http.ResponseWriter, r *http.Request) {
		if !admitted(w, r) {
			return
		}
		if q := r.URL.Query(); q.Get("app") != "amanah" || q.Get("subscribeAll") != "true" || strings.Contains(r.URL.RawQuery, "rahasia") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.CloseNow() }()
		script(r.Context(), c)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/ari"
}

func ari1(address string) ARI {
	return ARI{URL: address, Application: "amanah", Username: "amanah", Password: "rahasia"}
}

func TestARIGivesTheEventsOfItsApplication(t *testing.T) {
	address := asterisk(t, func(ctx context.Context, c *websocket.Conn) {
		for _, text := range []string{`{"type":"StasisStart","channel":{"id":"1.1","caller":{"number":"0899"}},"big":12345678901234567890}`, `{"type":"StasisEnd"}`} {
			if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
				t.Error(err)
			}
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
	s, err := ari1(address).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Version() != "Asterisk 20.9.1" {
		t.Errorf("%q", s.Version())
	}
	if d := next(t, s); d["type"] != "StasisStart" || fmt.Sprint(d["big"]) != "12345678901234567890" {
		t.Errorf("%v", d)
	}
	if d := next(t, s); d["type"] != "StasisEnd" {
		t.Errorf("%v", d)
	}
	_, err = s.Next(t.Context())
	want(t, err, "pbx.closed")
	_ = s.Close()
}

func TestARITellsWhatIsWrong(t *testing.T) {
	good := asterisk(t, func(ctx context.Context, c *websocket.Conn) { _, _, _ = c.Read(ctx) })
	wrong := ari1(good)
	wrong.Password = "salah"
	app := ari1(good)
	app.Application = "another"
	answers := func(status int, body string) ARI {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return ari1(s.URL + "/ari")
	}
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	for name, c := range map[string]struct {
		x    ARI
		code string
	}{
		"bad password": {wrong, "pbx.login"}, "an application nobody runs": {app, "pbx.refused"}, "away": {ari1(away.URL), "pbx.unreachable"},
		"no address": {ari1("pbx:8088"), "pbx.protocol"}, "not Asterisk": {answers(200, "<html>"), "pbx.protocol"}, "no version": {answers(200, "{}"), "pbx.protocol"},
		"not found": {answers(404, ""), "pbx.protocol"}, "elsewhere": {answers(302, ""), "pbx.protocol"},
	} {
		s, err := c.x.Open(t.Context())
		if s != nil || errs.Of(err).Code != c.code || strings.Contains(fmt.Sprint(err), "rahasia") {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	for name, script := range map[string]func(ctx context.Context, c *websocket.Conn){
		"no JSON": func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageText, []byte("CANARY"))
			_, _, _ = c.Read(ctx)
		},
		"null": func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageText, []byte("null"))
			_, _, _ = c.Read(ctx)
		},
		"bytes": func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageBinary, []byte("{}"))
			_, _, _ = c.Read(ctx)
		},
		"without end": func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageText, []byte(`"`+strings.Repeat("x", maxMessage)+`"`))
			_, _, _ = c.Read(ctx)
		},
	} {
		s, err := ari1(asterisk(t, script)).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Next(t.Context()); errs.Of(err).Code != "pbx.protocol" || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
		_ = s.Close()
	}
}

func TestARIKeepsAQuietExchangeAndEndsWithItsContext(t *testing.T) {
	h := newHand()
	release := make(chan struct{})
	address := asterisk(t, func(ctx context.Context, c *websocket.Conn) {
		reading := c.CloseRead(ctx) // answers pings
		select {
		case <-release:
		case <-reading.Done():
			return
		}
		_ = c.Write(ctx, websocket.MessageText, []byte(`{"type":"StasisEnd"}`))
		<-reading.Done()
	})
	x := ari1(address)
	x.After = h.after
	s, err := x.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 3 { // three minutes of silence, with an answer to each ping
			h.fire(Quiet)
		}
		close(release)
	}()
	if d := next(t, s); d["type"] != "StasisEnd" {
		t.Errorf("%v", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	_ = s.Close()
}

// Whatever an exchange says, reading it ends without a panic.
func FuzzESLEvent(f *testing.F) {
	f.Add(plainEvent("CHANNEL_HOLD", ""))
	f.Fuzz(func(t *testing.T, text string) {
		for name := range eslEvent(text) {
			if strings.Contains(name, "\n") {
				t.Errorf("%q", name)
			}
		}
	})
}

package message

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// far is the next server of one sender, in a test: it does as it is told and keeps what it took.
type far struct {
	Sender
	channel Channel
	to      string
	do      func(manner) // tells it what to do from now on; nil for one that cannot fail
	taken   func() []arrived
	asked   func() // waits until somebody has connected since the last do
}

// arrived is one message as it came out at the other end.
type arrived struct{ id, to, text string }

type manner int

const (
	takes   manner = iota
	refuses        // for good, and says why with the address in it
	delays         // asks to come again, and says why with the address in it
	hangs          // says nothing until the other side gives up
	breaks         // hangs up in the middle
)

// fars are all senders of the product. A new one is a row here.
var fars = map[string]func(t *testing.T) *far{
	"inbox": func(*testing.T) *far {
		inbox := &Inbox{}
		return &far{Sender: inbox, channel: Email, to: "sri.kenanga@contoh.example", taken: func() (out []arrived) {
			for _, t := range inbox.List() {
				out = append([]arrived{{t.ID, t.To, t.Body}}, out...)
			}
			return out
		}}
	},
	"smtp": mailServer,
	"sms gateway with a form": func(t *testing.T) *far {
		return provider(t, SMS, "form", "body:\n  phone: '{digits}'\n  message: '{text}'\n  ref: '{id}'\n", func(r *http.Request, body []byte) arrived {
			form, _ := url.ParseQuery(string(body))
			return arrived{form.Get("ref"), "+" + form.Get("phone"), form.Get("message")}
		})
	},
	"push service with JSON": func(t *testing.T) *far {
		return provider(t, Push, "json", "body:\n  device: '{to}'\n  link: '{text}'\n  id: '{id}'\n", func(_ *http.Request, body []byte) arrived {
			var doc struct{ Device, Link, ID string }
			_ = json.Unmarshal(body, &doc)
			return arrived{doc.ID, doc.Device, doc.Link}
		})
	},
	"whatsapp gateway with JSON": func(t *testing.T) *far {
		return provider(t, WhatsApp, "json", "body:\n  to: '{to}'\n  type: text\n  text: {body: '{text}', preview_url: false}\n  parts: ['{id}', 7]\n", func(_ *http.Request, body []byte) arrived {
			var doc struct {
				To   string
				Text struct{ Body string }
				Part []any `json:"parts"`
			}
			_ = json.Unmarshal(body, &doc)
			id, _ := doc.Part[0].(string)
			return arrived{id, doc.To, doc.Text.Body}
		})
	},
}

func TestEverySenderKeepsWhatASenderPromises(t *testing.T) {
	for name, start := range fars {
		t.Run(name, func(t *testing.T) {
			text := func(f *far, body string) Text {
				return Text{ID: "msg_00000000000000000000000001", Channel: f.channel, To: f.to, Subject: "Bank Contoh", Body: body, Lang: "id",
					Made: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), Template: "message.verification", Args: map[string]string{"company": "Bank"}}
			}
			t.Run("a text arrives as it was written", func(t *testing.T) {
				f := start(t)
				for _, body := range []string{
					"Halo — “kutip” & <b>tebal</b> 100%", `a"b\c{to}{secret}{{x}}`, "baris satu\nbaris dua\n.titik\n", "x\r\n.\r\nMAIL FROM:<a@b>", "a&to=+6281100001111&b=c", "\u0007🙂 ünïcödé", "{arg.company}",
				} {
					before := len(f.taken())
					if _, err := f.Send(t.Context(), text(f, body)); err != nil {
						t.Fatalf("%q: %v", body, err)
					}
					got := f.taken()[before:]
					want := arrived{"msg_00000000000000000000000001", f.to, lines(body)}
					if len(got) != 1 || lines(got[0].text) != want.text || got[0].to != want.to || got[0].id != want.id {
						t.Errorf("%q arrived as %+v", body, got)
					}
				}
			})
			t.Run("what is no address goes nowhere", func(t *testing.T) {
				f := start(t)
				for _, to := range []string{"", "x", f.to + "\r\nBcc: a@b.example", f.to + ",a@b.example", " " + f.to, f.to + "\x00", "081200001111&to=x", "+62", "+" + strings.Repeat("1", 30), "a@b@c.example"} {
					one := text(f, "x")
					one.To = to
					if _, err := f.Send(t.Context(), one); errs.KindOf(err) != errs.Invalid || strings.Contains(fmt.Sprintf("%v %+v", err, errs.Of(err).Args), f.to) {
						t.Errorf("%q: %v", to, err)
					}
				}
				other := text(f, "x")
				other.Channel = map[Channel]Channel{Email: SMS, SMS: Email, WhatsApp: Email, Push: Email}[f.channel]
				if _, err := f.Send(t.Context(), other); err == nil {
					t.Error("an address of another channel is taken")
				}
				if got := f.taken(); len(got) != 0 {
					t.Errorf("%+v went out", got)
				}
			})
			t.Run("many at once", func(t *testing.T) {
				f := start(t)
				var wg sync.WaitGroup
				for i := range 8 {
					wg.Go(func() {
						if _, err := f.Send(context.Background(), text(f, fmt.Sprint("nomor ", i))); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if got := f.taken(); len(got) != 8 {
					t.Errorf("%d arrived", len(got))
				}
			})
			for _, c := range []struct {
				name  string
				how   manner
				again bool
			}{{"refused for good", refuses, false}, {"asked to come again", delays, true}, {"broken off", breaks, true}} {
				t.Run(c.name, func(t *testing.T) {
					f := start(t)
					if f.do == nil {
						t.Skip("this one cannot fail")
					}
					f.do(c.how)
					_, err := f.Send(t.Context(), text(f, "rahasia kecil"))
					kind := errs.KindOf(err)
					if err == nil || (kind == errs.Unavailable || kind == errs.TooMany) != c.again {
						t.Errorf("%v", err)
					}
					all := fmt.Sprintf("%v %+v %v", err, errs.Of(err).Args, errors.Unwrap(err))
					if strings.Contains(all, f.to) || strings.Contains(all, "rahasia") || strings.Contains(all, strings.TrimPrefix(f.to, "+")) || strings.Contains(all, "s3cret") {
						t.Errorf("the error tells: %s", all)
					}
					f.do(takes)
					if _, err := f.Send(t.Context(), text(f, "lagi")); err != nil {
						t.Errorf("afterwards: %v", err)
					}
				})
			}
			t.Run("a server that says nothing is given up", func(t *testing.T) {
				f := start(t)
				if f.do == nil {
					t.Skip("this one cannot fail")
				}
				f.do(hangs)
				ctx, cancel := context.WithCancel(t.Context())
				go func() { f.asked(); cancel() }()
				if _, err := f.Send(ctx, text(f, "x")); errs.KindOf(err) != errs.Unavailable {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// lines undoes what mail does to line ends.
func lines(s string) string {
	return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

// switchboard holds what a far server does and took.
type switchboard struct {
	mu    sync.Mutex
	how   manner
	got   []arrived
	ask   chan struct{}
	leave chan struct{} // closed at the end of the test: those who hang go
}

func newSwitchboard() *switchboard {
	return &switchboard{ask: make(chan struct{}, 64), leave: make(chan struct{})}
}

// ends lets go who hangs, before the server is stopped: it is called after that is arranged.
func (s *switchboard) ends(t *testing.T) { t.Cleanup(func() { close(s.leave) }) }

func (s *switchboard) set(how manner) { s.mu.Lock(); defer s.mu.Unlock(); s.how = how }
func (s *switchboard) now() manner    { s.mu.Lock(); defer s.mu.Unlock(); return s.how }
func (s *switchboard) take(a arrived) { s.mu.Lock(); defer s.mu.Unlock(); s.got = append(s.got, a) }
func (s *switchboard) taken() []arrived {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]arrived(nil), s.got...)
}

// provider is a gateway's other end.
func provider(t *testing.T, c Channel, format, body string, parse func(*http.Request, []byte) arrived) *far {
	board := newSwitchboard()
	var to string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		how := board.now()
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch how {
		case takes:
			board.take(parse(r, raw))
			_, _ = fmt.Fprintf(w, `{"messages":[{"id":"wamid.%s"}]}`, to)
		case refuses:
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprintf(w, `{"error":"%s is unknown"}`, to)
		case delays:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintf(w, `{"error":"%s must wait"}`, to)
		case hangs:
			board.ask <- struct{}{}
			<-board.leave
		case breaks:
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	board.ends(t)
	to = "+6281277774321"
	if c == Push {
		to = "dev-7f3a9c0015de4b21"
	}
	d, err := LoadDefinition([]byte("version: 1\nurl: " + server.URL + "/send\nformat: " + format + "\nheaders: {Authorization: 'Bearer {secret}'}\nanswer: {id: messages.0.id}\n" + body))
	if err != nil {
		t.Fatal(err, errs.Of(err).Args)
	}
	g := &Gateway{Definition: d, Secret: func() (string, error) { return "s3cret", nil }, TLS: server.Client().Transport.(*http.Transport).TLSClientConfig}
	return &far{Sender: g, channel: c, to: to, do: board.set, taken: board.taken, asked: func() { <-board.ask }}
}

// mailServer is somebody else's SMTP server, so that what we write is read by other eyes.
func mailServer(t *testing.T) *far {
	board := newSwitchboard()
	key := serve(t, &server{}) // for its certificate
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{board: board}, nil }))
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{key.cert}}
	s.EnableDSN, s.Domain, s.ErrorLog = true, "127.0.0.1", slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _, _ = l.Close(), s.Close(); <-done }) // the listener too: Serve may not know it yet
	board.ends(t)
	pool := x509.NewCertPool()
	leaf, _ := x509.ParseCertificate(key.cert.Certificate[0])
	pool.AddCert(leaf)
	sender := &SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Encryption: STARTTLS, Username: "amanah", Password: func() (string, error) { return "s3cret", nil },
		From: "layanan@bank.example", FromName: "Bank Contoh", Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &far{Sender: sender, channel: Email, to: "sri.kenanga@contoh.example", do: board.set, taken: board.taken, asked: func() { <-board.ask }}
}

type mailSession struct {
	board    *switchboard
	id, to   string
	signedIn bool
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.signedIn = user == "amanah" && password == "s3cret"; !s.signedIn {
			return errors.New("no")
		}
		return nil
	}), nil
}
func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }
func (s *mailSession) Mail(_ string, o *smtp.MailOptions) error {
	if !s.signedIn {
		return smtp.ErrAuthRequired
	}
	if o.Return != smtp.DSNReturnHeaders {
		return &smtp.SMTPError{Code: 550, Message: "a bounce would carry the text"}
	}
	s.id = o.EnvelopeID
	return nil
}

func (s *mailSession) Rcpt(to string, o *smtp.RcptOptions) error {
	if len(o.Notify) != 1 || o.Notify[0] != smtp.DSNNotifyFailure {
		return &smtp.SMTPError{Code: 550, Message: "which reports?"}
	}
	s.to = to
	switch s.board.now() {
	case takes:
		return nil
	case refuses:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + "> is unknown"}
	case delays:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "<" + to + "> must wait"}
	case hangs:
		s.board.ask <- struct{}{}
		<-s.board.leave
	case breaks:
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	if s.board.now() == breaks {
		return &smtp.SMTPError{Code: 421, Message: "closing"}
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return err
	}
	if subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); subject != "Bank Contoh" || m.Header.Get("To") != s.to {
		return errors.New("header")
	}
	s.board.take(arrived{s.id, s.to, string(body)})
	return nil
}

package message

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// server is a mail server for tests: it speaks enough of RFC 5321 to take a mail, and
// answers as the test tells it to.
type server struct {
	t        *testing.T
	port     int
	cert     tls.Certificate
	pool     *x509.CertPool
	starttls bool              // offer STARTTLS
	answers  map[string]string // command -> answer in place of the ordinary one
	silent   bool              // accept and say nothing

	mu    sync.Mutex
	lines []string // commands as they came
	mails []string
	plain []string // commands before the connection was encrypted
}

func serve(t *testing.T, s *server) *server {
	t.Helper()
	s.t = t
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	s.cert, s.pool = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, x509.NewCertPool()
	s.pool.AddCert(leaf)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer c.Close(); s.talk(c, false) }) //nolint:errcheck // a test's connection
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return s
}

func (s *server) talk(c net.Conn, secure bool) {
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if s.silent {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	r := bufio.NewReader(c)
	say := func(text string) { _, _ = fmt.Fprintf(c, "%s\r\n", text) }
	if !secure {
		say("220 test")
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		word, _, _ := strings.Cut(strings.ToUpper(strings.ReplaceAll(line, ":", " ")), " ") // "" for an empty line
		s.mu.Lock()
		s.lines = append(s.lines, line)
		if !secure {
			s.plain = append(s.plain, word)
		}
		s.mu.Unlock()
		if a, ok := s.answers[word]; ok {
			say(a)
			if strings.HasPrefix(a, "421") {
				return
			}
			continue
		}
		switch word {
		case "EHLO", "HELO":
			if s.starttls && !secure {
				say("250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN")
			} else {
				say("250-test\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go")
			tc := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}})
			s.talk(tc, true)
			return
		case "AUTH":
			say("235 in")
		case "MAIL", "RCPT":
			say("250 ok")
		case "DATA":
			say("354 go")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(l, "."))
			}
			s.mu.Lock()
			s.mails = append(s.mails, b.String())
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what")
		}
	}
}

// before are the commands that came before the connection was encrypted; taken the mails.
func (s *server) before() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.plain, " ")
}

func (s *server) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *server) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

func (s *server) sender() *SMTP {
	return &SMTP{
		Host: "127.0.0.1", Port: s.port, Encryption: STARTTLS, Username: "amanah", Password: func() (string, error) { return "s3cret word", nil },
		From: "layanan@bank.example", FromName: "Bank Contoh", Timeout: 3 * time.Second, Config: &tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12},
	}
}

var letterOf = Text{
	ID: "msg_00000000000000000000000001", Channel: Email, To: "sri.kenanga@contoh.example", Subject: "Bank Contoh: konfirmasi — Anda", Lang: "id",
	Body: "Baris satu.\n.titik di depan\nhttps://cs.bank.example/v/abc?x=1\n", Made: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC),
}

func TestAMailArrivesWholeOverSTARTTLSAndThePasswordNeverBeforeIt(t *testing.T) {
	s := serve(t, &server{starttls: true})
	if _, err := s.sender().Send(context.Background(), letterOf); err != nil {
		t.Fatal(err)
	}
	if got := s.before(); got != "EHLO STARTTLS" {
		t.Errorf("before encryption: %s", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(s.taken()[0]))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(quotedprintable.NewReader(m.Body))
	if string(body) != strings.ReplaceAll(letterOf.Body, "\n", "\r\n") {
		t.Errorf("body %q", body)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if subject != letterOf.Subject {
		t.Errorf("subject %q", subject)
	}
	for key, want := range map[string]string{
		"From": `"Bank Contoh" <layanan@bank.example>`, "To": letterOf.To, "Message-ID": "<msg_00000000000000000000000001@bank.example>",
		"Auto-Submitted": "auto-generated", "Date": "Mon, 23 Nov 2026 03:00:00 +0000", "Content-Language": "id",
	} {
		if got := m.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	for _, line := range s.commands() {
		if auth, ok := strings.CutPrefix(line, "AUTH PLAIN "); ok {
			plain, _ := base64.StdEncoding.DecodeString(auth)
			if !bytes.Equal(plain, []byte("\x00amanah\x00s3cret word")) {
				t.Errorf("signed in as %q", plain)
			}
		}
	}
}

func TestAFailureSaysWhetherTryingAgainMayHelpAndNeverTheAddress(t *testing.T) {
	gone := &SMTP{Host: "127.0.0.1", Port: 1, Encryption: STARTTLS, From: "a@bank.example", Timeout: time.Second}
	for _, c := range []struct {
		name   string
		server *server
		change func(*SMTP)
		code   string
		kind   errs.Kind
	}{
		{"nobody there", nil, nil, "message.smtp_unreachable", errs.Unavailable},
		{"silent", &server{silent: true}, func(s *SMTP) { s.Timeout = 200 * time.Millisecond }, "message.smtp_broken_off", errs.Unavailable},
		{"no STARTTLS offered", &server{}, nil, "message.smtp_no_starttls", errs.Unavailable},
		{"a certificate nobody knows", &server{starttls: true}, func(s *SMTP) { s.Config = nil }, "message.smtp_tls_failed", errs.Unavailable},
		{"wrong password", &server{starttls: true, answers: map[string]string{"AUTH": "535 no"}}, nil, "message.smtp_sign_in_failed", errs.Unavailable},
		{"no such mailbox", &server{starttls: true, answers: map[string]string{"RCPT": "550 5.1.1 <sri.kenanga@contoh.example> unknown"}}, nil, "message.smtp_refused", errs.Invalid},
		{"mailbox full", &server{starttls: true, answers: map[string]string{"RCPT": "452 4.2.2 full"}}, nil, "message.smtp_later", errs.Unavailable},
		{"sender refused", &server{starttls: true, answers: map[string]string{"MAIL": "553 no"}}, nil, "message.smtp_refused", errs.Invalid},
		{"closing", &server{starttls: true, answers: map[string]string{"DATA": "421 closing"}}, nil, "message.smtp_later", errs.Unavailable},
		{"TLS from the first byte, and it is not", &server{}, func(s *SMTP) { s.Encryption = TLS; s.Timeout = time.Second }, "message.smtp_tls_failed", errs.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			sender := gone
			if c.server != nil {
				sender = serve(t, c.server).sender()
			}
			if c.change != nil {
				c.change(sender)
			}
			_, err := sender.Send(context.Background(), letterOf)
			e := errs.Of(err)
			if err == nil || e.Code != c.code || e.Kind != c.kind {
				t.Fatalf("%v", err)
			}
			if text := fmt.Sprintf("%v %+v %v", err, e.Args, e.Err); strings.Contains(text, "kenanga") {
				t.Errorf("the address stands in the error: %s", text)
			}
			if c.server != nil && strings.Contains(c.server.before(), "AUTH") {
				t.Error("signed in without encryption")
			}
		})
	}
}

func TestWhatBecomesAHeaderIsOneLine(t *testing.T) {
	s := serve(t, &server{starttls: true})
	for name, change := range map[string]func(*SMTP, *Text){
		"subject CRLF":    func(_ *SMTP, t *Text) { t.Subject = "x\r\nBcc: all@contoh.example" },
		"subject LF":      func(_ *SMTP, t *Text) { t.Subject = "x\nBcc: all@contoh.example" },
		"subject NUL":     func(_ *SMTP, t *Text) { t.Subject = "x\x00" },
		"subject NEL":     func(_ *SMTP, t *Text) { t.Subject = "x\u0085Bcc: y" },
		"subject LS":      func(_ *SMTP, t *Text) { t.Subject = "x\u2028Bcc: y" },
		"subject long":    func(_ *SMTP, t *Text) { t.Subject = strings.Repeat("x", 251) },
		"id CRLF":         func(_ *SMTP, t *Text) { t.ID = "a\r\nb" },
		"language":        func(_ *SMTP, t *Text) { t.Lang = "id\r\nX: y" },
		"name CRLF":       func(s *SMTP, _ *Text) { s.FromName = "Bank\r\nBcc: y@z" },
		"hello":           func(s *SMTP, _ *Text) { s.Hello = "a\r\nMAIL FROM:<x@y>" },
		"from":            func(s *SMTP, _ *Text) { s.From = "Bank <a@b.example>" },
		"to CRLF":         func(_ *SMTP, t *Text) { t.To = "a@b.example\r\nRCPT TO:<c@d.example>" },
		"to two":          func(_ *SMTP, t *Text) { t.To = "a@b.example,c@d.example" },
		"to with a name":  func(_ *SMTP, t *Text) { t.To = "Sri <a@b.example>" },
		"to quoted":       func(_ *SMTP, t *Text) { t.To = `"a b"@c.example` },
		"to comment":      func(_ *SMTP, t *Text) { t.To = "a@b.example(x)" },
		"to not ASCII":    func(_ *SMTP, t *Text) { t.To = "srï@b.example" },
		"to no domain":    func(_ *SMTP, t *Text) { t.To = "sri" },
		"to empty":        func(_ *SMTP, t *Text) { t.To = "" },
		"to long":         func(_ *SMTP, t *Text) { t.To = strings.Repeat("a", 250) + "@b.id" },
		"to angle":        func(_ *SMTP, t *Text) { t.To = "a@b.example> SIZE=1 <" },
		"no encryption":   func(s *SMTP, _ *Text) { s.Encryption, s.Host = None, "mail.bank.example" },
		"no server":       func(s *SMTP, _ *Text) { s.Host = "" },
		"a port too high": func(s *SMTP, _ *Text) { s.Port = 70000 },
		"a way unknown":   func(s *SMTP, _ *Text) { s.Encryption = "ssl" },
	} {
		sender, text := s.sender(), letterOf
		change(sender, &text)
		if _, err := sender.Send(context.Background(), text); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.taken()) != 0 {
		t.Errorf("a mail went out: %q", s.taken())
	}
	// On this machine a plain connection is allowed, and a body may hold what it likes.
	sender, text := s.sender(), letterOf
	sender.Encryption, sender.Username = None, ""
	text.Body = "Subject: x\r\n\r\n.\r\nMAIL FROM:<x@y>\r\n"
	if _, err := sender.Send(context.Background(), text); err != nil || len(s.taken()) != 1 {
		t.Fatal(err, len(s.taken()))
	}
}

func FuzzAMailHasOneReceiverAndOneSubject(f *testing.F) {
	f.Add("sri@contoh.example", "Halo", "isi")
	f.Add("a@b.example\nBcc: x", "x\r\nTo: y", "\r\n.\r\n")
	f.Fuzz(func(t *testing.T, to, subject, body string) {
		address, err := mailbox(to)
		if err != nil {
			return
		}
		raw, err := compose("layanan@bank.example", "Bank", address, Text{ID: "msg_1", Lang: "id", Subject: subject, Body: body, To: to})
		if err != nil {
			return
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Header["To"]) != 1 || len(m.Header["Subject"]) != 1 || len(m.Header["Bcc"]) != 0 || len(m.Header) != 10 {
			t.Fatalf("%q", raw)
		}
		if list, err := m.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != to {
			t.Fatalf("%q %v", raw, err)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("%q", line)
			}
		}
	})
}

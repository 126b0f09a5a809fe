package message

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Encryption says how the connection to the mail server is protected.
type Encryption string

// The ways. None is refused unless the server is this machine.
const (
	STARTTLS Encryption = "starttls" // required: a server that does not offer it is not used
	TLS      Encryption = "tls"      // from the first byte (port 465)
	None     Encryption = "none"     // loopback only
)

// SMTP hands e-mail over to a mail server (RFC 5321).
type SMTP struct {
	Host       string
	Port       int
	Encryption Encryption
	Username   string                 // "" means without sign-in
	Password   func() (string, error) // read when needed, from keyring or a credential
	From       string                 // mailbox the mail comes from
	FromName   string                 // shown beside it
	Hello      string                 // name this server says hello with; "" means localhost
	Timeout    time.Duration          // of one mail; 0 means SendTimeout
	// Dial and Config are for tests and for networks with a proxy or an own authority; nil
	// means a plain connection and the system's authorities.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Config *tls.Config
}

// Check refuses a configuration that could not work or would not be safe.
func (s *SMTP) Check() error {
	if s.Host == "" || s.Port < 1 || s.Port > 65535 {
		return errs.New(errs.Invalid, "message.smtp_server_missing")
	}
	if _, err := mailbox(s.From); err != nil || header(s.FromName) != nil || header(s.Hello) != nil || strings.ContainsAny(s.Hello, " ") {
		return errs.New(errs.Invalid, "message.smtp_from_unusable")
	}
	switch s.Encryption {
	case STARTTLS, TLS:
	case None:
		if ip := net.ParseIP(s.Host); s.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return errs.New(errs.Invalid, "message.smtp_not_encrypted")
		}
	default:
		return errs.New(errs.Invalid, "message.smtp_not_encrypted")
	}
	return nil
}

// Send hands one e-mail over. Where the server can (RFC 3461), it is asked to bounce the
// headers only, so that no text comes back in clear, and to name our id in the bounce.
func (s *SMTP) Send(ctx context.Context, t Text) (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	if err := checkAddress(t.Channel, t.To); err != nil {
		return "", err
	}
	to := t.To
	from, _ := mailbox(s.From) // Check has read it
	mail, err := compose(from, s.FromName, to, t)
	if err != nil {
		return "", err
	}
	timeout := s.Timeout
	if timeout == 0 {
		timeout = SendTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return "", s.deliver(ctx, t.ID, from, to, mail)
}

func (s *SMTP) deliver(ctx context.Context, messageID, from, to string, mail []byte) error {
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)))
	if err != nil {
		return errs.Wrap(errs.Unavailable, "message.smtp_unreachable", nil)
	}
	defer conn.Close() //nolint:errcheck // what counts was answered before
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Config != nil {
		config = s.Config.Clone()
	}
	config.ServerName = s.Host
	if s.Encryption == TLS {
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return errs.New(errs.Unavailable, "message.smtp_tls_failed")
		}
		conn = secure
	}
	c, err := smtp.NewClient(conn, s.Host)
	if err != nil {
		return refused(err)
	}
	hello := s.Hello
	if hello == "" {
		hello = "localhost"
	}
	if err := c.Hello(hello); err != nil {
		return refused(err)
	}
	if s.Encryption == STARTTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errs.New(errs.Unavailable, "message.smtp_no_starttls")
		}
		if err := c.StartTLS(config); err != nil {
			return errs.New(errs.Unavailable, "message.smtp_tls_failed")
		}
	}
	if s.Username != "" {
		password, err := s.Password()
		if err != nil {
			return err
		}
		// PlainAuth itself refuses to speak over a connection that is neither TLS nor loopback.
		if err := c.Auth(smtp.PlainAuth("", s.Username, password, s.Host)); err != nil {
			return errs.New(errs.Unavailable, "message.smtp_sign_in_failed")
		}
	}
	if err := envelope(c, messageID, from, to); err != nil {
		return refused(err)
	}
	w, err := c.Data()
	if err != nil {
		return refused(err)
	}
	if _, err := w.Write(mail); err != nil {
		return refused(err)
	}
	if err := w.Close(); err != nil {
		return refused(err)
	}
	_ = c.Quit() // the mail was taken; a server that hangs up now has it
	return nil
}

// envelopeID is what may stand in ENVID without being encoded: our ids.
var envelopeID = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// envelope says from whom and to whom; both are mailboxes by now and cannot hold a line end.
func envelope(c *smtp.Client, messageID, from, to string) error {
	if ok, _ := c.Extension("DSN"); !ok || !envelopeID.MatchString(messageID) {
		if err := c.Mail(from); err != nil {
			return err
		}
		return c.Rcpt(to)
	}
	for _, line := range []struct {
		text string
		want int
	}{{"MAIL FROM:<" + from + "> RET=HDRS ENVID=" + messageID, 250}, {"RCPT TO:<" + to + "> NOTIFY=FAILURE", 25}} {
		at, err := c.Text.Cmd("%s", line.text)
		if err != nil {
			return err
		}
		c.Text.StartResponse(at)
		_, _, err = c.Text.ReadResponse(line.want)
		c.Text.EndResponse(at)
		if err != nil {
			return err
		}
	}
	return nil
}

// refused keeps the number of a server's answer and drops its words, which like to quote
// the address. 5xx will not change; everything else may (RFC 5321, 4.2.1).
func refused(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		if answer.Code >= 500 {
			return errs.New(errs.Invalid, "message.smtp_refused").With("answer", answer.Code)
		}
		return errs.New(errs.Unavailable, "message.smtp_later").With("answer", answer.Code)
	}
	return errs.New(errs.Unavailable, "message.smtp_broken_off")
}

// mailbox takes one plain ASCII mailbox (local@domain) and refuses everything else that
// the grammar of RFC 5322 would allow: names, groups, lists, quoted local parts, comments.
func mailbox(address string) (string, error) {
	if len(address) > 254 {
		return "", errAddress
	}
	for i := 0; i < len(address); i++ {
		if c := address[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`<>()[]\,;:"`, c) >= 0 {
			return "", errAddress
		}
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address {
		return "", errAddress
	}
	return address, nil
}

// header refuses what could end a header line or start another one.
func header(s string) error {
	if len(s) > 250 {
		return errHeader
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfffd {
			return errHeader
		}
	}
	return nil
}

// compose writes the mail: plain text, quoted-printable, no pictures, nothing that tells
// anybody that it was opened.
func compose(from, name, to string, t Text) ([]byte, error) {
	for _, s := range []string{name, t.Subject, t.ID, t.Lang} {
		if err := header(s); err != nil {
			return nil, err
		}
	}
	domain := from[strings.LastIndexByte(from, '@')+1:]
	var b bytes.Buffer
	line := func(key, value string) { fmt.Fprintf(&b, "%s: %s\r\n", key, value) }
	line("From", (&mail.Address{Name: name, Address: from}).String())
	line("To", to)
	line("Subject", mime.QEncoding.Encode("utf-8", t.Subject))
	line("Date", t.Made.Format(time.RFC1123Z))
	line("Message-ID", "<"+t.ID+"@"+domain+">")
	line("Content-Language", t.Lang)
	line("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers to this
	line("MIME-Version", "1.0")
	line("Content-Type", "text/plain; charset=utf-8")
	line("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	body := strings.ReplaceAll(strings.ReplaceAll(t.Body, "\r\n", "\n"), "\n", "\r\n")
	if _, err := w.Write([]byte(body)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil { // writes a last line that has no end
		return nil, err
	}
	return b.Bytes(), nil
}

package mail

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/textproto"
	"sync"
	"time"

	"github.com/emersion/go-milter"

	"github.com/amanah-id/amanah/internal/kit/spool"
)

// letter is a mail as it comes in.
type letter struct {
	from   string
	to     []string
	fields []field
	head   int // bytes of the fields
	body   *spool.Spool
	over   error  // a limit it is over: it is not looked at any more
	queue  string // Postfix's id
}

func (l *letter) close() {
	if l != nil {
		_ = l.body.Close() // what it held is gone either way
	}
}

// add takes a header.
func (l *letter) add(name, value string) {
	l.head += len(name) + len(value) + 4
	if l.head > maxHead || len(l.fields) >= maxFields {
		l.over = errHead
		return
	}
	for _, one := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		f := field{name, value}
		if f.is(one) && l.has(one) { // read by some as the first and by some as the last
			l.over = errTwofold
		}
	}
	l.fields = append(l.fields, field{name, value})
}

func (l *letter) has(name string) bool {
	for _, f := range l.fields {
		if f.is(name) {
			return true
		}
	}
	return false
}

// write takes a piece of the body.
func (l *letter) write(piece []byte) {
	if l.over != nil {
		return
	}
	if _, err := l.body.Write(piece); errors.Is(err, spool.ErrFull) {
		l.over = errTooBig
	} else if err != nil {
		l.over = errLooked
	}
}

// session is one connection of Postfix, on which one mail comes after the other.
type session struct {
	s    *Service
	ctx  context.Context //nolint:containedctx // lives as long as the connection
	conn *conn
	host string
	mail *letter
}

var _ milter.Milter = (*session)(nil)

// begun is the mail under way; one whose envelope nobody told goes to others.
func (x *session) begun() *letter {
	if x.mail == nil {
		x.mail = &letter{body: spool.New(inMemory, x.s.o.Settings.MaxSize, x.s.o.Settings.Dir)}
	}
	return x.mail
}

func (x *session) reset() {
	x.mail.close()
	x.mail = nil
}

func (x *session) remember(m *milter.Modifier) {
	if host := m.Macros["j"]; host != "" {
		x.host = host
	}
	if x.mail != nil && m.Macros["i"] != "" {
		x.mail.queue = m.Macros["i"]
	}
}

// Connect learns the machine's name.
func (x *session) Connect(_, _ string, _ uint16, _ net.IP, m *milter.Modifier) (milter.Response, error) {
	x.remember(m)
	return milter.RespContinue, nil
}

// Helo is not asked for.
func (x *session) Helo(string, *milter.Modifier) (milter.Response, error) {
	return milter.RespContinue, nil
}

// MailFrom begins a mail.
func (x *session) MailFrom(from string, m *milter.Modifier) (milter.Response, error) {
	x.reset()
	x.begun().from = from
	x.remember(m)
	return milter.RespContinue, nil
}

// RcptTo takes a recipient; one too many is refused alone, and its sender comes with the rest in a second mail.
func (x *session) RcptTo(to string, m *milter.Modifier) (milter.Response, error) {
	l := x.begun()
	x.remember(m)
	if len(l.to) >= x.s.o.Settings.Recipients {
		return reply(answer("452 4.5.3", x.s.words().T("mail.reply_recipients"))), nil
	}
	l.to = append(l.to, to)
	return milter.RespContinue, nil
}

// Header takes a header.
func (x *session) Header(name, value string, m *milter.Modifier) (milter.Response, error) {
	clear(m.Headers) // the library keeps them all, of every mail of a connection
	x.begun().add(name, value)
	x.remember(m)
	return milter.RespContinue, nil
}

// Headers ends the headers.
func (x *session) Headers(textproto.MIMEHeader, *milter.Modifier) (milter.Response, error) {
	return milter.RespContinue, nil
}

// BodyChunk takes a piece of the body.
func (x *session) BodyChunk(piece []byte, m *milter.Modifier) (milter.Response, error) {
	x.begun().write(piece)
	x.remember(m)
	return milter.RespContinue, nil
}

// Body is the end of the mail: it is judged, and Postfix told what to do.
func (x *session) Body(m *milter.Modifier) (milter.Response, error) {
	l := x.begun()
	x.remember(m)
	defer x.reset()
	ctx, done := x.conn.watch(x.ctx)
	out := x.s.judge(ctx, l, x.host)
	defer out.close()
	if done() { // Postfix is gone: nobody hears the answer
		return nil, io.EOF
	}
	return out.tell(m)
}

// Abort forgets the mail.
func (x *session) Abort(*milter.Modifier) error {
	x.reset()
	return nil
}

func reply(line string) milter.Response {
	return milter.NewResponseStr(byte(milter.ActReplyCode), line)
}

// acceptAgain is how long it waits for the next connection when the system gave none.
const acceptAgain = 100 * time.Millisecond

// Serve answers Postfix on a listener until ctx ends. A mail that is being looked at then is answered with "try again"; all other
// connections are closed, and Postfix tells the same to its clients.
func (s *Service) Serve(ctx context.Context, l net.Listener) error {
	working, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	closing := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer closing()
	seats := make(chan struct{}, s.o.Settings.Sessions)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			s.o.Logger.Error("mail", slog.String("code", "mail.no_connection")) // such as too many open files, which passes
			select {
			case <-ctx.Done():
			case <-time.After(acceptAgain):
			}
			continue
		}
		select {
		case seats <- struct{}{}:
		default: // Postfix does as its milter_default_action says, which is to be tempfail
			s.o.Logger.Warn("mail", slog.String("code", "mail.too_many_sessions"))
			_ = c.Close()
			continue
		}
		all.Go(func() {
			s.one(working, c)
			<-seats
		})
	}
}

// one answers on one connection until it ends.
func (s *Service) one(ctx context.Context, c net.Conn) {
	x := &session{s: s, ctx: ctx, conn: newConn(c, s.o.Settings.Idle)}
	ended := make(chan struct{})
	x.conn.ended = func() { close(ended) }
	quiet := context.AfterFunc(ctx, x.conn.leave)
	defer quiet()
	// The library's server knows no end of a single connection, so each has a server of its own.
	server := milter.Server{NewMilter: func() milter.Milter { return x }, Protocol: milter.OptNoHelo,
		Actions: milter.OptAddHeader | milter.OptChangeHeader | milter.OptChangeBody | milter.OptQuarantine}
	_ = server.Serve(&once{conn: x.conn}) // ends at once, with the end of the listener
	<-ended
	x.reset()
}

// once is a listener of one connection.
type once struct {
	conn net.Conn
	had  bool
}

func (o *once) Accept() (net.Conn, error) {
	if o.had {
		return nil, net.ErrClosed
	}
	o.had = true
	return o.conn, nil
}

func (o *once) Close() error   { return nil }
func (o *once) Addr() net.Addr { return o.conn.LocalAddr() }

// conn is a connection that ends when nothing is said on it, and that notices its end while a mail is looked at.
type conn struct {
	net.Conn
	idle  time.Duration
	ended func()
	once  sync.Once

	mu      sync.Mutex
	early   []byte // read while a mail was looked at
	busy    bool   // from the beginning of looking until the answer is written, after which the next command is read
	leaving bool
}

func newConn(c net.Conn, idle time.Duration) *conn { return &conn{Conn: c, idle: idle} }

// Read reads what was read early, or waits no longer than idle.
func (c *conn) Read(b []byte) (int, error) {
	c.mu.Lock()
	c.busy = false
	if c.leaving {
		c.mu.Unlock()
		return 0, io.EOF
	}
	if n := copy(b, c.early); n > 0 {
		c.early = c.early[n:]
		c.mu.Unlock()
		return n, nil
	}
	c.mu.Unlock()
	late := time.AfterFunc(c.idle, func() { _ = c.Conn.Close() })
	defer late.Stop()
	n, err := c.Conn.Read(b)
	if err != nil {
		err = io.EOF // however it ended: the library would write it into the log
	}
	return n, err
}

// Write waits no longer than idle for a Postfix that does not read.
func (c *conn) Write(b []byte) (int, error) {
	late := time.AfterFunc(c.idle, func() { _ = c.Conn.Close() })
	defer late.Stop()
	return c.Conn.Write(b)
}

// leave ends the connection, or has it end after the answer about the mail that is being looked at.
func (c *conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = true
	if !c.busy {
		_ = c.Conn.Close()
	}
}

// watch gives a context that ends with the connection. done ends the watching and says whether the connection is gone.
func (c *conn) watch(ctx context.Context) (_ context.Context, done func() (gone bool)) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	c.busy = true
	c.mu.Unlock()
	read := make(chan bool, 1)
	go func() {
		var b [1]byte
		n, err := c.Conn.Read(b[:])
		var late net.Error
		gone := err != nil && !(errors.As(err, &late) && late.Timeout())
		if gone {
			cancel()
		}
		c.mu.Lock()
		c.early = append(c.early, b[:n]...)
		c.mu.Unlock()
		read <- gone
	}()
	return ctx, func() bool {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // long ago: the reading ends
		gone := <-read
		_ = c.SetReadDeadline(time.Time{})
		cancel()
		return gone
	}
}

// Close is called by the library when the connection is over.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.ended)
	return err
}

package icap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server answers proxies.
type Server struct {
	Services []Service
	Limits   Limits
	Now      func() time.Time // the machine's clock, which deadlines of connections are made of
	// Failed is told that a handler failed, or that a client sent what is not well formed; nil: nobody is.
	Failed func(method string, err error)

	mu   sync.Mutex
	open map[net.Conn]bool
}

// breath is how long a server waits when the system gives it no connection.
const breath = 100 * time.Millisecond

// Serve answers what comes on a listener until ctx ends; then it closes what is open. Connections beyond the limit get 503.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() {
		_ = l.Close()
		s.closeAll()
	})()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = c.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			s.closeAll()
			return err
		}
		if err != nil { // such as no file descriptor is left: it passes
			if s.Failed != nil {
				s.Failed("", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(breath):
			}
			continue
		}
		all.Go(func() { s.ServeConn(ctx, c) })
	}
}

func (s *Server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Close()
	}
}

// enter counts a connection; false when there are too many.
func (s *Server) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[net.Conn]bool{}
	}
	s.open[c] = true
	return len(s.open) <= s.Limits.Connections
}

func (s *Server) leave(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// conn is one connection.
type conn struct {
	s     *Server
	net   net.Conn
	r     *bufio.Reader
	w     *bufio.Writer
	began time.Time // of the message under way; zero between two
}

// timed gives every read and write of a connection its time.
type timed struct{ c *conn }

func (t timed) Read(p []byte) (int, error) {
	if err := t.c.net.SetReadDeadline(t.c.until()); err != nil {
		return 0, err
	}
	return t.c.net.Read(p)
}

func (t timed) Write(p []byte) (int, error) {
	if err := t.c.net.SetWriteDeadline(t.c.until()); err != nil {
		return 0, err
	}
	return t.c.net.Write(p)
}

func (c *conn) until() time.Time {
	at := c.s.Now().Add(c.s.Limits.Idle)
	if end := c.began.Add(c.s.Limits.Message); !c.began.IsZero() && end.Before(at) {
		return end
	}
	return at
}

// ServeConn answers what comes on one connection until it is closed, and closes it.
func (s *Server) ServeConn(ctx context.Context, n net.Conn) {
	defer func() { _ = n.Close() }()
	c := &conn{s: s, net: n}
	c.r = bufio.NewReaderSize(timed{c}, max(64<<10, s.Limits.Line+2))
	c.w = bufio.NewWriterSize(timed{c}, 64<<10)
	room := s.enter(n)
	defer s.leave(n)
	if !room {
		c.refuse(503)
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for ctx.Err() == nil {
		method, goOn, err := c.message(ctx)
		if err != nil && !errors.Is(err, io.EOF) && s.Failed != nil {
			s.Failed(method, err)
		}
		if !goOn || err != nil {
			return
		}
	}
}

// refuse answers with a status and says that the connection ends. It waits a little for what the client still sends: closed with
// bytes unread, the connection would take the answer with it.
func (c *conn) refuse(status int) {
	c.began = time.Time{} // for saying so there is time anew
	c.headOf(status, Fields{{"Connection", "close"}, {"Encapsulated", noBody + "=0"}}, "")
	if c.w.Flush() == nil {
		c.linger()
	}
}

func (c *conn) linger() {
	c.began = c.s.Now().Add(c.s.Limits.Idle - c.s.Limits.Message) // for this there is as much time as between two pieces, in all
	if half, ok := c.net.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c.r, c.s.Limits.Drain)
	}
}

// message reads one message and answers it; false when the connection is over.
func (c *conn) message(ctx context.Context) (method string, goOn bool, err error) {
	c.began = time.Time{}
	if _, err := c.r.Peek(1); err != nil {
		return "", false, io.EOF // between two messages a client may go, or stay silent until it is sent away
	}
	c.began = c.s.Now()
	first, err := readStart(c.r, c.s.Limits)
	if err == nil {
		method = first.method
		goOn, err = c.one(ctx, first)
	}
	var f fault
	if errors.As(err, &f) {
		c.refuse(f.status)
	}
	return method, goOn, err
}

// one reads the rest of a message and answers it.
func (c *conn) one(ctx context.Context, first start) (goOn bool, err error) {
	fields, err := readFields(c.r, c.s.Limits)
	if err != nil {
		return false, err
	}
	if _, known := orders[first.method]; !known {
		return false, fault{501, "a method that is not known"}
	}
	m := &Message{Method: first.method, Fields: fields, mustClose: fields.has("Connection", "close")}
	if err := c.readMessage(m); err != nil {
		return false, err
	}
	var there bool
	for i := range c.s.Services {
		v := &c.s.Services[i]
		if v.Path != first.path {
			continue
		}
		there = true
		switch m.Method {
		case "OPTIONS":
			return c.options(m, v)
		case v.Method:
			a, err := v.handle(ctx, m)
			if err != nil {
				return false, c.failed(err)
			}
			if body, ok := a.Body.(io.Closer); ok {
				defer func() { _ = body.Close() }()
			}
			return c.answer(m, v, a)
		}
	}
	if there {
		return false, fault{405, "a method that the service does not have"}
	}
	return false, fault{404, "no such service"}
}

// handle makes an error of a handler that panics: it must not take the connections of others with it.
func (v *Service) handle(ctx context.Context, m *Message) (a Answer, err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return v.Handle(ctx, m)
}

var errPanic = errors.New("icap: the handler panicked")

// failed answers for a handler that failed: by what the client did wrong, or with 500.
func (c *conn) failed(err error) error {
	if !IsFault(err) {
		c.refuse(500)
	}
	return err
}

// readMessage reads what stands before the body.
func (c *conn) readMessage(m *Message) error {
	for _, name := range []string{"Encapsulated", "Preview", "Host"} {
		if m.Fields.Count(name) > 1 {
			return malformed("a field stands twice")
		}
	}
	if m.Fields.Get("Host") == "" {
		return malformed("there is no Host")
	}
	m.allow204, m.allow206 = m.Fields.has("Allow", "204"), m.Fields.has("Allow", "206")
	text := m.Fields.Get("Encapsulated")
	if text == "" {
		if m.Method == "OPTIONS" {
			return nil
		}
		return malformed("there is no Encapsulated")
	}
	parts, err := readEncapsulated(m.Method, text, c.s.Limits.Head)
	if err != nil {
		return err
	}
	for i, p := range parts[:len(parts)-1] {
		head, err := readHead(c.r, parts[i+1].at-p.at, c.s.Limits)
		if err != nil {
			return err
		}
		if p.name == requestHead {
			m.Request = head
		} else {
			m.Response = head
		}
	}
	preview := int64(-1)
	if text := m.Fields.Get("Preview"); text != "" {
		n, ok := number(text, 10)
		if !ok || n > c.s.Limits.Drain {
			return malformed("Preview is no number, or over the limit")
		}
		preview = n
	}
	if parts[len(parts)-1].name == noBody {
		return nil
	}
	m.preview = preview >= 0
	m.body = &body{r: c.r, l: c.s.Limits, preview: preview, goOn: func() error {
		_, _ = c.w.WriteString("ICAP/1.0 100 Continue\r\n\r\n")
		return c.w.Flush()
	}}
	m.Body = m.body
	return nil
}

// options says what a service does.
func (c *conn) options(m *Message, v *Service) (bool, error) {
	stays := m.body == nil || m.body.drain(c.s.Limits.Drain)
	out := Fields{
		{"Methods", v.Method}, {"Service", "Amanah"}, {"Service-ID", v.ID}, {"ISTag", `"` + v.Tag + `"`},
		{"Max-Connections", strconv.Itoa(c.s.Limits.Connections)}, {"Options-TTL", "3600"}, {"Allow", "204, 206"},
		{"Preview", strconv.Itoa(v.Preview)}, {"Transfer-Preview", "*"}, {"Encapsulated", noBody + "=0"},
	}
	if m.mustClose || !stays {
		out = append(out, Field{"Connection", "close"})
	}
	c.headOf(200, out, "")
	return c.ended(m, stays)
}

// headOf writes a head. What cannot be written is seen by whoever flushes.
func (c *conn) headOf(status int, out Fields, behind string) {
	var text strings.Builder
	text.WriteString("ICAP/1.0 " + strconv.Itoa(status) + " " + phrases[status] + "\r\n")
	for _, f := range out {
		text.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	_, _ = c.w.WriteString(text.String() + "\r\n" + behind)
}

// answer chooses the form in which an answer goes out.
func (c *conn) answer(m *Message, v *Service, a Answer) (bool, error) {
	whole := m.body != nil && a.Unchanged
	if m.body == nil && a.Unchanged {
		a.Body = nil
	}
	kept := m.allow204 || m.inPreview()
	if a.Unchanged && a.Head == nil && kept {
		stays, err := c.letPass(m)
		if err != nil {
			return false, err
		}
		c.first(m, v, 204, noBody+"=0", stays, "")
		return c.ended(m, stays)
	}
	heads, list, last := m.heads(a)
	at := "=" + strconv.Itoa(len(heads))
	switch {
	case whole && m.allow206 && kept:
		stays, err := c.letPass(m)
		if err != nil {
			return false, err
		}
		c.first(m, v, 206, list+last+at, stays, heads+"0; use-original-body=0\r\n\r\n")
		return c.ended(m, stays)
	case whole:
		return c.bringBack(m, v, list+last+at, heads, a.Body)
	}
	stays := m.body == nil || m.body.drain(c.s.Limits.Drain)
	if a.Body == nil {
		c.first(m, v, 200, list+noBody+at, stays, heads)
		return c.ended(m, stays)
	}
	c.first(m, v, 200, list+last+at, stays, heads)
	if err := c.send(a.Body); err != nil {
		return false, err
	}
	return c.ended(m, stays)
}

// inPreview reports whether the client still waits behind its preview, or will.
func (m *Message) inPreview() bool { return m.preview && !m.body.continued }

// letPass reads to its end what the client sends of a body that it may let pass, and of a preview no more than that. It is an error
// when the body breaks off: nothing may be said of it then.
func (c *conn) letPass(m *Message) (stays bool, err error) {
	if m.body == nil {
		return true, nil
	}
	stays = m.body.drain(c.s.Limits.Body)
	if !stays {
		err = m.body.err
	}
	return stays, err
}

// bringBack sends a body as it came: first what a handler had read of it, then the rest as it comes.
func (c *conn) bringBack(m *Message, v *Service, encapsulated, heads string, read io.Reader) (bool, error) {
	rest, err := m.body.goBeyond()
	if err != nil {
		return false, err
	}
	from := io.MultiReader(bytes.NewReader(rest), m.body)
	if read != nil {
		from = io.MultiReader(read, from)
	}
	c.first(m, v, 200, encapsulated, true, heads)
	if err := c.send(from); err != nil {
		return false, err
	}
	return c.ended(m, true)
}

// send writes a body. One that breaks off is left without its last chunk, so that the client sees that it is not whole.
func (c *conn) send(from io.Reader) error {
	piece := make([]byte, 32<<10)
	for {
		n, err := fill(from, piece) // full chunks, however what came was cut
		if n > 0 {
			if err := writeChunk(c.w, piece[:n]); err != nil {
				return brokenOffError{err}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			_, _ = c.w.WriteString("0\r\n\r\n") // as headOf
			return nil
		case err != nil:
			return brokenOffError{err}
		}
	}
}

// fill reads until a piece is full. Unlike io.ReadFull it leaves an error as it is: one that broke off is not at its end.
func fill(from io.Reader, piece []byte) (n int, err error) {
	for n < len(piece) && err == nil {
		var more int
		more, err = from.Read(piece[n:])
		n += more
	}
	return n, err
}

// first writes the head of an answer and what stands behind it.
func (c *conn) first(m *Message, v *Service, status int, encapsulated string, stays bool, behind string) {
	out := Fields{{"ISTag", `"` + v.Tag + `"`}, {"Encapsulated", encapsulated}}
	if m.mustClose || !stays {
		out = append(out, Field{"Connection", "close"})
	}
	c.headOf(status, out, behind)
}

// brokenOffError is an answer that was under way: no other can follow it.
type brokenOffError struct{ err error }

func (b brokenOffError) Error() string { return "icap: an answer broke off: " + b.err.Error() }

// ended sends what was written. When the client still has something to send it is given time to read the answer first.
func (c *conn) ended(m *Message, stays bool) (bool, error) {
	err := c.w.Flush()
	if err == nil && !stays {
		c.linger()
	}
	return stays && !m.mustClose, err
}

// heads are the HTTP heads of an answer, their list in Encapsulated, and the name of a body behind them.
func (m *Message) heads(a Answer) (text, list, last string) {
	request := m.Method == Request && !a.Instead
	head := a.Head
	switch {
	case head != nil:
	case request:
		head = m.Request
	default:
		head = m.Response
	}
	name, last := responseHead, responseBody
	if request {
		name, last = requestHead, requestBody
	}
	if head == nil {
		return "", "", last
	}
	return string(head.Raw), name + "=0, ", last
}

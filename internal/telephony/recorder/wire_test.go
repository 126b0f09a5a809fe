package recorder

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
)

// asterisk plays the manager of an exchange, as its protocol describes it: every connection logs in and asks to mute or unmute.
type asterisk struct {
	mu      sync.Mutex
	muted   bool
	silent  bool   // it does what it is asked, and does not say so
	refuses string // what it says instead
	asked   chan struct{}
}

func (x *asterisk) serve(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = c.Close() }()
				_, _ = io.WriteString(c, "Asterisk Call Manager/9.0.0\r\n")
				r, action := bufio.NewReader(c), ""
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					if line != "\r\n" {
						action += line
						continue
					}
					x.act(c, action)
					action = ""
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String()
}

func (x *asterisk) act(c net.Conn, action string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case strings.HasPrefix(action, "Action: Login"):
		_, _ = io.WriteString(c, "Response: Success\r\nActionID: amanah-login\r\n\r\n")
	case x.refuses != "":
		_, _ = io.WriteString(c, "Response: Error\r\nActionID: amanah-record\r\nMessage: "+x.refuses+"\r\n\r\n")
	default:
		x.muted = strings.Contains(action, "State: 1")
		if !x.silent {
			_, _ = io.WriteString(c, "Response: Success\r\nActionID: amanah-record\r\n\r\n")
		}
	}
	if !strings.HasPrefix(action, "Action: Login") {
		x.asked <- struct{}{}
	}
}

func (x *asterisk) is() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.muted
}

func (x *asterisk) set(silent bool, refuses string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.silent, x.refuses = silent, refuses
}

// The whole way: the room, the client of the exchange, and a server that speaks its protocol.
func TestACaptureOverTheWireOfAnExchange(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		x := &asterisk{asked: make(chan struct{}, 100)}
		r := OfExchange(pbx.AMI{Address: x.serve(t), Username: "amanah", Password: "rahasia", Recording: pbx.MixMonitor})
		within := func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
		h.o.Of, h.o.Within = func(string) Recorder { return r }, func(ctx context.Context) (context.Context, context.CancelFunc) { return within(ctx) }
		itx := h.serving("7.1")
		_, err := h.begin(itx)
		h.must(err)
		if !x.is() || h.state(itx) != interaction.Capture {
			t.Fatalf("muted %v, %s", x.is(), h.state(itx))
		}
		h.must(h.Cancel(t.Context(), h.agent, itx))
		h.work(itx)
		if x.is() || h.last(itx).State != Closed {
			t.Fatalf("muted %v, %s", x.is(), h.last(itx).State)
		}
		x.set(false, "Permission denied")
		h.now = h.now.Add(time.Second)
		_, err = h.begin(itx)
		h.refused(err, "recorder.refused")
		// It does it and never says so: the time is over once it was asked.
		x.set(true, "")
		for len(x.asked) > 0 {
			<-x.asked
		}
		within = func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			go func() { <-x.asked; cancel() }()
			return ctx, func() {}
		}
		h.now = h.now.Add(time.Second)
		_, err = h.begin(itx)
		h.refused(err, "recorder.silent")
		if !x.is() || h.state(itx) != interaction.Serving {
			t.Errorf("muted %v, %s", x.is(), h.state(itx))
		}
		x.set(false, "")
		within = func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
		h.work(itx)
		if x.is() || h.last(itx).State != Settling {
			t.Errorf("muted %v, %s", x.is(), h.last(itx).State)
		}
	})
}

package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// keepAlive is how often a quiet stream says that it is there, and asks again who listens: whoever leaves is gone within five seconds.
const keepAlive = 4 * time.Second

// Event is one server-sent event. Name is what the page listens for with data-on; Fragment
// is a template of the room, rendered with Data in the language of the request. Without a
// Fragment the event carries only its name, and the page asks for what it needs.
type Event struct {
	Name     string
	Fragment string
	Data     any
}

// Stream is an open stream of server-sent events.
type Stream struct {
	r    *Request
	ctrl *http.ResponseController
}

func newStream(r *Request) (*Stream, error) {
	st := r.state
	ctrl := http.NewResponseController(r.Writer)
	// A stream outlives the deadlines of a page.
	_ = ctrl.SetWriteDeadline(time.Time{})
	_ = ctrl.SetReadDeadline(time.Time{})
	h := r.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold events back
	r.Writer.WriteHeader(http.StatusOK)
	st.stream = true
	s := &Stream{r: r, ctrl: ctrl}
	return s, s.write("retry: 2000\n\n")
}

func (s *Stream) write(text string) error {
	// A client that takes nothing for ten seconds is gone: a deadline in the past wakes the
	// write that waits for it. The business's clock has no say in this.
	stuck := time.AfterFunc(10*time.Second, func() { _ = s.ctrl.SetWriteDeadline(time.Unix(1, 0)) })
	defer stuck.Stop()
	if _, err := s.r.Writer.Write([]byte(text)); err != nil {
		return errs.Wrap(errs.Unavailable, "web.stream", err)
	}
	if err := s.ctrl.Flush(); err != nil {
		return errs.Wrap(errs.Unavailable, "web.stream", err)
	}
	return nil
}

// Send sends one event.
func (s *Stream) Send(e Event) error {
	if strings.ContainsAny(e.Name, "\r\n:") || e.Name == "" {
		return errs.New(errs.Internal, "app.internal")
	}
	var b strings.Builder
	b.WriteString("event: " + e.Name + "\n")
	html := ""
	if e.Fragment != "" {
		out, err := s.r.router.server.renderFragment(s.r, e.Fragment, e.Data)
		if err != nil {
			return err
		}
		html = string(out)
	}
	for line := range strings.SplitSeq(html, "\n") {
		b.WriteString("data: " + strings.TrimSuffix(line, "\r") + "\n")
	}
	b.WriteString("\n")
	return s.write(b.String())
}

// Run sends what arrives on events until the channel closes, the client goes or the
// session ends, which is asked every four seconds. It returns nil in all three cases: none
// of them is a failure.
func (s *Stream) Run(ctx context.Context, events <-chan Event) error {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-events:
			if !open {
				return nil
			}
			if err := s.Send(e); err != nil {
				return quietly(err)
			}
		case <-tick.C:
			if !s.stillThere(ctx) {
				return quietly(s.Send(Event{Name: "gone"}))
			}
			if err := s.write(": here\n\n"); err != nil {
				return nil
			}
		}
	}
}

// quietly drops the error of a client that went away, and keeps defects of ours.
func quietly(err error) error {
	if errs.KindOf(err) == errs.Unavailable {
		return nil
	}
	return err
}

func (s *Stream) stillThere(ctx context.Context) bool {
	ro := s.r.state.route
	if ro.Access.Public || ro.Access.Customer {
		return true
	}
	server := s.r.router.server
	v, err := server.options.Lookup(ctx, s.r.HTTP)
	if err != nil {
		return errs.KindOf(err) == errs.Unavailable // a hiccup of the store is no sign-out
	}
	access := ro.Access
	access.Fresh = false // it was fresh when the stream was opened
	return v.Actor.ID() == s.r.Actor.ID() && access.Allows(v.Actor, true, server.options.Clock()) == nil
}

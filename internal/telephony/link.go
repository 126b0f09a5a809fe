package telephony

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/web"
)

// LinkState is how a connection to an exchange stands.
type LinkState string

// The states.
const (
	LinkUp      LinkState = "up"
	LinkWaiting LinkState = "waiting" // connecting, or waiting to
	LinkDown    LinkState = "down"    // refused for a reason that a person must mend
)

// Link is a connection to an exchange as the page shows it: kept in memory on its node.
type Link struct {
	Name    string // ami, ari or esl
	Address string
	State   LinkState
	Reason  string // code of the last failure
	Version string // what the exchange calls itself
	Since   time.Time
	Events  int64 // taken since it is up
}

// Links lists the connections of this node.
func (s *Service) Links() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Link, 0, len(s.links))
	for _, l := range s.links {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	return out
}

var linkTones = map[LinkState]web.Tone{LinkUp: web.Good, LinkWaiting: web.Warn, LinkDown: web.Bad}

func linkTable(p *i18n.Printer, links []Link) web.Table {
	t := web.Table{Caption: p.T("telephony.links_title"), Columns: columns(p, "link", "state", "version", "since", "events"),
		Empty: web.Empty{Title: p.T("telephony.links_empty"), Text: p.T("telephony.links_empty_next")}}
	for _, l := range links {
		state := web.Cell{Chip: &web.Chip{Tone: linkTones[l.State], Text: p.T("telephony.link_" + string(l.State))}}
		if l.Reason != "" {
			state.Note = p.Bare(l.Reason)
		}
		t.Rows = append(t.Rows, web.Row{ID: l.Name, Cells: []web.Cell{
			{Text: strings.ToUpper(l.Name), Note: l.Address}, state, {Text: l.Version}, {Time: l.Since}, {Text: p.Number(l.Events)},
		}})
	}
	return t
}

// Connection is how to reach an exchange, and whose calls come from it.
type Connection struct {
	Name       string // ami, ari or esl
	Address    string // as the page and the check show it
	Mapping    string
	Controller string
	Exchange   pbx.Exchange
	Dialler    pbx.Dialler  // nil: no calls out
	Recorder   pbx.Recorder // nil: its recorder is not paused
}

// Backoff is how long to wait before the nth try: a second, then twice as long each time,
// at most a minute. What only a person can mend is tried once a minute.
func Backoff(n int, mendable bool) time.Duration {
	if !mendable || n > 6 {
		return time.Minute
	}
	return min(time.Second<<max(n-1, 0), time.Minute)
}

// Wait waits for d, or until ctx ends.
type Wait func(ctx context.Context, d time.Duration) error

// Sleep is the Wait of the machine's own clock.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Follow keeps a connection to an exchange until ctx ends: it opens sessions, takes their
// events, and after each loss waits longer and longer. What happened in between was not
// heard, so every session begins with a doubt about the calls of its controller.
func (s *Service) Follow(ctx context.Context, c Connection, wait Wait) {
	m, ok := s.o.Mappings.Get(c.Mapping)
	if !ok {
		s.note(c, LinkDown, errMapping.Code, "")
		return
	}
	for n := 1; ; n++ {
		s.note(c, LinkWaiting, s.reasonOf(c.Name), "")
		session, err := c.Exchange.Open(ctx)
		if err == nil {
			n = 0
			err = s.listen(ctx, c, m, session, wait)
			_ = session.Close()
		}
		if ctx.Err() != nil {
			s.forget(c.Name)
			return
		}
		e := errs.Of(err)
		mendable := e.Kind != errs.Denied && e.Kind != errs.Invalid
		state := LinkWaiting
		if !mendable {
			state = LinkDown
		}
		s.note(c, state, e.Code, "")
		s.o.Logger.Warn("exchange", slog.String("link", c.Name), slog.String("code", e.Code))
		if wait(ctx, Backoff(max(n, 1), mendable)) != nil {
			s.forget(c.Name)
			return
		}
	}
}

// listen takes the events of one session.
func (s *Service) listen(ctx context.Context, c Connection, m *Mapping, session pbx.Session, wait Wait) error {
	if _, err := s.o.Intake.Doubt(ctx, s.o.Duty, c.Controller); err != nil {
		return err
	}
	s.note(c, LinkUp, "", session.Version())
	s.o.Logger.Info("exchange", slog.String("link", c.Name), slog.String("state", string(LinkUp)))
	for {
		d, err := session.Next(ctx)
		if err != nil {
			return err
		}
		events, err := m.Read(d, s.arrival)
		if err != nil {
			s.o.Logger.Warn("exchange event", slog.String("link", c.Name), slog.String("code", errs.CodeOf(err)))
			continue
		}
		for _, e := range events {
			if err := s.relay(ctx, c, e, wait); err != nil {
				return err
			}
		}
	}
}

// relay hands one event over. While the house cannot take it, it waits, and with it
// everything behind it on the connection: nothing is lost and nothing overtakes.
func (s *Service) relay(ctx context.Context, c Connection, e interaction.Event, wait Wait) error {
	for n := 1; ; n++ {
		_, err := s.o.Intake.Relay(ctx, s.o.Duty, interaction.Line{Name: "link/" + c.Name, Controllers: []string{c.Controller}}, e)
		switch errs.KindOf(err) {
		case "":
			s.count(c.Name)
			return nil
		case errs.Unavailable, errs.TooMany, errs.Internal:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.o.Logger.Warn("exchange event waits", slog.String("link", c.Name), slog.String("code", errs.CodeOf(err)))
			if err := wait(ctx, Backoff(n, true)); err != nil {
				return err
			}
		default: // this event will never be taken
			s.o.Logger.Warn("exchange event", slog.String("link", c.Name), slog.String("code", errs.CodeOf(err)))
			return nil
		}
	}
}

func (s *Service) reasonOf(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.links[name].Reason
}

func (s *Service) note(c Connection, state LinkState, reason, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[c.Name] = Link{Name: c.Name, Address: c.Address, State: state, Reason: reason, Version: version, Since: s.o.DB.Now()}
}

func (s *Service) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.links[name]
	l.Events++
	s.links[name] = l
}

func (s *Service) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, name)
}

// Checked is what a check of a connection found, step by step.
type Checked struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	OK      bool   `json:"ok"`
	Steps   []Step `json:"steps"`
	Version string `json:"version,omitempty"`
}

// Step is one step of a check: connect, event, mapping, pause, resume.
type Step struct {
	Name string `json:"step"`
	// Result is good, bad, or none: nothing came within the time, which may be right.
	Result string `json:"result"`
	Code   string `json:"code,omitempty"`
	Kind   string `json:"kind,omitempty"` // of the event, in our words
}

// Results of a step.
const (
	StepGood = "good"
	StepBad  = "bad"
	StepNone = "none"
)

// Check connects, logs in, subscribes, and waits until limit ends for one event that the
// mapping knows. It hands nothing over, and keeps and tells nothing of what the event says
// but its kind. With pause it waits for a call that is connected, and has its recording paused and resumed: that alone
// changes something in the exchange, for a moment.
func Check(ctx, limit context.Context, l *Library, c Connection, pause bool) Checked {
	out := Checked{Name: c.Name, Address: c.Address}
	session, err := c.Exchange.Open(ctx)
	if err != nil {
		out.Steps = []Step{{Name: "connect", Result: StepBad, Code: errs.CodeOf(err)}}
		return out
	}
	defer func() { _ = session.Close() }()
	out.Version = session.Version()
	out.Steps = []Step{{Name: "connect", Result: StepGood}}
	m, ok := l.Get(c.Mapping)
	if !ok {
		out.Steps = append(out.Steps, Step{Name: "mapping", Result: StepBad, Code: errMapping.Code})
		return out
	}
	heard := false
	for n := int64(1); ; {
		d, err := session.Next(limit)
		if err != nil && limit.Err() != nil {
			out.OK = true
			if !heard {
				out.Steps = append(out.Steps, Step{Name: "event", Result: StepNone})
			}
			if last := out.Steps[len(out.Steps)-1]; last.Name != "mapping" {
				out.Steps = append(out.Steps, Step{Name: "mapping", Result: StepNone})
			}
			if pause {
				out.Steps = append(out.Steps, Step{Name: "pause", Result: StepNone})
			}
			return out
		}
		if err != nil {
			out.OK = false
			out.Steps = append(out.Steps, Step{Name: "event", Result: StepBad, Code: errs.CodeOf(err)})
			return out
		}
		if !heard {
			heard = true
			out.Steps = append(out.Steps, Step{Name: "event", Result: StepGood})
		}
		events, err := m.Read(d, func() int64 { n++; return n })
		if err != nil {
			out.OK = false
			out.Steps = append(out.Steps, Step{Name: "mapping", Result: StepBad, Code: errs.CodeOf(err)})
			return out
		}
		if len(events) > 0 && !out.OK {
			out.OK = true
			out.Steps = append(out.Steps, Step{Name: "mapping", Result: StepGood, Kind: string(events[0].Kind)})
		}
		if out.OK && !pause {
			return out
		}
		for _, e := range events {
			if e.Kind == interaction.ContactConnected {
				steps := CheckRecorder(ctx, func(ctx context.Context, mute bool) error {
					if c.Recorder == nil {
						return errNoRecorder
					}
					return c.Recorder.Mute(ctx, e.Contact, mute)
				})
				out.OK = steps[0].Result == StepGood && steps[1].Result == StepGood
				out.Steps = append(out.Steps, steps...)
				return out
			}
		}
	}
}

// AckTime is how long a recorder has to acknowledge.
const AckTime = 2 * time.Second

// CheckRecorder pauses a recorder and has it go on, whatever it said to the pause.
func CheckRecorder(ctx context.Context, tell func(ctx context.Context, pause bool) error) []Step {
	step := func(name string, pause bool) Step {
		limit, cancel := context.WithTimeout(ctx, AckTime)
		defer cancel()
		if err := tell(limit, pause); err != nil {
			return Step{Name: name, Result: StepBad, Code: errs.CodeOf(err)}
		}
		return Step{Name: name, Result: StepGood}
	}
	return []Step{step("pause", true), step("resume", false)}
}

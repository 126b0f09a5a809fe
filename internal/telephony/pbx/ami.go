package pbx

import (
	"context"
	"strings"
)

// AMI is the Asterisk Manager Interface: lines of "Name: value", messages with an empty
// line behind, a banner first. Login asks for the classes call and agent only.
type AMI struct {
	Address   string
	Username  string
	Password  string
	Dial      Dial
	Way       Way    // how calls leave; zero: none are made
	Recording string // MixMonitor or Monitor; empty: nothing is paused
	After     After
}

type ami struct {
	*wire
	version string
	early   []Document // events that came before the answer to the login
}

const amiBanner = "Asterisk Call Manager"

// Open connects, logs in and subscribes.
func (x AMI) Open(ctx context.Context) (Session, error) {
	if !plain(x.Username, x.Password) {
		return nil, errLogin
	}
	ctx, cancel := context.WithTimeout(ctx, OpenTime)
	defer cancel()
	w, err := open(ctx, x.Dial, x.After, x.Address)
	if err != nil {
		return nil, err
	}
	s := &ami{wire: w}
	err = w.during(ctx, func() error { return s.login(x) })
	return opened(w, s, err)
}

func (s *ami) login(x AMI) error {
	banner, err := s.line()
	if err != nil {
		return named(err)
	}
	if !strings.HasPrefix(banner, amiBanner) {
		return errProtocol
	}
	s.version = banner
	const id = "amanah-login"
	if err := s.write("Action: Login\r\nActionID: " + id + "\r\nUsername: " + x.Username + "\r\nSecret: " + x.Password + "\r\nEvents: call,agent\r\n\r\n"); err != nil {
		return err
	}
	for {
		m, err := s.headers()
		switch {
		case err != nil:
			return err
		case m["Event"] != "":
			s.early = append(s.early, document(m))
			if len(s.early) > 1000 {
				return errProtocol
			}
		case m["ActionID"] != "" && m["ActionID"] != id:
		case m["Response"] == "Success":
			return nil
		case m["Response"] == "Error":
			return errLogin
		}
	}
}

func (s *ami) Version() string { return s.version }

// Next waits for the next event. When the exchange is quiet it is asked whether it is
// there; when it then says nothing either, it is gone.
func (s *ami) Next(ctx context.Context) (d Document, err error) {
	if len(s.early) > 0 {
		d, s.early = s.early[0], s.early[1:]
		return d, nil
	}
	err = s.during(ctx, func() error {
		for {
			m, err := s.awake(func() { _ = s.write("Action: Ping\r\n\r\n") })
			if err != nil {
				return err
			}
			if m["Event"] != "" {
				d = document(m)
				return nil
			}
		}
	})
	return d, err
}

// awake reads a message; ask is called after Quiet, and after Quiet again the wire is cut.
func (w *wire) awake(ask func()) (map[string]string, error) {
	stop := w.after(Quiet, ask)
	defer stop()
	cut := w.after(2*Quiet, func() { _ = w.Close() })
	defer cut()
	return w.headers()
}

func document(m map[string]string) Document {
	d := make(Document, len(m))
	for name, value := range m {
		d[name] = value
	}
	return d
}

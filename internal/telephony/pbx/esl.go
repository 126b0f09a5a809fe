package pbx

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// ESL is the FreeSWITCH event socket in its inbound mode: the exchange asks for a password
// first; commands end with an empty line; what comes back has headers and, where
// Content-Length says so, a body.
type ESL struct {
	Address   string
	Username  string // user@domain, where one is used
	Password  string
	Dial      Dial
	Way       Way    // how calls leave; zero: none are made
	Recording string // path of a recording, with {channel}; empty: nothing is paused
	After     After
}

type esl struct {
	*wire
	version string
}

// eslEvents are what is subscribed to. HEARTBEAT comes every 20 seconds by itself.
const eslEvents = "CHANNEL_CREATE CHANNEL_BRIDGE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_HANGUP_COMPLETE HEARTBEAT"

// Open connects, logs in and subscribes.
func (x ESL) Open(ctx context.Context) (Session, error) {
	if !plain(x.Username, x.Password) {
		return nil, errLogin
	}
	ctx, cancel := context.WithTimeout(ctx, OpenTime)
	defer cancel()
	w, err := open(ctx, x.Dial, x.After, x.Address)
	if err != nil {
		return nil, err
	}
	s := &esl{wire: w}
	err = w.during(ctx, func() error { return s.login(x) })
	return opened(w, s, err)
}

func (s *esl) login(x ESL) error {
	m, err := s.headers()
	if err != nil {
		return named(err)
	}
	switch m["Content-Type"] {
	case "auth/request":
	case "text/rude-rejection": // this machine's address is not on the exchange's list
		return errRefused
	default:
		return errProtocol
	}
	command := "auth " + x.Password
	if x.Username != "" {
		command = "userauth " + x.Username + ":" + x.Password
	}
	if _, ok, err := s.command(command); err != nil || !ok {
		if err == nil {
			err = errLogin
		}
		return err
	}
	version, _, err := s.command("api version")
	if err != nil {
		return err
	}
	s.version, _, _ = strings.Cut(version, "\n")
	s.version = s.version[:min(len(s.version), 100)]
	if _, ok, err := s.command("event plain " + eslEvents); err != nil || !ok {
		if err == nil {
			err = errRefused
		}
		return err
	}
	return nil
}

// command sends one and reads its answer: the body of an api command, else whether it was +OK.
func (s *esl) command(text string) (body string, ok bool, err error) {
	if err := s.write(text + "\n\n"); err != nil {
		return "", false, err
	}
	for {
		m, body, err := s.message(func() {})
		if err != nil {
			return "", false, err
		}
		switch m["Content-Type"] {
		case "command/reply":
			return body, strings.HasPrefix(m["Reply-Text"], "+OK"), nil
		case "api/response":
			return body, true, nil
		}
	}
}

func (s *esl) message(ask func()) (m map[string]string, body string, err error) {
	if m, err = s.awake(ask); err != nil {
		return nil, "", err
	}
	if text, ok := m["Content-Length"]; ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, "", errProtocol
		}
		if body, err = s.body(n); err != nil {
			return nil, "", err
		}
	}
	if m["Content-Type"] == "text/disconnect-notice" {
		return nil, "", errClosed
	}
	return m, body, nil
}

func (s *esl) Version() string { return s.version }

// Next waits for the next event of a channel.
func (s *esl) Next(ctx context.Context) (d Document, err error) {
	err = s.during(ctx, func() error {
		for {
			m, body, err := s.message(func() {})
			if err != nil {
				return err
			}
			if m["Content-Type"] != "text/event-plain" {
				continue
			}
			d = eslEvent(body)
			if name := d["Event-Name"]; name != nil && name != "HEARTBEAT" {
				return nil
			}
		}
	})
	return d, err
}

// eslEvent reads the headers of an event, whose values are written as in an address.
func eslEvent(body string) Document {
	d := Document{}
	for line := range strings.SplitSeq(body, "\n") {
		if line == "" {
			break // what follows is the event's own body
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		d[name] = value
	}
	return d
}

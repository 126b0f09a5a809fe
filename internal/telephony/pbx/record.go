package pbx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Recorder mutes the recording of a channel, so that what is said goes on being heard and is not kept, and unmutes it.
// nil means that the exchange has said so. pbx.unanswered means that it was asked, and nobody knows what it has done; after
// any other error nothing was changed. pbx.no_channel means that there is no such channel (any more).
type Recorder interface {
	Mute(ctx context.Context, channel string, mute bool) error
}

// How Asterisk records: with MixMonitor, or with the older Monitor.
const (
	MixMonitor = "mixmonitor"
	Monitor    = "monitor"
)

var (
	errUnanswered = errs.New(errs.Unavailable, "pbx.unanswered")
	errNoChannel  = errs.New(errs.NotFound, "pbx.no_channel")
	errRecording  = errs.New(errs.Unavailable, "pbx.recording")
)

// channel is what an exchange calls a channel, and a word of a command.
var channel = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$`)

// recordingName is a recording's name at ARI, and recordingPath a file of FreeSWITCH, with a place for the channel.
var (
	recordingName = regexp.MustCompile(`^[A-Za-z0-9_.-]*\{channel\}[A-Za-z0-9_.-]*$`)
	recordingPath = regexp.MustCompile(`^[A-Za-z0-9_./:-]*\{channel\}[A-Za-z0-9_./:-]*$`)
)

// CheckRecording refuses what cannot be the name of a recording of that exchange.
func (x AMI) CheckRecording() error { return one(x.Recording == MixMonitor || x.Recording == Monitor) }

// CheckRecording refuses what cannot be the name of a recording of that exchange.
func (x ARI) CheckRecording() error { return one(recordingName.MatchString(x.Recording)) }

// CheckRecording refuses what cannot be the name of a recording of that exchange.
func (x ESL) CheckRecording() error { return one(recordingPath.MatchString(x.Recording)) }

func one(good bool) error {
	if !good {
		return errRecording
	}
	return nil
}

// Mute asks Asterisk by AMI's action MixMonitorMute, or PauseMonitor and UnpauseMonitor, on a connection of its own. The
// channel may be named by its Uniqueid.
func (x AMI) Mute(ctx context.Context, ch string, mute bool) error {
	if err := errors.Join(x.CheckRecording(), one(channel.MatchString(ch))); err != nil {
		return errRecording
	}
	session, err := x.Open(ctx)
	if err != nil {
		return before(ctx, err)
	}
	s := session.(*ami)
	defer func() { _ = s.Close() }()
	const id = "amanah-record"
	action := "MixMonitorMute\r\nActionID: " + id + "\r\nChannel: " + ch + "\r\nDirection: both\r\nState: " + map[bool]string{true: "1", false: "0"}[mute]
	if x.Recording == Monitor {
		action = map[bool]string{true: "Pause", false: "Unpause"}[mute] + "Monitor\r\nActionID: " + id + "\r\nChannel: " + ch
	}
	return s.asked(ctx, func() error {
		if err := s.write("Action: " + action + "\r\n\r\n"); err != nil {
			return err
		}
		for {
			m, err := s.headers()
			switch {
			case err != nil:
				return err
			case m["ActionID"] != id || m["Event"] != "":
			case m["Response"] == "Success":
				return nil
			case strings.Contains(m["Message"], "No such channel"):
				return errNoChannel
			default:
				return errRefused
			}
		}
	})
}

// Mute asks FreeSWITCH by api uuid_record mask or unmask, on a connection of its own.
func (x ESL) Mute(ctx context.Context, ch string, mute bool) error {
	if err := errors.Join(x.CheckRecording(), one(channel.MatchString(ch))); err != nil {
		return errRecording
	}
	session, err := x.Open(ctx)
	if err != nil {
		return before(ctx, err)
	}
	s := session.(*esl)
	defer func() { _ = s.Close() }()
	word := map[bool]string{true: "mask", false: "unmask"}[mute]
	return s.asked(ctx, func() error {
		body, _, err := s.command("api uuid_record " + ch + " " + word + " " + strings.ReplaceAll(x.Recording, "{channel}", ch))
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(body, "+OK"):
			return nil
		case strings.Contains(body, "Cannot locate session"):
			return errNoChannel
		}
		return errRefused
	})
}

// Mute asks Asterisk by ARI's /recordings/live/{name}/mute: POST mutes, DELETE unmutes.
func (x ARI) Mute(ctx context.Context, ch string, mute bool) error {
	if err := errors.Join(x.CheckRecording(), one(channel.MatchString(ch))); err != nil {
		return errRecording
	}
	base, err := x.base()
	if err != nil {
		return err
	}
	method := map[bool]string{true: http.MethodPost, false: http.MethodDelete}[mute]
	r, err := http.NewRequestWithContext(ctx, method, base.JoinPath("recordings", "live", strings.ReplaceAll(x.Recording, "{channel}", ch), "mute").String(), nil)
	if err != nil {
		return errProtocol
	}
	r.Header.Set("Authorization", x.authorization())
	var reached atomic.Bool // a connection may still be dialled when nobody waits for it any more
	dial := x.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	x.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err == nil {
			reached.Store(true)
		}
		return c, err
	}
	answer, err := x.client().Do(r)
	switch {
	case err != nil && reached.Load():
		return errUnanswered
	case err != nil:
		return errUnreachable
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxMessage))
	switch {
	case answer.StatusCode/100 == 2:
		return nil
	case answer.StatusCode == http.StatusNotFound:
		return errNoChannel
	case answer.StatusCode >= 500:
		return errUnanswered // who can tell what it did
	}
	return refusedWith(answer)
}

// asked does what asks something of the exchange: once it was sent, an answer that does not come leaves everything open.
func (w *wire) asked(ctx context.Context, ask func() error) error {
	switch err := w.during(ctx, ask); {
	case err == nil, errors.Is(err, errRefused), errors.Is(err, errNoChannel):
		return err
	}
	return errUnanswered
}

// before is an error of an opening: nothing was asked yet.
func before(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errUnreachable
	}
	return err
}

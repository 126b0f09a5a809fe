package pbx

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// Call is a call that an exchange is to make: to a customer first, and then to the agent. So the agent's telephone is called
// by the company's own number, and shows nothing of the customer's.
type Call struct {
	Channel string // the id that the exchange is to give the call, so that its events can be told
	Number  string // of the customer: + and digits
	Agent   string // where the agent is reached in the exchange's own plan
}

// Dialler makes calls. A call that was taken on may still fail: the exchange's events tell.
type Dialler interface {
	Call(ctx context.Context, c Call) error
}

// Way is how calls leave an exchange, as its operator set it up.
type Way struct {
	Trunk    string // PJSIP/{number}@trunk, or sofia/gateway/trunk/{number}
	Context  string // of the plan in which agents are reached
	CallerID string // the company's own number
}

// number is an international number without anything else: no star code, no short number, no second line.
var number = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)

// extension is a name in an exchange's plan, and a word of a command.
var extension = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// callerID is a number of the company, or a name of the plan.
var callerID = regexp.MustCompile(`^\+?[A-Za-z0-9_.-]{1,40}$`)

// trunk is a way out with a place for the number.
var trunk = regexp.MustCompile(`^[A-Za-z0-9_./@:-]*\{number\}[A-Za-z0-9_./@:-]*$`)

// costly are the beginnings of numbers that are dialled for somebody's profit: premium rate here and abroad, and satellites.
var costly = []string{"+62809", "+979", "+870", "+878", "+881", "+882", "+883", "+1900", "+44909", "+44871", "+44872", "+44873"}

// Dialable refuses what is no ordinary number of a person. The error never holds it.
func Dialable(n string) error {
	if !number.MatchString(n) {
		return errNumber
	}
	for _, begin := range costly {
		if strings.HasPrefix(n, begin) {
			return errNumber
		}
	}
	return nil
}

// Check refuses a way that is not set up, or not as one can be.
func (w Way) Check() error {
	if !trunk.MatchString(w.Trunk) || !extension.MatchString(w.Context) || !callerID.MatchString(w.CallerID) {
		return errWay
	}
	return nil
}

// check refuses a call before anything is sent.
func (w Way) check(c Call) error {
	if err := w.Check(); err != nil {
		return err
	}
	if !extension.MatchString(c.Channel) || !extension.MatchString(c.Agent) {
		return errWay
	}
	return Dialable(c.Number)
}

func (w Way) endpoint(c Call) string { return strings.ReplaceAll(w.Trunk, "{number}", c.Number) }

// Call asks Asterisk by AMI's action Originate, on a connection of its own.
func (x AMI) Call(ctx context.Context, c Call) error {
	if err := x.Way.check(c); err != nil {
		return err
	}
	session, err := x.Open(ctx)
	if err != nil {
		return err
	}
	s := session.(*ami)
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(ctx, OpenTime)
	defer cancel()
	const id = "amanah-originate"
	return s.during(ctx, func() error {
		if err := s.write("Action: Originate\r\nActionID: " + id + "\r\nChannel: " + x.Way.endpoint(c) + "\r\nContext: " + x.Way.Context + "\r\nExten: " + c.Agent +
			"\r\nPriority: 1\r\nCallerID: " + x.Way.CallerID + "\r\nChannelId: " + c.Channel + "\r\nAsync: true\r\n\r\n"); err != nil {
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
			default:
				return errRefused
			}
		}
	})
}

// Call asks Asterisk by ARI's POST /channels. What is sent stands in the body: an address is written into logs.
func (x ARI) Call(ctx context.Context, c Call) error {
	if err := x.Way.check(c); err != nil {
		return err
	}
	base, err := x.base()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, OpenTime)
	defer cancel()
	body, err := json.Marshal(map[string]any{"endpoint": x.Way.endpoint(c), "channelId": c.Channel, "context": x.Way.Context, "extension": c.Agent, "priority": 1, "callerId": x.Way.CallerID})
	if err != nil {
		return errProtocol
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("channels").String(), bytes.NewReader(body))
	if err != nil {
		return errProtocol
	}
	r.Header.Set("Authorization", x.authorization())
	r.Header.Set("Content-Type", "application/json")
	answer, err := x.client().Do(r)
	if err != nil {
		return errUnreachable
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxMessage))
	if answer.StatusCode/100 != 2 {
		return refusedWith(answer)
	}
	return nil
}

// Call asks FreeSWITCH by bgapi originate, on a connection of its own.
func (x ESL) Call(ctx context.Context, c Call) error {
	if err := x.Way.check(c); err != nil {
		return err
	}
	session, err := x.Open(ctx)
	if err != nil {
		return err
	}
	s := session.(*esl)
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(ctx, OpenTime)
	defer cancel()
	return s.during(ctx, func() error {
		_, ok, err := s.command("bgapi originate {origination_uuid=" + c.Channel + ",origination_caller_id_number=" + x.Way.CallerID + ",ignore_early_media=true}" +
			x.Way.endpoint(c) + " " + c.Agent + " XML " + x.Way.Context)
		if err == nil && !ok {
			err = errRefused
		}
		return err
	})
}

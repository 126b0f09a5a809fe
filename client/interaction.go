package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Opening is a contact that begins.
type Opening struct {
	Controller string `json:"controller"`         // whose customer calls (ctl_…)
	Channel    string `json:"channel"`            // phone, chat or email
	Direction  string `json:"direction"`          // inbound or outbound
	Queue      string `json:"queue,omitempty"`    // of the call center
	Language   string `json:"language,omitempty"` // id or en
	Case       string `json:"case,omitempty"`     // case reference of a CRM
	From       string `json:"from,omitempty"`     // the caller's number; used once by the server and thrown away

	IdempotencyKey string `json:"-"` // empty: a random one per call
}

// Interaction is a contact as the server sees it. It holds no value of the customer.
type Interaction struct {
	ID          string    `json:"id"`
	State       string    `json:"state"`
	Controller  string    `json:"controller"`
	Agent       string    `json:"agent"` // staff id
	Purpose     string    `json:"purpose"`
	Queue       string    `json:"queue"`
	Channel     string    `json:"channel"`
	Direction   string    `json:"direction"`
	Language    string    `json:"language"`
	Number      string    `json:"number"` // the caller's, masked
	Match       string    `json:"match"`  // one, many or none: how many customers have it
	Identified  bool      `json:"identified"`
	Level       int       `json:"level"` // 0 to 3, now
	Risks       []string  `json:"risks"`
	Fresh       bool      `json:"fresh"` // the last heartbeat is younger than 15 seconds
	Disposition string    `json:"disposition"`
	StartedAt   time.Time `json:"started_at"`
	ChangedAt   time.Time `json:"changed_at"`
}

// Event is a CloudEvent 1.0 about a contact, from telephony or chat. Sequence counts the events of one contact; late,
// lost and reordered ones can only lower rights.
type Event struct {
	ID       string
	Source   string
	Type     string // contact.offered, contact.connected, contact.held, contact.resumed, contact.transferred, contact.ended
	Contact  string // the source's own id of the contact
	Sequence int64
	Data     EventData
}

// EventData is what an event says about its contact; all of it is optional but in the first.
type EventData struct {
	Controller string   `json:"controller,omitempty"`
	Channel    string   `json:"channel,omitempty"`
	Direction  string   `json:"direction,omitempty"`
	Queue      string   `json:"queue,omitempty"`
	Language   string   `json:"language,omitempty"`
	Case       string   `json:"case,omitempty"`
	From       string   `json:"from,omitempty"`
	Agent      string   `json:"agent,omitempty"` // staff id
	Risks      []string `json:"risks,omitempty"`
}

// EventOutcome says what became of an event.
type EventOutcome struct {
	Interaction string `json:"interaction"`
	Outcome     string `json:"outcome"` // applied, lowered, duplicate or ignored
	// Items are the outcomes of a batch, in its order. ReportEvent sends single events.
	Items []BatchOutcome `json:"items,omitempty"`
}

// BatchOutcome says what became of one event of a batch.
type BatchOutcome struct {
	Interaction string `json:"interaction,omitempty"`
	Outcome     string `json:"outcome"`        // as of EventOutcome, or refused
	Code        string `json:"code,omitempty"` // why it was refused
}

// Move is a step of an interaction.
type Move string

// The moves.
const (
	MoveServe      Move = "serve"
	MoveHold       Move = "hold"
	MoveResume     Move = "resume"
	MoveLower      Move = "lower"      // another person is speaking: what was verified counts for nothing
	MoveDisconnect Move = "disconnect" // ends the talk; wrap-up begins
)

// StartInteraction begins a contact by hand when a member of staff acts, or lets one ring when an API client acts
// alone, and returns its id.
func (c *Client) StartInteraction(ctx context.Context, o Opening) (string, error) {
	out, err := ask[struct {
		ID string `json:"id"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions", in: o, key: repeatKey(o.IdempotencyKey), repeat: true})
	return out.ID, err
}

// ReportEvent posts an event. It is idempotent by source and id.
func (c *Client) ReportEvent(ctx context.Context, e Event) (EventOutcome, error) {
	body := struct {
		SpecVersion string    `json:"specversion"`
		ID          string    `json:"id"`
		Source      string    `json:"source"`
		Type        string    `json:"type"`
		Subject     string    `json:"subject"`
		Sequence    int64     `json:"sequence"`
		Data        EventData `json:"data"`
	}{"1.0", e.ID, e.Source, e.Type, e.Contact, e.Sequence, e.Data}
	return ask[EventOutcome](ctx, c, call{method: http.MethodPost, path: "/interactions/events", in: body, media: "application/cloudevents+json", repeat: true})
}

// Interactions lists the contacts that ring for, or belong to, the member of staff.
func (c *Client) Interactions(ctx context.Context) ([]Interaction, error) {
	out, err := ask[struct {
		Items []Interaction `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/interactions", repeat: true})
	return out.Items, err
}

// Interaction is one contact.
func (c *Client) Interaction(ctx context.Context, interaction string) (Interaction, error) {
	return ask[Interaction](ctx, c, call{method: http.MethodGet, path: "/interactions/%s", repeat: true}, interaction)
}

// Accept takes a contact that rings or was handed over.
func (c *Client) Accept(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/accept"}, interaction)
}

// ChoosePurpose states what the contact is for. language is that of the script which was read out; empty is the
// contact's.
func (c *Client) ChoosePurpose(ctx context.Context, interaction, purpose, language string) error {
	in := struct {
		Purpose  string `json:"purpose"`
		Language string `json:"language,omitempty"`
	}{purpose, language}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/purpose", in: in}, interaction)
}

// Move takes a step, such as MoveHold.
func (c *Client) Move(ctx context.Context, interaction string, m Move) error {
	in := struct {
		Move Move `json:"move"`
	}{m}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/move", in: in}, interaction)
}

// Transfer hands the contact to a colleague. The verification moves along for a minute.
func (c *Client) Transfer(ctx context.Context, interaction, staff string) error {
	in := struct {
		To string `json:"to"`
	}{staff}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/transfer", in: in}, interaction)
}

// Refuse declines to serve and ends the contact: caller_objects, not_verified, wrong_person, suspicious or abuse.
func (c *Client) Refuse(ctx context.Context, interaction, reason string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/refuse", in: because{reason}}, interaction)
}

// Seal ends the wrap-up; every right of the contact is revoked. disposition is resolved, follow_up, callback, complaint,
// data_request, wrong_number, no_contact, not_verified or other.
func (c *Client) Seal(ctx context.Context, interaction, disposition string) error {
	in := struct {
		Disposition string `json:"disposition"`
	}{disposition}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/seal", in: in}, interaction)
}

// Heartbeat says that the desk is alive. Without one for 15 seconds the server shows and sends nothing more. It does
// not count as the person being there: a session ends after 15 minutes without any other request.
func (c *Client) Heartbeat(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/heartbeat", repeat: true, alone: true}, interaction)
}

// BeatEvery is how often KeepAlive sends a heartbeat.
const BeatEvery = 5 * time.Second

// Beat is a running heartbeat.
type Beat struct {
	ctx  context.Context //nolint:containedctx // it is what a Beat is: the life of the contact
	stop context.CancelCauseFunc
	done sync.WaitGroup
}

// KeepAlive sends a heartbeat for the contact at once and then every BeatEvery, until Stop or the end of ctx. A
// heartbeat that was refused (the contact ended, was handed over, or the session is over), or three in a row that did
// not arrive, end it: Context is done then, and Err says why.
func (c *Client) KeepAlive(ctx context.Context, interaction string) *Beat {
	return c.keepAlive(ctx, interaction, BeatEvery)
}

func (c *Client) keepAlive(ctx context.Context, interaction string, every time.Duration) *Beat {
	b := &Beat{}
	b.ctx, b.stop = context.WithCancelCause(ctx)
	b.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for failed := 0; ; {
			err := c.Heartbeat(b.ctx, interaction)
			switch {
			case b.ctx.Err() != nil:
				return
			case err == nil:
				failed = 0
			default:
				if failed++; failed == 3 || Code(err) != "" && !temporary(err) {
					b.stop(err)
					return
				}
			}
			select {
			case <-b.ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return b
}

// Context ends when the heartbeat does. Work that needs the contact alive is done under it.
func (b *Beat) Context() context.Context { return b.ctx }

// Err is why the heartbeat ended by itself; nil while it runs and after Stop.
func (b *Beat) Err() error {
	if cause := context.Cause(b.ctx); cause != errStopped { //nolint:errorlint // its own value
		return cause
	}
	return nil
}

// Stop ends the heartbeat and waits for it. It returns why it had ended by itself before, if it had.
func (b *Beat) Stop() error {
	b.stop(errStopped)
	b.done.Wait()
	return b.Err()
}

// Denial is a contact that its customer denied: "I did not contact you". It holds no personal data.
type Denial struct {
	ID          string    `json:"id"`
	Interaction string    `json:"interaction"`
	Controller  string    `json:"controller"`
	Channel     string    `json:"channel"`
	Agent       string    `json:"agent"` // staff id of who sent the link
	State       string    `json:"state"` // of the contact now: frozen, unless it had ended before
	At          time.Time `json:"denied_at"`
	Number      string    `json:"number"`      // our own number that was displayed, if that is what was reported
	Disclosed   []string  `json:"disclosed"`   // names of the fields that had been used or shown; only from Denial
	ReviewedBy  string    `json:"reviewed_by"` // staff id; "" while nobody has looked
	Reviewed    time.Time `json:"reviewed_at"` // zero while nobody has
}

// DenialPage is one page of denials, newest first.
type DenialPage struct {
	Items []Denial `json:"items"`
	Next  string   `json:"next"` // cursor of the next page; "" at the end
}

// Denials reads one page of what customers denied: those that wait for a review, or those that were reviewed. after is
// Next of the page before; empty is the first.
func (c *Client) Denials(ctx context.Context, reviewed bool, after string) (DenialPage, error) {
	v := url.Values{"reviewed": {strconv.FormatBool(reviewed)}}
	if after != "" {
		v.Set("after", after)
	}
	return ask[DenialPage](ctx, c, call{method: http.MethodGet, path: "/denials", query: v, repeat: true})
}

// Denial reads one denied contact, with the names of the fields that had been used or shown in it.
func (c *Client) Denial(ctx context.Context, denial string) (Denial, error) {
	return ask[Denial](ctx, c, call{method: http.MethodGet, path: "/denials/%s", repeat: true}, denial)
}

// ReviewDenial says that a denied contact was looked into, with what was found: once, and by somebody who did not serve
// it. The reason is sealed in the log under the customer's key.
func (c *Client) ReviewDenial(ctx context.Context, denial, reason string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/denials/%s/review", in: because{reason}, key: repeatKey(""), repeat: true}, denial)
}

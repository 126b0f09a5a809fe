package client

import (
	"context"
	"net/http"
	"time"
)

// Receipt names the entry of the audit log that was durable before the answer was sent.
type Receipt struct {
	Leaf uint64    `json:"leaf"` // index in the log of the node that answered; see LogHealth.Origin
	At   time.Time `json:"at"`
}

// Value is one value of a customer: masked, or clear after a reveal.
type Value struct {
	ID    string `json:"id"`
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Hit is a customer that a search found, with the fields that matched, masked.
type Hit struct {
	Subject string  `json:"subject"`
	Values  []Value `json:"values"`
}

// Found is the answer to a search: at most three hits.
type Found struct {
	Hits []Hit `json:"hits"`
	More bool  `json:"more"` // there were more than three: ask for something narrower
}

// Customer is the masked view of the customer in a call.
type Customer struct {
	Subject     string  `json:"subject"`
	Level       int     `json:"level"`
	RevealsLeft int     `json:"reveals_left"` // in this shift
	Fields      []Field `json:"fields"`
	Receipt     Receipt `json:"receipt"`
}

// Field is one field of the purpose, and what may be done with it now.
type Field struct {
	Name    string   `json:"name"`
	Class   string   `json:"class"` // public, general, specific, secret
	Values  []Value  `json:"values"`
	Allowed []string `json:"allowed"` // compare, act, reveal
	Say     string   `json:"may_say"` // what of it may be said or written on the call's channel now: whole, mask, nothing
	Why     string   `json:"why"`     // code of the refusal when it is not even masked
}

// Reveal asks for values.
type Reveal struct {
	Fields []string `json:"fields"`
	Value  string   `json:"value,omitempty"` // id of one of several values of a single field
	Reason string   `json:"reason"`          // free text; sealed in the log under the customer's key
}

// Revealed is what may be shown, and for how long.
type Revealed struct {
	Values        []Value   `json:"values"`
	Refused       []Refused `json:"refused"` // asked for besides and not shown, in the order asked
	RemaskSeconds int       `json:"remask_seconds"`
	RevealsLeft   int       `json:"reveals_left"`
	Receipt       Receipt   `json:"receipt"`
}

// Refused is a field that was asked for and is not shown: why, and what would allow it.
type Refused struct {
	Field  string            `json:"field"` // "?" for a name that the catalogue does not declare
	Code   string            `json:"code"`
	Title  string            `json:"title"`
	Titles map[string]string `json:"titles"` // by language: id, en
	Next   map[string]string `json:"next"`
	Say    map[string]string `json:"say"`
}

// RemaskAfter is how long the values may stay on a screen.
func (r Revealed) RemaskAfter() time.Duration { return time.Duration(r.RemaskSeconds) * time.Second }

// Compared is the answer to a compare; it never holds the value.
type Compared struct {
	Match   bool    `json:"match"`
	Receipt Receipt `json:"receipt"`
}

// Disclosure is one act on the customer's data in a call.
type Disclosure struct {
	Verb   string    `json:"verb"`
	Fields []string  `json:"fields"`
	Level  int       `json:"level"`
	At     time.Time `json:"at"`
}

// Summary is what happened in a call, for its wrap-up; it holds names of fields and no values.
type Summary struct {
	Level       int          `json:"level"`
	Notes       int          `json:"notes"`
	Disclosures []Disclosure `json:"disclosures"`
}

// Search finds the caller among the controller's customers: by customer_number, phone, email, nik, name or
// case_reference. Three failed compares and the searches of a call are counted by the server; there is no browsing.
func (c *Client) Search(ctx context.Context, interaction, by, value string) (Found, error) {
	in := struct {
		By    string `json:"by"`
		Value string `json:"value"`
	}{by, value}
	return ask[Found](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/search", in: in}, interaction)
}

// Identify binds a customer that a search in this call found.
func (c *Client) Identify(ctx context.Context, interaction, subject string) error {
	in := struct {
		Subject string `json:"subject"`
	}{subject}
	return c.tell(ctx, call{method: http.MethodPut, path: "/interactions/%s/subject", in: in, repeat: true}, interaction)
}

// Customer is the masked view: only the fields of the purpose. Looking is an act too and is in the log.
func (c *Client) Customer(ctx context.Context, interaction string) (Customer, error) {
	return ask[Customer](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/customer", repeat: true}, interaction)
}

// Reveal shows values for a reason. Prefer Compare and Resend: they show nothing.
func (c *Client) Reveal(ctx context.Context, interaction string, r Reveal) (Revealed, error) {
	return ask[Revealed](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/reveal", in: r}, interaction)
}

// Compare says whether what the caller said is the value. Three that do not match in 24 hours, over all agents and
// channels, close comparing for that customer.
func (c *Client) Compare(ctx context.Context, interaction, field, said string) (Compared, error) {
	in := struct {
		Field string `json:"field"`
		Said  string `json:"said"`
	}{field, said}
	return ask[Compared](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/compare", in: in}, interaction)
}

// Resend sends to a registered contact without showing it. value is the id of one of several; empty is the best. A
// call that is repeated by itself, because the answer was lost, gets the receipt of the first.
func (c *Client) Resend(ctx context.Context, interaction, field, value string) (Receipt, error) {
	in := struct {
		Field string `json:"field"`
		Value string `json:"value,omitempty"`
	}{field, value}
	out, err := ask[struct {
		Receipt Receipt `json:"receipt"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/resend", in: in, key: repeatKey(""), repeat: true}, interaction)
	return out.Receipt, err
}

// Words are a text of the agent's own.
type Words struct {
	Text   string
	Reason string // why it has to go, where a rule asks that (dlp.reason_needed); it holds no personal data
}

// Write sends a text of the agent's own to a registered contact without showing the address. A text that may not be written
// there is refused; the problem says what to do instead. The receipt is as in Resend.
func (c *Client) Write(ctx context.Context, interaction, field, value string, words Words) (Receipt, error) {
	in := struct {
		Field  string `json:"field"`
		Value  string `json:"value,omitempty"`
		Text   string `json:"text"`
		Reason string `json:"reason,omitempty"`
	}{field, value, words.Text, words.Reason}
	out, err := ask[struct {
		Receipt Receipt `json:"receipt"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/write", in: in, key: repeatKey(""), repeat: true}, interaction)
	return out.Receipt, err
}

// Check says whether a text may be written on the call's own channel, such as a chat that another system serves: nil, or the
// problem that says why not. It sends nothing; a call has five texts, sent and checked together.
func (c *Client) Check(ctx context.Context, interaction string, words Words) error {
	in := struct {
		Text   string `json:"text"`
		Reason string `json:"reason,omitempty"`
	}{words.Text, words.Reason}
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/check", in: in}, interaction)
}

// Note keeps a note of the call, sealed under the call's own key. Personal data in it is replaced by its name before it is
// kept; the kinds that were are returned.
func (c *Client) Note(ctx context.Context, interaction, text string) (replaced []string, err error) {
	in := struct {
		Text string `json:"text"`
	}{text}
	out, err := ask[struct {
		Replaced []string `json:"replaced"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/notes", in: in, key: repeatKey(""), repeat: true}, interaction)
	return out.Replaced, err
}

// KeptNote is one note of a call.
type KeptNote struct {
	ID    string    `json:"id"`
	Staff string    `json:"staff"` // who wrote it
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

// OpenedNotes are the notes of a call; they must leave the screen after RemaskSeconds.
type OpenedNotes struct {
	Notes         []KeptNote `json:"notes"` // oldest first
	RemaskSeconds int        `json:"remask_seconds"`
	RevealsLeft   int        `json:"reveals_left"`
	Receipt       Receipt    `json:"receipt"`
}

// Notes opens the notes of this very call, whoever wrote them; it costs one of the shift's reveals.
func (c *Client) Notes(ctx context.Context, interaction string) (OpenedNotes, error) {
	return ask[OpenedNotes](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/notes/read"}, interaction)
}

// Summary is what happened in the call.
func (c *Client) Summary(ctx context.Context, interaction string) (Summary, error) {
	return ask[Summary](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/summary", repeat: true}, interaction)
}

// Verification says how strongly the caller has proved to be the customer, and what can be tried.
type Verification struct {
	Level       int        `json:"level"` // 0 to 3, now
	Until       time.Time  `json:"until"` // when it decays; zero when there is nothing to decay
	LockedUntil time.Time  `json:"compares_locked_until"`
	Attempts    []Attempt  `json:"attempts"`
	Contacts    []Contact  `json:"contacts"`
	Questions   []Question `json:"questions"`
	Passkeys    []Passkey  `json:"passkeys"` // the customer's own, for whoever serves one who was verified strongly
}

// Passkey is one that the customer registered on the page of a call.
type Passkey struct {
	ID           string    `json:"id"`
	RegisteredAt time.Time `json:"registered_at"`
	UsedAt       time.Time `json:"used_at"` // zero: not yet
}

// Attempt is one link that was sent to the customer.
type Attempt struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`   // sent, opened, confirmed, mismatch, declined, denied, expired, withdrawn
	Number    int       `json:"number"`  // the two digits to read to the customer
	Contact   string    `json:"contact"` // field name of the registered contact
	StartedAt time.Time `json:"started_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Contact is a registered contact that a link can be sent to.
type Contact struct {
	RegisteredAt time.Time `json:"registered_at"` // zero: nobody knows
	Value        string    `json:"value"`         // its id
	Contact      string    `json:"contact"`
	Reaches      int       `json:"reaches"` // the level it can lead to; 0 when registered too recently
}

// Question is an item of the account's history that can be asked for.
type Question struct {
	Kind  string `json:"kind"`
	Asked bool   `json:"asked"`
}

// Verification is where the call stands.
func (c *Client) Verification(ctx context.Context, interaction string) (Verification, error) {
	return ask[Verification](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/verification", repeat: true}, interaction)
}

// SendLink sends the customer page to a registered contact. value is the contact's id; empty is the best.
func (c *Client) SendLink(ctx context.Context, interaction, value string) (Attempt, error) {
	in := struct {
		Value string `json:"value,omitempty"`
	}{value}
	return ask[Attempt](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/verification/link", in: in}, interaction)
}

// Answer compares what the caller answered with the account's history, and says match or no match.
func (c *Client) Answer(ctx context.Context, interaction, kind, said string) (bool, error) {
	in := struct {
		Kind string `json:"kind"`
		Said string `json:"said"`
	}{kind, said}
	out, err := ask[struct {
		Match bool `json:"match"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/verification/answer", in: in}, interaction)
	return out.Match, err
}

// AskSecond asks a second member of staff to decide on the customer of a contact, and returns the id of the request.
func (c *Client) AskSecond(ctx context.Context, interaction, reason string) (string, error) {
	out, err := ask[struct {
		Request string `json:"request"`
	}](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/verification/second", in: because{reason}}, interaction)
	return out.Request, err
}

// CallBack takes as proof that the exchange reported this contact as a call of ours to a registered number.
func (c *Client) CallBack(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/verification/call-back"}, interaction)
}

// EndPasskey ends one of the customer's passkeys, as the verification lists them.
func (c *Client) EndPasskey(ctx context.Context, interaction, passkey string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/verification/passkeys/%s/revoke"}, interaction, passkey)
}

// EndPasskeys ends all passkeys of the customer in the call. Doing it twice is the same.
func (c *Client) EndPasskeys(ctx context.Context, interaction string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/interactions/%s/verification/passkeys/revoke", repeat: true}, interaction)
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Session is a member of staff signed in for a program.
type Session struct {
	Token   string    `json:"token"` // for As; keep it in memory only
	Session string    `json:"session"`
	Staff   string    `json:"staff"`
	Ends    time.Time `json:"ends"` // at the latest; 15 minutes without a request end it before
}

// Identity is who acts.
type Identity struct {
	Session        string    `json:"session"`
	Staff          string    `json:"staff"`
	Role           string    `json:"role"`
	Client         string    `json:"client"` // id of the API client in between
	Controllers    []string  `json:"controllers"`
	SecondFactorAt time.Time `json:"second_factor_at"`
}

// SignIn begins a session with a password and a six-digit code, or a recovery code. It sends no credential of the
// Client. It is not repeated by itself, for a code is good once.
func (c *Client) SignIn(ctx context.Context, login, password, code string) (Session, error) {
	bare := *c
	bare.key, bare.session = "", ""
	in := struct {
		Login    string `json:"login"`
		Password string `json:"password"`
		Code     string `json:"code"`
	}{login, password, code}
	return ask[Session](ctx, &bare, call{method: http.MethodPost, path: "/sessions", in: in})
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	return c.tell(ctx, call{method: http.MethodDelete, path: "/sessions/current", repeat: true})
}

// WhoAmI says who acts.
func (c *Client) WhoAmI(ctx context.Context) (Identity, error) {
	return ask[Identity](ctx, c, call{method: http.MethodGet, path: "/sessions/current", repeat: true})
}

// Controller is a company whose customers are served.
type Controller struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Controllers lists the companies.
func (c *Client) Controllers(ctx context.Context) ([]Controller, error) {
	out, err := ask[struct {
		Controllers []Controller `json:"controllers"`
	}](ctx, c, call{method: http.MethodGet, path: "/controllers", repeat: true})
	return out.Controllers, err
}

// Declaration is what the catalogue declares of one field of customers. A field that it does not declare is secret.
type Declaration struct {
	Name       string                    `json:"name"`
	Class      string                    `json:"class"`     // public, general, specific, secret
	Kind       string                    `json:"kind"`      // of specific data
	Label      map[string]string         `json:"label"`     // by language
	Necessity  map[string]string         `json:"necessity"` // by language: why it is needed, UU PDP art. 16 (2)(a)
	Normaliser string                    `json:"normaliser"`
	Mask       string                    `json:"mask"`
	Masked     string                    `json:"masked"` // what the mask shows of a fictional value
	Index      string                    `json:"index"`  // unique, exact, memory, none
	Multiple   bool                      `json:"multiple"`
	Contact    string                    `json:"contact"` // phone, email, post; empty if nothing can be sent to it
	Verifies   bool                      `json:"verifies"`
	Free       bool                      `json:"free"`     // stands for every name that begins with it and an underscore
	Levels     map[string]map[string]int `json:"levels"`   // lowest level by channel and verb; what is missing is not allowed
	Purposes   []string                  `json:"purposes"` // of the caller's controllers
}

// Catalogue lists the declarations of all fields of customers.
func (c *Client) Catalogue(ctx context.Context) ([]Declaration, error) {
	out, err := ask[struct {
		Fields []Declaration `json:"fields"`
	}](ctx, c, call{method: http.MethodGet, path: "/fields", repeat: true})
	return out.Fields, err
}

// NewPurpose is a purpose to be proposed.
type NewPurpose struct {
	Controller string              `json:"controller"`
	Slug       string              `json:"slug"`
	Basis      string              `json:"basis"`           // consent, contract, legal_obligation, vital_interest, public_task, legitimate_interest
	Name       map[string]string   `json:"name"`            // by language
	Fields     map[string][]string `json:"fields"`          // by verb
	Script     map[string]string   `json:"script"`          // by language
	Order      int                 `json:"order,omitempty"` // place in the controller's list; 0: after the last
}

// Purpose is what data may be used for, on which lawful basis (UU PDP art. 20).
type Purpose struct {
	ID         string              `json:"id"`
	Controller string              `json:"controller"`
	Slug       string              `json:"slug"`
	Status     string              `json:"status"`
	Basis      string              `json:"basis"`
	Name       map[string]string   `json:"name"`
	Fields     map[string][]string `json:"fields"`
	Script     map[string]string   `json:"script"`
	Notice     int                 `json:"notice"` // version of the notice in force; 0 for none
	Order      int                 `json:"order"`  // place in the controller's list
}

// Notice is a version of what customers are told about a purpose.
type Notice struct {
	ID          string            `json:"id"`
	Version     int               `json:"version"`
	Text        map[string]string `json:"text"` // by language
	PublishedAt time.Time         `json:"published_at"`
}

// Purposes lists the purposes of a controller, or of all when it is empty.
func (c *Client) Purposes(ctx context.Context, controller string) ([]Purpose, error) {
	k := call{method: http.MethodGet, path: "/purposes", repeat: true}
	if controller != "" {
		k.query = url.Values{"controller": {controller}}
	}
	out, err := ask[struct {
		Purposes []Purpose `json:"purposes"`
	}](ctx, c, k)
	return out.Purposes, err
}

// Purpose is one purpose.
func (c *Client) Purpose(ctx context.Context, purpose string) (Purpose, error) {
	return ask[Purpose](ctx, c, call{method: http.MethodGet, path: "/purposes/%s", repeat: true}, purpose)
}

// ProposePurpose makes a draft.
func (c *Client) ProposePurpose(ctx context.Context, p NewPurpose) (Purpose, error) {
	return ask[Purpose](ctx, c, call{method: http.MethodPost, path: "/purposes", in: p, key: repeatKey(""), repeat: true})
}

// PublishPurpose lets a draft be used; it needs a notice.
func (c *Client) PublishPurpose(ctx context.Context, purpose string) (Purpose, error) {
	return ask[Purpose](ctx, c, call{method: http.MethodPost, path: "/purposes/%s/publish", key: repeatKey(""), repeat: true}, purpose)
}

// RetirePurpose ends its use.
func (c *Client) RetirePurpose(ctx context.Context, purpose string) (Purpose, error) {
	return ask[Purpose](ctx, c, call{method: http.MethodPost, path: "/purposes/%s/retire", key: repeatKey(""), repeat: true}, purpose)
}

// Notices lists the versions of a purpose's notice, newest first.
func (c *Client) Notices(ctx context.Context, purpose string) ([]Notice, error) {
	out, err := ask[struct {
		Notices []Notice `json:"notices"`
	}](ctx, c, call{method: http.MethodGet, path: "/purposes/%s/notices", repeat: true}, purpose)
	return out.Notices, err
}

// PublishNotice publishes the next version of a purpose's notice, by language.
func (c *Client) PublishNotice(ctx context.Context, purpose string, text map[string]string) (Notice, error) {
	in := struct {
		Text map[string]string `json:"text"`
	}{text}
	return ask[Notice](ctx, c, call{method: http.MethodPost, path: "/purposes/%s/notices", in: in, key: repeatKey(""), repeat: true}, purpose)
}

// NewConsent is what a customer said about a purpose.
type NewConsent struct {
	Purpose string `json:"purpose"`
	What    string `json:"what"`              // granted, refused or withdrawn
	Channel string `json:"channel,omitempty"` // outside of a call: phone, chat, email, portal or paper
	Notice  int    `json:"notice,omitempty"`  // version that was read out; 0 is the one in force
	Proof   string `json:"proof,omitempty"`   // reference to where the proof lies

	IdempotencyKey string `json:"-"` // empty: a random one per call
}

// Consent is an entry in the history of consents.
type Consent struct {
	ID          string    `json:"id"`
	Subject     string    `json:"subject"`
	Purpose     string    `json:"purpose"`
	What        string    `json:"what"`
	Notice      int       `json:"notice"`
	Proof       string    `json:"proof"`
	Channel     string    `json:"channel"`
	Interaction string    `json:"interaction"`
	Level       int       `json:"level"`   // how strongly the caller was verified, 1 to 3; 0 outside a call
	Mandate     string    `json:"mandate"` // through which a representative said it; "" when the customer did
	RecordedBy  string    `json:"recorded_by"`
	At          time.Time `json:"at"`
}

type consentList struct {
	Consents []Consent `json:"consents"`
}

// Consents is the last word of the customer in the call on every purpose.
func (c *Client) Consents(ctx context.Context, interaction string) ([]Consent, error) {
	out, err := ask[consentList](ctx, c, call{method: http.MethodGet, path: "/interactions/%s/consents", repeat: true}, interaction)
	return out.Consents, err
}

// RecordConsent records what the customer in the call says. The channel is the call's.
func (c *Client) RecordConsent(ctx context.Context, interaction string, n NewConsent) (Consent, error) {
	n.Channel = ""
	return ask[Consent](ctx, c, call{method: http.MethodPost, path: "/interactions/%s/consents", in: n, key: repeatKey(n.IdempotencyKey), repeat: true}, interaction)
}

// ConsentCount is how many customers' last word on a purpose was said to one version of its notice.
type ConsentCount struct {
	Notice    int `json:"notice"`
	Granted   int `json:"granted"`
	Refused   int `json:"refused"`
	Withdrawn int `json:"withdrawn"`
}

// ConsentCounts is how customers stand towards a purpose, by version of its notice, newest first.
func (c *Client) ConsentCounts(ctx context.Context, purpose string) ([]ConsentCount, error) {
	out, err := ask[struct {
		Counts []ConsentCount `json:"counts"`
	}](ctx, c, call{method: http.MethodGet, path: "/purposes/%s/consents", repeat: true}, purpose)
	return out.Counts, err
}

// CustomerConsents is everything a customer said about purposes, newest first. The reading is entered into their trail.
func (c *Client) CustomerConsents(ctx context.Context, subject string) ([]Consent, error) {
	out, err := ask[consentList](ctx, c, call{method: http.MethodGet, path: "/subjects/%s/consents", repeat: true}, subject)
	return out.Consents, err
}

// RecordCustomerConsent records what a customer said outside of a call, such as by letter.
func (c *Client) RecordCustomerConsent(ctx context.Context, subject string, n NewConsent) (Consent, error) {
	return ask[Consent](ctx, c, call{method: http.MethodPost, path: "/subjects/%s/consents", in: n, key: repeatKey(n.IdempotencyKey), repeat: true}, subject)
}

// NewValue is a value of a customer on its way into the vault.
type NewValue struct {
	Field string `json:"field"` // as the catalogue names it
	Value string `json:"value"` // empty, in a change: empties the field
	// RegisteredAt says since when the customer is known by a contact, not in the future; without it the contact proves
	// nothing. A new contact of an existing customer counts from the change on, whatever this says.
	RegisteredAt *time.Time `json:"registered_at,omitempty"`
}

// NewCustomer is a customer to be created.
type NewCustomer struct {
	Controller string     `json:"controller"`
	Purpose    string     `json:"purpose"` // what the data is collected for; it must list every field
	Values     []NewValue `json:"values"`

	IdempotencyKey string `json:"-"` // empty: a random one per call
}

// Change replaces values of a customer: all values of each field that is named; other fields stay.
type Change struct {
	Purpose string     `json:"purpose"`
	Version int64      `json:"version,omitempty"` // last seen; a customer changed since is refused. 0 does not ask
	Values  []NewValue `json:"values"`

	IdempotencyKey string `json:"-"` // empty: a random one per call
}

// Written says what a write did.
type Written struct {
	Customer string   `json:"customer"` // id (sub_…)
	Version  int64    `json:"version"`
	Fields   []string `json:"fields"`
}

// CreateCustomer stores a customer, for an API client with the scope import that acts alone.
func (c *Client) CreateCustomer(ctx context.Context, n NewCustomer) (Written, error) {
	return ask[Written](ctx, c, call{method: http.MethodPost, path: "/customers", in: n, key: repeatKey(n.IdempotencyKey), repeat: true})
}

// ChangeCustomer replaces values of a customer.
func (c *Client) ChangeCustomer(ctx context.Context, customer string, ch Change) (Written, error) {
	return ask[Written](ctx, c, call{method: http.MethodPatch, path: "/customers/%s", in: ch, key: repeatKey(ch.IdempotencyKey), repeat: true}, customer)
}

// ImportCounts counts the records of an import.
type ImportCounts struct {
	Records  int64 `json:"records"`
	Created  int64 `json:"created"`
	Changed  int64 `json:"changed"`
	Same     int64 `json:"same"`
	Rejected int64 `json:"rejected"`
}

// Import is how far an import of a file is.
type Import struct {
	ID         string       `json:"import"`
	Kind       string       `json:"kind"` // customers or history
	Controller string       `json:"controller"`
	Purpose    string       `json:"purpose"`
	Counts     ImportCounts `json:"counts"`
	StartedAt  time.Time    `json:"started_at"`
	FinishedAt time.Time    `json:"finished_at"` // zero while it runs
}

// Import says how far an import is.
func (c *Client) Import(ctx context.Context, id string) (Import, error) {
	return ask[Import](ctx, c, call{method: http.MethodGet, path: "/imports/%s", repeat: true}, id)
}

// Approval is a decision that needs two people.
type Approval struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	Ref       string            `json:"ref"` // what it is about
	State     string            `json:"state"`
	Reason    string            `json:"reason"`
	Payload   map[string]string `json:"payload"`
	AskedBy   string            `json:"asked_by"`
	AskedAt   time.Time         `json:"asked_at"`
	DecidedBy string            `json:"decided_by"`
	Expires   time.Time         `json:"expires"`
}

// Approvals lists what waits for a decision of the member of staff.
func (c *Client) Approvals(ctx context.Context) ([]Approval, error) {
	out, err := ask[struct {
		Waiting []Approval `json:"waiting"`
	}](ctx, c, call{method: http.MethodGet, path: "/approvals", repeat: true})
	return out.Waiting, err
}

// Approval is one request.
func (c *Client) Approval(ctx context.Context, approval string) (Approval, error) {
	return ask[Approval](ctx, c, call{method: http.MethodGet, path: "/approvals/%s", repeat: true}, approval)
}

// Approve says yes, with a reason.
func (c *Client) Approve(ctx context.Context, approval, reason string) (Approval, error) {
	return c.decide(ctx, "/approvals/%s/approve", approval, reason)
}

// Decline says no, with a reason.
func (c *Client) Decline(ctx context.Context, approval, reason string) (Approval, error) {
	return c.decide(ctx, "/approvals/%s/refuse", approval, reason)
}

func (c *Client) decide(ctx context.Context, to, approval, reason string) (Approval, error) {
	return ask[Approval](ctx, c, call{method: http.MethodPost, path: to, in: because{reason}}, approval)
}

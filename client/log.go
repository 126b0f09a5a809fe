package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Entry is an entry of the audit log. It holds no personal data: ids, names of fields, codes.
type Entry struct {
	Origin      string    `json:"origin"` // name of the log's shard
	Index       uint64    `json:"index"`
	At          time.Time `json:"at"`
	Action      string    `json:"action"`
	Decision    string    `json:"decision"` // allowed, denied, done
	Reason      string    `json:"reason"`   // code of a refusal
	ActorKind   string    `json:"actor_kind"`
	Actor       string    `json:"actor"`
	Role        string    `json:"role"`
	Purpose     string    `json:"purpose"`
	Interaction string    `json:"interaction"`
	Ground      string    `json:"ground"`
	Channel     string    `json:"channel"`
	Level       int       `json:"level"`
	Fields      []string  `json:"fields"`
	Refused     []string  `json:"refused"`
	Count       int64     `json:"count"`
	Subject     string    `json:"subject"`
	Policy      string    `json:"policy"` // hash of the policy set that decided
	Leaf        []byte    `json:"leaf"`   // the stored bytes that the tree hashes; of LogEntry only
}

// ProvedEntry is an entry with the proof that the log's signed state holds it.
type ProvedEntry struct {
	Entry Entry  `json:"entry"`
	Proof string `json:"proof"` // a c2sp.org/tlog-proof file; package proof checks it, offline
}

// LogHealth is how the log stands.
type LogHealth struct {
	Origin      string    `json:"origin"`
	Size        int64     `json:"size"`
	Signed      int64     `json:"signed"`
	SignedAt    time.Time `json:"signed_at"`
	Witnessed   int64     `json:"witnessed"`
	Unwitnessed int64     `json:"unwitnessed"`
	Checkpoint  string    `json:"checkpoint"` // a signed note (c2sp.org/tlog-checkpoint)
	Verifier    string    `json:"verifier"`   // the key that checks its signature
}

// EntryQuery says which entries to look for; what is zero does not narrow. Reading the log is itself logged.
type EntryQuery struct {
	Subject     string
	Interaction string
	Actor       string
	Action      string
	Decision    string
	From        time.Time
	To          time.Time // exclusive
	PageSize    int       // 0 is the server's 50; at most 200
}

// EntryPage is one page of entries, newest first.
type EntryPage struct {
	Entries []Entry `json:"entries"`
	Next    string  `json:"next"` // cursor of the next page; "" at the end
}

// EntryPage reads one page. after is Next of the page before; empty is the first.
func (c *Client) EntryPage(ctx context.Context, q EntryQuery, after string) (EntryPage, error) {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("subject", q.Subject)
	set("interaction", q.Interaction)
	set("actor", q.Actor)
	set("action", q.Action)
	set("decision", q.Decision)
	set("after", after)
	if !q.From.IsZero() {
		v.Set("from", q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		v.Set("to", q.To.UTC().Format(time.RFC3339Nano))
	}
	if q.PageSize > 0 {
		v.Set("limit", strconv.Itoa(q.PageSize))
	}
	return ask[EntryPage](ctx, c, call{method: http.MethodGet, path: "/log/entries", query: v, repeat: true})
}

// Entries walks the entries from the newest on, page by page, as far as the caller asks. An error ends the walk and is
// the last thing it yields.
func (c *Client) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for after := ""; ; {
			page, err := c.EntryPage(ctx, q, after)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page.Entries {
				if !yield(e, nil) {
					return
				}
			}
			if page.Next == "" || page.Next == after {
				return
			}
			after = page.Next
		}
	}
}

// Entry is one entry with its proof. A young entry is refused with trail.unsigned until the log's next signature, a
// quarter of a second later.
func (c *Client) Entry(ctx context.Context, origin string, index uint64) (ProvedEntry, error) {
	return ask[ProvedEntry](ctx, c, call{method: http.MethodGet, path: "/log/entries/%s", query: url.Values{"origin": {origin}}, repeat: true}, strconv.FormatUint(index, 10))
}

// LogHealth says how the log stands: size, signature, witnesses.
func (c *Client) LogHealth(ctx context.Context) (LogHealth, error) {
	return ask[LogHealth](ctx, c, call{method: http.MethodGet, path: "/log/health", repeat: true})
}

package client

import (
	"context"
	"net/http"
	"time"
)

// AttackRun is one time that the known attacks were played.
type AttackRun struct {
	ID        string        `json:"id"`
	StartedBy string        `json:"started_by"`
	StartedAt time.Time     `json:"started_at"`
	EndedAt   time.Time     `json:"ended_at"` // zero while it goes on
	State     string        `json:"state"`    // running, held, succeeded, broken
	Policy    string        `json:"policy"`   // hash of the policies in force
	Report    *AttackReport `json:"report"`   // nil without one, and in lists
}

// AttackReport is what became of the known attacks.
type AttackReport struct {
	At       time.Time      `json:"at"`
	Engine   string         `json:"engine"`
	Version  string         `json:"version"`
	Key      string         `json:"log_key"`
	Log      AttackLog      `json:"log"`
	Counts   map[string]int `json:"counts"`
	Results  []AttackResult `json:"results"`
	Millis   int64          `json:"milliseconds"`
	Language string         `json:"language"`
}

// AttackLog is how the log of the attacked installation stood at the end.
type AttackLog struct {
	Entries int64 `json:"entries"`
	Good    bool  `json:"good"`
}

// AttackResult is what became of one attack.
type AttackResult struct {
	Row      int              `json:"row"`
	Name     string           `json:"name"`
	Title    string           `json:"title"`
	Verdict  string           `json:"verdict"` // blocked, bounded, no_surface, failed
	Control  string           `json:"control"`
	Left     string           `json:"left"`
	Why      string           `json:"why"`
	Measured []AttackMeasured `json:"measured"`
	Attempts []AttackAttempt  `json:"attempts"`
	Entries  []AttackEvidence `json:"entries"`
	Millis   int64            `json:"milliseconds"`
}

// AttackMeasured is a bound as it was found.
type AttackMeasured struct {
	What string `json:"what"`
	Text string `json:"text"`
	Got  int    `json:"got"`
	Most int    `json:"most"`
}

// AttackAttempt is one thing that was tried and what came of it.
type AttackAttempt struct {
	Who    string `json:"who"`
	What   string `json:"what"`
	Answer string `json:"answer"`
	Held   bool   `json:"held"`
}

// AttackEvidence is an entry in the log of the attacked installation.
type AttackEvidence struct {
	Origin   string `json:"origin"`
	Index    uint64 `json:"index"`
	Action   string `json:"action"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Size     int64  `json:"size"`
}

// PlayAttacks plays the known attacks against an installation of their own and returns the id of the run. The report is in
// a language, id or en.
func (c *Client) PlayAttacks(ctx context.Context, language string) (string, error) {
	in := struct {
		Language string `json:"language,omitempty"`
	}{language}
	out, err := ask[struct {
		ID string `json:"id"`
	}](ctx, c, call{method: http.MethodPost, path: "/attacks", in: in})
	return out.ID, err
}

// AttackRuns lists the latest runs of the known attacks, without their reports.
func (c *Client) AttackRuns(ctx context.Context) ([]AttackRun, error) {
	out, err := ask[struct {
		Items []AttackRun `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/attacks", repeat: true})
	return out.Items, err
}

// AttackRun is one run of the known attacks with its report.
func (c *Client) AttackRun(ctx context.Context, run string) (AttackRun, error) {
	return ask[AttackRun](ctx, c, call{method: http.MethodGet, path: "/attacks/%s", repeat: true}, run)
}

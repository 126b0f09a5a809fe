// Package attack plays known attacks on call centers against a running server and says of each what became of it.
//
// The twenty rows are incidents and patterns that are documented in public: the reset at the help desk, the bribed agent,
// the swapped SIM, the false call center. Each is a small play: a caller, an agent, and where the row needs one a hostile
// agent, supervisor or administrator, or a thief with the files. They come through the doors that everybody has, the API and
// the pages, against an installation that was made for the run and is gone afterwards; archtest holds the package to it. What
// no request can do is done before the curtain: customers and staff are there, and the inbox is the customer's telephone.
// The play's clock stands unless its people wait, as they do
// before each request.
//
// A verdict is earned. A row is blocked when every attempt in it was refused for the reason that was expected and no answer
// held a raw value of the victim in any spelling (package leak); bounded when something is left to the attacker and what was
// measured is within the bound that stands in the row, written down here a second time so that a looser product fails;
// no surface when the product has nothing of the kind yet, which is looked up in its OpenAPI document: on the day it has, the
// row fails until somebody writes the play. Each refusal at the gate must have its entry in the log, and each entry is proved
// with package proof against the key that was pinned when the run began. The tests put a double in front of the server that
// gives away what the control protects, and every row must then fail.
//
// What it does not say: that there is no twenty-first attack, or that a camera, a memory or two people in collusion are
// prevented. Those are in docs/THREATS.md, and where a row leaves something, its report says so.
package attack

import (
	"context"
	"embed"
	"slices"
	"time"
)

// Messages are the texts of the report, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS

// Verdict is what became of an attack.
type Verdict string

// The verdicts.
const (
	Blocked   Verdict = "blocked"
	Bounded   Verdict = "bounded"    // what is left to the attacker is within the stated bound
	Failed    Verdict = "failed"     // the attack succeeded, or could not be played
	NoSurface Verdict = "no_surface" // the product has nothing of the kind yet
)

// Verdicts lists them in the order of the report's count.
func Verdicts() []Verdict { return []Verdict{Blocked, Bounded, NoSurface, Failed} }

// Limit is a bound that a row promises: no more than Most of what it counts.
type Limit struct {
	What string // key of its text: attack.bound_<What>
	Most int
}

// Row is one known attack.
type Row struct {
	Number int
	Name   string  // of its texts: attack.row_<Name>_title, _control and, where something is left, _left
	Limits []Limit // what must be measured, and the most it may be
	Left   bool    // something is left to the attacker: the verdict is bounded rather than blocked
	// Absent are words of paths that the API must not have for the verdict no surface; empty for a row that is played out.
	Absent []string
	play   func(s *scene)
}

// Rows are the attacks, in the order of the table.
func Rows() []Row {
	return []Row{
		{Number: 1, Name: "helpdesk", play: helpdesk},
		{Number: 2, Name: "asked", Limits: []Limit{{"tries", 3}}, play: asked},
		{Number: 3, Name: "provider", play: provider},
		{Number: 4, Name: "bribed", Left: true, play: bribed,
			Limits: []Limit{{"calls_by_hand", 30}, {"searches", 200}, {"hits_each", 3}, {"reveals", 40}, {"values_unverified", 0}}},
		{Number: 5, Name: "curious", play: curious},
		{Number: 6, Name: "sim", play: sim},
		{Number: 7, Name: "fake", play: fake},
		{Number: 8, Name: "spoofed", play: spoofed},
		{Number: 9, Name: "breached", Limits: []Limit{{"tries", 3}}, play: breached},
		{Number: 10, Name: "voice", play: voice},
		{Number: 11, Name: "relay", Left: true, Limits: []Limit{{"level", 2}, {"fields_seen", 1}, {"after_denial", 0}}, play: relay},
		{Number: 12, Name: "fishing", Limits: []Limit{{"tries", 3}, {"facts_gained", 0}}, play: fishing},
		{Number: 13, Name: "authority", play: authority},
		{Number: 14, Name: "third_party", play: thirdParty},
		{Number: 15, Name: "wrong_channel", play: wrongChannel},
		{Number: 16, Name: "scraping", play: scraping},
		{Number: 17, Name: "recording", Absent: []string{"recording", "transcript"}, play: recording},
		{Number: 18, Name: "note", Left: true, Limits: []Limit{{"other_readers", 0}, {"in_files", 0}}, play: noteField},
		{Number: 19, Name: "tampering", play: tampering},
		{Number: 20, Name: "request", Absent: []string{"request", "portal", "export"}, play: request},
	}
}

// Attempt is one thing that was tried and what came of it.
type Attempt struct {
	Who    string `json:"who"`    // caller, agent, hostile_agent, …
	What   string `json:"what"`   // in words
	Answer string `json:"answer"` // in words, with the code where it is a refusal
	Held   bool   `json:"held"`   // it is what should come of it
}

// Entry is an entry of the log with its proof checked.
type Entry struct {
	Origin   string `json:"origin"`
	Index    uint64 `json:"index"`
	Action   string `json:"action"`
	Decision string `json:"decision"`
	Reason   string `json:"reason,omitempty"`
	Size     int64  `json:"size"` // of the signed log in which it was proved to be
	Proof    string `json:"-"`
}

// Measured is a bound as it was found.
type Measured struct {
	What string `json:"what"`
	Text string `json:"text"`
	Got  int    `json:"got"`
	Most int    `json:"most"`
}

// Result is what became of one row.
type Result struct {
	Row      int        `json:"row"`
	Name     string     `json:"name"`
	Title    string     `json:"title"`
	Verdict  Verdict    `json:"verdict"`
	Control  string     `json:"control"`        // what stands in the way
	Left     string     `json:"left,omitempty"` // what is left, said openly
	Why      string     `json:"why,omitempty"`  // of a failure
	Measured []Measured `json:"measured,omitempty"`
	Attempts []Attempt  `json:"attempts"`
	Entries  []Entry    `json:"entries"`
	Millis   int64      `json:"milliseconds"`
}

// Report is a whole run.
type Report struct {
	At       time.Time       `json:"at"`
	Engine   string          `json:"engine"`
	Version  string          `json:"version"`
	Key      string          `json:"log_key"` // the key against which the entries were proved
	Log      LogState        `json:"log"`
	Counts   map[Verdict]int `json:"counts"`
	Results  []Result        `json:"results"`
	Millis   int64           `json:"milliseconds"`
	Language string          `json:"language"`
}

// LogState is the whole log, verified once more at the end.
type LogState struct {
	Entries int64 `json:"entries"`
	Good    bool  `json:"good"`
}

// OK reports whether no row failed and the log verifies.
func (r *Report) OK() bool { return r.Counts[Failed] == 0 && r.Log.Good }

// Play plays rows against a stage, one after the other.
func (st *Stage) Play(ctx context.Context, rows []Row, each func(Result)) ([]Result, error) {
	var out []Result
	for _, row := range rows {
		r := st.play(ctx, row)
		if err := ctx.Err(); err != nil {
			return out, err
		}
		out = append(out, r)
		if each != nil {
			each(r)
		}
	}
	return out, nil
}

// play plays one row and judges it.
func (st *Stage) play(ctx context.Context, row Row) Result {
	began := time.Now()
	s := newScene(ctx, st, row)
	s.act()
	s.judge()
	s.out.Millis = time.Since(began).Milliseconds()
	return s.out
}

// pick are the rows with these numbers, in the order of the table; all of them for none.
func pick(numbers []int) (rows []Row, ok bool) {
	all := Rows()
	for _, n := range numbers {
		if !slices.ContainsFunc(all, func(r Row) bool { return r.Number == n }) {
			return nil, false
		}
	}
	for _, r := range all {
		if len(numbers) == 0 || slices.Contains(numbers, r.Number) {
			rows = append(rows, r)
		}
	}
	return rows, true
}

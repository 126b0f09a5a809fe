// Package drill plays the known attacks from the console and keeps the reports.
//
// Whoever watches over the installation presses a button, and the same twenty attacks that `amanah attack run` plays are
// played: by this program, started once more as a process of its own, against an installation that it makes in a temporary
// folder and removes. Nothing of this installation is touched, and no value of a customer can be in a report: the people in it
// are made up by the run.
//
// A run is a job. It is bounded in time, one is played at a time, and a few an hour, because it costs a processor for some
// seconds. A server that is stopped takes the process with it; the job is then tried once more, and a run that never ended is
// shown as broken. Beginning and end are entries of the log, the end in the commit that stores the report. What was printed is
// read back strictly, so that a page never shows half a report as a good one: a report counts only when each of the twenty rows
// is in it, the log of the attacked installation verified, and no row failed.
//
// It does not raise an alert when an attack succeeds; the page and the log say it. A report is in the language of whoever
// asked for it.
package drill

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// PlayJob plays one run.
const PlayJob = "drill.play"

// Limits of runs.
const (
	Rows    = 20               // attacks in a whole report
	Within  = 5 * time.Minute  // a run is ended then
	Over    = 15 * time.Minute // a run of which nothing was heard for so long has broken off
	Hourly  = 6                // runs in an hour
	MaxText = 1 << 20          // bytes of a report
	shown   = 50               // runs in the list
)

var (
	readers = []actor.Role{actor.Security, actor.DPO, actor.Auditor}
	players = []actor.Role{actor.Security, actor.Auditor}
)

var (
	errReader  = errs.New(errs.Denied, "drill.not_yours")
	errNone    = errs.New(errs.NotFound, "drill.no_report")
	errRunning = errs.New(errs.Conflict, "drill.running")
	errOften   = errs.New(errs.TooMany, "drill.too_often").With("max", Hourly)
	errAbsent  = errs.New(errs.Unavailable, "drill.absent")
	errReport  = errs.New(errs.Unavailable, "drill.report_wrong")
)

// State is how a run stands.
type State string

// The states of a run.
const (
	Running   State = "running"
	Held      State = "held"      // every attack was held
	Succeeded State = "succeeded" // an attack succeeded, or the log of the attacked installation does not verify
	Broken    State = "broken"    // there is no report
)

// Attempt is one thing that was tried and what came of it.
type Attempt struct {
	Who    string `json:"who"`
	What   string `json:"what"`
	Answer string `json:"answer"`
	Held   bool   `json:"held"`
}

// Evidence is an entry in the log of the attacked installation, whose proof was checked.
type Evidence struct {
	Origin   string `json:"origin"`
	Index    uint64 `json:"index"`
	Action   string `json:"action"`
	Decision string `json:"decision"`
	Reason   string `json:"reason,omitempty"`
	Size     int64  `json:"size"`
}

// Measured is a bound as it was found.
type Measured struct {
	What string `json:"what"`
	Text string `json:"text"`
	Got  int    `json:"got"`
	Most int    `json:"most"`
}

// Result is what became of one attack.
type Result struct {
	Row      int        `json:"row"`
	Name     string     `json:"name"`
	Title    string     `json:"title"`
	Verdict  string     `json:"verdict" enum:"blocked,bounded,no_surface,failed"`
	Control  string     `json:"control"`
	Left     string     `json:"left,omitempty"`
	Why      string     `json:"why,omitempty"`
	Measured []Measured `json:"measured,omitempty"`
	Attempts []Attempt  `json:"attempts"`
	Entries  []Evidence `json:"entries"`
	Millis   int64      `json:"milliseconds"`
}

// LogState is how the whole log of the attacked installation stood at the end.
type LogState struct {
	Entries int64 `json:"entries"`
	Good    bool  `json:"good"`
}

// Report is what `amanah attack run --json` prints.
type Report struct {
	At       time.Time      `json:"at"`
	Engine   string         `json:"engine"`
	Version  string         `json:"version"`
	Key      string         `json:"log_key"`
	Log      LogState       `json:"log"`
	Counts   map[string]int `json:"counts"`
	Results  []Result       `json:"results"`
	Millis   int64          `json:"milliseconds"`
	Language string         `json:"language"`
}

// verdicts are those that a row may have.
var verdicts = []string{"blocked", "bounded", "no_surface", "failed"}

// read takes what was printed and says how the run ended.
func read(text []byte) (r Report, state State, err error) {
	if len(text) > MaxText || json.Unmarshal(text, &r) != nil || len(r.Results) != Rows {
		return r, Broken, errReport
	}
	state = Held
	if !r.Log.Good {
		state = Succeeded
	}
	for i, one := range r.Results {
		switch {
		case one.Row != i+1 || !slices.Contains(verdicts, one.Verdict):
			return r, Broken, errReport
		case one.Verdict == "failed":
			state = Succeeded
		}
	}
	return r, state, nil
}

// Run is one time that the attacks were played.
type Run struct {
	ID      string
	By      string
	Started time.Time
	Ended   time.Time
	State   State
	Policy  string
	Lang    i18n.Lang
	Report  *Report // nil without one, and in lists
}

// Package watchlist watches over customers whom somebody may be curious about, and over those who open many.
//
// Two lists are kept by the DPO and the security team. A protected person (a minister, a
// celebrity, a colleague, somebody who is stalked) is served like anybody, but nothing of him is
// compared, used, masked or revealed before a second member of staff has decided so in that very
// contact, however strongly the caller is verified. A canary is a customer who does not exist:
// created like any other, and nobody has a reason to open him. Whoever does raises an alert.
//
// It promises: the stored lists are keyed hashes, which tell nothing to whoever has the database
// and not the keys; a person can be put on a list by customer number, NIK or phone before he is a
// customer; two people decide on whoever is put on a list or taken off, with a reason and a day of
// review; no answer to an agent or a supervisor tells a canary from another customer; the alert is
// written in the transaction of the touch. Values that are typed here come back nowhere.
//
// A protected person's search hit is shown, masked, on the field that was searched by: he must
// be found, or nobody could serve him. The risk chip and the refusal tell the agent that he is protected;
// that is no secret from whoever serves him.
//
// Beside the budget of reveals there is one of breadth: how many different customers a member of
// staff may open under one purpose in a shift. A supervisor may raise it once a shift. And who
// opens far more than his peers is an alert, never a block (Rules).
//
// It refuses to say who is on a list: an entry can be reviewed and taken off, not read.
//
// UU PDP art. 35, 38 and 39; notes on rows 3, 4, 5 of the known attacks in package app/attack.
package watchlist

import (
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// List is one of the two lists.
type List string

// The lists.
const (
	Protected List = "protected"
	Canary    List = "canary"
)

// Kind says by what the persons of an entry are named.
type Kind string

// The kinds. A phone is compared with every phone field of a customer.
const (
	BySubject Kind = "subject"
	ByNumber  Kind = "customer_number"
	ByNIK     Kind = "nik"
	ByPhone   Kind = "phone"
)

// State is where an entry stands. It counts while it is Standing or Leaving.
type State string

// The states of an entry.
const (
	Asked    State = "asked"
	Standing State = "standing"
	Leaving  State = "leaving" // somebody asked to take it off
	Off      State = "off"
	Refused  State = "refused"
)

// Entry is one decision to watch over persons, without them.
type Entry struct {
	ID         string
	List       List
	Kind       Kind
	Persons    int
	Controller string
	Reason     string // opened, for those who keep the lists
	Review     time.Time
	State      State
	AskedBy    string
	DecidedBy  string
	AskedAt    time.Time
}

// The kinds of alert.
const (
	CanaryTouched = "canary"
	ManyCustomers = "customers" // opened, far above the peers
	ManyReveals   = "reveals"   // fields revealed, far above the peers
	Probing       = "probing"   // texts of which it could be seen that a value is a customer's, again and again
	Unchecked     = "unchecked" // mails that went without having been looked at
)

// Alert is something that the security team must look into. It names staff and contacts by id and no customer.
type Alert struct {
	ID, Kind, Controller, Staff string
	Ref                         string // the interaction of a canary; the day of the others
	Acts                        []string
	Count, Median               int
	First, Last                 time.Time
	Disposition                 string // "" while nobody has looked
	Note                        string // opened
	ReviewedBy                  string
	ReviewedAt                  time.Time
}

// Dispositions are what an alert can turn out to be.
func Dispositions() []string { return []string{"explained", "test", "coached", "incident"} }

// The limits.
const (
	MaxPersons     = 100                  // named by one entry
	MaxReview      = 366 * 24 * time.Hour // until an entry must be looked at again
	AddWaits       = 72 * time.Hour       // a decision on an entry
	SecondWaits    = time.Minute          // a decision in a contact; without an answer it is no
	SecondMost     = 3                    // of one colleague that the same supervisor agrees to in a shift, while another is on duty
	SecondLasts    = 30 * time.Minute     // as long as a level of verification
	RaiseWaits     = 5 * time.Minute      // a decision on more customers
	Shift          = 12 * time.Hour       // breadth counts within it
	DefaultBreadth = 150                  // customers a shift, for each purpose
	atOnce         = 200                  // on a page
	maxReason      = 300
)

// Rule says when a member of staff is an outlier among peers: at least Floor, at least Peers others of the same role and
// companies who opened something in the same shift, and more than Times the median of these.
type Rule struct {
	Kind  string
	Floor int
	Times int
	Peers int
}

// Rules are what is shipped. A small team has no median worth the name, a quiet day none worth an alert.
var Rules = []Rule{
	{Kind: ManyCustomers, Floor: 30, Times: 3, Peers: 4},
	{Kind: ManyReveals, Floor: 15, Times: 3, Peers: 4},
}

// Count is what one member of staff did in the shift, and among whom it is compared.
type Count struct {
	Staff, Group string
	N            int
}

// Outlier is a member of staff whose count lies far above the peers'.
type Outlier struct {
	Staff     string
	N, Median int
}

// Outliers applies a rule. The order is that of the counts.
func (r Rule) Outliers(counts []Count) (out []Outlier) {
	for i, c := range counts {
		var peers []int
		for k, other := range counts {
			if k != i && other.Group == c.Group && other.N > 0 {
				peers = append(peers, other.N)
			}
		}
		if c.N < r.Floor || len(peers) < r.Peers {
			continue
		}
		if m := median(peers); c.N > r.Times*m {
			out = append(out, Outlier{c.Staff, c.N, m})
		}
	}
	return out
}

// median is the upper one of an even number: the rule errs on the side of no alert.
func median(n []int) int {
	n = slices.Sorted(slices.Values(n))
	return n[len(n)/2]
}

// keepers keep the lists, review alerts and decide on one another's wishes.
var keepers = []actor.Role{actor.DPO, actor.Security}

// serves are those who serve customers.
var serves = []actor.Role{actor.Agent, actor.Supervisor}

// Refusals.
var (
	errKeeper    = errs.New(errs.Denied, "watchlist.not_yours")
	errList      = errs.New(errs.Invalid, "watchlist.list_unknown")
	errPersons   = errs.New(errs.Invalid, "watchlist.persons_missing")
	errMany      = errs.New(errs.Invalid, "watchlist.persons_many").With("max", MaxPersons)
	errShared    = errs.New(errs.Invalid, "watchlist.person_shared")
	errReview    = errs.New(errs.Invalid, "watchlist.review_wrong")
	errReason    = errs.New(errs.Invalid, "watchlist.reason_missing")
	errEntry     = errs.New(errs.NotFound, "watchlist.no_entry")
	errState     = errs.New(errs.Conflict, "watchlist.not_standing")
	errAlert     = errs.New(errs.NotFound, "watchlist.no_alert")
	errOwn       = errs.New(errs.Denied, "watchlist.own_alert")
	errReviewed  = errs.New(errs.Conflict, "watchlist.alert_reviewed")
	errNotNeeded = errs.New(errs.Conflict, "watchlist.not_needed")
	errWaiting   = errs.New(errs.Conflict, "watchlist.waiting")
	errRaised    = errs.New(errs.Conflict, "watchlist.raised")
	errNotBroad  = errs.New(errs.Conflict, "watchlist.not_broad")
)

// tidyPersons are the lines that name somebody, each once.
func tidyPersons(lines []string) (out []string) {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

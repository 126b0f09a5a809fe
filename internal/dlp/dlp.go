// Package dlp stops personal data from leaving by accident or on purpose.
//
// Every note and every message that a person writes at the desk, every message of the machine, and every text that another
// program asks about, is a Passage: it goes
// a Way (a note that stays, a message to a customer, a text of another program), to a Recipient, in a contact or in none.
// Package pii says what the text holds. The rules, Cedar policies that a data protection officer can read (policy.cedar),
// say of each finding what is done: let it go, alert, mask it, block the text. The strongest word counts.
//
// It promises: nobody is asked to be careful. A number that is typed into a note is replaced by its name and last digits
// before anything is written, and what must never be kept (PIN, OTP, CVV, password) is gone altogether; a text for a
// customer that holds an official number or a card is stopped with a sentence to say instead. What was done is entered in
// the transaction of the act, with kinds and counts and a keyed digest of the text, never the text. What was more than let
// go is an incident: its evidence is a few words around the findings, which are masked, sealed, for whoever reviews it and for
// the person who wrote it, who is to learn from it. It is gone after a year (Forget) and with its customer (EraseTx).
//
// Rules change only after two people have seen what the new ones would have done in the last thirty days (Simulate): for
// that, and no longer, the facts of each passage are kept, without its text.
//
// A text that it cannot look at whole is refused. Its limits: MaxText; each text is judged alone, so a number split over two
// is not found; a name beside no word that announces it is not found here, and one in small letters may stand in the
// evidence; what an agent pastes into another program is not seen.
//
// UU PDP art. 35, 36 and 39; procedure I4 and C3.
package dlp

import (
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/pii"
)

// Way is what becomes of a text.
type Way string

// The ways.
const (
	Note    Way = "note"    // kept with a contact
	Written Way = "message" // a person's own words to a customer
	Program Way = "program" // another program asks before it sends a text on
)

// Ways lists them.
func Ways() []Way { return []Way{Note, Written, Program} }

// Recipient is who would read the text.
type Recipient string

// The recipients.
const (
	Inside   Recipient = "inside"   // colleagues
	Customer Recipient = "customer" // the customer of the contact
	Outside  Recipient = "outside"  // anybody else
)

// Recipients lists them.
func Recipients() []Recipient { return []Recipient{Inside, Customer, Outside} }

// Passage is one text on its way.
type Passage struct {
	Way         Way
	Recipient   Recipient
	By          actor.Actor
	Controller  string
	Interaction string // empty outside a contact
	Subject     string // the contact's customer
	Purpose     string
	Channel     string
	Level       int
	Lang        i18n.Lang // of the names that stand for values
	Text        string
}

// Verdict is what is done with a finding or a text.
type Verdict string

// The verdicts, from the weakest on.
const (
	Allow Verdict = "allow"
	Alert Verdict = "alert" // it goes, and somebody looks at it
	Mask  Verdict = "mask"  // it goes without the value
	Block Verdict = "block" // the text does not go
)

// Verdicts lists them, the weakest first.
func Verdicts() []Verdict { return []Verdict{Allow, Alert, Mask, Block} }

func (v Verdict) weight() int { return slices.Index(Verdicts(), v) }

func stronger(a, b Verdict) Verdict {
	if b.weight() > a.weight() {
		return b
	}
	return a
}

// Found is one finding and what is done with it.
type Found struct {
	Type       pii.Type
	Start, End int // bytes of the passage's text
	Confidence int // per cent
	Verdict    Verdict
	Rules      []string // that said so
}

// Judgement is what was decided about a passage.
type Judgement struct {
	Verdict Verdict
	Found   []Found
	People  int    // how many different persons it tells of, at least
	Text    string // as it may go: the values that are masked are replaced; empty when it is blocked
	Masked  string // with every value replaced, for the evidence
}

// Kinds are the kinds found, each once, in the order of the text.
func (j Judgement) Kinds() (out []string) {
	for _, f := range j.Found {
		if k := f.Type.String(); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// Replaced are the kinds whose values are taken out of the text, each once.
func (j Judgement) Replaced() (out []string) {
	for _, f := range j.Found {
		if k := f.Type.String(); f.Verdict == Mask && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// Incident is a text about which more was done than to let it go.
type Incident struct {
	ID, Controller, Staff, Interaction string
	Way                                Way
	Recipient                          Recipient
	Verdict                            Verdict
	Kinds                              []string
	People                             int
	At                                 time.Time
	Evidence                           string // opened: the text, every value masked
	Disposition                        string // empty while nobody has looked
	Advice                             string // opened: what the reviewer wrote to the person
	ReviewedBy                         string
	ReviewedAt                         time.Time
	ReadAt                             time.Time // when the person had read it
}

// Dispositions are what an incident can turn out to be.
func Dispositions() []string { return []string{"habit", "needed", "false_alarm", "intent"} }

// The limits.
const (
	MaxText     = 64 << 10            // bytes of one passage
	KeepFacts   = 30 * 24 * time.Hour // of passages, for Simulate
	KeepFor     = 365 * 24 * time.Hour
	maxEvidence = 1200 // characters
	maxAdvice   = 300
	atOnce      = 200 // on a page
	maxRules    = 16 << 10
)

// reviewers look at incidents and change rules.
var reviewers = []actor.Role{actor.DPO, actor.Security}

// writers are those whose texts pass here.
var writers = []actor.Role{actor.Agent, actor.Supervisor}

// Refusals.
var (
	errBlocked  = errs.New(errs.Denied, "dlp.blocked")
	errTooLong  = errs.New(errs.Invalid, "dlp.too_long").With("max", MaxText)
	errCompany  = errs.New(errs.Denied, "dlp.other_company")
	errReviewer = errs.New(errs.Denied, "dlp.not_yours")
	errIncident = errs.New(errs.NotFound, "dlp.no_incident")
	errReviewed = errs.New(errs.Conflict, "dlp.reviewed")
	errOwn      = errs.New(errs.Denied, "dlp.own_incident")
	errAdvice   = errs.New(errs.Invalid, "dlp.advice_missing")
	errRules    = errs.New(errs.Invalid, "dlp.rules_unsound")
	errWaiting  = errs.New(errs.Conflict, "dlp.rules_waiting")
	errSame     = errs.New(errs.Conflict, "dlp.rules_same")
)

// people is how many different persons a text tells of, at least: the most values of one kind of which a person has one.
func people(scanner *pii.Scanner, text []byte, found []pii.Finding) int {
	most := 0
	each := map[pii.Type]map[string]bool{}
	for _, f := range found {
		switch f.Type {
		case pii.NIK, pii.TaxNumber, pii.HealthInsurance, pii.Phone, pii.Email, pii.Account, pii.Card, pii.Passport:
			if each[f.Type] == nil {
				each[f.Type] = map[string]bool{}
			}
			each[f.Type][strings.ToLower(string(scanner.Value(nil, text, f)))] = true
			most = max(most, len(each[f.Type]))
		default:
			most = max(most, 1)
		}
	}
	return most
}

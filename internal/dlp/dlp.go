// Package dlp stops personal data from leaving by accident or on purpose.
//
// Every note and every message that a person writes at the desk, every message of the machine, and every text that another
// program asks about, is a Passage: it goes
// a Way (a note that stays, a message to a customer, a text of another program, a mail, a request to the web, a file), to a
// Recipient, in a contact or in none. Package pii says what the text holds, pii/extract what a file or a mail does (Examine).
// The rules, Cedar policies that a data protection officer can read (policy.cedar),
// say of each finding what is done: let it go, alert, mask it, ask its writer why, hold it for a second person, block it. The
// strongest word counts; what a way cannot carry out it holds, or blocks.
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
// Whose values a text holds it asks an index of the vault's own (folder known): another customer's do not go to a customer, the
// addressee's own may, and an incident says, sealed, whose data it was. Only rules and reviewers learn of it (Told).
//
// A text that it cannot look at whole is refused, and what could not be read in a file is a finding too. Its limits: MaxText;
// each text is judged alone, so a number split over two is not found; a name that is no customer's is no finding; what an agent
// pastes into another program is not seen.
//
// UU PDP art. 35, 36 and 39; procedure I4 and C3.
package dlp

import (
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// Way is what becomes of a text.
type Way string

// The ways.
const (
	Note    Way = "note"    // kept with a contact
	Written Way = "message" // a person's own words to a customer
	Program Way = "program" // another program asks before it sends a text on
	Mail    Way = "mail"
	Web     Way = "web" // a request to a server of others
	File    Way = "file"
)

// Ways lists them.
func Ways() []Way { return []Way{Note, Written, Program, Mail, Web, File} }

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
	Reason      string    // what the writer said when asked why
	Ref         string    // what the way calls it: the id in a mail's queue
	// Destination is the name on a list that the host of a request has; others are not kept. LanguageModel: it is such a host.
	Destination   string
	LanguageModel bool
	Text          string
	Content       *Content // instead of Text: what Examine found in a stream
}

// Verdict is what is done with a finding or a text.
type Verdict string

// The verdicts, from the weakest on.
const (
	Allow Verdict = "allow"
	Alert Verdict = "alert" // it goes, and somebody looks at it
	Mask  Verdict = "mask"  // it goes without the value
	Ask   Verdict = "ask"   // it goes once the writer has said why
	Hold  Verdict = "hold"  // it goes once a second person has agreed
	Block Verdict = "block" // the text does not go
)

// Verdicts lists them, the weakest first.
func Verdicts() []Verdict { return []Verdict{Allow, Alert, Mask, Ask, Hold, Block} }

func (v Verdict) weight() int { return slices.Index(Verdicts(), v) }

func stronger(a, b Verdict) Verdict {
	if b.weight() > a.weight() {
		return b
	}
	return a
}

// can is what each way carries out by itself, beside letting go and alerting.
var can = map[Way][]Verdict{
	Note: {Mask, Block}, Written: {Ask, Block}, Program: {Mask, Ask, Hold, Block},
	Mail: {Mask, Ask, Hold, Block}, Web: {Mask, Ask, Block}, File: {Mask, Ask, Hold, Block},
}

// carried is the verdict as the way can carry it out: what it cannot do it holds, and what it cannot hold it blocks.
func (w Way) carried(v Verdict) Verdict {
	switch {
	case v.weight() <= Alert.weight(), slices.Contains(can[w], v):
		return v
	case slices.Contains(can[w], Hold):
		return Hold
	default:
		return Block
	}
}

// NotInspected is the kind of a finding that stands for what could not be read: encrypted, damaged, over a limit.
const NotInspected = "not_inspected"

// Found is one finding, or the findings of a stream that are alike, and what is done with it.
type Found struct {
	Kind       string // of package pii, or NotInspected
	Start, End int    // bytes of the passage's text; of a stream: 0
	Count      int
	Confidence int  // per cent
	Fixed      bool // stands where it cannot be replaced: in a file
	Known      bool // it is certainly a value of a customer of ours
	Own        bool // it goes to the very customer whose it is
	Verdict    Verdict
	Rules      []string // that said so

	shapeless bool // nothing but the customers' values tells it
	masks     bool // where it goes, it goes without the value
	raised    bool // it is stopped or changed for nothing but whose it is
	of        []known.Place
	bare      bare
}

// Judgement is what was decided about a passage.
type Judgement struct {
	Verdict Verdict
	Found   []Found
	Given   bool   // the writer has said why, where that was asked
	People  int    // how many different persons it tells of, at least
	Text    string // as it may go: the values that are masked are replaced; empty when it does not go
	Masked  string // with every value replaced, for the evidence
	// Incident is the id of the incident that was written; empty when none was.
	Incident string
	// Customers is how many customers of ours it tells of, at least, and Of names them, at most maxWhose.
	Customers int
	Of        []string
	Indexed   bool // the values of customers were known when it was judged

	bare       bare
	controller string
	stream     bool // of a Content: findings that are alike stand together
}

// Goes reports whether the passage may go now.
func (j Judgement) Goes() bool {
	return j.Verdict.weight() <= Mask.weight() || j.Verdict == Ask && j.Given
}

// Kinds are the kinds found, each once, in the order of the text.
func (j Judgement) Kinds() (out []string) {
	for _, f := range j.Found {
		if k := f.Kind; !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// Replaced are the kinds whose values are taken out of the text, each once.
func (j Judgement) Replaced() (out []string) {
	for _, f := range j.Found {
		if k := f.Kind; (f.masks || f.Verdict == Mask) && !slices.Contains(out, k) {
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
	Ref                                string // of the passage
	At                                 time.Time
	Evidence                           string   // opened: the text, every value masked
	Customers                          int      // of ours, that it tells of
	Of                                 []string // opened: which
	Why                                string   // opened: what the writer said when asked
	Held                               State
	HeldBy                             string // who decided
	HeldAt                             time.Time
	CarriedAt                          time.Time // when the way had done what was decided
	Disposition                        string    // empty while nobody has looked
	Advice                             string    // opened: what the reviewer wrote to the person
	ReviewedBy                         string
	ReviewedAt                         time.Time
	ReadAt                             time.Time // when the person had read it

	telling bool // what became of the text told its writer that a value is a customer's
}

// State is what became of a passage that was held.
type State string

// The states. A passage that was not held has none.
const (
	Waiting  State = "waiting"
	Released State = "released"
	Refused  State = "refused"
)

// Dispositions are what an incident can turn out to be.
func Dispositions() []string { return []string{"habit", "needed", "false_alarm", "intent"} }

// The limits.
const (
	MaxText   = 64 << 10            // bytes of one passage
	KeepFacts = 30 * 24 * time.Hour // of passages, for Simulate
	KeepFor   = 365 * 24 * time.Hour
	maxAdvice = 300
	atOnce    = 200 // on a page
	maxRules  = 16 << 10
	maxWhose  = 200       // customers that an incident names
	maxNamed  = 4 << 10   // bytes of evidence in which names are looked for
	probes    = 50        // texts of one program in probing that tell it that a value is a customer's
	alarming  = 10        // of them that are an alarm, also a person's
	probing   = time.Hour // after which it is refused
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
	errReason   = errs.New(errs.Denied, "dlp.reason_needed")
	errValue    = errs.New(errs.Invalid, "dlp.reason_value")
	errHeld     = errs.New(errs.Denied, "dlp.held")
	errDecided  = errs.New(errs.Conflict, "dlp.decided")
	errQueue    = errs.New(errs.Denied, "dlp.other_queue")
	errProbing  = errs.New(errs.TooMany, "dlp.probing")
)

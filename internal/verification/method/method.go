// Package method holds the rules by which proofs become a level of verification, as data: which method gives which level,
// how old what it went over must be, and which signals close the way.
//
// The rules that come with the product are methods.yaml in this folder. It is read strictly: a word that nobody knows, a
// way without a proof, a level out of range or a step that skips one is refused, so that a typing error is never a hole. A
// deployment may restrict them by a file of its own (Restrict): leave methods out, cap what one leads to, ask for older
// contacts. There is no form in which such a file could loosen anything: an age below the shipped one is refused, and for a
// new way to a level there are no words.
//
// Level is pure and is the only place where a level comes from. It promises: nothing but proofs raises; a signal lowers or
// asks for one proof more, and never raises, whatever else is known; more proofs never give less. The property tests try
// these over all combinations.
//
// Serves UU PDP articles 35 and 39; the levels are those of the call-center notes, section 8.1.
package method

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The methods.
const (
	Link       = "link"       // the customer page, over a registered telephone number or address
	Push       = "push"       // the customer page, in the company's app
	Passkey    = "passkey"    // the customer's passkey, on the customer page
	CallBack   = "call_back"  // the exchange reports that we called a registered number
	History    = "history"    // an answer from the account's history matched
	Supervisor = "supervisor" // a second member of staff decided in this contact
	Notice     = "notice"     // a registered contact was told of the decision and did not object
	Wait       = "wait"       // a decision of an earlier contact has stood for a day
	Document   = "document"   // a second person has verified the document of the mandate
)

// Highest is the highest level there is.
const Highest = 4

// Proof is one thing that was proved in an interaction and still counts.
type Proof struct {
	Method  string
	Contact string        // field name of the contact it went over; "" if none
	Age     time.Duration // how long that contact had been registered
}

// SIM reports whether the proof hangs on a SIM card.
func (p Proof) SIM() bool {
	return p.Method == CallBack || p.Method == Link && p.Contact != "email"
}

// Case is everything a level rests on.
type Case struct {
	Bound   bool // a subject is bound
	Number  bool // the caller's number is one of the customer's
	Proofs  []Proof
	Signals []string
}

// step is one proof that a way needs.
type step struct {
	Method string
	Over   string // field name of the contact; "" for any
	Age    time.Duration
	Times  int
}

// by reports whether a proof is of the step's kind.
func (n step) by(method, contact string, age time.Duration) bool {
	return method == n.Method && age >= n.Age && (n.Over == "" || n.Over == contact)
}

// way is one way to a level.
type way struct {
	Level  int
	From   int
	By     []step
	Number bool
	Calm   bool
}

// signal is what a report does.
type signal struct {
	VoidsSIM    bool
	VoidsNumber bool
	Calm        bool
	Asks        string
}

// Rules are a deployment's rules. They do not change after Load or Restrict.
type Rules struct {
	methods []string
	signals map[string]signal
	ways    []way
	through *Rules // of one who speaks through a mandate; nil in these themselves
}

// Represented are the rules for a representative.
func (r *Rules) Represented() *Rules { return r.through }

// Level says which level a case reaches: 0 when nobody is bound, 1 when somebody is and nothing is proved.
func (r *Rules) Level(c Case) int {
	if !c.Bound {
		return 0
	}
	number := c.Number
	proofs := slices.Clone(c.Proofs)
	for _, name := range c.Signals {
		s := r.signals[name]
		number = number && !s.VoidsNumber
		if s.VoidsSIM {
			proofs = slices.DeleteFunc(proofs, Proof.SIM)
		}
	}
	has := func(n step) bool {
		times := 0
		for _, p := range proofs {
			if n.by(p.Method, p.Contact, p.Age) {
				times++
			}
		}
		return times >= n.Times
	}
	calm := true
	for _, name := range c.Signals {
		s := r.signals[name]
		calm = calm && (s.Calm || s.Asks != "" && has(step{Method: s.Asks, Times: 1}))
	}
	level := 1
	for _, w := range r.ways { // in the order of their levels
		if w.Level > level && w.From <= level && (number || !w.Number) && (calm || !w.Calm) &&
			!slices.ContainsFunc(w.By, func(n step) bool { return !has(n) }) {
			level = w.Level
		}
	}
	return level
}

// Reaches is the highest level that a method can lead to over a contact of that age, with the help of every other method:
// what a screen offers first. 1 when it leads nowhere.
func (r *Rules) Reaches(method, contact string, age time.Duration, signals []string) int {
	level := 1
	first := Proof{Method: method, Contact: contact, Age: age}
	for _, w := range r.ways {
		if w.Level <= level || w.Level > 3 || !slices.ContainsFunc(w.By, func(n step) bool { return n.by(method, contact, age) }) {
			continue
		}
		c := Case{Bound: true, Number: w.Number, Proofs: []Proof{first}, Signals: signals}
		for _, n := range w.By {
			for range n.Times {
				if n.Method != method || n.Over != "" && n.Over != contact {
					c.Proofs = append(c.Proofs, Proof{Method: n.Method, Contact: n.Over, Age: n.Age})
				}
			}
		}
		level = max(level, r.Level(c))
	}
	return level
}

// Uses reports whether the rules know a use for a method.
func (r *Rules) Uses(method string) bool { return slices.Contains(r.methods, method) }

// Age is the least age that any way asks of what a method goes over.
func (r *Rules) Age(method string) time.Duration {
	least := time.Duration(-1)
	for _, w := range r.ways {
		for _, n := range w.By {
			if n.Method == method && (least < 0 || n.Age < least) {
				least = n.Age
			}
		}
	}
	return max(least, 0)
}

// Signals lists the signals the rules know, in the order of their names.
func (r *Rules) Signals() []string {
	var out []string
	for name := range r.signals {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Words writes a case's proofs, and that the number is the customer's, as the words that a stored grant keeps. They hold
// method, field name and whole days.
func Words(c Case) []string {
	var out []string
	for _, p := range c.Proofs {
		word := p.Method
		if p.Contact != "" {
			word += ":" + p.Contact
		}
		if p.Age > 0 {
			word += "@" + strconv.Itoa(int(p.Age/(24*time.Hour)))
		}
		out = append(out, word)
	}
	if c.Number {
		out = append(out, "number")
	}
	return out
}

// Read is the case that Words wrote, with the signals of now. A word that does not read is no proof.
func Read(words, signals []string) Case {
	c := Case{Bound: true, Signals: signals}
	for _, word := range words {
		if word == "number" {
			c.Number = true
			continue
		}
		word, days, _ := strings.Cut(word, "@")
		method, contact, _ := strings.Cut(word, ":")
		n, _ := strconv.Atoi(days)
		c.Proofs = append(c.Proofs, Proof{Method: method, Contact: contact, Age: time.Duration(n) * 24 * time.Hour})
	}
	return c
}

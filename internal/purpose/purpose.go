// Package purpose is the register of what customers' personal data may be used for.
//
// A controller (the organisation that decides; an outsourced call center serves several)
// has purposes. A purpose has a lawful basis, the fields it may use with each verb, the
// line with which an agent opens a call for it, and a notice: the text that tells the
// customer, in Indonesian and English, in numbered versions that never change once
// published. The data protection officer writes the register; everybody on the staff may
// read it, for it holds nothing about any customer.
//
// What it promises:
//   - A draft gives nothing, and becomes active only with a published notice: nobody is
//     served for a purpose that cannot be explained to them (UU PDP art. 21).
//   - A retired purpose gives nothing from that very transaction on, and stays readable:
//     old entries of the audit log point at it. It never comes back; propose a new one.
//   - Slug, controller and lawful basis never change after publication: who consented to
//     one thing has not consented to another.
//   - A field can be listed only if the catalogue declares it, and a secret field only to
//     be compared or collected. The catalogue's levels still apply: a purpose can be
//     narrower than the catalogue and never wider.
//   - A purpose that lists a field for any verb may show its mask.
//   - A controller's purposes stand in the order that its data protection officer gives
//     them: the desk puts the first under the key 1.
//   - Every change writes its audit entry in its own transaction.
//
// It serves UU PDP (UU 27/2022) art. 16 (2) (a, b: limited, specific, purpose-bound), 20
// (lawful basis), 21 (information before processing) and 31 (record of processing).
package purpose

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Basis is the lawful basis of a purpose: UU PDP art. 20 (2).
type Basis string

// The six bases, in the order of the article.
const (
	ByConsent            Basis = "consent"             // (a) explicit consent
	ByContract           Basis = "contract"            // (b) performance of a contract with the subject
	ByLegalObligation    Basis = "legal_obligation"    // (c)
	ByVitalInterest      Basis = "vital_interest"      // (d)
	ByPublicTask         Basis = "public_task"         // (e)
	ByLegitimateInterest Basis = "legitimate_interest" // (f)
)

// Bases lists them.
func Bases() []Basis {
	return []Basis{ByConsent, ByContract, ByLegalObligation, ByVitalInterest, ByPublicTask, ByLegitimateInterest}
}

// Status is where a purpose stands.
type Status string

// The statuses. Only an active purpose gives a field.
const (
	Draft   Status = "draft"
	Active  Status = "active"
	Retired Status = "retired"
)

// Controller is an organisation that decides what its customers' data is used for.
type Controller struct {
	ID   string `json:"id"` // ctl_...
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Purpose is one purpose of one controller.
type Purpose struct {
	ID         string // pur_...
	Controller string // ctl_...
	Slug       string // order_status
	Name       map[string]string
	Basis      Basis
	Status     Status
	Fields     map[gate.Verb][]string // field names it may use, per verb
	Script     map[string]string      // the line the agent greets with; see Greeting
	Notice     int                    // the notice version now in force; 0 before the first
	Order      int                    // place in the controller's list, from 1; equal ones stand by slug
	UpdatedAt  time.Time
}

// Notice is one published version of a purpose's notice. It never changes.
type Notice struct {
	ID          string // ntc_...
	Purpose     string
	Version     int // 1, 2, ...
	Text        map[string]string
	PublishedAt time.Time
}

// Verbs are the verbs a purpose may list fields for, in the order screens show them.
func Verbs() []gate.Verb {
	return []gate.Verb{gate.Compare, gate.Act, gate.Collect, gate.Reveal, gate.Mask}
}

// Uses reports whether the purpose may use a field with a verb. What a purpose may use at
// all it may show masked.
func (p Purpose) Uses(v gate.Verb, field string) bool { return compile(p.Fields).uses(v, field) }

// Greeting is the script line in a language ("id" or "en"), with {company} and {agent}
// filled in.
func (p Purpose) Greeting(lang, company, agent string) string {
	return strings.NewReplacer("{company}", company, "{agent}", agent).Replace(p.Script[lang])
}

// AllFields lists every field the purpose uses with any verb, sorted.
func (p Purpose) AllFields() []string {
	var out []string
	for _, fields := range p.Fields {
		out = append(out, fields...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// compiled is what a purpose may use, ready to be asked: field -> set of verbs.
type compiled map[string]verbs

type verbs uint8

func bit(v gate.Verb) verbs {
	i := slices.Index(Verbs(), v)
	if i < 0 {
		return 0
	}
	return 1 << i
}

func compile(fields map[gate.Verb][]string) compiled {
	c := compiled{}
	for v, names := range fields {
		for _, n := range names {
			c[n] |= bit(v) | bit(gate.Mask)
		}
	}
	return c
}

func (c compiled) uses(v gate.Verb, field string) bool { return c[field]&bit(v) != 0 }

func (c compiled) listed() []string { return slices.Sorted(maps.Keys(c)) }

var (
	slugForm  = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)
	holesForm = regexp.MustCompile(`\{[^}]*\}?`)
)

// Longest texts, in bytes.
const (
	maxName   = 120
	maxScript = 1000
	maxNotice = 20000
)

// maxOrder is the last place in a list.
const maxOrder = 999

// both checks a text in both languages.
func both(field string, t map[string]string, longest int) error {
	for _, lang := range []string{"id", "en"} {
		if s := strings.TrimSpace(t[lang]); s == "" || len(s) > longest || strings.ContainsFunc(s, unseen) {
			return errs.New(errs.Invalid, "purpose.text").With("field", field).With("max", longest)
		}
	}
	return nil
}

// unseen characters make a text say something else than it shows: controls, and those that turn the direction of reading.
func unseen(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// check says what is wrong with what somebody wrote about a purpose.
func (p Purpose) check(c *catalog.Catalogue) error {
	if !slugForm.MatchString(p.Slug) {
		return errs.New(errs.Invalid, "purpose.slug")
	}
	if err := both("name", p.Name, maxName); err != nil {
		return err
	}
	if err := both("script", p.Script, maxScript); err != nil {
		return err
	}
	for _, line := range p.Script {
		for _, hole := range holesForm.FindAllString(line, -1) {
			if hole != "{company}" && hole != "{agent}" {
				return errs.New(errs.Invalid, "purpose.script_hole")
			}
		}
	}
	if !slices.Contains(Bases(), p.Basis) {
		return errs.New(errs.Invalid, "purpose.basis")
	}
	if p.Order < 0 || p.Order > maxOrder {
		return errs.New(errs.Invalid, "purpose.order").With("max", maxOrder)
	}
	for v, names := range p.Fields {
		if !slices.Contains(Verbs(), v) {
			return errs.New(errs.Invalid, "purpose.verb")
		}
		for _, n := range names {
			f, declared := c.Field(n)
			if !declared {
				return errs.New(errs.Invalid, "purpose.field_unknown")
			}
			if f.Class == catalog.Secret && v != gate.Compare && v != gate.Collect {
				return errs.New(errs.Invalid, "purpose.field_secret").With("field", f.Name)
			}
		}
	}
	if len(p.AllFields()) > gate.MaxFields { // the desk asks for all of them at once
		return errs.New(errs.Invalid, "purpose.too_many_fields").With("max", gate.MaxFields)
	}
	return nil
}

// Package mandate keeps who may speak for a customer: an attorney (kuasa), a parent (orang
// tua), a guardian (wali); and how a customer is helped to speak, by an assistant
// (pendamping) and in a format.
//
// A mandate says who, on which document, for which purposes, verbs and fields, and until
// when. The customer appoints an attorney at the fourth level. A parent or guardian of a
// child is proposed by the agent who saw the document and takes effect when a second member
// of staff has agreed, and ends with the childhood whatever end it was given. Name, contacts
// and document number are sealed under the customer's key. The customer, and a guardian, are
// told when a mandate is recorded, and both sides when one is revoked.
//
// In a contact the agent says who speaks. From then on nothing that was verified before
// counts, links go to the representative's own contacts and to no other, and account history
// proves nothing. One contact leads to V2; the third level needs both of the
// representative's own, a number and an address, each answered a month before; the fourth
// needs a document that leads so high and that a second person has verified, a second member
// of staff, a notice to the customer and to the representative, and a day (methods.yaml,
// rules.yaml). The gate reads the mandate in its own transaction: what it does not cover, one
// that is over and one that was revoked give nothing, from that moment on, and the screens
// are told. A mandate only narrows: nothing in this package allows anything. What no mandate
// gives is a list in rules.yaml. The entries of what was done carry the mandate's id.
//
// Of a child (rules.yaml says until when one is) the gate asks for the parent or guardian:
// they speak, or the child speaks alone and they have agreed to the purpose. Whom a child has
// appointed is given nothing while it is one. It follows from the birth date, which nobody
// is shown for it: when the vault writes one, the day of age is kept beside it, sealed. Who was
// stored before that was kept is read once, by the same duty, within minutes of an upgrade.
//
// An assistant has no rights of its own. The agent sees from the start of the call how the
// customer wants to be spoken with.
//
// What it refuses: a mandate without an end, one for a purpose of another company, a
// document that was found to be forged before, a second representative chosen by a
// representative, and consent for a known child by anybody but the parent or guardian.
//
// Limits: the document is checked by people, and no register is asked. Where no birth date is
// stored, a child is known once a parent or guardian was recorded. What a parent agreed to by
// letter does not count as theirs, since the letter names no mandate. The SIM of a
// representative's number is not asked about, and there is no call back to a representative.
// A deployment that asks links to go to contacts of a month or more shuts representatives out.
//
// Serves UU PDP art. 25 and 26, PP 33/2026 art. 38 and 39.
package mandate

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Kind is in what right somebody speaks.
type Kind string

// The kinds.
const (
	Attorney  Kind = "attorney"
	Parent    Kind = "parent"
	Guardian  Kind = "guardian"
	Assistant Kind = "assistant" // helps to speak; has no rights of their own
)

// Kinds lists them in the order of the form.
func Kinds() []Kind { return []Kind{Attorney, Parent, Guardian, Assistant} }

// OfChild reports whether the kind speaks for a child.
func (k Kind) OfChild() bool { return k == Parent || k == Guardian }

// Represents reports whether the kind speaks in the customer's place.
func (k Kind) Represents() bool { return k == Attorney || k.OfChild() }

// Documents are the kinds of document that a mandate may rest on.
func Documents() []string {
	return []string{"power_of_attorney", "birth_certificate", "family_card", "court_order"}
}

// Formats are the ways in which a customer may want to be spoken with.
func Formats() []string {
	return []string{"none", "slow", "written", "large_print", "braille", "sign_language", "assistant_speaks"}
}

// Reasons are why a mandate is revoked. A document that was found to be forged is refused from then on.
func Reasons() []string {
	return []string{"customer_asked", "representative_asked", "dispute", "forged"}
}

// Consents is the verb of a scope that is none of the gate's: to give and withdraw consent in the customer's name.
const Consents = "consent"

// Verbs are what a scope may hold.
func Verbs() []string {
	return []string{string(gate.Compare), string(gate.Act), string(gate.Collect), string(gate.Mask), string(gate.Reveal), string(gate.Consult), Consents}
}

// The bounds of a mandate.
const (
	MostLasts = 2 * 366 * 24 * time.Hour
	MostKept  = 10 // that stand or wait, of one customer
	MostSizes = 40 // purposes and fields of one scope
	// Unproven is the age at which a representative's contact counts at most until a link to it was answered once, a day below
	// what the third level asks; from then on its age counts from that answer.
	Unproven = 29 * 24 * time.Hour
)

// State is where a mandate stands.
type State string

// The states.
const (
	Proposed State = "proposed" // waits for a second member of staff
	Valid    State = "valid"
	Refused  State = "refused" // by the second member of staff, or by time
	Expired  State = "expired"
	Revoked  State = "revoked"
)

// Scope is what a representative may: every verb on every field, for each of the purposes.
type Scope struct {
	Purposes []string
	Verbs    []string
	Fields   []string
}

// Covers reports whether the scope holds a verb on a field for a purpose; field is empty for
// a verb without fields.
func (s Scope) Covers(purpose string, verb gate.Verb, field string) bool {
	return purpose != "" && slices.Contains(s.Purposes, purpose) && slices.Contains(s.Verbs, string(verb)) && (field == "" || slices.Contains(s.Fields, field))
}

// Draft is a mandate as it is given.
type Draft struct {
	Kind     Kind
	Name     string
	Contact  string // field name of the representative's own contact, phone or email
	Value    string // the contact itself
	Also     string // the representative's other contact, an address beside a number or a number beside an address; "" for none
	Document string // kind
	Number   string
	Dated    string // day of the document, 2026-11-30
	May      Scope
	Until    string // last day, 2026-11-30
	Born     string // of a child whose birth date the vault does not know
	Format   string // of an assistant
	Reason   string // for the second member of staff
}

// day reads a date as forms and the API write it.
func day(text string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// ends is when a mandate for this last day is over: with the day, in the customer's time (WIB).
func ends(last time.Time) time.Time { return last.Add(24*time.Hour - 7*time.Hour) }

// line reports whether a text is one line that can be read, of at most so many characters.
func line(text string, most int) bool {
	return text != "" && strings.TrimSpace(text) == text && utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
		!strings.ContainsFunc(text, unicode.IsControl) && strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// check holds what was given against the rules that need nothing else. It names the field,
// never what stands in it.
func (n Draft) check(now time.Time) *errs.E {
	bad := func(field string) *errs.E { return errForm.With("field", field) }
	last, isDay := day(n.Until)
	switch {
	case !slices.Contains(Kinds(), n.Kind):
		return bad("kind")
	case !line(n.Name, 120):
		return bad("name")
	case !isDay || !ends(last).After(now):
		return bad("until")
	case ends(last).Sub(now) > MostLasts:
		return errTooLong
	case n.Kind == Assistant && !slices.Contains(Formats(), n.Format):
		return bad("format")
	case n.Kind == Assistant:
		return nil
	case n.Contact != "phone" && n.Contact != "email":
		return bad("contact")
	case !slices.Contains(Documents(), n.Document):
		return bad("document")
	case !line(n.Number, 80):
		return bad("number")
	case n.Kind.OfChild() && !line(strings.TrimSpace(n.Reason), 300):
		return bad("reason")
	}
	if dated, ok := day(n.Dated); !ok || dated.After(now.Add(24*time.Hour)) {
		return bad("dated")
	}
	for field, list := range map[string][]string{"purposes": n.May.Purposes, "verbs": n.May.Verbs, "fields": n.May.Fields} {
		if len(list) == 0 || len(list) > MostSizes || len(slices.Compact(slices.Sorted(slices.Values(list)))) != len(list) {
			return bad(field)
		}
	}
	if slices.ContainsFunc(n.May.Verbs, func(v string) bool { return !slices.Contains(Verbs(), v) }) {
		return bad("verbs")
	}
	return nil
}

// ofAge says why a mandate for a child born on that day may not last until the given end; nil when it may.
func ofAge(born, until, now time.Time) *errs.E {
	adult := adulthood(born)
	switch {
	case born.After(now):
		return errForm.With("field", "born")
	case !adult.After(now):
		return errAdult
	case until.After(adult):
		return errBeyond
	}
	return nil
}

// Refusals of this room.
var (
	errForm     = errs.New(errs.Invalid, "mandate.form")
	errTooLong  = errs.New(errs.Invalid, "mandate.too_long")
	errAdult    = errs.New(errs.Denied, "mandate.adult")
	errBeyond   = errs.New(errs.Denied, "mandate.beyond_adulthood")
	errBorn     = errs.New(errs.Denied, "mandate.birth_date_needed")
	errPurpose  = errs.New(errs.Denied, "mandate.purpose_unknown")
	errForged   = errs.New(errs.Denied, "mandate.document_forged")
	errMany     = errs.New(errs.Conflict, "mandate.too_many")
	errUnknown  = errs.New(errs.NotFound, "mandate.unknown")
	errStanding = errs.New(errs.Denied, "mandate.not_standing")
	errOver     = errs.New(errs.Conflict, "mandate.over")
	errReason   = errs.New(errs.Invalid, "mandate.reason")
	errConsent  = errs.New(errs.Denied, "mandate.consent_beyond")
	errChild    = errs.New(errs.Denied, "mandate.guardian_needed")
	errNever    = errs.New(errs.Denied, "mandate.never")
	errVerified = errs.New(errs.Conflict, "mandate.verified_already")
	errRole     = errs.New(errs.Denied, "mandate.not_permitted")
)

// Package catalog says what everything is that we hold: the class of every field of a
// customer and of every stored column.
//
// A deployment's customer fields are declared in one strict file (the one shipped in
// fields.yaml is for an Indonesian call center). For each field it says the class
// (public, general, specific with its kind, or secret: the words of UU PDP art. 4, plus
// `secret` for what only the customer may know), why the field is needed at all (art. 16
// (2)(a), shown to the data protection officer), how it is brought into one form, what
// its mask shows, how it may be looked up, and the lowest level of verification at which
// each verb may touch it on each channel. A verb that a channel does not list is not
// allowed there at any level. Which purposes may use a field is the purpose register's
// business; the catalogue can only be stricter.
//
// What is not declared is secret: Field answers with a field of class secret, without a
// verb, whose mask shows nothing and which normalises nothing.
//
// A value has two forms. Normalise makes the form that is stored and shown
// ("Budi Santoso", "+6281234564471"). Key makes the form that is compared and indexed:
// the same for everything but names, where spelling and titles are folded, so that
// "H. Moh. Soekarno" and "Muhammad Sukarno" are one. Both are pure, need time linear in
// the length of the value, and refuse values over MaxValue bytes. Their errors never
// quote the value.
//
// Seeing is not saying. A second table says what may leave in words: for each outlet (spoken
// in a call, chat, e-mail, SMS, WhatsApp, voicemail) whether the value or only its mask, and
// from which level on. What no deployment may loosen is in the code: a secret and a number of
// the population or tax office leave by no outlet; e-mail, SMS and WhatsApp carry links and
// public words, since what is written there stays there; a voicemail carries no field at all;
// and what is personal is said to nobody below V2.
//
// Masks are made here and not on a screen, and none tells the length of what it hides.
//
// The second half of the package reads the class comments of every room's schema files
// (`-- class: general`), so that a column without a class fails a test.
package catalog

import (
	"bytes"
	"embed"
	"io/fs"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// Class is how much protection a value needs.
type Class string

// The classes. General and specific are those of UU PDP art. 4.
const (
	Public   Class = "public"   // about nobody, or meant to be known
	General  Class = "general"  // personal data of a general nature, art. 4 (3)
	Specific Class = "specific" // personal data of a specific nature, art. 4 (2); Kind says which
	Secret   Class = "secret"   // known to the customer only: compared, never shown
)

// Kind is the kind of specific personal data, in the order of UU PDP art. 4 (2).
type Kind string

// The kinds of specific personal data.
const (
	Health    Kind = "health"    // (a) health data and information
	Biometric Kind = "biometric" // (b)
	Genetic   Kind = "genetic"   // (c)
	Criminal  Kind = "criminal"  // (d) criminal record
	Child     Kind = "child"     // (e) data of a child
	Financial Kind = "financial" // (f) personal financial data
	Other     Kind = "other"     // (g) other data under the law
)

// Index says how a field may be looked up.
type Index string

// The kinds of index.
const (
	None   Index = "none"   // not at all
	Unique Index = "unique" // keyed hash, one subject per controller (customer number, NIK, account)
	Exact  Index = "exact"  // keyed hash, several subjects may share it (phone, e-mail)
	Memory Index = "memory" // in memory only, nothing at rest (names, birth dates)
)

// Contact says what can be sent to a field's value.
type Contact string

// The kinds of contact.
const (
	NoContact Contact = ""
	Phone     Contact = "phone"
	Email     Contact = "email"
	Post      Contact = "post"
	App       Contact = "app" // a device's reference at the company's own push service
)

// MaxValue is the longest value in bytes that any normaliser takes.
const MaxValue = 4096

// MaxLevel is the highest level of verification that a declaration may ask for: V4.
const MaxLevel = 4

// Text is a text in Indonesian and English.
type Text struct {
	ID string `yaml:"id"`
	EN string `yaml:"en"`
}

// In is the text in a language.
func (t Text) In(l i18n.Lang) string {
	if l == i18n.EN {
		return t.EN
	}
	return t.ID
}

// Field is the declaration of one field of a customer.
type Field struct {
	Name       string // lower case letters, digits and underscores
	Class      Class
	Kind       Kind // set exactly when Class is Specific
	Label      Text // what screens call it
	Necessity  Text // why the field is needed; UU PDP art. 16 (2)(a)
	Normaliser string
	Mask       string
	Index      Index
	Multiple   bool                      // a customer may have several values
	Contact    Contact                   // what can be sent to it; "" if nothing
	Verifies   bool                      // a registered contact or account history: may be used to verify the caller
	Unrecorded bool                      // an agent takes it down only while no recorder runs
	Free       bool                      // declares every name that begins with Name + "_"
	MinLevel   map[string]map[string]int // channel -> verb -> lowest level (0 to 4)
	Words      map[string]map[string]int // outlet -> form -> lowest level at which it may be said or written there
	Declared   bool                      // false for the answer to a name nobody declared
}

// Level returns the lowest level of verification at which verb may touch the field on
// channel; false when the verb is not allowed there at all. To verify a caller by a field is
// to compare it, so that is the level of verify.
func (f Field) Level(channel, verb string) (int, bool) {
	if verb == "verify" {
		verb = "compare"
	}
	level, ok := f.MinLevel[channel][verb]
	return level, ok
}

// Word returns the lowest level of verification at which the field may be said or written by
// an outlet, in a form; false when it may not, at any level.
func (f Field) Word(outlet, form string) (int, bool) {
	level, ok := f.Words[outlet][form]
	return level, ok
}

// Say is the fullest form in which the field may be said or written by an outlet at a level:
// Whole, Masked, or "" for not at all.
func (f Field) Say(outlet string, level int) string {
	for _, form := range []string{Whole, Masked} {
		if least, ok := f.Word(outlet, form); ok && level >= least {
			return form
		}
	}
	return ""
}

// Normalise brings a value into the form that is stored and shown. An error has the code
// of the field's normaliser and never holds the value.
func (f Field) Normalise(value string) (string, error) {
	n, ok := normalisers[f.Normaliser]
	if !ok || !f.Declared {
		return "", errs.New(errs.Invalid, "catalog.undeclared").With("field", f.Name)
	}
	if len(value) > MaxValue {
		return "", errs.New(errs.Invalid, "catalog.too_long").With("field", f.Name).With("max", MaxValue)
	}
	s, ok := n.form(value)
	if !ok {
		return "", errs.New(errs.Invalid, n.code).With("field", f.Name)
	}
	return s, nil
}

// Key brings a value, normalised or as somebody typed it, into the form that is compared
// and indexed. Two values mean the same exactly when their keys are equal.
func (f Field) Key(value string) (string, error) {
	s, err := f.Normalise(value)
	if err != nil {
		return "", err
	}
	if n := normalisers[f.Normaliser]; n.key != nil {
		return n.key(s), nil
	}
	return s, nil
}

// MaskValue returns what may be shown of a normalised value under the verb mask. It never
// tells how long the value is, and shows nothing of a secret or of a value that is not in
// normalised form.
func (f Field) MaskValue(value string) string {
	m, ok := masks[f.Mask]
	if !ok || f.Class == Secret {
		return Hidden
	}
	return m(value)
}

// Example returns a value of nobody that fits the field, and what MaskValue shows of it. A
// field that nobody declared has none: both are "".
func (f Field) Example() (value, mask string) {
	if !f.Declared {
		return "", ""
	}
	value = normalisers[f.Normaliser].example
	return value, f.MaskValue(value)
}

// Catalogue is a set of declared fields. It does not change after Load.
type Catalogue struct {
	fields []Field
	byName map[string]int
}

// Field returns the declaration of a name. The second result is false when nobody
// declared it; the field is then secret and allows no verb.
func (c *Catalogue) Field(name string) (Field, bool) {
	if i, ok := c.byName[name]; ok && !c.fields[i].Free {
		return c.fields[i], true
	}
	if nameOK(name) {
		for i := strings.LastIndexByte(name, '_'); i > 0; i = strings.LastIndexByte(name[:i], '_') {
			if j, ok := c.byName[name[:i]]; ok && c.fields[j].Free {
				f := c.fields[j]
				own := ": " + strings.ReplaceAll(name[i+1:], "_", " ")
				f.Name, f.Label.ID, f.Label.EN = name, f.Label.ID+own, f.Label.EN+own
				return f, true
			}
		}
	}
	return Field{Name: name, Class: Secret, Index: None}, false
}

// Fields returns every declaration, in the order of the file.
func (c *Catalogue) Fields() []Field { return slices.Clone(c.fields) }

// Names returns the declared names in the order of the file, without free ones.
func (c *Catalogue) Names() []string {
	names := make([]string, 0, len(c.fields))
	for _, f := range c.fields {
		if !f.Free {
			names = append(names, f.Name)
		}
	}
	return names
}

//go:embed fields.yaml
var shipped []byte

//go:embed messages
var messages embed.FS

// Messages holds messages/id.json and messages/en.json.
var Messages fs.FS = messages

// Shipped returns the catalogue that comes with the product.
func Shipped() *Catalogue {
	c, err := Load(shipped)
	if err != nil {
		panic(err) // our own file; a test loads it
	}
	return c
}

// ShippedFile is the text of the shipped catalogue, to begin one's own with.
func ShippedFile() []byte { return bytes.Clone(shipped) }

func nameOK(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '_' || strings.Contains(s, "__") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

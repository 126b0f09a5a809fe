package catalog

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Channels and Verbs are the words a declaration may use in `levels`.
var (
	Channels = []string{"phone", "chat", "email"}
	Verbs    = []string{"search", "mask", "compare", "act", "collect", "reveal", "note"}
)

// Outlets are the ways by which words leave: spoken in a call, written in a chat or as a
// message, left on an answering machine. Forms are what may be said of a field there.
var (
	Outlets = []string{"phone", "chat", "email", "sms", "whatsapp", "voicemail"}
	Forms   = []string{Masked, Whole}
)

// The forms in which a field may be said.
const (
	Masked = "mask"
	Whole  = "whole"
)

// maxFile bounds a catalogue file; ours has some 10 KiB.
const maxFile = 256 << 10

type levels = map[string]map[string]int

type fileField struct {
	Name       string  `yaml:"name"`
	Class      Class   `yaml:"class"`
	Kind       Kind    `yaml:"kind"`
	Label      Text    `yaml:"label"`
	Necessity  Text    `yaml:"necessity"`
	Normaliser string  `yaml:"normaliser"`
	Mask       string  `yaml:"mask"`
	Index      Index   `yaml:"index"`
	Multiple   bool    `yaml:"multiple"`
	Contact    Contact `yaml:"contact"`
	Verifies   bool    `yaml:"verifies"`
	Unrecorded bool    `yaml:"unrecorded"`
	Free       bool    `yaml:"free"`
	Levels     string  `yaml:"levels"`
	Words      string  `yaml:"words"`
}

type file struct {
	Version int               `yaml:"version"`
	Levels  map[string]levels `yaml:"levels"`
	Words   map[string]levels `yaml:"words"`
	Fields  []fileField       `yaml:"fields"`
}

// Load reads a catalogue file. The reader is strict: an unknown word, a word twice, a
// field without a class or a necessity in both languages, a class without its kind, a
// secret that could be shown, an index that would put skewed values at rest, are all
// refused. The error has the code catalog.file and says the field and what is wrong.
func Load(text []byte) (*Catalogue, error) {
	if len(text) > maxFile {
		return nil, refuse("", "file_too_big", nil)
	}
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&f); err != nil {
		return nil, refuse("", "syntax", err)
	}
	if f.Version != 1 {
		return nil, refuse("", "version", fmt.Errorf("version %d, want 1", f.Version))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Levels)) {
		if err := checkLevels(f.Levels[name]); err != nil {
			return nil, refuse(name, "levels", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Words)) {
		if err := checkWords(f.Words[name]); err != nil {
			return nil, refuse(name, "words", err)
		}
	}
	c := &Catalogue{byName: make(map[string]int, len(f.Fields))}
	for _, in := range f.Fields {
		least, ok := f.Levels[in.Levels]
		if !ok {
			return nil, refuse(in.Name, "levels", fmt.Errorf("no levels named %q", in.Levels))
		}
		words, ok := f.Words[in.Words]
		if !ok && in.Words != "" {
			return nil, refuse(in.Name, "words", fmt.Errorf("no words named %q", in.Words))
		}
		if in.Index == "" {
			in.Index = None
		}
		field := Field{
			Name: in.Name, Class: in.Class, Kind: in.Kind, Label: in.Label, Necessity: in.Necessity,
			Normaliser: in.Normaliser, Mask: in.Mask, Index: in.Index, Multiple: in.Multiple,
			Contact: in.Contact, Verifies: in.Verifies, Unrecorded: in.Unrecorded, Free: in.Free, MinLevel: least, Words: words, Declared: true,
		}
		if err := field.check(); err != nil {
			return nil, refuse(in.Name, "field", err)
		}
		if _, twice := c.byName[field.Name]; twice {
			return nil, refuse(in.Name, "field", fmt.Errorf("declared twice"))
		}
		c.byName[field.Name] = len(c.fields)
		c.fields = append(c.fields, field)
	}
	if len(c.fields) == 0 {
		return nil, refuse("", "empty", nil)
	}
	return c, nil
}

func refuse(field, what string, cause error) error {
	why := what
	if cause != nil {
		why, _, _ = strings.Cut(cause.Error(), "\n")
	}
	return errs.Wrap(errs.Invalid, "catalog.file", cause).With("field", cmp.Or(field, "-")).With("what", what).With("why", why)
}

func checkLevels(l levels) error {
	for channel, verbs := range l {
		if !slices.Contains(Channels, channel) {
			return fmt.Errorf("channel %q is none of %s", channel, strings.Join(Channels, ", "))
		}
		for verb, level := range verbs {
			if !slices.Contains(Verbs, verb) {
				return fmt.Errorf("verb %q is none of %s", verb, strings.Join(Verbs, ", "))
			}
			if level < 0 || level > MaxLevel {
				return fmt.Errorf("level %d of %s is not 0 to %d", level, verb, MaxLevel)
			}
		}
	}
	return nil
}

func checkWords(l levels) error {
	for outlet, forms := range l {
		if !slices.Contains(Outlets, outlet) {
			return fmt.Errorf("outlet %q is none of %s", outlet, strings.Join(Outlets, ", "))
		}
		for form, level := range forms {
			if !slices.Contains(Forms, form) {
				return fmt.Errorf("form %q is none of %s", form, strings.Join(Forms, ", "))
			}
			if level < 0 || level > MaxLevel {
				return fmt.Errorf("level %d of %s is not 0 to %d", level, form, MaxLevel)
			}
		}
	}
	return nil
}

// official are the normalisers of numbers that the state gives out.
var official = []string{"nik", "nik_region", "kk", "npwp"}

// wordless reports whether the field is of those that leave by no outlet.
func (f Field) wordless() bool { return f.Class == Secret || slices.Contains(official, f.Normaliser) }

// loose reports whether the field's words go beyond what any deployment may set.
func (f Field) loose() bool {
	for outlet, forms := range f.Words {
		written := outlet == "email" || outlet == "sms" || outlet == "whatsapp"
		for _, level := range forms {
			if outlet == "voicemail" || f.Class != Public && (written || level < 2) {
				return true
			}
		}
		mask, masked := forms[Masked]
		whole, open := forms[Whole]
		if masked && open && whole < mask {
			return true
		}
	}
	return false
}

func (f Field) allows(verb string) bool {
	for _, verbs := range f.MinLevel {
		if _, ok := verbs[verb]; ok {
			return true
		}
	}
	return false
}

func (f Field) check() error {
	n, hasNormaliser := normalisers[f.Normaliser]
	_, hasMask := masks[f.Mask]
	for _, rule := range []struct {
		broken bool
		what   string
	}{
		{!nameOK(f.Name), "the name must be 1 to 64 lower case letters, digits and single underscores"},
		{!slices.Contains([]Class{Public, General, Specific, Secret}, f.Class), "the class must be public, general, specific or secret"},
		{(f.Class == Specific) != (f.Kind != ""), "a specific field, and no other, has a kind"},
		{f.Kind != "" && !slices.Contains([]Kind{Health, Biometric, Genetic, Criminal, Child, Financial, Other}, f.Kind), "unknown kind"},
		{f.Label.ID == "" || f.Label.EN == "", "the label must be given in id and en"},
		{f.Necessity.ID == "" || f.Necessity.EN == "", "the necessity must be given in id and en"},
		{!hasNormaliser, "unknown normaliser"},
		{!hasMask, "unknown mask"},
		{f.Mask == "whole" && f.Class != Public, "the mask `whole` is for public fields only"},
		{f.Class == Secret && f.Mask != "hidden", "a secret's mask must be `hidden`"},
		{f.Class == Secret && (f.allows("reveal") || f.allows("mask") || f.allows("search")), "a secret can be compared and collected, not searched, masked or revealed"},
		{f.wordless() && len(f.Words) > 0, "a secret, and a number of the population or tax office, are said and written nowhere: no words"},
		{f.loose(), "voicemail says no field; e-mail, SMS and WhatsApp carry public words only; nothing personal is said below level 2, nor the value before its mask"},
		{!slices.Contains([]Index{None, Unique, Exact, Memory}, f.Index), "unknown index"},
		{(f.Index == Unique || f.Index == Exact) && n.skewed, "names, dates and free text have no index at rest: use `memory` or `none`"},
		{f.Index == None && f.allows("search"), "a field that may be searched needs an index"},
		{f.Class == Secret && f.Index != None, "a secret has no index"},
		{f.Free && f.Index != None, "a free field has no index"},
		{f.Contact != NoContact && f.Contact != Contact(n.contact), "the contact does not fit the normaliser"},
	} {
		if rule.broken {
			return fmt.Errorf("%s", rule.what)
		}
	}
	return nil
}

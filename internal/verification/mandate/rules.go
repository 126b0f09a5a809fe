package mandate

import (
	"bytes"
	_ "embed" // the shipped rules
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/trust/catalog"
)

//go:embed rules.yaml
var shipped []byte

// bound is a field, or a kind of field, that no mandate reaches.
type bound struct {
	Class catalog.Class `yaml:"class"`
	Kind  catalog.Kind  `yaml:"kind"`
	But   []Kind        `yaml:"but"`
}

// rules are what rules.yaml says. They come with the product: a deployment has no file with which to loosen them.
type rules struct {
	Version   int               `yaml:"version"`
	Adult     int               `yaml:"adult"`
	Waived    []string          `yaml:"waived"`
	Documents map[string]int    `yaml:"documents"`
	Never     []bound           `yaml:"never"`
	Acts      map[string]string `yaml:"acts"`
}

var law = func() rules {
	r, err := readRules(shipped)
	if err != nil {
		panic(err) // our own file; a test reads it
	}
	return r
}()

func readRules(text []byte) (r rules, err error) {
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&r); err != nil {
		return r, err
	}
	if r.Version != 1 || r.Adult < 1 || r.Adult > 30 {
		return r, fmt.Errorf("version %d and adult %d: want 1, and a number of years", r.Version, r.Adult)
	}
	for _, d := range Documents() {
		if n := r.Documents[d]; n < 2 || n > 4 {
			return r, fmt.Errorf("document %s leads to level %d, which is not 2 to 4", d, n)
		}
	}
	if len(r.Documents) != len(Documents()) {
		return r, fmt.Errorf("a document that nobody knows")
	}
	secret := false
	for _, b := range r.Never {
		if (b.Class == "") == (b.Kind == "") || slices.ContainsFunc(b.But, func(k Kind) bool { return !k.OfChild() }) {
			return r, fmt.Errorf("%+v names a class or a kind, and nobody but parents and guardians", b)
		}
		secret = secret || b.Class == catalog.Secret && len(b.But) == 0
	}
	if !secret {
		return r, fmt.Errorf("secret fields are within no mandate")
	}
	return r, nil
}

// never reports whether no mandate of a kind reaches a field.
func (r rules) never(k Kind, f catalog.Field) bool {
	return slices.ContainsFunc(r.Never, func(b bound) bool {
		return (f.Class == b.Class || b.Kind != "" && f.Kind == b.Kind) && !slices.Contains(b.But, k)
	})
}

// ownOnly reports whether no mandate of a kind reaches a field, by its name. What nobody declared is secret.
func (s *Service) ownOnly(k Kind, name string) bool {
	f, declared := s.o.Catalogue.Field(name)
	return !declared || law.never(k, f)
}

// adulthood is when somebody born on a day is of age: at the start of that day, in the customer's time (WIB).
func adulthood(born time.Time) time.Time { return born.AddDate(law.Adult, 0, 0).Add(-7 * time.Hour) }

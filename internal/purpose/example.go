package purpose

import (
	_ "embed"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

//go:embed example.yaml
var example []byte

// Entry is a purpose together with the first version of its notice.
type Entry struct {
	Purpose Purpose
	Notice  map[string]string
}

// Example reads the example register that ships with Amanah.
func Example() ([]Entry, error) { return read(example) }

// read parses a register file. Keys it does not know are refused.
func read(text []byte) ([]Entry, error) {
	var file struct {
		Purposes []struct {
			Slug   string              `yaml:"slug"`
			Name   map[string]string   `yaml:"name"`
			Basis  string              `yaml:"basis"`
			Fields map[string][]string `yaml:"fields"`
			Script map[string]string   `yaml:"script"`
			Notice map[string]string   `yaml:"notice"`
		} `yaml:"purposes"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, errs.Wrap(errs.Invalid, "purpose.file", err)
	}
	out := make([]Entry, len(file.Purposes))
	for i, p := range file.Purposes {
		fields := map[gate.Verb][]string{}
		for verb, names := range p.Fields {
			fields[gate.Verb(verb)] = names
		}
		out[i] = Entry{Purpose{Slug: p.Slug, Name: p.Name, Basis: Basis(p.Basis), Fields: fields, Script: p.Script}, p.Notice}
	}
	return out, nil
}

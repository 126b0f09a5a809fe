package intake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

const maxMap = 256 << 10

// Map says which column of a file becomes which field, for whom and what for.
//
//	version: 1
//	controller: utama            # whose customers these are: its short name or its id
//	purpose: registration        # what the data is collected for; it must list every field below
//	delimiter: ";"               # left out: found out from the first line
//	date_format: DD/MM/YYYY      # for columns without their own; left out: YYYY-MM-DD
//	columns:
//	  No Pelanggan: {field: customer_number}
//	  Nama:         {field: name}
//	  HP:           {field: phone, registered_column: Tgl Daftar HP}
//	  Email:        {field: email, registered_at: 2024-01-31}
//	  Tgl Lahir:    {field: birth_date, format: DD-MM-YYYY}
//
// A column that is not named here is not imported. The day of registration counts as it
// stands when the customer is new. Of a known customer, a contact that changes counts from the
// import on, and one that stays keeps its day, which the file can only make later; a day in
// the future is rejected.
type Map struct {
	Version    int               `yaml:"version"`
	Controller string            `yaml:"controller"`
	Purpose    string            `yaml:"purpose"`
	Delimiter  string            `yaml:"delimiter"`
	DateFormat string            `yaml:"date_format"`
	Columns    map[string]Column `yaml:"columns"`
}

// Column is where a column goes.
type Column struct {
	Field            string `yaml:"field"`
	Format           string `yaml:"format"`            // of a date: DD, MM, YYYY and separators
	RegisteredColumn string `yaml:"registered_column"` // column that says since when the contact is registered
	RegisteredAt     string `yaml:"registered_at"`     // or one day for all, YYYY-MM-DD
	RegisteredFormat string `yaml:"registered_format"` // of RegisteredColumn, which may have YY; left out: date_format
}

// ParseMap reads a map file. It is strict: an unknown word, a field nobody declared, a
// date format that says nothing are refused with the code intake.map, the column and what
// is wrong. The error holds words of the map file, never of the customer file.
func ParseMap(text []byte, c *catalog.Catalogue) (*Map, error) {
	if len(text) > maxMap {
		return nil, mapError("", "file_too_big", nil)
	}
	var m Map
	if err := decodeMap(text, &m); err != nil {
		return nil, err
	}
	if m.Version != 1 {
		return nil, mapError("", "version", nil)
	}
	switch {
	case m.Controller == "":
		return nil, mapError("", "controller", nil)
	case m.Purpose == "":
		return nil, mapError("", "purpose", nil)
	case len(m.Delimiter) > 1 || !strings.Contains(";,\t|", m.Delimiter):
		return nil, mapError("", "delimiter", nil)
	case len(m.Columns) == 0:
		return nil, mapError("", "columns", nil)
	}
	if m.DateFormat != "" {
		if _, err := dateLayout(m.DateFormat); err != nil {
			return nil, mapError("", "date_format", err)
		}
	}
	single := map[string]string{}
	for name, col := range m.Columns {
		if strings.TrimSpace(name) == "" || len(name) > 200 {
			return nil, mapError(name, "column_name", nil)
		}
		f, ok := c.Field(col.Field)
		if !ok {
			return nil, errs.New(errs.Invalid, "intake.map_field").With("column", name).With("field", col.Field).With("fields", strings.Join(c.Names(), ", "))
		}
		if other, twice := single[col.Field]; twice && !f.Multiple {
			return nil, errs.New(errs.Invalid, "intake.map_twice").With("column", name).With("other", other).With("field", col.Field)
		}
		single[col.Field] = name
		if col.Format != "" {
			if f.Normaliser != "date" {
				return nil, mapError(name, "format", fmt.Errorf("only dates have a format"))
			}
			if _, err := dateLayout(col.Format); err != nil {
				return nil, mapError(name, "format", err)
			}
		}
		if format := cmp.Or(col.Format, m.dateFormat()); f.Normaliser == "date" && !strings.Contains(format, "YYYY") {
			return nil, errs.New(errs.Invalid, "intake.map_century").With("column", name)
		}
		if (col.RegisteredAt != "" || col.RegisteredColumn != "") && f.Contact == catalog.NoContact {
			return nil, mapError(name, "registered", fmt.Errorf("%s is no contact", col.Field))
		}
		if col.RegisteredAt != "" && col.RegisteredColumn != "" {
			return nil, mapError(name, "registered", fmt.Errorf("a day or a column, not both"))
		}
		if col.RegisteredAt != "" {
			if _, err := time.Parse(time.DateOnly, col.RegisteredAt); err != nil {
				return nil, mapError(name, "registered", err)
			}
		}
		if col.RegisteredFormat != "" {
			if _, err := dateLayout(col.RegisteredFormat); err != nil {
				return nil, mapError(name, "registered_format", err)
			}
		}
	}
	if _, ok := single[KeyField]; !ok {
		return nil, mapError("", "customer_number", nil)
	}
	return &m, nil
}

// KeyField is the field by which an import knows a customer again.
const KeyField = "customer_number"

// decodeMap reads the YAML of a map file. Its error names the line, when the parser does.
func decodeMap(text []byte, m any) error {
	err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(m)
	if err == nil {
		return nil
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		return errs.Wrap(errs.Invalid, "intake.map_line", err).With("line", at.GetToken().Position.Line)
	}
	return mapError("", "syntax", err)
}

func mapError(column, what string, cause error) error {
	at := ""
	if column != "" {
		at = ", " + strconv.Quote(column)
	}
	return errs.Wrap(errs.Invalid, "intake.map", cause).With("column", column).With("what", what).With("at", at)
}

// dateLayout turns DD/MM/YYYY and the like into Go's layout.
func dateLayout(format string) (string, error) {
	var out strings.Builder
	seen := map[string]bool{}
	for rest := format; rest != ""; {
		token := ""
		for _, t := range []string{"YYYY", "YY", "MM", "DD"} {
			if strings.HasPrefix(rest, t) {
				token = t
				break
			}
		}
		if token == "" {
			if !strings.Contains("-/. ", rest[:1]) {
				return "", fmt.Errorf("format %q: only DD, MM, YYYY, YY, hyphens, slashes, dots and spaces", format)
			}
			out.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		part := token[:1]
		if seen[part] {
			return "", fmt.Errorf("format %q names a part twice", format)
		}
		seen[part] = true
		out.WriteString(map[string]string{"YYYY": "2006", "YY": "06", "MM": "1", "DD": "2"}[token])
		rest = rest[len(token):]
	}
	if len(seen) != 3 {
		return "", fmt.Errorf("format %q needs day, month and year", format)
	}
	layout := out.String()
	if !strings.ContainsAny(layout, "-/. ") { // DDMMYYYY: digits only, so parts have fixed width
		layout = strings.NewReplacer("DD", "02", "MM", "01", "YYYY", "2006", "YY", "06").Replace(format)
	}
	return layout, nil
}

// dateFormat is the format of dates whose column names none.
func (m *Map) dateFormat() string {
	if m.DateFormat != "" {
		return m.DateFormat
	}
	return "YYYY-MM-DD"
}

// names are the map's columns in a fixed order.
func (m *Map) names() []string { return slices.Sorted(maps.Keys(m.Columns)) }

// wants reports whether the map uses a column of this name.
func (m *Map) wants(name string) bool {
	for n, c := range m.Columns {
		if strings.TrimSpace(n) == name || strings.TrimSpace(c.RegisteredColumn) == name {
			return true
		}
	}
	return false
}

func (m *Map) delimiter() byte {
	if m.Delimiter == "" {
		return 0
	}
	return m.Delimiter[0]
}

// Fields are the fields that the map fills, each once.
func (m *Map) Fields() []string {
	var out []string
	for _, name := range m.names() {
		if f := m.Columns[name].Field; !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

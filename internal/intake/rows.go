package intake

import (
	"cmp"
	"hash/maphash"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
)

// row is a record that was read.
type row struct {
	line    int
	columns []string
	fault   string // code when it could not be read, or repeats an earlier one
	column  string // at fault; "" for the whole record
	other   int    // see Reject
}

// chunk is some records that are stored together.
type chunk struct {
	number   int64
	rows     []row
	line     int   // after the last record
	position int64 // after the last record
}

// layout says where a map's columns stand in a file.
type layout struct {
	header  []string
	columns []placed
	m       *Map
}

type placed struct {
	Column
	name         string
	at           int
	registeredAt int // column of the registration day; -1: none
	date         string
	regDate      string
	constant     time.Time
}

// lay reads the header. A column of the map that the file lacks, or that it has twice, is
// refused; further columns of the file are left alone.
func lay(m *Map, header []string) (*layout, error) {
	l := &layout{m: m}
	at := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		l.header = append(l.header, name)
		if _, twice := at[name]; twice && m.wants(name) {
			return nil, errs.New(errs.Invalid, "intake.column_twice").With("column", name)
		}
		at[name] = i
	}
	fallback, err := dateLayout(m.dateFormat())
	if err != nil {
		return nil, err
	}
	for _, name := range m.names() {
		c := m.Columns[name]
		p := placed{Column: c, name: name, registeredAt: -1, date: fallback, regDate: fallback}
		var ok bool
		if p.at, ok = at[strings.TrimSpace(name)]; !ok {
			return nil, errs.New(errs.Invalid, "intake.column_missing").With("column", name)
		}
		if c.RegisteredColumn != "" {
			if p.registeredAt, ok = at[strings.TrimSpace(c.RegisteredColumn)]; !ok {
				return nil, errs.New(errs.Invalid, "intake.column_missing").With("column", c.RegisteredColumn)
			}
		}
		if c.Format != "" {
			p.date, _ = dateLayout(c.Format)
		}
		if c.RegisteredFormat != "" {
			p.regDate, _ = dateLayout(c.RegisteredFormat)
		}
		if c.RegisteredAt != "" {
			p.constant, _ = time.Parse(time.DateOnly, c.RegisteredAt)
		}
		l.columns = append(l.columns, p)
	}
	return l, nil
}

// inputs turns a record into values. An empty cell is no value: it leaves what is stored.
func (l *layout) inputs(r row, dates map[string]bool, now time.Time) ([]vault.Input, *Reject) {
	if r.fault != "" {
		return nil, &Reject{Line: r.line, Column: r.column, Code: r.fault, Other: r.other}
	}
	if len(r.columns) != len(l.header) {
		return nil, &Reject{Line: r.line, Code: "intake.columns"}
	}
	out := make([]vault.Input, 0, len(l.columns))
	for _, p := range l.columns {
		text := unquote(r.columns[p.at])
		if text == "" {
			continue
		}
		in := vault.Input{Field: p.Field, Value: text, RegisteredAt: p.constant}
		if dates[p.Field] {
			day, err := time.Parse(p.date, text)
			if err != nil {
				return nil, &Reject{Line: r.line, Column: p.name, Code: "catalog.date"}
			}
			in.Value = day.Format(time.DateOnly)
		}
		if p.registeredAt >= 0 {
			if since := unquote(r.columns[p.registeredAt]); since != "" {
				day, err := parseDay(p.regDate, since)
				if err != nil {
					return nil, &Reject{Line: r.line, Column: p.RegisteredColumn, Code: "intake.registered"}
				}
				in.RegisteredAt = day
			}
		}
		if vault.IsFuture(in.RegisteredAt, now) {
			return nil, &Reject{Line: r.line, Column: cmp.Or(p.RegisteredColumn, p.name), Code: "intake.registered_future"}
		}
		out = append(out, in)
	}
	return out, nil
}

// seen knows on which line each value stood that only one customer can have: a hash under a
// key of this run, so a file cannot be made to fill one place of the table.
type seen struct {
	seed  maphash.Seed
	lines map[uint64]int
}

func newSeen() *seen { return &seen{maphash.MakeSeed(), map[uint64]int{}} }

// first returns the line on which a field had this value first; 0 when that is this one.
func (s *seen) first(field, key string, line int) int {
	at := maphash.String(s.seed, field+"\x00"+key)
	if before, ok := s.lines[at]; ok && before != line {
		return before
	}
	s.lines[at] = line
	return 0
}

// repeats marks a record of which a unique value stood on an earlier line.
func (l *layout) repeats(r *row, s *seen, c *catalog.Catalogue) {
	if r.fault != "" || len(r.columns) != len(l.header) {
		return
	}
	for _, p := range l.columns {
		f, _ := c.Field(p.Field)
		text := unquote(r.columns[p.at])
		if f.Index != catalog.Unique || text == "" {
			continue
		}
		key, err := f.Key(text)
		if err != nil {
			continue // the record is rejected for that
		}
		if before := s.first(f.Name, key, r.line); before != 0 && r.fault == "" {
			r.fault, r.column, r.other = "intake.repeated", p.name, before
		}
	}
}

// parseDay takes a day in the map's format, with or without a time of day behind it.
func parseDay(layout, text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	day, _, _ := strings.Cut(strings.Replace(text, "T", " ", 1), " ")
	if strings.Contains(layout, " ") {
		day = text
	}
	return time.Parse(layout, day)
}

// unquote takes off what spreadsheets put around a text so as not to read it as a number:
// ="0812" and a leading apostrophe. What remains is text and is never run as a formula.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 3 && strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) {
		return strings.TrimSpace(s[2 : len(s)-1])
	}
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("+-=@0123456789", rune(s[1])) {
		return s[1:]
	}
	return s
}

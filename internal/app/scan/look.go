package scan

import "github.com/amanah-id/amanah/pii/names"

// What other commands use of this room: its eye for single values, and its walk for a report of their own.

// Looker finds personal data in values and masks it, as a scan does. It is for one goroutine.
type Looker struct {
	eye  *eye
	seen []Seen
}

// Seen is one piece of personal data in a value.
type Seen struct {
	Start, End int
	Type       string
	Confidence float64
	Sample     string // masked
}

// NewLooker makes a Looker.
func NewLooker(k Kinds, least float32) *Looker { return &Looker{eye: newEye(k, least)} }

// Look finds what is in a text; prose says that names of people and places are looked for too. The answer is good until the next call.
func (l *Looker) Look(text []byte, prose bool) []Seen {
	l.seen = l.seen[:0]
	for _, h := range l.eye.see(text, prose) {
		l.seen = append(l.seen, Seen{h.start, h.end, h.kind, h.confidence, l.eye.masked(text, h)})
	}
	return l.seen
}

// Hide masks what is or may be personal data in a name that somebody gave: of a table or a column.
func (l *Looker) Hide(name string) string { return l.eye.hide(name) }

// Collector takes what a scan finds, in place of a report. An error ends the scan.
type Collector interface {
	Finding(f Finding) error
	Unread(u Unread) error
	EndFile() error // after the last of a file
}

// collected is a report into a Collector.
type collected struct{ Collector }

func (c collected) begin() error                          { return nil }
func (c collected) finding(f Finding) error               { return c.Finding(f) }
func (c collected) unread(u Unread) error                 { return c.Unread(u) }
func (c collected) endFile() error                        { return c.EndFile() }
func (c collected) copied(string, string, []string) error { return nil }
func (c collected) refused(_, _ string) error             { return nil }
func (c collected) end(Summary) error                     { return nil }

// KindsOfPeople are everything that tells of people: names of places are left out, which a column of cities would be full of.
func KindsOfPeople() Kinds { return Kinds{names: []names.Kind{names.Person}, also: true} }

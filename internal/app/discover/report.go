package discover

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// report is where results are written.
type report interface {
	table(t Table) error
	file(f File) error
	lost(source, why string) error
	end(s Summary) error
}

func write(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("%w: %w", ErrWrite, err)
	}
	return nil
}

// lines is the report as JSON, one object a line; the last line is the summary.
type lines struct{ out io.Writer }

func (l *lines) put(kind string, v any) error {
	text, err := json.Marshal(map[string]any{kind: v})
	if err != nil {
		return err
	}
	return write(l.out, string(text)+"\n")
}

func (l *lines) table(t Table) error { return l.put("table", t) }
func (l *lines) file(f File) error   { return l.put("file", f) }
func (l *lines) end(s Summary) error { return l.put("summary", s) }

func (l *lines) lost(source, why string) error {
	return l.put("database", map[string]string{"source": source, "not_inspected": why})
}

// table is the report for people. It leaves out what holds nothing.
type table struct {
	out     io.Writer
	notices io.Writer
	text    *i18n.Printer
	bar     bool // a bar stands on the terminal
	source  string
}

// write takes the bar away before something is written.
func (t *table) write(text string) error {
	if t.bar {
		fmt.Fprint(t.notices, "\r\x1b[K")
	}
	return write(t.out, text)
}

func (t *table) lost(source, why string) error {
	t.source = source
	return t.write(source + "\n    " + t.text.T("discover.not_inspected", "what", t.text.T("discover.no_connection", "why", why)) + "\n")
}

func (t *table) number(n int64) string { return t.text.Number(n) }

func (t *table) kind(name string) string {
	if key := "scan.type_" + name; t.text.Has(key) {
		return t.text.T(key)
	}
	return name
}

func (t *table) why(reason string) string {
	for _, key := range []string{"discover.why_" + reason, "scan.why_" + reason} {
		if t.text.Has(key) {
			return t.text.T(key)
		}
	}
	return reason
}

func (t *table) table(one Table) error {
	if len(one.Columns)+len(one.Unread) == 0 {
		return nil
	}
	var b strings.Builder
	if one.Source != t.source {
		t.source = one.Source
		fmt.Fprintf(&b, "%s\n", one.Source)
	}
	name := one.Name
	if one.Schema != "" {
		name = one.Schema + "." + name
	}
	rows := t.text.T("discover.rows_some", "rows", t.number(one.Rows))
	switch {
	case one.All:
		rows = t.text.T("discover.rows_all", "rows", t.number(one.Rows))
	case one.About > one.Rows:
		rows = t.text.T("discover.rows_of", "rows", t.number(one.Rows), "about", t.number(one.About))
	}
	parts := []string{rows}
	if one.View {
		parts = append([]string{t.text.T("discover.view")}, parts...)
	}
	if one.People > 0 {
		parts = append(parts, t.text.N("discover.people", one.People))
	}
	fmt.Fprintf(&b, "\n  %s: %s\n", name, strings.Join(parts, "; "))
	if len(one.Columns) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "    %s\n", t.text.T("discover.head"))
		for _, c := range one.Columns {
			for _, k := range c.Kinds {
				people := ""
				if k.People > 0 {
					people = t.number(int64(k.People))
				}
				fmt.Fprintf(w, "    %s\t%s\t%s\t%s\t%s%%\t%s\t%s\t%s\n", c.Name, c.Type, t.kind(k.Type), t.number(k.Rows), strings.TrimSuffix(strconv.FormatFloat(k.Share*100, 'f', 1, 64), ".0"),
					strconv.FormatFloat(k.Confidence, 'f', 2, 64), people, strings.Join(k.Samples, ", "))
			}
		}
		_ = w.Flush()
	}
	t.unread(&b, one.Unread)
	return t.write(b.String())
}

func (t *table) file(one File) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", one.File)
	t.source = ""
	if len(one.Columns) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "    %s\n", t.text.T("discover.head_file"))
		for _, c := range one.Columns {
			var at []string
			for _, s := range []string{c.Entry, c.Sheet, c.Name} {
				if s != "" {
					at = append(at, s)
				}
			}
			if len(at) == 0 {
				at = []string{t.text.T("discover.text")}
			}
			for _, k := range c.Kinds {
				fmt.Fprintf(w, "    %s\t%s\t%s\t%s\t%s\n", strings.Join(at, ", "), t.kind(k.Type), t.number(k.Count), strconv.FormatFloat(k.Confidence, 'f', 2, 64), strings.Join(k.Samples, ", "))
			}
		}
		_ = w.Flush()
	}
	t.unread(&b, one.Unread)
	return t.write(b.String())
}

func (t *table) unread(b *strings.Builder, list []Unread) {
	for _, u := range list {
		what := u.Column + u.Entry
		if what != "" {
			what += ": "
		}
		what += t.why(u.Reason)
		if u.Count > 1 {
			what += " (" + t.number(u.Count) + ")"
		}
		if u.Code != "" {
			what += " [" + u.Code + "]"
		}
		fmt.Fprintf(b, "    %s\n", t.text.T("discover.not_inspected", "what", what))
	}
}

func (t *table) end(s Summary) error {
	var b strings.Builder
	if s.Tables+s.Views > 0 {
		fmt.Fprintf(&b, "\n%s", t.text.T("discover.read_tables", "tables", t.number(int64(s.Tables)), "views", t.number(int64(s.Views)), "rows", t.number(s.Rows)))
	}
	if s.Files > 0 {
		fmt.Fprintf(&b, "\n%s", t.text.N("discover.read_files", s.Files))
	}
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(s.Types)) {
		kinds = append(kinds, t.kind(k))
	}
	if s.With == 0 {
		fmt.Fprintf(&b, "\n%s", t.text.T("discover.nothing"))
	} else {
		fmt.Fprintf(&b, "\n%s", t.text.N("discover.found", s.Columns, "with", t.number(int64(s.With)), "kinds", strings.Join(kinds, ", ")))
	}
	if s.Unread > 0 {
		fmt.Fprintf(&b, "\n%s", t.text.N("discover.not_all", s.Unread))
	}
	return t.write(b.String() + "\n")
}
